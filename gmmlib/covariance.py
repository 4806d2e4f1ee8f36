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
``whiten`` turns differences x − μ into standard deviations, by ``precision_factors``;
``log_det`` holds log det Σ, and ``variances`` and ``precision_diagonal`` the diagonals of
Σ and Σ⁻¹; ``unwhiten`` undoes ``whiten``, and ``smallest`` and ``change`` are what a
diagnosis looks at. Where Σ has d numbers, none of these takes more. Its static methods
need no covariances yet: they say of which shape they are, how many parameters they have,
and how they are made from sums.
"""

from functools import cache

import numpy as np

from gmmlib.check import check_choice, check_symmetric
from gmmlib.gaussian import cholesky, inverse_factor, is_flat


class Full:
    """A covariance matrix for each component."""

    name = "full"

    def __init__(self, covariances, d):
        self._factor(covariances, "covariances[{}]")

    def _factor(self, matrices, name):
        self.matrices = matrices
        # Σ = L Lᵀ gives Σ⁻¹ = P Pᵀ with P = L⁻ᵀ: one product whitens a whole block.
        self.precision_factors = np.array([inverse_factor(m).T for m in matrices])
        self.precision_diagonal = np.einsum(
            "kij,kij->ki", self.precision_factors, self.precision_factors
        )
        self.variances = matrices.diagonal(axis1=1, axis2=2)
        if is_flat(self.variances * self.precision_diagonal):
            for j, matrix in enumerate(matrices):
                cholesky(matrix, name.format(j))  # an error, unless it is but rounding
        diagonals = self.precision_factors.diagonal(axis1=1, axis2=2)
        self.log_det = -2 * np.log(diagonals).sum(axis=1)

    def whiten(self, difference, j):
        """(x − μ_j) P_j, whose squared length is the squared Mahalanobis distance."""
        return difference @ self.precision_factors[j]

    def unwhiten(self, white, j):
        """The difference that `whiten` makes this of: Σ = L Lᵀ, and each row is L white."""
        return white @ np.linalg.cholesky(self.matrices[j]).T

    def smallest(self, unit, features):
        """The smallest variance in any direction, in these units, over some features."""
        matrices = self.matrices[:, features][:, :, features]
        return np.linalg.eigvalsh(matrices / unit / unit[:, None])[:, 0]

    def change(self, i, j):
        """How much Σ_j differs from Σ_i, in its deviations: 0 where they are the same."""
        unit = np.sqrt(self.variances[i])
        difference = self.matrices[j] - self.matrices[i]
        return np.abs(difference / unit / unit[:, None]).max()

    @staticmethod
    def check(covariances):
        """Raise an error that names the first matrix that is not symmetric."""
        for j, matrix in enumerate(covariances):
            check_symmetric(matrix, f"covariances[{j}]")

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
        """Add `floor`, a number or (d,), to every variance."""
        return covariances + floor * _identity(covariances.shape[-1])

    @staticmethod
    def as_full(covariances, k, d):
        """The same covariances, written as k matrices."""
        return np.array(covariances)


class Tied(Full):
    """One covariance matrix, shared by all components."""

    name = "tied"

    def __init__(self, covariances, d):
        self._factor(covariances[None], "covariances")

    def whiten(self, difference, j):
        return difference @ self.precision_factors[0]

    def unwhiten(self, white, j):
        return super().unwhiten(white, 0)

    def change(self, i, j):
        return 0.0

    @staticmethod
    def check(covariances):
        check_symmetric(covariances, "covariances")

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
            raise np.linalg.LinAlgError(
                f"covariances[{j}]: expected positive variances, got "
                f"{covariances[j, column]:.3g}; raise reg_covar or use fewer "
                "components"
            )
        self.log_det = np.log(covariances).sum(axis=1)
        self.precision_factors = 1 / np.sqrt(covariances)
        self.precision_diagonal = 1 / covariances
        self.variances = covariances

    def whiten(self, difference, j):
        """(x − μ_j) / σ_j, feature by feature."""
        return difference * self.precision_factors[j]

    def unwhiten(self, white, j):
        return white * np.sqrt(self.variances[j])

    def smallest(self, unit, features):
        return (self.variances[:, features] / unit**2).min(axis=1)

    def change(self, i, j):
        return np.abs(self.variances[j] / self.variances[i] - 1).max()

    @staticmethod
    def check(covariances):
        """Nothing: `__init__` checks the variances."""

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
        """Squares about the new mean, divided by N_k: :eq:`eq-covariance-diag`."""
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

    def smallest(self, unit, features):
        return (self.variances / unit**2).min(axis=1)

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


@cache
def _identity(d):
    return np.eye(d)


def covariance_class(covariance_type):
    """The class of that name, or an error that lists the names.

    Examples
    --------
    >>> covariance_class("tied").n_parameters(k=3, d=4)
    10
    """
    return check_choice(covariance_type, "covariance_type", COVARIANCE_TYPES)
