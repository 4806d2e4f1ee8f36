"""Hard data: a sound fit, the same fit, or one clear error, for all four types."""

import subprocess
import sys
import textwrap
import tracemalloc
import warnings
from itertools import islice
from unittest.mock import Mock

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from cases import TYPES, after, clouds, covariance_floor, start_on
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from terminal import heeds_interrupts

import gmmlib.estimator
from gmmlib import GaussianMixture, Mixture, e_step, em, fit_normal, kmeans
from gmmlib.initialisation import start
from gmmlib.kmeans import lloyd

X = clouds(200, d=2, k=2, seed=3)
OVERLAP = clouds(200, d=2, k=2, seed=9)  # most points belong to both components
ATTRIBUTES = (
    "weights_",
    "means_",
    "covariances_",
    "precisions_",
    "precisions_cholesky_",
)
EPS32 = float(np.finfo(np.float32).eps)


def fitted(model, data, **options):
    """The model, fitted, and the texts of its warnings; other warnings are errors."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(data, **options)
    return model, [str(warning.message) for warning in caught]


def says(texts, text):
    return any(text in each for each in texts)


def assert_sound(model, data):
    """Everything that was fitted is finite, and each point is shared out whole."""
    for name, value in vars(model).items():
        if name.endswith("_") and name not in ("mixture_", "feature_names_in_"):
            assert np.all(np.isfinite(value)), name
    responsibilities = model.predict_proba(data)
    assert np.all(np.isfinite(responsibilities))
    # k numbers that are rounded: an ulp each.
    np.testing.assert_allclose(responsibilities.sum(axis=1), 1, 1e-15 * len(data[0]))
    assert np.all(np.isfinite(model.score_samples(data)))
    assert model.weights_.sum() == pytest.approx(1, rel=1e-14)
    for matrix in model.mixture_.full_covariances():
        assert np.linalg.eigvalsh(matrix)[0] > 0


def start_options(start):
    """The parameters that make a `GaussianMixture` start there."""
    matrices = start.covariance_type in ("full", "tied")
    return dict(
        n_components=start.n_components,
        covariance_type=start.covariance_type,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=(
            np.linalg.inv(start.covariances) if matrices else 1 / start.covariances
        ),
    )


def moved(start, offset=0.0, scale=1.0):
    """The same start for data times `scale`, plus `offset`."""
    return Mixture(
        start.weights,
        start.means * scale + offset,
        start.covariances * scale**2,
        start.covariance_type,
    )


def in_order(model):
    """Means and covariances, as matrices, by the first feature of the mean."""
    order = np.argsort(model.means_[:, 0])
    return model.means_[order], model.mixture_.full_covariances()[order]


# Points on top of each other


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e8 / 3])
def test_identical_points_get_floored_variances_and_a_warning(
    covariance_type, k, value
):
    """The mean of equal numbers need not equal them: 0.1 has a variance of 1e-34."""
    data = np.full((50, 2), value)
    model, texts = fitted(
        GaussianMixture(k, covariance_type=covariance_type, random_state=0), data
    )
    assert says(texts, "feature 0 (like 1) is constant") and len(texts) <= 2
    assert_sound(model, data)
    # The mean of numbers near 3e7 is off by 4e-9 or so, squared 1e-17: a variance of
    # 1e-6 feels that in its eleventh digit.
    np.testing.assert_allclose(
        model.mixture_.full_covariances(), [1e-6 * np.eye(2)] * k, 1e-9, 1e-16
    )


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("value", [0.0, 0.1, -7e5])
def test_a_constant_feature_is_named_and_disturbs_nothing(covariance_type, value):
    data = np.column_stack([X, np.full(len(X), value)])
    options = dict(covariance_type=covariance_type, random_state=0, tol=1e-6)
    model, texts = fitted(GaussianMixture(2, **options), data)
    assert [text for text in texts if "constant" in text]
    assert says(texts, "feature 2 is constant")
    assert not says(texts, "feature 0") and not says(texts, "feature 1")
    assert not says(texts, "collapsed")
    assert_sound(model, data)
    if covariance_type == "spherical":
        return  # its one variance averages over the features: another model
    without, none = fitted(GaussianMixture(2, **options), X)
    assert not none
    # One more term in each sum rounds differently; EM hands that on from step to step.
    # (Two of the candidate starts may tie but for that, and name the components in
    # another order.)
    (means, matrices), (other_means, other_matrices) = map(in_order, (model, without))
    np.testing.assert_allclose(means[:, :2], other_means, 1e-9, 1e-9)
    np.testing.assert_allclose(matrices[:, :2, :2], other_matrices, 1e-9, 1e-9)
    np.testing.assert_allclose(
        np.sort(model.predict_proba(data)), np.sort(without.predict_proba(X)), 1e-8
    )
    # Its density is that of a variance at the floor, at the mean, for each point.
    floor = covariance_floor(data)[2]
    assert 1e-7 < floor < 1e-4
    assert model.log_likelihood_ == pytest.approx(
        without.log_likelihood_ - 0.5 * len(X) * np.log(2 * np.pi * floor), rel=1e-11
    )


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
def test_a_constant_feature_beside_small_numbers_disturbs_nothing(covariance_type):
    """In metres, what was in micrometres: the floor of one must not blur the other."""
    data = np.column_stack([X * 2.0**-30, np.full(len(X), 0.5)])
    same = np.column_stack([X, np.full(len(X), 0.5)])
    options = dict(covariance_type=covariance_type, random_state=0, tol=1e-6)
    small, _ = fitted(GaussianMixture(2, **options), data)
    large, _ = fitted(GaussianMixture(2, **options), same)
    assert_sound(small, data)
    # Powers of two do not round; the logarithms of densities do, and EM hands it on.
    np.testing.assert_allclose(
        in_order(small)[0][:, :2] * 2.0**30, in_order(large)[0][:, :2], 1e-9
    )


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("init_params", ["kmeans", "short_runs"])
def test_a_clump_of_identical_points_gets_floored_variances(
    covariance_type, init_params
):
    place = np.array([0.1, 30.1])
    data = np.vstack([clouds(80, k=1, seed=1), np.tile(place, (20, 1))])
    data = data[np.random.default_rng(0).permutation(100)]
    model, texts = fitted(
        GaussianMixture(
            2,
            covariance_type=covariance_type,
            init_params=init_params,
            random_state=0,
        ),
        data,
    )
    assert_sound(model, data)
    j = int(model.predict(place[None])[0])
    if covariance_type == "tied":
        assert not says(texts, "collapsed")  # the cloud keeps the shared variance up
    else:
        assert says(texts, f"component {j} collapsed")
        assert not says(texts, f"component {1 - j} collapsed")
        assert model.weights_[j] == pytest.approx(0.2, rel=1e-12)
        # The floor is at most 1e-6 of the largest variance.
        floor = 1e-6 * data.var(axis=0).max()
        largest = np.linalg.eigvalsh(model.mixture_.full_covariances()[j])[-1]
        assert 0 < largest <= floor * (1 + 1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_clump_among_the_points_is_sound_whatever_the_number_of_components(
    covariance_type,
):
    data = clouds(100, seed=2)
    data[::5] = data[0]
    for k in (2, 5):
        model, _ = fitted(
            GaussianMixture(k, covariance_type=covariance_type, random_state=1), data
        )
        assert_sound(model, data)


# How many points


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize(
    "n, k, message",
    [
        (0, 1, r"0 sample\(s\) .*minimum of 1"),
        (0, 3, r"0 sample\(s\) .*minimum of 1"),
        (1, 1, "at least 2 points, got n_samples = 1;"),
        (1, 3, "at least n_components=3 points, got n_samples = 1;"),
        (2, 3, "at least n_components=3 points, got n_samples = 2;"),
        (4, 9, "at least n_components=9 points, got n_samples = 4;"),
    ],
)
def test_too_few_points_are_an_error_with_both_numbers(covariance_type, n, k, message):
    for reg_covar in ("scale", 0, 1.0):
        model = GaussianMixture(
            k, covariance_type=covariance_type, reg_covar=reg_covar, random_state=0
        )
        with pytest.raises(ValueError, match=message):
            model.fit(X[:n])


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_as_many_points_as_components_is_a_fit_of_singletons(covariance_type, k):
    model, texts = fitted(
        GaussianMixture(k, covariance_type=covariance_type, random_state=0), X[:k]
    )
    assert_sound(model, X[:k])
    if covariance_type == "tied":
        assert says(texts, "collapsed")  # one variance: no one component to name
    else:
        others = ", ".join(str(j) for j in range(1, k))
        assert says(texts, f"component 0 (like {others}) collapsed")
    # The points are a thousand standard deviations apart: each is its own mean.
    np.testing.assert_allclose(
        np.sort(model.means_, axis=0), np.sort(X[:k], axis=0), 1e-12
    )
    np.testing.assert_allclose(model.weights_, 1 / k, 1e-12)
    assert len(set(model.predict(X[:k]))) == k


# More features than points


@pytest.mark.parametrize("covariance_type", TYPES)
def test_more_features_than_points_without_a_floor(covariance_type):
    data = np.random.default_rng(0).normal(size=(6, 10))
    model = GaussianMixture(
        1, covariance_type=covariance_type, reg_covar=0, random_state=0
    )
    if covariance_type in ("diag", "spherical"):
        assert_sound(fitted(model, data)[0], data)
        return
    with pytest.raises(ValueError, match="raise reg_covar") as caught:
        model.fit(data)
    assert "'diag'" in str(caught.value)
    assert "'tied'" in str(caught.value) or covariance_type == "tied"


def test_tied_is_enough_where_each_component_alone_has_too_few_points():
    data = np.random.default_rng(0).normal(size=(12, 5))
    data[:4, 0] += 30
    data[4:8, 0] -= 30
    options = dict(reg_covar=0, init_params="kmeans", random_state=0)
    with pytest.raises(ValueError, match="raise reg_covar.*'tied'|'tied'.*reg_covar"):
        GaussianMixture(3, **options).fit(data)
    assert_sound(
        fitted(GaussianMixture(3, covariance_type="tied", **options), data)[0], data
    )


# A collapse, and no floor to end it


@pytest.mark.parametrize("accelerate", [None, "squarem"])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_a_collapse_without_a_floor_leaves_the_last_state_and_says_why(
    covariance_type, accelerate
):
    """A needle on one point gets thinner from step to step, until nothing is left."""
    start = start_on(OVERLAP, covariance_type)
    options = start_options(start)
    options["means_init"] = np.array([OVERLAP[0], OVERLAP.mean(axis=0)])
    options["precisions_init"] = options["precisions_init"].copy()
    options["precisions_init"][0] *= 1e4
    model, texts = fitted(
        GaussianMixture(**options, reg_covar=0, accelerate=accelerate), OVERLAP
    )
    (text,) = [text for text in texts if text.startswith("EM stopped after")]
    assert f"after {model.n_iter_} iterations: covariances[0]: expected " in text
    assert "raise reg_covar" in text and not model.converged_
    assert len(model.log_likelihoods_) == model.n_iter_ + 1
    assert model.log_likelihood_ == pytest.approx(model.score_samples(OVERLAP).sum())
    texts = fitted(model.set_params(reg_covar="scale"), OVERLAP)[1]
    assert says(texts, "component 0 collapsed")


def test_a_start_that_ends_well_goes_before_one_that_collapses(monkeypatch):
    """However high it got: a needle of so little width is worth 20 nats."""
    data = np.random.default_rng(0).normal(size=(200, 2))
    good = start_on(data, "diag")
    needle = [data[0], [0, 0]], [[1e-10, 1e-10], [1, 1]]
    needle = Mixture([0.005, 0.995], *needle, "diag")
    model = GaussianMixture(2, covariance_type="diag", reg_covar=0)
    alone, _ = fitted(GaussianMixture(**start_options(good), reg_covar=0), data)
    assert alone.converged_ and needle.log_likelihood(data) > alone.log_likelihood_ + 9
    for starts in ([good, needle], [needle, good]):
        monkeypatch.setattr(GaussianMixture, "_start", Mock(side_effect=starts))
        best, texts = fitted(model.set_params(n_init=2), data)
        assert not texts and best.log_likelihood_ == pytest.approx(
            alone.log_likelihood_
        )


# Far from the origin


@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_offset_of_1e8_gives_the_centred_fit(covariance_type):
    offset = 1e8
    here = (
        np.round(OVERLAP * 2**20) / 2**20
    )  # 1e8 can be added to these without rounding
    there = here + offset
    assert np.array_equal(there - offset, here)
    start = start_on(here, covariance_type)
    options = dict(tol=0, max_iter=10)
    one, _ = fitted(GaussianMixture(**start_options(start), **options), here)
    two, _ = fitted(
        GaussianMixture(**start_options(moved(start, offset)), **options), there
    )
    # Numbers near 1e8 are 1.5e-8 apart, so a mean may be 7.5e-9 off, in each of the ten
    # steps. Such an error is the same for all points of a component, and much of it
    # averages out of the sums; some is handed on.
    np.testing.assert_allclose(two.means_ - offset, one.means_, 0, 2e-8)
    np.testing.assert_allclose(two.weights_, one.weights_, 2e-8)
    np.testing.assert_allclose(two.covariances_, one.covariances_, 1e-8, 1e-8)
    # A single point feels 7.5e-9 in each feature, times the slope of the log-density
    # there, which is up to 4; a probability, a quarter of that.
    np.testing.assert_allclose(
        two.score_samples(there), one.score_samples(here), 0, 6e-8
    )
    np.testing.assert_allclose(
        two.predict_proba(there), one.predict_proba(here), 0, 2e-8
    )
    # The slopes of 200 points all but cancel: at the top they would.
    assert two.log_likelihood_ == pytest.approx(one.log_likelihood_, abs=2e-7)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_offset_of_1e4_in_float32_gives_the_centred_fit(covariance_type):
    offset, spacing = 1e4, 2.0**-10  # of float32 between 8192 and 16384
    here = (np.round(OVERLAP / spacing) * spacing).astype(np.float32)
    there = here + np.float32(offset)
    assert there.dtype == np.float32
    assert np.array_equal(there - np.float32(offset), here)
    start = start_on(here.astype(float), covariance_type)
    options = dict(tol=0, max_iter=10)
    one, _ = fitted(GaussianMixture(**start_options(start), **options), here)
    two, _ = fitted(
        GaussianMixture(**start_options(moved(start, offset)), **options), there
    )
    for name in ATTRIBUTES:
        assert getattr(two, name).dtype == np.float32, name
    # A mean near 1e4 is returned as the nearest float32: half a spacing off.
    np.testing.assert_allclose(
        two.means_.astype(float) - offset, one.means_, 0, spacing / 2 + 1e-5
    )
    # But the fit itself does not feel it. What remains are E-steps in float32, with
    # errors of 1e-6 or so each, handed on ten times. (Means that are rounded to
    # float32 in each step make errors of 2e-4 to 8e-4.)
    np.testing.assert_allclose(two.weights_, one.weights_, 1e-5)
    np.testing.assert_allclose(two.covariances_, one.covariances_, 1e-5, 1e-5)
    # A log-density may feel the rounded mean: half a spacing in each feature, times
    # its slope there, which is the precision times the difference.
    slopes = [
        np.abs((here - mean) @ np.linalg.inv(matrix)).sum(axis=1)
        for mean, matrix in zip(one.means_, one.mixture_.full_covariances())
    ]
    slack = np.max(slopes, axis=0) * (spacing / 2) * 1.1 + 1e-5
    difference = two.score_samples(there) - one.score_samples(here)
    assert np.all(np.abs(difference) <= slack)


# Units


SCALES = [1e-6, 1e6, 1e150, 1e-150, 2.0**-20, 2.0**20, 2.0**498, 2.0**-498]


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("scale", SCALES, ids="{:.3g}".format)
def test_other_units_give_the_same_steps(covariance_type, scale):
    start = start_on(OVERLAP, covariance_type)
    here = after(5, OVERLAP, start, "scale")
    there = after(5, OVERLAP * scale, moved(start, scale=scale), "scale")
    # A power of two rounds nothing, other scales the data. But log det Σ, up to 1400
    # nats, is rounded to 1e-13, which the responsibilities then feel, five times.
    np.testing.assert_allclose(there.mixture.weights, here.mixture.weights, 1e-12)
    np.testing.assert_allclose(there.mixture.means / scale, here.mixture.means, 1e-12)
    np.testing.assert_allclose(
        there.mixture.covariances / scale / scale,
        here.mixture.covariances,
        1e-12,
        1e-12,
    )
    # The sum of 200 log-densities, each rounded like log det Σ.
    shift = X.size * np.log(scale)
    assert there.log_likelihood == pytest.approx(here.log_likelihood - shift, rel=1e-14)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("scale", SCALES[2:6], ids="{:.3g}".format)
def test_other_units_give_the_same_fit(covariance_type, scale):
    options = dict(covariance_type=covariance_type, random_state=0, tol=1e-6)
    here, none = fitted(GaussianMixture(2, **options), X)
    there, nothing = fitted(GaussianMixture(2, **options), X * scale)
    assert none == nothing == []
    assert_sound(there, X * scale)
    assert there.n_iter_ == here.n_iter_
    # As above, after some dozens of steps that hand such errors on.
    for one, two, power in zip(in_order(here), in_order(there), (1, 2)):
        for _ in range(power):
            two = two / scale
        np.testing.assert_allclose(two, one, 1e-12, 1e-12)
    shift = X.size * np.log(scale)
    assert there.log_likelihood_ == pytest.approx(
        here.log_likelihood_ - shift, rel=1e-14
    )
    np.testing.assert_allclose(
        there.score_samples(X * scale),
        here.score_samples(X) - 2 * np.log(scale),
        1e-12,
        1e-12,
    )


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_each_feature_may_have_a_unit_of_its_own(covariance_type):
    scale = np.array([2.0**498, 2.0**-498])
    options = dict(
        covariance_type=covariance_type,
        init_params="random",  # the other starts measure distances
        random_state=0,
        max_iter=10,
        tol=0,
    )
    here, _ = fitted(GaussianMixture(2, **options), X)
    there, _ = fitted(GaussianMixture(2, **options), X * scale)
    # Powers of two: only the logarithms are rounded. A start at random is flat, and ten
    # steps away from it make an error of 1e-13 some hundred times larger.
    np.testing.assert_allclose(there.means_ / scale, here.means_, 1e-10)
    np.testing.assert_allclose(
        there.predict_proba(X * scale), here.predict_proba(X), 1e-10
    )


# One point far away


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("place", [(1e8, 1e8), (-1e8, 0.0)], ids=["both", "one"])
@pytest.mark.parametrize("k", [2, 3])
def test_one_outlier_leaves_the_other_components_alone(covariance_type, place, k):
    rng = np.random.default_rng(5)
    data = rng.normal(size=(400, 2)) @ [[1.0, 0.3], [0.0, 0.8]]
    data[200:] += [12.0, 0.0]  # two clouds that do not touch
    with_outlier = np.vstack([data[:300], [place], data[300:]])
    options = dict(covariance_type=covariance_type, random_state=0)
    reference, none = fitted(GaussianMixture(k - 1, **options), data)
    assert none == []
    model, texts = fitted(GaussianMixture(k, **options), with_outlier)
    assert_sound(model, with_outlier)
    far = int(np.abs(model.means_[:, 0]).argmax())
    np.testing.assert_allclose(model.means_[far], place, 1e-12, 1e-6)
    assert model.weights_[far] == pytest.approx(1 / 401, rel=1e-9)
    if covariance_type == "tied":
        assert not says(texts, "collapsed")
    else:
        assert says(texts, f"component {far} collapsed")
    others = sorted(set(range(k)) - {far}, key=lambda j: model.means_[j, 0])
    means, matrices = in_order(reference)
    np.testing.assert_allclose(model.means_[others], means, 1e-9, 1e-9)
    # The floors differ: without the outlier a variance may be smaller than what the
    # quartiles say. Both are some 1e-6 of 40 or 80, against variances from 0.7 on.
    share = 401 / 400 if covariance_type == "tied" else 1.0  # divides by all points
    np.testing.assert_allclose(
        model.mixture_.full_covariances()[others] * share, matrices, 1e-4, 1e-4
    )
    np.testing.assert_array_equal(
        np.array(others)[np.argsort(np.argsort(reference.means_[:, 0]))][
            reference.predict(data)
        ],
        model.predict(data),
    )


# Questions from far away


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("scale", [1.0, 2.0**-498])
def test_a_point_far_away_gets_an_answer(covariance_type, scale):
    model, _ = fitted(
        GaussianMixture(2, covariance_type=covariance_type, random_state=0), X * scale
    )
    near = X[:3] * scale
    signs = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 0.0], [0.0, 1.0]])
    for distance in (1e6, 1e160, 1e300):
        data = np.vstack([near, signs * distance])
        log_density = model.score_samples(data)
        responsibilities = model.predict_proba(data)
        assert not np.any(np.isnan(log_density)) and np.all(log_density < np.inf)
        assert np.all(np.isfinite(responsibilities)) and np.all(responsibilities >= 0)
        np.testing.assert_allclose(responsibilities.sum(axis=1), 1, 1e-15)
        np.testing.assert_array_equal(log_density[:3], model.score_samples(near))
        np.testing.assert_array_equal(model.predict(data), responsibilities.argmax(1))
        assert model.score(data) == log_density.mean()
        squares = (distance / scale) ** 2 if distance / scale < 1e150 else np.inf
        assert np.all(np.isfinite(log_density[3:])) == np.isfinite(squares)


def test_a_point_at_1e6_has_the_density_that_the_formula_says():
    model, _ = fitted(
        GaussianMixture(2, covariance_type="spherical", random_state=0), X
    )
    point = np.array([[1e6, -1e6]])
    square = ((point - model.means_) ** 2).sum(axis=1) / model.covariances_
    joint = np.log(model.weights_) - np.log(2 * np.pi * model.covariances_) - square / 2
    # Both sides sum two squares of 1e12.
    assert model.score_samples(point)[0] == pytest.approx(joint.max(), rel=1e-14)
    assert model.predict(point)[0] == joint.argmax()


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_point_that_no_component_reaches_is_the_widest_ones(covariance_type):
    covariances = {
        "full": [np.eye(2), 4 * np.eye(2)],
        "tied": np.eye(2),
        "diag": [[1.0, 1.0], [4.0, 4.0]],
        "spherical": [1.0, 4.0],
    }[covariance_type]
    mixture = Mixture(
        [0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], covariances, covariance_type
    )
    data = np.array([[1e6, 1e6], [1e160, 1e160]])
    responsibilities = mixture.responsibilities(data)
    np.testing.assert_array_equal(responsibilities[0], [0.0, 1.0])
    assert np.all(np.isfinite(responsibilities))
    assert responsibilities[1].sum() == 1
    np.testing.assert_array_equal(np.isfinite(mixture.log_density(data)), [True, False])
    if covariance_type != "tied":
        assert responsibilities[1, 1] >= 0.5


# The forms that data come in


def read_only(X, tmp_path):
    data = X.copy()
    data.flags.writeable = False
    return data


def mapped(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


def mapped_by_column(X, tmp_path):
    np.save(tmp_path / "X.npy", np.asfortranarray(X))
    return np.load(tmp_path / "X.npy", mmap_mode="r")


FORMS = {
    "fortran": lambda X, _: np.asfortranarray(X),
    "strided": lambda X, _: np.repeat(np.repeat(X, 2, axis=1), 3, axis=0)[::3, ::2],
    "reversed": lambda X, _: X[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only,
    "mapped": mapped,
    "mapped by column": mapped_by_column,
    "list": lambda X, _: X.tolist(),
    "tuples": lambda X, _: tuple(map(tuple, X.tolist())),
    "objects": lambda X, _: X.astype(object),
    "frame": lambda X, _: pd.DataFrame(X, columns=["left", "right"]),
    "frame with an index": lambda X, _: pd.DataFrame(X, index=np.arange(len(X))[::-1]),
}


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_the_data_changes_nothing(covariance_type, form, tmp_path):
    data, again = FORMS[form](X, tmp_path), FORMS[form](X, tmp_path)
    options = dict(
        covariance_type=covariance_type, init_params="kmeans", random_state=0
    )
    model, _ = fitted(GaussianMixture(2, **options), data)
    plain, _ = fitted(GaussianMixture(2, **options), X)
    # The same numbers in another order in memory: products may sum them in another
    # order, some dozens of times.
    for name in ATTRIBUTES:
        np.testing.assert_allclose(
            getattr(model, name), getattr(plain, name), 1e-9, 1e-9, err_msg=name
        )
    assert model.n_iter_ == plain.n_iter_
    np.testing.assert_array_equal(model.predict(data), plain.predict(X))
    np.testing.assert_allclose(
        model.score_samples(data), plain.score_samples(X), 1e-9, 1e-9
    )
    np.testing.assert_array_equal(np.asarray(data, dtype=float), X)
    assert type(data) is type(again)


@pytest.mark.parametrize(
    "dtype", [np.int64, np.int32, np.int8, np.uint8, np.float16, bool]
)
def test_other_numbers_become_float64(dtype):
    data = np.round(X * 5)
    data = (data > 0) if dtype is bool else np.abs(data)
    one, _ = fitted(GaussianMixture(2, random_state=0), data.astype(dtype))
    two, _ = fitted(GaussianMixture(2, random_state=0), data.astype(float))
    for name in ATTRIBUTES:
        assert getattr(one, name).dtype == np.float64
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_float32_stays_float32(covariance_type):
    data = OVERLAP.astype(np.float32)
    options = dict(
        tol=0, max_iter=10, **start_options(start_on(OVERLAP, covariance_type))
    )
    model, _ = fitted(GaussianMixture(**options), data)
    double, _ = fitted(GaussianMixture(**options), data.astype(float))
    assert data.dtype == np.float32 and np.array_equal(data, OVERLAP.astype(np.float32))
    for name in ATTRIBUTES:
        assert getattr(model, name).dtype == np.float32, name
        assert getattr(double, name).dtype == np.float64, name
    assert model.predict_proba(data).dtype == np.float32
    assert model.score_samples(data).dtype == np.float32
    assert isinstance(model.log_likelihood_, float)
    assert isinstance(model.score(data), float)
    # E-steps in float32 are off by 1e-7 or so, differently for each point, and little
    # of that is left in the sums.
    for name in ATTRIBUTES:
        np.testing.assert_allclose(
            getattr(model, name), getattr(double, name), 1e-6, 1e-6, err_msg=name
        )
    # Each log-density may be rounded alike, to 6e-8 of it.
    assert model.log_likelihood_ == pytest.approx(double.log_likelihood_, rel=3e-7)


def test_float32_is_summed_in_float64_over_two_million_rows():
    """What float32 would lose.

    A sum of 16s reaches 2**24, where float32 counts in twos: whatever sum of a block
    of the second half, 2**-16 each, is then added, nothing changes. The mean is
    8 + 2**-17, eight steps of float32 above 8.
    """
    n = 2**21
    data = np.repeat(np.array([16, 2**-16], dtype=np.float32), n // 2)[:, None]
    options = dict(
        weights_init=[1.0],
        means_init=[[0.0]],
        precisions_init=[[[1.0]]],
        reg_covar=0,
        tol=0,
        max_iter=1,
    )
    model, _ = fitted(GaussianMixture(1, **options), data)
    assert model.means_.dtype == np.float32
    # The nearest float32, or the one beside it.
    assert model.means_[0, 0] == pytest.approx(8 + 2.0**-17, rel=EPS32)
    mean, variance = data.mean(dtype=float), data.var(dtype=float)
    assert model.covariances_[0, 0, 0] == pytest.approx(variance, rel=EPS32)
    # Each term may be rounded to float32, so may their sum be, relative to itself; but
    # 64 blocks that were summed in float32 would be off by 1e-6 of it.
    expected = -n / 2 * (np.log(2 * np.pi * variance) + 1)
    assert mean == 8 + 2.0**-17
    assert model.log_likelihood_ == pytest.approx(expected, rel=EPS32)


def test_float32_shares_are_counted_in_float64_over_two_million_rows():
    """A running count of shares of 0.3 in float32 is off by two percent by then."""
    n = 2**21
    data = np.tile(np.array([-1, 1], dtype=np.float32), n // 2)[:, None]
    start = dict(
        weights_init=[0.3, 0.7],
        means_init=[[0.0], [0.0]],
        precisions_init=[[[1.0]], [[1.0]]],  # alike: the shares stay as they are
    )
    model, _ = fitted(GaussianMixture(2, tol=0, max_iter=1, reg_covar=0, **start), data)
    # Shares that are computed in float32 are exponentials of rounded logarithms, all
    # rounded alike: some four times its 6e-8.
    np.testing.assert_allclose(model.weights_, [0.3, 0.7], 8 * EPS32)
    np.testing.assert_allclose(model.means_, 0, atol=8 * EPS32)
    np.testing.assert_allclose(model.covariances_, 1, 8 * EPS32)


# Frames and their names


def test_the_names_of_a_frame_are_kept_and_compared():
    frame = pd.DataFrame(X, columns=["left", "right"])
    before = frame.copy()
    model, _ = fitted(GaussianMixture(2, random_state=0), frame)
    assert model.feature_names_in_.tolist() == ["left", "right"]
    pd.testing.assert_frame_equal(frame, before)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["right", "left"]])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"right": "up"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    fitted(model, X)
    assert not hasattr(model, "feature_names_in_")


def test_a_frame_of_several_types_is_a_table_of_numbers():
    frame = pd.DataFrame({"a": np.round(X[:, 0]).astype(int), "b": X[:, 1]})
    model, _ = fitted(GaussianMixture(2, random_state=0), frame)
    plain, _ = fitted(GaussianMixture(2, random_state=0), frame.to_numpy())
    np.testing.assert_array_equal(model.means_, plain.means_)
    single, _ = fitted(GaussianMixture(2, random_state=0), frame.astype(np.float32))
    assert single.means_.dtype == np.float32


@pytest.mark.parametrize(
    "value, message",
    [
        (np.nan, r"X\[1, 1\]: expected a finite number, got NaN; drop"),
        (-np.inf, r"X\[1, 1\]: expected a finite number, got -inf; drop"),
        ("red", r"X\[1, 1\]: expected a number, got 'red'; drop"),
    ],
)
def test_a_bad_cell_of_a_frame_is_found(value, message):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, value, value]})
    with pytest.raises(ValueError, match=message):
        GaussianMixture(1).fit(frame)


def test_a_missing_integer_of_a_frame_is_found():
    frame = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [1.0] * 3})
    with pytest.raises(ValueError, match=r"X\[1, 0\]: expected a finite number, got"):
        GaussianMixture(1).fit(frame)


# Questions to the wrong model


METHODS = ["predict", "predict_proba", "score_samples", "score", "bic", "aic", "icl"]


@pytest.mark.parametrize("method", METHODS)
def test_other_columns_than_in_the_fit_are_scikit_learns_error(method):
    for model in (
        GaussianMixture(1).fit(X),
        GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [[1.0, 1.0]], "diag"),
    ):
        for columns in (1, 3):
            with pytest.raises(
                ValueError,
                match=f"X has {columns} features, but GaussianMixture is expecting 2",
            ):
                getattr(model, method)(np.zeros((4, columns)))


@pytest.mark.parametrize("method", METHODS)
def test_an_unfitted_model_says_so(method):
    with pytest.raises(NotFittedError, match="not fitted yet. Call 'fit'"):
        getattr(GaussianMixture(), method)(X)


# What `test_bad_input.py` does not ask


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("max_iter", True),
        ("max_iter", -1),
        ("n_init", 2.0),
        ("accelerate", "turbo"),
        ("accelerate", True),
        ("verbose_interval", 0),
        ("verbose_interval", 1.5),
        ("verbose", -1),
        ("verbose", "yes"),
        ("warm_start", "no"),
        ("weights_init", [[0.5, 0.5]]),
        ("weights_init", [0.5j, 0.5]),
        ("means_init", [0.0, 1.0]),
        ("means_init", np.zeros((3, 2))),
        ("means_init", np.zeros((2, 2, 1))),
    ],
)
def test_a_bad_parameter_is_named(parameter, value):
    """Its name comes first, then what was expected, and the value or its shape."""
    model = GaussianMixture(2, random_state=0).set_params(**{parameter: value})
    with pytest.raises((ValueError, TypeError), match=rf"^{parameter}\b.*: ?expected "):
        model.fit(X)


# Ctrl-C


def interrupted(*arguments, **options):
    """`em`, with somebody at the keyboard."""
    yield from islice(em(*arguments, **options), 2)  # too few to converge
    raise KeyboardInterrupt


@pytest.mark.parametrize("init_params", ["kmeans", "short_runs"])
def test_an_interrupted_first_fit_leaves_the_model_unfitted(monkeypatch, init_params):
    model = GaussianMixture(2, tol=0, init_params=init_params, random_state=0)
    before = dict(vars(model))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(gmmlib.estimator, "em", interrupted)
        model.fit(pd.DataFrame(X, columns=["left", "right"]))
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert_sound(fitted(model.set_params(tol=1e-3), X)[0], X)


@pytest.mark.parametrize("warm_start", [False, True])
def test_an_interrupted_second_fit_leaves_the_first(monkeypatch, warm_start):
    model, _ = fitted(
        GaussianMixture(2, random_state=0, n_init=2, warm_start=warm_start), X
    )
    before = dict(vars(model))
    contents = {name: np.array(before[name]) for name in ATTRIBUTES}
    other = clouds(90, d=2 if warm_start else 3, seed=8)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(gmmlib.estimator, "em", interrupted)
        model.fit(other)
    assert vars(model).keys() == before.keys()
    for name, value in before.items():
        assert vars(model)[name] is value, name
    for name, value in contents.items():
        np.testing.assert_array_equal(getattr(model, name), value)
    assert_sound(model, X)


def test_an_interrupt_after_the_first_of_several_starts_leaves_nothing(monkeypatch):
    calls = []

    def second_interrupted(*arguments, **options):
        calls.append(1)
        yield from (em if len(calls) == 1 else interrupted)(*arguments, **options)

    model = GaussianMixture(2, n_init=3, init_params="kmeans", random_state=0)
    before = dict(vars(model))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(gmmlib.estimator, "em", second_interrupted)
        model.fit(X)
    assert len(calls) == 2 and vars(model) == before


def test_a_real_interrupt_ends_a_long_fit():
    code = """
        import os, signal, threading
        import numpy as np
        from gmmlib import GaussianMixture

        X = np.random.default_rng(0).normal(size=(100_000, 8))
        model = GaussianMixture(
            9, tol=0, max_iter=10**9, init_params="random_from_data", random_state=0
        )
        before = dict(vars(model))
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            model.fit(X)
        except KeyboardInterrupt:
            print("interrupted", vars(model) == before)
        else:
            print("not interrupted")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=heeds_interrupts,
    )
    assert done.stdout.split() == ["interrupted", "True"], done.stdout + done.stderr


@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_many_features_cost_no_more_than_their_number(covariance_type):
    """A matrix of 20,000 features would take 3 GB."""
    points = np.random.default_rng(0).normal(size=(20, 20_000))
    points[:10] += 1.0
    tracemalloc.start()
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0)
    labels = model.fit(points).predict(points)
    model.bic(points), model.sample(2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * points.nbytes
    assert len(set(labels[:10])) == len(set(labels[10:])) == 1 != len(set(labels))


def test_what_the_caller_does_to_arrays_later_does_not_matter():
    weights, means = np.array([0.5, 0.5]), np.array([[0.0], [4.0]])
    covariances = np.array([1.0, 1.0])
    mixture = Mixture(weights, means, covariances, "spherical")
    model = GaussianMixture.from_parameters(weights, means, covariances, "spherical")
    points = np.array([[0.0], [3.0], [5.0]])
    before = mixture.log_density(points), model.score_samples(points)
    weights[:], means[:], covariances[:] = [1.0, 0.0], 100.0, 9.0
    after = mixture.log_density(points), model.score_samples(points)
    np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(
        mixture.sample(9, 0)[0], model.mixture_.sample(9, 0)[0]
    )
    centres = np.array([[0.0], [4.0]])
    first = next(lloyd(points, centres))
    centres[:] = 7.0
    np.testing.assert_array_equal(first.centres, [[0.0], [4.0]])


MASKED = np.ma.masked_greater(np.array([[1.0, 2.0], [3.0, 99.0], [5.0, 6.0]]), 50)


@pytest.mark.parametrize(
    "use",
    [
        GaussianMixture(1).fit,
        GaussianMixture(1).partial_fit,
        GaussianMixture(1).fit(X).predict,
        GaussianMixture(1).fit(X).score_samples,
        lambda X: kmeans(X, 1),
        lambda X: list(lloyd(X, np.zeros((1, 2)))),
        lambda X: next(em(X, Mixture([1.0], np.zeros((1, 2)), [np.eye(2)]))),
        lambda X: e_step(X, Mixture([1.0], np.zeros((1, 2)), [np.eye(2)])),
        lambda X: start(X, 1, floor=1.0),
    ],
)
def test_what_is_masked_is_no_number(use):
    with pytest.raises(ValueError, match=r"X\[1, 1\]: expected a number, got a masked"):
        use(MASKED)
    use(np.ma.masked_greater(X[:9], 1e9))  # a mask that covers nothing


def test_masked_weights_samples_and_chunks_are_refused():
    with pytest.raises(ValueError, match=r"sample_weight\[1\]: .*got a masked"):
        GaussianMixture(1).fit(MASKED.data, sample_weight=MASKED[:, 1])
    with pytest.raises(ValueError, match=r"x\[1\]: .*got a masked"):
        fit_normal(MASKED[:, 1])
    chunked = da.from_array(MASKED, chunks=(2, 2))
    with pytest.raises(ValueError, match=r"X\[1, 1\], in block 0: .*got NaN"):
        GaussianMixture(1).fit(chunked)
    model = GaussianMixture(1).fit(X)
    with pytest.raises(ValueError, match=r"X\[1, 1\], in block 0: .*got NaN"):
        model.predict(chunked).compute()


@pytest.mark.parametrize("seed", range(5))
def test_groups_that_are_all_flat_are_found(seed):
    """Each has a constant feature, and points enough not to have."""
    X = [[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]]
    with pytest.warns(ConvergenceWarning, match=r"component 0 \(like 1\) collapsed"):
        model = GaussianMixture(2, random_state=seed).fit(X)
    np.testing.assert_allclose(sorted(model.means_.tolist()), [[1, 2], [10, 2]])
    few = np.random.default_rng(seed).normal(size=(12, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = GaussianMixture(4, random_state=seed).fit(few)
    assert model.weights_.max() * 12 > 3  # those of two points or one are not sound
