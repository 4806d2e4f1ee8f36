"""Both steps as products of matrices: the same answers as the plain way."""

import tracemalloc

import numpy as np
import pytest
from cases import TYPES, after, clouds, some_mixture, start_on

from gmmlib import Mixture, e_step, m_step, weighted_sums
from gmmlib.engine import as_data
from gmmlib.engine.digits import cancellation
from gmmlib.engine.products import RUN, FullProducts, Pairs, product, products_for


def plain_sums(X, mixture, sample_weight=None):
    """The sums as the chapter takes them: about each mean, component by component."""
    resp, _ = e_step(X, mixture)
    log_density = mixture.log_density(X)
    if sample_weight is not None:
        resp, log_density = resp * sample_weight[:, None], log_density * sample_weight
    sums = weighted_sums(X, resp, mixture.means, mixture.covariance_type)
    return sums, log_density.sum()


def assert_same_step(sums, expected, rtol=1e-10):
    one, other = m_step(sums), m_step(expected)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol, rtol, err_msg=name
        )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [1, 2, 3, 16, 33, 50])  # from 32 on, it whitens
@pytest.mark.parametrize("covariance_type", TYPES)
def test_products_are_the_plain_sums(covariance_type, d, weighted):
    X, mixture = clouds(200, d, 3), some_mixture(covariance_type, d, 3)
    weight = np.random.default_rng(0).uniform(0, 3, size=200) if weighted else None
    products = products_for(mixture)
    assert products.is_safe
    sums, log_likelihood = products.sums(X, weight)
    sums = products.unpack(sums)
    expected, plain = plain_sums(X, mixture, weight)
    assert log_likelihood == pytest.approx(plain, rel=1e-11)
    assert sums.scatter.shape == expected.scatter.shape
    assert_same_step(sums, expected, 1e-9)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_em_takes_the_products_where_they_are_safe(covariance_type, monkeypatch):
    X, mixture = clouds(), start_on(clouds(), covariance_type)
    assert products_for(mixture).is_safe
    monkeypatch.setattr(Mixture, "log_joint", None)  # the plain way
    assert np.isfinite(after(3, X, mixture).log_likelihood)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [2, 33])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_statistics_of_a_single_block_are_made_once_and_serve_every_pass(
    covariance_type, d, weighted, monkeypatch
):
    X = clouds(200, d, 3)
    weight = np.random.default_rng(0).uniform(0, 3, size=200) if weighted else None
    data, made, statistics = as_data(X, weight), [], FullProducts.statistics

    def spied(products, X, out=None):
        made.append(len(X))
        return statistics(products, X, out)

    monkeypatch.setattr(FullProducts, "statistics", spied)
    mixtures = [some_mixture(covariance_type, d, k) for k in (3, 1, 2)]
    found = [data.sums(mixture) for mixture in mixtures]
    assert made == [200]
    for (sums, log_likelihood), mixture in zip(found, mixtures):
        expected, other = as_data(X, weight).sums(mixture)
        assert log_likelihood == other
        np.testing.assert_array_equal(sums.scatter, expected.scatter)
        np.testing.assert_array_equal(sums.first, expected.first)
    # Of several blocks they would take as much memory as the data.
    monkeypatch.setattr("gmmlib.engine.data.block_rows", lambda *args: 150)
    made.clear()
    blocks = as_data(X, weight)
    for _ in range(2):
        blocks.sums(mixtures[0])
    assert made == [150, 50, 150, 50]


@pytest.mark.parametrize("distance", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_em_keeps_the_digits_of_small_clouds_far_apart(covariance_type, distance):
    """About one centre, the variances would be lost among the squared distances."""
    one, other = np.round(clouds(80, k=1) * 2**20) / 2**20, clouds(70, k=1, seed=2)
    other = np.round(other * 2**20) / 2**20
    X = np.vstack([one, other + distance])
    start = start_on(X, covariance_type)
    centred = np.vstack([one - one.mean(axis=0), other - other.mean(axis=0)])
    fitted = after(20, X, start).mixture.full_covariances()
    covariances = [np.cov(part.T, ddof=0) for part in (one, other)]
    if covariance_type == "tied":
        covariances = [centred.T @ centred / len(X)] * 2
    elif covariance_type == "diag":
        covariances = [np.diag(np.diag(c)) for c in covariances]
    elif covariance_type == "spherical":
        covariances = [np.trace(c) / 2 * np.eye(2) for c in covariances]
    np.testing.assert_allclose(fitted, covariances, 1e-9, 1e-9)


def test_cancellation_is_the_square_of_the_distance_in_standard_deviations():
    mixture = Mixture([0.5, 0.5], [[0.0, 0.0], [3.0, 4.0]], [1.0, 0.25], "spherical")
    assert cancellation(mixture, np.zeros(2)) == 25 / 0.25 + 2
    assert cancellation(mixture, mixture.means) == 2
    tilted = Mixture([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]])
    assert cancellation(tilted, np.zeros(2)) == pytest.approx(2 / (1 - 0.8**2))


@pytest.mark.parametrize("d", [1, 2, 5, 31, 32, 50, 100])
def test_pairs_have_each_product_of_two_features(d):
    pairs, rng = Pairs(d), np.random.default_rng(d)
    x, half = rng.normal(size=d), rng.normal(size=(d, d))
    A = half + half.T
    squares = x[pairs.first] * x[pairs.second]
    assert pairs.pick(A[None])[0] @ squares == pytest.approx(x @ A @ x, rel=1e-10)
    np.testing.assert_array_equal(squares[pairs.places].reshape(d, d), np.outer(x, x))
    assert len(squares) == d * (d + 1) // 2


@pytest.mark.parametrize("d", [2, 31, 32, 40])
def test_many_features_in_single_precision_are_the_plain_sums_but_for_its_rounding(d):
    X, mixture = clouds(3000, d, 3).astype(np.float32), some_mixture("full", d, 3)
    products = products_for(mixture, X.dtype)
    assert products.is_safe and products.coefficients.dtype == np.float32
    sums, log_likelihood = products.sums(X)
    expected, plain = plain_sums(X.astype(float), mixture)
    assert sums.scatter.dtype == float
    assert log_likelihood == pytest.approx(plain, rel=1e-5)
    assert_same_step(products.unpack(sums), expected, 1e-3)


@pytest.mark.parametrize("n", [1, RUN - 1, RUN, RUN + 1, 3 * RUN + 5])
def test_a_product_in_single_precision_is_summed_in_double(n):
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(size=(i, n)).astype(np.float32) for i in (3, 2))
    exact = a.astype(float) @ b.T.astype(float)
    assert product(a, b).dtype == np.float64
    np.testing.assert_allclose(product(a, b), exact, 2e-6)
    np.testing.assert_allclose(product(a.astype(float), b.astype(float)), exact, 1e-13)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_square_that_overflows_sends_the_block_the_plain_way(covariance_type):
    X = np.vstack([clouds().astype(np.float32), [[3e19, 0.0]]]).astype(np.float32)
    X = np.repeat(X, 30, axis=0)  # so many that they are computed in single precision
    mixture = start_on(clouds(), covariance_type)
    sums, log_likelihood = as_data(X).sums(mixture)
    expected, plain = plain_sums(X.astype(float), mixture)
    assert log_likelihood == pytest.approx(plain, rel=1e-12)
    np.testing.assert_allclose(sums.total, expected.total, 1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_threads_change_nothing(covariance_type, monkeypatch):
    X = clouds(5000, 9, 3)
    mixture = start_on(X, covariance_type, 3)
    monkeypatch.setattr("gmmlib.engine.data.block_rows", lambda *_: 300)
    side_by_side, one = as_data(X).sums(mixture)
    monkeypatch.setattr("gmmlib.engine.arrays.LEAST_FEATURES", 100)
    in_turn, other = as_data(X).sums(mixture)
    assert one == other
    np.testing.assert_array_equal(side_by_side.scatter, in_turn.scatter)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_pass_needs_no_more_memory_for_more_rows(covariance_type):
    peaks = []
    for n in (100_000, 400_000):
        X = clouds(n, 2, 3)
        mixture = start_on(X, covariance_type, 3)
        tracemalloc.start()
        as_data(X).sums(mixture)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < X.nbytes
