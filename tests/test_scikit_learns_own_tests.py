"""scikit-learn's own tests of its class, with ours in its place: all, wording apart.

They come with scikit-learn, so that each version brings its own: a test that is new there
is run here. What is different is in the tables.
"""

import importlib.util
import inspect
import re
from functools import partial
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import sklearn
import sklearn.mixture
from cases import clouds
from sklearn.utils import _array_api
from sklearn.utils.fixes import parse_version

import gmmlib
from gmmlib.initialisation import GUESSES
from gmmlib.parameters import attributes

# What did not converge says so in other words, and what has collapsed says so at all.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Not run: tests of functions that are scikit-learn's own, and two of how it does things.
LEFT_OUT = {
    "test_suffstat_sk_full": "_estimate_gaussian_covariances_full",
    "test_suffstat_sk_tied": "_estimate_gaussian_covariances_tied",
    "test_suffstat_sk_diag": "_estimate_gaussian_covariances_diag",
    "test_gaussian_suffstat_sk_spherical": "_estimate_gaussian_covariances_spherical",
    "test_compute_log_det_cholesky": "_compute_log_det_cholesky",
    "test_gaussian_mixture_log_probabilities": "_estimate_log_gaussian_prob",
    # Counts the calls of a private function, to see that a start which was given whole is
    # not computed. In test_estimator.py: it needs no chance.
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": (
        "_estimate_gaussian_parameters"
    ),
    # Starts from k-means that scikit-learn cannot make under array API dispatch: ours can,
    # as test_array_api_dispatch_changes_nothing_for_numpy below shows.
    "test_gaussian_mixture_raises_where_array_api_not_implemented": "array_api_dispatch",
}
SINCE = {"test_gaussian_mixture_raises_where_array_api_not_implemented": "1.8"}
VERSION = parse_version(sklearn.__version__)

# What an error or a warning is to say, in scikit-learn's words and in ours.
WORDING = {
    "The parameter 'weights' should have the shape of": r"weights_init: .* shape \(2,\)",
    "The parameter 'weights' should be in the range": "weights_init: .* sum to 1, got",
    "The parameter 'weights' should be normalized": "weights_init: .* sum to 1, got",
    "The parameter 'means' should have the shape of": r"means_init: .* shape \(2, 2\)",
    "precision' should have the shape of": "precisions_init: expected shape",
    "precision' should be ": r"precisions_init(\[0\])?: expected (a )?positive",
    "with appropriate arguments": "is not fitted yet. Call 'fit', or set weights_",
    "Best performing initialization did not converge": "EM stopped after max_iter=1",
    "Fitting the mixture model failed": "covariances.*: expected .*; raise reg_covar",
    "Invalid value for 'n_samples'": "n_samples: expected an integer of at least 1",
    "Expected n_samples >= n_components": "at least n_components=12 points, got n_samples",
}

# Expects that one iteration ends lower than a fit with other random numbers. From k-means'
# clusters, scikit-learn's default, it does; ours begins so near the top that either may.
FROM_KMEANS = {"test_score"}

# Compares a score with a mean of float32 numbers, which is off in the seventh digit.
DTYPES = [np.float32, np.float64]
IN_DOUBLE_PRECISION = {("test_score", np.float32)}


class GaussianMixture(gmmlib.GaussianMixture):
    """Ours. Private names that the tests use stand for what is public here."""

    def _n_parameters(self):
        return self.mixture_.n_parameters

    def _set_parameters(self, parameters):
        totals, means, covariances, _ = parameters
        weights = totals / totals.sum()
        mixture = gmmlib.Mixture(weights, means, covariances, self.covariance_type)
        for name, value in attributes(mixture).items():
            setattr(self, name, value.astype(means.dtype))

    def _initialize(self, X, resp):
        self.set_params(n_components=resp.shape[1], max_iter=0).fit(X)


def in_our_words(check):
    """`pytest.raises` or `pytest.warns`: of the same kind, with our message."""

    def checked(kind, match=None):
        plain = re.sub(r"\\(.)", r"\1", match or "")
        ours = [words for theirs, words in WORDING.items() if theirs in plain]
        return check(kind, match=ours[0] if ours else match)

    return checked


def only_numpy(combinations=_array_api.yield_namespace_device_dtype_combinations):
    """Other libraries' arrays are refused: see below."""
    return [combination for combination in combinations() if combination[0] == "numpy"]


def with_ours(name):
    """A module of scikit-learn's tests, as if ours were its classes."""
    spec = importlib.util.find_spec(f"sklearn.mixture.tests.{name}")
    module = importlib.util.module_from_spec(spec)
    ours = {
        "GaussianMixture": GaussianMixture,
        "BayesianGaussianMixture": GaussianMixture,
    }
    numpy = {"yield_namespace_device_dtype_combinations": only_numpy}
    with (
        mock.patch.multiple(sklearn.mixture, **ours),
        mock.patch.multiple(_array_api, **numpy),
    ):
        spec.loader.exec_module(module)
    words = {
        check: in_our_words(getattr(pytest, check)) for check in ("raises", "warns")
    }
    module.pytest = SimpleNamespace(**vars(pytest) | words)
    return module


MODULES = [with_ours("test_gaussian_mixture"), with_ours("test_mixture")]
TESTS = {
    name: function
    for module in MODULES
    for name, function in vars(module).items()
    if name.startswith("test_")
}
globals().update({name: TESTS[name] for name in TESTS if name not in LEFT_OUT})


# scikit-learn's fixtures, and what it takes to switch array API dispatch on.


def pytest_generate_tests(metafunc):
    test, values = metafunc.function.__name__, {"global_random_seed": range(3)}
    values["global_dtype"] = [t for t in DTYPES if (test, t) not in IN_DOUBLE_PRECISION]
    for name in [name for name in values if name in metafunc.fixturenames]:
        metafunc.parametrize(name, values[name])


@pytest.fixture(autouse=True)
def as_it_needs(request, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # or array API dispatch is an error
    if request.function.__name__ in FROM_KMEANS:
        from_kmeans = partial(GaussianMixture, init_params="kmeans")
        monkeypatch.setitem(
            request.function.__globals__, "GaussianMixture", from_kmeans
        )


# The tables


def test_the_tables_are_about_tests_that_are_there():
    source = "".join(inspect.getsource(module) for module in MODULES)
    for theirs in WORDING:
        assert theirs in source
    for name, private in LEFT_OUT.items():
        if parse_version(SINCE.get(name, "1.6")) <= VERSION:
            assert private in inspect.getsource(TESTS[name])
    assert FROM_KMEANS | {name for name, _ in IN_DOUBLE_PRECISION} < TESTS.keys()


def test_a_private_name_is_used_by_a_test():
    source = "".join(inspect.getsource(module) for module in MODULES)
    for name, value in vars(GaussianMixture).items():
        assert not inspect.isfunction(value) or f".{name}(" in source


# Array API dispatch: NumPy's arrays as ever, others' arrays refused

X = clouds(90, d=2, k=2, seed=3)
needs_dispatch = pytest.mark.skipif(
    parse_version("1.7") > VERSION, reason="array_api_compat is another package there"
)


class Tensor:
    """An array of another library, for all that can be seen of it."""

    def __init__(self, values):
        self.values, self.shape = np.asarray(values), np.shape(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or float)

    def __dlpack__(self, **_):
        raise BufferError("It lies in another memory.")

    def __len__(self):
        return len(self.values)


@needs_dispatch
@pytest.mark.parametrize("init_params", ["short_runs", *GUESSES])
@pytest.mark.parametrize(
    "form", [np.asarray, np.float32, np.asfortranarray, lambda X: X.astype(int)]
)
def test_array_api_dispatch_changes_nothing_for_numpy(form, init_params):
    def fitted():
        model = gmmlib.GaussianMixture(2, init_params=init_params, random_state=0)
        data = form(X)
        model.fit(data).partial_fit(data)
        of_rows = (model.predict(data), model.predict_proba(data), *model.sample(3))
        return [*of_rows, model.means_, model.score(data), model.bic(data)]

    without = fitted()
    with sklearn.config_context(array_api_dispatch=True):
        for one, other in zip(fitted(), without):
            np.testing.assert_array_equal(one, other)
            assert type(one) is type(other)


@needs_dispatch
@pytest.mark.parametrize(
    "use",
    [
        lambda tensor: gmmlib.GaussianMixture(2).fit(tensor),
        lambda tensor: gmmlib.GaussianMixture(2).partial_fit(tensor),
        lambda tensor: gmmlib.GaussianMixture(2).fit(X).predict(tensor),
        lambda tensor: gmmlib.GaussianMixture(2).fit(X).bic(tensor),
        lambda tensor: gmmlib.kmeans(tensor, 2),
    ],
)
def test_an_array_of_another_library_is_refused_by_its_name(use):
    use(Tensor(X))  # without dispatch, what can be made an array is one
    with (
        sklearn.config_context(array_api_dispatch=True),
        pytest.raises(
            TypeError,
            match=r"^X: expected a NumPy array, got \S+\.Tensor; pass np\.asarray\(X\)",
        ),
    ):
        use(Tensor(X))
