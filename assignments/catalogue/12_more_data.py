# Answers to problem set 12. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% combined: average of the means
# loses: test_combined, test_combined_of_other_buoys
# says: the means of the blocks are averaged as if all blocks had equally many points
def combined(counts, centres, firsts, scatters):
    own = firsts / counts[:, None]
    inner = scatters / counts[:, None, None] - own[:, :, None] * own[:, None, :]
    return (centres + own).mean(axis=0), inner.mean(axis=0)


# %% combined: average of the covariances
# loses: test_combined, test_combined_of_other_buoys
# says: the covariances of the blocks are averaged
def combined(counts, centres, firsts, scatters):
    own = firsts / counts[:, None]
    inner = scatters / counts[:, None, None] - own[:, :, None] * own[:, None, :]
    return counts @ (centres + own) / counts.sum(), inner.mean(axis=0)


# %% combined: within the blocks
# loses: test_combined, test_combined_of_other_buoys
# says: the distances between the blocks' means are missing
def combined(counts, centres, firsts, scatters):
    mean, inner = 0, 0
    for N, c, s, S in zip(counts, centres, firsts, scatters):
        mean = mean + N * c + s
        inner = inner + S - np.outer(s, s) / max(N, 1)
    return mean / counts.sum(), inner / counts.sum()


# %% combined: added as they are
# loses: test_combined, test_combined_of_other_buoys
# says: sums about different centres are added as they are
def combined(counts, centres, firsts, scatters):
    n, shift = counts.sum(), firsts.sum(axis=0) / counts.sum()
    scatter = scatters.sum(axis=0) / n - np.outer(shift, shift)
    return counts @ centres / n + shift, scatter


# %% combined: without mixed products
# loses: test_combined, test_combined_of_other_buoys
# says: a centre is moved without the mixed products
def combined(counts, centres, firsts, scatters):
    n = counts.sum()
    mean = (counts @ centres + firsts.sum(axis=0)) / n
    steps = [N * np.outer(c - mean, c - mean) for N, c in zip(counts, centres)]
    return mean, (scatters.sum(axis=0) + sum(steps)) / n


# %% combined: divided by one less
# loses: test_combined, test_combined_of_other_buoys
# says: the scatter is divided by n - 1; the M-step divides by n
def combined(counts, centres, firsts, scatters):
    n, first, second = counts.sum(), 0, 0
    for N, c, s, S in zip(counts, centres, firsts, scatters):
        first = first + s + N * c
        second = second + S + np.outer(s, c) + np.outer(c, s) + N * np.outer(c, c)
    return first / n, (second - np.outer(first, first) / n) / (n - 1)


# %% combined: moved to 0
def combined(counts, centres, firsts, scatters):
    first, second = 0, 0
    for N, c, s, S in zip(counts, centres, firsts, scatters):
        first = first + s + N * c
        second = second + S + np.outer(s, c) + np.outer(c, s) + N * np.outer(c, c)
    mean = first / counts.sum()
    return mean, second / counts.sum() - np.outer(mean, mean)


# %% combined: two at a time, within and between
def combined(counts, centres, firsts, scatters):
    n, mean, scatter = 0, 0, 0
    for N, c, s, S in zip(counts, centres, firsts, scatters):
        if N:
            gap = c + s / N - mean
            between = n * N / (n + N) * np.outer(gap, gap)
            scatter = scatter + S - np.outer(s, s) / N + between
            n, mean = n + N, mean + N / (n + N) * gap
    return [mean, scatter / n]


# %% em_pass: parameters averaged
# loses: test_pass, test_pass_over_a_buoy, test_pass_far_from_zero
# says: the blocks' results are averaged; add up sums
def em_pass(blocks, weights, means, variances):
    each = []
    for x in blocks:
        r = responsibilities(x, weights, means, variances)
        N = r.sum(axis=0)
        new = r.T @ x / N
        each.append((N / len(x), new, (r * (x[:, None] - new) ** 2).sum(axis=0) / N))
    return [np.mean(part, axis=0) for part in zip(*each)]


# %% em_pass: a step after each block
# loses: test_pass, test_pass_over_a_buoy, test_pass_far_from_zero
# says: in a pass all blocks are mapped with the same mixture
def em_pass(blocks, weights, means, variances):
    for x in blocks:
        if len(x):
            r = responsibilities(x, weights, means, variances)
            N = r.sum(axis=0)
            weights, means = N / len(x), r.T @ x / N
            variances = (r * (x[:, None] - means) ** 2).sum(axis=0) / N
    return weights, means, variances


# %% em_pass: about the old means
# loses: test_pass, test_pass_over_a_buoy, test_pass_far_from_zero
# says: the variances are about the old means
def em_pass(blocks, weights, means, variances):
    N, first, second = np.zeros((3, len(means)))
    for x in blocks:
        r = responsibilities(x, weights, means, variances)
        N += r.sum(axis=0)
        first += r.T @ x
        second += (r * (x[:, None] - means) ** 2).sum(axis=0)
    return N / N.sum(), first / N, second / N


# %% em_pass: blocks kept
# loses: test_pass_over_a_buoy
# says: blocks are kept after their memory was used again
def em_pass(blocks, weights, means, variances):
    x = np.concatenate(list(blocks))
    r = responsibilities(x, weights, means, variances)
    N = r.sum(axis=0)
    new = r.T @ x / N
    return N / len(x), new, (r * (x[:, None] - new) ** 2).sum(axis=0) / N


# %% em_pass: read twice
# loses: test_pass_over_a_buoy
# says: the buoy gives its blocks once only
def em_pass(blocks, weights, means, variances):
    N, first, second = np.zeros((3, len(means)))
    for x in blocks:
        r = responsibilities(x, weights, means, variances)
        N, first = N + r.sum(axis=0), first + r.T @ x
    new = first / N
    for x in blocks:
        r = responsibilities(x, weights, means, variances)
        second += (r * (x[:, None] - new) ** 2).sum(axis=0)
    return N / N.sum(), new, second / N


# %% em_pass: about 0
# loses: test_pass_far_from_zero
# says: far from 0 the digits of the variances are lost
def em_pass(blocks, weights, means, variances):
    N, first, second = np.zeros((3, len(means)))
    for x in blocks:
        r = responsibilities(x, weights, means, variances)
        N, first, second = N + r.sum(axis=0), first + r.T @ x, second + r.T @ x**2
    return N / N.sum(), first / N, second / N - (first / N) ** 2


# %% em_pass: copies of the blocks
def em_pass(blocks, weights, means, variances):
    x = np.concatenate([block.copy() for block in blocks])
    r = responsibilities(x, weights, means, variances)
    N = r.sum(axis=0)
    new = r.T @ x / N
    return N / len(x), new, (r * (x[:, None] - new) ** 2).sum(axis=0) / N


# %% em_pass: number by number, as a list
def em_pass(blocks, weights, means, variances):
    K = len(means)
    sums = [[0.0, 0.0, 0.0] for _ in range(K)]
    for block in blocks:
        for x, row in zip(block, responsibilities(block, weights, means, variances)):
            for k in range(K):
                for power in range(3):
                    sums[k][power] += row[k] * (x - means[k]) ** power
    n = sum(N for N, _, _ in sums)
    return ([N / n for N, _, _ in sums],
            [m + s / N for m, (N, s, _) in zip(means, sums)],
            [S / N - (s / N) ** 2 for N, s, S in sums])


# %% online: t from 0
# loses: test_online
# says: the steps are counted from 0
def online(blocks, mean, variance, a, t_0):
    one, two, average = mean, variance + mean**2, 0
    for t, x in enumerate(blocks):
        omega = (t + t_0) ** -a
        one, two = one + omega * (x.mean() - one), two + omega * ((x**2).mean() - two)
        average += 2 / (t + 2) * (one - average)
    return one, two - one**2, average


# %% online: plain average
# loses: test_online
# says: the average counts all steps alike
def online(blocks, mean, variance, a, t_0):
    one, two, path = mean, variance + mean**2, []
    for t, x in enumerate(blocks, 1):
        omega = (t + t_0) ** -a
        one, two = one + omega * (x.mean() - one), two + omega * ((x**2).mean() - two)
        path.append(one)
    return one, two - one**2, np.mean(path)


# %% online: memory kept whole
# loses: test_online
# says: the old memory is kept as a whole
def online(blocks, mean, variance, a, t_0):
    one, two, average = mean, variance + mean**2, 0
    for t, x in enumerate(blocks, 1):
        omega = (t + t_0) ** -a
        one, two = one + omega * x.mean(), two + omega * (x**2).mean()
        average += 2 / (t + 1) * (one - average)
    return one, two - one**2, average


# %% online: sums of a block
# loses: test_online
# says: the memory is per point, so divide by the length of the block
def online(blocks, mean, variance, a, t_0):
    one, two, average = mean, variance + mean**2, 0
    for t, x in enumerate(blocks, 1):
        omega = (t + t_0) ** -a
        one, two = one + omega * (x.sum() - one), two + omega * ((x**2).sum() - two)
        average += 2 / (t + 1) * (one - average)
    return one, two - one**2, average


# %% online: variances mixed
# loses: test_online
# says: the variances are mixed
def online(blocks, mean, variance, a, t_0):
    average = 0
    for t, x in enumerate(blocks, 1):
        omega = (t + t_0) ** -a
        mean = (1 - omega) * mean + omega * x.mean()
        variance = (1 - omega) * variance + omega * x.var()
        average += 2 / (t + 1) * (mean - average)
    return mean, variance, average


# %% online: the average at the end
def online(blocks, mean, variance, a, t_0):
    memory, path = (mean, variance + mean**2), []
    for t, x in enumerate(blocks, 1):
        omega = 1 / (t + t_0) ** a
        new = x.mean(), x @ x / len(x)
        memory = [m + omega * (to - m) for m, to in zip(memory, new)]
        path.append(memory[0])
    average = np.average(path, weights=range(1, t + 1))
    return path[-1], memory[1] - path[-1] ** 2, average


# %% online: moved variances
def online(blocks, mean, variance, a, t_0):
    average = mean
    for t, x in enumerate(blocks, 1):
        omega, gap = (t + t_0) ** -a, x.mean() - mean
        variance = (1 - omega) * (variance + omega * gap**2) + omega * x.var()
        mean += omega * gap
        average = ((t - 1) * average + 2 * mean) / (t + 1)
    return mean, variance, average
