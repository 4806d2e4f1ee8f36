"""EM: the loop that yields every state, and its pass over blocks of the data."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial, reduce
from math import isfinite

import numpy as np
from threadpoolctl import ThreadpoolController

from gmmlib.acceleration import squarem
from gmmlib.check import check_choice
from gmmlib.engine.chunks import Chunks, check_data
from gmmlib.covariance import covariance_floor
from gmmlib.mixture import Mixture, normalise
from gmmlib.engine.products import cancellation, products_for
from gmmlib.steps import m_step, weighted_sums

BLOCK_BYTES = 2**21  # a block stays in a core's cache between its E-step and its sums
BLOCK_ROWS = 2048  # fewer rows than this may cost up to four times as many bytes
# With fewer features or blocks than this, threads mostly wait for each other.
LEAST_FEATURES, LEAST_BLOCKS = 8, 8


@dataclass(frozen=True, eq=False)
class State:
    """Where EM is after `iteration` passes, and that very mixture's log-likelihood."""

    iteration: int
    mixture: Mixture
    log_likelihood: float


def em(X, start, reg_covar="scale", sample_weight=None, accelerate=None):
    """Run EM, one iteration at a time, for as long as you ask.

    Each iteration reads the data once, block by block: the E-step of a block, then its
    sums. So the memory needed beyond `X` does not grow with n.

    Parameters
    ----------
    X : array or Dask array, shape (n, d)
        A Dask array is not gathered; see :mod:`gmmlib.chunks`.
    start : Mixture
        Its covariance type is that of the fit.
    reg_covar : "scale", float, or array of shape (d,)
        What is added to the variances; see :func:`gmmlib.covariance.covariance_floor`.
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
    X, sample_weight = check_data(X, sample_weight, n_columns=start.n_features)
    floor = covariance_floor(X, reg_covar, sample_weight)
    path = check_choice(accelerate, "accelerate", PATHS)
    passes, ready = 0, None

    def visit(mixture):
        """One pass over the data: the log-likelihood, and how to go on from there."""
        nonlocal passes
        passes += 1
        products = ready if ready and ready.mixture is mixture else None
        sums, log_likelihood = sweep(X, mixture, sample_weight, products=products)
        return log_likelihood, lambda: step(mixture, sums)

    def step(mixture, sums):
        """The M-step; with sums taken anew if their centres have cost many digits."""
        nonlocal ready
        one_centre = sums.centres.ndim == 1
        try:
            after = m_step(sums, floor)
            # Made here, because they know how many digits are left, and used later.
            centre = sums.centres if one_centre else None
            ready = products_for(after, _dtype(X), centre)
            lost = ready.lost if one_centre else cancellation(after, sums.centres)
            if lost <= ready.most or lost <= 2 * cancellation(after, after.means):
                return after
        except ValueError:  # not positive definite: perhaps for lack of digits
            pass
        total = np.maximum(sums.total, np.finfo(float).tiny)
        means = sums.centres + sums.first / total[:, None]
        sums, _ = sweep(X, mixture, sample_weight, centres=means)
        return m_step(sums, floor)

    for mixture, log_likelihood in path(visit, start):
        yield State(passes - 1, mixture, log_likelihood)


def plain(visit, mixture):
    """EM as it is: from each mixture to the one after its M-step.

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
    """
    while True:
        log_likelihood, step = visit(mixture)
        yield mixture, log_likelihood
        mixture = step()


PATHS = {None: plain, "squarem": squarem}


def _dtype(X):
    """What to compute in: the type of the data, if these fill many blocks."""
    return X.dtype if len(X) > BLOCK_ROWS else np.float64


def sweep(X, mixture, sample_weight=None, centres=None, products=None):
    """One pass over the data: the sums and the log-likelihood under `mixture`.

    Parameters
    ----------
    X : array or Chunks, shape (n, d)
    mixture : Mixture
    sample_weight : array or Chunks, shape (n,), optional
    centres : array, shape (k, d), optional
        What to subtract before summing. Without it, whatever is fast and keeps the
        digits: the middle of the means, or each mean.
    products : object of :mod:`gmmlib.products`, optional
        Those of the mixture, if they are there already.

    Returns
    -------
    sums : Sums
    log_likelihood : float
        A total, in nats.
    """
    if centres is None:
        products = products or products_for(mixture, _dtype(X))
        if products.is_safe:
            rows = block_rows(products.n_numbers, products.dtype.itemsize)
            sums, log_likelihood = _reduce(products.sums, X, sample_weight, rows)
            if isfinite(log_likelihood):  # or a square has overflowed
                return products.unpack(sums), log_likelihood
        centres = mixture.means

    rows = block_rows(2 * sum(mixture.means.shape), 8)
    return _reduce(partial(plain_sums, mixture, centres), X, sample_weight, rows)


def plain_sums(mixture, centres, block, sample_weight=None):
    """The E-step of a block, then its sums about these centres; the log-likelihood."""
    responsibilities, log_density = normalise(mixture.log_joint(block))
    if sample_weight is not None:
        responsibilities *= sample_weight[:, None]
        log_density *= sample_weight
    sums = weighted_sums(block, responsibilities, centres, mixture.covariance_type)
    return sums, float(log_density.sum())


def _reduce(of_block, X, sample_weight, rows):
    """The sums over all blocks of rows, and of their log-likelihoods."""
    if isinstance(X, Chunks):
        # The scheduler has something to do for each core.
        with _blas().limit(limits=1):
            return X.fold(partial(_in_turn, of_block, rows), sample_weight, _added)
    if X.shape[1] < LEAST_FEATURES or len(X) <= rows * (LEAST_BLOCKS - 1):
        return _in_turn(of_block, rows, X, sample_weight)
    blas = _blas()
    n_threads = max([library.num_threads for library in blas.lib_controllers])
    # A block is too small to be worth several threads, but there are many blocks.
    with blas.limit(limits=1), ThreadPoolExecutor(n_threads) as pool:
        return _in_turn(of_block, rows, X, sample_weight, pool.map)


def _in_turn(of_block, rows, X, sample_weight=None, map=map):
    """The same for what is in memory, one block after the other."""

    def of_part(first):
        part = slice(first, first + rows)
        return of_block(X[part], None if sample_weight is None else sample_weight[part])

    return reduce(_added, map(of_part, range(0, len(X), rows)))


def _added(one, other):
    return one[0] + other[0], one[1] + other[1]


@cache
def _blas():
    """The libraries below NumPy that bring threads of their own; slow to find."""
    return ThreadpoolController().select(user_api="blas")


def blocks(X, numbers):
    """X in blocks of rows, if a row takes so many numbers while it is used."""
    rows = block_rows(numbers, 8)
    return (X[first : first + rows] for first in range(0, len(X), rows))


def block_rows(numbers, itemsize):
    """How many rows a block has, if a row takes so many numbers while it is used.

    Examples
    --------
    >>> block_rows(numbers=10, itemsize=8), block_rows(numbers=2000, itemsize=8)
    (26214, 524)
    """
    rows = BLOCK_BYTES // (numbers * itemsize)
    return max(rows, min(BLOCK_ROWS, 4 * rows), 1)


def remaining_gain(log_likelihoods):
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
