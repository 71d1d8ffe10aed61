"""Second routes of the chapter on power: SQL, closed forms, and draws by plain NumPy."""

from __future__ import annotations

import math
import statistics

import numpy as np

from aifactory.crosschecks.base import (
    DRAWS,
    FORM,
    LIBRARY,
    PUBLISHED,
    SQL,
    Check,
    Database,
    drawn_once,
)

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


# --- is it the grade of a power plant? -----------------------------------------------------------

CLASS_DRAWS, HOURS_SHORT = 400, 2.4  # draws a class of unit; one day in ten years as hours a year


def plant_draws(db: Database) -> dict[str, np.ndarray]:
    """Draws of units of every class, and of what a shortage and a spare one cost."""
    rng = np.random.default_rng(35)
    classes = db.rows('SELECT unit_mw, prime_mover FROM "power/unit_classes"')
    n = CLASS_DRAWS * len(classes)
    d = {"mw": np.repeat([float(mw) for mw, _ in classes], CLASS_DRAWS)}
    mover = np.repeat([m for _, m in classes], CLASS_DRAWS)
    for key in ("forced-outage", "planned-outage", "repair"):
        of = {m: db.drawn(f"{key}-{m}", n, rng) for m in ("turbine", "engine", "combined")}
        d[key] = np.select([mover == m for m in of], list(of.values()))
    d["heat"] = np.where(mover == "engine", 0, db.drawn("heat-loss", n, rng))
    d["combined"] = mover == "combined"
    d["smallest"] = db.figure("tva-board-threshold") ** rng.random(n)  # even in its logarithm
    for key in ("spare-turbine-cost", "spare-turbine-upkeep", "capital-charge", "gpu-hour-value",
                "facility-power-per-gpu", "restart-loss"):  # fmt: skip
        d[key] = db.drawn(key, n, rng)
    return d


def hours_by_degree(db: Database) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Temperature and hours of every second degree, and how outages of both kinds vary with it."""
    at, hours = db.columns(
        'SELECT avg(dry_bulb_c), count(*) FROM "cooling/weather_memphis" GROUP BY'
        " CAST((dry_bulb_c + 100) / 2 AS INT)"
    )
    made = []
    for kind in ("CT", "CC"):
        curve_c, curve_share = db.columns(
            'SELECT temperature_c, unavailable_share FROM "power/outage_by_temperature" WHERE'
            f" unit_class = '{kind}' ORDER BY temperature_c"
        )
        share = np.interp(at, curve_c, curve_share)
        made.append(share * hours.sum() / (share * hours).sum())
    return at, hours, made[0], made[1]


def short_hours(
    d: dict[str, np.ndarray], units: np.ndarray, weather: tuple[np.ndarray, ...]
) -> np.ndarray:  # fmt: skip
    """Hours a year in which so many units fall short, by the incomplete beta function."""
    from scipy.special import betainc

    at, hours, simple, combined = weather
    out = d["forced-outage"][:, None] * np.where(d["combined"][:, None], combined, simple)
    each = d["mw"][:, None] * (1 - d["heat"][:, None] * np.maximum(at - 15, 0))
    need = np.ceil(CLAIM_MW / each)
    away = d["planned-outage"] * units

    def fails(n: np.ndarray) -> np.ndarray:
        spare = n[:, None] - need
        found = betainc(np.maximum(spare, 0) + 1, need, np.clip(out, 0, 1))
        return np.where(spare < 0, 1.0, found) @ hours

    few = np.floor(away)
    some = fails(units - few)
    return some + (away - few) * (fails(units - few - 1) - some)


@drawn_once
def reserve(db: Database) -> np.ndarray:
    """Draws of the reserve above 1.2 GW at one day in ten years, %: counted up from none."""
    d, weather = plant_draws(db), hours_by_degree(db)
    few = np.ceil(CLAIM_MW / d["mw"]) - 1  # not enough; raised by smaller and smaller steps
    for step in (64, 32, 16, 8, 4, 2, 1):
        short = short_hours(d, few + step, weather) > HOURS_SHORT
        few = np.where(short, few + step, few)
    return 100 * ((few + 1) * d["mw"] / CLAIM_MW - 1)


def plant_grade(db: Database) -> float:
    """Chance that 1.2 GW is large among plants, and needs two spares by rule and by cost."""
    d = plant_draws(db)
    need = np.ceil(CLAIM_MW / d["mw"])
    sizes = np.sort(db.columns('SELECT capacity_mw FROM "power/plants_world"')[0])
    above = [len(sizes) - np.searchsorted(sizes, x) for x in (CLAIM_MW, d["smallest"])]
    short = short_hours(d, need + 1, hours_by_degree(db))
    cost = np.array([yearly_cost(d, need, spares) for spares in range(12)])
    pays = cost[2:].min(axis=0) < cost[:2].min(axis=0)
    return float(((above[0] / above[1] <= 0.25) & (short > HOURS_SHORT) & pays).mean())


def yearly_cost(d: dict[str, np.ndarray], need: np.ndarray, spares: int) -> np.ndarray:
    """Cost of spare units and of shortages a year, USD: summed over every number of units out."""
    from scipy.special import gammaln

    n, q = need + spares, d["forced-outage"]
    unserved, at_edge = np.zeros(len(n)), np.zeros(len(n))
    for out in range(spares, int(n.max()) + 1):
        j = np.minimum(out, n)
        chance = np.exp(gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1)
                        + j * np.log(q) + (n - j) * np.log1p(-q))  # fmt: skip
        chance = np.where(out <= n, chance, 0)
        unserved += chance * np.maximum(CLAIM_MW - (n - j) * d["mw"], 0)
        at_edge += chance * (out == spares)
    starts = at_edge * need * q / (1 - q) / d["repair"]  # a failure more leaves too few
    lost = HOURS * (unserved + starts * d["restart-loss"] * CLAIM_MW)
    kilowatt = d["spare-turbine-cost"] * d["capital-charge"] + d["spare-turbine-upkeep"]
    worth = 1e3 * d["gpu-hour-value"] / d["facility-power-per-gpu"]
    return spares * d["mw"] * 1e3 * kilowatt + worth * lost


# --- swings of the load --------------------------------------------------------------------------

CLOCK = np.arange(601) / 10  # a minute of a logged swing, s
PLANTS = 1000


def logged_swings(db: Database) -> np.ndarray:
    """The worst minute of five runs and the end of one, over their level under load: (601, 6)."""
    servers = np.array(db.rows('SELECT * FROM "power/training_power_servers"'), float)
    eight = 'SELECT time_s, power_8gpu_w FROM "power/training_power_8h100" WHERE run_id ='
    runs = {k: np.array(db.rows(f"{eight} '{k}'"), float) for k in
            ("sync-every-100", "sync-every-1000")}  # fmt: skip
    rest = servers[15:-15, 1:].mean()  # what a server draws beside its eight GPUs
    rest -= np.quantile(np.concatenate([r[:, 1] for r in runs.values()]), 0.95)
    found = [(r + np.array([0, rest]), 60.0) for r in runs.values()]
    for (name,) in db.rows('SELECT DISTINCT workload FROM "power/training_power_mlperf"'):
        run = db.rows("SELECT time_s, power_kw FROM \"power/training_power_mlperf\" WHERE"
                      f" workload = '{name}'")  # fmt: skip
        found.append((np.array(run, float), 60.0 if name.startswith("GPT-3") else 20.0))
    swings = []
    for i, (run, cut) in enumerate(found):
        t, p = run.T
        under = (t >= cut) & (t <= t[-1] - cut)
        level = np.minimum(p / np.quantile(p[under], 0.95), 1)
        t_in = t[under]
        starts = np.arange(t_in[0], max(t_in[-1] - 60, t_in[0]) + 1e-9, 5)
        minutes = np.interp(starts[:, None] + CLOCK, t_in, level[under])
        full = minutes[:, 0] >= 0.95
        swings.append(minutes[full][np.ptp(minutes[full], axis=1).argmax()])
        if i == 0:
            last = t[np.flatnonzero(level >= 0.95)[-1]]
            ends = np.interp(last - 5 + CLOCK, t, level)
    return np.array([*swings, ends]).T


def island_plants(db: Database) -> dict[str, np.ndarray]:
    """Draws of islanded plants, each with every one of the six swings, swings fastest."""
    rng = np.random.default_rng(36)
    d = {}
    for key, name in (("inertia", "inertia-island"), ("droop", "island-droop"),
                      ("margin", "island-margin"), ("job", "job-share"),
                      ("coherence", "coherence-site")):  # fmt: skip
        low, _, high = db.range(name)
        d[key] = rng.uniform(low, high, PLANTS)
    d["valve"] = db.drawn("valve-rate", PLANTS, rng)
    d["facility"] = db.drawn("facility-to-it-peak", PLANTS, rng)
    d["wide"] = rng.random(PLANTS)
    units = db.range("megapacks-post")[0], db.figure("megapacks-newest")
    low, _, high = db.range("battery-power")
    d["storage"] = rng.uniform(*units, PLANTS) * rng.uniform(low, high, PLANTS)
    return {k: np.repeat(v, 6) for k, v in d.items()} | {"swing": np.tile(np.arange(6), PLANTS)}


def limits_hz(db: Database, wide: np.ndarray) -> list[tuple[float, float, np.ndarray]]:
    """Frequency limits between generators' and equipment's: sign, seconds allowed, Hz."""
    of = "\"power/ride_through_limits\" WHERE quantity = 'frequency' AND from_s < 60"
    ends = {side: db.one(f"SELECT {pick}(\"limit\") FROM {of} AND side = '{side}' AND"
                         " (standard LIKE '%ISO%' OR standard LIKE '%Intel%')")
            for side, pick in (("low", "max"), ("high", "min"))}  # fmt: skip
    strict = db.rows(f"SELECT side, from_s, \"limit\" FROM {of} AND standard LIKE '%ERCOT'")
    return [
        (1 if side == "high" else -1, seconds, hz + wide * (ends[side] - hz))
        for side, seconds, hz in strict
    ]


def leave(db: Database, d: dict[str, np.ndarray], stored: bool) -> np.ndarray:
    """Whether each plant and swing leaves its limits: GGOV1 as differential equations, by RK23."""
    from scipy.integrate import RK23

    names = dict(db.rows("SELECT parameter, typical_value FROM \"power/governors\" WHERE cim_class"
                         " = 'GovCT1'"))  # fmt: skip
    (tact, tb, kturb, wfnl, tpelec, most, vmin, vmax, kpload, kiload, tfload, tsa, tsb) = (
        names[k] for k in ("tact", "tb", "kturb", "wfnl", "tpelec", "maxerr", "vmin", "vmax",
                           "kpload", "kiload", "tfload", "tsa", "tsb"))  # fmt: skip
    h, r = d["inertia"], d["droop"]
    # gains that leave the speed loop half of those at which it rings by itself
    kp = np.minimum(names["kpgov"], h * (tact + tb) / (tact * tb * kturb))
    ki = names["kigov"] * kp / names["kpgov"]
    traces, n = logged_swings(db), len(h)
    deep = d["job"] * d["coherence"] / d["facility"]
    battery = d["storage"] / CLAIM_MW / d["margin"] if stored else np.zeros(n)
    hottest = names["ldref"] / kturb + wfnl

    def load(t: float) -> np.ndarray:
        i = min(int(t * 10), 599)
        level = traces[i] + min(t * 10 - i, 1) * (traces[i + 1] - traces[i])
        return (1 - deep * (1 - level[d["swing"]])) / d["margin"]

    def slopes(t: float, flat: np.ndarray) -> np.ndarray:
        w, p, valve, seen, own, exhaust, warm, heat = flat.reshape(8, n)
        out = load(t)
        # the battery answers speed and its slope at once: droop of 1 %, 5 s of inertia
        b = -battery * (w / 0.01 + 5 * (p - out) / h) / (1 + 5 * battery / h)
        b = np.clip(b, -battery, battery)
        error = np.clip(r * (start - seen) - w, -most, most)
        by_speed, gap = kp * error + own, hottest - exhaust
        by_heat = kpload * gap + heat
        asked = np.clip(np.minimum(by_speed, by_heat), vmin, vmax)
        dw = (p + b - out) / (2 * h)
        d_own = np.where((by_speed <= asked) | (error < 0), ki * error, 0)
        d_heat = np.where((by_heat <= asked) | (gap < 0), kiload * gap, 0)
        return np.concatenate([
            dw, (kturb * (valve - wfnl) - p) / tb,
            np.clip((asked - valve) / tact, -d["valve"], d["valve"]), (out - b - seen) / tpelec,
            np.where((own >= vmax) & (d_own > 0) | (own <= vmin) & (d_own < 0), 0, d_own),
            (warm + tsa / tsb * (valve - warm) - exhaust) / tfload, (valve - warm) / tsb,
            np.where((heat >= vmax) & (d_heat > 0), 0, d_heat),
        ])  # fmt: skip

    start = load(0)
    valve = start / kturb + wfnl
    heat = np.maximum(vmax - kpload * (hottest - valve), valve)
    state = np.concatenate([np.zeros(n), start, valve, start, valve, valve, valve, heat])
    run = RK23(slopes, 0, state, CLOCK[-1], max_step=0.1, rtol=1e-3, atol=1e-4)
    bounds = limits_hz(db, d["wide"])
    spells, out = [np.zeros(n) for _ in bounds], np.zeros(n, dtype=bool)
    while run.status == "running":
        run.step()
        hz = 60 * (1 + run.y[:n])
        for i, (sign, seconds, limit) in enumerate(bounds):
            beyond = sign * (hz - limit) > 0
            spells[i] = np.where(beyond, spells[i] + run.t - run.t_old, 0)
            out |= beyond & (spells[i] > seconds)
    return out


def thrown(db: Database) -> float:
    """Chance that a plant leaves its limits in a swing, and in none with the storage claimed."""
    d = island_plants(db)
    bare = leave(db, d, False).reshape(-1, 6).any(axis=1)
    some = {k: v[np.repeat(bare, 6)] for k, v in d.items()}
    held = ~leave(db, some, True).reshape(-1, 6).any(axis=1)
    return float(held.sum() / PLANTS)


def packs(db: Database) -> float:
    """Chance that money or deliveries come to hundreds of Megapacks."""
    rng = np.random.default_rng(37)
    bought = db.drawn("megapack-order-2025", N, rng) / db.drawn("megapack-price", N, rng)
    most = np.maximum(bought, db.range("megapacks-post")[0])
    return float((most >= db.range("hundreds")[0]).mean())


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


UNITS = "incomplete beta function, weather by two degrees; costs by every number of units out"
SWINGS = (
    "GGOV1 as differential equations by SciPy's RK23, 1,000 plants and six swings; the lag of"
    " storage, of hundredths of a second, and voltage left out"
)
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
    Check("power", "verdict:power-plant-grade#probability",
          "1.2 GW is large, and one spare unit too few by rule and by cost", DRAWS,
          f"{UNITS}; 2,800 draws", plant_grade, 0.025),
    Check("power", "verdict:power-plant-grade", "Reserve at one day in ten years, median, %", DRAWS,
          f"{UNITS}; 2,800 draws", lambda db: float(np.median(reserve(db))), 0.02),
    Check("power", "verdict:power-stable/swings/#probability",
          "Swings throw the island out of its limits, and not with batteries", LIBRARY, SWINGS,
          thrown, 0.03),
    Check("power", "verdict:power-stable/battery count/#probability", "Megapacks in the hundreds",
          DRAWS, "order over price, or what was delivered; 60,000 draws", packs, 0.01),
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
