"""The chapters as they are stored: prose, numbers, figures and code say the same.

Each check is a function that lists what is wrong with a notebook. The last part of this
file breaks each rule once, in a small notebook made up for that.
"""

import ast
import copy
import json
import re
from collections import Counter

import nbformat
import pytest
from reading import (
    CHAPTERS,
    ROOT,
    arguments_of_source,
    called,
    citations,
    code_cells,
    documented,
    documents,
    figure,
    is_listing,
    labels,
    markdown,
    numbers,
    outputs,
    prose,
    read,
    references,
)
from store_chapters import METADATA, normalise

from gmmlib import normal_pdf
from gmmlib.book.show import source

CELL_METADATA = {"constants", "mystnb", "tags"}
FILLERS = r"simply|obviously|clearly|trivial\w*|it can be shown"
EXEMPT = {"nbval-ignore-output"}  # of the tags that nbval knows
NBVAL = re.compile(r"\bNBVAL_\w+|\bPYTEST_VALIDATE_\w+")

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def report(problems):
    assert not problems, "\n" + "\n".join(problems)


# 1. The list of chapters


def test_every_chapter_is_in_the_table_of_contents_and_the_other_way_round():
    listed = {name for name, page in documents().items() if not isinstance(page, str)}
    assert listed == {f"chapters/{path.stem}" for path in CHAPTERS}


# 2. Outputs


@each_chapter
def test_every_code_cell_is_stored_executed_in_order_without_errors(chapter):
    report(problems_in_execution(read(chapter)))


def problems_in_execution(notebook):
    problems = []
    for count, (i, cell) in enumerate(code_cells(notebook), 1):
        if not cell.source.strip():
            problems.append(f"cell {i} is empty")
        if cell.execution_count != count:
            problems.append(
                f"cell {i} is numbered {cell.execution_count}, not {count}: "
                "run `make chapters`"
            )
        if cell.source.rstrip().endswith(";"):
            problems.append(f"cell {i} ends with ';', which silences no output here")
        tags = {tag for tag in cell.metadata.get("tags", []) if tag.startswith("nbval")}
        if tags - EXEMPT or NBVAL.search(cell.source):
            problems.append(f"cell {i} is kept from nbval by {tags or 'a comment'}")
        if tags and not re.search("time|second", cell.source):
            problems.append(
                f"cell {i} measures no time, so that nbval can compare its output"
            )
        for output in cell.outputs:
            text = json.dumps(
                output.get("data", {}).get("text/plain", output.get("text", ""))
            )
            if output.output_type == "error":
                problems.append(f"cell {i} failed with {output.ename}")
            if output.get("name") == "stderr":
                problems.append(f"cell {i} writes to stderr: {output.text.strip()}")
            if "text/html" in output.get("data", {}):
                problems.append(f"cell {i} stores HTML: run `make chapters`")
            if re.search(r"\b0x[0-9a-f]{6}|(?<![\w./:])/\w+/\w+", text):
                problems.append(
                    f"cell {i} shows an address of this machine: {text[:80]}"
                )
    return problems


@each_chapter
def test_a_chapter_is_stored_as_store_chapters_does_it(chapter):
    report(problems_in_storage(read(chapter)))
    assert chapter.stat().st_size < 1_000_000


def problems_in_storage(notebook):
    problems = []
    if notebook != normalise(copy.deepcopy(notebook)):
        problems.append(
            "what differs between machines, or a figure of more than 256 colours, "
            "is stored: run `make chapters`"
        )
    for i, cell in enumerate(notebook.cells, 1):
        if set(cell.metadata) - CELL_METADATA:
            problems.append(
                f"cell {i} has metadata {sorted(set(cell.metadata) - CELL_METADATA)}"
            )
        if (
            cell.cell_type == "code"
            and max(map(len, cell.source.splitlines()), default=0) > 88
        ):
            problems.append(f"cell {i} has a line of more than 88 characters")
    return problems


# 3. The library in the chapters


@each_chapter
def test_a_chapter_lists_what_it_teaches_as_the_package_has_it(chapter):
    report(problems_in_listings(read(chapter)))


def problems_in_listings(notebook):
    names, listed, problems = {"__builtins__": {}}, set(), []
    for i, cell in code_cells(notebook):
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(
                node, (ast.Import, ast.ImportFrom)
            ) and "gmmlib" in ast.unparse(node):
                names |= imported(node)
        shown = (
            arguments_of_source(getattr(tree.body[-1], "value", None))
            if tree.body
            else []
        )
        stored = [
            output.data["text/markdown"]
            for output in cell.outputs
            if is_listing(output)
        ]
        if shown:
            try:
                objects = [eval(ast.unparse(argument), names) for argument in shown]
            except NameError as error:
                problems.append(f"cell {i} lists what is not from gmmlib: {error}")
                continue
            listed |= {thing.__qualname__ for thing in objects if callable(thing)}
            if stored != [source(*objects)._repr_markdown_()]:
                problems.append(
                    f"cell {i}: the listing is not the package's present source"
                )
        elif stored:
            problems.append(f"cell {i}: a listing that no source(...) has made")
    if len(names) == 1:
        problems.append("gmmlib is not imported")
    if not listed:
        problems.append("source(...) lists nothing")

    here = set(labels(notebook))
    for thing in documented():
        taught = sorted(here & set(thing.equations))
        if taught and thing.is_function and thing.name not in listed:
            problems.append(
                f"{thing.name} implements {taught} and is not listed by source(...)"
            )
    return problems


def imported(statement):
    """What an import statement brings, by name."""
    names = {}
    exec(ast.unparse(statement), names)
    del names["__builtins__"]
    return names


# 4. Numbers


@each_chapter
def test_every_decimal_number_in_the_prose_is_in_an_output_of_the_chapter(chapter):
    report(problems_in_numbers(read(chapter)))


def problems_in_numbers(notebook):
    printed, problems = set(numbers(outputs(notebook))), []
    printed |= {
        number.removeprefix("-") for number in printed
    }  # "fell by 0.5" for -0.5
    for i, cell in enumerate(notebook.cells, 1):
        constants, text = cell.metadata.get("constants", []), prose(cell)
        for number in dict.fromkeys(numbers(text)):
            digits = re.search(r"[\d.]+", number)[0]
            if number not in printed and not {number, digits} & set(constants):
                problems.append(f"cell {i}: {number} is in no output of this chapter")
        for constant in constants:
            whole = rf"(?<![\d.]){re.escape(constant)}(?!\d)"
            if not re.search(whole, text.replace("−", "-")):
                problems.append(
                    f"cell {i}: the constant {constant} is not in its prose"
                )
    return problems


# 5. Labels


def test_every_label_is_unique_and_every_reference_has_its_target():
    report(problems_in_labels(documents()))


def problems_in_labels(pages):
    places = Counter(label for page in pages.values() for label in labels(page))
    problems = [f"{label} is defined {n} times" for label, n in places.items() if n > 1]
    for name, page in pages.items():
        problems += [
            f"{name} refers to {target}, which is nowhere"
            for target in references(page)
            if target not in places
        ]
    return problems


def test_every_equation_that_a_docstring_names_is_in_one_chapter_which_uses_the_code():
    report(problems_in_equations(documents()))


def problems_in_equations(pages):
    problems = []
    chapters = {name: page for name, page in pages.items() if not isinstance(page, str)}
    for thing in documented():
        for equation in thing.equations:
            homes = [
                name for name, page in chapters.items() if equation in labels(page)
            ]
            name = thing.name.split(".")[-1]
            if len(homes) != 1:
                problems.append(
                    f"{equation}, named by {thing.name}, is in {homes or 'no chapter'}"
                )
            elif name not in called(chapters[homes[0]]):
                problems.append(
                    f"{homes[0]} has {equation}, and no use of {thing.name}"
                )
    return problems


# 6. Figures


@each_chapter
def test_every_figure_has_a_caption_a_name_and_a_sentence_that_says_what_it_shows(
    chapter,
):
    report(problems_in_figures(read(chapter)))


def problems_in_figures(notebook):
    problems = []
    for i, cell in code_cells(notebook):
        images = [
            output for output in cell.outputs if "image/png" in output.get("data", {})
        ]
        caption, name, alt = figure(cell)
        if not images:
            if cell.metadata.get("mystnb"):
                problems.append(f"cell {i} has figure metadata and no figure")
            continue
        if len(cell.outputs) > 1:
            problems.append(f"cell {i} shows more than one figure")
        if not caption.strip().endswith((".", "?")):
            problems.append(f"cell {i}: the caption is not a sentence: {caption!r}")
        if not re.fullmatch(r"fig-[a-z0-9-]+", name):
            problems.append(
                f"cell {i}: expected a name that starts with fig-, got {name!r}"
            )
        if len(alt) < 40 or len(alt.split()) < 6 or not alt.endswith("."):
            problems.append(f"cell {i}: the alt text is not a sentence: {alt!r}")
        what = (
            r"(an? |the |this )?(\w+ )?(figure|plot|graph|chart|image|picture)( of|:)"
        )
        if re.match(what, alt, re.I) or alt == caption:
            problems.append(
                f"cell {i}: the alt text says that, not what, it shows: {alt!r}"
            )
    return problems


# 7. Anatomy


@each_chapter
def test_a_chapter_has_its_parts(chapter):
    report(problems_in_anatomy(read(chapter)))


def problems_in_anatomy(notebook):
    text, problems = markdown(notebook), []

    def expect(condition, what):
        if not condition:
            problems.append(f"expected {what}")

    def count(pattern, where):
        return len(re.findall(pattern, where, flags=re.M))

    first = notebook.cells[0].source if notebook.cells else ""
    expect(
        re.match(r"\(ch-[\w-]+\)=\n# \S", first),
        "a label (ch-…)= and a title in cell 1",
    )
    card = re.search(r"\{admonition\} This chapter\n(.*?)\n## ", text, re.S)
    card = card[1] if card else ""
    entries = r"\*\*You will be able to\*\*(.*)\*\*You need first\*\*.*\*\*Time\*\*.*\d"
    card = re.search(entries, card, re.S)
    expect(card, "a card: You will be able to, You need first, Time")
    expect(card and 3 <= count(r"^- ", card[1]) <= 5, "3 to 5 abilities on the card")

    sections = dict(
        re.findall(r"^## (.+?)\s*$\n(.*?)(?=^## |\Z)", text + "\n", re.S | re.M)
    )
    end = ["Check yourself", "Take-away", "Exercises", "Further reading"]
    expect(list(sections)[-4:] == end, f"the last sections to be {', '.join(end)}")
    check, take_away, exercises, reading = (sections.get(title, "") for title in end)
    expect(
        count(r"^\{dropdown\} Answer", check) >= 3, "3 questions with folded answers"
    )
    expect(1 <= count(r"^\s*[-*] ", take_away) <= 5, "1 to 5 lines in Take-away")
    expect(count(r"^\{exercise-start\}", exercises) >= 3, "3 exercises")
    expect(
        2 <= count(r"^- .*\{cite", reading) <= 5,
        "2 to 5 cited works in Further reading",
    )
    asked = re.findall(r"^\{exercise-start\}\s*:label: (\S+)", text, re.M)
    solved = re.findall(r"^\{solution-start\} (\S+)\s*:class: dropdown", text, re.M)
    expect(asked == solved, f"a folded solution after each of {asked}, got {solved}")
    for part in ("exercise", "solution"):
        expect(
            count(rf"^\{{{part}-start\}}", text) == count(rf"^\{{{part}-end\}}", text),
            f"an end for each {part}-start",
        )

    expect("Player: " in outputs(notebook), "a step-through player")
    return problems


@each_chapter
def test_the_prose_has_no_filler_words(chapter):
    report(problems_in_wording(read(chapter)))


def problems_in_wording(notebook):
    return [
        f"cell {i}: {word!r}"
        for i, cell in enumerate(notebook.cells, 1)
        for word in re.findall(rf"\b(?:{FILLERS})\b", prose(cell), re.I)
    ]


def test_every_work_that_is_cited_is_in_the_bibliography():
    known = re.findall(
        r"^@\w+\{(\S+),", (ROOT / "chapters/references.bib").read_text(), re.M
    )
    cited = {key for page in documents().values() for key in citations(page)}
    assert cited <= set(known)
    assert len(known) == len(set(known))


# Each rule, broken once


MADE_UP = (
    r"""
(ch-made-up)=
# Made up

```{admonition} This chapter
:class: tip

**You will be able to**
- add;
- subtract;
- multiply.

**You need first**: nothing.

**Time**: 5 minutes to read, 1 second to run.
```

$$
p(x) = 0.5
$$ (eq-normal-density)

## See it move

It fell from 0.5284 to −1035.1118, by {eq}`eq-normal-density`, in `2.75` steps.

## Check yourself

```{dropdown} Answer
No.
```

```{dropdown} Answer
No, never.
```

```{dropdown} Answer
Yes: see {numref}`fig-made-up`.
```

## Take-away

- Numbers come from code.

## Exercises
"""
    + "".join(
        f"""
```{{exercise-start}}
:label: {label}
```
Why?
```{{exercise-end}}
```
````{{solution-start}} {label}
:class: dropdown
````
Therefore.
````{{solution-end}}
````
"""
        for label in ("ex-a", "ex-b", "ex-c")
    )
    + """
## Further reading

- {cite:t}`bishop2006`, section 1.2.6: more.
- {cite:t}`murphy2022`: still more.
"""
)


# a pixel, with a palette and without one
PIXEL, RGB_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQMAAAAl21bKAAAAA1BMVEUAAACnej3aAAAACklEQVR4nGNgAAAA"
    "AgABSK+kcQAAAABJRU5ErkJggg==",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElF"
    "TkSuQmCC",
)


def made_up():
    """A chapter that keeps every rule."""
    new = nbformat.v4
    listing = source(normal_pdf)
    player = {
        "text/plain": "Player: A bell\n  1/1  Nothing moves.",
        "image/png": PIXEL,
    }
    about = {
        "figure": {"caption": "A bell.", "name": "fig-made-up"},
        "image": {"alt": "A bell curve that is as high at one side as at the other."},
    }
    cells = [
        new.new_markdown_cell(
            MADE_UP.strip(), id="prose", metadata={"constants": ["0.5", "1.2"]}
        ),
        new.new_code_cell(
            "from gmmlib import normal_pdf\n"
            "from gmmlib.book.show import source\nsource(normal_pdf)",
            id="listing",
            execution_count=1,
            outputs=[
                new.new_output(
                    "execute_result",
                    execution_count=1,
                    data={
                        "text/plain": str(listing),
                        "text/markdown": listing.markdown,
                    },
                )
            ],
        ),
        new.new_code_cell(
            "print(normal_pdf(0.0))",
            id="number",
            execution_count=2,
            outputs=[
                new.new_output("stream", name="stdout", text="0.5284, -1035.1118\n")
            ],
        ),
        new.new_code_cell(
            "player()",
            id="player",
            execution_count=3,
            metadata={"mystnb": about},
            outputs=[new.new_output("execute_result", execution_count=3, data=player)],
        ),
    ]
    return new.new_notebook(cells=cells, metadata=copy.deepcopy(METADATA))


CHECKS = [
    problems_in_execution,
    problems_in_storage,
    problems_in_listings,
    problems_in_numbers,
    problems_in_figures,
    problems_in_anatomy,
    problems_in_wording,
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_chapter_that_keeps_the_rules_passes(check):
    report(check(made_up()))


@pytest.mark.parametrize("check, old, new, complaint", [
    (problems_in_execution, '"execution_count": 2', '"execution_count": null',
     "numbered None"),
    (problems_in_execution, '"execution_count": 2', '"execution_count": 5',
     "numbered 5"),
    (problems_in_execution, '"print(normal_pdf(0.0))"', '""', "is empty"),
    (problems_in_execution, "pdf(0.0))", "pdf(0.0));", "ends with ';'"),
    (problems_in_execution, "pdf(0.0))", "pdf(0.0))  # NBVAL_SKIP", "kept from nbval"),
    (problems_in_execution, '"stdout"', '"stderr"', "writes to stderr"),
    (problems_in_execution, '"image/png"', '"text/html"', "stores HTML"),
    (problems_in_execution, "Player: A bell", "<Bell at 0x7f3a2b1c>",
     "address of this machine"),
    (problems_in_execution, "Player: A bell", "in /some/where/a.py",
     "address of this machine"),
    (problems_in_storage, '"pygments_lexer"', '"version": "3.12.1", "pygments_lexer"',
     "differs between machines"),
    (problems_in_storage, PIXEL, RGB_PIXEL, "more than 256 colours"),
    (problems_in_storage, '"mystnb"', '"collapsed": true, "mystnb"',
     r"metadata \['collapsed'\]"),
    (problems_in_storage, "print(", "print(" + 90 * " ", "more than 88"),
    (problems_in_listings, "return np.exp(", "return np.exp(-",
     "not the package's present source"),
    (problems_in_listings, "\\nsource(normal_pdf)", "\\nnormal_pdf",
     "a listing that no source"),
    (problems_in_listings, "eq-normal-density", "eq-responsibility",
     "e_step implements"),
    (problems_in_listings, "from gmmlib import normal_pdf", "",
     "lists what is not from gmmlib"),
    (problems_in_listings, "gmmlib", "mylib", "gmmlib is not imported"),
    (problems_in_numbers, "from 0.5284", "from 0.5285", "0.5285 is in no output"),
    (problems_in_numbers, "from 0.5284", "from 0.528", "0.528 is in no output"),
    (problems_in_numbers, "from 0.5284", "from -0.5284", "-0.5284 is in no output"),
    (problems_in_numbers, "A bell curve that", "A bell 0.3 curve that",
     "0.3 is in no output"),
    (problems_in_numbers, '"0.5"', '"0.5", "0.7"', "constant 0.7 is not in its prose"),
    (problems_in_figures, '"caption": "A bell."', '"caption": ""',
     "caption is not a sentence"),
    (problems_in_figures, '"fig-made-up"', '"made-up"', "starts with fig-"),
    (problems_in_figures, "A bell curve that is as high at one side as at the other.",
     "../_images/04_responsibilities_3_0_and_some_more.png",
     "alt text is not a sentence"),
    (problems_in_figures, "A bell curve that", "A figure of a curve that",
     "says that, not what"),
    (problems_in_anatomy, "(ch-made-up)=", "", "a label"),
    (problems_in_anatomy, "- subtract;", "", "3 to 5 abilities"),
    (problems_in_anatomy, "**Time**", "Time", "a card"),
    (problems_in_anatomy, "No, never.\\n```", "No, never.\\n```\\n## More",
     "last sections to be"),
    (problems_in_anatomy, "{dropdown} Answer\\nNo.", "{note}\\nNo.", "3 questions"),
    (problems_in_anatomy, "from code.", "from code." + 5 * "\\n- And so on.",
     "1 to 5 lines"),
    (problems_in_anatomy, "{solution-start} ex-b", "{solution-start} ex-a",
     "a folded solution"),
    (problems_in_anatomy, "{cite:t}`murphy2022`", "Murphy", "2 to 5 cited works"),
    (problems_in_anatomy, "Player: ", "", "a step-through player"),
    (problems_in_wording, "Therefore.", "It can be shown.", "It can be shown"),
    (problems_in_wording, "Therefore.", "This is trivially so.", "trivially"),
])  # fmt: skip
def test_a_broken_rule_is_found(check, old, new, complaint):
    text = json.dumps(made_up(), ensure_ascii=False)
    assert old in text
    broken = nbformat.from_dict(json.loads(text.replace(old, new)))
    assert re.search(complaint, "\n".join(check(broken)))


def test_two_outputs_beside_one_figure_are_found():
    notebook = made_up()
    notebook.cells[3].outputs *= 2
    assert problems_in_figures(notebook) == ["cell 4 shows more than one figure"]


def test_a_number_that_only_an_uncompared_output_or_a_listing_has_is_found():
    notebook = made_up()
    notebook.cells[2].metadata["tags"] = ["nbval-ignore-output"]
    notebook.cells[1].outputs[0].data["text/plain"] += "  # 0.5284"
    notebook.cells[1].outputs[0].data["text/markdown"] += "  # 0.5284"
    assert len(problems_in_numbers(notebook)) == 2
    assert problems_in_execution(notebook) == [
        "cell 3 measures no time, so that nbval can compare its output"
    ]


@pytest.mark.parametrize("page, complaint", [
    ("$$\n1\n$$ (eq-normal-density)", "eq-normal-density is defined 2 times"),
    ("```{math}\n:label: fig-made-up\n1\n```", "fig-made-up is defined 2 times"),
    ("```{exercise-start}\n:label: ex-a\n```\n```{exercise-end}\n```",
     "ex-a is defined 2 times"),
    ("See {eq}`eq-nowhere`.", "b refers to eq-nowhere, which is nowhere"),
    ("See {numref}`Figure %s <fig-nowhere>`.",
     "b refers to fig-nowhere, which is nowhere"),
])  # fmt: skip
def test_a_label_that_is_doubled_or_missing_is_found(page, complaint):
    assert problems_in_labels({"a": made_up()}) == []
    assert problems_in_labels({"a": made_up(), "b": page}) == [complaint]


def test_an_equation_without_a_chapter_or_a_use_is_found():
    def about(pages, name):
        return [problem for problem in problems_in_equations(pages) if name in problem]

    chapter = made_up()
    assert about({"a": chapter}, "normal_pdf") == []
    assert about({"a": chapter, "b": chapter}, "normal_pdf") == [
        "eq-normal-density, named by normal_pdf, is in ['a', 'b']"
    ]
    assert about({"b": "Only text."}, "normal_pdf") == [
        "eq-normal-density, named by normal_pdf, is in no chapter"
    ]
    chapter.cells[1:] = []
    assert about({"a": chapter}, "normal_pdf") == [
        "a has eq-normal-density, and no use of normal_pdf"
    ]
