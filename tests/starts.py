"""Where do fits end: from gmmlib's default start, and from scikit-learn's?

200 generated problems, one fit each by either library, the same absolute floor in both.
An end is "as high" if it is lower by no more than SLACK nats per point. A fit with a
collapsed component is no fit: its likelihood says nothing, so it never wins.

    python tests/starts.py [first seed] [seed after the last]
"""

import sys
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture as ScikitMixture
from threadpoolctl import threadpool_limits

from gmmlib import GaussianMixture, Mixture
from gmmlib.diagnosis import collapsed
from gmmlib.initialisation import start

TYPES = ["full", "tied", "diag", "spherical"]
FLOOR = 1e-6
SLACK = 1e-6  # 1e-3 nats per 1000 points
TOLERANCES = {"tol=1e-3": {}, "tol=1e-8": {"tol": 1e-8, "max_iter": 3000}}


def problem(seed):
    """Points, a number of components and a covariance type, all drawn from the seed."""
    rng = np.random.default_rng(seed)
    k, d = rng.integers(2, 9), rng.integers(1, 11)
    n = int(100 * 30 ** rng.uniform())  # 100 to 3000
    apart = rng.uniform(0.5, 6)  # from heavy overlap to none
    weights = rng.dirichlet(np.full(k, 3.0))
    means = apart * rng.normal(size=(k, d)) / d**0.25
    points = []
    for mean, size in zip(means, rng.multinomial(n, weights)):
        rotation = np.linalg.qr(rng.normal(size=(d, d)))[0]
        axes = np.exp(rng.uniform(-1.2, 1.2, size=d))  # standard deviations, 0.3 to 3.3
        points.append(mean + rng.normal(size=(size, d)) * axes @ rotation.T)
    X = np.concatenate(points)
    if rng.uniform() < 0.3:  # noise, every tenth to every fiftieth point
        few = int(n * rng.uniform(0.02, 0.1))
        X[:few] = rng.uniform(X.min(axis=0), X.max(axis=0), size=(few, d))
    return rng.permutation(X), int(k), TYPES[seed % 4]


def fit(library, X, k, covariance_type, seed, options):
    """Total log-likelihood, collapsed or not, and seconds of one fit."""
    model = library(
        k,
        covariance_type=covariance_type,
        reg_covar=FLOOR,
        random_state=seed,
        **options,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        model.fit(X)
        seconds = time.perf_counter() - began
    end = Mixture(model.weights_, model.means_, model.covariances_, covariance_type)
    fell = collapsed(end, np.full(X.shape[1], FLOOR)).any()
    return end.log_likelihood(X), fell, seconds


def start_seconds(X, k, covariance_type, seed):
    """Seconds that the start takes, as part of the fit."""
    began = time.perf_counter()
    start(X, k, covariance_type, floor=np.full(X.shape[1], FLOOR), random_state=seed)
    return time.perf_counter() - began


def compare(seeds, options):
    """One row for each problem: type, gap per 1000 points, collapses, seconds."""
    rows = []
    for seed in seeds:
        X, k, kind = problem(seed)
        ours, we_fell, our_seconds = fit(GaussianMixture, X, k, kind, seed, options)
        theirs, they_fell, seconds = fit(ScikitMixture, X, k, kind, seed, options)
        begin = start_seconds(X, k, kind, seed)
        gap = 1000 * (ours - theirs) / len(X)
        rows.append((kind, gap, we_fell, they_fell, our_seconds, seconds, begin))
    return rows


def report(rows, name):
    """One line of the table."""
    _, gap, we_fell, they_fell, ours, theirs, begin = map(np.array, zip(*rows))
    sound = ~we_fell & ~they_fell
    high, higher = gap >= -1000 * SLACK, gap > 1000 * SLACK
    won = np.sum(sound & high) + np.sum(~we_fell & they_fell)
    cells = [
        f"{len(rows):4d} {np.sum(sound):5d}",
        f"{np.mean(high[sound]):7.1%} {np.mean(higher[sound]):7.1%}",
        f"{np.median(gap[sound]):8.3f} {np.mean(gap[sound]):8.2f}",
        f"{np.sum(we_fell & ~they_fell):5d} {np.sum(~we_fell & they_fell):5d}",
        f"{np.sum(we_fell & they_fell):5d} {np.sum(they_fell & (gap < 0)):7d}",
        f"{won / np.sum(~(we_fell & they_fell)):7.1%}",
        f"{begin.sum() / ours.sum():6.0%} {ours.sum() / theirs.sum():6.2f}",
        f"{np.median(ours / theirs):6.2f}",
    ]
    print(f"{name:20s}", *cells, flush=True)


def main(first=0, last=200):
    print(
        "all: problems. sound: neither collapsed; of these: as high or higher, strictly"
        "\nhigher, median and mean gap (nats per 1000 points, ours minus theirs). Then"
        "\ncollapsed: ours only, theirs only, both; theirs and 'higher'. no worse: as"
        "\nhigh, or sound where theirs is not, of all but both collapsed. start: its"
        "\nshare of our time. time: of our fits over scikit-learn's, sum and median."
    )
    heads = (
        "all sound as high  higher   median     mean  ours theirs  both higher no worse"
    )
    print(" " * 21 + heads + "  start   time median")
    for name, options in TOLERANCES.items():
        rows = compare(range(first, last), options)
        report(rows, f"{name} all")
        for kind in TYPES:
            report([row for row in rows if row[0] == kind], f"{name} {kind}")


if __name__ == "__main__":
    with threadpool_limits(limits=1):
        main(*map(int, sys.argv[1:]))
