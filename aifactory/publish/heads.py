"""What a page's head says to reference managers, search engines and those who share its address.

Highwire and Dublin Core tags, OpenGraph and Twitter tags, and schema.org's Book, Chapter and
BreadcrumbList. Zotero's Embedded Metadata takes a chapter as a book section by citation_book_title
and the first page as a book by og:type.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from aifactory import data
from aifactory.publish import cards, citation, citing, glosses, pages
from aifactory.publish.citation import Book
from aifactory.publish.html import escape, is_site

CONTEXT = "https://schema.org"


def meta(rows: list[tuple[str, str]], attribute: str = "name") -> str:
    """Meta elements, without those that have nothing to say."""
    return "".join(
        f'<meta {attribute}="{name}" content="{escape(value)}">\n' for name, value in rows if value
    )


def bibliographic(title: str, book: Book, where: str, keywords: list[str], part: bool) -> str:
    """Highwire's and Dublin Core's tags of a part of the book, or of the book."""
    known = where if "://" in where else ""
    day = book.released
    rows = [
        ("citation_title", title),
        *(("citation_author", author) for author in book.authors),
        ("citation_publication_date", f"{day:%Y/%m/%d}"),
        ("citation_book_title", book.title if part else ""),
        ("citation_language", "en"),
        ("citation_keywords", "; ".join(keywords)),
        ("citation_doi", book.doi),
        ("citation_public_url", known),
        ("citation_fulltext_html_url", known),
        ("DC.title", title),
        *(("DC.creator", author) for author in book.authors),
        ("DC.date", day.isoformat()),
        ("DC.identifier", f"doi:{book.doi}" if book.doi else where),
        ("DC.rights", citation.TEXT_LICENCE),
        ("DC.language", citation.LANGUAGE),
        ("DC.type", "Text"),
    ]
    canonical = f'<link rel="canonical" href="{escape(known)}">\n' if known else ""
    return meta(rows) + canonical


def shared(title: str, said: str, kind: str, where: str, picture: str, alt: str, site: str) -> str:
    """OpenGraph's tags, and the one that Twitter wants beside them."""
    rows = [
        ("og:title", title),
        ("og:description", said),
        ("og:type", kind),
        ("og:site_name", site),
        ("og:image", picture),
        ("og:image:alt", alt),
        ("og:url", where if "://" in where else ""),
    ]
    return meta(rows, "property") + meta([("twitter:card", "summary_large_image")])


def shortened(words: str, most: int = 200) -> str:
    """Whole sentences of a text up to `most` characters, or its first words with an ellipsis."""
    if len(words) <= most:
        return words
    end = max(words.rfind(mark, 0, most) for mark in (". ", "? "))
    return words[: end + 1] if end > 40 else words[:most].rsplit(" ", 1)[0] + " …"


def _record(kind: str, name: str, book: Book, where: str) -> dict[str, Any]:
    record = {
        "@context": CONTEXT,
        "@type": kind,
        "name": name,
        "author": [{"@type": "Organization", "name": a} for a in book.authors],
        "datePublished": book.released.isoformat(),
        "version": book.version,
        "inLanguage": citation.LANGUAGE,
        "license": citation.TEXT_LICENCE,
    }
    return record | ({"url": where} if "://" in where else {})


def book_record(app: Sphinx, chapters: dict[str, str]) -> dict[str, Any]:
    """The book as schema.org has it; `chapters` are titles by docname, in order."""
    book = app.citer.book
    parts = [
        {"@type": "Chapter", "name": title, "position": i, "url": _place(app, name)}
        for i, (name, title) in enumerate(chapters.items(), start=1)
    ]
    about = {"description": book.abstract, "keywords": ", ".join(book.keywords)}
    doi = {"identifier": f"https://doi.org/{book.doi}"} if book.doi else {}
    record = _record("Book", book.title, book, _place(app, "index"))
    return record | about | doi | {"hasPart": parts}


def chapter_record(app: Sphinx, name: str, title: str, position: int) -> dict[str, Any]:
    """A chapter as schema.org has it."""
    book = app.citer.book
    changed = pages.last_change(f"{name}.ipynb")[1]
    whole = {"@type": "Book", "name": book.title, "url": _place(app, "index", name)}
    record = _record("Chapter", title, book, _place(app, name, name))
    record |= {
        "position": position,
        "isPartOf": whole,
        "keywords": ", ".join(_keywords(name, book)),
    }
    record |= {"about": {"@type": "Thing", "name": _subject(name)}}
    return record | ({"dateModified": changed} if changed else {})


def breadcrumbs(app: Sphinx, title: str, here: str) -> dict[str, Any]:
    """The way from the first page to a chapter or a claim."""
    steps = [(app.citer.book.title, _place(app, "index", here)), (title, _place(app, here, here))]
    return {
        "@context": CONTEXT,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": i, "name": name, "item": item}
            for i, (name, item) in enumerate(steps, start=1)
        ],
    }


def _place(app: Sphinx, name: str, here: str = "index") -> str:
    uri = app.builder.get_target_uri(name)
    return pages.address(app, uri, here) or uri.rpartition("/")[2]


def _subject(name: str) -> str:
    return name.rpartition("/")[2].replace("_", " ")


def _keywords(name: str, book: Book) -> list[str]:
    return list(dict.fromkeys([_subject(name), *book.keywords]))


def chapters(app: Sphinx) -> dict[str, str]:
    """Titles of the chapters by docname, in the book's order."""
    listed = app.env.toctree_includes.get("index", [])
    found = [n for n in listed if n.startswith(citing.CHAPTERS)]
    return {n: app.citer.places(n)[0].short for n in found}


def head(app: Sphinx, name: str) -> str:
    """The head of a page: all of it for the book, chapters and claims, the sharing tags else."""
    citer, claim = app.citer, name.startswith(f"{citing.CLAIMS}/")
    book = citer.book
    if claim:
        judged = data.claim(name.removeprefix(f"{citing.CLAIMS}/"))
        title, said, card = judged.claim.rstrip("."), judged.criterion, citer.chapter(judged.id)
    else:
        title, card = citer.places(name)[0].short, name
        said = book.abstract if name == "index" else citer.opening(name)
    if name == "index":
        title = book.title
    where, part = _place(app, name, name), name != "index"
    chapter = name.startswith(citing.CHAPTERS)
    out = ""
    if chapter or claim or not part:
        out += bibliographic(
            title,
            book,
            where if "://" in where else name + ".html",
            _keywords(card, book) if part else list(book.keywords),
            part,
        )
    kind = "article" if part else "book"
    shown = card if chapter or claim else "index"
    place = cards.chart(app, shown)
    alt = place.finding if place else ""
    picture = pages.address(app, cards.file(shown), name) if place else ""
    if claim:  # alone, without the post round it
        title = glosses.standalone(judged).rstrip(".")
    out += shared(title, shortened(said), kind, where, picture, alt, book.title)
    records = []
    if name == "index":
        records = [book_record(app, chapters(app))]
    if chapter:
        order = list(chapters(app))
        records = [chapter_record(app, name, title, order.index(name) + 1)]
    if chapter or claim:
        records.append(breadcrumbs(app, title, name))
    return out + "".join(map(pages.linked_data, records))


def _add(app: Sphinx, name: str, template: str, context: dict[str, Any], _: Any) -> None:
    if not is_site(app):
        return
    is_claim = name.startswith(f"{citing.CLAIMS}/") and context.get("made")
    if is_claim or (name in app.env.found_docs and citing_places(app, name)):
        context["metatags"] = (context.get("metatags") or "") + head(app, name)


def citing_places(app: Sphinx, name: str) -> bool:
    """Whether a page has a heading, and so a title to be shared by."""
    return bool(app.citer.places(name))


def setup(app: Sphinx) -> None:
    """Add the tags to every page of the book and to claims' pages."""
    app.connect("html-page-context", _add)
