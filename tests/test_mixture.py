"""The mixture density and what follows from it, against SciPy and scikit-learn."""

import dataclasses

import numpy as np
import pytest
from cases import (
    TYPES,
    clouds,
    covariance_matrices,
    properties,
    scikit_after,
    some_mixture,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from gmmlib import Mixture, normalise

X = np.random.default_rng(0).normal(scale=3, size=(40, 2))


def scipy_log_joint(mixture, points):
    k, d = mixture.means.shape
    matrices = covariance_matrices(mixture.covariances, mixture.covariance_type, k, d)
    return np.column_stack(
        [
            np.log(weight) + stats.multivariate_normal(mean, matrix).logpdf(points)
            for weight, mean, matrix in zip(mixture.weights, mixture.means, matrices)
        ]
    )


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_log_joint_is_scipys(covariance_type, d):
    mixture = some_mixture(covariance_type, d)
    points = np.random.default_rng(1).normal(scale=3, size=(30, d))
    np.testing.assert_allclose(
        mixture.log_joint(points), scipy_log_joint(mixture, points), 1e-11
    )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_density_and_responsibilities_are_scipys(covariance_type):
    mixture = some_mixture(covariance_type)
    log_joint = scipy_log_joint(mixture, X)
    log_density = logsumexp(log_joint, axis=1)
    np.testing.assert_allclose(mixture.log_density(X), log_density, 1e-12)
    np.testing.assert_allclose(
        mixture.responsibilities(X),
        np.exp(log_joint - log_density[:, None]),
        1e-10,
        1e-300,
    )
    assert mixture.log_likelihood(X) == pytest.approx(log_density.sum(), rel=1e-13)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_counts_of_parameters_are_scikit_learns(covariance_type):
    data = clouds(200, d=3, k=3)
    model = scikit_after(1, data, some_mixture(covariance_type, d=3, k=3))
    mixture = Mixture(model.weights_, model.means_, model.covariances_, covariance_type)
    assert mixture.n_parameters == model._n_parameters()
    assert (mixture.n_components, mixture.n_features) == (3, 3)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_precision_factors_are_scikit_learns(covariance_type):
    model = scikit_after(
        2, clouds(200, d=3, k=2), some_mixture(covariance_type, d=3, k=2)
    )
    mixture = Mixture(model.weights_, model.means_, model.covariances_, covariance_type)
    np.testing.assert_allclose(
        mixture.precision_factors, model.precisions_cholesky_, 1e-9, 1e-14
    )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_full_covariances_are_one_matrix_a_component(covariance_type):
    mixture = some_mixture(covariance_type, d=4, k=3)
    np.testing.assert_array_equal(
        mixture.full_covariances(),
        covariance_matrices(mixture.covariances, covariance_type, 3, 4),
    )


def test_in_one_dimension_all_types_are_the_same_density():
    points, weights, means = X[:, :1], [0.3, 0.7], [[0.0], [2.0]]
    reference = Mixture(weights, means, [2.0, 2.0], "spherical").log_joint(points)
    for covariances, name in [
        ([[2.0], [2.0]], "diag"),
        ([[[2.0]], [[2.0]]], "full"),
        ([[2.0]], "tied"),
    ]:
        np.testing.assert_allclose(
            Mixture(weights, means, covariances, name).log_joint(points),
            reference,
            1e-13,
        )


def test_full_is_the_default_type():
    assert Mixture([1.0], [[0.0]], [[[1.0]]]).covariance_type == "full"


def test_integers_and_lists_become_arrays_of_floats():
    mixture = Mixture([1], [[0, 1]], [[2, 0], [0, 2]], "tied")
    for array in (mixture.weights, mixture.means, mixture.covariances):
        assert isinstance(array, np.ndarray) and array.dtype == np.float64


def test_a_mixture_cannot_be_changed_by_assignment():
    with pytest.raises(dataclasses.FrozenInstanceError):
        some_mixture("full").weights = np.array([1.0])


def test_a_component_without_weight_takes_no_point():
    mixture = Mixture([0.0, 1.0], [[0.0, 0.0], [9.0, 9.0]], [1.0, 1.0], "spherical")
    resp = mixture.responsibilities([[0.0, 0.0]])
    np.testing.assert_array_equal(resp, [[0.0, 1.0]])
    alone = Mixture([1.0], [[9.0, 9.0]], [1.0], "spherical")
    np.testing.assert_array_equal(mixture.log_density(X), alone.log_density(X))


def test_weights_may_miss_one_by_rounding_only():
    assert (
        Mixture([0.5, 0.5 + 5e-7], [[0.0], [1.0]], [1.0, 1.0], "spherical").n_components
        == 2
    )
    for off in (-2e-6, 2e-6):
        with pytest.raises(ValueError, match="weights: .* sum to 1, got .* with sum"):
            Mixture([0.5, 0.5 + off], [[0.0], [1.0]], [1.0, 1.0], "spherical")


@properties
@given(
    st.sampled_from(TYPES), st.integers(1, 4), st.integers(1, 4), st.integers(0, 10_000)
)
def test_each_row_of_responsibilities_sums_to_one(covariance_type, d, k, seed):
    mixture = some_mixture(covariance_type, d, k, seed)
    points = np.random.default_rng(seed).standard_cauchy(size=(25, d)) * 100
    resp = mixture.responsibilities(points)
    assert resp.min() >= 0 and resp.max() <= 1
    np.testing.assert_allclose(resp.sum(axis=1), 1, rtol=1e-14)


def test_normalise_survives_what_exp_does_not():
    resp, log_density = normalise(np.array([[-20000.0, -20001.0], [20001.0, 20000.0]]))
    share = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(resp, [[share, 1 - share]] * 2, 1e-14)
    np.testing.assert_allclose(
        log_density, [-20000 - np.log(share), 20001 - np.log(share)], 1e-15
    )


@properties
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6), st.floats(-1e5, 1e5))
def test_normalise_is_softmax_and_log_sum_exp(logarithms, constant):
    resp, log_density = normalise(np.array([logarithms]) + constant)
    assert log_density[0] == pytest.approx(logsumexp(logarithms) + constant, abs=1e-9)
    np.testing.assert_allclose(
        resp[0], np.exp(logarithms - logsumexp(logarithms)), 1e-8
    )
    assert resp.shape == (1, len(logarithms)) and log_density.shape == (1,)


@pytest.mark.parametrize("scale", [1e6, 1e150])
def test_a_point_far_away_has_finite_responsibilities(scale):
    mixture = Mixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 2.0], "spherical")
    np.testing.assert_array_equal(mixture.responsibilities([[scale]]), [[0.0, 1.0]])
    assert mixture.log_density([[scale]])[0] == pytest.approx(-(scale**2) / 4, rel=1e-4)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_samples_have_the_mixtures_moments(covariance_type):
    mixture, n = some_mixture(covariance_type), 40_000
    points, labels = mixture.sample(n, random_state=0)
    assert points.shape == (n, 2) and labels.shape == (n,)
    matrices = covariance_matrices(mixture.covariances, covariance_type, 3, 2)
    for j, (weight, mean, matrix) in enumerate(
        zip(mixture.weights, mixture.means, matrices)
    ):
        own = points[labels == j]
        assert len(own) / n == pytest.approx(
            weight, abs=5 * np.sqrt(weight * (1 - weight) / n)
        )
        np.testing.assert_array_less(
            abs(own.mean(axis=0) - mean), 5 * np.sqrt(np.diag(matrix) / len(own))
        )
        variances = np.diag(matrix)
        error = 5 * np.sqrt((np.outer(variances, variances) + matrix**2) / len(own))
        np.testing.assert_array_less(abs(np.cov(own.T) - matrix), error)


def test_sampling_is_repeated_by_its_seed_and_defaults_to_one_point():
    mixture = some_mixture("full")
    first, again, other = (mixture.sample(5, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert mixture.sample()[0].shape == (1, 2)


def test_weights_that_miss_one_by_rounding_can_be_sampled():
    mixture = Mixture([0.5, 0.5 + 5e-7], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    assert mixture.sample(3, random_state=0)[0].shape == (3, 1)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_variances_are_those_of_the_whole_mixture(covariance_type):
    """Within the components and between their means: E[x²] − E[x]²."""
    mixture = some_mixture(covariance_type)
    diagonals = np.diagonal(mixture.full_covariances(), axis1=1, axis2=2)
    squares = mixture.weights @ (diagonals + mixture.means**2)
    expected = squares - (mixture.weights @ mixture.means) ** 2
    np.testing.assert_allclose(mixture.variances(), expected, 1e-12)


def test_a_sample_is_the_mean_and_the_factor_times_standard_normal_numbers():
    one = Mixture([1.0], [[5.0, -3.0]], [[[4.0, 6.0], [6.0, 13.0]]])
    X, _ = one.sample(4, random_state=0)
    rng = np.random.RandomState(0)
    rng.choice(1, size=4, p=[1.0])  # the die
    epsilon = rng.standard_normal((4, 2))
    np.testing.assert_allclose(X, [5, -3] + epsilon @ [[2.0, 3.0], [0.0, 2.0]], 1e-12)
