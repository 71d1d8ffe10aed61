"""How to cite each place of the book: a "Cite" link beside it, a page for each page, and files.

Each page NAME gets cite/NAME.html with APA, BibTeX, CSL-JSON and RIS of the page and of all its
places, cite/NAME.bib, .ris and .json for import, and cite/NAME.js, which the dialog reads that the
links open where there is a script. A claim's permanent page (claims/ID) gets the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment.collectors import EnvironmentCollector
from sphinx.util.osutil import relative_uri

from aifactory import data
from aifactory.files import write_text
from aifactory.publish import boxes, citation, contents, once, pages
from aifactory.publish.citation import Book, Work
from aifactory.publish.contents import Place
from aifactory.publish.html import escape, is_site

FOLDER = "cite"
CLAIMS = "claims"
CHAPTERS = "notebooks/"
FORMATS = {"bibtex": "BibTeX", "csl": "CSL-JSON", "ris": "RIS"}
HASH = (
    "The hash is the SHA-256 of the content: its text as one line a block (UTF-8, Unicode's form "
    "NFC, white space as single spaces), with each stored verdict and each chart's words and data "
    "as a line of JSON (sorted keys, no spaces), every line ended by a line feed. While the hash "
    "stays as it is, so does what was cited."
)
_HEADING = re.compile(r'<a class="headerlink" href="#([^"]*)" title="[^"]*">[^<]*</a></(h[1-3])>')
_LINK = re.compile(r'\s*<a class="cite"[^>]*>.*?</a>', re.DOTALL)


class Collector(EnvironmentCollector):
    """Finds the places of a page and its first paragraph when the page is read.

    They are kept with what Sphinx keeps of a page, so that those of the others need not be read.
    """

    def clear_doc(self, app: Sphinx, env: Any, docname: str) -> None:
        """Forget a page."""
        _held(env).pop(docname, None)

    def merge_other(self, app: Sphinx, env: Any, docnames: set[str], other: Any) -> None:
        """Take over pages that another process has read."""
        _held(env).update({name: _held(other)[name] for name in docnames})

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Find them."""
        env, name = app.env, app.env.docname
        domain = env.get_domain("std")
        labels = {label for page, label in domain.anonlabels.values() if page == name}
        found = contents.places(doctree, labels, stored(app, name))
        _held(env)[name] = (found, contents.opening(doctree))


def _held(env: Any) -> dict[str, tuple[list[Place], str]]:
    if not hasattr(env, "aifactory_places"):
        env.aifactory_places = {}
    return env.aifactory_places


def stored(app: Sphinx, name: str) -> contents.Stored:
    """The verdicts that a chapter's notebook holds, by their anchors."""
    path = Path(app.srcdir) / f"{name}.ipynb"
    found = once.verdicts(path) if path.exists() else []
    return {boxes.anchor(v): v for v in found}


class Citer:
    """The places and works of one build."""

    def __init__(self, app: Sphinx) -> None:
        self.app = app
        self.book = citation.book()

    def places(self, name: str) -> list[Place]:
        """All places of a page in their order; the page itself comes first."""
        return _held(self.app.env)[name][0]

    def opening(self, name: str) -> str:
        """The first paragraph of a page."""
        return _held(self.app.env)[name][1]

    def claims(self) -> dict[str, list[Place]]:
        """The page of each claim with the verdicts on it."""
        held: dict[str, list[dict[str, Any]]] = {}
        for name in self.app.env.found_docs:
            for verdict in stored(self.app, name).values() if name.startswith(CHAPTERS) else ():
                held.setdefault(verdict["claim_id"], []).append(verdict)
        rows = data.claims().to_dict("records")
        return {f"{CLAIMS}/{r['claim_id']}": _claim(r, held.get(r["claim_id"], [])) for r in rows}

    def address(self, name: str, place: Place) -> str:
        """Where a place is: absolute where the site knows its address, else from its root."""
        if place.kind == "verdict" and name.startswith(f"{CLAIMS}/"):
            name = self.chapter(name.removeprefix(f"{CLAIMS}/"))
        fragment = f"#{place.label}" if place.label and place.kind != "page" else ""
        uri = self.app.builder.get_target_uri(name)
        return (pages.address(self.app, uri) or uri) + fragment

    def chapter(self, claim_id: str) -> str:
        """The page of the chapter that judges a claim."""
        return CHAPTERS + data.claim(claim_id).chapter.replace("-", "_")

    def work(self, name: str, place: Place) -> Work:
        """A place as a work to cite."""
        whole = name == "index" and place.kind == "page"
        title = self.book.title if whole else place.title
        return Work(title, self.address(name, place), place.digest, whole)


def _claim(row: dict[str, Any], judged: list[dict[str, Any]]) -> list[Place]:
    """The places of a claim's page: the claim itself, and its verdicts."""
    lines = [contents.canonical(row), *map(contents.canonical, judged)]
    title = row["claim"].rstrip(".")
    page = Place("", title, title, contents.digest_of(lines), "page")
    return [page, *(contents.verdict_place(v, title) for v in judged)]


# -- the links ------------------------------------------------------------------------------------


def link(href: str, place: Place) -> str:
    """The control beside a heading; compact, for a chapter has some sixty."""
    return f'<a class="cite" href="{escape(href)}" aria-label="Cite {escape(place.short)}">Cite</a>'


def linked(body: str, found: list[Place], file: str) -> str:
    """A page's body with a "Cite" link at each heading that is a place.

    It takes the place of Sphinx's link to the heading. The script sets that back, as it sets a link
    to the place beside every "Cite": with both in the markup a chapter would weigh 10 kB more.
    """
    by_label = {p.label: p for p in found if p.kind in ("page", "section")}

    def control(match: re.Match[str]) -> str:
        label, tag = match[1], match[2]
        place = found[0] if tag == "h1" and found else by_label.get(label)
        if place is None:
            return match[0]
        return f"{link(f'{file}#{place.label}' if place.label else file, place)}</{tag}>"

    return _HEADING.sub(control, body)


# -- the pages ------------------------------------------------------------------------------------


def body(name: str, listed: list[tuple[Place, Work]], of: Book) -> str:
    """The citing page of one page."""
    first = listed[0][1]
    files = ", ".join(
        f'<a href="file:{FOLDER}/{name}.{ending}" download>{words}</a>'
        for ending, words in (("bib", "BibTeX"), ("ris", "RIS"), ("json", "CSL-JSON"))
    )
    items = "\n".join(_item(place, work, of) for place, work in listed)
    return (
        f"<h1>Cite: {escape(first.title)}</h1>\n"
        f"<p>Version {escape(of.version)} of {of.released.isoformat()}. All of this page for a "
        f"reference manager: {files}.</p>\n<p>{HASH}</p>\n{items}\n"
    )


def _item(place: Place, work: Work, of: Book) -> str:
    texts = formats(work, of)
    shown = escape(texts["apa"]).replace(escape(of.title), f"<em>{escape(of.title)}</em>")
    blocks = "".join(
        f'<details><summary>{words}</summary><pre class="plain">{escape(texts[kind].rstrip())}'
        "</pre></details>"
        for kind, words in FORMATS.items()
    )
    # Where the site's address isn't known, `work.address` is a place of the site.
    href = work.address if "://" in work.address else f"file:{work.address}"
    kind = "Permanent address" if "://" in work.address else "Place in the book"
    ident = f' id="{place.label}"' if place.label else ""
    return (
        f'<section class="citing-item"{ident} data-place="{escape(work.address)}">'
        f'<h2>{escape(work.title)}</h2><p class="citing-apa">{shown}</p>'
        f'<dl><dt>{kind}</dt><dd><a class="citing-address" href="{escape(href)}">'
        f"{escape(work.address)}</a></dd><dt>Version</dt><dd>{escape(of.version)}, "
        f"{of.released.isoformat()}</dd><dt>SHA-256 of the content</dt>"
        f"<dd><code>{work.digest}</code></dd></dl>{blocks}</section>"
    )


@cache
def formats(work: Work, of: Book) -> dict[str, str]:
    """A work in all four formats."""
    return {
        "apa": citation.apa(work, of),
        "bibtex": citation.bibtex(work, of),
        "csl": citation.csl_text([work], of),
        "ris": citation.ris(work, of),
    }


def files(name: str, listed: list[tuple[Place, Work]], of: Book) -> dict[str, str]:
    """The files beside a citing page: ending -> text."""
    works = [work for _, work in listed]
    items = {
        place.label: {"title": work.title, "place": work.address, "sha256": work.digest}
        | formats(work, of)
        for place, work in listed
    }
    content = {"version": of.version, "released": of.released.isoformat(), "items": items}
    script = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return {
        "bib": "\n".join(formats(w, of)["bibtex"] for w in works),
        "ris": "".join(formats(w, of)["ris"] for w in works),
        "json": citation.csl_text(works, of),
        "js": f"bookCitations({json.dumps(name)}, {script});\n",
    }


def _unique(found: list[Place]) -> list[Place]:
    """Each anchor once: a verdict shown twice is one."""
    return list({p.label: p for p in reversed(found)}.values())[::-1]


def made(app: Sphinx) -> Iterator[pages.Page]:
    """The citing pages, with their files written beside them."""
    citer: Citer = app.citer
    documents = {n: citer.places(n) for n in sorted(app.env.found_docs)}
    for name, found in (documents | citer.claims()).items():
        if not found:
            continue
        listed = [(p, citer.work(name, p)) for p in _unique(found)]
        target = f"{FOLDER}/{name}"
        for ending, text in files(name, listed, citer.book).items():
            path = Path(app.outdir) / f"{target}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if ending == "ris":
                path.write_bytes(text.encode())  # its line ends are CR LF
            else:
                write_text(path, text)
        title = f"Cite: {listed[0][1].title}"
        yield pages.Page(target, title, body(name, listed, citer.book), head=_head(app, target))


def _head(app: Sphinx, name: str) -> str:
    here = app.builder.get_target_uri(name)
    style, script = (relative_uri(here, f"_static/cite.{kind}") for kind in ("css", "js"))
    return (
        '<meta name="robots" content="noindex">\n'
        f'<link rel="stylesheet" href="{style}">\n<script defer src="{script}"></script>\n'
    )


def _link_page(app: Sphinx, name: str, template: str, context: dict[str, Any], _: Any) -> None:
    """Set the links of a page, or take them out where there is nothing to link to."""
    text = context.get("body")
    if not text:
        return
    if not is_site(app):
        context["body"] = _LINK.sub("", text)
        return
    if name in app.env.found_docs:
        here = app.builder.get_target_uri(name)
        file = relative_uri(here, app.builder.get_target_uri(f"{FOLDER}/{name}"))
        context["body"] = linked(text, app.citer.places(name), file)


def _start(app: Sphinx) -> None:
    app.citer = Citer(app)


def setup(app: Sphinx) -> None:
    """Register the links and the pages."""
    app.add_env_collector(Collector)
    app.connect("builder-inited", _start)
    app.connect("html-page-context", _link_page)
    pages.add(app, made)
