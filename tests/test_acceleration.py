"""SQUAREM: leaps that are always mixtures, never lower, and mostly far."""

from itertools import islice

import numpy as np
import pytest
from cases import TYPES, clouds, properties, some_mixture, start_on
from hypothesis import given
from hypothesis import strategies as st

from gmmlib import Mixture, em
from gmmlib.acceleration import (
    coordinates,
    extrapolate,
    from_coordinates,
    recent_gain,
    squarem,
)


def assert_same(one, other, rtol=1e-12):
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol, rtol, err_msg=name
        )


@pytest.mark.parametrize("d", [1, 2, 4])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_coordinates_say_all_about_a_mixture(covariance_type, d):
    mixture, unit = some_mixture(covariance_type, d), np.arange(1.0, d + 1)
    vector = coordinates(mixture, unit)
    assert len(vector) == mixture.n_parameters + 1  # the weights' sum is no parameter
    assert_same(from_coordinates(vector, unit, mixture), mixture)


@properties
@given(st.integers(0, 10_000), st.sampled_from(TYPES))
def test_any_coordinates_are_a_mixture(seed, covariance_type):
    like, rng = some_mixture(covariance_type, 3), np.random.default_rng(seed)
    vector = rng.normal(scale=2, size=len(coordinates(like, np.ones(3))))
    mixture = from_coordinates(vector, np.ones(3), like)
    assert mixture.weights.sum() == pytest.approx(1) and np.all(mixture.weights > 0)
    assert np.all(np.linalg.eigvalsh(mixture.full_covariances()) > 0)


@pytest.mark.parametrize("more", [-1000.0, 1000.0])
def test_of_the_logarithms_of_weights_only_differences_count(more):
    mixture, unit = some_mixture("diag"), np.ones(2)
    vector = coordinates(mixture, unit)
    vector[:3] += more
    assert_same(from_coordinates(vector, unit, mixture), mixture)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_leap_goes_as_far_as_steps_that_shrink_evenly_would_in_the_end(share):
    """Where each step is a fixed share of the one before, one leap is enough."""
    end, rng = some_mixture("full"), np.random.default_rng(0)
    unit = np.sqrt(end.variances())
    away = 0.01 * rng.normal(size=len(coordinates(end, unit)))
    away[:3] -= away[:3].mean()  # of three logarithms of weights, only ratios count
    there = coordinates(end, unit)
    zeroth, first, second = (
        from_coordinates(there + away * share**step, unit, end) for step in range(3)
    )
    # The leap is measured in units of `zeroth`; its weights are scaled to sum to 1.
    leap, length = extrapolate(zeroth, first, second)
    assert length == pytest.approx(1 / (1 - share), rel=1e-2)
    assert_same(leap, end, 1e-4)
    _, length = extrapolate(zeroth, first, second, longest=1.5)
    assert length == 1.5


def test_there_is_nowhere_to_leap_from_a_standstill_or_an_empty_component():
    mixture = some_mixture("diag")
    assert extrapolate(mixture, mixture, mixture) == (None, 1.0)
    empty = Mixture([1.0, 0.0], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    other = Mixture([1.0, 0.0], [[0.1], [1.0]], [1.1, 1.0], "spherical")
    third = Mixture([1.0, 0.0], [[0.15], [1.0]], [1.12, 1.0], "spherical")
    assert extrapolate(empty, other, third) == (None, 1.0)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_leap_does_not_depend_on_the_units(covariance_type):
    X, scale = clouds(), 2.0**40
    start = start_on(X, covariance_type)
    power = scale**2
    scaled = Mixture(
        start.weights, start.means * scale, start.covariances * power, covariance_type
    )
    here, there = (
        list(islice(em(data, begin, 0.0, accelerate="squarem"), 9))
        for data, begin in ((X, start), (X * scale, scaled))
    )
    assert [s.iteration for s in here] == [s.iteration for s in there]
    np.testing.assert_allclose(
        there[-1].mixture.means / scale, here[-1].mixture.means, 1e-9
    )


def test_a_leap_that_leads_down_is_refused_and_the_second_step_taken():
    """A map on a line, with a valley where the leap lands."""
    spots = {}

    def at(x):
        mixture = Mixture([1.0], [[x]], [1.0], "spherical")
        spots[mixture] = x
        return mixture

    def e_step(mixture):
        x = spots.get(mixture)  # only a leap makes a mixture that is not known
        return x, -np.inf if x is None else x

    def m_step(x):
        return at(x + (1 - x) / 2)

    states = list(islice(squarem(e_step, m_step, at(0.0)), 5))
    heights = [state.log_likelihood for state in states]
    assert heights == [0, 0.5, 0.75, 0.875, 0.9375]
    assert [state.iteration for state in states] == [0, 1, 3, 4, 6]


@pytest.mark.parametrize(
    "refused, lengths",
    [
        ("", [4, 16, 64]),  # each may be four times as long as the one before
        ("0", [4, 2, 8, 32]),  # after one that was refused, never less than 2
        ("03", [4, 2, 8, 32, 8, 32]),
        ("12", [4, 16, 4, 2]),
        ("01", [4, 2, 2, 8]),
    ],
)
def test_a_leap_may_be_four_times_as_long_as_the_last_or_a_quarter(refused, lengths):
    """To a top at 1 in steps of a hundredth of the way, where 100 would be exact."""
    known, leaps = set(), []

    def e_step(mixture):
        x = mixture.means[0, 0]
        if x in known:
            return x, 0.0
        leaps.append(x)  # as high as the step before is high enough
        return x, -1.0 if str(len(leaps) - 1) in refused else 0.0

    def m_step(x):
        x = x + (1 - x) / 100
        known.add(x)
        return Mixture([1.0], [[x]], [1.0], "spherical")

    known.add(0.0)
    begin = Mixture([1.0], [[0.0]], [1.0], "spherical")
    n_states = 1 + 2 * len(lengths)
    states = list(islice(squarem(e_step, m_step, begin), n_states))
    left, iterations = [1.0], [0]
    for j, length in enumerate(lengths):
        is_refused = str(j) in refused
        share = 0.99**2 if is_refused else (1 - length / 100) ** 2
        left += [0.99 * left[-1], share * left[-1]]
        iterations += [iterations[-1] + 1, iterations[-1] + 2 + is_refused]
    found = [1 - state.mixture.means[0, 0] for state in states]
    np.testing.assert_allclose(found, left, 1e-9)
    assert [state.iteration for state in states] == iterations


@pytest.mark.filterwarnings("error")
def test_a_leap_ends_no_nearer_than_the_second_step():
    """Steps that do not shrink lead nowhere in particular: there is no leap."""
    line = [
        Mixture([1.0], [[x]], [1.0], "spherical") for x in (0.0, 1.0, 1.5, 2.0, 3.0)
    ]
    leap, length = extrapolate(line[0], line[1], line[2])
    assert length == 2 and leap.means == pytest.approx(2.0)
    straight, length = extrapolate(line[0], line[1], line[3], longest=7.0)
    assert length == 7 and straight.means == pytest.approx(14.0)
    assert extrapolate(line[0], line[1], line[4]) == (None, 1.0)


def test_a_leap_to_what_is_no_mixture_is_none():
    one, two, three = (
        Mixture([1.0], [[0.0]], [np.exp(x)], "spherical") for x in (0.0, 1.0, 1.999)
    )
    leap, length = extrapolate(one, two, three, longest=90.0)
    assert length == 90 and leap.covariances > 1e40
    with np.errstate(over="ignore"):
        assert extrapolate(one, two, three, longest=1e4) == (
            None,
            pytest.approx(1000),
        )


def test_the_recent_gain_is_that_of_four_iterations():
    values = [-90.0, -9.0, -5.0, -4.0, -3.5, -3.25]
    assert recent_gain(values) == recent_gain(values[1:]) == 5.75
    assert recent_gain(values[2:]) == recent_gain([]) == np.inf
