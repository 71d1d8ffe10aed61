"""Told shares, sales and revenues: closed forms, known series, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.supply_chain import market

SHARE = st.floats(0.01, 0.99)
U = np.linspace(0.05, 0.95, 19)


def test_predictive_share_of_two_sources_is_students():
    # Logits 0 and 2: mean 1, s = sqrt 2, scale sqrt 3, one degree of freedom, t(0.75) = 1.
    told = 1 / (1 + np.exp(-np.array([0.0, 2.0])))
    found = market.predictive_share(told, np.array([0.5, 0.75]))
    assert np.log(found / (1 - found)) == pytest.approx([1, 1 + np.sqrt(3)])


@given(st.lists(SHARE, min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_predictive_shares_are_shares_and_rise(told):
    found = market.predictive_share(np.array(told), U)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("told", [[0.4], [0.0, 0.5], [0.5, 1.0]])
def test_too_few_or_hard_shares_are_refused(told):
    with pytest.raises(ValueError, match="strictly between"):
        market.predictive_share(np.array(told), U)


def test_a_stick_broken_in_two_is_even():
    assert market.stick_share(U, 2) == pytest.approx(U)


def test_the_mean_part_of_a_stick_is_one_by_its_makers():
    u = (np.arange(20_000) + 0.5) / 20_000
    assert market.stick_share(u, 5).mean() == pytest.approx(0.2, abs=1e-4)
    assert market.stick_share(u, 5, 0.4).mean() == pytest.approx(0.08, abs=1e-4)


def test_sticks_need_two_makers_and_a_share():
    with pytest.raises(ValueError, match="two makers"):
        market.stick_share(U, 1)
    with pytest.raises(ValueError, match="left is a share"):
        market.stick_share(U, 3, 1.2)


def test_share_by_sales_is_sales_over_sales():
    # 310 TWD at 31 a dollar are 10 dollars of a market of 40.
    assert market.share_by_sales(310, 31, 40) == pytest.approx(0.25)


def test_sales_need_a_market_and_a_rate():
    for bad in ((310, 0, 40), (310, 31, 0)):
        with pytest.raises(ValueError, match="above zero"):
            market.share_by_sales(*bad)
    with pytest.raises(ValueError, match="not below zero"):
        market.share_by_sales(-1, 31, 40)


@pytest.mark.parametrize(
    ("a", "b", "large"),
    [(0.25, 0, True), (0.24, 0.24, False), (0, 0.3, True), (0.24, 0.26, True), (0.2, 0.2, False)],
)
def test_large_is_a_quarter_alone_or_half_together(a, b, large):
    assert market.is_large(a, b, 0.25, 0.5) == large


def test_half_together_counts_though_neither_is_large():
    assert market.is_large(0.3, 0.3, 0.4, 0.5)


@given(SHARE, SHARE, st.floats(0, 0.5))
@settings(max_examples=30, deadline=None)
def test_a_lower_bar_never_makes_a_share_smaller(a, b, bar):
    if market.is_large(a, b, 0.5, 0.8):
        assert market.is_large(a, b, bar, 0.8)


def test_shares_above_one_are_refused():
    with pytest.raises(ValueError, match="first is a share"):
        market.is_large(1.1, 0, 0.25, 0.5)
    with pytest.raises(ValueError, match="alone is a share"):
        market.is_large(0.1, 0, 25, 0.5)


def test_racks_paid_for():
    # 930 thousand million TWD are 30 thousand million USD, or 10,000 racks at 3 million.
    assert market.racks_paid_for(930, 3, 31) == pytest.approx(10_000)
    assert market.racks_paid_for(-5, 3, 31) == 0
    with pytest.raises(ValueError, match="price_usd_m must be above zero"):
        market.racks_paid_for(930, 0, 31)


def test_a_fixed_season_is_taken_out():
    t = np.arange(60)
    trend = 100 * 1.01**t
    season = np.exp(0.3 * np.sin(2 * np.pi * t / 12))
    found = market.seasonally_adjusted(trend * season)
    assert found == pytest.approx(trend, rel=0.02)


def test_a_series_without_season_keeps_its_shape():
    trend = 100 * 1.02 ** np.arange(48)
    assert market.seasonally_adjusted(trend) == pytest.approx(trend, rel=1e-3)


def test_a_short_series_has_no_season():
    with pytest.raises(ValueError, match="at least 24"):
        market.seasonally_adjusted(np.ones(23))
    with pytest.raises(ValueError, match="above zero"):
        market.seasonally_adjusted(np.zeros(30))


def test_yearly_sums_of_a_count():
    assert market.yearly_sums(np.arange(1, 15)).tolist() == [78, 90, 102]
    with pytest.raises(ValueError, match="fewer than a period"):
        market.yearly_sums(np.ones(11))


def test_granger_finds_a_leader_and_not_the_reverse():
    rng = np.random.default_rng(3)
    lead = rng.normal(size=80)
    follow = np.concatenate([[0], 0.8 * lead[:-1]]) + 0.3 * rng.normal(size=80)
    assert market.granger_p(lead, follow, 2) < 1e-6
    assert market.granger_p(follow, lead, 2) > 0.05


def test_granger_agrees_with_statsmodels():
    from statsmodels.tsa.stattools import grangercausalitytests

    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 50))
    told = grangercausalitytests(np.column_stack([b, a]), [3])[3][0]["ssr_ftest"][1]
    assert market.granger_p(a, b, 3) == pytest.approx(told)


def test_granger_needs_length():
    with pytest.raises(ValueError, match="equal length"):
        market.granger_p(np.ones(5), np.ones(6), 1)
    with pytest.raises(ValueError, match="several times"):
        market.granger_p(np.ones(6), np.ones(6), 1)
