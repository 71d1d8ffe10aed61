"""Costs against textbook tables, closed forms and the simulator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.networking import interruptions, loss


def rng():
    return np.random.default_rng(15)


@pytest.mark.parametrize(
    ("interest", "years", "factor"), [(0.10, 5, 0.26380), (0.08, 20, 0.10185), (0.12, 3, 0.41635)]
)
def test_capital_recovery_as_in_interest_tables(interest, years, factor):
    assert loss.capital_recovery(interest, years) == pytest.approx(factor, abs=5e-6)


def test_ratio_by_hand():
    # 1 - 0.9 + 0.05 of a year at 2 dollars an hour is 2,628 dollars, a quarter of 10,512.
    assert loss.yearly_ratio(0.9, 0.05, 2.0, 10_512.0) == pytest.approx(0.25)


@given(st.floats(0, 1), st.floats(0, 0.2), st.floats(0.5, 10), st.floats(1e3, 1e5))
def test_at_its_own_capital_cost_an_hour_lost_is_never_dearer(goodput, spares, price, charge):
    own = loss.yearly_ratio(goodput, 0.0, charge / loss.HOURS_A_YEAR, charge)
    assert own == pytest.approx(1 - goodput)
    more = loss.yearly_ratio(goodput, spares + 0.01, price, charge)
    assert more > loss.yearly_ratio(goodput, spares, price, charge) >= 0


@pytest.mark.parametrize(("mtbf", "restart"), [(2.0, 0.3), (0.1, 0.17)])
def test_stops_are_distributed_as_in_the_simulator(mtbf, restart):
    job = interruptions.Job(
        gpus=1 / mtbf, failures_per_gpu_h=1.0, interval_h=0.2, write_h=0.01, detect_h=0.0,
        restart_h=restart,
    )  # fmt: skip
    told = interruptions.simulate(job, 400, 20, rng()).lost_each_h[:20_000]
    drawn = loss.stop_h(np.full(20_000, 0.2), 0.01, restart, mtbf, rng())
    assert stats.ks_2samp(told, drawn).pvalue > 0.01
    error = np.hypot(told.std() / len(told) ** 0.5, drawn.std() / len(drawn) ** 0.5)
    assert drawn.mean() == pytest.approx(told.mean(), abs=4 * error)


def test_mean_of_a_stop_without_work_to_repeat():
    drawn = loss.stop_h(np.full(100_000, 1e-9), 0.0, 0.5, 0.4, rng())
    assert drawn.mean() == pytest.approx(0.4 * np.expm1(0.5 / 0.4), rel=0.02)


def test_a_stop_without_end_is_cut_short():
    assert np.isfinite(loss.stop_h(np.ones(3), 0.0, 100.0, 0.1, rng())).all()


@given(st.floats(0.01, 2), st.floats(0, 0.1), st.floats(0, 1), st.floats(0.05, 50))
def test_a_stop_loses_its_restart_at_least(interval, write, restart, mtbf):
    drawn = loss.stop_h(np.full(20, interval), write, restart, mtbf, rng())
    assert (drawn >= restart).all()
    if restart == 0:
        assert (drawn <= interval + write).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loss.capital_recovery(0.0, 5), "must be positive"),
        (lambda: loss.yearly_ratio(1.2, 0, 1, 1), "between 0 and 1"),
        (lambda: loss.stop_h([0.0], 0, 1, 1, rng()), "interval_h and mtbf must be positive"),
        (lambda: loss.stop_h([1.0], 0, -1, 1, rng()), "restart_h not negative"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
