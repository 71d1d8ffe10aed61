"""What the search finds beside the full text: claims, terms, figures, tables, charts, and the rest.

When the site is done, every entry goes into one script, search-entries.js, which calls
`bookEntries` with all of them: a script can be read from a disk, where fetching is refused. The
ranking is static/find.js.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from aifactory import data, forecasts, verdicts
from aifactory.files import write_text
from aifactory.publish import boxes, once, registry
from aifactory.publish.html import is_site

FILE = "search-entries.js"
# In the order in which they are listed: the singular in a list of suggestions, the plural on top.
KINDS = {
    "claim": "Claims",
    "term": "Terms",
    "figure": "Figures",
    "table": "Tables",
    "chart": "Charts",
    "forecast": "Forecasts",
    "section": "Sections",
    "source": "Sources",
}
GLOSSARY = "book/glossary"
SHORT = 160  # characters of an answer

# Kind, title, other words to be found by, address from the site's root, answer in one line.
Entry = tuple[str, str, str, str, str]


def entries(app: Sphinx) -> Iterator[Entry]:
    """Everything that can be found, kind by kind."""
    for found in (_claims, _terms, _figures, _tables, _charts, _forecasts, _sections, _sources):
        yield from found(app)


def _short(text: str) -> str:
    """The first words of a text."""
    text = " ".join(text.split())
    return text if len(text) <= SHORT else text[:SHORT].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def _either(app: Sphinx, page: str, anchor: str, fallback: str) -> str:
    """An address on a page that is made, where it was, and elsewhere the older one."""
    if (Path(app.outdir) / f"{page}.html").is_file():
        return app.builder.get_target_uri(page) + (f"#{anchor}" if anchor else "")
    docname, _, place = fallback.partition("#")
    return f"{app.builder.get_target_uri(docname)}#{place}"


def _claims(app: Sphinx) -> Iterator[Entry]:
    held: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for claim in data.all_claims():
        notebook = verdicts.chapter_path(claim.chapter, Path(app.srcdir) / "notebooks")
        if claim.chapter not in held:
            found = once.verdicts(notebook) if notebook.exists() else []
            held[claim.chapter] = verdicts.by_claim(found)
        address = _either(app, f"claims/{claim.id}", "", f"{boxes.LEDGER}#{claim.id}")
        words = f"{claim.id} {claim.chapter}"
        yield "claim", claim.claim, words, address, _rating(held[claim.chapter].get(claim.id, {}))


def _rating(editions: dict[str, list[dict[str, Any]]]) -> str:
    """A claim's newest rating with its chance, in words."""
    for edition in ("newest", "", "post"):
        if edition in editions:
            verdict = verdicts.combine(editions[edition])
            chance = verdicts.chance(verdict) if verdict["probability"] is not None else ""
            return ": ".join(x for x in (verdict["rating"].capitalize(), chance) if x)
    return "Not yet tested"


def _terms(app: Sphinx) -> Iterator[Entry]:
    if GLOSSARY not in app.env.all_docs:
        return
    for glossary in app.env.get_doctree(GLOSSARY).findall(addnodes.glossary):
        for item in glossary.findall(nodes.definition_list_item):
            terms = [c for c in item.children if isinstance(c, nodes.term)]
            names = [t.astext() for t in terms]
            meaning = " ".join(c.astext() for c in item.children if isinstance(c, nodes.definition))
            for term, name in zip(terms, names, strict=True):
                others = "; ".join(n for n in names if n != name)
                address = f"{app.builder.get_target_uri(GLOSSARY)}#{term['ids'][0]}"
                yield "term", name, others, address, _short(meaning)


def _figures(app: Sphinx) -> Iterator[Entry]:
    for row in data.figures().to_dict("records"):
        name = row["figure_id"]
        low, central, high = (_number(row[k]) for k in ("low", "central", "high"))
        ends = f" ({low} to {high})" if low != high else ""
        unit = f" {boxes.unit_words(row['unit'], row['central'])}".rstrip()
        old = f"{boxes.DATA_PAGE}#{boxes.table_anchor('figures')}"
        address = _either(app, "data/figures", name, old)
        yield "figure", row["description"], name, address, f"{central}{ends}{unit}"


def _number(value: float) -> str:
    """A number with its thousands marked where it is large, without powers of ten."""
    return f"{value:,.0f}" if 1e5 <= abs(value) < 1e12 else verdicts.quantity(value)


def _tables(app: Sphinx) -> Iterator[Entry]:
    pack = data.package()
    for name in data.names():
        entry = pack.resources[name]
        fields = " ".join(f["name"] for f in entry["schema"]["fields"])
        address = _either(app, f"data/{name}", "", f"{boxes.DATA_PAGE}#{boxes.table_anchor(name)}")
        about = _short(entry.get("description", ""))
        yield "table", entry.get("title", name), f"{name} {fields}", address, about


def _labels(app: Sphinx, start: str) -> Iterator[tuple[str, str, str]]:
    """Docname, anchor and title of the labels that start so."""
    for label, (docname, anchor, title) in sorted(app.env.get_domain("std").labels.items()):
        if label.startswith(start):
            yield docname, anchor, title


def _charts(app: Sphinx) -> Iterator[Entry]:
    for docname, anchor, finding in _labels(app, "fig-"):
        address = f"{app.builder.get_target_uri(docname)}#{anchor}"
        yield "chart", finding, anchor.removeprefix("fig-"), address, _title(app, docname)


def _forecasts(app: Sphinx) -> Iterator[Entry]:
    pages = {anchor: docname for docname, anchor, _ in _labels(app, "forecast-")}
    for forecast in forecasts.load():
        if docname := pages.get(registry.anchor(forecast.id)):
            address = f"{app.builder.get_target_uri(docname)}#{registry.anchor(forecast.id)}"
            words = f"{forecast.id} {forecast.claim_id}"
            yield "forecast", forecast.question, words, address, forecasts.odds(forecast)


def _sections(app: Sphinx) -> Iterator[Entry]:
    for docname in sorted(app.env.tocs):
        yield from _branch(app, app.env.tocs[docname], ())


def _branch(app: Sphinx, branch: nodes.Element, above: tuple[str, ...]) -> Iterator[Entry]:
    """The sections of one list of contents; what stands above them is their answer."""
    for item in branch.children:
        if not isinstance(item, nodes.list_item):
            continue
        here = above
        for part in item.children:
            if isinstance(part, nodes.bullet_list):
                yield from _branch(app, part, here)
                continue
            for link in part.findall(nodes.reference):
                title = link.astext()
                anchor = link["anchorname"]
                address = app.builder.get_target_uri(link["refuri"]) + anchor
                yield "section", title, anchor.removeprefix("#"), address, " › ".join(above)
                here = (*above, title)


def _sources(app: Sphinx) -> Iterator[Entry]:
    if boxes.BIBLIOGRAPHY not in app.env.all_docs:
        return
    page = app.builder.get_target_uri(boxes.BIBLIOGRAPHY)
    for name in data.sources()["source_id"]:
        source = once.source(name)
        about = ", ".join(x for x in (source.author or source.publisher, source.published) if x)
        words = f"{name} {source.publisher or ''}" if source.author else name
        yield "source", source.title, words, f"{page}#source-{name}", _short(about)


def _title(app: Sphinx, docname: str) -> str:
    return app.env.titles[docname].astext()


def script(found: list[Entry]) -> str:
    """All entries as the script that the search reads; pages are named once."""
    pages = sorted({entry[3].partition("#")[0] for entry in found})
    place = {page: at for at, page in enumerate(pages)}
    order = {kind: at for at, kind in enumerate(KINDS)}
    rows = []
    for kind, title, words, address, answer in found:
        page, _, anchor = address.partition("#")
        rows.append([order[kind], title, words, place[page], anchor, answer])
    content = {"kinds": list(KINDS.items()), "pages": pages, "entries": rows}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"bookEntries({text.replace('],[', '],' + chr(10) + '[')});\n"


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or not is_site(app):
        return
    write_text(Path(app.outdir) / FILE, script(list(entries(app))))


def setup(app: Sphinx) -> None:
    """Write the entries when all pages are there."""
    app.connect("build-finished", _write)
