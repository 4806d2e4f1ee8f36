"""The page for whoever comes from scikit-learn: each call in it runs, each row is true."""

import re
import warnings

import numpy as np
import pytest
import sklearn.mixture
from cases import TYPES, clouds, start_on
from reading import ROOT
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture._gaussian_mixture import (
    _compute_precision_cholesky,
    _estimate_gaussian_parameters,
)

import gmmlib
from gmmlib import GaussianMixture, Mixture, e_step
from gmmlib.initialisation import mixture_from_responsibilities

PAGE = (ROOT / "chapters" / "from_scikit_learn.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.+?)```", PAGE, re.S)
DIFFERENCES, PRIVATE = PAGE.split("## Private")
NAMES = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", PRIVATE, re.M)
ROWS = re.findall(r"^\| (.+?) \|", DIFFERENCES, re.M)
X = clouds(200, d=2, k=2, seed=9)  # most points belong to both components
CLASSES = [sklearn.mixture.GaussianMixture, GaussianMixture]


def given(covariance_type="full", **options):
    """The parameters of a fit in few steps from one start, for either class."""
    start = start_on(X, covariance_type)
    matrices = covariance_type in ("full", "tied")
    precisions = np.linalg.inv(start.covariances) if matrices else 1 / start.covariances
    return {
        "n_components": 2,
        "covariance_type": covariance_type,
        "weights_init": start.weights,
        "means_init": start.means,
        "precisions_init": precisions,
        "reg_covar": 0,
        "tol": 0,
        "max_iter": 5,
        **options,
    }


def both(**options):
    """scikit-learn's and ours, fitted from the same start; and what each warns of."""
    return [quietly(kind(**given(**options))) for kind in CLASSES]


def quietly(model, data=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(data)


# The code of the page


def test_the_import_is_the_only_change():
    assert "from gmmlib import GaussianMixture" in CODE[0]
    for model in both():
        assert model.predict(X).shape == (200,)
    assert len(CODE) == 4 and len(NAMES) == 12 and len(ROWS) == 18


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("theirs, ours", NAMES)
def test_what_is_public_here_is_what_is_private_there(theirs, ours, covariance_type):
    known = {
        "np": np,
        "X": X,
        "resp": np.random.default_rng(0).dirichlet([1, 1], size=200),
        "e_step": e_step,
        "mixture_from_responsibilities": mixture_from_responsibilities,
        "_compute_precision_cholesky": _compute_precision_cholesky,
        "_estimate_gaussian_parameters": _estimate_gaussian_parameters,
    }
    scikit, model = both(covariance_type=covariance_type)
    expected = eval(theirs, known | {"model": scikit})
    np.testing.assert_allclose(eval(ours, known | {"model": model}), expected, 1e-7)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_components_are_sorted_by_what_is_written(covariance_type):
    data = clouds(300, d=3, k=4)
    model = quietly(
        GaussianMixture(4, covariance_type=covariance_type, random_state=2), data
    )
    before, density = model.predict(data), model.score_samples(data)
    first = model.means_[:, 0]
    assert not np.all(np.diff(first) > 0)
    rank = np.argsort(np.argsort(first))
    exec(CODE[1], {"np": np, "model": model})
    assert np.all(np.diff(model.means_[:, 0]) > 0)
    np.testing.assert_array_equal(model.predict(data), rank[before])
    np.testing.assert_allclose(model.score_samples(data), density, 1e-10)
    np.testing.assert_allclose(
        model.mixture_.precision_factors, model.precisions_cholesky_, 1e-10
    )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_known_covariances_and_known_means_stay_and_the_rest_climbs(covariance_type):
    start = start_on(X, covariance_type)
    known = 1.5 * start.covariances
    names = {"X": X, "start": start, "known": known}
    exec(CODE[2], names)
    found = names["state"]
    np.testing.assert_array_equal(found.mixture.covariances, known)
    assert names["converged"] and found.iteration > 1
    begin = Mixture(start.weights, start.means, known, covariance_type)
    assert found.log_likelihood > begin.log_likelihood(X)
    exec(CODE[3], names)
    states = names["alternate"](
        names["as_data"](X).sums, names["m_step_with_known_means"], start
    )
    heights = [next(states) for _ in range(20)]
    assert np.all(np.diff([state.log_likelihood for state in heights]) > -1e-9)
    np.testing.assert_array_equal(heights[-1].mixture.means, start.means)
    assert np.abs(heights[-1].mixture.weights - start.weights).max() > 0.01


# The rows of the first table


def test_defaults():
    theirs, ours = (kind().get_params() for kind in CLASSES)
    differ = {
        name: (theirs[name], ours[name])
        for name in theirs
        if theirs[name] != ours[name]
    }
    assert differ == {
        "reg_covar": (1e-6, "scale"),
        "init_params": ("kmeans", "short_runs"),
    }


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_number_for_the_floor_means_the_same(covariance_type):
    theirs, ours = both(covariance_type=covariance_type, reg_covar=1e-3)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, 1e-9)


def test_other_units_give_the_same_fit_and_there_they_do_not():
    unit, labels = np.array([1.0, 1e-4]), []
    for kind in CLASSES:
        one, other = (kind(2, random_state=0).fit(X * u) for u in (1, unit))
        labels.append(np.ptp(one.means_ * unit / other.means_ - 1) < 1e-6)
    assert labels == [False, True]


def test_the_gain_to_come_counts_too():
    options, tol = dict(covariance_type="spherical", max_iter=5000), 1e-4
    theirs, ours = both(**options, tol=tol)
    _, top = both(**options, tol=1e-10)
    assert theirs.converged_ and theirs.score(X) < top.score(X) - 10 * tol
    assert ours.converged_ and top.score(X) - tol < ours.score(X) < top.score(X)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_the_lower_bound_is_of_the_parameters_returned(covariance_type):
    theirs, ours = both(covariance_type=covariance_type)
    assert ours.lower_bound_ == pytest.approx(ours.score(X), rel=1e-12)
    assert theirs.lower_bound_ < theirs.score(X) - 1e-6


def test_fits_of_one_iteration_converge_where_one_long_fit_does():
    options = given(tol=1e-5, max_iter=1000)
    long = GaussianMixture(**options).fit(X)
    pieces = GaussianMixture(**options | {"max_iter": 1}, warm_start=True)
    for _ in range(long.n_iter_):
        assert not getattr(pieces, "converged_", False)
        quietly(pieces)
    assert pieces.converged_ and long.n_iter_ > 5
    np.testing.assert_allclose(pieces.means_, long.means_, 1e-9)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_covariances_that_are_written_count_and_there_they_do_not(covariance_type):
    for model, counts in zip(both(covariance_type=covariance_type), [False, True]):
        before = model.score(X)
        model.covariances_ = 4 * model.covariances_
        assert (model.score(X) != before) == counts


def test_one_that_loses_its_width_is_warned_of():
    data = np.array([[0.0], [0.0], [5.0], [6.0], [7.0]])
    options = dict(means_init=[[0.0], [6.0]], weights_init=[0.4, 0.6])
    options |= dict(
        precisions_init=[1e4, 1.0], reg_covar=0, covariance_type="spherical"
    )
    model = GaussianMixture(2, **options)
    with pytest.warns(ConvergenceWarning, match="EM stopped after 0 iterations: covar"):
        assert model.fit(data).weights_[0] == pytest.approx(0.4)


def test_what_is_wrong_is_said_and_there_it_is_not():
    data = np.c_[X, np.zeros(200)]
    theirs, ours = (kind(2, random_state=0) for kind in CLASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs.fit(data)
    with pytest.warns(ConvergenceWarning, match="feature 2 is constant"):
        ours.fit(data)


def test_samples_come_in_random_order_and_there_sorted():
    for model, is_sorted in zip(both(random_state=0), [True, False]):
        points, labels = model.sample(50)
        assert points.shape == (50, 2) and set(labels) == {0, 1}
        assert np.all(np.diff(labels) >= 0) == is_sorted
    one, other = (model.sample(5, random_state=3)[0] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_weights_count_and_there_are_none():
    theirs, ours = (kind(2) for kind in CLASSES)
    with pytest.raises(TypeError):
        theirs.fit(X, sample_weight=np.ones(200))
    counts = np.arange(200) % 3
    ours = GaussianMixture(**given()).set_params(max_iter=3)
    copies = quietly(GaussianMixture(**given(max_iter=3)), np.repeat(X, counts, axis=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours.fit(X, sample_weight=counts)
    np.testing.assert_allclose(ours.means_, copies.means_, 1e-9)
    for name in ("score", "bic", "aic", "icl"):
        value = getattr(ours, name)(X, sample_weight=counts)
        expected = getattr(copies, name)(np.repeat(X, counts, axis=0))
        assert value == pytest.approx(expected, rel=1e-9)


def test_what_is_masked_is_refused_and_there_it_counts():
    masked = np.ma.masked_greater(X, X.max() - 1e-9)
    theirs, ours = (kind(2, random_state=0) for kind in CLASSES)
    theirs.fit(masked)
    with pytest.raises(ValueError, match=r"X\[\d+, \d\]: .* got a masked one"):
        ours.fit(masked)


def test_there_is_no_bayesian_mixture_here():
    assert hasattr(sklearn.mixture, "BayesianGaussianMixture")
    assert not hasattr(gmmlib, "BayesianGaussianMixture")


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("d", [2, 10])
def test_a_fit_of_theirs_in_single_precision_starts_ours(d, covariance_type):
    """Its matrices are symmetric to seven digits."""
    for seed in range(10):
        rng = np.random.RandomState(seed)
        data = rng.normal(size=(60 * d, d)) @ (rng.normal(size=(d, d)) * 3)
        data = data.astype(np.float32)
        options = dict(covariance_type=covariance_type, random_state=0)
        theirs = sklearn.mixture.GaussianMixture(2, **options, reg_covar=1e-3).fit(data)
        parameters = theirs.weights_, theirs.means_, theirs.covariances_
        model = GaussianMixture.from_parameters(*parameters, covariance_type)
        assert model.score(data) == pytest.approx(theirs.score(data), rel=1e-3)
        begun = GaussianMixture(
            2,
            covariance_type=covariance_type,
            weights_init=theirs.weights_,
            means_init=theirs.means_,
            precisions_init=theirs.precisions_,
        )
        assert begun.fit(data).log_likelihoods_[0] == pytest.approx(
            theirs.score(data) * len(data), rel=1e-3
        )


def test_what_is_missing_is_refused_unless_it_is_asked_for():
    gaps = X.copy()
    gaps[::7, 0] = np.nan
    for kind in CLASSES:
        with pytest.raises(ValueError, match="NaN"):
            kind(2).fit(gaps)
    whole = GaussianMixture(2, missing="em", random_state=0).fit(gaps).impute(gaps)
    assert np.isfinite(whole).all()
