"""Site sizes at which water's limits bind: closed forms and what must always hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.models.water import limits

MGD = st.floats(0, 100)
NEED = st.floats(1e-5, 0.1)


def test_one_train_of_five_out_leaves_four_fifths():
    assert limits.firm_capacity_mgd(13.0, 5) == pytest.approx(10.4)
    assert limits.firm_capacity_mgd(13.0, np.array([4, 10]), 2).tolist() == pytest.approx(
        [6.5, 10.4]
    )
    assert limits.firm_capacity_mgd(13.0, 1) == 0


@given(capacity=st.floats(0.1, 50), trains=st.integers(1, 30), out=st.integers(0, 1))
def test_more_trains_are_never_worse(capacity, trains, out):
    few = limits.firm_capacity_mgd(capacity, trains, out)
    more = limits.firm_capacity_mgd(capacity, trains + 1, out)
    assert 0 <= few <= more + 1e-12 <= capacity + 1e-9


def test_binding_size_by_hand():
    assert limits.binding_mw(13.0, 5.0, 0.01) == pytest.approx(800)
    assert limits.binding_mw(13.0, 14.0, 0.01) == 0
    assert limits.binding_mw(np.array([0.0, 1.0]), 0.0, np.array([0.01, 0.0])).tolist() == [
        0,
        np.inf,
    ]


@given(limit=MGD, others=MGD, need=NEED, size=st.floats(0, 5000), growth=st.floats(0, 5000))
def test_a_larger_site_is_never_less_bound(limit, others, need, size, growth):
    at = limits.binding_mw(limit, others, need)
    assert not (size >= at) or size + growth >= at
    # and the size found is where need meets what is left
    assert at * need == pytest.approx(max(limit - others, 0))


@given(limit=MGD, others=MGD, need=NEED, more=st.floats(0, 50))
def test_more_water_never_binds_sooner_and_more_demand_never_later(limit, others, need, more):
    at = limits.binding_mw(limit, others, need)
    assert limits.binding_mw(limit + more, others, need) >= at
    assert limits.binding_mw(limit, others + more, need) <= at
    assert limits.binding_mw(limit, others, need * 2) <= at


# --- the pipe ---


def test_pipe_carries_speed_times_area():
    """A bore of 1 m at 1 m/s: π/4 m3/s, 67,858 m3 a day, 17.93 MGD."""
    assert limits.pipe_capacity_mgd(1.0, 1.0) == pytest.approx(17.926, abs=0.001)
    assert limits.pipe_capacity_mgd(np.array([0.0, 2.0]), 1.0).tolist() == pytest.approx(
        [0, 71.705], abs=0.01
    )


def test_pipe_friction_against_darcy_weisbach():
    """f = 0.0137 at Re 1e6 and e/D 9e-5 (Colebrook); V = 1.00404 m/s at 18 MGD in a bore of 1 m."""
    speed = 18 * limits.M3_PER_MG / 86_400 / (np.pi / 4)
    rough, re = 4.5e-5, speed * limits.RHO / limits.MU
    f = 0.02
    for _ in range(60):
        f = (-2 * np.log10(rough / 3.7 + 2.51 / (re * np.sqrt(f)))) ** -2
    head = f * 10_000 * speed**2 / (2 * 9.80665)
    wanted = limits.RHO * 9.80665 * (head + 20) / 0.8 / 3.6e6
    found = limits.pipe_kwh_m3(np.array([18.0]), 1.0, 10_000.0, lift_m=20.0, pump_efficiency=0.8)
    assert found[0] == pytest.approx(wanted, rel=1e-4)


def test_lift_alone_is_weight_times_height():
    """A cubic metre up 367.1 m is a kilowatt-hour, near enough (ρ g h = 3.6 MJ at 367.8 m)."""
    found = limits.pipe_kwh_m3(np.array([1e-6]), 1.0, 1.0, lift_m=367.76, pump_efficiency=1.0)
    assert found[0] == pytest.approx(1.0, abs=1e-3)


# --- discharge ---


def test_salt_grows_by_what_is_missing():
    assert limits.enrichment(50.0, 10.0) == pytest.approx(1.25)
    assert np.isinf(limits.enrichment(50.0, 60.0))
    assert limits.cycles_left(4.0, 50.0, 10.0) == pytest.approx(3.2)


@given(flow=st.floats(20, 100), cycles=st.floats(1.2, 20))
def test_city_salt_and_returned_salt_are_what_the_effluent_carries(flow, cycles):
    factor = limits.enrichment(flow, 13.0 * (1 - 1 / cycles))
    assert flow + 13.0 * factor == pytest.approx((flow + 13.0 / cycles) * factor)


@given(flow=st.floats(1, 100), share=st.floats(0, 0.99), salt=st.floats(1, 1000))
def test_salt_in_is_salt_out_at_steady_state(flow, share, salt):
    gone = share * flow
    strength = salt * limits.enrichment(flow, gone)
    assert strength * (flow - gone) == pytest.approx(salt * flow)


def test_discharge_size_is_where_the_least_cycles_are_left():
    at = limits.discharge_mw(50.0, 3.0, 0.01, 4.0, 2.0)
    assert at == pytest.approx((25 - 3) / 0.01)
    assert limits.cycles_left(4.0, 50.0, 3.0 + 0.01 * at) == pytest.approx(2.0)


def test_water_of_too_few_cycles_is_not_made_so_by_its_return():
    assert np.isinf(limits.discharge_mw(50.0, 3.0, 0.01, 1.5, 2.0))
    assert limits.discharge_mw(50.0, 3.0, 0.01, 2.0, 2.0) == 0
    assert limits.discharge_mw(50.0, 30.0, 0.01, 4.0, 2.0) == 0


def test_causes_of_too_few_cycles_are_told_apart():
    most = np.array([1.9, 2.0, 2.1, 5.0, 5.0])
    size = np.array([np.inf, 0.0, 0.0, 1.1, 1.2])
    assert limits.why_too_few(most, 2.0, size, 1.2).tolist() == [0, 1, 1, 2, 3]
    assert len(limits.RETURNED) == 4


# --- shares, and which is first ---


def test_energy_and_price_by_hand():
    """0.01 MGD a MW is 37.854 m3 a day: at 1 kWh/m3 1.577 kW a MW; at $2/kgal $20 of $1,200."""
    assert limits.energy_share(1.0, 0.01) == pytest.approx(0.0015773, rel=1e-4)
    assert limits.price_share(2.0, 0.01, 50.0) == pytest.approx(20 / 1200)


def test_first_to_bind_counts_draws_and_splits_ties():
    sizes = {
        "a": np.array([1.0, 5.0, 2.0, np.inf]),
        "b": np.array([2.0, 4.0, 2.0, np.inf]),
        "c": np.array([9.0, 9.0, 9.0, np.inf]),
    }
    assert limits.first_to_bind(sizes) == {"a": 0.375, "b": 0.375, "c": 0.0, "none": 0.25}


@given(st.lists(st.tuples(NEED, NEED, NEED), min_size=1, max_size=30))
def test_shares_of_first_to_bind_sum_to_one(rows):
    a, b, c = np.array(rows).T
    assert sum(limits.first_to_bind({"a": a, "b": b, "c": c}).values()) == pytest.approx(1)


BAD = [
    lambda: limits.firm_capacity_mgd(13.0, 0),
    lambda: limits.firm_capacity_mgd(13.0, 3, 4),
    lambda: limits.firm_capacity_mgd(13.0, 3, -1),
    lambda: limits.binding_mw(-1.0, 0.0, 0.01),
    lambda: limits.binding_mw(1.0, 0.0, -0.01),
    lambda: limits.pipe_capacity_mgd(-1.0, 1.0),
    lambda: limits.pipe_kwh_m3(np.ones(1), 0.0, 100.0),
    lambda: limits.pipe_kwh_m3(np.ones(1), 1.0, 100.0, pump_efficiency=0.0),
    lambda: limits.enrichment(50.0, -1.0),
    lambda: limits.discharge_mw(50.0, 0.0, 0.01, 4.0, 1.0),
    lambda: limits.why_too_few(np.ones(2), 2.0, np.ones(2), 0.0),
    lambda: limits.first_to_bind({}),
    lambda: limits.first_to_bind({"a": np.ones(2), "b": np.ones(3)}),
]


@pytest.mark.parametrize("call", BAD)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"."):
        call()
