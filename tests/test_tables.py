"""Data in: every number arrives, or the message says where it does not."""

import codecs
import csv
import gzip
import io
import math
import re
import sys
import tempfile
import zipfile
import zlib
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from cases import properties
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gmmlib.cli import text
from gmmlib.cli.layout import Layout, Source, layout_of, source_of
from gmmlib.cli.tables import check_cells, choose, read_npy, read_table

NAN = math.nan


def write(folder, content, name="a.csv"):
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return str(path)


def read(folder, content, name="a.csv", **options):
    table = read_table(write(folder, content, name), **options)
    check_cells(table)
    return table


def refused(folder, content, name="a.csv", **options):
    """The message, without the folder."""
    with pytest.raises(ValueError) as caught:
        read(folder, content, name, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{folder}/", "")


# Separators, decimal signs, names


@pytest.mark.parametrize(
    "content, rows, names, sentence",
    [
        ("1,2\n3,4.5\n", [[1, 2], [3, 4.5]], "x1 x2", "2 columns, separated by ',', wi"),
        ("a,b\r\n1,2\r\n", [[1, 2]], "a b", "',', named by a header"),
        ("a,b\r1,2\r3,4", [[1, 2], [3, 4]], "a b", "',', named by a header"),
        ("1, 2\n3,\t4", [[1, 2], [3, 4]], "x1 x2", "',', without a header"),
        ("a;b\n1,5;2\n3;4\n", [[1.5, 2], [3, 4]], "a b", "';', decimal ',', named"),
        ("1.5;2\n", [[1.5, 2]], "x1 x2", "';', decimal '.', without"),
        ("1,5;2,5", [[1.5, 2.5]], "x1 x2", "';', decimal ','"),
        ("a\tb\n1,5\t2\n", [[1.5, 2]], "a b", "tabs, decimal ','"),
        ("1\t2\n\t\n3\t4".replace("\t\n", "\n"), [[1, 2], [3, 4]], "x1 x2", "tabs"),
        ("1|2\n3|4", [[1, 2], [3, 4]], "x1 x2", "'|'"),
        ("a  b\n 1   2.5 \n\t10 -3\n", [[1, 2.5], [10, -3]], "a b", "blanks, decimal '.'"),
        ("1,5 2,5\n3 4\n", [[1.5, 2.5], [3, 4]], "x1 x2", "blanks, decimal ','"),
        ("1,5\n2,5\n", [[1, 5], [2, 5]], "x1 x2", "read 2 columns, separated by ','"),
        ("a\n1\n2\n", [[1], [2]], "a", "read 1 column, decimal '.', named"),
        ("my length\n1.5\n2\n", [[1.5], [2]], "my length", "read 1 column"),
        ('"a","b, c"\n"1",2\n', [[1, 2]], "a|b, c", "','"),
        ("# a,b\n\n1,2\n#3,4\n \t\n5,6\n", [[1, 2], [5, 6]], "x1 x2", "without a header"),
        ("+1,.5\n1.,-2E+3\n", [[1, 0.5], [1, -2000]], "x1 x2", "','"),
        ("Bob;1,5\nSmith, Al;2\n", None, "x2", "';', decimal ','"),
    ],
)  # fmt: skip
def test_a_text_is_read_as_it_is_meant_and_that_is_said(
    tmp_path, content, rows, names, sentence
):
    table = read(tmp_path, content, columns=None if rows else "2")
    np.testing.assert_array_equal(table.X, rows or [[1.5], [2]])
    assert table.X.dtype == float and table.X.flags.c_contiguous
    assert table.names == re.split(r"\|" if "|" in names else r" (?!length)", names)
    assert sentence in table.sentence


@pytest.mark.parametrize(
    "content, rows, names",
    [
        (",a,b\n0,1,2\n1,3,4\n", [[1, 2], [3, 4]], ["a", "b"]),
        ('"","a"\n"1",2\n"x",3\n', [[2], [3]], ["a"]),
        ("Unnamed: 0,a\n0,1\n", [[1]], ["a"]),
        ('"a" "b"\n"r 1" 1 2\n"r 2" 3 4\n', [[1, 2], [3, 4]], ["a", "b"]),
        ("a;b\nx;1;2\n", [[1, 2]], ["a", "b"]),
    ],
)
def test_a_first_column_without_a_name_is_none_of_the_features(
    tmp_path, content, rows, names
):
    table = read(tmp_path, content)
    np.testing.assert_array_equal(table.X, rows)
    assert table.names == names and table.about["row_names"] is True
    assert table.about["columns"] == list(range(2, 2 + len(names)))
    assert table.sentence.endswith(
        "; the first, without a name, is taken for row names"
    )
    if content.startswith(",a"):
        table = read(tmp_path, content, columns="1,a")
        assert table.names == ["x1", "a"] and table.X.tolist() == [[0, 1], [1, 3]]
        assert "row names" not in table.sentence


@pytest.mark.parametrize(
    "content, options, rows",
    [
        ("1,5\n2,5\n", dict(decimal=","), [[1.5], [2.5]]),
        ("1,234;2\n", dict(decimal=","), [[1.234, 2]]),
        ("1.234;2\n", dict(decimal="."), [[1.234, 2]]),
        ("price\n1,234\n", dict(decimal=","), [[1.234]]),
        ("price\n1,234\n", dict(decimal="."), [[234]]),
        ("2001,2002\n1,2\n", dict(header=True), [[1, 2]]),
        ("1;2,5\n", dict(separator=",", columns="2"), [[5]]),
    ],
)
def test_an_option_decides(tmp_path, content, options, rows):
    assert read(tmp_path, content, **options).X.tolist() == rows


def test_the_first_line_is_names_or_is_not(tmp_path):
    assert "line 1, column 1: expected a number, got 'a'" in refused(
        tmp_path, "a,b\n1,2\n", header=False
    )
    table = read(tmp_path, "2001,2002\n1,2\n", header=True)
    assert table.names == ["2001", "2002"] and table.about["header"] is True
    assert read(
        tmp_path, "Bob,NA,?\nAl,1,2\n3,4,5", columns="3", header=True
    ).names == ["?"]


@pytest.mark.parametrize("first", ["NA,?", "?,?", "nan,NULL", ",NA", "NaN,null"])
def test_missing_values_are_no_header(tmp_path, first):
    message = refused(tmp_path, f"{first}\n1,2\n")
    cell = first.split(",")[0]
    assert message == (
        f"a.csv, line 1, column 1: expected a number, got '{cell}'; "
        "--missing em fits without them, or drop that row"
    )


def test_text_and_missing_values_are_no_header_either(tmp_path):
    path = write(tmp_path, "Bob,NA,?\nAl,1,2\nCy,3,4\n")
    table = read_table(path, columns="2,3")
    np.testing.assert_array_equal(table.X, [[NAN, NAN], [1, 2], [3, 4]])
    assert table.about["header"] is False


@pytest.mark.parametrize(
    "content, message",
    [
        ("1,234;2\n3,456;12\n", "line 1: .* '1,234', which may be 1.234 or 1234; say --dec"),
        ("a\tb\n12\t1,234\n", "line 2: .* '1,234', which may be 1.234 or 1234; say --decimal ,"),
        ("1.234;2\n3.456;1\n", r"line 1: .* '1.234', which may be 1.234 or 1234; say --decimal \."),
        ("price\n1,234\n5,678\n", "line 2: expected one number below one name, got '1,234'"),
        ("price\n1,5\n5,25\n", "line 2: .* got '1,5'; say --decimal , if it is one"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_apart_asks_for_an_option(tmp_path, content, message):
    assert re.match(f"a.csv, {message}", refused(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        '"1,234",2\n5,6\n7,8',
        "1.234,5;2\n3,4;5\n",
        "1,234.5;2\n3;5\n",
        "1 234,5;2\n3,5;4",
        "1'234;2\n3;4",
        "1_234,2\n1,2",
        "2;1,5\n1,234,567;3",
        "3;2\n1.234.567;3",
    ],
)
def test_thousands_never_become_another_number(tmp_path, content):
    line, column = (2, 1) if content[:2] in ("2;", "3;") else (1, 1)
    message = refused(tmp_path, content)
    assert message.startswith(
        f"a.csv, line {line}, column {column}: expected a number, got "
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["a.csv", "A.TSV", "a.txt", "a.csv.gz", "a.b.txt.gz"])
def test_any_encoding_and_ending(tmp_path, encoding, name):
    content = "größe;“b”\n1,5;2\n3;4\n".encode(encoding)
    table = read(tmp_path, content, name)
    assert table.names == ["größe", "“b”"]
    assert table.X.tolist() == [[1.5, 2], [3, 4]]
    assert table.about["encoding"] == encoding
    assert ("in " in table.sentence) is (not encoding.startswith("utf-8"))


def test_both_orders_of_utf_16_and_bytes_that_no_western_character_has(tmp_path):
    content = "é;b\n1;2\n"
    for mark, encoding in [
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
    ]:
        table = read(tmp_path, mark + content.encode(encoding))
        assert table.names == ["é", "b"] and table.X.tolist() == [[1, 2]]
    table = read(tmp_path, b"\xe9\x81;b\n1;2\n")
    assert table.names == ["é\\x81", "b"] and table.about["encoding"] == "latin-1"


def test_comments_are_left_out_block_by_block_but_not_within_quotes():
    content = '#x\n1,2\n"a\n#b",1\n# c "\n #d\n3,4\n'
    for size in (1, 5, 9, 99):
        rows = text.Rows(io.StringIO(content, newline=""), ",", True)
        read = b"".join(iter(partial(rows.read, size), b""))
        assert read == b'1,2\n"a\n#b",1\n3,4\n'
        assert rows.n_separators == 3


def test_comments_that_are_longer_than_the_head(tmp_path):
    content = "# licence\n" * 20_000 + "a;b\n1,5;2\n" + "# x\n" * 9999 + "2;x\n3;4"
    assert refused(tmp_path, content).startswith("a.csv, line 30002, column 2 (b)")
    assert read(tmp_path, content.replace("2;x", "2;3")).X[:2].tolist() == [
        [1.5, 2],
        [2, 3],
    ]


def test_a_character_that_the_head_cuts_is_no_other_encoding(tmp_path, monkeypatch):
    monkeypatch.setattr("gmmlib.cli.layout.HEAD", 3)  # bytes, then characters
    assert read(tmp_path, "aaé,b\n1,2\n").names == ["aaé", "b"]


def test_standard_input_is_text_and_named_in_errors(monkeypatch):
    def piped(content):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        return read_table("-")

    table = piped("\ufeffé;b\n1,5;2\n".encode("utf-16-le"))
    assert table.X.tolist() == [[1.5, 2]] and table.names == ["é", "b"]
    with pytest.raises(
        ValueError, match=r"^standard input, line 2, column 2 \(b\): .* 'b'$"
    ):
        piped(b"a,b\n1,b\n3,4\n")
    with pytest.raises(ValueError, match="standard input, line 3, column 1 .* 'NA'"):
        check_cells(piped(b"a,b\n1,2\nNA,4\n"))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ValueError, match="^standard input: expected .* closed stream"):
        read_table("-")


# Which columns

IRIS = "id,length,width,kind\nr1,1,2,red\nr2,3,4,#blue\n"


@pytest.mark.parametrize(
    "columns, names",
    [
        ("length,width", ["length", "width"]),
        ("2-3", ["length", "width"]),
        ("3, length", ["width", "length"]),
        ("3", ["width"]),
    ],
)
def test_columns_by_name_and_by_number(tmp_path, columns, names):
    values = {"length": [1, 3], "width": [2, 4]}
    table = read(tmp_path, IRIS, columns=columns)
    assert table.names == names
    np.testing.assert_array_equal(table.X.T, [values[name] for name in names])
    assert table.about["columns"] == [2 + (name == "width") for name in names]


@pytest.mark.parametrize(
    "columns, message",
    [
        (None, r"line 2, column 1 (id): .* 'r1'; choose columns: --columns 2,3"),
        ("width,kind", "line 2, column 4 (kind): .* 'red'; choose columns: --columns 2,3"),
        ("widht", "by name, or by number from 1 to 4, got 'widht'; did you mean width?"),
        ("5", "got '5'; they are id, length, width, kind"),
        ("0", "got '0'"),
        ("3-2", "got '3-2'"),
        ("2-5", "got '2-5'"),
        ("2-", "got '2-'"),
        ("width,3", "each once, got 'width,3'"),
        ("", "each once, got ''"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_features(tmp_path, columns, message):
    message = ".*".join(map(re.escape, message.split(".*")))
    assert re.search(message, refused(tmp_path, IRIS, columns=columns))


def test_a_name_comes_before_a_number_and_must_be_one_columns():
    assert choose("2", ["2", "1", "x"], "a") == [0]
    assert choose('"a, b",2', ["x", "y", "a, b"], "a") == [2, 1]
    with pytest.raises(
        ValueError, match="'a', the name of columns 1,3; choose them by"
    ):
        choose("a", ["a", "b", "a"], "a.csv")


# What is wrong, and where

CURE = "; --missing em fits without them, or drop that row"
SAY = "; if it has the decimal sign, say --decimal "
QUOTES = "expected quotes that close before a separator; "


@pytest.mark.parametrize(
    "content, message",
    [
        ("1,b\n3,4", "line 1, column 2: expected a number, got 'b'"),
        ("a,b\nc,d\n", "line 2, column 1 (a): expected a number, got 'c'"),
        ("a,b\n1,2\n3,x\n", "line 3, column 2 (b): expected a number, got 'x'"),
        ("#\n#\n\na,b\n# x\n1,2\n \n3,x\n", "line 8, column 2 (b): expected a number, got 'x'"),
        ('"a\nb",c\n1,2\n"3",x\n', "line 4, column 2 (c): expected a number, got 'x'"),
        (',a\r\n"x\r\ny",1\r\n"x\r\n\r\n#",z\r\n2,2',
         "line 6, column 2 (a): expected a number, got 'z'"),
        ("a,b\r1,2\r3,x\r", "line 3, column 2 (b): expected a number, got 'x'"),
        ("a,b\n1,2\n3,\n", "line 3, column 2 (b): expected a number, got ''" + CURE),
        ("a,b\n1,2\n,NA\n", "line 3, column 1 (a): expected a number, got ''" + CURE),
        ("1,2\n3,nan\n", "line 2, column 2: expected a number, got 'nan'" + CURE),
        ("1,2\n3,-inf\n", "line 2, column 2: expected a number, got '-inf'"),
        ("1,2\n3,1e400\n", "line 2, column 2: expected a number, got '1e400'"),
        ("1,2\n3,1_1\n", "line 2, column 2: expected a number, got '1_1'"),
        ("1,2\n3,0x1\n", "line 2, column 2: expected a number, got '0x1'"),
        ("1,2\n3,１\n", "line 2, column 2: expected a number, got '１'"),
        ("a,b\n1,True\n3,1\n4,0\n", "line 2, column 2 (b): expected a number, got 'True'"),
        ("1;2\n3,5;4\n1.5;2\n1,25;3", "line 3, column 1: expected a number, got '1.5'" + SAY + "."),
        ("5\n1,25\n3\n2", "line 2, column 1: expected a number, got '1,25'" + SAY + ","),
        ("1,2\n3," + "x" * 99, "line 2, column 2: expected a number, got '" + "x" * 39 + "…'"),
        ("1,2\n3,4\n" * 9999 + '5,"1"2\n', "line 19999: " + QUOTES + "',' expected after '\"'"),
        ("1,2\n3\n4,5", "line 2: expected 2 cells, got 1"),
        ("a,b\n1,2\n3\n4,5", "line 3: expected 2 cells, got 1"),
        ("1,2\n3,4,5\n6,7", "line 2: expected 2 cells, got 3"),
        ("1,2\n3,4,\n6,7", "line 2: expected 2 cells, got 3"),
        ("1 2\n3 4 5\n6 7", "line 2: expected 2 cells, got 3"),
        ("1 2\n3 4\n6", "line 3: expected 2 cells, got 1"),
        ("1,2,3\n3,4,5,6\n6,7\n8,9,1", "line 2: expected 3 cells, got 4"),
        ("1,2,\n3,4,\n", "line 1, column 3: expected a number, got ''" + CURE),
        ('a,b\n1,"2\n3,4\n', "line 2: " + QUOTES + "unexpected end of data"),
        ('a,b\n1,2\n1,"2"x\n3,4\n', "line 3: " + QUOTES + "',' expected after '\"'"),
    ],
)  # fmt: skip
def test_a_row_or_cell_is_named(tmp_path, content, message):
    assert refused(tmp_path, content) == f"a.csv, {message}"


@pytest.mark.parametrize(
    "line, message",
    [
        ("x,2,n", "column 1 (a): expected a number, got 'x'"),
        ("1,,n", "column 2 (b): expected a number, got ''; --missing"),
        ("1,inf,n", "column 2 (b): expected a number, got 'inf'"),
        ("1,2", ": expected 3 cells, got 2"),
        ("1,2,n,", ": expected 3 cells, got 4"),
        ("True,2,n", "column 1 (a): expected a number, got 'True'"),
        ('1,2,"n', ": expected quotes that close"),
    ],
)
@pytest.mark.parametrize("comment", ["", "#,\n\n"])
def test_far_from_the_beginning_too(tmp_path, line, message, comment):
    """Beyond what is guessed from, and beyond the first block."""
    many = 2**16 + 7
    before = "a,b,name\n" + "1,2,n\n" * many + comment
    content = before + line + "\n3,4,n\n"
    number = many + 2 + comment.count("\n")
    found = refused(tmp_path, content, columns="a,b")
    assert found.startswith(f"a.csv, line {number}") and message in found
    X = read(tmp_path, before + "7,8,n\n3,4,n\n", columns="a,b").X
    assert X.shape == (many + 2, 2) and X[-2:].tolist() == [[7, 8], [3, 4]]


def test_a_block_of_true_is_no_block_of_ones(tmp_path):
    content = "0.5,1\n" * 2**16 + "True,1\n" * 2**17
    assert f"line {2**16 + 1}, column 1: expected a number, got 'True'" in refused(
        tmp_path, content
    )


def test_short_and_long_rows_do_not_make_up_for_each_other(tmp_path):
    content = "a,b,c,d\n" + "x,1,2,c\n" * 5000 + "x,y,1,2,c\nx,1,2\n"
    found = refused(tmp_path, content, columns="3")
    assert found == "a.csv, line 5002: expected 4 cells, got 5"


@pytest.mark.parametrize(
    "content, message",
    [
        ("1,2\n3\n4,5,6\n7,8", "line 2: expected 2 cells, got 1"),
        ("1\t2\n3 4 5\n6 7\n", "line 2: expected 2 cells, got 3"),
    ],
)
def test_nor_where_values_may_be_missing_or_blanks_separate(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_table(write(tmp_path, content))


def test_control_characters_are_never_raw(tmp_path):
    esc = "\x1b[2J\x9b\u202e"
    table = read(tmp_path, f'"a\n{esc}",b\n1,2\n')
    assert table.names == ["a\\n\\x1b[2J\\x9b\\u202e", "b"]
    assert refused(tmp_path, '"b"c\t1', separator="\t").isprintable()
    for content, columns in [
        (f"a{esc},b\n1,2\nx{esc},3", None),
        (f"a{esc},b\n1,2", f"x{esc}"),
        (f"a{esc},a{esc}\n1,2\n", None),
    ]:
        if columns or "x" in content:
            assert refused(tmp_path, content, columns=columns).isprintable()


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.csv", b"", "a.csv: expected numbers, got an empty table"),
        ("a.csv", b"\n \n#x\n", "a.csv: expected numbers, got an empty table"),
        ("a.csv", b"a,b\n", "a.csv: expected numbers, got an empty table"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "a.csv: expected numbers as text, got a bin"),
        ("a.csv", "1,2\n".encode("utf-32"), "a.csv: expected numbers as text, got a bin"),
        ("a.npy", b"1,2\n", "a.npy: expected a .npy array of numbers; it does not begin"),
        ("a.npy", b"", "a.npy: expected a .npy array of numbers; "),
        ("a.npz", b"1,2\n", "a.npz: expected a .npz file of one 2-D array; File is not a zip file"),
        ("a.npz", b"", "a.npz: expected a .npz file of one 2-D array; "),
        ("a.dat", b"1,2\n", "a.dat: expected a name that ends in .csv, .tsv, "),
        ("a.csv.bz2", b"1,2\n", "a.csv.bz2: expected a name that ends in "),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_table(str(path))
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(message)


@pytest.mark.parametrize("cut", [5, 30, -4, -9, -40])
def test_a_part_of_a_gzip_file(tmp_path, cut):
    rows = np.random.default_rng(0).normal(size=(20_000, 2))
    content = "\n".join(",".join(map(repr, row)) for row in rows.tolist())
    packed = gzip.compress(content.encode())
    path = tmp_path / "a.csv.gz"
    path.write_bytes(packed)
    np.testing.assert_array_equal(read_table(str(path)).X, rows)
    for broken in (packed[:cut], packed[:cut] + b"x" * 9, b"1,2\n"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="a.csv.gz: expected a whole gzip file; "):
            read_table(str(path))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.npy", "a.npz", "a.parquet"])
def test_a_folder_and_nothing_are_errors_of_the_system(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        read_table(str(tmp_path / name))
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError):
        read_table(str(tmp_path / name))


def test_a_memory_that_is_full_is_not_read_again(tmp_path, monkeypatch):
    def full(*args):
        raise MemoryError

    monkeypatch.setattr(text, "read_fast", full)
    monkeypatch.setattr(text, "read_with_care", lambda *args: 1 / 0)
    with pytest.raises(MemoryError):
        read(tmp_path, "1,2\n")


def test_ctrl_c_while_pandas_reads_is_not_lost(tmp_path, monkeypatch):
    def interrupted(self, size=-1):
        raise KeyboardInterrupt

    monkeypatch.setattr(text.Rows, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read(tmp_path, "1,2\n")


# Missing values


def test_missing_values_are_nan_until_they_are_refused(tmp_path):
    content = "a;b\n1;NA\n?;2,5\n;nan\nNULL; n/a \nNaN;3\n"
    table = read_table(write(tmp_path, content))
    np.testing.assert_array_equal(
        table.X, [[1, NAN], [NAN, 2.5], [NAN, NAN], [NAN, NAN], [NAN, 3]]
    )
    check_cells(table, allow_missing=True)
    with pytest.raises(
        ValueError, match=r"line 2, column 2 \(b\): .* 'NA'; --missing em"
    ):
        check_cells(table)
    table = read_table(write(tmp_path, "1,NA\n3,inf\n"))
    with pytest.raises(ValueError, match="line 2, column 2: .* 'inf'$"):
        check_cells(table, allow_missing=True)


def test_a_missing_value_far_down_an_array_is_named(tmp_path):
    X = np.zeros((2**16 + 5, 3))
    X[2**16 + 1, 2] = NAN
    np.save(tmp_path / "a.npy", X)
    table = read_table(str(tmp_path / "a.npy"), columns="3,1")
    with pytest.raises(ValueError, match=r"a.npy\[65537, 2\]: .* NaN; --missing em"):
        check_cells(table)
    check_cells(table, allow_missing=True)


# The two readers agree

CELLS = st.text("0123456789+-.eEinfaN_ xTrue,'\"#", max_size=7)


def both(content, width=1, decimal=".", separator=";"):
    """What each reader says: numbers, or an error."""
    source = Source("a.csv", content.encode())
    columns = list(range(width))
    layout = Layout(separator, decimal, width, None, False, 1, [])
    answers = []
    for reader in (lambda *a: text.read_fast(pandas, *a), text.read_with_care):
        try:
            answer = reader(source, layout, columns)
        except Exception as error:
            answer = error
        answers.append(answer)
    return answers


@example(['""0'], ".")
@example(['"1"2'], ".")
@settings(properties, max_examples=300)
@given(st.lists(CELLS, min_size=1, max_size=4), st.sampled_from(".,"))
def test_what_pandas_takes_for_a_number_is_one(cells, decimal):
    fast, care = both("".join(f"{cell};1\n" for cell in cells), 2, decimal)
    if isinstance(fast, tuple) and fast[1]:  # otherwise it is not taken at its word
        assert isinstance(care, np.ndarray), (cells, fast, care)
        np.testing.assert_array_equal(fast[0], care)


def answer(reader, *args):
    """Numbers, or what is wrong."""
    try:
        return reader(*args)
    except ValueError as error:
        return str(error)


PIECES = ["1", "2.5", "0", "-3e2", "NA", "True", "é", "#", '"', '""', "\0", " ", "\t"]
SHAPES = [(";", "."), (";", ","), ("\t", "."), (",", "."), (" ", ".")]


@example(["\r", ";2"], (";", "."), 2, "utf-8", False, [1, 0])
@example(['1; "a;2;b";3\n'], (";", "."), 3, "utf-8", False, [2])
@settings(properties, max_examples=300)
@given(
    st.lists(st.sampled_from([*PIECES, *"SSSS", *"\n\n\n\r", "\r\n"]), max_size=25),
    st.sampled_from(SHAPES),
    st.integers(1, 3),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.booleans(),
    st.permutations(range(3)),
)
def test_pandas_and_care_read_the_same_numbers_or_find_the_same_error(
    pieces, shape, width, encoding, skips_blanks, order
):
    separator, decimal = shape
    content = "".join(pieces).replace("S", separator).encode(encoding)
    source = Source("a.csv", content, encoding)
    layout = Layout(separator, decimal, width, None, False, 1, [])
    columns = [j for j in order if j < width][: 1 + order[0]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "has_blanks", lambda *args: skips_blanks)
        found = answer(text.read_numbers, source, layout, columns)
    expected = answer(text.read_with_care, source, layout, columns)
    np.testing.assert_array_equal(found, expected)


TAILS = {
    "nothing": "",
    "blank lines": "\n \n0.5,2,3\n\n",
    "no end": "7,8,9",
    "a comment": "# 1,2,3\n",
    "a quote": '7,"8",9\n',
    "an odd quote": '7,8"8,9\n',
    "an open quote": '7,"8,9\n',
    "a quote after a blank": '7, "8",9\n',
    "a missing value": "7,,9\n",
    "a missing value after a blank": "7, NA,9\n",
    "a short row": "7,8\n",
    "a long row": "7,8,9,1\n",
    "True": "7,true,9\n",
    "NUL": "7,8\0,9\n",
    "another script": "7,８,9\n",
    "text": "7,8,é\n",
}


HEADS = ["", "\n# é\n\n a,b,c\n\n", ",é,c\n"]


@pytest.mark.parametrize(
    "head, tail",
    [
        *((HEADS[1], tail) for tail in TAILS),
        (HEADS[0], "nothing"),
        (HEADS[2], "a comment"),
    ],
)
def test_whatever_the_way_in_the_table_is_the_same(tmp_path, monkeypatch, head, tail):
    """Far down, in a later block than the first."""
    content = head + "0.5,-2.25,3.125\n" * 17_000 + "\n" + TAILS[tail]

    def told(data, name):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        path = "-" if name == "-" else write(tmp_path, data, name)
        try:
            table = read_table(path)
            check_cells(table, allow_missing=True)
        except ValueError as error:
            return str(error).replace(path, "").replace("standard input", "")
        sentence = table.sentence.replace(", in utf-16", "")
        numbers = np.nan_to_num(table.X, nan=-1).tobytes()
        return len(table.X), zlib.crc32(numbers), table.names, sentence

    with monkeypatch.context() as patch:
        patch.setattr(text, "read_fast", lambda *args: 1 / 0)
        expected = told(content.encode(), "-")
    for data, name in [
        (content.encode(), "a.csv"),
        (content.encode(), "a.csv.gz"),
        (content.encode(), "-"),
        (content.encode("utf-8-sig"), "a.csv"),
        (content.encode("utf-16"), "a.csv"),
        (content.replace("\n", "\r\n").encode(), "a.csv"),
        (content.replace("\n", "\r").encode(), "a.csv"),
    ]:
        assert told(data, name) == expected


def test_a_byte_that_is_no_text_matters_only_among_the_numbers(tmp_path):
    content = b"n,a\n" + b"x,2.5\n" * 70_000
    for end in (b"\xff\xe9,3\n", b"\xc3,3"):
        table = read(tmp_path, content + end, columns="a")
        assert table.about["encoding"] == "utf-8" and table.X[-1] == 3
    message = refused(tmp_path, content + b"x,3\xff\n", columns="a")
    assert (
        message == "a.csv, line 70002, column 2 (a): expected a number, got '3\ufffd'"
    )


@pytest.mark.parametrize(
    "start", ["1,2\n", "1, 2\n", '1, "2"\n', " 1,2\n", "a b,c\n1,2\n"]
)
def test_blanks_are_skipped_where_the_first_rows_have_some(
    tmp_path, monkeypatch, start
):
    """Or pandas refuses what begins with one, and it takes ten times as long."""
    cared = []
    monkeypatch.setattr(text, "read_with_care", lambda *args: cared.append(args))
    content = start + "3,4\n"
    path = write(tmp_path, content)
    assert read_table(path).X.tolist() == [[1, 2], [3, 4]]
    source = source_of(path)
    has_blanks = " " in start.removeprefix("a b")
    assert text.has_blanks(source, layout_of(source)) is has_blanks
    if has_blanks:
        X = read_table(write(tmp_path, content + '5, NA\n5, "6"\n')).X
        np.testing.assert_array_equal(X, [[1, 2], [3, 4], [5, NAN], [5, 6]])
    assert cared == []


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@settings(properties, max_examples=150)
@given(
    st.integers(1, 3).flatmap(
        lambda d: st.lists(st.lists(NUMBERS, min_size=d, max_size=d), min_size=1)
    ),
    st.sampled_from([",", ";", "\t", "|", " "]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(), st.booleans(), st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)  # fmt: skip
def test_numbers_in_any_dialect_come_back_or_raise_an_error(
    rows, separator, quoting, end, is_comma, has_header, has_names, encoding
):
    d = len(rows[0])
    is_comma = is_comma and separator != ","
    lines = [[repr(value).replace(".", "," if is_comma else ".") for value in row]
             for row in rows]  # fmt: skip
    if has_names:
        lines = [[f"row {i}", *line] for i, line in enumerate(lines)]
    if has_header or has_names:
        names = [f"größe {j}" for j in range(d)]
        lines = [[""] * has_names + names, *lines]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end).writerows(
        lines
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(out.getvalue().encode(encoding))
        try:
            table = read_table(str(path))
        except ValueError as error:
            # 1,234: in doubt, or a single column with a comma; "0,0" alone is a name
            known = "--decimal|cells, got|choose columns" + "|empty table" * (
                len(lines) == 1
            )
            assert re.search(known, str(error)), error
            return
    if is_comma and d == 1 and not has_names:
        return  # 1,5 alone is two columns, as the report says
    np.testing.assert_array_equal(table.X, rows)


@settings(properties, max_examples=60)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20),
    st.booleans(),
    st.sampled_from(",;\t"),
    st.sampled_from([None, "%.3e", "%.17g"]),
)
def test_what_pandas_writes_comes_back(rows, index, separator, form):
    frame = pandas.DataFrame(rows, columns=["a", "b"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv.gz")
        frame.to_csv(path, index=index, sep=separator, float_format=form)
        try:
            table = read_table(str(path))
        except ValueError as error:
            assert separator == ";" and "--decimal" in str(error)
            return
    expected = [[float(form % v) if form else v for v in row] for row in rows]
    np.testing.assert_array_equal(table.X, expected)
    assert table.names == ["a", "b"]


# Arrays


@pytest.mark.parametrize("name", ["points.npy", "POINTS.NPY"])
def test_an_array_is_mapped_and_its_features_are_numbered(tmp_path, name):
    X = np.arange(24.0).reshape(2, 12)
    np.save(tmp_path / "X.npy", X)
    path = str((tmp_path / "X.npy").rename(tmp_path / name))
    table = read_table(path)
    np.testing.assert_array_equal(table.X, X)
    assert table.names == [f"x{i}" for i in range(1, 13)] and table.sentence == ""
    for columns in (None, "2-5", "1,3,5", "7"):
        table = read_table(path, columns=columns)
        assert isinstance(table.X, np.memmap) and not table.X.flags.writeable
    table = read_table(path, columns="x12,1,2")
    np.testing.assert_array_equal(table.X, X[:, [11, 0, 1]])
    assert table.names == ["x12", "x1", "x2"] and table.about == {"columns": [12, 1, 2]}
    np.testing.assert_array_equal(read_table(path, columns="3,2").X, X[:, [2, 1]])


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i2", "u1", "bool"])
def test_numbers_of_each_kind_are_an_array_of_numbers(tmp_path, dtype):
    X = np.array([[0, 1], [1, 1], [1, 0]], dtype)
    np.save(tmp_path / "X.npy", X)
    np.savez(tmp_path / "X.npz", X)
    for name in ("X.npy", "X.npz"):
        found = read_table(str(tmp_path / name)).X
        np.testing.assert_array_equal(found, X)
        assert found.dtype == (np.float32 if dtype == "f4" else np.float64)


@pytest.mark.parametrize(
    "X, message",
    [
        (np.array([["a"]]), "expected an array of numbers, got type <U1"),
        (np.array([[1j]]), "expected an array of numbers, got type complex128"),
        (np.zeros((1, 1), "M8[s]"), "expected an array of numbers, got type datetime"),
        (np.zeros(4), r"\(n_samples, n_features\), got shape \(4,\); reshape\(-1, 1\)"),
        (np.zeros((1, 2, 3)), r"\(n_samples, n_features\), got shape \(1, 2, 3\)"),
        (np.zeros((0, 3)), "expected numbers, got an empty table"),
        (np.array([[None]]), "numbers; it holds pickled objects, which are not loaded: "),
        # NumPy's own words, of which the second line advises to unpickle it.
        (np.zeros(2, [(f"field {i}", float) for i in range(999)]), "Header info .*ly.$"),
    ],
)  # fmt: skip
def test_an_array_of_something_else_is_named(tmp_path, X, message):
    path = tmp_path / "X.npy"
    np.save(path, X, allow_pickle=True)
    with pytest.raises(ValueError, match=f"^{path}: .*{message}") as caught:
        read_table(str(path))
    assert "\n" not in str(caught.value)


def test_a_part_of_a_file_is_no_array(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, np.zeros((9, 9)))
    content = path.read_bytes()
    for begin, size, reason in (
        (0, 0, "it does not begin"),
        (0, 200, "greater than file size"),
        (1, 99, "it does not begin as such a file does"),
        (0, None, "EOF in multi-line statement"),  # a bracket that does not close
    ):
        path.write_bytes((content if size else content.replace(b"}", b" "))[begin:size])
        with pytest.raises(ValueError, match=f"a .npy array of numbers; .*{reason}"):
            read_npy(path)


def test_the_one_table_of_a_npz_file(tmp_path):
    path = str(tmp_path / "a.npz")
    X = np.arange(6.0).reshape(3, 2)
    for save in (np.savez, np.savez_compressed):
        save(path, points=X, labels=np.arange(3), scale=2.0)
        table = read_table(path)
        np.testing.assert_array_equal(table.X, X)
        assert table.sentence == "read the array points"
        assert read_table(path, columns="2").X.tolist() == [[1], [3], [5]]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hi")
    with pytest.raises(ValueError, match="a.npz: expected a .npz .*; it holds none$"):
        read_table(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.npy", "hi")
    with pytest.raises(ValueError, match="a.npz: .*magic"):
        read_table(path)
    np.savez(path, a=X, b=X, c=X[0])
    with pytest.raises(ValueError, match=r"it holds a \(3, 2\), b \(3, 2\), c \(2,\)$"):
        read_table(path)
    np.savez(path, a=np.array([[None, 1]]))
    with pytest.raises(
        ValueError, match="a.npz: .*it holds pickled objects, which are not"
    ):
        read_table(path)
    np.savez(path, a=np.zeros((99, 99)))
    content = bytearray(Path(path).read_bytes())
    content[3000] ^= 255
    Path(path).write_bytes(content)
    with pytest.raises(ValueError, match="a.npz: expected a .npz .*; Bad CRC"):
        read_table(path)
    content[-30:-22] = b"\xff" * 8  # where its members begin
    Path(path).write_bytes(content)
    with pytest.raises(ValueError, match="a.npz: expected a .npz .*; "):
        read_table(path)


# Parquet


def test_parquet(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "a.parquet")
    X = np.random.default_rng(0).normal(size=(5000, 2))
    columns = {"a": X[:, 0], "kind": ["red"] * 5000, "b": X[:, 1], "n": range(5000)}
    parquet.write_table(arrow.table(columns), path, row_group_size=999)
    table = read_table(path, columns="b,a,4")
    np.testing.assert_array_equal(table.X, np.c_[X[:, ::-1], np.arange(5000)])
    assert table.names == ["b", "a", "n"] and table.sentence == "read 4 columns"
    with pytest.raises(
        ValueError, match=r"column 2 \(kind\): .* string; choose .* 1,3,4"
    ):
        read_table(path)
    frame = pandas.DataFrame({"a": [1.5, None], "b": [1, 2]}, index=["r", "s"])
    frame.to_parquet(path)
    table = read_table(path)
    np.testing.assert_array_equal(table.X, [[1.5, 1], [NAN, 2]])
    assert table.sentence == "read 3 columns; row names are left out"
    with pytest.raises(
        ValueError, match=r"row 2, column 1 \(a\): .* NaN; --missing em"
    ):
        check_cells(table)
    for broken in (b"", b"1,2\n", b"PAR1" * 9, Path(path).read_bytes()[:-20]):
        Path(path).write_bytes(broken)
        with pytest.raises(ValueError, match="a.parquet: expected a Parquet file; "):
            read_table(path)
    twice = arrow.Table.from_arrays([arrow.array([1.0])] * 2, names=["a", "a"])
    parquet.write_table(twice, path)
    with pytest.raises(ValueError, match=r"column 1 \(a\): expected another name"):
        read_table(path)


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas.*pip install 'gmmlib.cli.'"):
        read(tmp_path, "1,2\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pyarrow.*pip install pyarrow"):
        read(tmp_path, "1,2\n", "a.parquet")


def test_a_long_name_is_cut_in_a_message(tmp_path):
    """Found by `make fuzz`."""
    path, name = tmp_path / "a.csv", "n" * 3000
    path.write_text(f"{name},b\n1,2\nx,3\n")
    with pytest.raises(
        ValueError, match=r"line 3, column 1 \(n{39}…\): expected"
    ) as bad:
        read_table(str(path))
    assert len(str(bad.value)) < 300
    for columns in ("c", name[1:], "c" * 3000):
        with pytest.raises(ValueError, match="expected --columns by name") as bad:
            read_table(str(path), columns=columns)
        assert len(str(bad.value)) < 400
