"""Labour cost by country against published values and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.robots import places

few = settings(max_examples=30, deadline=None)
amount = st.floats(0.05, 500)


def test_penn_world_table_formula():
    cost = places.labour_cost_usd_per_hour(0.6, 20e6, 1.05, 158.0, 1765.0)
    assert cost == pytest.approx(0.6 * 20e12 * 1.05 / (158e6 * 1765.0))
    assert cost == pytest.approx(45.18, abs=0.01)


def test_labour_cost_is_gdp_per_hour_times_labour_share():
    per_hour = places.labour_cost_usd_per_hour(1.0, 100.0, 1.0, 1.0, 2.0)
    assert per_hour == pytest.approx(50.0)
    assert places.labour_cost_usd_per_hour(0.5, 100.0, 2.0, 4.0, 2.0) == pytest.approx(12.5)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_labour_cost_refuses_what_cannot_be(bad):
    good = [0.5, 1.0, 1.0, 1.0, 1.0]
    for at in range(5):
        with pytest.raises(ValueError, match="positive"):
            places.labour_cost_usd_per_hour(*[*good[:at], bad, *good[at + 1 :]])
    with pytest.raises(ValueError, match="exceed 1"):
        places.labour_cost_usd_per_hour(1.2, 1, 1, 1, 1)


def test_fences_of_powers_of_two():
    # logarithms to base 2 are 0..4: quartiles 1 and 3, distance 2, fences -2 and 6
    low, high = places.fences([1, 2, 4, 8, 16])
    assert (low, high) == pytest.approx((2.0**-2, 2.0**6))
    assert places.fences([1, 2, 4, 8, 16], reach=0) == pytest.approx((2.0, 8.0))


def test_fences_refuse():
    with pytest.raises(ValueError, match="four values"):
        places.fences([1, 2, 3])
    with pytest.raises(ValueError, match="four values"):
        places.fences([1, 2, 3, 4], reach=-1)
    with pytest.raises(ValueError, match="positive"):
        places.fences([1, 2, 3, 0])


def test_plausible_judges_each_group_by_its_own_fences():
    # group 9 lies close together, so that 40 is far out in it, though not among all values
    values = np.array([1.0, 2, 4, 8, 16, 100, 110, 120, 130, 40])
    groups = np.array([5] * 5 + [9] * 5)
    within = places.plausible(values, groups)
    assert within.tolist() == [True] * 9 + [False]
    assert places.plausible(values, np.zeros(10)).all()
    with pytest.raises(ValueError, match="one shape"):
        places.plausible([1, 2], [1])


def test_plausible_keeps_the_fences_themselves_and_drops_beyond():
    core = [1, 2, 4, 8, 16] * 20
    low, high = places.fences(core)
    values = np.array([*core, high * 1.5, low / 1.5])
    assert places.plausible(values, np.zeros(len(values)))[-2:].tolist() == [False, False]


def test_carried_forward_by_growth_and_exchange_rate():
    # ten dollars at 100 yen; pay up a fifth in yen, and 150 yen to the dollar: eight dollars
    assert places.carried_forward(10.0, 1.2, 100.0, 150.0) == pytest.approx(8.0)
    with pytest.raises(ValueError, match="rate_now"):
        places.carried_forward(10.0, 1.2, 100.0, 0.0)


def test_pay_per_hour_of_a_year():
    # 72,000 yuan with a quarter on top, 2,500 hours, 7.2 yuan to the dollar: five dollars
    assert places.pay_usd_per_hour(72_000, 1.25, 2_500, 7.2) == pytest.approx(5.0)
    with pytest.raises(ValueError, match="hours_per_year"):
        places.pay_usd_per_hour(72_000, 1.25, 0, 7.2)


def test_log_error_of_known_ratios():
    bias, spread = places.log_error([2.0, 8.0], [1.0, 1.0])
    assert bias == pytest.approx(np.log(4))
    assert spread == pytest.approx(np.log(4) / np.sqrt(2))
    with pytest.raises(ValueError, match="two pairs"):
        places.log_error([1.0], [1.0])


def test_localised_between_none_and_all():
    assert places.localised(10.0, 0.0, 5.0, 50.0) == pytest.approx(10.0)
    assert places.localised(10.0, 1.0, 5.0, 50.0) == pytest.approx(1.0)
    assert places.localised(10.0, 0.5, 5.0, 50.0) == pytest.approx(5.5)
    for cost, share, there in ((-1, 0.5, 1), (1, 1.5, 1), (1, 0.5, 0)):
        with pytest.raises(ValueError, match="must"):
            places.localised(cost, share, there, 1.0)


def test_weighted_share_by_hand():
    holds = np.array([[True, False], [False, False], [True, True]])
    assert places.weighted_share(holds, [1, 2, 1]) == pytest.approx([0.5, 0.25])
    assert places.weighted_share(holds[:, 0], [1, 2, 1]) == pytest.approx(0.5)
    for weights in ([1, 1], [0, 0, 0], [1, -1, 1]):
        with pytest.raises(ValueError, match="weights"):
            places.weighted_share(holds, weights)


@few
@given(st.lists(amount, min_size=4, max_size=30), st.floats(0.1, 10))
def test_fences_scale_with_the_values(values, factor):
    low, high = places.fences(values)
    assert places.fences(np.array(values) * factor) == pytest.approx((low * factor, high * factor))
    assert low <= np.median(values) * (1 + 1e-9)
    assert high >= np.median(values) * (1 - 1e-9)


@few
@given(amount, amount, amount)
def test_carrying_there_and_back_changes_nothing(level, growth, rate):
    there = places.carried_forward(level, growth, rate, 2 * rate)
    assert places.carried_forward(there, 1 / growth, 2 * rate, rate) == pytest.approx(level)
