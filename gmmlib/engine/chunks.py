"""Data in chunks, on other cores or machines: the mixture travels, sums come back.

A Dask array is never gathered. Each pass is a function of every chunk of rows, and the
sum of what it returns: a map and a reduce, on whatever scheduler is active (threads,
processes, a ``distributed.Client``). The sums are added in the order of the chunks,
whoever has finished first, so that the answer is the same, bit by bit, on every run.

Each pass asks for every chunk anew. Data that fit into the workers' memory together are
best persisted before the fit (``X = X.persist()``); gmmlib does not do it, because only
you know whether they fit. If not, each pass reads the source once more.

Dask is not imported here before somebody has imported it: to make such an array.
"""

import operator
import os
from dataclasses import dataclass
from functools import cached_property, partial, reduce

import numpy as np

from gmmlib.check import bad_value, check_points, check_sample_weight, not_finite
from gmmlib.engine.arrays import (
    InMemory,
    extremes,
    fold_blocks,
    one_blas_thread,
    rows_at,
    weighted_total,
)
from gmmlib.engine.data import Data, add_pairs

FAN_IN = 8  # so many results are added at a time: a tree, no bottleneck


def open_npy(path, rows):
    """A Dask array of the `.npy` file there, of which each worker maps what it needs.

    ``da.from_array`` of a memory map would do for threads. To other processes it would
    send the whole file.

    Parameters
    ----------
    path : str or Path
        The same on all workers.
    rows : int
        Of a chunk. A chunk should take a second or so, ten million rows of eight
        numbers, because Dask needs some milliseconds for it.

    Returns
    -------
    dask.array.Array

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "X.npy")
    ...     np.save(path, np.arange(10.0).reshape(5, 2))
    ...     X = open_npy(path, rows=2)
    ...     X.chunks, X[3].compute().tolist()
    (((2, 2, 1), (2,)), [6.0, 7.0])
    """
    import dask.array as da

    like = np.load(path, mmap_mode="r")
    sizes = [min(rows, len(like) - first) for first in range(0, len(like), rows)]
    return da.map_blocks(
        _rows_of_file,
        os.path.abspath(path),
        chunks=(tuple(sizes), *((size,) for size in like.shape[1:])),
        meta=np.empty((0,) * like.ndim, like.dtype),
    )


def _rows_of_file(path, block_info=None):
    first, end = block_info[None]["array-location"][0]
    return np.load(path, mmap_mode="r")[first:end]


class InChunks(Data):
    """A Dask array: its chunks stay where they are."""

    @classmethod
    def checked(cls, X, sample_weight, n_features, look):
        points = Chunks.from_points(X, n_features)
        if isinstance(sample_weight, type(X)):
            data = cls(points, points.checked_weights(sample_weight))
        else:
            data = cls(points, check_sample_weight(sample_weight, len(points)))
        if look:
            data.check_values()
        return data

    def check_values(self):
        """Raise an error that names the first value that is not finite."""
        if bad := self.points.survey.bad:
            row, column, value = bad
            block = self.points.block(row)
            raise bad_value(f"X[{row}, {column}], in block {block}", value)

    def fold(self, function, rows):
        """The sum of pairs that a function returns for blocks of so many rows."""
        # The scheduler has something to do for each core.
        with one_blas_thread:
            function = partial(fold_blocks, function, rows)
            return self.points.fold(function, self.sample_weight, add_pairs)

    def rows_at(self, places, weight):
        if isinstance(weight, Chunks):
            return weight.rows_at(places)
        return rows_at(places, weight)

    def draw_rows(self, most, rng):
        if len(self) > most:
            return InMemory(self.points[self.draw_row_numbers(most, rng)])
        weight = self.sample_weight
        return InMemory(self.points[:], None if weight is None else weight[:])

    def gathered(self, most, rng):
        return self.draw_rows(most, rng)

    def _middle(self):
        if self.sample_weight is None:
            return self.points.survey.total / len(self)
        fold = self.points.fold(weighted_total, self.sample_weight, add_pairs)
        total, weight = fold
        return total / weight

    def _extremes(self):
        if self.sample_weight is None:
            return self.points.survey.lowest, self.points.survey.highest
        return self.points.fold(extremes, self.sample_weight, _wider)


class Chunks:
    """A Dask array of rows: its shape and type, its extremes, some rows, and sums.

    Parameters
    ----------
    array : dask.array.Array
        Of float64 or float32; only its rows are chunked, in chunks of known sizes.

    Examples
    --------
    >>> import dask.array as da
    >>> X = Chunks.from_points(da.arange(6, chunks=2).reshape(3, 2))
    >>> X.shape, X.max(), X[1:], X.fold(np.sum)
    ((3, 2), np.float64(5.0), array([[2., 3.],
           [4., 5.]]), np.float64(15.0))
    """

    def __init__(self, array):
        self.array, self.dtype = array, array.dtype
        self.shape = tuple(int(size) for size in array.shape)
        self.ends = np.cumsum(array.chunks[0])

    @classmethod
    def from_points(cls, X, n_columns=None):
        """The chunks of a Dask array, or an error that says what is wrong with it."""
        if np.isnan([size for axis in X.chunks for size in axis]).any():
            raise ValueError(
                "X: expected chunks of known sizes, got unknown ones; "
                "call X.compute_chunk_sizes() first"
            )
        # What is wrong with a shape or a type is wrong with one row of zeros, too.
        row = np.zeros([min(size, 1) for size in X.shape[:1]] + [*X.shape[1:]], X.dtype)
        dtype = check_points(row, n_columns=n_columns).dtype
        if isinstance(X._meta, np.ma.MaskedArray):  # what is masked is found as NaN
            X = X.astype(dtype).map_blocks(np.ma.filled, np.nan, dtype=dtype)
        return cls(X.astype(dtype, copy=False).rechunk({1: -1}))

    def checked_weights(self, sample_weight):
        """Weights in the chunks of the points, or an error that names the first."""
        if sample_weight.shape != self.shape[:1]:
            raise ValueError(
                f"sample_weight: expected shape {self.shape[:1]}, "
                f"got {sample_weight.shape}"
            )
        weight = Chunks(sample_weight.astype(float).rechunk(self.array.chunks[:1]))
        if bad := weight.fold(Survey.from_weights).bad:
            row, _, value = bad
            raise ValueError(
                f"sample_weight[{row}], in block {weight.block(row)}: expected a "
                f"finite number of at least 0, got {value}"
            )
        if not 0 < weight.sum() < np.inf:
            check_sample_weight(np.full(2, min(weight.sum(), 1e308)), 2)  # the error
        return weight

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """These rows, in memory."""
        return self.array[rows].compute()

    def __gt__(self, number):
        return Chunks(self.array > number)

    def block(self, row):
        """In which chunk that row is."""
        return int(np.searchsorted(self.ends, row, side="right"))

    @cached_property
    def survey(self):
        """What a first pass tells about the points."""
        return self.fold(Survey.from_points)

    def min(self):
        """The smallest number of all."""
        return self.survey.lowest.min()

    def max(self):
        """The largest number of all."""
        return self.survey.highest.max()

    @cached_property
    def _sum(self):
        return float(self.fold(np.sum))

    def sum(self):
        """The sum of all weights."""
        return self._sum

    def rows_at(self, places):
        """As :func:`gmmlib.engine.arrays.rows_at`: first the chunk, then the row in it."""
        import dask

        n_blocks = len(self.ends)
        lengths = self.array.map_blocks(
            np.sum, keepdims=True, chunks=((1,) * n_blocks,), meta=np.empty(0)
        ).compute()
        ends = np.cumsum(lengths)
        blocks = np.searchsorted(ends, places, side="right")
        blocks = np.minimum(blocks, np.flatnonzero(lengths)[-1])
        places = places - (ends - lengths)[blocks]
        rows = [
            dask.delayed(rows_at)(places[blocks == j], self.array.blocks[j])
            for j in np.unique(blocks)
        ]
        starts = (self.ends - self.array.chunks[0])[np.unique(blocks)]
        return np.concatenate(
            [start + found for start, found in zip(starts, dask.compute(*rows))]
        )

    def fold(self, function, sample_weight=None, add=operator.add):
        """The sum, in order, of what a function returns for the chunks that have rows.

        Parameters
        ----------
        function : function
            Of a chunk, and of its weights if there are any. It travels.
        sample_weight : Chunks or array, shape (n,), optional
        add : function
            Of two results.

        Returns
        -------
        What `add` returns
        """
        import dask.array as da

        add_all = partial(_add_all, add)
        result = da.reduction(
            self._map(function, sample_weight),
            chunk=_same,
            combine=add_all,
            aggregate=add_all,
            concatenate=False,
            split_every={0: FAN_IN},
            dtype=object,
            meta=np.empty((), dtype=object),
        )
        return result.to_delayed().item().compute()

    def _map(self, function, sample_weight=None):
        """The function of each chunk, lazily: None for one without rows.

        To read a chunk and to take its sums are one task: no chunk waits in memory.
        """
        import dask.array as da
        from dask import delayed

        weight = getattr(sample_weight, "array", sample_weight)
        if weight is not None and not isinstance(weight, da.Array):
            weight = da.from_array(weight, chunks=self.array.chunks[:1])
        axes = "ij"[: len(self.shape)]
        return da.blockwise(
            _result_of_chunk,
            axes,
            self.array,
            axes,
            weight,
            None if weight is None else "i",
            # One object that each worker gets once, however many chunks it has.
            function=delayed(function, traverse=False),
            dtype=object,
            meta=np.empty((0,) * len(axes), dtype=object),
        )


def _result_of_chunk(chunk, weight, function):
    if not len(chunk):
        return None
    return function(chunk) if weight is None else function(chunk, weight)


def _same(result, axis, keepdims):
    return result


def _add_all(add, results, axis, keepdims):
    """The sum of results, in order, in whatever lists of lists they come."""
    results = list(_flat(results))
    return reduce(add, results) if results else None


def _flat(results):
    if isinstance(results, list):
        for part in results:
            yield from _flat(part)
    elif results is not None:
        yield results


def map_chunks(function, X, columns=None, dtype=None, missing="error"):
    """A function of points, for those of a Dask array: a lazy array of its rows.

    Parameters
    ----------
    function : function
        Of an array (n, d); returns one of shape (n,), or (n, columns).
    X : dask.array.Array, shape (n, d)
    columns : int, optional
    dtype : dtype, optional
        That of the data by default.

    Returns
    -------
    dask.array.Array
        In the chunks of X.
    """
    from dask import delayed

    X = Chunks.from_points(X)
    dtype = dtype or X.dtype
    like = np.empty((0,) if columns is None else (0, columns), dtype)
    return X.array.map_blocks(
        _rows_of_chunk,
        starts=X.ends - X.array.chunks[0],
        like=like,
        function=delayed(function, traverse=False),
        missing=missing,
        chunks=X.array.chunks[:1] + like.shape[1:],
        drop_axis=1 if columns is None else None,
        meta=like,
    )


def _rows_of_chunk(chunk, starts, like, function, missing, block_id=None):
    if not len(chunk):
        return like
    if place := not_finite(chunk, missing=missing):
        row, column = place
        where = f"X[{starts[block_id[0]] + row}, {column}], in block {block_id[0]}"
        raise bad_value(where, chunk[place])
    return function(chunk).astype(like.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class Survey:
    """Some rows: how many, their extremes, and the first value that will not do.

    Parameters
    ----------
    n : int
    lowest, highest, total : array, shape (d,)
        The extremes, and the sum.
    bad : tuple of row, column and value, or None
    """

    n: int
    lowest: np.ndarray
    highest: np.ndarray
    total: np.ndarray
    bad: tuple | None

    @classmethod
    def from_points(cls, X):
        place = not_finite(X)
        bad = place and (*place, X[place])
        with np.errstate(over="ignore", invalid="ignore"):  # if one is bad
            total = X.sum(axis=0, dtype=float)
        return cls(len(X), *extremes(X), total, bad)

    @classmethod
    def from_weights(cls, weight):
        good = (weight >= 0) & (weight < np.inf)
        bad = [(int(row), 0, weight[row]) for row in np.flatnonzero(~good)[:1]]
        return cls(len(weight), *extremes(weight), weight.sum(), *bad or [None])

    def __add__(self, other):
        bad = self.bad
        if bad is None and other.bad is not None:
            row, column, value = other.bad
            bad = self.n + row, column, value
        return Survey(
            self.n + other.n,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
            self.total + other.total,
            bad,
        )


def _wider(one, other):
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])
