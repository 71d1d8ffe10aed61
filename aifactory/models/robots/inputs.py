"""The uncertain inputs that every section on robots draws from: one definition each.

Prices come from a table of offers, everything else from figures with 5, 50 and 95 % points. Both
are handed in; nothing is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from aifactory.models.robots.payback import YEAR_HOURS, Robot
from aifactory.uncertainty import Distribution, from_range

# What is drawn, and the figure that holds its range. Prices and wages come from tables.
FIGURE_IDS = {
    "integration_share": "robot-integration-share",
    "maintenance_share": "robot-maintenance-share",
    "robots_per_supervisor": "robot-robots-per-supervisor",
    "availability": "robot-availability",
    "robots_together": "robot-group-size",
    "help_share": "robot-help-share",
    "power_kw": "robot-power",
    "electricity_usd_per_kwh": "us-electricity-industrial",
    "life_h": "robot-life-hours",
    "cap_years": "robot-life-cap",
    "rate": "robot-wacc",
}
LOAD_ID = "us-labour-load"  # total compensation over wages, United States
HOURS_IDS = {
    "one shift": "robot-hours-one-shift",
    "two shifts": "robot-hours-two-shifts",
    "round the clock": "robot-hours-round-the-clock",
}
HIGHEST = {"availability": 1.0, "hours": YEAR_HOURS, "round the clock": YEAR_HOURS}


def worker_prices(
    offers: pd.DataFrame, known_by: str | None = None, robot_class: str | None = "humanoid"
) -> pd.Series:
    """Price of a working robot by maker (USD): geometric mean of what each maker's robots cost.

    `offers` is robots/robot_prices: rows count where `is_worker_price` is true, the class fits (any
    where it is None) and `known_from` (ISO text or date) is not after `known_by`. One value a
    maker, so that a maker with many pages does not weigh more. Raises ValueError where none is
    left.
    """
    rows = offers[offers["is_worker_price"].astype(bool)]
    if robot_class is not None:
        rows = rows[rows["robot_class"] == robot_class]
    if known_by is not None:
        rows = rows[pd.to_datetime(rows["known_from"]) <= pd.Timestamp(known_by)]
    if rows.empty:
        raise ValueError(f"no price of a working {robot_class or 'robot'} is known by {known_by}")
    logs = np.log(rows["central_usd"].astype(float))
    return np.exp(logs.groupby(rows["maker"]).mean()).sort_values(kind="stable").rename("price_usd")


def price_distribution(prices_usd: ArrayLike) -> Distribution:
    """What one more maker would ask, by the logarithms of `prices_usd`: log-Student's t.

    The predictive distribution of one more log-normal value whose mean and spread are known from n
    prices alone: n - 1 degrees of freedom, spread s sqrt(1 + 1/n) (Hahn and Meeker 1991). Its tails
    are so heavy that neither mean nor variance exists. Raises ValueError for fewer than two prices,
    or prices that are not positive.
    """
    p = np.asarray(prices_usd, dtype=float).ravel()
    if p.size < 2 or not (p > 0).all():
        raise ValueError("a spread of prices needs at least two, all positive")
    logs, n = np.log(p), p.size
    middle, spread = logs.mean(), logs.std(ddof=1) * np.sqrt(1 + 1 / n)
    return Distribution(
        f"log-t of {n} prices", lambda u: np.exp(middle + spread * stats.t.ppf(u, n - 1))
    )


def bounded(distribution: Distribution, high: float = 1.0) -> Distribution:
    """The same distribution with what lies above `high` put at `high`."""
    return Distribution(
        f"min({distribution.name}, {high:g})", lambda u: np.minimum(distribution.ppf(u), high)
    )


def whole_numbers(least: float, most: float) -> Distribution:
    """Whole numbers from `least` to `most`, each as likely as the others.

    Raises ValueError unless both are whole and in order.
    """
    if not (least <= most and least == int(least) and most == int(most)):
        raise ValueError(f"whole numbers in order are needed, got {least:g} and {most:g}")

    def ppf(u: np.ndarray) -> np.ndarray:
        return np.clip(least - 1 + np.ceil(np.asarray(u) * (most - least + 1)), least, most)

    return Distribution(f"whole({least:g}, {most:g})", ppf)


def hours(ranges: Mapping[str, tuple[float, float, float]]) -> dict[str, Distribution]:
    """Hours a year of each pattern in `ranges` (name -> low, central, high), a year's at most."""
    return {k: bounded(from_range(*ends), YEAR_HOURS) for k, ends in ranges.items()}


def distributions(
    ranges: Mapping[str, tuple[float, float, float]], prices_usd: ArrayLike
) -> dict[str, Distribution]:
    """Distributions of price and of everything in `ranges` (name -> low, central, high).

    Names are those of FIGURE_IDS; others (such as hours or load) may be added. Ranges are 5, 50 and
    95 % points; no share passes 1 and no hours pass those of a year (HIGHEST). A group of robots
    has any whole number from its low to its high. Feed the result to `uncertainty.sample`,
    `tornado` or `sobol_indices`, and their frames to `robot`. Raises ValueError for ranges out of
    order.
    """
    out = {"price_usd": price_distribution(prices_usd)}
    for name, ends in ranges.items():
        if name == "robots_together":
            out[name] = whole_numbers(ends[0], ends[2])
        else:
            found = from_range(*ends)
            out[name] = bounded(found, HIGHEST[name]) if name in HIGHEST else found
    return out


def robot(draws: pd.DataFrame | Mapping[str, ArrayLike], supervisor_usd_per_h: ArrayLike) -> Robot:
    """A Robot from a frame of draws (columns as in FIGURE_IDS and price_usd).

    `supervisor_usd_per_h` is the loaded cost of one who looks after robots. Raises ValueError for
    a missing column.
    """
    names = [f.name for f in fields(Robot) if f.name != "supervisor_usd_per_h"]
    missing = [n for n in names if n not in draws]
    if missing:
        raise ValueError(f"draws lack {', '.join(missing)}")
    given = {n: np.asarray(draws[n], dtype=float) for n in names}
    return Robot(supervisor_usd_per_h=np.asarray(supervisor_usd_per_h, float), **given)


def shift_mix(
    off_day: float, evening: float, night: float, rotating: float
) -> tuple[float, float, float]:
    """Shares of jobs at sites that work one shift, two shifts and round the clock.

    `off_day` is the share of workers off the day shift; the other three are shares of those. Where
    work goes on round the clock, a third of the jobs are at night, and rotating shifts occur there
    alone; evenings beyond that belong to sites with two shifts, half of whose jobs are evenings:
    clock = 3 night + rotating, two = 2 (evening - night). Raises ValueError where the shares cannot
    be, or leave no day shift.
    """
    shares = (off_day, evening, night, rotating)
    if not all(0 <= s <= 1 for s in shares) or evening + night + rotating > 1 + 1e-9:
        raise ValueError(f"not shares of shift workers: {shares}")
    clock = off_day * (3 * night + rotating)
    two = 2 * off_day * max(evening - night, 0.0)
    if clock + two > 1:
        raise ValueError(f"shifts need more jobs than there are: {shares}")
    return 1 - two - clock, two, clock
