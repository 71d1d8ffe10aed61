"""Second routes of the chapter on water: SQL, closed forms, and draws by plain NumPy."""

from __future__ import annotations

import numpy as np

from aifactory.crosschecks.base import DRAWS, FORM, NEWEST, POST, SQL, Check, Database

N = 60_000
MONTH_DAYS = 365.25 / 12
SHELBY = (
    "\"water/memphis_withdrawals\" WHERE county = 'Shelby TN' AND sector NOT LIKE '%irrigation%'"
)
PLANT = "\"water/xai_timeline\" WHERE site = 'Recycling plant'"


def works_missing(db: Database, edition: str) -> np.ndarray:
    """Draws of the months of works that the recycling plant needs less those worked."""
    rng = np.random.default_rng(51)

    def months(since: str, until: str) -> float:
        return db.one(f"SELECT (julianday('{until}') - julianday('{since}'))") / MONTH_DAYS

    first, last = db.rows(
        f"SELECT min(date), max(date) FROM {PLANT} AND stage = 'begun' AND claim_type = 'observed'"
    )[0]
    built = db.columns(
        "SELECT ln((julianday(operating_date) - julianday(start_date)) / (365.25 / 12)) FROM"
        " \"water/mbr_schedules\" WHERE kind = 'new plant'"
    )[0]
    wide = built.std(ddof=1) * np.sqrt(1 + 1 / len(built))
    learnt = np.exp(built.mean() + wide * rng.standard_t(len(built) - 1, N))
    promised = db.columns(
        f"SELECT promised_for FROM {PLANT} AND promise = 'operation' AND promised_for > '2026-09'"
    )[0]
    hoped_in = [months(last, p) for p in promised]
    hoped = rng.uniform(min(hoped_in), max(hoped_in), N)
    begun = rng.uniform(0, months(first, last), N)
    if edition == "post":
        worked = months(first, "2026-01-15") - begun
    else:
        stopped = str(db.rows(f"SELECT min(date) FROM {PLANT} AND stage = 'paused'")[0][0])
        early, late = months(first, stopped), months(first, stopped[:8] + "30")
        worked = rng.uniform(early, late, N) - begun
    return np.where(rng.random(N) < 0.5, learnt, hoped) - worked


def ran(db: Database, day: str) -> float:
    """Whether any statement has the plant operating by a day: what it supplies rests on that."""
    return db.one(f"SELECT count(*) > 0 FROM {PLANT} AND stage = 'operating' AND date <= '{day}'")


WORKS = "Student's t of built plants or the owner's dates, 60,000 draws, dates in SQL"

CHECKS = (
    Check("water", "verdict:water-plant//post#probability", "The plant could operate, post", DRAWS,
          WORKS, lambda db: float((works_missing(db, "post") <= 0).mean()), 0.005),
    Check("water", "verdict:water-plant//newest#probability", "The plant could operate, newest",
          DRAWS, WORKS, lambda db: float((works_missing(db, "newest") <= 0).mean()), 0.005),
    Check("water", "verdict:water-plant//newest", "Months of works missing, newest, median", DRAWS,
          WORKS, lambda db: float(np.median(works_missing(db, "newest"))), 0.02),
    Check("water", "verdict:water-aquifer//post#probability", "The plant covers the need, post",
          SQL, "no row has the plant operating", lambda db: ran(db, POST), 0.005),
    Check("water", "verdict:water-aquifer//newest#probability", "The plant covers the need, newest",
          SQL, "no row has the plant operating", lambda db: ran(db, NEWEST), 0.005),
    Check("water", "water-aquifer-ceiling", "Evaporation of an ideal tower, L a kWh of heat", FORM,
          "3,600 kJ over the latent heat at 30 °C, 2,501 − 2.361 T kJ/kg",
          lambda db: 3600 / (2501 - 2.361 * 30), 0.01),
    Check("water", "water-plant-ml", "Capacity of the plant, million litres a day", FORM,
          "the figure in million US gallons of 231 cubic inches",
          lambda db: db.figure("wrp-capacity") * 231 * 2.54**3 / 1e3, 0.002),
    Check("water", "water-aquifer-shelby", "Groundwater taken in Shelby County in 2015, MGD", SQL,
          "sum over sectors but irrigation",
          lambda db: db.one(f"SELECT sum(groundwater_mgd) FROM {SHELBY} AND year = 2015"), 0.003),
)  # fmt: skip
