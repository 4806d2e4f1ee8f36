"""What Binder makes of this repository. What a reader sees then: tests/binder.py."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reading import ROOT
from test_book import report


def copy_of_repository(folder):
    """The repository as a fresh clone has it: nothing that git ignores."""
    ignored = (ROOT / ".gitignore").read_text().replace("/", "").split()
    ignore = shutil.ignore_patterns(".git", *ignored)
    return Path(shutil.copytree(ROOT, folder / "clone", ignore=ignore, symlinks=True))


def problems_in_image(repository):
    """What the image lacks that repo2docker would build; it only writes the recipe."""
    command = Path(sys.executable).with_name("repo2docker")
    reader = ["--user-id=1000", "--user-name=reader"]  # root, it refuses
    done = subprocess.run(
        [command, "--no-build", "--debug", *reader, repository],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        yield f"repo2docker fails: {done.stderr[-1000:]}"
    python = (ROOT / "runtime.txt").read_text().strip().replace("-", "=")
    if f"environment for {python}\n" not in done.stderr:
        yield f"expected {python}, as in runtime.txt, got: {done.stderr}"
    recipe = done.stdout
    install = recipe.find('pip install --no-cache-dir -r ".binder/requirements.txt"')
    if install < 0:
        yield "it does not install the lock"
    elif recipe.find(" src/ ${REPO_DIR}/") > install:
        yield "it installs the lock before the library is there"
    if "-e ." not in (repository / ".binder/requirements.txt").read_text().splitlines():
        yield "the lock does not install the library: it has no line `-e .`"


def test_binder_installs_the_lock_and_the_library(tmp_path):
    report(problems_in_image(copy_of_repository(tmp_path)))


def hide(repository):
    (repository / "binder").mkdir()


def ask_for_another_python(repository):
    (repository / ".binder/runtime.txt").write_text("python-3.10\n")


def ask_for_another_language(repository):
    (repository / ".binder/runtime.txt").write_text("cobol-85\n")


def prefer_conda(repository):
    (repository / ".binder/environment.yml").write_text("dependencies: [python=3.12]\n")


def leave_the_library_out(repository):
    path = repository / ".binder/requirements.txt"
    path.write_text(path.read_text().replace("-e .\n", ""))


@pytest.mark.parametrize("change, problem", [
    (hide, "as in runtime.txt.* does not install the lock"),
    (ask_for_another_python, "expected python=3.12, as in runtime.txt"),
    (ask_for_another_language, "as in runtime.txt"),
    (prefer_conda, "does not install the lock"),
    (leave_the_library_out, "no line `-e .`"),
])  # fmt: skip
def test_a_repository_that_binder_would_misread_is_noticed(change, problem, tmp_path):
    repository = copy_of_repository(tmp_path)
    change(repository)
    found = "\n".join(problems_in_image(repository))
    assert re.search(problem, found, re.S), found


def test_binder_installs_no_other_versions_than_build_the_book():
    binder, book = (
        # without markers: what needs a package on which Python differs
        set(re.findall(r"^\S+", (ROOT / name).read_text(), re.M))
        for name in (".binder/requirements.txt", "requirements.txt")
    )
    assert binder < book, f"run `make lock`; only in Binder: {binder - book}"
