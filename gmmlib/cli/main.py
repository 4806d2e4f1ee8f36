"""The command line: a file and a question.

``python -m gmmlib --data_path points.npy --n_clusters 4``
"""

import os
import sys

from gmmlib.cli.options import parse


def main(arguments=None):
    """Run the command line; the exit status: 0, 2 for an error, 130 after Ctrl-C."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        from gmmlib.cli.run import run  # scikit-learn, which `--help` does not wait for

        run(options)
        sys.stdout.flush()
        return 0
    except BrokenPipeError:  # whoever read the report has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        reason = error.strerror or str(error)
        return failed(f"{error.filename}: {reason}" if error.filename else reason)
    except (ImportError, TypeError, ValueError) as error:
        message = str(error)  # what the library calls X is a file here
        return failed(
            message.replace("X: ", f"{options.data_path}: ", 1)
            if message.startswith("X: ")
            else message
        )
    except MemoryError:
        return failed(f"{options.data_path}: too large for the memory; save it as .npy")
    except KeyboardInterrupt:
        return failed("interrupted", 130)


def failed(message, status=2):
    print("gmmlib: error:", " ".join(message.split()), file=sys.stderr)
    return status
