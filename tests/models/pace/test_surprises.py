"""Surprises against published examples, closed forms and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.pace import surprises as model

# Darwin (1876): height of crossed less self-fertilised maize, 15 pairs, eighths of an inch, as in
# Fisher (1935); signs 13 to 2, V = 96.
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
# Thirteen trials of the BCG vaccine (Colditz et al. 1994): cases and others, treated and control.
BCG = np.array([
    [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619],
    [33, 5036, 47, 5761], [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892],
    [29, 7470, 45, 7232], [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338],
    [27, 16886, 29, 17825],
])  # fmt: skip
EDGES = np.linspace(0, 1, 11)

errors = st.lists(st.integers(-40, 40), min_size=1, max_size=15)
shares = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def rng():
    return np.random.default_rng(1876)


def test_log_error():
    assert model.log_error([100, 100, 200], [200, 100, 100]) == pytest.approx(
        [np.log(2), 0, -np.log(2)]
    )
    for f, a in (([0], [1]), ([1], [-1])):
        with pytest.raises(ValueError, match="positive"):
            model.log_error(f, a)


def test_sign_tests_of_darwins_maize():
    found = model.sign_tests(MAIZE)
    assert (found.n, found.above) == (15, 13)
    assert found.p_sign == pytest.approx(0.00739, abs=1e-5)
    assert found.p_rank == pytest.approx(0.0413, abs=5e-5)
    assert model.sign_tests([*MAIZE, 0, 0]) == found


def test_clusters_by_hand():
    found = model.by_cluster([0.1, -0.3, 0.2, 0.0, 0.0], ["b", "b", "a", "a", "c"])
    assert found.name.tolist() == ["a", "b", "c"]
    assert found.error == pytest.approx([0.1, -0.1, 0.0])
    assert found.share[:2] == pytest.approx([1.0, 0.5])
    assert np.isnan(found.share[2])
    assert found.rows.tolist() == [2, 2, 1]


@given(errors)
@settings(max_examples=40, deadline=None)
def test_a_row_told_twice_changes_nothing(values):
    """Repeats within a cluster must not add evidence, and mirrored errors mirror the shares."""
    e = np.array(values) / 10
    names = np.arange(e.size)
    once = model.by_cluster(e, names)
    twice = model.by_cluster(np.tile(e, 2), np.tile(names, 2))
    assert twice.error == pytest.approx(once.error)
    assert np.array_equal(twice.share, once.share, equal_nan=True)
    other = model.by_cluster(-e, names)
    assert np.array_equal(other.share, 1 - once.share, equal_nan=True)


def test_effective_weight_by_hand():
    year = [2024, 2024, 2024, 2025]
    assert model.effective_weight(year, 0.0) == pytest.approx([1, 1, 1, 1])
    assert model.effective_weight(year, 1.0) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])
    assert model.effective_weight(year, [0.5])[0] == pytest.approx([0.5, 0.5, 0.5, 1])


def test_beat_rate_is_the_binomial_posterior():
    """Three of three, each its own year: Beta(4, 1), whose chance below one half is 1/16."""
    draws = model.beat_rate([1, 1, 1], [1, 2, 3], rng().random(20_000), rng())
    assert (draws < 0.5).mean() == pytest.approx(1 / 16, abs=0.006)
    assert stats.kstest(draws, stats.beta(4, 1).cdf).pvalue > 1e-3
    one_year = model.beat_rate([1, 1, 1], [1, 1, 1], np.ones(20_000), rng())
    assert stats.kstest(one_year, stats.beta(2, 1).cdf).pvalue > 1e-3
    jeffreys = model.beat_rate([0.0], [1], np.zeros(20_000), rng(), prior=0.5)
    assert stats.kstest(jeffreys, stats.beta(0.5, 1.5).cdf).pvalue > 1e-3
    nothing = model.beat_rate([np.nan], [1], np.zeros(20_000), rng())
    assert stats.kstest(nothing, stats.uniform.cdf).pvalue > 1e-3


@given(shares, st.floats(0, 1), st.integers(0, 7))
@settings(max_examples=30, deadline=None)
def test_a_beat_never_lowers_the_rate(values, rho, at):
    year = [2020 + i % 3 for i in range(len(values))]
    more = list(values)
    more[at % len(values)] = 1.0
    a, b = (model.beat_rate(s, year, np.full(2000, rho), rng()).mean() for s in (values, more))
    assert b >= a - 0.03


def test_shrunken_means_of_the_bcg_trials():
    """Mean, error and spread as metafor's documentation prints them (DerSimonian-Laird)."""
    a, b, c, d = BCG.T
    risk, v = np.log((a / (a + b)) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    found, shrunk, se = model.shrunken_means(risk, v)
    assert found.tau**2 == pytest.approx(0.3088, abs=5e-5)
    assert found.mean == pytest.approx(-0.7141, abs=5e-5)
    assert found.se == pytest.approx(0.1787, abs=5e-5)
    inside = np.sort(np.array([risk, np.full(13, found.mean)]), axis=0)
    assert ((shrunk >= inside[0]) & (shrunk <= inside[1])).all()
    moved = (shrunk - risk) / (found.mean - risk)
    assert moved == pytest.approx(v / (v + found.tau**2))
    assert (se < np.sqrt(v) + found.se).all()


def test_shrunken_means_at_the_two_ends():
    """Without spread all become the weighted mean; with wide spread each stays itself."""
    v = np.array([0.04, 0.16, 0.04])
    found, shrunk, se = model.shrunken_means([1.0, 1.1, 1.0], v)
    assert found.tau == 0
    assert shrunk == pytest.approx(np.average([1.0, 1.1, 1.0], weights=1 / v))
    assert se == pytest.approx(found.se)
    _, apart, own = model.shrunken_means([0.0, 10.0, 20.0], [1e-6] * 3)
    assert apart == pytest.approx([0, 10, 20], abs=1e-5)
    assert own == pytest.approx(1e-3, rel=1e-3)


def test_known_bias_looks_back_only():
    e, year = [0.2, 0.4, 0.6, -1.0], np.array([2022, 2023, 2023, 2024])
    found = model.known_bias(e, year, year - 1)
    assert np.isnan(found[0])
    assert found[1:] == pytest.approx([0.2, 0.2, 0.4])
    grouped = model.known_bias(e, year, year - 1, ["a", "b", "b", "c"])
    assert grouped[3] == pytest.approx((0.2 + 0.5) / 2)
    days = np.array(["2024-02-01", "2025-02-01"], dtype="datetime64[D]")
    same = model.known_bias([0.1, 0.3], days, days - np.timedelta64(365, "D"))
    assert np.isnan(same[0])
    assert same[1] == pytest.approx(0.1)


@given(errors, st.integers(-40, 40))
@settings(max_examples=30, deadline=None)
def test_known_bias_of_a_constant_error_removes_it(values, level):
    e = np.full(len(values), level / 10)
    bias = model.known_bias(e, np.arange(e.size), np.arange(e.size) - 1)
    assert np.isnan(bias[0])
    assert bias[1:] == pytest.approx(e[1:])


def test_brier_parts_by_hand():
    """Ten forecasts of two values: 0.8 comes true 3 times in 4, 0.2 once in 6."""
    p = np.array([0.8] * 4 + [0.2] * 6)
    o = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    found = model.brier_parts(p, o, [0, 0.5, 1])
    assert found.brier == pytest.approx((3 * 0.04 + 0.64 + 0.64 + 5 * 0.04) / 10)
    assert found.reliability == pytest.approx(0.4 * 0.05**2 + 0.6 * (0.2 - 1 / 6) ** 2)
    assert found.resolution == pytest.approx(0.4 * 0.35**2 + 0.6 * (0.4 - 1 / 6) ** 2)
    assert found.uncertainty == pytest.approx(0.24)
    assert found.within == pytest.approx(0, abs=1e-12)
    assert found.forecast == pytest.approx([0.2, 0.8])
    assert found.observed == pytest.approx([1 / 6, 0.75])
    assert found.weight == pytest.approx([0.6, 0.4])
    on_an_edge = model.brier_parts([0.5, 0.2, 1.0], [1, 0, 1], [0, 0.5, 1])
    assert on_an_edge.weight == pytest.approx([1 / 3, 2 / 3])


def test_brier_of_the_two_reference_forecasts():
    o = np.array([1, 0, 0, 0])
    base = model.brier_parts([0.25] * 4, o, EDGES)
    assert base.brier == pytest.approx(base.uncertainty)
    assert (base.reliability, base.resolution) == pytest.approx((0, 0))
    perfect = model.brier_parts(o, o, EDGES)
    assert (perfect.brier, perfect.reliability) == pytest.approx((0, 0))
    assert perfect.resolution == pytest.approx(perfect.uncertainty)


@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_murphys_identity(pairs):
    """Exact where each bin holds one value; a repeated question of weight 1/m counts once."""
    p = np.array([a for a, _ in pairs]) / 10
    o = np.array([b for _, b in pairs], dtype=float)
    found = model.brier_parts(p, o, np.array([0, *np.arange(0.05, 1, 0.1), 1]))
    assert found.within == pytest.approx(0, abs=1e-12)
    assert min(found.reliability, found.resolution, found.uncertainty) >= 0
    assert found.weight.sum() == pytest.approx(1)
    twice = model.brier_parts(
        np.append(p, p[0]), np.append(o, o[0]), EDGES, [0.5, *np.ones(p.size - 1), 0.5]
    )
    assert twice.brier == pytest.approx(found.brier)


@pytest.mark.parametrize(
    "call",
    [
        lambda: model.by_cluster([0.1, np.nan], ["a", "b"]),
        lambda: model.by_cluster([0.1], ["a", "b"]),
        lambda: model.sign_tests([0.0]),
        lambda: model.effective_weight([1], 1.2),
        lambda: model.beat_rate([1.5], [1], np.zeros(1), rng()),
        lambda: model.beat_rate([0.5], [1], np.zeros(1), rng(), prior=0),
        lambda: model.shrunken_means([1, 2, 3], [1, 1, 0]),
        lambda: model.shrunken_means([1, 2], [1, 1]),
        lambda: model.known_bias([0.1, 0.2], [1], [1]),
        lambda: model.brier_parts([1.2], [1], EDGES),
        lambda: model.brier_parts([0.5], [0.5], EDGES),
        lambda: model.brier_parts([0.5], [1], [0.1, 1]),
        lambda: model.brier_parts([0.5], [1], EDGES, [0]),
        lambda: model.brier_parts([], [], EDGES),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"\w{4}"):
        call()
