"""A chain of inputs as a graph: what is left of its product when a country or a firm is lost.

A step needs all of its inputs (AND); an input comes from any of its providers (OR). Steps take
their inputs in fixed proportions (Leontief 1936, doi:10.2307/1927837), so that a step runs at the
rate of its scarcest input. Shares lie between 0 and 1; where a share is only bounded or unknown,
so is the result.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import networkx as nx
import numpy as np
import pandas as pd

RELATIONS = ("goes_into", "is_type_of")


def network(edges: Iterable[tuple[str, str, str]]) -> nx.DiGraph:
    """The graph of (input, relation, target) rows, from input to product.

    Raises ValueError for a relation that is neither goes_into nor is_type_of, or for a circle.
    """
    graph = nx.DiGraph()
    for item, relation, target in edges:
        if relation not in RELATIONS:
            raise ValueError(f"{item} to {target}: a relation is one of {RELATIONS}")
        graph.add_edge(item, target, relation=relation)
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"inputs go into each other: {nx.find_cycle(graph)}")
    return graph


def needed(graph: nx.DiGraph, end: str, without: Collection[str] = ()) -> nx.DiGraph:
    """The part of the graph that leads to `end`, less the nodes in `without`.

    Raises ValueError where the graph has no `end`.
    """
    if end not in graph:
        raise ValueError(f"the chain has no {end}")
    kept = graph.subgraph(set(graph) - set(without))
    return kept.subgraph(nx.ancestors(kept, end) | {end}).copy()


def _scaled(shares: pd.DataFrame) -> pd.DataFrame:
    """Columns input_id, low, high with unknown shares as 0 to 1, and sums of an input mended."""
    low, high = shares["low"].astype(float), shares["high"].astype(float)
    known = low.notna() & high.notna()
    if not ((low[known] >= 0) & (high[known] <= 1) & (low[known] <= high[known])).all():
        raise ValueError("shares lie between 0 and 1, low at most high")
    rows = pd.DataFrame(
        {"input_id": shares["input_id"], "low": low.fillna(0), "high": high, "known": known}
    )
    exact = (known & (low == high)).groupby(rows["input_id"]).transform("all")
    total = rows.groupby("input_id")["low"].transform("sum")
    if (exact & (total == 0)).any():
        raise ValueError("the shares of an input add to nothing")
    scale = np.where(exact | (total > 1), total, 1.0)
    rows["low"], rows["high"] = rows["low"] / scale, (rows["high"].fillna(1) / scale).clip(upper=1)
    return rows[["input_id", "low", "high"]]


def left(shares: pd.DataFrame, lost: Collection[str], by: str = "provider") -> pd.DataFrame:
    """What is left of each input when providers are lost: hard bounds.

    `shares` has one row a provider of an input: input_id, `by` (what is lost is looked up there),
    low and high (bounds of its share; both missing where it provides and the share is unknown).
    Shares of an input add to one: known sums above one, or of inputs without an unknown share, are
    scaled to it. Returns columns least and most, one row an input. Raises ValueError for shares
    outside 0 to 1, low above high, or known shares that are all 0.
    """
    rows = _scaled(shares)
    gone = shares[by].isin(set(lost)).to_numpy()
    sums = rows.assign(n=1.0).set_index("input_id")
    out, kept = (sums[m].groupby(level=0, sort=False).sum() for m in (gone, ~gone))
    names = rows["input_id"].unique()
    out, kept = out.reindex(names, fill_value=0.0), kept.reindex(names, fill_value=0.0)
    found = pd.DataFrame(
        {
            "least": np.maximum(kept["low"], 1 - out["high"]).clip(0, 1),
            "most": np.minimum(kept["high"], 1 - out["low"]).clip(0, 1),
        }
    )
    found[out["n"] == 0] = 1.0
    found[kept["n"] == 0] = 0.0
    return found


def outputs(
    graph: nx.DiGraph, have: Mapping[str, float], each_type: bool = False
) -> dict[str, float]:
    """Rate at which each input can be had, 1 before any loss: the forward pass.

    `have` is what is left of an input at its own providers; an input that it lacks has no limit of
    its own. A step runs at the least of that and of the rates of all that goes into it. Types of an
    input stand in for each other, so that an input without shares of its own has the best rate of
    its types; with `each_type` all types are needed.
    """
    rate: dict[str, float] = {}
    for node in nx.topological_sort(graph):
        goes: list[float] = []
        types: list[float] = []
        for item in graph.predecessors(node):
            kind = graph.edges[item, node]["relation"]
            (goes if kind == "goes_into" else types).append(rate[item])
        limits = [float(have.get(node, 1.0)), *goes]
        if types and each_type:
            limits += types
        elif types and node not in have:
            limits.append(max(types))
        rate[node] = min(limits)
    return rate


def losses(
    graph: nx.DiGraph,
    shares: pd.DataFrame,
    lost: Iterable[str],
    end: str,
    by: str = "provider",
    unlimited: Collection[str] = (),
    each_type: bool = False,
    growth: float = 0.0,
) -> pd.DataFrame:
    """Output of the chain with each of `lost` removed in turn, one row each.

    Columns: least, most (bounds of the rate of `end`), weakest (the input that sets the upper
    bound). Inputs in `unlimited` keep running (tools that stand already). Providers that are left
    grow by `growth` (0.5: half as much again), the substitution. Raises ValueError for a growth
    below zero.
    """
    if growth < 0:
        raise ValueError(f"those who are left do not shrink, got {growth}")
    rows = []
    for name in lost:
        own = left(shares, [name], by)
        own = own[own.index.isin(set(graph) - set(unlimited))]
        own = (own * (1 + growth)).clip(upper=1)
        ends = {k: outputs(graph, own[k].to_dict(), each_type)[end] for k in ("least", "most")}
        weak = own.loc[np.isclose(own["most"], ends["most"])].index
        rows.append({"lost": name, **ends, "weakest": weak[0] if ends["most"] < 1 else ""})
    return pd.DataFrame(rows)


def years_to_replace(kept: float | np.ndarray, growth: float | np.ndarray) -> np.ndarray:
    """Years until those who are left make what all made, growing by `growth` a year.

    log(1 / kept) / log(1 + growth); infinite where nothing is left. Raises ValueError for shares
    outside 0 to 1 or a growth that is not above zero.
    """
    share, rate = np.asarray(kept, dtype=float), np.asarray(growth, dtype=float)
    if not ((share >= 0) & (share <= 1)).all() or not (rate > 0).all():
        raise ValueError("a share lies between 0 and 1, and growth is above zero")
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(share) / np.log1p(rate) + 0.0)


def dominators(graph: nx.DiGraph, root: str) -> dict[str, list[str]]:
    """For each node that `root` reaches, the nodes on every path from `root` to it, in order.

    The immediate dominators of Lengauer and Tarjan (1979, doi:10.1145/357062.357071), followed up
    to the root; a node is the last of its own list. Raises ValueError for a root that is missing.
    """
    if root not in graph:
        raise ValueError(f"the graph has no {root}")
    above = nx.immediate_dominators(graph, root)
    found: dict[str, list[str]] = {}
    for node in above:
        chain = [node]
        while chain[-1] != root:
            chain.append(above[chain[-1]])
        found[node] = chain[::-1]
    return found


def through(graph: nx.DiGraph, end: str) -> pd.Series:
    """Share of the raw inputs whose every path to `end` leads through a node, by node.

    Raw inputs are nodes that nothing goes into. A node lies on every path from an input to the end
    if it dominates the input in the graph turned round.
    """
    paths = dominators(graph.reverse(copy=True), end)
    raw = [n for n in paths if graph.in_degree(n) == 0]
    passed = pd.Series([n for r in raw for n in paths[r] if n != r])
    return passed.value_counts() / len(raw)


def cut_sets(
    shares: pd.DataFrame, inputs: Collection[str], at_most: float, by: str = "provider"
) -> pd.DataFrame:
    """The fewest providers whose loss is sure to leave at most `at_most` of an input, by input.

    With fixed proportions one input stops the chain, so that the smallest cut set of the chain is
    the smallest of these (Vesely et al. 1981), and the worst loss of k providers is that of the k
    largest of a single input: no search is needed. A provider counts with the lower bound of its
    share, unknown as nothing; the loss of all leaves nothing. Columns: input_id, size, providers
    (tuple, largest first), remains.
    """
    rows = []
    for item, group in _scaled(shares[shares["input_id"].isin(set(inputs))]).groupby("input_id"):
        held = group.groupby(shares[by])["low"].sum().sort_values(ascending=False, kind="stable")
        remains = np.maximum(1 - held.cumsum().to_numpy(), 0)
        remains[-1] = 0
        size = int(np.argmax(remains <= at_most + 1e-12)) + 1
        rows.append((item, size, tuple(held.index[:size]), float(remains[size - 1])))
    return pd.DataFrame(rows, columns=["input_id", "size", "providers", "remains"])
