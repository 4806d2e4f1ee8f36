"""`Data`: points and the weights that belong to them, looked at once."""

from abc import ABC, abstractmethod
from dataclasses import replace
from functools import cached_property, partial
from math import isfinite

import numpy as np

from gmmlib.engine.blocks import BLOCK_ROWS, block_rows
from gmmlib.engine.products import products_for
from gmmlib.mixture import Mixture, normalise
from gmmlib.steps import Sums, weighted_sums


class Data(ABC):
    """Points and their weights, already checked: what a fit needs to know of them.

    Parameters
    ----------
    points : shape (n, d), float64 or float32
    sample_weight : shape (n,), float64, or None
        How often each point counts. What has a weight of 0 is absent.
    """

    def __init__(self, points, sample_weight=None):
        self.points, self.sample_weight = points, sample_weight
        self.n_features, self.dtype = points.shape[1], points.dtype
        # Few blocks are computed in double precision, whatever the data are.
        many = len(points) > BLOCK_ROWS
        self.computed_in = self.dtype if many else np.dtype(float)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.points)

    @cached_property
    def n_points(self):
        """N, the sum of the weights: the number of rows, where there are none."""
        return len(self) if self.sample_weight is None else self.sample_weight.sum()

    def weights(self):
        """How often each row counts, also where nothing is said: shape (n,)."""
        return np.ones(len(self)) if self.sample_weight is None else self.sample_weight

    @cached_property
    def n_counted(self):
        """The number of rows with a weight above 0."""
        if self.sample_weight is None:
            return len(self)
        return int((self.sample_weight > 0).sum())

    @cached_property
    def extremes(self):
        """The smallest and the largest number of each feature, over rows that count."""
        return self._extremes()

    @cached_property
    def largest(self):
        """The largest number of all rows, whatever its sign."""
        return max(float(self.points.max()), -float(self.points.min()))

    @cached_property
    def middle(self):
        """A point in the middle of the data, from which no mean is far: shape (d,)."""
        return self._middle()

    @property
    def varies(self) -> np.ndarray:
        """Which features are not constant over the rows that count, shape (d,)."""
        lowest, highest = self.extremes
        return lowest < highest

    def some_rows(self, most):
        """At most so many rows, equally far apart, and their weights: in memory."""
        if self.sample_weight is None:
            points = self.points[:: -(-len(self) // most)].astype(float)
            return points, np.ones(len(points))
        places = np.arange(0, self.n_counted, -(-self.n_counted // most))
        rows = self.rows_at(places, self.sample_weight > 0)
        return self.points[rows].astype(float), self.sample_weight[rows]

    def spread_rows(self, n_drawn, rng):
        """Rows drawn from all over the data, in their order.

        The rows are laid end to end, each as long as its weight, and cut into `n_drawn`
        equal stretches. From each comes the row at a random place.
        """
        places = (np.arange(n_drawn) + rng.uniform(size=n_drawn)) / n_drawn
        if self.sample_weight is None:
            return np.minimum((places * len(self)).astype(int), len(self) - 1)
        return self.rows_at(places * self.sample_weight.sum(), self.sample_weight)

    def sums(self, mixture: Mixture, centres=None) -> tuple[Sums, float]:
        """One pass over the data: the E-step of each block, then its sums.

        Parameters
        ----------
        mixture : Mixture
        centres : array, shape (k, d), optional
            What to subtract before summing. Without it, whatever is fast and keeps the
            digits: the middle of the means, or each mean.

        Returns
        -------
        sums : Sums
            Those of all blocks. Their `retake` takes them about other centres.
        log_likelihood : float
            A total, in nats.
        """
        retake = partial(self._retake, mixture)
        if centres is None:
            # One centre for all passes: another would be rounded otherwise, and in single
            # precision the log-likelihood would tremble.
            products = products_for(mixture, self.computed_in, self.middle)
            if products.is_safe:
                rows = block_rows(products.n_numbers, products.dtype.itemsize)
                sums, log_likelihood = self.fold(products.sums, rows)
                if isfinite(log_likelihood):  # or a square has overflowed
                    return products.unpack(sums, retake), log_likelihood
            centres = mixture.means
        rows = block_rows(2 * sum(mixture.means.shape), 8)
        sums, log_likelihood = self.fold(partial(block_sums, mixture, centres), rows)
        return replace(sums, retake=retake), log_likelihood

    def _retake(self, mixture, centres):
        return self.sums(mixture, centres)[0]

    @classmethod
    @abstractmethod
    def checked(cls, X, sample_weight, n_features):
        """The data, or an error that says what is wrong with them, and where."""

    @abstractmethod
    def fold(self, of_block, rows):
        """The sum of pairs that a function returns for blocks of so many rows.

        It is called with a block's points and weights (or None).
        """

    @abstractmethod
    def rows_at(self, places, weight):
        """The rows on which these places lie, if each row is as long as its weight."""

    @abstractmethod
    def draw_rows(self, most: int, rng) -> "Data":
        """At most so many rows, in memory, drawn by weight."""

    @abstractmethod
    def gathered(self, most: int, rng) -> "Data":
        """Data in memory: these, or of data that are elsewhere at most so many rows."""

    @abstractmethod
    def _middle(self):
        pass

    @abstractmethod
    def _extremes(self):
        pass


def block_sums(mixture, centres, block, sample_weight=None):
    """The E-step of a block, then its sums about these centres; the log-likelihood.

    Every step of :func:`gmmlib.steps.e_step` and :func:`gmmlib.steps.weighted_sums`,
    one component after the other: it keeps the digits, wherever the means are.
    """
    responsibilities, log_density = normalise(mixture.log_joint(block))
    if sample_weight is not None:
        responsibilities *= sample_weight[:, None]
        log_density *= sample_weight
    sums = weighted_sums(block, responsibilities, centres, mixture.covariance_type)
    return sums, float(log_density.sum())


def add_pairs(one, other):
    """The sums of two blocks, and their log-likelihoods, added."""
    return one[0] + other[0], one[1] + other[1]
