"""A bar for long fits, on a terminal or in a notebook: tqdm's."""

import threading
import time
from contextlib import contextmanager

FORMAT = "{l_bar}{bar}| {elapsed}{postfix}"


@contextmanager
def progress(total, patient=False):
    """A bar; its `disable` is true where there is neither a terminal nor a notebook.

    Parameters
    ----------
    total : int
    patient : bool
        Whether it waits for a second, is drawn anew twice a second from then on, even
        if nothing moves, and leaves no trace.

    Yields
    ------
    tqdm

    Raises
    ------
    ImportError
        If there is no tqdm. The message says what to install.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise missing(error) from None
    # With so long a delay, it never draws itself.
    options = dict(delay=1e9, leave=False) if patient else dict(miniters=1)
    with tqdm(total=total, disable=None, bar_format=FORMAT, **options) as bar:
        if bar.disable or not patient:
            yield bar
            return
        done, begun = threading.Event(), time.monotonic()

        def draw():
            while not done.wait(0.5):
                if time.monotonic() > begun + 1:
                    bar.refresh()

        thread = threading.Thread(target=draw)
        thread.start()
        try:
            yield bar
        finally:
            done.set()
            thread.join()
            bar.delay = 0  # or it would leave its last drawing behind
            bar.last_print_t = time.time()


def report(bar, place, state, to_gain, interval=None):
    """Move the bar to that place, and say where EM is; or print it, without a bar.

    Parameters
    ----------
    bar : tqdm
    place : int
    state : State
    to_gain : float
        What more iterations would gain, in nats.
    interval : int, optional
        After how many iterations a line is printed where there is no bar; none if not
        given.
    """
    text = (
        f"iteration {state.iteration}: log-likelihood {state.log_likelihood:.6f}, "
        f"about {to_gain:.3g} nats to gain"
    )
    if not bar.disable:
        bar.set_postfix_str(text, refresh=False)
        bar.update(place - bar.n)
    elif interval and state.iteration % interval == 0:
        print(text)


def missing(error):
    """The same error, which says what to install."""
    return ImportError(f"{error}: pip install 'gmmlib[cli]' brings it")
