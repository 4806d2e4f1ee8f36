"""Clusters against known classes: all permutations, and scikit-learn's tables."""

from itertools import permutations

import numpy as np
import pytest
from cases import properties
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, confusion_matrix
from sklearn.metrics.cluster import contingency_matrix

from gmmlib.agreement import contingency, match_labels, matched_accuracy

labellings = st.integers(1, 25).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n)] * 2)
)


def best_of_all_permutations(classes, labels):
    """The largest share of points that agree under any renaming of the clusters."""
    names = max(max(classes), max(labels)) + 1
    return max(
        np.mean([renaming[z] == y for y, z in zip(classes, labels)])
        for renaming in permutations(range(names))
    )


@properties
@given(labellings)
def test_accuracy_is_the_best_over_all_permutations(pair):
    assert matched_accuracy(*pair) == pytest.approx(
        best_of_all_permutations(*pair), abs=1e-15
    )


@properties
@given(labellings)
def test_matching_renames_clusters_and_nothing_else(pair):
    classes, labels = pair
    matched = match_labels(classes, labels)
    assert adjusted_rand_score(labels, matched) == 1
    assert np.mean(matched == np.array(classes)) == matched_accuracy(classes, labels)


@properties
@given(labellings, st.permutations(range(4)))
def test_the_clusters_names_do_not_matter(pair, names):
    classes, labels = pair
    assert matched_accuracy(classes, [names[z] for z in labels]) == pytest.approx(
        matched_accuracy(classes, labels), abs=1e-15
    )


@properties
@given(labellings)
def test_contingency_is_scikit_learns(pair):
    table = contingency(*pair)
    assert table.shape == (max(pair[0]) + 1, max(pair[1]) + 1)
    assert table.sum() == len(pair[0])
    np.testing.assert_array_equal(
        table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0],
        contingency_matrix(*pair),
    )


def test_after_matching_the_contingency_is_the_confusion_matrix():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, size=60)
    labels = np.where(
        rng.uniform(size=60) < 0.8, (classes + 1) % 3, rng.integers(0, 3, size=60)
    )
    matched = match_labels(classes, labels)
    np.testing.assert_array_equal(
        contingency(classes, matched), confusion_matrix(classes, matched)
    )
    assert np.trace(contingency(classes, matched)) == pytest.approx(
        60 * matched_accuracy(classes, labels)
    )


def test_clusters_left_over_get_numbers_after_the_last_class():
    assert match_labels([0, 0, 0, 1, 1], [3, 3, 2, 0, 1]).tolist() in (
        [0, 0, 3, 1, 2],
        [0, 0, 3, 2, 1],
    )
    assert match_labels([0, 0, 0], [0, 1, 2]).max() == 2


def test_classes_left_over_are_errors():
    assert matched_accuracy([0, 1, 2, 2], [0, 0, 0, 0]) == 0.5
    assert matched_accuracy([0, 1], [1, 0]) == 1.0
    assert isinstance(matched_accuracy([0, 1], [1, 0]), float)
