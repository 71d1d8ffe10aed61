"""Which resource of a site's water binds first, and at what size of the site.

Every limit is put as the site power (MW) at which it binds: where the site's need on its worst day,
which grows in proportion to its power, reaches what is left for it. Powers, flows and needs are
arrays of any shape that broadcast, usually (draws,). Flows are in million US gallons a day (MGD),
needs in MGD a MW of site power. Nothing is read from files and nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping

import fluids
import numpy as np

from aifactory.models.water.need import M3_PER_MG

M_PER_MILE = 1_609.344
RHO, MU = 998.2, 1.002e-3  # water at 20 °C, kg/m3 and Pa s (CoolProp, IAPWS-95)
G = 9.80665


def _positive(what: str, *values: np.ndarray) -> None:
    for v in values:
        if not (np.asarray(v) > 0).all():
            raise ValueError(f"{what} must be above 0")


def firm_capacity_mgd(
    capacity_mgd: np.ndarray, trains: np.ndarray, out: np.ndarray | int = 1
) -> np.ndarray:
    """Capacity (MGD) of a plant of equal `trains` with `out` of them out of service.

    Raises ValueError for fewer than one train or more out than there are.
    """
    capacity, trains, out = (np.asarray(x, dtype=float) for x in (capacity_mgd, trains, out))
    if (trains < 1).any() or (out < 0).any() or (out > trains).any():
        raise ValueError("trains out lie between none and all, and there is at least one train")
    return capacity * (trains - out) / trains


def binding_mw(
    limit_mgd: np.ndarray, others_mgd: np.ndarray, need_mgd_per_mw: np.ndarray
) -> np.ndarray:
    """Site power (MW) at which its need uses up what others leave of a limit; infinite for no need.

    max(limit − others, 0)/need: zero where others take all or the limit is zero. Raises ValueError
    for a negative limit, demand or need.
    """
    limit, others, need = (
        np.asarray(x, dtype=float) for x in (limit_mgd, others_mgd, need_mgd_per_mw)
    )
    if any((x < 0).any() for x in (limit, others, need)):
        raise ValueError("limit, others' demand and need must not be negative")
    left, need = np.broadcast_arrays(np.maximum(limit - others, 0), need)
    return np.divide(left, need, out=np.full(left.shape, np.inf), where=need > 0)


# --- the pipe -------------------------------------------------------------------------------------


def pipe_capacity_mgd(diameter_m: np.ndarray, velocity_m_s: np.ndarray) -> np.ndarray:
    """Flow (MGD) of a full pipe of inner `diameter_m` at a mean velocity; zero for no pipe."""
    diameter = np.asarray(diameter_m, dtype=float)
    if (diameter < 0).any():
        raise ValueError("a diameter must not be negative")
    return np.pi / 4 * diameter**2 * np.asarray(velocity_m_s) * 86_400 / M3_PER_MG


def pipe_kwh_m3(
    flow_mgd: np.ndarray,
    diameter_m: float,
    length_m: float,
    lift_m: float = 0.0,
    pump_efficiency: float = 0.75,
    roughness_m: float = 4.5e-5,
) -> np.ndarray:
    """Electricity to push a cubic metre through a pipe (kWh/m3), shape of `flow_mgd`.

    Darcy and Weisbach's friction with Clamond's solution of Colebrook's equation, through `fluids`,
    plus the lift, over the efficiency of pump and motor. Raises ValueError for a length or diameter
    that is not positive.
    """
    _positive("diameter and length of a pipe, and the pump's efficiency,", diameter_m, length_m)
    _positive("a pump's efficiency", pump_efficiency)
    flow = np.asarray(flow_mgd, dtype=float) * M3_PER_MG / 86_400
    speed = flow / (np.pi / 4 * diameter_m**2)
    reynolds = np.maximum(speed * diameter_m * RHO / MU, 1.0)
    factor = np.array(
        [
            fluids.friction_factor(Re=r, eD=roughness_m / diameter_m)
            for r in reynolds.ravel().tolist()
        ]
    ).reshape(reynolds.shape)
    head = factor * length_m / diameter_m * speed**2 / (2 * G) + lift_m
    return RHO * G * head / pump_efficiency / 3.6e6


# --- discharge: salt that goes round --------------------------------------------------------------


def enrichment(flow_mgd: np.ndarray, evaporated_mgd: np.ndarray) -> np.ndarray:
    """How much stronger salts stand in a plant's effluent when users evaporate part of it.

    Blowdown goes back to the plant, water that evaporates does not, and salt leaves with the rest
    alone: flow/(flow − evaporated) at steady state, infinite where all evaporates. Raises
    ValueError for a negative evaporation.
    """
    flow, gone = np.asarray(flow_mgd, dtype=float), np.asarray(evaporated_mgd, dtype=float)
    if (gone < 0).any():
        raise ValueError("evaporation must not be negative")
    flow, left = np.broadcast_arrays(flow, np.maximum(flow - gone, 0))
    return np.divide(flow, left, out=np.full(left.shape, np.inf), where=left > 0)


def cycles_left(
    cycles_max: np.ndarray, flow_mgd: np.ndarray, evaporated_mgd: np.ndarray
) -> np.ndarray:
    """Cycles of concentration that scale still allows once the effluent has grown stronger.

    The make-up's own limit over the enrichment of the effluent it is made from.
    """
    return np.asarray(cycles_max, dtype=float) / enrichment(flow_mgd, evaporated_mgd)


def discharge_mw(
    flow_mgd: np.ndarray,
    others_evaporate_mgd: np.ndarray,
    evaporate_mgd_per_mw: np.ndarray,
    cycles_max: np.ndarray,
    cycles_least: np.ndarray,
) -> np.ndarray:
    """Site power (MW) at which returned blowdown leaves only `cycles_least` cycles.

    From `cycles_left`: E = Q (1 − C_least/C_max) may evaporate in all, others first. Zero where
    others' evaporation alone takes that; infinite where the water does not allow `cycles_least` to
    begin with, as no return has taken them from it. Raises ValueError for cycles not above 1.
    """
    if not (np.asarray(cycles_least) > 1).all():
        raise ValueError("the least useful cycles are above 1")
    least, most = np.asarray(cycles_least, dtype=float), np.asarray(cycles_max, dtype=float)
    allowed = np.asarray(flow_mgd) * np.maximum(1 - least / most, 0)
    mw = binding_mw(allowed, others_evaporate_mgd, evaporate_mgd_per_mw)
    return np.where(most < least, np.inf, mw)


# --- why a test of returned salt fails ------------------------------------------------------------

RETURNED = ("fewer cycles to begin with", "others' return alone", "own return", "enough left")


def why_too_few(
    cycles_max: np.ndarray, cycles_least: float, size: np.ndarray, asked: float
) -> np.ndarray:
    """Which of `RETURNED` is each draw's, as indices 0 to 3, shape of `size`.

    `size` is the site at which returned salt binds, from `discharge_mw`, and `asked` the site in
    the same unit. Water that never allowed `cycles_least` comes first, as no return has spoilt it;
    then a size of nought, where others' return leaves too few before the site returns anything.
    Raises ValueError for a site that isn't above nought.
    """
    if not asked > 0:
        raise ValueError("the site asked for must be above 0")
    most, size = np.broadcast_arrays(np.asarray(cycles_max, dtype=float), size)
    return np.select([most < cycles_least, size <= 0, size < asked], [0, 1, 2], 3)


# --- shares that do not grow with the site --------------------------------------------------------


def energy_share(kwh_m3: np.ndarray, need_mgd_per_mw: np.ndarray) -> np.ndarray:
    """Electricity for the site's water over the site's own (no unit), at any size of the site."""
    return np.asarray(kwh_m3) * np.asarray(need_mgd_per_mw) * M3_PER_MG / 24 / 1000


def price_share(
    usd_per_kgal: np.ndarray, need_mgd_per_mw: np.ndarray, usd_per_mwh: np.ndarray
) -> np.ndarray:
    """The site's water bill over its electricity bill (no unit), at any size of the site."""
    return np.asarray(usd_per_kgal) * 1000 * np.asarray(need_mgd_per_mw) / (24 * usd_per_mwh)


# --- which binds first ----------------------------------------------------------------------------


def first_to_bind(sizes: Mapping[str, np.ndarray]) -> dict[str, float]:
    """How often each limit is the first to bind, a share of draws; shares sum to one.

    `sizes` gives the site power (MW) at which each limit binds, arrays of (draws,). Draws in which
    several bind at the same size are split evenly; those in which none ever binds count as "none".
    Raises ValueError for an empty set or unequal shapes.
    """
    if not sizes:
        raise ValueError("at least one limit is needed")
    shapes = {np.shape(v) for v in sizes.values()}
    if len(shapes) != 1:
        raise ValueError(f"limits need one value a draw each, got shapes {sorted(shapes)}")
    stack = np.stack([np.asarray(v, dtype=float) for v in sizes.values()])
    least = stack.min(axis=0)
    never = np.isinf(least)
    hits = (stack == least) & ~never
    share = (hits / np.maximum(hits.sum(axis=0), 1)).mean(axis=1)
    out = dict(zip(sizes, share.tolist(), strict=True))
    return out | ({"none": float(never.mean())} if never.any() else {})
