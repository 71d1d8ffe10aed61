"""What a page holds, place by place, and a hash of each place's content.

A place is the page itself, a section with a permanent label (h1 to h3), a chart or a verdict. Its
content is its text, the stored verdicts and the data of its charts: what a reader cites, and not
how it looks. Two editions with the same hash say the same thing at that place.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docutils import nodes

from aifactory import charts, verdicts
from aifactory.publish import boxes
from aifactory.publish.html import BookHtml

# Of the forms in which a notebook keeps an output, the one that says most.
_FORMS = (charts.VEGA_MIME, verdicts.MIME, "text/html", "text/plain")
_VERDICT = re.compile(r'<section class="verdict [^>]*id="(verdict-[^"]+)"')
_SILENT = (nodes.comment, nodes.substitution_definition, nodes.system_message)


@dataclass(frozen=True)
class Place:
    """A place of a page: its anchor, its own words, its full title, and its content's hash.

    A chart has its finding and, as JSON, its specification.
    """

    label: str
    short: str
    title: str
    digest: str
    kind: str  # page, section, chart or verdict
    finding: str = ""
    spec: str = ""


Stored = dict[str, dict[str, Any]]  # anchor -> verdict


def places(document: nodes.document, labels: set[str], stored: Stored) -> list[Place]:
    """All places of a page in their order; the page itself comes first."""
    return list(_places(document, labels, stored, ()))


def _places(
    node: nodes.Element, labels: set[str], stored: Stored, path: tuple[str, ...]
) -> Iterator[Place]:
    if isinstance(node, nodes.section):
        short = text(node[0].astext())
        path = (*path, short)
        label = next((i for i in node["ids"] if i in labels), "")
        if len(path) == 1:
            yield Place(label, short, short, digest(node, stored), "page")
        elif label and len(path) <= 3:
            yield Place(label, short, _title(path), digest(node, stored), "section")
    elif isinstance(node, BookHtml):
        yield from _own(node, stored, path[0] if path else "")
        return
    for child in _shown(node):
        if isinstance(child, nodes.Element):
            yield from _places(child, labels, stored, path)


def opening(document: nodes.document) -> str:
    """The first paragraph of a page."""
    said = (p for p in document.findall(nodes.paragraph) if not isinstance(p.parent, _SILENT))
    return text(next((p.astext() for p in said), ""))


def _title(path: tuple[str, ...]) -> str:
    return f"{path[0]}: {' – '.join(path[1:])}"


def _own(node: BookHtml, stored: Stored, page: str) -> Iterator[Place]:
    """The chart or verdict that a piece of ready-made HTML is."""
    if spec := node.get("spec"):
        meta = spec["usermeta"]
        label, finding = f"fig-{meta['name']}", meta["finding"]
        title, short = f"{page}: {finding} (chart)", f"chart {meta['name']}"
        found = digest(node, stored)
        yield Place(label, short, title, found, "chart", finding, json.dumps(spec))
    elif (found := _VERDICT.search(node["html"])) and found[1] in stored:
        yield verdict_place(stored[found[1]], page)


def verdict_place(verdict: dict[str, Any], page: str) -> Place:
    """The place of one verdict."""
    about = boxes.scope(verdict)
    short = f"verdict on {verdict['claim_id']}" + (f", {about}" if about else "")
    anchor = boxes.anchor(verdict)
    return Place(anchor, short, f"{page}: {short}", digest_of([canonical(verdict)]), "verdict")


# -- the hash -------------------------------------------------------------------------------------


def digest(node: nodes.Element, stored: Stored) -> str:
    """SHA-256 of a part of a page: see `pieces`."""
    return digest_of(pieces(node, stored))


def digest_of(lines: Any) -> str:
    """SHA-256 of lines of text in UTF-8, each ended by a line feed."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def pieces(node: nodes.Node, stored: Stored) -> Iterator[str]:
    """The content in reading order: one line a block of text, verdict or chart.

    Text is in Unicode's form NFC with white space as single spaces; a verdict and a chart's words
    and data are JSON with sorted keys and no spaces.
    """
    if isinstance(node, BookHtml):
        yield from filter(None, [_of_html(node, stored)])
    elif isinstance(node, nodes.raw):
        yield from filter(None, [untagged(node.astext())])
    elif isinstance(node, nodes.TextElement):
        yield from filter(None, [text(node.astext())])
    elif isinstance(node, nodes.Element):
        for child in _shown(node):
            yield from pieces(child, stored)


def _of_html(node: BookHtml, stored: Stored) -> str:
    if spec := node.get("spec"):
        return canonical({"words": spec["usermeta"], "data": spec["datasets"]})
    found = _VERDICT.search(node["html"])
    return canonical(stored[found[1]]) if found and found[1] in stored else untagged(node["html"])


def _shown(node: nodes.Element) -> list[nodes.Node]:
    """The children that count: of an output kept in several forms, one."""
    if node.get("nb_element") == "mime_bundle":
        forms = {child.get("mime_type"): child for child in node.children}
        best = next((f for f in _FORMS if f in forms), None)
        return [forms[best]] if best else []
    kept = (nodes.Element, nodes.Text)
    return [c for c in node.children if isinstance(c, kept) and not isinstance(c, _SILENT)]


def text(words: str) -> str:
    """Text in one form: NFC, white space as single spaces."""
    return " ".join(unicodedata.normalize("NFC", words).split())


def untagged(markup: str) -> str:
    """The text of HTML."""
    return text(html.unescape(re.sub(r"<[^>]*>", " ", markup)))


def canonical(value: Any) -> str:
    """A value as JSON that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
