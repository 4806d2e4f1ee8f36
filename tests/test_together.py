"""Lloyd's algorithm from several sets of centres in the same passes."""

import numpy as np
import pytest
from cases import clouds

from gmmlib.engine import as_data, draw_side_by_side, lloyd_side_by_side
from gmmlib.kmeans import assign, kmeans_plus_plus, lloyd

X = clouds(90, d=2, k=3, seed=4)
X = X - X.mean(axis=0)
WEIGHT = np.random.default_rng(0).integers(0, 4, size=len(X)).astype(float)


@pytest.mark.parametrize("generator", [np.random.RandomState, np.random.default_rng])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
@pytest.mark.parametrize("k", [1, 2, 7])
def test_sets_are_drawn_as_one_after_the_other(k, weight, generator):
    data, rng = as_data(X, weight), generator(3)
    expected = [kmeans_plus_plus(data, k, rng) for _ in range(9)]
    used = generator(3)
    np.testing.assert_array_equal(draw_side_by_side(data, 9, k, used), expected)
    assert used.uniform() == rng.uniform()


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.0, 1.0]])
def test_where_no_other_point_is_left_any_that_counts_will_do(weight):
    data = as_data([[1.0], [1.0], [9.0], [5.0]], weight)
    sets = draw_side_by_side(data, 50, 4, np.random.RandomState(0))[:, :, 0]
    expected = {1.0, 5.0} | ({9.0} if weight is None else set())
    assert all(set(of_one) == expected for of_one in sets)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
@pytest.mark.parametrize("k", [1, 2, 7])
def test_each_set_of_centres_ends_where_it_ends_alone(k, weight):
    data = as_data(X, weight)
    centres = [kmeans_plus_plus(data, k, seed) for seed in range(9)]
    ends = lloyd_side_by_side(data, centres)
    assert ends.shape == (9, k, len(X))
    for clusters, start in zip(ends, centres):
        *_, expected = lloyd(data, start)
        np.testing.assert_array_equal(
            clusters, expected.labels == np.arange(k)[:, None]
        )


def test_one_iteration_finds_the_nearest_of_the_centres_as_they_are():
    centres = [X[:4], X[50:54]]
    found = lloyd_side_by_side(as_data(X), centres, most_iterations=1)
    for clusters, start in zip(found, centres):
        np.testing.assert_array_equal(clusters.argmax(axis=0), assign(X, start)[0])
        assert np.all(clusters.sum(axis=0) == 1)


def test_centres_are_left_as_they_are_and_that_of_an_empty_cluster_stays():
    centres = np.array([[[0.0, 0.0], [1e3, 1e3]]])
    before = centres.copy()
    (clusters,) = lloyd_side_by_side(as_data(X), centres)
    assert clusters[0].all() and not clusters[1].any()
    np.testing.assert_array_equal(centres, before)


def test_a_point_between_two_centres_belongs_to_both():
    data = as_data([[-1.0], [0.0], [1.0]])
    (clusters,) = lloyd_side_by_side(data, [[[-1.0], [1.0]]])
    np.testing.assert_array_equal(clusters, [[1, 1, 0], [0, 1, 1]])
