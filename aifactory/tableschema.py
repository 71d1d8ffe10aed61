"""Read a table as its Frictionless schema describes it, and check it by column, not by row.

A file is read as text, every column is cast to its type and tested against its constraints in
one vectorised step each, and what fails comes back as a list of faults with file, row, field,
value, rule and remedy. A table of 83,000 rows takes a fraction of a second; frictionless itself,
which goes row by row, is the reference that the tests hold this module to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .errors import LOCK, BrokenPackage, BrokenRow, Fault, MissingFile

TYPES = ("string", "integer", "number", "boolean", "date", "datetime", "year", "yearmonth")
CONSTRAINTS = (
    "required", "unique", "enum", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minLength", "maxLength",
)  # fmt: skip
SHOWN = 20  # faults kept a rule: enough to see the pattern, not the whole column

Descriptor = dict[str, Any]


def read(path: Path, schema: Descriptor, file: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Typed frame of a CSV or Parquet file, and the faults found in it.

    Shapes: one column a field of `schema`, in its order. Dates, datetimes (UTC, without zone) and
    yearmonths (first day) become datetime64; integers and years int64, or Int64 where values are
    missing; booleans bool, or boolean where missing; strings pandas' string type. Raises
    MissingFile, BrokenRow (a file that is no table, or has other columns) and BrokenPackage (a
    type or constraint that this module does not know).
    """
    _check_schema(schema, file)
    if not path.is_file():
        raise MissingFile(
            f"{file} is described in datapackage.json but is not on disk. Restore it with "
            f"`git checkout -- {file}`, or take its entry out of datapackage.json."
        )
    raw = _read_raw(path, schema, file)
    _check_columns(list(raw.columns), schema, file)
    faults: list[Fault] = []
    columns = {}
    for field in schema["fields"]:
        cast, bad = _cast(raw[field["name"]], field, file)
        columns[field["name"]] = cast
        faults += bad + _constraint_faults(cast, raw[field["name"]], field, file)
    frame = pd.DataFrame(columns)
    faults += _key_faults(frame, schema, file)
    return frame, faults


def _check_schema(schema: Descriptor, file: str) -> None:
    fields = schema.get("fields") or []
    if not fields:
        raise BrokenPackage(f"{file}: its schema in datapackage.json lists no fields.")
    for field in fields:
        if field.get("type", "string") not in TYPES:
            raise BrokenPackage(
                f"{file}, field `{field['name']}`: type {field['type']!r} is not one of "
                f"{', '.join(TYPES)}."
            )
        unknown = sorted(set(field.get("constraints", {})) - set(CONSTRAINTS))
        if unknown:
            raise BrokenPackage(
                f"{file}, field `{field['name']}`: constraint {unknown[0]!r} is not one of "
                f"{', '.join(CONSTRAINTS)}."
            )


def _read_raw(path: Path, schema: Descriptor, file: str) -> pd.DataFrame:
    """Columns as text (CSV) or as stored (Parquet); missing values are null."""
    if path.suffix == ".parquet":
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise BrokenRow.of([_whole(file, f"is not a Parquet table ({error})")]) from error
    import pyarrow as pa
    from pyarrow import csv

    ragged: list[Any] = []

    def keep(row: Any) -> str:
        ragged.append(row)
        return "skip"

    header = _header(path, file)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()),
        null_values=schema.get("missingValues", [""]),
        strings_can_be_null=True,
    )
    parse = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep)
    # one thread, so that a ragged row knows its number
    reading = csv.ReadOptions(use_threads=False)
    try:
        table = csv.read_csv(path, reading, parse, convert)
    except pa.ArrowInvalid as error:
        raise BrokenRow.of([_whole(file, f"is not a CSV table in UTF-8 ({error})")]) from error
    if ragged:
        raise BrokenRow.of([_ragged(row, file) for row in ragged[:SHOWN]])
    return table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)


def _header(path: Path, file: str) -> list[str]:
    import csv

    try:
        with path.open(encoding="utf-8", newline="") as handle:
            header = next(csv.reader(handle), [])
    except UnicodeDecodeError as error:
        raise BrokenRow.of([_whole(file, f"is not a CSV table in UTF-8 ({error})")]) from error
    if not header:
        raise BrokenRow.of([_whole(file, "is empty")])
    return header


def _whole(file: str, rule: str) -> Fault:
    return Fault(file, rule, remedy=f"Restore it with `git checkout -- {file}`, or write it anew.")


def _ragged(row: Any, file: str) -> Fault:
    rule = f"this row has {row.actual_columns} cells where the header has {row.expected_columns}"
    remedy = "Quote cells that hold a comma, and give every row all of its cells."
    return Fault(file, rule, row=row.number, remedy=remedy)


def _check_columns(found: list[str], schema: Descriptor, file: str) -> None:
    wanted = [field["name"] for field in schema["fields"]]
    if found == wanted:
        return
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    said = []
    if missing:
        said.append(f"lacks the column {missing[0]!r}")
    if extra:
        said.append(f"has a column {extra[0]!r} that its schema does not describe")
    if not said:
        said.append(f"has its columns in another order than its schema ({', '.join(wanted)})")
    remedy = "Make the header and `schema.fields` in datapackage.json agree."
    raise BrokenRow.of([Fault(file, " and ".join(said), row=1, remedy=remedy)])


# --- casting -------------------------------------------------------------------------------------

_DATE, _CLOCK = r"\d{4}-\d{2}-\d{2}", r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?"
_SHAPES = {
    "date": (_DATE, "a date written YYYY-MM-DD"),
    "yearmonth": (r"\d{4}-\d{2}", "a month written YYYY-MM"),
    "datetime": (f"{_DATE}T{_CLOCK}", "a time written YYYY-MM-DDTHH:MM:SS"),
    "year": (r"-?\d{4}", "a year written YYYY"),
    "integer": (r"[+-]?\d+", "a whole number"),
}


def _cast(raw: pd.Series, field: Descriptor, file: str) -> tuple[pd.Series, list[Fault]]:
    """Column in its type; cells that have no such value become missing, and faults."""
    kind = field.get("type", "string")
    text = pd.api.types.is_string_dtype(raw.dtype) or raw.dtype == object
    cast, rule = _TEXT[kind](raw, field) if text else _typed(raw, kind)
    bad = raw.notna() & cast.isna()
    remedy = f"Correct the cell, then run `{LOCK}`."
    return cast, _faults(bad, raw, f"is not {rule} (type {kind})", field["name"], file, remedy)


def _string(raw: pd.Series, field: Descriptor) -> tuple[pd.Series, str]:
    return raw.astype(pd.StringDtype(na_value=np.nan)), "text"


def _number(raw: pd.Series, field: Descriptor) -> tuple[pd.Series, str]:
    import pyarrow as pa

    try:  # exact, as Python reads it; pandas' to_numeric may be off in the last digit
        values = pa.array(raw, pa.string(), from_pandas=True).cast(pa.float64()).to_pandas()
        cast = pd.Series(values.to_numpy(), raw.index, dtype="float64")
    except pa.ArrowInvalid:
        cast = pd.to_numeric(raw, errors="coerce").astype("float64")
    return cast.where(np.isfinite(cast)), "a finite number"


def _integer(raw: pd.Series, field: Descriptor) -> tuple[pd.Series, str]:
    shape, rule = _SHAPES["year" if field["type"] == "year" else "integer"]
    whole = raw.where(_matches(raw, shape))
    try:
        numbers = whole.astype("Int64")
    except (ValueError, OverflowError):
        numbers = pd.to_numeric(whole, errors="coerce").astype("Float64").astype("Int64")
    return _plain(numbers, "int64"), rule


def _boolean(raw: pd.Series, field: Descriptor) -> tuple[pd.Series, str]:
    true = field.get("trueValues", ["true", "True", "TRUE", "1"])
    false = field.get("falseValues", ["false", "False", "FALSE", "0"])
    values = dict.fromkeys(true, True) | dict.fromkeys(false, False)
    cast = raw.astype(object).map(values).astype("boolean")
    return _plain(cast, "bool"), f"one of {', '.join(values)}"


def _time(raw: pd.Series, field: Descriptor) -> tuple[pd.Series, str]:
    shape, rule = _SHAPES[field["type"]]
    shaped = raw.where(_matches(raw, shape))
    form = {"date": "%Y-%m-%d", "yearmonth": "%Y-%m", "datetime": "ISO8601"}[field["type"]]
    utc = field["type"] == "datetime"
    cast = pd.to_datetime(shaped, format=form, errors="coerce", utc=utc)
    return (cast.dt.tz_localize(None) if utc else cast), rule


_TEXT: dict[str, Callable[[pd.Series, Descriptor], tuple[pd.Series, str]]] = {
    "string": _string, "number": _number, "integer": _integer, "year": _integer,
    "boolean": _boolean, "date": _time, "datetime": _time, "yearmonth": _time,
}  # fmt: skip


def _typed(raw: pd.Series, kind: str) -> tuple[pd.Series, str]:
    """A column that Parquet stored with a type of its own."""
    api = pd.api.types
    missing = pd.Series(pd.NA, raw.index, dtype="object")
    rule = f"stored as {kind}, but as {raw.dtype}"
    if kind == "number" and api.is_numeric_dtype(raw.dtype) and not api.is_bool_dtype(raw.dtype):
        values = raw.astype("float64")
        return values.where(np.isfinite(values)), "a finite number"
    if kind in ("integer", "year") and api.is_integer_dtype(raw.dtype):
        return _plain(raw.astype("Int64"), "int64"), rule
    if kind in ("integer", "year") and api.is_float_dtype(raw.dtype):
        whole = raw.where(raw == np.floor(raw))
        return _plain(whole.astype("Int64"), "int64"), "a whole number"
    if kind == "boolean" and api.is_bool_dtype(raw.dtype):
        return _plain(raw.astype("boolean"), "bool"), rule
    if kind in ("date", "datetime", "yearmonth") and api.is_datetime64_any_dtype(raw.dtype):
        return (raw.dt.tz_convert(None) if raw.dt.tz is not None else raw), rule
    return missing, rule


def _matches(raw: pd.Series, pattern: str) -> pd.Series:
    return raw.str.fullmatch(pattern).fillna(False).astype(bool)


def _plain(values: pd.Series, dtype: str) -> pd.Series:
    """Numpy's own type where nothing is missing, pandas' nullable one otherwise."""
    return values if values.isna().any() else values.astype(dtype)


# --- constraints ---------------------------------------------------------------------------------


def _faults(
    bad: pd.Series, raw: pd.Series, rule: str, name: str, file: str, remedy: str
) -> list[Fault]:
    rows = np.flatnonzero(bad.to_numpy(dtype=bool))[:SHOWN]
    return [Fault(file, rule, name, int(row) + 2, _shown(raw.iloc[row]), remedy) for row in rows]


def _shown(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _constraint_faults(
    cast: pd.Series, raw: pd.Series, field: Descriptor, file: str
) -> list[Fault]:
    found: list[Fault] = []
    remedy = f"Correct the cell, then run `{LOCK}`; or widen the rule in datapackage.json."
    for key, limit in field.get("constraints", {}).items():
        bad, rule = _breaks(cast, raw, key, limit, field)
        found += _faults(bad, raw, rule, field["name"], file, remedy)
    return found


def _breaks(
    cast: pd.Series, raw: pd.Series, key: str, limit: Any, field: Descriptor
) -> tuple[pd.Series, str]:
    """Which cells break one constraint, and the constraint in words. Missing cells break none."""
    there = cast.notna()
    if key == "required":
        return (raw.isna() if limit else there & False), "is missing a value, and one is required"
    if key == "unique":
        again = there & cast.duplicated()
        return (again if limit else there & False), "appears more than once, and must be unique"
    if key == "enum":
        allowed = _as_type(list(limit), field)
        words = ", ".join(str(item) for item in limit)
        return there & ~cast.isin(allowed), f"is not one of {words}"
    if key == "pattern":
        text = cast.astype(str) if field.get("type", "string") != "string" else cast
        try:
            matched = _matches(text, f"(?:{limit})")
        except re.error as error:
            raise BrokenPackage(f"field `{field['name']}`: pattern {limit!r}: {error}") from error
        return there & ~matched, f"does not match the pattern {limit}"
    if key in ("minLength", "maxLength"):
        length = cast.str.len()
        bad = length < limit if key == "minLength" else length > limit
        return there & bad.fillna(
            False
        ), f"is {'shorter' if key == 'minLength' else 'longer'} than {limit} characters"
    edge = _as_type([limit], field)[0]
    worse, words = {
        "minimum": (cast < edge, "below the minimum"),
        "maximum": (cast > edge, "above the maximum"),
        "exclusiveMinimum": (cast <= edge, "not above"),
        "exclusiveMaximum": (cast >= edge, "not below"),
    }[key]
    return there & worse.fillna(False).astype(bool), f"is {words} {limit}"


def _as_type(limits: list[Any], field: Descriptor) -> list[Any]:
    """Limits, which JSON may hold as text, in the type of their field."""
    if field.get("type", "string") == "number":
        return [float(limit) for limit in limits]
    text = pd.Series([str(limit) for limit in limits], dtype="str")
    return list(_cast(text, field, "datapackage.json")[0])


def _key_faults(frame: pd.DataFrame, schema: Descriptor, file: str) -> list[Fault]:
    """Faults of the primary key: a part that is missing, or a key that comes twice."""
    key = schema.get("primaryKey") or []
    names = [key] if isinstance(key, str) else list(key)
    if not names:
        return []
    unknown = [name for name in names if name not in frame]
    if unknown:
        raise BrokenPackage(f"{file}: its primary key names {unknown[0]!r}, which is no field.")
    remedy = f"Correct the row, then run `{LOCK}`."
    label = ", ".join(names)
    empty = frame[names].isna().any(axis=1)
    again = frame.duplicated(names) & ~empty
    shown = pd.Series(None, frame.index, dtype=object)
    for at in frame.index[again]:
        shown[at] = " | ".join(str(frame.at[at, name]) for name in names)
    nothing = pd.Series(None, frame.index, dtype=object)
    return [
        *_faults(empty, nothing, "the primary key is not complete", label, file, remedy),
        *_faults(again, shown, "appears twice, and is the primary key", label, file, remedy),
    ]
