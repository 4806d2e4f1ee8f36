"""SQUAREM: leap along the path that two EM steps point out."""

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

from gmmlib.mixture import Mixture
from gmmlib.steps import State


def squarem(e_step, m_step, mixture: Mixture) -> Iterator[State]:
    r"""EM with squared extrapolation: two steps, then a leap in their direction.

    With coordinates θ₀ and those after one and after two EM steps, θ₁ and θ₂,

    .. math:: \theta' = \theta_0 + 2 \alpha \dot\theta + \alpha^2 \ddot\theta, \qquad
        \dot\theta = \theta_1 - \theta_0, \qquad
        \ddot\theta = (\theta_2 - \theta_1) - \dot\theta, \qquad
        \alpha = \lVert \dot\theta \rVert / \lVert \ddot\theta \rVert

    With α = 1 the leap ends at θ₂. Where each step is a fixed share of the one before,
    it goes as far as they all together would. A leap that lowers the log-likelihood is
    refused: then θ₂ is next, and the leaps after it may be only a quarter as long, but
    α = 2 is always allowed; each that succeeds allows four times the length again.

    Parameters
    ----------
    e_step, m_step : function
        As of :func:`gmmlib.em.alternate`.
    mixture : Mixture
        The start.

    Yields
    ------
    State
        Without a floor, log-likelihoods never fall. An iteration is a pass over the
        data; that of a leap which was refused is counted, but not seen.

    Notes
    -----
    Implements :eq:`eq-squarem`. Source: Varadhan & Roland (2008), scheme SqS3; what
    they call α is −α here.
    """
    passes, longest = count(), 4.0

    def look(mixture):
        sums, log_likelihood = e_step(mixture)
        return State(next(passes), mixture, log_likelihood), sums

    state, sums = look(mixture)
    yield state
    while True:
        first, sums = look(m_step(sums))
        yield first
        second = m_step(sums)
        leap, length = extrapolate(state.mixture, first.mixture, second, longest)
        if leap is not None:
            state, sums = look(leap)
        accepted = leap is not None and state.log_likelihood >= first.log_likelihood
        longest = max(longest, 4 * length) if accepted else max(length / 4, 2.0)
        if not accepted:
            state, sums = look(second)
        yield state


def extrapolate(
    zeroth: Mixture, first: Mixture, second: Mixture, longest=np.inf
) -> tuple[Mixture | None, float]:
    """The mixture after the leap, or None where there is nowhere to leap.

    Parameters
    ----------
    zeroth, first, second : Mixture
        Each an EM step after the one before.
    longest : float
        The most that α may be.

    Returns
    -------
    leap : Mixture or None
    length : float
        Its α.
    """
    if min(zeroth.weights.min(), second.weights.min()) == 0:
        return None, 1.0
    unit = np.sqrt(zeroth.variances())
    start, middle, end = (coordinates(m, unit) for m in (zeroth, first, second))
    step = middle - start
    bend = (end - middle) - step
    if np.linalg.norm(step) <= np.linalg.norm(bend):  # no further than `second`
        return None, 1.0
    with np.errstate(divide="ignore"):
        length = min(np.linalg.norm(step) / np.linalg.norm(bend), longest)
    there = start + 2 * length * step + length**2 * bend
    try:
        return from_coordinates(there, unit, zeroth), length
    except ValueError:  # so far that a covariance is no longer positive definite
        return None, length


def coordinates(mixture: Mixture, unit) -> np.ndarray:
    """The parameters as one vector in which every value is allowed.

    Logarithms of the weights; means; Cholesky factors, their diagonals as logarithms.
    Lengths are divided by `unit` (d,).

    Examples
    --------
    >>> mixture = Mixture([1.0], [[6.0]], [[[4.0]]])
    >>> coordinates(mixture, unit=np.array([2.0])).tolist()
    [0.0, 3.0, 0.0]
    """
    if mixture.covariance_type in ("diag", "spherical"):
        shape = 0.5 * np.log(mixture.covariances)
    else:
        factors = np.linalg.cholesky(mixture.covariances) / unit[:, None]
        shape = factors[..., *np.tril_indices(len(unit), -1)]
        diagonals = np.log(np.diagonal(factors, axis1=-2, axis2=-1))
        shape = np.concatenate([diagonals, shape], axis=-1)
    return np.concatenate(
        [np.log(mixture.weights), (mixture.means / unit).ravel(), shape.ravel()]
    )


def from_coordinates(vector, unit, like: Mixture) -> Mixture:
    """The mixture with these coordinates, of the shape and type of `like`."""
    k, d = like.means.shape
    weights = np.exp(vector[:k] - vector[:k].max())
    means = vector[k : k + k * d].reshape(k, d) * unit
    shape = vector[k + k * d :]
    if like.covariance_type in ("diag", "spherical"):
        covariances = np.exp(2 * shape).reshape(like.covariances.shape)
    else:
        shape = shape.reshape(*like.covariances.shape[:-2], -1)
        factors = np.zeros(like.covariances.shape)
        diagonal, (below, left) = np.arange(d), np.tril_indices(d, -1)
        factors[..., diagonal, diagonal] = np.exp(shape[..., :d])
        factors[..., below, left] = shape[..., d:]
        factors = factors * unit[:, None]
        covariances = factors @ np.swapaxes(factors, -1, -2)
    return Mixture(weights / weights.sum(), means, covariances, like.covariance_type)


def recent_gain(log_likelihoods: Sequence[float]) -> float:
    """What the last two steps and two leaps have gained: more than what is left.

    Leaps make single gains irregular.

    Parameters
    ----------
    log_likelihoods : sequence of float
        Of the iterations so far, oldest first, in nats.

    Returns
    -------
    float
        In nats: infinite before there were four iterations.

    Examples
    --------
    >>> recent_gain([-9.0, -5.0, -4.0, -3.5, -3.25]), recent_gain([-9.0, -5.0])
    (5.75, inf)
    """
    recent = log_likelihoods[-5:]
    return recent[-1] - recent[0] if len(recent) == 5 else np.inf
