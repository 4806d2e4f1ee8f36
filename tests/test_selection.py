"""BIC and AIC, against scikit-learn's."""

import numpy as np
import pytest
from cases import TYPES, clouds, scikit_after, start_on

from gmmlib.mixture import Mixture
from gmmlib.selection import aic, bic


@pytest.mark.parametrize("covariance_type", TYPES)
def test_criteria_are_scikit_learns(covariance_type):
    X = clouds(100, d=3, k=2)
    model = scikit_after(3, X, start_on(X, covariance_type))
    mixture = Mixture(model.weights_, model.means_, model.covariances_, covariance_type)
    ll = mixture.log_likelihood(X)
    assert bic(ll, mixture.n_parameters, len(X)) == pytest.approx(
        model.bic(X), rel=1e-11
    )
    assert aic(ll, mixture.n_parameters) == pytest.approx(model.aic(X), rel=1e-11)


def test_a_higher_likelihood_and_fewer_parameters_are_better():
    assert bic(-99.0, 5, 50) < bic(-100.0, 5, 50) < bic(-100.0, 6, 50)
    assert aic(-99.0, 5) < aic(-100.0, 5) < aic(-100.0, 6)


def test_bic_asks_more_of_a_parameter_from_eight_points_on():
    assert bic(-100.0, 5, 7) < aic(-100.0, 5) < bic(-100.0, 5, 8)
    assert bic(-100.0, 5, 1) == 200
    assert isinstance(bic(np.float64(-1), 1, 2), float) and isinstance(
        aic(np.float64(-1), 1), float
    )
