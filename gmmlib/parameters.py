"""The parameters as attributes of a model: a user may write them, and they count."""

import numpy as np

from gmmlib.check import check_numbers, check_points, check_weights
from gmmlib.covariance import covariance_class
from gmmlib.mixture import Mixture

# Each says all about the shape. The first that is written counts, and the others must fit.
SHAPES = ("precisions_cholesky_", "precisions_", "covariances_")


def attributes(mixture: Mixture) -> dict[str, np.ndarray]:
    """What a model shows of its mixture."""
    factors = mixture.precision_factors
    return {
        "weights_": mixture.weights,
        "means_": mixture.means,
        "covariances_": mixture.covariances,
        "precisions_": squared(factors, mixture.covariance_type),
        "precisions_cholesky_": factors,
    }


def rewritten(old, written, covariance_type) -> Mixture:
    """The mixture with the written attributes in the place of the old ones.

    Parameters
    ----------
    old : Mixture or None
    written : dict
        Names of attributes, and their values.
    covariance_type : {"full", "tied", "diag", "spherical"}
        That of a shape which was written.

    Returns
    -------
    Mixture

    Raises
    ------
    ValueError
        If something is missing, makes no mixture, or contradicts the rest.

    Examples
    --------
    >>> old = Mixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    >>> rewritten(old, {"precisions_": np.array([4.0, 1.0])}, "spherical").covariances
    array([0.25, 1.  ])
    """
    shape_names = [name for name in SHAPES if name in written]
    needed = "weights_", "means_", *(shape_names[:1] or ["covariances_"])
    missing = [name for name in needed if name not in written]
    if old is None and missing:
        raise ValueError(
            f"{missing[0]}: expected it beside {', '.join(written)}; set it, or call fit"
        )
    covariance_type = covariance_type if shape_names else old.covariance_type
    values = {name: attributes(old)[name] for name in missing} | written
    means = check_points(values["means_"], "means_")
    weights = check_weights(values["weights_"], "weights_", len(means))
    shape = covariance_class(covariance_type).shape(*means.shape)
    shapes = {n: check_numbers(values[n], n, shape) for n in SHAPES if n in values}
    name, first = next(iter(shapes.items()))
    covariances = covariances_from(name, first, covariance_type)
    mixture = Mixture(weights, means, covariances, covariance_type)
    for other in shapes.keys() - {name, "precisions_cholesky_"}:
        if not are_close(attributes(mixture)[other], shapes[other], covariance_type):
            raise ValueError(
                f"{other}: expected what fits {name}, got other values; set one alone"
            )
    return mixture


def squared(factors, covariance_type) -> np.ndarray:
    """The matrices of their factors: P Pᵀ."""
    if covariance_type in ("diag", "spherical"):
        return factors**2
    return factors @ np.swapaxes(factors, -1, -2)


def covariances_from(name, shape, covariance_type) -> np.ndarray:
    """The covariances that the attribute of that name stands for."""
    if name == "precisions_cholesky_":
        shape = squared(shape, covariance_type)
    return shape if name == "covariances_" else inverse(shape, covariance_type, name)


def inverse(precisions, covariance_type, name) -> np.ndarray:
    """Covariances from precisions, which an error calls by that name."""
    kind = covariance_class(covariance_type)
    try:
        kind.check(precisions)
        factors = kind(precisions, precisions.shape[-1]).precision_factors
    except ValueError as error:
        what = str(error).replace("covariances", name).replace("variances", "numbers")
        raise ValueError(what) from None
    return squared(factors.reshape(precisions.shape), covariance_type)


def are_close(one, other, covariance_type) -> bool:
    """Whether they are the same, but for single precision, whatever the units."""
    unit = np.abs(one)
    if covariance_type in ("full", "tied"):
        deviations = np.sqrt(np.diagonal(one, axis1=-2, axis2=-1))
        unit = deviations[..., None] * deviations[..., None, :]
    return bool(np.all(np.abs(other - one) < 1e-3 * unit))
