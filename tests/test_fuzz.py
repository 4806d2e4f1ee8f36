"""What `make fuzz` begins with: it holds for whole files and simple answers."""

import sys
from types import SimpleNamespace

import fuzz
import numpy as np
import pytest


@pytest.mark.parametrize("first", range(len(fuzz.ENDINGS)))
def test_whole_files_are_read_or_refused_in_one_line(first):
    for content in fuzz.whole_files():
        fuzz.tables(bytes([first]) + content)
        fuzz.tables(bytes([first]) + content[: len(content) // 2])


def test_an_error_of_another_kind_is_a_finding(monkeypatch):
    def broken(path, **options):
        raise KeyError(path)

    monkeypatch.setattr("gmmlib.cli.tables.read_table", broken)
    with pytest.raises(KeyError):
        fuzz.tables(b"\x00a,b\n1,2\n")


class Numbers:
    """In the place of atheris' provider: numbers of a generator."""

    def __init__(self, rng):
        self.rng = rng

    def ConsumeIntInRange(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def ConsumeBool(self):
        return bool(self.rng.integers(2))

    def ConsumeFloat(self):
        return float(self.rng.choice([0.0, -1.5, np.inf, np.nan, 1e300, 5e-324]))

    ConsumeRegularFloat = ConsumeFloat

    def ConsumeUnicodeNoSurrogates(self, n):
        return "größe"[: self.rng.integers(n)]


@pytest.mark.parametrize("seed", range(10))
def test_odd_answers_are_right_or_a_mistake(monkeypatch, seed):
    provider = SimpleNamespace(FuzzedDataProvider=Numbers)
    monkeypatch.setitem(sys.modules, "atheris", provider)
    rng = np.random.default_rng(seed)
    for _ in range(200):
        fuzz.answers(rng)
