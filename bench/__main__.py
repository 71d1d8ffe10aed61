"""Measure everything that readers and contributors wait for, and print one table.

Each value stands beside that of the peer it names, from the same run. The table goes into
bench/results.csv, from which the book's page is made, and bench/machine.json says on what it was
measured. Ends with 1 where a row has no value, or one beyond its limit.

    make bench                                   half an hour on two quiet processors
    .venv/bin/python -m bench --only ensemble    one part, whose rows take their place in the table
    .venv/bin/python -m bench --quick            single runs and few sizes; nothing is stored
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from typing import Any

from aifactory.datacheck import as_csv
from aifactory.files import csv_rows, write_text
from bench import rows
from bench.rows import MACHINE, RESULTS, ROOT, Group

PARTS = {
    "execution": "chapters",
    "builds": "builds",
    "pages": "pages",
    "models": "models",
    "ensemble": "ensemble",
    "data": "tables",
}


def groups(part: str) -> tuple[Group, ...]:
    """What is measured in a part."""
    return importlib.import_module(f"bench.{PARTS[part]}").GROUPS


def machine() -> dict[str, Any]:
    """On what it runs, without the names of anything."""
    git = ["git", "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "memory_gb": round(pages / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": commit,
    }


def stored() -> list[dict[str, str]]:
    """The rows that are there from earlier runs."""
    return csv_rows(RESULTS) if RESULTS.is_file() else []


def store(made: list[rows.Row]) -> None:
    """Put rows into the table, in place of those of the same parts."""
    renewed = {row.part for row in made}
    kept = [row for row in stored() if row["part"] in PARTS.keys() - renewed]
    order = list(PARTS)
    every = sorted(kept + rows.as_records(made), key=lambda row: order.index(row["part"]))
    write_text(RESULTS, as_csv(rows.COLUMNS, every))
    write_text(MACHINE, json.dumps(machine(), indent=1) + "\n")


def main() -> int:
    """Measure, print and store."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bench", description=__doc__, formatter_class=form)
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    parser.add_argument("--quick", action="store_true", help="single runs and few sizes")
    given = parser.parse_args()
    start, made = time.monotonic(), []
    for part in given.only or PARTS:
        for group in groups(part):
            began = time.monotonic()
            made += group.run(given.quick)
            took = f"{time.monotonic() - began:.0f} s"
            print(f"{part}: {len(group.rows)} rows, {took}", file=sys.stderr, flush=True)
        if not given.quick:
            store([row for row in made if row.part == part])
    told = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in machine().items())
    print(f"{rows.table(made)}\n\n{told}; {time.monotonic() - start:.0f} s in all")
    return int(any(row.missed for row in made))


if __name__ == "__main__":
    sys.exit(main())
