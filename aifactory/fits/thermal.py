"""Runs behind the factory's cooling and water, with the chapters' own weather, curves and inputs.

Two inputs are what a chapter found and are read from it: the cycles that recycled water allows, and
what sites that report have beyond the model of the plant.

The hourly plant of aifactory.models.cooling.plant is run once for heat in the warm loop alone and
once for heat in the cool loop alone: electricity per heat does not depend on how much heat there
is, and what the two loops carry is a matter of formulas. Water of wetted pads is the hour-by-hour
balance of aifactory.models.water.need at an air rise of 1 K and without blowdown, both of which
enter as plain factors.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from aifactory.data import figure, table
from aifactory.fits import NOTEBOOKS, QUANTILES, Checks
from aifactory.fits import rng as _rng
from aifactory.models.cooling import air, chillers, coolers, loop, plant, units
from aifactory.models.cooling.air import Air
from aifactory.models.factory import shared, thermal
from aifactory.models.factory.emulator import Surface, fit
from aifactory.models.factory.graph import CONSTANTS
from aifactory.models.water import need, supply
from aifactory.said import interval, stored
from aifactory.uncertainty import Distribution, from_range, held, sample, tabulated, uniform
from aifactory.verdicts import chapter_path, read

LEAST_CYCLES = CONSTANTS["least_cycles"][0]
CHECKED = 150  # points that are held back
SHIFTS_K = np.linspace(-1.2, 2.4, 7)  # years that are run: warmer than the typical one
COLD_C, WARM_C = 12.0, 54.0  # supply of the warm loop
DRAWS = 20_000  # draws behind a derived input
DRY_C = 36.0  # pads that may stay dry up to this air take next to no water
DAMP_C = 31.0  # and beyond this so little that its course through the year is held

# inputs of plant.Design that a surface is fitted in, by name in the graph
OF_DESIGN = {
    "supply_c": "supply_c", "hall_water_c": "hall_water_c", "chiller_eir": "chiller_eir",
    "cooler_approach_k": "cooler_approach_k", "pad_effectiveness": "pads", "loop_rise_k": "rise_k",
}  # fmt: skip
FIGURES = {
    "supply_c": "supply-temperature", "hall_water_c": "hall-water",
    "chiller_eir": "chiller-input-factor", "cooler_approach_k": "cooler-approach",
    "pad_effectiveness": "pad-effectiveness", "loop_rise_k": "facility-rise",
    "weather_shift_k": "weather-year-shift", "block": "chillers-per-block",
}  # fmt: skip


@dataclass(frozen=True)
class _Loop:
    """What a surface of the plant is fitted to: a kind of plant, one loop, inputs and degree."""

    kind: plant.Kind
    warm: bool
    names: tuple[str, ...]
    degree: int
    runs: int


_YEAR = ("chiller_eir", "weather_shift_k", "part_load_gain")
_COOLER = ("supply_then_c", "chiller_eir", "cooler_approach_k", "loop_rise_k", "part_load_gain")
LOOPS = {
    "warm_chillers": _Loop(plant.Kind.CHILLERS, True, ("supply_c", *_YEAR), 3, 120),
    "warm_coils": _Loop(plant.Kind.FREE_COIL, True, ("supply_c", *_YEAR, "loop_rise_k"), 3, 160),
    "warm_dry": _Loop(plant.Kind.DRY, True, _COOLER, 4, 500),
    "warm_wetted": _Loop(plant.Kind.ADIABATIC, True, (*_COOLER, "pad_effectiveness"), 3, 500),
    "cool_chillers": _Loop(plant.Kind.CHILLERS, False, ("hall_water_c", *_YEAR), 2, 60),
    "cool_coils": _Loop(plant.Kind.FREE_COIL, False, ("hall_water_c", *_YEAR), 2, 60),
}


# -- the plant's year ------------------------------------------------------------------------------


@functools.cache
def typical_air() -> Air:
    """Memphis's typical year, 8,760 hours."""
    hours = table("cooling/weather_memphis")
    return air.from_dew_point(
        hours["dry_bulb_c"], hours["dew_point_c"], 100 * hours["pressure_hpa"]
    )


@functools.cache
def months() -> np.ndarray:
    """Calendar month of each hour, (8760,)."""
    return table("cooling/weather_memphis")["month"].to_numpy()


@functools.cache
def shifted_air(by_k: float) -> Air:
    """The same year with dry and wet bulb raised by `by_k` (K), as the chapter on water has it."""
    base = typical_air()
    return air.from_wet_bulb(base.dry_bulb_c + by_k, base.wet_bulb_c + by_k, base.pressure_pa)


@functools.cache
def machines() -> tuple[chillers.Curves, coolers.DryCooler]:
    """The chapter's typical chiller and its dry cooler."""
    fleet = chillers.from_table(table("cooling/chiller_curves"))
    measured = [u for u in fleet if not u.name.startswith("generic")]
    grid = np.meshgrid([7.0, 15.0, 20.0, 30.0], [0.0, 10.0, 20.0, 30.0, 40.0])
    terms = ["heat_rejection_kw", "air_in_c", "coolant_in_c", "coolant_out_c", "fan_power_kw"]
    rating = table("cooling/dry_cooler_ratings").iloc[0][terms].astype(float)
    return chillers.typical(measured, *grid), coolers.DryCooler(*rating)


@functools.cache
def design_day() -> dict[str, float]:
    """Dry and wet bulb that chillers are sized for (°C), fields of plant.Design."""
    day = table("cooling/design_conditions").query("city == 'Memphis'")
    day = day.set_index("statistic")["value_c"]
    return {
        "design_air_c": float(day["DBmax20years"]),
        "design_wet_bulb_c": float(day["WB004"]),
    }


@functools.cache
def warmest_chilled_c() -> float:
    """Warmest water (°C) for which a maker rates a chiller."""
    return float(table("cooling/chiller_catalogue")["rating_water_high_c"].max())


def per_heat(of: _Loop, drawn: pd.DataFrame) -> np.ndarray:
    """Yearly electricity over heat of one loop (no unit), the full model at each row; (rows,).

    Only the loop's own heat is there: no losses, no pumps, no fans in the halls. Years are those of
    `SHIFTS_K`.
    """
    given = {OF_DESIGN[k]: drawn[k].to_numpy() for k in OF_DESIGN if k in drawn}
    given["spare_chillers"] = 1 / drawn["block"].to_numpy()
    given["part_load_gain"] = drawn["part_load_gain"].to_numpy()
    alone = {"liquid_share": float(of.warm), "hall_fans": 0.0, "cdu_power": 0.0}
    alone |= {"ups_loss": 0.0, "pdu_loss": 0.0, "head_kpa": 0.0}
    design = plant.Design(kind=of.kind, **given, **alone, **design_day())
    out = np.empty(len(drawn))
    for by_k, at in _by_year(drawn):
        out[at] = plant.annual(shifted_air(by_k), design.take(at), *machines()).pue - 1
    return out


def _nearest_year(shift_k: np.ndarray) -> np.ndarray:
    return SHIFTS_K[np.abs(shift_k[:, None] - SHIFTS_K).argmin(axis=1)]


def drawn_of(of: _Loop, name: str, n: int, spread: bool) -> pd.DataFrame:
    """Points of a loop's inputs: as the figures have them, or with `spread` over the whole box."""
    given = {k: figure(v).distribution() for k, v in FIGURES.items()}
    given["part_load_gain"] = uniform(0, 1)
    top = warmest_chilled_c() if of.kind <= plant.Kind.FREE_COIL else WARM_C
    if spread:
        given["weather_shift_k"] = uniform(SHIFTS_K[0] - 0.3, SHIFTS_K[-1] + 0.3)
        given["supply_c"] = uniform(COLD_C, top)
        for key in set(OF_DESIGN) - {"supply_c"}:
            given[key] = uniform(*given[key].ppf(np.array([0.005, 0.995])))
    drawn = sample(given, n, _rng(name))
    drawn["supply_c"] = drawn["supply_c"].clip(COLD_C, top)
    drawn["pad_effectiveness"] = drawn["pad_effectiveness"].clip(upper=1.0)
    drawn["weather_shift_k"] = _nearest_year(drawn["weather_shift_k"].to_numpy())
    return drawn.assign(supply_then_c=drawn["supply_c"] - drawn["weather_shift_k"])


def loop_surface(name: str, of: _Loop) -> tuple[Surface, Checks]:
    runs = drawn_of(of, name, of.runs, spread=True)
    columns = list(of.names)
    found = fit(of.names, runs[columns].to_numpy(), per_heat(of, runs), of.degree)
    kept = drawn_of(of, name + " held back", CHECKED, spread=False)
    return found, (kept[columns].to_numpy(), per_heat(of, kept))


# -- the whole site, run in full -------------------------------------------------------------------

SITE = (
    "plant_kind_u", *FIGURES, "part_load_gain", "pump_kpa", "liquid_share", "plated_share",
    "network_overhead", "cdu_power", "ups_loss", "pdu_loss", "hall_fans",
)  # fmt: skip


def site_draws(n: int, name: str) -> pd.DataFrame:
    """Draws of all that PUE depends on, one a row, by name in the graph; `block` of chillers too.

    The year's weather is the nearest of `SHIFTS_K`.
    """
    derived_of, given = _cooling_inputs(), {}
    for one in (*shared.INPUTS, *thermal.INPUTS):
        if one.name in SITE:
            base = (
                figure(one.figures[0]).distribution()
                if one.figures
                else tabulated(QUANTILES, np.quantile(derived_of[one.name], QUANTILES))
            )
            given[one.name] = held(base, one.least, one.most)
    given["block"] = figure(FIGURES["block"]).distribution()
    drawn = sample(given, n, _rng(name))
    return drawn.assign(weather_shift_k=_nearest_year(drawn["weather_shift_k"].to_numpy()))


def site_design(drawn: pd.DataFrame) -> plant.Design:
    """Draws as designs of the full model; chillers run no warmer than makers rate them."""
    d = {k: drawn[k].to_numpy() for k in drawn}
    kind = np.minimum(4 * d["plant_kind_u"], 3.999).astype(int)
    given = {OF_DESIGN[k]: d[k] for k in OF_DESIGN} | {"kind": kind}
    warmest = np.where(kind <= plant.Kind.FREE_COIL, warmest_chilled_c(), np.inf)
    given["supply_c"] = np.minimum(given["supply_c"], warmest)
    given["liquid_share"] = loop.site_share(
        d["liquid_share"], d["plated_share"], d["network_overhead"]
    )
    given |= {"head_kpa": d["pump_kpa"], "pump_efficiency": 1.0}
    given |= {k: d[k] for k in ("cdu_power", "ups_loss", "pdu_loss", "hall_fans")}
    given |= {"spare_chillers": 1 / d["block"], "part_load_gain": d["part_load_gain"]}
    return plant.Design(**given, **design_day())


def site_pue(drawn: pd.DataFrame) -> np.ndarray:
    """Yearly PUE of each draw by the full model, (draws,)."""
    design, out = site_design(drawn), np.empty(len(drawn))
    for by_k, at in _by_year(drawn):
        out[at] = plant.annual(shifted_air(by_k), design.take(at), *machines()).pue
    return out


def pue_by_month_and_hour(n: int = 96) -> np.ndarray:
    """PUE by calendar month and hour of the day (local standard time), (3, 12, 24).

    The 5, 50 and 95 % quantiles over `n` draws of plant, weather and all other inputs, each a whole
    year of the full model.
    """
    drawn = site_draws(n, "hours")
    design, hourly = site_design(drawn), np.empty((len(months()), n))
    for by_k, at in _by_year(drawn):
        hourly[:, at] = plant.year(shifted_air(by_k), design.take(at), *machines()).pue
    hour = table("cooling/weather_memphis")["hour_ending"].to_numpy()
    return thermal.by_month_and_hour(hourly, months(), hour, np.array([0.05, 0.5, 0.95]))


def _by_year(drawn: pd.DataFrame) -> Iterator[tuple[float, np.ndarray]]:
    """Each year among the draws, and the positions of its draws."""
    shift = drawn["weather_shift_k"].to_numpy()
    for by_k in np.unique(shift):
        yield float(by_k), np.flatnonzero(shift == by_k)


# -- water of pads ---------------------------------------------------------------------------------

PADS = ("pads_from_c", "pad_effectiveness", "pads_staging")
PADS_RUNS, PADS_DEGREE, SHARE_DEGREE = 300, 5, 4


def pads_hourly(hours: Air, x: np.ndarray) -> np.ndarray:
    """Water that pads evaporate for each kWh of heat at an air rise of 1 K (L K/kWh).

    `x` (configs, 3) in the order of `PADS`; (hours, configs).
    """
    found = need.assisted_water(
        1.0, hours, supply_c=x[:, 0], approach_k=0.0, air_rise_k=1.0, effectiveness=x[:, 1],
        cycles=2.0, staging=x[:, 2],
    )  # fmt: skip
    return found.evaporation


def _pads_points(name: str, n: int, spread: bool, top_c: float = DRY_C) -> np.ndarray:
    """Points in the order of `PADS`; the weather's shift is already in the temperature."""
    if spread:
        boxes = [uniform(8.0, top_c), uniform(0.5, 1.0), uniform(0, 1)]
        return sample(dict(zip(PADS, boxes, strict=True)), n, _rng(name)).to_numpy()
    ids = {"supply": "supply-temperature", "approach": "cooler-approach"}
    ids |= {"wet": "pad-effectiveness", "staging": "pad-staging", "shift": "weather-year-shift"}
    d = sample({k: figure(v).distribution() for k, v in ids.items()}, n, _rng(name))
    at = np.clip(d["supply"] - d["approach"] - d["shift"], 8.0, top_c)
    return np.column_stack([at, d["wet"].clip(0.5, 1), d["staging"].clip(0, 1)])


def _pads_surfaces() -> dict[str, tuple[Surface, Checks]]:
    """Yearly water, and each month's mean over the year's."""
    x, kept = _pads_points("pads", PADS_RUNS, True), _pads_points("pads held back", CHECKED, False)
    year, seen = (_by_month(p)[0] for p in (x, kept))
    out = {"pads": (fit(PADS, x, year, PADS_DEGREE), (kept, seen))}
    x = _pads_points("months", PADS_RUNS, True, DAMP_C)
    kept = _pads_points("months held back", CHECKED, False, DAMP_C)
    shares, seen = (month / year for year, month in map(_by_month, (x, kept)))
    names, use = (PADS[0], PADS[2]), [0, 2]
    for at in range(12):
        found = fit(names, x[:, use], shares[at], SHARE_DEGREE, log=False)
        out[f"pads_m{at + 1:02d}"] = (found, (kept[:, use], seen[at]))
    return out


def _by_month(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of pads' water over the year (configs,) and over each month (12, configs)."""
    hourly = pads_hourly(typical_air(), x)
    return hourly.mean(axis=0), need.monthly_mean(hourly, months())


# -- the site's worst day, as the section on bottlenecks has it ------------------------------------


@dataclass(frozen=True)
class _Days:
    """The worst days: air of a typical and a hot year, Allen's output over its mean, (days,)."""

    typical: Air
    hot: Air
    allen: np.ndarray
    hot_weight: tuple[float, float]  # range of a hot year's shift over the one that is run


@functools.cache
def worst_days() -> _Days:
    """Days on which towers, pads or all other users take most, at the inputs' medians."""
    hours = table("cooling/weather_memphis")
    dry, dew = (hours[c].to_numpy(dtype=float) for c in ("dry_bulb_c", "dew_point_c"))
    pressure, month = 100 * hours["pressure_hpa"].to_numpy(dtype=float), months()
    heat = table("cooling/heat_events")
    early = heat.query("statistic == 'mean temperature of June and July'")["value_c"].max()
    july = heat.query("statistic == 'mean temperature' and month == 7")["value_c"].max()
    shift = np.array([early - dry[np.isin(month, [6, 7])].mean(), july - dry[month == 7].mean()])
    summer = np.isin(month, range(5, 10))
    years = typical_air(), air.from_dew_point(dry + shift.mean() * summer, dew, pressure)
    on_recycled = _salted(_medians(), _water_cycles().ppf(np.array([0.5])))
    towers = [_daily(_towers(a, on_recycled)) for a in years]
    pads = [_daily(pads_hourly(a, _median_pads())) for a in years]
    allen = supply.plant_water_mgd(1.0, _regional_output(dry, month), towers[0][:, 0])
    c1, mean = figure("colossus1-it-power").central, figure("allen-water").central
    others = c1 * _mgd_per_mw(towers[0][:, 0]) * (1 + metered_share()) / 2 + mean * allen
    worst = set()
    for one in (*(t[:, 0] for t in towers), *(p[:, 0] for p in pads), others):
        worst |= set(np.argsort(one, kind="stable")[-5:].tolist())
    pick = np.array(sorted(worst))
    at = (24 * pick[:, None] + np.arange(24)).ravel()
    low, high = map(float, shift / shift.mean())
    return _Days(years[0].hours(at), years[1].hours(at), allen[pick], (low, high))


def _daily(hourly: np.ndarray) -> np.ndarray:
    return need.daily_mean(hourly)


def _mgd_per_mw(l_per_kwh: np.ndarray) -> np.ndarray:
    return need.mgd(1000 * l_per_kwh)


TOWERS = {
    "heat": "tower-heat-per-it", "approach": "tower-approach", "range": "tower-range",
    "floor": "tower-set-point", "cycles": "tower-cycles", "drift": "tower-drift",
}  # fmt: skip


def _medians() -> pd.DataFrame:
    return pd.DataFrame({k: [figure(v).central] for k, v in TOWERS.items()})


def _water_cycles() -> Distribution:
    """Cycles that the recycled water's salts allow, as the section on its fitness found them."""
    rows = read(chapter_path("water", NOTEBOOKS))
    of = next(r for r in rows if r["claim_id"] == "water-pure" and "no reverse" in r["part"])
    return from_range(of["p05"], of["p50"], of["p95"])


def _salted(d: pd.DataFrame, salt: np.ndarray) -> pd.DataFrame:
    """Towers' cycles, no more than the water's salts allow, or the fewest."""
    return d.assign(cycles=np.minimum(d["cycles"], np.maximum(salt, LEAST_CYCLES)))


def _median_pads() -> np.ndarray:
    supply_c = figure("cooler-supply").central - figure("cooler-approach").central
    return np.array([[supply_c, figure("pad-effectiveness").central, 0.5]])


def _towers(hours: Air, d: pd.DataFrame) -> np.ndarray:
    """Make-up of Colossus 1's towers (L/kWh of computing), (hours, draws)."""
    q = {k: d[k].to_numpy() for k in d}
    heat = np.broadcast_to(q["heat"], (len(hours), len(d)))
    return need.tower_water(
        heat, hours, q["cycles"], q["drift"], approach_k=q["approach"], range_k=q["range"],
        set_point_c=q["floor"],
    ).makeup  # fmt: skip


def _regional_output(dry: np.ndarray, month: np.ndarray) -> np.ndarray:
    """The region's daily demand laid on the typical year by rank within each month; (365,)."""
    demand = table("power/tva_demand_hourly")
    day = (demand["datetime_utc"] - pd.Timedelta(hours=6)).dt.strftime("%Y-%m-%d")
    demand = demand.groupby(day)["tva_demand_mw"].mean()
    demand.index = pd.to_datetime(demand.index)
    demand = demand[demand.index.year >= 2018]
    temp, out = dry.reshape(-1, 24).mean(axis=1), np.zeros(len(dry) // 24)
    for m in range(1, 13):
        on = month[::24] == m
        far = np.abs(temp[on] - 18)  # demand of the region is least near 18 °C
        out[on] = np.quantile(demand[demand.index.month == m], (rankdata(far) - 0.5) / on.sum())
    return out


@functools.cache
def metered_share() -> float:
    """Heat that Colossus 1's towers carried in its metered month, by what a closed loop leaves."""
    towers = _daily(_towers(typical_air(), _medians()))[:, 0]
    load, closed = figure("load-factor"), float(_closed().ppf(np.array([0.5]))[0])
    mw = figure("colossus1-it-power").central * (load.low + load.high) / 2
    wet, dry = mw * _mgd_per_mw(towers[months()[::24] == 3]).mean(), mw * _mgd_per_mw(closed)
    return float((figure("colossus1-march-2026").central - dry) / (wet - dry))


def _day_surfaces() -> dict[str, tuple[Surface, Checks]]:
    """Water of pads on the worst day, in the typical and in the hot year."""
    out = {}
    for name, hours in (("pads_day", worst_days().typical), ("pads_hot_day", worst_days().hot)):
        x, kept = _pads_points(name, 200, True), _pads_points(name + " kept", CHECKED, False)
        y = [_daily(pads_hourly(hours, p)).max(axis=0) for p in (x, kept)]
        names = ("coolers_from_c", *PADS[1:])
        out[name] = (fit(names, x, y[0], 4, log=False), (kept, y[1]))
    return out


# -- what the package asks for ---------------------------------------------------------------------


@functools.cache
def surfaces() -> dict[str, tuple[Surface, Checks]]:
    """Surfaces by name, each with points held back from its fit and the full model's results."""
    found = {name: loop_surface(name, of) for name, of in LOOPS.items()}
    return found | _pads_surfaces() | _day_surfaces()


def derived() -> dict[str, np.ndarray]:
    """Values at `QUANTILES` of the inputs that no single figure holds, errors included."""
    found = {k: surfaces()[k] for k in thermal.WITH_ERROR}
    out = {f"error_{k}": s.residuals(x, y) for k, (s, (x, y)) in found.items()}
    out |= _cooling_inputs() | _water_inputs()
    return {k: np.quantile(v, QUANTILES) for k, v in out.items()}


def _uniform(low: float = 0.0, high: float = 1.0) -> np.ndarray:
    return np.linspace(low, high, 2001)


def _cooling_inputs() -> dict[str, np.ndarray]:
    pump = {"head": "facility-loop-head", "efficiency": "pump-wire-to-water"}
    d = sample({k: figure(v).distribution() for k, v in pump.items()}, DRAWS, _rng("pumps"))
    return {
        "plant_kind_u": _uniform(),
        "part_load_gain": _uniform(),
        "pump_kpa": (d["head"] / d["efficiency"]).to_numpy(),
        "plated_share": _plated(),
        "peer_pue": _peers(),
        "peer_term": _peer_term(),
        "chiller_kw": _chiller_kw(),
    }


def _plated() -> np.ndarray:
    """Part of the racks' power in racks with plates; accounts may all be wrong (Jeffreys)."""
    fleet = table("cooling/fleet_chips").query("site == 'Colossus 2'")
    doubt = 0.5 / (fleet["claim_type"].nunique() + 1)
    u = (np.arange(DRAWS) + 0.5) / DRAWS
    return np.minimum(u / doubt, 1.0)


def _peers() -> np.ndarray:
    """Middle PUE of reporting US sites of two operators, both weighing alike, redrawn."""
    rows = table("cooling/reported_pue")
    states = table("power/households_us_state")["state_name"].unique()
    site = rows["averaging"].eq("trailing 12 months") & rows["scope"].eq("site")
    site &= rows["site"].str.contains(r" [A-Z]{2}(?: \(2nd\))?$")
    state = rows["operator"].eq("Microsoft") & rows["site"].isin(states)
    peers = rows[(site & rows["operator"].eq("Google")) | state]
    sets = [g["pue"].to_numpy() for _, g in peers.groupby("operator")]
    rng, size = _rng("peers"), max(map(len, sets))
    return np.median(np.hstack([rng.choice(s, (DRAWS, size)) for s in sets]), axis=1)


def _peer_term() -> np.ndarray:
    """What sites that report have beyond the model, printed by the chapter; nil in half of all."""
    found = stored(chapter_path("cooling", NOTEBOOKS))["cooling-industrial-rs-term"]
    u = (np.arange(DRAWS) + 0.5) / DRAWS
    return np.concatenate([from_range(*interval(found)).ppf(u), np.zeros(DRAWS)])


def _chiller_kw() -> np.ndarray:
    """Capacity of one catalogue chiller on the design day (kW), as the count of chillers has it."""
    market, curves = table("cooling/chiller_catalogue"), table("cooling/chiller_curves")
    rated_air = curves["reference_air_c"].dropna().median()
    fleet = chillers.from_table(curves.dropna(subset="reference_cop"))
    days = table("cooling/design_conditions").query("city == 'Memphis'")
    days = days.set_index("statistic")["value_c"]
    ids = {"water": "chilled-supply-temperature", "glycol": "glycol-capacity"}
    ids |= {"fouling": "fouling-capacity"}
    given = {k: figure(v).distribution() for k, v in ids.items()}
    given["air"] = uniform(days["DB004"], days["DBmax20years"])
    given |= {k: uniform(0, 1) for k in ("unit", "rated", "curve", "gain")}
    d = sample(given, DRAWS, _rng("chillers"))
    row = market.iloc[(d["unit"] * len(market)).astype(int).clip(upper=len(market) - 1)]
    low, high = (row[f"rating_water_{k}_c"].to_numpy() for k in ("low", "high"))
    water = low + d["rated"] * (high - low), d["water"].clip(5, 35)
    outside = rated_air, d["air"]
    at_rating, at_site = (
        _usable(fleet, d, w.to_numpy(), np.broadcast_to(o, len(d)))
        for w, o in zip(water, outside, strict=True)
    )
    size, derate = row["cooling_capacity_kw"].to_numpy(), (d["glycol"] * d["fouling"]).to_numpy()
    return units.site_capacity_kw(size, at_rating, at_site, derate)


def _usable(
    fleet: list[chillers.Curves], d: pd.DataFrame, water: np.ndarray, outside: np.ndarray
) -> np.ndarray:
    """Capacity factor of the drawn curve, with the drawn share of what lies beyond it."""
    which, out = (d["curve"] * len(fleet)).astype(int).clip(upper=len(fleet) - 1), np.empty(len(d))
    for at, unit in enumerate(fleet):
        on = (which == at).to_numpy()
        inside = np.minimum(water[on], unit.water_c[1])
        held, free = (chillers.capacity_factor(unit, w, outside[on]) for w in (inside, water[on]))
        out[on] = units.usable_factor(held, free, d["gain"].to_numpy()[on])
    return out


def _water_inputs() -> dict[str, np.ndarray]:
    days = worst_days()
    ids = TOWERS | {"c1": "colossus1-it-power"}
    d = sample(
        {k: figure(v).distribution() for k, v in ids.items()}
        | {"wet": uniform(metered_share(), 1), "follows": uniform(0, 1), "salt": _water_cycles()},
        2048,
        _rng("other users"),
    )
    d = _salted(d, d["salt"].to_numpy())
    year = [_mgd_per_mw(_daily(_towers(a, d)).max(axis=0)) for a in (days.typical, days.hot)]
    trains = figure("wrp-trains")
    u = np.linspace(0.0001, 0.9999, 2001)
    return {
        "water_cycles": _water_cycles().ppf(u),
        "closed_l_kwh": _closed().ppf(u),
        "c1_mgd": (d["c1"] * d["wet"]).to_numpy() * year[0],
        "c1_hot_ratio": year[1] / year[0],
        "hot_year_weight": _uniform(*days.hot_weight),
        "allen_shape": 1 + d["follows"].to_numpy() * (days.allen.max() - 1),
        "allen_first_u": _uniform(),
        "trains": np.round(_uniform(trains.low, trains.high)),
        "effluent_mgd": _uniform(_kept_share(), 1.0) * _low_week_mgd(),
    }


def _closed() -> Distribution:
    """Make-up of a closed loop and humidification, L/kWh, as published for the climate zone."""
    zones = table("water/wue_by_climate_zone")
    zones = zones.query("ashrae_climate_zone == '3A' and cooling_system == 'Air-cooled chiller'")
    low, high = zones.iloc[0][["wue_p05_l_per_kwh_it", "wue_p95_l_per_kwh_it"]].astype(float)
    return from_range(low, float(np.sqrt(low * high)), high)


def _flow(year: int) -> pd.DataFrame:
    days = table("water/maxson_daily").set_index("date").asfreq("D")
    return days.loc[f"{year}-08-01" : f"{year}-12-31"]


def _low_week_mgd() -> float:
    """Lowest week of the corrected record (MGD)."""
    return float(supply.low_flow(_flow(2025)["influent_flow_mgd"].to_numpy(dtype=float)))


def _kept_share() -> float:
    """Least share of the influent that leaves as effluent: the one reading, meter corrected."""
    base = []
    for days in map(_flow, (2025, 2024)):
        flow, rain = (days[c].to_numpy(dtype=float) for c in ("influent_flow_mgd", "rainfall_in"))
        base.append(supply.rain_model(flow, rain, half_life_days=20).base_mgd)
    read = [figure(f"maxson-snapshot-{k}").central for k in ("effluent", "influent")]
    return min(read[0] / read[1] / (base[0] / base[1]), 1.0)
