"""Several mixtures, or sets of centres, side by side: one pass over the data for all.

Python takes as long to begin a product of matrices for one mixture as for twenty: of a
few hundred points, twenty side by side take little more time than two.
"""

from dataclasses import replace

import numpy as np

from gmmlib.engine.blocks import block_rows
from gmmlib.mixture import Mixture, normalise

# Where rounding decides to which of two centres a point belongs, a run could go round.
MOST_ITERATIONS = 300


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

    @classmethod
    def of(cls, mixture: Mixture, n_mixtures: int):
        """That mixture, of whose components so many mixtures are made."""
        together = object.__new__(cls)
        vars(together).update(vars(mixture), n_mixtures=n_mixtures)
        return together

    @classmethod
    def joined(cls, mixtures):
        """All their components in one mixture."""
        kind, is_tied = (
            mixtures[0].covariance_type,
            mixtures[0].covariance_type == "tied",
        )
        together = Mixture.unchecked(
            np.concatenate([m.weights for m in mixtures]) / len(mixtures),
            np.concatenate([m.means for m in mixtures]),
            np.concatenate(
                [m.full_covariances() if is_tied else m.covariances for m in mixtures]
            ),
            "full" if is_tied else kind,
        )
        return cls.of(together, len(mixtures))

    def apart(self, covariance_type) -> list[Mixture]:
        """The mixtures that were joined.

        Examples
        --------
        >>> from gmmlib import Mixture
        >>> two = [Mixture([1.0], [[mean]], [[4.0]], "tied") for mean in (0.0, 3.0)]
        >>> [m.means.tolist() for m in SideBySide.joined(two).apart("tied")]
        [[[0.0]], [[3.0]]]
        """
        parts = (
            np.split(array, self.n_mixtures)
            for array in (self.weights * self.n_mixtures, self.means, self.covariances)
        )
        is_tied = covariance_type == "tied"
        return [
            Mixture.unchecked(
                weights, means, full[0] if is_tied else full, covariance_type
            )
            for weights, means, full in zip(*parts)
        ]

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
