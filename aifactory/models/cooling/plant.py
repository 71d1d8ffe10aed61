"""A data centre's cooling plant over a year, hour by hour, for many designs at once.

Two loops carry the heat. The warm loop takes what cold plates collect and what the pumps of the
coolant units add; its water enters the coolant units at `supply_c` (the number in ASHRAE's
classes W17 to W45), and racks get their coolant a few kelvin warmer. The cool loop takes the rest:
heat that servers give to the air of the halls, fans there, and losses of power supplies. Five
plants reject it:

* CHILLERS: air-cooled chillers for both loops;
* FREE_COIL: the same with free-cooling coils;
* DRY: dry coolers on the warm loop, then trim chillers; chillers with coils on the cool loop;
* ADIABATIC: as DRY, with pads that are wetted when dry air is too warm;
* TOWER: evaporative towers on both loops, then trim chillers.

Trim chillers stand behind the coolers in the flow: the coolers take what they can at full speed,
compressors the rest. All chillers are air-cooled. Fans of dry coolers, coils and towers slow down
to just meet the load. Work on the design day fixes how many chillers there are.

Powers are in kilowatts, temperatures in degrees Celsius, water in litres an hour, energies over a
year in kilowatt-hours. Arrays are (hours, configs); a design's fields are (configs,). Loads are
steady through the year. Energy closes: what enters as electricity leaves as heat at the plant.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from aifactory.models.cooling import chillers, coolers
from aifactory.models.cooling.air import Air
from aifactory.models.cooling.chillers import Curves
from aifactory.models.cooling.coolers import DryCooler
from aifactory.models.water import need

AIR_KJ_KG_K = 1.006
DRY_AIR_J_KG_K = 287.042
PUMP_CURVE = (0.0205, 0.4101, 0.5753)  # power over full power against flow: x, x^2, x^3
DRIFT = 1e-5  # of a tower's circulating water
CHUNK = 4  # designs worked out at once: arrays of 8,760 hours of 4 stay near the processor


SHARES = (
    "load", "liquid_share", "hall_fans", "ups_loss", "pdu_loss", "pump_efficiency", "pads",
    "spares_run", "part_load_gain", "chillers_out", "coolers_out",
)  # fmt: skip
POSITIVE = (
    "it_kw", "load", "rise_k", "hall_rise_k", "pump_efficiency", "water_kj_m3_k",
    "cooler_approach_k", "tower_approach_k", "chiller_eir",
)  # fmt: skip


Values = Any  # a number, or an array (configs,), which it is once the design is made


class Kind(enum.IntEnum):
    """What rejects the heat."""

    CHILLERS = 0
    FREE_COIL = 1
    DRY = 2
    ADIABATIC = 3
    TOWER = 4


@dataclass(frozen=True)
class Design:
    """Designs of a plant: numbers or arrays, brought to one shape (configs,).

    Shares without another word are of IT power. Raises ValueError for values no plant can have.
    """

    kind: Values = Kind.DRY
    it_kw: Values = 1.0
    load: Values = 1.0  # IT power over the design's, through the year
    supply_c: Values = 32.0  # warm loop's water where it enters the coolant units
    rise_k: Values = 10.0  # of the warm loop's water
    liquid_share: Values = 0.87
    hall_water_c: Values = 20.0  # cool loop, to the halls
    hall_rise_k: Values = 8.0
    hall_fans: Values = 0.04  # per heat that the hall's air carries
    cdu_power: Values = 0.01
    ups_loss: Values = 0.03  # of throughput
    pdu_loss: Values = 0.03  # of throughput
    head_kpa: Values = 179.0  # of each facility pump
    pump_efficiency: Values = 0.63  # wire to water
    water_kj_m3_k: Values = 4011.0  # volumetric heat of the facility's water
    cooler_approach_k: Values = 5.55  # dry cooler, full speed, all units
    spare_coolers: Values = 0.0  # units beyond those, share; they run too
    pads: Values = 0.65  # effectiveness of wetted pads
    tower_approach_k: Values = 5.0  # to the wet bulb, full speed
    tower_fan: Values = 0.0165  # per heat at full speed
    cycles: Values = 4.0  # of concentration, basins and pads
    coil_fan: Values = 0.0402  # free-cooling coil, per heat at full speed
    design_air_c: Values = 39.9
    design_wet_bulb_c: Values = 26.8
    spare_chillers: Values = 0.2  # share beyond what the design day needs
    spares_run: Values = 1.0  # 1: the load is shared by all; 0: spares stand by
    part_load_gain: Values = 0.0  # see chillers.eir_factor
    chiller_eir: Values = 1.0  # factor on the chillers' electric input
    chillers_out: Values = 0.0  # share of installed chillers out of service
    coolers_out: Values = 0.0  # share of dry coolers or towers out of service

    def __post_init__(self) -> None:
        names = [f.name for f in fields(self)]
        arrays = [np.atleast_1d(np.asarray(getattr(self, n), dtype=float)) for n in names]
        try:
            arrays = list(np.broadcast_arrays(*arrays))
        except ValueError:
            raise ValueError("a design's fields must be numbers or arrays of one length") from None
        if arrays[0].ndim != 1:
            raise ValueError("a design's fields have one dimension: configurations")
        for name, values in zip(names, arrays, strict=True):
            if not np.isfinite(values).all():
                raise ValueError(f"{name} must be finite")
            object.__setattr__(self, name, values)
        self._check()

    def _check(self) -> None:
        if not np.isin(self.kind, list(Kind)).all():
            raise ValueError(f"kind is one of {[f'{k.value} {k.name}' for k in Kind]}")
        for name in SHARES:
            values = getattr(self, name)
            if (values < 0).any() or (values > 1).any():
                raise ValueError(f"{name} is a share: 0 to 1")
        for name in POSITIVE:
            if (getattr(self, name) <= 0).any():
                raise ValueError(f"{name} must be positive")
        if (self.coolers_out >= 1).any() or (self.ups_loss + self.pdu_loss >= 1).any():
            raise ValueError("some coolers must run, and losses stay below the throughput")

    def __len__(self) -> int:
        return len(self.it_kw)

    def take(self, chosen: np.ndarray | slice) -> Design:
        """The chosen configurations only."""
        return replace(self, **{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


@dataclass(frozen=True)
class Loads:
    """Steady loads of each design, kW, shape (configs,)."""

    it: np.ndarray
    electrical_loss: np.ndarray
    cdu: np.ndarray
    hall_air: np.ndarray
    warm_pump: np.ndarray
    cool_pump: np.ndarray
    warm: np.ndarray  # heat that the warm loop brings to the plant
    cool: np.ndarray  # heat that the cool loop brings


def loads(design: Design) -> Loads:
    """Heat of both loops and the power of what does not depend on weather."""
    d = design
    it = d.it_kw * d.load
    cdu = d.cdu_power * it
    pdu = it * d.pdu_loss / (1 - d.pdu_loss)
    ups = (it + pdu + cdu) * d.ups_loss / (1 - d.ups_loss)
    plates = d.liquid_share * it + cdu
    rest = (1 - d.liquid_share) * it + pdu + ups
    hall = rest * d.hall_fans / (1 - d.hall_fans)
    warm_pump = plates * _pump_share(d, d.rise_k)
    cool_pump = (rest + hall) * _pump_share(d, d.hall_rise_k)
    return Loads(
        it, pdu + ups, cdu, hall, warm_pump, cool_pump, plates + warm_pump, rest + hall + cool_pump
    )


def _pump_share(d: Design, rise_k: np.ndarray) -> np.ndarray:
    """Power of a facility pump over the heat it moves, at the design's load.

    The published curve ends at 1.0059 and is brought to 1 at full flow.
    """
    full = d.head_kpa / (d.water_kj_m3_k * rise_k * d.pump_efficiency)
    a, b, c = PUMP_CURVE
    return full * (a + b * d.load + c * d.load**2) / (a + b + c)


@dataclass(frozen=True)
class Year:
    """Each hour of each design: arrays (hours, configs), kW but for water (L) and shares.

    `compressor_share` is heat that compressors take over all heat; `unmet_kw` heat that installed
    and working units cannot take. `water_l` is make-up, `evaporated_l` what does not come back.
    """

    it_kw: np.ndarray
    chiller_kw: np.ndarray
    fan_kw: np.ndarray
    pump_kw: np.ndarray
    hall_air_kw: np.ndarray
    cdu_kw: np.ndarray
    electrical_loss_kw: np.ndarray
    compressor_heat_kw: np.ndarray
    heat_kw: np.ndarray
    unmet_kw: np.ndarray
    water_l: np.ndarray
    evaporated_l: np.ndarray

    @property
    def cooling_kw(self) -> np.ndarray:
        """Electricity of all that cools."""
        return self.chiller_kw + self.fan_kw + self.pump_kw + self.hall_air_kw + self.cdu_kw

    @property
    def facility_kw(self) -> np.ndarray:
        """Electricity of the facility."""
        return self.it_kw + self.cooling_kw + self.electrical_loss_kw

    @property
    def pue(self) -> np.ndarray:
        """Facility over IT power, in the hour."""
        return self.facility_kw / self.it_kw

    @property
    def compressor_share(self) -> np.ndarray:
        """Heat taken by compressors over all heat, 0 to 1."""
        return self.compressor_heat_kw / self.heat_kw


# --- one chunk of designs: arrays (configs, hours), the long axis together ---------------


class _Column:
    """A design's fields as columns (configs, 1), to meet air of (1, hours)."""

    def __init__(self, design: Design, **other: float) -> None:
        for f in fields(Design):
            setattr(self, f.name, getattr(design, f.name)[:, None])
        for name, value in other.items():
            setattr(self, name, np.full_like(design.it_kw, value)[:, None])

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


@dataclass(frozen=True)
class _Free:
    """What coolers without a compressor do: arrays (configs, hours)."""

    left: np.ndarray  # heat for compressors
    fan: np.ndarray
    water: np.ndarray | float = 0.0
    evaporated: np.ndarray | float = 0.0


@dataclass(frozen=True)
class _Loop:
    """One loop of a chunk, (configs, 1): its water, rise, heat now and at full load."""

    warm: bool
    water_c: np.ndarray
    rise: np.ndarray
    heat: np.ndarray
    full_heat: np.ndarray
    flow: np.ndarray  # coolant of a dry cooler over its rating's, by design


def _coil(d: _Column, air: Air, loop: _Loop) -> _Free:
    """Free-cooling coils."""
    back = loop.water_c + loop.rise
    share = coolers.free_share(air.dry_bulb_c, back, loop.rise)
    speed = coolers.free_fan_speed(air.dry_bulb_c, back, loop.rise)
    return _Free(loop.heat * (1 - share), d.coil_fan * loop.heat * share * speed**3)


def _dry(
    d: _Column, air: Air, loop: _Loop, cooler: DryCooler, eir: np.ndarray, pads: bool
) -> _Free:
    """Dry coolers, whose pads are wetted where dry air at full speed cannot take all the heat.

    Coolers stop where their fans would take more power than compressors for the same heat.
    """
    units = loop.full_heat / (loop.flow * cooler.coolant_kw_k * loop.rise)
    units = units * (1 + d.spare_coolers) * (1 - d.coolers_out)
    now = loop.heat / loop.rise / units / cooler.coolant_kw_k  # coolant of a unit over its rating's
    bank = [coolers.curve(cooler, f) for f in now[:, 0].tolist()]
    shape = (len(bank), air.dry_bulb_c.shape[1])
    most = np.broadcast_to(air.density_kg_m3 / coolers.RATING_DENSITY, shape)
    full = np.stack([c.at(m) for c, m in zip(bank, most, strict=True)])
    back = loop.water_c + loop.rise
    above = np.broadcast_to(back - air.dry_bulb_c, shape)
    wet = np.zeros(shape, dtype=bool)
    if pads:
        wet = (full * above < loop.rise) & (air.wet_bulb_c > 0)
        cooled = coolers.wetted_air_c(air.dry_bulb_c, air.wet_bulb_c, d.pads)
        above = np.where(wet, back - cooled, above)
    above = np.maximum(above, 1e-9)
    wanted = loop.rise / above
    needed = np.stack([c.needed(w) for c, w in zip(bank, wanted, strict=True)])
    needed = np.minimum(needed, most)
    share = np.minimum(full * above / loop.rise, 1.0)
    fan = units * coolers.fan_kw(cooler, needed, air.density_kg_m3)
    off = fan > loop.heat * share * eir
    share, fan = np.where(off, 0.0, share), np.where(off, 0.0, fan)
    if not pads:
        return _Free(loop.heat * (1 - share), fan)
    mass = needed * (units * cooler.air_kw_k / AIR_KJ_KG_K)
    added = need.pad_moisture(air, d.pads) * mass * 3600
    evaporated = np.where(wet & ~off, added, 0.0)
    makeup = need.balance(evaporated, d.cycles, 0.0).makeup
    return _Free(loop.heat * (1 - share), fan, makeup, evaporated)


def _tower(d: _Column, air: Air, loop: _Loop, eir: np.ndarray) -> _Free:
    """Evaporative towers; they stop as dry coolers do."""
    # Towers out of service send their water over the others: transfer units fall with air flow.
    ntu = -np.log1p(-coolers.tower_reach(d.tower_approach_k, loop.rise))
    full = -np.expm1(-ntu * (1 - d.coolers_out) ** 0.6)
    above = np.maximum(loop.water_c + loop.rise - air.wet_bulb_c, 1e-9)
    share = np.minimum(full * above / loop.rise, 1.0)
    speed = coolers.tower_fan_speed(loop.rise / above, full)
    fan = d.tower_fan * loop.heat * (1 - d.coolers_out) * speed**3
    off = fan > loop.heat * share * eir
    share, fan = np.where(off, 0.0, share), np.where(off, 0.0, fan)
    taken = loop.heat * share
    leaving = loop.water_c + loop.rise * (1 - share / 2)
    leaving = np.where(off, air.wet_bulb_c + loop.rise, leaving)
    rate = np.maximum(need.evaporation_l_per_kwh_heat(air, leaving), 0)
    water = need.balance(rate * taken, d.cycles, DRIFT * need.circulating_l_h(taken, loop.rise))
    return _Free(loop.heat - taken, fan, water.makeup, water.consumption)


def _free(
    d: _Column, kind: Kind, air: Air, loop: _Loop, cooler: DryCooler, eir: np.ndarray
) -> _Free:
    """What is done without compressors, for designs of one kind."""
    if kind is Kind.TOWER:
        return _tower(d, air, loop, eir)
    if loop.warm and kind in (Kind.DRY, Kind.ADIABATIC):
        return _dry(d, air, loop, cooler, eir, pads=kind is Kind.ADIABATIC)
    if kind is Kind.CHILLERS:
        shape = (len(loop.heat), air.dry_bulb_c.shape[1])
        return _Free(np.broadcast_to(loop.heat, shape), np.zeros(shape))
    return _coil(d, air, loop)


def _design_day(d: _Column) -> Air:
    """Air of each design's design day, arrays (configs, 1), at sea level."""
    dry, wet = d.design_air_c, np.minimum(d.design_wet_bulb_c, d.design_air_c)
    pressure = np.full_like(dry, 101_325.0)
    ratio = need.humidity_ratio(dry, wet, pressure)
    density = pressure * (1 + ratio) / (DRY_AIR_J_KG_K * (dry + 273.15) * (1 + 1.607858 * ratio))
    enthalpy = 1006.0 * dry + ratio * (2.501e6 + 1860.0 * dry)
    return Air(dry, wet, ratio, enthalpy, density, pressure)


def _installed(d: Design, kind: Kind, loop: _Loop, cooler: DryCooler, curves: Curves) -> np.ndarray:
    """Reference capacity of the chillers for the design day, spares included (configs, 1)."""
    column = _Column(d, load=1.0, chillers_out=0.0, coolers_out=0.0)
    day = _design_day(column)
    capacity, eir = chillers.performance(curves, loop.water_c, day.dry_bulb_c)
    eir = eir * (column.chiller_eir / curves.reference_cop)
    whole = replace(loop, heat=loop.full_heat)
    left = _free(column, kind, day, whole, cooler, eir).left
    return left / capacity * (1 + column.spare_chillers)


def _side(
    d: Design, kind: Kind, air: Air, loop: _Loop, cooler: DryCooler, curves: Curves
) -> dict[str, np.ndarray | float]:
    """A loop's plant: coolers first, chillers for the rest; arrays (configs, hours)."""
    c = _Column(d)
    capacity, eir = chillers.performance(curves, loop.water_c, air.dry_bulb_c)
    eir = eir * (c.chiller_eir / curves.reference_cop)
    free = _free(c, kind, air, loop, cooler, eir)
    installed = _installed(d, kind, loop, cooler, curves) * (1 - c.chillers_out)
    available = installed * capacity
    taken = np.minimum(free.left, available)
    plr = np.divide(taken, available, out=np.zeros_like(taken), where=available > 0)
    held = np.clip(np.where(c.spares_run > 0, plr, 1.0), *curves.load)
    power = taken * eir * chillers.part_load_factor(curves, held) / held
    if d.part_load_gain.any():
        power *= chillers.eased(
            curves, loop.water_c, air.dry_bulb_c, capacity, held, c.part_load_gain
        )
    return {
        "chiller_kw": power,
        "fan_kw": free.fan,
        "compressor_heat_kw": taken,
        "unmet_kw": free.left - taken,
        "water_l": free.water,
        "evaporated_l": free.evaporated,
    }


def _one_kind(air: Air, d: Design, flow: np.ndarray, curves: Curves, cooler: DryCooler) -> Year:
    """A chunk of designs of one kind."""
    kind = Kind(int(d.kind[0]))
    q = loads(d)
    full = q if (d.load == 1).all() else loads(replace(d, load=1.0))
    row = Air(**{k: v[None, :] for k, v in vars(air).items()})
    warm = _Loop(True, *_columns(d.supply_c, d.rise_k, q.warm, full.warm, flow))
    cool = _Loop(False, *_columns(d.hall_water_c, d.hall_rise_k, q.cool, full.cool, flow))
    both = [_side(d, kind, row, loop, cooler, curves) for loop in (warm, cool)]
    hourly = {k: both[0][k] + both[1][k] for k in both[0]}
    steady = {
        "it_kw": q.it,
        "pump_kw": q.warm_pump + q.cool_pump,
        "hall_air_kw": q.hall_air,
        "cdu_kw": q.cdu,
        "electrical_loss_kw": q.electrical_loss,
        "heat_kw": q.warm + q.cool,
    }
    shape = (len(d), len(air))
    whole = hourly | {k: v[:, None] for k, v in steady.items()}
    return Year(**{k: np.broadcast_to(v, shape).T for k, v in whole.items()})


def _columns(*values: np.ndarray) -> list[np.ndarray]:
    return [v[:, None] for v in values]


def _chunks(
    air: Air, design: Design, curves: Curves, cooler: DryCooler
) -> Iterator[tuple[np.ndarray, Year]]:
    """Years of designs of one kind, a few at a time, and the designs' positions."""
    flow = np.ones(len(design))
    dry = np.isin(design.kind, (Kind.DRY, Kind.ADIABATIC))
    if dry.any():
        flow[dry] = coolers.coolant_flow(cooler, design.cooler_approach_k[dry], design.rise_k[dry])
    for kind in np.unique(design.kind):
        found = np.flatnonzero(design.kind == kind)
        for at in (found[i : i + CHUNK] for i in range(0, len(found), CHUNK)):
            yield at, _one_kind(air, design.take(at), flow[at], curves, cooler)


def year(air: Air, design: Design, curves: Curves, cooler: DryCooler) -> Year:
    """Every hour of every design: arrays (hours, configs).

    `air` of any number of hours; `curves` and `cooler` are the same for all designs. For a year of
    a thousand designs each array takes 70 MB: `annual` needs none of them whole.
    """
    shape = (len(air), len(design))
    out = {f.name: np.empty(shape) for f in fields(Year)}
    for at, part in _chunks(air, design, curves, cooler):
        for name, values in out.items():
            values[:, at] = getattr(part, name)
    return Year(**out)


@dataclass(frozen=True)
class Annual:
    """A year of each design in one number a quantity, shape (configs,).

    `pue` is energy over energy; hours are counted by the heat that compressors take.
    """

    pue: np.ndarray
    peak_pue: np.ndarray
    facility_kwh: np.ndarray
    cooling_kwh: np.ndarray
    chiller_kwh: np.ndarray
    peak_cooling_kw: np.ndarray
    peak_facility_kw: np.ndarray
    free_hours: np.ndarray  # no compressor runs, in either loop
    partial_hours: np.ndarray  # compressors take some of the heat, and not all
    compressor_share: np.ndarray  # of the year's heat
    unmet_hours: np.ndarray
    water_l: np.ndarray
    evaporated_l: np.ndarray


def annual(air: Air, design: Design, curves: Curves, cooler: DryCooler) -> Annual:
    """Sums, peaks and counts over all hours of `air` (one a row), a few designs at a time."""
    out = {f.name: np.empty(len(design)) for f in fields(Annual)}
    for at, part in _chunks(air, design, curves, cooler):
        for name, values in _totals(part).items():
            out[name][at] = values
    return Annual(**out)


def _totals(y: Year) -> dict[str, np.ndarray]:
    facility, cooling, share = y.facility_kw, y.cooling_kw, y.compressor_share
    tiny = 1e-6
    return {
        "pue": facility.sum(axis=0) / y.it_kw.sum(axis=0),
        "peak_pue": (facility / y.it_kw).max(axis=0),
        "facility_kwh": facility.sum(axis=0),
        "cooling_kwh": cooling.sum(axis=0),
        "chiller_kwh": y.chiller_kw.sum(axis=0),
        "peak_cooling_kw": cooling.max(axis=0),
        "peak_facility_kw": facility.max(axis=0),
        "free_hours": (share < tiny).sum(axis=0).astype(float),
        "partial_hours": ((share >= tiny) & (share < 1 - tiny)).sum(axis=0).astype(float),
        "compressor_share": y.compressor_heat_kw.sum(axis=0) / y.heat_kw.sum(axis=0),
        "unmet_hours": (y.unmet_kw > tiny * y.heat_kw).sum(axis=0).astype(float),
        "water_l": y.water_l.sum(axis=0),
        "evaporated_l": y.evaporated_l.sum(axis=0),
    }
