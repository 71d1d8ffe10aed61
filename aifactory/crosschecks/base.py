"""What the second routes share: the tables in SQL, printed values, and how a range is drawn.

Nothing here calls the models of this package or its way in to the data.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

MIME = "application/vnd.aifactory.verdict+json"
SQL, FORM, LIBRARY, PUBLISHED = "SQL", "closed form", "other library", "published number"
DRAWS, QUADRATURE = "draws by plain NumPy", "quadrature"
Z95 = 1.6448536269514722  # 95 % point of the standard normal distribution
POST, NEWEST = "2026-01-15", "2026-12-31"  # last day of what an edition may know


drawn_once = lru_cache(maxsize=4)  # several rows ask for one set of draws; none changes them


@dataclass(frozen=True)
class Check:
    """A printed result, and how it is worked out again.

    `name` is that of a printed value (":1" after it takes its second number) or of a verdict,
    "verdict:CLAIM/PART/EDITION", whose median is meant, or another field of it after a "#".
    `tolerance` is a share of the result, of a probability a difference.
    """

    chapter: str
    name: str
    result: str
    kind: str
    route: str
    second: Callable[[Database], float]
    tolerance: float

    @property
    def of_probability(self) -> bool:
        """Whether the result is a probability."""
        return self.name.endswith("#probability")


class Database:
    """The CSV files of data/ in SQLite, each loaded when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self.root, self.link = root, sqlite3.connect(":memory:")
        self.loaded: set[str] = set()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows that a query gives; a table is named as its path: "power/land"."""
        for name in re.findall(r'"([a-z_]+(?:/[a-z0-9_]+)?)"', query):
            self.load(name)
        return self.link.execute(query).fetchall()

    def one(self, query: str) -> float:
        """The one number that a query gives."""
        return float(self.rows(query)[0][0])

    def columns(self, query: str) -> list[np.ndarray]:
        """The columns that a query gives, each an array."""
        return [np.array(c) for c in zip(*self.rows(query), strict=True)]

    def range(self, figure_id: str) -> tuple[float, float, float]:
        """Low, central and high value of a figure."""
        query = f"SELECT low, central, high FROM \"figures\" WHERE figure_id = '{figure_id}'"
        low, central, high = self.rows(query)[0]
        return float(low), float(central), float(high)

    def figure(self, figure_id: str) -> float:
        """The central value of a figure."""
        return self.one(f"SELECT central FROM \"figures\" WHERE figure_id = '{figure_id}'")

    def drawn(self, figure_id: str, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws of a figure within its range."""
        return spread(*self.range(figure_id), n, rng)

    def printed(self, chapter: str, name: str, which: int = 0) -> float:
        """A number that a chapter prints, as what a route starts from."""
        return number(printed(chapter, name, self.root), which)

    def load(self, name: str) -> None:
        """Put a table into SQLite, empty fields as NULL."""
        path = self.root / "data" / f"{name}.csv"
        if name in self.loaded or not path.is_file():
            return
        with path.open(encoding="utf-8", newline="") as handle:
            header, *lines = csv.reader(handle)
        columns = ", ".join(f'"{c}" NUMERIC' for c in header)
        self.link.execute(f'CREATE TABLE "{name}" ({columns})')
        marks = ", ".join("?" * len(header))
        values = [[v or None for v in line] for line in lines]
        self.link.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)
        self.loaded.add(name)


def spread(
    low: float, mid: float, high: float, n: int, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """`n` draws whose 5, 50 and 95 % points are given: halves of normals, logs if positive."""
    z = rng.standard_normal(n)
    a, m, b = np.log([low, mid, high]) if low > 0 else (low, mid, high)
    x = m + np.where(z < 0, m - a, b - m) * z / Z95
    return np.exp(x) if low > 0 else x


# --- what the book prints ------------------------------------------------------------------------


class Notebook:
    """The stored outputs of a chapter: named values and verdicts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        self.outputs = [output for cell in cells for output in cell.get("outputs", [])]

    @cached_property
    def verdicts(self) -> list[dict[str, Any]]:
        """All verdicts in reading order."""
        return [o["data"][MIME] for o in self.outputs if MIME in o.get("data", {})]

    @cached_property
    def values(self) -> dict[str, str]:
        """The named values as printed."""
        made = {}
        for output in self.outputs:
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name:
                text = next(iter(output["data"].values()))
                made[name] = (text[0] if isinstance(text, list) else text).strip("'")
        return made

    def verdict(self, name: str) -> dict[str, Any]:
        """The verdict "CLAIM/PART/EDITION"; a part or edition that it lacks is left empty."""
        wanted = [*name.split("/"), "", ""][:3]
        for v in self.verdicts:
            if [v["claim_id"], v["part"] or "", v["edition"] or ""] == wanted:
                return v
        raise KeyError(f"aifactory/crosschecks: {self.path.name} has no verdict {name!r}")


_read: dict[Path, tuple[int, Notebook]] = {}


def notebook(chapter: str, root: Path) -> Notebook:
    """A chapter's stored outputs, read once."""
    path = root / "notebooks" / f"{chapter.replace('-', '_')}.ipynb"
    changed = path.stat().st_mtime_ns
    if path not in _read or _read[path][0] != changed:
        _read[path] = changed, Notebook(path)
    return _read[path][1]


def printed(chapter: str, name: str, root: Path) -> str:
    """What the book prints: a named value of a chapter, or a field of a verdict (its median)."""
    book = notebook(chapter, root)
    if name.startswith("verdict:"):
        which, _, field = name.removeprefix("verdict:").partition("#")
        return f"{book.verdict(which)[field or 'p50']:.6g}"
    if name not in book.values:
        raise KeyError(f"aifactory/crosschecks: {book.path.name} prints no {name!r}")
    return book.values[name]


def number(text: str, which: int = 0) -> float:
    """One of the numbers of a printed text, the first if not said otherwise."""
    found = re.findall(r"[−-]?[\d,]*\.?\d+(?:e[+-]?\d+)?", text.replace("90 % interval", ""))
    return float(found[which].replace(",", "").replace("−", "-"))
