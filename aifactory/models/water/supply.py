"""What a wastewater plant can give: flow-duration, low flows, rain's share, other users, shortage.

Flows are daily means in million US gallons a day (MGD) unless a name says otherwise. A record may
have gaps (NaN); each function says what it does with them. Nothing is read from files and nothing
is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

# --- flow-duration and low flows ------------------------------------------------------------------


def _known(flow: np.ndarray, least: int = 2) -> np.ndarray:
    """The values of a record without its gaps. Raises ValueError for too few, or negative ones."""
    flow = np.asarray(flow, dtype=float).ravel()
    flow = flow[~np.isnan(flow)]
    if flow.size < least:
        raise ValueError(f"a record needs at least {least} days with a flow, got {flow.size}")
    if (flow < 0).any():
        raise ValueError("flows must not be negative")
    return flow


def flow_duration(flow_mgd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flow-duration curve: the share of days on which a flow is exceeded, and the flow (MGD).

    Two arrays of (days with a flow,), flows falling. Shares are Weibull's plotting positions
    i/(n + 1) (Vogel and Fennessey 1994), so that no flow counts as never undercut. Gaps are left
    out. Raises ValueError for fewer than two days or a negative flow.
    """
    ordered = np.sort(_known(flow_mgd))[::-1]
    return np.arange(1, ordered.size + 1) / (ordered.size + 1), ordered


def exceeded(flow_mgd: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Flow (MGD) exceeded on `share` of all days, any shape: Q95 is `exceeded(flow, 0.95)`.

    Read off `flow_duration`, straight between its points and flat beyond them. Raises ValueError
    for a share outside 0 to 1.
    """
    share = np.asarray(share, dtype=float)
    if ((share < 0) | (share > 1)).any():
        raise ValueError("a share of days lies between 0 and 1")
    return np.interp(share, *flow_duration(flow_mgd))


def rolling_mean(flow_mgd: np.ndarray, days: int) -> np.ndarray:
    """Mean over each run of `days` days (MGD); the last axis shrinks by days − 1.

    A run that holds a gap is NaN. Raises ValueError where the record is shorter than a run.
    """
    flow = np.asarray(flow_mgd, dtype=float)
    if days < 1 or flow.shape[-1] < days:
        raise ValueError(f"a run of {days} days does not fit a record of {flow.shape[-1]}")
    return np.lib.stride_tricks.sliding_window_view(flow, days, axis=-1).mean(axis=-1)


def low_flow(flow_mgd: np.ndarray, days: int = 7) -> np.ndarray:
    """Lowest mean over `days` days in a row (MGD): the n of nQy; over the last axis.

    Raises ValueError where no run is without a gap.
    """
    means = rolling_mean(flow_mgd, days)
    if np.isnan(means).all(axis=-1).any():
        raise ValueError(f"no run of {days} days is without a gap")
    return np.nanmin(means, axis=-1)


def block_bootstrap(days: int, block: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of a circular block bootstrap, shape (draws, days).

    Blocks of `block` days keep what one day owes to the day before (Künsch 1989; Politis and Romano
    1992 close the record to a circle). Raises ValueError for a block outside 1 to `days`.
    """
    if not 1 <= block <= days:
        raise ValueError(f"a block has 1 to {days} days, got {block}")
    starts = rng.integers(days, size=(draws, -(-days // block)))
    return ((starts[..., None] + np.arange(block)) % days).reshape(draws, -1)[:, :days]


def gumbel_low(minima: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Flow (MGD) undercut once in `years` periods on average, by Gumbel's law; shape of `years`.

    Fitted by moments to the negated minima, one a period (Chow, Maidment and Mays 1988, section
    12.2). The law has no lower end, so that the result is cut at zero. Raises ValueError for a
    return period of 1 or less.
    """
    low, years = _known(minima), _return(years)
    scale = np.sqrt(6) / np.pi * low.std(ddof=1)
    location = -low.mean() - np.euler_gamma * scale
    return np.maximum(-(location - scale * np.log(-np.log1p(-1 / years))), 0)


def _return(years: np.ndarray) -> np.ndarray:
    years = np.asarray(years, dtype=float)
    if not (years > 1).all():
        raise ValueError("a return period must be above 1")
    return years


def log_pearson3(
    values: np.ndarray, years: np.ndarray, skew: float | None = None, low: bool = True
) -> np.ndarray:
    """Flow (MGD) undercut (or with `low` False exceeded) once in `years` periods; shape of `years`.

    Log-Pearson type III by moments of the decimal logarithms, station skew unless `skew` is given
    (Bulletin 17B, Interagency Advisory Committee on Water Data 1982, section V); one value a
    period. Raises ValueError for fewer than three values, one that is not positive, or a return
    period of 1 or less.
    """
    known, years = _known(values, 3), _return(years)
    if (known == 0).any():
        raise ValueError("log-Pearson III needs positive flows")
    logs = np.log10(known)
    shape = float(stats.skew(logs, bias=False)) if skew is None else skew
    tail = 1 / years if low else 1 - 1 / years
    return 10 ** (logs.mean() + stats.pearson3.ppf(tail, shape) * logs.std(ddof=1))


# --- what rain brings -----------------------------------------------------------------------------


@dataclass(frozen=True)
class RainModel:
    """Flow as a dry-weather base plus what recent rain brings.

    `base_mgd` and `slow_mgd_per_in` are scalars, `fast_mgd_per_in` (days,) is for rain of the same
    day, the day before and on. `fitted` and `rain` (days of the record,) are the flow and its part
    from rain in MGD, NaN on days that the fit left out; `se` are standard errors in the order base,
    fast, slow; `r2` the share of variance explained.
    """

    base_mgd: float
    fast_mgd_per_in: np.ndarray
    slow_mgd_per_in: float
    fitted: np.ndarray
    rain: np.ndarray
    se: np.ndarray
    r2: float

    @property
    def rain_share(self) -> float:
        """Share of the flow over the fitted days that rain brought."""
        return float(np.nansum(self.rain) / np.nansum(self.fitted))


def wetness(rain_in: np.ndarray, half_life_days: float) -> np.ndarray:
    """Rain that still counts (in), (days,): yesterday's sum and rain, halved each half-life.

    The antecedent precipitation index (Kohler and Linsley 1951) of the days before; a gap counts as
    dry. Raises ValueError for a half-life that is not positive.
    """
    if half_life_days <= 0:
        raise ValueError("a half-life must be above 0 days")
    keep, left, out = 0.5 ** (1 / half_life_days), 0.0, []
    for inches in np.nan_to_num(np.asarray(rain_in, dtype=float)):
        out.append(left)
        left = keep * (left + inches)
    return np.array(out)


def rain_model(
    flow_mgd: np.ndarray, rain_in: np.ndarray, fast_days: int = 4, half_life_days: float = 20.0
) -> RainModel:
    """Least squares of daily flow on rain of the last `fast_days` days and on older wetness.

    `flow_mgd` and `rain_in` are (days,) without missing rows; days whose flow or recent rain is
    not known are left out. Raises ValueError where shapes differ or too few days remain.
    """
    flow, rain = np.asarray(flow_mgd, dtype=float), np.asarray(rain_in, dtype=float)
    if flow.shape != rain.shape or flow.ndim != 1:
        raise ValueError("flow and rain need one value a day each")
    padded = np.concatenate([np.full(fast_days - 1, np.nan), rain])
    recent = np.lib.stride_tricks.sliding_window_view(padded, fast_days)[:, ::-1]
    older = np.concatenate([np.zeros(fast_days - 1), wetness(rain, half_life_days)])[: flow.size]
    design = np.column_stack([np.ones(flow.size), recent, older])
    use = np.isfinite(flow) & np.isfinite(design).all(axis=1)
    x, y = design[use], flow[use]
    if use.sum() <= design.shape[1] + 1:
        raise ValueError("too few days with flow and rain for a regression")
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    residual = y - x @ beta
    variance = residual @ residual / (y.size - x.shape[1])
    se = np.sqrt(variance * np.diag(np.linalg.pinv(x.T @ x)))
    fitted = np.where(use, design @ beta, np.nan)
    r2 = 1 - residual @ residual / ((y - y.mean()) @ (y - y.mean()))
    return RainModel(
        float(beta[0]), beta[1:-1], float(beta[-1]), fitted, fitted - beta[0], se, float(r2)
    )


# --- who else draws, and who comes first ----------------------------------------------------------


def least_effluent_share(
    base_now_mgd: float, base_before_mgd: float, effluent_mgd: float, influent_mgd: float
) -> float:
    """The least share of what comes in that leaves as effluent, at most 1, when a meter was reset.

    `effluent_mgd` over `influent_mgd`, one reading of both, is that share on the old meter; the
    bases, dry-weather flow after and before, say by how much that meter read high. Raises
    ValueError for a flow that is not above nought.
    """
    if not min(base_now_mgd, base_before_mgd, effluent_mgd, influent_mgd) > 0:
        raise ValueError("bases and readings must be above 0")
    return min(effluent_mgd / influent_mgd / (base_now_mgd / base_before_mgd), 1.0)


def plant_water_mgd(
    mean_mgd: np.ndarray, output: np.ndarray, evaporation: np.ndarray, share: float = 1.0
) -> np.ndarray:
    """Water of a power plant by day (MGD), (days,) or (days, configurations), with a given mean.

    Proportional to `output` (relative generation, (days,)) times `evaporation` (relative water a
    kWh, (days,)), scaled so that the year's mean is `mean_mgd`, a number or (configurations,).
    `share` 0 to 1 mixes the shape with a flat year. Raises ValueError for a negative shape.
    """
    shape = np.asarray(output, dtype=float) * np.asarray(evaporation, dtype=float)
    if (shape < 0).any() or shape.sum() == 0:
        raise ValueError("output and evaporation must be positive")
    if not 0 <= share <= 1:
        raise ValueError("the shape's share lies between 0 and 1")
    relative = 1 + share * (shape / shape.mean() - 1)
    return np.multiply.outer(relative, np.asarray(mean_mgd, dtype=float))


def share_out(
    supply: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each of two users gets where the first is served first; all in one unit, any shape.

    Raises ValueError for a negative supply or demand.
    """
    supply, first, second = (np.asarray(x, dtype=float) for x in (supply, first, second))
    if any((x < 0).any() for x in (supply, first, second)):
        raise ValueError("supply and demands must not be negative")
    got = np.minimum(first, supply)
    return got, np.minimum(second, supply - got)


# --- need and supply together ---------------------------------------------------------------------


def block_rank_correlation(
    x: np.ndarray, y: np.ndarray, block: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Spearman's rank correlation of two daily records, redrawn in blocks: (draws,).

    Pairs stay together; days with a gap in either are left out first. Raises ValueError where
    shapes differ or fewer than ten days remain.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError("two records of one length are needed")
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if x.size < 10:
        raise ValueError("ten days in common are the least for a correlation")
    at = block_bootstrap(x.size, min(block, x.size), draws, rng)
    ranks = [stats.rankdata(v[at], axis=1) for v in (x, y)]
    a, b = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    return (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))


def copula_pairs(
    need: np.ndarray, supply: np.ndarray, spearman: float, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Joint draws of two records with a given rank correlation: two arrays of (draws,).

    Gaussian copula over the records' own distributions (Genest and Favre 2007), with the normal
    correlation 2 sin(π ρ/6) that gives Spearman's ρ. At −1 the largest need meets the least supply.
    Raises ValueError for a correlation outside −1 to 1.
    """
    if not -1 <= spearman <= 1:
        raise ValueError("a rank correlation lies between -1 and 1")
    rho = 2 * np.sin(np.pi * spearman / 6)
    z = rng.standard_normal((2, draws))
    second = rho * z[0] + np.sqrt(max(1 - rho**2, 0)) * z[1]
    u = stats.norm.cdf(np.stack([z[0], second]))
    return np.quantile(_known(need), u[0]), np.quantile(_known(supply), u[1])


def shortage_chance(need: np.ndarray, supply: np.ndarray) -> float:
    """Probability that need exceeds supply, over pairs of equal shape.

    Raises ValueError where shapes differ or there are none.
    """
    need, supply = np.asarray(need, dtype=float), np.asarray(supply, dtype=float)
    if need.shape != supply.shape or need.size == 0:
        raise ValueError("need and supply come in pairs")
    return float((need > supply).mean())


def independent_shortage(need: np.ndarray, supply: np.ndarray) -> float:
    """Probability that need exceeds supply where the two are independent: over all pairs.

    `need` and `supply` are records of any lengths; every need meets every supply.
    """
    need, supply = _known(need, 1), np.sort(_known(supply, 1))
    return float(np.searchsorted(supply, need, side="left").mean() / supply.size)
