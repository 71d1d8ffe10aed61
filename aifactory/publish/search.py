"""What the search finds beside the full text: claims, terms, figures, tables, charts, and the rest.

When the site is done, every entry goes into one script, search-entries.js, which calls
`bookEntries` with all of them: a script can be read from a disk, where fetching is refused. The
ranking is static/find.js. The full text is indexed by Sphinx, code left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.search import IndexBuilder, WordStore

from aifactory import charts, data, forecasts, verdicts
from aifactory.files import write_text
from aifactory.publish import backlinks, boxes, glosses, once, registry
from aifactory.publish.html import is_site
from aifactory.said import said_in

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
# What readers look for by words that the title of a section has not.
OFFERS = {
    ("book/data", "Data"): "download downloads files csv parquet sqlite excel",
    ("book/rerun", "Without running anything"): "pdf epub e-book print offline download downloads",
    ("book/rerun", "With other assumptions"): "contact report error mistake correction feedback",
}
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
        rated = _rating(held[claim.chapter].get(claim.id, {}))
        yield "claim", glosses.standalone(claim), words, address, rated


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
    told = dict(_tests(Path(app.srcdir) / "notebooks"))
    for docname in sorted(app.env.tocs):
        for kind, title, anchor, address, above in _branch(app, app.env.tocs[docname], ()):
            words, opening = told.get(f"{docname}#{anchor}", ("", ""))
            words = " ".join(x for x in (anchor, words, OFFERS.get((docname, title), "")) if x)
            yield kind, title, words, address, opening or above


def _tests(notebooks: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Where each claim is tested -> what it is to be found by, and the section's first words.

    It is found by the claim's sentence, its metrics, the findings of its charts, the captions of
    its tables and its opening paragraph, each word once.
    """
    for chapter in dict.fromkeys(claim.chapter for claim in data.all_claims()):
        path = verdicts.chapter_path(chapter, notebooks)
        if not path.exists():
            continue
        ids = {claim.id: claim for claim in data.chapter_claims(chapter)}
        openings, shown = _shown(path, set(ids))
        for v in once.verdicts(path):
            shown.setdefault(v["claim_id"], []).append(v["metric"])
        for name, claim in ids.items():
            opening = openings.get(name, "")
            words = _distinct([glosses.standalone(claim), *shown.get(name, []), opening])
            yield f"notebooks/{path.stem}#{name}", (words, _short(opening))


def _shown(path: Path, ids: set[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The opening paragraph of each claim's section, and the titles of its charts and tables."""
    openings: dict[str, str] = {}
    shown: dict[str, list[str]] = {}
    notebook, here = once.notebook(path), ""
    said = said_in(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            for label, level, _ in backlinks.headings(text):
                here = label if label in ids else "" if int(level) <= 2 else here
            for label, paragraph in _OPENING.findall(text):
                if label in ids:
                    openings[label] = _said(paragraph, said)
        for output in cell.get("outputs", []) if here else ():
            found = output.get("data", {})
            if charts.VEGA_MIME in found:
                shown.setdefault(here, []).append(found[charts.VEGA_MIME]["usermeta"]["finding"])
            captions = re.findall(r"<caption>(.*?)</caption>", "".join(found.get("text/html", "")))
            shown.setdefault(here, []).extend(captions)
    return openings, shown


_OPENING = re.compile(r"^\(([\w-]+)\)=\n+## [^\n]+\n+(?![(#:`])([^\n]+)", re.M)
_GLUE = re.compile(r"\{glue:text\}`([^`]+)`")
_ROLE = re.compile(r"\{\w+\}`([^`<]+?)(?: *<[^`]*>)?`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_STOP = set(
    "a an and are as at be by for from has have if in into is it its no not of on one only or so "
    "than that the their them they this to was were what when where which with would".split()
)


def _said(markdown: str, said: dict[str, str]) -> str:
    """A paragraph as plain text, with the numbers that the chapter says in it."""
    text = _GLUE.sub(lambda found: said.get(found[1], ""), markdown)
    return re.sub(r"[*`]", "", _LINK.sub(r"\1", _ROLE.sub(r"\1", text)))


def _distinct(texts: list[str]) -> str:
    """The words of some texts, each once: numbers and the commonest left out."""
    found = re.findall(r"[^\W\d_][\w-]+", " ".join(texts).lower())
    return " ".join(word for word in dict.fromkeys(found) if word not in _STOP)


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
    """All entries as the script that the search reads; pages are named once.

    0 stands for other words that are the anchor, which is there already.
    """
    pages = sorted({entry[3].partition("#")[0] for entry in found})
    place = {page: at for at, page in enumerate(pages)}
    order = {kind: at for at, kind in enumerate(KINDS)}
    rows = []
    for kind, title, words, address, answer in found:
        page, _, anchor = address.partition("#")
        told = 0 if anchor and words == anchor else words
        rows.append([order[kind], title, told, place[page], anchor, answer])
    content = {"kinds": list(KINDS.items()), "pages": pages, "entries": rows}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"bookEntries({text.replace('],[', '],' + chr(10) + '[')});\n"


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or not is_site(app):
        return
    write_text(Path(app.outdir) / FILE, script(list(entries(app))))


def _pass_over_code() -> None:
    """Have Sphinx's index leave code out, which a page folds away: once a process."""
    collect = IndexBuilder._word_collector
    if getattr(collect, "passes_over_code", False):
        return

    def collector(self: IndexBuilder, doctree: nodes.document) -> WordStore:
        blocks = [(block, block.children) for block in doctree.findall(nodes.literal_block)]
        for block, _ in blocks:
            block.children = []
        try:
            return collect(self, doctree)
        finally:  # the page is yet to be written
            for block, children in blocks:
                block.children = children

    collector.passes_over_code = True  # type: ignore[attr-defined]
    IndexBuilder._word_collector = collector  # type: ignore[method-assign]


def setup(app: Sphinx) -> None:
    """Write the entries when all pages are there, and leave code out of the full text."""
    _pass_over_code()
    app.connect("build-finished", _write)
