"""The adequacy model against published test systems, closed forms and what must always hold."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aifactory.data import figure, table
from aifactory.models.power import adequacy as A

YEAR = np.full(A.HOURS_A_YEAR, 1.0)


@pytest.fixture(scope="module")
def load_share() -> np.ndarray:
    return table("power/rts79_load").load_share.to_numpy()


# --- published test systems ---------------------------------------------------------------------


def test_reproduces_ieee_rts_79(load_share):
    units = table("power/rts79_units")
    assert units.capacity_mw.sum() == 3405
    fleet = A.outage_table(units.capacity_mw, units.forced_outage_share)
    found = A.loss_of_load(fleet, load_share * figure("rts79-peak").value)
    assert found.lolh == pytest.approx(figure("rts79-lolh").value, abs=6e-6)
    assert found.lole_days == pytest.approx(figure("rts79-lole").value, abs=6e-6)
    # the literature prints this one to four digits
    assert found.eens_mwh == pytest.approx(figure("rts79-eens", reference_only=True).value, abs=0.5)


def test_reproduces_rbts(load_share):
    units = table("power/rbts_units")
    assert units.capacity_mw.sum() == 240
    fleet = A.outage_table(units.capacity_mw, units.published_forced_outage_share, step_mw=5)
    found = A.loss_of_load(fleet, load_share * figure("rbts-peak").value)
    # published as 1.0919 or 1.0917 h, 9.8613 MWh and 0.1469 days
    assert found.lolh == pytest.approx(1.0918, rel=4e-4)
    assert found.eens_mwh == pytest.approx(9.8613, abs=6e-5)
    assert found.lole_days == pytest.approx(0.1469, abs=6e-5)


def test_rbts_rates_follow_from_failures_and_repairs():
    units = table("power/rbts_units")
    down = units.failures_per_year * units.repair_h / A.HOURS_A_YEAR
    assert np.allclose(down / (1 + down), units.forced_outage_share, atol=5e-6)


# --- closed forms -------------------------------------------------------------------------------


def test_two_unit_table_by_hand():
    fleet = A.outage_table([40, 60], [0.1, 0.02], step_mw=20)
    assert fleet.installed_mw == 100
    assert fleet.probability == pytest.approx([0.9 * 0.98, 0, 0.1 * 0.98, 0.9 * 0.02, 0, 0.002])
    day = A.loss_of_load(fleet, np.full(24, 50.0))
    # short when the 60 MW unit is out: 10 MW missing, or 50 when both are
    assert day.lolh == pytest.approx(24 * 0.02)
    assert day.lole_days == pytest.approx(0.02)
    assert day.eens_mwh == pytest.approx(24 * (0.018 * 10 + 0.002 * 50))


def test_a_load_equal_to_what_is_available_is_served():
    fleet = A.outage_table([50, 50], 0.1)
    assert A.loss_of_load(fleet, np.full(24, 50.0)).lolh == pytest.approx(24 * 0.01)
    assert A.loss_of_load(fleet, np.full(24, 50.1)).lolh == pytest.approx(24 * 0.19)


def test_identical_units_agree_with_the_table():
    fleet = A.outage_table(np.full(41, 35.0), 0.05)
    by_table = A.loss_of_load(fleet, YEAR * 1200).lolh
    assert A.fleet_lolh(41, 35.0, 1200.0, 0.05)[0] == pytest.approx(by_table, rel=1e-9)
    assert by_table == pytest.approx(8760 * stats.binom.cdf(34, 41, 0.95), rel=1e-9)


def test_firm_load_is_the_last_load_that_meets_the_standard():
    fleet = A.outage_table(np.full(41, 35.0), 0.05)
    firm = A.firm_load(fleet, 2.4)
    assert A.loss_of_load(fleet, YEAR * firm).lolh <= 2.4
    assert A.loss_of_load(fleet, YEAR * (firm + 1)).lolh > 2.4
    assert A.firm_load(A.outage_table([100.0], 0.0), 2.4) == 100


def test_planned_work_takes_whole_units_away():
    assert A.fleet_lolh(40, 35.0, 1200.0, 0.05, planned=0.05)[0] == pytest.approx(
        A.fleet_lolh(38, 35.0, 1200.0, 0.05)[0]
    )
    mixed = A.fleet_lolh(40, 35.0, 1200.0, 0.05, planned=0.0625)[0]
    ends = A.fleet_lolh(38, 35.0, 1200.0, 0.05)[0], A.fleet_lolh(37, 35.0, 1200.0, 0.05)[0]
    assert mixed == pytest.approx(sum(ends) / 2)


def test_common_cause_sets_a_floor_that_no_spare_lowers():
    assert A.fleet_lolh(500, 35.0, 1200.0, 0.05, common=0.001)[0] == pytest.approx(8.76)
    assert np.isnan(A.units_needed(2.4, 35.0, 1200.0, forced=0.05, common=0.001)[0])


def test_a_grid_tie_is_worth_what_its_firmness_is():
    plain = A.fleet_lolh(36, 35.0, 1200.0, 0.05)[0]
    reduced = A.fleet_lolh(36, 35.0, 1050.0, 0.05)[0]
    half = A.fleet_lolh(36, 35.0, 1200.0, 0.05, tie_mw=150.0, tie_out=0.5)[0]
    assert A.fleet_lolh(36, 35.0, 1200.0, 0.05, tie_mw=150.0)[0] == pytest.approx(reduced)
    assert half == pytest.approx((plain + reduced) / 2)


def test_mixed_fleet_agrees_with_the_table():
    groups = [(16.5, A.group_availability(17, np.array([0.04]))),
              (35.0, A.group_availability(16, np.array([0.04]))),
              (48.0, A.group_availability(8, np.array([0.04])))]  # fmt: skip
    mw, hours = A.mixed_fleet(groups, np.array([8760.0]))
    assert hours.sum() == pytest.approx(8760)
    caps = np.repeat([16.5, 35.0, 48.0], [17, 16, 8])
    firm = A.firm_load(A.outage_table(caps, 0.04, step_mw=0.5), 2.4)
    assert A.firm_from_states(mw, hours, 2.4) == np.floor(firm)


def test_firm_loads_of_draws_and_a_tie():
    weather = A.Weather(np.array([-5.0, 15.0, 35.0]), np.array([60.0, 8000.0, 700.0]))
    shape = np.ones((2, 3))
    args = ([17, 16, 8], [16.5, 35.0, 48.0], 2.4, np.array([[0.04], [0.08]]) * shape)
    plain = A.firm_loads(*args, np.zeros(2), weather.hours, shape)
    caps = np.repeat([16.5, 35.0, 48.0], [17, 16, 8])
    exact = [A.firm_load(A.outage_table(caps, q, step_mw=0.5), 2.4) for q in (0.04, 0.08)]
    assert list(plain) == [np.floor(x) for x in exact]
    firm = A.firm_loads(*args, np.zeros(2), weather.hours, shape, tie_mw=150.0)
    assert list(firm) == list(plain + 150)
    cut = weather.cut_at_extremes(np.array([48.0, 48.0]))
    called = A.firm_loads(*args, np.zeros(2), weather.hours, shape, 150.0, cut)
    assert (called > plain).all() and (called < firm).all()


def test_group_availability_mixes_planned_work():
    share = A.group_availability(10, np.array([0.1, 0.2]), np.array([0.1, 0.15]))
    assert share.shape == (2, 11)
    assert share[0, :10] == pytest.approx(stats.binom.pmf(np.arange(10), 9, 0.9))
    expected = (stats.binom.pmf(7, 9, 0.8) + stats.binom.pmf(7, 8, 0.8)) / 2
    assert share[1, 7] == pytest.approx(expected)


def test_frequency_is_that_of_a_two_state_unit():
    # one unit, needed: as many shortages as failures, one for each cycle of up and down
    q, repair = 0.1, 50.0
    cycle = repair / q
    found = A.failure_frequency(np.array(1), np.array(1), np.array(q), np.array(repair))
    assert found == pytest.approx(8760 / cycle)


def test_least_cost_reserve_by_brute_force():
    # unit and load in MW, forced outage, repair in h, USD/kW/year, USD/MWh, restart in h
    inputs = (35.0, 350.0, 0.05, 50.0, 160.0, 1000.0, 1.0)
    found = A.least_cost_spares(*(np.array([v]) for v in inputs)).iloc[0]
    costs = []
    for spares in range(12):
        fleet = A.outage_table(np.full(10 + spares, 35.0), 0.05)
        events = A.failure_frequency(10 + spares, 10, 0.05, 50.0)
        lost = A.loss_of_load(fleet, YEAR * 350).eens_mwh + events * 350
        costs.append(spares * 35e3 * 160 + 1000 * lost)
    assert found.spares == int(np.argmin(costs))
    assert found.cost_usd_year == pytest.approx(min(costs))


def test_worthless_computing_needs_no_spare_and_dear_computing_many():
    def spares(value: float) -> int:
        inputs = (35.0, 1200.0, 0.05, 50.0, 160.0, value, 0.0)
        return A.least_cost_spares(*(np.array([v]) for v in inputs)).spares[0]

    found = [spares(v) for v in (0.0, 10.0, 1e3, 1e5, 1e7)]
    assert found[0] == 0
    assert found == sorted(found)
    assert found[-1] > found[2] > 0


def test_at_the_optimum_hours_short_are_cost_over_value():
    # Telson's rule, within what one indivisible small unit allows
    found = A.least_cost_spares(
        *(np.array([v]) for v in (1.0, 1200.0, 0.05, 50.0, 160.0, 1600.0, 0.0)), most=200
    ).iloc[0]
    assert found.lolh == pytest.approx(100, rel=0.15)


# --- chronology ---------------------------------------------------------------------------------


def test_sequential_years_agree_with_the_table():
    rng = np.random.default_rng(7)
    capacity = np.repeat([20.0, 35.0], [5, 5])
    path = A.available_paths(capacity, 0.08, 40.0, 300, rng)
    assert path.shape == (300, 8760)
    assert path.mean() == pytest.approx(capacity.sum() * 0.92, rel=2e-3)
    # already so in the first hour: no year starts with every unit up
    first = path[:, 0].mean() / capacity.sum()
    assert first == pytest.approx(0.92, abs=4 * np.sqrt(0.08 * 0.92 / (300 * 9)))
    found = A.ride_through(path, np.array([200.0, 230.0]))
    fleet = A.outage_table(capacity, 0.08, step_mw=5)
    exact = [A.loss_of_load(fleet, YEAR * mw).lolh for mw in (200.0, 230.0)]
    assert (np.abs(found.lolh - exact) < 4 * found.lolh_error).all()
    n = A.available_paths(np.full(10, 1.0), 0.08, 40.0, 200, rng)
    frequency = A.failure_frequency(10, 9, 0.08, 40.0)
    assert A.ride_through(n, 9.0).events[0] == pytest.approx(frequency, rel=0.05)


def test_battery_by_hand():
    # 10 MW missing for three hours; 10 MW and 20 MWh carry two of them, then surplus refills
    path = np.array([[100.0, 90, 90, 90, 120, 90, 90, 100]])
    found = A.ride_through(path, 100.0, battery_mw=10, battery_mwh=20, efficiency=0.5)
    # refilled in one hour: min(20, 10) MW x 0.5 = 5 MWh, which serves half of the next hour
    assert found.lolh[0] == 3
    assert found.events[0] == 2
    assert found.eens_mwh[0] == pytest.approx(10 + 5 + 10)


def test_a_battery_never_hurts():
    path = A.available_paths(np.full(12, 10.0), 0.1, 30.0, 40, np.random.default_rng(2))
    loads = np.array([90.0, 100.0, 110.0])
    without = A.ride_through(path, loads)
    for power, energy in [(5, 10), (20, 40), (20, 400)]:
        with_it = A.ride_through(path, loads, power, energy, 0.9)
        assert (with_it.lolh <= without.lolh).all()
        assert (with_it.eens_mwh <= without.eens_mwh + 1e-9).all()


# --- weather ------------------------------------------------------------------------------------


def test_weather_keeps_hours_and_means():
    t = np.repeat([-10.0, 0.0, 15.0, 35.0], [100, 2000, 6000, 660])
    weather = A.weather_bins(t)
    assert weather.hours.sum() == 8760
    assert np.average(weather.temperature_c, weights=weather.hours) == pytest.approx(t.mean())
    stress = weather.stress([-15, 15, 35], [0.2, 0.02, 0.07])
    assert np.average(stress, weights=weather.hours) == pytest.approx(1)
    assert stress.argmin() == 2
    assert weather.derate(np.array(0.007)) == pytest.approx([1, 1, 1, 1 - 0.14])
    cut = weather.cut_at_extremes(np.array([100.0, 400.0]))
    assert (cut * weather.hours).sum(axis=1) == pytest.approx([100, 400])
    assert cut[0] == pytest.approx([0.5, 0, 0, 50 / 660])
    assert cut[1] == pytest.approx([1, 100 / 2000, 0, 200 / 660])


# --- sizes --------------------------------------------------------------------------------------


def test_size_rank():
    assert A.size_rank([1, 2, 3, 4], 3) == (0.5, 0.7)


def test_tail_recovers_a_power_law_and_a_log_normal():
    rng = np.random.default_rng(11)
    pareto = 100 * rng.random(4000) ** (-1 / 1.5)  # density exponent 2.5
    found = A.fit_tail(pareto, np.array([100.0, 200.0]))
    assert found.start_mw == 100.0  # both fit; the longer tail lies nearer to its law
    assert found.exponent == pytest.approx(2.5, abs=4 * found.exponent_error)
    assert found.power_law_above(400.0) == pytest.approx(
        (np.sort(pareto)[pareto.size - found.plants :] >= 400).mean(), abs=0.02
    )
    sizes = np.exp(rng.normal(4, 1, 4000))
    found = A.fit_tail(sizes, np.array([10.0]))
    assert found.ratio < 0 and found.p_value < 0.01
    assert (found.log_mean, found.log_sd) == pytest.approx((4, 1), abs=0.1)
    above = (sizes >= 100).sum() / (sizes >= 10).sum()
    assert found.log_normal_above(100.0) == pytest.approx(above, abs=0.02)


def test_tail_needs_enough_sizes():
    with pytest.raises(ValueError, match="at least 50 sizes"):
        A.fit_tail(np.arange(1.0, 50.0), [1.0])
    assert A.fit_tail(np.arange(1.0, 51.0), [1.0]).start_mw == 1.0


# --- what must always hold ----------------------------------------------------------------------

units = st.lists(st.tuples(st.integers(1, 60), st.floats(0, 0.4)), min_size=1, max_size=12)


def both(fleet) -> tuple[list[int], list[float]]:
    return [c for c, _ in fleet], [q for _, q in fleet]


@given(units)
@settings(max_examples=60, deadline=None)
def test_probabilities_sum_to_one_and_have_the_right_mean(fleet):
    found = A.outage_table(*both(fleet))
    assert found.probability.sum() == pytest.approx(1, abs=1e-12)
    assert (found.probability >= 0).all()
    mean = (found.probability * np.arange(len(found.probability))).sum()
    assert mean == pytest.approx(sum(c * q for c, q in fleet), abs=1e-9)


@given(units, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_of_units_does_not_matter(fleet, random):
    shuffled = list(fleet)
    random.shuffle(shuffled)
    a, b = A.outage_table(*both(fleet)), A.outage_table(*both(shuffled))
    assert a.probability == pytest.approx(b.probability, abs=1e-12)


@given(units, st.integers(1, 60), st.floats(0, 0.4), st.floats(1, 500))
@settings(max_examples=60, deadline=None)
def test_another_unit_never_makes_it_worse(fleet, capacity, q, load):
    day = np.full(24, load)
    before = A.loss_of_load(A.outage_table(*both(fleet)), day)
    after = A.loss_of_load(A.outage_table(*both([*fleet, (capacity, q)])), day)
    assert after.lolh <= before.lolh + 1e-9
    assert after.lole_days <= before.lole_days + 1e-9
    assert after.eens_mwh <= before.eens_mwh + 1e-6


@given(units, st.floats(1, 400), st.floats(0, 100))
@settings(max_examples=60, deadline=None)
def test_more_load_never_makes_it_better(fleet, load, more):
    found = A.outage_table(*both(fleet))
    low, high = (A.loss_of_load(found, np.full(24, x)) for x in (load, load + more))
    assert low.lolh <= high.lolh + 1e-9
    assert low.eens_mwh <= high.eens_mwh + 1e-6


@given(
    st.floats(5, 400), st.floats(0.001, 0.15), st.floats(0, 0.1), st.floats(0.5, 100),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_units_needed_is_the_smallest_that_is_enough(size, q, planned, target):
    n = A.units_needed(target, size, 1200.0, forced=q, planned=planned)[0]
    assert A.fleet_lolh(n, size, 1200.0, q, planned)[0] <= target
    assert A.fleet_lolh(n - 1, size, 1200.0, q, planned)[0] > target
    assert n * size >= 1200


@given(st.integers(0, 30), st.integers(1, 30), st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_binomial_below_is_the_sum_of_its_terms(needed, n, a):
    expected = stats.binom.pmf(np.arange(min(needed, n + 1)), n, a).sum()
    assert A.binomial_below(needed, n, a) == pytest.approx(expected, abs=1e-12)


def test_sampled_inputs_go_through_in_one_call():
    sizes, rates = np.array([16.5, 35.0, 250.0]), np.array([0.02, 0.05, 0.08])
    weather = A.Weather(np.array([-10.0, 15.0, 35.0]), np.array([60.0, 8000.0, 700.0]))
    extra = {"hours": weather.hours, "stress": np.array([3.0, 0.9, 2.0])}
    derate = weather.derate(np.array([0.006, 0.007, 0.01]))
    together = A.units_needed(2.4, sizes, 1200.0, forced=rates, derate=derate, **extra)
    apart = [
        A.units_needed(2.4, s, 1200.0, forced=q, derate=d, **extra)[0]
        for s, q, d in zip(sizes, rates, derate, strict=True)
    ]
    assert list(together) == apart


@pytest.mark.parametrize(
    ("capacity", "rate", "message"),
    [([35.5], 0.1, "multiples of 1.0 MW"), ([0.0], 0.1, "positive"), ([35.0], 1.5, "between 0")],
)
def test_impossible_units_are_refused(capacity, rate, message):
    with pytest.raises(ValueError, match=message):
        A.outage_table(capacity, rate)


@pytest.mark.parametrize("load", [np.full(25, 1.0), np.ones((2, 24)), np.array([])])
def test_a_load_of_broken_days_is_refused(load):
    with pytest.raises(ValueError, match="whole days"):
        A.loss_of_load(A.outage_table([10.0], 0.1), load)


def test_no_pair_of_states_is_lost_in_a_small_fleet():
    # every combination of four units, enumerated
    caps, rates = [5, 10, 20, 40], [0.1, 0.2, 0.05, 0.3]
    exact: dict[int, float] = {}
    for state in itertools.product([0, 1], repeat=4):
        out = sum(c for c, s in zip(caps, state, strict=True) if s)
        weight = np.prod([q if s else 1 - q for q, s in zip(rates, state, strict=True)])
        exact[out] = exact.get(out, 0.0) + weight
    found = A.outage_table(caps, rates).probability
    assert pd.Series(found)[list(exact)].to_numpy() == pytest.approx(list(exact.values()))
