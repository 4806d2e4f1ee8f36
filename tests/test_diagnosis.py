"""What is wrong with a fit, in words that name the component or the feature."""

import warnings

import numpy as np
import pytest
from cases import TYPES, clouds, some_mixture
from sklearn.exceptions import ConvergenceWarning

from gmmlib import GaussianMixture, Mixture
from gmmlib.diagnosis import collapsed, diagnose, rank
from gmmlib.em import State
from gmmlib.engine import as_data

FLOOR = np.array([1e-6, 1e-4])


def mixture_of(matrices, means=None, weights=None):
    k = len(matrices)
    means = 9.0 * np.arange(2 * k).reshape(k, 2) if means is None else means
    return Mixture(np.full(k, 1 / k) if weights is None else weights, means, matrices)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_sound_mixture_has_not_collapsed(covariance_type):
    mixture = some_mixture(covariance_type)
    assert not collapsed(mixture, FLOOR).any()
    assert not collapsed(mixture, 0 * FLOOR).any()
    assert diagnose(mixture, FLOOR, as_data(clouds())) == []


def test_a_variance_of_twice_the_floor_is_the_last_that_counts_as_collapsed():
    for times, expected in ((1.0, True), (1.99, True), (2.01, False)):
        matrices = [np.eye(2), np.diag([5.0, times * FLOOR[1]])]
        np.testing.assert_array_equal(
            collapsed(mixture_of(matrices), FLOOR), [False, expected]
        )


def test_a_collapse_may_be_oblique():
    line = np.array([[1.0, 1.0], [1.0, 1.0]]) + np.diag(FLOOR)
    np.testing.assert_array_equal(
        collapsed(mixture_of([line, np.eye(2)]), FLOOR), [True, False]
    )


def test_without_a_floor_a_millionth_of_the_spread_is_nothing():
    for deviation, expected in ((1e-7, True), (1e-4, False)):
        matrices = [np.eye(2), np.diag([1.0, deviation**2])]
        np.testing.assert_array_equal(
            collapsed(mixture_of(matrices), 0 * FLOOR), [False, expected]
        )


def test_without_a_floor_the_spread_is_what_counts():
    matrices = [100 * np.eye(2), np.diag([100.0, 1e-8])]  # a ten-billionth
    assert not collapsed(mixture_of(matrices), 0 * FLOOR).any()
    matrices = [100 * np.eye(2), np.diag([100.0, 1e-11])]
    assert collapsed(mixture_of(matrices), 0 * FLOOR).any()


def test_a_rank_looks_at_the_features_that_vary():
    mixture = mixture_of([np.diag([1.0, 1e-6]), np.diag([1.0, 1.0])])
    state = State(0, mixture, -1.0)
    assert not rank(state, 10, FLOOR)[0]
    assert rank(state, 10, FLOOR, np.array([True, False]))[0]


def test_a_mixture_of_flat_components_is_sound_if_they_have_the_points_not_to_be():
    """A weight of a half of 6 points is 3, of which two features can be full."""
    state = State(0, mixture_of([np.diag([1.0, 1e-6])] * 2), -1.0)
    assert rank(state, 6, FLOOR)[0]
    assert not rank(state, 5, FLOOR)[0]


def test_twins_are_found_far_from_the_origin():
    means = [[50.0, -70.0], [50.001, -70.001]]
    twins = Mixture([0.5, 0.5], means, [[1.0, 1.0]] * 2, "diag")
    X = clouds(20) + [50, -70]
    assert diagnose(twins, FLOOR, as_data(X))[0].startswith(
        "component 1 duplicates component 0"
    )
    opposite = Mixture(
        [0.5, 0.5], [[50.0, 70.0], [-50.0, -70.0]], [[1.0, 1.0]] * 2, "diag"
    )
    assert not diagnose(opposite, FLOOR, as_data(X))


def test_a_feature_that_never_varies_is_no_collapse():
    matrices = [np.diag([1.0, 1e-4]), np.diag([1e-6, 1e-4])]
    np.testing.assert_array_equal(
        collapsed(mixture_of(matrices), FLOOR, np.array([True, False])), [False, True]
    )
    assert not collapsed(mixture_of(matrices), FLOOR, np.array([False, False])).any()


def test_the_floor_of_spherical_is_the_mean_over_the_features():
    mean = FLOOR.mean()
    mixture = Mixture(
        [0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [1.9 * mean, 2.1 * mean], "spherical"
    )
    np.testing.assert_array_equal(collapsed(mixture, FLOOR), [True, False])


def test_an_empty_component_is_named_with_its_share():
    mixture = mixture_of([np.eye(2)] * 3, weights=[0.499, 0.5, 0.001])
    (sentence,) = diagnose(mixture, FLOOR, as_data(clouds(100)))
    assert sentence.startswith("component 2 is empty: it has 0.1 of 100 points; lower")


def test_the_points_of_weight_zero_do_not_count():
    mixture = mixture_of([np.eye(2)] * 2, weights=[0.98, 0.02])
    weights = np.repeat([1e-9, 0.0], [20, 80])
    X = clouds(100)
    X[:20, 1] = 7.0
    first, second = diagnose(mixture, FLOOR, as_data(X, weights))
    assert first.startswith("feature 1 is constant")
    assert second.startswith("component 1 is empty: it has 0.4 of 20 points")
    assert diagnose(mixture, FLOOR, as_data(X)) == []


def test_a_component_that_duplicates_another_is_named_with_it():
    near = [[0.0, 0.0], [9.0, 9.0], [0.009, 0.0], [9.0, 9.2]]
    mixture = mixture_of([np.eye(2)] * 4, near)
    (sentence,) = diagnose(mixture, FLOOR, as_data(clouds()))
    assert sentence.startswith("component 2 duplicates component 0")
    wider = mixture_of([np.eye(2), 1.02 * np.eye(2)], [[0.0, 0.0]] * 2)
    assert diagnose(wider, FLOOR, as_data(clouds())) == []


def test_a_collapsed_component_is_named_with_its_points():
    mixture = mixture_of([np.eye(2), np.diag(FLOOR)], weights=[0.9, 0.1])
    (sentence,) = diagnose(mixture, FLOOR, as_data(clouds(50)))
    assert sentence.startswith("component 1 collapsed: in some direction its 5 of 50")


def test_forty_collapsed_components_are_one_sentence():
    mixture = mixture_of([np.diag(FLOOR)] * 40, clouds(40))
    (sentence,) = diagnose(mixture, FLOOR, as_data(clouds(80)))
    start = (
        "component 0 (like 1, 2, 3, 4, 5, ...) collapsed: in some direction its 2 of"
    )
    assert sentence.startswith(start)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        X = np.column_stack([np.repeat(np.arange(40.0), 3), np.ones((120, 2))])
        GaussianMixture(60, max_iter=1, tol=0, random_state=0).fit(X)
    assert len(caught) <= 3


def test_all_problems_of_components_are_one_sentence():
    means = [[0.0, 0.0], [9.0, 9.0], [0.0, 0.0], [5.0, 5.0], [9.0, 9.0]]
    matrices = [np.eye(2), np.diag(FLOOR), np.eye(2), np.eye(2), np.diag(FLOOR)]
    mixture = mixture_of(matrices, means, weights=[0.2, 0.3, 0.199, 0.001, 0.3])
    (sentence,) = diagnose(mixture, FLOOR, as_data(clouds(100)))
    assert sentence == (
        "component 3 is empty: it has 0.1 of 100 points; component 1 (like 4) collapsed: "
        "in some direction its 30 of 100 points have no more variance than the floor; "
        "component 2 (like 4) duplicates component 0; lower n_components or try another "
        "start, or raise reg_covar"
    )


def test_a_fit_without_a_collapse_ranks_above_any_with_one():
    sound = State(0, mixture_of([np.eye(2)] * 2), -100.0)
    collapse = State(0, mixture_of([np.eye(2), np.diag(FLOOR)]), -10.0)
    lower = State(0, sound.mixture, -101.0)
    ranks = [rank(state, 50, FLOOR) for state in (collapse, lower, sound)]
    assert ranks == sorted(ranks)
    same = State(0, sound.mixture, -100.0 + 1e-9)
    assert rank(same, 50, FLOOR) == rank(sound, 50, FLOOR)


def test_a_fit_warns_where_it_was_called():
    X = np.column_stack([np.arange(9.0), np.ones(9)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GaussianMixture(1, random_state=0).fit(X)
    (warning,) = caught
    assert warning.category is ConvergenceWarning and warning.filename == __file__
    assert str(warning.message).startswith("feature 1 is constant")
