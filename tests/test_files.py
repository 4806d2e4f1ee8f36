"""Files out: complete, or as they were."""

from pathlib import Path

import numpy as np
import pytest

from gmmlib.cli.files import complete_files, write_table


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
