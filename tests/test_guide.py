"""The commands of the instructor's guide, run as they stand there, from top to bottom."""

import csv
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from problem_sets import SETS
from reading import ROOT

GUIDE = (ROOT / "chapters/teaching/problem_sets.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.+?)^```", GUIDE, re.S | re.M)
NOT_RUN = (  # the environment is there already, and nobody looks at a page
    "python3 -m venv", "source teaching", "pip install", "jupyter lab",
)  # fmt: skip
CORRECT = "echo '# later' >> assignments/nbgrader_config.py && git commit -am Later"
SECRET = re.compile("BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)")


def git(*command, cwd=None):
    done = subprocess.run(["git", *command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An empty folder in which everything was run; beside it the repositories."""
    beside = tmp_path_factory.mktemp("repositories")
    folder = tmp_path_factory.mktemp("instructor")
    copy_of_the_book(beside / "BOOK")
    for name in ("PRIVATE", "PUBLIC", "FORK"):
        git("init", "--quiet", "--bare", "--initial-branch=main", beside / name)
    script = "".join(
        line
        for line in "".join(BLOCKS).splitlines(keepends=True)
        if not line.startswith(NOT_RUN)
    )
    script = re.sub(
        r"\b(BOOK|PRIVATE|PUBLIC|FORK)\b", lambda name: str(beside / name[0]), script
    )
    # what the book corrects later has to reach the instructor's own sets
    pull, correct = "git -C ../book pull", f"cd '{beside}/BOOK' && {CORRECT} && cd -"
    assert script.count(pull) == 1
    script = script.replace(pull, f"{correct}\n{pull}")
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in [("NAME", "A"), ("EMAIL", "a@example.org")]
    }
    done = subprocess.run(
        ["bash", "-e", "-u", "-x", "-c", script],
        cwd=folder,
        env=os.environ | who | {"PATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "no solution in it\n" in done.stdout
    return folder, beside


def copy_of_the_book(target):
    """A repository of the files as they are now, committed or not."""
    for name in git("ls-files", "-z", "-co", "--exclude-standard", cwd=ROOT).split(
        "\0"
    ):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    git("init", "--quiet", "--initial-branch=main", cwd=target)
    git("add", ".", cwd=target)
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    git(*who, "commit", "--quiet", "--message=Book", cwd=target)


def test_the_grades_are_those_that_the_guide_shows(run):
    shown = re.search(r"^```text\n(assignment,.+?)^```", GUIDE, re.S | re.M)[1]
    grades = (run[0] / "trial/grades.csv").read_text()
    assert grades.replace("\r\n", "\n") == shown
    scores = {row["student_id"]: row for row in csv.DictReader(shown.splitlines())}
    assert scores.keys() == {"ada", "ben"}


def test_each_student_has_a_page_of_feedback(run):
    for student in ("ada", "ben"):
        page = f"trial/feedback/{student}/04_responsibilities/04_responsibilities.html"
        assert "Who grew the grapes?" in (run[0] / page).read_text(encoding="utf-8")


def test_the_public_repository_holds_what_is_handed_out_and_no_solution(run):
    files = git("ls-tree", "-r", "--name-only", "main", cwd=run[1] / "PUBLIC").split()
    assert files == ["04_responsibilities/04_responsibilities.ipynb"]
    assert not SECRET.search(git("log", "--all", "--patch", cwd=run[1] / "PUBLIC"))


def test_the_private_repository_is_a_course_folder_without_students_work(run):
    files = git("ls-tree", "-r", "--name-only", "main", cwd=run[1] / "PRIVATE").split()
    sources = {str(path.relative_to(ROOT / "assignments")) for path in SETS}
    assert sources | {"nbgrader_config.py", ".gitignore"} <= set(files)
    assert not [file for file in files if re.match("release|submitted|gradebook", file)]
    assert git("status", "--porcelain", cwd=run[0] / "course") == ""


def test_what_the_book_corrects_joins_the_instructor_s_sets(run):
    assert (run[0] / "course/nbgrader_config.py").read_text().endswith("# later\n")
    assert (run[0] / "course/.gitignore").is_file()


def test_the_fork_holds_no_solution_in_any_commit_and_its_tests_need_none(run):
    fork = run[1] / "FORK"
    named = git("log", "--all", "--name-only", "--format=", cwd=fork).split()
    assert "index.md" in named
    assert not [name for name in named if name.startswith("assignments")]
    for name in git("ls-tree", "-r", "--name-only", "main", "tests", cwd=fork).split():
        text = git("show", f"main:{name}", cwd=fork)
        assert not re.search("(import|from) problem_sets", text), name


def test_what_is_installed_by_hand_is_what_the_book_uses():
    (needed,) = set(re.findall(r'"(nbgrader[^"]+)"', GUIDE))
    assert f'"{needed}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for start in NOT_RUN:
        assert any(line.startswith(start) for line in "".join(BLOCKS).splitlines())


def test_the_example_of_a_task_says_what_it_promises():
    """The cell that the guide shows: one right answer, and the mistake that it names."""
    code = re.search(r"^```python\n(.+?)^```", GUIDE, re.S | re.M)[1]
    names = {"np": np, "__name__": "cell"}
    exec(code, names | {"largest_shares": lambda r: r.max(axis=1)})
    with pytest.raises(
        Exception, match="largest_shares: .+; the question is each point"
    ):
        exec(code, names | {"largest_shares": lambda r: r.max(axis=0)})
