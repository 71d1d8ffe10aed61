"""Second routes of the chapter on cooling: SQL, a closed form, and draws by plain NumPy."""

from __future__ import annotations

import numpy as np

from aifactory.crosschecks.base import DRAWS, FORM, SQL, Check, Database, drawn_once

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


SLOPE = 0.03  # a kelvin of water, as catalogues have it

LIQUID = "rack share × plated ÷ overhead, 60,000 draws"
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
    Check("cooling", "cooling-industrial-tmy-max", "Hottest hour in Memphis, °C", SQL,
          "maximum over the hours",
          lambda db: db.one('SELECT max(dry_bulb_c) FROM "cooling/weather_memphis"'), 0.001),
)  # fmt: skip
