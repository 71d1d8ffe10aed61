"""An aquifer's pumping: shares at stake, trends in very short records, ranks among basins.

Withdrawals are in million US gallons a day (MGD) throughout, times in years. Tests of trend are
those of Mann (1945) and Kendall with exact probabilities, since the surveys give six years or
fewer; slopes are those of Theil and Sen (Sen 1968). Nothing is read from files and nothing is
drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

EXACT_UP_TO = 50  # observations: beyond it the normal approximation is as good as exact


@dataclass(frozen=True)
class Trend:
    """A monotonic trend in a short series.

    `score` is Kendall's S (rising minus falling pairs), `tau` its share of all pairs, `p_value`
    two-sided under no trend. `slope`, `low` and `high` are Sen's slope and its confidence interval
    in units of the series a year.
    """

    n: int
    score: int
    tau: float
    p_value: float
    slope: float
    low: float
    high: float


def _series(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t, x = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
    if t.shape != x.shape or t.ndim != 1 or t.size < 3:
        raise ValueError(f"a trend needs three or more pairs, got shapes {t.shape} and {x.shape}")
    if not (np.isfinite(t).all() and np.isfinite(x).all()):
        raise ValueError("times and values must be finite")
    if (np.diff(t) <= 0).any():
        raise ValueError("times must rise")
    return t, x


def trend(times: np.ndarray, values: np.ndarray, confidence: float = 0.9) -> Trend:
    """Mann-Kendall test and Theil-Sen slope of `values` (n,) at `times` (n,), years ascending.

    The p-value is exact where there are no ties, else the normal approximation with its correction
    for ties (scipy.stats.kendalltau). Raises ValueError for fewer than three points, for gaps and
    for times that do not rise.
    """
    t, x = _series(times, values)
    score = int(scores(x[None, :])[0])
    ties = np.unique(x).size < x.size
    exact = x.size <= EXACT_UP_TO and not ties
    found = stats.kendalltau(t, x, method="exact" if exact else "asymptotic")
    constant = np.ptp(x) == 0
    slope, _, low, high = stats.theilslopes(x, t, alpha=confidence)
    return Trend(
        n=x.size,
        score=score,
        tau=0.0 if constant else float(found.statistic),
        p_value=1.0 if constant else float(found.pvalue),
        slope=float(slope),
        low=float(low),
        high=float(high),
    )


def scores(series: np.ndarray) -> np.ndarray:
    """Kendall's S of many series at once: `series` (draws, n) in order of time, S (draws,)."""
    x = np.asarray(series, dtype=float)
    early, late = np.triu_indices(x.shape[-1], k=1)
    return np.sign(x[..., late] - x[..., early]).sum(axis=-1).astype(int)


def score_probabilities(n: int) -> tuple[np.ndarray, np.ndarray]:
    """All values of S for `n` untied points without trend, ascending, and their probabilities.

    Exact: the orderings of n points with k inversions are counted by the product of the polynomials
    1 + z + … + z^(i-1) for i to n (Kendall), and S is the number of pairs less 2k. Both shapes are
    (n (n - 1) / 2 + 1,). Raises ValueError below two points and above EXACT_UP_TO.
    """
    if not 2 <= n <= EXACT_UP_TO:
        raise ValueError(f"n lies between 2 and {EXACT_UP_TO}, got {n}")
    share = np.ones(1)
    for i in range(2, n + 1):
        share = np.convolve(share, np.full(i, 1 / i))
    pairs = n * (n - 1) // 2
    return np.arange(-pairs, pairs + 1, 2), share


def critical_score(n: int, alpha: float) -> int | None:
    """The smallest |S| that `n` points must reach for a two-sided p of `alpha` or less.

    None where even a strictly rising series has a larger p, so that no test can find anything.
    """
    score, share = score_probabilities(n)
    tail = 2 * np.cumsum(share[::-1])[::-1]
    found = score[(tail <= alpha + 1e-12) & (score > 0)]
    return int(found[0]) if found.size else None


def detection_power(
    times: np.ndarray,
    slope: np.ndarray,
    spread: float,
    alpha: float,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Chance that the exact test finds a straight trend of `slope` (any shape) under normal noise.

    `times` (n,) years, `slope` in units a year, `spread` the noise's standard deviation in the same
    units. The same `draws` of noise serve all slopes. Returns the shape of `slope`; raises
    ValueError for a spread that is not positive.
    """
    if not spread > 0:
        raise ValueError(f"the spread must be positive, got {spread}")
    t = np.asarray(times, dtype=float)
    t = t - t.mean()
    least = critical_score(t.size, alpha)
    slopes = np.asarray(slope, dtype=float)
    if least is None:
        return np.zeros(slopes.shape)
    noise = spread * rng.standard_normal((draws, t.size))
    found = [(np.abs(scores(noise + b * t)) >= least).mean() for b in slopes.ravel()]
    return np.array(found).reshape(slopes.shape)


def share_at_stake(flow_mgd: np.ndarray, withdrawal_mgd: np.ndarray) -> np.ndarray:
    """A flow over the withdrawals it would add to or spare; shapes broadcast, no unit.

    Raises ValueError for a negative flow or a withdrawal that is not positive.
    """
    flow, taken = np.asarray(flow_mgd, dtype=float), np.asarray(withdrawal_mgd, dtype=float)
    if (flow < 0).any() or not (taken > 0).all():
        raise ValueError("flows must not be negative, and withdrawals must be positive")
    return flow / taken


def percentile_rank(
    values: np.ndarray, at: float, weights: np.ndarray | None = None
) -> tuple[float, float]:
    """Share of `values` (n,) below `at`, and share at or below it, by `weights` (n,) if given.

    Both are given, as a scale that is cut at its end has many ties there. Raises ValueError for an
    empty set, for values that are not finite and for weights that are negative or all zero.
    """
    x = np.asarray(values, dtype=float)
    w = np.ones(x.shape) if weights is None else np.asarray(weights, dtype=float)
    if x.size == 0 or x.shape != w.shape or not np.isfinite(x).all():
        raise ValueError("percentile_rank takes finite values, with one weight each")
    if (w < 0).any() or not w.sum() > 0:
        raise ValueError("weights must not be negative, nor all zero")
    whole = w.sum()
    return float(w[x < at].sum() / whole), float(w[x <= at].sum() / whole)


def weighted_cdf(
    values: np.ndarray, weights: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Values at the given shares of the summed `weights`: (levels,) of values, and the levels.

    `values` and `weights` (n,); `levels` between 0 and 1. The value at a level is the smallest one
    with at least that share of the weight at or below it.
    """
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if x.size == 0 or x.shape != w.shape or (w < 0).any() or not w.sum() > 0:
        raise ValueError("weighted_cdf takes values with weights that are not all zero")
    order = np.argsort(x, kind="stable")
    share = np.cumsum(w[order]) / w.sum()
    q = np.asarray(levels, dtype=float)
    place = np.searchsorted(share, np.clip(q - 1e-12, 0, None), side="left")
    return x[order][np.minimum(place, x.size - 1)], q


def weighed_alike(accounts: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of a number of which `accounts` disagree, each as likely as the others to be right.

    Each account is a low and a high end, in one unit, between which all values are alike; the two
    are equal where it is one number. Returns rising probabilities and the values there, two an
    account, as `uncertainty.tabulated` takes them. Raises ValueError for no account, for ends that
    are not finite or fall, and for accounts that overlap.
    """
    given = np.asarray(accounts, dtype=float).reshape(-1, 2)
    ends = np.sort(given, axis=0).ravel()
    if not ends.size or not np.isfinite(ends).all():
        raise ValueError("accounts need finite ends, and there is at least one")
    if (given[:, 0] > given[:, 1]).any() or (np.diff(ends) < 0).any():
        raise ValueError(
            "an account's low end is not above its high one, and none overlaps another"
        )
    edge = np.arange(len(given) + 1) / len(given)
    gap = 1e-9  # a step in probability from one account to the next
    return np.column_stack([edge[:-1] + gap, edge[1:]]).ravel(), ends


def leakage_saved(leakage: float, withdrawal: float, cut: np.ndarray) -> np.ndarray:
    """Most that `cut` less pumping can take off the `leakage` from above, in their common unit.

    Leakage follows the difference of head across the confining unit (Darcy), and drawdown follows
    pumping in a confined aquifer (superposition). If all of that difference is due to pumping,
    leakage falls in proportion to pumping; what difference there is without pumping makes it fall
    less. Raises ValueError where the cut exceeds the pumping.
    """
    spared = np.asarray(cut, dtype=float)
    if (spared > withdrawal).any() or (spared < 0).any():
        raise ValueError("the cut lies between nothing and all of the pumping")
    return leakage * spared / withdrawal
