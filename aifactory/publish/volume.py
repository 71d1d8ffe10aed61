"""The whole book as one file: what PDF and EPUB share, and where the site offers them.

The builder `epub` (in the place of Sphinx's own) writes each page as clean XHTML, with charts as
single drawings, without code and controls. `load` reads them all, in the order of the book, and
settles every link: to a place in the book, to the site where its address is known, or to nothing.
From these pages `aifactory.publish.epub` packs one file and `aifactory.publish.paper` prints the
other. Sphinx's singlehtml knows a place by its anchor alone, but a claim has the same one in the
ledger and in its chapter; and so both files come from one build.
"""

from __future__ import annotations

import json
import posixpath
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from aifactory import charts
from aifactory.files import write_text
from aifactory.publish import boxes, directives, figures, pages, slim, xhtml
from aifactory.publish.html import BookHtml, block, escape, is_shown, slug

SUFFIX = ".xhtml"
CONTENTS = "pages.json"
LICENCE = "Text CC BY 4.0, code BSD-3-Clause, data under the licence of each table."
NAME = "ai-factory-checked"
FILES = {
    f"{NAME}.pdf": ("PDF", "to print, or to read on a desk", "make pdf"),
    f"{NAME}.epub": ("EPUB", "for e-readers and phones", "make epub"),
}


# -- writing the pages ----------------------------------------------------------------------------


class EditionBuilder(StandaloneHTMLBuilder):
    """Each page as an XHTML fragment, and a list of all with what is known of the book."""

    name = "epub"
    epilog = ""
    search = copysource = add_permalinks = download_support = False

    def init(self) -> None:
        """Set the suffix after the configuration, which speaks of the site."""
        super().init()
        self.out_suffix = self.link_suffix = SUFFIX

    def write_doc_serialized(self, docname: str, doctree: nodes.document) -> None:
        """Only images: nothing is searched here."""
        self.imgpath = ""
        self.post_process_images(doctree)

    def handle_page(self, pagename: str, addctx: dict[str, Any], *_: Any, **__: Any) -> None:
        """Write one page."""
        slim.slim_page(self.app, pagename, "", addctx, None)
        path = Path(self.get_outfilename(pagename))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, xhtml.serialise(xhtml.parse(addctx["body"])))

    def copy_assets(self) -> None:
        """None: styles are added when a file is made. myst-nb wants a folder for its own."""
        (Path(self.outdir) / "_static").mkdir(exist_ok=True)

    def finish(self) -> None:
        """Write the list of pages."""
        self.copy_image_files()
        self.write_buildinfo()
        config, env = self.config, self.env
        order = list(_in_order(env, config.root_doc))
        listed = [{"name": n, "title": env.titles[n].astext(), "part": part} for n, part in order]
        about = {
            "title": str(config.html_title or config.project),
            "author": str(config.author),
            "language": config.language or "en",
            "description": _description(env.get_doctree(config.root_doc)),
            "copyright": str(config.copyright),
            "site": pages.base(self.app),
            "pages": listed,
        }
        text = json.dumps(about, ensure_ascii=False, indent=1)
        write_text(Path(self.outdir) / CONTENTS, text + "\n")


def _in_order(env: Any, name: str, part: str = "") -> Iterator[tuple[str, str]]:
    """A document and all below it as the contents list them, each with its part's caption."""
    yield name, part
    for tree in env.get_doctree(name).findall(addnodes.toctree):
        for child in tree["includefiles"]:
            yield from _in_order(env, child, tree.get("caption") or part)


def _description(root: nodes.document) -> str:
    found = [m["content"] for m in root.findall(nodes.meta) if m.get("name") == "description"]
    return found[0] if found else ""


def _still_charts(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give each chart of a page one drawing, the site's where it is there already."""
    if app.builder.name != EditionBuilder.name:
        return
    for node in doctree.findall(BookHtml):
        if node.get("spec"):
            drawn = _drawing(node["spec"], Path(app.outdir))
            node["html"] = still(node["spec"], charts.size(drawn))
            node["spec"] = None


def _drawing(spec: dict[str, Any], folder: Path) -> str:
    name = spec["usermeta"]["name"]
    key = figures.key(spec)
    target = folder / figures.FOLDER / f"{name}.svg"
    stamp = target.with_name(f".{name}.key")
    if target.exists() and stamp.exists() and stamp.read_text() == key:
        return target.read_text(encoding="utf-8")
    site = folder.parent / "html" / figures.FOLDER
    note = site / f".{name}.json"
    if note.exists() and json.loads(note.read_text())["key"] == key:
        drawn = (site / f"{name}-wide.svg").read_text(encoding="utf-8")
    else:
        drawn = charts.svg(spec, charts.WIDE, False, title=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, drawn)
    write_text(stamp, key)
    return drawn


def still(spec: dict[str, Any], size: tuple[float, float]) -> str:
    """The figure of a chart that stands still."""
    meta = spec["usermeta"]
    note = ""
    if figures.controls(spec):
        note = '<p class="chart-note">On the site, this chart has controls that recompute it.</p>'
    return (
        f'<figure class="chart" id="fig-{meta["name"]}">'
        f'<p class="chart-finding">{escape(meta["finding"])}</p>'
        f'<p class="chart-what">{escape(meta["what"])}</p>'
        f'<img src="file:{figures.FOLDER}/{meta["name"]}.svg" alt="{escape(meta["alt"])}"'
        f' width="{size[0]:.0f}" height="{size[1]:.0f}">'
        f'<figcaption><p class="chart-source">{escape(meta["source"])}</p>{note}'
        "</figcaption></figure>\n"
    )


def _without_code(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Leave folded code out: a line where a model stood, and one at the end that says where."""
    if app.builder.name != EditionBuilder.name:
        return
    folded = list(doctree.findall(HideCodeCellNode))
    for node in folded:
        names = node.get("summary", "").partition(": ")[2]
        line = f'<p class="left-out">Model code, not printed here: <code>{escape(names)}</code></p>'
        node.parent.replace(node, [block(line)] if names else [])
    if folded:
        text = (
            f'<p class="left-out">The code of this chapter is in <a href="file:{docname}.html">'
            f"<code>{escape(docname)}.ipynb</code></a>, which holds what was run.</p>"
        )
        doctree.append(block(text))


# -- reading them ---------------------------------------------------------------------------------


@dataclass
class Page:
    """A page of the book; its links say `PAGE#PLACE` where they stay in the book."""

    name: str
    title: str
    part: str
    body: ElementTree.Element

    @property
    def slug(self) -> str:
        """Its name in one word."""
        return slug(self.name)

    def ids(self) -> set[str]:
        """Every place on it."""
        return {e.get("id") for e in self.body.iter() if e.get("id")}


@dataclass
class Book:
    """All pages, and what title page and metadata say."""

    title: str
    author: str
    language: str
    description: str
    copyright: str
    site: str
    pages: list[Page]


def load(folder: Path) -> Book:
    """The pages that the builder wrote into `folder`, with links settled."""
    about = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
    about["pages"] = [
        Page(**entry, body=ElementTree.parse(folder / f"{entry['name']}{SUFFIX}").getroot())
        for entry in about["pages"]
    ]
    book = Book(**about)
    for page in book.pages:
        if page.name == boxes.DATA_PAGE:
            _shorten(page.body)
    places = {page.name: page.ids() for page in book.pages}
    for page in book.pages:
        for element in page.body.iter():
            if element.tag == xhtml.XHTML + "a" and element.get("href") is not None:
                _settle(element, page.name, places, book.site)
            if element.tag == xhtml.XHTML + "img":
                at = posixpath.dirname(page.name)
                element.set("src", posixpath.normpath(posixpath.join(at, element.get("src"))))
    return book


def _shorten(body: ElementTree.Element) -> None:
    """The data page without the tables that are folded there: fields stand with the data."""
    for parent in list(body.iter()):
        for child in list(parent):
            folded = "details" in child.get("class", "").split()
            if folded and child.find(f".//{xhtml.XHTML}table") is not None:
                parent.remove(child)


def _settle(link: ElementTree.Element, here: str, places: dict[str, set[str]], site: str) -> None:
    """Point a link at a place of the book or at the site; where there is neither, leave words."""
    parts = urlsplit(link.get("href"))
    if parts.scheme or parts.netloc:
        return
    link.attrib.pop("download", None)
    path = posixpath.join(posixpath.dirname(here), parts.path) if parts.path else here
    path = posixpath.normpath(path)
    name = path.removesuffix(SUFFIX).removesuffix(".html")
    for page, place in ((name, parts.fragment), _stand_in(name)):
        if page in places and (not place or place in places[page]):
            link.set("href", f"{page}#{place}")
            return
    if site:
        path = f"{name}.html" if path.endswith(SUFFIX) else path
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        link.set("href", urljoin(site, path) + fragment)
    else:
        link.tag = xhtml.XHTML + "span"
        for attribute in ("href", "title", "rel"):
            link.attrib.pop(attribute, None)


def _stand_in(name: str) -> tuple[str, str]:
    """Where the book has what a page of the site alone tells: its claims, and its tables."""
    folder, _, rest = name.partition("/")
    if folder == "claims":
        return boxes.LEDGER, rest
    if folder == "data":
        return boxes.DATA_PAGE, boxes.table_anchor(rest)
    return "", ""


def about_lines(book: Book) -> list[str]:
    """What a title page says below the title: the edition, licence, and what is left out."""
    edition = pages.edition()
    commit = f", commit {edition.commit[:12]}" if edition.commit else ""
    where = f" The site is {book.site}" if book.site else ""
    return [
        f"Version {edition.version} of {edition.released}{commit}.",
        f"© {book.copyright}. {LICENCE}",
        "This edition holds the whole text with every verdict, chart and source. Code, the fields"
        " of data tables and controls that recompute a chart are on the site and in the"
        f" repository.{where}",
    ]


# -- offering them --------------------------------------------------------------------------------


class Downloads(directives.BookDirective):
    """The whole book as files: those that are there with their sizes, or how to make them."""

    def run(self) -> list[nodes.Node]:
        site = self.env.app.builder.name != EditionBuilder.name
        items = ""
        for file, (kind, use, command) in FILES.items():
            path = Path(self.env.srcdir) / "_build" / file
            if site:
                self.env.note_dependency(str(path))
            if site and path.is_file():
                size = f"{path.stat().st_size / 1e6:.1f} MB"
                items += f'<li><a href="file:{file}" download>{kind}</a>, {size}: {use}</li>'
            else:
                items += f"<li>{kind}, {use}: <code>{command}</code> makes it</li>"
        return [block(f'<ul class="downloads">{items}</ul>\n')]


def _offer(app: Sphinx, error: Exception | None) -> None:
    """Put the files that were made beside the pages of the site."""
    if error or not is_shown(app):
        return
    for file in FILES:
        made = Path(app.srcdir) / "_build" / file
        if made.is_file():
            shutil.copyfile(made, Path(app.outdir) / file)


def _version(app: Sphinx, config: Any) -> None:
    """Sphinx warns of an EPUB without a version."""
    config.version = config.version or pages.edition().version


def setup(app: Sphinx) -> None:
    """Register the builder, what prepares pages for it, and the directive."""
    app.add_builder(EditionBuilder, override=True)
    app.add_directive("downloads", Downloads)
    app.connect("config-inited", _version)
    app.connect("doctree-resolved", _still_charts)
    app.connect("doctree-resolved", _without_code)
    app.connect("build-finished", _offer)
