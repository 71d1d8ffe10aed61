"""Steadiness of robots' work, against published tables, closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.robots import reliability as model

shares = st.floats(0.01, 0.99)
seconds = st.floats(1, 1e4)


@pytest.mark.parametrize(("events", "bound"), [(0, 2.996), (1, 4.744), (2, 6.296), (10, 16.962)])
def test_garwood_1936_upper_limits(events, bound):
    """Exact one-sided 95 % limits of a Poisson count."""
    assert model.rate_upper_bound(events, 1.0) == pytest.approx(bound, abs=6e-4)


def test_rule_of_three():
    """Hanley and Lippman-Hand (1983): none in n leaves 3/n open at 95 %, 4.6/n at 99 %."""
    assert model.rate_upper_bound(0, 200.0) * 200 == pytest.approx(3, rel=0.002)
    assert model.rate_upper_bound(0, 200.0, 0.99) * 200 == pytest.approx(4.605, rel=1e-3)


@given(st.integers(0, 500), st.floats(1, 1e6), st.floats(0.5, 0.98))
def test_upper_bound_is_where_the_count_becomes_unlikely(events, hours, level):
    rate = model.rate_upper_bound(events, hours, level)
    assert stats.poisson.cdf(events, rate * hours) == pytest.approx(1 - level, rel=1e-6)


@given(st.floats(1e-6, 10), st.floats(0.5, 0.99))
def test_hours_needed_show_the_rate(rate, level):
    hours = model.exposure_needed_h(rate, level)
    assert model.rate_upper_bound(0, hours, level) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0)],
)
def test_clopper_pearson_1934(k, n, low, high):
    """The printed 95 % limits for ten trials."""
    found = model.success_interval(k, n, 0.95)
    assert found == pytest.approx([low, k / n, high], abs=6e-5)


@given(st.integers(1, 300), st.data(), st.floats(0.5, 0.98))
def test_success_interval_is_scipys(trials, data, level):
    k = data.draw(st.integers(0, trials))
    low, middle, high = model.success_interval(k, trials, level)
    known = stats.binomtest(k, trials).proportion_ci(level, method="exact")
    assert (low, high) == pytest.approx((known.low, known.high), abs=1e-9)
    assert middle == k / trials


def test_success_interval_of_many():
    assert model.success_interval([[1], [2]], [5, 6, 7]).shape == (2, 3, 3)


def test_chains():
    """Lusser's law as textbooks print it: a hundred parts of 99 % each make a 36.6 % machine."""
    assert model.chain_success(0.99, 100) == pytest.approx(0.366, abs=5e-4)
    assert model.chain_success(0.5, 0) == 1
    assert model.step_success_needed(0.9, 379) == pytest.approx(0.999722, abs=1e-6)


@given(shares, st.integers(1, 400))
def test_needed_step_gives_the_chain(target, steps):
    assert model.chain_success(model.step_success_needed(target, steps), steps) == pytest.approx(
        target
    )


@given(shares, shares)
def test_joint_success_is_between_its_bounds(left, right):
    low, independent, high = model.joint_success(left, right)
    assert 0 <= low <= independent + 1e-12
    assert independent <= high
    assert high == min(left, right)
    assert low == pytest.approx(max(0, left + right - 1))
    assert independent == pytest.approx(left * right)


def test_failures_per_shift():
    """One cycle a minute for eight hours, one in ten fails: 48 failures."""
    assert model.failures_per_shift(0.9, 60, 8) == pytest.approx(48)
    assert model.failures_per_shift(1.0, 60, 8) == 0


def test_availability_textbook():
    """Ninety-five hours up for five down is 95 %."""
    assert model.availability(95, 5) == pytest.approx(0.95)
    assert model.availability(10, 0) == 1


@given(shares, st.floats(0.01, 1e5))
def test_repair_time_belongs_to_the_availability(a, mtbf):
    assert model.availability(mtbf, model.repair_time_h(a, mtbf)) == pytest.approx(a)


@given(shares, seconds, seconds, seconds)
def test_effective_efficiency_is_oee(p, cycle, repair, human):
    factors = cycle / (cycle + (1 - p) * repair), human / cycle, p
    assert model.effective_efficiency(p, cycle, repair, human) == pytest.approx(np.prod(factors))


def test_effective_efficiency_by_simulation():
    """A quarter of a million attempts, failures repaired in a random time of the given mean."""
    rng = np.random.default_rng(902)
    failed = rng.random(250_000) > 0.9
    spent = 76 * failed.size + rng.exponential(300, failed.sum()).sum()
    good_per_s = (~failed).sum() / spent
    found = model.effective_efficiency(0.9, 76, 300, 60)
    assert good_per_s * 60 == pytest.approx(found, rel=0.01)


@given(shares, seconds, seconds, seconds)
def test_success_needed_is_the_inverse(p, cycle, repair, human):
    e = model.effective_efficiency(p, cycle, repair, human)
    assert model.success_needed(e, cycle, repair, human) == pytest.approx(p, rel=1e-6)


def test_no_success_makes_a_slow_robot_fast():
    assert np.isnan(model.success_needed(0.9, 100, 10, 60))
    assert model.success_needed(0.6, 100, 10, 60) == pytest.approx(1)


@settings(max_examples=50)
@given(shares, shares, seconds, seconds)
def test_failing_less_or_mending_faster_never_hurts(p, q, cycle, repair):
    low, high = sorted((p, q))
    e = model.effective_efficiency
    assert e(low, cycle, repair, 60) <= e(high, cycle, repair, 60) + 1e-12
    assert e(p, cycle, 2 * repair, 60) <= e(p, cycle, repair, 60)


def test_paced_share():
    """Thirty thousand cycles of 84 s are 700 hours, 56 % of 1,250."""
    assert model.paced_share(30_000, 84, 1_250) == pytest.approx(0.56)


def test_per_robot_owned():
    """A thousand pieces an hour by five robots, against a person's thousand: a fifth each."""
    assert model.per_robot_owned(200_000, 200, 5, 1_000) == pytest.approx(0.2)


def test_robots_per_station():
    """Four hours of work and two of charging: two robots; equal times: two; swaps: two."""
    assert model.robots_per_station(4, 2) == 2
    assert model.robots_per_station(4, 4) == 2
    assert model.robots_per_station(2, 5) == 4
    assert model.robots_per_station(2, 0) == 1
    assert model.robots_per_station(4, 20, 8) == 2
    assert model.robots_per_station(4, 20, 24) == 6


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: model.rate_upper_bound(-1, 5), "events"),
        (lambda: model.rate_upper_bound(0, 0), "exposure_h"),
        (lambda: model.rate_upper_bound(0, 5, 1.0), "level"),
        (lambda: model.exposure_needed_h(0), "rate_per_h"),
        (lambda: model.success_interval(6, 5), "exceed"),
        (lambda: model.success_interval(1, 5, 0), "level"),
        (lambda: model.chain_success(1.1, 2), "success"),
        (lambda: model.chain_success(0.9, -1), "steps"),
        (lambda: model.step_success_needed(0.9, 0), "steps"),
        (lambda: model.joint_success(0.9, np.nan), "right"),
        (lambda: model.failures_per_shift(0.9, 0, 8), "cycle_s"),
        (lambda: model.availability(5, -1), "mttr_h"),
        (lambda: model.repair_time_h(0, 5), "availability"),
        (lambda: model.effective_efficiency(0.9, 76, -1, 60), "repair_s"),
        (lambda: model.success_needed(-0.1, 76, 1, 60), "efficiency"),
        (lambda: model.paced_share(-1, 84, 5), "cycles"),
        (lambda: model.per_robot_owned(5, 5, 0, 5), "robots"),
        (lambda: model.robots_per_station(4, 2, 25), "24"),
        (lambda: model.robots_per_station(4, -2), "recharge_h"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
