"""SQUAREM: leap along the path that two EM steps point out."""

import numpy as np

from gmmlib.mixture import Mixture


def squarem(visit, mixture):
    r"""EM with squared extrapolation: two steps, then a leap in their direction.

    With coordinates θ₀ and those after one and after two EM steps, θ₁ and θ₂,

    .. math:: \theta' = \theta_0 + 2 \alpha \dot\theta + \alpha^2 \ddot\theta, \qquad
        \dot\theta = \theta_1 - \theta_0, \qquad
        \ddot\theta = (\theta_2 - \theta_1) - \dot\theta, \qquad
        \alpha = \lVert \dot\theta \rVert / \lVert \ddot\theta \rVert

    With α = 1 the leap ends at θ₂. Where each step is a fixed share of the one before,
    it goes as far as they all together would. A leap that lowers the log-likelihood is
    refused: then θ₂ is next, and the leaps after it may be only a quarter as long; each
    that succeeds allows four times the length again.

    Parameters
    ----------
    visit : function
        Of a mixture: returns its log-likelihood, and a function without arguments that
        returns the mixture after an EM step.
    mixture : Mixture
        The start.

    Yields
    ------
    mixture, log_likelihood
        Without a floor, log-likelihoods never fall.

    Notes
    -----
    Implements :eq:`eq-squarem`. Source: Varadhan & Roland (2008), scheme SqS3; what
    they call α is −α here.
    """
    longest = 4.0
    log_likelihood, step = visit(mixture)
    yield mixture, log_likelihood
    while True:
        first = step()
        log_likelihood, step = visit(first)
        yield first, log_likelihood
        second = step()
        leap, length = extrapolate(mixture, first, second, longest)
        if leap is not None:
            leap_log_likelihood, leap_step = visit(leap)
            if leap_log_likelihood >= log_likelihood:
                longest = max(longest, 4 * length)
                mixture, step = leap, leap_step
                yield leap, leap_log_likelihood
                continue
        longest = max(length / 4, 2.0)
        mixture = second
        log_likelihood, step = visit(second)
        yield second, log_likelihood


def extrapolate(zeroth, first, second, longest=np.inf):
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


def coordinates(mixture, unit):
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


def from_coordinates(vector, unit, like):
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
        factors[..., *np.diag_indices(d)] = np.exp(shape[..., :d])
        factors[..., *np.tril_indices(d, -1)] = shape[..., d:]
        factors = factors * unit[:, None]
        covariances = factors @ np.swapaxes(factors, -1, -2)
    return Mixture(weights / weights.sum(), means, covariances, like.covariance_type)
