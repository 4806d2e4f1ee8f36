"""Values that are missing: marginal densities, conditional means, and EM with both."""

import warnings
from itertools import islice

import numpy as np
import pandas as pd
import pytest
from cases import TYPES, clouds, properties, some_mixture
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning

from gmmlib import GaussianMixture, Mixture, em
from gmmlib.agreement import matched_accuracy
from gmmlib.engine import WithGaps, as_data, impute
from gmmlib.engine.incomplete import Incomplete, patterns
from gmmlib.selection import search


def with_gaps(X, share=0.25, seed=0):
    """The same points, of which some values are missing; each row has one left."""
    rng = np.random.default_rng(seed)
    gaps = rng.random(X.shape) < share
    gaps[np.arange(len(X)), rng.integers(X.shape[1], size=len(X))] = False
    return np.where(gaps, np.nan, X)


def start_on(X, covariance_type):
    """A model's parameters for a start that is near the answer."""
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0)
    mixture = model.fit(X).mixture_
    covariances = mixture.covariances
    precisions = 1 / covariances
    if mixture.covariance_type in ("full", "tied"):
        precisions = np.linalg.inv(covariances)
    return dict(
        weights_init=mixture.weights,
        means_init=mixture.means,
        precisions_init=precisions,
        covariance_type=covariance_type,
    )


def end(X, covariance_type="full", k=1):
    """The mixture where EM ends: the last digits of a likelihood do not stop it."""
    model = GaussianMixture(
        k, covariance_type=covariance_type, missing="em", random_state=0
    )
    start = model.fit(X).mixture_
    states = em(as_data(X, missing="em"), start, reg_covar=0, accelerate="squarem")
    return next(islice(states, 300, None)).mixture


# One normal density


def test_two_features_of_which_one_is_always_seen_have_a_closed_form():
    """Anderson (1957): the second is a regression on the first, of the complete rows."""
    rng = np.random.default_rng(3)
    X = rng.multivariate_normal([1.0, -2.0], [[2.0, 1.2], [1.2, 1.5]], size=60)
    X[25:, 1] = np.nan
    mixture = end(X)
    first, (x, y) = X[:, 0], X[:25].T
    slope = np.mean((x - x.mean()) * (y - y.mean())) / x.var()
    residual = np.var(y - slope * x)
    mean = y.mean() + slope * (first.mean() - x.mean())
    covariance = slope * first.var()
    np.testing.assert_allclose(mixture.means, [[first.mean(), mean]], 1e-9)
    np.testing.assert_allclose(
        mixture.covariances[0],
        [[first.var(), covariance], [covariance, residual + slope * covariance]],
        1e-9,
    )


def test_a_staircase_of_gaps_has_a_closed_form():
    """Each feature is a regression on those before it, of the rows that have it."""
    X = clouds(90, 4, 1, seed=5) @ np.random.default_rng(1).normal(size=(4, 4))
    lengths = [90, 70, 45, 30]
    for feature, length in enumerate(lengths):
        X[length:, feature] = np.nan
    mean, covariance = np.zeros(0), np.zeros((0, 0))
    for feature, length in enumerate(lengths):
        before, y = X[:length, :feature], X[:length, feature]
        design = np.c_[np.ones(length), before]
        (constant, *slopes), *_ = np.linalg.lstsq(design, y)
        residual = np.mean((y - design @ [constant, *slopes]) ** 2)
        cross = covariance @ slopes
        corner = residual + slopes @ cross
        mean = np.append(mean, constant + mean @ slopes)
        covariance = np.block([[covariance, cross[:, None]], [cross, corner]])
    mixture = end(X)
    np.testing.assert_allclose(mixture.means[0], mean, 1e-9, 1e-10)
    np.testing.assert_allclose(mixture.covariances[0], covariance, 1e-9, 1e-10)


@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_independent_features_are_estimated_from_what_each_has(covariance_type):
    X = with_gaps(clouds(80, 3, 1), 0.4)
    mixture = end(X, covariance_type)
    np.testing.assert_allclose(mixture.means[0], np.nanmean(X, axis=0), 1e-9)
    squares = (X - np.nanmean(X, axis=0)) ** 2
    of_all = np.nanmean(squares, axis=None if covariance_type == "spherical" else 0)
    np.testing.assert_allclose(mixture.covariances[0], of_all, 1e-9)


def test_what_is_missing_because_of_a_seen_value_does_not_bias():
    """Dropping the rows would: whoever has a large x does not tell y."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    X = np.c_[x, 2 * x + rng.normal(size=4000)]
    X[x > 0, 1] = np.nan
    model = GaussianMixture(1, missing="em", tol=1e-9, max_iter=1000).fit(X)
    assert np.nanmean(X[:, 1]) < -1.4
    assert model.means_[0, 1] == pytest.approx(0, abs=0.15)
    assert model.covariances_[0, 1, 1] == pytest.approx(5, rel=0.1)


# Densities


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_row_has_the_density_of_what_is_seen(covariance_type):
    mixture = some_mixture(covariance_type, d=4)
    X = with_gaps(mixture.sample(30, random_state=0)[0], 0.4)
    X[3] = np.nan
    model = GaussianMixture.from_parameters(
        mixture.weights, mixture.means, mixture.covariances, covariance_type
    ).set_params(missing="em")
    joint = np.tile(np.log(mixture.weights), (30, 1))
    matrices = mixture.full_covariances()
    for n, x in enumerate(X):
        seen = ~np.isnan(x)
        for j in range(3 * seen.any()):
            part = matrices[j][np.ix_(seen, seen)]
            about = mixture.means[j, seen], part
            joint[n, j] += multivariate_normal(*about).logpdf(x[seen])
    density = np.logaddexp.reduce(joint, axis=1)
    np.testing.assert_allclose(model.score_samples(X), density, 1e-11, 1e-13)
    shares = np.exp(joint - density[:, None])
    np.testing.assert_allclose(model.predict_proba(X), shares, 1e-9)
    assert (model.predict(X) == shares.argmax(axis=1)).all()
    np.testing.assert_allclose(model.predict_proba(X)[3], mixture.weights)
    counts = np.arange(30) != 3
    assert model.score(X) == pytest.approx(density[counts].mean(), rel=1e-12)
    bic = -2 * density[counts].sum() + mixture.n_parameters * np.log(29)
    assert model.bic(X) == pytest.approx(bic, rel=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_missing_value_is_completed_by_its_conditional_mean(covariance_type):
    mixture = some_mixture(covariance_type, d=4)
    X = with_gaps(mixture.sample(20, random_state=1)[0], 0.4)
    X[5] = np.nan
    model = GaussianMixture.from_parameters(
        mixture.weights, mixture.means, mixture.covariances, covariance_type
    ).set_params(missing="em")
    expected, shares = X.copy(), model.predict_proba(X)
    for n, x in enumerate(X):
        seen, gaps = ~np.isnan(x), np.isnan(x)
        expected[n, gaps] = 0
        for j, matrix in enumerate(mixture.full_covariances()):
            away = np.linalg.solve(
                matrix[np.ix_(seen, seen)], x[seen] - mixture.means[j, seen]
            )
            mean = mixture.means[j, gaps] + matrix[np.ix_(gaps, seen)] @ away
            expected[n, gaps] += shares[n, j] * mean
    found = model.impute(X)
    np.testing.assert_allclose(found, expected, 1e-10, 1e-12)
    assert (found[~np.isnan(X)] == X[~np.isnan(X)]).all() and np.isnan(X[5]).all()
    np.testing.assert_allclose(found[5], mixture.weights @ mixture.means, 1e-12)
    single = model.impute(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, 1e-3, 1e-5)
    whole = np.nan_to_num(X)
    assert (model.impute(whole) == whole).all()


def test_a_pattern_names_each_row_once():
    X = with_gaps(clouds(50, 11, 1), 0.5)
    found = {}
    for seen, rows in patterns(X):
        assert (~np.isnan(X[rows]) == seen).all()
        assert seen.tobytes() not in found
        found[seen.tobytes()] = rows
    assert sorted(np.concatenate([*found.values()])) == list(range(50))


# The fit


@pytest.mark.parametrize("covariance_type", TYPES)
def test_with_nothing_missing_it_is_the_ordinary_fit(covariance_type):
    X = clouds(200, 3, 3)
    settings = dict(covariance_type=covariance_type, tol=1e-9, random_state=0)
    one = GaussianMixture(3, **settings).fit(X)
    other = GaussianMixture(3, missing="em", **settings).fit(X)
    assert (one.means_ == other.means_).all()
    assert one.log_likelihoods_ == other.log_likelihoods_


@pytest.mark.parametrize("covariance_type", TYPES)
def test_complete_rows_beside_others_count_as_ever(covariance_type):
    """A row of weight 0 with a gap makes the pass that of incomplete data."""
    X = clouds(100, 3, 2)
    more, weight = np.r_[X, [[1.0, np.nan, 2.0]]], np.r_[np.ones(100), 0.0]
    settings = dict(tol=1e-9, max_iter=500, **start_on(X, covariance_type))
    one = GaussianMixture(2, **settings).fit(X)
    other = GaussianMixture(2, missing="em", **settings)
    other = other.fit(more, sample_weight=weight)
    assert isinstance(as_data(more, weight, missing="em"), Incomplete)
    np.testing.assert_allclose(other.means_, one.means_, 1e-9)
    np.testing.assert_allclose(other.covariances_, one.covariances_, 1e-9)
    np.testing.assert_allclose(other.log_likelihoods_, one.log_likelihoods_, 1e-9)


@given(st.integers(0, 10_000), st.sampled_from(TYPES), st.floats(0.05, 0.7))
@properties
def test_the_log_likelihood_of_what_is_seen_never_falls(seed, covariance_type, share):
    X = with_gaps(clouds(40, 3, 2, seed), share, seed)
    start = some_mixture(covariance_type, d=3, k=2, seed=seed)
    values = []
    for state in em(as_data(X, missing="em"), start, reg_covar=1e-9):
        values.append(state.log_likelihood)
        # A component that shrinks to a point has left what can be computed.
        smallest = np.linalg.eigvalsh(state.mixture.full_covariances()).min()
        if state.iteration == 25 or smallest < 1e-4:
            break
    assert len(values) > 2
    assert np.diff(values).min() > -1e-9 * abs(values[-1])


@pytest.mark.parametrize("covariance_type", TYPES)
def test_no_small_step_leads_higher_from_where_it_ends(covariance_type):
    """The slope of the log-likelihood, by differences: nothing of EM is used for it."""
    X = with_gaps(clouds(150, 3, 2, seed=2), 0.2)
    mixture = end(X, covariance_type, k=2)

    def height(means, covariances):
        moved = Mixture(mixture.weights, means, covariances, covariance_type)
        return WithGaps.of(moved).log_likelihood(X)

    rng, step = np.random.default_rng(0), 1e-4
    for _ in range(10):
        aside = step * rng.normal(size=mixture.means.shape)
        other = step * rng.normal(size=mixture.covariances.shape)
        if covariance_type in ("full", "tied"):
            other = other + np.swapaxes(other, -1, -2)
        up = height(mixture.means + aside, mixture.covariances + other)
        down = height(mixture.means - aside, mixture.covariances - other)
        top = height(mixture.means, mixture.covariances)
        assert abs(up - down) < 1e-3 * (2 * top - up - down)
        assert up < top and down < top


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_weight_of_two_is_a_row_twice(covariance_type):
    start = start_on(clouds(60, 3, 2), covariance_type)
    X, weight = with_gaps(clouds(60, 3, 2)), np.arange(60) % 3
    settings = dict(missing="em", tol=1e-8, max_iter=500, reg_covar=1e-6, **start)
    weighted = GaussianMixture(2, **settings).fit(X, sample_weight=weight)
    copied = GaussianMixture(2, **settings).fit(np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(weighted.means_, copied.means_, 1e-9)
    np.testing.assert_allclose(weighted.covariances_, copied.covariances_, 1e-8)
    scores = weighted.score(X, sample_weight=weight), copied.score(X.repeat(weight, 0))
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_squarem_ends_there_too(covariance_type):
    start = start_on(clouds(150, 3, 2), covariance_type)
    X = with_gaps(clouds(150, 3, 2))
    settings = dict(missing="em", tol=1e-10, max_iter=5000, **start)
    plain = GaussianMixture(2, **settings).fit(X)
    fast = GaussianMixture(2, accelerate="squarem", **settings).fit(X)
    assert fast.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-5)
    assert fast.n_iter_ < plain.n_iter_


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("unit, offset", [(1e-9, 0.0), (1e9, 0.0), (1.0, 1e7)])
def test_neither_unit_nor_offset_matter(covariance_type, unit, offset):
    X = with_gaps(clouds(120, 3, 2))
    units = unit if covariance_type == "spherical" else np.array([unit, 1.0, 1 / unit])
    settings = dict(covariance_type=covariance_type, missing="em", random_state=0)
    plain = GaussianMixture(2, tol=1e-6, max_iter=2000, **settings).fit(X)
    scaled = GaussianMixture(2, tol=1e-6, max_iter=2000, **settings)
    scaled.fit(X * units + offset)
    np.testing.assert_allclose(
        (scaled.means_ - offset) / units, plain.means_, 1e-4, 1e-5
    )
    assert (scaled.predict(X * units + offset) == plain.predict(X)).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_default_start_finds_three_groups_with_a_quarter_missing(seed):
    rng = np.random.default_rng(seed)
    classes = np.arange(150) % 3
    centres = np.array([[0, 0, 0, 0], [5, 0, 5, 0], [0, 5, 0, 5]])
    X = with_gaps(centres[classes] + rng.normal(size=(150, 4)), 0.25, seed)
    model = GaussianMixture(3, missing="em", random_state=seed, n_init=2).fit(X)
    assert matched_accuracy(classes, model.predict(X)) > 0.93


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_row_without_any_value_counts_for_nothing(covariance_type):
    X = with_gaps(clouds(80, 3, 2))
    more = np.insert(X, [0, 40], np.nan, axis=0)
    settings = dict(covariance_type=covariance_type, missing="em", tol=1e-8)
    settings |= start_on(clouds(80, 3, 2), covariance_type)
    one = GaussianMixture(2, **settings, max_iter=300).fit(X)
    other = GaussianMixture(2, **settings, max_iter=300).fit(more)
    np.testing.assert_allclose(other.means_, one.means_, 1e-10)
    assert other.lower_bound_ == pytest.approx(one.lower_bound_, rel=1e-12)
    assert other.bic(more) == pytest.approx(one.bic(X), rel=1e-12)


# Whatever it comes in


def test_masked_values_and_those_of_a_data_frame_are_missing_ones(tmp_path):
    X = with_gaps(clouds(90, 3, 2))
    settings = dict(missing="em", random_state=0)
    model = GaussianMixture(2, **settings).fit(X)
    np.save(tmp_path / "X.npy", X)
    masked = np.ma.masked_array(np.nan_to_num(X, nan=-99.0), np.isnan(X))
    frame = pd.DataFrame(X).convert_dtypes()
    objects = np.where(np.isnan(X), None, X.astype(object))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for same in (masked, frame, objects, mapped, X.tolist(), np.asfortranarray(X)):
        other = GaussianMixture(2, **settings).fit(same)
        assert (other.means_ == model.means_).all()
        assert (other.predict(same) == model.predict(X)).all()
        assert other.score(same) == model.score(X)
    single = GaussianMixture(2, **settings).fit(X.astype(np.float32))
    assert single.means_.dtype == np.float32
    np.testing.assert_allclose(single.means_, model.means_, 1e-3, 1e-4)


def test_nothing_of_the_caller_is_changed():
    X = with_gaps(clouds(90, 3, 2))
    before = X.copy()
    model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    model.impute(X), model.predict(X), model.score(X), model.partial_fit(X)
    np.testing.assert_array_equal(X, before)


def test_many_rows_are_started_from_some_and_taken_in_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=30_000)
    X = with_gaps(classes[:, None] * 6.0 + rng.normal(size=(30_000, 2)), 0.3)
    model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    np.testing.assert_allclose(np.sort(model.means_, axis=0), [[0, 0], [6, 6]], 0, 0.1)
    whole = model.log_likelihood_
    monkeypatch.setattr("gmmlib.engine.incomplete.block_rows", lambda n: 700)
    assert model.score(X) * len(X) == pytest.approx(whole, rel=1e-12)


def test_a_value_that_is_seen_once_in_many_rows():
    """The rows that a start looks at may have none of it."""
    X = clouds(12_000, 3, 2)
    X[1:, 2] = np.nan
    with pytest.warns(ConvergenceWarning, match="feature 2 is constant"):
        model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    assert np.isfinite(model.means_).all() and np.isfinite(model.log_likelihood_)


@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_more_features_than_matrices_can_have(covariance_type):
    X = with_gaps(np.random.default_rng(0).normal(size=(30, 5000)))
    X[:15] += 3
    model = GaussianMixture(2, covariance_type=covariance_type, missing="em")
    labels = model.set_params(random_state=0).fit(X).predict(X)
    assert matched_accuracy(np.arange(30) // 15, labels) == 1


def test_a_stream_may_have_gaps():
    X = with_gaps(clouds(4000, 2, 2, seed=1), 0.2)
    model = GaussianMixture(2, missing="em", random_state=0)
    for batch in np.array_split(X, 20):
        model.partial_fit(batch)
    whole = GaussianMixture(2, missing="em", random_state=0, tol=1e-6).fit(X)
    assert model.score(X) == pytest.approx(whole.score(X), abs=0.01)


def test_the_search_takes_gaps():
    X = with_gaps(clouds(200, 2, 2) + 8 * (np.arange(200) % 3 == 1)[:, None], 0.2)
    model = GaussianMixture(missing="em", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = list(search(model, X, [1, 2]))
    assert found[1].bic == pytest.approx(found[1].model.bic(X), rel=1e-12)
    assert found[1].bic < found[0].bic


def test_a_dask_array_is_predicted_lazily_and_not_fitted():
    da = pytest.importorskip("dask.array")
    X = with_gaps(clouds(90, 3, 2))
    lazy = da.from_array(X, chunks=(40, 2))
    model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    for method in ("predict", "predict_proba", "score_samples", "impute"):
        found = getattr(model, method)(lazy)
        assert isinstance(found, da.Array)
        np.testing.assert_allclose(found.compute(), getattr(model, method)(X), 1e-12)
    for use in (model.fit, model.score, model.partial_fit):
        with pytest.raises(TypeError, match=r"missing='em', got a Dask array; call X"):
            use(lazy)


# What will not do


def test_the_default_names_the_cell_and_the_way_out():
    X = clouds(20, 2, 1)
    X[4, 1] = np.nan
    model = GaussianMixture().fit(clouds(20, 2, 1))
    for use in (GaussianMixture().fit, model.predict, model.impute, model.score):
        with pytest.raises(ValueError, match=r"X\[4, 1\]: .* NaN; .*\(missing='em'\)"):
            use(X)


def test_infinity_is_no_missing_value():
    X = with_gaps(clouds(20, 2, 1))
    X[4, 1] = np.inf
    with pytest.raises(ValueError, match=r"X\[4, 1\]: .* got inf; drop that row or"):
        GaussianMixture(missing="em").fit(X)


def test_a_feature_without_any_value_is_named():
    X = clouds(20, 3, 1)
    X[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"X\[:, 1\]: expected at least one value"):
        GaussianMixture(missing="em").fit(X)
    X[3, 1] = 1.0
    weight = np.arange(20) != 3
    with pytest.raises(ValueError, match=r"X\[:, 1\]: expected at least one value"):
        GaussianMixture(missing="em", reg_covar=1e-6).fit(X, sample_weight=weight)


def test_rows_that_are_all_empty_are_too_few():
    X = np.full((5, 2), np.nan)
    with pytest.raises(ValueError, match="X: expected at least one value, got only"):
        GaussianMixture(missing="em").fit(X)
    X[0] = 1.0
    with pytest.raises(ValueError, match="at least n_components=2 points, got n_sa"):
        GaussianMixture(2, missing="em").fit(X)


def test_there_are_two_ways_with_missing_values():
    with pytest.raises(ValueError, match="missing: expected one of 'error', 'em', got"):
        GaussianMixture(missing="mean").fit(clouds(20, 2, 1))


def test_the_bare_function_completes_the_rows_of_a_mixture():
    mixture = Mixture([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.5, 1.0]]])
    X = np.array([[2.0, np.nan], [np.nan, np.nan]])
    assert impute(WithGaps.of(mixture), X).tolist() == [[2.0, 1.0], [0.0, 0.0]]


def test_a_start_that_is_far_away_costs_no_digits():
    X = with_gaps(clouds(120, 2, 1)) * 1e-3
    near = GaussianMixture(1, missing="em", tol=1e-12, max_iter=500).fit(X)
    far = GaussianMixture(
        1, missing="em", tol=1e-12, max_iter=500, weights_init=[1.0],
        means_init=[[1e6, -1e6]], precisions_init=[np.eye(2) * 1e-12],
    ).fit(X)  # fmt: skip
    np.testing.assert_allclose(far.covariances_, near.covariances_, 1e-5)


def test_a_start_is_given_whole_rows_that_hang_together_as_the_others_do():
    rng = np.random.default_rng(0)
    whole = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], size=2000)
    X = with_gaps(whole, 0.5).astype(np.float32)
    rows = as_data(X, missing="em").gathered(10_000, np.random.RandomState(0)).points
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows[~np.isnan(X)], X[~np.isnan(X)].astype(float))
    np.testing.assert_allclose(np.cov(rows.T), [[1, 0.9], [0.9, 1]], 0.1)
