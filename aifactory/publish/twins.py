"""A table's files beside its page: the original, the same as CSV or Parquet, and its schema.

The original stays as it is, byte for byte. Its twin is made from the checked and typed frame, and
is the same file whenever it is made from the same data. `harmless` guards every CSV made here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from aifactory import data
from aifactory.files import atomically, write_text
from aifactory.plain import harmless

ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "year": pa.int16(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "yearmonth": pa.date32(),  # the first day of the month
    "datetime": pa.timestamp("us"),  # UTC, or the source's own clock where its description says so
}
FORMATS = ("csv", "parquet", "json")


def arrow(frame: pd.DataFrame, schema: dict[str, Any]) -> pa.Table:
    """A frame of `data.table` as an Arrow table; each field carries its unit and description."""
    fields, columns = [], []
    for item in schema["fields"]:
        kind = ARROW[item.get("type", "string")]
        about = {k: str(item[k]) for k in ("unit", "description") if item.get(k)}
        fields.append(pa.field(item["name"], kind, metadata=about))
        columns.append(pa.array(frame[item["name"]], from_pandas=True).cast(kind))
    return pa.table(columns, schema=pa.schema(fields))


def write_parquet(path: Path, frame: pd.DataFrame, schema: dict[str, Any]) -> None:
    """A typed Parquet file."""
    table = arrow(frame, schema)
    atomically(path, lambda at: pq.write_table(table, at, compression="zstd"))


def plain(frame: pd.DataFrame, schema: dict[str, Any]) -> pd.DataFrame:
    """The frame with dates and truth as the text that its schema reads back."""
    columns = {}
    for item in schema["fields"]:
        values, kind = frame[item["name"]], item.get("type", "string")
        if kind == "datetime":
            clock = "%Y-%m-%dT%H:%M:%S" + (".%f" if values.dt.microsecond.any() else "")
            values = values.dt.strftime(clock)
        elif kind in ("date", "yearmonth"):
            values = values.dt.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m")
        elif kind == "boolean":
            values = values.map({True: "true", False: "false"})
        columns[item["name"]] = values
    return pd.DataFrame(columns)


def write_csv(path: Path, frame: pd.DataFrame, schema: dict[str, Any]) -> None:
    """A CSV file that a spreadsheet can open."""
    shown = plain(frame, schema)
    for item in schema["fields"]:
        if item.get("type", "string") == "string":
            shown[item["name"]] = shown[item["name"]].map(harmless)
    write_text(path, shown.to_csv(index=False, lineterminator="\n"))


def write_schema(path: Path, entry: dict[str, Any]) -> None:
    """The table's descriptor, a Frictionless resource, which finds the original beside it."""
    entry = entry | {"path": Path(entry["path"]).name}
    write_text(path, json.dumps(entry, ensure_ascii=False, indent=1) + "\n")


WRITERS: dict[str, Callable] = {".csv": write_csv, ".parquet": write_parquet}


def write(name: str, site: Path) -> dict[str, dict[str, Any]]:
    """Write a table's files under `site`/data; format -> file, sha256 and bytes of each."""
    pack = data.package()
    entry = pack.resources[name]
    original = site / "data" / entry["path"]
    original.parent.mkdir(parents=True, exist_ok=True)
    atomically(original, lambda at: at.write_bytes(pack.path(name).read_bytes()))
    frame = data.table(name)
    for suffix, writer in WRITERS.items():
        if suffix != original.suffix:
            writer(original.with_suffix(suffix), frame, entry["schema"])
    write_schema(original.with_suffix(".json"), entry)
    return {kind: described(original.with_suffix(f".{kind}"), site) for kind in FORMATS}


def described(path: Path, site: Path) -> dict[str, Any]:
    """A file's address on the site, its sha256 and its size."""
    content = path.read_bytes()
    return {
        "file": path.relative_to(site).as_posix(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
