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
    Check,
    Database,
    drawn_once,
)

N = 60_000
SOLD = '"supply_chain/monthly_revenue"'
TOLD = '"supply_chain/odm_shares"'
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


def priciest(db: Database) -> float:
    """Cost of 1.2 GW by Bernstein's own total, billion USD."""
    per_gw = db.one(
        "SELECT min(central) FROM \"supply_chain/gw_capex_split\" WHERE line = 'total'"
        " AND source_id = 'bernstein-gw'"
    )
    return db.figure("post-power") / 1000 * per_gw


SQUARE = "revenue, capacity and printed share, the smallest, 60,000 draws from SQL"
SHARES = "told shares and lists of makers in SQL, 60,000 draws of the four links"

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
