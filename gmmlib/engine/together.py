"""Several mixtures, or sets of centres, side by side: one pass over the data for all.

Python takes as long to begin a product of matrices for one mixture as for twenty: of a
few hundred points, twenty side by side take little more time than two.
"""

from dataclasses import replace
from math import prod

import numpy as np

from gmmlib.covariance import COVARIANCE_TYPES
from gmmlib.engine.blocks import BLOCK_BYTES, block_rows
from gmmlib.mixture import Mixture, normalise
from gmmlib.steps import m_step

# Where rounding decides to which of two centres a point belongs, a run could go round.
MOST_ITERATIONS = 300
MOST_NUMBERS = 2**20  # in the covariances of the mixtures that share a pass


def draw_side_by_side(data, n_sets, n_clusters, rng) -> np.ndarray:
    """So many sets of k-means++ centres, as :func:`gmmlib.kmeans.kmeans_plus_plus` draws.

    Parameters
    ----------
    data : Data
        In memory.
    n_sets, n_clusters : int
    rng : RandomState

    Returns
    -------
    array, shape (c, k, d)
        The same as one set drawn after the other.

    Examples
    --------
    >>> from gmmlib.engine import as_data
    >>> data = as_data([[0.0], [0.0], [5.0]])
    >>> sets = draw_side_by_side(data, 3, 2, np.random.RandomState(0))
    >>> np.sort(sets[:, :, 0], axis=1)
    array([[0., 5.],
           [0., 5.],
           [0., 5.]])
    """
    few = max(1, BLOCK_BYTES // (8 * 6 * len(data)))  # of six numbers a row
    if n_sets > few:
        sizes = [min(few, n_sets - first) for first in range(0, n_sets, few)]
        parts = [draw_side_by_side(data, size, n_clusters, rng) for size in sizes]
        return np.concatenate(parts)
    weight, places = data.row_weights(), rng.uniform(size=(n_sets, n_clusters)).T
    features = np.ascontiguousarray(data.points.T)
    left, nearest, sets = np.array([weight] * n_sets), np.inf, []
    for place in places:
        ends = np.cumsum(
            np.where(left.any(axis=1, keepdims=True), left, weight), axis=1
        )
        stops = place * ends[:, -1]
        rows = [np.searchsorted(*pair, side="right") for pair in zip(ends, stops)]
        sets.append(data.points[rows])
        squares = sum((x - c[:, None]) ** 2 for x, c in zip(features, sets[-1].T))
        nearest = np.minimum(nearest, squares)
        left = nearest * weight
    return np.stack(sets, axis=1)


def lloyd_side_by_side(data, centres, most_iterations=MOST_ITERATIONS) -> np.ndarray:
    r"""The clusters at which Lloyd's algorithm ends, from several sets of centres.

    The nearest centre has the largest :math:`x^\top \mu_k - \tfrac12
    \lVert \mu_k \rVert^2`, which is one product of matrices for all. The data must lie
    about their middle, or digits cancel.

    Parameters
    ----------
    data : Data
        In memory.
    centres : array, shape (c, k, d)
    most_iterations : int
        With 1, the clusters are those of the centres as they are.

    Returns
    -------
    array of bool, shape (c, k, n)
        Whether a point belongs to a cluster: to two, if neither centre is nearer.

    Examples
    --------
    >>> from gmmlib.engine import as_data
    >>> data = as_data([[-4.0], [-3.0], [3.0], [4.0]])
    >>> centres = [[[-4.0], [-3.0]], [[3.0], [4.0]]]
    >>> lloyd_side_by_side(data, centres).astype(int)[1]
    array([[1, 1, 0, 0],
           [0, 0, 1, 1]])
    """
    centres, weight = np.array(centres), data.row_weights()
    c, k, _ = centres.shape
    clusters, running = np.zeros((c, k, len(data)), dtype=bool), np.arange(c)
    rows = block_rows(3 * c * k)
    parts = [slice(first, first + rows) for first in range(0, len(data), rows)]
    for _ in range(most_iterations):
        half_squares = 0.5 * (centres**2).sum(axis=2, keepdims=True)
        moved = np.zeros(len(running), dtype=bool)
        total, first = np.zeros((len(running), k, 1)), np.zeros_like(centres)
        for part in parts:
            points = data.points[part]
            closeness = centres @ points.T - half_squares
            nearest = closeness == closeness.max(axis=1, keepdims=True)
            moved |= (nearest != clusters[running, :, part]).any(axis=(1, 2))
            clusters[running, :, part] = nearest
            mine = nearest * weight[part]
            total += mine.sum(axis=2, keepdims=True)
            first += mine @ points
        centres = np.where(total > 0, first / np.where(total > 0, total, 1), centres)
        running, centres = running[moved], centres[moved]
        if not len(running):
            break
    return clusters


class SideBySide(Mixture):
    """Several mixtures written as one: of each, a point's responsibilities sum to 1.

    They have the same number of components and count for as much; tied covariances are
    written as full ones. A pass takes the sums of all of them.
    """

    n_mixtures: int
    is_tied: bool

    @classmethod
    def of(cls, mixture: Mixture, n_mixtures=1, is_tied=False):
        """That mixture, of whose components so many mixtures are made."""
        together = object.__new__(cls)
        vars(together).update(vars(mixture), n_mixtures=n_mixtures, is_tied=is_tied)
        return together

    @classmethod
    def of_partitions(cls, data, partitions, covariance_type, floor):
        """The M-step of each partition, of those that are different.

        Parameters
        ----------
        data : Data
            In memory.
        partitions : list of arrays of bool, shape (k, n)
            As of :func:`lloyd_side_by_side`.
        covariance_type : {"full", "tied", "diag", "spherical"}
        floor : array, shape (d,)
            Added to each variance.
        """
        # Sorted by their first points: the clusters' numbers mean nothing.
        ordered = [each[np.argsort(each.argmax(axis=1))] for each in partitions]
        different = list({each.tobytes(): each for each in ordered}.values())
        kind, is_tied = covariance_type, covariance_type == "tied"
        if is_tied:
            kind = "full"
        k, d = len(different[0]), data.n_features
        few = MOST_NUMBERS // prod(COVARIANCE_TYPES[kind].shape(k, d))
        few = max(1, min(few, BLOCK_BYTES // (8 * 4 * k * len(data))))
        parts = []
        for first in range(0, len(different), few):
            some = different[first : first + few]
            resp = np.concatenate([each / each.sum(axis=0) for each in some]).T
            sums = data.sums_with(resp, kind)
            parts.append(cls.m_step(len(some), is_tied, floor, sums))
        return cls.joined(parts)

    @classmethod
    def m_step(cls, n_mixtures, is_tied, floor, sums):
        """The M-step of each of so many mixtures."""
        if is_tied:
            sums = tie(sums, n_mixtures)
        return cls.of(m_step(sums, floor), n_mixtures, is_tied)

    @classmethod
    def joined(cls, parts):
        """All mixtures of some that stand side by side."""
        first, *others = parts
        if not others:
            return first
        shares = [part.n_mixtures for part in parts]
        together = Mixture.unchecked(
            np.concatenate([n * part.weights for n, part in zip(shares, parts)])
            / sum(shares),
            np.concatenate([part.means for part in parts]),
            np.concatenate([part.covariances for part in parts]),
            first.covariance_type,
        )
        return cls.of(together, sum(shares), first.is_tied)

    def of_each(self, array):
        """An array with a row for each component, as one with a row for each mixture."""
        return array.reshape(self.n_mixtures, -1, *array.shape[1:])

    def take(self, numbers):
        """Those of the mixtures that have these numbers, in this order."""
        if np.array_equal(numbers, range(self.n_mixtures)):
            return self
        weights, means, covariances = (
            np.concatenate(self.of_each(array)[numbers])
            for array in (self.weights, self.means, self.covariances)
        )
        weights = weights * (self.n_mixtures / len(numbers))
        some = Mixture.unchecked(weights, means, covariances, self.covariance_type)
        return self.of(some, len(numbers), self.is_tied)

    def parts(self):
        """The same, a few at a time, if all have too many numbers."""
        few = max(1, MOST_NUMBERS * self.n_mixtures // self.covariances.size)
        numbers = range(self.n_mixtures)
        return [self.take(numbers[first : first + few]) for first in numbers[::few]]

    def apart(self) -> list[Mixture]:
        """The mixtures one by one.

        Examples
        --------
        >>> from gmmlib import Mixture
        >>> two = Mixture([0.5, 0.5], [[0.0], [3.0]], [[[4.0]], [[4.0]]])
        >>> [each.means.tolist() for each in SideBySide.of(two, 2, is_tied=True).apart()]
        [[[0.0]], [[3.0]]]
        """
        arrays = self.weights * self.n_mixtures, self.means, self.covariances
        each = zip(*map(self.of_each, arrays))
        if self.is_tied:
            return [Mixture.unchecked(w, m, c[0], "tied") for w, m, c in each]
        return [Mixture.unchecked(w, m, c, self.covariance_type) for w, m, c in each]

    def normalise(self, log_joint, out=None):
        """Each mixture for itself; log-densities of shape (n_mixtures, n)."""
        shape = len(log_joint), self.n_mixtures, -1
        out = None if out is None else out.reshape(shape)
        resp, log_density = normalise(log_joint.reshape(shape), out)
        return resp.reshape(log_joint.shape), log_density.T


def tie(sums, n_mixtures):
    """Sums that give all components of a mixture the average of their covariances."""
    shape = n_mixtures, -1, *sums.scatter.shape[1:]
    total = sums.total[:, None, None]
    moved = total * sums.shift[:, :, None] * sums.shift[:, None, :]
    inner = (sums.scatter - moved).reshape(shape).sum(axis=1, keepdims=True)
    whole = total.reshape(*shape[:2], 1, 1)
    inner = whole * (inner / whole.sum(axis=1, keepdims=True))
    return replace(sums, scatter=inner.reshape(moved.shape) + moved)
