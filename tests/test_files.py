"""Files in and out: every number arrives, or the message says where it does not."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from gmmlib.cli.files import (
    complete_files,
    read_csv,
    read_npy,
    read_points,
    write_table,
)


def lines(text):
    return io.StringIO(text, newline="")


# Arrays in


@pytest.mark.parametrize("name", ["points.npy", "POINTS.NPY"])
def test_an_array_is_mapped_and_its_features_are_numbered(tmp_path, name):
    X = np.arange(24.0).reshape(2, 12)
    np.save(tmp_path / "X.npy", X)
    path = (tmp_path / "X.npy").rename(tmp_path / name)
    found, names = read_points(str(path))
    np.testing.assert_array_equal(found, X)
    assert names == [f"x{i}" for i in range(1, 13)]
    assert isinstance(found.base, np.memmap) and not found.flags.writeable


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u1", "bool"])
def test_numbers_of_each_kind_are_an_array_of_numbers(tmp_path, dtype):
    X = np.array([[0, 1], [1, 1], [1, 0]], dtype)
    np.save(tmp_path / "X.npy", X)
    assert read_npy(tmp_path / "X.npy").dtype == dtype
    np.testing.assert_array_equal(read_points(tmp_path / "X.npy")[0], X)


@pytest.mark.parametrize(
    "X, message",
    [
        (np.array([["a"]]), "expected an array of numbers, got type <U1"),
        (np.array([[1j]]), "expected an array of numbers, got type complex128"),
        (np.zeros((1, 1), "M8[s]"), "expected an array of numbers, got type datetime"),
        (np.zeros(4), r"\(n_samples, n_features\), got shape \(4,\); reshape\(-1, 1\)"),
        (np.zeros((1, 2, 3)), r"\(n_samples, n_features\), got shape \(1, 2, 3\)"),
        (
            np.array([[None]]),
            "numbers; it holds pickled objects, which are not loaded: save numbers$",
        ),
        # NumPy's own words, of which the second line advises to unpickle it.
        (
            np.zeros(2, [(f"field {i}", float) for i in range(999)]),
            "Header info .*ly.$",
        ),
    ],
)
def test_an_array_of_something_else_is_named(tmp_path, X, message):
    path = tmp_path / "X.npy"
    np.save(path, X, allow_pickle=True)
    with pytest.raises(ValueError, match=f"^{path}: .*{message}") as caught:
        read_npy(path)
    assert "\n" not in str(caught.value)


def test_a_part_of_a_file_is_no_array(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, np.zeros((9, 9)))
    content = path.read_bytes()
    for begin, size, reason in (
        (0, 0, "it does not begin as such a file does"),
        (0, 200, "greater than file size"),
        (1, 99, "it does not begin as such a file does"),
    ):
        path.write_bytes(content[begin:size])
        with pytest.raises(ValueError, match=f"a .npy array of numbers; .*{reason}"):
            read_npy(path)


# Text in


@pytest.mark.parametrize("name", ["points.csv", "Points.CSV"])
def test_a_table_with_and_without_a_header(tmp_path, name):
    path = tmp_path / name
    path.write_text("länge, width \r\n1,2\r\n3,4.5\r\n", "utf-8", newline="")
    X, names = read_points(path)
    np.testing.assert_array_equal(X, [[1, 2], [3, 4.5]])
    assert X.dtype == float and names == ["länge", "width"]
    path.write_bytes(b"\xef\xbb\xbf1,2\n3,4.5")  # as Excel writes it
    X, names = read_points(path)
    np.testing.assert_array_equal(X, [[1, 2], [3, 4.5]])
    assert names == ["x1", "x2"]


def test_a_quoted_name_keeps_its_line_end(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'"a\r\nb", "c, d"\r\n1, "2"\r\n')
    X, names = read_points(tmp_path / "a.csv")
    assert X.tolist() == [[1, 2]] and names == ["a\r\nb", "c, d"]


def test_standard_input_is_a_table_and_named_in_errors(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    X, names = read_points("-")
    assert X.tolist() == [[1, 2]] and names == ["a", "b"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,b\n")))
    with pytest.raises(ValueError, match="^standard input, line 2, column 2: .* 'b'"):
        read_points("-")


def test_lines_without_anything_are_skipped_wherever_they_are():
    X, names = read_csv(lines("\n , \na\n\n1\n\n  \n2\n\n"), "a.csv")
    assert X.tolist() == [[1], [2]] and names == ["a"]


@pytest.mark.parametrize(
    "text, shape, names", [("", (0, 1), None), ("a,b\n", (0, 2), ["a", "b"])]
)
def test_a_table_without_rows_is_empty(tmp_path, text, shape, names):
    X, found = read_csv(lines(text), "a.csv")
    assert X.shape == shape and found == names
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"^{path}: expected numbers, got an empty ta"):
        read_points(path)


@pytest.mark.parametrize(
    "text, message",
    [
        ("1,b\n", "a.csv, line 1, column 2: expected a number, got 'b'"),
        ("a,b\nc,d\n", "a.csv, line 2, column 1: expected a number, got 'c'"),
        ("a,b\n\n1,2\n3,\n", "a.csv, line 4, column 2: expected a number, got ''"),
        ('"a\nb"\n1\nc\n', "a.csv, line 4, column 1: expected a number, got 'c'"),
        ("a,b\n1\n", "a.csv, line 2: expected 2 cells, got 1"),
        ("1,2\n3,4,x\n", "a.csv, line 2: expected 2 cells, got 3"),
        ("1\n" + "2" * 200_000, "a.csv: expected numbers as text, .*; field larger"),
    ],
)
def test_a_cell_that_is_no_number_is_named(text, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        read_csv(lines(text), "a.csv")


def test_text_that_is_not_utf_8_is_no_table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2\n\xff,4\n")
    with pytest.raises(ValueError, match=f"^{path}: expected numbers as text, .*utf-8"):
        read_points(path)


@pytest.mark.parametrize("name", ["points.txt", "points", "npy", "points.csv.gz"])
def test_other_endings_are_refused_before_anything_is_read(name):
    with pytest.raises(ValueError, match=f"^{name}: expected a name that ends in .npy"):
        read_points(name)


@pytest.mark.parametrize("name", ["a.csv", "a.npy"])
def test_a_value_that_is_not_finite_is_named_with_its_file(tmp_path, name):
    path = tmp_path / name
    X = np.array([[1, 2], [3, np.inf]])
    np.save(path, X) if name == "a.npy" else path.write_text("a,b\n1,2\n3,inf\n")
    with pytest.raises(ValueError) as caught:
        read_points(path)
    assert str(caught.value).startswith(f"{path}[1, 1]: expected a finite number")


# Files out


def test_files_are_written_beside_and_moved_when_all_is_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.csv").write_text("old")
    with complete_files("a.csv", None, tmp_path / "sub" / "b.npy") as (a, none, b):
        assert none is None and (a.name, b.name) == ("a.csv", "b.npy")
        for place, parent in ((a, tmp_path), (b, tmp_path / "sub")):
            assert place.parent.parent == parent
            folder = place.parent.name
            assert folder.startswith(".gmmlib-") and folder.endswith(".part")
            assert not place.exists()
            place.write_text("new")
        assert Path("a.csv").read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "a.csv", tmp_path / "sub"]
    assert list((tmp_path / "sub").iterdir()) == [tmp_path / "sub" / "b.npy"]
    assert Path("a.csv").read_text() == Path("sub/b.npy").read_text() == "new"


def test_what_follows_a_file_that_nobody_asked_for_is_still_moved(tmp_path):
    with complete_files(None, tmp_path / "a") as (none, a):
        a.write_text("new")
    assert none is None and (tmp_path / "a").read_text() == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_after_an_error_every_file_is_as_it_was(tmp_path, error):
    (tmp_path / "a").write_text("old")
    with pytest.raises(error), complete_files(tmp_path / "a", tmp_path / "b") as places:
        for place in places:
            place.write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_folder_that_is_not_there_leaves_nothing_behind(tmp_path):
    paths = tmp_path / "a", tmp_path / "nowhere" / "b"
    with pytest.raises(FileNotFoundError), complete_files(*paths):
        raise AssertionError("nothing can be written there")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", [None, 1, 3])
@pytest.mark.parametrize("dtype", [float, np.float32, int])
@pytest.mark.parametrize("name", ["a.npy", "A.NPY", "a.csv", "a.txt"])
def test_blocks_of_any_size_are_written_one_below_the_other(
    tmp_path, name, dtype, columns
):
    shape = (7,) if columns is None else (7, columns)
    rows = (np.arange(np.prod(shape)) / (1 if dtype is int else 3)).astype(dtype)
    rows, place = rows.reshape(shape), tmp_path / name
    names = [f"größe {i}" for i in range(columns or 1)]
    parts = rows[:3], rows[3:4], rows[4:]
    write_table(place, iter(parts), shape, rows.dtype, names)
    if name.lower() == "a.npy":
        found = np.load(place)
        assert found.dtype == dtype
    else:
        header, *body = place.read_bytes().decode("utf-8").split("\r\n")
        assert header == ",".join(names) and body.pop() == ""
        found = np.array([line.split(",") for line in body]).astype(dtype)
        found = found.reshape(shape)
    np.testing.assert_array_equal(found, rows)
