"""Forecasts of a date: distributions through published quantiles, pools, scores, trends.

A forecast made at time s for an event at time T is a distribution of X = T - s, in years, on the
positive half-line. Its publishers give a few quantiles. Everything here works on arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

FAMILIES = ("log-normal", "Weibull", "gamma")
_SHAPES = np.geomspace(0.05, 60.0, 600)  # shapes of the gamma distribution that are searched


def _standard(p: np.ndarray, family: str) -> np.ndarray:
    """Quantiles of log X for location 0 and scale 1, in the families that have both."""
    return stats.norm.ppf(p) if family == "log-normal" else np.log(-np.log1p(-p))


@dataclass(frozen=True)
class Fit:
    """A distribution of years ahead, or one a draw, fitted to quantiles.

    For log-normal and Weibull log X = `location` + `scale` e, with e standard normal or standard
    smallest extreme; for gamma `location` is the logarithm of its scale in years and `scale` its
    shape. `misfit` is the root mean square of log(fitted quantile / published quantile), no unit;
    zero where there are two quantiles only. All have the shape of the draws.
    """

    family: str
    location: np.ndarray
    scale: np.ndarray
    misfit: np.ndarray

    def cdf(self, years_ahead: ArrayLike) -> np.ndarray:
        """Probability of the event within `years_ahead` (broadcast against the draws)."""
        x = np.maximum(np.asarray(years_ahead, dtype=float), 1e-300)
        if self.family == "gamma":
            return special.gammainc(self.scale, x / np.exp(self.location))
        e = (np.log(x) - self.location) / self.scale
        return stats.norm.cdf(e) if self.family == "log-normal" else -np.expm1(-np.exp(e))

    def quantile(self, p: ArrayLike) -> np.ndarray:
        """Years ahead at probability `p` in (0, 1) (broadcast against the draws)."""
        p = np.asarray(p, dtype=float)
        if self.family == "gamma":
            return special.gammaincinv(self.scale, p) * np.exp(self.location)
        return np.exp(self.location + self.scale * _standard(p, self.family))


def _checked(years_ahead: ArrayLike, p: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, p = np.asarray(years_ahead, dtype=float), np.asarray(p, dtype=float)
    if p.ndim != 1 or p.size < 2 or x.shape[-1:] != p.shape:
        raise ValueError("a fit needs two or more quantiles, one probability each")
    if not ((p > 0).all() and (p < 1).all() and (np.diff(p) > 0).all()):
        raise ValueError(f"probabilities of quantiles rise within 0 to 1, got {p.tolist()}")
    if not ((x > 0).all() and (np.diff(x, axis=-1) > 0).all()):
        raise ValueError("quantiles are years ahead: positive, and rising with their probability")
    return x, p


def fit_quantiles(years_ahead: ArrayLike, p: ArrayLike, family: str = "log-normal") -> Fit:
    """Fit a distribution of years ahead to its published quantiles.

    `years_ahead` (..., k) are the quantiles at the probabilities `p` (k,), two or more; leading
    axes are draws. Least squares in the logarithm of the quantiles, so that two quantiles are met
    exactly. Raises ValueError for an unknown family, for quantiles that do not rise or lie before
    the forecast, and for probabilities outside (0, 1).
    """
    if family not in FAMILIES:
        raise ValueError(f"unknown family {family!r}; use one of {FAMILIES}")
    x, p = _checked(years_ahead, p)
    y = np.log(x)
    if family == "gamma":
        e = np.log(special.gammaincinv(_SHAPES[:, None], p))  # (shapes, k)
        gap = y[..., None, :] - e
        centre = gap.mean(axis=-1)
        loss = ((gap - centre[..., None]) ** 2).sum(axis=-1)
        i = np.clip(loss.argmin(axis=-1), 1, len(_SHAPES) - 2)
        a, b, c = (np.take_along_axis(loss, (i + k)[..., None], -1)[..., 0] for k in (-1, 0, 1))
        step = np.clip(0.5 * (a - c) / np.maximum(a - 2 * b + c, 1e-300), -1, 1)
        shape = np.exp(np.interp(i + step, np.arange(len(_SHAPES)), np.log(_SHAPES)))
        gap = y - np.log(special.gammaincinv(shape[..., None], p))
        misfit = np.sqrt(((gap - gap.mean(axis=-1, keepdims=True)) ** 2).mean(axis=-1))
        return Fit(family, gap.mean(axis=-1), shape, misfit)
    e = _standard(p, family)
    slope = ((e - e.mean()) * y).sum(axis=-1) / ((e - e.mean()) ** 2).sum()
    location = y.mean(axis=-1) - slope * e.mean()
    left = y - location[..., None] - slope[..., None] * e
    return Fit(family, location, slope, np.sqrt((left**2).mean(axis=-1)))


def fit_prices(
    years_ahead: ArrayLike,
    p: ArrayLike,
    family: str = "log-normal",
    weights: ArrayLike | None = None,
) -> Fit:
    """Fit a distribution to prices of questions "by year x", which need not rise with the year.

    `years_ahead` and `p` (k,), k of 2 or more; `weights` (draws, k) of the questions, equal where
    none are given. Weighted least squares of the standard quantile of p on log(years ahead), since
    here the error is in the price; `misfit` is the root mean square of fitted minus paid
    probability. Raises ValueError for a family without location and scale, for years or prices out
    of range, and where prices fall with the year on the whole.
    """
    if family not in FAMILIES or family == "gamma":
        raise ValueError(f"prices are fitted by log-normal or Weibull, not by {family!r}")
    x, q = np.asarray(years_ahead, dtype=float), np.asarray(p, dtype=float)
    if x.shape != q.shape or x.ndim != 1 or x.size < 2:
        raise ValueError("a fit needs two or more prices, one year each")
    if not ((x > 0).all() and (q > 0).all() and (q < 1).all()):
        raise ValueError("years ahead are positive, prices within 0 to 1")
    w = np.ones(x.size) if weights is None else np.asarray(weights, dtype=float)
    w = w / w.sum(axis=-1, keepdims=True)
    u, e = np.log(x), _standard(q, family)
    mu, me = w @ u, w @ e
    du = u - mu[..., None]
    slope = (w * du * e).sum(axis=-1) / (w * du**2).sum(axis=-1)
    if not (slope > 0).all():
        raise ValueError("prices must rise with the year on the whole")
    found = Fit(family, mu - me / slope, 1 / slope, np.zeros_like(slope))
    gap = np.stack([found.cdf(v) for v in x], axis=-1) - q
    return Fit(family, found.location, found.scale, np.sqrt((w * gap**2).sum(axis=-1)))


def metalog_coefficients(years_ahead: ArrayLike, p: ArrayLike) -> np.ndarray:
    """Coefficients (3,) of the metalog distribution bounded below, through three quantiles.

    log X = a1 + a2 L + a3 (p - 0.5) L with L = log(p / (1 - p)) (Keelin 2016). Raises ValueError
    where the three quantiles allow no distribution: the slope dX/dp must be positive everywhere.
    """
    x, p = _checked(years_ahead, p)
    if p.size != 3 or x.ndim != 1:
        raise ValueError("three quantiles make one metalog distribution of three terms")
    a = np.linalg.solve(_metalog_basis(p), np.log(x))
    grid = np.linspace(1e-4, 1 - 1e-4, 2001)
    slope = a[1] / (grid * (1 - grid)) + a[2] * (
        (grid - 0.5) / (grid * (1 - grid)) + special.logit(grid)
    )
    if (slope <= 0).any():
        raise ValueError("no metalog distribution of three terms has these quantiles")
    return a


def _metalog_basis(p: np.ndarray) -> np.ndarray:
    logit = special.logit(p)
    return np.stack([np.ones_like(p), logit, (p - 0.5) * logit], axis=-1)


def metalog_cdf(a: ArrayLike, years_ahead: ArrayLike) -> np.ndarray:
    """Probability within `years_ahead` under `metalog_coefficients`, to about 1e-4."""
    grid = np.linspace(1e-4, 1 - 1e-4, 20001)
    ends = np.asarray(_metalog_basis(grid) @ np.asarray(a, dtype=float))
    x = np.maximum(np.asarray(years_ahead, dtype=float), 1e-300)
    return np.interp(np.log(x), ends, grid, left=0.0, right=1.0)


def linear_pool(probabilities: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Weighted mean of the probabilities (sources, ...) that sources give to one event.

    `weights` (sources,) or (draws, sources) are not negative and are scaled to 1; equal where none
    are given (Stone 1961). With draws of weights and probabilities (sources, draws) each draw
    pairs its own. Raises ValueError for probabilities outside 0 to 1 or weights that sum to zero.
    """
    p = np.asarray(probabilities, dtype=float)
    if p.ndim == 0 or p.shape[0] == 0 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("a pool takes at least one source with probabilities within 0 to 1")
    w = np.ones(p.shape[0]) if weights is None else np.asarray(weights, dtype=float)
    if w.shape[-1] != p.shape[0] or (w < 0).any() or (w.sum(axis=-1) <= 0).any():
        raise ValueError("weights: one a source, none negative, not all zero")
    w = w / w.sum(axis=-1, keepdims=True)
    if w.ndim == 1:
        return np.tensordot(w, p, axes=(0, 0))
    return (w.T * (p if p.ndim == 2 else p[:, None])).sum(axis=0)


def not_yet(p_now: ArrayLike, p_later: ArrayLike) -> np.ndarray:
    """Probability of the event by a later date, given that it has not happened by now.

    (F(later) - F(now)) / (1 - F(now)); the forecaster's own distribution, cut at today. Raises
    ValueError where F(later) < F(now) or nothing is left.
    """
    now, later = np.asarray(p_now, dtype=float), np.asarray(p_later, dtype=float)
    if (later < now).any() or (now >= 1).any() or (now < 0).any() or (later > 1).any():
        raise ValueError("probabilities by a date rise with it, and some must be left today")
    return (later - now) / (1 - now)


def crps(grid_years: ArrayLike, cdf: ArrayLike, outcome_years: float | None) -> float:
    """Continuous ranked probability score of a forecast of a date, in years.

    The integral of (F(x) - [x >= outcome])^2 over the rising `grid_years` (n,), with `cdf` (n,) on
    it (Matheson and Winkler 1976), trapezium rule. Where the event has not happened by the end of
    the grid, `outcome_years` is None and the result is what has been lost so far: the least that
    the score can still become. Raises ValueError where the grid does not rise or F falls.
    """
    x, f = np.asarray(grid_years, dtype=float), np.asarray(cdf, dtype=float)
    if x.shape != f.shape or x.size < 2 or (np.diff(x) <= 0).any() or (np.diff(f) < -1e-12).any():
        raise ValueError("the grid rises, and the distribution does not fall on it")
    if outcome_years is None:
        return float(np.trapezoid(f**2, x))
    if not x[0] <= outcome_years <= x[-1]:
        raise ValueError(f"the outcome {outcome_years} lies outside the grid")
    at = float(np.interp(outcome_years, x, f))
    before, after = x < outcome_years, x > outcome_years
    left = np.append(x[before], outcome_years), np.append(f[before], at)
    right = np.append(outcome_years, x[after]), np.append(at, f[after])
    return float(np.trapezoid(left[1] ** 2, left[0]) + np.trapezoid((1 - right[1]) ** 2, right[0]))


@dataclass(frozen=True)
class Doubling:
    """Draws of an exponential trend: log2(value) = `intercept` + `per_year` (t - t0)."""

    intercept: np.ndarray
    per_year: np.ndarray
    noise: np.ndarray
    t0: float

    @property
    def days(self) -> np.ndarray:
        """Doubling time in days (draws,)."""
        return 365.25 / self.per_year

    def log2(self, t: ArrayLike) -> np.ndarray:
        """Trend at years t: (times, draws), in doublings."""
        return self.intercept + np.multiply.outer(np.asarray(t, dtype=float) - self.t0,
                                                  self.per_year)  # fmt: skip

    def reaches(self, value: float) -> np.ndarray:
        """Year in which the trend line reaches `value` (draws,); inf where it does not rise."""
        with np.errstate(divide="ignore"):
            t = self.t0 + (np.log2(value) - self.intercept) / self.per_year
        return np.where(self.per_year > 0, t, np.inf)


def doubling(
    year: ArrayLike,
    value: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    draws: int,
    rng: np.random.Generator,
) -> Doubling:
    """Exponential trend with a Bayesian bootstrap over observations and their errors.

    `year`, `value`, `low`, `high` (n,), n of 3 or more; low and high are 95 % limits of a value,
    taken as normal in logarithms on either side. Each draw moves every value within its error and
    weights the observations from a flat Dirichlet distribution (Rubin 1981), then fits by weighted
    least squares. `noise` is the root mean square residual of a draw, in doublings. Raises
    ValueError for too few or unordered values.
    """
    t, v, lo, hi = (np.asarray(x, dtype=float) for x in (year, value, low, high))
    if not (t.shape == v.shape == lo.shape == hi.shape and t.ndim == 1 and t.size >= 3):
        raise ValueError("a trend needs three or more observations, each with its limits")
    if not ((lo > 0) & (lo <= v) & (v <= hi)).all() or np.ptp(t) == 0:
        raise ValueError("limits enclose positive values, observed in more than one year")
    y, z = np.log2(v), rng.standard_normal((draws, t.size))
    y = y + z * np.where(z < 0, y - np.log2(lo), np.log2(hi) - y) / stats.norm.ppf(0.975)
    w = rng.dirichlet(np.ones(t.size), draws)
    t0 = float(t.mean())
    x = t - t0
    mx, my = w @ x, (w * y).sum(axis=1)
    slope = (w * (x - mx[:, None]) * y).sum(axis=1) / (w * (x - mx[:, None]) ** 2).sum(axis=1)
    left = y - my[:, None] - slope[:, None] * (x - mx[:, None])
    return Doubling(my - slope * mx, slope, np.sqrt((w * left**2).sum(axis=1)), t0)
