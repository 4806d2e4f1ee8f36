# Answers to problem set 4. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% responsibilities: over the points
# loses: test_shares_by_hand, test_shares
# says: your responsibilities sum to 1 over the points; they should over the components
def responsibilities(x, weights, means, variances):
    joint = weights * normal_pdf(x[:, None], means, variances)
    return joint / joint.sum(axis=0)


# %% responsibilities: the density
# loses: test_shares_by_hand, test_shares
# says: these are densities; a share is weighted
def responsibilities(x, weights, means, variances):
    return normal_pdf(x[:, None], means, variances)


# %% responsibilities: without weights
# loses: test_shares_by_hand, test_shares
# says: the weights are missing
def responsibilities(x, weights, means, variances):
    density = normal_pdf(x[:, None], means, variances)
    return density / density.sum(axis=1, keepdims=True)


# %% responsibilities: not normalised
# loses: test_shares_by_hand, test_shares
# says: these are weighted densities; what is missing is the division by their sum
def responsibilities(x, weights, means, variances):
    return weights * normal_pdf(x[:, None], means, variances)


# %% responsibilities: hard
# loses: test_shares_by_hand, test_shares
# says: that is the hard assignment
def responsibilities(x, weights, means, variances):
    joint = weights * normal_pdf(x[:, None], means, variances)
    return (joint == joint.max(axis=1, keepdims=True)).astype(float)


# %% responsibilities: standard deviation
# loses: test_shares_by_hand, test_shares
# says: `normal_pdf` takes variances
def responsibilities(x, weights, means, variances):
    joint = weights * normal_pdf(x[:, None], means, np.sqrt(variances))
    return joint / joint.sum(axis=1, keepdims=True)


# %% responsibilities: a bell without its height
# loses: test_shares
# says: the densities lack the factor before the exponential
def responsibilities(x, weights, means, variances):
    bells = weights * np.exp(-((x[:, None] - means) ** 2) / (2 * variances))
    return bells / bells.sum(axis=1, keepdims=True)


# %% responsibilities: for two components only
# loses: test_shares
# says: expected the shape (6, 3) (points × components), got (6, 2)
def responsibilities(x, weights, means, variances):
    a = weights[0] * normal_pdf(x, means[0], variances[0])
    b = weights[1] * normal_pdf(x, means[1], variances[1])
    return np.column_stack([a / (a + b), b / (a + b)])


# %% responsibilities: from the library
# loses: test_shares_by_hand, test_shares
# says: calls gmmlib.mixture; here the point is to write it yourself
def responsibilities(x, weights, means, variances):
    from gmmlib import Mixture

    mixture = Mixture(weights, means[:, None], variances, "spherical")
    return mixture.responsibilities(x[:, None])


# %% responsibilities: two loops and a list
def responsibilities(x, weights, means, variances):
    table = []
    for point in x:
        row = [w * np.exp(-((point - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
               for w, m, v in zip(weights, means, variances)]  # fmt: skip
        table.append([share / sum(row) for share in row])
    return table


# %% responsibilities: logarithms, single precision
def responsibilities(x, weights, means, variances):
    a = np.log(weights) + normal_logpdf(x[:, None], means, variances)
    a -= a.max(axis=1, keepdims=True)
    shares = np.exp(a, dtype=np.float32)
    return np.einsum("nk,n->nk", shares, 1 / shares.sum(axis=1))


# %% log_sum_exp: without subtracting
# loses: test_log_sum_exp_far
# says: subtract the largest of each row first
def log_sum_exp(a):
    return np.log(np.sum(np.exp(a), axis=1))


# %% log_sum_exp: not added back
# loses: test_log_sum_exp, test_log_sum_exp_far
# says: what was subtracted is not added back
def log_sum_exp(a):
    return np.log(np.exp(a - a.max(axis=1, keepdims=True)).sum(axis=1))


# %% log_sum_exp: one maximum for all
# loses: test_log_sum_exp_far
# says: take each row's own
def log_sum_exp(a):
    return a.max() + np.log(np.exp(a - a.max()).sum(axis=1))


# %% log_sum_exp: over the points
# loses: test_log_sum_exp, test_log_sum_exp_far
# says: the sum runs over the points; it should over the components
def log_sum_exp(a):
    return a.max(axis=0) + np.log(np.exp(a - a.max(axis=0)).sum(axis=0))


# %% log_sum_exp: the largest alone
# loses: test_log_sum_exp, test_log_sum_exp_far
# says: the others count as well
def log_sum_exp(a):
    return a.max(axis=1)


# %% log_sum_exp: to base 10
# loses: test_log_sum_exp, test_log_sum_exp_far
# says: every number is 0.4343 times what is expected
def log_sum_exp(a):
    largest = a.max(axis=1)
    return np.log10(np.exp(a - largest[:, None]).sum(axis=1)) + largest / np.log(10)


# %% log_sum_exp: shapes that do not fit
# loses: test_log_sum_exp, test_log_sum_exp_far
# says: in your line: return a.max(axis=1) + np.log(np.exp(a - a.max(axis=1)).sum(axis=1))
def log_sum_exp(a):
    return a.max(axis=1) + np.log(np.exp(a - a.max(axis=1)).sum(axis=1))


# %% log_sum_exp: changes its argument
# loses: test_log_sum_exp, test_log_sum_exp_far
# says: changes the arrays that it is given
def log_sum_exp(a):
    largest = a.max(axis=1)
    a -= largest[:, None]
    return largest + np.log(np.exp(a).sum(axis=1))


# %% log_sum_exp: from SciPy
# loses: test_log_sum_exp, test_log_sum_exp_far
# says: here the point is to write it yourself
def log_sum_exp(a):
    from scipy.special import logsumexp

    return logsumexp(a, axis=1)


# %% log_sum_exp: pair by pair
def log_sum_exp(a):
    total = a[:, 0]
    for column in a.T[1:]:
        total = np.logaddexp(total, column)
    return total


# %% hard_counts: without the empty component
# loses: test_hard_counts
# says: a component with the largest share of no point should count 0
def hard_counts(r):
    return np.bincount(r.argmax(axis=1))


# %% hard_counts: more than half
# loses: test_hard_counts
# says: a point whose shares are all at most 0.5 has a largest share, too
def hard_counts(r):
    return (r > 0.5).sum(axis=0)


# %% hard_counts: labels
# loses: test_hard_counts
# says: these are the labels of the points
def hard_counts(r):
    return r.argmax(axis=1)


# %% hard_counts: soft
# loses: test_hard_counts
# says: these are the soft counts
def hard_counts(r):
    return r.sum(axis=0)


# %% hard_counts: a list, by a loop
def hard_counts(r):
    counts = [0.0] * r.shape[1]
    for row in r:
        counts[list(row).index(max(row))] += 1
    return counts


# %% hard_counts: one-hot
def hard_counts(r):
    return np.eye(r.shape[1], dtype=int)[np.argmax(r, axis=1)].sum(axis=0)


# %% soft_counts: over the components
# loses: test_soft_counts
# says: sum over the points
def soft_counts(r):
    return r.sum(axis=1)


# %% soft_counts: the mean
# loses: test_soft_counts
# says: the count is the sum of the shares
def soft_counts(r):
    return r.mean(axis=0)


# %% soft_counts: rounded
# loses: test_soft_counts
# says: do not round
def soft_counts(r):
    return np.round(r.sum(axis=0))


# %% soft_counts: typed in
# loses: test_soft_counts
# says: these are the numbers of the example
def soft_counts(r):
    return np.array([2.0, 1.7, 0.3])


# %% soft_counts: a product with ones
def soft_counts(r):
    return np.ones(len(r)) @ r
