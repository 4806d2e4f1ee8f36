"""What a process shows where somebody looks on."""

import os
import pty
import signal
import termios


def heeds_interrupts():
    """In a child process: Ctrl-C counts, also where a shell runs the tests in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def on_a_terminal(start, columns):
    """What a process writes to a terminal of so many columns, and to its stdout.

    `start` takes the terminal, as `stderr`, and returns the process.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = start(stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 10_000)
        except OSError:  # the process has ended
            break
    os.close(ours)
    printed = process.communicate()[0]
    assert process.returncode == 0, shown
    return shown.decode(), printed.decode()
