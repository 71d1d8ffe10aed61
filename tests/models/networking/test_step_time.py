"""Step time: closed forms, exact order statistics, and how efficiency must move."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy.stats import norm

from aifactory.models.networking import step_time as sp

SHARE = st.floats(0, 1)
SLOW = st.floats(1, 100)


@given(SHARE, SLOW)
def test_efficiency_is_a_share_and_never_zero(c, r):
    assert 0 < sp.efficiency(c, r) <= 1


@given(SHARE, SHARE, SLOW, SLOW)
def test_efficiency_falls_with_exposure_and_slowdown(c, d, r, q):
    (c, d), (r, q) = sorted([c, d]), sorted([r, q])
    assert sp.efficiency(d, r) <= sp.efficiency(c, r) + 1e-12
    assert sp.efficiency(c, q) <= sp.efficiency(c, r) + 1e-12


def test_ninety_five_to_sixty_per_cent_with_a_fifth_exposed():
    assert sp.efficiency(0.2, 95 / 60) == pytest.approx(1 / (1 + 0.2 * 35 / 60))


def test_halving_needs_the_exposed_share_once_more():
    assert sp.slowdown_for(0.5, np.array([1, 0.5, 0.2, 0.05])) == pytest.approx([2, 3, 6, 21])
    assert sp.slowdown_for(0.5, 0.0) == np.inf
    assert sp.slowdown_for(1.0, 0.0) == 1


@given(st.floats(0.05, 1), st.floats(0.01, 1))
def test_slowdown_undoes_efficiency(left, c):
    assert sp.efficiency(c, sp.slowdown_for(left, c)) == pytest.approx(left)


def test_only_what_outgrows_the_window_is_exposed():
    assert sp.exposed([3.0, 5.0], 4.0) == pytest.approx([0, 1])


def test_step_ratio_by_hand():
    # a fifth blocks, a tenth hides behind up to 0.15; at r = 2 the hidden part is 0.2 long
    assert sp.step_ratio(0.2, 0.1, 0.15, 2, 0.03) == pytest.approx(1 + 0.2 + 0.05 + 0.03)


@given(SHARE, SLOW)
def test_without_hidden_communication_it_is_one_over_efficiency(c, r):
    assert sp.step_ratio(c, 0, 0, r) == pytest.approx(1 / sp.efficiency(c, r))


@given(SHARE, SHARE, SHARE, SLOW, SLOW)
def test_room_to_hide_never_hurts_and_slowdown_never_helps(total, blocking, room, r, q):
    r, q = sorted([r, q])
    tight = sp.split_communication(total, blocking, 0.0)
    loose = sp.split_communication(total, blocking, room)
    assert sp.step_ratio(blocking, *loose, r) <= sp.step_ratio(blocking, *tight, r) + 1e-9
    assert sp.step_ratio(blocking, *loose, r) <= sp.step_ratio(blocking, *loose, q) + 1e-9
    assert sp.step_ratio(blocking, *loose, 1.0) == pytest.approx(1)


@given(SHARE, SHARE, SHARE, st.floats(1.01, 5))
def test_slowdown_for_a_step_undoes_the_step(total, blocking, room, ratio):
    shares = (blocking, *sp.split_communication(total, blocking, room))
    slow = sp.slowdown_for_step(ratio, *shares)
    if 1 < slow < 1e6:
        assert sp.step_ratio(*shares, slow) == pytest.approx(ratio, rel=1e-6)


def test_slowdown_for_a_step_by_hand():
    # a fifth blocks, 0.2 hides behind 0.4: 1 + 0.2 (r - 1) + 0.2 r - 0.4 = 2 at r = 4
    assert sp.slowdown_for_step(2, 0.2, 0.2, 0.4) == pytest.approx(4)
    assert sp.slowdown_for_step(2, 0.2, 0, 0) == pytest.approx(6)
    assert sp.slowdown_for_step(2, 0, 0, 0) == np.inf
    assert sp.slowdown_for_step(1, 0.2, 0.2, 0.4) == 1


def test_communication_is_split_into_what_blocks_hides_and_could_hide():
    hidden, window = sp.split_communication(0.4, 0.1, 0.5)
    assert hidden == pytest.approx(0.3)
    assert window == pytest.approx(0.3 + 0.5 * (0.6 - 0.3))
    assert sp.split_communication(0.2, 0.3, 1.0)[0] == 0


def test_ranges_are_equally_likely_and_even_within():
    u = (np.arange(9_000) + 0.5) / 9_000
    drawn = sp.pick_range(u, [0.5, 0.1, 0.3], [0.5, 0.2, 0.4])
    assert (drawn == 0.5).mean() == pytest.approx(1 / 3)
    low = drawn[drawn < 0.25]
    assert low.size == 3000
    assert low.mean() == pytest.approx(0.15)
    assert (low.min(), low.max()) == pytest.approx((0.1, 0.2), abs=1e-4)
    assert (np.diff(drawn) >= 0).all()


def test_pipeline_bubble_as_published():
    # Narayanan et al.: (p - 1) / m of the ideal time, so (p - 1) / (m + p - 1) of the step
    assert sp.bubble_share(4, 8) == pytest.approx(3 / 11)
    assert sp.bubble_share(4, 8, 2) == pytest.approx(3 / 19)
    assert sp.bubble_share(1, 8) == 0


def test_a_bubble_dilutes_a_share():
    assert sp.with_bubble(0.3, 0.25) == pytest.approx(0.225)


def test_normal_maximum_has_the_textbook_values():
    exact = [0, 1 / math.sqrt(math.pi), 1.5 / math.sqrt(math.pi), 1.5387527308, 2.5075936364]
    assert sp.normal_maximum(np.array([1, 2, 3, 10, 100])) == pytest.approx(exact, abs=2e-7)


def test_normal_maximum_agrees_with_adaptive_quadrature_at_500_000():
    n = 5e5

    def upper(x):
        return 1 - math.exp(n * norm.logcdf(x))

    expected = integrate.quad(upper, 0, 12, limit=400, points=[4.5, 5])[0]
    assert sp.normal_maximum(n) == pytest.approx(expected, abs=1e-6)


def test_normal_maximum_agrees_with_simulation():
    rng = np.random.default_rng(11)
    drawn = rng.standard_normal((20_000, 256)).max(axis=1)
    assert sp.normal_maximum(256) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / 141)


def test_the_first_term_overstates_and_closes_in():
    n = np.array([1e2, 1e4, 1e6])
    gap = sp.leading_maximum(n) / sp.normal_maximum(n)
    assert (gap > 1).all() and (np.diff(gap) < 0).all()


@given(st.floats(0, 1), st.integers(1, 100_000))
def test_jitter_never_shortens_a_step(variation, ranks):
    assert sp.jitter_ratio(variation, ranks) >= 1 - 1e-9


def test_jitter_by_hand():
    assert sp.jitter_ratio(0.1, 2) == pytest.approx(1 + 0.1 / math.sqrt(math.pi))


def test_one_rank_at_half_speed_doubles_the_step():
    assert sp.slow_rank_ratio(0.5) == 2
    assert sp.slow_rank_ratio(0.5, 0.8) == pytest.approx(1.8)


@pytest.mark.parametrize("mean", [0.117, 0.2, 0.34])
def test_excess_law_has_the_published_share_and_mean(mean):
    median, sigma = sp.excess_law(0.425, 0.1, mean)
    assert norm.sf(math.log(0.1 / median) / sigma) == pytest.approx(0.425)
    assert median * math.exp(sigma**2 / 2) == pytest.approx(mean)


def test_draws_follow_the_law():
    u = (np.arange(20_000) + 0.5) / 20_000
    mean = np.full(u.size, 0.2)
    drawn = sp.draw_excess(u, 0.425, 0.1, mean, over_only=False)
    assert (drawn > 0.1).mean() == pytest.approx(0.425, abs=1e-3)
    assert drawn.mean() == pytest.approx(0.2, rel=0.02)
    over = sp.draw_excess(u, 0.425, 0.1, mean, over_only=True)
    assert over.min() > 0.1
    assert np.median(over) == pytest.approx(np.quantile(drawn, 1 - 0.425 / 2), rel=0.01)


def test_light_and_bandwidth_between_two_sites():
    # 100 exchanges over 20 km at 5 us/km there and back, and 1 TB at 1,000 GB/s
    assert sp.two_site_s(20, 5, 100, 1e12, 1000) == pytest.approx(100 * 200e-6 + 1)


def test_a_tenth_longer_run_in_days_and_dollars():
    days, usd = sp.extra_cost(1.1, 100, 1000, 3.0)
    assert days == pytest.approx(10)
    assert usd == pytest.approx(10 * 24 * 1000 * 3)


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: sp.efficiency(1.2, 2), "exposed_share"),
        (lambda: sp.efficiency(0.2, 0.5), "between 1"),
        (lambda: sp.efficiency(np.nan, 2), "exposed_share"),
        (lambda: sp.slowdown_for(0, 0.2), "efficiency_left"),
        (lambda: sp.exposed(-1, 1), "comm"),
        (lambda: sp.step_ratio(0.2, 0.3, 0.1, 2), "window"),
        (lambda: sp.step_ratio(0.6, 0.3, 0.5, 2), "one step"),
        (lambda: sp.step_ratio(0.2, 0.1, 0.1, 0.9), "slowdown"),
        (lambda: sp.step_ratio(0.2, 0.1, 0.1, 2, -1), "straggler_excess"),
        (lambda: sp.slowdown_for_step(0.5, 0.2, 0.1, 0.1), "ratio"),
        (lambda: sp.slowdown_for_step(2, 0.2, 0.3, 0.1), "window"),
        (lambda: sp.split_communication(0.2, 0.1, 2), "room"),
        (lambda: sp.pick_range([0.5], [], []), "ranges"),
        (lambda: sp.pick_range([0.5], [0.2], [0.1]), "ranges"),
        (lambda: sp.bubble_share(0, 4), "stages"),
        (lambda: sp.with_bubble(0.1, 2), "bubble"),
        (lambda: sp.normal_maximum(0), "ranks"),
        (lambda: sp.leading_maximum(0), "ranks"),
        (lambda: sp.jitter_ratio(-0.1, 4), "variation"),
        (lambda: sp.slow_rank_ratio(0), "speed"),
        (lambda: sp.excess_law(0.425, 0.1, 0.01), "no log-normal law"),
        (lambda: sp.excess_law(0, 0.1, 0.2), "share_over"),
        (lambda: sp.draw_excess([2.0], 0.4, 0.1, [0.2], False), "u must"),
        (lambda: sp.two_site_s(10, 5, 1, 1e9, 0), "link_gb_s"),
        (lambda: sp.two_site_s(-1, 5, 1, 1e9, 1), "fibre_km"),
        (lambda: sp.extra_cost(0.9, 1, 1, 1), "ratio"),
    ],
)
def test_what_cannot_be_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
