# Answers to problem set 2. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% spread: as NumPy has them
# loses: test_covariance
# says: the sums are divided by n - 1
def spread(X):
    return np.cov(X, rowvar=False), np.corrcoef(X, rowvar=False)


# %% spread: rows for features
# loses: test_covariance, test_correlation
# says: a row and a column for each point; it should be for each feature
def spread(X):
    return np.cov(X), np.corrcoef(X)


# %% spread: one mean of all
# loses: test_covariance, test_correlation
# says: one mean of all numbers together is subtracted; each column has its own
def spread(X):
    difference = X - np.mean(X)
    S = difference.T @ difference / X.shape[0]
    return S, S / np.sqrt(np.outer(S.diagonal(), S.diagonal()))


# %% spread: divided by variances
# loses: test_correlation
# says: divide them by the standard deviations
def spread(X):
    S = np.cov(X.T, bias=True)
    return S, S / np.outer(np.diag(S), np.diag(S))


# %% spread: scores with another n
# loses: test_correlation
# says: n and n - 1 are mixed
def spread(X):
    S = np.cov(X.T, ddof=0)
    Z = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    return S, Z.T @ Z / len(X)


# %% spread: not centred
# loses: test_covariance, test_correlation
# says: the mean is not subtracted before the products are formed
def spread(X):
    S = X.T @ X / len(X)
    sd = np.sqrt(np.diag(S))
    return S, S / sd / sd[:, None]


# %% spread: pair by pair
def spread(X):
    n, d = X.shape
    means = [sum(X[:, i]) / n for i in range(d)]
    S = [[sum((X[:, i] - means[i]) * (X[:, j] - means[j])) / n for j in range(d)]
         for i in range(d)]
    R = [[S[i][j] / (S[i][i] * S[j][j]) ** 0.5 for j in range(d)] for i in range(d)]
    return S, R


# %% spread: outer products
def spread(X):
    differences = X - X.mean(axis=0)
    S = np.mean([np.outer(a, a) for a in differences], axis=0)
    scale = np.diag(1 / X.std(axis=0))
    return np.array([S, scale @ S @ scale])


# %% log_density: half of the determinant
# loses: test_log_density, test_log_density_of_other_shapes, test_log_density_of_many_features
# says: yours takes the root once more
def log_density(X, mean, covariance):
    L = np.linalg.cholesky(covariance)
    e = np.linalg.solve(L, (X - mean).T)
    return -0.5 * (len(mean) * np.log(2 * np.pi) + np.sum(np.log(np.diag(L))) + np.sum(e**2, 0))


# %% log_density: one 2 pi
# loses: test_log_density, test_log_density_of_other_shapes, test_log_density_of_many_features
# says: there is one root of 2 pi for each feature
def log_density(X, mean, covariance):
    L = np.linalg.cholesky(covariance)
    e = np.linalg.solve(L, (X - mean).T)
    return -0.5 * np.log(2 * np.pi) - np.log(np.diag(L)).sum() - 0.5 * np.sum(e**2, 0)


# %% log_density: determinant and inverse
# loses: test_log_density_of_many_features
# says: the determinant leaves the range of a computer's numbers
def log_density(X, mean, covariance):
    D, d = X - mean, X.shape[1]
    squared = np.sum(D @ np.linalg.inv(covariance) * D, axis=1)
    return -0.5 * (d * np.log(2 * np.pi) + np.log(np.linalg.det(covariance)) + squared)


# %% log_density: transposed factor
# loses: test_log_density, test_log_density_of_other_shapes, test_log_density_of_many_features
# says: the Cholesky factor is transposed where epsilon is solved for
def log_density(X, mean, covariance):
    L = np.linalg.cholesky(covariance)
    e = np.linalg.solve(L.T, (X - mean).T).T
    return -0.5 * (len(mean) * np.log(2 * np.pi) + 2 * np.log(np.diag(L)).sum() + (e * e).sum(1))


# %% log_density: columns by themselves
# loses: test_log_density, test_log_density_of_other_shapes, test_log_density_of_many_features
# says: the features are treated as if they were uncorrelated
def log_density(X, mean, covariance):
    variance = np.diag(covariance)
    return np.sum(-np.log(2 * np.pi * variance) / 2 - (X - mean) ** 2 / 2 / variance, axis=1)


# %% log_density: the distance
# loses: test_log_density, test_log_density_of_other_shapes, test_log_density_of_many_features
# says: the distance is not squared
def log_density(X, mean, covariance):
    L = np.linalg.cholesky(covariance)
    delta = np.linalg.norm(np.linalg.solve(L, (X - mean).T), axis=0)
    return -0.5 * (len(mean) * np.log(2 * np.pi) + 2 * np.log(np.diag(L)).sum() + delta)


# %% log_density: principal axes
def log_density(X, mean, covariance):
    variances, axes = np.linalg.eigh(covariance)
    along = (X - mean) @ axes
    return (-np.log(2 * np.pi * variances) / 2 - along**2 / (2 * variances)).sum(axis=1)


# %% log_density: one point at a time
def log_density(X, mean, covariance):
    sign, log_det = np.linalg.slogdet(covariance)
    inverse = np.linalg.inv(covariance)
    return [-0.5 * (len(x) * np.log(2 * np.pi) + log_det + (x - mean) @ inverse @ (x - mean))
            for x in X]


# %% from_noise: not transposed
# loses: test_from_noise, test_from_noise_of_other_shapes
# says: with points in rows the Cholesky factor has to be transposed
def from_noise(epsilon, mean, covariance):
    return mean + epsilon @ np.linalg.cholesky(covariance)


# %% from_noise: the covariance itself
# loses: test_from_noise, test_from_noise_of_other_shapes
# says: the noise is multiplied by variances
def from_noise(epsilon, mean, covariance):
    return mean + epsilon @ covariance


# %% from_noise: each feature by itself
# loses: test_from_noise, test_from_noise_of_other_shapes
# says: the features come out uncorrelated; each gets its standard deviation
def from_noise(epsilon, mean, covariance):
    return mean + epsilon * np.sqrt(np.diag(covariance))


# %% from_noise: its own noise
# loses: test_from_noise, test_from_noise_of_other_shapes
# says: from_noise:
def from_noise(epsilon, mean, covariance):
    rng = np.random.default_rng(0)
    return rng.multivariate_normal(mean, covariance, size=len(epsilon))


# %% from_noise: no mean
# loses: test_from_noise, test_from_noise_of_other_shapes
# says: the mean is missing
def from_noise(epsilon, mean, covariance):
    return epsilon @ np.linalg.cholesky(covariance).T


# %% from_noise: the axes
def from_noise(epsilon, mean, covariance):
    variances, axes = np.linalg.eigh(covariance)
    return mean + epsilon * np.sqrt(variances) @ axes.T


# %% from_noise: columns
def from_noise(epsilon, mean, covariance):
    L = np.linalg.cholesky(covariance)
    return [mean + L @ e for e in epsilon]


# %% half_axes: eigenvalues
# loses: test_half_axes, test_half_axes_of_shares
# says: the eigenvalues are variances; the half-axes are their roots
def half_axes(covariance, share):
    return np.sqrt(-2 * np.log(1 - share)) * np.linalg.eigvalsh(covariance)[::-1]


# %% half_axes: the box
# loses: test_half_axes, test_half_axes_of_shares
# says: the axes have other directions
def half_axes(covariance, share):
    return np.sqrt(-2 * np.log(1 - share) * np.sort(np.diag(covariance))[::-1])


# %% half_axes: as in one dimension
# loses: test_half_axes, test_half_axes_of_shares
# says: this distance holds the share in one dimension
def half_axes(covariance, share):
    from scipy.stats import norm
    return norm.ppf((1 + share) / 2) * np.sqrt(np.linalg.eigvalsh(covariance)[::-1])


# %% half_axes: at distance 1
# loses: test_half_axes_of_shares
# says: these are the half-axes at distance 1, whatever the share
def half_axes(covariance, share):
    return np.sqrt(np.linalg.eigvalsh(covariance))[::-1]


# %% half_axes: the shorter one first
# loses: test_half_axes, test_half_axes_of_shares
# says: the shorter one comes first
def half_axes(covariance, share):
    variances, axes = np.linalg.eigh(covariance)
    return np.sqrt(-2 * np.log(1 - share) * variances)


# %% half_axes: chi-squared
def half_axes(covariance, share):
    from scipy.stats import chi2
    tau = np.sqrt(np.linalg.eigvalsh(covariance))
    return [np.sqrt(chi2(2).ppf(share)) * t for t in sorted(tau, reverse=True)]


# %% half_axes: the quadratic equation
def half_axes(covariance, share):
    (a, b), (_, c) = covariance
    root = np.sqrt((a - c) ** 2 / 4 + b * b)
    larger, smaller = (a + c) / 2 + root, (a + c) / 2 - root
    return np.array([larger, smaller]) ** 0.5 * np.log((1 - share) ** -2) ** 0.5
