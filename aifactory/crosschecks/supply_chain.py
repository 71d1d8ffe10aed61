"""Second routes of the chapter on the supply chain: SQL, and draws by plain NumPy."""

from __future__ import annotations

import datetime
from statistics import median

import numpy as np

from aifactory.crosschecks.base import (
    DRAWS,
    NEWEST,
    POST,
    PUBLISHED,
    SQL,
    Z95,
    Check,
    Database,
    drawn_once,
    spread,
)

N = 60_000
SOLD = '"supply_chain/monthly_revenue"'
TOLD = '"supply_chain/odm_shares"'
WAYS = '"supply_chain/replacement_routes"'
BYPASS_NEWEST = "2026-06-10"  # last statement on a route, from which its months count
TWO = ("Hon Hai", "Quanta")
Pair = tuple[np.ndarray, np.ndarray]


def growth(db: Database, company: str) -> float:
    """Revenue of 2025 over that of 2024, less one, %."""
    of = f"FROM {SOLD} WHERE company = '{company}' AND substr(month, 1, 4) ="
    total = "sum(revenue_ntd_million)"
    return 100 * (db.one(f"SELECT {total} {of} '2025'") / db.one(f"SELECT {total} {of} '2024'") - 1)


# --- TSMC ----------------------------------------------------------------------------------------


@drawn_once
def leading_square(db: Database, edition: str) -> np.ndarray:
    """Draws of the square of TSMC's share of leading-edge logic, the smallest measure, points."""
    rng = np.random.default_rng(71)
    quarter, day = {"post": ("2025Q3", (2026, 1, 15)), "newest": ("2025Q4", (2026, 4, 22))}[edition]
    money = dict(db.rows(
        'SELECT company, revenue_musd FROM "supply_chain/foundry_revenue_shares"'
        f" WHERE quarter = '{quarter}'"
    ))  # fmt: skip
    mix = dict(db.rows(
        f"SELECT company, value FROM \"supply_chain/leading_edge_mix\" WHERE quarter = '{quarter}'"
    ))  # fmt: skip
    own = money["TSMC"] * mix["TSMC"] / 100 * db.drawn("tsmc-wafer-part", N, rng)
    rivals = sum(rng.random(N) * x for x in (money["Samsung"], money["SMIC"], mix["Intel"]))
    share = 100 * own / (own + rivals)
    (y0, s0), (y1, s1) = db.rows(
        "SELECT year, share_pct FROM \"supply_chain/foundry_capacity\" WHERE location = 'TWN'"
        " AND segment = '16/14 nm and finer' ORDER BY year"
    )
    at = day[0] + datetime.date(*day).timetuple().tm_yday / 365
    capacity = s0 + (s1 - s0) * (at - y0 - 0.5) / (y1 - y0)
    capacity += 100 * db.drawn("capacity-forecast-error", N, rng) * (at - 2023.5) / 3
    share = np.minimum(share, capacity)
    if edition == "newest":
        share = np.minimum(share, 100 * db.drawn("tsmc-finer-than-7nm", N, rng))
    return share**2


# --- Hon Hai and Quanta --------------------------------------------------------------------------


def last_told(
    db: Database, link: str, company: str, day: str, kinds: str
) -> dict[str, float]:  # fmt: skip
    """The last share that each claimant had told by a day; brokers' notes are Morgan Stanley's."""
    found = db.rows(
        "SELECT replace(claimant, 'a reader of brokers'' notes', 'Morgan Stanley'), share_pct FROM"
        f" {TOLD} WHERE link = '{link}' AND company = '{company}' AND stated_on <= '{day}'"
        f" AND status IN ({kinds}) AND share_pct IS NOT NULL ORDER BY stated_on"
    )
    return {who: share / 100 for who, share in found}


def one_more(told: list[float], rng: np.random.Generator) -> np.ndarray:
    """Draws of what one more claimant would tell: Student's t of logits."""
    z = np.log(told) - np.log1p(-np.array(told))
    wide = z.std(ddof=1) * np.sqrt(1 + 1 / len(z))
    return 1 / (1 + np.exp(-z.mean() - wide * rng.standard_t(len(z) - 1, N)))


def by_sales(db: Database, rng: np.random.Generator) -> tuple[float, float]:
    """Median share of AI servers by sales of Hon Hai, and Quanta's over it."""
    d = {
        k: db.drawn(k, N, rng)
        for k in ("honhai-ai-sales-nine-months-2025", "twd-per-usd-2025", "gpu-server-share-2025",
                  "server-market-nine-months-2025", "quanta-sales-nine-months-2025",
                  "quanta-server-share-2025", "quanta-ai-share-of-servers")
    }  # fmt: skip
    first = d["honhai-ai-sales-nine-months-2025"]
    second = d["quanta-sales-nine-months-2025"] * d["quanta-server-share-2025"]
    second = second * d["quanta-ai-share-of-servers"]
    market = d["server-market-nine-months-2025"] * d["gpu-server-share-2025"]
    share = first / d["twd-per-usd-2025"] / market
    return float(np.median(share)), float(np.median(second / first))


def named(
    db: Database, link: str, racks: Pair, day: str, rng: np.random.Generator
) -> Pair:  # fmt: skip
    """Draws of both firms' shares in power supplies or cooling: own racks, or one maker of many."""
    lists = db.rows(
        'SELECT source_id, makers FROM "supply_chain/supplier_lists" WHERE'
        f" link = '{link}' AND stated_on <= '{day}'"
    )
    makers = {m for _, some in lists for m in some.split(";")} | set(TWO)
    n = len({source for source, _ in lists})
    k = len({source for source, some in lists if set(some.split(";")) & set(TWO)})
    low, high = db.rows(
        f"SELECT min(share_pct) / 100.0, max(share_pct) / 100.0 FROM {TOLD}"
        f" WHERE company = 'Delta' AND stated_on <= '{day}'"
    )[0]
    left = 1 - rng.uniform(low, high, N) if link == "power supplies" else np.ones(N)
    chance, reading = rng.beta(k + 0.5, n - k + 0.5, N), rng.random(N) < 0.5
    shares = []
    for rack in racks:
        own = np.minimum(2 * db.figure("honhai-own-parts") * rng.random(N) * rack, left)
        stick = left * (1 - rng.random(N) ** (1 / (len(makers) - 1))) * (rng.random(N) < chance)
        shares.append(np.where(reading, own, stick))
    return np.minimum(shares[0], 1 - shares[1]), shares[1]


@drawn_once
def links(db: Database, day: str) -> dict[str, Pair]:
    """Draws of both firms' shares in the four links, as known on a day."""
    rng = np.random.default_rng(72)
    first, second = (last_told(db, "NVL72 racks", c, day, "'told', 'forecast'") for c in TWO)
    hon = one_more(list(first.values()), rng)
    rest = [second[k] / (1 - first[k]) for k in first if k in second]
    quanta = (1 - hon) * one_more(rest, rng)
    nvidia = db.figure("nvidia-ai-servers-2025")
    other = nvidia + (1 - nvidia) * rng.random(N)
    racks = hon * other, quanta * other
    sold, over = by_sales(db, rng)
    told = last_told(db, "AI servers", "Hon Hai", day, "'told'")
    servers = one_more([*told.values(), sold], rng)
    ratio = median(second.values()) / median(first.values())
    ours = servers * rng.uniform(min(ratio, over), max(ratio, over), N)
    made = {"AI servers": (servers, np.minimum(ours, 1 - servers)), "integration": racks}
    return made | {k: named(db, k, racks, day, rng) for k in ("power supplies", "cooling")}


def large(db: Database, day: str, *which: str) -> float:
    """Chance that one firm holds a quarter, or both hold half, in all links named."""
    of = links(db, day)
    return float(np.logical_and.reduce([
        (np.maximum(*of[k]) >= 0.25) | (of[k][0] + of[k][1] >= 0.5) for k in which or of
    ]).mean())  # fmt: skip


# --- the longest wait, and the least replaceable link --------------------------------------------


def mixed(y: np.ndarray, x: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, their covariance and the variance of one more value, where groups differ.

    Groups are whitened by taking off a part of their means, so that a ratio of variances leaves
    ordinary least squares; the ratio of the largest restricted likelihood is searched alone.
    """
    from scipy.optimize import minimize_scalar

    _, of, size = np.unique(group, return_inverse=True, return_counts=True)
    same = (of[:, None] == of).astype(float) / size[of]
    mean_y, mean_x, freedom = same @ y, same @ x, len(y) - x.shape[1]

    def fitted(log_ratio: float) -> tuple[np.ndarray, np.ndarray, float, float]:
        ratio = np.exp(log_ratio)
        off = 1 - 1 / np.sqrt(1 + ratio * size[of])
        xs, ys = x - off[:, None] * mean_x, y - off * mean_y
        inverse = np.linalg.inv(xs.T @ xs)
        at = inverse @ xs.T @ ys
        own = ((ys - xs @ at) ** 2).sum() / freedom
        loss = freedom * np.log(own) + np.log1p(ratio * size).sum()
        return at, own * inverse, own * (1 + ratio), loss - np.linalg.slogdet(inverse)[1]

    best = minimize_scalar(lambda v: fitted(v)[3], bounds=(-14, 6), method="bounded")
    return fitted(best.x)[:3]


def power_waits(db: Database, day: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draws of the waits for what power needs, months: by item and kind, origins at random."""
    until = "as_of <= '2026-01' AND as_of <> '2026'" if day == POST else "1"
    item, kind, origin, log, width = db.columns(
        "SELECT item, kind, origin, ln(central_months), ln(1.0 * high_months / low_months) FROM"
        f" \"power/lead_times\" WHERE use = 'pooled' AND {until}"
    )
    items, kinds = sorted(set(item)), sorted(set(kind))
    x = np.column_stack([item == i for i in items] + [kind == k for k in kinds[1:]]).astype(float)
    mean, cov, other = mixed(log, x, origin)
    inside = np.median([w for w in width if w is not None]) / 2 / Z95
    market, waits = rng.standard_normal(N), {}
    for i, name in enumerate(items):
        at = np.concatenate([np.eye(len(items))[i], np.full(len(kinds) - 1, 1 / len(kinds))])
        z = rng.standard_normal(N)
        if name in ("turbine_heavy", "turbine_small", "step_up", "breaker", "switchgear"):
            z = np.sqrt(0.5) * (z + market)
        waits[name] = np.exp(at @ mean + np.sqrt(at @ cov @ at + other + inside**2) * z)
    return waits


def power_ways(db: Database, day: str, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws of the months to 1.2 GW on a site that is there, by each of the four ways."""
    t = power_waits(db, day, rng)
    erect = {k: db.drawn(f"plant-erection-{k}", N, rng) for k in ("heavy", "small")}
    gear = np.maximum.reduce([t["step_up"], t["breaker"], t["switchgear"]])
    gear = gear + db.drawn("substation-erection", N, rng)
    ramp = db.figure("post-power") / db.drawn("mobile-turbine-rate", N, rng)
    gas, permit = t["gas_lateral"], t["air_permit"]
    plant, small = (np.maximum(t[f"turbine_{k}"], permit) + v for k, v in erect.items())
    return [
        np.maximum(t["grid_us"], gear),
        np.maximum.reduce([plant, gas, gear]),
        np.maximum.reduce([small, gas, t["grid_partial"], gear]),
        np.maximum(t["turbine_mobile"], gas) + ramp,
    ]


def stated(db: Database, link: str, day: str, rng: np.random.Generator) -> np.ndarray:
    """Draws of a wait of chips, months: statements of two years alike, each a beta-PERT."""
    since, until, years = (
        ("2024-01", "2026-01", "'2024', '2025'") if day == POST
        else ("2024-06", "2026-06", "'2024', '2025', '2026'")
    )  # fmt: skip
    low, mode, high = db.columns(
        'SELECT low_weeks, central_weeks, high_weeks FROM "supply_chain/lead_times" WHERE use ='
        f" 'drawn' AND link = '{link}' AND (CAST(as_of AS TEXT) IN ({years}) OR (length(as_of) > 4"
        f" AND as_of BETWEEN '{since}' AND '{until}'))"
    )
    at, wide = rng.integers(len(low), size=N), np.maximum(high - low, 1e-9)
    part = rng.beta((1 + 4 * (mode - low) / wide)[at], (1 + 4 * (high - mode) / wide)[at])
    return (low[at] + wide[at] * part) * 7 / 30.4375


@drawn_once
def margins(db: Database, day: str) -> Pair:
    """Draws of the months by which Taiwan's wait, and the loss of its links, exceed all others."""
    rng = np.random.default_rng(74)
    memory = stated(db, "memory", day, rng)
    ours = stated(db, "accelerators", day, rng) + db.drawn("chip-to-rack", N, rng)
    wait = np.concatenate([ours - np.maximum(memory, w) for w in power_ways(db, day, rng)])
    worst = {"yes": np.zeros(N), "no": np.zeros(N)}
    least = {"turbines": 1 / 3, "transformers": 0.0}  # what one country of those together holds
    left_out = "'wafers-island', 'optics', 'racks-two'" + (", 't-glass'" if day == POST else "")
    for link, of, *row in db.rows(
        "SELECT link_id, taiwan, lost_low_pct, lost_central_pct, lost_high_pct, recover_low_months,"
        " recover_central_months, recover_high_months, ramp_low_months, ramp_high_months FROM"
        f' "supply_chain/link_losses" WHERE link_id NOT IN ({left_out})'
    ):
        low, mid, high, soon, then, late, short, long = row
        lost = np.minimum(spread(low, mid, high, N, rng), 100) / 100
        lost *= rng.uniform(least.get(link, 1.0), 1.0, N)
        gone = lost * (spread(soon, then, late, N, rng) + rng.uniform(short, long, N) / 2)
        worst[of] = np.maximum(worst[of], gone)
    return wait, np.tile(worst["yes"] - worst["no"], 4)


# --- a way round the three firms -----------------------------------------------------------------


def one_more_time(record: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of one more value of a short positive record: Student's t of logarithms."""
    logs = np.log(record)
    wide = logs.std(ddof=1) * np.sqrt(1 + 1 / len(logs))
    return np.exp(logs.mean() + wide * rng.standard_t(len(logs) - 1, n))


def first_and_last(db: Database, day: str) -> list[tuple]:
    """Routes as first and last stated by a day: name, status, slip, months to statement and plan.

    Months count from the day; the slip is NULL where a route was stated once.
    """
    return db.rows(
        "SELECT b.route, b.status, (julianday(b.volume_date) - julianday(a.stated_on)) /"
        " CASE WHEN a.stated_on < b.stated_on THEN julianday(a.volume_date) -"
        f" julianday(a.stated_on) END, (julianday(b.stated_on) - julianday('{day}')) / 30.4375,"
        f" (julianday(b.volume_date) - julianday('{day}')) / 30.4375 FROM {WAYS} a, {WAYS} b WHERE"
        f" a.route = b.route AND a.stated_on = (SELECT min(stated_on) FROM {WAYS} WHERE route ="
        f" a.route) AND b.stated_on = (SELECT max(stated_on) FROM {WAYS} WHERE route = a.route AND"
        f" stated_on <= '{day}')"
    )


@drawn_once
def ways_round(db: Database, day: str) -> dict[str, np.ndarray]:
    """Draws of what decides when a site is full without TSMC, Quanta and Hon Hai."""
    rng = np.random.default_rng(73)
    d = {k: db.drawn(k, N, rng) for k in (
        "facility-to-it-peak", "gb-rack-kw-per-gpu", "blackwell-die-area", "n5-defects",
        "network-storage-overhead",
        "packages-per-cowos-wafer", "wafer-cycle", "chip-to-rack", "plant-ramp", "taylor-wafers",
        "samsung-korea-wafers", "amkor-korea-wafers", "new-packaging-wafers", "tpu-over-gpu",
        "nvl72-racks-2025", "supermicro-racks", "ascend-unit-power", "ascend-units")}  # fmt: skip
    site = 1e3 * db.figure("post-power") / d["facility-to-it-peak"] / d["network-storage-overhead"]
    d["gpus"], d["ascends"] = site / d["gb-rack-kw-per-gpu"], site / d["ascend-unit-power"]
    area, side = d["blackwell-die-area"], 300
    whole = np.pi * side**2 / 4 / area - np.pi * side / np.sqrt(2 * area)
    spots = area / 100 * d["n5-defects"]
    d["wafers"] = 2 * d["gpus"] / whole / ((1 - np.exp(-spots)) / spots) ** 2
    d["packed"] = d["gpus"] / d["packages-per-cowos-wafer"]
    usual = 1e3 * db.figure("post-power") / db.figure("facility-to-it-peak")
    usual /= db.figure("gb-rack-kw-per-gpu") * db.figure("network-storage-overhead")
    usual /= 2 * db.figure("blackwell-sold-2025")
    most = db.figure("queue-share-high")
    d["share"] = spread(usual, np.sqrt(usual * most), most, N, rng)
    low, mid, high = db.rows(
        'SELECT lost_low_pct, lost_central_pct, lost_high_pct FROM "supply_chain/link_losses"'
        " WHERE link_id = 'racks-two'"
    )[0]
    d["racks lost"] = spread(low, mid, high, N, rng) / 100
    known = first_and_last(db, day)
    slip = one_more_time(np.array([r[2] for r in known if r[2]]), N, rng)
    plans = db.one(f"SELECT count(DISTINCT route) FROM {WAYS} WHERE status = 'plan'")
    given_up = rng.beta(0.5, plans + 0.5, N)
    for route, status, _, said, due in known:
        start = np.maximum(said + slip * (due - said), 0)
        start[rng.random(N) < given_up] = np.inf
        d[route] = start if status == "plan" else np.zeros(N)
    moves = db.columns(
        "SELECT (julianday(volume_date) - julianday(decided_on)) / 30.4375 FROM"
        " \"supply_chain/foundry_moves\" WHERE use = 'counted'"
    )[0]
    d["move"] = one_more_time(moves, N, rng)
    d["orders"] = db.figure("intel-packages-2028") / 12 * d["tpu-over-gpu"]
    d["orders"] = d["orders"] / d["packages-per-cowos-wafer"]
    return d


def full_by(d: dict[str, np.ndarray], month: float, china: bool = True) -> np.ndarray:
    """Whether a site is full by a month: what has been made by then against what it needs."""
    ramp = d["plant-ramp"]

    def made(at: np.ndarray, *routes: Pair) -> np.ndarray:
        out = np.zeros(N)
        for start, rate in routes:
            x = np.maximum(at - start, 0) / ramp
            out += rate * ramp * np.where(x < 1, x * x / 2, x - 0.5)
        return out * d["share"]

    chips = month - d["chip-to-rack"]
    etched, new = chips - d["wafer-cycle"], d["new-packaging-wafers"]
    texas = np.maximum(d["Samsung Taylor"], d["move"])
    wafers = np.maximum(made(etched, (d["move"], d["samsung-korea-wafers"])),
                        made(etched, (texas, d["taylor-wafers"])))  # fmt: skip
    ordered = d.get("Intel EMIB, one customer's order")
    intel = (d["Intel EMIB packaging"], new) if ordered is None else (ordered, d["orders"])
    packed = made(chips, (d["Amkor Korea"], d["amkor-korea-wafers"]), intel, (d["move"], new),
                  (d["Amkor Peoria packaging"], new))  # fmt: skip
    others = d["nvl72-racks-2025"] / 12 * (1 - d["racks lost"]) + d["supermicro-racks"]
    racks = made(np.full(N, month), (np.zeros(N), others))
    done = (wafers >= d["wafers"]) & (packed >= d["packed"]) & (racks >= d["gpus"] / 72)
    if china:
        done |= d["share"] * d["ascend-units"] / 12 * month >= d["ascends"]
    return done


def not_in_five_years(db: Database, day: str, china: bool = True) -> float:
    """Chance that no way round is done in 60 months."""
    return float(1 - full_by(ways_round(db, day), 60, china).mean())


def months_round(db: Database, day: str) -> float:
    """Month by which half of the draws have a way round: bisection of the share."""
    low, high = 0.0, 240.0
    for _ in range(20):
        mid = (low + high) / 2
        late = full_by(ways_round(db, day), mid).mean() < 0.5
        low, high = (mid, high) if late else (low, mid)
    return high


def priciest(db: Database) -> float:
    """Cost of 1.2 GW by Bernstein's own total, billion USD."""
    per_gw = db.one(
        "SELECT min(central) FROM \"supply_chain/gw_capex_split\" WHERE line = 'total'"
        " AND source_id = 'bernstein-gw'"
    )
    return db.figure("post-power") / 1000 * per_gw


SQUARE = "revenue, capacity and printed share, the smallest, 60,000 draws from SQL"
SHARES = "told shares and lists of makers in SQL, 60,000 draws of the four links"

WAITS = "statements in SQL; origins whitened, so that least squares pool them; 60,000 draws"
LOSSES = "what a lost link costs, from the table in SQL, 60,000 draws"
ROUND = "what routes have made by then against the need, none solved for its month; 60,000 draws"

CHECKS = (
    Check("supply-chain", "verdict:supply-tsmc/leading-edge logic/post",
          "Square of TSMC's leading-edge share, post, median, points", DRAWS, SQUARE,
          lambda db: float(np.median(leading_square(db, "post"))), 0.01),
    Check("supply-chain", "verdict:supply-tsmc/leading-edge logic/newest",
          "Square of TSMC's leading-edge share, newest, median, points", DRAWS, SQUARE,
          lambda db: float(np.median(leading_square(db, "newest"))), 0.01),
    Check("supply-chain", "verdict:supply-tsmc/leading-edge logic/newest#probability",
          "That square passes 2,500, newest", DRAWS, SQUARE,
          lambda db: float((leading_square(db, "newest") > 2500).mean()), 0.005),
    Check("supply-chain", "verdict:supply-odm/all four links/post#probability",
          "Large in all four links, post", DRAWS, SHARES, lambda db: large(db, POST), 0.01),
    Check("supply-chain", "verdict:supply-odm/all four links/newest#probability",
          "Large in all four links, newest", DRAWS, SHARES, lambda db: large(db, NEWEST), 0.01),
    Check("supply-chain", "verdict:supply-odm/power supplies/newest#probability",
          "Large in power supplies, newest", DRAWS, SHARES,
          lambda db: large(db, NEWEST, "power supplies"), 0.02),
    Check("supply-chain", "verdict:supply-odm/AI servers/newest#probability",
          "Large in AI servers, newest", DRAWS, SHARES,
          lambda db: large(db, NEWEST, "AI servers"), 0.03),
    Check("supply-chain", "verdict:supply-one-scarcity/both/post#probability",
          "A Taiwanese link is the longest wait and the least replaceable, post", DRAWS, WAITS,
          lambda db: float((np.minimum(*margins(db, POST)) > 0).mean()), 0.002),
    Check("supply-chain", "verdict:supply-one-scarcity/both/newest#probability",
          "A Taiwanese link is the longest wait and the least replaceable, newest", DRAWS, WAITS,
          lambda db: float((np.minimum(*margins(db, NEWEST)) > 0).mean()), 0.002),
    Check("supply-chain", "verdict:supply-one-scarcity/both/post",
          "Months by which it exceeds all others, post, median", DRAWS, WAITS,
          lambda db: float(np.median(np.minimum(*margins(db, POST)))), 0.02),
    Check("supply-chain", "verdict:supply-one-scarcity/both/newest",
          "Months by which it exceeds all others, newest, median", DRAWS, WAITS,
          lambda db: float(np.median(np.minimum(*margins(db, NEWEST)))), 0.02),
    Check("supply-chain", "verdict:supply-one-scarcity/least replaceable/newest#probability",
          "A Taiwanese link is the least replaceable, newest", DRAWS, LOSSES,
          lambda db: float((margins(db, NEWEST)[1] > 0).mean()), 0.015),
    Check("supply-chain", "verdict:supply-bypass/any builder/post#probability",
          "No way round the three firms in five years, post", DRAWS, ROUND,
          lambda db: not_in_five_years(db, POST), 0.015),
    Check("supply-chain", "verdict:supply-bypass/any builder/newest#probability",
          "No way round the three firms in five years, newest", DRAWS, ROUND,
          lambda db: not_in_five_years(db, BYPASS_NEWEST), 0.015),
    Check("supply-chain", "verdict:supply-bypass/any builder/newest",
          "Months until a site is full without them, newest, median", DRAWS,
          f"{ROUND}; the month by which half of the draws have",
          lambda db: months_round(db, BYPASS_NEWEST), 0.02),
    Check("supply-chain",
          "verdict:supply-bypass/a builder in the United States/newest#probability",
          "No way round them in five years in the United States, newest", DRAWS, ROUND,
          lambda db: not_in_five_years(db, BYPASS_NEWEST, china=False), 0.015),
    Check("supply-chain", "supply-odm-growth-hh", "Growth of Hon Hai's revenue in 2025, %", SQL,
          "sums of months", lambda db: growth(db, "Hon Hai"), 0.03),
    Check("supply-chain", "supply-odm-growth-qu", "Growth of Quanta's revenue in 2025, %", SQL,
          "sums of months", lambda db: growth(db, "Quanta"), 0.03),
    Check("supply-chain", "supply-tsmc-designs-tsmc", "Accelerators made by TSMC alone", SQL,
          "count of rows", lambda db: db.one(
              "SELECT count(*) FROM \"supply_chain/ai_chip_foundry\" WHERE foundry = 'TSMC'"
              " AND chip NOT LIKE 'Tesla AI%'"), 0.0),
    Check("supply-chain", "supply-bypass-cost-a", "Cost of 1.2 GW, billion USD", PUBLISHED,
          "1.2 × what Bernstein publishes for a gigawatt", priciest, 0.005),
)  # fmt: skip
