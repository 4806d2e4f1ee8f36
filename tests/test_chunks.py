"""Chunks, looked at one by one, on one thread: what a Dask array is to a fit."""

import operator
import pickle
import sys
import tracemalloc

import dask
import dask.array as da
import numpy as np
import pytest
from cases import TYPES, clouds, some_mixture

from gmmlib import GaussianMixture, Mixture
from gmmlib.engine import as_data, as_points, is_dask, map_rows
from gmmlib.engine.arrays import InMemory, extremes, rows_at
from gmmlib.engine.chunks import (
    FAN_IN,
    Chunks,
    InChunks,
    Survey,
    map_chunks,
    open_npy,
)

X = clouds(40, d=3, k=3)
WEIGHT = np.arange(40.0) % 4 * 0.7
SIZES = {
    "one": (40,),
    "even": (10,) * 4,
    "uneven": (1, 25, 3, 11),
    "empty": (0, 20, 0, 0, 20, 0),
    "many": (2, 3, 1, 5, 4, 6, 9, 8, 1, 1),
}
every_size = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)


@pytest.fixture(autouse=True)
def in_turn():
    with dask.config.set(scheduler="synchronous"):
        yield


def chunked(array, sizes=(10,) * 4, columns=-1):
    return da.from_array(array, chunks=(sizes, columns)[: array.ndim])


def read_counts(n_chunks, rows=5):
    """A lazy array of numbers from 0, and how often each of its chunks was read."""
    seen = np.zeros(n_chunks, dtype=int)

    def chunk(block_id):
        seen[block_id[0]] += 1
        return np.arange(rows * 2.0).reshape(rows, 2) + rows * 2 * block_id[0]

    chunks = ((rows,) * n_chunks, (2,))
    return da.map_blocks(chunk, chunks=chunks, meta=np.empty((0, 0))), seen


# What is a Dask array, and how a file becomes one


def test_an_array_is_told_from_a_dask_array(monkeypatch):
    assert is_dask(chunked(X)) and not is_dask(X) and not is_dask(None)
    assert type(as_data(X)) is InMemory and type(as_data(chunked(X))) is InChunks
    monkeypatch.delitem(sys.modules, "dask.array")
    assert not is_dask(X)


@pytest.mark.parametrize("shape", [(10,), (10, 3), (10, 3, 2)])
@pytest.mark.parametrize("rows", [1, 4, 5, 10, 11])
def test_a_file_is_cut_into_chunks_of_so_many_rows(tmp_path, monkeypatch, shape, rows):
    array = np.arange(np.prod(shape), dtype="f4").reshape(shape)
    np.save(tmp_path / "X.npy", array)
    monkeypatch.chdir(tmp_path)
    there = open_npy("X.npy", rows)
    monkeypatch.chdir("/")  # a worker may be anywhere
    sizes = [len(array[first : first + rows]) for first in range(0, 10, rows)]
    assert there.chunks == (tuple(sizes), *((size,) for size in shape[1:]))
    assert there.dtype == np.float32 and there.shape == shape
    assert type(there._meta) is np.ndarray and there._meta.ndim == len(shape)
    np.testing.assert_array_equal(there.compute(), array)
    assert isinstance(there.blocks[0].compute(), np.memmap)
    assert len(pickle.dumps(there)) < 10_000


def test_to_open_a_file_reads_none_of_its_numbers(tmp_path):
    np.save(tmp_path / "X.npy", np.zeros((200_000, 2)))
    tracemalloc.start()
    open_npy(tmp_path / "X.npy", rows=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6


# Points and weights that come in


@pytest.mark.parametrize(
    "dtype, kept", [("f4", "f4"), ("f8", "f8"), ("i8", "f8"), ("f2", "f8"), ("?", "f8")]
)
def test_points_keep_single_precision_and_become_double_otherwise(dtype, kept):
    array = (X > 0).astype(dtype)
    points = Chunks.from_points(chunked(array, (15, 25), 2))
    assert points.dtype == points.array.dtype == kept
    assert points.array.chunks == ((15, 25), (3,))
    assert points.shape == (40, 3) and type(points.shape[0]) is int
    assert len(points) == 40 and points.ends.tolist() == [15, 40]
    np.testing.assert_array_equal(points[:], array)
    assert points[7:9].dtype == kept


def test_points_have_to_have_known_sizes_and_the_right_columns():
    rows = chunked(X)
    for unknown in (rows[rows[:, 0] > 0], rows[:, rows[0] > 0]):
        with pytest.raises(ValueError, match=r"unknown ones; call X.compute_chunk_siz"):
            as_data(unknown)
    with pytest.raises(ValueError, match="expected 2 columns, got 3"):
        as_data(rows, n_features=2)
    assert as_data(rows, n_features=3).n_features == 3
    with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, 3\)\)"):
        as_data(rows[:0])
    with pytest.raises(ValueError, match=r"Expected 2D array, got 1D array"):
        as_data(rows[:, 0])


@every_size
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_value_that_will_not_do_is_named_with_its_block(sizes, bad):
    array = X.copy()
    array[27, 1:] = bad
    block = next(i for i, end in enumerate(np.cumsum(sizes)) if end > 27)
    said = {np.inf: "inf", -np.inf: "-inf"}.get(bad, "NaN")
    where = rf"^X\[27, 1\], in block {block}: expected a finite number, got {said};"
    with pytest.raises(ValueError, match=where):
        map_chunks(np.sum, chunked(array, sizes)).compute()
    array[33, 0] = bad  # too late to be the first
    with pytest.raises(ValueError, match=where):
        as_data(chunked(array, sizes))


@every_size
@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.5])
def test_the_first_weight_that_will_not_do_is_named_with_its_block(sizes, bad):
    weight = WEIGHT.copy()
    weight[[26, 28, 39]] = bad
    block = next(i for i, end in enumerate(np.cumsum(sizes)) if end > 26)
    message = (
        rf"^sample_weight\[26\], in block {block}: expected a finite number of at "
        f"least 0, got {bad}$"
    )
    with pytest.raises(ValueError, match=message):
        as_data(chunked(X, sizes), chunked(weight))


def test_weights_in_chunks_get_those_of_the_points():
    data = as_data(chunked(X, SIZES["uneven"]), chunked((10 * WEIGHT).astype(int)))
    weight = data.sample_weight
    assert weight.array.chunks == (SIZES["uneven"],) and weight.dtype == float
    np.testing.assert_array_equal(weight[:], (10 * WEIGHT).astype(int))
    assert type(weight.sum()) is float and weight.sum() == weight[:].sum()
    assert isinstance(as_data(chunked(X), WEIGHT).sample_weight, np.ndarray)


@pytest.mark.parametrize("shape", [(39,), (40, 1), (1, 40)])
def test_weights_of_another_shape_are_refused(shape):
    text = str(shape).replace("(", r"\(").replace(")", r"\)")
    message = rf"sample_weight: expected shape \(40,\), got {text}"
    for weight in (da.ones(shape), np.ones(shape)):
        with pytest.raises(ValueError, match=message):
            as_data(chunked(X), weight)


def test_weights_must_not_all_be_zero():
    for weight in (da.zeros(40), np.zeros(40)):
        with pytest.raises(ValueError, match="a finite sum that is not zero, got 0; a"):
            as_data(chunked(X), weight)


# What a fit asks for


@every_size
@pytest.mark.parametrize("weights", ["none", "array", "chunks"])
def test_data_in_chunks_say_what_data_in_memory_say(sizes, weights):
    weight = None if weights == "none" else WEIGHT
    here = as_data(X, weight)
    there = as_data(
        chunked(X, sizes), chunked(WEIGHT) if weights == "chunks" else weight
    )
    assert len(there) == 40 and there.n_counted == here.n_counted
    assert there.n_points == pytest.approx(here.n_points, rel=1e-13)
    assert there.largest == here.largest == np.abs(X).max()
    np.testing.assert_array_equal(there.extremes, here.extremes)
    np.testing.assert_allclose(there.middle, here.middle, 1e-12)
    for most in (7, 40, 41):
        (points, weights), expected = there.some_rows(most), here.some_rows(most)
        np.testing.assert_array_equal(points, expected[0])
        np.testing.assert_array_equal(weights, expected[1])
        for name in ("draw_rows", "gathered"):
            one = getattr(there, name)(most, np.random.RandomState(0))
            other = here.draw_rows(most, np.random.RandomState(0))
            assert type(one) is InMemory and one.points.dtype == X.dtype
            np.testing.assert_array_equal(one.points, other.points)
            np.testing.assert_array_equal(one.row_weights(), other.row_weights())
            assert (one.sample_weight is None) == (other.sample_weight is None)


def test_extremes_look_past_rows_of_weight_zero():
    array, weight = X.copy(), np.ones(40)
    array[:10], array[33] = -1e9, 1e9
    weight[:10] = weight[33] = 0
    expected = extremes(np.delete(X, [*range(10), 33], axis=0))
    for given in (weight, chunked(weight)):
        found = as_data(chunked(array), given).extremes
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("weights", ["none", "array", "chunks"])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_pass_gives_the_sums_of_a_pass_in_memory(covariance_type, weights):
    mixture = some_mixture(covariance_type, 3, 3)
    weight = None if weights == "none" else WEIGHT
    given = chunked(WEIGHT) if weights == "chunks" else weight
    for centres in (None, mixture.means):
        here, value = as_data(X, weight).sums(mixture, centres)
        there, same = as_data(chunked(X, SIZES["uneven"]), given).sums(mixture, centres)
        assert same == pytest.approx(value, rel=1e-12)
        for name in ("total", "first", "scatter"):
            one, other = getattr(there, name), getattr(here, name)
            np.testing.assert_allclose(one, other, 1e-10, 1e-10)


def test_chunks_are_cut_into_blocks_of_so_many_rows():
    data = as_data(chunked(X[:14], (5, 0, 2, 7)), WEIGHT[:14])

    def look(block, weight):
        assert len(block) == len(weight)
        return [len(block)], [weight.tolist()]

    lengths, weights = data.fold(look, 3)
    assert lengths == [3, 2, 2, 3, 3, 1]
    assert sum(weights, []) == WEIGHT[:14].tolist()


@every_size
def test_rows_lie_where_they_lie_in_an_array(sizes):
    weight = np.arange(40.0) % 3
    weight[31:] = 0
    places = np.linspace(0, weight.sum(), 23)  # the last one is past the end
    chunks = Chunks(chunked(weight, sizes))
    expected = rows_at(places, weight)
    np.testing.assert_array_equal(chunks.rows_at(places), expected)
    np.testing.assert_array_equal(chunks.rows_at(places[3:4]), expected[3:4])
    data = as_data(chunked(X, sizes), weight)
    np.testing.assert_array_equal(data.rows_at(places, weight), expected)
    np.testing.assert_array_equal(data.rows_at(places, chunks), expected)


# Sums over chunks


@pytest.mark.parametrize("n_chunks", [1, FAN_IN, FAN_IN + 1, 70])
def test_results_are_added_in_the_order_of_the_chunks(n_chunks):
    rows, seen = read_counts(n_chunks)
    firsts = Chunks(rows).fold(lambda chunk: (chunk[0, 0],), add=operator.add)
    assert firsts == tuple(10.0 * i for i in range(n_chunks))
    assert (seen == 1).all()


def test_results_are_added_a_few_at_a_time():
    """A tree: sums of no more than eight results, then sums of these."""
    depths = Chunks(da.zeros(FAN_IN**2, chunks=1)).fold(
        lambda chunk: (1, 1), add=lambda one, other: (one[0] + 1, other[1] + one[1])
    )
    assert depths == (2 * FAN_IN - 1, FAN_IN**2)


@every_size
def test_a_sum_has_every_row_once_with_its_weight(sizes):
    points = Chunks(chunked(X, sizes))
    assert points.fold(np.sum) == pytest.approx(X.sum(), rel=1e-12)
    for weight in (WEIGHT, Chunks(chunked(WEIGHT, sizes))):
        total = points.fold(lambda chunk, weight: weight @ chunk, weight)
        np.testing.assert_allclose(total, WEIGHT @ X, 1e-12)


def test_nothing_is_the_sum_of_no_rows():
    assert Chunks(da.zeros(0)).fold(np.sum) is None


def test_the_first_look_is_one_pass():
    rows, seen = read_counts(6)
    points = Chunks.from_points(rows)
    assert not seen.any()
    assert (points.min(), points.max(), points.survey.n) == (0, 59, 30)
    np.testing.assert_array_equal(points.survey.total, [870, 900])
    assert (seen == 1).all()
    assert [points.block(row) for row in (0, 4, 5, 29)] == [0, 0, 1, 5]
    counts = Chunks(chunked(WEIGHT)) > 1
    assert isinstance(counts, Chunks)
    np.testing.assert_array_equal(counts[:], WEIGHT > 1)


def test_a_survey_of_points():
    single = np.array([[3, 1e8], [1, 1], [2, -1e8]], dtype="f4")
    survey = Survey.from_points(single)
    assert (survey.n, survey.bad) == (3, None)
    assert survey.lowest.tolist() == [1, -1e8] and survey.highest.tolist() == [3, 1e8]
    assert survey.total.dtype == float and survey.total.tolist() == [6, 1]  # in double


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("of", [Survey.from_points, Survey.from_weights])
def test_two_surveys_are_the_survey_of_both(of):
    columns = 1 if of == Survey.from_points else 0
    for values, bad in [
        ([1.0, 5.0, 2.0, 0.5], None),
        ([1.0, np.inf, 2.0, np.nan], 1),
        ([1.0, 2.0, 3.0, np.inf], 3),
        ([np.inf, 2.0, np.inf, np.nan], 0),
    ]:
        array = np.array(values).reshape(-1, *[1] * columns)
        both, whole = of(array[:2]) + of(array[2:]), of(array)
        for survey in (both, whole):
            assert survey.n == 4
            if bad is None:
                assert survey.bad is None
                found = survey.lowest, survey.highest, survey.total
                np.testing.assert_array_equal(np.ravel(found), [0.5, 5, 8.5])
            else:
                assert survey.bad == (bad, 0, np.inf)


@pytest.mark.filterwarnings("error")
def test_numbers_whose_sum_is_not_finite_are_surveyed_in_silence():
    assert Survey.from_points(np.array([[np.inf], [-np.inf]])).bad == (0, 0, np.inf)
    for dtype in (np.float64, np.float32):
        large = np.full((2, 1), np.finfo(dtype).max, dtype)
        assert Survey.from_points(large).bad is None


# Rows that stay lazy


@every_size
@pytest.mark.parametrize("columns", [None, 2])
def test_a_function_of_rows_is_lazy_and_has_their_chunks(sizes, columns):
    calls = []

    def function(rows):
        calls.append(len(rows))
        return rows[:, 0] if columns is None else rows[:, :2]

    lazy = map_rows(function, as_points(chunked(X, sizes, 2)), 5, columns)
    shape = (sizes,) if columns is None else (sizes, (2,))
    assert lazy.chunks == shape and lazy.dtype == float and not calls
    assert lazy._meta.ndim == lazy.ndim == lazy.compute().ndim
    np.testing.assert_array_equal(
        lazy.compute(), X[:, 0] if columns is None else X[:, :2]
    )
    assert sorted(calls) == sorted(2 * [size for size in sizes if size])


@pytest.mark.parametrize("given, kept", [("f4", "f4"), ("i8", "f8")])
def test_the_result_has_the_type_of_the_points_or_the_one_asked_for(given, kept):
    rows = chunked(np.arange(12).reshape(4, 3).astype(given), (2, 0, 2))
    for dtype, expected in [(None, kept), (np.intp, np.intp), (np.float32, "f4")]:
        lazy = map_rows(
            lambda rows: rows.sum(axis=1, dtype=float), rows, 5, dtype=dtype
        )
        assert lazy.dtype == lazy.compute().dtype == expected
        assert lazy.compute().tolist() == [3, 12, 21, 30]


@every_size
def test_evidence_of_chunks_is_that_of_the_array(sizes):
    mixture = Mixture([0.5, 0.5], X[:2], np.ones(2), "spherical")
    weight = np.arange(len(X), dtype=float)
    for sample_weight in (None, weight):
        found = as_data(chunked(X, sizes), sample_weight).evidence(mixture)
        counts = np.ones(len(X)) if sample_weight is None else sample_weight
        assert found[0] == pytest.approx(counts @ mixture.log_density(X), rel=1e-12)
        np.testing.assert_allclose(
            found, as_data(X, sample_weight).evidence(mixture), 1e-12
        )


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("method", ["score", "bic", "aic", "icl"])
def test_a_criterion_names_the_value_that_is_not_finite(method, value):
    model = GaussianMixture(2, random_state=0).fit(X)
    bad = X.copy()
    bad[30, 1] = value
    with pytest.raises(ValueError, match=r"X\[30, 1\], in block 3: expected a finite"):
        getattr(model, method)(chunked(bad, [10, 10, 10, len(X) - 30]))
