"""The shared sampler of robots' uncertain inputs, and the shift mix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.robots import inputs
from aifactory.uncertainty import sample

OFFERS = pd.DataFrame(
    {
        "maker": ["A", "A", "B", "C", "D", "E"],
        "robot_class": ["humanoid"] * 5 + ["arm"],
        "is_worker_price": [True, True, True, True, False, True],
        "central_usd": [100.0, 400.0, 50.0, 800.0, 1.0, 2.0],
        "known_from": ["2025-01-31"] * 2 + ["2025-06-30", "2026-03-31", "2025-01-31", "2025-01-31"],
    }
)
RANGES = dict.fromkeys(inputs.FIGURE_IDS, (0.5, 0.8, 1.1)) | {"robots_together": (3, 11, 20)}


def test_one_price_a_maker_of_working_robots():
    found = inputs.worker_prices(OFFERS)
    assert found.to_dict() == pytest.approx({"A": 200.0, "B": 50.0, "C": 800.0})
    every = inputs.worker_prices(OFFERS, robot_class=None)
    assert every.to_dict() == pytest.approx({"A": 200.0, "B": 50.0, "C": 800.0, "E": 2.0})


def test_what_became_known_later_does_not_count():
    assert list(inputs.worker_prices(OFFERS, "2026-01-15").index) == ["B", "A"]
    with pytest.raises(ValueError, match="no price of a working humanoid is known by 2020"):
        inputs.worker_prices(OFFERS, "2020")


def test_one_more_maker_lies_within_the_interval_as_often_as_it_says():
    logs = np.random.default_rng(0).normal(11, 0.8, (4000, 6))
    ends = [inputs.price_distribution(np.exp(x[:5])).ppf(np.array([0.05, 0.95])) for x in logs]
    low, high = np.log(ends).T
    within = (low < logs[:, 5]) & (logs[:, 5] < high)
    assert within.mean() == pytest.approx(0.9, abs=0.015)  # the log-normal has about 0.79


def test_the_price_is_what_one_more_maker_would_ask():
    d = inputs.price_distribution(np.array([50.0, 200, 800]))
    # three prices a factor of 4 apart; t of the tables with 2 degrees of freedom: 2.920 and 4.303
    spread = np.log(4) * np.sqrt(4 / 3)
    points = np.log(d.ppf(np.array([0.5, 0.95, 0.025])) / 200) / spread
    assert points == pytest.approx([0, 2.920, -4.303], abs=1e-3)
    with pytest.raises(ValueError, match="at least two"):
        inputs.price_distribution([100.0])
    with pytest.raises(ValueError, match="positive"):
        inputs.price_distribution([100.0, 0.0])


def test_draws_become_a_robot_and_shares_stay_shares():
    frame = sample(inputs.distributions(RANGES, [50, 200, 800]), 400, np.random.default_rng(0))
    r = inputs.robot(frame, 40.0)
    assert np.shape(r.price_usd) == (400,)
    assert np.max(r.availability) == 1
    assert set(np.unique(r.robots_together)) == set(range(3, 21))
    assert np.max(r.help_share) > 1
    with pytest.raises(ValueError, match="draws lack life_h"):
        inputs.robot(frame.drop(columns="life_h"), 40.0)


def test_whole_numbers_are_alike():
    d = inputs.whole_numbers(3, 20)
    assert d.ppf(np.array([0, 0.05, 0.5, 0.95, 1])).tolist() == [3, 3, 11, 20, 20]
    drawn = d.ppf((np.arange(1800) + 0.5) / 1800)
    assert np.unique(drawn, return_counts=True)[1].tolist() == [100] * 18
    for ends in ((3, 2), (2.5, 4)):
        with pytest.raises(ValueError, match="whole numbers in order"):
            inputs.whole_numbers(*ends)


def test_no_site_is_open_longer_than_a_year():
    given_hours = {"round the clock": (8000.0, 8400.0, 8760.0)}
    clock = inputs.hours(given_hours)["round the clock"]
    assert clock.ppf(np.array([0.5, 0.95, 0.999])).tolist() == pytest.approx([8400, 8760, 8760])
    both = inputs.distributions(given_hours | {"hours": (8000.0, 8400.0, 8760.0)}, [1.0, 2.0])
    for name in ("round the clock", "hours"):
        assert both[name].ppf(np.array([0.999])) == 8760


def test_shift_mix_by_hand():
    # 3 % at night, 4 % in the evening, 2 % rotating of all jobs
    assert inputs.shift_mix(0.1, 0.4, 0.3, 0.2) == pytest.approx((0.87, 0.02, 0.11))


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1), st.floats(0.25, 0.4), st.floats(0, 0.25), st.floats(0, 0.2))
def test_shift_mix_gives_back_evenings_and_nights(off, evening, night, rotating):
    try:
        one, two, clock = inputs.shift_mix(off, evening, night, rotating)
    except ValueError:
        return
    assert one + two + clock == pytest.approx(1)
    assert min(one, two, clock) >= 0
    assert (clock - off * rotating) / 3 == pytest.approx(off * night)
    assert two / 2 + off * night == pytest.approx(off * evening)


@pytest.mark.parametrize("shares", [(1.2, 0.3, 0.2, 0.1), (0.5, 0.6, 0.3, 0.3), (1, 0.3, 0.3, 0.3)])
def test_impossible_shifts_are_refused(shares):
    with pytest.raises(ValueError, match="shift"):
        inputs.shift_mix(*shares)
