# Answers to problem set 7. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% lower_bound: Q alone
# loses: test_lower_bound
# says: this is Q alone; the bound has the entropy of the shares as well
def lower_bound(q, joint):
    return np.sum(q * np.log(joint))


# %% lower_bound: the entropy subtracted
# loses: test_lower_bound
# says: the entropy of the shares is subtracted
def lower_bound(q, joint):
    from scipy.special import entr

    return (q * np.log(joint)).sum() - entr(q).sum()


# %% lower_bound: the log-likelihood
# loses: test_lower_bound
# says: this is the log-likelihood, whatever q is
def lower_bound(q, joint):
    return np.log(joint.sum(axis=1)).sum()


# %% lower_bound: the logarithm outside
# loses: test_lower_bound
# says: the logarithm stands before the sum over the components
def lower_bound(q, joint):
    return np.log((q * joint).sum(axis=1)).sum()


# %% lower_bound: 0 log 0
# loses: test_lower_bound
# says: 0 log 0 counts as 0
def lower_bound(q, joint):
    return (q * np.log(joint / q)).sum()


# %% lower_bound: one number a point
# loses: test_lower_bound
# says: these are the bounds of the single points; add them up
def lower_bound(q, joint):
    from scipy.special import xlogy

    return (q * np.log(joint) - xlogy(q, q)).sum(axis=1)


# %% lower_bound: Q and the entropy
def lower_bound(q, joint):
    from scipy.special import entr

    return (q * np.log(joint)).sum() + entr(q).sum()


# %% lower_bound: the log-likelihood less the divergence, in a loop
def lower_bound(q, joint):
    total = 0.0
    for shares, row in zip(q, joint):
        total += np.log(sum(row))
        for share, term in zip(shares, row):
            if share > 0:
                total -= share * np.log(share * sum(row) / term)
    return total


# %% gap: the roles exchanged
# loses: test_gap
# says: the roles are exchanged
def gap(q, joint):
    r = joint / joint.sum(axis=1, keepdims=True)
    return (r * np.log(r / q)).sum()


# %% gap: not normalised
# loses: test_gap
# says: q is compared with weight times density
def gap(q, joint):
    from scipy.special import rel_entr

    return rel_entr(q, joint).sum()


# %% gap: normalised over the points
# loses: test_gap
# says: responsibilities that sum to 1 over the points
def gap(q, joint):
    from scipy.special import rel_entr

    return rel_entr(q, joint / joint.sum(axis=0)).sum()


# %% gap: below 0
# loses: test_gap
# says: the gap is the other way round, and never below 0
def gap(q, joint):
    from scipy.special import xlogy

    bound = (q * np.log(joint)).sum() - xlogy(q, q).sum()
    return bound - np.log(joint.sum(axis=1)).sum()


# %% gap: without the entropy
# loses: test_gap
# says: the entropy of q is to be taken off
def gap(q, joint):
    r = joint / joint.sum(axis=1, keepdims=True)
    return -(q * np.log(r)).sum()


# %% gap: differences
# loses: test_gap
# says: the divergence compares their logarithms
def gap(q, joint):
    return np.abs(q - joint / joint.sum(axis=1, keepdims=True)).sum()


# %% gap: the log-likelihood less the bound
def gap(q, joint):
    inside = np.where(q > 0, q * np.log(joint / np.where(q > 0, q, 1)), 0)
    return np.log(joint.sum(axis=1)).sum() - inside.sum()


# %% gap: from SciPy, single precision
def gap(q, joint):
    from scipy.special import rel_entr

    r = joint / joint.sum(axis=1, keepdims=True)
    return np.float32(rel_entr(q, r).sum())


# %% by_hand: the shares of B
# loses: test_shares_by_hand
# says: these are the shares of B
share_of_A = [0.5, 0.25, 0.75, 0.9, 0.5]
new_theta = [0.538, 0.358]

# %% by_hand: without the hit
# loses: test_shares_by_hand, test_theta_by_hand
# says: the hit at the end is missing
share_of_A = np.array([0.25, 0.5, 0.1, 0.04, 0.25])
new_theta = 1.14 / (1.14 + 0.82), 3.86 / (3.86 + 6.18)

# %% by_hand: the densities
# loses: test_shares_by_hand
# says: these are the probabilities under A
share_of_A = [3 / 16, 3 / 4, 3 / 64, 3 / 256, 3 / 16]
new_theta = [0.5385, 0.358]

# %% by_hand: the shares of the evenings
# loses: test_theta_by_hand
# says: a chance is hits by throws
share_of_A = [0.5, 0.75, 0.25, 0.1, 0.5]
new_theta = [0.42, 0.58]

# %% by_hand: by misses
# loses: test_theta_by_hand
# says: hits are divided by misses; the throws are both together
share_of_A = [0.5, 0.75, 0.25, 0.1, 0.5]
new_theta = [1.167, 0.558]

# %% by_hand: misses for hits
# loses: test_theta_by_hand
# says: these are the chances of a miss
share_of_A = [0.5, 0.75, 0.25, 0.1, 0.5]
new_theta = [0.462, 0.642]

# %% by_hand: worked out by the computer
x = np.array([1, 0, 2, 3, 1])
share_of_A = 3 / (3 + 3.0**x)
hits = np.array([share_of_A.sum(), 5 - share_of_A.sum()])
lost = np.array([share_of_A @ x, (1 - share_of_A) @ x])
new_theta = hits / (hits + lost)

# %% by_hand: tuples and quotients
share_of_A = (0.50, 0.75, 0.25, 0.10, 0.50)
new_theta = (7 / 13, 29 / 81)


# %% em_misses: the shares of the evenings
# loses: test_theta, test_log_likelihoods
# says: these are the shares of the evenings, N_k / n; a chance is hits by throws
def em_misses(x, theta, iterations):
    heights = []
    for i in range(iterations + 1):
        joint = theta * (1 - theta) ** x[:, None] / len(theta)
        heights.append(np.log(joint.sum(axis=1)).sum())
        if i < iterations:
            theta = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    return theta, heights


# %% em_misses: hard
# loses: test_theta, test_log_likelihoods
# says: the E-step gives each evening wholly to one player
def em_misses(x, theta, iterations):
    heights = []
    for i in range(iterations + 1):
        joint = theta * (1 - theta) ** x[:, None] / len(theta)
        heights.append(np.log(joint.sum(axis=1)).sum())
        if i < iterations:
            r = np.eye(len(theta))[joint.argmax(axis=1)]
            theta = r.sum(axis=0) / (r.sum(axis=0) + x @ r)
    return theta, heights


# %% em_misses: over the evenings
# loses: test_theta, test_log_likelihoods
# says: your responsibilities sum to 1 over the points; they should over the components
def em_misses(x, theta, iterations):
    heights = []
    for i in range(iterations + 1):
        joint = theta * (1 - theta) ** x[:, None] / len(theta)
        heights.append(np.log(joint.sum(axis=1)).sum())
        if i < iterations:
            r = joint / joint.sum(axis=0)
            theta = r.sum(axis=0) / (r.sum(axis=0) + x @ r)
    return theta, heights


# %% em_misses: the height of the theta before
# loses: test_log_likelihoods
# says: each number belongs to the theta before
def em_misses(x, theta, iterations):
    joint = theta * (1 - theta) ** x[:, None] / len(theta)
    heights = [np.log(joint.sum(axis=1)).sum()]
    for _ in range(iterations):
        joint = theta * (1 - theta) ** x[:, None] / len(theta)
        heights.append(np.log(joint.sum(axis=1)).sum())
        r = joint / joint.sum(axis=1, keepdims=True)
        theta = r.sum(axis=0) / (r.sum(axis=0) + x @ r)
    return theta, heights


# %% em_misses: without weights
# loses: test_log_likelihoods
# says: the weights 1/K are missing
def em_misses(x, theta, iterations):
    heights = []
    for i in range(iterations + 1):
        joint = theta * (1 - theta) ** x[:, None]
        heights.append(np.log(joint.sum(axis=1)).sum())
        if i < iterations:
            r = joint / joint.sum(axis=1, keepdims=True)
            theta = r.sum(axis=0) / (r.sum(axis=0) + x @ r)
    return theta, heights


# %% em_misses: for two players
# loses: test_theta, test_log_likelihoods
# says: expected the shape (3,)
def em_misses(x, theta, iterations):
    (a, b), heights = theta[:2], []
    for i in range(iterations + 1):
        p, s = a * (1 - a) ** x / 2, b * (1 - b) ** x / 2
        heights.append(np.log(p + s).sum())
        if i < iterations:
            r = p / (p + s)
            a, b = (share.sum() / (share @ (x + 1)) for share in (r, 1 - r))
    return np.array([a, b]), heights


# %% em_misses: loops
def em_misses(x, theta, iterations):
    theta, heights = list(theta), []
    for i in range(iterations + 1):
        hits, throws, height = [0] * len(theta), [0] * len(theta), 0
        for misses in x:
            joint = [t * (1 - t) ** misses / len(theta) for t in theta]
            height += np.log(sum(joint))
            for k, term in enumerate(joint):
                hits[k] += term / sum(joint)
                throws[k] += term / sum(joint) * (misses + 1)
        heights.append(height)
        if i < iterations:
            theta = [h / t for h, t in zip(hits, throws)]
    return theta, heights


# %% em_misses: logarithms, an array
def em_misses(x, theta, iterations):
    def e_step(theta):
        a = np.log(theta / len(theta)) + np.outer(x, np.log1p(-theta))
        total = np.logaddexp.reduce(a, axis=1)
        return np.exp(a - total[:, None]), total.sum()

    r, height = e_step(theta)
    heights = np.array([height])
    while len(heights) <= iterations:
        theta = r.sum(axis=0) / ((x + 1) @ r)
        r, height = e_step(theta)
        heights = np.append(heights, height)
    return [theta, heights]


# %% rate: what is there
# loses: test_rate
# says: the rate is the share that is missing
def rate(x, theta):
    joint = theta * (1 - theta) ** x[:, None]
    r = joint[:, 0] / joint.sum(axis=1)
    g = 1 / theta[0] - x / (1 - theta[0])
    h = 1 / theta[0] ** 2 + x / (1 - theta[0]) ** 2
    return 1 - (r * (1 - r) * g**2).sum() / (r * h).sum()


# %% rate: the responsibilities alone
# loses: test_rate
# says: a point that is wholly A's keeps nothing back
def rate(x, theta):
    joint = theta * (1 - theta) ** x[:, None]
    r = joint[:, 0] / joint.sum(axis=1)
    g = 1 / theta[0] - x / (1 - theta[0])
    h = 1 / theta[0] ** 2 + x / (1 - theta[0]) ** 2
    return (r * g**2).sum() / (r * h).sum()


# %% rate: all evenings complete
# loses: test_rate
# says: A owns a share of it
def rate(x, theta):
    joint = theta * (1 - theta) ** x[:, None]
    r = joint[:, 0] / joint.sum(axis=1)
    g = 1 / theta[0] - x / (1 - theta[0])
    h = 1 / theta[0] ** 2 + x / (1 - theta[0]) ** 2
    return (r * (1 - r) * g**2).sum() / h.sum()


# %% rate: of the gains
# loses: test_rate
# says: the rate of the errors is its square root
def rate(x, theta):
    joint = theta * (1 - theta) ** x[:, None]
    r = joint[:, 0] / joint.sum(axis=1)
    g = 1 / theta[0] - x / (1 - theta[0])
    h = 1 / theta[0] ** 2 + x / (1 - theta[0]) ** 2
    return ((r * (1 - r) * g**2).sum() / (r * h).sum()) ** 2


# %% rate: typed in
# loses: test_rate
# says: this is the number of the example
def rate(x, theta):
    return 0.25


# %% rate: the derivative of the EM step
def rate(x, theta):
    def step(a):
        p, s = a * (1 - a) ** x, theta[1] * (1 - theta[1]) ** x
        return p / (p + s)

    a, h = theta[0], 1e-6
    change = (step(a + h) - step(a - h)) / (2 * h)
    slope = (change * (1 / a - x / (1 - a))).sum()
    return slope / (step(a) * (1 / a**2 + x / (1 - a) ** 2)).sum()


# %% rate: in a loop
def rate(x, theta):
    a, b = theta
    missing = complete = 0
    for n in x:
        p, s = a * (1 - a) ** n, b * (1 - b) ** n
        doubt = p * s / (p + s) ** 2
        missing += doubt * (1 / a - n / (1 - a)) ** 2
        complete += p / (p + s) * (1 / a**2 + n / (1 - a) ** 2)
    return missing / complete


# %% leap: one length for each
# loses: test_leap, test_refused
# says: each number has a step length of its own
def leap(theta_0, theta_1, theta_2, height):
    step = theta_1 - theta_0
    bend = theta_2 - theta_1 - step
    alpha = np.abs(step) / np.abs(bend)
    target = theta_0 + 2 * alpha * step + alpha**2 * bend
    good = (alpha > 1).all() and (target > 0).all() and (target < 1).all()
    return target if good and height(target) >= height(theta_1) else theta_2


# %% leap: upside down
# loses: test_leap, test_refused
# says: the step length is upside down
def leap(theta_0, theta_1, theta_2, height):
    step = theta_1 - theta_0
    bend = theta_2 - theta_1 - step
    alpha = np.linalg.norm(bend) / np.linalg.norm(step)
    return theta_0 + 2 * alpha * step + alpha**2 * bend


# %% leap: the bend subtracted
# loses: test_leap, test_refused
# says: the bend is subtracted
def leap(theta_0, theta_1, theta_2, height):
    step = theta_1 - theta_0
    bend = theta_2 - theta_1 - step
    alpha = np.linalg.norm(step) / np.linalg.norm(bend)
    return theta_0 + 2 * alpha * step - alpha**2 * bend


# %% leap: never refused
# loses: test_refused
# says: a leap that ends lower than theta_1 is taken
def leap(theta_0, theta_1, theta_2, height):
    step = theta_1 - theta_0
    bend = theta_2 - theta_1 - step
    alpha = np.linalg.norm(step) / np.linalg.norm(bend)
    return theta_0 + 2 * alpha * step + alpha**2 * bend


# %% leap: anywhere
# loses: test_refused
# says: a leap is taken to a number that is no chance
def leap(theta_0, theta_1, theta_2, height):
    step = theta_1 - theta_0
    bend = theta_2 - theta_1 - step
    alpha = np.linalg.norm(step) / np.linalg.norm(bend)
    target = theta_0 + 2 * alpha * step + alpha**2 * bend
    if alpha <= 1 or height(target) < height(theta_1):
        return theta_2
    return target


# %% leap: compared with theta_2
# loses: test_refused
# says: compare with theta_1 alone
def leap(theta_0, theta_1, theta_2, height):
    step = theta_1 - theta_0
    bend = theta_2 - theta_1 - step
    alpha = np.linalg.norm(step) / np.linalg.norm(bend)
    target = theta_0 + 2 * alpha * step + alpha**2 * bend
    good = alpha > 1 and (target > 0).all() and (target < 1).all()
    return target if good and height(target) >= height(theta_2) else theta_2


# %% leap: the square
def leap(theta_0, theta_1, theta_2, height):
    step, second = theta_1 - theta_0, theta_2 - theta_1
    alpha = ((step @ step) / ((second - step) @ (second - step))) ** 0.5
    by_weights = (
        (1 - alpha) ** 2 * theta_0
        + 2 * alpha * (1 - alpha) * theta_1
        + alpha**2 * theta_2
    )
    if alpha <= 1 or by_weights.min() <= 0 or by_weights.max() >= 1:
        return theta_2
    return by_weights if height(by_weights) >= height(theta_1) else theta_2


# %% leap: lists and loops
def leap(theta_0, theta_1, theta_2, height):
    steps = [b - a for a, b in zip(theta_0, theta_1)]
    bends = [c - b - s for b, c, s in zip(theta_1, theta_2, steps)]
    alpha = (sum(s * s for s in steps) / sum(b * b for b in bends)) ** 0.5
    if alpha > 1:
        target = [t + 2 * alpha * s + alpha**2 * b
                  for t, s, b in zip(theta_0, steps, bends)]  # fmt: skip
        if all(0 < t < 1 for t in target):
            if not height(np.array(target)) < height(theta_1):
                return target
    return list(theta_2)
