"""Bad input gets one clear error: what was wrong, where, and what to do."""

import tracemalloc
import warnings

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from cases import TYPES, clouds, covariance_floor
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from gmmlib import (
    GaussianMixture,
    Mixture,
    e_step,
    em,
    fit_normal,
    kmeans,
    lloyd,
    normal_logpdf,
    normal_pdf,
)
from gmmlib.agreement import contingency, match_labels, matched_accuracy
from gmmlib.check import check_count, check_points
from gmmlib.covariance import covariance_class
from gmmlib.engine import as_data
from gmmlib.engine.arrays import InMemory
from gmmlib.gaussian import cholesky, mahalanobis, multivariate_normal_logpdf
from gmmlib.initialisation import start

X = clouds(30)
TWO = Mixture([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0], "spherical")

BAD_DATA = {
    "nan": (
        [[1.0, 2.0], [np.nan, 3.0], [1.0, np.nan]],
        r"X\[1, 0\]: expected a finite number, got NaN; drop that row or fill",
    ),
    "infinity": (
        [[1.0, 2.0], [3.0, np.inf], [0.0, 0.0]],
        r"X\[1, 1\]: expected a finite number, got inf; drop",
    ),
    "minus infinity": (
        [[-np.inf, 2.0], [3.0, 4.0], [0.0, 0.0]],
        r"X\[0, 0\]: expected a finite number, got -inf; drop",
    ),
    "opposite infinities": (
        [[np.inf, 2.0], [-np.inf, 4.0], [0.0, 0.0]],
        r"X\[0, 0\]: expected a finite number, got inf; drop",
    ),
    "missing": (
        [[1.0, None], [3.0, 4.0]],
        r"X\[0, 1\]: expected a finite number, got NaN",
    ),
    "text": (
        [[1.0, 2.0], [3.0, "red"]],
        r"X\[1, 1\]: expected a number, got 'red'; drop that column or encode it",
    ),
    "array of text": (
        np.array([["a", "b"]]),
        r"X\[0, 0\]: expected a number, got .*'a'",
    ),
    "objects": ([[1.0, {}], [2.0, 3.0]], r"X\[0, 1\]: expected a number, got {}"),
    "a word": ("words", "X: .*expected"),
    "ragged": ([[1.0, 2.0], [3.0]], "X: expected rows of equal length"),
    "complex": (np.array([[1 + 2j, 2.0], [3.0, 4.0]]), "Complex data not supported"),
    "list of complex": ([[1 + 2j, 2.0], [3.0, 4.0]], "Complex data not supported"),
    "sparse": (sparse.csr_array(np.eye(3)), r"Sparse data .* Use '.toarray\(\)'"),
    "one dimension": (
        [1.0, 2.0, 3.0],
        r"(?s)Expected 2D array, got 1D array .*reshape\(-1, 1\)",
    ),
    "three dimensions": (np.zeros((2, 2, 2)), "dim 3.+ <= 2"),
    "a number": (3.0, "Expected 2D array, got scalar array"),
    "no rows": (
        np.zeros((0, 2)),
        r"0 sample\(s\) \(shape=\(0, 2\)\) while a minimum of 1",
    ),
    "no columns": (
        np.zeros((3, 0)),
        r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1",
    ),
}
USES = {
    "fit": lambda X: GaussianMixture(2).fit(X),
    "predict": lambda X: GaussianMixture(1).fit(clouds(20)).predict(X),
    "log_joint": lambda X: TWO.log_joint(X),
    "e_step": lambda X: e_step(X, TWO),
    "em": lambda X: next(em(X, TWO)),
    "lloyd": lambda X: next(lloyd(X, [[0.0, 0.0]])),
    "kmeans": lambda X: kmeans(X, 2),
}


@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("use", USES)
def test_data_that_are_no_table_of_finite_numbers(use, case):
    data, message = BAD_DATA[case]
    with pytest.raises((ValueError, TypeError), match=message):
        USES[use](data)


def test_the_first_bad_value_is_found_in_a_large_table():
    data = np.zeros((70_000, 3))
    data[69_000, 2] = data[69_500, 0] = np.inf
    with pytest.raises(ValueError, match=r"X\[69000, 2\]"):
        check_points(data)


def test_a_sum_that_overflows_is_no_bad_value():
    huge = np.full((3, 1), 1.7e308)
    np.testing.assert_array_equal(check_points(huge), huge)
    opposite = np.array([[1.7e308], [1.7e308], [-1.7e308], [-1.7e308]])
    np.testing.assert_array_equal(check_points(opposite), opposite)


@pytest.mark.parametrize(
    "dtype, kept",
    [
        (np.float64, True),
        (np.float32, True),
        (int, False),
        (bool, False),
        (np.float16, False),
    ],
)
def test_floats_are_kept_as_they_are_and_other_numbers_become_float64(dtype, kept):
    data = np.eye(3).astype(dtype)
    checked = check_points(data)
    assert (checked is data) if kept else (checked.dtype == np.float64)


def test_the_message_carries_the_name_it_was_given():
    with pytest.raises(ValueError, match=r"centres\[0, 0\]: expected a finite number"):
        check_points([[np.nan]], "centres")
    with pytest.raises(
        ValueError, match=r"centres\[0, 0\]: expected a number, got 'x'"
    ):
        check_points([["x"]], "centres")


# Numbers of points and columns


@pytest.mark.parametrize("use", ["log_joint", "e_step", "em", "lloyd"])
def test_the_wrong_number_of_columns(use):
    with pytest.raises(
        ValueError, match="expected [23] columns, got [23]; pass the same features"
    ):
        USES[use](np.zeros((4, 3)))


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "score_samples", "score", "bic", "aic"]
)
def test_the_wrong_number_of_columns_after_a_fit_is_scikit_learns_error(method):
    model = GaussianMixture(1).fit(X)
    with pytest.raises(
        ValueError, match="X has 3 features, but GaussianMixture is expecting 2"
    ):
        getattr(model, method)(np.zeros((4, 3)))


def test_fewer_points_than_components():
    for attempt, name in [
        (lambda: GaussianMixture(4).fit(X[:3]), "n_components"),
        (lambda: kmeans(X[:3], 4), "n_clusters"),
    ]:
        with pytest.raises(
            ValueError,
            match=f"X: expected at least {name}=4 points, got n_samples = 3; ",
        ):
            attempt()


def test_a_single_point_has_no_spread():
    for reg_covar in (0, 0.1, "scale"):
        with pytest.raises(
            ValueError, match="X: expected at least 2 points, got n_samples = 1"
        ):
            GaussianMixture(1, reg_covar=reg_covar).fit(X[:1])


def test_as_many_points_as_components_will_do():
    assert kmeans(X[:3], 3, random_state=0).inertia == 0
    model = GaussianMixture(3, covariance_type="diag", reg_covar=0.1, random_state=0)
    with pytest.warns(ConvergenceWarning, match="component . (collapsed|duplicates)"):
        model.fit(X[:3])
    np.testing.assert_allclose(
        np.sort(model.means_, axis=0), np.sort(X[:3], axis=0), atol=0.3
    )


# Parameters of the model


@pytest.mark.parametrize(
    "parameter, value, message",
    [
        ("n_components", 0, "n_components: expected an integer of at least 1, got 0"),
        ("n_components", -2, "n_components: expected an integer of at least 1, got -2"),
        (
            "n_components",
            2.0,
            "n_components: expected an integer of at least 1, got 2.0",
        ),
        (
            "n_components",
            "2",
            "n_components: expected an integer of at least 1, got '2'",
        ),
        (
            "n_components",
            True,
            "n_components: expected an integer of at least 1, got True",
        ),
        (
            "n_components",
            None,
            "n_components: expected an integer of at least 1, got None",
        ),
        ("max_iter", -1, "max_iter: expected an integer of at least 0, got -1"),
        ("max_iter", 1.5, "max_iter: expected an integer of at least 0, got 1.5"),
        ("n_init", 0, "n_init: expected an integer of at least 1, got 0"),
        ("tol", -1e-9, "tol: expected a number of at least 0, got -1e-09"),
        ("tol", np.nan, "tol: expected a number of at least 0, got nan"),
        ("tol", None, "tol: expected a number of at least 0, got None"),
        ("tol", "small", "tol: expected a number of at least 0, got 'small'"),
        ("tol", 1j, "tol: expected a number of at least 0, got 1j"),
        ("tol", [1e-3], r"tol: expected a number of at least 0, got \[0.001\]"),
        ("reg_covar", -1e-9, "reg_covar: expected 'scale' or a number ≥ 0, got -1e-09"),
        ("reg_covar", np.inf, "reg_covar: expected 'scale' or a number ≥ 0, got inf"),
        ("reg_covar", np.nan, "reg_covar: expected 'scale' or a number ≥ 0, got nan"),
        ("reg_covar", "big", "reg_covar: expected 'scale' or a number ≥ 0, got 'big'"),
        ("reg_covar", None, "reg_covar: expected 'scale' or a number ≥ 0, got None"),
        (
            "reg_covar",
            [1.0, -1.0],
            r"reg_covar: expected 'scale' or a number ≥ 0, got \[1.0, -1.0\]",
        ),
        ("reg_covar", [1.0, 1.0, 1.0], "reg_covar: expected"),
        (
            "covariance_type",
            "round",
            "covariance_type: expected one of 'full', 'tied', 'diag', "
            "'spherical', got 'round'",
        ),
        ("covariance_type", None, "covariance_type: expected one of .* got None"),
        (
            "covariance_type",
            ["full"],
            r"covariance_type: expected one of .* got \['full'\]",
        ),
        (
            "init_params",
            "best",
            "init_params: expected one of 'short_runs', 'kmeans', 'k-means\\+\\+', "
            "'random', 'random_from_data', got 'best'",
        ),
        ("init_params", None, "init_params: expected one of .* got None"),
        (
            "init_params",
            ["kmeans"],
            r"init_params: expected one of .* got \['kmeans'\]",
        ),
        ("random_state", "seed", "'seed' cannot be used to seed"),
        (
            "weights_init",
            [0.5, 0.6],
            r"weights_init: expected .* sum to 1, got \[0.5, 0.6\] with sum 1.1",
        ),
        ("weights_init", [-0.5, 1.5], "weights_init: expected numbers of at least 0"),
        ("weights_init", [1.0], r"weights_init: expected shape \(2,\), got \(1,\)"),
        ("weights_init", [np.nan, 1.0], "weights_init.*: expected .*finite number"),
        ("weights_init", "half", "weights_init: expected numbers, got 'half'"),
        (
            "means_init",
            [[0.0, 0.0]],
            r"means_init: expected shape \(2, 2\), got \(1, 2\)",
        ),
        (
            "means_init",
            [[0.0], [1.0]],
            r"means_init: expected shape \(2, 2\), got \(2, 1\)",
        ),
        (
            "means_init",
            [[0.0, 0.0], [1.0, np.nan]],
            r"means_init\[1, 1\]: expected a finite number",
        ),
        (
            "means_init",
            [[0.0, "a"], [1.0, 1.0]],
            r"means_init: expected numbers, got .*'a'",
        ),
        ("precisions_init", "sharp", "precisions_init: expected numbers, got 'sharp'"),
        ("precisions_init", [1.0, 1.0], "precisions_init.*: expected .*shape"),
        ("precisions_init", [np.eye(2)] * 3, "precisions_init.*: expected .*shape"),
        (
            "precisions_init",
            [np.eye(2), -np.eye(2)],
            r"precisions_init\[1\]: expected a positive definite .* eigenvalue is -1",
        ),
        (
            "precisions_init",
            [np.eye(2), [[1.0, 0.5], [0.0, 1.0]]],
            r"precisions_init\[1\]: expected a symmetric matrix",
        ),
        (
            "precisions_init",
            [np.eye(2), np.full((2, 2), np.nan)],
            "precisions_init.*: expected",
        ),
    ],
)
def test_a_bad_parameter_is_named_with_its_value(parameter, value, message):
    model = GaussianMixture(2, random_state=0).set_params(**{parameter: value})
    with pytest.raises(ValueError, match=message):
        model.fit(X)


@pytest.mark.parametrize(
    "covariance_type, precisions",
    [
        ("tied", 3.0),
        ("tied", np.eye(3)),
        ("tied", -np.eye(2)),
        ("diag", np.zeros((2, 2))),
        ("diag", -np.ones((2, 2))),
        ("diag", np.ones((3, 2))),
        ("spherical", [1.0, 0.0]),
        ("spherical", [1.0, -1.0]),
        ("spherical", [1.0, 1.0, 1.0]),
        ("spherical", [1.0, np.inf]),
    ],
)
def test_bad_precisions_of_each_type_are_named(covariance_type, precisions):
    model = GaussianMixture(
        2, covariance_type=covariance_type, precisions_init=precisions
    )
    with pytest.raises(ValueError, match="precisions_init.*: expected"):
        model.fit(X)


def test_bad_names_are_found_even_where_they_are_not_needed():
    model = GaussianMixture(
        2,
        init_params="best",
        weights_init=[0.5, 0.5],
        means_init=X[:2],
        precisions_init=[np.eye(2)] * 2,
    )
    with pytest.raises(ValueError, match="init_params: expected one of"):
        model.fit(X)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "score_samples", "score", "bic", "aic"]
)
def test_an_unfitted_model(method):
    with pytest.raises(NotFittedError, match="not fitted yet. Call 'fit'"):
        getattr(GaussianMixture(), method)(X)


def test_an_unfitted_model_cannot_be_sampled():
    with pytest.raises(NotFittedError, match="not fitted yet. Call 'fit'"):
        GaussianMixture().sample()


def test_a_model_whose_fit_failed_is_unfitted():
    model = GaussianMixture(tol=-1)
    with pytest.raises(ValueError, match="tol"):
        model.fit(X)
    with pytest.raises(NotFittedError, match="not fitted yet. Call 'fit'"):
        model.predict(X)


@pytest.mark.parametrize("n_samples", [0, 1.5, "3"])
def test_a_number_of_samples_that_is_no_count(n_samples):
    for model in (TWO, GaussianMixture(1).fit(X)):
        with pytest.raises(
            ValueError, match="n_samples: expected an integer of at least 1, got"
        ):
            model.sample(n_samples)


def test_counts():
    assert check_count(3, "k") == check_count(np.int64(3), "k") == 3
    assert check_count(0, "k", at_least=0) == 0
    with pytest.raises(
        ValueError, match="n_clusters: expected an integer of at least 1, got 0"
    ):
        kmeans(X, 0)
    with pytest.raises(
        ValueError, match="n_init: expected an integer of at least 1, got 0"
    ):
        kmeans(X, 2, n_init=0)
    with pytest.raises(ValueError, match="init_params: expected one of"):
        start(X, 2, init_params="best")


# Covariances that are none


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ([1.0], [[0.0, 0.0]], [[[1.0, 2.0], [2.0, 1.0]]], "full"),
            r"covariances\[0\]: expected a positive definite matrix, got one whose "
            "smallest eigenvalue is "
            "-1; raise reg_covar, use fewer components, or covariance_type='tied' or ",
        ),
        (
            ([0.5, 0.5], [[0.0, 0.0]] * 2, [np.eye(2), np.zeros((2, 2))], "full"),
            r"covariances\[1\]: expected a positive definite .* eigenvalue is 0",
        ),
        (
            ([1.0], [[0.0, 0.0]], [[1.0, 2.0], [2.0, 1.0]], "tied"),
            "covariances: expected a positive definite .* eigenvalue is -1; raise reg",
        ),
        (
            ([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.0, 1.0]]], "full"),
            r"covariances\[0\]: expected a symmetric matrix, got \[\[1.0, 0.5\], ",
        ),
        (
            ([0.5, 0.5], [[0.0, 0.0]] * 2, [[1.0, 2.0], [3.0, -4.0]], "diag"),
            r"covariances\[1\]: expected positive variances, got -4; raise reg_covar",
        ),
        (
            ([0.5, 0.5], [[0.0, 0.0]] * 2, [0.0, 1.0], "spherical"),
            r"covariances\[0\]: expected positive variances, got 0; raise reg_covar",
        ),
        (
            ([1.0], [[0.0, 0.0]], [[[1.0, 0.0], [0.0, np.nan]]], "full"),
            r"covariances.*: expected .*finite number",
        ),
        (
            ([1.0], [[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], "full"),
            r"covariances: expected shape \(1, 2, 2\), got \(2, 2\)",
        ),
        (
            ([1.0], [[0.0, 0.0]], "wide", "full"),
            "covariances: expected numbers, got 'wide'",
        ),
        (
            ([1.0], [0.0, 0.0], [1.0], "spherical"),
            r"means: expected shape \(k, d\).*, got \(2,\)",
        ),
        (
            ([1.0], [["a", 0.0]], [1.0], "spherical"),
            r"means: expected numbers, got \[\['a', 0.0\]\]",
        ),
        (
            ([1.0], [[0.0, np.inf]], [1.0], "spherical"),
            r"means.*: expected .*finite number",
        ),
        (
            ([0.5, 0.5], [[0.0, 0.0]], [1.0], "spherical"),
            r"weights: expected shape \(1,\), got \(2,\)",
        ),
        (
            ([0.9], [[0.0, 0.0]], [1.0], "spherical"),
            "weights: .* sum to 1, got .* with sum 0.9",
        ),
        (
            ([-0.5, 1.5], [[0.0], [1.0]], [1.0, 1.0], "spherical"),
            r"weights: expected numbers of at least 0 .*, got \[-0.5, 1.5\] with sum 1",
        ),
        (([1.0], [[0.0]], [1.0], "round"), "covariance_type: expected one of"),
        (([], np.zeros((0, 2)), [], "spherical"), "means: expected"),
        (([1.0], np.zeros((1, 0)), [1.0], "spherical"), "means: expected"),
        (
            (np.array([1.0 + 1j]), [[0.0]], [1.0], "spherical"),
            "weights: expected numbers, got",
        ),
    ],
)
def test_a_mixture_that_is_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        Mixture(*arguments)


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
@pytest.mark.parametrize("n, d", [(5, 10), (5, 5), (3, 3), (2, 2)])
def test_no_more_points_than_features_need_a_floor(covariance_type, n, d):
    """The points lie in a plane: rounding must not pass for a width across it."""
    for seed in range(20):
        data = np.random.default_rng(seed).normal(size=(n, d))
        model = GaussianMixture(
            1, covariance_type=covariance_type, reg_covar=0, random_state=0
        )
        with pytest.raises(
            ValueError,
            match="covariances.*: expected a positive definite matrix"
            ".*; raise reg_covar.*'diag'",
        ):
            model.fit(data)
        with pytest.warns(ConvergenceWarning, match="component 0 collapsed"):
            model.set_params(reg_covar="scale").fit(data)
        assert np.isfinite(model.log_likelihood_)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_identical_points_need_a_floor(covariance_type):
    model = GaussianMixture(1, covariance_type=covariance_type, reg_covar=0)
    with pytest.raises(
        ValueError, match="covariances.*: expected .*positive.*; raise reg_covar"
    ):
        model.fit(np.ones((9, 2)))
    with pytest.warns(ConvergenceWarning, match="feature 0 .like 1. is constant"):
        fitted = model.set_params(reg_covar=0.5).fit(np.ones((9, 2)))
    np.testing.assert_allclose(fitted.mixture_.full_covariances()[0], 0.5 * np.eye(2))


# Functions on their own


@pytest.mark.parametrize("variance", [0.0, -1.0, np.nan, [1.0, -2.0]])
def test_a_variance_that_is_not_positive(variance):
    for density in (normal_pdf, normal_logpdf):
        with pytest.raises(
            ValueError,
            match="variance: expected positive numbers, got (0|-1|nan|"
            "-2).*; pass the variance",
        ):
            density(1.0, 0.0, variance)


@pytest.mark.parametrize(
    "x, message",
    [
        ([], r"x: expected a sample of shape \(n,\) with n ≥ 1, got shape \(0,\)"),
        ([[1.0, 2.0]], r"x: expected .* got shape \(1, 2\)"),
        (3.0, r"x: expected .* got shape \(\)"),
        ([1.0, np.nan], r"x\[1\]: expected a finite number, got (NaN|nan)"),
        ([np.inf, 1.0], r"x\[0\]: expected a finite number, got inf"),
        (["a"], "x.*: expected .*number"),
    ],
)
def test_a_sample_that_is_none(x, message):
    with pytest.raises(ValueError, match=message):
        fit_normal(x)


@pytest.mark.parametrize(
    "matrix, message",
    [
        (
            [[1.0, 2.0], [2.0, 1.0]],
            "covariance: expected a positive definite matrix, .* eigenvalue "
            "is -1; raise reg_covar, use fewer components, or",
        ),
        (
            [[1.0, 0.3], [0.2, 1.0]],
            r"covariance: expected a symmetric matrix, got \[\[1.0, 0.3\]",
        ),
        ([[1.0, 2.0]], r"covariance: expected a square matrix, got shape \(1, 2\)"),
        ([1.0, 2.0], r"covariance: expected a square matrix, got shape \(2,\)"),
        ([[np.nan]], "covariance.*: expected .*finite number.*nan"),
        ([[1.0, np.inf], [np.inf, 1.0]], "covariance.*: expected .*finite number.*inf"),
    ],
)
def test_a_covariance_that_is_none(matrix, message):
    mean = np.zeros(len(matrix))
    for use in (
        cholesky,
        lambda m: mahalanobis([mean], mean, m),
        lambda m: multivariate_normal_logpdf([mean], mean, m),
    ):
        with pytest.raises(ValueError, match=message):
            use(matrix)


def test_a_covariance_type_or_floor_asked_for_by_hand():
    with pytest.raises(ValueError, match="covariance_type: expected one of .* got 3"):
        covariance_class(3)
    with pytest.raises(
        ValueError, match="reg_covar: expected 'scale' or a number ≥ 0, got -1"
    ):
        covariance_floor(X, -1)


@pytest.mark.parametrize("use", [contingency, match_labels, matched_accuracy])
def test_labels_that_do_not_fit_their_classes(use):
    with pytest.raises(
        ValueError,
        match=r"labels: expected shape \(3,\), one for each class, "
        r"got \(2,\)",
    ):
        use([0, 1, 1], [0, 1])


@pytest.mark.parametrize(
    "classes, labels, message",
    [
        ([0, 1], [0, -1], "labels: expected integers .*0"),
        ([0, -1], [0, 1], "classes: expected"),
        ([0, 1], [0.0, 1.5], "labels: expected integers"),
        (["a", "b"], [0, 1], "classes: expected"),
        ([], [], "classes: expected"),
    ],
)
def test_labels_that_do_not_count_from_zero(classes, labels, message):
    with pytest.raises(ValueError, match=message):
        contingency(classes, labels)


def test_the_matrix_or_table_that_is_bad_is_named():
    lopsided = [[1.0, 0.5], [0.0, 1.0]]
    with pytest.raises(ValueError, match="^covariances: expected a symmetric matrix"):
        Mixture([1.0], [[0.0, 0.0]], lopsided, "tied")
    with pytest.raises(ValueError, match=r"^centres\[1, 0\]: expected a finite number"):
        next(lloyd(clouds(), [[0.0, 0.0], [np.nan, 0.0]]))


# Too large


@pytest.mark.parametrize("value", [1e153, -1e200])
def test_a_number_whose_square_is_not_finite_is_named_everywhere(value):
    X = clouds(1000, 2, 2)
    model = GaussianMixture(2, random_state=0).partial_fit(X)
    far = X.copy()
    far[500, 1] = value
    message = r"X\[500, 1\]: expected numbers whose squares are finite, got 1e\+"
    for use in (
        GaussianMixture(2).fit,
        GaussianMixture(2).partial_fit,
        model.partial_fit,
        lambda X: kmeans(X, 2),
        lambda X: next(lloyd(X, X[:2])),
        lambda X: next(em(X, model.mixture_)),
    ):
        with pytest.raises(ValueError, match=message):
            use(far)
    assert model.score_samples(far)[500] < -1e200


@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_whose_sum_is_not_finite_are_an_error(covariance_type):
    X, weight = clouds(1000, 2, 2), np.full(1000, 1e306)
    fitted = GaussianMixture(2, covariance_type=covariance_type).fit(X)
    message = "sample_weight: expected a finite sum that is not zero, got inf"
    for use in (fitted.fit, fitted.partial_fit, fitted.score, fitted.bic):
        with pytest.raises(ValueError, match=message):
            use(X, sample_weight=weight)
    with pytest.raises(ValueError, match=message):
        kmeans(X, 2, sample_weight=weight)


def test_a_value_that_is_too_far_for_the_digits_is_named():
    X = clouds(1000, 2, 2)
    X[500, 1] = 1e40
    with pytest.raises(ValueError, match=r"; X\[500, 1\] is 1e\+40, far from all othe"):
        GaussianMixture(2, random_state=0).fit(X)
    X[500, 1] = X[0, 1]
    X = np.c_[X, X[:, 0] + X[:, 1]]  # flat, but nothing is far
    with pytest.raises(ValueError, match="or 'diag'$"):
        GaussianMixture(2, random_state=0, reg_covar=0).fit(X)


def test_a_dask_data_frame_is_not_gathered():
    import dask.dataframe as dd

    X = clouds(90, 2, 2)
    frame = dd.from_pandas(pd.DataFrame(X, columns=["a", "b"]), npartitions=3)
    model = GaussianMixture(2, random_state=0).fit(X)
    for use in (model.fit, model.predict, model.score, lambda X: kmeans(X, 2)):
        with pytest.raises(
            TypeError, match=r"got Dask's DataFrame; pass X\.to_dask_arr"
        ):
            use(frame)
    again = GaussianMixture(2, random_state=0).fit(frame.to_dask_array(lengths=True))
    np.testing.assert_allclose(again.means_, model.means_, 1e-9)


def test_where_a_value_lies_is_found_block_by_block(tmp_path):
    """A map may be larger than the memory."""
    X = np.random.default_rng(0).normal(size=(200_000, 4))
    X[123_456, 2] = 1e200
    np.save(tmp_path / "X.npy", X)
    data = InMemory(np.load(tmp_path / "X.npy", mmap_mode="r"))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"X\[123456, 2\]: expected numbers whose squ"):
        data.check_squares()
    X[123_456, 2] = -1e30
    far = InMemory(X).farthest()
    assert far == "; X[123456, 2] is -1e+30, far from all others: drop that row"
    assert tracemalloc.get_traced_memory()[1] < X.nbytes
    tracemalloc.stop()
    chunks = as_data(da.from_array(X, chunks=(50_000, 4)))
    assert (
        chunks.farthest() == "; X[:, 2] is -1e+30, far from all others: drop that row"
    )


def test_a_start_from_kmeans_leaves_the_warnings_to_the_fit():
    X = np.repeat([[0.0, 1.0], [2.0, 3.0]], 50, axis=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GaussianMixture(4, init_params="kmeans", n_init=3, random_state=0).fit(X)
    assert {warning.category for warning in caught} == {ConvergenceWarning}
    assert len(caught) <= 3
