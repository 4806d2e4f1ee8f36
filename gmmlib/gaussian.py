"""The normal density, in one dimension and in many."""

from functools import cache

import numpy as np

from gmmlib.check import check_numbers, check_symmetric

LOG_2_PI = np.log(2 * np.pi)
EPS = np.finfo(float).eps


def normal_logpdf(x, mean=0.0, variance=1.0):
    r"""Logarithm of the normal density in one dimension.

    .. math:: \log \mathcal{N}(x \mid \mu, \sigma^2)
        = -\tfrac12 \log(2\pi\sigma^2) - \frac{(x-\mu)^2}{2\sigma^2}

    Parameters
    ----------
    x : float or array of any shape
        Where to evaluate the density.
    mean : float or array
        The mean μ, in the units of `x`.
    variance : float or array
        The variance σ² (not the standard deviation), in squared units of `x`.

    Returns
    -------
    float or array
        The log-density, in nats. It is positive where the density exceeds 1.

    Raises
    ------
    ValueError
        If a variance is not positive.

    Notes
    -----
    Implements :eq:`eq-normal-log-density`. Source: Bishop (2006), eq. 1.46.

    Examples
    --------
    >>> round(float(normal_logpdf(2.0, mean=1.0, variance=1.0)), 6)
    -1.418939
    """
    variance = np.asarray(variance, dtype=float)
    if not np.all(variance > 0):
        raise ValueError(
            f"variance: expected positive numbers, got {variance.min()}; "
            "pass the variance (the square of the standard deviation)"
        )
    x = np.asarray(x, dtype=float)
    return -0.5 * (LOG_2_PI + np.log(variance) + (x - mean) ** 2 / variance)


def normal_pdf(x, mean=0.0, variance=1.0):
    r"""The normal density in one dimension, the bell curve.

    .. math:: \mathcal{N}(x \mid \mu, \sigma^2)
        = \frac{1}{\sqrt{2\pi\sigma^2}}\, e^{-(x-\mu)^2 / 2\sigma^2}

    Parameters, errors: as :func:`normal_logpdf`, whose exponential this is.

    Returns
    -------
    float or array
        The density, per unit of `x`: at least 0, and above 1 where σ is small.

    Notes
    -----
    Implements :eq:`eq-normal-density`. Source: Bishop (2006), eq. 1.46.

    Examples
    --------
    >>> round(float(normal_pdf(2.0)), 6), round(float(normal_pdf(2.0, mean=1.0)), 6)
    (0.053991, 0.241971)
    """
    return np.exp(normal_logpdf(x, mean, variance))


def fit_normal(x) -> tuple[float, float]:
    r"""Maximum-likelihood mean and variance of a sample.

    .. math:: \hat\mu = \frac1n \sum_n x_n, \qquad
        \hat\sigma^2 = \frac1n \sum_n (x_n - \hat\mu)^2

    Parameters
    ----------
    x : array, shape (n,)
        The sample.

    Returns
    -------
    mean, variance : float
        In the units of `x`, and in their square. The variance divides by n, not n − 1:
        it is the most likely one, not the unbiased one.

    Raises
    ------
    ValueError
        If `x` is empty or not one-dimensional.

    Notes
    -----
    Implements :eq:`eq-normal-fit`. Source: Bishop (2006), eqs. 1.55 and 1.56.

    Examples
    --------
    >>> fit_normal([1.0, 2.0, 3.0, 6.0])
    (3.0, 3.5)
    """
    x = check_numbers(x, "x")
    if x.ndim != 1 or len(x) == 0:
        raise ValueError(
            f"x: expected a sample of shape (n,) with n ≥ 1, got shape {x.shape}"
        )
    mean = x.mean()
    return float(mean), float(np.mean((x - mean) ** 2))


def mahalanobis(X, mean, covariance) -> np.ndarray:
    r"""Distance of points from a mean, counted in standard deviations.

    .. math:: \Delta(x) = \sqrt{(x-\mu)^\top \Sigma^{-1} (x-\mu)}

    Parameters
    ----------
    X : array, shape (n, d)
        The points.
    mean : array, shape (d,)
    covariance : array, shape (d, d)
        Symmetric positive definite.

    Returns
    -------
    array, shape (n,)
        Dimensionless distances.

    Raises
    ------
    ValueError
        If the covariance is not positive definite.

    Notes
    -----
    Implements :eq:`eq-mahalanobis`. Source: Bishop (2006), eq. 2.44.

    Examples
    --------
    >>> mahalanobis([[2.0, 0.0], [0.0, 2.0]], [0.0, 0.0], [[4.0, 0.0], [0.0, 1.0]])
    array([1., 2.])
    """
    from scipy.linalg import solve_triangular

    factor = cholesky(covariance)
    # Σ = L Lᵀ, so Δ is the length of L⁻¹(x − μ): a triangular solve, never an inverse.
    difference = np.asarray(X, dtype=float) - mean
    white = solve_triangular(factor, difference.T, lower=True)
    return np.sqrt(np.sum(white**2, axis=0))


def multivariate_normal_logpdf(X, mean, covariance) -> np.ndarray:
    r"""Logarithm of the normal density in d dimensions.

    .. math:: \log \mathcal{N}(x \mid \mu, \Sigma)
        = -\tfrac12 \left( d \log 2\pi + \log\det\Sigma + \Delta(x)^2 \right)

    Parameters, errors: as :func:`mahalanobis`, which gives Δ.

    Returns
    -------
    array, shape (n,)
        Log-densities, in nats.

    Notes
    -----
    Implements the logarithm of :eq:`eq-multivariate-normal`. Source: Bishop (2006),
    eq. 2.43.

    Examples
    --------
    >>> multivariate_normal_logpdf([[0.0, 0.0]], [0.0, 0.0], np.eye(2)).round(6)
    array([-1.837877])
    """
    # det Σ = (∏ Lᵢᵢ)²: summing logarithms of L's diagonal cannot overflow.
    log_det = 2 * np.sum(np.log(np.diag(cholesky(covariance))))
    d = len(np.atleast_1d(mean))
    return -0.5 * (d * LOG_2_PI + log_det + mahalanobis(X, mean, covariance) ** 2)


def cholesky(covariance, name="covariance") -> np.ndarray:
    """Lower Cholesky factor of a covariance matrix, or an error that names it.

    Parameters
    ----------
    covariance : array, shape (d, d)
    name : str
        What the error calls the matrix.

    Returns
    -------
    array, shape (d, d)
        L with L Lᵀ = Σ, zero above the diagonal.

    Raises
    ------
    ValueError
        If the matrix is not square, not symmetric or, a LinAlgError, not positive
        definite.

    Examples
    --------
    >>> cholesky([[4.0, 2.0], [2.0, 2.0]])
    array([[2., 0.],
           [1., 1.]])
    """
    covariance = check_numbers(covariance, name)
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        raise ValueError(
            f"{name}: expected a square matrix, got shape {covariance.shape}"
        )
    check_symmetric(covariance, name)
    try:
        factor = np.linalg.cholesky(covariance)
        precision_diagonal = np.sum(inverse_factor(covariance) ** 2, axis=0)
        if not is_flat(np.diag(covariance) * precision_diagonal):
            return factor
    except np.linalg.LinAlgError:
        pass
    smallest = np.linalg.eigvalsh(covariance)[0]
    raise np.linalg.LinAlgError(
        f"{name}: expected a positive definite matrix, got one whose smallest "
        f"eigenvalue is {smallest:.3g}; raise reg_covar, use fewer components, or "
        "covariance_type='tied' or 'diag'"
    )


def inverse_factor(covariance):
    """L⁻¹ with L Lᵀ = Σ, unchecked: NaN where Σ is not positive definite.

    Examples
    --------
    >>> inverse_factor(np.array([[4.0, 2.0], [2.0, 2.0]]))
    array([[ 0.5,  0. ],
           [-0.5,  1. ]])
    """
    lapack = _lapack()
    factor, failed = lapack.dpotrf(covariance, lower=1)
    return np.full_like(factor, np.nan) if failed else lapack.dtrtri(factor, lower=1)[0]


@cache
def _lapack():
    """SciPy's, imported at the first fit: it takes twice as long as NumPy."""
    from scipy.linalg import lapack

    return lapack


def is_flat(inflation):
    """Whether, but for rounding, some feature is a linear function of the others.

    Inflation is Σᵢᵢ (Σ⁻¹)ᵢᵢ = 1/(1 − R²), with R² how well the other features predict
    feature i; shape (..., d).
    """
    # `not … <` and no `>=`: of a matrix that has no factor it is NaN.
    return not inflation.max() < 0.1 / (inflation.shape[-1] * EPS)
