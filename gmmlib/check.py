"""Input to arrays, or one clear error: what was wrong, where, and what to do."""

import numbers

import numpy as np

# scikit-learn is imported where it is needed: it takes ten times as long as the rest.
FLOATS = [np.float64, np.float32]  # what is computed in: the first, for all others


def check_points(X, name="X", n_columns=None, missing="error"):
    """Data as a two-dimensional array of finite floats.

    Parameters
    ----------
    X : array-like, shape (n, d)
        One row a point. Never modified; copied only where the type must change.
    name : str
        What an error calls it.
    n_columns : int, optional
        The number of columns it must have.
    missing : {"error", "em"}
        With "em", NaN is a missing value.

    Returns
    -------
    array, shape (n, d)
        float64, or float32 where that is what came in.

    Raises
    ------
    ValueError, TypeError
        For text, ragged rows, complex or sparse data, NaN, infinity, an empty array, or
        another number of dimensions or columns than expected.

    Examples
    --------
    >>> check_points([[1, 2], [3, float("nan")]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: X[1, 1]: expected a finite number, got NaN; drop that row or ...
    """
    from sklearn.utils import check_array

    check_unmasked(X, name)
    try:
        X = check_array(X, dtype=FLOATS, ensure_all_finite=False, input_name=name)
    except (TypeError, ValueError) as error:
        _report_cell(X, name, error)
        raise
    if place := not_finite(X, missing=missing):
        raise bad_value(f"{name}{list(place)}", X[place])
    check_columns(X.shape[1], n_columns, name)
    return X


def check_unmasked(array, name):
    """Raise an error that names the first cell under a mask: below it lies anything.

    Examples
    --------
    >>> check_unmasked(np.ma.masked_equal([[1.0, 2.0], [3.0, -9.0]], -9.0), "X")
    Traceback (most recent call last):
    ...
    ValueError: X[1, 1]: expected a number, got a masked one; drop that row or fill it in
    """
    if isinstance(array, np.ma.MaskedArray):
        for index in np.argwhere(np.ma.getmaskarray(array))[:1].tolist():
            where, cure = f"{name}{index}", "drop that row or fill it in"
            raise ValueError(f"{where}: expected a number, got a masked one; {cure}")


def check_columns(n_columns, expected=None, name="X"):
    """Raise an error if there are not as many columns as expected, if any are.

    Examples
    --------
    >>> check_columns(3, expected=2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: X: expected 2 columns, got 3; pass the same features, in the same ...
    """
    if expected is not None and n_columns != expected:
        raise ValueError(
            f"{name}: expected {expected} columns, got {n_columns}; "
            "pass the same features, in the same order, as the model has"
        )


def not_finite(X, rows=2**16, missing="error"):
    """The row and column of the first NaN or infinity, or None.

    Parameters
    ----------
    X : array, shape (n, d)
    rows : int
        How many are looked through at a time, so that little memory is needed.
    missing : {"error", "em"}
        With "em", NaN is a missing value, and passed over.

    Examples
    --------
    >>> not_finite(np.array([[1.0, 2.0], [3.0, np.inf]]))
    (1, 1)
    """
    # A sum is finite only if all terms are: one fast pass, a search after bad news.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(X.sum()):
            return None
    is_good = np.isfinite if missing == "error" else lambda part: ~np.isinf(part)
    for first in range(0, len(X), rows):
        for row, column in np.argwhere(~is_good(X[first : first + rows]))[:1]:
            return int(first + row), int(column)


def bad_value(where, value):
    """The error for a NaN or an infinity at that place."""
    cure = "drop that row or fill the value in"
    if np.isnan(value):
        value, cure = "NaN", f"{cure}; GaussianMixture(missing='em') fits without it"
    return ValueError(f"{where}: expected a finite number, got {value}; {cure}")


def _report_cell(X, name, cause):
    """Raise an error that names the first value that is no number, if there is one."""
    if isinstance(X, str):
        raise ValueError(f"{name}: expected a table of numbers, got {X!r}") from cause
    if isinstance(X, (list, tuple)):
        _report_lengths(X, name, cause)
    cells = np.asarray(X, dtype=object)
    if cells.ndim != 2:
        return
    for (row, column), value in np.ndenumerate(cells):
        where = f"{name}[{row}, {column}]"
        if isinstance(value, (complex, np.complexfloating)):
            raise ValueError(
                f"{where}: expected a real number, got {value}; Complex data not "
                "supported: pass the real and the imaginary part as two columns"
            ) from cause
        try:
            float(value)
        except (TypeError, ValueError) as error:
            is_type = isinstance(error, TypeError)
            about = f" ({error})" if is_type else ""
            raise (TypeError if is_type else ValueError)(
                f"{where}: expected a number, got {value!r}{about}; "
                "drop that column or encode it as numbers"
            ) from cause


def _report_lengths(rows, name, cause):
    """Raise an error that names the first row of another length than the first."""
    lengths = [np.size(row) for row in np.fromiter(rows, dtype=object)]
    for row, length in enumerate(lengths):
        if length != lengths[0]:
            got = f"got {lengths[0]} values in row 0 and {length} in row {row}"
            raise ValueError(f"{name}: expected rows of equal length, {got}") from cause


def check_numbers(value, name, shape=None):
    """An array of finite floats of that shape, or an error that names the parameter.

    Examples
    --------
    >>> check_numbers([0.5, float("nan")], "weights")
    Traceback (most recent call last):
    ...
    ValueError: weights[1]: expected a finite number, got nan
    """
    check_unmasked(value, name)
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise TypeError
        array = array.astype(float, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected numbers, got {value!r}") from None
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    for index in np.argwhere(~np.isfinite(array))[:1]:
        where, value = f"{name}{index.tolist()}", array[tuple(index)]
        raise ValueError(f"{where}: expected a finite number, got {value}")
    return array


def check_symmetric(matrix, name):
    """Raise an error if a matrix is not symmetric, but for rounding to single precision."""
    if np.abs(matrix - matrix.T).max() > 4e-7 * np.abs(matrix).max():
        raise ValueError(f"{name}: expected a symmetric matrix, got {matrix.tolist()}")


def check_weights(value, name, n_components):
    """Numbers of at least 0 that sum to 1, or an error that names the parameter."""
    weights = check_numbers(value, name, (n_components,))
    if weights.min() < 0 or abs(weights.sum() - 1) > 1e-6:
        got = f"{weights.tolist()} with sum {weights.sum():g}"
        expected = "numbers of at least 0 that sum to 1"
        raise ValueError(f"{name}: expected {expected}, got {got}")
    return weights


def check_sample_weight(value, n_samples):
    """Numbers of at least 0, one a point, not all 0; or None, where none are given.

    Examples
    --------
    >>> check_sample_weight([1, -2], n_samples=2)
    Traceback (most recent call last):
    ...
    ValueError: sample_weight[1]: expected a number of at least 0, got -2.0
    """
    if value is None:
        return None
    weights = check_numbers(value, "sample_weight", (n_samples,))
    for index in np.flatnonzero(weights < 0)[:1]:
        where = f"sample_weight[{index}]"
        raise ValueError(
            f"{where}: expected a number of at least 0, got {weights[index]}"
        )
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not 0 < total < np.inf:
        raise ValueError(
            f"sample_weight: expected a finite sum that is not zero, got {total:g}; "
            "a point of weight 0 counts as absent"
        )
    return weights


def check_choice(value, name, choices):
    """What `choices` has under that name, or an error that lists the names.

    Examples
    --------
    >>> check_choice("tide", "covariance_type", {"full": 1, "tied": 2})
    Traceback (most recent call last):
    ...
    ValueError: covariance_type: expected one of 'full', 'tied', got 'tide'
    """
    try:
        return choices[value]
    except (KeyError, TypeError):
        names = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name}: expected one of {names}, got {value!r}") from None


def check_count(value, name, at_least=1):
    """An integer no smaller than `at_least`, or an error that names the parameter.

    Examples
    --------
    >>> check_count(0, "n_components")
    Traceback (most recent call last):
    ...
    ValueError: n_components: expected an integer of at least 1, got 0
    """
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_integer or value < at_least:
        expected = f"an integer of at least {at_least}"
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return int(value)


def check_enough(n_samples, n_components, name="n_components", points="X"):
    """Raise an error if there are fewer points than components.

    Examples
    --------
    >>> check_enough(2, n_components=3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: X: expected at least n_components=3 points, got n_samples = 2; ...
    """
    if n_samples < n_components:
        got = f"got n_samples = {n_samples}; lower {name}"
        expected = f"at least {name}={n_components} points"
        raise ValueError(f"{points}: expected {expected}, {got}")


def check_random_state(random_state=None):
    """The random numbers that scikit-learn makes of a seed, or of a Generator; or an error.

    Examples
    --------
    >>> check_random_state(0).randint(100, size=3)
    array([44, 47, 64])
    """
    from sklearn import utils

    if isinstance(random_state, np.random.Generator):  # they go on from where it is
        return np.random.RandomState(random_state.bit_generator)
    return utils.check_random_state(random_state)
