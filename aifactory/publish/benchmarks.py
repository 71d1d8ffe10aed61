"""`benchmarks`: what was measured, from bench/results.csv; nothing on the page is typed.

bench/machine.json says on what. A row that could not be measured is shown with the reason.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from aifactory.publish.directives import BookDirective, stored_rows
from aifactory.publish.html import block, capital, columns, escape, grouped, scrolling

FOLDER = "bench"
RESULTS, MACHINE = "results.csv", "machine.json"
PARTS = {
    "execution": "Running the chapters",
    "builds": "Building the site",
    "pages": "Pages in a browser",
    "models": "Models",
    "ensemble": "The ensemble of the whole factory",
    "data": "Data",
}
HEADS = ("Measured", "Value", "Peer", "Its value", "Ratio", "The book is", "Limit", "Runs")
ALIKE = 0.05  # a ratio this near to 1 is no difference
TRACK = 40  # of the drawing of growth: its width and height for a doubling


class Benchmarks(BookDirective):
    """`benchmarks table|growth`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir) / FOLDER
        for name in (RESULTS, MACHINE):
            self.env.note_dependency(str(root / name))
        rows = stored_rows(root / RESULTS)
        if not rows:
            return [block("<p>Nothing has been measured yet.</p>", "Nothing measured yet.")]
        if self.arguments[0] == "growth":
            return [block(growth(rows))]
        machine = json.loads((root / MACHINE).read_text(encoding="utf-8"))
        text = f"{_machine(machine)} {lead(rows)}"
        return [block(f"<p>{escape(text)}</p>\n{table(rows)}", text)]


def lead(rows: list[dict[str, str]]) -> str:
    """How many rows there are, how the book does beside its peers, and which limits it misses."""
    compared = [row for row in rows if row["ratio"] and not row["series"]]
    better = sum(comparison(row) == "better" for row in compared)
    worse = sum(comparison(row) == "worse" for row in compared)
    held = [row for row in rows if row["limit"] and row["value"]]
    missed = [row["what"] for row in held if beyond(row)]
    faults = sum(bool(row["fault"]) for row in rows)
    text = (
        f"In {better} of {len(compared)} comparisons the book does better than its peer, in "
        f"{worse} worse. It keeps {len(held) - len(missed)} of {len(held)} limits"
    )
    text += f"; it misses: {', '.join(missed)}." if missed else "."
    return text + (f" Rows without a value: {faults}." if faults else "")


def comparison(row: dict[str, str]) -> str:
    """Whether the book does better or worse than the peer of a row."""
    if not row["ratio"]:
        return ""
    ratio = float(row["ratio"])
    if abs(ratio - 1) < ALIKE:
        return "alike"
    return "better" if (ratio > 1) == bool(row["higher_is_better"]) else "worse"


def beyond(row: dict[str, str]) -> bool:
    """Whether a row's value is beyond its limit."""
    value, limit = float(row["value"]), float(row["limit"])
    return value < limit if row["higher_is_better"] else value > limit


def quantity(text: str, unit: str = "") -> str:
    """A stored number to three digits, with its unit."""
    if not text:
        return ""
    value = float(text)
    if value and abs(value) < 0.001:
        shown = f"{value:.1e}"
    else:
        shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{shown} {unit}".rstrip()


def _machine(machine: dict[str, Any]) -> str:
    return (
        f"Measured with {machine['processors']} processors ({machine['architecture']}), "
        f"{machine['memory_gb']} GB of memory, {machine['system']} and Python "
        f"{machine['python']}, at commit {machine['commit']}."
    )


def table(rows: list[dict[str, str]]) -> str:
    """Every row, by part."""
    parts = groupby(rows, key=lambda row: row["part"])
    groups = {escape(PARTS[part]): "".join(map(_row, found)) for part, found in parts}
    return grouped("What was measured", HEADS, groups, "stacked tight")


def _row(row: dict[str, str]) -> str:
    unit = row["unit"]
    value = quantity(row["value"], unit) or capital(row["fault"])
    limit = f"{'at least' if row['higher_is_better'] else 'at most'} {quantity(row['limit'], unit)}"
    runs = row["runs"] + (f", within {float(row['spread']):.0%}" if row["spread"] else "")
    cells = (value, row["peer"], quantity(row["peer_value"], unit), quantity(row["ratio"]),
             comparison(row), limit if row["limit"] else "", runs)  # fmt: skip
    named = f'<th scope="row">{escape(row["what"])}</th>'
    told = "".join(
        f'<td data-column="{name}">{escape(cell)}</td>'
        for name, cell in zip(HEADS[1:], cells, strict=True)
    )
    return f"<tr>{named}{told}</tr>"


# --- growth --------------------------------------------------------------------------------------


def growth(rows: list[dict[str, str]]) -> str:
    """Each series: its cost over that of the smallest size, the exponent, and a drawing."""
    series = {row["series"]: [] for row in rows if row["series"]}
    powers = {}
    for row in rows:
        if row["size"]:
            series[row["series"]].append(row)
        elif row["series"]:
            powers[row["series"]] = quantity(row["value"]) or row["fault"]
    heads = ("How it grows", "Smallest", "Cost at 1×, 2×, 4×", "Exponent", "Against proportion")
    body = "".join(_series(name, found, powers[name]) for name, found in series.items())
    return scrolling("Growth", columns(heads), body)


def _series(name: str, rows: list[dict[str, str]], power: str) -> str:
    known = [row for row in rows if row["value"]]
    points = [
        (int(row["size"]) / int(known[0]["size"]), float(row["value"]) / float(known[0]["value"]))
        for row in known
    ]
    told = ", ".join(f"{cost:.2f}" for _, cost in points)
    first = f"{rows[0]['what']}: {quantity(rows[0]['value'], rows[0]['unit']) or rows[0]['fault']}"
    cells = "".join(f"<td>{escape(text)}</td>" for text in (first, told, power))
    drawn = f"<td>{growth_svg(points)}</td>"
    return f'<tr><th scope="row">{escape(capital(name))}</th>{cells}{drawn}</tr>'


def growth_svg(points: list[tuple[float, float]]) -> str:
    """Dots of (size, cost) over a line that is in proportion; decorative."""
    high = TRACK * 4

    def at(size: float, cost: float) -> tuple[float, float]:
        return size * TRACK, high - min(cost, 5) * TRACK

    dots = "".join(
        f'<circle class="draw-dot" cx="{x:.1f}" cy="{y:.1f}" r="7"/>'
        for x, y in (at(size, cost) for size, cost in points)
    )
    return (
        f'<svg class="draw draw-growth" viewBox="0 0 {high + 10} {high}" aria-hidden="true">'
        f'<g class="draw-track"><path d="M0 {high}H{high}M0 {high}L{high} 0"/></g>{dots}</svg>'
    )


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("benchmarks", Benchmarks)
