"""Measure what readers and contributors wait for: `make bench`.

Prints one line a measurement, with the limit that it is held to.
"""

from __future__ import annotations

import gzip
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ensemble
import numpy as np
import plant_by_hour

from aifactory import execute
from aifactory.data import table
from aifactory.models.cooling import air, chillers, coolers, plant
from aifactory.models.networking import interruptions

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
BUILD = [ROOT / ".venv" / "bin" / "jupyter-book", "build", ".", "-W", "--keep-going", "-n", "-q"]


def report(what: str, value: float, unit: str, limit: float) -> None:
    """One line: what was measured, the value, and its share of the limit."""
    print(f"{what:<44} {value:9,.1f} {unit:<3} limit {limit:6,.0f}  {value / limit:6.0%}")


def timed(command: list) -> float:
    """Wall-clock seconds that a command takes in the project's folder."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def chapter_seconds(chapter: str) -> float:
    """Seconds for a fresh run of a chapter, in a copy of the notebooks."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(execute.NOTEBOOKS, folder, dirs_exist_ok=True)
        start = time.perf_counter()
        execute.execute([chapter], notebooks=Path(folder), force=True, say=lambda _: None)
        return time.perf_counter() - start


def rebuild_seconds(page: Path) -> float:
    """Seconds to rebuild the site after one more line of prose on a page."""
    before = page.read_bytes()
    try:
        page.write_bytes(before + b"\nOne more line.\n")
        return timed(BUILD)
    finally:
        page.write_bytes(before)


def page_kilobytes(page: Path) -> tuple[float, float]:
    """Size of a page with its own styles and scripts: as stored, and compressed."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"<(?:link|script)[^>]*(?:href|src)=\"([^\"#?]+)", text)
    files = {(page.parent / link).resolve() for link in links if "://" not in link}
    own = [p for p in files if p.suffix in (".css", ".js") and p.is_file()]
    sizes = [p.read_bytes() for p in [page, *sorted(own)]]
    return sum(map(len, sizes)) / 1000, sum(len(gzip.compress(b)) for b in sizes) / 1000


def cooling_plant(designs: int = 1000, sample: tuple[int, int] = (120, 25)) -> None:
    """A year of the cooling plant for many designs, against a loop by hour over the same libraries.

    Prints seconds for 8,760 hours of all designs, weather included; how many times as long the loop
    takes for an hour of a design, from a sample of hours and designs; and how far both differ.
    """
    hours = table("cooling/weather_memphis")[["dry_bulb_c", "dew_point_c", "pressure_hpa"]]
    rows = hours.to_numpy() * [1, 1, 100]
    unit = chillers.from_table(table("cooling/chiller_curves"))[0]
    rating = table("cooling/dry_cooler_ratings").iloc[0]
    cooler = coolers.DryCooler(
        rating["heat_rejection_kw"], rating["air_in_c"], rating["coolant_in_c"],
        rating["coolant_out_c"], rating["fan_power_kw"],
    )  # fmt: skip
    rng = np.random.default_rng(1)
    design = plant.Design(
        kind=np.arange(designs) % 5,
        supply_c=rng.uniform(17, 45, designs),
        liquid_share=rng.uniform(0.7, 0.95, designs),
        cooler_approach_k=rng.uniform(4, 10, designs),
    )
    start = time.perf_counter()
    weather = air.from_dew_point(*rows.T)
    plant.annual(weather, design, unit, cooler)
    array = time.perf_counter() - start
    report(f"{designs:,} designs of a cooling plant, 8,760 h", array, "s", 10)

    some_hours, some_designs = sample
    at = np.linspace(0, len(rows) - 1, some_hours).astype(int)
    few = design.take(np.arange(some_designs))
    start = time.perf_counter()
    slow = plant_by_hour.year(rows[at], few, unit, cooler)
    loop = time.perf_counter() - start
    ratio = loop / (some_hours * some_designs) * (len(rows) * designs) / array
    print(f"{'  a loop by hour takes':<44} {ratio:9,.0f} times as long, at least 100 wanted")
    fast = plant.year(weather.hours(at), few, unit, cooler).pue
    apart = np.abs(fast - [[hour["pue"] for hour in row] for row in slow]).max()
    print(f"{'  and differs in PUE by':<44} {apart:9.0e} at most, 1e-07 allowed\n")


def simulator() -> tuple[float, float]:
    """Seconds for 1,000 runs of 90 days on 500,000 GPUs, and how often SimPy needs that time.

    The discrete-event reference is that of the tests. It is given fewer hours and its time is
    scaled up, as its work grows with the hours that it simulates.
    """
    path = ROOT / "tests" / "models" / "networking" / "test_interruptions.py"
    spec = importlib.util.spec_from_file_location("reference", path)
    assert spec and spec.loader
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    job, days, runs, few = tests.JOB.but(gpus=500_000, restart_sigma=0.5), 90, 1_000, 4
    start = time.perf_counter()
    interruptions.simulate(job, days, runs, np.random.default_rng(1))
    ours = time.perf_counter() - start
    start = time.perf_counter()
    for seed in range(few):
        tests.reference(job, 24.0 * days, np.random.default_rng(seed))
    theirs = (time.perf_counter() - start) * runs / few
    return ours, theirs / ours


def main() -> int:
    """Measure everything."""
    print(f"Python {sys.version.split()[0]}, {len(execute.chapters())} chapters\n")
    cooling_plant()
    ensemble.main()
    print()
    for chapter in execute.chapters():
        report(f"fresh run of {chapter}", chapter_seconds(chapter), "s", 60)
    report("build of the whole site", timed([*BUILD, "--all"]), "s", 120)
    report(
        "rebuild after one line of prose", rebuild_seconds(ROOT / "book" / "methods.md"), "s", 15
    )
    for chapter in execute.chapters():
        page = HTML / "notebooks" / f"{chapter.replace('-', '_')}.html"
        plain, wire = page_kilobytes(page)
        report(f"{page.stem}: page, styles, scripts", plain, "kB", 600)
        report(f"{page.stem}: the same, compressed", wire, "kB", 600)
    timed(BUILD)
    seconds, ratio = simulator()
    report("1,000 x 90 days x 500,000 GPUs, simulated", seconds, "s", 30)
    print(f"{'the same in SimPy takes':<44} {ratio:9,.0f} x    at least 100")
    return 0


if __name__ == "__main__":
    sys.exit(main())
