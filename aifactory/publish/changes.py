"""What changed from version to version: a page, a short list, a feed, and the map of the site.

`newest-changes` shows the newest version of CHANGELOG.md with the claims whose rating moved;
/changes.html has all versions and every verdict that moved, a reason once, and
/feed.xml is an Atom feed (RFC 4287) with an entry a version and one a verdict that moved. Ids in
the feed are made from the version and the verdict alone, so that they never change. /sitemap.xml
is written where the site knows its own address.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from markdown_it import MarkdownIt
from sphinx.application import Sphinx

from aifactory import data, editions, files, verdicts
from aifactory.editions import Move, Release
from aifactory.publish import boxes, citation, claimrecords, directives, glosses, pages
from aifactory.publish.html import block, capital, escape, is_site, resolve

PAGE = "changes"
FEED = "feed.xml"
MAP = "sitemap.xml"
ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
SPACE = uuid.UUID("5b0c6a1e-6f5d-5d0e-9c57-0d8f1c2a7b34")  # of the feed's ids; never to change
UNLISTED = ("search", "genindex")  # pages without content of their own
DEVELOPMENT = "Development"  # of interest to those who work on the book alone
SHOWN = 2  # items of a heading that newest-changes lists
CLAIMS_SHOWN = 5  # claims that newest-changes lists at most
_NAMED = re.compile(r"((?:`?[a-z]+(?:-[a-z]+)+`?(?:, | and )?)+)[:,] +(?=\S)")  # "claim-id: "
_WORD = r"\b(?:(?:un)?likely|certain|as not|not testable)\b"
_TOLD = re.compile(rf"\A[^:.]*{_WORD}[^:.]*: +", re.I)  # "likely to unlikely: "


@dataclass(frozen=True)
class Version:
    """A version of the book with its list of changes and the verdicts that moved."""

    release: Release
    moves: tuple[Move, ...]
    standing: tuple[Move, ...] = ()  # of claims: of the verdict that stands for all their parts

    @property
    def anchor(self) -> str:
        """Its place on the page of changes."""
        return f"version-{self.release.version.replace('.', '-')}"

    @property
    def title(self) -> str:
        """Its number, and whether it is out."""
        return f"Version {self.release.version}" + ("" if self.release.date else " (unreleased)")


def versions() -> list[Version]:
    """All versions of CHANGELOG.md, newest first."""
    releases = editions.changelog()
    rows = editions.load() if editions.NAME in data.names() else []
    moves = editions.all_moves(rows, releases)
    whole = editions.all_moves(standing(rows), releases)
    return [
        Version(r, tuple(moves.get(r.version, ())), tuple(whole.get(r.version, ())))
        for r in releases
    ]


def standing(rows: list[editions.Row]) -> list[editions.Row]:
    """One row a claim, edition and version: what stands for all parts of the claim."""
    groups: dict[tuple[str, ...], list[editions.Row]] = {}
    for row in rows:
        key = (row["version"], row["claim_id"], row["edition"] or "")
        groups.setdefault(key, []).append(row)
    return [verdicts.combine(parts) | {"part": None} for parts in groups.values()]


def newest(found: list[Version]) -> Version:
    """The newest version that is out."""
    return next(v for v in found if v.release.date)


# -- as HTML --------------------------------------------------------------------------------------


def inline(text: str) -> str:
    """Markdown of one line as HTML; HTML in it is escaped."""
    return MarkdownIt("commonmark", {"html": False}).disable("link").renderInline(text)


def moves_html(moves: tuple[Move, ...]) -> str:
    """Verdicts that moved, by claim and reason, each reason once; ratings before numbers."""
    groups: dict[tuple[str, str], list[Move]] = {}
    for move in sorted(moves, key=lambda m: not m.rating):
        groups.setdefault((move.claim_id, move.why), []).append(move)
    items = "".join(f"<li>{_together(found)}</li>" for found in groups.values())
    return f'<ul class="moves">{items}</ul>' if items else "<p>No verdict moved.</p>"


def _together(moves: list[Move]) -> str:
    """Moves of one claim for one reason."""
    if len(moves) == 1:
        return _move(moves[0])
    parts = "".join(
        f"<li>{escape(capital(_scope(m) or 'as a whole'))}: {_change(m)}</li>" for m in moves
    )
    return f"{_claim(moves[0])}{_reason(moves[0])}<ul>{parts}</ul>"


def _move(move: Move) -> str:
    scope = _scope(move)
    about = f" ({escape(scope)})" if scope else ""
    return f"{_claim(move)}{about} {_change(move)}{_reason(move)}"


def _claim(move: Move) -> str:
    page = f"doc:{boxes.claim_page(escape(move.claim_id))}"
    return f'<a href="{page}">{escape(glosses.standalone(data.claim(move.claim_id)))}</a>'


def _reason(move: Move) -> str:
    return f"<br>{inline(reason(move.why))}" if move.why else ""


def reason(why: str) -> str:
    """A line of the list of changes without the names of claims at its start."""
    found = _NAMED.match(why)
    known = {c.id for c in data.all_claims()}
    if found and set(re.findall(r"[a-z]+(?:-[a-z]+)+", found[1])) <= known:
        why = why[found.end() :]
    return capital(why)


def _change(move: Move) -> str:
    """From one rating to another; where the word stays, from one number to another."""
    rows = (move.before, move.after)
    if move.rating:
        return " to ".join(
            f"{boxes.chip(row['rating'])} {escape(verdicts.chance(row))}".rstrip() for row in rows
        )
    for told, named in ((verdicts.chance, "probability "), (boxes.short_span, _metric(rows))):
        before, after = map(told, rows)
        if before != after:
            again = after.removeprefix(named) if before.startswith(named) else after
            return f"{boxes.chip(move.after['rating'])} {escape(f'{before} to {again}')}"
    return f"{boxes.chip(move.after['rating'])} in digits that are not shown"


def _metric(rows: tuple[editions.Row, editions.Row]) -> str:
    """How the number of a verdict starts, which is not to be said twice."""
    return f"{rows[1]['metric']}: "


def claims_html(version: Version, shown: int = CLAIMS_SHOWN) -> str:
    """The claims whose rating moved, `shown` of them at most; how many more verdicts did."""
    by_claim: dict[str, list[Move]] = {}
    for move in version.standing:
        if move.rating:
            by_claim.setdefault(move.claim_id, []).append(move)
    items = "".join(f"<li>{_briefly(moves)}</li>" for moves in list(by_claim.values())[:shown])
    if not items:
        return "<p>No claim's rating moved.</p>"
    rest = len(by_claim) - shown
    more = f"<li>and {rest} more</li>" if rest > 0 else ""
    return f'<ul class="moves">{items}{more}</ul>'


def _briefly(moves: list[Move]) -> str:
    """A claim's move in each edition, and the first sentence of why."""
    told = "; ".join(
        (f"{scope}: " if len(moves) > 1 and (scope := escape(_scope(m))) else "")
        + " to ".join(boxes.chip(row["rating"]) for row in (m.before, m.after))
        for m in moves
    )
    why = _TOLD.sub("", reason(moves[0].why), count=1)
    first = re.split(r"(?<=[.]) (?=[A-Z])", why, maxsplit=1)[0]
    return f"{_claim(moves[0])} {told}" + (f"<br>{inline(capital(first))}" if first else "")


def _scope(move: Move) -> str:
    edition = verdicts.EDITIONS.get(move.edition or "", "")
    return ", ".join(x for x in (move.part, edition) if x)


def version_html(version: Version, shown: int | None = None) -> str:
    """The lists of one version, `shown` items of each heading at most, and its moves."""
    out = ""
    for heading, items in version.release.sections.items():
        if heading in (editions.VERDICTS, DEVELOPMENT):
            continue
        listed = items[:shown]
        rest = f"<li>and {len(items) - len(listed)} more</li>" if len(items) > len(listed) else ""
        lines = "".join(f"<li>{inline(item)}</li>" for item in listed)
        out += f"<h3>{escape(heading)}</h3><ul>{lines}{rest}</ul>"
    return f"{out}<h3>{editions.VERDICTS}</h3>{moves_html(version.moves)}\n"


def page(found: list[Version]) -> pages.Page:
    """The page of all versions."""
    body = "".join(
        f'<section id="{v.anchor}"><h2>{escape(v.title)}'
        f'<a class="headerlink" href="#{v.anchor}" title="Link to this heading">#</a></h2>'
        f"<p>{_released(v)}</p>{version_html(v)}</section>\n"
        for v in found
    )
    lead = (
        "<p>What each version of the book brought, and which verdicts it moved. "
        f'There is <a href="file:{FEED}">a feed</a> of it; <a href="doc:{boxes.DATA_PAGE}'
        f'#{boxes.table_anchor(editions.NAME)}">a table</a> holds every verdict of every version.'
        "</p>"
    )
    title = "Changes"
    told = "What each version of the book brought, and which verdicts moved."
    return pages.Page(PAGE, title, f"<h1>{title}</h1>{lead}{body}", told)


def _released(version: Version) -> str:
    day = version.release.date
    return f'Released on <time datetime="{day}">{day}</time>.' if day else "Not released yet."


class NewestChanges(directives.BookDirective):
    """The newest version in short, with the verdicts that moved, and the way to all of them."""

    def run(self) -> list[nodes.Node]:
        self.note_data("editions.csv", "claims.csv")
        self.env.note_dependency(str(editions.ROOT / editions.CHANGES))
        version = newest(versions())
        day = version.release.date
        added = [
            item
            for item in version.release.sections.get("Added", ())
            if not item.startswith("`")  # commands: for those who run the book
        ]
        listed = "".join(f"<li>{inline(_short(item))}</li>" for item in added[:SHOWN])
        markup = (
            f'<div class="newest-changes"><p><strong>{escape(version.title)}</strong>, '
            f'<time datetime="{day}">{day}</time></p>'
            + (f"<ul>{listed}</ul>" if listed else "")
            + claims_html(version)
            + f'<p><a href="doc:{PAGE}#{version.anchor}">{_count(version)}</a> '
            f'<a href="file:{FEED}" type="application/atom+xml">Feed</a></p></div>\n'
        )
        return [block(markup, f"{version.title}, {day}")]


def _count(version: Version) -> str:
    """What the link to all changes says."""
    moved = len(version.moves)
    noun = "verdict" if moved == 1 else "verdicts"
    return f"All changes, with {moved} {noun} that moved" if moved else "All changes"


def _short(item: str) -> str:
    """An item up to its first colon or semicolon, where the details start."""
    for sign in (": ", "; "):
        head, _, rest = item.partition(sign)
        if rest and head.count("`") % 2 == 0 and not head.startswith("`"):
            return f"{head}."
    return item


# -- the feed -------------------------------------------------------------------------------------


def identifier(*parts: str | None) -> str:
    """An id that depends on what it is of alone."""
    return uuid.uuid5(SPACE, "/".join(part or "" for part in parts)).urn


def feed(app: Sphinx, found: list[Version]) -> str:
    """The Atom feed: an entry a released version, and one a verdict that it moved."""
    out = [v for v in found if v.release.date]
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _text(root, "title", f"{citation.book().title}: changes")
    _text(root, "id", identifier("feed"))
    _text(root, "updated", _moment(out[0].release.date))
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=_place(app, FEED))
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=_place(app, f"{PAGE}.html"))
    ET.SubElement(ET.SubElement(root, "author"), "name").text = citation.book().by
    _text(root, "rights", claimrecords.LICENCE["title"])
    for version in out:
        _entry(
            app,
            root,
            identifier("version", version.release.version),
            version.title,
            version.release.date,
            f"{PAGE}.html#{version.anchor}",
            version_html(version),
        )
        for move in version.moves:
            _moved(app, root, move, version.release.date)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _moved(app: Sphinx, root: ET.Element, move: Move, day: str) -> None:
    what = "Rating" if move.rating else "Numbers"
    scope = _scope(move)
    words = glosses.standalone(data.claim(move.claim_id))
    title = f"{what} moved: {words}" + (f" ({scope})" if scope else "")
    name = identifier("move", move.version, move.claim_id, move.part, move.edition)
    _entry(app, root, name, title, day, f"{boxes.claim_page(move.claim_id)}.html", _move(move))


def _entry(
    app: Sphinx, root: ET.Element, name: str, title: str, day: str, uri: str, content: str
) -> None:
    entry = ET.SubElement(root, "entry")
    _text(entry, "title", title)
    _text(entry, "id", name)
    _text(entry, "updated", _moment(day))
    _text(entry, "published", _moment(day))
    ET.SubElement(entry, "link", rel="alternate", type="text/html", href=_place(app, uri))
    markup = resolve(content, "index", lambda doc: _place(app, app.builder.get_target_uri(doc)))
    ET.SubElement(entry, "content", type="html").text = markup


def _place(app: Sphinx, uri: str) -> str:
    return pages.address(app, uri)


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z"


# -- the map --------------------------------------------------------------------------------------


def sitemap(app: Sphinx, names: list[str], day: str) -> str:
    """Addresses of all pages for search engines; each dated by the edition."""
    root = ET.Element("urlset", xmlns=SITEMAP)
    for name in names:
        entry = ET.SubElement(root, "url")
        uri = quote(app.builder.get_target_uri(name))
        _text(entry, "loc", pages.base(app) + ("" if uri == "index.html" else uri))
        _text(entry, "lastmod", day)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


# -- into the site --------------------------------------------------------------------------------


def _make(_: Sphinx) -> Iterator[pages.Page]:
    yield page(versions())


def _announce(app: Sphinx, name: str, _: str, context: dict[str, Any], __: Any) -> None:
    """Name the feed in every page's head, and remember the pages that are made."""
    if not is_site(app):
        return
    if context.get("made"):
        app.aifactory_made.add(name)
    uri = escape(pages.address(app, FEED, name))
    link = f'<link rel="alternate" type="application/atom+xml" href="{uri}" title="Changes">\n'
    context["metatags"] = (context.get("metatags") or "") + link


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or not is_site(app):
        return
    folder = Path(app.outdir)
    files.write_text(folder / FEED, feed(app, versions()))
    if pages.base(app):
        names = sorted(app.env.found_docs | app.aifactory_made - set(UNLISTED))
        files.write_text(folder / MAP, sitemap(app, names, pages.edition().released))
    else:
        (folder / MAP).unlink(missing_ok=True)  # of an earlier build with an address


def setup(app: Sphinx) -> None:
    """Register the directive, the page, the feed and the map."""
    app.aifactory_made = set()
    app.add_directive("newest-changes", NewestChanges)
    pages.add(app, _make)
    app.connect("html-page-context", _announce)
    app.connect("build-finished", _write)
