"""What the scoreboard of the whole factory shows: its sliders, its results and each claim's name.

The sliders are the inputs that decide most of whether the post's story holds together; the
chapter on the whole factory tests that they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from aifactory import board
from aifactory.models.factory.graph import Graph
from aifactory.uncertainty import Distribution

NAME = "factory-story-what-if"
DRAWS = 256
SLIDERS = (
    board.Slider("facility_mw", "Site at peak, MW", 100, 2500),
    board.Slider("gpu_hour_usd", "Price of a GPU-hour, USD"),
    board.Slider("failures_per_gpu_h", "Failures per million GPU-hours", 1, 200, 1e-6),
    board.Slider("stall_min", "Stall after a failure, minutes"),
    board.Slider("newest_job_gpus", "Largest job, thousand GPUs", 10, 1000, 1e3),
    board.Slider("supply_c", "Water to the coolant units, °C", 10, 50),
    board.Slider("chiller_kw", "Capacity of a chiller, kW"),
    board.Slider("pad_cycles", "Cycles of concentration, pads"),
    board.Slider("ups_loss", "Loss of power supplies, share", 0.005, 0.1),
    board.Slider("tracker_ratio", "Revision of built power, times"),
    board.Slider("spare_break_even", "Lost MWh over spare kW-year to pay", 0.1, 10),
)
RESULTS = (
    board.Result("gpus", "GPUs"),
    board.Result("pue", "PUE", format=".3f"),
    board.Result("flop_year", "Useful 1e27 FLOP a year", per=1e27, format=".2r"),
    board.Result("usd_per_effective_gpu_hour", "USD a useful GPU-hour", format=".2f"),
    board.Result("co2_mt_year", "Million tonnes of CO\N{SUBSCRIPT TWO} a year", format=".2f"),
)
LABELS = {  # inputs by what readers call them
    "failures_per_gpu_h": "Failures per GPU-hour",
    "gpu_hour_usd": "Price of a GPU-hour",
    "tracker_ratio": "Later revision of built power",
    "pad_cycles": "Cycles of cooling water",
    "spare_break_even": "Loss from which spares pay",
    "supply_c": "Water to the coolant units",
    "stall_min": "Stall after a failure",
    "chiller_kw": "Capacity of a chiller",
    "plated_share": "Racks with cold plates",
    "newest_job_gpus": "GPUs in the largest job",
    "people_share": "Stops that people mend",
    "loss_doubling": "Utilisation lost a doubling",
    "mfu_published": "Utilisation published",
    "gpu_capital_usd": "Price of a GPU",
    "rented_gpu_usd": "Price of a GPU for rent",
    "job_share": "Share of GPUs in one job",
    "gpu_life_years": "Life of a GPU",
    "site_gusd_gw": "Cost of a site",
    "plant_life_y": "Life of buildings",
    "shell_share": "Buildings' share of a site",
    "bf16_tflop_s": "Peak rate of a GPU",
    "load_factor": "Load factor",
    "facility_mw": "Power of the site",
    "ups_loss": "Loss of power supplies",
    "peak_ratio": "Site over computing power",
}
TITLES = {
    "power-built": "1.2 GW are built",
    "power-households": "Two million households",
    "power-plant-grade": "Power-plant standard",
    "power-not-land": "Power, not land",
    "power-islanded": "Grid could not carry it",
    "power-stable": "Turbines keep it steady",
    "interruptions-crash": "Crash feared above GPUs",
    "interruptions-cost": "A stop costs millions",
    "cooling-cold-plates": "Cold plates and a loop",
    "cooling-chillers": "Hundreds of chillers",
    "cooling-industrial": "Industrial-grade cooling",
    "water-plant": "Recycling plant is built",
    "water-aquifer": "Aquifer is spared",
    "water-pure": "Sewage to pure water",
    "water-bottleneck": "No resource limit",
    "networking-single-brain": "One single brain",
    "networking-advantage": "Network is the advantage",
    "networking-halved": "Lost step halves training",
    "robots-form": "Work counts, not looks",
    "robots-niches": "Robots move into niches",
    "robots-payback": "Payback in three years",
    "robots-capital": "Capital accepts robots",
    "supply-one-scarcity": "Taiwan alone is scarce",
    "supply-tsmc": "Chips come from TSMC",
    "supply-odm": "Quanta and Hon Hai lead",
    "supply-bypass": "No way around them",
    "pace-build-first": "Build first, then deliver",
    "pace-faster": "Faster than expected",
    "pace-agi": "AGI within five years",
    "pace-world-models": "World models are the aim",
}


def scoreboard(
    graph: Graph,
    distributions: Mapping[str, Distribution],
    chances: Mapping[str, float],
    rng: np.random.Generator,
) -> board.Board:
    """The whole factory's scoreboard; `chances` are the verdicts' probabilities by claim.

    Claims without a chance, which cannot be tested, are left out.
    """
    steps = {node.claim: node.name for node in graph.of_kind("claim")}
    claims = [
        board.Score(title, chances[claim], steps.get(claim, ""))
        for claim, title in TITLES.items()
        if claim in chances
    ]
    return board.prepare(graph, distributions, SLIDERS, claims, RESULTS, DRAWS, rng)
