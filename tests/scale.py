"""More data than memory: what a pass costs, and what it would cost on a cluster.

`make scale` runs it, in about two minutes. It is no test, and the numbers are those
of the machine. Everything has one thread for each process; full covariances.

Peak: the most that was allocated at once while a memory-mapped file was fitted; NumPy
reports its own. An iteration is an M-step and a pass over the data, from the same
start. Its contestants take turns; a ratio is the median over the turns.
"""

import os
import pickle
import tempfile
import tracemalloc
import warnings
from contextlib import contextmanager
from time import perf_counter

import dask
import dask.array as da
import numpy as np
from bench import print_setting, problem, run_gmmlib, run_scikit
from distributed import Client, LocalCluster
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from gmmlib import GaussianMixture
from gmmlib.engine import as_data
from gmmlib.engine.blocks import block_rows
from gmmlib.engine.chunks import open_npy
from gmmlib.engine.products import products_for

D, K = 8, 8
ROWS = 100_000  # in a chunk
TURNS, STEPS = 5, 3


def write(path, X, n):
    """A file of n rows: X over and over, never in memory at once."""
    out = np.lib.format.open_memmap(path, "w+", X.dtype, (n, X.shape[1]))
    for first in range(0, n, len(X)):
        out[first : first + len(X)] = X[: n - first]
    del out
    return np.load(path, mmap_mode="r")


def peak(X):
    """Bytes allocated at once by a fit of four iterations, and its seconds."""
    model = GaussianMixture(K, random_state=0, max_iter=4, tol=0)
    began = perf_counter()
    tracemalloc.start()
    model.fit(X)
    bytes_ = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return bytes_, perf_counter() - began


def take_turns(runs, start):
    """Seconds of an iteration for each {name: (function, data)}, shape (turns, runs)."""
    seconds = [
        [run(X, start, STEPS)[0] for run, X in runs.values()] for _ in range(TURNS)
    ]
    return np.array(seconds)


def measure_memory(X):
    print(f"\nPeak memory of a fit from a memory map, d = {D}, k = {K}")
    print("         n |  file MB |  peak MB |  seconds")
    with tempfile.TemporaryDirectory() as folder:
        for n in (10**5, 10**6, 10**7):
            rows = write(f"{folder}/X.npy", X, n)
            bytes_, seconds = peak(rows)
            print(
                f"{n:>10} |{rows.nbytes / 1e6:>9.1f} |{bytes_ / 1e6:>9.2f} |"
                f"{seconds:>9.1f}",
                flush=True,
            )


def measure_one_core(X, start):
    """Rows per second of gmmlib in memory."""
    with tempfile.TemporaryDirectory() as folder:
        rows = write(f"{folder}/X.npy", X, len(X))
        runs = {
            "gmmlib, array": (run_gmmlib, X),
            "gmmlib, memory map": (run_gmmlib, rows),
            "gmmlib, Dask array": (run_gmmlib, da.from_array(X, chunks=(ROWS, -1))),
            "scikit-learn, array": (run_scikit, X),
        }
        with dask.config.set(scheduler="synchronous"):
            seconds = take_turns(runs, start)
    print(f"\nOne core, n = {len(X)}\n                      rows/s |  times array's")
    for name, column in zip(runs, seconds.T):
        ratio = np.median(seconds[:, 0] / column)
        print(f"{name:>20} {len(X) / np.median(column):>10.3g}{ratio:>8.2f}")
    return len(X) / np.median(seconds[:, 0])


def measure_workers(X, start):
    """One and two worker processes, each with its share of the data in memory."""
    n = 4 * len(X)
    print(f"\nWorker processes, n = {n}, persisted\n workers |  rows/s | efficiency")
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/X.npy", X, n)
        for n_workers in (1, 2, 1, 2):
            with workers(n_workers):
                rows = open_npy(f"{folder}/X.npy", n // 8).persist()
                run_gmmlib(rows, start, STEPS)  # what is made once, is made now
                for _ in range(TURNS):
                    second = run_gmmlib(rows, start, STEPS)[0]
                    seconds.setdefault(n_workers, []).append(second)
    one, two = (np.median(seconds[n_workers]) for n_workers in (1, 2))
    print(f"{1:>8} |{n / one:>8.3g} |{1:>11.2f}")
    print(f"{2:>8} |{n / two:>8.3g} |{one / (2 * two):>11.2f}")


@contextmanager
def workers(n):
    """A cluster of so many processes with one thread each."""
    with (
        LocalCluster(
            n_workers=n,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # any port that is free
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster),
    ):
        yield


def measure_bytes(X, start):
    """Bytes to a worker, and back for each chunk."""
    products = products_for(start)
    to, back = len(pickle.dumps(products)), []
    for n in (1000, ROWS):
        result = products.sums(X[: min(n, block_rows(products.n_numbers, 8))])
        back.append(len(pickle.dumps(result)))
    print(
        f"\nBytes: {to} to each worker in a pass; {back[1]} back from a chunk of {ROWS}"
        f" rows ({ROWS * D * 8} bytes), {back[0]} from one of 1000"
    )
    return to, back[1]


def measure_overhead(start):
    """Seconds that a chunk costs beside its arithmetic: chunks of a single row."""
    n, seconds = 1000, []
    with workers(1):
        rows = as_data(da.random.random((n, D), chunks=(1, -1)).persist())
        for _ in range(TURNS):
            began = perf_counter()
            rows.sums(start)
            seconds.append((perf_counter() - began) / n)
    return np.median(seconds)


def on_paper(rate, to, back, overhead, n=10**10, workers=100, rows=4 * 10**6):
    """What a pass costs, with the measured rates."""
    chunks = n // rows
    print(
        f"\nOn paper: {n:.0e} rows of {D} numbers ({n * D * 8 / 1e9:.0f} GB), "
        f"{workers} workers, {chunks} chunks of {rows} rows\n"
        f"  arithmetic: {n / workers / rate:.0f} s at {rate:.3g} rows/s a worker\n"
        f"  scheduling: {chunks * overhead:.0f} s at {1e3 * overhead:.2f} ms a chunk, "
        "mostly beside it\n"
        f"  bytes: {workers * to / 1e6:.1f} MB to the workers, "
        f"{chunks * back / 1e6:.0f} MB of sums, added in a tree on the workers\n"
        f"  not persisted: {n * D * 8 / workers / 1e9:.1f} GB to read for each worker"
    )


def main():
    print(__doc__)
    print_setting()
    warnings.simplefilter("ignore", ConvergenceWarning)
    began = perf_counter()
    X, start = problem(10**6, D, K, "full", np.float64)
    with threadpool_limits(limits=1):
        measure_memory(X[: 10**5])
        rate = measure_one_core(X, start)
        measure_workers(X, start)
        to, back = measure_bytes(X, start)
        on_paper(rate, to, back, measure_overhead(start))
    print(f"\n{perf_counter() - began:.0f} seconds")


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    main()
