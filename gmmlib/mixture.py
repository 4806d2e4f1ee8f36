"""A Gaussian mixture: weights, means and covariances, and what follows from them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gmmlib.check import (
    check_count,
    check_numbers,
    check_points,
    check_random_state,
    check_weights,
)
from gmmlib.covariance import COVARIANCE_TYPES, covariance_class
from gmmlib.gaussian import LOG_2_PI


@dataclass(frozen=True, eq=False)
class Mixture:
    r"""A density that is a weighted sum of k normal densities.

    .. math:: p(x) = \sum_{k} \pi_k\, \mathcal{N}(x \mid \mu_k, \Sigma_k)

    Parameters
    ----------
    weights : array, shape (k,)
        π: at least 0, and 1 in sum.
    means : array, shape (k, d)
        μ, in the units of the data.
    covariances : array
        Σ, in squared units: shape (k, d, d), (d, d), (k, d) or (k,) for the types full,
        tied, diag and spherical.
    covariance_type : {"full", "tied", "diag", "spherical"}

    Raises
    ------
    ValueError
        If a shape does not fit, the weights do not sum to 1, or a covariance is not
        positive definite. The message names the parameter.

    Notes
    -----
    Implements :eq:`eq-mixture-density`. Source: Bishop (2006), eq. 9.7.

    Examples
    --------
    >>> two = Mixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    >>> two.responsibilities([[2.0]]).round(6)
    array([[0.182426, 0.817574]])
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    covariance_type: str = "full"
    factored: Any = field(init=False, repr=False)  # the covariances

    def __post_init__(self):
        kind = covariance_class(self.covariance_type)
        means = check_numbers(self.means, "means")
        if means.ndim != 2 or means.size == 0:
            raise ValueError(
                f"means: expected shape (k, d), both at least 1, got {means.shape}"
            )
        k, d = means.shape
        weights = check_weights(self.weights, "weights", k)
        covariances = check_numbers(self.covariances, "covariances", kind.shape(k, d))
        kind.check(covariances)
        # Copies: what the caller does to these arrays later is not our business.
        parts = map(np.array, (weights, means, covariances))
        vars(self).update(vars(self.unchecked(*parts, self.covariance_type)))

    @classmethod
    def unchecked(cls, weights, means, covariances, covariance_type):
        """A mixture from arrays of the right shapes, as the M-step makes them."""
        mixture = object.__new__(cls)
        vars(mixture).update(
            weights=weights,
            means=means,
            covariances=covariances,
            covariance_type=covariance_type,
            factored=COVARIANCE_TYPES[covariance_type](covariances, means.shape[1]),
        )
        return mixture

    @property
    def n_components(self) -> int:
        """The number of components, k."""
        return self.means.shape[0]

    @property
    def n_features(self) -> int:
        """The number of features, d."""
        return self.means.shape[1]

    @property
    def n_parameters(self) -> int:
        """Free parameters: k − 1 weights, k d means, and the covariances'.

        Implements :eq:`eq-n-parameters`.
        """
        k, d = self.means.shape
        return (k - 1) + k * d + self.factored.n_parameters(k, d)

    @property
    def precision_factors(self):
        """P with Σ⁻¹ = P Pᵀ, shaped like Σ; 1/σ for diag and spherical."""
        return self.factored.precision_factors.reshape(self.covariances.shape)

    def full_covariances(self) -> np.ndarray:
        """The covariances as k matrices, whatever the type: shape (k, d, d)."""
        k, d = self.means.shape
        return self.factored.as_full(self.covariances, k, d)

    def variances(self) -> np.ndarray:
        """The variance of each feature under the whole mixture, shape (d,)."""
        middle = self.weights @ self.means
        return self.weights @ ((self.means - middle) ** 2 + self.factored.variances)

    def log_joint(self, X) -> np.ndarray:
        r"""log π_k + log N(x_n | μ_k, Σ_k), for each point and component.

        .. math:: \log \pi_k - \tfrac12 \left( d \log 2\pi + \log\det\Sigma_k
            + \Delta_k(x_n)^2 \right)

        Parameters
        ----------
        X : array, shape (n, d)

        Returns
        -------
        array, shape (n, k)

        Notes
        -----
        Implements the numerator of :eq:`eq-responsibility`, as a logarithm.
        """
        X = check_points(X, n_columns=self.n_features)
        log_peaks = self.log_peaks()
        log_joint = np.empty((self.n_components, len(X)))
        with np.errstate(over="ignore"):  # so far away that the logarithm is −∞
            for j, mean in enumerate(self.means):
                white = self.factored.whiten(X - mean, j)
                log_joint[j] = log_peaks[j] - 0.5 * np.einsum("nd,nd->n", white, white)
        return log_joint.T

    def log_peaks(self):
        """`log_joint` at each component's own mean, its highest point: shape (k,)."""
        with np.errstate(divide="ignore"):  # a weight of 0 is allowed: its log is −∞
            log_weights = np.log(self.weights)
        return log_weights - 0.5 * (self.n_features * LOG_2_PI + self.factored.log_det)

    def normalise(self, log_joint, out=None) -> tuple[np.ndarray, np.ndarray]:
        """Responsibilities and log-densities from `log_joint`: :func:`normalise`."""
        return normalise(log_joint, out)

    def log_density(self, X) -> np.ndarray:
        """log p(x_n), shape (n,): the logarithm of :eq:`eq-mixture-density`."""
        return normalise(self.log_joint(X))[1]

    def responsibilities(self, X) -> np.ndarray:
        """r_nk, the share of component k in point n, shape (n, k); rows sum to 1."""
        return normalise(self.log_joint(X))[0]

    def log_likelihood(self, X) -> float:
        """The sum of the log-densities over the points, :eq:`eq-mixture-log-likelihood`.

        A total, in nats.
        """
        return float(self.log_density(X).sum())

    def sample(self, n_samples=1, random_state=None) -> tuple[np.ndarray, np.ndarray]:
        """Draw points: first a component for each (the die), then a place (the dart).

        Parameters
        ----------
        n_samples : int
        random_state : int, RandomState, Generator or None

        Returns
        -------
        X : array, shape (n_samples, d)
        labels : array of int, shape (n_samples,)
            The component that each point came from.

        Examples
        --------
        >>> two = Mixture([0.3, 0.7], [[0.0], [9.0]], [[1.0], [1.0]], "diag")
        >>> X, labels = two.sample(4, random_state=0)
        >>> X.shape, labels
        ((4, 1), array([1, 1, 1, 1]))
        """
        n_samples = check_count(n_samples, "n_samples")
        rng = check_random_state(random_state)
        labels = rng.choice(
            self.n_components, size=n_samples, p=self.weights / self.weights.sum()
        )
        X = rng.standard_normal((n_samples, self.n_features))
        for j, mean in enumerate(self.means):
            X[labels == j] = mean + self.factored.unwhiten(X[labels == j], j)
        return X, labels


def normalise(log_joint, out=None) -> tuple[np.ndarray, np.ndarray]:
    r"""Responsibilities and log-densities from the logarithms of π_k N(x_n | μ_k, Σ_k).

    .. math:: r_{nk} = \frac{e^{a_{nk}}}{\sum_j e^{a_{nj}}}, \qquad
        \log p(x_n) = m_n + \log \sum_j e^{a_{nj} - m_n}, \qquad m_n = \max_j a_{nj}

    Parameters
    ----------
    log_joint : array, shape (n, k)
        The logarithms a. For several mixtures at once: (n, mixtures, k).
    out : array of the same shape, optional
        Where to write the responsibilities; may be `log_joint` itself.

    Returns
    -------
    responsibilities : array of the same shape
        Each row sums to 1.
    log_density : array, shape (n,)
        In nats. For several mixtures: (n, mixtures).

    Notes
    -----
    Implements :eq:`eq-log-sum-exp`. Subtracting the largest logarithm first means that
    the largest exponential is 1: the sum cannot underflow to 0, nor overflow.

    Examples
    --------
    >>> responsibilities, log_density = normalise(np.array([[-20000.0, -19800.5]]))
    >>> log_density
    array([-19800.5])
    """
    largest = log_joint.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        joint = np.subtract(log_joint, largest, out=out)
    if largest.min() == -np.inf:
        # So far away that even the logarithms are −∞: no component is nearer.
        joint[largest[..., 0] == -np.inf] = 0
    np.exp(joint, out=joint)
    total = joint.sum(axis=-1, keepdims=True)
    joint /= total
    return joint, (largest + np.log(total))[..., 0]
