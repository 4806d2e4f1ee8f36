"""What the command line does: read, fit, write, report."""

import json
import sys
import warnings
from itertools import product
from operator import attrgetter

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from gmmlib.check import check_enough
from gmmlib.cli.bar import patient_bar
from gmmlib.cli.files import complete_files, write_table, writing
from gmmlib.cli.report import as_document, as_text
from gmmlib.cli.tables import check_cells, read_table
from gmmlib.engine import in_blocks
from gmmlib.estimator import GaussianMixture
from gmmlib.progress import not_installed
from gmmlib.selection import search


def run(options):
    """Read, fit, write the files and report; all of these, or nothing."""
    n_fits = len(options.shapes) * len(options.range)
    total = n_fits * options.n_init * options.max_iter
    with patient_bar(total) as bar:
        bar.describe("reading")
        table = read_table(
            options.data_path, options.columns, options.separator, options.decimal,
            options.header,
        )  # fmt: skip
        check_cells(table, allow_missing=options.missing == "em")
        X, names = table.X, table.names
        candidates, remarks = fit_all(X, options, bar)
        best = min(candidates, key=attrgetter(options.criterion))
        bar.describe("writing")
        paths = options.labels, options.responsibilities, options.plot, options.animate
        with complete_files(*paths) as (labels, shares, plot, animation):
            mixture = best.model.mixture_
            # Meanwhile each point takes as many numbers as means and a row have.
            n_numbers = sum(mixture.means.shape) + mixture.n_features
            if labels:
                rows = map(best.model.predict, in_blocks(X, n_numbers))
                with writing(options.labels):
                    write_table(labels, rows, (len(X),), np.int64, ["label"])
            if shares:
                shape = (len(X), mixture.n_components)
                rows = map(best.model.predict_proba, in_blocks(X, n_numbers))
                heads = [f"component {j}" for j in range(mixture.n_components)]
                with writing(options.responsibilities):
                    write_table(shares, rows, shape, np.float64, heads)
            if plot:
                with writing(options.plot):
                    pictures().draw_figure(plot, X, names, best, candidates, options)
            if animation:
                with writing(options.animate):
                    pictures().animate(animation, X, names, best.model)
            if options.json:
                about = as_document(table, best, candidates, remarks, options)
                text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False)
            else:
                text = as_text(table, best, candidates, options)
            # Before the files are moved to their places: all of these, or nothing.
            with writing("standard output"):
                report(text, options.json)
    if not options.json:
        for candidate, sentences in zip(candidates, remarks):
            model = candidate.model
            name = title(model.n_components, model.covariance_type, options)
            about = f"with {name}, " * (len(candidates) > 1)
            for sentence in sentences:
                print(f"gmmlib: warning: {about}{sentence}", file=sys.stderr)


def report(text, is_json):
    """Print the text, in whatever encoding standard output has."""
    if sys.stdout is None:
        raise OSError("closed")
    encoding = sys.stdout.encoding or "utf-8"
    if is_json:
        plain = json.dumps(json.loads(text), indent=2)  # escapes, as JSON has them
    else:
        plain = text.replace("←", "<-").replace("…", "...")
        plain = plain.encode(encoding, "backslashreplace").decode(encoding)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = plain
    print(text, flush=True)


def fit_all(X, options, bar):
    """A candidate for each shape and number of components, and what each fit warned of."""
    name = "n_clusters" if options.n_clusters else "find_num_clusters_range HI"
    check_enough(len(X), options.range[-1], name)
    candidates, remarks = [], []
    for shape, k in product(options.shapes, options.range):
        model = GaussianMixture(
            covariance_type=shape,
            tol=options.tol,
            reg_covar=options.reg_covar,
            max_iter=options.max_iter,
            n_init=options.n_init,
            random_state=options.random_state,
            missing=options.missing,
        )
        bar.describe(title(k, shape, options))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            candidates += search(model, X, [k])
        texts = [str(w.message) for w in caught if w.category is ConvergenceWarning]
        remarks.append(texts)
    return candidates, remarks


def title(k, shape, options):
    """What tells a candidate from the others."""
    return f"{k} {shape} components" if len(options.shapes) > 1 else f"{k} components"


def pictures():
    """What draws; Matplotlib is needed for that alone."""
    try:
        from gmmlib.cli import pictures
    except ImportError as error:
        raise not_installed(error) from None
    return pictures
