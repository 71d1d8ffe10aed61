"""Citations as text: the book from CITATION.cff, and APA, BibTeX, CSL-JSON and RIS of its parts.

The four formats are written here: citeproc-py, the one library that could set APA, is larger than
all of this, brings lxml and a stale copy of the styles, and there is one kind of work to set. Tests
read each format back with somebody else's parser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from aifactory.editions import ROOT
from aifactory.publish import bibliography
from aifactory.publish.html import slug

FILE = "CITATION.cff"
LANGUAGE = "en-GB"
TEXT_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True)
class Book:
    """What every citation says of the book; `doi` is "" until CITATION.cff has one."""

    title: str
    authors: tuple[str, ...]
    version: str
    released: date
    doi: str
    keywords: tuple[str, ...]
    abstract: str

    @property
    def by(self) -> str:
        """The authors in one line."""
        return ", ".join(self.authors)


@dataclass(frozen=True)
class Work:
    """A thing to cite: its title, where it is, the hash of its content; `whole` for the book."""

    title: str
    address: str
    digest: str
    whole: bool = False


@cache
def book(root: Path = ROOT) -> Book:
    """The book as CITATION.cff has it."""
    record = yaml.safe_load((root / FILE).read_text(encoding="utf-8"))
    return from_record(record)


def from_record(record: dict[str, Any]) -> Book:
    """The book from the record of a CITATION.cff."""
    return Book(
        title=record["title"],
        authors=tuple(_name(a) for a in record["authors"]),
        version=str(record["version"]),
        released=date.fromisoformat(str(record["date-released"])),
        doi=record.get("doi", ""),
        keywords=tuple(record["keywords"]),
        abstract=" ".join(record["abstract"].split()),
    )


def _name(author: dict[str, str]) -> str:
    return author.get("name") or f"{author['given-names']} {author['family-names']}"


def plain(text: str) -> str:
    """Text in one line."""
    return " ".join(text.split())


def apa(work: Work, of: Book) -> str:
    """A reference-list entry in the style of the APA's seventh edition.

    The publisher is the author and therefore left out; a DOI stands before the part's own address.
    """
    day = of.released
    said = f"{of.by}. ({day.year}, {day:%B} {day.day}). "
    version = f"{of.title} (Version {of.version})."
    title = plain(work.title)
    said += version if work.whole else f"{title}{'' if title[-1] in '?!.' else '.'} In {version}"
    doi = f"https://doi.org/{of.doi}" if of.doi else ""
    return " ".join(x for x in (said, doi, work.address) if x)


def key(work: Work) -> str:
    """A citation key that BibTeX takes, made from the place in the book."""
    where = re.sub(r"^.*?((?:notebooks|book|claims)/)?([\w.-]+)\.html(?:#|$)", r"\2-", work.address)
    return slug(f"aifactory-{where}" if not work.whole else "aifactory")


def latex(text: str) -> str:
    """Text for a BibTeX field, with what LaTeX would read as a command escaped."""
    return bibliography.latex(text).replace("$", r"\$").replace("^", r"\textasciicircum{}")


def bibtex(work: Work, of: Book) -> str:
    """A BibTeX entry; `date`, `version` and `url` are for biblatex."""
    kind = "book" if work.whole else "incollection"
    fields = {
        "author": " and ".join(f"{{{latex(a)}}}" for a in of.authors),
        "title": f"{{{latex(of.title if work.whole else work.title)}}}",
        "booktitle": "" if work.whole else f"{{{latex(of.title)}}}",
        "year": str(of.released.year),
        "date": of.released.isoformat(),
        "version": latex(of.version),
        "url": _url(work.address),
        "doi": of.doi,
        "note": f"Content SHA-256: {work.digest}",
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@{kind}{{{key(work)},\n" + ",\n".join(lines) + "\n}\n"


def _url(address: str) -> str:
    return address.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def csl(work: Work, of: Book) -> dict[str, Any]:
    """The record that citation processors and reference managers exchange (CSL-JSON)."""
    day = of.released
    record = {
        "id": key(work),
        "type": "book" if work.whole else "chapter",
        "title": of.title if work.whole else plain(work.title),
        "container-title": "" if work.whole else of.title,
        "author": [{"literal": a} for a in of.authors],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "version": of.version,
        "language": LANGUAGE,
        "URL": work.address,
        "DOI": of.doi,
        "note": f"Content SHA-256: {work.digest}",
    }
    return {k: v for k, v in record.items() if v}


def csl_text(works: Iterable[Work], of: Book) -> str:
    """Records as a CSL-JSON file."""
    return json.dumps([csl(w, of) for w in works], ensure_ascii=False, indent=1) + "\n"


def ris(work: Work, of: Book) -> str:
    """A RIS record; its lines end with CR LF, and no value can hold a line of its own."""
    rows = [
        ("TY", "BOOK" if work.whole else "CHAP"),
        ("TI", of.title if work.whole else work.title),
        ("T2", "" if work.whole else of.title),
        *(("AU", a) for a in of.authors),
        ("PY", str(of.released.year)),
        ("DA", f"{of.released:%Y/%m/%d}/"),
        ("ET", of.version),
        ("LA", LANGUAGE),
        ("UR", work.address),
        ("DO", of.doi),
        ("N1", f"Content SHA-256: {work.digest}"),
    ]
    said = [f"{tag}  - {plain(value)}" for tag, value in rows if value]
    return "\r\n".join([*said, "ER  - "]) + "\r\n"
