"""Moist air: the ASHRAE Handbook's example and table, limits, hours, a heated yard."""

import numpy as np
import psychrolib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.cooling import air

SEA = 101_325.0


def test_the_handbooks_worked_example():
    """ASHRAE Handbook, Fundamentals (2017), chapter 1, example 1: 40 degC dry, 20 degC wet.

    The handbook reads its chart; psychrolib leaves out the enhancement factor of about 1.004.
    """
    found = air.from_wet_bulb(40.0, 20.0, SEA)
    assert found.humidity_ratio[0] == pytest.approx(0.0065, abs=1.5e-4)
    assert found.enthalpy_j_kg[0] == pytest.approx(56.7e3, abs=200)
    volume = (1 + found.humidity_ratio[0]) / found.density_kg_m3[0]
    assert volume == pytest.approx(0.896, abs=1e-3)


def test_dew_point_and_wet_bulb_lead_to_the_same_air():
    """The same example by its dew point, 7 degC."""
    by_dew = air.from_dew_point(40.0, 7.0, SEA)
    assert by_dew.wet_bulb_c[0] == pytest.approx(20.0, abs=0.2)


def test_saturated_air_of_the_handbooks_table():
    """ASHRAE Handbook, Fundamentals (2017), chapter 1, table 2, 25 degC, enhancement taken off."""
    found = air.saturated(25.0, SEA)
    assert found.humidity_ratio[0] * 1.0043 == pytest.approx(0.020173, rel=1e-3)
    assert found.enthalpy_j_kg[0] == pytest.approx(76.50e3, rel=5e-3)
    assert found.wet_bulb_c[0] == 25.0


@settings(max_examples=40, deadline=None)
@given(st.floats(-20, 45), st.floats(0, 30), st.floats(80_000, 105_000))
def test_wet_bulb_lies_between_dew_point_and_dry_bulb(dry, spread, pressure):
    found = air.from_dew_point(dry, dry - spread, pressure)
    assert dry - spread - 0.01 <= found.wet_bulb_c[0] <= dry + 0.01


def test_arrays_hold_what_psychrolib_gives_hour_by_hour():
    rng = np.random.default_rng(3)
    dry = np.round(rng.uniform(-25, 45, 300), 1)
    dew = dry - np.round(rng.choice([0, 1], 300) * rng.uniform(0, 30, 300), 1)
    pressure = np.round(rng.uniform(85_000, 104_000, 300))
    psychrolib.SetUnitSystem(psychrolib.SI)
    found = air.from_dew_point(dry, dew, pressure)
    again = air.from_wet_bulb(dry, np.round(found.wet_bulb_c, 1), pressure)
    for i, (t, d, p) in enumerate(zip(dry.tolist(), dew.tolist(), pressure.tolist(), strict=True)):
        wet = psychrolib.GetTWetBulbFromTDewPoint(t, d, p)
        ratio = psychrolib.GetHumRatioFromTDewPoint(d, p)
        enthalpy = psychrolib.GetMoistAirEnthalpy(t, ratio)
        density = psychrolib.GetMoistAirDensity(t, ratio, p)
        got = (found.wet_bulb_c, found.humidity_ratio, found.enthalpy_j_kg, found.density_kg_m3)
        assert [x[i] for x in got] == [wet, ratio, enthalpy, density]
        wet = min(round(float(found.wet_bulb_c[i]), 1), t)
        assert again.humidity_ratio[i] == psychrolib.GetHumRatioFromTWetBulb(t, wet, p)


def test_dew_points_above_the_dry_bulb_are_saturation():
    found = air.from_dew_point([20.0], [20.3], [SEA])
    assert found.humidity_ratio[0] == pytest.approx(air.saturated(20.0, SEA).humidity_ratio[0])


def test_a_yard_that_heats_its_intake_keeps_its_moisture():
    before = air.from_dew_point([30.0, 35.0], [20.0, 22.0], [SEA, 99_000.0])
    after = air.warmer(before, 3.0)
    np.testing.assert_allclose(after.dry_bulb_c, [33.0, 38.0])
    np.testing.assert_allclose(after.humidity_ratio, before.humidity_ratio, rtol=1e-6)
    assert (after.wet_bulb_c > before.wet_bulb_c).all()


def test_hours_can_be_chosen_and_counted():
    year = air.from_dew_point([10.0, 20.0, 30.0], [5.0, 6.0, 7.0], SEA)
    assert len(year) == 3
    assert year.hours(year.dry_bulb_c > 15).dry_bulb_c.tolist() == [20.0, 30.0]


@pytest.mark.parametrize(
    ("dry", "dew", "pressure", "message"),
    [
        ([np.nan], [0.0], [SEA], "without gaps"),
        ([], [], [], "without gaps"),
        ([100.0], [20.0], [SEA], "degrees Celsius"),
        ([20.0], [10.0], [1013.0], "pascal"),
    ],
)
def test_weather_that_cannot_be_is_refused(dry, dew, pressure, message):
    with pytest.raises(ValueError, match=message):
        air.from_dew_point(dry, dew, pressure)
