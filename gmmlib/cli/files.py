"""Files out: results that are complete, or files as they were."""

import csv
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def writing(path):
    """Errors of the system name this file, and not a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), path) from None


@contextmanager
def complete_files(*paths):
    """Places to write to; what is there becomes `paths`, if all goes well to the end.

    Parameters
    ----------
    *paths : str or None
        None, for a file that nobody asked for, stays None.

    Yields
    ------
    list of Path or None
        In a temporary folder beside each.
    """
    folders, places = [], []
    try:
        for path in paths:
            if path is not None:
                parent = Path(path).resolve().parent
                folders.append(tempfile.TemporaryDirectory(".part", ".gmmlib-", parent))
                path = Path(folders[-1].name, Path(path).name)
            places.append(path)
        yield places
        for path, place in zip(paths, places):
            if place is not None:
                os.replace(place, path)
    finally:
        for folder in folders:
            folder.cleanup()


def write_table(place, blocks, shape, dtype, names):
    """Write rows that come in blocks, as NPY or CSV by the name's ending.

    Parameters
    ----------
    place : Path
    blocks : iterable of arrays
    shape : tuple
        Of all blocks together.
    dtype : dtype
    names : list of str
        The CSV file's header.
    """
    if place.suffix.lower() == ".npy":
        # Not a memory map: on a full disk writing to one ends the process.
        about = dict(descr=np.lib.format.dtype_to_descr(np.dtype(dtype)), shape=shape)
        with open(place, "wb") as file:
            np.lib.format.write_array_header_1_0(file, about | {"fortran_order": False})
            for block in blocks:
                file.write(np.ascontiguousarray(block, dtype).data)
    else:
        with open(place, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for block in blocks:
                writer.writerows(block.reshape(len(block), -1).tolist())
