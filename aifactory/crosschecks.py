"""Key results worked out a second time, by a separately written route.

Each check names a result that a chapter prints, and works it out again without the models of this
package and without its way in to the data: the CSV files are read into SQLite and asked in SQL, or
a closed form, another library or a published number stands in. The two must agree within the
tolerance that is stated, most often the rounding of what is printed. `rows` recomputes all of them.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sqlite3
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "book" / "crosschecks.csv"
COLUMNS = ("chapter", "result", "name", "printed", "book", "second", "tolerance", "agrees",
           "kind", "route")  # fmt: skip


class Database:
    """The CSV files of data/ in SQLite, each loaded when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.link = folder, sqlite3.connect(":memory:")
        self.loaded: set[str] = set()

    def one(self, query: str) -> float:
        """The one number that a query gives; a table is named as its path: "power/land"."""
        for name in re.findall(r'"([a-z_]+(?:/[a-z0-9_]+)?)"', query):
            self.load(name)
        return float(self.link.execute(query).fetchone()[0])

    def figure(self, figure_id: str) -> float:
        """The central value of a figure."""
        return self.one(f"SELECT central FROM \"figures\" WHERE figure_id = '{figure_id}'")

    def load(self, name: str) -> None:
        path = self.folder / f"{name}.csv"
        if name in self.loaded or not path.is_file():
            return
        with path.open(encoding="utf-8", newline="") as handle:
            header, *lines = csv.reader(handle)
        columns = ", ".join(f'"{c}" NUMERIC' for c in header)
        self.link.execute(f'CREATE TABLE "{name}" ({columns})')
        marks = ", ".join("?" * len(header))
        values = [[v or None for v in line] for line in lines]
        self.link.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)
        self.loaded.add(name)


@dataclass(frozen=True)
class Check:
    """A printed result, and how it is worked out again; `tolerance` is a share of the result."""

    chapter: str
    name: str
    result: str
    kind: str
    route: str
    second: Callable[[Database], float]
    tolerance: float


# --- second routes -------------------------------------------------------------------------------

HOURS = 8760.0
SITE_KW = 1.2e6
USE = '"power/households_us_state"'
SHELBY = (
    "\"water/memphis_withdrawals\" WHERE county = 'Shelby TN' AND sector NOT LIKE '%irrigation%'"
)
HERD = '"networking/interruptions_by_cause"'
SOLD = '"supply_chain/monthly_revenue"'
FLEET = (
    "\"power/turbine_fleet\" WHERE status = 'permitted, permanent' AND site = 'Southaven'"
    " AND unit_mw IS NOT NULL"
)


def _level(db: Database, state: str) -> float:
    """Use of an account in a state, kWh a year, on a line through the logarithms of ten years."""
    one = "1e6 * sum(residential_sales_gwh) / sum(residential_accounts)"
    db.load("power/households_us_state")
    found = db.link.execute(
        f"SELECT year, {one} FROM {USE} WHERE year BETWEEN 2010 AND 2019 AND {state} GROUP BY year"
    ).fetchall()
    years, logs = [y for y, _ in found], [math.log(k) for _, k in found]
    line = statistics.linear_regression(years, logs)
    return math.exp(line.intercept + line.slope * max(years))


def _households(db: Database, state: str, load_factor: float = 1.0) -> float:
    """Million households that 1.2 GW serves."""
    use = _level(db, state) * db.figure("accounts-per-household")
    return SITE_KW * HOURS * load_factor / use / 1e6


def _median(db: Database, column: str, table: str) -> float:
    """The middle value of a column, by counting from both ends."""
    return db.one(
        f"SELECT avg(v) FROM (SELECT {column} v, row_number() OVER (ORDER BY {column}) i,"
        f" count(*) OVER () n FROM {table}) WHERE i IN ((n + 1) / 2, n / 2 + 1)"
    )


def _growth(db: Database, company: str) -> float:
    """Revenue of 2025 over that of 2024, less one, %."""
    of = f"FROM {SOLD} WHERE company = '{company}' AND substr(month, 1, 4) ="
    total = "sum(revenue_ntd_million)"
    return 100 * (db.one(f"SELECT {total} {of} '2025'") / db.one(f"SELECT {total} {of} '2024'") - 1)


def _sign_test(above: int, n: int) -> float:
    """Two-sided p of a sign test, from the binomial coefficients."""
    fewest = min(above, n - above)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(fewest + 1)) / 2**n)


def _poisson(events: float, exposure: float, at: float) -> float:
    """An end of Garwood's exact interval for a rate."""
    from scipy.stats import chi2

    shape = 2 * events if at < 0.5 else 2 * events + 2
    return float(chi2.ppf(at, shape)) / 2 / exposure


def _wilson(good: int, tried: int) -> float:
    """Lower end of Wilson's 90 % interval for a share, %."""
    from statsmodels.stats.proportion import proportion_confint

    return 100 * float(proportion_confint(good, tried, alpha=0.1, method="wilson")[0])


def _beta_median(above: int, n: int) -> float:
    """Median of a rate after `above` of `n`, from a flat start, %."""
    from scipy.stats import beta

    return 100 * float(beta.median(above + 1, n - above + 1))


def _brier(db: Database) -> float:
    """Mean squared error of the settled probabilities of general intelligence."""
    db.load("pace/agi_probabilities")
    db.load("pace/market_forecasts")
    return db.one(
        "SELECT avg((p - o) * (p - o)) FROM (SELECT probability_percent / 100.0 p, outcome o"
        ' FROM "pace/agi_probabilities" WHERE outcome IS NOT NULL UNION ALL'
        " SELECT probability, outcome FROM (SELECT *, row_number() OVER (PARTITION BY question"
        " ORDER BY forecast_date) i FROM \"pace/market_forecasts\" WHERE question LIKE '%AGI%'"
        " AND outcome IS NOT NULL AND question NOT LIKE '%child%' AND question NOT LIKE"
        " '%believed%') WHERE i = 1)"
    )


SQL, FORM, LIBRARY, PUBLISHED = "SQL", "closed form", "other library", "published number"
PER_MILLION_HOURS = 16384 * 54 * 24 / 1e6

CHECKS = (
    Check("power", "power-households-k-us", "Use of a household, United States, kWh a year", SQL,
          "sales over accounts by state and year; a line through ten years' logarithms, standard"
          " library",
          lambda db: _level(db, "1") * db.figure("accounts-per-household"), 0.01),
    Check("power", "power-households-us-full", "Households at 1.2 GW all year, million", SQL,
          "1.2 GW × 8,760 h over that use", lambda db: _households(db, "1"), 0.01),
    Check("power", "power-households-tn-full", "The same in Tennessee, million", SQL,
          "the same of one state", lambda db: _households(db, "state = 'TN'"), 0.015),
    Check("power", "verdict:power-households/United States", "Households served, median, million",
          FORM, "that number times 0.775, the middle of the load factors 0.6 to 0.95",
          lambda db: _households(db, "1", 0.775), 0.02),
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
    Check("cooling", "cooling-chillers-middle", "Median chiller of the catalogue, MW", SQL,
          "middle rows by window function",
          lambda db: _median(db, "cooling_capacity_kw", '"cooling/chiller_catalogue"') / 1e3,
          0.005),
    Check("cooling", "cooling-chillers-need", "Chillers for 1.2 GW, median", FORM,
          "printed medians: heat 978 MW × spare 1.14 over 1.59 MW a unit; a median of products is"
          " near the product of medians", lambda db: 978 * 1.14 / 1.59, 0.04),
    Check("cooling", "cooling-industrial-tmy-max", "Hottest hour in Memphis, °C", SQL,
          "maximum over the hours",
          lambda db: db.one('SELECT max(dry_bulb_c) FROM "cooling/weather_memphis"'), 0.001),
    Check("water", "water-aquifer-ceiling", "Evaporation of an ideal tower, L a kWh of heat", FORM,
          "3,600 kJ over the latent heat at 30 °C, 2,501 − 2.361 T kJ/kg",
          lambda db: 3600 / (2501 - 2.361 * 30), 0.01),
    Check("water", "water-plant-ml", "Capacity of the plant, million litres a day", FORM,
          "13 million US gallons of 231 cubic inches",
          lambda db: 13 * 231 * 2.54**3 / 1e3, 0.002),
    Check("water", "water-aquifer-shelby", "Groundwater taken in Shelby County in 2015, MGD", SQL,
          "sum over sectors but irrigation",
          lambda db: db.one(f"SELECT sum(groundwater_mgd) FROM {SHELBY} AND year = 2015"), 0.003),
    Check("networking", "interruptions-crash-counts", "Interruptions of the Llama 3 run", PUBLISHED,
          "sum of the causes in SQL; the paper says 419",
          lambda db: db.one(f"SELECT sum(interruptions) FROM {HERD}"), 0.0),
    Check("networking", "interruptions-crash-llama-rate",
          "Interruptions in a million GPU-hours", FORM, "count over 16,384 GPUs × 54 days",
          lambda db: db.one(f"SELECT sum(interruptions) FROM {HERD}") / PER_MILLION_HOURS, 0.003),
    Check("networking", "interruptions-crash-llama-rate:1", "Lower end of its 90 % interval",
          LIBRARY, "Garwood's exact interval from SciPy's chi-squared quantiles",
          lambda db: _poisson(419, PER_MILLION_HOURS, 0.05), 0.01),
    Check("networking", "interruptions-crash-mtbf-100k",
          "Minutes between interruptions, 100,000 GPUs", FORM,
          "one over rate × size, from the printed rate of 24 in a million GPU-hours",
          lambda db: 60e6 / (24 * 1e5), 0.02),
    Check("networking", "networking-advantage-claim-ratio", "Claimed advantage of Spectrum-X", FORM,
          "95 % over 60 % of line rate", lambda db: 95 / db.figure("ethernet-throughput") / 100,
          0.005),
    Check("robots", "robots-form-bmw-clean",
          "Shifts without a fault if 99 % of cycles succeed, %", FORM, "0.99 to the power of 240",
          lambda db: 100 * 0.99**240, 0.01),
    Check("robots", "robots-form-mtbf", "Least time between failures after 200 h without, h", FORM,
          "rule of three, exact: 200 h over −ln 0.05", lambda db: 200 / -math.log(0.05), 0.01),
    Check("robots", "robots-form-xiaomi-interval", "Lower end of a share of 128 in 142, %", LIBRARY,
          "Wilson's interval from statsmodels; the chapter has that of Jeffreys",
          lambda db: _wilson(128, 142), 0.015),
    Check("robots", "robots-niches-logistics", "Logistic robots sold in 2024", SQL,
          "one row of the table",
          lambda db: db.one('SELECT units_sold FROM "robots/ifr_service_robots" WHERE edition ='
                            " 2025 AND application = 'Transport and logistics'"), 0.005),
    Check("supply-chain", "supply-odm-growth-hh", "Growth of Hon Hai's revenue in 2025, %", SQL,
          "sums of months", lambda db: _growth(db, "Hon Hai"), 0.03),
    Check("supply-chain", "supply-odm-growth-qu", "Growth of Quanta's revenue in 2025, %", SQL,
          "sums of months", lambda db: _growth(db, "Quanta"), 0.03),
    Check("supply-chain", "supply-tsmc-designs-tsmc", "Accelerators made by TSMC alone", SQL,
          "count of rows", lambda db: db.one(
              "SELECT count(*) FROM \"supply_chain/ai_chip_foundry\" WHERE foundry = 'TSMC'"
              " AND chip NOT LIKE 'Tesla AI%'"), 0.0),
    Check("supply-chain", "supply-bypass-cost-a", "Cost of 1.2 GW, billion USD", PUBLISHED,
          "1.2 × the 35 billion a gigawatt that Bernstein publishes", lambda db: 1.2 * 35, 0.005),
    Check("pace", "pace-faster-capex-sign", "Sign test, 8 of 9 above, p", FORM,
          "binomial coefficients", lambda db: _sign_test(8, 9), 0.02),
    Check("pace", "pace-faster-load-sign", "Sign test, 2 of 13 above, p", FORM,
          "binomial coefficients", lambda db: _sign_test(2, 13), 0.03),
    Check("pace", "verdict:pace-faster/capital spending/newest",
          "Rate at which spending exceeds forecasts, median, %", LIBRARY,
          "SciPy's beta distribution after 8 of 9; the chapter also draws what is a tie",
          lambda db: _beta_median(8, 9), 0.02),
    Check("pace", "pace-faster-nv-mean", "Mean surprise of NVIDIA's revenue, %", SQL, "mean",
          lambda db: db.one('SELECT avg(surprise_percent) FROM "pace/nvidia_revenue_surprises"'),
          0.01),
    Check("pace", "pace-agi-brier", "Brier score of settled forecasts", SQL,
          "mean of squares over both tables", _brier, 0.03),
    Check("factory", "factory-home-needed", "Use that makes the post's households right, kWh", FORM,
          "1.2 GW × 8,760 h × 0.8 over two million", lambda db: SITE_KW * HOURS * 0.8 / 2e6, 0.01),
    Check("factory", "factory-grok", "Computing of a year over that of Grok 3", SQL,
          "the printed 6.2 × 10²⁷ over the largest run of the table",
          lambda db: 6.2e27 / db.one('SELECT max(training_compute_flop) FROM'
                                     ' "networking/epoch_training_runs"'), 0.04),
)  # fmt: skip


# --- both, side by side --------------------------------------------------------------------------


def printed(chapter: str, name: str, root: Path = ROOT) -> str:
    """What the book prints: a named value of a chapter, or the median of a recorded verdict."""
    if name.startswith("verdict:"):
        claim, part, edition = [*name.removeprefix("verdict:").split("/"), "", ""][:3]
        with (root / "data" / "editions.csv").open(encoding="utf-8", newline="") as handle:
            found = [
                row["p50"] for row in csv.DictReader(handle)
                if (row["claim_id"], row["part"], row["edition"]) == (claim, part, edition)
            ]  # fmt: skip
        return found[-1]
    path = root / "notebooks" / f"{chapter.replace('-', '_')}.ipynb"
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if output.get("metadata", {}).get("scrapbook", {}).get("name") == name:
                return (
                    next(iter(output["data"].values()))[0].strip("'")
                    if isinstance(next(iter(output["data"].values())), list)
                    else next(iter(output["data"].values())).strip("'")
                )
    raise KeyError(f"aifactory/crosschecks.py: {path.name} prints no {name!r}")


def number(text: str, which: int = 0) -> float:
    """One of the numbers of a printed text, the first if not said otherwise."""
    found = re.findall(r"[−-]?[\d,]*\.?\d+", text.replace("90 % interval", ""))
    return float(found[which].replace(",", "").replace("−", "-"))


def rows(root: Path = ROOT) -> list[dict[str, str]]:
    """Every check worked out, as text for the table."""
    db = Database(root / "data")
    made = []
    for check in CHECKS:
        name, mark, which = check.name.rpartition(":")
        indexed = bool(mark) and which.isdigit()
        text = printed(check.chapter, name if indexed else check.name, root)
        book, second = number(text, int(which) if indexed else 0), check.second(db)
        agrees = abs(second - book) <= check.tolerance * abs(book) + 1e-12
        made.append({
            "chapter": check.chapter, "result": check.result, "name": check.name, "printed": text,
            "book": f"{book:.10g}",
            "second": f"{second:,.0f}" if second >= 1e4 else f"{second:.4g}",
            "tolerance": f"{100 * check.tolerance:g} %", "agrees": "yes" if agrees else "no",
            "kind": check.kind, "route": check.route,
        })  # fmt: skip
    return made


def as_csv(made: list[dict[str, str]]) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(made)
    return out.getvalue()


def stored(path: Path = TABLE) -> list[dict[str, str]]:
    """The rows as they are kept for the page."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
