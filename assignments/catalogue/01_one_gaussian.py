# Answers to problem set 1. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% log_density: always the variance
# loses: test_log_density_of_other_kinds
# says: the standard deviation is used as if it were the variance
def log_density(x, mean, width, kind):
    return -0.5 * np.log(2 * np.pi * width) - (x - mean) ** 2 / (2 * width)


# %% log_density: the precision for one over the standard deviation
# loses: test_log_density_of_other_kinds
# says: yours takes it for the standard deviation
def log_density(x, mean, width, kind):
    sd = {"variance": np.sqrt(width), "standard deviation": width, "precision": 1 / width}
    return -np.log(np.sqrt(2 * np.pi) * sd[kind]) - ((x - mean) / sd[kind]) ** 2 / 2


# %% log_density: the root forgotten
# loses: test_log_density, test_log_density_of_other_kinds, test_log_density_far_out
# says: the logarithm of the root is half a logarithm
def log_density(x, mean, width, kind):
    if kind == "standard deviation":
        width = width**2
    if kind == "precision":
        width = 1 / width
    return -np.log(2 * np.pi * width) - (x - mean) ** 2 / (2 * width)


# %% log_density: of the density
# loses: test_log_density_far_out
# says: the density becomes 0 so far out
def log_density(x, mean, width, kind):
    powers = {"variance": 1, "standard deviation": 2, "precision": -1}
    variance = width ** powers[kind]
    density = np.exp(-((x - mean) ** 2) / 2 / variance) / np.sqrt(2 * np.pi * variance)
    return np.log(density)


# %% log_density: without the logarithm
# loses: test_log_density, test_log_density_of_other_kinds, test_log_density_far_out
# says: this is the density; its logarithm was asked for
def log_density(x, mean, width, kind):
    powers = {"variance": 1, "standard deviation": 2, "precision": -1}
    variance = width ** powers[kind]
    return np.exp(-((x - mean) ** 2) / 2 / variance) / np.sqrt(2 * np.pi * variance)


# %% log_density: SciPy's
# loses: test_log_density, test_log_density_of_other_kinds, test_log_density_far_out
# says: here the point is to write it yourself
def log_density(x, mean, width, kind):
    powers = {"variance": 0.5, "standard deviation": 1, "precision": -0.5}
    return norm.logpdf(x, mean, width ** powers[kind])


# %% log_density: a loop
import math

def log_density(x, mean, width, kind):
    sd = math.sqrt(width) if kind == "variance" else width
    if kind == "precision":
        sd = 1 / math.sqrt(width)
    return [-math.log(sd) - math.log(2 * math.pi) / 2 - ((a - mean) / sd) ** 2 / 2 for a in x]


# %% log_density: with the precision
def log_density(x, mean, width, kind):
    beta = {"variance": 1 / width, "standard deviation": width**-2, "precision": width}[kind]
    return (np.log(beta / (2 * np.pi)) - beta * (x - mean) ** 2) / 2


# %% share_between: the variance as scale
# loses: test_share_between, test_share_between_of_other_curves
# says: the variance is used as if it were the standard deviation
def share_between(low, high, mean, variance):
    return norm.cdf(high, mean, variance) - norm.cdf(low, mean, variance)


# %% share_between: densities
# loses: test_share_between, test_share_between_of_other_curves
# says: this is a difference of densities
def share_between(low, high, mean, variance):
    return norm(mean, variance**0.5).pdf(high) - norm(mean, variance**0.5).pdf(low)


# %% share_between: one strip
# loses: test_share_between, test_share_between_of_other_curves
# says: a height times a width is the area of a thin strip alone
def share_between(low, high, mean, variance):
    return norm.pdf((low + high) / 2, mean, np.sqrt(variance)) * (high - low)


# %% share_between: below
# loses: test_share_between, test_share_between_of_other_curves
# says: take away what is below `low`
def share_between(low, high, mean, variance):
    return norm.cdf(high, mean, np.sqrt(variance))


# %% share_between: as if rounded
# loses: test_share_between, test_share_between_of_other_curves
# says: low and high are exact weights here
def share_between(low, high, mean, variance):
    return np.diff(norm.cdf([low - 0.5, high + 0.5], mean, np.sqrt(variance)))[0]


# %% share_between: thin strips
def share_between(low, high, mean, variance):
    sd = np.sqrt(variance)
    low, high = np.clip([low, high], mean - 12 * sd, mean + 12 * sd)
    width = (high - low) / 100_000
    x = low + width * (np.arange(100_000) + 0.5)
    return np.sum(np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance) * width)


# %% share_between: the error function
from math import erf

def share_between(low, high, mean, variance):
    return (erf((high - mean) / (2 * variance) ** 0.5) - erf((low - mean) / (2 * variance) ** 0.5)) / 2


# %% fit_counts: of the list
# loses: test_mean_of_counts, test_variance_of_counts, test_variance_of_extremes
# says: a value that is counted more often weighs more
def fit_counts(values, counts):
    return values.mean(), values.var()


# %% fit_counts: divided by one less
# loses: test_variance_of_counts, test_variance_of_extremes
# says: the sum is divided by N - 1
def fit_counts(values, counts):
    points = np.repeat(values, counts)
    return points.mean(), points.var(ddof=1)


# %% fit_counts: from the mean of the list
# loses: test_variance_of_counts, test_variance_of_extremes
# says: the distances are taken from the mean of the list
def fit_counts(values, counts):
    squares = (values - values.mean()) ** 2
    return np.average(values, weights=counts), np.average(squares, weights=counts)


# %% fit_counts: in one pass
# loses: test_variance_of_extremes
# says: far from 0 the digits are lost
def fit_counts(values, counts):
    mean = (counts * values).sum() / counts.sum()
    return mean, (counts * values * values).sum() / counts.sum() - mean * mean


# %% fit_counts: the standard deviation
# loses: test_variance_of_counts, test_variance_of_extremes
# says: this is the standard deviation; the variance was asked for
def fit_counts(values, counts):
    points = np.repeat(values, counts)
    return points.mean(), points.std()


# %% fit_counts: the mean alone
# loses: test_mean_of_counts, test_variance_of_counts, test_variance_of_extremes
# says: should return 2 things, mean, variance
def fit_counts(values, counts):
    return (counts * values).sum() / counts.sum()


# %% fit_counts: all points, one by one
def fit_counts(values, counts):
    points = []
    for value, count in zip(values, counts):
        points += [value] * int(count)
    mean = sum(points) / len(points)
    return [mean, sum((point - mean) ** 2 for point in points) / len(points)]


# %% fit_counts: weighted averages
def fit_counts(values, counts):
    mean = np.average(values, weights=counts)
    return np.array([mean, np.average((values - mean) ** 2, weights=counts)])


# %% in_other_unit: the wrong way
# loses: test_in_other_unit, test_in_other_unit_both_ways
# says: yours moves the wrong way
def in_other_unit(log_likelihood, n, factor):
    return log_likelihood + n * np.log(factor)


# %% in_other_unit: a single point
# loses: test_in_other_unit, test_in_other_unit_both_ways
# says: this is right for a single point
def in_other_unit(log_likelihood, n, factor):
    return log_likelihood - np.log(factor)


# %% in_other_unit: multiplied
# loses: test_in_other_unit, test_in_other_unit_both_ways
# says: the densities change by a factor, and their logarithms by a sum
def in_other_unit(log_likelihood, n, factor):
    return factor * log_likelihood


# %% in_other_unit: unchanged
# loses: test_in_other_unit, test_in_other_unit_both_ways
# says: but a density is per unit, and changes with it
def in_other_unit(log_likelihood, n, factor):
    return log_likelihood


# %% in_other_unit: the other logarithm
# loses: test_in_other_unit, test_in_other_unit_both_ways
# says: not the one with base 10
def in_other_unit(log_likelihood, n, factor):
    return log_likelihood - n * np.log10(factor)


# %% in_other_unit: a fresh sum
def in_other_unit(log_likelihood, n, factor):
    for _ in range(n):
        log_likelihood += np.log(1 / factor)
    return log_likelihood
