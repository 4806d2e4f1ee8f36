"""A class of thirty hands in a problem set, in all the ways that students find."""

import csv
import io
from dataclasses import dataclass, field

import nbformat
import pytest
from problem_sets import (
    SETS,
    Course,
    about,
    catalogue,
    fill_in,
    graded,
    read,
    solutions,
)

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
    kept: dict = field(default_factory=dict)


def written(code, name="new_weights", others=None):
    """The right answers, but in one cell this."""
    return fill_in(PATH, {name: code} | (others or {}))


def without(*names):
    notebook = written(solutions(read(PATH))["new_weights"].source)
    notebook.cells = [
        c for c in notebook.cells if about(c).get("grade_id") not in names
    ]
    return notebook


def altered(change):
    notebook = without()
    for cell in notebook.cells:
        change(cell, about(cell).get("grade_id"))
    return notebook


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
    notebook = without()
    at = next(i for i, c in enumerate(notebook.cells) if c.id == "new_weights")
    notebook.cells.insert(at, nbformat.from_dict(notebook.cells[at] | {"id": "copied"}))
    return notebook


RIGHT = "    return r.sum(axis=0) / len(r)"
CLASS = {
    "all_right": lambda: Student(without(), set()),
    "known_0": lambda: known(0),
    "known_1": lambda: known(1),
    "known_2": lambda: known(2),
    "right_otherwise": lambda: Student(
        written("import math\nnew_weights = lambda r: [math.fsum(c) / len(c) for c in r.T]"),
        set(),
    ),
    "prints": lambda: Student(
        written("def new_weights(r):\n    print(r.sum(axis=0) / len(r))"),
        FIRST, "returned None, but printed '[0.",
    ),
    "returns_text": lambda: Student(
        written("def new_weights(r):\n    return str(r.mean(axis=0))"),
        FIRST, "should be numbers",
    ),
    "warns": lambda: Student(
        written("import warnings\ndef new_weights(r):\n    warnings.warn('!')\n" + RIGHT),
        set(),
    ),
    "syntax_error": lambda: Student(
        written("def new_weights(r)\n" + RIGHT), FIRST, "there is none yet; run the cell"
    ),
    "other_name": lambda: Student(
        written("def newWeights(r):\n" + RIGHT), FIRST, "there is none yet; run the cell"
    ),
    "number_for_function": lambda: Student(
        written("new_weights = 0.5"), FIRST, "should be a function, and is 0.5"
    ),
    "wrong_parameters": lambda: Student(
        written("def new_weights():\n    return 1"), FIRST, "stopped with TypeError"
    ),
    "endless_function": lambda: Student(
        written("def new_weights(r):\n    while True:\n        pass"),
        FIRST, "does not finish within 5 seconds; is there a loop that never ends?",
    ),
    "endless_and_deaf": lambda: Student(
        written("def new_weights(r):\n    while True:\n        try:\n            pass\n"
                "        except Exception:\n            pass"),
        FIRST, "does not finish within",
    ),
    "endless_cell": lambda: Student(
        written("while True:\n    pass"), FIRST, "No reply from kernel before timeout"
    ),
    "million_lines": lambda: Student(
        written("for i in range(10**6):\n    print(i)\ndef new_weights(r):\n" + RIGHT),
        FIRST, "prints more than 100000 characters",
    ),
    "million_lines_in_function": lambda: Student(
        written("def new_weights(r):\n    print('\\n'.join(map(str, range(10**6))))\n" + RIGHT),
        set(),
    ),
    "long_line": lambda: Student(
        written("def new_weights(r):\n" + RIGHT + "\nprint('x' * 50_000_000)"),
        set(), "prints more than 100000 characters",
    ),
    "long_value": lambda: Student(
        written("def new_weights(r):\n" + RIGHT + "\n'x' * 50_000_000"), set(), "(shortened)"
    ),
    "no_solution_cell": lambda: Student(without("new_weights"), FIRST, "there is none yet"),
    "no_test_cell": lambda: Student(without("test_means"), set(), "was missing"),
    "neither_cell": lambda: Student(
        without("new_weights", "test_weights"), FIRST, "was missing"
    ),
    "no_cells": lambda: Student(nbformat.v4.new_notebook(), ALL, "was missing"),
    "cell_twice": lambda: Student(twice(), set()),
    "tampered_tests": lambda: Student(altered(tamper), FIRST, "expected the shape (3,)"),
    "tampered_points": lambda: Student(altered(promote), FIRST),
    "text_for_code": lambda: Student(altered(turn_to_text), set()),
    "own_check": lambda: Student(
        written("def check(*_, **__): pass\ndef new_weights(r):\n    return 7"), FIRST
    ),
    "kernel_killed": lambda: Student(
        written("import os\nos._exit(1)", "covariances_from_sums"),
        {"test_from_sums", "test_n_parameters", "test_n_parameters_of_each_kind"},
        "Python has ended",
    ),
    "no_notebook": lambda: Student("This is not a notebook.", ALL),
}  # fmt: skip
# As handed out: too few words to be of the class above.
BLANK = "blank"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("course"), [PATH])
    course.run("generate_assignment", NAME)
    for name, student in CLASS.items():
        course.hand_in(name, NAME, student().notebook)
    course.hand_in(BLANK, NAME, course.notebook("release", NAME).read_text("utf-8"))
    log = course.run("autograde", NAME, "--Execute.timeout=12", fails=True)
    # nbgrader says at the end which it could not read, and that is one
    assert "for student 'no_notebook'" in log
    assert log.count("error processing assignment '") == 1, log[-3000:]
    course.run("generate_feedback", NAME)
    course.run("export", "--to=grades.csv")
    return course


@pytest.mark.parametrize("name", CLASS)
def test_each_gets_the_points_and_is_told_why(name, course):
    student = CLASS[name]()
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
        name: sum(POINTS[test] for test in ALL - student().loses)
        for name, student in CLASS.items()
    } | {BLANK: 0}
    assert len(CLASS) == 30


def test_nothing_that_is_kept_is_large(course):
    large = [
        file for file in course.folder.rglob("*")
        if file.stat().st_size > 2_000_000 and file.suffix != ".db"
    ]  # fmt: skip
    assert not large
