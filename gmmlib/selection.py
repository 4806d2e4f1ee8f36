"""How good is a fit, for its number of parameters? Lower is better throughout."""

import numpy as np


def bic(log_likelihood, n_parameters, n_samples):
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


def icl(log_likelihood, n_parameters, n_samples, responsibilities):
    r"""Integrated complete-data likelihood: BIC, and a price for unclear labels.

    .. math:: \mathrm{ICL} = \mathrm{BIC} - 2 \sum_n \log \max_k r_{nk}

    Parameters
    ----------
    log_likelihood, n_parameters, n_samples
        As for :func:`bic`.
    responsibilities : array, shape (n, k)

    Returns
    -------
    float
        Lower is better. (mclust reports the negative.) BIC, where no point is in doubt.

    Notes
    -----
    Source: Biernacki, Celeux & Govaert (2000).

    Examples
    --------
    >>> clear, unclear = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
    >>> icl(-10.0, 5, 1, clear), round(icl(-10.0, 5, 1, unclear), 4)
    (20.0, 21.3863)
    """
    doubt = -2 * np.log(responsibilities.max(axis=1)).sum()
    return float(bic(log_likelihood, n_parameters, n_samples) + doubt)


def aic(log_likelihood, n_parameters):
    r"""Akaike information criterion, −2ℓ + 2p. Lower is better.

    Examples
    --------
    >>> aic(-180.0, n_parameters=44)
    448.0
    """
    return float(-2 * log_likelihood + 2 * n_parameters)
