"""EM: the loop that yields every state, and how much there is left to gain."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import count

import numpy as np

from gmmlib.acceleration import recent_gain, squarem
from gmmlib.check import check_choice
from gmmlib.engine import as_data, keep_digits
from gmmlib.mixture import Mixture
from gmmlib.steps import State, m_step


def em(
    X, start: Mixture, reg_covar="scale", sample_weight=None, accelerate=None
) -> Iterator[State]:
    """Run EM, one iteration at a time, for as long as you ask.

    Each iteration reads the data once, block by block: the E-step of a block, then its
    sums. So the memory needed beyond `X` does not grow with n.

    Parameters
    ----------
    X : array or Dask array, shape (n, d)
        A Dask array is not gathered; see :mod:`gmmlib.engine.chunks`.
    start : Mixture
        Its covariance type is that of the fit.
    reg_covar : "scale", float, or array of shape (d,)
        What is added to the variances; see :meth:`gmmlib.engine.data.Data.floor`.
    sample_weight : array or Dask array, shape (n,), optional
        How often each point counts, 1 by default.
    accelerate : None or "squarem"
        See :func:`gmmlib.acceleration.squarem`.

    Yields
    ------
    State
        First the start itself (iteration 0), then the state after each iteration.
        Without a floor the log-likelihood never falls. With ``"squarem"`` an iteration
        whose leap was refused is not seen, only counted.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmlib import Mixture
    >>> X = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> start = Mixture([0.5, 0.5], [[0.0], [5.0]], [1.0, 1.0], "spherical")
    >>> for state in em(X, start):
    ...     print(state.iteration, round(state.log_likelihood, 4))
    ...     if state.iteration == 2:
    ...         break
    0 -8.9478
    1 -7.0621
    2 -7.062
    """
    data = as_data(X, sample_weight, n_features=start.n_features)
    floor = data.floor(reg_covar)
    loop = check_choice(accelerate, "accelerate", LOOPS)
    yield from loop(data.sums, keep_digits(partial(m_step, floor=floor)), start)


def alternate(e_step, m_step, mixture: Mixture) -> Iterator[State]:
    """The loop of EM, whatever its two steps are.

    Parameters
    ----------
    e_step : function
        Of a mixture: returns the sums that the M-step needs, and the log-likelihood;
        :meth:`gmmlib.engine.data.Data.sums` does. (:func:`gmmlib.steps.e_step` does not:
        it returns the responsibilities themselves.)
    m_step : function
        Of these sums: returns the next mixture. :func:`gmmlib.engine.keep_digits` looks
        after its digits.
    mixture : Mixture
        The start; for other steps, whatever they understand.

    Yields
    ------
    State

    Examples
    --------
    Another M-step, for components that are known to be equally large:

    >>> import numpy as np
    >>> def m_step_with_equal_weights(sums):
    ...     new = m_step(sums)
    ...     return Mixture([0.5, 0.5], new.means, new.covariances, "spherical")
    >>> data = as_data(np.array([[0.0], [1.0], [5.0], [6.0], [8.0]]))
    >>> start = Mixture([0.5, 0.5], [[0.0], [5.0]], [1.0, 1.0], "spherical")
    >>> other_step = keep_digits(m_step_with_equal_weights)
    >>> states = alternate(data.sums, other_step, start)
    >>> [round(next(states).log_likelihood, 3) for _ in range(2)]
    [-13.56, -9.837]
    """
    for iteration in count():
        sums, log_likelihood = e_step(mixture)
        yield State(iteration, mixture, log_likelihood)
        mixture = m_step(sums)


def remaining_gain(log_likelihoods: Sequence[float]) -> float:
    r"""How much the log-likelihood still has to climb, by Aitken's extrapolation.

    Near the top each gain is a fixed share κ of the one before. If the last gain was g,
    those to come sum to

    .. math:: g\,(\kappa + \kappa^2 + \kappa^3 + \dots)
        = g\,\frac{\kappa}{1-\kappa}, \qquad
        \kappa = \frac{\ell_t - \ell_{t-1}}{\ell_{t-1} - \ell_{t-2}}

    Parameters
    ----------
    log_likelihoods : sequence of float
        Of the iterations so far, oldest first, in nats.

    Returns
    -------
    float
        In nats: infinite while nothing can be said (fewer than three values, or gains
        that still grow), 0 once gains are lost in rounding.

    Notes
    -----
    Implements :eq:`eq-remaining-gain`. Source: McLachlan & Peel (2000), section 2.11.

    Examples
    --------
    >>> round(remaining_gain([-110.0, -102.0, -100.4]), 6)
    0.4
    """
    if len(log_likelihoods) < 3:
        return np.inf
    first, second, third = log_likelihoods[-3:]
    before, gain = second - first, third - second
    if gain <= 1e-14 * abs(third):
        return 0.0
    share = gain / before if before > 0 else 1.0
    return gain * share / (1 - share) if share < 1 else np.inf


def until_converged(
    states: Iterable[State], tol: float, max_iter: int, accelerate=None, past=()
) -> Iterator[tuple[State, float, bool]]:
    """States up to the one where little is left to gain.

    Parameters
    ----------
    states : iterable of State
    tol : float
        The most that the last gain, and the gain to come, may be: in nats.
    max_iter : int
        The most iterations; one more, if a leap is refused in the last.
    accelerate : None or "squarem"
        How the states come about.
    past : sequence of float
        The log-likelihoods of the run that these states go on with, if they do: that of
        the first state is its last.

    Yields
    ------
    state : State
    to_gain : float
        The gain to come, as estimated.
    converged : bool
        True for the last one, unless the iterations had run out.
    """
    log_likelihoods: list[float] = []
    for state in states:
        log_likelihoods = log_likelihoods or history_of(state, past)
        log_likelihoods.append(state.log_likelihood)
        to_gain = gain_to_come(log_likelihoods, accelerate)
        gains = np.diff(log_likelihoods[-2:])  # none, at the start
        converged = to_gain <= tol and len(gains) > 0 and gains[0] <= tol
        yield state, to_gain, bool(converged)
        if converged or state.iteration >= max_iter:
            return


def history_of(state: State, past: Sequence[float]) -> list[float]:
    """The log-likelihoods before this state: none, if the past did not lead to it.

    Examples
    --------
    >>> history_of(State(0, None, -5.0), [-9.0, -6.0, -5.0])
    [-9.0, -6.0]
    >>> history_of(State(0, None, -4.0), [-9.0, -6.0, -5.0])
    []
    """
    leads_here = len(past) > 0 and np.isclose(past[-1], state.log_likelihood, rtol=1e-9)
    return list(past[:-1]) if leads_here else []


def gain_to_come(log_likelihoods: Sequence[float], accelerate=None) -> float:
    """An estimate, in nats, of what more iterations would gain."""
    return (recent_gain if accelerate else remaining_gain)(log_likelihoods)


LOOPS = {None: alternate, "squarem": squarem}
