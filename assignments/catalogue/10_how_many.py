# Answers to problem set 10. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% free_numbers: all weights
# loses: test_free_a, test_free_c
# says: the weights sum to 1, so only K - 1 of them are free
free_a, free_b, free_c = 22, 15, 11


# %% free_numbers: a matrix for each
# loses: test_free_a
# says: tied components share one matrix
free_a, free_b, free_c = 39, 15, 10


# %% free_numbers: known weights counted
# loses: test_free_b
# says: the weights are known, so none of them is free
free_a, free_b, free_c = 21, 17, 10


# %% free_numbers: a diagonal for each
# loses: test_free_c
# says: the diagonal is shared
free_a, free_b, free_c = 21, 15, 14


# %% free_numbers: squares, and one left out
# loses: test_free_a, test_free_b, test_free_c
# says: a covariance matrix is symmetric
free_a, free_b = 24, 18


# %% free_numbers: other types
free_a, free_b, free_c = 21.0, [15], np.array(10)


# %% criteria: the mean for the total
# loses: test_criteria, test_criteria_of_other_fits
# says: `score` is the mean over the points, and the criterion takes the total
def criteria(score, n, p):
    return -2 * score + 2 * p, -2 * score + p * np.log(n)


# %% criteria: higher is better
# loses: test_criteria, test_criteria_of_other_fits
# says: this is the negative, for which higher is better
def criteria(score, n, p):
    return 2 * n * score - 2 * p, 2 * n * score - p * np.log(n)


# %% criteria: the price subtracted
# loses: test_criteria, test_criteria_of_other_fits
# says: as if parameters were a gain
def criteria(score, n, p):
    return -2 * n * score - 2 * p, -2 * n * score - p * np.log(n)


# %% criteria: the other way round
# loses: test_criteria, test_criteria_of_other_fits
# says: AIC comes first, then BIC
def criteria(score, n, p):
    return p * np.log(n) - 2 * n * score, 2 * p - 2 * n * score


# %% criteria: base 10
# loses: test_criteria, test_criteria_of_other_fits
# says: the logarithm is to base 10
def criteria(score, n, p):
    return 2 * (p - n * score), p * np.log10(n) - 2 * n * score


# %% criteria: BIC alone
# loses: test_criteria, test_criteria_of_other_fits
# says: should return 2 things, AIC, BIC
def criteria(score, n, p):
    return -2 * n * score + p * np.log(n)


# %% criteria: a list, by another formula
def criteria(score, n, p):
    return [2 * (p - n * score), n * (p * np.log(n) / n - 2 * score)]


# %% icl: BIC
# loses: test_icl, test_icl_far
# says: this is BIC; ICL adds twice the doubt
def icl(a, p):
    return -2 * np.logaddexp.reduce(a, axis=1).sum() + p * np.log(len(a))


# %% icl: the doubt once
# loses: test_icl, test_icl_far
# says: on the scale of BIC it counts twice
def icl(a, p):
    ell = np.logaddexp.reduce(a, axis=1)
    doubt = -(a.max(axis=1) - ell).sum()
    return -2 * ell.sum() + p * np.log(len(a)) + doubt


# %% icl: an entropy
# loses: test_icl, test_icl_far
# says: here it is that of the label alone, the largest share
def icl(a, p):
    ell = np.logaddexp.reduce(a, axis=1)
    log_r = a - ell[:, None]
    entropy = -(np.exp(log_r) * log_r).sum()
    return -2 * ell.sum() + p * np.log(len(a)) + 2 * entropy


# %% icl: without logarithms
# loses: test_icl_far
# says: the densities are 0 on a computer; stay with the logarithms
def icl(a, p):
    density = np.exp(a).sum(axis=1)
    largest = np.exp(a).max(axis=1) / density
    return -2 * np.log(density).sum() + p * np.log(len(a)) - 2 * np.log(largest).sum()


# %% icl: over the points
# loses: test_icl, test_icl_far
# says: for each point, take the largest over the components
def icl(a, p):
    return -2 * a.max(axis=0).sum() + p * np.log(len(a))


# %% icl: from the library
# loses: test_icl, test_icl_far
# says: here the point is to write it yourself
def icl(a, p):
    from gmmlib import selection

    ell = np.logaddexp.reduce(a, axis=1)
    doubt = selection.doubt(np.exp(a - ell[:, None]))
    return selection.icl(ell.sum(), p, len(a), doubt)


# %% icl: BIC and twice the doubt
def icl(a, p):
    ell = np.logaddexp.reduce(a, axis=1)
    doubt = -np.log(np.exp(a - ell[:, None]).max(axis=1)).sum()
    return p * np.log(len(a)) - 2 * ell.sum() + 2 * doubt


# %% icl: point by point
def icl(a, p):
    total = 0
    for row in a:
        total += max(row)
    return [p * np.log(a.shape[0]) - 2 * total]


# %% held_out: all seen
# loses: test_held_out, test_held_out_of_other_folds
# says: each point is scored by a fit that has seen it
def held_out(x, fold):
    return -2 * normal_logpdf(x, *fit_normal(x)).sum()


# %% held_out: fitted to the fold
# loses: test_held_out, test_held_out_of_other_folds
# says: one fold is fitted and the others are scored
def held_out(x, fold):
    total = 0
    for f in range(fold.max() + 1):
        seen = fold == f
        total += normal_logpdf(x[~seen], *fit_normal(x[seen])).sum()
    return -2 * total


# %% held_out: the mean of the means
# loses: test_held_out, test_held_out_of_other_folds
# says: the mean of each fold is averaged
def held_out(x, fold):
    scores = []
    for f in range(fold.max() + 1):
        mean, variance = x[fold != f].mean(), x[fold != f].var()
        scores.append(normal_logpdf(x[fold == f], mean, variance).mean())
    return -2 * np.mean(scores)


# %% held_out: one less
# loses: test_held_out, test_held_out_of_other_folds
# says: the variance is divided by n - 1
def held_out(x, fold):
    total = 0
    for f in range(fold.max() + 1):
        others = x[fold != f]
        total += normal_logpdf(x[fold == f], others.mean(), others.var(ddof=1)).sum()
    return -2 * total


# %% held_out: without the factor
# loses: test_held_out, test_held_out_of_other_folds
# says: CV has the factor -2
def held_out(x, fold):
    return sum(normal_logpdf(x[fold == f], *fit_normal(x[fold != f])).sum()
               for f in range(fold.max() + 1))  # fmt: skip


# %% held_out: two folds only
# loses: test_held_out, test_held_out_of_other_folds
# says: expected
def held_out(x, fold):
    total = 0
    for f in (0, 1):
        total += normal_logpdf(x[fold == f], *fit_normal(x[fold != f])).sum()
    return -2 * total


# %% held_out: point by point
def held_out(x, fold):
    total = 0
    for point, f in zip(x, fold):
        others = np.array([other for other, g in zip(x, fold) if g != f])
        mean, variance = others.mean(), ((others - others.mean()) ** 2).mean()
        total += np.log(2 * np.pi * variance) + (point - mean) ** 2 / variance
    return total


# %% missed: against the one before
# loses: test_missed
# says: a fit with any smaller K may be better
def missed(ell):
    return [False] + [bool(now < before) for before, now in zip(ell, ell[1:])]


# %% missed: the one before the fall
# loses: test_missed
# says: the fit before the fall is marked
def missed(ell):
    return np.append(ell[1:] < ell[:-1], False)


# %% missed: equal ones, too
# loses: test_missed
# says: only a lower one shows a miss
def missed(ell):
    return [i > 0 and ell[i] <= max(ell[:i]) for i in range(len(ell))]


# %% missed: numbers for truth values
# loses: test_missed
# says: expected the shape (5,), got (2,)
def missed(ell):
    return [k + 1 for k in range(1, len(ell)) if ell[k] < max(ell[:k])]


# %% missed: below the highest
# loses: test_missed
# says: a small K cannot reach what a large one does
def missed(ell):
    return ell < ell.max()


# %% missed: a loop
def missed(ell):
    best, result = ell[0], []
    for value in ell:
        result.append(value < best)
        best = max(best, value)
    return result
