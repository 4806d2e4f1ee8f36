"""Pages that bring what they use, and nothing else.

The theme's pages load fourteen style sheets, an icon font and a script that draws the
same icons before they show a word. Here a page has in its head those rules that can
apply to it and the icons that it shows; scripts wait until the page stands; figures and
players' frames come when the reader comes near.
"""

import base64
import hashlib
import io
import re
from functools import cache
from pathlib import Path
from posixpath import normpath

import tinycss2
from fontTools import subset

MADE_OF_PARTS = {"bs-tooltip-auto"}  # a name that no script holds in one piece
SHEET = re.compile(r'<link [^>]*rel="stylesheet"[^>]*>\s*')


def setup(app):
    # The theme asks for the reader's theme in its scripts, which wait.
    app.add_js_file(
        None,
        body="""{
      const {dataset} = document.documentElement;
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      if (dataset.theme == "auto") dataset.theme = dark ? "dark" : "light";
    }""",
    )
    # What is made of these files is in the pages: these are written again with them.
    here = Path(__file__).parent
    made_from = [*here.rglob("*.py"), *here.rglob("*.css")]
    state = "".join(path.read_text(encoding="utf-8") for path in sorted(made_from))
    app.add_config_value("light_made_from", state, "html")
    # After the theme, which then writes the sheet with the colours of code.
    app.connect("build-finished", lighten_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def lighten_pages(app, error):
    """Make those pages light that this build has written."""
    html = Path(app.outdir)
    if not error:
        measure_nothing_far(html / "_static/scripts/pydata-sphinx-theme.js")
    for path in (
        [] if error else [*html.glob("*.html"), *html.glob("chapters/**/*.html")]
    ):
        page = path.read_text(encoding="utf-8")
        if SHEET.search(page):
            root = "../" * (len(path.relative_to(html).parts) - 1)
            path.write_text(lighten(page, html, root), encoding="utf-8")


def lighten(page, html, root):
    """The page, readable before anything else has arrived."""
    page = scripts_when_read(figures_when_near(with_row_headings(page), html, root))
    sheets, page = SHEET.findall(page), SHEET.sub("", page)
    names = words(page) | MADE_OF_PARTS
    for address in re.findall(r'<script [^>]*src="([^"?]*)', page):
        names |= words_of(html / address.removeprefix(root))
    css = ""
    for link in sheets:
        path = re.search(r'href="([^"?]*)', link)[1].removeprefix(root)
        css += used(rules_of(html, path), names)
    css = with_icons(css, html).replace("url(/", f"url({root}")
    # Else the page would be laid out anew when its letters come.
    first = "fira-sans-latin-400-normal|KaTeX_(?:Main-Regular|Math-Italic)"
    letters = re.findall(rf"url\((\S*(?:{first})\S*)\)", css)
    fonts = "".join(
        f'<link rel="preload" as="font" crossorigin href="{address}" />\n'
        for address in letters
    )
    head = f"{fonts}<style>{css}</style>\n</head>"
    return page.replace("</head>", head, 1)


# Figures, tables and scripts


def figures_when_near(page, html, root):
    """Figures with their place kept, and players' frames as files, loaded when near."""

    def as_file(frame):
        data = base64.b64decode(frame[1])
        path = f"_images/{hashlib.sha256(data).hexdigest()}.webp"
        (html / path).write_bytes(data)
        return f'loading="lazy" src="{root}{path}"'

    page = re.sub(r'src="data:image/webp;base64,([^"]+)"', as_file, page)
    return re.sub(
        r'(<img [^>]*)style="width: (\d+)px; height: (\d+)px;"',
        r'\1width="\2" height="\3" loading="lazy" decoding="async"',
        page,
    )


def scripts_when_read(page):
    """Scripts that run, in their order, when the page has been read."""
    # It draws icons that the icon font has too, and is larger than all else together.
    page = re.sub(r"<script [^>]*/fontawesome/.*?</script>\s*", "", page)
    page = re.sub(r'<(i|span) (?=class="[^"]*\bfa-)', r'<\1 aria-hidden="true" ', page)
    # Of use to the theme's menu of versions only, and it would have to wait as well.
    page = re.sub(r"<script>DOCUMENTATION_OPTIONS\.pagename.*?</script>\s*", "", page)
    page = re.sub(r'<link rel="preload".*?>\s*', "", page)
    return re.sub(r"<script (?=[^>]*src=)", "<script defer ", page)


def measure_nothing_far(script):
    """The theme measures every box, and so all is laid out at once: book.js does not."""
    text = script.read_text(encoding="utf-8")
    boxes = re.compile(r'document\.querySelectorAll\("pre, [^"]*"\)')
    if len(boxes.findall(text)) != 1 and "[].forEach" not in text:
        raise ValueError(f"{script} measures boxes in another way than it did")
    script.write_text(boxes.sub("[]", text), encoding="utf-8")


def with_row_headings(page):
    """Where the first column has no heading, its cells are the headings of rows."""
    start = r"(<table[^>]*>\s*<thead>\s*<tr[^>]*>)\s*<th([^>]*)><p></p></th>"
    cell = r"(<tr[^>]*>\s*)<td([^>]*)>(.*?)</td>"

    def headed(found):
        rows = re.sub(cell, r'\1<th scope="row"\2>\3</th>', found[3], flags=re.S)
        return f"{found[1]}<td{found[2]}></td>{rows}"

    return re.sub(f"{start}(.*?</table>)", headed, page, flags=re.S)


# Styles


def words(text):
    return set(re.findall(r"[\w-]+", text))


@cache
def words_of(path):
    return words(path.read_text(encoding="utf-8"))


@cache
def rules_of(html, path):
    """The rules of a style sheet and of those that it imports.

    Addresses begin at the book's root.
    """
    text = re.sub(
        r"""url\(["']?(?!["']?(?:data:|#))([^"')]+)["']?\)""",
        lambda found: f"url(/{normpath(f'{path}/../{found[1]}')})",
        (html / path).read_text(encoding="utf-8"),
    )
    rules = []
    for rule in tinycss2.parse_stylesheet(text, True, True):
        if rule.type == "at-rule" and rule.at_keyword == "import":
            (address,) = (part.value for part in rule.prelude if part.type == "string")
            rules += rules_of(html, normpath(f"{path}/../{address}"))
        else:
            rules.append(read_rule(rule))
    return rules


def read_rule(rule):
    """(what is before the brace, what is in it).

    Before the brace of plain rules is a list of selectors, each with the names of
    elements, classes and ids that a page must have for it to apply.
    """
    if rule.type == "qualified-rule":
        parts = [[]]
        for token in rule.prelude:
            parts[-1].append(token) if token != "," else parts.append([])
        selectors = [(text_of(part), names_in(part)) for part in parts]
        return selectors, text_of(rule.content)
    before = f"@{rule.at_keyword}{text_of(rule.prelude)}"
    if rule.at_keyword in ("media", "supports"):
        inner = tinycss2.parse_rule_list(rule.content, True, True)
        return before, [read_rule(each) for each in inner]
    return before, text_of(rule.content)


def text_of(tokens):
    return re.sub(r"/\*.*?\*/|\s+", " ", tinycss2.serialize(tokens or []), flags=re.S)


def names_in(selector):
    names, colon = set(), False
    for token in selector:
        if token.type == "hash" or (token.type == "ident" and not colon):
            names.add(token.value)
        colon = token == ":"
    return names


def used(rules, names):
    """The style sheet of those rules that can apply where only these names are.

    >>> sheet = ".a:hover,.b > p:not(.c){d: e}@media print{.a{f: g}i{h: j}}"
    >>> rules = [read_rule(rule) for rule in tinycss2.parse_stylesheet(sheet)]
    >>> used(rules, {"a", "b"})
    '.a:hover{d: e}@media print{.a{f: g}}'
    >>> used(rules, {"b", "p"})
    '.b > p:not(.c){d: e}'
    """
    css = ""
    for before, content in rules:
        if isinstance(before, list):
            before = ",".join(text for text, needed in before if needed <= names)
        if isinstance(content, list):
            content = used(content, names)
        if before and content:
            css += f"{before}{{{content}}}"
    return css


def with_icons(css, html):
    """Of the fonts those that a rule names, the icons' with the rules' icons only."""
    face = re.compile(r"@font-face ?\{(.*?)\}")
    rules = face.sub("", css)
    shown = "".join(sorted(set(re.findall("[\ue000-\uf8ff]", rules))))
    fonts = ""
    for about in face.findall(css):
        family = re.search(r"font-family: ?([^;]+)", about)[1].replace("\\", "")
        icons = re.search(r"url\(/(\S+/fa-[\w-]+)\.woff2\)", about)
        # The theme shows solid icons only.
        if family in rules and not (icons and "fa-solid" not in icons[1]):
            if icons:
                drawn = icon_font(html / f"{icons[1]}.ttf", shown)
                about = re.sub("src:.*", f"src:url({drawn})", about)
            # Letters at once, in another font until this one is there.
            fonts += f"@font-face{{{about.rstrip(';')};font-display:swap}}"
    return fonts + rules


@cache
def icon_font(path, characters):
    """The address of a font of these characters alone, which holds it."""
    options = subset.Options(flavor="woff")
    font = subset.load_font(path, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    file = io.BytesIO()
    subset.save_font(font, file, options)
    return f"data:font/woff;base64,{base64.b64encode(file.getvalue()).decode()}"
