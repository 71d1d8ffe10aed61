"""Counts of heat-rejection units: closed forms, the counts on record, inverses, refused inputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.cooling import coolers, units

HEAT = st.floats(min_value=0, max_value=3e6)
UNIT = st.floats(min_value=200, max_value=5000)
BLOCK = st.integers(1, 30)
SPARES = st.integers(0, 3)
quick = settings(max_examples=200, deadline=None)


# -- the design day


def test_return_maxima_reproduce_the_published_ones():
    """ASHRAE prints mean, deviation and the 5- to 50-year maxima: the last follow from the first.

    All are printed to 0.1 K, so that the deviation alone leaves 0.05 K times its factor.
    """
    days = table("cooling/design_conditions").pivot(
        index="city", columns="statistic", values="value_c"
    )
    mean, spread = days["DBmax_mean"].to_numpy(), days["DBmax_stddev"].to_numpy()
    for years, slack in ((5, 0.15), (10, 0.18), (20, 0.2), (50, 0.25)):
        found = units.return_maximum_c(mean, spread, years)
        np.testing.assert_allclose(found, days[f"DBmax{years:02d}years"], atol=slack)


def test_the_mean_of_a_gumbel_distribution_returns_after_2_33_years():
    years = 1 / (1 - np.exp(-np.exp(-units.EULER_GAMMA)))
    assert years == pytest.approx(2.3276, abs=1e-3)
    assert units.return_maximum_c(37.0, 1.6, years) == pytest.approx(37.0)


def test_a_pad_moves_the_air_towards_its_wet_bulb():
    np.testing.assert_allclose(coolers.wetted_air_c(35.6, 25.2, [0, 0.7, 1]), [35.6, 28.32, 25.2])


# -- the heat


def test_heat_is_computing_power_and_the_losses_beside_it():
    assert units.hall_heat_kw(1.3e6, 1.3, 0.05) == pytest.approx(1.05e6)
    assert units.hall_heat_kw(1.2e6, 1.25, 0.0) == pytest.approx(960e3)


def test_a_dry_cooler_leaves_to_the_chiller_what_it_cannot_reach():
    # 50 to 40 degC water, approach 5 K: all at 35 degC of air, half at 40, none at 45
    np.testing.assert_allclose(units.trim_share(50, 40, [30, 35, 40, 45, 48], 5), [0, 0, 0.5, 1, 1])
    assert units.compressor_heat_kw(1000, 0.9, 0.0) == pytest.approx(100)
    assert units.compressor_heat_kw(1000, 0.9, 0.5) == pytest.approx(550)
    assert units.compressor_heat_kw(1000, 0.9, 1.0) == pytest.approx(1000)


# -- one unit


def test_a_rating_point_is_credited_once():
    assert units.site_capacity_kw(1000, 1.0, 1.3) == pytest.approx(1300)
    assert units.site_capacity_kw(1300, 1.3, 1.3) == pytest.approx(1300)
    assert units.site_capacity_kw(1300, 1.3, 1.0, 0.95) == pytest.approx(950)


def test_gain_moves_between_the_held_and_the_extended_factor():
    np.testing.assert_allclose(units.usable_factor(1.1, 1.5, [0, 0.25, 1]), [1.1, 1.2, 1.5])


def test_a_dry_cooler_gives_its_rating_at_its_rating_and_nothing_to_hotter_air():
    rated = (2931.0, 46.11, 35.0)
    assert units.dry_cooler_kw(*rated, 46.11, 35.0) == pytest.approx(2931)
    assert units.dry_cooler_kw(*rated, 46.11, 40.555) == pytest.approx(2931 / 2)
    assert units.dry_cooler_kw(*rated, 40.0, 42.0) == 0


def test_a_dry_cooler_gives_the_same_heat_read_at_either_end():
    """Effectiveness 1/2 and 527.6 kW/K: water in at 50, out at 42.5, air at 35 degC."""
    entering = units.dry_cooler_kw(2931.0, 46.11, 35.0, 50.0, 35.0)
    rate = 2931.0 / (46.11 - 40.555)
    leaving = 50.0 - entering / rate
    assert units.dry_cooler_kw(2931.0, 40.555, 35.0, leaving, 35.0) == pytest.approx(entering)


# -- counts


def test_the_count_on_site_gives_the_megawatts_of_a_unit():
    """121 chillers were tied to 200 MW of computing: 1.65 MW each, as the catalogue's median."""
    seen = table("cooling/sightings")
    seen = seen[(seen["site"] == "Colossus 2") & seen["count"].eq(121).fillna(False)].iloc[0]
    each = seen["it_mw"] / seen["count"]
    assert each == pytest.approx(1.65, abs=0.005)
    median = table("cooling/chiller_catalogue")["cooling_capacity_kw"].median() / 1000
    assert each == pytest.approx(median, rel=0.03)
    assert units.duty_units(200e3, 1000 * each) == 121
    assert units.unit_kw_at(200e3, 121, 1, 0) == pytest.approx(1000 * each)


def test_units_are_whole():
    np.testing.assert_array_equal(units.duty_units([0, 1, 999, 1000, 1001], 1000), [0, 1, 1, 1, 2])
    assert units.duty_units(0.1 * 3, 0.1) == 3  # 0.30000000000000004 / 0.1 is above 3


def test_one_spare_in_a_begun_block():
    """Five installed for four needed (hvacleader-2026); a ninth unit begins a third block."""
    duty = [0, 1, 4, 5, 8, 9]
    np.testing.assert_array_equal(units.installed_units(duty, 4, 1), [0, 2, 5, 7, 10, 12])
    np.testing.assert_array_equal(units.installed_units(100, [4, 5, 20], 1), [125, 120, 105])
    assert units.installed_units(100, 4, 2) == 150


def test_a_count_read_back():
    np.testing.assert_array_equal(units.duty_of([5, 6, 7, 10, 121], 4, 1), [4, 4, 5, 8, 96])
    assert units.load_carried_kw(121, 1650, 20, 1) == pytest.approx(115 * 1650)
    assert units.load_carried_kw(121, 1650, 1, 0) == pytest.approx(121 * 1650)


def test_a_worked_plant():
    """960 MW in units of 1.5 MW: 640 on duty, one spare for eight makes 720."""
    assert units.units_needed(960e3, 1500, 8, 1) == 720
    assert units.unit_kw_at(960e3, 720, 8, 1) == pytest.approx(1500)


@quick
@given(HEAT, HEAT, UNIT, BLOCK, SPARES)
def test_more_heat_never_needs_fewer_units(heat, other, unit, block, spares):
    low, high = sorted((heat, other))
    need = units.units_needed([low, high], unit, block, spares)
    assert need[0] <= need[1]


@quick
@given(HEAT, UNIT, UNIT, BLOCK, SPARES)
def test_larger_units_are_never_more(heat, unit, other, block, spares):
    small, large = sorted((unit, other))
    need = units.units_needed(heat, [small, large], block, spares)
    assert need[0] >= need[1]


@quick
@given(st.floats(5, 30), st.floats(5, 30), st.floats(30, 45), HEAT, BLOCK, SPARES)
def test_warmer_water_never_needs_more_units(water, other, air, heat, block, spares):
    from aifactory.models.cooling import chillers

    curve = chillers.Curves(
        "30RB345", 1170.7, 2.8,
        (0.8929492068, 0.0642220045, -0.0009102999, -0.0009149124, -0.0001157006, -0.0004325768),
        (0.9677242025, -0.0187742446, 0.0014189414, -0.0180658549, 0.0007409396, -0.000801335),
        (0.0, 1.0, 0.0), (4.44, 15.56), (29.44, 48.89),
    )  # fmt: skip
    cold, warm = sorted((water, other))
    factor = chillers.capacity_factor(curve, np.array([cold, warm]), air)
    unit = units.site_capacity_kw(1500, 1.0, factor)
    need = units.units_needed(heat, unit, block, spares)
    assert need[0] >= need[1]


@quick
@given(st.integers(1, 2000), BLOCK, SPARES)
def test_spares_by_block_are_at_least_those_of_one_block(duty, block, spares):
    there = units.installed_units(duty, block, spares)
    assert there >= duty + spares
    assert there >= units.installed_units(duty, block + 1, spares)


@quick
@given(st.integers(0, 2000), BLOCK, SPARES)
def test_reading_back_finds_the_most_that_fit(installed, block, spares):
    duty = units.duty_of(installed, block, spares)
    assert units.installed_units(duty, block, spares) <= installed
    assert units.installed_units(duty + 1, block, spares) > installed


@quick
@given(st.floats(1, 3e6), UNIT, BLOCK, SPARES)
def test_what_is_needed_carries_the_heat(heat, unit, block, spares):
    need = units.units_needed(heat, unit, block, spares)
    assert units.load_carried_kw(need, unit, block, spares) >= heat * (1 - 1e-8)
    assert units.unit_kw_at(heat, need, block, spares) <= unit * (1 + 1e-8)


@quick
@given(st.floats(20, 45), st.floats(1, 20), st.floats(0, 50), st.floats(0, 15), st.floats(0, 1))
def test_heat_is_split_without_loss(supply, rise, air, approach, liquid):
    trim = units.trim_share(supply + rise, supply, air, approach)
    assert 0 <= trim <= 1
    heat = units.compressor_heat_kw(1000.0, liquid, trim)
    assert 1000 * (1 - liquid) - 1e-9 <= heat <= 1000 + 1e-9


# -- refused


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: units.return_maximum_c(37, 1.6, 1), "longer than one year"),
        (lambda: units.return_maximum_c(37, 0, 20), "standard deviation"),
        (lambda: coolers.wetted_air_c(25, 30, 0.7), "wet bulb"),
        (lambda: coolers.wetted_air_c(35, 25, 1.7), "effect of a pad"),
        (lambda: units.hall_heat_kw(0, 1.3, 0.05), "facility power"),
        (lambda: units.hall_heat_kw(1e6, 0, 0), "peak ratio"),
        (lambda: units.hall_heat_kw(1e6, 1.3, -0.1), "gains cannot be negative"),
        (lambda: units.hall_heat_kw(1e6, 1.05, 0.1), "more heat than the facility"),
        (lambda: units.trim_share(40, 40, 35, 5), "warmer than supply"),
        (lambda: units.trim_share(50, 40, 35, -1), "approach"),
        (lambda: units.compressor_heat_kw(1, 1.2, 0), "liquid share"),
        (lambda: units.compressor_heat_kw(1, 0.9, -0.1), "left to compressors"),
        (lambda: units.usable_factor(1.1, 1.5, 1.1), "gain"),
        (lambda: units.usable_factor(0, 1.5, 0.5), "held factor"),
        (lambda: units.site_capacity_kw(-1, 1, 1), "catalogue capacity"),
        (lambda: units.site_capacity_kw(1, 0, 1), "factor at rating"),
        (lambda: units.site_capacity_kw(1, 1, np.nan), "factor at site"),
        (lambda: units.site_capacity_kw(1, 1, 1, 0), "derate"),
        (lambda: units.dry_cooler_kw(2931, 35, 46, 46, 35), "rated difference"),
        (lambda: units.dry_cooler_kw(0, 46, 35, 46, 35), "rated heat"),
        (lambda: units.duty_units(-1, 1000), "heat must be"),
        (lambda: units.duty_units(np.inf, 1000), "heat must be"),
        (lambda: units.duty_units(1, 0), "capacity of a unit"),
        (lambda: units.installed_units(10, 0, 1), "units of a block"),
        (lambda: units.installed_units(10, 4.5, 1), "units of a block"),
        (lambda: units.installed_units(10, 4, -1), "spares"),
        (lambda: units.installed_units(-1, 4, 1), "units on duty"),
        (lambda: units.duty_of(2.5, 4, 1), "installed units"),
        (lambda: units.load_carried_kw(10, -1, 4, 1), "capacity of a unit"),
        (lambda: units.unit_kw_at(1e3, 1, 4, 1), "no unit on duty"),
    ],
)
def test_nonsense_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
