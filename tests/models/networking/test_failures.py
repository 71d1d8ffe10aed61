"""Failure statistics against published examples, closed forms and known truths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.networking import failures as model

# Freireich et al. (1963), weeks of remission under 6-mercaptopurine and under placebo, as printed
# in Lawless (2003) and in nearly every textbook of survival analysis.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

# Colditz et al. (1994), BCG vaccine: cases and non-cases, vaccinated and not, in 13 trials.
BCG = np.array(
    [
        [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619],
        [33, 5036, 47, 5761], [180, 1361, 372, 1079], [8, 2537, 10, 619],
        [505, 87886, 499, 87892], [29, 7470, 45, 7232], [17, 1699, 65, 1600],
        [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825],
    ]
)  # fmt: skip


def rng():
    return np.random.default_rng(419)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)]
)
def test_garwood_1936(count, low, high):
    """The 95 % table of exact Poisson limits."""
    found = model.poisson_rate(count, 1.0, level=0.95)
    assert found == pytest.approx([low, count, high], abs=6e-4)


def test_rate_of_llama_3():
    low, rate, high = model.poisson_rate(419, 16_384 * 54 * 24)
    assert rate == pytest.approx(1.9733e-5, rel=1e-4)
    assert low < rate < high
    assert high / low == pytest.approx(np.exp(2 * 1.645 / 419**0.5), rel=0.01)


@given(st.integers(0, 5_000), st.floats(1, 1e9), st.floats(0.5, 0.98))
def test_interval_holds_the_rate_and_widens(count, exposure, level):
    low, rate, high = model.poisson_rate(count, exposure, level)
    assert 0 <= low <= rate < high
    lower, _, higher = model.poisson_rate(count, exposure, level + 0.01)
    assert lower <= low
    assert higher >= high
    assert model.poisson_rate(count, 2 * exposure, level)[2] == pytest.approx(high / 2)


def test_rates_of_many_studies_at_once():
    assert model.poisson_rate([1, 2], [3.0, 4.0]).shape == (2, 3)


def test_dersimonian_laird_on_the_bcg_trials():
    """As in metafor: mean -0.7141, standard error 0.1787, tau squared 0.3088."""
    a, b, c, d = BCG.T
    effects = np.log(a / (a + b)) - np.log(c / (c + d))
    found = model.pool(effects, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    assert found.mean == pytest.approx(-0.7141, abs=1e-4)
    assert found.se == pytest.approx(0.1787, abs=1e-4)
    assert found.tau**2 == pytest.approx(0.3088, abs=1e-4)
    half = stats.t.ppf(0.975, 11) * np.sqrt(0.3088 + 0.1787**2)
    assert found.predict([0.025, 0.975]) == pytest.approx(
        [-0.7141 - half, -0.7141 + half], abs=2e-3
    )


def test_studies_that_agree_leave_no_spread():
    found = model.pool([1.0, 1.0, 1.0], [0.1, 0.2, 0.3])
    assert (found.mean, found.tau) == (pytest.approx(1.0), 0.0)
    assert found.se == pytest.approx((1 / 0.1 + 1 / 0.2 + 1 / 0.3) ** -0.5)


def test_survival_of_freireich_1963():
    """Kaplan-Meier estimates as printed in textbooks of survival analysis."""
    found = model.survival(WEEKS, RELAPSE, [5, 6, 7, 10, 13, 16, 22, 23, 35])
    printed = [1.0, 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448, 0.448]
    assert found == pytest.approx(printed, abs=6e-4)


def test_log_rank_of_freireich_1963():
    """Chi-square 16.79 on one degree of freedom."""
    p = model.log_rank(WEEKS, RELAPSE, PLACEBO, np.ones(21))
    assert p == pytest.approx(stats.chi2.sf(16.79, 1), rel=0.02)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.booleans()), min_size=1, max_size=40))
def test_survival_falls_from_one(machines):
    time, failed = np.array([m[0] for m in machines]), np.array([m[1] for m in machines])
    found = model.survival(time, failed, np.linspace(0, 120, 50))
    assert found[0] == 1
    assert (np.diff(found) <= 0).all()
    assert found[-1] >= 0


def test_without_censoring_survival_is_a_count():
    assert model.survival([1, 2, 3, 4], [1, 1, 1, 1], [0.5, 2, 3.5]) == pytest.approx(
        [1, 0.5, 0.25]
    )


def test_weibull_of_freireich_1963():
    """Shape 1.354 and scale 33.77 for the treated, as survreg has them (scale 0.739, 3.519)."""
    found = model.weibull(WEEKS, RELAPSE)
    assert found.shape == pytest.approx(1 / 0.7386, rel=2e-3)
    assert found.scale == pytest.approx(np.exp(3.519), rel=2e-3)


@pytest.mark.parametrize("shape", [0.6, 1.0, 3.0])
def test_weibull_finds_the_truth_under_censoring(shape):
    gen = rng()
    inside, runs = 0, 60
    for _ in range(runs):
        life = 50 * gen.weibull(shape, 400)
        watched = gen.uniform(10, 90, 400)
        found = model.weibull(np.minimum(life, watched), life <= watched)
        inside += found.shape_low <= shape <= found.shape_high
        assert found.scale == pytest.approx(50, rel=0.6)
    assert 46 <= inside <= 60  # nine in ten: 54, and 46 is 3.4 standard deviations below


def test_weibull_interval_has_the_width_of_theory():
    """Without censoring the variance of the shape is 0.608 of its square over n."""
    found = model.weibull(rng().weibull(2.5, 5_000))
    width = 1.645 * (0.6079 / 5_000) ** 0.5
    assert np.log(found.shape_high / found.shape) == pytest.approx(width, rel=0.05)
    assert np.log(found.shape / found.shape_low) == pytest.approx(width, rel=0.05)


def test_weibull_agrees_with_scipy():
    gen = rng()
    life = 8 * gen.weibull(1.7, 300)
    hit = life < 9
    found = model.weibull(np.minimum(life, 9), hit)
    data = stats.CensoredData.right_censored(np.minimum(life, 9), ~hit)
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    assert (found.shape, found.scale) == (
        pytest.approx(shape, rel=1e-3), pytest.approx(scale, rel=1e-3)
    )  # fmt: skip
    assert found.failures == hit.sum()


def test_constant_rate_is_told_from_a_rising_one():
    gen = rng()
    ps = [model.weibull(gen.exponential(3, 80)).p_constant for _ in range(300)]
    assert stats.kstest(ps, "uniform").pvalue > 0.001
    assert model.weibull(gen.weibull(2, 80)).p_constant < 1e-6


@given(st.floats(0.01, 1e4), st.floats(0.3, 4))
def test_weibull_scales_with_the_unit_of_time(unit, shape):
    life = rng().weibull(shape, 50)
    one, other = model.weibull(life), model.weibull(unit * life)
    assert other.shape == pytest.approx(one.shape, rel=1e-6)
    assert other.scale == pytest.approx(unit * one.scale, rel=1e-6)


def test_gaps_take_coincidence_as_one_moment():
    assert model.gaps([5, 1, 1, 2]).tolist() == [1, 3]


def test_dispersion():
    # Variance of 1, 2, 3, 4, 5 is 2.5, their mean 3; chi-square is 10/3 on 4 degrees of freedom.
    index, p = model.dispersion([1, 2, 3, 4, 5])
    assert index == pytest.approx(2.5 / 3)
    assert p == pytest.approx(stats.chi2.sf(10 / 3, 4))


def test_dispersion_of_poisson_and_of_bursts():
    gen = rng()
    assert model.dispersion(gen.poisson(9, 2_000))[0] == pytest.approx(1, abs=0.1)
    # Each event brings m failures: the index is that of Poisson times m.
    assert model.dispersion(4 * gen.poisson(9, 2_000))[0] == pytest.approx(4, abs=0.4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: model.poisson_rate(-1, 1), "not negative"),
        (lambda: model.poisson_rate(np.nan, 1), "not negative"),
        (lambda: model.poisson_rate(1, 0), "exposure_h must be positive"),
        (lambda: model.poisson_rate(1, 1, level=1), "between 0 and 1"),
        (lambda: model.pool([1, 2], [1, 1]), "three at least"),
        (lambda: model.pool([1, 2, 3], [1, 0, 1]), "variances positive"),
        (lambda: model.weibull([1, 0, 2]), "positive finite times"),
        (lambda: model.weibull([1, 2, 3], [True, False]), "positive finite times"),
        (lambda: model.weibull([2, 2, 3], [1, 1, 0]), "two times at least"),
        (lambda: model.survival([1, 2], [1], [1]), "one flag for each"),
        (lambda: model.survival([-1], [1], [1]), "not negative"),
        (lambda: model.dispersion([0, 0]), "some failures"),
        (lambda: model.dispersion([3]), "two windows"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
