"""The package as a house: arrows go down, one door to the engine, one name a thing."""

import ast
import inspect
import io
import re
import statistics
import subprocess
import sys
import tokenize
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from cases import clouds, start_on
from packaging.specifiers import SpecifierSet

import gmmlib
from gmmlib import em
from gmmlib.em import alternate

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gmmlib"
FILES = sorted(PACKAGE.rglob("*.py"))
SPINE = [path for path in FILES if path.parent == PACKAGE]
BAR = PACKAGE / "progress.py"  # what draws it; nothing is explained there
OUTSIDE = [path for path in FILES if path.parent.name != "engine"]
# From the ground up: a room imports only rooms before it.
ROOMS = """
    check gaussian covariance mixture steps engine diagnosis kmeans acceleration em
    online parameters race initialisation agreement selection progress estimator book cli
""".split()
STOREYS = (
    "blocks together digits products data arrays incomplete chunks".split()
)  # of the engine


def module(path):
    """The name that a file is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path):
    """The modules that a file imports, wherever in it: names as in the statements."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = {module(file) for file in FILES}
            yield from {name if name in modules else node.module for name in names}


def room(name):
    return name.split(".")[1] if name.count(".") else None


def code_lines(path):
    """The numbers of the lines that are code: no blank lines, comments, docstrings."""
    text = path.read_text(encoding="utf-8")
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    docstrings = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first = node.body[0]
            docstrings |= set(range(first.lineno, first.end_lineno + 1))
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER}
    nothing |= {tokenize.INDENT, tokenize.DEDENT}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in nothing:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return lines - docstrings


def functions(path):
    """(name, lines of code) of each function and method."""
    lines = code_lines(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            own = set(range(node.lineno, node.end_lineno + 1))
            yield node.name, len(lines & own)


def test_every_room_is_on_the_plan():
    rooms = {room(module(path)) for path in FILES} - {None, "__main__"}
    assert rooms == set(ROOMS)
    engine = {path.stem for path in (PACKAGE / "engine").glob("*.py")}
    assert engine == {*STOREYS, "__init__"}


@pytest.mark.parametrize("path", FILES, ids=module)
def test_arrows_go_down(path):
    here = room(module(path))
    allowed = (
        ROOMS if here is None or here == "__main__" else ROOMS[: ROOMS.index(here)]
    )
    for name in imports(path):
        if name.startswith("gmmlib.") and room(name) != here:
            assert room(name) in allowed, f"{module(path)} imports {name}"
        if here == "engine" and name.startswith("gmmlib.engine."):
            above = STOREYS[STOREYS.index(path.stem) :] if path.stem in STOREYS else []
            assert name.split(".")[2] not in above, f"{module(path)} imports {name}"


@pytest.mark.parametrize("path", OUTSIDE, ids=module)
def test_the_engine_has_one_door_and_nobody_asks_what_kind_of_data_it_has(path):
    for name in imports(path):
        assert not name.startswith("gmmlib.engine."), name
        assert name.split(".")[0] != "dask"
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    fields = {ast.Name: "id", ast.Attribute: "attr", ast.alias: "name"}
    named = {getattr(node, fields.get(type(node), ""), None) for node in tree}
    assert not named & {"is_dask", "Chunks", "InChunks", "InMemory", "memmap"}


def test_only_the_estimator_and_the_door_to_input_need_scikit_learn():
    users = {path.stem for path in SPINE if any("sklearn" in n for n in imports(path))}
    assert users == {"check", "estimator"}
    engine = (PACKAGE / "engine").glob("*.py")
    assert not any("sklearn" in name for path in engine for name in imports(path))


@pytest.mark.parametrize(
    "statement",
    [
        "import gmmlib",
        "from gmmlib.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: 0",
    ],
)
def test_what_takes_long_to_import_waits_until_it_is_needed(statement):
    """scikit-learn takes 1.2 CPU seconds, SciPy's linear algebra 0.3, NumPy 0.15."""
    program = f"{statement}\nimport sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = done.stderr.split()
    assert "numpy" in loaded
    slow = {"sklearn", "scipy", "matplotlib", "dask", "pandas", "tqdm", "threadpoolctl"}
    assert not slow & set(loaded)


def test_all_public_names_are_there_though_some_come_late():
    for name in gmmlib.__all__:
        assert getattr(gmmlib, name).__name__ == name and name in dir(gmmlib)
    with pytest.raises(AttributeError, match="no attribute 'GaussianMixtures'"):
        _ = gmmlib.GaussianMixtures


def test_no_public_name_is_defined_twice():
    places = Counter()
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                places[node.name] += not node.name.startswith("_")
            elif isinstance(node, ast.Assign):
                names = [t.id for t in node.targets if isinstance(t, ast.Name)]
                places.update(n for n in names if not n.startswith("_"))
    assert [name for name, n in places.items() if n > 1] == []


def test_the_spine_is_an_afternoons_reading():
    assert sum(len(code_lines(path)) for path in SPINE if path != BAR) <= 1400
    lengths = [(name, n) for path in SPINE for name, n in functions(path)]
    assert statistics.median(n for _, n in lengths) <= 5
    # A scikit-learn estimator names each of its parameters in `__init__` twice.
    long = [(name, n) for name, n in lengths if n > 25 and name != "__init__"]
    assert long == []


def test_the_loop_fits_on_a_card():
    (loop,) = [n for name, n in functions(PACKAGE / "em.py") if name == "alternate"]
    (around,) = [n for name, n in functions(PACKAGE / "em.py") if name == "em"]
    assert loop <= 5 and loop + around <= 15
    assert "nonlocal" not in inspect.getsource(alternate) + inspect.getsource(em)


def test_every_python_that_the_library_admits_is_tested_and_the_readme_says_so():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    admitted = SpecifierSet(project["requires-python"])
    pythons = [name for n in range(50) if (name := f"3.{n}") in admitted]
    workflow = (ROOT / ".github/workflows/library.yml").read_text("utf-8")
    assert re.findall(r'"(3\.\d+)"', workflow) == pythons
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert f"runs with Python {pythons[0]} to {pythons[-1]}," in readme
    for name in ("scikit-learn", "NumPy", "SciPy"):
        (needed,) = (n for n in project["dependencies"] if n.startswith(name.lower()))
        assert f"{name} from {needed.split('>=')[1].split(',')[0]}" in readme


def test_the_guide_to_the_house_names_every_room_and_its_example_runs():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = guide.split("```")[1]
    for name in ROOMS + STOREYS:
        assert re.search(rf"\b{name}\b", drawn), name
    (example,) = re.findall(r"```python\n(.+?)```", guide, re.S)
    X, start = clouds(), start_on(clouds(), "full")
    example = example.replace(
        "    ...",
        "    assert state.mixture.weights[0] == 0.5 or not "
        "state.iteration\n    if state.iteration == 3: break",
    )
    exec(example, {"X": X, "start": start})
