"""Weights of samples, and what else a fit can be asked: how, from where, how fast."""

import pickle
import re
import warnings
from itertools import islice

import numpy as np
import pandas as pd
import pytest
from cases import TYPES, after, clouds, problems, properties, some_mixture, start_on
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gmmlib.estimator
from gmmlib import GaussianMixture, Mixture, em
from gmmlib.agreement import matched_accuracy
from gmmlib.book.datasets import load_iris
from gmmlib.engine import Data
from gmmlib.selection import bic, search

X = clouds(200, d=2, k=2, seed=3)
COUNTS = np.random.default_rng(7).integers(0, 4, size=len(X))
IRIS, SPECIES = load_iris()
# Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, table 8.1.
TABLE_8_1 = np.array(
    "-0.39 0.12 0.94 1.67 1.76 2.44 3.72 4.28 4.92 5.53 "
    "0.06 0.48 1.01 1.68 1.80 3.25 4.12 4.60 5.28 6.22".split(),
    dtype=float,
)[:, None]


def quietly(model, data=X, **options):
    """Fit, whatever EM has to say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(data, **options)


def started(covariance_type, data=X, k=2, **options):
    """A model that starts where `start_on` does."""
    begin = start_on(data, covariance_type, k)
    matrices = covariance_type in ("full", "tied")
    return GaussianMixture(
        k,
        covariance_type=covariance_type,
        weights_init=begin.weights,
        means_init=begin.means,
        precisions_init=(
            np.linalg.inv(begin.covariances) if matrices else 1 / begin.covariances
        ),
        **options,
    )


def weighted(n_steps, X, start, weights, reg_covar="scale"):
    """The state after that many steps of `em` with weights."""
    states = em(X, start, reg_covar, sample_weight=weights)
    return next(islice(states, n_steps, None))


def assert_same_mixture(one, other, rtol=1e-9, atol=1e-9):
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol, atol, err_msg=name
        )


def in_order(mixture):
    """The same mixture, its components by the first feature of their means."""
    order = np.argsort(mixture.means[:, 0])
    tied = mixture.covariance_type == "tied"
    return Mixture(
        mixture.weights[order],
        mixture.means[order],
        mixture.covariances if tied else mixture.covariances[order],
        mixture.covariance_type,
    )


def assert_same_fit(one, other):
    """The same parameters after the same number of steps.

    Sums are taken in another order; each step hands its rounding errors, 1e-16 or so,
    on to the next, and up to a hundred steps leave less than 1e-9 of it. Two of the
    candidate starts may tie but for rounding, and name the components in another order.
    """
    assert one.n_iter_ == other.n_iter_
    assert one.converged_ == other.converged_
    assert_same_mixture(in_order(one.mixture_), in_order(other.mixture_))
    # Sums of a few hundred terms, each off by a few times 1e-16.
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-12)


# Step by step


@properties
@given(problems(), st.integers(0, 10_000))
def test_a_weight_is_a_number_of_copies(problem, seed):
    X, start = problem
    counts = np.random.default_rng(seed).integers(0, 4, size=len(X))
    one = weighted(5, X, start, counts)
    other = after(5, np.repeat(X, counts, axis=0), start, "scale")
    assert_same_mixture(one.mixture, other.mixture)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)


@properties
@given(problems(), st.integers(0, 10_000))
def test_a_weight_of_zero_is_an_absent_point(problem, seed):
    X, start = problem
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.1, 3, size=len(X))
    everywhere = np.vstack([X, 100 * rng.normal(size=(20, X.shape[1]))])
    order = rng.permutation(len(everywhere))
    padded = np.concatenate([weights, np.zeros(20)])
    one = weighted(5, everywhere[order], start, padded[order])
    # The rows come in another order, so the sums round differently.
    other = weighted(5, X, start, weights)
    assert_same_mixture(one.mixture, other.mixture)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_of_one_are_no_weights(covariance_type):
    start = start_on(X, covariance_type)
    one = weighted(10, X, start, np.ones(len(X)))
    other = after(10, X, start, "scale")
    # Multiplying by 1 does not round.
    assert_same_mixture(one.mixture, other.mixture, 1e-13, 1e-13)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-14)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_one_weighted_step_is_the_weighted_maximum_likelihood(covariance_type):
    weights = np.random.default_rng(0).uniform(0, 2, size=len(X))
    start = start_on(X, covariance_type, k=1)
    mixture = weighted(1, X, start, weights, reg_covar=0).mixture
    matrix = np.cov(X.T, aweights=weights, ddof=0)
    expected = {
        "full": matrix,
        "tied": matrix,
        "diag": np.diag(np.diag(matrix)),
        "spherical": np.trace(matrix) / 2 * np.eye(2),
    }[covariance_type]
    # The sums are about a point of the data, a few standard deviations from the mean.
    np.testing.assert_allclose(mixture.full_covariances(), [expected], 1e-12, 1e-13)
    np.testing.assert_allclose(
        mixture.means, [np.average(X, axis=0, weights=weights)], 1e-13
    )


@properties
@given(problems(), st.integers(0, 10_000))
def test_the_weighted_log_likelihood_never_falls(problem, seed):
    X, start = problem
    weights = np.random.default_rng(seed).uniform(0.05, 2, size=len(X))
    states = islice(em(X, start, 0.0, sample_weight=weights), 12)
    values = [state.log_likelihood for state in states]
    # A sum of some hundred nats is rounded to 1e-13 of it.
    assert np.all(np.diff(values) > -1e-10)
    assert values[0] == pytest.approx(weights @ start.log_density(X), rel=1e-12)


# Whole fits


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("init_params", ["short_runs", "kmeans", "k-means++"])
@pytest.mark.parametrize("k", [1, 3])
def test_a_fit_with_counts_is_the_fit_of_the_copies(covariance_type, init_params, k):
    for seed in range(2):
        options = dict(
            covariance_type=covariance_type,
            init_params=init_params,
            random_state=seed,
            n_init=2,
        )
        one = quietly(GaussianMixture(k, **options), sample_weight=COUNTS)
        other = quietly(GaussianMixture(k, **options), np.repeat(X, COUNTS, axis=0))
        assert_same_fit(one, other)
        assert one.lower_bound_ == pytest.approx(other.lower_bound_, rel=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_criteria_of_counts_are_those_of_the_copies(covariance_type):
    counts = np.random.default_rng(3).integers(0, 4, len(X))
    copies = np.repeat(X, counts, axis=0)
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    for name in ("score", "bic", "aic", "icl"):
        ours, theirs = (
            getattr(model, name)(X, sample_weight=counts),
            getattr(model, name),
        )
        assert ours == pytest.approx(theirs(copies), rel=1e-12)
        assert ours != pytest.approx(theirs(X), rel=1e-6)
    model.set_params(tol=1e-9, max_iter=1000)
    for one, other in zip(
        search(model, X, [1, 2], counts), search(model, copies, [1, 2])
    ):
        for name in ("bic", "aic", "icl"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_fit_with_zeros_is_the_fit_of_the_others(covariance_type):
    """Absent from the starts, the floor and the warnings too."""
    present = COUNTS > 0
    data = X.copy()
    data[~present] = [1e6, -1e6]
    options = dict(covariance_type=covariance_type, random_state=0)
    one = quietly(GaussianMixture(2, **options), data, sample_weight=present)
    other = quietly(GaussianMixture(2, **options), X[present])
    assert_same_fit(one, other)


def test_a_feature_that_is_constant_where_there_is_weight_is_constant():
    data = np.column_stack([X, np.where(COUNTS > 0, 0.1, np.arange(len(X)))])
    with pytest.warns(ConvergenceWarning, match="feature 2 is constant"):
        GaussianMixture(1).fit(data, sample_weight=COUNTS)


@pytest.mark.parametrize(
    "k, message", [(3, "n_components=3"), (2, "at least 2 points")]
)
def test_points_without_weight_are_not_enough(k, message):
    weights = np.zeros(len(X))
    weights[: k - 1] = 5.0
    with pytest.raises(ValueError, match=f"{message}.*got n_samples = {k - 1};"):
        GaussianMixture(k if k > 2 else 1).fit(X, sample_weight=weights)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_of_one_give_the_fit_without_weights(covariance_type):
    options = dict(covariance_type=covariance_type, random_state=0)
    plain = quietly(GaussianMixture(3, **options))
    for ones in (np.ones(len(X)), [1] * len(X), np.ones(len(X), dtype=np.float32)):
        assert_same_fit(
            quietly(GaussianMixture(3, **options), sample_weight=ones), plain
        )
    series = pd.Series(np.ones(len(X)), index=np.arange(len(X))[::-1])
    assert_same_fit(quietly(GaussianMixture(3, **options), sample_weight=series), plain)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("unit", [2.0**-20, 0.3, 1e6])
def test_the_unit_of_the_weights_does_not_matter(covariance_type, unit):
    """Nor to when EM stops, nor to what it warns of: warnings are errors here."""
    weights = np.random.default_rng(1).uniform(0.2, 2, size=len(X))
    options = dict(covariance_type=covariance_type, random_state=0)
    one = GaussianMixture(2, **options).fit(X, sample_weight=weights)
    other = GaussianMixture(2, **options).fit(X, sample_weight=weights * unit)
    assert one.n_iter_ == other.n_iter_
    assert_same_mixture(in_order(one.mixture_), in_order(other.mixture_))
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_ * unit, rel=1e-12)
    assert other.lower_bound_ == pytest.approx(one.lower_bound_, rel=1e-12)


def test_the_log_likelihood_counts_the_weights_and_the_bound_divides_by_them():
    model = quietly(GaussianMixture(2, random_state=0), sample_weight=COUNTS)
    total = COUNTS @ model.score_samples(X)
    assert model.log_likelihood_ == pytest.approx(total, rel=1e-13)
    assert model.lower_bound_ == pytest.approx(total / COUNTS.sum(), rel=1e-13)


def test_fit_predict_and_pipelines_pass_the_weights_on():
    options = dict(random_state=0, max_iter=500)
    model = GaussianMixture(2, **options).fit(X, sample_weight=COUNTS)
    np.testing.assert_array_equal(
        GaussianMixture(2, **options).fit_predict(X, sample_weight=COUNTS),
        model.predict(X),
    )
    pipeline = make_pipeline(GaussianMixture(2, **options))
    pipeline.fit(X, gaussianmixture__sample_weight=COUNTS)
    np.testing.assert_array_equal(pipeline[-1].means_, model.means_)


def test_the_weights_are_left_as_they_are():
    weights = COUNTS.astype(float)
    weights.flags.writeable = False
    quietly(GaussianMixture(2, random_state=0), sample_weight=weights)
    np.testing.assert_array_equal(weights, COUNTS)


@pytest.mark.parametrize(
    "weights, message",
    [
        (np.r_[-0.5, np.ones(199)], "at least 0.*-0.5"),
        (np.r_[np.ones(7), np.nan, np.ones(192)], "finite number.*nan"),
        (np.r_[np.ones(7), np.inf, np.ones(192)], "finite number.*inf"),
        (np.ones(199), r"\(200,\).*\(199,\)"),
        (np.ones((200, 1)), r"\(200,\).*\(200, 1\)"),
        (np.ones((2, 200)), r"\(200,\).*\(2, 200\)"),
        (np.zeros(200), "zero"),  # the word that scikit-learn's own check looks for
        (["heavy"] * 200, "expected numbers"),
        (np.ones(200) * 1j, "expected numbers"),
    ],
    ids=[
        "negative",
        "nan",
        "inf",
        "short",
        "column",
        "2-D",
        "zeros",
        "text",
        "complex",
    ],
)
def test_bad_weights_are_named(weights, message):
    for use in (
        lambda: GaussianMixture(2, random_state=0).fit(X, sample_weight=weights),
        lambda: GaussianMixture(2, random_state=0).fit_predict(
            X, sample_weight=weights
        ),
        lambda: next(em(X, start_on(X, "full"), sample_weight=weights)),
    ):
        with pytest.raises(ValueError, match=rf"(?is)sample_weight.*{message}"):
            use()


# A model that is written down


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_model_from_parameters_needs_no_fit(covariance_type):
    mixture = some_mixture(covariance_type)
    model = GaussianMixture.from_parameters(
        mixture.weights,
        mixture.means,
        mixture.covariances,
        covariance_type=covariance_type,
        random_state=5,
    )
    assert model.get_params()["n_components"] == 3
    assert model.covariance_type == covariance_type
    assert model.n_features_in_ == 2
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(
            getattr(model, f"{name}_"), getattr(mixture, name)
        )
    np.testing.assert_array_equal(model.predict_proba(X), mixture.responsibilities(X))
    np.testing.assert_array_equal(
        model.predict(X), mixture.responsibilities(X).argmax(axis=1)
    )
    np.testing.assert_array_equal(model.score_samples(X), mixture.log_density(X))
    for got, wanted in zip(model.sample(50), mixture.sample(50, random_state=5)):
        np.testing.assert_array_equal(got, wanted)
    expected = bic(mixture.log_likelihood(X), mixture.n_parameters, len(X))
    assert model.bic(X) == pytest.approx(expected, rel=1e-13)
    matrices = covariance_type in ("full", "tied")
    precisions = (
        np.linalg.inv(mixture.covariances) if matrices else 1 / mixture.covariances
    )
    # Two ways to invert matrices whose condition is below 100.
    np.testing.assert_allclose(model.precisions_, precisions, 1e-12, 1e-13)
    assert pickle.loads(pickle.dumps(model)).score(X) == model.score(X)


def test_a_model_from_parameters_can_be_cloned_and_fitted():
    model = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [1.0], "spherical")
    assert not hasattr(clone(model), "means_")
    # The mean of one component is that of the data, but for the order of the sum.
    np.testing.assert_allclose(model.fit(X).means_, [X.mean(axis=0)], 1e-13)


def test_by_default_parameters_are_of_full_covariances():
    model = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [np.eye(2)])
    # log 2π
    assert model.score([[0.0, 0.0]]) == pytest.approx(-1.8378770664093453, rel=1e-15)


@pytest.mark.parametrize(
    "parameters, message",
    [
        (([0.5, 0.6], [[0.0], [1.0]], [1.0, 1.0]), "weights: .*sum to 1, got .* 1.1"),
        (([1.0], [0.0, 0.0], [1.0]), r"means: expected shape \(k, d\).* got \(2,\)"),
        (([1.0], [[0.0]], [1.0, 2.0]), r"covariances: .*shape \(1,\), got \(2,\)"),
        (([1.0], [[0.0]], [-1.0]), r"covariances\[0\]: .*positive variances, got -1"),
        (([1.0], [[np.nan]], [1.0]), "means.*finite number, got nan"),
    ],
)
def test_bad_parameters_of_a_model_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture.from_parameters(*parameters, covariance_type="spherical")


# ICL


@pytest.mark.parametrize("covariance_type", TYPES)
def test_icl_is_bic_and_the_price_of_unclear_labels(covariance_type):
    model = quietly(GaussianMixture(2, covariance_type=covariance_type, random_state=0))
    price = -2 * np.log(model.predict_proba(X).max(axis=1)).sum()
    assert price > 0
    # Both sums are of 200 terms.
    assert model.icl(X) == pytest.approx(model.bic(X) + price, rel=1e-14)


def test_icl_of_one_component_is_bic():
    model = GaussianMixture(1).fit(X)
    assert model.icl(X) == model.bic(X)


def test_icl_prefers_clusters_that_can_be_told_apart():
    """Four corners: ICL takes four; two clouds on one spot: BIC two, ICL one."""
    rng = np.random.default_rng(0)
    corners = rng.normal(size=(200, 2)) + 8 * np.array(
        [[0, 0], [0, 1], [1, 0], [1, 1]] * 50
    )
    values = [
        quietly(GaussianMixture(k, random_state=0), corners).icl(corners)
        for k in (1, 2, 3, 4, 5)
    ]
    assert np.argmin(values) == 3
    cross = rng.normal(size=(400, 2)) * np.repeat([[4.0, 0.5], [0.5, 4.0]], 200, axis=0)
    one, two = (
        quietly(GaussianMixture(k, random_state=0, tol=1e-6), cross) for k in (1, 2)
    )
    assert two.bic(cross) < one.bic(cross)
    assert two.icl(cross) > two.bic(cross) + 50


# Going on from the last solution


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_warm_start_goes_on_where_the_last_fit_ended(covariance_type):
    model = started(covariance_type, tol=0, max_iter=3, warm_start=True)
    first = quietly(model).log_likelihoods_
    second = quietly(model).log_likelihoods_
    whole = quietly(started(covariance_type, tol=0, max_iter=6))
    assert len(first) == 4 and second[:3] == first[:3]
    np.testing.assert_allclose(second, whole.log_likelihoods_, 1e-12)
    assert model.n_iter_ == 3
    assert_same_mixture(model.mixture_, whole.mixture_, 1e-12, 1e-12)


def test_without_it_each_fit_starts_anew():
    model = started("full", tol=0, max_iter=3)
    assert quietly(model).log_likelihoods_ == quietly(model).log_likelihoods_


def test_a_warm_start_ignores_the_number_of_starts_and_needs_no_chance(monkeypatch):
    runs = []

    def counted(*arguments, **options):
        runs.append(1)
        yield from em(*arguments, **options)

    monkeypatch.setattr(gmmlib.estimator, "em", counted)
    rng = np.random.RandomState(0)
    model = GaussianMixture(
        2, n_init=4, warm_start=True, init_params="kmeans", random_state=rng
    )
    quietly(model)
    assert len(runs) == 4
    state = rng.get_state()[1].copy()
    quietly(model)
    assert len(runs) == 5
    np.testing.assert_array_equal(rng.get_state()[1], state)


def test_a_warm_start_can_go_on_with_other_data():
    model = GaussianMixture(2, warm_start=True, random_state=0).fit(X)
    mixture, other = model.mixture_, clouds(150, d=2, k=2, seed=4)
    quietly(model, other)
    # The same mixture, the same data.
    assert model.log_likelihoods_[0] == pytest.approx(
        mixture.log_likelihood(other), rel=1e-14
    )


# What a fit prints


def reported(text):
    """For each line: the iteration and the log-likelihood."""
    lines = re.findall(r"^iteration (\d+): log-likelihood (\S+), about", text, re.M)
    return [(int(iteration), float(value)) for iteration, value in lines]


def test_a_fit_is_silent_unless_asked(capsys):
    quietly(GaussianMixture(2, n_init=2, random_state=0))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("interval", [1, 3])
def test_a_fit_prints_its_iterations_and_log_likelihoods(capsys, interval):
    model = started("full", tol=0, max_iter=9, verbose=1, verbose_interval=interval)
    quietly(model)
    lines = dict(reported(capsys.readouterr().out))
    assert set(range(interval, 10, interval)) <= set(lines)
    assert set(lines) <= {0, 9, *range(0, 10, interval)}
    for iteration, value in lines.items():
        # As many digits as may be printed.
        assert value == pytest.approx(model.log_likelihoods_[iteration], rel=1e-4)


# Bounds


def test_lower_bounds_are_the_log_likelihoods_per_unit_of_weight():
    """One for each iteration, as scikit-learn's: the start's is not among them."""
    for weights, total in ((None, len(X)), (COUNTS, COUNTS.sum())):
        model = started("full").fit(X, sample_weight=weights)
        assert len(model.lower_bounds_) == model.n_iter_
        assert model.lower_bounds_[-1] == model.lower_bound_
        # One division.
        np.testing.assert_allclose(
            model.lower_bounds_, np.array(model.log_likelihoods_[1:]) / total, 1e-15
        )


# Larger steps


@properties
@given(problems())
def test_larger_steps_never_go_down(problem):
    states = list(islice(em(*problem, reg_covar=0.0, accelerate="squarem"), 12))
    values = [state.log_likelihood for state in states]
    assert np.all(np.diff(values) > -1e-9)  # as for plain EM: a sum's rounding
    counts = [state.iteration for state in states]
    assert counts[0] == 0 and np.all(np.diff(counts) >= 1)
    assert states[0].mixture is problem[1]
    for state in states[::4]:
        assert state.log_likelihood == pytest.approx(
            state.mixture.log_likelihood(problem[0]), rel=1e-12
        )
        assert state.mixture.weights.min() >= 0
        assert state.mixture.weights.sum() == pytest.approx(1, rel=1e-13)


def overlapping(n=400):
    """Two round clouds whose means are only two standard deviations apart."""
    data = np.random.default_rng(0).normal(size=(n, 2))
    data[: n // 2, 0] += 2
    return data


@pytest.mark.parametrize("covariance_type", TYPES)
def test_larger_steps_reach_the_same_top_in_a_third_of_the_iterations(covariance_type):
    data, tol = overlapping(), 1e-9
    plain, fast = (
        started(
            covariance_type,
            data,
            tol=tol,
            reg_covar=0,
            max_iter=5000,
            accelerate=accelerate,
        ).fit(data)
        for accelerate in (None, "squarem")
    )
    assert plain.converged_ and fast.converged_
    assert plain.n_iter_ > 70
    assert fast.n_iter_ <= plain.n_iter_ / 3
    assert np.all(np.diff(fast.log_likelihoods_) > -1e-9)  # the sum's rounding
    # Plain EM stops when it thinks that tol n = 4e-7 nats remain; it has been seen to
    # leave sixty times as much, where the climb turns into a crawl.
    assert fast.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=5e-5)
    # Near the top ℓ falls with the square of the distance: √(5e-5 / n) is 4e-4
    # standard errors of a parameter, in a direction that the data hardly fix.
    np.testing.assert_allclose(fast.means_, plain.means_, 0, 0.02)
    assert matched_accuracy(plain.predict(data), fast.predict(data)) > 0.99


def test_an_iteration_is_one_pass_over_the_data(monkeypatch):
    passes = []

    def counted(data, mixture):
        passes.append(len(data))
        return original(data, mixture)

    original = Data.sums
    monkeypatch.setattr(Data, "sums", counted)
    data = overlapping()
    for accelerate in (None, "squarem"):
        states = em(data, start_on(data, "full"), accelerate=accelerate)
        for state in islice(states, 20):
            # The first pass is iteration 0's: it reads the start's log-likelihood.
            assert len(passes) - 1 == state.iteration, accelerate
        passes.clear()


def test_larger_steps_obey_the_most_iterations():
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model = started("full", tol=0, max_iter=7, accelerate="squarem").fit(X)
    # A step that is given up costs a pass without a state.
    assert 5 <= model.n_iter_ <= 9
    assert model.log_likelihood_ == model.log_likelihoods_[-1]


@pytest.mark.parametrize("covariance_type", TYPES)
def test_larger_steps_count_the_weights(covariance_type):
    options = dict(tol=0, max_iter=9, accelerate="squarem")
    one = quietly(started(covariance_type, **options), sample_weight=COUNTS)
    copies = np.repeat(X, COUNTS, axis=0)
    other = quietly(started(covariance_type, **options), copies)
    # An extrapolation divides one small difference by another, which costs digits.
    assert_same_mixture(one.mixture_, other.mixture_, 1e-7, 1e-7)


# Among several starts


@pytest.mark.parametrize(
    "init_params, seeds",
    [("k-means++", range(8)), ("random_from_data", range(4)), ("short_runs", range(2))],
)
def test_table_8_1_is_not_fitted_with_a_collapsed_component(init_params, seeds):
    """A component on y = 6.22 alone would score -36.79, the highest maximum -38.91."""
    for seed in seeds:
        model = GaussianMixture(
            2,
            n_init=30 if init_params != "short_runs" else 3,
            init_params=init_params,
            reg_covar=1e-6,
            tol=1e-4,
            max_iter=500,
            random_state=seed,
        ).fit(TABLE_8_1)
        # The floor of 1e-6 costs 1e-5 nats, and tol leaves 1e-4 a point.
        assert model.log_likelihood_ == pytest.approx(-38.91337, abs=2e-3), seed
        assert model.covariances_.min() > 0.5


def test_a_collapsed_fit_is_kept_where_there_is_no_other():
    data = np.vstack([X[:50], np.full((20, 2), 40.0)])
    with pytest.warns(ConvergenceWarning, match=r"component [01] collapsed"):
        model = GaussianMixture(2, n_init=3, init_params="kmeans", random_state=0).fit(
            data
        )
    assert np.isfinite(model.log_likelihood_)


@pytest.mark.parametrize(
    "covariance_type, log_likelihood",
    list(zip(TYPES, [-180.185477, -256.354043, -306.860461, -384.314095])),
)
def test_iris_with_many_starts_is_at_its_top(covariance_type, log_likelihood):
    """Some of the starts end in components on a few flowers, which score higher."""
    for seed in range(2):
        model = GaussianMixture(
            3,
            covariance_type=covariance_type,
            n_init=15,
            init_params="k-means++",
            reg_covar=1e-6,
            max_iter=500,
            tol=1e-4,
            random_state=seed,
        ).fit(IRIS)
        # The table's values have no floor: 1e-6 against variances from 0.005 on, 1e-4
        # of each, 150 points; and tol leaves up to 1e-4 a point.
        assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=1.5e-2)


# In scikit-learn's company


def test_new_parameters_survive_cloning_and_pickling():
    model = GaussianMixture(
        2, warm_start=True, verbose=0, verbose_interval=5, accelerate="squarem"
    )
    assert clone(model).get_params() == model.get_params()
    model.set_params(random_state=0)
    quietly(model, sample_weight=COUNTS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    # It goes on from where it was, too.
    first, second = (quietly(m).log_likelihoods_ for m in (model, again))
    assert first == second


def test_a_grid_search_tries_types_and_accelerations():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0, tol=1e-2)),
        {
            "gaussianmixture__covariance_type": TYPES,
            "gaussianmixture__accelerate": [None, "squarem"],
        },
        cv=2,
    )
    quietly(search)
    scores = search.cv_results_["mean_test_score"]
    assert np.all(np.isfinite(scores)) and len(scores) == 8


def test_arguments_have_their_documented_defaults():
    assert GaussianMixture().get_params() == {
        "n_components": 1,
        "covariance_type": "full",
        "tol": 1e-3,
        "reg_covar": "scale",
        "max_iter": 100,
        "n_init": 1,
        "init_params": "short_runs",
        "weights_init": None,
        "means_init": None,
        "precisions_init": None,
        "random_state": None,
        "warm_start": False,
        "verbose": 0,
        "verbose_interval": 10,
        "accelerate": None,
        "learning_decay": 0.6,
        "learning_offset": 10.0,
        "missing": "error",
    }


@pytest.mark.parametrize("accelerate", [None, "squarem"])
@pytest.mark.parametrize("max_iter", [1, 2, 3])
def test_a_fit_in_pieces_converges_where_a_long_one_does(max_iter, accelerate):
    options = {"tol": 1e-4, "accelerate": accelerate}
    whole = quietly(started("full", max_iter=500, **options))
    model = started("full", max_iter=max_iter, warm_start=True, **options)
    n_iter = 0
    for _ in range(500):
        n_iter += quietly(model).n_iter_
        assert model.n_iter_ <= max_iter + (accelerate is not None)
        if model.converged_:
            break
    assert whole.converged_ and model.converged_
    if accelerate is None:  # a leap begins anew with each piece
        assert n_iter == whole.n_iter_
        np.testing.assert_allclose(
            model.log_likelihoods_, whole.log_likelihoods_, 1e-12
        )
    assert model.log_likelihood_ == pytest.approx(whole.log_likelihood_, abs=0.05)


def test_a_warm_start_on_other_data_has_no_history():
    model = started("full", tol=1e-3, max_iter=2, warm_start=True)
    quietly(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X + 0.5)
    assert len(model.log_likelihoods_) == model.n_iter_ + 1


def test_a_fit_too_short_to_tell_says_so():
    model = started("full", tol=0, max_iter=1)
    with pytest.warns(ConvergenceWarning, match="too early to tell") as caught:
        model.fit(X)
    assert all("inf" not in str(one.message) for one in caught)


def test_a_warm_start_with_another_floor_has_no_history():
    """That the last fit had converged says nothing about this one."""
    model = started("full", tol=1e-6, max_iter=500, warm_start=True)
    quietly(model)
    quietly(model.set_params(reg_covar=2.0))
    assert model.n_iter_ > 0 and len(model.log_likelihoods_) == model.n_iter_ + 1
    assert np.linalg.eigvalsh(model.covariances_).min() > 2
    np.testing.assert_array_equal(model.floor_, [2.0, 2.0])
