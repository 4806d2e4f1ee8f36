"""Online EM: a stream, batch by batch, ends where EM on all its points ends."""

import pickle
import warnings

import dask.array as da
import numpy as np
import pytest
from cases import TYPES, climb, clouds, some_mixture, start_on
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from gmmlib import GaussianMixture, Mixture, e_step, m_step, weighted_sums
from gmmlib.online import about, blend, expected_sums, online_start, online_step

TRUTH = Mixture([0.4, 0.6], [[0.0], [4.0]], [[1.0], [1.0]], "diag")


def parameters(mixture):
    """The free ones, as a vector."""
    arrays = mixture.weights[:-1], mixture.means, mixture.covariances
    return np.concatenate([array.ravel() for array in arrays])


def from_parameters(vector):
    weights = [vector[0], 1 - vector[0]]
    return Mixture(weights, vector[1:3, None], vector[3:, None], "diag")


def standard_errors(mixture, X, step=1e-5):
    """Those of the maximum-likelihood estimate: the scores' squares, added, inverted."""
    top = parameters(mixture)
    scores = [
        from_parameters(top + step * unit).log_density(X)
        - from_parameters(top - step * unit).log_density(X)
        for unit in np.eye(len(top))
    ]
    scores = np.array(scores) / (2 * step)
    return np.sqrt(np.diag(np.linalg.inv(scores @ scores.T)))


def stream(seed, n_batches, size=50, start=TRUTH):
    """All points, and online EM's state after the last batch."""
    X, _ = TRUTH.sample(n_batches * size, random_state=seed)
    state = online_start(start)
    for batch in np.split(X, n_batches):
        state = online_step(state, batch)
    return X, state


# Where it ends


@pytest.mark.parametrize("n_batches", [1000, 4000])
def test_a_stream_ends_within_standard_errors_of_the_maximum_likelihood(n_batches):
    """Theory: the average differs from it by √(4/3 − 1) = 0.58 standard errors.

    Step t has a weight of 2t/T² in the average, whose variance is then ∑ 4t²/T⁴ =
    4/(3T) of a batch's. That of the estimate from all the points is 1/T, and so is the
    covariance of the two. 30 deviations, half of them free, are as far off as three
    standard errors of 0.58 ± 0.11 allow; the way from the start adds a little.
    """
    start = Mixture([0.5, 0.5], [[1.0], [3.0]], [[2.0], [0.5]], "diag")
    of_average, of_last = [], []
    for seed in range(6):
        X, state = stream(seed, n_batches, start=start)
        top = climb(X, TRUTH, tol=1e-10).mixture
        errors = standard_errors(top, X)
        for mixture, found in ((state.average, of_average), (state.mixture, of_last)):
            found.append((parameters(mixture) - parameters(top)) / errors)
    assert np.sqrt(np.mean(np.square(of_average))) < 0.9
    # Without the average, the noise of a step: √ω t/2 = 1.6 and more.
    assert np.sqrt(np.mean(np.square(of_last))) > 1.5


def test_four_times_the_stream_halves_the_distance_from_the_truth():
    distances = []
    for n_batches in (1000, 4000):
        ends = [parameters(stream(seed, n_batches)[1].average) for seed in range(8)]
        distances.append(np.sqrt(np.mean((np.array(ends) - parameters(TRUTH)) ** 2)))
    # 40 deviations on either side.
    assert 0.35 < distances[1] / distances[0] < 0.7


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_stream_of_the_same_batch_climbs_to_its_top(covariance_type):
    """Without noise there is nothing to average, and each step is a part of EM's."""
    X = np.vstack([clouds(100, 2, 1), clouds(200, 2, 1, seed=1) + 5])
    state = online_start(start_on(X, covariance_type))
    for _ in range(2000):
        state = online_step(state, X, decay=0.51, offset=0)
    top = climb(X, start_on(X, covariance_type))
    values = [mixture.log_likelihood(X) for mixture in (state.mixture, state.average)]
    assert values[0] == pytest.approx(top.log_likelihood, rel=1e-9)
    assert values[1] == pytest.approx(top.log_likelihood, rel=1e-4)


# One step


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_step_mixes_the_sums_before_with_those_of_the_batch(
    covariance_type, weighted
):
    """Written out about the origin, with a step size of (1 + 3)^-0.6."""
    X, mixture = clouds(90, 2, 3), some_mixture(covariance_type, 2, 3)
    weight = np.arange(90.0) % 4 if weighted else np.ones(90)
    share, origin = 4**-0.6, np.zeros((3, 2))
    old = about(expected_sums(mixture), origin)
    resp = e_step(X, mixture)[0] * weight[:, None]
    new = weighted_sums(X, resp, origin, covariance_type)
    mixed = [
        (1 - share) * getattr(old, name) + share * getattr(new, name) / weight.sum()
        for name in ("total", "first", "scatter")
    ]
    expected = m_step(type(old)(*mixed, origin, covariance_type), 0.1)
    state = online_step(
        online_start(mixture, 0.1), X, weight if weighted else None, offset=3
    )
    assert state.n_batches == 1
    for found in (state.mixture, state.average):
        for name in ("weights", "means", "covariances"):
            np.testing.assert_allclose(
                getattr(found, name), getattr(expected, name), 1e-10, err_msg=name
            )
    # The floor is in the mixture, but not in the sums.
    np.testing.assert_allclose(
        m_step(state.sums, 0.1).covariances, expected.covariances, 1e-10
    )


def test_the_floor_stays_from_step_to_step_and_the_data_go():
    X, state = clouds(90, 2, 3), online_start(some_mixture("diag", 2, 3), 0.1)
    for batch in np.split(X, 3):
        state = online_step(state, batch)
        np.testing.assert_allclose(
            state.mixture.covariances, m_step(state.sums, 0.1).covariances, 1e-12
        )
        assert state.floor == 0.1 and state.sums.retake is None


def test_the_step_size_is_by_default_that_of_the_estimator():
    X, begin = clouds(), online_start(some_mixture("full", 2, 3))
    given = online_step(begin, X, None, 0.6, 10.0).mixture.means
    np.testing.assert_array_equal(online_step(begin, X).mixture.means, given)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_sums_blend_with_shares_of_each(covariance_type):
    X, mixture = clouds(90, 2, 3), some_mixture(covariance_type, 2, 3)
    one, other, both = (
        weighted_sums(X, weight * e_step(X, mixture)[0], np.eye(3, 2), covariance_type)
        for weight in (1.0, np.arange(90.0)[:, None], np.arange(90.0)[:, None] + 1.5)
    )
    blended = blend(one, other, -0.5, 1.0)
    for name in ("total", "first", "scatter"):
        np.testing.assert_allclose(getattr(blended, name), getattr(both, name), 1e-12)


def test_step_t_counts_t_times_in_the_average():
    state, means = online_start(TRUTH), []
    for seed in range(5):
        state = online_step(state, TRUTH.sample(40, random_state=seed)[0])
        means.append(state.mixture.means)
    np.testing.assert_allclose(
        state.average.means, np.average(means, axis=0, weights=range(1, 6)), 1e-13
    )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_expected_sums_are_those_of_a_very_large_sample(covariance_type):
    mixture = some_mixture(covariance_type, 2, 3)
    sums = expected_sums(mixture)
    again = m_step(sums)
    np.testing.assert_allclose(again.covariances, mixture.covariances, 1e-12)
    np.testing.assert_allclose(again.weights, mixture.weights, 1e-12)
    X, _ = mixture.sample(400_000, random_state=0)
    many = weighted_sums(X, e_step(X, mixture)[0], sums.centres, covariance_type)
    assert np.abs(many.total / len(X) - sums.total).max() < 0.01
    assert np.abs(many.scatter / len(X) - sums.scatter).max() < 0.03


@pytest.mark.parametrize("covariance_type", TYPES)
def test_sums_about_other_centres_need_no_data(covariance_type):
    X, mixture = clouds(90, 2, 3), some_mixture(covariance_type, 2, 3)
    resp, other = e_step(X, mixture)[0], np.arange(6.0).reshape(3, 2)
    here, there = (
        weighted_sums(X, resp, centres, covariance_type)
        for centres in (mixture.means, other)
    )
    for name in ("total", "first", "scatter"):
        np.testing.assert_allclose(
            getattr(about(here, other), name), getattr(there, name), 1e-10, 1e-10
        )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_offset_changes_nothing_but_the_means(covariance_type):
    X, ends = np.round(clouds(400, 2, 2) * 2**20) / 2**20, []
    for offset in (0.0, 1e8):
        model = GaussianMixture(2, covariance_type=covariance_type, random_state=0)
        for batch in np.split(X + offset, 8):
            model.partial_fit(batch)
        ends.append(model)
    here, there = ends
    np.testing.assert_allclose(there.means_ - 1e8, here.means_, atol=1e-6)
    np.testing.assert_allclose(there.covariances_, here.covariances_, 1e-5)


# The estimator


@pytest.mark.parametrize("covariance_type", TYPES)
def test_partial_fit_is_online_em_from_the_start_of_a_fit(covariance_type):
    batches = np.split(clouds(400, 2, 2), 4)
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=3)
    floor = 1e-6 * np.ones(2)
    model.set_params(reg_covar=1e-6, learning_decay=0.7, learning_offset=2)
    data, given = model._check_input(batches[0], None)
    begin = model._start(data, given, floor, np.random.RandomState(3))
    state = online_start(begin, floor)
    for t, batch in enumerate(batches, 1):
        assert model.partial_fit(batch) is model
        state = online_step(state, batch, decay=0.7, offset=2)
        assert model.online_.n_batches == t
        np.testing.assert_array_equal(model.means_, state.average.means)
        np.testing.assert_array_equal(model.covariances_, state.average.covariances)
        np.testing.assert_array_equal(model.online_.mixture.means, state.mixture.means)
    labels = model.predict(batches[0])
    np.testing.assert_array_equal(
        labels, state.average.log_joint(batches[0]).argmax(axis=1)
    )
    assert np.isfinite(model.bic(batches[0])) and model.sample(3)[0].shape == (3, 2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_weights_of_a_batch_count_as_copies(dtype):
    X = clouds(300, 2, 2).astype(dtype)
    weight, options = np.arange(300) % 3, dict(means_init=X[:2], random_state=0)
    options |= dict(weights_init=[0.5, 0.5], precisions_init=[np.eye(2)] * 2)
    one, other = GaussianMixture(2, **options), GaussianMixture(2, **options)
    for rows in np.split(np.arange(300), 3):
        one.partial_fit(X[rows], sample_weight=weight[rows])
        other.partial_fit(np.repeat(X[rows], weight[rows], axis=0))
    assert one.means_.dtype == dtype
    rtol = 1e-9 if dtype is np.float64 else 1e-5  # of sums in another order
    np.testing.assert_allclose(one.means_, other.means_, rtol)
    np.testing.assert_allclose(one.covariances_, other.covariances_, rtol)


def test_it_goes_on_from_a_fit_and_a_fit_begins_anew():
    X = clouds(400, 2, 2)
    model = GaussianMixture(2, random_state=0, max_iter=300).fit(X)
    top, value = model.mixture_, model.score(X)
    model.partial_fit(X)
    assert model.online_.n_batches == 1
    np.testing.assert_allclose(model.means_, top.means, atol=0.01)
    assert model.score(X) == pytest.approx(value, abs=1e-3)
    # What a fit reports would belong to other parameters.
    for name in ("converged_", "n_iter_", "log_likelihood_", "lower_bounds_"):
        assert not hasattr(model, name)
    again = model.fit(X)
    assert not hasattr(again, "online_")
    np.testing.assert_array_equal(again.means_, top.means)


def test_it_pickles_between_batches_and_clones_without_them():
    one, *others = np.split(clouds(400, 2, 2), 4)
    model = GaussianMixture(2, random_state=0).partial_fit(one)
    again = pickle.loads(pickle.dumps(model))
    assert not hasattr(clone(model), "online_")
    for batch in others:
        model.partial_fit(batch)
        again.partial_fit(batch)
    np.testing.assert_array_equal(model.means_, again.means_)


def test_a_batch_may_be_a_dask_array():
    one, other = (GaussianMixture(2, random_state=0) for _ in range(2))
    for batch in np.split(clouds(400, 2, 2), 2):
        one.partial_fit(batch)
        other.partial_fit(da.from_array(batch, chunks=(30, -1)))
    np.testing.assert_allclose(one.means_, other.means_, 1e-9)


def test_later_batches_may_be_a_single_point():
    model = GaussianMixture(2, random_state=0).partial_fit(clouds(100))
    for point in clouds(20, seed=1):
        model.partial_fit(point[None])
    assert model.online_.n_batches == 21 and np.isfinite(model.means_).all()


@pytest.mark.parametrize(
    "batch, message",
    [
        (
            np.zeros((2, 2)),
            "expected at least n_components=3 points, got n_samples = 2",
        ),
        ([[0.0, np.nan]] * 4, r"X\[0, 1\]: expected a finite number, got NaN"),
    ],
)
def test_a_first_batch_that_will_not_do(batch, message):
    model = GaussianMixture(3)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(batch)
    assert not hasattr(model, "n_features_in_")


def test_a_later_batch_that_will_not_do_changes_nothing():
    model = GaussianMixture(2, random_state=0).partial_fit(clouds(100))
    before = model.online_
    for batch, message in [
        (np.zeros((4, 3)), "X has 3 features, but GaussianMixture is expecting 2"),
        ([[0.0, np.inf]], r"X\[0, 1\]: expected a finite number, got inf"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.partial_fit(batch)
    with pytest.raises(ValueError, match=r"sample_weight\[1\]: .* got -1"):
        model.partial_fit(np.zeros((2, 2)), sample_weight=[1, -1])
    assert model.online_ is before


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("learning_decay", 0.5, "expected a number above 0.5 and at most 1, got 0.5"),
        ("learning_decay", 1.1, "expected a number above 0.5 and at most 1, got 1.1"),
        ("learning_decay", "fast", "expected a number above 0.5 .* got 'fast'"),
        ("learning_offset", -1, "expected a number of at least 0, got -1"),
        ("learning_offset", np.nan, "expected a number of at least 0, got nan"),
        ("learning_offset", None, "expected a number of at least 0, got None"),
    ],
)
def test_a_bad_schedule_is_named(name, value, message):
    model = GaussianMixture(2).set_params(**{name: value})
    for use in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"{name}: {message}"):
            use(clouds())


@pytest.mark.parametrize(
    "change", [{"n_components": 3}, {"covariance_type": "diag"}], ids=str
)
def test_parameters_that_no_longer_fit_the_state_are_refused(change):
    model = GaussianMixture(2, random_state=0).partial_fit(clouds(100))
    ((name, value),) = change.items()
    before, state = getattr(model, name), model.online_
    model.set_params(**{name: value})
    with pytest.raises(ValueError, match=f"{name}: expected .*begin with a new model"):
        model.partial_fit(clouds(100))
    assert model.online_ is state
    model.set_params(**{name: before}).partial_fit(clouds(100))


def test_a_first_batch_that_is_too_small_says_what_it_must_hold():
    model = GaussianMixture(3)
    with pytest.raises(ValueError, match="the first batch: expected at least n_comp"):
        model.partial_fit(clouds(2))
    with pytest.raises(ValueError, match="the first batch: expected at least 2 points"):
        GaussianMixture(1).partial_fit([[1.0]])
    assert not hasattr(model, "mixture_")


def test_partial_fit_warns_as_fit_does():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        GaussianMixture(2, random_state=0).partial_fit(np.ones((50, 2)))
    texts = " ".join(str(warning.message) for warning in caught)
    assert "feature 0 (like 1) is constant" in texts and "component 1 " in texts
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMixture(2, random_state=0).partial_fit(clouds(200))
        for _ in range(5):  # what is constant in a batch, or rare, is no fault
            model.partial_fit(np.tile(clouds(1), (3, 1)))
