"""Data in memory, or mapped into it: blocks of rows, on one thread or several."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache, reduce

import numpy as np

from gmmlib.check import check_points, check_sample_weight
from gmmlib.engine.blocks import block_rows
from gmmlib.engine.data import Data, add_pairs

# With fewer features or blocks than this, threads mostly wait for each other: with 2 to
# 4 of either, two of them take longer than one. See CONTRIBUTING.md.
LEAST_FEATURES, LEAST_BLOCKS = 8, 8


class InMemory(Data):
    """An array, which may be a map of a file."""

    def __init__(self, points, sample_weight=None):
        super().__init__(points, sample_weight)
        self._statistics = {}

    @classmethod
    def checked(cls, X, sample_weight, n_features, look):
        X = check_points(X, n_columns=n_features)
        return cls(X, check_sample_weight(sample_weight, len(X)))

    def check_values(self):
        """They are finite: `checked` has seen to it."""

    def place_of(self, is_meant):
        rows = block_rows(2 * self.n_features)  # not all at once: it may be a map
        for first in range(0, len(self), rows):
            for row, column in np.argwhere(is_meant(self.points[first : first + rows])):
                return f"[{first + row}, {column}]"
        return ""

    def fold(self, function, rows):
        """The sum of pairs that a function returns for blocks of so many rows."""
        few = len(self) <= rows * (LEAST_BLOCKS - 1)
        if self.n_features < LEAST_FEATURES or few:
            return fold_blocks(function, rows, self.points, self.sample_weight)
        # A block is too small to be worth several threads, but there are many blocks.
        with one_blas_thread as n_threads, ThreadPoolExecutor(n_threads) as pool:

            def map_blocks(function, blocks):
                try:
                    return pool.map(function, blocks)
                except RuntimeError:  # no thread can start, as in a browser
                    return map(function, blocks)

            weights = self.sample_weight
            return fold_blocks(function, rows, self.points, weights, map_blocks)

    def fold_products(self, products, rows):
        if len(self) > rows:
            return super().fold_products(products, rows)
        # Of a single block, what is the same in all passes is made in the first: it
        # would take an eighth of the time of a pass over 150 points.
        kind = type(products)
        if kind not in self._statistics:
            self._statistics[kind] = products.statistics(self.points)
        return products.sums_of(self._statistics[kind], self.sample_weight)

    def rows_at(self, places, weight):
        return rows_at(places, weight)

    def draw_rows(self, most, rng):
        if len(self) <= most:
            return self
        return InMemory(self.points[self.draw_row_numbers(most, rng)])

    def gathered(self, most, rng):
        return self

    def _middle(self):
        if self.sample_weight is None:
            return self.points.mean(axis=0, dtype=float)
        total, weight = self.fold(weighted_total, block_rows(self.n_features))
        return total / weight

    def _extremes(self):
        return extremes(self.points, self.sample_weight)


def weighted_total(points, sample_weight):
    """The sum of points, each as often as it counts, and of the weights."""
    return sample_weight @ points, sample_weight.sum()


def fold_blocks(function, rows, points, sample_weight=None, map_blocks=map):
    """The sum of pairs over blocks of so many rows, added in the blocks' order.

    One block after the other, unless `map_blocks` does it otherwise.
    """

    def of_part(first):
        part = slice(first, first + rows)
        weight = None if sample_weight is None else sample_weight[part]
        return function(points[part], weight)

    return reduce(add_pairs, map_blocks(of_part, range(0, len(points), rows)))


@cache
def blas():
    """The libraries below NumPy that bring threads of their own; slow to find."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


class OneBlasThread:
    """No more than one thread in each product of matrices, while anyone is inside.

    The limit is the process's, not a thread's. So the first who comes in sets it, and
    the last who leaves restores what was before: if each did, the last would restore
    the limit that another had set. Who comes in is told how many threads there were.
    """

    def __init__(self):
        self.begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.begin)

    def begin(self):
        """There is nobody inside: neither at first, nor in a process that is forked."""
        self.lock, self.n_inside = threading.Lock(), 0

    def __enter__(self):
        with self.lock:
            if self.n_inside == 0:
                threads = [library.num_threads for library in blas().lib_controllers]
                self.n_threads = max(threads, default=1)  # not every BLAS is known
                take_control()
                self.limit = blas().limit(limits=1)
            self.n_inside += 1
            return self.n_threads

    def __exit__(self, *error):
        with self.lock:
            self.n_inside -= 1
            if self.n_inside == 0:
                take_control()
                self.limit.restore_original_limits()
                take_control()


def take_control():
    """Let this thread set the limit: threadpoolctl 3.8 lets only the first that did."""
    for library in blas().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


one_blas_thread = OneBlasThread()


def extremes(points, sample_weight=None):
    """The smallest and the largest number of each column, over the rows that count.

    Parameters
    ----------
    points : array, shape (n, d)
    sample_weight : array, shape (n,), optional
        Rows of weight 0 do not count.

    Returns
    -------
    lowest, highest : array, shape (d,)
    """
    if sample_weight is None:
        return points.min(axis=0), points.max(axis=0)
    counts = (sample_weight > 0)[:, None]  # to look past the others copies nothing
    lowest = points.min(axis=0, where=counts, initial=np.inf)
    return lowest, points.max(axis=0, where=counts, initial=-np.inf)


def rows_at(places, weight):
    """The rows on which these places lie, if each row is as long as its weight.

    Parameters
    ----------
    places : array, shape (m,)
        Ascending.
    weight : array, shape (n,)

    Returns
    -------
    array of int, shape (m,)
        Ascending; never a row of weight 0.

    Examples
    --------
    >>> rows_at(np.array([0.5, 1.0, 2.5, 3.5]), np.array([1.0, 0.0, 2.0, 1.0]))
    array([0, 2, 2, 3])
    """
    rows = np.searchsorted(np.cumsum(weight), places, side="right")
    return np.minimum(rows, np.flatnonzero(weight)[-1])
