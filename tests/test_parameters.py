"""Parameters that a user writes into a model: they count, or are refused."""

import copy
import pickle
from itertools import permutations

import numpy as np
import pytest
from cases import TYPES, clouds, some_mixture
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture as SklearnGaussianMixture

from gmmlib import GaussianMixture, Mixture
from gmmlib.parameters import attributes

SHAPES = ["covariances_", "precisions_", "precisions_cholesky_"]
NAMES = ["weights_", "means_", *SHAPES]
X = clouds(200, 3, 3)


def fitted(covariance_type, dtype=float, **options):
    model = GaussianMixture(
        3, covariance_type=covariance_type, random_state=0, tol=1e-6, **options
    )
    return model.fit(X.astype(dtype))


def follows(model, mixture, rtol=1e-9):
    """Every method goes by that mixture, and so do all attributes."""
    np.testing.assert_allclose(model.score_samples(X), mixture.log_density(X), rtol)
    np.testing.assert_allclose(
        model.predict_proba(X), mixture.responsibilities(X), atol=1e3 * rtol
    )
    total = mixture.log_likelihood(X)
    assert model.score(X) == pytest.approx(total / len(X), rel=rtol)
    assert model.aic(X) == pytest.approx(-2 * total + 2 * mixture.n_parameters)
    drawn, _ = model.sample(20_000)
    np.testing.assert_allclose(
        drawn.mean(axis=0), mixture.weights @ mixture.means, atol=0.2
    )
    for name, value in attributes(mixture).items():
        np.testing.assert_allclose(
            getattr(model, name), value, 1e3 * rtol, err_msg=name
        )


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_shape_is_enough_in_any_order_fitted_or_not(covariance_type, shape):
    mixture = some_mixture(covariance_type, d=3)
    values = attributes(mixture)
    for order in permutations(["weights_", "means_", shape]):
        for model in (
            GaussianMixture(3, covariance_type=covariance_type, random_state=0),
            fitted(covariance_type),
        ):
            for name in order:
                setattr(model, name, values[name])
            follows(model, mixture)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_components_can_be_sorted(covariance_type, dtype):
    model = fitted(covariance_type, dtype)
    before, labels, score = model.mixture_, model.predict(X), model.score(X)
    order = np.argsort(model.means_[:, 0])[::-1]
    for name in NAMES:
        if covariance_type != "tied" or name not in SHAPES:
            setattr(model, name, getattr(model, name)[order])
    np.testing.assert_array_equal(order[model.predict(X)], labels)
    assert model.score(X) == pytest.approx(score, rel=1e-6)
    np.testing.assert_allclose(model.mixture_.means, before.means[order], 1e-6)


def test_a_long_thin_component_in_single_precision_can_be_sorted():
    """Its precisions, inverted, have few digits left."""
    thin = np.column_stack([X[:, 0], X[:, 0] * 20 + X[:, 1] / 20])
    model = GaussianMixture(2, random_state=0).fit(thin.astype(np.float32))
    labels = model.predict(thin)
    for name in NAMES:
        setattr(model, name, getattr(model, name)[::-1])
    np.testing.assert_array_equal(1 - model.predict(thin), labels)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_what_is_changed_in_place_counts(covariance_type):
    model = fitted(covariance_type)
    mixture = model.mixture_
    model.means_ += 1
    model.means_[0] -= 3
    means = mixture.means + 1
    means[0] -= 3
    moved = Mixture(mixture.weights, means, mixture.covariances, covariance_type)
    follows(model, moved)
    model.covariances_ *= 4
    parts = moved.weights, moved.means, moved.covariances * 4
    follows(model, Mixture(*parts, covariance_type))


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
)
def test_copies_and_pickles_of_rewritten_models_follow(covariance_type, copied):
    model = fitted(covariance_type)
    model.means_ = model.means_ + 5
    other = copied(model)
    other.precisions_ = other.precisions_ * 4
    mixture = model.mixture_
    follows(model, mixture)
    covariances = mixture.covariances / 4
    follows(
        other, Mixture(mixture.weights, mixture.means, covariances, covariance_type)
    )


def test_the_mixture_can_be_written():
    model, mixture = fitted("full"), some_mixture("full", d=3, k=2)
    model.mixture_ = mixture
    follows(model, mixture)
    assert model.mixture_ is mixture


def test_more_components_than_before_can_be_written():
    model, mixture = fitted("full"), some_mixture("full", d=3, k=5)
    for name, value in attributes(mixture).items():
        setattr(model, name, value)
    follows(model, mixture)


def test_what_scikit_learn_found_can_be_written():
    theirs = SklearnGaussianMixture(3, random_state=0).fit(X)
    ours = GaussianMixture(3)
    for name in NAMES:
        setattr(ours, name, getattr(theirs, name))
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X))
    assert ours.bic(X) == pytest.approx(theirs.bic(X))


def test_a_warm_start_and_a_stream_go_on_from_what_was_written():
    model = fitted("full", warm_start=True)
    n_before, top = len(model.log_likelihoods_), model.log_likelihood_
    model.means_ = model.means_ + 1
    low = model.mixture_.log_likelihood(X)
    assert model.fit(X).log_likelihoods_[0] == pytest.approx(low)
    assert len(model.log_likelihoods_) == model.n_iter_ + 1 and n_before > 1
    assert model.log_likelihood_ == pytest.approx(top, abs=1e-2)

    stream = GaussianMixture(3, random_state=0).partial_fit(X).partial_fit(X)
    stream.means_ = stream.means_ + 50
    assert stream.partial_fit(X + 50).online_.n_batches == 1
    assert np.all(stream.means_ > 40)


def test_what_is_missing_is_named():
    model = GaussianMixture(2)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        model.predict(X)
    model.means_ = X[:2]
    for use in (model.predict, model.partial_fit, lambda X: model.sample()):
        with pytest.raises(
            ValueError, match="weights_: expected it beside means_; set"
        ):
            use(X)
    model.weights_ = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="covariances_: expected it beside"):
        model.score(X)
    np.testing.assert_array_equal(model.means_, X[:2])


@pytest.mark.parametrize("covariance_type", TYPES)
def test_contradictions_are_refused(covariance_type):
    model = fitted(covariance_type)
    model.covariances_ = model.covariances_ * 2
    model.precisions_ = model.precisions_ * 2
    with pytest.raises(
        ValueError, match="covariances_: expected what fits precisions_"
    ):
        model.predict(X)
    model.precisions_ = model.precisions_ / 4
    model.predict(X)


def test_a_turned_ellipse_is_a_contradiction():
    model = fitted("full")
    turned = model.covariances_.copy()
    turned[:, 0, 1] *= -1
    turned[:, 1, 0] *= -1
    model.precisions_cholesky_ = model.precisions_cholesky_ * 1.0001
    model.covariances_ = turned
    with pytest.raises(ValueError, match="covariances_: expected what fits"):
        model.predict(X)


@pytest.mark.parametrize(
    "name, value, message",
    [
        (
            "weights_",
            [0.5, 0.6, 0.1],
            "weights_: expected numbers of at least 0 that sum",
        ),
        ("weights_", [0.5, 0.5], r"weights_: expected shape \(3,\), got \(2,\)"),
        (
            "means_",
            np.full((3, 3), np.nan),
            r"means_\[0, 0\]: expected a finite number",
        ),
        ("means_", [1.0, 2.0, 3.0], "2D array"),
        ("covariances_", -np.eye(3), r"covariances_: expected shape \(3, 3, 3\)"),
        ("covariances_", [-np.eye(3)] * 3, r"covariances.*\[0\]: expected a positive"),
        ("precisions_", [-np.eye(3)] * 3, r"precisions_\[0\]: expected a positive"),
        ("precisions_cholesky_", np.ones(3), "precisions_cholesky_: expected shape"),
    ],
)
def test_what_is_no_parameter_is_refused(name, value, message):
    model = fitted("full")
    good = getattr(model, name)
    setattr(model, name, np.array(value))
    with pytest.raises(ValueError, match=message):
        model.predict(X)
    setattr(model, name, good)
    assert model.predict(X).shape == (len(X),)


def test_a_prediction_changes_nothing():
    model = fitted("full")
    before = dict(vars(model))
    model.predict(X)
    model.bic(X)
    assert vars(model) == before and all(vars(model)[n] is before[n] for n in NAMES)
