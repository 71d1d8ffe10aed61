"""Frontiers of payback: each must agree with the payback model that it solves."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.robots import frontier
from aifactory.models.robots.payback import READINGS, Robot, case

few = settings(max_examples=40, deadline=None)
BASE = Robot(
    price_usd=50_000.0,
    integration_share=0.5,
    maintenance_share=0.1,
    robots_per_supervisor=10.0,
    supervisor_usd_per_h=40.0,
    availability=0.9,
    robots_together=np.inf,
    help_share=0.02,
    power_kw=0.5,
    electricity_usd_per_kwh=0.1,
    life_h=40_000.0,
    cap_years=10.0,
    rate=0.08,
)


def test_margin_by_hand():
    # 0.5 x 0.9 x 30 = 13.5 saved; 4 to the supervisor; 0.9 x (0.05 + 0.6) = 0.585
    assert frontier.margin_usd_per_hour(BASE, 30.0, 2_000.0, 0.5) == pytest.approx(8.915)
    calendar = frontier.margin_usd_per_hour(BASE, 30.0, 2_000.0, 0.5, "calendar")
    assert calendar == pytest.approx(15 - 4 - 0.65)
    # three robots do 1.35 jobs, of which one can go
    three = dataclasses.replace(BASE, robots_together=3.0)
    margin = frontier.margin_usd_per_hour(three, 30.0, 2_000.0, 0.5)
    assert margin == pytest.approx(13.5 / 1.35 - 4.585)


def test_hours_needed_by_hand():
    # (75,000 / 3 + 5,000) / 8.915 = 3,365 hours; life does not bind
    assert frontier.hours_needed(3.0, BASE, 30.0, 0.5) == pytest.approx(30_000 / 8.915)


def test_hours_needed_by_a_group_by_hand():
    # two robots free a job every 2,000 / 0.9 h: 30,000 USD a year each; the second is enough:
    # 60,000 - 4.585 x 4,444 - 5,000 = 34,622 a year, more than 25,000; the first is not
    two = dataclasses.replace(BASE, robots_together=2.0)
    assert frontier.hours_needed(3.0, two, 30.0, 0.5) == pytest.approx(2 * 2_000 / 0.9)


@few
@given(
    st.integers(1, 20), st.floats(8, 80), st.floats(0.2, 1.2), st.floats(3_000, 150_000),
    st.floats(8_000, 60_000), st.sampled_from(READINGS),
)  # fmt: skip
def test_no_fewer_hours_pay_back(n, wage, efficiency, price, life, reading):
    robot = dataclasses.replace(BASE, robots_together=n, price_usd=price, life_h=life)
    hours = float(frontier.hours_needed(3.0, robot, wage, efficiency, reading))
    tried = np.arange(10.0, 8_760.0, 10.0)
    back = case(robot, wage, tried, efficiency, reading).payback_years() <= 3.0
    if np.isfinite(hours):
        assert case(robot, wage, hours * 1.000001, efficiency, reading).payback_years() <= 3.001
        assert not back[tried < hours - 1e-6].any()
    else:
        assert not back.any()


def test_hours_needed_where_life_binds():
    # L m P / (L g - I A) with L = 8,000: 8,000 x 5,000 / (71,320 - 67,500)
    short = dataclasses.replace(BASE, life_h=8_000.0)
    assert frontier.hours_needed(3.0, short, 30.0, 0.5) == pytest.approx(4e7 / 3_820)
    endless = dataclasses.replace(BASE, life_h=np.inf)
    assert frontier.hours_needed(3.0, endless, 30.0, 0.5) == pytest.approx(30_000 / 8.915)
    worn = dataclasses.replace(BASE, life_h=7_500.0)
    assert np.isinf(frontier.hours_needed(3.0, worn, 30.0, 0.5))


def test_nothing_helps_a_robot_that_saves_nothing():
    assert np.isinf(frontier.hours_needed(3.0, BASE, 30.0, 0.0))
    assert frontier.price_ceiling(3.0, BASE, 30.0, 8_000.0, 0.0) == 0


def test_price_ceiling_by_hand():
    # 8.915 x 4,000 / (1.5 / 3 + 0.1)
    assert frontier.price_ceiling(3.0, BASE, 30.0, 4_000.0, 0.5) == pytest.approx(35_660 / 0.6)
    # 0.9 x 8,000 hours a year use up 14,400 in two years
    short = dataclasses.replace(BASE, life_h=14_400.0)
    assert frontier.price_ceiling(3.0, short, 30.0, 8_000.0, 0.5) == pytest.approx(71_320 / 0.85)


@few
@given(
    st.floats(5, 80),
    st.floats(0.2, 1.2),
    st.floats(5_000, 200_000),
    st.floats(8_000, 60_000),
    st.sampled_from(READINGS),
)
def test_payback_turns_at_the_hours_and_at_the_price(wage, efficiency, price, life, reading):
    robot = dataclasses.replace(BASE, price_usd=price, life_h=life)
    hours = float(frontier.hours_needed(3.0, robot, wage, efficiency, reading))
    if np.isfinite(hours) and hours < 1e6:
        more, less = (
            case(robot, wage, hours * f, efficiency, reading).payback_years()
            for f in (1.001, 0.999)
        )
        assert more <= 3.0 and less > 3.0
    top = float(frontier.price_ceiling(3.0, robot, wage, 6_000.0, efficiency, reading))
    if top > 1:
        cheap, dear = (
            case(
                dataclasses.replace(robot, price_usd=top * f), wage, 6_000.0, efficiency, reading
            ).payback_years()
            for f in (0.999, 1.001)
        )
        assert cheap <= 3.0
        assert dear > min(3.0, 0.999 * life / 6_000)


def test_rent_per_human_hour():
    # 8 dollars an hour at half a person's pace, running nine tenths: 17.78 an hour of a person
    assert frontier.rent_per_human_hour(8.0, 0.5, 0.9) == pytest.approx(8 / 0.45)
    assert frontier.rent_per_human_hour(8.0, 0.5, 0.9, 0.8, 1.0) == pytest.approx(25.0)
    assert np.isinf(frontier.rent_per_human_hour(8.0, 0.0))
    with pytest.raises(ValueError, match="rent"):
        frontier.rent_per_human_hour(-1.0, 0.5)
    with pytest.raises(ValueError, match="rent"):
        frontier.rent_per_human_hour(1.0, 0.5, own_cost_usd_per_h=-1.0)


def test_implied_replacement_returns_the_stated_payback():
    # 40,000 dollars, 5 % a year, back in 2.5 years: 18,000 a year over 0.98 x 8,400 h x 30
    share = frontier.implied_replacement(2.5, 40_000.0, 0.05, 0.98, 8_400.0, 30.0)
    assert share == pytest.approx(18_000 / (0.98 * 8_400 * 30))
    saved = share * 0.98 * 8_400 * 30.0
    assert 40_000 / (saved - 2_000) == pytest.approx(2.5)
    with pytest.raises(ValueError, match="negative"):
        frontier.implied_replacement(2.5, -1.0, 0.05, 0.98, 8_400.0, 30.0)


def test_targets_must_be_positive_and_within_the_cap():
    for bad in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="target_years"):
            frontier.hours_needed(bad, BASE, 30.0, 0.5)
        with pytest.raises(ValueError, match="target_years"):
            frontier.price_ceiling(bad, BASE, 30.0, 4_000.0, 0.5)
    with pytest.raises(ValueError, match="cap_years"):
        frontier.hours_needed(12.0, BASE, 30.0, 0.5)


def test_shapes_broadcast_over_places_and_draws():
    robot = dataclasses.replace(BASE, price_usd=np.array([20_000.0, 50_000.0, 90_000.0]))
    wages = np.array([[10.0], [40.0]])
    assert frontier.hours_needed(3.0, robot, wages, 0.5).shape == (2, 3)
    assert frontier.price_ceiling(3.0, robot, wages, 4_000.0, 0.5).shape == (2, 1)
