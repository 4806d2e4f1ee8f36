"""The built book, as `make book` leaves it in _build/html."""

import base64
import gzip
import io
import os
import re
import sys
from collections import Counter
from functools import cache
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag, urlsplit

import book
import light
import nbformat
import pytest
from bs4 import BeautifulSoup, Comment
from fontTools.ttLib import TTFont
from reading import CHAPTERS, ROOT, citations, documents, read

HTML = ROOT / "_build/html"
PAGES = sorted(HTML.rglob("*.html"))
PAGES = [
    page for page in PAGES if "_static" not in page.parts
]  # no pages, but their templates

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(HTML).with_suffix("").as_posix()
)
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


@cache
def soup(page):
    if not page.is_file():
        pytest.fail(
            f"there is no {page.relative_to(HTML)} in _build/html: run `make book`"
        )
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


@cache
def page_of(chapter):
    return soup(HTML / f"chapters/{chapter.stem}.html")


def report(problems):
    problems = list(dict.fromkeys(problems))
    assert not problems, "\n" + "\n".join(problems)


def test_the_book_is_built_from_the_present_sources():
    assert PAGES, "no book in _build/html: run `make book`"
    built = {page.relative_to(HTML).with_suffix("").as_posix() for page in PAGES}
    assert set(documents()) <= built, "pages are missing: run `make book`"
    for chapter in CHAPTERS:
        copied = HTML / f"_sources/chapters/{chapter.name}"
        assert copied.is_file() and read(copied).cells[1:] == read(chapter).cells, (
            "out of date: run `make book`"
        )


# Links, and what a page loads


@each_page
def test_every_internal_link_and_anchor_leads_somewhere(page):
    report(problems_in_links(page, soup(page)))


def problems_in_links(page, parsed):
    for tag, address in addresses(parsed):
        path, anchor = urldefrag(address)
        if is_external(address) or address in ("", "#"):
            continue
        target = (
            (page.parent / unquote(urlsplit(path).path)).resolve() if path else page
        )
        if not target.is_file():
            yield f"<{tag}> leads to {address}, which is no file"
        elif (
            anchor
            and target.suffix == ".html"
            and unquote(anchor) not in anchors(target)
        ):
            yield f"<{tag}> leads to {address}, where there is no such anchor"


def addresses(page):
    """(tag, address) of everything that a page links to or loads."""
    for tag in page.find_all(True):
        for attribute in ("href", "src", "data", "poster", "xlink:href", "action"):
            if tag.get(attribute) is not None:
                yield tag.name, tag[attribute]
        for part in filter(None, map(str.split, tag.get("srcset", "").split(","))):
            yield tag.name, part[0]


def is_external(address):
    return bool(urlsplit(address).scheme or urlsplit(address).netloc)


@cache
def anchors(page):
    tags = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find_all(True)
    return {tag.get("id") or tag.get("name") for tag in tags}


@each_page
def test_a_page_loads_nothing_from_elsewhere(page):
    report(problems_in_loading(soup(page)))


def problems_in_loading(page):
    for tag, address in addresses(page):
        if (
            tag not in ("a", "form")
            and is_external(address)
            and not address.startswith("data:")
        ):
            yield f"<{tag}> loads {address}"
    for tag in page.find_all(["iframe", "base", "object", "embed"]):
        yield f"<{tag.name}> on the page"
    styles = [tag.get_text() for tag in page.find_all("style")]
    styles += [tag["style"] for tag in page.find_all(style=True)]
    for style in styles:
        yield from problems_in_style(style)
    for script in page.find_all("script"):
        yield from re.findall(r"""["'](?:https?:)?//[^"']+""", script.get_text())


def test_no_style_sheet_loads_anything_from_elsewhere():
    report(
        f"{sheet.name}: {problem}"
        for sheet in HTML.rglob("*.css")
        for problem in problems_in_style(sheet.read_text(encoding="utf-8"), sheet)
    )


def problems_in_style(text, sheet=None):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    loaded = r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)"""
    for address in ("".join(groups) for groups in re.findall(loaded, text)):
        if address.startswith(("data:", "#", "%23")):
            continue
        if is_external(address):
            yield f"a style loads {address}"
        elif (
            sheet
            and not (sheet.parent / unquote(urlsplit(address).path)).resolve().is_file()
        ):
            yield f"a style loads {address}, which is no file"


# What a reader sees


@each_page
def test_no_source_is_left_in_the_text(page):
    report(problems_in_text(soup(page)))


def problems_in_text(page):
    for formula in page.select(".math"):
        if not formula.select_one(".katex-html"):
            yield f"a formula that is not rendered: {formula.get_text().strip()[:60]!r}"
    for error in page.select(".katex-error, .problematic, .system-message"):
        yield f"an error on the page: {error.get_text().strip()[:60]!r}"
    left = {
        r"\\[a-zA-Z]{2,}|\\[()\[\]]|\$\$|\$\S[^$\n]*\$": "raw TeX",
        r"\{[a-z:]+\}`|(```|:::)": "a raw directive or role",
        r"Traceback \(most recent|CellExecutionError|[Ee]xecution failed": "a failure",
        r"\[\?\]|\[\]|\?\?": "an unresolved citation or reference",
    }
    for text in visible(page):
        for pattern, what in left.items():
            for found in re.finditer(f".{{0,20}}({pattern}).{{0,20}}", text, re.M):
                yield f"{what}: {found[0]!r}"


def visible(page):
    """The text that is neither code nor a formula's source."""
    hidden = ["annotation", "code", "pre", "script", "style", "title"]
    for text in page.find_all(string=True):
        if not isinstance(text, Comment) and not text.find_parent(hidden):
            yield text


@each_page
def test_every_image_has_an_alternative_text_that_is_not_its_name(page):
    report(problems_in_images(soup(page)))


def problems_in_images(page):
    for image in page.find_all("img"):
        name = image.get("src", "").split("/")[-1]
        logo = (
            image.find_parent("a", class_="navbar-brand") is not None
        )  # its text is beside it
        alt = image.get("alt")
        if alt is None or (not alt.strip() and not logo):
            yield f"no alternative text: {name[:60]}"
        elif name and (name in alt or name.split(".")[0] in alt):
            yield f"the alternative text is a file name: {alt}"


@each_page
def test_a_page_has_its_language_a_title_and_headings_without_gaps(page):
    report(problems_in_structure(soup(page)))


def problems_in_structure(page):
    if not page.html.get("lang"):
        yield "no language"
    if not page.title or not page.title.get_text().strip():
        yield "no title"
    levels = [
        int(tag.name[1])
        for tag in (page.article or page).find_all(re.compile("^h[1-6]$"))
    ]
    if levels.count(1) != 1 or levels[0] != 1:
        yield f"expected one h1, and it first: {levels}"
    for before, after in zip(levels, levels[1:]):
        if after > before + 1:
            yield f"h{after} follows h{before}"
    ids = Counter(tag["id"] for tag in page.find_all(id=True))
    yield from (f"the id {name} occurs {n} times" for name, n in ids.items() if n > 1)


# Chapters


@each_chapter
def test_a_chapter_offers_its_notebook(chapter):
    links = [
        link["href"] for link in page_of(chapter).select("a.btn-download-source-button")
    ]
    assert links == [f"../_sources/chapters/{chapter.name}"]


@each_chapter
def test_the_notebook_begins_with_what_it_needs(chapter):
    notebook = read(HTML / f"_sources/chapters/{chapter.name}")
    nbformat.validate(notebook)
    needed = book.library(book_repository())
    assert f'pip install "{needed}"' in notebook.cells[0].source


def test_a_reader_without_the_library_is_told_how_to_get_it(monkeypatch):
    first = read(HTML / f"_sources/chapters/{CHAPTERS[0].name}").cells[0].source
    exec(first)
    for module in ("gmmlib", "gmmlib.book.plotting"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match='(?s)pip install ".+restart'):
        exec(first)


def test_a_notebook_asks_for_the_library_that_it_was_run_with(monkeypatch):
    assert book.library(None) == "path/to/the/book[cli,dask]"
    fork, commits = ("https://example.org/a/fork", "mine"), {"rev-parse": "1234"}
    monkeypatch.setattr(book, "git", lambda command, *_: commits.get(command, ""))
    assert (
        book.library(fork) == "gmmlib[cli,dask] @ git+https://example.org/a/fork@mine"
    )
    commits["for-each-ref"] = "1234 commit refs/remotes/origin/mine"
    assert (
        book.library(fork) == "gmmlib[cli,dask] @ git+https://example.org/a/fork@1234"
    )


@each_chapter
def test_a_chapter_opens_in_binder_exactly_when_the_clone_has_an_address(chapter):
    address_known = book_repository()
    links = [link["href"] for link in page_of(chapter).find_all("a", href=True)]
    links = [link for link in links if "binder" in link]
    path = f"chapters/{chapter.name}"
    assert links == (
        [book.binder_address(*address_known, path)] if address_known else []
    )


def book_repository():
    config = SimpleNamespace()
    book.find_repository(None, config)
    return config.book_repository


def test_a_clone_without_an_address_has_none_and_a_fork_its_own(monkeypatch):
    for name in (
        "GITHUB_REPOSITORY",
        "GITHUB_SERVER_URL",
        "GITHUB_HEAD_REF",
        "GITHUB_REF_NAME",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(book, "git", lambda *command: "")
    assert book_repository() is None
    monkeypatch.setattr(
        book,
        "git",
        lambda *command: {
            "remote": "git@github.com:a/fork.git",
            "symbolic-ref": "mine",
        }[command[0]],
    )
    assert book_repository() == ("https://github.com/a/fork", "mine")
    monkeypatch.setitem(os.environ, "GITHUB_REPOSITORY", "b/other")
    monkeypatch.setitem(os.environ, "GITHUB_REF_NAME", "main")
    assert book_repository() == ("https://github.com/b/other", "main")


@each_chapter
def test_every_citation_leads_to_the_bibliography(chapter):
    links = page_of(chapter).article.select('a[href*="bibliography.html#"]')
    assert len(links) == len(citations(read(chapter)))


def test_the_bibliography_has_every_work_that_is_cited():
    entries = soup(HTML / "chapters/bibliography.html").select(".citation")
    assert len(entries) == len(
        {key for page in documents().values() for key in citations(page)}
    )


@each_chapter
def test_the_time_that_a_chapter_took_is_in_the_table(chapter):
    rows = [
        row.get_text(" ")
        for row in soup(HTML / "chapters/how_it_was_run.html").select("tr")
    ]
    (row,) = [row for row in rows if chapter.stem in row]
    assert "✅" in row and re.search(r"\d\.\d", row)


@each_chapter
def test_every_figure_of_a_chapter_is_on_its_page_with_its_texts(chapter):
    page = page_of(chapter)
    for cell in read(chapter).cells:
        about = cell.metadata.get("mystnb", {})
        if "figure" in about:
            name, alt = about["figure"]["name"], about["image"]["alt"]
            shown = page.find("figure", id=name)
            assert shown and shown.figcaption, name
            is_player = shown.select(
                ".player-frame img"
            )  # it has an alt text for each frame
            assert is_player or [image["alt"] for image in shown.find_all("img")] == [
                alt
            ]


# What a page weighs, and what it waits for


@each_page
def test_a_page_waits_for_nothing_but_itself(page):
    report(problems_in_waiting(soup(page)))


def problems_in_waiting(page):
    for sheet in page.find_all("link", rel="stylesheet"):
        yield f"waits for the style sheet {sheet['href']}"
    for script in page.find_all("script", src=True):
        if not script.has_attr("defer"):
            yield f"waits for the script {script['src']}"
    for image in page.select(".cell_output img"):
        name = image["src"][:60]
        if not {"width", "height"} <= image.attrs.keys():
            yield f"no place is kept for the image {name}"
        if image.get("loading") != "lazy":
            yield f"loads an image that is perhaps not looked at: {name}"
        if name.startswith("data:"):
            yield "an image is in the page itself"


@each_page
def test_every_icon_on_a_page_is_drawn_by_the_font_that_it_brings(page):
    style = "".join(tag.get_text() for tag in soup(page).find_all("style"))
    font = re.search(r"data:font/woff;base64,([^)]+)", style)[1]
    drawn = TTFont(io.BytesIO(base64.b64decode(font))).getBestCmap()
    icons = set(re.findall(r"fa[srb]? (fa-(?!solid|lg)[a-z-]+)", page.read_text()))
    icons |= set(re.findall(r"fa-solid (fa-(?!lg)[a-z-]+)", page.read_text()))
    assert icons
    for icon in icons:
        rule = re.search(rf'\.{icon}:+before[^{{]*\{{content: ?"(.)"', style)
        assert rule and ord(rule[1]) in drawn, icon


@each_page
def test_a_page_has_the_rules_for_both_themes_and_for_print(page):
    style = "".join(tag.get_text() for tag in soup(page).find_all("style"))
    for rule in ("[data-theme=dark]", "[data-theme=light]", "@media print"):
        assert rule in style.replace('"', ""), rule
    if soup(page).select_one(".highlight"):
        assert 'html[data-theme="dark"] .highlight' in style


@each_page
def test_a_page_brings_its_letters_and_those_of_formulas_if_it_has_formulas(page):
    has_formulas = soup(page).select_one(".katex") is not None
    letters = [link["href"] for link in soup(page).select('link[rel="preload"]')]
    assert sum("KaTeX_" in path for path in letters) == 2 * has_formulas
    assert sum("fira-sans" in path for path in letters) == 1


@each_page
def test_a_page_is_at_most_two_megabytes_with_all_that_it_loads(page):
    loaded = {page}
    for tag, address in addresses(soup(page)):
        if tag in ("img", "script", "link") and not is_external(address):
            path = (page.parent / urlsplit(address).path).resolve()
            loaded |= {path} - set(PAGES)
    fonts = re.findall(r"url\(([^)]+\.woff2)\)", page.read_text())
    loaded |= {(page.parent / font).resolve() for font in fonts}
    files = [path.read_bytes() for path in loaded if path.is_file()]
    assert sum(len(gzip.compress(file)) for file in files) < 2e6


def test_the_first_column_of_a_table_may_be_headings():
    head = "<thead><tr><th class='a'><p></p></th><th>x</th></tr></thead>"
    row = "<tr><td><p>a</p></td><td>1</td></tr>"
    headed = light.with_row_headings(f"<table>{head}{row}</table><table>{row}</table>")
    assert "<td class='a'></td><th>x</th>" in headed
    assert headed.count('<tr><th scope="row"><p>a</p></th><td>1</td></tr>') == 1


# Each rule, broken once


def check_page(check, body):
    html = f'<html lang="en"><title>A</title><article><h1 id="a">A</h1>{body}</article>'
    return list(check(BeautifulSoup(html, "html.parser")))


OUTPUT = '<div class="cell_output">'


@pytest.mark.parametrize("check, body, complaint", [
    (problems_in_loading, '<script src="https://cdn.example.org/a.js"></script>',
     "<script> loads"),
    (problems_in_loading, '<link rel="preconnect" href="//fonts.example.org">',
     "<link> loads"),
    (problems_in_loading, '<img srcset="https://example.org/a.png 2x">', "<img> loads"),
    (problems_in_loading, "<iframe></iframe>", "<iframe>"),
    (problems_in_loading, "<style>@import 'https://example.org/a.css'</style>",
     "a style loads"),
    (problems_in_loading, '<p style="background: url(//example.org/a.png)">',
     "a style loads"),
    (problems_in_loading, "<script>import('https://example.org/a.js')</script>",
     "example.org"),
    (problems_in_text, '<span class="math">\\(x^2\\)</span>', "not rendered"),
    (problems_in_text, '<span class="katex-error">x</span>', "an error"),
    (problems_in_text, r"<p>so \frac12</p>", "raw TeX"),
    (problems_in_text, "<p>for $x_n$ only</p>", "raw TeX"),
    (problems_in_text, "<p>see {eq}`eq-a`</p>", "a raw directive or role"),
    (problems_in_text, "<p>CellExecutionError</p>", "a failure"),
    (problems_in_text, "<p>as shown [?]</p>", "an unresolved"),
    (problems_in_images, '<img src="a/b_1.png">', "no alternative text"),
    (problems_in_images, '<img src="a/b_1.png" alt="../a/b_1.png">', "is a file name"),
    (problems_in_waiting, '<link rel="stylesheet" href="a.css">', "the style sheet a"),
    (problems_in_waiting, '<script src="a.js"></script>', "the script a.js"),
    (problems_in_waiting, OUTPUT + '<img src="a.png" loading="lazy">', "no place"),
    (problems_in_waiting, OUTPUT + '<img src="a.png" width="1" height="1">',
     "not looked at"),
    (problems_in_waiting, OUTPUT + '<img src="data:a">', "in the page itself"),
    (problems_in_structure, "<h1>B</h1>", "expected one h1"),
    (problems_in_structure, "<h3>B</h3>", "h3 follows h1"),
    (problems_in_structure, '<p id="a">B</p>', "the id a occurs 2 times"),
])  # fmt: skip
def test_a_broken_rule_is_found(check, body, complaint):
    assert (
        check_page(check, '<h2>B</h2><p>A <a href="https://example.org">link</a>.</p>')
        == []
    )
    assert re.search(complaint, "\n".join(check_page(check, body)))


def test_a_link_to_nowhere_is_found(tmp_path):
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    page = tmp_path / "a.html"
    page.write_text(
        '<a href="b.html#there">1</a> <a href="b.html#here">2</a>'
        '<a href="c.html">3</a>'
        '<a href="#top">4</a> <a href="https://example.org/#x">5</a>'
    )
    parsed = BeautifulSoup(page.read_text(), "html.parser")
    assert list(problems_in_links(page, parsed)) == [
        "<a> leads to b.html#here, where there is no such anchor",
        "<a> leads to c.html, which is no file",
        "<a> leads to #top, where there is no such anchor",
    ]
