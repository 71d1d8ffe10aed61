"""Second routes of the chapter on pace: SQL, an own product-limit estimate, and quadrature."""

from __future__ import annotations

import math

import numpy as np

from aifactory.crosschecks.base import (
    DRAWS,
    FORM,
    NEWEST,
    POST,
    QUADRATURE,
    SQL,
    Check,
    Database,
)

NEWEST_OUTCOME = {"post": POST, "newest": NEWEST}
LET = (
    "SELECT 100.0 * max(CASE WHEN site = 'Colossus 1' THEN h END) / sum(h) FROM (SELECT site,"
    " h100_equivalents h, max(date) FROM \"power/site_capacity\" WHERE site IN ('Colossus 1',"
    " 'Colossus 2') AND edition_date = (SELECT max(edition_date) FROM \"power/site_capacity\")"
    " AND date <= edition_date GROUP BY site)"
)
SETTLED = (
    "SELECT avg((p - o) * (p - o)) FROM (SELECT probability_percent / 100.0 p, outcome o"
    ' FROM "pace/agi_probabilities" WHERE outcome IS NOT NULL UNION ALL'
    " SELECT probability, outcome FROM (SELECT *, row_number() OVER (PARTITION BY question"
    " ORDER BY forecast_date) i FROM \"pace/market_forecasts\" WHERE question LIKE '%AGI%'"
    " AND outcome IS NOT NULL AND question NOT LIKE '%child%' AND question NOT LIKE"
    " '%believed%') WHERE i = 1)"
)


# --- promises on infrastructure ------------------------------------------------------------------


def promises(db: Database, day: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Project, slip ratio and whether delivered, of promises on infrastructure followed to a day.

    Sorted by ratio, deliveries before promises lost from sight at the same ratio.
    """
    project, ratio, done = db.columns(
        "SELECT project, t / h, done FROM (SELECT project, julianday(promised_by) -"
        " julianday(date_stated) h, julianday(CASE WHEN met THEN CASE WHEN outcome_date <="
        f" '{day}' THEN outcome_date ELSE '{day}' END ELSE min(outcome_as_of, '{day}') END) -"
        f" julianday(date_stated) t, met AND outcome_date <= '{day}' done FROM (SELECT *,"
        " status IN ('met on time', 'met late') met FROM \"pace/musk_promises\""
        " WHERE area = 'infrastructure' AND basis = 'seen' AND grade = 'ordinary'"
        " AND status <> 'unknown' AND promised_by IS NOT NULL"
        f" AND date_stated <= '{day}')) WHERE t > 0 AND h >= 30 ORDER BY t / h, done DESC"
    )
    return project, ratio.astype(float), done.astype(bool)


def median_slip(db: Database, day: str) -> float:
    """The ratio within which half of the promises are delivered, by the product-limit estimate."""
    _, ratio, done = promises(db, day)
    left = 1.0
    for i in range(len(ratio)):
        left *= 1 - done[i] / (len(ratio) - i)
        if left <= 0.5:
            return float(ratio[i])
    return math.inf


def chance_small(db: Database, day: str, draws: int = 20_000) -> float:
    """Chance that the median is small, with exponential weights for the projects."""
    project, ratio, done = promises(db, day)
    names, at = np.unique(project, return_inverse=True)
    weight = np.random.default_rng(11).exponential(size=(draws, len(names)))[:, at]
    at_risk = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1]
    left = np.cumprod(1 - done * weight / at_risk, axis=1)
    small = ratio <= db.figure("small-slip-ratio")
    return float((left[:, small][:, -1] <= 0.5 + 1e-12).mean())


# --- forecasts against outcomes ------------------------------------------------------------------


def outcomes(
    db: Database, field: str, day: str, growth: bool = False
) -> list[tuple[str, int, float, float]]:
    """Who, year, forecast and outcome, of what had been settled by a day; sites in two readings."""
    if field == "data-centre load":
        found = db.rows(
            "SELECT CASE region WHEN 'ERCOT' THEN region ELSE forecaster END, target_year,"
            " forecast, outcome FROM \"pace/load_forecast_vintages\" WHERE status = 'final'"
            f" AND known_on <= '{day}'"
        )
        return found + [row for row in sites(db, growth) if row[4] <= day]
    found = db.rows(
        'SELECT entity, target_year, forecast, actual FROM "pace/expectations_outcomes"'
        f" WHERE status = 'final' AND field = '{field}' AND known_on <= '{day}'"
        " AND entity NOT LIKE '% together'"
    )
    if field == "compute":
        found += db.rows(
            "SELECT 'NVIDIA', 1999 + substr(fiscal_quarter, 3, 2), consensus_busd, revenue_busd"
            f" FROM \"pace/nvidia_revenue_surprises\" WHERE report_date <= '{day}'"
        )
    return found


def sites(db: Database, growth: bool) -> list[tuple]:
    """The same of each site whose growth the tracker's first edition foresaw, and the day seen.

    By level, the power of the last day as both editions have it; by growth, less what each of them
    has on the first day.
    """
    rows = db.rows(
        'SELECT site, edition_date, date, facility_power_mw FROM "power/site_capacity"'
        " WHERE facility_power_mw IS NOT NULL ORDER BY date"
    )
    made = []
    for site in sorted({r[0] for r in rows}):
        editions = sorted({r[1] for r in rows if r[0] == site})
        first, last = editions[0], editions[-1]
        now, foreseen, there, reread = (
            ([0.0] + [mw for s, e, d, mw in rows if (s, e) == (site, edition) and d <= day])[-1]
            for edition, day in ((first, first), (first, last), (last, last), (last, first))
        )
        if last > first and foreseen > 1.1 * now:
            base = (now, reread) if growth else (0.0, 0.0)
            made.append((site, int(last[:4]), foreseen - base[0], there - base[1], last))
    return made


def clusters(db: Database, field: str, day: str, growth: bool) -> list[tuple[int, float]]:
    """Year and share of forecasts exceeded, of each firm or body and year; ties are left out."""
    told: dict[tuple[str, int], list[bool]] = {}
    for who, year, forecast, actual, *_ in outcomes(db, field, day, growth):
        told.setdefault((who, int(year)), [])
        if actual != forecast:
            told[who, int(year)].append(actual > forecast)
    return [(year, sum(v) / len(v) if v else math.nan) for (_, year), v in told.items()]


def reading(db: Database, field: str, day: str, growth: bool, steps: int = 200) -> tuple:
    """Both parameters of the beta posterior, by the correlation within a year, even over 0 to 1."""
    found = clusters(db, field, day, growth)
    first = min(year for year, _ in found)
    held = [(y, s) for y, s in found if y > first and not math.isnan(s)]
    rho = (np.arange(steps) + 0.5) / steps
    up, down = np.ones(steps), np.ones(steps)
    for year, share in held:
        weight = 1 / (1 + (sum(y == year for y, _ in held) - 1) * rho)
        up += weight * share
        down += weight * (1 - share)
    return up, down


def posterior(db: Database, field: str, day: str) -> tuple:
    """The same with sites by level and then by growth, one half each."""
    both = [reading(db, field, day, growth) for growth in (False, True)]
    return tuple(np.concatenate(parameter) for parameter in zip(*both, strict=True))


def beat_rate(db: Database, field: str, edition: str) -> float:
    """Median of the rate at which outcomes exceed expectations, %."""
    from scipy.optimize import brentq
    from scipy.stats import beta

    up, down = posterior(db, field, NEWEST_OUTCOME[edition])
    return 100 * brentq(lambda x: beta.cdf(x, up, down).mean() - 0.5, 0.01, 0.999)


def lowest(db: Database, edition: str, x: float) -> float:
    """Chance that all three rates exceed x, one correlation and one reading of sites for all."""
    from scipy.stats import beta

    above = 1.0
    for field in ("capital spending", "compute", "data-centre load"):
        above = above * beta.sf(x, *posterior(db, field, NEWEST_OUTCOME[edition]))
    return float(np.mean(above))


def lowest_median(db: Database, edition: str) -> float:
    """Median of the lowest of the three rates, %."""
    from scipy.optimize import brentq

    return 100 * brentq(lambda x: lowest(db, edition, x) - 0.5, 0.01, 0.99, xtol=1e-4)


def sign_test(db: Database, field: str, growth: bool = False) -> float:
    """Two-sided p of a sign test over clusters' mean log errors, from the binomial coefficients."""
    told: dict[tuple[str, int], float] = {}
    for who, year, forecast, actual, *_ in outcomes(db, field, NEWEST, growth):
        told[who, year] = told.get((who, year), 0.0) + math.log(actual / forecast)
    errors = [e for e in told.values() if e != 0]
    above, n = sum(e > 0 for e in errors), len(errors)
    fewest = min(above, n - above)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(fewest + 1)) / 2**n)


MIXTURE = "the mixture of beta posteriors by quadrature, clusters in SQL"
LIMIT = "product-limit estimate in ten lines, promises in SQL"
BOOTSTRAP = "the same with exponential weights for projects, 20,000 draws"

CHECKS = (
    Check("pace", "verdict:pace-build-first//post", "Median slip of infrastructure promises, post",
          FORM, LIMIT, lambda db: median_slip(db, POST), 0.005),
    Check("pace", "verdict:pace-build-first//newest",
          "Median slip of infrastructure promises, newest", FORM, LIMIT,
          lambda db: median_slip(db, NEWEST), 0.005),
    Check("pace", "verdict:pace-build-first//post#probability", "Slips are small, post", DRAWS,
          BOOTSTRAP, lambda db: chance_small(db, POST), 0.015),
    Check("pace", "verdict:pace-build-first//newest#probability", "Slips are small, newest", DRAWS,
          BOOTSTRAP, lambda db: chance_small(db, NEWEST), 0.015),
    Check("pace", "verdict:pace-faster/capital spending/newest",
          "Rate at which spending exceeds forecasts, median, %", QUADRATURE, MIXTURE,
          lambda db: beat_rate(db, "capital spending", "newest"), 0.01),
    Check("pace", "verdict:pace-faster/data-centre load/newest",
          "Rate at which load exceeds forecasts, median, %", QUADRATURE, MIXTURE,
          lambda db: beat_rate(db, "data-centre load", "newest"), 0.015),
    Check("pace", "verdict:pace-faster/all three/post", "Lowest of the three rates, post, %",
          QUADRATURE, MIXTURE, lambda db: lowest_median(db, "post"), 0.015),
    Check("pace", "verdict:pace-faster/all three/newest", "Lowest of the three rates, newest, %",
          QUADRATURE, MIXTURE, lambda db: lowest_median(db, "newest"), 0.015),
    Check("pace", "verdict:pace-faster/all three/post#probability",
          "All three rates above one half, post", QUADRATURE, MIXTURE,
          lambda db: lowest(db, "post", 0.5), 0.01),
    Check("pace", "verdict:pace-faster/all three/newest#probability",
          "All three rates above one half, newest", QUADRATURE, MIXTURE,
          lambda db: lowest(db, "newest", 0.5), 0.01),
    Check("pace", "pace-faster-capex-sign", "Sign test of spending, p", FORM,
          "binomial coefficients, clusters in SQL", lambda db: sign_test(db, "capital spending"),
          0.045),
    Check("pace", "pace-faster-load-sign", "Sign test of load, sites by level, p", FORM,
          "binomial coefficients, clusters in SQL", lambda db: sign_test(db, "data-centre load"),
          0.03),
    Check("pace", "pace-faster-load-growth-sign", "Sign test of load, sites by growth, p", FORM,
          "binomial coefficients, clusters in SQL",
          lambda db: sign_test(db, "data-centre load", growth=True), 0.03),
    Check("pace", "pace-world-models-let", "Computing capacity at Memphis known to be let, %", SQL,
          "Colossus 1 over both sites, in one query", lambda db: db.one(LET), 0.03),
    Check("pace", "pace-faster-nv-mean", "Mean surprise of NVIDIA's revenue, %", SQL, "mean",
          lambda db: db.one('SELECT avg(surprise_percent) FROM "pace/nvidia_revenue_surprises"'),
          0.01),
    Check("pace", "pace-agi-brier", "Brier score of settled forecasts", SQL,
          "mean of squares over both tables", lambda db: db.one(SETTLED), 0.03),
)  # fmt: skip
