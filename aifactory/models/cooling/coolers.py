"""Coolers without a compressor: dry coolers, wetted pads, coils in chillers, evaporative towers.

A dry cooler is a crossflow exchanger, both streams unmixed, by effectiveness and number of transfer
units (Incropera et al., "Fundamentals of Heat and Mass Transfer", eq. 11.32):

    eps = 1 - exp( NTU^0.22 / C_r  (exp(-C_r NTU^0.78) - 1) ),   NTU = UA / C_min.

UA comes from one rating and goes with air flow to a power of 0.6 to 0.8; fan power with the cube of
speed and with density. `reach` is heat over coolant capacity rate times the difference of the two
inlet temperatures: the coolant's own effectiveness. Temperatures are in degrees Celsius,
differences in kelvin, powers in kilowatts, capacity rates in kilowatts a kelvin, densities in
kg/m3.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

RATING_DENSITY = 1.145  # kg/m3: air at 35 degC and 101,325 Pa, 40 % relative humidity
LEAST_AIR = 0.01  # below it fans stand still, to the eye
MOST_AIR = 1.5  # air mass flow over that of the rating, in cold dense air
KNOTS = 4096
FREE_FULL_K, FREE_NONE_K = 10.0, 2.2  # air below returning water: all heat, none
RULE_RANGE_K = 50 / 9  # 10 degF: the range of water for which the rule is read


def effectiveness(ntu: ArrayLike, capacity_ratio: ArrayLike) -> np.ndarray:
    """Effectiveness of crossflow, both streams unmixed (no unit), for C_min / C_max in (0, 1]."""
    n, c = np.asarray(ntu, dtype=float), np.asarray(capacity_ratio, dtype=float)
    if (n < 0).any() or (c <= 0).any() or (c > 1 + 1e-12).any():
        raise ValueError("NTU must be at least 0 and the capacity ratio above 0 and at most 1")
    return -np.expm1(n**0.22 / c * np.expm1(-c * n**0.78))


@dataclass(frozen=True)
class DryCooler:
    """One dry cooler by its rating: heat and fan power (kW), temperatures (degC).

    `exponent` is that of UA in air flow; `air_over_coolant` the ratio of capacity rates at the
    rating, 1 in the Modelica Buildings library's record, as makers do not print it.
    """

    heat_kw: float
    air_c: float
    coolant_in_c: float
    coolant_out_c: float
    fan_kw: float
    exponent: float = 0.7
    air_over_coolant: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError where the rating breaks the second law or a rate is not positive."""
        if not self.air_c < self.coolant_out_c < self.coolant_in_c:
            raise ValueError("a dry cooler's coolant leaves between the air's and its own inlet")
        if not (self.heat_kw > 0 and self.fan_kw > 0 and self.air_over_coolant > 0):
            raise ValueError("heat, fan power and ratio of capacity rates must be positive")
        if not 0 < self.exponent <= 1:
            raise ValueError("the exponent of UA in air flow lies between 0 and 1")

    @property
    def coolant_kw_k(self) -> float:
        """Capacity rate of the coolant at the rating, kW/K."""
        return self.heat_kw / (self.coolant_in_c - self.coolant_out_c)

    @property
    def air_kw_k(self) -> float:
        """Capacity rate of the air at the rating, kW/K."""
        return self.coolant_kw_k * self.air_over_coolant

    @functools.cached_property
    def ua_kw_k(self) -> float:
        """Conductance at the rating, kW/K: the one that gives the rated heat."""
        least, most = sorted((self.air_kw_k, self.coolant_kw_k))
        wanted = self.heat_kw / (least * (self.coolant_in_c - self.air_c))

        def gap(ntu: float) -> float:
            return float(effectiveness(ntu, least / most)) - wanted

        if wanted >= 1 or gap(1e3) < 0:
            raise ValueError("no exchanger of this kind reaches the rating")
        return least * float(optimize.brentq(gap, 1e-9, 1e3, xtol=1e-13))


def reach(cooler: DryCooler, air_flow: ArrayLike, coolant_flow: ArrayLike) -> np.ndarray:
    """Heat over coolant capacity rate times the difference of inlet temperatures (no unit).

    `air_flow` (mass) and `coolant_flow` are over those of the rating. Zero air takes no heat.
    """
    air = np.asarray(air_flow, dtype=float)
    if (air < 0).any() or (np.asarray(coolant_flow) <= 0).any():
        raise ValueError("air flow must be at least 0 and coolant flow positive")
    still = air == 0
    air = np.where(still, 1.0, air)
    cool = cooler.coolant_kw_k * np.asarray(coolant_flow, dtype=float)
    breeze = cooler.air_kw_k * air
    least, most = np.minimum(breeze, cool), np.maximum(breeze, cool)
    ntu = cooler.ua_kw_k * air**cooler.exponent / least
    return np.where(still, 0.0, effectiveness(ntu, least / most) * least / cool)


def coolant_flow(cooler: DryCooler, approach_k: ArrayLike, range_k: ArrayLike) -> np.ndarray:
    """Coolant flow a unit may have, over the rating's, to leave `approach_k` above the air.

    At full speed and the rating's density, with the coolant cooled by `range_k`. The heat of a unit
    is this times `coolant_kw_k` times `range_k`. Raises ValueError for an approach out of reach.
    """
    approach, span = np.broadcast_arrays(
        np.asarray(approach_k, dtype=float), np.asarray(range_k, dtype=float)
    )
    if (approach <= 0).any() or (span <= 0).any():
        raise ValueError("approach and range must be positive")
    wanted = span / (span + approach)
    low, high = np.full(wanted.shape, 1e-3), np.full(wanted.shape, 50.0)
    if (reach(cooler, 1.0, low) < wanted).any() or (reach(cooler, 1.0, high) > wanted).any():
        raise ValueError("no number of these dry coolers gives this approach")
    for _ in range(60):
        middle = np.sqrt(low * high)
        above = reach(cooler, 1.0, middle) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.sqrt(low * high)


@dataclass(frozen=True)
class Curve:
    """`reach` against air flow for one coolant flow, to be read either way.

    Straight lines between 4,096 air flows, spaced evenly in their logarithm, one of them where
    both capacity rates are equal; the air flow is then known to 1e-6 of itself (tested).
    """

    air_flow: np.ndarray
    reach: np.ndarray

    def at(self, air_flow: np.ndarray) -> np.ndarray:
        """Reach at an air flow."""
        return np.interp(air_flow, self.air_flow, self.reach)

    def needed(self, wanted: np.ndarray) -> np.ndarray:
        """Air flow that gives a reach; the most there is where the reach is too much to ask."""
        return np.interp(wanted, self.reach, self.air_flow)


@functools.lru_cache(maxsize=256)
def curve(cooler: DryCooler, flow: float) -> Curve:
    """The `Curve` of a unit at one coolant flow over the rating's."""
    equal = flow / cooler.air_over_coolant
    flows = np.geomspace(LEAST_AIR, MOST_AIR, KNOTS - 2)
    flows = np.unique(np.append(flows, [0.0, min(equal, MOST_AIR)]))
    return Curve(flows, reach(cooler, flows, flow))


def fan_kw(
    cooler: DryCooler, air_flow: ArrayLike, density_kg_m3: ArrayLike, cubic: float = 3.0
) -> np.ndarray:
    """Fan power of a unit (kW) at a mass flow over the rating's, in air of some density.

    Speed over full is mass flow over density, both relative; power goes with the cube of speed and
    with density (fan laws).
    """
    dense = np.asarray(density_kg_m3, dtype=float) / RATING_DENSITY
    speed = np.asarray(air_flow, dtype=float) / dense
    return cooler.fan_kw * dense * speed**cubic


def wetted_air_c(dry_bulb_c: ArrayLike, wet_bulb_c: ArrayLike, pads: ArrayLike) -> np.ndarray:
    """Air behind wetted pads: T_db - e (T_db - T_wb), with e the pads' effectiveness `pads`."""
    dry, wet = np.asarray(dry_bulb_c, dtype=float), np.asarray(wet_bulb_c, dtype=float)
    e = np.asarray(pads, dtype=float)
    if (e < 0).any() or (e > 1).any() or (wet > dry + 1e-9).any():
        raise ValueError(
            "the effect of a pad lies in 0 to 1, and a wet bulb at or below the dry bulb"
        )
    return dry - e * (dry - wet)


def free_share(
    air_c: ArrayLike, return_c: ArrayLike, range_k: ArrayLike = RULE_RANGE_K
) -> np.ndarray:
    """Share of a chiller's load that its free-cooling coil takes, 0 to 1 (Aermec's rule).

    All of it where air is 10 K (18 degF) below the returning water, none above 2.2 K (4 degF), a
    straight line between. The rule is read as one for water cooled by 5.56 K (10 degF), so that air
    then stands 4.44 K below the leaving water; for a wider `range_k` that approach is kept.
    """
    full = full_free_k(range_k)
    below = np.asarray(return_c, dtype=float) - np.asarray(air_c, dtype=float)
    return np.clip((below - FREE_NONE_K) / (full - FREE_NONE_K), 0.0, 1.0)


def full_free_k(range_k: ArrayLike) -> np.ndarray:
    """How far below the returning water air must be for the coil to take all heat (K)."""
    span = np.asarray(range_k, dtype=float)
    if (span <= 0).any():
        raise ValueError("the range must be positive")
    return FREE_FULL_K + np.maximum(span - RULE_RANGE_K, 0.0)


def free_fan_speed(
    air_c: ArrayLike,
    return_c: ArrayLike,
    range_k: ArrayLike = RULE_RANGE_K,
    exponent: float = 0.7,
) -> np.ndarray:
    """Fan speed of a free-cooling coil over full, 0.2 to 1: its heat goes with speed^exponent.

    Full speed down to the air at which the coil just takes all the load, less where it is colder.
    """
    full = full_free_k(range_k)
    below = np.asarray(return_c, dtype=float) - np.asarray(air_c, dtype=float)
    return np.clip((full / np.maximum(below, full)) ** (1 / exponent), 0.2, 1.0)


def tower_reach(approach_k: ArrayLike, range_k: ArrayLike) -> np.ndarray:
    """Cooling over the difference of returning water and wet bulb, at full speed (no unit)."""
    approach, span = np.asarray(approach_k, dtype=float), np.asarray(range_k, dtype=float)
    if (approach <= 0).any() or (span <= 0).any():
        raise ValueError("approach and range must be positive")
    return span / (span + approach)


def tower_fan_speed(
    wanted: ArrayLike, full: ArrayLike, exponent: float = 0.6, least: float = 0.2
) -> np.ndarray:
    """Fan speed of a tower over full that gives the reach `wanted`, at most `full` (Merkel).

    -ln(1 - reach) is taken as the tower's transfer units, which go with air flow to a power of 0.6.
    """
    full = np.asarray(full, dtype=float)
    asked = np.clip(np.asarray(wanted, dtype=float), 0.0, full)
    return np.clip((np.log1p(-asked) / np.log1p(-full)) ** (1 / exponent), least, 1.0)
