"""Where EM starts: four kinds of guess, and short runs that try several."""

import numpy as np
from sklearn.utils import check_random_state

from gmmlib.em import em
from gmmlib.kmeans import assign, kmeans, kmeans_plus_plus
from gmmlib.steps import m_step, weighted_sums

SHORT_RUNS = 10  # candidates that `short_runs` compares
SHORT_ITERATIONS = 10  # EM iterations that each candidate gets


def from_random(X, n_components, rng):
    """Uniform random numbers, rows divided by their sums: components start alike."""
    resp = rng.uniform(size=(len(X), n_components))
    return resp / resp.sum(axis=1, keepdims=True)


def from_random_points(X, n_components, rng):
    """Each point belongs to the nearest of `n_components` points drawn at random."""
    centres = X[rng.choice(len(X), size=n_components, replace=False)]
    return one_hot(assign(X, centres)[0], n_components)


def from_kmeans_plus_plus(X, n_components, rng):
    """Each point belongs to the nearest k-means++ centre."""
    return one_hot(assign(X, kmeans_plus_plus(X, n_components, rng))[0], n_components)


def from_kmeans(X, n_components, rng):
    """Each point belongs to its k-means cluster."""
    return one_hot(kmeans(X, n_components, random_state=rng).labels, n_components)


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
    X, responsibilities, covariance_type="full", floor=0.0
):
    """The M-step without a mixture before it: means first, then the sums about them.

    Parameters
    ----------
    X : array, shape (n, d)
    responsibilities : array, shape (n, k)
    covariance_type : {"full", "tied", "diag", "spherical"}
    floor : float or array, shape (d,)
        Added to each variance.

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
    middle = np.tile(X.mean(axis=0, dtype=float), (responsibilities.shape[1], 1))
    rough = weighted_sums(X, responsibilities, middle, "diag")
    means = (
        middle + rough.first / np.maximum(rough.total, np.finfo(float).tiny)[:, None]
    )
    return m_step(weighted_sums(X, responsibilities, means, covariance_type), floor)


def short_runs(X, n_components, covariance_type, floor, rng):
    """The best of ten candidates after ten EM iterations each.

    One candidate is k-means, which suits round clusters; the others are k-means++
    draws, which are rougher and so more varied.

    Parameters
    ----------
    X : array, shape (n, d)
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
    Source: Biernacki, Celeux & Govaert (2003), who call it em-EM.
    """
    best = None
    for run in range(SHORT_RUNS if n_components > 1 else 1):
        guess = from_kmeans if run == 0 else from_kmeans_plus_plus
        responsibilities = guess(X, n_components, rng)
        candidate = mixture_from_responsibilities(
            X, responsibilities, covariance_type, floor
        )
        for state in em(X, candidate, floor):
            if state.iteration == SHORT_ITERATIONS:
                break
        if best is None or state.log_likelihood > best.log_likelihood:
            best = state
    return best.mixture


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
    X : array, shape (n, d)
    n_components : int
    covariance_type : {"full", "tied", "diag", "spherical"}
    init_params : {"short_runs", "kmeans", "k-means++", "random", "random_from_data"}
    floor : float or array, shape (d,)
        Added to each variance.
    random_state : int, RandomState or None

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
    if init_params == "short_runs":
        return short_runs(X, n_components, covariance_type, floor, rng)
    responsibilities = GUESSES[init_params](X, n_components, rng)
    return mixture_from_responsibilities(X, responsibilities, covariance_type, floor)
