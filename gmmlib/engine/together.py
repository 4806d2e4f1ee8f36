"""Several mixtures, or sets of centres, side by side: one pass over the data for all.

Python takes as long to begin a product of matrices for one mixture as for twenty: of a
few hundred points, twenty side by side take little more time than two.
"""

from dataclasses import replace

import numpy as np

from gmmlib.engine.blocks import block_rows
from gmmlib.mixture import Mixture

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


def side_by_side(mixtures) -> Mixture:
    """One mixture of all their components; tied covariances are written as full ones."""
    is_tied = mixtures[0].covariance_type == "tied"
    return Mixture.unchecked(
        np.concatenate([m.weights for m in mixtures]) / len(mixtures),
        np.concatenate([m.means for m in mixtures]),
        np.concatenate(
            [m.full_covariances() if is_tied else m.covariances for m in mixtures]
        ),
        "full" if is_tied else mixtures[0].covariance_type,
    )


def apart(together, n_mixtures, covariance_type) -> list[Mixture]:
    """The mixtures that stand side by side.

    Examples
    --------
    >>> from gmmlib import Mixture
    >>> two = [Mixture([1.0], [[mean]], [[4.0]], "tied") for mean in (0.0, 3.0)]
    >>> [m.means.tolist() for m in apart(side_by_side(two), 2, "tied")]
    [[[0.0]], [[3.0]]]
    """
    parts = zip(
        np.split(together.weights * n_mixtures, n_mixtures),
        np.split(together.means, n_mixtures),
        np.split(together.covariances, n_mixtures),
    )
    is_tied = covariance_type == "tied"
    return [
        Mixture.unchecked(weights, means, full[0] if is_tied else full, covariance_type)
        for weights, means, full in parts
    ]


def tie(sums, n_mixtures):
    """Sums that give all components of a mixture the average of their covariances."""
    shape = n_mixtures, -1, *sums.scatter.shape[1:]
    total = sums.total[:, None, None]
    moved = total * sums.shift[:, :, None] * sums.shift[:, None, :]
    inner = (sums.scatter - moved).reshape(shape).sum(axis=1, keepdims=True)
    whole = total.reshape(*shape[:2], 1, 1)
    inner = whole * (inner / whole.sum(axis=1, keepdims=True))
    return replace(sums, scatter=inner.reshape(moved.shape) + moved)
