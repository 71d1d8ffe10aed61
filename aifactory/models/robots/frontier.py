"""How far a robot is from paying back: the hours, price, wage or rent at which it would.

The model is that of `payback`; here it is solved for one of its inputs at a time. With hours H
scheduled a year, one hour costs h = w_s / N + A (kW p + q w) and brings the margin g = r e A w - h,
so that yearly savings less running cost are g H - m P, which must return I = P (1 + i) within T
years and within the robot's life of L operating hours. A group of n robots frees whole jobs of J
hours, so that r hangs on H. All functions broadcast over places x draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aifactory.models.arguments import finite_not_negative, not_negative
from aifactory.models.robots.payback import (
    JOB_HOURS,
    WHOLE,
    YEAR_HOURS,
    Robot,
    annual_benefit,
    effective_availability,
    life_years,
    over,
    realised_share,
    target,
)


def own_cost_usd_per_hour(
    robot: Robot, labour_usd_per_h: ArrayLike, reading: str = "running"
) -> np.ndarray:
    """What a scheduled hour costs but upkeep and capital (USD/h): h = w_s / N + A (kW p + q w)."""
    up = effective_availability(robot.availability, reading)
    w = np.asarray(labour_usd_per_h, dtype=float)
    people = np.asarray(robot.supervisor_usd_per_h, float) / np.asarray(
        robot.robots_per_supervisor, float
    )
    energy = np.asarray(robot.power_kw, float) * np.asarray(robot.electricity_usd_per_kwh, float)
    return people + up * (energy + np.asarray(robot.help_share, float) * w)


def margin_usd_per_hour(
    robot: Robot,
    labour_usd_per_h: ArrayLike,
    hours_per_year: ArrayLike,
    efficiency: ArrayLike,
    reading: str = "running",
) -> np.ndarray:
    """What one scheduled hour brings before upkeep and capital (USD/h); may be negative.

    g = r e A w - h, with r what whole jobs realise at `hours_per_year`. Raises ValueError as
    `payback` does.
    """
    up = effective_availability(robot.availability, reading)
    jobs = annual_benefit(efficiency, up, hours_per_year, 1.0) / JOB_HOURS
    realised = realised_share(robot.robots_together, jobs)
    saved = annual_benefit(efficiency, up, 1.0, labour_usd_per_h, realised)
    return saved - own_cost_usd_per_hour(robot, labour_usd_per_h, reading)


def hours_needed(
    target_years: ArrayLike,
    robot: Robot,
    labour_usd_per_h: ArrayLike,
    efficiency: ArrayLike,
    reading: str = "running",
) -> np.ndarray:
    """Fewest scheduled hours a year with which payback comes in time; infinite where none do.

    A group of n robots frees its k-th job at H_k = k J / (n e A); between two jobs more hours only
    cost, so that the first H_k within a year is taken with k J w / n - h H_k - m P >= I / T, where
    T is the target or the life L / (A H_k). In an infinite group it is the larger of
    H1 = (I / T + m P) / g, payback within T years, and H2 = m P / (g - I A / L), payback before L
    operating hours are used up; no year has more than 8,760. Raises ValueError for a target that is
    not positive, or longer than the robot's life in years.
    """
    t = target(target_years)
    price, upkeep = np.asarray(robot.price_usd, float), np.asarray(robot.maintenance_share, float)
    installed = price * (1 + np.asarray(robot.integration_share, float))
    up = effective_availability(robot.availability, reading)
    life = np.asarray(robot.life_h, float)
    if (np.asarray(robot.cap_years, float) < t).any():
        raise ValueError("target_years must not exceed the robot's life in years (cap_years)")
    w, n = np.asarray(labour_usd_per_h, float), np.asarray(robot.robots_together, float)
    hourly = own_cost_usd_per_hour(robot, w, reading)
    g = annual_benefit(efficiency, up, 1.0, w) - hourly  # with every hour saved
    in_time = over(installed / t + upkeep * price, g)
    in_life = over(upkeep * price, g - installed * up / life)
    free = np.maximum(in_time, in_life)
    if np.isinf(n).all():
        return free
    group = np.where(np.isinf(n), 1.0, n)
    found = np.full(np.broadcast_shapes(free.shape, n.shape), np.inf)
    a_job = over(JOB_HOURS, annual_benefit(efficiency, up, 1.0, group))  # hours for one job freed
    jobs = YEAR_HOURS / a_job + WHOLE
    for k in range(int(np.max(jobs)), 0, -1):
        h = np.where(np.isfinite(a_job), k * a_job, 1.0)
        left = k * JOB_HOURS * w / group - hourly * h - upkeep * price
        pays = (k <= jobs) & (left * np.minimum(t, life / (up * h)) >= installed)
        found = np.where(pays, h, found)
    return np.where(np.isinf(n), free, found)


def price_for_payback(
    target_years: ArrayLike,
    benefit_usd_per_year: ArrayLike,
    other_cost_usd_per_year: ArrayLike,
    integration_share: ArrayLike,
    maintenance_share: ArrayLike,
) -> np.ndarray:
    """Highest robot price at which simple payback takes `target_years` (USD); 0 where none does.

    Solves P (1 + i) = T (B - O - m P), with O what does not depend on the price:
    P = T (B - O) / (1 + i + m T). Raises ValueError for negative input.
    """
    t, b, o, i, m = finite_not_negative(
        target_years=target_years,
        benefit_usd_per_year=benefit_usd_per_year,
        other_cost_usd_per_year=other_cost_usd_per_year,
        integration_share=integration_share,
        maintenance_share=maintenance_share,
    )
    return np.maximum(t * (b - o) / (1 + i + m * t), 0.0)


def price_ceiling(
    target_years: ArrayLike,
    robot: Robot,
    labour_usd_per_h: ArrayLike,
    hours_per_year: ArrayLike,
    efficiency: ArrayLike,
    reading: str = "running",
) -> np.ndarray:
    """Highest price of the bare robot at which payback comes in time (USD); 0 where none is.

    `price_for_payback` of what its hours bring, with the target or the robot's life as the time,
    whichever is sooner; the price that `robot` holds is not used. Raises ValueError for a target
    that is not positive.
    """
    hours = np.asarray(hours_per_year, dtype=float)
    up = effective_availability(robot.availability, reading)
    t = np.minimum(target(target_years), life_years(robot.life_h, up * hours, robot.cap_years))
    g = margin_usd_per_hour(robot, labour_usd_per_h, hours, efficiency, reading)
    earned = np.maximum(g * hours, 0.0)
    return price_for_payback(t, earned, 0.0, robot.integration_share, robot.maintenance_share)


def rent_per_human_hour(
    rent_usd_per_h: ArrayLike,
    efficiency: ArrayLike,
    availability: ArrayLike = 1.0,
    realised: ArrayLike = 1.0,
    own_cost_usd_per_h: ArrayLike = 0.0,
) -> np.ndarray:
    """Cost of an hour of a person's work done by a rented machine (USD/h): (f + o) / (r e A).

    `own_cost_usd_per_h` is what the renter still pays an hour. Infinite where nothing is done.
    Raises ValueError for negative input.
    """
    fee, own = np.asarray(rent_usd_per_h, float), np.asarray(own_cost_usd_per_h, float)
    if not ((fee >= 0).all() and (own >= 0).all()):
        raise ValueError("rent and own cost must not be negative")
    return over(fee + own, annual_benefit(efficiency, availability, 1.0, 1.0, realised))


def implied_replacement(
    target_years: ArrayLike,
    installed_usd: ArrayLike,
    cost_share: ArrayLike,
    availability: ArrayLike,
    hours_per_year: ArrayLike,
    labour_usd_per_h: ArrayLike,
) -> np.ndarray:
    """Share of a person's work per running hour that a stated payback implies: r e.

    (1 / T + c) I / (A H w), with c the yearly running cost over the investment. Infinite where
    nothing could be saved. Raises ValueError for a target that is not positive or negative input.
    """
    i, c = not_negative(installed_usd=installed_usd, cost_share=cost_share)
    whole = annual_benefit(1.0, availability, hours_per_year, labour_usd_per_h)
    return over((1 / target(target_years) + c) * i, whole)
