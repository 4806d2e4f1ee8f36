"""Several mixtures on the same data: one pass serves them all, and the best go on."""

from functools import partial
from itertools import islice

import numpy as np

from gmmlib.diagnosis import collapsed, is_sound
from gmmlib.em import alternate, remaining_gain
from gmmlib.engine import Data, SideBySide, keep_digits
from gmmlib.mixture import Mixture

ENOUGH = 2e-4  # nats per point: a mixture with less to gain has arrived


def race(data: Data, together: SideBySide, floor, rounds) -> Mixture:
    """The mixture that is ahead after some rounds of EM.

    Parameters
    ----------
    data : Data
    together : SideBySide
        The mixtures.
    floor : array, shape (d,)
        Added to each variance; positive.
    rounds : list of pairs
        How many mixtures take part, and how many iterations they make at most.

    Returns
    -------
    Mixture

    Examples
    --------
    >>> from gmmlib.engine import as_data
    >>> data = as_data(np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]]))
    >>> together = SideBySide.of(
    ...     Mixture([0.25] * 4, [[0.0], [0.1], [0.0], [9.0]], [1.0] * 4, "spherical"), 2
    ... )
    >>> race(data, together, np.array([1e-6]), [(2, 3), (1, 10)]).means.round(1)
    array([[1.],
           [8.]])
    """
    order = np.arange(together.n_mixtures)
    for n_mixtures, n_iterations in rounds:
        here = together.take(order[:n_mixtures]).parts()
        ends = [run_side_by_side(data, part, floor, n_iterations) for part in here]
        parts, log_likelihoods = zip(*ends)
        together = SideBySide.joined(parts)
        flat = together.of_each(collapsed(together, floor, data.varies))
        owned = together.of_each(together.weights) * len(flat) * data.n_points
        sound = is_sound(flat, owned, data.n_features)
        score = np.round(np.concatenate(log_likelihoods) / data.n_points, 6)
        order = np.lexsort((-score, ~sound))
    return together.take(order[:1]).apart()[0]


def run_side_by_side(data, together, floor, n_iterations):
    """Where they are after so many iterations, or when nobody can overtake the first.

    EM for a mixture of mixtures, of which each is normalised for itself.

    Returns
    -------
    together : SideBySide
    log_likelihoods : array, shape (n_mixtures,)
    """
    m_step = partial(together.m_step, together.n_mixtures, together.is_tied, floor)
    states = alternate(data.sums, keep_digits(m_step), together)
    last = last_state(states, n_iterations, ENOUGH * data.n_points)
    # Each was weighted by 1 / n_mixtures.
    share = data.n_points * np.log(together.n_mixtures)
    return last.mixture, np.array(last.log_likelihood) + share


def last_state(states, n_iterations, enough):
    """The state after so many iterations, or where no end is far above the first's place.

    Here a state's log-likelihood is a list: one for each mixture.
    """
    log_likelihoods = []
    for state in islice(states, n_iterations + 1):
        log_likelihoods.append(state.log_likelihood)
        ends = [end_of(of_one, enough) for of_one in zip(*log_likelihoods[-3:])]
        if max(ends) <= max(log_likelihoods[-1]) + enough:
            break
    return state


def end_of(log_likelihoods, enough):
    """Where it will end, as estimated: where it is, if it creeps.

    Examples
    --------
    >>> end_of([-8.0, -6.0, -5.0], enough=0.1), end_of([-5.02, -5.01, -5.006], enough=0.1)
    (-4.0, -5.006)
    """
    *before, last = log_likelihoods
    creeps = before and last - before[-1] <= enough / 20
    return last if creeps else last + remaining_gain(log_likelihoods)
