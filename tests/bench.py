"""gmmlib and scikit-learn side by side: time, memory, and whether they agree.

`make bench` runs it. It is no test, and the numbers are those of the machine.

An iteration is an M-step and a pass over the data: both from the same start, equally
often, in turn. ms: medians. ratio: the median of scikit-learn / gmmlib in pairs. MB:
the most that was allocated at once, beyond the data. floor: gmmlib's time over that of
2 n k d² operations at the rate of a matrix product; it is meant for full, the other
types need fewer. differ: the largest difference of weights, means or covariances after
these iterations, over the largest of them; 1e-9 at the most in float64.
"""

import argparse
import os
import tracemalloc
import warnings
from functools import partial
from time import perf_counter, sleep

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitMixture
from sklearn.utils._array_api import get_namespace
from threadpoolctl import threadpool_info

from gmmlib import GaussianMixture, Mixture, em
from gmmlib.book.datasets import load_iris, load_old_faithful

TYPES = "full,tied,diag,spherical"
CELLS = [  # n, d, k
    *[(150, 4, 3), (1000, 1, 2), (10_000, 2, 3), (100_000, 2, 3), (1_000_000, 2, 3)],
    *[(100_000, 8, 8), (100_000, 16, 10), (50_000, 64, 10), (20_000, 100, 20)],
]
REG_COVAR = 1e-6
PAUSE = 0.1  # seconds: until the other's BLAS threads have stopped waiting for work
HEADER = (
    "      n   d  k  steps |  gmmlib ms  scikit ms   ratio |"
    "  gmmlib MB  scikit MB |    floor   differ"
)
FITS_HEADER = (
    "data                     k |  gmmlib s  scikit s   ratio |  log-lik.: gmmlib"
    "      scikit |  steps: gmmlib     scikit"
)


def generate(n, d, k, spread=2.0, length=1.0):
    """Points, and the weights and means of the k clouds they come from.

    The clouds are a little tilted, and `length` times as long in one direction.
    """
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 1.5, size=k)
    weights /= weights.sum()
    means = rng.normal(size=(k, d)) * spread
    tilts = np.eye(d) + 0.3 / np.sqrt(d) * rng.normal(size=(k, d, d))
    labels = rng.choice(k, size=n, p=weights)
    X = rng.normal(size=(n, d))
    X[:, 0] *= length
    for j in range(k):
        X[labels == j] = means[j] + X[labels == j] @ tilts[j].T
    return X, weights, means


def problem(n, d, k, covariance_type, dtype):
    """Data of that type, and a start near the truth."""
    X, weights, means = generate(n, d, k)
    covariances = {
        "full": np.array([np.eye(d)] * k),
        "tied": np.eye(d),
        "diag": np.ones((k, d)),
        "spherical": np.ones(k),
    }[covariance_type]
    return X.astype(dtype), Mixture(weights, means, covariances, covariance_type)


def run_gmmlib(X, start, n_steps):
    """Seconds per iteration, and the parameters after the last."""
    states = em(X, start, reg_covar=REG_COVAR)
    next(states)  # the start itself, and the first pass over the data
    began = perf_counter()
    for _ in range(n_steps):
        mixture = next(states).mixture
    seconds = (perf_counter() - began) / n_steps
    return seconds, (mixture.weights, mixture.means, mixture.covariances)


def run_scikit(X, start, n_steps):
    """The same for the body of the loop in scikit-learn's `fit_predict`."""
    model = ScikitMixture(
        start.n_components, covariance_type=start.covariance_type, reg_covar=REG_COVAR
    )
    model.weights_ = start.weights.astype(X.dtype)
    model.means_ = start.means.astype(X.dtype)
    model.covariances_ = start.covariances.astype(X.dtype)
    model.precisions_cholesky_ = start.precision_factors.astype(X.dtype)
    xp, _ = get_namespace(X)
    model._e_step(X, xp=xp)  # a pass that is not timed, as gmmlib has had
    began = perf_counter()
    for _ in range(n_steps):
        log_prob_norm, log_resp = model._e_step(X, xp=xp)
        model._m_step(X, log_resp, xp=xp)
        model._compute_lower_bound(log_resp, log_prob_norm)
    seconds = (perf_counter() - began) / n_steps
    return seconds, (model.weights_, model.means_, model.covariances_)


def compare(ours, theirs, arguments, n_pairs):
    """Seconds of each, ratio, and what each returned last; who begins alternates."""
    seconds, results = [], {}
    for pair in range(n_pairs):
        for run in (theirs, ours) if pair % 2 else (ours, theirs):
            sleep(PAUSE)
            results[run] = run(*arguments)
        seconds.append((results[ours][0], results[theirs][0]))
    seconds = np.array(seconds)
    ratio = np.median(seconds[:, 1] / seconds[:, 0])
    return *np.median(seconds, axis=0), ratio, results[ours][1], results[theirs][1]


def peak_memory(run, X, start):
    """The most bytes allocated at once, beyond X: NumPy reports its own."""
    tracemalloc.start()
    run(X, start, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def product_rate(dtype, size=1500):
    """Floating-point operations per second in a product of matrices: the best of 7."""
    matrix = np.random.default_rng(0).normal(size=(size, size)).astype(dtype)
    seconds = []
    for _ in range(7):
        began = perf_counter()
        matrix @ matrix
        seconds.append(perf_counter() - began)
    return 2 * size**3 / min(seconds)


def measure_cell(n, d, k, covariance_type, dtype, rate, quick):
    """Print one line of the table; the ratio and the difference."""
    X, start = problem(n, d, k, covariance_type, dtype)
    memory = [peak_memory(run, X, start) / 1e6 for run in (run_gmmlib, run_scikit)]
    seconds, _ = run_gmmlib(X, start, 2)
    # Long enough that BLAS threads, which wait for more work a while, have stopped.
    n_steps = int(np.clip(0.15 / seconds, 3, 50))
    n_pairs = 3 if quick else 5 if n_steps < 50 else 21
    ours, theirs, ratio, ours_after, theirs_after = compare(
        run_gmmlib, run_scikit, (X, start, n_steps), n_pairs
    )
    differ = max(
        abs(a - b).max() / abs(b).max()
        for a, b in zip(ours_after, theirs_after, strict=True)
    )
    floor = ours / (2 * n * k * d**2 / rate)
    print(
        f"{n:>7}{d:>4}{k:>3}{n_steps:>7} |{1e3 * ours:>11.3f}{1e3 * theirs:>11.3f}"
        f"{ratio:>8.2f} |{memory[0]:>11.3f}{memory[1]:>11.3f} |"
        f"{floor:>9.1f}{differ:>9.0e}",
        flush=True,
    )
    return ratio, differ


def summary(name, results):
    """One line about the ratios and differences of several cells."""
    ratios, differences = np.array(results).T
    mean = np.exp(np.log(ratios).mean())
    return (
        f"{name:<20} ratio: geometric mean {mean:.2f}, minimum {ratios.min():.2f}; "
        f"largest difference {differences.max():.0e}"
    )


def measure_iterations(types, dtypes, cells, quick):
    """The first part: iteration against iteration."""
    rates = {dtype: product_rate(dtype) for dtype in dtypes}
    for dtype, rate in rates.items():
        print(f"Matrix product, {dtype}: {rate / 1e9:.1f}e9 operations per second")
    summaries = []
    for kind in types:
        both = []
        for dtype in dtypes:
            print(f"\n{kind}, {dtype}\n{HEADER}")
            results = [
                measure_cell(*cell, kind, dtype, rates[dtype], quick) for cell in cells
            ]
            summaries.append(summary(f"{kind}, {dtype}", results))
            print(summaries[-1])
            both += results
        if len(dtypes) > 1:
            summaries.append(summary(f"{kind}, both", both))
    print("\nAll types", *summaries, sep="\n")


def fit(model_class, X, k):
    """Seconds from data to convergence, and the log-likelihood and steps."""
    model = model_class(n_components=k, tol=1e-3, random_state=0)
    began = perf_counter()
    model.fit(X)
    seconds = perf_counter() - began
    stopped = "" if model.converged_ else " (max)"
    return seconds, (model.score(X) * len(X), f"{model.n_iter_}{stopped}")


def measure_fits(quick):
    """The second part: whole fits, each library with its own defaults and start."""
    data = [
        ("Iris", load_iris()[0], 3),
        ("Old Faithful", load_old_faithful(), 2),
        ("100000 x 2, overlapping", generate(10**5, 2, 5, spread=1.5)[0], 5),
        ("20000 x 8", generate(2 * 10**4, 8, 8)[0], 8),
        ("5000 x 20, elongated", generate(5000, 20, 4, spread=1.0, length=6.0)[0], 4),
    ]
    warnings.simplefilter("ignore", ConvergenceWarning)  # the table says "(max)"
    ours, theirs = partial(fit, GaussianMixture), partial(fit, ScikitMixture)
    compare(ours, theirs, data[0][1:], 1)  # a process's first fits are slow
    print(f"\nWhole fits with the defaults: full, tol=1e-3\n{FITS_HEADER}")
    for name, X, k in data:
        a, b, ratio, (our_top, our_steps), (their_top, their_steps) = compare(
            ours, theirs, (X, k), 1 if quick else 5
        )
        print(
            f"{name:<23}{k:>3} |{a:>10.4f}{b:>10.4f}{ratio:>8.2f} |{our_top:>18.2f}"
            f"{their_top:>12.2f} |{our_steps:>15}{their_steps:>11}",
            flush=True,
        )


def print_setting():
    """What the numbers depend on: versions, cores, threads, who else is at work."""
    print(f"NumPy {np.__version__}, scikit-learn {sklearn.__version__}")
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            owner = os.path.basename(os.path.dirname(pool["filepath"]))
            name = f"{pool['internal_api']} {pool['version']}, {owner}"
            print(f"BLAS threads: {pool['num_threads']} ({name})")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load before the start {load:.1f}")
    if load > 0.5:
        print("OTHERS ARE AT WORK: BLAS threads wait for them, milliseconds at a time")


def main():
    """Run what the options ask for; without options, everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--types", default=TYPES, help="default: %(default)s")
    parser.add_argument("--dtypes", default="float64,float32")
    parser.add_argument("--cells", help="lines of the table, from 0, such as 0,3")
    parser.add_argument("--fits", action="store_true", help="only the whole fits")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    options = parser.parse_args()
    cells = CELLS
    if options.cells:
        cells = [CELLS[int(i)] for i in options.cells.split(",")]
    began = perf_counter()
    print(__doc__)
    print_setting()
    if not options.fits:
        types, dtypes = options.types.split(","), options.dtypes.split(",")
        measure_iterations(types, dtypes, cells, options.quick)
    measure_fits(options.quick)
    print(f"\n{perf_counter() - began:.0f} seconds")


if __name__ == "__main__":
    main()
