"""Which wait is longest: a site's racks, memory, cooling and power in one project.

Lead times are drawn from statements by beta-PERT (Malcolm et al. 1959, doi:10.1287/opre.7.5.646);
the project is the network of activities of `power.critical_path`, to which racks and cooling are
added. The criticality index of an activity is the probability that it lies on the critical path
(Van Slyke 1963, doi:10.1287/opre.11.5.839). Times are in months, arrays have one value a draw.
"""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np
import pandas as pd

from aifactory.models.power import critical_path
from aifactory.uncertainty import pert

WEEKS_PER_MONTH = 365.25 / 12 / 7

# What the racks of a site wait for, beside what its power and buildings wait for.
RACKS: dict[str, tuple[str, ...]] = {
    "slot": (),
    "memory": (),
    "rack": ("slot", "memory"),
    "cooling": (),
}
CHAIN_OF = {
    **critical_path.CHAIN_OF,
    "slot": "accelerators and racks",
    "rack": "accelerators and racks",
    "memory": "memory",
    "cooling": "cooling",
}


def pert_moments(low: float, mode: float, high: float) -> tuple[float, float]:
    """Mean and variance that PERT takes for an activity: (a + 4 m + b)/6 and ((b - a)/6)^2.

    Raises ValueError where the three are not in order.
    """
    if not low <= mode <= high:
        raise ValueError(f"a PERT activity needs low <= mode <= high, got {low}, {mode}, {high}")
    return (low + 4 * mode + high) / 6, ((high - low) / 6) ** 2


def drawn(rows: pd.DataFrame, pick: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Draws from several statements that count alike, each read as beta-PERT.

    `rows` has columns low, central, high; `pick` and `at` hold uniform numbers in [0, 1), one pair
    a draw: which row, and where in it. Raises ValueError without a row.
    """
    if rows.empty:
        raise ValueError("nothing to draw from: no statement of a lead time")
    which = np.minimum((np.asarray(pick) * len(rows)).astype(int), len(rows) - 1)
    out = np.empty(len(which))
    for i, row in enumerate(rows.itertuples()):
        chosen = which == i
        out[chosen] = pert(row.low, row.central, row.high).ppf(np.asarray(at)[chosen])
    return out


def site(route: str) -> nx.DiGraph:
    """The project of a site whose power comes by one of the routes of `critical_path`.

    It is done when power, building, racks and cooling are. Raises KeyError for another route.
    """
    after = {**critical_path.ROUTES[route], **RACKS}
    after["done"] = (*after["done"], "rack", "cooling")
    return critical_path.network(after)


def poles(graph: nx.DiGraph, months: Mapping[str, np.ndarray]) -> pd.Series:
    """Probability that a chain holds most months of the critical path, by chain."""
    own = {a: c for a, c in CHAIN_OF.items() if a in graph}
    longest = critical_path.longest_pole(graph, months, own).idxmax(axis=1)
    return longest.value_counts(normalize=True).reindex(dict.fromkeys(own.values()), fill_value=0.0)


def criticality(graph: nx.DiGraph, months: Mapping[str, np.ndarray]) -> pd.Series:
    """Criticality index by activity: the share of draws in which it is on the critical path."""
    on = critical_path.critical(graph, months)
    return pd.Series({a: float(np.mean(v)) for a, v in on.items() if a in CHAIN_OF})


def output_lost(
    lost: np.ndarray | float, recover: np.ndarray | float, ramp: np.ndarray | float
) -> np.ndarray:
    """Months of the whole world's output that a lost link costs: lost x (recover + ramp/2).

    The area between full and actual output (Bruneau et al. 2003, doi:10.1193/1.1623497), where the
    share `lost` is gone for `recover` months and comes back in a straight line over `ramp`. Raises
    ValueError for shares outside 0 to 1 or times below zero.
    """
    share, gone, back = (np.asarray(v, dtype=float) for v in (lost, recover, ramp))
    if not ((share >= 0) & (share <= 1)).all() or not ((gone >= 0).all() and (back >= 0).all()):
        raise ValueError("a share lies between 0 and 1, and times are not below zero")
    return share * (gone + back / 2)


def chance_of_most(values: pd.DataFrame) -> pd.Series:
    """Probability that a column holds the largest value of a draw; ties are shared."""
    top = values.eq(values.max(axis=1), axis=0)
    return top.div(top.sum(axis=1), axis=0).mean()
