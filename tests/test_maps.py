"""A memory-mapped file is fitted as it lies there: nothing of its size is made."""

import tracemalloc

import numpy as np
import pytest
from cases import TYPES, clouds, quietly

from gmmlib import GaussianMixture
from gmmlib.check import check_points, not_finite

BLOCKS = 6e6  # bytes: a few blocks of 2 MB and a sample of ten thousand rows


def mapped(folder, X):
    """The same numbers, in a file."""
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


def peak(function, *arguments, **options):
    """The most bytes that were allocated at once."""
    function(*arguments, **options)  # once before: what is made once, is made now
    tracemalloc.start()
    try:
        function(*arguments, **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_fit_of_a_map_needs_no_more_memory_for_more_rows(
    tmp_path, covariance_type, dtype
):
    peaks = []
    model = GaussianMixture(
        3, covariance_type=covariance_type, random_state=0, max_iter=3, tol=0
    )
    for n in (200_000, 1_600_000):
        X = np.tile(clouds(50_000, 2, 3).astype(dtype), (n // 50_000, 1))
        X = mapped(tmp_path, X)
        peaks.append(peak(quietly, model, X))
    assert peaks[1] < 1.05 * peaks[0]
    assert peaks[1] < X.nbytes / 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_map_is_fitted_as_the_same_numbers_in_memory(tmp_path, weighted, dtype):
    X = clouds(30_000, 3, 3).astype(dtype)
    weight = np.arange(30_000.0) % 4 if weighted else None
    one, other = (
        quietly(GaussianMixture(3, random_state=0, max_iter=5), data, weight)
        for data in (X, mapped(tmp_path, X))
    )
    assert one.log_likelihoods_ == other.log_likelihoods_
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_weights_cost_a_few_bytes_a_row_but_no_copy_of_the_rows(tmp_path):
    n, d = 200_000, 20
    X = mapped(tmp_path, np.tile(clouds(10_000, d, 2), (n // 10_000, 1)))
    model = GaussianMixture(2, covariance_type="diag", random_state=0, max_iter=1)
    weight = np.arange(float(n)) % 3
    more = peak(quietly, model, X, weight) - peak(quietly, model, X)
    assert more < 3 * weight.nbytes < X.nbytes / 4


def test_the_check_makes_nothing_of_the_size_of_the_file(tmp_path):
    X = np.zeros((2_000_000, 2))
    X[-1, 1] = np.nan
    X = mapped(tmp_path, X)
    assert np.shares_memory(check_points(X[:-1]), X)
    assert peak(check_points, X[:-1]) < 1e5
    assert peak(not_finite, X) < X.nbytes / 20
    with pytest.raises(ValueError, match=r"X\[1999999, 1\]: expected a finite number"):
        check_points(X)
