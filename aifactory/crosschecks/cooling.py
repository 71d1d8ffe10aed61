"""Second routes of the chapter on cooling: SQL, a closed form, and draws by plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from aifactory.crosschecks.base import DRAWS, FORM, SQL, Check, Database, drawn_once
from aifactory.crosschecks.water import air_of, humidity

N = 60_000


# --- heat that leaves in liquid ------------------------------------------------------------------


@drawn_once
def in_liquid(db: Database, newest: bool) -> np.ndarray:
    """Draws of the share of the computing heat that leaves in liquid, %."""
    rng = np.random.default_rng(41)
    gb200, gb300 = (
        np.minimum(db.drawn(f"liquid-share-{k}", N, rng), 1) for k in ("gb200", "gb300")
    )
    rack = gb200
    hands = "claim_type <> 'filing' AND date < '2026-01-15'"
    if newest:
        hands = "1"
        part = db.one(
            "SELECT sum(CASE chip WHEN 'GB300' THEN 1.0 * compute_mw END) / sum(compute_mw) FROM"
            " \"cooling/fleet_chips\" WHERE site = 'Colossus 2' AND claim_type = 'filing'"
        )
        rack = (1 - part) * gb200 + part * gb300
    agree = db.one(
        'SELECT count(DISTINCT claim_type) FROM "cooling/fleet_chips" WHERE'
        f" site = 'Colossus 2' AND {hands}"
    )
    other = rng.random(N) < 0.5 / (agree + 1)  # none of so many contradicts
    plated = np.where(other, rng.random(N), 1.0)
    return 100 * rack * plated / np.maximum(db.drawn("network-storage-overhead", N, rng), 1)


# --- chillers for all heat -----------------------------------------------------------------------


def curves(db: Database) -> list[tuple]:
    """Capacity curves of the measured chillers: six terms, and the ends in water and air."""
    return db.rows(
        "SELECT a.c1, a.c2_x, a.c3_x2, a.c4_y, a.c5_y2, a.c6_xy, b.x_min, b.x_max, b.y_min,"
        ' b.y_max FROM "cooling/chiller_curves" a JOIN "cooling/chiller_curves" b'
        " ON a.model = b.model WHERE a.curve = 'capacity_f_temperature' AND b.curve ="
        " 'eir_f_temperature' AND a.reference_cop IS NOT NULL"
    )


def capacity(curve: np.ndarray, water: np.ndarray, air: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Capacity over its rating; beyond the curve a share of 3 % a kelvin of water is believed."""
    a, b, c, d, e, f, low, high, cold, hot = curve.T
    x, y = np.clip(water, low, high), np.clip(air, cold, hot)
    held = a + b * x + c * x * x + d * y + e * y * y + f * x * y
    return held * (1 + SLOPE * (np.where(water > high, gain, 1) * (water - x)))


@drawn_once
def chillers(db: Database, newest: bool) -> np.ndarray:
    """Draws of the number of chillers for all heat of 1.2 GW on the design day."""
    rng = np.random.default_rng(42)
    offered = "1" if newest else "offered_from IS NULL"
    size, low, high = db.columns(
        "SELECT cooling_capacity_kw, rating_water_low_c, rating_water_high_c FROM"
        f' "cooling/chiller_catalogue" WHERE {offered}'
    )
    unit = rng.integers(len(size), size=N)
    rated = low[unit] + rng.random(N) * (high - low)[unit]
    measured = np.array(curves(db))
    curve = measured[rng.integers(len(measured), size=N)]
    mild, hot = (db.printed("cooling", f"cooling-chillers-{k}") for k in ("cost", "critical"))
    air, gain = rng.uniform(mild, hot, N), rng.random(N)
    water = np.clip(db.drawn("chilled-supply-temperature", N, rng), 5, 35)
    one = size[unit] * capacity(curve, water, air, gain)
    one /= capacity(curve, rated, np.full(N, 35.0), gain)
    one *= db.drawn("glycol-capacity", N, rng) * db.drawn("fouling-capacity", N, rng)
    ratio = db.drawn("facility-to-it-peak", N, rng)
    losses = sum(db.drawn(k, N, rng) for k in ("cdu-power-measured", "pdu-loss", "ups-loss"))
    duty = np.ceil(1.2e6 / ratio * (1 + np.minimum(losses, ratio - 1)) / one)
    block = np.clip(np.round(db.drawn("chillers-per-block", N, rng)), 2, 40)
    spares = np.clip(np.round(db.drawn("spares-per-block", N, rng)), 1, 2)
    return duty + spares * np.ceil(duty / block)


def hundreds(db: Database, newest: bool) -> float:
    """Chance that the count is between 200 and 999."""
    count = chillers(db, newest)
    return float(((count >= 200) & (count <= 999)).mean())


# --- a year of the plant -------------------------------------------------------------------------

EACH = 500  # draws of each of four plants
KINDS = ("chillers", "coils", "dry", "wet")
Water = np.ndarray


def biquadratic(c: tuple, x: Water, y: Water) -> Water:
    """A measured curve in water and air."""
    return c[0] + c[1] * x + c[2] * x * x + c[3] * y + c[4] * y * y + c[5] * x * y


def carnot(water: Water, air: Water, load: Water) -> Water:
    """COP of a Carnot machine whose coils need 3 K and 12 K at full load."""
    boils = water - 3 * np.minimum(load, 1)
    condenses = np.maximum(air + 12 * load, 20)
    return (boils + 273.15) / np.maximum(condenses - boils, 15)


def machine(unit: dict, water: Water, air: Water) -> tuple[Water, Water]:
    """Capacity over the rating and COP at full load, by measured curves and beyond them."""
    x, y = np.clip(water, *unit["water"]), np.clip(air, *unit["air"])
    edge = biquadratic(unit["capacity"], x, y)
    most = edge * (1 + 0.03 * (water - x)) * (1 - 0.01 * (air - y))
    edge, most = np.clip(edge, 0.3, 1.6), np.clip(most, 0.3, 1.6)
    at_edge = unit["cop"] / biquadratic(unit["eir"], x, y)
    return most, at_edge * carnot(water, air, most) / carnot(x, y, edge)


def middle_chiller(db: Database) -> dict:
    """The measured chiller whose COP stays nearest to the median of all."""
    units: dict[str, dict] = {}
    for model, cop, curve, *c in db.rows(
        "SELECT model, reference_cop, curve, c1, c2_x, c3_x2, c4_y, c5_y2, c6_xy, x_min, x_max,"
        " y_min, y_max FROM \"cooling/chiller_curves\" WHERE model NOT LIKE 'generic%'"
    ):
        unit = units.setdefault(model, {})
        if curve == "eir_f_part_load":
            unit |= {"part": c[:3], "load": (max(0.1, c[6]), c[7])}
        elif curve == "capacity_f_temperature":
            unit["capacity"] = c[:6]
        else:
            unit |= {"eir": c[:6], "cop": cop, "water": c[6:8], "air": c[8:10]}
    grid = np.meshgrid([7.0, 15.0, 20.0, 30.0], [0.0, 10.0, 20.0, 30.0, 40.0])
    cops = np.array([machine(u, *grid)[1] for u in units.values()])
    off = np.abs(cops / np.median(cops, axis=0) - 1).mean(axis=(1, 2))
    return list(units.values())[int(off.argmin())]


def crossflow(ntu: Water, ratio: Water) -> Water:
    """Effectiveness of a crossflow exchanger, both streams unmixed."""
    return 1 - np.exp(ntu**0.22 / ratio * (np.exp(-ratio * ntu**0.78) - 1))


def reached(ntu: float, breeze: Water, coolant: Water) -> Water:
    """Cooling over the most that the coolant's flow allows; flows are over those of the rating."""
    least, most = np.minimum(breeze, coolant), np.maximum(breeze, coolant)
    return crossflow(ntu * breeze**0.7 / least, least / most) * least / coolant


def between(f: Callable[[Water], Water], low: Water, high: Water) -> Water:
    """Where a rising f passes zero, by bisection in logarithms."""
    for _ in range(50):
        mid = np.sqrt(low * high)
        under = f(mid) < 0
        low, high = np.where(under, mid, low), np.where(under, high, mid)
    return high


def cooler_rating(db: Database) -> tuple[float, float, float]:
    """A dry cooler's transfer units, heat (kW) a kelvin of coolant, and fan power (kW)."""
    heat, air, warm, cold, fan = db.rows(
        "SELECT heat_rejection_kw, air_in_c, coolant_in_c, coolant_out_c, fan_power_kw FROM"
        ' "cooling/dry_cooler_ratings" LIMIT 1'
    )[0]
    share = (warm - cold) / (warm - air)
    one = np.ones(1)
    ntu = between(lambda n: crossflow(n, one) - share, 1e-6 * one, 1e3 * one)
    return float(ntu[0]), heat / (warm - cold), fan


def coil(d: dict, loop: dict, air: dict) -> tuple[Water, Water]:
    """Share of a loop's heat that free-cooling coils take, and their fans over the heat."""
    below = loop["water"] + loop["rise"] - air["dry"]
    full = 10 + np.maximum(loop["rise"] - 50 / 9, 0)
    share = np.clip((below - 2.2) / (full - 2.2), 0, 1)
    speed = np.clip((full / np.maximum(below, full)) ** (1 / 0.7), 0.2, 1)
    return share, 0.0402 * share * speed**3


def dry_cooler(
    rating: tuple, d: dict, loop: dict, air: dict, per_heat: Water, pads: bool
) -> tuple[Water, Water]:
    """The same of dry coolers; they stop where fans would take more than compressors would."""
    ntu, kw_k, fan_kw = rating
    rise, near = loop["rise"], d["dry-approach"]
    flow = between(lambda f: rise / (rise + near) - reached(ntu, np.ones_like(f), f),
                   np.full_like(rise, 1e-3), np.full_like(rise, 50.0))  # fmt: skip
    winds = np.geomspace(0.01, 1.5, 500)
    table = reached(ntu, winds, flow)
    most = np.broadcast_to(air["density"] / 1.145, (len(flow), air["dry"].shape[-1]))
    full = np.array([np.interp(m, winds, t) for m, t in zip(most, table, strict=True)])
    back = loop["water"] + rise
    above = back - air["dry"]
    if pads:
        cooled = air["dry"] - d["pad-effect"] * (air["dry"] - air["wet"])
        above = np.where((full * above < rise) & (air["wet"] > 0), back - cooled, above)
    above = np.maximum(above, 1e-9)
    wind = np.array([np.interp(w, t, winds) for w, t in zip(rise / above, table, strict=True)])
    wind = np.minimum(wind, most)
    share = np.minimum(full * above / rise, 1)
    fan = fan_kw * most * (wind / most) ** 3 / (flow * kw_k * rise)
    off = fan > share * per_heat
    return np.where(off, 0, share), np.where(off, 0, fan)


def loop_power(unit: dict, rating: tuple, kind: str, d: dict, loop: dict, air: dict) -> Water:
    """Fans and compressors of a loop over its heat, by the hour; chillers fit the design day."""

    def free(of: dict) -> tuple[Water, Water, Water, Water]:
        most, cop = machine(unit, loop["water"], of["dry"])
        per_heat = d["chiller-input-factor"] / cop
        if kind == "chillers":
            return most, per_heat, *np.zeros((2, *np.shape(most)))
        if loop["warm"] and kind in ("dry", "wet"):
            share, fan = dry_cooler(rating, d, loop, of, per_heat, kind == "wet")
        else:
            share, fan = coil(d, loop, of)
        return most, per_heat, share, fan

    most, _, share, _ = free({k: v[None, :] for k, v in d["day"].items()})
    installed = (1 - share) / most * (1 + 1 / d["chillers-per-block"])
    most, per_heat, share, fan = free(air)
    left = np.minimum(1 - share, installed * most)
    load = np.clip(left / np.maximum(installed * most, 1e-12), *unit["load"])
    part = (unit["part"][0] + unit["part"][1] * load + unit["part"][2] * load**2) / load
    args = loop["water"], air["dry"]
    easier = 1 - d["gain"] * (1 - carnot(*args, most) / carnot(*args, most * load))
    return fan + left * per_heat * part * easier


def site_draws(db: Database, rng: np.random.Generator) -> dict[str, Water]:
    """Draws of a plant, each (draws, 1)."""
    n = EACH * len(KINDS)
    d = {k: db.drawn(k, n, rng)[:, None] for k in (
        "supply-temperature", "liquid-share-gb200", "network-storage-overhead", "hall-water",
        "facility-rise", "hall-fan-power", "cdu-power-measured", "ups-loss", "pdu-loss",
        "facility-loop-head", "pump-wire-to-water", "dry-approach", "pad-effect",
        "chiller-input-factor", "chillers-per-block")}  # fmt: skip
    d["gain"] = rng.random((n, 1))
    d["liquid"] = np.minimum(d["liquid-share-gb200"], 0.99)
    d["liquid"] = d["liquid"] / np.maximum(d["network-storage-overhead"], 1)
    d["pad-effect"] = np.minimum(d["pad-effect"], 1)
    return d


@drawn_once
def yearly_pue(db: Database) -> np.ndarray:
    """Draws of the PUE of a typical year in Memphis, four kinds of plant alike, every 11th hour."""
    d, unit, rating = (
        site_draws(db, np.random.default_rng(43)),
        middle_chiller(db),
        cooler_rating(db),
    )
    air = {k: v[::11] for k, v in air_of(db, 0.0).items() if k != "month"}
    kelvin = air["dry"] + 273.15
    air["density"] = air["pressure"] * (1 + air["w"]) / (287.042 * kelvin * (1 + 1.6078 * air["w"]))
    hot = db.rows("SELECT max(CASE statistic WHEN 'DBmax20years' THEN value_c END), max(CASE"
                  " statistic WHEN 'WB004' THEN value_c END) FROM"
                  " \"cooling/design_conditions\" WHERE city = 'Memphis'")[0]  # fmt: skip
    warmest = db.one('SELECT max(rating_water_high_c) FROM "cooling/chiller_catalogue"')
    # of a kW of computing: losses, and what the warm and the cool loop carry
    cdu, pdu = d["cdu-power-measured"], d["pdu-loss"] / (1 - d["pdu-loss"])
    ups = (1 + pdu + cdu) * d["ups-loss"] / (1 - d["ups-loss"])
    plates, rest = d["liquid"] + cdu, 1 - d["liquid"] + pdu + ups
    halls = rest * d["hall-fan-power"] / (1 - d["hall-fan-power"])
    lift = d["facility-loop-head"] / (4011 * d["pump-wire-to-water"])
    pumps = plates * lift / d["facility-rise"], (rest + halls) * lift / 8
    steady = 1 + cdu + pdu + ups + halls + sum(pumps)
    found = []
    for i, kind in enumerate(KINDS):
        at = slice(i * EACH, (i + 1) * EACH)
        own: dict[str, Any] = {k: v[at] for k, v in d.items()}
        own["day"] = {"dry": np.array(hot[:1]), "wet": np.array(hot[1:]),
                      "density": np.array([design_density(*hot)])}  # fmt: skip
        most = warmest if kind in ("chillers", "coils") else 60.0
        loops = (
            ({"warm": True, "water": np.minimum(own["supply-temperature"], most),
              "rise": own["facility-rise"]}, plates + pumps[0]),
            ({"warm": False, "water": own["hall-water"], "rise": np.full((EACH, 1), 8.0)},
             rest + halls + pumps[1]),
        )  # fmt: skip
        power = sum(loop_power(unit, rating, kind, own, w, air) * heat[at] for w, heat in loops)
        found.append(steady[at, 0] + power.mean(axis=1))
    return np.concatenate(found)


def design_density(dry: float, wet: float) -> float:
    """Density of the design day's air at sea level, kg/m3."""
    full = float(humidity(np.array(wet), np.array(101_325.0)))
    w = ((2501 - 2.326 * wet) * full - 1.006 * (dry - wet)) / (2501 + 1.86 * dry - 4.186 * wet)
    return 101_325 * (1 + w) / (287.042 * (dry + 273.15) * (1 + 1.6078 * w))


# --- what stood there, and the day with a unit out -----------------------------------------------


def stood(db: Database) -> np.ndarray:
    """Draws of the chillers at Colossus 2 in January 2026: heat by heat, the growth shared."""
    rng = np.random.default_rng(45)
    count, tied = db.columns(
        "SELECT count, it_mw FROM \"cooling/sightings\" WHERE site = 'Colossus 2' AND"
        " equipment = 'air-cooled chiller' AND it_mw IS NOT NULL"
    )
    most = db.one(
        "SELECT cooling_mw FROM \"cooling/sightings\" WHERE site = 'Colossus 2' AND"
        " equipment = 'all' AND cooling_mw IS NOT NULL"
    )
    which = rng.integers(len(count), size=N)
    losses = sum(db.drawn(k, N, rng) for k in ("cdu-power-measured", "pdu-loss", "ups-loss"))
    room = db.drawn("facility-to-it-peak", N, rng) - 1
    heat = tied[which] * (1 + np.minimum(losses, room))
    return count[which] / heat * (heat + rng.random(N) * (most - heat))


@drawn_once
def to_spare(db: Database) -> np.ndarray:
    """Draws of capacity over heat on the twenty-year day, a unit out and the water at its limit."""
    rng = np.random.default_rng(46)
    cool, hot = (
        db.one(f"SELECT value_c FROM \"cooling/design_conditions\" WHERE city = 'Memphis' AND"
               f" statistic = '{k}'") for k in ("DB004", "DBmax20years")
    )  # fmt: skip
    measured = np.array(curves(db))
    a, b, c, d, e, f, low, high, *_ = measured[rng.integers(len(measured), size=N)].T
    gain = rng.random(N)

    def one(water: np.ndarray, air: np.ndarray) -> np.ndarray:
        x = np.clip(water, low, high)
        edge = a + b * x + c * x * x + d * air + e * air * air + f * x * air
        most = np.minimum(edge * (1 + SLOPE * (water - x)), 1.6)
        return np.where(water > high, edge + gain * (most - edge), most)

    water = np.clip(db.drawn("chilled-supply-temperature", N, rng), 5, 40)
    top = np.full(N, np.inf)
    for grade in (*db.range("warm-loop-supply"), *db.range("chilled-supply-temperature")[1:]):
        top = np.where((grade >= water) & (grade < top), grade, top)
    duty = np.clip(np.round(db.drawn("chillers-per-block", N, rng)), 2, 40)
    running = duty + rng.integers(3, size=N) - 1
    return running * one(top, np.full(N, hot)) / (duty * one(water, rng.uniform(cool, hot, N)))


def pue_and_bar(db: Database, term: float) -> tuple[np.ndarray, np.ndarray]:
    """Draws of that PUE, a share of them with what the model misses elsewhere, and of the bar."""
    from scipy.stats import t

    rng, pue = np.random.default_rng(44), yearly_pue(db)
    reported = [
        db.columns(f"SELECT pue FROM \"cooling/reported_pue\" WHERE {which}")[0] for which in (
            "operator = 'Google' AND scope = 'site' AND averaging = 'trailing 12 months' AND"
            " (site GLOB '* [A-Z][A-Z]' OR site GLOB '* [A-Z][A-Z] (2nd)')",
            "operator = 'Microsoft' AND site IN (SELECT state_name FROM"
            ' "power/households_us_state")')
    ]  # fmt: skip
    size = (len(pue), max(map(len, reported)))
    bar = np.median(np.hstack([rng.choice(r, size) for r in reported]), axis=1)
    middle, low, high = (db.printed("cooling", "cooling-industrial-rs-term", i) for i in range(3))
    freedom = db.printed("cooling", "cooling-industrial-rs-groups") - 1
    off = (high - low) / 2 / t.ppf(0.95, freedom) * rng.standard_t(freedom, len(pue)) + middle
    return np.maximum(pue + np.where(rng.random(len(pue)) < term, off, 0), 1), bar


def meets(db: Database, term: float) -> float:
    """Chance that the year's PUE is no worse than the middle of large sites."""
    pue, bar = pue_and_bar(db, term)
    return float((pue <= bar).mean())


SLOPE = 0.03  # a kelvin of water, as catalogues have it

YEAR = (
    "chillers, coils and coolers written anew, 2,000 plants, every 11th hour; what sites show"
    " beyond it from the printed interval"
)
LIQUID = "rack share × plated ÷ overhead, 60,000 draws"
GREW = "counts, losses and the shared growth, each in MW of heat, 60,000 draws"
OUT = "curves by their terms, a drawn share of what lies beyond them, 60,000 draws"
COUNT = "catalogue, curves and spares in 25 lines, 60,000 draws"


def middle_of(db: Database, column: str, table: str) -> float:
    """The middle value of a column, by counting from both ends."""
    return db.one(
        f"SELECT avg(v) FROM (SELECT {column} v, row_number() OVER (ORDER BY {column}) i,"
        f" count(*) OVER () n FROM {table}) WHERE i IN ((n + 1) / 2, n / 2 + 1)"
    )


def from_medians(db: Database) -> float:
    """Chillers from the printed medians: heat over a unit, and spares."""
    heat, unit, spare = (
        db.printed("cooling", f"cooling-chillers-{k}") for k in ("heat", "unit", "spare")
    )
    return heat / unit * (1 + spare / 100)


CHECKS = (
    Check("cooling", "verdict:cooling-cold-plates//post#probability",
          "Liquid carries most of the heat, post", DRAWS, LIQUID,
          lambda db: float((in_liquid(db, False) > 50).mean()), 0.01),
    Check("cooling", "verdict:cooling-cold-plates//newest#probability",
          "Liquid carries most of the heat, newest", DRAWS, LIQUID,
          lambda db: float((in_liquid(db, True) > 50).mean()), 0.01),
    Check("cooling", "verdict:cooling-cold-plates//newest",
          "Share of the computing heat in liquid, newest, median, %", DRAWS, LIQUID,
          lambda db: float(np.median(in_liquid(db, True))), 0.01),
    Check("cooling", "cooling-chillers-middle", "Median chiller of the catalogue, MW", SQL,
          "middle rows by window function",
          lambda db: middle_of(db, "cooling_capacity_kw", '"cooling/chiller_catalogue"') / 1e3,
          0.005),
    Check("cooling", "verdict:cooling-chillers/needed on the design day/post#probability",
          "Chillers in the hundreds, post", DRAWS, COUNT, lambda db: hundreds(db, False), 0.02),
    Check("cooling", "verdict:cooling-chillers/needed on the design day/newest#probability",
          "Chillers in the hundreds, newest", DRAWS, COUNT, lambda db: hundreds(db, True), 0.02),
    Check("cooling", "verdict:cooling-chillers/needed on the design day/newest",
          "Chillers for 1.2 GW, newest, median", DRAWS, COUNT,
          lambda db: float(np.median(chillers(db, True))), 0.02),
    Check("cooling", "cooling-chillers-need", "Chillers for 1.2 GW, median", FORM,
          "from the printed medians of heat, unit and spares; a median of products is near the"
          " product of medians", from_medians, 0.04),
    Check("cooling",
          "verdict:cooling-industrial/energy no worse than the middle of large sites/#probability",
          "The year's PUE is no worse than the middle of large sites", DRAWS, YEAR,
          lambda db: meets(db, 0.5), 0.03),
    Check("cooling", "verdict:cooling-industrial/energy no worse than the middle of large sites",
          "PUE of a year in Memphis, median", DRAWS, YEAR,
          lambda db: float(np.median(pue_and_bar(db, 0.5)[0])), 0.006),
    Check("cooling", "verdict:cooling-chillers/hundreds seen on site/post",
          "Chillers at Colossus 2 in January 2026, median", DRAWS, GREW,
          lambda db: float(np.median(stood(db))), 0.02),
    Check("cooling", "verdict:cooling-chillers/hundreds seen on site/post#probability",
          "Hundreds of chillers at Colossus 2 in January 2026", DRAWS, GREW,
          lambda db: float((stood(db) >= 200).mean()), 0.003),
    Check("cooling",
          "verdict:cooling-industrial/holds its supply on the twenty-year day with a unit out in"
          " every block/#probability",
          "Chillers hold their water on the twenty-year day, a unit out", DRAWS, OUT,
          lambda db: float((to_spare(db) >= 1).mean()), 0.03),
    Check("cooling", "cooling-industrial-tmy-max", "Hottest hour in Memphis, °C", SQL,
          "maximum over the hours",
          lambda db: db.one('SELECT max(dry_bulb_c) FROM "cooling/weather_memphis"'), 0.001),
)  # fmt: skip
