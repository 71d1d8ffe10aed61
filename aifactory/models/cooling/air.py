"""Moist air by the hour: the weather that a cooling plant rejects its heat to.

All properties are psychrolib's, which codes the ASHRAE Handbook, Fundamentals (2017), chapter 1, an
hour a call: its searches and its vapour pressure are called, formulas of a line are written for
arrays. These are of shape (hours,); temperatures are in degrees Celsius, pressures in pascal,
enthalpy per kilogram of dry air with its zero at 0 degC.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import psychrolib

from aifactory.models.water import need

CELSIUS_LIMITS = (-60.0, 60.0)  # beyond any weather on record
PASCAL_LIMITS = (50_000.0, 110_000.0)


@dataclass(frozen=True)
class Air:
    """Outdoor air, hour by hour: six arrays of shape (hours,)."""

    dry_bulb_c: np.ndarray
    wet_bulb_c: np.ndarray
    humidity_ratio: np.ndarray
    enthalpy_j_kg: np.ndarray
    density_kg_m3: np.ndarray
    pressure_pa: np.ndarray

    def __len__(self) -> int:
        return len(self.dry_bulb_c)

    def hours(self, chosen: np.ndarray | slice) -> Air:
        """The chosen hours only (a slice, a mask or positions)."""
        return replace(self, **{k: v[chosen] for k, v in vars(self).items()})


def _inputs(*arrays: np.ndarray | float) -> list[np.ndarray]:
    """Arrays of one shape (hours,). Raises ValueError where one is empty or not finite."""
    out = [np.atleast_1d(np.asarray(a, dtype=float)) for a in arrays]
    out = [np.ascontiguousarray(a) for a in np.broadcast_arrays(*out)]
    if out[0].ndim != 1 or out[0].size == 0 or not all(np.isfinite(a).all() for a in out):
        raise ValueError("weather needs arrays of one shape (hours,), without gaps")
    *temperatures, pressure = out
    low, high = CELSIUS_LIMITS
    if any((t < low).any() or (t > high).any() for t in temperatures):
        raise ValueError(f"temperatures are in degrees Celsius, {low:g} to {high:g}")
    if (pressure < PASCAL_LIMITS[0]).any() or (pressure > PASCAL_LIMITS[1]).any():
        raise ValueError("pressures are in pascal, 50,000 to 110,000; 1 hPa is 100 Pa")
    return out


@functools.lru_cache(maxsize=64)
def _hourly(kind: str, dry: bytes, second: bytes, pressure: bytes) -> tuple[np.ndarray, ...]:
    """Wet bulb, humidity ratio, enthalpy and density of each hour, to psychrolib's last digit."""
    t, x, p = (np.frombuffer(b) for b in (dry, second, pressure))
    if kind == "dew point":
        ratio = _saturated_ratio(x, p)
        wet = _wet_bulb(t, ratio, p)
    else:
        ratio, wet = _ratio(t, x, p), x
    enthalpy = (1.006 * t + ratio * (2501.0 + 1.86 * t)) * 1000
    volume = psychrolib.R_DA_SI * (t + 273.15) * (1 + 1.607858 * ratio) / p
    out = np.array([wet, ratio, enthalpy, (1 + ratio) / volume])
    out.flags.writeable = False
    return tuple(out)


def _each(function: Callable[..., float], *arrays: np.ndarray) -> np.ndarray:
    """A function of psychrolib's, hour by hour."""
    psychrolib.SetUnitSystem(psychrolib.SI)
    return np.array([function(*row) for row in zip(*(a.tolist() for a in arrays), strict=True)])


def _saturated_ratio(temp_c: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Humidity ratio of saturated air; weather is rounded, so that few temperatures differ."""
    different, at = np.unique(temp_c, return_inverse=True)
    vapour = _each(psychrolib.GetSatVapPres, different)[at]
    ratio = need.WATER_TO_AIR * vapour / (pressure - vapour)
    return np.maximum(ratio, psychrolib.MIN_HUM_RATIO)


def _ratio(dry_c: np.ndarray, wet_c: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Humidity ratio from dry and wet bulb."""
    ratio = need.wet_bulb_ratio(dry_c, wet_c, _saturated_ratio(wet_c, pressure))
    return np.maximum(ratio, psychrolib.MIN_HUM_RATIO)


def _wet_bulb(dry_c: np.ndarray, ratio: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Wet bulb by psychrolib's bisection between dew point and dry bulb, of all hours at once."""
    low = _each(psychrolib.GetTDewPointFromHumRatio, dry_c, ratio, pressure)
    high, wet = dry_c.copy(), (low + dry_c) / 2
    while (going := np.flatnonzero(high - low > psychrolib.PSYCHROLIB_TOLERANCE)).size:
        tried = wet[going]
        above = _ratio(dry_c[going], tried, pressure[going]) > ratio[going]
        high[going[above]], low[going[~above]] = tried[above], tried[~above]
        wet[going] = (high[going] + low[going]) / 2
    return wet


def _air(kind: str, dry: np.ndarray, second: np.ndarray, pressure: np.ndarray) -> Air:
    found = _hourly(kind, dry.tobytes(), second.tobytes(), pressure.tobytes())
    wet, ratio, enthalpy, density = found
    return Air(dry, wet, ratio, enthalpy, density, pressure)


def from_dew_point(
    dry_bulb_c: np.ndarray | float, dew_point_c: np.ndarray | float, pressure_pa: np.ndarray | float
) -> Air:
    """Air from dry bulb and dew point (degC) and station pressure (Pa), arrays (hours,).

    A dew point above the dry bulb, which rounding of both can give, is taken as saturated air.
    Results are kept for the life of the process. Raises ValueError for gaps, or temperatures and
    pressures that no weather has.
    """
    dry, dew, pressure = _inputs(dry_bulb_c, dew_point_c, pressure_pa)
    return _air("dew point", dry, np.minimum(dew, dry), pressure)


def from_wet_bulb(
    dry_bulb_c: np.ndarray | float, wet_bulb_c: np.ndarray | float, pressure_pa: np.ndarray | float
) -> Air:
    """Air from dry bulb and wet bulb (degC) and station pressure (Pa); see `from_dew_point`."""
    dry, wet, pressure = _inputs(dry_bulb_c, wet_bulb_c, pressure_pa)
    return _air("wet bulb", dry, np.minimum(wet, dry), pressure)


def saturated(temp_c: np.ndarray | float, pressure_pa: np.ndarray | float) -> Air:
    """Air at 100 % relative humidity at `temp_c` (degC) and `pressure_pa` (Pa), arrays (hours,)."""
    dry, pressure = _inputs(temp_c, pressure_pa)
    return _air("wet bulb", dry, dry, pressure)


def warmer(air: Air, by_k: np.ndarray | float) -> Air:
    """The same water in the air, at a dry bulb raised by `by_k` (K): a yard that heats its intake.

    `by_k` is a number or of shape (hours,). Raises ValueError as `from_dew_point` does.
    """
    dry, pressure = _inputs(air.dry_bulb_c + by_k, air.pressure_pa)
    dew = _each(psychrolib.GetTDewPointFromHumRatio, dry, air.humidity_ratio, pressure)
    return _air("dew point", dry, np.minimum(dew, dry), pressure)
