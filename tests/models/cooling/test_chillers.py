"""Chiller curves: reference points, EnergyPlus's equations by hand, limits, part load."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.cooling import chillers

UNITS = chillers.from_table(table("cooling/chiller_curves"))
SCROLL = next(u for u in UNITS if u.name == "Carrier 30RB360")
GENERIC = next(u for u in UNITS if u.name.startswith("generic"))
MEASURED = [u for u in UNITS if u is not GENERIC]
NAMES = [u.name for u in UNITS]
IDEAL = chillers.Curves(
    "ideal", 1000.0, 3.0, (1, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0), (0.1, 0.5, 0.4), (5, 10), (30, 40)
)


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_curves_give_one_at_the_reference_point(unit):
    assert chillers.capacity_factor(unit, 6.67, 35.0) == pytest.approx(1, abs=0.02)
    assert chillers.eir_factor(unit, 6.67, 35.0) == pytest.approx(1, abs=0.02)


def test_a_biquadratic_worked_by_hand():
    """30RB360 at 10 degC water and 40 degC air, from its printed coefficients."""
    cap = 0.8995510015 + 0.631635527 - 0.07632716 - 0.046658504 - 0.17366624 - 0.18532828
    assert chillers.capacity_factor(SCROLL, 10.0, 40.0) == pytest.approx(cap, abs=1e-6)
    eir = 0.9617522343 - 0.18761025 + 0.13138214 - 0.701078860 + 1.16487680 - 0.30620232
    assert chillers.eir_factor(SCROLL, 10.0, 40.0) == pytest.approx(eir, abs=1e-6)


def test_power_at_the_reference_point_is_capacity_over_cop():
    power = chillers.power_kw(IDEAL, 1000.0, 6.67, 35.0)
    assert power == pytest.approx(1000 / 3)


def test_power_at_part_load_follows_the_engineering_reference():
    """P = Q_avail / COP EIRFPLR(PLR), two units at half load: 2 x 1000/3 x (0.1+0.25+0.1)."""
    assert chillers.power_kw(IDEAL, 1000.0, 7.0, 35.0, units=2) == pytest.approx(2000 / 3 * 0.45)


def test_a_unit_below_its_least_load_switches_on_and_off():
    least = IDEAL.load[0]
    low = chillers.power_kw(IDEAL, 1000 * least, 7.0, 35.0)
    assert chillers.power_kw(IDEAL, 500 * least, 7.0, 35.0) == pytest.approx(low / 2)


def test_the_published_part_load_curves():
    assert chillers.part_load_factor(SCROLL, 0.5) == pytest.approx(0.5)
    assert chillers.part_load_factor(GENERIC, 0.5) == pytest.approx(0.141 + 0.3275 + 0.05075)


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_the_extension_joins_at_the_limits(unit):
    (w0, w1), (a0, a1) = unit.water_c, unit.air_c
    for water, air in [(w0, a0), (w1, a0), (w1, a1), ((w0 + w1) / 2, a0)]:
        for step in ([1e-7, 0], [0, -1e-7], [0, 1e-7]):
            near = chillers.performance(unit, water + step[0], air + step[1])
            np.testing.assert_allclose(near, chillers.performance(unit, water, air), atol=1e-6)


def test_beyond_the_limits_the_carnot_share_is_held():
    water, air = 25.0, 15.0
    load = chillers.capacity_factor(SCROLL, water, air)
    share = chillers.carnot_share(SCROLL, water, air)
    cop = SCROLL.reference_cop / chillers.eir_factor(SCROLL, water, air)
    assert cop == pytest.approx(share * chillers.carnot_cop(SCROLL, water, air, load))
    edge = chillers.carnot_share(SCROLL, SCROLL.water_c[1], SCROLL.air_c[0])
    assert share == pytest.approx(edge)


def test_carnot_by_hand():
    """Water 20, air 30, full reference load: boils at 17, condenses at 42 degC."""
    assert chillers.carnot_cop(IDEAL, 20.0, 30.0, 1.0) == pytest.approx(290.15 / 25)
    assert chillers.carnot_cop(IDEAL, 20.0, -10.0, 1.0) == pytest.approx(290.15 / 15)
    assert chillers.carnot_cop(IDEAL, 2.0, 0.0, 1.0) == pytest.approx(272.15 / 21)


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_shares_of_carnot_are_those_of_real_machines(unit):
    grid = np.meshgrid(np.linspace(*unit.water_c, 9), np.linspace(*unit.air_c, 9))
    share = chillers.carnot_share(unit, *grid)
    assert share.min() > 0.33 and share.max() < 0.55
    assert 0.40 < np.median(share) < 0.48


def test_capacity_beyond_the_limits_rises_by_the_catalogues_slope_and_is_bounded():
    edge = float(chillers.capacity_factor(SCROLL, 15.56, 35.0))
    assert chillers.capacity_factor(SCROLL, 17.56, 35.0) == pytest.approx(edge * 1.06)
    assert chillers.capacity_factor(SCROLL, 45.0, 20.0) == 1.6
    assert chillers.capacity_factor(SCROLL, -20.0, 70.0) == 0.3
    at = float(chillers.capacity_factor(SCROLL, 6.67, 48.89))
    assert chillers.capacity_factor(SCROLL, 6.67, 50.89) == pytest.approx(at * 0.98)


@given(st.sampled_from(MEASURED), st.floats(5, 35), st.floats(-20, 48), st.floats(0.5, 10))
def test_efficiency_falls_with_air(unit, water, air, step):
    """For any water that a chiller is asked for: the warmest catalogue rating is 30 degC."""
    cool, warm = (chillers.eir_factor(unit, water, t) for t in (air, air + step))
    assert warm >= cool - 1e-9


@given(
    st.sampled_from(MEASURED),
    st.floats(5, 40),
    st.floats(-20, 48),
    st.floats(0.5, 10),
    st.floats(0, 1),
    st.floats(0.2, 0.6),
)
def test_efficiency_at_one_load_falls_with_air(unit, water, air, step, gain, load):
    """With the gain of part load, to three per cent: shares of Carnot differ along the limits."""
    cool, warm = (
        chillers.eir_factor(
            unit, water, t, min(1, load / chillers.capacity_factor(unit, water, t)), gain
        )
        for t in (air, air + step)
    )
    assert warm >= 0.97 * cool


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(UNITS), st.floats(10, 38), st.floats(20, 45), st.floats(0.5, 6))
def test_warmer_water_never_costs_more_beyond_the_limits(unit, water, air, step):
    water = max(water, unit.water_c[1])
    colder, warmer = (chillers.eir_factor(unit, w, air) for w in (water, water + step))
    assert warmer <= colder + 1e-9


def test_part_load_gain_goes_from_none_to_smaller_differences():
    none, half, all_of_it = (chillers.eir_factor(SCROLL, 18.0, 30.0, 0.5, g) for g in (0, 0.5, 1))
    assert none == pytest.approx(chillers.eir_factor(SCROLL, 18.0, 30.0))
    assert all_of_it < half < none
    assert half == pytest.approx((none + all_of_it) / 2)
    load = chillers.capacity_factor(SCROLL, 18.0, 30.0)
    ratio = chillers.carnot_cop(SCROLL, 18.0, 30.0, load)
    ratio /= chillers.carnot_cop(SCROLL, 18.0, 30.0, load / 2)
    assert all_of_it / none == pytest.approx(ratio)
    assert chillers.eir_factor(SCROLL, 18.0, 30.0, 1.0, 1.0) == pytest.approx(none)


def test_a_fleet_is_its_lowest_median_and_highest():
    found = chillers.fleet(UNITS[:7], [6.67, 15.0], [35.0, 20.0])
    assert (found.cop_low <= found.cop_median).all() and (found.cop_median <= found.cop_high).all()
    assert found.cop_low[0] == pytest.approx(2.8, abs=0.05)
    assert found.cop_high[0] == pytest.approx(3.0, abs=0.05)
    assert (found.capacity_low <= found.capacity_high).all()
    assert chillers.typical(UNITS[:7], [15.0, 20.0], [20.0, 35.0]) in UNITS[:7]


def test_inside_tells_measured_from_extended():
    assert chillers.inside(SCROLL, [7.0, 20.0, 7.0], [35.0, 35.0, 10.0]).tolist() == [
        True,
        False,
        False,
    ]


def test_a_generic_curve_takes_the_reference_point_it_is_given():
    frame = table("cooling/chiller_curves")
    frame = frame[frame["model"].str.startswith("generic")]
    (unit,) = chillers.from_table(frame, capacity_kw=2000, cop=3.5)
    assert (unit.reference_capacity_kw, unit.reference_cop) == (2000, 3.5)


def test_what_makes_no_chiller_is_refused():
    with pytest.raises(ValueError, match="lacks the curves"):
        chillers.from_table(table("cooling/chiller_curves").iloc[:2])
    with pytest.raises(ValueError, match="6 coefficients"):
        chillers.Curves("x", 1, 3, (1,), (1,) * 6, (0, 1, 0), (5, 10), (30, 40))
    with pytest.raises(ValueError, match="positive"):
        chillers.Curves("x", 0, 3, (1,) * 6, (1,) * 6, (0, 1, 0), (5, 10), (30, 40))
    with pytest.raises(ValueError, match="in order"):
        chillers.Curves("x", 1, 3, (1,) * 6, (1,) * 6, (0, 1, 0), (10, 5), (30, 40))
    with pytest.raises(ValueError, match="beyond what these units"):
        chillers.power_kw(IDEAL, 1001.0, 6.67, 35.0)
    with pytest.raises(ValueError, match="finite"):
        chillers.capacity_factor(IDEAL, np.nan, 35.0)
    with pytest.raises(ValueError, match="Celsius"):
        chillers.eir_factor(IDEAL, 280.0, 308.0)
    with pytest.raises(ValueError, match="at least one"):
        chillers.fleet([], 7.0, 35.0)
