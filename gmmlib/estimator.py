"""`GaussianMixture`: EM with scikit-learn's conventions."""

import numbers
import warnings

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gmmlib import selection
from gmmlib.check import (
    check_count,
    check_enough,
    check_numbers,
    check_points,
    check_weights,
)
from gmmlib.covariance import covariance_class, covariance_floor
from gmmlib.em import em, remaining_gain
from gmmlib.gaussian import cholesky
from gmmlib.initialisation import check_name, start
from gmmlib.mixture import Mixture


class GaussianMixture(DensityMixin, BaseEstimator):
    """A Gaussian mixture, fitted by EM.

    Parameters
    ----------
    n_components : int, default 1
        The number of components, k.
    covariance_type : {"full", "tied", "diag", "spherical"}, default "full"
        See :mod:`gmmlib.covariance`.
    tol : float, default 1e-3
        EM stops when the last gain in mean log-likelihood, and the gain that is
        estimated to remain (:func:`gmmlib.em.remaining_gain`), are both below `tol`, in
        nats per sample.
    reg_covar : "scale" or float, default "scale"
        What is added to the variances: 1e-6 times each feature's variance, or a number
        in squared units of the data.
    max_iter : int, default 100
        The most iterations for one start.
    n_init : int, default 1
        The number of starts; the fit with the highest log-likelihood is kept.
    init_params : {"short_runs", "kmeans", "k-means++", "random", "random_from_data"}
        Where a start comes from; see :mod:`gmmlib.initialisation`. Default
        "short_runs".
    weights_init, means_init, precisions_init : array, optional
        Replace that part of every start. Shapes as of `weights_`, `means_`,
        `precisions_`.
    random_state : int, RandomState or None

    Attributes
    ----------
    weights_ : array, shape (k,)
    means_ : array, shape (k, d)
    covariances_, precisions_, precisions_cholesky_ : array
        Shapes by type: (k, d, d), (d, d), (k, d) or (k,). Precisions are the inverses.
    converged_ : bool
    n_iter_ : int
        Iterations of the best start.
    log_likelihood_ : float
        The total, in nats, of the parameters above.
    log_likelihoods_ : list of float
        The totals of the best start, from iteration 0 to `n_iter_`.
    lower_bound_ : float
        `log_likelihood_` per sample, under scikit-learn's name.
    mixture_ : Mixture
    n_features_in_ : int

    Raises
    ------
    ValueError
        From `fit`, for data or parameters that it cannot use; the message names them.

    Examples
    --------
    >>> from gmmlib.datasets import load_old_faithful
    >>> model = GaussianMixture(n_components=2, tol=1e-9, random_state=0)
    >>> model = model.fit(load_old_faithful())
    >>> round(model.log_likelihood_, 2), sorted(model.means_[:, 0].round(2).tolist())
    (-1130.26, [2.04, 4.29])
    """

    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="full",
        tol=1e-3,
        reg_covar="scale",
        max_iter=100,
        n_init=1,
        init_params="short_runs",
        weights_init=None,
        means_init=None,
        precisions_init=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state

    def fit(self, X, y=None):
        """Fit the mixture to `X` (n, d); `y` is ignored."""
        X = self._points(X, reset=True)
        k = check_count(self.n_components, "n_components")
        check_count(self.max_iter, "max_iter")
        check_enough(X, k)
        if len(X) == 1:
            raise ValueError(
                "X: expected at least 2 points, got n_samples = 1; "
                "one point has no spread"
            )
        if not isinstance(self.tol, numbers.Real) or not self.tol >= 0:
            raise ValueError(f"tol: expected a number of at least 0, got {self.tol!r}")
        covariance_class(self.covariance_type)
        check_name(self.init_params)
        floor = covariance_floor(X, self.reg_covar)
        rng = check_random_state(self.random_state)

        best = None
        for _ in range(check_count(self.n_init, "n_init")):
            run = self._run(X, self._start(X, floor, rng), floor)
            if best is None or run[0].log_likelihood > best[0].log_likelihood:
                best = run
        state, self.log_likelihoods_, self.converged_ = best
        self.n_iter_ = state.iteration
        self.log_likelihood_ = state.log_likelihood
        self.lower_bound_ = state.log_likelihood / len(X)
        self._set_mixture(state.mixture)
        if not self.converged_:
            warnings.warn(
                f"EM stopped after max_iter={self.max_iter} iterations, with an "
                f"estimated {remaining_gain(self.log_likelihoods_):.3g} nats to gain; "
                "raise max_iter "
                "or tol, or try another start",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _run(self, X, start, floor):
        """EM from one start: last state, all log-likelihoods, converged or not."""
        log_likelihoods = []
        for state in em(X, start, floor):
            log_likelihoods.append(state.log_likelihood)
            if self._has_converged(log_likelihoods, len(X)):
                return state, log_likelihoods, True
            if state.iteration == self.max_iter:
                return state, log_likelihoods, False

    def _has_converged(self, log_likelihoods, n_samples):
        if len(log_likelihoods) < 2:
            return False
        gain = log_likelihoods[-1] - log_likelihoods[-2]
        return max(gain, remaining_gain(log_likelihoods)) <= self.tol * n_samples

    def _start(self, X, floor, rng):
        given = (self.weights_init, self.means_init, self.precisions_init)
        if any(value is None for value in given):
            guess = start(
                X, self.n_components, self.covariance_type, self.init_params, floor, rng
            )
            weights, means, covariances = guess.weights, guess.means, guess.covariances
        if self.weights_init is not None:
            weights = check_weights(
                self.weights_init, "weights_init", self.n_components
            )
        if self.means_init is not None:
            means = check_points(self.means_init, "means_init", n_columns=X.shape[1])
            if len(means) != self.n_components:
                raise ValueError(
                    f"means_init: expected {self.n_components} rows, one for each "
                    f"component, got {len(means)}"
                )
        if self.precisions_init is not None:
            shape = covariance_class(self.covariance_type).shape(*means.shape)
            covariances = _invert(
                check_numbers(self.precisions_init, "precisions_init", shape),
                self.covariance_type,
                "precisions_init",
            )
        return Mixture(weights, means, covariances, self.covariance_type)

    def _set_mixture(self, mixture):
        self.mixture_ = mixture
        self.weights_ = mixture.weights
        self.means_ = mixture.means
        self.covariances_ = mixture.covariances
        factors = self.precisions_cholesky_ = mixture.precision_factors
        matrices = mixture.covariance_type in ("full", "tied")
        self.precisions_ = (
            factors @ np.swapaxes(factors, -1, -2) if matrices else factors**2
        )

    def _points(self, X, reset=False):
        points = check_points(X, n_columns=None)
        validate_data(self, X, reset=reset, skip_check_array=True)
        return points

    def score_samples(self, X):
        """log p(x) for each point, shape (n,), in nats."""
        check_is_fitted(self, "mixture_")
        return self.mixture_.log_density(self._points(X))

    def score(self, X, y=None):
        """The mean log-density per point: not the total."""
        return float(self.score_samples(X).mean())

    def predict_proba(self, X):
        """Responsibilities, shape (n, k): the soft assignment."""
        check_is_fitted(self, "mixture_")
        return self.mixture_.responsibilities(self._points(X))

    def predict(self, X):
        """The most responsible component of each point, (n,): the hard assignment."""
        return self.predict_proba(X).argmax(axis=1)

    def fit_predict(self, X, y=None):
        """Fit, then predict the same points."""
        return self.fit(X).predict(X)

    def sample(self, n_samples=1):
        """Points drawn from the fitted mixture, and the component of each."""
        check_is_fitted(self, "mixture_")
        return self.mixture_.sample(n_samples, self.random_state)

    def bic(self, X):
        """Bayesian information criterion on `X`; lower is better."""
        log_likelihood = self.score_samples(X).sum()
        return selection.bic(log_likelihood, self.mixture_.n_parameters, len(X))

    def aic(self, X):
        """Akaike information criterion on `X`; lower is better."""
        return selection.aic(self.score_samples(X).sum(), self.mixture_.n_parameters)


def _invert(matrices, covariance_type, name):
    """Covariances from precisions."""
    if covariance_type in ("diag", "spherical"):
        if not np.all(matrices > 0):
            raise ValueError(
                f"{name}: expected positive numbers, got {matrices.min():.3g}"
            )
        return 1 / matrices
    if covariance_type == "tied":
        return _invert_matrix(matrices, name)
    return np.array([_invert_matrix(m, f"{name}[{j}]") for j, m in enumerate(matrices)])


def _invert_matrix(matrix, name):
    half = solve_triangular(cholesky(matrix, name), np.eye(len(matrix)), lower=True)
    return half.T @ half  # M = L Lᵀ gives M⁻¹ = L⁻ᵀ L⁻¹
