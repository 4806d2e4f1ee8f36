"""Listings of the package's own source, and small tables."""

import inspect

import pytest

import gmmlib
from gmmlib.agreement import matched_accuracy
from gmmlib.book.show import source, table
from gmmlib.mixture import Mixture, normalise


def test_a_listing_is_the_source_without_its_docstring():
    plain = str(source(matched_accuracy))
    assert plain == (
        "def matched_accuracy(classes, labels) -> float:\n"
        "    return float(np.mean(match_labels(classes, labels) == "
        "np.asarray(classes)))"
    )
    assert source(matched_accuracy)._repr_markdown_() == f"```python\n{plain}\n```"


@pytest.mark.parametrize("name", gmmlib.__all__)
def test_a_listing_runs_as_python_and_keeps_every_other_line(name):
    listed = getattr(gmmlib, name)
    plain = str(source(listed))
    compile(plain, name, "exec")
    original = [line.strip() for line in inspect.getsource(listed).splitlines()]
    assert all(line.strip() in original for line in plain.splitlines())
    assert '"""' not in plain


def test_comments_stay_in_a_listing():
    assert "# log π_k + log N(x_n | μ_k, Σ_k)" in str(source(gmmlib.e_step))


def test_several_things_are_listed_in_order():
    plain = str(source(normalise, Mixture.n_features))
    assert plain.startswith("def normalise(log_joint, out=None) -> tuple[")
    assert plain.endswith(
        "@property\ndef n_features(self) -> int:\n    return self.means.shape[1]"
    )


def test_a_table_has_a_row_a_line_in_both_forms():
    shown = table([("a|b", 1), ("c", 22)], header=["name", "n"])
    assert shown._repr_markdown_().splitlines() == [
        "| name | n |",
        "| :-- | --: |",
        r"| a\|b | 1 |",
        "| c | 22 |",
    ]
    assert str(shown).splitlines() == ["name   n", "----  --", "a|b    1", "c     22"]


def test_columns_can_be_centred():
    shown = table([("abc", "d")], header=["a", "bbb"], align="cc")
    assert shown._repr_markdown_().splitlines()[1] == "| :-: | :-: |"
    assert str(shown).splitlines()[0] == " a   bbb"


@pytest.mark.parametrize(
    "rows, align", [([("a",)], None), ([("a", "b", "c")], None), ([("a", "b")], "l")]
)
def test_a_table_with_a_missing_cell_is_refused(rows, align):
    with pytest.raises(
        ValueError, match="table: expected 2 cells, as in the header, got"
    ):
        table(rows, header=["x", "y"], align=align)
