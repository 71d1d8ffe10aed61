"""One number for one quantity: what several chapters need stands in one figure.

`QUANTITIES` are what chapters share, each with the one figure that holds it and the words by which
a second one would give itself away. `TWINS` are figures that two sections brought for one thing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from aifactory import data, units


@dataclass(frozen=True)
class Quantity:
    """A shared quantity: `figure` holds it; other figures that `words` or `unit` fit are `apart`.

    `words` is looked for in descriptions, without regard to case; `unit` alone suffices where it
    is given. `apart` says of each such figure why it is another quantity.
    """

    figure: str
    words: str
    apart: dict[str, str] = field(default_factory=dict)
    unit: str = ""


QUANTITIES = {
    "power of the site": Quantity(
        "post-power-rounding",
        r"\b(facility|site) power\b|power that (the post|would)",
        {
            "post-power": "the claim's own number without its rounding: what a verdict is held to",
            "colossus2-load-post": "what ran at the post's date, not what the post says",
            "facility-power-per-gpu": "a GPU's part of it",
            "facility-to-it-peak": "a ratio",
            "dc-capital-per-gw": "money for it",
        },
    ),
    "facility over computing power, and PUE": Quantity(
        "facility-to-it-peak",
        r"\bPUE\b|power usage effectiveness|over power of the comput",
    ),
    "load factor": Quantity("load-factor", r"load factor|mean over peak|mean load"),
    "power of a GPU": Quantity(
        "gb-rack-kw-per-gpu",
        r"power of (a|one) .*\b(GPU|rack)\b",
        {"facility-power-per-gpu": "with the site's cooling and losses, at one site"},
        "kW/GPU",
    ),
    "GPUs of the site": Quantity(
        "colossus2-gpus-planned",
        r"GPUs (of|in|at|announced)\b",
        {
            "colossus2-first-gpus": "the first of its clusters",
            "grok3-gpus": "one training run at another site",
            "job-gpus-newest": "one synchronous job",
            "job-gpus-post": "one synchronous job",
            "post-gpus-high": "the post's single brain",
            "post-gpus-low": "the post's single brain",
            "replica-gpus": "one replica of a model",
            "google-let-gpus": "those let to one tenant",
        },
        "GPU",
    ),
    "price of a GPU-hour": Quantity(
        "gpu-hour-value", r"hour of a .*GPU|GPU-hour|rent of a GPU", unit="USD/hour/GPU"
    ),
    "capital cost of a GPU": Quantity(
        "gpu-capital",
        r"capital cost of (computers|a GPU|one GPU)|price of a (GPU|rack)",
        {
            "gpu-capital-gb200": "one generation's, for the bill of a site; the other is of those "
            "whose rent is known, and stands beside that rent",
            "nvl72-rack-price": "72 accelerators in a rack, without the site's network",
        },
        "USD/GPU",
    ),
    "capital cost of a site": Quantity(
        "dc-capital-per-gw",
        r"capital cost of an AI data centre",
        {
            "network-capex-share": "a part of it",
            "tsmc-revenue-per-gw": "what one maker earns on it",
        },
        "USD/GW",
    ),
    "years of a GPU": Quantity("gpu-life", r"years .*\bGPU"),
    "interest on GPUs": Quantity("gpu-cost-of-capital", r"(interest|cost of capital) .*GPU"),
    "price of electricity": Quantity(
        "tn-industrial-price",
        r"price of electricity|electricity price",
        {
            "us-electricity-industrial": "the whole country, where robots work, and not the site",
            "ct-variable": "upkeep of a turbine by the energy it makes",
        },
        "USD/MWh",
    ),
    "cost of capital": Quantity(
        "cost-of-capital",
        r"cost of capital|interest on|required return|has to earn",
        {
            "gpu-cost-of-capital": "what lenders ask for GPUs, which age sooner than turbines",
            "robot-wacc": "those who buy robots: all kinds of firms",
            "capital-required-return": "those who own young robot makers",
        },
    ),
    "carbon dioxide of gas": Quantity("co2-gas", r"carbon dioxide from", unit="kg/MMBtu"),
    "price of city water": Quantity(
        "colossus1-rate", r"price of .*water", {"water-price-bar": "a rule of reading"}
    ),
    "capital in turbines": Quantity(
        "ct-capital",
        r"installed cost of (a )?combustion",
        {"spare-turbine-cost": "its twin, below"},
    ),
    "batteries bought": Quantity(
        "battery-spending",
        r"(spent on|worth|bought) .*(megapack|memphis)|batteries bought|megapacks going in",
        {
            "storage-capital": "its twin, below",
            "megapack-order-2025": "one order",
            "megapack-price": "one unit",
        },
    ),
}

# What two sections hold for one thing: first figure, second, scale from one to the other, and how
# far the middles and the ends of the two ranges may lie apart. Sections judged the ends on their
# own; a new pair, or a middle that moves, has to be put down here.
TWINS = [
    ("ct-capital", "spare-turbine-cost", 1.0, 0.0, 0.0),
    ("memphis-grid-post", "grid-tie-2024", 1.0, 0.0, 0.0),
    ("memphis-grid-newest", "grid-tie-2026", 1.0, 0.0, 0.0),
    ("models-at-once", "models-training-said", 1.0, 0.0, 0.0),
    ("lole-hours", "lole-standard", 1 / 24, 0.0, 0.0),
    ("battery-spending", "storage-capital", 1e-3, 0.005, 0.03),  # rounded
    ("battery-energy", "megapack-energy", 1.0, 0.01, 0.02),  # catalogue, and as installed
    ("ct-fixed", "spare-turbine-upkeep", 1 / 1.041, 0.005, 0.15),  # dollars of 2023 and of 2022
    ("ct-repair-time", "repair-turbine", 1.0, 0.0, 0.15),
    ("ct-forced-outage", "forced-outage-turbine", 1.0, 0.0, 0.7),  # a maker's word in the second
    ("ct-planned-outage", "planned-outage-turbine", 1.0, 0.08, 0.65),
    ("turbine-derate", "heat-loss", 1.0, 0.16, 0.01),  # middles of 0.8 and 0.68 % a degree
]


# units in which round numbers meet by chance
ROUND_UNITS = {"dimensionless", "fraction", "month", "year", "day", "hour", "minute", "delta_degC"}


def plain(unit: str) -> str:
    """A unit without price years, scaled prefixes and blanks, for a comparison."""
    return re.sub(r"_20\d\d|\bmillion\b|\bbillion\b|\bG(?=USD)| |\*", "", unit)


@pytest.fixture(scope="module")
def every():
    return {f.figure_id: f for f in data.figures().itertuples()}


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_shared_quantity_stands_in_one_figure(name, every):
    one = QUANTITIES[name]
    found = {
        i
        for i, f in every.items()
        if re.search(one.words, f.description, re.IGNORECASE)
        or (one.unit and plain(f.unit) == one.unit)
    }
    assert one.figure in found, "the words or the unit miss the quantity's own figure"
    strange = sorted(found - {one.figure} - set(one.apart))
    assert not strange, (
        f"{strange} may be {name} once more, which {one.figure} holds: read that, or say in "
        "QUANTITIES why it is another quantity"
    )


def test_figures_that_are_told_apart_exist(every):
    named = {i for q in QUANTITIES.values() for i in (q.figure, *q.apart)}
    named |= {i for first, second, *_ in TWINS for i in (first, second)}
    assert named <= set(every)


@pytest.mark.parametrize(("first", "second", "scale", "centre", "ends"), TWINS)
def test_twins_hold_the_same_numbers(first, second, scale, centre, ends, every):
    a, b = every[first], every[second]
    assert b.central == pytest.approx(scale * a.central, rel=centre + 1e-9)
    assert b.low == pytest.approx(scale * a.low, rel=ends + 1e-9)
    assert b.high == pytest.approx(scale * a.high, rel=ends + 1e-9)


def test_ranges_that_are_equal_throughout_are_named_as_twins(every):
    """Two ranges alike in all three numbers and the unit, none of them a single value."""
    seen: dict[tuple, str] = {}
    pairs = set()
    for i, f in every.items():
        key = (f.low, f.central, f.high, str(units.parse(f.unit)))
        if f.low < f.central < f.high and f.unit not in ROUND_UNITS:
            if key in seen:
                pairs.add((seen[key], i))
            seen[key] = i
    assert pairs <= {(first, second) for first, second, *_ in TWINS}
