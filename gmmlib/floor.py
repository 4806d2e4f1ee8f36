"""The floor of the variances: what the M-step adds, so that none becomes 0."""

import numpy as np

from gmmlib.engine import as_data

SPREAD_ROWS = 10_000  # as many rows tell the spread of any number


def covariance_floor(X, reg_covar="scale", sample_weight=None) -> np.ndarray:
    """What the M-step adds to each variance: no component can shrink to a point.

    Parameters
    ----------
    X : array, shape (n, d)
    reg_covar : "scale", float, or array of shape (d,)
        ``"scale"`` is 1e-6 times the :func:`spread` of each feature: rescaling the data
        rescales the answer. Numbers are added as they are, in squared units of the
        data.
    sample_weight : array, shape (n,), optional

    Returns
    -------
    array, shape (d,)

    Examples
    --------
    >>> import numpy as np
    >>> covariance_floor(np.array([[0.0, 0.0], [2.0, 20.0]]))
    array([1.e-06, 1.e-04])
    """
    data = as_data(X, sample_weight)
    if 2 * np.sqrt(len(data)) * data.largest > np.sqrt(np.finfo(float).max):
        raise ValueError(
            f"X: expected numbers whose squares are finite, got {data.largest:.3g}; "
            "change the unit, or drop that row"
        )
    if isinstance(reg_covar, str) and reg_covar == "scale":
        return 1e-6 * spread(data)
    try:
        floor = np.broadcast_to(np.asarray(reg_covar, dtype=float), data.n_features)
    except (TypeError, ValueError):
        floor = np.array([-1.0])
    if not np.all((floor >= 0) & (floor < np.inf)):
        raise ValueError(
            f"reg_covar: expected 'scale' or a number ≥ 0, got {reg_covar!r}"
        )
    return floor


def spread(X, sample_weight=None) -> np.ndarray:
    """The variance of each feature, whatever a few points far away may say.

    The smaller of the variance and its estimate from the quartiles, which a normal
    sample has 1.349 standard deviations apart; the variance where the quartiles are
    one. A constant feature gets the mean of the others, or 1 if all are constant.

    Parameters
    ----------
    X : array, shape (n, d)
    sample_weight : array, shape (n,), optional

    Returns
    -------
    array, shape (d,)
        All positive.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0], [4.0, 7.0], [1e8, 7.0]])
    >>> spread(X).round(2)
    array([2.2, 2.2])
    """
    X, weights = as_data(X, sample_weight).some_rows(SPREAD_ROWS)
    with np.errstate(over="ignore"):
        mean = np.average(X, axis=0, weights=weights)
        variance = np.average((X - mean) ** 2, axis=0, weights=weights)
        quartiles = np.quantile(
            X, [0.25, 0.75], axis=0, weights=weights, method="inverted_cdf"
        )
        robust = ((quartiles[1] - quartiles[0]) / 1.349) ** 2
    variance[X.min(axis=0) == X.max(axis=0)] = 0.0  # though the mean was rounded
    variance = np.where((robust > 0) & (robust < variance), robust, variance)
    varies = variance > 0
    variance[~varies] = variance[varies].mean() if varies.any() else 1.0
    return variance
