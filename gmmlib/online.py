r"""Online EM: one small step for each batch of a stream, which is then forgotten.

The sums per point stand for all data so far. A batch of B points replaces a share ω of
them, and the M-step follows:

.. math:: M_t = (1 - \omega_t)\, M_{t-1}
    + \omega_t\, \frac1B \sum_{n \in \text{batch}} m(x_n; \theta_{t-1}), \qquad
    \omega_t = (t + t_0)^{-a}

With an exponent a of at most 1, the steps are large enough together to get anywhere;
with one above 1/2, they become small fast enough for the noise of the batches to die
down. But θ trembles: its variance is of the order of ω, not of 1/n. The estimate is an
average of the θ, in which step t counts t times, so that the way from the start is soon
outweighed. For an exponent below 1, its standard errors become those of the
maximum-likelihood estimate times √(4/3): a plain average would do without this factor,
but never gets rid of the start.

Source: Cappé & Moulines (2009); the weights of the average: Lacoste-Julien, Schmidt &
Bach (2012).
"""

from dataclasses import dataclass, replace

import numpy as np

from gmmlib.covariance import covariance_class
from gmmlib.engine import as_data
from gmmlib.mixture import Mixture
from gmmlib.steps import TINY, Sums, m_step


@dataclass(frozen=True, eq=False)
class OnlineState:
    """Where online EM is after `n_batches` steps.

    Parameters
    ----------
    n_batches : int
        t.
    sums : Sums
        M, per point, about the means of `mixture`.
    mixture : Mixture
        θ, which sees the next batch.
    average : Mixture
        The estimate.
    floor : float or array, shape (d,)
        Added to each variance, but not to the sums.
    """

    n_batches: int
    sums: Sums
    mixture: Mixture
    average: Mixture
    floor: float | np.ndarray = 0.0


def online_start(mixture: Mixture, floor=0.0) -> OnlineState:
    """The state before the first batch: the sums are those that the start expects."""
    return OnlineState(0, expected_sums(mixture), mixture, mixture, floor)


def online_step(
    state: OnlineState, X, sample_weight=None, decay=0.6, offset=10.0
) -> OnlineState:
    """The state after one more batch.

    Parameters
    ----------
    state : OnlineState
    X : array, Dask array or Data, shape (n, d)
    sample_weight : array or Dask array, shape (n,), optional
    decay, offset : float
        a and t₀ of the step size ω.

    Returns
    -------
    OnlineState

    Notes
    -----
    Implements :eq:`eq-data-online` and :eq:`eq-data-average`. Source: Cappé & Moulines
    (2009), section 2.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> state = online_start(Mixture([1.0], [[0.0]], [[1.0]], "diag"))
    >>> for t in range(1000):
    ...     state = online_step(state, rng.normal(3.0, 2.0, size=(10, 1)))
    >>> state.average.means.round(1), state.average.covariances.round(1)
    (array([[3.]]), array([[4.]]))
    """
    t = state.n_batches + 1
    share = (t + offset) ** -decay
    sums, _ = as_data(X, sample_weight).sums(state.mixture)
    sums = about(sums, state.mixture.means)
    sums = blend(state.sums, sums, share, share / sums.total.sum())
    mixture = m_step(sums, state.floor)
    old = state.average
    average = Mixture.unchecked(
        old.weights + 2 / (t + 1) * (mixture.weights - old.weights),
        old.means + 2 / (t + 1) * (mixture.means - old.means),
        old.covariances + 2 / (t + 1) * (mixture.covariances - old.covariances),
        mixture.covariance_type,
    )
    return OnlineState(t, about(sums, mixture.means), mixture, average, state.floor)


def blend(old: Sums, new: Sums, share: float, scale: float) -> Sums:
    """(1 − share) times the old sums, and `scale` times the new."""
    return replace(
        old,
        total=(1 - share) * old.total + scale * new.total,
        first=(1 - share) * old.first + scale * new.first,
        scatter=(1 - share) * old.scatter + scale * new.scatter,
    )


def expected_sums(mixture: Mixture) -> Sums:
    """The sums per point, about the means, of endless data from that very mixture.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [3.0]], [1.0, 4.0], "spherical")
    >>> m_step(expected_sums(mixture)).covariances
    array([1., 4.])
    """
    kind, weights = covariance_class(mixture.covariance_type), mixture.weights
    if mixture.covariance_type in ("full", "tied"):
        scatters = weights[:, None, None] * mixture.full_covariances()
    else:
        variances = np.broadcast_to(mixture.factored.variances, mixture.means.shape)
        scatters = weights[:, None] * variances
    first = np.zeros(mixture.means.shape)
    return Sums(weights, first, kind.pool(scatters), mixture.means, kind.name)


def about(sums: Sums, centres) -> Sums:
    r"""The same sums about other centres, without the data.

    .. math:: S_k' = S_k - N_k (\mu_k - c_k)(\mu_k - c_k)^\top
        + N_k (\mu_k - c_k')(\mu_k - c_k')^\top

    Parameters
    ----------
    sums : Sums
    centres : array, shape (k, d)

    Returns
    -------
    Sums
    """
    kind = covariance_class(sums.covariance_type)
    total, before = np.maximum(sums.total, TINY), sums.shift
    after = sums.centres + before - centres
    squares = [
        kind.scatter(new[None], owned[None]) - kind.scatter(old[None], owned[None])
        for old, new, owned in zip(before, after, total)
    ]
    return replace(
        sums,
        first=total[:, None] * after,
        scatter=sums.scatter + kind.pool(squares),
        centres=centres,
        retake=None,
    )
