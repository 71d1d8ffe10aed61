"""Households served: the formula, its inverse, levels and spreads, and the tables they use."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.power import households as hh

USE = st.floats(min_value=500, max_value=20_000)
FACTOR = st.floats(min_value=0.05, max_value=1)


class TestFormula:
    def test_by_hand(self):
        # 1,200 MW for a year is 10.512 TWh: a million homes at 10,512 kWh.
        assert hh.households(1200, 1.0, 10_512) == pytest.approx(1e6)
        assert hh.households(1200, 0.8, 4204.8) == pytest.approx(2e6)

    def test_the_band_of_two_million_at_full_load(self):
        counts = hh.households(1200, 1.0, np.array([4204.8, 7008.0]))
        assert counts == pytest.approx([2.5e6, 1.5e6])

    def test_refuses_homes_that_use_nothing(self):
        with pytest.raises(ValueError, match="must be positive"):
            hh.households(1200, 1.0, np.array([5000.0, 0.0]))

    @given(st.floats(1, 5000), FACTOR, USE)
    def test_break_even_is_the_inverse(self, power, factor, use):
        count = hh.households(power, factor, use)
        assert hh.break_even_load_factor(power, use, count) == pytest.approx(factor)

    @given(st.floats(1, 5000), FACTOR, USE, st.floats(1.01, 5))
    def test_thirstier_homes_are_fewer_and_more_power_serves_more(self, power, factor, use, by):
        base = hh.households(power, factor, use)
        assert hh.households(power, factor, by * use) == pytest.approx(base / by)
        assert hh.households(by * power, factor, use) == pytest.approx(by * base)


class TestTrend:
    def test_an_exact_trend_has_no_spread(self):
        years = np.arange(2010, 2020)
        frame = pd.DataFrame({"p": "A", "y": years, "k": 1000 * 1.02 ** (years - 2010)})
        got = hh.trend_level(frame, "p", "y", "k").loc["A"]
        assert got["level"] == pytest.approx(1000 * 1.02**9)
        assert got["spread"] == pytest.approx(0, abs=1e-12)
        assert got["last_year"] == 2019 and got["years"] == 10

    def test_spread_by_hand(self):
        # Residuals of 0, 1, 0, 1, 0 tenths about their flat line: 0.12/(5 - 2) = 0.04 squared.
        logs = np.log(1000) + np.array([0.0, 0.1, 0.0, 0.1, 0.0])
        frame = pd.DataFrame({"p": "A", "y": range(5), "k": np.exp(logs)})
        got = hh.trend_level(frame, "p", "y", "k").loc["A"]
        assert got["level"] == pytest.approx(1000 * np.exp(0.04))
        assert got["spread"] == pytest.approx(np.sqrt(0.012 / 3))

    def test_a_single_year_borrows_the_spread_of_the_others(self):
        logs = np.log(1000) + np.array([0.0, 0.1, 0.0, 0.1, 0.0])
        frame = pd.DataFrame({"p": "A", "y": range(5), "k": np.exp(logs)})
        alone = pd.DataFrame({"p": ["B"], "y": [3], "k": [3600.0]})
        got = hh.trend_level(pd.concat([frame, alone]), "p", "y", "k")
        assert got.loc["B", "level"] == pytest.approx(3600)
        assert got.loc["B", "spread"] == got.loc["A", "spread"]

    def test_gap_takes_the_nearest_year_and_the_median_of_a_place(self):
        main = pd.DataFrame({"p": ["A", "A", "B"], "y": [2015, 2020, 2020], "k": [100.0, 200, 50]})
        other = pd.DataFrame(
            {"p": ["A", "A", "A", "B", "C"], "y": [2014, 2016, 2022, 2018, 2018],
             "k": [90.0, 110, 300, 50, 1]}
        )  # fmt: skip
        got = hh.definition_gap(other, main, "p", "y", "k")
        assert got.to_dict() == {"A": pytest.approx(1.1), "B": 1.0}  # of 0.9, 1.1 and 1.5

    def test_refuses_values_without_a_logarithm(self):
        frame = pd.DataFrame({"p": ["A"], "y": [1], "k": [0.0]})
        with pytest.raises(ValueError, match="k must be positive"):
            hh.trend_level(frame, "p", "y", "k")


class TestDraws:
    def test_use_varies_about_its_level_and_carries_the_definition(self):
        use = hh.draw_use([1000, 5000], [0.0, 0.1], np.full(20_000, 1.05), np.random.default_rng(4))
        assert use.shape == (20_000, 2)
        assert use[:, 0] == pytest.approx(1050)
        assert np.std(np.log(use[:, 1])) == pytest.approx(0.1, rel=0.03)

    def test_places_may_have_definitions_of_their_own(self):
        definition = np.array([[1.0, 2.0]])
        use = hh.draw_use([100, 100], [0, 0], definition, np.random.default_rng(4))
        assert use.tolist() == [[100, 200]]

    def test_by_place_counts_the_band_with_its_ends(self):
        counts = np.array([[1.5e6, 1.0e6], [2.5e6, 2.0e6], [2.6e6, 3.0e6], [2.0e6, 1.4e6]])
        got = hh.by_place(counts, pd.Index(["A", "B"], name="place"), 1.5e6, 2.5e6)
        assert got["probability"].to_dict() == {"A": 0.75, "B": 0.25}
        assert got.loc["A", "p50"] == pytest.approx(2.25)

    def test_a_random_home_follows_the_homes(self):
        counts = np.tile([1.0, 2.0], (20_000, 1))
        drawn = hh.random_home(counts, [3, 1], np.random.default_rng(5))
        assert drawn.mean() == pytest.approx(1.25, abs=0.01)
        with pytest.raises(ValueError, match="not all zero"):
            hh.random_home(counts, [0, 0], np.random.default_rng(5))


@pytest.fixture(scope="module")
def states():
    return table("power/households_us_state")


class TestTables:
    def test_the_country_of_2019_is_the_published_total(self, states):
        country = states[(states["state"] == "US") & (states["year"] == 2019)].iloc[0]
        assert country["residential_sales_gwh"] == pytest.approx(1_440_289, abs=1)

    def test_the_states_add_up_to_the_country_in_every_year(self, states):
        full = states[states["year"] < 2020]
        parts = full[full["state"] != "US"].groupby("year")["residential_sales_gwh"].sum()
        whole = full[full["state"] == "US"].set_index("year")["residential_sales_gwh"]
        assert len(whole) == 18
        assert parts.to_numpy() == pytest.approx(whole.loc[parts.index].to_numpy(), rel=1e-6)

    def test_use_is_sales_over_accounts(self, states):
        full = states[states["year"] < 2020]
        use = 1e6 * full["residential_sales_gwh"] / full["residential_accounts"].astype(float)
        assert use.to_numpy() == pytest.approx(full["kwh_per_account_year"].to_numpy(), rel=1e-4)

    def test_homes_never_use_more_than_everybody(self, states):
        full = states[states["year"] < 2020]
        assert (full["all_sector_sales_gwh"] > full["residential_sales_gwh"]).all()

    def test_country_rows_follow_from_their_own_columns(self):
        rows = table("power/households_country").dropna(subset=["households_million"])
        use = 1000 * rows["residential_electricity_twh"] / rows["households_million"]
        assert use.to_numpy() == pytest.approx(rows["kwh_per_household_year"].to_numpy(), rel=2e-3)

    def test_every_state_has_a_tile_of_its_own(self, states):
        tiles = table("power/us_tile_grid")
        assert set(tiles["state"]) == set(states["state"]) - {"US"}
        assert not tiles.duplicated(["tile_row", "tile_column"]).any()
