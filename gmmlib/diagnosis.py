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

    Unless all its components are flat, and each has the points not to be: so are the data.
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
    flat = collapsed(state.mixture, floor, varies)
    owned = state.mixture.weights * n_points
    sound = is_sound(flat, owned, state.mixture.n_features)
    return bool(sound), round(state.log_likelihood / n_points, 6)


def is_sound(flat, owned, n_features):
    """Whether no component is flat, or all are and each owns the points not to be.

    Of several mixtures at once: flat and owned have the shape (mixtures, k).
    """
    enough = owned > n_features + 0.5
    return ~flat.any(axis=-1) | (flat & enough).all(axis=-1)


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
        At most two: about features, and about components.

    Examples
    --------
    >>> from gmmlib import Mixture
    >>> from gmmlib.engine import as_data
    >>> data = as_data([[0.0], [1.0], [2.0]])
    >>> mixture = Mixture([1.0, 0.0], [[1.0], [9.0]], [[0.7], [0.7]], "diag")
    >>> diagnose(mixture, np.array([1e-6]), data)[0][:51]
    'component 1 is empty: it has 0 of 3 points; lower n'
    """
    sentences, problems = [], list(_problems(mixture, floor, data))
    if not data.varies.all():
        which = _first(~data.varies)
        sentences.append(
            f"feature {which} is constant: its variance is the floor; drop it"
        )
    if problems:
        advice = "lower n_components or try another start"
        advice += ", or raise reg_covar" * ("collapsed" in str(problems))
        sentences.append("; ".join([*problems, advice]))
    return sentences


def _problems(mixture, floor, data):
    """What is wrong with components, one clause for each kind of fault."""
    n_counted = data.n_counted
    owned = mixture.weights * n_counted  # in points of average weight
    empty = owned < 0.5
    fallen = collapsed(mixture, floor, data.varies) & ~empty
    originals = _originals(mixture, np.flatnonzero(~empty))
    copies = originals >= 0
    if empty.any():
        share = f"{owned[empty][0]:.3g} of {n_counted} points"
        yield f"component {_first(empty)} is empty: it has {share}"
    if fallen.any():
        share = f"{owned[fallen][0]:.3g} of {n_counted} points"
        yield (
            f"component {_first(fallen)} collapsed: in some direction its {share} have "
            "no more variance than the floor"
        )
    if copies.any():
        yield f"component {_first(copies)} duplicates component {originals[copies][0]}"


def _first(chosen):
    """The number of the first that is chosen, and those of the others.

    Examples
    --------
    >>> _first(np.array([False, True])), _first(np.array([False, True, True]))
    ('1', '1 (like 2)')
    """
    first, *others = np.flatnonzero(chosen)
    shown = ", ".join(str(j) for j in others[:5]) + ", ..." * (len(others) > 5)
    return f"{first} (like {shown})" if others else f"{first}"


def _originals(mixture, components):
    """Of which other each component is a copy, but for a hundredth: −1 for none."""
    factored, originals = mixture.factored, np.full(mixture.n_components, -1)
    deviations = np.sqrt(np.broadcast_to(factored.variances, mixture.means.shape))
    for place, j in enumerate(components):
        for i in components[:place]:
            shift = (mixture.means[j] - mixture.means[i]) / deviations[i]
            if np.abs(shift).max() < ALIKE and factored.change(i, j) < ALIKE:
                originals[j] = i
                break
    return originals
