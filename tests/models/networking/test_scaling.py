"""Scaling laws: closed forms, recovery of known truth, coverage, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from aifactory.models.networking import scaling

SIZES = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
share = st.floats(0, 0.5)
small = st.floats(0, 1e-3)
count = st.floats(1, 1e6)


def rng(seed=29):
    return np.random.default_rng(seed)


def usl_times(n, a, b, t0=60.0):
    return t0 * (1 + a * (n - 1) + b * n * (n - 1)) / n


# --- laws ----------------------------------------------------------------------------------------


def test_efficiency_by_hand():
    # 512 accelerators in 60 min, 2,048 in 20 min: 512 x 60 / (2,048 x 20).
    assert scaling.efficiency(512, 60, np.array([2048]), np.array([20])) == pytest.approx([0.75])


def test_amdahl_is_the_law_without_coherence():
    # Amdahl 1967: 1 / (s + (1 - s) / n); a serial share of 5 % on 20 machines gives 10.256.
    s, n = 0.05, 20
    assert scaling.usl_capacity(n, s, 0) == pytest.approx(1 / (s + (1 - s) / n))
    assert scaling.usl_capacity(n, s, 0) == pytest.approx(10.2564, abs=1e-4)
    assert scaling.usl_capacity(1e9, s, 0) == pytest.approx(20, rel=1e-6)


def test_universal_scalability_law_by_hand():
    # 10 / (1 + 0.02 x 9 + 0.001 x 10 x 9) = 10 / 1.27
    assert scaling.usl_capacity(10, 0.02, 0.001) == pytest.approx(10 / 1.27)
    assert scaling.usl_efficiency(10, 0.02, 0.001) == pytest.approx(1 / 1.27)


def test_gustafson():
    # Gustafson 1988: serial fraction 0.5 % on 1,024 processors scales to about 1,019.
    assert scaling.gustafson_capacity(1024, 0.005) == pytest.approx(1024 - 0.005 * 1023)
    assert scaling.gustafson_capacity(7, 0) == 7
    assert scaling.gustafson_capacity(7, 1) == 1


def test_peak_is_where_capacity_is_largest():
    a, b = 0.03, 1e-4
    found = optimize.minimize_scalar(
        lambda n: -float(scaling.usl_capacity(n, a, b)), bounds=(1, 1000), method="bounded"
    ).x
    assert scaling.usl_peak(a, b) == pytest.approx(np.sqrt(0.97 / 1e-4))
    assert scaling.usl_peak(a, b) == pytest.approx(found, rel=1e-3)
    assert scaling.usl_marginal(float(scaling.usl_peak(a, b)), a, b) == pytest.approx(0, abs=1e-12)
    assert scaling.usl_peak(0.1, 0.0) == np.inf
    assert scaling.usl_peak(1.5, 0.0) == 1
    assert scaling.usl_peak(0.0, 4.0) == 1


def test_marginal_is_the_derivative():
    n, h = 37.0, 1e-4
    up, down = (scaling.usl_capacity(n + d, 0.02, 3e-4) for d in (h, -h))
    assert scaling.usl_marginal(n, 0.02, 3e-4) == pytest.approx((up - down) / (2 * h), rel=1e-6)


def test_paying_size_against_the_closed_form_of_amdahl():
    # (1 - s) / (1 + s (n - 1))^2 = bar
    s, bar = 0.02, 0.5
    n = 1 + (np.sqrt((1 - s) / bar) - 1) / s
    assert scaling.paying_size(s, 0, bar) == pytest.approx(n, rel=1e-9)
    assert scaling.paying_size(s, 0, np.array([1.0, 0.0])) == pytest.approx([1, 1e9])
    peak = float(scaling.usl_peak(0.02, 1e-4))
    assert scaling.paying_size(0.02, 1e-4, 0.0) == pytest.approx(peak, rel=1e-9)


def test_weak_laws():
    assert scaling.weak_efficiency(8, 0.1, "doubling") == pytest.approx(0.9**3)
    assert scaling.weak_efficiency(11, 0.1, "linear") == pytest.approx(0.5)
    assert scaling.weak_efficiency(2, -0.1, "doubling") == pytest.approx(1.1)


def test_doubling_paying_size_is_where_the_derivative_meets_the_bar():
    loss, bar, h = 0.05, 0.6, 1e-3
    n = float(scaling.doubling_paying_size(loss, bar))
    work = [m * scaling.weak_efficiency(m, loss, "doubling") for m in (n - h, n + h)]
    assert (work[1] - work[0]) / (2 * h) == pytest.approx(bar, rel=1e-6)
    assert scaling.doubling_paying_size(np.array([0.0, -0.1]), 0.5) == pytest.approx(1e9)
    assert scaling.doubling_paying_size(0.5, 0.9) == 1
    assert scaling.doubling_paying_size(0.6, 0.2) == 1


@given(n=count, a=share, b=small)
def test_efficiency_is_a_share_and_never_rises(n, a, b):
    here, further = scaling.usl_efficiency(np.array([n, 2 * n]), a, b)
    assert 0 < further <= here <= 1


@given(n=count, a=share, b=small, more=st.floats(0, 1e-2))
def test_more_contention_or_coherence_is_never_faster(n, a, b, more):
    base = scaling.usl_capacity(n, a, b)
    assert scaling.usl_capacity(n, a + more, b) <= base
    assert scaling.usl_capacity(n, a, b + more) <= base


@given(a=share, b=small, bar=st.floats(0.01, 0.99))
def test_a_higher_bar_is_never_reached_later(a, b, bar):
    low, high = scaling.paying_size(a, b, np.array([bar, min(bar + 0.01, 1)]))
    assert 1 <= high <= low


@given(n=count, loss=st.floats(0, 0.5), law=st.sampled_from(["doubling", "linear"]))
def test_weak_efficiency_is_a_share_and_never_rises(n, loss, law):
    here, further = scaling.weak_efficiency(np.array([n, 2 * n]), loss, law)
    assert 0 < further <= here <= 1


# --- fits ----------------------------------------------------------------------------------------


@given(a=st.floats(1e-4, 0.3), b=st.floats(1e-6, 1e-2))
def test_exact_data_give_their_law_back(a, b):
    fit = scaling.fit_law(SIZES, usl_times(SIZES, a, b))
    assert (fit.t0, fit.a, fit.b) == pytest.approx((60, a, b), rel=1e-5)
    told = fit.time(SIZES)
    assert told == pytest.approx(usl_times(SIZES, a, b), rel=1e-8)


def test_amdahl_data_give_their_serial_share_back():
    fit = scaling.fit_law(SIZES, usl_times(SIZES, 0.04, 0), "amdahl")
    assert (fit.t0, fit.a, fit.b) == pytest.approx((60, 0.04, 0))
    assert scaling.fit_law(SIZES[:2], usl_times(SIZES[:2], 0.04, 0), "amdahl").a == pytest.approx(
        0.04
    )


def test_the_fit_is_the_non_negative_least_squares_of_relative_errors():
    noise = np.exp(0.2 * rng().standard_normal((200, len(SIZES))))
    times = usl_times(SIZES, 0.01, 1e-4) * noise
    fit = scaling.fit_law(SIZES, times)
    for row, t0, a, b in zip(times, fit.t0, fit.a, fit.b, strict=True):
        design = np.column_stack([np.ones(6), SIZES - 1, SIZES * (SIZES - 1)])
        wanted = optimize.nnls(design / (SIZES * row)[:, None], np.ones(6))[0]
        assert [t0, t0 * a, t0 * b] == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    assert (fit.a >= 0).all() and (fit.b >= 0).all()
    assert (fit.a == 0).any() and (fit.b == 0).any() and (fit.b > 0).any()
    folded = scaling.fit_law(SIZES, times.reshape(4, 50, -1))
    assert (folded.a.ravel() == fit.a).all() and (folded.b.ravel() == fit.b).all()


def test_superlinear_data_are_fitted_without_loss():
    fit = scaling.fit_law(SIZES, 60 / SIZES**1.2)
    assert (fit.a, fit.b) == (0, 0)


def test_two_sizes_leave_only_one_loss():
    fit = scaling.fit_law(SIZES[:2], usl_times(SIZES[:2], 0.1, 0))
    assert fit.time(SIZES[:2]) == pytest.approx(usl_times(SIZES[:2], 0.1, 0))
    assert fit.a == 0 or fit.b == 0


def test_olympic_mean():
    assert scaling.olympic_mean([5, 1, 2, 3, 100]) == pytest.approx(10 / 3)
    assert scaling.olympic_mean([[3, 1, 2]], 0) == pytest.approx([2])


def test_residuals_have_the_spread_of_single_runs():
    system = np.repeat(np.arange(400), 3)
    log = 4 + 0.1 * system + 0.05 * rng().standard_normal(1200)
    found = scaling.run_residuals(log, system)
    assert found.shape == (1200,)
    assert found.std() == pytest.approx(0.05, rel=0.06)
    assert found.mean() == pytest.approx(0, abs=1e-12)
    assert scaling.run_residuals([1.0, 2.0, 3.0], ["a", "b", "b"]).shape == (2,)


def test_resampled_scores_spread_as_scores_do():
    pool = 0.08 * rng().standard_normal(2000)
    drawn = scaling.resample_scores([10.0, 40.0], [5, 10], pool, 1, 4000, rng(2))
    assert drawn.shape == (4000, 2)
    assert np.median(drawn, axis=0) == pytest.approx([10, 40], rel=5e-3)
    runs = np.exp(0.08 * rng(3).standard_normal((4000, 5)))
    real = np.log(scaling.olympic_mean(runs)).std()
    assert np.log(drawn[:, 0]).std() == pytest.approx(real, rel=0.06)
    assert np.log(drawn[:, 1]).std() < 0.8 * real
    few = scaling.resample_scores([10.0], [2], pool, 4, 10, rng(2))
    assert few.shape == (10, 1)


def test_a_score_leaves_out_its_slowest_run_in_every_draw():
    pool = np.r_[np.zeros(99), 10.0]
    drawn = scaling.resample_scores([10.0], [5], pool, 1, 4000, rng(2))
    assert np.mean(drawn > 10) < 0.01
    assert np.mean(scaling.resample_scores([10.0], [5], pool, 0, 4000, rng(2)) > 10) > 0.03


def test_bootstrap_intervals_cover_the_true_time_nine_times_in_ten():
    a, b, sd, groups = 0.02, 0.0, 0.03, 300
    truth = usl_times(SIZES, a, b)
    chance, inside = rng(7), 0
    for _ in range(groups):
        runs = np.log(truth)[:, None] + sd * chance.standard_normal((len(SIZES), 5))
        pool = scaling.run_residuals(runs[:5].ravel(), np.repeat(np.arange(5), 5))
        scores = np.exp([scaling.olympic_mean(r) for r in runs])
        drawn = scaling.resample_scores(scores[:5], [5] * 5, pool, 1, 200, chance)
        told = scaling.fit_law(SIZES[:5], drawn, "amdahl").time(SIZES[5])
        low, high = np.quantile(told, [0.05, 0.95])
        inside += low <= truth[5] <= high
    assert inside / groups == pytest.approx(0.9, abs=0.05)


# --- held back -----------------------------------------------------------------------------------


def test_cuts_fit_the_smaller_and_ask_for_the_larger():
    assert scaling.cuts([8, 16, 32, 64, 128]) == [(3, 3), (3, 4), (4, 4)]
    assert scaling.cuts([8, 16, 32]) == []


def test_held_back_systems_of_a_true_law_are_foretold():
    sizes = 512 * SIZES[:5]
    times = usl_times(SIZES[:5], 0.03, 0)
    draws = times * np.exp(0.01 * rng().standard_normal((50, 5)))
    found = scaling.held_back(sizes, times, draws, "amdahl")
    assert found["error"].abs().max() < 1e-9
    assert found["distance"].tolist() == [1, 2, 1]
    assert found["last"].tolist() == [False, False, True]
    assert found["size"].tolist() == [4096, 8192, 8192]
    assert found["largest"].tolist() == [2048, 2048, 4096]
    assert (found["low"] < found["central"]).all() and (found["central"] < found["high"]).all()


def test_an_error_above_nought_is_a_system_faster_than_foretold():
    times = usl_times(SIZES[:4], 0.05, 0)
    times[3] /= 1.5
    found = scaling.held_back(SIZES[:4], times, times[None, :], "amdahl")
    assert found["error"].tolist() == pytest.approx([np.log(1.5)])


def test_error_growth_is_recovered():
    chance = rng(11)
    d = chance.uniform(0.2, 6, 4000)
    e = 0.1 * d + np.hypot(0.05, 0.2 * d) * chance.standard_normal(4000)
    found = scaling.error_growth(d, e)
    assert (found.bias, found.base, found.growth) == pytest.approx(
        (0.1, 0.05, 0.2), rel=0.1, abs=0.01
    )
    z = found.draw(20_000, rng(1))
    assert z.std() == pytest.approx(1, abs=0.03)
    assert found.at(3, z).mean() == pytest.approx(0.3, abs=0.03)
    assert found.at(3, z).std() == pytest.approx(np.hypot(0.05, 0.6), rel=0.05)
    assert (found.at(np.array([0.0, -2.0]), z[:, None]) == 0).all()
    low, high = found.interval(3)
    assert np.quantile(found.at(3, z), [0.05, 0.95]) == pytest.approx([low, high], abs=0.03)


def test_weights_let_one_group_have_one_vote():
    d, e = np.ones(40), np.r_[np.full(30, 1.0), np.full(10, -1.0)]
    e = e + 0.01 * rng().standard_normal(40)
    even = scaling.error_growth(d, e, np.r_[np.full(30, 1 / 30), np.full(10, 1 / 10)])
    assert even.bias == pytest.approx(0, abs=0.02)
    assert scaling.error_growth(d, e).bias == pytest.approx(0.5, abs=0.02)
    # the standard errors carry the weights too
    assert np.mean(np.asarray(even.standard) > 0) == pytest.approx(0.5, abs=0.01)


def test_cross_coverage_is_nine_in_ten_and_judges_each_fold_by_the_others():
    chance = rng(5)
    d = chance.uniform(0.5, 4, 600)
    e = 0.1 * d * chance.standard_normal(600)
    fold = np.repeat(list("abcdef"), 100)
    assert scaling.cross_coverage(d, e, fold).mean() == pytest.approx(0.9, abs=0.04)
    e[fold == "f"] += 5
    assert not scaling.cross_coverage(d, e, fold)[fold == "f"].any()


def test_extrapolation_without_error_is_the_law():
    none = scaling.ErrorGrowth(0.0, 0.0, 0.0, (0.0,))
    times = np.tile(usl_times(SIZES, 0.03, 0), (4, 1))
    found = scaling.extrapolate(512 * SIZES, times, [512, 51_200], "amdahl", none, rng())
    assert found == pytest.approx(np.tile(scaling.usl_efficiency([1, 100], 0.03, 0), (4, 1)))


def test_extrapolation_carries_one_error_a_draw_and_never_rises():
    wide = scaling.ErrorGrowth(0.5, 0.1, 0.5, (-1.0, 1.0))
    times = np.tile(usl_times(SIZES, 0.03, 0), (400, 1))
    goals = [512 * 16, 512 * 32, 512 * 64, 512 * 1024]
    found = scaling.extrapolate(512 * SIZES, times, goals, "amdahl", wide, rng())
    assert np.ptp(found[:, :2], axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert found[:, 2:].max() == pytest.approx(float(scaling.usl_efficiency(32, 0.03, 0)))
    bare = scaling.usl_efficiency(1024, 0.03, 0)
    low = bare * np.exp(0.5 * 5 - np.hypot(0.1, 0.5 * 5))
    assert found[:, 3].min() == pytest.approx(float(low))
    assert len(np.unique(found[:, 3].round(9))) == 2


# --- samples, utilisation, exponents --------------------------------------------------------------


def test_samples_obey_the_trade_off_of_mccandlish():
    least, critical = 5e5, 2e4
    batch = np.array([2048.0, 6144.0, 20_000.0])
    samples = scaling.samples_needed(batch, least, critical)
    steps, fewest = samples / batch, least / critical
    assert (steps / fewest - 1) * (samples / least - 1) == pytest.approx(1)
    assert samples[2] == pytest.approx(2 * least)
    assert scaling.fit_samples(batch, samples) == pytest.approx((least, critical))
    assert scaling.fit_samples(batch, samples[::-1])[1] == np.inf


def weak_cells(slope, spread, noise, models=12, seed=3):
    chance, cells = rng(seed), []
    for model in range(models):
        own = slope + spread * chance.standard_normal()
        for series in range(3):
            level = np.log(40) + 0.2 * chance.standard_normal()
            for x in range(4, 12):
                cells.append((level + own * x + noise * chance.standard_normal(), x, model, series))
    y, x, m, s = map(np.array, zip(*cells, strict=True))
    return y, x.astype(float), m, m * 10 + s


def test_mixed_model_recovers_slope_spread_and_noise():
    found = scaling.mixed_slopes(*weak_cells(-0.02, 0.015, 0.01, models=60))
    assert found.mean == pytest.approx(-0.02, abs=3 * found.error)
    assert found.error == pytest.approx(0.015 / np.sqrt(60), rel=0.3)
    assert found.spread == pytest.approx(0.015, rel=0.25)
    assert found.residual == pytest.approx(0.01, rel=0.05)


def test_mixed_model_takes_levels_out_and_follows_units():
    y, x, m, s = weak_cells(-0.02, 0.015, 0.01)
    found = scaling.mixed_slopes(y, x, m, s)
    moved = scaling.mixed_slopes(y + 3.0 * s, 5 * x, m, s)
    assert moved.mean == pytest.approx(found.mean / 5, rel=1e-3)
    assert moved.spread == pytest.approx(found.spread / 5, rel=1e-2)
    drawn = found.draw(20_000, rng())
    assert drawn.mean() == pytest.approx(found.mean, abs=5e-4)
    assert drawn.std() == pytest.approx(np.hypot(found.error, found.spread), rel=0.03)


def test_local_exponents():
    found = scaling.local_exponents([8, 32, 64], [60, 15, 10])
    assert found["exponent"].tolist() == pytest.approx([1, np.log2(1.5)])
    assert found["width"].tolist() == [2, 1]
    assert found["size"].tolist() == pytest.approx([16, np.sqrt(32 * 64)])


@settings(max_examples=25)
@given(a=st.floats(0.001, 0.3), b=small)
def test_local_exponents_of_a_law_stay_below_one(a, b):
    found = scaling.local_exponents(SIZES, usl_times(SIZES, a, b))
    assert (found["exponent"] < 1).all()


# --- bad input -----------------------------------------------------------------------------------

ONE = np.ones(6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: scaling.efficiency(0, 1, [1], [1]), "positive"),
        (lambda: scaling.efficiency(1, 1, [1], [np.nan]), "positive"),
        (lambda: scaling.usl_capacity(0.5, 0, 0), "at least 1"),
        (lambda: scaling.usl_capacity(np.inf, 0, 0), "at least 1"),
        (lambda: scaling.usl_capacity(2, -0.1, 0), "negative"),
        (lambda: scaling.usl_marginal(2, 0, -1), "negative"),
        (lambda: scaling.usl_peak(-1, 0), "negative"),
        (lambda: scaling.gustafson_capacity(4, 1.2), "between 0 and 1"),
        (lambda: scaling.weak_efficiency(4, 1.0, "doubling"), "below 1"),
        (lambda: scaling.weak_efficiency(4, -0.5, "linear"), "nought"),
        (lambda: scaling.weak_efficiency(4, 0.1, "cubic"), "doubling or linear"),
        (lambda: scaling.paying_size(0.1, 0, 1.5), "between 0 and 1"),
        (lambda: scaling.doubling_paying_size(0.1, -0.1), "between 0 and 1"),
        (lambda: scaling.doubling_paying_size(1.0, 0.1), "below 1"),
        (lambda: scaling.fit_law([1, 2], [1, -1]), "positive"),
        (lambda: scaling.fit_law([1, 2], [1, 1, 1]), "shape"),
        (lambda: scaling.fit_law([2, 2], [1, 1]), "two sizes"),
        (lambda: scaling.fit_law([1, 2], [1, 1], "moore"), "law is one of"),
        (lambda: scaling.olympic_mean([1, 2]), "too few"),
        (lambda: scaling.olympic_mean([1, 2, 3], -1), "too few"),
        (lambda: scaling.resample_scores([1.0], [3], [], 1, 5, rng()), "residuals"),
        (lambda: scaling.resample_scores([0.0], [3], [0.1], 1, 5, rng()), "positive"),
        (lambda: scaling.cuts([4, 2, 8]), "rise"),
        (lambda: scaling.error_growth([1, 2], [0, 0]), "five"),
        (lambda: scaling.error_growth(ONE, [np.nan] * 6), "finite"),
        (lambda: scaling.error_growth(0 * ONE, ONE), "positive"),
        (lambda: scaling.samples_needed([0], 1, 1), "positive"),
        (lambda: scaling.fit_samples([1, 1], [1, 2]), "two batches"),
        (lambda: scaling.mixed_slopes(ONE, ONE, ONE, ONE), "two models"),
        (lambda: scaling.mixed_slopes([1, 2, np.nan], [1, 2, 3], [1, 2, 2], [1, 2, 2]), "finite"),
        (lambda: scaling.mixed_slopes([1, 2, 3], [1, 2, 3], [1, 2, 2], [1, 2, 2]), "no slope"),
        (
            lambda: scaling.mixed_slopes([1, 1] * 2, [1, 2] * 2, [1, 1, 2, 2], [1, 1, 2, 2]),
            "differ",
        ),
        (lambda: scaling.local_exponents([1], [1]), "two or more"),
        (lambda: scaling.local_exponents([2, 1], [1, 1]), "rising"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_record_is_carried_on_within_its_last_efficiency():
    growth = scaling.ErrorGrowth(0.1, 0.0, 0.2, (-1.0, 1.0))
    spread = growth.spread()
    assert (spread.bias, spread.growth, spread.standard) == (0.0, 0.2, growth.standard)
    kept = scaling.carried_on(0.4, 0.8, np.array([-1.0, 0.0, 2.0]), spread, np.array([[-1.0], [9]]))
    assert kept[:, :2] == pytest.approx(0.4)
    assert kept[:, 2] == pytest.approx([0.4 * np.exp(-0.4), 0.8])
    assert scaling.carried_on(0.4, 0.8, 2.0, growth, 0.0) == pytest.approx(0.4 * np.exp(0.2))
