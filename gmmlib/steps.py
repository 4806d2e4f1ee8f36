"""The two steps of EM, the sums between them, and the states that they lead to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gmmlib.covariance import COVARIANCE_TYPES, covariance_class
from gmmlib.mixture import Mixture, normalise

TINY = np.finfo(float).tiny  # what owns nothing is divided by this, not by 0


@dataclass(frozen=True, eq=False)
class State:
    """Where EM is after so many iterations, and that very mixture's log-likelihood."""

    iteration: int
    mixture: Mixture
    log_likelihood: float


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
    centres : array, shape (k, d) or (d,)
        c_k, points near the means, or one for all.
    covariance_type : str
    retake : function, optional
        Of centres: the same sums about these, if the data are at hand to take them.
    """

    total: np.ndarray
    first: np.ndarray
    scatter: np.ndarray
    centres: np.ndarray
    covariance_type: str = "full"
    retake: Callable | None = None

    def __post_init__(self):
        covariance_class(self.covariance_type)  # or an error

    @property
    def shift(self) -> np.ndarray:
        """δ_k = `first` / `total`, from the centres to the means: shape (k, d).

        A component that owns nothing has its mean at its centre.
        """
        return self.first / np.maximum(self.total, TINY)[:, None]

    def __add__(self, other: "Sums") -> "Sums":
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


def e_step(X, mixture: Mixture) -> tuple[np.ndarray, float]:
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


def weighted_sums(X, responsibilities, centres, covariance_type="full") -> Sums:
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
        the centre is subtracted before squaring.
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


def m_step(sums: Sums, floor=0.0) -> Mixture:
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
    kind = COVARIANCE_TYPES[sums.covariance_type]
    # A component that owns nothing has its mean at its centre.
    total, shift = np.maximum(sums.total, TINY), sums.shift
    weights = sums.total / sums.total.sum()
    means = sums.centres + shift
    covariances = kind.estimate(sums.scatter, total, shift)
    covariances = kind.add_floor(covariances, floor)
    return Mixture.unchecked(weights, means, covariances, sums.covariance_type)
