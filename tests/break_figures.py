"""Would the tests notice? Change the figures on purpose, run their tests, and see.

    python tests/break_figures.py             all changes: some minutes
    python tests/break_figures.py "ellipse"   the changes whose name begins so

A change is noticed if a test fails; that the tests cannot even be run does not count.
"""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutate import changed_package
from reading import ROOT

TESTS = ["test_plotting.py", "test_player.py"]
RUN = """
import gmmlib, pytest, sys
assert gmmlib.__file__.startswith(sys.argv[1]), "another gmmlib was imported"
sys.exit(pytest.main(sys.argv[2:]))
"""
CHANGES = {  # name: (file, what it says, what it is made to say)
    "curve: standard deviation for variance": (
        "book/plotting.py", "normal_pdf(x, mean, variance)",
        "normal_pdf(x, mean, np.sqrt(variance))"),
    "curve: three deviations to each side": (
        "book/plotting.py", "(mean - 4 * sd, mean + 4 * sd)",
        "(mean - 3 * sd, mean + 3 * sd)"),
    "shade: one deviation too wide": (
        "book/plotting.py", "<= shade * sd", "<= (shade + 1) * sd"),
    "shade: variance for standard deviation": (
        "book/plotting.py", "<= shade * sd", "<= shade * variance"),
    "a taller curve no longer fits": (
        "book/plotting.py",
        "ax.set_ylim(bottom=0, auto=True)  # auto: a taller",
        "ax.set_ylim(bottom=0)  # a taller"),
    "mixture: the weights are forgotten": (
        "book/plotting.py", "parts = np.exp(mixture.log_joint(grid[:, None]))",
        "parts = np.exp(mixture.log_joint(grid[:, None])) / mixture.weights"),
    "mixture: the mean of its parts for the sum": (
        "book/plotting.py", "parts.sum(axis=1)", "parts.mean(axis=1)"),
    "mixture: colours shifted by one": (
        "book/plotting.py", 'ax.plot(grid, part, **_line(j), label=names[j] if names',
        'ax.plot(grid, part, **_line(j + 1), label=names[j] if names'),
    "mixture: names in the opposite order": (
        "book/plotting.py", "part, **_line(j), label=names[j] if names",
        "part, **_line(j), label=names[-1 - j] if names"),
    "histogram: counts for densities": (
        "book/plotting.py", "bins=bins, density=True,", "bins=bins,"),
    "histogram: over the curves": (
        "book/plotting.py", 'density=True, color=FAINT,',
        'density=True, zorder=9, color=FAINT,'),
    "no ticks for the sample": (
        "book/plotting.py", "elif x is not None:\n        # Ticks",
        "elif False:\n        # Ticks"),
    "ticks move with the density": (
        "book/plotting.py", "transform=ax.get_xaxis_transform(),", ""),
    "curves reach over half of the components": (
        "book/plotting.py", "reach = 4 * np.sqrt(mixture.full_covariances()[:, 0, 0])",
        "reach = 2 * np.sqrt(mixture.full_covariances()[:, 0, 0])"),
    "curves do not reach over the data": (
        "book/plotting.py", "[] if x is None else x,", "[],"),
    "responsibilities: marked points on the next curve": (
        "book/plotting.py", "mixture.responsibilities(x[:, None])[:, j]",
        "mixture.responsibilities(x[:, None])[:, j - 1]"),
    "responsibilities: joint densities": (
        "book/plotting.py", "resp = mixture.responsibilities(grid[:, None])",
        "resp = np.exp(mixture.log_joint(grid[:, None]))"),
    "responsibilities: one marker for all": (
        "book/plotting.py", '"marker": MARKERS[j % len(MARKERS)],', '"marker": MARKERS[0],'),
    "legend: among the curves": (
        "book/plotting.py", 'loc="lower left", bbox_to_anchor=(0, 1)', 'loc="upper left"'),
    "points: features swapped": (
        "book/plotting.py", "X = np.asarray(X, dtype=float)[:, list(dims)]",
        "X = np.asarray(X, dtype=float)[:, list(dims)[::-1]]"),
    "points: labels shifted by one": (
        "book/plotting.py", "colours = np.array([to_rgb(PALETTE[j % len(PALETTE)])",
        "colours = np.array([to_rgb(PALETTE[(j + 1) % len(PALETTE)])"),
    "points: the marker of the least likely": (
        "book/plotting.py", "responsibilities.argmax(axis=1)",
        "responsibilities.argmin(axis=1)"),
    "points: shares of the wrong colours": (
        "book/plotting.py", "responsibilities @ pure", "responsibilities @ pure[::-1]"),
    "points: colours in the data's order for each label's": (
        "book/plotting.py", "color=colours[labels == j],",
        "color=colours[:np.sum(labels == j)],"),
    "points: names shifted by one": (
        "book/plotting.py", "label=names[j] if names is not None else None",
        "label=names[j - 1] if names is not None else None"),
    "axes: names swapped": (
        "book/plotting.py",
        'f"$x_{{{dims[0] + 1}}}$")\n    ax.set_ylabel(ax.get_ylabel() or'
        ' f"$x_{{{dims[1] + 1}}}$")',
        'f"$x_{{{dims[1] + 1}}}$")\n    ax.set_ylabel(ax.get_ylabel() or'
        ' f"$x_{{{dims[0] + 1}}}$")'),
    "axes: counted from 0": (
        "book/plotting.py", "$x_{{{dims[0] + 1}}}$", "$x_{{{dims[0]}}}$"),
    "axes: the chapter's name overwritten": (
        "book/plotting.py", "ax.get_ylabel() or f", "f"),
    "discs: of the first two features": (
        "book/plotting.py", "np.asarray(means, dtype=float)[:, list(dims)]",
        "np.asarray(means, dtype=float)[:, :2]"),
    "discs: numbered from 1": (
        "book/plotting.py", "            str(j),", "            str(j + 1),"),
    "discs: over their numbers": ("book/plotting.py", "zorder=5,", "zorder=3.5,"),
    "discs: under the ellipses": (
        "book/plotting.py", "mew=1.5, zorder=4", "mew=1.5, zorder=2"),
    "ellipse: the covariance for its Cholesky factor": (
        "book/plotting.py", "circle = cholesky(covariance) @",
        "circle = np.asarray(covariance) @"),
    "ellipse: the factor the wrong way round": (
        "book/plotting.py", "circle = cholesky(covariance) @",
        "circle = cholesky(covariance).T @"),
    "ellipse: the square for the distance": (
        "book/plotting.py", "+ s * circle", "+ s**2 * circle"),
    "ellipse: half of it": (
        "book/plotting.py", "np.linspace(0, 2 * np.pi, 200)", "np.linspace(0, np.pi, 200)"),
    "ellipse: no halo": ("book/plotting.py", ", path_effects=HALO", ""),
    "ellipse: a name for each distance": (
        "book/plotting.py", "        label = None\n", ""),
    "arrows: variances long": (
        "book/plotting.py", "mean + np.sqrt(variance) *", "mean + variance *"),
    "arrows: the lengths exchanged": (
        "book/plotting.py", "for variance, u in zip(variances, directions",
        "for variance, u in zip(variances[::-1], directions"),
    "arrows: backwards": (
        "book/plotting.py", 'ax.annotate("", tip, mean,', 'ax.annotate("", mean, tip,'),
    "arrows: to the left": (
        "book/plotting.py", "np.copysign(u, u * u[0])", "-np.copysign(u, u * u[0])"),
    "ellipses: of the first two features": (
        "book/plotting.py", "covariance[np.ix_(dims, dims)]", "covariance[:2, :2]"),
    "ellipses: features swapped": (
        "book/plotting.py", "covariance[np.ix_(dims, dims)]",
        "covariance[np.ix_(dims[::-1], dims[::-1])]"),
    "ellipses: means of the first two features": (
        "book/plotting.py", "mean = mixture.means[j, list(dims)]",
        "mean = mixture.means[j, :2]"),
    "ellipses: one colour for all": ("book/plotting.py", ", look=j)", ")"),
    "ellipses: discs of the first two features": (
        "book/plotting.py", "plot_means(mixture.means, ax, dims=dims)",
        "plot_means(mixture.means, ax)"),
    "regions: upside down": ("book/plotting.py", 'origin="lower"', 'origin="upper"'),
    "regions: tints of the next label": (
        "book/plotting.py", "0.15 * tints[labels]", "0.15 * tints[labels - 1]"),
    "regions: over the points": ("book/plotting.py", "zorder=0,", "zorder=2,"),
    "regions: outlines of the wrong label": (
        "book/plotting.py", "ax.contour(x, y, labels == j,",
        "ax.contour(x, y, labels == 1,"),
    "regions: contours of the label numbers": (
        "book/plotting.py", "ax.contour(x, y, labels == j, levels=[0.5],",
        "ax.contour(x, y, labels, levels=[j - 0.5],"),
    "regions: the last label has no outline": (
        "book/plotting.py", "np.unique(labels)[1:]", "np.unique(labels)[1:-1]"),
    "regions: x and y asked the wrong way round": (
        "book/plotting.py", "[x.ravel(), y.ravel()]", "[y.ravel(), x.ravel()]"),
    "fit: the margin of the other feature": (
        "book/plotting.py", "ylim=(low[1] - margin[1], high[1] + margin[1])",
        "ylim=(low[1] - margin[0], high[1] + margin[0])"),
    "fit: a feature's name with formulas": (
        "book/plotting.py", 'name.replace("$", r"\\$")', "name"),
    "fit: the histogram's name with formulas": (
        "book/plotting.py", "xlabel=_plain(names[row])", "xlabel=names[row]"),
    "fit: always the first two features": (
        "book/plotting.py", "plot_ellipses(mixture, ax, dims=dims)\n    ax.set(",
        "plot_ellipses(mixture, ax)\n    ax.set("),
    "figure: the highest criterion": (
        "book/plotting.py", "int(np.argmin(curves[shape]))",
        "int(np.argmax(curves[shape]))"),
    "figure: the place for the number of components": (
        "book/plotting.py", 'f"lowest: {numbers[best]}{', "f\"lowest: {best}{"),
    "figure: the lowest looks like all others": (
        "book/plotting.py", '"D", ms=9, mew=2, color=PALETTE[4]', '"o", color=PALETTE[0]'),
    "figure: all features": (
        "book/plotting.py", "shown = min(mixture.n_features, most)",
        "shown = mixture.n_features"),
    "figure: the criterion to the left": (
        "book/plotting.py", "panels = figure.subfigures(1, 2, width_ratios=(width, 4.5))",
        "panels = figure.subfigures(1, 2, width_ratios=(4.5, width))[::-1]"),
    "matrix: features swapped": (
        "book/plotting.py", "dims=(column, row))", "dims=(row, column))"),
    "matrix: the histogram of the wrong feature": (
        "book/plotting.py", "np.asarray(X)[:, row]", "np.asarray(X)[:, row - 1]"),
    "matrix: above the diagonal": (
        "book/plotting.py", "if column > row:", "if column < row:"),
    "matrix: columns with limits of their own": (
        "book/plotting.py", "for column in range(len(axes) - 1):",
        "for column in range(0):"),
    "history: the gap's sign": (
        "book/plotting.py", "np.where(away, optimum - values,",
        "np.where(away, values - optimum,"),
    "history: the gap from each run's own best": (
        "book/plotting.py", "        if gap:\n",
        "        if gap:\n            optimum = max(values)\n"),
    "history: no gap for rounding either": (
        "book/plotting.py", "optimum - 1e-12 * abs(optimum)", "optimum"),
    "history: a straight axis": (
        "book/plotting.py", '"log" if gap else "linear"', '"linear"'),
    "history: one marker for all": (
        "book/plotting.py", "marker=MARKERS[j % len(MARKERS)],\n            label=label",
        "marker=MARKERS[0],\n            label=label"),
    "confusion: transposed": (
        "book/plotting.py", "            j,\n            i,\n",
        "            i,\n            j,\n"),
    "confusion: no white text": (
        "book/plotting.py", '"white" if 3 * count > 2 * matrix.max() else INK', "INK"),
    "confusion: white text on a middle blue": (
        "book/plotting.py", "3 * count > 2 * matrix.max()", "2 * count > matrix.max()"),
    "confusion: pale by the least count": ("book/plotting.py", ', vmin=0)', ")"),
    "confusion: names of rows and columns swapped": (
        "book/plotting.py", "ax.set_xticks(range(len(columns)), columns)\n"
        "    ax.set_yticks(range(len(rows)), rows)",
        "ax.set_xticks(range(len(rows)), rows)\n"
        "    ax.set_yticks(range(len(columns)), columns)"),
    "look: two components of one colour": ("book/plotting.py", '"#178F6C"', '"#D27D00"'),
    "look: one line style for all": (
        "book/plotting.py", '"linestyle": LINESTYLES[j % len(LINESTYLES)],',
        '"linestyle": LINESTYLES[0],'),
    "look: no bold letters": ("book/plotting.py", '("Regular", "Bold")', '("Regular",)'),
    "look: not sharp in a notebook": ("book/plotting.py", '{"retina"}', '{"png"}'),
    "player: every frame is the first": (
        "book/player.py", "draw(figure.subplots(*panels), i)",
        "draw(figure.subplots(*panels), 0)"),
    "player: frames backwards": (
        "book/player.py", "for i in range(len(captions)):",
        "for i in reversed(range(len(captions))):"),
    "player: captions backwards": (
        "book/player.py", "label, tuple(captions),", "label, tuple(captions)[::-1],"),
    "player: captions backwards on a page": (
        "book/player.py", "zip(self.captions, self.frames)",
        "zip(self.captions[::-1], self.frames)"),
    "player: the first frame for the most telling": (
        "book/player.py", "self.frames[self.still]", "self.frames[0]"),
    "player: the wrong frame shown at first": (
        "book/player.py", "(i == self.still)", "(i == 0)"),
    "player: the still frame counted from 1": (
        "book/player.py", "still % len(frames)", "(still - 1) % len(frames)"),
    "player: panels the wrong way round": (
        "book/player.py", "figure.subplots(*panels)", "figure.subplots(*panels[::-1])"),
    "player: once the dots": ("book/player.py", 'dpi=2 * plt', "dpi=plt"),
    "player: twice as large": (
        "book/player.py", "round(side * figure.dpi / 2)", "round(side * figure.dpi)"),
    "player: the interval in seconds": (
        "book/player.py", "interval=round(1000 * self.interval)",
        "interval=round(self.interval)"),
    "player: an animation at a pace of its own": (
        "book/player.py", "[round(1000 * self.interval)] * len(others)",
        "[1000] * len(others)"),
    "player: an animation backwards": (
        "book/player.py", "for frame in self.frames]", "for frame in self.frames[::-1]]"),
    "player: an animation that ends": ("book/player.py", "            loop=0,\n", ""),
    "player: captions are HTML": (
        "book/player.py", "<p>{html.escape(caption)}</p>", "<p>{caption}</p>"),
    "player: the heading is HTML": (
        "book/player.py", "<h1>{html.escape(self.label)}</h1>", "<h1>{self.label}</h1>"),
    "player: nothing is too large": (
        "book/player.py", "if len(made._repr_html_()) > MAX_BYTES:", "if False:"),
    "player: red and blue swapped": (
        "book/player.py", "[..., :3]", "[..., 2::-1]"),
}  # fmt: skip


def first_failure(change):
    """The first test that fails with that change (None: without any), or ""."""
    own = f"test_{Path(CHANGES[change][0]).name}" if change else ""
    tests = sorted(TESTS, key=lambda test: test != own)  # what is likely first
    with tempfile.TemporaryDirectory() as folder:
        directory = str(changed_package(change, Path(folder).resolve(), CHANGES))
        done = subprocess.run(
            [sys.executable, "-c", RUN, directory, "-qx", "--tb=no", "-rf"]
            + ["-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
            + [str(ROOT / "tests" / test) for test in tests],
            cwd=directory,
            env=os.environ
            | {
                "PYTHONPATH": directory,
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "MPLBACKEND": "agg",
            },
            capture_output=True,
            text=True,
        )
    if done.returncode not in (0, 1):
        raise ValueError(f"{change}: no tests\n{done.stdout}{done.stderr}")
    failed = re.search(r"^FAILED \S*?::(\S+)", done.stdout, re.MULTILINE)
    assert bool(failed) == bool(done.returncode), done.stdout + done.stderr
    return failed[1] if failed else ""


if __name__ == "__main__":
    wanted = [name for name in CHANGES if name.startswith(tuple(sys.argv[1:]) or "")]
    unnoticed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(first_failure, [None, *wanted])
        for change, failed in zip([None, *wanted], found, strict=True):
            print(f"{change or 'no change'}: {failed or 'all pass'}", flush=True)
            if bool(failed) != bool(change):
                unnoticed.append(change or "no change, but a test fails")
    sys.exit("\n".join(["", "Not noticed:", *unnoticed]) if unnoticed else 0)
