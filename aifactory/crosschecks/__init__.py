"""Key results worked out a second time, by a separately written route.

Each check names a result that a chapter prints, and works it out again without the models of this
package and without its way in to the data: the CSV files are read into SQLite and asked in SQL, or
a closed form, quadrature, draws by plain NumPy with other random numbers, another library or a
published number stands in. The two must agree within the tolerance that is stated. `rows`
recomputes all of them; the routes are in one module a chapter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aifactory.crosschecks import (
    cooling,
    factory,
    networking,
    pace,
    power,
    robots,
    supply_chain,
    water,
)
from aifactory.crosschecks.base import Check, Database, notebook, number, printed

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = ROOT / "book" / "crosschecks.csv"
COLUMNS = ("chapter", "result", "name", "printed", "book", "second", "tolerance", "agrees",
           "decides", "kind", "route")  # fmt: skip
CHAPTERS = (power, cooling, water, networking, robots, supply_chain, pace, factory)
CHECKS: tuple[Check, ...] = tuple(check for chapter in CHAPTERS for check in chapter.CHECKS)
__all__ = ["CHECKS", "COLUMNS", "ROOT", "TABLE", "Check", "Database", "deciding",
           "number", "printed", "rated", "rows"]  # fmt: skip


def deciding(verdicts: list[dict[str, Any]]) -> dict[str, str]:
    """The verdicts that rate a claim, "CLAIM/PART/EDITION" to claim: the least probable counted."""
    least: dict[tuple[str, str], dict[str, Any]] = {}
    for v in verdicts:
        key = v["claim_id"], v["edition"] or ""
        if v["beyond"] or v["probability"] is None:
            continue
        if key not in least or v["probability"] < least[key]["probability"]:
            least[key] = v
    return {f"{c}/{v['part'] or ''}/{e}": c for (c, e), v in least.items()}


def _deciding(root: Path) -> dict[str, str]:
    """`deciding` over all chapters."""
    chapters = dict.fromkeys(check.chapter for check in CHECKS)
    return {k: c for ch in chapters for k, c in deciding(notebook(ch, root).verdicts).items()}


def rated(root: Path = ROOT) -> list[str]:
    """The claims that have a rating."""
    return sorted(set(_deciding(root).values()))


def decided(name: str, of: dict[str, str]) -> str:
    """The claim whose rating rests on the verdict that a check names; empty where there is none."""
    which, _, field = name.removeprefix("verdict:").partition("#")
    padded = "/".join([*which.split("/"), "", ""][:3])
    judged = name.startswith("verdict:") and field in ("", "probability")
    return of.get(padded, "") if judged else ""


def rows(root: Path = ROOT) -> list[dict[str, str]]:
    """Every check worked out, as text for the table."""
    db, of = Database(root), _deciding(root)
    return [_row(check, db, of) for check in CHECKS]


def _row(check: Check, db: Database, of: dict[str, str]) -> dict[str, str]:
    name, mark, which = check.name.rpartition(":")
    indexed = bool(mark) and which.isdigit()
    text = printed(check.chapter, name if indexed else check.name, db.root)
    book, second = number(text, int(which) if indexed else 0), check.second(db)
    allowed = check.tolerance * (1 if check.of_probability else abs(book))
    return {
        "chapter": check.chapter, "result": check.result, "name": check.name, "printed": text,
        "book": f"{book:.10g}",
        "second": f"{second:,.0f}" if 1e4 <= abs(second) < 1e9 else f"{second:.4g}",
        "tolerance": f"± {check.tolerance:g}" if check.of_probability
        else f"{100 * check.tolerance:g} %",
        "agrees": "yes" if abs(second - book) <= allowed + 1e-12 else "no",
        "decides": decided(check.name, of), "kind": check.kind, "route": check.route,
    }  # fmt: skip
