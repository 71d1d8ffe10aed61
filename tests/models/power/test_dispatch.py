"""The dispatch model against worked examples, closed forms, invariants and PyPSA's optimum."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aifactory.models.power import dispatch

# -- the utility's side


def test_an_hour_is_carried_up_to_the_limit_and_not_beyond():
    demand = np.array([33_000, 34_119, 34_120])
    assert dispatch.carried_hours(demand, 1200, 35_319).tolist() == [True, True, False]


def test_load_duration_falls_from_peak_to_minimum():
    demand = np.arange(101.0)
    curve = dispatch.load_duration(demand, np.array([0, 0.25, 1]))
    assert curve.tolist() == [100, 75, 0]


def test_the_utility_calls_its_own_highest_hours():
    demand = np.array([[5.0, 1], [9, 2], [7, 3]])
    called = dispatch.called_hours(demand, np.array([2, 1]))
    assert called.tolist() == [[False, False], [True, False], [True, True]]


def test_hours_by_year_leaves_out_the_leap_day_and_fills_gaps():
    local = pd.Series(pd.date_range("2023-01-01", "2024-12-31 23:00", freq="h"))
    demand = pd.DataFrame({"local": local, "mw": np.arange(len(local), dtype=float)})
    demand.loc[5, "mw"] = np.nan
    wide = dispatch.hours_by_year(demand)
    assert wide.shape == (8760, 2) and list(wide.columns) == [2023, 2024]
    assert wide.loc[5, 2023] == 4
    march = (31 + 28) * 24
    assert wide.loc[march, 2024] - wide.loc[march - 1, 2024] == 25  # a day and an hour


def test_a_step_holds_until_the_next_of_its_kind():
    steps = pd.DataFrame(
        {
            "date": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01"]),
            "what": ["load", "feed", "load"],
            "low_mw": [1, 0, 4], "central_mw": [2, 0, 5], "high_mw": [3, 0, 6],
        }
    )  # fmt: skip
    assert dispatch.latest_step(steps, "load", "2025-02-28") == (1, 2, 3)
    assert dispatch.latest_step(steps, "load", "2025-03-01") == (4, 5, 6)
    with pytest.raises(KeyError, match="no step of 'feed'"):
        dispatch.latest_step(steps, "feed", "2025-01-31")


# -- what the units can give


def test_hot_air_takes_output_away_and_cold_air_adds_none():
    share = dispatch.ambient_derate(np.array([-10.0, 15.0, 35.0]), np.array([0.008]))
    assert share[:, 0] == pytest.approx([1.0, 1.0, 0.84])


def test_maintenance_takes_each_unit_out_once_for_its_share_of_the_year():
    out = dispatch.maintenance_windows(4, 0.25, 8760)
    assert out.mean(axis=0) == pytest.approx([0.25] * 4)
    assert (out.sum(axis=1) == 1).all()  # four windows of a quarter, one after the other


def test_maintenance_refuses_a_rate_of_one():
    with pytest.raises(ValueError, match="planned outage rate"):
        dispatch.maintenance_windows(4, 1.0)
    assert dispatch.maintenance_windows(1, 0.25, 8)[:, 0].tolist() == [True] * 2 + [False] * 6


def test_units_are_out_for_their_forced_outage_rate_in_the_long_run():
    """Mean and spread of a steady two-state chain: binomial with n units and q."""
    rng = np.random.default_rng(7)
    none = np.zeros((8760, 10), dtype=bool)
    up = dispatch.units_up(np.zeros(10, int), np.full(60, 0.08), np.full(60, 40.0), none, rng)
    assert up.mean() / 10 == pytest.approx(0.92, abs=0.002)
    assert up.var() == pytest.approx(10 * 0.08 * 0.92, rel=0.03)


def test_repair_takes_its_mean_time():
    """Hourly autocorrelation of a two-state chain is 1 - failure - repair probability."""
    rng = np.random.default_rng(8)
    none = np.zeros((8760, 1), dtype=bool)
    up = dispatch.units_up(np.zeros(1, int), np.full(80, 0.1), np.full(80, 25.0), none, rng)
    x = up[:, :, 0].astype(float)
    kept = np.corrcoef(x[:-1].ravel(), x[1:].ravel())[0, 1]
    assert kept == pytest.approx(1 - 1 / 25 - 0.1 / 0.9 / 25, abs=0.003)


def test_units_out_for_work_do_not_run_and_classes_are_counted_apart():
    rng = np.random.default_rng(9)
    work = np.zeros((50, 5), dtype=bool)
    work[:, 0] = True
    up = dispatch.units_up(np.array([0, 0, 1, 1, 1]), np.zeros(2), np.full(2, 50.0), work, rng)
    assert (up[..., 0] == 1).all() and (up[..., 1] == 3).all()


def test_stress_makes_outages_common_to_all_units():
    rng = np.random.default_rng(10)
    stress = np.where(np.arange(4000) < 2000, 0.0, 4.0)
    none = np.zeros((4000, 20), dtype=bool)
    q, repair = np.full(20, 0.05), np.full(20, 30.0)
    up = dispatch.units_up(np.zeros(20, int), q, repair, none, rng, stress)
    assert up[:2000].mean() == pytest.approx(20, abs=0.05)
    assert up[2300:].mean() / 20 == pytest.approx(0.8, abs=0.02)


def test_forced_outage_rates_outside_their_range_are_refused():
    none = np.zeros((5, 1), dtype=bool)
    with pytest.raises(ValueError, match="forced outage rates"):
        rng = np.random.default_rng(0)
        dispatch.units_up(np.zeros(1, int), np.array([1.0]), np.array([50.0]), none, rng)


def test_a_fleet_gives_units_times_rating_times_derate():
    fleet = dispatch.Fleet(
        ("a", "b"), np.array([2, 3]), np.array([[10.0, 20], [12, 20]]), np.full((2, 2), 10.0)
    )
    chance = pd.DataFrame(
        {"forced_outage_1": 0.0, "repair_h": 50.0, "derate_per_c": [0.01, 0.02]}, [0, 1]
    )
    air = np.array([10.0, 25.0])
    got = dispatch.fleet_capacity(fleet, chance, 0.0, air, np.ones(2), np.random.default_rng(1))
    assert fleet.rated_mw.tolist() == [80, 84]
    assert got[0].tolist() == [[20, 60], [24, 60]]
    assert got[1] == pytest.approx(np.array([[18, 54], [19.2, 48]]))


def test_maintenance_walks_through_the_classes_of_a_fleet():
    """Each unit is out once for its share, and the classes take turns all year."""
    fleet = dispatch.Fleet(("a", "b"), np.array([12, 4]), np.ones((1, 2)), np.ones((1, 2)))
    chance = pd.DataFrame({"forced_outage_1": [0.0], "repair_h": [50.0], "derate_per_c": [0.0]})
    air, rng = np.full(8760, 15.0), np.random.default_rng(1)
    got = dispatch.fleet_capacity(fleet, chance, 0.125, air, np.ones(8760), rng)[:, 0]
    assert got.mean(axis=0) == pytest.approx([10.5, 3.5])
    assert got[:, 1].min() == 3  # two units out at a time, but never two of the small class
    assert got[:, 1].reshape(4, -1).mean(axis=1) == pytest.approx([3.5] * 4, abs=0.2)


def test_the_grid_feed_stands_first_and_goes_when_called():
    called = np.array([[False], [True]])
    got = dispatch.with_grid(np.full((2, 1, 2), 50.0), np.array([300.0]), called)
    assert got[:, 0].tolist() == [[300, 50, 50], [0, 50, 50]]


# -- dispatch


def test_merit_order_by_hand():
    """Load 100: the source at 20 USD gives its 60, that at 35 USD 40, that at 50 USD none."""
    used = dispatch.merit_order(np.array(100.0), np.array([50.0, 60, 80]), np.array([50.0, 20, 35]))
    assert used.tolist() == [0, 60, 40]


def test_equal_costs_are_used_in_the_order_given():
    used = dispatch.merit_order(np.array(70.0), np.array([50.0, 50]), np.array([30.0, 30]))
    assert used.tolist() == [50, 20]


def test_the_order_may_differ_by_draw():
    capacity = np.full((1, 2, 2), 50.0)
    used = dispatch.merit_order(np.full((1, 2), 60.0), capacity, np.array([[1.0, 2], [2.0, 1]]))
    assert used[0].tolist() == [[50, 10], [10, 50]]


def test_battery_by_hand():
    """100 MWh, 50 MW, round trip 0.81 (0.9 each way): 45 MW for an hour takes 50 from store."""
    spare = np.array([[-45.0], [-60], [-60], [200], [200]])
    charge, discharge = dispatch.battery_bridge(spare, np.array([50.0]), np.array([100.0]), 0.81)
    assert discharge[:, 0] == pytest.approx([45, 45, 0, 0, 0])
    assert charge[:, 0] == pytest.approx([0, 0, 0, 50, 50])


def test_a_battery_takes_no_more_than_it_lacks():
    """9 MW given for an hour take 10 MWh from store, and 10/0.9 refill it."""
    spare = np.array([[-9.0], [200], [200]])
    charge, discharge = dispatch.battery_bridge(spare, np.array([50.0]), np.array([100.0]), 0.81)
    assert discharge[:, 0] == pytest.approx([9, 0, 0])
    assert charge[:, 0] == pytest.approx([0, 10 / 0.9, 0])


def test_a_year_by_hand():
    """Grid of 300 MW, 700 MW of turbines that drop to 500 for ten hours, load 900, no battery."""
    capacity = np.zeros((100, 1, 2))
    capacity[..., 0], capacity[..., 1] = 300, 700
    capacity[:10, :, 1] = 500
    year = dispatch.dispatch_year(np.full((100, 1), 900.0), capacity, np.array([0.0, 40]))
    assert year.energy_mwh[0] == pytest.approx([30_000, 90 * 600 + 10 * 500])
    assert year.unserved_mwh[0] == pytest.approx(1000) and year.hours_short[0] == 10
    assert year.served_mwh[0] == pytest.approx(89_000)
    assert year.share_1[0, 0] == pytest.approx(30 / 89)


def test_a_battery_bridges_what_it_can():
    capacity = np.full((48, 1, 1), 1000.0)
    capacity[5:9] = 800
    load = np.full((48, 1), 900.0)
    bare = dispatch.dispatch_year(load, capacity, np.array([1.0]))
    held = dispatch.dispatch_year(load, capacity, np.array([1.0]), 200.0, 300.0, 1.0)
    assert bare.unserved_mwh[0] == pytest.approx(400)
    assert held.unserved_mwh[0] == pytest.approx(100) and held.hours_short[0] == 1
    assert held.charged_mwh[0] == pytest.approx(300)


mw = st.floats(0, 1500, allow_nan=False)
year_case = st.tuples(
    hnp.arrays(float, (24, 3), elements=mw),
    hnp.arrays(float, (24, 3, 4), elements=mw),
    hnp.arrays(float, (3, 4), elements=st.floats(0, 100)),
    st.floats(0, 600),
    st.floats(0, 2500),
    st.floats(0.7, 1),
)


@settings(max_examples=60, deadline=None)
@given(year_case)
def test_every_hour_balances_and_no_source_exceeds_its_limit(case):
    load, capacity, cost, power, energy, round_trip = case
    used = dispatch.merit_order(load, capacity, cost)
    assert (used >= 0).all() and (used <= capacity + 1e-9).all()
    left = load - used.sum(axis=2)
    assert np.allclose(left, np.maximum(load - capacity.sum(axis=2), 0), atol=1e-6)
    year = dispatch.dispatch_year(load, capacity, cost, power, energy, round_trip)
    supplied = year.energy_mwh.sum(axis=1) + year.discharged_mwh + year.unserved_mwh
    assert np.allclose(supplied, year.load_mwh + year.charged_mwh, atol=1e-5)
    assert (year.energy_mwh <= capacity.sum(axis=0) + 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(year_case)
def test_a_battery_never_adds_unserved_energy_and_never_makes_energy(case):
    load, capacity, cost, power, energy, round_trip = case
    bare = dispatch.dispatch_year(load, capacity, cost)
    held = dispatch.dispatch_year(load, capacity, cost, power, energy, round_trip)
    assert (held.unserved_mwh <= bare.unserved_mwh + 1e-6).all()
    stored = held.charged_mwh * np.sqrt(round_trip) - held.discharged_mwh / np.sqrt(round_trip)
    assert (stored >= -energy - 1e-6).all() and (stored <= 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(year_case, st.floats(0, 400))
def test_more_grid_never_raises_own_energy_or_unserved_energy(case, added):
    load, capacity, cost, *_ = case
    more = capacity.copy()
    more[..., 0] += added
    before = dispatch.dispatch_year(load, capacity, cost)
    after = dispatch.dispatch_year(load, more, cost)
    assert (
        after.energy_mwh[:, 1:].sum(axis=1) <= before.energy_mwh[:, 1:].sum(axis=1) + 1e-6
    ).all()
    assert (after.unserved_mwh <= before.unserved_mwh + 1e-6).all()


# -- money and emissions


def test_capital_recovery_factor_closed_forms():
    assert dispatch.capital_recovery_factor(0.08, 20) == pytest.approx(0.101852, abs=1e-6)
    assert dispatch.capital_recovery_factor(0.0, 20) == pytest.approx(0.05)
    pays = 1.05 ** -np.arange(1, 11)  # present value of ten level payments
    assert dispatch.capital_recovery_factor(0.05, 10) * pays.sum() == pytest.approx(1)


@pytest.mark.parametrize(("rate", "years"), [(-0.1, 10), (0.1, 0)])
def test_capital_recovery_factor_refuses_what_has_no_meaning(rate, years):
    with pytest.raises(ValueError, match="capital recovery"):
        dispatch.capital_recovery_factor(rate, years)


def prices_row(**change):
    """Inputs of one case whose parts are round numbers."""
    row = {
        "hub_usd_per_mmbtu": 3.5, "delivery_usd_per_mmbtu": 0.5, "variable_usd_per_mwh": 5.0,
        "capital_usd_per_kw": 1000.0, "fixed_usd_per_kw_year": 20.0, "rate_1": 0.0, "life_y": 10.0,
        "battery_musd": 8.76, "battery_life_y": 5.0, "grid_usd_per_mwh": 60.0,
        "co2_kg_per_mmbtu": 53.06, "grid_co2_kg_per_mwh": 300.0,
        "nox_bare_lb_per_mmbtu": 0.1, "nox_scr_lb_per_mmbtu": 0.01,
    }  # fmt: skip
    return pd.DataFrame([row | change])


def one_year(energy_mwh):
    """A year without shortfall, one draw, grid first."""
    energy, none = np.array([energy_mwh]), np.zeros(1)
    return dispatch.Year(energy, none, none, none, none, energy.sum(axis=1))


def one_fleet(mw, heat_rate):
    return dispatch.Fleet(("a",), np.array([1]), np.array([[mw]]), np.array([[heat_rate]]))


def test_levelised_cost_by_hand():
    """100 MW of turbines at 10 MMBtu/MWh for 8,760 h, 50 MW of grid beside them, gas at 4 USD."""
    parts = dispatch.cost_parts(
        one_year([438_000.0, 876_000]), one_fleet(100.0, 10.0), dispatch.money(prices_row())
    )
    expected = {"fuel": 26.6667, "running": 3.3333, "turbines": 9.1324}
    expected |= {"batteries": 1.3333, "grid": 20.0}
    assert {k: float(v[0]) for k, v in parts.items()} == pytest.approx(expected, abs=1e-3)


def test_marginal_cost_is_fuel_and_running_cost_beside_the_grid_price():
    got = dispatch.marginal_cost(one_fleet(100.0, 10.0), dispatch.money(prices_row()))
    assert got.tolist() == [[60, 45]]


def test_gas_at_ten_mmbtu_per_mwh_gives_531_kg_of_carbon_dioxide():
    assert dispatch.co2_tonnes(np.array(10_000.0), 53.06) == pytest.approx(530.6)


def test_nitrogen_oxides_in_short_tons():
    """1,200 MW all year at 10 MMBtu/MWh and 0.099 lb/MMBtu."""
    fuel = 1200 * 8760 * 10
    assert dispatch.nox_short_tons(np.array(fuel), 0.099) == pytest.approx(5203.4, abs=0.1)


def test_emissions_of_a_year_by_hand():
    """100 GWh bought at 300 kg/MWh, 200 GWh made at 10 MMBtu/MWh: 30 kt and 106.12 kt."""
    got = dispatch.emissions(one_year([1e5, 2e5]), one_fleet(50.0, 10.0), prices_row())
    assert got["co2_mt_per_year"][0] == pytest.approx(0.13612)
    assert got["co2_kg_per_mwh"][0] == pytest.approx(453.7333, abs=1e-3)
    assert got["nox_bare_short_tons"][0] == pytest.approx(100)
    assert got["nox_scr_short_tons"][0] == pytest.approx(10)
    assert got["nox_bare_kg_per_mwh"][0] == pytest.approx(0.302395, abs=1e-5)


def test_the_outcome_of_a_year_is_its_share_its_cost_and_its_emissions():
    got = dispatch.outcome(one_year([438_000.0, 876_000]), one_fleet(100.0, 10.0), prices_row())
    assert got["own_percent"][0] == pytest.approx(200 / 3)
    assert got["usd_per_mwh"][0] == pytest.approx(60.4658, abs=1e-3)
    assert got["co2_mt_per_year"][0] == pytest.approx(0.4648056 + 0.1314)
    assert got["unserved_gwh"][0] == got["hours_short"][0] == 0


# -- a site


def a_site(draws=1, grid=300.0):
    heat = np.array([[9.0, 8]] * draws)
    fleet = dispatch.Fleet(("a", "b"), np.array([2, 2]), np.full((draws, 2), 150.0), heat)
    each = np.ones(draws)
    return dispatch.Site(fleet, 800 * each, grid * each, 50 * each, 100 * each)


def test_a_site_takes_the_grid_first_and_then_the_better_class():
    own, called = np.full((10, 1, 2), 300.0), np.zeros((10, 1), dtype=bool)
    year = dispatch.site_year(a_site(), own, called, 0.75, 0.9)
    assert year.energy_mwh[0].tolist() == [3000, 0, 3000]
    turned = dispatch.site_year(a_site(), own, called, 0.75, 0.9, np.array([[60.0, 40, 45]]))
    assert turned.energy_mwh[0].tolist() == [0, 3000, 3000]


def test_a_site_alone_has_no_grid_and_runs_short():
    own, called = np.full((10, 1, 2), 300.0), np.zeros((10, 1), dtype=bool)
    year = dispatch.site_year(a_site(grid=0.0), own, called, 1.0, 1.0)
    assert year.energy_mwh[0, 0] == 0 and year.hours_short[0] == 10
    assert year.unserved_mwh[0] == pytest.approx(10 * 200 - 100)  # the battery gave 100


# -- the mean year


def mean_case(planned=0.0, **change):
    row = {"load_factor": 0.9, "grid_mw": 300.0, "called_h": 0.0, "forced_outage_1": 0.1}
    row |= {"derate_per_c": 0.0, "heat_a": 9.0, "heat_b": 11.0, "battery_musd": 0.0}
    x = prices_row(**(row | change))
    return dispatch.mean_terms(x, 1000.0, {"a": 500.0, "b": 500.0}, planned, 6.0)


def test_mean_year_by_hand():
    """300 MW of grid, 450 MW of the better class, 150 of the other."""
    out = dispatch.mean_year(mean_case(), "ab")
    fuel = (450 * 9 + 150 * 11) / 900
    assert out["own_share_1"][0] == pytest.approx(2 / 3)
    assert out["co2_kg_per_mwh"][0] == pytest.approx(fuel * 53.06 + 100)
    fixed = 1_000_000 * (1000 * 0.1 + 20) / (900 * 8760)
    assert out["usd_per_mwh"][0] == pytest.approx(fuel * 4 + 5 * 600 / 900 + fixed + 20)
    assert out["unserved_1"][0] == pytest.approx(0)


def test_mean_year_sees_heat_calls_and_the_shortfall_of_a_small_fleet():
    hot = mean_case(derate_per_c=0.01, called_h=876.0)
    assert hot["firm_1"][0] == pytest.approx(0.9 * 0.94) and hot["open_1"][0] == pytest.approx(0.9)
    rested = mean_case(planned=0.1)
    assert rested["firm_1"][0] == pytest.approx(0.81)
    out = dispatch.mean_year(mean_case(grid_mw=0.0, forced_outage_1=0.55), "ab")
    assert out["unserved_1"][0] == pytest.approx(0.5) and out["own_share_1"][0] == 1


def test_mean_year_lies_near_the_hourly_year_with_outages():
    rng = np.random.default_rng(11)
    units, draws = np.array([10, 10]), 40
    work = dispatch.maintenance_windows(20, 0.05)
    member, q, repair = np.repeat([0, 1], units), np.full(draws, 0.05), np.full(draws, 50.0)
    own = dispatch.units_up(member, q, repair, work, rng) * 50.0
    capacity = dispatch.with_grid(own, 300.0, False)
    year = dispatch.dispatch_year(np.full((8760, draws), 900.0), capacity, np.array([0.0, 9, 11]))
    mean = dispatch.mean_year(mean_case(forced_outage_1=1 - 0.95 * 0.95), "ab")
    hourly = 1 - year.energy_mwh[:, 0] / year.served_mwh
    assert hourly.mean() == pytest.approx(mean["own_share_1"][0], rel=0.01)
    co2 = (year.energy_mwh @ [300, 9 * 53.06, 11 * 53.06]) / year.served_mwh
    assert co2.mean() == pytest.approx(mean["co2_kg_per_mwh"][0], rel=0.01)


# -- PyPSA


@pytest.mark.parametrize(("wear", "moved"), [(0.0, True), (60.0, False)])
def test_wear_keeps_pypsa_from_trading_with_the_battery(wear, moved):
    """A source at 20 USD idles by turns beside one at 60; the first hour needs the battery."""
    load = np.tile([50.0, 150.0], 24)
    load[0] = 250.0
    capacity = np.full((48, 2), 100.0)
    found, _ = dispatch.pypsa_year(load, capacity, [20.0, 60.0], ["a", "b"], 50.0, 100.0, 1.0, wear)
    assert found["unserved"] == pytest.approx(0, abs=1e-6)  # it starts charged, and ends so
    assert (found["battery"] > 51) == moved


def test_the_merit_order_is_the_optimum_that_pypsa_finds_over_a_year(capfd):
    """Tight fleet, outages, battery: cost and every energy within 1 %; and not a word printed."""
    rng = np.random.default_rng(12)
    hours, load = 8760, np.full(8760, 1000.0)
    work = np.zeros((hours, 20), dtype=bool)
    up = dispatch.units_up(
        np.repeat([0, 1], [12, 8]), np.array([0.08]), np.array([40.0]), work, rng
    )
    capacity = np.concatenate([np.full((hours, 1, 1), 200.0), up * [40.0, 50.0]], axis=2)[:, 0]
    cost = np.array([5.0, 38.0, 44.0])
    got = dispatch.against_optimum(load, capacity, cost, ["grid", "a", "b"], 100, 300, 0.9, 25.0)
    assert (got.loc[["unserved", "battery"], "merit_order"] > 0).all()  # else it tests nothing
    for name, row in got.iterrows():
        assert row["optimum"] == pytest.approx(row["merit_order"], rel=0.01), name
    assert capfd.readouterr() == ("", "")


def test_the_comparison_prices_both_sides_alike_by_hand():
    """Two hours: 90 MW at 10 USD, then 60 MW; load 100, a full battery of 20 MW and 20 MWh."""
    capacity = np.array([[90.0], [60.0], [200.0], [200.0]])
    got = dispatch.against_optimum(
        np.full(4, 100.0), capacity, np.array([10.0]), ["a"], 20, 20, 1.0, 5.0
    )
    assert got["merit_order"].tolist() == pytest.approx([370, 20, 30, 3700 + 100 + 300_000])
    assert got["optimum"].tolist() == pytest.approx([370, 20, 30, 3700 + 100 + 300_000])
