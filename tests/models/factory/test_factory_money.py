"""The factory's money against the chapters' models, closed forms and what has to add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory import data
from aifactory.data import figure, table
from aifactory.fits import QUANTILES
from aifactory.fits import money as fits
from aifactory.models.factory import formula, money, shared
from aifactory.models.factory.emulator import Surface
from aifactory.models.factory.graph import Graph, Input, Node
from aifactory.models.power import adequacy, dispatch, households
from aifactory.models.robots import payback

GIVEN = {  # what earlier parts of the factory hand on
    "gpu_annuity": 0.26, "working_gpus": 480_000.0, "goodput": 0.9, "flop_year": 1.2e28,
    "water_m3_year": 6e6, "error_own_served": 0.0, "error_heat_rate": 0.0,
}  # fmt: skip
MIDDLE = {
    "plant_ratio": 1.02, "grid_feed_mw": 80.0, "hot_degrees": 5.3, "heat_small": 11.2,
    "heat_mid": 10.5, "heat_large": 10.2, "gas_hub_usd_mmbtu": 3.0, "shell_share": 0.24,
    "taiwan_computer_share": 0.7, "robot_usd": 60_000.0, "keeper_usd_h": 32.0,
    "job_wage_usd_h": 20.0, "luck_shifts": 0.0, "luck_reading": 0.2, "kwh_home": 11_000.0,
    "tracker_ratio": 1.0, "newest_h100": 1.1e6, "tracker_mw": 1276.0,
    "luck_tracker": 0.2, "spare_break_even": 0.45,
}  # fmt: skip
FLAT = {  # all of the load is served, at ten MMBtu a megawatt-hour
    "own_served": Surface(("firm_strain",), (0.5,), (1.4,), ((), (0,)), (0.0, 0.0), True),
    "heat_rate": Surface(
        ("strain", *fits.HEAT), (0.4, 5, 5, 5), (1.1, 15, 15, 15), ((),), (float(np.log(10)),), True
    ),
}


LOAD = (  # what the thermal part makes of the load, at nothing held back
    Node("facility_mean_mw", "facility_mw * load_factor", "MW", "Mean power", "power"),
    Node("energy_mwh", "facility_mean_mw * hours_per_year * one_year", "MWh", "Energy", "power"),
)


def a_graph(surfaces: dict[str, Surface]) -> Graph:
    steps = (*shared.NODES, *LOAD, *money.nodes(surfaces))
    used = {n for step in steps for n in formula.names(step.formula)}
    handed = tuple(Input(n, n, (), "dimensionless", n) for n in GIVEN)
    every = (*shared.INPUTS, *money.INPUTS, *handed)
    return Graph(tuple(i for i in every if i.name in used), steps)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return a_graph(FLAT)


@pytest.fixture(scope="module")
def middle(graph: Graph) -> dict[str, float]:
    known = GIVEN | MIDDLE
    known |= {i.name: data.figure(i.figures[0]).central for i in graph.inputs if i.figures}
    return {i.name: known[i.name] for i in graph.inputs}


def at(graph: Graph, inputs: dict[str, float], **changed: float) -> dict[str, float]:
    """Every step at one point."""
    assert set(changed) <= set(inputs)
    arrays = {k: np.array([v]) for k, v in (inputs | changed).items()}
    return {k: float(v[0]) for k, v in graph.evaluate(arrays).items()}


# -- power -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("feed", "life", "rate"), [(0.0, 20.0, 0.09), (300.0, 7.0, 0.11)])
def test_power_costs_and_emits_what_the_chapters_model_says(graph, middle, feed, life, rate):
    found = at(graph, middle, grid_feed_mw=feed, plant_life_y=life, plant_rate=rate)
    own, bought = found["own_mwh"], found["grid_mwh"]
    year = dispatch.Year(np.array([[bought, own]]), *np.zeros((4, 1)), np.array([own + bought]))
    fleet = dispatch.Fleet(
        ("all",), np.array([1]), np.array([[found["plant_mw"]]]), np.array([[10.0]])
    )
    x = pd.DataFrame([{
        "hub_usd_per_mmbtu": 3.0, "delivery_usd_per_mmbtu": middle["gas_delivery_usd_mmbtu"],
        "variable_usd_per_mwh": middle["turbine_variable_usd_mwh"],
        "capital_usd_per_kw": middle["turbine_usd_kw"], "rate_1": rate, "life_y": life,
        "fixed_usd_per_kw_year": middle["turbine_fixed_usd_kw_year"],
        "battery_musd": 1000 * middle["battery_gusd"], "battery_life_y": middle["battery_life_y"],
        "grid_usd_per_mwh": middle["electricity_usd_mwh"],
        "co2_kg_per_mmbtu": middle["co2_kg_mmbtu"],
        "grid_co2_kg_per_mwh": middle["grid_co2_kg_mwh"],
        "nox_bare_lb_per_mmbtu": 0.1, "nox_scr_lb_per_mmbtu": 0.01,
    }])  # fmt: skip
    theirs = dispatch.outcome(year, fleet, x)
    assert found["power_usd_mwh"] == pytest.approx(theirs["usd_per_mwh"][0], rel=1e-9)
    assert found["co2_mt_year"] == pytest.approx(theirs["co2_mt_per_year"][0], rel=1e-9)
    assert 100 * found["gas_share"] == pytest.approx(theirs["own_percent"][0], rel=1e-9)


def test_a_feed_as_large_as_the_load_leaves_the_turbines_the_called_hours(graph, middle):
    found = at(graph, middle, grid_feed_mw=5000.0, called_h=876.0)
    assert found["gas_share"] == pytest.approx(0.1)
    assert found["served_share"] == pytest.approx(1.0)


def test_surfaces_meet_years_they_have_not_seen():
    for name, (surface, (x, y)) in fits.surfaces().items():
        off = surface(x) / y - 1
        assert np.sqrt((off**2).mean()) < {"own_served": 0.006, "heat_rate": 0.011}[name]
        assert np.abs(off).max() < 0.04
        assert len(y) == fits.CHECKED


def test_turbines_serve_nearly_all_until_they_are_driven_beyond_what_they_can_give():
    served = fits.surfaces()["own_served"][0]
    low, level, over = served(np.array([[0.6], [0.8], [1.3]]))
    assert low > 0.99 and level > 0.98
    assert over == pytest.approx(1 / 1.3, rel=0.03)


# -- money -----------------------------------------------------------------------------------------


def test_a_bill_worked_out_by_hand(graph, middle):
    found = at(
        graph, middle, facility_mw=1200.0, peak_ratio=1.2, kw_per_gpu=1.6, network_overhead=1.25,
        gpu_capital_usd=40_000.0, gpu_annuity=0.25, site_gusd_gw=50.0, shell_share=0.2,
        turbine_usd_kw=1000.0,
        plant_ratio=1.5, battery_gusd=0.6, plant_rate=1e-9, plant_life_y=20.0, battery_life_y=10.0,
        taiwan_computer_share=0.5,
    )  # fmt: skip
    assert found["gpus"] == pytest.approx(500_000)
    assert found["computers_gusd"] == pytest.approx(20)
    assert found["shell_gusd"] == pytest.approx(12)
    assert found["capital_gusd"] == pytest.approx(20 + 12 + 1.8 + 0.6)
    assert found["capital_gusd_year"] == pytest.approx(5 + 0.6 + 0.09 + 0.06, rel=1e-6)
    assert found["taiwan_share"] == pytest.approx(10 / 34.4)


def test_a_gpus_price_is_that_of_the_tracker_and_of_two_banks():
    """Low, central and high of `gpu-capital-gb200`, as its note says they were worked out."""
    parts = ("facility-to-it-peak", "gb-rack-kw-per-gpu", "network-storage-overhead")
    per_gw = 1e6 / float(np.prod([figure(one).central for one in parts]))  # GPUs
    split = table("supply_chain/gw_capex_split").query("unit == 'pct_of_capex'")
    share = split.set_index("line")["central"][list(fits.COMPUTERS)].sum() / 100
    site = table("factory/site_estimates").set_index(["estimate", "quantity"])["central"]
    lower_bank = share * site["bernstein-total", "capital cost"] * 1e9 / (1.2 * per_gw)
    bill = table("supply_chain/gw_capex_bofa").set_index("line")["usd_bn_per_gw"]
    upper_bank = bill[list(fits.COMPUTERS)].sum() * 1e9 / per_gw
    tracker = [
        1e9 * site[one, "capital cost of computers"] / site[one, "GPUs"]
        for one in ("epoch-full-site", "epoch-first-cluster")
    ]
    found = figure("gpu-capital-gb200")
    assert (found.low, found.high) == pytest.approx((lower_bank, upper_bank), rel=5e-3)
    assert min(tracker) <= found.central <= max(tracker)


def test_unit_costs_follow_from_the_years_cost(graph, middle):
    found = at(graph, middle, goodput=0.5, working_gpus=400_000.0, flop_year=2e28)
    cost = 1e9 * found["cost_gusd_year"]
    assert found["usd_per_effective_gpu_hour"] == pytest.approx(cost / (4e5 * 8760 * 0.5))
    assert found["usd_per_1e24_flop"] == pytest.approx(cost / 2e4)
    assert found["labour_hours_year"] == pytest.approx(cost / found["break_even_usd_h"])


def test_water_is_paid_by_the_thousand_gallons(graph, middle):
    found = at(graph, middle, water_m3_year=3.785411784e6, water_usd_kilogallon=2.0)
    assert found["water_gusd_year"] == pytest.approx(2e-3)


INPUTS = {i.name: i for i in (*shared.INPUTS, *money.INPUTS)}
FACTORS = st.dictionaries(
    st.sampled_from(sorted(n for n in INPUTS if not n.startswith("luck"))), st.floats(0.5, 2.0)
)


@settings(max_examples=60)
@given(FACTORS)
def test_shares_stay_shares_and_money_adds_up(graph, middle, factors):
    moved = {
        name: float(np.clip(middle[name] * by, INPUTS[name].least, INPUTS[name].most))
        for name, by in factors.items()
    }
    found = at(graph, middle, **moved)
    for name in ("taiwan_share", "gas_share", "served_share"):
        assert 0 <= found[name] <= 1 + 1e-12
    parts = ("computers_gusd", "shell_gusd", "plant_gusd", "batteries_gusd")
    assert found["capital_gusd"] == pytest.approx(sum(found[p] for p in parts))
    assert found["cost_gusd_year"] == pytest.approx(
        found["capital_gusd_year"] + found["electricity_gusd_year"] + found["water_gusd_year"]
    )
    assert found["capital_gusd_year"] > 0 and found["running_gusd_year"] > 0


# -- labour and claims -----------------------------------------------------------------------------


@pytest.mark.parametrize(("reading", "luck"), [("running", 0.2), ("calendar", 0.8)])
@pytest.mark.parametrize(("pattern", "hours"), [(0.0, "one"), (1.0, "two"), (2.0, "clock")])
def test_a_robot_is_the_chapters_robot(graph, middle, reading, luck, pattern, hours):
    found = at(graph, middle, luck_reading=luck, luck_shifts=pattern)
    m = middle
    robot = payback.Robot(
        m["robot_usd"], m["robot_integration"], m["robot_upkeep_year"], m["robots_per_keeper"],
        m["keeper_usd_h"] * m["labour_load"], m["robot_up"], m["robot_group"], m["robot_help"],
        m["robot_kw"], m["robot_usd_kwh"], m["robot_life_h"], m["robot_life_cap_y"],
        m["robot_rate"],
    )  # fmt: skip
    case = payback.case(robot, 20 * m["labour_load"], m[f"robot_hours_{hours}"], 0.5, reading)
    assert found["efficiency_needed"] == pytest.approx(float(case.threshold(3.0)), rel=1e-9)
    cheap = payback.case(robot, found["break_even_usd_h"], m[f"robot_hours_{hours}"], 0.5, reading)
    assert float(cheap.npv_usd()) == pytest.approx(0, abs=1e-5 * m["robot_usd"])


def test_a_spare_pays_from_its_break_even_on():
    classes = data.table("power/unit_classes")
    n = len(classes) * fits.SPARE_DRAWS
    found = fits.spare_break_evens()
    assert found.shape == (n,) and (found > 0).all()
    size = np.full(1, 35.0)
    fixed = size, np.full(1, 1200.0), np.full(1, 0.05), np.full(1, 50.0), np.ones(1)
    worth = np.quantile(found, [0.001, 0.999])
    spares = [
        int(adequacy.least_cost_spares(*fixed, np.full(1, v), np.ones(1))["spares"][0])
        for v in worth
    ]
    assert spares[0] <= 1 < spares[1]


def test_households_by_their_closed_form(graph, middle):
    found = at(graph, middle, facility_mw=1000.0, load_factor=1.0, kwh_home=8760.0)
    assert found["households"] == pytest.approx(1e6) and found["claim_power_households"] == 0
    two = at(graph, middle, facility_mw=2000.0, load_factor=1.0, kwh_home=8760.0)
    assert two["claim_power_households"] == 1
    assert float(households.households(2000.0, 1.0, 8760.0)) == pytest.approx(2e6)


@pytest.mark.parametrize(
    ("claim", "false", "true"),
    [
        (
            "claim_robots_payback",
            {"robot_usd": 5e5},
            {"robot_usd": 100.0, "robots_per_keeper": 1e3},
        ),
        ("claim_power_built", {"tracker_ratio": 0.5}, {"tracker_ratio": 1.1}),
        ("claim_power_built", {"luck_tracker": 0.7, "newest_h100": 5e5}, {"luck_tracker": 0.2}),
        ("claim_power_plant_grade", {"spare_break_even": 100.0}, {"spare_break_even": 0.1}),
    ],
)
def test_claims_turn_on_what_decides_them(graph, middle, claim, false, true):
    assert at(graph, middle, **false)[claim] == 0
    assert at(graph, middle, **true)[claim] == 1


def test_shares_of_bills_lie_between_the_bills():
    shell, taiwan = fits.shell_shares(), fits.taiwan_computer_shares()
    assert shell.min() > 0.15 and shell.max() < 0.5
    assert taiwan.min() > 0.5 and taiwan.max() < 0.9


def test_jobs_are_drawn_with_their_wages_and_shifts():
    wages, patterns = fits.jobs()
    assert 15 < np.median(wages) < 25
    assert set(patterns) == {0.0, 1.0, 2.0}
    assert 0.5 < (patterns == 0).mean() < 0.9


def test_derived_inputs_are_all_there_and_rise():
    derived = fits.derived()
    wanted = {i.name for i in money.INPUTS if not i.figures}
    assert set(derived) == wanted | {"error_own_served", "error_heat_rate"}
    for name, values in derived.items():
        assert values.shape == QUANTILES.shape and np.isfinite(values).all(), name
        assert (np.diff(values) >= 0).all(), name
