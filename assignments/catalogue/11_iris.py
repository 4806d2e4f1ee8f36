# Answers to problem set 11. "# %% cell: name" opens one; below it, the tests that it
# loses, if any, and what the feedback says. It takes the place of the cell's solution.

# %% same_mixture: in the order given
# loses: test_same_mixture
# says: the components are the same in another order
def same_mixture(weights, means, other_weights, other_means):
    return np.allclose(weights, other_weights) and np.allclose(means, other_means)


# %% same_mixture: to the last digit
# loses: test_same_mixture
# says: two programs round differently
def same_mixture(weights, means, other_weights, other_means):
    one = sorted(zip(weights, map(tuple, means)))
    return one == sorted(zip(other_weights, map(tuple, other_means)))


# %% same_mixture: sorted apart
# loses: test_same_mixture
# says: a weight belongs to its mean
def same_mixture(weights, means, other_weights, other_means):
    same = np.allclose(np.sort(weights), np.sort(other_weights))
    return same and np.allclose(np.sort(means, axis=0), np.sort(other_means, axis=0))


# %% same_mixture: sorted by the weights
# loses: test_same_mixture
# says: components of equal weight are exchanged
def same_mixture(weights, means, other_weights, other_means):
    i, j = np.argsort(weights), np.argsort(other_weights)
    return np.allclose(weights[i], other_weights[j]) and np.allclose(means[i], other_means[j])


# %% same_mixture: some partner for each
# loses: test_same_mixture
# says: one component is matched twice
def same_mixture(weights, means, other_weights, other_means):
    one, other = np.c_[weights, means], np.c_[other_weights, other_means]
    return all(any(np.allclose(a, b) for a in one) for b in other)


# %% same_mixture: sorted together
def same_mixture(weights, means, other_weights, other_means):
    one = np.c_[weights, means].round(6)
    other = np.c_[other_weights, other_means].round(6)
    return int(np.allclose(one[np.lexsort(one.T)], other[np.lexsort(other.T)]))


# %% iterations_left: of one gain
# loses: test_iterations_left, test_iterations_left_of_slow_runs
# says: add up all that follow
def iterations_left(history, tol):
    before, last = np.diff(history)[-2:]
    return max(0, int(np.ceil(np.log(tol / last) / np.log(last / before))))


# %% iterations_left: the last gain once more
# loses: test_iterations_left, test_iterations_left_of_slow_runs
# says: not with the last one, which is already made
def iterations_left(history, tol):
    before, last = np.diff(history)[-2:]
    kappa = last / before
    return max(0, int(np.ceil(np.log(tol * (1 - kappa) / last) / np.log(kappa))))


# %% iterations_left: rounded down
# loses: test_iterations_left, test_iterations_left_of_slow_runs
# says: the number is rounded down
def iterations_left(history, tol):
    before, last = np.diff(history)[-2:]
    kappa = last / before
    rest = last * kappa / (1 - kappa)
    return max(0, int(np.log(tol / rest) / np.log(kappa)))


# %% iterations_left: less than none
# loses: test_iterations_left, test_iterations_left_of_slow_runs
# says: 0 more iterations, not a negative number
def iterations_left(history, tol):
    before, last = np.diff(history)[-2:]
    kappa = last / before
    rest = last * kappa / (1 - kappa)
    return np.ceil(np.log(tol / rest) / np.log(kappa))


# %% iterations_left: never ends
# loses: test_iterations_left, test_iterations_left_of_slow_runs
# says: the quotient is that of the first gains
def iterations_left(history, tol):
    gains, count = np.diff(history), 0
    kappa = gains[1] / gains[0]
    rest = gains[-1] * kappa / (1 - kappa)
    while rest > tol:
        rest, count = rest * kappa, count + 1
    return count


# %% iterations_left: gain by gain
def iterations_left(history, tol):
    gains = np.diff(history)
    kappa = gains[-1] / gains[-2]
    future = gains[-1] * kappa ** np.arange(1, 20001)
    rest = np.cumsum(future[::-1])[::-1]
    return np.argmax(rest <= tol)


# %% accuracy: not matched
# loses: test_accuracy, test_accuracy_of_other_tables
# says: the numbers of clusters are names, so match them first
def accuracy(classes, labels, k):
    return (classes == labels).mean()


# %% accuracy: the largest first
# loses: test_accuracy, test_accuracy_of_other_tables
# says: another matching has more points right
def accuracy(classes, labels, k):
    table, right = np.zeros((k, k)), 0
    np.add.at(table, (classes, labels), 1)
    for _ in range(k):
        i, j = divmod(table.argmax(), k)
        right += table[i, j]
        table[i], table[:, j] = -1, -1
    return right / len(classes)


# %% accuracy: purity
# loses: test_accuracy, test_accuracy_of_other_tables
# says: a matching uses no name twice
def accuracy(classes, labels, k):
    return sum(np.bincount(classes[labels == j], minlength=k).max() for j in range(k)) / len(labels)


# %% accuracy: a count
# loses: test_accuracy, test_accuracy_of_other_tables
# says: the accuracy is their share
def accuracy(classes, labels, k):
    return max(sum(np.array(m)[labels] == classes) for m in permutations(range(k)))


# %% accuracy: by SciPy's assignment
def accuracy(classes, labels, k):
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((k, k))
    np.add.at(table, (classes, labels), 1)
    return table[linear_sum_assignment(-table)].sum() / len(labels)


# %% accuracy: on the table of counts
def accuracy(classes, labels, k):
    table = [[np.sum((classes == i) & (labels == j)) for j in range(k)] for i in range(k)]
    best = 0
    for matching in permutations(range(k)):
        best = max(best, sum(table[i][j] for j, i in enumerate(matching)))
    return best / sum(map(sum, table))


# %% rand_index: with themselves
# loses: test_rand_index, test_rand_index_of_other_partitions
# says: each point is paired with itself, too
def rand_index(classes, labels):
    return ((classes[:, None] == classes) == (labels[:, None] == labels)).mean()


# %% rand_index: together alone
# loses: test_rand_index, test_rand_index_of_other_partitions
# says: those apart in both agree as well
def rand_index(classes, labels):
    i, j = np.triu_indices(len(classes), k=1)
    return np.mean((classes[i] == classes[j]) & (labels[i] == labels[j]))


# %% rand_index: names compared
# loses: test_rand_index, test_rand_index_of_other_partitions
# says: labels and classes of single points are compared
def rand_index(classes, labels):
    return np.mean(classes == labels)


# %% rand_index: divided by n²
# loses: test_rand_index, test_rand_index_of_other_partitions
# says: the sum over the pairs is divided by n²
def rand_index(classes, labels):
    i, j = np.triu_indices(len(classes), k=1)
    agree = (classes[i] == classes[j]) == (labels[i] == labels[j])
    return agree.sum() / len(classes) ** 2


# %% rand_index: two loops
def rand_index(classes, labels):
    agree = pairs = 0
    for i in range(len(classes)):
        for j in range(i):
            pairs += 1
            agree += (classes[i] == classes[j]) == (labels[i] == labels[j])
    return agree / pairs
