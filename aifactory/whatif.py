"""What follows from a scenario: chapters run again on a changed copy of the data, and the graph.

The verdicts come from the chapters themselves. Each one that reads a figure of the scenario runs
into _build/runs/NAME/, on a copy of the data folder in which only that figure has changed; the
stored notebooks stay as they are. A finished run is used again as long as nothing that it came
from has changed, by content. The graph of the whole factory answers beside it at once, within what
its formulas know.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import multiprocessing
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from aifactory import data, datacheck, execute, tableschema, verdicts
from aifactory.errors import BrokenRow
from aifactory.scenario import Scenario

DRAWS = 20_000
SEED = 1
COLUMNS = (
    "kind", "chapter", "name", "part", "edition", "unit",
    "before", "before_probability", "before_p05", "before_p50", "before_p95",
    "after", "after_probability", "after_p05", "after_p50", "after_p95", "moved",
)  # fmt: skip
NUMBERS = ("probability", "p05", "p50", "p95")

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ARROW = re.compile(r"^-+> *\d+ (.*)$", re.M)


def runs_folder(notebooks: Path) -> Path:
    """Where runs under scenarios go: _build/runs beside the folder of the notebooks."""
    return notebooks.resolve().parent / "_build" / "runs"


def inputs() -> tuple[Any, ...]:
    """Inputs of the whole factory that have a name for readers."""
    from aifactory import factory

    return factory.NAMED


# --- the data of a scenario ----------------------------------------------------------------------


def copy_data(scenario: Scenario, folder: Path) -> Path:
    """A copy of the data folder with the scenario's figures in it, locked; its path.

    Raises BrokenRow if a row would break the schema.
    """
    source, target = data.folder(), folder / "data"
    mark = {"from": execute.digest((source / "datapackage.json").read_bytes()), **scenario.as_dict}
    kept = folder / "data.json"
    if target.is_dir() and kept.is_file() and json.loads(kept.read_text("utf-8")) == mark:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as part:
        made = Path(part) / "data"
        shutil.copytree(source, made)
        _set_figures(scenario, made)
        if target.exists():
            shutil.rmtree(target)
        made.replace(target)
    kept.write_text(json.dumps(mark, indent=1), encoding="utf-8")
    return target


def _set_figures(scenario: Scenario, folder: Path) -> None:
    """Write the scenario's ranges into figures.csv, and its new hash into datapackage.json."""
    pack = data.load(folder)
    path = pack.path("figures")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = list(reader.fieldnames or ()), list(reader)
    for row in rows:
        if row["figure_id"] in scenario.figures:
            values, setting = scenario.figures[row["figure_id"]]
            row |= dict(zip(("low", "central", "high"), map(repr, values), strict=True))
            row["source_id"] = setting.source or row["source_id"]
            row["note"] = f"scenario {scenario.name}" + (
                f": {setting.note}" if setting.note else ""
            )
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    entry = pack.resources["figures"]
    frame, faults = tableschema.read(path, entry["schema"], pack.file("figures"))
    if faults:
        raise BrokenRow.of(faults)
    entry["hash"], entry["bytes"] = data.digest(path, pack.file("figures"))
    sources, _ = tableschema.read(
        pack.path("sources"), pack.resources["sources"]["schema"], pack.file("sources")
    )
    entry["sources"] = datacheck.listing(pack, "figures", frame, sources)
    datacheck.write(folder, pack.descriptor | {"resources": list(pack.resources.values())})


# --- chapters ------------------------------------------------------------------------------------


@dataclass
class Runs:
    """What came of the chapters: `rows` of `COLUMNS`, and what went wrong, a line each."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    notebooks: dict[str, Path] = field(default_factory=dict)


def readers(scenario: Scenario, notebooks: Path, tables: Collection[str] = ()) -> list[str]:
    """Chapters that read a figure of the scenario, or one of `tables`, when executed last."""
    found = []
    for chapter in execute.chapters(notebooks):
        used = _used(chapter, notebooks)
        changed = {*tables, "figures"} if scenario.figures else set(tables)
        if set(used.get("figures", ())) & set(scenario.figures) or (
            set(used.get("tables", ())) & changed
        ):
            found.append(chapter)
    return found


def _used(chapter: str, notebooks: Path) -> dict[str, list[str]]:
    path = verdicts.chapter_path(chapter, notebooks)
    if not path.is_file():
        return {}
    kept = nbformat.read(path, as_version=4).metadata.get("aifactory", {})
    return {kind: list(kept.get(kind, ())) for kind in ("modules", "tables", "figures", "claims")}


def run(
    scenario: Scenario,
    chapters: Iterable[str],
    notebooks: Path,
    *,
    jobs: int | None = None,
    say: Callable[[str], None] = lambda line: None,
    where: Path | None = None,
    tables: Collection[str] = (),
) -> Runs:
    """Verdicts of `chapters` before and after, from runs of those that the scenario reaches.

    Other data than a scenario's lie in `where`, and differ in `tables`.

    `before` is what the stored notebooks hold. A chapter that fails under the scenario leaves a
    line in `errors` and rows without an `after`; the others are run all the same.
    """
    wanted = list(chapters)
    reached = [name for name in readers(scenario, notebooks, tables) if name in wanted]
    out = Runs()
    out.stale = [line for name in reached for line in execute.check(name, notebooks)[:1]]
    if reached:
        out.notebooks, out.errors = _execute(scenario, reached, notebooks, jobs, say, where)
    for name in wanted:
        stored = verdicts.chapter_path(name, notebooks)
        before = verdicts.read(stored) if stored.is_file() else []
        if name in out.notebooks:
            out.rows += compare(name, before, verdicts.read(out.notebooks[name]))
        else:
            out.rows += compare(name, before, None if name in reached else before)
    return out


def _execute(
    scenario: Scenario,
    chapters: list[str],
    notebooks: Path,
    jobs: int | None,
    say: Callable[[str], None],
    where: Path | None = None,
) -> tuple[dict[str, Path], list[str]]:
    """Executed notebooks by chapter, and a line for each that failed."""
    folder = runs_folder(notebooks) / scenario.name
    where = where or copy_data(scenario, folder)
    done: dict[str, Path] = {}
    errors: list[str] = []
    todo: dict[str, str] = {}
    for name in chapters:
        key, path = _key(scenario, name, notebooks), verdicts.chapter_path(name, folder)
        if _kept_key(path) == key:
            done[name] = path
            say(f"{name}: already run under this scenario")
        else:
            todo[name] = key
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=spawn) as pool:
        started = time.monotonic()
        futures = {
            pool.submit(_papermill, scenario.name, scenario.title, scenario.as_dict, name, key,
                        notebooks, folder, where): name
            for name, key in todo.items()
        }  # fmt: skip
        if todo:
            say(f"running {', '.join(todo)}")
        for future in as_completed(futures):
            name = futures[future]
            fault = future.result()
            took = f"{time.monotonic() - started:.0f} s"
            if fault:
                errors.append(f"{name} fails under {scenario.name}: {fault}")
                say(f"{name}: failed after {took}")
            else:
                done[name] = verdicts.chapter_path(name, folder)
                say(f"{name}: run after {took}")
    return {name: done[name] for name in chapters if name in done}, sorted(errors)


def _key(scenario: Scenario, chapter: str, notebooks: Path) -> str:
    """A hash of all that a chapter's verdicts under a scenario come from."""
    text = execute.read_text(chapter, notebooks)
    came_from = execute.hashes(execute.code_of(text), _used(chapter, notebooks))
    whole = json.dumps([came_from, scenario.as_dict], sort_keys=True)
    return execute.digest(whole)


def _kept_key(path: Path) -> str | None:
    """The key of a finished run, or None where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["metadata"]["aifactory_run"]["key"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _papermill(
    name: str,
    title: str,
    sets: dict[str, Any],
    chapter: str,
    key: str,
    notebooks: Path,
    folder: Path,
    where: Path,
) -> str:
    """Run one chapter in a process of its own; what went wrong in a line, or nothing.

    The notebook's first cell names the scenario and its values. The notebook of a failed run is
    kept as CHAPTER.failed.ipynb.
    """
    import papermill

    logging.getLogger("papermill").setLevel(logging.ERROR)
    os.environ[data.ENVIRONMENT] = str(where)
    with verdicts.chapter_path(chapter, folder).with_suffix(".log").open("wb") as log:
        os.dup2(log.fileno(), 2)  # what the kernel itself writes
    text = execute.read_text(chapter, notebooks)
    text.metadata["aifactory_run"] = {"scenario": name, "key": key}
    path = verdicts.chapter_path(chapter, folder)
    part, failed = path.with_suffix(".part.ipynb"), path.with_suffix(".failed.ipynb")
    failed.unlink(missing_ok=True)
    try:
        papermill.execute_notebook(
            text,
            part,
            parameters={"SCENARIO": name, "SCENARIO_TITLE": title, "SCENARIO_SETS": sets},
            kernel_name="python3",
            cwd=notebooks,
            progress_bar=False,
            request_save_on_cell_execute=False,
            execution_timeout=execute.CELL_TIMEOUT_S,
        )
    except Exception as error:  # of the chapter, or of the kernel: told, not raised
        if part.is_file():
            part.replace(failed)
        return describe(error)
    part.replace(path)
    return ""


def describe(error: Any) -> str:
    """A failed cell in one line: which, where in it, and why."""
    if not hasattr(error, "evalue"):
        return " ".join(_ANSI.sub("", f"{type(error).__name__}: {error}").split())[:400]
    trace = _ANSI.sub("", "\n".join(error.traceback))
    lines = _ARROW.findall(trace) or [ln for ln in error.source.splitlines() if ln.strip()] or [""]
    cell = int(error.exec_count or 1) - 1  # less the one that names the scenario
    why = " ".join(f"{error.ename}: {_ANSI.sub('', str(error.evalue))}".split())
    return f"code cell {cell}, at `{lines[0].strip()[:80]}`: {why[:300]}"


# --- before and after ----------------------------------------------------------------------------


def compare(
    chapter: str, before: list[dict[str, Any]], after: list[dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """Rows of `COLUMNS` for one chapter's verdicts; `after` is None where its run failed.

    `moved` is "rating", "number", "" where nothing did, or "failed"; "gone" and "new" are for
    verdicts that only one side holds.
    """
    found: dict[tuple, list[dict[str, Any] | None]] = {}
    for side, records in enumerate((before, after or [])):
        seen: dict[tuple, int] = {}
        for record in records:
            about = (record["claim_id"], record["part"], record["edition"])
            seen[about] = seen.get(about, 0) + 1
            found.setdefault((*about, seen[about]), [None, None])[side] = record
    rows = []
    for (claim_id, part, edition, _), (old, new) in found.items():
        row = dict.fromkeys(COLUMNS) | {"kind": "verdict", "chapter": chapter, "name": claim_id}
        row |= {"part": part, "edition": edition, "unit": (new or old or {}).get("unit", "")}
        row |= _side("before", old) | _side("after", new)
        row["moved"] = "failed" if after is None else _moved(row, old, new)
        rows.append(row)
    return rows


def _side(which: str, record: dict[str, Any] | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {which: record["rating"]} | {f"{which}_{key}": record[key] for key in NUMBERS}


def _moved(row: dict[str, Any], old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    if old is None or new is None:
        return "new" if old is None else "gone"
    if row["before"] != row["after"]:
        return "rating"
    same = all(row[f"before_{key}"] == row[f"after_{key}"] for key in NUMBERS)
    return "" if same else "number"


def summary(scenario: Scenario, runs: Runs, rows: list[dict[str, Any]]) -> str:
    """What moved, and where the executed notebooks lie, in a line."""
    judged = [row for row in rows if row["kind"] == "verdict"]
    counts = {kind: sum(row["moved"] == kind for row in judged) for kind in ("rating", "number")}
    text = f"{scenario.title}: "
    if judged:
        text += (
            f"of {len(judged)} verdicts {counts['rating']} change their rating and "
            f"{counts['number']} more a number"
        )
    else:
        moved = sum(bool(row["moved"]) for row in rows)
        text += f"{moved} of {len(rows)} outputs and claims move"
    if runs.notebooks:
        text += f"; executed chapters: {', '.join(map(_near, runs.notebooks.values()))}"
    elif judged and not runs.errors:
        text += "; no chapter asked for reads a figure that it sets"
    return text


def _near(path: Path) -> str:
    """A path as one types it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


# --- the graph -----------------------------------------------------------------------------------


def from_graph(scenario: Scenario) -> tuple[list[dict[str, Any]], list[str]]:
    """The factory's outputs and claims before and after, as rows of `COLUMNS`; and remarks.

    Both sides use the same draws, so that nothing moves but by the scenario. Claims on which no
    input of the graph bears are left out. Remarks name values beyond what a surface was fitted to.
    """
    from aifactory import factory, uncertainty

    graph = factory.graph()
    given = {name: uncertainty.from_range(*values) for name, values in scenario.inputs.items()}
    draws = [
        {
            name: column.to_numpy()
            for name, column in uncertainty.sample(
                factory.distributions(changed), DRAWS, np.random.default_rng(SEED)
            ).items()
        }
        for changed in ({}, given)
    ]
    nodes = [*graph.of_kind("output"), *_tied(graph)]
    old, new = (graph.evaluate(values, [node.name for node in nodes]) for values in draws)
    rows = [_graph_row(node, old[node.name], new[node.name]) for node in nodes]
    return rows, _beyond(scenario, factory.surfaces())


def _tied(graph: Any) -> list[Any]:
    """Claims of the graph that depend on more than a chance carried in."""
    public = {one.name: one.public for one in graph.inputs}
    tied = []
    for node in graph.of_kind("claim"):
        needs = [public[n] for n in graph.upstream([node.name]) if n in public]
        if not all(name.startswith("luck.") for name in needs):
            tied.append(node)
    return tied


def _graph_row(node: Any, old: np.ndarray, new: np.ndarray) -> dict[str, Any]:
    row = dict.fromkeys(COLUMNS) | {"kind": node.kind, "chapter": node.source, "unit": node.unit}
    if node.kind == "claim":
        row |= {"name": node.claim, "part": node.part or None, "edition": node.edition or None}
        row["unit"] = ""
        for side, values in (("before", old), ("after", new)):
            chance = round(float(np.mean(values)), 4)
            row |= {side: verdicts.rate(chance), f"{side}_probability": chance}
    else:
        row["name"] = node.name
        for side, values in (("before", old), ("after", new)):
            points = np.quantile(np.broadcast_to(values, DRAWS), [0.05, 0.5, 0.95])
            for key, value in zip(("p05", "p50", "p95"), points, strict=True):
                row[f"{side}_{key}"] = verdicts.significant(float(value))
    row["moved"] = _moved(row, row, row)
    return row


def _beyond(scenario: Scenario, surfaces: dict[str, Any]) -> list[str]:
    """Values of the scenario outside the box that a surface was fitted to, a line each."""
    lines = []
    for one in scenario.settings:
        for name, surface in surfaces.items():
            if one.knob.input in surface.names:
                at = surface.names.index(one.knob.input)
                low, high = surface.low[at], surface.high[at]
                if not low <= one.range[1] <= high:
                    lines.append(
                        f"{one.knob.name}: {one.range[1]:g} is beyond {low:g} to {high:g}, where "
                        f"{name} was fitted; the graph holds it there"
                    )
    return lines
