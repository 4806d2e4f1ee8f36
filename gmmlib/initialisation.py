"""Where EM starts: four kinds of guess, and short runs that try several."""

import numpy as np
from sklearn.utils import check_random_state

from gmmlib.engine.chunks import Chunks, check_data, rows_at
from gmmlib.diagnosis import rank, varying
from gmmlib.em import em, remaining_gain
from gmmlib.kmeans import assign, draw, kmeans, kmeans_plus_plus
from gmmlib.steps import m_step, weighted_sums

# What `short_runs` does: so many candidates, to so many EM iterations each in all.
ROUNDS = ((10, 10), (5, 30), (2, 70))
ENOUGH = 1e-4  # nats per point: a candidate with less to gain has arrived
# Of more rows, candidates are compared on a sample. It places the mean of a component
# to σ/√N_k: with a tenth of the rows, to 0.03 standard deviations.
MOST_ROWS = 10_000


def from_random(X, n_components, rng, sample_weight=None):
    """Uniform random numbers, rows divided by their sums: components start alike."""
    resp = rng.uniform(size=(len(X), n_components))
    return resp / resp.sum(axis=1, keepdims=True)


def from_random_points(X, n_components, rng, sample_weight=None):
    """Each point belongs to the nearest of `n_components` points drawn at random.

    They are different points, as long as there are so many.
    """
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    left, chosen = weight, []
    while len(chosen) < n_components:
        chosen.append(draw(left if left.any() else weight, rng))
        left = np.where((X == X[chosen[-1]]).all(axis=1), 0.0, left)
    return one_hot(assign(X, X[chosen])[0], n_components)


def from_kmeans_plus_plus(X, n_components, rng, sample_weight=None):
    """Each point belongs to the nearest k-means++ centre."""
    centres = kmeans_plus_plus(X, n_components, rng, sample_weight)
    return one_hot(assign(X, centres)[0], n_components)


def from_kmeans(X, n_components, rng, sample_weight=None):
    """Each point belongs to its k-means cluster."""
    state = kmeans(X, n_components, random_state=rng, sample_weight=sample_weight)
    return one_hot(state.labels, n_components)


def one_hot(labels, n_components):
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
):
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
    if sample_weight is None:
        middle = X.mean(axis=0, dtype=float)
    else:
        middle = np.average(X, axis=0, weights=sample_weight)
        responsibilities = responsibilities * sample_weight[:, None]
    middle = np.tile(middle, (responsibilities.shape[1], 1))
    rough = weighted_sums(X, responsibilities, middle, "diag")
    means = (
        middle + rough.first / np.maximum(rough.total, np.finfo(float).tiny)[:, None]
    )
    return m_step(weighted_sums(X, responsibilities, means, covariance_type), floor)


def short_runs(X, n_components, covariance_type, floor, rng, sample_weight=None):
    """The winner of three rounds among ten candidates.

    Five candidates are runs of k-means, which suits round clusters; five are k-means++
    draws, which are rougher and so more varied. All ten get ten EM iterations; the best
    five go on to thirty, and the best two of them to seventy. One with a collapsed
    component comes after all without.

    Parameters
    ----------
    X : array, shape (n, d)
    n_components : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    floor : array, shape (d,)
        Added to each variance.
    rng : RandomState
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Returns
    -------
    Mixture

    Notes
    -----
    Source: Biernacki, Celeux & Govaert (2003), who call it em-EM; theirs has one round.
    After ten iterations the best is not yet the one that will end highest, hence more.
    Of more than ten thousand points, the rounds see a sample: it tells good starts from
    bad ones, and the cost stays the same.
    """
    X, sample_weight = sample(X, rng, sample_weight)
    runs = []
    for i in range(ROUNDS[0][0] if n_components > 1 else 1):
        guess = from_kmeans_plus_plus if i % 2 else from_kmeans
        resp = guess(X, n_components, rng, sample_weight)
        runs.append(ShortRun(X, resp, covariance_type, floor, sample_weight))
    for n_runs, n_iterations in ROUNDS:
        runs = runs[:n_runs]
        for run in runs:
            run.advance(n_iterations)
        runs.sort(key=ShortRun.rank, reverse=True)
    if runs[0].failure:
        raise runs[0].failure
    return runs[0].state.mixture


class ShortRun:
    """A candidate under way: EM that stops and goes on."""

    def __init__(self, X, resp, covariance_type, floor, sample_weight=None):
        self.setting = X, resp, covariance_type, floor, sample_weight
        self.n_points = len(X) if sample_weight is None else sample_weight.sum()
        self.states, self.log_likelihoods, self.failure = None, [], None

    def advance(self, n_iterations):
        """Go on until there have been so many iterations, or little is to gain."""
        X, _, _, floor, sample_weight = self.setting
        try:
            if self.states is None:
                candidate = mixture_from_responsibilities(*self.setting)
                self.states = em(X, candidate, floor, sample_weight)
            while (
                len(self.log_likelihoods) <= n_iterations
                and remaining_gain(self.log_likelihoods) > ENOUGH * self.n_points
            ):
                self.state = next(self.states)
                self.log_likelihoods.append(self.state.log_likelihood)
        except ValueError as error:  # a collapse that no floor stops
            self.failure = error

    def rank(self):
        """What to sort candidates by."""
        if self.failure:
            return False, -np.inf
        X, _, _, floor, sample_weight = self.setting
        return rank(self.state, self.n_points, floor, varying(X, sample_weight))


def sample(X, rng, sample_weight=None):
    """At most ten thousand rows, in memory, drawn by weight; and the weights left."""
    if len(X) > MOST_ROWS:
        return X[spread_rows(len(X), MOST_ROWS, rng, sample_weight)], None
    return X[:], None if sample_weight is None else sample_weight[:]


def spread_rows(n, n_drawn, rng, sample_weight=None):
    """Rows drawn from all over the data, in their order.

    The rows are laid end to end, each as long as its weight, and cut into `n_drawn`
    equal stretches. From each comes the row at a random place.

    Examples
    --------
    >>> spread_rows(8, 4, np.random.RandomState(0))
    array([1, 3, 5, 7])
    """
    places = (np.arange(n_drawn) + rng.uniform(size=n_drawn)) / n_drawn
    if sample_weight is None:
        return np.minimum((places * n).astype(int), n - 1)
    return rows_at(places * sample_weight.sum(), sample_weight)


GUESSES = {
    "kmeans": from_kmeans,
    "k-means++": from_kmeans_plus_plus,
    "random": from_random,
    "random_from_data": from_random_points,
}


def check_name(init_params):
    """Raise an error that lists the names, if that is none of them."""
    names = ["short_runs", *GUESSES]
    if not isinstance(init_params, str) or init_params not in names:
        raise ValueError(
            f"init_params: expected one of {', '.join(map(repr, names))}, "
            f"got {init_params!r}"
        )


def start(
    X,
    n_components,
    covariance_type="full",
    init_params="short_runs",
    floor=0.0,
    random_state=None,
    sample_weight=None,
):
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
    check_name(init_params)
    rng = check_random_state(random_state)
    X, sample_weight = check_data(X, sample_weight)
    if isinstance(X, Chunks):
        X, sample_weight = sample(X, rng, sample_weight)
    if init_params == "short_runs":
        return short_runs(X, n_components, covariance_type, floor, rng, sample_weight)
    resp = GUESSES[init_params](X, n_components, rng, sample_weight)
    return mixture_from_responsibilities(X, resp, covariance_type, floor, sample_weight)
