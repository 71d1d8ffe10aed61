"""Delay by lost link: closed forms, a numerical check, and what must hold for any input."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from aifactory.models.supply_chain import delay

T = st.floats(0.1, 60)
KEPT = st.floats(0.05, 1)


def test_exposure_is_recovery_less_survival():
    assert delay.exposure_months([12, 2], [3, 5]) == pytest.approx([9, 0])
    with pytest.raises(ValueError, match="not below zero"):
        delay.exposure_months(-1, 2)


def test_no_loss_no_delay():
    assert delay.queue_months(9, 2, 1.0, 5, 12, 3) == pytest.approx(12)


def test_stock_that_outlasts_the_wait_covers_everything():
    assert delay.queue_months(9, 9, 0.0, 50, 12) == pytest.approx(9)
    assert delay.queue_months(0, 9, 0.0, 50, 12, 3) == 3


def test_total_loss_waits_for_the_recovery():
    # Nothing for 24 months, then a ramp of 12: 8 months of work are 8 = x²/24, or x = 13.86;
    # as the ramp ends after 12 with 6 done, the last 2 take 2 months at full rate.
    assert delay.queue_months(8, 0, 0.0, 24, 12) == pytest.approx(24 + 12 + 2)
    assert delay.queue_months(6, 0, 0.0, 24, 12) == pytest.approx(36)
    assert delay.queue_months(1.5, 0, 0.0, 24, 12) == pytest.approx(24 + 6)


def test_what_is_left_works_the_queue_off():
    # A quarter is left and nothing returns in time: 6 months of work take 24.
    assert delay.queue_months(6, 0, 0.25, 30, 12) == pytest.approx(24)
    assert delay.queue_months(6, 2, 0.25, 30, 12) == pytest.approx(2 + 16)


def test_recovery_that_began_before_the_stock_ended():
    # Full again by month 5, stock for 8: nothing is felt.
    assert delay.queue_months(20, 8, 0.0, 1, 4) == pytest.approx(20)


@given(T, T, KEPT, T, T)
@settings(max_examples=60, deadline=None)
def test_the_closed_form_solves_the_integral(wait, survive, kept, lag, ramp):
    found = float(delay.queue_months(wait, survive, kept, lag, ramp))

    def rate(t):
        back = min(max((t - lag) / ramp, 0), 1)
        return 1.0 if t < survive else kept + (1 - kept) * back

    knots = sorted({min(max(x, 0), found) for x in (survive, lag, lag + ramp)})
    edges = [0.0, *knots, found]
    done = sum(quad(rate, a, b)[0] for a, b in itertools.pairwise(edges) if b > a)
    assert done == pytest.approx(wait, rel=1e-6, abs=1e-6)


@given(T, T, KEPT, T, T, st.floats(0, 20))
@settings(max_examples=60, deadline=None)
def test_delay_behaves(wait, survive, kept, lag, ramp, more):
    def months(w=wait, s=survive, k=kept, a=lag, d=ramp):
        return float(delay.queue_months(w, s, k, a, d))

    base = months()
    slack = 1e-6 * (1 + base)
    assert base >= wait - slack  # a lost link never speeds a site up
    assert months(s=survive + more) <= base + slack
    assert months(k=min(1, kept + more / 20)) <= base + slack
    assert months(a=lag + more) >= base - slack
    assert months(d=ramp + more) >= base - slack
    assert months(w=wait + more) >= base + more - slack


@pytest.mark.parametrize(
    "bad", [(-1, 0, 0.5, 1, 1), (1, -1, 0.5, 1, 1), (1, 0, 0.5, -1, 1), (1, 0, 0.5, 1, 0)]
)
def test_times_below_zero_are_refused(bad):
    with pytest.raises(ValueError, match="not below zero"):
        delay.queue_months(*bad)


@pytest.mark.parametrize("kept", [-0.1, 1.1])
def test_what_is_kept_is_a_share(kept):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        delay.queue_months(1, 0, kept, 1, 1)


def test_one_route_in_closed_form():
    # Starts in month 10, ramps over 4 to 5 a month: 10 units by month 14, 20 by month 16.
    one = (np.array([[10.0]]), np.array([[4.0]]), np.array([[5.0]]))
    assert delay.fill_months(10, *one) == pytest.approx([14], abs=1e-2)
    assert delay.fill_months(20, *one) == pytest.approx([16], abs=1e-2)
    assert delay.fill_months(2.5, *one) == pytest.approx([12], abs=1e-2)
    assert delay.fill_months(0, *one) == pytest.approx([0])


def test_routes_add_up_and_some_never_come():
    start = np.array([[0.0, 6.0], [0.0, np.inf], [np.inf, np.inf]])
    ramp, rate = np.full((3, 2), 1e-6), np.full((3, 2), 2.0)
    # 2 a month from the start, 4 a month from month 6: 20 by month 8; else by month 10; else never.
    assert delay.fill_months(20, start, ramp, rate) == pytest.approx([8, 10, np.inf], abs=1e-2)


@given(st.floats(1, 50), st.floats(0, 40), st.floats(0.5, 24), st.floats(0.5, 10), st.floats(1, 3))
@settings(max_examples=40, deadline=None)
def test_another_route_never_delays(need, start, ramp, rate, times):
    one = [np.array([[v]]) for v in (start, ramp, rate)]
    two = [np.hstack([a, a * times]) for a in one]
    alone, both = delay.fill_months(need, *one)[0], delay.fill_months(need, *two)[0]
    assert both <= alone + 1e-6
    faster = delay.fill_months(need, one[0], one[1], one[2] * times)[0]
    assert faster <= alone + 1e-6
    assert delay.made_by(np.array([alone]), *one)[0] == pytest.approx(need, rel=1e-3, abs=0.02)


def test_routes_need_one_shape_and_fit_values():
    ok = np.ones((2, 1))
    with pytest.raises(ValueError, match="one shape"):
        delay.fill_months(1, ok, np.ones((2, 2)), ok)
    with pytest.raises(ValueError, match="one shape"):
        delay.fill_months(1, ok[0], ok[0], ok[0])
    with pytest.raises(ValueError, match="above zero"):
        delay.fill_months(1, ok, ok * 0, ok)
    with pytest.raises(ValueError, match="not below zero"):
        delay.fill_months(-1, ok, ok, ok)


def test_slips_stretch_what_is_left_of_a_plan():
    # Said 6 months ago for a year from then: kept, it starts in 6 months; at ratio 2, in 18.
    assert delay.slipped_start(-6, 6, [1, 2, 0.25]) == pytest.approx([6, 18, 0])
    with pytest.raises(ValueError, match="follows its statement"):
        delay.slipped_start(5, 4, 1)
    with pytest.raises(ValueError, match="above zero"):
        delay.slipped_start(0, 4, 0)


def test_leaving_one_out_does_not_see_it():
    record = np.array([1.0, 2.0, 4.0, 8.0])
    found = delay.left_out(record)
    moved = delay.left_out(np.array([1.0, 2.0, 4.0, 800.0]))
    assert found.shape == (4, 3)
    assert found[3] == pytest.approx(moved[3])
    assert found[3, 1] == pytest.approx(2)  # median of a log-normal: the geometric mean
    # Two degrees of freedom: t = 2.920 at 95 %, spread ln 2 times sqrt(4/3).
    assert found[3, 2] == pytest.approx(2 * np.exp(2.91999 * np.log(2) * np.sqrt(4 / 3)), rel=1e-5)
    with pytest.raises(ValueError, match="four values"):
        delay.left_out(record[:3])
