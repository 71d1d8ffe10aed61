"""A year of supply for one large site, hour by hour: grid allocation, turbines, battery, shortfall.

The site is one bus. Sources are used cheapest first (a merit order), units fail and are repaired
as two-state Markov chains (Billinton and Allan 1996, "Reliability Evaluation of Power Systems",
chapter 9), planned maintenance walks through the fleet, hot air takes output away, and the utility
may call its allocation back for some hours. A battery bridges what is missing. With one bus, costs
that don't change the order within the year and a battery kept for shortfalls, filling from the
cheapest source up is the optimum of the linear programme; `pypsa_year` solves that programme with
PyPSA (Brown, Hörsch and Schlachtberger 2018, doi:10.5334/jors.188), to hold `dispatch_year` to it.

Arrays run (hours, draws, sources) throughout. Power is in MW, energy in MWh, money in USD, heat
rates in MMBtu/MWh at the higher heating value. Nothing here reads files or draws random numbers
other than from the generator it is given.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from aifactory.models import finance

HOURS_PER_YEAR = 8760
LB_PER_SHORT_TON = 2000.0
KG_PER_LB = 0.45359237
SHED_USD_PER_MWH = 10_000.0  # what an unserved megawatt-hour costs in `pypsa_year`: a last resort
ISO_TEMPERATURE_C = 15.0  # gas turbines are rated at 15 °C, sea level and 60 % humidity (ISO 3977)


# -- the utility's side ----------------------------------------------------------------------------


def carried_hours(demand_mw: np.ndarray, added_mw: float, limit_mw: float) -> np.ndarray:
    """For each hour, whether demand plus `added_mw` stays at or under `limit_mw`.

    Takes demand of any shape and returns booleans of that shape. A record peak as limit says what
    the system is known to have carried, not what it can carry with its reserves.
    """
    return np.asarray(demand_mw, dtype=float) + added_mw <= limit_mw


def load_duration(demand_mw: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Load-duration curve: the demand (MW) exceeded in each of `shares` (0 to 1) of the hours."""
    return np.quantile(np.asarray(demand_mw, dtype=float), 1 - np.asarray(shares, dtype=float))


def called_hours(system_demand_mw: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Hours in which the utility calls an interruptible load back: its own highest ones.

    `system_demand_mw` is (hours, years) and `hours` (years,) says how many a year are called.
    Returns booleans (hours, years).
    """
    order = np.argsort(-system_demand_mw, axis=0, kind="stable")
    called = np.empty(order.shape, dtype=bool)
    np.put_along_axis(called, order, np.arange(len(order))[:, None] < np.asarray(hours), axis=0)
    return called


def hours_by_year(demand: pd.DataFrame) -> pd.DataFrame:
    """Demand as a table of 8760 hours (rows) by year (columns), leap days left out.

    `demand` has the columns local (time stamps in hourly order) and mw; gaps take the hour before.
    """
    local = demand["local"].dt
    kept = demand[~((local.month == 2) & (local.day == 29))]
    year = kept["local"].dt.year
    kept = kept.assign(year=year, hour=kept.groupby(year).cumcount())
    wide = kept.pivot(index="hour", columns="year", values="mw")
    return wide.ffill().iloc[:HOURS_PER_YEAR]


def latest_step(steps: pd.DataFrame, what: str, date: str) -> tuple[float, float, float]:
    """What a table of dated steps gives for `what` on a day: its low, central and high MW.

    `steps` has the columns date, what, low_mw, central_mw and high_mw, by date; a step holds until
    the next of its kind. Raises KeyError where there is none yet.
    """
    rows = steps[(steps["what"] == what) & (steps["date"] <= date)]
    if rows.empty:
        raise KeyError(f"no step of {what!r} up to {date}")
    low, central, high = rows[["low_mw", "central_mw", "high_mw"]].iloc[-1]
    return float(low), float(central), float(high)


# -- what the units can give -----------------------------------------------------------------------


def ambient_derate(temperature_c: np.ndarray, slope_per_c: np.ndarray) -> np.ndarray:
    """Share of rated output that a gas turbine gives at an air temperature, (hours, draws).

    Output falls by `slope_per_c` (draws,) of the rating for each degree above 15 °C; below that the
    rating holds, as generator and permit cap it.
    """
    above = np.maximum(np.asarray(temperature_c, dtype=float) - ISO_TEMPERATURE_C, 0.0)
    return np.maximum(1 - above[:, None] * np.asarray(slope_per_c)[None, :], 0.0)


def maintenance_windows(
    units: int, planned_rate_1: float, hours: int = HOURS_PER_YEAR
) -> np.ndarray:
    """Planned outages, booleans (hours, units): one window a unit, starts spread over the year.

    Each unit is out for `planned_rate_1` of the hours in one piece. A flat load has no mild season
    to move the work into, so the windows follow one another all year round.
    """
    if not 0 <= planned_rate_1 < 1:
        raise ValueError(f"a planned outage rate lies in 0 to 1, got {planned_rate_1}")
    start = np.arange(units) * hours / max(units, 1)
    since = (np.arange(hours)[:, None] - start[None, :]) % hours
    return since < planned_rate_1 * hours


def units_up(
    class_of_unit: np.ndarray,
    forced_rate_1: np.ndarray,
    repair_h: np.ndarray,
    out_for_work: np.ndarray,
    rng: np.random.Generator,
    stress: np.ndarray | None = None,
) -> np.ndarray:
    """Units of each class that can run, int16 (hours, draws, classes).

    Every unit is a two-state Markov chain in steps of an hour: repaired with probability
    1/`repair_h`, failed with q/(1 - q)/`repair_h`, so that it is out for the share q =
    `forced_rate_1` of the time (both (draws,), all units alike). `stress` (hours,) multiplies q
    hour by hour, which makes outages in a cold snap common to all. `out_for_work` (hours, units)
    are planned outages. Units start in the chain's steady state. Raises ValueError for rates
    outside 0 to 1.
    """
    q = np.asarray(forced_rate_1, dtype=float)
    if (q < 0).any() or (q >= 1).any():
        raise ValueError("forced outage rates lie in 0 to 1")
    hours, units = out_for_work.shape
    stress = np.ones(hours) if stress is None else np.asarray(stress, dtype=float)
    member = np.equal.outer(class_of_unit, np.unique(class_of_unit)).astype(np.float32)
    rise = (1 / np.asarray(repair_h, dtype=float))[:, None]
    up = rng.random((q.size, units)) >= q[:, None] * stress[0]
    here, draw = ~out_for_work, np.empty(up.shape, dtype=np.float32)
    out = np.empty((hours, q.size, member.shape[1]), dtype=np.int16)
    for h in range(hours):
        out[h] = (up & here[h]) @ member
        now = np.minimum(q * stress[h], 0.9)[:, None]
        rng.random(out=draw, dtype=np.float32)
        # what is down and not repaired stays down, what is up and does not fail stays up
        up = (draw < rise) & ~up | (draw >= np.minimum(now / (1 - now) * rise, 1.0)) & up
    return out


@dataclass(frozen=True)
class Fleet:
    """Generating units by class: names and units (classes,), MW and heat rate (draws, classes)."""

    names: tuple[str, ...]
    units: np.ndarray
    unit_mw: np.ndarray
    heat_rate: np.ndarray

    @property
    def rated_mw(self) -> np.ndarray:
        """Rated output of the whole fleet, (draws,)."""
        return (self.unit_mw * self.units).sum(axis=1)


def fleet_capacity(
    fleet: Fleet,
    chance: pd.DataFrame,
    planned_rate_1: float,
    temperature_c: np.ndarray,
    stress: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """What a fleet can give, MW (hours, draws, classes): units up x MW x ambient derate.

    `chance` has a row a draw with forced_outage_1, repair_h and derate_per_c; the hours are those
    of `temperature_c` (hours,), with `stress` as in `units_up`.
    """
    member = np.repeat(np.arange(len(fleet.names)), fleet.units)
    work = maintenance_windows(member.size, planned_rate_1, len(temperature_c))
    # classes take turns in the maintenance plan, so that no class is out as a block
    turn = np.concatenate([(np.arange(n) + 0.5) / n for n in fleet.units])
    work = work[:, np.argsort(np.argsort(turn, kind="stable"), kind="stable")]
    failing = [chance[k].to_numpy(float) for k in ("forced_outage_1", "repair_h", "derate_per_c")]
    up = units_up(member, failing[0], failing[1], work, rng, stress)
    out = _by_source(up.shape)
    np.multiply(up, fleet.unit_mw, out=out)
    out *= ambient_derate(temperature_c, failing[2])[:, :, None]
    return out


def _by_source(shape: tuple[int, ...]) -> np.ndarray:
    """An empty array whose last axis, the sources, lies outermost in memory.

    Every step of a dispatch reads one source whole, which is then one piece.
    """
    return np.moveaxis(np.empty((shape[-1], *shape[:-1])), 0, -1)


def with_grid(
    own_mw: np.ndarray, grid_mw: np.ndarray | float, called: np.ndarray | bool
) -> np.ndarray:
    """Put the grid feed before the fleet: capacities (hours, draws, 1 + classes).

    `grid_mw` (draws,) is there except in the hours that `called` (hours, draws) marks.
    """
    hours, draws, classes = own_mw.shape
    out = _by_source((hours, draws, 1 + classes))
    out[:, :, 0], out[:, :, 1:] = np.where(called, 0.0, grid_mw), own_mw
    return out


# -- dispatch --------------------------------------------------------------------------------------


def merit_order(load_mw: np.ndarray, capacity_mw: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Fill a load from the cheapest source up: output (..., sources), never above capacity.

    `load_mw` is (...,), `capacity_mw` (..., sources), and `cost` broadcasts to the latter; equal
    costs are used in the order given. What no source can carry is left over.
    """
    capacity_mw, cost = np.asarray(capacity_mw, dtype=float), np.asarray(cost, dtype=float)
    place = np.arange(cost.shape[-1])
    tie = (cost[..., :, None] == cost[..., None, :]) & (place[:, None] < place)
    cheaper = ((cost[..., :, None] < cost[..., None, :]) | tie).astype(float)  # 1 or 0
    out = _by_source(capacity_mw.shape)
    for i in place:
        left = np.array(np.broadcast_to(load_mw, out.shape[:-1]), dtype=float)
        for j in place:
            if cheaper[..., j, i].any():
                left -= capacity_mw[..., j] * cheaper[..., j, i]
        out[..., i] = np.minimum(np.maximum(left, 0.0), capacity_mw[..., i])
    return out


def battery_bridge(
    spare_mw: np.ndarray, power_mw: np.ndarray, energy_mwh: np.ndarray, round_trip_1: float
) -> tuple[np.ndarray, np.ndarray]:
    """Charge and discharge (hours, draws), MW at the bus, of a battery kept for shortfalls.

    `spare_mw` is capacity less load; where it is negative the battery gives what it can, where it
    is positive it refills at once. It starts full. Losses are shared evenly by both directions.
    """
    eta = np.sqrt(round_trip_1)
    stored = np.array(np.broadcast_to(energy_mwh, spare_mw.shape[1:]), dtype=float)
    wanted, offered = np.clip(-spare_mw, 0, power_mw), np.clip(spare_mw, 0, power_mw)
    charge, discharge = np.empty(spare_mw.shape), np.empty(spare_mw.shape)
    for h in range(len(spare_mw)):
        give = np.minimum(wanted[h], stored * eta, out=discharge[h])
        take = np.minimum(offered[h], (energy_mwh - stored) / eta, out=charge[h])
        stored = np.minimum(np.maximum(stored + take * eta - give / eta, 0), energy_mwh)
    return charge, discharge


@dataclass(frozen=True)
class Year:
    """What a year of dispatch adds up to, by draw: energies in MWh, hours in h."""

    energy_mwh: np.ndarray  # (draws, sources), charging included
    discharged_mwh: np.ndarray
    charged_mwh: np.ndarray
    unserved_mwh: np.ndarray
    hours_short: np.ndarray
    load_mwh: np.ndarray

    @property
    def served_mwh(self) -> np.ndarray:
        """Energy that reached the load, (draws,)."""
        return self.load_mwh - self.unserved_mwh

    @property
    def share_1(self) -> np.ndarray:
        """Share of all generation and purchases that each source gave, (draws, sources)."""
        total = self.energy_mwh.sum(axis=1, keepdims=True)
        return self.energy_mwh / np.where(total > 0, total, 1.0)


def dispatch_year(
    load_mw: np.ndarray,
    capacity_mw: np.ndarray,
    cost: np.ndarray,
    battery_mw: np.ndarray | float = 0.0,
    battery_mwh: np.ndarray | float = 0.0,
    round_trip_1: float = 1.0,
    short_below_mw: float = 1e-6,
) -> Year:
    """Dispatch a year: `load_mw` (hours, draws), `capacity_mw` (hours, draws, sources).

    `cost` (draws, sources) or (sources,) sets the order. The battery sees the whole year's spare
    capacity first, then the sources carry load, plus charging, less discharge, in merit order.
    """
    load = np.broadcast_to(load_mw, capacity_mw.shape[:2])
    spare = sum(np.moveaxis(capacity_mw, 2, 0)) - load
    draws = load.shape[1]
    power = np.broadcast_to(np.asarray(battery_mw, dtype=float), (draws,))
    energy = np.broadcast_to(np.asarray(battery_mwh, dtype=float), (draws,))
    if power.any() and energy.any():
        charge, discharge = battery_bridge(spare, power, energy, round_trip_1)
    else:
        charge = discharge = np.zeros(spare.shape)
    used = merit_order(load + charge - discharge, capacity_mw, cost)
    unserved = np.maximum(-spare - discharge, 0.0)
    return Year(
        energy_mwh=used.sum(axis=0),
        discharged_mwh=discharge.sum(axis=0),
        charged_mwh=charge.sum(axis=0),
        unserved_mwh=unserved.sum(axis=0),
        hours_short=(unserved > short_below_mw).sum(axis=0).astype(float),
        load_mwh=load.sum(axis=0),
    )


@dataclass(frozen=True)
class Site:
    """What feeds a load: a fleet, and (draws,) full load, grid feed and battery, MW and MWh."""

    fleet: Fleet
    rating_mw: np.ndarray
    grid_mw: np.ndarray
    battery_mw: np.ndarray
    battery_mwh: np.ndarray


def site_year(
    site: Site,
    own_mw: np.ndarray,
    called: np.ndarray,
    load_factor: np.ndarray | float,
    round_trip_1: float,
    order: np.ndarray | None = None,
) -> Year:
    """A site's year with `own_mw` (hours, draws, classes) from `fleet_capacity`.

    The load is flat at `load_factor` times the rating. Without an `order` (draws, 1 + classes) the
    grid feed runs first and the turbines follow by heat rate.
    """
    heat = site.fleet.heat_rate
    order = np.column_stack([np.zeros(len(heat)), heat]) if order is None else order
    load = np.broadcast_to(site.rating_mw * load_factor, (len(heat),))
    capacity = with_grid(own_mw, site.grid_mw, called)
    return dispatch_year(load, capacity, order, site.battery_mw, site.battery_mwh, round_trip_1)


# -- money and emissions ---------------------------------------------------------------------------


def capital_recovery_factor(rate_1: np.ndarray | float, years: np.ndarray | float) -> np.ndarray:
    """Level yearly payment per unit of capital: i (1 + i)^n / ((1 + i)^n - 1), 1/n for i = 0."""
    rate, n = np.broadcast_arrays(np.asarray(rate_1, dtype=float), np.asarray(years, dtype=float))
    if (n <= 0).any() or (rate < 0).any():
        raise ValueError("a capital recovery factor needs years above 0 and a rate of 0 or more")
    return finance.capital_recovery_factor(rate, n)


def money(x: pd.DataFrame) -> dict[str, np.ndarray]:
    """What energy and plant cost, each (draws,), from the inputs of `x`.

    Columns: hub_usd_per_mmbtu, delivery_usd_per_mmbtu, variable_usd_per_mwh, capital_usd_per_kw,
    fixed_usd_per_kw_year, rate_1, life_y, battery_musd, battery_life_y, grid_usd_per_mwh. Returns
    gas and grid prices, running cost, and the yearly cost of a kW of turbine and of the battery.
    """
    column = {name: x[name].to_numpy(float) for name in x.columns}
    crf = capital_recovery_factor(column["rate_1"], column["life_y"])
    battery_crf = capital_recovery_factor(column["rate_1"], column["battery_life_y"])
    return {
        "gas_usd_per_mmbtu": column["hub_usd_per_mmbtu"] + column["delivery_usd_per_mmbtu"],
        "variable_usd_per_mwh": column["variable_usd_per_mwh"],
        "grid_usd_per_mwh": column["grid_usd_per_mwh"],
        "turbine_usd_per_kw_year": column["capital_usd_per_kw"] * crf
        + column["fixed_usd_per_kw_year"],
        "battery_usd_per_year": 1e6 * column["battery_musd"] * battery_crf,
    }


def cost_parts(year: Year, fleet: Fleet, prices: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Levelised cost of the energy served by part, USD/MWh, each (draws,); their sum is the cost.

    The first source of `year` is the grid; `prices` come from `money`.
    """
    own = year.energy_mwh[:, 1:]
    usd = {
        "fuel": (own * fleet.heat_rate).sum(axis=1) * prices["gas_usd_per_mmbtu"],
        "running": own.sum(axis=1) * prices["variable_usd_per_mwh"],
        "turbines": 1000 * fleet.rated_mw * prices["turbine_usd_per_kw_year"],
        "batteries": prices["battery_usd_per_year"],
        "grid": year.energy_mwh[:, 0] * prices["grid_usd_per_mwh"],
    }
    return {part: value / year.served_mwh for part, value in usd.items()}


def marginal_cost(fleet: Fleet, prices: dict[str, np.ndarray]) -> np.ndarray:
    """Cost of one more MWh (USD) of grid, paid by the MWh, and classes: (draws, 1 + classes)."""
    own = fleet.heat_rate * prices["gas_usd_per_mmbtu"][:, None]
    own = own + prices["variable_usd_per_mwh"][:, None]
    return np.column_stack([prices["grid_usd_per_mwh"], own])


def co2_tonnes(fuel_mmbtu: np.ndarray, factor_kg_per_mmbtu: float) -> np.ndarray:
    """Carbon dioxide from burning `fuel_mmbtu` of gas, in tonnes."""
    return np.asarray(fuel_mmbtu, dtype=float) * factor_kg_per_mmbtu / 1000


def nox_short_tons(fuel_mmbtu: np.ndarray, rate_lb_per_mmbtu: np.ndarray | float) -> np.ndarray:
    """Nitrogen oxides from burning `fuel_mmbtu` of gas, in short tons, as US permits count them."""
    return np.asarray(fuel_mmbtu, dtype=float) * rate_lb_per_mmbtu / LB_PER_SHORT_TON


def emissions(year: Year, fleet: Fleet, x: pd.DataFrame) -> dict[str, np.ndarray]:
    """What a year emits, each (draws,): the first source of `year` is the grid, the rest burn gas.

    Columns of `x`: co2_kg_per_mmbtu, grid_co2_kg_per_mwh, and nox_bare_lb_per_mmbtu and
    nox_scr_lb_per_mmbtu, without and with catalytic reduction. Carbon dioxide counts the grid,
    nitrogen oxides the stacks on site alone.
    """
    fuel = (year.energy_mwh[:, 1:] * fleet.heat_rate).sum(axis=1)
    bought = year.energy_mwh[:, 0] * x["grid_co2_kg_per_mwh"].to_numpy(float) / 1000
    co2 = co2_tonnes(fuel, 1.0) * x["co2_kg_per_mmbtu"].to_numpy(float) + bought
    out = {"co2_kg_per_mwh": 1000 * co2 / year.served_mwh, "co2_mt_per_year": co2 / 1e6}
    for name in ("bare", "scr"):
        tons = nox_short_tons(fuel, x[f"nox_{name}_lb_per_mmbtu"].to_numpy(float))
        out[f"nox_{name}_kg_per_mwh"] = tons * LB_PER_SHORT_TON * KG_PER_LB / year.served_mwh
        out[f"nox_{name}_short_tons"] = tons
    return out


def outcome(year: Year, fleet: Fleet, x: pd.DataFrame) -> dict[str, np.ndarray]:
    """What a year comes to, each (draws,): share made on site, cost, emissions, shortfall.

    `x` has the columns of `money` and `emissions`. Adds to the latter own_percent, usd_per_mwh,
    unserved_gwh and hours_short.
    """
    return {
        "own_percent": 100 * (1 - year.share_1[:, 0]),
        "usd_per_mwh": np.sum(list(cost_parts(year, fleet, money(x)).values()), axis=0),
        **emissions(year, fleet, x),
        "unserved_gwh": year.unserved_mwh / 1000,
        "hours_short": year.hours_short,
    }


# -- the year at its expected values, for sensitivities --------------------------------------------


def mean_terms(
    x: pd.DataFrame,
    rating_mw: float,
    class_mw: dict[str, float],
    planned_rate_1: float,
    degrees_above: float,
) -> pd.DataFrame:
    """The coefficients of a year at its expected values: one row a case, ready for `mean_year`.

    `x` has the columns of `money`, load_factor, grid_mw, called_h, forced_outage_1, derate_per_c,
    co2_kg_per_mmbtu, grid_co2_kg_per_mwh and heat_<class>; `class_mw` gives the rated MW of each
    class, `degrees_above` the mean of temperature above 15 °C (°C).
    """
    prices = money(x)
    up = (1 - x["forced_outage_1"]) * (1 - planned_rate_1)
    terms = {
        "load_mw": rating_mw * x["load_factor"],
        "grid_mw": x["grid_mw"],
        "open_1": 1 - x["called_h"] / HOURS_PER_YEAR,
        "firm_1": up * (1 - x["derate_per_c"] * degrees_above),
        "gas_usd_per_mmbtu": prices["gas_usd_per_mmbtu"],
        "run_usd_per_mwh": prices["variable_usd_per_mwh"],
        "rated_usd_per_mw_h": 1000 * prices["turbine_usd_per_kw_year"] / HOURS_PER_YEAR,
        "battery_usd_per_h": prices["battery_usd_per_year"] / HOURS_PER_YEAR,
        "grid_usd_per_mwh": prices["grid_usd_per_mwh"],
        "co2_kg_per_mmbtu": x["co2_kg_per_mmbtu"],
        "grid_co2_kg_per_mwh": x["grid_co2_kg_per_mwh"],
    }
    heat = {f"heat_{c}": x[f"heat_{c}"] for c in class_mw}
    rated = {f"mw_{c}": np.full(len(x), float(mw)) for c, mw in class_mw.items()}
    return pd.DataFrame(terms | heat | rated, index=x.index)


def mean_year(terms: pd.DataFrame, classes: Sequence[str]) -> dict[str, np.ndarray]:
    """The year with every hour at its expected capacity, from `mean_terms`.

    Returns arrays (cases,): own_share_1, usd_per_mwh, co2_kg_per_mwh, unserved_1. Batteries count
    in money alone and bad hours not at all, so it serves to rank inputs and to answer what-ifs;
    `dispatch_year` gives the levels.
    """
    t = {name: terms[name].to_numpy(float) for name in terms.columns}
    heat = np.stack([t[f"heat_{c}"] for c in classes], axis=1)
    rated = np.stack([t[f"mw_{c}"] for c in classes], axis=1)
    capacity = np.column_stack([t["grid_mw"] * t["open_1"], rated * t["firm_1"][:, None]])
    used = merit_order(t["load_mw"], capacity, np.column_stack([np.zeros(len(terms)), heat]))
    grid, own, served = used[:, 0], used[:, 1:], used.sum(axis=1)
    fuel = (own * heat).sum(axis=1)
    usd = fuel * t["gas_usd_per_mmbtu"] + own.sum(axis=1) * t["run_usd_per_mwh"]
    usd += rated.sum(axis=1) * t["rated_usd_per_mw_h"] + t["battery_usd_per_h"]
    usd += grid * t["grid_usd_per_mwh"]
    co2 = fuel * t["co2_kg_per_mmbtu"] + grid * t["grid_co2_kg_per_mwh"]
    return {
        "own_share_1": own.sum(axis=1) / served,
        "usd_per_mwh": usd / served,
        "co2_kg_per_mwh": co2 / served,
        "unserved_1": 1 - served / t["load_mw"],
    }


# -- the same year as a linear programme -----------------------------------------------------------


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Keep the solver's banner, which it writes past Python, and PyPSA's notes off the output."""
    loggers = [logging.getLogger(name) for name in ("pypsa", "linopy")]
    levels = [logger.level for logger in loggers]
    saved = os.dup(1)
    with Path(os.devnull).open("w") as sink, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        os.dup2(sink.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(saved, 1)
            os.close(saved)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def pypsa_year(
    load_mw: np.ndarray,
    capacity_mw: np.ndarray,
    cost_usd_per_mwh: Sequence[float],
    names: Sequence[str],
    battery_mw: float = 0.0,
    battery_mwh: float = 0.0,
    round_trip_1: float = 1.0,
    wear_usd_per_mwh: float = 0.0,
) -> tuple[pd.Series, float]:
    """Least-cost dispatch of one draw by PyPSA with HiGHS, in perfect foresight.

    `load_mw` (hours,), `capacity_mw` (hours, sources), `cost_usd_per_mwh` and `names` (sources,).
    The battery ends the year as full as it began; `wear_usd_per_mwh` is charged on discharge, and
    where it exceeds the spread of the sources' costs the optimum keeps it for shortfalls. Returns
    energies (MWh) by source, with "battery" (discharge) and "unserved", and the cost in USD. Raises
    RuntimeError where the solver finds no optimum.
    """
    with _silenced():
        import pypsa

        net = pypsa.Network()
        net.set_snapshots(range(len(load_mw)))
        net.add("Bus", "site")
        net.add("Load", "load", bus="site", p_set=pd.Series(load_mw, index=net.snapshots))
        for i, name in enumerate(names):
            top = float(max(capacity_mw[:, i].max(), 1e-9))
            limit = pd.Series(capacity_mw[:, i] / top, index=net.snapshots)
            net.add(
                "Generator", name, bus="site", p_nom=top, p_max_pu=limit,
                marginal_cost=float(cost_usd_per_mwh[i]),
            )  # fmt: skip
        net.add(
            "Generator", "unserved", bus="site", p_nom=float(np.max(load_mw)),
            marginal_cost=SHED_USD_PER_MWH,
        )  # fmt: skip
        if battery_mw > 0:
            eta = float(np.sqrt(round_trip_1))
            net.add(
                "StorageUnit", "battery", bus="site", p_nom=battery_mw,
                max_hours=battery_mwh / battery_mw, efficiency_store=eta, efficiency_dispatch=eta,
                cyclic_state_of_charge=True, marginal_cost=wear_usd_per_mwh,
            )  # fmt: skip
        status, condition = net.optimize(
            solver_name="highs", progress=False, log_to_console=False, output_flag=False
        )
    if status != "ok":
        raise RuntimeError(f"the solver found no optimum: {condition}")
    energy = net.generators_t.p.sum()
    if battery_mw > 0:
        energy["battery"] = float(net.storage_units_t.p["battery"].clip(lower=0).sum())
    return energy.rename_axis(None).rename("energy_mwh"), float(net.objective)


def against_optimum(
    load_mw: np.ndarray,
    capacity_mw: np.ndarray,
    cost_usd_per_mwh: np.ndarray,
    names: Sequence[str],
    battery_mw: float,
    battery_mwh: float,
    round_trip_1: float,
    wear_usd_per_mwh: float,
) -> pd.DataFrame:
    """The merit order beside PyPSA's optimum for one draw; arguments as in `pypsa_year`.

    Returns the columns merit_order and optimum with a row a source (MWh), "battery" (discharge),
    "unserved", and "cost" (USD), the same prices on both sides.
    """
    store = (battery_mw, battery_mwh, round_trip_1)
    year = dispatch_year(load_mw[:, None], capacity_mw[:, None], cost_usd_per_mwh, *store)
    best, usd = pypsa_year(load_mw, capacity_mw, cost_usd_per_mwh, names, *store, wear_usd_per_mwh)
    rows = [*names, "battery", "unserved"]
    energy = np.array([*year.energy_mwh[0], year.discharged_mwh[0], year.unserved_mwh[0]])
    spent = energy @ [*cost_usd_per_mwh, wear_usd_per_mwh, SHED_USD_PER_MWH]
    both = {"merit_order": [*energy, spent], "optimum": [*best[rows], usd]}
    return pd.DataFrame(both, index=[*rows, "cost"])
