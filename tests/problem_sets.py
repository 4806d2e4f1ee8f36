"""How the tests read the problem sets, fill them in, and have nbgrader grade them."""

import copy
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

import nbformat
from reading import ROOT, read

ASSIGNMENTS = ROOT / "assignments"
SETS = sorted((ASSIGNMENTS / "source").glob("*/*.ipynb"))
SOLUTION = re.compile(r"^ *### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION", re.S | re.M)
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.S)
RUBRIC = re.compile(r"<!-- BEGIN MARK SCHEME -->\n(.*?)<!-- END MARK SCHEME -->", re.S)


def about(cell):
    """What nbgrader knows of a cell: its grade_id, its points and so on."""
    return cell.metadata.get("nbgrader", {})


def graded(notebook, by_hand=False):
    """The cells that bring points: by tests, or by hand."""
    return [
        cell
        for cell in notebook.cells
        if about(cell).get("grade") and about(cell)["solution"] == by_hand
    ]


def solutions(notebook):
    """name: code cell that the student writes."""
    return {
        about(cell)["grade_id"]: cell
        for cell in notebook.cells
        if cell.cell_type == "code" and about(cell).get("solution")
    }


@dataclass(frozen=True)
class Answer:
    """An entry of a catalogue: code for one cell, the tests it loses, what is said."""

    cell: str
    name: str
    loses: tuple
    says: str
    code: str


@cache
def catalogue(path):
    """The answers to a problem set that are known, from assignments/catalogue/."""
    text = (ASSIGNMENTS / f"catalogue/{path.stem}.py").read_text(encoding="utf-8")
    answers = []
    for entry in text.split("\n# %% ")[1:]:
        head, _, code = entry.partition("\n")
        cell, _, name = head.partition(": ")
        notes = dict(re.findall(r"^# (loses|says): (.*)\n", code, re.M))
        loses = tuple(filter(None, notes.get("loses", "").split(", ")))
        code = re.sub(r"^# (loses|says): .*\n", "", code, flags=re.M)
        answers.append(Answer(cell, name, loses, notes.get("says", ""), code.strip()))
    return answers


def submissions(path):
    """student: answers, one for each task at most; together they hold the catalogue."""
    tasks = {}
    for answer in catalogue(path):
        tasks.setdefault(answer.cell, []).append(answer)
    rows = zip_longest(*tasks.values())
    return {f"answers{i:02}": list(filter(None, row)) for i, row in enumerate(rows)}


def fill_in(path, code):
    """The notebook with its solutions, some of them replaced: {cell: code}."""
    notebook = copy.deepcopy(read(path))
    for name, cell in solutions(notebook).items():
        cell.source = code.get(name, cell.source)
    return notebook


class Course:
    """A course folder with some of the problem sets, where nbgrader's commands run."""

    def __init__(self, folder, paths):
        self.folder = folder
        shutil.copy(ASSIGNMENTS / "nbgrader_config.py", folder)
        for path in paths:
            shutil.copytree(path.parent, folder / "source" / path.stem)

    def run(self, *command, tool="nbgrader", fails=False):
        """Run a command of nbgrader; what it printed."""
        path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", tool, *command],
            cwd=self.folder,
            env=os.environ | threads | {"PATH": path},  # nbgrader calls `alembic`
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (done.returncode != 0) == fails, done.stdout[-5000:]
        return done.stdout

    def execute(self, notebook):
        """The notebook as a student would see it, after all cells have run."""
        path = self.folder / "run.ipynb"
        nbformat.write(notebook, path)
        options = ["--to=notebook", "--execute", "--allow-errors", "--inplace"]
        self.run(*options, path.name, tool="nbconvert")
        return nbformat.read(path, as_version=4)

    def notebook(self, step, name, student="."):
        return self.folder / step / student / name / f"{name}.ipynb"

    def hand_in(self, student, name, notebook):
        """Put a notebook, or a text that is none, where nbgrader collects them."""
        path = self.notebook("submitted", name, student)
        path.parent.mkdir(parents=True)
        if isinstance(notebook, str):
            path.write_text(notebook, encoding="utf-8")
        else:
            nbformat.write(notebook, path)

    def graded(self, name, student):
        """(points, what is said) of each graded cell; no points yet by hand: None."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            submission = gradebook.find_submission_notebook(name, name, student)
            points = {grade.name: grade.auto_score for grade in submission.grades}
        path = self.notebook("autograded", name, student)
        cells = nbformat.read(path, as_version=4).cells if path.exists() else []
        return points, {
            about(cell)["grade_id"]: said(cell)
            for cell in cells
            if about(cell).get("grade")
        }


def said(cell):
    """All that a cell printed or ended with, in one line."""
    texts = []
    for output in cell.get("outputs", []):
        texts += [output.get("text", ""), *output.get("traceback", [])]
        texts += [output.get("data", {}).get("text/plain", "")]
    return " ".join(" ".join(texts).split())
