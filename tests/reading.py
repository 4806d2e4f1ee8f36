"""How the tests read the book's sources: prose, numbers, labels, outputs."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))

NOT_PROSE = {"bibliography", "code-block", "code-cell", "eval-rst", "nb-exec-table"}
FENCE = re.compile(r"\s*(`{3,}|~{3,}|:{3,})\s*(?:\{([\w:-]+)\})?(.*)")
OPTION = re.compile(r"\s*:([\w-]+):\s*(.*)")
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@cache
def documents():
    """Every page of the book, by its name in _toc.yml: a notebook, or Markdown."""

    def files(node):
        if isinstance(node, dict):
            yield from (value for key, value in node.items() if key in ("root", "file"))
            node = list(node.values())
        for child in node if isinstance(node, list) else []:
            yield from files(child)

    pages = {}
    for name in files(yaml.safe_load((ROOT / "_toc.yml").read_text())):
        notebook, text = ROOT / f"{name}.ipynb", ROOT / f"{name}.md"
        pages[name] = (
            read(notebook) if notebook.exists() else text.read_text(encoding="utf-8")
        )
    return pages


def code_cells(notebook):
    """(number in the notebook, cell) of each code cell, for messages."""
    return [
        (i, cell)
        for i, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "code"
    ]


def lines(markdown):
    """(kind, text) of each line that is not code: a text, a directive or its option.

    >>> list(lines("a\\n```{note} b\\n:name: c\\nd\\n```\\n```python\\ne\\n```"))
    [('text', 'a'), ('directive', '{note} b'), ('option', ':name: c'), ('text', 'd')]
    """
    open_fences, in_code, at_head = [], False, False
    for line in markdown.splitlines():
        fence = FENCE.fullmatch(line)
        mark, directive, rest = fence.groups() if fence else ("", None, "")
        closes = (
            open_fences and mark.startswith(open_fences[-1]) and not (directive or rest)
        )
        if closes:
            open_fences.pop()
            in_code = at_head = False
        elif in_code:
            pass
        elif mark and (directive or mark[0] != ":"):
            open_fences.append(mark)
            in_code, at_head = directive is None or directive in NOT_PROSE, True
            if not in_code:
                yield "directive", f"{{{directive}}}{rest}"
        elif at_head and OPTION.fullmatch(line):
            yield "option", line
        else:
            at_head = False
            yield "text", line


def markdown(document):
    """All Markdown of a page, without code."""
    if isinstance(document, str):
        sources = [document]
    else:
        sources = [
            cell.source for cell in document.cells if cell.cell_type == "markdown"
        ]
    return "\n".join(line for source in sources for _, line in lines(source))


def figure(cell):
    """(caption, name, alt) from a cell's metadata, empty where there is none."""
    mystnb = cell.metadata.get("mystnb", {})
    about = mystnb.get("figure", {})
    return (
        about.get("caption", ""),
        about.get("name", ""),
        mystnb.get("image", {}).get("alt", ""),
    )


def prose(cell):
    """What a reader reads in a cell: text, formulas, captions, alt texts; no code.

    >>> text = "(ch-a)=\\nIn `1.5`, {eq}`eq-1.5`: [$2.5$](3.5.md)."
    >>> prose(nbformat.v4.new_markdown_cell(text))
    'In , : [$2.5$.'
    """
    if cell.cell_type == "code":
        caption, _, alt = figure(cell)
        text = f"{caption}\n{alt}"
    else:
        text = "\n".join(
            line
            for kind, line in lines(cell.source)
            if kind != "option" or OPTION.fullmatch(line)[1] in ("alt", "caption")
        )
    text = re.sub(r"^(\([\w:-]+\)=|%.*)\n?", "", text, flags=re.M)
    text = ROLE.sub("", text)
    text = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text, flags=re.S)
    return re.sub(r"\]\([^)]*\)|https?://\S+", "", text)


def outputs(notebook):
    """What nbval compares of the outputs, as text, less listings."""
    texts = []
    for _, cell in code_cells(notebook):
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            for output in cell.outputs:
                data = output.get("data", {})
                if not is_listing(output):
                    texts += [
                        output.get("text", ""),
                        data.get("text/plain", ""),
                        data.get("text/markdown", ""),
                    ]
    return "\n".join(texts)


def is_listing(output):
    return output.get("data", {}).get("text/markdown", "").startswith("```python")


def numbers(text):
    """The decimal numbers in a text, written in one way, with a minus if one is meant.

    Numbers with two points, as of sections, are none.

    >>> numbers("From −0.50 to 1,234.5, or 12{,}345.6: $x - 0.1$, 2.3.9.")
    ['-0.50', '1234.5', '12345.6', '0.1']
    >>> numbers("$2.28 \\\\times 10^{-7}$")
    ['2.28e-7']
    >>> numbers("[ 98.93 -2.28e-07] 1234 .5 81.8%")
    ['98.93', '-2.28e-7', '81.8']
    """
    text = text.replace("−", "-")
    thousands = (
        r"(?<![\d.])(\d{1,3})((?:(?:,|\{,\}|\\,|[\u00a0\u2009\u202f])\d{3})+)(?=\.\d)"
    )
    text = re.sub(thousands, lambda m: m[1] + re.sub(r"\D", "", m[2]), text)
    text = re.sub(r"\s*(?:\\times|\\cdot|×|·)\s*10\^\{?(-?\d+)\}?", r"e\1", text)
    text = re.sub(
        r"(?<=\d)e([+-]?)0*(\d+)", lambda m: f"e{m[1].strip('+')}{m[2]}", text
    )
    return re.findall(
        r"(?:(?<![\w)}\]])-)?(?<![\d.])\d+\.\d+(?!\.?\d)(?:e-?\d+)?", text
    )


def labels(document):
    """Every label that a page defines: targets, equations, exercises, figures."""
    text = markdown(document)
    found = re.findall(r"^\(([\w:.-]+)\)=", text, flags=re.M)
    found += re.findall(r"\$\$\s*\(([\w:.-]+)\)", text)
    found += re.findall(r"\\label\{([^}]+)\}", text)
    found += re.findall(r"^\s*:(?:label|name):\s*(\S+)", text, flags=re.M)
    if not isinstance(document, str):
        found += [
            figure(cell)[1] for _, cell in code_cells(document) if figure(cell)[1]
        ]
    return found


def references(document):
    """Every label that a page refers to, captions included."""
    text = markdown(document)
    if not isinstance(document, str):
        text += "".join(figure(cell)[0] for _, cell in code_cells(document))
    targets = [
        target for role, target in ROLE.findall(text) if role in ("eq", "numref", "ref")
    ]
    return [re.sub(r".*<(.+)>", r"\1", target) for target in targets]


def citations(document):
    """Every key that a page cites."""
    return [
        key.strip()
        for role, keys in ROLE.findall(markdown(document))
        if role.startswith("cite")
        for key in keys.split(",")
    ]


def called(notebook):
    """The names that the code calls, or lists with source(...)."""
    names = set()
    for _, cell in code_cells(notebook):
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call):
                names |= {last_name(call.func)}
                names |= {last_name(listed) for listed in arguments_of_source(call)}
    return names


def arguments_of_source(node):
    is_source = isinstance(node, ast.Call) and last_name(node.func) == "source"
    return node.args if is_source else []


def last_name(node):
    return getattr(node, "attr", None) or getattr(node, "id", "")


@dataclass(frozen=True)
class Documented:
    """Something in gmmlib whose docstring names equations of the book."""

    name: str
    equations: tuple
    is_function: bool  # and not a class or a method


@cache
def documented():
    found = []

    def visit(parent, name):
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                equations = re.findall(r":eq:`([^`]+)`", ast.get_docstring(node) or "")
                if equations:
                    is_function = isinstance(node, ast.FunctionDef) and not name
                    found.append(
                        Documented(name + node.name, tuple(equations), is_function)
                    )
                visit(node, f"{name}{node.name}.")

    for path in sorted((ROOT / "gmmlib").rglob("*.py")):
        visit(ast.parse(path.read_text(encoding="utf-8")), "")
    return found
