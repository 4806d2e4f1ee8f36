"""E-step, sums, M-step and the loop: against scikit-learn, and by their properties."""

import dataclasses
from itertools import islice, permutations

import numpy as np
import pytest
from cases import (
    TYPES,
    after,
    climb,
    clouds,
    covariance_floor,
    problems,
    properties,
    scikit_after,
    some_mixture,
    start_on,
)
from hypothesis import given
from hypothesis import strategies as st

from gmmlib import Mixture, Sums, e_step, em, kmeans, m_step, weighted_sums
from gmmlib.em import alternate, remaining_gain, until_converged
from gmmlib.engine import as_data
from gmmlib.engine.blocks import block_rows
from gmmlib.steps import State


def assert_same(one, other, rtol=1e-9, atol=1e-9):
    """Two mixtures are equal, parameter by parameter."""
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol, atol, err_msg=name
        )


def m_step_about(X, resp, centres, covariance_type, floor=0.0):
    return m_step(weighted_sums(X, resp, centres, covariance_type), floor)


# One step


@pytest.mark.parametrize("covariance_type", TYPES)
def test_e_step_is_bayes_rule(covariance_type):
    mixture, X = some_mixture(covariance_type), clouds()
    joint = np.exp(mixture.log_joint(X))
    resp, log_likelihood = e_step(X, mixture)
    np.testing.assert_allclose(resp, joint / joint.sum(axis=1, keepdims=True), 1e-12)
    assert log_likelihood == pytest.approx(np.log(joint.sum(axis=1)).sum(), rel=1e-13)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_m_step_is_the_weighted_maximum_likelihood(covariance_type):
    X, rng = clouds(d=3, k=3), np.random.default_rng(0)
    resp = rng.dirichlet([1, 2, 3], size=len(X))
    mixture = m_step_about(X, resp, X[:3], covariance_type)
    matrices = np.array([np.cov(X.T, aweights=r, ddof=0) for r in resp.T])
    variances = np.diagonal(matrices, axis1=1, axis2=2)
    expected = {
        "full": matrices,
        "tied": np.average(matrices, axis=0, weights=resp.sum(axis=0)),
        "diag": variances,
        "spherical": variances.mean(axis=1),
    }[covariance_type]
    np.testing.assert_allclose(mixture.weights, resp.mean(axis=0), 1e-13)
    np.testing.assert_allclose(
        mixture.means, [np.average(X, axis=0, weights=r) for r in resp.T], 1e-12
    )
    np.testing.assert_allclose(mixture.covariances, expected, 1e-11)
    assert mixture.covariance_type == covariance_type


@pytest.mark.parametrize("covariance_type", TYPES)
def test_m_step_adds_the_floor_to_the_variances(covariance_type):
    X, floor = clouds(), np.array([0.5, 0.7])
    sums = weighted_sums(X, np.full((len(X), 2), 0.5), X[:2], covariance_type)
    added = m_step(sums, floor).full_covariances() - m_step(sums).full_covariances()
    expected = np.diag(floor) if covariance_type != "spherical" else 0.6 * np.eye(2)
    np.testing.assert_allclose(added, [expected] * 2, atol=1e-12)
    np.testing.assert_array_equal(
        m_step(sums, 0.5).covariances, m_step(sums, [0.5, 0.5]).covariances
    )


def test_sums_are_what_their_names_say():
    X, resp, centres = (
        clouds(9),
        np.random.default_rng(0).uniform(size=(9, 2)),
        np.eye(2),
    )
    expected = np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2, 2))
    for x, r in zip(X, resp):
        for j in range(2):
            expected[0][j] += r[j]
            expected[1][j] += r[j] * (x - centres[j])
            expected[2][j] += r[j] * np.outer(x - centres[j], x - centres[j])
    full = weighted_sums(X, resp, centres)
    assert full.covariance_type == Sums(*expected, centres).covariance_type == "full"
    for got, wanted in zip((full.total, full.first, full.scatter), expected):
        np.testing.assert_allclose(got, wanted, 1e-12)
    np.testing.assert_array_equal(full.centres, centres)
    np.testing.assert_allclose(
        weighted_sums(X, resp, centres, "tied").scatter, expected[2].sum(axis=0), 1e-12
    )
    for name in ("diag", "spherical"):
        np.testing.assert_allclose(
            weighted_sums(X, resp, centres, name).scatter,
            np.diagonal(expected[2], axis1=1, axis2=2),
            1e-12,
        )


@properties
@given(problems(), st.data())
def test_sums_of_blocks_add_up(problem, data):
    X, mixture = problem
    cut = data.draw(st.integers(1, len(X) - 1))
    resp, centres, name = (
        mixture.responsibilities(X),
        mixture.means,
        mixture.covariance_type,
    )
    whole = weighted_sums(X, resp, centres, name)
    parts = weighted_sums(X[:cut], resp[:cut], centres, name) + weighted_sums(
        X[cut:], resp[cut:], centres, name
    )
    for field in ("total", "first", "scatter", "centres"):
        np.testing.assert_allclose(
            getattr(parts, field), getattr(whole, field), 1e-11, 1e-11
        )
    assert parts.covariance_type == name


def test_sums_about_different_centres_do_not_add():
    X, resp = clouds(20), np.full((20, 2), 0.5)
    with pytest.raises(ValueError, match="centres"):
        weighted_sums(X, resp, np.zeros((2, 2))) + weighted_sums(
            X, resp, np.ones((2, 2))
        )


@properties
@given(problems(), st.integers(0, 10_000))
def test_m_step_does_not_depend_on_the_centres(problem, seed):
    X, mixture = problem
    resp, name = mixture.responsibilities(X), mixture.covariance_type
    near = mixture.means + np.random.default_rng(seed).normal(size=mixture.means.shape)
    assert_same(
        m_step_about(X, resp, near, name), m_step_about(X, resp, mixture.means, name)
    )


def test_a_component_without_points_stays_where_it_is():
    X, centres = clouds(), np.array([[0.0, 0.0], [50.0, 60.0]])
    resp = np.column_stack([np.ones(len(X)), np.zeros(len(X))])
    mixture = m_step_about(X, resp, centres, "diag", floor=0.1)
    np.testing.assert_array_equal(mixture.means[1], centres[1])
    np.testing.assert_array_equal(mixture.weights, [1.0, 0.0])
    np.testing.assert_array_equal(mixture.covariances[1], [0.1, 0.1])


@pytest.mark.parametrize("share", [1e-30, 1e-200])
def test_a_component_with_next_to_no_points_is_estimated_all_the_same(share):
    X = clouds()
    resp = np.column_stack([np.ones(len(X)), np.full(len(X), share)])
    mixture = m_step_about(X, resp, np.zeros((2, 2)), "full")
    np.testing.assert_allclose(mixture.means[1], X.mean(axis=0), 1e-12)
    np.testing.assert_allclose(mixture.covariances[1], np.cov(X.T, ddof=0), 1e-10)


# The loop


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("d, k", [(1, 2), (2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("n_steps", [1, 2, 20])
def test_parameters_are_scikit_learns_after_as_many_steps(
    covariance_type, d, k, n_steps
):
    X = clouds(400, d, k, seed=5)
    start = start_on(X, covariance_type, k)
    model = scikit_after(n_steps, X, start)
    state = after(n_steps, X, start)
    np.testing.assert_allclose(state.mixture.weights, model.weights_, rtol=1e-9)
    np.testing.assert_allclose(state.mixture.means, model.means_, 1e-9, 1e-9)
    np.testing.assert_allclose(
        state.mixture.covariances, model.covariances_, 1e-9, 1e-9
    )
    assert state.log_likelihood == pytest.approx(model.score(X) * len(X), rel=1e-11)


def test_a_numeric_floor_acts_as_scikit_learns():
    X = clouds(200)
    for name in TYPES:
        start = start_on(X, name)
        np.testing.assert_allclose(
            after(3, X, start, 0.3).mixture.covariances,
            scikit_after(3, X, start, 0.3).covariances_,
            1e-9,
        )


def test_the_default_floor_is_the_scaled_one():
    X = clouds(100) * [1.0, 1000.0]
    default = next(islice(em(X, start_on(X, "diag")), 1, None)).mixture.covariances
    plain = after(1, X, start_on(X, "diag")).mixture.covariances
    np.testing.assert_allclose(default - plain, [covariance_floor(X)] * 2, 1e-3)


def test_states_are_counted_from_the_start():
    X = clouds()
    start = start_on(X, "full")
    states = list(islice(em(X, start), 4))
    assert [state.iteration for state in states] == [0, 1, 2, 3]
    assert states[0].mixture is start


def test_results_are_compared_by_identity_and_cannot_be_changed():
    """Arrays have no single truth value: equality of results would be an error."""
    X = clouds(20)
    start = start_on(X, "full")
    state, cluster = next(em(X, start)), kmeans(X, 2, random_state=0)
    sums = weighted_sums(X, start.responsibilities(X), start.means)
    for result in (start, state, sums, cluster):
        assert result == result and result != dataclasses.replace(result)
        assert len({result, result}) == 1
        with pytest.raises(dataclasses.FrozenInstanceError):
            result.weights = None


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_states_log_likelihood_belongs_to_its_mixture(covariance_type):
    X = clouds()
    for state in islice(em(X, start_on(X, covariance_type)), 4):
        assert state.log_likelihood == pytest.approx(
            state.mixture.log_likelihood(X), rel=1e-13
        )


@properties
@given(problems())
def test_log_likelihood_never_falls(problem):
    values = [state.log_likelihood for state in islice(em(*problem, reg_covar=0.0), 15)]
    assert np.all(np.diff(values) > -1e-9)
    assert values[-1] > values[0] or len(problem[1].weights) == 1


@properties
@given(problems())
def test_every_state_is_a_mixture(problem):
    for state in islice(em(*problem), 8):
        mixture = state.mixture
        assert mixture.weights.min() >= 0
        assert mixture.weights.sum() == pytest.approx(1, rel=1e-13)
        for matrix in mixture.full_covariances():
            np.testing.assert_array_equal(matrix, matrix.T)
            assert np.linalg.eigvalsh(matrix)[0] > 0


@pytest.mark.parametrize("covariance_type", TYPES)
def test_at_the_top_no_small_change_is_better(covariance_type):
    X = clouds(300, k=2, seed=3)
    state = climb(X, start_on(X, covariance_type))
    top, best = state.mixture, state.log_likelihood
    for eps in (-1e-3, 1e-3):
        for j in range(2):
            weights, means, covariances = (
                np.array(a) for a in (top.weights, top.means, top.covariances)
            )
            weights += np.array([eps, -eps])
            assert (
                Mixture(
                    weights, top.means, top.covariances, covariance_type
                ).log_likelihood(X)
                < best
            )
            means[j] += eps
            assert (
                Mixture(
                    top.weights, means, top.covariances, covariance_type
                ).log_likelihood(X)
                < best
            )
            covariances[j if covariance_type != "tied" else slice(None)] *= 1 + eps
            assert (
                Mixture(
                    top.weights, top.means, covariances, covariance_type
                ).log_likelihood(X)
                < best
            )


# What must not matter


@properties
@given(problems(), st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(problem, seed):
    X, start = problem
    shuffled = np.random.default_rng(seed).permutation(X)
    assert_same(
        after(5, shuffled, start).mixture, after(5, X, start).mixture, 1e-8, 1e-8
    )


def test_the_order_of_components_does_not_matter():
    X = clouds(k=3)
    start = start_on(X, "full", 3)
    reference = after(5, X, start)
    for order in map(list, permutations(range(3))):
        renamed = Mixture(
            start.weights[order], start.means[order], start.covariances[order]
        )
        state = after(5, X, renamed)
        np.testing.assert_allclose(
            state.mixture.means, reference.mixture.means[order], 1e-9
        )
        assert state.log_likelihood == pytest.approx(
            reference.log_likelihood, rel=1e-12
        )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_offset_changes_nothing_but_the_means(covariance_type):
    offset = 1e8
    X = (
        np.round(clouds(150, k=2) * 2**20) / 2**20
    )  # survives adding the offset without rounding
    X = (X + offset) - offset
    start = start_on(X, covariance_type)
    moved = Mixture(
        start.weights, start.means + offset, start.covariances, covariance_type
    )
    here, there = after(10, X, start, "scale"), after(10, X + offset, moved, "scale")
    np.testing.assert_allclose(there.mixture.weights, here.mixture.weights, 1e-6)
    np.testing.assert_allclose(
        there.mixture.means - offset, here.mixture.means, atol=1e-6
    )
    np.testing.assert_allclose(
        there.mixture.covariances, here.mixture.covariances, 1e-6, 1e-6
    )
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-8)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("scale", [2.0**-20, 3.0, 1e6])
def test_rescaled_data_give_the_rescaled_answer(covariance_type, scale):
    X = clouds(150)
    start = start_on(X, covariance_type)
    larger = Mixture(
        start.weights,
        start.means * scale,
        start.covariances * scale**2,
        covariance_type,
    )
    here, there = after(10, X, start, "scale"), after(10, X * scale, larger, "scale")
    np.testing.assert_allclose(there.mixture.weights, here.mixture.weights, 1e-9)
    np.testing.assert_allclose(there.mixture.means / scale, here.mixture.means, 1e-9)
    np.testing.assert_allclose(
        there.mixture.covariances / scale**2, here.mixture.covariances, 1e-9, 1e-12
    )
    shift = X.size * np.log(scale)
    assert there.log_likelihood == pytest.approx(here.log_likelihood - shift, rel=1e-11)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "spherical"])
def test_rotated_data_give_the_rotated_answer(covariance_type):
    X, (c, s) = clouds(150), (np.cos(0.7), np.sin(0.7))
    turn, start = np.array([[c, -s], [s, c]]), start_on(clouds(150), covariance_type)
    matrices = covariance_type != "spherical"
    covariances = turn @ start.covariances @ turn.T if matrices else start.covariances
    turned = Mixture(start.weights, start.means @ turn.T, covariances, covariance_type)
    here, there = after(10, X, start), after(10, X @ turn.T, turned)
    np.testing.assert_allclose(there.mixture.means, here.mixture.means @ turn.T, 1e-9)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-12)


@properties
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_in_one_dimension_full_diag_and_spherical_agree(seed, k):
    X = clouds(60, d=1, k=k, seed=seed)
    full, diag, spherical = (
        after(6, X, start_on(X, name, k)).mixture
        for name in ("full", "diag", "spherical")
    )
    np.testing.assert_allclose(full.covariances[:, 0, 0], spherical.covariances, 1e-9)
    np.testing.assert_allclose(diag.covariances[:, 0], spherical.covariances, 1e-9)
    for other in (full, diag):
        np.testing.assert_allclose(other.means, spherical.means, 1e-9, 1e-9)
        np.testing.assert_allclose(other.weights, spherical.weights, 1e-9)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("distance", [1e4, -1e6, 1e8, -1e8])
@pytest.mark.parametrize("unit", [1.0, 2.0**-40])
def test_a_start_far_from_the_data_costs_no_digits(covariance_type, distance, unit):
    """The squared shift cancels in the covariance, unless the sums are taken again."""
    far = (distance * unit) ** 2
    for seed in range(4):
        X = np.round(clouds(100, d=2, k=1, seed=seed) * 2**20) / 2**20
        X = (X + distance) - distance
        wide = Mixture(
            [1.0],
            [[0.0, 0.0]],
            {
                "full": far * np.eye(2)[None],
                "tied": far * np.eye(2),
                "diag": [[far] * 2],
                "spherical": [far],
            }[covariance_type],
            covariance_type,
        )
        mixture = after(1, (X + distance) * unit, wide).mixture
        matrix = np.cov(X.T, ddof=0)
        expected = {
            "full": matrix,
            "tied": matrix,
            "diag": np.diag(np.diag(matrix)),
            "spherical": np.trace(matrix) / 2 * np.eye(2),
        }[covariance_type]
        np.testing.assert_allclose(
            mixture.full_covariances()[0] / unit**2, expected, 1e-7, 1e-9
        )


def test_one_far_feature_is_enough_to_sum_again():
    X = np.round(clouds(100, k=1) * 2**20) / 2**20
    far = X + [0.0, 1e6]
    wide = Mixture([1.0], [[0.0, 0.0]], [[1.0, 1e12]], "diag")
    np.testing.assert_allclose(
        after(1, far, wide).mixture.covariances, [X.var(axis=0)], 1e-9
    )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_sums_that_are_taken_again_get_the_floor_too(covariance_type):
    X = clouds(100, d=2, k=1)
    far = start_on(X + 1e6, covariance_type, 1)
    far = Mixture([1.0], [[0.0, 0.0]], 1e12 * far.covariances, covariance_type)
    plain = after(1, X + 1e6, far).mixture.full_covariances()
    floored = after(1, X + 1e6, far, reg_covar=3.0).mixture.full_covariances()
    np.testing.assert_allclose(floored - plain, [3.0 * np.eye(2)], 1e-6, 1e-6)


def test_an_unknown_acceleration_is_named():
    start = start_on(clouds(), "full")
    with pytest.raises(ValueError, match="accelerate: expected one of None, 'squarem'"):
        next(em(clouds(), start, accelerate="fast"))


# Blocks


def test_a_block_fills_two_megabytes_or_up_to_eight_for_enough_rows():
    assert block_rows(n_numbers=8, itemsize=8) == 2**15
    assert block_rows(n_numbers=8, itemsize=4) == 2**16
    assert block_rows(n_numbers=256, itemsize=8) == 2048  # 4 MB
    assert block_rows(n_numbers=2**11, itemsize=8) == 512  # 8 MB
    assert block_rows(n_numbers=2**30, itemsize=8) == 1


@pytest.mark.parametrize("d", [2, 9])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [1, 7, 100, 119, 120, 121])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_blocks_of_any_size_give_the_same_sums(
    covariance_type, rows, weighted, d, monkeypatch
):
    X = clouds(120, d)
    mixture = start_on(X, covariance_type)
    sample_weight = np.arange(120.0) % 5 if weighted else None
    monkeypatch.setattr("gmmlib.engine.data.block_rows", lambda *_: rows)
    for centres in (None, mixture.means):
        data = as_data(X, sample_weight)
        sums, log_likelihood = data.sums(mixture, centres)
        resp, whole = e_step(X, mixture)
        if weighted:
            whole = sample_weight @ mixture.log_density(X)
            resp = resp * sample_weight[:, None]
        assert log_likelihood == pytest.approx(whole, rel=1e-12)
        expected = m_step_about(X, resp, mixture.means, covariance_type)
        assert_same(m_step(sums), expected, 1e-10, 1e-10)


# How much is left to gain


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_remaining_gain_of_a_geometric_climb_is_exact(share):
    values = [-100 - 7 * share**t for t in range(5)]
    assert remaining_gain(values) == pytest.approx(7 * share**4, rel=1e-8)


def test_nothing_is_known_of_the_remaining_gain_too_soon():
    assert (
        remaining_gain([])
        == remaining_gain([-3.0])
        == remaining_gain([-3.0, -2.0])
        == np.inf
    )


def test_while_gains_grow_the_remaining_gain_is_unbounded():
    assert remaining_gain([-10.0, -9.0, -7.0]) == np.inf
    assert remaining_gain([-10.0, -9.0, -8.0]) == np.inf  # a straight line never ends
    assert remaining_gain([-10.0, -11.0, -8.0]) == np.inf
    assert remaining_gain([-10.0, -10.5, -10.25]) == np.inf


def test_gains_lost_in_rounding_leave_nothing():
    assert remaining_gain([-10.0, -9.0, -9.0]) == 0
    assert remaining_gain([-10.0, -9.0, -9.5]) == 0
    assert remaining_gain([-2e6, -1e6, -1e6 + 5e-9]) == 0
    assert remaining_gain([-2e6, -1e6, -1e6 + 5e-8]) > 0


def test_remaining_gain_looks_at_the_last_three_values():
    tail = [-110.0, -102.0, -100.4]
    assert remaining_gain([-500.0, -499.0, *tail]) == remaining_gain(tail)
    assert remaining_gain(tail) == pytest.approx(0.4)


# When it ends


def climbing(*values, skip=1):
    """States of these log-likelihoods."""
    return (State(skip * i, None, value) for i, value in enumerate(values))


@pytest.mark.parametrize("tol, end", [(1.0, 6), (0.99, 7), (0.5, 7), (0.0, 9)])
def test_a_climb_ends_where_no_more_than_the_tolerance_is_to_come(tol, end):
    """Each gain is half the one before: as much as all that follow."""
    values = [-(64 * 0.5**t) for t in range(9)] + [-0.25] * 2
    states = climbing(*values)
    seen = list(until_converged(states, tol, max_iter=50))
    assert [state.iteration for state, *_ in seen] == list(range(end + 1))
    assert [converged for *_, converged in seen] == [False] * end + [True]
    gains = [gain for _, gain, _ in seen[:9]]
    assert gains == [np.inf, np.inf, *(64 * 0.5**t for t in range(2, 9))][: len(gains)]
    assert (
        next(states, None) is None if end == 10 else next(states).iteration == end + 1
    )


def test_the_last_gain_has_to_be_within_the_tolerance_too():
    """Each gain is a quarter of the one before, and three times what is to come."""
    values = [-(4.0 ** (5 - t)) for t in range(9)]
    *_, (state, to_gain, converged) = until_converged(climbing(*values), 1.0, 50)
    assert (state.iteration, to_gain, converged) == (6, 0.25, True)


@pytest.mark.parametrize("max_iter", [0, 1, 5])
def test_a_climb_ends_when_its_iterations_have_run_out(max_iter):
    values = [-(2.0**-t) for t in range(20)]
    seen = list(until_converged(climbing(*values), 0.0, max_iter))
    assert len(seen) == max_iter + 1 and not any(converged for *_, converged in seen)
    (state, *_) = list(until_converged(climbing(*values, skip=2), 0.0, max_iter))[-1]
    assert state.iteration == 2 * -(-max_iter // 2)  # passes count, seen or not


def test_an_accelerated_climb_ends_when_four_passes_have_gained_next_to_nothing():
    values = [-9.0, -5.0, -4.0, -3.5, -3.25, -3.125, -3.0]
    seen = list(until_converged(climbing(*values), 1.0, 50, accelerate="squarem"))
    assert [gain for _, gain, _ in seen] == [*[np.inf] * 4, 5.75, 1.875, 1.0]
    assert [converged for *_, converged in seen] == [False] * 6 + [True]


def test_the_loop_takes_any_two_steps():
    states = alternate(
        lambda mixture: (mixture + 1, -mixture), lambda sums: 2 * sums, 0
    )
    seen = [(s.iteration, s.mixture, s.log_likelihood) for s in islice(states, 4)]
    assert seen == [(0, 0, 0), (1, 2, -2), (2, 6, -6), (3, 14, -14)]
