"""Hot years, failing units and minutes after a stop, against closed forms and what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from aifactory.models.cooling import resilience as R

RNG = np.random.default_rng(7)
shares = st.floats(0.0, 0.6)


# --- hot years ----------------------------------------------------------------------------------


def test_morphing_meets_the_mean_and_the_maximum():
    month = RNG.normal(28, 4, 744)
    morph = R.morph_between(month.mean(), month.max(), 32.3, 42.2)
    hot = morph(month)
    assert hot.mean() == pytest.approx(32.3)
    assert hot.max() == pytest.approx(42.2)
    assert np.argsort(hot).tolist() == np.argsort(month).tolist()


def test_morphing_to_itself_changes_nothing():
    assert R.morph_between(28.0, 36.0, 28.0, 36.0) == R.Morph(1.0, 0.0)


def test_days_move_as_a_whole_and_meet_their_maxima():
    month = 28 + 5 * np.sin(np.arange(240) * 2 * np.pi / 24) + np.repeat(RNG.normal(0, 2, 10), 24)
    top = R.daily_max(month)
    hot = R.shift_days(month, R.morph_between(top.mean(), top.max(), 37.3, 41.1))
    assert R.daily_max(hot).mean() == pytest.approx(37.3)
    assert R.daily_max(hot).max() == pytest.approx(41.1)
    swing = [np.ptp(x.reshape(-1, 24), axis=1) for x in (month, hot)]
    assert swing[0] == pytest.approx(swing[1])


def test_the_highest_of_each_day_by_hand():
    two = np.r_[np.zeros(23), 5.0, np.full(12, -1.0), np.full(12, -3.0)]
    assert R.daily_max(two).tolist() == [5.0, -1.0]


def test_broken_months_raise():
    with pytest.raises(ValueError, match="above its level"):
        R.morph_between(30, 30, 32, 40)
    with pytest.raises(ValueError, match="above its level"):
        R.morph_between(30, 36, 40, 40)
    for bad in (np.zeros(25), np.zeros((24, 2)), np.zeros(0)):
        with pytest.raises(ValueError, match="whole days"):
            R.daily_max(bad)


# --- units that fail ----------------------------------------------------------------------------


def test_unavailability_by_hand():
    # 0.588 failures of 12 h and 0.249 trips of 13 h a year are 10.3 h, 0.118 %
    assert R.unavailability(0.837, 10.29 / 0.837) == pytest.approx(0.00118, abs=1e-5)
    assert R.unavailability(8760, 1.0) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="not negative"):
        R.unavailability(-1, 5)


@given(st.integers(1, 30), st.integers(0, 32), shares)
def test_k_of_n_is_the_binomial(n, k, u):
    want = stats.binom.cdf(k - 1, n, 1 - u)
    assert R.prob_short(n, k, u) == pytest.approx(want, abs=1e-12)


def test_k_of_n_by_hand_and_rounding():
    # three installed, two needed: short when two or three are out
    assert R.prob_short(3, 2, 0.1) == pytest.approx(3 * 0.01 * 0.9 + 0.001)
    assert R.prob_short(3, 1.2, 0.1) == pytest.approx(R.prob_short(3, 2, 0.1))
    assert R.prob_short([2, 2, 2], [0, 2, 3], 0.1) == pytest.approx([0, 0.19, 1])
    for bad in ((-1, 1, 0.1), (2, 1, -0.1), (2, 1, 1.5)):
        with pytest.raises(ValueError):
            R.prob_short(*bad)


@given(st.integers(1, 25), st.floats(0.5, 25), st.floats(0.001, 0.5))
def test_more_spares_are_never_short_for_longer(n, k, u):
    assert R.prob_short(n + 1, k, u) <= R.prob_short(n, k, u) + 1e-12


@given(st.integers(1, 25), st.floats(0.5, 25), shares)
def test_more_outages_are_never_short_for_less(n, k, u):
    assert R.prob_short(n, k, u) <= R.prob_short(n, k, u + 0.05) + 1e-12


def test_simulated_outages_agree_with_birth_and_death():
    failures, repair, units = 30.0, 20.0, 8
    u = float(R.unavailability(failures, repair))
    out = R.outages(units, failures, repair, 250, np.random.default_rng(1))
    assert out.shape == (250, 8760)
    assert out.min() >= 0
    assert out.max() <= units
    # from its steady state: the same binomial in the first hour as over the year
    assert out.mean() == pytest.approx(units * u, rel=0.01)
    assert out[:, 0].mean() == pytest.approx(units * u, rel=0.15)
    for k in range(4):
        assert (out == k).mean() == pytest.approx(stats.binom.pmf(k, units, u), rel=0.04)
    # and the memory of a two-state unit: exp(-(1/up + 1/repair) h)
    x = out - out.mean()
    for lag in (1, 10, 30):
        memory = (x[:, lag:] * x[:, :-lag]).mean() / (x * x).mean()
        assert memory == pytest.approx(np.exp(-lag * (failures / 8760 + 1 / repair)), abs=0.02)


def test_simulated_failures_come_at_their_rate():
    out = R.outages(1, 12.0, 40.0, 1200, np.random.default_rng(2))
    begins = (np.diff(out, axis=1) == 1).sum(axis=1).mean()
    # one cycle takes a run and a repair; repairs shorter than the hour may fall between two looks
    assert begins == pytest.approx(8760 / (730 + 40), rel=0.04)
    assert begins > 8760 / (730 + 40) * 0.95


def test_outages_that_never_come_and_bad_numbers():
    assert R.outages(5, 0.0, 10.0, 3, RNG, hours=50).sum() == 0
    assert R.events(0.0, 4.0, 3, RNG, hours=50).dtype == bool
    for bad in ((0, 1, 1, 1), (1, -1, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)):
        with pytest.raises(ValueError, match="positive"):
            R.outages(*bad, RNG)
    with pytest.raises(ValueError, match="positive"):
        R.outages(1, 1, 1, 1, RNG, hours=0)


def test_common_events_take_their_share_of_the_year():
    down = R.events(40, 25, 400, np.random.default_rng(3))
    assert down.mean() == pytest.approx(float(R.unavailability(40, 25)), rel=0.04)


def test_what_cannot_be_cooled_is_switched_off():
    got = R.curtailed_share(np.array([100.0, 90.0, 120.0]), np.array([10, 10, 0]), np.array(1000.0))
    assert got == pytest.approx([0, 0.1, 1])
    with pytest.raises(ValueError, match="without a load"):
        R.curtailed_share(np.ones(2), np.ones(2), np.zeros(2))


def test_stress_by_hand():
    # two units of 0.6 for a load of 1: short when either is out, and by 0.4 or by all of it
    got = R.stress(np.array([8760.0]), np.array([[0.6]]), 2, 1.0, 0.1)
    assert got.short_hours == pytest.approx([8760 * 0.19])
    assert got.lost_share == pytest.approx([0.18 * 0.4 + 0.01])
    # with one known to be out, the other one's failure is all that counts
    got = R.stress(np.array([8760.0]), np.array([[0.6]]), 2, 1.0, 0.1, known_out=1)
    assert got.short_hours == pytest.approx([8760])
    assert got.lost_share == pytest.approx([0.9 * 0.4 + 0.1])


def test_stress_agrees_with_k_of_n_and_with_the_sequence():
    temp = np.round(20 + 15 * np.sin(np.arange(8760) / 8760 * 2 * np.pi), 1)
    bins, count = np.unique(temp, return_counts=True)
    unit = 1.0 - 0.01 * (bins - 25)
    u = float(R.unavailability(6, 60))
    got = R.stress(count, unit[:, None], 9, 8.1, u)
    assert got.short_hours == pytest.approx(count @ R.prob_short(9, 8.1 / unit, u))
    out = R.outages(9, 6, 60, 300, np.random.default_rng(5))
    hourly = (1.0 - 0.01 * (temp - 25))[None, :]
    lost = R.curtailed_share(hourly, 9 - out, 8.1)
    assert (lost > 1e-9).sum(axis=1).mean() == pytest.approx(got.short_hours[0], rel=0.06)
    assert lost.mean() == pytest.approx(got.lost_share[0], rel=0.08)


def test_bad_blocks_raise():
    for bad in (
        (np.ones(2), np.ones((3, 1)), 2, 1.0, 0.1),
        (np.ones(2), np.ones(2), 2, 1.0, 0.1),
        (np.ones(2), np.ones((2, 1)), 2, 0.0, 0.1),
        (np.ones(2), np.ones((2, 1)), 0, 1.0, 0.1, 1),
    ):
        with pytest.raises(ValueError, match=r"needs|positive"):
            R.stress(*bad)


@settings(max_examples=40)
@given(st.integers(4, 20), st.integers(0, 3), st.floats(0, 6), st.floats(0.001, 0.3))
def test_heat_and_spares_order_the_hours_above(n, spares, hotter, u):
    air = 25 + 12 * np.sin(np.arange(96) / 96 * np.pi)

    def hours(spare, add):
        unit = 1.0 - 0.011 * (air + add - 35)
        return R.stress(np.ones(96), unit[:, None], n + spare, n * 1.02, u).short_hours[0]

    assert hours(spares + 1, 0) <= hours(spares, 0) + 1e-9
    assert hours(spares, hotter) >= hours(spares, 0) - 1e-9


def test_warmer_water_carries_the_load():
    rise = np.array([0.0, 1, 2, 4, 8])
    capacity = 1 + 0.03 * rise
    need = np.array([0.9, 1.0, 1.015, 1.06, 1.24, 1.25])
    want = [0, 0, 0.5, 2.0, 8.0, np.inf]
    assert R.excess_k(need, capacity, rise) == pytest.approx(want)
    # a curve for each hour
    two = np.stack([capacity, capacity - 0.03])
    assert R.excess_k(np.array([1.03, 1.03]), two, rise) == pytest.approx([1, 2])
    # a unit at its bound gains nothing more
    flat = np.array([1.0, 1.03, 1.03, 1.03, 1.03])
    assert R.excess_k([0.9, 1.015, 1.03, 1.04], flat, rise) == pytest.approx([0, 0.5, 1, np.inf])
    with pytest.raises(ValueError, match="never falls"):
        R.excess_k(need, capacity[::-1], rise)
    with pytest.raises(ValueError, match="never falls"):
        R.excess_k(need, capacity, rise + 1)


@given(st.floats(0.8, 1.2), st.floats(0, 0.05))
def test_more_load_never_cools_the_supply(need, more):
    rise = np.linspace(0, 10, 11)
    capacity = 1 + 0.03 * rise - 0.0005 * rise**2
    assert R.excess_k(need + more, capacity, rise) >= R.excess_k(need, capacity, rise) - 1e-12


# --- minutes after a stop -----------------------------------------------------------------------


def test_warming_meets_the_numerical_solution():
    q, c, ua, air, start = 1000.0, 40_000.0, 12.0, 35.0, 30.0
    t = np.linspace(0, 6000, 13)
    solved = integrate.solve_ivp(
        lambda _, y: (q - ua * (y - air)) / c, (0, 6000), [start], t_eval=t, rtol=1e-10, atol=1e-10
    )
    assert R.warming_c(t, start, q, c, ua, air) == pytest.approx(solved.y[0], rel=1e-8)
    # half of the way to the end point after ln 2 time constants
    end = air + q / ua
    assert R.warming_c(c / ua * np.log(2), start, q, c, ua, air) == pytest.approx((start + end) / 2)


def test_warming_without_losses_is_a_straight_line():
    assert R.warming_c([0, 60, 600], 30, 1000, 60_000) == pytest.approx([30, 31, 40])
    tiny = R.warming_c([0, 60, 600], 30, 1000, 60_000, 1e-9, 20)
    assert tiny == pytest.approx([30, 31, 40], abs=1e-6)


@given(st.floats(1, 20), st.floats(100, 5000), st.floats(1e3, 1e6), st.floats(0, 50))
def test_time_to_limit_inverts_the_warming(rise, heat, cap, ua):
    after = float(R.seconds_to(30 + rise, 30, heat, cap, ua, 35))
    if np.isfinite(after):
        assert R.warming_c(after, 30, heat, cap, ua, 35) == pytest.approx(30 + rise, rel=1e-6)
    else:
        assert 35 + heat / ua <= 30 + rise


def test_time_to_a_limit_as_warm_as_the_air_counts_the_losses():
    # C/UA ln((end - start)/(end - limit)) with end = 35 + 100, in kelvins above
    assert R.seconds_to(35, 30, 100, 1000, 1, 35) == pytest.approx(1000 * np.log(105 / 100))


def test_time_to_limit_at_the_edges():
    assert R.seconds_to(35, 30, 1000, 60_000) == pytest.approx(300)
    assert R.seconds_to([29, 35], 30, [1000, 0], 60_000) == pytest.approx([0, np.inf])
    assert R.seconds_to(60, 30, 100, 60_000, 10, 35) == np.inf
    with pytest.raises(ValueError, match="positive"):
        R.seconds_to(35, 30, 1000, 0)
    with pytest.raises(ValueError, match="positive"):
        R.warming_c(5, 30, 1000, -1)
    with pytest.raises(ValueError, match="not negative"):
        R.warming_c(-5, 30, 1000, 10)


def test_restart_meets_the_numerical_solution():
    q, c, restart, ramp, spare = 1000.0, 50_000.0, 240.0, 180.0, 0.2
    t = np.linspace(0, 2400, 97)
    cooling = np.interp(t, [0, restart, restart + ramp, 9e9], [0, 0, q * 1.2, q * 1.2])
    fine = np.linspace(0, 2400, 240_001)
    flow = q - np.interp(fine, [0, restart, restart + ramp, 9e9], [0, 0, q * 1.2, q * 1.2])
    solved = 30 + integrate.cumulative_trapezoid(flow, fine, initial=0) / c
    want = np.maximum(np.interp(t, fine, solved), 30)
    got = R.restart_c(t, 30, q, c, restart, ramp, spare)
    assert got == pytest.approx(want, abs=1e-4)
    assert got.max() == pytest.approx(30 + R.peak_rise_k(q, c, restart, ramp, spare), abs=0.01)
    assert cooling.max() == pytest.approx(1200)
    # back at the set point and held there
    assert got[-1] == 30
    with pytest.raises(ValueError, match="positive"):
        R.restart_c(t, 30, q, c, restart, 0)


def test_peak_by_hand():
    # 60 s off and a 120 s ramp without spare: the ramp counts half
    assert R.peak_rise_k(1000, 60_000, 60, 120, 0) == pytest.approx(2.0)


@given(st.floats(0, 900), st.floats(10, 600), st.floats(0, 1), st.floats(1.0, 3))
def test_a_tank_never_warms_sooner(restart, ramp, spare, more):
    small = R.peak_rise_k(1000, 40_000, restart, ramp, spare)
    assert R.peak_rise_k(1000, 40_000 * more, restart, ramp, spare) <= small + 1e-9
    assert R.peak_rise_k(1000, 40_000, restart + 1, ramp, spare) >= small


def test_circuits_have_the_mean_slope_of_the_mixed_loop():
    rise, circuit, flow_l_s = 10.0, 300.0, 25.0
    heat = flow_l_s * 4.0 * rise  # kW with 4 kJ/(L K)
    cap = float(R.heat_capacity_kj_k(flow_l_s * circuit, 1000, 4.0))
    for n in (1, 2, 5):
        mixed = float(R.warming_c(n * circuit, 30, heat, cap))
        assert R.circuit_steps_c(np.array([n * circuit]), 30, rise, circuit)[0] == pytest.approx(
            mixed
        )
    assert R.circuit_steps_c(np.array([0, 299]), 30, rise, circuit).tolist() == [30, 30]
    with pytest.raises(ValueError, match="some time"):
        R.circuit_steps_c(np.array([1.0]), 30, rise, 0)
