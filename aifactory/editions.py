"""Editions of the book: what each version's verdicts were, and what changed from one to the next.

data/editions.csv has one row a verdict a published version; rows are added at a release and never
change. What a version brought in words is read from CHANGELOG.md, so that it is written once.
"""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import data, files, verdicts
from .assemble import order
from .errors import PROGRAM, BrokenRow, DataError, Fault, UnknownName

NAME = "editions"
ROOT = Path(__file__).resolve().parent.parent
CHANGES = "CHANGELOG.md"
UNRELEASED = "Unreleased"
VERDICTS = "Verdicts that changed"  # heading of the list in CHANGELOG.md
KEY = ("claim_id", "part", "edition")
NUMBERS = ("p05", "p50", "p95", "probability")
COLUMNS = (
    "version", "released", *KEY, "beyond", "metric", "unit", *NUMBERS, "rating", "as_of",
)  # fmt: skip
KEEP = "Rows of a released version never change: restore them with `git checkout`."

Row = dict[str, Any]


# --- the table -----------------------------------------------------------------------------------


def load() -> list[Row]:
    """All rows in order, with numbers as numbers and None where there is none.

    Raises UnknownName where the data package has no such table, and what `data.table` raises.
    """
    data.table(NAME)  # holds the file to its hash and schema
    return [_values(row) for row in _read(data.package())]


def _read(pack: data.Package) -> list[dict[str, str]]:
    """Rows as text, to the letter. Raises UnknownName, MissingFile."""
    if NAME not in pack.resources:
        raise UnknownName.of("table", NAME, pack.resources, pack.label)
    data.digest(pack.path(NAME), pack.file(NAME))  # raises MissingFile
    return files.csv_rows(pack.path(NAME))


def _values(row: dict[str, str]) -> Row:
    out: Row = {k: row[k] or None for k in ("part", "edition")}
    out |= {k: float(row[k]) if row[k] else None for k in NUMBERS}
    return row | out | {"beyond": row["beyond"] == "true"}


def versions(rows: Iterable[Row]) -> list[str]:
    """Versions that are recorded, oldest first."""
    return list(dict.fromkeys(row["version"] for row in rows))


def rows_of(found: Iterable[dict[str, Any]], version: str, released: str) -> list[dict[str, str]]:
    """Verdicts as rows of the table, as text."""
    return [
        {"version": version, "released": released}
        | {k: v.get(k) or "" for k in (*KEY, "metric", "unit", "rating", "as_of")}
        | {"beyond": "true" if v.get("beyond") else "false"}
        | {k: "" if v.get(k) is None else repr(v[k]) for k in NUMBERS}
        for v in found
    ]


def stored(notebooks: Path = ROOT / "notebooks") -> list[dict[str, Any]]:
    """Verdicts of all executed chapters, in the post's order of chapters."""
    chapters = dict.fromkeys(claim.chapter for claim in data.all_claims())
    paths = [verdicts.chapter_path(chapter, notebooks) for chapter in chapters]
    return [v for path in paths if path.is_file() for v in verdicts.read(path)]


# --- what moved ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """A verdict that another version of the book gives otherwise."""

    version: str
    claim_id: str
    part: str | None
    edition: str | None
    before: Row
    after: Row
    why: str

    @property
    def rating(self) -> bool:
        """Whether its rating moved, and not only its numbers."""
        return self.before["rating"] != self.after["rating"]

    def as_text(self) -> str:
        """The move in one line: of what, from, to, and why where that is known."""
        scope = ", ".join(x for x in (self.part, verdicts.EDITIONS.get(self.edition or "")) if x)
        about = f"{self.claim_id}, {scope}" if scope else self.claim_id
        before, after = (_said(row) for row in (self.before, self.after))
        return f"{about}: {before} to {after}" + (f" ({self.why})" if self.why else "")


def _said(row: Row) -> str:
    return "; ".join(x for x in (row["rating"], verdicts.chance(row), verdicts.span(row)) if x)


def key(row: Row) -> tuple[str, ...]:
    """What a verdict is of: claim, part and edition, as text."""
    return tuple(row.get(k) or "" for k in KEY)


def moved(
    before: Iterable[Row], after: Iterable[Row], release: Release | None = None
) -> list[Move]:
    """Verdicts that both lists hold, and whose rating, probability or interval differ.

    `before` and `after` are rows of one version each, or stored verdicts; `release` says why.
    """
    old = {key(row): row for row in before}
    reasons = release.sections.get(VERDICTS, ()) if release else ()
    version = release.version if release else ""
    return [
        Move(version, row["claim_id"], row["part"], row["edition"], old[key(row)], row,
             _why(row["claim_id"], reasons))
        for row in after
        if key(row) in old and _differ(old[key(row)], row)
    ]  # fmt: skip


def _differ(one: Row, other: Row) -> bool:
    return any(one.get(k) != other.get(k) for k in ("rating", *NUMBERS))


def _why(claim_id: str, reasons: Iterable[str]) -> str:
    """The line of the list of changes that names the claim, or nothing."""
    named = re.compile(rf"(?<![\w-]){re.escape(claim_id)}(?![\w-])")
    return next((line for line in reasons if named.search(line)), "")


def all_moves(rows: Sequence[Row], releases: Iterable[Release]) -> dict[str, list[Move]]:
    """Moves by version, for each version that follows another."""
    told = {release.version: release for release in releases}
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row["version"], []).append(row)
    names = list(by)
    return {
        now: moved(by[was], by[now], told.get(now) or Release(now, ""))
        for was, now in itertools.pairwise(names)
    }


# --- what a version brought, in words ------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    """One version in CHANGELOG.md: its date ("" while unreleased) and lists by heading."""

    version: str
    date: str
    sections: dict[str, tuple[str, ...]] = field(default_factory=dict)


_VERSION = re.compile(r"## (?:(Unreleased)(?: \(([\d.]+)\))?|([\d.]+) \((\d{4}-\d\d-\d\d)\))")


@functools.cache
def changelog(root: Path = ROOT) -> tuple[Release, ...]:
    """Versions of CHANGELOG.md, newest first. Raises DataError for a heading it can't read."""
    text = (root / CHANGES).read_text(encoding="utf-8")
    found = []
    for block in re.split(r"^(?=## )", text, flags=re.M)[1:]:
        head, _, rest = block.partition("\n")
        told = _VERSION.fullmatch(head.strip())
        if told is None:
            raise DataError(
                f"{CHANGES}: the heading {head.strip()!r} names no version. Write "
                f"`## 1.2.3 (2026-01-31)`, or `## {UNRELEASED} (1.2.3)`."
            )
        found.append(Release(told[3] or told[2] or UNRELEASED, told[4] or "", _sections(rest)))
    return tuple(found)


def _sections(text: str) -> dict[str, tuple[str, ...]]:
    """Lists by their heading; a paragraph counts as one item."""
    out = {}
    for block in re.split(r"^### ", text, flags=re.M)[1:]:
        head, _, rest = block.partition("\n")
        items = re.split(r"^(?:- |\n)", rest.strip(), flags=re.M)
        out[head.strip()] = tuple(" ".join(item.split()) for item in items if item.strip())
    return out


# --- recording a version -------------------------------------------------------------------------


def record(root: Path = ROOT, where: Path | None = None) -> tuple[str, list[Row], list[Move]]:
    """Append the stored verdicts as rows of pyproject.toml's version, and say what moved.

    Returns the version, its new rows (none where they are there already) and the moves since the
    version before. Raises DataError, and writes nothing, where CHANGELOG.md doesn't date that
    version, where its rows differ from the stored verdicts, or where a newer one is recorded.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    release = next((r for r in changelog(root) if r.version == version), None)
    if release is None or not release.date:
        raise DataError(
            f"{CHANGES} does not date version {version} of pyproject.toml. Give it the heading "
            f"`## {version} (YYYY-MM-DD)` first."
        )
    pack = data.load(where or data.folder())
    rows, new = _read(pack), rows_of(stored(root / "notebooks"), version, release.date)
    known = versions(rows)
    if version in known:
        _check_same([row for row in rows if row["version"] == version], new, pack.file(NAME))
    elif known and order(known[-1]) > order(version):
        raise DataError(
            f"{pack.file(NAME)} holds version {known[-1]} already, which is newer than {version}. "
            "Set the new version in pyproject.toml."
        )
    else:
        _store(pack, [*rows, *new], release.date)
    before = [name for name in known if name != version][-1:]
    moves = moved(
        [_values(row) for row in rows if row["version"] in before],
        [_values(row) for row in new],
        release,
    )
    return version, [] if version in known else [_values(row) for row in new], moves


def draft(root: Path = ROOT, where: Path | None = None) -> list[str]:
    """Lines for the list of changes: each stored verdict that moved since the newest version.

    A line ends with its reason, or with a gap for one where the list of changes names none yet.
    """
    rows = [_values(row) for row in _read(data.load(where or data.folder()))]
    newest = versions(rows)[-1:]
    moves = moved(
        [row for row in rows if row["version"] in newest],
        stored(root / "notebooks"),
        changelog(root)[0],
    )
    return [f"- {move.as_text()}{'' if move.why else ', because …'}" for move in moves] or ["None."]


def _check_same(held: list[dict[str, str]], new: list[dict[str, str]], file: str) -> None:
    """Raises BrokenRow where a version's rows aren't what the notebooks hold."""
    old, now = ({key(row): row for row in rows} for rows in (held, new))
    changed = [k for k in {**old, **now} if old.get(k) != now.get(k)]
    if not changed:
        return
    rule = f"differs from the stored verdict, but version {held[0]['version']} is released"
    remedy = f"Set the next version in pyproject.toml, then run `{PROGRAM} edition` again."
    raise BrokenRow.of(
        [Fault(file, rule, None, None, " ".join(filter(None, k)), remedy) for k in changed]
    )


def _store(pack: data.Package, rows: list[dict[str, str]], day: str) -> None:
    """Write the table and its entry in datapackage.json, both or neither."""
    from . import datacheck

    text = datacheck.as_csv(COLUMNS, rows)
    datacheck.store(pack, NAME, text, lambda entry, _: entry.update(as_of=day))
