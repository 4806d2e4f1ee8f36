"""`Data`: points and the weights that belong to them, looked at once."""

from abc import ABC, abstractmethod
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from gmmlib.engine.blocks import block_rows
from gmmlib.engine.products import Scratch, products_for
from gmmlib.mixture import Mixture
from gmmlib.steps import TINY, Sums, weighted_sums

# A floor is a millionth of the spread, which so many rows tell to 2 %, whatever n is.
FLOOR_ROWS = 10_000
FEW_ROWS = 2048
FAR = 1e7  # standard deviations, whose square leaves two digits of sixteen


class Data(ABC):
    """Points and their weights, already checked: what a fit needs to know of them.

    Parameters
    ----------
    points : shape (n, d), float64 or float32
    sample_weight : shape (n,), float64, or None
        How often each point counts. What has a weight of 0 is absent from all sums; its
        numbers must be finite, and not too large to be squared, all the same.
    """

    def __init__(self, points, sample_weight=None):
        self.points, self.sample_weight = points, sample_weight
        self._scratch = Scratch()
        self.n_features, self.dtype = points.shape[1], points.dtype
        # Few rows are computed in double precision, whatever the data are: it takes no
        # time, and a fit of few points should not end at a rounding error.
        many = len(points) > FEW_ROWS
        self.computed_in = self.dtype if many else np.dtype(float)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.points)

    @cached_property
    def n_points(self):
        """N, the sum of the weights: the number of rows, where there are none."""
        return len(self) if self.sample_weight is None else self.sample_weight.sum()

    def row_weights(self):
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
        """The mean of the data, shape (d,): near it squares are small."""
        return self._middle()

    @cached_property
    def centre(self):
        """The middle as it is subtracted from points: in the type computed in."""
        return self.middle.astype(self.computed_in)

    def check_squares(self):
        """Raise an error if squares of the data, or their sums, are not finite."""
        most = np.sqrt(np.finfo(float).max / max(len(self), 1)) / 2
        if self.largest > most:
            place = self.place_of(lambda block: np.abs(block) > most)
            raise ValueError(
                f"X{place}: expected numbers whose squares are finite, "
                f"got {self.largest:.3g}; change the unit, or drop that row"
            )

    def farthest(self) -> str:
        """What to say of a value that is so far from all others that digits do not suffice.

        Nothing, if there is none.
        """
        # The spread does not see it: that is of the bulk of the data.
        median = np.nanmedian(self.some_rows(FLOOR_ROWS)[0], axis=0)
        away = np.abs(self.extremes - median) / np.sqrt(self.spread)
        side, column = np.unravel_index(away.argmax(), away.shape)
        value = self.extremes[side][column]
        if away[side, column] < FAR:
            return ""
        place = self.place_of(lambda block: block == value) or f"[:, {column}]"
        return f"; X{place} is {value:.3g}, far from all others: drop that row"

    def place_of(self, is_meant) -> str:
        """The index of the first value of which a function says so, where rows are here."""
        return ""

    @property
    def varies(self) -> np.ndarray:
        """Which features are not constant over the rows that count, shape (d,)."""
        lowest, highest = self.extremes
        return lowest < highest

    @cached_property
    def spread(self):
        """The variance of each feature, whatever a few points far away may say.

        The smaller of the variance and its estimate from the quartiles, which a normal
        sample has 1.349 standard deviations apart; the variance where the quartiles are
        one. A constant feature gets the mean of the others, or 1 if all are constant.
        Shape (d,), all positive.

        Examples
        --------
        >>> from gmmlib.engine import as_data
        >>> data = as_data([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0], [4.0, 7.0], [1e8, 7.0]])
        >>> data.spread.round(2)
        array([2.2, 2.2])
        """
        return replace_constants(robust_variances(*self.some_rows(FLOOR_ROWS)))

    def floor(self, reg_covar="scale") -> np.ndarray:
        """What the M-step adds to each variance: no component can shrink to a point.

        Parameters
        ----------
        reg_covar : "scale", float, or array of shape (d,)
            ``"scale"`` is 1e-6 times the `spread` of each feature: rescaling the data
            rescales the answer. Numbers are added as they are, in squared units of the
            data.

        Returns
        -------
        array, shape (d,)

        Raises
        ------
        ValueError
            If `reg_covar` is neither.

        Examples
        --------
        >>> from gmmlib.engine import as_data
        >>> as_data([[0.0, 0.0], [2.0, 20.0]]).floor()
        array([1.e-06, 1.e-04])
        """
        if isinstance(reg_covar, str) and reg_covar == "scale":
            return 1e-6 * self.spread
        try:
            floor = np.broadcast_to(np.asarray(reg_covar, dtype=float), self.n_features)
        except (TypeError, ValueError):
            floor = np.array([-1.0])
        if not np.all((floor >= 0) & (floor < np.inf)):
            raise ValueError(
                f"reg_covar: expected 'scale' or a number ≥ 0, got {reg_covar!r}"
            )
        return floor

    def some_rows(self, most):
        """At most so many rows, equally far apart, and their weights: in memory."""
        if self.sample_weight is None:
            points = self.points[:: -(-len(self) // most)].astype(float)
            return points, np.ones(len(points))
        places = np.arange(0, self.n_counted, -(-self.n_counted // most))
        rows = self.rows_at(places, self.sample_weight > 0)
        return self.points[rows].astype(float), self.sample_weight[rows]

    def draw_row_numbers(self, n_drawn, rng):
        """The numbers of rows drawn from all over the data, in their order.

        The rows are laid end to end, each as long as its weight, and cut into `n_drawn`
        equal stretches. From each comes the row at a random place.
        """
        places = (np.arange(n_drawn) + rng.uniform(size=n_drawn)) / n_drawn
        if self.sample_weight is None:
            return np.minimum((places * len(self)).astype(int), len(self) - 1)
        return self.rows_at(places * self.sample_weight.sum(), self.sample_weight)

    def sums(self, mixture: Mixture, centres=None) -> tuple[Sums, Any]:
        """One pass over the data: the E-step of each block, then its sums.

        Parameters
        ----------
        mixture : Mixture
        centres : array, shape (k, d), optional
            What to subtract before summing. Without it, whatever is fast and keeps the
            digits: the middle of the data, or each mean.

        Returns
        -------
        sums : Sums
            Those of all blocks. Their `retake` takes them about other centres.
        log_likelihood : float
            A total, in nats; a list of totals, for mixtures side by side.
        """
        retake = partial(self._retake, mixture)
        if centres is None:
            # The same centre in all passes: another would be rounded otherwise, and in
            # single precision the log-likelihood would tremble.
            products = products_for(
                mixture, self.computed_in, self.centre, self._scratch
            )
            if products.is_safe:
                rows = block_rows(products.n_numbers, products.dtype.itemsize)
                sums, log_likelihood = self.fold_products(products, rows)
                if np.isfinite(log_likelihood).all():  # or a square has overflowed
                    return products.unpack(sums, retake), log_likelihood.tolist()
            centres = mixture.means
        rows = block_rows(2 * sum(mixture.means.shape))
        sums, log_likelihood = self.fold(partial(block_sums, mixture, centres), rows)
        return replace(sums, retake=retake), log_likelihood.tolist()

    def _retake(self, mixture, centres):
        return self.sums(mixture, centres)[0]

    def evidence(self, mixture: Mixture) -> tuple[float, float]:
        """One pass over the data: how likely they are, and how unclear their labels.

        Returns
        -------
        log_likelihood : float
            The total, in nats.
        doubt : float
            See :func:`gmmlib.selection.doubt`.
        """
        rows = block_rows(sum(mixture.means.shape))
        try:
            return self.fold(partial(block_evidence, mixture), rows)
        except ValueError:  # of a block, which counts its rows from 0
            self.check_values()
            raise

    def sums_with(self, responsibilities, covariance_type) -> Sums:
        """The sums for given responsibilities, before there is any mean: of data in memory.

        Taken twice: about the middle, for the means, and then about these means.
        """
        if self.sample_weight is not None:
            responsibilities = responsibilities * self.sample_weight[:, None]
        total = np.maximum(responsibilities.sum(axis=0), TINY)
        shift = responsibilities.T @ (self.points - self.middle) / total[:, None]
        means = self.middle + shift
        return weighted_sums(self.points, responsibilities, means, covariance_type)

    def standardised(self, in_one_unit=False):
        """These data, in memory, about their middle and in standard deviations.

        Parameters
        ----------
        in_one_unit : bool
            Whether all features are divided by the same number.

        Returns
        -------
        standard : Data
        unit : array, shape (d,)
            The standard deviations; 1 for a constant feature.

        Examples
        --------
        >>> from gmmlib.engine import as_data
        >>> standard, unit = as_data([[1.0, 500.0], [3.0, 900.0]]).standardised()
        >>> standard.points.tolist(), unit.tolist()
        ([[-1.0, -1.0], [1.0, 1.0]], [1.0, 200.0])
        """
        centred = self.points - self.middle
        variances = np.average(centred**2, axis=0, weights=self.sample_weight)
        if in_one_unit:
            variances[:] = variances.mean()
        unit = np.sqrt(np.where(variances > 0, variances, 1))
        standard = type(self)(centred / unit, self.sample_weight)
        return standard, unit

    @classmethod
    @abstractmethod
    def checked(cls, X, sample_weight, n_features, look):
        """The data, or an error that says what is wrong with them, and where."""

    @abstractmethod
    def check_values(self):
        """Raise an error that names the first value that is not finite."""

    @abstractmethod
    def fold(self, function, rows):
        """The sum of pairs that a function returns for blocks of so many rows.

        It is called with a block's points and weights (or None).
        """

    def fold_products(self, products, rows):
        """The sums of these products, and the log-likelihood."""
        return self.fold(products.sums, rows)

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


def robust_variances(points, weights):
    """The variance of each column, whatever a few points say: 0 for a constant one."""
    with np.errstate(over="ignore"):
        mean = np.average(points, axis=0, weights=weights)
        variance = np.average((points - mean) ** 2, axis=0, weights=weights)
        quartiles = np.quantile(
            points, [0.25, 0.75], axis=0, weights=weights, method="inverted_cdf"
        )
        robust = ((quartiles[1] - quartiles[0]) / 1.349) ** 2
    constant = points.min(axis=0) == points.max(axis=0)
    variance[constant] = 0.0  # though the mean was rounded
    return np.where((robust > 0) & (robust < variance), robust, variance)


def replace_constants(variances):
    """The mean of the others in the place of 0, or 1 if there are none."""
    varies = variances > 0
    return np.where(varies, variances, variances[varies].mean() if varies.any() else 1)


def block_sums(mixture, centres, block, sample_weight=None):
    """The E-step of a block, then its sums about these centres; the log-likelihood.

    Every step of :func:`gmmlib.steps.e_step` and :func:`gmmlib.steps.weighted_sums`,
    one component after the other: it keeps the digits, wherever the means are.
    """
    responsibilities, log_density = mixture.normalise(mixture.log_joint(block))
    if sample_weight is not None:
        responsibilities *= sample_weight[:, None]
        log_density *= sample_weight
    sums = weighted_sums(block, responsibilities, centres, mixture.covariance_type)
    return sums, log_density.sum(axis=-1)


def block_evidence(mixture, block, sample_weight=None):
    """The log-likelihood of a block, and how unclear its labels are.

    Parameters, as far as they are here, as of :func:`block_sums`.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [0.0]], [1.0, 1.0], "spherical")
    >>> [round(float(part), 4) for part in block_evidence(mixture, np.array([[2.0]]))]
    [-2.9189, 0.6931]
    """
    responsibilities, log_density = mixture.normalise(mixture.log_joint(block))
    doubt = -np.log(responsibilities.max(axis=1))
    weight = np.ones(len(block)) if sample_weight is None else sample_weight
    return float(weight @ log_density), float(weight @ doubt)


def add_pairs(one, other):
    """The sums of two blocks, and their log-likelihoods, added."""
    return one[0] + other[0], one[1] + other[1]
