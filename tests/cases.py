"""What several tests share: data, mixtures to start from, hypothesis' settings."""

import warnings

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitMixture
from threadpoolctl import threadpool_limits

from gmmlib import Mixture, em
from gmmlib.engine import as_data

TYPES = ["full", "tied", "diag", "spherical"]

# Tests that run side by side must not wait for each other's threads.
threadpool_limits(limits=1)

# The same examples on every run, and none kept on disk.
properties = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)


def clouds(n=120, d=2, k=2, seed=0):
    """Overlapping, tilted clouds of unequal sizes: well conditioned, not separated."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % (k + 1) % k
    means = rng.normal(scale=2.5, size=(k, d))
    tilts = np.eye(d) + 0.35 * rng.uniform(-1, 1, size=(k, d, d))
    noise = np.einsum("nde,ne->nd", tilts[labels], rng.normal(size=(n, d)))
    return means[labels] + noise * (1 + 0.5 * labels[:, None])


def some_mixture(covariance_type, d=2, k=3, seed=1):
    """A mixture whose parameters all differ from each other, from 0 and from 1."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 1.5, size=k)
    halves = rng.normal(size=(k, d, d))
    matrices = halves @ halves.transpose(0, 2, 1) + 0.5 * np.eye(d)
    covariances = {
        "full": matrices,
        "tied": matrices[0],
        "diag": np.diagonal(matrices, axis1=1, axis2=2),
        "spherical": matrices[:, 0, 0],
    }[covariance_type]
    return Mixture(
        weights / weights.sum(),
        rng.normal(scale=2, size=(k, d)),
        covariances,
        covariance_type,
    )


def start_on(X, covariance_type, k=2):
    """A start that any fit can leave: k of the points, the covariance of them all."""
    d = X.shape[1]
    matrix = np.atleast_2d(np.cov(X.T, ddof=0))
    covariances = {
        "full": np.array([matrix] * k),
        "tied": matrix,
        "diag": np.array([np.diag(matrix)] * k),
        "spherical": np.full(k, np.trace(matrix) / d),
    }[covariance_type]
    weights = np.arange(1.0, k + 1) / np.arange(1.0, k + 1).sum()
    means = X[np.linspace(0, len(X) - 1, k).astype(int)]
    return Mixture(weights, means, covariances, covariance_type)


def covariance_matrices(covariances, covariance_type, k, d):
    """Each component's matrix, written out type by type, without the package."""
    return [
        {
            "full": lambda j: covariances[j],
            "tied": lambda j: covariances,
            "diag": lambda j: np.diag(covariances[j]),
            "spherical": lambda j: covariances[j] * np.eye(d),
        }[covariance_type](j)
        for j in range(k)
    ]


def covariance_floor(X, reg_covar="scale", sample_weight=None):
    """The floor that a fit of these points has."""
    return as_data(X, sample_weight).floor(reg_covar)


def spread(X, sample_weight=None):
    """The spread of these points."""
    return as_data(X, sample_weight).spread


def after(n_steps, X, start, reg_covar=0.0):
    """The state after that many steps of `em`."""
    for state in em(X, start, reg_covar):
        if state.iteration == n_steps:
            return state


def climb(X, start, reg_covar=0.0, tol=1e-12):
    """`em` until a step gains less than `tol` per point."""
    previous = -np.inf
    for state in em(X, start, reg_covar):
        if state.log_likelihood - previous < tol * len(X):
            return state
        assert state.iteration < 10_000
        previous = state.log_likelihood


def quietly(model, X, sample_weight=None):
    """Fit, whatever EM has to say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, sample_weight=sample_weight)


def scikit_after(n_steps, X, start, reg_covar=0.0):
    """The mixture that scikit-learn reaches in as many steps from the same start."""
    matrices = start.covariance_type in ("full", "tied")
    precisions = np.linalg.inv(start.covariances) if matrices else 1 / start.covariances
    model = ScikitMixture(
        start.n_components,
        covariance_type=start.covariance_type,
        tol=0,
        reg_covar=reg_covar,
        max_iter=n_steps,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=precisions,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X)


@st.composite
def problems(draw, max_d=3):
    """Data and a start: (X, mixture), of any covariance type."""
    k, d = draw(st.integers(1, 3)), draw(st.integers(1, max_d))
    X = clouds(draw(st.integers(40, 90)), d, k, seed=draw(st.integers(0, 10_000)))
    return X, start_on(X, draw(st.sampled_from(TYPES)), k)
