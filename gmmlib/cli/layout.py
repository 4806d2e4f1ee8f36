"""How numbers stand in a text: what the file does not say of itself is guessed, and said.

The rows are those of Python's `csv`, from the beginning of the text.
"""

import codecs
import csv
import gzip
import io
import re
import sys
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}  # in any case
CURE = "--missing em fits without them, or drop that row"
HEAD = 2**15  # characters, from which all is guessed
BLANKS = " "  # the separator that stands for any run of blanks
# In this order, where two would separate as many numbers.
SEPARATORS = {"tab": "\t", ";": ";", "|": "|", ",": ",", "blanks": BLANKS}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NUMBER = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity)", re.ASCII | re.IGNORECASE
)
THREES = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)  # 1,234: 1.234, or 1234?


def printable(text):
    """The text; what would move a terminal's cursor is escaped.

    Examples
    --------
    >>> print(printable("width" + chr(27) + "[2J"))
    width\\x1b[2J
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def named(separator):
    """A separator in a message."""
    return {"\t": "tabs", BLANKS: "blanks"}.get(separator, f"'{separator}'")


def short(text):
    """A name in a message, not longer than a line."""
    return text if len(text) <= 40 else text[:39] + "…"


def shown(cell):
    """A cell in a message: in quotes."""
    return repr(short(cell))


@dataclass(frozen=True)
class Source:
    """Where text comes from, as often as it is asked for.

    Attributes
    ----------
    name : str
        What an error calls it.
    data : bytes or None
        All of standard input; None, if `name` is a path.
    encoding : str
    """

    name: str
    data: bytes | None = None
    encoding: str = "utf-8"

    def binary(self):
        if self.data is not None:
            return io.BytesIO(self.data)
        if Path(self.name).suffix.lower() == ".gz":
            return gzip.open(self.name, "rb")
        return open(self.name, "rb")

    def text(self):
        # A byte that is no text is a cell that is no number, or does not matter.
        return io.TextIOWrapper(
            self.binary(), encoding=self.encoding, errors="replace", newline=""
        )


def source_of(path):
    """Text in a file, or on standard input, and its encoding."""
    if path == "-":
        if sys.stdin is None:
            raise ValueError("standard input: expected CSV, got a closed stream")
        source = Source("standard input", sys.stdin.buffer.read())
    else:
        source = Source(path)
    with reading(source) as file:
        start = file.buffer.read(HEAD)
    return Source(source.name, source.data, encoding_of(start))


def encoding_of(start):
    """UTF-8, what its mark says, or else Western European.

    Examples
    --------
    >>> encoding_of("größe".encode()), encoding_of("größe".encode("latin-1"))
    ('utf-8', 'cp1252')
    """
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            # Incremental: its last character may be cut.
            codecs.getincrementaldecoder(encoding)().decode(start)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


@contextmanager
def reading(source, layout=None):
    """A text, from where its data begin; one line, if what it is packed in is broken."""
    try:
        with source.text() as stream:
            for _ in range(layout.first - 1 if layout else 0):
                next(stream)
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{source.name}: expected a whole gzip file; {error}"
        ) from None


def records(lines, separator, first=1, is_all=True):
    """The number of its first line, of its last, and the cells of each row.

    Comments and blank lines are left out.

    Parameters
    ----------
    lines : iterable of str
        With their ends.
    separator : str
    first : int
        The number of the first of the lines.
    is_all : bool
        Otherwise the last row may be cut.

    Raises
    ------
    csv.Error
        For quotes that do not close. The message says where.

    Examples
    --------
    >>> lines = ["# lengths\\n", "a,b\\n", "\\n", '"1\\n', '",2\\n', "3,4"]
    >>> list(records(lines, ","))
    [(2, 2, ['a', 'b']), (4, 5, ['1\\n', '2']), (6, 6, ['3', '4'])]
    """
    begun = number = 0

    def wanted():
        nonlocal begun, number
        for number, line in enumerate(lines, first):
            if begun or not is_idle(line, separator):
                begun = begun or number
                if separator == BLANKS:
                    line = line.replace("\t", " ").rstrip(" \r\n") + "\n"
                yield line

    rows = csv.reader(wanted(), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for cells in rows:
            yield begun, number, cells
            begun = 0
    except csv.Error as error:
        if is_all or "unexpected end" not in str(error):
            raise csv.Error(
                f"line {begun}: expected quotes that close before a separator; "
                f"{printable(str(error))}"
            ) from None


def is_idle(line, separator):
    """Whether a line is a comment or has nothing in it."""
    blanks = " \t\r\n" if separator != "\t" else " \r\n"
    start = line.lstrip(blanks)
    return not start or start.startswith("#")


def is_missing(cell):
    return cell.strip().lower() in MISSING


def number(cell, decimal="."):
    """The number in a cell, NaN for a missing one, or None.

    Examples
    --------
    >>> number(" 1,5", ","), number("NA"), number("1_1"), number("1,234.5")
    (1.5, nan, None, None)
    """
    cell = cell.strip()
    if decimal == ",":
        if "." in cell:
            return None
        cell = cell.replace(",", ".", 1)
    if NUMBER.fullmatch(cell):
        return float(cell)
    return np.nan if is_missing(cell) else None


# What is guessed


@dataclass(frozen=True)
class Layout:
    """How numbers stand in a text.

    Attributes
    ----------
    separator, decimal : str
    width : int
        The number of columns, row names included.
    names : list of str or None
        One for each column, from a header.
    row_names : bool
        Whether the first column is none of the features.
    first : int
        The number of the line with which the data begin.
    body : list of (int, int, list of str)
        The first rows of data, after their first and last lines.
    """

    separator: str
    decimal: str
    width: int
    names: list | None
    row_names: bool
    first: int
    body: list = field(repr=False)

    def texts(self):
        """The columns in which no cell is a number, counted from 0."""
        columns = []
        for j in range(self.width):
            cells = [row[j] for _, _, row in self.body if j < len(row)]
            cells = [cell for cell in cells if not is_missing(cell)]
            if cells and all(number(cell, self.decimal) is None for cell in cells):
                columns.append(j)
        return columns

    def sentence(self, encoding, columns):
        """What was guessed, for a reader."""
        parts = [f"read {self.width} column{'s' * (self.width > 1)}"]
        if self.width > 1:
            parts.append(f"separated by {named(self.separator)}")
        if self.separator != ",":
            parts.append(f"decimal '{self.decimal}'")
        if encoding not in ("utf-8", "utf-8-sig"):
            parts.append(f"in {encoding}")
        parts.append("named by a header" if self.names else "without a header")
        rest = "; the first, without a name, is taken for row names"
        return ", ".join(parts) + rest * (self.row_names and 0 not in columns)


def layout_of(source, separator=None, decimal=None, header=None):
    """How the numbers stand in a text, guessed from its beginning.

    Parameters
    ----------
    source : Source
    separator, decimal : str, optional
        What is known of them.
    header : bool, optional
        Whether there is one, if that is known.

    Raises
    ------
    ValueError
        If there is nothing, or what there is can be read in two ways. The message names
        the option that decides.
    """
    is_free = separator is decimal is None
    rows, separator = rows_of(source, separator, decimal)
    if not rows:
        raise ValueError(f"{source.name}: expected numbers, got an empty table")
    decimal = decimal or decimal_of(rows, separator, source.name)
    (first, last, names), body = rows[0], rows[1:]
    if not (is_header(rows, decimal) if header is None else header):
        return Layout(separator, decimal, len(names), None, False, first, rows)
    names = [printable(cell.strip()) for cell in names]
    is_short = bool(body) and len(body[0][2]) == len(names) + 1
    if is_short and len(names) == 1 and separator == "," and is_free:
        refuse_doubt(source.name, body)
    row_names = is_short or (len(names) > 1 and names[0] in ("", "Unnamed: 0"))
    names = [""] * is_short + names
    return Layout(separator, decimal, len(names), names, row_names, last + 1, body)


def head_of(source, size):
    """The first lines, and whether they are all."""
    with reading(source) as file:
        head = file.read(size) + file.readline() + file.readline()
        is_all = not file.read(1)
    if "\0" in head:
        raise ValueError(f"{source.name}: expected numbers as text, got a binary file")
    return list(io.StringIO(head, newline="")), is_all


def rows_of(source, separator, decimal, size=HEAD):
    """The rows of the head, by the separator that makes most of their cells numbers."""
    lines, is_all = head_of(source, size)
    candidates = [separator] if separator else list(SEPARATORS.values())
    if decimal == "," and "," in candidates:
        candidates.remove(",")
    found, reason = {}, None
    for candidate in candidates:
        try:
            found[candidate] = list(records(lines, candidate, is_all=is_all))
        except csv.Error as error:
            reason = error
    merits = {c: merit(rows, c, decimal) for c, rows in found.items()}
    best = max(found, key=merits.get, default=None)
    if best is None or (reason and not any(merits[best])):
        reason = f", {reason}" if reason else ": ',' cannot be both signs"
        raise ValueError(f"{source.name}{reason}")
    if len(found[best]) < 2 and not is_all:  # a long comment, or a long name
        return rows_of(source, separator, decimal, 8 * size)
    return found[best], best


def merit(rows, separator, decimal):
    """What speaks for a separator: columns with numbers, most of them, columns."""
    if not rows:
        return False, 0.0, False
    widths = Counter(len(cells) for _, _, cells in rows)
    width = max(widths, key=lambda w: (widths[w], w == len(rows[-1][2])))
    # A comma in the only column separates; as a decimal sign it has to be asked for.
    signs = decimal or (".," if width > 1 and separator != "," else ".")
    good = sum(
        any(number(cell, sign) is not None for sign in signs)
        for _, _, cells in rows
        if len(cells) == width
        for cell in cells
    )
    share = good / sum(len(cells) for _, _, cells in rows)
    return width > 1 and good > 0, share, width > 1


def decimal_of(rows, separator, name):
    """The decimal sign, or an error where both readings of 1,234 make sense."""
    if separator == "," or max(len(cells) for _, _, cells in rows) == 1:
        return "."
    cells = [(line, cell.strip()) for line, _, cells in rows for cell in cells]
    signs = {
        sign: [c for c in cells if sign in c[1] and number(c[1], sign) is not None]
        for sign in ",."
    }
    plain = {
        sign: sum(not THREES.fullmatch(cell) for _, cell in found)
        for sign, found in signs.items()
    }
    if any(plain.values()):
        return max(",.", key=plain.get)
    for sign in ",." if separator == ";" else ",":
        for line, cell in signs[sign][:1]:
            raise ValueError(
                f"{name}, line {line}: expected a number, got {cell!r}, which may be "
                f"{cell.replace(',', '.')} or {cell.replace(sign, '')}; say "
                f"--decimal {sign} if it is the first, or write thousands without a sign"
            )
    return "."


def refuse_doubt(name, body):
    """Raise an error if a name over two columns may stand over one, of decimal commas."""
    if all(re.fullmatch(r"[+-]?\d*,\d*", ",".join(cells)) for _, _, cells in body):
        line, cell = body[0][0], ",".join(body[0][2])
        raise ValueError(
            f"{name}, line {line}: expected one number below one name, got {cell!r}; say "
            "--decimal , if it is one, or --decimal . if the first is the row's name"
        )


def is_header(rows, decimal):
    """Whether the first row has names: text over numbers, or nothing but text."""
    first, body = rows[0][2], [cells for _, _, cells in rows[1:]]
    kinds = [kind(cell, decimal) for cell in first]
    if "number" in kinds or "text" not in kinds:
        return False
    shift = bool(body) and len(body[0]) == len(first) + 1
    for j, what in enumerate(kinds, shift):
        below = {kind(cells[j], decimal) for cells in body if j < len(cells)}
        if what == "text" and "number" in below:
            return True
    return all(what == "text" or not c.strip() for what, c in zip(kinds, first))


def kind(cell, decimal):
    value = number(cell, decimal)
    return "text" if value is None else "missing" if np.isnan(value) else "number"
