"""Scenarios: other values for the book's assumptions, from the command line or a TOML file.

A name is an input of the whole factory ("power.facility_mw"), which may stand for several figures,
or the id of one figure ("load-factor"). A value is a number in the unit of that name, a number
with a unit of the same dimension ("0.3 GW"), or a range "low,central,high". What cannot be taken
raises `ScenarioError`, which says in one line what to write instead.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from aifactory import data, units
from aifactory.errors import DataError, nearest
from aifactory.plain import short

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"
MOST_BYTES = 100_000
ABSOLUTE_ZERO_C = -273.15
HIDDEN = ("luck.", "error.")  # inputs that stand for chance and for a fit's error, not for a fact

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TEXT = re.compile(rf"\s*({_NUMBER})\s*(?:,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*)?([^\d,].*)?", re.A)
_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"
# A unit is short, and its powers are of names, by one digit: 9**9**9 would never be done.
_UNIT = re.compile(r"[A-Za-z0-9_%°µμ²³. /*^()-]{1,60}")
_POWER = re.compile(r"(?<=[A-Za-z])(?:(?:\*\*|\^)-?\d(?![\w.^]|\*\*)|[²³](?![\w.^]|\*\*))")
MOST = 1e60  # and its inverse the least: beyond them models overflow

Range = tuple[float, float, float]


class ScenarioError(DataError):
    """A name, value, unit or file that no scenario can hold."""


# --- what can be set -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Knob:
    """One thing that a scenario can set: `figures` by their ids, and the graph's `input`.

    `least` and `most` are physical limits in `unit`; `positive` leaves out `least` itself.
    """

    name: str
    unit: str
    what: str
    figures: tuple[str, ...] = ()
    input: str = ""
    least: float = -math.inf
    most: float = math.inf
    positive: bool = False


def knobs(inputs: Iterable[Any]) -> dict[str, Knob]:
    """Everything that can be set, by name: the factory's `inputs` first, then single figures."""
    rows = {row["figure_id"]: row for row in data.figures().to_dict("records")}
    single = {name: _figure_knob(row) for name, row in rows.items()}
    found: dict[str, Knob] = {}
    for one in inputs:
        if one.public.startswith(HIDDEN):
            continue
        own = [single[name] for name in one.figures]
        least = max([one.least, *(knob.least for knob in own)])
        most = min([one.most, *(knob.most for knob in own)])
        positive = any(knob.positive for knob in own)
        limits = {"least": least, "most": most, "positive": positive}
        found[one.public] = Knob(
            one.public, one.unit, one.what, one.figures, one.name, least, most, positive
        )
        for knob in own:  # the first holds the graph's distribution, too
            name = one.name if knob.name == one.figures[0] else knob.input
            single[knob.name] = replace(knob, input=name, **limits)
    return found | single


def _figure_knob(row: Mapping[str, Any]) -> Knob:
    """A figure with the limits that follow from what it is: a sign, a share, absolute zero."""
    low, high, unit = row["low"], row["high"], row["unit"]
    least, most, positive = -math.inf, math.inf, False
    if unit == "degC":
        least = ABSOLUTE_ZERO_C
    elif low >= 0:
        least, positive = 0.0, low > 0
    is_share = re.search(r"\bshare\b", row["description"], re.I) is not None
    if is_share and unit in ("dimensionless", "fraction", "share") and high <= 1:
        most = 1.0
    return Knob(row["figure_id"], unit, row["description"], (row["figure_id"],), "",
                least, most, positive)  # fmt: skip


# --- values --------------------------------------------------------------------------------------


class Value(BaseModel):
    """One entry under `[set]`: a central value or a whole range, with where it comes from."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    central: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    source: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Value:
        if (self.low is None) != (self.high is None):
            raise ValueError("give `low` and `high` together, or neither")
        return self

    @property
    def range(self) -> Range:
        """Low, central and high; three times the same where there is one value."""
        if self.low is None or self.high is None:
            return (self.central, self.central, self.central)
        return (self.low, self.central, self.high)


def read_value(text: str, name: str) -> Value:
    """A value as people write it: "300", "0.3 GW", "0.2, 0.3, 0.4 GW". Raises ScenarioError."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ScenarioError(
            f"{name}: {short(text)!r} is no value. Write a number, a number with a unit such "
            "as 0.3 GW, or low,central,high; thousands are not parted by commas."
        )
    first, central, high, unit = match.groups()
    numbers = [float(x) for x in (first, central, high) if x is not None]
    if not all(map(math.isfinite, numbers)):
        raise ScenarioError(f"{name}: {short(text)!r} is too large for a number.")
    unit = (unit or "").strip()
    if central is None:
        return Value(central=numbers[0], unit=unit)
    return Value(low=numbers[0], central=numbers[1], high=numbers[2], unit=unit)


@dataclass(frozen=True)
class Setting:
    """A knob with the range that a scenario gives it, in the knob's own unit."""

    knob: Knob
    range: Range
    source: str = ""
    note: str = ""

    def in_unit(self, unit: str) -> Range:
        """The range in another unit of the same dimension."""
        return _convert(self.range, self.knob.unit, unit, self.knob.name)


def _convert(values: Range, given: str, wanted: str, name: str) -> Range:
    if given == wanted:
        return values
    hint = f"Give it in {wanted}."
    if not _UNIT.fullmatch(given) or re.search(r"\*\*|[\^²³]", _POWER.sub("", given)):
        raise ScenarioError(f"{name}: {short(given)!r} is no unit. {hint}")
    try:
        with np.errstate(all="ignore"):  # what overflows is refused by its size
            made: Any = (
                units.registry().Quantity(list(values), units.parse(given)).to(units.parse(wanted))
            )
    except DataError as error:
        raise ScenarioError(f"{name}: {error} {hint}") from None
    except Exception as error:  # pint raises several types for units of other dimensions
        raise ScenarioError(f"{name}: {given} is no unit of what this measures. {hint}") from error
    low, central, high = (float(f"{x:.12g}") for x in made.magnitude)  # 45.00000000000006 degC
    return low, central, high


def settle(knob: Knob, value: Value) -> Setting:
    """A value checked against its knob: unit, order, limits, source. Raises ScenarioError."""
    low, central, high = found = _convert(
        value.range, value.unit or knob.unit, knob.unit, knob.name
    )
    if not all(x == 0 or 1 / MOST <= abs(x) <= MOST for x in found):
        raise ScenarioError(f"{knob.name}: {central:g} is no number that the models can take.")
    shown = f"{low:g}" if low == high else f"{low:g},{central:g},{high:g}"
    if not low <= central <= high:
        raise ScenarioError(
            f"{knob.name}: {shown} is out of order. low, central and high are the 5 %, 50 % and "
            "95 % points."
        )
    unit = "" if knob.unit == "dimensionless" else f" {knob.unit}"
    if knob.positive and low <= 0 and knob.least <= 0:
        raise ScenarioError(f"{knob.name}: {shown} is out of bounds: it must be above 0{unit}.")
    if low < knob.least or high > knob.most:
        ends = [f"at least {knob.least:g}{unit}"] if math.isfinite(knob.least) else []
        ends += [f"at most {knob.most:g}{unit}"] if math.isfinite(knob.most) else []
        raise ScenarioError(
            f"{knob.name}: {shown} is out of bounds: it must be {' and '.join(ends)}."
        )
    if value.source:
        data.source(value.source)
    for figure_id in knob.figures:
        data.figure(figure_id)  # raises where no result may rest on it
    return Setting(knob, found, value.source, value.note)


# --- files ---------------------------------------------------------------------------------------


class File(BaseModel):
    """A scenario file, after its names have been flattened."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(pattern=f"^{_NAME}$", max_length=60)
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=5000)
    set: dict[str, Value] = Field(min_length=1)

    @field_validator("set", mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        """Numbers and texts stand for a value; tables are one."""
        if not isinstance(given, dict):
            return given
        return {key: _plain_value(key, value) for key, value in given.items()}


def _plain_value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return read_value(value, name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"central": value}
    return value


def names() -> list[str]:
    """Scenarios that come with the book."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(which: str) -> Path:
    """The file of a scenario: by its name in scenarios/, or any file that ends in .toml.

    Raises ScenarioError.
    """
    if which.endswith(".toml"):
        path = Path(which)
        if not path.is_file():
            raise ScenarioError(f"{which} is not there, or not a file.")
        return path
    known = names()
    if which not in known:
        close = nearest(which, known) or known
        raise ScenarioError(
            f"no scenario is named {short(which)!r}; there is {', '.join(close) or 'none yet'}. "
            "A file of your own ends in .toml."
        )
    return FOLDER / f"{which}.toml"


def read(path: Path, known: Iterable[str] = ()) -> File:
    """A scenario file, checked. `known` are the names that can be set. Raises ScenarioError."""
    label = path.name
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ScenarioError(f"{label} has {size} bytes; a scenario has {MOST_BYTES} at most.")
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        if isinstance(given.get("set"), dict):
            given["set"] = dict(_flat(given["set"], "", set(known)))
        return File(**given)
    except UnicodeDecodeError:
        raise ScenarioError(f"{label} is not text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{label} is not TOML: {error}.") from None
    except RecursionError:
        raise ScenarioError(f"{label} is nested too deeply for a scenario.") from None
    except ValidationError as error:
        raise ScenarioError(f"{label}: {_first(error)}") from None
    except ValueError as error:  # Python reads no integer of more than 4,300 digits
        raise ScenarioError(f"{label}: a number has too many digits.") from error
    except ScenarioError as error:
        raise ScenarioError(f"{label}: {error}") from None


def _flat(tree: Mapping[str, Any], stem: str, known: set[str]) -> Iterable[tuple[str, Any]]:
    """Names with their values; TOML takes the full stop of an unquoted name for a table."""
    for key, value in tree.items():
        name = f"{stem}{key}"
        leaf = not isinstance(value, dict) or name in known or set(value) & set(Value.model_fields)
        if leaf or not value:
            yield name, value
        else:
            yield from _flat(value, f"{name}.", known)


def _first(error: ValidationError) -> str:
    """The first of pydantic's findings in a sentence."""
    found = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    where = ".".join(map(str, found["loc"]))
    if found["type"] == "extra_forbidden":
        fields = Value.model_fields if len(found["loc"]) > 1 else File.model_fields
        close = nearest(str(found["loc"][-1]), fields) or list(fields)
        return f"`{where}` is no key of a scenario. Nearest: {', '.join(close)}."
    if found["type"] == "missing":
        return f"`{where}` is missing."
    said = str(found["msg"]).removeprefix("Value error, ")
    return f"`{where}`: {said[0].lower()}{said[1:]}."


# --- a scenario ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scenario:
    """Settings under one name. No figure is set twice."""

    name: str
    title: str
    settings: tuple[Setting, ...]
    description: str = ""

    @cached_property
    def figures(self) -> dict[str, tuple[Range, Setting]]:
        """Figures that it sets: id -> range in the figure's own unit, and the setting."""
        unit = data.figures().set_index("figure_id")["unit"]
        return {
            figure_id: (one.in_unit(unit[figure_id]), one)
            for one in self.settings
            for figure_id in one.knob.figures
        }

    @cached_property
    def inputs(self) -> dict[str, Range]:
        """Inputs of the factory's graph that it sets: name in formulas -> range in their unit."""
        return {one.knob.input: one.range for one in self.settings if one.knob.input}

    @cached_property
    def as_dict(self) -> dict[str, Any]:
        """What it sets, as plain values in a fixed order."""
        figures = sorted(self.figures.items())
        return {
            "figures": {name: list(values) for name, (values, _) in figures},
            "inputs": {name: list(values) for name, values in sorted(self.inputs.items())},
            "sources": {name: one.source for name, (_, one) in figures if one.source},
        }


def assemble(sets: Sequence[str], which: str | None, inputs: Iterable[Any]) -> Scenario:
    """A scenario from `NAME=VALUE` texts over the file `which`, whose values they replace.

    Raises ScenarioError for what cannot be set, and the errors of `data` for its sources.
    """
    known = knobs(inputs)
    file = read(find(which), known) if which is not None else None
    given: dict[str, Value] = {}
    for text in sets:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise ScenarioError(
                f"{short(text)!r} sets nothing. Write NAME=VALUE, as in load-factor=0.5."
            )
        if name in given:
            raise ScenarioError(f"{name} is set twice.")
        given[name] = read_value(value, name)
    values = (file.set if file else {}) | given
    if not values:
        raise ScenarioError("nothing is set. Give --set NAME=VALUE or --scenario NAME.")
    settings = tuple(settle(_knob(name, known), value) for name, value in values.items())
    _no_clash(settings)
    stem = file.name if file else "set"
    name = f"{stem}-{_mark(settings)}" if given else stem
    title = file.title if file else "Values given on the command line"
    return Scenario(name, title, settings, file.description if file else "")


def _knob(name: str, known: Mapping[str, Knob]) -> Knob:
    if name not in known:
        close = nearest(short(name), known)
        advice = f"Nearest: {', '.join(close)}." if close else "See what-if --list."
        raise ScenarioError(f"no input or figure is named {short(name)!r}. {advice}")
    return known[name]


def _no_clash(settings: Iterable[Setting]) -> None:
    taken: dict[str, str] = {}
    for one in settings:
        for thing in filter(None, (*one.knob.figures, one.knob.input)):
            if thing in taken:
                raise ScenarioError(f"{taken[thing]} and {one.knob.name} both set {thing}.")
            taken[thing] = one.knob.name


def _mark(settings: Iterable[Setting]) -> str:
    """A short mark of what is set, so that other values get another folder."""
    text = repr(sorted((one.knob.name, one.range) for one in settings))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
