"""The book on paper: one document of all pages, printed to PDF by a Chromium without a window.

Chromium can't write the page number of a place into a table of contents (`target-counter`). So the
book is printed twice: the first print tells on which page each place came to lie.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pikepdf
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from aifactory import browser
from aifactory.files import atomically
from aifactory.publish import cover, pages, xhtml
from aifactory.publish.html import escape
from aifactory.publish.volume import Book, Page, about_lines

THEME = Path(__file__).parent / "theme"
_REFERENCES = ("aria-labelledby", "aria-describedby", "headers", "for")
_OUTSIDE = ("http:", "https:", "mailto:", "doi:")
TEXT_WIDTH = 657  # px: 174 mm, between the margins of paper.css
TEXT_HEIGHT = 971  # px: 257 mm
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Wide tables get smaller type, down to 60 %; a verdict longer than a page may break.
_FIT = """([width, height]) => {
  const stuck = [];
  for (const table of document.querySelectorAll("table")) {
    const room = table.parentElement.clientWidth || width;
    const size = parseFloat(getComputedStyle(table).fontSize);
    for (let part = 1; table.scrollWidth > room + 1 && part > .6; part -= .05)
      table.style.fontSize = `${size * part}px`;
    if (table.scrollWidth > room + 1) table.classList.add("tight");
    if (table.scrollWidth > room + 1) stuck.push(table.textContent.slice(0, 80));
  }
  for (const box of document.querySelectorAll(".verdict"))
    if (box.offsetHeight > height * .9) box.classList.add("long");
  return stuck;
}"""
_LOADED = "Promise.all([document.fonts.ready, ...[...document.images].map(i => i.decode())])"


class Unprintable(Exception):
    """Something of the book doesn't fit on its pages, or a place can't be found there."""


def write(book: Book, folder: Path, notebooks: Path, target: Path) -> None:
    """Print the book; `folder` holds its charts, `notebooks` what the cover is drawn from."""
    path = browser.required()
    for page in book.pages:
        _own_ids(page)
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        _lay_out(place, book, folder, notebooks)
        with sync_playwright() as play:
            chromium = play.chromium.launch(executable_path=path, args=_ARGUMENTS)
            tab = chromium.new_page(viewport={"width": TEXT_WIDTH, "height": TEXT_HEIGHT})
            numbers: dict[str, int] = {}
            for _ in range(3):
                (place / "book.xhtml").write_text(document(book, numbers), encoding="utf-8")
                _print(tab, place / "book.xhtml", place / "book.pdf")
                before, numbers = numbers, page_numbers(place / "book.pdf")
                if numbers == before:
                    break
            chromium.close()
        atomically(target, lambda at: finish(book, place / "book.pdf", at))


def _lay_out(place: Path, book: Book, folder: Path, notebooks: Path) -> None:
    """Put everything that the document shows beside it."""
    for element in (e for page in book.pages for e in page.body.iter(xhtml.XHTML + "img")):
        image = place / element.get("src")
        image.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / element.get("src"), image)
    drawn = cover.svg(book.title, book.author, cover.rows(notebooks))
    (place / "cover.svg").write_text(drawn, encoding="utf-8")
    for file in ("edition.css", "paper.css", "static/book-math.woff2"):
        shutil.copy(THEME / file, place)


def _print(tab: Tab, source: Path, target: Path) -> None:
    tab.emulate_media(media="print", color_scheme="light")
    tab.goto(source.as_uri(), wait_until="load")
    tab.evaluate(_LOADED)
    if stuck := tab.evaluate(_FIT, [TEXT_WIDTH, TEXT_HEIGHT]):
        raise Unprintable(f"tables wider than a page: {'; '.join(stuck)}")
    tab.pdf(
        path=target, outline=True, tagged=True, prefer_css_page_size=True, print_background=True
    )


# -- the document ---------------------------------------------------------------------------------


def _own_ids(page: Page) -> None:
    """Put the page's name before each id, and point links at the new ones."""
    for element in page.body.iter():
        if tag := element.get("id"):
            element.set("id", f"{page.slug}--{tag}")
        for name in _REFERENCES:
            if named := element.get(name):
                element.set(name, " ".join(f"{page.slug}--{n}" for n in named.split()))
        href = element.get("href")
        if element.tag == xhtml.XHTML + "a" and href and not href.startswith(_OUTSIDE):
            name, _, tag = href.partition("#")
            there = Page(name, "", "", None).slug
            element.set("href", f"#{there}--{tag}" if tag else f"#{there}")


def document(book: Book, numbers: dict[str, int]) -> str:
    """All pages as one document; `numbers` has the page of each place, where it is known."""
    body = Element(xhtml.XHTML + "body")
    front = xhtml.add(body, "div", class_="front front-cover")
    xhtml.add(front, "img", src="cover.svg", alt=f"{book.title}: the cover")
    _about(xhtml.add(body, "div", class_="front about"), book)
    _contents(xhtml.add(body, "nav", class_="front contents"), book, numbers)
    for page in book.pages:
        chapter = xhtml.add(body, "div", class_=f"chapter page-{page.slug}", id=page.slug)
        chapter.append(page.body)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml" lang="{book.language}"><head>'
        f"<title>{escape(book.title)}</title>"
        '<link rel="stylesheet" href="edition.css"/><link rel="stylesheet" href="paper.css"/>'
        f"<style>{_running_titles(book)}</style></head>\n{xhtml.serialise(body)}</html>\n"
    )


def _running_titles(book: Book) -> str:
    """A kind of page for each chapter, with its title at the head."""
    style = 'font: 8.5pt "Liberation Sans", Arial, Helvetica, sans-serif; color: #55606b;'
    rules = [
        f".page-{p.slug} {{ page: {p.slug}; }} @page {p.slug} {{"
        f" @top-left {{ content: {_quoted(book.title)}; {style} }}"
        f" @top-right {{ content: {_quoted(p.title)}; {style} }} }}"
        for p in book.pages
    ]
    return escape("\n".join(rules)).replace("&quot;", '"')


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _about(place: Element, book: Book) -> None:
    xhtml.add(place, "p", book.title, class_="lead")
    xhtml.add(place, "p", book.author)
    for line in about_lines(book):
        xhtml.add(place, "p", line)


def _contents(place: Element, book: Book, numbers: dict[str, int]) -> None:
    xhtml.add(place, "h1", "Contents")
    top = xhtml.add(place, "ol")
    part = ""
    for page in book.pages:
        if page.part != part:
            part = page.part
            xhtml.add(xhtml.add(top, "li", class_="part"), "span", part)
        item = xhtml.add(top, "li", class_="chapter-entry")
        _line(item, page.title, page.slug, numbers)
        sections = [(tag, words) for _, tag, words in xhtml.headings(page.body, "2") if tag]
        if sections and not page.name.endswith("/data"):
            inner = xhtml.add(item, "ol")
            for tag, words in sections:
                _line(xhtml.add(inner, "li"), words, tag, numbers)


def _line(place: Element, words: str, tag: str, numbers: dict[str, int]) -> None:
    link = xhtml.add(place, "a", href=f"#{tag}")
    xhtml.add(link, "span", words)
    xhtml.add(link, "span", class_="dots")
    xhtml.add(link, "span", str(numbers.get(tag, "000")), class_="page")


# -- the printed file -----------------------------------------------------------------------------


def page_numbers(printed: Path) -> dict[str, int]:
    """The page, counted from one, of each place that a link points to."""
    with pikepdf.open(printed) as pdf:
        at = {page.objgen: number for number, page in enumerate(pdf.pages, start=1)}
        return {
            str(name).removeprefix("/"): at[place[0].objgen]
            for name, place in pdf.Root.get("/Dests", pikepdf.Dictionary()).items()
        }


def finish(book: Book, printed: Path, target: Path) -> None:
    """Say in the file what it is, take the clock out, and press it."""
    edition = pages.edition()
    moment = f"{edition.released}T00:00:00+00:00"
    with pikepdf.open(printed) as pdf:
        _check_places(pdf)
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=True) as meta:
            meta["dc:title"] = book.title
            meta["dc:creator"] = [book.author]
            meta["dc:description"] = book.description
            meta["dc:language"] = [book.language]
            meta["xmp:CreateDate"] = meta["xmp:ModifyDate"] = moment
        pdf.docinfo["/Subject"] = book.description
        pdf.Root.Lang = pikepdf.String(book.language)
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.Root.PageMode = pikepdf.Name.UseOutlines
        pdf.save(
            target,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            recompress_flate=True,
            compress_streams=True,
            deterministic_id=True,
        )


def _check_places(pdf: Any) -> None:
    """Every link within the book has a place to go to."""
    known = {str(name) for name in pdf.Root.get("/Dests", pikepdf.Dictionary())}
    wanted = {
        str(note.Dest)
        for page in pdf.pages
        for note in page.get("/Annots", ())
        if isinstance(note.get("/Dest"), pikepdf.Name)
    }
    if missing := sorted(wanted - known):
        raise Unprintable(f"links without a place: {', '.join(missing[:5])}")
