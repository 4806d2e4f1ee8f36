"""The four covariance types: how each whitens a difference, is estimated, and counts.

All four say what a component's ellipse may look like:

========== ============================ ===================== ==================
type       Σ of component k             shape of the array    free parameters
========== ============================ ===================== ==================
full       any ellipse, one each        (k, d, d)             k d (d + 1) / 2
tied       any ellipse, the same        (d, d)                d (d + 1) / 2
diag       axes along the features      (k, d)                k d
spherical  a circle (ball), one each    (k,)                  k
========== ============================ ===================== ==================

A class is built from the covariances of a mixture, and factors them once. Then
``whiten`` turns differences x − μ into standard deviations, and ``log_det`` holds log
det Σ.
"""

import numpy as np
from scipy.linalg import solve_triangular

from gmmlib.gaussian import cholesky


class Full:
    """A covariance matrix for each component."""

    name = "full"

    def __init__(self, covariances, d):
        factors = [cholesky(c, f"covariances[{j}]") for j, c in enumerate(covariances)]
        self.log_det = np.array([2 * np.log(np.diag(f)).sum() for f in factors])
        # Σ = L Lᵀ gives Σ⁻¹ = P Pᵀ with P = L⁻ᵀ: one product whitens a whole block.
        self.precision_factors = np.array([_precision_factor(f) for f in factors])

    def whiten(self, difference, j):
        """(x − μ_j) P_j, whose squared length is the squared Mahalanobis distance."""
        return difference @ self.precision_factors[j]

    @staticmethod
    def shape(k, d):
        return (k, d, d)

    @staticmethod
    def n_parameters(k, d):
        return k * d * (d + 1) // 2

    @staticmethod
    def scatter(difference, resp):
        r"""∑ₙ rₙ (xₙ − c)(xₙ − c)ᵀ, shape (d, d)."""
        half = difference * np.sqrt(resp)[:, None]
        return half.T @ half  # symmetric to the last bit

    @staticmethod
    def pool(scatters):
        """The scatters of all components, as this type keeps them."""
        return np.array(scatters)

    @staticmethod
    def estimate(scatter, total, shift):
        """Scatter about the new mean, divided by N_k: :eq:`eq-m-step-covariances`."""
        return scatter / total[:, None, None] - shift[:, :, None] * shift[:, None, :]

    @staticmethod
    def add_floor(covariances, floor):
        """Add `floor` (d,) to every variance."""
        return covariances + np.diag(floor)

    @staticmethod
    def as_full(covariances, k, d):
        """The same covariances, written as k matrices."""
        return np.array(covariances)


class Tied(Full):
    """One covariance matrix, shared by all components."""

    name = "tied"

    def __init__(self, covariances, d):
        factor = cholesky(covariances, "covariances")
        self.log_det = 2 * np.log(np.diag(factor)).sum()
        self.precision_factors = _precision_factor(factor)

    def whiten(self, difference, j):
        return difference @ self.precision_factors

    @staticmethod
    def shape(k, d):
        return (d, d)

    @staticmethod
    def n_parameters(k, d):
        return d * (d + 1) // 2

    @staticmethod
    def pool(scatters):
        return np.sum(scatters, axis=0)

    @staticmethod
    def estimate(scatter, total, shift):
        """All scatters about the new means, divided by N: :eq:`eq-covariance-tied`."""
        half = shift * np.sqrt(total)[:, None]
        return (scatter - half.T @ half) / total.sum()  # symmetric, as `scatter`

    @staticmethod
    def as_full(covariances, k, d):
        return np.array([covariances] * k)


class Diag:
    """A variance for each component and feature."""

    name = "diag"

    def __init__(self, covariances, d):
        bad = np.argwhere(~(covariances > 0))
        if len(bad):
            j, column = bad[0]
            raise ValueError(
                f"covariances[{j}]: expected positive variances, got "
                f"{covariances[j, column]:.3g}; raise reg_covar or use fewer "
                "components"
            )
        self.log_det = np.log(covariances).sum(axis=1)
        self.precision_factors = 1 / np.sqrt(covariances)

    def whiten(self, difference, j):
        """(x − μ_j) / σ_j, feature by feature."""
        return difference * self.precision_factors[j]

    @staticmethod
    def shape(k, d):
        return (k, d)

    @staticmethod
    def n_parameters(k, d):
        return k * d

    @staticmethod
    def scatter(difference, resp):
        """∑ₙ rₙ (xₙ − c)², feature by feature, shape (d,)."""
        return resp @ difference**2

    @staticmethod
    def pool(scatters):
        return np.array(scatters)

    @staticmethod
    def estimate(scatter, total, shift):
        """The same, feature by feature: :eq:`eq-covariance-diag`."""
        return scatter / total[:, None] - shift**2

    @staticmethod
    def add_floor(covariances, floor):
        return covariances + floor

    @staticmethod
    def as_full(covariances, k, d):
        return np.array([np.diag(variances) for variances in covariances])


class Spherical(Diag):
    """One variance for each component, the same in every direction."""

    name = "spherical"

    def __init__(self, covariances, d):
        super().__init__(np.asarray(covariances)[:, None], d)
        self.log_det = d * self.log_det  # log det σ²I = d log σ²

    @staticmethod
    def shape(k, d):
        return (k,)

    @staticmethod
    def n_parameters(k, d):
        return k

    @staticmethod
    def estimate(scatter, total, shift):
        """The average of the d variances: :eq:`eq-covariance-spherical`."""
        return Diag.estimate(scatter, total, shift).mean(axis=1)

    @staticmethod
    def add_floor(covariances, floor):
        return covariances + np.mean(floor)

    @staticmethod
    def as_full(covariances, k, d):
        return np.asarray(covariances)[:, None, None] * np.eye(d)


COVARIANCE_TYPES = {c.name: c for c in (Full, Tied, Diag, Spherical)}


def covariance_class(covariance_type):
    """The class of that name, or an error that lists the names.

    Examples
    --------
    >>> covariance_class("tied").n_parameters(k=3, d=4)
    10
    """
    try:
        return COVARIANCE_TYPES[covariance_type]
    except (KeyError, TypeError):
        names = ", ".join(repr(name) for name in COVARIANCE_TYPES)
        raise ValueError(
            f"covariance_type: expected one of {names}, got {covariance_type!r}"
        ) from None


def covariance_floor(X, reg_covar="scale"):
    """What the M-step adds to each variance: no component can shrink to a point.

    Parameters
    ----------
    X : array, shape (n, d)
    reg_covar : "scale", float, or array of shape (d,)
        ``"scale"`` is 1e-6 times the variance of each feature: rescaling the data
        rescales the answer. Numbers are added as they are, in squared units of the
        data.

    Returns
    -------
    array, shape (d,)

    Examples
    --------
    >>> import numpy as np
    >>> covariance_floor(np.array([[0.0, 0.0], [2.0, 20.0]]))
    array([1.e-06, 1.e-04])
    """
    if isinstance(reg_covar, str) and reg_covar == "scale":
        return 1e-6 * X.var(axis=0, dtype=float)
    try:
        floor = np.broadcast_to(np.asarray(reg_covar, dtype=float), X.shape[1])
    except (TypeError, ValueError):
        floor = np.array([-1.0])
    if not np.all((floor >= 0) & (floor < np.inf)):
        raise ValueError(
            f"reg_covar: expected 'scale' or a number ≥ 0, got {reg_covar!r}"
        )
    return floor


def _precision_factor(factor):
    return solve_triangular(factor, np.eye(len(factor)), lower=True).T
