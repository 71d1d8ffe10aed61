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


# Restarts of half, 1.7, 6 and 8 mean times between failures: the last two fail hundreds of times.
@pytest.mark.parametrize(
    ("mtbf", "restart"), [(2.0, 0.3), (0.6, 0.3), (0.1, 0.17), (0.05, 0.3), (0.05, 0.4)]
)
def test_stops_are_distributed_as_in_the_simulator(mtbf, restart):
    job = interruptions.Job(
        gpus=1 / mtbf, failures_per_gpu_h=1.0, interval_h=0.2, write_h=0.01, detect_h=0.0,
        restart_h=restart,
    )  # fmt: skip
    days = 400 * max(1.0, 0.02 * mtbf * np.expm1(restart / mtbf))
    luck = np.random.default_rng(16)
    told = interruptions.simulate(job, days, 20, luck).lost_each_h[:20_000]
    n = len(told)
    drawn = loss.work_lost_h(np.full(n, 0.2), 0.01, mtbf, luck)
    drawn += loss.down_h(np.full(n, restart), mtbf, luck)
    assert n > 2000
    assert stats.ks_2samp(told, drawn).pvalue > 0.01
    error = np.hypot(told.std() / n**0.5, drawn.std() / n**0.5)
    assert drawn.mean() == pytest.approx(told.mean(), abs=4 * error)


@pytest.mark.parametrize("ratio", [1e-6, 0.1, 1.25, 3.4, 3.7, 10.0, 25.0])
def test_mean_time_until_a_job_runs_again(ratio):
    down = loss.down_h(np.full(100_000, ratio * 0.4), 0.4, rng())
    error = down.std() / len(down) ** 0.5
    assert down.mean() == pytest.approx(0.4 * np.expm1(ratio), abs=4 * error + 1e-12)


def test_sums_drawn_at_once_are_those_drawn_one_by_one(monkeypatch):
    told = loss.down_h(np.full(20_000, 1.0), 0.25, np.random.default_rng(16))
    monkeypatch.setattr(loss, "FEW_FAILED", 10_000)
    assert stats.ks_2samp(told, loss.down_h(np.full(20_000, 1.0), 0.25, rng())).pvalue > 0.01


def test_a_stop_without_end_is_long_and_finite():
    down = loss.down_h(np.full(3, 100.0), 0.1, rng())
    assert np.isfinite(down).all()
    assert (down > 1e13).all()


@given(st.floats(0.01, 2), st.floats(0, 0.1), st.floats(0, 1), st.floats(0.05, 50))
def test_a_stop_loses_a_cycle_at_most_and_its_restart_at_least(interval, write, restart, mtbf):
    work = loss.work_lost_h(np.full(20, interval), write, mtbf, rng())
    assert (work >= 0).all()
    assert (work <= interval + write).all()
    down = loss.down_h(np.full(20, restart), mtbf, rng())
    assert (down >= restart).all()
    assert restart > 0 or (down == 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loss.capital_recovery(0.0, 5), "must be positive"),
        (lambda: loss.yearly_ratio(1.2, 0, 1, 1), "between 0 and 1"),
        (lambda: loss.work_lost_h([0.0], 0, 1, rng()), "interval_h and mtbf must be positive"),
        (lambda: loss.work_lost_h([1.0], -1, 1, rng()), "write_h not negative"),
        (lambda: loss.down_h([1.0], 0, rng()), "mtbf must be positive"),
        (lambda: loss.down_h([-1.0], 1, rng()), "restart_h not negative"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
