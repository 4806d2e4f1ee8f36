"""The same loop with other steps: what a reader adds in ten lines."""

from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import pytest
from cases import TYPES, clouds, start_on

from gmmlib import Mixture, e_step, em, m_step, weighted_sums
from gmmlib.em import alternate
from gmmlib.engine import as_data
from gmmlib.initialisation import one_hot
from gmmlib.online import about

X = clouds(200, d=2, k=2, seed=3)
LABELS = (X[:, 0] > np.median(X[:, 0])).astype(int)
KNOWN = np.arange(200) % 4 == 0


def after(n_steps, *steps):
    return next(islice(alternate(*steps), n_steps, None))


def with_some_labels(mixture):
    """The E-step where some labels are known: their points are no longer shared."""
    responsibilities, _ = e_step(X, mixture)
    log_joint = mixture.log_joint(X)
    responsibilities[KNOWN] = one_hot(LABELS[KNOWN], 2)
    log_density = mixture.log_density(X)
    log_density[KNOWN] = log_joint[KNOWN, LABELS[KNOWN]]
    sums = weighted_sums(X, responsibilities, mixture.means, mixture.covariance_type)
    return sums, log_density.sum()


def means_at(fixed, sums):
    """The M-step where the means are known: the spread is taken about them."""
    sums = about(sums, fixed)
    return m_step(replace(sums, first=0 * sums.first))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_with_all_labels_known_the_first_step_is_the_last(covariance_type, monkeypatch):
    monkeypatch.setitem(globals(), "KNOWN", np.ones(200, dtype=bool))
    state = after(1, with_some_labels, m_step, start_on(X, covariance_type))
    groups = [X[LABELS == j] for j in range(2)]
    np.testing.assert_allclose(state.mixture.means, [g.mean(axis=0) for g in groups])
    np.testing.assert_allclose(state.mixture.weights, [len(g) / 200 for g in groups])
    again = after(5, with_some_labels, m_step, start_on(X, covariance_type))
    np.testing.assert_allclose(again.mixture.covariances, state.mixture.covariances)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_some_known_labels_are_believed_and_the_rest_is_em(covariance_type):
    begin = start_on(X, covariance_type)
    states = list(islice(alternate(with_some_labels, m_step, begin), 40))
    heights = [state.log_likelihood for state in states]
    assert np.all(np.diff(heights) > -1e-9) and heights[-1] > heights[0] + 1
    swapped = Mixture(
        begin.weights[::-1],
        begin.means[::-1],
        begin.covariances if covariance_type == "tied" else begin.covariances[::-1],
        covariance_type,
    )
    other = after(39, with_some_labels, m_step, swapped)
    # Known labels decide which component is which, wherever EM begins.
    np.testing.assert_allclose(other.mixture.means, states[-1].mixture.means, atol=0.05)


def test_no_known_label_is_em_as_it_is(monkeypatch):
    monkeypatch.setitem(globals(), "KNOWN", np.zeros(200, dtype=bool))
    ours = after(10, with_some_labels, m_step, start_on(X, "full"))
    theirs = next(islice(em(X, start_on(X, "full"), reg_covar=0), 10, None))
    np.testing.assert_allclose(ours.mixture.covariances, theirs.mixture.covariances)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_means_that_are_held_fixed_stay_and_the_likelihood_climbs(covariance_type):
    begin = start_on(X, covariance_type)
    steps = as_data(X).sums, partial(means_at, begin.means)
    states = list(islice(alternate(*steps, begin), 30))
    for state in states:
        np.testing.assert_array_equal(state.mixture.means, begin.means)
    assert np.all(np.diff([state.log_likelihood for state in states]) > -1e-9)
    # At the end each variance is the mean square about the fixed mean.
    resp = states[-1].mixture.responsibilities(X)[:, 0]
    square = resp @ (X - begin.means[0]) ** 2 / resp.sum()
    found = states[-1].mixture.full_covariances()[0].diagonal()
    expected = {"full": square, "diag": square}.get(covariance_type)
    if expected is not None:
        np.testing.assert_allclose(found, expected, 1e-3)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_two_components_share_one_fixed_mean(covariance_type):
    """A narrow and a wide cloud about one centre: each keeps its own spread."""
    rng = np.random.default_rng(0)
    sd = np.where(rng.uniform(size=1000) < 0.5, 1, 6)
    data = rng.normal(size=(1000, 2)) * sd[:, None]
    scale = {"full": [np.eye(2), 9 * np.eye(2)], "diag": [[1, 1], [9, 9]]}
    covariances = scale.get(covariance_type, [1, 9])
    begin = Mixture([0.5, 0.5], np.zeros((2, 2)), covariances, covariance_type)
    state = after(60, as_data(data).sums, partial(means_at, begin.means), begin)
    np.testing.assert_array_equal(state.mixture.means, begin.means)
    spreads = state.mixture.full_covariances()[:, 0, 0]
    np.testing.assert_allclose(spreads, [1, 36], rtol=0.2)
