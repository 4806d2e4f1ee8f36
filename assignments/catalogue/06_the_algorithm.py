# Answers to problem set 6. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% run_em: old means
# loses: test_run_em_by_hand, test_run_em, test_run_em_from_afar
# says: in the M-step the variances are taken about the old means
def run_em(X, weights, means, variances, n_iterations):
    heights = []
    for t in range(n_iterations + 1):
        a = np.log(weights) + normal_logpdf(X[:, None], means, variances).sum(axis=2)
        log_p = np.logaddexp.reduce(a, axis=1)
        heights.append(log_p.sum())
        if t < n_iterations:
            r = np.exp(a - log_p[:, None])
            N_k = r.sum(axis=0)[:, None]
            squares = (X[:, None] - means) ** 2
            variances = (r[:, :, None] * squares).sum(axis=0) / N_k
            means = r.T @ X / N_k
            weights = N_k[:, 0] / len(X)
    return weights, means, variances, heights


# %% run_em: hard labels
# loses: test_run_em_by_hand, test_run_em, test_run_em_from_afar
# says: the M-step believes hard labels
def run_em(X, weights, means, variances, n_iterations):
    heights = []
    for t in range(n_iterations + 1):
        a = np.log(weights) + normal_logpdf(X[:, None], means, variances).sum(axis=2)
        heights.append(np.logaddexp.reduce(a, axis=1).sum())
        if t < n_iterations:
            r = np.eye(len(weights))[a.argmax(axis=1)]
            N_k = r.sum(axis=0)[:, None]
            weights, means = N_k[:, 0] / len(X), r.T @ X / N_k
            squares = (X[:, None] - means) ** 2
            variances = (r[:, :, None] * squares).sum(axis=0) / N_k
    return weights, means, variances, heights


# %% run_em: without the start
# loses: test_run_em_by_hand, test_run_em, test_run_em_from_afar
# says: the log-likelihood of the start is missing
def run_em(X, weights, means, variances, n_iterations):
    def look():
        a = np.log(weights) + normal_logpdf(X[:, None], means, variances).sum(axis=2)
        return a, np.logaddexp.reduce(a, axis=1)

    heights = []
    for _ in range(n_iterations):
        a, log_p = look()
        r = np.exp(a - log_p[:, None])
        N_k = r.sum(axis=0)[:, None]
        weights, means = N_k[:, 0] / len(X), r.T @ X / N_k
        squares = (X[:, None] - means) ** 2
        variances = (r[:, :, None] * squares).sum(axis=0) / N_k
        heights.append(look()[1].sum())
    return weights, means, variances, heights


# %% run_em: the mean log-density
# loses: test_run_em_by_hand, test_run_em, test_run_em_from_afar
# says: each is the mean over the points; the log-likelihood is the total
def run_em(X, weights, means, variances, n_iterations):
    heights = []
    for t in range(n_iterations + 1):
        a = np.log(weights) + normal_logpdf(X[:, None], means, variances).sum(axis=2)
        log_p = np.logaddexp.reduce(a, axis=1)
        heights.append(log_p.mean())
        if t < n_iterations:
            r = np.exp(a - log_p[:, None])
            N_k = r.sum(axis=0)[:, None]
            weights, means = N_k[:, 0] / len(X), r.T @ X / N_k
            squares = (X[:, None] - means) ** 2
            variances = (r[:, :, None] * squares).sum(axis=0) / N_k
    return weights, means, variances, heights


# %% run_em: densities without logarithms
# loses: test_run_em_from_afar
# says: all densities are 0 on a computer
def run_em(X, weights, means, variances, n_iterations):
    heights = []
    for t in range(n_iterations + 1):
        joint = weights * normal_pdf(X[:, None], means, variances).prod(axis=2)
        p = joint.sum(axis=1)
        heights.append(np.log(p).sum())
        if t < n_iterations:
            r = joint / p[:, None]
            N_k = r.sum(axis=0)[:, None]
            weights, means = N_k[:, 0] / len(X), r.T @ X / N_k
            variances = np.einsum("nk,nkd->kd", r, (X[:, None] - means) ** 2) / N_k
    return weights, means, variances, heights


# %% run_em: from the library
# loses: test_run_em_by_hand, test_run_em, test_run_em_from_afar
# says: here the point is to write it yourself
def run_em(X, weights, means, variances, n_iterations):
    from itertools import islice

    from gmmlib import Mixture, em

    begin = Mixture(weights, means, variances, "diag")
    states = list(islice(em(X, begin, reg_covar=0), n_iterations + 1))
    end = states[-1].mixture
    heights = [state.log_likelihood for state in states]
    return end.weights, end.means, end.covariances, heights


# %% run_em: point by point
def run_em(X, weights, means, variances, n_iterations):
    heights, K = [], len(weights)
    for t in range(n_iterations + 1):
        r, height = [], 0.0
        for x in X:
            a = [np.log(weights[k]) - 0.5 * sum(np.log(2 * np.pi * variances[k])
                 + (x - means[k]) ** 2 / variances[k]) for k in range(K)]  # fmt: skip
            top = max(a)
            total = sum(np.exp(value - top) for value in a)
            height += top + np.log(total)
            r.append([np.exp(value - top) / total for value in a])
        heights.append(height)
        if t == n_iterations:
            return weights, means, variances, heights
        r = np.array(r)
        weights = [sum(r[:, k]) / len(X) for k in range(K)]
        means = [np.average(X, axis=0, weights=r[:, k]) for k in range(K)]
        variances = [np.average((X - means[k]) ** 2, axis=0, weights=r[:, k])
                     for k in range(K)]  # fmt: skip


# %% run_em: one look more at the end
def run_em(X, weights, means, variances, n_iterations):
    heights = np.empty(n_iterations + 1)
    for t in range(n_iterations + 1):
        kept = weights, means, variances
        a = normal_logpdf(X.T[:, :, None], means.T[:, None], variances.T[:, None])
        a = a.sum(axis=0) + np.log(weights)
        top = a.max(axis=1, keepdims=True)
        e = np.exp(a - top)
        heights[t] = (top[:, 0] + np.log(e.sum(axis=1))).sum()
        r = e / e.sum(axis=1, keepdims=True)
        weights = r.mean(axis=0)
        means = (r / r.sum(axis=0)).T @ X
        deviations = X[None] - means[:, None]
        variances = ((r / r.sum(axis=0)).T[:, :, None] * deviations**2).sum(axis=1)
    return [*kept, heights]


# %% iterations_left: until a gain is small
# loses: test_iterations_left_by_hand, test_iterations_left
# says: this is the number of iterations until a *gain* is at most `tol`
def iterations_left(log_likelihoods, tol):
    before, gain = np.diff(log_likelihoods)[-2:]
    quotient = gain / before
    if quotient >= 1:
        return np.inf
    return max(0, np.ceil(np.log(tol / gain) / np.log(quotient)))


# %% iterations_left: with the last gain
# loses: test_iterations_left_by_hand, test_iterations_left
# says: the last gain is counted as if it were still to come
def iterations_left(log_likelihoods, tol):
    before, gain = np.diff(log_likelihoods)[-2:]
    quotient = gain / before
    if quotient >= 1:
        return np.inf
    left = gain / (1 - quotient)
    return max(0, np.ceil(np.log(tol / left) / np.log(quotient)))


# %% iterations_left: as if gains stayed
# loses: test_iterations_left_by_hand, test_iterations_left
# says: this would be so if all gains were as large as the last
def iterations_left(log_likelihoods, tol):
    before, gain = np.diff(log_likelihoods)[-2:]
    quotient = gain / before
    if quotient >= 1:
        return np.inf
    left = gain * quotient / (1 - quotient)
    return 0 if left <= tol else np.ceil(left / gain)


# %% iterations_left: gains that grow
# loses: test_iterations_left
# says: where the gains do not shrink
def iterations_left(log_likelihoods, tol):
    before, gain = np.diff(log_likelihoods)[-2:]
    quotient = gain / before
    left, n = gain * quotient / (1 - quotient), 0
    while left > tol:
        left, n = left * quotient, n + 1
    return n


# %% iterations_left: below zero
# loses: test_iterations_left
# says: the number may not be negative
def iterations_left(log_likelihoods, tol):
    before, gain = np.diff(log_likelihoods)[-2:]
    quotient = gain / before
    if quotient >= 1:
        return np.inf
    left = gain * quotient / (1 - quotient)
    return np.ceil(np.log(tol / left) / np.log(quotient))


# %% iterations_left: rounded down
# loses: test_iterations_left_by_hand, test_iterations_left
# says: after so many iterations more than `tol` is left
def iterations_left(log_likelihoods, tol):
    before, gain = np.diff(log_likelihoods)[-2:]
    quotient = gain / before
    if quotient >= 1:
        return np.inf
    left = gain * quotient / (1 - quotient)
    return max(0, int(np.log(tol / left) / np.log(quotient)))


# %% iterations_left: by a formula
def iterations_left(log_likelihoods, tol):
    first, second, third = log_likelihoods[-3:]
    kappa = (third - second) / (second - first)
    if not kappa < 1:
        return float("inf")
    exponent = np.log(tol * (1 - kappa) / (third - second)) / np.log(kappa)
    return max(0, int(np.ceil(exponent - 1)))


# %% iterations_left: gain after gain
def iterations_left(log_likelihoods, tol):
    before, gain = np.diff(log_likelihoods)[-2:]
    if gain >= before:
        return np.inf
    gains = gain * (gain / before) ** np.arange(1, 20_000)
    left = gains[::-1].cumsum()[::-1]
    return int((left > tol).sum())


# %% far_start: far from the last
# loses: test_far_start_by_hand, test_far_start
# says: the next centre is far from the last one
def far_start(X, n_components, first):
    chosen = [first]
    while len(chosen) < n_components:
        chosen.append(((X - X[chosen[-1]]) ** 2).sum(axis=1).argmax())
    squared = ((X[:, None] - X[chosen]) ** 2).sum(axis=2)
    return np.eye(n_components)[squared.argmin(axis=1)]


# %% far_start: distances added up
# loses: test_far_start_by_hand, test_far_start
# says: the distances from all centres are added up
def far_start(X, n_components, first):
    chosen = [first]
    while len(chosen) < n_components:
        distances = np.linalg.norm(X[:, None] - X[chosen], axis=2)
        chosen.append(distances.sum(axis=1).argmax())
    distances = np.linalg.norm(X[:, None] - X[chosen], axis=2)
    return np.eye(n_components)[distances.argmin(axis=1)]


# %% far_start: labels
# loses: test_far_start_by_hand, test_far_start
# says: these are labels; write them as responsibilities
def far_start(X, n_components, first):
    chosen = [first]
    for _ in range(n_components):
        squared = ((X[:, None] - X[chosen]) ** 2).sum(axis=2)
        chosen.append(squared.min(axis=1).argmax())
    return squared.argmin(axis=1)


# %% far_start: far from the first
# loses: test_far_start_by_hand, test_far_start
# says: all centres are the farthest from the first one
def far_start(X, n_components, first):
    from_first = ((X - X[first]) ** 2).sum(axis=1)
    chosen = [first, *np.argsort(-from_first)[: n_components - 1]]
    squared = ((X[:, None] - X[chosen]) ** 2).sum(axis=2)
    return np.eye(n_components)[squared.argmin(axis=1)]


# %% far_start: begins with point 0
# loses: test_far_start_by_hand, test_far_start
# says: `first` says which it is
def far_start(X, n_components, first):
    chosen = [0]
    for _ in range(n_components):
        squared = ((X[:, None] - X[chosen]) ** 2).sum(axis=2)
        chosen.append(squared.min(axis=1).argmax())
    return np.eye(n_components)[squared.argmin(axis=1)]


# %% far_start: the centres alone
# loses: test_far_start_by_hand, test_far_start
# says: only the centres have responsibilities
def far_start(X, n_components, first):
    chosen = [first]
    while len(chosen) < n_components:
        squared = ((X[:, None] - X[chosen]) ** 2).sum(axis=2)
        chosen.append(squared.min(axis=1).argmax())
    r = np.zeros((len(X), n_components))
    r[chosen, range(n_components)] = 1
    return r


# %% far_start: loops and lists
def far_start(X, n_components, first):
    def distance(a, b):
        return sum((a - b) ** 2) ** 0.5

    centres = [X[first]]
    while len(centres) < n_components:
        centres.append(max(X, key=lambda x: min(distance(x, c) for c in centres)))
    table = []
    for x in X:
        nearest = min(range(n_components), key=lambda k: distance(x, centres[k]))
        table.append([int(k == nearest) for k in range(n_components)])
    return table


# %% far_start: nearest so far, kept up to date
def far_start(X, n_components, first):
    owner, least = np.zeros(len(X), int), np.full(len(X), np.inf)
    centre = first
    for k in range(n_components):
        distance = np.linalg.norm(X - X[centre], axis=1)
        owner[distance < least] = k
        least = np.minimum(least, distance)
        centre = least.argmax()
    return owner[:, None] == np.arange(n_components)


# %% costs: features once, one table
# loses: test_seconds_full, test_megabytes
# says: the features are counted once
seconds_full = 0.4 * 5 * 3 * 2
seconds_diag = 4.5
megabytes = 240


# %% costs: features squared for diag, bytes
# loses: test_seconds_diag, test_megabytes
# says: the features are squared; in the type diag
seconds_full = 24
seconds_diag = 0.15 * 5 * 3 * 4
megabytes = 2 * 5_000_000 * 6 * 8


# %% costs: quotients, and numbers
# loses: test_seconds_full, test_seconds_diag, test_megabytes
# says: this is how many times longer it takes; how many seconds is that?
seconds_full = 5 * 3 * 2**2
seconds_diag = 5 * 3 * 2
megabytes = 2 * 5 * 6


# %% costs: a column for each feature
# loses: test_megabytes
# says: a row of a table has a number for each component, not for each feature
seconds_full, seconds_diag = 24.0, 4.5
megabytes = 2 * 5 * 8 * 8


# %% costs: numbers alone
seconds_full, seconds_diag, megabytes = 24, 4.5, 480


# %% costs: in arrays
new, old = np.array([5e6, 6, 8]), np.array([1e6, 2, 4])
seconds_full = 0.4 * (new / old * [1, 1, 2]).prod()
seconds_diag = np.float32(0.15 * (new / old).prod())
megabytes = np.array([5e6 * 6 * 16 / 1e6])
