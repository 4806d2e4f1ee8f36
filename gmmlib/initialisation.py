"""Where EM starts: four kinds of guess, and short runs that try several."""

import numpy as np

from gmmlib.check import check_choice, check_random_state
from gmmlib.engine import (
    Data,
    SideBySide,
    as_data,
    draw_side_by_side,
    lloyd_side_by_side,
)
from gmmlib.kmeans import assign, draw_row, kmeans_plus_plus, one_run
from gmmlib.mixture import Mixture
from gmmlib.race import race
from gmmlib.steps import m_step

# What `short_runs` does: so many candidates of either kind, and rounds in which so many
# of them make so many iterations. See CONTRIBUTING.md.
N_KMEANS, N_DRAWS = 8, 12
ROUNDS = ((N_KMEANS + N_DRAWS, 10), (5, 60))
# Of more rows, candidates are compared on a sample. It places the mean of a component
# to σ/√N_k: with a tenth of the rows, to 0.03 standard deviations.
MOST_ROWS = 10_000


def from_random(data: Data, n_components: int, rng) -> np.ndarray:
    """Uniform random numbers, rows divided by their sums: components start alike."""
    resp = rng.uniform(size=(len(data), n_components))
    return resp / resp.sum(axis=1, keepdims=True)


def from_random_points(data: Data, n_components: int, rng) -> np.ndarray:
    """Each point belongs to the nearest of `n_components` points drawn at random.

    They are different points, as long as there are so many.
    """
    X, weight = data.points, data.row_weights()
    left = weight
    chosen: list[int] = []
    while len(chosen) < n_components:
        chosen.append(draw_row(left if left.any() else weight, rng))
        left = np.where((X[chosen[-1]] == X).all(axis=1), 0.0, left)
    return one_hot(assign(X, X[chosen])[0], n_components)


def from_kmeans_plus_plus(data: Data, n_components: int, rng) -> np.ndarray:
    """Each point belongs to the nearest k-means++ centre."""
    centres = kmeans_plus_plus(data, n_components, rng)
    return one_hot(assign(data.points, centres)[0], n_components)


def from_kmeans(data: Data, n_components: int, rng) -> np.ndarray:
    """Each point belongs to its k-means cluster."""
    return one_hot(one_run(data, n_components, rng).labels, n_components)


def one_hot(labels, n_components: int) -> np.ndarray:
    """Hard labels as responsibilities: 1 for the labelled component, 0 for the others.

    Examples
    --------
    >>> import numpy as np
    >>> one_hot(np.array([1, 0]), 2)
    array([[0., 1.],
           [1., 0.]])
    """
    return np.eye(n_components)[labels]


def mixture_from_responsibilities(
    X, responsibilities, covariance_type="full", floor=0.0, sample_weight=None
) -> Mixture:
    """The M-step without a mixture before it: means first, then the sums about them.

    Parameters
    ----------
    X : array, shape (n, d)
    responsibilities : array, shape (n, k)
    covariance_type : {"full", "tied", "diag", "spherical"}
    floor : float or array, shape (d,)
        Added to each variance.
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Returns
    -------
    Mixture

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [2.0], [8.0], [9.0]])
    >>> resp = one_hot(np.array([0, 0, 1, 1]), 2)
    >>> mixture_from_responsibilities(X, resp, "diag").means
    array([[1. ],
           [8.5]])
    """
    data = as_data(X, sample_weight)
    return m_step(data.sums_with(responsibilities, covariance_type), floor)


def short_runs(
    data: Data, n_components: int, covariance_type: str, floor, rng
) -> np.ndarray:
    """The responsibilities under the best of twenty candidates, after short runs.

    Eight candidates are runs of k-means, which suits round clusters; the other twelve
    are k-means++ draws, which are rougher and so more varied. All get ten EM
    iterations, and the best five another sixty, or as many as it takes to see that
    nobody will overtake the first. One with a collapsed component comes after all
    without.

    Parameters
    ----------
    data : Data
        Standardised.
    n_components : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    floor : array, shape (d,)
        Added to each variance; positive, or a candidate could fail.
    rng : RandomState

    Returns
    -------
    array, shape (n, k)

    Notes
    -----
    Source: Biernacki, Celeux & Govaert (2003), who call it em-EM; theirs has one round.
    What helps is that there are many candidates, of two kinds, and that the last of them
    come close to their ends. Those that are the same partition are run once.
    """
    if n_components == 1:
        return np.ones((len(data), 1))
    draws = draw_side_by_side(data, N_KMEANS + N_DRAWS, n_components, rng)
    partitions = [
        *lloyd_side_by_side(data, draws[:N_KMEANS]),
        *lloyd_side_by_side(data, draws[N_KMEANS:], most_iterations=1),
    ]
    together = SideBySide.of_partitions(data, partitions, covariance_type, floor)
    return race(data, together, floor, ROUNDS).responsibilities(data.points)


GUESSES = {
    "kmeans": from_kmeans,
    "k-means++": from_kmeans_plus_plus,
    "random": from_random,
    "random_from_data": from_random_points,
}


def check_recipe(init_params):
    """Raise an error that lists the recipes for a start, if that is none of them."""
    check_choice(init_params, "init_params", dict.fromkeys(["short_runs", *GUESSES]))


def start(
    X,
    n_components,
    covariance_type="full",
    init_params="short_runs",
    floor=0.0,
    random_state=None,
    sample_weight=None,
) -> Mixture:
    """A mixture to start EM from.

    Parameters
    ----------
    X : array or Dask array, shape (n, d)
        Distances are measured in standard deviations of each feature, so that units do
        not matter; for ``"spherical"``, whose components are round in the units of the
        data, in one unit for all. Of a Dask array with more than ten thousand rows,
        only so many are looked at; by ``"short_runs"``, of any data.
    n_components : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    init_params : {"short_runs", "kmeans", "k-means++", "random", "random_from_data"}
    floor : float or array, shape (d,)
        Added to each variance.
    random_state : int, RandomState, Generator or None
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Returns
    -------
    Mixture

    Raises
    ------
    ValueError
        If `init_params` is none of these names.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [8.0], [9.0]])
    >>> sorted(start(X, 2, init_params="kmeans", random_state=0).means[:, 0].tolist())
    [0.5, 8.5]
    """
    check_recipe(init_params)
    rng = check_random_state(random_state)
    data = as_data(X, sample_weight).gathered(MOST_ROWS, rng)
    is_short = init_params == "short_runs"
    if is_short:
        least = np.maximum(floor, data.floor())
        data = data.draw_rows(MOST_ROWS, rng)
    standard, unit = data.standardised(in_one_unit=covariance_type == "spherical")
    if is_short:
        resp = short_runs(standard, n_components, covariance_type, least / unit**2, rng)
    else:
        resp = GUESSES[init_params](standard, n_components, rng)
    return m_step(data.sums_with(resp, covariance_type), floor)
