"""Second routes of the chapter on networking: SQL, closed forms, and draws by plain NumPy."""

from __future__ import annotations

import numpy as np

from aifactory.crosschecks.base import (
    DRAWS,
    FORM,
    LIBRARY,
    PUBLISHED,
    Check,
    Database,
    drawn_once,
)

N = 60_000
HOURS = 8760.0
HERD = '"networking/interruptions_by_cause"'
RUN = "\"networking/reliability_points\" WHERE study = 'Llama 3.1 405B pre-training'"


# --- how often a job stops -----------------------------------------------------------------------


def herd_hours(db: Database) -> float:
    """Million GPU-hours of the Llama 3 run."""
    return db.one(f"SELECT accelerators * period_days * 24 / 1e6 FROM {RUN}")


def herd_rate(db: Database) -> float:
    """Interruptions of that run in a million GPU-hours."""
    return db.one(f"SELECT sum(interruptions) FROM {HERD}") / herd_hours(db)


def garwood_low(db: Database) -> float:
    """Lower end of Garwood's exact 90 % interval for that rate."""
    from scipy.stats import chi2

    count = db.one(f"SELECT sum(interruptions) FROM {HERD}")
    return float(chi2.ppf(0.05, 2 * count)) / 2 / herd_hours(db)


def failures(db: Database, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of the failures a GPU-hour of a cluster not in the data: random effects by moments."""
    count, hours = db.columns(
        "SELECT coalesce(events, failures_per_1000_node_days / 1000.0 * d / 8), 24.0 * d FROM"
        ' (SELECT *, accelerators * period_days * 1.0 d FROM "networking/reliability_points"'
        " WHERE pooled = 'True')"
    )
    y, w = np.log(count / hours), count
    mean = (w * y).sum() / w.sum()
    between = (w * (y - mean) ** 2).sum() - (len(y) - 1)
    between = max(0.0, between / (w.sum() - (w**2).sum() / w.sum()))
    w = 1 / (1 / w + between)
    mean = (w * y).sum() / w.sum()
    return np.exp(mean + np.sqrt(between + 1 / w.sum()) * rng.standard_t(len(y) - 2, n))


# --- what interruptions cost in a year -----------------------------------------------------------


@drawn_once
def over_capital(db: Database) -> np.ndarray:
    """Draws of the yearly cost of interruptions over the capital charge, replicas recovering."""
    rng = np.random.default_rng(61)
    low, high = (db.figure(f"post-gpus-{k}") for k in ("low", "high"))
    per_hour = failures(db, N, rng)
    stops = per_hour * rng.uniform(low, high, N)
    away = db.drawn("restart-automatic", N, rng) / 60
    stall = db.drawn("replica-stall", N, rng) / 60
    useful = np.exp(-stall * stops) / (1 + db.drawn("replica-gpus", N, rng) * per_hour * away)
    z = rng.standard_normal(N)  # rent and capital move together
    rent, capital = (at_normal(db.range(k), z) for k in ("gpu-hour-value", "gpu-capital"))
    interest, life = (db.drawn(k, N, rng) for k in ("gpu-cost-of-capital", "gpu-life"))
    charge = capital * interest / (1 - (1 + interest) ** -life)
    return HOURS * rent * (1 - useful + db.drawn("spare-gpus", N, rng)) / charge


def at_normal(ends: tuple[float, float, float], z: np.ndarray) -> np.ndarray:
    """A positive range at given normal scores."""
    a, m, b = np.log(ends)
    return np.exp(m + np.where(z < 0, m - a, b - m) * z / 1.6448536)


# --- what one stop costs -------------------------------------------------------------------------


def cut_exponential(mean: np.ndarray, end: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exponential times with `mean` that end before `end`."""
    return -mean * np.log1p(-rng.random(mean.shape) * -np.expm1(-end / mean))


def best_interval(write: np.ndarray) -> np.ndarray:
    """Daly's interval by bisection: (1 − x) e^(x + d) = 1, times over the mean between failures."""
    low, high = np.zeros_like(write), np.ones_like(write)
    for _ in range(50):
        x = (low + high) / 2
        early = np.log1p(-x) + x + write > 0
        low, high = np.where(early, x, low), np.where(early, high, x)
    return low


@drawn_once
def dollars(db: Database, edition: str, n: int = 20_000, each: int = 40) -> np.ndarray:
    """Draws of the cost of one stop, USD: what is unknown (n), and stops in each of them."""
    rng = np.random.default_rng(62)
    gpus, rent, auto, hand, size, speed = (
        db.drawn(k, n, rng)[:, None]
        for k in (f"job-gpus-{edition}", "gpu-hour-value", "restart-automatic", "restart-by-hand",
                  "checkpoint-size", "checkpoint-rate")
    )  # fmt: skip
    between = 1 / (gpus * failures(db, n, rng)[:, None])
    write = size / speed / 3600
    work = between * best_interval(write / between)
    lost = cut_exponential(np.broadcast_to(between, (n, each)), work + write, rng)
    stops = db.one(f"SELECT sum(interruptions) FROM {HERD}")
    manual = db.figure("llama3-manual")
    people = rng.random((n, each)) < rng.beta(manual + 0.5, stops - manual + 0.5, (n, 1))
    return gpus * rent * (lost + np.where(people, hand, retried(auto / 60, between, each, rng)))


def retried(
    restart: np.ndarray, between: np.ndarray, each: int, rng: np.random.Generator
) -> np.ndarray:
    """Hours of restarts that failures may strike: 40 tries one by one, then an exponential limit.

    What is left of a restart that seldom succeeds is exponential, with the mean of all of it.
    """
    m, r = (np.broadcast_to(x, (len(between), each)) for x in (between, restart))
    down, going = r.copy(), np.ones(m.shape, bool)
    for _ in range(40):
        gap = rng.exponential(m)
        going &= gap < r
        down += np.where(going, gap, 0)
    rest = rng.exponential(np.maximum(m * np.expm1(np.minimum(r / m, 30)) - r, 0))
    return down + np.where(going, rest, 0)


def most_over(db: Database, edition: str) -> float:
    """Share of settings in which more than half of the stops cost over a million."""
    return float(((dollars(db, edition) > 1e6).mean(axis=1) > 0.5).mean())


# --- one task on ever more accelerators ----------------------------------------------------------

Group = tuple[np.ndarray, np.ndarray, np.ndarray]  # accelerators, minutes, runs behind each


def groups(db: Database) -> dict[tuple[str, str, str], Group]:
    """The fastest score at each size of a round, accelerator and task, sizes rising."""
    found: dict[tuple[str, str, str], list[tuple]] = {}
    for *key, size, minutes, runs in db.rows(
        "SELECT round, accelerator_family, benchmark, accelerators, min(score_scaled_min), runs"
        ' FROM "networking/mlperf_scores" WHERE republished = 0'
        " GROUP BY round, accelerator_family, benchmark, accelerators ORDER BY accelerators"
    ):
        found.setdefault(tuple(key), []).append((size, minutes, runs))
    return {k: tuple(np.array(rows, float).T) for k, rows in found.items()}


def amdahl(n: np.ndarray, minutes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time of the reference, and the share that waits: n t on a line, by relative errors."""
    w = 1 / (n * minutes)  # `minutes` (..., sizes)
    x = n - 1
    s0, s1, s2 = ((w * w * x**k).sum(axis=-1) for k in (0, 1, 2))
    y0, y1 = ((w * x**k).sum(axis=-1) for k in (0, 1))
    base, slope = y0 * s2 - y1 * s1, y1 * s0 - y0 * s1  # both over s0 s2 - s1^2
    line = (base > 0) & (slope > 0)
    first = np.where(line, base / np.where(line, s0 * s2 - s1 * s1, 1), y0 / s0)
    return first, np.where(line, slope / np.where(line, base, 1), 0)


def kept(n: np.ndarray | float, share: np.ndarray) -> np.ndarray:
    """Efficiency on n reference systems by Amdahl's law."""
    return 1 / (1 + share * (n - 1))


def told_errors(db: Database) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where larger systems were foretold from smaller ones: doublings, log error, vote."""
    rows = []
    for sizes, minutes, _ in groups(db).values():
        n = sizes / sizes[0]
        cuts = [(k, at) for k in range(3, len(n)) for at in range(k, len(n))]
        for k, at in cuts:
            first, share = amdahl(n[:k], minutes[:k])
            error = np.log(first / n[at] / kept(n[at], share) / minutes[at])
            rows.append((np.log2(n[at] / n[k - 1]), error, 1 / len(cuts)))
    doublings, errors, votes = np.array(rows).T
    return doublings, errors, votes


def error_law(
    d: np.ndarray, e: np.ndarray, votes: np.ndarray
) -> tuple[float, float, float, np.ndarray]:
    """Bias a doubling, spread at none and by doublings, and the errors in units of their spread.

    The largest likelihood over both spreads; the bias that goes with them is a weighted mean.
    """
    from scipy.optimize import minimize

    def bias(v: np.ndarray) -> float:
        return float((votes * d * e / v).sum() / (votes * d * d / v).sum())

    def loss(p: np.ndarray) -> float:
        v = np.exp(2 * p[0]) + np.exp(2 * p[1]) * d * d
        return float((votes * (np.log(v) + (e - bias(v) * d) ** 2 / v)).sum())

    best = minimize(loss, np.log([e.std(), e.std() / 3]), method="Nelder-Mead")
    none, each = np.exp(best.x)
    v = none**2 + (each * d) ** 2
    return bias(v), float(none), float(each), (e - bias(v) * d) / np.sqrt(v)


@drawn_once
def strong(db: Database) -> np.ndarray:
    """Draws of the efficiency that one fixed task keeps on 300,000 accelerators, %."""
    rng, each = np.random.default_rng(66), 8000
    d, e, votes = told_errors(db)
    bias, none, growing, standard = error_law(d, e, votes)
    size, made = db.figure("post-gpus-low"), []
    for (edition, _, task), (sizes, minutes, runs) in groups(db).items():
        if task not in ("gpt3", "llama31_405b"):
            continue
        pool = db.columns(
            "SELECT (ln(time_to_train_min) - m) * sqrt(n / (n - 1.0)) FROM (SELECT *,"
            " avg(ln(time_to_train_min)) OVER (PARTITION BY system_key) m, count(*) OVER (PARTITION"
            ' BY system_key) n FROM "networking/mlperf_runs" WHERE republished = 0 AND round ='
            f" '{edition}' AND benchmark = '{task}') WHERE n > 1"
        )[0]
        moved = []
        for m in runs.astype(int):  # a score is the mean without the fastest and the slowest run
            again = np.sort(rng.choice(pool, (each, m)), axis=1)
            moved.append(again[:, 1:-1].mean(axis=1) if m > 2 else again.mean(axis=1))
        other = minutes * np.exp(np.column_stack(moved) - pool.mean())
        share = amdahl(sizes / sizes[0], other)[1]
        far = np.log2(size / sizes[-1])
        z = rng.choice(standard, each, p=votes / votes.sum())
        off = bias * far + np.hypot(none, growing * far) * z
        told = kept(size / sizes[0], share) * np.exp(off)
        made.append(np.minimum(told, kept(sizes[-1] / sizes[0], share)))
    return 100 * np.concatenate(made)


@drawn_once
def growing(db: Database) -> np.ndarray:
    """Draws of the efficiency that growing work keeps on 300,000 accelerators, three records, %."""
    rng, goal = np.random.default_rng(67), db.figure("post-gpus-low")
    d, e, votes = told_errors(db)
    _, none, each, standard = error_law(d, e, votes)
    name = "networking-single-brain-weak-"
    loss, low, last = (db.printed("networking", name + k) for k in ("loss", "spread", "last"))
    high = db.printed("networking", name + "spread", 1)
    slope = np.log1p(-loss / 100)
    wide = (np.log1p(-low / 100) - np.log1p(-high / 100)) / 2 / 1.6448536
    least = db.one('SELECT min(gpus) FROM "networking/throughput_scaling"')
    slope = np.minimum(slope + wide * rng.standard_normal(N), 0)
    record = "FROM \"networking/mfu_published\" WHERE kind = '{}' ORDER BY accelerators"
    sizes, had = db.columns(
        "SELECT accelerators, relative_efficiency " + record.format("fixed work each")
    )
    share = amdahl(sizes / sizes[0], 1 / (sizes * had))[1]
    grown = db.one("SELECT accelerators " + record.format("grown model"))

    def carried(told: np.ndarray, most: np.ndarray, end: float) -> np.ndarray:
        far = np.log2(goal / end)
        z = rng.choice(standard, N, p=votes / votes.sum())
        return np.minimum(told * np.exp(np.hypot(none, each * far) * z), most)

    recipes = [np.exp(slope * np.log2(n / least)) for n in (goal, last)]
    frontier = [kept(n / sizes[0], share) for n in (goal, sizes[-1])]
    return 100 * np.concatenate([
        carried(recipes[0], recipes[1], last), carried(np.ones(N), np.ones(N), grown),
        carried(frontier[0], frontier[1], sizes[-1]),
    ])  # fmt: skip


# --- slower networks -----------------------------------------------------------------------------


def picked(ranges: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draws from ranges (lows and highs), each as likely as any other."""
    low, high = ranges
    at = rng.integers(len(low), size=N)
    return low[at] + (high - low)[at] * rng.random(N)


def slowdown(db: Database, rng: np.random.Generator) -> np.ndarray:
    """Draws of how much longer an all-reduce takes on an ordinary network."""
    ratio = np.sort(db.columns(
        "SELECT r FROM (SELECT max(bus_bandwidth_gb_s) OVER (PARTITION BY message_bytes) * 1.0 /"
        ' bus_bandwidth_gb_s r FROM "networking/nccl_all_reduce" WHERE gpu = \'H100\' AND gpus'
        " = 16 AND port_gbit_s_per_gpu = 400 AND message_bytes >= 67108864) WHERE r > 1"
    )[0])  # fmt: skip
    ends = db.columns(
        'SELECT ratio_low, ratio_high FROM "networking/network_effects" WHERE quantity ='
        " 'collective' AND basis <> 'claim without method'"
    )
    tests = np.interp(rng.random(N), np.linspace(0, 1, len(ratio)), ratio)
    return np.where(rng.random(N) < 0.5, tests, picked(ends, rng))


def longer(db: Database, rng: np.random.Generator) -> np.ndarray:
    """Draws of the share by which a step grows on such a network."""
    exposed, total = (
        picked(db.columns('SELECT share_low, share_high FROM "networking/communication_shares"'
                           f" WHERE quantity = '{k}'"), rng)
        for k in ("exposed", "total")
    )  # fmt: skip
    widest = 2 / 3 * (1 - exposed)  # the backward pass
    hidden = np.clip(total - exposed, 0, widest)
    window = hidden + rng.random(N) * (widest - hidden)
    r = slowdown(db, rng)
    return (r - 1) * exposed + np.maximum(0, r * hidden - window)


def worth_it(db: Database) -> float:
    """Chance that the time lost is worth the network's share of the capital."""
    rng = np.random.default_rng(63)
    return float((longer(db, rng) >= db.drawn("network-capex-share", N, rng)).mean())


def halved(db: Database) -> np.ndarray:
    """Draws of the throughput left with a slower network and a straggler, %."""
    from scipy.special import ndtri

    rng = np.random.default_rng(64)
    over, edge = db.figure("straggler-jobs"), db.figure("straggler-threshold")
    low, _, high = db.range("straggler-mean")
    mean = low * (high / low) ** rng.random(N)
    # ln x ~ N(m, s²) with P(x > edge) = over and E x = mean: s²/2 + q s = ln(mean / edge)
    q = ndtri(1 - over)
    s = q + np.sqrt(q * q + 2 * np.log(mean / edge))
    late = np.exp(np.log(edge) + s * (ndtri(1 - over * rng.random(N)) - q))
    return 100 / (1 + longer(db, rng) + late)


REPLICAS = "replica goodput and rent over capital, 60,000 draws, rate by random effects"
STOP = "20,000 settings of 40 stops each; failures of the whole site, which are rare, left out"
ONE_TASK = "Amdahl's line by normal equations, errors of held-back systems, 8,000 draws a group"
GROWING = "printed slope of the recipes, error law by Nelder and Mead, 60,000 draws a record"
SLOW = "step lengths from ranges in SQL, 60,000 draws"

CHECKS = (
    Check("networking", "interruptions-crash-counts", "Interruptions of the Llama 3 run", PUBLISHED,
          "sum of the causes in SQL; the paper says 419",
          lambda db: db.one(f"SELECT sum(interruptions) FROM {HERD}"), 0.0),
    Check("networking", "interruptions-crash-llama-rate",
          "Interruptions in a million GPU-hours", FORM, "count over GPUs × days, in SQL",
          herd_rate, 0.003),
    Check("networking", "interruptions-crash-llama-rate:1", "Lower end of its 90 % interval",
          LIBRARY, "Garwood's exact interval from SciPy's chi-squared quantiles", garwood_low,
          0.01),
    Check("networking", "interruptions-crash-mtbf-100k",
          "Minutes between interruptions, 100,000 GPUs", FORM,
          "one over rate × size, from the printed rate in a million GPU-hours",
          lambda db: 60e6 / db.printed("networking", "interruptions-crash-rate")
          / db.printed("networking", "interruptions-crash-known-size"), 0.02),
    Check("networking", "verdict:interruptions-crash/with mitigations/#probability",
          "Interruptions cost more than the GPUs", DRAWS, REPLICAS,
          lambda db: float((over_capital(db) > 1).mean()), 0.02),
    Check("networking", "verdict:interruptions-crash/with mitigations",
          "Cost of interruptions over that of the GPUs, median", DRAWS, REPLICAS,
          lambda db: float(np.median(over_capital(db))), 0.05),
    Check("networking", "verdict:interruptions-cost//post", "Cost of one stop, post, median, M USD",
          DRAWS, STOP, lambda db: float(np.median(dollars(db, "post"))) / 1e6, 0.05),
    Check("networking", "verdict:interruptions-cost//newest",
          "Cost of one stop, newest, median, M USD", DRAWS, STOP,
          lambda db: float(np.median(dollars(db, "newest"))) / 1e6, 0.05),
    Check("networking", "verdict:interruptions-cost//newest#p95",
          "Cost of one stop, newest, upper end, M USD", DRAWS, "as above, 300,000 settings once",
          lambda db: float(np.quantile(dollars(db, "newest", 300_000, 1), 0.95)) / 1e6, 0.05),
    Check("networking", "verdict:interruptions-cost//post#probability",
          "Most stops cost over a million, post", DRAWS, STOP, lambda db: most_over(db, "post"),
          0.02),
    Check("networking", "verdict:interruptions-cost//newest#probability",
          "Most stops cost over a million, newest", DRAWS, STOP,
          lambda db: most_over(db, "newest"), 0.03),
    Check("networking", "verdict:networking-single-brain/strong scaling/#probability",
          "One task keeps half of its efficiency on 300,000 GPUs", DRAWS, ONE_TASK,
          lambda db: float((strong(db) > 50).mean()), 0.02),
    Check("networking", "verdict:networking-single-brain/strong scaling",
          "Efficiency that one task keeps there, median, %", DRAWS, ONE_TASK,
          lambda db: float(np.median(strong(db))), 0.05),
    Check("networking", "verdict:networking-single-brain/weak scaling/#probability",
          "Growing work keeps half of its efficiency on 300,000 GPUs", DRAWS, GROWING,
          lambda db: float((growing(db) > 50).mean()), 0.02),
    Check("networking", "networking-single-brain-bias-amdahl",
          "What Amdahl's law tells too little a doubling, %", LIBRARY,
          "likelihood over two spreads by Nelder and Mead, the bias a weighted mean",
          lambda db: 100 * float(np.expm1(error_law(*told_errors(db))[0])), 0.05),
    Check("networking", "verdict:networking-advantage#probability",
          "An ordinary network costs more time than the network's share", DRAWS, SLOW, worth_it,
          0.02),
    Check("networking", "verdict:networking-advantage",
          "Training time lost to an ordinary network, median, %", DRAWS, SLOW,
          lambda db: 100 * float(np.median(longer(db, np.random.default_rng(65)))), 0.05),
    Check("networking", "verdict:networking-halved#probability", "Half the throughput is lost",
          DRAWS, SLOW, lambda db: float((halved(db) <= 50).mean()), 0.02),
    Check("networking", "verdict:networking-halved", "Throughput left, median, %", DRAWS, SLOW,
          lambda db: float(np.median(halved(db))), 0.02),
    Check("networking", "networking-advantage-claim-ratio", "Claimed advantage of Spectrum-X", FORM,
          "claimed over ordinary share of line rate, from the figures",
          lambda db: db.figure("spectrumx-throughput") / db.figure("ethernet-throughput"), 0.005),
)  # fmt: skip
