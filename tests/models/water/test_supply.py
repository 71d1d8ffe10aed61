"""Flow-duration, low flows, rain's share, other users and shortage, against worked examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.water import supply

FLOWS = st.lists(st.floats(1, 200), min_size=3, max_size=60).map(np.array)
SHARES = st.floats(0, 1)

# Annual peaks of Fishkill Creek at Beacon, New York, 1945-1968 (cfs): Bulletin 17B, appendix 12.
FISHKILL = np.array([
    2290, 1470, 2220, 2970, 3020, 1210, 2490, 3170, 3220, 1760, 8800, 8280, 1310, 2500, 1960, 2140,
    4340, 3060, 1780, 1380, 980, 1040, 1580, 3630,
])  # fmt: skip


def rng():
    return np.random.default_rng(7)


# --- flow-duration and low flows ---


def test_flow_duration_by_hand():
    share, flow = supply.flow_duration(np.array([30.0, 10.0, np.nan, 40.0, 20.0]))
    assert flow.tolist() == [40, 30, 20, 10]
    assert share.tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_flow_exceeded_on_half_and_nine_tenths_of_days():
    flow = np.array([30.0, 10.0, 40.0, 20.0])
    assert supply.exceeded(flow, 0.5) == pytest.approx(25)
    assert supply.exceeded(flow, np.array([0.4, 0.95])).tolist() == pytest.approx([30, 10])


@given(flow=FLOWS, a=SHARES, b=SHARES)
def test_a_flow_exceeded_more_often_is_no_larger(flow, a, b):
    low, high = sorted((a, b))
    assert supply.exceeded(flow, high) <= supply.exceeded(flow, low)


def test_rolling_mean_and_lowest_run_by_hand():
    flow = np.array([5.0, 3.0, 1.0, 4.0, 6.0])
    assert supply.rolling_mean(flow, 3).tolist() == pytest.approx([3, 8 / 3, 11 / 3])
    assert supply.low_flow(flow, 3) == pytest.approx(8 / 3)
    assert supply.low_flow(np.array([flow, flow + 1]), 2).tolist() == pytest.approx([2, 3])


def test_a_run_with_a_gap_does_not_count():
    assert supply.low_flow(np.array([1.0, np.nan, 5.0, 6.0, 9.0]), 2) == pytest.approx(5.5)


@given(flow=FLOWS)
def test_low_flow_lies_between_minimum_and_mean_of_the_lowest_window(flow):
    assert flow.min() - 1e-9 <= supply.low_flow(flow, 3) <= flow.max() + 1e-9


def test_bootstrap_keeps_blocks_and_closes_the_circle():
    at = supply.block_bootstrap(10, 4, 500, rng())
    assert at.shape == (500, 10)
    assert at.min() == 0 and at.max() == 9
    step = np.diff(at, axis=1) % 10
    inside = [k for k in range(9) if (k + 1) % 4]
    assert (step[:, inside] == 1).all()
    assert np.bincount(at.ravel(), minlength=10) / at.size == pytest.approx(0.1, abs=0.02)


def test_gumbel_against_chow_maidment_mays():
    """Chow, Maidment and Mays (1988), example 12.2.1: mean 0.649, s 0.177 in; T = 5, 10, 50."""
    z = np.array([-1.0, 0.0, 1.0])
    minima = 10 - (0.649 + 0.177 * z)  # as minima of a mirrored record: flows must be positive
    found = 10 - supply.gumbel_low(minima, np.array([5, 10, 50]))
    assert found.tolist() == pytest.approx([0.78, 0.88, 1.11], abs=0.006)
    assert supply.gumbel_low(np.array([0.1, 5.0, 9.0]), 1000) == 0


def test_log_pearson_against_bulletin_17b():
    """Appendix 12, example 1: mean 3.3684, s 0.2456; with skew 0.6 K = 2.75514 at 0.01."""
    logs = np.log10(FISHKILL)
    assert logs.mean() == pytest.approx(3.3684, abs=1e-4)
    assert logs.std(ddof=1) == pytest.approx(0.2456, abs=1e-4)
    found = supply.log_pearson3(FISHKILL, 100, skew=0.6, low=False)
    assert np.log10(found) == pytest.approx(3.3684 + 2.75514 * 0.2456, abs=5e-4)
    at_station = supply.log_pearson3(FISHKILL, 100, low=False)
    assert at_station == pytest.approx(supply.log_pearson3(FISHKILL, 100, 0.73, False), rel=1e-3)


def test_without_skew_log_pearson_is_log_normal():
    values = np.array([10.0, 20.0, 40.0])
    low = supply.log_pearson3(values, 10)
    assert low == pytest.approx(10 ** (np.log10(20) - 1.281552 * np.log10(2)), rel=1e-6)
    assert low < supply.log_pearson3(values, 2) < supply.log_pearson3(values, 10, low=False)


# --- what rain brings ---


def test_wetness_halves_each_half_life():
    index = supply.wetness(np.array([8.0, 0.0, 0.0, np.nan, 0.0]), 1.0)
    assert index.tolist() == pytest.approx([0, 4, 2, 1, 0.5])


def test_rain_model_finds_what_it_was_made_from():
    rain = rng().gamma(0.2, 1.0, 400)
    older = np.concatenate([[0.0], supply.wetness(rain, 10.0)])[:400]
    flow = 50 + 9 * rain + 4 * np.concatenate([[0], rain[:-1]]) + 2 * older
    found = supply.rain_model(flow, rain, fast_days=2, half_life_days=10.0)
    assert found.base_mgd == pytest.approx(50)
    assert found.fast_mgd_per_in.tolist() == pytest.approx([9, 4])
    assert found.slow_mgd_per_in == pytest.approx(2)
    assert found.r2 == pytest.approx(1)
    assert found.rain_share == pytest.approx((flow[1:] - 50).sum() / flow[1:].sum())


def test_rain_model_errors_are_those_of_simple_regression():
    """With a half-life of nought nothing is left of older rain: one slope, as in linregress."""
    rain = rng().gamma(0.2, 1.0, 50)
    flow = 50 + 9 * rain + rng().normal(0, 2, 50)
    line = stats.linregress(rain, flow)
    found = supply.rain_model(flow, rain, fast_days=1, half_life_days=1e-3)
    wider = np.sqrt((50 - 2) / (50 - 3))  # one more column, all zeros, counts as estimated
    assert found.se[0] == pytest.approx(wider * line.intercept_stderr)
    assert found.se[1] == pytest.approx(wider * line.stderr)


def test_least_effluent_share_takes_the_meter_s_error_off():
    """A meter that read 1.6 times too high: 48 out of 96 read in is 48 of 60, or 80 %."""
    assert supply.least_effluent_share(50.0, 80.0, 48.0, 96.0) == pytest.approx(0.8)
    assert supply.least_effluent_share(50.0, 80.0, 80.0, 96.0) == 1


def test_rain_model_leaves_out_days_it_does_not_know():
    rain = np.zeros(60)
    rain[::7] = 1.0
    flow = 50 + 5 * rain
    flow[10], rain[20] = np.nan, np.nan
    found = supply.rain_model(flow, rain, fast_days=2)
    assert np.isnan(found.fitted[[0, 10, 20, 21]]).all() and not np.isnan(found.fitted[22])
    assert found.base_mgd == pytest.approx(50)


# --- other users ---


def test_power_plant_water_has_its_mean_and_its_shape():
    made = supply.plant_water_mgd(np.array([3.5, 7.0]), np.array([1.0, 2.0, 3.0]), np.ones(3))
    assert made[:, 0].tolist() == pytest.approx([1.75, 3.5, 5.25])
    assert made.mean(axis=0).tolist() == pytest.approx([3.5, 7])
    flat = supply.plant_water_mgd(3.5, np.array([1.0, 3.0]), np.ones(2), share=0.0)
    assert flat.tolist() == [3.5, 3.5]
    half = supply.plant_water_mgd(4.0, np.array([1.0, 3.0]), np.ones(2), share=0.5)
    assert half.tolist() == pytest.approx([3, 5])


def test_the_first_user_is_served_first():
    first, second = supply.share_out(np.array([10, 6, 2]), 4.0, 5.0)
    assert first.tolist() == [4, 4, 2] and second.tolist() == [5, 2, 0]


@given(total=st.floats(0, 50), a=st.floats(0, 30), b=st.floats(0, 30))
def test_the_order_changes_who_goes_short_and_not_how_much(total, a, b):
    one, other = supply.share_out(total, a, b), supply.share_out(total, b, a)
    assert sum(one) == pytest.approx(sum(other)) == pytest.approx(min(total, a + b))
    assert one[0] >= other[1] - 1e-9


# --- need and supply together ---


def test_shortage_of_independent_exponentials():
    """For independent exponentials with means a and b, P(need > supply) = a/(a + b)."""
    need, give = rng().exponential(1.0, 4000), rng().exponential(1.0, 4001)[::-1] * 3.0
    assert supply.independent_shortage(need, give) == pytest.approx(0.25, abs=0.015)
    pairs = supply.copula_pairs(need, give, 0.0, 200_000, rng())
    assert supply.shortage_chance(*pairs) == pytest.approx(0.25, abs=0.015)


def test_copula_has_the_rank_correlation_asked_for():
    record = np.arange(1.0, 2001.0)
    for wanted in (-0.6, 0.3):
        x, y = supply.copula_pairs(record, record, wanted, 100_000, rng())
        found = np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1]
        assert found == pytest.approx(wanted, abs=0.01)
    x, y = supply.copula_pairs(record, record, -1.0, 1000, rng())
    assert x + y == pytest.approx(2001.0)


def test_a_closer_tie_of_need_to_low_flow_makes_shortage_likelier_in_the_tail():
    need, give = np.linspace(0, 10, 500), np.linspace(8, 20, 500)
    chance = [
        supply.shortage_chance(*supply.copula_pairs(need, give, r, 40_000, rng()))
        for r in (0.8, 0.0, -0.8)
    ]
    assert chance[0] < chance[1] < chance[2]


def test_block_rank_correlation_centres_on_the_record_s_own():
    x = np.arange(200.0)
    y = np.where(np.arange(200) % 2, x, np.nan)
    exact = supply.block_rank_correlation(x, y, 5, 200, rng())
    assert exact.shape == (200,) and exact.min() > 0.99
    assert supply.block_rank_correlation(x, -x, 5, 50, rng()).max() < -0.99
    bent = supply.block_rank_correlation(x, np.exp(x / 9), 5, 50, rng())
    assert bent == pytest.approx(1.0)


def test_equal_need_and_supply_is_no_shortage():
    assert supply.independent_shortage(np.array([5.0]), np.array([5.0, 4.0])) == 0.5
    assert supply.shortage_chance(np.array([5.0, 6.0]), np.array([5.0, 5.0])) == 0.5


@settings(max_examples=30)
@given(need=FLOWS, give=FLOWS, more=st.floats(0, 50))
def test_more_need_is_never_less_shortage(need, give, more):
    before = supply.independent_shortage(need, give)
    assert 0 <= before <= supply.independent_shortage(need + more, give) <= 1


BAD = [
    lambda: supply.flow_duration(np.array([1.0])),
    lambda: supply.flow_duration(np.array([1.0, -2.0])),
    lambda: supply.exceeded(np.array([1.0, 2.0]), 1.5),
    lambda: supply.rolling_mean(np.ones(3), 7),
    lambda: supply.low_flow(np.array([1.0, np.nan, 1.0]), 2),
    lambda: supply.block_bootstrap(5, 6, 1, rng()),
    lambda: supply.gumbel_low(np.array([1.0, 2.0]), 1.0),
    lambda: supply.log_pearson3(np.array([1.0, 2.0]), 10),
    lambda: supply.log_pearson3(np.array([1.0, 2.0, 0.0]), 10),
    lambda: supply.log_pearson3(np.array([1.0, 2.0, 3.0]), 1),
    lambda: supply.wetness(np.ones(3), 0.0),
    lambda: supply.rain_model(np.ones(3), np.ones(4)),
    lambda: supply.rain_model(np.ones(6), np.ones(6)),
    lambda: supply.least_effluent_share(50.0, 0.0, 50.0, 70.0),
    lambda: supply.plant_water_mgd(3.5, np.array([-1.0, 1.0]), np.ones(2)),
    lambda: supply.plant_water_mgd(3.5, np.ones(2), np.ones(2), share=2.0),
    lambda: supply.share_out(-1.0, 1.0, 1.0),
    lambda: supply.block_rank_correlation(np.ones(5), np.ones(5), 2, 2, rng()),
    lambda: supply.block_rank_correlation(np.ones(20), np.ones(19), 2, 2, rng()),
    lambda: supply.copula_pairs(np.ones(3), np.ones(3), -1.1, 5, rng()),
    lambda: supply.shortage_chance(np.ones(3), np.ones(2)),
]


@pytest.mark.parametrize("call", BAD)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"."):
        call()


def test_limits_of_records_are_allowed():
    """What lies on a limit is taken; one step beyond it is refused."""
    flow = np.array([3.0, 1.0, 4.0])
    assert supply.rolling_mean(flow, 1).tolist() == [3, 1, 4]
    assert supply.rolling_mean(flow, 3).tolist() == pytest.approx([8 / 3])
    # Constant, one day of rain, older wetness: three coefficients, so five days for a fit.
    rain = np.array([0.0, 1.0, 0.0, 2.0, 0.5])
    assert np.isfinite(supply.rain_model(rain + 1, rain, fast_days=1).fitted).all()
    with pytest.raises(ValueError, match="too few days"):
        supply.rain_model(rain[:4] + 1, rain[:4], fast_days=1)
    shape = np.array([0.25, 0.75])  # sums to one, which is no fault
    assert supply.plant_water_mgd(2.0, shape, np.ones(2)) == pytest.approx([1.0, 3.0])
    with pytest.raises(ValueError, match="positive"):
        supply.plant_water_mgd(2.0, np.zeros(2), np.ones(2))
