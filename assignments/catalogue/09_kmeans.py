# Answers to problem set 9. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% six_coins: after the updates
# loses: test_inertias
# says: these are the inertias after each update
inertias = [340, 130, 28]
last_centres = [5, 23]


# %% six_coins: stopped too soon
# loses: test_inertias, test_last_centres
# says: go on until it changes none
inertias = [660, 268, 82]
last_centres = [4, 18]


# %% six_coins: distances for squares
# loses: test_inertias
# says: the inertia sums their squares
inertias = [40, 30, 16, 10]
last_centres = (5, 23)


# %% six_coins: a number left out
# loses: test_inertias
# says: expected the shape (4,), got (3,)
inertias = [660, 268, 28]
last_centres = [5, 23]


# %% six_coins: medians
# loses: test_inertias, test_last_centres
# says: these are medians; a centre moves to the mean of its points
inertias = "660, 268, 82, 28"
last_centres = [5.5, 23]


# %% six_coins: an array
inertias = np.array([660.0, 268.0, 82.0, 28.0])
last_centres = np.array([5.0, 23.0])


# %% lloyd_step: without counts
# loses: test_step, test_step_of_other_shapes
# says: a line counts for one coin, whatever its count
def lloyd_step(x, counts, centres):
    labels = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    new = centres.copy()
    for k in range(len(centres)):
        if (labels == k).any():
            new[k] = x[labels == k].mean(axis=0)
    return new


# %% lloyd_step: divided by the lines
# loses: test_step, test_step_of_other_shapes
# says: they are divided by the number of lines
def lloyd_step(x, counts, centres):
    labels = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    coins, new = x * counts[:, None], centres.copy()
    for k in set(labels):
        new[k] = coins[labels == k].mean(axis=0)
    return new


# %% lloyd_step: an empty centre
# loses: test_step_of_other_shapes
# says: yours becomes 0/0
def lloyd_step(x, counts, centres):
    labels = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    owner = np.eye(len(centres))[labels] * counts[:, None]
    return owner.T @ x / owner.sum(axis=0)[:, None]


# %% lloyd_step: soft
# loses: test_step, test_step_of_other_shapes
# says: that is EM, and k-means gives each coin to one centre
def lloyd_step(x, counts, centres):
    shares = np.exp(-((x[:, None] - centres) ** 2).sum(axis=2) / 2)
    shares = counts[:, None] * shares / shares.sum(axis=1, keepdims=True)
    return shares.T @ x / shares.sum(axis=0)[:, None]


# %% lloyd_step: for one feature
# loses: test_step, test_step_of_other_shapes
# says: only the first feature is used for the distance
def lloyd_step(x, counts, centres):
    labels = np.abs(x[:, 0][:, None] - centres[:, 0]).argmin(axis=1)
    return [np.average(x[labels == k], axis=0, weights=counts[labels == k])
            if k in labels else centres[k] for k in range(len(centres))]  # fmt: skip


# %% lloyd_step: into the old centres
# loses: test_step, test_step_of_other_shapes
# says: changes the arrays that it is given
def lloyd_step(x, counts, centres):
    labels = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    for k in set(labels):
        centres[k] = np.average(x[labels == k], axis=0, weights=counts[labels == k])
    return centres


# %% lloyd_step: every coin a line
def lloyd_step(x, counts, centres):
    coins = np.repeat(x, counts, axis=0)
    labels = [np.linalg.norm(coin - centres, axis=1).argmin() for coin in coins]
    clusters = [coins[np.array(labels) == k] for k in range(len(centres))]
    return [c.mean(axis=0) if len(c) else old for c, old in zip(clusters, centres)]


# %% best_cut: unsorted
# loses: test_best_cut, test_best_cut_in_the_middle
# says: sort them first
def best_cut(x):
    best = np.inf, 0
    for i in range(1, len(x)):
        left, right = x[:i], x[i:]
        total = ((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum()
        best = min(best, (total, i))
    return best


# %% best_cut: variances added
# loses: test_best_cut, test_best_cut_in_the_middle
# says: the variances of the two clusters are added
def best_cut(x):
    x = np.sort(x)
    return min((x[:i].var() + x[i:].var(), i) for i in range(1, len(x)))


# %% best_cut: the widest gap
# loses: test_best_cut_in_the_middle
# says: the numbers are cut at the widest gap
def best_cut(x):
    x = np.sort(x)
    i = 1 + np.argmax(np.diff(x))
    return x[:i].var() * i + x[i:].var() * (len(x) - i), i


# %% best_cut: one too few
# loses: test_best_cut, test_best_cut_in_the_middle
# says: how many points are left of the cut?
def best_cut(x):
    x = np.sort(x)
    cuts = [x[:i].var() * i + x[i:].var() * (len(x) - i) for i in range(1, len(x))]
    return min(cuts), np.argmin(cuts)


# %% best_cut: the inertia alone
# loses: test_best_cut, test_best_cut_in_the_middle
# says: should return 2 things, lowest inertia, points in the left cluster
def best_cut(x):
    x = np.sort(x)
    return min(x[:i].var() * i + x[i:].var() * (len(x) - i) for i in range(1, len(x)))


# %% best_cut: distances
# loses: test_best_cut, test_best_cut_in_the_middle
# says: distances are summed; the inertia sums their squares
def best_cut(x):
    x = np.sort(x)
    cost = lambda piece: np.abs(piece - piece.mean()).sum()
    return min((cost(x[:i]) + cost(x[i:]), i) for i in range(1, len(x)))


# %% best_cut: from the sums alone
def best_cut(x):
    x = np.sort(x)
    left, n = np.arange(1, len(x)), len(x)
    first, total = np.cumsum(x)[:-1], x.sum()
    inertia = (x**2).sum() - first**2 / left - (total - first) ** 2 / (n - left)
    return [inertia.min(), left[inertia.argmin()]]


# %% soft_shares: without subtracting
# loses: test_shares_near_the_limit
# says: subtract the largest exponent of each row first
def soft_shares(x, centres, variance):
    bells = np.exp(-((x[:, None] - centres) ** 2) / (2 * variance))
    return bells / bells.sum(axis=1, keepdims=True)


# %% soft_shares: standard deviation
# loses: test_shares, test_shares_near_the_limit
# says: the variance is used as a standard deviation
def soft_shares(x, centres, variance):
    a = -(((x[:, None] - centres) / variance) ** 2) / 2
    a = np.exp(a - a.max(axis=1, keepdims=True))
    return a / a.sum(axis=1, keepdims=True)


# %% soft_shares: hard
# loses: test_shares, test_shares_near_the_limit
# says: each point is given wholly to the nearest centre
def soft_shares(x, centres, variance):
    return np.eye(len(centres))[np.abs(x[:, None] - centres).argmin(axis=1)]


# %% soft_shares: without the half
# loses: test_shares, test_shares_near_the_limit
# says: the exponent lacks the 1/2
def soft_shares(x, centres, variance):
    a = -((x[:, None] - centres) ** 2) / variance
    a = np.exp(a - a.max(axis=1, keepdims=True))
    return a / a.sum(axis=1, keepdims=True)


# %% soft_shares: over the points
# loses: test_shares, test_shares_near_the_limit
# says: your shares sum to 1 over the points; they should over the components
def soft_shares(x, centres, variance):
    a = -((x[:, None] - centres) ** 2) / (2 * variance)
    a = np.exp(a - a.max(axis=0))
    return a / a.sum(axis=0)


# %% soft_shares: by differences, as in the chapter
def soft_shares(x, centres, variance):
    J = (x[:, None] - centres) ** 2
    with np.errstate(over="ignore"):
        return 1 / np.exp((J[:, :, None] - J[:, None]) / (2 * variance)).sum(axis=2)


# %% soft_shares: a loop
def soft_shares(x, centres, variance):
    rows = []
    for point in x:
        a = [-((point - c) ** 2) / (2 * variance) for c in centres]
        row = [np.exp(value - max(a)) for value in a]
        rows.append([share / sum(row) for share in row])
    return rows
