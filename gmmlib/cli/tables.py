"""Data in: a table of numbers, from a file of any of the usual kinds, or one clear error.

A `.npy` file is mapped, not read: the fit takes it block by block. All others become an
array in memory.
"""

import csv
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from gmmlib.check import bad_value
from gmmlib.cli.layout import CURE, layout_of, printable, short, shown, source_of
from gmmlib.cli.text import bad_row, read_numbers, spans

TEXTS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
KINDS = (*TEXTS, ".parquet", ".npz", ".npy")


@dataclass(frozen=True)
class Table:
    """Points, and where they come from.

    Attributes
    ----------
    X : array, shape (n, d)
        NaN where a value is missing.
    names : list of str
        Of the d features.
    about : dict
        What was guessed, and which columns of the file are features, counted from 1.
    sentence : str
        The same for a reader; empty, if nothing was guessed.
    error : callable
        The error for a row and a column of X whose value is not finite.
    """

    X: Any
    names: list
    about: dict
    sentence: str
    error: Callable


def read_table(path, columns=None, separator=None, decimal=None, header=None):
    """The table in a file, or on standard input.

    Parameters
    ----------
    path : str
        ``-`` is text on standard input.
    columns : str, optional
        Which columns are features: names, numbers counted from 1, and runs of numbers,
        with commas between. All by default, but for row names.
    separator, decimal : str, optional
        Of a text; guessed by default.
    header : bool, optional
        Whether a text has one; guessed by default.

    Returns
    -------
    Table

    Raises
    ------
    ValueError, OSError
        If there is no such file, or it is no table of numbers. The message says where.
    """
    kind = path.lower() if path == "-" else "".join(Path(path).suffixes[-2:]).lower()
    if path == "-" or kind.endswith(TEXTS):
        table = read_text(path, columns, separator, decimal, header)
    elif kind.endswith(".parquet"):
        table = read_parquet(path, columns)
    elif kind.endswith(".npz"):
        X, name = read_npz(path)
        table = table_of(path, X, columns, f"read the array {name}")
    elif kind.endswith(".npy"):
        table = table_of(path, read_npy(path), columns)
    else:
        endings = ", ".join(KINDS[:-1])
        raise ValueError(
            f"{path}: expected a name that ends in {endings} or {KINDS[-1]}, or -"
        )
    if table.X.size == 0:
        raise ValueError(f"{path}: expected numbers, got an empty table")
    return table


def check_cells(table, allow_missing=False):
    """Raise an error for the first value that is missing, or infinite.

    Parameters
    ----------
    table : Table
    allow_missing : bool
        Only infinite ones are wrong.
    """
    for first in range(0, len(table.X), 2**16):
        block = table.X[first : first + 2**16]
        good = ~np.isinf(block) if allow_missing else np.isfinite(block)
        if not good.all():
            row, column = np.argwhere(~good)[0].tolist()
            raise table.error(first + row, column)


def choose(text, names, path):
    """The columns that a list names, counted from 0.

    Parameters
    ----------
    text : str
        Names, numbers counted from 1, runs like 2-4; commas between.
    names : list of str
        Of all columns.
    path : str

    Examples
    --------
    >>> choose("width,1-2", ["length", "height", "width"], "points.csv")
    [2, 0, 1]
    """
    columns = []
    for entry in next(csv.reader([text], skipinitialspace=True), []):
        run = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", entry.strip(), re.ASCII)
        if entry.strip() in names:
            found = [j for j, name in enumerate(names) if name == entry.strip()]
            if len(found) > 1:
                raise ValueError(
                    f"{path}: expected a name of one column, got {entry.strip()!r}, "
                    f"the name of columns {spans(found)}; choose them by number"
                )
        elif run and 1 <= int(run[1]) <= int(run[2] or run[1]) <= len(names):
            found = range(int(run[1]) - 1, int(run[2] or run[1]))
        else:
            raise no_column(entry.strip(), names, path)
        columns += found
    if not columns or len(set(columns)) < len(columns):
        raise ValueError(f"{path}: expected --columns, each once, got {text!r}")
    return columns


def no_column(entry, names, path):
    near = get_close_matches(entry, names, 1)
    listed = ", ".join(map(short, names[:10])) + ", …" * (len(names) > 10)
    near = f"; did you mean {short(near[0])}?" if near else f"; they are {listed}"
    return ValueError(
        f"{path}: expected --columns by name, or by number from 1 to {len(names)}, "
        f"got {shown(entry)}{near}"
    )


# Text


def read_text(path, columns, separator, decimal, header):
    """A table of text, from a file or from standard input."""
    source = source_of(path)
    layout = layout_of(source, separator, decimal, header)
    names = layout.names or [""] * layout.width
    names = [name or f"x{j + 1}" for j, name in enumerate(names)]
    if not layout.body:
        raise ValueError(f"{source.name}: expected numbers, got an empty table")
    features = list(range(layout.row_names, layout.width))
    if columns is not None:
        features = choose(columns, names, source.name)
    about = {
        "columns": [j + 1 for j in features],
        "separator": layout.separator if layout.width > 1 else None,
        "decimal": layout.decimal,
        "encoding": source.encoding,
        "header": layout.names is not None,
        "row_names": layout.row_names,
    }
    return Table(
        read_numbers(source, layout, features),
        [names[j] for j in features],
        about,
        layout.sentence(source.encoding, features),
        lambda row, column: bad_row(source, layout, row, features[column]),
    )


# Arrays


def table_of(path, X, columns, sentence=""):
    """A table of the columns of an array."""
    if X.dtype.kind not in "fiub":
        raise ValueError(f"{path}: expected an array of numbers, got type {X.dtype}")
    if X.ndim != 2:
        raise ValueError(
            f"{path}: expected an array (n_samples, n_features), got shape {X.shape}; "
            "reshape(-1, 1) makes one feature of a list"
        )
    names = [f"x{j + 1}" for j in range(X.shape[1])]
    features = list(range(X.shape[1]))
    if columns is not None:
        features = choose(columns, names, path)
        X = X[:, as_slice(features)]
    if X.dtype not in (np.float64, np.float32):
        X = X.astype(np.float64)
    return Table(
        X,
        [names[j] for j in features],
        {"columns": [j + 1 for j in features]},
        sentence,
        lambda row, column: bad_number(
            f"{path}[{row}, {features[column]}]", X[row, column]
        ),
    )


def bad_number(where, value):
    """The error for a value that is missing, or infinite."""
    if np.isnan(value):
        return ValueError(f"{where}: expected a number, got NaN; {CURE}")
    return bad_value(where, value)


def as_slice(columns):
    """A slice, where there is one: a memory map stays one."""
    steps = set(np.diff(columns).tolist())
    if len(steps) > 1 or min(steps, default=1) < 0:
        return columns
    return slice(columns[0], columns[-1] + 1, *steps)


def read_npy(path):
    """A memory map of the array in a `.npy` file; objects are never unpickled."""
    with open(path, "rb") as file:
        start = file.read(6)
    try:
        if start != b"\x93NUMPY":
            raise ValueError("it does not begin as such a file does")
        # Not np.load, whose words for the same damage differ from version to version.
        return np.lib.format.open_memmap(path, mode="r")
    except (OSError, MemoryError):
        raise
    except Exception as error:  # NumPy's parser of headers has many
        reason = str(error).partition("\n")[0]
        if "Object arrays" in reason or "Python objects" in reason:
            reason = "it holds pickled objects, which are not loaded: save numbers"
        raise ValueError(
            f"{path}: expected a .npy array of numbers; {printable(reason)}"
        ) from None


def read_npz(path):
    """The one two-dimensional array in a `.npz` file, and its name."""
    with open(path, "rb") as file:
        try:
            return only_table(file)
        except MemoryError:
            raise
        except Exception as error:  # those of zip, of what packs it, and of NumPy
            reason = str(error).partition("\n")[0]
    if "Object arrays" in reason:
        reason = "it holds pickled objects, which are not loaded: save numbers"
    raise ValueError(
        f"{path}: expected a .npz file of one 2-D array; {printable(reason)}"
    )


def only_table(file):
    with zipfile.ZipFile(file) as archive:
        shapes = {
            member.removesuffix(".npy"): shape_of(archive, member)
            for member in archive.namelist()
            if member.endswith(".npy")
        }
        tables = [name for name, shape in shapes.items() if len(shape) == 2]
        if len(tables) != 1:
            has = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(f"it holds {has or 'none'}")
        with archive.open(f"{tables[0]}.npy") as member:
            return np.lib.format.read_array(member), printable(tables[0])


def shape_of(archive, member):
    """The shape of an array, from its header alone."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        name = "read_array_header_1_0" if version == (1, 0) else "read_array_header_2_0"
        return getattr(np.lib.format, name)(file)[0]


# Parquet


def read_parquet(path, columns):
    """The columns of a Parquet file, row names left out."""
    with open(path, "rb") as file:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError as error:
            raise ImportError(f"{error}: pip install pyarrow brings it") from None
        try:
            return parquet_table(path, parquet.ParquetFile(file), columns)
        except (pa.ArrowException, OSError) as error:
            reason = printable(str(error).partition("\n")[0])
            raise ValueError(f"{path}: expected a Parquet file; {reason}") from None


def parquet_table(path, file, columns):
    schema = file.schema_arrow
    names = [printable(name) for name in schema.names]
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    features = [j for j, name in enumerate(schema.names) if name not in index]
    sentence = f"read {len(names)} column{'s' * (len(names) > 1)}"
    if columns is not None:
        features = choose(columns, names, path)
    elif len(features) < len(names):
        sentence += "; row names are left out"
    check_types(path, schema, names, features)
    X = numbers_of(file, [schema.names[j] for j in features])

    def error(row, column):
        where = f"{path}, row {row + 1}, column {features[column] + 1}"
        name = short(names[features[column]])
        return bad_number(f"{where} ({name})", X[row, column])

    about = {"columns": [j + 1 for j in features]}
    return Table(X, [names[j] for j in features], about, sentence, error)


def numbers_of(file, names):
    """The numbers in the columns with these names; NaN where there is none."""
    X = np.empty((file.metadata.num_rows, len(names)))
    first = 0
    for batch in file.iter_batches(columns=names):
        for i, name in enumerate(names):
            block = batch.column(name).to_numpy(zero_copy_only=False)
            X[first : first + len(batch), i] = block
        first += len(batch)
    return X


def check_types(path, schema, names, features):
    """Raise an error for a column that has no numbers, or no name of its own."""
    import pyarrow as pa

    tests = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean
    numbers = {
        j for j, kind in enumerate(schema.types) if any(test(kind) for test in tests)
    }
    for j in features:
        where = f"{path}, column {j + 1} ({short(names[j])})"
        if j not in numbers:
            cure = f"; choose columns: --columns {spans(numbers)}" if numbers else ""
            raise ValueError(
                f"{where}: expected numbers, got type {schema.types[j]}{cure}"
            )
        if schema.names.count(schema.names[j]) > 1:
            raise ValueError(f"{where}: expected another name for each column")
