"""The book as an EPUB 3: pages, charts, one style sheet in one zip, the same bytes every time."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from aifactory.files import atomically
from aifactory.publish import cover, pages, xhtml
from aifactory.publish.html import escape
from aifactory.publish.volume import LICENCE, Book, Page, about_lines

THEME = Path(__file__).parent / "theme"
STYLE, FONT = "style.css", "book-math.woff2"
_OUTSIDE = ("http:", "https:", "mailto:", "doi:")
TYPES = {
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".woff2": "font/woff2",
}
_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""


@dataclass(frozen=True)
class Item:
    """A file of the book: its path, content, manifest properties, and whether one reads it."""

    path: str
    content: bytes
    properties: str = ""
    read: bool = False


def write(book: Book, folder: Path, notebooks: Path, target: Path) -> None:
    """Pack the book; `folder` holds the charts, `notebooks` what the cover is drawn from."""
    drawn = cover.svg(book.title, book.author, cover.rows(notebooks))
    items = [
        Item("cover.png", cover.png(drawn), "cover-image"),
        Item(STYLE, (THEME / "edition.css").read_bytes()),
        Item(FONT, (THEME / "static" / FONT).read_bytes()),
        _document(book, "cover", book.title, _cover(book), kind="cover"),
        _document(book, "about", "About this edition", _about(book), kind="titlepage"),
        _document(book, "nav", "Contents", _nav(book), "nav"),
    ]
    images: set[str] = set()
    for page in book.pages:
        body, shown = _body(page)
        images |= shown
        items.append(_document(book, page.slug, page.title, body, _properties(page)))
    items += [Item(path, (folder / path).read_bytes()) for path in sorted(images)]
    atomically(target, lambda at: _zip(at, book, items))


def _zip(target: Path, book: Book, items: list[Item]) -> None:
    """The mimetype first and as it is, then all in order, dated with the edition."""
    year, month, day = map(int, pages.edition().released.split("-"))
    with zipfile.ZipFile(target, "w") as out:
        for path, content in _contents(book, items):
            info = zipfile.ZipInfo(path, (year, month, day, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.create_system = 3
            plain = path == "mimetype" or path.endswith((".png", ".woff2"))
            info.compress_type = zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED
            out.writestr(info, content)


def _contents(book: Book, items: list[Item]) -> Iterator[tuple[str, bytes]]:
    yield "mimetype", b"application/epub+zip"
    yield "META-INF/container.xml", _CONTAINER.encode()
    yield "EPUB/package.opf", _package(book, items).encode()
    for item in items:
        yield f"EPUB/{item.path}", item.content


# -- the package ----------------------------------------------------------------------------------


def _package(book: Book, items: list[Item]) -> str:
    edition = pages.edition()
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{book.title} {edition.version}")
    names = [_name(item) for item in items]
    manifest = "".join(
        f'<item id="{name}" href="{item.path}" media-type="{TYPES[Path(item.path).suffix]}"'
        + (f' properties="{item.properties}"' if item.properties else "")
        + "/>\n"
        for name, item in zip(names, items, strict=True)
    )
    spine = "".join(f'<itemref idref="{_name(i)}"/>\n' for i in items if i.read)
    access = {
        "accessMode": ["textual", "visual"],
        "accessModeSufficient": ["textual"],
        "accessibilityFeature": [
            "alternativeText", "MathML", "tableOfContents", "structuralNavigation",
            "displayTransformability",
        ],
        "accessibilityHazard": ["none"],
        "accessibilitySummary": [
            "Every chart has an alternative text that states its finding; formulas are MathML."
        ],
    }  # fmt: skip
    meta = "".join(
        f'<meta property="schema:{k}">{escape(v)}</meta>\n' for k, vs in access.items() for v in vs
    )
    about = f"<dc:description>{escape(book.description)}</dc:description>\n"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"'
        f' xml:lang="{book.language}">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:uuid:{name}</dc:identifier>\n'
        f"<dc:title>{escape(book.title)}</dc:title>\n"
        f"<dc:creator>{escape(book.author)}</dc:creator>\n"
        f"<dc:language>{book.language}</dc:language>\n"
        f"<dc:date>{edition.released}</dc:date>\n"
        f"<dc:rights>{escape(LICENCE)}</dc:rights>\n"
        f"{about if book.description else ''}"
        f'<meta property="dcterms:modified">{edition.released}T00:00:00Z</meta>\n{meta}'
        f"</metadata>\n<manifest>\n{manifest}</manifest>\n<spine>\n{spine}</spine>\n</package>\n"
    )


def _name(item: Item) -> str:
    return "item-" + item.path.replace("/", "-").replace(".", "-")


def _properties(page: Page) -> str:
    tags = {element.tag for element in page.body.iter()}
    found = {"mathml": xhtml.MATHML + "math", "svg": xhtml.SVG + "svg"}
    return " ".join(name for name, tag in found.items() if tag in tags)


# -- its documents --------------------------------------------------------------------------------


def _document(
    book: Book, name: str, title: str, body: Element, properties: str = "", kind: str = ""
) -> Item:
    marked = f' epub:type="{kind}"' if kind else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
        f' lang="{book.language}" xml:lang="{book.language}">\n<head><title>{escape(title)}</title>'
        f'<link rel="stylesheet" type="text/css" href="{STYLE}"/></head>\n'
        f"<body{marked}>{xhtml.serialise(body)}</body>\n</html>\n"
    )
    text = text.replace(' class="nav-contents"', ' epub:type="toc" role="doc-toc"')
    return Item(f"{name}.xhtml", text.encode(), properties, read=True)


def _body(page: Page) -> tuple[Element, set[str]]:
    """A page with its links as this file has them, and the images that it shows."""
    images = set()
    for element in page.body.iter():
        href = element.get("href")
        if element.tag == xhtml.XHTML + "a" and href and not href.startswith(_OUTSIDE):
            element.set("href", _href(href))
        if element.tag == xhtml.XHTML + "img":
            images.add(element.get("src"))
    return page.body, images


def _href(link: str) -> str:
    name, _, place = link.partition("#")
    return f"{Page(name, '', '', None).slug}.xhtml" + (f"#{place}" if place else "")


def _cover(book: Book) -> Element:
    body = Element(xhtml.XHTML + "div", {"class": "cover"})
    xhtml.add(body, "img", src="cover.png", alt=f"{book.title}: the cover")
    return body


def _about(book: Book) -> Element:
    body = Element(xhtml.XHTML + "div", {"class": "about"})
    xhtml.add(body, "h1", book.title)
    xhtml.add(body, "p", book.author, class_="author")
    for line in about_lines(book):
        xhtml.add(body, "p", line)
    return body


def _nav(book: Book) -> Element:
    """Contents: chapters, and the sections of each."""
    nav = Element(xhtml.XHTML + "nav", {"class": "nav-contents"})
    xhtml.add(nav, "h1", "Contents")
    top = xhtml.add(nav, "ol")
    within, caption = top, ""
    for page in book.pages:
        if page.part != caption:
            caption, within = page.part, top
            if caption:
                item = xhtml.add(top, "li")
                xhtml.add(item, "span", caption)
                within = xhtml.add(item, "ol")
        item = xhtml.add(within, "li")
        xhtml.add(item, "a", page.title, href=f"{page.slug}.xhtml")
        sections = [(tag, words) for _, tag, words in xhtml.headings(page.body, "2") if tag]
        if sections:
            inner = xhtml.add(item, "ol")
            for tag, words in sections:
                xhtml.add(xhtml.add(inner, "li"), "a", words, href=f"{page.slug}.xhtml#{tag}")
    return nav
