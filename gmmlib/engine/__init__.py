"""A pass over the data, fast and anywhere: the one door to it.

Points and weights come in here, and are checked once, by :func:`as_data`. What comes
out is a :class:`~gmmlib.engine.data.Data`, of which nobody outside asks what kind it
is: an array, a memory map or a Dask array.
"""

import sys

import numpy as np

from gmmlib.check import check_columns, check_points
from gmmlib.engine.arrays import InMemory
from gmmlib.engine.blocks import in_blocks
from gmmlib.engine.chunks import InChunks, map_chunks
from gmmlib.engine.data import Data
from gmmlib.engine.digits import keep_digits
from gmmlib.engine.incomplete import Incomplete, WithGaps, impute
from gmmlib.engine.together import SideBySide, draw_side_by_side, lloyd_side_by_side

__all__ = [
    "Data",
    "SideBySide",
    "WithGaps",
    "as_data",
    "as_points",
    "draw_side_by_side",
    "impute",
    "in_blocks",
    "keep_digits",
    "lloyd_side_by_side",
    "map_rows",
]


def as_data(
    X,
    sample_weight=None,
    n_features: int | None = None,
    look: bool = True,
    missing: str = "error",
) -> Data:
    """Points and their weights, checked.

    Parameters
    ----------
    X : array or Dask array, shape (n, d); or Data
        Data are returned as they are, with their own weights.
    sample_weight : array or Dask array, shape (n,), optional
        How often each point counts. An array for a Dask `X` is sent to the workers, a
        piece to each, in each pass.
    n_features : int, optional
        The number of columns that X must have.
    look : bool
        Whether a Dask array's values are looked at, too, which takes a pass. Else
        :meth:`~gmmlib.engine.data.Data.check_values` does so later.
    missing : {"error", "em"}
        With "em", NaN and what is masked are missing values: see
        :mod:`gmmlib.engine.incomplete`. A row without any value counts for nothing.

    Returns
    -------
    Data

    Raises
    ------
    ValueError, TypeError
        For what is no table of finite numbers. The message says where; for a Dask
        array it names the block, too.

    Examples
    --------
    >>> data = as_data([[1.0, 5.0], [3.0, 5.0]], sample_weight=[1.0, 2.0])
    >>> len(data), data.n_points, data.varies
    (2, np.float64(3.0), array([ True, False]))
    """
    if not isinstance(X, Data):
        X = admitted(X, missing)
        if missing == "em" and is_dask(X):
            raise TypeError(
                "X: expected an array in memory, with missing='em', got a Dask array; "
                "call X.compute(), or fit to a part of it"
            )
        in_memory = InMemory if missing == "error" else Incomplete
        kind = InChunks if is_dask(X) else in_memory
        data = kind.checked(X, sample_weight, n_features, look)
        if look:
            data.check_squares()
        return data
    if sample_weight is not None:
        raise ValueError(
            "sample_weight: expected None, since the data have their own; "
            "give it to as_data together with the points"
        )
    check_columns(X.n_features, n_features)
    return X


def is_dask(X):
    """Whether that is a Dask array; without importing Dask to find out."""
    dask_array = sys.modules.get("dask.array")
    return dask_array is not None and isinstance(X, dask_array.Array)


def admitted(X, missing):
    """The array, NaN for what is masked; or an error for one of another library.

    scikit-learn would gather a Dask DataFrame, and with its array API dispatch let others'
    arrays through.
    """
    sklearn, module = sys.modules.get("sklearn"), type(X).__module__
    if hasattr(X, "__dlpack__") and not isinstance(X, np.ndarray):
        if sklearn is not None and sklearn.get_config()["array_api_dispatch"]:
            raise TypeError(
                f"X: expected a NumPy array, got {module}.{type(X).__name__}; "
                "pass np.asarray(X), or switch array_api_dispatch off"
            )
    elif module.startswith("dask") and not is_dask(X):
        raise TypeError(
            f"X: expected an array, got Dask's {type(X).__name__}; pass "
            "X.to_dask_array(lengths=True), which is not gathered, or X.compute()"
        )
    if missing == "em" and isinstance(X, np.ma.MaskedArray):
        X = X.astype(np.result_type(X.dtype, np.float32)).filled(np.nan)
    return X


def as_points(X, missing="error"):
    """Points for :func:`map_rows`: an array is checked here, a Dask array chunk by chunk."""
    X = admitted(X, missing)
    return X if is_dask(X) else check_points(X, missing=missing)


def map_rows(function, points, n_numbers, columns=None, dtype=None, missing="error"):
    """A function of points, for all rows: an array, lazy for a Dask array.

    Parameters
    ----------
    function : function
        Of an array (m, d); returns one of shape (m,), or (m, columns).
    points : array or Dask array, shape (n, d)
        From :func:`as_points`.
    n_numbers : int
        How many numbers a point takes meanwhile.
    columns : int, optional
    dtype : dtype, optional
        Of the result: that of the points by default.
    missing : {"error", "em"}
        Whether the function takes NaN. Of a Dask array nobody has looked for it yet.
    """
    if is_dask(points):
        return map_chunks(function, points, columns, dtype, missing)
    dtype = np.dtype(dtype or points.dtype)
    shape = (len(points),) if columns is None else (len(points), columns)
    result, end = np.empty(shape, dtype), 0
    for rows in map(function, in_blocks(points, n_numbers)):
        begin, end = end, end + len(rows)
        result[begin:end] = rows
    return result
