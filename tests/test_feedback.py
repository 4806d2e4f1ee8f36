"""What gmmlib.book.feedback says about answers that no catalogue knows."""

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from gmmlib import Mixture, normal_pdf
from gmmlib.book import feedback
from gmmlib.book.feedback import Mistake, ask, check, compare, require

R = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
AXES = ("points", "components")
X = np.array([1.0, 2.0, 4.0])


def complaint(function, arguments, expected, **options):
    """What `check` says about a student's function `answer`; None if nothing."""
    feedback._answers.clear()
    globals()["answer"] = function
    try:
        check("answer", arguments, expected, **options)
    except Mistake as mistake:
        return str(mistake)


def opinion(answer, expected=R, **options):
    try:
        compare(answer, expected, **options)
    except Mistake as mistake:
        return str(mistake)


@pytest.mark.parametrize(
    "answer",
    [R, R.tolist(), tuple(map(tuple, R)), pd.DataFrame(R), R.astype(np.float32),
     np.asfortranarray(R), R.astype(object), R + 1e-12],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_right_numbers_are_right_in_any_container(answer):
    assert opinion(answer) is None


def test_a_single_number_may_be_in_an_array():
    assert opinion(np.array([0.5]), 0.5) is None
    assert opinion(0.5, [0.5]) is None


def test_on_paper_the_asked_for_decimals_will_do():
    assert opinion(0.33, 1 / 3, decimals=2) is None
    assert opinion(0.34, 1 / 3, decimals=2)


@pytest.mark.parametrize(
    "answer, says",
    [
        (R.T, "expected the shape (3, 2) (points × components), got (2, 3)"),
        (R.T, "the numbers are right, transpose them"),
        (R.ravel(), "the numbers are right, so is their order"),
        (R[:2], "expected the shape (3, 2) (points × components), got (2, 2)"),
        (R / R.sum(axis=0),
         "should sum to 1 over the components; yours sums to 1 over the points"),
        (R**2, "should sum to 1 over the components; yours sums to 0.82, 0.52, 0.68"),
        (R[:, ::-1], "the numbers are right, but in another order"),
        (np.where(R > 0.8, np.nan, R), "at [0, 0] is nan, for instance"),
        ("0.9", "should be numbers; yours is '0.9', a str"),
        ([[0.9], [0.4, 0.6]], "should be numbers; yours is a list of 2"),
        (1j * R, "should be numbers; yours is an array of the shape (3, 2)"),
        (R + [[0, 0], [0.1, -0.1], [0, 0]],
         "2 of 6 numbers differ; at [1, 0] expected 0.4, got 0.5"),
    ],
)  # fmt: skip
def test_a_table_of_shares_that_is_wrong(answer, says):
    assert says in opinion(answer, axes=AXES)


@pytest.mark.parametrize(
    "answer, says",
    [
        (-X, "every number is the negative of what is expected"),
        (X**2, "every number is the square of"),
        (np.sqrt(X), "every number is the square root of"),
        (np.log(X), "every number is the logarithm of"),
        (1 / X, "every number is 1 divided by"),
        (np.round(X / 3, 2), "at [0] expected 1, got 0.33"),
        (X / 3, "every number is 0.3333 times what is expected"),
        (X - 1, "every number is what is expected -1"),
        (0 * X, "3 of 3 numbers differ; at [0] expected 1, got 0"),
    ],
)
def test_numbers_that_are_related_to_the_right_ones(answer, says):
    assert says in opinion(answer, X)


def test_nothing_is_read_into_zeros_and_ones():
    assert opinion(1, 0).endswith("expected 0, got 1")
    assert opinion([[0, 1], [1, 0]], [[1, 0], [1, 0]]).startswith("answer: 2 of 4")
    assert opinion([0.0, 0.0], [0.01, 0.02]).startswith("answer: 2 of 2")


def test_rounded_numbers_are_told_from_wrong_ones():
    assert "is rounded to 2 decimals" in opinion([0.33, 0.67], [1 / 3, 2 / 3])


def test_a_known_mistake_comes_before_a_resemblance():
    assert opinion(2 * X, X, mistakes={"twice": lambda: X + X}) == "answer: twice"


def from_the_library(x):
    return normal_pdf(x)


def indirectly(x):
    return Mixture([1.0], [[0.0]], [1.0], "spherical").log_density(x[:, None])


def in_place(x):
    x += 1
    return x


def endless(x):
    while True:
        pass


def broken(x):
    return x @ np.ones(2)


def misfit(x):
    return normal_pdf(x, np.ones(2))


def prints(x):
    print(x)


@pytest.mark.parametrize(
    "function, says",
    [
        (from_the_library, "calls gmmlib.gaussian.normal_pdf; here the point is to"),
        (indirectly, "calls gmmlib.mixture"),
        (in_place, "changes the arrays that it is given"),
        (broken, "in your line: return x @ np.ones(2)"),
        (broken, "It was given arrays of the shapes (3,)."),
        (prints, "returned None, but printed '[1. 2. 4.]'; return it instead"),
        (misfit, "in your line: return normal_pdf(x, np.ones(2))"),
        (lambda x: None, "returned None; is there a `return` at its end?"),
        (lambda: 1, "stopped with TypeError"),
        (3.0, "should be a function, and is 3.0"),
    ],
)
def test_a_call_that_goes_wrong(function, says):
    assert says in complaint(function, (X,), X + 1)


def test_what_is_allowed_may_be_called():
    allowed = complaint(
        from_the_library, (X,), normal_pdf(X), allowed=["gmmlib.gaussian"]
    )
    assert allowed is None


def test_an_import_is_no_call_and_takes_no_time():
    code = """
from gmmlib.book import feedback
feedback.SECONDS = 0.5
def answer(x):
    from gmmlib import GaussianMixture, em
    from scipy import optimize, spatial, stats
    return x
feedback.check("answer", (1.0,), 1.0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_forbidden_may_not():
    says = complaint(np.linalg.norm, (X,), 1, forbidden=("numpy.linalg",))
    assert "calls numpy.linalg" in says


def test_an_endless_loop_is_waited_for_once(monkeypatch):
    monkeypatch.setattr(feedback, "SECONDS", 0.2)
    assert "does not finish within 0.2 seconds" in complaint(endless, (X,), X)
    start = time.monotonic()
    assert "does not finish" in complaint(endless, (X,), X)
    assert time.monotonic() - start < 0.1


def test_waiting_is_not_computing(monkeypatch):
    """A busy machine, or a first import, may keep a right answer waiting."""
    monkeypatch.setattr(feedback, "SECONDS", 1)
    assert complaint(lambda x: time.sleep(1.2) or x, (X,), X) is None
    says = complaint(lambda x: time.sleep(60), (X,), X)
    assert "does not finish within 1 seconds" in says


def test_an_answer_that_does_not_depend_on_the_data():
    globals()["answer"] = lambda x: X
    feedback._answers.clear()
    check("answer", (X,), X)
    with pytest.raises(Mistake, match="gives the same answer for different data"):
        check("answer", (X + 1,), X + 1)


def test_a_property_where_many_answers_are_right():
    globals()["answer"] = lambda x: x - x.mean()
    require(abs(ask("answer", (X,)).mean()) < 1e-12, "the mean should be 0")
    with pytest.raises(Mistake, match="the variance should be 1"):
        require(ask("answer", (X,)).var() == 1, "answer: the variance should be 1")


def test_a_part_of_several_results():
    def both(x):
        return x, x**2

    part = ("squares", ("numbers", "squares"))
    assert complaint(both, (X,), X**2, part=part) is None
    assert complaint(lambda x: np.array(both(x)), (X,), X**2, part=part) is None
    assert complaint(both, (X,), X, part=part).startswith("answer (squares): every")
    assert "should return 2 things, numbers, squares" in complaint(
        lambda x: x, (X,), X, part=part
    )


def test_what_is_not_written_is_no_mistake():
    def stub(x):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match="answer: not written yet"):
        complaint(stub, (X,), X)
    with pytest.raises(NotImplementedError, match="nowhere: there is none yet"):
        check("nowhere", (X,), X)


def test_warnings_of_an_answer_are_its_own():
    assert complaint(lambda x: (np.log(0 * x), x)[1], (X,), X) is None
