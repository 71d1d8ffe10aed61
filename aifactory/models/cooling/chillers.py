"""Air-cooled chillers: capacity and power against water, air and load, from measured curves.

Inside the limits of a unit's curves the model is EnergyPlus's Chiller:Electric:EIR (US DOE,
EnergyPlus Engineering Reference, section "Electric Chiller Model Based on Condenser Entering
Temperature"): two biquadratics in leaving water and outdoor air, and a quadratic in part load. EIR
is electric input over cooling, the inverse of the COP; it includes condenser fans and excludes
pumps.

Outside the limits the curves are held at the nearest point inside and carried on by physics. Power
follows a Carnot machine whose share of Carnot's efficiency, eta, is the one at that nearest point:

    COP = eta T_e / (T_c - T_e),   T_e = T_lw - 3 K x min(load, 1),   T_c = T_air + 12 K x load,

with T_e and T_c the temperatures at which the refrigerant boils and condenses (kelvin) and load the
cooling over the reference capacity, since both coils need a difference in proportion to their heat.
Capacity carries on by the slope of catalogues and is bounded. The join is continuous.

Temperatures are in degrees Celsius, powers in kilowatts of electricity, capacities in kilowatts of
heat. Arrays broadcast against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

KELVIN = 273.15
EVAPORATOR_K = 3.0  # leaving water above the boiling refrigerant, at reference capacity
CONDENSER_K = 12.0  # condensing refrigerant above the air, at reference capacity
LEAST_CONDENSING_C = 20.0  # a valve needs some pressure before it
LEAST_LIFT_K = 15.0  # and a screw or scroll compressor some pressure ratio
WATER_SLOPE = 0.03  # capacity a kelvin of leaving water, beyond the limits
AIR_SLOPE = -0.01  # capacity a kelvin of air, beyond the limits
CAPACITY_BOUNDS = (0.3, 1.6)  # of reference capacity
CURVES = ("capacity_f_temperature", "eir_f_temperature", "eir_f_part_load")
GENERIC_COP = 2.96  # least of ASHRAE 90.1-2013 path A, 10.1 Btu/Wh


@dataclass(frozen=True)
class Curves:
    """One chiller: reference point, three curves and the limits inside which they were fitted.

    `capacity` and `eir` are c1 to c6 of c1 + c2 x + c3 x^2 + c4 y + c5 y^2 + c6 x y, with x the
    leaving water and y the air (degC); `part_load` is of EIR over PLR, the load over what the unit
    could carry then. `water_c`, `air_c` and `load` are (lowest, highest).
    """

    name: str
    reference_capacity_kw: float
    reference_cop: float
    capacity: tuple[float, ...]
    eir: tuple[float, ...]
    part_load: tuple[float, float, float]
    water_c: tuple[float, float]
    air_c: tuple[float, float]
    load: tuple[float, float] = (0.15, 1.0)
    water_slope: float = WATER_SLOPE
    air_slope: float = AIR_SLOPE
    least_lift_k: float = LEAST_LIFT_K
    least_condensing_c: float = LEAST_CONDENSING_C
    compressor: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Raises ValueError for coefficients or limits that make no chiller."""
        if len(self.capacity) != 6 or len(self.eir) != 6 or len(self.part_load) != 3:
            raise ValueError(f"{self.name}: biquadratics have 6 coefficients, part load has 3")
        if not (self.reference_capacity_kw > 0 and self.reference_cop > 0):
            raise ValueError(f"{self.name}: reference capacity and COP must be positive")
        for what, (low, high) in {"water": self.water_c, "air": self.air_c}.items():
            if not low < high:
                raise ValueError(f"{self.name}: limits of {what} must be in order")


def from_table(
    frame: pd.DataFrame, capacity_kw: float = 1_300.0, cop: float = GENERIC_COP
) -> list[Curves]:
    """Units of a table with one row a curve: model, curve, reference point, c1 to c6_xy, limits.

    `capacity_kw` and `cop` stand in where a row has no reference point (generic curves). Raises
    ValueError where a model lacks one of its three curves.
    """
    units = []
    for name, rows in frame.groupby("model", sort=False):
        rows = rows.set_index("curve")
        if lacking := set(CURVES) - set(rows.index):
            raise ValueError(f"{name} lacks the curves {sorted(lacking)}")
        cap, eir, part = (rows.loc[c] for c in CURVES)
        terms = ["c1", "c2_x", "c3_x2", "c4_y", "c5_y2", "c6_xy"]
        given = pd.notna(eir["reference_cop"])
        units.append(
            Curves(
                name=str(name),
                reference_capacity_kw=float(eir["reference_capacity_kw"] if given else capacity_kw),
                reference_cop=float(eir["reference_cop"] if given else cop),
                capacity=tuple(float(cap[t]) for t in terms),
                eir=tuple(float(eir[t]) for t in terms),
                part_load=(float(part["c1"]), float(part["c2_x"]), float(part["c3_x2"])),
                water_c=(float(eir["x_min"]), float(eir["x_max"])),
                air_c=(float(eir["y_min"]), float(eir["y_max"])),
                load=(max(0.1, float(part["x_min"])), float(part["x_max"])),
                compressor=str(eir["compressor"]) if pd.notna(eir["compressor"]) else "",
            )
        )
    return units


def _biquadratic(c: tuple[float, ...], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return c[0] + x * (c[1] + c[2] * x + c[5] * y) + y * (c[3] + c[4] * y)


def inside(curves: Curves, leaving_water_c: ArrayLike, air_c: ArrayLike) -> np.ndarray:
    """Whether a point lies within the limits of the curves."""
    water, air = np.asarray(leaving_water_c, dtype=float), np.asarray(air_c, dtype=float)
    (w0, w1), (a0, a1) = curves.water_c, curves.air_c
    return (w0 <= water) & (water <= w1) & (a0 <= air) & (air <= a1)


def _held(curves: Curves, water: np.ndarray, air: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest point within the limits."""
    return np.clip(water, *curves.water_c), np.clip(air, *curves.air_c)


def _checked(leaving_water_c: ArrayLike, air_c: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    water, air = np.asarray(leaving_water_c, dtype=float), np.asarray(air_c, dtype=float)
    if not (np.isfinite(water).all() and np.isfinite(air).all()):
        raise ValueError("temperatures of water and air must be finite")
    if (water > 95).any() or (air > 70).any():
        raise ValueError("temperatures are in degrees Celsius")
    return water, air


def capacity_factor(curves: Curves, leaving_water_c: ArrayLike, air_c: ArrayLike) -> np.ndarray:
    """Cooling that a unit can give over its reference capacity (no unit).

    CAPFT of the Engineering Reference inside the limits; beyond them that of the nearest point
    times 1 + `water_slope` a kelvin of water and 1 + `air_slope` a kelvin of air, bounded.
    """
    water, air = _checked(leaving_water_c, air_c)
    x, y = _held(curves, water, air)
    return _capacity(curves, water, air, x, y)


def _capacity(
    curves: Curves, water: np.ndarray, air: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    factor = _biquadratic(curves.capacity, x, y)
    factor = factor * (1 + curves.water_slope * (water - x)) * (1 + curves.air_slope * (air - y))
    return np.clip(factor, *CAPACITY_BOUNDS)


def carnot_cop(
    curves: Curves, leaving_water_c: ArrayLike, air_c: ArrayLike, load: ArrayLike
) -> np.ndarray:
    """COP of a Carnot machine between the refrigerant's two temperatures (no unit).

    `load` is cooling over reference capacity; it opens the differences at both coils.
    """
    water, air = _checked(leaving_water_c, air_c)
    return _carnot(curves, water, air, np.asarray(load, dtype=float))


def _carnot(curves: Curves, water: np.ndarray, air: np.ndarray, load: np.ndarray) -> np.ndarray:
    # More than the reference load comes with more of the evaporator wetted, not a wider difference.
    boiling = water - EVAPORATOR_K * np.minimum(load, 1.0)
    condensing = np.maximum(air + CONDENSER_K * load, curves.least_condensing_c)
    return (boiling + KELVIN) / np.maximum(condensing - boiling, curves.least_lift_k)


def carnot_share(curves: Curves, leaving_water_c: ArrayLike, air_c: ArrayLike) -> np.ndarray:
    """eta: COP at full load over Carnot's, at the nearest point within the limits (no unit)."""
    x, y = _held(curves, *_checked(leaving_water_c, air_c))
    cop = curves.reference_cop / _biquadratic(curves.eir, x, y)
    return cop / _carnot(curves, x, y, _capacity(curves, x, y, x, y))


def eir_factor(
    curves: Curves,
    leaving_water_c: ArrayLike,
    air_c: ArrayLike,
    plr: ArrayLike = 1.0,
    part_load_gain: ArrayLike = 0.0,
) -> np.ndarray:
    """Electric input over cooling, relative to the reference point (no unit).

    EIRFT of the Engineering Reference inside the limits, the Carnot machine's beyond. Coils of a
    unit at part load have more surface than they need, which the curves do not hold;
    `part_load_gain` from 0 (none, as published) to 1 (all that the smaller differences give at the
    load `plr`) adds it.
    """
    capacity, factor = performance(curves, leaving_water_c, air_c)
    gain = np.asarray(part_load_gain, dtype=float)
    if not gain.any():
        return factor
    return factor * eased(curves, leaving_water_c, air_c, capacity, plr, gain)


def performance(
    curves: Curves, leaving_water_c: ArrayLike, air_c: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """`capacity_factor` and full-load `eir_factor` at once, for whoever needs both."""
    water, air = _checked(leaving_water_c, air_c)
    x, y = _held(curves, water, air)
    held = _capacity(curves, x, y, x, y)
    full = _capacity(curves, water, air, x, y)
    eir = _biquadratic(curves.eir, x, y) * _carnot(curves, x, y, held)
    return full, eir / _carnot(curves, water, air, full)


def eased(
    curves: Curves,
    leaving_water_c: ArrayLike,
    air_c: ArrayLike,
    capacity: np.ndarray,
    plr: ArrayLike,
    part_load_gain: ArrayLike,
) -> np.ndarray:
    """Factor on the electric input of units at part load, for a share of the gain (no unit).

    `capacity` is the capacity factor there; see `eir_factor`.
    """
    water, air = _checked(leaving_water_c, air_c)
    ideal = _carnot(curves, water, air, capacity)
    easier = _carnot(curves, water, air, capacity * np.asarray(plr, dtype=float))
    return 1 - np.asarray(part_load_gain, dtype=float) * (1 - ideal / easier)


def part_load_factor(curves: Curves, plr: ArrayLike) -> np.ndarray:
    """EIRFPLR: electric input at part load over that at full load (no unit).

    `plr` is held within the curve's limits: a unit below its least load switches on and off at it.
    """
    low, high = curves.load
    held = np.clip(np.asarray(plr, dtype=float), low, high)
    c1, c2, c3 = curves.part_load
    return c1 + held * (c2 + c3 * held)


def power_kw(
    curves: Curves,
    cooling_kw: ArrayLike,
    leaving_water_c: ArrayLike,
    air_c: ArrayLike,
    units: ArrayLike = 1.0,
    part_load_gain: ArrayLike = 0.0,
) -> np.ndarray:
    """Electricity of `units` alike that share `cooling_kw` (kW), condenser fans included (kW).

    P = Q_avail / COP_ref x EIRFT x EIRFPLR (Engineering Reference). Below the least load of a unit
    it runs for part of the time. Raises ValueError where the units cannot carry the load.
    """
    cooling = np.asarray(cooling_kw, dtype=float)
    available = (
        np.asarray(units, dtype=float)
        * curves.reference_capacity_kw
        * capacity_factor(curves, leaving_water_c, air_c)
    )
    if (cooling < 0).any() or (cooling > available * (1 + 1e-9)).any():
        raise ValueError("the load is negative or beyond what these units can carry there")
    plr = cooling / available
    held = np.clip(plr, *curves.load)
    eir = eir_factor(curves, leaving_water_c, air_c, held, part_load_gain) / curves.reference_cop
    return cooling * eir * part_load_factor(curves, held) / held


@dataclass(frozen=True)
class Fleet:
    """Median and extremes over several units at the same points, arrays of the points' shape."""

    capacity_low: np.ndarray
    capacity_median: np.ndarray
    capacity_high: np.ndarray
    cop_low: np.ndarray
    cop_median: np.ndarray
    cop_high: np.ndarray


def fleet(units: Sequence[Curves], leaving_water_c: ArrayLike, air_c: ArrayLike) -> Fleet:
    """Capacity factors and full-load COPs of several units: lowest, median, highest."""
    if not units:
        raise ValueError("a fleet needs at least one unit")
    capacity = np.array([capacity_factor(u, leaving_water_c, air_c) for u in units])
    cop = np.array([u.reference_cop / eir_factor(u, leaving_water_c, air_c) for u in units])
    return Fleet(
        *(capacity.min(axis=0), np.median(capacity, axis=0), capacity.max(axis=0)),
        *(cop.min(axis=0), np.median(cop, axis=0), cop.max(axis=0)),
    )


def typical(units: Sequence[Curves], leaving_water_c: ArrayLike, air_c: ArrayLike) -> Curves:
    """The unit whose COP stays nearest to the fleet's median over the given points."""
    middle = fleet(units, leaving_water_c, air_c).cop_median
    gap = [
        float(np.mean(np.abs(u.reference_cop / eir_factor(u, leaving_water_c, air_c) / middle - 1)))
        for u in units
    ]
    return units[int(np.argmin(gap))]
