"""How much water a cooling plant takes, hour by hour.

A wet tower is a balance of heat and of water. Air comes in as the weather gives it and leaves
saturated; what it gained in moisture is the evaporation, and the share of the heat that left so,
rather than as warmer air, follows from the enthalpies of both. Salts stay behind, so that some of
the basin's water is let out (blowdown) and replaced. Pads before a dry cooler, and before a gas
turbine's inlet, evaporate what brings the air part of the way to its wet bulb. Nothing is read from
files and nothing is drawn.

`air` is an `aifactory.models.cooling.air.Air`; its fields dry_bulb_c, wet_bulb_c, humidity_ratio
(kg of water a kg of dry air) and pressure_pa are used, each (hours,) or (hours, configs). Settings
of a plant are numbers or arrays (configs,). Results are (hours, configs), or (hours,) where no
setting is an array. A litre is a kilogram. WITHDRAWAL is what is taken (make-up); CONSUMPTION is
what does not come back as water (evaporation and drift); the difference is blowdown.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import psychrolib
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from aifactory.models.cooling.air import Air

J_PER_KWH = 3.6e6
M3_PER_MG = 3_785.411_784  # cubic metres in a million US gallons, exact by definition
L_PER_MILLION_GALLONS = 1000 * M3_PER_MG
HOURS_A_DAY = 24
# Constants of moist air, ASHRAE Handbook Fundamentals (2017), chapter 1, eqs. 20, 30 and 33
CP_AIR = 1006.0  # J/kg/K
CP_VAPOUR = 1860.0  # J/kg/K
CP_WATER = 4186.0  # J/kg/K
H_FG_ZERO = 2.501e6  # J/kg, evaporation at 0 °C
WATER_TO_AIR = 0.621945  # ratio of molar masses
_TABLE_C = (-60.0, 90.0, 0.01)  # range and step of the table of vapour pressure


def mgd(litres_an_hour: ArrayLike) -> np.ndarray:
    """Litres an hour as million US gallons a day; any shape."""
    return np.asarray(litres_an_hour, dtype=float) * HOURS_A_DAY / L_PER_MILLION_GALLONS


def litres_an_hour(mgd: ArrayLike) -> np.ndarray:
    """Million US gallons a day as litres an hour; any shape."""
    return np.asarray(mgd, dtype=float) * L_PER_MILLION_GALLONS / HOURS_A_DAY


# --- heat of evaporation, and the ceiling ---------------------------------------------------------


# J/kg by hundreds of °C: fitted to IAPWS-95 as CoolProp has it, which takes seconds to load.
_H_FG = np.polynomial.Polynomial(
    [2500938.28, -238511.18, 13714.32, -42481.8, 58478.47, -69059.37, 52155.33, -23572.78, 4742.52]
)


def h_fg_j_kg(temp_c: ArrayLike) -> np.ndarray:
    """Latent heat of evaporation of water (J/kg) at `temp_c` (°C); any shape.

    IAPWS-95 within 1e-7. Raises ValueError outside 0 to 100 °C.
    """
    temp_c = np.asarray(temp_c, dtype=float)
    if not ((temp_c >= 0) & (temp_c <= 100)).all():
        raise ValueError("the latent heat of water is fitted from 0 to 100 °C")
    return np.asarray(_H_FG(temp_c / 100))


def ceiling_l_per_kwh(temp_c: ArrayLike) -> np.ndarray:
    """The most that a kWh of heat can evaporate (L/kWh) at `temp_c` (°C); any shape.

    All heat then leaves as vapour: 3.6 MJ over the latent heat, 1.48 L/kWh at 30 °C. It holds
    wherever the air does not arrive hotter than it leaves, since hotter air brings heat of its own.
    """
    return J_PER_KWH / h_fg_j_kg(temp_c)


def wet_bulb_polynomial(
    wet_bulb_c: ArrayLike, coefficients: ArrayLike, floor_l_per_kwh: float
) -> np.ndarray:
    """Water use (L/kWh of computing) by a published polynomial in the wet bulb; any shape.

    Ren et al. (2023): a polynomial of the wet bulb in degrees FAHRENHEIT, `coefficients` from the
    highest power down, never below the floor. Here to be tested against the ceiling.
    """
    fahrenheit = np.asarray(wet_bulb_c, dtype=float) * 1.8 + 32
    return np.maximum(np.polyval(np.asarray(coefficients, dtype=float), fahrenheit),
                      floor_l_per_kwh)  # fmt: skip


# --- moist air ------------------------------------------------------------------------------------


def _column(x: ArrayLike) -> np.ndarray:
    """(hours,) as (hours, 1); numbers and (hours, configs) stay."""
    x = np.asarray(x, dtype=float)
    return x[:, None] if x.ndim == 1 else x


def _flat(x: np.ndarray, *settings: ArrayLike) -> np.ndarray:
    """(hours, 1) as (hours,), unless a setting is an array of configurations."""
    one = x.ndim == 2 and x.shape[1] == 1 and not any(np.ndim(s) for s in settings)
    return x[:, 0] if one else x


@functools.cache
def _log_pressure() -> tuple[np.ndarray, np.ndarray]:
    psychrolib.SetUnitSystem(psychrolib.SI)
    low, high, step = _TABLE_C
    t = np.linspace(low, high, round((high - low) / step) + 1)
    return t, np.log([psychrolib.GetSatVapPres(x) for x in t.tolist()])


def saturated_humidity_ratio(temp_c: ArrayLike, pressure_pa: ArrayLike) -> np.ndarray:
    """Humidity ratio (kg/kg) of saturated air; shapes broadcast.

    psychrolib's vapour pressure (ASHRAE 2017, ch. 1, eqs. 5 and 6) on a table of 0.01 K,
    interpolated in logarithms: within 1e-7 of the call, and fast for millions of states. Raises
    ValueError outside −60 to 90 °C.
    """
    temp_c = np.asarray(temp_c, dtype=float)
    if not ((temp_c >= _TABLE_C[0]) & (temp_c <= _TABLE_C[1])).all():
        raise ValueError(f"air temperatures must lie in {_TABLE_C[0]:g} to {_TABLE_C[1]:g} °C")
    t, log_p = _log_pressure()
    p = np.exp(np.interp(temp_c, t, log_p))
    return WATER_TO_AIR * p / (np.asarray(pressure_pa, dtype=float) - p)


def humidity_ratio(dry_c: ArrayLike, wet_c: ArrayLike, pressure_pa: ArrayLike) -> np.ndarray:
    """Humidity ratio (kg/kg) from dry and wet bulb (°C), ASHRAE 2017, ch. 1, eqs. 33 and 35.

    Shapes broadcast; never below zero.
    """
    dry, wet = np.asarray(dry_c, dtype=float), np.asarray(wet_c, dtype=float)
    return np.maximum(wet_bulb_ratio(dry, wet, saturated_humidity_ratio(wet, pressure_pa)), 0)


def wet_bulb_ratio(dry: np.ndarray, wet: np.ndarray, full: np.ndarray) -> np.ndarray:
    """The same equations, given the ratio `full` of air that is saturated at its wet bulb.

    Over water and over ice; below zero where the two temperatures (°C) can't belong together.
    """
    above = ((2501 - 2.326 * wet) * full - 1.006 * (dry - wet)) / (2501 + 1.86 * dry - 4.186 * wet)
    below = ((2830 - 0.24 * wet) * full - 1.006 * (dry - wet)) / (2830 + 1.86 * dry - 2.1 * wet)
    return np.where(wet >= 0, above, below)


def _enthalpy_j_kg(temp_c: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Enthalpy of moist air (J a kg of dry air), ASHRAE 2017, ch. 1, eq. 30."""
    return CP_AIR * temp_c + ratio * (H_FG_ZERO + CP_VAPOUR * temp_c)


def shifted(air: Air, by_k: ArrayLike) -> Air:
    """The same hours in a warmer year: dry and wet bulb raised by `by_k` (K), (configs,).

    Fields become (hours, configs). Only what this module uses is recomputed.
    """
    by_k = np.asarray(by_k, dtype=float)
    dry, wet = _column(air.dry_bulb_c) + by_k, _column(air.wet_bulb_c) + by_k
    pressure = _column(air.pressure_pa)
    ratio = humidity_ratio(dry, wet, pressure)
    return replace(
        air, dry_bulb_c=dry, wet_bulb_c=wet, humidity_ratio=ratio, pressure_pa=pressure,
        enthalpy_j_kg=_enthalpy_j_kg(dry, ratio),
    )  # fmt: skip


# --- wet towers -----------------------------------------------------------------------------------


def evaporation_l_per_kwh_heat(
    air: Air, exhaust_c: ArrayLike, makeup_c: ArrayLike | None = None
) -> np.ndarray:
    """Water evaporated for each kWh of heat that a tower rejects (L/kWh).

    Air comes in as `air` and leaves saturated at `exhaust_c` (°C; a number, (hours,) or
    (hours, configs)); what evaporates is replaced by make-up at `makeup_c` (°C, by default the wet
    bulb): E/Q = ΔW / (Δh − ΔW c_w T_makeup), e.g. Çengel and Boles (2006), section 14-7. Raises
    ValueError where the air would leave with no more heat than it brought.
    """
    leaving, pressure = _column(exhaust_c), _column(air.pressure_pa)
    came = _column(air.humidity_ratio)
    gained = saturated_humidity_ratio(leaving, pressure) - came
    heat = _enthalpy_j_kg(leaving, came + gained) - _enthalpy_j_kg(_column(air.dry_bulb_c), came)
    fresh = np.maximum(_column(air.wet_bulb_c), 0) if makeup_c is None else _column(makeup_c)
    heat = heat - gained * CP_WATER * fresh
    if (heat <= 0).any():
        raise ValueError("a tower's air must leave with more heat than it brought")
    rate = J_PER_KWH * gained / heat
    return rate if np.ndim(exhaust_c) == 2 else _flat(rate)


def evaporation_fraction(air: Air, exhaust_c: ArrayLike) -> np.ndarray:
    """Share of a tower's heat that leaves as latent heat (dimensionless); shape as above.

    The evaporation over the ceiling at the exhaust temperature. Above 1 where the air comes in
    hotter than it leaves: it then brings heat that has to be evaporated away too.
    """
    rate = evaporation_l_per_kwh_heat(air, exhaust_c)
    return rate / ceiling_l_per_kwh(_column(exhaust_c) if rate.ndim == 2 else exhaust_c)


@dataclass(frozen=True)
class Water:
    """Water of a recirculating system, L/h (or L/kWh); arrays of one shape.

    makeup = evaporation + drift + blowdown is the withdrawal.
    """

    evaporation: np.ndarray
    drift: np.ndarray
    blowdown: np.ndarray
    makeup: np.ndarray

    @property
    def consumption(self) -> np.ndarray:
        """What does not come back as water: evaporation and drift."""
        return self.evaporation + self.drift


def balance(evaporation: ArrayLike, cycles: ArrayLike, drift: ArrayLike = 0.0) -> Water:
    """Blowdown and make-up of a basin that is held at `cycles` of concentration.

    Salt comes with the make-up and leaves with blowdown and drift: blowdown = E/(C − 1) − D, not
    below zero, and make-up = E + D + blowdown, which is E C/(C − 1) while there is blowdown.
    `evaporation` and `drift` in one unit. Raises ValueError for cycles of 1 or less, or a negative
    flow.
    """
    evaporation, cycles, drift = (np.asarray(x, dtype=float) for x in (evaporation, cycles, drift))
    if not (cycles > 1).all():
        raise ValueError("cycles of concentration must be above 1")
    if (evaporation < 0).any() or (drift < 0).any():
        raise ValueError("evaporation and drift must not be negative")
    blowdown = np.maximum(evaporation / (cycles - 1) - drift, 0)
    evaporation, drift = (np.broadcast_to(x, blowdown.shape) for x in (evaporation, drift))
    return Water(evaporation, drift, blowdown, evaporation + drift + blowdown)


def cycles_from_meters(withdrawal: ArrayLike, consumption: ArrayLike) -> np.ndarray:
    """Cycles of concentration of a site from what it took and what it consumed; any shape.

    C = make-up over blowdown = withdrawal/(withdrawal − consumption), drift neglected. Raises
    ValueError unless 0 < consumption < withdrawal.
    """
    taken, lost = np.asarray(withdrawal, dtype=float), np.asarray(consumption, dtype=float)
    if not ((lost > 0) & (lost < taken)).all():
        raise ValueError("a site consumes more than nothing and less than it takes")
    return taken / (taken - lost)


def circulating_l_h(heat_kw: ArrayLike, range_k: ArrayLike) -> np.ndarray:
    """Water that carries `heat_kw` over a tower at a range of `range_k` (K), in L/h."""
    return np.asarray(heat_kw, dtype=float) * J_PER_KWH / (CP_WATER * np.asarray(range_k))


def tower_water(
    heat_kw: ArrayLike,
    air: Air,
    cycles: ArrayLike,
    drift_fraction: ArrayLike = 1e-5,
    *,
    approach_k: ArrayLike = 5.0,
    range_k: ArrayLike = 5.56,
    set_point_c: ArrayLike = 21.0,
) -> Water:
    """Evaporation, drift, blowdown and make-up of wet towers (L/h), hours × configurations.

    `heat_kw` is the heat rejected, compressors' work included: a number, (hours,) or
    (hours, configs). The cold water is at the wet bulb plus `approach_k` (K), and not below
    `set_point_c` (°C), which slower fans hold; the saturated exhaust is at the mean of cold and hot
    water, half the `range_k` (K) above. Drift is `drift_fraction` of the circulating flow. Raises
    ValueError for negative heat or approach, or a range that is not positive.
    """
    heat = _column(heat_kw)
    if (heat < 0).any() or (np.asarray(approach_k) < 0).any():
        raise ValueError("heat and approach must not be negative")
    if not (np.asarray(range_k) > 0).all():
        raise ValueError("the range of a tower must be above 0 K")
    cold = np.maximum(_column(air.wet_bulb_c) + approach_k, set_point_c)
    rate = evaporation_l_per_kwh_heat(air, cold + np.asarray(range_k) / 2)
    found = balance(rate * heat, cycles, drift_fraction * circulating_l_h(heat, range_k))
    settings = cycles, drift_fraction, approach_k, range_k, set_point_c
    return Water(*(_flat(x, *settings) for x in vars(found).values()))


# --- pads: dry coolers with adiabatic assist, and turbine inlets ----------------------------------


def pad_moisture(air: Air, effectiveness: ArrayLike) -> np.ndarray:
    """Water that pads add to each kg of dry air (kg/kg); (hours, configs) or (hours,).

    Air moves along its wet-bulb line; `effectiveness` is (T_db − T_out)/(T_db − T_wb). Raises
    ValueError outside 0 to 1.
    """
    e = np.asarray(effectiveness, dtype=float)
    if not ((e >= 0) & (e <= 1)).all():
        raise ValueError("the effectiveness of pads lies between 0 and 1")
    dry, wet, pressure = (_column(x) for x in (air.dry_bulb_c, air.wet_bulb_c, air.pressure_pa))
    cooled = humidity_ratio(dry - e * (dry - wet), wet, pressure)
    return _flat(np.maximum(cooled - humidity_ratio(dry, wet, pressure), 0), effectiveness)


def adiabatic_water(
    air: Air,
    air_mass_flow_kg_s: ArrayLike,
    effectiveness: ArrayLike,
    threshold_c: ArrayLike = -np.inf,
    cycles: ArrayLike = 3.0,
) -> Water:
    """Water of pads through which a given flow of air goes (L/h), hours × configurations.

    `air_mass_flow_kg_s` is dry air through wetted pads: a number, (hours,) or (hours, configs).
    Pads run in hours with a dry bulb above `threshold_c` and a wet bulb above freezing. They have
    no drift; their bleed is a blowdown at `cycles`.
    """
    added = _column(pad_moisture(air, effectiveness))
    on = (_column(air.dry_bulb_c) > threshold_c) & (_column(air.wet_bulb_c) > 0)
    found = balance(np.where(on, added, 0) * _column(air_mass_flow_kg_s) * 3600, cycles)
    return Water(*(_flat(x, effectiveness, threshold_c, cycles) for x in vars(found).values()))


def assisted_water(
    heat_kw: ArrayLike,
    air: Air,
    *,
    supply_c: ArrayLike,
    approach_k: ArrayLike,
    air_rise_k: ArrayLike,
    effectiveness: ArrayLike,
    cycles: ArrayLike,
    staging: ArrayLike = 0.5,
) -> Water:
    """Water of dry coolers with pads (L/h), hours × configurations.

    The coolant has to leave at `supply_c`, so air may come in at `supply_c` − `approach_k` (°C); in
    hotter hours pads run. The air carries `heat_kw` at a rise of `air_rise_k` (K). `staging` tells
    how much of it is wetted: 0 as much as the hour asks for, 1 all. What pads cannot reach is left
    to trim chillers, whose heat still goes through the wetted coolers. Raises ValueError for a
    staging outside 0 to 1 or a rise that is not positive.
    """
    stage = np.asarray(staging, dtype=float)
    if not ((stage >= 0) & (stage <= 1)).all():
        raise ValueError("staging lies between 0 and 1")
    if not (np.asarray(air_rise_k) > 0).all():
        raise ValueError("the air of a dry cooler must warm by more than 0 K")
    dry, wet = _column(air.dry_bulb_c), _column(air.wet_bulb_c)
    allowed = np.asarray(supply_c, dtype=float) - approach_k
    reach = np.maximum(np.asarray(effectiveness) * (dry - wet), 1e-9)
    asked = np.clip((dry - allowed) / reach, 0, 1)
    wetted = asked + stage * (1 - asked)
    flow = wetted * _column(heat_kw) * 1e3 / (CP_AIR * np.asarray(air_rise_k))
    found = adiabatic_water(air, flow, effectiveness, allowed, cycles)
    settings = supply_c, approach_k, air_rise_k, effectiveness, cycles, staging
    return Water(*(_flat(_column(x), *settings) for x in vars(found).values()))


# --- a site's need, and what covers it ------------------------------------------------------------


def monthly_mean(x: ArrayLike, month: ArrayLike) -> np.ndarray:
    """Means of (hours,) or (hours, configs) by calendar month; (12,) or (12, configs)."""
    x, month = np.asarray(x, dtype=float), np.asarray(month)
    return np.array([x[month == m].mean(axis=0) for m in range(1, 13)])


def daily_mean(x: ArrayLike) -> np.ndarray:
    """Means of (hours,) or (hours, configs) by day. Raises ValueError unless days are whole."""
    x = np.asarray(x, dtype=float)
    if len(x) % HOURS_A_DAY or len(x) == 0:
        raise ValueError(f"{len(x)} hours are not whole days")
    return x.reshape(len(x) // HOURS_A_DAY, HOURS_A_DAY, *x.shape[1:]).mean(axis=1)


def tank_needed(need: ArrayLike, supply: ArrayLike) -> np.ndarray:
    """Storage (in `need`'s unit times hours) that lets a supply cover every hour; (configs,).

    Rippl's mass curve (1883): the largest shortfall that piles up from a full tank. `need` is
    (hours,) or (hours, configs), `supply` broadcasts with it.
    """
    short = np.cumsum(np.asarray(need, dtype=float) - supply, axis=0)
    full = np.minimum.accumulate(np.minimum(short, 0), axis=0)
    return (short - full).max(axis=0)


def drawn_elsewhere(need: ArrayLike, supply: ArrayLike, tank: ArrayLike = 0.0) -> np.ndarray:
    """What other water has to give, hour by hour, in `need`'s unit; (hours, configs) or (hours,).

    A tank of `tank` (unit times hours), full at first, takes what the supply has over the need and
    gives when it falls short; the rest is drawn elsewhere. Raises ValueError for negative inputs.
    """
    need = np.asarray(need, dtype=float)
    supply = np.broadcast_to(np.asarray(supply, dtype=float), need.shape)
    if (need < 0).any() or (supply < 0).any() or (np.asarray(tank) < 0).any():
        raise ValueError("need, supply and tank must not be negative")
    short = need - supply
    if not np.any(tank):
        return np.maximum(short, 0)
    out = np.empty_like(need)
    level = np.zeros(need.shape[1:]) + np.asarray(tank, dtype=float)
    for i, x in enumerate(short):
        level = level - x
        out[i] = np.maximum(-level, 0)
        level = np.clip(level, 0, tank)
    return out


DESIGNS = ("towers", "pads on all", "dry and pads", "air-cooled")


def by_design(air: Air, x: Mapping[str, ArrayLike]) -> dict[str, Water]:
    """Water for each kWh of computing (L/kWh) in the cooling designs on record.

    `x` holds settings, numbers or (configs,): heat_per_it (kWh/kWh), approach_k, range_k,
    set_point_c, cycles, drift for towers; pad_heat_per_it, supply_c, cooler_approach_k, air_rise_k,
    effectiveness, pad_cycles, staging for coolers with pads; padded_share, the part of the heat
    that goes to coolers with pads in a mixed plant; closed_l_per_kwh, make-up and humidification of
    a closed loop, which goes on all year. `DESIGNS` names the results, hours × configurations.
    """
    ones = np.ones((len(_column(air.dry_bulb_c)), 1))
    rows, warm = (ones * np.asarray(x[k], dtype=float) for k in ("heat_per_it", "pad_heat_per_it"))
    towers = tower_water(
        rows, air, x["cycles"], x["drift"],
        approach_k=x["approach_k"], range_k=x["range_k"], set_point_c=x["set_point_c"],
    )  # fmt: skip
    pads = assisted_water(
        warm, air, supply_c=x["supply_c"], approach_k=x["cooler_approach_k"],
        air_rise_k=x["air_rise_k"], effectiveness=x["effectiveness"], cycles=x["pad_cycles"],
        staging=x["staging"],
    )  # fmt: skip
    closed = 0 * rows + np.asarray(x["closed_l_per_kwh"], dtype=float)
    none = np.zeros_like(closed)
    fill = Water(closed, none, none, closed)
    share = np.asarray(x["padded_share"], dtype=float)
    mixed = Water(*(share * _column(w) + _column(c) for w, c in
                    zip(vars(pads).values(), vars(fill).values(), strict=True)))  # fmt: skip
    return dict(zip(DESIGNS, (towers, pads, mixed, fill), strict=True))
