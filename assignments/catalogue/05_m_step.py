# Answers to problem set 5. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% new_weights: counts
# loses: test_weights
# says: these are the numbers of points that the components own
def new_weights(r):
    return r.sum(axis=0)


# %% new_weights: of the hard labels
# loses: test_weights
# says: these are shares of hard labels
def new_weights(r):
    return np.bincount(r.argmax(axis=1), minlength=r.shape[1]) / len(r)


# %% new_weights: over the components
# loses: test_weights
# says: these are means over the components; average over the points
def new_weights(r):
    return r.mean(axis=1)


# %% new_weights: of columns that sum to 1
# loses: test_weights
# says: all weights are equal, whatever the responsibilities
def new_weights(r):
    r = r / r.sum(axis=0)
    return r.sum(axis=0) / r.sum()


# %% new_weights: typed in
# loses: test_weights
# says: these are the weights of the example
def new_weights(r):
    return np.array([0.25, 0.75])


# %% new_weights: the example's shape, typed in
# loses: test_weights
# says: expected the shape (3,)
def new_weights(r):
    return [r[:, 0].mean(), 1 - r[:, 0].mean()]


# %% new_weights: a list
def new_weights(r):
    return [sum(column) / len(column) for column in r.T.tolist()]


# %% new_means: divided by n
# loses: test_means, test_means_of_other_shapes
# says: a component's sum holds N_k points' worth, so divide by N_k
def new_means(x, r):
    return np.array([(share[:, None] * x).mean(axis=0) for share in r.T])


# %% new_means: of the hard labels
# loses: test_means, test_means_of_other_shapes
# says: these are means of hard labels
def new_means(x, r):
    labels = r.argmax(axis=1)
    return np.array([x[labels == k].mean(axis=0) for k in range(r.shape[1])])


# %% new_means: without shares
# loses: test_means, test_means_of_other_shapes
# says: the responsibilities are not used
def new_means(x, r):
    return np.array([x.mean(axis=0)] * r.shape[1])


# %% new_means: for as many features as components
# loses: test_means, test_means_of_other_shapes
# says: in your line: return r.T @ x / r.sum(axis=0)
def new_means(x, r):
    return r.T @ x / r.sum(axis=0)


# %% new_means: other way round
# loses: test_means, test_means_of_other_shapes
# says: expected one row a component, one column a feature
def new_means(x, r):
    return x.T @ r / r.sum(axis=0)


# %% new_means: two components
# loses: test_means, test_means_of_other_shapes
# says: expected the shape (3, 2), got (2, 2)
def new_means(x, r):
    return np.array([r[:, 0] @ x / r[:, 0].sum(), r[:, 1] @ x / r[:, 1].sum()])


# %% new_means: an average for each column
def new_means(x, r):
    return [np.average(x, axis=0, weights=share) for share in r.T]


# %% new_means: loops
def new_means(x, r):
    means = np.zeros((r.shape[1], x.shape[1]))
    for k in range(r.shape[1]):
        for i in range(x.shape[1]):
            for n in range(len(x)):
                means[k, i] += r[n, k] * x[n, i]
        means[k] /= sum(r[:, k])
    return means


# %% new_covariances: old means
# loses: test_covariances, test_covariances_of_other_shapes
# says: the old means are used; the covariance is taken about the new ones
def new_covariances(x, r, old_means):
    difference = x[:, None] - old_means
    return np.einsum("nk,nki,nkj->kij", r, difference, difference) / r.sum(0)[:, None, None]


# %% new_covariances: divided by n
# loses: test_covariances, test_covariances_of_other_shapes
# says: the sums are divided by n; they hold N_k points' worth
def new_covariances(x, r, old_means):
    difference = x[:, None] - (r.T @ x / r.sum(axis=0)[:, None])
    return np.einsum("nk,nki,nkj->kij", r, difference, difference) / len(x)


# %% new_covariances: divided by one less
# loses: test_covariances, test_covariances_of_other_shapes
# says: the sums are divided by N_k - 1
def new_covariances(x, r, old_means):
    difference = x[:, None] - (r.T @ x / r.sum(axis=0)[:, None])
    scatter = np.einsum("nk,nki,nkj->kij", r, difference, difference)
    return scatter / (r.sum(axis=0) - 1)[:, None, None]


# %% new_covariances: one mean for all
# loses: test_covariances, test_covariances_of_other_shapes
# says: the mean of all points is used; each component has its own
def new_covariances(x, r, old_means):
    difference = x - x.mean(axis=0)
    scatter = np.einsum("nk,ni,nj->kij", r, difference, difference)
    return scatter / r.sum(axis=0)[:, None, None]


# %% new_covariances: diagonals
# loses: test_covariances, test_covariances_of_other_shapes
# says: outside the diagonals everything is 0
def new_covariances(x, r, old_means):
    means = r.T @ x / r.sum(axis=0)[:, None]
    variances = [share @ (x - mean) ** 2 / share.sum() for share, mean in zip(r.T, means)]
    return [np.diag(variance) for variance in variances]


# %% new_covariances: squares first
# loses: test_covariances_of_other_shapes
# says: the digits are lost; subtract the mean before squaring
def new_covariances(x, r, old_means):
    N_k = r.sum(axis=0)
    means = r.T @ x / N_k[:, None]
    squares = np.einsum("nk,ni,nj->kij", r, x, x) / N_k[:, None, None]
    return squares - np.einsum("ki,kj->kij", means, means)


# %% new_covariances: by numpy.cov
def new_covariances(x, r, old_means):
    return np.array([np.atleast_2d(np.cov(x.T, aweights=share, ddof=0)) for share in r.T])


# %% new_covariances: about the old means, then shifted
def new_covariances(x, r, old_means):
    N_k = r.sum(axis=0)
    shift = r.T @ x / N_k[:, None] - old_means
    covariances = []
    for share, centre, delta in zip(r.T, old_means, shift):
        about_centre = sum(s * np.outer(p, p) for s, p in zip(share, x - centre))
        covariances.append(about_centre / share.sum() - np.outer(delta, delta))
    return covariances


# %% covariances_from_sums: no shift
# loses: test_from_sums
# says: the shift is missing
def covariances_from_sums(total, first, scatter):
    return scatter / total[:, None, None]


# %% covariances_from_sums: not divided
# loses: test_from_sums
# says: this is the scatter about the mean; divide it by N_k
def covariances_from_sums(total, first, scatter):
    return np.array([S - np.outer(s, s) / N for N, s, S in zip(total, first, scatter)])


# %% covariances_from_sums: sums for means
# loses: test_from_sums
# says: the outer product is made of s_k; the shift is s_k / N_k
def covariances_from_sums(total, first, scatter):
    return np.array([S / N - np.outer(s, s) for N, s, S in zip(total, first, scatter)])


# %% covariances_from_sums: squares for products
# loses: test_from_sums
# says: in row i and column j belongs the product of the means i and j
def covariances_from_sums(total, first, scatter):
    means = first / total[:, None]
    return scatter / total[:, None, None] - means[:, None, :] ** 2


# %% covariances_from_sums: added
# loses: test_from_sums
# says: the outer product of the means is added; subtract it
def covariances_from_sums(total, first, scatter):
    means = first / total[:, None]
    return scatter / total[:, None, None] + np.einsum("ki,kj->kij", means, means)


# %% covariances_from_sums: in place
# loses: test_from_sums
# says: changes the arrays that it is given
def covariances_from_sums(total, first, scatter):
    first /= total[:, None]
    return scatter / total[:, None, None] - first[:, :, None] * first[:, None, :]


# %% covariances_from_sums: from the library
# loses: test_from_sums
# says: here the point is to write it yourself
def covariances_from_sums(total, first, scatter):
    from gmmlib import Sums, m_step

    return m_step(Sums(total, first, scatter, np.zeros(first.shape))).covariances


# %% covariances_from_sums: single precision
def covariances_from_sums(total, first, scatter):
    total, first, scatter = (a.astype(np.float32) for a in (total, first, scatter))
    means = first / total[:, None]
    return scatter / total[:, None, None] - np.einsum("ki,kj->kij", means, means)


# %% n_parameters: all weights
# loses: test_n_parameters, test_n_parameters_of_each_kind
# says: only k - 1 of them are free
def n_parameters(kind, k, d):
    matrix = d * (d + 1) // 2
    return k + k * d + {"full": k * matrix, "tied": matrix, "diag": k * d}.get(kind, k)


# %% n_parameters: no symmetry
# loses: test_n_parameters_of_each_kind
# says: a covariance matrix is symmetric
def n_parameters(kind, k, d):
    return k - 1 + k * d + {"full": k * d * d, "tied": d * d, "diag": k * d}.get(kind, k)


# %% n_parameters: the covariances alone
# loses: test_n_parameters, test_n_parameters_of_each_kind
# says: these are the covariance parameters alone
def n_parameters(kind, k, d):
    matrix = d * (d + 1) // 2
    return {"full": k * matrix, "tied": matrix, "diag": k * d, "spherical": k}[kind]


# %% n_parameters: tied for each
# loses: test_n_parameters_of_each_kind
# says: tied components share one matrix
def n_parameters(kind, k, d):
    matrix = k * d * (d + 1) / 2
    return k - 1 + k * d + {"full": matrix, "tied": matrix, "diag": k * d}.get(kind, k)


# %% n_parameters: one radius for all
# loses: test_n_parameters_of_each_kind
# says: each spherical component has a variance of its own
def n_parameters(kind, k, d):
    matrix = d * (d + 1) // 2
    return k - 1 + k * d + {"full": k * matrix, "tied": matrix, "diag": k * d}.get(kind, 1)


# %% n_parameters: a float, by cases
def n_parameters(kind, k, d):
    shapes, numbers = (1 if kind == "tied" else k), 1
    if kind in ("full", "tied"):
        numbers = d * (d + 1) / 2
    elif kind == "diag":
        numbers = d
    return k * (d + 1) - 1 + shapes * numbers
