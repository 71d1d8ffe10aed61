"""The command line: `python -m aifactory`.

Lists go to standard output: a table on a terminal, one tab-separated line a row in a pipe, and
JSON or CSV when asked. Everything else (progress, counts, errors) goes to standard error. Exit
codes: 0 fine; 1 something was found wrong (a fault in the data, a stale or failing chapter);
2 a wrong call or bad input, told in one line. Modules are imported by the command that needs
them, so that --help stays quick.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from aifactory import plain

PROGRAM = "python -m aifactory"
ROOT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    name=PROGRAM,
    help="Read, check and run an executable fact-check: its claims, data, figures and verdicts.",
    epilog="Exit codes: 0 fine, 1 something was found wrong, 2 a wrong call or bad input.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Look after the data package.", no_args_is_help=True)
app.add_typer(data_app, name="data")
forecasts_app = typer.Typer(
    help="The book's own forecasts: list, seal, resolve and score them.",
    invoke_without_command=True,
    epilog="Without a command: the list.",
)
app.add_typer(forecasts_app, name="forecasts")
factory_app = typer.Typer(
    help="The whole factory as one graph: list its steps, or fit it anew.",
    invoke_without_command=True,
)
app.add_typer(factory_app, name="factory")

Command = TypeVar("Command", bound=Callable[..., None])
Result = TypeVar("Result")
Rows = list[dict[str, Any]]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with every field.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, with every field.")]
Chapter = Annotated[str | None, typer.Option("--chapter", "-c", help="Only of this chapter.")]
Search = Annotated[
    str | None, typer.Option("--search", "-s", help="Only rows that contain this text.")
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Chapters at a time.")]
Notebooks = Annotated[
    Path,
    typer.Option(
        "--notebooks",
        envvar="AIFACTORY_NOTEBOOKS",
        show_default="notebooks/ of the project",
        help="Folder of the notebooks.",
    ),
]


# --- errors and output ---------------------------------------------------------------------------


def _fail(message: object, code: int = 2) -> NoReturn:
    """One line on standard error, and out."""
    _say(f"error: {message}")
    raise typer.Exit(code)


def _say(text: object) -> None:
    """One line on standard error."""
    typer.echo(plain.message(text), err=True)


def _plainly(command: Command) -> Command:
    """Errors that a user can cause come out as one line, never as a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from aifactory.errors import DataError

        try:
            command(*args, **kwargs)
        except (DataError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            _fail(error)

    return run  # type: ignore[return-value]


def _write(text: str) -> None:
    """Print, and stop quietly if the reader of the pipe has gone (`… | head`)."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(141) from None  # what the shell reports for SIGPIPE


def _plain(value: Any) -> Any:
    """A value as JSON holds it: no NaN, no infinity, no numpy types."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> str:
    """A value as one line of text. Lists are parted by semicolons, records counted."""
    if value is None:
        return ""
    if isinstance(value, list):
        if any(isinstance(item, dict) for item in value):
            return str(len(value))
        return ";".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return plain.line(value)


def _emit(
    rows: Rows, columns: Sequence[str], as_json: bool, as_csv: bool, draw: Callable[[Rows], None]
) -> None:
    """Rows in the form asked for; `draw` puts them on a terminal."""
    if as_json and as_csv:
        _fail("--json and --csv exclude each other")
    rows = [_plain(row) for row in rows]
    if as_json:
        _write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    elif as_csv:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([plain.harmless(_cell(row[c])) for c in columns] for row in rows)
        _write(text.getvalue())
    elif sys.stdout.isatty():
        draw(rows)
    else:
        lines = ["\t".join(columns)]
        lines += ["\t".join(_cell(row[c]) for c in columns) for row in rows]
        _write("\n".join(lines) + "\n")


def _table(shown: dict[str, str], title: str) -> Callable[[Rows], None]:
    """A drawer of rich tables. `shown` maps heading to a template over a row's columns."""

    def draw(rows: Rows) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        grid = Table(title=f"{len(rows)} {title}", box=box.SIMPLE_HEAD, title_justify="left")
        for at, heading in enumerate(shown):  # ids whole, so that they can be copied
            grid.add_column(heading, overflow="fold", no_wrap=at == 0)
        for row in rows:
            cells = {key: _cell(value) for key, value in row.items()}
            grid.add_row(*(Text(template.format(**cells)) for template in shown.values()))
        Console().print(grid)

    return draw


def _matching(rows: Rows, text: str | None) -> Rows:
    if text is None:
        return rows
    wanted = text.casefold()
    return [row for row in rows if any(wanted in _cell(v).casefold() for v in row.values())]


# --- lists ---------------------------------------------------------------------------------------


def _notebook_paths(notebooks: Path, chapter: str | None) -> dict[str, Path]:
    """Executed notebooks by chapter, in the post's order; one chapter's if it is named."""
    from aifactory import data, verdicts

    if not notebooks.is_dir():
        _fail(f"{notebooks} is not a folder; give that of the notebooks with --notebooks")
    listed = list(dict.fromkeys(data.claims()["chapter"]))
    if chapter is not None:
        path = verdicts.chapter_path(chapter, notebooks)
        if not path.is_file():
            data.chapter_claims(chapter)  # raises for a name that no claim has either
            _fail(f"chapter {chapter!r} has no executed notebook; run {PROGRAM} execute", 1)
        return {chapter: path}
    others = sorted(path.stem.replace("_", "-") for path in notebooks.glob("*.ipynb"))
    found = {name: verdicts.chapter_path(name, notebooks) for name in [*listed, *others]}
    return {name: path for name, path in found.items() if path.is_file()}


def _read(path: Path) -> Rows:
    from aifactory import verdicts

    try:
        found = verdicts.read(path)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        _fail(f"{path} is not a notebook: {error}" if type(error) is not ValueError else error)
    for record in found:
        wrong = [field for field in VERDICT_COLUMNS[1:] if not _fits(record, field)]
        if wrong:
            _fail(f"{path} holds a verdict without a right `{wrong[0]}`: run its chapter again")
    return found


def _fits(record: Any, field: str) -> bool:
    """Whether a verdict has a field, of the kind that it should be."""
    if not isinstance(record, dict) or field not in record:
        return False
    value = record[field]
    if field in ("evidence", "figures", "tables", "sources"):
        return isinstance(value, list)
    if field in ("p05", "p50", "p95", "probability"):
        return value is None or isinstance(value, int | float)
    return isinstance(value, str) or (value is None and field in ("part", "edition"))


def _used_by(path: Path) -> dict[str, list[str]]:
    """Tables, figures and claims that a chapter read when it was executed."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("aifactory", {})
        return {kind: list(kept.get(kind, [])) for kind in ("tables", "figures", "claims")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        _fail(f"{path} is not a notebook: {error}")


VERDICT_COLUMNS = (
    "chapter", "claim_id", "part", "edition", "metric", "unit", "p05", "p50", "p95",
    "probability", "rating", "reason", "as_of", "evidence", "figures", "tables", "sources",
    "limits",
)  # fmt: skip


@app.command("verdicts")
@_plainly
def verdicts_command(
    chapter: Chapter = None,
    claim: Annotated[str | None, typer.Option(help="Only of this claim.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    notebooks: Notebooks = ROOT / "notebooks",
) -> None:
    """Verdicts that the executed notebooks hold, with interval, probability and reason.

    Nothing is computed: these are the outputs that the tests compare with a fresh run.
    """
    if claim is not None:
        from aifactory import data

        chapter = chapter or data.claim(claim).chapter
    rows = [
        {"chapter": name} | record
        for name, path in _notebook_paths(notebooks, chapter).items()
        for record in _read(path)
        if claim in (None, record["claim_id"])
    ]
    if not rows:
        typer.echo("no verdicts: no chapter has been executed", err=True)
    _emit(rows, VERDICT_COLUMNS, as_json, as_csv, _draw_verdicts)


def _draw_verdicts(rows: Rows) -> None:
    """A paragraph a verdict: what, how likely, how much, why, on what grounds."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from aifactory import verdicts

    console = Console(highlight=False)
    for row in rows:
        scope = [verdicts.EDITIONS.get(row["edition"] or ""), row["part"]]
        marks = "".join(f" [{mark}]" for mark in scope if mark)
        rating = Text(row["rating"], style=_style(row["probability"]))
        facts = [verdicts.chance(row), f"as of {row['as_of']}"]
        console.print(
            Text.assemble(
                (row["claim_id"], "bold"),
                marks,
                ": ",
                rating,
                ", ",
                ", ".join(f for f in facts if f),
            )
        )
        kinds = {"evidence": "dated fact", "tables": "table", "figures": "figure"}
        grounds = [_count(len(row[key]), one) for key, one in kinds.items() if row[key]]
        lines = [
            f"{row['metric']}: {verdicts.span(row)}" if row["p50"] is not None else "",
            row["reason"],
        ]
        lines += [
            f"Grounds: {', '.join(grounds)}. Sources: {_some(row['sources'])}"
            if row["sources"]
            else ""
        ]
        for line in filter(None, lines):
            console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
        console.print()


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"


def _some(names: Iterable[str], shown: int = 5) -> str:
    names = list(names)
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _style(probability: float | None) -> str:
    if probability is None:
        return "dim"
    return "green" if probability > 0.66 else "red" if probability < 0.33 else "yellow"


@app.command()
@_plainly
def claims(
    chapter: Chapter = None, search: Search = None, as_json: AsJson = False, as_csv: AsCsv = False
) -> None:
    """Claims of the post, with the criterion that each is judged by."""
    from aifactory import data

    frame = data.claims(chapter)
    rows = _matching(frame.to_dict("records"), search)
    shown = {"Claim": "{claim_id}", "Lines": "{post_lines}", "In words": "{claim}"}
    shown["True if"] = "{criterion}"
    _emit(rows, list(frame.columns), as_json, as_csv, _table(shown, "claims"))


@app.command()
@_plainly
def figures(
    chapter: Chapter = None,
    search: Search = None,
    recalled: Annotated[
        bool, typer.Option("--recalled", help="Only those nobody has seen at their source.")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    notebooks: Notebooks = ROOT / "notebooks",
) -> None:
    """Single figures with their 5-95 % range, unit, date and source."""
    from aifactory import data

    frame = data.figures()
    if chapter is not None:
        path = _notebook_paths(notebooks, chapter)[chapter]
        frame = frame[frame["figure_id"].isin(_used_by(path)["figures"])]
    if recalled:
        frame = frame[frame["verification"] == "recalled"]
    rows = _matching(frame.to_dict("records"), search)
    shown = {"Figure": "{figure_id}", "Value": "{central} ({low} to {high}) {unit}"}
    shown |= {"As of": "{as_of}", "What": "{description}", "Source": "{source_id}"}
    _emit(rows, list(frame.columns), as_json, as_csv, _table(shown, "figures"))


@app.command()
@_plainly
def sources(
    chapter: Chapter = None,
    search: Search = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as dataset.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    notebooks: Notebooks = ROOT / "notebooks",
) -> None:
    """Sources of the tables, figures and citations, with dates, address and licence."""
    from aifactory import data

    frame = data.sources()
    if chapter is not None:
        path = _notebook_paths(notebooks, chapter)[chapter]
        frame = frame[frame["source_id"].isin(_sources_of(path))]
    if kind is not None:
        kinds = sorted(frame["kind"].unique())
        if kind not in kinds:
            _fail(f"no source is of kind {kind!r}; there are: {', '.join(kinds)}")
        frame = frame[frame["kind"] == kind]
    rows = _matching(frame.to_dict("records"), search)
    shown = {"Source": "{source_id}", "Title": "{title}", "Published": "{published}"}
    shown |= {"Publisher": "{publisher}", "Licence": "{license}"}
    _emit(rows, list(frame.columns), as_json, as_csv, _table(shown, "sources"))


def _sources_of(path: Path) -> set[str]:
    """Sources of the tables and figures that a chapter read, and of its citations."""
    from aifactory import data, datacheck

    used = _used_by(path)
    pack = data.package()
    read = [pack.resources[name] for name in used["tables"] if name in pack.resources]
    found = {item["id"] for entry in read for item in entry["sources"]}
    frame = data.figures()
    found |= set(frame.loc[frame["figure_id"].isin(used["figures"]), "source_id"])
    text = path.with_suffix(".md")
    return found | (datacheck.cited_in_pages([text]) if text.is_file() else set())


@app.command()
@_plainly
def tables(search: Search = None, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Tables of the data package, with licence, size, date and known flaws."""
    from aifactory import data

    pack = data.package()
    columns = ["name", "title", "path", "bytes", "as_of", "licences", "sources", "warnings"]
    rows = [
        {
            "name": name,
            "title": entry.get("title", ""),
            "path": pack.file(name),
            "bytes": entry.get("bytes"),
            "as_of": entry.get("as_of", ""),
            "licences": [lic.get("name") or lic.get("path") for lic in entry.get("licenses", [])],
            "sources": [item.get("id", item.get("title")) for item in entry.get("sources", [])],
            "warnings": entry.get("warnings", []),
        }
        for name, entry in pack.resources.items()
    ]
    shown = {"Table": "{name}", "Title": "{title}", "Bytes": "{bytes}", "As of": "{as_of}"}
    shown["Licence"] = "{licences}"
    _emit(_matching(rows, search), columns, as_json, as_csv, _table(shown, "tables"))


# --- looking after the data ----------------------------------------------------------------------


@data_app.command("lock")
@_plainly
def data_lock() -> None:
    """Take over a deliberate edit: write each changed file's hash and size into datapackage.json.

    Prints what changed. Refuses, and writes nothing, if a file breaks its schema.
    """
    from aifactory import datacheck

    changes = _done(datacheck.lock, "datapackage.json is unchanged: correct these first")
    typer.echo("locked" if changes else "nothing to lock: every file is as described", err=True)


@data_app.command("check")
@_plainly
def data_check() -> None:
    """Check the whole data package and list every fault, one a line; exit 1 if there is any."""
    from aifactory import datacheck

    faults = datacheck.check()
    _report(faults)
    if faults:
        _fail(f"{_count(len(faults), 'fault')} in the data package", 1)
    typer.echo("the data package is whole", err=True)


def _done(act: Callable[[], list[str]], refusal: str) -> list[str]:
    """What `act` did, printed a line each; its faults and the refusal if rows break a rule."""
    from aifactory import data

    try:
        lines = act()
    except data.BrokenRow as error:
        _report([str(fault) for fault in error.faults])
        _fail(refusal, 1)
    _report(lines)
    return lines


def _report(lines: Iterable[str]) -> None:
    text = "".join(f"{plain.line(line)}\n" for line in lines)
    if text:
        _write(text)


# --- refresh -------------------------------------------------------------------------------------


@app.command("refresh")
@_plainly
def refresh_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Sources or tables. Default: all there are."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would change.")
    ] = False,
    no_verdicts: Annotated[
        bool, typer.Option("--no-verdicts", help="On a dry run, run no chapter.")
    ] = False,
    accept_rows: Annotated[
        bool, typer.Option("--accept-rows", help="Take a table that lost or gained many rows.")
    ] = False,
    list_sources: Annotated[
        bool, typer.Option("--list", help="List what can be fetched, and fetch nothing.")
    ] = False,
    jobs: Jobs = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    notebooks: Notebooks = ROOT / "notebooks",
) -> None:
    """Fetch upstream data from their public addresses and take what changed into data/.

    A dry run prints rows added, removed and changed, the largest changes, and which verdicts would
    move, by running the chapters that read a changed table on a copy of the data. Nothing is taken
    that breaks the table's schema, and a source that fails leaves data/ as it was. Exit codes: 1
    if a source cannot be reached, 2 if what came is refused.
    """
    from aifactory import refresh

    chosen = refresh.choose(names or ())
    if list_sources:
        rows = [
            {"source": one.source, "table": one.table, "urls": [file.url for file in one.files]}
            for one in chosen
        ]
        shown = {"Source": "{source}", "Table": "{table}", "From": "{urls}"}
        _emit(rows, list(rows[0]), as_json, as_csv, _table(shown, "recipes"))
        return
    done = _with_progress(
        lambda say: refresh.run(chosen, dry=dry_run, accept_rows=accept_rows, say=say)
    )
    _say_outcomes(done, dry_run, as_json, as_csv)
    if dry_run and not no_verdicts and any(one.state == "changed" for one in done):
        _say_moved(done, notebooks, jobs)
    for one in done:
        if one.message:
            typer.echo(f"error: {one.message}", err=True)
    states = {one.state for one in done}
    if states & {"refused", "unreachable"}:
        raise typer.Exit(2 if "refused" in states else 1)


def _say_outcomes(done: Sequence[Any], dry_run: bool, as_json: bool, as_csv: bool) -> None:
    """What came of each source: records when asked for, else lines with the difference."""
    from aifactory.refresh import diff

    rows = [one.row() for one in done]
    if as_json or as_csv:
        _emit(rows, list(rows[0]), as_json, as_csv, lambda rows: None)
    else:
        for one in done:
            _report([f"{one.recipe.source}: {one.recipe.table}: {one.state}"])
            _report([f"  {line}" for line in diff.lines(one.diff)] if one.diff else [])
    changed = [one for one in done if one.state == "changed"]
    for one in changed:
        if one.note:
            typer.echo(f"note: data/sources.csv says of its file: {one.note}", err=True)
    if changed and not dry_run:
        typer.echo("now run: make execute, make test; git diff shows what moved", err=True)


def _say_moved(done: Sequence[Any], notebooks: Path, jobs: int | None) -> None:
    """Verdicts that would move, a line each, and what ran on standard error."""
    from aifactory import refresh, whatif

    known = _notebook_paths(notebooks, None)
    preview, runs = _with_progress(
        lambda say: refresh.verdicts(done, known, notebooks, jobs=jobs, say=say)
    )
    for row in runs.rows:
        if row["moved"]:
            sides = (
                f"{row[side]} (P {_cell(row[f'{side}_probability'])}, {_cell(row[f'{side}_p50'])})"
                for side in ("before", "after")
            )
            _report([f"verdict {row['name']} {row['part'] or ''}: {' to '.join(sides)}"])
    typer.echo(whatif.summary(preview, runs, runs.rows), err=True)
    for line in runs.errors:
        typer.echo(f"error: {line}", err=True)


# --- forecasts -----------------------------------------------------------------------------------


@forecasts_app.callback()
@_plainly
def forecasts(
    context: typer.Context,
    search: Search = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only those past their date without an outcome.")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """The book's own forecasts: list, seal, resolve and score them.

    The list shows them in order of registration, with the probability of an event or the 5, 50 and
    95 % points of a quantity, and what became of them.
    """
    if context.invoked_subcommand is not None:
        return
    rows = [row for row in _forecast_rows() if row["state"] == "due" or not due]
    shown = {"Forecast": "{forecast_id}", "Read on": "{resolves_on}", "State": "{state}"}
    shown |= {"Probability or range": "{odds}", "Question": "{question}"}
    _emit(_matching(rows, search), FORECAST_COLUMNS, as_json, as_csv, _table(shown, "forecasts"))


FORECAST_COLUMNS = (
    "forecast_id", "claim_id", "state", "question", "made_on", "data_to", "resolves_on",
    "probability", "unit", "q05", "q50", "q95", "odds", "basis", "resolution_source",
    "resolution_rule", "tables", "sources", "outcome", "resolved_on", "outcome_sources",
    "outcome_note", "brier", "log", "wis", "relative_wis", "sha256",
)  # fmt: skip


def _forecast_rows() -> Rows:
    """Forecasts with their state today and their scores."""
    from aifactory import forecasts as registry

    rows = []
    for found in registry.load():
        q05, q50, q95 = found.quantiles or (None, None, None)
        row = {
            "forecast_id": found.id,
            "state": found.state(registry.today()),
            "made_on": found.made_on.isoformat(),
            "resolves_on": found.resolves_on.isoformat(),
            "q05": q05,
            "q50": q50,
            "q95": q95,
            "odds": registry.odds(found),
            "tables": list(found.tables),
            "sources": list(found.source_ids),
            "resolved_on": found.resolved_on.isoformat() if found.resolved_on else None,
            "outcome_sources": list(found.outcome_source_ids),
        } | found.scores()
        rows.append({key: row.get(key, getattr(found, key, None)) for key in FORECAST_COLUMNS})
    return rows


@forecasts_app.command("check")
@_plainly
def forecasts_check() -> None:
    """Check every row and the chain of seals; exit 1 if anything sealed has changed.

    Forecasts past their date without an outcome are listed too; they are work, not faults.
    """
    from aifactory import data
    from aifactory import forecasts as registry

    found = registry.faults(data.package())
    if found:
        _report([str(fault) for fault in found])
        _fail(f"{_count(len(found), 'fault')} in the registry of forecasts", 1)
    rows = registry.load()
    due = [row for row in rows if row.state(registry.today()) == "due"]
    _report(f"due since {row.resolves_on}: {row.id}: {row.resolution_source}" for row in due)
    head = f"; the newest seal is {rows[-1].sha256[:12]}" if rows else ""
    typer.echo(f"the chain of {_count(len(rows), 'forecast')} is whole{head}", err=True)


@forecasts_app.command("seal")
@_plainly
def forecasts_seal() -> None:
    """Seal the new rows at the end of data/forecasts.csv; from then on they cannot change.

    Prints what was sealed. Refuses, and writes nothing, if a row breaks a rule, is not dated
    today, or is not what was sealed.
    """
    from aifactory import forecasts as registry

    sealed = _done(registry.seal, "nothing is sealed: correct these first")
    typer.echo("sealed" if sealed else "nothing to seal: every forecast has its seal", err=True)


@forecasts_app.command("resolve")
@_plainly
def forecasts_resolve(
    forecast: Annotated[str, typer.Argument(metavar="ID", help="Id of the forecast.")],
    outcome: Annotated[
        str, typer.Argument(help="1 or 0 for an event, a number for a quantity, or void.")
    ],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day on which it was read.")],
    source: Annotated[
        str, typer.Option("--source", metavar="ID", help="Where, by its id in sources.csv.")
    ],
    note: Annotated[
        str, typer.Option("--note", help="How the rule was applied; a must for void.")
    ] = "",
) -> None:
    """Enter what became of a forecast, by its rule, and print its scores.

    The registry and datapackage.json are written together or not at all.
    """
    import datetime as dt

    from aifactory import forecasts as registry

    try:
        day = dt.date.fromisoformat(on)
    except ValueError:
        _fail(f"{on!r} is not a date written YYYY-MM-DD")
    done = registry.resolve(forecast, outcome, on=day, source_id=source, note=note)
    scores = ", ".join(f"{name} {value:.4g}" for name, value in done.scores().items())
    _report([f"{done.id}: {outcome}" + (f", {scores}" if scores else "")])


@forecasts_app.command("score")
@_plainly
def forecasts_score(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with calibration.")] = False,
) -> None:
    """Mean scores of all resolved forecasts, and their calibration once there are ten events."""
    from aifactory import forecasts as registry

    found = registry.summary(registry.load())
    if as_json:
        _write(json.dumps(_plain(found), indent=2, ensure_ascii=False) + "\n")
        return
    lines = [f"{key}\t{_cell(found[key])}" for key in found if not isinstance(found[key], list)]
    for key in ("coverage", "calibration"):
        for row in found[key]:
            lines.append("\t".join([key, *(f"{name} {_cell(row[name])}" for name in row)]))
    _write("\n".join(lines) + "\n")


# --- chapters ------------------------------------------------------------------------------------


@app.command()
@_plainly
def execute(
    chapters: Annotated[
        list[str] | None, typer.Argument(metavar="[CHAPTER]...", help="Default: all of them.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Run nothing; say what is stale, and exit 1 if any is.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Run chapters that are up to date.")
    ] = False,
    jobs: Jobs = None,
    notebooks: Notebooks = ROOT / "notebooks",
) -> None:
    """Bring executed notebooks up to date with their text, their models and their data.

    A chapter runs only if something that its outputs came from has changed, by content.
    """
    from aifactory import execute as run
    from aifactory.errors import nearest

    known = run.chapters(notebooks)
    names = list(chapters or known)
    for name in names:
        if name not in known:
            close = nearest(name, known) or known
            _fail(f"no chapter {name!r}; there is {', '.join(close) or 'none yet'}")
    try:
        if check:
            stale = [line for name in names for line in run.check(name, notebooks)]
            _report(stale)
            if stale:
                raise typer.Exit(1)
            return
        done = _with_progress(
            lambda say: run.execute(names, notebooks=notebooks, jobs=jobs, force=force, say=say)
        )
    except run.ChapterError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    _report(f"{name}: {what}" for name, what in done.items())


def _with_progress(work: Callable[[Callable[[str], None]], Result]) -> Result:
    """Run `work`, which tells its progress: one changing line on a terminal, plain lines in CI."""
    if not sys.stderr.isatty():
        return work(lambda line: typer.echo(line, err=True))
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        return work(status.update)


@app.command()
@_plainly
def new(
    chapter: Annotated[str, typer.Argument(help="Id of the chapter, as in claims.csv.")],
) -> None:
    """Start a chapter: its text, data folder, model and tests, which pass as they stand."""
    from aifactory import execute as run
    from aifactory import scaffold

    try:
        _report(scaffold.new(chapter))
    except ValueError as error:
        _fail(error)
    except run.ChapterError as error:
        _fail(error, 1)


# --- editions ------------------------------------------------------------------------------------


@app.command()
@_plainly
def edition(
    draft: Annotated[
        bool,
        typer.Option("--draft", help="Only write the list of moved verdicts for CHANGELOG.md."),
    ] = False,
) -> None:
    """Record the verdicts of the version in pyproject.toml, and list what moved since the last.

    Adds a row a verdict to data/editions.csv. Rows of a version that is there never change.
    """
    from aifactory import editions

    if draft:
        typer.echo("\n".join(editions.draft()))
        return
    done: list[tuple[str, Rows, list[editions.Move]]] = []

    def act() -> list[str]:
        done.append(editions.record())
        return [move.as_text() for move in done[0][2]]

    _done(act, "data/editions.csv is unchanged")
    version, new, moves = done[0]
    told = f"recorded {_count(len(new), 'verdict')}" if new else "already recorded"
    typer.echo(f"{version}: {told}; {_count(len(moves), 'verdict')} moved", err=True)


# --- ensemble ------------------------------------------------------------------------------------


@app.command()
@_plainly
def ensemble(
    draws: Annotated[
        float, typer.Option("--draws", min=1, max=1e12, help="How many, such as 1e6.")
    ] = 1e6,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random numbers.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Keep the summary; a broken run goes on there."),
    ] = None,
    keep_draws: Annotated[
        bool, typer.Option("--keep-draws", help="Keep the draws in DIR, too, as Parquet.")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """The whole factory over many draws of its inputs: its outputs, and how often claims hold.

    The same seed gives the same numbers, bit for bit, here or on any cluster.
    """
    from aifactory import ensemble as many
    from aifactory import factory

    if not draws.is_integer():
        _fail(f"--draws takes a whole number, not {draws:g}")
    if keep_draws and out is None:
        _fail("--keep-draws needs a folder: give one with --out")
    plan = many.Plan(factory.graph(), factory.distributions(), int(draws), seed)
    meter = many.Meter()
    try:
        summary = many.run(plan, scheduler, out, keep_draws, meter)
    except ValueError as error:
        _fail(error, 1)
    finally:
        meter.close()
    if out is not None:
        for path in many.write(plan, summary, out):
            typer.echo(f"wrote {path}", err=True)
    found = many.report(plan, summary)
    rows = [
        dict.fromkeys(ENSEMBLE_COLUMNS) | {"name": name, "kind": kind} | row
        for kind in ("output", "claim")
        for name, row in found[f"{kind}s"].items()
    ]
    _emit(rows, ENSEMBLE_COLUMNS, as_json, as_csv, _draw_ensemble)
    if found["claims"]:
        share = found["joint"]["all_hold"]
        typer.echo(f"all {len(found['claims'])} claims hold in {share:.2%} of draws", err=True)


ENSEMBLE_COLUMNS = (
    "name", "kind", "unit", "mean", "sd", "min", "p05", "p25", "p50", "p75", "p95", "max",
    "probability", "draws", "claim", "part", "edition", "what",
)  # fmt: skip


def _draw_ensemble(rows: Rows) -> None:
    """One table of the outputs, one of the claims."""
    outputs, claims = ([row for row in rows if row["kind"] == kind] for kind in ("output", "claim"))
    shown = {"Output": "{name}", "Median": "{p50}", "5-95 %": "{p05} to {p95}", "Unit": "{unit}"}
    _table(shown | {"What": "{what}"}, "outputs")(outputs)
    shown = {"Claim": "{claim}", "Part": "{part}", "Probability": "{probability}"}
    _table(shown | {"What": "{what}"}, "claims")(claims)


# --- the whole factory ---------------------------------------------------------------------------


@factory_app.callback()
@_plainly
def factory_command(
    context: typer.Context, search: Search = None, as_json: AsJson = False, as_csv: AsCsv = False
) -> None:
    """The graph of the whole factory: its inputs and steps, with unit, formula and source.

    Without a command: the list.
    """
    if context.invoked_subcommand is not None:
        return
    from aifactory import factory

    found = factory.graph()
    rows = [
        {"name": one.name, "kind": "input", "unit": one.unit, "formula": ""}
        | {"what": one.what, "source": ";".join(one.figures) or "factory/derived_inputs"}
        for one in found.inputs
    ]
    rows += [
        {"name": node.name, "kind": node.kind, "unit": node.unit, "formula": node.formula}
        | {"what": node.what, "source": node.model or node.source}
        for node in found.nodes
    ]
    shown = {"Name": "{name}", "Kind": "{kind}", "Unit": "{unit}", "Formula": "{formula}"}
    _emit(_matching(rows, search), list(rows[0]), as_json, as_csv, _table(shown, "steps"))


@factory_app.command("learn")
@_plainly
def factory_learn() -> None:
    """Fit the surfaces to the chapters' simulators again, and read the chapters' verdicts.

    Writes data/factory/ and takes the change into the data package; prints what changed.
    """
    from aifactory import factory

    tables = _with_progress(factory.learn)
    changes = _done(lambda: factory.write(tables), "datapackage.json is unchanged")
    typer.echo("learnt" if changes else "nothing new: data/factory/ is as it was", err=True)


# --- what if -------------------------------------------------------------------------------------


@app.command("verify")
@_plainly
def verify_command(
    site: Annotated[str, typer.Argument(help="Folder or address of a site.")] = "_build/html",
    build: Annotated[
        Path | None,
        typer.Option(help="A site built here from the same commit, to compare with."),
    ] = None,
) -> None:
    """Check every file of a built or published site against the site's own manifest.

    One line a fault. Exit codes: 1 if there is any, 2 if the site can't be read or its manifest is
    none, or if the build is of another commit.
    """
    from aifactory import verify

    held, faults = verify.verify(site, build)
    for fault in faults:
        _write(f"{_printable(fault)}\n")
    of = f"version {held.version}, commit {held.commit[:12] or 'unknown'}, digest {held.digest()}"
    typer.echo(f"{_count(len(held.files), 'file')}, {_count(len(faults), 'fault')}: {of}", err=True)
    if faults:
        raise typer.Exit(1)


@app.command("cross-checks")
@_plainly
def cross_checks(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Work key results out a second time, and keep the table for the site.

    Exit code 1 if the two routes to a result disagree.
    """
    from aifactory import crosschecks, datacheck, files

    made = crosschecks.rows()
    files.write_text(crosschecks.TABLE, datacheck.as_csv(crosschecks.COLUMNS, made))
    shown = {"Result": "{result}", "Book": "{book}", "Second": "{second}", "Agrees": "{agrees}"}
    _emit(made, list(crosschecks.COLUMNS), as_json, as_csv, _table(shown, "cross-checks"))
    if any(row["agrees"] != "yes" for row in made):
        raise typer.Exit(1)


def _printable(line: str) -> str:
    """A line without characters that steer a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


@app.command("what-if")
@_plainly
def what_if(
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An input or a figure; may be repeated."),
    ] = None,
    which: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME", help="Of scenarios/, or a file in .toml."),
    ] = None,
    chapter: Chapter = None,
    outputs_only: Annotated[
        bool, typer.Option("--outputs-only", help="Run no chapter: the graph of the factory alone.")
    ] = False,
    list_names: Annotated[
        bool, typer.Option("--list", help="List the inputs and scenarios that there are.")
    ] = False,
    jobs: Jobs = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    notebooks: Notebooks = ROOT / "notebooks",
) -> None:
    """Every verdict before and after other assumptions, and what moved.

    VALUE is a number in the input's unit, a number with a unit (0.3 GW), or low,central,high.
    Chapters that read a changed figure run into _build/runs/; the stored ones stay as they are.
    The factory's graph answers beside them, unless --chapter asks for one chapter alone.
    """
    from aifactory import scenario, whatif

    inputs = whatif.inputs()
    if list_names:
        rows = _settable(scenario.knobs(inputs), scenario.FOLDER)
        shown = {"Name": "{name}", "Kind": "{kind}", "Unit": "{unit}", "What": "{what}"}
        _emit(rows, list(rows[0]), as_json, as_csv, _table(shown, "names"))
        return
    asked = scenario.assemble(sets or (), which, inputs)
    rows, remarks = ([], []) if chapter and not outputs_only else whatif.from_graph(asked)
    if outputs_only:
        done = whatif.Runs()
    else:
        known = _notebook_paths(notebooks, chapter)
        done = _with_progress(lambda say: whatif.run(asked, known, notebooks, jobs=jobs, say=say))
    for line in [*done.stale, *remarks]:
        _say(f"note: {line}")
    rows = done.rows + rows
    _emit(rows, whatif.COLUMNS, as_json, as_csv, _before_and_after)
    _say(whatif.summary(asked, done, rows))
    for line in done.errors:
        _say(f"error: {line}")
    if done.errors:
        raise typer.Exit(1)


def _settable(knobs: dict[str, Any], folder: Path) -> Rows:
    """Inputs of the factory and scenarios, as rows."""
    from aifactory import scenario

    rows = [
        {"name": one.name, "kind": "input", "unit": one.unit, "what": one.what}
        | {"figures": list(one.figures)}
        for one in knobs.values()
        if one.input and one.figures != (one.name,)
    ]
    for name in scenario.names():
        file = scenario.read(folder / f"{name}.toml", knobs)
        row = {"name": name, "kind": "scenario", "unit": "", "what": file.title}
        rows.append(row | {"figures": list(file.set)})
    return rows


def _before_and_after(rows: Rows) -> None:
    """Verdicts of the chapters in one table, the graph's answers in another."""
    shown = {"Claim": "{name}", "Part": "{part} {edition}", "Moved": "{moved}"}
    verdict = "{%s}, P {%s_probability}, {%s_p50} {unit}"
    span = "{%s_p50} ({%s_p05} to {%s_p95})"
    kinds = {
        "verdict": (shown, verdict, "verdicts, from the chapters"),
        "claim": (shown, "{%s}, P {%s_probability}", "claims, from the graph"),
        "output": (
            {"Output": "{name}", "Unit": "{unit}", "Moved": "{moved}"},
            span,
            "outputs, from the graph",
        ),
    }
    for kind, (columns, side, title) in kinds.items():
        own = [row for row in rows if row["kind"] == kind]
        both = {s.capitalize(): side.replace("%s", s) for s in ("before", "after")}
        if own:
            _table(columns | both, title)(own)


# --- entry ---------------------------------------------------------------------------------------


def _version_number() -> str:
    """Version of this checkout, or of the installed package where there is no checkout."""
    import tomllib
    from importlib.metadata import PackageNotFoundError, version

    project = ROOT / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    try:
        return version("aifactory")
    except PackageNotFoundError:
        return "unknown"


def _version(asked: bool) -> None:
    if not asked:
        return
    typer.echo(_version_number())
    raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Read, check and run an executable fact-check: its claims, data, figures and verdicts."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. A wrong call takes one line, too.

    So does what nobody thought of; the traceback comes with AIFACTORY_TRACEBACK=1.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        "".join(arguments).encode()
    except UnicodeEncodeError:
        typer.echo("error: an argument is not text in UTF-8", err=True)
        return 2
    try:
        code = app(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except (KeyboardInterrupt, EOFError, typer.Abort):
        typer.echo("interrupted", err=True)
        return 130
    except Exception as error:
        # What click calls a usage error, by its shape: typer brings its own copy of click.
        if getattr(error, "exit_code", None) != 2 or not hasattr(error, "format_message"):
            return _unforeseen(error)
        if message := error.format_message():
            message = f"{message.rstrip('.?')}{'?' if message.endswith('?') else '.'}"
            where = getattr(getattr(error, "ctx", None), "command_path", PROGRAM)
            _say(f"error: {message} See `{where} --help`.")
        return 2
    return code if isinstance(code, int) else 0


def _unforeseen(error: Exception) -> int:
    """An error that no command expects, in one line: a fault here, or in a file that was read."""
    if os.environ.get("AIFACTORY_TRACEBACK"):
        raise error
    _say(f"error: unforeseen {type(error).__name__}: {error} (AIFACTORY_TRACEBACK=1 shows where)")
    return 2


if __name__ == "__main__":
    sys.exit(run())
