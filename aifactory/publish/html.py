"""One docutils node for ready-made HTML whose links Sphinx resolves when it writes the page.

HTML kept in the doctree may refer to `doc:notebooks/power#label` (a page of the book) and to
`file:charts/x.svg` (a file of the site), and `cite:label` is where a place of the same page says
how to cite it. All become relative addresses, so that the site works under any path, and from a
disk. Other formats get the node's plain text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

_ADDRESS = re.compile(r'="(doc|file|cite):([^"#]*)(#[^"]*)?"')


SITES = ("html", "dirhtml")  # the builders that make the site
HTML_BUILDERS = (*SITES, "singlehtml")  # those whose pages browsers show; an EPUB's are its own


def is_site(app: Sphinx) -> bool:
    """Whether the site is being built: pages of their own for claims, tables and citations."""
    return app.builder.name in SITES


def is_shown(app: Sphinx) -> bool:
    """Whether pages for browsers are being built, which need scripts, drawings and data files."""
    return app.builder.name in HTML_BUILDERS


class BookHtml(nodes.General, nodes.Element):
    """HTML (`html`), what it says in words (`text`), and a chart's specification (`spec`)."""


def block(markup: str, text: str = "", **attributes: Any) -> BookHtml:
    """A node for block-level HTML; `text` is what formats without HTML show."""
    return BookHtml("", html=markup, text=text, **attributes)


def escape(text: object) -> str:
    """Text made safe for HTML content and double-quoted attributes."""
    return html.escape(str(text), quote=False).replace('"', "&quot;")


def tied(text: str) -> str:
    """Text in which no line may end between a number and its per cent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def coded(text: object) -> str:
    """Text made safe for HTML content, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def escape_code(text: str) -> str:
    """Code made safe for HTML content; its many quotes stay as they are."""
    return html.escape(text, quote=False)


def capital(text: str) -> str:
    """Words with a capital at their start."""
    return text[:1].upper() + text[1:]


def slug(text: str) -> str:
    """A word or phrase as part of an identifier: lower case, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def columns(titles: Iterable[str]) -> str:
    """The cells of a table's head."""
    return "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)


def scrolling(label: str, heads: str, rows: str, kind: str = "", caption: str = "") -> str:
    """A table that scrolls sideways in a region of its own; `heads` and `rows` are HTML.

    `kind` is a class of the region. A region has to be named, and reached by keyboard.
    """
    return _region(label, heads, f"<tbody>{rows}</tbody>", kind, caption)


def grouped(label: str, heads: Iterable[str], groups: Mapping[str, str], kind: str = "") -> str:
    """The same in groups of rows: a line of its own (HTML), and the rows below it."""
    titles = list(heads)
    bodies = "".join(
        f'<tbody><tr><th scope="rowgroup" colspan="{len(titles)}">{line}</th></tr>{rows}</tbody>'
        for line, rows in groups.items()
    )
    return _region(label, columns(titles), bodies, kind)


def _region(label: str, heads: str, bodies: str, kind: str = "", caption: str = "") -> str:
    return (
        f'<div class="{f"facts-wrap {kind}".rstrip()}" tabindex="0" role="region"'
        f' aria-label="{escape(label)}"><table class="facts">{caption}'
        f"<thead><tr>{heads}</tr></thead>{bodies}</table></div>\n"
    )


def resolve(markup: str, here: str, page_uri: Callable[[str], str]) -> str:
    """Turn the addresses named above into ones relative to the page `here` (a docname)."""

    def address(found: re.Match[str]) -> str:
        kind, target, fragment = found[1], html.unescape(found[2]), found[3] or ""
        if kind == "cite":
            kind, target, fragment = "doc", f"cite/{here}", f"#{escape(target)}"
        if kind == "doc" and target in ("", here):
            return f'="{fragment or "#"}"'
        to = page_uri(target) if kind == "doc" else target
        return f'="{escape(relative_uri(page_uri(here), to))}{fragment}"'

    return _ADDRESS.sub(address, markup)


def _visit_html(self: Any, node: BookHtml) -> None:
    builder = self.builder
    self.body.append(resolve(node["html"], builder.current_docname, builder.get_target_uri))
    raise nodes.SkipNode


def _visit_text(self: Any, node: BookHtml) -> None:
    paragraph = nodes.paragraph("", node["text"])
    paragraph.walkabout(self)
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the node for every writer."""
    words = (_visit_text, None)
    app.add_node(
        BookHtml,
        html=(_visit_html, None),
        latex=words,
        text=words,
        man=words,
        texinfo=words,
    )
