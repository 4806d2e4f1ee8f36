"""A bar for long fits, on a terminal or in a notebook: tqdm's."""

import sys
from contextlib import contextmanager
from contextvars import ContextVar

from gmmlib.steps import State

FORMAT = "{l_bar}{bar}| {elapsed}{postfix}"

_open = ContextVar("bar", default=None)


class Bar:
    """Where a fit is, over all of its starts.

    Parameters
    ----------
    tqdm : tqdm or None
        What draws it, if anything does.
    interval : int, optional
        Where tqdm finds neither a terminal nor a notebook, a line is printed after so
        many iterations; none, if not given.
    """

    def __init__(self, tqdm=None, interval=None):
        self.tqdm, self.interval, self.begin = tqdm, interval, 0

    def report(self, state: State, to_gain: float):
        """Say where EM is, and how many nats more iterations would gain."""
        if self.tqdm is None:
            return
        text = (
            f"iteration {state.iteration}: log-likelihood {state.log_likelihood:.6f}, "
            f"about {to_gain:.3g} nats to gain"
        )
        if not self.tqdm.disable:
            self.tqdm.set_postfix_str(text, refresh=False)
            self._move(self.begin + state.iteration)
        elif self.interval and state.iteration % self.interval == 0:
            print(text)

    def describe(self, text):
        """Say what is done now."""
        if self.tqdm is not None:
            self.tqdm.set_description_str(text, refresh=False)

    def next_run(self, n_iterations):
        """A run has ended that might have taken so many iterations."""
        self.begin += n_iterations

    def catch_up(self):
        """Move to where the runs that have ended might have gone."""
        if self.tqdm is not None:
            self._move(self.begin)

    def _move(self, place):
        self.tqdm.update(place - self.tqdm.n)


@contextmanager
def progress(total, verbose=True, interval=None, **options):
    """A bar; within another one it is that one, which moves on.

    Parameters
    ----------
    total : int
        Of iterations.
    verbose : bool
        Whether anything is to be seen.
    interval : int, optional
        See :class:`Bar`.
    **options
        What tqdm is told besides.

    Yields
    ------
    Bar

    Raises
    ------
    ImportError
        If there is no tqdm. The message says what to install.
    """
    outer = _open.get()
    if outer is not None or not verbose:
        bar = outer or Bar()
        yield bar
        bar.catch_up()
        return
    # None: where there is no terminal. A stream that is closed, tqdm takes for one.
    disable = True if sys.stderr is None else None
    options = {"miniters": 1, "disable": disable, **options}
    with import_tqdm()(total=total, bar_format=FORMAT, **options) as drawn:
        bar = Bar(drawn, interval)
        token = _open.set(bar)
        try:
            yield bar
            bar.catch_up()
        finally:
            _open.reset(token)


def import_tqdm():
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise not_installed(error) from None
    return tqdm


def not_installed(error):
    """The same error, which says what to install."""
    return ImportError(f"{error}: pip install 'gmmlib[cli]' brings it")
