"""How good is a fit, for its number of parameters? Lower is better throughout."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

CRITERIA = ("bic", "aic", "icl")


def bic(log_likelihood: float, n_parameters: int, n_samples: int) -> float:
    r"""Bayesian information criterion.

    .. math:: \mathrm{BIC} = -2\ell + p \log n

    Parameters
    ----------
    log_likelihood : float
        The total ℓ, in nats.
    n_parameters : int
        The number of free parameters p.
    n_samples : int
        The number of points n.

    Returns
    -------
    float
        Lower is better. (Some software, mclust among it, reports the negative.)

    Notes
    -----
    Implements :eq:`eq-bic`. Source: Schwarz (1978).

    Examples
    --------
    >>> round(bic(-180.185477131, n_parameters=44, n_samples=150), 4)
    580.8389
    """
    return float(-2 * log_likelihood + n_parameters * np.log(n_samples))


def aic(log_likelihood: float, n_parameters: int) -> float:
    r"""Akaike information criterion.

    .. math:: \mathrm{AIC} = -2\ell + 2p

    Parameters
    ----------
    log_likelihood, n_parameters
        As for :func:`bic`.

    Returns
    -------
    float
        Lower is better.

    Notes
    -----
    Implements :eq:`eq-aic`. Source: Akaike (1974).

    Examples
    --------
    >>> aic(-180.0, n_parameters=44)
    448.0
    """
    return float(-2 * log_likelihood + 2 * n_parameters)


def icl(
    log_likelihood: float, n_parameters: int, n_samples: int, doubt: float
) -> float:
    r"""Integrated complete-data likelihood: BIC, and a price for unclear labels.

    .. math:: \mathrm{ICL} = \mathrm{BIC} - 2 \sum_n \log \max_k r_{nk}

    Parameters
    ----------
    log_likelihood, n_parameters, n_samples
        As for :func:`bic`.
    doubt : float
        −∑ₙ log maxₖ r_nk, from :func:`doubt`.

    Returns
    -------
    float
        Lower is better. (mclust reports the negative.) BIC, where no point is in doubt.

    Notes
    -----
    Implements :eq:`eq-icl`. Source: Biernacki, Celeux & Govaert (2000).

    Examples
    --------
    >>> icl(-10.0, 5, 1, doubt=0.0), icl(-10.0, 5, 1, doubt=1.5)
    (20.0, 23.0)
    """
    return float(bic(log_likelihood, n_parameters, n_samples) + 2 * doubt)


def doubt(responsibilities) -> float:
    """How unclear the labels of some points are: −∑ₙ log maxₖ r_nk, in nats.

    Parameters
    ----------
    responsibilities : array, shape (n, k)

    Returns
    -------
    float
        0, where each point belongs to one component. Those of two blocks add up.

    Examples
    --------
    >>> doubt(np.array([[1.0, 0.0]])), round(doubt(np.array([[0.5, 0.5]])), 4)
    (0.0, 0.6931)
    """
    return float(-np.log(responsibilities.max(axis=1)).sum()) + 0.0  # no −0.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A fitted model, and what the criteria say of it: lower is better."""

    model: Any
    bic: float
    aic: float
    icl: float


def search(
    model, X, n_components: Iterable[int], sample_weight=None
) -> Iterator[Candidate]:
    """Fit a model with several numbers of components, one after the other.

    Parameters
    ----------
    model : GaussianMixture
        Its other parameters are kept; it is not fitted itself.
    X : array, shape (n, d)
    n_components : iterable of int
    sample_weight : array, shape (n,), optional
        How often each point counts, 1 by default.

    Yields
    ------
    Candidate
        ``min(candidates, key=attrgetter("bic"))`` is the winner by BIC.

    Examples
    --------
    >>> from operator import attrgetter
    >>> from gmmlib import GaussianMixture
    >>> from gmmlib.book.datasets import load_old_faithful
    >>> model = GaussianMixture(covariance_type="tied", random_state=0)
    >>> candidates = list(search(model, load_old_faithful(), range(1, 5)))
    >>> [round(candidate.bic, 1) for candidate in candidates]
    [2607.6, 2325.2, 2314.3, 2320.1]
    >>> min(candidates, key=attrgetter("bic")).model.n_components
    3
    """
    for k in n_components:
        parameters = deepcopy(model.get_params()) | {"n_components": k}
        fitted = type(model)(**parameters).fit(X, sample_weight=sample_weight)
        on = X, sample_weight
        yield Candidate(fitted, fitted.bic(*on), fitted.aic(*on), fitted.icl(*on))
