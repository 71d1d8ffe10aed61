"""A page's HTML as a clean XHTML tree: what the book on paper and the EPUB are made of.

html5lib reads it as browsers do, so that every page is well formed whatever it was written like.
What needs a screen or a script is taken out, and folded details are unfolded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

import html5lib

from aifactory.publish.html import escape

XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
# Elements that act, and parts of a page that point at themselves or at what only the site has.
_ACTING = {"script", "style", "button", "input", "select", "textarea", "form", "template", "dialog"}
_ON_SCREEN = {"headerlink", "chart-links", "chart-controls", "unseen"}
_ATTRIBUTES = re.compile(r"data-|on|loading$|tabindex$|open$|srcset$")
_FOLD = {XHTML + "details": ("div", "details"), XHTML + "summary": ("p", "summary")}


def parse(markup: str) -> Element:
    """A fragment of HTML as one <div> of clean XHTML."""
    found = html5lib.parseFragment(
        markup, container="div", treebuilder="etree", namespaceHTMLElements=True
    )
    root = Element(XHTML + "div")
    root.text = found.text
    root.extend(list(found))
    _clean(root)
    _unique_ids(root)
    return root


def _clean(element: Element) -> None:
    for child in list(element):
        if not isinstance(child.tag, str) or _left_out(child) or _points_at_itself(element, child):
            _remove(element, child)
            continue
        if child.get("tabindex"):  # a region that scrolls: on paper nothing does
            for name in ("role", "aria-label"):
                child.attrib.pop(name, None)
        for name in [n for n in child.attrib if _ATTRIBUTES.match(n)]:
            del child.attrib[name]
        _valid(child)
        if child.tag in _FOLD:
            name, kind = _FOLD[child.tag]
            child.tag = XHTML + name
            child.set("class", f"{kind} {child.get('class', '')}".strip())
        _clean(child)


def _valid(element: Element) -> None:
    """Put right what browsers forgive: signs in an address, a weight between two hundreds."""
    if href := element.get("href"):
        element.set("href", quote(href, safe="/:?#[]@!$&'()*+,;=%~"))
    if (weight := element.get("font-weight", "")).isdigit():
        element.set("font-weight", str(round(int(weight), -2)))


def _left_out(element: Element) -> bool:
    name = element.tag.removeprefix(XHTML)
    return name in _ACTING or not _ON_SCREEN.isdisjoint(element.get("class", "").split())


def _points_at_itself(parent: Element, child: Element) -> bool:
    """ "Link to this verdict": an address to copy from the site, of no use within a book."""
    own = parent.get("class") == "verdict-links"
    return own and child.get("href", "").startswith("#")


def _remove(parent: Element, child: Element) -> None:
    """Take an element out and leave the text after it."""
    place = list(parent).index(child)
    if place:
        parent[place - 1].tail = (parent[place - 1].tail or "") + (child.tail or "")
    else:
        parent.text = (parent.text or "") + (child.tail or "")
    parent.remove(child)


def _unique_ids(root: Element) -> None:
    seen: set[str] = set()
    for element in root.iter():
        tag = element.get("id")
        if tag in seen:
            del element.attrib["id"]
        elif tag is not None:
            seen.add(tag)


def text(element: Element) -> str:
    """All words in an element, on one line."""
    return " ".join("".join(element.itertext()).split())


def add(parent: Element, name: str, words: str = "", **attributes: str) -> Element:
    """Append an XHTML element; `class_` stands for class."""
    given = {k.rstrip("_"): v for k, v in attributes.items()}
    child = SubElement(parent, XHTML + name, given)
    child.text = words or None
    return child


def headings(root: Element, levels: str) -> Iterator[tuple[int, str, str]]:
    """Level, id and words of each heading; the id is its own or that of the section it opens."""
    for parent in root.iter():
        for child in parent:
            name = child.tag.removeprefix(XHTML)
            if len(name) == 2 and name[0] == "h" and name[1] in levels:
                yield int(name[1]), child.get("id") or parent.get("id") or "", text(child)


# -- writing --------------------------------------------------------------------------------------

_VOID = {"br", "hr", "img", "wbr", "col", "source", "meta", "link"}


def serialise(element: Element) -> str:
    """An element as XML: XHTML, SVG and MathML each as their own default namespace."""
    out: list[str] = []
    _write(element, "", out)
    return "".join(out)


def _write(element: Element, outer: str, out: list[str]) -> None:
    space, _, name = element.tag[1:].rpartition("}")
    declared = f' xmlns="{space}"' if space != outer else ""
    attributes = "".join(f' {_plain(k)}="{escape(v)}"' for k, v in element.attrib.items())
    if len(element) == 0 and not element.text and (space != XHTML[1:-1] or name in _VOID):
        out.append(f"<{name}{declared}{attributes}/>")
    else:
        out.append(f"<{name}{declared}{attributes}>{_content(element.text)}")
        for child in element:
            _write(child, space, out)
            out.append(_content(child.tail))
        out.append(f"</{name}>")


def _plain(name: str) -> str:
    """An attribute's name; xlink:href of old drawings is plain href today, xml:lang keeps its."""
    space, _, local = name.rpartition("}")
    return f"xml:{local}" if space.endswith("namespace") else local


# Control characters that XML has no place for.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _content(words: str | None) -> str:
    return escape(_FORBIDDEN.sub("", words)).replace("&quot;", '"') if words else ""
