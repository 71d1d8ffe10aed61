"""Chains of inputs: hand-made graphs, a textbook's dominators, and what must always hold."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.supply_chain import chain


def _shares(*rows):
    """Rows of (input, provider, low, high)."""
    return pd.DataFrame(rows, columns=["input_id", "provider", "low", "high"])


def _known(**inputs):
    """Exact shares: input = {provider: share}."""
    return _shares(*((i, p, v, v) for i, held in inputs.items() for p, v in held.items()))


def test_a_step_runs_at_the_rate_of_its_scarcest_input() -> None:
    graph = chain.network([("a", "goes_into", "c"), ("b", "goes_into", "c")])
    rate = chain.outputs(graph, {"a": 0.7, "b": 0.4})
    assert rate == {"a": 0.7, "b": 0.4, "c": 0.4}


def test_a_step_is_held_back_by_its_own_providers_too() -> None:
    graph = chain.network([("a", "goes_into", "c"), ("c", "goes_into", "d")])
    assert chain.outputs(graph, {"a": 0.9, "c": 0.2})["d"] == 0.2


def test_types_stand_in_for_each_other_unless_each_is_needed() -> None:
    graph = chain.network([("x", "is_type_of", "tool"), ("y", "is_type_of", "tool")])
    have = {"x": 0.3, "y": 0.8}
    assert chain.outputs(graph, have)["tool"] == 0.8
    assert chain.outputs(graph, have, each_type=True)["tool"] == 0.3
    assert chain.outputs(graph, {**have, "tool": 0.5})["tool"] == 0.5
    assert chain.outputs(graph, {**have, "tool": 0.5}, each_type=True)["tool"] == 0.3


def test_network_refuses_circles_and_other_relations() -> None:
    with pytest.raises(ValueError, match="go into each other"):
        chain.network([("a", "goes_into", "b"), ("b", "goes_into", "a")])
    with pytest.raises(ValueError, match="a relation is one of"):
        chain.network([("a", "sits_on", "b")])


def test_only_what_leads_to_the_product_is_needed() -> None:
    graph = chain.network(
        [("a", "goes_into", "c"), ("c", "goes_into", "d"), ("b", "goes_into", "c")]
    )
    assert set(chain.needed(graph, "c", without=["b"])) == {"a", "c"}
    with pytest.raises(ValueError, match="has no z"):
        chain.needed(graph, "z")


def test_what_is_left_of_known_shares() -> None:
    found = chain.left(_known(a={"P": 0.6, "Q": 0.4}, b={"Q": 1.0}), ["P"])
    assert found.loc["a"].tolist() == pytest.approx([0.4, 0.4])
    assert found.loc["b"].tolist() == [1, 1]
    assert chain.left(_known(b={"Q": 1.0}), ["Q"]).loc["b"].tolist() == [0, 0]
    assert chain.left(_shares(("a", "P", 0.8, 0.9)), ["P"]).loc["a"].tolist() == [0, 0]


def test_known_shares_are_scaled_to_one() -> None:
    found = chain.left(_known(a={"P": 0.52, "Q": 0.52}), ["P"])
    assert found.loc["a"].tolist() == pytest.approx([0.5, 0.5])
    with pytest.raises(ValueError, match="add to nothing"):
        chain.left(_known(a={"P": 0.0, "Q": 0.0}), ["P"])


def test_an_unknown_share_leaves_bounds() -> None:
    rows = _shares(("a", "P", 0.5, 0.5), ("a", "Q", np.nan, np.nan), ("a", "R", 0.2, 0.2))
    # Q holds 0 to 0.3 at most, but only what is known counts as sure
    assert chain.left(rows, ["P"]).loc["a"].tolist() == pytest.approx([0.5, 0.5])
    assert chain.left(rows, ["Q"]).loc["a"].tolist() == pytest.approx([0.7, 0.7])
    only = _shares(("a", "P", np.nan, np.nan), ("a", "Q", np.nan, np.nan))
    assert chain.left(only, ["P"]).loc["a"].tolist() == [0, 1]


def test_a_range_leaves_a_range() -> None:
    rows = _shares(("a", "P", 0.8, 0.9), ("a", "Q", 0.1, 0.2))
    assert chain.left(rows, ["P"]).loc["a"].tolist() == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize("low, high", [(-0.1, 0.5), (0.5, 1.1), (0.6, 0.5)])
def test_impossible_shares_are_refused(low, high) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        chain.left(_shares(("a", "P", low, high)), ["P"])


def test_losses_name_the_weakest_input_and_let_the_rest_grow() -> None:
    graph = chain.network([("a", "goes_into", "c"), ("b", "goes_into", "c")])
    shares = _known(a={"P": 0.6, "Q": 0.4}, b={"P": 0.2, "Q": 0.8})
    found = chain.losses(graph, shares, ["P", "Q", "R"], "c").set_index("lost")
    assert found["most"].to_dict() == pytest.approx({"P": 0.4, "Q": 0.2, "R": 1})
    assert found["weakest"].to_dict() == {"P": "a", "Q": "b", "R": ""}
    grown = chain.losses(graph, shares, ["P"], "c", growth=0.5)
    assert grown["least"].item() == pytest.approx(0.6)
    stands = chain.losses(graph, shares, ["P"], "c", unlimited={"a"})
    assert stands["most"].item() == pytest.approx(0.8)
    with pytest.raises(ValueError, match="do not shrink"):
        chain.losses(graph, shares, ["P"], "c", growth=-0.1)


def test_years_to_replace_is_the_closed_form() -> None:
    assert chain.years_to_replace(0.25, 1.0) == pytest.approx(2)
    assert chain.years_to_replace(1.0, 0.3) == 0
    assert np.isinf(chain.years_to_replace(0.0, 0.3))
    with pytest.raises(ValueError, match="growth is above zero"):
        chain.years_to_replace(0.5, 0.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        chain.years_to_replace(1.5, 0.1)


# The flow graph of Lengauer and Tarjan (1979), figure 1, and its dominator tree, figure 2.
LENGAUER = "RA RB RC AD BA BD BE CF CG DL EH FI GI GJ HE HK IK JI KI KR LH"
TREE = dict(zip("ABCDEFGHIJKL", "RRRRRCCRRGRD", strict=True))


def test_dominators_are_those_of_the_textbook_graph() -> None:
    found = chain.dominators(nx.DiGraph((a, b) for a, b in LENGAUER.split()), "R")
    assert {n: path[-2] for n, path in found.items() if n != "R"} == TREE
    assert found["J"] == ["R", "C", "G", "J"]
    with pytest.raises(ValueError, match="has no Z"):
        chain.dominators(nx.DiGraph([("a", "b")]), "Z")


def test_what_every_path_leads_through() -> None:
    edges = [("a", "m"), ("b", "m"), ("b", "n"), ("c", "n"), ("m", "e"), ("n", "e")]
    graph = chain.network([(u, "goes_into", v) for u, v in edges])
    found = chain.through(graph, "e")
    assert found.to_dict() == pytest.approx({"e": 1, "m": 1 / 3, "n": 1 / 3})


def test_cut_sets_are_the_fewest_providers_that_are_sure_to_be_enough() -> None:
    shares = pd.concat([
        _known(a={"P": 0.95, "Q": 0.05}, b={"P": 0.5, "Q": 0.45, "R": 0.05}),
        _shares(("d", "P", 0.8, 0.95), ("d", "Q", np.nan, np.nan)),
        _known(z={"P": 1.0}),
    ], ignore_index=True)  # fmt: skip
    found = chain.cut_sets(shares, ["a", "b", "d"], at_most=0.1).set_index("input_id")
    assert found["size"].to_dict() == {"a": 1, "b": 2, "d": 2}
    assert found["providers"].to_dict() == {"a": ("P",), "b": ("P", "Q"), "d": ("P", "Q")}
    assert found["remains"].to_dict() == pytest.approx({"a": 0.05, "b": 0.05, "d": 0})


@st.composite
def _worlds(draw):
    """A small chain of five inputs and random shares of three providers, some unknown."""
    rows = []
    for item in "abcd":
        weights = draw(st.lists(st.integers(0, 9), min_size=3, max_size=3))
        total = sum(weights) or 1
        for name, weight in zip("PQR", weights, strict=True):
            share = np.nan if draw(st.integers(0, 4)) == 0 else weight / total
            rows.append((item, name, share, share))
    relations = [draw(st.sampled_from(chain.RELATIONS)) for _ in range(4)]
    pairs = [("a", "c"), ("b", "c"), ("c", "e"), ("d", "e")]
    graph = chain.network([(u, r, v) for (u, v), r in zip(pairs, relations, strict=True)])
    return graph, _shares(*rows), draw(st.booleans())


@settings(max_examples=12, deadline=None)
@given(_worlds(), st.sampled_from("PQR"), st.sampled_from("PQR"))
def test_losing_more_never_raises_output(world, first, second) -> None:
    graph, shares, each = world
    for bound in ("least", "most"):
        one = chain.outputs(graph, chain.left(shares, [first])[bound].to_dict(), each)["e"]
        two = chain.outputs(graph, chain.left(shares, [first, second])[bound].to_dict(), each)["e"]
        assert -1e-12 <= two <= one + 1e-12 <= 1 + 1e-9


@settings(max_examples=12, deadline=None)
@given(_worlds(), st.sampled_from("PQR"), st.floats(0, 2))
def test_bounds_are_in_order_and_growth_never_hurts(world, lost, growth) -> None:
    graph, shares, each = world
    before = chain.losses(graph, shares, [lost], "e", each_type=each).iloc[0]
    after = chain.losses(graph, shares, [lost], "e", each_type=each, growth=growth).iloc[0]
    assert before["least"] <= before["most"] + 1e-12
    assert after["least"] >= before["least"] - 1e-12
    assert after["most"] >= before["most"] - 1e-12


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.floats(0.05, 0.9))
def test_no_smaller_set_stops_an_input(weights, at_most) -> None:
    held = np.array(weights) / sum(weights)
    found = chain.cut_sets(_known(a={f"P{i}": v for i, v in enumerate(held)}), ["a"], at_most).iloc[
        0
    ]
    fewer = np.sort(held)[::-1][: found["size"] - 1].sum()
    assert found["remains"] <= at_most + 1e-9
    assert 1 - fewer > at_most
