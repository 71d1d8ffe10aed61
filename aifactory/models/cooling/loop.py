"""The way of the heat from chip to yard: shares, temperatures, flow, pipes, pumps, hold-up.

Two loops carry it. The technology cooling system runs through cold plates and is closed by coolant
distribution units (CDU); the facility loop runs from their other side to the heat rejection in the
yard. Functions take and return arrays of any one shape (or single numbers) in SI units with the
unit at the end of the name; nothing is read from files. Properties come from CoolProp, friction
factors from `fluids`, heat exchangers from `ht`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from fluids.vectorized import Clamond  # type: ignore[attr-defined]
from ht import NTU_from_effectiveness, effectiveness_from_NTU

Values = npt.ArrayLike
Array = np.ndarray

FLUIDS = {"water": "Water", "PG25": "INCOMP::MPG-25%"}
STEEL_ROUGHNESS_M = 4.5e-5  # commercial steel, Moody (1944, table of roughnesses: 0.00015 ft)
PRESSURE_PA = 4e5  # loop pressure at which properties are taken; liquids hardly notice
ZERO_C_K = 273.15
G_M_S2 = 9.80665


@dataclass(frozen=True)
class Coolant:
    """A liquid at one temperature: density, specific heat, viscosity, conductivity."""

    density_kg_m3: float
    heat_capacity_j_kg_k: float
    viscosity_pa_s: float
    conductivity_w_m_k: float

    @property
    def volumetric_j_m3_k(self) -> float:
        """Heat that a cubic metre takes up per kelvin, J/(m³ K)."""
        return self.density_kg_m3 * self.heat_capacity_j_kg_k


def coolant(name: str, temp_c: float) -> Coolant:
    """`water` or `PG25` (a quarter propylene glycol by mass) at `temp_c`, from CoolProp.

    Water is the IAPWS-95 formulation; PG25 is CoolProp's fit to Melinder (2010), valid from -10 to
    100 °C. Raises ValueError for another name and for temperatures outside 0 to 95 °C.
    """
    if name not in FLUIDS:
        raise ValueError(f"unknown coolant {name!r}; use one of {sorted(FLUIDS)}")
    if not 0 <= temp_c <= 95:
        raise ValueError(f"coolant properties hold from 0 to 95 °C, got {temp_c}")
    from CoolProp.CoolProp import PropsSI  # takes seconds to load

    where = ("T", temp_c + ZERO_C_K, "P", PRESSURE_PA, FLUIDS[name])
    return Coolant(*(float(PropsSI(key, *where)) for key in "DCVL"))


def _positive(**given: Values) -> list[Array]:
    """The arguments as arrays. Raises ValueError with the name of one that is not above zero."""
    out = []
    for name, value in given.items():
        array = np.asarray(value, dtype=float)
        if not (array > 0).all():
            raise ValueError(f"{name} must be above zero, got {np.min(array)}")
        out.append(array)
    return out


def _share(**given: Values) -> list[Array]:
    """The arguments as arrays. Raises ValueError with the name of one outside 0 to 1."""
    out = []
    for name, value in given.items():
        array = np.asarray(value, dtype=float)
        if not ((array >= 0) & (array <= 1)).all():
            raise ValueError(f"{name} is a share and lies between 0 and 1")
        out.append(array)
    return out


# -- heat -----------------------------------------------------------------------------------------


def plated_floor(chips: Values, chip_w: Values, box_kw: Values) -> Array:
    """Share of a box's power that its plated chips alone draw at their design power.

    `chips` pieces of `chip_w` (W each) in a tray, server or rack of `box_kw`: what has to be on
    plates even if nothing else is. Raises ValueError where the chips would draw more than the box.
    """
    n, w, box = _positive(chips=chips, chip_w=chip_w, box_kw=box_kw)
    floor = n * w / (1000 * box)
    if (floor > 1).any():
        raise ValueError("the chips draw more than the box that holds them")
    return floor


def site_share(rack_share: Values, plated_racks: Values, overhead: Values) -> Array:
    """Share of a site's IT heat that leaves in liquid at a plate.

    `rack_share` is that share within a rack with plates, `plated_racks` the part of the compute
    racks' power in such racks, `overhead` IT power over compute racks' power (at least 1: network,
    storage and other servers, all taken as cooled by air).
    """
    s, p = _share(rack_share=rack_share, plated_racks=plated_racks)
    over = np.asarray(overhead, dtype=float)
    if (over < 1).any():
        raise ValueError("overhead is IT power over that of the compute racks: at least 1")
    return s * p / over


@dataclass(frozen=True)
class Balance:
    """Where the heat of the halls goes, MW: liquid + air = IT + losses + pumps."""

    it_mw: Array
    liquid_mw: Array
    air_mw: Array
    electrical_loss_mw: Array
    pump_mw: Array

    @property
    def hall_mw(self) -> Array:
        """All heat that arises in the halls, MW."""
        return self.it_mw + self.electrical_loss_mw + self.pump_mw

    @property
    def hall_share(self) -> Array:
        """Share of the halls' heat that is in liquid."""
        return self.liquid_mw / self.hall_mw


def balance(it_mw: Values, share: Values, loss: Values, pump_mw: Values = 0.0) -> Balance:
    """Heat of the halls by carrier.

    `share` of the IT power goes into the plates; so do the secondary pumps' `pump_mw`, which end as
    heat of the liquid they move. The rest of the IT power and the electrical losses, `loss` as a
    share of IT power, go into the air.
    """
    (it,) = _positive(it_mw=it_mw)
    s, lost = _share(share=share, loss=loss)
    pump = np.asarray(pump_mw, dtype=float)
    return Balance(it, s * it + pump, (1 - s) * it + lost * it, lost * it, pump)


def coolant_flow_m3_s(heat_w: Values, rise_k: Values, fluid: Coolant) -> Array:
    """Flow that carries `heat_w` (W) at a temperature rise of `rise_k` (K): Q = rho cp V dT."""
    heat, rise = _positive(heat_w=heat_w, rise_k=rise_k)
    return heat / (fluid.volumetric_j_m3_k * rise)


def carried_w(flow_m3_s: Values, rise_k: Values, fluid: Coolant) -> Array:
    """Heat (W) that a flow (m³/s) carries at a temperature rise of `rise_k` (K)."""
    flow, rise = _positive(flow_m3_s=flow_m3_s, rise_k=rise_k)
    return fluid.volumetric_j_m3_k * flow * rise


def coolant_rise_k(l_min_kw: Values, fluid: Coolant) -> Array:
    """Temperature rise (K) of a coolant given in litres a minute per kilowatt."""
    (specific,) = _positive(l_min_kw=l_min_kw)
    return 1000 / (fluid.volumetric_j_m3_k * specific / 60000)


def junction_c(supply_c: Values, resistance_k_w: Values, power_w: Values, rise_k: Values) -> Array:
    """Temperature of a chip: supply + resistance x power + half the coolant's rise (°C).

    The resistance (K/W) runs from junction to the coolant's mean temperature in the plate.
    """
    r, p, rise = _positive(resistance_k_w=resistance_k_w, power_w=power_w, rise_k=rise_k)
    return np.asarray(supply_c, dtype=float) + r * p + rise / 2


def hottest_supply_c(
    limit_c: Values, resistance_k_w: Values, power_w: Values, rise_k: Values
) -> Array:
    """Supply (°C) at which a chip just reaches `limit_c`: `junction_c` solved for the supply."""
    return 2 * np.asarray(limit_c, dtype=float) - junction_c(
        limit_c, resistance_k_w, power_w, rise_k
    )


# -- exchanger between the loops ------------------------------------------------------------------


def _capacity_ratio(smaller: float, greater: float) -> float:
    """Ratio of capacity rates; nearly equal ones count as equal, as the formula loses digits."""
    ratio = smaller / greater
    return 1.0 if ratio > 1 - 1e-6 else ratio


def cdu_ntu(secondary_rise_k: float, facility_rise_k: float, approach_k: float) -> float:
    """Transfer units a counterflow CDU needs for an approach, on its smaller capacity rate.

    The coolant falls by `secondary_rise_k`, the facility water rises by `facility_rise_k`, and the
    coolant leaves `approach_k` above the facility water's supply. Effectiveness is the fall or
    rise of the smaller stream over the largest difference; `ht` turns it into NTU (Kays and London
    1984). UA in W/K is NTU times that stream's capacity rate.
    """
    _positive(a=secondary_rise_k, b=facility_rise_k, approach_k=approach_k)
    largest = secondary_rise_k + approach_k  # coolant in minus facility supply
    greater, smaller = (
        max(secondary_rise_k, facility_rise_k),
        min(secondary_rise_k, facility_rise_k),
    )
    if greater >= largest:
        raise ValueError("the facility water would leave hotter than the coolant comes in")
    return float(NTU_from_effectiveness(greater / largest, Cr=_capacity_ratio(smaller, greater)))


def cdu_supply_c(
    facility_supply_c: float, secondary_rise_k: float, facility_rise_k: float, ntu: float
) -> float:
    """Coolant supply (°C) behind a counterflow CDU of `ntu` at given rises on either side."""
    _positive(a=secondary_rise_k, b=facility_rise_k, ntu=ntu)
    greater, smaller = (
        max(secondary_rise_k, facility_rise_k),
        min(secondary_rise_k, facility_rise_k),
    )
    eps = float(effectiveness_from_NTU(ntu, Cr=_capacity_ratio(smaller, greater)))
    return facility_supply_c + greater / eps - secondary_rise_k


# -- pipes ----------------------------------------------------------------------------------------


def reynolds(flow_m3_s: Values, diameter_m: Values, fluid: Coolant) -> Array:
    """Reynolds number of a full round pipe."""
    flow, d = _positive(flow_m3_s=flow_m3_s, diameter_m=diameter_m)
    return 4 * flow * fluid.density_kg_m3 / (np.pi * d * fluid.viscosity_pa_s)


def pipe_friction_pa_m(
    flow_m3_s: Values, diameter_m: Values, fluid: Coolant, roughness_m: float = STEEL_ROUGHNESS_M
) -> Array:
    """Pressure drop of straight pipe (Pa/m): Darcy-Weisbach with Colebrook-White.

    Turbulent flow only, as in mains: Clamond's (2009) solution of Colebrook's equation, exact to
    machine precision, through `fluids`. Raises ValueError below a Reynolds number of 4,000.
    """
    flow, d = np.broadcast_arrays(*_positive(flow_m3_s=flow_m3_s, diameter_m=diameter_m))
    re = reynolds(flow, d, fluid)
    if (re < 4000).any():
        raise ValueError("the flow is not turbulent; Colebrook's equation does not apply")
    factor = np.reshape(Clamond(re.ravel(), (roughness_m / d).ravel()), re.shape)
    velocity = 4 * flow / (np.pi * d**2)
    return factor / d * fluid.density_kg_m3 * velocity**2 / 2


def velocity_at_friction_m_s(
    friction_pa_m: Values,
    diameter_m: Values,
    fluid: Coolant,
    roughness_m: float = STEEL_ROUGHNESS_M,
) -> Array:
    """Velocity (m/s) at which a pipe loses `friction_pa_m`; Colebrook's equation is explicit here.

    With the gradient known, the friction velocity is too, and 1/sqrt(f) follows directly
    (Swamee and Jain 1976, from Colebrook 1939).
    """
    drop, d = _positive(friction_pa_m=friction_pa_m, diameter_m=diameter_m)
    root = np.sqrt(2 * d * drop / fluid.density_kg_m3)  # velocity x sqrt(f)
    viscous = 2.51 * fluid.viscosity_pa_s / (fluid.density_kg_m3 * d * root)
    return -2 * root * np.log10(roughness_m / (3.7 * d) + viscous)


def pipe_capacity_m3_s(
    diameter_m: Values, velocity_m_s: Values, friction_pa_m: Values, fluid: Coolant
) -> Array:
    """Most that a pipe may carry (m³/s) under a limit of velocity and one of friction."""
    d, v = _positive(diameter_m=diameter_m, velocity_m_s=velocity_m_s)
    allowed = np.minimum(v, velocity_at_friction_m_s(friction_pa_m, d, fluid))
    return allowed * np.pi * d**2 / 4


def hazen_williams_pa_m(flow_m3_s: Values, diameter_m: Values, coefficient: float = 140.0) -> Array:
    """Pressure drop (Pa/m) of cold water by Hazen and Williams; a check, for water alone."""
    flow, d = _positive(flow_m3_s=flow_m3_s, diameter_m=diameter_m)
    head = 10.67 * flow**1.852 / (coefficient**1.852 * d**4.8704)  # m of water per m
    return head * 998.2 * G_M_S2


def pipes(flow_m3_s: Values, capacity_m3_s: Values) -> Array:
    """Pipes needed each way, a whole number."""
    flow, each = _positive(flow_m3_s=flow_m3_s, capacity_m3_s=capacity_m3_s)
    return np.ceil(flow / each - 1e-9)


# -- pumps and hold-up ----------------------------------------------------------------------------


def yard_head_pa(
    friction_pa_m: Values, run_m: Values, fittings: Values, equipment_pa: Values
) -> Array:
    """Pressure a facility pump gives (Pa): out and back over `run_m`, fittings, equipment.

    `fittings` is what bends, tees and valves add, as a share of the straight pipe's loss.
    """
    f, run, gear = _positive(friction_pa_m=friction_pa_m, run_m=run_m, equipment_pa=equipment_pa)
    return 2 * run * f * (1 + np.asarray(fittings, dtype=float)) + gear


def pump_w(flow_m3_s: Values, head_pa: Values, efficiency: Values) -> Array:
    """Electric power (W): flow x pressure over wire-to-water efficiency."""
    flow, head, eta = _positive(flow_m3_s=flow_m3_s, head_pa=head_pa, efficiency=efficiency)
    _share(efficiency=eta)
    return flow * head / eta


def part_load(flow_share: Values) -> Array:
    """Power of a variable-speed pump over its full power: 0.0205 x + 0.4101 x2 + 0.5753 x3.

    The curve of a secondary pump riding its system's curve (OpenStudio Standards); `flow_share` is
    flow over full flow, 0 to 1.
    """
    (x,) = _share(flow_share=flow_share)
    return 0.0205 * x + 0.4101 * x**2 + 0.5753 * x**3


def loop_volume_m3(
    flow_m3_s: Values,
    velocity_m_s: Values,
    run_m: Values,
    heat_kw: Values = 0.0,
    equipment_l_kw: Values = 0.0,
    taper: float = 0.5,
) -> Array:
    """Liquid in a loop (m³): pipes out and back, plus what exchangers, coils and tanks hold.

    Mains whose flow falls evenly along their run and which are sized for one velocity have `taper`
    of the section that they start with, one half; so the pipes hold 2 taper run flow / velocity,
    whatever their number. `equipment_l_kw` is litres in equipment and tanks per kW of `heat_kw`.
    """
    flow, v, run = _positive(flow_m3_s=flow_m3_s, velocity_m_s=velocity_m_s, run_m=run_m)
    _share(taper=taper)
    equipment = np.asarray(equipment_l_kw, dtype=float) * np.asarray(heat_kw, dtype=float) / 1000
    return 2 * taper * run * flow / v + equipment


def heat_capacity_j_k(volume_m3: Values, fluid: Coolant) -> Array:
    """Heat (J) that warms a loop's liquid by one kelvin; steel is left out."""
    (volume,) = _positive(volume_m3=volume_m3)
    return volume * fluid.volumetric_j_m3_k


def seconds_per_kelvin(volume_m3: Values, heat_w: Values, fluid: Coolant) -> Array:
    """Seconds in which a loop warms by one kelvin when heat goes in and none is taken out."""
    (heat,) = _positive(heat_w=heat_w)
    return heat_capacity_j_k(volume_m3, fluid) / heat


# -- the site -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loops:
    """Both loops of a site at full load; arrays of one shape."""

    liquid_mw: Array
    hall_mw: Array
    secondary_m3_s: Array
    facility_m3_s: Array
    friction_pa_m: Array
    facility_head_pa: Array
    secondary_pump_mw: Array
    facility_pump_mw: Array
    volume_m3: Array

    @property
    def pump_mw(self) -> Array:
        """Pumps of both loops, MW."""
        return self.secondary_pump_mw + self.facility_pump_mw


def site_loops(
    it_mw: Values,
    share: Values,
    *,
    loss: Values,
    l_min_kw: Values,
    secondary_head_pa: Values,
    facility_rise_k: Values,
    velocity_m_s: Values,
    run_m: Values,
    fittings: Values,
    equipment_pa: Values,
    efficiency: Values,
    diameter_m: Values,
    facility: Coolant,
) -> Loops:
    """Flow, pressure, pump power and hold-up of both loops for arrays of inputs.

    The secondary loop carries `share` of the IT power at `l_min_kw` (L/min per kW). The facility
    loop carries all heat of the halls, that of the air through coils, at `facility_rise_k` (K) in
    mains of `diameter_m` at `velocity_m_s`. Shapes broadcast; see `balance`, `yard_head_pa` and
    `pump_w` for the steps.
    """
    it, s = np.asarray(it_mw, dtype=float), np.asarray(share, dtype=float)
    specific, v, d = _positive(l_min_kw=l_min_kw, velocity_m_s=velocity_m_s, diameter_m=diameter_m)
    secondary_flow = specific * 1000 * s * it / 60000
    secondary_pump = pump_w(secondary_flow, secondary_head_pa, efficiency) / 1e6
    halls = balance(it, s, loss, secondary_pump)
    flow = coolant_flow_m3_s(1e6 * halls.hall_mw, facility_rise_k, facility)
    friction = pipe_friction_pa_m(v * np.pi * d**2 / 4, d, facility)
    head = yard_head_pa(friction, run_m, fittings, equipment_pa)
    return Loops(
        halls.liquid_mw,
        halls.hall_mw,
        secondary_flow,
        flow,
        friction,
        head,
        secondary_pump,
        pump_w(flow, head, efficiency) / 1e6,
        loop_volume_m3(flow, v, run_m),
    )
