"""A class of thirty hands in a problem set, in all the ways that students find."""

import csv
import io
from dataclasses import dataclass

import nbformat
import pytest
from problem_sets import (
    SETS,
    Course,
    about,
    catalogue,
    fill_in,
    graded,
)
from reading import read

PATH = next(path for path in SETS if path.stem == "05_m_step")
NAME = PATH.stem
POINTS = {about(cell)["grade_id"]: about(cell)["points"] for cell in graded(read(PATH))}
FIRST = {"test_weights"}  # of the first task
ALL = set(POINTS)


@dataclass
class Student:
    """What a student hands in, the tests that it loses, what the feedback says."""

    notebook: object
    loses: set
    says: str = ""


RIGHT = "return r.sum(axis=0) / len(r)"


def cell(code, loses=FIRST, says=""):
    """The right answers, but in the cell of the first task this."""
    return Student(fill_in(PATH, {"new_weights": code}), loses, says)


def function(*body, loses=FIRST, says=""):
    """The same, for the lines of the function that is asked for."""
    return cell("\n    ".join(["def new_weights(r):", *body]), loses, says)


def without(*names, loses=frozenset(), says=""):
    """The right answers, but some cells deleted."""
    notebook = fill_in(PATH, {})
    kept = [c for c in notebook.cells if about(c).get("grade_id") not in names]
    notebook.cells = kept
    return Student(notebook, loses, says)


def altered(change, loses=frozenset(), says=""):
    """The right answers, after a change to each cell."""
    notebook = fill_in(PATH, {})
    for one in notebook.cells:
        change(one, about(one).get("grade_id"))
    return Student(notebook, loses, says)


def tamper(cell, name):
    """Wrong answers, and tests that do not mind."""
    if name == "new_weights":
        cell.source = "def new_weights(r):\n    return 7"
    elif name in ALL:
        cell.source = "pass"


def promote(cell, name):
    if name == "new_weights":
        cell.source = "def new_weights(r):\n    return 7"
    elif name == "test_means":
        about(cell)["points"] = 100


def turn_to_text(cell, name):
    if name == "test_means":
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]


def known(index):
    """The answers of the catalogue with that place in the list of their task."""
    by_cell = {}
    for answer in catalogue(PATH):
        by_cell.setdefault(answer.cell, []).append(answer)
    chosen = [answers[index] for answers in by_cell.values() if index < len(answers)]
    notebook = fill_in(PATH, {answer.cell: answer.code for answer in chosen})
    return Student(notebook, {test for answer in chosen for test in answer.loses})


def twice():
    """A cell copied, with its name."""
    notebook = fill_in(PATH, {})
    at = next(i for i, c in enumerate(notebook.cells) if c.id == "new_weights")
    notebook.cells.insert(at, nbformat.from_dict(notebook.cells[at] | {"id": "copied"}))
    return Student(notebook, set())


CLASS = {
    "all_right": without(),
    "known_0": known(0),
    "known_1": known(1),
    "known_2": known(2),
    "right_otherwise": cell(
        "new_weights = lambda r: [sum(shares) / len(shares) for shares in r.T]", set()
    ),
    "prints": function("print(r.mean(axis=0))", says="returned None, but printed '[0."),
    "returns_text": function("return str(r.mean(axis=0))", says="should be numbers"),
    "warns": function("import warnings", "warnings.warn('!')", RIGHT, loses=set()),
    "syntax_error": cell(f"def new_weights(r)\n    {RIGHT}", says="there is none yet"),
    "other_name": cell(f"def newWeights(r):\n    {RIGHT}", says="there is none yet"),
    "number_for_function": cell("new_weights = 0.5", says="should be a function"),
    "wrong_parameters": cell("new_weights = lambda: 1", says="stopped with TypeError"),
    "endless_function": function(
        "while True:", "    pass", says="does not finish within 5 seconds"
    ),
    "endless_and_deaf": function(
        "import time", "while True:", "    try:", "        time.sleep(1)",
        "    except Exception:", "        pass", says="does not finish within",
    ),
    "endless_cell": cell(
        "import time\nwhile True:\n    time.sleep(0.1)",
        says="No reply from kernel before timeout",
    ),
    "million_lines": cell(
        f"for i in range(10**6):\n    print(i)\ndef new_weights(r):\n    {RIGHT}",
        says="prints more than 100000 characters",
    ),
    "million_lines_in_function": function(
        "print('\\n' * 10**6)", RIGHT, loses=set()
    ),
    "long_line": function(
        RIGHT + "\nprint('x' * 50_000_000)",
        loses=set(), says="prints more than 100000 characters",
    ),
    "long_value": function(
        RIGHT + "\n'x' * 50_000_000", loses=set(), says="(shortened)"
    ),
    "no_solution_cell": without("new_weights", loses=FIRST, says="there is none yet"),
    "no_test_cell": without("test_means", says="was missing"),
    "neither_cell": without(
        "new_weights", "test_weights", loses=FIRST, says="was missing"
    ),
    "no_cells": Student(nbformat.v4.new_notebook(), ALL, "was missing"),
    "cell_twice": twice(),
    "tampered_tests": altered(tamper, FIRST, "expected the shape (3,)"),
    "tampered_points": altered(promote, FIRST),
    "text_for_code": altered(turn_to_text),
    "own_check": cell("def check(*_, **__): pass\nnew_weights = lambda r: 7"),
    "kernel_killed": Student(
        fill_in(PATH, {"covariances_from_sums": "import os\nos._exit(1)"}),
        {"test_from_sums", "test_n_parameters", "test_n_parameters_of_each_kind"},
        "Python has ended",
    ),
    "no_notebook": Student("This is not a notebook.", ALL),
}  # fmt: skip
# One more, of whom there is only what was handed out.
BLANK = "blank"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("course"), [PATH])
    course.run("generate_assignment", NAME)
    for name, student in CLASS.items():
        course.hand_in(name, NAME, student.notebook)
    course.hand_in(BLANK, NAME, course.notebook("release", NAME).read_text("utf-8"))
    log = course.run("autograde", NAME, "--Execute.timeout=20", fails=True)
    # nbgrader says at the end which it could not read, and that is one
    assert "for student 'no_notebook'" in log
    assert log.count("error processing assignment '") == 1, log[-3000:]
    course.run("generate_feedback", NAME)
    course.run("export", "--to=grades.csv")
    return course


@pytest.mark.parametrize("name", CLASS)
def test_each_gets_the_points_and_is_told_why(name, course):
    student = CLASS[name]
    points, said = course.graded(NAME, name)
    lost = {test for test in ALL if not points[test]}
    assert lost == student.loses, said
    if student.says:
        page = course.notebook("feedback", NAME, name).with_suffix(".html")
        assert student.says in page.read_text("utf-8").replace("&#39;", "'")


def test_the_grades_are_exported(course):
    rows = csv.DictReader(io.StringIO((course.folder / "grades.csv").read_text()))
    scores = {row["student_id"]: float(row["raw_score"]) for row in rows}
    assert scores == {
        name: sum(POINTS[test] for test in ALL - student.loses)
        for name, student in CLASS.items()
    } | {BLANK: 0}
    assert len(CLASS) == 30


def test_nothing_that_is_kept_is_large(course):
    large = [
        file for file in course.folder.rglob("*")
        if file.stat().st_size > 2_000_000 and file.suffix != ".db"
    ]  # fmt: skip
    assert not large
