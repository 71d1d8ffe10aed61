"""The whole factory as assembled: units, one definition each, and agreement with the chapters."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from aifactory import data, factory, units
from aifactory.models.factory import formula
from aifactory.models.factory.graph import CONSTANTS

DRAWS = 100_000
CLOSE = 0.03  # a claim's probability, in the graph and in its chapter


@pytest.fixture(scope="module")
def graph():
    return factory.graph()


@pytest.fixture(scope="module")
def values(graph):
    rng = np.random.default_rng(20260115)
    return {k: d.sample(DRAWS, rng) for k, d in factory.distributions().items()}


@pytest.fixture(scope="module")
def results(graph, values):
    return graph.evaluate(values)


def quantity(value, unit):
    return units.registry().Quantity(value, units.parse(unit))


def test_every_step_has_the_unit_that_its_formula_gives(graph, values):
    """Worked out once with units by pint: the same number, in a unit that converts to its own."""
    known = {name: quantity(*pair) for name, pair in CONSTANTS.items()}
    known |= {i.name: quantity(float(values[i.name][0]), i.unit) for i in graph.inputs}
    plain = graph.evaluate({k: v[:1] for k, v in values.items()})
    wrong = []
    for node in graph.nodes:
        if not node.empirical:
            found = formula.walk(node.formula, known)
            found = quantity(float(found), "dimensionless") if not hasattr(found, "to") else found
            there = float(found.to(units.parse(node.unit)).magnitude)
            if there != pytest.approx(float(plain[node.name][0]), rel=1e-9):
                wrong.append(f"{node.name}: {there} by units, {plain[node.name][0]} without")
        known[node.name] = quantity(float(plain[node.name][0]), node.unit)
    assert wrong == []


def test_steps_are_finite(results):
    broken = [name for name, x in results.items() if not np.isfinite(x).all()]
    assert broken == []


def test_steps_that_restate_a_chapters_function_agree_with_it(graph, values, results):
    everything = values | results | {k: v for k, (v, _) in CONSTANTS.items()}
    restated = [n for n in graph.nodes if n.model]
    assert len(restated) >= 10
    for node in restated:
        module, name = node.model.split(":")
        function = getattr(importlib.import_module(module), name)
        given = {
            k: everything[v][:1000] if isinstance(everything.get(v), np.ndarray) else
            everything.get(v, v)
            for k, v in node.arguments.items()
        }  # fmt: skip
        assert results[node.name][:1000] == pytest.approx(function(**given), rel=1e-9), node.name


def test_claims_hold_as_often_as_their_chapters_say(graph, results):
    stored = {row["claim_id"]: row for row in factory.deciding()}
    claims = graph.of_kind("claim")
    assert {n.claim for n in claims} == set(stored)
    far = []
    for node in claims:
        row, found = stored[node.claim], results[node.name].mean()
        assert (node.part or None, node.edition or None) == (row["part"], row["edition"])
        if abs(found - row["probability"]) > getattr(node, "close", CLOSE):
            far.append(f"{node.claim}: {found:.3f} here, {row['probability']:.3f} in its chapter")
    assert far == []


def test_quantities_spread_as_their_chapters_say(graph, values, results):
    """Medians and 90 % intervals, not chances alone: a chance can agree where a tail does not."""
    restated = {n.claim for n in graph.of_kind("claim") if not n.formula.startswith("luck_")}
    judged_by_several = {"power-plant-grade", "water-bottleneck"}  # whose number no step gives
    assert set(factory.QUANTITIES) | judged_by_several == restated
    found = factory.spans(values | results)
    assert sorted(found["claim"].unique()) == sorted(factory.QUANTITIES)
    far = found[~found["within"]]
    assert far.empty, far.to_string()


def test_public_names_and_figures_are_used_once(graph):
    names = [i.public for i in graph.inputs]
    figures = [f for i in graph.inputs for f in i.figures]
    assert sorted({n for n in names if names.count(n) > 1}) == []
    assert sorted({f for f in figures if figures.count(f) > 1}) == []


def test_inputs_have_the_unit_of_their_figure(graph):
    for one in graph.inputs:
        for name in one.figures:
            assert units.parse(data.figure(name).unit) == units.parse(one.unit), one.name


def test_medians_lie_within_the_physical_limits(graph):
    found = factory.distributions()
    for one in graph.inputs:
        ends = found[one.name].ppf(np.array([1e-6, 0.5, 1 - 1e-6]))
        assert one.least <= ends[0] <= ends[1] <= ends[2] <= one.most, one.name


def test_surfaces_say_at_the_held_back_runs_what_is_on_record():
    checks = data.table("factory/surface_checks")
    for name, surface in factory.surfaces().items():
        rows = checks[checks["surface"] == name].pivot(
            index="point", columns="quantity", values="value"
        )
        found = surface(rows[list(surface.names)].to_numpy())
        assert found == pytest.approx(rows["surface"].to_numpy(), rel=1e-9)
