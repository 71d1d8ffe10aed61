"""Uses of robots: revisions, shares, ranks, groups against each other, rented robots."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from aifactory.models.robots import niches, payback

SMALL = settings(max_examples=25, deadline=None)
ROWS = hnp.arrays(float, (3, 6), elements=st.integers(0, 9).map(float))


def test_revision_ratio_by_hand():
    # 100 robots after growing by a quarter: 80 the year before, which had been counted as 64
    assert niches.revision_ratio(100, 0.25, 64) == pytest.approx(1.25)
    with pytest.raises(ValueError, match="growth above -1"):
        niches.revision_ratio(100, -1, 64)
    with pytest.raises(ValueError, match="positive"):
        niches.revision_ratio(0, 0.1, 64)


def test_level_error_is_students_t_of_the_logarithms():
    ratios = np.exp([0.3, -0.3, 0.3, -0.3])
    found = niches.level_error(ratios, [0.05, 0.5, 0.95])
    # t table: 2.132 at 95 % with four degrees of freedom
    assert found == pytest.approx([np.exp(-0.3 * 2.132), 1, np.exp(0.3 * 2.132)], rel=1e-3)
    with pytest.raises(ValueError, match="two ratios"):
        niches.level_error([1.2], 0.5)
    with pytest.raises(ValueError, match="positive"):
        niches.level_error([1.2, 0], 0.5)


def test_share_of_uses_by_hand():
    assert niches.share_of_uses([60, 40], [1, 0]) == pytest.approx(0.6)
    assert niches.share_of_uses([[60, 40], [10, 90]], [0.5, 1]) == pytest.approx([0.7, 0.95])
    with pytest.raises(ValueError, match="between 0 and 1"):
        niches.share_of_uses([1, 1], [2, 0])
    with pytest.raises(ValueError, match="at least one"):
        niches.share_of_uses([0, 0], [1, 0])
    with pytest.raises(ValueError, match="negative"):
        niches.share_of_uses([-1, 2], [1, 0])


@SMALL
@given(
    hnp.arrays(float, 5, elements=st.floats(1, 1e6)),
    hnp.arrays(float, 5, elements=st.floats(0, 1)),
    st.floats(0.1, 10),
)
def test_share_is_bounded_and_knows_no_scale(units, belongs, factor):
    found = niches.share_of_uses(units, belongs)
    assert belongs.min() - 1e-9 <= found <= belongs.max() + 1e-9
    assert niches.share_of_uses(units * factor, belongs) == pytest.approx(found)


def test_share_bounds():
    assert niches.share_bounds(3, 5, 2) == (0.3, 0.5)
    assert niches.share_bounds(3, 5, 0) == (0.375, 0.375)
    with pytest.raises(ValueError, match="nothing"):
        niches.share_bounds(0, 0, 0)
    with pytest.raises(ValueError, match="negative"):
        niches.share_bounds(1, -1, 2)


def test_ranks_and_their_shares():
    values = [[5, 9, 1], [5, 3, 1], [2, 9, 9]]
    found = niches.ranks(values)
    assert found.tolist() == [[2, 1, 3], [1, 2, 3], [3, 1, 1]]
    assert niches.ranks(values, largest_first=False).tolist() == [[2, 3, 1], [3, 2, 1], [1, 2, 2]]
    assert niches.rank_shares(found) == pytest.approx(
        np.array([[1, 1, 1], [2, 1, 0], [1, 0, 2]]) / 3
    )
    with pytest.raises(ValueError, match="missing"):
        niches.ranks([[1, np.nan]])
    with pytest.raises(ValueError, match="draws, items"):
        niches.ranks([1, 2])


@SMALL
@given(hnp.arrays(float, (4, 5), elements=st.floats(0, 1e6), unique=True))
def test_rank_shares_are_a_doubly_stochastic_matrix(values):
    found = niches.rank_shares(niches.ranks(values))
    assert found.sum(axis=0) == pytest.approx(np.ones(5))
    assert found.sum(axis=1) == pytest.approx(np.ones(5))


def test_all_lead():
    rank = [[1, 2, 3, 4], [1, 3, 2, 4], [2, 1, 4, 3]]
    assert niches.all_lead(rank, [True, True, False, False]).tolist() == [True, False, True]
    # a member level with an outsider does not rank before it
    assert not niches.all_lead([[1, 1, 3]], [True, False, False])[0]
    for members in ([True] * 4, [False] * 4):
        with pytest.raises(ValueError, match="some items"):
            niches.all_lead(rank, members)


def test_superiority_is_mann_whitneys_u():
    rng = np.random.default_rng(1)
    ours, theirs = rng.integers(0, 12, 15), rng.integers(2, 14, 20)
    members = np.arange(35) < 15
    u = stats.mannwhitneyu(theirs, ours).statistic  # counts pairs in which theirs is larger
    found = niches.superiority([np.r_[ours, theirs]], np.ones(35), members)
    assert found == pytest.approx([u / (15 * 20)])
    other = niches.superiority([np.r_[ours, theirs]], np.ones(35), members, smaller_is_better=False)
    assert other == pytest.approx(1 - found)


def test_superiority_counts_weights_and_ties():
    # members 1 (weight 3) and 5 (weight 1), others 2 (weight 1) and 5 (weight 1)
    found = niches.superiority([[1, 5, 2, 5]], [3, 1, 1, 1], [True, True, False, False])
    assert found == pytest.approx([(3 * 2 + 1 * 0.5) / (4 * 2)])
    ties = niches.superiority([[np.inf, np.inf]], [1, 1], [True, False])
    assert ties == pytest.approx([0.5])
    with pytest.raises(ValueError, match="both sides"):
        niches.superiority([[1, 2]], [1, 0], [True, False])
    with pytest.raises(ValueError, match="missing"):
        niches.superiority([[1, np.nan]], [1, 1], [True, False])
    with pytest.raises(ValueError, match="negative"):
        niches.superiority([[1, 2]], [1, -1], [True, False])


@SMALL
@given(ROWS, hnp.arrays(float, 6, elements=st.floats(0.1, 5)))
def test_superiority_of_one_side_and_the_other_add_up_to_one(values, weights):
    members = np.array([True, False, True, False, False, True])
    one = niches.superiority(values, weights, members)
    other = niches.superiority(values, weights, ~members)
    assert one + other == pytest.approx(np.ones(3))
    assert niches.superiority(np.exp(values / 9), weights, members) == pytest.approx(one)


@SMALL
@given(ROWS, ROWS)
def test_kendall_tau_is_scipys(x, y):
    x[:, 0], y[:, 0] = 10, 11  # so that no row is constant
    x[:, 1], y[:, 1] = -1, -1
    expected = [stats.kendalltau(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert niches.kendall_tau(x, y) == pytest.approx(expected)
    assert niches.kendall_tau(x, -x) == pytest.approx(-np.ones(3))


def test_kendall_tau_needs_an_order():
    with pytest.raises(ValueError, match="no order"):
        niches.kendall_tau([1, 1, 1], [1, 2, 3])


@SMALL
@given(
    st.floats(0.1, 60), st.floats(0, 10), st.floats(0.1, 1), st.floats(5, 80), st.integers(1, 20)
)  # fmt: skip
def test_rented_threshold_is_where_renting_starts_to_pay(fee, own, up, wage, n):
    e = float(niches.rented_threshold(fee, own, up, 4000.0, wage, n))
    for part, pays in ((1.0001, True), (0.9999, False)):
        realised = payback.realised_share(n, part * e * up * 4000 / payback.JOB_HOURS)
        cost = 2 - part  # a whole job may be worth the rent to the cent
        assert payback.raas_adopt(fee * cost, part * e, up, wage, realised, own * cost) == pays


def test_rented_threshold_by_hand():
    # 7 USD a robot-hour beside a guard of 28 USD, up 7 hours of 8
    assert niches.rented_threshold(7, 0.7, 0.875, 8000, 28) == pytest.approx(7.7 / 24.5)
    # over 8,000 hours that is 1.1 jobs a robot; three robots have to free 4 of 3.3
    assert niches.rented_threshold(7, 0.7, 0.875, 8000, 28, 3) == pytest.approx(4 / 3 / 3.5)
    assert niches.rented_threshold(7, 0, 0, 8000, 28) == np.inf
    with pytest.raises(ValueError, match="fee"):
        niches.rented_threshold(-1, 0, 1, 8000, 28)


def test_weighted_median():
    assert niches.weighted_median([[3, 1, 2], [3, 1, 2]], [5, 1, 1]) == pytest.approx([3, 3])
    assert niches.weighted_median([4, 1, 2, 3], np.ones(4)) == 2
    assert niches.weighted_median([np.inf, 1, 2], [1, 1, 1]) == 2
    with pytest.raises(ValueError, match="weight"):
        niches.weighted_median([1, 2], [0, 0])
    with pytest.raises(ValueError, match="missing"):
        niches.weighted_median([1, np.nan], [1, 1])


ROBOT = payback.Robot(
    price_usd=0.0,
    integration_share=1.0,
    maintenance_share=0.1,
    robots_per_supervisor=10.0,
    supervisor_usd_per_h=40.0,
    availability=0.8,
    robots_together=np.inf,
    help_share=0.05,
    power_kw=0.5,
    electricity_usd_per_kwh=0.1,
    life_h=np.inf,
    cap_years=10.0,
    rate=0.08,
)


def test_offered_threshold_bought_and_rented_by_hand():
    found = niches.offered_threshold(
        ROBOT, [30_000.0, 8.0, 1_000.0], ["robot", "hour", "month"], 2000.0, 25.0
    )
    people = 40 / 10 + 0.05 * 0.8 * 25 + 0.5 * 0.8 * 0.1  # USD a scheduled hour
    worth = 0.8 * 25
    bought = (60_000 / 3 + 3_000 + 2000 * people) / (2000 * worth)
    assert found == pytest.approx([bought, (8 + people) / worth, (6 + people) / worth])


def test_offered_threshold_at_the_threshold_pays_back_in_time():
    e = niches.offered_threshold(ROBOT, 30_000.0, "robot", 4000.0, [[20.0], [30.0]])
    done = payback.case(replace(ROBOT, price_usd=30_000.0), [[20.0], [30.0]], 4000.0, e)
    assert done.payback_years() == pytest.approx(np.full((2, 1), 3.0))
    assert e[0] > e[1]


def test_offered_threshold_knows_three_units():
    with pytest.raises(ValueError, match="per robot, month or hour"):
        niches.offered_threshold(ROBOT, 10.0, "week", 2000.0, 25.0)
