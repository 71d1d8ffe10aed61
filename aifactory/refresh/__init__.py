"""Fetch upstream data anew: what would change, which verdicts would move, and the change itself.

A source passes through four gates, and data/ is written only behind the last: the transfer
(`fetch`), the recipe that makes the table of it (`recipes`), the table's own schema, and the
number of its rows. Whatever fails leaves data/ as it was and says in a line which source, which
file, what is wrong and what to do.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from aifactory import data, datacheck, tableschema
from aifactory.errors import BrokenRow, Fault, UnknownName, nearest

from . import diff, fetch, store
from .fetch import Limits, RefreshError, Refused, Unreachable
from .recipes import RECIPES, Recipe, Unfit

__all__ = ["Limits", "Outcome", "RefreshError", "Refused", "Unreachable", "choose", "run", "work"]

Say = Callable[[str], None]


def work() -> Path:
    """Where copies, lock and journal lie: _build/refresh beside the data folder."""
    return data.folder().parent / "_build" / "refresh"


def today() -> dt.date:
    """The day it is in UTC."""
    return dt.datetime.now(dt.UTC).date()


@dataclass
class Outcome:
    """What came of one recipe.

    `state` is unchanged, changed (written, or to be written on a dry run), refused or unreachable;
    `message` says why in the last two.
    """

    recipe: Recipe
    state: str = "unchanged"
    message: str = ""
    diff: diff.Diff = field(default_factory=diff.Diff)
    as_of: str = ""
    note: str = ""
    contents: dict[str, bytes] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """As a record for printing."""
        return {
            "source": self.recipe.source,
            "table": self.recipe.table,
            "state": self.state,
            "added": len(self.diff.added),
            "removed": len(self.diff.removed),
            "changed": self.diff.rows,
            "as_of": self.as_of,
            "message": self.message,
        }


def choose(names: Sequence[str], recipes: Iterable[Recipe] = RECIPES) -> list[Recipe]:
    """Recipes by source or table; all of them where nothing is named. Raises UnknownName."""
    known = list(recipes)
    every = [name for one in known for name in (*one.sources, one.table)]
    for name in names:
        if name not in every:
            close = ", ".join(nearest(name, every))
            advice = f"Did you mean {close}?" if close else "`refresh --list` has all."
            raise UnknownName(f"no recipe fetches a source or table {name!r}. {advice}")
    return [one for one in known if not names or {*one.sources, one.table} & set(names)]


def run(
    recipes: Sequence[Recipe],
    *,
    dry: bool = False,
    accept_rows: bool = False,
    limits: Limits | None = None,
    say: Say = lambda line: None,
) -> list[Outcome]:
    """Fetch each recipe's files and take what changed into data/; on a dry run only look.

    One source that fails keeps none of the others back. Raises Refused if another refresh is
    running.
    """
    place = work()
    with store.alone(place) as free:
        if not free:
            names = ", ".join(dict.fromkeys(one.source for one in recipes))
            raise Refused(
                f"{names}: another refresh is at work (lock {place.name}/lock). Wait until it has "
                "ended; nothing is changed."
            )
        if store.restore(data.folder(), place):
            data.forget()
            say("a refresh was cut short before: its half-made change is undone")
        return [
            _one(recipe, place, dry, accept_rows, limits or Limits(), say) for recipe in recipes
        ]


def _one(
    recipe: Recipe, place: Path, dry: bool, accept_rows: bool, limits: Limits, say: Say
) -> Outcome:
    say(f"{recipe.source}: {recipe.table}")
    out = Outcome(recipe)
    try:
        _prepare(out, place, accept_rows, limits)
        if out.diff and not dry:
            store.replace(data.folder(), out.contents, place)
            data.forget()
    except Unreachable as error:
        out.state, out.message = "unreachable", str(error)
    except RefreshError as error:
        out.state, out.message = "refused", str(error)
    except OSError as error:
        why = error.strerror or str(error)
        out.state = "refused"
        out.message = (
            f"{recipe.source}: {recipe.table} cannot be written: {why}. Make room, or mend the "
            "folder's rights, and run the refresh again; data/ is as it was."
        )
    return out


# --- one source ----------------------------------------------------------------------------------


def _prepare(out: Outcome, place: Path, accept_rows: bool, limits: Limits) -> None:
    """Fetch, tidy, check and compare; fills in `out`, and writes nothing but copies."""
    recipe = out.recipe
    pack = data.load(data.folder())
    for name in (recipe.table, "sources"):
        _own_edits(pack, recipe, name)
    came = [fetch.fetch(recipe, one, place / "copies", limits).content for one in recipe.files]
    entry, label = pack.resources[recipe.table], pack.file(recipe.table)
    old, _ = tableschema.read(pack.path(recipe.table), entry["schema"], label)
    frame, own, was = _table(recipe, came, entry, old, label)
    _plausible(recipe, label, own, was, accept_rows)
    content = _render(frame, entry)
    new = _checked(recipe, content, entry, label, place)
    out.diff = diff.compare(old, new, recipe.compare or _key(entry["schema"]))
    out.as_of = entry.get("as_of", "")
    if out.diff:
        out.state = "changed"
        out.as_of = recipe.as_of(new) if recipe.as_of else out.as_of
        out.contents, out.note = _contents(pack, recipe, content, new, out.as_of)


def _own_edits(pack: data.Package, recipe: Recipe, name: str) -> None:
    """No edit that was not locked is written over. Raises Refused."""
    if name not in pack.resources:
        raise Refused(
            f"{recipe.source}: {pack.label} describes no table {name}. Restore it with "
            f"`git checkout -- {pack.label}`."
        )
    try:
        data.check_bytes(pack, name)
    except data.DataError as error:
        raise Refused(f"{recipe.source}: {error}") from error


def _table(
    recipe: Recipe, came: list[bytes], entry: dict[str, Any], old: pd.DataFrame, label: str
) -> tuple[pd.DataFrame, int, int]:
    """The new table, how many rows are the recipe's, and how many were. Raises Refused."""
    module = "aifactory/refresh/recipes.py"
    where = f"{recipe.source}: {label}, from {', '.join(one.url for one in recipe.files)}"
    remedy = (
        f"Upstream has changed its layout: adapt `{getattr(recipe.tidy, '__name__', 'tidy')}` in "
        f"{module}, or wait until it is mended."
    )
    try:
        frame = recipe.tidy(*came)
    except Unfit as error:
        raise Refused(f"{where}: {error}. {remedy}") from error
    except Exception as error:  # whatever a stranger's file makes pandas do is told, not raised
        what = f"cannot be read ({type(error).__name__}: {error})"
        raise Refused(f"{where}: {what}. {remedy}") from error
    names = [one["name"] for one in entry["schema"]["fields"]]
    if list(frame.columns) != names:
        odd = next((n for n in [*frame.columns, *names] if (n in frame) != (n in names)), names[0])
        raise Refused(f"{where}: field `{odd}` is not as the schema of the table has it. {remedy}")
    own = len(frame)
    if not recipe.partial:
        return frame, own, len(old)
    mine = old["source_id"].isin(recipe.sources)
    others = _as_written(old[~mine], entry)
    key = _key(entry["schema"])
    frame = pd.concat([others, _as_written(frame, entry)], ignore_index=True)
    return frame.sort_values(key, kind="stable", ignore_index=True), own, int(mine.sum())


def _as_written(frame: pd.DataFrame, entry: dict[str, Any]) -> pd.DataFrame:
    """Columns in the types in which they are written, so that two parts become one."""
    types = {"integer": "Int64", "year": "Int64", "number": "float64", "string": "str"}
    kinds = {one["name"]: types.get(one.get("type", "string")) for one in entry["schema"]["fields"]}
    return frame.astype({name: kind for name, kind in kinds.items() if kind})


def _key(schema: dict[str, Any]) -> list[str]:
    key = schema.get("primaryKey") or [one["name"] for one in schema["fields"]]
    return [key] if isinstance(key, str) else list(key)


def _plausible(recipe: Recipe, label: str, own: int, was: int, accept: bool) -> None:
    """Refuse a table that lost or gained too many rows, unless that is accepted."""
    least, most = (share * was for share in recipe.rows)
    if own and (accept or least <= own <= most):
        return
    span = f"{least:.0f}" if least == most else f"{least:.0f} to {most:.0f}"
    remedy = f"If upstream means it, accept it: refresh {recipe.source} --accept-rows."
    raise Refused(
        f"{recipe.source}: {label}: {own} rows came where there are {was}, and {span} would pass. "
        + (remedy if own else "A table without rows is never taken: look at the file.")
    )


def _render(frame: pd.DataFrame, entry: dict[str, Any]) -> bytes:
    """A table as its file holds it."""
    if entry["path"].endswith(".parquet"):
        whole = io.BytesIO()
        frame.to_parquet(whole, index=False, compression="zstd")
        return whole.getvalue()
    for one in entry["schema"]["fields"]:
        values = frame[one["name"]]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            form = {"yearmonth": "%Y-%m", "date": "%Y-%m-%d"}.get(one["type"], "%Y-%m-%dT%H:%M:%S")
            frame = frame.assign(**{one["name"]: values.dt.strftime(form)})
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _checked(
    recipe: Recipe, content: bytes, entry: dict[str, Any], label: str, place: Path
) -> pd.DataFrame:
    """The new table as the project reads it. Raises Refused for rows that break its schema."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / Path(entry["path"]).name
        path.write_bytes(content)
        try:
            frame, faults = tableschema.read(path, entry["schema"], label)
        except BrokenRow as error:
            frame, faults = pd.DataFrame(), list(error.faults)
    if faults:
        first = faults[0]
        remedy = (
            "If upstream is right, widen the rule in datapackage.json; if not, tell the publisher."
        )
        own = Fault(first.file, first.rule, first.field, first.row, first.value, remedy)
        more = f" {len(faults) - 1} more faults." if len(faults) > 1 else ""
        raise Refused(f"{recipe.source}: {own}{more}")
    return frame


# --- what is written -----------------------------------------------------------------------------


def _contents(
    pack: data.Package, recipe: Recipe, content: bytes, frame: pd.DataFrame, as_of: str
) -> tuple[dict[str, bytes], str]:
    """New files by path in data/: the table, the sources' access dates, and datapackage.json.

    Also a note on what stands in words in sources.csv and may have become untrue.
    """
    listed, note = _accessed(pack, recipe)
    new = {pack.resources[recipe.table]["path"]: content, pack.resources["sources"]["path"]: listed}
    for name, text in zip((recipe.table, "sources"), new.values(), strict=True):
        _describe(pack.resources[name], text)
    entry = pack.resources[recipe.table]
    if as_of:
        entry["as_of"] = as_of
    known, _ = tableschema.read(
        pack.path("sources"), pack.resources["sources"]["schema"], pack.file("sources")
    )
    entry["sources"] = datacheck.listing(pack, recipe.table, frame, known)
    descriptor = pack.descriptor | {"resources": list(pack.resources.values())}
    whole = json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n"
    return new | {"datapackage.json": whole.encode()}, note


def _describe(entry: dict[str, Any], content: bytes) -> None:
    """Hash and size of new content, in the descriptor."""
    entry["hash"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if "bytes" in entry:
        entry["bytes"] = len(content)


def _accessed(pack: data.Package, recipe: Recipe) -> tuple[bytes, str]:
    """sources.csv with today as the day on which the recipe's sources were read."""
    with pack.path("sources").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = list(reader.fieldnames or ()), list(reader)
    notes = []
    for row in rows:
        if row["source_id"] in recipe.sources:
            row["accessed"] = today().isoformat()
            if any(word in row["note"] for word in ("commit", "copy", "snapshot", "bundled")):
                notes.append(f"{row['source_id']}: {row['note']}")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(), "; ".join(notes)


# --- which verdicts would move -------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """The data as it would be, in the shape in which `whatif.run` takes a scenario."""

    title: str
    as_dict: dict[str, Any]
    name: str = "refresh"
    figures: dict[str, Any] = field(default_factory=dict)


def verdicts(
    outcomes: Sequence[Outcome],
    chapters: Iterable[str],
    notebooks: Path,
    *,
    jobs: int | None = None,
    say: Say = lambda line: None,
) -> tuple[Preview, Any]:
    """Every verdict before and after, by running the chapters that read a changed table.

    They run on a copy of data/ with all changes in it; gives what ran, and `whatif.Runs`.
    """
    from aifactory import whatif

    changed = [one for one in outcomes if one.state == "changed"]
    where = whatif.runs_folder(notebooks) / Preview.name / "data"
    shutil.rmtree(where, ignore_errors=True)
    shutil.copytree(data.folder(), where)
    for one in changed:  # datapackage.json of each holds its own change alone: lock them together
        for name, content in one.contents.items():
            if name.endswith((".csv", ".parquet")) and name != "sources.csv":
                (where / name).write_bytes(content)
    tables = sorted(one.recipe.table for one in changed)
    pack = data.load(where)
    for one in changed:
        entry = pack.resources[one.recipe.table]
        _describe(entry, (where / entry["path"]).read_bytes())
        entry["as_of"] = one.as_of
    datacheck.write(where, pack.descriptor | {"resources": list(pack.resources.values())})
    hashes = {name: pack.resources[name]["hash"] for name in tables}
    preview = Preview(f"Refreshed: {', '.join(tables)}", {"tables": hashes})
    runs = whatif.run(
        preview, chapters, notebooks, jobs=jobs, say=say, where=where, tables=tables
    )  # fmt: skip
    return preview, runs
