# Answers to problem set 3. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% draw: an average of draws
# loses: test_draw_by_hand, test_draw
# says: these are weighted averages of one draw from each component
def draw(die, dart, weights, means, variances):
    labels = np.searchsorted(np.cumsum(weights)[:-1], die, side="right")
    draws = means + np.sqrt(variances) * dart[:, None]
    return draws @ weights, labels


# %% draw: variance for standard deviation
# loses: test_draw_by_hand, test_draw
# says: the dart is stretched by the variance
def draw(die, dart, weights, means, variances):
    labels = np.searchsorted(np.cumsum(weights)[:-1], die, side="right")
    return means[labels] + variances[labels] * dart, labels


# %% draw: a fair die
# loses: test_draw_by_hand, test_draw
# says: a part is as long as its weight
def draw(die, dart, weights, means, variances):
    labels = (die * len(weights)).astype(int)
    return means[labels] + np.sqrt(variances)[labels] * dart, labels


# %% draw: weights for borders
# loses: test_draw_by_hand, test_draw
# says: the parts end where the sums of the weights do
def draw(die, dart, weights, means, variances):
    labels = np.minimum((die[:, None] >= weights).sum(axis=1), len(weights) - 1)
    return means[labels] + np.sqrt(variances)[labels] * dart, labels


# %% draw: the border on the wrong side
# loses: test_draw_by_hand
# says: a die that lands on a border belongs to the part on its right
def draw(die, dart, weights, means, variances):
    labels = np.searchsorted(np.cumsum(weights), die)
    return means[labels] + np.sqrt(variances)[labels] * dart, labels


# %% draw: the points alone
# loses: test_draw_by_hand, test_draw
# says: should return 2 things, points, labels
def draw(die, dart, weights, means, variances):
    labels = np.searchsorted(np.cumsum(weights)[:-1], die, side="right")
    return means[labels] + np.sqrt(variances)[labels] * dart


# %% draw: two loops
def draw(die, dart, weights, means, variances):
    points, labels = [], []
    for u, e in zip(die, dart):
        k, end = 0, weights[0]
        while u >= end and k < len(weights) - 1:
            k += 1
            end += weights[k]
        points.append(means[k] + variances[k] ** 0.5 * e)
        labels.append(k)
    return points, labels


# %% draw: one-hot
def draw(die, dart, weights, means, variances):
    ends = np.cumsum(weights)
    ends[-1] = 1
    one_hot = (die[:, None] < ends) & (die[:, None] >= np.append(0, ends[:-1]))
    points = (one_hot * (means + np.sqrt(variances) * dart[:, None])).sum(axis=1)
    return points, one_hot.argmax(axis=1)


# %% share_between: variance for standard deviation
# loses: test_share_by_hand, test_share
# says: the variances are used as standard deviations
def share_between(low, high, weights, means, variances):
    areas = norm.cdf(high, means, variances) - norm.cdf(low, means, variances)
    return weights @ areas


# %% share_between: without weights
# loses: test_share_by_hand, test_share
# says: the weights are missing
def share_between(low, high, weights, means, variances):
    sd = np.sqrt(variances)
    return (norm.cdf(high, means, sd) - norm.cdf(low, means, sd)).sum()


# %% share_between: of an average
# loses: test_share_by_hand, test_share
# says: this is the share of an average of one draw from each component
def share_between(low, high, weights, means, variances):
    bell = norm(weights @ means, np.sqrt(weights**2 @ variances))
    return bell.cdf(high) - bell.cdf(low)


# %% share_between: a single bell
# loses: test_share_by_hand, test_share
# says: this is the share of a single bell with the mean and the variance of the whole
def share_between(low, high, weights, means, variances):
    mean = weights @ means
    sd = np.sqrt(weights @ (variances + (means - mean) ** 2))
    return norm.cdf(high, mean, sd) - norm.cdf(low, mean, sd)


# %% share_between: densities
# loses: test_share_by_hand, test_share
# says: this is a difference of two densities
def share_between(low, high, weights, means, variances):
    def density(x):
        return weights @ np.exp(normal_logpdf(np.array(x), means, variances))

    return density(high) - density(low)


# %% share_between: below the upper border
# loses: test_share_by_hand, test_share
# says: take away what lies below `low`
def share_between(low, high, weights, means, variances):
    return weights @ norm.cdf(high, means, np.sqrt(variances))


# %% share_between: a loop with the error function
def share_between(low, high, weights, means, variances):
    from math import erf, sqrt

    total = 0.0
    for w, m, v in zip(weights, means, variances):
        total += w * (erf((high - m) / sqrt(2 * v)) - erf((low - m) / sqrt(2 * v))) / 2
    return total


# %% share_between: standard scores
def share_between(low, high, weights, means, variances):
    ends = (np.array([[low], [high]]) - means) / np.sqrt(variances)
    below = norm.cdf(ends) @ weights
    return below[1:] - below[:1]


# %% log_likelihood: minus one as an index
# loses: test_log_likelihood_by_hand, test_log_likelihood
# says: the label -1 is taken for the last component
def log_likelihood(x, labels, weights, means, variances):
    own = normal_pdf(x, means[labels], variances[labels])
    return np.log(weights[labels] * own).sum()


# %% log_likelihood: a sum of logarithms
# loses: test_log_likelihood_by_hand, test_log_likelihood
# says: take the logarithm of the weighted sum
def log_likelihood(x, labels, weights, means, variances):
    total = 0.0
    for point, k in zip(x, labels):
        logs = normal_logpdf(point, means, variances)
        total += weights @ logs if k < 0 else np.log(weights[k]) + logs[k]
    return total


# %% log_likelihood: labels not used
# loses: test_log_likelihood_by_hand, test_log_likelihood
# says: the labels are not used
def log_likelihood(x, labels, weights, means, variances):
    return np.log(normal_pdf(x[:, None], means, variances) @ weights).sum()


# %% log_likelihood: a label without its weight
# loses: test_log_likelihood_by_hand, test_log_likelihood
# says: the weight is missing where the label is known
def log_likelihood(x, labels, weights, means, variances):
    bells = normal_pdf(x[:, None], means, variances)
    known = bells[np.arange(len(x)), labels]
    return np.log(np.where(labels < 0, bells @ weights, known)).sum()


# %% log_likelihood: hidden ones left out
# loses: test_log_likelihood_by_hand, test_log_likelihood
# says: the points whose labels are hidden are left out
def log_likelihood(x, labels, weights, means, variances):
    x, z = x[labels >= 0], labels[labels >= 0]
    return (np.log(weights[z]) + normal_logpdf(x, means[z], variances[z])).sum()


# %% log_likelihood: from the library
# loses: test_log_likelihood_by_hand, test_log_likelihood
# says: here the point is to write it yourself
def log_likelihood(x, labels, weights, means, variances):
    from gmmlib import Mixture

    mixture = Mixture(weights, means[:, None], variances, "spherical")
    return mixture.log_likelihood(x[:, None])


# %% log_likelihood: two sums
def log_likelihood(x, labels, weights, means, variances):
    seen = labels >= 0
    z = labels[seen]
    with_label = np.log(weights[z]) + normal_logpdf(x[seen], means[z], variances[z])
    without = np.log(normal_pdf(x[~seen, None], means, variances) @ weights)
    return with_label.sum() + without.sum()


# %% log_likelihood: a mask and log-sum-exp
def log_likelihood(x, labels, weights, means, variances):
    a = np.log(weights) + normal_logpdf(x[:, None], means, variances)
    possible = (labels[:, None] == -1) | (labels[:, None] == np.arange(len(weights)))
    return np.logaddexp.reduce(np.where(possible, a, -np.inf), axis=1).sum()


# %% tidy: equal means joined
# loses: test_tidy
# says: components of equal mean are joined although their variances differ
def tidy(weights, means, variances):
    weights, means, variances = (a[weights > 0] for a in (weights, means, variances))
    kept, first = np.unique(means, return_index=True)
    totals = np.array([weights[means == mean].sum() for mean in kept])
    return totals, kept, variances[first]


# %% tidy: weight 0 kept
# loses: test_tidy
# says: a component of weight 0 is still there
def tidy(weights, means, variances):
    bells = sorted(set(zip(means, variances)))
    same = [(means == m) & (variances == v) for m, v in bells]
    m, v = np.array(bells).T
    return np.array([weights[rows].sum() for rows in same]), m, v


# %% tidy: not joined
# loses: test_tidy
# says: equal components are not joined
def tidy(weights, means, variances):
    order = np.lexsort([variances, means])
    order = order[weights[order] > 0]
    return weights[order], means[order], variances[order]


# %% tidy: one of each kept
# loses: test_tidy
# says: the others' weights are lost
def tidy(weights, means, variances):
    seen = {}
    for w, m, v in zip(weights, means, variances):
        if w > 0:
            seen.setdefault((m, v), w)
    return tuple(np.array([(w, m, v) for (m, v), w in sorted(seen.items())]).T)


# %% tidy: each column by itself
# loses: test_tidy
# says: a component's weight, mean and variance belong together
def tidy(weights, means, variances):
    total = {}
    for w, m, v in zip(weights, means, variances):
        if w > 0:
            total[m, v] = total.get((m, v), 0) + w
    m, v = zip(*total)
    return sorted(total.values()), sorted(m), sorted(v)


# %% tidy: by unique rows
def tidy(weights, means, variances):
    drawn = weights > 0
    rows = np.column_stack([means, variances])[drawn]
    kept, which = np.unique(rows, axis=0, return_inverse=True)
    return np.bincount(which.ravel(), weights[drawn]), kept[:, 0], kept[:, 1]


# %% tidy: one after the other, as lists
def tidy(weights, means, variances):
    rows = []
    for m, v, w in sorted(zip(means, variances, weights)):
        if w == 0:
            continue
        if rows and rows[-1][1:] == [m, v]:
            rows[-1][0] += w
        else:
            rows.append([w, m, v])
    return [list(column) for column in zip(*rows)]
