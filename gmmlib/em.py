"""The EM algorithm: E-step, sums, M-step, and the loop that yields every state."""

from dataclasses import dataclass
from itertools import count

import numpy as np

from gmmlib.check import check_points
from gmmlib.covariance import covariance_class, covariance_floor
from gmmlib.mixture import Mixture, normalise

BLOCK_BYTES = 2**18  # a block stays in a core's cache between its E-step and its sums
LARGE_SHIFT = 1e3  # squared, in variances: beyond it, sum again about the new means


@dataclass(frozen=True, eq=False)
class Sums:
    r"""All that the M-step needs to know about the data; sums of blocks add.

    Parameters
    ----------
    total : array, shape (k,)
        N_k = ∑ₙ r_nk.
    first : array, shape (k, d)
        ∑ₙ r_nk (x_n − c_k).
    scatter : array
        ∑ₙ r_nk (x_n − c_k)(x_n − c_k)ᵀ, shape (k, d, d); summed over k, shape (d, d),
        for tied; its diagonals only, shape (k, d), for diag and spherical.
    centres : array, shape (k, d)
        c_k, points near the means.
    covariance_type : str
    """

    total: np.ndarray
    first: np.ndarray
    scatter: np.ndarray
    centres: np.ndarray
    covariance_type: str = "full"

    def __add__(self, other):
        if not np.array_equal(self.centres, other.centres):
            raise ValueError(
                "Sums: expected the same centres in both, got different ones; take "
                "all blocks' sums about the same centres"
            )
        return Sums(
            self.total + other.total,
            self.first + other.first,
            self.scatter + other.scatter,
            self.centres,
            self.covariance_type,
        )


@dataclass(frozen=True, eq=False)
class State:
    """Where EM is after `iteration` steps, and that very mixture's log-likelihood."""

    iteration: int
    mixture: Mixture
    log_likelihood: float


def e_step(X, mixture):
    r"""How much of each point belongs to each component.

    .. math:: r_{nk} = \frac{\pi_k \mathcal{N}(x_n \mid \mu_k, \Sigma_k)}
        {\sum_j \pi_j \mathcal{N}(x_n \mid \mu_j, \Sigma_j)}

    Parameters
    ----------
    X : array, shape (n, d)
    mixture : Mixture

    Returns
    -------
    responsibilities : array, shape (n, k)
        Each row sums to 1.
    log_likelihood : float
        Of the points under `mixture`: a total, in nats.

    Notes
    -----
    Implements :eq:`eq-responsibility`. Source: Bishop (2006), eq. 9.23.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    >>> responsibilities, log_likelihood = e_step([[2.0]], mixture)
    >>> responsibilities.round(6), round(log_likelihood, 6)
    (array([[0.182426, 0.817574]]), -1.910672)
    """
    log_joint = mixture.log_joint(X)  # log π_k + log N(x_n | μ_k, Σ_k)
    responsibilities, log_density = normalise(log_joint)
    return responsibilities, float(log_density.sum())


def weighted_sums(X, responsibilities, centres, covariance_type="full"):
    r"""The three sums over the data that the M-step needs.

    .. math:: N_k = \sum_n r_{nk}, \qquad
        s_k = \sum_n r_{nk} (x_n - c_k), \qquad
        S_k = \sum_n r_{nk} (x_n - c_k)(x_n - c_k)^\top

    Parameters
    ----------
    X : array, shape (n, d)
        A block of rows.
    responsibilities : array, shape (n, k)
    centres : array, shape (k, d)
        Points near the means. Any will do on paper; near ones keep the digits, because
        the mean is subtracted before squaring.
    covariance_type : {"full", "tied", "diag", "spherical"}

    Returns
    -------
    Sums
        Those of two blocks add up to those of both.

    Notes
    -----
    Implements :eq:`eq-weighted-sums`.

    Examples
    --------
    >>> import numpy as np
    >>> X, resp = np.array([[0.0], [2.0], [4.0]]), np.array([[1.0], [0.5], [0.5]])
    >>> sums = weighted_sums(X, resp, centres=np.array([[1.0]]))
    >>> sums.total, sums.first, sums.scatter
    (array([2.]), array([[1.]]), array([[[6.]]]))
    """
    kind = covariance_class(covariance_type)
    total = responsibilities.sum(axis=0)
    first, scatters = np.empty(centres.shape), []
    for j, centre in enumerate(centres):
        difference, resp = X - centre, responsibilities[:, j]
        first[j] = resp @ difference
        scatters.append(kind.scatter(difference, resp))
    return Sums(total, first, kind.pool(scatters), centres, covariance_type)


def m_step(sums, floor=0.0):
    r"""The mixture that fits the responsibility-weighted data best.

    .. math:: \pi_k = \frac{N_k}{N}, \qquad
        \mu_k = \frac1{N_k} \sum_n r_{nk} x_n, \qquad
        \Sigma_k = \frac1{N_k} \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top

    Parameters
    ----------
    sums : Sums
        From :func:`weighted_sums`.
    floor : float or array, shape (d,)
        Added to each variance, in squared units of the data.

    Returns
    -------
    Mixture

    Raises
    ------
    ValueError
        If a covariance is not positive definite, which names the component.

    Notes
    -----
    Implements :eq:`eq-m-step-weights`, :eq:`eq-m-step-means` and
    :eq:`eq-m-step-covariances`, the last by way of :eq:`eq-shift`. Source: Bishop
    (2006), eqs. 9.24 to 9.26.

    Examples
    --------
    >>> import numpy as np
    >>> X, resp = np.array([[0.0], [2.0], [4.0]]), np.array([[1.0], [0.5], [0.5]])
    >>> mixture = m_step(weighted_sums(X, resp, centres=np.array([[1.0]])))
    >>> mixture.means, mixture.covariances
    (array([[1.5]]), array([[[2.75]]]))
    """
    kind = covariance_class(sums.covariance_type)
    # A component that owns nothing stays where it is.
    total = np.maximum(sums.total, np.finfo(float).tiny)
    shift = sums.first / total[:, None]
    weights = sums.total / sums.total.sum()
    means = sums.centres + shift
    covariances = kind.estimate(sums.scatter, total, shift)
    covariances = kind.add_floor(covariances, np.broadcast_to(floor, means.shape[1:]))
    return Mixture(weights, means, covariances, sums.covariance_type)


def em(X, start, reg_covar="scale"):
    """Run EM, one iteration at a time, for as long as you ask.

    Each iteration reads the data once, block by block: the E-step of a block, then its
    sums. So the memory needed beyond `X` does not grow with n.

    Parameters
    ----------
    X : array, shape (n, d)
    start : Mixture
        Its covariance type is that of the fit.
    reg_covar : "scale", float, or array of shape (d,)
        What is added to the variances; see :func:`gmmlib.covariance.covariance_floor`.

    Yields
    ------
    State
        First the start itself (iteration 0), then the state after each iteration.
        Without a floor the log-likelihood never falls.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> start = Mixture([0.5, 0.5], [[0.0], [5.0]], [1.0, 1.0], "spherical")
    >>> for state in em(X, start):
    ...     print(state.iteration, round(state.log_likelihood, 4))
    ...     if state.iteration == 2:
    ...         break
    0 -8.9478
    1 -7.0621
    2 -7.062
    """
    X = check_points(X, n_columns=start.n_features)
    floor = covariance_floor(X, reg_covar)
    mixture = start
    for iteration in count():
        sums, log_likelihood = sweep(X, mixture, mixture.means)
        yield State(iteration, mixture, log_likelihood)
        if _moved_far(sums, floor):
            # The shift's square swamps the covariance: sum about the new means.
            sums, _ = sweep(X, mixture, sums.centres + _shift(sums)[1])
        mixture = m_step(sums, floor)


def sweep(X, mixture, centres):
    """One pass over the data: the sums and the log-likelihood under `mixture`.

    Parameters
    ----------
    X : array, shape (n, d)
    mixture : Mixture
    centres : array, shape (k, d)
        What to subtract before summing; see :func:`weighted_sums`.

    Returns
    -------
    sums : Sums
    log_likelihood : float
        A total, in nats.
    """
    sums, log_likelihood = None, 0.0
    for block in blocks(X):
        responsibilities, block_log_likelihood = e_step(block, mixture)
        block_sums = weighted_sums(
            block, responsibilities, centres, mixture.covariance_type
        )
        sums = block_sums if sums is None else sums + block_sums
        log_likelihood += block_log_likelihood
    return sums, log_likelihood


def blocks(X):
    """Consecutive blocks of rows, each small enough to stay in cache.

    Examples
    --------
    >>> import numpy as np
    >>> [len(block) for block in blocks(np.zeros((40000, 2)))]
    [16384, 16384, 7232]
    """
    rows = max(256, BLOCK_BYTES // (8 * X.shape[1]))
    for first in range(0, len(X), rows):
        yield X[first : first + rows]


def remaining_gain(log_likelihoods):
    r"""How much the log-likelihood still has to climb, by Aitken's extrapolation.

    Near the top each gain is a fixed share c of the one before. If the last gain was g,
    those to come sum to

    .. math:: g\,(c + c^2 + c^3 + \dots) = g\,\frac{c}{1-c}, \qquad
        c = \frac{\ell_t - \ell_{t-1}}{\ell_{t-1} - \ell_{t-2}}

    Parameters
    ----------
    log_likelihoods : sequence of float
        Of the iterations so far, oldest first, in nats.

    Returns
    -------
    float
        In nats: infinite while nothing can be said (fewer than three values, or gains
        that still grow), 0 once gains are lost in rounding.

    Notes
    -----
    Implements :eq:`eq-remaining-gain`. Source: McLachlan & Peel (2000), section 2.11.

    Examples
    --------
    >>> round(remaining_gain([-110.0, -102.0, -100.4]), 6)
    0.4
    """
    if len(log_likelihoods) < 3:
        return np.inf
    first, second, third = log_likelihoods[-3:]
    before, gain = second - first, third - second
    if gain <= 1e-14 * abs(third):
        return 0.0
    share = gain / before if before > 0 else 1.0
    return gain * share / (1 - share) if share < 1 else np.inf


def _shift(sums):
    """The totals, at least tiny, and how far each mean is from its centre."""
    total = np.maximum(sums.total, np.finfo(float).tiny)
    return total, sums.first / total[:, None]


def _moved_far(sums, floor):
    """Whether a shift is so large that its square costs digits of the covariance.

    Asked of the sums, before there is a mixture: a covariance may have lost so many
    digits that it is not positive definite.
    """
    kind = covariance_class(sums.covariance_type)
    total, shift = _shift(sums)
    covariances = kind.add_floor(kind.estimate(sums.scatter, total, shift), floor)
    full = kind.as_full(covariances, *shift.shape)
    return np.any(shift**2 > LARGE_SHIFT * np.diagonal(full, axis1=1, axis2=2))
