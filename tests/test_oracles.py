"""Numbers from other software and from print; log-likelihoods are totals in nats.

scikit-learn and mclust, run to tolerance 1e-12 without a floor; mixtools (Benaglia et
al. 2009); Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 8.5.
"""

import numpy as np
import pytest
from cases import TYPES, climb
from sklearn.metrics import adjusted_rand_score

from gmmlib import GaussianMixture, Mixture, kmeans, normal_pdf
from gmmlib.agreement import matched_accuracy
from gmmlib.book.datasets import load_iris, load_old_faithful
from gmmlib.initialisation import mixture_from_responsibilities, one_hot
from gmmlib.selection import bic

IRIS, SPECIES = load_iris()
FAITHFUL = load_old_faithful()
WAITING = FAITHFUL[:, 1:]
TABLE_8_1 = np.array(
    [
        -0.39,
        0.12,
        0.94,
        1.67,
        1.76,
        2.44,
        3.72,
        4.28,
        4.92,
        5.53,
        0.06,
        0.48,
        1.01,
        1.68,
        1.80,
        3.25,
        4.12,
        4.60,
        5.28,
        6.22,
    ]
)[:, None]


# Iris


@pytest.mark.parametrize(
    "covariance_type, log_likelihood, criterion, accuracy, rand",
    [
        ("full", -180.185477131, 580.838907203, 0.9667, 0.9039),
        ("tied", -256.354043126, 632.963333310, 0.9800, 0.9410),
        ("diag", -306.860460508, 743.997438662, 0.9400, 0.8343),
        ("spherical", -384.314095061, 853.808990122, 0.8933, 0.7302),
    ],
)
def test_iris_from_the_species(
    covariance_type, log_likelihood, criterion, accuracy, rand
):
    begin = mixture_from_responsibilities(IRIS, one_hot(SPECIES, 3), covariance_type)
    state = climb(IRIS, begin)
    assert state.log_likelihood == pytest.approx(log_likelihood, rel=1e-6)
    assert bic(state.log_likelihood, state.mixture.n_parameters, 150) == pytest.approx(
        criterion, rel=1e-6
    )
    labels = state.mixture.responsibilities(IRIS).argmax(axis=1)
    assert matched_accuracy(SPECIES, labels) == pytest.approx(accuracy, abs=5e-5)
    assert adjusted_rand_score(SPECIES, labels) == pytest.approx(rand, abs=5e-5)


@pytest.mark.parametrize("k, criterion", [(1, 829.9782), (2, 574.0178), (3, 580.8389)])
def test_iris_bic_prefers_two_components_to_three(k, criterion):
    model = GaussianMixture(
        k, reg_covar=0, tol=1e-10, max_iter=5000, random_state=0
    ).fit(IRIS)
    assert model.bic(IRIS) == pytest.approx(criterion, abs=5e-5)


def test_iris_diag_short_runs_climb_above_what_kmeans_in_centimetres_reaches():
    options = dict(covariance_type="diag", reg_covar=0, tol=1e-9, max_iter=5000)
    for seed in range(20):
        short_runs = GaussianMixture(3, random_state=seed, **options).fit(IRIS)
        assert short_runs.log_likelihood_ == pytest.approx(-306.8605, abs=5e-5)
    labels = kmeans(IRIS, 3, n_init=10, random_state=0).labels
    begin = mixture_from_responsibilities(IRIS, one_hot(labels, 3), "diag")
    state = climb(IRIS, begin)
    assert state.log_likelihood == pytest.approx(-307.1776, abs=5e-5)
    labels = state.mixture.responsibilities(IRIS).argmax(axis=1)
    assert matched_accuracy(SPECIES, labels) == pytest.approx(0.9067, abs=5e-5)


def test_iris_kmeans():
    state = kmeans(IRIS, 3, n_init=10, random_state=0)
    assert state.inertia == pytest.approx(78.8514, abs=5e-5)
    assert matched_accuracy(SPECIES, state.labels) == pytest.approx(0.8933, abs=5e-5)


# Old Faithful


def test_waiting_times_with_equal_variances_are_mixtools():
    begin = Mixture([0.5, 0.5], [[55.0], [80.0]], [[25.0]], "tied")
    mixture = climb(
        WAITING, begin, tol=1e-8 / 272
    ).mixture  # mixtools' own stopping rule
    np.testing.assert_allclose(mixture.weights, [0.36085, 0.63915], atol=5e-6)
    np.testing.assert_allclose(mixture.means[:, 0], [54.61364, 80.09031], atol=5e-6)
    assert np.sqrt(mixture.covariances[0, 0]) == pytest.approx(5.86909, abs=5e-6)
    assert mixture.log_likelihood(WAITING) == pytest.approx(-1034.0018, abs=5e-5)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_waiting_times_with_free_variances_are_mixtools(covariance_type):
    variances = {"full": [[[25.0]]] * 2, "diag": [[25.0]] * 2, "spherical": [25.0] * 2}
    mixture = climb(
        WAITING,
        Mixture(
            [0.5, 0.5], [[55.0], [80.0]], variances[covariance_type], covariance_type
        ),
    ).mixture
    assert mixture.weights[0] == pytest.approx(0.36089, abs=5e-6)
    np.testing.assert_allclose(mixture.means[:, 0], [54.6149, 80.0911], atol=5e-5)
    np.testing.assert_allclose(
        np.sqrt(mixture.full_covariances().ravel()), [5.8712, 5.8677], atol=5e-5
    )


@pytest.mark.parametrize(
    "covariance_type, log_likelihood",
    list(zip(TYPES, [-1130.26396018, -1140.18675944, -1147.80635254, -1709.52928218])),
)
def test_old_faithful_two_components(covariance_type, log_likelihood):
    model = GaussianMixture(
        2,
        covariance_type=covariance_type,
        reg_covar=0,
        tol=1e-11,
        max_iter=5000,
        random_state=0,
    ).fit(FAITHFUL)
    assert model.log_likelihood_ == pytest.approx(log_likelihood, rel=1e-6)
    if covariance_type == "full":
        order = np.argsort(model.weights_)
        np.testing.assert_allclose(
            model.weights_[order], [0.355872889, 0.644127111], rtol=1e-6
        )
        np.testing.assert_allclose(
            model.means_[order],
            [[2.03638853, 54.4785172], [4.28966204, 79.9681160]],
            rtol=1e-6,
        )


def test_old_faithful_three_tied_components_are_a_long_climb():
    labels = kmeans(FAITHFUL, 3, random_state=1).labels
    state = climb(
        FAITHFUL, mixture_from_responsibilities(FAITHFUL, one_hot(labels, 3), "tied")
    )
    assert state.iteration > 150
    assert state.log_likelihood == pytest.approx(-1126.3159, abs=5e-5)
    assert bic(state.log_likelihood, state.mixture.n_parameters, 272) == pytest.approx(
        2314.296, abs=5e-4
    )


# Hastie, Tibshirani & Friedman, table 8.1


def test_table_8_1_has_a_higher_maximum_than_the_book_prints():
    printed = Mixture([0.454, 0.546], [[4.62], [1.06]], [0.87, 0.77], "spherical")
    assert printed.log_likelihood(TABLE_8_1) == pytest.approx(-38.92360, abs=5e-6)
    top = climb(TABLE_8_1, printed)
    assert top.log_likelihood == pytest.approx(-38.91337, abs=5e-6)
    np.testing.assert_allclose(top.mixture.weights, [0.44541, 0.55459], atol=5e-6)
    np.testing.assert_allclose(top.mixture.means[:, 0], [4.65591, 1.08316], atol=5e-6)
    np.testing.assert_allclose(top.mixture.covariances, [0.81879, 0.81137], atol=5e-6)


def test_table_8_1_scores_higher_still_with_a_component_collapsed_on_a_point():
    start_at_a_point = Mixture([0.05, 0.95], [[6.22], [2.5]], [1e-4, 3.0], "spherical")
    state = climb(TABLE_8_1, start_at_a_point, reg_covar=1e-6)
    assert state.log_likelihood == pytest.approx(-36.79, abs=5e-3)
    assert state.mixture.means[0, 0] == pytest.approx(6.22)
    assert state.mixture.covariances[0] == pytest.approx(1e-6, rel=1e-3)


# x = 2 under N(0, 1) and N(1, 1)


def test_responsibilities_of_the_worked_example():
    assert normal_pdf(2.0) == pytest.approx(0.053991, abs=5e-7)
    assert normal_pdf(2.0, mean=1.0) == pytest.approx(0.241971, abs=5e-7)
    two = Mixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    assert two.responsibilities([[2.0]])[0, 0] == pytest.approx(0.182426, abs=5e-7)
