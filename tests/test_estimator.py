"""`GaussianMixture` keeps scikit-learn's conventions, and its numbers."""

import inspect
import pickle
import warnings

import numpy as np
import pytest
from cases import TYPES, after, clouds, scikit_after, start_on
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from gmmlib import GaussianMixture, kmeans
from gmmlib.agreement import matched_accuracy
from gmmlib.book.datasets import load_old_faithful
from gmmlib.em import remaining_gain
from gmmlib.initialisation import mixture_from_responsibilities, one_hot

X = clouds(200, d=2, k=2, seed=3)


def started(covariance_type="full", k=2, **options):
    """A model that starts where `start_on` does."""
    begin = start_on(X, covariance_type, k)
    matrices = covariance_type in ("full", "tied")
    precisions = np.linalg.inv(begin.covariances) if matrices else 1 / begin.covariances
    return GaussianMixture(
        k,
        covariance_type=covariance_type,
        weights_init=begin.weights,
        means_init=begin.means,
        precisions_init=precisions,
        **options,
    )


def quietly(model, data=X):
    """Fit, whether or not EM converges."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(data)


# scikit-learn's conventions


# Some checks fit fewer points than features: a collapse, and a warning of it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        GaussianMixture(),
        GaussianMixture(covariance_type="diag", accelerate="squarem"),
        GaussianMixture(missing="em"),
    ]
)
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


def test_parameters_have_scikit_learns_names_and_meaning():
    ours, theirs = (
        inspect.signature(c).parameters for c in (GaussianMixture, ScikitMixture)
    )
    more = {"accelerate", "learning_decay", "learning_offset", "missing"}
    assert set(ours) == {*theirs, *more}
    changed = {name for name in theirs if ours[name].default != theirs[name].default}
    assert changed == {"reg_covar", "init_params"}
    assert [
        name
        for name in ours
        if ours[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ] == ["n_components"]


def test_an_unknown_parameter_is_an_error():
    with pytest.raises(TypeError, match="n_component"):
        GaussianMixture(n_component=2)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_fitted_attributes_are_scikit_learns(covariance_type):
    theirs = scikit_after(5, X, start_on(X, covariance_type))
    ours = quietly(started(covariance_type, max_iter=5, tol=0, reg_covar=0))
    for name in (
        "weights_",
        "means_",
        "covariances_",
        "precisions_",
        "precisions_cholesky_",
    ):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), 1e-8, 1e-9, err_msg=name
        )
    assert (ours.n_iter_, ours.converged_, ours.n_features_in_) == (5, False, 2)
    assert ours.lower_bound_ == pytest.approx(theirs.score(X), rel=1e-11)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_methods_are_scikit_learns(covariance_type):
    theirs = scikit_after(5, X, start_on(X, covariance_type))
    ours = quietly(started(covariance_type, max_iter=5, tol=0, reg_covar=0))
    other = clouds(31, seed=9)
    np.testing.assert_allclose(
        ours.score_samples(other), theirs.score_samples(other), 1e-9
    )
    np.testing.assert_allclose(
        ours.predict_proba(other), theirs.predict_proba(other), 1e-7, 1e-12
    )
    np.testing.assert_array_equal(ours.predict(other), theirs.predict(other))
    for method in ("score", "bic", "aic"):
        assert getattr(ours, method)(other) == pytest.approx(
            getattr(theirs, method)(other), rel=1e-10
        ), method


def test_precisions_are_the_inverses_of_the_covariances():
    for name in TYPES:
        model = quietly(started(name))
        if name in ("full", "tied"):
            np.testing.assert_allclose(
                model.precisions_, np.linalg.inv(model.covariances_), 1e-9
            )
        else:
            np.testing.assert_allclose(model.precisions_ * model.covariances_, 1, 1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_fit_ends_where_scikit_learns_ends_when_both_climb_to_the_top(
    covariance_type,
):
    theirs = scikit_after(100, X, start_on(X, covariance_type))
    ours = started(covariance_type, tol=1e-12, reg_covar=0, max_iter=500).fit(X)
    assert ours.log_likelihood_ == pytest.approx(theirs.score(X) * len(X), rel=1e-11)
    np.testing.assert_allclose(ours.means_, theirs.means_, 1e-5, 1e-5)


def test_fit_returns_itself_and_fit_predict_predicts():
    model = started()
    assert model.fit(X) is model
    np.testing.assert_array_equal(started().fit_predict(X), model.predict(X))
    np.testing.assert_array_equal(
        model.predict(X), model.predict_proba(X).argmax(axis=1)
    )


def test_y_is_ignored():
    with_y = started().fit(X, y=np.arange(200))
    np.testing.assert_array_equal(with_y.means_, started().fit(X).means_)
    assert with_y.score(X, np.arange(200)) == with_y.score(X)


def test_it_works_in_a_pipeline_and_a_grid_search():
    pipeline = make_pipeline(
        StandardScaler(), GaussianMixture(random_state=0, max_iter=500)
    )
    search = GridSearchCV(
        pipeline, {"gaussianmixture__n_components": [1, 2]}, cv=3
    ).fit(X)
    assert search.best_params_ == {"gaussianmixture__n_components": 2}


def test_it_clones_and_pickles():
    model = started().fit(X)
    assert clone(model).get_params().keys() == model.get_params().keys()
    assert not hasattr(clone(model), "means_")
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X)
    )


def test_samples_come_from_the_fitted_mixture():
    model = started(random_state=4).fit(X)
    points, labels = model.sample(30)
    np.testing.assert_array_equal(points, model.mixture_.sample(30, random_state=4)[0])
    assert labels.shape == (30,) and model.sample()[0].shape == (1, 2)


# What the fit reports


@pytest.mark.parametrize("covariance_type", TYPES)
def test_what_is_reported_belongs_to_the_parameters_returned(covariance_type):
    model = quietly(started(covariance_type, max_iter=3, tol=0))
    assert model.log_likelihood_ == pytest.approx(
        model.mixture_.log_likelihood(X), rel=1e-13
    )
    assert model.log_likelihood_ == pytest.approx(
        model.score_samples(X).sum(), rel=1e-13
    )
    assert model.lower_bound_ == model.log_likelihood_ / 200
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(
            getattr(model, f"{name}_"), getattr(model.mixture_, name)
        )


def test_the_history_has_a_value_for_the_start_and_each_iteration():
    model = started(tol=1e-8, max_iter=1000).fit(X)
    assert len(model.log_likelihoods_) == model.n_iter_ + 1
    assert model.log_likelihoods_[-1] == model.log_likelihood_
    assert model.log_likelihoods_[0] == pytest.approx(
        start_on(X, "full").log_likelihood(X)
    )
    assert np.all(np.diff(model.log_likelihoods_) > 0)


def test_it_stops_when_gain_and_remaining_gain_are_below_the_tolerance():
    tol = 1e-4
    model = started(tol=tol, reg_covar=0).fit(X)
    assert model.converged_
    for t in range(2, model.n_iter_ + 2):
        seen = model.log_likelihoods_[:t]
        small = max(seen[-1] - seen[-2], remaining_gain(seen)) <= tol * 200
        assert small == (t == model.n_iter_ + 1)


def test_a_slow_climb_is_not_mistaken_for_the_top():
    """The last gain alone is below the tolerance 1500 iterations too early."""
    X, tol = load_old_faithful(), 1e-6
    labels = kmeans(X, 3, random_state=1).labels
    begin = mixture_from_responsibilities(X, one_hot(labels, 3), "tied")
    model = GaussianMixture(
        3,
        covariance_type="tied",
        weights_init=begin.weights,
        means_init=begin.means,
        precisions_init=np.linalg.inv(begin.covariances),
        tol=tol,
        reg_covar=0,
        max_iter=5000,
    ).fit(X)
    too_early = np.argmax(np.diff(model.log_likelihoods_) <= tol * 272) + 1
    assert too_early < 100 and model.n_iter_ > 1000
    assert model.log_likelihood_ == pytest.approx(-1126.3159, abs=tol * 272)


def test_a_fit_that_was_cut_short_says_so_and_by_how_much():
    model = started(max_iter=4, tol=1e-9)
    with pytest.warns(
        ConvergenceWarning,
        match="max_iter=4 iterations, with an estimated .* nats .*to gain; raise ",
    ) as caught:
        model.fit(X)
    assert caught[0].filename == __file__  # the line that called fit, not one inside it
    assert model.n_iter_ == 4 and not model.converged_
    with pytest.warns(
        ConvergenceWarning,
        match=f"estimated {remaining_gain(model.log_likelihoods_):.3g} nats",
    ):
        model.fit(X)


def test_tolerance_zero_ends_where_rounding_begins():
    model = started(tol=0, max_iter=100_000, reg_covar=0).fit(X)
    assert model.converged_
    assert after(
        model.n_iter_ + 50, X, start_on(X, "full")
    ).log_likelihood == pytest.approx(model.log_likelihood_, rel=1e-13)


# Starts


def test_the_start_is_what_was_given():
    model = quietly(started("full", max_iter=1))
    begin = after(1, X, start_on(X, "full"), "scale").mixture
    np.testing.assert_allclose(model.means_, begin.means, 1e-9)


def test_a_start_that_was_given_whole_needs_no_chance():
    used, unused = np.random.RandomState(0), np.random.RandomState(0)
    started(random_state=used).fit(X)
    assert used.randint(10**9) == unused.randint(10**9)


@pytest.mark.parametrize("part", ["weights_init", "means_init", "precisions_init"])
def test_a_part_that_was_given_replaces_that_part_only(part):
    given = {
        "weights_init": [0.9, 0.1],
        "means_init": X[:2],
        "precisions_init": [0.1, 0.2],
    }
    plain, partly = (
        GaussianMixture(
            2,
            covariance_type="spherical",
            init_params="kmeans",
            random_state=0,
            **options,
        )
        for options in ({}, {part: given[part]})
    )
    floor = 1e-6 * X.var(axis=0)
    one, other = (
        model._start(*model._check_input(X, None), floor, np.random.RandomState(0))
        for model in (plain, partly)
    )
    starts = {
        "weights_init": (one.weights, other.weights, [0.9, 0.1]),
        "means_init": (one.means, other.means, X[:2]),
        "precisions_init": (one.covariances, other.covariances, [10.0, 5.0]),
    }
    for name, (without, with_it, value) in starts.items():
        np.testing.assert_allclose(with_it, value if name == part else without, 1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_precisions_of_a_fit_start_another_fit_where_it_was(covariance_type):
    first = quietly(started(covariance_type, max_iter=3))
    again = GaussianMixture(
        2,
        covariance_type=covariance_type,
        weights_init=first.weights_,
        means_init=first.means_,
        precisions_init=first.precisions_,
    )
    assert again.fit(X).log_likelihoods_[0] == pytest.approx(
        first.log_likelihood_, rel=1e-11
    )


def test_the_best_of_several_starts_is_kept():
    X, options = (
        clouds(80, k=4),
        dict(covariance_type="diag", init_params="k-means++", max_iter=300, tol=1e-4),
    )
    rng = np.random.RandomState(
        1
    )  # one generator for all starts, as within a single fit
    single = [GaussianMixture(4, random_state=rng, **options).fit(X) for _ in range(6)]
    reached = [model.log_likelihood_ for model in single]
    best = int(np.argmax(reached))
    assert 0 < best < 5
    model = GaussianMixture(4, n_init=6, random_state=1, **options).fit(X)
    assert model.log_likelihood_ == reached[best]
    assert model.n_iter_ == single[best].n_iter_
    assert model.log_likelihoods_ == single[best].log_likelihoods_


def test_the_seed_decides_and_a_fit_can_be_repeated():
    first, again = (GaussianMixture(3, random_state=1).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.means_, again.means_)
    np.testing.assert_array_equal(first.fit(X).means_, again.means_)


# The forms that data come in


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X.tolist(),
        lambda X: X[::-1][::-1],
        lambda X: X.astype(object),
    ],
    ids=["fortran", "strided", "list", "reversed", "objects"],
)
def test_the_form_of_the_data_does_not_matter(form):
    model = started().fit(form(X))
    np.testing.assert_allclose(model.means_, started().fit(X).means_, 1e-9)
    np.testing.assert_array_equal(model.predict(form(X)), model.predict(X))
    assert model.bic(form(X)) == pytest.approx(model.bic(X))


def test_integers_are_numbers():
    data = np.round(X * 10).astype(int)
    np.testing.assert_array_equal(
        started().fit(data).means_, started().fit(data.astype(float)).means_
    )


def test_a_memory_mapped_file_can_be_fitted(tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(started().fit(mapped).means_, started().fit(X).means_)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize(
    "name", ["short_runs", "kmeans", "k-means++", "random", "random_from_data"]
)
def test_inputs_are_never_modified(covariance_type, name):
    data = X.copy()
    data.flags.writeable = False
    given = {"weights_init": np.array([0.4, 0.6]), "means_init": X[:2].copy()}
    for array in given.values():
        array.flags.writeable = False
    model = quietly(
        GaussianMixture(
            2,
            covariance_type=covariance_type,
            init_params=name,
            random_state=0,
            max_iter=20,
            **given,
        ),
        data,
    )
    for method in ("predict", "predict_proba", "score_samples", "score", "bic", "aic"):
        assert np.isfinite(getattr(model, method)(data)).all()
    np.testing.assert_array_equal(data, X)
    np.testing.assert_array_equal(given["means_init"], X[:2])


@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_offset_of_1e8_changes_nothing_but_the_means(covariance_type):
    data = np.round(X * 2**20) / 2**20
    here, there = (
        GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(
            data + offset
        )
        for offset in (0.0, 1e8)
    )
    # The same start may win under another name, if two are as good but for rounding.
    one, other = (model.means_[:, 0].argsort() for model in (here, there))
    np.testing.assert_allclose(there.means_[other] - 1e8, here.means_[one], atol=1e-6)
    np.testing.assert_allclose(
        there.mixture_.full_covariances()[other],
        here.mixture_.full_covariances()[one],
        1e-5,
        1e-6,
    )
    assert there.log_likelihood_ == pytest.approx(here.log_likelihood_, rel=1e-8)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_rescaled_data_give_the_rescaled_fit(covariance_type, scale):
    here, there = (
        GaussianMixture(
            2, covariance_type=covariance_type, random_state=0, tol=1e-9
        ).fit(X * s)
        for s in (1.0, scale)
    )
    np.testing.assert_allclose(
        np.sort(there.means_, axis=0) / scale, np.sort(here.means_, axis=0), 1e-5
    )
    assert matched_accuracy(here.predict(X), there.predict(X * scale)) == 1
    assert there.log_likelihood_ == pytest.approx(
        here.log_likelihood_ - X.size * np.log(scale), rel=1e-10
    )
