"""How many heat-rejection units a plant needs on its design day, and what a given count can carry.

The heat that has to leave is worked out from the site's power; a catalogue's capacity is brought
from its rating point to the water and the air of the design day; units are whole, and spares stand
by block, not once for a plant of a gigawatt. Each step has its inverse, so that a count seen from
above can be read back into a load. Capacity factors come from the caller (`chillers`), arrays of
any shape that broadcast; heat and capacities are in kW, temperatures in degrees Celsius.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

EULER_GAMMA = 0.5772156649015329
_WHOLE = 1e-9  # a quotient this close above a whole number is that number


def _positive(name: str, values: ArrayLike) -> np.ndarray:
    """The values as floats. Raises ValueError unless all are finite and above zero."""
    x = np.asarray(values, dtype=float)
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise ValueError(f"{name} must be finite and above zero, got {values!r}")
    return x


def _fraction(name: str, values: ArrayLike) -> np.ndarray:
    """The values as floats. Raises ValueError unless all lie between 0 and 1."""
    x = np.asarray(values, dtype=float)
    if not ((x >= 0) & (x <= 1)).all():  # NaN fails both
        raise ValueError(f"{name} must lie between 0 and 1, got {values!r}")
    return x


def _whole(name: str, values: ArrayLike, least: int) -> np.ndarray:
    """The values as whole numbers. Raises ValueError for fractions and for less than `least`."""
    x = np.asarray(values, dtype=float)
    if not (np.isfinite(x).all() and (x == np.floor(x)).all() and (x >= least).all()):
        raise ValueError(f"{name} must be whole and at least {least}, got {values!r}")
    return x.astype(np.int64)


# -- the design day -------------------------------------------------------------------------------


def return_maximum_c(mean_c: ArrayLike, stddev_k: ArrayLike, years: ArrayLike) -> np.ndarray:
    """Annual maximum that returns once in `years` (degC), by a Gumbel distribution of maxima.

    ASHRAE Handbook Fundamentals, "Climatic design information": mean + F sd with
    F = -(sqrt 6 / pi) (0.5772 + ln ln (n / (n - 1))). Raises ValueError for one year or fewer.
    """
    n = np.asarray(years, dtype=float)
    if not (n > 1).all():
        raise ValueError(f"a return period must be longer than one year, got {years!r}")
    spread = _positive("the standard deviation of maxima", stddev_k)
    factor = -np.sqrt(6) / np.pi * (EULER_GAMMA + np.log(np.log(n / (n - 1))))
    return np.asarray(mean_c, dtype=float) + factor * spread


# -- the heat -------------------------------------------------------------------------------------


def hall_heat_kw(facility_kw: ArrayLike, peak_ratio: ArrayLike, gains: ArrayLike) -> np.ndarray:
    """Heat that the loops carry out of the halls (kW).

    All computing power, facility over `peak_ratio`, turns into heat, and so do the losses beside it
    (`gains`, per unit of computing power: pumps, distribution, power supplies). What compressors
    and fans outside draw leaves where it arises and is no load on an evaporator. Raises ValueError
    where the ratio leaves no room for the gains.
    """
    ratio, extra = _positive("the peak ratio", peak_ratio), np.asarray(gains, dtype=float)
    if not (extra >= 0).all():
        raise ValueError(f"gains cannot be negative, got {gains!r}")
    if (1 + extra > ratio).any():
        raise ValueError("halls cannot give off more heat than the facility draws")
    return _positive("facility power", facility_kw) / ratio * (1 + extra)


def trim_share(
    return_c: ArrayLike, supply_c: ArrayLike, air_c: ArrayLike, approach_k: ArrayLike
) -> np.ndarray:
    """Share of a loop's heat left to compressors when dry coolers take what they can (0 to 1).

    A dry cooler in front of the chiller brings the water from `return_c` down to the air plus its
    approach, or to `supply_c` where that is warmer; the chiller does the rest. Raises ValueError
    for a return no warmer than the supply, or a negative approach.
    """
    hot, cold = np.asarray(return_c, dtype=float), np.asarray(supply_c, dtype=float)
    approach = np.asarray(approach_k, dtype=float)
    if not (hot > cold).all():
        raise ValueError("return water must be warmer than supply water")
    if not (approach >= 0).all():
        raise ValueError(f"an approach cannot be negative, got {approach_k!r}")
    reached = np.asarray(air_c, dtype=float) + approach
    return np.clip((reached - cold) / (hot - cold), 0.0, 1.0)


def compressor_heat_kw(heat_kw: ArrayLike, liquid: ArrayLike, trim: ArrayLike) -> np.ndarray:
    """Heat for chillers beside dry coolers (kW): all of the air's, and `trim` of the liquid's."""
    share = _fraction("the liquid share", liquid)
    rest = _fraction("the share left to compressors", trim)
    return np.asarray(heat_kw, dtype=float) * (1 - share + share * rest)


# -- one unit -------------------------------------------------------------------------------------


def usable_factor(held: ArrayLike, extended: ArrayLike, gain: ArrayLike) -> np.ndarray:
    """A capacity factor beyond the limits of its curve, with `gain` of the extrapolated part.

    `held` is the factor with the water held at the curve's limit, `extended` the extrapolated one;
    `gain` 0 trusts nothing beyond the limit, 1 all of it.
    """
    inner = _positive("the held factor", held)
    return inner + _fraction("the gain", gain) * (np.asarray(extended, dtype=float) - inner)


def site_capacity_kw(
    catalogue_kw: ArrayLike, at_rating: ArrayLike, at_site: ArrayLike, derate: ArrayLike = 1.0
) -> np.ndarray:
    """Capacity of a catalogue unit on the design day (kW).

    `at_rating` and `at_site` are capacity factors at the catalogue's own rating point and at the
    site's water and air; their quotient moves the unit from one to the other, so that a unit rated
    at warm water gets no second credit for it. `derate` takes off for glycol and fouling.
    """
    moved = _positive("the factor at site", at_site) / _positive("the factor at rating", at_rating)
    return _positive("catalogue capacity", catalogue_kw) * moved * _positive("the derate", derate)


def dry_cooler_kw(
    rated_kw: ArrayLike,
    rated_water_c: ArrayLike,
    rated_air_c: ArrayLike,
    water_c: ArrayLike,
    air_c: ArrayLike,
) -> np.ndarray:
    """Heat from a dry cooler (kW) at the flows of its rating.

    An exchanger at fixed flows has a fixed effectiveness, so that its heat goes with the difference
    between water and incoming air, at either end of the water: give both water temperatures as
    entering, or both as leaving (Kays and London, "Compact Heat Exchangers"). None where the air is
    warmer than the water.
    """
    rated = _positive("the rated difference", np.subtract(rated_water_c, rated_air_c))
    given = np.maximum(np.subtract(water_c, air_c), 0.0)
    return _positive("rated heat", rated_kw) * given / rated


# -- counts ---------------------------------------------------------------------------------------


def duty_units(heat_kw: ArrayLike, unit_kw: ArrayLike) -> np.ndarray:
    """Whole units that carry the heat, none to spare."""
    heat = np.asarray(heat_kw, dtype=float)
    if not (np.isfinite(heat).all() and (heat >= 0).all()):
        raise ValueError(f"heat must be finite and not negative, got {heat_kw!r}")
    units = heat / _positive("capacity of a unit", unit_kw)
    return np.ceil(units * (1 - _WHOLE)).astype(np.int64)


def installed_units(duty: ArrayLike, per_block: ArrayLike, spares: ArrayLike) -> np.ndarray:
    """Units that stand there: those on duty, and `spares` for each begun block of `per_block`.

    "N+1" of a gigawatt says nothing; one spare for each four to twenty units is 5 to 25 %.
    """
    n, s = _whole("units of a block", per_block, 1), _whole("spares", spares, 0)
    on_duty = _whole("units on duty", duty, 0)
    return on_duty + s * -(-on_duty // n)


def duty_of(installed: ArrayLike, per_block: ArrayLike, spares: ArrayLike) -> np.ndarray:
    """The most units on duty among `installed` ones with the spares: `installed_units` read back.

    Full blocks of `per_block` + `spares`, and what the last, begun block leaves.
    """
    n, s = _whole("units of a block", per_block, 1), _whole("spares", spares, 0)
    stand = _whole("installed units", installed, 0)
    blocks, rest = np.divmod(stand, n + s)
    return blocks * n + np.maximum(rest - s, 0)


def units_needed(
    heat_kw: ArrayLike, unit_kw: ArrayLike, per_block: ArrayLike, spares: ArrayLike
) -> np.ndarray:
    """Units installed for a heat load: whole units on duty and their spares by block."""
    return installed_units(duty_units(heat_kw, unit_kw), per_block, spares)


def load_carried_kw(
    installed: ArrayLike, unit_kw: ArrayLike, per_block: ArrayLike, spares: ArrayLike
) -> np.ndarray:
    """Heat that a count can carry with its spares kept free (kW)."""
    unit = _positive("capacity of a unit", unit_kw)
    return duty_of(installed, per_block, spares) * unit


def unit_kw_at(
    heat_kw: ArrayLike, installed: ArrayLike, per_block: ArrayLike, spares: ArrayLike
) -> np.ndarray:
    """The least capacity of a unit (kW) with which `installed` units do: the break-even size.

    Raises ValueError where the spares leave no unit on duty.
    """
    duty = duty_of(installed, per_block, spares)
    if not (duty > 0).all():
        raise ValueError("these spares leave no unit on duty")
    return np.asarray(heat_kw, dtype=float) / duty
