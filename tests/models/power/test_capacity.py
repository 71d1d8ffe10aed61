"""Site power by date: step functions, revisions between editions, chips, dates of crossing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.power import capacity

POWER = st.floats(min_value=1, max_value=5000, allow_nan=False)
PATHS = st.lists(
    st.tuples(st.integers(0, 2000), POWER), min_size=1, max_size=8, unique_by=lambda p: p[0]
)


def days(*text):
    return np.array(text, dtype="datetime64[D]")


def milestones(*rows):
    """(site, edition, date, MW) tuples as a frame with dates."""
    frame = pd.DataFrame(rows, columns=["site", "edition_date", "date", "facility_power_mw"])
    return frame.assign(
        edition_date=pd.to_datetime(frame["edition_date"]), date=pd.to_datetime(frame["date"])
    )


TWO_EDITIONS = milestones(
    ("A", "2026-01-01", "2025-06-01", 100.0),
    ("A", "2026-01-01", "2026-03-01", 400.0),
    ("A", "2026-06-01", "2025-06-01", 80.0),
    ("A", "2026-06-01", "2026-05-01", 400.0),
    ("B", "2026-01-01", "2025-12-01", 50.0),
    ("B", "2026-01-01", "2026-04-01", 90.0),
    ("B", "2026-06-01", "2026-02-15", 90.0),
    ("C", "2026-06-01", "2026-01-01", 10.0),
)


class TestStep:
    def test_a_day_takes_the_last_milestone_on_or_before_it(self):
        dates, mw = days("2025-10-19", "2026-02-17"), np.array([276.0, 1379.0])
        when = days("2025-10-18", "2025-10-19", "2026-01-15", "2026-02-17", "2027-01-01")
        assert capacity.step_value(dates, mw, when).tolist() == [0, 276, 276, 1379, 1379]

    def test_refuses_dates_out_of_order_and_unequal_lengths(self):
        with pytest.raises(ValueError, match="in order"):
            capacity.step_value(days("2026-01-02", "2026-01-01"), [1.0, 2.0], days("2026-01-01"))
        with pytest.raises(ValueError, match="2 dates for 1"):
            capacity.step_value(days("2026-01-01", "2026-01-02"), [1.0], days("2026-01-01"))

    def test_a_level_stands_from_the_day_it_was_reached(self):
        dates = days("2026-01-01", "2026-02-01", "2026-03-01")
        when = days("2025-12-31", "2026-02-11", "2026-03-11")
        got = capacity.standing_days(dates, np.array([5.0, 5.0, 9.0]), when)
        assert got.tolist() == [np.inf, 41, 10]

    def test_an_edition_that_does_not_list_a_site_is_named(self):
        with pytest.raises(KeyError, match="'C' in the edition of 2026-01-01"):
            capacity.edition(TWO_EDITIONS, "C", "2026-01-01")

    @given(PATHS, st.integers(-100, 2100), st.floats(0.1, 10))
    def test_scales_with_its_values_and_never_leaves_them(self, path, when, factor):
        path = sorted(path)
        dates = np.datetime64("2020-01-01") + np.array([p[0] for p in path])
        mw = np.array([p[1] for p in path])
        at = np.array([np.datetime64("2020-01-01") + when])
        value = capacity.step_value(dates, mw, at)[0]
        assert value in {0.0, *mw}
        assert capacity.step_value(dates, factor * mw, at)[0] == pytest.approx(factor * value)


class TestRevisions:
    def test_pairs_each_earlier_edition_with_the_newest_on_the_same_day(self):
        pairs = capacity.revisions(TWO_EDITIONS, [0, 90])
        got = pairs.set_index(["site", "horizon_days"])
        # 1 January: A 100 then 80, B 50 then nothing (90 only from 15 February).
        assert got.loc[("A", 0), "ratio"] == pytest.approx(0.8)
        assert got.loc[("B", 0), "ratio"] == 0
        # 90 days on is 1 April: A was to have 400 and had 80; B 90 both.
        assert got.loc[("A", 90), ["earlier_mw", "later_mw"]].tolist() == [400, 80]
        assert got.loc[("B", 90), "ratio"] == 1
        assert got.loc[("A", 0), "standing_days"] == 214  # since 1 June 2025
        assert len(pairs) == 4  # C has one edition only: nothing to compare

    def test_leaves_out_days_that_the_newest_edition_has_not_seen(self):
        assert capacity.revisions(TWO_EDITIONS, [365]).empty

    def test_a_level_of_nothing_has_no_ratio(self):
        rows = milestones(
            ("A", "2026-01-01", "2025-06-01", 0.0), ("A", "2026-06-01", "2025-06-01", 80.0)
        )
        assert capacity.revisions(rows, [0]).empty

    def test_tells_a_projection_from_what_stood(self):
        rows = milestones(
            ("A", "2026-01-01", "2025-06-01", 50.0), ("A", "2026-01-01", "2025-12-30", 90.0),
            ("A", "2026-06-01", "2025-06-01", 45.0),
        )  # fmt: skip
        kinds = rows.assign(claim_type=["estimate", "projection", "estimate"])
        assert capacity.revisions(kinds, [0, -10])["foretold"].tolist() == [True, False]
        assert not capacity.revisions(rows, [0])["foretold"].any()

    def test_a_bound_on_supply_cuts_the_load_off(self):
        load = np.arange(1.0, 101.0)  # of loads up to 80, 31 are 50 and more
        assert capacity.carried_share(load, np.full(100, 80.0), 50.0) == (0.8, 31 / 80)
        assert capacity.carried_share(load, np.full(100, 200.0), 50.0) == (1.0, 0.51)
        with pytest.raises(ValueError, match="carries none"):
            capacity.carried_share(load, np.zeros(100), 50.0)

    def test_draws_sites_and_not_rows(self):
        pairs = pd.DataFrame({"site": ["A"] * 99 + ["B"], "ratio": [1.0] * 99 + [0.0]})
        draws = capacity.draw_ratios(pairs, 20_000, np.random.default_rng(1))
        assert draws.mean() == pytest.approx(0.5, abs=0.02)

    def test_an_empty_frame_has_nothing_to_draw(self):
        with pytest.raises(ValueError, match="no pairs"):
            capacity.draw_ratios(
                pd.DataFrame({"site": [], "ratio": []}), 1, np.random.default_rng(1)
            )

    def test_counts_steps_taken_before_their_date(self):
        # Foretold on 1 January: A for 1 March (taken 1 May), B for 1 April (15 February).
        assert capacity.early_share(TWO_EDITIONS, lead_days=0) == (1.0, 2)
        assert capacity.early_share(TWO_EDITIONS, lead_days=40) == (1.0, 2)
        assert capacity.early_share(TWO_EDITIONS, lead_days=50) == (0.0, 2)

    def test_jeffreys_never_says_never(self):
        assert capacity.jeffreys(0, 14) == pytest.approx(1 / 30)
        assert capacity.jeffreys(14, 14) == pytest.approx(29 / 30)
        with pytest.raises(ValueError, match="3 successes in 2"):
            capacity.jeffreys(3, 2)


class TestChipsAndPool:
    def test_an_early_step_comes_in_its_share_of_draws(self):
        draws = capacity.early_or_not(276, 1379, 0.1, 20_000, np.random.default_rng(3))
        assert set(draws) == {276, 1379}
        assert (draws == 1379).mean() == pytest.approx(0.1, abs=0.01)

    def test_chips_by_hand(self):
        # 110,000 GPUs in racks of 72 at 132 kW, network 1.19, facility 1.35: 323.98 MW.
        power = capacity.chip_power_mw(110_000, 132 / 72, 1.19, 1.35)
        assert power == pytest.approx(323.98, abs=0.01)

    def test_pool_draws_each_estimate_in_its_share(self):
        a, b = np.zeros(20_000), np.ones(20_000)
        pooled = capacity.linear_pool([a, b], [0.25, 0.75], np.random.default_rng(2))
        assert pooled.mean() == pytest.approx(0.75, abs=0.01)
        alone = capacity.linear_pool([a, b], [1.0, 0.0], np.random.default_rng(2))
        assert (alone == 0).all()

    def test_pooled_power_revises_both_estimates(self):
        ratio = np.array([0.5, 2.0])
        for share, level in ((1.0, 1276), (0.0, 1100)):
            rng = np.random.default_rng(2)
            got = capacity.pooled_power_mw(1276, 1100, ratio, share, rng)
            assert got.tolist() == [0.5 * level, 2 * level]

    def test_an_estimate_takes_the_level_or_builds_it_up_from_chips(self):
        inputs = pd.DataFrame({"kw": [2.0, 1.5], "overhead": 1.1, "factor": 1.3, "h100": 2.5})
        ratio = np.array([1.0, 0.5])
        level = capacity.estimate_mw(300, 250_000, inputs, ratio, 1, np.random.default_rng(2))
        assert level.tolist() == [300, 150]
        chips = capacity.estimate_mw(300, 250_000, inputs, ratio, 0, np.random.default_rng(2))
        assert chips == pytest.approx([286.0, 107.25])  # 100,000 chips of 2.86 and 2.145 kW

    @pytest.mark.parametrize("weights", [[0.5], [0.6, 0.6], [1.5, -0.5]])
    def test_pool_refuses_weights_that_are_not_shares(self, weights):
        with pytest.raises(ValueError, match="add up to 1"):
            capacity.linear_pool([np.zeros(2), np.ones(2)], weights, np.random.default_rng(2))


class TestCrossing:
    DATES = days("2026-01-01", "2026-03-02", "2026-05-01")
    MW = np.array([300.0, 660.0, 1276.0])

    def cross(self, threshold, ratio, u):
        out = capacity.crossing_day(
            self.DATES, self.MW, threshold, np.array([ratio]), np.array([u])
        )
        return out[0] if not np.isfinite(out[0]) else np.datetime64(int(out[0]), "D")

    def test_lies_in_the_gap_before_the_milestone_that_shows_it(self):
        assert self.cross(1000, 1.0, 0.5) == np.datetime64("2026-04-01")
        assert self.cross(1000, 1.6, 0.0) == np.datetime64("2026-01-01")  # 660 x 1.6 = 1,056

    def test_is_never_where_the_path_stays_below(self):
        assert self.cross(1000, 0.7, 0.5) == np.inf
        assert self.cross(1000, 0.0, 0.5) == np.inf

    def test_the_first_milestone_has_no_gap(self):
        assert self.cross(200, 1.0, 0.7) == np.datetime64("2026-01-01")

    @given(PATHS, st.floats(0.05, 3), st.floats(0, 0.99), POWER, POWER)
    @settings(max_examples=60)
    def test_a_higher_threshold_is_never_crossed_sooner(self, path, ratio, u, one, other):
        path = sorted(path)
        dates = np.datetime64("2020-01-01") + np.array([p[0] for p in path])
        mw = np.array([p[1] for p in path])
        low, high = (
            capacity.crossing_day(dates, mw, t, np.array([ratio]), np.array([u]))[0]
            for t in sorted([one, other])
        )
        assert low <= high

    def test_a_sites_path_leaves_out_what_has_not_been(self):
        rows = milestones(
            ("A", "2026-06-01", "2026-01-01", 300.0),
            ("A", "2026-06-01", "2026-05-01", 900.0),
            ("A", "2026-06-01", "2026-05-20", 1500.0),
            ("A", "2026-06-01", "2026-09-01", 2000.0),
        ).assign(claim_type=["observed", "estimate", "projection", "estimate"])
        ratio, rng = np.array([1.0, 1.2, 1.7]), np.random.default_rng(6)
        got = capacity.site_crossing(rows, "A", "2026-06-01", 1000.0, ratio, rng)
        january, may = days("2026-01-01", "2026-05-01").astype(float)
        assert got[0] == np.inf
        assert january <= got[1] <= may and january <= got[2] <= may

    def test_first_past_shares_draws_and_leaves_nobody_out(self):
        got = capacity.first_past(
            {"A": np.array([1.0, 9.0, np.inf, np.inf]), "B": np.array([2.0, 3.0, 4.0, np.inf])}
        ).set_index("site")
        assert got["first"].to_dict() == {"B": 0.5, "A": 0.25}
        assert got["reached"].to_dict() == {"B": 0.75, "A": 0.5}
        assert got.loc["B", "p50"] == 3
        tied = capacity.first_past({"A": np.array([1.0, 1.0]), "B": np.array([1.0, 2.0])})
        assert tied["first"].tolist() == [0.75, 0.25]
        never = capacity.first_past({"A": np.array([np.inf])})
        assert never.loc[0, "first"] == 0 and np.isnan(never.loc[0, "p50"])


@pytest.fixture(scope="module")
def site_capacity():
    return table("power/site_capacity")


class TestAgainstTheData:
    @pytest.mark.parametrize(
        ("issued", "mw"), [("2026-01-03", 276), ("2026-05-23", 302), ("2026-09-15", 323)]
    )
    def test_three_editions_on_the_day_of_the_post(self, site_capacity, issued, mw):
        got = capacity.power_at(site_capacity, "Colossus 2", issued, ["2026-01-15"])
        assert got.tolist() == [mw]

    def test_the_first_three_editions_agree_on_colossus_2(self, site_capacity):
        one, two, three = (
            capacity.edition(site_capacity, "Colossus 2", e)[["date", "facility_power_mw"]]
            for e in ("2025-11-28", "2025-12-14", "2026-01-03")
        )
        assert one.equals(two) and two.equals(three)

    def test_no_forecast_step_was_taken_a_month_early(self, site_capacity):
        assert capacity.early_share(site_capacity, lead_days=33) == (0.0, 14)
