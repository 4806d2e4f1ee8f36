"""A test of the tests: changes made on purpose are noticed. All: tests/mutate.py."""

import copy
import shutil
import subprocess
import sys

import break_figures
import nbformat
import pytest
from mutate import CHANGES, changed_package, notices
from reading import CHAPTERS, ROOT, numbers, outputs, prose, read
from test_chapters import problems_in_numbers

CHAPTER = {path.stem: path for path in CHAPTERS}


def test_the_chapter_on_the_m_step_notices_a_division_by_n():
    found = notices("M-step divides by n", [CHAPTER["05_m_step"]])
    assert found["05_m_step"]


@pytest.mark.parametrize("change", [*CHANGES, *break_figures.CHANGES])
def test_every_change_still_finds_its_place(change, tmp_path):
    changed_package(change, tmp_path, CHANGES | break_figures.CHANGES)


def test_a_wrong_ellipse_is_noticed():
    assert break_figures.first_failure(
        "ellipse: the covariance for its Cholesky factor"
    )


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_any_changed_digit_of_the_prose_is_noticed(chapter):
    """Every number that the prose states, changed in its last digit."""
    notebook, tried = read(chapter), 0
    printed = {number.removeprefix("-") for number in numbers(outputs(notebook))}
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            continue
        for number in numbers(prose(cell)):
            number = number.removeprefix("-")
            changed = number[:-1] + str((int(number[-1]) + 1) % 10)
            if number in cell.source and number in printed and changed not in printed:
                broken = copy.deepcopy(notebook)
                broken.cells[i].source = cell.source.replace(number, changed)
                assert problems_in_numbers(broken), number
                tried += 1
    assert tried


@pytest.mark.parametrize("stored, passes", [("0.5284", True), ("0.5285", False)])
def test_nbval_compares_what_is_stored(stored, passes, tmp_path):
    new = nbformat.v4
    output = new.new_output("stream", name="stdout", text=f"{stored}\n")
    cell = new.new_code_cell("print(0.5284)", execution_count=1, outputs=[output])
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(
        new.new_notebook(cells=[cell], metadata=kernel), tmp_path / "a.ipynb"
    )
    shutil.copy(ROOT / "chapters/conftest.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == (0 if passes else 1), done.stdout
    assert "1 passed" in done.stdout if passes else "1 failed" in done.stdout
