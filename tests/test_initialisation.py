"""Where EM starts."""

from itertools import islice

import numpy as np
import pytest
from cases import TYPES, clouds, covariance_floor

from gmmlib import GaussianMixture, em, kmeans, m_step, weighted_sums
from gmmlib.book.datasets import load_iris
from gmmlib.diagnosis import rank
from gmmlib.engine import as_data, lloyd_side_by_side
from gmmlib.initialisation import (
    GUESSES,
    MOST_ROWS,
    N_DRAWS,
    N_KMEANS,
    ROUNDS,
    from_kmeans,
    from_kmeans_plus_plus,
    from_random_points,
    mixture_from_responsibilities,
    one_hot,
    short_runs,
    start,
)
from gmmlib.kmeans import assign, kmeans_plus_plus, lloyd
from gmmlib.race import race

X = clouds(90, d=2, k=3, seed=4)
NAMES = ["short_runs", *GUESSES]


def rng(seed=0):
    return np.random.RandomState(seed)


def random_points(k, r):
    """Without weights, a random number says how far down the remaining rows to go."""
    rows = list(range(len(X)))
    return X[[rows.pop(int(r.uniform() * len(rows))) for _ in range(k)]]


@pytest.mark.parametrize("name", GUESSES)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_a_guess_is_a_row_of_shares_for_each_point(name, k):
    resp = GUESSES[name](as_data(X), k, rng())
    assert resp.shape == (len(X), k) and resp.min() >= 0
    np.testing.assert_allclose(resp.sum(axis=1), 1, 1e-14)
    assert resp.sum(axis=0).min() > 0
    if name != "random":
        assert set(np.unique(resp)) <= {0, 1}


def test_random_shares_are_uniform_numbers_divided_by_their_sum():
    numbers = rng(7).uniform(size=(90, 3))
    np.testing.assert_array_equal(
        GUESSES["random"](as_data(X), 3, rng(7)), numbers / numbers.sum(axis=1)[:, None]
    )


@pytest.mark.parametrize("guess", [from_random_points, from_kmeans_plus_plus])
def test_each_point_goes_to_the_nearest_of_some_points(guess):
    resp = guess(as_data(X), 4, rng(1))
    draw = {
        from_random_points: lambda r: random_points(4, r),
        from_kmeans_plus_plus: lambda r: kmeans_plus_plus(X, 4, r),
    }[guess]
    distances = np.linalg.norm(X[:, None] - draw(rng(1)), axis=2)
    np.testing.assert_array_equal(resp.argmax(axis=1), distances.argmin(axis=1))


def test_kmeans_labels_become_shares():
    labels = kmeans(X, 3, random_state=rng(2)).labels
    np.testing.assert_array_equal(
        from_kmeans(as_data(X), 3, rng(2)), labels[:, None] == np.arange(3)
    )


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("offset", [0.0, 2.0**27])
def test_a_mixture_from_shares_is_their_m_step(covariance_type, offset):
    data = np.round(X * 2**20) / 2**20
    shares = np.random.default_rng(0).dirichlet([1, 2, 3], size=len(X))
    mixture = mixture_from_responsibilities(
        data + offset, shares, covariance_type, [0.1, 0.2]
    )
    expected = m_step(
        weighted_sums(data, shares, np.zeros((3, 2)), covariance_type), [0.1, 0.2]
    )
    np.testing.assert_allclose(mixture.weights, expected.weights, 1e-14)
    np.testing.assert_allclose(mixture.means - offset, expected.means, 1e-7, 1e-7)
    np.testing.assert_allclose(mixture.covariances, expected.covariances, 1e-9, 1e-9)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_clusters_far_from_the_middle_keep_their_digits(covariance_type):
    data = np.round(clouds(60, d=2, k=1) * 2**20) / 2**20
    labels = np.repeat([0, 1], 60)
    pair = np.concatenate([data - 2.0**24, data + 2.0**24])
    mixture = mixture_from_responsibilities(pair, one_hot(labels, 2), covariance_type)
    matrix = np.cov(data.T, ddof=0)
    expected = {
        "full": matrix,
        "tied": matrix,
        "diag": np.diag(np.diag(matrix)),
        "spherical": np.trace(matrix) / 2 * np.eye(2),
    }[covariance_type]
    np.testing.assert_allclose(mixture.full_covariances(), [expected] * 2, 1e-12, 1e-12)


def test_a_component_without_shares_starts_in_the_middle():
    mixture = mixture_from_responsibilities(
        X, one_hot(np.zeros(90, dtype=int), 2), "diag", 0.1
    )
    np.testing.assert_allclose(mixture.means, [X.mean(axis=0)] * 2, 1e-12)
    np.testing.assert_array_equal(mixture.weights, [1, 0])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_start_is_a_mixture_of_the_type_asked_for(name, covariance_type):
    mixture = start(X, 3, covariance_type, name, 1e-6, random_state=0)
    assert mixture.covariance_type == covariance_type
    assert mixture.means.shape == (3, 2)


def test_a_full_start_from_short_runs_is_the_default():
    default, named = (
        start(X, 2, random_state=0),
        start(X, 2, "full", "short_runs", 0.0, 0),
    )
    np.testing.assert_array_equal(default.means, named.means)
    assert default.covariance_type == "full"


@pytest.mark.parametrize("name", GUESSES)
@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_a_start_is_its_guess_in_standard_deviations_and_the_floor(
    name, covariance_type
):
    data = X * [1.0, 50.0]
    mixture = start(data, 3, covariance_type, name, 0.25, random_state=3)
    unit = np.sqrt(np.var(data, axis=0))
    if covariance_type == "spherical":  # round in the units of the data
        unit = np.sqrt(np.mean(unit**2))
    standard = as_data((data - data.mean(axis=0)) / unit)
    expected = mixture_from_responsibilities(
        data, GUESSES[name](standard, 3, rng(3)), covariance_type, 0.25
    )
    np.testing.assert_allclose(mixture.covariances, expected.covariances, 1e-12)
    np.testing.assert_allclose(mixture.means, expected.means, 1e-12, 1e-12)


AGES = np.random.default_rng(4)
GROUP = AGES.integers(0, 2, 300)
AGES = np.column_stack(
    [  # a yearly sum in a small currency, the same for both groups; age; height
        AGES.lognormal(12, 0.6, 300),
        30 + 25 * GROUP + AGES.normal(0, 3, 300),
        AGES.normal(168, 8, 300),
    ]
)
UNITS = np.random.default_rng(0)


@pytest.mark.parametrize("init_params", [name for name in NAMES if name != "random"])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
@pytest.mark.parametrize("unit", [10.0 ** UNITS.uniform(-9, 9, 3) for _ in range(4)])
def test_units_do_not_decide(unit, covariance_type, init_params):
    options = dict(covariance_type=covariance_type, init_params=init_params, tol=1e-8)
    here, there = (
        GaussianMixture(2, random_state=1, max_iter=1000, **options).fit(data)
        for data in (AGES, AGES * unit)
    )
    np.testing.assert_allclose(there.means_ / unit, here.means_, 1e-4)
    same = (there.predict(AGES * unit) == GROUP).mean()
    assert same == (here.predict(AGES) == GROUP).mean()


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_the_groups_are_found_in_any_unit(covariance_type):
    for seed in range(20):
        model = GaussianMixture(2, covariance_type=covariance_type, random_state=seed)
        share = (model.fit_predict(AGES) == GROUP).mean()
        assert share in (pytest.approx(0.0), pytest.approx(1.0)), seed


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name):
    first, again, other = (start(X, 5, "diag", name, 1e-3, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.means, again.means)
    assert not np.array_equal(first.means, other.means)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_short_runs_keep_the_best_of_both_rounds(covariance_type):
    """As if each candidate had been run alone."""
    data, _ = load_iris()
    data = (data - data.mean(axis=0)) / data.std(axis=0)
    floor, generator = covariance_floor(data), rng(1)
    draws = [kmeans_plus_plus(data, 3, generator) for _ in range(N_KMEANS + N_DRAWS)]
    partitions = [list(lloyd(data, draw))[-1].labels for draw in draws[:N_KMEANS]]
    partitions += [assign(data, draw)[0] for draw in draws[N_KMEANS:]]
    runs = []
    for labels in partitions:
        first = mixture_from_responsibilities(
            data, one_hot(labels, 3), covariance_type, floor
        )
        runs.append(list(islice(em(data, first, floor), 71)))
    assert ROUNDS == ((N_KMEANS + N_DRAWS, 10), (5, 60))
    given = len(data), floor, as_data(data).varies
    runs.sort(key=lambda run: rank(run[10], *given), reverse=True)
    best = max((run[70] for run in runs[:5]), key=lambda state: rank(state, *given))
    resp = short_runs(as_data(data), 3, covariance_type, floor, rng(1))
    after = mixture_from_responsibilities(data, resp, covariance_type, floor)
    # It stops where nobody can gain 2e-4 nats a point.
    assert (
        best.log_likelihood - 2e-3 * len(data)
        < after.log_likelihood(data)
        < best.log_likelihood + 1e-3 * len(data)
    )


def test_one_component_needs_no_run():
    used, once = rng(0), rng(0)
    mixture = start(X, 1, "full", "short_runs", 0.0, used)
    assert used.randint(10**9) == once.randint(10**9)
    np.testing.assert_allclose(mixture.covariances[0], np.cov(X.T, ddof=0), 1e-12)


def test_an_error_if_no_start_is_sound():
    data = np.concatenate([X, np.full((1, 2), 60.0)])  # a cluster of one, mostly
    first = from_kmeans(as_data(data), 2, rng(0))
    with pytest.raises(ValueError, match="positive definite"):
        mixture_from_responsibilities(data, first)
    with pytest.raises(ValueError, match="positive definite"):
        start(np.repeat(X[:2], 5, axis=0), 2)


@pytest.mark.parametrize("name", ["short_runs", "kmeans", "k-means++"])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_weight_of_two_is_the_point_twice(name, covariance_type):
    weight = np.random.default_rng(0).integers(0, 4, size=len(X))
    args = (3, covariance_type, name, 1e-6, 5)
    weighted = start(X, *args, sample_weight=weight)
    repeated = start(np.repeat(X, weight, axis=0), *args)
    np.testing.assert_allclose(weighted.means, repeated.means, 1e-8)
    np.testing.assert_allclose(weighted.covariances, repeated.covariances, 1e-8, 1e-8)


def test_random_points_are_different_ones_and_drawn_by_weight():
    weight = np.random.default_rng(0).integers(0, 4, size=len(X))
    repeated = np.repeat(X, weight, axis=0)
    for seed in range(20):
        expected = from_random_points(as_data(repeated), 4, rng(seed))
        resp = from_random_points(as_data(X, weight), 4, rng(seed))
        np.testing.assert_array_equal(np.repeat(resp, weight, axis=0), expected)
    pair = np.repeat([[1.0], [2.0]], [30, 1], axis=0)
    assert all(
        from_random_points(as_data(pair), 2, rng(i)).min(axis=0).max() == 0
        for i in range(9)
    )
    assert from_random_points(as_data(pair), 3, rng()).shape == (31, 3)


@pytest.mark.parametrize("seed", range(20))
def test_a_candidate_that_collapses_does_not_win(seed):
    """Without a floor eight points collapse often, in any round: another one wins."""
    points = rng(seed).normal(size=(8, 2))
    try:
        mixture = start(points, 2, floor=0.0, random_state=seed)
        assert np.isfinite(mixture.log_likelihood(points))
    except ValueError as error:  # all have failed
        assert "reg_covar" in str(error)


def drawn_rows(n, n_drawn, weight=None, seed=0):
    """Rows drawn from all over n rows."""
    return as_data(np.zeros((n, 1)), weight).draw_row_numbers(n_drawn, rng(seed))


def test_drawn_rows_come_from_all_over_and_by_weight():
    rows = drawn_rows(1000, 100)
    np.testing.assert_array_equal(rows // 10, np.arange(100))
    weight = np.random.default_rng(0).integers(0, 4, size=1000)
    weighted = drawn_rows(1000, 100, weight)
    copies = np.repeat(np.arange(1000), weight)
    np.testing.assert_array_equal(weighted, copies[drawn_rows(len(copies), 100)])
    assert np.all(weight[weighted] > 0)


def test_many_points_are_compared_on_a_sample(monkeypatch):
    data = clouds(MOST_ROWS + 500, d=2, k=3, seed=4)
    seen = []
    monkeypatch.setattr(
        "gmmlib.initialisation.race",
        lambda data, *args: seen.append(len(data)) or race(data, *args),
    )
    start(data, 3, random_state=0)
    assert set(seen) == {MOST_ROWS}


def test_rows_without_weight_are_never_on_the_sample():
    weight = np.zeros(1000)
    weight[100:150] = 1
    for seed in range(20):
        rows = drawn_rows(1000, 200, weight, seed)
        assert rows.min() >= 100 and rows.max() < 150
    data = np.vstack([clouds(MOST_ROWS + 500), np.full((500, 2), 1e6)])
    counted = np.repeat([1.0, 0.0], [MOST_ROWS + 500, 500])
    mixture = start(
        data, 2, floor=1e-6 * np.ones(2), random_state=0, sample_weight=counted
    )
    assert np.abs(mixture.means).max() < 100


@pytest.mark.parametrize("init_params", NAMES)
def test_a_generator_does_for_random_numbers_and_moves_on(init_params):
    first, again = (
        GaussianMixture(
            2, init_params=init_params, random_state=np.random.default_rng(3)
        ).fit(X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.means_, again.means_)
    drawn, other = first.sample(5)[0], first.sample(5)[0]
    assert not np.array_equal(drawn, other)
    np.testing.assert_array_equal(
        first.sample(5, random_state=7)[0], again.sample(5, random_state=7)[0]
    )
    kmeans(X, 2, random_state=np.random.default_rng(0))
    stream = GaussianMixture(2, random_state=np.random.default_rng(0))
    assert np.isfinite(stream.partial_fit(X).means_).all()


def test_the_candidates_of_short_runs_are_twenty_different_draws(monkeypatch):
    asked = []

    def spy(data, draws, **options):
        asked.append((draws, options))
        return lloyd_side_by_side(data, draws, **options)

    monkeypatch.setattr("gmmlib.initialisation.lloyd_side_by_side", spy)
    short_runs(as_data(X), 4, "full", covariance_floor(X), rng(0))
    (runs, of_runs), (draws, of_draws) = asked
    assert (len(runs), of_runs) == (8, {})
    assert (len(draws), of_draws) == (12, {"most_iterations": 1})
    assert len({each.tobytes() for each in [*runs, *draws]}) == 20
