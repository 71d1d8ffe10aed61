"""All-reduce: closed forms, recovery of known latencies and bandwidths, and what cannot be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.data import table
from aifactory.models.networking import collectives as co

SIZES = 2.0 ** np.arange(10, 34)
SECONDS = st.floats(1e-7, 1e-3)
RATE = st.floats(1, 2000)
COUNT = st.integers(1, 512)


def test_ring_of_two_ranks_by_hand():
    # Each rank sends half of the gigabyte twice: 1 GB at 50 GB/s, and two starts.
    assert co.ring_s(1e9, 2, 3e-6, 50) == pytest.approx(2 * 3e-6 + 1 / 50)


def test_ring_of_four_ranks_by_hand():
    assert co.ring_s(4e9, 4, 1e-6, 100) == pytest.approx(6e-6 + 6e9 / 100e9)


def test_tree_of_eight_ranks_by_hand():
    assert co.tree_s(1e9, 8, 5e-6, 25) == pytest.approx(2 * 3 * 5e-6 + 2 / 25)


def test_one_rank_has_nothing_to_reduce():
    assert co.ring_s(1e9, 1, 1e-6, 10) == 0
    assert co.tree_s(1e9, 1, 1e-6, 10) == 0


def test_two_levels_by_hand():
    # 2 domains of 4: inside 2*3/4 GB at 400, between 2*1/2 of a quarter GB at 50.
    got = co.hierarchical_s(1e9, 2, 4, 1e-6, 400, 7e-6, 50)
    assert got == pytest.approx(6e-6 + 14e-6 + 1.5 / 400 + 0.25 / 50)


def test_pipelining_leaves_the_slower_level():
    got = co.hierarchical_s(1e9, 2, 4, 1e-6, 400, 7e-6, 50, pipelined=True)
    assert got == pytest.approx(6e-6 + 14e-6 + max(1.5 / 400, 0.25 / 50))


@given(st.integers(1, 64), st.integers(1, 64), SECONDS, RATE, st.floats(1e3, 1e10))
def test_two_levels_are_never_worse_than_a_flat_ring_of_equal_links(k, g, alpha, rate, size):
    flat = co.ring_s(size, k * g, alpha, rate)
    assert co.hierarchical_s(size, k, g, alpha, rate, alpha, rate) <= flat * (1 + 1e-9)


@given(st.integers(2, 64), st.integers(2, 64), RATE, st.floats(1e3, 1e10))
def test_two_levels_send_as_much_as_a_flat_ring(k, g, rate, size):
    flat = co.ring_s(size, k * g, 0, rate)
    assert co.hierarchical_s(size, k, g, 0, rate, 0, rate) == pytest.approx(flat, rel=1e-9)


@given(COUNT, SECONDS, RATE, st.floats(1e3, 1e10))
def test_more_latency_or_a_larger_message_never_helps(n, alpha, rate, size):
    base = co.ring_s(size, n, alpha, rate)
    assert co.ring_s(size, n, 2 * alpha, rate) >= base
    assert co.ring_s(2 * size, n, alpha, rate) >= base
    assert co.ring_s(size, n, alpha, 2 * rate) <= base


@given(COUNT.filter(lambda n: n > 1), RATE, st.floats(1e3, 1e10))
def test_bus_bandwidth_gives_the_ring_its_link_back(n, rate, size):
    assert co.bus_bandwidth_gb_s(size, co.ring_s(size, n, 0, rate), n) == pytest.approx(rate)


def test_bus_bandwidth_as_the_test_prints_it():
    rows = table("networking/nccl_all_reduce").query("message_bytes >= 1e9")
    got = co.bus_bandwidth_gb_s(rows["message_bytes"], rows["time_us"] * 1e-6, rows["gpus"])
    assert got == pytest.approx(rows["bus_bandwidth_gb_s"].to_numpy(), rel=2e-3)


def test_port_use_is_one_when_the_port_is_the_limit():
    time = co.hierarchical_s(8e9, 12, 8, 0, 1e9, 0, 50)
    assert co.port_use(8e9, time, 12, 8, 50) == pytest.approx(1, rel=1e-6)
    assert co.port_use(8e9, time, 1, 8, 50) == 0


@pytest.mark.parametrize("alpha, rate, n", [(2e-6, 190, 16), (4e-7, 800, 1440), (1e-5, 12, 8)])
def test_fit_recovers_latency_and_bandwidth_of_a_ring(alpha, rate, n):
    got = co.fit(SIZES, co.ring_s(SIZES, n, alpha, rate))
    assert got.alpha_ring_s(n) == pytest.approx(alpha, rel=1e-6)
    assert got.bus_limit_gb_s(n) == pytest.approx(rate, rel=1e-6)


def test_fit_recovers_them_from_noisy_times():
    rng = np.random.default_rng(5)
    noise = np.exp(rng.normal(0, 0.05, (200, SIZES.size)))
    fits = [co.fit(SIZES, co.tree_s(SIZES, 64, 3e-6, 45) * row) for row in noise]
    assert np.mean([f.alpha_tree_s(64) for f in fits]) == pytest.approx(3e-6, rel=0.01)
    assert np.mean([f.bandwidth_gb_s for f in fits]) == pytest.approx(45 / 2, rel=0.01)
    assert np.std([f.bandwidth_gb_s for f in fits]) < 1


def test_half_of_the_bandwidth_is_reached_at_n_half():
    fitted = co.AlphaBeta(1e-4, 200)
    size = fitted.half_message_bytes()
    assert size / fitted.time_s(size) / 1e9 == pytest.approx(100)


def test_a_fit_to_its_own_line_leaves_no_errors():
    times = co.ring_s(SIZES, 8, 1e-6, 100)
    assert co.log_errors(co.fit(SIZES, times), SIZES, times) == pytest.approx(0, abs=1e-9)
    assert co.left_out_errors(SIZES, times) == pytest.approx(0, abs=1e-9)


def test_a_point_left_out_does_not_vouch_for_itself():
    times = co.ring_s(SIZES, 8, 1e-6, 100)
    times[-1] *= 2
    own = co.log_errors(co.fit(SIZES, times), SIZES, times)[-1]
    assert co.left_out_errors(SIZES, times)[-1] == pytest.approx(np.log(2), rel=1e-6)
    assert own < np.log(2)


def test_summary_of_a_system():
    times = co.hierarchical_s(SIZES, 4, 8, 2e-6, 400, 2e-6, 50)
    got = co.summary(SIZES, times, 32, 8, 50)
    assert got["start_s"] == pytest.approx(2 * (7 + 3) * 2e-6)
    assert got["alpha_ring_s"] == pytest.approx(got["start_s"] / 62)
    assert got["alpha_tree_s"] == pytest.approx(got["start_s"] / 10)
    assert got["bus_limit_gb_s"] == pytest.approx(31 / 16 / (2 * 7 / 8 / 400 + 2 * 3 / 4 / 8 / 50))
    assert got["left_out_rms"] == pytest.approx(0, abs=1e-9)
    expected = (1.5 / 8 / 50) / (1.75 / 400 + 1.5 / 8 / 50)
    assert got["port_use"] == pytest.approx(expected, rel=1e-2)
    assert np.isnan(co.summary(SIZES, times, 8, 8, np.nan)["port_use"])


def test_start_is_never_negative():
    assert co.fit(SIZES, SIZES**1.1 / 1e11).start_s >= 0


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: co.ring_s(0, 4, 1e-6, 10), "message_bytes"),
        (lambda: co.ring_s(1e6, 0, 1e-6, 10), "ranks"),
        (lambda: co.ring_s(1e6, 4, -1e-6, 10), "alpha_s"),
        (lambda: co.tree_s(1e6, 4, 1e-6, np.nan), "bandwidth_gb_s"),
        (lambda: co.hierarchical_s(1e6, 2, 0, 1e-6, 10, 1e-6, 10), "ranks|per_domain"),
        (lambda: co.hierarchical_s(1e6, 2, 2, 1e-6, 10, -1e-6, 10), "alpha_between_s"),
        (lambda: co.bus_bandwidth_gb_s(1e6, 0, 8), "time_s"),
        (lambda: co.port_use(1e6, 1, 2, 8, 0), "port_gb_s"),
        (lambda: co.fit([1e6, 2e6], [1, 2]), "three points"),
        (lambda: co.fit([1e6, 1e6, 1e6], [1, 1, 1]), "two sizes"),
        (lambda: co.fit([1e6, 2e6, 4e6], [1, 0, 1]), "time_s"),
        (lambda: co.fit([1e6, 2e6, 4e6], [4, 2, 1]), "do not grow"),
        (lambda: co.left_out_errors([1e6, 2e6, 4e6], [1, 2, 3]), "four points"),
    ],
)
def test_what_cannot_be_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
