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


def aic(log_likelihood, n_parameters):
    r"""Akaike information criterion, −2ℓ + 2p. Lower is better.

    Examples
    --------
    >>> aic(-180.0, n_parameters=44)
    448.0
    """
    return float(-2 * log_likelihood + 2 * n_parameters)
