"""Trends in very short records, shares at stake, ranks: published tables and closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.water import aquifer
from aifactory.uncertainty import tabulated

VALUES = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=7, unique=True)

# Gilbert (1987), table A18: probability that S is at least the score, for n untied points.
GILBERT = {
    4: {0: 0.625, 2: 0.375, 4: 0.167, 6: 0.042},
    5: {0: 0.592, 2: 0.408, 4: 0.242, 6: 0.117, 8: 0.042, 10: 0.0083},
    6: {1: 0.5, 3: 0.36, 5: 0.235, 7: 0.136, 9: 0.068, 11: 0.028, 13: 0.0083, 15: 0.0014},
    10: {13: 0.146, 15: 0.108, 17: 0.078, 19: 0.054, 21: 0.036, 23: 0.023},
}
# Helsel and Hirsch, Statistical methods in water resources (USGS), the robust line of section 10.1.
HELSEL_HIRSCH = np.array([1, 2, 3, 4, 5, 16, 7], dtype=float)


@pytest.mark.parametrize("n", GILBERT)
def test_probabilities_are_those_of_gilberts_table(n):
    score, share = aquifer.score_probabilities(n)
    for least, expected in GILBERT[n].items():
        assert share[score >= least].sum() == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_probabilities_count_all_orderings(n):
    found = np.sort(aquifer.scores(np.array(list(itertools.permutations(range(n))))))
    score, share = aquifer.score_probabilities(n)
    counts = [(found == s).sum() / math.factorial(n) for s in score]
    assert share == pytest.approx(counts, rel=1e-12)
    assert share.sum() == pytest.approx(1)


def test_trend_of_a_strictly_rising_series_of_six():
    years = np.array([1985, 1990, 1995, 2000, 2010, 2015])
    found = aquifer.trend(years, 2.0 * years)
    assert (found.n, found.score) == (6, 15)
    assert found.tau == pytest.approx(1.0)
    assert found.p_value == pytest.approx(2 / math.factorial(6))
    assert (found.slope, found.low, found.high) == pytest.approx((2, 2, 2))


def test_slope_does_not_follow_one_wild_value():
    found = aquifer.trend(np.arange(1, 8), HELSEL_HIRSCH)
    assert found.slope == pytest.approx(1.0)
    assert found.low <= 1.0 <= found.high
    assert found.score == 19  # 20 pairs of 21 rise, one falls


def test_a_wider_confidence_gives_a_wider_interval():
    x = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0])
    narrow, wide = (aquifer.trend(np.arange(7), x, c) for c in (0.5, 0.95))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_ties_and_a_constant_series():
    assert aquifer.trend([1, 2, 3, 4], [5.0, 5.0, 5.0, 5.0]).p_value == 1
    tied = aquifer.trend([1, 2, 3, 4], [1.0, 2.0, 2.0, 3.0])
    assert (tied.score, 0 < tied.p_value < 0.2) == (5, True)


@given(VALUES)
def test_reversing_time_turns_score_and_slope(values):
    t, x = np.arange(len(values)), np.array(values)
    there, back = aquifer.trend(t, x), aquifer.trend(t, x[::-1])
    assert there.score == -back.score
    assert there.p_value == pytest.approx(back.p_value)
    assert there.slope == pytest.approx(-back.slope, abs=1e-9)


@given(VALUES)
def test_p_value_agrees_with_the_distribution_of_the_score(values):
    found = aquifer.trend(np.arange(len(values)), np.array(values))
    score, share = aquifer.score_probabilities(len(values))
    assert found.p_value == pytest.approx(min(1, share[np.abs(score) >= abs(found.score)].sum()))


def test_critical_scores():
    assert aquifer.critical_score(3, 0.05) is None  # a p of 1/3 at best
    assert aquifer.critical_score(4, 0.05) is None  # 2/24 = 0.083
    assert aquifer.critical_score(4, 0.1) == 6
    assert aquifer.critical_score(5, 0.05) == 10
    assert aquifer.critical_score(6, 0.1) == 11
    assert aquifer.critical_score(10, 0.05) == 23


def test_power_is_the_tests_size_without_trend_and_one_with_a_steep_one():
    years = np.array([1985, 1990, 1995, 2000, 2010, 2015])
    rng = np.random.default_rng(1)
    found = aquifer.detection_power(years, np.array([0.0, 0.5, 100.0]), 10.0, 0.1, 20_000, rng)
    _, share = aquifer.score_probabilities(6)
    assert found[0] == pytest.approx(2 * share[-3:].sum(), abs=0.006)
    assert found[0] < found[1] < found[2]
    assert found[2] == 1


def test_power_follows_slope_over_spread():
    years = np.arange(6)
    a, b = (
        aquifer.detection_power(years, k * np.array([0.3]), k, 0.1, 4000, np.random.default_rng(2))
        for k in (1.0, 7.0)
    )
    assert a == pytest.approx(b)


def test_no_power_where_no_score_is_enough():
    rng = np.random.default_rng(3)
    assert aquifer.detection_power([1, 2, 3], np.array([9.0]), 1.0, 0.05, 10, rng) == [0.0]


def test_share_at_stake():
    assert aquifer.share_at_stake(13, np.array([130, 260])) == pytest.approx([0.1, 0.05])
    assert aquifer.share_at_stake(0, 10) == 0


def test_accounts_weighed_alike_share_the_draws_evenly():
    law = tabulated(*aquifer.weighed_alike([(150.0, 150.0), (180.0, 200.0), (147.0, 147.0)]))
    drawn = law.ppf((np.arange(3000) + 0.5) / 3000)
    assert [(drawn == v).sum() for v in (147.0, 150.0)] == [1000, 1000]
    above = drawn[2000:]
    assert (above.min(), above.max()) == pytest.approx((180.01, 199.99), abs=1e-3)
    assert np.diff(above) == pytest.approx(0.02, abs=1e-5)


def test_percentile_rank_by_count_and_weight():
    values = np.array([0.1, 0.1, 0.5, 2.0])
    assert aquifer.percentile_rank(values, 0.1) == (0, 0.5)
    assert aquifer.percentile_rank(values, 0.5) == (0.5, 0.75)
    assert aquifer.percentile_rank(values, 0.5, np.array([1, 1, 6, 2])) == pytest.approx((0.2, 0.8))


@given(VALUES, st.integers(0, 2))
def test_percentile_rank_brackets(values, at):
    below, up_to = aquifer.percentile_rank(np.array(values), values[at])
    assert up_to - below == pytest.approx(1 / len(values))


def test_weighted_cdf_reads_the_smallest_value_that_reaches_the_level():
    x, w = np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0])
    found, levels = aquifer.weighted_cdf(x, w, np.array([0, 0.5, 0.51, 0.75, 1]))
    assert found == pytest.approx([1, 1, 2, 2, 3])
    assert levels == pytest.approx([0, 0.5, 0.51, 0.75, 1])


@given(st.floats(0, 200))
@settings(max_examples=30)
def test_leakage_saved_is_in_proportion(cut):
    assert aquifer.leakage_saved(24.0, 200.0, cut) == pytest.approx(0.12 * cut)


@pytest.mark.parametrize(
    "call",
    [
        lambda: aquifer.trend([1, 2], [1, 2]),
        lambda: aquifer.trend([1, 2, 3], [1, np.nan, 2]),
        lambda: aquifer.trend([1, 3, 2], [1, 2, 3]),
        lambda: aquifer.trend([1, 2, 3], [1, 2]),
        lambda: aquifer.score_probabilities(1),
        lambda: aquifer.score_probabilities(51),
        lambda: aquifer.share_at_stake(-1, 10),
        lambda: aquifer.share_at_stake(1, 0),
        lambda: aquifer.weighed_alike([]),
        lambda: aquifer.weighed_alike([(1.0, np.nan)]),
        lambda: aquifer.weighed_alike([(2.0, 1.0)]),
        lambda: aquifer.weighed_alike([(1.0, 3.0), (2.0, 4.0)]),
        lambda: aquifer.percentile_rank([], 1),
        lambda: aquifer.percentile_rank([1.0, np.inf], 1),
        lambda: aquifer.percentile_rank([1.0, 2.0], 1, [0, 0]),
        lambda: aquifer.percentile_rank([1.0, 2.0], 1, [1, -1]),
        lambda: aquifer.weighted_cdf([1.0], [0.0], [0.5]),
        lambda: aquifer.leakage_saved(1, 10, 11),
        lambda: aquifer.leakage_saved(1, 10, -1),
        lambda: aquifer.detection_power([1, 2, 3], [1], 0, 0.1, 5, np.random.default_rng(0)),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"\w{4}"):
        call()
