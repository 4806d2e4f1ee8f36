"""The book's data."""

import numpy as np
import pytest
from sklearn import datasets as scikit_datasets

from gmmlib.book.datasets import load_iris, load_old_faithful, make_oblong


def test_iris_is_scikit_learns():
    X, species = load_iris()
    iris = scikit_datasets.load_iris()
    np.testing.assert_array_equal(X, iris.data)
    np.testing.assert_array_equal(species, iris.target)
    assert np.bincount(species).tolist() == [50, 50, 50]


def test_old_faithful_has_the_moments_that_r_prints():
    X = load_old_faithful()
    assert X.shape == (272, 2)
    np.testing.assert_allclose(X.mean(axis=0), [3.487783, 70.897059], rtol=1e-6)
    np.testing.assert_allclose(X.std(axis=0, ddof=1), [1.141371, 13.594974], rtol=1e-6)
    assert np.corrcoef(X.T)[0, 1] == pytest.approx(0.9008112, abs=1e-7)
    np.testing.assert_array_equal(
        [X.min(axis=0), X.max(axis=0)], [[1.6, 43.0], [5.1, 96.0]]
    )


def test_oblong_clouds_are_eight_times_as_long_as_wide():
    X, labels = make_oblong(20_000, random_state=1)
    assert X.shape == (20_000, 2) and labels.mean() == pytest.approx(0.5, abs=0.02)
    for label, height in [(0, -1.5), (1, 1.5)]:
        own = X[labels == label]
        np.testing.assert_allclose(own.mean(axis=0), [0.0, height], atol=0.2)
        np.testing.assert_allclose(np.cov(own.T), [[16.0, 0.0], [0.0, 0.25]], 0.05, 0.1)


def test_oblong_clouds_are_the_same_400_points_unless_asked_otherwise():
    np.testing.assert_array_equal(make_oblong()[0], make_oblong(400, random_state=0)[0])
    assert not np.allclose(make_oblong()[0], make_oblong(random_state=1)[0])
