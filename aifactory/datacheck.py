"""Keep the data package honest after an edit: `lock` its hashes anew, `check` all of it.

Both back the command line (`python -m aifactory data lock`, `… data check`).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import data, forecasts, tableschema, units
from .errors import LOCK, BrokenRow, ChangedBytes, DataError, UnknownSource, nearest

if TYPE_CHECKING:
    import pandas as pd

_CITED = re.compile(r"\{cite(?::[a-z]+)?\}`([^`]+)`|:cite(?::[a-z]+)?:`([^`]+)`")
_SPLIT = re.compile(r"[;,]\s*")


def lock(where: Path | None = None) -> list[str]:
    """Bring datapackage.json up to date with the files that it describes.

    Writes the present sha256 and size of every file, and the titles and addresses of the sources
    that its rows name. Returns one line a change; an empty list means that nothing had changed.
    Raises BrokenRow or UnknownSource, and writes nothing, if a file breaks its schema, a sealed
    forecast has changed, or a row names a source that sources.csv does not hold.
    """
    pack = data.load(where or data.folder())
    frames, faults = {}, []
    for name, entry in pack.resources.items():
        frames[name], wrong = tableschema.read(pack.path(name), entry["schema"], pack.file(name))
        faults += wrong
    if forecasts.NAME in pack.resources:
        faults += forecasts.faults(pack)
    if faults:
        raise BrokenRow.of(faults)
    changes = [line for name in pack.resources for line in _relock(pack, name)]
    for name, frame in frames.items():
        changes += _relist(pack, name, frame, frames["sources"])
    if changes:
        write(pack.folder, pack.descriptor | {"resources": list(pack.resources.values())})
        data.forget()
    return changes


def _relock(pack: data.Package, name: str) -> list[str]:
    """Take over a file's hash and size; a line if they had changed."""
    entry = pack.resources[name]
    try:
        data.check_bytes(pack, name)
    except ChangedBytes:
        was = str(entry.get("hash", "none")).removeprefix("sha256:")[:12]
        entry["hash"], size = data.digest(pack.path(name), pack.file(name))
        if not entry["path"].endswith(".parquet"):
            entry["bytes"] = size
        now = entry["hash"].removeprefix("sha256:")[:12]
        return [f"{pack.file(name)}: sha256 {was}… to {now}…, now {size} bytes"]
    return []


def _relist(pack: data.Package, name: str, frame: pd.DataFrame, known: pd.DataFrame) -> list[str]:
    """Bring a resource's `sources` up to date; a line if they were not. Raises UnknownSource."""
    sources = listing(pack, name, frame, known)
    if sources == _sources(pack, name):
        return []
    pack.resources[name]["sources"] = sources
    return [f"{pack.label}, {name}: its list of sources is brought up to date"]


def listing(
    pack: data.Package, name: str, frame: pd.DataFrame, known: pd.DataFrame
) -> list[dict[str, str]]:
    """What a resource's `sources` must be: id, title and address of each one that it cites.

    Raises UnknownSource for one that sources.csv (`known`) does not hold.
    """
    cited = _cited(pack, name, frame)
    if name in data.BUILT_IN:
        cited = dict(sorted(cited.items()))
    rows = known.set_index("source_id")
    listing = []
    for source_id, row in cited.items():
        if source_id not in rows.index:
            raise UnknownSource(_unlisted(pack, name, source_id, row, set(rows.index)))
        found = rows.loc[source_id]
        item = {"id": source_id, "title": found["title"], "path": found["url"]}
        listing.append({key: value for key, value in item.items() if isinstance(value, str)})
    return listing


def _cited(pack: data.Package, name: str, frame: pd.DataFrame) -> dict[str, int | None]:
    """Sources of a table: those of its descriptor, then those that only its rows name.

    A shared table such as figures.csv cites what its rows name and no more.
    """
    entry = pack.resources[name]
    shared = name in data.BUILT_IN and name != "sources" and "source_id" in frame
    return cited_in(entry | {"sources": []} if shared else entry, frame)


def write(where: Path, descriptor: dict[str, Any]) -> None:
    """Write datapackage.json whole or not at all, in the project's layout."""
    text = json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n"
    part = where / "datapackage.json.part"
    part.write_text(text, encoding="utf-8")
    part.replace(where / "datapackage.json")


def as_csv(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> str:
    """Rows of text as a table's file holds them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def store(
    pack: data.Package,
    name: str,
    text: str,
    describe: Callable[[dict[str, Any], pd.DataFrame], None],
) -> None:
    """Write a table's file and its entry in datapackage.json, both or neither.

    `describe` brings the entry up to date from the table as read; hash and size are done here.
    Raises BrokenRow, and writes nothing, where the text breaks the table's schema.
    """
    path, entry, file = pack.path(name), pack.resources[name], pack.file(name)
    part, before = path.with_name(f"{path.name}.part"), path.read_bytes()
    try:
        part.write_text(text, encoding="utf-8")
        frame, wrong = tableschema.read(part, entry["schema"], file)
        if wrong:
            raise BrokenRow.of(wrong)
        describe(entry, frame)
        entry["hash"], entry["bytes"] = data.digest(part, file)
        part.replace(path)
        try:
            write(pack.folder, pack.descriptor | {"resources": list(pack.resources.values())})
        except BaseException:
            part.write_bytes(before)
            part.replace(path)
            raise
    finally:
        part.unlink(missing_ok=True)
    data.forget()


def check(where: Path | None = None, pages: list[Path] | None = None) -> list[str]:
    """Every fault of the data package, each a line; an empty list means that it is whole.

    Looks at bytes, schemas, units, ranges, sources (each one named exists, each one listed is
    named), licences, sealed forecasts, and files that nothing describes. `pages` are the texts and
    modules whose citations count as a use of a source; by default those of the project.
    """
    pack = data.load(where or data.folder())
    lines: list[str] = []
    frames: dict[str, pd.DataFrame] = {}
    for name, entry in pack.resources.items():
        lines += _resource_faults(pack, name, entry)
        try:
            data.check_bytes(pack, name)
        except DataError as error:
            lines.append(str(error))
        try:
            frame, faults = tableschema.read(pack.path(name), entry["schema"], pack.file(name))
        except DataError as error:
            if str(error) not in lines:
                lines.append(str(error))
            continue
        lines += [str(fault) for fault in faults]
        frames[name] = frame
    if "figures" in frames:
        lines += figure_faults(frames["figures"], pack.file("figures"))
    if forecasts.NAME in frames:
        lines += [str(fault) for fault in forecasts.faults(pack)]
    if "sources" in frames:
        lines += _source_faults(pack, frames, pages)
    return lines + _stray_files(pack)


def _resource_faults(pack: data.Package, name: str, entry: dict[str, Any]) -> list[str]:
    """Licence, sources, title, and a unit that parses where a field names one."""
    place = f"{pack.label}, {name}"
    lines = [
        f"{place}: lacks `{key}`. Add it."
        for key in ("title", "description", "licenses", "sources", "hash")
        if not entry.get(key)
    ]
    for field in entry["schema"]["fields"]:
        if not field.get("description"):
            lines.append(f"{place}, field `{field['name']}`: lacks a description. Add it.")
        wrong = (
            units.fault(field["unit"], place, field["name"], None) if field.get("unit") else None
        )
        lines += [str(wrong)] if wrong else []
    return lines


def figure_faults(figures: pd.DataFrame, file: str) -> list[str]:
    """Units that do not parse, and ranges out of order or incomplete."""
    known = tuple(figures["unit"].dropna().unique())
    lines = []
    for at, row in enumerate(figures.to_dict("records"), start=2):
        for wrong in (
            units.fault(row["unit"], file, "unit", at, known),
            data.range_fault(row, file, at),
        ):
            lines += [str(wrong)] if wrong else []
    return lines


def cited_in(entry: dict[str, Any], frame: pd.DataFrame) -> dict[str, int | None]:
    """Source ids that a table names, with the first row that does (None: its descriptor).

    A column called source_id, or ending in _source_id, holds one id or several parted by `;`.
    """
    named: dict[str, int | None] = {
        item["id"]: None for item in entry.get("sources", []) if "id" in item
    }
    if entry["name"] == "sources":
        return named
    for column in (c for c in frame.columns if c == "source_id" or c.endswith("_source_id")):
        for at, value in frame[column].dropna().drop_duplicates().items():
            for source_id in _SPLIT.split(str(value)):
                named.setdefault(source_id, int(at) + 2)
    return named


def cited_in_pages(pages: list[Path]) -> set[str]:
    """Source ids cited by MyST roles in texts, and by Sphinx roles in docstrings."""
    found: set[str] = set()
    for page in pages:
        for groups in _CITED.findall(page.read_text(encoding="utf-8", errors="replace")):
            found |= {item.strip() for item in "".join(groups).split(",")}
    return found


def project_pages(root: Path) -> list[Path]:
    """Texts and modules of a checkout, in a stable order."""
    texts = [
        *root.glob("notebooks/*.md"),
        *root.glob("book/**/*.md"),
        *root.glob("aifactory/**/*.py"),
    ]
    return sorted(texts)


def _source_faults(
    pack: data.Package, frames: dict[str, pd.DataFrame], pages: list[Path] | None
) -> list[str]:
    """Sources named but not listed, and listed but not named."""
    listed = set(frames["sources"]["source_id"].dropna())
    pages = project_pages(pack.folder.parent) if pages is None else pages
    used = cited_in_pages(pages) & listed
    lines = []
    for name, frame in frames.items():
        cited = _cited(pack, name, frame)
        used |= set(cited)
        missing = {key: row for key, row in cited.items() if key not in listed}
        lines += [_unlisted(pack, name, key, row, listed) for key, row in missing.items()]
        if missing or listing(pack, name, frame, frames["sources"]) == _sources(pack, name):
            continue
        lines.append(f"{pack.label}, {name}: its list of sources is out of date. Run `{LOCK}`.")
    file = pack.file("sources")
    for source_id in sorted(listed - used):
        lines.append(
            f"{file}: no table, figure or page uses the source {source_id!r}. "
            f"Drop its row, then run `{LOCK}`."
        )
    return lines


def _sources(pack: data.Package, name: str) -> list[dict[str, str]]:
    return pack.resources[name].get("sources", [])


def _unlisted(
    pack: data.Package, name: str, source_id: str, row: int | None, listed: set[str]
) -> str:
    place = f"{pack.label}, {name}" if row is None else f"{pack.file(name)}, row {row}"
    close = nearest(source_id, listed)
    advice = f"Nearest: {', '.join(close)}." if close else f"Add it to {pack.file('sources')}."
    return f"{place}: {source_id!r} is not a source of {pack.file('sources')}. {advice}"


def _stray_files(pack: data.Package) -> list[str]:
    """Tables on disk that nothing describes."""
    described = {entry["path"] for entry in pack.resources.values()}
    lines = []
    for path in sorted(pack.folder.rglob("*")):
        inside = path.relative_to(pack.folder).as_posix()
        if path.suffix in (".csv", ".parquet") and inside not in described:
            lines.append(
                f"{pack.folder.name}/{inside}: datapackage.json does not describe this file. "
                "Describe or delete it."
            )
    return lines
