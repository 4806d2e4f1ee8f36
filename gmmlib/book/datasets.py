"""The book's data. Nothing here needs a network."""

from importlib.resources import files

import numpy as np
from sklearn import datasets

from gmmlib.mixture import Mixture


def load_iris():
    """Four measurements, in cm, of 150 flowers of three species of iris.

    Returns
    -------
    X : array, shape (150, 4)
        Sepal length, sepal width, petal length, petal width.
    species : array of int, shape (150,)
        0 setosa, 1 versicolor, 2 virginica; 50 of each.

    Notes
    -----
    Source: Anderson (1935), Fisher (1936); scikit-learn's copy.

    Examples
    --------
    >>> X, species = load_iris()
    >>> X.shape, X[0]
    ((150, 4), array([5.1, 3.5, 1.4, 0.2]))
    """
    iris = datasets.load_iris()
    return iris.data, iris.target


def load_old_faithful():
    """272 eruptions of the Old Faithful geyser in Yellowstone National Park.

    Returns
    -------
    array, shape (272, 2)
        How long the eruption lasted, and how long the wait for the next one was, in
        minutes.

    Notes
    -----
    Source: Azzalini & Bowman (1990), as distributed with R.

    Examples
    --------
    >>> load_old_faithful()[:2]
    array([[ 3.6, 79. ],
           [ 1.8, 54. ]])
    """
    with (files("gmmlib.book") / "old_faithful.csv").open() as file:
        return np.loadtxt(file, delimiter=",", skiprows=1)


def make_oblong(n_samples=400, random_state=0):
    """Two long, thin, parallel clouds: easy for EM, hard for k-means.

    Returns
    -------
    X : array, shape (n_samples, 2)
    labels : array of int, shape (n_samples,)
        The cloud that each point was drawn from.

    Examples
    --------
    >>> X, labels = make_oblong(n_samples=100)
    >>> X.shape, labels.max()
    ((100, 2), np.int64(1))
    """
    clouds = Mixture(
        [0.5, 0.5], [[0.0, -1.5], [0.0, 1.5]], [[16.0, 0.0], [0.0, 0.25]], "tied"
    )
    return clouds.sample(n_samples, random_state)
