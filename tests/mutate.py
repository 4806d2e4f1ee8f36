"""Would the chapters notice? Change gmmlib on purpose, run every chapter, and see.

    python tests/mutate.py            all changes, all chapters: some minutes
    python tests/mutate.py "M-step"   the changes whose name begins so

A chapter notices a change if it fails, or prints something else than what it has
stored. Listings of the package's source change with it anyway, and do not count.
"""

import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from reading import CHAPTERS, ROOT, code_cells, is_listing, read

CHANGES = {  # name: (file, what it says, what it is made to say)
    "log-density: no 2π": (
        "gaussian.py", "(LOG_2_PI + np.log(variance)", "(np.log(variance)"),
    "log-density: standard deviation for variance": (
        "gaussian.py", "np.log(variance) + (x - mean) ** 2 / variance",
        "np.log(variance) + (x - mean) ** 2 / np.sqrt(variance)"),
    "fit_normal divides by n - 1": (
        "gaussian.py", "float(np.mean((x - mean) ** 2))", "float(x.var(ddof=1))"),
    "responsibilities sum to 1 over the points": (
        "mixture.py", "joint /= total", "joint /= joint.sum(axis=0)"),
    "responsibilities are hard": (
        "mixture.py", "joint /= total", "joint[...] = joint == 1"),
    "log-sum-exp forgets the largest": (
        "mixture.py", "(largest + np.log(total))", "np.log(total)"),
    "log-joint without the weights": (
        "mixture.py", "return log_weights - 0.5", "return 0 * log_weights - 0.5"),
    "log det Σ with the wrong sign": (
        "mixture.py", "LOG_2_PI + self.factored.log_det",
        "LOG_2_PI - self.factored.log_det"),
    "M-step divides by n": (
        "steps.py", "np.maximum(self.total, TINY)[:, None]",
        "np.full(len(self.total), self.total.sum())[:, None]"),
    "M-step: the covariance divides by n": (
        "steps.py", "total, shift = np.maximum(sums.total, TINY), sums.shift",
        "total, shift = np.full(len(sums.total), sums.total.sum()), sums.shift"),
    "M-step: equal weights": (
        "steps.py", "weights = sums.total / sums.total.sum()",
        "weights = np.full(len(total), 1 / len(total))"),
    "M-step: the means stay": (
        "steps.py", "means = sums.centres + shift", "means = sums.centres + 0 * shift"),
    "M-step: the covariance uses the old means": (
        "steps.py", "covariances = kind.estimate(sums.scatter, total, shift)",
        "covariances = kind.estimate(sums.scatter, total, 0 * shift)"),
    "M-step forgets the floor": (
        "steps.py", "kind.add_floor(covariances, floor)", "covariances"),
    "the floor is a thousand times higher": (
        "engine/data.py", "return 1e-6 * self.spread", "return 1e-3 * self.spread"),
    "tied: not averaged over the components": (
        "covariance.py", "(scatter - half.T @ half) / total.sum()",
        "(scatter - half.T @ half) / total[0]"),
    "diag: half the variance": (
        "covariance.py", "return scatter / total[:, None] - shift**2",
        "return 0.5 * (scatter / total[:, None] - shift**2)"),
    "spherical: the sum of the variances": (
        "covariance.py", "shift).mean(axis=1)", "shift).sum(axis=1)"),
    "full: one parameter too few for each component": (
        "covariance.py", "return k * d * (d + 1) // 2",
        "return k * (d * (d + 1) // 2 - 1)"),
    "k-means measures along the streets": (
        "kmeans.py", 'np.einsum("nd,nd->n", difference, difference)',
        "np.abs(difference).sum(axis=1)"),
    "k-means moves to the median": (
        "kmeans.py", "mine @ X / mine.sum()", "np.median(X[mine > 0], axis=0)"),
    "inertia of unsquared distances": (
        "kmeans.py", "np.sum(weight * nearest)", "np.sum(weight * np.sqrt(nearest))"),
    "BIC with the other sign": (
        "selection.py", "-2 * log_likelihood + n_parameters * np.log",
        "2 * log_likelihood - n_parameters * np.log"),
    "BIC without the logarithm": (
        "selection.py", "n_parameters * np.log(n_samples)", "n_parameters * 2"),
    "accuracy without matching": (
        "agreement.py", "np.mean(match_labels(classes, labels) ==",
        "np.mean(labels =="),
    "the classes are counted the wrong way round": (
        "agreement.py", "np.add.at(table, (classes, labels), 1)",
        "np.add.at(table, (labels, classes), 1)"),
    "EM stops after one small step": (
        "em.py", "converged = to_gain <= tol and",
        "converged = len(log_likelihoods) > 1 and"),
    "the score is a total": (
        "estimator.py", "return log_likelihood / n", "return log_likelihood"),
    "predict takes the least responsible": (
        "estimator.py", "log_joint(X).argmax", "log_joint(X).argmin"),
    "Mahalanobis: the square for the distance": (
        "gaussian.py", "np.sqrt(np.sum(white**2, axis=0))", "np.sum(white**2, axis=0)"),
    "many dimensions: the root of the determinant": (
        "gaussian.py", "log_det = 2 * np.sum", "log_det = np.sum"),
    "sampling with the factor the wrong way round": (
        "covariance.py", "white @ np.linalg.cholesky(self.matrices[j]).T",
        "white @ np.linalg.cholesky(self.matrices[j])"),
    "k-means++ draws without regard to distance": (
        "kmeans.py", "left = nearest * weight", "left = weight"),
    "remaining gain: with the last gain": (
        "em.py", "gain * share / (1 - share)", "gain / (1 - share)"),
    "SQUAREM leaps half as far": (
        "acceleration.py", "start + 2 * length * step", "start + length * step"),
    "SQUAREM refuses no leap": (
        "acceleration.py", "and state.log_likelihood >= first.log_likelihood", ""),
    "no collapse is ever seen": (
        "diagnosis.py", "smallest <= 2", "smallest <= 0"),
    "AIC charges half": (
        "selection.py", "-2 * log_likelihood + 2 * n_parameters",
        "-2 * log_likelihood + n_parameters"),
    "doubt of the smallest share": (
        "selection.py", "np.log(responsibilities.max(axis=1))",
        "np.log(responsibilities.min(axis=1))"),
    "search always fits the first number": (
        "selection.py", '{"n_components": k}', '{"n_components": min(n_components)}'),
}  # fmt: skip


def changed_package(change, directory, changes=CHANGES):
    """A copy of gmmlib in that directory, with one change (None: without) in it."""
    shutil.copytree(
        ROOT / "gmmlib",
        directory / "gmmlib",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    if change:
        file, old, new = changes[change]
        text = (directory / "gmmlib" / file).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(
                f"{change}: expected once in {file}, got {text.count(old)}: {old}"
            )
        (directory / "gmmlib" / file).write_text(
            text.replace(old, new), encoding="utf-8"
        )
    return directory


def what_it_notices(chapter, directory):
    """The first difference that the gmmlib in there makes to a chapter, or ""."""
    notebook = nbformat.from_dict(read(chapter))
    check = nbformat.v4.new_code_cell("import gmmlib; print(gmmlib.__file__)")
    notebook.cells.append(check)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(chapter.parent)}},
    )
    environment = {
        "PYTHONPATH": str(directory),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    with client.setup_kernel(env=os.environ | environment):
        client.execute_cell(check, len(notebook.cells) - 1)
        assert check.outputs[0].text.startswith(str(directory)), (
            "another gmmlib was imported"
        )
        for i, cell in code_cells(notebook)[:-1]:
            before = results(cell)
            try:
                client.execute_cell(cell, i - 1)
            except CellExecutionError as error:
                message = error.evalue.strip() or "without a message"
                return f"{error.ename}: {message.splitlines()[0]}"
            except CellTimeoutError:
                return f"cell {i} does not end"
            for old, new in zip_longest(before, results(cell), fillvalue="nothing"):
                if old != new:
                    return f"{old.strip()!r} has become {new.strip()!r}"
    return ""


def results(cell):
    """The lines of output that nbval compares, less listings and pictures."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        return []
    printed, shown = "", []  # what is printed may come in pieces
    for output in cell.get("outputs", []):
        printed += output.get("text", "")
        if not is_listing(output):
            data = output.get("data", {})
            shown += [
                data[kind] for kind in ("text/plain", "text/markdown") if kind in data
            ]
    return "\n".join([printed, *shown]).splitlines()


def notices(change, chapters=CHAPTERS):
    """{chapter's name: what it notices} for one change (None: the package as it is)."""
    with tempfile.TemporaryDirectory() as directory:
        package = changed_package(change, Path(directory).resolve())
        return {chapter.stem: what_it_notices(chapter, package) for chapter in chapters}


if __name__ == "__main__":
    wanted = [name for name in CHANGES if name.startswith(tuple(sys.argv[1:]) or "")]
    unnoticed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for change, found in zip([None, *wanted], pool.map(notices, [None, *wanted])):
            print(change or "no change", flush=True)
            for chapter, what in found.items():
                if what:
                    print(f"    {chapter}: {what}", flush=True)
            if any(found.values()) != bool(change):
                unnoticed.append(change or "no change, but something was noticed")
    sys.exit("\n".join(["", "Not noticed:", *unnoticed]) if unnoticed else 0)
