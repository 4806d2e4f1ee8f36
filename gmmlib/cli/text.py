"""The numbers in a text, or where it has none.

pandas reads the numbers. What it refuses or may have got wrong is read again cell by
cell, by `read_with_care`, which knows the place of each.
"""

import csv
import io
import re
import warnings
from array import array
from itertools import groupby, islice

import numpy as np

from gmmlib.cli.layout import (
    BLANKS,
    CURE,
    HEAD,
    MISSING,
    is_missing,
    number,
    reading,
    records,
    short,
    shown,
)
from gmmlib.progress import not_installed


def rows_from(source, layout):
    """The first line and the cells of each row of data, from the first to the last."""
    with reading(source, layout) as stream:
        try:
            for line, _, cells in records(stream, layout.separator, layout.first):
                if len(cells) != layout.width:
                    raise ValueError(
                        f"{source.name}, line {line}: expected {layout.width} "
                        f"cell{'s' * (layout.width > 1)}, got {len(cells)}"
                    )
                yield line, cells
        except csv.Error as error:
            raise ValueError(f"{source.name}, {error}") from None


def read_numbers(source, layout, columns):
    """The numbers in some columns, NaN for those that are missing.

    Parameters
    ----------
    source : Source
    layout : Layout
    columns : list of int
        Counted from 0.

    Returns
    -------
    array, shape (n, len(columns))
    """
    refuse_text(source, layout, columns)
    pandas = import_pandas()
    try:
        X, is_sure = read_fast(pandas, source, layout, columns)
    except MemoryError:
        raise
    except Exception:  # whatever it is: what follows finds its place, or reads it
        return read_with_care(source, layout, columns)
    if not is_sure:
        for _ in rows_from(source, layout):
            pass
    return X


def import_pandas():
    try:
        import pandas
    except ImportError as error:
        raise not_installed(error) from None
    return pandas


def read_fast(pandas, source, layout, columns):
    """The numbers, and whether no row can be longer or shorter than the others."""
    values = bytearray()  # grows where it lies
    # Once glibc has been given back as much, it keeps the memory of a block for the next.
    np.empty(2**23, np.uint8)
    with reading(source, layout) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = Rows(stream, layout.separator, has_blanks(source, layout))
        for frame in frames_of(pandas, rows, layout, columns):
            values += np.column_stack([frame[j] for j in columns]).data
    X = np.frombuffer(values).reshape(-1, len(columns))
    if rows.has_truth and np.isin(X, (0, 1)).any():
        raise ValueError("to pandas, True is 1")
    if rows.has_odd_quotes:
        raise ValueError('to pandas, "1"2 is 12')
    last = layout.width - 1
    # A short row ends in NaN, a long one has too many separators.
    is_sure = (
        layout.separator != BLANKS
        and rows.n_separators == len(X) * last
        and last in columns
        and not np.isnan(X[:, columns.index(last)]).any()
    )
    return X, is_sure


def has_blanks(source, layout):
    """Whether cells may begin with blanks, from the first rows of data.

    To skip them takes pandas a quarter of its time, and numbers do not need it. What
    does, a missing value or a quote, is read with care if it comes further down.
    """
    with reading(source, layout) as stream:
        return " " in stream.read(HEAD)


def frames_of(pandas, rows, layout, columns):
    """The rows as data frames, some thousands at a time."""
    return pandas.read_csv(
        rows,
        sep=r"\s+" if layout.separator == BLANKS else layout.separator,
        decimal=layout.decimal,
        header=None,
        names=range(layout.width),
        index_col=False,
        usecols=sorted(columns),
        dtype=float,
        na_values=[*MISSING, *map(str.upper, MISSING), "NaN", "Null", "None"],
        keep_default_na=False,
        skipinitialspace=rows.skips_blanks,
        engine="c",  # takes UTF-8 as bytes
        chunksize=2**16,
    )


class Rows:
    """A text for pandas: without comments, and looked at while it passes."""

    def __init__(self, stream, separator, skips_blanks):
        self.stream, self.separator = stream, separator
        self.skips_blanks = skips_blanks
        self.n_quotes = self.n_separators = 0
        self.has_truth = self.has_odd_quotes = False
        end = re.escape(separator)
        odd_quote = f'(?<=[^ {end}\n])"(?=[^{end}\n"])'
        self.odd_quote = re.compile(odd_quote + '| "' * (not skips_blanks))

    def read(self, size=-1):
        """Some whole lines, as UTF-8; nothing at the end only."""
        while text := self.stream.read(size) + self.stream.readline():
            if "\r" in text:  # after "\r\r" pandas would miss an empty first cell
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            if "#" in text:
                text = "".join(self.without_comments(text))
            if '"' in text:
                self.n_quotes += text.count('"')
                if self.odd_quote.search(text):
                    self.has_odd_quotes = True
            # A letter is found a hundred times as fast as a word.
            if any(c in text for c in "uUsS") and re.search("true|false", text, re.I):
                self.has_truth = True
            if data := text.encode():
                # NumPy counts four times as fast as Python.
                is_end = np.frombuffer(data, np.uint8) == ord(self.separator)
                self.n_separators += np.count_nonzero(is_end)
                return data
        return b""

    def without_comments(self, text):
        n_quotes = self.n_quotes
        for line in io.StringIO(text, newline=""):
            is_whole = n_quotes % 2 == 0  # not within a quoted cell
            if not (is_whole and line.lstrip(" \t").startswith("#")):
                n_quotes += line.count('"')
                yield line


def read_with_care(source, layout, columns):
    """The same numbers, cell by cell, or an error that names the cell."""
    values = array("d")
    for line, cells in rows_from(source, layout):
        for j in columns:
            value = number(cells[j], layout.decimal)
            if value is None:
                raise bad_cell(source, layout, line, cells, j)
            values.append(value)
    return np.frombuffer(values).reshape(-1, len(columns))


# What is wrong


def refuse_text(source, layout, columns):
    """Raise an error for a column of text, with the columns of numbers as its cure."""
    texts = layout.texts()
    for j in columns:
        if j in texts:
            line, cells = next(
                (line, cells)
                for line, _, cells in layout.body
                if j < len(cells) and not is_missing(cells[j])
            )
            left = set(range(layout.row_names, layout.width)) - set(texts)
            cure = f"; choose columns: --columns {spans(left)}" if left else ""
            raise bad_cell(source, layout, line, cells, j, cure)


def spans(numbers):
    """Numbers counted from 0, as they are counted from 1, and runs of them.

    Examples
    --------
    >>> spans({0, 1, 2, 4, 6, 7})
    '1-3,5,7,8'
    """
    parts = []
    for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        run = [str(j + 1) for _, j in run]
        parts += run if len(run) < 3 else [f"{run[0]}-{run[-1]}"]
    return ",".join(parts)


def bad_cell(source, layout, line, cells, j, cure=""):
    """The error for a cell that is no number, and what may help."""
    cell = cells[j].strip()
    return ValueError(
        f"{place(source, layout, line, cells, j)}: expected a number, "
        f"got {shown(cell)}{cure_of(cell, layout.decimal)}{cure}"
    )


def cure_of(cell, decimal):
    other = "," if decimal == "." else "."
    if is_missing(cell):
        return f"; {CURE}"
    if cell[-1].isdigit() and number(cell, other) is not None and other in cell:
        return f"; if it has the decimal sign, say --decimal {other}"
    if re.search(r"\d[,.'’_ ]\d{3}", cell):
        return "; write thousands without a sign between them"
    return ""


def place(source, layout, line, cells, j):
    """The place of a cell as an editor counts lines, and a spreadsheet columns."""
    line += len(re.findall("\r\n|\r|\n", "".join(cells[:j])))
    name = f" ({short(layout.names[j])})" if layout.names and layout.names[j] else ""
    return f"{source.name}, line {line}, column {j + 1}{name}"


def bad_row(source, layout, row, j):
    """The error for the cell of a row of data, counted from 0, that is not finite."""
    line, cells = next(islice(rows_from(source, layout), row, None))
    return bad_cell(source, layout, line, cells, j)
