"""The factory as a graph: inputs, what follows from them, and what comes out.

Every step is one formula over names, so that one text is worked out in Python, checked for its
units and exported to the page. Inside are plain arrays in the unit that each step names; pint
stands at the edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aifactory.models.factory import formula

# name -> (value, unit): what a formula may use without anybody's having to give it. Conversions go
# by these names, so that pint can follow them; a bare number in a formula has no unit.
CONSTANTS: dict[str, tuple[float, str]] = {
    "kw_per_mw": (1000.0, "kW/MW"),
    "hours_per_year": (8760.0, "hour/year"),
    "seconds_per_hour": (3600.0, "second/hour"),
    "one_year": (1.0, "year"),
    "minutes_per_hour": (60.0, "minute/hour"),
    "flop_per_tflop": (1e12, "FLOP/teraFLOP"),
    "usd_2026_per_usd_2025": (1.0, "USD_2026/USD_2025"),  # a year's inflation is left out
    "million_usd_2026": (1e6, "USD_2026"),
    "mw_per_gw": (1000.0, "MW/GW"),
    "usd_per_gusd": (1e9, "USD_2025/GUSD_2025"),
    "usd_2025_per_usd_2022": (1.0, "USD_2025/USD_2022"),  # likewise
    "usd_2025_per_usd_2023": (1.0, "USD_2025/USD_2023"),
    "usd_2025_per_usd_2024": (1.0, "USD_2025/USD_2024"),
    "usd_2025_per_usd_2026": (1.0, "USD_2025/USD_2026"),
    "usd_2026_per_usd_2024": (1.0, "USD_2026/USD_2024"),
    "kg_per_megatonne": (1e9, "kg/megatonne"),
    "m3_per_kilogallon": (3.785411784, "m**3/kilogallon"),
    "flop_per_yottaflop": (1e24, "FLOP/yottaFLOP"),
    "one_robot": (1.0, "robot"),
    "job_hours": (2000.0, "hour/year"),  # of a full-time job, one shift
    "post_mw": (1200.0, "MW"),  # the post's power
    "post_households": (2e6, "household"),  # and its households
    "l_per_m3": (1000.0, "L/m**3"),
    "l_per_mg": (3_785_411.784, "L/day/MGD"),
    "hours_per_day": (24.0, "hour/day"),
    "one_chiller": (1.0, "chiller"),
    "chillers_fewest": (200.0, "chiller"),  # the post's hundreds
    "chillers_most": (999.0, "chiller"),
    "least_cycles": (2.0, "dimensionless"),  # of concentration, fewer are of no use
    "water_heat_kj": (4011.0, "kJ/m**3/delta_degC"),  # of the facility's water
    "hall_rise_k": (8.0, "delta_degC"),  # of the cool loop
}


@dataclass(frozen=True)
class Input:
    """One uncertain number that the graph starts from.

    `name` is its name in formulas, with the unit at its end; `public` the name by which readers
    set it ("power.facility_mw"). `figures` are the ids of data/figures.csv that hold it: the first
    gives its distribution, in `unit`, and a scenario sets all of them. An input without figures is
    derived: data/factory/derived_inputs.csv holds its quantiles, as chapters' models gave them.
    `least` and `most` are physical limits (a share ends at 1) at which draws are held.
    """

    name: str
    public: str
    figures: tuple[str, ...]
    unit: str
    what: str
    least: float = -np.inf
    most: float = np.inf


@dataclass(frozen=True)
class Node:
    """One step: `formula` over inputs and earlier steps gives `name`, in `unit`.

    `model` names the chapters' function that the formula restates, as "module:function", with
    `arguments` from the function's parameters to names or numbers: tests hold one to the other.
    `kind` is "step", "output" (shown to readers) or "claim" (1 where the claim holds; then `claim`,
    `part` and `edition` name the chapter's verdict that it restates). An `empirical` step is a
    fitted surface, whose units pint cannot follow.
    """

    name: str
    formula: str
    unit: str
    what: str
    source: str
    kind: str = "step"
    model: str = ""
    arguments: Mapping[str, str | float] = field(default_factory=dict)
    empirical: bool = False
    claim: str = ""
    part: str = ""
    edition: str = ""


@dataclass(frozen=True)
class Graph:
    """Inputs and steps, in an order in which each needs only what stands before it.

    Raises ValueError for a name used twice, a step that needs what is not there, or an input that
    nothing needs.
    """

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        known: set[str] = set(CONSTANTS)
        items: tuple[Input | Node, ...] = (*self.inputs, *self.nodes)
        for item in items:
            if item.name in known:
                raise ValueError(f"the graph holds {item.name!r} twice")
            if isinstance(item, Node):
                missing = [n for n in formula.names(item.formula) if n not in known]
                if missing:
                    raise ValueError(f"{item.name} needs {missing[0]!r}, which is not there before")
            known.add(item.name)
        used = {n for node in self.nodes for n in formula.names(node.formula)}
        idle = [i.name for i in self.inputs if i.name not in used]
        if idle:
            raise ValueError(f"nothing needs the input {idle[0]!r}")

    def node(self, name: str) -> Node:
        """A step by its name. Raises KeyError."""
        return {n.name: n for n in self.nodes}[name]

    def of_kind(self, kind: str) -> list[Node]:
        """Steps of one kind, in order."""
        return [n for n in self.nodes if n.kind == kind]

    def evaluate(
        self, values: Mapping[str, np.ndarray], wanted: Iterable[str] | None = None
    ) -> dict[str, np.ndarray]:
        """All steps, or those `wanted`, for arrays (draws,) of every input; name -> (draws,).

        Raises ValueError for an input that is missing.
        """
        missing = [i.name for i in self.inputs if i.name not in values]
        if missing:
            raise ValueError(f"the graph needs a value of {missing[0]!r}")
        known: dict[str, Any] = {name: np.float64(v) for name, (v, _) in CONSTANTS.items()}
        known |= {i.name: np.asarray(values[i.name], dtype=float) for i in self.inputs}
        needed = self.upstream(wanted) if wanted is not None else {n.name for n in self.nodes}
        for node in self.nodes:
            if node.name in needed:
                here = {n: known[n] for n in formula.names(node.formula)}
                known[node.name] = formula.evaluate(node.formula, here)
        keep = set(wanted) if wanted is not None else needed
        return {n.name: known[n.name] for n in self.nodes if n.name in keep}

    def upstream(self, wanted: Iterable[str]) -> set[str]:
        """Names of all that the steps `wanted` need, themselves included."""
        needed = set(wanted)
        for node in reversed(self.nodes):
            if node.name in needed:
                needed |= set(formula.names(node.formula))
        return needed
