"""What an instructor plans with, made of what chapters and problem sets say of themselves.

A chapter's first cell is its card: outcomes, prerequisites, time. So is a problem set's.
The graph, the table and the syllabi in the part for instructors are read off the cards,
each time that the book is built.
"""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat
import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]


def setup(app):
    app.add_directive("chapter-graph", GraphDirective)
    app.add_directive("chapter-table", TableDirective)
    app.add_directive("syllabus", SyllabusDirective)
    app.add_directive("hub-link", HubLinkDirective)
    app.add_node(hub_link, html=(visit_hub_link, lambda self, node: None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


# The cards


@dataclass(frozen=True)
class ProblemSet:
    title: str
    minutes: int
    points: int


@dataclass(frozen=True)
class Chapter:
    stem: str
    title: str
    outcomes: tuple
    card_needs: str  # the card's own words
    needs: tuple  # stems of chapters
    needs_in_part: tuple  # those that only a part of the chapter needs
    reading: int  # minutes
    running: int  # seconds
    exercises: int
    problem_set: ProblemSet | None

    @property
    def number(self):
        return int(self.stem.partition("_")[0])


def read_chapters(root=ROOT):
    """The chapters in their order; an error names a card that cannot be right."""
    chapters = {}
    for path in sorted((root / "chapters").glob("*.ipynb")):
        try:
            chapter = read_card(path.stem, nbformat.read(path, as_version=4), root)
            check_needs(chapter, chapters)
        except ValueError as error:
            raise ValueError(f"chapters/{path.name}: {error}") from None
        chapters[path.stem] = chapter
    return chapters


def read_card(stem, notebook, root):
    card = notebook.cells[0].source
    outcomes, _, rest = card.partition("**You need first**")
    needs = find(r"\A: (.+)", rest, "'**You need first**: …'")
    # "…; X for the last section": after a semicolon stands what only a part needs
    whole, _, part = needs.partition(";")
    reading, running = find(
        r"\*\*Time\*\*: (\d+) minutes to read, (\d+) seconds to run",
        rest,
        "'**Time**: … minutes to read, … seconds to run'",
    )
    outcomes = tuple(
        line.rstrip(";.") for line in re.findall("^- (.+)$", outcomes, re.M)
    )
    if not outcomes:
        raise ValueError("the card has no '- …' lines below 'You will be able to'")
    text = "\n".join(cell.source for cell in notebook.cells)
    return Chapter(
        stem,
        find(r"^# (.+)", card, "a title"),
        outcomes,
        needs,
        links(whole),
        links(part),
        int(reading),
        int(running),
        len(re.findall(r"^[`:]{3,}\{exercise(?:-start)?\}", text, re.M)),
        read_problem_set(root / f"assignments/source/{stem}/{stem}.ipynb"),
    )


def find(pattern, text, what):
    found = re.search(pattern, text, re.M)
    if not found:
        raise ValueError(f"expected {what} on the card, the first cell")
    return found[1] if len(found.groups()) == 1 else found.groups()


def links(text):
    return tuple(re.findall(r"\]\(([^)]+)\.ipynb\)", text))


def read_problem_set(path):
    if not path.exists():
        return None
    try:
        card = nbformat.read(path, as_version=4).cells[0].source
        number, title = find(
            r"^# Problem set (\d+): (.+)", card, "'# Problem set N: …'"
        )
        minutes = find(r"\*\*Time\*\*: (\d+) minutes", card, "'**Time**: … minutes'")
        points = find(r"\*\*Points\*\*: (\d+)", card, "'**Points**: …'")
    except ValueError as error:
        raise ValueError(f"its problem set: {error}") from None
    return ProblemSet(f"{number}: {title}", int(minutes), int(points))


def check_needs(chapter, earlier):
    for stem in chapter.needs + chapter.needs_in_part:
        if stem not in earlier:
            known = ", ".join(earlier) or "none"
            raise ValueError(
                f"its card needs {stem}, which is no earlier chapter; those are: {known}"
            )


# The graph


def all_needed(stem, chapters):
    """All that a chapter rests on, directly or not."""
    needed = set()
    for before in chapters[stem].needs:
        needed |= {before} | all_needed(before, chapters)
    return needed


def arrows(chapters):
    """(from, to, whether only a part needs it) of what no other arrows say already."""
    for stem, chapter in chapters.items():
        implied = set().union(
            *(all_needed(before, chapters) for before in chapter.needs)
        )
        for before in chapter.needs:
            if before not in implied:
                yield before, stem, False
        for before in chapter.needs_in_part:
            if before not in all_needed(stem, chapters):
                yield before, stem, True


ROW, DOTS, RADIUS = 34, 96, 5  # a row's height, where the dots are, their size


def graph(chapters):
    """The chapters below one another, and arrows beside them, as SVG."""
    y = {stem: ROW * i + ROW / 2 for i, stem in enumerate(chapters)}
    lines, said = [], []
    for before, after, in_part in arrows(chapters):
        span = round((y[after] - y[before]) / ROW)
        if span == 1:
            path = f"M{DOTS} {y[before] + RADIUS}V{y[after] - RADIUS - 3}"
        else:
            left = DOTS - min(24 * span, DOTS * 1.3)
            path = (
                f"M{DOTS - RADIUS} {y[before]}C{left:.0f} {y[before]} {left:.0f} "
                f"{y[after]} {DOTS - RADIUS - 3} {y[after]}"
            )
        dashes = ' stroke-dasharray="4 3"' if in_part else ""
        lines.append(f'<path d="{path}" marker-end="url(#arrowhead)"{dashes}/>')
        said.append(
            f"{chapters[before].number} to {chapters[after].number}"
            + " (for a part)" * in_part
        )
    rows = [
        f'<circle cx="{DOTS}" cy="{y[stem]}" r="{RADIUS}"/>'
        f'<text x="{DOTS + 14}" y="{y[stem] + 5}">'
        f"{chapter.number} {escape(chapter.title)}</text>"
        for stem, chapter in chapters.items()
    ]
    about = "Arrows between the chapters, from a chapter to one that needs it: "
    return (
        f'<svg class="chapter-graph" viewBox="0 0 340 {ROW * len(chapters)}" role="img"'
        f' aria-label="{about}{", ".join(said)}." fill="currentColor" font-size="14">'
        '<marker id="arrowhead" viewBox="0 0 8 8" refX="5" refY="4" markerWidth="6"'
        ' markerHeight="6" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>'
        f'<g fill="none" stroke="currentColor" stroke-width="1.4">{"".join(lines)}</g>'
        f"{''.join(rows)}</svg>"
    )


# The table


def link(chapter):
    return f"[{chapter.number} {chapter.title}](../{chapter.stem}.ipynb)"


def table(chapters):
    """One row a chapter, as Markdown."""
    rows = [
        [
            "Chapter", "You will be able to", "You need first", "Reading", "Running",
            "Exercises", "Problem set", "Its points", "Its time",
        ]
    ]  # fmt: skip
    for chapter in chapters.values():
        its = chapter.problem_set
        rows.append([
            link(chapter),
            "\n".join(f"- {outcome}" for outcome in chapter.outcomes),
            re.sub(r"\]\((?=[\w]+\.ipynb)", "](../", chapter.card_needs),
            f"{chapter.reading} min",
            f"{chapter.running} s",
            str(chapter.exercises),
            its.title if its else "none",
            str(its.points) if its else "0",
            f"{its.minutes} min" if its else "0 min",
        ])  # fmt: skip
    return list_table(rows, "What each chapter asks and gives")


def list_table(rows, caption):
    lines = [
        f"````{{list-table}} {caption}",
        ":header-rows: 1",
        ":stub-columns: 1",
        ":widths: auto",
        ":class: course-table",
        "",
    ]
    for row in rows:
        for i, cell in enumerate(row):
            first, *others = cell.split("\n")
            lines += [f"{'  ' if i else '* '}- {first}"]
            lines += [f"    {line}" for line in others]
    return "\n".join([*lines, "````"])


# Syllabi


def syllabus(sessions, known, chapters, notes=(), caption="Session by session"):
    """A table of sessions, and what they add up to, as Markdown.

    A session has `minutes` in the room, chapters to read `before` and `after` it, those
    that it is taught from, those whose problem sets to `assign`, and what to `do`. What
    students `know` from elsewhere they need not read; `notes` are the chapters that have
    a page of teaching notes.
    """
    check_order(sessions, known, chapters)
    rows = [["Session", "Read before", "In the room", "Then"]]
    room = reading = solving = points = 0
    for n, session in enumerate(sessions, 1):
        before, teach, after, assign = (
            [chapters[stem] for stem in session.get(part, [])] for part in PARTS
        )
        sets = [chapter.problem_set for chapter in assign if chapter.problem_set]
        room += session["minutes"]
        reading += sum(chapter.reading for chapter in before + after)
        solving += sum(its.minutes for its in sets)
        points += sum(its.points for its in sets)
        taught = ", ".join(teach_it(chapter, notes) for chapter in teach)
        rows.append([
            f"{n}\\. {session['title']}",
            "; ".join(map(read_it, before)),
            f"{session['minutes']} minutes. {session['do']} Notes: {taught}",
            "; ".join([*map(read_it, after), *map(assign_it, assign)]),
        ])  # fmt: skip
    text = list_table(rows, caption) + (
        f"\n\n**In all {hours(room + reading + solving)}** of a student's time: "
        f"{hours(room)} in the room, {hours(reading)} reading, {hours(solving)} problem "
        f"sets. **{points} points.**"
    )
    if known:
        needed = ", ".join(link(chapters[stem]) for stem in known)
        text = f"Your students know beforehand what is in {needed}.\n\n{text}"
    return text


def check_order(sessions, known, chapters):
    mentioned = [s for each in sessions for part in PARTS for s in each.get(part, [])]
    for stem in [*known, *mentioned]:
        if stem not in chapters:
            raise ValueError(f"no chapter {stem}; there are {', '.join(chapters)}")
    met = set(known).union(*(all_needed(stem, chapters) for stem in known))
    for n, session in enumerate(sessions, 1):
        for parts in (("before", "teach"), ("after", "assign")):
            now = {stem for part in parts for stem in session.get(part, [])}
            met |= now
            for stem in sorted(now):
                if missing := all_needed(stem, chapters) - met:
                    raise ValueError(
                        f"session {n} comes to {stem} before {', '.join(sorted(missing))}, "
                        "which it needs; read that earlier, or name it as known"
                    )


PARTS = ("before", "teach", "after", "assign")


def read_it(chapter):
    return f"{link(chapter)}, {chapter.reading} min"


def assign_it(chapter):
    its = chapter.problem_set
    if not its:
        return f"exercises of {link(chapter)}"
    return f"problem set {its.title} ({its.points} points, {its.minutes} min)"


def teach_it(chapter, notes):
    name = f"{chapter.number} {chapter.title}"
    return f"[{name}]({chapter.stem}.md)" if chapter.stem in notes else name


def hours(minutes):
    """
    >>> hours(90), hours(45), hours(120)
    ('1 h 30 min', '45 min', '2 h')
    """
    h, rest = divmod(minutes, 60)
    return " ".join([f"{h} h"] * bool(h) + [f"{rest} min"] * bool(rest or not h))


# The directives


class FromCards(SphinxDirective):
    """Written again whenever a card changes; what is wrong with one ends the build."""

    def chapters(self):
        for pattern in ("chapters/*.ipynb", "assignments/source/*/*.ipynb", "_toc.yml"):
            for path in ROOT.glob(pattern):
                self.env.note_dependency(str(path))
        try:
            return read_chapters()
        except ValueError as error:
            raise self.error(str(error)) from error

    def parse(self, markdown):
        parent = nodes.Element()
        source, _ = self.get_source_info()
        self.state.nested_parse(StringList(markdown.split("\n"), source), 0, parent)
        return parent.children


class GraphDirective(FromCards):
    has_content = True  # the caption
    option_spec = {"name": directives.unchanged}

    def run(self):
        figure = nodes.figure("", nodes.raw("", graph(self.chapters()), format="html"))
        (caption,) = self.parse("\n".join(self.content))
        figure += nodes.caption("", "", *caption.children)
        self.add_name(figure)
        return [figure]


class TableDirective(FromCards):
    def run(self):
        return self.parse(table(self.chapters()))


class SyllabusDirective(FromCards):
    required_arguments, final_argument_whitespace = 1, True  # the caption
    has_content = True
    option_spec = {"known": str.split}

    def run(self):
        chapters = self.chapters()
        sessions = yaml.safe_load("\n".join(self.content))
        pages = Path(self.env.docname).parent
        notes = {stem for stem in chapters if f"{pages}/{stem}" in self.env.found_docs}
        known, caption = self.options.get("known", []), self.arguments[0]
        try:
            text = syllabus(sessions, known, chapters, notes, caption)
        except ValueError as error:
            raise self.error(str(error)) from error
        return self.parse(text)


# The form that makes a link for a JupyterHub


class hub_link(nodes.General, nodes.Element):
    """Written, not read, with the clone's address: that may change between two builds."""


class HubLinkDirective(FromCards):
    def run(self):
        chapters = self.chapters().values()
        return [
            hub_link(chapters=[(c.stem, f"{c.number} {c.title}") for c in chapters])
        ]


def visit_hub_link(self, node):
    static = "../" * self.builder.current_docname.count("/") + "_static"
    form = hub_form(node["chapters"], self.config.book_repository)
    self.body.append(f'{form}<script defer src="{static}/hub.js"></script>')


def hub_form(chapters, repository):
    """The form; `hub.js` makes the link."""
    address, branch = repository or ("", "main")
    options = "".join(
        f'<option value="{stem}.ipynb">{escape(name)}</option>'
        for stem, name in chapters
    )

    def field(name, label, about):
        return (
            f'<p><label for="hub-{name}">{label}</label> '
            f'<input id="hub-{name}" name="{name}" required {about}></p>'
        )

    web = 'type="url" pattern="https?://.+"'
    return (
        '<form class="hub-link" aria-label="A link for your JupyterHub">'
        + field(
            "hub", "Address of the hub", f'{web} placeholder="https://hub.example.org"'
        )
        + field("repo", "Address of the fork", f'{web} value="{escape(address)}"')
        + field("branch", "Branch", f'value="{escape(branch)}"')
        + f'<p><label for="hub-chapter">Chapter</label> '
        f'<select id="hub-chapter" name="chapter">{options}</select></p>'
        '<p><output aria-label="The link" for="hub-hub hub-repo hub-branch hub-chapter">'
        "Fill in the fields; the link appears here.</output></p></form>"
    )
