"""Where EM starts: four kinds of guess, and short runs that try several."""

import numpy as np

from gmmlib.check import check_choice, check_random_state
from gmmlib.diagnosis import rank
from gmmlib.em import em, remaining_gain
from gmmlib.engine import Data, as_data
from gmmlib.kmeans import assign, draw_row, kmeans, kmeans_plus_plus
from gmmlib.mixture import Mixture
from gmmlib.steps import m_step

# What `short_runs` does: so many candidates, to so many EM iterations each in all.
ROUNDS = ((10, 10), (5, 30), (2, 70))
ENOUGH = 1e-4  # nats per point: a candidate with less to gain has arrived
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
    return one_hot(kmeans(data, n_components, random_state=rng).labels, n_components)


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
) -> Mixture:
    """The winner of three rounds among ten candidates.

    Five candidates are runs of k-means, which suits round clusters; five are k-means++
    draws, which are rougher and so more varied. All ten get ten EM iterations; the best
    five go on to thirty, and the best two of them to seventy. One with a collapsed
    component comes after all without.

    Parameters
    ----------
    data : Data
    n_components : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    floor : array, shape (d,)
        Added to each variance.
    rng : RandomState

    Returns
    -------
    Mixture

    Notes
    -----
    Source: Biernacki, Celeux & Govaert (2003), who call it em-EM; theirs has one round.
    What helps is that there are many candidates, and of two kinds; the rounds after the
    first change little. Of more than ten thousand points, the rounds see a sample: it
    tells good starts from bad ones, and the cost stays the same.
    """
    data = data.draw_rows(MOST_ROWS, rng)
    runs = []
    for i in range(ROUNDS[0][0] if n_components > 1 else 1):
        guess = from_kmeans_plus_plus if i % 2 else from_kmeans
        resp = guess(data, n_components, rng)
        runs.append(ShortRun(data, resp, covariance_type, floor))
    for n_runs, n_iterations in ROUNDS:
        runs = runs[:n_runs]
        for run in runs:
            run.advance(n_iterations)
        runs.sort(key=ShortRun.standing, reverse=True)
    if runs[0].failure:
        raise runs[0].failure
    return runs[0].state.mixture


class ShortRun:
    """A candidate under way: EM that stops and goes on."""

    def __init__(self, data, responsibilities, covariance_type, floor):
        self.data, self.floor = data, floor
        self.guess = responsibilities, covariance_type
        self.states, self.state, self.failure = None, None, None
        self.log_likelihoods = []

    def advance(self, n_iterations):
        """Go on until there have been so many iterations, or little is to gain."""
        if self.failure:
            return
        enough = ENOUGH * self.data.n_points
        try:
            if self.states is None:
                begin = m_step(self.data.sums_with(*self.guess), self.floor)
                self.states = em(self.data, begin, self.floor)
            while (
                len(self.log_likelihoods) <= n_iterations
                and remaining_gain(self.log_likelihoods) > enough
            ):
                self.state = next(self.states)
                self.log_likelihoods.append(self.state.log_likelihood)
        except ValueError as error:  # a collapse that no floor stops
            self.failure = error

    def standing(self):
        """What to sort candidates by."""
        if self.failure:
            return False, -np.inf
        return rank(self.state, self.data.n_points, self.floor, self.data.varies)


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
        Of a Dask array with more than ten thousand rows, only so many are looked at.
    n_components : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    init_params : {"short_runs", "kmeans", "k-means++", "random", "random_from_data"}
    floor : float or array, shape (d,)
        Added to each variance.
    random_state : int, RandomState or None
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
    if init_params == "short_runs":
        return short_runs(data, n_components, covariance_type, floor, rng)
    resp = GUESSES[init_params](data, n_components, rng)
    return m_step(data.sums_with(resp, covariance_type), floor)
