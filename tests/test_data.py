"""Data in memory: what a fit asks of them, block by block, in one thread or several."""

import copy
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cases import TYPES, clouds, some_mixture
from sklearn.base import clone
from threadpoolctl import threadpool_info, threadpool_limits

from gmmlib import GaussianMixture, Mixture, e_step, normalise, weighted_sums
from gmmlib.engine import as_data, as_points, in_blocks, map_rows
from gmmlib.engine.arrays import (
    LEAST_BLOCKS,
    LEAST_FEATURES,
    InMemory,
    one_blas_thread,
    rows_at,
)
from gmmlib.engine.blocks import BLOCK_BYTES, BLOCK_ROWS, block_rows
from gmmlib.engine.data import block_sums
from gmmlib.selection import doubt

X = clouds(40, d=3, k=3)
WEIGHT = np.arange(40.0) % 4 * 0.7


class Always:
    """A generator whose random numbers are all the same."""

    def __init__(self, number):
        self.number = number

    def uniform(self, size):
        return np.full(size, self.number)


# What comes in, and what is asked


def test_data_are_looked_at_once():
    data = as_data(X, WEIGHT)
    assert as_data(data) is data and type(data) is InMemory
    assert len(data) == 40 and data.n_features == 3
    with pytest.raises(ValueError, match="expected 2 columns, got 3"):
        as_data(X, n_features=2)
    with pytest.raises(ValueError, match=r"expected shape \(40,\), got \(39,\)"):
        as_data(X, WEIGHT[1:])
    with pytest.raises(ValueError, match=r"X\[0, 1\]: expected a finite number"):
        as_points([[0.0, np.nan]])
    assert as_points([[1, 2]]).dtype == float


def test_points_count_as_often_as_their_weights_say():
    data, plain = as_data(X, WEIGHT), as_data(X)
    assert (data.n_points, plain.n_points) == (WEIGHT.sum(), 40)
    assert (data.n_counted, plain.n_counted) == (30, 40) and type(data.n_counted) is int
    np.testing.assert_array_equal(data.row_weights(), WEIGHT)
    np.testing.assert_array_equal(plain.row_weights(), np.ones(40))
    np.testing.assert_allclose(
        data.middle, np.average(X, axis=0, weights=WEIGHT), 1e-12
    )
    np.testing.assert_allclose(plain.middle, X.mean(axis=0), 1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes_are_those_of_rows_that_count_and_the_largest_is_that_of_all(sign):
    points = sign * np.array([[-7.0, 1], [2, 3], [1, 3], [9, -3]])
    data = as_data(points, [0, 1, 2, 0])
    np.testing.assert_array_equal(data.extremes, np.sort(points[1:3], axis=0))
    plain = as_data(points[1:3])
    np.testing.assert_array_equal(plain.extremes, data.extremes)
    for one in (data, plain):
        assert one.varies.tolist() == [True, False]
    assert data.largest == 9
    assert as_data(points[:3]).largest == 7 and type(data.largest) is float


@pytest.mark.parametrize("n, computed_in", [(2048, "f8"), (2049, "f4")])
def test_few_rows_are_computed_in_double_precision(n, computed_in):
    assert as_data(np.ones((n, 1), "f4")).computed_in == computed_in
    assert as_data(np.ones((n, 1))).computed_in == "f8"
    assert as_data(np.ones((n, 1), "f4")).dtype == "f4"


# Some rows of many


@pytest.mark.parametrize("most", [1, 2, 3, 7, 29, 30, 39, 40, 41, 100])
def test_some_rows_are_equally_far_apart(most):
    for weight in (None, WEIGHT):
        rows = np.arange(40) if weight is None else np.flatnonzero(WEIGHT)
        points, weights = as_data(X.astype("f4"), weight).some_rows(most)
        apart = -(-len(rows) // most)
        rows = rows[::apart]
        assert len(points) <= most and points.dtype == float
        np.testing.assert_array_equal(points, X.astype("f4")[rows])
        np.testing.assert_array_equal(
            weights, np.ones(40)[rows] if weight is None else weight[rows]
        )


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_a_row_is_drawn_from_each_of_equal_stretches(place):
    """Ten of forty rows: from each four, and past the end comes the last."""
    expected = np.minimum(4 * np.arange(10) + int(4 * place), 39)
    for weight in (None, np.ones(40), np.full(40, 0.25)):
        drawn = as_data(X, weight).draw_row_numbers(10, Always(place))
        np.testing.assert_array_equal(drawn, expected)
        assert drawn.dtype.kind == "i"
    copies = as_data(X, [0, 1, 2, 0, 5] + 35 * [0]).draw_row_numbers(8, Always(place))
    repeated = [1, 2, 2, 4, 4, 4, 4, 4, 4]
    np.testing.assert_array_equal(copies, repeated[1:] if place == 1 else repeated[:8])


@pytest.mark.parametrize("how", ["copied", "pickled"])
def test_a_copy_of_data_after_a_pass_gives_the_same_sums(how):
    data, mixture = as_data(X, WEIGHT), some_mixture("full", d=3)
    sums, expected = data.sums(mixture)
    other = copy.deepcopy(data) if how == "copied" else pickle.loads(pickle.dumps(data))
    again, found = other.sums(mixture)
    assert found == expected
    np.testing.assert_array_equal(again.scatter, sums.scatter)


def test_draws_are_rows_without_weights_and_all_where_they_are_few():
    data = as_data(X, WEIGHT)
    assert data.draw_rows(40, None) is data and data.gathered(1, None) is data
    drawn = data.draw_rows(39, np.random.RandomState(0))
    rows = data.draw_row_numbers(39, np.random.RandomState(0))
    assert drawn.sample_weight is None and WEIGHT[rows].min() > 0
    np.testing.assert_array_equal(drawn.points, X[rows])


def test_places_lie_on_rows_as_long_as_their_weights():
    weight = np.array([0.0, 2.0, 0.0, 1.0, 0.0])
    places = [0.0, 1.9, 2.0, 2.9, 3.0, 3.1]
    np.testing.assert_array_equal(rows_at(places, weight), [1, 1, 3, 3, 3, 3])


# One pass


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_pass_takes_the_sums_and_can_take_them_about_other_centres(
    covariance_type, weighted
):
    mixture, weight = some_mixture(covariance_type, 3), WEIGHT if weighted else None
    centres = np.arange(9.0).reshape(3, 3)
    resp, weights = e_step(X, mixture)[0], np.ones(40) if weight is None else weight
    expected = weighted_sums(X, resp * weights[:, None], centres, covariance_type)
    value = weights @ mixture.log_density(X)
    data = as_data(X, weight)
    sums, log_likelihood = data.sums(mixture)
    again, same = data.sums(mixture, centres)
    part, also = block_sums(mixture, centres, X, weight)
    assert [log_likelihood, same, also] == pytest.approx([value] * 3, rel=1e-12)
    assert type(log_likelihood) is type(same) is float
    for found in (again, part, sums.retake(centres), again.retake(centres)):
        np.testing.assert_array_equal(found.centres, centres)
        for name in ("total", "first", "scatter"):
            np.testing.assert_allclose(
                getattr(found, name), getattr(expected, name), 1e-10, 1e-10
            )


def test_where_one_centre_will_not_do_sums_are_taken_about_each_mean():
    far = Mixture([0.5, 0.5], [[0.0], [1e9]], [1e-6, 1e-6], "spherical")
    sums, _ = as_data([[0.0], [1e9], [1e9 + 1e-3]]).sums(far)
    np.testing.assert_array_equal(sums.centres, far.means)


# Blocks and threads


@pytest.mark.parametrize("itemsize", [4, 8])
def test_a_block_fills_the_cache_or_has_enough_rows_but_never_none(itemsize):
    assert block_rows(10, itemsize) == BLOCK_BYTES // (10 * itemsize)
    most = BLOCK_BYTES // (BLOCK_ROWS * itemsize)  # of these so many rows just fit
    assert block_rows(most, itemsize) == BLOCK_ROWS
    assert block_rows(2 * most, itemsize) == BLOCK_ROWS
    assert block_rows(8 * most, itemsize) == BLOCK_ROWS // 2
    assert block_rows(BLOCK_BYTES, itemsize) == 1
    assert block_rows(BLOCK_BYTES // itemsize, itemsize) == 4
    assert block_rows(10) == block_rows(10, 8)


def test_blocks_are_all_rows_in_turn():
    n_numbers = BLOCK_BYTES // 32
    found = [block.tolist() for block in in_blocks(np.arange(37), n_numbers)]
    assert [len(block) for block in found] == [16, 16, 5]
    assert sum(found, []) == list(range(37))


def who(block, weight):
    """Which thread has which rows, as sums that are lists."""
    weights = None if weight is None else weight.tolist()
    return [(threading.get_ident(), len(block), weights)], [block[:, 0].tolist()]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "n_blocks, d, threads",
    [
        (LEAST_BLOCKS, LEAST_FEATURES, True),
        (LEAST_BLOCKS - 1, LEAST_FEATURES, False),
        (LEAST_BLOCKS, LEAST_FEATURES - 1, False),
    ],
)
def test_threads_take_blocks_where_there_is_enough_to_do(
    n_blocks, d, threads, weighted
):
    n = 10 * n_blocks - 9 if threads else 10 * n_blocks
    points = np.arange(n * d, dtype=float).reshape(n, d)
    weight = np.arange(1.0, n + 1) if weighted else None
    about, rows = as_data(points, weight).fold(who, 10)
    here = threading.get_ident()
    assert all((thread == here) != threads for thread, *_ in about)
    assert [size for _, size, _ in about] == [len(part) for part in rows]
    assert max(map(len, rows)) == 10 and len(rows) == n_blocks
    assert sum(rows, []) == points[:, 0].tolist()
    if weighted:
        assert sum((part for *_, part in about), []) == weight.tolist()


def test_products_have_one_thread_while_blocks_have_several():
    def n_threads(api="blas"):
        return {
            one["num_threads"] for one in threadpool_info() if one["user_api"] == api
        }

    with threadpool_limits(limits=2, user_api="blas"):
        before, others = n_threads(), n_threads("openmp")
        assert before == {2}
        with one_blas_thread:
            assert n_threads() == {1} and n_threads("openmp") == others
        assert n_threads() == before
    points = np.zeros((80, 8))
    with threadpool_limits(limits=2, user_api="blas"):
        inside, _ = as_data(points).fold(lambda *_: ([n_threads()], 0), 10)
    assert inside == [{1}] * 8


# Functions of rows


@pytest.mark.parametrize("columns", [None, 2])
@pytest.mark.parametrize("given, kept", [("f4", "f4"), ("f8", "f8")])
def test_a_function_of_rows_sees_them_block_by_block(columns, given, kept):
    sizes, points = [], np.arange(111.0).reshape(37, 3).astype(given)

    def function(rows):
        sizes.append(len(rows))
        return rows[:, 0] if columns is None else rows[:, 1:]

    found = map_rows(function, points, BLOCK_BYTES // 32, columns)
    assert sizes == [16, 16, 5] and found.dtype == kept
    np.testing.assert_array_equal(
        found, points[:, 0] if columns is None else points[:, 1:]
    )
    asked = map_rows(function, points, BLOCK_BYTES // 32, columns, np.intp)
    assert asked.dtype == np.intp


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-12), (np.float32, 1e-6)])
def test_evidence_is_summed_in_blocks_and_in_double(dtype, rtol):
    """Single precision could not hold the total."""
    points = np.random.default_rng(0).normal(100, 1, (60_000, 2)).astype(dtype)
    weight = np.random.default_rng(1).integers(0, 4, len(points)).astype(float)
    mixture = Mixture(
        [0.5, 0.5], [[99.0, 100.0], [101.0, 100.0]], [1.0, 2.0], "spherical"
    )
    responsibilities, log_density = normalise(mixture.log_joint(points.astype(float)))
    found = as_data(points, weight).evidence(mixture)
    expected = (
        weight @ log_density,
        doubt(np.repeat(responsibilities, weight.astype(int), 0)),
    )
    np.testing.assert_allclose(found, expected, rtol)


def test_data_are_checked_once_and_keep_their_weights():
    data = as_data(np.eye(3), [1.0, 2.0, 0.0])
    assert as_data(data) is data and as_data(data, n_features=3) is data
    with pytest.raises(ValueError, match="X: expected 2 columns, got 3; pass the same"):
        as_data(data, n_features=2)
    with pytest.raises(
        ValueError, match="sample_weight: expected None, since the data"
    ):
        as_data(data, np.ones(3))


@pytest.mark.parametrize("n, dtype", [(2048, np.float64), (2049, np.float32)])
def test_all_passes_have_the_middle_of_the_data_for_centre(n, dtype):
    points = np.resize(X, (n, 3)).astype(np.float32)
    data = as_data(points)
    for seed in (1, 2):
        sums, _ = data.sums(some_mixture("full", 3, 2, seed))
        assert sums.centres.dtype == dtype
        np.testing.assert_array_equal(sums.centres, data.middle.astype(dtype))


def test_fits_in_several_threads_leave_the_limits_as_they_were():
    """Each saves and restores: the last would restore what another had set."""

    def n_threads():
        info = threadpool_info()
        return [one["num_threads"] for one in info if one["user_api"] == "blas"]

    turn = threading.Barrier(2, timeout=60)

    def enter_and_leave(first):
        with one_blas_thread as threads:
            assert set(n_threads()) == {1} and threads == 2
            turn.wait()  # both are inside
            if first:
                turn.wait()  # the other has left
        if not first:
            turn.wait()

    with threadpool_limits(limits=2, user_api="blas"):
        before = n_threads()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(enter_and_leave, [True, False]))
        assert n_threads() == before
        points = np.random.default_rng(0).normal(size=(100_000, 8))
        model = GaussianMixture(
            2, covariance_type="diag", init_params="k-means++", max_iter=2
        )
        with warnings.catch_warnings(), ThreadPoolExecutor(4) as pool:
            warnings.simplefilter("ignore")
            list(pool.map(lambda _: clone(model).fit(points), range(4)))
        assert n_threads() == before


def test_a_pass_works_where_no_thread_can_start_and_no_blas_is_known(monkeypatch):
    points = np.random.default_rng(0).normal(size=(400, 8))
    expected = as_data(points).fold(who, 10)[1]

    class NoThreads(ThreadPoolExecutor):
        def submit(self, *args, **kwargs):
            raise RuntimeError("can't start new thread")

    class NoBlas:
        lib_controllers = ()

        def limit(self, limits):
            return self

        def restore_original_limits(self):
            pass

    monkeypatch.setattr("gmmlib.engine.arrays.ThreadPoolExecutor", NoThreads)
    monkeypatch.setattr("gmmlib.engine.arrays.blas", NoBlas)
    about, rows = as_data(points).fold(who, 10)
    assert rows == expected
    assert {thread for thread, *_ in about} == {threading.get_ident()}
