"""What a site waits for longest: pooled lead times and a critical path of activities.

Durations and waits are in months. A project is a directed acyclic graph of activities, each
starting when the last of its predecessors has finished (Kelley and Walker 1959); its duration is
the longest path. Durations may be single numbers or arrays of draws, shape (draws,).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pandas as pd
from scipy import optimize

from aifactory.uncertainty import Z95

Months = float | np.ndarray

# Least variance within an origin: keeps the covariance invertible where rows agree exactly.
_FLOOR = 1e-8


# -- lead times -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeadTimes:
    """Pooled lead times, in logarithms of months.

    `items` has one row an item: log_mean (at the average kind of figure), se (standard error of
    that mean), spread (standard deviation of projects about the mean, sources and ranges included),
    rows, origins. `kinds` has one row a kind beside the first: effect on the log wait, and its
    standard error. `origin_sd` and `row_sd` are the standard deviations between and within origins.
    """

    items: pd.DataFrame
    kinds: pd.DataFrame
    origin_sd: float
    row_sd: float

    def sd(self) -> pd.Series:
        """Predictive standard deviation of the log wait of one new project, by item."""
        return np.hypot(self.items["se"], self.items["spread"])

    def months(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Waits in months from standard normal scores, one column an item, shape kept."""
        mean, sd = self.items["log_mean"], self.sd()
        return pd.DataFrame({k: np.exp(mean[k] + sd[k] * scores[k]) for k in scores.columns})

    def quantiles(self, probabilities: Sequence[float] = (0.05, 0.5, 0.95)) -> pd.DataFrame:
        """Predictive quantiles in months: one row an item, one column a probability."""
        from scipy.stats import norm

        mean, sd = self.items["log_mean"], self.sd()
        return pd.DataFrame({p: np.exp(mean + sd * norm.ppf(p)) for p in probabilities})


def pool(rows: pd.DataFrame) -> LeadTimes:
    """Pool stated and measured waits: item and kind as fixed effects, origin as a random one.

    `rows` has columns item, kind, origin, low, central, high (months; low and high may be missing).
    The linear mixed model log(central) = item + kind + origin + error is fitted by restricted
    maximum likelihood (Patterson and Thompson 1971) and read at the average over kinds, so that no
    kind of figure speaks for an item. A range within a row is read as 5-95 % of projects, and its
    median width is added to the spread between rows. Raises ValueError for a wait that is not
    positive or an empty frame.
    """
    if rows.empty or not (rows["central"] > 0).all():
        raise ValueError("pooling needs at least one row, and waits above zero")
    y = np.log(rows["central"].to_numpy(float))
    items, kinds = pd.unique(rows["item"]), pd.unique(rows["kind"])
    x = np.column_stack(
        [rows["item"] == i for i in items] + [rows["kind"] == k for k in kinds[1:]]
    ).astype(float)
    origin = pd.factorize(rows["origin"])[0]
    shared = (origin[:, None] == origin[None, :]).astype(float)
    between, within = _reml(y, x, shared)
    beta, cov = _gls(y, x, between * shared + within * np.eye(len(y)))

    # Read every item at the average over kinds (a marginal mean).
    contrast = np.zeros((len(items), x.shape[1]))
    contrast[:, : len(items)] = np.eye(len(items))
    contrast[:, len(items) :] = 1 / len(kinds)
    se = np.sqrt(np.einsum("ij,jk,ik->i", contrast, cov, contrast))
    inside = _range_sd(rows)
    frame = pd.DataFrame(
        {
            "log_mean": contrast @ beta,
            "se": se,
            "spread": math.sqrt(between + within + inside**2),
            "rows": [int((rows["item"] == i).sum()) for i in items],
            "origins": [int(rows.loc[rows["item"] == i, "origin"].nunique()) for i in items],
        },
        index=pd.Index(items, name="item"),
    )
    effects = pd.DataFrame(
        {"effect": beta[len(items) :], "se": np.sqrt(np.diag(cov)[len(items) :])},
        index=pd.Index(kinds[1:], name="kind"),
    )
    return LeadTimes(frame, effects, math.sqrt(between), math.sqrt(within))


def _range_sd(rows: pd.DataFrame) -> float:
    """Median standard deviation of log waits inside the rows that give a range; 0 without any."""
    stated = rows.dropna(subset=["low", "high"])
    if stated.empty:
        return 0.0
    return float(np.median(np.log(stated["high"] / stated["low"])) / (2 * Z95))


def _gls(y: np.ndarray, x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Generalised least squares: coefficients and their covariance."""
    vx = np.linalg.solve(v, x)
    cov = np.linalg.inv(x.T @ vx)
    return cov @ (vx.T @ y), cov


def _reml(y: np.ndarray, x: np.ndarray, shared: np.ndarray) -> tuple[float, float]:
    """Variances between and within groups that maximise the restricted likelihood.

    `shared` is 1 where two rows have the same origin. Searched in standard deviations, so that
    neither variance can be negative.
    """

    def loss(sds: np.ndarray) -> float:
        v = sds[0] ** 2 * shared + (sds[1] ** 2 + _FLOOR) * np.eye(len(y))
        beta, cov = _gls(y, x, v)
        r = y - x @ beta
        return float(
            np.linalg.slogdet(v)[1] - np.linalg.slogdet(cov)[1] + r @ np.linalg.solve(v, r)
        )

    found = optimize.minimize(loss, np.array([0.3, 0.3]), method="Nelder-Mead", tol=1e-9)
    between, within = found.x**2
    return float(between), float(within) + _FLOOR


def correlate(scores: pd.DataFrame, together: Iterable[str], rho: float) -> pd.DataFrame:
    """Give the columns `together` a common correlation `rho`, through one more column `market`.

    `scores` holds independent standard normal scores, `market` among them; the columns named come
    back as sqrt(rho) market + sqrt(1 - rho) own, still standard normal. Raises ValueError for rho
    outside 0 to 1.
    """
    if not 0 <= rho <= 1:
        raise ValueError(f"a common correlation lies between 0 and 1, got {rho}")
    out = scores.drop(columns="market").copy()
    for name in together:
        out[name] = math.sqrt(rho) * scores["market"] + math.sqrt(1 - rho) * scores[name]
    return out


# -- networks -------------------------------------------------------------------------------------


def network(after: Mapping[str, Sequence[str]]) -> nx.DiGraph:
    """A project from each activity's predecessors. Raises ValueError where they run in a circle."""
    graph = nx.DiGraph()
    graph.add_nodes_from(after)
    graph.add_edges_from((p, a) for a, before in after.items() for p in before)
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"activities wait for each other: {nx.find_cycle(graph)}")
    return graph


def finish_times(graph: nx.DiGraph, months: Mapping[str, Months]) -> dict[str, np.ndarray]:
    """When each activity ends, months after the decision: the forward pass.

    `months` gives durations, an array of draws each or one number; an activity that it lacks takes
    no time (a milestone). Raises ValueError for a negative duration.
    """
    found: dict[str, np.ndarray] = {}
    for activity in nx.topological_sort(graph):
        own = np.asarray(months.get(activity, 0.0), dtype=float)
        if (own < 0).any():
            raise ValueError(f"{activity} takes a negative time")
        before = [found[p] for p in graph.predecessors(activity)]
        start = np.maximum.reduce(np.broadcast_arrays(*before)) if before else 0.0
        found[activity] = start + own
    return found


def critical(
    graph: nx.DiGraph, months: Mapping[str, Months], end: str = "done"
) -> dict[str, np.ndarray]:
    """Whether each activity lies on the critical path to `end`, draw by draw: the backward trace.

    Returns booleans, one array of draws an activity; where two paths tie, both are critical.
    """
    done = finish_times(graph, months)
    draws = np.shape(done[end])
    on = {a: np.zeros(draws, dtype=bool) for a in graph}
    on[end] = np.ones(draws, dtype=bool)
    for activity in reversed(list(nx.topological_sort(graph))):
        before = list(graph.predecessors(activity))
        if not before:
            continue
        start = np.maximum.reduce(np.broadcast_arrays(*(done[p] for p in before)))
        for p in before:
            on[p] = on[p] | (on[activity] & (done[p] >= start))
    return on


def longest_pole(
    graph: nx.DiGraph,
    months: Mapping[str, Months],
    chain_of: Mapping[str, str],
    end: str = "done",
) -> pd.DataFrame:
    """Months that each chain holds on the critical path, shape (draws, chains).

    `chain_of` names the chain of an activity. The longest pole of a draw is the chain with most
    months there, `frame.idxmax(axis=1)`.
    """
    on = critical(graph, months, end)
    chains = list(dict.fromkeys(chain_of.values()))
    held = {c: np.zeros(np.shape(on[end])) for c in chains}
    for activity, chain in chain_of.items():
        if activity in graph:
            held[chain] = held[chain] + on[activity] * np.asarray(months[activity], dtype=float)
    return pd.DataFrame({c: np.atleast_1d(h) for c, h in held.items()})


def gain(
    graph: nx.DiGraph,
    months: Mapping[str, Months],
    activities: Iterable[str],
    end: str = "done",
) -> np.ndarray:
    """Months the project would save if `activities` took no time: their shadow value in time."""
    freed = {**months, **dict.fromkeys(activities, 0.0)}
    return finish_times(graph, months)[end] - finish_times(graph, freed)[end]


def paths(graph: nx.DiGraph, end: str = "done") -> list[list[str]]:
    """Every chain of activities from a start to `end`, in a fixed order.

    The project's duration is the largest sum of durations over them, which is how a page without
    Python can work it out.
    """
    starts = sorted(a for a in graph if graph.in_degree(a) == 0 and a != end)
    return sorted(p for s in starts for p in nx.all_simple_paths(graph, s, end))


# -- the routes to power --------------------------------------------------------------------------

_SITE = {"land_purchase": (), "zoning": ("land_purchase",), "building": ("zoning",)}
_GEAR = {
    "step_up": (),
    "breaker": (),
    "switchgear": (),
    "substation": ("step_up", "breaker", "switchgear", "zoning"),
}
_PLANT = {"air_permit": ("land_purchase",), "gas_lateral": ("land_purchase",)}
_END = {"done": ("power", "building")}

# What each activity waits for. Equipment is ordered on the day of the decision; a utility, a permit
# office and a gas company need a site to look at; erection needs land that may be built on.
ROUTES: dict[str, dict[str, tuple[str, ...]]] = {
    "Grid only": {
        **_SITE,
        **_GEAR,
        "grid": ("land_purchase",),
        "power": ("grid", "substation"),
        **_END,
    },
    "Own large plant": {
        **_SITE,
        **_GEAR,
        **_PLANT,
        "turbine_heavy": (),
        "erection_heavy": ("turbine_heavy", "air_permit", "zoning"),
        "power": ("erection_heavy", "gas_lateral", "substation"),
        **_END,
    },
    "Hybrid": {
        **_SITE,
        **_GEAR,
        **_PLANT,
        "turbine_small": (),
        "grid_partial": ("land_purchase",),
        "erection_small": ("turbine_small", "air_permit", "zoning"),
        "power": ("erection_small", "gas_lateral", "grid_partial", "substation"),
        **_END,
    },
    "Mobile turbines": {
        **_SITE,
        "gas_lateral": ("land_purchase",),
        "turbine_mobile": (),
        "ramp": ("turbine_mobile", "gas_lateral"),
        "power": ("ramp",),
        **_END,
    },
}

CHAIN_OF = {
    "land_purchase": "land",
    "zoning": "land",
    "building": "building",
    "grid": "grid",
    "grid_partial": "grid",
    "step_up": "transformers",
    "breaker": "transformers",
    "switchgear": "transformers",
    "substation": "transformers",
    "turbine_heavy": "turbines",
    "erection_heavy": "turbines",
    "turbine_small": "turbines",
    "erection_small": "turbines",
    "turbine_mobile": "turbines",
    "ramp": "turbines",
    "gas_lateral": "gas line",
    "air_permit": "air permit",
}
ELECTRICITY = tuple(a for a, c in CHAIN_OF.items() if c not in ("land", "building"))


def readiness(graph: nx.DiGraph, months: Mapping[str, Months]) -> pd.DataFrame:
    """When land, building, power and the whole site are ready, and the margin of power over land.

    One row a draw, months after the decision: land (bought and zoned), building, power, done; then
    power_alone, the wait for power on a site that is there and zoned on the first day, and
    margin = power_alone - land. Lead times are compared each on its own: in the project itself,
    erection waits for land, and a late site would look like late power.
    """
    ends = finish_times(graph, months)
    alone = finish_times(graph, {**months, "land_purchase": 0.0, "zoning": 0.0})["power"]
    frame = pd.DataFrame(
        {
            "land": np.atleast_1d(ends["zoning"]),
            "building": np.atleast_1d(ends["building"]),
            "power": np.atleast_1d(ends["power"]),
            "done": np.atleast_1d(ends["done"]),
            "power_alone": np.atleast_1d(alone),
        }
    )
    return frame.assign(margin=frame["power_alone"] - frame["land"])


def path_table(
    routes: Mapping[str, nx.DiGraph],
    months: Mapping[str, float],
    scaled: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Every path of every route as one linear sum, for a page that recomputes it.

    `months` gives one duration an activity; `scaled` maps a slider to the activities whose
    durations it multiplies. Returns one row a path: route, longest (the activity that holds most of
    it), to_power (whether it runs through power rather than the building), fixed (months that no
    slider touches) and one column a slider. The project's duration is the largest of
    fixed + sum of slider x column over its paths.
    """
    rows: list[dict[str, object]] = []
    for route, graph in routes.items():
        for path in paths(graph):
            own = {a: float(months.get(a, 0.0)) for a in path}
            by_slider = {s: sum(own.get(a, 0.0) for a in acts) for s, acts in scaled.items()}
            rows.append(
                {
                    "route": route,
                    "longest": max(path, key=own.__getitem__),
                    "to_power": "power" in path,
                    "fixed": sum(own.values()) - sum(by_slider.values()),
                    **by_slider,
                }
            )
    return pd.DataFrame(rows)


# -- all routes at once ---------------------------------------------------------------------------

GRAPHS = {route: network(after) for route, after in ROUTES.items()}
EQUIPMENT = ("turbine_heavy", "turbine_small", "transformer", "step_up", "breaker", "switchgear")


def durations(
    pooled: LeadTimes, scores: pd.DataFrame, single: Mapping[str, np.ndarray], rho: float
) -> pd.DataFrame:
    """Durations of all activities in months, one row a draw.

    `scores` are independent standard normal scores of the pooled items and of `market`, `single`
    the durations that have no lead-time rows. Waits for electrical equipment share the correlation
    `rho`. The grid connection is that of a large load in the US.
    """
    months = pooled.months(correlate(scores, EQUIPMENT, rho))
    return months.assign(grid=months["grid_us"], **single)


def ready(months: Mapping[str, Months]) -> dict[str, pd.DataFrame]:
    """`readiness` on every route."""
    return {route: readiness(graph, months) for route, graph in GRAPHS.items()}


def chances(months: Mapping[str, Months], clear: float) -> pd.Series:
    """Share of draws with a margin of at least `clear` months, by route."""
    return pd.Series({r: float((f["margin"] >= clear).mean()) for r, f in ready(months).items()})


def poles(months: Mapping[str, Months]) -> pd.DataFrame:
    """Probability that a chain is the longest pole: one row a route and chain, with its share."""
    shares = {}
    for route, graph in GRAPHS.items():
        own = {a: c for a, c in CHAIN_OF.items() if a in graph}
        longest = longest_pole(graph, months, own).idxmax(axis=1)
        shares[route] = longest.value_counts(normalize=True).reindex(dict.fromkeys(own.values()))
    wide = pd.DataFrame(shares).fillna(0.0).rename_axis("chain").reset_index()
    return wide.melt("chain", var_name="route", value_name="share")


def gains(months: Mapping[str, Months], groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Mean months saved if a group of activities took no time: routes by groups."""
    return pd.DataFrame(
        {
            name: {route: gain(graph, months, acts).mean() for route, graph in GRAPHS.items()}
            for name, acts in groups.items()
        }
    )


def scaled_chances(
    months: Mapping[str, Months], scales: Sequence[float], clear: float
) -> pd.DataFrame:
    """Chance and median margin with all electrical waits scaled: one row a route and scale."""
    rows = []
    for scale in scales:
        changed = {**months, **{a: scale * months[a] for a in ELECTRICITY}}
        for route, found in ready(changed).items():
            held = float((found["margin"] >= clear).mean())
            middle = float(found["margin"].median())
            rows.append({"route": route, "scale": scale, "chance": held, "margin": middle})
    return pd.DataFrame(rows)
