"""Heat balance, coolant, pipes, pumps, exchanger and hold-up of the cooling loops."""

import numpy as np
import pytest
from fluids import bend_rounded, exit_normal, nearest_pipe
from fluids.fittings import K_gate_valve_Crane, K_lift_check_valve_Crane
from fluids.friction import Colebrook
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.cooling import loop

WATER = loop.coolant("water", 25)
PG25 = loop.coolant("PG25", 35)
INCH, FOOT, GALLON = 0.0254, 0.3048, 3.785411784e-3
HP, LB = 745.6998715822702, 0.45359237

shares = st.floats(0, 1, allow_nan=False)
flows = st.floats(0.05, 20)
diameters = st.floats(0.2, 2.0)


def liquid(density, viscosity):
    return loop.Coolant(density, 4180.0, viscosity, 0.6)


class TestCoolant:
    def test_water_has_the_values_of_the_steam_tables(self):
        # IAPWS-95 at 25 °C and 4 bar: Wagner and Pruss (2002), table 13.2
        assert WATER.density_kg_m3 == pytest.approx(997.18, abs=0.05)
        assert WATER.heat_capacity_j_kg_k == pytest.approx(4181, abs=2)
        assert WATER.viscosity_pa_s == pytest.approx(8.90e-4, rel=2e-3)

    def test_a_quarter_glycol_is_as_the_evidence_states_it(self):
        assert PG25.density_kg_m3 == pytest.approx(1013, abs=1)
        assert PG25.heat_capacity_j_kg_k == pytest.approx(3960, abs=5)
        assert 1.8 < PG25.viscosity_pa_s / loop.coolant("water", 35).viscosity_pa_s < 2.4

    def test_a_litre_and_a_half_a_minute_and_kilowatt_warms_by_ten_kelvin(self):
        assert loop.coolant_rise_k(1.5, PG25) == pytest.approx(10.0, abs=0.1)
        assert loop.coolant_rise_k([1.25, 2.0], PG25) == pytest.approx([11.98, 7.49], abs=0.02)

    def test_unknown_names_and_temperatures_are_refused(self):
        with pytest.raises(ValueError, match="unknown coolant 'oil'"):
            loop.coolant("oil", 30)
        with pytest.raises(ValueError, match="from 0 to 95"):
            loop.coolant("water", 120)


class TestShares:
    def test_plated_chips_alone_give_a_floor(self):
        # 36 superchips of 2.7 kW in a rack of 132 kW; 8 GPUs of 700 W in a server of 10.7 kW
        got = loop.plated_floor([36, 8], [2700, 700], [132, 10.7])
        assert got == pytest.approx([0.7364, 0.5234], abs=1e-4)
        with pytest.raises(ValueError, match="more than the box"):
            loop.plated_floor(8, 1400, 10.0)

    def test_network_and_plain_racks_dilute_the_share(self):
        assert loop.site_share(0.8, 0.5, 1.25) == pytest.approx(0.32)
        with pytest.raises(ValueError, match="at least 1"):
            loop.site_share(0.8, 0.5, 0.9)
        with pytest.raises(ValueError, match="plated_racks is a share"):
            loop.site_share(0.8, 1.5, 1.0)

    def test_balance_by_hand(self):
        halls = loop.balance(900, 0.8, 0.05, 6)
        assert (halls.liquid_mw, halls.air_mw) == (pytest.approx(726), pytest.approx(225))
        assert halls.hall_mw == pytest.approx(951)
        assert halls.hall_share == pytest.approx(726 / 951)
        with pytest.raises(ValueError, match="it_mw must be above zero"):
            loop.balance(0, 0.8, 0.05)
        with pytest.raises(ValueError, match="loss is a share"):
            loop.balance(900, 0.8, 5)

    @given(st.floats(1, 2000), shares, st.floats(0, 0.2), st.floats(0, 30))
    def test_heat_in_is_heat_out(self, it, share, loss, pump):
        halls = loop.balance(it, share, loss, pump)
        assert halls.liquid_mw + halls.air_mw == pytest.approx(float(halls.hall_mw), rel=1e-12)
        assert halls.liquid_mw >= 0 and halls.air_mw >= -1e-9

    @given(shares, shares, st.floats(1, 2))
    def test_a_site_is_never_more_liquid_than_its_racks(self, rack, plated, overhead):
        assert loop.site_share(rack, plated, overhead) <= rack + 1e-12


class TestFlow:
    def test_summit_snapshots_are_met_within_one_per_cent(self):
        seen = table("cooling/summit_snapshots")
        rise = seen["loop_return_c"] - seen["loop_supply_c"]
        got = loop.carried_w(seen["loop_flow_l_s"] / 1000, rise, WATER) / 1000
        ratio = (got / seen["loop_cooling_kw"]).to_numpy()
        assert ratio == pytest.approx(np.ones(len(seen)), abs=0.01)

    @given(st.floats(1e3, 1e9), st.floats(1, 40))
    def test_flow_and_heat_are_inverse(self, heat, rise):
        flow = loop.coolant_flow_m3_s(heat, rise, PG25)
        assert loop.carried_w(flow, rise, PG25) == pytest.approx(heat)

    def test_refuses_no_rise(self):
        with pytest.raises(ValueError, match="rise_k must be above zero"):
            loop.coolant_flow_m3_s(1e6, 0, WATER)


class TestChip:
    def test_by_hand(self):
        # 45 °C, 0.03 K/W, 1,200 W, a rise of 10 K
        assert loop.junction_c(45, 0.03, 1200, 10) == pytest.approx(86)
        assert loop.hottest_supply_c(85, 0.03, 1200, 10) == pytest.approx(44)

    @given(st.floats(20, 60), st.floats(0.005, 0.1), st.floats(100, 3000), st.floats(1, 20))
    def test_the_hottest_supply_just_reaches_the_limit(self, limit, r, power, rise):
        supply = loop.hottest_supply_c(limit, r, power, rise)
        assert loop.junction_c(supply, r, power, rise) == pytest.approx(limit)


class TestExchanger:
    def test_equal_streams_have_ntu_of_rise_over_approach(self):
        # balanced counterflow: effectiveness = NTU / (1 + NTU)
        for approach in (3.0, 4.0, 5.0):
            assert loop.cdu_ntu(10, 10, approach) == pytest.approx(10 / approach)

    def test_unequal_streams_meet_the_closed_form_and_the_log_mean(self):
        # hot 44 to 34, cold 30 to 38: differences of 6 K and 4 K
        log_mean = (6 - 4) / np.log(6 / 4)
        assert loop.cdu_ntu(10, 8, 4) == pytest.approx(10 / log_mean)
        assert loop.cdu_ntu(8, 10, 4) == pytest.approx(10 / ((4 - 2) / np.log(4 / 2)))

    def test_impossible_exchanger(self):
        with pytest.raises(ValueError, match="hotter than the coolant"):
            loop.cdu_ntu(8, 13, 4)

    @given(st.floats(4, 15), st.floats(4, 15), st.floats(1, 8))
    def test_supply_comes_back_at_the_approach(self, secondary, facility, approach):
        if facility >= secondary + approach - 0.1:
            return
        ntu = loop.cdu_ntu(secondary, facility, approach)
        assert loop.cdu_supply_c(30, secondary, facility, ntu) == pytest.approx(30 + approach)
        assert loop.cdu_ntu(secondary, facility, approach * 1.1) < ntu


class TestPipe:
    def test_crane_7_1_smooth_pipe(self):
        # Crane TP-410, example 7.1: water of 30 °C, 200 L/min, pipe of 50 mm: Re 100,600, f 0.0179
        water, d = loop.coolant("water", 30), nearest_pipe(Di=0.05)[1]
        flow = 0.2 / 60
        assert loop.reynolds(flow, d, water) == pytest.approx(100_600, rel=5e-3)
        drop = loop.pipe_friction_pa_m(flow, d, water, roughness_m=1.5e-6)
        velocity = flow / (np.pi * d**2 / 4)
        factor = drop * d / (water.density_kg_m3 * velocity**2 / 2)
        assert factor == pytest.approx(0.0179, rel=0.015)

    def test_crane_7_15_pump(self):
        # Crane TP-410, example 7.15: 100 gal/min through 500 ft of 3-inch pipe, lift of 400 ft,
        # exit, gate valve, four elbows and a lift check valve: 421 ft of head, and 15.2 hp at an
        # efficiency of 0.7
        flow, d = 100 * GALLON / 60, nearest_pipe(NPS=3, schedule="40")[1]
        water = liquid(62.298 * LB / FOOT**3, 0.95e-3)
        straight = 500 * FOOT * loop.pipe_friction_pa_m(flow, d, water, roughness_m=0.0018 * INCH)
        velocity = flow / (np.pi * d**2 / 4)
        elbow = bend_rounded(Di=d, angle=90, Re=1e5, method="Crane standard")
        check = K_lift_check_valve_Crane(nearest_pipe(NPS=2.5, schedule="40")[1], d, angled=False)
        k = exit_normal() + K_gate_valve_Crane(d, d, 0.0) + 4 * elbow + check
        fittings = k * water.density_kg_m3 * velocity**2 / 2
        lift = 400 * FOOT * water.density_kg_m3 * loop.G_M_S2
        pressure = straight + fittings + lift
        head_ft = pressure / (water.density_kg_m3 * loop.G_M_S2) / FOOT
        assert head_ft == pytest.approx(421, abs=2.5)
        assert loop.pump_w(flow, pressure, 0.7) / HP == pytest.approx(15.2, abs=0.1)

    def test_crane_7_34_pump_with_motor_and_drive(self):
        # Crane TP-410, example 7.34: 700 gal/min at 428 ft, 70.7, 95 and 96 %: 8,000 h at 0.12
        # dollars a kWh cost 83,970 dollars
        pressure = 428 * FOOT * 62.364 * LB / FOOT**3 * loop.G_M_S2
        power = loop.pump_w(700 * GALLON / 60, pressure, 0.707 * 0.95 * 0.96)
        assert power / 1000 * 8000 * 0.12 == pytest.approx(83_970, rel=2e-3)

    def test_moody_chart(self):
        # read off Moody (1944): relative roughness 0.001, Re 1e6: 0.0199; 0.0001, Re 1e5: 0.0185
        for rough, re, factor in ((1e-3, 1e6, 0.0199), (1e-4, 1e5, 0.0185)):
            d, water = 0.5, liquid(1000, 1e-3)
            flow = re * np.pi * d * 1e-3 / (4 * 1000)
            drop = loop.pipe_friction_pa_m(flow, d, water, roughness_m=rough * d)
            velocity = flow / (np.pi * d**2 / 4)
            assert drop * d / (500 * velocity**2) == pytest.approx(factor, rel=0.005)

    @settings(deadline=None)
    @given(flows, diameters)
    def test_friction_solves_colebrook(self, flow, d):
        re = float(loop.reynolds(flow, d, WATER))
        if re < 4000:
            return
        velocity = flow / (np.pi * d**2 / 4)
        drop = float(loop.pipe_friction_pa_m(flow, d, WATER))
        factor = drop * d / (WATER.density_kg_m3 * velocity**2 / 2)
        assert factor == pytest.approx(Colebrook(re, loop.STEEL_ROUGHNESS_M / d), rel=1e-6)

    @given(st.floats(20, 1000), diameters)
    def test_velocity_at_friction_is_the_inverse(self, drop, d):
        velocity = loop.velocity_at_friction_m_s(drop, d, PG25)
        flow = velocity * np.pi * d**2 / 4
        assert loop.pipe_friction_pa_m(flow, d, PG25) == pytest.approx(drop, rel=1e-6)

    @given(flows, diameters)
    def test_more_flow_and_less_pipe_lose_more(self, flow, d):
        base = loop.pipe_friction_pa_m(flow, d, WATER)
        assert loop.pipe_friction_pa_m(1.1 * flow, d, WATER) > base
        assert loop.pipe_friction_pa_m(flow, 0.9 * d, WATER) > base

    def test_hazen_williams_is_near_for_water_in_mains(self):
        # in US units: ft per 100 ft = 0.2083 (100/C)^1.852 gpm^1.852 / inches^4.8655
        got = loop.hazen_williams_pa_m(1000 * GALLON / 60, 10.02 * INCH, 120)
        published = 0.2083 * (100 / 120) ** 1.852 * 1000**1.852 / 10.02**4.8655
        assert got / (998.2 * loop.G_M_S2) * 100 == pytest.approx(published, rel=0.03)
        colebrook = loop.pipe_friction_pa_m(1.5, 0.895, loop.coolant("water", 20))
        assert loop.hazen_williams_pa_m(1.5, 0.895) == pytest.approx(float(colebrook), rel=0.1)

    def test_laminar_flow_is_refused(self):
        with pytest.raises(ValueError, match="not turbulent"):
            loop.pipe_friction_pa_m(1e-6, 0.5, WATER)

    def test_the_stricter_limit_rules(self):
        by_speed = loop.pipe_capacity_m3_s(0.9, 2.4, 400, WATER)
        assert by_speed == pytest.approx(2.4 * np.pi * 0.81 / 4)
        by_friction = loop.pipe_capacity_m3_s(0.05, 2.4, 400, WATER)
        assert by_friction < 2.4 * np.pi * 0.05**2 / 4

    def test_pipes_are_whole(self):
        assert loop.pipes([29.9, 30.0, 30.1], 1.5).tolist() == [20, 20, 21]


class TestPumpAndHoldUp:
    def test_head_by_hand(self):
        assert loop.yard_head_pa(40, 600, 0.25, 150e3) == pytest.approx(210e3)

    def test_pump_by_hand(self):
        assert loop.pump_w(18, 175e3, 0.63) == pytest.approx(5e6)
        with pytest.raises(ValueError, match="efficiency is a share"):
            loop.pump_w(18, 175e3, 1.2)

    def test_part_load_is_the_published_curve(self):
        assert loop.part_load([0, 0.5, 1]) == pytest.approx([0, 0.185, 1.0059], abs=5e-4)
        with pytest.raises(ValueError, match="flow_share is a share"):
            loop.part_load(1.1)

    def test_a_tapered_main_holds_half(self):
        assert loop.loop_volume_m3(30, 2.4, 600) == pytest.approx(7500)
        assert loop.loop_volume_m3(30, 2.4, 600, taper=1.0) == pytest.approx(15000)
        assert loop.loop_volume_m3(30, 2.4, 600, 9e5, 5) == pytest.approx(7500 + 4500)

    @given(st.floats(1, 50), st.floats(1, 5), st.floats(50, 2000), st.floats(3, 20))
    def test_a_kelvin_lasts_the_circuit_over_the_rise(self, flow, velocity, run, rise):
        volume = loop.loop_volume_m3(flow, velocity, run)
        seconds = loop.seconds_per_kelvin(volume, loop.carried_w(flow, rise, WATER), WATER)
        assert seconds == pytest.approx(float(volume) / flow / rise)


BASE = {
    "loss": 0.06,
    "l_min_kw": 1.5,
    "secondary_head_pa": 175e3,
    "facility_rise_k": 8.0,
    "velocity_m_s": 2.4,
    "run_m": 600.0,
    "fittings": 0.3,
    "equipment_pa": 150e3,
    "efficiency": 0.63,
    "diameter_m": 0.895,
    "facility": WATER,
}


class TestSite:
    def test_steps_add_up(self):
        site = loop.site_loops(900, 0.8, **BASE)
        assert site.secondary_m3_s == pytest.approx(1.5e-3 * 720e3 / 60)
        assert site.secondary_pump_mw == pytest.approx(18 * 175e3 / 0.63 / 1e6)
        assert site.hall_mw == pytest.approx(900 * 1.06 + 5)
        assert site.liquid_mw == pytest.approx(720 + 5)
        carried = loop.carried_w(site.facility_m3_s, 8, WATER)
        assert carried == pytest.approx(1e6 * site.hall_mw)
        head = 2 * 600 * site.friction_pa_m * 1.3 + 150e3
        assert site.facility_head_pa == pytest.approx(head)
        assert site.facility_pump_mw == pytest.approx(site.facility_m3_s * head / 0.63 / 1e6)
        assert site.volume_m3 == pytest.approx(600 * site.facility_m3_s / 2.4)
        assert site.pump_mw == pytest.approx(site.secondary_pump_mw + site.facility_pump_mw)

    @pytest.mark.parametrize(
        ("key", "factor", "grows"),
        [
            ("facility_rise_k", 1.2, False),
            ("velocity_m_s", 1.2, True),
            ("run_m", 1.2, True),
            ("fittings", 1.2, True),
            ("equipment_pa", 1.2, True),
            ("efficiency", 1.2, False),
            ("l_min_kw", 1.2, True),
            ("secondary_head_pa", 1.2, True),
            ("diameter_m", 1.2, False),
            ("loss", 1.2, True),
        ],
    )
    def test_pump_power_moves_the_right_way(self, key, factor, grows):
        before = loop.site_loops(900, 0.8, **BASE).pump_mw
        after = loop.site_loops(900, 0.8, **{**BASE, key: BASE[key] * factor}).pump_mw
        assert (after > before) == grows

    def test_takes_arrays(self):
        site = loop.site_loops(np.full(5, 900.0), np.linspace(0.2, 0.9, 5), **BASE)
        assert site.pump_mw.shape == (5,)
        assert (np.diff(site.secondary_m3_s) > 0).all()
