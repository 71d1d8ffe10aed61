"""Second routes of the chapter on power: SQL, closed forms, and draws by plain NumPy."""

from __future__ import annotations

import math
import statistics

import numpy as np

from aifactory.crosschecks.base import DRAWS, FORM, PUBLISHED, SQL, Check, Database, drawn_once

N = 60_000
HOURS = 8760.0
SITE_KW = 1.2e6
USE = '"power/households_us_state"'
FLEET = (
    "\"power/turbine_fleet\" WHERE status = 'permitted, permanent' AND site = 'Southaven'"
    " AND unit_mw IS NOT NULL"
)
EDITION = {"post": "2026-01-03", "newest": "2026-09-15"}
CLAIM_MW = 1200.0


# --- households ----------------------------------------------------------------------------------


def use_of_account(db: Database, state: str) -> float:
    """Use of an account in a state, kWh a year, on a line through the logarithms of ten years."""
    found = db.rows(
        "SELECT year, 1e6 * sum(residential_sales_gwh) / sum(residential_accounts) FROM"
        f" {USE} WHERE year BETWEEN 2010 AND 2019 AND {state} GROUP BY year"
    )
    years, logs = [y for y, _ in found], [math.log(k) for _, k in found]
    line = statistics.linear_regression(years, logs)
    return math.exp(line.intercept + line.slope * max(years))


def households(db: Database, state: str, load_factor: float = 1.0) -> float:
    """Million households that 1.2 GW serves."""
    use = use_of_account(db, state) * db.figure("accounts-per-household")
    return SITE_KW * HOURS * load_factor / use / 1e6


def middle_load(db: Database) -> float:
    """The middle of the even range of load factors."""
    low, _, high = db.range("load-factor")
    return (low + high) / 2


# --- how much ran --------------------------------------------------------------------------------

Steps = list[tuple[str, float, float]]


def editions(db: Database) -> dict[str, dict[str, Steps]]:
    """Milestones by site and edition: day, MW, H100 equivalents."""
    made: dict[str, dict[str, Steps]] = {}
    for site, edition, *step in db.rows(
        "SELECT site, edition_date, date, facility_power_mw, h100_equivalents FROM"
        ' "power/site_capacity" WHERE facility_power_mw IS NOT NULL ORDER BY date'
    ):
        made.setdefault(site, {}).setdefault(edition, []).append(tuple(step))
    return made


def level(steps: Steps, day: str) -> tuple[float, float]:
    """Power on a day, MW, and the computers behind it."""
    return [(0.0, 0.0), *[(mw, chips) for d, mw, chips in steps if d <= day]][-1]


def stood(db: Database, steps: Steps, day: str) -> float:
    """Days since the level of that day was first reached."""
    since = ""
    power = None
    for d, mw, _ in steps:
        if d <= day and mw != power:
            since, power = d, mw
    return db.one(f"SELECT julianday('{day}') - julianday('{since}')") if since else math.inf


def revisions(db: Database) -> dict[str, list[float]]:
    """Newest edition over earlier one for the earlier one's day, where the level was settled."""
    found: dict[str, list[float]] = {}
    for site, told in editions(db).items():
        newest = max(told)
        for edition in sorted(set(told) - {newest}):
            then = level(told[edition], edition)[0]
            if then > 0 and stood(db, told[edition], edition) >= 60:
                found.setdefault(site, []).append(level(told[newest], edition)[0] / then)
    return found


@drawn_once
def site_mw(db: Database, edition: str, seed: int = 31) -> np.ndarray:
    """Draws of the power of Colossus 2, MW: tracker or chips, revised as editions have been."""
    rng = np.random.default_rng(seed)
    steps = editions(db)["Colossus 2"][EDITION[edition]]
    pools = [v for s, v in sorted(revisions(db).items())
             if edition == "newest" or s != "Colossus 2"]  # fmt: skip
    at = rng.integers(len(pools), size=N)
    ratio = np.array([pools[i][j] for i, j in zip(at, rng.integers(1 << 30, size=N) % [
        len(pools[i]) for i in at], strict=True)])  # fmt: skip
    mw, h100 = (np.full(N, x) for x in level(steps, "2026-01-15" if edition == "post"
                                             else EDITION[edition]))  # fmt: skip
    if edition == "post":  # a step that was foretold for February may have come early
        early = rng.random(N) < db.printed("power", "power-built-early") / 100
        mw[early], h100[early] = steps[-1][1:]
    chips = h100 / db.drawn("h100-equivalents-per-gb200", N, rng)
    kw = chips * db.drawn("gb-rack-kw-per-gpu", N, rng)
    kw *= db.drawn("network-storage-overhead", N, rng) * db.drawn("facility-to-it-peak", N, rng)
    return ratio * np.where(rng.random(N) < 0.5, mw, kw / 1000)


def ran(db: Database, edition: str) -> float:
    """Chance that 1.2 GW ran."""
    return float((site_mw(db, edition) >= CLAIM_MW).mean())


# --- an island -----------------------------------------------------------------------------------


def made_there(db: Database, edition: str) -> np.ndarray:
    """Draws of the share of the energy that is not from the grid, where load is as above."""
    rng = np.random.default_rng(32)
    day = {"post": "2026-01-15", "newest": "2026-06-17"}[edition]
    feed = db.rows(
        'SELECT low_mw, central_mw, high_mw FROM "power/island_supply_steps" WHERE what ='
        f" 'grid feed of Colossus 2' AND date <= '{day}' ORDER BY date DESC LIMIT 1"
    )[0]
    load = site_mw(db, edition, seed=33) * db.drawn("load-factor", N, rng)
    low, mode, high = feed
    return 1 - np.minimum(rng.triangular(low, mode, high, N) / np.maximum(load, 1e-9), 1)


# --- what holds projects up ----------------------------------------------------------------------


def held_up(db: Database) -> np.ndarray:
    """Draws of planned projects held up for want of power over those held up over the site."""
    rng = np.random.default_rng(34)
    years = (db.drawn(f"projects-delayed-{year}", N, rng) for year in (2025, 2026))
    delayed = np.where(rng.random(N) < 0.5, *years)
    of_them = np.minimum(db.drawn("delay-share-power", N, rng), 1)
    return delayed * of_them / db.drawn("projects-contested", N, rng)


ROUTE_BUILT = "editions in SQL, 60,000 draws of revision, tracker or chips"
ROUTE_ISLAND = "triangular feed over the load of that route, 60,000 draws; no hour by hour run"

CHECKS = (
    Check("power", "verdict:power-built//post#probability", "1.2 GW ran, post", DRAWS,
          f"{ROUTE_BUILT}; from the printed chance that February's step came early",
          lambda db: ran(db, "post"), 0.01),
    Check("power", "verdict:power-built//newest#probability", "1.2 GW ran, newest", DRAWS,
          ROUTE_BUILT, lambda db: ran(db, "newest"), 0.03),
    Check("power", "verdict:power-built//newest", "Power of Colossus 2, newest, median, MW", DRAWS,
          ROUTE_BUILT, lambda db: float(np.median(site_mw(db, "newest"))), 0.02),
    Check("power", "power-households-k-us", "Use of a household, United States, kWh a year", SQL,
          "sales over accounts by state and year; a line through ten years' logarithms, standard"
          " library",
          lambda db: use_of_account(db, "1") * db.figure("accounts-per-household"), 0.01),
    Check("power", "power-households-us-full", "Households at 1.2 GW all year, million", SQL,
          "1.2 GW × 8,760 h over that use", lambda db: households(db, "1"), 0.01),
    Check("power", "power-households-tn-full", "The same in Tennessee, million", SQL,
          "the same of one state", lambda db: households(db, "state = 'TN'"), 0.015),
    Check("power", "verdict:power-households/United States", "Households served, median, million",
          FORM, "that number times the middle of the load factors",
          lambda db: households(db, "1", middle_load(db)), 0.02),
    Check("power", "plant-grade-nameplate", "Permitted turbines, MW", SQL,
          "units × rating, permanent at Southaven",
          lambda db: db.one(f"SELECT sum(units * unit_mw) FROM {FLEET}"), 0.001),
    Check("power", "plant-grade-battery", "Power of the batteries, MW", FORM,
          "units × power of one, from the figures",
          lambda db: db.figure("battery-units") * db.figure("battery-power"), 0.005),
    Check("power", "plant-grade-rts-reserve", "Reserve of the IEEE RTS-79, %", PUBLISHED,
          "capacity in SQL over the published peak of 2,850 MW",
          lambda db: 100 * (db.one('SELECT sum(capacity_mw) FROM "power/rts79_units"') / 2850 - 1),
          0.03),
    Check("power", "verdict:power-not-land/scarcity/#probability",
          "Power holds up half as many again as the site", DRAWS, "delays by cause, 60,000 draws",
          lambda db: float((held_up(db) >= 1.5).mean()), 0.02),
    Check("power", "verdict:power-not-land/scarcity", "Held up for power over for the site, median",
          DRAWS, "delays by cause, 60,000 draws", lambda db: float(np.median(held_up(db))), 0.03),
    Check("power", "verdict:power-islanded/a disused plant site supplies it/post#probability",
          "The former plant supplies most of it, post", DRAWS, ROUTE_ISLAND,
          lambda db: float((made_there(db, "post") > 0.5).mean()), 0.03),
    Check("power", "verdict:power-islanded/a disused plant site supplies it/newest#probability",
          "The former plant supplies most of it, newest", DRAWS, ROUTE_ISLAND,
          lambda db: float((made_there(db, "newest") > 0.5).mean()), 0.03),
)  # fmt: skip
