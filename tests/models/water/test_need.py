"""Need for water against published worked examples, closed forms and what must always hold."""

from __future__ import annotations

import CoolProp.CoolProp as CoolProp
import numpy as np
import psychrolib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.cooling import air as moist
from aifactory.models.water import need

P = 101_325.0
GALLON = 3.785411784


def weather(dry, wet, pressure=P) -> moist.Air:
    return moist.from_wet_bulb(np.atleast_1d(dry), np.atleast_1d(wet), pressure)


DAY = weather(np.linspace(5, 38, 24), np.linspace(3, 25, 24))


# --- units and latent heat ------------------------------------------------------------------------


def test_a_million_gallons_a_day():
    assert need.mgd(3_785_411.784 / 24) == pytest.approx(1)
    assert need.litres_an_hour(need.mgd(123.0)) == pytest.approx(123)
    # 13 million gallons a day are 49,210 m3 a day
    assert need.litres_an_hour(13) * 24 / 1000 == pytest.approx(49_210, rel=1e-3)


@pytest.mark.parametrize(
    ("temp", "kj"), [(0.01, 2500.9), (25, 2441.7), (30, 2429.8), (100, 2256.5)]
)
def test_latent_heat_is_that_of_the_steam_tables(temp, kj):
    assert need.h_fg_j_kg(temp) / 1e3 == pytest.approx(kj, abs=0.15)


def test_latent_heat_is_that_of_coolprop():
    temp_c = np.linspace(0.01, 100, 500)
    vapour, water = (CoolProp.PropsSI("H", "T", temp_c + 273.15, "Q", q, "Water") for q in (1, 0))
    assert need.h_fg_j_kg(temp_c) == pytest.approx(vapour - water, rel=1e-7)


def test_the_ceiling_at_30_degrees():
    assert need.ceiling_l_per_kwh(30) == pytest.approx(1.4816, abs=2e-4)


def test_latent_heat_outside_water_is_refused():
    with pytest.raises(ValueError, match="0 to 100"):
        need.h_fg_j_kg([20, -1])


def test_polynomial_takes_degrees_fahrenheit_and_keeps_its_floor():
    ren = [6e-5, -0.01, 0.61, -10.4]
    assert need.wet_bulb_polynomial((70 - 32) / 1.8, ren, 0.05) == pytest.approx(3.88, abs=1e-9)
    assert need.wet_bulb_polynomial(-20, ren, 0.05) == 0.05


# --- moist air ------------------------------------------------------------------------------------


def test_table_of_saturated_air_is_psychrolib():
    psychrolib.SetUnitSystem(psychrolib.SI)
    temps = np.linspace(-39.9, 60.3, 401)
    want = [psychrolib.GetSatHumRatio(t, 98_000.0) for t in temps.tolist()]
    np.testing.assert_allclose(need.saturated_humidity_ratio(temps, 98_000.0), want, rtol=1e-7)


@pytest.mark.parametrize(("dry", "wet"), [(38, 22), (25, 25), (1, -2), (-8, -9), (15, 5)])
def test_humidity_ratio_is_psychrolib(dry, wet):
    psychrolib.SetUnitSystem(psychrolib.SI)
    want = psychrolib.GetHumRatioFromTWetBulb(dry, wet, P)
    assert need.humidity_ratio(dry, wet, P) == pytest.approx(want, rel=1e-5)


def test_air_beyond_the_table_is_refused():
    with pytest.raises(ValueError, match="−60 to 90|-60 to 90"):
        need.saturated_humidity_ratio(120, P)


def test_a_warmer_year_by_nothing_is_the_same_year():
    same = need.shifted(DAY, np.array([0.0, 2.0]))
    np.testing.assert_allclose(same.humidity_ratio[:, 0], DAY.humidity_ratio, rtol=1e-5)
    np.testing.assert_allclose(same.dry_bulb_c[:, 1], DAY.dry_bulb_c + 2)
    # half a kelvin of both raises the moisture, as a wet bulb moves along its own curve
    assert (same.humidity_ratio[:, 1] > same.humidity_ratio[:, 0]).all()


# --- towers ---------------------------------------------------------------------------------------


def test_tower_of_cengel_and_boles():
    """Example 14-9: water of 100 kg/s from 35 to 22 °C, air 20 °C and 60 %, out saturated at 30 °C.

    The book finds 96.9 kg/s of dry air and 1.80 kg/s of make-up.
    """
    psychrolib.SetUnitSystem(psychrolib.SI)
    wet = psychrolib.GetTWetBulbFromRelHum(20, 0.6, P)
    heat_kw = 100 * (146.64 - 92.28)  # enthalpies of water in the book's table
    rate = need.evaporation_l_per_kwh_heat(weather(20, wet), 30.0, makeup_c=22.0)
    makeup = rate[0] * heat_kw / 3600
    assert makeup == pytest.approx(1.80, abs=0.01)
    gained = need.saturated_humidity_ratio(30, P) - weather(20, wet).humidity_ratio[0]
    assert makeup / gained == pytest.approx(96.9, rel=0.01)  # the book rounds humidity


def test_air_balance_closes_by_psychrolib():
    psychrolib.SetUnitSystem(psychrolib.SI)
    out = 31.0
    rate = need.evaporation_l_per_kwh_heat(DAY, out)
    for i in range(0, 24, 5):
        w1, w2 = DAY.humidity_ratio[i], psychrolib.GetSatHumRatio(out, P)
        h1 = psychrolib.GetMoistAirEnthalpy(DAY.dry_bulb_c[i], w1)
        h2 = psychrolib.GetSatAirEnthalpy(out, P)
        air_kg = rate[i] / (w2 - w1)  # a kWh
        carried = air_kg * (h2 - h1) - rate[i] * 4186 * DAY.wet_bulb_c[i]
        assert carried == pytest.approx(3.6e6, rel=1e-5)


def test_dry_air_leaves_all_heat_as_vapour_where_no_air_is_warmed():
    # air at the exhaust's own temperature: only the make-up's warming stands between E and ceiling
    rate = need.evaporation_l_per_kwh_heat(weather(30, 20), 30.0, makeup_c=30.0)
    assert rate[0] == pytest.approx(need.ceiling_l_per_kwh(30), rel=2e-3)


def test_air_that_brings_more_heat_than_it_takes_is_refused():
    with pytest.raises(ValueError, match="more heat than it brought"):
        need.evaporation_l_per_kwh_heat(weather(30, 29), 20.0)


@pytest.mark.parametrize(
    ("cycles", "blowdown", "makeup"), [(4, 23_760, 152_064), (8, 2_037, 130_341)]
)
def test_published_make_up_of_a_tower(cycles, blowdown, makeup):
    """Case example: 9,900 gal/min, 8 °F, windage 0.1 %; gallons a day, as printed there."""
    flow = 9_900 * 1_440
    found = need.balance(flow * 8 * 0.001, cycles, flow * 0.001)
    assert found.evaporation == pytest.approx(114_048)
    assert found.drift == pytest.approx(14_256)
    assert found.blowdown == pytest.approx(blowdown, abs=1)
    assert found.makeup == pytest.approx(makeup, abs=1)


def test_customary_one_per_cent_for_ten_degrees_fahrenheit():
    # evaporation of about 1 % of the flow for 10 °F, a factor of 0.65 to 1.2 with the climate
    found = need.tower_water(1000.0, DAY, 4, range_k=5.56, set_point_c=25.0)
    share = found.evaporation / need.circulating_l_h(1000.0, 5.56)
    assert share[DAY.dry_bulb_c > 8].min() > 0.0065 and share.max() < 0.012


def test_tower_takes_arrays_of_settings_and_gives_hours_by_configurations():
    many = need.tower_water(np.full(24, 500.0), DAY, np.array([3, 5]), approach_k=np.array([3, 5]))
    assert many.makeup.shape == (24, 2)
    one = need.tower_water(500.0, DAY, 5, approach_k=5)
    assert one.makeup.shape == (24,)
    np.testing.assert_allclose(many.makeup[:, 1], one.makeup)
    wide = need.tower_water(np.array([[500.0, 250.0]]) * np.ones((24, 1)), DAY, 5)
    np.testing.assert_allclose(wide.makeup[:, 0], 2 * wide.makeup[:, 1])


def test_a_set_point_holds_the_water_on_cold_days():
    cold = weather(np.full(24, 0.0), np.full(24, -1.0))
    free = need.tower_water(1.0, cold, 4, approach_k=5, set_point_c=-5.0)
    held = need.tower_water(1.0, cold, 4, approach_k=5, set_point_c=25.0)
    assert (held.evaporation > free.evaporation).all()  # warmer exhaust holds more vapour
    hot = weather(np.full(24, 35.0), np.full(24, 26.0))
    a = need.tower_water(1.0, hot, 4, set_point_c=10.0).makeup
    np.testing.assert_allclose(a, need.tower_water(1.0, hot, 4, set_point_c=25.0).makeup)


def test_exhaust_is_at_the_mean_of_cold_and_hot_water():
    hot = weather(np.full(24, 35.0), np.full(24, 26.0))
    found = need.tower_water(1.0, hot, 4, approach_k=4.0, range_k=6.0, set_point_c=0.0)
    np.testing.assert_allclose(
        found.evaporation, need.evaporation_l_per_kwh_heat(hot, 26 + 4 + 6 / 2), rtol=1e-9
    )
    np.testing.assert_allclose(found.consumption, found.evaporation + found.drift)
    assert (found.consumption < found.makeup).all()


def test_share_of_heat_that_leaves_as_vapour():
    share = need.evaporation_fraction(DAY, 30.0)
    want = need.evaporation_l_per_kwh_heat(DAY, 30.0) * need.h_fg_j_kg(30.0) / 3.6e6
    np.testing.assert_allclose(share, want)
    # a tower on a cool day gives a good part of its heat to the air, on a hot day nearly none
    assert 0.5 < share[0] < 0.8 < share[-8] < 1.05


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ({"cycles": 1.0}, "above 1"),
        ({"heat_kw": -1.0}, "negative"),
        ({"approach_k": -1.0}, "negative"),
        ({"range_k": 0.0}, "above 0 K"),
        ({"drift_fraction": -1e-5}, "negative"),
    ],
)
def test_towers_that_cannot_be_are_refused(bad, match):
    with pytest.raises(ValueError, match=match):
        need.tower_water(**{"heat_kw": 1.0, "air": DAY, "cycles": 4.0} | bad)


def test_cycles_from_what_a_site_took_and_consumed():
    # Google's site at The Dalles, 2021: 358.3 withdrawn, 274.5 consumed, 83.8 discharged
    assert need.cycles_from_meters(358.3, 274.5) == pytest.approx(358.3 / 83.8, rel=1e-3)
    with pytest.raises(ValueError, match="less than it takes"):
        need.cycles_from_meters(100, 100)


# --- pads -----------------------------------------------------------------------------------------


def test_pads_move_air_along_its_wet_bulb():
    psychrolib.SetUnitSystem(psychrolib.SI)
    added = need.pad_moisture(weather(35, 24), 0.8)[0]
    out = 35 - 0.8 * 11
    want = psychrolib.GetHumRatioFromTWetBulb(out, 24, P) - weather(35, 24).humidity_ratio[0]
    assert added == pytest.approx(want, rel=1e-4)
    assert need.pad_moisture(weather(35, 24), 0.0)[0] == 0


def test_a_turbine_inlet_drinks_only_in_warm_hours():
    found = need.adiabatic_water(DAY, 100.0, 0.85, threshold_c=15.0, cycles=2.0)
    cool = DAY.dry_bulb_c <= 15
    assert (found.makeup[cool] == 0).all() and (found.makeup[~cool] > 0).all()
    np.testing.assert_allclose(found.makeup, 2 * found.evaporation)
    hot = found.evaporation[-1] / (100 * 3600)
    assert hot == pytest.approx(need.pad_moisture(DAY, 0.85)[-1])
    frost = weather(np.full(24, 20.0), np.full(24, -0.5))
    assert (need.adiabatic_water(frost, 1.0, 0.85).makeup == 0).all()


def coolers(**change):
    given = {
        "heat_kw": 1000.0,
        "air": DAY,
        "supply_c": 30.0,
        "approach_k": 6.0,
        "air_rise_k": 9.0,
        "effectiveness": 0.75,
        "cycles": 3.0,
        "staging": 0.0,
    }
    return need.assisted_water(**given | change)


def test_pads_run_where_dry_air_is_too_warm():
    found = coolers()
    warm = DAY.dry_bulb_c > 24
    assert (found.makeup[~warm] == 0).all() and (found.makeup[warm] > 0).all()
    # the hottest hour wants more than pads give: all air is wetted
    flow = 1e6 / (1006 * 9)
    full = need.pad_moisture(DAY, 0.75) * flow * 3600
    assert found.evaporation[-1] == pytest.approx(full[-1], rel=1e-6)
    # an hour that wants half of what pads reach wets half of the air
    half = weather(24 + 0.375 * 8, 24 + 0.375 * 8 - 8)
    got = coolers(air=half).evaporation[0]
    assert got == pytest.approx(0.5 * need.pad_moisture(half, 0.75)[0] * flow * 3600, rel=1e-6)
    assert coolers(air=half, staging=1.0).evaporation[0] == pytest.approx(2 * got)
    # a quarter asked for, and a third of the rest wetted too: one half
    quarter = weather(25.5, 17.5)
    third = coolers(air=quarter, staging=1 / 3).evaporation[0]
    assert third == pytest.approx(2 * coolers(air=quarter).evaporation[0])


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ({"staging": 1.5}, "staging"),
        ({"air_rise_k": 0.0}, "warm by more"),
        ({"effectiveness": 1.2}, "effectiveness"),
        ({"cycles": 0.5}, "above 1"),
    ],
)
def test_coolers_that_cannot_be_are_refused(bad, match):
    with pytest.raises(ValueError, match=match):
        coolers(**bad)


def test_designs_on_record():
    x = {
        "heat_per_it": 1.1,
        "pad_heat_per_it": 1.0,
        "approach_k": 4.0,
        "range_k": 6.0,
        "set_point_c": 20.0,
        "cycles": 4.0,
        "drift": 1e-5,
        "supply_c": 30.0,
        "cooler_approach_k": 6.0,
        "air_rise_k": 9.0,
        "effectiveness": 0.75,
        "pad_cycles": 3.0,
        "staging": 0.5,
        "padded_share": np.array([0.25, 0.5]),
        "closed_l_per_kwh": 0.05,
    }
    found = need.by_design(DAY, x)
    assert tuple(found) == need.DESIGNS
    pads, mixed = found["pads on all"].makeup, found["dry and pads"].makeup
    np.testing.assert_allclose(mixed - 0.05, pads.reshape(24, -1) * [0.25, 0.5])
    assert (found["air-cooled"].makeup == 0.05).all()
    dry = coolers(heat_kw=1.0, staging=0.5)
    np.testing.assert_allclose(pads.ravel(), dry.makeup)
    alone = need.tower_water(1.1, DAY, 4.0, 1e-5, approach_k=4.0, range_k=6.0, set_point_c=20.0)
    np.testing.assert_allclose(found["towers"].makeup.ravel(), alone.makeup)


# --- a site's need --------------------------------------------------------------------------------


def test_means_by_month_and_day():
    month = np.repeat(np.arange(1, 13), 48)
    x = np.repeat(np.arange(12.0), 48)
    np.testing.assert_allclose(need.monthly_mean(x, month), np.arange(12.0))
    np.testing.assert_allclose(need.daily_mean(x), np.repeat(np.arange(12.0), 2))
    assert need.daily_mean(np.ones((48, 3))).shape == (2, 3)
    with pytest.raises(ValueError, match="whole days"):
        need.daily_mean(np.ones(25))


def test_tank_of_a_day_and_night():
    day = np.tile(np.repeat([0.0, 2.0], 12), 5)  # needs 2 for twelve hours, supply 1
    assert need.tank_needed(day, 1.0) == pytest.approx(12)
    assert need.drawn_elsewhere(day, 1.0, 12.0).sum() == pytest.approx(0)
    assert need.drawn_elsewhere(day, 1.0, 6.0).sum() == pytest.approx(5 * 6)
    assert need.drawn_elsewhere(day, 1.0).sum() == pytest.approx(5 * 12)
    with pytest.raises(ValueError, match="negative"):
        need.drawn_elsewhere(day, -1.0)


# --- what must always hold ------------------------------------------------------------------------

weathers = st.tuples(st.floats(-15, 42), st.floats(0, 15), st.floats(85_000, 104_000))


@given(weathers, st.floats(1, 10), st.floats(2, 12), st.floats(5, 30), st.floats(1.5, 12))
@settings(max_examples=120, deadline=None)
def test_towers_keep_their_balance(state, approach, span, set_point, cycles):
    dry, depression, pressure = state
    air = weather(dry, max(dry - depression, -20), pressure)
    found = need.tower_water(
        1.0, air, cycles, approach_k=approach, range_k=span, set_point_c=set_point
    )
    total = found.evaporation + found.drift + found.blowdown
    np.testing.assert_allclose(found.makeup, total)
    assert (found.makeup >= found.evaporation).all() and (found.evaporation > 0).all()
    # salt in equals salt out, unless drift alone takes more
    out = cycles * (found.blowdown + found.drift)
    assert (out >= found.makeup * (1 - 1e-9)).all()
    # no more evaporates than the heat can drive, wherever the air doesn't come in hotter
    cold = max(air.wet_bulb_c[0] + approach, set_point)
    if dry <= cold + span / 2:
        ceiling = need.ceiling_l_per_kwh(cold + span / 2)
        assert found.evaporation[0] <= ceiling * 1.012  # make-up is warmed by less than 30 K


@given(st.floats(15, 45), st.floats(0.5, 20), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_pads_never_overshoot_saturation(dry, depression, effectiveness):
    air = weather(dry, max(dry - depression, 0.5))
    added = need.pad_moisture(air, effectiveness)[0]
    full = need.saturated_humidity_ratio(air.wet_bulb_c, air.pressure_pa)[0]
    assert 0 <= added <= full - air.humidity_ratio[0] + 1e-6


@given(st.lists(st.floats(0, 5), min_size=6, max_size=40), st.floats(0, 5), st.floats(0, 10))
@settings(max_examples=80, deadline=None)
def test_the_tank_that_is_needed_is_enough_and_water_is_kept(flows, supply, tank):
    flows = np.array(flows)
    enough = need.tank_needed(flows, supply)
    assert need.drawn_elsewhere(flows, supply, enough).sum() == pytest.approx(0, abs=1e-9)
    drawn = need.drawn_elsewhere(flows, supply, tank)
    assert (drawn <= np.maximum(flows - supply, 0) + 1e-9).all()
    assert drawn.sum() <= max(flows.sum(), 0) + 1e-9
    if enough > tank + 1e-6:
        assert drawn.sum() > 0
