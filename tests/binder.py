"""What a reader sees in Binder: JupyterLab opens each chapter and runs it. `make binder`

JupyterLab comes from _build/binder, which is made from .binder/requirements.txt alone.
"""

import os
import re
import socket
import subprocess
import time
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import nbformat
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect
from reading import CHAPTERS, ROOT, code_cells, labels, read
from test_binder import copy_of_repository
from test_book import book, problems_in_text, report, visible
from test_browser import MINUTE, browser  # noqa: F401, a fixture is used by its name

JUPYTERLAB = ROOT / "_build/binder/bin/jupyter-lab"
expect.set_options(timeout=MINUTE)  # JupyterLab draws outputs when it is idle


@pytest.fixture
def lab(tmp_path):
    """JupyterLab in a fresh clone, for a reader who comes for the first time."""
    if not JUPYTERLAB.exists():
        pytest.fail(f"there is no {JUPYTERLAB.relative_to(ROOT)}: run `make binder`")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"--no-browser --allow-root --port={port} --IdentityProvider.token="
    log = tmp_path / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [JUPYTERLAB, *options.split()],
            cwd=copy_of_repository(tmp_path),
            env={**os.environ, "HOME": str(tmp_path)},  # no settings, no trust
            stdout=file,
            stderr=file,
        )
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_for(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait()


def wait_for(address, server, log):
    for _ in range(600):
        try:
            return urlopen(f"{address}api").close()
        except URLError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
    pytest.fail(f"JupyterLab does not answer:\n{log.read_text()}")


@pytest.fixture
def page(lab, browser):  # noqa: F811, the name asks for that fixture
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(MINUTE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_can_be_read_and_run_and_its_player_played(
    chapter, page, lab, tmp_path
):
    page.goto(lab + path_of_button(chapter))
    see_stored_outputs(page, read(chapter))
    see_text(page, read(chapter))
    run_all(page)
    saved = nbformat.read(tmp_path / f"clone/chapters/{chapter.name}", as_version=4)
    report(problems_in_run(saved))
    see_new_outputs(page, saved)
    for player in page.locator(".player").all():
        play(player)


def path_of_button(chapter):
    """What Binder appends to JupyterLab's address, for a reader of this chapter."""
    button = book.binder_address(
        "https://github.com/some/fork", "main", f"chapters/{chapter.name}"
    )
    (path,) = parse_qs(urlsplit(button).query)["urlpath"]
    return path


# Before it is run


def see_stored_outputs(page, notebook):
    """Texts and still figures: the notebook is not trusted yet, and has no HTML."""
    expect(page.get_by_title("Notebook not trusted")).to_be_visible()
    outputs = [output for _, cell in code_cells(notebook) for output in cell.outputs]
    images = [output for output in outputs if "image/png" in output.get("data", {})]
    see_images(page, len(images))
    rich = {"image/png", "text/markdown"}
    texts = [
        output.get("text") or output.data["text/plain"]
        for output in outputs
        if not rich & set(output.get("data", {}))
    ]
    shown = page.locator(".jp-OutputArea-output.jp-RenderedText")
    expect(shown).to_have_text([text.strip() for text in texts])


def see_images(page, n):
    images = page.locator(".jp-RenderedImage img")
    expect(images).to_have_count(n)
    for image in images.all():
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("(image) => image.naturalWidth"), "a broken image"


DIRECTIVES = {  # of MyST's, and what jupyterlab-myst makes of them
    "{admonition}": ".myst-admonition",
    "{dropdown}": ".myst-dropdown",
    "{exercise-start}": "aside.myst-exercise:has-text('Exercise')",
    "{solution-start}": "details.myst-exercise:has-text('Solution')",
}


def see_text(page, notebook):
    """Directives and roles are rendered; where they lead to another page, named."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    source = "\n".join(sources)
    cells = page.locator(".jp-MarkdownCell .myst")
    expect(cells).to_have_count(len(sources))
    for directive, rendered in DIRECTIVES.items():
        expect(page.locator(rendered)).to_have_count(source.count(directive))
    html = "".join(cells.evaluate_all("(cells) => cells.map((c) => c.outerHTML)"))
    text = BeautifulSoup(html, "html.parser")
    report(problems_in_text(text))
    report(line for line in visible(text) if re.match(r"\s*(\([\w-]+\)=|:\w+:)", line))
    lost = page.get_by_title("Cross Reference Not Found").all_text_contents()
    lost = set(lost) & set(labels(source))
    assert not lost, f"references within the chapter that lead nowhere: {lost}"


# Run


def run_all(page):
    """Until every cell has a number again, or one fails; then save."""
    status = page.locator("#jp-main-statusbar").get_by_text("Python 3 (ipykernel) |")
    expect(status).to_have_text("Python 3 (ipykernel) | Idle")
    prompts = page.locator(".jp-CodeCell .jp-InputArea-prompt")
    choose(page, "Edit", "Clear Outputs of All Cells")
    expect(prompts.filter(has_text=re.compile(r"\d"))).to_have_count(0)
    choose(page, "Run", "Run All Cells")
    try:
        page.wait_for_function(
            """() => document.querySelector("[data-mime-type$='.stderr']") // errors, too
            || [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")]
                .every((prompt) => /\\d/.test(prompt.textContent))""",
            timeout=5 * MINUTE,
        )
    except PlaywrightTimeoutError:
        numbers = " ".join(prompts.all_text_contents())
        pytest.fail(f"not every cell has run: {numbers}; {status.text_content()}")
    page.keyboard.press("Control+S")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)


def choose(page, menu, item):
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def problems_in_run(notebook):
    cells = code_cells(notebook)
    for i, cell in cells:
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"cell {i}: {output.ename}: {output.evalue}"
            if output.get("name") == "stderr":
                yield f"cell {i}: {output.text}"
    counts = [cell.execution_count for _, cell in cells]
    if counts != list(range(1, len(cells) + 1)):
        yield f"expected every cell to have run, once and in order, got {counts}"


def see_new_outputs(page, notebook):
    outputs = [output for _, cell in code_cells(notebook) for output in cell.outputs]
    data = [output.get("data", {}) for output in outputs]
    players = sum("text/html" in one for one in data)
    assert players, "no player"
    expect(page.locator(".player-ready")).to_have_count(players)
    see_images(page, sum("image/png" in one for one in data) - players)


def play(player):
    """By keyboard, of whose keys JupyterLab has uses of its own."""
    n = player.locator(".player-frame").count()
    button = {
        name: player.get_by_role("button", name=name, exact=True)
        for name in ("Previous frame", "Play", "Pause", "Next frame")
    }
    slider = player.get_by_role("slider", name="Frame", exact=True)

    def see(number):
        expect(player.locator(".player-count")).to_have_text(f"{number} / {n}")
        expect(player.locator(".player-frame").filter(visible=True)).to_have_count(1)

    see(1)
    button["Next frame"].press("Enter")
    see(2)
    button["Previous frame"].press("Space")
    see(1)
    slider.press("End")
    see(n)
    slider.press("ArrowLeft")
    see(n - 1)
    button["Play"].press("Enter")
    see(n)
    expect(button["Play"]).to_be_visible()
    button["Play"].click()
    button["Pause"].click()
