"""What a chapter shows beside figures: the package's own source, and small tables.

Both come as Markdown, which JupyterLab and the built book render alike, and as plain
text.
"""

import ast
import inspect
import textwrap
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Shown:
    """A text in two forms: Markdown for a page, plain for a terminal."""

    markdown: str
    plain: str

    def _repr_markdown_(self):
        return self.markdown

    def __repr__(self):
        return self.plain


def source(*objects):
    """The source of functions, classes or methods, as a listing without docstrings.

    It is read from the installed package when the cell runs, so that a chapter's
    listing is the code that its next cell calls. Comments stay.

    Parameters
    ----------
    *objects : function, class, method or property
        What to list, in this order.

    Returns
    -------
    Shown
        A fenced Python listing; ``print`` gives the plain source.

    Examples
    --------
    >>> source(Shown.__repr__)
    # Shown.__repr__
    def __repr__(self):
        return self.plain
    """
    plain = "\n\n\n".join(_without_docstrings(obj) for obj in objects)
    return Shown(f"```python\n{plain}\n```", plain)


def _without_docstrings(obj):
    """One object's source, flush left, with no docstring in it."""
    obj = obj.fget if isinstance(obj, property) else obj
    text = textwrap.dedent(inspect.getsource(obj)).rstrip()
    lines = text.splitlines()
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        # A body of nothing but a docstring keeps it: it would not be Python without.
        if (
            isinstance(node, definitions)
            and len(node.body) > 1
            and ast.get_docstring(node)
        ):
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno
            last += not (
                lines[last] or ""
            ).strip()  # the blank line below a docstring goes too
            lines[first:last] = [None] * (last - first)
    name = getattr(obj, "__qualname__", "")
    header = [f"# {name}"] if "." in name else []  # a method: say of which class
    return "\n".join(header + [line for line in lines if line is not None])


def table(rows, header, align=None):
    r"""A small table.

    Parameters
    ----------
    rows : iterable of sequences
        The cells, shown as given: numbers are best formatted by the caller, to the
        digits that the text speaks of. Markdown and formulas are rendered.
    header : sequence of str
        The columns' names.
    align : str, optional
        A letter for each column, ``l``, ``c`` or ``r``. Without it the first column is
        set left, the others right, as suits names followed by numbers.

    Returns
    -------
    Shown
        A Markdown table; ``print`` gives an aligned plain one.

    Raises
    ------
    ValueError
        If a row or `align` has not as many cells as the header.

    Examples
    --------
    >>> table([("k-means", "0.893"), ("EM", "0.967")], header=["method", "accuracy"])
    method   accuracy
    -------  --------
    k-means     0.893
    EM          0.967
    """
    rows = [[str(cell) for cell in row] for row in (header, *rows)]
    align = align or "l" + "r" * (len(header) - 1)
    for row in (align, *rows):
        if len(row) != len(header):
            raise ValueError(
                f"table: expected {len(header)} cells, as in the header, got {row}"
            )

    # A bar inside a cell would end it: Markdown wants it escaped, in formulas too.
    lines = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows]
    rule = " | ".join({"l": ":--", "c": ":-:", "r": "--:"}[letter] for letter in align)
    markdown = "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))

    widths = [max(map(len, column)) for column in zip(*rows)]
    rows.insert(1, ["-" * width for width in widths])
    pad = {"l": str.ljust, "c": str.center, "r": str.rjust}
    plain = "\n".join(
        "  ".join(
            pad[letter](cell, width) for letter, cell, width in zip(align, row, widths)
        ).rstrip()
        for row in rows
    )
    return Shown(markdown, plain)
