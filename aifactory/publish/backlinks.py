"""Which places of the book refer to a claim: sections, forecasts, figures and tables.

Worked out from what is written and stored: prose and outputs of executed notebooks, the pages of
book/, the register of forecasts, and the data package. A claim's own section doesn't count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifactory import data, forecasts, verdicts
from aifactory.publish import boxes, once, registry

_FENCE = re.compile(r"^\s*(```+|~~~+|:::+).*?^\s*\1\s*$", re.M | re.S)
_HEADING = re.compile(r"(?:^\(([\w.-]+)\)=\n)?^(#{1,4}) (.+)$", re.M)
_ROLE = re.compile(r"\{[\w:]+\}`([^`<]*?)\s*(?:<[^`]*>)?`|[*`]")


@dataclass(frozen=True)
class Backlink:
    """A place that refers to a claim: what kind, its title, and where it is (`doc#anchor`)."""

    kind: str
    title: str
    target: str


@dataclass
class _Reader:
    """Where in a document a reader is: its titles by level, and the nearest labelled section."""

    doc: str
    titles: dict[int, str]
    label: str = ""

    def head(self, label: str | None, level: int, title: str) -> None:
        self.titles = {k: v for k, v in self.titles.items() if k < level} | {level: _plain(title)}
        if label or level == 1:
            self.label = label or ""

    def here(self) -> Backlink:
        said = [title for _, title in sorted(self.titles.items())]
        target = f"{self.doc}#{self.label}" if self.label else self.doc
        return Backlink("section", ": ".join(said), target)


def _plain(title: str) -> str:
    return _ROLE.sub(lambda m: m[1] or "", title).strip()


def headings(text: str) -> list[tuple[str, int, str]]:
    """Label ("" without one), level and title of each heading in a text, code left out."""
    found = _HEADING.finditer(_FENCE.sub("", text))
    return [(h[1] or "", len(h[2]), _plain(h[3])) for h in found]


def find(source: Path) -> dict[str, list[Backlink]]:
    """Backlinks of every claim that has any, in the order of the book."""
    ids = [claim.id for claim in data.all_claims()]
    # A number that a section takes over carries the claim's id as the start of its name.
    named = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, ids))})(?=-[\w-]+|(?![\w-]))")
    found: dict[str, list[Backlink]] = {}

    def add(claim_id: str, link: Backlink) -> None:
        links = found.setdefault(claim_id, [])
        if link not in links:
            links.append(link)

    for claim_id, link in _mentions(source, named, ids):
        label = link.target.partition("#")[2]
        if label != claim_id and not label.startswith(f"{claim_id}-"):
            add(claim_id, link)
    for claim_id, link in _registered(named):
        add(claim_id, link)
    return found


def _mentions(
    source: Path, named: re.Pattern[str], ids: list[str]
) -> Iterator[tuple[str, Backlink]]:
    """Mentions in chapters, then those in the other pages."""
    chapters = [*dict.fromkeys(claim.chapter for claim in data.all_claims()), data.WHOLE]
    for chapter in chapters:
        path = verdicts.chapter_path(chapter, source / "notebooks")
        if path.is_file():
            cells = once.notebook(path)["cells"]
            yield from _in_cells(cells, f"notebooks/{path.stem}", named, ids)
    for path in [source / "index.md", *sorted((source / "book").glob("*.md"))]:
        if path.is_file():
            doc = path.relative_to(source).with_suffix("").as_posix()
            text = path.read_text(encoding="utf-8")
            yield from _in_text(text, _Reader(doc, {}), named)


def _in_cells(
    cells: list[dict[str, Any]], doc: str, named: re.Pattern[str], ids: list[str]
) -> Iterator[tuple[str, Backlink]]:
    reader = _Reader(doc, {})
    for cell in cells:
        if cell["cell_type"] == "markdown":
            yield from _in_text("".join(cell["source"]), reader, named)
            continue
        outputs = [o.get("data", {}) for o in cell.get("outputs", [])]
        shown = json.dumps([o for o in outputs if verdicts.MIME not in o])
        if any(claim_id in shown for claim_id in ids):  # far quicker than the pattern
            for claim_id in dict.fromkeys(named.findall(shown)):
                yield claim_id, reader.here()


def _in_text(text: str, reader: _Reader, named: re.Pattern[str]) -> Iterator[tuple[str, Backlink]]:
    """Mentions in prose, section by section; code and directives are left out."""
    text = _FENCE.sub("", text)
    at = 0
    for heading in _HEADING.finditer(text):
        for claim_id in named.findall(text[at : heading.start()]):
            yield claim_id, reader.here()
        reader.head(heading[1], len(heading[2]), heading[3])
        at = heading.end()
    for claim_id in named.findall(text[at:]):
        yield claim_id, reader.here()


def _registered(named: re.Pattern[str]) -> Iterator[tuple[str, Backlink]]:
    """Forecasts that bear on a claim, figures taken from its criterion, tables that carry it."""
    known = set(data.names())
    if forecasts.NAME in known:
        for item in forecasts.load():
            target = f"book/forecasts#{registry.anchor(item.id)}"
            yield item.claim_id, Backlink("forecast", item.question, target)
    figures = data.figures()
    for row in figures[figures["locator"].notna()].itertuples():
        for claim_id in named.findall(row.locator):
            target = f"{boxes.DATA_PAGE}#{boxes.table_anchor('figures')}"
            yield claim_id, Backlink("figure", f"{row.description} ({row.figure_id})", target)
    carried = f"{data.WHOLE}/carried_claims"
    if carried in known:
        title = data.package().resources[carried].get("title", carried)
        target = f"{boxes.DATA_PAGE}#{boxes.table_anchor(carried)}"
        for claim_id in data.table(carried)["claim_id"]:
            yield claim_id, Backlink("table", title, target)
