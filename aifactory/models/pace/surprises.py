"""How far outcomes differ from what was expected: signed errors, clusters, tests out of sample.

A forecast f of a quantity that came out at a has the log error e = ln(a / f): positive where the
outcome exceeded the forecast, 0 where it met it. One number is forecast many times, and firms of
one year share its luck; so rows are first averaged within clusters (one firm or body in one year),
and clusters of one year count for less than so many independent ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from aifactory.models.networking import failures


def _numbers(values: ArrayLike, what: str) -> np.ndarray:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or x.size == 0 or not np.isfinite(x).all():
        raise ValueError(f"{what} must be a list of finite numbers, and not an empty one")
    return x


def log_error(forecast: ArrayLike, actual: ArrayLike) -> np.ndarray:
    """Signed log error ln(actual / forecast), any shape, no unit; both in the same unit.

    Raises ValueError where either is not positive.
    """
    f, a = np.asarray(forecast, dtype=float), np.asarray(actual, dtype=float)
    if not ((f > 0).all() and (a > 0).all()):
        raise ValueError("forecasts and outcomes must be positive")
    return np.log(a / f)


@dataclass(frozen=True)
class Clusters:
    """Rows averaged within clusters, in the order of `name` (k,).

    `error` (k,) is the mean log error, `share` (k,) the share of rows above nought (0 to 1; rows
    of exactly nought are left out, and NaN stands where a cluster has no others), `rows` (k,) how
    many rows there are.
    """

    name: np.ndarray
    error: np.ndarray
    share: np.ndarray
    rows: np.ndarray


def by_cluster(error: ArrayLike, cluster: ArrayLike) -> Clusters:
    """Average log errors (n,) within clusters (n,). Raises ValueError for lists that differ."""
    e = _numbers(error, "errors")
    name, at = np.unique(np.asarray(cluster), return_inverse=True)
    if at.shape != e.shape:
        raise ValueError("give one cluster for each error")
    rows = np.bincount(at)
    above, told = np.bincount(at, e > 0), np.bincount(at, e != 0)
    share = np.divide(above, told, out=np.full(rows.size, np.nan), where=told > 0)
    return Clusters(name, np.bincount(at, e) / rows, share, rows)


@dataclass(frozen=True)
class SignTests:
    """`above` of `n` errors exceed nought; two-sided p of the sign and the signed-rank test."""

    n: int
    above: int
    p_sign: float
    p_rank: float


def sign_tests(error: ArrayLike) -> SignTests:
    """Are independent errors (n,) as often above as below nought?

    The exact binomial test of the signs, and Wilcoxon's signed-rank test (exact up to 50 errors
    without ties in size) :cite:`wilcoxon-1945`; errors of nought are dropped. Raises ValueError
    where none is left.
    """
    e = _numbers(error, "errors")
    e = e[e != 0]
    if e.size == 0:
        raise ValueError("sign_tests() needs an error that is not nought")
    above = int((e > 0).sum())
    p_sign = float(stats.binomtest(above, e.size).pvalue)
    return SignTests(e.size, above, p_sign, float(stats.wilcoxon(e).pvalue))


def effective_weight(year: ArrayLike, correlation: ArrayLike) -> np.ndarray:
    """What one of m clusters of a year counts, 1 / (1 + (m - 1) rho) :cite:`kish-1965`.

    `year` (k,) and `correlation` rho (...), from 0 (each counts in full) to 1 (all of a year count
    as one together). Returns weights (..., k). Raises ValueError for rho outside 0 to 1.
    """
    rho = np.asarray(correlation, dtype=float)
    if not ((rho >= 0) & (rho <= 1)).all():
        raise ValueError("a correlation lies between 0 and 1 here")
    _, at, size = np.unique(np.asarray(year), return_inverse=True, return_counts=True)
    return 1 / (1 + (size[at] - 1) * rho[..., None])


def beat_rate(
    share: ArrayLike,
    year: ArrayLike,
    correlation: ArrayLike,
    rng: np.random.Generator,
    prior: float = 1.0,
) -> np.ndarray:
    """Draws of the rate at which outcomes exceed expectations, one for each correlation (draws,).

    Clusters have the shares `share` (k,) of forecasts exceeded, from 0 to 1, and years (k,); with
    weights w as in `effective_weight`, the rate is Beta(prior + sum w share, prior +
    sum w (1 - share)): the binomial posterior :cite:`gelman-2013` at the effective number of
    clusters. Clusters without a share (NaN) are left out; with none left the prior comes back.
    Raises ValueError for shares outside 0 to 1 or a prior that is not positive.
    """
    s, y = np.asarray(share, dtype=float), np.asarray(year)
    rho = np.asarray(correlation, dtype=float)
    if s.shape != y.shape or s.ndim != 1 or rho.ndim != 1 or prior <= 0:
        raise ValueError("beat_rate() needs one year a share, a list of correlations, a prior > 0")
    known = ~np.isnan(s)
    if not ((s[known] >= 0) & (s[known] <= 1)).all():
        raise ValueError("shares lie between 0 and 1")
    w = effective_weight(y[known], rho)
    return rng.beta(prior + w @ s[known], prior + w @ (1 - s[known]))


def shrunken_means(
    mean: ArrayLike, variance: ArrayLike
) -> tuple[failures.Pool, np.ndarray, np.ndarray]:
    """Means of groups that differ, drawn towards their common mean (hierarchical mean).

    `mean` (k,) of each of three or more groups and the `variance` (k,) of that mean; between
    groups the truth varies by tau, estimated by moments (`failures.pool`). Each group moves to the
    common mean by v / (v + tau^2), the empirical Bayes estimate :cite:`morris-1983`. Returns the
    pool, the shrunken means (k,) and their standard errors (k,). Raises ValueError as
    `failures.pool` does.
    """
    found = failures.pool(mean, variance)
    m, v = np.asarray(mean, dtype=float), np.asarray(variance, dtype=float)
    pull = v / (v + found.tau**2)
    own = np.sqrt(v * (1 - pull) + (pull * found.se) ** 2)
    return found, (1 - pull) * m + pull * found.mean, own


def known_bias(
    error: ArrayLike, known: ArrayLike, made: ArrayLike, cluster: ArrayLike | None = None
) -> np.ndarray:
    """The mean error that could be known when each forecast was made (n,); NaN where none was.

    For forecast i it is the mean over clusters (default: each row its own) of the errors of all
    forecasts whose outcome was `known` (n,) no later than i was `made` (n,): numbers or days.
    Taking it off the error tests out of sample whether the past bias persists. Raises ValueError
    for lists that differ in length.
    """
    e = _numbers(error, "errors")
    k, d = np.asarray(known), np.asarray(made)
    c = np.arange(e.size) if cluster is None else np.asarray(cluster)
    if not (k.shape == d.shape == c.shape == e.shape):
        raise ValueError("known_bias() takes lists of one length")
    out = np.full(e.size, np.nan)
    for i in range(e.size):
        past = k <= d[i]
        if past.any():
            out[i] = by_cluster(e[past], c[past]).error.mean()
    return out


@dataclass(frozen=True)
class BrierParts:
    """Murphy's parts: brier = reliability - resolution + uncertainty + within.

    `within` is what forecasts differ inside a bin, 0 where each bin holds one value. For the bins
    in use: mean `forecast`, share `observed` that came true, and `weight` (all sum to 1).
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    forecast: np.ndarray
    observed: np.ndarray
    weight: np.ndarray


def brier_parts(
    probability: ArrayLike,
    outcome: ArrayLike,
    edges: ArrayLike,
    weight: ArrayLike | None = None,
) -> BrierParts:
    """Brier score :cite:`brier-1950` and its parts :cite:`murphy-1973`, over bins of probability.

    `probability` (n,) from 0 to 1, `outcome` (n,) 0 or 1, `edges` of the bins, rising from 0 to 1
    (the last bin holds its upper edge), `weight` (n,) of each forecast (default: equal; 1 / m for
    the m forecasts of one question). Raises ValueError for values out of range.
    """
    p, o = _numbers(probability, "probabilities"), _numbers(outcome, "outcomes")
    w = np.ones(p.size) if weight is None else _numbers(weight, "weights")
    cut = _numbers(edges, "edges")
    if not (p.shape == o.shape == w.shape) or (w < 0).any() or w.sum() <= 0:
        raise ValueError("brier_parts() needs one outcome and one weight for each probability")
    if ((p < 0) | (p > 1)).any() or not np.isin(o, (0, 1)).all():
        raise ValueError("probabilities lie between 0 and 1, and outcomes are 0 or 1")
    if cut[0] != 0 or cut[-1] != 1 or (np.diff(cut) <= 0).any():
        raise ValueError("edges rise from 0 to 1")
    w = w / w.sum()
    at = np.clip(np.searchsorted(cut, p, side="right") - 1, 0, cut.size - 2)
    total = np.bincount(at, w, cut.size - 1)
    used = total > 0
    f = np.bincount(at, w * p, cut.size - 1)[used] / total[used]
    h = np.bincount(at, w * o, cut.size - 1)[used] / total[used]
    n, base = total[used], float(w @ o)
    brier = float(w @ (p - o) ** 2)
    rel, res = float(n @ (f - h) ** 2), float(n @ (h - base) ** 2)
    unc = base * (1 - base)
    return BrierParts(brier, rel, res, unc, brier - (rel - res + unc), f, h, n)
