"""Clusters against known classes: labels are arbitrary names, so match them first."""

import numpy as np
from scipy.optimize import linear_sum_assignment


def contingency(classes, labels) -> np.ndarray:
    """How many points of each class fell into each cluster.

    Parameters
    ----------
    classes, labels : array of int, shape (n,)
        Counted from 0.

    Returns
    -------
    array of int, shape (number of classes, number of clusters)

    Raises
    ------
    ValueError
        If the two lengths differ.

    Examples
    --------
    >>> contingency([0, 0, 1, 1], [1, 1, 0, 1])
    array([[0, 2],
           [1, 1]])
    """
    classes, labels = np.asarray(classes), np.asarray(labels)
    if classes.shape != labels.shape:
        raise ValueError(
            f"labels: expected shape {classes.shape}, one for each class, "
            f"got {labels.shape}"
        )
    for name, names in (("classes", classes), ("labels", labels)):
        if names.size == 0 or names.dtype.kind not in "iu" or names.min() < 0:
            raise ValueError(
                f"{name}: expected integers counted from 0, got {names.tolist()[:5]}; "
                "np.unique(..., return_inverse=True)[1] counts any names"
            )
    table = np.zeros((classes.max() + 1, labels.max() + 1), dtype=int)
    np.add.at(table, (classes, labels), 1)
    return table


def match_labels(classes, labels) -> np.ndarray:
    """Rename the clusters so that most points carry their class's number.

    Parameters
    ----------
    classes, labels : array of int, shape (n,)
        Counted from 0.

    Returns
    -------
    array of int, shape (n,)
        Clusters that no class is left for get numbers after the last class.

    Notes
    -----
    Implements :eq:`eq-matched-accuracy`'s best permutation. Source: Kuhn (1955).

    Examples
    --------
    >>> match_labels([0, 0, 1, 1], [1, 1, 0, 0])
    array([0, 0, 1, 1])
    """
    table = contingency(classes, labels)
    rows, columns = linear_sum_assignment(table, maximize=True)
    names = np.full(table.shape[1], -1)
    names[columns] = rows
    unmatched = names < 0
    names[unmatched] = table.shape[0] + np.arange(unmatched.sum())
    return names[np.asarray(labels)]


def matched_accuracy(classes, labels) -> float:
    r"""The share of points whose cluster, after matching, is their class.

    .. math:: \max_{\text{matchings } m} \frac1n \#\{n : m(z_n) = y_n\}

    Parameters, errors: as :func:`contingency`.

    Returns
    -------
    float
        Between 0 and 1.

    Notes
    -----
    Implements :eq:`eq-matched-accuracy`.

    Examples
    --------
    >>> matched_accuracy([0, 0, 1, 1], [1, 1, 0, 1])
    0.75
    """
    return float(np.mean(match_labels(classes, labels) == np.asarray(classes)))
