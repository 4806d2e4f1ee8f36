"""The built book in a real browser: what a reader sees, presses and hears read."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import nbformat
import pdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from reading import CHAPTERS, ROOT
from test_book import HTML, PAGES, report, soup

THEMES = ("light", "dark")
NAMES = [page.relative_to(HTML).as_posix() for page in PAGES]
WITH_PLAYER = [
    name for name in NAMES if 'class="player"' in (HTML / name).read_text("utf-8")
]
MINUTE = 60_000

each_page = pytest.mark.parametrize("name", NAMES)
each_page_with_player = pytest.mark.parametrize("name", WITH_PLAYER)


# A server, a browser, a page


@pytest.fixture(scope="module")
def address():
    with serving(HTML) as address:
        yield address


@contextmanager
def serving(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=pdf.path_of_browser(playwright.chromium.executable_path),
            # whoever asks for another host gets no answer
            args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


@pytest.fixture(
    scope="module",  # a page is loaded once for all tests of it
    params=[(name, theme) for name in NAMES for theme in THEMES],
    ids="-".join,
)
def visit(request, browser, address):
    """A reader's first page: what it asked for and what it complained about."""
    name, theme = request.param
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    visit = SimpleNamespace(page=page, theme=theme, asked=[], complaints=[])
    listen(page, visit)
    page.goto(address + name)
    yield visit
    context.close()


def listen(page, visit):
    page.on("request", lambda request: visit.asked.append(request.url))
    page.on("requestfailed", lambda request: visit.complaints.append(
        f"{request.url}: {request.failure}"))  # fmt: skip
    page.on("response", lambda response: response.ok or visit.complaints.append(
        f"{response.url}: {response.status}"))  # fmt: skip
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("console", lambda message: message.type not in ("error", "warning")
        or visit.complaints.append(f"{message.type}: {message.text}"))  # fmt: skip


@pytest.fixture
def page(browser):
    """A page of its own, on a desktop."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


# Every page, light and dark


def test_a_page_loads_without_complaint_and_asks_no_other_host(visit, address):
    report(visit.complaints)
    report(url for url in visit.asked if not url.startswith((address, "data:")))
    assert visit.page.evaluate("document.documentElement.dataset.theme") == visit.theme


AXE = {
    # WCAG 2.1 AA, what axe calls best practice, and two that Lighthouse adds
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    "rules": {
        "label-content-name-mismatch": {"enabled": True},
        "target-size": {"enabled": True},
    },
    "resultTypes": ["violations"],
    "preload": False,  # it would fetch style sheets, from wrong addresses
}


def test_axe_finds_nothing_on_a_page(visit):
    report(problems_of_axe(visit.page, AXE))


def problems_of_axe(page, options):
    """Whatever axe-core complains about, folded solutions included."""
    page.evaluate(UNFOLD)
    page.evaluate(THIN_OUT)
    found = Axe().run(page, options=options)
    for violation in found.response["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']}: {node['html'][:200]}\n  {node['failureSummary']}"


UNFOLD = """() => {
    for (const button of document.querySelectorAll(".toggle-hidden .toggle-button"))
        button.click();
    for (const details of document.querySelectorAll("details"))
        details.open = true;
    for (const motion of document.getAnimations())
        motion.finish();
}"""

# axe looks at each element's colours, seconds a page: what KaTeX draws is hidden from
# assistive technology, and code is looked at once for each kind of word.
THIN_OUT = """() => {
    for (const drawn of document.querySelectorAll(".katex-html"))
        drawn.remove();
    const seen = new Set();
    for (const word of document.querySelectorAll(".highlight span[class]"))
        if (seen.has(word.className)) word.replaceWith(...word.childNodes);
        else seen.add(word.className);
}"""


@pytest.mark.parametrize("theme", THEMES)
def test_the_reader_s_theme_is_known_before_the_scripts_come(theme, browser, address):
    with browser.new_context(color_scheme=theme) as context:
        page = context.new_page()
        page.route("**/*.js*", lambda route: route.abort())
        page.goto(address + "index.html")
        assert page.evaluate("document.documentElement.dataset.theme") == theme


# Narrow pages


@pytest.fixture(scope="module")
def narrow(browser):
    context = browser.new_context(viewport={"width": 320, "height": 640})
    yield context.new_page()
    context.close()


@each_page
def test_a_narrow_page_scrolls_only_within_formulas_tables_and_code(
    name, narrow, address
):
    """On a phone; and on a screen of 1280 pixels at 200 % zoom, which has 640."""
    narrow.goto(address + name)
    narrow.evaluate(UNFOLD)
    come_near(narrow)
    for width in (640, 320):
        narrow.set_viewport_size({"width": width, "height": 640})
        narrow.evaluate(NEXT_FRAME)
        report(f"at {width} px: {problem}" for problem in narrow.evaluate(SIDEWAYS))


def come_near(page):
    """Have all laid out, as what is on the screen is."""
    page.add_style_tag(content="* { content-visibility: visible !important; }")
    page.evaluate(NEXT_FRAME)


NEXT_FRAME = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(done)))"""

SIDEWAYS = """() => {
    const width = document.documentElement.clientWidth, problems = [];
    const name = (e) => `<${e.localName} class="${e.className}"> `
        + e.textContent.trim().slice(0, 60);
    const look = (e) => {
        const hidden = !e.checkVisibility({visibilityProperty: true});
        if (hidden || e.matches(".katex-mathml")) return;
        const scrolls = e.scrollWidth > e.clientWidth
            && /auto|scroll/.test(getComputedStyle(e).overflowX);
        if (e.matches(".katex-display, .pst-scrollable-table-container, pre")) {
            if (scrolls && e.tabIndex < 0)
                problems.push(`scrolls, but not by keyboard: ${name(e)}`);
            if (scrolls) return;
        } else if (scrolls)
            problems.push(`scrolls: ${name(e)}`);
        const outside = e.getBoundingClientRect().right > width + 1;
        if (outside && e.textContent.trim() && !e.childElementCount)
            problems.push(`cut off: ${name(e)}`);
        [...e.children].forEach(look);
    };
    look(document.documentElement);
    if (document.documentElement.scrollWidth > width)
        problems.push("the page scrolls");
    return problems;
}"""


@each_page
def test_all_code_fits_on_a_laptop(name, browser, address):
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(address + name)
        page.evaluate(UNFOLD)
        come_near(page)
        wide = """(boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth)
            .map((box) => box.textContent)"""
        report(page.locator("article pre").evaluate_all(wide))


@pytest.mark.parametrize(
    "selector", [".katex-display", "pre", ".pst-scrollable-table-container"]
)
def test_what_scrolls_within_itself_does_so_by_keyboard(selector, narrow, address):
    narrow.set_viewport_size({"width": 320, "height": 640})
    narrow.goto(address + "chapters/09_kmeans.html")
    far = narrow.locator(f"article {selector}").last
    expect(far).to_have_attribute("tabindex", "0")  # nobody knows yet whether it does
    come_near(narrow)
    box = narrow.locator(f"article {selector}[tabindex='0']").first
    box.focus()
    narrow.keyboard.press("ArrowRight")
    narrow.wait_for_function("(box) => box.scrollLeft > 0", arg=box.element_handle())


# The player


@pytest.fixture
def player(request, browser, address, name):
    """The first player of a page."""
    motion = getattr(request, "param", "no-preference")
    context = browser.new_context(reduced_motion=motion)
    page = context.new_page()
    page.clock.install()  # a minute passes at once
    page.goto(address + name)
    player = page.locator(".player").first
    player.scroll_into_view_if_needed()
    count = player.locator(".player-count")
    expect(count).to_contain_text("/", use_inner_text=True)  # it is laid out
    yield player
    context.close()


def state(player):
    """Number of the frame, of how many, and the caption that is shown."""
    number, n = player.locator(".player-count").inner_text().split(" / ")
    shown = player.locator(".player-frame").filter(visible=True)
    expect(shown).to_have_count(1)
    return int(number), int(n), shown.locator("p").inner_text()


@each_page_with_player
def test_a_player_goes_to_its_last_frame_by_keyboard_alone(player):
    page = player.page
    assert player.get_attribute("aria-label")
    page.clock.run_for(MINUTE)
    first, n, caption = state(player)
    assert first == 1, "it moved by itself"

    names = ["Previous frame", "Play", "Next frame"]
    controls = [player.get_by_role("button", name=name, exact=True) for name in names]
    controls.append(player.get_by_role("slider", name="Frame", exact=True))
    controls[0].focus()
    for control in controls:
        expect(control).to_be_focused()
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")  # the slider
    page.keyboard.press("ArrowRight")
    assert state(player)[0] == 2 and state(player)[2] != caption
    page.keyboard.press("End")
    assert state(player)[0] == n
    expect(controls[3]).to_have_attribute(
        "aria-valuetext", f"{n} / {n}: {state(player)[2]}"
    )
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert state(player)[0] == n - 1


@pytest.mark.parametrize("name", WITH_PLAYER[:1])
@pytest.mark.parametrize(
    "player, less", [("no-preference", False), ("reduce", True)], indirect=["player"]
)
def test_a_player_plays_when_asked_slower_for_who_wants_less_motion(player, less):
    page = player.page
    interval = int(player.get_attribute("data-interval"))
    player.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")
    assert state(player)[0] == 2
    page.clock.run_for(interval + 1)
    assert state(player)[0] == (2 if less else 3)
    page.keyboard.press("Enter")  # pause
    page.clock.run_for(MINUTE)
    number, n, caption = state(player)
    assert number == (2 if less else 3)
    expect(player.get_by_role("status")).to_have_text(f"{number} / {n}: {caption}")
    page.keyboard.press("Enter")
    page.clock.run_for(2 * n * interval)
    assert state(player)[0] == n
    expect(player.get_by_role("button", name="Play")).to_be_visible()


@each_page_with_player
def test_a_player_prints_as_one_frame(player, name):
    player.page.emulate_media(media="print")
    still = soup(HTML / name).select_one(".player-still p").get_text()
    shown = player.locator(".player-frame").filter(visible=True)
    expect(shown).to_have_count(1)
    expect(shown.locator("p")).to_have_text(still)
    expect(player.locator("button").filter(visible=True)).to_have_count(0)


# Solutions, search, dark mode, downloads


def test_a_folded_solution_opens_by_keyboard_and_in_print(page, address):
    page.goto(address + "chapters/01_one_gaussian.html")
    solution = page.locator(".solution").first
    text = solution.locator("section > p").first
    expect(text).to_be_hidden()
    solution.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    expect(text).to_be_visible()
    page.keyboard.press("Enter")
    expect(text).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for solution in page.locator(".solution").all():
        expect(solution.locator("section > p").first).to_be_visible()


@pytest.mark.parametrize("term, explained", [
    ("responsibility", "04_responsibilities"),
    ("log-sum-exp", "04_responsibilities"),
    ("BIC", "10_how_many"),
])  # fmt: skip
def test_the_search_finds_a_term_where_it_is_explained(term, explained, page, address):
    page.goto(address + "index.html")
    page.keyboard.press("Control+K")
    page.keyboard.type(term)
    page.keyboard.press("Enter")
    found = page.locator(f"#search-results a[href*='{explained}.html']").first
    found.click()
    expect(page.locator("article h1")).to_be_visible()
    assert f"{explained}.html" in page.url


def test_dark_mode_is_switched_on_and_stays_on(page, address):
    page.emulate_media(color_scheme="light")
    page.goto(address + "index.html")
    html, switch = page.locator("html"), page.get_by_role("button", name="light/dark")
    expect(html).to_have_attribute("data-theme", "light")
    switch.focus()
    for _ in range(3):  # automatic, dark, light
        if html.get_attribute("data-theme") == "light":
            page.keyboard.press("Enter")
    expect(html).to_have_attribute("data-theme", "dark")
    page.goto(address + "chapters/01_one_gaussian.html")
    expect(html).to_have_attribute("data-theme", "dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, ground.strip("rgb()").split(", "))) < 64


def test_a_chapter_is_downloaded_as_its_notebook(page, address):
    chapter = CHAPTERS[0]
    page.goto(f"{address}chapters/{chapter.stem}.html")
    page.get_by_role("button", name="Download this page").press("Enter")
    link = page.get_by_role("link", name=".ipynb")
    expect(link).to_be_visible()
    downloaded = page.request.get(link.evaluate("(a) => a.href"))
    offered = HTML / "_sources/chapters" / chapter.name
    assert downloaded.body() == offered.read_bytes()


def test_in_a_fork_the_button_opens_the_chapter_in_binder(page, tmp_path):
    """A book of one chapter, built as if it had come from elsewhere."""
    shutil.copytree(ROOT / "chapters/_sphinx", tmp_path / "chapters/_sphinx")
    for name in ("_config.yml", "chapters/references.bib"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "gmmlib").mkdir()
    (tmp_path / "requirements.txt").touch()
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A")]),
        tmp_path / "chapters/a.ipynb",
    )
    (tmp_path / "index.md").write_text("# Book\n")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nchapters:\n- file: chapters/a\n"
    )
    fork = {"GITHUB_REPOSITORY": "some/fork", "GITHUB_REF_NAME": "main"}
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", tmp_path],
        env={**os.environ, **fork, "GITHUB_HEAD_REF": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with serving(tmp_path / "_build/html") as address:
        page.goto(address + "chapters/a.html")
        button = page.get_by_role("link", name="Run this chapter in Binder")
        expect(button).to_have_attribute(
            "href",
            "https://mybinder.org/v2/gh/some/fork/main?urlpath=lab/tree/chapters/a.ipynb",
        )
        page.goto(address + "index.html")  # nothing to run, only where it comes from
        source = page.get_by_role("link", name="Repository")
        expect(source).to_have_attribute("href", "https://github.com/some/fork")
        expect(button).to_have_count(0)
    notebook = nbformat.read(tmp_path / "_build/html/_sources/chapters/a.ipynb", 4)
    library = "gmmlib[cli,dask] @ git+https://github.com/some/fork@main"
    assert f'pip install "{library}"' in notebook.cells[0].source


# The form that makes a link for a hub


HUB = "https://hub.example.org"


@pytest.mark.parametrize("hub, start", [
    (HUB, f"{HUB}/hub/"),
    (f"{HUB}/", f"{HUB}/hub/"),
    (f"{HUB}/hub/home?x=1#y", f"{HUB}/hub/"),
    (f"{HUB}/courses/gmm/", f"{HUB}/courses/gmm/hub/"),
])  # fmt: skip
@pytest.mark.parametrize(
    "fork", ["https://github.com/some/fork", "https://example.org/a/fork.git/"]
)
def test_the_form_makes_the_link_that_nbgitpuller_reads(
    hub, start, fork, page, address
):
    page.goto(address + "chapters/teaching/assigning.html")
    page.get_by_label("Address of the hub").focus()
    for text in (hub, fork, "term 1"):
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    expect(page.get_by_label("Chapter", exact=True)).to_be_focused()
    page.keyboard.press("5")  # the fifth begins with it
    link = page.get_by_role("status").get_by_role("link")
    made = urlsplit(link.get_attribute("href"))
    assert link.inner_text() == made.geturl()
    assert made.geturl().startswith(f"{start}user-redirect/git-pull?")
    assert dict(parse_qsl(made.query, strict_parsing=True)) == {
        "repo": fork,
        "branch": "term 1",
        "urlpath": "lab/tree/fork/chapters/05_m_step.ipynb",
    }


@pytest.mark.parametrize("hub", ["", "hub.example.org", "javascript:alert(1)"])
def test_without_a_hub_s_address_there_is_no_link(hub, page, address):
    page.goto(address + "chapters/teaching/assigning.html")
    page.get_by_label("Address of the fork").fill("https://example.org/a/fork")
    page.get_by_label("Address of the hub").fill(hub)
    status = page.get_by_role("status")
    expect(status.get_by_role("link")).to_have_count(0)
    expect(status).to_contain_text("Fill in the fields")


def test_without_a_browser_the_message_says_how_to_get_one(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="install chromium"):
        pdf.path_of_browser(own="/nowhere/chrome")
