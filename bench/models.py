"""Models against slower ways to the same numbers: the cooling plant, and the interruptions."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator

import numpy as np

from aifactory.data import table
from aifactory.models.cooling import air, chillers, coolers, plant
from aifactory.models.networking import interruptions
from bench import plant_by_hour
from bench.rows import ROOT, Found, Group, Row, repeated

DESIGNS, SAMPLE = 1000, (120, 25)  # SAMPLE: hours and designs that the loop by hour is given
RUNS, FEW, DAYS, GPUS = 1000, 4, 90, 500_000

PLANT = Row(f"Cooling plant, {DESIGNS:,} designs × 8,760 h", "s", "a loop by hour and design",
            limit=10)  # fmt: skip
APART = Row("Cooling plant: difference in PUE", "", "a loop by hour and design", limit=1e-7)
SIMULATOR = Row(f"Interruptions, {RUNS:,} × {DAYS} days × {GPUS:,} GPUs", "s", "SimPy", limit=30)


def cooling(quick: bool) -> Iterator[Found]:
    """A year of the cooling plant for many designs, weather included, against a loop by hour.

    The loop works out a sample of hours and designs with the same libraries; its time is scaled up.
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
        kind=np.arange(DESIGNS) % 5,
        supply_c=rng.uniform(17, 45, DESIGNS),
        liquid_share=rng.uniform(0.7, 0.95, DESIGNS),
        cooler_approach_k=rng.uniform(4, 10, DESIGNS),
    )
    array = repeated(
        lambda: plant.annual(air.from_dew_point(*rows.T), design, unit, cooler), 1 if quick else 3
    )
    some_hours, some_designs = SAMPLE
    at = np.linspace(0, len(rows) - 1, some_hours).astype(int)
    few = design.take(np.arange(some_designs))
    start = time.perf_counter()
    slow = plant_by_hour.year(rows[at], few, unit, cooler)
    loop = (time.perf_counter() - start) / (some_hours * some_designs) * len(rows) * DESIGNS
    yield Found(PLANT.what, array, loop)
    fast = plant.year(air.from_dew_point(*rows.T).hours(at), few, unit, cooler).pue
    apart = np.abs(fast - [[hour["pue"] for hour in row] for row in slow]).max()
    yield Found(APART.what, [float(apart)], None)


def simulator(quick: bool) -> Iterator[Found]:
    """Runs of the simulator, against the discrete-event reference of the tests.

    SimPy is given fewer runs and its time is scaled up: its work grows with the hours simulated.
    """
    path = ROOT / "tests" / "models" / "networking" / "test_interruptions.py"
    spec = importlib.util.spec_from_file_location("reference", path)
    assert spec and spec.loader
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    job = tests.JOB.but(gpus=GPUS, restart_sigma=0.5)
    ours = repeated(
        lambda: interruptions.simulate(job, DAYS, RUNS, np.random.default_rng(1)), 1 if quick else 3
    )
    start = time.perf_counter()
    for seed in range(FEW):
        tests.reference(job, 24.0 * DAYS, np.random.default_rng(seed))
    yield Found(SIMULATOR.what, ours, (time.perf_counter() - start) * RUNS / FEW)


GROUPS = (
    Group("models", (PLANT, APART), cooling, 300),
    Group("models", (SIMULATOR,), simulator, 300),
)
