"""What a problem set says about an answer: which mistake it is, in words.

A test cell names a student's function, the arguments and what should come out. What
is said here fits any task; a task's own mistakes stand in its hidden tests.
"""

import copy
import io
import os
import signal
import sys
import threading
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout
from importlib import import_module

import numpy as np

LIBRARIES = ("gmmlib", "sklearn", "scipy.stats")  # what has the answers ready
# A first import within a student's function would take four seconds under the profiler.
for library in (*LIBRARIES, "gmmlib.estimator"):
    import_module(library)
LIBRARY = os.path.dirname(os.path.dirname(__file__))  # gmmlib's own lines
SECONDS = 5  # of computing for one call; the tasks take milliseconds
PATIENCE = 2  # times as long by the clock: a first import on a busy machine may wait

_too_slow: set = set()  # functions that have not finished once are not tried again
_answers: dict = {}  # name: the arguments and answers so far


class Mistake(Exception):
    """What is wrong with an answer; a notebook shows the message, and no traceback."""

    def _render_traceback_(self):
        return str(self).splitlines()


def check(name, arguments, expected, mistakes=None, *, part=None, **options):
    """Compare what a student's function gives with what it should give.

    Parameters
    ----------
    name : str
        Of a function of the notebook, or of a variable.
    arguments : tuple or None
        What to call the function with; None for a variable: a number from paper, say.
    expected : array-like
    mistakes : dict of str to array-like or function, optional
        What to say, and the answer to which one says it; a function is called without
        arguments, and its warnings are nobody's.
    part : (str, tuple of str), optional
        Which of several results is meant, and what all are called.
    **options
        `allowed` and `forbidden` as in :func:`ask`; the others as in :func:`compare`.

    Raises
    ------
    Mistake
        If the answer is wrong.
    NotImplementedError
        If there is no answer yet.

    Examples
    --------
    >>> def mean(x, r):
    ...     return (r * x).sum() / len(x)
    >>> x, r = np.array([1.0, 4.0]), np.array([1.0, 0.5])
    >>> check("mean", (x, r), 2.0, {"divide by the sum of the shares": 1.5})
    Traceback (most recent call last):
    ...
    gmmlib.book.feedback.Mistake: mean: divide by the sum of the shares
    """
    asked = {
        key: options.pop(key) for key in ("allowed", "forbidden") if key in options
    }
    answer = ask(name, arguments, **asked)
    if part:
        answer = _choose(answer, name, *part)
        name = f"{name} ({part[0]})"
    earlier = _answers.setdefault(name, [])
    wrong, known = _verdict(answer, expected, mistakes, name=name, **options)
    for others, same in earlier if wrong and not known and arguments else ():
        if _equal(same, answer) and not _equal(others, arguments):
            wrong = (
                f"{name}: gives the same answer for different data; does it use its "
                "arguments, or a fixed number, or a variable of the notebook?"
            )
    earlier.append((arguments, answer))
    if wrong:
        raise Mistake(wrong)


def ask(name, arguments=None, allowed=(), forbidden=()):
    """What a student's function gives; or what is wrong with the call itself.

    Parameters
    ----------
    name : str
    arguments : tuple, optional
        Copies are passed. Without it the value of a variable is returned.
    allowed, forbidden : tuple of str
        Modules or functions, such as ``"gmmlib.gaussian"``, that may be called although
        they are in `LIBRARIES`, or may not although they are not.

    Examples
    --------
    >>> def double(x):
    ...     print(2 * x)
    >>> ask("double", (4,))
    Traceback (most recent call last):
    ...
    gmmlib.book.feedback.Mistake: double: returned None, but printed '8'; return it instead
    """
    function = _find(name)
    if arguments is None:
        return function
    if not callable(function):
        raise Mistake(
            f"{name}: should be a function, and is {_kind(function)}; is the name used "
            "for something else further down?"
        )
    given, printed = copy.deepcopy(arguments), _Start()
    try:
        with (
            _time_limit(name, function),
            _calls(allowed, forbidden) as called,
            redirect_stdout(printed),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            answer = function(*given)
    except Mistake:
        raise
    except NotImplementedError:
        raise _not_yet(f"{name}: not written yet") from None
    except Exception as error:
        raise Mistake(_stopped(name, error, arguments)) from None
    if called:
        raise Mistake(
            f"{name}: calls {called[0]}; here the point is to write it yourself"
        )
    if not _equal(given, arguments):
        raise Mistake(
            f"{name}: changes the arrays that it is given (as `+=`, or `a[...] = ...`, "
            "does); work on a new array"
        )
    if answer is None and printed.text:
        raise Mistake(
            f"{name}: returned None, but printed {printed.text.strip()!r}; return it "
            "instead"
        )
    if answer is None:
        raise Mistake(f"{name}: returned None; is there a `return` at its end?")
    return answer


def compare(answer, expected, mistakes=None, **options):
    """Say what is wrong with an answer, in the most telling words that fit.

    Lists, data frames and any type of number will do, if the numbers are right.

    Parameters
    ----------
    answer : object
    expected : array-like
    mistakes : dict, optional
        As in :func:`check`.
    name : str
        What the answer is called.
    axes : tuple of str, optional
        What its axes count, such as ``("points", "components")``.
    decimals : int, optional
        For numbers worked out on paper: right if right to so many decimals.

    Examples
    --------
    >>> compare([[0.5, 0.25], [0.5, 0.75]], [[0.6, 0.4], [0.3, 0.7]], name="r",
    ...         axes=("points", "components"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gmmlib.book.feedback.Mistake: r: should sum to 1 over the components; yours sums to 1 ...
    >>> compare([2.0, 6.0], [1.0, 3.0], name="N_k")
    Traceback (most recent call last):
    ...
    gmmlib.book.feedback.Mistake: N_k: every number is 2 times what is expected
    """
    wrong, _ = _verdict(answer, expected, mistakes, **options)
    if wrong:
        raise Mistake(wrong)


def require(condition, message):
    """Raise a Mistake with that message unless the condition holds."""
    if not condition:
        raise Mistake(message)


def limit_output(characters=100_000):
    """Stop each cell that prints more than that; for the kernel of the autograder."""
    from IPython import get_ipython

    for name in ("stdout", "stderr"):
        limited = _Limited(getattr(sys, name), characters)
        get_ipython().events.register("pre_run_cell", limited.start)
        setattr(sys, name, limited)


class _Limited:
    """A stream that takes so much, and no more, between two calls of `start`."""

    def __init__(self, stream, characters):
        self.stream, self.characters, self.left = stream, characters, characters

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def start(self, *_):
        self.left = self.characters

    def write(self, text):
        self.left -= len(text)
        if self.left < 0:
            raise Mistake(
                f"this cell prints more than {self.characters} characters; is there a "
                "`print` in a loop?"
            )
        return self.stream.write(text)


# The call


def _find(name):
    frame = sys._getframe(1)
    while frame.f_globals is globals():
        frame = frame.f_back
    if name not in frame.f_globals:
        raise _not_yet(
            f"{name}: there is none yet; run the cell that makes it, and if that cell "
            "ends with an error, mend it first"
        )
    return frame.f_globals[name]


def _not_yet(message):
    error = NotImplementedError(message)
    error._render_traceback_ = lambda: [message]
    return error


class _Start(io.TextIOBase):
    """The first line of what is printed, and no more: it might be endless."""

    text = ""

    def write(self, text):
        self.text = (self.text + text[:80])[:80]
        return len(text)


@contextmanager
def _time_limit(name, function):
    class TooSlow(BaseException):  # nothing that `except Exception` would catch
        pass

    def stop(*_):
        raise TooSlow

    message = (
        f"{name}: does not finish within {SECONDS} seconds; is there a loop that never "
        "ends?"
    )
    if function in _too_slow:
        raise Mistake(message)
    in_main = threading.current_thread() is threading.main_thread()
    if not (in_main and hasattr(signal, "SIGALRM")):
        yield
        return
    timers = {
        signal.SIGPROF: (signal.ITIMER_PROF, SECONDS),
        signal.SIGALRM: (signal.ITIMER_REAL, PATIENCE * SECONDS),
    }
    before = {number: signal.signal(number, stop) for number in timers}
    for timer, seconds in timers.values():
        signal.setitimer(timer, seconds)
    try:
        yield
    except TooSlow:
        _too_slow.add(function)
        raise Mistake(message) from None
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


@contextmanager
def _calls(allowed, forbidden):
    """The names of library functions that are called meanwhile, by others than it."""
    called, forbidden = [], LIBRARIES + tuple(forbidden)
    packages = {name.split(".")[0] for name in forbidden}

    def within(name, modules):
        return any(f"{name}.".startswith(f"{module}.") for module in modules)

    def package(frame):
        return frame.f_globals.get("__name__", "").partition(".")[0]

    def look(frame, event, _):
        # Most events end in the first line: a first import of scikit-learn has millions.
        if event != "call" or package(frame) not in packages:
            return
        module = frame.f_globals["__name__"]
        function = frame.f_code.co_qualname
        if function in ("<module>", "__getattr__"):  # an import
            return
        if module != __name__ and package(frame.f_back) != package(frame):
            name = module if "<" in function else f"{module}.{function}"
            if within(name, forbidden) and not within(name, allowed):
                called.append(name)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield called
    finally:
        sys.setprofile(before)


def _stopped(name, error, arguments):
    own = [
        frame.line
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.line and not frame.filename.startswith(LIBRARY)
        if "-packages" not in frame.filename  # neither NumPy's nor another library's
    ]
    message = f"{name}: stopped with {type(error).__name__}: {error}"
    if own:
        message += f"\nin your line: {own[-1]}"
    shapes = [str(np.shape(a)) for a in arguments if isinstance(a, np.ndarray)]
    if shapes:
        message += f"\nIt was given arrays of the shapes {', '.join(shapes)}."
    return message


def _choose(answer, name, wanted, names):
    several = isinstance(answer, (tuple, list)) or np.ndim(answer) > 0
    if not several or len(answer) != len(names):
        raise Mistake(
            f"{name}: should return {len(names)} things, {', '.join(names)}; yours "
            f"returns {_kind(answer)}"
        )
    return answer[names.index(wanted)]


# The comparison


def _verdict(answer, expected, mistakes=None, name="answer", axes=None, decimals=None):
    """(what is wrong, or None; whether the task knows this mistake)."""
    expected = np.asarray(expected, dtype=float)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = np.asarray(answer)
            if array.dtype == object:
                array = array.astype(float)
            assert array.dtype.kind in "biuf"
    except Exception:
        return f"{name}: should be numbers; yours is {_kind(answer)}", False
    single = array.dtype in (np.float32, np.float16)
    close = dict(rtol=1e-4 if single else 1e-6, atol=1e-5 if single else 1e-9)
    if decimals is not None:
        close = dict(rtol=0, atol=0.501 * 10.0**-decimals)
    got = array.astype(float)
    if expected.size == got.size == 1:
        got = got.reshape(expected.shape)
    if _close(got, expected, **close):
        return None, True
    for message, value in (mistakes or {}).items():
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = np.asarray(value() if callable(value) else value, dtype=float)
        if _close(got, value, **close):
            return f"{name}: {message}", True
    tell = _about_shape if got.shape != expected.shape else _about_values
    with np.errstate(all="ignore"):
        return f"{name}: {tell(got, expected, axes, close)}", False


def _close(got, expected, rtol, atol):
    """Equal up to rounding; what is nothing beside the largest number counts as 0."""
    if got.shape != expected.shape:
        return False
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    if rtol and 0 < largest < 1:
        atol *= largest
    return np.allclose(got, expected, rtol, atol, equal_nan=True)


def _about_shape(got, expected, axes, close):
    meaning = f" ({' × '.join(axes)})" if axes else ""
    wrong = f"expected the shape {expected.shape}{meaning}, got {got.shape}"
    if got.T.shape == expected.shape and _close(got.T, expected, **close):
        return f"{wrong}; the numbers are right, transpose them"
    if got.size == expected.size and _close(
        got.reshape(expected.shape), expected, **close
    ):
        return f"{wrong}; the numbers are right, so is their order"
    return wrong


def _about_values(got, expected, axes, close):
    bad = ~np.isfinite(got) & np.isfinite(expected)
    if bad.any():
        place = np.argwhere(bad)[0]
        return (
            f"{_at(place)}is {got[tuple(place)]}, for instance; was there a division "
            "0/0, the logarithm of 0, or an exponential out of range?"
        )
    for digits in range(1, 5):
        if got.any() and np.allclose(got, np.round(expected, digits), 0, 1e-12):
            return f"is rounded to {digits} decimals; return all digits"
    for axis in range(got.ndim) if axes else ():
        if np.allclose(expected.sum(axis), 1) and not np.allclose(got.sum(axis), 1):
            should = f"should sum to 1 over the {axes[axis]}"
            for other in range(got.ndim):
                if np.allclose(got.sum(other), 1):
                    return f"{should}; yours sums to 1 over the {axes[other]}"
            sums = [f"{total:.4g}" for total in got.sum(axis).flat]
            sums[3:] = ["…"] * (len(sums) > 3)
            return f"{should}; yours sums to {', '.join(sums)}"
    only_0_and_1 = np.isin(expected, (0, 1)).all()  # anything may look like these
    known = {
        "is the negative of": -expected,
        "is the square of": expected**2,
        "is the square root of": np.sqrt(expected),
        "is the logarithm of": np.log(expected),
        "is the exponential of": np.exp(expected),
        "is 1 divided by": 1 / expected,
    }
    for what, value in () if only_0_and_1 else known.items():
        if _close(got, value, **close):
            return f"every number {what} what is expected"
    if got.size > 1:
        ratio = (got / expected)[np.abs(expected) > 1e-12]
        if ratio.size and ratio[0] and np.allclose(ratio, ratio[0], 1e-4):
            return f"every number is {ratio[0]:.4g} times what is expected"
        if np.allclose(got - expected, (got - expected).flat[0], 1e-4):
            return f"every number is what is expected {(got - expected).flat[0]:+.4g}"
        in_order = (np.sort(numbers, None) for numbers in (got, expected))
        if not only_0_and_1 and _close(*in_order, **close):
            return "the numbers are right, but in another order"
    wrong = ~np.isclose(got, expected, close["rtol"], close["atol"], equal_nan=True)
    place = np.argwhere(wrong)[0] if wrong.any() else np.zeros(got.ndim, int)
    count = f"{wrong.sum()} of {got.size} numbers differ; " if got.size > 1 else ""
    return (
        f"{count}{_at(place)}expected {expected[tuple(place)]:.6g}, "
        f"got {got[tuple(place)]:.6g}"
    )


def _at(place):
    return f"at [{', '.join(map(str, place))}] " if len(place) else ""


def _kind(value):
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of the shape {value.shape}"
    return f"{value!r:.40}, a {type(value).__name__}"


def _equal(one, other):
    """Whether two answers, or two tuples of arguments, are the same."""
    try:
        np.testing.assert_equal(one, other)
    except Exception:
        return False
    return True
