"""What `verbose` shows: a bar on a terminal and in a notebook, lines elsewhere."""

import re
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import nbformat
import pytest
from cases import clouds, quietly
from nbclient import NotebookClient
from terminal import on_a_terminal

from gmmlib import GaussianMixture
from gmmlib.progress import progress

FIT = """\
import warnings
import numpy as np
from gmmlib import GaussianMixture
warnings.simplefilter("ignore")
X = np.random.default_rng(0).normal(size=(40_000, 2))
model = GaussianMixture(3, tol=0, max_iter=150, n_init=2, random_state=0, verbose=1)
model.fit(X)
"""
STATUS = r"iteration \d+: log-likelihood -\d+\.\d+, about \S+ nats to gain"


class Drawn:
    """What tqdm's bar is asked to show."""

    def __init__(self, total):
        self.total, self.disable, self.n, self.shown = total, False, 0, []

    def set_postfix_str(self, text, refresh):
        self.text = text

    def update(self, n):
        self.n += n
        self.shown.append((self.n, self.text))


@pytest.fixture
def bars(monkeypatch):
    """The bars that are made."""
    made = []

    @contextmanager
    def tqdm(total, **_):
        made.append(Drawn(total))
        yield made[-1]

    monkeypatch.setattr("tqdm.auto.tqdm", tqdm)
    return made


def test_a_bar_shows_each_iteration_of_each_start(bars):
    model = GaussianMixture(2, n_init=2, max_iter=5, tol=0, random_state=0, verbose=1)
    quietly(model, clouds())
    (bar,) = bars
    places = [place for place, _ in bar.shown]
    assert places == [*range(6), *range(5, 11), 10]
    assert bar.total == bar.n == 10
    for _, text in bar.shown[:-1]:
        assert re.fullmatch(STATUS, text)
    assert bar.shown[6][1].startswith("iteration 0: ")
    assert f"iteration 5: log-likelihood {model.log_likelihood_:.6f}" in {
        text[: text.index(", about")] for _, text in bar.shown
    }


def test_a_bar_goes_to_the_end_of_a_run_that_converged_or_failed(bars):
    model = GaussianMixture(2, n_init=3, max_iter=500, random_state=0, verbose=1)
    model.fit(clouds())
    assert bars[0].n == bars[0].total == 1500
    model.set_params(warm_start=True).fit(clouds())
    assert bars[1].n == bars[1].total == 500


def test_a_bar_is_drawn_on_a_terminal():
    fit = partial(subprocess.Popen, [sys.executable, "-c", FIT], stdout=subprocess.PIPE)
    shown, printed = on_a_terminal(fit, columns=120)
    assert printed == ""
    drawn = shown.split("\r")
    assert any(re.search(STATUS, line) for line in drawn), drawn
    assert "100%" in drawn[-2] + drawn[-1]
    assert max(map(len, drawn)) <= 121


def test_a_bar_is_drawn_in_a_notebook():
    cell = nbformat.v4.new_code_cell(FIT)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, timeout=100, kernel_name="python3").execute()
    kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
    assert "application/vnd.jupyter.widget-view+json" in kinds, cell.outputs
    assert not any(output.output_type == "stream" for output in cell.outputs)
    widgets = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]
    texts = [str(of["state"].get("value")) for of in widgets["state"].values()]
    texts = [text.replace("\u2007", " ") for text in texts]  # spaces as wide as digits
    assert any(re.search(STATUS, text) for text in texts), texts
    assert any("100%" in text for text in texts), texts


def test_elsewhere_lines_are_printed_and_no_bar(capsys):
    model = GaussianMixture(2, max_iter=7, tol=0, verbose=1, verbose_interval=3)
    quietly(model, clouds())
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert all(re.fullmatch(STATUS, line) or "about inf" in line for line in lines)
    assert [line.split(":")[0] for line in lines] == [
        f"iteration {i}" for i in (0, 3, 6)
    ]
    assert err == ""


def test_without_tqdm_it_says_what_to_install_and_a_silent_fit_needs_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"tqdm.*pip install 'gmmlib\[cli\]' brings"):
        GaussianMixture(2, verbose=1).fit(clouds())
    GaussianMixture(2, random_state=0).fit(clouds())


def test_a_stream_that_is_closed_is_no_terminal(monkeypatch):
    """tqdm takes None for one, and ends in an error that keeps its lock."""
    monkeypatch.setattr(sys, "stderr", None)
    with progress(10) as bar:
        assert bar.tqdm.disable
