"""Reading and checking data: against reading without checks, another checker, and more rows."""

from __future__ import annotations

import csv
import statistics
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from aifactory import data, datacheck, tableschema
from bench.rows import Found, Group, Row, growing, grown, repeated

TABLE = "power/plants_world"  # the longest table in CSV
KEY = "plant"  # a number, unique
TIMES = (1, 2, 4)

CHECK = Row("Check of all data", "s", "pandas, reading the CSV files without checks")
READ = Row(f"Table {TABLE}: read, each cell checked", "s", "frictionless")
GROWTH = growing("data by rows", f"Table {TABLE}, {{}} × its rows", "s", TIMES)


def read_all() -> None:
    """Every CSV file as pandas reads it."""
    pack = data.package()
    for name, entry in pack.resources.items():
        if entry["path"].endswith(".csv"):
            pd.read_csv(pack.path(name))


def validate() -> None:
    """The same table by frictionless."""
    import frictionless

    pack = data.package()
    schema = frictionless.Schema.from_descriptor(pack.resources[TABLE]["schema"])
    path = pack.path(TABLE)
    found = frictionless.Resource(
        path=path.name, basepath=str(path.parent), schema=schema, encoding="utf-8"
    ).validate()
    if not found.valid:
        raise ValueError(f"frictionless finds faults in {TABLE}")


def longer(times: int, target: Path) -> None:
    """Write a table several times over, with other keys in each copy."""
    with data.package().path(TABLE).open(encoding="utf-8", newline="") as source:
        reader = csv.DictReader(source)
        rows, names = list(reader), list(reader.fieldnames or ())
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for copy in range(times):
            writer.writerows(r | {KEY: int(r[KEY]) + copy * 10_000_000} for r in rows)


def read(path: Path) -> None:
    """Read a table as the book does; raises ValueError if anything is wrong with it."""
    _, faults = tableschema.read(path, data.package().resources[TABLE]["schema"], path.name)
    if faults:
        raise ValueError(str(faults[0]))


def measure(quick: bool) -> Iterator[Found]:
    """The check of all data, and one long table."""
    runs = 1 if quick else 3
    read_all()  # files are in memory from here on
    yield Found(
        CHECK.what, repeated(datacheck.check, runs), statistics.median(repeated(read_all, runs))
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"

        def sized(sizes: Iterable[int]) -> Iterator[tuple[int, list[float]]]:
            for times in sizes:
                longer(times, path)
                read(path)
                yield times, repeated(lambda: read(path), runs)

        found = list(sized(TIMES))
    yield from grown(GROWTH, iter(found))
    yield Found(READ.what, found[0][1], repeated(validate, 1)[0])


GROUPS = (Group("data", (CHECK, READ, *GROWTH), measure, 300),)
