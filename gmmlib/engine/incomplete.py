"""Values that are missing: a row counts with those that it has.

NaN stands for a value that nobody knows. Under a normal density the values that are
seen are normal, too: the marginal density says how likely they are. And they tell what
the others may be: the conditional density has a mean, the same combination of the seen
values in all rows in which the same features are seen (a pattern), and a covariance, the
same for all of these rows.
"""

from dataclasses import replace
from functools import cached_property, partial, reduce
from operator import add

import numpy as np

from gmmlib.check import check_points, check_sample_weight
from gmmlib.engine.arrays import InMemory
from gmmlib.engine.blocks import block_rows
from gmmlib.engine.data import replace_constants, robust_variances
from gmmlib.mixture import Mixture
from gmmlib.steps import TINY, Sums, m_step, weighted_sums

MOST_CORRELATED = 50  # features: of more, a start does without their covariances


class Incomplete(InMemory):
    """An array in which NaN stands for what is missing.

    A row without any value counts for nothing.
    """

    @classmethod
    def checked(cls, X, sample_weight, n_features, look):
        X = check_points(X, n_columns=n_features, missing="em")
        sample_weight = check_sample_weight(sample_weight, len(X))
        seen = ~np.isnan(X)
        if seen.all():
            return InMemory(X, sample_weight)
        if not seen.any():
            raise ValueError("X: expected at least one value, got only missing ones")
        has_any = seen.any(axis=1)
        if not has_any.all():
            sample_weight = has_any * (1.0 if sample_weight is None else sample_weight)
        return cls(X, sample_weight)

    def sums(self, mixture, centres=None):
        centres = mixture.means if centres is None else centres
        retake = partial(self._retake, mixture)
        function = partial(sums_with_gaps, WithGaps.of(mixture), centres)
        rows = block_rows(2 * sum(mixture.means.shape))
        sums, log_likelihood = self.fold(function, rows)
        return replace(sums, retake=retake), log_likelihood.tolist()

    def evidence(self, mixture):
        return super().evidence(WithGaps.of(mixture))

    def floor(self, reg_covar="scale"):
        for feature in np.flatnonzero(np.isnan(self.extremes[0])):
            raise ValueError(
                f"X[:, {feature}]: expected at least one value in each feature, got "
                "only missing ones; drop that column"
            )
        return super().floor(reg_covar)

    def gathered(self, most, rng):
        """Rows without gaps, for a start: what is missing is drawn from a normal density.

        It is nearly the most likely one.
        """
        rows, floor, mixture = self, self.floor(), self._independent()
        if len(self) > most:
            rows = Incomplete(self.points[self.draw_row_numbers(most, rng)])
        for _ in range(20):
            mixture = m_step(rows.sums(mixture)[0], floor)
        points = rows.points.astype(float)
        points = draw_missing(WithGaps.of(mixture), points, rng)
        return InMemory(points, rows.sample_weight)

    def _independent(self):
        """A normal density in which no feature says anything about another."""
        middle, spread = self.middle[None], self.spread[None]
        if self.n_features > MOST_CORRELATED:
            return Mixture.unchecked(np.ones(1), middle, spread, "diag")
        matrix = spread * np.eye(self.n_features)
        return Mixture.unchecked(np.ones(1), middle, matrix[None], "full")

    @cached_property
    def largest(self):
        return max(float(np.nanmax(self.points)), -float(np.nanmin(self.points)))

    @cached_property
    def spread(self):
        each = map(self._robust_variance, range(self.n_features))
        return replace_constants(np.concatenate([*each]))

    def _robust_variance(self, feature):
        column = self.points[:, [feature]].astype(float)
        seen = ~np.isnan(column[:, 0])
        return robust_variances(column[seen], self.row_weights()[seen])

    def _middle(self):
        weight = self.row_weights()[:, None] * ~np.isnan(self.points)
        total = (np.nan_to_num(self.points) * weight).sum(axis=0)
        return total / np.maximum(weight.sum(axis=0), TINY)

    def _extremes(self):
        counted = self.points[self.row_weights() > 0]
        return np.fmin.reduce(counted), np.fmax.reduce(counted)


class WithGaps(Mixture):
    """A mixture that takes rows with NaN, too: each by its marginal density."""

    _marginals: dict  # by what is seen

    @classmethod
    def of(cls, mixture: Mixture):
        known = object.__new__(cls)
        vars(known).update(vars(mixture), _marginals={})
        return known

    def log_joint(self, X):
        """log π_k + log N(x_n | μ_k, Σ_k) of the values that are seen: shape (n, k)."""
        X = check_points(X, n_columns=self.n_features, missing="em")
        log_joint = np.empty((len(X), self.n_components))
        for seen, rows in patterns(X):
            if seen.all():
                log_joint[rows] = super().log_joint(X[rows])
            elif seen.any():
                log_joint[rows] = self.marginal(seen).log_joint(X[rows][:, seen])
            else:
                with np.errstate(divide="ignore"):
                    log_joint[rows] = np.log(self.weights)
        return log_joint

    def marginal(self, seen) -> Mixture:
        """The mixture of these features alone."""
        key = seen.tobytes()
        if key not in self._marginals:
            part = self.covariances
            if self.covariance_type != "spherical":
                part = part[..., seen]
            if self.covariance_type in ("full", "tied"):
                part = part[..., seen, :]
            self._marginals[key] = Mixture.unchecked(
                self.weights, self.means[:, seen], part, self.covariance_type
            )
        return self._marginals[key]

    def conditional(self, X, seen, j):
        r"""What component j expects of the missing values, and their covariance.

        .. math:: \mu_m + \Sigma_{mo} \Sigma_{oo}^{-1} (x_o - \mu_o), \qquad
            \Sigma_{mm} - \Sigma_{mo} \Sigma_{oo}^{-1} \Sigma_{om}

        Parameters
        ----------
        X : array, shape (n, d)
            Rows of one pattern.
        seen : array of bool, shape (d,)
            The features o; the others are m.
        j : int

        Returns
        -------
        means : array, shape (n, d − number seen); or (d − number seen,), for all rows
        covariance : array
            Their variances alone, where features are independent.
        """
        mean, gaps = self.means[j], ~seen
        if self.covariance_type in ("diag", "spherical"):
            variances = np.broadcast_to(self.factored.variances[j], mean.shape)
            return mean[gaps], variances[gaps]
        j_shape = 0 if self.covariance_type == "tied" else j
        matrix = self.factored.matrices[j_shape]
        if not seen.any():
            return mean, matrix
        marginal = self.marginal(seen)
        factor = marginal.factored.precision_factors[j_shape]
        # Σ_oo⁻¹ = P Pᵀ: with half = Pᵀ Σ_om, the covariance is symmetric to the last bit.
        half = factor.T @ matrix[np.ix_(seen, gaps)]
        white = marginal.factored.whiten(X[:, seen] - marginal.means[j], j)
        return mean[gaps] + white @ half, matrix[np.ix_(gaps, gaps)] - half.T @ half


def patterns(X):
    """Which features are seen, and in which rows these are: once for each pattern.

    Examples
    --------
    >>> X = np.array([[1.0, 2.0], [np.nan, 2.0], [3.0, 4.0]])
    >>> for seen, rows in patterns(X):
    ...     print(seen, rows)
    [False  True] [1]
    [ True  True] [0 2]
    """
    seen = ~np.isnan(X)
    if seen.all():
        yield seen[0], slice(None)
        return
    bits = np.packbits(seen, axis=1)
    codes = np.ascontiguousarray(bits).view(f"V{bits.shape[1]}")[:, 0]
    _, firsts, which = np.unique(codes, return_index=True, return_inverse=True)
    ends = np.cumsum(np.bincount(which))
    for first, rows in zip(firsts, np.split(np.argsort(which, kind="stable"), ends)):
        yield seen[first], rows


def sums_with_gaps(mixture: WithGaps, centres, block, sample_weight=None):
    r"""The sums that are expected of a block, given what is seen; the log-likelihood.

    Each missing value counts as its conditional mean, and the squares of those add
    their conditional covariance:

    .. math:: \mathrm{E}\left[(x - c)(x - c)^\top\right]
        = (\hat x - c)(\hat x - c)^\top + \operatorname{Cov}(x \mid x_o)

    Source: Little & Rubin (2002), section 11.2; for mixtures, Ghahramani & Jordan
    (1994). Parameters as of :func:`gmmlib.engine.data.block_sums`.
    """
    responsibilities, log_density = mixture.normalise(mixture.log_joint(block))
    if sample_weight is not None:
        responsibilities *= sample_weight[:, None]
        log_density *= sample_weight
    sums = [
        sums_of_pattern(mixture, centres, block[rows], seen, responsibilities[rows])
        for seen, rows in patterns(block)
    ]
    return reduce(add, sums), log_density.sum(axis=-1)


def sums_of_pattern(mixture, centres, X, seen, responsibilities) -> Sums:
    """The expected sums of rows in which the same features are seen."""
    covariance_type = mixture.covariance_type
    if seen.all():
        return weighted_sums(X, responsibilities, centres, covariance_type)
    kind, gaps = type(mixture.factored), ~seen
    total, filled = responsibilities.sum(axis=0), X.astype(float)
    first, scatters = np.empty(mixture.means.shape), []
    for j, resp in enumerate(responsibilities.T):
        filled[:, gaps], covariance = mixture.conditional(X, seen, j)
        difference = filled - centres[j]
        first[j] = resp @ difference
        scatter = kind.scatter(difference, resp)
        place = np.ix_(gaps, gaps) if scatter.ndim == 2 else gaps
        scatter[place] += total[j] * covariance
        scatters.append(scatter)
    return Sums(total, first, kind.pool(scatters), centres, covariance_type)


def impute(mixture: WithGaps, X):
    """The rows, with the mean of each missing value given those that are seen."""
    filled, responsibilities = np.array(X), mixture.responsibilities(X)
    for seen, rows in patterns(X):
        if not seen.all():
            filled[np.ix_(rows, ~seen)] = sum(
                responsibilities[rows, j, None]
                * mixture.conditional(X[rows], seen, j)[0]
                for j in range(mixture.n_components)
            )
    return filled


def draw_missing(mixture: WithGaps, X, rng):
    """The rows, with values drawn for those that are missing, given those that are seen.

    The mixture has one component.
    """
    filled = X.copy()
    for seen, rows in patterns(X):
        if seen.all():
            continue
        mean, covariance = mixture.conditional(X[rows], seen, 0)
        white = rng.standard_normal((len(rows), (~seen).sum()))
        if covariance.ndim == 1:
            away = white * np.sqrt(covariance)
        else:
            away = white @ np.linalg.cholesky(covariance).T
        filled[np.ix_(rows, ~seen)] = mean + away
    return filled
