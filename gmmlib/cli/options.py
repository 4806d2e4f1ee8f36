"""The options of the command line: what is asked, or one line about what is wrong."""

import argparse
import math
import os
from difflib import get_close_matches
from pathlib import Path

from gmmlib import __version__
from gmmlib.cli.layout import SEPARATORS
from gmmlib.cli.tables import KINDS
from gmmlib.covariance import COVARIANCE_TYPES
from gmmlib.selection import CRITERIA

TABLES, PLOTS, ANIMATIONS = (
    (".csv", ".npy"),
    (".png", ".svg", ".pdf"),
    (".gif", ".html"),
)


class Parser(argparse.ArgumentParser):
    """One line about what is wrong."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}\n")


def parse(arguments):
    """The options; hyphens in a name count as underscores."""
    parser = Parser(
        "gmmlib",
        description="Fit a Gaussian mixture to the points in a file, by EM.",
        epilog="In names of options, hyphens will do for underscores.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--data_path",
        required=True,
        metavar="FILE",
        help="a table with one point a row: "
        f"{', '.join(KINDS)}; - for text on standard input. "
        "How a text is laid out is guessed, and said",
    )
    add(
        "--columns",
        metavar="LIST",
        help="the columns that are features, by "
        "name or by number from 1, with commas between: length,width or 1,3-5 "
        "(default: all, but for row names)",
    )
    add(
        "--separator",
        choices=list(SEPARATORS),
        metavar="S",
        help="what is between the cells of a text, if "
        f"the guess is wrong: {', '.join(SEPARATORS)}",
    )
    add(
        "--decimal",
        choices=[".", ","],
        metavar="S",
        help="its decimal sign, . or ,",
    )
    add(
        "--header",
        choices=["yes", "no"],
        help="whether its first line is names",
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument(
        "--n_clusters",
        type=positive_integer,
        metavar="K",
        help="fit this number of components",
    )
    task.add_argument(
        "--find_num_clusters_range",
        type=positive_integer,
        nargs=2,
        metavar=("LO", "HI"),
        help="fit each number from LO to HI, both "
        "included, and keep the best by --criterion",
    )
    add(
        "--criterion",
        choices=CRITERIA,
        default="bic",
        help="lower is better (default: %(default)s)",
    )
    add(
        "--covariance_type",
        choices=[*COVARIANCE_TYPES, "all"],
        default="full",
        help="what the ellipses may look like; all: fit each, and keep the best by "
        "--criterion (default: %(default)s)",
    )
    add(
        "--missing",
        choices=["error", "em"],
        default="error",
        help="what to do about missing values; em: fit to what each row has "
        "(default: %(default)s)",
    )
    add(
        "--max_iter",
        type=positive_integer,
        default=100,
        metavar="N",
        help="the most iterations of EM for one start (default: %(default)s)",
    )
    add(
        "--n_init",
        type=positive_integer,
        default=1,
        metavar="N",
        help="the number of starts (default: %(default)s)",
    )
    add(
        "--tol",
        type=at_least_zero,
        default=1e-3,
        metavar="NATS",
        help="stop when there is less to gain, per point (default: %(default)s)",
    )
    add(
        "--reg_covar",
        type=floor_of_variances,
        default="scale",
        metavar="V",
        help="what is added "
        "to each variance: a number, or 'scale' for 1e-6 of its feature's (the default)",
    )
    add(
        "--random_state",
        type=seed,
        default=0,
        metavar="SEED",
        help="the seed of all that is random (default: %(default)s)",
    )
    add("--json", action="store_true", help="print one JSON document instead")
    for name, endings, what in [
        ("--labels", TABLES, "the component of each point"),
        ("--responsibilities", TABLES, "the share of each component in each point"),
        ("--plot", PLOTS, "a figure of the fit"),
        ("--animate", ANIMATIONS, "EM step by step, from a rough start"),
    ]:  # fmt: skip
        add(
            name,
            type=file_that_ends_in(*endings),
            metavar="FILE",
            help=f"write {what}: {', '.join(endings)}",
        )
    add("--version", action="version", version=f"gmmlib {__version__}")
    arguments = [with_underscores(argument) for argument in arguments]
    check_names(parser, arguments)
    options = parser.parse_args(arguments)
    paths = options.labels, options.responsibilities, options.plot, options.animate
    paths = [Path(path).resolve() for path in paths if path]
    if len(set(paths)) < len(paths):
        twice = max(paths, key=paths.count).name
        parser.error(f"expected a file for each output, got {twice} twice")
    data = Path(options.data_path)
    if data.exists() and any(path.exists() and path.samefile(data) for path in paths):
        parser.error(f"expected another file for each output than the data's, {data}")
    options.separator = SEPARATORS.get(options.separator)
    options.header = {"yes": True, "no": False}.get(options.header)
    options.shapes = [options.covariance_type]
    if options.covariance_type == "all":
        options.shapes = list(COVARIANCE_TYPES)
    if options.n_clusters:
        options.range = range(options.n_clusters, options.n_clusters + 1)
    else:
        low, high = options.find_num_clusters_range
        if low > high:
            parser.error(
                "argument --find_num_clusters_range: expected LO ≤ HI, got "
                f"{low} {high}"
            )
        options.range = range(low, high + 1)
    return options


def check_names(parser, arguments):
    """An error for an option that there is not, with the name that is nearest."""
    known = list(parser._option_string_actions)
    for argument in arguments:
        name = argument.partition("=")[0]
        if name.startswith("--") and len(name) > 2 and name not in known:
            near = "".join(
                f"; did you mean {n}?" for n in get_close_matches(name, known, 1)
            )
            parser.error(f"unrecognized arguments: {argument}{near}")


def with_underscores(argument):
    """The argument; in an option's name, hyphens count as underscores."""
    name, equals, value = argument.partition("=")
    is_option = name.startswith("--")
    return ("--" + name[2:].replace("-", "_") if is_option else name) + equals + value


def positive_integer(text):
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
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number ≥ 0, got {text!r}")
    return number


def floor_of_variances(text):
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
