"""Has a series left its earlier trend? Growth rates, log-linear trends, breaks, counting firms.

Two models of an earlier trend, each with the small-sample (Student t) prediction of a later value.
`fit_drift` uses growth rates alone, so that levels of different series are never compared, and lets
a series wander off for good. `fit_panel` draws parallel log-linear lines, one level a series and
one slope for all, to which values return. Years are numbers, values positive and in any unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from aifactory.models.arguments import finite_positive


def growth_per_year(first: ArrayLike, last: ArrayLike, years: ArrayLike) -> np.ndarray:
    """Compound growth a year: (last / first)^(1 / years) - 1.

    Raises ValueError for values or spans that are not positive.
    """
    a, b, t = finite_positive(first=first, last=last, years=years)
    return np.expm1(np.log(b / a) / t)


@dataclass(frozen=True)
class Drift:
    """A random walk with drift in logarithms, learnt from growth over spans of years.

    `rate` is the mean growth of the logarithm a year, `sd` the standard deviation of a year's
    growth around it (per square root of a year), `observed_years` the sum of the spans, `df` the
    degrees of freedom.
    """

    rate: float
    sd: float
    observed_years: float
    df: int

    def error(self, years: ArrayLike) -> np.ndarray:
        """Standard error of the logarithm of growth over a later span of `years`.

        sd sqrt(D + D^2 / T): the walk's own steps, and the error of the drift. Raises ValueError
        for spans that are not positive.
        """
        (t,) = finite_positive(years=years)
        return self.sd * np.sqrt(t + t**2 / self.observed_years)

    def predict(self, years: ArrayLike, u: ArrayLike) -> np.ndarray:
        """Quantiles of later over earlier value after `years`, at probabilities `u`."""
        t = np.asarray(years, dtype=float)
        return np.exp(self.rate * t + self.error(t) * stats.t.ppf(u, self.df))

    def after_total(self, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Draws (draws,) of the next year's value over the total of the `years` before it.

        Walks with the drift and the spread as uncertain as the spans leave them: the variance
        sd^2 df / chi^2, the drift normal around its estimate with that variance over the years
        observed. With one year it has the distribution of `predict`. Raises ValueError for less
        than one year.
        """
        if years < 1:
            raise ValueError("a total needs at least one year")
        sd = self.sd * np.sqrt(self.df / rng.chisquare(self.df, draws))
        drift = self.rate + sd / np.sqrt(self.observed_years) * rng.standard_normal(draws)
        steps = drift[:, None] + sd[:, None] * rng.standard_normal((draws, years))
        path = np.cumsum(np.column_stack([np.zeros(draws), steps]), axis=1)
        return np.exp(path[:, -1]) / np.exp(path[:, :-1]).sum(axis=1)

    def exceeded(self, ratio: ArrayLike, years: ArrayLike, factor: float = 1.0) -> np.ndarray:
        """Probability that growth by `ratio` over `years` is at least `factor` times the trend's.

        Raises ValueError for ratios, spans or factors that are not positive.
        """
        r, t, f = finite_positive(ratio=ratio, years=years, factor=factor)
        return stats.t.cdf((np.log(r / f) - self.rate * t) / self.error(t), self.df)


def fit_drift(ratio: ArrayLike, years: ArrayLike) -> Drift:
    """Learn a drift from ratios of later to earlier values over spans of years.

    ln(ratio) is normal with mean g D and variance s^2 D over a span D, independent between spans:
    g = sum ln(ratio) / sum D, s^2 = sum (ln(ratio) - g D)^2 / D / (n - 1). Spans of one series must
    not overlap. Raises ValueError for fewer than three ratios, unequal lengths, values that are not
    positive, or growth that never differs.
    """
    r, t = finite_positive(ratio=ratio, years=years)
    r, t = r.ravel(), t.ravel()
    if r.size != t.size or r.size < 3:
        raise ValueError("a drift needs at least three ratios and as many spans")
    logs = np.log(r)
    rate = logs.sum() / t.sum()
    sd = np.sqrt(((logs - rate * t) ** 2 / t).sum() / (r.size - 1))
    if not sd > 1e-12:
        raise ValueError("growth never differs: its spread cannot be learnt")
    return Drift(float(rate), float(sd), float(t.sum()), r.size - 1)


@dataclass(frozen=True)
class Panel:
    """Parallel log-linear trends: ln y = level of the series + rate (year - reference) + error.

    `levels` maps a series to its level in the reference year, `rate` is the slope of all, `sd` the
    standard deviation of errors, `df` the degrees of freedom, `unscaled` the inverse of X'X with
    series in the order of `levels` and the slope last.
    """

    levels: Mapping[str, float]
    rate: float
    reference: float
    sd: float
    df: int
    unscaled: np.ndarray

    def _line(self, series: str, year: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        if series not in self.levels:
            raise ValueError(f"no series {series!r} in the trend; it has {list(self.levels)}")
        t = np.asarray(year, dtype=float) - self.reference
        k = list(self.levels).index(series)
        c = self.unscaled
        lever = c[k, k] + 2 * t * c[k, -1] + t**2 * c[-1, -1]
        return self.levels[series] + self.rate * t, self.sd * np.sqrt(1 + lever)

    def predict(self, series: str, year: ArrayLike, u: ArrayLike) -> np.ndarray:
        """Quantiles of one more value of `series` in `year`, at probabilities `u`.

        Student t prediction of ordinary least squares. Raises ValueError for an unknown series.
        """
        middle, error = self._line(series, year)
        return np.exp(middle + error * stats.t.ppf(u, self.df))

    def exceeded(
        self, series: str, year: ArrayLike, value: ArrayLike, factor: float = 1.0
    ) -> np.ndarray:
        """Probability that `value` in `year` is at least `factor` times what the trend gives.

        Raises ValueError for an unknown series or values that are not positive.
        """
        v, f = finite_positive(value=value, factor=factor)
        middle, error = self._line(series, year)
        return stats.t.cdf((np.log(v / f) - middle) / error, self.df)


def fit_panel(series: Sequence[str], year: ArrayLike, value: ArrayLike) -> Panel:
    """Fit parallel log-linear trends to several series by ordinary least squares.

    `series` names what each observation belongs to; all three have one entry an observation. A
    series of one value sets its own level and tells nothing of the slope. One series gives the
    plain log-linear trend. Raises ValueError for lengths that differ, values that are not
    positive, no degree of freedom left, or years that do not differ.
    """
    (y,) = finite_positive(value=value)
    t = np.asarray(year, dtype=float).ravel()
    names = list(dict.fromkeys(series))
    if not len(series) == t.size == y.size:
        raise ValueError("series, year and value need one entry an observation")
    df = t.size - len(names) - 1
    if df < 1:
        raise ValueError(f"{t.size} values of {len(names)} series leave no degree of freedom")
    reference = float(t.mean())
    member = np.array([[s == n for n in names] for s in series], dtype=float)
    x = np.column_stack([member, t - reference])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError("no series has values in different years: no trend can be fitted")
    unscaled = np.linalg.inv(x.T @ x)
    beta = unscaled @ x.T @ np.log(y.ravel())
    sd = np.sqrt(((np.log(y.ravel()) - x @ beta) ** 2).sum() / df)
    levels = dict(zip(names, (float(b) for b in beta[:-1]), strict=True))
    return Panel(levels, float(beta[-1]), reference, float(sd), df, unscaled)


def chow_break(year: ArrayLike, value: ArrayLike, break_year: float) -> tuple[float, float]:
    """Chow's (1960) F test of a break in a log-linear trend: statistic and p value.

    Compares one line with two, the second from `break_year` on. Raises ValueError where either
    part has fewer than three values, or values are not positive.
    """
    (y,) = finite_positive(value=value)
    t = np.asarray(year, dtype=float)
    late = t >= break_year
    if late.sum() < 3 or (~late).sum() < 3:
        raise ValueError("a break needs at least three values before it and three after")

    def rest(mask: np.ndarray) -> float:
        x = np.column_stack([np.ones(mask.sum()), t[mask] - t.mean()])
        beta, *_ = np.linalg.lstsq(x, np.log(y[mask]), rcond=None)
        return float(((np.log(y[mask]) - x @ beta) ** 2).sum())

    apart = rest(late) + rest(~late)
    df = t.size - 4
    f = (rest(np.ones(t.size, bool)) - apart) / 2 / (apart / df)
    return float(f), float(stats.f.sf(f, 2, df))


def between_counters(values: ArrayLike, u: ArrayLike) -> np.ndarray:
    """What one more counting firm would count, at probabilities `u`.

    Firms that count the same thing differ as draws from one log-normal distribution; the prediction
    is Student's t in logarithms with the firms less one as degrees of freedom. Raises ValueError
    for fewer than two firms or counts that are not positive.
    """
    (v,) = finite_positive(values=values)
    logs = np.log(v.ravel())
    if logs.size < 2:
        raise ValueError("one counting firm says nothing of how firms differ")
    error = logs.std(ddof=1) * np.sqrt(1 + 1 / logs.size)
    return np.exp(logs.mean() + error * stats.t.ppf(u, logs.size - 1))


def whole_year(value: ArrayLike, months: ArrayLike, u: ArrayLike) -> np.ndarray:
    """A year's value from its first `months`: between nothing more and the same pace.

    Evenly spread, as nothing else is known: value (1 + u (12 / months - 1)). Raises ValueError for
    values that are not positive, or months that are not above 0 and at most 12.
    """
    v, m = finite_positive(value=value, months=months)
    if (m > 12).any():
        raise ValueError("a year has twelve months")
    return v * (1 + np.asarray(u, dtype=float) * (12 / m - 1))
