"""Several mixtures on the same data: one pass serves them all, and the best go on."""

from itertools import islice

import numpy as np

from gmmlib.diagnosis import rank
from gmmlib.em import alternate, remaining_gain
from gmmlib.engine import Data, SideBySide, keep_digits, tie
from gmmlib.mixture import Mixture
from gmmlib.steps import State, m_step

ENOUGH = 2e-4  # nats per point: a mixture with less to gain has arrived
MOST_NUMBERS = 2**20  # in the covariances of the mixtures that share a pass


def race(data: Data, mixtures: list[Mixture], floor, rounds) -> Mixture:
    """The mixture that is ahead after some rounds of EM.

    Parameters
    ----------
    data : Data
    mixtures : list of Mixture
        Of the same number of components, and of the same type.
    floor : array, shape (d,)
        Added to each variance.
    rounds : list of pairs
        How many mixtures take part, and how many iterations they make at most.

    Returns
    -------
    Mixture

    Examples
    --------
    >>> from gmmlib.engine import as_data
    >>> data = as_data(np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]]))
    >>> starts = [
    ...     Mixture([0.5, 0.5], [[0.0], [mean]], [1.0, 1.0], "spherical")
    ...     for mean in (0.1, 9.0)
    ... ]
    >>> race(data, starts, np.array([1e-6]), [(2, 3), (1, 10)]).means.round(1)
    array([[1.],
           [8.]])
    """
    together = max(1, MOST_NUMBERS // mixtures[0].covariances.size)
    for n_mixtures, n_iterations in rounds:
        states, here = [], mixtures[:n_mixtures]
        for first in range(0, len(here), together):
            some = here[first : first + together]
            states += run_side_by_side(data, some, floor, n_iterations)
        about = data.n_points, floor, data.varies
        states.sort(key=lambda state: rank(state, *about), reverse=True)
        mixtures = [state.mixture for state in states]
    return mixtures[0]


def run_side_by_side(data, mixtures, floor, n_iterations) -> list[State]:
    """The state of each after so many iterations, or when nobody can overtake the first.

    EM for a mixture of mixtures, of which each is normalised for itself.
    """
    n_mixtures, covariance_type = len(mixtures), mixtures[0].covariance_type

    def m_step_of_each(sums):
        if covariance_type == "tied":
            sums = tie(sums, n_mixtures)
        return SideBySide.of(m_step(sums, floor), n_mixtures)

    together = SideBySide.joined(mixtures)
    states = alternate(data.sums, keep_digits(m_step_of_each), together)
    last = last_state(states, n_iterations, ENOUGH * data.n_points)
    share = data.n_points * np.log(n_mixtures)  # each was weighted by 1 / n_mixtures
    ends = zip(last.mixture.apart(covariance_type), last.log_likelihood)
    return [State(last.iteration, mixture, value + share) for mixture, value in ends]


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
