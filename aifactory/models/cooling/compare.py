"""A model's PUE held against reported ones: bias, spread, and the term that both call for.

Residuals are reported less modelled. What the next site of the same kind would show beyond the
model is a Student t around their mean, with the uncertainty of that mean included (the predictive
distribution of a normal sample, Gelman et al. 2013, section 3.2). Sites under one weather and one
operator share their error and count once. Nothing here reads files or draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

HOURS_A_YEAR = 8_760


def year_from_quantiles(hours_at_or_below: ArrayLike, temp_c: ArrayLike) -> np.ndarray:
    """A year of hours (8760,), coldest first, from a cumulated count of hours by temperature.

    Straight lines between the given points; the first has 0 hours, the last all 8,760. Raises
    ValueError where the points do not rise or do not span the year.
    """
    hours, temp = np.asarray(hours_at_or_below, float), np.asarray(temp_c, float)
    if hours.shape != temp.shape or hours.ndim != 1 or hours.size < 2:
        raise ValueError("needs as many temperatures as counts, two at least")
    if hours[0] != 0 or hours[-1] != HOURS_A_YEAR:
        raise ValueError("the points must run from 0 to 8,760 hours")
    if (np.diff(hours) < 0).any() or (np.diff(temp) <= 0).any():
        raise ValueError("hours and temperatures must rise together")
    return np.interp(np.arange(HOURS_A_YEAR) + 0.5, hours, temp)


def pressure_pa(elevation_m: ArrayLike) -> np.ndarray:
    """Mean pressure at a height: the standard atmosphere of the ASHRAE Handbook, chapter 1."""
    return 101_325 * (1 - 2.25577e-5 * np.asarray(elevation_m, dtype=float)) ** 5.2559


@dataclass(frozen=True)
class Fit:
    """How a model does: reported less modelled, over `groups` independent groups.

    `bias` is their mean, `spread` their standard deviation, `rmse` about zero; `coverage` the share
    of sites whose report lies in the model's own 90 % interval.
    """

    bias: float
    spread: float
    rmse: float
    groups: int
    sites: int
    coverage: float

    def term(self, share: ArrayLike) -> np.ndarray:
        """Quantiles (share, 0 to 1) of what the next site shows beyond the model's median."""
        scale = self.spread * np.sqrt(1 + 1 / self.groups)
        return self.bias + scale * stats.t.ppf(np.asarray(share, dtype=float), self.groups - 1)


def fit(reported: ArrayLike, modelled: np.ndarray, group: ArrayLike) -> Fit:
    """Bias and spread of a model over sites.

    `reported` (sites,); `modelled` (sites, configs), whose median counts; `group` (sites,) names
    the sites that share weather and operator. Raises ValueError for fewer than three groups, gaps,
    or shapes that differ.
    """
    seen, model = np.asarray(reported, dtype=float), np.asarray(modelled, dtype=float)
    if seen.ndim != 1 or model.ndim != 2 or len(model) != len(seen):
        raise ValueError("needs reports (sites,) and a model (sites, configs)")
    if not (np.isfinite(seen).all() and np.isfinite(model).all()):
        raise ValueError("reports and model must have no gaps")
    residual = pd.Series(seen - np.median(model, axis=1)).groupby(np.asarray(group)).mean()
    if len(residual) < 3:
        raise ValueError("a spread needs three groups at least")
    low, high = np.quantile(model, [0.05, 0.95], axis=1)
    return Fit(
        bias=float(residual.mean()),
        spread=float(residual.std(ddof=1)),
        rmse=float(np.sqrt((residual**2).mean())),
        groups=len(residual),
        sites=len(seen),
        coverage=float(((seen >= low) & (seen <= high)).mean()),
    )
