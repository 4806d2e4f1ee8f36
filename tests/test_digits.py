"""How many digits are left, and what happens where they do not suffice."""

from types import SimpleNamespace

import numpy as np
import pytest

from gmmlib import Mixture
from gmmlib.engine.digits import cancellation, has_digits, keep_digits


def at(mean, variance=1.0):
    return Mixture([1.0], [[mean]], [variance], "spherical")


def sums_about(centre, shift, retake):
    return SimpleNamespace(
        centres=np.array([[centre]]), shift=np.array([[shift]]), retake=retake
    )


@pytest.mark.parametrize(
    "dtype, enough, too_far", [(np.float64, 316, 317), (np.float32, 99, 100)]
)
def test_a_square_of_many_variances_leaves_too_few_digits(dtype, enough, too_far):
    """1e5 times what remains in double precision, 1e4 times in single."""
    centre = np.zeros(1, dtype)
    for sign in (1.0, -1.0):
        assert has_digits(at(sign * enough), centre)
        assert not has_digits(at(sign * too_far), centre)
    assert not has_digits(at(2.0, 1e-6), centre)  # in standard deviations


@pytest.mark.parametrize("offset, enough", [(1.0, True), (2.0, False)])
def test_features_that_nearly_depend_on_each_other_need_no_better_centre(
    offset, enough
):
    """About its mean the mixture has no more digits: twice as few are not worth it."""
    slope = np.sqrt(1 - 1e-6)
    mixture = Mixture([1.0], [[offset, 0.0]], [[[1.0, slope], [slope, 1.0]]])
    assert cancellation(mixture, mixture.means) == pytest.approx(2e6, rel=1e-6)
    assert has_digits(mixture, np.zeros(2)) == enough


def test_sums_with_enough_digits_are_used_as_they_are():
    careful, seen = keep_digits(lambda sums: seen.append(sums) or at(3.0)), []
    sums = sums_about(0.0, 3.0, retake=None)
    with_data = sums_about(0.0, 3.0, retake=pytest.fail)
    assert [careful(one).means[0, 0] for one in (sums, with_data)] == [3, 3]
    assert seen == [sums, with_data]


@pytest.mark.parametrize("error", [False, True])
def test_sums_with_too_few_digits_are_taken_about_the_new_means(error):
    """Once: what comes then is the answer, and its errors are errors."""
    again, asked = sums_about(1e6, 0.0, retake=pytest.fail), []

    def m_step(sums):
        if sums is again:
            return at(1e6, 0.5)
        if error:
            raise ValueError("not positive definite")
        return at(1e6, 0.25)

    sums = sums_about(2.0, 1e6 - 2, lambda centres: asked.append(centres) or again)
    assert keep_digits(m_step)(sums).covariances == 0.5
    np.testing.assert_array_equal(asked, [[[1e6]]])


def test_without_the_data_the_m_step_is_as_it_is():
    far = sums_about(0.0, 1e6, retake=None)
    assert keep_digits(lambda sums: at(1e6))(far).means == 1e6

    def fails(sums):
        raise ValueError("not positive definite")

    with pytest.raises(ValueError, match="not positive definite"):
        keep_digits(fails)(far)
