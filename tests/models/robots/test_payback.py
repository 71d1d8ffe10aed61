"""Payback, NPV, IRR and thresholds: published worked examples, closed forms, what must hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.data import figure
from aifactory.models.robots import capital
from aifactory.models.robots import payback as pb

ROBOT = pb.Robot(
    price_usd=50_000.0,
    integration_share=1.0,
    maintenance_share=0.1,
    robots_per_supervisor=10.0,
    supervisor_usd_per_h=40.0,
    availability=0.8,
    robots_together=4.0,
    help_share=0.05,
    power_kw=0.5,
    electricity_usd_per_kwh=0.1,
    life_h=20_000.0,
    cap_years=10.0,
    rate=0.08,
)
FREE = replace(ROBOT, robots_together=np.inf)  # every hour counts
few = settings(max_examples=40, deadline=None)
positive = st.floats(0.1, 1e3)


# --- published worked examples --------------------------------------------------------------------


def test_oee_is_that_of_the_textbook_shift():
    # oee.com's example: 373 of 420 minutes, 86.11 % performance, 97.80 % good
    assert pb.oee(373 / 420, 0.8611, 0.9780) == pytest.approx(0.7479, abs=1e-4)


@pytest.mark.parametrize(
    ("rate", "years", "a_p"),
    [(0.10, 5, 0.26380), (0.08, 10, 0.14903), (0.12, 20, 0.13388), (0.06, 3, 0.37411)],
)
def test_capital_recovery_factors_are_those_of_the_compound_interest_tables(rate, years, a_p):
    assert pb.capital_recovery_factor(rate, years) == pytest.approx(a_p, abs=6e-6)


def test_a_loan_is_paid_off_as_in_the_documentation_of_numpy_financial():
    # pmt(0.075/12, 12*15, 200000)
    payment = 200_000 * pb.capital_recovery_factor(0.075 / 12, 180)
    assert payment == pytest.approx(1854.0247200054619, rel=1e-12)
    # nper(0.07/12, -150, 8000): the discounted payback of a loan
    months = pb.discounted_payback_years(8000, 150, 0, 0.07 / 12)
    assert months == pytest.approx(64.0733487706618586, rel=1e-10)
    # pv(0.05/12, 12*10, -100, 15692.93): saving 100 a month for that sum is worth -100.00067
    worth = pb.npv(0, -100, 0.05 / 12, 120, residual_usd=15692.93)
    assert worth == pytest.approx(100.00067131625819, rel=1e-9)


def test_npv_and_irr_are_those_of_numpy_financial_over_whole_years():
    flows = [-1000.0, *[263.80] * 5]
    assert pb.npv(1000, 263.80, 0.07, 5) == pytest.approx(npf.npv(0.07, flows), rel=1e-12)
    assert pb.irr(1000, 263.80, 5) == pytest.approx(npf.irr(flows), abs=1e-9)
    assert pb.irr(1000, 263.80, 5) == pytest.approx(0.10, abs=1e-4)  # A/P, 10 %, 5 years


def test_a_residual_value_comes_at_the_end():
    flows = [-1000.0, 200, 200, 200 + 300]
    assert pb.npv(1000, 200, 0.09, 3, 300) == pytest.approx(npf.npv(0.09, flows), rel=1e-12)


# --- closed forms ---------------------------------------------------------------------------------


def test_one_robot_by_hand():
    c = pb.case(ROBOT, 30.0, 4000.0)
    assert c.installed_usd == pytest.approx(100_000)
    # 0.8 of a job each, 3.2 by four robots, of which three can go
    assert c.realised == pytest.approx(3 / 3.2)
    assert c.benefit_usd_per_year == pytest.approx(3 * 2000 * 30 / 4)
    people = 4000 * 40 / 10 + 0.05 * 0.8 * 4000 * 30
    assert c.cost_usd_per_year == pytest.approx(5000 + people + 0.5 * 0.8 * 4000 * 0.1)
    assert c.life == pytest.approx(20_000 / 3200)
    net = 45_000 - 5000 - people - 160
    assert c.net_usd_per_year() == pytest.approx(net)
    assert c.payback_years() == pytest.approx(100_000 / net)
    worn = pb.case(replace(ROBOT, life_h=16_000.0), 30.0, 4000.0)
    assert worn.life < 100_000 / net
    assert worn.payback_years() == np.inf  # it wears out first


def test_payback_within_and_beyond_the_life():
    assert pb.simple_payback_years(100, 60, 10) == pytest.approx(2)
    assert pb.simple_payback_years(100, 60, 10, life=2.0) == pytest.approx(2)
    assert pb.simple_payback_years(100, 60, 10, life=1.9) == np.inf
    assert pb.discounted_payback_years(100, 60, 10, 0.1, life=2.0) == np.inf
    assert pb.discounted_payback_years(100, 60, 10, 0.0) == pytest.approx(2)
    assert pb.discounted_payback_years(100, 10, 0, 0.2) == np.inf  # interest eats the savings


def test_life_in_operating_hours():
    # a life of 20,000 h: 2.4 years at 24/7 less stops, five at two shifts, ten at one
    years = pb.life_years(20_000, np.array([8333, 4000, 2000, 0]), 15)
    assert years == pytest.approx([2.4, 5, 10, 15], rel=1e-3)


def test_whole_jobs_saved():
    share = pb.realised_share(np.array([2, 3, 5, 20]), 0.425)
    assert share == pytest.approx([0, 1 / 1.275, 2 / 2.125, 8 / 8.5])
    assert pb.realised_share(4, 0.0) == 0
    assert pb.realised_share(2, 0.5) == pytest.approx(1)
    assert pb.realised_share(np.inf, [0.0, 0.3]).tolist() == [0, 1]


def test_the_share_realised_by_shifts():
    """Of half a person's work in 85 % of the hours; the figure holds the first as its range."""
    n = np.arange(3, 21)
    for hours, ends in (
        (2000, (0.66, 0.89, 0.98)),
        (4000, (0.83, 0.95, 1)),
        (8400, (0.93, 0.98, 1)),
    ):
        share = pb.realised_share(n, 0.5 * 0.85 * hours / pb.JOB_HOURS)
        assert np.quantile(share, [0.05, 0.5, 0.95]) == pytest.approx(ends, abs=0.006)
    told, group = figure("robot-realised-share"), figure("robot-group-size")
    assert (told.low, told.central, told.high) == (0.66, 0.89, 0.98)
    assert (group.low, group.high) == (n[0], n[-1])
    assert figure("robot-hours-one-shift").central == pb.JOB_HOURS


def test_jobs_that_a_group_can_free():
    assert pb.whole_jobs(4, [0.1, 0.25, 0.26, 1.0]) == pytest.approx([0.25, 0.25, 0.5, 1.0])
    assert pb.whole_jobs(np.inf, [0.1, np.inf]).tolist() == [0.1, np.inf]
    assert pb.whole_jobs(3, np.inf) == np.inf
    with pytest.raises(ValueError, match="at least one robot"):
        pb.whole_jobs(0, 1)


@few
@given(
    st.integers(1, 25), st.floats(0.3, 1), st.floats(1000, 8760), st.floats(5, 80),
    st.floats(2e3, 2e5), st.sampled_from(pb.READINGS),
)  # fmt: skip
def test_a_threshold_is_the_least_efficiency_that_pays(n, up, hours, wage, price, reading):
    robot = replace(ROBOT, robots_together=n, availability=up, price_usd=price)
    e = float(pb.case(robot, wage, hours, 0.5, reading).threshold(3.0))
    at, below = (pb.case(robot, wage, hours, e * f, reading) for f in (1, 0.999))
    assert at.net_usd_per_year() * at.target(3.0) >= at.installed_usd * (1 - 1e-9)
    assert below.net_usd_per_year() * below.target(3.0) < below.installed_usd
    free = pb.case(replace(robot, robots_together=np.inf), wage, hours, e, reading)
    assert free.threshold(3.0) <= e + 1e-12


def test_rate_zero_and_fractional_years():
    assert pb.annuity_factor(0.0, 7.5) == pytest.approx(7.5)
    assert pb.annuity_factor(1e-8, 7.5) == pytest.approx(7.5, rel=1e-6)
    assert pb.annuity_factor(0.1, 2.5) == pytest.approx((1 - 1.1**-2.5) / 0.1)


def test_irr_where_money_is_lost():
    assert pb.irr(100, 0, 5) == -1
    assert pb.irr(100, -5, 5) == -1
    assert pb.irr(100, 10, 5) == pytest.approx(npf.irr([-100, *[10] * 5]), abs=1e-8)


def test_cost_of_a_human_hour():
    # an annuity of 263.80 on 1,000 and 100 a year over 200 hours of work
    c = pb.cost_per_human_hour(1000, 100, 0.10, 5, np.array([200, 0]))
    assert c == pytest.approx([1.8190, np.inf], abs=1e-4)


def test_rent_is_paid_if_it_is_less_than_what_is_saved():
    fee = np.array([8.0, 10.0])
    assert pb.raas_adopt(fee, 0.5, 0.8, 25.0, 0.9).tolist() == [True, False]  # 9 USD/h saved
    assert not pb.raas_adopt(8.0, 0.5, 0.8, 25.0, 0.9, own_cost_usd_per_h=1.5)


def test_waiting_is_worth_nothing_at_the_payback_that_decides():
    # cash flows year by year: 1 a year for 8 years, bought now or 10 % cheaper in a year
    price = float(pb.waiting_payback_years(0.08, 0.10, 8))
    now = npf.npv(0.08, [-price, *[1.0] * 8])
    later = npf.npv(0.08, [0.0, -0.9 * price, *[1.0] * 8])
    assert now == pytest.approx(later, rel=1e-12)
    assert pb.waiting_payback_years(0.08, 0.12, np.inf) == pytest.approx(5)  # it never wears out
    for life in (2.8, 5.9, 10):
        years_back = pb.waiting_payback_years(0.076, 0.11, life)
        assert capital.waiting_threshold(years_back, 0.076, life) == pytest.approx(0.11)


def test_chance_within_is_a_share_of_draws():
    draws = np.array([10.0, 20, 30, np.inf])
    assert pb.chance_within(np.array([5.0, 20, 99]), np.zeros(3), draws).tolist() == [0, 0.5, 0.75]
    spread = pb.chance_within(np.array([20.0]), np.array([0.1]), draws)
    assert spread == pytest.approx([0.375])  # half of the wages lie below 20


# --- the two readings -----------------------------------------------------------------------------


def test_readings():
    running = pb.case(FREE, 40.0, 8000.0)
    calendar = pb.case(FREE, 40.0, 8000.0, reading="calendar")
    assert calendar.benefit_usd_per_year == pytest.approx(running.benefit_usd_per_year / 0.8)
    assert calendar.life < running.life
    same = pb.case(replace(FREE, availability=1.0), 40.0, 8000.0)
    assert same.payback_years() == calendar.payback_years()


# --- invariants -----------------------------------------------------------------------------------

jobs = st.tuples(
    st.floats(10, 120), st.floats(500, 8760), st.floats(0.05, 2.0), st.sampled_from(pb.READINGS)
)


@few
@given(jobs, st.floats(1.01, 3))
def test_payback_falls_with_the_wage_and_rises_with_the_price(job, more):
    w, h, e, reading = job
    long = replace(ROBOT, life_h=1e9, cap_years=np.inf)
    base = pb.case(long, w, h, e, reading).payback_years()
    assert pb.case(long, w * more, h, e, reading).payback_years() <= base
    dear = replace(long, price_usd=ROBOT.price_usd * more)
    assert pb.case(dear, w, h, e, reading).payback_years() >= base


@few
@given(jobs)
def test_at_no_efficiency_it_never_pays_back(job):
    w, h, _, reading = job
    c = pb.case(ROBOT, w, h, 0.0, reading)
    assert c.payback_years() == np.inf
    assert c.cost_per_human_hour() == np.inf
    assert c.irr() == -1


@few
@given(jobs)
def test_discounted_payback_is_never_sooner_than_simple(job):
    c = pb.case(ROBOT, *job)
    assert c.discounted_years() >= c.payback_years()


@few
@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0.2, 30))
def test_npv_at_the_irr_is_nothing(i, net, years):
    k = pb.irr(i, net, years)
    if -0.99 < k < 900:
        assert pb.npv(i, net, k, years) == pytest.approx(0, abs=1e-6 * max(i, net))


@few
@given(jobs, st.floats(0.5, 12))
def test_at_the_threshold_payback_takes_the_target(job, target):
    w, h, _, reading = job
    c = pb.case(FREE, w, h, 1.0, reading)
    at = pb.case(FREE, w, h, c.threshold(target), reading)
    years = np.minimum(target, c.life)
    paid = pb.simple_payback_years(at.installed_usd, at.benefit_usd_per_year, at.cost_usd_per_year)
    assert paid == pytest.approx(years, rel=1e-9)


@few
@given(jobs)
def test_threshold_wage_and_threshold_efficiency_agree(job):
    _, h, e, reading = job
    up = pb.effective_availability(ROBOT.availability, reading)
    fixed = pb.case(FREE, 0.0, h, e, reading)
    wage = pb.threshold_labour_cost(
        fixed.target(3.0), fixed.installed_usd, fixed.cost_usd_per_year, e, up, h, 1.0, 0.05
    )
    if np.isfinite(wage):
        assert pb.case(FREE, wage, h, e, reading).threshold(3.0) == pytest.approx(e, rel=1e-9)


@few
@given(positive, positive, st.floats(0.001, 0.5), st.floats(0.5, 20), st.floats(0, 0.6))
def test_tax_with_full_expensing_moves_neither_sign_nor_irr(i, net, k, n, tax):
    after = pb.npv(i * (1 - tax), net * (1 - tax), k, n)
    assert after == pytest.approx((1 - tax) * pb.npv(i, net, k, n), rel=1e-9, abs=1e-9)


def test_jobs_and_draws_broadcast():
    many = replace(ROBOT, price_usd=np.full(7, 5e4), rate=np.linspace(0.02, 0.2, 7))
    c = pb.case(many, np.array([[30.0], [60.0]]), 8000.0)
    for found in (c.payback_years(), c.discounted_years(), c.npv_usd(), c.irr()):
        assert found.shape == (2, 7)
    assert c.cost_per_human_hour().shape == c.threshold().shape == (2, 7)
    assert (c.threshold() == c.threshold(3.0)).all()  # the post's years, where none are named
    assert (c.target() == c.target(3.0)).all()


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: pb.oee(1.2, 1, 1), "between 0 and 1"),
        (lambda: pb.annual_benefit(-0.1, 1, 1, 1), "efficiency must not be negative"),
        (lambda: pb.annual_benefit(0.5, 0.9, np.nan, 1), "hours_per_year"),
        (lambda: pb.effective_availability(0.9, "gross"), "unknown reading 'gross'"),
        (lambda: pb.annual_cost(1, 0, 1, 1, 0, 1, 0, 0), "robots_per_supervisor"),
        (lambda: pb.capital_recovery_factor(0.1, 0), "years must be positive"),
        (lambda: pb.annuity_factor(-1, 3), "above -1"),
        (lambda: pb.irr(0, 1, 1), "installed_usd must be positive"),
        (lambda: pb.threshold_efficiency(0, 1, 1, 1, 1, 1), "target_years"),
        (lambda: pb.threshold_labour_cost(0, 1, 1, 1, 1, 1), "target_years"),
        (lambda: pb.chance_within(np.ones(1), np.ones(1), np.array([])), "at least one draw"),
        (lambda: pb.waiting_payback_years(0, 0, 5), "both zero"),
    ],
)
def test_bad_input_is_named(call, text):
    with pytest.raises(ValueError, match=text):
        call()
