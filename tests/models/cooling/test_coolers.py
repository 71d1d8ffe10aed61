"""Dry coolers, pads, coils and towers: textbook exchangers, the rating, fan laws, rules."""

import numpy as np
import pytest
from ht import effectiveness_from_NTU
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.cooling import coolers

RATING = table("cooling/dry_cooler_ratings").iloc[0]
COOLER = coolers.DryCooler(
    RATING["heat_rejection_kw"],
    RATING["air_in_c"],
    RATING["coolant_in_c"],
    RATING["coolant_out_c"],
    RATING["fan_power_kw"],
)


def test_the_textbooks_crossflow_exchanger():
    """Incropera et al., example 11.3: NTU 2.1 and C_r 0.45 give 0.75, read off a chart."""
    assert coolers.effectiveness(2.1, 0.45) == pytest.approx(0.75, abs=0.015)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 6), st.floats(0.05, 1))
def test_effectiveness_is_that_of_the_library_ht(ntu, ratio):
    expected = effectiveness_from_NTU(ntu, ratio, subtype="crossflow approximate")
    assert coolers.effectiveness(ntu, ratio) == pytest.approx(expected, rel=1e-12)


def test_the_rating_comes_back():
    assert coolers.reach(COOLER, 1.0, 1.0) == pytest.approx(5.56 / 11.11)
    heat = COOLER.coolant_kw_k * coolers.reach(COOLER, 1.0, 1.0) * (46.11 - 35.0)
    assert heat == pytest.approx(2931.0)
    assert coolers.coolant_flow(COOLER, 5.55, 5.56) == pytest.approx(1.0, rel=1e-9)


def test_no_air_takes_no_heat_and_much_air_takes_more():
    flows = np.linspace(0, 1.5, 40)
    found = coolers.reach(COOLER, flows, 0.7)
    assert found[0] == 0 and (np.diff(found) > 0).all() and found[-1] < 1


def test_fewer_heat_a_unit_for_a_closer_approach():
    assert coolers.coolant_flow(COOLER, 0.9, 1.0) > 0  # under a kelvin is allowed
    near, far = coolers.coolant_flow(COOLER, [4.0, 10.0], 10.0)
    assert near < far
    assert coolers.reach(COOLER, 1.0, near) == pytest.approx(10 / 14)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.2, 1.6), st.floats(0.05, 1.4))
def test_the_curve_reads_both_ways(coolant, air):
    """The stated error of reading air flow from heat: 1e-6 of the flow."""
    curve = coolers.curve(COOLER, coolant)
    exact = coolers.reach(COOLER, air, coolant)
    assert curve.needed(np.array([exact]))[0] == pytest.approx(air, rel=1e-6)
    assert curve.at(np.array([air]))[0] == pytest.approx(float(exact), rel=1e-6)


def test_fan_laws():
    """Power goes with the cube of speed, and at one speed with density."""
    full = coolers.fan_kw(COOLER, 1.0, coolers.RATING_DENSITY)
    assert full == pytest.approx(117.68)
    assert coolers.fan_kw(COOLER, 0.5, coolers.RATING_DENSITY) == pytest.approx(full / 8)
    dense = 1.1 * coolers.RATING_DENSITY
    assert coolers.fan_kw(COOLER, 1.1, dense) == pytest.approx(1.1 * full)


def test_wetted_air():
    assert coolers.wetted_air_c(38.0, 25.0, 0.7) == pytest.approx(38 - 0.7 * 13)
    assert coolers.wetted_air_c(38.0, 25.0, 1.0) == 25.0


def test_the_makers_rule_for_free_cooling():
    """Aermec: full at 18 degF below the return, none above 4 degF below it, even between."""
    assert coolers.free_share([5.0, 12.8, 15.0, 8.9], 15.0).tolist() == pytest.approx(
        [1.0, 0.0, 0.0, (6.1 - 2.2) / 7.8]
    )


def test_a_wider_range_keeps_the_coils_approach():
    """Water cooled by 10 K: full only where air is 4.44 K below the leaving water."""
    assert coolers.free_share(20 - 4.444, 30.0, 10.0) == pytest.approx(1, abs=1e-3)
    assert coolers.free_share(20.0, 30.0, 10.0) < 0.7
    assert coolers.full_free_k(5.0) == 10.0


def test_coil_fans_slow_down_in_the_cold():
    assert coolers.free_fan_speed([12.0, 5.0, -5.0], 15.0).tolist() == pytest.approx(
        [1.0, 1.0, 0.5 ** (1 / 0.7)]
    )
    assert coolers.free_fan_speed(-60.0, 15.0) == 0.2


def test_a_tower_by_its_approach():
    full = coolers.tower_reach(5.0, 10.0)
    assert full == pytest.approx(2 / 3)
    assert coolers.tower_fan_speed(full, full) == pytest.approx(1.0)
    assert coolers.tower_fan_speed(0.9, full) == pytest.approx(1.0)
    half = coolers.tower_fan_speed(1 - np.exp(0.5 * np.log(1 - full)), full)
    assert half == pytest.approx(0.5 ** (1 / 0.6))
    assert coolers.tower_fan_speed(1e-6, full) == 0.2


@pytest.mark.parametrize(
    "call",
    [
        lambda: coolers.effectiveness(-1, 0.5),
        lambda: coolers.effectiveness(1, 1.5),
        lambda: coolers.DryCooler(1000, 35, 45, 34, 40),
        lambda: coolers.DryCooler(0, 35, 45, 40, 40),
        lambda: coolers.DryCooler(1000, 35, 45, 40, 40, exponent=1.5),
        lambda: coolers.DryCooler(1000, 35, 45, 35.001, 40, air_over_coolant=0.2).ua_kw_k,
        lambda: coolers.reach(COOLER, -0.1, 1.0),
        lambda: coolers.coolant_flow(COOLER, 0.0, 10.0),
        lambda: coolers.coolant_flow(COOLER, 10.0, 1e-3),
        lambda: coolers.wetted_air_c(30.0, 35.0, 0.5),
        lambda: coolers.wetted_air_c(30.0, 20.0, 1.5),
        lambda: coolers.full_free_k(0.0),
        lambda: coolers.tower_reach(0.0, 5.0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(ValueError):
        call()
