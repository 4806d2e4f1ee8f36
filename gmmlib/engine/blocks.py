"""How many rows a block has."""

from collections.abc import Iterator

import numpy as np

# Half of it takes up to half as long again, for all the calls; twice as much would gain
# up to a fifth, from 8 features on, and take twice the memory. See CONTRIBUTING.md.
BLOCK_BYTES = 2**21
BLOCK_ROWS = 2048  # so many rows may take up to four times as many bytes


def block_rows(n_numbers: int, itemsize: int = 8) -> int:
    """How many rows a block has, if a row takes so many numbers while it is used.

    Examples
    --------
    >>> block_rows(n_numbers=10), block_rows(n_numbers=2000)
    (26214, 524)
    """
    rows = BLOCK_BYTES // (n_numbers * itemsize)
    return max(rows, min(BLOCK_ROWS, 4 * rows), 1)


def in_blocks(points, n_numbers: int) -> Iterator[np.ndarray]:
    """Points in blocks of rows, if a row takes so many numbers while it is used."""
    rows = block_rows(n_numbers)
    return (points[first : first + rows] for first in range(0, len(points), rows))
