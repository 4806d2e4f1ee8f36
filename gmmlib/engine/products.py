r"""A block's E-step and sums as two matrix products: the same answers, much faster.

The logarithm of π_k N(x | μ_k, Σ_k) is a quadratic function of x: coefficients η_k
times *statistics* of the point. And the sums that the M-step needs are responsibilities
times the same statistics:

.. math:: a_{nk} = \eta_k \cdot t(x_n), \qquad
    \sum_n r_{nk}\, t(x_n), \qquad t(x) = (1,\; x - c,\; \text{squares of } x - c)

The price of squaring about one centre c for all components: where a mean lies many
standard deviations from c, digits cancel. ``is_safe`` tells whether enough are left;
:meth:`gmmlib.engine.data.Data.sums` goes through the components one by one if not.
Without this file the answers would be the same, but for rounding.

Implements :eq:`eq-products`, which has one feature, for any number.
"""

import threading
from functools import cache
from math import prod

import numpy as np

from gmmlib.engine.digits import cancellation, most_cancellation
from gmmlib.steps import Sums

# From here on, a point's squares cost more than whitening it, for ten components; with
# fewer the crossing lies lower, with more higher. See CONTRIBUTING.md.
MANY_FEATURES = 32
# So many terms are summed in single precision, if the data are. A sum's error grows with
# the run: without any, a covariance loses two digits. Shorter ones take longer.
RUN = 128


class Scratch(threading.local):
    """Where each thread keeps its arrays, from block to block and from pass to pass."""

    def __reduce__(self):
        return Scratch, ()  # a copy begins with none


class FullProducts:
    """Its squares are the products of any two features, each pair once.

    Parameters
    ----------
    mixture : Mixture
    dtype : dtype
        What to compute in; the sums of blocks are float64 in any case.
    centre : array, shape (d,), optional
        That of the data is the same for all mixtures. Without it, the middle of the
        means.
    scratch : Scratch, optional
        That of the data serves all passes.
    """

    def __init__(self, mixture, dtype=np.float64, centre=None, scratch=None):
        self.mixture = mixture
        self.dtype = np.dtype(dtype)
        if centre is None:
            centre = mixture.weights @ mixture.means
        # Rounded to the data's type: subtracting it from points nearby is exact.
        self.centre = centre.astype(self.dtype, copy=False)
        cancelled = cancellation(mixture, self.centre)
        self.is_safe = cancelled <= most_cancellation(mixture, self.dtype)
        if self.is_safe:
            self.coefficients = self._coefficients().astype(self.dtype, copy=False)
        self._scratch = scratch or Scratch()

    def __reduce__(self):
        """What travels to a worker, which makes the rest anew."""
        return type(self), (self.mixture, self.dtype, self.centre)

    def _coefficients(self):
        """η, shape (k, numbers)."""
        shift = self.mixture.means - self.centre
        linear, *of_squares = self._quadratic_coefficients(shift)
        constant = self.mixture.log_peaks() - 0.5 * np.einsum("kd,kd->k", linear, shift)
        return np.concatenate([constant[:, None], linear, *of_squares], axis=1)

    @property
    def n_statistics(self):
        """How many numbers t(x) has."""
        return self.coefficients.shape[1]

    @property
    def n_numbers(self):
        """How many numbers a point takes while it is used: t, a and r, and white."""
        return self.n_statistics + 2 * len(self.coefficients) + len(self.centre)

    def sums(self, X, sample_weight=None):
        """The block's E-step and sums, the squares still packed; see `unpack`.

        Parameters
        ----------
        X : array, shape (n, d)
        sample_weight : array, shape (n,), optional

        Returns
        -------
        sums : Sums
        log_likelihood : float
        """
        statistics = self._array("statistics", self.n_statistics, len(X))
        return self.sums_of(self.statistics(X, statistics), sample_weight)

    def statistics(self, X, out=None):
        """t(x) of each point, shape (numbers, n)."""
        n, d = X.shape
        if out is None:
            out = np.empty((self.n_statistics, n), self.dtype)
        with np.errstate(over="ignore"):
            out[0] = 1
            np.subtract(X.T, self.centre[:, None], out=out[1 : d + 1])
            self._fill_squares(out[1 : d + 1], out[d + 1 :])
        return out

    def sums_of(self, statistics, sample_weight=None):
        """The same as `sums`, of points whose statistics are there."""
        n = statistics.shape[1]
        log_joint = self._array("log_joint", len(self.coefficients), n)
        # A square that overflows makes the log-likelihood infinite or NaN.
        with np.errstate(over="ignore", invalid="ignore"):
            self._fill_log_joint(statistics, log_joint)
            responsibilities, log_density = self.mixture.normalise(
                log_joint.T, out=log_joint.T
            )
            log_density += self._shared(statistics[1 : len(self.centre) + 1])
            if sample_weight is not None:
                responsibilities *= sample_weight[:, None]
                log_density *= sample_weight
            total, first, squares = self._sums(
                statistics, responsibilities.T, sample_weight
            )
        sums = Sums(total, first, squares, self.centre, self.mixture.covariance_type)
        return sums, log_density.sum(axis=-1, dtype=float)

    def unpack(self, sums, retake=None):
        """The same sums, as in :func:`gmmlib.steps.weighted_sums`, and how to retake them."""
        scatter = self._unpacked(sums.scatter)
        covariance_type = self.mixture.covariance_type
        return Sums(
            sums.total, sums.first, scatter, self.centre, covariance_type, retake
        )

    def _unpacked(self, squares):
        """The scatter that the squares are: shaped as the covariance type's."""
        d = len(self.centre)
        return squares[:, pairs(d).places].reshape(-1, d, d)

    def _quadratic_coefficients(self, shift):
        """Coefficients of x − c and of its squares in −½(x − μ)ᵀ Σ⁻¹ (x − μ)."""
        factors = self.mixture.factored.precision_factors
        precisions = factors @ factors.transpose(0, 2, 1)
        linear = (precisions @ shift[:, :, None])[:, :, 0]
        return linear, -0.5 * pairs(shift.shape[1]).pick(precisions)

    def _fill_squares(self, difference, squares):
        begin = 0
        for i, feature in enumerate(difference):
            end = begin + len(difference) - i
            np.multiply(feature, difference[i:], out=squares[begin:end])
            begin = end

    def _fill_log_joint(self, statistics, log_joint):
        """a, shape (k, n); without what all components have in common."""
        np.matmul(self.coefficients, statistics, out=log_joint)

    def _shared(self, difference):
        """What all components' logarithms have in common, shape (n,) or 0."""
        return 0

    def _sums(self, statistics, responsibilities, sample_weight):
        """Total, first and packed scatter of a block; responsibilities (k, n)."""
        d = len(self.centre)
        sums = product(statistics, responsibilities).T
        return sums[:, 0], sums[:, 1 : d + 1], sums[:, d + 1 :]

    def _array(self, name, *shape):
        """An uninitialised array: memory that this thread has used before, if it can be."""
        array, size = getattr(self._scratch, name, None), prod(shape)
        if array is None or array.size < size:
            array = np.empty(size, self.dtype)
            setattr(self._scratch, name, array)
        return array[:size].reshape(shape)


class WideProducts(FullProducts):
    """Full covariances of many features: too many pairs to keep their squares.

    Each component whitens the differences, and √r times the statistics, multiplied by
    themselves, are all three sums at once.
    """

    def _coefficients(self):
        """Rows that whiten x − μ, as coefficients of t = (1, x − c): (k, d, d + 1)."""
        factors = self.mixture.factored.precision_factors.transpose(0, 2, 1)
        shift = self.mixture.means - self.centre
        return np.concatenate([-factors @ shift[:, :, None], factors], axis=2)

    @property
    def n_statistics(self):
        return self.coefficients.shape[2]

    @property
    def n_numbers(self):
        return 3 * self.n_statistics + len(self.coefficients)

    def _fill_squares(self, difference, squares):
        pass

    def _fill_log_joint(self, statistics, log_joint):
        white = self._array("white", len(self.centre), statistics.shape[1])
        for coefficients, row in zip(self.coefficients, log_joint):
            np.matmul(coefficients, statistics, out=white)
            np.einsum("dn,dn->n", white, white, out=row)
        log_joint *= -0.5
        log_joint += self.mixture.log_peaks().astype(self.dtype)[:, None]

    def _sums(self, statistics, responsibilities, sample_weight):
        half = self._array("half", *statistics.shape)
        sums = np.empty((len(responsibilities), len(half), len(half)))
        for j, row in enumerate(np.sqrt(responsibilities, out=responsibilities)):
            np.multiply(statistics, row, out=half)
            sums[j] = product(half, half)
        return sums[:, 0, 0], sums[:, 0, 1:], sums[:, 1:, 1:]

    def _unpacked(self, squares):
        return squares


class TiedProducts(FullProducts):
    """Its squares are the same for all components: added once, not k times."""

    def _quadratic_coefficients(self, shift):
        factor = self.mixture.factored.precision_factors[0]
        return ((shift @ factor) @ factor.T,)

    def _fill_squares(self, difference, squares):
        pass

    def _shared(self, difference):
        factor = self.mixture.factored.precision_factors[0]
        white = factor.T.astype(self.dtype, copy=False) @ difference
        return -0.5 * np.einsum("dn,dn->n", white, white)

    def _sums(self, statistics, responsibilities, sample_weight):
        total, first, _ = super()._sums(statistics, responsibilities, sample_weight)
        # A point's responsibilities sum to 1.
        half = statistics[1:]
        if sample_weight is not None:
            half = half * np.sqrt(sample_weight).astype(self.dtype)
        return total, first, product(half, half)

    def _unpacked(self, squares):
        return squares


class DiagProducts(FullProducts):
    """Its squares are those of the features."""

    def _quadratic_coefficients(self, shift):
        precisions = self.mixture.factored.precision_diagonal
        return precisions * shift, -0.5 * precisions

    def _fill_squares(self, difference, squares):
        np.multiply(difference, difference, out=squares)

    def _unpacked(self, squares):
        return squares


class SphericalProducts(DiagProducts):
    """It has one square: the distance from the centre."""

    def _fill_squares(self, difference, squares):
        np.einsum("dn,dn->n", difference, difference, out=squares[0])

    def _unpacked(self, squares):
        d = len(self.centre)
        # Only the average over the features counts.
        return np.repeat(squares / d, d, axis=1)


def product(a, b):
    """a bᵀ as float64, for a (i, n) and b (j, n).

    In single precision, only short runs are summed in it.
    """
    if a.dtype == np.float64:
        return (b @ a.T).T
    whole = a.shape[1] // RUN * RUN
    a_runs, b_runs = (x[:, :whole].reshape(len(x), -1, RUN) for x in (a, b))
    runs = a_runs.swapaxes(0, 1) @ b_runs.transpose(1, 2, 0)
    return runs.sum(axis=0, dtype=float) + a[:, whole:] @ b[:, whole:].T


PRODUCTS = {
    "full": FullProducts,
    "tied": TiedProducts,
    "diag": DiagProducts,
    "spherical": SphericalProducts,
}


def products_for(mixture, dtype=np.float64, centre=None, scratch=None):
    """The products of that mixture: those that are fastest for its type."""
    kind = PRODUCTS[mixture.covariance_type]
    if kind is FullProducts and mixture.n_features >= MANY_FEATURES:
        kind = WideProducts
    return kind(mixture, dtype, centre, scratch)


class Pairs:
    """Which two features each square multiplies: each with itself and all after it.

    Examples
    --------
    >>> two = Pairs(2)
    >>> two.first, two.second
    (array([0, 0, 1]), array([0, 1, 1]))
    >>> two.pick(np.array([[[1.0, 2.0], [2.0, 3.0]]]))
    array([[1., 4., 3.]])
    """

    def __init__(self, d):
        self.first, self.second = np.triu_indices(d)
        self.flat = self.first * d + self.second
        # Where (i, j) stands, and (j, i).
        places = np.empty((d, d), dtype=int)
        places[self.second, self.first] = np.arange(len(self.flat))
        places[self.first, self.second] = np.arange(len(self.flat))
        self.places = places.ravel()
        self.times = np.bincount(self.places)

    def pick(self, matrices):
        """The coefficients of the squares in xᵀ A x, for symmetric A (k, d, d)."""
        return self.times * matrices.reshape(len(matrices), -1).take(self.flat, axis=1)


@cache
def pairs(d):
    """The pairs of d features, made once."""
    return Pairs(d)
