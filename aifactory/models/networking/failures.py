"""How often machines fail, how sure that is, and whether failures come independently.

Rates are per unit and hour, times in whatever unit they come in. Exposure is machines times hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from aifactory.uncertainty import Z95


def poisson_rate(events: ArrayLike, exposure_h: ArrayLike, level: float = 0.9) -> np.ndarray:
    """Failures per unit and hour with the exact interval of a Poisson count :cite:`garwood-1936`.

    Returns an array of shape (..., 3): lower end, events over exposure, upper end. Half of what
    `level` leaves lies on either side; the ends are gamma quantiles. Raises ValueError for counts
    below nought, no exposure, or a level outside 0 to 1.
    """
    k, t = np.broadcast_arrays(np.asarray(events, dtype=float), np.asarray(exposure_h, dtype=float))
    if not ((k >= 0).all() and np.isfinite(k).all()):
        raise ValueError("events must be counts that are not negative")
    if not ((t > 0).all() and np.isfinite(t).all()):
        raise ValueError("exposure_h must be positive and finite")
    if not 0 < level < 1:
        raise ValueError("level lies between 0 and 1")
    tail = (1 - level) / 2
    low = np.where(k > 0, stats.gamma.ppf(tail, np.maximum(k, 1)), 0.0)
    return np.stack([low, k, stats.gamma.ppf(1 - tail, k + 1)], axis=-1) / t[..., None]


@dataclass(frozen=True)
class Pool:
    """Studies that differ by more than chance: a normal distribution of their true effects.

    `mean` and its standard error `se`, and `tau`, the standard deviation between studies.
    """

    mean: float
    se: float
    tau: float
    studies: int

    def predict(self, probability: ArrayLike) -> np.ndarray:
        """Quantiles of the effect in a further study :cite:`higgins-2009`.

        Student's t with two degrees of freedom fewer than there are studies, on a scale that adds
        the spread between studies to the error of their mean.
        """
        t = stats.t.ppf(np.asarray(probability, dtype=float), self.studies - 2)
        return self.mean + t * np.hypot(self.tau, self.se)


def pool(effects: ArrayLike, variances: ArrayLike) -> Pool:
    """Random-effects mean of studies by moments :cite:`dersimonian-laird-1986`.

    `effects` and their sampling `variances`, shape (studies,), are on a scale on which errors are
    about normal: of rates, the logarithm, whose variance is one over the count. Raises ValueError
    for fewer than three studies or a variance that is not positive.
    """
    y, v = np.asarray(effects, dtype=float), np.asarray(variances, dtype=float)
    if y.ndim != 1 or y.shape != v.shape or y.size < 3:
        raise ValueError("pool() needs one effect and one variance a study, of three at least")
    if not (np.isfinite(y).all() and (v > 0).all()):
        raise ValueError("effects must be finite and variances positive")
    w = 1 / v
    heterogeneity = (w * (y - np.average(y, weights=w)) ** 2).sum()
    tau2 = max(0.0, (heterogeneity - (y.size - 1)) / (w.sum() - (w**2).sum() / w.sum()))
    w = 1 / (v + tau2)
    return Pool(float(np.average(y, weights=w)), float(w.sum() ** -0.5), tau2**0.5, y.size)


@dataclass(frozen=True)
class Weibull:
    """A fitted Weibull distribution; `shape_low` and `shape_high` bound a 90 % interval.

    A shape below 1 means that a failure makes the next one likelier for a while, above 1 that
    machines wear out. `p_constant` is the p-value of a constant failure rate (shape 1).
    """

    shape: float
    scale: float
    shape_low: float
    shape_high: float
    p_constant: float
    failures: int


def weibull(time: ArrayLike, failed: ArrayLike | None = None) -> Weibull:
    """Maximum-likelihood Weibull fit to times of which some are censored :cite:`lawless-2003`.

    `time` (n,) is positive; `failed` (n,) says whether it ended in a failure (default: all did).
    The scale has a closed form for each shape, so that one equation in the shape is left, with one
    root; the interval is normal in the logarithm of the shape. Raises ValueError for times that
    are not positive or fewer than two failures at different times.
    """
    t = np.asarray(time, dtype=float)
    hit = np.ones(t.shape, bool) if failed is None else np.asarray(failed, dtype=bool)
    if t.ndim != 1 or hit.shape != t.shape or not (np.isfinite(t).all() and (t > 0).all()):
        raise ValueError("weibull() takes positive finite times and one flag for each")
    if np.unique(t[hit]).size < 2:
        raise ValueError("weibull() needs failures at two times at least")
    d, log_t = int(hit.sum()), np.log(t / t.max())  # the largest time is the unit: no overflow

    def tilted(k: float) -> tuple[np.ndarray, float]:
        w = np.exp(k * log_t)
        return w / w.sum(), float(w.sum())

    def score(log_k: float) -> float:
        k = np.exp(log_k)
        return float(1 / k + log_t[hit].mean() - tilted(k)[0] @ log_t)

    k = float(np.exp(optimize.brentq(score, np.log(1e-3), np.log(1e3), xtol=1e-10)))
    w, total = tilted(k)
    spread = float(w @ log_t**2 - (w @ log_t) ** 2)
    half = Z95 / np.sqrt(d * (1 + k**2 * spread))

    def likelihood(shape: float) -> float:
        mass = tilted(shape)[1]
        return float(d * np.log(shape * d / mass) + (shape - 1) * log_t[hit].sum())

    gain = 2 * (likelihood(k) - likelihood(1.0))
    return Weibull(
        k, float(t.max() * (total / d) ** (1 / k)), float(k * np.exp(-half)),
        float(k * np.exp(half)), float(stats.chi2.sf(max(0.0, gain), 1)), d,
    )  # fmt: skip


def survival(time: ArrayLike, failed: ArrayLike, at: ArrayLike) -> np.ndarray:
    """Kaplan and Meier's share that survives beyond each time of `at` :cite:`kaplan-meier-1958`.

    `time` (n,) ends in a failure where `failed` (n,) and is censored elsewhere. Returns the shape
    of `at`, in 0 to 1. Raises ValueError where the two differ in length or a time is negative.
    """
    return stats.ecdf(_censored(time, failed)).sf.evaluate(np.asarray(at, dtype=float))


def log_rank(
    time: ArrayLike, failed: ArrayLike, other_time: ArrayLike, other_failed: ArrayLike
) -> float:
    """p-value of two groups failing alike, by the log-rank test :cite:`mantel-1966`."""
    return float(stats.logrank(_censored(time, failed), _censored(other_time, other_failed)).pvalue)


def _censored(time: ArrayLike, failed: ArrayLike) -> stats.CensoredData:
    t, hit = np.asarray(time, dtype=float), np.asarray(failed, dtype=bool)
    if t.ndim != 1 or t.shape != hit.shape or t.size == 0:
        raise ValueError("give one time and one flag for each machine")
    if not (np.isfinite(t).all() and (t >= 0).all()):
        raise ValueError("times must be finite and not negative")
    return stats.CensoredData.right_censored(t, ~hit)


def gaps(moments: ArrayLike) -> np.ndarray:
    """Times between successive moments, those that coincide taken as one."""
    return np.diff(np.unique(np.asarray(moments, dtype=float)))


def dispersion(counts: ArrayLike) -> tuple[float, float]:
    """Variance over mean of counts in equal windows, and its p-value where failures are Poisson.

    One for a Poisson process; above it where failures come in clusters or the rate drifts. The
    test is Fisher's chi-square index :cite:`cox-lewis-1966`. Raises ValueError for fewer than two
    windows or no failures at all.
    """
    n = np.asarray(counts, dtype=float)
    if n.ndim != 1 or n.size < 2 or n.sum() <= 0 or (n < 0).any():
        raise ValueError("dispersion() needs counts of two windows at least, and some failures")
    index = float(n.var(ddof=1) / n.mean())
    return index, float(stats.chi2.sf(index * (n.size - 1), n.size - 1))
