"""A model's PUE held against reported ones: bias, spread, and the term that both call for.

Residuals are reported less modelled. They spread for two reasons: the model does not know the
design of a site, which its own draws for that site show, and it misses something. Only the second
belongs into a term for another plant, whose unknowns are drawn anyway. Its variance is that of the
residuals less the mean of the model's own, not below zero: the unweighted estimate of a random
effect by moments (DerSimonian and Laird 1986). What the next site shows beyond the model is then a
Student t around the mean residual, with the uncertainty of that mean included (Gelman et al. 2013,
section 3.2). Sites under one weather and one operator share their error and count once. Nothing
here reads files or draws.
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

    `bias` is their mean, `spread` their standard deviation, `rmse` about zero; `own` is the root
    mean square over the groups of the model's own standard deviation there; `inside` of `sites`
    reports lie in the model's own 90 % interval.
    """

    bias: float
    spread: float
    rmse: float
    own: float
    groups: int
    sites: int
    inside: int

    @property
    def coverage(self) -> float:
        """Share of the reports that lie in the model's own 90 % interval."""
        return self.inside / self.sites

    @property
    def excess(self) -> float:
        """Standard deviation of what the model's own unknowns do not explain; none if they do.

        Holds for unknowns that differ from group to group. Where an operator builds all its sites
        alike they shift the mean instead, and the excess is larger, `spread` at most.
        """
        return float(np.sqrt(max(self.spread**2 - self.own**2, 0.0)))

    def term(self, share: ArrayLike, beyond: float | None = None) -> np.ndarray:
        """Quantiles (share, 0 to 1) of what the next site shows beyond the model's draws.

        `beyond` is the standard deviation from site to site, `excess` if not given.
        """
        wide = self.excess if beyond is None else beyond
        if wide < 0:
            raise ValueError(f"a standard deviation is not negative, got {beyond!r}")
        scale = np.sqrt(wide**2 + self.spread**2 / self.groups)
        return self.bias + scale * stats.t.ppf(np.asarray(share, dtype=float), self.groups - 1)


def fit(reported: ArrayLike, modelled: np.ndarray, group: ArrayLike) -> Fit:
    """Bias and spread of a model over sites.

    `reported` (sites,); `modelled` (sites, configs), whose median counts; `group` (sites,) names
    the sites that share weather and operator, and the model's draws with them. Raises ValueError
    for fewer than three groups or two configs, gaps, or shapes that differ.
    """
    seen, model = np.asarray(reported, dtype=float), np.asarray(modelled, dtype=float)
    if seen.ndim != 1 or model.ndim != 2 or len(model) != len(seen):
        raise ValueError("needs reports (sites,) and a model (sites, configs)")
    if not (np.isfinite(seen).all() and np.isfinite(model).all()):
        raise ValueError("reports and model must have no gaps")
    if model.shape[1] < 2:
        raise ValueError("the model's own spread needs two configs at least")
    key = np.asarray(group)
    residual = pd.Series(seen - np.median(model, axis=1)).groupby(key).mean()
    if len(residual) < 3:
        raise ValueError("a spread needs three groups at least")
    own = pd.DataFrame(model).groupby(key).mean().var(axis=1, ddof=1)
    low, high = np.quantile(model, [0.05, 0.95], axis=1)
    return Fit(
        bias=float(residual.mean()),
        spread=float(residual.std(ddof=1)),
        rmse=float(np.sqrt((residual**2).mean())),
        own=float(np.sqrt(own.mean())),
        groups=len(residual),
        sites=len(seen),
        inside=int(((seen >= low) & (seen <= high)).sum()),
    )
