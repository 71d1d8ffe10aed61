"""Fitted timelines, pools, scores and trends against closed forms and invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aifactory import scores
from aifactory.models.pace import timelines as tl

P3 = np.array([0.1, 0.5, 0.9])
FROZEN = {
    "log-normal": stats.lognorm(0.8, scale=12),
    "Weibull": stats.weibull_min(1.3, scale=20),
    "gamma": stats.gamma(2.2, scale=7),
}


@pytest.mark.parametrize("family", tl.FAMILIES)
@pytest.mark.parametrize("p", [P3, np.array([0.1, 0.5]), np.array([0.25, 0.5])])
def test_a_fit_recovers_the_distribution_behind_its_quantiles(family, p):
    true = FROZEN[family]
    fit = tl.fit_quantiles(true.ppf(p), p, family)
    x = np.array([1.0, 5.0, 11.0, 40.0])
    assert fit.cdf(x) == pytest.approx(true.cdf(x), abs=3e-4)
    assert fit.quantile(P3) == pytest.approx(true.ppf(P3), rel=2e-3)
    assert float(fit.misfit) == pytest.approx(0, abs=2e-3)


def test_least_squares_in_logarithms_and_its_misfit():
    # Symmetric probabilities: scale = log(c / a) / (2 z90), location = mean log.
    x = np.array([2.0, 10.0, 30.0])
    fit = tl.fit_quantiles(x, P3)
    z = stats.norm.ppf(0.9)
    assert float(fit.scale) == pytest.approx(np.log(15) / (2 * z))
    assert float(fit.location) == pytest.approx(np.log(x).mean())
    left = np.log(x) - np.log(x).mean() - np.array([-1, 0, 1]) * np.log(15) / 2
    assert float(fit.misfit) == pytest.approx(np.sqrt((left**2).mean()))


@pytest.mark.parametrize("family", tl.FAMILIES)
def test_draws_are_fitted_one_by_one(family):
    x = np.array([[2.0, 10.0, 30.0], [4.0, 9.0, 60.0]])
    both = tl.fit_quantiles(x, P3, family)
    assert both.cdf(8.0).shape == (2,)
    for i in range(2):
        assert float(tl.fit_quantiles(x[i], P3, family).cdf(8.0)) == pytest.approx(both.cdf(8.0)[i])


def test_nothing_happens_before_the_forecast():
    for family in tl.FAMILIES:
        assert float(tl.fit_quantiles([5, 9], [0.1, 0.5], family).cdf(-3)) == 0


@settings(max_examples=30)
@given(st.floats(0.5, 10), st.floats(1.2, 8), st.sampled_from(tl.FAMILIES))
def test_distributions_rise_from_0_to_1(first, ratio, family):
    fit = tl.fit_quantiles([first, first * ratio], [0.1, 0.5], family)
    f = fit.cdf(np.geomspace(1e-3, 1e5, 60))
    assert (np.diff(f) >= 0).all()
    assert 0 <= f[0] <= f[-1] <= 1
    assert f[-1] > 0.7  # the widest of them still has much of its mass within the grid
    assert fit.cdf([first, first * ratio]) == pytest.approx([0.1, 0.5], abs=1e-3)


@pytest.mark.parametrize(
    ("x", "p", "family", "why"),
    [
        ([5, 4], [0.1, 0.5], "log-normal", "rising"),
        ([-1, 4], [0.1, 0.5], "gamma", "positive"),
        ([5], [0.5], "Weibull", "two or more"),
        ([5, 6], [0.5, 0.1], "Weibull", "rise within"),
        ([5, 6], [0.5, 1.0], "Weibull", "rise within"),
        ([5, 6], [0.1, 0.5], "normal", "unknown family"),
    ],
)
def test_bad_quantiles_are_refused(x, p, family, why):
    with pytest.raises(ValueError, match=why):
        tl.fit_quantiles(x, p, family)


@pytest.mark.parametrize("family", ["log-normal", "Weibull"])
def test_prices_on_a_curve_give_the_curve_back(family):
    true, x = FROZEN[family], np.array([1.0, 4.0, 9.0, 20.0])
    fit = tl.fit_prices(x, true.cdf(x), family)
    assert fit.cdf(6.5) == pytest.approx(true.cdf(6.5))
    assert float(fit.misfit) == pytest.approx(0, abs=1e-9)


def test_weights_choose_among_prices():
    true, x = FROZEN["log-normal"], np.array([1.0, 4.0, 9.0, 20.0])
    p = true.cdf(x)
    p[3] = 0.2  # a stale price below its neighbour
    both = tl.fit_prices(x, p, weights=[[1, 1, 1, 0], [1, 1, 1, 1]])
    assert both.cdf(6.5)[0] == pytest.approx(true.cdf(6.5))
    assert both.cdf(20.0)[1] < true.cdf(20.0)
    assert both.misfit[0] == pytest.approx(0, abs=1e-9)
    assert both.misfit[1] > 0.01


@pytest.mark.parametrize(
    ("x", "p", "family", "why"),
    [
        ([1, 2], [0.3, 0.2], "log-normal", "rise with the year"),
        ([1, 2], [0.3, 1.2], "log-normal", "within 0 to 1"),
        ([1], [0.3], "Weibull", "two or more"),
        ([1, 2], [0.3, 0.4], "gamma", "fitted by"),
    ],
)
def test_bad_prices_are_refused(x, p, family, why):
    with pytest.raises(ValueError, match=why):
        tl.fit_prices(x, p, family)


def test_a_metalog_meets_its_three_quantiles():
    x = np.array([3.0, 15.0, 140.0])
    a = tl.metalog_coefficients(x, P3)
    assert tl.metalog_cdf(a, x) == pytest.approx(P3, abs=2e-4)


@pytest.mark.parametrize("skew", [-1.66, 0.4, 1.66])
def test_metalog_coefficients_are_those_of_the_published_form(skew):
    # Keelin (2016): a1 + a2 L + a3 (p - 0.5) L, a distribution where |a3| / a2 < 1.66711.
    p = np.array([0.1, 0.5, 0.9])
    logit = np.log(p / (1 - p))
    x = np.exp(1 + 0.5 * logit + 0.5 * skew * (p - 0.5) * logit)
    assert tl.metalog_coefficients(x, p) == pytest.approx([1, 0.5, 0.5 * skew], abs=1e-9)


@pytest.mark.parametrize("skew", [-1.675, 1.675])
def test_a_metalog_beyond_the_published_bound_is_refused(skew):
    p = np.array([0.3, 0.5, 0.7])  # close to the middle, so that the quantiles still rise
    logit = np.log(p / (1 - p))
    x = np.exp(1 + 0.5 * logit + 0.5 * skew * (p - 0.5) * logit)
    with pytest.raises(ValueError, match="no metalog"):
        tl.metalog_coefficients(x, p)


def test_a_metalog_without_its_third_term_is_log_logistic():
    true = stats.fisk(2.5, scale=8)
    a = tl.metalog_coefficients(true.ppf(P3), P3)
    assert a == pytest.approx([np.log(8), 1 / 2.5, 0], abs=1e-9)
    assert tl.metalog_cdf(a, 11.0) == pytest.approx(true.cdf(11.0), abs=2e-4)


def test_a_metalog_that_is_no_distribution_is_refused():
    with pytest.raises(ValueError, match="no metalog"):
        tl.metalog_coefficients([1.0, 1.01, 900.0], P3)
    with pytest.raises(ValueError, match="three quantiles"):
        tl.metalog_coefficients([1.0, 2.0], [0.1, 0.5])


probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@settings(max_examples=40)
@given(probabilities, st.integers(0, 2**31))
def test_a_pool_lies_between_its_sources_and_ignores_the_scale_of_weights(p, seed):
    w = np.random.default_rng(seed).uniform(0.01, 1, len(p))
    pooled = float(tl.linear_pool(p, w))
    assert min(p) - 1e-12 <= pooled <= max(p) + 1e-12
    assert float(tl.linear_pool(p, 7 * w)) == pytest.approx(pooled)
    assert float(tl.linear_pool(p, w)) + float(tl.linear_pool(1 - np.array(p), w)) == pytest.approx(
        1
    )
    order = np.random.default_rng(seed).permutation(len(p))
    assert float(tl.linear_pool(np.array(p)[order], w[order])) == pytest.approx(pooled)


def test_a_pool_by_hand():
    assert float(tl.linear_pool([0.2, 0.6])) == pytest.approx(0.4)
    assert float(tl.linear_pool([0.2, 0.6], [3, 1])) == pytest.approx(0.3)
    both = tl.linear_pool([[0.2, 0.4], [0.6, 0.8]], [[3, 1], [0, 1]])
    assert both == pytest.approx([0.3, 0.8])
    assert tl.linear_pool([[0.2, 0.4], [0.6, 0.8]], [3, 1]) == pytest.approx([0.3, 0.5])


@pytest.mark.parametrize(("p", "w"), [([1.2], None), ([], None), ([0.2], [0.0]), ([0.2], [-1])])
def test_bad_pools_are_refused(p, w):
    with pytest.raises(ValueError, match=r"pool takes|weights"):
        tl.linear_pool(p, w)


def test_an_exponential_wait_forgets_what_has_passed():
    f = stats.expon(scale=9).cdf
    assert float(tl.not_yet(f(4.0), f(11.0))) == pytest.approx(f(7.0))
    with pytest.raises(ValueError, match="rise"):
        tl.not_yet(0.4, 0.3)


def test_scores_of_settled_questions():
    # Brier and Good: 0.25 and log 2 for even odds, nothing lost by a sure and right forecast.
    assert scores.brier_score([0.5, 0.9, 0.9, 1], [0, 1, 0, 1]) == pytest.approx(
        [0.25, 0.01, 0.81, 0]
    )
    assert scores.log_score([0.5, 0.9, 0.2], [1, 1, 0]) == pytest.approx(-np.log([0.5, 0.9, 0.8]))
    with pytest.raises(ValueError, match="outcomes"):
        scores.brier_score([0.5], [0.5])
    with pytest.raises(ValueError, match="within"):
        scores.log_score([1.5], [1])


@pytest.mark.parametrize("outcome", [0.5, 4.0, 30.0])
def test_crps_of_an_exponential_forecast(outcome):
    # Closed form for a mean of m: |y| - 2 m (1 - exp(-y / m)) + m / 2 (Jordan et al. 2019).
    m, x = 6.0, np.linspace(0, 200, 40001)
    closed = outcome - 2 * m * (1 - np.exp(-outcome / m)) + m / 2
    assert tl.crps(x, stats.expon(scale=m).cdf(x), outcome) == pytest.approx(closed, abs=1e-4)


def test_crps_of_a_log_normal_forecast():
    # Baran and Lerch (2015): y (2 F(y) - 1) - 2 exp(mu + s^2/2) (Phi(w - s) + Phi(s/sqrt 2) - 1).
    mu, s, y = np.log(12), 0.8, 5.0
    w = (np.log(y) - mu) / s
    phi = stats.norm.cdf
    closed = y * (2 * phi(w) - 1) - 2 * np.exp(mu + s**2 / 2) * (
        phi(w - s) + phi(s / np.sqrt(2)) - 1
    )
    x = np.concatenate([[0], np.geomspace(1e-3, 5e3, 60001)])
    found = tl.crps(x, stats.lognorm(s, scale=12).cdf(x), y)
    assert found == pytest.approx(closed, rel=1e-4)


def test_crps_of_a_sure_forecast_is_its_error():
    x = np.linspace(0, 20, 20001)
    assert tl.crps(x, (x >= 8).astype(float), 5.0) == pytest.approx(3, abs=2e-3)


@settings(max_examples=30)
@given(st.floats(1, 30), st.floats(1, 19))
def test_what_is_lost_so_far_never_exceeds_the_final_score(mean, today):
    x = np.linspace(0, 400, 8001)
    f = stats.expon(scale=mean).cdf(x)
    upto = x <= today
    assert tl.crps(x[upto], f[upto], None) <= tl.crps(x, f, today + 0.5) + 1e-9


def test_bad_grids_are_refused():
    with pytest.raises(ValueError, match="rises"):
        tl.crps([0, 2, 1], [0, 0.5, 1], None)
    with pytest.raises(ValueError, match="fall"):
        tl.crps([0, 1, 2], [0, 0.5, 0.4], None)
    with pytest.raises(ValueError, match="outside"):
        tl.crps([0, 1], [0, 1], 3)


def test_a_sure_exponential_trend_is_recovered():
    t = np.array([2020.0, 2021.0, 2023.5, 2025.0])
    v = 3 * 2 ** ((t - 2020) / 0.5)
    found = tl.doubling(t, v, v, v, 50, np.random.default_rng(1))
    assert found.days == pytest.approx(np.full(50, 365.25 / 2))
    assert found.noise == pytest.approx(np.zeros(50), abs=1e-9)
    assert found.reaches(3 * 2**20) == pytest.approx(np.full(50, 2030.0))
    assert found.log2([2020.0, 2021.0])[:, 0] == pytest.approx(np.log2(3) + np.array([0, 2]))


def test_wider_limits_widen_the_trend():
    t, v = np.linspace(2022, 2026, 9), 2.0 ** np.arange(9)
    spread = [
        np.std(tl.doubling(t, v, v / k, v * k, 800, np.random.default_rng(2)).per_year)
        for k in (1.2, 2, 5)
    ]
    assert spread[0] < spread[1] < spread[2]
    # 95 % limits of a factor k: the standard deviation of a value is log2(k) / 1.96 doublings.
    flat = tl.doubling(t, v, v / 4, v * 4, 4000, np.random.default_rng(3))
    assert np.median(flat.days) == pytest.approx(365.25 / 2, rel=0.02)
    assert np.mean(flat.noise**2) == pytest.approx((2 / 1.96) ** 2 * 7 / 10, rel=0.1)


def test_a_trend_that_falls_never_arrives():
    found = tl.doubling([1, 2, 3], [8, 4, 2], [8, 4, 2], [8, 4, 2], 5, np.random.default_rng(4))
    assert np.isinf(found.reaches(100)).all()


@pytest.mark.parametrize(
    ("t", "v", "low", "high"),
    [
        ([1, 2], [1, 2], [1, 2], [1, 2]),
        ([1, 2, 3], [1, 2, 3], [2, 2, 3], [3, 3, 3]),
        ([1, 1, 1], [1, 2, 3], [1, 2, 3], [1, 2, 3]),
        ([1, 2, 3], [0, 2, 3], [0, 2, 3], [1, 2, 3]),
    ],
)
def test_bad_trends_are_refused(t, v, low, high):
    with pytest.raises(ValueError, match=r"three or more|limits enclose"):
        tl.doubling(t, v, low, high, 5, np.random.default_rng(5))
