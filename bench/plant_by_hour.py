"""The cooling plant once more, one hour and one design at a time: what the array model must equal.

Written apart from `aifactory.models.cooling.plant`, in plain Python over the same libraries
(psychrolib for air, SciPy's brentq for fan speeds), from the same equations. Slow on purpose: the
benchmark compares speeds, a test compares results.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import psychrolib
from scipy import optimize

KELVIN = 273.15
CHILLERS, FREE_COIL, DRY, ADIABATIC, TOWER = range(5)


def clip(x: float, low: float, high: float) -> float:
    """`x` held between two bounds."""
    return min(max(x, low), high)


def air_of(dry_c: float, dew_c: float, pressure: float) -> SimpleNamespace:
    """Outdoor air of one hour."""
    ratio = psychrolib.GetHumRatioFromTDewPoint(dew_c, pressure)
    wet = psychrolib.GetTWetBulbFromHumRatio(dry_c, ratio, pressure)
    density = psychrolib.GetMoistAirDensity(dry_c, ratio, pressure)
    return SimpleNamespace(dry=dry_c, wet=wet, ratio=ratio, pressure=pressure, density=density)


def design_air(dry_c: float, wet_c: float) -> SimpleNamespace:
    """Air of the design day, at sea level."""
    wet = min(wet_c, dry_c)
    ratio = psychrolib.GetHumRatioFromTWetBulb(dry_c, wet, 101_325.0)
    density = psychrolib.GetMoistAirDensity(dry_c, ratio, 101_325.0)
    return SimpleNamespace(dry=dry_c, wet=wet, ratio=ratio, pressure=101_325.0, density=density)


def biquadratic(c: tuple, x: float, y: float) -> float:
    """EnergyPlus's Curve:Biquadratic."""
    return c[0] + c[1] * x + c[2] * x * x + c[3] * y + c[4] * y * y + c[5] * x * y


def chiller(u: Any, water: float, air: float) -> tuple[float, float, float]:
    """Capacity factor, EIR factor and Carnot's COP at full load."""
    x, y = clip(water, *u.water_c), clip(air, *u.air_c)

    def capacity(w: float, a: float) -> float:
        f = biquadratic(u.capacity, x, y)
        return clip(f * (1 + u.water_slope * (w - x)) * (1 + u.air_slope * (a - y)), 0.3, 1.6)

    held, full = capacity(x, y), capacity(water, air)
    ideal = carnot(u, water, air, full)
    return full, biquadratic(u.eir, x, y) * carnot(u, x, y, held) / ideal, ideal


def carnot(u: Any, water: float, air: float, load: float) -> float:
    """Carnot's COP with differences at both coils in proportion to load."""
    cold = water - 3.0 * min(load, 1.0)
    hot = max(air + 12.0 * load, u.least_condensing_c)
    return (cold + KELVIN) / max(hot - cold, u.least_lift_k)


def reach(k: Any, flow: float, coolant: float) -> float:
    """Heat of a dry cooler over coolant capacity rate times the difference of inlets."""
    if flow == 0:
        return 0.0
    cool, breeze = k.coolant_kw_k * coolant, k.air_kw_k * flow
    least, most = min(cool, breeze), max(cool, breeze)
    n, c = k.ua_kw_k * flow**k.exponent / least, least / most
    eps = 1 - math.exp(n**0.22 / c * (math.exp(-c * n**0.78) - 1))
    return eps * least / cool


def coolant_flow(k: Any, approach: float, span: float) -> float:
    """Coolant of a unit over its rating's that leaves at the design's approach."""
    wanted = span / (span + approach)
    return optimize.brentq(lambda f: reach(k, 1.0, f) - wanted, 1e-3, 50.0, xtol=1e-14)


def dry_cooler(d: Any, a: Any, loop: Any, k: Any, eir: float, pads: bool) -> tuple[float, ...]:
    """Heat left, fans, make-up, evaporation."""
    units = loop.full / (loop.flow * k.coolant_kw_k * loop.rise)
    units *= (1 + d.spare_coolers) * (1 - d.coolers_out)
    coolant = loop.heat / loop.rise / units / k.coolant_kw_k
    most = a.density / 1.145
    above, wet = loop.water + loop.rise - a.dry, False
    full = reach(k, most, coolant)
    if pads and full * above < loop.rise and a.wet > 0:
        wet = True
        behind = a.dry - d.pads * (a.dry - a.wet)
        above = loop.water + loop.rise - behind
    above = max(above, 1e-9)
    wanted = loop.rise / above
    flow = most
    if wanted < full:
        flow = optimize.brentq(lambda f: reach(k, f, coolant) - wanted, 1e-9, most, xtol=1e-15)
    share = min(full * above / loop.rise, 1.0)
    fan = units * k.fan_kw * (a.density / 1.145) * (flow / (a.density / 1.145)) ** 3
    if fan > loop.heat * share * eir:
        return loop.heat, 0.0, 0.0, 0.0
    lost = 0.0
    if wet:
        added = psychrolib.GetHumRatioFromTWetBulb(behind, a.wet, a.pressure)
        added -= psychrolib.GetHumRatioFromTWetBulb(a.dry, a.wet, a.pressure)
        lost = added * flow * units * k.air_kw_k / 1.006 * 3600
    return loop.heat * (1 - share), fan, lost + lost / (d.cycles - 1), lost


def tower(d: Any, a: Any, loop: Any, eir: float) -> tuple[float, ...]:
    """Heat left, fans, make-up, evaporation with drift."""
    ntu = math.log((loop.rise + d.tower_approach_k) / d.tower_approach_k)
    full = 1 - math.exp(-ntu * (1 - d.coolers_out) ** 0.6)
    above = max(loop.water + loop.rise - a.wet, 1e-9)
    share = min(full * above / loop.rise, 1.0)
    asked = min(loop.rise / above, full)
    speed = clip((math.log(1 - asked) / math.log(1 - full)) ** (1 / 0.6), 0.2, 1.0)
    fan = d.tower_fan * loop.heat * (1 - d.coolers_out) * speed**3
    if fan > loop.heat * share * eir:
        return loop.heat, 0.0, 0.0, 0.0
    out = loop.water + loop.rise * (1 - share / 2)
    gained = psychrolib.GetSatHumRatio(out, a.pressure) - a.ratio

    def enthalpy(t: float, w: float) -> float:
        return 1006.0 * t + w * (2.501e6 + 1860.0 * t)

    gain = enthalpy(out, a.ratio + gained) - enthalpy(a.dry, a.ratio)
    rate = max(3.6e6 * gained / (gain - gained * 4186.0 * max(a.wet, 0.0)), 0.0)
    taken = loop.heat * share
    lost, drift = rate * taken, 1e-5 * taken * 3.6e6 / (4186.0 * loop.rise)
    blown = max(lost / (d.cycles - 1) - drift, 0.0)
    return loop.heat - taken, fan, lost + drift + blown, lost + drift


def free(d: Any, a: Any, loop: Any, k: Any, eir: float) -> tuple[float, ...]:
    """What is done without compressors: heat left, fans, make-up, evaporation."""
    if d.kind == TOWER:
        return tower(d, a, loop, eir)
    if loop.warm and d.kind in (DRY, ADIABATIC):
        return dry_cooler(d, a, loop, k, eir, d.kind == ADIABATIC)
    if d.kind == CHILLERS:
        return loop.heat, 0.0, 0.0, 0.0
    full = 10.0 + max(loop.rise - 50 / 9, 0.0)
    below = loop.water + loop.rise - a.dry
    share = clip((below - 2.2) / (full - 2.2), 0.0, 1.0)
    speed = clip((full / max(below, full)) ** (1 / 0.7), 0.2, 1.0)
    return loop.heat * (1 - share), d.coil_fan * loop.heat * share * speed**3, 0.0, 0.0


def loads(d: Any, load: float) -> SimpleNamespace:
    """Steady loads, kW."""
    it = d.it_kw * load
    cdu = d.cdu_power * it
    pdu = it * d.pdu_loss / (1 - d.pdu_loss)
    ups = (it + pdu + cdu) * d.ups_loss / (1 - d.ups_loss)
    plates, rest = d.liquid_share * it + cdu, (1 - d.liquid_share) * it + pdu + ups
    hall = rest * d.hall_fans / (1 - d.hall_fans)
    part = (0.0205 * load + 0.4101 * load**2 + 0.5753 * load**3) / load / 1.0059
    pump = d.head_kpa / (d.water_kj_m3_k * d.pump_efficiency) * part
    warm, cool = pump / d.rise_k * plates, pump / d.hall_rise_k * (rest + hall)
    steady = it + pdu + ups + cdu + hall + warm + cool
    return SimpleNamespace(it=it, steady=steady, warm=plates + warm, cool=rest + hall + cool)


def hour(d: Any, a: Any, u: Any, k: Any, flow: float) -> dict[str, float]:
    """One hour of one design: facility kW, PUE, chillers, fans, water, compressors' heat."""
    now, whole = loads(d, d.load), loads(d, 1.0)
    out = dict.fromkeys(("chiller_kw", "fan_kw", "water_l", "compressor_heat_kw", "unmet_kw"), 0.0)
    for warm in (True, False):
        loop = SimpleNamespace(
            warm=warm,
            water=d.supply_c if warm else d.hall_water_c,
            rise=d.rise_k if warm else d.hall_rise_k,
            heat=now.warm if warm else now.cool,
            full=whole.warm if warm else whole.cool,
            flow=flow,
        )
        day = design_air(d.design_air_c, d.design_wet_bulb_c)
        cap, eir, _ = chiller(u, loop.water, day.dry)
        ready = SimpleNamespace(**{**vars(d), "coolers_out": 0.0})
        big = SimpleNamespace(**{**vars(loop), "heat": loop.full})
        left = free(ready, day, big, k, eir * d.chiller_eir / u.reference_cop)[0]
        installed = left / cap * (1 + d.spare_chillers) * (1 - d.chillers_out)
        cap, eir, ideal = chiller(u, loop.water, a.dry)
        eir *= d.chiller_eir / u.reference_cop
        left, fan, water, _ = free(d, a, loop, k, eir)
        taken = min(left, installed * cap)
        plr = taken / (installed * cap) if installed > 0 else 0.0
        held = clip(plr if d.spares_run else 1.0, *u.load)
        c1, c2, c3 = u.part_load
        easier = carnot(u, loop.water, a.dry, cap * held)
        gain = 1 - d.part_load_gain * (1 - ideal / easier)
        out["chiller_kw"] += taken * eir * (c1 + c2 * held + c3 * held**2) / held * gain
        out["fan_kw"] += fan
        out["water_l"] += water
        out["compressor_heat_kw"] += taken
        out["unmet_kw"] += left - taken
    out["facility_kw"] = now.steady + out["chiller_kw"] + out["fan_kw"]
    out["pue"] = out["facility_kw"] / now.it
    return out


def year(weather: Any, design: Any, u: Any, k: Any) -> list[list[dict[str, float]]]:
    """Hours of (dry bulb, dew point, pressure) by designs, each a dictionary."""
    psychrolib.SetUnitSystem(psychrolib.SI)
    fields = {n: v.tolist() for n, v in vars(design).items()}
    designs = [SimpleNamespace(**{n: v[i] for n, v in fields.items()}) for i in range(len(design))]
    flows = [coolant_flow(k, d.cooler_approach_k, d.rise_k) for d in designs]
    hours = [air_of(*row) for row in weather]
    return [[hour(d, a, u, k, f) for d, f in zip(designs, flows, strict=True)] for a in hours]
