"""The hourly plant: energy closes, results equal a loop by hour, designs behave as they must."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.cooling import air, chillers, coolers, plant
from aifactory.models.cooling.plant import Kind

ROOT = Path(__file__).resolve().parents[3]
UNITS = {u.name: u for u in chillers.from_table(table("cooling/chiller_curves"))}
UNIT = UNITS["Carrier 30RB360"]
GENERIC = UNITS["generic AirCooled_Chiller_2010_PathA"]
COOLER = coolers.DryCooler(2931.0, 35.0, 46.11, 40.55, 117.68)
WEATHER = table("cooling/weather_memphis").iloc[::211]
COLUMNS = ["dry_bulb_c", "dew_point_c", "pressure_hpa"]
ROWS = WEATHER[COLUMNS].to_numpy() * [1, 1, 100]
AIR = air.from_dew_point(*ROWS.T)


def year(unit=UNIT, **given):
    return plant.year(AIR, plant.Design(**given), unit, COOLER)


def by_hour():
    """The slow model, from the bench folder."""
    spec = importlib.util.spec_from_file_location("by_hour", ROOT / "bench" / "plant_by_hour.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mixed(n, seed=3):
    """Designs of all kinds, with every field moved."""
    rng = np.random.default_rng(seed)
    return plant.Design(
        kind=np.arange(n) % 5, it_kw=rng.uniform(0.5, 2, n), load=rng.uniform(0.5, 1, n),
        supply_c=rng.uniform(15, 45, n), rise_k=rng.uniform(6, 12, n),
        liquid_share=rng.uniform(0.5, 1, n), hall_water_c=rng.uniform(15, 25, n),
        hall_rise_k=rng.uniform(5, 10, n), hall_fans=rng.uniform(0.01, 0.08, n),
        cdu_power=rng.uniform(0, 0.02, n), ups_loss=rng.uniform(0, 0.06, n),
        pdu_loss=rng.uniform(0, 0.06, n), head_kpa=rng.uniform(100, 400, n),
        cooler_approach_k=rng.uniform(4, 10, n), spare_coolers=rng.uniform(0, 0.2, n),
        pads=rng.uniform(0.4, 0.9, n), tower_approach_k=rng.uniform(3, 7, n),
        tower_fan=rng.uniform(0.012, 0.021, n), cycles=rng.uniform(2, 6, n),
        design_air_c=rng.uniform(30, 41, n), design_wet_bulb_c=rng.uniform(22, 27, n),
        spare_chillers=rng.uniform(0, 0.3, n), spares_run=rng.integers(0, 2, n),
        part_load_gain=rng.uniform(0, 1, n), chiller_eir=rng.uniform(0.8, 1.1, n),
        chillers_out=rng.uniform(0, 0.3, n), coolers_out=rng.uniform(0, 0.3, n),
    )  # fmt: skip


@pytest.mark.parametrize("unit", [UNIT, GENERIC], ids=["measured", "generic"])
def test_equals_a_loop_by_hour(unit):
    """Power to 1e-9 where no fan speed is read off a curve; there 1e-7; water 1e-6 of itself."""
    design = mixed(30)
    slow = by_hour().year(ROWS, design, unit, COOLER)
    fast = plant.year(AIR, design, unit, COOLER)
    for name, rel in {
        "pue": 0,
        "chiller_kw": 0,
        "fan_kw": 0,
        "water_l": 1e-6,
        "unmet_kw": 0,
    }.items():
        expected = np.array([[hour[name] for hour in row] for row in slow])
        found = getattr(fast, name)
        read = np.isin(design.kind, [Kind.DRY, Kind.ADIABATIC])
        np.testing.assert_allclose(found[:, read], expected[:, read], rtol=rel, atol=1e-7)
        if name != "water_l":
            np.testing.assert_allclose(found[:, ~read], expected[:, ~read], rtol=0, atol=1e-9)
        else:
            np.testing.assert_allclose(found[:, ~read], expected[:, ~read], rtol=rel)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_what_enters_as_electricity_leaves_as_heat(seed):
    """Servers, losses, pumps and fans inside make the loops' heat; the rest is at the plant."""
    found = plant.year(AIR.hours(slice(0, 8)), mixed(5, seed), UNIT, COOLER)
    np.testing.assert_allclose(
        found.facility_kw, found.heat_kw + found.chiller_kw + found.fan_kw, rtol=1e-12
    )
    assert (found.compressor_share >= 0).all() and (found.compressor_share <= 1 + 1e-12).all()
    assert (found.pue > 1).all() and (found.unmet_kw >= 0).all()
    assert (found.water_l >= found.evaporated_l).all()


def test_a_steady_load_worked_by_hand():
    """1,000 kW, all on plates, no losses, 10 K of water at 100 kPa: 1000/(4011 x 10) m3/s."""
    d = plant.Design(
        it_kw=1000.0, liquid_share=1.0, cdu_power=0.0, ups_loss=0.0, pdu_loss=0.0,
        head_kpa=100.0, pump_efficiency=0.5, rise_k=10.0,
    )  # fmt: skip
    found = plant.loads(d)
    assert found.warm_pump[0] == pytest.approx(1000 / 40_110 * 100 / 0.5)
    assert found.warm[0] == pytest.approx(1000 + found.warm_pump[0])
    assert found.cool[0] == 0 and found.electrical_loss[0] == 0


def test_losses_of_power_supplies():
    """960 kW through a distribution at 96 % and a UPS at 80 %: 1,000 and 1,250 kW."""
    d = plant.Design(it_kw=960.0, pdu_loss=0.04, ups_loss=0.2, cdu_power=0.0)
    assert plant.loads(d).electrical_loss[0] == pytest.approx(1250 - 960)


def test_pumps_at_part_load_follow_the_curve():
    full, half = (plant.loads(plant.Design(load=x)).warm_pump[0] for x in (1.0, 0.5))
    expected = (0.0205 * 0.5 + 0.4101 * 0.25 + 0.5753 * 0.125) / 1.0059
    assert half / full == pytest.approx(expected, rel=0.01)  # a little less pump heat to move, too


def test_all_chillers_worked_by_hand():
    """One hour at 35 degC: heat over COP at these waters, as part load is a straight line."""
    hour = air.from_wet_bulb(35.0, 24.0, 101_325.0)
    d = plant.Design(kind=Kind.CHILLERS, supply_c=15.0, hall_water_c=10.0)
    found, q = plant.year(hour, d, UNIT, COOLER), plant.loads(d)
    expected = sum(
        heat[0] * float(chillers.eir_factor(UNIT, water, 35.0)) / UNIT.reference_cop
        for heat, water in ((q.warm, 15.0), (q.cool, 10.0))
    )
    assert found.chiller_kw[0, 0] == pytest.approx(expected)
    assert found.compressor_share[0, 0] == 1 and found.fan_kw[0, 0] == 0


def test_results_go_with_size():
    small, large = (year(kind=Kind.ADIABATIC, it_kw=x) for x in (1.0, 9e5))
    np.testing.assert_allclose(large.pue, small.pue, rtol=1e-9)
    np.testing.assert_allclose(large.water_l, 9e5 * small.water_l, rtol=1e-6)


@pytest.mark.parametrize("kind", list(Kind))
def test_warmer_water_lowers_compressors_work(kind):
    found = year(kind=kind, supply_c=np.arange(16.0, 45.0, 4.0))
    assert (np.diff(found.chiller_kw.sum(axis=0)) <= 1e-9).all()


def test_cold_air_and_warm_water_need_no_compressor():
    cold = AIR.dry_bulb_c < 5
    for kind in (Kind.FREE_COIL, Kind.DRY, Kind.ADIABATIC, Kind.TOWER):
        assert year(kind=kind, supply_c=35.0).chiller_kw[cold].max() == 0


def test_a_dry_cooler_carries_all_up_to_its_approach():
    """Full speed at the rating's density: supply 5 K above the air, no more and no less."""
    hours = air.from_wet_bulb([26.9, 27.6], [20.0, 20.0], 101_325.0)
    d = plant.Design(kind=Kind.DRY, supply_c=32.0, cooler_approach_k=5.0, hall_water_c=30.0)
    left = plant.year(hours, d, UNIT, COOLER).compressor_heat_kw[:, 0]
    warm = plant.loads(d).warm[0]
    assert left[0] < 0.05 * warm and left[1] > left[0]


def test_pads_and_towers_lower_the_peak_and_take_water():
    dry, wet, tower = (year(kind=k, supply_c=28.0) for k in (Kind.DRY, Kind.ADIABATIC, Kind.TOWER))
    assert tower.pue.max() < wet.pue.max() < dry.pue.max()
    assert dry.water_l.max() == 0 and 0 < wet.water_l.sum() < tower.water_l.sum()
    cold = AIR.wet_bulb_c <= 0
    assert wet.water_l[cold].max() == 0


def test_units_out_of_service():
    """Coolers out: compressors do more. Chillers out: heat stays, once the day is hot."""
    whole, fewer = (year(kind=Kind.DRY, supply_c=30.0, coolers_out=x) for x in (0.0, 0.3))
    assert fewer.compressor_heat_kw.sum() > whole.compressor_heat_kw.sum()
    spare, none = (
        year(kind=Kind.CHILLERS, chillers_out=0.25, spare_chillers=s, design_air_c=38.0)
        for s in (0.5, 0.0)
    )
    assert spare.unmet_kw.max() == 0 and none.unmet_kw.max() > 0
    np.testing.assert_allclose(none.compressor_heat_kw + none.unmet_kw, none.heat_kw)


def test_the_design_day_is_carried_and_no_more():
    """Without spares, chillers sized for 36 degC just carry 36 degC."""
    hours = air.from_wet_bulb([36.0, 37.0], [24.0, 24.0], 101_325.0)
    d = plant.Design(kind=Kind.CHILLERS, design_air_c=36.0, spare_chillers=0.0)
    unmet = plant.year(hours, d, UNIT, COOLER).unmet_kw[:, 0]
    assert unmet[0] == pytest.approx(0, abs=1e-12) and unmet[1] > 0


def test_spare_units_that_run_save_only_where_the_curve_knows_it():
    designs = {"spares_run": np.array([0.0, 1.0]), "kind": Kind.CHILLERS, "spare_chillers": 0.5}
    carrier = year(**designs).chiller_kw.sum(axis=0)
    assert carrier[0] == pytest.approx(carrier[1])
    eased = year(part_load_gain=1.0, **designs).chiller_kw.sum(axis=0)
    assert eased[1] < eased[0]


def test_a_years_sums_are_those_of_its_hours():
    design = mixed(10)
    whole, sums = (f(AIR, design, UNIT, COOLER) for f in (plant.year, plant.annual))
    np.testing.assert_allclose(sums.pue, whole.facility_kw.sum(axis=0) / whole.it_kw.sum(axis=0))
    np.testing.assert_allclose(sums.peak_pue, whole.pue.max(axis=0))
    np.testing.assert_allclose(sums.cooling_kwh, whole.cooling_kw.sum(axis=0))
    np.testing.assert_allclose(sums.peak_cooling_kw, whole.cooling_kw.max(axis=0))
    np.testing.assert_allclose(sums.peak_facility_kw, whole.facility_kw.max(axis=0))
    np.testing.assert_allclose(sums.water_l, whole.water_l.sum(axis=0))
    none = (whole.compressor_share < 1e-6).sum(axis=0)
    part = ((whole.compressor_share >= 1e-6) & (whole.compressor_share < 1 - 1e-6)).sum(axis=0)
    assert (sums.free_hours == none).all() and (sums.partial_hours == part).all()
    assert (sums.unmet_hours == (whole.unmet_kw > 1e-6 * whole.heat_kw).sum(axis=0)).all()


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": 7},
        {"liquid_share": 1.2},
        {"load": 0.0},
        {"rise_k": -1.0},
        {"coolers_out": 1.0},
        {"supply_c": np.nan},
        {"supply_c": [20.0, 30.0], "load": [1.0, 1.0, 1.0]},
        {"supply_c": [[20.0]]},
    ],
)
def test_designs_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError):
        plant.Design(**bad)


def test_pads_stay_dry_in_frost():
    """Water of 8 degC and air at 6 degC: dry air is too warm, and wet pads would freeze."""
    hours = air.from_wet_bulb([6.0, 6.0], [-0.5, 3.0], 101_325.0)
    d = plant.Design(kind=Kind.ADIABATIC, supply_c=8.0)
    frost, thaw = plant.year(hours, d, UNIT, COOLER).water_l[:, 0]
    assert frost == 0 and thaw > 0
