"""The command line, as a person uses it: a process, real files, what it prints."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cases import clouds
from PIL import Image
from terminal import heeds_interrupts, on_a_terminal

from gmmlib import GaussianMixture, __version__
from gmmlib.book.datasets import load_old_faithful
from gmmlib.cli.files import complete_files

# Tests that run side by side must not wait for each other's threads.
ENV = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
FAITHFUL = Path(__file__).parents[1] / "gmmlib" / "book" / "old_faithful.csv"
TWO = ["--data_path", "points.npy", "--n_clusters", "2"]
RANGE = ["--find_num_clusters_range", "1", "2"]


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "points.npy", clouds(120, 2, 2, seed=3))
    return tmp_path


@pytest.fixture(scope="session")
def fonts(tmp_path_factory):
    """Where Matplotlib keeps its list of fonts: it is written before a disk is full."""
    place = str(tmp_path_factory.mktemp("fonts"))
    code = "import matplotlib.font_manager"
    env = os.environ | {"MPLCONFIGDIR": place}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    return place


def gmmlib(folder, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "gmmlib", *map(str, arguments)],
        cwd=folder, env=ENV, capture_output=True, text=True, timeout=300, **options,
    )  # fmt: skip


def in_a_shell(folder, arguments):
    return subprocess.run(
        f'"{sys.executable}" -m gmmlib {arguments}', shell=True,
        cwd=folder, env=ENV, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def starts(folder, *arguments, **options):
    """A process that goes on while the test does something else."""
    return subprocess.Popen(
        [sys.executable, "-m", "gmmlib", *map(str, arguments)],
        cwd=folder, env=ENV, stdout=subprocess.PIPE, preexec_fn=heeds_interrupts,
        **options,
    )  # fmt: skip


def succeeds(folder, *arguments, **options):
    done = gmmlib(folder, *arguments, **options)
    assert done.returncode == 0, done.stderr
    return done


def document(folder, *arguments, **options):
    done = succeeds(folder, *arguments, "--json", **options)
    assert not done.stderr
    return json.loads(done.stdout)


# What it prints


def test_a_report_has_everything_that_was_fitted(folder):
    done = succeeds(
        folder, "--data_path", FAITHFUL, "--n_clusters", 2,
        "--tol", 1e-10, "--reg_covar", 0,
    )  # fmt: skip
    report = done.stdout
    assert not done.stderr
    for text in [
        "272 points, 2 features: eruptions, waiting",
        "2 components, covariance type full: converged, ",
        "log-likelihood -1130.263960 (-4.155382 per point)",
        "BIC 2322.1917   AIC 2282.5279   ICL ",
        "11 parameters; lower is better",
        "weight 0.355873",
        "weight 0.644127",
        "2.03639  54.4785",
        "4.28966  79.9681",
        "0.0691677   0.435168",
    ]:
        assert text in report, text
    assert report.count("covariance  ") == 2


@pytest.mark.parametrize(
    "covariance_type, texts",
    [
        ("tied", ["-1140.186759", "all components: covariance"]),
        ("diag", ["-1147.806353", "variances "]),
        ("spherical", ["-1709.529282", "variance "]),
    ],
)
def test_each_covariance_type_has_its_report(folder, covariance_type, texts):
    report = succeeds(
        folder, "--data-path", FAITHFUL, "--n-clusters", "2", "--tol=1e-10",
        "--covariance-type", covariance_type, "--max-iter=1000", "--reg-covar=0",
    ).stdout  # fmt: skip
    assert f"covariance type {covariance_type}" in report
    for text in texts:
        assert text in report


def test_json_is_the_same_as_the_library_says(folder):
    options = dict(max_iter=7, n_init=2, tol=1e-5, random_state=4)
    told = document(
        folder, *TWO, "--max_iter", 7, "--n_init", 2, "--tol", 1e-5, "--random_state", 4
    )
    X = np.load(folder / "points.npy")
    model = GaussianMixture(2, **options).fit(X)
    assert told["data"] == {
        "path": "points.npy",
        "n_samples": 120,
        "n_features": 2,
        "feature_names": ["x1", "x2"],
        "read": {"columns": [1, 2]},
    }
    assert told["settings"] == options | {
        "covariance_type": "full",
        "reg_covar": "scale",
        "missing": "error",
    }
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(told[name], getattr(model, f"{name}_"), 1e-12)
    assert told["log_likelihood"] == pytest.approx(model.log_likelihood_, rel=1e-12)
    for name in ("bic", "aic", "icl"):
        assert told[name] == pytest.approx(getattr(model, name)(X), rel=1e-12)
    assert told["n_parameters"] == 11
    assert (told["n_components"], told["n_iter"]) == (2, model.n_iter_)
    assert told["converged"] is model.converged_ and told["warnings"] == []


def test_a_range_includes_both_ends_and_marks_the_winner(folder):
    arguments = ["--data_path", FAITHFUL, "--covariance_type", "tied"]
    arguments += ["--find_num_clusters_range", 1, 4]
    report = succeeds(folder, *arguments).stdout.splitlines()
    header = next(i for i, line in enumerate(report) if line.startswith("components"))
    rows = report[header + 2 : header + 6]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4"]
    assert [row.split()[0] for row in rows if "lowest BIC" in row] == ["3"]
    assert any(line.startswith("3 components") for line in report)
    told = document(folder, *arguments)
    assert told["criterion"] == "bic" and told["n_components"] == 3
    candidates = told["candidates"]
    assert [one["n_components"] for one in candidates] == [1, 2, 3, 4]
    assert told["bic"] == min(one["bic"] for one in candidates)
    assert told["bic"] == pytest.approx(2314.3, abs=0.1)


def test_all_shapes_are_searched_as_well_as_the_numbers(folder):
    shapes = ["full", "tied", "diag", "spherical"]
    arguments = ["--data_path", FAITHFUL, "--covariance_type", "all"]
    report = succeeds(folder, *arguments, "--find_num_clusters_range", 2, 3,
                      "--plot", "plot.png").stdout.splitlines()  # fmt: skip
    assert report[1] == "read 2 columns, separated by ',', named by a header"
    header = next(i for i, line in enumerate(report) if line.startswith("covariance t"))
    rows = [row.split()[:2] for row in report[header + 2 : header + 10]]
    assert rows == [[shape, k] for shape in shapes for k in "23"]
    (best,) = [row.split()[:2] for row in report if "← lowest BIC" in row]
    assert best == ["tied", "3"] and "all components: covariance" in "\n".join(report)
    assert any(row.startswith("3 components, covariance type tied") for row in report)
    assert size(folder / "plot.png")[0] > 1500
    done = succeeds(folder, *arguments, "--n_clusters", 3, "--json", "--max_iter", 1,
                    "--tol", 0, "--criterion", "aic", "--labels", "l.npy")  # fmt: skip
    told = json.loads(done.stdout)
    candidates = told["candidates"]
    assert [one["covariance_type"] for one in candidates] == shapes
    best = min(candidates, key=lambda one: one["aic"])["covariance_type"]
    assert best == told["covariance_type"] == told["settings"]["covariance_type"]
    alone = document(folder, *arguments[:3], best, "--n_clusters", 3, "--max_iter", 1,
                     "--tol", 0)  # fmt: skip
    assert told["means"] == alone["means"] and told["bic"] == alone["bic"]
    assert len(np.load(folder / "l.npy")) == 272
    done = succeeds(folder, *arguments, "--n_clusters", 3, "--max_iter", 1, "--tol", 0)
    for shape in shapes:
        assert f"gmmlib: warning: with 3 {shape} components, EM stopped" in done.stderr


def test_columns_of_a_table_as_it_is_in_the_world(folder):
    content = ";größe;Gewicht;Art\n1;1,5;2;rot\n# later\n2;2,5;4;blau\n"
    (folder / "a.txt").write_bytes(content.encode("utf-16"))
    told = document(folder, "--data_path", "a.txt", "--n_clusters", 1,
                    "--columns", "Gewicht,2")  # fmt: skip
    assert told["means"] == [[3, 2]]
    assert told["data"]["feature_names"] == ["Gewicht", "größe"]
    assert told["data"]["read"] == {
        "columns": [3, 2], "separator": ";", "decimal": ",", "encoding": "utf-16",
        "header": True, "row_names": True,
    }  # fmt: skip


@pytest.mark.parametrize("criterion, winner", [("bic", 3), ("icl", 2)])
def test_the_criterion_decides(folder, criterion, winner):
    told = document(
        folder, "--data_path", FAITHFUL, "--covariance_type", "tied",
        "--find_num_clusters_range", 2, 4, "--criterion", criterion,
    )  # fmt: skip
    assert told["n_components"] == winner
    assert told[criterion] == min(one[criterion] for one in told["candidates"])


def test_a_warning_is_a_line_on_standard_error(folder):
    done = succeeds(folder, *TWO, "--max_iter", 1, "--tol", 0)
    assert done.stderr.startswith("gmmlib: warning: EM stopped after max_iter=1")
    assert done.stderr.count("\n") == 1
    assert "stopped before it converged, 1 iteration\n" in done.stdout
    told = document(folder, *TWO, "--max_iter", 1, "--tol", 0)
    assert told["converged"] is False and "max_iter=1" in told["warnings"][0]


def test_help_says_it_all(folder):
    text = succeeds(folder, "--help").stdout
    for name in ["data_path", "columns", "separator", "decimal", "header",
                 "n_clusters", "find_num_clusters_range", "criterion",
                 "max_iter", "covariance_type", "n_init", "random_state", "tol",
                 "reg_covar", "json", "labels", "responsibilities", "plot", "animate"]:  # fmt: skip
        assert f"--{name}" in text


def test_the_version_is_the_librarys(folder):
    assert succeeds(folder, "--version").stdout == f"gmmlib {__version__}\n"


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(
    "encoding, arrow",
    [("utf-8", "←"), ("cp1252", "<-"), ("latin-1", "<-"), ("ascii", "<-")],
)
def test_a_report_in_any_encoding(folder, form, encoding, arrow):
    name = "Größe π"
    rows = "\n".join(map(str, clouds(60, 1, 2)[:, 0]))
    (folder / "points.csv").write_text(f"{name}\n{rows}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "gmmlib", "--data_path", "points.csv", *form, *RANGE,
         "--labels", "labels.csv"],
        cwd=folder, env=ENV | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    if form:
        assert json.loads(text)["data"]["feature_names"] == [name]
    else:
        assert f"{arrow} lowest BIC" in text and "Gr" in text.splitlines()[0]
    assert (folder / "labels.csv").exists()


def test_a_closed_pipe_leaves_nothing(folder):
    process = starts(folder, *TWO, *OUT, stderr=subprocess.PIPE)
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == b"gmmlib: error: standard output: Broken pipe\n"
    assert process.wait() == 2
    assert [path.name for path in folder.iterdir()] == ["points.npy"]


@pytest.mark.parametrize(
    "closed, message",
    [
        (">&-", "standard output: closed"),
        (">/dev/full", "standard output: No space left on device"),
        ("2>&-", ""),
        (">&- 2>&-", ""),
    ],
)
def test_streams_that_cannot_be_written_to(folder, closed, message):
    done = in_a_shell(folder, f"{' '.join([*TWO, *OUT])} {closed}")
    if closed == "2>&-":
        assert done.returncode == 0 and done.stdout.startswith("points.npy: 120 points")
        return
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == (f"gmmlib: error: {message}\n" if message else "")
    assert [path.name for path in folder.iterdir()] == ["points.npy"]


def test_standard_input_that_is_closed(folder):
    done = in_a_shell(folder, "--data_path - --n_clusters 1 <&-")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "standard input: expected CSV, got a closed stream" in done.stderr


def test_a_program_may_call_it_in_a_thread(folder):
    code = "import threading; from gmmlib.cli.main import main\n"
    code += f"work = threading.Thread(target=main, args=({TWO},))\n"
    code += "work.start(); work.join()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env=ENV, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.stderr == "" and done.stdout.startswith("points.npy: 120 points")


# Data in


@pytest.mark.parametrize(
    "text, names",
    [
        ("length, width\r\n1,2\r\n3.5,4\n\n5,7\n", ["length", "width"]),
        ("\ufeff1,2\n3.5,4\n5,7", ["x1", "x2"]),
        ('"a","b, c"\n1, 2\n3.5, 4\n5, 7\n', ["a", "b, c"]),
    ],
)
def test_csv_with_and_without_a_header_from_a_file_and_standard_input(
    folder, text, names
):
    (folder / "points.csv").write_text(text, encoding="utf-8", newline="")
    from_file = document(folder, "--data_path", "points.csv", "--n_clusters", 1)
    assert from_file["data"]["feature_names"] == names
    assert from_file["data"]["n_samples"] == 3
    np.testing.assert_allclose(from_file["means"], [[9.5 / 3, 13 / 3]])
    for encoding in ("utf-8", "cp1252", "ascii"):  # the terminal's, not the data's
        env = ENV | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        piped = subprocess.run(
            [sys.executable, "-m", "gmmlib", "--data_path", "-", "--n_clusters", "1",
             "--json"],
            cwd=folder, env=env, capture_output=True, input=text.encode(), timeout=300,
        )  # fmt: skip
        told = json.loads(piped.stdout)
        assert told["means"] == from_file["means"]
        assert told["data"]["feature_names"] == names


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "bool"])
def test_numbers_of_any_type_will_do(folder, dtype):
    X = (10 * clouds(60, 2, 1)).astype(dtype)
    np.save(folder / "typed.npy", X)
    told = document(folder, "--data_path", "typed.npy", "--n_clusters", 1)
    np.testing.assert_allclose(told["means"][0], X.mean(axis=0, dtype=float), 1e-6)


def test_a_large_file_is_mapped_and_read_block_by_block(folder):
    """What NumPy allocates is much less than the file."""
    n, d = 2_000_000, 8
    out = np.lib.format.open_memmap(folder / "large.npy", "w+", float, (n, d))
    out[:] = np.tile(clouds(1000, d, 2, seed=1), (n // 1000, 1))
    out.flush()
    size = out.nbytes
    del out
    program = (
        "import tracemalloc, gmmlib.cli.run; from gmmlib.cli.main import main;"
        "tracemalloc.start();"
        "main('--data_path large.npy --n_clusters 3 --max_iter 2 --tol 1e-2"
        " --responsibilities shares.npy --plot plot.png'.split());"
        "print('peak', tracemalloc.get_traced_memory()[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder, env=ENV, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"{n} points, {d} features" in done.stdout
    assert int(done.stdout.split()[-1]) < 0.4 * size
    assert np.load(folder / "shares.npy", mmap_mode="r").shape == (n, 3)
    (folder / "large.npy").unlink()


def test_missing_values_are_an_error_or_what_em_is_for(folder):
    X = clouds(120, 2, 2, seed=3)
    X[::9, 0] = np.nan
    rows = "\n".join(f"{a},{b}" for a, b in X).replace("nan", "NA")
    (folder / "gaps.csv").write_text(f"a,b\n{rows}\n")
    arguments = ["--data_path", "gaps.csv", "--n_clusters", 2]
    done = gmmlib(folder, *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "gaps.csv, line 2, column 1 (a): expected a number, got 'NA'" in done.stderr
    assert "--missing em fits without them" in done.stderr
    told = document(folder, *arguments, "--missing", "em", *OUT)
    model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    np.testing.assert_allclose(told["means"], model.means_, 1e-10)
    np.testing.assert_allclose(np.load(folder / "shares.npy"), model.predict_proba(X))
    assert (folder / "plot.png").exists() and (folder / "fit.gif").exists()


# Files out


def test_labels_and_responsibilities_in_either_format(folder):
    names = ["l.csv", "r.csv", "l.npy", "r.npy"]
    succeeds(folder, *TWO, "--labels", "l.csv", "--responsibilities", "r.csv")
    succeeds(folder, *TWO, "--labels", "l.npy", "--responsibilities", "r.npy")
    text_labels, text_shares, labels, shares = [
        np.load(folder / name)
        if name.endswith("npy")
        else np.loadtxt(folder / name, delimiter=",", skiprows=1)
        for name in names
    ]
    X = np.load(folder / "points.npy")
    model = GaussianMixture(2, random_state=0).fit(X)
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_allclose(shares, model.predict_proba(X), 1e-9)
    np.testing.assert_array_equal(text_labels, labels)
    np.testing.assert_array_equal(text_shares, shares)
    assert labels.dtype.kind == "i"
    assert (folder / "l.csv").read_text().splitlines()[0] == "label"
    assert (folder / "r.csv").read_text().splitlines()[0] == "component 0,component 1"


@pytest.mark.parametrize(
    "name, begins", [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")]
)
@pytest.mark.parametrize("d", [1, 2, 4])
def test_a_figure_of_any_number_of_features(folder, name, begins, d):
    np.save(folder / "points.npy", clouds(80, d, 2))
    succeeds(folder, *TWO, "--plot", name)
    content = (folder / name).read_bytes()
    assert content.startswith(begins) and len(content) > 5000


def test_the_figure_of_a_range_has_the_curve_of_the_criterion(folder):
    arguments = ["--data_path", "points.npy", "--find_num_clusters_range", "1", "3"]
    succeeds(folder, *arguments, "--plot", "r.png", "--criterion", "aic")
    succeeds(folder, *TWO, "--plot", "1.png")
    (width, height), (narrow, same) = map(size, (folder / "r.png", folder / "1.png"))
    assert width > 1.5 * narrow and height == same


def size(path):
    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize("d", [1, 3])
def test_an_animation_is_a_gif_or_a_page_that_needs_no_other_file(folder, d):
    np.save(folder / "points.npy", clouds(80, d, 2))
    succeeds(folder, *TWO, "--animate", "fit.gif")
    with Image.open(folder / "fit.gif") as gif:
        assert 3 < gif.n_frames <= 22
    succeeds(folder, *TWO, "--animate", "fit.html")
    page = (folder / "fit.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "Iteration 0: log-likelihood" in page
    assert "http:" not in page.replace("http://www.w3.org", "")
    assert "https:" not in page and 'src="data:' in page


# A bar for long fits

LONG = ["--n_clusters", "6", "--tol", "0", "--max_iter"]


def test_a_long_fit_shows_a_bar_on_a_terminal_only(folder):
    np.save(folder / "points.npy", clouds(300_000, 2, 6))
    arguments = [*LONG, "400", "--data_path", "points.npy"]
    shown, report = on_a_terminal(partial(starts, folder, *arguments), columns=100)
    assert "6 components: " in shown and "log-likelihood -" in shown
    assert report.startswith("points.npy: 300000 points")
    quiet = gmmlib(folder, *arguments).stderr
    assert quiet.startswith("gmmlib: warning: EM stopped") and quiet.count("\n") == 1


# Nothing is lost

KEPT = {"labels.csv": "old", "shares.npy": "old", "plot.png": "old", "fit.gif": "old"}
OUT = ["--labels", "labels.csv", "--responsibilities", "shares.npy"]
OUT += ["--plot", "plot.png", "--animate", "fit.gif"]


def refuses(folder, arguments, *messages, **options):
    """One line, status 2, and every file as it was."""
    for name, text in KEPT.items():
        (folder / name).write_text(text)
    before = sorted(path.name for path in folder.iterdir())
    done = gmmlib(folder, *arguments, *OUT, **options)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("gmmlib: error: ")
    for message in messages:
        assert message in done.stderr, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == before
    for name, text in KEPT.items():
        assert (folder / name).read_text() == text


@pytest.mark.parametrize(
    "name, content, messages",
    [
        ("missing.npy", None, ["missing.npy: No such file"]),
        ("missing.csv", None, ["missing.csv: No such file"]),
        ("points.dat", b"1,2\n", ["points.dat", ".npz or .npy, or -"]),
        ("a.csv", b"", ["a.csv: ", "empty"]),
        ("a.csv", b"x,y\n1,2\n3\n4,5", ["a.csv, line 3: expected 2 cells, got 1"]),
        ("a.csv", b"x,y\n1,2\n3,tea\n", ["a.csv, line 3, column 2 (y)", "got 'tea'"]),
        ("a.csv", b"1,2\n3,\n", ["a.csv, line 2, column 2", "got ''; --missing em"]),
        ("a.csv", b"1,2\n3,-inf\n5,6", ["a.csv, line 2, column 2", "inf"]),
        ("a.csv", b"1,2\n", ["a.csv: ", "n_clusters=2", "n_samples = 1"]),
        ("a.csv", b"a\x1b[2Jb,c\n1,2\n3,x", [r"column 2 (c)"]),
        ("a.csv.gz", b"1,2\n", ["a.csv.gz: expected a whole gzip file"]),
        ("a.npy", b"", ["a.npy: expected a .npy array"]),
        ("a.npy", b"not numpy", ["a.npy: expected a .npy array"]),
        ("a.npy", np.zeros((0, 2)), ["a.npy", "empty"]),
        ("a.npy", np.zeros((5, 0)), ["a.npy", "empty"]),
        ("a.npy", np.full((5, 1), 1e200), ["a.npy[0, 0]: ", "squares are finite"]),
        ("a.npy", np.zeros(5), ["a.npy", "(n_samples, n_features)", "shape (5,)"]),
        ("a.npy", np.zeros((2, 2, 2)), ["a.npy", "shape (2, 2, 2)"]),
        ("a.npy", np.array([["a", "b"]]), ["a.npy: expected an array of numbers"]),
        ("a.npy", np.zeros((3, 2), complex), ["a.npy: expected an array of numbers"]),
        ("a.npy", np.array([[1.0, np.nan]] * 3), ["a.npy[0, 1]", "NaN"]),
        ("a.npy", np.zeros((1, 2)), ["n_clusters=2", "n_samples = 1"]),
    ],
)  # fmt: skip
def test_data_that_cannot_be_used(folder, name, content, messages):
    if isinstance(content, bytes):
        (folder / name).write_bytes(content)
    elif content is not None:
        np.save(folder / name, content)
    refuses(folder, ["--data_path", name, "--n_clusters", 2], *messages)


def test_a_truncated_array_is_no_array(folder):
    content = (folder / "points.npy").read_bytes()
    (folder / "points.npy").write_bytes(content[:-100])
    refuses(folder, TWO, "points.npy: expected a .npy array")


class Trap:
    def __reduce__(self):
        return os.system, ("touch unpickled",)


def test_pickled_objects_are_never_loaded(folder):
    objects = np.empty((3, 1), dtype=object)
    objects[:, 0] = [Trap(), Trap(), Trap()]
    np.save(folder / "points.npy", objects, allow_pickle=True)
    refuses(folder, TWO, "points.npy: expected", "pickled objects")
    assert not (folder / "unpickled").exists()


@pytest.mark.parametrize(
    "arguments, messages",
    [
        ([], ["--data_path"]),
        (["--data_path", "points.npy"], ["--n_clusters", "--find_num_clusters_range"]),
        ([*TWO, "--find_num_clusters_range", "1", "2"], ["not allowed with"]),
        ([*TWO[:3], "0"], ["--n_clusters", "≥ 1", "'0'"]),
        ([*TWO[:3], "two"], ["--n_clusters", "'two'"]),
        ([*TWO[:2], "--find_num_clusters_range", "3", "2"], ["LO ≤ HI", "3 2"]),
        ([*TWO[:2], "--find_num_clusters_range", "0", "2"], ["≥ 1"]),
        ([*TWO[:2], "--find_num_clusters_range", "2", "121"], ["HI=121", "120"]),
        ([*TWO, "--tol", "-1"], ["--tol", "≥ 0"]),
        ([*TWO, "--reg_covar", "big"], ["--reg_covar", "'big'"]),
        ([*TWO, "--max_iter", "1.5"], ["--max_iter", "'1.5'"]),
        ([*TWO, "--random_state", "-3"], ["--random_state", "'-3'"]),
        ([*TWO, "--covariance_type", "round"], ["--covariance_type", "round"]),
        ([*TWO, "--criterion", "best"], ["--criterion", "best"]),
        ([*TWO, "--columns", "x3"], ["points.npy: expected --columns", "'x3'"]),
        ([*TWO, "--decimal", "'"], ["--decimal"]),
        ([*TWO, "--colour", "red"], ["unrecognized", "--colour"]),
        ([*TWO[:2], "--n_cluster", "2"], ["--n_cluster; did you mean --n_clusters?"]),
        ([*TWO, "--covariance-typ=diag"], ["did you mean --covariance_type?"]),
    ],
)
def test_options_that_cannot_be_used(folder, arguments, messages):
    refuses(folder, arguments, *messages)


@pytest.mark.parametrize(
    "option, name, message",
    [
        ("--labels", "labels.txt", ".csv or .npy"),
        ("--plot", "plot.jpg", ".png or .svg or .pdf"),
        ("--animate", "fit.mp4", ".gif or .html"),
        ("--labels", "nowhere/labels.csv", "folder that can be written to"),
        ("--labels", "taken.csv", "folder that can be written to"),
        ("--responsibilities", "labels.csv", "a file for each output"),
    ],
)
def test_files_that_cannot_be_written(folder, option, name, message):
    (folder / "taken.csv").mkdir()
    labels = ["--labels", "labels.csv"] if name == "labels.csv" else []
    done = gmmlib(folder, *TWO, option, name, *labels)
    assert done.returncode == 2 and done.stdout == ""
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("link", ["same", "relative", "symbolic", "hard"])
@pytest.mark.parametrize("option", ["--labels", "--responsibilities"])
def test_the_data_are_never_written_over(folder, link, option):
    data = folder / "points.npy"
    content = data.read_bytes()
    (folder / "inner").mkdir()
    name = {"same": data, "relative": "inner/../points.npy"}.get(link, "other.npy")
    if link == "symbolic":
        (folder / "other.npy").symlink_to(data)
    elif link == "hard":
        os.link(data, folder / "other.npy")
    done = gmmlib(folder, *TWO, option, name)
    assert done.returncode == 2 and done.stdout == ""
    assert "another file for each output than the data's, points.npy" in done.stderr
    assert done.stderr.count("\n") == 1 and data.read_bytes() == content


@pytest.mark.parametrize(
    "option, name",
    [
        ("--labels", "labels.npy"),
        ("--labels", "labels.csv"),
        ("--responsibilities", "shares.npy"),
        ("--responsibilities", "shares.csv"),
        ("--plot", "plot.png"),
        ("--plot", "plot.pdf"),
        ("--animate", "fit.gif"),
        ("--animate", "fit.html"),
    ],
)
def test_a_full_disk_is_one_line_and_leaves_nothing(folder, fonts, option, name):
    """A limit on the size of files: the system refuses what goes beyond it."""
    resource = pytest.importorskip("resource")

    def few_bytes():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error, not a signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))

    env = {"MPLCONFIGDIR": fonts, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "gmmlib", *TWO, option, name],
        cwd=folder, env=ENV | env, capture_output=True, text=True, timeout=300,
        preexec_fn=few_bytes,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == f"gmmlib: error: {name}: File too large\n"
    assert [path.name for path in folder.iterdir()] == ["points.npy"]


def test_a_file_is_complete_or_as_it_was(folder):
    (folder / "a").write_text("old")
    for error in (KeyboardInterrupt, ValueError):
        with (
            pytest.raises(error),
            complete_files(folder / "a", None, folder / "b") as (a, none, b),
        ):
            assert none is None
            a.write_text("half")
            b.write_text("all")
            raise error
        assert sorted(path.name for path in folder.iterdir()) == ["a", "points.npy"]
        assert (folder / "a").read_text() == "old"
    with complete_files(folder / "a") as (a,):
        a.write_text("new")
        assert (folder / "a").read_text() == "old"
    assert (folder / "a").read_text() == "new"


@pytest.mark.parametrize(
    "number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_ctrl_c_and_sigterm_end_it_and_leave_no_file(folder, number, status):
    rows = "\n".join(",".join(map(repr, row)) for row in clouds(9000, 2, 6).tolist())
    process = starts(
        folder, *LONG, "1000000", "--data_path", "-", *OUT,
        text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(rows)  # more than a pipe holds: it is being read
    process.stdin.close()
    process.stdin = None
    time.sleep(1)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert (output, errors) == ("", "gmmlib: error: interrupted\n")
    assert [path.name for path in folder.iterdir()] == ["points.npy"]


def test_old_faithful_ships_with_the_library():
    assert len(load_old_faithful()) == len(FAITHFUL.read_text().splitlines()) - 1
