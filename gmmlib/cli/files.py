"""Files in and out: data that are read whole or not at all, results that are complete.

A `.npy` file is mapped, not read: the fit takes it block by block. A CSV file is text,
and becomes an array in memory.
"""

import csv
import io
import os
import sys
import tempfile
from array import array
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gmmlib.check import check_points


def read_points(path):
    """The points of a `.npy` or `.csv` file, and the names of their features.

    Parameters
    ----------
    path : str
        ``-`` is CSV on standard input.

    Returns
    -------
    X : array, shape (n, d)
        A memory map, if the file is `.npy`.
    names : list of str
        From the CSV file's header; x1, x2, … without one.

    Raises
    ------
    ValueError, OSError
        If there is no such file, or it is not a table of finite numbers. The message
        says where.
    """
    suffix = Path(path).suffix.lower()
    if path == "-":
        X, names = read_csv(standard_input(), "standard input")
    elif suffix == ".npy":
        X, names = read_npy(path), None
    elif suffix == ".csv":
        with open(path, newline="", encoding="utf-8-sig") as file:
            X, names = read_csv(file, path)
    else:
        raise ValueError(f"{path}: expected a name that ends in .npy or .csv, or -")
    if X.size == 0:
        raise ValueError(f"{path}: expected numbers, got an empty table")
    return check_points(X, path), names or [f"x{i + 1}" for i in range(X.shape[1])]


def standard_input():
    """Text in UTF-8, whatever the terminal's encoding; a byte order mark is no text."""
    if sys.stdin is None:
        raise ValueError("standard input: expected CSV, got a closed stream")
    return io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")


def read_npy(path):
    """A memory map of the array in a `.npy` file; objects are never unpickled."""
    try:
        X = np.lib.format.open_memmap(path, mode="r")
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        if "Python objects" in reason:
            reason = "it holds pickled objects, which are not loaded: save numbers"
        elif "magic string" in reason:
            reason = "it does not begin as such a file does"
        raise ValueError(
            f"{path}: expected a .npy array of numbers; {reason}"
        ) from None
    if X.dtype.kind not in "fiub":
        raise ValueError(f"{path}: expected an array of numbers, got type {X.dtype}")
    if X.ndim != 2:
        raise ValueError(
            f"{path}: expected an array (n_samples, n_features), got shape {X.shape}; "
            "reshape(-1, 1) makes one feature of a list"
        )
    return X


def read_csv(file, name):
    """A table of numbers, separated by commas; names, if the first line has no number.

    Examples
    --------
    >>> read_csv(["a,b", "1,2", "3,4.5"], "points.csv")
    (array([[1. , 2. ],
           [3. , 4.5]]), ['a', 'b'])
    >>> read_csv(["1,2", "3,x"], "points.csv")
    Traceback (most recent call last):
    ...
    ValueError: points.csv, line 2, column 2: expected a number, got 'x'
    """
    names, width, values = None, None, array("d")
    rows = csv.reader(file, skipinitialspace=True)
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue  # an empty line
            where = f"{name}, line {rows.line_num}"
            numbers = [_number(cell) for cell in row]
            if width is None:
                width = len(row)
                if numbers == [None] * width:
                    names = [cell.strip() for cell in row]
                    continue
            if len(row) != width:
                raise ValueError(f"{where}: expected {width} cells, got {len(row)}")
            if None in numbers:
                column = numbers.index(None)
                raise ValueError(
                    f"{where}, column {column + 1}: expected a number, "
                    f"got {row[column]!r}"
                )
            values.extend(numbers)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{name}: expected numbers as text, separated by commas; {error}"
        ) from None
    return np.array(values).reshape(-1, width or 1), names


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


@contextmanager
def writing(path):
    """Errors of the system name this file, and not a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), path) from None


@contextmanager
def complete_files(*paths):
    """Places to write to; what is there becomes `paths`, if all goes well to the end.

    Parameters
    ----------
    *paths : str or None
        None, for a file that nobody asked for, stays None.

    Yields
    ------
    list of Path or None
        In a temporary folder beside each.
    """
    folders, places = [], []
    try:
        for path in paths:
            if path is not None:
                parent = Path(path).resolve().parent
                folders.append(tempfile.TemporaryDirectory(".part", ".gmmlib-", parent))
                path = Path(folders[-1].name, Path(path).name)
            places.append(path)
        yield places
        for path, place in zip(paths, places):
            if place is not None:
                os.replace(place, path)
    finally:
        for folder in folders:
            folder.cleanup()


def write_table(place, blocks, shape, dtype, names):
    """Write rows that come in blocks, as NPY or CSV by the name's ending.

    Parameters
    ----------
    place : Path
    blocks : iterable of arrays
    shape : tuple
        Of all blocks together.
    dtype : dtype
    names : list of str
        The CSV file's header.
    """
    if place.suffix.lower() == ".npy":
        # Not a memory map: on a full disk writing to one ends the process.
        about = dict(descr=np.lib.format.dtype_to_descr(np.dtype(dtype)), shape=shape)
        with open(place, "wb") as file:
            np.lib.format.write_array_header_1_0(file, about | {"fortran_order": False})
            for block in blocks:
                file.write(np.ascontiguousarray(block, dtype).data)
    else:
        with open(place, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for block in blocks:
                writer.writerows(block.reshape(len(block), -1).tolist())
