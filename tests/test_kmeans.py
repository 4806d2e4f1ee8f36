"""Lloyd's algorithm, against scikit-learn's."""

import numpy as np
import pytest
from cases import clouds, properties
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances

from gmmlib import kmeans, lloyd
from gmmlib.kmeans import assign, kmeans_plus_plus, squared_distances, update


def last(states):
    *_, state = states
    return state


@pytest.mark.parametrize("n, d, k", [(60, 1, 2), (150, 2, 3), (200, 5, 4), (90, 3, 1)])
@pytest.mark.parametrize("seed", range(4))
def test_labels_centres_and_inertia_are_scikit_learns(n, d, k, seed):
    X = clouds(n, d, max(k, 2), seed)
    centres = X[np.random.default_rng(seed).choice(n, k, replace=False)]
    model = KMeans(
        k, init=centres, n_init=1, tol=0, max_iter=1000, algorithm="lloyd"
    ).fit(X)
    state = last(lloyd(X, centres))
    np.testing.assert_array_equal(state.labels, model.labels_)
    np.testing.assert_allclose(state.centres, model.cluster_centers_, 1e-10, 1e-12)
    assert state.inertia == pytest.approx(model.inertia_, rel=1e-12)


def test_squared_distances_are_scikit_learns():
    X, centres = clouds(20, d=3), clouds(4, d=3, seed=1)
    np.testing.assert_allclose(
        squared_distances(X, centres),
        pairwise_distances(X, centres, metric="sqeuclidean"),
        1e-9,
    )


def test_squared_distances_keep_their_digits_far_from_zero():
    X = np.array([[1e8, 1e8], [1e8 + 1, 1e8 - 2]])
    np.testing.assert_array_equal(squared_distances(X, X[:1]), [[0.0], [5.0]])


def test_a_tie_goes_to_the_first_centre():
    labels, inertia = assign(np.array([[0.0]]), np.array([[1.0], [-1.0]]))
    assert labels.tolist() == [0] and inertia == 1


def test_an_empty_clusters_centre_stays():
    X, centres = np.array([[0.0], [2.0]]), np.array([[1.0], [50.0]])
    np.testing.assert_array_equal(update(X, np.array([0, 0]), centres), [[1.0], [50.0]])
    np.testing.assert_array_equal(centres, [[1.0], [50.0]])
    assert last(lloyd(X, centres)).centres[1, 0] == 50


def test_centres_given_as_integers_move_to_means():
    X, centres = np.array([[0.0], [1.0], [9.0]]), np.array([[0], [9]])
    np.testing.assert_array_equal(update(X, np.array([0, 0, 1]), centres), [[0.5], [9]])
    assert last(lloyd(X, centres)).centres.tolist() == [[0.5], [9]]


def test_centres_have_the_columns_of_the_points():
    with pytest.raises(ValueError, match="^centres: expected 2 columns, got 3"):
        next(lloyd(clouds(), np.zeros((2, 3))))


def test_states_are_counted_from_the_start_and_belong_together():
    X = clouds(100, k=3)
    states = list(lloyd(X, X[:3]))
    assert [state.iteration for state in states] == list(range(len(states)))
    np.testing.assert_array_equal(states[0].centres, X[:3])
    for state in states:
        labels, inertia = assign(X, state.centres)
        np.testing.assert_array_equal(state.labels, labels)
        assert state.inertia == inertia


@properties
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_inertia_never_rises_and_the_end_is_a_fixed_point(seed, k):
    X = clouds(50, k=2, seed=seed)
    states = list(lloyd(X, X[:k]))
    assert np.all(np.diff([state.inertia for state in states]) <= 1e-12)
    end = states[-1]
    np.testing.assert_allclose(
        update(X, end.labels, end.centres), end.centres, 1e-13, 1e-13
    )
    np.testing.assert_array_equal(end.labels, states[-2].labels)
    assert all(
        not np.array_equal(a.labels, b.labels)
        for a, b in zip(states[:-2], states[1:-1])
    )


def test_kmeans_keeps_the_run_with_the_lowest_inertia():
    X, k, seed = clouds(80, k=3, seed=2), 7, 5
    rng = np.random.RandomState(seed)
    inertias = [last(lloyd(X, kmeans_plus_plus(X, k, rng))).inertia for _ in range(8)]
    assert min(inertias) not in (inertias[0], inertias[-1])
    assert kmeans(X, k, n_init=8, random_state=seed).inertia == min(inertias)
    assert kmeans(X, k, random_state=seed).inertia == inertias[0]


def test_of_runs_that_end_alike_the_first_is_kept():
    """All end with the same clusters, but not all in the same order."""
    X, ends = np.array([[0.0], [1.0], [8.0], [9.0]]), set()
    for seed in range(10):
        first = kmeans(X, 2, n_init=1, random_state=seed)
        best = kmeans(X, 2, n_init=5, random_state=seed)
        assert first.inertia == best.inertia == 1
        np.testing.assert_array_equal(best.centres, first.centres)
        ends.add(best.centres[0, 0])
    assert ends == {0.5, 8.5}


def test_centres_are_drawn_by_squared_distance():
    """From 0, 1, 3 the pair {0, 1} has probability (1/10 + 1/5)/3, and so on."""
    X, rng, n = np.array([[0.0], [1.0], [3.0]]), np.random.RandomState(0), 6000
    pairs = [tuple(sorted(kmeans_plus_plus(X, 2, rng)[:, 0])) for _ in range(n)]
    for pair, share in [
        ((0, 1), (1 / 10 + 1 / 5) / 3),
        ((0, 3), (9 / 10 + 9 / 13) / 3),
        ((1, 3), (4 / 5 + 4 / 13) / 3),
    ]:
        error = 5 * np.sqrt(share * (1 - share) / n)
        assert pairs.count(pair) / n == pytest.approx(share, abs=error)


def test_the_nearest_of_all_centres_counts():
    """Each point once: a centre has distance 0 and is not drawn again."""
    X = np.arange(6.0)[:, None]
    for seed in range(20):
        centres = kmeans_plus_plus(X, 6, seed)
        np.testing.assert_array_equal(np.sort(centres, axis=0), X)


def test_the_first_centre_is_any_point():
    X = np.arange(5.0)[:, None]
    firsts = {kmeans_plus_plus(X, 1, seed)[0, 0] for seed in range(60)}
    assert firsts == set(range(5))


def test_fewer_distinct_points_than_centres_will_do():
    X = np.array([[2.0], [2.0], [5.0]])
    centres = kmeans_plus_plus(X, 3, random_state=0)
    assert centres.shape == (3, 1) and set(centres[:, 0]) == {2, 5}
    with pytest.warns(UserWarning, match="expected 3 different points, got 2; lower n"):
        assert kmeans(X, 3, random_state=0).inertia == 0


def test_the_seed_decides():
    X = clouds(60)
    first, again = (kmeans(X, 5, random_state=3).centres for _ in range(2))
    np.testing.assert_array_equal(first, again)
    starts = {kmeans_plus_plus(X, 5, seed).tobytes() for seed in range(10)}
    assert len(starts) == 10


@pytest.mark.parametrize("seed", range(5))
def test_a_weight_of_two_is_the_point_twice(seed):
    X = clouds(60, seed=seed)
    weight = np.random.default_rng(seed).integers(0, 4, size=60)
    weighted = kmeans(X, 4, 2, seed, sample_weight=weight)
    repeated = kmeans(np.repeat(X, weight, axis=0), 4, 2, seed)
    np.testing.assert_allclose(weighted.centres, repeated.centres, 1e-12)
    assert weighted.inertia == pytest.approx(repeated.inertia, rel=1e-12)
    np.testing.assert_array_equal(np.repeat(weighted.labels, weight), repeated.labels)


def test_weighted_kmeans_is_scikit_learns():
    X, weight = clouds(80), np.random.default_rng(0).uniform(size=80)
    model = KMeans(3, init=X[:3], n_init=1, tol=0, algorithm="lloyd")
    model.fit(X, sample_weight=weight)
    state = last(lloyd(X, X[:3], weight))
    np.testing.assert_allclose(state.centres, model.cluster_centers_, 1e-10)
    assert state.inertia == pytest.approx(model.inertia_, rel=1e-12)


def test_a_point_of_weight_zero_is_never_drawn_and_pulls_no_centre():
    X, weight = np.array([[0.0], [1.0], [50.0]]), np.array([2.0, 1.0, 0.0])
    for seed in range(30):
        assert 50 not in kmeans_plus_plus(X, 3, seed, weight)
    assert kmeans(X, 1, random_state=0, sample_weight=weight).centres == 1 / 3
    with pytest.raises(ValueError, match="n_clusters"):
        kmeans(X, 3, random_state=0, sample_weight=weight)
    empty = update(X, np.array([0, 0, 1]), np.array([[5.0], [7.0]]), weight)
    np.testing.assert_allclose(empty, [[1 / 3], [7.0]])
