"""Several mixtures in one pass, and which of them is ahead."""

from itertools import islice

import numpy as np
import pytest
from cases import TYPES, clouds, covariance_floor, start_on

from gmmlib import Mixture, em
from gmmlib.engine import SideBySide, as_data
from gmmlib.engine.digits import cancellation
from gmmlib.initialisation import mixture_from_responsibilities, one_hot
from gmmlib.race import end_of, last_state, race, run_side_by_side

X = clouds(90, d=2, k=3, seed=4)
WEIGHT = np.random.default_rng(0).integers(0, 4, size=len(X)).astype(float)
FLOOR = covariance_floor(X)


def candidates(covariance_type, points=X, n=4, k=3):
    rng = np.random.default_rng(1)
    shares = [rng.dirichlet(np.ones(k), size=len(points)) for _ in range(n)]
    return [
        mixture_from_responsibilities(points, resp, covariance_type, 1e-6)
        for resp in shares
    ]


def side_by_side(mixtures):
    """As the M-step makes them: tied covariances are written as full ones."""
    is_tied = mixtures[0].covariance_type == "tied"
    each = [
        Mixture(m.weights, m.means, m.full_covariances()) if is_tied else m
        for m in mixtures
    ]
    return SideBySide.joined([SideBySide.of(m, 1, is_tied) for m in each])


def ends(data, mixtures, floor, n_iterations):
    together, log_likelihoods = run_side_by_side(
        data, side_by_side(mixtures), floor, n_iterations
    )
    return list(zip(together.apart(), log_likelihoods, strict=True))


def assert_same(found, expected, tolerance=1e-9):
    assert found.covariance_type == expected.covariance_type
    for name in ("weights", "means", "covariances"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, tolerance, tolerance)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_mixtures_side_by_side_can_be_told_apart(covariance_type):
    mixtures = candidates(covariance_type)
    together = side_by_side(mixtures)
    assert together.weights.sum() == pytest.approx(1, rel=1e-14)
    for found, expected in zip(together.apart(), mixtures, strict=True):
        assert_same(found, expected, 1e-15)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_side_by_side_each_goes_where_it_goes_alone(
    covariance_type, weight, monkeypatch
):
    monkeypatch.setattr("gmmlib.race.ENOUGH", -np.inf)
    data, mixtures = as_data(X, weight), candidates(covariance_type)
    found = ends(data, mixtures, FLOOR, 7)
    for (end, log_likelihood), mixture in zip(found, mixtures, strict=True):
        *_, expected = islice(em(data, mixture, FLOOR), 8)
        assert log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-10)
        assert_same(end, expected.mixture)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_so_it_does_where_digits_are_few_or_features_many(covariance_type, monkeypatch):
    monkeypatch.setattr("gmmlib.race.ENOUGH", -np.inf)
    far = np.vstack([X, X[:5] * 1e-4 + 3e3])  # squares about the middle would cancel
    wide = clouds(60, d=40, k=2, seed=1)
    for points in (far, wide):
        data, mixtures = as_data(points), candidates(covariance_type, points, k=2)
        labels = (points[:, 0] > 1e3).astype(int)
        if labels.any():
            mixtures[1] = mixture_from_responsibilities(
                points, one_hot(labels, 2), covariance_type, 1e-6
            )
        floor = covariance_floor(points)
        found = ends(data, mixtures, floor, 3)
        for (end, _), mixture in zip(found, mixtures, strict=True):
            *_, expected = islice(em(data, mixture, floor), 4)
            assert_same(end, expected.mixture, 1e-7)


def test_needles_do_not_slow_a_race_down(monkeypatch):
    """Ten points on one spot: their variance is the floor, 1e-6, about the middle 1."""
    monkeypatch.setattr("gmmlib.race.ENOUGH", -np.inf)
    points = np.vstack([X, [X[0]] * 10])
    labels = (points == X[0]).all(axis=1).astype(int)
    needle = mixture_from_responsibilities(points, one_hot(labels, 2), "full", FLOOR)
    data, both = as_data(points), [needle, start_on(points, "full", 2)]
    assert 1e5 < cancellation(needle, data.centre) < 1e9
    *_, expected = islice(em(data, needle, FLOOR), 4)

    def slow(*args):
        raise AssertionError("one component after the other")

    monkeypatch.setattr("gmmlib.engine.data.block_sums", slow)
    (found, log_likelihood), _ = ends(data, both, FLOOR, 3)
    assert log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-6)
    assert_same(found, expected.mixture, 1e-7)
    with pytest.raises(AssertionError, match="one component after the other"):
        next(em(data, needle, FLOOR))


def test_a_needle_far_away_is_looked_at_with_all_digits(monkeypatch):
    """Rounding would cost a log-density there a hundredth, about one centre for all."""
    monkeypatch.setattr("gmmlib.race.ENOUGH", -np.inf)
    points = np.vstack([X, [X[0] + 1e4] * 10])
    labels = (points[:, 0] > 5e3).astype(int)
    needle = mixture_from_responsibilities(points, one_hot(labels, 2), "full", FLOOR)
    data, both = as_data(points), [needle, start_on(points, "full", 2)]
    assert cancellation(needle, data.centre) > 1e13
    *_, expected = islice(em(data, needle, FLOOR), 4)
    (found, log_likelihood), _ = ends(data, both, FLOOR, 3)
    assert log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-6)
    np.testing.assert_allclose(found.covariances, expected.mixture.covariances, 1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_where_matrices_are_large_few_share_a_pass(covariance_type, monkeypatch):
    data, together = as_data(X), side_by_side(candidates(covariance_type, n=5))
    rounds = [(5, 4), (3, 6), (1, 2)]
    expected = race(data, together, FLOOR, rounds)
    sizes = []

    def spied(data, some, *args):
        sizes.append(some.n_mixtures)
        return run_side_by_side(data, some, *args)

    monkeypatch.setattr("gmmlib.race.run_side_by_side", spied)
    monkeypatch.setattr(
        "gmmlib.engine.together.MOST_NUMBERS", 2 * together.covariances.size // 5
    )
    found = race(data, together, FLOOR, rounds)
    assert sizes == [2, 2, 1, 2, 1, 1]
    assert_same(found, expected, 1e-3)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_where_matrices_are_large_few_share_an_m_step(covariance_type, monkeypatch):
    data, rng = as_data(X, WEIGHT), np.random.default_rng(2)
    partitions = [np.eye(3, dtype=bool)[rng.integers(3, size=len(X))].T for _ in "abc"]
    partitions.append(partitions[0][[2, 0, 1]])  # the same one, in another order
    args = data, partitions, covariance_type, FLOOR
    expected = SideBySide.of_partitions(*args).apart()
    assert len(expected) == 3
    for mixture, partition in zip(expected, partitions):
        order = np.argsort(partition.argmax(axis=1))
        alone = mixture_from_responsibilities(
            X, partition[order].T, covariance_type, FLOOR, WEIGHT
        )
        assert_same(mixture, alone)
    monkeypatch.setattr("gmmlib.engine.together.MOST_NUMBERS", 1)
    for found, mixture in zip(
        SideBySide.of_partitions(*args).apart(), expected, strict=True
    ):
        assert_same(found, mixture, 1e-14)


def test_the_best_go_on_and_the_best_of_them_wins():
    data = as_data(X)
    mixtures = [*candidates("full", n=3), start_on(X, "full", 3)]
    tops = [list(islice(em(data, m, FLOOR), 200))[-1].log_likelihood for m in mixtures]
    assert max(tops) > min(tops) + 1
    together = side_by_side(mixtures)
    winner = race(data, together, FLOOR, [(4, 60), (2, 140)])
    assert winner.log_likelihood(X) == pytest.approx(max(tops), abs=0.05)
    # Only the first so many of those that are given take part.
    only = race(data, together, FLOOR, [(1, 0)])
    assert_same(only, mixtures[0], 1e-12)


def test_a_collapsed_mixture_comes_after_a_sound_one():
    labels = np.zeros(len(X), dtype=int)
    labels[0] = 1  # a component of one point
    fallen = mixture_from_responsibilities(X, one_hot(labels, 2), "full", FLOOR)
    labels[1:45] = 1
    sound = mixture_from_responsibilities(X, one_hot(labels, 2), "full", FLOOR)
    data = as_data(X)
    assert fallen.log_likelihood(X) > sound.log_likelihood(X)
    assert_same(
        race(data, side_by_side([fallen, sound]), FLOOR, [(2, 0)]), sound, 1e-12
    )


def test_a_constant_feature_is_no_collapse():
    """All components are thin in it: the better one wins all the same."""
    points = np.column_stack([X, np.full(len(X), 7.0)])
    floor = covariance_floor(points)
    mixtures = candidates("diag", points, n=3)
    winner = race(as_data(points), side_by_side(mixtures), floor, [(3, 0)])
    assert_same(winner, max(mixtures, key=lambda m: m.log_likelihood(points)), 1e-12)


class Told:
    """A state of which only the log-likelihoods matter."""

    def __init__(self, iteration, *log_likelihoods):
        self.iteration, self.log_likelihood = iteration, list(log_likelihoods)


def test_a_round_ends_where_nobody_can_overtake_the_first():
    climbs = [Told(i, -(0.5**i), -5.0 + 0.1 * (1 - 0.5**i)) for i in range(99)]
    assert last_state(climbs, 99, enough=1e-3).iteration == 10  # 2⁻¹⁰ is left
    assert last_state(climbs, 4, enough=1e-3).iteration == 4
    overtakes = [Told(i, 0.0, -5.0 + 0.9 * i) for i in range(6)]  # no end in sight
    assert last_state(overtakes, 5, enough=1e-3).iteration == 5


def test_an_end_is_extrapolated_unless_it_creeps():
    assert end_of([-1.0], 0.1) == np.inf
    assert end_of([-4.0, -2.0, -1.0], 0.1) == pytest.approx(0.0)
    assert end_of([-1.5, -1.25, -1.0], 5.0) == -1.0
    assert end_of([-1.5, -1.25, -1.0], 4.99) == np.inf
