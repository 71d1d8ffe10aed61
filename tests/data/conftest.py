"""A small data package, whole as it stands, for tests to break in one place each."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from aifactory import data, datacheck

CC0 = {"name": "CC0-1.0", "title": "Creative Commons Zero 1.0"}


def field(name, kind="string", **constraints):
    found = {"name": name, "type": kind, "description": f"the {name}"}
    return found | ({"constraints": constraints} if constraints else {})


SCHEMAS = {
    "claims": [
        field("claim_id", required=True), field("chapter"), field("post_lines"), field("kind"),
        field("claim"), field("criterion"),
    ],
    "figures": [
        field("figure_id", required=True), field("description"), field("low", "number"),
        field("central", "number"), field("high", "number"), field("unit"), field("as_of"),
        field("source_id"), field("verification", enum=["seen", "recalled"]), field("locator"),
        field("note"),
    ],
    "sources": [
        field("source_id", required=True), field("title"), field("author"), field("publisher"),
        field("published"), field("accessed"), field("url"), field("license"), field("kind"),
        field("note"),
    ],
    "sea/ships": [
        field("ship", required=True), field("launched", "date"), field("crew", "integer"),
        field("speed", "number", minimum=0, maximum=60), field("sunk", "boolean"),
        field("rig", enum=["brig", "sloop"]), field("source_id"),
    ],
}  # fmt: skip
ROWS = {
    "claims": [["sea-speed", "sea", "3", "quantity", "Ships are fast.", "True above 20 knots."]],
    "figures": [
        ["top-speed", "Top speed", 10, 12, 15, "knot", "1805", "log", "seen", "p. 3", ""],
        ["old-tale", "Speed in a tale", "", 40, "", "knot", "1700", "tale", "recalled", "", ""],
    ],
    "sources": [
        ["log", "Ship's log", "A. Mate", "Navy", "1805-10", "2026-01-02", "https://a.example/log",
         "CC0-1.0", "dataset", ""],
        ["tale", "A tale", "", "Tavern", "", "", "", "", "press", ""],
    ],
    "sea/ships": [
        ["Swift", "1801-05-02", 120, 12.5, "false", "brig", "log"],
        ["Heavy", "1799-01-31", "", 7.25, "true", "sloop", "log"],
        ["Ghost", "", 3, "", "", "", "log"],
    ],
}  # fmt: skip
KEYS = {"claims": "claim_id", "figures": "figure_id", "sources": "source_id", "sea/ships": "ship"}


@dataclass
class Small:
    """The package on disk, and ways to change it."""

    folder: Path

    def file(self, name):
        return self.folder / f"{name}.csv"

    def put(self, name, rows):
        """Write a table anew, without telling datapackage.json."""
        text = io.StringIO(newline="")
        out = csv.writer(text, lineterminator="\n")
        out.writerows([[f["name"] for f in SCHEMAS[name]], *rows])
        self.file(name).parent.mkdir(exist_ok=True)
        self.file(name).write_text(text.getvalue(), encoding="utf-8")
        data.forget()

    def change(self, name, row, column, value):
        """Change one cell (row counted from 0), and take its new hash over unchecked."""
        rows = [list(r) for r in ROWS[name]]
        rows[row][[f["name"] for f in SCHEMAS[name]].index(column)] = value
        self.put(name, rows)
        self.accept(name)

    def accept(self, name):
        """Write a file's hash and size into datapackage.json, whatever it holds."""
        pack = data.load(self.folder)
        entry = pack.resources[name]
        entry["hash"], entry["bytes"] = data.digest(pack.path(name), name)
        self.describe(list(pack.resources.values()))

    def describe(self, resources):
        datacheck.write(self.folder, {"name": "small", "resources": resources})
        data.forget()

    def edit(self, name, **changes):
        """Change a resource's descriptor."""
        pack = data.load(self.folder)
        pack.resources[name].update(changes)
        self.describe(list(pack.resources.values()))


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The package, with AIFACTORY_DATA pointing at it."""
    package = Small(tmp_path / "data")
    package.folder.mkdir()
    for name, rows in ROWS.items():
        package.put(name, rows)
    entries = [
        {"name": name, "path": f"{name}.csv", "title": name.title(), "description": "A table",
         "licenses": [CC0], "sources": [{"id": "log", "title": "Ship's log"}], "warnings": [],
         "schema": {"fields": fields, "primaryKey": [KEYS[name]], "missingValues": [""]}}
        for name, fields in SCHEMAS.items()
    ]  # fmt: skip
    package.describe(entries)
    for name in ROWS:
        package.accept(name)
    datacheck.lock(package.folder)
    monkeypatch.setenv(data.ENVIRONMENT, str(package.folder))
    data.forget()
    yield package
    monkeypatch.undo()
    data.forget()
