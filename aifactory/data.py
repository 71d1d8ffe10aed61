"""The one way in to data/: tables, figures, sources and claims, checked as they are read.

`table`, `figure`, `source` and `claim` are what chapters call. Each file is held to the sha256
and the schema of its descriptor in datapackage.json once a process; whatever does not hold raises
an error of the family :class:`DataError` that names file, row, field, value, rule and remedy.
What was read is kept, and `used` tells it, so that a chapter knows which data it stands on.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import tableschema
from .errors import (
    LOCK,
    BadRange,
    BadUnit,
    BrokenPackage,
    BrokenRow,
    ChangedBytes,
    DataError,
    Fault,
    MissingFile,
    RecalledFigure,
    UnknownName,
    UnknownSource,
)

if TYPE_CHECKING:
    import pandas as pd
    import pint

    from .uncertainty import Distribution

    ureg: pint.UnitRegistry

__all__ = [
    "BadRange", "BadUnit", "BrokenPackage", "BrokenRow", "ChangedBytes", "Claim", "DataError",
    "Fault", "Figure", "MissingFile", "RecalledFigure", "Source", "UnknownName", "UnknownSource",
    "about", "all_claims", "chapter_claims", "claim", "claims", "figure", "figures", "fingerprint",
    "folder", "forget", "names", "source", "sources", "table", "ureg", "used",
]  # fmt: skip

ENVIRONMENT = "AIFACTORY_DATA"
WHOLE = "factory"  # the chapter that joins all others, and judges no claim of its own
_OWN = Path(__file__).resolve().parent.parent / "data"
BUILT_IN = ("claims", "figures", "sources", "corrections")  # tables that every chapter shares


def __getattr__(name: str) -> Any:
    """`data.ureg`, the project's pint registry, is built when it is first asked for."""
    if name == "ureg":
        from .units import registry

        return registry()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def folder() -> Path:
    """The data folder: beside the package, or where AIFACTORY_DATA points."""
    here = os.environ.get(ENVIRONMENT)
    return Path(here).resolve() if here else _OWN


# --- the package ---------------------------------------------------------------------------------


class Resource(dict):
    """A resource's descriptor, as a dictionary. Frames share one; pandas need not copy it."""

    def __deepcopy__(self, memo: dict) -> Resource:
        return self


@dataclass
class Package:
    """datapackage.json and what this process has read through it."""

    folder: Path
    descriptor: dict[str, Any]
    resources: dict[str, Resource]
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    rows: dict[str, dict[str, tuple[int, dict[str, Any]]]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """datapackage.json as messages name it."""
        return f"{self.folder.name}/datapackage.json"

    def file(self, name: str) -> str:
        """A resource's file as messages name it, such as data/power/plants.csv."""
        return f"{self.folder.name}/{self.resources[name]['path']}"

    def path(self, name: str) -> Path:
        """A resource's file on disk."""
        return self.folder / self.resources[name]["path"]


def load(where: Path) -> Package:
    """Read datapackage.json of a folder. Raises MissingFile or BrokenPackage."""
    path = where / "datapackage.json"
    label = f"{where.name}/datapackage.json"
    try:
        descriptor = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingFile(
            f"{path} is missing: without it no table can be read. Restore it with "
            f"`git checkout -- {label}`, or unset {ENVIRONMENT} if it points elsewhere."
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BrokenPackage(f"{label} is not JSON: {error}. Correct that place.") from error
    resources = {}
    for entry in descriptor.get("resources", []):
        _check_entry(entry, label)
        if entry["name"] in resources:
            raise BrokenPackage(f"{label} describes {entry['name']!r} twice. Keep one of the two.")
        resources[entry["name"]] = Resource(entry)
    return Package(where, descriptor, resources)


def _check_entry(entry: dict[str, Any], label: str) -> None:
    for key in ("name", "path", "schema"):
        if not entry.get(key):
            name = entry.get("name", "a resource without a name")
            raise BrokenPackage(f"{label}: {name} lacks `{key}`. Add it.")
    parts = Path(entry["path"]).parts
    if Path(entry["path"]).is_absolute() or ".." in parts:
        raise BrokenPackage(
            f"{label}: {entry['name']} has the path {entry['path']!r}, which leaves the data "
            "folder. Give a path inside it."
        )


@functools.cache
def _opened(where: Path) -> Package:
    return load(where)


def package() -> Package:
    """The data package of this process, read once a folder."""
    return _opened(folder())


def forget() -> None:
    """Drop what is cached and recorded, as in a new process. For tests and long-lived servers."""
    _opened.cache_clear()
    for read in _used.values():
        read.clear()


def digest(path: Path, file: str) -> tuple[str, int]:
    """sha256 as "sha256:<hex>", and size in bytes. Raises MissingFile."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise MissingFile(
            f"{file} is described in datapackage.json but is not on disk. Restore it with "
            f"`git checkout -- {file}`, or take its entry out of datapackage.json."
        ) from None
    return f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)


def check_bytes(pack: Package, name: str) -> None:
    """Hold a file to the hash and size of its descriptor. Raises MissingFile, ChangedBytes.

    Parquet files have no size there: frictionless cannot count theirs, and calls any size wrong.
    """
    entry, file = pack.resources[name], pack.file(name)
    found, size = digest(pack.path(name), file)
    expected = entry.get("bytes", size)
    if found == entry.get("hash") and size == expected:
        return
    was = str(entry.get("hash", "no hash")).removeprefix("sha256:")[:12]
    raise ChangedBytes(
        f"{file} is not the file that datapackage.json describes: sha256 {found[7:19]}… and "
        f"{size} bytes, where {was}… and {expected} bytes are expected. If the change "
        f"is meant, run `{LOCK}`; if not, run `git checkout -- {file}`."
    )


def _frame(name: str) -> pd.DataFrame:
    """A table, checked once a process. Raises the errors of `table`."""
    pack = package()
    if name not in pack.resources:
        raise UnknownName.of("table", name, pack.resources, pack.label)
    if name not in pack.frames:
        check_bytes(pack, name)
        entry = pack.resources[name]
        frame, faults = tableschema.read(pack.path(name), entry["schema"], pack.file(name))
        if faults:
            raise BrokenRow.of(faults)
        frame.attrs["resource"] = entry
        pack.frames[name] = frame
    return pack.frames[name].copy(deep=False)  # pandas copies on write: the cached one stays whole


def _row(table_name: str, key: str, kind: str, name: str) -> tuple[int, dict[str, Any]]:
    """One row of a shared table by its key: spreadsheet row number and values."""
    pack = package()
    if table_name not in pack.rows:
        frame = _frame(table_name)
        records = frame.astype(object).where(frame.notna(), None).to_dict("records")
        pack.rows[table_name] = {row[key]: (at + 2, row) for at, row in enumerate(records)}
    rows = pack.rows[table_name]
    if name not in rows:
        raise UnknownName.of(kind, name, rows, pack.file(table_name))
    return rows[name]


# --- what was read -------------------------------------------------------------------------------

_used: dict[str, set[str]] = {"tables": set(), "figures": set(), "claims": set()}


def used() -> dict[str, list[str]]:
    """Names of the tables, figures and claims read since the process started, sorted."""
    return {kind: sorted(read) for kind, read in _used.items()}


def fingerprint(kind: str, name: str) -> str:
    """sha256 over all that a reader of one table, figure or claim depends on.

    `kind` is "tables", "figures" or "claims", as in `used`. A table's is over its file and its
    descriptor; a figure's over its row and its source's; a claim's over its row. Nothing is
    recorded as used. Raises UnknownName, MissingFile.
    """
    pack = package()
    if kind == "tables":
        if name not in pack.resources:
            raise UnknownName.of("table", name, pack.resources, pack.label)
        content: Any = [digest(pack.path(name), pack.file(name)), pack.resources[name]]
    elif kind == "figures":
        row = _row("figures", "figure_id", "figure", name)[1]
        content = [row, _row("sources", "source_id", "source", row["source_id"])[1]]
    elif kind == "claims":
        content = _row("claims", "claim_id", "claim", name)[1]
    else:
        raise ValueError(f"kind is tables, figures or claims, not {kind!r}")
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


# --- tables --------------------------------------------------------------------------------------


def table(name: str) -> pd.DataFrame:
    """A table of the data package, such as "power/households_us_state", with the right dtypes.

    The file is held to its hash and its schema once a process. The frame is the caller's to
    change; `.attrs["resource"]` is the table's descriptor (title, licences, sources, warnings,
    and each field's unit). Raises UnknownName, MissingFile, ChangedBytes, BrokenRow.
    """
    frame = _frame(name)
    _used["tables"].add(name)
    return frame


def names() -> list[str]:
    """Names of all tables, in the package's order."""
    return list(package().resources)


def claims(chapter: str | None = None) -> pd.DataFrame:
    """Claims of the post, in its order: claim_id, chapter, post_lines, kind, claim, criterion."""
    frame = table("claims")
    return frame if chapter is None else _of_chapter(frame, chapter)


def figures() -> pd.DataFrame:
    """All figures, one a row; see `figure` for their meaning."""
    return table("figures")


def sources() -> pd.DataFrame:
    """All sources, one a row: source_id, title, author, publisher, dates, url, license, kind."""
    return table("sources")


def _of_chapter(frame: pd.DataFrame, chapter: str) -> pd.DataFrame:
    found = frame[frame["chapter"] == chapter]
    if found.empty:
        pack = package()
        raise UnknownName.of("chapter", chapter, frame["chapter"], pack.file("claims"))
    return found.reset_index(drop=True)


# --- claims and sources --------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """One claim of the post, and the criterion set before its data was looked at."""

    id: str
    chapter: str
    post_lines: str
    kind: str
    claim: str
    criterion: str


@dataclass(frozen=True)
class Source:
    """One source. `published` and `accessed` are ISO 8601 dates, of the precision known."""

    id: str
    title: str
    author: str | None
    publisher: str | None
    published: str | None
    accessed: str | None
    url: str | None
    license: str | None
    kind: str
    note: str | None


def claim(claim_id: str) -> Claim:
    """A claim by its id, such as "power-households". Raises UnknownName."""
    row = _row("claims", "claim_id", "claim", claim_id)[1]
    _used["claims"].add(claim_id)
    return Claim(claim_id, *(row[f.name] for f in fields(Claim)[1:]))


def all_claims() -> list[Claim]:
    """Every claim in the post's order. Unlike `claims`, this is not recorded as a table read."""
    chapters = dict.fromkeys(_frame("claims")["chapter"])
    return [one for chapter in chapters for one in chapter_claims(chapter)]


def chapter_claims(chapter: str) -> list[Claim]:
    """Claims of one chapter in the post's order. Raises UnknownName for a chapter without any."""
    ids = _of_chapter(_frame("claims"), chapter)["claim_id"]
    rows = [_row("claims", "claim_id", "claim", item)[1] for item in ids]
    return [Claim(r["claim_id"], *(r[f.name] for f in fields(Claim)[1:])) for r in rows]


def source(source_id: str) -> Source:
    """A source by its id. Raises UnknownName."""
    row = _row("sources", "source_id", "source", source_id)[1]
    return Source(source_id, *(row[f.name] for f in fields(Source)[1:]))


# --- figures -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """One number with its range (5 % to 95 %), unit and source.

    `low`, `central` and `high` are in `unit`. `verification` is "seen" where someone read the
    number at its source and "recalled" where nobody has; a recalled one may be shown for
    reference, but has no distribution, so that no verdict can rest on it.
    """

    id: str
    description: str
    low: float
    central: float
    high: float
    unit: str
    as_of: str
    source_id: str
    verification: str
    locator: str | None
    note: str | None

    @property
    def value(self) -> float:
        """The central value, in `unit`."""
        return self.central

    @property
    def quantity(self) -> pint.Quantity:
        """The central value with its pint unit. Raises BadUnit."""
        from . import units

        wrong = units.fault(self.unit, package().file("figures"), "unit", None)
        if wrong:
            raise BadUnit(f"{wrong} That is the unit of figure {self.id!r}.", [wrong])
        return units.registry().Quantity(self.central, units.parse(self.unit))

    def distribution(self) -> Distribution:
        """Distribution with 5 %, 50 % and 95 % points at low, central and high.

        Raises RecalledFigure.
        """
        if self.verification == "recalled":
            raise _recalled(self.id, "has no distribution, for no result may rest on it")
        from .uncertainty import from_range

        return from_range(self.low, self.central, self.high)


def figure(figure_id: str, reference_only: bool = False) -> Figure:
    """A figure by its id, such as "us-household-size".

    Raises UnknownName; RecalledFigure for one nobody has seen at its source, unless
    `reference_only` says that nothing will be worked out from it; UnknownSource, BadUnit and
    BadRange for a row that cannot be right.
    """
    at, row = _row("figures", "figure_id", "figure", figure_id)
    if row["verification"] == "recalled" and not reference_only:
        raise _recalled(figure_id, "may only be shown: figure(…, reference_only=True)")
    _figure_source(at, row)
    _figure_range(at, row)
    _used["figures"].add(figure_id)
    values = {key: math.nan if row[key] is None else row[key] for key in ("low", "central", "high")}
    rest = {f.name: row[f.name] for f in fields(Figure)[1:]}
    return Figure(figure_id, **(rest | values))


def _recalled(figure_id: str, rule: str) -> RecalledFigure:
    file = package().file("figures")
    return RecalledFigure(
        f"{file}: figure {figure_id!r} is recalled, not seen at its source; it {rule}. "
        "Find it at a source and set its verification to seen."
    )


def _figure_source(at: int, row: dict[str, Any]) -> None:
    pack = package()
    try:
        _row("sources", "source_id", "source", row["source_id"])
    except UnknownName as error:
        raise UnknownSource(
            f"{pack.file('figures')}, row {at}, field `source_id`: figure "
            f"{row['figure_id']!r} names a source that is not there. {error}"
        ) from error


def range_fault(row: dict[str, Any], file: str, at: int) -> Fault | None:
    """What is wrong with a figure's low, central and high, if anything is.

    A seen figure has all three; whichever are there stand in that order.
    """
    values = [row[key] for key in ("low", "central", "high")]
    known = [value for value in values if value is not None and not math.isnan(value)]
    shown = " | ".join("" if value is None else f"{value:g}" for value in values)
    if row["verification"] == "seen" and len(known) < 3:
        remedy = "Give all three: where the source has one value, widen it and say how in `note`."
        return Fault(file, "leaves out part of the range", "low, central, high", at, shown, remedy)
    if known != sorted(known):
        remedy = "They are the 5 %, 50 % and 95 % points: put them in order."
        return Fault(file, "is not in rising order", "low, central, high", at, shown, remedy)
    return None


def _figure_range(at: int, row: dict[str, Any]) -> None:
    wrong = range_fault(row, package().file("figures"), at)
    if wrong:
        raise BadRange(str(wrong), [wrong])


# --- what a reader must know of a table ----------------------------------------------------------


def about(name: str) -> dict[str, Any]:
    """What belongs under **Data** for one table.

    Keys: title, description, path, rows, columns, period (first and last date held, or ""),
    as_of, licences (list), credits (list of who made it, at most three and "N others"),
    source_ids and source_titles (lists, all of them), warnings (list of known flaws). Raises as
    `table` does.
    """
    frame = table(name)
    entry = frame.attrs["resource"]
    cited = entry.get("sources", [])
    licences = [item.get("title") or item.get("name", "") for item in entry.get("licenses", [])]
    return {
        "title": entry.get("title", name),
        "description": entry.get("description", ""),
        "path": package().file(name),
        "rows": len(frame),
        "columns": frame.shape[1],
        "period": entry.get("period") or _period(frame),
        "as_of": entry.get("as_of", ""),
        "licences": licences,
        "credits": [entry["credit"]] if entry.get("credit") else _credits(frame, cited),
        "source_ids": [item["id"] for item in cited if "id" in item],
        "source_titles": [item.get("title", "") for item in cited],
        "warnings": list(entry.get("warnings", [])),
    }


def _period(frame: pd.DataFrame) -> str:
    """First and last value of the first dated column, as ISO 8601; empty where none is dated."""
    for name, values in _dated(frame):
        known = values.dropna()
        if known.empty:
            continue
        first, last = str(known.min()), str(known.max())
        kinds = {f["name"]: f.get("type") for f in frame.attrs["resource"]["schema"]["fields"]}
        width = {"yearmonth": 7, "date": 10, "datetime": 10}.get(kinds[name])
        first, last = first[:width], last[:width]
        return first if first == last else f"{first} to {last}"
    return ""


def _dated(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Columns that hold dates, by type first, then text columns called `date`."""
    described = frame.attrs["resource"]["schema"]["fields"]
    for item in described:
        if item.get("type") in ("date", "datetime", "yearmonth", "year"):
            yield item["name"], frame[item["name"]]
    for item in described:
        if item["name"] in ("date", "as_of_date") and item.get("type", "string") == "string":
            yield item["name"], frame[item["name"]]


_RECORDS = ("dataset", "filing", "standard", "paper", "report", "book", "manual")
_HEARSAY = ("blog", "web page", "guide")


def _credits(frame: pd.DataFrame, cited: list[dict[str, Any]], named: int = 3) -> list[str]:
    """Publishers (or authors) of a table's sources: most rows first, then records before press."""
    counts = frame["source_id"].value_counts() if "source_id" in frame else {}

    def place(made: Source) -> tuple[int, int]:
        kind = 0 if made.kind in _RECORDS else 2 if made.kind in _HEARSAY else 1
        return -counts.get(made.id, 0), kind

    found = sorted((source(item["id"]) for item in cited if "id" in item), key=place)
    makers = list(dict.fromkeys(m.publisher or m.author or m.title for m in found))
    if len(makers) <= named + 1:
        return makers
    return [*makers[:named], f"{len(makers) - named} others"]
