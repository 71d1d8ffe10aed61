"""How many households a plant's electricity would serve, place by place.

N = P LF 8760 h / k, with P the plant's power, LF its load factor and k what one household uses in a
year. Everything is vectorised over draws and places; nothing is read from files.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

HOURS_PER_YEAR = 8760.0
KW_PER_MW = 1000.0


def households(
    power_mw: np.ndarray, load_factor: np.ndarray, kwh_per_household_year: np.ndarray
) -> np.ndarray:
    """Households (a count, not millions) whose yearly use equals the plant's yearly energy.

    `power_mw` in MW, `load_factor` mean over peak (ratio), `kwh_per_household_year` in kWh a year;
    all broadcast. Raises ValueError where a household's use isn't positive.
    """
    k = np.asarray(kwh_per_household_year, dtype=float)
    if not (k > 0).all():
        raise ValueError("a household's yearly use must be positive")
    return np.asarray(power_mw) * KW_PER_MW * load_factor * HOURS_PER_YEAR / k


def break_even_load_factor(
    power_mw: np.ndarray, kwh_per_household_year: np.ndarray, count: float
) -> np.ndarray:
    """Load factor at which the plant uses as much as `count` households; above 1 it cannot.

    The inverse of `households` in its second argument; units as there.
    """
    return count * np.asarray(kwh_per_household_year) / (power_mw * KW_PER_MW * HOURS_PER_YEAR)


def trend_level(table: pd.DataFrame, place: str, year: str, value: str) -> pd.DataFrame:
    """Each place's level in its last year and its scatter about its own trend.

    Fits log(value) = a + b year by least squares to every place's rows. Returns a frame indexed by
    place with last_year, years (number of rows), level (the fit at the last year, in the unit of
    `value`) and spread (standard deviation of the residuals in logarithms, with n - 2 degrees of
    freedom). A place with fewer than four rows keeps its last value and the median spread of the
    others. Raises ValueError where a value isn't positive.
    """
    if not (table[value] > 0).all():
        raise ValueError(f"{value} must be positive for a trend in logarithms")
    rows = {}
    for name, g in table.sort_values(year, kind="stable").groupby(place, sort=True):
        x = g[year].to_numpy(dtype=float)
        y = np.log(g[value].to_numpy(dtype=float))
        if len(x) < 4:
            rows[name] = (int(x[-1]), len(x), float(np.exp(y[-1])), np.nan)
            continue
        xc = x - x.mean()
        slope = (xc @ y) / (xc @ xc)
        fit = y.mean() + slope * xc
        spread = np.sqrt(((y - fit) ** 2).sum() / (len(x) - 2))
        rows[name] = (int(x[-1]), len(x), float(np.exp(fit[-1])), float(spread))
    columns = ["last_year", "years", "level", "spread"]
    out = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    out["spread"] = out["spread"].fillna(out["spread"].median())
    return out.rename_axis(place)


def definition_gap(
    other: pd.DataFrame, main: pd.DataFrame, place: str, year: str, value: str
) -> pd.Series:
    """Other sources' values over the main one's of the nearest year: one median ratio a place.

    Both frames hold `place`, `year` and `value`. Places that `main` lacks are left out.
    """
    columns = [place, year, value]
    near = pd.merge_asof(
        other[columns].sort_values(year, kind="stable"),
        main[columns].sort_values(year, kind="stable"),
        on=year,
        by=place,
        direction="nearest",
        suffixes=("", "_main"),
    ).dropna()
    return (near[value] / near[f"{value}_main"]).groupby(near[place]).median()


def draw_use(
    level: np.ndarray, spread: np.ndarray, definition: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Yearly use per household, kWh: draws by places.

    `level` (places,) in kWh a year, `spread` (places,) year-to-year scatter in logarithms, drawn
    for each place on its own; `definition` (draws,) or (draws, places) the ratio of use per
    household to the table's own unit (account, or total over households), shared by all places.
    """
    d = np.asarray(definition, dtype=float)
    d = d[:, None] if d.ndim == 1 else d
    weather = np.exp(rng.standard_normal((d.shape[0], len(level))) * np.asarray(spread))
    return np.asarray(level) * weather * d


def by_place(counts: np.ndarray, places: pd.Index, low: float, high: float) -> pd.DataFrame:
    """Interval and chance of truth for every place.

    `counts` (draws, places) households; `low` and `high` bound the band in which the sentence is
    true (households, inclusive). Returns a frame indexed as `places` with p05, p50, p95 (millions)
    and probability.
    """
    p05, p50, p95 = np.quantile(counts, [0.05, 0.5, 0.95], axis=0) / 1e6
    hit = ((counts >= low) & (counts <= high)).mean(axis=0)
    columns = {"p05": p05, "p50": p50, "p95": p95, "probability": hit}
    return pd.DataFrame(columns, index=places)


def random_home(counts: np.ndarray, homes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One count a draw, from a place picked in proportion to its homes (draws,).

    `counts` (draws, places); `homes` (places,) any unit, none negative, not all zero.
    """
    w = np.asarray(homes, dtype=float)
    if (w < 0).any() or w.sum() <= 0:
        raise ValueError("weights of places must be non-negative and not all zero")
    pick = rng.choice(counts.shape[1], size=counts.shape[0], p=w / w.sum())
    return counts[np.arange(counts.shape[0]), pick]
