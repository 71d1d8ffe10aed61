"""Slips of promises against published survival data, closed forms and simulated truths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.networking import failures
from aifactory.models.pace import slips as model

# Freireich et al. (1963), weeks of remission under 6-mercaptopurine and under placebo, as printed
# in Cox and Oakes (1984) and, as the data set gehan, in Venables and Ripley (2002).
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
BOTH = np.array(WEEKS + PLACEBO, dtype=float)
BOTH_RELAPSE = np.array(RELAPSE + [1] * 21, dtype=bool)
TREATED = np.arange(42) < 21

times = st.lists(st.integers(1, 30), min_size=2, max_size=25)


def rng():
    return np.random.default_rng(1905)


def test_kaplan_meier_of_freireich():
    """The table of Kaplan-Meier estimates in every textbook."""
    at, left = model.kaplan_meier(WEEKS, RELAPSE)
    assert at.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert left == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert model.survival_quantile(WEEKS, RELAPSE) == 23
    assert model.survival_quantile(PLACEBO, [1] * 21) == 8
    assert model.survival_quantile(WEEKS, RELAPSE, 0.8) == np.inf


def test_log_rank_of_freireich():
    found = model.log_rank(BOTH, BOTH_RELAPSE, TREATED, draws=500, rng=rng())
    assert found.chi2 == pytest.approx(16.79, abs=5e-3)
    assert found.p_value == pytest.approx(4.17e-5, rel=0.01)
    assert found.p_cluster == pytest.approx(1 / 501)


def test_weibull_of_freireich():
    """survreg() in Venables and Ripley (2002): 3.516, -1.267 for placebo, scale 0.732."""
    x = np.column_stack([np.ones(42), ~TREATED])
    fit = model.accelerated_fit(BOTH, BOTH_RELAPSE, x, kind="weibull")
    assert fit.coef == pytest.approx([3.516, -1.267], abs=5e-4)
    assert fit.scale == pytest.approx(0.732, abs=5e-4)
    assert fit.log_likelihood == pytest.approx(-106.6, abs=0.05)
    one = model.accelerated_fit(PLACEBO, [1] * 21, np.ones((21, 1)), kind="weibull")
    other = failures.weibull(PLACEBO)
    assert 1 / one.scale == pytest.approx(other.shape, rel=1e-5)
    assert one.quantile(1 - np.exp(-1), [1.0]) == pytest.approx(other.scale, rel=1e-5)


def test_log_normal_without_censoring_is_least_squares():
    x = np.column_stack([np.ones(40), rng().normal(size=40)])
    t = np.exp(x @ [1.0, 0.5] + 0.3 * np.random.default_rng(5).normal(size=40))
    fit = model.accelerated_fit(t, [True] * 40, x)
    b, rest, *_ = np.linalg.lstsq(x, np.log(t), rcond=None)
    assert fit.coef == pytest.approx(b, abs=1e-6)
    assert fit.scale == pytest.approx(np.sqrt(rest[0] / 40), rel=1e-5)
    e = np.log(t) - x @ b
    bread = np.linalg.inv(x.T @ x)
    white = bread @ (x.T * e**2) @ x @ bread  # White (1980), as the scale is orthogonal to b
    assert fit.se == pytest.approx(np.sqrt(np.diag(white)), rel=1e-3)
    assert fit.log_likelihood == pytest.approx(
        stats.lognorm.logpdf(t, fit.scale, scale=np.exp(x @ b)).sum()
    )


@pytest.mark.parametrize("kind", ["log-normal", "weibull"])
def test_accelerated_fit_recovers_the_truth(kind):
    r, n = rng(), 4000
    x = np.column_stack([np.ones(n), r.normal(5, 1, n), r.random(n) < 0.3])
    e = r.normal(size=n) if kind == "log-normal" else np.log(r.standard_exponential(n))
    t = np.exp(x @ [0.4, 0.9, -0.5] + 0.6 * e)
    end = np.exp(r.normal(5.2, 0.8, n))
    fit = model.accelerated_fit(np.minimum(t, end), t <= end, x, kind=kind)
    assert abs(fit.coef - [0.4, 0.9, -0.5]) == pytest.approx(0, abs=4 * fit.se.max())
    assert (abs(fit.coef - [0.4, 0.9, -0.5]) < 4 * fit.se).all()
    assert fit.scale == pytest.approx(0.6, rel=0.05)
    assert np.mean(t <= fit.quantile(0.8, x)) == pytest.approx(0.8, abs=0.03)


def test_rows_repeated_in_clusters_tell_nothing_new():
    x = np.column_stack([np.ones(42), TREATED])
    once = model.accelerated_fit(BOTH, BOTH_RELAPSE, x)
    thrice = model.accelerated_fit(
        np.tile(BOTH, 3), np.tile(BOTH_RELAPSE, 3), np.tile(x, (3, 1)), np.tile(np.arange(42), 3)
    )
    assert thrice.coef == pytest.approx(once.coef, abs=1e-5)
    assert thrice.se == pytest.approx(once.se, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(times, st.randoms(use_true_random=False))
def test_survival_falls_from_one_to_nought(values, random):
    event = [random.random() < 0.6 for _ in values]
    weights = np.array([[random.random() for _ in values] for _ in range(3)])
    at, left = model.kaplan_meier(values, event, weights)
    assert left.shape == (3, at.size)
    assert ((left >= 0) & (left <= 1)).all()
    assert (np.diff(left, axis=1) <= 1e-12).all()
    assert (np.diff(at) > 0).all()


@settings(max_examples=40, deadline=None)
@given(times)
def test_without_censoring_survival_is_the_empirical_share(values):
    at, left = model.kaplan_meier(values, [True] * len(values))
    assert left == pytest.approx([(np.array(values) > a).mean() for a in at])


@settings(max_examples=40, deadline=None)
@given(times, st.integers(1, 4))
def test_weights_count_rows(values, k):
    event = [v % 3 != 0 for v in values]
    at, left = model.kaplan_meier(values, event, np.full(len(values), float(k)))
    again, repeated = model.kaplan_meier(values * k, event * k)
    assert at.tolist() == again.tolist()
    assert left == pytest.approx(repeated)


def test_median_without_events_is_unknown():
    assert model.survival_quantile([3, 4], [False, False]) == np.inf
    found = model.survival_quantile(
        [1, 2, 3, 9], [1, 1, 1, 0], weights=[[1, 1, 1, 1], [1, 1, 1, 9]]
    )
    assert found.tolist() == [2, np.inf]


def test_cluster_weights():
    w = model.cluster_weights(["a", "b", "a", "c"], 4000, rng())
    assert w.shape == (4000, 4)
    assert (w[:, 0] == w[:, 2]).all()
    assert (w[:, [0, 1, 3]].sum(axis=1)) == pytest.approx(3)
    # Dirichlet(1, 1, 1) times 3: variance 9 * (1/3)(2/3)/4
    assert w[:, 1].var() == pytest.approx(0.5, rel=0.1)


def test_moving_whole_clusters_is_more_cautious_than_moving_rows():
    r = rng()
    cluster = np.repeat(np.arange(6), 12)
    t, group = (1 + cluster) * r.standard_exponential(72), cluster < 2
    wide = model.log_rank(t, [True] * 72, group, cluster, 400, rng())
    tight = model.log_rank(t, [True] * 72, group, None, 400, rng())
    assert wide.chi2 == tight.chi2
    assert wide.p_cluster > 3 * tight.p_cluster


def test_permutation_by_cluster_counts_every_labelling():
    """Four clusters, one of them quickest in every row: one labelling in four is as extreme."""
    found = model.log_rank(
        [1, 1.1, 5, 5.1, 6, 6.1, 7, 7.1], [True] * 8, [1, 1, 0, 0, 0, 0, 0, 0],
        ["a", "a", "b", "b", "c", "c", "d", "d"], 4000, rng(),
    )  # fmt: skip
    assert found.p_cluster == pytest.approx(0.25, abs=0.03)


def test_follow_up_uses_nothing_later():
    stated = ["2024-01-01"] * 4 + ["2026-01-01"]
    promised = ["2024-12-31"] * 4 + ["2026-12-31"]
    delivered = ["2024-07-01", "2025-12-31", "NaT", "2026-06-01", "2026-03-01"]
    seen = ["2024-07-01", "2025-12-31", "2025-03-01", "2026-06-01", "2026-03-01"]
    then = model.follow_up(stated, promised, delivered, seen, "2025-06-30")
    assert then.delivered.tolist() == [True, False, False, False, False]
    assert then.time_days[:4].tolist() == [182, 546, 425, 546]
    assert np.isnan(then.time_days[4])
    assert then.ratio[0] == pytest.approx(182 / 365)
    early = model.follow_up(stated, promised, delivered, seen, "2024-12-31")
    assert early.time_days[:4].tolist() == [182, 365, 365, 365]  # not what was seen in March 2025
    now = model.follow_up(stated, promised, delivered, seen, "2026-11-01")
    assert now.delivered.tolist() == [True, True, False, True, True]
    assert now.time_days.tolist() == [182, 730, 425, 882, 59]


def test_share_interval():
    """Brown, Cai and DasGupta (2001): Jeffreys at 95 %, 5 of 10 and the ends."""
    assert model.share_interval(5, 10, 0.95) == pytest.approx([0.224, 0.5, 0.776], abs=5e-4)
    low, share, high = model.share_interval(0, 7)
    assert (low, share) == (0, 0)
    assert high == pytest.approx(stats.beta.ppf(0.95, 0.5, 7.5))
    assert model.share_interval(7, 7)[2] == 1


@given(st.integers(1, 40), st.data())
def test_share_interval_holds_the_share(n, data):
    k = data.draw(st.integers(0, n))
    low, share, high = model.share_interval(k, n)
    assert 0 <= low <= share <= high <= 1


def test_first_reached():
    day = ["2026-03-01", "2025-01-01", "2025-06-01", "2025-09-01"]
    assert str(model.first_reached(day, [300, 0, 120, 90], 100)) == "2025-06-01"
    assert str(model.first_reached(day, [300, 0, 120, 90], 300)) == "2026-03-01"
    assert np.isnat(model.first_reached(day, [300, 0, 120, 90], 301))


def test_gehan_scores():
    # 1 < 2 < 3, and one censored at 2: slower than 1 and 2, no one knows against 3
    assert model.gehan_scores([1, 2, 3, 2], [1, 1, 1, 0]).tolist() == [3, 1, -2, -2]


@given(times)
def test_gehan_scores_sum_to_nought(values):
    assert model.gehan_scores(values, [v % 2 == 0 for v in values]).sum() == 0


def test_permutation_p_counts_choices():
    t, done = [100, 120, 300, 400, 500, 450], [1, 1, 1, 1, 1, 0]
    assert model.permutation_p(t, done, [1, 1, 0, 0, 0, 0]) == pytest.approx(1 / 15)
    assert model.permutation_p(t, done, [1, 0, 0, 0, 0, 0]) == pytest.approx(1 / 6)
    assert model.permutation_p(t, done, [0, 0, 0, 0, 1, 0]) == pytest.approx(6 / 6)
    many = model.permutation_p(t, done, [1, 1, 0, 0, 0, 0], limit=14 * 100, rng=rng())
    assert many == pytest.approx(1 / 15)
    drawn = model.permutation_p(t, done, [1, 1, 0, 0, 0, 0], limit=14, rng=rng())
    assert drawn >= 1 / 15


def test_days_per_100_mw():
    assert model.days_per_100_mw([122, 500], [150, 1000]) == pytest.approx([81.333, 50], abs=1e-3)


D = ["2024-01-01"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: model.kaplan_meier([1, 2], [1]), "one flag"),
        (lambda: model.kaplan_meier([1, -2], [1, 1]), "not negative"),
        (lambda: model.kaplan_meier([1, 2], [1, 1], [1, -1]), "weights"),
        (lambda: model.survival_quantile([1, 2], [1, 1], 1.0), "between 0 and 1"),
        (lambda: model.cluster_weights([], 3, rng()), "one row"),
        (lambda: model.log_rank([1, 2], [1, 1], [1, 1]), "both groups"),
        (lambda: model.log_rank([1, 2, 3], [1, 1, 1], [1, 0, 0], ["a", "a", "b"]), "lie in both"),
        (lambda: model.accelerated_fit([1, 2], [1, 1], [[1], [1]], kind="gamma"), "unknown kind"),
        (lambda: model.accelerated_fit([0, 2], [1, 1], [[1], [1]]), "positive times"),
        (lambda: model.accelerated_fit([1, 2], [1, 1], [1, 1]), "one row of x"),
        (lambda: model.accelerated_fit([1, 2, 3], [1, 1, 1], [[1], [1]]), "one row of x"),
        (lambda: model.accelerated_fit([1, 2], [1, 0], [[1], [1]]), "too few"),
        (lambda: model.accelerated_fit([1, 2, 3, 4], [1] * 4, np.ones((4, 2))), "repeat"),
        (lambda: model.share_interval(3, 2), "between none and all"),
        (lambda: model.share_interval(0, 0), "between none and all"),
        (lambda: model.first_reached(D, [1, 2], 1), "one power"),
        (lambda: model.permutation_p([1, 2], [1, 1], [1, 1]), "some of others"),
        (lambda: model.days_per_100_mw([0], [100]), "positive"),
        (lambda: model.follow_up(D, D, D, D, "2025-01-01"), "later day"),
        (lambda: model.follow_up(D, ["2024-02-01"], ["2023-02-01"], D, "2025-01-01"), "no earlier"),
        (lambda: model.follow_up(D, ["NaT"], D, D, "2025-01-01"), "needs its day"),
        (lambda: model.follow_up(D, D * 2, D, D, "2025-01-01"), "one length"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
