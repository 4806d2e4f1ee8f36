"""Damaged files and odd answers, found by what they reach in the code: `make fuzz`.

    python tests/fuzz.py tables 600      # or answers: for so many seconds

Whatever comes in, a table is read or one line says what is wrong; an answer is right or
a mistake is named.
"""

import io
import os
import sys
import tempfile
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

ENDINGS = ".csv .tsv .txt .csv.gz .parquet .npz .npy".split()


def whole_files():
    """Whole files, to begin with."""
    X = np.arange(6.0).reshape(3, 2) / 7
    npy, npz, gz, packed = (io.BytesIO() for _ in range(4))
    np.save(npy, X)
    np.savez_compressed(npz, X=X, y=X[:, 0])
    frame = pd.DataFrame(X, columns=["a", "b c"])
    frame.to_csv(gz, compression="gzip")
    frame.to_parquet(packed)
    texts = [
        "a,b\n1,2\n3,4.5\n", ";x;y\n1;2,5;NA\n2;3,5;4\n", "# said\n1\t2\n3\t4\n",
        '"a, b"  c\n 1   2e3\n', "1,234;2\n", "\ufeff1|2\r\n3|?\r\n", "true,1\nfalse,0\n",
    ]  # fmt: skip
    files = [text.encode(code) for text in texts for code in ("utf-8", "utf-16")]
    return [*files, *(file.getvalue() for file in (npy, npz, gz, packed))]


def tables(data):
    """A file of any kind, with any content."""
    from gmmlib.cli.tables import check_cells, read_table

    ending = ENDINGS[data[0] % len(ENDINGS)] if data else ".csv"
    path = Path(tempfile.gettempdir(), f"fuzz-{os.getpid()}{ending}")
    path.write_bytes(data[1:])
    options = {}
    if len(data) > 1 and data[1] % 8 == 0:  # rarely: without any it is harder
        options = {"columns": "1", "decimal": ",.;"[data[1] % 3 % 2]}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = read_table(str(path), **options)
            check_cells(table)
    except (ValueError, OSError, MemoryError) as error:
        message = str(error)
        assert message.isprintable(), repr(message)
        assert "Traceback" not in message and len(message) < 2000, message
        return
    assert table.X.ndim == 2 and table.X.dtype.kind == "f"
    assert np.isfinite(table.X).all() and len(table.names) == table.X.shape[1]
    assert all(name.isprintable() for name in table.names)


def answers(data):
    """A student's answer of any kind, beside one that is right."""
    from atheris import FuzzedDataProvider

    from gmmlib.book import feedback

    data = FuzzedDataProvider(data)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = number_or_array(data)
            answer = nearly(expected, data) if data.ConsumeBool() else anything(data, 3)
            axes = ("points", "components", "features")[: np.ndim(expected)]
            options = {"axes": axes} if data.ConsumeBool() else {}
            feedback.compare(answer, expected, **options)
    except feedback.Mistake as error:
        assert str(error)
        return
    found, right = np.asarray(answer, dtype=float), np.asarray(expected, dtype=float)
    np.testing.assert_allclose(found.ravel(), right.ravel(), 1e-3, 1e-6)


def number_or_array(data):
    kind = data.ConsumeIntInRange(0, 3)
    if kind == 0:
        return data.ConsumeRegularFloat() % 100
    shape = [data.ConsumeIntInRange(1, 3) for _ in range(kind)]
    values = [data.ConsumeIntInRange(-9, 9) / 4 for _ in range(np.prod(shape))]
    return np.array(values).reshape(shape)


def nearly(expected, data):
    """The right answer after one or two of the usual mistakes."""
    usual = [
        np.copy, np.transpose, np.ravel, np.negative, np.square, np.exp, np.sqrt, np.log,
        np.sort, np.float32, np.int8, np.cumsum, np.atleast_2d, np.size, np.ndarray.tolist,
        lambda x: x + 1, lambda x: 2 * x, lambda x: x / x.sum(), lambda x: x * np.nan,
        lambda x: x.round(1), lambda x: x.astype(object), lambda x: x[:1], lambda x: x > 0,
    ]  # fmt: skip
    answer = expected
    for _ in range(data.ConsumeIntInRange(1, 2)):
        if np.ndim(answer):
            change = usual[data.ConsumeIntInRange(0, len(usual) - 1)]
            answer = change(np.asarray(answer, float))
    return answer


def anything(data, depth):
    """A number, a text, an array, or a collection of such."""
    kind = data.ConsumeIntInRange(0, 13)
    if kind < 6:
        simple = None, True, np.nan, np.inf, {"a": 1}, object()
        return simple[kind]
    if kind == 6:
        return data.ConsumeUnicodeNoSurrogates(5)
    if kind == 7:
        return data.ConsumeFloat()
    if kind == 8:
        return complex(data.ConsumeFloat(), 1)
    if kind < 11 or depth == 0:
        kinds = ["f8", "f4", "i4", "u1", "?", "O", "c16", "U3"]
        array = np.asarray(number_or_array(data))
        return array.astype(kinds[data.ConsumeIntInRange(0, 7)])
    if kind == 11:
        return number_or_array(data)
    parts = [anything(data, depth - 1) for _ in range(data.ConsumeIntInRange(0, 3))]
    return parts if kind == 12 else tuple(parts)


def main(target, seconds):
    import atheris

    with atheris.instrument_imports(include=["gmmlib", "numpy.lib", "zipfile", "csv"]):
        for module in ("gmmlib.book.feedback", "gmmlib.cli.tables"):
            import_module(module)
    folder = Path(tempfile.mkdtemp())
    for i, content in enumerate(whole_files()):
        for first in range(len(ENDINGS)):
            (folder / f"{i}-{first}").write_bytes(bytes([first]) + content)
    limits = [f"-max_total_time={seconds}", "-timeout=20", "-max_len=4096"]
    prefix = f"-artifact_prefix={tempfile.gettempdir()}/gmmlib-{target}-"
    atheris.Setup([sys.argv[0], str(folder), prefix, *limits], globals()[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
