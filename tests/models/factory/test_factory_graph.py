"""Formulas, the graph, surfaces and pictures: their rules, whatever the factory holds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.models.factory import emulator, flows, formula
from aifactory.models.factory.graph import Graph, Input, Node

POSITIVE = st.floats(0.1, 50, allow_nan=False)


def an_input(name, **more):
    return Input(name, f"part.{name}", ("f",), "MW", "something", **more)


def a_node(name, text, **more):
    return Node(name, text, "MW", "something", "somewhere", **more)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2 - c / 4", 1 + 2 * 2 - 4 / 4),
        ("-a ** 2", -1.0),
        ("(a + b) ** 0.5", math.sqrt(3)),
        ("exp(log(b)) + sqrt(c)", 4.0),
        ("minimum(b, c) - maximum(b, c) + ceil(0.2)", -1.0),
        ("where((a < b) & (c > b), 7.0, 8.0)", 7.0),
        ("where((a >= b) | (c <= b), 7.0, 8.0)", 8.0),
        ("a < b", 1.0),
        ("2.0 * (a < b) + (c < b)", 2.0),
    ],
)
def test_a_formula_is_what_it_says(text, value):
    values = {"a": np.array([1.0]), "b": np.array([2.0]), "c": np.array([4.0])}
    assert formula.evaluate(text, values) == pytest.approx([value])
    assert float(formula.walk(text, {k: v[0] for k, v in values.items()})) == pytest.approx(value)


@given(a=POSITIVE, b=POSITIVE)
def test_numexpr_and_python_agree(a, b):
    text = "where(a < b, log(a + 1.0) * b ** 1.5, minimum(a, 3.0) / sqrt(b)) - exp(-a)"
    found = formula.evaluate(text, {"a": np.array([a]), "b": np.array([b])})[0]
    assert found == pytest.approx(float(formula.walk(text, {"a": a, "b": b})), rel=1e-12)


def test_vega_gets_prefixed_names_and_its_own_words():
    assert formula.for_vega("a ** 2") == "pow(datum.a, 2)"
    assert formula.for_vega("minimum(a, b)", "") == "min(a, b)"
    assert formula.for_vega("where(a < 1.5, a, -b)") == "((datum.a < 1.5) ? datum.a : (-datum.b))"
    assert formula.for_vega("(a < 1.0) & (b > 2.0)", "") == "((a < 1.0) && (b > 2.0))"


@pytest.mark.parametrize(
    "text",
    ["a +", "__import__('os')", "a.b", "a[0]", "lambda: 1", "print(a)", "a < b < c", "exp(a, x=1)",
     "'text'", "True", "a if b else c", "minimum(a, b, c, a)"],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match=r"no formula|no formula may|not one of"):
        formula.names(text)


def test_names_come_once_in_order():
    assert formula.names("exp(b) * a + b") in (("b", "a"), ("a", "b"))
    assert set(formula.names("minimum(a_mw, 2.0) / kw_per_mw")) == {"a_mw", "kw_per_mw"}


def test_a_graph_is_worked_out_in_order_and_only_as_far_as_wanted():
    graph = Graph(
        (an_input("a"), an_input("b")),
        (a_node("c", "a + b"), a_node("d", "c * 2.0", kind="output"), a_node("e", "c < 4.0")),
    )
    found = graph.evaluate({"a": np.array([1.0, 2]), "b": np.array([1.0, 3])})
    assert {k: v.tolist() for k, v in found.items()} == {"c": [2, 5], "d": [4, 10], "e": [1, 0]}
    assert list(graph.evaluate({"a": np.ones(1), "b": np.ones(1)}, ["d"])) == ["d"]
    assert graph.upstream(["d"]) == {"a", "b", "c", "d"}
    assert [n.name for n in graph.of_kind("output")] == ["d"]
    with pytest.raises(ValueError, match="needs a value of 'b'"):
        graph.evaluate({"a": np.ones(1)})


@pytest.mark.parametrize(
    ("inputs", "nodes", "told"),
    [
        ((an_input("a"),), (a_node("b", "a"), a_node("b", "a")), "'b' twice"),
        ((an_input("a"),), (a_node("b", "a + c"), a_node("c", "a")), "b needs 'c'"),
        ((an_input("a"), an_input("x")), (a_node("b", "a"),), "nothing needs the input 'x'"),
        ((an_input("kw_per_mw"),), (), "'kw_per_mw' twice"),
    ],
)
def test_a_graph_that_does_not_hold_together_is_refused(inputs, nodes, told):
    with pytest.raises(ValueError, match=told):
        Graph(inputs, nodes)


# -- surfaces --------------------------------------------------------------------------------------


def design(n=60, seed=1):
    return np.random.default_rng(seed).uniform([1, 10], [2, 30], (n, 2))


def test_a_surface_of_a_polynomial_is_that_polynomial():
    def model(x):
        return 3 + x[:, 0] * x[:, 1] - 0.1 * x[:, 1] ** 2

    found = emulator.fit(("a", "b"), design(), model(design()), degree=2, log=False)
    new = design(seed=2)
    inside = np.clip(new, found.low, found.high)
    assert found(new) == pytest.approx(model(inside), rel=1e-9)
    assert found.residuals(inside, model(inside)) == pytest.approx(0, abs=1e-9)


def test_a_surface_in_logarithms_and_its_steps_agree():
    surface = emulator.fit(("a", "b"), design(), np.exp(design()[:, 0]) * design()[:, 1] ** 1.3, 3)
    steps = emulator.nodes(surface, "s", "MW", "something", "somewhere")
    error = Input("error_s", "s.error", (), "dimensionless", "error")
    graph = Graph((an_input("a"), an_input("b"), error), steps)
    x = np.random.default_rng(3).uniform([0.5, 5], [3, 40], (200, 2))  # beyond the box too
    values = {"a": x[:, 0], "b": x[:, 1], "error_s": np.full(200, 0.1)}
    assert graph.evaluate(values, ["s"])["s"] == pytest.approx(surface(x) * np.exp(0.1), rel=1e-12)


def test_a_surface_needs_runs_and_positive_results():
    with pytest.raises(ValueError, match="6 terms need 12 runs"):
        emulator.fit(("a", "b"), design(11), np.ones(11))
    with pytest.raises(ValueError, match="positive"):
        emulator.fit(("a", "b"), design(), np.zeros(60))
    assert len(emulator.all_terms(3, 2)) == 10


# -- pictures --------------------------------------------------------------------------------------

LINKS = pd.DataFrame(
    {"source": ["in", "in", "a", "b"], "target": ["a", "b", "out", "out"], "value": [3.0, 1, 3, 1]}
)


def test_ribbons_keep_their_breadth_and_meet_the_boxes():
    boxes, bands = flows.ribbons(LINKS, [["in"], ["a", "b"], ["out"]], gap=0.5)
    assert (bands["high"] - bands["low"]).to_numpy() == pytest.approx(bands["value"].to_numpy())
    tall = boxes.set_index("node")
    assert (tall["high"] - tall["low"]).to_dict() == pytest.approx(
        {"in": 4, "a": 3, "b": 1, "out": 4}
    )
    for _, one in bands.groupby("link"):
        first, last = one.iloc[0], one.iloc[-1]
        assert tall.loc[first.source, "low"] - 1e-9 <= first.low
        assert last.high <= tall.loc[last.target, "high"] + 1e-9
    ends = bands[bands["target"] == "out"].groupby("link").last().sort_values("high")[::-1]
    assert ends["low"].to_numpy()[0] == pytest.approx(ends["high"].to_numpy()[1])  # no overlap


def test_a_ribbon_leads_to_the_next_column_only():
    with pytest.raises(ValueError, match="does not lead to the next column"):
        flows.ribbons(LINKS, [["in"], ["a"], ["b"], ["out"]], gap=0)


def test_a_waterfall_adds_up():
    steps = flows.steps_down(["x", "y"], np.array([10.0, 7, 2]))
    assert steps["lost"].sum() == pytest.approx(8)
    assert steps["high"].tolist() == [10, 7]
    with pytest.raises(ValueError, match="nothing gained"):
        flows.steps_down(["x", "y"], np.array([10.0, 11, 2]))
