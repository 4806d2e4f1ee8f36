"""The normal density, against SciPy's."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.spatial import distance

from gmmlib import fit_normal, normal_logpdf, normal_pdf
from gmmlib.gaussian import cholesky, mahalanobis, multivariate_normal_logpdf

POINTS = np.array([-40.0, -3.0, -0.5, 0.0, 0.1, 2.0, 17.0])
COVARIANCE = np.array([[4.0, 1.2, -0.3], [1.2, 2.0, 0.5], [-0.3, 0.5, 1.5]])


@pytest.mark.parametrize("mean", [-3.0, 0.0, 1.0, 250.0])
@pytest.mark.parametrize("variance", [1e-4, 0.5, 1.0, 9.0, 1e6])
def test_density_is_scipys(mean, variance):
    norm = stats.norm(mean, np.sqrt(variance))
    np.testing.assert_allclose(
        normal_logpdf(POINTS, mean, variance), norm.logpdf(POINTS), 1e-12
    )
    np.testing.assert_allclose(
        normal_pdf(POINTS, mean, variance), norm.pdf(POINTS), 1e-9
    )


def test_without_arguments_it_is_the_standard_normal():
    np.testing.assert_allclose(normal_logpdf(POINTS), stats.norm.logpdf(POINTS), 1e-12)
    np.testing.assert_allclose(normal_pdf(POINTS), stats.norm.pdf(POINTS), 1e-12)


def test_means_and_variances_broadcast_against_points():
    means, variances = np.array([0.0, 1.0, 5.0]), np.array([1.0, 2.0, 0.3])
    expected = stats.norm(means, np.sqrt(variances)).pdf(POINTS[:, None])
    np.testing.assert_allclose(
        normal_pdf(POINTS[:, None], means, variances), expected, 1e-12
    )


def test_area_under_the_curve_is_one():
    area, _ = quad(
        normal_pdf, 2 - 12 * 0.3, 2 + 12 * 0.3, args=(2.0, 0.09), points=[2.0]
    )
    assert area == pytest.approx(1, abs=1e-9)


def test_density_exceeds_one_where_the_spread_is_small():
    assert normal_pdf(0.0, variance=0.01) > 1
    assert normal_logpdf(0.0, variance=0.01) > 0


def test_log_density_stays_finite_where_the_density_underflows():
    assert normal_pdf(60.0) == 0
    assert normal_logpdf(60.0) == pytest.approx(
        -1800 - 0.5 * np.log(2 * np.pi), rel=1e-15
    )


def test_fit_is_scipys():
    x = np.random.default_rng(0).gamma(2.0, size=57)
    mean, variance = fit_normal(x)
    scipy_mean, scipy_deviation = stats.norm.fit(x)
    assert mean == pytest.approx(scipy_mean, rel=1e-14)
    assert variance == pytest.approx(scipy_deviation**2, rel=1e-13)


def test_no_other_mean_or_variance_is_more_likely():
    x = np.random.default_rng(1).normal(3.0, 2.0, size=40)
    mean, variance = fit_normal(x)
    best = normal_logpdf(x, mean, variance).sum()
    for factor in (0.99, 1.01):
        assert normal_logpdf(x, mean * factor, variance).sum() < best
        assert normal_logpdf(x, mean, variance * factor).sum() < best


def test_fit_keeps_its_digits_far_from_zero():
    assert fit_normal(np.array([1.0, 2.0, 3.0, 6.0]) + 1e8) == (1e8 + 3.0, 3.5)


def test_fit_takes_a_single_point():
    assert fit_normal([4.0]) == (4.0, 0.0)


def test_mahalanobis_is_scipys():
    X, mean = np.random.default_rng(2).normal(size=(9, 3)), np.array([1.0, -2.0, 0.5])
    expected = [distance.mahalanobis(x, mean, np.linalg.inv(COVARIANCE)) for x in X]
    np.testing.assert_allclose(mahalanobis(X, mean, COVARIANCE), expected, 1e-12)


def test_mahalanobis_in_one_dimension_counts_standard_deviations():
    np.testing.assert_allclose(mahalanobis([[7.0], [1.0]], [1.0], [[4.0]]), [3.0, 0.0])


def test_density_in_many_dimensions_is_scipys():
    X, mean = (
        np.random.default_rng(3).normal(scale=3, size=(9, 3)),
        np.array([1.0, -2.0, 0.5]),
    )
    expected = stats.multivariate_normal(mean, COVARIANCE).logpdf(X)
    np.testing.assert_allclose(
        multivariate_normal_logpdf(X, mean, COVARIANCE), expected, 1e-12
    )


def test_density_in_one_dimension_is_the_bell_curve():
    np.testing.assert_allclose(
        multivariate_normal_logpdf(POINTS[:, None], [1.0], [[2.0]]),
        normal_logpdf(POINTS, 1.0, 2.0),
        1e-13,
    )


def test_uncorrelated_features_multiply():
    X, variances = (
        np.random.default_rng(4).normal(size=(5, 3)),
        np.array([0.5, 2.0, 7.0]),
    )
    np.testing.assert_allclose(
        multivariate_normal_logpdf(X, np.zeros(3), np.diag(variances)),
        normal_logpdf(X, 0.0, variances).sum(axis=1),
        1e-13,
    )


def test_a_determinant_that_underflows_does_no_harm():
    d = 400
    assert np.linalg.det(1e-3 * np.eye(d)) == 0
    log_density = multivariate_normal_logpdf(
        np.zeros((1, d)), np.zeros(d), 1e-3 * np.eye(d)
    )
    np.testing.assert_allclose(log_density, -0.5 * d * np.log(2e-3 * np.pi), 1e-13)


def test_cholesky_factor_is_lower_and_multiplies_back():
    factor = cholesky(COVARIANCE)
    np.testing.assert_allclose(factor @ factor.T, COVARIANCE, 1e-14)
    assert np.all(np.triu(factor, 1) == 0)


def test_cholesky_forgives_rounding_in_the_symmetry():
    nearly = COVARIANCE + np.triu(np.full((3, 3), 1e-12), 1)
    np.testing.assert_allclose(cholesky(nearly), cholesky(COVARIANCE), 1e-10)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_features_in_very_different_units_are_no_flat_matrix(order):
    units = np.array([1e-50, 1.0, 1e50])[order]
    factor = cholesky(COVARIANCE * np.outer(units, units))
    np.testing.assert_allclose(factor, cholesky(COVARIANCE) * units[:, None], 1e-12)


@pytest.mark.parametrize("correlation", [0.9, 1 - 1e-6, 1 - 1e-12])
def test_a_strong_correlation_is_no_flat_matrix(correlation):
    factor = cholesky([[1.0, correlation], [correlation, 1.0]])
    assert factor[1, 1] == pytest.approx(np.sqrt(1 - correlation**2), rel=1e-3)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_symmetry_is_judged_relative_to_the_matrix(scale):
    lopsided = scale * np.array([[2.0, 0.5], [0.5 + 1e-6, 2.0]])
    with pytest.raises(
        ValueError, match="covariance: expected a symmetric matrix, got"
    ):
        cholesky(lopsided)
    assert np.isfinite(
        cholesky(scale * np.array([[2.0, 0.5], [0.5 + 1e-10, 2.0]]))
    ).all()
