"""The bar of a command: it comes late, moves even if nothing does, and leaves no trace."""

import threading
import time
from contextlib import contextmanager

from gmmlib.progress import progress


@contextmanager
def patient_bar(total):
    """A bar that waits for a second, and is drawn anew twice a second from then on."""
    # With so long a delay, it never draws itself.
    with progress(total, delay=1e9, leave=False) as bar:
        if bar.tqdm.disable:
            yield bar
        else:
            with _drawn_now_and_then(bar.tqdm):
                yield bar


@contextmanager
def _drawn_now_and_then(drawn):
    """A thread draws it, twice a second."""
    done, begun = threading.Event(), time.monotonic()

    def draw():
        while not done.wait(0.5):
            if time.monotonic() > begun + 1:
                drawn.refresh()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        drawn.delay = 0  # or it would leave its last drawing behind
        drawn.last_print_t = time.time()
