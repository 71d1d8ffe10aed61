"""Cooling under stress: hot years, units that fail, and the minutes after pumps or chillers stop.

Three questions about a plant whose design is given. What does a typical year become when a month
of it is as hot as one on record (morphing after Belcher, Hacker and Powell 2005)? For how many
hours, and by how many kelvin, is its supply too warm when units fail, block by block (two-state
units, Billinton and Allan 1992)? How long does the water in the loop carry the heat when the
machines stop (one lumped heat capacity)? Temperatures in degC, heat in kW, capacities for heat in
kJ/K, times in the unit that a name ends with. Nothing here reads files or draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

HOURS_A_YEAR = 8_760
HOURS_A_DAY = 24


# --- hot years ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Morph:
    """A straight line from typical to hot temperatures: hot = stretch x typical + shift_c."""

    stretch: float
    shift_c: float

    def __call__(self, temp_c: ArrayLike) -> np.ndarray:
        """Hot temperatures (degC), any shape."""
        return self.stretch * np.asarray(temp_c, dtype=float) + self.shift_c


def morph_between(level_c: float, peak_c: float, hot_level_c: float, hot_peak_c: float) -> Morph:
    """The line that takes a month's level and peak to those of a hot month.

    The level is the month's mean, or the mean of its daily maxima; both are linear in temperature,
    so the line meets them exactly: Belcher's combined shift and stretch. Raises ValueError unless
    each peak lies above its level.
    """
    if not (peak_c > level_c and hot_peak_c > hot_level_c):
        pairs = f"{peak_c} > {level_c}, {hot_peak_c} > {hot_level_c}"
        raise ValueError(f"a peak lies above its level: {pairs}")
    stretch = (hot_peak_c - hot_level_c) / (peak_c - level_c)
    return Morph(stretch, hot_level_c - stretch * level_c)


def daily_max(temp_c: ArrayLike) -> np.ndarray:
    """The highest of each day's 24 values, shape (days,). Raises ValueError on broken days."""
    temp = np.asarray(temp_c, dtype=float)
    if temp.ndim != 1 or temp.size == 0 or temp.size % HOURS_A_DAY:
        raise ValueError(f"needs whole days of 24 hours, got shape {temp.shape}")
    return temp.reshape(-1, HOURS_A_DAY).max(axis=1)


def shift_days(temp_c: ArrayLike, morph: Morph) -> np.ndarray:
    """Temperatures (hours,) with each day moved as a whole, so that its maximum becomes
    morph(maximum).

    For months known by their daily maxima only: the swing between night and day stays as it was.
    """
    top = daily_max(temp_c)
    return np.asarray(temp_c, dtype=float) + np.repeat(morph(top) - top, HOURS_A_DAY)


# --- units that fail ----------------------------------------------------------------------------


def unavailability(failures_per_year: ArrayLike, repair_hours: ArrayLike) -> np.ndarray:
    """Share of time that a two-state unit is out: repair / (repair + time to failure)."""
    rate, repair = np.asarray(failures_per_year, float), np.asarray(repair_hours, float)
    if (rate < 0).any() or (repair < 0).any():
        raise ValueError("failure rates and repair times are not negative")
    down = rate * repair / HOURS_A_YEAR
    return down / (1 + down)


def prob_short(installed: ArrayLike, needed: ArrayLike, out_share: ArrayLike) -> np.ndarray:
    """Probability that fewer than `needed` of `installed` like units run, k out of n.

    Binomial, by the regularised incomplete beta function; `needed` may be any real number and is
    rounded up. Shapes broadcast. Raises ValueError for shares outside 0 to 1 or negative counts.
    """
    n = np.asarray(installed, dtype=float)
    k = np.ceil(np.asarray(needed, dtype=float) - 1e-9)
    u = np.asarray(out_share, dtype=float)
    if (n < 0).any() or (u < 0).any() or (u > 1).any():
        raise ValueError("unit counts are not negative and shares lie between 0 and 1")
    n, k, u = np.broadcast_arrays(n, k, u)
    # P(running <= k - 1) = I_u(n - k + 1, k)
    inside = (k >= 1) & (k <= n)
    short = special.betainc(np.where(inside, n - k + 1, 1.0), np.where(inside, k, 1.0), u)
    return np.where(inside, short, np.where(k > n, 1.0, 0.0))


def outages(
    units: int,
    failures_per_year: float,
    repair_hours: float,
    draws: int,
    rng: np.random.Generator,
    hours: int = HOURS_A_YEAR,
) -> np.ndarray:
    """Units out at the start of each hour, shape (draws, hours), by sequential Monte Carlo.

    Each unit alternates between running and repair with exponential times, from its steady state.
    All units of all draws are simulated together: no loop over hours. Raises ValueError for
    numbers that are not positive.
    """
    if units < 1 or draws < 1 or hours < 1 or repair_hours <= 0 or failures_per_year < 0:
        raise ValueError("units, draws, hours and repair time are positive, failures not negative")
    change = np.zeros((draws, hours + 1), dtype=np.int16)
    if failures_per_year == 0:
        return change[:, :hours]
    run = HOURS_A_YEAR / failures_per_year
    row = np.repeat(np.arange(draws), units)
    down = rng.random(row.size) < repair_hours / (repair_hours + run)
    clock = np.zeros(row.size)
    while row.size:
        ends = clock + rng.exponential(np.where(down, repair_hours, run))
        first = np.ceil(clock[down]).astype(int)
        last = np.minimum(np.ceil(ends[down]), hours).astype(int)
        keep = last > first
        np.add.at(change, (row[down][keep], first[keep]), 1)
        np.add.at(change, (row[down][keep], last[keep]), -1)
        on = ends < hours
        row, clock, down = row[on], ends[on], ~down[on]
    return np.cumsum(change[:, :hours], axis=1, dtype=np.int16)


def events(
    per_year: float,
    duration_hours: float,
    draws: int,
    rng: np.random.Generator,
    hours: int = HOURS_A_YEAR,
) -> np.ndarray:
    """Hours in which something common to a whole block is down, boolean, shape (draws, hours)."""
    return outages(1, per_year, duration_hours, draws, rng, hours) > 0


@dataclass(frozen=True)
class Stress:
    """A year of blocks of like units, one value a draw: arrays (draws,).

    `short_hours` are hours in which a block cannot hold its set point, `lost_share` the mean share
    of its load that has then to be switched off, over the whole year.
    """

    short_hours: np.ndarray
    lost_share: np.ndarray


def stress(
    hours: np.ndarray,
    capacity: np.ndarray,
    installed: ArrayLike,
    load: ArrayLike,
    out_share: ArrayLike,
    known_out: ArrayLike = 0,
) -> Stress:
    """Expected hours short and load lost of a block, exact over the number of failed units.

    `hours` (bins,) of a year by temperature; `capacity` (bins, draws) of one unit in each; the
    block's `load` in the same unit, `installed` units and their `out_share` are numbers or (draws,)
    arrays. `known_out` units are out all year, for N-1. Failures come whatever the weather, so the
    binomial of failed units is the same in every bin. Raises ValueError for shapes that differ and
    for loads that are not positive.
    """
    weight, carried = np.asarray(hours, dtype=float), np.asarray(capacity, dtype=float)
    if carried.ndim != 2 or weight.shape != carried.shape[:1]:
        raise ValueError("needs hours (bins,) and capacity (bins, draws)")
    draws = carried.shape[1]
    n = np.broadcast_to(np.asarray(installed) - np.asarray(known_out), draws).astype(int)
    need, u = (np.broadcast_to(np.asarray(x, float), draws) for x in (load, out_share))
    if (need <= 0).any() or (n < 0).any():
        raise ValueError("a block has a positive load and no fewer than no units")
    short, lost = np.zeros(draws), np.zeros(draws)
    for failed in range(int(n.max()) + 1):
        chance = stats.binom.pmf(failed, n, u)
        gap = 1 - carried * np.maximum(n - failed, 0) / need
        short += chance * (weight @ (gap > 1e-9))
        lost += chance * (weight @ np.clip(gap, 0, 1))
    return Stress(short, lost / weight.sum())


def curtailed_share(unit: ArrayLike, running: ArrayLike, load: ArrayLike) -> np.ndarray:
    """Share of a block's load that cannot be cooled and has to be switched off, 0 to 1.

    `unit` is what one unit carries and `running` how many do; shapes broadcast.
    """
    need = np.asarray(load, dtype=float)
    if (need <= 0).any():
        raise ValueError("a block without a load has no share to switch off")
    return np.clip(1 - np.asarray(unit) * np.asarray(running) / need, 0, 1)


def excess_k(load_share: ArrayLike, capacity: np.ndarray, rise_k: np.ndarray) -> np.ndarray:
    """Kelvin by which the supply rises until the units carry their load.

    Warmer water makes a chiller carry more. `capacity` (…, rises) is what a unit carries, over its
    reference, with the water `rise_k` (rises,) above its set point, rising along the last axis;
    `load_share` (…) is the load over the running units' reference. Linear between the points, 0
    where the set point holds, inf beyond the last point. Raises ValueError where capacity falls.
    """
    capacity, rise = np.asarray(capacity, dtype=float), np.asarray(rise_k, dtype=float)
    if (np.diff(capacity, axis=-1) < 0).any() or (np.diff(rise) <= 0).any() or rise[0] != 0:
        raise ValueError(
            "capacity never falls as the water gets warmer, from a rise of 0 K upwards"
        )
    need = np.asarray(load_share, dtype=float)
    shape = np.broadcast_shapes(need.shape, capacity.shape[:-1])
    need = np.broadcast_to(need, shape)[..., None]
    capacity = np.broadcast_to(capacity, (*shape, rise.size))
    upper = np.clip((capacity < need).sum(axis=-1, keepdims=True), 1, rise.size - 1)
    y0, y1 = (np.take_along_axis(capacity, i, -1)[..., 0] for i in (upper - 1, upper))
    x0, x1 = (rise[i][..., 0] for i in (upper - 1, upper))
    need = need[..., 0]
    found = x0 + (x1 - x0) * (need - y0) / np.where(y1 > y0, y1 - y0, 1.0)
    return np.where(need > capacity[..., -1], np.inf, np.maximum(found, 0.0))


# --- minutes after a stop -----------------------------------------------------------------------


def heat_capacity_kj_k(volume_l: ArrayLike, density_kg_m3: float, cp_kj_kg_k: float) -> np.ndarray:
    """Heat that a volume of liquid takes up per kelvin, kJ/K."""
    return np.asarray(volume_l, dtype=float) / 1000 * density_kg_m3 * cp_kj_kg_k


def warming_c(
    time_s: ArrayLike,
    start_c: ArrayLike,
    heat_kw: ArrayLike,
    capacity_kj_k: ArrayLike,
    ua_kw_k: ArrayLike = 0.0,
    air_c: ArrayLike = 0.0,
) -> np.ndarray:
    """Temperature of one lumped capacity after its cooling stops: C dT/dt = Q - UA (T - T_air).

    Closed form: an exponential towards T_air + Q/UA with time constant C/UA, or a straight line
    with UA = 0. Shapes broadcast. Raises ValueError for capacities that are not positive.
    """
    t, start, heat, cap, ua, air = (
        np.asarray(x, dtype=float)
        for x in (time_s, start_c, heat_kw, capacity_kj_k, ua_kw_k, air_c)
    )
    if (cap <= 0).any() or (ua < 0).any() or (t < 0).any():
        raise ValueError("heat capacity is positive; UA and time are not negative")
    slope = (heat - ua * (start - air)) / cap
    # (1 - exp(-x)) / x tends to 1 as UA tends to 0
    x = t * ua / cap
    return start + slope * t * np.where(x > 1e-12, -np.expm1(-x) / np.where(x > 0, x, 1), 1.0)


def seconds_to(
    limit_c: ArrayLike,
    start_c: ArrayLike,
    heat_kw: ArrayLike,
    capacity_kj_k: ArrayLike,
    ua_kw_k: ArrayLike = 0.0,
    air_c: ArrayLike = 0.0,
) -> np.ndarray:
    """Seconds until `warming_c` reaches the limit; inf where it never does, 0 where it is above."""
    limit, start, heat, cap, ua, air = np.broadcast_arrays(
        *(
            np.asarray(x, dtype=float)
            for x in (limit_c, start_c, heat_kw, capacity_kj_k, ua_kw_k, air_c)
        )
    )
    if (cap <= 0).any() or (ua < 0).any():
        raise ValueError("heat capacity is positive; UA is not negative")
    net = heat - ua * (start - air)  # what warms it at the start
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        lost = ua * (limit - start) / net  # share of that heat that it gives off at the limit
        # -log(1 - d) / d tends to 1 as UA tends to 0
        bend = np.where(np.abs(lost) > 1e-12, -np.log1p(-lost) / np.where(lost != 0, lost, 1), 1.0)
        time = (limit - start) * cap / net * bend
    return np.where(start >= limit, 0.0, np.where((net > 0) & (lost < 1), time, np.inf))


def restart_c(
    time_s: np.ndarray,
    start_c: float,
    heat_kw: float,
    capacity_kj_k: float,
    restart_s: float,
    ramp_s: float,
    spare_share: float = 0.1,
) -> np.ndarray:
    """Temperature (times,) while chillers are off until `restart_s` and then load over `ramp_s`.

    They return in a straight line to the heat and a spare share of it, and hold the set point once
    it is reached again: a straight line up, a parabola, a straight line down. Raises ValueError
    for times or capacities that are not positive.
    """
    if capacity_kj_k <= 0 or ramp_s <= 0 or restart_s < 0 or spare_share < 0:
        raise ValueError("heat capacity and ramp are positive; restart and spare not negative")
    t = np.asarray(time_s, dtype=float)
    full = heat_kw * (1 + spare_share)
    since = np.maximum(t - restart_s, 0)
    cooled = full * np.where(since < ramp_s, since**2 / (2 * ramp_s), since - ramp_s / 2)
    return np.maximum(start_c + (heat_kw * t - cooled) / capacity_kj_k, start_c)


def peak_rise_k(
    heat_kw: ArrayLike,
    capacity_kj_k: ArrayLike,
    restart_s: ArrayLike,
    ramp_s: ArrayLike,
    spare_share: ArrayLike = 0.1,
) -> np.ndarray:
    """Highest rise of `restart_c` above its start: when the returning chillers match the heat.

    The balance is met ramp / (1 + spare) after the restart: Q / C (restart + ramp / 2 (1 + spare)).
    """
    ramp = np.asarray(ramp_s, float) / (1 + np.asarray(spare_share, float))
    return np.asarray(heat_kw, float) / capacity_kj_k * (np.asarray(restart_s, float) + ramp / 2)


def circuit_steps_c(
    time_s: np.ndarray, start_c: float, rise_k: float, circuit_s: float
) -> np.ndarray:
    """Supply temperature (times,) without mixing: each circuit adds the rise across the racks.

    The other extreme to one mixed volume, with the same mean slope: the returning water reaches
    the racks again, uncooled, after one circuit of the loop.
    """
    if circuit_s <= 0:
        raise ValueError("a circuit takes some time")
    return start_c + rise_k * np.floor(np.asarray(time_s, dtype=float) / circuit_s)
