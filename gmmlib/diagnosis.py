"""What is wrong with a fit: components that collapsed, are empty, or are the same."""

import numpy as np

from gmmlib.engine import Data
from gmmlib.mixture import Mixture
from gmmlib.steps import State

ALIKE = 0.01  # in standard deviations, and as a share of a variance


def collapsed(mixture: Mixture, floor, varies=slice(None)) -> np.ndarray:
    """Which components have no more variance than the floor, in some direction.

    Their log-likelihood tells how small the floor is, not how well they fit.

    Parameters
    ----------
    mixture : Mixture
        Its covariances include the floor.
    floor : array, shape (d,)
        What was added to the variances. Where it is 0, a variance counts as nothing
        up to 2e-12 times that of the whole mixture.
    varies : array of bool, shape (d,), optional
        The features to look at: a constant one has no variance in any component.

    Returns
    -------
    array of bool, shape (k,)

    Examples
    --------
    >>> from gmmlib import Mixture
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [1.0]], [[1.0], [1e-6]], "diag")
    >>> collapsed(mixture, floor=np.array([1e-6]))
    array([False,  True])
    """
    overall = mixture.variances()
    least = np.where(floor > 0, floor, 1e-12 * overall)
    if mixture.covariance_type == "spherical":
        least = np.full_like(least, least.mean())
    unit = np.sqrt(least[varies])
    if not len(unit):
        return np.zeros(mixture.n_components, dtype=bool)
    # The floor itself is 1 in these units.
    smallest = mixture.factored.smallest(unit, varies)
    return np.broadcast_to(smallest <= 2, mixture.n_components)


def rank(
    state: State, n_points: float, floor, varies=slice(None)
) -> tuple[bool, float]:
    """What to sort fits by: any without a collapse is above all with one.

    Log-likelihoods are rounded to a millionth a point, so that of equals the last
    digits do not decide.

    Parameters
    ----------
    state : State
    n_points : float
    floor, varies
        As for :func:`collapsed`.

    Returns
    -------
    sound : bool
    score : float
    """
    sound = not collapsed(state.mixture, floor, varies).any()
    return sound, round(state.log_likelihood / n_points, 6)


def diagnose(mixture: Mixture, floor, data: Data) -> list[str]:
    """Sentences that name what is wrong with a fit: none, for a sound one.

    Parameters
    ----------
    mixture : Mixture
    floor : array, shape (d,)
    data : Data

    Returns
    -------
    list of str

    Examples
    --------
    >>> from gmmlib import Mixture
    >>> from gmmlib.engine import as_data
    >>> data = as_data([[0.0], [1.0], [2.0]])
    >>> mixture = Mixture([1.0, 0.0], [[1.0], [9.0]], [[0.7], [0.7]], "diag")
    >>> diagnose(mixture, np.array([1e-6]), data)[0][:51]
    'component 1 is empty: it has 0 of 3 points; lower n'
    """
    sentences = [
        f"feature {i} is constant: its variance is the floor; drop it"
        for i in np.flatnonzero(~data.varies)
    ]
    n_counted = data.n_counted
    owned = mixture.weights * n_counted  # in points of average weight
    empty = owned < 0.5
    advice = "lower n_components or try another start"
    twins = _twins(mixture, np.flatnonzero(~empty))
    for j, is_collapsed in enumerate(collapsed(mixture, floor, data.varies)):
        share = f"{owned[j]:.3g} of {n_counted} points"
        if empty[j]:
            sentences.append(f"component {j} is empty: it has {share}; {advice}")
        elif is_collapsed:
            sentences.append(
                f"component {j} collapsed: in some direction its {share} have no more "
                f"variance than the floor; {advice}, or raise reg_covar"
            )
    for i, j in twins:
        sentences.append(f"component {j} duplicates component {i}; {advice}")
    return sentences


def _twins(mixture, components):
    """Pairs i < j whose means and covariances are the same, but for a hundredth."""
    factored, twins = mixture.factored, []
    deviations = np.sqrt(np.broadcast_to(factored.variances, mixture.means.shape))
    for place, j in enumerate(components):
        for i in components[:place]:
            shift = (mixture.means[j] - mixture.means[i]) / deviations[i]
            if np.abs(shift).max() < ALIKE and factored.change(i, j) < ALIKE:
                twins.append((i, j))
                break
    return twins
