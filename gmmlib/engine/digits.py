"""How many digits are left: squares about a centre that is far from the means.

A variance is what remains of a mean square after the square of the mean is subtracted.
The larger that square, the more digits cancel. After each M-step `keep_digits` looks
whether too many have, and if so has the sums taken once more, about the new means.
"""

from collections.abc import Callable

import numpy as np

from gmmlib.engine.together import SideBySide
from gmmlib.mixture import Mixture
from gmmlib.steps import Sums

# By how much a term may exceed what remains of the sum. Rounding then costs a
# log-density some 1e-11 nats in double precision, and some 1e-3 in single.
MOST_CANCELLATION = {np.dtype(np.float64): 1e5, np.dtype(np.float32): 1e4}
# Which of several mixtures is ahead shows in the fourth digit: 1e-7 nats do no harm.
MOST_SIDE_BY_SIDE = {np.dtype(np.float64): 1e9, np.dtype(np.float32): 1e4}


def most_cancellation(mixture: Mixture, dtype) -> float:
    """The most that is allowed: more, where several mixtures are compared."""
    is_rough = isinstance(mixture, SideBySide)
    return (MOST_SIDE_BY_SIDE if is_rough else MOST_CANCELLATION)[dtype]


def cancellation(mixture: Mixture, centres) -> float:
    r"""By how much squares about these centres exceed those about the means.

    .. math:: \max_k \sum_i (\Sigma_k^{-1})_{ii}
        \left( (\mu_{ki} - c_{ki})^2 + (\Sigma_k)_{ii} \right)

    Parameters
    ----------
    mixture : Mixture
    centres : array, shape (d,) or (k, d)

    Returns
    -------
    float
        At least d, which it is where Σ is diagonal and the centres are the means.

    Examples
    --------
    >>> from gmmlib import Mixture
    >>> cancellation(Mixture([1.0], [[1e3]], [[1.0]], "diag"), centres=np.zeros(1))
    np.float64(1000001.0)
    """
    about, exceeds = vars(mixture).get("_cancellation", (None, None))
    if about is not centres:
        factored = mixture.factored
        squares = (mixture.means - centres) ** 2 + factored.variances
        exceeds = np.einsum("kd,kd->k", factored.precision_diagonal, squares).max()
        # The M-step asks, and so does the next pass: 3 % of an iteration of 150 points.
        vars(mixture)["_cancellation"] = centres, exceeds
    return exceeds


def keep_digits(m_step: Callable[[Sums], Mixture]) -> Callable[[Sums], Mixture]:
    """The same M-step, from sums that are taken anew where their digits do not suffice.

    Parameters
    ----------
    m_step : function
        Of sums: returns a mixture.

    Returns
    -------
    function
        The same; of sums that cannot be taken anew, it is the M-step as it is.
    """

    def careful_m_step(sums):
        try:
            mixture = m_step(sums)
            if sums.retake is None or has_digits(mixture, sums.centres):
                return mixture
        except ValueError:  # not positive definite: perhaps for lack of digits
            if sums.retake is None:
                raise
        return m_step(sums.retake(sums.centres + sums.shift))

    return careful_m_step


def has_digits(mixture: Mixture, centres) -> bool:
    """Whether sums about these centres had the digits for a mixture made of them."""
    lost = cancellation(mixture, centres)
    if lost <= most_cancellation(mixture, centres.dtype):
        return True
    # Features that nearly depend on each other cost digits about any centre.
    return lost <= 2 * cancellation(mixture, mixture.means)
