"""Second routes of the chapter on robots: payback drawn again in plain NumPy, and closed forms."""

from __future__ import annotations

import math

import numpy as np

from aifactory.crosschecks.base import (
    DRAWS,
    FORM,
    LIBRARY,
    NEWEST,
    POST,
    SQL,
    Z95,
    Check,
    Database,
    drawn_once,
    spread,
)

N = 60_000
FEWER, PAIRED = 10_000, 200  # draws of robots, and pairs of jobs that each meets
YEAR = 8760.0
FOUR = "('security', 'guidance', 'logistics', 'handling')"
HOURS = ("one-shift", "two-shifts", "round-the-clock")


# --- does half a human pay back? -----------------------------------------------------------------


def prices(db: Database, day: str) -> np.ndarray:
    """Logarithm of what one robot costs, one value a maker."""
    return db.columns(
        "SELECT avg(ln(central_usd)) FROM \"robots/robot_prices\" WHERE is_worker_price = 'true'"
        f" AND robot_class = 'humanoid' AND known_from <= '{day}' GROUP BY maker"
    )[0]


def shift_shares(db: Database, use: str) -> list[float]:
    """Shares of jobs at sites with one shift, two shifts and round the clock."""
    group = {"security": "protective", "logistics": "production-transport",
             "handling": "production-transport"}.get(use, "all")  # fmt: skip
    off = db.figure(f"us-shift-work-{group}")
    evening, night, rotating = (
        db.figure(f"us-shift-{k}") for k in ("evening", "night", "rotating")
    )
    two, clock = 2 * off * (evening - night), off * (3 * night + rotating)
    return [1 - two - clock, two, clock]


def support_wage(db: Database) -> float:
    """Mean wage of those who look after robots, USD an hour."""
    return db.one(
        'SELECT sum(employment * hourly_mean_usd) / sum(employment) FROM "robots/oews_state"'
        " WHERE state = 'US' AND use = 'robot support'"
    )


def needed(db: Database, day: str, clock: bool, seed: int) -> np.ndarray:
    """Efficiency at which a robot pays back in three years, of jobs drawn at random, %."""
    rng = np.random.default_rng(seed)
    use, jobs, pay, error = db.columns(
        "SELECT use, employment, hourly_mean_usd, coalesce(mean_wage_rse_pct, 0) FROM"
        f" \"robots/oews_state\" WHERE state <> 'US' AND use IN {FOUR}"
        " AND employment IS NOT NULL AND hourly_mean_usd IS NOT NULL"
    )
    keeper = support_wage(db)
    job = rng.choice(len(jobs), N, p=jobs / jobs.sum())
    mix = {u: shift_shares(db, u) for u in set(use)}
    bounds = np.cumsum([mix[u] for u in use[job]], axis=1)
    shift = np.full(N, 2) if clock else (rng.random(N)[:, None] > bounds).sum(axis=1).clip(max=2)
    logs = prices(db, day)
    wide = logs.std(ddof=1) * np.sqrt(1 + 1 / len(logs))
    price = np.exp(logs.mean() + wide * rng.standard_t(len(logs) - 1, N))
    d = {
        k: db.drawn(f"robot-{k}", N, rng)
        for k in ("integration-share", "maintenance-share", "robots-per-supervisor", "availability",
                  "help-share", "power", "life-hours", "life-cap")
    }  # fmt: skip
    load = db.drawn("us-labour-load", N, rng)
    hours = np.choose(shift, [db.drawn(f"robot-hours-{k}", N, rng) for k in HOURS])
    hours = np.minimum(hours, YEAR)
    up = np.where(rng.random(N) < 0.5, np.minimum(d["availability"], 1), 1.0)
    person = pay[job] * (1 + error[job] / 100 * rng.standard_normal(N)) * load
    running = up * hours
    energy = d["power"] * db.drawn("us-electricity-industrial", N, rng)
    yearly = d["maintenance-share"] * price + hours * keeper * load / d["robots-per-supervisor"]
    yearly += running * (energy + d["help-share"] * person)
    span = np.minimum(3, np.minimum(d["life-hours"] / running, d["life-cap"]))
    low, _, high = db.range("robot-group-size")
    group, job_hours = rng.integers(int(low), int(high) + 1, N), db.figure("robot-hours-one-shift")
    worth = (price * (1 + d["integration-share"]) / span + yearly) / (job_hours * person)
    return 100 * np.ceil(group * worth) / group * job_hours / running


def pays(db: Database, day: str, clock: bool = False) -> float:
    """Chance that half of a person's output is enough."""
    return float((needed(db, day, clock, 21) <= 50).mean())


# --- what drives payback? ------------------------------------------------------------------------

BATCHES, EACH = 16, 2048
DRIVERS = {
    "throughput": ("pace",), "reliability": ("availability", "help-share", "life-hours"),
    "price": ("price",), "wage": ("wage", "load"), "hours": ("hours",),
    "integration": ("integration-share",), "supervision": ("robots-per-supervisor",),
    "realised share": ("group",), "maintenance": ("maintenance-share",),
    "energy": ("power", "tariff"), "capital": ("life-cap",),
}  # fmt: skip
TWO = ("throughput", "reliability")


def one_robot(
    db: Database, newest: bool, shift: str, rng: np.random.Generator, n: int = BATCHES * EACH
) -> dict:  # fmt: skip
    """Draws of all that the payback of a robot in the four uses hangs on."""
    told = dict(db.rows('SELECT obs_id, central FROM "robots/robot_performance"'))
    slow, half = told["ubtech-slite-2024"], db.figure("post-robot-efficiency")
    pace = (slow, slow * told["ubtech-slite-next-2024"], half)
    if newest:
        race = told["figure03-race-robot"] / told["figure03-race-human"]
        pace = (slow, told["ubtech-s2-2026"], race)
    wage, jobs = db.columns(
        f'SELECT hourly_mean_usd, employment FROM "robots/oews_metro" WHERE use IN {FOUR}'
        " AND hourly_mean_usd IS NOT NULL AND employment IS NOT NULL"
    )
    logs = prices(db, NEWEST if newest else POST)
    wide = logs.std(ddof=1) * np.sqrt(1 + 1 / len(logs))
    x = {k: db.drawn(f"robot-{k}", n, rng) for names in DRIVERS.values() for k in names
         if k not in ("pace", "price", "wage", "load", "hours", "tariff", "group")}  # fmt: skip
    low, _, high = db.range("robot-group-size")
    return x | {
        "pace": spread(*pace, n, rng),
        "group": rng.integers(int(low), int(high) + 1, n),
        "job": np.full(n, db.figure("robot-hours-one-shift")),
        "price": np.exp(logs.mean() + wide * rng.standard_t(len(logs) - 1, n)),
        "wage": rng.choice(wage, n, p=jobs / jobs.sum()),
        "load": db.drawn("us-labour-load", n, rng),
        "hours": np.minimum(db.drawn(f"robot-hours-{shift}", n, rng), YEAR),
        "tariff": db.drawn("us-electricity-industrial", n, rng),
    }


def payback_forms(x: dict, keeper: float) -> dict[str, np.ndarray]:
    """Return less wear, return, and whether payback comes in three years; the first unbounded."""
    run, person = np.minimum(x["availability"], 1) * x["hours"], x["wage"] * x["load"]
    freed = np.floor(x["group"] * x["pace"] * run / x["job"]) / x["group"]
    cost = x["maintenance-share"] * x["price"]
    cost += x["hours"] * keeper * x["load"] / x["robots-per-supervisor"]
    cost += run * (x["power"] * x["tariff"] + x["help-share"] * person)
    laid_out = x["price"] * (1 + x["integration-share"])
    net = (freed * x["job"] * person - cost) / laid_out
    life = np.minimum(x["life-hours"] / run, x["life-cap"])
    back = net * life >= 1
    returned = np.where(back, np.minimum(net, 1), 0)
    return {"net": net - 1 / life, "return": returned, "soon": back & (3 * net >= 1)}


@drawn_once
def totals(db: Database, newest: bool) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """Total Sobol indices of drivers, one value a batch, by shift and form of payback.

    One less the correlation of a result with that of the same robot, the driver alone redrawn.
    """
    rng, keeper = np.random.default_rng(25), support_wage(db)
    made: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for shift in HOURS:
        first, other = (one_robot(db, newest, shift, rng) for _ in range(2))
        base = payback_forms(first, keeper)
        order = np.sort(base["net"])

        def bounded(forms: dict, order: np.ndarray = order) -> dict[str, np.ndarray]:
            place = np.searchsorted(order, forms["net"]) / len(order)
            return forms | {"net": np.clip(forms["net"], -1, 1), "rank": place}

        for driver, names in DRIVERS.items():
            again = bounded(payback_forms(first | {k: other[k] for k in names}, keeper))
            for form, values in bounded(base).items():
                if form in ("return", "soon") and not 0.01 <= (values > 0).mean() <= 0.99:
                    continue
                a, b = (v.reshape(BATCHES, EACH) for v in (values, again[form]))
                a, b = (v - v.mean(axis=1, keepdims=True) for v in (a, b))
                index = 1 - 2 * (a * b).mean(axis=1) / (a * a + b * b).mean(axis=1)
                made.setdefault((shift, form), {})[driver] = index
    return made


def both_above(db: Database, newest: bool) -> float:
    """Share of batches and forms in which throughput and reliability outrank all the rest."""
    found = [
        np.minimum(*(t[k] for k in TWO)) > np.max([t[k] for k in t if k not in TWO], axis=0)
        for t in totals(db, newest).values()
    ]
    return float(np.mean(found))


def index_of(db: Database, driver: str) -> float:
    """A driver's total index in the rank of payback, two shifts, newest ranges."""
    return float(totals(db, True)["two-shifts", "rank"][driver].mean())


def soon(db: Database) -> float:
    """Draws that pay back within three years, round the clock, newest ranges, %."""
    robot = one_robot(db, True, "round-the-clock", np.random.default_rng(26), N)
    return 100 * float(payback_forms(robot, support_wage(db))["soon"].mean())


# --- do the four uses lead, in sales and in payback? ---------------------------------------------


@drawn_once
def sold_to_four(db: Database) -> np.ndarray:
    """Draws of the share of service robots sold that serve the four uses."""
    rng = np.random.default_rng(23)
    off = db.columns(
        "SELECT ln(a.units_sold / (1 + a.growth) / b.units_sold) FROM"
        ' "robots/ifr_service_robots" a JOIN "robots/ifr_service_robots" b ON a.application ='
        " b.application AND a.edition = b.edition + 1 WHERE a.application <> 'All professional'"
        " AND a.units_sold IS NOT NULL AND b.units_sold IS NOT NULL AND a.growth IS NOT NULL"
    )[0]
    units = dict(db.rows(
        'SELECT application, units_sold FROM "robots/ifr_service_robots" WHERE edition = 2025'
        " AND units_sold IS NOT NULL"
    ))  # fmt: skip
    units["Other"] = units.pop("All professional") - sum(units.values())
    units["Medical"] = db.one(
        'SELECT b.units_sold * (1 + a.growth) FROM "robots/ifr_service_robots" a JOIN'
        ' "robots/ifr_service_robots" b ON a.application = b.application WHERE a.edition = 2025'
        " AND b.edition = 2024 AND a.application = 'Medical'"
    )
    plates = db.one(
        'SELECT 1.0 * a.units_sold / b.units_sold FROM "robots/ifr_service_robots" a JOIN'
        ' "robots/ifr_service_robots" b ON a.part_of = b.application AND a.edition = b.edition'
    )
    ends = {
        name: (low, high) for name, low, high in db.rows(
            "SELECT use_class, share_low, share_high FROM \"robots/robot_uses\""
            " WHERE statistic = 'service'"
        )
    }  # fmt: skip
    ends["Transport and logistics"] = (1 - plates, 1.0)  # all goods, and the plates that count
    theirs = total = np.zeros(N)
    for name, count in units.items():
        level = count * np.exp(np.sqrt((off**2).mean()) * rng.standard_t(len(off), N))
        total = total + level
        theirs = theirs + level * rng.uniform(*ends[name], N)
    return theirs / total


def a_year(db: Database, group: tuple, day: str, d: dict, rng: np.random.Generator) -> tuple:
    """Draws of what a group's robot costs in a year but help, USD, and of its site's hours."""
    _, least, most, ids, fitted = group
    n, names = len(d["together"]), "', '".join(ids.split(";"))
    offers = db.rows(
        "SELECT coalesce(low, central_usd), coalesce(high, central_usd), per FROM"
        f" \"robots/robot_prices\" WHERE price_id IN ('{names}') AND known_from <= '{day}'"
        " UNION ALL SELECT low, high, 'robot' FROM \"robots/other_robot_prices\" WHERE price_id IN"
        f" ('{names}') AND known_from <= '{day}'"
    )
    first, last = (HOURS.index(k.replace(" ", "-")) for k in (least, most))
    open_for = np.array([db.drawn(f"robot-hours-{k}", n, rng) for k in HOURS])
    hours = np.minimum(open_for[rng.integers(first, last + 1, n), np.arange(n)], YEAR)
    which, cost, upkeep = (
        rng.integers(len(offers), size=n),
        np.zeros(n),
        db.figure("ifr-opex-share"),
    )
    for i, (low, high, per) in enumerate(offers):
        price = low * (high / low) ** ((rng.standard_normal(n) / Z95 + 1) / 2)
        bought = price * ((1 + d["integration-share"] * (fitted == "true")) / 3 + upkeep)
        yearly = {"robot": bought, "month": 12 * price, "hour": price * hours}[per]
        cost = np.where(which == i, yearly, cost)
    return cost + hours * (d["looked after"] + d["energy"]), hours


@drawn_once
def pairs_won(db: Database, day: str) -> np.ndarray:
    """Draws of the share of pairs of jobs in which one of the four needs less of its robot.

    Each draw of the robots meets some pairs of jobs drawn by employment, so that no job is ranked.
    """
    rng = np.random.default_rng(24)
    low, _, high = db.range("robot-group-size")
    d = {"integration-share": db.drawn("robot-integration-share", FEWER, rng)}
    d["together"] = rng.integers(int(low), int(high) + 1, FEWER)
    load = db.drawn("us-labour-load", FEWER, rng)
    d["looked after"] = (
        support_wage(db) * load / db.drawn("robot-robots-per-supervisor", FEWER, rng)
    )
    up = np.minimum(db.drawn("robot-availability", FEWER, rng), 1)
    d["energy"] = up * db.drawn("robot-power", FEWER, rng)
    d["energy"] *= db.drawn("us-electricity-industrial", FEWER, rng)
    help_share = db.drawn("robot-help-share", FEWER, rng)
    groups = db.rows(
        "SELECT in_the_four, use, hours_least, hours_most, price_ids, needs_integration FROM"
        ' "robots/use_groups"'
    )
    yearly, hours = zip(*(a_year(db, g[1:], day, d, rng) for g in groups), strict=True)
    job_hours, at = db.figure("robot-hours-one-shift"), np.arange(FEWER)[:, None]
    needed = []
    for side in ("true", "false"):
        jobs = db.rows(
            "SELECT use, hourly_mean_usd, employment FROM \"robots/oews_state\" WHERE state <> 'US'"
        )
        place = {g[1]: i for i, g in enumerate(groups) if g[0] == side}
        jobs = [(place[use], wage, count) for use, wage, count in jobs if use in place]
        group, wage, count = (np.array(x) for x in zip(*jobs, strict=True))
        pick = rng.choice(len(count), (FEWER, PAIRED), p=count / count.sum())
        person, site = wage[pick] * load[:, None], np.array(hours)[group[pick], at]
        running = up[:, None] * site
        cost = np.array(yearly)[group[pick], at] + help_share[:, None] * running * person
        together = d["together"][:, None]
        freed = np.ceil(together * cost / (job_hours * person)) / together
        needed.append(freed * job_hours / running)
    return (needed[0] < needed[1]).mean(axis=1) + (needed[0] == needed[1]).mean(axis=1) / 2


def both_lead(db: Database, day: str) -> float:
    """Chance that the four lead in sales and in payback: the two are apart, so a product."""
    return float((sold_to_four(db) > 0.5).mean() * (pairs_won(db, day) > 0.5).mean())


def lesser(db: Database, day: str) -> float:
    """Median of the lesser of the two shares, %."""
    return 100 * float(np.median(np.minimum(sold_to_four(db)[:FEWER], pairs_won(db, day))))


# --- sales of service robots against their trend -------------------------------------------------


def over_trend(db: Database) -> tuple[float, float, float, int]:
    """Growth of the last two editions, and what those before foretell: log mean, scale, freedom."""
    logs = db.columns(
        'SELECT ln(1 + growth_in_edition) FROM "robots/service_robot_growth" ORDER BY year'
    )[0]
    old, last = logs[:-2], logs[-2:].sum()
    n, s = len(old), old.std(ddof=1)
    return last, 2 * old.mean(), s * math.sqrt(2 + 4 / n), n - 1


def doubled(db: Database) -> float:
    """Chance that service robots sold at least twice what the trend gives, by Student's t."""
    from scipy.stats import t

    seen, mean, wide, freedom = over_trend(db)
    return float(t.cdf((seen - math.log(2) - mean) / wide, freedom))


def against_trend(db: Database) -> float:
    """Sales over the median of the trend."""
    seen, mean, *_ = over_trend(db)
    return math.exp(seen - mean)


# --- what robots do ------------------------------------------------------------------------------


def seen(db: Database, metric: str) -> float:
    """What was told of the robots at BMW."""
    return db.one(
        "SELECT central FROM \"robots/robot_performance\" WHERE source_id = 'figure-bmw-2025'"
        f" AND metric = '{metric}'"
    )


def clean_shifts(db: Database) -> float:
    """Shifts without a fault if the target holds for cycles, %."""
    cycles = seen(db, "parts_loaded") / 3 / seen(db, "runtime") * seen(db, "scheduled_shift")
    return 100 * seen(db, "placement_success_target") ** cycles


def wilson(good: float, tried: float) -> float:
    """Lower end of Wilson's 90 % interval for a share, %."""
    from statsmodels.stats.proportion import proportion_confint

    return 100 * float(proportion_confint(good, tried, alpha=0.1, method="wilson")[0])


PAYBACK = "the formulae of the section in 30 lines, 60,000 jobs with a robot each"

INDEX = "one less the correlation with the robot whose driver is redrawn, in plain NumPy"
SALES = "classes and revisions in SQL, 60,000 draws"
PAIRS = "2 million pairs of jobs, each with a draw of the robots: no job is ranked"

CHECKS = (
    Check("robots", "verdict:robots-payback/US jobs, shifts as worked/post#probability",
          "Half a person pays back in three years, shifts as worked, post", DRAWS, PAYBACK,
          lambda db: pays(db, POST), 0.01),
    Check("robots", "verdict:robots-payback/US jobs, shifts as worked/newest#probability",
          "Half a person pays back in three years, shifts as worked, newest", DRAWS, PAYBACK,
          lambda db: pays(db, NEWEST), 0.01),
    Check("robots", "verdict:robots-payback/US jobs, shifts as worked/newest",
          "Output of a person that pays back in three years, median, %", DRAWS, PAYBACK,
          lambda db: float(np.median(needed(db, NEWEST, False, 22))), 0.04),
    Check("robots", "verdict:robots-payback/US jobs, round the clock/newest#probability",
          "Half a person pays back in three years, round the clock, newest", DRAWS, PAYBACK,
          lambda db: pays(db, NEWEST, clock=True), 0.015),
    Check("robots", "verdict:robots-capital/service robots/newest#probability",
          "Service robots well above their trend", FORM,
          "Student's t of growth by edition, of sales alone: the weakest series rates the part",
          doubled, 0.01),
    Check("robots", "verdict:robots-capital/service robots/newest",
          "Service robots over their trend, median", FORM, "growth by edition in SQL",
          against_trend, 0.01),
    Check("robots", "robots-form-bmw-clean", "Shifts without a fault if 99 % of cycles succeed, %",
          FORM, "the target of the table to the power of its cycles a shift", clean_shifts, 0.01),
    Check("robots", "robots-form-mtbf", "Least time between failures after 200 h without, h", FORM,
          "rule of three, exact: 200 h over −ln 0.05", lambda db: 200 / -math.log(0.05), 0.01),
    Check("robots", "robots-form-xiaomi-interval", "Lower end of a share of 128 in 142, %", LIBRARY,
          "Wilson's interval from statsmodels, counts as printed; the chapter has the exact one",
          lambda db: wilson(db.printed("robots", "robots-form-xiaomi-count"),
                            db.printed("robots", "robots-form-xiaomi-count", 1)), 0.015),
    Check("robots", "verdict:robots-form//post#probability",
          "Throughput and reliability drive payback most, post", DRAWS, INDEX,
          lambda db: both_above(db, False), 0.03),
    Check("robots", "verdict:robots-form//newest#probability",
          "Throughput and reliability drive payback most, newest", DRAWS, INDEX,
          lambda db: both_above(db, True), 0.02),
    Check("robots", "robots-form-throughput-two",
          "Total index of throughput in the rank of payback, two shifts", DRAWS, INDEX,
          lambda db: index_of(db, "throughput"), 0.05),
    Check("robots", "robots-form-price-two", "Total index of price, the same", DRAWS, INDEX,
          lambda db: index_of(db, "price"), 0.05),
    Check("robots", "robots-form-soon:2",
          "Draws that pay back in three years round the clock, newest, %", DRAWS,
          "the formulae of the section in 15 lines, 60,000 draws", soon, 0.05),
    Check("robots", "verdict:robots-niches/both/post#probability",
          "The four uses lead in sales and in payback, post", DRAWS, PAIRS,
          lambda db: both_lead(db, POST), 0.025),
    Check("robots", "verdict:robots-niches/both/newest#probability",
          "The four uses lead in sales and in payback, newest", DRAWS, PAIRS,
          lambda db: both_lead(db, NEWEST), 0.025),
    Check("robots", "verdict:robots-niches/both/newest",
          "Lesser of the four uses' share of sales and of pairs of jobs, median, %", DRAWS, PAIRS,
          lambda db: lesser(db, NEWEST), 0.04),
    Check("robots", "verdict:robots-niches/deployments/newest#probability",
          "The four uses hold half of the robots sold", DRAWS, SALES,
          lambda db: float((sold_to_four(db) > 0.5).mean()), 0.02),
    Check("robots", "verdict:robots-niches/payback/newest#probability",
          "The four uses win most pairs of jobs, newest", DRAWS, PAIRS,
          lambda db: float((pairs_won(db, NEWEST) > 0.5).mean()), 0.03),
    Check("robots", "robots-niches-logistics", "Logistic robots sold in 2024", SQL,
          "one row of the table",
          lambda db: db.one('SELECT units_sold FROM "robots/ifr_service_robots" WHERE edition ='
                            " 2025 AND application = 'Transport and logistics'"), 0.005),
)  # fmt: skip
