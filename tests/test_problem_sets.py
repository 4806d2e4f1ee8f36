"""The problem sets in assignments/: what they hold, and what nbgrader makes of them."""

import copy
import html
import os
import re
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from problem_sets import (
    ASSIGNMENTS,
    HIDDEN,
    RUBRIC,
    SETS,
    SOLUTION,
    Course,
    about,
    catalogue,
    fill_in,
    graded,
    solutions,
    submissions,
)
from reading import CHAPTERS, ROOT, read

each_set = pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)


def report(problems):
    problems = list(dict.fromkeys(problems))
    assert not problems, "\n" + "\n".join(problems)


def judges_of(notebook):
    """cell: the names of its tests, those between it and the next that is written."""
    tests, names = {}, []
    for cell in notebook.cells:
        if about(cell).get("solution"):
            names = tests.setdefault(about(cell)["grade_id"], [])
        elif about(cell).get("grade"):
            names.append(about(cell)["grade_id"])
    return {name: tests[name] for name in solutions(notebook)}


def points_of(notebook, by_hand=False):
    return {
        about(cell)["grade_id"]: about(cell)["points"]
        for cell in graded(notebook, by_hand)
    }


# What a set holds


@each_set
def test_a_set_has_its_parts(path):
    report(problems_in_anatomy(read(path), chapter_of(path)))


def chapter_of(path):
    return read(ROOT / f"chapters/{path.name}")


def problems_in_anatomy(notebook, chapter):
    problems, card = [], notebook.cells[0].source

    def expect(condition, what):
        if not condition:
            problems.append(f"expected {what}")

    def items(text):
        return [line.rstrip(";.") for line in re.findall(r"^- (.+)$", text, re.M)]

    title = re.search(r"^# (.+)", chapter.cells[0].source, re.M)[1]
    expect(f"**Chapter**: {title}\n" in card, f"the chapter on the card: {title}")
    expect(re.search(r"\*\*Time\*\*: \d+ minutes", card), "a time on the card")
    expect("**How to hand it in**" in card, "on the card how to hand it in")
    abilities = items(chapter.cells[0].source.partition("**You need first**")[0])
    tested = items(card)
    expect(tested and set(tested) <= set(abilities), f"outcomes from {abilities}")

    by_tests, by_hand = points_of(notebook), points_of(notebook, by_hand=True)
    tests, hand = sum(by_tests.values()), sum(by_hand.values())
    said = f"**Points**: {tests + hand}, {tests} by tests and {hand} by a person"
    expect(said in card, f"{said!r} on the card")
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    tasks = re.findall(r"^## Task (\d): .+ \((\d+) points", text, re.M)
    expect(3 <= len(tasks) <= 6, "3 to 6 tasks with their points")
    expect([int(n) for n, _ in tasks] == list(range(1, len(tasks) + 1)), "1, 2, 3, …")
    expect(sum(int(p) for _, p in tasks) == tests + hand, "tasks that add up")
    expect(by_hand, "a task that a person reads")

    cells = notebook.cells
    for before, cell in zip(cells, cells[1:]):
        name = about(cell).get("grade_id", "")
        if name in by_hand:
            rubric = RUBRIC.search(before.source) and about(before).get("locked")
            expect(rubric, f"a locked question with a rubric before {name}")
    for name, tested in judges_of(notebook).items():
        expect(tested, f"tests after {name}")
    for cell in cells:
        name = about(cell).get("grade_id")
        expect(not name or cell.id == name, f"the id of cell {cell.id} to be {name}")
        expect(not cell.get("outputs"), f"no outputs in {cell.id}")
        if cell.cell_type == "code":
            expect(name or "raise" not in cell.source, f"a name for {cell.id}")
    return problems


@each_set
def test_the_catalogue_knows_right_and_wrong_answers_to_each_task(path):
    problems, known = [], {}
    tests = judges_of(read(path))
    for answer in catalogue(path):
        known.setdefault(answer.cell, set()).add(bool(answer.loses))
        if not set(answer.loses) <= set(tests.get(answer.cell, [])):
            problems.append(f"{answer.cell}: {answer.name}: loses others' tests")
        if bool(answer.loses) != bool(answer.says):
            problems.append(f"{answer.cell}: {answer.name}: loses, but says nothing")
    for cell in tests:
        if known.get(cell) != {True, False}:
            problems.append(f"{cell}: expected right and wrong answers")
    report(problems)


# What nbgrader makes of it


class Graded:
    """A set that was released, and graded: blank, right, and each known answer."""

    def __init__(self, path, folder):
        self.path, self.name, self.course = path, path.stem, Course(folder, [path])
        self.course.run("generate_assignment", self.name)
        release = self.course.notebook("release", self.name)
        self.release = nbformat.read(release, as_version=4)
        self.answers = {"blank": [], "reference": [], **submissions(path)}
        for student, answers in self.answers.items():
            code = {answer.cell: answer.code for answer in answers}
            filled = self.release if student == "blank" else fill_in(path, code)
            self.course.hand_in(student, self.name, filled)
        self.course.run("autograde", self.name)
        self.course.run("generate_feedback", self.name)

    def __getitem__(self, student):
        return self.course.graded(self.name, student)

    def feedback(self, student):
        page = self.course.notebook("feedback", self.name, student).with_suffix(".html")
        return text_of(page)


@pytest.fixture(scope="session")
def all_graded(request, tmp_path_factory):
    """Each set that a chosen test asks for; several are graded side by side."""
    chosen = {
        item.callspec.params["path"]
        for item in request.session.items
        if "all_graded" in item.fixturenames
    }
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            path: pool.submit(Graded, path, tmp_path_factory.mktemp(path.stem))
            for path in sorted(chosen)
        }


@pytest.fixture
def grading(path, all_graded):
    return all_graded[path].result()


@each_set
def test_the_reference_solutions_get_all_points(path, grading):
    points, said = grading["reference"]
    by_hand = dict.fromkeys(points_of(read(path), by_hand=True))
    assert points == points_of(read(path)) | by_hand, said


@each_set
def test_what_is_handed_out_gets_no_points(path, grading):
    points, _ = grading["blank"]
    assert set(points.values()) == {0}


@each_set
def test_what_is_handed_out_runs_and_lacks_the_answers_alone(path, grading):
    """First as it is, then with the answers: what can be seen needs nothing hidden."""
    notebook = copy.deepcopy(grading.release)
    answered = copy.deepcopy(grading.release)
    for name, cell in solutions(answered).items():
        cell.source = solutions(read(path))[name].source
    n = len(notebook.cells)
    notebook.cells += answered.cells
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"
    cells = grading.course.execute(notebook).cells
    errors = [
        (i, output.ename, output.evalue)
        for i, cell in enumerate(cells)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    report(
        f"cell {i}: {name}: {value}"
        for i, name, value in errors
        if i >= n or name != "NotImplementedError"
    )
    stubs = len(solutions(grading.release))
    assert len([i for i, *_ in errors if i < n]) >= stubs, "no test asks for an answer?"


@each_set
def test_what_is_handed_out_holds_no_answer_and_no_hidden_test(path, grading):
    text = "\n".join(cell.source for cell in grading.release.cells)
    lines = set(map(str.strip, text.splitlines()))
    report(sorted(secrets(path) & lines))
    assert secrets(path) & {
        line.strip() for cell in read(path).cells for line in cell.source.splitlines()
    }, "no secrets found in the source itself"


each_answer = pytest.mark.parametrize(
    "path, answer",
    [
        pytest.param(path, answer, id=f"{path.stem}: {answer.cell}: {answer.name}")
        for path in SETS
        for answer in catalogue(path)
    ],
)


@each_answer
def test_an_answer_gets_its_points_and_its_message(path, answer, grading):
    student = next(s for s, given in grading.answers.items() if answer in given)
    points, said = grading[student]
    full = points_of(read(path))
    for test in judges_of(read(path))[answer.cell]:
        expected = 0 if test in answer.loses else full[test]
        assert points[test] == expected, said[test] or "no complaint"
    told = " ".join(said[test] for test in answer.loses)
    assert answer.says in told
    assert answer.says in grading.feedback(student)


@each_set
def test_an_answer_costs_no_points_in_other_tasks(path, grading):
    """The answers of a submission are to different tasks: together they lose theirs."""
    for student, answers in grading.answers.items():
        if student != "blank":
            lost = {test for answer in answers for test in answer.loses}
            points, said = grading[student]
            for test, full in points_of(read(path)).items():
                assert points[test] == (0 if test in lost else full), said[test]


@each_set
def test_feedback_keeps_hidden_tests_and_rubrics_to_itself(path, grading):
    for student, answers in grading.answers.items():
        text, written = grading.feedback(student), "".join(a.code for a in answers)
        shown = [line for line in secrets(path, answers=False) if line in text]
        report(f"{student}: {line}" for line in shown if line not in written)
    assert "BEGIN HIDDEN" not in text and "Rubric" not in text


# The built book


def secrets(path, answers=True):
    """Lines that no reader may see: solutions, hidden tests, rubrics, the catalogue.

    Not those that stand elsewhere in the open: in the set, a chapter, or the library.
    """
    model = graded(read(path), by_hand=True)
    cells = [cell.source for cell in read(path).cells if cell not in model]
    secret, public = [], []
    for cell in cells:
        secret += HIDDEN.findall(cell) + RUBRIC.findall(cell)
        if answers:
            secret += SOLUTION.findall(cell)
        public.append(HIDDEN.sub("", RUBRIC.sub("", SOLUTION.sub("", cell))))
    if answers:
        secret += [cell.source for cell in model]
        secret += [answer.code for answer in catalogue(path)]
    secret, public = (
        {line.strip() for text in texts for line in text.splitlines()}
        for texts in (secret, public)
    )
    return {line for line in secret - public if len(line) > 20}


def text_of(file):
    """What a file holds, as one reads it: without tags, and on one line."""
    text = file.read_text(encoding="utf-8", errors="ignore")
    if file.suffix == ".html":
        text = html.unescape(re.sub(r"<[^>]+>", "", text))
    elif file.suffix in (".ipynb", ".js", ".json"):
        text = text.replace('\\"', '"').replace("\\\\", "\\")
    return " ".join(text.split())


def found_in_book(lines):
    built = [
        file
        for file in (ROOT / "_build/html").rglob("*")
        if file.suffix
        in (".html", ".ipynb", ".js", ".json", ".txt", ".md", ".py", ".inv")
        and "_static" not in file.parts
    ]
    assert built, "no book in _build/html: run `make book`"
    lines = [" ".join(line.split()) for line in lines]
    for file in built:
        text = text_of(file)
        for line in lines:
            if line in text:
                yield f"{file.relative_to(ROOT)}: {line}"


def test_no_solution_is_in_the_built_book():
    open_to_all = " ".join(
        text_of(file) for file in [*CHAPTERS, *(ROOT / "gmmlib").rglob("*.py")]
    )
    lines = set().union(*map(secrets, SETS))
    lines = {line for line in lines if " ".join(line.split()) not in open_to_all}
    assert len(lines) > 50 * len(SETS)
    report(found_in_book(sorted(lines)))
    assert not list((ROOT / "_build/html").rglob(f"*{ASSIGNMENTS.name}*"))


def test_what_is_in_the_built_book_would_be_found():
    cell = next(c for c in read(CHAPTERS[3]).cells if "cmap" not in c.source and
                c.cell_type == "code" and "keepdims" in c.source)  # fmt: skip
    line = next(line for line in cell.source.splitlines() if "keepdims" in line)
    places = {place.partition(":")[0] for place in found_in_book([line])}
    assert {place.rpartition(".")[2] for place in places} == {"html", "ipynb"}, places
