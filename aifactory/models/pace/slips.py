"""How late promises are kept: survival of slip ratios, clusters, reference classes, build speed.

A promise made on day `stated` for day `promised` has the horizon H = promised - stated (days). It
is followed for T days, to its delivery or to the last day on which it was seen undelivered. The
slip ratio r = T / H is 1 for a promise kept to the day; where it was not delivered it is only
known that r is larger (censored). Promises on one project are not independent: whatever is drawn
here is drawn by cluster.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class FollowUp:
    """Promises as they stood on one day.

    `horizon_days` and `time_days` (n,) in days, `delivered` (n,) whether the time ended in
    delivery. A promise made after that day has a time of NaN.
    """

    horizon_days: np.ndarray
    time_days: np.ndarray
    delivered: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """Slip ratio r = T / H (n,), no unit."""
        return self.time_days / self.horizon_days


def follow_up(
    stated: ArrayLike, promised: ArrayLike, delivered: ArrayLike, seen_until: ArrayLike, at: str
) -> FollowUp:
    """Follow promises to the day `at`, using nothing that happened later.

    All four are arrays (n,) of days (datetime64); `delivered` is NaT where no delivery was seen,
    and then `seen_until` is the last day on which it was known to be missing. Raises ValueError
    where a promise is for a day before it was made, or was delivered before.
    """
    s, p, d, u = (np.asarray(x, dtype="datetime64[D]") for x in (stated, promised, delivered,
                                                                 seen_until))  # fmt: skip
    if not (s.shape == p.shape == d.shape == u.shape and s.ndim == 1):
        raise ValueError("follow_up() takes four lists of days of one length")
    if np.isnat(s).any() or np.isnat(p).any() or np.isnat(u).any():
        raise ValueError("each promise needs its day, its promised day and a last day seen")
    if (p <= s).any() or (d < s).any() or (u < s).any():
        raise ValueError("a promise is for a later day than its own, and ends no earlier")
    day = np.datetime64(at, "D")
    done = ~np.isnat(d) & (d <= day)
    end = np.where(done, d, np.minimum(np.where(np.isnat(d), u, day), day))
    time = (end - s).astype(float)
    horizon = (p - s).astype(float)
    return FollowUp(horizon, np.where(s <= day, time, np.nan), done)


def _checked(time: ArrayLike, event: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    t, e = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    if t.ndim != 1 or t.shape != e.shape or t.size == 0:
        raise ValueError("give one time and one flag for each promise")
    if not (np.isfinite(t).all() and (t >= 0).all()):
        raise ValueError("times must be finite and not negative")
    return t, e


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, weights: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Share not yet delivered, S(t) = prod(1 - d_i / n_i) :cite:`kaplan-meier-1958`.

    `time` (n,) ends in an event where `event` (n,), else it is censored. `weights` (..., n) count
    each row that often (default: once); one curve is returned for each set. Returns the distinct
    times of events (k,) and S just after each (..., k), between 0 and 1. Raises ValueError for
    lists that differ in length, negative times or negative weights.
    """
    t, e = _checked(time, event)
    w = np.ones(t.size) if weights is None else np.asarray(weights, dtype=float)
    if w.shape[-1] != t.size or not (np.isfinite(w).all() and (w >= 0).all()):
        raise ValueError("weights must be finite, not negative, and one for each time")
    steps = np.unique(t[e])
    at_risk = w @ (t[:, None] >= steps).astype(float)
    events = w @ ((t[:, None] == steps) & e[:, None]).astype(float)
    share = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    return steps, np.cumprod(np.clip(1 - share, 0, 1), axis=-1)


def survival_quantile(
    time: ArrayLike, event: ArrayLike, q: float = 0.5, weights: ArrayLike | None = None
) -> np.ndarray:
    """First time by which a share `q` is delivered, by the Kaplan-Meier curve; shape (...).

    Infinite where the curve never falls so far. Raises as `kaplan_meier`, and for q outside 0 to 1.
    """
    if not 0 < q < 1:
        raise ValueError("q lies between 0 and 1")
    steps, left = kaplan_meier(time, event, weights)
    if steps.size == 0:
        return np.full(left.shape[:-1], np.inf)
    reached = left <= 1 - q + 1e-12
    return np.where(reached.any(axis=-1), steps[reached.argmax(axis=-1)], np.inf)


def cluster_weights(clusters: ArrayLike, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Bayesian bootstrap by cluster: weights (draws, n), one for all rows of a cluster.

    Each draw gives the clusters Dirichlet(1, ..., 1) weights, times their number, so that the mean
    weight is 1 :cite:`rubin-1981`. No cluster is ever left out altogether, as happens when few
    clusters are drawn with replacement. Raises ValueError for no rows.
    """
    names, at = np.unique(np.asarray(clusters), return_inverse=True)
    if names.size == 0:
        raise ValueError("cluster_weights() needs one row at least")
    gamma = rng.standard_exponential((draws, names.size))
    return (gamma / gamma.mean(axis=1, keepdims=True))[:, at]


@dataclass(frozen=True)
class LogRank:
    """Two groups compared: chi-square of the log-rank test and two p-values.

    `p_value` takes the rows as independent; `p_cluster` moves whole clusters between the groups.
    """

    chi2: float
    p_value: float
    p_cluster: float


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    cluster: ArrayLike | None = None,
    draws: int = 2000,
    rng: np.random.Generator | None = None,
) -> LogRank:
    """Do two groups deliver alike? Log-rank test, with a permutation test by cluster.

    `group` (n,) says which rows are in the first group. The statistic is (O - E)^2 / V of Mantel
    :cite:`mantel-1966`. The permutation shuffles the group's name over clusters (default: each row
    its own), each of which must lie in one group, and counts how often the statistic is as large.
    Raises ValueError where a group is empty or a cluster lies in both.
    """
    t, e = _checked(time, event)
    g = np.asarray(group, dtype=bool)
    if g.shape != t.shape or g.all() or not g.any():
        raise ValueError("log_rank() needs rows in both groups")
    names, at = np.unique(
        np.arange(t.size) if cluster is None else np.asarray(cluster), return_inverse=True
    )
    of = np.array([g[at == i].mean() for i in range(names.size)])
    if ((of > 0) & (of < 1)).any():
        raise ValueError("a cluster cannot lie in both groups")
    rng = np.random.default_rng(0) if rng is None else rng
    shuffled = rng.permuted(np.tile(of > 0.5, (draws, 1)), axis=1)
    steps = np.unique(t[e])
    risk = (t[:, None] >= steps).astype(float)
    hits = ((t[:, None] == steps) & e[:, None]).astype(float)
    n, d = risk.sum(axis=0), hits.sum(axis=0)

    def chi2(members: np.ndarray) -> np.ndarray:
        m = members.astype(float)
        share = (m @ risk) / n
        gap = (m @ hits).sum(axis=-1) - (d * share).sum(axis=-1)
        spread = d * share * (1 - share) * (n - d) / np.maximum(n - 1, 1)
        total = spread.sum(axis=-1)
        return np.divide(gap**2, total, out=np.zeros_like(gap), where=total > 0)

    found = float(chi2(g[None, :])[0])
    other = chi2(shuffled[:, at])
    p = (1 + np.sum(other >= found - 1e-9)) / (draws + 1)
    return LogRank(found, float(stats.chi2.sf(found, 1)), float(p))


@dataclass(frozen=True)
class AcceleratedFit:
    """log T = x b + s e, fitted to censored times.

    `coef` (k,) and `scale` s, standard errors `se` (k,) by cluster, `log_likelihood` of the times
    themselves, and the `kind` of e: normal (log-normal T) or smallest extreme value (Weibull T).
    """

    kind: str
    coef: np.ndarray
    scale: float
    se: np.ndarray
    log_likelihood: float

    def quantile(self, q: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Time by which a share q is delivered, given covariates x (..., k); unit of T."""
        p = np.asarray(q, dtype=float)
        e = stats.norm.ppf(p) if self.kind == "log-normal" else np.log(-np.log1p(-p))
        return np.exp(np.asarray(x, dtype=float) @ self.coef + self.scale * e)


def accelerated_fit(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    cluster: ArrayLike | None = None,
    kind: str = "log-normal",
) -> AcceleratedFit:
    """Accelerated failure time model by maximum likelihood :cite:`cox-oakes-1984`.

    `time` (n,) positive, `event` (n,), `x` (n, k) with its own column of ones, `kind` "log-normal"
    or "weibull". Standard errors are the sandwich of scores summed by cluster
    :cite:`liang-zeger-1986`. Raises ValueError for an unknown kind, times that are not positive,
    or fewer events than coefficients and a scale.
    """
    t, e = _checked(time, event)
    design = np.asarray(x, dtype=float)
    if kind not in ("log-normal", "weibull"):
        raise ValueError(f"unknown kind {kind!r}: log-normal or weibull")
    if design.ndim != 2 or len(design) != t.size or (t <= 0).any():
        raise ValueError("accelerated_fit() needs positive times and one row of x for each")
    k = design.shape[1]
    if e.sum() < k + 1 or np.linalg.matrix_rank(design) < k:
        raise ValueError("too few deliveries, or columns of x that repeat one another")
    y = np.log(t)

    def parts(beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-likelihood (n,) and its scores (n, k + 1)."""
        s = np.exp(beta[-1])
        z = (y - design @ beta[:-1]) / s
        if kind == "log-normal":
            density, beyond = stats.norm.logpdf(z), stats.norm.logsf(z)
            slope = np.where(e, -z, -np.exp(density - beyond))
        else:
            ez = np.exp(np.minimum(z, 700.0))
            density, beyond = z - ez, -ez
            slope = np.where(e, 1 - ez, -ez)
        value = np.where(e, density - beta[-1] - y, beyond)
        scores = np.column_stack([-slope[:, None] * design / s, -slope * z - e])
        return value, scores

    start = np.append(np.linalg.lstsq(design, y, rcond=None)[0], np.log(y.std() + 0.1))
    found = optimize.minimize(
        lambda b: -parts(b)[0].sum(),
        start,
        jac=lambda b: -parts(b)[1].sum(axis=0),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    beta = found.x
    step = 1e-5
    curve = np.array(
        [
            (parts(beta + step * u)[1].sum(axis=0) - parts(beta - step * u)[1].sum(axis=0))
            / (2 * step)
            for u in np.eye(k + 1)
        ]
    )
    value, scores = parts(beta)
    _, at = np.unique(
        np.arange(t.size) if cluster is None else np.asarray(cluster), return_inverse=True
    )
    summed = np.zeros((at.max() + 1, k + 1))
    np.add.at(summed, at, scores)
    bread = np.linalg.inv(curve)
    covariance = bread @ summed.T @ summed @ bread
    return AcceleratedFit(
        kind, beta[:-1], float(np.exp(beta[-1])), np.sqrt(np.diag(covariance)[:-1]),
        float(value.sum()),
    )  # fmt: skip


def share_interval(kept: ArrayLike, due: ArrayLike, level: float = 0.9) -> np.ndarray:
    """Share kept with Jeffreys' interval :cite:`jeffreys-1946`: (..., 3) low, observed, high.

    The ends are quantiles of Beta(kept + 1/2, due - kept + 1/2), the lower one 0 where none was
    kept and the upper one 1 where all were. Raises ValueError for more kept than due, or none due.
    """
    k, n = np.broadcast_arrays(np.asarray(kept, dtype=float), np.asarray(due, dtype=float))
    if (n <= 0).any() or (k < 0).any() or (k > n).any():
        raise ValueError("of promises due, between none and all can be kept")
    tail = (1 - level) / 2
    posterior = stats.beta(k + 0.5, n - k + 0.5)
    low = np.where(k == 0, 0.0, posterior.ppf(tail))
    high = np.where(k == n, 1.0, posterior.ppf(1 - tail))
    return np.stack([low, k / n, high], axis=-1)


def first_reached(day: ArrayLike, power_mw: ArrayLike, threshold_mw: float) -> np.datetime64:
    """First day (datetime64) with at least `threshold_mw`; NaT where it is never reached.

    `day` (n,) and `power_mw` (n,) are a site's milestones in any order. Raises ValueError for
    lists that differ in length.
    """
    d, p = np.asarray(day, dtype="datetime64[D]"), np.asarray(power_mw, dtype=float)
    if d.shape != p.shape or d.ndim != 1:
        raise ValueError("give one power for each day")
    there = d[p >= threshold_mw]
    return there.min() if there.size else np.datetime64("NaT", "D")


def gehan_scores(time: ArrayLike, event: ArrayLike) -> np.ndarray:
    """Others known to be slower less others known to be faster, for each row (n,).

    With censoring some pairs cannot be ordered and count nought :cite:`gehan-1965`.
    """
    t, e = _checked(time, event)
    sooner = e[:, None] & ((t[:, None] < t) | ((t[:, None] == t) & ~e))
    return (sooner.sum(axis=1) - sooner.sum(axis=0)).astype(float)


def permutation_p(
    time: ArrayLike,
    event: ArrayLike,
    ours: ArrayLike,
    limit: int = 200_000,
    rng: np.random.Generator | None = None,
) -> float:
    """Chance that sites picked at random would be as quick as `ours` (n,), by summed Gehan scores.

    All choices of so many sites are tried where there are at most `limit`, else `limit` random
    ones. Raises ValueError where no site or every site is ours.
    """
    scores = gehan_scores(time, event)
    mine = np.asarray(ours, dtype=bool)
    if mine.shape != scores.shape or mine.all() or not mine.any():
        raise ValueError("permutation_p() needs some sites of ours and some of others")
    m, total = int(mine.sum()), float(scores[mine].sum())
    if math.comb(scores.size, m) <= limit:
        sums = np.array([scores[list(c)].sum() for c in itertools.combinations(range(scores.size),
                                                                               m)])  # fmt: skip
        return float(np.mean(sums >= total - 1e-9))
    rng = np.random.default_rng(0) if rng is None else rng
    sums = np.array([rng.permutation(scores)[:m].sum() for _ in range(limit)])
    return float((1 + np.sum(sums >= total - 1e-9)) / (limit + 1))


def days_per_100_mw(days: ArrayLike, power_mw: ArrayLike) -> np.ndarray:
    """Days from the start of works for each 100 MW that stood at their end; days per 100 MW.

    Raises ValueError for days or powers that are not positive.
    """
    d, p = np.asarray(days, dtype=float), np.asarray(power_mw, dtype=float)
    if not ((d > 0).all() and (p > 0).all()):
        raise ValueError("days and power_mw must be positive")
    return d / (p / 100)
