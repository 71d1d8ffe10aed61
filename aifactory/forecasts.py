"""The book's own forecasts: dated, probabilistic, sealed on the day they are made, scored by rule.

data/forecasts.csv has one row a forecast, in order of registration. Events carry a probability,
quantities their 5, 50 and 95 % points. `seal` writes a hash over each new row's fixed fields and
over the hash before it, so that a later change of a question, a probability, a date or a rule
shows, and so does a row that is dropped, put in or moved. Outcomes are entered by `resolve`, and
everything said about them is worked out here. Nothing here needs SciPy: readers build the page.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from . import data, tableschema, units, verdicts
from .errors import PROGRAM, BrokenRow, DataError, Fault, UnknownName
from .scores import brier_score, checked_events, log_score

if TYPE_CHECKING:
    import pandas as pd

NAME = "forecasts"
FIXED = (
    "forecast_id", "claim_id", "question", "made_on", "data_to", "resolves_on", "probability",
    "unit", "q05", "q50", "q95", "basis", "resolution_source", "resolution_rule",
)  # fmt: skip
LINKS = ("tables", "source_id")  # where the grounds stand now; they may follow a table that moves
OUTCOME = ("outcome", "resolved_on", "outcome_source_id", "outcome_note")
CHAIN = ("fields_sha256", "previous_sha256", "sha256")
COLUMNS = FIXED + LINKS + OUTCOME + CHAIN
QUANTILES = ("q05", "q50", "q95")
LEVELS = (0.05, 0.5, 0.95)
VOID = "void"
SEAL = f"{PROGRAM} forecasts seal"
RESOLVE = f"{PROGRAM} forecasts resolve"
KEEP = (
    "A sealed forecast is not edited: restore the row with `git checkout`, or register a new "
    "forecast that says in its basis which one it replaces."
)
FEW = 10  # outcomes of events below which no calibration is shown

Row = dict[str, str]


def today() -> dt.date:
    """The day it is in UTC, so that a seal has the same date wherever it is made."""
    return dt.datetime.now(dt.UTC).date()


# --- one forecast --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """One registered forecast. Events have a probability, quantities a unit and quantiles."""

    id: str
    claim_id: str
    question: str
    made_on: dt.date
    data_to: str
    resolves_on: dt.date
    probability: float | None
    unit: str
    quantiles: tuple[float, ...]
    basis: str
    resolution_source: str
    resolution_rule: str
    tables: tuple[str, ...]
    source_ids: tuple[str, ...]
    outcome: float | None
    void: bool
    resolved_on: dt.date | None
    outcome_source_ids: tuple[str, ...]
    outcome_note: str
    sha256: str

    def state(self, day: dt.date) -> str:
        """ "open", "due" (its date has come by `day`, without an outcome), "resolved" or "void"."""
        if self.void:
            return VOID
        if self.outcome is not None:
            return "resolved"
        return "due" if self.resolves_on <= day else "open"

    def scores(self) -> dict[str, float]:
        """Its scores by name; empty while it has no outcome. Lower is better in all of them.

        Events: `brier`, `log`. Quantities: `wis` in their unit, `relative_wis` in logarithms.
        """
        if self.outcome is None:
            return {}
        if self.probability is not None:
            p, o = self.probability, self.outcome
            return {"brier": float(brier_score(p, o)), "log": float(log_score(p, o))}
        relative = weighted_interval_score(np.log(self.quantiles), np.log(self.outcome))
        wis = weighted_interval_score(self.quantiles, self.outcome)
        return {"wis": float(wis), "relative_wis": float(relative)}


def load() -> list[Forecast]:
    """All forecasts in order of registration, checked.

    Raises UnknownName where the data package has no such table, and what `data.table` raises;
    BrokenRow for a row that breaks a rule, isn't sealed, or isn't what was sealed.
    """
    pack = data.package()
    data.table(NAME)  # holds the file to its hash and schema
    rows = read(pack)
    if found := faults(pack, rows):
        raise BrokenRow.of(found)
    return [_forecast(row) for row in rows]


def read(pack: data.Package) -> list[Row]:
    """Rows of the registry as text, to the letter. Raises UnknownName, MissingFile, BrokenRow."""
    if NAME not in pack.resources:
        raise UnknownName.of("table", NAME, pack.resources, pack.label)
    data.digest(pack.path(NAME), pack.file(NAME))  # raises MissingFile
    with pack.path(NAME).open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
    file = pack.file(NAME)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        remedy = f"They are {', '.join(COLUMNS)}."
        raise BrokenRow.of([Fault(file, "has other columns than a registry", row=1, remedy=remedy)])
    ragged = [at for at, row in enumerate(rows, 2) if None in row or None in row.values()]
    if ragged:
        remedy = "Quote cells that hold a comma, and give every row all of its cells."
        rule = "has more or fewer cells than the header"
        raise BrokenRow.of([Fault(file, rule, row=at, remedy=remedy) for at in ragged])
    return rows


def _forecast(row: Row) -> Forecast:
    void = row["outcome"] == VOID
    return Forecast(
        id=row["forecast_id"],
        claim_id=row["claim_id"],
        question=row["question"],
        made_on=dt.date.fromisoformat(row["made_on"]),
        data_to=row["data_to"],
        resolves_on=dt.date.fromisoformat(row["resolves_on"]),
        probability=float(row["probability"]) if row["probability"] else None,
        unit=row["unit"],
        quantiles=tuple(float(row[key]) for key in QUANTILES if row[key]),
        basis=row["basis"],
        resolution_source=row["resolution_source"],
        resolution_rule=row["resolution_rule"],
        tables=_several(row["tables"]),
        source_ids=_several(row["source_id"]),
        outcome=float(row["outcome"]) if row["outcome"] and not void else None,
        void=void,
        resolved_on=dt.date.fromisoformat(row["resolved_on"]) if row["resolved_on"] else None,
        outcome_source_ids=_several(row["outcome_source_id"]),
        outcome_note=row["outcome_note"],
        sha256=row["sha256"],
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(";") if item.strip())


def odds(forecast: Forecast) -> str:
    """Its probability or its range, in words: "probability 40 %", "30 (20 to 45) GW"."""
    if forecast.probability is not None:
        return f"probability {100 * forecast.probability:.3g} %"
    low, mid, high = (verdicts.quantity(value) for value in forecast.quantiles)
    return f"{mid} ({low} to {high}) {forecast.unit}"


# --- the chain -----------------------------------------------------------------------------------


def field_digests(row: Mapping[str, str]) -> str:
    """First eight hexadecimals of each fixed field's sha256: they tell which field has changed."""
    return ";".join(hashlib.sha256(row[key].encode()).hexdigest()[:8] for key in FIXED)


def digest(row: Mapping[str, str], previous: str) -> str:
    """sha256 of a row's fixed fields, to the letter, and of the digest of the row before it."""
    content = [previous, *(row[key] for key in FIXED)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def chain_faults(rows: list[Row], file: str) -> list[Fault]:
    """Where the rows aren't those that were sealed, and rows that aren't sealed yet."""
    found: list[Fault] = []
    previous, unsealed = "", False
    for at, row in enumerate(rows, start=2):
        if not row["sha256"]:
            rule = "is missing: the forecast is not sealed"
            found.append(Fault(file, rule, "sha256", at, row["forecast_id"], f"Run `{SEAL}`."))
            unsealed = True
            continue
        if unsealed:
            rule = "is sealed, and the row before it is not"
            found.append(Fault(file, rule, "sha256", at, row["forecast_id"], KEEP))
        found += _row_chain_faults(row, previous, at, file)
        previous = row["sha256"]
    return found


def _row_chain_faults(row: Row, previous: str, at: int, file: str) -> list[Fault]:
    sealed = row["fields_sha256"].split(";")
    now = field_digests(row).split(";")
    rule = f"is not what was sealed on {row['made_on']}"
    found = [
        Fault(file, rule, key, at, row[key], KEEP)
        for key, was, is_ in zip(FIXED, sealed, now, strict=False)
        if was != is_
    ]
    if row["previous_sha256"] != previous:
        rule = "does not follow the row above: a row was moved, put in or taken out"
        found.append(Fault(file, rule, "previous_sha256", at, row["previous_sha256"][:12], KEEP))
    if not found and (len(sealed) != len(now) or digest(row, previous) != row["sha256"]):
        rule = "is not the digest of this row"
        found.append(Fault(file, rule, "sha256", at, row["sha256"][:12], KEEP))
    return found


# --- rules for rows ------------------------------------------------------------------------------


def faults(pack: data.Package, rows: list[Row] | None = None) -> list[Fault]:
    """Every fault of the registry of a data package: broken rules, then breaks of the chain."""
    rows = read(pack) if rows is None else rows
    file, claims = pack.file(NAME), _claims(pack)
    found = []
    for at, row in enumerate(rows, start=2):
        found += _row_faults(row, at, file)
        if row["claim_id"] not in claims:
            rule, remedy = "is not a claim", f"See `{PROGRAM} claims`."
            found.append(Fault(file, rule, "claim_id", at, row["claim_id"], remedy))
        for table in _several(row["tables"]):
            if table not in pack.resources:
                rule, remedy = "is not a table of the package", f"See `{PROGRAM} tables`."
                found.append(Fault(file, rule, "tables", at, table, remedy))
    return found + chain_faults(rows, file)


def _claims(pack: data.Package) -> set[str]:
    with pack.path("claims").open(encoding="utf-8", newline="") as handle:
        return {row["claim_id"] for row in csv.DictReader(handle)}


def _row_faults(row: Row, at: int, file: str) -> list[Fault]:
    """Rules that a schema cannot say."""
    found: list[Fault] = []

    def wrong(field: str, rule: str, remedy: str) -> None:
        found.append(Fault(file, rule, field, at, row[field], remedy))

    p, q = _number(row["probability"]), [_number(row[key]) for key in QUANTILES]
    known = [value for value in q if value is not None]
    quantity = bool(row["unit"] or known)
    if quantity == (p is not None):
        wrong("probability", "comes with quantiles, or without either",
              "Give an event a probability, a quantity its unit, q05, q50 and q95.")  # fmt: skip
    if p is not None and not 0 < p < 1:
        wrong("probability", "is not between 0 and 1", "Nothing ahead is certain: give less.")
    if quantity:
        if len(known) < 3 or known[0] <= 0 or known != sorted(set(known)) or not row["unit"]:
            wrong("q05", "does not start a rising row of quantiles above 0, with a unit",
                  "Give unit, q05, q50 and q95, each above the one before.")  # fmt: skip
        if row["unit"] and (bad := units.fault(row["unit"], file, "unit", at)):
            found.append(bad)
    if not row["made_on"] < row["resolves_on"]:
        wrong("resolves_on", "is not after made_on", "Only what is ahead can be forecast.")
    if row["data_to"] > row["made_on"]:
        wrong("data_to", "is after made_on", "Give the newest date of the data it rests on.")
    return found + _outcome_faults(row, at, file, quantity)


def _outcome_faults(row: Row, at: int, file: str, quantity: bool) -> list[Fault]:
    outcome, rest = row["outcome"], OUTCOME[1:3]
    missing = [key for key in rest if bool(row[key]) != bool(outcome)]
    if missing or (row["outcome_note"] and not outcome):
        rule = "must be given together: outcome, resolved_on and outcome_source_id"
        return [Fault(file, rule, "outcome", at, outcome, f"Use `{RESOLVE}`.")]
    if not outcome:
        return []
    found = []
    value = _number(outcome)
    if outcome == VOID:
        if not row["outcome_note"]:
            remedy = "Say why the rule cannot be applied."
            found.append(Fault(file, "has no note on why", "outcome_note", at, outcome, remedy))
    elif quantity and (value is None or value <= 0):
        remedy = "Give the quantity in the unit of the forecast, or void."
        found.append(Fault(file, "is not a quantity above 0", "outcome", at, outcome, remedy))
    elif not quantity and outcome not in ("0", "1"):
        remedy = "Give 1 if it happened, 0 if it did not, or void."
        found.append(Fault(file, "is not 0 or 1", "outcome", at, outcome, remedy))
    if row["resolved_on"] <= row["made_on"]:
        remedy = "Give the day on which the outcome was read."
        found.append(
            Fault(file, "is not after made_on", "resolved_on", at, row["resolved_on"], remedy)
        )
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# --- changing the registry -----------------------------------------------------------------------


def seal(where: Path | None = None) -> list[str]:
    """Seal the rows at the end that have no digest yet; returns their ids.

    A forecast is dated by the day of its seal, so `made_on` must be today's date in UTC. Raises
    BrokenRow, and writes nothing, if a new row breaks a rule or a sealed one isn't what was sealed.
    """
    pack, day = data.load(where or data.folder()), today()
    rows, file = read(pack), pack.file(NAME)
    new = [row for row in rows if not row["sha256"]]
    for at, row in enumerate(rows, start=2):
        if not row["sha256"] and row["made_on"] != day.isoformat():
            remedy = f"A forecast is dated by the day of its seal: give {day}."
            raise BrokenRow.of([Fault(file, "is not today", "made_on", at, row["made_on"], remedy)])
    sealed = [row for row in rows if row["sha256"]]
    previous = sealed[-1]["sha256"] if sealed else ""
    for row in new:
        row["fields_sha256"], row["previous_sha256"] = field_digests(row), previous
        previous = row["sha256"] = digest(row, previous)
    if new:
        _store(pack, rows)
    elif found := faults(pack, rows):
        raise BrokenRow.of(found)
    return [row["forecast_id"] for row in new]


def resolve(
    forecast_id: str,
    outcome: str,
    *,
    on: dt.date,
    source_id: str,
    note: str = "",
    where: Path | None = None,
) -> Forecast:
    """Enter an outcome: 1, 0, a quantity in the forecast's unit, or "void" with a `note`.

    `on` is the day on which the outcome was read at `source_id`. Raises UnknownName for a forecast
    or source that isn't there, BrokenRow for an outcome that breaks a rule, DataError for one that
    is entered already or lies ahead. Whatever is raised, the files stay as they were.
    """
    pack = data.load(where or data.folder())
    rows = read(pack)
    row = next((row for row in rows if row["forecast_id"] == forecast_id), None)
    if row is None:
        known = [row["forecast_id"] for row in rows]
        raise UnknownName.of("forecast", forecast_id, known, pack.file(NAME))
    if row["outcome"]:
        raise DataError(
            f"{pack.file(NAME)}: {forecast_id!r} has the outcome {row['outcome']!r} already, read "
            f"on {row['resolved_on']}. If that is wrong, empty its outcome fields first, and say "
            "why in the note."
        )
    if on > today():
        raise DataError(f"{forecast_id!r} cannot be resolved on {on}: that day is still ahead.")
    given = (outcome, on.isoformat(), source_id, " ".join(note.split()))
    row.update(zip(OUTCOME, given, strict=True))
    _store(pack, rows)
    return _forecast(row)


def _store(pack: data.Package, rows: list[Row]) -> None:
    """Write the registry and its entry in datapackage.json, both or neither."""
    from . import datacheck

    if found := faults(pack, rows):
        raise BrokenRow.of(found)

    def describe(entry: dict[str, Any], frame: pd.DataFrame) -> None:
        known, _ = tableschema.read(
            pack.path("sources"), pack.resources["sources"]["schema"], pack.file("sources")
        )
        entry["sources"] = datacheck.listing(pack, NAME, frame, known)
        entry["as_of"] = max([entry.get("as_of", ""), *_days(rows)])

    datacheck.store(pack, NAME, datacheck.as_csv(COLUMNS, rows), describe)


def _days(rows: Iterable[Row]) -> list[str]:
    return [row[key] for row in rows for key in ("made_on", "resolved_on") if row[key]]


# --- scores --------------------------------------------------------------------------------------


def weighted_interval_score(
    quantiles: ArrayLike, outcome: ArrayLike, levels: ArrayLike = LEVELS
) -> np.ndarray:
    """Mean over quantiles of twice the pinball loss, in the unit of the outcome.

    `quantiles` (..., k) stand at `levels` (k,), `outcome` (...,) is what came. With a median and
    central intervals this is the weighted interval score of :cite:`bracher-2021`, which comes
    close to the continuous ranked probability score as quantiles are added. Raises ValueError for
    quantiles that fall, or levels outside 0 to 1.
    """
    q, y = np.asarray(quantiles, dtype=float), np.asarray(outcome, dtype=float)[..., None]
    level = np.asarray(levels, dtype=float)
    if q.shape[-1:] != level.shape or (np.diff(q, axis=-1) < 0).any():
        raise ValueError("give one quantile a level, none below the one before")
    if not ((level > 0) & (level < 1)).all():
        raise ValueError("levels of quantiles lie between 0 and 1")
    return 2 * np.maximum(level * (y - q), (1 - level) * (q - y)).mean(axis=-1)


def jeffreys_interval(hits: int, of: int, level: float = 0.9) -> tuple[float, float]:
    """Interval for the chance behind `hits` out of `of`: :cite:`jeffreys-1946`.

    Quantiles of Beta(hits + 1/2, of - hits + 1/2), the lower end 0 without a hit and the upper 1
    without a miss. With p = sin²(t) that density is sin(t)^(2 hits) cos(t)^(2 misses), smooth at
    both ends, and summed on a grid. Raises ValueError unless 0 <= hits <= of and of > 0.
    """
    if not 0 <= hits <= of or of <= 0:
        raise ValueError(f"between none and all of {of} can be hits, not {hits}")
    t = np.linspace(0, np.pi / 2, 20001)
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = 2 * hits * np.log(np.sin(t)) if hits else np.zeros_like(t)
        cosine = 2 * (of - hits) * np.log(np.cos(t)) if hits < of else np.zeros_like(t)
        density = np.exp(sine + cosine - np.nanmax(sine + cosine))
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    tail = (1 - level) / 2
    low, high = np.sin(np.interp([tail, 1 - tail], mass / mass[-1], t)) ** 2
    return (0.0 if hits == 0 else float(low), 1.0 if hits == of else float(high))


def calibration(probability: ArrayLike, outcome: ArrayLike) -> list[dict[str, Any]]:
    """How often events happened, by the word for their probability, from the least likely word on.

    Each row: `rating`, `forecasts`, `mean_probability`, `happened`, `share`, and `low` and `high`,
    Jeffreys' 90 % interval of the share. Words that no forecast has are left out.
    """
    p, o = checked_events(probability, outcome)
    words = np.array([verdicts.rate(value) for value in np.atleast_1d(p)])
    out = []
    for _, word in reversed(verdicts.RATINGS):
        chosen = words == word
        if not chosen.any():
            continue
        n, hits = int(chosen.sum()), int(o[chosen].sum())
        low, high = jeffreys_interval(hits, n)
        out.append(
            {"rating": word, "forecasts": n, "mean_probability": float(p[chosen].mean()),
             "happened": hits, "share": hits / n, "low": low, "high": high}
        )  # fmt: skip
    return out


def summary(forecasts: Iterable[Forecast]) -> dict[str, Any]:
    """What the registry has earned so far; means are None where nothing of the kind is scored.

    `expected_brier` is the mean of p(1 - p) over all events that aren't void, which is what the
    mean Brier score tends to if the probabilities are right. `coverage` lists the share of
    quantities at or below each forecast quantile with its interval.
    """
    live = [f for f in forecasts if not f.void]
    events = [f for f in live if f.probability is not None]
    told = [f for f in events if f.outcome is not None]
    sizes = [f for f in live if f.quantiles and f.outcome is not None]
    p = np.array([f.probability for f in events], dtype=float)
    return {
        "forecasts": len(live),
        "events": len(events),
        "events_resolved": len(told),
        "quantities_resolved": len(sizes),
        "expected_brier": float((p * (1 - p)).mean()) if events else None,
        "brier": _mean(told, "brier"),
        "log": _mean(told, "log"),
        "relative_wis": _mean(sizes, "relative_wis"),
        "coverage": _coverage(sizes),
        "calibration": calibration([f.probability for f in told], [f.outcome for f in told])
        if len(told) >= FEW
        else [],
    }


def _mean(forecasts: list[Forecast], score: str) -> float | None:
    if not forecasts:
        return None
    return sum(f.scores()[score] for f in forecasts) / len(forecasts)


def _coverage(sizes: list[Forecast]) -> list[dict[str, Any]]:
    if not sizes:
        return []
    came = np.array([[f.outcome] for f in sizes], dtype=float)
    below = (came <= np.array([f.quantiles for f in sizes])).sum(axis=0)
    ends = [jeffreys_interval(int(hits), len(sizes)) for hits in below]
    return [
        {"level": level, "share_below": int(hits) / len(sizes), "low": low, "high": high}
        for level, hits, (low, high) in zip(LEVELS, below, ends, strict=True)
    ]
