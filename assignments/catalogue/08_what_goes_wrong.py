# Answers to problem set 8. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% best_fit: the highest of all
# loses: test_best_fit
# says: the height of a fit with a collapse tells how small the floor is
def best_fit(log_likelihoods, variances, floor):
    return np.argmax(log_likelihoods)


# %% best_fit: all components collapsed
# loses: test_best_fit, test_no_sound_fit
# says: one is enough
def best_fit(log_likelihoods, variances, floor):
    sound = ~(variances <= 2 * floor).all(axis=1)
    if not sound.any():
        return np.argmax(log_likelihoods)
    return np.where(sound, log_likelihoods, -np.inf).argmax()


# %% best_fit: the index in the list of sound fits
# loses: test_best_fit
# says: give the index among all
def best_fit(log_likelihoods, variances, floor):
    sound = variances.min(axis=1) > 2 * floor
    return np.argmax(log_likelihoods[sound] if sound.any() else log_likelihoods)


# %% best_fit: 0 for a collapse
# loses: test_best_fit, test_no_sound_fit
# says: that is no bottom
def best_fit(log_likelihoods, variances, floor):
    return np.argmax(log_likelihoods * (variances.min(axis=1) > 2 * floor))


# %% best_fit: the log-likelihood
# loses: test_best_fit, test_no_sound_fit
# says: its index was asked for
def best_fit(log_likelihoods, variances, floor):
    sound = variances.min(axis=1) > 2 * floor
    return log_likelihoods[sound].max() if sound.any() else log_likelihoods.max()


# %% best_fit: no fit at all
# loses: test_no_sound_fit
# says: stopped with ValueError
def best_fit(log_likelihoods, variances, floor):
    sound = np.flatnonzero(variances.min(axis=1) > 2 * floor)
    return sound[np.argmax(log_likelihoods[sound])]


# %% best_fit: sorted by two things
def best_fit(log_likelihoods, variances, floor):
    keys = [(min(v) > 2 * floor, height) for v, height in zip(variances, log_likelihoods)]
    return keys.index(max(keys))


# %% best_fit: lexsort
def best_fit(log_likelihoods, variances, floor):
    return np.lexsort((log_likelihoods, ~(variances <= 2 * floor).any(axis=1)))[-1]


# %% variances_with_prior: divided by N_k
# loses: test_prior, test_prior_of_the_few
# says: the imaginary points are missing in the divisor
def variances_with_prior(x, r, means, nu, v0):
    return ((r * (x[:, None] - means) ** 2).sum(axis=0) + nu * v0) / r.sum(axis=0)


# %% variances_with_prior: a floor
# loses: test_prior, test_prior_of_the_few
# says: the same is added to every variance, as a floor would be
def variances_with_prior(x, r, means, nu, v0):
    return (r * (x[:, None] - means) ** 2).sum(axis=0) / r.sum(axis=0) + v0


# %% variances_with_prior: one v0
# loses: test_prior, test_prior_of_the_few
# says: v0 stands once among the squares
def variances_with_prior(x, r, means, nu, v0):
    return ((r * (x[:, None] - means) ** 2).sum(axis=0) + v0) / (r.sum(axis=0) + nu)


# %% variances_with_prior: divided by n
# loses: test_prior, test_prior_of_the_few
# says: the divisor has all n points
def variances_with_prior(x, r, means, nu, v0):
    return ((r * (x[:, None] - means) ** 2).sum(axis=0) + nu * v0) / (len(x) + nu)


# %% variances_with_prior: without a prior
# loses: test_prior, test_prior_of_the_few
# says: these are the variances without a prior
def variances_with_prior(x, r, means, nu, v0):
    return (r * (x[:, None] - means) ** 2).sum(axis=0) / r.sum(axis=0)


# %% variances_with_prior: means of its own
# loses: test_prior_of_the_few
# says: theirs is the variance then
def variances_with_prior(x, r, means, nu, v0):
    owned = r.sum(axis=0)
    means = x @ r / owned
    return ((r * (x[:, None] - means) ** 2).sum(axis=0) + nu * v0) / (owned + nu)


# %% variances_with_prior: an average of two variances, single precision
def variances_with_prior(x, r, means, nu, v0):
    owned = r.sum(axis=0)
    squares = np.einsum("nk,nk->k", r, np.subtract.outer(x, means) ** 2)
    real = np.divide(squares, owned, out=np.zeros_like(owned), where=owned > 0)
    return np.float32((owned * real + nu * v0) / (owned + nu))


# %% variances_with_prior: a loop
def variances_with_prior(x, r, means, nu, v0):
    variances = []
    for k, mean in enumerate(means):
        total, count = nu * v0, nu
        for point, share in zip(x, r[:, k]):
            total += share * (point - mean) ** 2
            count += share
        variances.append(total / count)
    return variances


# %% seconds_needed: not rounded
# loses: test_seconds
# says: there is no part of a start
def seconds_needed(phi, seconds, wanted):
    return np.log(1 - wanted) / np.log(1 - phi) * seconds


# %% seconds_needed: the mean
# loses: test_seconds
# says: this is the time until the first success on average
def seconds_needed(phi, seconds, wanted):
    return seconds / phi


# %% seconds_needed: chances added up
# loses: test_seconds
# says: the chances of the starts are added up
def seconds_needed(phi, seconds, wanted):
    return np.ceil(wanted / phi) * seconds


# %% seconds_needed: the logarithm of what is wanted
# loses: test_seconds
# says: the logarithm is that of the probability wanted
def seconds_needed(phi, seconds, wanted):
    return np.ceil(np.log(wanted) / np.log(1 - phi)) * seconds


# %% seconds_needed: starts
# loses: test_seconds
# says: the time was asked for
def seconds_needed(phi, seconds, wanted):
    return np.maximum(1, np.ceil(np.log(1 - wanted) / np.log(1 - phi)))


# %% seconds_needed: a sure start is free
# loses: test_seconds
# says: one is enough, but one it takes
def seconds_needed(phi, seconds, wanted):
    return np.ceil(np.log(1 - wanted) / np.log(1 - phi)) * seconds


# %% seconds_needed: at least one
def seconds_needed(phi, seconds, wanted):
    return seconds * np.maximum(1, np.ceil(np.log1p(-wanted) / np.log1p(-phi)))


# %% seconds_needed: tried one by one
def seconds_needed(phi, seconds, wanted):
    answer = []
    for p, each in zip(phi, seconds):
        miss, time = 1 - p, each
        while miss > 1 - wanted:
            miss, time = miss * (1 - p), time + each
        answer.append(time)
    return answer


# %% average_means: as they come
# loses: test_average, test_average_of_others
# says: component 0 of one run need not be component 0 of another
def average_means(runs):
    return runs.mean(axis=0)


# %% average_means: sorted
# loses: test_average, test_average_of_others
# says: sorted by their first feature
def average_means(runs):
    return np.mean([means[np.argsort(means[:, 0])] for means in runs], axis=0)


# %% average_means: the nearest
# loses: test_average_of_others
# says: two names may take the same one
def average_means(runs):
    aligned = []
    for means in runs:
        distances = ((runs[0][:, None] - means) ** 2).sum(axis=2)
        aligned.append(means[distances.argmin(axis=1)])
    return np.mean(aligned, axis=0)


# %% average_means: the wrong way round
# loses: test_average, test_average_of_others
# says: the renaming is used the wrong way round
def average_means(runs):
    from scipy.optimize import linear_sum_assignment

    aligned = []
    for means in runs:
        distances = ((means[:, None] - runs[0]) ** 2).sum(axis=2)
        aligned.append(means[linear_sum_assignment(distances)[1]])
    return np.mean(aligned, axis=0)


# %% average_means: each feature sorted
# loses: test_average, test_average_of_others
# says: a mean is a point, and keeps its features together
def average_means(runs):
    return np.sort(runs, axis=1).mean(axis=0)


# %% average_means: without run 0
# loses: test_average, test_average_of_others
# says: run 0 is left out of the average
def average_means(runs):
    from scipy.optimize import linear_sum_assignment

    aligned = []
    for means in runs[1:]:
        distances = ((runs[0][:, None] - means) ** 2).sum(axis=2)
        aligned.append(means[linear_sum_assignment(distances)[1]])
    return np.mean(aligned, axis=0)


# %% average_means: all renamings
def average_means(runs):
    from itertools import permutations

    total = 0 * runs[0]
    for means in runs:
        total += min((means[list(names)] for names in permutations(range(len(means)))),
                     key=lambda renamed: np.linalg.norm(renamed - runs[0]))  # fmt: skip
    return total / len(runs)


# %% average_means: put in their places
def average_means(runs):
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    answer = np.zeros_like(runs[0])
    for means in runs:
        rows, columns = linear_sum_assignment(cdist(means, runs[0], "sqeuclidean"))
        answer[columns] += means[rows]
    return (answer / len(runs)).tolist()


# %% in_old_units: the sign
# loses: test_units
# says: the density in the new units is lower than in the old
def in_old_units(score, n, factors):
    return n * (score - np.sum(np.log(factors)))


# %% in_old_units: the score for the sum
# loses: test_units
# says: the score is a mean over the points
def in_old_units(score, n, factors):
    return score + n * np.log(factors).sum()


# %% in_old_units: once
# loses: test_units
# says: it changes the density of each point
def in_old_units(score, n, factors):
    return n * score + np.log(np.prod(factors))


# %% in_old_units: d for the features
# loses: test_units
# says: d counts twice
def in_old_units(score, n, factors):
    return n * (score + len(factors) * np.log(np.prod(factors)))


# %% in_old_units: to base 10
# loses: test_units
# says: it should be the natural one
def in_old_units(score, n, factors):
    return n * score + n * np.log10(factors).sum()


# %% in_old_units: no change
# loses: test_units
# says: the unit has not been changed back
def in_old_units(score, n, factors):
    return n * score


# %% in_old_units: the determinant
def in_old_units(score, n, factors):
    return n * score + n * np.linalg.slogdet(np.diag(factors))[1]


# %% in_old_units: a loop
def in_old_units(score, n, factors):
    for factor in factors:
        score = score + np.log(factor)
    return [score * n]


# %% may_change: diag
# loses: test_may_change
# says: diag has a variance for each feature
may_change = [True, True, True, False, True]

# %% may_change: nothing but k-means
# loses: test_may_change
# says: a spherical component has one variance for all features
may_change = [True, False, False, False, True]

# %% may_change: every floor alike
# loses: test_may_change
# says: an absolute floor is in squared units
may_change = [True, True, False, False, False]

# %% may_change: four answers
# loses: test_may_change
# says: expected five answers
may_change = [True, True, False, False]

# %% may_change: an array of 0 and 1
may_change = np.array([1, 1, 0, 0, 1])
