"""All tables in one file: data.zip, the data package as it is, and data.sqlite, to be queried.

Both are the same bytes whenever they are made from the same data. The database has a table for
each of the package, with the keys that hold between them, the verdicts of the chapters, and a
catalogue; data-metadata.json tells Datasette licence and source of each.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlite_utils

from aifactory import data
from aifactory.files import atomically, write_text
from aifactory.publish import twins
from aifactory.publish.pages import ROOT, edition

ZIP, SQLITE, METADATA = "data.zip", "data.sqlite", "data-metadata.json"
LICENCES = ("LICENSE-data", "LICENSE-text")  # of the repository
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file knows
# Where an SQLite file has the size of its pages and, in four bytes, the library's version; kinds of
# pages that hold cells, with the length of their heads.
PAGE_BYTES, LIBRARY_VERSION, HEADS = 16, 96, {2: 12, 5: 12, 10: 8, 13: 8}
SEARCHED = {
    "claims": ("claim", "criterion"),
    "figures": ("figure_id", "description", "note"),
    "sources": ("title", "author", "publisher", "note"),
    "_tables": ("name", "title", "description"),
}
KEYS = {"claim_id": "claims", "source_id": "sources"}  # fields that name a row of another table
_TYPES = {"integer": int, "year": int, "boolean": int, "number": float}
VERDICT = ("claim_id", "edition", "part", "rating", "probability", "p05", "p50", "p95", "unit",
           "metric", "as_of", "reason", "beyond", "chapter")  # fmt: skip

Facts = dict[str, dict[str, Any]]


def licence(entry: dict[str, Any]) -> tuple[str, str]:
    """A table's licence in words, and the address of its text ("" where it has none)."""
    given = entry.get("licenses", [])
    names = ", ".join(item.get("title") or item.get("name", "") for item in given)
    return names, next((item["path"] for item in given if item.get("path")), "")


# -- data.zip -------------------------------------------------------------------------------------


def write_zip(path: Path, facts: Facts) -> None:
    """The data package, its licences and a README, in one folder."""
    pack = data.package()
    files = {entry["path"]: pack.path(name) for name, entry in pack.resources.items()}
    content = {at: file.read_bytes() for at, file in files.items()}
    content["datapackage.json"] = (pack.folder / "datapackage.json").read_bytes()
    content |= {at: (ROOT / at).read_bytes() for at in LICENCES}
    content["README.txt"] = readme(facts).encode()
    folder = pack.descriptor.get("name", "data")
    atomically(path, lambda at: _zip(at, {f"{folder}/{k}": v for k, v in content.items()}))


def _zip(path: Path, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(content):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system, info.external_attr = 3, 0o100644 << 16  # Unix, rw-r--r--
            archive.writestr(info, content[name], zipfile.ZIP_DEFLATED, compresslevel=9)


def readme(facts: Facts) -> str:
    """What is in the archive: every table with rows, date and licence."""
    pack = data.package()
    now = edition()
    head = [
        pack.descriptor.get("title", ""),
        f"Version {now.version} ({now.released})",
        pack.descriptor.get("description", ""),
        "datapackage.json describes every file: fields with type and unit, licence, sources, known "
        "flaws, checksum. It is a Frictionless Data Package. sources.csv has author, publisher and "
        "address of each source. Licences differ from table to table; see LICENSE-data, too.",
        f"The {len(facts)} tables:",
    ]
    return "\n\n".join([*head, *(_listed(name, facts[name]["about"]) for name in facts)]) + "\n"


def _listed(name: str, about: dict[str, Any]) -> str:
    entry = data.package().resources[name]
    as_of = f", as of {about['as_of']}" if about["as_of"] else ""
    words, link = licence(entry)
    return (
        f"{entry['path']}\n  {about['title']}\n  {about['rows']:,} rows{as_of}\n"
        f"  Licence: {' '.join(x for x in (words, link) if x)}"
    )


# -- data.sqlite ----------------------------------------------------------------------------------


def table_name(name: str) -> str:
    """A table's name in the database: power/plants_world is power_plants_world."""
    return name.replace("/", "_")


def write_sqlite(path: Path, facts: Facts, verdicts: list[dict[str, Any]]) -> None:
    """Every table, the stored verdicts, and a catalogue."""
    atomically(path, lambda at: _sqlite(at, facts, verdicts))


def _sqlite(path: Path, facts: Facts, verdicts: list[dict[str, Any]]) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")  # the file takes its place only when whole
    base = sqlite_utils.Database(connection)
    # Tables that others refer to come first.
    for name in sorted(facts, key=lambda n: n not in KEYS.values()):
        _add_table(base, name)
    _add_catalogue(base, facts)
    _add_verdicts(base, verdicts)
    for name, fields in SEARCHED.items():
        if name in base.table_names():
            base[name].enable_fts(fields, tokenize="porter")
    connection.commit()
    connection.execute("VACUUM")  # in order, and smaller
    connection.close()
    path.write_bytes(without_traces(path.read_bytes()))


def without_traces(base: bytes) -> bytes:
    """The same database without what differs by the version of the library that wrote it.

    That is the version itself, and what its work has left in the unused part of a page, between the
    list of the page's cells and the cells (https://sqlite.org/fileformat2.html, "B-tree Pages").
    """
    made = bytearray(base)
    made[LIBRARY_VERSION : LIBRARY_VERSION + 4] = bytes(4)
    (size,) = struct.unpack_from(">H", made, PAGE_BYTES)
    for page in range(0, len(made), size):
        at = page or 100  # the file's own head comes before that of its first page
        kind, _, cells, content = struct.unpack_from(">BHHH", made, at)
        if kind in HEADS:
            unused = at + HEADS[kind] + 2 * cells
            made[unused : page + content] = bytes(page + content - unused)
    return bytes(made)


def _add_table(base: sqlite_utils.Database, name: str) -> None:
    """One table with its types, its primary key and the keys of others that it names."""
    schema = data.package().resources[name]["schema"]
    frame = data.table(name)
    fields = {f["name"]: f for f in schema["fields"]}
    key = schema.get("primaryKey") or []
    key = [key] if isinstance(key, str) else list(key)
    other = [
        (field, KEYS[field])
        for field in fields
        if field in KEYS and KEYS[field] != name and _refers(frame[field], KEYS[field], field)
    ]
    target = base[table_name(name)]
    target.create(
        {n: _TYPES.get(f.get("type", "string"), str) for n, f in fields.items()},
        pk=(tuple(key) if len(key) > 1 else key[0]) if key else None,
        not_null={n for n, f in fields.items() if f.get("constraints", {}).get("required")},
        foreign_keys=[(field, to, field) for field, to in other],
    )
    shown = twins.plain(frame, schema)
    for n, f in fields.items():
        if f.get("type") == "boolean":
            shown[n] = shown[n].map({"true": 1, "false": 0})
    marks = ", ".join("?" * len(fields))
    columns = [pa.array(shown[n], from_pandas=True).to_pylist() for n in fields]
    base.conn.executemany(
        f"INSERT INTO [{table_name(name)}] VALUES ({marks})", zip(*columns, strict=True)
    )


def _refers(values: Any, to: str, field: str) -> bool:
    """Whether each value is one row of the other table; several ids in a cell are not."""
    return to in data.names() and set(values.dropna().unique()) <= set(data.table(to)[field])


def _add_catalogue(base: sqlite_utils.Database, facts: Facts) -> None:
    """`_tables` and `_fields` say what there is; `_table_sources` joins tables to sources."""
    tables, fields, cited = [], [], []
    for name, held in facts.items():
        entry, about = data.package().resources[name], held["about"]
        words, link = licence(entry)
        tables.append({
            "name": name, "sqlite_table": table_name(name), "title": about["title"],
            "description": about["description"], "rows": about["rows"], "period": about["period"],
            "as_of": about["as_of"], "licence": words, "licence_url": link,
            "source": "; ".join(about["credits"]), "warnings": "\n".join(about["warnings"]),
            "file": about["path"], "sha256": entry["hash"].removeprefix("sha256:"),
        })  # fmt: skip
        fields += [
            {"table": name, "field": f["name"], "type": f.get("type", "string"),
             "unit": f.get("unit"), "description": f.get("description")}
            for f in entry["schema"]["fields"]
        ]  # fmt: skip
        cited += [{"table": name, "source_id": i} for i in dict.fromkeys(about["source_ids"])]
    base["_tables"].insert_all(tables, pk="name")
    to_table = ("table", "_tables", "name")
    base["_fields"].insert_all(fields, pk=("table", "field"), foreign_keys=[to_table])
    to_source = ("source_id", "sources", "source_id")
    base["_table_sources"].insert_all(
        cited, pk=("table", "source_id"), foreign_keys=[to_table, to_source]
    )


def _add_verdicts(base: sqlite_utils.Database, verdicts: list[dict[str, Any]]) -> None:
    """`_verdicts` as the notebooks hold them, what each rests on, and the view `verdicts`."""
    numbers = ("probability", "p05", "p50", "p95")
    columns = {k: float if k in numbers else int if k == "beyond" else str for k in VERDICT}
    base["_verdicts"].create(
        {"id": int} | columns, pk="id", foreign_keys=[("claim_id", "claims", "claim_id")]
    )
    rests: dict[str, Any] = {"verdict": int, "kind": str, "name": str}
    base["_verdict_grounds"].create(
        rests, pk=tuple(rests), foreign_keys=[("verdict", "_verdicts", "id")]
    )
    for at, v in enumerate(verdicts, start=1):
        base["_verdicts"].insert({"id": at} | {k: v.get(k) for k in VERDICT})
        grounds = [
            {"verdict": at, "kind": kind, "name": name}
            for kind in ("table", "figure", "source")
            for name in dict.fromkeys(v.get(f"{kind}s", []))
        ]
        base["_verdict_grounds"].insert_all(grounds)
    shown = "claim_id AS claim, edition, part, rating, probability, p05, p50, p95, unit"
    more = "metric, as_of, reason, beyond, chapter"
    base.create_view("verdicts", f"SELECT {shown}, {more} FROM _verdicts ORDER BY id")


def meaning(item: dict[str, Any]) -> str:
    """A field's description with its unit."""
    unit = f"[{item['unit']}]" if item.get("unit") else ""
    return " ".join(x for x in (item.get("description"), unit) if x)


def write_metadata(path: Path, facts: Facts) -> None:
    """What Datasette shows of each table: title, licence, source, and the meaning of columns."""
    pack = data.package()
    tables = {}
    for name, held in facts.items():
        entry, about = pack.resources[name], held["about"]
        words, link = licence(entry)
        told = {
            "title": about["title"],
            "description": about["description"],
            "license": words,
            "license_url": link,
            "source": "; ".join(about["credits"]),
            "columns": {f["name"]: meaning(f) for f in entry["schema"]["fields"]},
        }
        tables[table_name(name)] = {k: v for k, v in told.items() if v}
    record = {
        "title": pack.descriptor.get("title", ""),
        "description": pack.descriptor.get("description", ""),
        "databases": {Path(SQLITE).stem: {"tables": tables}},
    }
    write_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
