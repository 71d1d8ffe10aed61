"""The longest wait: published PERT moments, a small project by hand, and what must always hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.power import critical_path
from aifactory.models.supply_chain import longest_pole as lp
from aifactory.uncertainty import pert

# Activities of the General Foundry example (Render and Stair, Quantitative Analysis for
# Management, chapter on project management): optimistic, most likely, pessimistic weeks, and the
# expected time and variance printed there.
FOUNDRY = [
    (1, 2, 3, 2, 4 / 36),
    (2, 3, 4, 3, 4 / 36),
    (1, 2, 3, 2, 4 / 36),
    (2, 4, 6, 4, 16 / 36),
    (1, 4, 7, 4, 36 / 36),
    (1, 2, 9, 3, 64 / 36),
    (3, 4, 11, 5, 64 / 36),
    (1, 2, 3, 2, 4 / 36),
]


@pytest.mark.parametrize("low, mode, high, mean, variance", FOUNDRY)
def test_pert_moments_are_those_of_the_textbook(low, mode, high, mean, variance) -> None:
    assert lp.pert_moments(low, mode, high) == pytest.approx((mean, variance))


@pytest.mark.parametrize("low, mode, high, mean, _", FOUNDRY)
def test_draws_have_the_mean_of_pert(low, mode, high, mean, _) -> None:
    at = (np.arange(4000) + 0.5) / 4000
    assert pert(low, mode, high).ppf(at).mean() == pytest.approx(mean, rel=1e-3)


def test_pert_needs_its_three_times_in_order() -> None:
    with pytest.raises(ValueError, match="low <= mode <= high"):
        lp.pert_moments(3, 2, 4)


def test_statements_count_alike() -> None:
    rows = pd.DataFrame({"low": [1.0, 10.0], "central": [1.0, 12.0], "high": [1.0, 14.0]})
    pick, at = np.array([0.0, 0.49, 0.5, 0.999]), np.array([0.2, 0.9, 0.0, 1.0])
    assert lp.drawn(rows, pick, at).tolist() == pytest.approx([1, 1, 10, 14])
    with pytest.raises(ValueError, match="nothing to draw from"):
        lp.drawn(rows.iloc[:0], pick, at)


@pytest.mark.parametrize("route", list(critical_path.ROUTES))
def test_a_site_waits_for_power_racks_and_cooling(route) -> None:
    graph = lp.site(route)
    assert set(graph.predecessors("done")) == {"power", "building", "rack", "cooling"}
    assert set(graph.predecessors("rack")) == {"slot", "memory"}
    assert set(lp.CHAIN_OF) >= set(graph) - {"power", "done"}
    with pytest.raises(KeyError):
        lp.site("Fusion")


def _months(**given):
    return {a: np.array(given.get(a, [0.0, 0.0])) for a in lp.CHAIN_OF}


def test_the_longest_pole_and_criticality_by_hand() -> None:
    # Draw 1: memory 20 and racks 2; draw 2: slot 9 and racks 2 against power of 10 (a ramp).
    months = _months(memory=[20.0, 1.0], slot=[8.0, 9.0], rack=[2.0, 2.0], ramp=[10.0, 10.0])
    graph = lp.site("Mobile turbines")
    shares = lp.poles(graph, months)
    assert shares["memory"] == 0.5 and shares["accelerators and racks"] == 0.5
    assert shares.sum() == pytest.approx(1)
    index = lp.criticality(graph, months)
    assert index[["memory", "slot", "rack", "ramp"]].tolist() == [0.5, 0.5, 1, 0]


def test_output_lost_is_a_triangle_on_a_rectangle() -> None:
    assert lp.output_lost(0.5, 10, 4) == pytest.approx(6)
    months = np.linspace(0, 14, 14001)
    back = np.clip((months - 10) / 4, 0, 1)
    assert lp.output_lost(0.5, 10, 4) == pytest.approx(np.trapezoid(0.5 * (1 - back), months))
    with pytest.raises(ValueError, match="between 0 and 1"):
        lp.output_lost(1.2, 10, 4)
    with pytest.raises(ValueError, match="not below zero"):
        lp.output_lost(0.5, -1, 4)


def test_ties_are_shared() -> None:
    found = lp.chance_of_most(pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 3.0]}))
    assert found.to_dict() == {"a": 0.25, "b": 0.75}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(0, 60), min_size=len(lp.CHAIN_OF), max_size=len(lp.CHAIN_OF)),
    st.floats(0, 30),
)
def test_a_longer_wait_for_racks_never_shortens_the_project(waits, more) -> None:
    months = dict(zip(lp.CHAIN_OF, waits, strict=True))
    for route in critical_path.ROUTES:
        graph = lp.site(route)
        done = critical_path.finish_times(graph, months)["done"]
        later = {**months, "slot": months["slot"] + more}
        assert critical_path.finish_times(graph, later)["done"] >= done


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 90), st.floats(0, 90), st.floats(0, 40))
def test_more_lost_or_later_back_costs_more(one, two, soon, late, ramp) -> None:
    less, more = sorted((one, two))
    first, last = sorted((soon, late))
    assert lp.output_lost(less, first, ramp) <= lp.output_lost(more, last, ramp) + 1e-9
