"""The command line: a file and a question.

``python -m gmmlib --data_path points.npy --n_clusters 4``
"""

import argparse
import json
import os
import sys
import warnings
from contextlib import nullcontext
from operator import attrgetter
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from gmmlib.check import check_enough
from gmmlib.covariance import COVARIANCE_TYPES
from gmmlib.em import blocks
from gmmlib.estimator import GaussianMixture
from gmmlib.cli.files import complete_files, read_points, write_table
from gmmlib.progress import missing, progress
from gmmlib.selection import CRITERIA, search
from gmmlib.book.show import table

TABLES, PLOTS, ANIMATIONS = (".csv", ".npy"), (".png", ".svg", ".pdf"), (".gif", ".html")
ALL_TYPES = list(COVARIANCE_TYPES)


class Parser(argparse.ArgumentParser):
    """One line about what is wrong."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}\n")


class Watched(GaussianMixture):
    """A model whose runs move a bar on that others have begun."""

    bar = None

    def _progress(self):
        return nullcontext(self.bar)


def main(arguments=None):
    """Run the command line; the exit status: 0, 2 for an error, 130 after Ctrl-C."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        run(options)
        sys.stdout.flush()
        return 0
    except BrokenPipeError:  # whoever read the report has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        reason = error.strerror or str(error)
        return failed(f"{error.filename}: {reason}" if error.filename else reason)
    except (ImportError, TypeError, ValueError) as error:
        message = str(error)  # what the library calls X is a file here
        return failed(message.replace("X: ", f"{options.data_path}: ", 1)
                      if message.startswith("X: ") else message)
    except MemoryError:
        return failed(f"{options.data_path}: too large for the memory; save it as .npy")
    except KeyboardInterrupt:
        return failed("interrupted", 130)


def failed(message, status=2):
    print("gmmlib: error:", " ".join(message.split()), file=sys.stderr)
    return status


def parse(arguments):
    """The options; hyphens in a name count as underscores."""
    parser = Parser(
        "gmmlib",
        description="Fit a Gaussian mixture to the points in a file, by EM.",
        epilog="In names of options, hyphens will do for underscores.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--data_path", required=True, metavar="FILE", help="a .npy array (n_samples, "
        "n_features), or .csv with or without a header; - for CSV on standard input")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--n_clusters", type=count, metavar="K",
                      help="fit this number of components")
    task.add_argument("--find_num_clusters_range", type=count, nargs=2,
                      metavar=("LO", "HI"), help="fit each number from LO to HI, both "
                      "included, and keep the best by --criterion")
    add("--criterion", choices=CRITERIA, default="bic",
        help="lower is better (default: %(default)s)")
    add("--covariance_type", choices=ALL_TYPES, default="full",
        help="what the ellipses may look like (default: %(default)s)")
    add("--max_iter", type=count, default=100, metavar="N",
        help="the most iterations of EM for one start (default: %(default)s)")
    add("--n_init", type=count, default=1, metavar="N",
        help="the number of starts (default: %(default)s)")
    add("--tol", type=at_least_zero, default=1e-3, metavar="NATS", help="stop when "
        "there is less to gain, per point (default: %(default)s)")
    add("--reg_covar", type=floor, default="scale", metavar="V", help="what is added "
        "to each variance: a number, or 'scale' for 1e-6 of its feature's (the default)")
    add("--random_state", type=seed, default=0, metavar="SEED",
        help="the seed of all that is random (default: %(default)s)")
    add("--json", action="store_true", help="print one JSON document instead")
    for name, endings, what in [
        ("--labels", TABLES, "the component of each point"),
        ("--responsibilities", TABLES, "the share of each component in each point"),
        ("--plot", PLOTS, "a figure of the fit"),
        ("--animate", ANIMATIONS, "EM step by step, from a rough start"),
    ]:  # fmt: skip
        add(name, type=file_that_ends_in(*endings), metavar="FILE",
            help=f"write {what}: {', '.join(endings)}")
    options = parser.parse_args([with_underscores(argument) for argument in arguments])
    paths = options.labels, options.responsibilities, options.plot, options.animate
    paths = [Path(path).resolve() for path in paths if path]
    if len(set(paths)) < len(paths):
        twice = max(paths, key=paths.count).name
        parser.error(f"expected a file for each output, got {twice} twice")
    if options.n_clusters:
        options.range = range(options.n_clusters, options.n_clusters + 1)
    else:
        low, high = options.find_num_clusters_range
        if low > high:
            parser.error("argument --find_num_clusters_range: expected LO ≤ HI, got "
                         f"{low} {high}")
        options.range = range(low, high + 1)
    return options


def with_underscores(argument):
    name, equals, value = argument.partition("=")
    is_option = name.startswith("--")
    return ("--" + name[2:].replace("-", "_") if is_option else name) + equals + value


def count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer ≥ 1, got {text!r}")
    return int(text)


def seed(text):
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(
            f"expected an integer from 0 to 2**32 - 1, got {text!r}"
        )
    return int(text)


def at_least_zero(text):
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not 0 <= number < np.inf:
        raise argparse.ArgumentTypeError(f"expected a number ≥ 0, got {text!r}")
    return number


def floor(text):
    return text if text == "scale" else at_least_zero(text)


def file_that_ends_in(*endings):
    def check(text):
        path = Path(text)
        if path.suffix.lower() not in endings:
            raise argparse.ArgumentTypeError(
                f"expected a name that ends in {' or '.join(endings)}, got {text!r}"
            )
        folder = path.resolve().parent
        if path.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise argparse.ArgumentTypeError(
                f"expected a file in a folder that can be written to, got {text!r}"
            )
        return text

    return check


def run(options):
    """Read, fit, write the files and report; all of these, or nothing."""
    with progress(len(options.range) * options.n_init * options.max_iter, True) as bar:
        bar.set_description_str("reading", refresh=False)
        X, names = read_points(options.data_path)
        candidates, remarks = fit_all(X, options, bar)
        best = min(candidates, key=attrgetter(options.criterion))
        bar.set_description_str("writing", refresh=False)
        paths = options.labels, options.responsibilities, options.plot, options.animate
        with complete_files(*paths) as (labels, shares, plot, animation):
            mixture = best.model.mixture_
            if labels:
                parts = wide_blocks(X, mixture)
                rows = (mixture.log_joint(part).argmax(axis=1) for part in parts)
                write_table(labels, rows, (len(X),), np.int64, ["label"])
            if shares:
                shape = (len(X), mixture.n_components)
                rows = map(mixture.responsibilities, wide_blocks(X, mixture))
                heads = [f"component {j}" for j in range(mixture.n_components)]
                write_table(shares, rows, shape, np.float64, heads)
            if plot:
                draw(plot, X, names, best, candidates, options)
            if animation:
                animate(animation, X, names, best.model)
            if options.json:
                about = as_document(X, names, best, candidates, remarks, options)
                text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False)
            else:
                text = as_text(X, names, best, candidates, options)
    print(text)
    if not options.json:
        for k, sentences in zip(options.range, remarks):
            about = f"with {k} components, " * (len(candidates) > 1)
            for sentence in sentences:
                print(f"gmmlib: warning: {about}{sentence}", file=sys.stderr)


def fit_all(X, options, bar):
    """A candidate for each number of components, and what each fit warned of."""
    name = "n_clusters" if options.n_clusters else "find_num_clusters_range HI"
    check_enough(len(X), options.range[-1], name)
    Watched.bar = bar
    model = Watched(
        covariance_type=options.covariance_type,
        tol=options.tol,
        reg_covar=options.reg_covar,
        max_iter=options.max_iter,
        n_init=options.n_init,
        random_state=options.random_state,
    )
    candidates, remarks = [], []
    for k in options.range:
        bar.set_description_str(f"{k} components", refresh=False)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            candidates += search(model, X, [k])
        texts = [str(w.message) for w in caught if w.category is ConvergenceWarning]
        remarks.append(texts)
    return candidates, remarks


def wide_blocks(X, mixture):
    """X in blocks, while each point takes as many numbers as means and a row have."""
    return blocks(X, sum(mixture.means.shape) + mixture.n_features)


# The report


def as_text(X, names, best, candidates, options):
    """The report for a reader."""
    model, k = best.model, best.model.n_components
    n, d = X.shape
    lines = [
        f"{options.data_path}: {n} points, {d} feature{'s' * (d > 1)}: "
        f"{', '.join(names[:10])}{', …' * (d > 10)}",
        "",
    ]
    if len(candidates) > 1:
        lines += [as_table(candidates, best, options), ""]
    ended = "converged" if model.converged_ else "stopped before it converged"
    lines += [
        f"{k} component{'s' * (k > 1)}, covariance type {model.covariance_type}: "
        f"{ended}, {model.n_iter_} iteration{'s' * (model.n_iter_ != 1)}",
        f"log-likelihood {model.log_likelihood_:.6f} "
        f"({model.log_likelihood_ / n:.6f} per point)",
        f"BIC {best.bic:.4f}   AIC {best.aic:.4f}   ICL {best.icl:.4f}   "
        f"({model.mixture_.n_parameters} parameters; lower is better)",
    ]
    for j in range(k):
        lines += ["", f"component {j}: weight {model.weights_[j]:.6f}"]
        lines += matrix("mean", model.means_[j : j + 1])
        if options.covariance_type == "tied":
            continue
        if options.covariance_type == "full":
            lines += matrix("covariance", model.covariances_[j])
        elif options.covariance_type == "diag":
            lines += matrix("variances", model.covariances_[j : j + 1])
        else:
            lines += matrix("variance", model.covariances_[j : j + 1, None])
    if options.covariance_type == "tied":
        lines += ["", *matrix("all components: covariance", model.covariances_)]
    return "\n".join(lines)


def matrix(name, rows):
    """The rows of numbers, aligned, the name before the first."""
    cells = [[f"{value:.6g}" for value in row] for row in rows]
    width = max(len(cell) for row in cells for cell in row)
    lines = ["  ".join(cell.rjust(width) for cell in row) for row in cells]
    return [f"  {name:10}  {lines[0]}"] + [
        " " * max(14, len(name) + 4) + line for line in lines[1:]
    ]


def as_table(candidates, best, options):
    """All numbers of components that were tried; the winner is marked."""
    rows = []
    for candidate in candidates:
        model = candidate.model
        mark = f"← lowest {options.criterion.upper()}" * (candidate is best)
        rows.append((
            model.n_components, f"{model.log_likelihood_:.4f}", f"{candidate.bic:.4f}",
            f"{candidate.aic:.4f}", f"{candidate.icl:.4f}", model.n_iter_,
            "yes" if model.converged_ else "no", mark,
        ))  # fmt: skip
    header = "components,log-likelihood,BIC,AIC,ICL,iterations,converged,".split(",")
    return repr(table(rows, header, "rrrrrrcl"))


def as_document(X, names, best, candidates, remarks, options):
    """The report for a program."""
    document = {
        "data": {
            "path": options.data_path,
            "n_samples": len(X),
            "n_features": X.shape[1],
            "feature_names": names,
        },
        "settings": {
            name: getattr(best.model, name)
            for name in ("covariance_type", "max_iter", "n_init", "tol", "reg_covar")
        }
        | {"random_state": options.random_state},
    }
    if options.find_num_clusters_range:
        document["criterion"] = options.criterion
        document["candidates"] = [
            numbers(candidate, texts) for candidate, texts in zip(candidates, remarks)
        ]
    model, texts = best.model, remarks[candidates.index(best)]
    return document | numbers(best, texts) | {
        "weights": model.weights_.tolist(),
        "means": model.means_.tolist(),
        "covariances": model.covariances_.tolist(),
    }


def numbers(candidate, remarks):
    model = candidate.model
    return {
        "n_components": model.n_components,
        "log_likelihood": model.log_likelihood_,
        "n_parameters": model.mixture_.n_parameters,
        "bic": candidate.bic,
        "aic": candidate.aic,
        "icl": candidate.icl,
        "n_iter": model.n_iter_,
        "converged": model.converged_,
        "warnings": remarks,
    }


# Pictures


def draw(place, X, names, best, candidates, options):
    """The figure of the fit, and for a range the curve of the criterion."""
    plotting = import_plotting()
    criterion = None
    if options.find_num_clusters_range:
        values = [getattr(candidate, options.criterion) for candidate in candidates]
        criterion = options.criterion.upper(), list(options.range), values
    mixture = best.model.mixture_
    figure = plotting.figure_of_fit(some_of(X, 2000), mixture, names, criterion)
    figure.savefig(place, dpi=200)


def animate(place, X, names, model):
    """EM, from a rough start to the fit that is reported."""
    plotting = import_plotting()
    from gmmlib.book.player import player

    path = rough_path(X, model)
    shown = path[:: -(-len(path) // 20)]
    if shown[-1] is not path[-1]:
        shown.append(path[-1])
    captions = [
        f"Iteration {state.iteration}: log-likelihood {state.log_likelihood:.4f}"
        for state in shown
    ]
    end, reached = model.log_likelihood_, path[-1].log_likelihood
    mixtures = [state.mixture for state in shown]
    if abs(end - reached) > 10 * model.tol * len(X) + 1e-6 * abs(end):
        mixtures.append(model.mixture_)
        captions.append(f"A better start led to the fit reported: {end:.4f}")
    points = some_of(X, 300)
    is_gif = place.suffix.lower() == ".gif"

    def frame(axes, i):
        plotting.draw_fit(axes, points, mixtures[i], names)
        if is_gif:  # the player has its captions below
            axes.figure.suptitle(captions[i])

    label = f"EM with {model.n_components} components, iteration by iteration"
    film = player(frame, captions, label)
    (film.save_gif if is_gif else film.save_html)(place)


def rough_path(X, model, n_starts=10):
    """All states from that of several rough starts that ends nearest the model's fit.

    A model's own start is so good that there is little to see.
    """
    paths = []
    for i in range(n_starts):
        watched = Recorded(**model.get_params()).set_params(
            init_params="random_from_data", n_init=1, random_state=i
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            watched.fit(X)
        paths.append(watched.path)
        if abs(watched.log_likelihood_ - model.log_likelihood_) <= model.tol * len(X):
            break
    return min(
        paths, key=lambda path: abs(path[-1].log_likelihood - model.log_likelihood_)
    )


class Recorded(Watched):
    """A model that keeps what its run goes through."""

    def _states(self, *arguments):
        self.path = []
        for state in super()._states(*arguments):
            self.path.append(state)
            yield state


def some_of(X, most):
    """At most so many rows, from all over the data."""
    return np.asarray(X[:: -(-len(X) // most)])


def import_plotting():
    try:
        from gmmlib.book import plotting
    except ImportError as error:
        raise missing(error) from None
    plotting.use_style()
    return plotting
