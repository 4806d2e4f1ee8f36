"""`GaussianMixture`: EM with scikit-learn's conventions."""

import numbers
import warnings
from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.validation import validate_data

from gmmlib import selection
from gmmlib.check import (
    check_choice,
    check_count,
    check_enough,
    check_numbers,
    check_random_state,
    check_weights,
)
from gmmlib.covariance import covariance_class
from gmmlib.diagnosis import diagnose, rank
from gmmlib.em import LOOPS, em, gain_to_come, history_of, until_converged
from gmmlib.engine import WithGaps, as_data, as_points, impute, map_rows
from gmmlib.initialisation import check_recipe, start
from gmmlib.mixture import Mixture
from gmmlib.online import online_start, online_step
from gmmlib.parameters import SHAPES, attributes, inverse, rewritten
from gmmlib.progress import progress

ATTRIBUTES_OF_A_FIT = """
    converged_ floor_ log_likelihood_ log_likelihoods_ lower_bound_ lower_bounds_ n_iter_
""".split()


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
        estimated to remain (:func:`gmmlib.em.remaining_gain`), are both at most `tol`,
        in nats per sample. With ``accelerate="squarem"``: when two steps and two leaps
        have gained no more.
    reg_covar : "scale", float or array of shape (d,), default "scale"
        What is added to the variances: 1e-6 times each feature's variance, outliers
        apart (:attr:`gmmlib.engine.data.Data.spread`), or a number in squared units of the
        data, or one for each feature.
    max_iter : int, default 100
        The most iterations for one start; one more, if SQUAREM has a leap refused in
        the last.
    n_init : int, default 1
        The number of starts. The fit with the highest log-likelihood is kept, of those
        without a collapsed component if there are any.
    init_params : {"short_runs", "kmeans", "k-means++", "random", "random_from_data"}
        Where a start comes from; see :mod:`gmmlib.initialisation`. Default
        "short_runs".
    weights_init, means_init, precisions_init : array, optional
        Replace that part of every start. Shapes as of `weights_`, `means_`,
        `precisions_`.
    random_state : int, RandomState, Generator or None
    warm_start : bool, default False
        Whether `fit` goes on from the last fit, instead of from `n_init` new starts: a
        fit in pieces converges as one long fit does.
    verbose : int, default 0
        Above 0, `fit` shows a bar on a terminal or in a notebook (``pip install
        tqdm``, for a notebook also ``ipywidgets``): the iteration, its log-likelihood,
        and the gain that is estimated to remain.
    verbose_interval : int, default 10
        Where there is neither, a line is printed after so many iterations.
    accelerate : None or "squarem", default None
        Leap ahead where EM creeps; see :func:`gmmlib.acceleration.squarem`.
    learning_decay : float, default 0.6
        Only for `partial_fit`: a, above 0.5 and at most 1, of the step size (t + t₀)⁻ᵃ
        for batch t.
    learning_offset : float, default 10.0
        Only for `partial_fit`: t₀, at least 0. The larger, the less the first batches
        count.
    missing : {"error", "em"}, default "error"
        With "em", NaN and masked values are missing ones: EM uses each row for what it
        has, and a row without any value counts for nothing. See
        :mod:`gmmlib.engine.incomplete`.

    Attributes
    ----------
    weights_ : array, shape (k,)
    means_ : array, shape (k, d)
    covariances_, precisions_, precisions_cholesky_ : array
        Shapes by type: (k, d, d), (d, d), (k, d) or (k,). Precisions are the inverses.
        For float32 data, these five are float32.
        What you write into them counts, as soon as a method is called: of the three
        for the shape, one is enough. So components can be sorted, or a model set by
        hand.
    converged_ : bool
    floor_ : array, shape (d,)
        What was added to the variances.
    n_iter_ : int
        Iterations of the best start, each a pass over the data.
    log_likelihood_ : float
        The total, in nats, of `mixture_`: not of the step before.
    log_likelihoods_ : list of float
        The totals of the best start, from iteration 0 to `n_iter_`; after a warm start,
        those of the fits before come first.
    lower_bound_, lower_bounds_ : float, list of float
        The same per sample, under scikit-learn's names; the list without iteration 0.
    mixture_ : Mixture
        The parameters in float64.
    online_ : OnlineState
        After `partial_fit`: how many batches there were, and the mixture without the
        average; see :mod:`gmmlib.online`.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where `X` had names.

    Warns
    -----
    ConvergenceWarning
        From `fit`, if EM stopped early, a feature is constant, or a component
        collapsed, is empty or duplicates another; the message names it. EM also stops
        where, without a floor, a component has no variance left.

    Raises
    ------
    ValueError
        From `fit`, for data or parameters that it cannot use; the message names them.

    Examples
    --------
    >>> from gmmlib.book.datasets import load_old_faithful
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
        warm_start=False,
        verbose=0,
        verbose_interval=10,
        accelerate=None,
        learning_decay=0.6,
        learning_offset=10.0,
        missing="error",
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
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.accelerate = accelerate
        self.learning_decay = learning_decay
        self.learning_offset = learning_offset
        self.missing = missing

    @classmethod
    def from_parameters(
        cls, weights, means, covariances, covariance_type="full", random_state=None
    ):
        """A model that samples, predicts and scores without a fit.

        Parameters
        ----------
        weights, means, covariances, covariance_type
            As of :class:`gmmlib.Mixture`.
        random_state : int, RandomState, Generator or None

        Returns
        -------
        GaussianMixture

        Examples
        --------
        >>> model = GaussianMixture.from_parameters(
        ...     [0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "spherical"
        ... )
        >>> model.predict_proba([[2.0]]).round(6)
        array([[0.182426, 0.817574]])
        """
        mixture = Mixture(weights, means, covariances, covariance_type)
        model = cls(mixture.n_components, covariance_type=covariance_type)
        model.random_state, model.mixture_ = random_state, mixture
        return model

    def fit(self, X, y=None, sample_weight=None):
        """Fit the mixture to `X` (n, d); `y` is ignored.

        Parameters
        ----------
        X : array or Dask array, shape (n, d)
            A Dask array is not gathered, a memory map not copied, if it holds float64
            or float32; see :mod:`gmmlib.engine.chunks`.
        y : ignored
        sample_weight : array or Dask array, shape (n,), optional
            How often each point counts: 0 is absent, 2 is there twice.

        Returns
        -------
        self
        """
        rng = self._check_parameters()
        data, given = self._check_input(X, sample_weight)
        floor = data.floor(self.reg_covar)
        run = self._best_run(data, given, floor, rng)
        state, log_likelihoods, converged, failure = run

        # Nothing is changed before this line: an interrupted fit leaves no trace.
        validate_data(self, X, reset=True, skip_check_array=True)
        vars(self).pop("online_", None)
        self.log_likelihoods_, self.converged_ = log_likelihoods, converged
        self.floor_ = floor
        self.log_likelihood_, self.n_iter_ = state.log_likelihood, state.iteration
        self.lower_bound_ = state.log_likelihood / data.n_points
        self.lower_bounds_ = [value / data.n_points for value in log_likelihoods[1:]]
        self._set_mixture(state.mixture, data.dtype)
        for sentence in self._warnings(data, floor, failure):
            warnings.warn(sentence, ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X, y=None, sample_weight=None):
        """Take one step of online EM, with `X` (n, d) as a batch of a stream.

        The first batch chooses the start, as `fit` would, and the floor: it must hold at
        least as many points as there are components, better many times as many, from
        all over the data. After a `fit`, the steps go on from its mixture.
        All batches count the same, so they should be of about the same size. The
        parameters after each batch are averages; see :mod:`gmmlib.online`.

        Parameters
        ----------
        X : array or Dask array, shape (n, d)
        y : ignored
        sample_weight : array or Dask array, shape (n,), optional
            How often each point counts, within its batch.

        Returns
        -------
        self
        """
        rng = self._check_parameters()
        is_first = not hasattr(self, "mixture_")
        if is_first:
            data, given = self._check_input(X, sample_weight, "X, the first batch")
        else:
            self._check_same("begin with a new model")
            validate_data(self, X, reset=False, skip_check_array=True)
            data = as_data(X, sample_weight, missing=self.missing)
        state = getattr(self, "online_", None)
        if state is None:
            floor = data.floor(self.reg_covar)
            first = self._start(data, given, floor, rng) if is_first else self.mixture_
            state = online_start(first, floor)
        step_size = {"decay": self.learning_decay, "offset": self.learning_offset}
        state = online_step(state, data, **step_size)
        # Nothing is changed before this line.
        validate_data(self, X, reset=is_first, skip_check_array=True)
        for name in ATTRIBUTES_OF_A_FIT:  # they do not belong to the new parameters
            vars(self).pop(name, None)
        self.online_ = state
        self._set_mixture(state.average, data.dtype)
        # Later, what is constant or rare in a batch need not be in the others.
        for sentence in diagnose(state.average, state.floor, data) if is_first else []:
            warnings.warn(sentence, ConvergenceWarning, stacklevel=2)
        return self

    def _check_parameters(self):
        """The random numbers, once all parameters are found valid."""
        check_count(self.n_components, "n_components")
        check_count(self.max_iter, "max_iter", at_least=0)
        check_count(self.n_init, "n_init")
        if self.verbose not in (False, True):
            check_count(self.verbose, "verbose", at_least=0)
        check_count(self.verbose_interval, "verbose_interval")
        check_choice(self.warm_start, "warm_start", {False: 0, True: 1})
        check_choice(self.missing, "missing", {"error": 0, "em": 1})
        covariance_class(self.covariance_type)
        check_recipe(self.init_params)
        check_choice(self.accelerate, "accelerate", LOOPS)
        least = "a number of at least 0", lambda value: 0 <= value < np.inf
        decay = "a number above 0.5 and at most 1", lambda value: 0.5 < value <= 1
        kinds = {"tol": least, "learning_decay": decay, "learning_offset": least}
        for name, (expected, fits) in kinds.items():
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or not fits(value):
                raise ValueError(f"{name}: expected {expected}, got {value!r}")
        return check_random_state(self.random_state)

    def _check_input(self, X, sample_weight, name="X"):
        """Points and weights, enough of them to fit; and what of a start is given.

        Weights, means and covariances: None for what is not.
        """
        data = as_data(X, sample_weight, missing=self.missing)
        check_enough(data.n_counted, self.n_components, points=name)
        if data.n_counted == 1:
            raise ValueError(
                f"{name}: expected at least 2 points, got n_samples = 1; one point has no spread"
            )
        k, d = self.n_components, data.n_features
        weights, means, covariances = self.weights_init, self.means_init, None
        if weights is not None:
            weights = check_weights(weights, "weights_init", k)
        if means is not None:
            means = check_numbers(means, "means_init", (k, d))
        if self.precisions_init is not None:
            shape = covariance_class(self.covariance_type).shape(k, d)
            precisions = check_numbers(self.precisions_init, "precisions_init", shape)
            covariances = inverse(precisions, self.covariance_type, "precisions_init")
        return data, (weights, means, covariances)

    def _best_run(self, data, given, floor, rng):
        """Of all starts: the best run; see `_run`."""
        # `past`: the log-likelihoods that have led to the start.
        runs, failure, past = [], None, []
        starts = [lambda: self._start(data, given, floor, rng)] * self.n_init
        if self.warm_start and hasattr(self, "mixture_"):
            self._check_same("warm_start=False")
            starts = [lambda: self.mixture_]
            if np.array_equal(floor, getattr(self, "floor_", None)):
                past = self.log_likelihoods_
        total = self.max_iter * len(starts)
        with progress(total, self.verbose, self.verbose_interval) as bar:
            for make_start in starts:
                try:
                    runs.append(self._run(data, make_start(), floor, bar, past))
                except ValueError as error:  # another start may do better
                    failure = error
                bar.next_run(self.max_iter)
        if not runs:
            raise ValueError(f"{failure}{data.farthest()}")
        about = data.n_points, floor, data.varies
        return max(runs, key=lambda run: (run[-1] is None, rank(run[0], *about)))

    def _check_same(self, remedy):
        """Raise an error if the parameters are no longer those of the mixture."""
        for name in ("n_components", "covariance_type"):
            before, now = getattr(self.mixture_, name), getattr(self, name)
            if now != before:
                got = f"as in the mixture to go on from, got {now!r}"
                cure = f"set it back, or {remedy}"
                raise ValueError(f"{name}: expected {before!r}, {got}; {cure}")

    def _run(self, data, start, floor, bar, past):
        """EM from one start: last state, all log-likelihoods, converged or not; an error.

        The error is what EM came upon after the last state, or None.
        """
        log_likelihoods, failure = [], None
        try:
            for state, to_gain, has_converged in self.run(data, start, floor, past):
                log_likelihoods = log_likelihoods or history_of(state, past)
                log_likelihoods.append(state.log_likelihood)
                bar.report(state, to_gain)
                converged = has_converged
        except np.linalg.LinAlgError as error:
            # No variance is left, and there is no floor below it.
            if not log_likelihoods:
                raise
            failure = error
        return state, log_likelihoods, converged, failure

    def run(self, data, start, floor, past=()):
        """The states of EM from a start, to the one where a fit would stop.

        Parameters
        ----------
        data : Data
            From :func:`gmmlib.engine.as_data`.
        start : Mixture
        floor : array, shape (d,)
            Added to each variance.
        past : sequence of float
            The log-likelihoods so far, if it is no new start: that of `start` is last.

        Yields
        ------
        state : State
        to_gain : float
            What more iterations would gain, as estimated, in nats.
        converged : bool
            Whether that, and the last gain, are at most `tol` per point.
        """
        states = em(data, start, floor, accelerate=self.accelerate)
        tol = self.tol * data.n_points
        return until_converged(states, tol, self.max_iter, self.accelerate, past)

    def _warnings(self, data, floor, failure):
        """Sentences about what is wrong with the fit."""
        if failure is not None:
            yield f"EM stopped after {self.n_iter_} iterations: {failure}"
        elif not self.converged_ and self.max_iter > 0:
            to_gain = gain_to_come(self.log_likelihoods_, self.accelerate)
            how_much = f"with an estimated {to_gain:.3g} nats to gain"
            if not np.isfinite(to_gain):
                how_much = "too early to tell how much there is to gain"
            yield (
                f"EM stopped after max_iter={self.max_iter} iterations, {how_much}; "
                "raise max_iter or tol, or try another start"
            )
        yield from diagnose(self.mixture_, floor, data)

    def _start(self, data, given, floor, rng):
        """A start, with what is given in the place of what is made."""
        k, kind = self.n_components, self.covariance_type
        if any(part is None for part in given):
            made = start(data, k, kind, self.init_params, floor, rng)
            made = made.weights, made.means, made.covariances
            given = [m if g is None else g for m, g in zip(made, given)]
        return Mixture(*given, kind)

    @property
    def mixture_(self) -> Mixture:
        """The mixture of the parameters as they are now, whoever has written them."""
        here, kept = vars(self), vars(self).get("_kept", {})
        names = [n for n in ("weights_", "means_", *SHAPES) if here.get(n) is not None]
        written = {
            n: here[n] for n in names if not np.array_equal(here[n], kept.get(n))
        }
        if written:
            old = here.get("_mixture")
            self.mixture_ = rewritten(old, written, self.covariance_type)
        elif not kept:
            cure = "Call 'fit', or set weights_, means_ and covariances_"
            name = type(self).__name__
            raise NotFittedError(f"This {name} instance is not fitted yet. {cure}")
        return self._mixture

    @mixture_.setter
    def mixture_(self, mixture):
        vars(self).pop("online_", None)  # it led to another mixture
        self._set_mixture(mixture)

    def _set_mixture(self, mixture, dtype=np.float64):
        """The attributes in the type of the data; the mixture keeps all digits."""
        parts = attributes(mixture).items()
        self._kept = {name: part.astype(dtype) for name, part in parts}
        vars(self).update({name: part.copy() for name, part in self._kept.items()})
        self._mixture, self.n_features_in_ = mixture, mixture.n_features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "em"
        return tags

    def _rows(self, function, X, columns=None, dtype=None):
        """What a function of mixture and points returns; lazy for a Dask array.

        The result has so many columns, and the type of the data by default.
        """
        mixture = WithGaps.of(self.mixture_) if self.missing == "em" else self.mixture_
        points = as_points(X, self.missing)
        validate_data(self, X, reset=False, skip_check_array=True)
        n_numbers, function = sum(mixture.means.shape), partial(function, mixture)
        return map_rows(function, points, n_numbers, columns, dtype, self.missing)

    def score_samples(self, X):
        """log p(x) for each point, shape (n,), in nats; lazy for a Dask array."""
        return self._rows(Mixture.log_density, X)

    def score(self, X, y=None, sample_weight=None):
        """The mean log-density per point: not the total. Weights count as in `fit`."""
        log_likelihood, _, n = self._evidence(X, sample_weight)
        return log_likelihood / n

    def predict_proba(self, X):
        """Responsibilities, shape (n, k): the soft assignment; lazy for a Dask array."""
        return self._rows(Mixture.responsibilities, X, self.mixture_.n_components)

    def predict(self, X):
        """The most responsible component of each point, (n,): the hard assignment.

        Lazy for a Dask array.
        """
        return self._rows(_labels, X, dtype=np.intp)

    def impute(self, X):
        """The rows completed: each missing value as expected, given those that are there.

        With ``missing="em"``; shape (n, d), lazy for a Dask array.
        """
        return self._rows(impute, X, self.n_features_in_)

    def fit_predict(self, X, y=None, sample_weight=None):
        """Fit, then predict the same points."""
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def sample(self, n_samples=1, random_state=None):
        """Points drawn from the mixture, and the component of each.

        Without a `random_state`, by that of the model.
        """
        rng = self.random_state if random_state is None else random_state
        return self.mixture_.sample(n_samples, rng)

    def bic(self, X, sample_weight=None):
        """Bayesian information criterion on `X`; lower is better."""
        log_likelihood, _, n = self._evidence(X, sample_weight)
        return selection.bic(log_likelihood, self.mixture_.n_parameters, n)

    def aic(self, X, sample_weight=None):
        """Akaike information criterion on `X`; lower is better."""
        log_likelihood, _, _ = self._evidence(X, sample_weight)
        return selection.aic(log_likelihood, self.mixture_.n_parameters)

    def icl(self, X, sample_weight=None):
        """Integrated complete-data likelihood on `X`; lower is better."""
        log_likelihood, doubt, n = self._evidence(X, sample_weight)
        return selection.icl(log_likelihood, self.mixture_.n_parameters, n, doubt)

    def _evidence(self, X, sample_weight):
        """The log-likelihood of the points, how unclear their labels are, their number."""
        mixture = self.mixture_
        validate_data(self, X, reset=False, skip_check_array=True)
        data = as_data(X, sample_weight, look=False, missing=self.missing)
        return *data.evidence(mixture), float(data.n_points)


def _labels(mixture, X):
    """The most responsible component of each point, shape (n,)."""
    return mixture.log_joint(X).argmax(axis=1)
