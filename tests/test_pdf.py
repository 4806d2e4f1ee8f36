"""The book as one PDF, as `make pdf` leaves it in _build/pdf."""

import re
import unicodedata
from collections import Counter

import pdf
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader
from pypdf.generic import NumberObject, PdfObject
from test_book import PAGES, report


@pytest.fixture(scope="module")
def reader():
    newest = max(page.stat().st_mtime for page in PAGES)
    if not pdf.PDF.is_file() or pdf.PDF.stat().st_mtime < newest:
        pytest.fail(f"{pdf.PDF.name} is older than the book's pages: run `make pdf`")
    return PdfReader(pdf.PDF)


@pytest.fixture(scope="module")
def texts(reader):
    """(all text, text that is not code) of each page, in one line."""
    return [read(page) for page in reader.pages]


def read(page):
    prose = []

    def collect(text, user_matrix, text_matrix, font, size):
        if font and "Mono" not in font.get("/BaseFont", ""):
            prose.append(text)

    text = page.extract_text(visitor_text=collect)
    return " ".join(text.split()), " ".join("".join(prose).split())


@pytest.fixture(scope="module")
def printed():
    """What was printed."""
    return BeautifulSoup(pdf.book(), "html.parser")


def test_bookmarks_and_contents_lead_to_the_chapters_in_order(reader, texts, printed):
    found = dict(bookmarks(reader, reader.outline))
    chapters = [link.get_text() for link in printed.select("nav a")]
    assert len(chapters) > 15
    assert [title for title in found if title in chapters] == chapters
    assert [found[title] for title in chapters] == sorted(map(found.get, chapters))
    assert len(reader.pages) > 200
    contents = " ".join(text for text, _ in texts[1 : found[chapters[0]] - 1])
    for title in chapters:
        page = found[title]
        assert f"{title} {page} " in f"{contents} ", "not in the contents"
        # the running title, the page's number, the title
        assert texts[page - 1][0].startswith(f"{title} {page} {title} ")


def bookmarks(reader, entries):
    """(title, page from 1) of every bookmark."""
    for entry in entries:
        if isinstance(entry, list):
            yield from bookmarks(reader, entry)
        else:
            yield entry.title, reader.get_destination_page_number(entry) + 1


def test_every_link_leads_somewhere(reader, printed):
    places = set(pdf.page_numbers(reader))
    assert {link["href"][1:] for link in printed.select("a[href^='#']")} == places
    for page in reader.pages:
        for link in map(PdfObject.get_object, page.get("/Annots", [])):
            if "/Dest" in link:
                assert link["/Dest"].removeprefix("/") in places
            else:
                assert re.match("https?://", link["/A"]["/URI"])


def test_no_source_is_left_in_the_text(texts):
    source = re.compile(r".{0,20}(?:\\[a-zA-Z]{2,}|\$|\{[a-z:]+\}`|```|:::).{0,20}")
    report(
        f"page {number}: {found[0]!r}"
        for number, (_, prose) in enumerate(texts, 1)
        for found in source.finditer(prose)
    )


def test_every_figure_is_there_with_its_caption(reader, texts, printed):
    def letters(text):  # without hyphens
        return re.sub(r"\W", "", unicodedata.normalize("NFKC", text))

    text = letters("".join(text for text, _ in texts))
    report(
        f"not in the text: {part}"
        for caption in printed.select("figcaption")
        for part in caption.find_all(string=True)
        if not part.find_parent(class_="katex") and letters(part) not in text
    )
    images = [name for page in reader.pages for name in drawn(page, "/XObject")]
    assert len(images) == len(printed.select("figure img")) > 50


def drawn(page, kind):
    return [each.get_object() for each in page["/Resources"].get(kind, {}).values()]


def test_every_font_is_in_the_file(reader):
    fonts = [font for page in reader.pages for font in drawn(page, "/Font")]
    assert fonts
    for font in fonts:
        if font["/Subtype"] != "/Type3":  # which is drawings
            about = font.get("/DescendantFonts", [font])[0].get("/FontDescriptor", {})
            assert {"/FontFile2", "/FontFile3"} & about.keys(), font["/BaseFont"]


def test_a_screen_reader_has_the_language_the_title_and_alternative_texts(
    reader, printed
):
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en" and root["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == printed.title.get_text()
    texts, parts = Counter(), [root["/StructTreeRoot"]]
    while parts:
        part = parts.pop().get_object()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            texts[part.get("/Alt")] += 1
            parts.append(part.get("/K", NumberObject(0)))
    images = [image["alt"] for image in printed.select("figure img")]
    formulas = [formula["aria-label"] for formula in printed.select(".katex")]
    report(f"not read aloud: {text}" for text in Counter(images + formulas) - texts)
