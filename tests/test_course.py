"""What the part for instructors reads off the cards of chapters and problem sets."""

import re

import course
import nbformat
import pytest
from bs4 import BeautifulSoup
from reading import CHAPTERS, read
from test_book import HTML, book_repository, soup

OVERVIEW = HTML / "chapters/teaching/overview.html"


def card(title, needs="a little Python.", minutes=30, exercises=1):
    return [
        f"(ch-x)=\n# {title}\n\n**You will be able to**\n- do one thing;\n- do $a + b$.\n\n"
        f"**You need first**: {needs}\n\n"
        f"**Time**: {minutes} minutes to read, 10 seconds to run.",
        "```{exercise}\nDo.\n```\n" * exercises,
    ]


@pytest.fixture
def small_book(tmp_path):
    """A book of three chapters, the second with a problem set; to be changed."""

    def make(**changed):
        cells = {
            "01_a": card("A"),
            "02_b": card("B", "[A](01_a.ipynb), and curves."),
            "03_c": card("C", "[B](02_b.ipynb) and [A](01_a.ipynb)."),
        } | {f"0{name[1:]}": texts for name, texts in changed.items()}
        for stem, texts in cells.items():
            write(tmp_path / f"chapters/{stem}.ipynb", texts)
        of_a_set = changed.get("a_set", "**Time**: 75 minutes. **Points**: 18, 12 by")
        write(
            tmp_path / "assignments/source/02_b/02_b.ipynb",
            [f"# Problem set 2: Grapes\n\n{of_a_set}"],
        )
        return course.read_chapters(tmp_path)

    return make


def write(path, texts):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


# Cards


def test_a_table_says_what_the_cards_say(small_book):
    _, _, a, b, _ = course.table(small_book()).split("\n* ")
    for text in (
        "[2 B](../02_b.ipynb)", "- - do one thing\n", "do $a + b$\n", "30 min",
        "[A](../01_a.ipynb), and curves.", "2: Grapes", "- 18", "- 75 min",
    ):  # fmt: skip
        assert text in b, b
    assert "- none\n" in a, "it has no problem set"


def test_a_change_in_a_card_changes_table_and_graph(small_book):
    before = small_book()
    after = small_book(
        x1_a=card("A", minutes=45, exercises=3), x3_c=card("C", "[A](01_a.ipynb).")
    )
    assert "- 45 min\n  - 10 s\n  - 3\n" in course.table(after)
    assert "45 min" not in course.table(before)
    assert "1 to 2, 2 to 3." in course.graph(before)
    assert "1 to 2, 1 to 3." in course.graph(after)


def test_arrows_are_drawn_for_what_others_do_not_imply(small_book):
    """C needs A through B; what only a part needs implies nothing."""
    assert [*course.arrows(small_book())] == [
        ("01_a", "02_b", False),
        ("02_b", "03_c", False),
    ]
    in_part = small_book(
        x3_c=card("C", "[A](01_a.ipynb); for the end also [B](02_b.ipynb).")
    )
    assert [*course.arrows(in_part)][1:] == [
        ("01_a", "03_c", False),
        ("02_b", "03_c", True),
    ]
    assert "2 to 3 (for a part)." in course.graph(in_part)


@pytest.mark.parametrize("needs", ["[C](03_c.ipynb)", "[B](02_b.ipynb)", "[X](09_x.ipynb)",
                                   "[A](01_a.ipynb); later [C](03_c.ipynb)"])  # fmt: skip
def test_a_prerequisite_that_comes_later_or_nowhere_is_an_error(needs, small_book):
    with pytest.raises(
        ValueError,
        match=r"02_b.ipynb: its card needs 0._\w, which is no earlier .+ 01_a$",
    ):
        small_book(x2_b=card("B", needs))


@pytest.mark.parametrize("change, complaint", [
    (dict(x1_a=["# A\n\n- do it\n"]), "01_a.ipynb: expected '..You need first"),
    (dict(x1_a=["# A\n\n- do it\n\n**You need first**: no\n"]), "expected '..Time"),
    (dict(x1_a=[card("A")[0].replace("- ", "* ")]), "no '- …' lines"),
    (dict(x1_a=[card("A")[0].replace("# ", "")]), "expected a title"),
    (dict(a_set="**Time**: 75 minutes."), "02_b.ipynb: its problem set: expected '..Po"),
])  # fmt: skip
def test_a_card_that_lacks_something_is_an_error(change, complaint, small_book):
    with pytest.raises(ValueError, match=complaint):
        small_book(**change)


# Syllabi


def session(**parts):
    return {"title": "One", "minutes": 90, "do": "Talk."} | parts


def test_a_syllabus_adds_up_what_its_cards_say(small_book):
    sessions = [
        session(before=["01_a"], teach=["01_a"]),
        session(before=["02_b"], after=["03_c"], assign=["01_a", "02_b"]),
    ]
    text = course.syllabus(sessions, [], small_book(), notes={"01_a"})
    assert "**In all 5 h 45 min** of a student's time: 3 h in the room, " in text
    assert "1 h 30 min reading, 1 h 15 min problem sets. **18 points.**" in text
    assert "problem set 2: Grapes (18 points, 75 min)" in text
    assert "exercises of [1 A]" in text, "which has no problem set"
    assert "90 minutes. Talk. Notes: [1 A](01_a.md)\n" in text
    longer = small_book(x1_a=card("A", minutes=45))
    assert "1 h 45 min reading" in course.syllabus(sessions, [], longer)


def test_a_session_that_comes_before_what_it_needs_is_an_error(small_book):
    alone = [session(teach=["02_b"])]
    with pytest.raises(ValueError, match="session 1 comes to 02_b before 01_a"):
        course.syllabus(alone, [], small_book())
    assert "know beforehand what is in [1 A]" in course.syllabus(
        alone, ["01_a"], small_book()
    )
    with pytest.raises(ValueError, match="no chapter 09_x; there are 01_a, 02_b, 03_c"):
        course.syllabus([session(assign=["09_x"])], [], small_book())


# The built page


def test_the_built_table_has_a_row_for_each_chapter_with_what_it_says():
    rows = soup(OVERVIEW).select("table.course-table")[0].select("tbody tr")
    assert len(rows) == len(CHAPTERS)
    for row, chapter in zip(rows, CHAPTERS):
        head, *cells = row.find_all(["th", "td"])
        assert head.name == "th" and head["scope"] == "row"
        assert head.a["href"] == f"../{chapter.stem}.html"
        text = "\n".join(cell.source for cell in read(chapter).cells)
        labelled = re.findall(r"^:label: ex-", text, re.M)
        assert int(cells[4].get_text()) == len(labelled)
        assert len(cells[0].select("li")) >= 3
        assert set(re.findall(r"\((\d\d_\w+)\.ipynb\)", card_of(chapter))) == {
            a["href"][3:].removesuffix(".html") for a in cells[1].select("a")
        }


def card_of(chapter):
    return read(chapter).cells[0].source.partition("**You need first**")[2]


def test_the_built_graph_names_every_chapter_to_all_readers():
    figure = soup(OVERVIEW).find("figure", id="fig-chapter-graph")
    picture = figure.svg
    assert picture["role"] == "img" and "1 to 2" in picture["aria-label"]
    assert len(picture.select("circle")) == len(CHAPTERS)
    assert "dashed" in figure.figcaption.get_text()


# The form for a hub


def test_the_form_knows_where_the_book_comes_from():
    fork = ("https://example.org/a/fork", "mine")
    form = BeautifulSoup(course.hub_form([("01_a", "1 A")], fork), "html.parser")
    assert form.find(id="hub-repo")["value"] == fork[0]
    assert form.find(id="hub-branch")["value"] == "mine"
    assert form.option["value"] == "01_a.ipynb"
    unknown = BeautifulSoup(course.hub_form([], None), "html.parser")
    assert unknown.find(id="hub-repo")["value"] == ""
    built = soup(HTML / "chapters/teaching/assigning.html")
    address = (book_repository() or [""])[0]
    assert built.find(id="hub-repo")["value"] == address
