"""k-means by Lloyd's algorithm: the hard contrast to EM, and one of its starts."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from operator import attrgetter

import numpy as np

from gmmlib.check import check_count, check_enough, check_points, check_random_state
from gmmlib.engine import as_data


@dataclass(frozen=True, eq=False)
class KMeansState:
    """Where Lloyd's algorithm is: the centres, and the labels under these centres."""

    iteration: int
    centres: np.ndarray
    labels: np.ndarray
    inertia: float


def squared_distances(X, centres) -> np.ndarray:
    r"""‖x_n − μ_k‖² for each point and centre, shape (n, k).

    Examples
    --------
    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [1.0, 0.0]]))
    array([[25.,  1.]])
    """
    distances = np.empty((len(centres), len(X)))
    for j, centre in enumerate(centres):
        difference = X - centre
        distances[j] = np.einsum("nd,nd->n", difference, difference)
    return distances.T


def assign(X, centres, sample_weight=None) -> tuple[np.ndarray, float]:
    r"""The nearest centre of each point: the hard E-step.

    .. math:: z_n = \arg\min_k \lVert x_n - \mu_k \rVert^2

    Parameters
    ----------
    X : array, shape (n, d)
    centres : array, shape (k, d)
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Returns
    -------
    labels : array of int, shape (n,)
    inertia : float
        The sum of squared distances to the nearest centres, in squared units of `X`.

    Notes
    -----
    Implements :eq:`eq-kmeans-assign`. Source: Lloyd (1982).

    Examples
    --------
    >>> assign(np.array([[0.0], [1.0], [9.0]]), np.array([[0.0], [10.0]]))
    (array([0, 0, 1]), 2.0)
    """
    distances = squared_distances(X, centres)
    labels, nearest = distances.argmin(axis=1), distances.min(axis=1)
    weight = 1 if sample_weight is None else sample_weight
    return labels, float(np.sum(weight * nearest))


def update(X, labels, centres, sample_weight=None) -> np.ndarray:
    r"""The mean of each cluster: the hard M-step.

    .. math:: \mu_k = \frac{1}{\#\{n : z_n = k\}} \sum_{n : z_n = k} x_n

    Parameters
    ----------
    X : array, shape (n, d)
    labels : array of int, shape (n,)
    centres : array, shape (k, d)
        The centres before; that of an empty cluster stays.
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Returns
    -------
    array, shape (k, d)

    Notes
    -----
    Implements :eq:`eq-kmeans-update`. Source: Lloyd (1982).

    Examples
    --------
    >>> X, labels = np.array([[0.0], [1.0], [9.0]]), np.array([0, 0, 1])
    >>> update(X, labels, centres=np.array([[0.0], [10.0]]))
    array([[0.5],
           [9. ]])
    """
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    centres = np.array(centres, dtype=float)
    for j in range(len(centres)):
        mine = (labels == j) * weight
        if mine.any():
            centres[j] = mine @ X / mine.sum()
    return centres


def lloyd(X, centres, sample_weight=None) -> Iterator[KMeansState]:
    """Run Lloyd's algorithm until no label changes.

    Parameters
    ----------
    X : array, shape (n, d)
    centres : array, shape (k, d)
        Where to start.
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Yields
    ------
    KMeansState
        First the start (iteration 0); the last state is a fixed point.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [8.0], [9.0]])
    >>> [(s.iteration, s.inertia) for s in lloyd(X, np.array([[0.0], [1.0]]))]
    [(0, 113.0), (1, 14.0), (2, 1.0)]
    """
    data = as_data(X, sample_weight)
    centres = check_points(centres, "centres", n_columns=data.n_features).copy()
    previous = None
    for iteration in count():
        labels, inertia = assign(data.points, centres, data.sample_weight)
        yield KMeansState(iteration, centres, labels, inertia)
        if previous is not None and np.array_equal(labels, previous):
            return
        centres = update(data.points, labels, centres, data.sample_weight)
        previous = labels


def kmeans(
    X, n_clusters, n_init=1, random_state=None, sample_weight=None
) -> KMeansState:
    """The best of several runs of Lloyd's algorithm, each from k-means++ centres.

    Parameters
    ----------
    X : array, shape (n, d)
    n_clusters : int
    n_init : int
        How many runs; the one with the lowest inertia is returned.
    random_state : int, RandomState, Generator or None
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Returns
    -------
    KMeansState

    Warns
    -----
    UserWarning
        If there are fewer different points than clusters: some are empty.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [8.0], [9.0]])
    >>> kmeans(X, n_clusters=2, random_state=0).inertia
    1.0
    """
    data = as_data(X, sample_weight)
    check_enough(data.n_counted, check_count(n_clusters, "n_clusters"), "n_clusters")
    rng, runs = check_random_state(random_state), range(check_count(n_init, "n_init"))
    ends = (one_run(data, n_clusters, rng) for _ in runs)
    best = min(ends, key=attrgetter("inertia"))
    if (n_found := len(np.unique(best.labels))) < n_clusters:
        text = f"X: expected {n_clusters} different points, got {n_found}; lower n_clusters"
        warnings.warn(text, stacklevel=2)
    return best


def one_run(data, n_clusters, rng) -> KMeansState:
    """Where Lloyd's algorithm ends, from k-means++ centres."""
    *_, state = lloyd(data, kmeans_plus_plus(data, n_clusters, rng))
    return state


def kmeans_plus_plus(X, n_clusters, random_state=None, sample_weight=None):
    r"""Centres drawn from the points, far ones first.

    After the first, a point is drawn with probability proportional to its squared
    distance from the nearest centre so far.

    Parameters
    ----------
    X : array, shape (n, d)
    n_clusters : int
    random_state : int, RandomState, Generator or None
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Returns
    -------
    array, shape (k, d)

    Notes
    -----
    Source: Arthur & Vassilvitskii (2007).

    Examples
    --------
    >>> X = np.array([[0.0], [0.0], [5.0]])
    >>> sorted(kmeans_plus_plus(X, 2, random_state=0)[:, 0].tolist())
    [0.0, 5.0]
    """
    data = as_data(X, sample_weight)
    rng = check_random_state(random_state)
    points, weight = data.points, data.row_weights()
    chosen = [draw_row(weight, rng)]
    nearest = squared_distances(points, points[chosen])[:, 0]
    while len(chosen) < n_clusters:
        # If no point is left that is not a centre already, any point will do.
        left = nearest * weight
        chosen.append(draw_row(left if left.sum() > 0 else weight, rng))
        distances = squared_distances(points, points[chosen[-1:]])[:, 0]
        nearest = np.minimum(nearest, distances)
    return np.array(points[chosen], dtype=float)


def draw_row(weight, rng) -> int:
    """A row drawn with probability proportional to its weight; never one of 0.

    The weights are laid end to end, and one random number says where to stop. So a row
    of weight 2 is drawn exactly when one of two copies of it would be.

    Examples
    --------
    >>> [draw_row(np.array([0.0, 2.0, 1.0]), np.random.RandomState(i)) for i in range(5)]
    [1, 1, 1, 1, 2]
    """
    ends = np.cumsum(weight)
    return int(np.searchsorted(ends, rng.uniform() * ends[-1], side="right"))
