"""What a page of the site is made of, read once: ids, links, references, and faults of its HTML.

turbohtml parses as browsers do, and tells where each element's tags stand in the text. A page whose
tree is nested just as its tags are, with each tag closed, leaves a browser nothing to guess.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import turbohtml
from visit import SITE

VOID = set("area base br col embed hr img input link meta source track wbr".split())
BLOCKS = set(
    "address article aside blockquote details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr main nav ol p pre section table ul".split()
)
NO_BLOCKS_IN = set(
    "abbr b button caption cite code em h1 h2 h3 h4 h5 h6 i kbd label legend p pre q s small span "
    "strong sub summary sup time var".split()
)  # a summary may hold headings; none of ours does
INTERACTIVE = {"a", "button", "details", "iframe", "input", "label", "select", "textarea"}
CHILDREN = {
    "ul": {"li"}, "ol": {"li"}, "dl": {"dt", "dd", "div"}, "tr": {"td", "th"},
    "thead": {"tr"}, "tbody": {"tr"}, "tfoot": {"tr"}, "select": {"option", "optgroup"},
    "table": {"caption", "colgroup", "thead", "tbody", "tfoot"}, "picture": {"source", "img"},
}  # fmt: skip
PARENTS = {
    "li": {"ul", "ol"}, "dt": {"dl", "div"}, "dd": {"dl", "div"}, "figcaption": {"figure"},
    "summary": {"details"}, "tr": {"thead", "tbody", "tfoot"}, "td": {"tr"}, "th": {"tr"},
}  # fmt: skip
EVERYWHERE = set("class dir hidden id inert lang role style tabindex title translate".split())
ATTRIBUTES = {
    "a": "href download rel target hreflang type", "abbr": "", "blockquote": "cite",
    "button": "type disabled name value", "col": "span", "colgroup": "span", "data": "value",
    "details": "open name", "form": "action method", "html": "xmlns",
    "img": "src srcset sizes width height alt loading decoding fetchpriority",
    "input": "type name value placeholder required autocomplete spellcheck min max step checked "
    "disabled list readonly",
    "label": "for", "li": "value", "meta": "charset name content http-equiv property media",
    "link": "rel href type sizes media as crossorigin hreflang title", "ol": "start type reversed",
    "option": "value selected disabled label", "output": "for name",
    "script": "src defer async type integrity", "select": "name required disabled multiple",
    "source": "srcset media width height type sizes", "td": "colspan rowspan headers",
    "th": "colspan rowspan headers scope abbr", "time": "datetime",
}  # fmt: skip
POINTERS = ("aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "for", "list",
            "aria-activedescendant", "aria-details", "headers")  # fmt: skip
FILE = re.compile(r"^[\w./%-]+\.(?:html|js|json|csv|svg|png|xml|ipynb|md|zip)(?:#.*)?$")


@dataclass
class Facts:
    """One page."""

    ids: Counter[str] = field(default_factory=Counter)
    tags: dict[str, str] = field(default_factory=dict)  # of the elements with an id
    links: list[str] = field(default_factory=list)
    moved: str = ""  # where a page that moved sends its readers
    pointers: list[tuple[str, str]] = field(default_factory=list)  # attribute, id
    faults: list[str] = field(default_factory=list)


@functools.cache
def page(path: str) -> Facts:
    """The facts of one page of the site."""
    return facts((SITE / path).read_text(encoding="utf-8"))


def facts(text: str) -> Facts:
    """The facts of a page from its HTML."""
    found = Facts()
    document = turbohtml.parse(text, source_locations=True)
    found.faults += [f"line {e.line}: {e.code}" for e in document.errors]
    elements = list(document.iter_elements())
    found.faults += _nesting(text, elements)
    for element in elements:
        _collect(element, found)
        found.faults += [f"line {element.source_line}: {x}" for x in _content(element)]
    found.faults += _whole(text, elements, found)
    return found


def _collect(element: turbohtml.Element, found: Facts) -> None:
    attributes = element.attrs
    for name in attributes:
        value = attributes[name]
        if name == "id":
            found.ids[value] += 1
            found.tags[value] = element.tag
        elif name in ("href", "src", "poster", "action"):
            found.links.append(value)
        elif name == "srcset":
            found.links += [s.split()[0] for s in value.split(",") if s.strip()]
        elif name == "data-place":  # seen from the root of the site
            found.links.append(f"/{value}")
        elif name.startswith("data-") and FILE.match(value):
            found.links.append(value)
        elif name in POINTERS:
            values = value if isinstance(value, (list, tuple)) else value.split()
            found.pointers += [(name, v) for v in values]
        elif name == "content" and attributes.get("http-equiv", "").lower() == "refresh":
            found.moved = value.partition("url=")[2]
            found.links.append(found.moved)


# -- HTML that leaves nothing to guess -------------------------------------------------------------


def _above(element: turbohtml.Element) -> list[str]:
    """The tags that an element stands in, its own first."""
    return [element.tag, *(e.tag for e in element.ancestors if isinstance(e, turbohtml.Element))]


def _foreign(element: turbohtml.Element) -> bool:
    """Whether an element is one of SVG or MathML."""
    return not {"svg", "math"}.isdisjoint(_above(element))


def _start(element: turbohtml.Node | None) -> int | None:
    """Where an element's start tag is in the text."""
    place = element.source_location if isinstance(element, turbohtml.Element) else None
    return place.start_tag.start_offset if place and place.start_tag else None


def _nesting(text: str, elements: list[turbohtml.Element]) -> Iterator[str]:
    """Where the tree isn't nested as the tags are."""
    last, closed = -1, 0
    inner: dict[int | None, tuple[int, int]] = {}  # start of an element -> where its content lies
    for element in elements:
        at, tag = element.source_location, element.tag
        if at is None or at.start_tag is None:
            yield f"<{tag}> stands for tags that are missing or misplaced"
            continue
        where = f"line {at.start_tag.start_line}: <{tag}>"
        start = at.start_tag.start_offset
        if start < last:
            yield f"{where} was moved: it can't stand there"
        last = start
        inside = inner.get(_start(element.parent), (0, len(text)))
        if at.end_tag:
            closed += 1
            inner[start] = (at.start_tag.end_offset, at.end_tag.start_offset)
            end = at.end_tag.end_offset
        else:
            end = at.start_tag.end_offset
            closing = text[end - 2 : end] == "/>"
            if tag not in VOID and not (closing and _foreign(element)):
                yield f"{where} isn't closed"
        if start < inside[0] or end > inside[1]:
            yield f"{where} reaches out of its parent"
    tokens = sum(t.type == turbohtml.TokenType.END_TAG for t in turbohtml.tokenize(text))
    if tokens > closed:
        yield f"{tokens - closed} end tags without a beginning"


def _content(element: turbohtml.Element) -> Iterator[str]:
    """Faults of one element: where it stands, and its attributes."""
    tag, attributes = element.tag, element.attrs
    parent = element.parent.tag if isinstance(element.parent, turbohtml.Element) else ""
    if tag in BLOCKS and parent in NO_BLOCKS_IN:
        yield f"<{tag}> inside <{parent}>"
    if parent in CHILDREN and tag not in CHILDREN[parent] | {"script", "template"}:
        yield f"<{tag}> as a child of <{parent}>"
    if tag in PARENTS and parent not in PARENTS[tag]:
        yield f"<{tag}> outside of {' or '.join(sorted(PARENTS[tag]))}"
    if tag in ("tr", "select", "ul", "ol") and not any(
        isinstance(c, turbohtml.Element) for c in element.children
    ):
        yield f"<{tag}> without anything in it"
    if tag in INTERACTIVE and not {"a", "button"}.isdisjoint(_above(element)[1:]):
        yield f"<{tag}> inside of a link or button"
    if tag in ("a", "button") and not _name(element):
        yield f"<{tag}> without a name: {element.html[:100]}"
    if tag == "img" and "alt" not in attributes:
        yield "<img> without alt"
    for name in attributes:
        if not attributes[name] and name in ("href", "src", "action", "id", "for", "srcset"):
            yield f'<{tag} {name}=""> is empty'
        if name in ("href", "src") and re.search(r"[\s<>\\^`{|}]", attributes[name]):
            yield f"<{tag} {name}>: no address: {attributes[name]}"
        if name == "id" and re.search(r"\s", attributes[name]):
            yield f"id with a space: {attributes[name]!r}"
        if name.startswith("on"):
            yield f"<{tag} {name}>: a script in an attribute"
    own = ATTRIBUTES.get(tag, "").split()
    others = [n for n in attributes if n not in EVERYWHERE and n not in own]
    others = [n for n in others if not n.startswith(("aria-", "data-", "on"))]
    if others and not _foreign(element):
        yield f"<{tag} {others[0]}>: no such attribute"


def _name(element: turbohtml.Element) -> str:
    """What a link or button is called by those who don't see it."""
    attributes = element.attrs
    given = attributes.get("aria-label") or attributes.get("aria-labelledby")
    if given or ("href" not in attributes and element.tag == "a"):
        return str(given or "place")
    pictures = "".join(i.attrs.get("alt", "") for i in element.select("img"))
    return (element.text + pictures + attributes.get("title", "")).strip()


def _whole(text: str, elements: list[turbohtml.Element], found: Facts) -> Iterator[str]:
    """Faults of a page as a whole."""
    tags = Counter(e.tag for e in elements if e.tag != "title" or not _foreign(e))
    if not text.lower().startswith("<!doctype html>"):
        yield "no doctype"
    for tag in ("h1", "main", "title"):
        if tags[tag] != 1:
            yield f"{tags[tag]} <{tag}>, one is wanted"
    if not any(e.tag == "html" and e.attrs.get("lang") for e in elements):
        yield "no language"
    level = 0
    for element in elements:
        if re.fullmatch("h[1-6]", element.tag):
            now = int(element.tag[1])
            if now > level + 1:
                yield f"line {element.source_line}: <{element.tag}> follows level {level}"
            level = now
    yield from (f"id {name!r} {n} times" for name, n in found.ids.items() if n > 1)
    yield from (f"{k}={v!r}: no such id" for k, v in found.pointers if v not in found.ids)


# -- links -----------------------------------------------------------------------------------------


def fault(origin: str, link: str) -> str:
    """What is wrong with a link in the file `origin`; nothing where it leads outside."""
    address, fragment = urldefrag(urljoin(f"http://site/{origin}", link))
    parts = urlsplit(address)
    if parts.netloc != "site" or parts.scheme != "http":
        return ""
    target = unquote(parts.path).lstrip("/") or "index.html"
    target += "index.html" if target.endswith("/") else ""
    if not _is_file(target):
        return f"{link}: no such file"
    if fragment and target.endswith(".html") and unquote(fragment) not in page(target).ids:
        return f"{link}: no such place on the page"
    return ""


@functools.cache
def _is_file(target: str) -> bool:
    return (SITE / target).is_file()


def search_entries(site: Path) -> Iterator[tuple[str, str]]:
    """Links of the search's entries."""
    text = (site / "search-entries.js").read_text(encoding="utf-8")
    content = json.loads(text.strip().removeprefix("bookEntries(").removesuffix(");"))
    for _, _, _, at, anchor, _ in content["entries"]:
        yield "search.html", content["pages"][at] + (f"#{anchor}" if anchor else "")


# Links that files other than pages hold: functions of the site's folder that yield the file (links
# are seen from it) and a link. Add one for each kind of file.
Reader = Callable[[Path], Iterable[tuple[str, str]]]
READERS: list[Reader] = [search_entries]
