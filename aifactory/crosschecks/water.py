"""Second routes of the chapter on water: SQL, closed forms, and draws by plain NumPy."""

from __future__ import annotations

import numpy as np

from aifactory.crosschecks.base import DRAWS, FORM, NEWEST, POST, SQL, Check, Database, drawn_once

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


# --- cycles of the cleaned sewage ----------------------------------------------------------------

# grams a mole of nitrogen, phosphorus, sodium, calcium, magnesium, chloride, sulfate, nitrate,
# phosphate; and of calcium carbonate and bicarbonate an equivalent
N_, P_, NA, CA, MG, CL = 14.007, 30.974, 22.990, 40.078, 24.305, 35.45
SO4, NO3, PO4, CACO3, HCO3 = 96.06, 62.004, 94.970, 50.04, 61.016


def sewage(db: Database, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draws of a day's effluent, mmol/L but for BOD and solids; sodium closes the charges."""
    days = db.columns(
        "SELECT avg(CASE parameter WHEN 'organic nitrogen' THEN value END), avg(CASE parameter WHEN"
        " 'total phosphorus' THEN value END), effluent_bod_mg_l, effluent_tss_mg_l,"
        ' effluent_ammonia_n_mg_l, effluent_sulfur_mg_l FROM "water/maxson_chemistry" c JOIN'
        ' "water/maxson_daily" d ON d.date = c.date GROUP BY c.date HAVING'
        " count(DISTINCT CASE WHEN parameter IN ('organic nitrogen', 'total phosphorus',"
        " 'total nitrogen') THEN parameter END) = 3"
    )
    day = rng.integers(len(days[0]), size=N)
    organic, phosphorus, bod, tss, ammonia, sulfur = (column[day] for column in days)
    calcium, magnesium, alkalinity, then = (
        db.one(
            f'SELECT avg({value}) FROM "water/maxson_chemistry" c JOIN "water/maxson_daily" d ON'
            f" d.date = c.date WHERE parameter = '{name}'"
        )
        for name, value in (("calcium", "value"), ("magnesium", "value"),
                            ("total alkalinity", "value"),
                            ("total alkalinity", "effluent_ammonia_n_mg_l"))
    )  # fmt: skip
    seen = db.columns('SELECT effluent_sulfur_mg_l FROM "water/maxson_daily" WHERE'
                      " effluent_sulfur_mg_l IS NOT NULL")[0]  # fmt: skip
    spread_of = rng.choice(seen, N) / rng.choice(seen, N)  # a day over the day of sampling
    source = rng.uniform(0, db.figure("memphis-sand-tds") / 4, (2, N))
    w = {
        "bod": bod, "tss": tss, "NH": ammonia / N_, "organic": organic / N_,
        "P": phosphorus / P_, "Ca": calcium * spread_of / CA, "Mg": magnesium * spread_of / MG,
        "SO4": sulfur / np.where(rng.random(N) < 0.5, SO4, 32.06),
        "Cl": (db.drawn("chloride-from-use", N, rng) + source[0]) / CL,
        "silica": db.drawn("silica-from-use", N, rng) + source[1],
        "alkalinity": np.maximum(alkalinity / CACO3 + (ammonia - then) / N_, 50 / CACO3),
    }  # fmt: skip
    charge = 2 * (w["Ca"] + w["Mg"] - w["SO4"]) + w["NH"] - w["Cl"] - 1.5 * w["P"]
    return w | {"NO3": np.zeros(N), "Na": np.maximum(w["alkalinity"] - charge, 0)}


@drawn_once
def cleaned(db: Database) -> dict[str, np.ndarray]:
    """Draws of that water after a bioreactor with a phosphorus step, in the units of limits.

    Only ions are followed; alkalinity is what charges leave for it.
    """
    rng = np.random.default_rng(52)
    w = sewage(db, rng)
    # of the charges of the water as it comes, those that sodium could not close stay open
    open_ = w["alkalinity"] + w["Cl"] + 2 * w["SO4"] + 1.5 * w["P"]
    open_ -= w["NH"] + w["Na"] + 2 * (w["Ca"] + w["Mg"])
    grown = db.drawn("cell-yield", N, rng) * w["bod"]  # as oxygen demand; 7 % N, 2 % P, 90 % solids
    freed, kept = rng.random(N), rng.random(N)
    ready = w["NH"] + freed * w["organic"]
    left = np.minimum(db.drawn("mbr-ammonia-left", N, rng) / N_, ready)
    nitrified = ready - left - np.minimum(0.07 * grown / N_, ready - left)
    food = (w["bod"] - grown) / 31.998 / 1.25  # oxygen of nitrate that stands in for O2
    nitrate = np.maximum(nitrified - kept * food, 0)
    solid = (1 - freed) * np.minimum(0.02 / 0.9 * w["tss"] / P_, w["P"])
    dissolved = np.maximum(w["P"] - solid - 0.02 * grown / P_, 0)
    phosphorus = np.minimum(db.drawn("mbr-phosphorus-dosed", N, rng) / P_, dissolved)
    metal = db.drawn("metal-per-phosphorus", N, rng) * (dissolved - phosphorus)
    as_chloride = rng.random(N)
    chloride = w["Cl"] + 3 * metal * as_chloride
    sulfate = w["SO4"] + 1.5 * metal * (1 - as_chloride)
    alkalinity = 2 * (w["Ca"] + w["Mg"] - sulfate) + left + w["Na"] + open_
    alkalinity -= chloride + nitrate + 1.5 * phosphorus
    dosed = np.maximum(db.drawn("alkalinity-floor", N, rng) / CACO3 - alkalinity, 0)
    alkalinity += dosed
    solids = (
        CA * w["Ca"] + MG * w["Mg"] + NA * (w["Na"] + dosed) + 0.4917 * HCO3 * alkalinity
        + SO4 * sulfate + CL * chloride + NO3 * nitrate + PO4 * phosphorus + w["silica"]
    )  # fmt: skip
    return {
        "alkalinity": CACO3 * alkalinity, "calcium": CA * w["Ca"], "chloride": CL * chloride,
        "calcium hardness": 2 * CACO3 * w["Ca"], "hardness": 2 * CACO3 * (w["Ca"] + w["Mg"]),
        "sulfate": SO4 * sulfate, "silica": w["silica"], "phosphorus": P_ * phosphorus,
        "nitrate": NO3 * nitrate, "dissolved solids": solids,
        "conductivity": solids / db.drawn("solids-per-conductivity", N, rng),
        "ammonia": N_ * left, "ammonia limit": db.drawn("ammonia-limit", N, rng),
    }  # fmt: skip


@drawn_once
def tower(db: Database) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the most cycles that one document allows, and whether make-up limits are met."""
    rng = np.random.default_rng(53)
    m, plastic = cleaned(db), rng.random(N) < 0.5
    totals = ("dissolved solids", "conductivity")
    ok, cycles = m["ammonia"] <= m["ammonia limit"], np.full(N, np.inf)
    made = 'SELECT parameter, "limit" FROM "water/make_up_limits" WHERE scope = \'make-up\''
    for name, most in db.rows(made):
        if name in m:
            ok = ok & ((m[name] <= most) | (plastic & (name in totals)))
    basin: dict[str, list[tuple[str, str, float]]] = {}  # source to its documents' limits
    for source, *limit in db.rows(
        'SELECT source_id, document, parameter, "limit" FROM "water/make_up_limits" WHERE'
        " scope = 'basin'"
    ):
        basin.setdefault(source, []).append(tuple(limit))
    with_ions = [s for s, rows in basin.items() if {p for _, p, _ in rows} - set(totals)]
    for sources, towers in ((list(basin), ~plastic), (with_ions, plastic)):
        source = np.array(sources)[rng.integers(len(sources), size=N)]
        for name, rows in basin.items():
            documents = sorted({d for d, _, _ in rows})
            one = rng.integers(len(documents), size=N)
            for document, parameter, most in rows:
                here = towers & (source == name) & (one == documents.index(document))
                if parameter in totals:
                    here = here & ~plastic
                cycles = np.where(
                    here, np.minimum(cycles, most / np.maximum(m[parameter], 1e-6)), cycles
                )
    return cycles, ok


def useful(db: Database) -> float:
    """Chance that the water meets its limits and can be cycled as an efficient tower does."""
    cycles, ok = tower(db)
    return float((ok & (cycles >= db.range("tower-coc-efficient")[0])).mean())


def ran(db: Database, day: str) -> float:
    """Whether any statement has the plant operating by a day: what it supplies rests on that."""
    return db.one(f"SELECT count(*) > 0 FROM {PLANT} AND stage = 'operating' AND date <= '{day}'")


SALTS = "ions followed by their charges, which leave the alkalinity; 60,000 draws"
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
    Check("water",
          "verdict:water-pure/MBR with a phosphorus step, no reverse osmosis#probability",
          "The cleaned sewage serves an efficient tower", DRAWS, SALTS, useful, 0.015),
    Check("water", "verdict:water-pure/MBR with a phosphorus step, no reverse osmosis",
          "Cycles that it allows, median", DRAWS, SALTS,
          lambda db: float(np.median(tower(db)[0])), 0.015),
    Check("water", "verdict:water-pure/high purity", "Its dissolved solids, median, mg/L", DRAWS,
          SALTS, lambda db: float(np.median(cleaned(db)["dissolved solids"])), 0.01),
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
