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


# --- does a resource bind? -----------------------------------------------------------------------

SITES = 4000
GALLONS = 3_785_411.784  # litres in a million US gallons
Days = dict[str, np.ndarray]


def humidity(temp_c: np.ndarray, pressure_pa: np.ndarray) -> np.ndarray:
    """Humidity ratio of saturated air by Buck's equation (1981), kg/kg."""
    p = 611.21 * np.exp((18.678 - temp_c / 234.5) * temp_c / (257.14 + temp_c))
    return 0.62198 * p / (pressure_pa - p)


def air_of(db: Database, warmer: float) -> dict[str, np.ndarray]:
    """A typical year's hours in Memphis, summers `warmer`: dry and wet bulb, humidity, pressure."""
    month, dry, dew, hpa = db.columns(
        'SELECT month, dry_bulb_c, dew_point_c, pressure_hpa FROM "cooling/weather_memphis"'
        " ORDER BY hour_of_year"
    )
    dry = dry + warmer * ((month >= 5) & (month <= 9))
    pressure = 100 * hpa.astype(float)
    w = humidity(np.minimum(dew, dry), pressure)
    low, high = np.minimum(dew, dry) - 1.0, dry.astype(float)
    for _ in range(30):  # adiabatic saturation: what cooling gives up evaporates
        wet = (low + high) / 2
        full = humidity(wet, pressure)
        too_cold = (2501 - 2.326 * wet) * full - 1.006 * (dry - wet) < w * (
            2501 + 1.86 * dry - 4.186 * wet
        )
        low, high = np.where(too_cold, wet, low), np.where(too_cold, high, wet)
    return {"dry": dry, "wet": wet, "w": w, "pressure": pressure, "month": month}


def by_day(litres: np.ndarray) -> np.ndarray:
    """Litres an hour, hours along the first axis, as MGD of whole days."""
    return litres.reshape(-1, 24, *litres.shape[1:]).mean(axis=1) * 24 / GALLONS


def towers(air: dict[str, np.ndarray], d: Days) -> np.ndarray:
    """What towers evaporate a MW of computing, MGD: (days, draws)."""
    dry, wet, w, pressure = (air[k][:, None] for k in ("dry", "wet", "w", "pressure"))
    leaving = np.maximum(wet + d["tower-approach"], d["tower-set-point"]) + d["tower-range"] / 2
    full = humidity(leaving, pressure)
    gained = full - w
    heat = 1006 * (leaving - dry) + full * (2.501e6 + 1860 * leaving) - w * (2.501e6 + 1860 * dry)
    rate = 3.6e6 * gained / (heat - gained * 4186 * np.maximum(wet, 0))
    return by_day(1000 * d["tower-heat-per-it"] * rate)


def pads(air: dict[str, np.ndarray], d: Days) -> np.ndarray:
    """What wetted pads evaporate a MW of computing, MGD: (days, draws)."""
    dry, wet, w = (air[k][:, None] for k in ("dry", "wet", "w"))
    allowed = d["cooler-supply"] - d["cooler-approach"]
    fall = d["pad-effectiveness"] * (dry - wet)  # the air's heat goes into vapour
    added = fall * (1006 + 1860 * w) / (2.501e6 + 1860 * (dry - fall) - 4186 * wet)
    asked = np.clip((dry - allowed) / np.maximum(fall, 1e-9), 0, 1)
    wetted = asked + d["staging"] * (1 - asked)
    flow = wetted * 1e6 * d["pads-heat"] * d["pads-share"] / (1006 * d["cooler-air-rise"])
    return by_day(np.where((dry > allowed) & (wet > 0), 3600 * added * flow, 0))


def power_station(db: Database, air: dict[str, np.ndarray], evaporated: np.ndarray) -> np.ndarray:
    """Water of TVA Allen by day over its mean: the region's demand on hot and cold days, wet."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    seen = pq.read_table(db.root / "data" / "power" / "tva_demand_hourly.parquet")
    local = pc.subtract(seen["datetime_utc"].cast("timestamp[s]"), np.timedelta64(6 * 3600, "s"))
    days = local.to_numpy().astype("datetime64[D]")
    day, of = np.unique(days, return_inverse=True)
    demand = np.bincount(of, seen["tva_demand_mw"].to_numpy()) / np.bincount(of)
    months = day.astype("datetime64[M]").astype(int) % 12 + 1
    recent = day >= np.datetime64("2018-01-01")
    temp, month = air["dry"].reshape(-1, 24).mean(axis=1), air["month"][::24]
    output = np.zeros(len(temp))
    for m in range(1, 13):
        here = np.flatnonzero(month == m)
        place = np.abs(temp[here] - 18).argsort(kind="stable").argsort(kind="stable")
        output[here] = np.quantile(demand[recent & (months == m)], (place + 0.5) / len(here))
    shape = output * evaporated
    return shape / shape.mean()


def warmings(db: Database, air: dict[str, np.ndarray]) -> tuple[float, float]:
    """How much June and July of 2022, and July of 1980, were above the typical year, K."""
    hot = 'SELECT max(value_c) FROM "cooling/heat_events" WHERE statistic ='
    two = db.one(f"{hot} 'mean temperature of June and July'")
    july = db.one(f"{hot} 'mean temperature' AND month = 7")
    mean = {k: air["dry"][np.isin(air["month"], k)].mean() for k in ((6, 7), (7,))}
    return two - mean[6, 7], july - mean[7,]


def resource_draws(db: Database, rng: np.random.Generator) -> Days:
    """Draws of plants, users and water; cycles are those that its salts allow, two at least."""
    d = {k: db.drawn(k, SITES, rng) for k in (
        "facility-to-it-peak", "colossus1-it-power", "tower-heat-per-it", "tower-approach",
        "tower-range", "tower-set-point", "tower-cycles", "pads-share", "pads-heat",
        "cooler-supply", "cooler-approach", "cooler-air-rise", "pad-effectiveness", "pad-cycles",
        "effluent-dry-year")}  # fmt: skip
    least, allen = db.range("tower-coc-common")[0], db.figure("allen-water")
    salts = rng.choice(tower(db)[0], SITES)
    borne = np.minimum(d["pad-cycles"], salts)
    d["room"] = 1 - least / borne  # below nought: fewer than the least, whatever is sent back
    for key in ("tower-cycles", "pad-cycles"):
        d[key] = np.minimum(d[key], np.maximum(salts, least))
    for key in ("pad-effectiveness", "effluent-dry-year"):
        d[key] = np.minimum(d[key], 1)
    low, _, high = db.range("wrp-trains")
    trains = np.round(rng.uniform(low, high, SITES))
    d["firm"] = db.figure("wrp-capacity") * (1 - 1 / trains)
    d["staging"], d["follows"] = rng.random((2, SITES))
    d["allen"], d["served first"] = np.full(SITES, allen), rng.random(SITES) < 0.5
    wet, kept = (db.printed("water", f"water-bottleneck-{k}") / 100 for k in ("c1-wet", "kept"))
    d["colossus 1"] = d["colossus1-it-power"] * rng.uniform(wet, 1, SITES)
    flow = db.columns(
        "SELECT influent_flow_mgd FROM \"water/maxson_daily\" WHERE date BETWEEN '2025-08-01' AND"
        " '2025-12-31' ORDER BY date"
    )[0].astype(float)
    d["lowest week"] = np.convolve(flow, np.ones(7) / 7, "valid").min() * rng.uniform(
        kept, 1, SITES
    )
    of = (
        "\"water/memphis_withdrawals\" WHERE county = 'Shelby TN' AND sector IN"
        " ('industrial self supplied', 'public supply')"
    )
    most = db.one(f"SELECT max(s) FROM (SELECT sum(groundwater_mgd) s FROM {of} GROUP BY year)")
    own = db.one(
        f"SELECT groundwater_mgd FROM {of} AND sector LIKE 'industrial%' ORDER BY year DESC LIMIT 1"
    )
    low, _, high = db.range("mlgw-pumpage-press")
    accounts = np.column_stack([
        np.full((SITES, 2), [db.figure("mlgw-pumpage-survey"), db.figure("mlgw-pumpage-page")]),
        rng.uniform(low, high, SITES),
    ])  # fmt: skip
    pumped = accounts[np.arange(SITES), rng.integers(3, size=SITES)]
    d["headroom"] = np.maximum(most - pumped - own, 0)
    return d


@drawn_once
def binding(db: Database) -> dict[str, np.ndarray]:
    """Draws of the site at which plant, plant with aquifer and discharge bind, GW.

    Each is the least of three stresses: a dry hot year, a dry year's sewage, a train out. That
    electricity binds is left out: the most that the section finds is a fifth of the bar.
    """
    rng = np.random.default_rng(54)
    d, typical = resource_draws(db, rng), air_of(db, 0.0)
    ends = warmings(db, typical)
    middle = sum(ends) / 2
    hot, one = air_of(db, middle), {k: np.median(v, keepdims=True) for k, v in d.items()}
    year = towers(typical, one)[:, 0]
    allen = power_station(db, typical, year)
    wanted = [year, allen + year, *(pads(a, one)[:, 0] for a in (typical, hot)),
              towers(hot, one)[:, 0]]  # fmt: skip
    worst = np.unique(np.concatenate([np.argsort(v, kind="stable")[-6:] for v in wanted]))
    hours = (24 * worst[:, None] + np.arange(24)).ravel()
    warm = rng.uniform(*ends, SITES) / middle
    gone = {}
    for key, model in (("towers", towers), ("pads", pads)):
        cool, heated = (model({k: v[hours] for k, v in a.items()}, d) for a in (typical, hot))
        gone[key, False] = cool
        gone[key, True] = np.maximum(cool + warm * (heated - cool), 0)
    makeup = {k: d[k] / (d[k] - 1) for k in ("tower-cycles", "pad-cycles")}
    shape = d["allen"] * (1 + d["follows"] * (allen[worst][:, None] - 1))
    sizes: dict[str, list[np.ndarray]] = {"plant": [], "aquifer": [], "discharge": []}
    for stress in ("hot", "dry", "train"):
        at_towers, at_pads = (gone[k, stress == "hot"] for k in ("towers", "pads"))
        others = d["colossus 1"] * at_towers * makeup["tower-cycles"] + d["served first"] * shape
        plant = d["firm"] if stress == "train" else db.figure("wrp-capacity")
        week = d["lowest week"] * (d["effluent-dry-year"] if stress == "dry" else 1)
        salted = d["colossus 1"] * at_towers + shape * (1 - 1 / d["tower-cycles"])
        for key, limit, taken, need in (
            ("plant", plant, others, at_pads * makeup["pad-cycles"]),
            ("aquifer", plant + d["headroom"], others, at_pads * makeup["pad-cycles"]),
            ("discharge", week * d["room"], salted, at_pads),
        ):
            left = np.maximum(limit - taken, 0) / np.maximum(need, 1e-12)
            sizes[key].append(left.min(axis=0) * d["facility-to-it-peak"] / 1000)
    # salt that came with the water binds at no size
    sizes["discharge"] = [np.where(d["room"] < 0, np.inf, v) for v in sizes["discharge"]]
    return {k: np.min(v, axis=0) for k, v in sizes.items()}


def suffices(db: Database, *which: str) -> float:
    """Chance that none of the limits named binds at 1.2 GW."""
    site = db.figure("post-power") / 1000
    return float((np.min([binding(db)[k] for k in which], axis=0) >= site).mean())


def ran(db: Database, day: str) -> float:
    """Whether any statement has the plant operating by a day: what it supplies rests on that."""
    return db.one(f"SELECT count(*) > 0 FROM {PLANT} AND stage = 'operating' AND date <= '{day}'")


SALTS = "ions followed by their charges, which leave the alkalinity; 60,000 draws"
RESOURCES = (
    "towers and pads by heat balances with Buck's vapour pressure, 4,000 sites on their worst days;"
    " from two printed shares"
)
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
    Check("water", "verdict:water-bottleneck/none of the four binds, as designed/#probability",
          "No resource binds at 1.2 GW", DRAWS, RESOURCES,
          lambda db: suffices(db, "plant", "aquifer", "discharge"), 0.025),
    Check("water", "verdict:water-bottleneck/none of the four binds, as designed",
          "Site at which the first of them binds, median, GW", DRAWS, RESOURCES,
          lambda db: float(np.median(np.min(list(binding(db).values()), axis=0))), 0.05),
    Check("water", "verdict:water-bottleneck/effluent supply/#probability",
          "The recycling plant suffices at 1.2 GW", DRAWS, RESOURCES,
          lambda db: suffices(db, "plant"), 0.025),
    Check("water", "verdict:water-bottleneck/aquifer/#probability",
          "Plant and aquifer suffice at 1.2 GW, three accounts of the pumping", DRAWS, RESOURCES,
          lambda db: suffices(db, "aquifer"), 0.025),
    Check("water", "verdict:water-bottleneck/discharge/#probability",
          "Salt sent back leaves enough cycles at 1.2 GW", DRAWS, RESOURCES,
          lambda db: suffices(db, "discharge"), 0.025),
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
