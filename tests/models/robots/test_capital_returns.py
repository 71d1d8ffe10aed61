"""What capital needs back and what waiting is worth: published examples and closed forms."""

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.robots import capital, frontier, payback


def test_the_widget_factory_of_dixit_and_pindyck():
    # 1994, chapter 2: I = 1600, price 200 goes to 300 or 100 with even chances, r = 10 %.
    # Now: -1600 + 2200 = 600; waiting: 0.5 (-1600 + 3300) / 1.1 = 773; the option adds 173.
    found = capital.wait_a_year(1600, 1600, 200, 300, 100, 0.5, 0.1)
    assert found.now == pytest.approx(600)
    assert found.wait == pytest.approx(772.7, abs=0.05)
    assert found.value == pytest.approx(172.7, abs=0.05)
    # and the cost at which one is indifferent between an inflexible factory now and a flexible one
    dear = capital.wait_a_year(1980, 1980, 200, 300, 100, 0.5, 0.1)
    assert dear.wait == pytest.approx(600, abs=0.1)


def test_the_widget_factory_of_pindycks_paper():
    # Journal of Economic Literature 1991: I = 800, price 100 to 150 or 50: 300 now, 386 waiting
    found = capital.wait_a_year(800, 800, 100, 150, 50, 0.5, 0.1)
    assert found.now == pytest.approx(300)
    assert found.wait == pytest.approx(386.4, abs=0.05)


def test_without_uncertainty_or_a_fall_waiting_is_worth_nothing():
    found = capital.wait_a_year(100, 100, 60, 60, 60, 0.5, 0.1, years=3)
    assert found.now == pytest.approx(-100 + 60 + npf.pv(0.1, 2, -60))
    assert found.wait == pytest.approx(found.now / 1.1)
    assert found.value == 0
    # one that loses either way is worth nothing
    assert capital.wait_a_year(100, 100, 1, 1, 1, 0.5, 0.1).value == 0


def test_a_price_that_falls_is_paid_by_those_who_wait():
    # income 20 for ever at 10 %: worth 220 when it starts at once; 100 now, 50 next year
    found = capital.wait_a_year(100, 50, 20, 20, 20, 0.3, 0.1)
    assert found.now == pytest.approx(120)
    assert found.wait == pytest.approx((220 - 50) / 1.1)
    assert found.value == pytest.approx(170 / 1.1 - 120)


def test_a_bad_project_now_can_still_be_worth_waiting_for():
    found = capital.wait_a_year(1800, 1600, 100, 300, 20, 0.5, 0.1)
    assert found.now < 0 < found.wait
    assert found.value == pytest.approx(found.wait)


@settings(max_examples=25, deadline=None)
@given(st.floats(1, 100), st.floats(0.01, 0.4), st.integers(0, 10), st.integers(1, 15))
def test_required_profit_returns_capital_at_the_rate(k0, rate, wait, years):
    profit = float(capital.required_profit(k0, rate, wait, years))
    flow = [-k0] + [0.0] * wait + [profit] * years
    assert npf.npv(rate, flow) == pytest.approx(0, abs=1e-6 * k0 * (1 + rate) ** wait)
    assert profit == pytest.approx(npf.pmt(rate, years, -npf.fv(rate, wait, 0, -k0)))


@settings(max_examples=25, deadline=None)
@given(
    st.floats(1.5, 6), st.floats(5e3, 1e5), st.floats(0, 4e3), st.floats(0, 2), st.floats(0, 0.3)
)
def test_the_price_for_a_payback_gives_that_payback(target, benefit, other, share, upkeep):
    price = float(frontier.price_for_payback(target, benefit, other, share, upkeep))
    cost = payback.annual_cost(price, upkeep, 1, other, 1, 0, 0, 0)
    found = payback.simple_payback_years(payback.installed_cost(price, share), benefit, cost)
    assert found == pytest.approx(target)


def test_no_price_is_low_enough_where_running_costs_eat_the_saving():
    assert frontier.price_for_payback(3, 1000, 2000, 0.5, 0.1) == 0


def test_robots_to_sell_by_hand():
    assert capital.robots_to_sell(1e9, 50_000, 0.4) == pytest.approx(50_000)
    assert np.isinf(capital.robots_to_sell(1e9, 50_000, 0))


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 5), st.floats(0.01, 0.3), st.floats(1, 12))
def test_waiting_breaks_even_at_the_threshold(years_back, rate, life):
    fall = float(capital.waiting_threshold(years_back, rate, life))
    factor = payback.annuity_factor(rate, life)
    now = factor - years_back  # NPV per unit of yearly saving
    if fall > 0:
        assert (factor - years_back * (1 - fall)) / (1 + rate) == pytest.approx(now)
    else:
        assert fall == 0
        assert now <= 1e-12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: capital.required_profit(-1, 0.1, 1, 5), "capital"),
        (lambda: capital.required_profit(1, 0.1, 1, 0), "years"),
        (lambda: frontier.price_for_payback(-1, 1, 1, 0, 0), "target_years"),
        (lambda: capital.robots_to_sell(1, 1, 1.1), "gross_margin"),
        (lambda: capital.wait_a_year(1, 1, 1, 1, 1, 1.5, 0.1), "chance"),
        (lambda: capital.wait_a_year(1, 1, 1, 1, 1, 0.5, 0), "positive rate"),
        (lambda: capital.wait_a_year(1, 1, 1, 1, 1, 0.5, 0.1, years=0.5), "one year"),
        (lambda: capital.waiting_threshold(0, 0.1, 5), "positive"),
        (lambda: capital.waiting_threshold(1, np.nan, 5), "rate"),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
