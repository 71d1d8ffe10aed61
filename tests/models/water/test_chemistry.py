"""Water chemistry: censored results, bioreactor balance, cycles, membranes, saturation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.water import chemistry as ch

LEVEL = st.floats(min_value=0.1, max_value=500)
CYCLES = st.floats(min_value=1.2, max_value=20)
SHARE = st.floats(min_value=0, max_value=1)

WATER = ch.Effluent(
    bod=50, tss=60, ammonia_n=28, organic_n=8, nitrate_n=5, phosphorus=7, alkalinity=295,
    calcium=27.7, magnesium=10.1, sulfate=60, chloride=45, silica=16,
)  # fmt: skip
DESIGN = ch.Design(ammonia_out=0.2)


class TestStoichiometry:
    def test_the_textbook_constants(self):
        assert pytest.approx(4.57, abs=0.005) == ch.OXYGEN_PER_N_NITRIFIED
        assert pytest.approx(2.86, abs=0.005) == ch.OXYGEN_PER_N_DENITRIFIED
        assert pytest.approx(7.14, abs=0.01) == ch.ALKALINITY_PER_N_NITRIFIED
        assert pytest.approx(3.57, abs=0.005) == ch.ALKALINITY_PER_N
        assert pytest.approx(2.996, abs=0.001) == ch.SULFATE_PER_SULFUR

    def test_denitrification_wins_back_five_eighths_of_the_oxygen(self):
        assert pytest.approx(5 / 8) == ch.OXYGEN_PER_N_DENITRIFIED / ch.OXYGEN_PER_N_NITRIFIED

    def test_food_by_hand(self):
        # 2.86/(1 - 0.67) = 8.65 of demand a nitrogen
        cells = ch.Biomass(growth=0.67)
        assert ch.food_for_denitrification(86.5, cells) == pytest.approx(10.0, rel=2e-3)


class TestCensored:
    def test_without_censoring_it_is_the_empirical_distribution(self):
        support, cdf = ch.kaplan_meier([3.0, 1.0, 2.0, 2.0], [False] * 4)
        assert support.tolist() == [1, 2, 3]
        assert cdf == pytest.approx([0.25, 0.75, 1.0])

    def test_by_hand(self):
        # 5, 4, <3, 2, <1: F(4) = 1 - 1/5, F(2) = F(4)(1 - 1/4), below 2: F(2)(1 - 1/2).
        support, cdf = ch.kaplan_meier([5, 4, 3, 2, 1], [False, False, True, False, True])
        assert support.tolist() == [2, 4, 5]
        assert cdf == pytest.approx([0.6, 0.8, 1.0])

    def test_quantiles_among_the_nondetects_are_unknown(self):
        values, below = np.array([1.0, 1.0, 1.0, 4.0, 8.0]), np.array([True] * 3 + [False] * 2)
        got = ch.kaplan_meier_quantile(values, below, [0.5, 0.7, 0.9])
        assert np.isnan(got[0]) and got[1:].tolist() == [4, 8]

    def test_median_of_exact_results(self):
        got = ch.kaplan_meier_quantile(np.arange(1.0, 6.0), np.zeros(5, bool), 0.5)
        assert got == 3

    def test_refuses_what_it_cannot_know(self):
        with pytest.raises(ValueError, match="nothing was detected"):
            ch.kaplan_meier([1.0, 1.0], [True, True])
        with pytest.raises(ValueError, match="one shape"):
            ch.kaplan_meier([1.0, 2.0], [True])

    def test_lognormal_fit_recovers_its_parameters(self):
        rng = np.random.default_rng(7)
        true = np.exp(rng.normal(np.log(100), np.log(8), 4000))
        low, high = true < 10, true > 2000
        median, spread = ch.lognormal_censored(np.clip(true, 10, 2000), low, high)
        assert median == pytest.approx(100, rel=0.1)
        assert spread == pytest.approx(8, rel=0.1)

    def test_substituting_the_limits_instead_would_be_wrong(self):
        rng = np.random.default_rng(7)
        true = np.exp(rng.normal(np.log(100), np.log(8), 4000))
        low, high = true < 30, true > 300
        naive = np.exp(np.log(np.clip(true, 30, 300)).std())
        assert ch.lognormal_censored(np.clip(true, 30, 300), low, high)[1] > 1.5 * naive

    def test_lognormal_fit_refuses(self):
        with pytest.raises(ValueError, match="positive values"):
            ch.lognormal_censored([1.0, 0.0, 2.0, 3.0], [False] * 4, [False] * 4)
        with pytest.raises(ValueError, match="three of them exact"):
            ch.lognormal_censored([1.0, 2.0, 3.0, 4.0], [True, True, False, False], [False] * 4)


class TestBioreactor:
    def test_by_hand(self):
        water = replace(WATER, organic_n=0, bod=0, tss=0, phosphorus=0)
        got = ch.treat(water, replace(DESIGN, alkalinity_floor=0))
        assert got.nitrified_n == pytest.approx(27.8)
        assert got.nitrate_n == pytest.approx(32.8)
        assert got.alkalinity == pytest.approx(295 - 7.145 * 27.8, abs=0.05)
        assert got.oxygen == pytest.approx(4.569 * 27.8, abs=0.05)

    def test_cells_take_up_five_of_nitrogen_and_over_one_of_phosphorus_a_hundred_of_food(self):
        none = replace(WATER, organic_n=0, tss=0)
        got = ch.treat(none, DESIGN, ch.Biomass(growth=0.67))
        assert 28 - 0.2 - got.nitrified_n == pytest.approx(0.0469 * 50, rel=1e-3)
        assert 7 - got.phosphorus == pytest.approx(0.0134 * 50, rel=1e-3)

    def test_nitrogen_balance_closes(self):
        got = ch.treat(WATER, replace(DESIGN, denitrified_share=0.4, carbon_n=3.0))
        cells = 0.07 * 0.625 * 50
        out = got.ammonia_n + got.nitrate_n + got.denitrified_n + cells + 0.5 * 8
        assert out == pytest.approx(28 + 8 + 5)

    def test_salts_pass_and_hardness_is_that_of_the_laboratory(self):
        got = ch.treat(WATER, DESIGN)
        assert (got.calcium, got.magnesium, got.silica) == (27.7, 10.1, 16)
        measured = table("water/maxson_chemistry").query("parameter == 'hardness'")["value"].mean()
        assert got.hardness == pytest.approx(measured, rel=0.01)

    def test_phosphorus_step_by_hand(self):
        # All P dissolved, none eaten: 6.5 mg/L bound by 1.5 mol Fe a mol, three chlorides each.
        water = replace(WATER, tss=0, bod=0)
        got = ch.treat(water, replace(DESIGN, phosphorus_out=0.5, alkalinity_floor=0))
        plain = ch.treat(water, replace(DESIGN, alkalinity_floor=0))
        assert got.metal_mmol == pytest.approx(1.5 * 6.5 / 30.974)
        assert got.chloride - 45 == pytest.approx(3 * 35.45 * got.metal_mmol)
        lost = plain.alkalinity - got.alkalinity
        assert lost == pytest.approx(50.04 * (3 * got.metal_mmol - 1.5 * 6.5 / 30.974), rel=1e-3)

    def test_alum_brings_sulfate_instead(self):
        got = ch.treat(WATER, replace(DESIGN, phosphorus_out=0.5, chloride_salt=0.0))
        assert got.chloride == 45
        assert got.sulfate - 60 == pytest.approx(1.5 * 96.06 * got.metal_mmol)

    def test_alkali_is_added_down_to_the_floor_and_brings_sodium(self):
        sour = replace(WATER, alkalinity=150)
        got = ch.treat(sour, DESIGN)
        assert got.alkalinity == pytest.approx(50)
        assert got.alkalinity_before_dosing + got.alkali_added == pytest.approx(50)
        assert got.sodium - sour.sodium == pytest.approx(got.alkali_added * 22.99 / 50.04, rel=1e-3)

    def test_oxygen_is_one_of_food_and_what_nitrogen_takes(self):
        got = ch.treat(WATER, replace(DESIGN, denitrified_share=0.5))
        by_hand = 50 + 4.569 * got.nitrified_n - 2.856 * got.denitrified_n
        assert got.oxygen == pytest.approx(by_hand, abs=0.02)

    def test_solids_held_back_take_their_phosphorus_along(self):
        # Two per cent of the oxygen demand of 60 mg/L of solids at 0.9 g a g: 1.33 mg/L.
        none, all_ = (ch.treat(WATER, replace(DESIGN, organic_share=s)) for s in (0.0, 1.0))
        assert all_.phosphorus - none.phosphorus == pytest.approx(0.02 * 60 / 0.9)

    def test_denitrification_stops_where_nitrate_is_gone(self):
        got = ch.treat(WATER, replace(DESIGN, carbon_n=500.0))
        assert got.nitrate_n == pytest.approx(0)

    def test_solids_made(self):
        assert ch.treat(WATER, DESIGN).solids_made == pytest.approx(0.9 * 0.625 * 50 + 60)

    def test_dissolved_solids_by_hand(self):
        got = ch.treat(WATER, DESIGN)
        sum_ = 27.7 + 10.1 + got.sodium + 60 + 45 + 16 + got.nitrate_n * 4.4266
        sum_ += got.alkalinity / 50.0435 * 61.016 * 0.4917 + got.phosphorus * 3.0661
        assert got.dissolved_solids == pytest.approx(sum_, rel=1e-4)

    @given(
        LEVEL, LEVEL, LEVEL, SHARE, SHARE, st.floats(0, 30), st.sampled_from([np.inf, 0.5]), SHARE
    )
    def test_charges_still_add_up_after_treatment(self, bod, tss, nh4, org, den, carbon, p, salt):
        # Anions must exceed the cations that come in, so that sodium closes the balance.
        water = replace(WATER, bod=bod, tss=tss, ammonia_n=nh4, alkalinity=3.6 * nh4 + 200)
        design = ch.Design(0.2, p, org, den, carbon, 1.5, salt, 60.0)
        got = ch.treat(water, design)
        assert abs(float(got.charge_gap)) < 1e-9
        assert got.nitrate_n >= -1e-9 and got.phosphorus >= 0 and got.alkalinity >= 60 - 1e-9

    @given(SHARE, SHARE)
    def test_more_denitrification_gives_back_alkalinity_and_oxygen(self, a, b):
        low, high = sorted([a, b])
        less = ch.treat(WATER, replace(DESIGN, denitrified_share=low, alkalinity_floor=0))
        more = ch.treat(WATER, replace(DESIGN, denitrified_share=high, alkalinity_floor=0))
        assert more.alkalinity >= less.alkalinity - 1e-9
        assert more.oxygen <= less.oxygen + 1e-9

    def test_refuses_nonsense(self):
        with pytest.raises(ValueError, match="bod must be at least 0"):
            replace(WATER, bod=-1)
        with pytest.raises(ValueError, match="organic_share must lie between"):
            ch.treat(WATER, replace(DESIGN, organic_share=1.1))
        with pytest.raises(ValueError, match="carbon_n must be at least 0"):
            ch.treat(WATER, replace(DESIGN, carbon_n=-1))
        with pytest.raises(ValueError, match="calcium must be at least 0"):
            replace(WATER, calcium=np.nan)


class TestCycles:
    def test_by_hand(self):
        by_ion = ch.cycles_by_ion({"a": 50, "b": np.array([10.0, 100.0])}, {"a": 200, "b": 250})
        least, which = ch.most_cycles(by_ion)
        assert least.tolist() == [4, 2.5] and which.tolist() == ["a", "b"]

    def test_an_ion_without_a_limit_in_a_draw_does_not_bind(self):
        least, which = ch.most_cycles({"a": np.array([np.nan, 3.0]), "b": np.array([5.0, 4.0])})
        assert least.tolist() == [5, 3] and which.tolist() == ["b", "a"]

    @given(LEVEL, LEVEL, st.floats(1.01, 10))
    def test_cycles_fall_as_concentration_rises(self, limit, level, by):
        few = ch.cycles_by_ion({"a": by * level}, {"a": limit})["a"]
        assert few == pytest.approx(ch.cycles_by_ion({"a": level}, {"a": limit})["a"] / by)

    def test_refuses(self):
        with pytest.raises(ValueError, match="no concentration for b"):
            ch.cycles_by_ion({"a": 1}, {"b": 1})
        with pytest.raises(ValueError, match="limits must be positive"):
            ch.cycles_by_ion({"a": 1}, {"a": 0})
        with pytest.raises(ValueError, match="no ion has a limit"):
            ch.most_cycles({})
        with pytest.raises(ValueError, match="in some draw"):
            ch.most_cycles({"a": np.array([np.nan, 1.0])})


class TestTower:
    def test_by_hand(self):
        got = ch.split_make_up(13.0, 5.0, 0.1)
        assert got.evaporation == pytest.approx(10.4)
        assert got.blowdown == pytest.approx(2.5)

    @given(st.floats(0.1, 100), CYCLES, SHARE)
    def test_water_and_salt_close(self, make_up, cycles, part):
        drift = part * make_up / cycles
        got = ch.split_make_up(make_up, cycles, drift)
        assert got.evaporation + got.drift + got.blowdown == pytest.approx(make_up)
        assert cycles * (got.blowdown + got.drift) == pytest.approx(make_up)

    @given(CYCLES, st.floats(1.01, 3))
    def test_blowdown_falls_with_cycles(self, cycles, by):
        assert ch.split_make_up(1.0, by * cycles).blowdown < ch.split_make_up(1.0, cycles).blowdown

    def test_the_textbook_form(self):
        # B = E/(C - 1) - D
        got = ch.split_make_up(12.0, 4.0, 0.2)
        assert got.blowdown == pytest.approx(got.evaporation / (4 - 1) - 0.2)

    def test_three_to_six_cycles_saves_a_fifth_of_the_make_up(self):
        # EPA WaterSense at Work, page 199: make-up falls by 20 %, blowdown by 50 % (of half).
        three, six = (ch.split_make_up(1.0, c) for c in (3.0, 6.0))
        at_equal_evaporation = six.make_up / six.evaporation * three.evaporation
        assert 1 - at_equal_evaporation == pytest.approx(0.20)

    def test_refuses(self):
        with pytest.raises(ValueError, match="above 1"):
            ch.split_make_up(1.0, 1.0)
        with pytest.raises(ValueError, match="drift is larger"):
            ch.split_make_up(1.0, 5.0, 0.3)


class TestMembranes:
    def test_by_hand(self):
        # Half of the feed: 0.5 as it is, 0.375 of permeate with 4 % of the salt.
        got = ch.blend(0.5, 0.75, 0.04)
        assert got == pytest.approx((0.5 + 0.375 * 0.04) / 0.875)

    @given(SHARE, st.floats(0.5, 0.95), st.floats(0, 0.1))
    def test_share_is_the_inverse(self, share, recovery, passage):
        wanted = ch.blend(share, recovery, passage)
        assert ch.membrane_share(wanted, recovery, passage) == pytest.approx(share, abs=1e-6)

    def test_ends(self):
        assert ch.membrane_share(1.2, 0.75, 0.04) == 0
        assert np.isnan(ch.membrane_share(0.03, 0.75, 0.04))
        assert ch.blend(0.0, 0.75, 0.04) == 1 and ch.blend(1.0, 0.75, 0.04) == pytest.approx(0.04)

    def test_energy_by_hand(self):
        assert ch.energy_kwh_m3(0.0, 0.75, 0.65, 0.6) == pytest.approx(0.65)
        assert ch.energy_kwh_m3(1.0, 0.75, 0.65, 0.6) == pytest.approx(0.65 / 0.75 + 0.6)

    @given(SHARE, SHARE)
    def test_more_membranes_take_more_energy(self, a, b):
        low, high = sorted([a, b])
        assert ch.energy_kwh_m3(low, 0.75, 0.65, 0.6) <= ch.energy_kwh_m3(high, 0.75, 0.65, 0.6)

    def test_refuses(self):
        with pytest.raises(ValueError, match="share must lie between"):
            ch.blend(1.1, 0.75, 0.04)


class TestSaturation:
    def test_langelier_worked_example(self):
        # TDS 320, Ca 150 and alkalinity 34 as CaCO3: A 0.15, B 2.09 and 1.09, C 1.78, D 1.53,
        # so that pHs is 8.2 at 25 degrees C and 7.2 at 82; at pH 7.5 the index is -0.7 and +0.3.
        got = ch.langelier(7.5, np.array([25.0, 82.0]), 150.0, 34.0, 320.0)
        assert got == pytest.approx([-0.7, 0.3], abs=0.06)
        with pytest.raises(ValueError, match="must be positive"):
            ch.langelier(7.5, 25.0, 0.0, 34.0, 320.0)

    def test_phreeqc_seawater_of_its_manual(self):
        # Example 1 of the PHREEQC manual: calcite +0.76, gypsum -0.64 in Nordstrom's seawater.
        from phreeqpython import PhreeqPython

        sea = PhreeqPython(database="phreeqc.dat").add_solution(
            {
                "temp": 25, "pH": 8.22, "units": "ppm", "density": 1.023, "Ca": 412.3,
                "Mg": 1291.8, "Na": 10768.0, "K": 399.1, "Si": 4.28, "Cl": 19353.0,
                "Alkalinity": "141.682 as HCO3", "S(6)": 2712.0,
            }
        )  # fmt: skip
        assert sea.si("Calcite") == pytest.approx(0.76, abs=0.03)
        assert sea.si("Gypsum") == pytest.approx(-0.64, abs=0.03)

    def test_water_in_balance_with_calcite_and_air_has_an_index_of_nought(self):
        # The textbook case at 25 degrees C and 10**-3.5 atm: pH 8.3, about 20 mg/L of calcium.
        water = dict.fromkeys(
            ["magnesium", "sodium", "sulfate", "chloride", "silica", "nitrate_n", "phosphorus"],
            1e-3,
        ) | {"calcium": 19.0, "alkalinity": 48.6}
        got = ch.saturation(water, [1.0], 25.0, 316.0).iloc[0]
        assert got["ph"] == pytest.approx(8.28, abs=0.05)
        assert got["calcite"] == pytest.approx(0.0, abs=0.08)

    def test_langelier_agrees_with_phreeqc_in_a_plain_water(self):
        water = {
            "calcium": 60.0, "magnesium": 10.0, "sodium": 40.0, "sulfate": 30.0, "chloride": 40.0,
            "silica": 10.0, "alkalinity": 150.0, "nitrate_n": 1.0, "phosphorus": 1e-3,
        }  # fmt: skip
        got = ch.saturation(water, [1.0, 2.0], 30.0, 425.0)
        index = ch.langelier(
            got["ph"], 30.0, 60 * 2.497 * got["cycles"], 150 * got["cycles"], 330 * got["cycles"]
        )
        assert index == pytest.approx(got["calcite"].to_numpy(), abs=0.25)

    @settings(max_examples=8, deadline=None)
    @given(st.floats(1, 6), st.floats(1.05, 2))
    def test_every_index_rises_with_cycles(self, cycles, by):
        treated = ch.treat(WATER, DESIGN)
        names = ["calcium", "magnesium", "sodium", "sulfate", "chloride", "silica"]
        names += ["alkalinity", "nitrate_n", "phosphorus"]
        water = {k: float(getattr(treated, k)) for k in names}
        low, high = (r for _, r in ch.saturation(water, [cycles, by * cycles], 30, 425).iterrows())
        for mineral in ch.MINERALS:
            assert high[mineral] > low[mineral]

    def test_refuses(self):
        with pytest.raises(ValueError, match="at least once"):
            ch.saturation({}, [0.5], 30.0, 425.0)


class TestTables:
    def test_calcium_and_magnesium_make_the_hardness(self):
        found = table("water/maxson_chemistry").groupby("parameter")["value"].mean()
        hardness = ch.CACO3 * (found["calcium"] / ch.CA + found["magnesium"] / ch.MG)
        assert hardness == pytest.approx(found["hardness"], rel=0.01)

    def test_the_suspicious_ammonia_limit_is_not_there(self):
        limits = table("water/make_up_limits")
        assert "ammonia" not in set(limits["parameter"])
        dropped = table("corrections").query("table == 'water/make_up_limits'")
        assert dropped["rows"].str.contains("ammonia").any()
