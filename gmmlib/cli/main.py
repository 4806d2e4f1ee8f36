"""The command line: a file and a question.

``python -m gmmlib --data_path points.npy --n_clusters 4``
"""

import io
import os
import signal
import sys
import threading
from contextlib import contextmanager

from gmmlib.cli.options import parse


def main(arguments=None):
    """Run the command line; the exit status: 0, 2 for an error, 130 after Ctrl-C."""
    # Where it is closed: libraries write to it, NumPy 2.0 even takes that for granted.
    sys.stderr = sys.stderr or io.StringIO()
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        from gmmlib.cli.run import run  # scikit-learn, which `--help` does not wait for

        with ended_in_order():
            run(options)
        return 0
    except OSError as error:
        if error.filename == "standard output" and sys.stdout is not None:
            # What could not be written must not be tried again at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = error.strerror or str(error)
        return failed(f"{error.filename}: {reason}" if error.filename else reason)
    except (ImportError, TypeError, ValueError) as error:
        message = str(error)  # what the library calls X is a file here
        if message.startswith(("X: ", "X[")):
            message = options.data_path + message[1:]
        return failed(message)
    except MemoryError:
        cure = "" if options.data_path.endswith(".npy") else "; save it as .npy"
        return failed(f"{options.data_path}: too large for the memory{cure}")
    except KeyboardInterrupt as error:
        return failed("interrupted", *(error.args or [130]))


@contextmanager
def ended_in_order():
    """SIGTERM ends it as Ctrl-C does: what is half-written goes."""

    def stop(number, frame):
        raise KeyboardInterrupt(128 + number)

    if threading.current_thread() is not threading.main_thread():
        # Called by a program, whose signals are its own affair.
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def failed(message, status=2):
    print("gmmlib: error:", " ".join(message.split()), file=sys.stderr)
    return status
