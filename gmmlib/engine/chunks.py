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
import sys
from dataclasses import dataclass
from functools import cached_property, partial, reduce

import numpy as np

from gmmlib.check import bad_value, check_points, check_sample_weight, not_finite

FAN_IN = 8  # so many results are added at a time: a tree, no bottleneck


def is_dask(X):
    """Whether that is a Dask array; without importing Dask to find out."""
    dask_array = sys.modules.get("dask.array")
    return dask_array is not None and isinstance(X, dask_array.Array)


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


def check_data(X, sample_weight=None, n_columns=None):
    """Points and their weights, checked: arrays, or `Chunks` of a Dask array.

    Parameters
    ----------
    X : array or Dask array, shape (n, d)
    sample_weight : array or Dask array, shape (n,), optional
        An array for a Dask `X` is sent to the workers, a piece to each, in each pass.
    n_columns : int, optional
        The number of columns that X must have.

    Returns
    -------
    X : array or Chunks
    sample_weight : array, Chunks or None

    Raises
    ------
    ValueError, TypeError
        For what is no table of finite numbers. The message says where; for a Dask
        array it names the block, too.
    """
    if isinstance(X, Chunks):
        return X, sample_weight
    if not is_dask(X):
        X = check_points(X, n_columns=n_columns)
        return X, check_sample_weight(sample_weight, len(X))
    X = Chunks.of_points(X, n_columns)
    if X.survey.bad:
        row, column, value = X.survey.bad
        raise bad_value(f"X[{row}, {column}], in block {X.block(row)}", value)
    if is_dask(sample_weight):
        return X, X.weights(sample_weight)
    return X, check_sample_weight(sample_weight, len(X))


class Chunks:
    """A Dask array of rows: its shape and type, its extremes, some rows, and sums.

    Parameters
    ----------
    array : dask.array.Array
        Of float64 or float32; only its rows are chunked, in chunks of known sizes.

    Examples
    --------
    >>> import dask.array as da
    >>> X = Chunks.of_points(da.arange(6, chunks=2).reshape(3, 2))
    >>> X.shape, X.max(axis=0), X[1:], X.fold(np.sum)
    ((3, 2), array([4., 5.]), array([[2., 3.],
           [4., 5.]]), np.float64(15.0))
    """

    def __init__(self, array):
        self.array, self.dtype = array, array.dtype
        self.shape = tuple(int(size) for size in array.shape)
        self.ends = np.cumsum(array.chunks[0])

    @classmethod
    def of_points(cls, X, n_columns=None):
        """The chunks of a Dask array, or an error that says what is wrong with it."""
        if np.isnan([size for axis in X.chunks for size in axis]).any():
            raise ValueError(
                "X: expected chunks of known sizes, got unknown ones; "
                "call X.compute_chunk_sizes() first"
            )
        # What is wrong with a shape or a type is wrong with one row of zeros, too.
        row = np.zeros([min(size, 1) for size in X.shape[:1]] + [*X.shape[1:]], X.dtype)
        dtype = check_points(row, n_columns=n_columns).dtype
        return cls(X.astype(dtype, copy=False).rechunk({1: -1}))

    def weights(self, sample_weight):
        """Weights in the chunks of the points, or an error that names the first."""
        if sample_weight.shape != self.shape[:1]:
            raise ValueError(
                f"sample_weight: expected shape {self.shape[:1]}, "
                f"got {sample_weight.shape}"
            )
        weight = Chunks(sample_weight.astype(float).rechunk(self.array.chunks[:1]))
        if bad := weight.fold(Survey.of_weights).bad:
            row, _, value = bad
            raise ValueError(
                f"sample_weight[{row}], in block {weight.block(row)}: expected a "
                f"finite number of at least 0, got {value}"
            )
        if weight.sum() == 0:
            check_sample_weight(np.zeros(1), 1)  # raises the error
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
        return self.fold(Survey.of_points)

    def min(self, axis=None):
        """The smallest number of each column (axis 0), or of all."""
        return self.survey.lowest if axis == 0 else self.survey.lowest.min()

    def max(self, axis=None):
        """The largest number of each column (axis 0), or of all."""
        return self.survey.highest if axis == 0 else self.survey.highest.max()

    @cached_property
    def _sum(self):
        return float(self.fold(np.sum))

    def sum(self):
        """The sum of all weights."""
        return self._sum

    def rows_at(self, places):
        """As :func:`rows_at`: first the chunk, then the row in it."""
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
            [start + of for start, of in zip(starts, dask.compute(*rows))]
        )

    def fold(self, of_chunk, sample_weight=None, add=operator.add):
        """The sum, in order, of what a function returns for the chunks that have rows.

        Parameters
        ----------
        of_chunk : function
            Of a chunk, and of its weights if there are any. It travels.
        sample_weight : Chunks or array, shape (n,), optional
        add : function
            Of two results.

        Returns
        -------
        What `add` returns
        """
        import dask.array as da

        added = partial(_added, add)
        result = da.reduction(
            self._map(of_chunk, sample_weight),
            chunk=_same,
            combine=added,
            aggregate=added,
            concatenate=False,
            split_every={0: FAN_IN},
            dtype=object,
            meta=np.empty((), dtype=object),
        )
        return result.to_delayed().item().compute()

    def _map(self, of_chunk, sample_weight=None):
        """The function of each chunk, lazily: None for one without rows.

        To read a chunk and to take its sums are one task: no chunk waits in memory.
        """
        import dask.array as da
        from dask import delayed

        weight = getattr(sample_weight, "array", sample_weight)
        if weight is not None and not is_dask(weight):
            weight = da.from_array(weight, chunks=self.array.chunks[:1])
        axes = "ij"[: len(self.shape)]
        return da.blockwise(
            _of_chunk,
            axes,
            self.array,
            axes,
            weight,
            None if weight is None else "i",
            # One object that each worker gets once, however many chunks it has.
            of_chunk=delayed(of_chunk, traverse=False),
            dtype=object,
            meta=np.empty((0,) * len(axes), dtype=object),
        )


def _of_chunk(chunk, weight, of_chunk):
    if not len(chunk):
        return None
    return of_chunk(chunk) if weight is None else of_chunk(chunk, weight)


def _same(result, axis, keepdims):
    return result


def _added(add, results, axis, keepdims):
    """The sum of results, in order, in whatever lists of lists they come."""
    results = list(_flat(results))
    return reduce(add, results) if results else None


def _flat(results):
    if isinstance(results, list):
        for part in results:
            yield from _flat(part)
    elif results is not None:
        yield results


def map_rows(function, X, columns=None, dtype=None):
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

    X = Chunks.of_points(X)
    dtype = dtype or X.dtype
    like = np.empty((0,) if columns is None else (0, columns), dtype)
    return X.array.map_blocks(
        _rows_of_chunk,
        starts=X.ends - X.array.chunks[0],
        like=like,
        function=delayed(function, traverse=False),
        chunks=X.array.chunks[:1] + like.shape[1:],
        drop_axis=1 if columns is None else None,
        meta=like,
    )


def _rows_of_chunk(chunk, starts, like, function, block_id=None):
    if not len(chunk):
        return like
    if place := not_finite(chunk):
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
    lowest, highest : array, shape (d,)
    bad : tuple of row, column and value, or None
    """

    n: int
    lowest: np.ndarray
    highest: np.ndarray
    bad: tuple | None

    @classmethod
    def of_points(cls, X):
        place = not_finite(X)
        bad = place and (*place, X[place])
        return cls(len(X), *extremes(X), bad)

    @classmethod
    def of_weights(cls, weight):
        good = (weight >= 0) & (weight < np.inf)
        bad = [(int(row), 0, weight[row]) for row in np.flatnonzero(~good)[:1]]
        return cls(len(weight), *extremes(weight), *bad or [None])

    def __add__(self, other):
        bad = self.bad
        if bad is None and other.bad is not None:
            row, column, value = other.bad
            bad = self.n + row, column, value
        return Survey(
            self.n + other.n,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
            bad,
        )


def extremes(X, sample_weight=None):
    """The smallest and the largest number of each column, over the rows that count.

    Parameters
    ----------
    X : array or Chunks, shape (n, d)
    sample_weight : array or Chunks, shape (n,), optional
        Rows of weight 0 do not count.

    Returns
    -------
    lowest, highest : array, shape (d,)
    """
    if sample_weight is None:
        return X.min(axis=0), X.max(axis=0)
    if isinstance(X, Chunks):
        return X.fold(extremes, sample_weight, _wider)
    counts = (sample_weight > 0)[:, None]  # to look past the others copies nothing
    lowest = X.min(axis=0, where=counts, initial=np.inf)
    return lowest, X.max(axis=0, where=counts, initial=-np.inf)


def _wider(one, other):
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])


def n_counted(X, sample_weight=None):
    """How many rows have a weight above 0."""
    return len(X) if sample_weight is None else int((sample_weight > 0).sum())


def rows_at(places, weight):
    """The rows on which these places lie, if each row is as long as its weight.

    Parameters
    ----------
    places : array, shape (m,)
        Ascending.
    weight : array or Chunks, shape (n,)

    Returns
    -------
    array of int, shape (m,)
        Ascending; never a row of weight 0.

    Examples
    --------
    >>> rows_at(np.array([0.5, 1.0, 2.5, 3.5]), np.array([1.0, 0.0, 2.0, 1.0]))
    array([0, 2, 2, 3])
    """
    if isinstance(weight, Chunks):
        return weight.rows_at(places)
    rows = np.searchsorted(np.cumsum(weight), places, side="right")
    return np.minimum(rows, np.flatnonzero(weight)[-1])
