"""One measurement is a row; rows that are measured together share a process of their own.

A group says beforehand which rows it gives, so that one that fails or takes too long leaves rows
that say so, and none is missing.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS, MACHINE = ROOT / "bench" / "results.csv", ROOT / "bench" / "machine.json"
COLUMNS = ("part", "what", "value", "unit", "peer", "peer_value", "ratio", "limit",
           "higher_is_better", "runs", "spread", "series", "size", "fault")  # fmt: skip
BEGUN, STARTING = "begun", 120.0  # what a process says first; seconds that it may take to
LONG = 10.0  # seconds: what takes less is measured three times


@dataclass(frozen=True)
class Row:
    """What is measured, and its peer's value from the same run.

    `spread` is the largest less the smallest of the runs, over their median. Rows of one `series`
    show how a cost grows with `size`.
    """

    what: str
    unit: str
    peer: str
    part: str = ""
    limit: float | None = None
    higher_is_better: bool = False
    series: str = ""
    size: int | None = None
    value: float | None = None
    peer_value: float | None = None
    runs: int = 0
    spread: float | None = None
    fault: str = ""

    @property
    def ratio(self) -> float | None:
        """The value over its peer's."""
        known = self.value is not None and self.peer_value
        return self.value / self.peer_value if known else None

    @property
    def missed(self) -> bool:
        """Whether the row has no value, or one beyond its limit."""
        if self.value is None or self.limit is None:
            return self.value is None
        return self.value < self.limit if self.higher_is_better else self.value > self.limit


@dataclass(frozen=True)
class Found:
    """What a measurement found for the row of that name."""

    what: str
    values: list[float]
    peer_value: float | None

    def fill(self, row: Row) -> Row:
        """The row with the median of the values."""
        middle = statistics.median(self.values)
        spread = (max(self.values) - min(self.values)) / middle if middle else 0.0
        runs = len(self.values)
        return replace(
            row, value=middle, peer_value=self.peer_value, runs=runs,
            spread=spread if runs > 1 else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Rows that are measured together, in a process of their own; `quick` asks for small sizes."""

    part: str
    rows: tuple[Row, ...]
    act: Callable[[bool], Iterator[Found]]
    seconds: float  # after which it is given up

    def run(self, quick: bool) -> list[Row]:
        """Each row, filled or with its fault."""
        spawn = multiprocessing.get_context("spawn")
        here, there = spawn.Pipe(duplex=False)
        process = spawn.Process(target=_measure, args=(self.act, quick, there))
        process.start()
        there.close()
        found, fault = _receive(here, self.seconds)
        _end(process)
        blank = [replace(row, part=self.part) for row in self.rows]
        missing = fault or ("left out of a quick run" if quick else "not measured")
        return [
            found[r.what].fill(r) if r.what in found else replace(r, fault=missing) for r in blank
        ]


def _measure(act: Callable[[bool], Iterator[Found]], quick: bool, pipe: Connection) -> None:
    """Send word that it begins, then what is found as it is found; then None, or what failed."""
    os.setpgid(0, 0)  # whatever it starts ends with it
    pipe.send(BEGUN)
    try:
        for found in act(quick):
            pipe.send(found)
        pipe.send(None)
    except BaseException as error:
        text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")
        pipe.send(f"failed: {text}".replace(str(ROOT), ".")[:200])


def _receive(pipe: Connection, seconds: float) -> tuple[dict[str, Found], str]:
    found: dict[str, Found] = {}
    if not pipe.poll(STARTING) or pipe.recv() != BEGUN:
        return found, "failed: the process did not start"
    end = time.monotonic() + seconds
    while pipe.poll(max(end - time.monotonic(), 0)):
        try:
            said = pipe.recv()
        except EOFError:
            return found, "failed: the process ended"
        if not isinstance(said, Found):
            return found, said or ""
        found[said.what] = said
    return found, f"timed out after {seconds:.0f} s"


def _end(process: multiprocessing.process.BaseProcess) -> None:
    """Wait for a moment, then end a process with all that it started."""
    process.join(5)
    if process.is_alive():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
        process.join()


# --- measuring -----------------------------------------------------------------------------------


def repeated(act: Callable[[], object], most: int = 3) -> list[float]:
    """Wall-clock seconds of some runs: three, or one where it takes long."""
    took: list[float] = []
    while not took or (len(took) < most and took[0] < LONG):
        start = time.perf_counter()
        act()
        took.append(time.perf_counter() - start)
    return took


def peak_mb() -> float:
    """The most memory that this process has held, MB.

    Linux's own mark of the process, since that of getrusage outlives a change of program.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("this system does not tell the peak memory of a process")


def exponent(sizes: list[float], costs: list[float]) -> float:
    """The power of size with which a cost grows: slope of the line through the logarithms."""
    x, y = [math.log(s) for s in sizes], [math.log(c) for c in costs]
    return statistics.linear_regression(x, y).slope


def growing(series: str, what: str, unit: str, sizes: tuple[int, ...]) -> tuple[Row, ...]:
    """The rows of a series: each size beside what it would be in proportion, then the exponent.

    `what` names a size, with {} for it.
    """
    peer = "the smallest size, in proportion"
    each = [
        Row(what.format(f"{n:,}"), unit, peer if n != sizes[0] else "", series=series, size=n)
        for n in sizes
    ]
    power = Row(f"{series}: exponent of growth", "", "in proportion", series=series)
    return (*each, power)


def grown(rows: tuple[Row, ...], found: Iterator[tuple[int, list[float]]]) -> Iterator[Found]:
    """Fill a series' rows, from each size's values."""
    by_size = {row.size: row for row in rows}
    medians: dict[int, float] = {}
    for size, values in found:
        medians[size] = statistics.median(values)
        first = next(iter(medians))
        peer = medians[first] * size / first if size != first else None
        yield Found(by_size[size].what, values, peer)
    power = exponent([float(s) for s in medians], list(medians.values()))
    yield Found(by_size[None].what, [power], 1.0)


# --- showing -------------------------------------------------------------------------------------


def number(value: float | None) -> str:
    """A number to three digits, or the whole number where it is large."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def table(rows: list[Row]) -> str:
    """All rows as aligned text."""
    heads = ("what", "value", "unit", "peer's", "ratio", "limit", "runs", "spread", "peer")
    lines = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    left = {0, 2, 8}
    return "\n".join(
        "  ".join(
            text.ljust(w) if i in left else text.rjust(w)
            for i, (text, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    limit = ""
    if row.limit is not None:
        limit = ("≥ " if row.higher_is_better else "≤ ") + number(row.limit)
    spread = "" if row.spread is None else f"{row.spread:.0%}"
    value = number(row.value) + (" !" if row.missed else "")
    return (row.what, value, row.unit, number(row.peer_value), number(row.ratio), limit,
            str(row.runs), spread, row.fault or row.peer)  # fmt: skip


def as_records(rows: list[Row]) -> list[dict[str, str]]:
    """All rows as text; numbers to six digits, and ratios of what is written."""
    made = []
    for row in rows:
        rounded = replace(row, value=_six(row.value), peer_value=_six(row.peer_value),
                          spread=_six(row.spread))  # fmt: skip
        made.append({name: _text(getattr(rounded, name)) for name in COLUMNS})
    return made


def _six(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
