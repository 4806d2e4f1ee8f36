"""Dask arrays: the same answers as in memory, while the data stay where they are."""

import os
import pickle
import signal
import subprocess
import sys
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
from cases import (
    TYPES,
    after,
    clouds,
    covariance_floor,
    quietly,
    some_mixture,
    start_on,
)
from distributed import Client, LocalCluster, wait
from sklearn.exceptions import NotFittedError

from gmmlib import GaussianMixture, em
from gmmlib.engine import as_data
from gmmlib.engine.arrays import fold_blocks, rows_at
from gmmlib.engine.chunks import Chunks, open_npy
from gmmlib.engine.products import products_for
from gmmlib.initialisation import GUESSES, MOST_ROWS, start

X = clouds(600, d=3, k=3)
WEIGHT = np.arange(600.0) % 5 * 0.7
CHUNKS = {
    "one": -1,
    "even": (100, -1),
    "uneven": ((1, 250, 7, 342), -1),
    "empty": ((0, 300, 0, 0, 300, 0), -1),
    "single rows": (1, -1),
    "columns, too": (200, 2),
}
D = da.from_array(X, chunks=(100, -1))


@pytest.fixture(autouse=True)
def in_turn():
    """One task after the other, unless a test says otherwise."""
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def client():
    """Two worker processes of one thread each."""
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # any port that is free
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def assert_same(one, other, rtol):
    """Two mixtures, but for rounding; rtol=0: bit by bit."""
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol, rtol, err_msg=name
        )


# The same answers


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_em_is_the_same_whatever_the_chunks(covariance_type, chunks):
    begin = start_on(X, covariance_type, 3)
    there = after(8, da.from_array(X, chunks=chunks), begin, "scale")
    here = after(8, X, begin, "scale")
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-12)
    assert_same(there.mixture, here.mixture, 1e-9)


@pytest.mark.parametrize("chunks", [-1, 77, 1], ids=["one", "other", "single"])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_count_the_same_as_an_array_or_in_chunks(covariance_type, chunks):
    model = GaussianMixture(
        3, covariance_type=covariance_type, random_state=0, max_iter=8, tol=0
    )
    here = quietly(model, X, WEIGHT).mixture_
    value = model.log_likelihood_
    for weight in (WEIGHT, da.from_array(WEIGHT, chunks=chunks)):
        assert_same(quietly(model, D, weight).mixture_, here, 1e-9)
        assert model.log_likelihood_ == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, int, np.float16, bool])
def test_types_are_those_of_an_array(dtype):
    data = (X > 1) if dtype is bool else (10 * X).astype(dtype)
    model = GaussianMixture(2, random_state=0, max_iter=5)
    here = quietly(model, data)
    mixture, kept = here.mixture_, here.means_.dtype
    there = quietly(model, da.from_array(data, chunks=(150, -1)))
    assert there.means_.dtype == kept
    assert_same(there.mixture_, mixture, 1e-9)


def test_many_rows_in_single_precision_are_computed_in_it_whatever_the_chunks():
    """Each of the chunks alone would be too small for that."""
    data = clouds(5000, 3, 3).astype(np.float32)
    begin = start_on(data, "full", 3)
    assert products_for(begin, np.float32).is_safe
    there, here = (
        after(3, rows, begin, "scale")
        for rows in (da.from_array(data, chunks=(500, -1)), data)
    )
    # Sums of a few float32 products, in other heaps; in float64 it would be 1e-13.
    assert_same(there.mixture, here.mixture, 1e-5)
    assert there.log_likelihood != after(3, data.astype(float), begin).log_likelihood


def test_small_clouds_far_apart_keep_their_digits():
    """One centre would not do: the sums are taken about each mean, in each chunk."""
    data = np.vstack([clouds(80, k=1), clouds(70, k=1, seed=2) + 1e6])
    begin = start_on(data, "full")
    there = after(20, da.from_array(data, chunks=(40, -1)), begin)
    assert_same(there.mixture, after(20, data, begin).mixture, 1e-8)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_fit_from_the_default_start_is_the_same(covariance_type, weighted):
    """The start is made from a sample: the same rows, wherever they are."""
    data = clouds(MOST_ROWS + 3000, 2, 3)
    weight = np.arange(len(data)) % 3 if weighted else None
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=1)
    here = quietly(model, data, weight)
    mixture, values = here.mixture_, here.log_likelihoods_
    chunks = (2500, 100, 10_400)
    if weighted:
        weight = da.from_array(weight, chunks=(chunks,))
    there = quietly(model, da.from_array(data, chunks=(chunks, -1)), weight)
    np.testing.assert_allclose(there.log_likelihoods_, values, 1e-12)
    assert_same(there.mixture_, mixture, 1e-9)


@pytest.mark.parametrize("init_params", GUESSES)
def test_other_starts_look_at_a_sample_of_many_rows(init_params):
    data = clouds(2 * MOST_ROWS, 2, 3)
    chunks = da.from_array(data, chunks=(3000, -1))
    begin = start(chunks, 3, init_params=init_params, random_state=0)
    assert begin.n_components == 3
    few = data[:MOST_ROWS]  # of few rows, at all of them
    one, other = (
        start(rows, 3, init_params=init_params, random_state=0)
        for rows in (few, da.from_array(few, chunks=(3000, -1)))
    )
    assert_same(one, other, 0)


def test_a_given_start_warm_starts_and_leaps_work_as_in_memory():
    given = dict(means_init=X[:3], weights_init=[0.2, 0.3, 0.5])
    for options in (given, {"warm_start": True}, {"accelerate": "squarem"}):
        here, there = (
            GaussianMixture(3, random_state=0, max_iter=6, tol=0, **options)
            for _ in range(2)
        )
        for _ in range(2):
            quietly(here, X)
            quietly(there, D)
            np.testing.assert_allclose(
                there.log_likelihoods_, here.log_likelihoods_, 1e-11, err_msg=options
            )


def test_a_constant_feature_is_named_as_in_memory():
    data = np.column_stack([X, np.full(600, 7.0)])
    for weight in (None, da.from_array(WEIGHT, chunks=50)):
        with pytest.warns(UserWarning, match="feature 3 is constant") as caught:
            GaussianMixture(2, random_state=0, max_iter=300).fit(
                da.from_array(data, chunks=(100, -1)), sample_weight=weight
            )
        assert caught[0].filename == __file__


def test_the_floor_comes_from_the_same_rows():
    weight = da.from_array(WEIGHT, chunks=70)
    np.testing.assert_array_equal(covariance_floor(D), covariance_floor(X))
    np.testing.assert_array_equal(
        covariance_floor(D, "scale", weight), covariance_floor(X, "scale", WEIGHT)
    )


def test_rows_are_found_by_weight_in_chunks_as_in_an_array():
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, size=200).astype(float)
    weight[150:] = 0
    places = np.sort(rng.uniform(0, weight.sum(), size=50))
    places[-1] = weight.sum()  # past the end, as rounding may have it
    chunks = Chunks(da.from_array(weight, chunks=((30, 0, 100, 70),)))
    np.testing.assert_array_equal(chunks.rows_at(places), rows_at(places, weight))
    assert weight[chunks.rows_at(places)].min() > 0


# What travels


@pytest.mark.parametrize("covariance_type", TYPES)
def test_what_comes_back_does_not_grow_with_the_rows(covariance_type):
    """Of each component a total, d firsts, and each pair's square once."""
    d, k = 8, 8
    mixture = some_mixture(covariance_type, d, k)
    products, sizes = products_for(mixture), []
    for n in (100, 100_000):
        result = fold_blocks(products.sums, 5000, clouds(n, d, k))
        sizes.append(len(pickle.dumps(result)))
    assert sizes[0] == sizes[1]
    assert sizes[0] < 8 * k * (1 + d + d * (d + 1) // 2) + 8 * d + 1000


@pytest.mark.parametrize("covariance_type", TYPES)
def test_what_travels_to_a_worker_does_the_same_there(covariance_type):
    products = products_for(some_mixture(covariance_type, 3, 3))
    again = pickle.loads(pickle.dumps(products))
    for one, other in zip(products.sums(X), again.sums(X)):
        if isinstance(one, float):
            assert one == other
        else:
            np.testing.assert_array_equal(one.scatter, other.scatter)
            np.testing.assert_array_equal(one.centres, other.centres)


def made(n_blocks, seen, rows=50_000):
    """A lazy array that counts how often each of its blocks is made."""

    def block(block_id):
        seen[block_id[0]] += 1
        return clouds(rows, 2, 3, seed=block_id[0])

    return da.map_blocks(
        block, chunks=((rows,) * n_blocks, (2,)), dtype=float, meta=np.empty((0, 0))
    )


def test_blocks_are_read_one_by_one_and_forgotten():
    """Forty megabytes, of which one block of 0.8 is there at a time."""
    seen = np.zeros(50, dtype=int)
    data = made(50, seen)
    model = GaussianMixture(3, random_state=0, max_iter=2, tol=0)
    quietly(model, data)
    tracemalloc.start()
    quietly(model, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < data.nbytes / 2


def test_a_fit_reads_each_block_three_times_and_once_for_each_state():
    """To check it, for the floor, for the start; then for iterations 0 to 4."""
    seen = np.zeros(6, dtype=int)
    data = made(6, seen, rows=5000)
    quietly(GaussianMixture(3, random_state=0, max_iter=4, tol=0), data)
    np.testing.assert_array_equal(seen, 3 + 5)
    persisted = data.persist()
    seen[:] = 0
    quietly(GaussianMixture(3, random_state=0, max_iter=4, tol=0), persisted)
    assert not seen.any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32, int])
def test_a_file_is_mapped_where_it_is_needed(tmp_path, dtype):
    data = (10 * clouds(10_000, 8, 3)).astype(dtype)
    np.save(tmp_path / "X.npy", data)
    rows = open_npy(tmp_path / "X.npy", rows=3000)
    assert rows.chunks == ((3000, 3000, 3000, 1000), (8,)) and rows.dtype == dtype
    np.testing.assert_array_equal(rows.compute(), data)
    assert len(pickle.dumps(rows)) < data.nbytes / 50


# Schedulers


@pytest.mark.parametrize("d", [3, 9])  # with nine, an array would have threads
def test_threads_change_nothing_whoever_is_first(d):
    data = clouds(20_000, d, 3)
    begin, rows = start_on(data, "full", 3), da.from_array(data, chunks=(700, -1))
    with dask.config.set(scheduler="synchronous"):
        in_turn = after(3, rows, begin)
    with dask.config.set(scheduler="threads", num_workers=4):
        for _ in range(3):
            at_once = after(3, rows, begin)
            assert at_once.log_likelihood == in_turn.log_likelihood
            assert_same(at_once.mixture, in_turn.mixture, 0)


def test_processes_change_nothing():
    begin = start_on(X, "full", 3)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        dask.config.set(scheduler="processes", pool=pool),
    ):
        there = after(2, D, begin)
    assert_same(there.mixture, after(2, D, begin).mixture, 0)


def test_gmmlib_does_not_import_dask_of_its_own_accord():
    code = (
        "import sys, numpy, gmmlib, gmmlib.cli;"
        "gmmlib.GaussianMixture().fit(numpy.eye(9)[:, :2]).predict(numpy.eye(2));"
        "sys.exit('dask' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


# A cluster


def test_a_cluster_gives_the_same_bits_as_one_process(client):
    with client.as_current(), dask.config.set(scheduler=None):
        there = quietly(GaussianMixture(3, random_state=0, max_iter=5, tol=0), D)
        labels = there.predict(D)
        assert labels.compute().shape == (600,) and isinstance(there.bic(D), float)
    here = quietly(GaussianMixture(3, random_state=0, max_iter=5, tol=0), D)
    assert there.log_likelihoods_ == here.log_likelihoods_
    assert_same(there.mixture_, here.mixture_, 0)


def test_the_data_stay_with_the_workers(client):
    """Of eight megabytes two passes move some sums, less than a thousandth.

    On a busy machine Dask now and then gives an idle worker a chunk of another: the
    least of five times counts. (What has moved once stays, so the data are new ones.)
    """
    begin, moved = start_on(clouds(100, 8, 3), "diag", 3), []
    with client.as_current(), dask.config.set(scheduler=None):
        for seed in range(5):
            data = da.from_array(clouds(125_000, 8, 3, seed), chunks=(12_500, -1))
            data = data.persist()
            wait(data)
            before = sum(client.run(received).values())
            as_data(data).sums(begin)
            moved.append(sum(client.run(received).values()) - before)
    assert min(moved) < data.nbytes / 1000, moved


def received(dask_worker):
    """The bytes that a worker has had from others so far."""
    return sum(of["total"] for of in dask_worker.transfer_incoming_log)


class Dying(GaussianMixture):
    """A model whose third pass kills a worker."""

    def run(self, *arguments):
        for state, *about in super().run(*arguments):
            if state.iteration == 2:
                self.flag.touch()
            yield state, *about


def deadly(block, flag):
    """The block; but the first who finds the flag is killed."""
    try:
        Path(flag).unlink()
    except FileNotFoundError:
        return block
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("persisted", [False, True])
def test_a_worker_that_is_killed_changes_no_bit(client, tmp_path, persisted):
    flag = tmp_path / "flag"
    data = D.map_blocks(deadly, str(flag), meta=np.empty((0, 0)))
    model = Dying(3, random_state=0, max_iter=6, tol=0)
    model.flag = flag
    here = quietly(GaussianMixture(3, random_state=0, max_iter=6, tol=0), D)
    with client.as_current(), dask.config.set(scheduler=None):
        before = pids(client)
        if persisted:  # then somebody else has to kill
            data = D.persist()
            run = partial(GaussianMixture.run, model)
            model.run = lambda *arguments: killing(run(*arguments), client)
        quietly(model, data)
        client.wait_for_workers(2)
        assert pids(client) != before
    assert not flag.exists()
    assert model.log_likelihoods_ == here.log_likelihoods_
    assert_same(model.mixture_, here.mixture_, 0)


def killing(states, client):
    """The states; after the second iteration, a worker is dead."""
    for state, *about in states:
        yield state, *about
        if state.iteration == 2:
            os.kill(min(pids(client)), signal.SIGKILL)


def pids(client):
    return set(client.run(os.getpid).values())


def test_a_worker_that_meets_a_nan_says_where(client):
    data = X.copy()
    data[[433, 555], [2, 0]] = np.nan, np.inf
    rows = da.from_array(data, chunks=(100, -1))
    model = quietly(GaussianMixture(2, random_state=0), X)
    with client.as_current(), dask.config.set(scheduler=None):
        for use in (model.fit, lambda rows: model.predict(rows[:500]).compute()):
            with pytest.raises(ValueError) as caught:
                use(rows)
            assert str(caught.value) == (
                "X[433, 2], in block 4: expected a finite number, got NaN; drop that "
                "row or fill the value in; GaussianMixture(missing='em') fits without it"
            )


# Lazy results


def test_predictions_are_lazy_and_those_of_an_array():
    model = quietly(GaussianMixture(3, random_state=0), X)
    for chunks in CHUNKS.values():
        rows = da.from_array(X, chunks=chunks)
        for method in ("predict", "predict_proba", "score_samples"):
            lazy, array = getattr(model, method)(rows), getattr(model, method)(X)
            assert isinstance(lazy, da.Array)
            assert lazy.chunks[0] == rows.chunks[0]
            assert (lazy.shape, lazy.dtype) == (array.shape, array.dtype), method
            assert lazy._meta.ndim == array.ndim
            np.testing.assert_allclose(lazy.compute(), array, 1e-9, 1e-12)
            assert lazy.compute().dtype == array.dtype
        for method in ("score", "bic", "aic", "icl"):
            value = getattr(model, method)(rows)
            assert type(value) is float
            assert value == pytest.approx(getattr(model, method)(X), rel=1e-12)


def test_single_precision_stays_single():
    model = quietly(GaussianMixture(3, random_state=0), X.astype(np.float32))
    rows = D.astype(np.float32)
    for method in ("predict_proba", "score_samples"):
        lazy = getattr(model, method)(rows)
        assert lazy.dtype == lazy.compute().dtype == np.float32


def test_nothing_is_computed_before_it_is_asked_for():
    seen = np.zeros(4, dtype=int)
    rows, model = made(4, seen, rows=100), quietly(GaussianMixture(2), clouds())
    lazy = [model.predict(rows), model.predict_proba(rows), model.score_samples(rows)]
    assert not seen.any()
    lazy[0][:50].compute()
    assert seen.tolist() == [1, 0, 0, 0]
    for method in ("score", "bic", "aic", "icl"):
        seen[:] = 0
        getattr(model, method)(rows)
        assert seen.tolist() == [1, 1, 1, 1], method


def test_fit_predict_is_lazy_too():
    model = GaussianMixture(2, random_state=0)
    np.testing.assert_array_equal(model.fit_predict(D).compute(), model.predict(X))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "bic"])
def test_errors_about_the_model_come_at_once(method):
    with pytest.raises(NotFittedError):
        getattr(GaussianMixture(), method)(D)
    with pytest.raises(ValueError, match="X has 2 features, but GaussianMixture is"):
        getattr(quietly(GaussianMixture(), X), method)(D[:, :2])


# Errors


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: D[D[:, 0] > 0], r"known sizes, got unknown ones; .*compute_chunk_siz"),
        (lambda: D[:, 0], r"(?s)Expected 2D array, got 1D array .*reshape\(-1, 1\)"),
        (lambda: D[None], "dim 3.+ <= 2"),
        (lambda: D[:0], r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1"),
        (lambda: D[:, :0], r"0 feature\(s\) .* while a minimum of 1"),
        (lambda: D + 1j, "Complex data not supported"),
        (lambda: D.astype(str), r"X\[0, 0\]: expected a number, got"),
        (lambda: D[:1], "expected at least n_components=2 points, got n_samples = 1;"),
        (lambda: D * 1e200, "expected numbers whose squares are finite"),
    ],
)
def test_what_is_wrong_with_the_data_is_said_as_for_an_array(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        GaussianMixture(2).fit(make())


def test_the_wrong_number_of_columns():
    with pytest.raises(ValueError, match="expected 2 columns, got 3; pass the same"):
        next(em(D, some_mixture("full", 2)))


@pytest.mark.parametrize(
    "value, message",
    [
        (np.nan, r"sample_weight\[77\], in block 1: expected a finite .* got nan"),
        (np.inf, r"sample_weight\[77\], in block 1: expected a finite .* got inf"),
        (-2.0, r"sample_weight\[77\], in block 1: .* of at least 0, got -2.0"),
    ],
)
def test_a_bad_weight_is_named(value, message):
    weight = WEIGHT.copy()
    weight[[77, 400]] = value
    with pytest.raises(ValueError, match=message):
        # In the chunks of the points, which need not be its own.
        GaussianMixture(2).fit(
            da.from_array(X, chunks=(50, -1)), sample_weight=da.from_array(weight)
        )


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match=r"expected shape \(600,\), got \(599,\)"):
        GaussianMixture(2).fit(D, sample_weight=da.ones(599, chunks=100))
    with pytest.raises(ValueError, match="a finite sum that is not zero, got 0;"):
        GaussianMixture(2).fit(D, sample_weight=da.zeros(600, chunks=100))
    few = da.from_array((np.arange(600) == 5) * 1.0, chunks=100)
    with pytest.raises(ValueError, match="n_components=2 points, got n_samples = 1"):
        GaussianMixture(2).fit(D, sample_weight=few)


def test_chunked_weights_of_an_array_are_an_array():
    one, other = (
        quietly(GaussianMixture(2, random_state=0), X, weight).mixture_
        for weight in (WEIGHT, da.from_array(WEIGHT, chunks=100))
    )
    assert_same(one, other, 0)


def test_em_itself_takes_what_fit_takes():
    weight = da.from_array(WEIGHT, chunks=90)
    begin = start_on(X, "diag", 3)
    there = list(islice(em(D, begin, sample_weight=weight), 4))[-1]
    here = list(islice(em(X, begin, sample_weight=WEIGHT), 4))[-1]
    assert_same(there.mixture, here.mixture, 1e-9)
