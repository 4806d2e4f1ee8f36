"""The four covariance types: how each whitens, is estimated, and counts."""

import numpy as np
import pytest
from cases import (
    TYPES,
    clouds,
    covariance_floor,
    covariance_matrices,
    some_mixture,
    spread,
)
from sklearn.mixture import GaussianMixture as ScikitMixture

from gmmlib.covariance import COVARIANCE_TYPES, covariance_class
from gmmlib.engine.data import robust_variances
from gmmlib.gaussian import mahalanobis

K, D = 3, 4


def test_there_are_four_types_by_scikit_learns_names():
    assert list(COVARIANCE_TYPES) == TYPES
    assert [covariance_class(name).name for name in TYPES] == TYPES


@pytest.mark.parametrize(
    "name, expected",
    [("full", (K, D, D)), ("tied", (D, D)), ("diag", (K, D)), ("spherical", (K,))],
)
def test_shapes_are_scikit_learns(name, expected):
    assert covariance_class(name).shape(K, D) == expected
    X = np.random.default_rng(0).normal(size=(60, D))
    model = ScikitMixture(
        K, covariance_type=name, random_state=0, max_iter=500, tol=1e-2
    )
    assert model.fit(X).covariances_.shape == expected


@pytest.mark.parametrize(
    "name, expected", [("full", 30), ("tied", 10), ("diag", 12), ("spherical", 3)]
)
def test_number_of_parameters(name, expected):
    number = covariance_class(name).n_parameters(K, D)
    assert number == expected and isinstance(number, int)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_whitened_length_is_the_mahalanobis_distance(name, d):
    mixture = some_mixture(name, d)
    form = covariance_class(name)(mixture.covariances, d)
    difference = np.random.default_rng(0).normal(size=(7, d))
    matrices = covariance_matrices(mixture.covariances, name, 3, d)
    for j, matrix in enumerate(matrices):
        length = np.linalg.norm(form.whiten(difference, j), axis=1)
        np.testing.assert_allclose(
            length, mahalanobis(difference, np.zeros(d), matrix), 1e-12
        )


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_log_determinant_is_numpys(name, d):
    mixture = some_mixture(name, d)
    matrices = covariance_matrices(mixture.covariances, name, 3, d)
    log_det = np.broadcast_to(covariance_class(name)(mixture.covariances, d).log_det, 3)
    np.testing.assert_allclose(
        log_det, [np.linalg.slogdet(m)[1] for m in matrices], 1e-12
    )


@pytest.mark.parametrize("name", TYPES)
def test_as_full_writes_out_each_components_matrix(name):
    covariances = some_mixture(name, D).covariances
    np.testing.assert_array_equal(
        covariance_class(name).as_full(covariances, K, D),
        covariance_matrices(covariances, name, K, D),
    )


@pytest.mark.parametrize("name", TYPES)
def test_scatter_becomes_the_weighted_covariance(name):
    kind, rng = covariance_class(name), np.random.default_rng(0)
    X, resp = rng.normal(size=(50, D)) + 3, rng.dirichlet(np.ones(K), size=50)
    total, centres = resp.sum(axis=0), rng.normal(size=(K, D)) + 3
    shift = resp.T @ X / total[:, None] - centres
    scatters = [kind.scatter(X - centres[j], resp[:, j]) for j in range(K)]
    each = np.array([np.cov(X.T, aweights=resp[:, j], ddof=0) for j in range(K)])
    variances = np.diagonal(each, axis1=1, axis2=2)
    expected = {
        "full": each,
        "tied": np.average(each, axis=0, weights=total),
        "diag": variances,
        "spherical": variances.mean(axis=1),
    }[name]
    np.testing.assert_allclose(
        kind.estimate(kind.pool(scatters), total, shift), expected, 1e-12
    )


@pytest.mark.parametrize("name", ["full", "tied"])
def test_scatter_is_symmetric_to_the_last_bit(name):
    rng = np.random.default_rng(0)
    scatter = covariance_class(name).scatter(
        rng.normal(size=(99, D)), rng.uniform(size=99)
    )
    np.testing.assert_array_equal(scatter, scatter.T)


@pytest.mark.parametrize("name", TYPES)
def test_the_floor_is_added_to_the_variances_only(name):
    kind, floor = covariance_class(name), np.array([0.1, 0.2, 0.3, 0.6])
    covariances = some_mixture(name, D).covariances
    added = kind.as_full(kind.add_floor(covariances, floor), K, D)
    added -= kind.as_full(covariances, K, D)
    expected = np.diag(floor) if name != "spherical" else 0.3 * np.eye(D)
    np.testing.assert_allclose(added, np.array([expected] * K), atol=1e-15)


def test_the_default_floor_is_a_millionth_of_each_variance():
    X = np.random.default_rng(0).uniform(size=(30, 3)) * [1.0, 10.0, 1e-3]
    np.testing.assert_allclose(covariance_floor(X), 1e-6 * X.var(axis=0), 1e-14)
    np.testing.assert_array_equal(covariance_floor(X, "scale"), covariance_floor(X))


def test_a_few_points_far_away_leave_the_spread_as_it_is():
    x = np.random.default_rng(0).normal(size=(4000, 1))
    np.testing.assert_allclose(spread(x), x.var(), rtol=0.1)
    far = np.vstack([x, [[1e8]], [[-1e9]]])
    np.testing.assert_allclose(spread(far), spread(x), rtol=2e-2)


def test_the_spread_of_a_feature_that_is_mostly_one_value_is_its_variance():
    x = np.repeat([[0.0], [3.0]], [80, 20], axis=0)
    np.testing.assert_allclose(spread(x), x.var(), 1e-14)


def test_a_constant_feature_has_the_spread_of_the_others():
    x = np.arange(9.0)
    X = np.column_stack([x, np.full(9, 0.1e8), 10 * x])
    np.testing.assert_allclose(
        spread(X), [x.var(), 50.5 * x.var(), 100 * x.var()], 1e-13
    )
    np.testing.assert_array_equal(spread(np.full((5, 2), 0.1)), [1.0, 1.0])


def test_a_weight_counts_as_so_many_rows_in_the_spread():
    rng = np.random.default_rng(0)
    X, times = rng.normal(size=(50, 3)), rng.integers(0, 5, size=50)
    np.testing.assert_allclose(
        spread(X, times.astype(float)), spread(np.repeat(X, times, axis=0)), 1e-13
    )


def test_more_rows_than_it_takes_are_not_all_read():
    X = np.random.default_rng(0).normal(size=(100_000, 2)) * [1.0, 5.0]
    np.testing.assert_allclose(spread(X), X.var(axis=0), rtol=0.06)


def test_numbers_whose_squares_are_not_finite_are_an_error():
    message = "squares are finite, got 1e.160; change the unit"
    ordinary = clouds(50)
    for value, reg_covar in [(1e160, "scale"), (-1e160, 0.1)]:
        X = np.vstack([ordinary, [[value, 0.0]]])
        with pytest.raises(ValueError, match=message):
            covariance_floor(X, reg_covar)
    assert covariance_floor(np.vstack([ordinary, [[1e150, 0.0]]])).max() < 1


def test_the_default_floor_follows_the_units():
    X = np.random.default_rng(0).normal(size=(30, 3))
    np.testing.assert_allclose(
        covariance_floor(X * 2.0**20), covariance_floor(X) * 2.0**40, 1e-14
    )


def test_the_default_floor_of_float32_data_is_summed_in_float64():
    X = (1e4 + np.random.default_rng(0).normal(size=(3000, 1))).astype(np.float32)
    assert covariance_floor(X).dtype == np.float64
    np.testing.assert_allclose(
        covariance_floor(X), covariance_floor(X.astype(float)), 1e-12
    )


@pytest.mark.parametrize("reg_covar", [0, 0.25, [0.5, 0.0, 2.0]])
def test_a_numeric_floor_is_taken_as_it_is(reg_covar):
    floor = covariance_floor(np.ones((5, 3)), reg_covar)
    np.testing.assert_array_equal(floor, np.broadcast_to(reg_covar, 3))


@pytest.mark.parametrize("others", [-7.0, 7.0])
def test_a_constant_feature_has_the_spread_of_the_others_however_its_mean_is_rounded(
    others,
):
    for n in range(3, 20):
        X = np.column_stack([others + np.arange(n), np.full(n, 0.1)])
        one, other = spread(X)
        assert one == other > 0.5


@pytest.mark.filterwarnings("error")
def test_the_spread_of_numbers_whose_squares_overflow_is_that_of_most_rows():
    X = np.vstack([np.arange(9.0)[:, None], [[1e200]]])  # as_data would refuse it
    variance = robust_variances(X, np.ones(10))
    assert variance == pytest.approx((5 / 1.349) ** 2)


@pytest.mark.parametrize("name", TYPES)
def test_unwhitened_differences_are_what_was_whitened(name):
    factored = some_mixture(name, D).factored
    difference = np.random.default_rng(0).normal(size=(9, D))
    for j in range(2):
        again = factored.unwhiten(factored.whiten(difference, j), j)
        np.testing.assert_allclose(again, difference, 1e-12, 1e-12)


@pytest.mark.parametrize("name", TYPES)
def test_unwhitened_standard_normals_have_the_covariance(name):
    mixture = some_mixture(name, D)
    for j, matrix in enumerate(mixture.full_covariances()):
        root = mixture.factored.unwhiten(np.eye(D), j).T
        np.testing.assert_allclose(root @ root.T, matrix, 1e-12, 1e-12)


@pytest.mark.parametrize("name", TYPES)
def test_what_a_diagnosis_looks_at_is_that_of_the_matrices(name):
    mixture = some_mixture(name, D)
    matrices, unit = mixture.full_covariances(), np.array([1.0, 2.0, 0.5, 3.0])
    if name == "spherical":
        unit[:] = 2.0
    features = np.array([True, False, True, True])
    chosen = (matrices / np.outer(unit, unit))[:, features][:, :, features]
    np.testing.assert_allclose(
        np.broadcast_to(
            mixture.factored.smallest(unit[features], features), len(chosen)
        ),
        np.linalg.eigvalsh(chosen)[:, 0],
        1e-12,
    )
    deviations = np.sqrt(np.diagonal(matrices[0]))
    change = (matrices[1] - matrices[0]) / np.outer(deviations, deviations)
    assert mixture.factored.change(0, 1) == pytest.approx(
        np.abs(change).max(), rel=1e-12
    )
    assert mixture.factored.change(1, 1) == 0
