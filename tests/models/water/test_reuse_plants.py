"""Dates of a plant under way, and its size: closed forms and conversions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.water import reuse_plants as plants

RECORD = np.array([20.0, 30.0, 45.0, 67.5])  # logs half apart by ln 1.5


def test_months_between_days():
    start = np.array(["2025-01-01", "2026-01-01"], dtype="datetime64[D]")
    found = plants.months_between(start, np.datetime64("2026-01-01"))
    assert found == pytest.approx([365 / 30.4375, 0])
    assert plants.months_between(np.datetime64("2024-01-01"), np.datetime64("2028-01-01")) == 48


def test_predictive_median_and_interval_are_those_of_students_t():
    # Tables: t at 0.975 with 3 degrees of freedom is 3.182.
    logs = np.log(RECORD)
    spread = math.log(1.5) * math.sqrt(5 / 3) * math.sqrt(1.25)
    low, mid, high = plants.predictive_months(RECORD, np.array([0.025, 0.5, 0.975]))
    assert mid == pytest.approx(math.exp(logs.mean()))
    assert math.log(high / mid) == pytest.approx(3.182 * spread, rel=2e-4)
    assert high / mid == pytest.approx(mid / low)


def test_predictive_tends_to_the_record_when_it_is_long():
    rng = np.random.default_rng(4)
    record = np.exp(rng.normal(3.0, 0.4, 20_000))
    found = plants.predictive_months(record, np.array([0.1, 0.9]))
    assert np.log(found) == pytest.approx(3.0 + 0.4 * stats.norm.ppf([0.1, 0.9]), abs=0.02)


@given(st.floats(1.1, 20))
def test_predictive_scales_with_the_unit(scale):
    u = np.array([0.05, 0.5, 0.95])
    assert plants.predictive_months(scale * RECORD, u) == pytest.approx(
        scale * plants.predictive_months(RECORD, u)
    )


def test_pool_takes_the_share_asked_for():
    one, two = np.ones(20_000), np.zeros(20_000)
    for share in (0.0, 0.25, 1.0):
        found = plants.pooled(one, two, share, np.random.default_rng(5))
        assert found.mean() == pytest.approx(share, abs=0.01)


def test_kept_promises_follow_jeffreys():
    found = plants.kept_chance(0, 7, 200_000, np.random.default_rng(6))
    assert found.mean() == pytest.approx(0.5 / 8, abs=0.001)
    even = plants.kept_chance(3, 6, 200_000, np.random.default_rng(6))
    assert even.mean() == pytest.approx(0.5, abs=0.002)
    assert even.var() == pytest.approx(0.25 / 8, rel=0.02)


def test_months_left():
    found = plants.months_left(np.array([24.0, 24.0, 3.0]), 6.0, np.array([0.0, 0.5, 1.0]))
    assert found == pytest.approx([24, 21, 0])


def test_restart_before_the_promise_or_late():
    n, rng = 10_000, np.random.default_rng(7)
    kept = plants.restart_months(9.0, np.ones(n), np.full(n, 5.0), rng)
    assert (kept.min() >= 6, kept.max() <= 9) == (True, True)
    assert kept.mean() == pytest.approx(7.5, abs=0.05)
    assert plants.restart_months(9.0, np.zeros(n), np.full(n, 5.0), rng) == pytest.approx(14)
    assert plants.restart_months(1.0, np.ones(n), np.zeros(n), rng).min() >= 0


def test_operating_share_counts_those_given_up():
    found = plants.operating_share([10.0, 20.0, 30.0, 40.0], [0.2, 0.4], [0, 10, 25, 99])
    assert found == pytest.approx([0, 0.175, 0.35, 0.7])


@given(st.lists(st.floats(0.1, 500), min_size=1, max_size=30), st.floats(0, 1))
def test_operating_share_rises_and_stays_below_the_chance_of_going_on(months, given_up):
    found = plants.operating_share(months, [given_up], np.linspace(0, 600, 50))
    assert (np.diff(found) >= 0).all()
    assert found[-1] == pytest.approx(1 - given_up)


def test_flux_and_flow():
    assert plants.flux_l_m2_h(24.0, 50_000) == pytest.approx(20.0)  # 24 ML a day = 1,000 m3 an hour
    assert plants.ml_per_day(1.0) == pytest.approx(3.785, abs=5e-4)
    assert plants.ml_per_day(13.0) == pytest.approx(49.21, abs=5e-3)  # as the press has it


def test_rank_from_the_top():
    assert plants.rank_among([100, 50, 49, 1], [10, 50, 75]).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "call",
    [
        lambda: plants.predictive_months([10.0, 20.0], 0.5),
        lambda: plants.predictive_months([10.0, 20.0, 0.0], 0.5),
        lambda: plants.pooled(np.ones(2), np.ones(2), 1.5, np.random.default_rng(0)),
        lambda: plants.kept_chance(3, 2, 5, np.random.default_rng(0)),
        lambda: plants.months_left(10, 5, 1.5),
        lambda: plants.months_left(10, 5, -0.1),
        lambda: plants.flux_l_m2_h(10, 0),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"\w{4}"):
        call()
