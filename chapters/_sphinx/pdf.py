"""The built book as one PDF: `make pdf`.

The articles of all pages become one document. Chromium prints it twice: only a print
tells on which page a chapter begins, which is then written into the contents.
"""

import io
import json
import os
import re
import shutil
from html import escape
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote, urldefrag, urlsplit

import matplotlib
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

ROOT = Path(__file__).parents[2]
HTML, PDF = ROOT / "_build/html", ROOT / "_build/pdf/em-for-gaussian-mixtures.pdf"
FONTS = Path(matplotlib.get_data_path(), "fonts/ttf")  # the same everywhere
# What is pressed, and of a player's frames all but the most telling one.
NOT_PRINTED = """.headerlink, .toctree-wrapper, script, style, button, form, summary svg,
    .player-controls, .player-status, .player-frame:not(.player-still)"""


def print_book():
    PDF.parent.mkdir(parents=True, exist_ok=True)
    document = PDF.with_suffix(".html")
    document.write_text(book(), encoding="utf-8")
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=path_of_browser(own))
        page = browser.new_page()
        page.goto(document.as_uri())
        first = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
        page.evaluate(NUMBER_CONTENTS, page_numbers(first))
        page.pdf(path=PDF, prefer_css_page_size=True, outline=True, tagged=True)
        browser.close()
    document.unlink()


NUMBER_CONTENTS = """(pages) => {
    for (const link of document.querySelectorAll("nav a"))
        link.append(pages[decodeURIComponent(link.hash.slice(1))]);
}"""


def path_of_browser(own):
    """The system's Chromium or Chrome, else Playwright's."""
    for command in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(command):
            return path
    if not os.path.exists(own):
        raise FileNotFoundError(
            "no browser: install chromium or google-chrome with the system's packages, "
            "or run `.venv/bin/playwright install --with-deps chromium`"
        )
    return own


def page_numbers(reader):
    """The page, from 1, of each place that a link leads to."""
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def book():
    """The whole book as one page of HTML."""
    index = read("index.html")
    entries = index.select(".bd-links .caption, .bd-links ul:not([class*=home]) a")
    pages = {a["href"]: anchor(a["href"]) for a in entries if a.name == "a"}
    pages["index.html"] = anchor("index.html")
    contents, heads, articles = "", "", article("index.html", pages, shift=0)
    for entry in entries:
        name = entry.get_text()
        if entry.name != "a":
            contents += f"<p>{escape(name)}</p>"
            continue
        place = pages[entry["href"]]
        contents += f'<a href="#{place}"><span>{entry.decode_contents()}</span></a>'
        running = json.dumps(name, ensure_ascii=False)
        heads += f"#{place} {{ page: {place} }}\n"
        heads += f"@page {place} {{ @top-center {{ content: {running} }} }}\n"
        # Numbered chapters lie within their part, which a page without number opens.
        articles += article(entry["href"], pages, shift=name[0].isdigit())
    title = escape(index.select_one(".logo__title").get_text())
    about = index.select(".bd-footer-content .footer-item :is(p, div)")
    about = "<br>".join(escape(line.get_text().strip()) for line in about)
    style = Path(__file__).with_name("pdf.css").read_text(encoding="utf-8")
    for name, folder in {"FONTS": FONTS, "LIBRARY": ROOT / "gmmlib/book/fonts"}.items():
        style = style.replace(name, folder.as_uri())
    static = (HTML / "_static").as_uri()
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light">
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="{static}/pygments.css">
<link rel="stylesheet" href="{static}/katex/katex.min.css">
<style>{style}{heads}</style>
<section class="cover">
<img src="{static}/logo.svg" alt=""><p>{title}</p><small>{about}</small>
</section>
<nav><h1>Contents</h1>{contents}</nav>
{articles}
"""


def read(path):
    return BeautifulSoup((HTML / path).read_text(encoding="utf-8"), "html.parser")


def anchor(path, place=""):
    """A page's or a place's name in the book: places on two pages may share theirs."""
    page = re.sub(r"\W", "-", path.removesuffix(".html"))
    return f"{page}--{place}" if place else page


def article(path, pages, shift):
    """The article of a page as a section, its headings smaller by `shift`."""
    article = read(path).article
    for tag in article.select(NOT_PRINTED):
        tag.decompose()
    for details in article.select("details"):
        details["open"] = ""
    for formula in article.select(".katex"):  # read aloud as its source
        source = " ".join(formula.annotation.get_text().split())
        formula["role"], formula["aria-label"] = "img", source
        formula.select_one(".katex-mathml").decompose()
        del formula.select_one(".katex-html")["aria-hidden"]
    for word in article.select(".highlight :is(.n, .nn, .p, .w)"):
        word.unwrap()  # black anyway, and each would be a part of the structure
    article.h1["class"] = "title"
    for heading in article.find_all(re.compile("^h[1-5]$")):
        heading.name = f"h{int(heading.name[1]) + shift}"
    for image in article.select("img"):
        image["src"] = (HTML / path).parent.joinpath(image["src"]).resolve().as_uri()
        del image["loading"]  # in print, all are near
    for tag in article.select("[id]"):
        tag["id"] = anchor(path, tag["id"])
    for link in article.select("a[href]"):
        address, place = urldefrag(link["href"])
        if urlsplit(address).scheme:
            continue
        target = normpath(f"{path}/../{unquote(address)}") if address else path
        if target in pages:
            link["href"] = f"#{anchor(target, unquote(place))}"
        else:  # a figure's file, the index
            link.unwrap()
    article.name, article["id"] = "section", pages[path]
    return str(article).replace("✅", "✓")  # of which the fonts have no letter


if __name__ == "__main__":
    print_book()
