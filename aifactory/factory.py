"""The whole factory as the book has it: the graph of all parts, with its inputs' distributions.

The models in `aifactory.models.factory` hold the formulas; this reads what they need from data/,
and `learn` learns it anew from the chapters' models and verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aifactory import data, uncertainty, verdicts
from aifactory.fits import QUANTILES
from aifactory.models.factory import formula, money, network, shared, thermal
from aifactory.models.factory.emulator import Surface
from aifactory.models.factory.graph import Graph, Input, Node
from aifactory.uncertainty import Distribution

PARTS = (thermal, network, money)
NAMED = (*shared.INPUTS, *(one for part in PARTS for one in part.INPUTS))  # for readers, too
NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
CONSTANT = "constant"  # the term without inputs
# What the restated claims are about, by formulas over the graph's names in the unit of the
# chapter's verdict, and what that number counts from: a PUE of 1 is nothing.
QUANTITIES = {
    "cooling-cold-plates": ("100.0 * liquid_it", 0.0),
    "cooling-chillers": ("chillers", 0.0),
    "cooling-industrial": ("pue + peer_term", 1.0),
    "interruptions-crash": ("crash_ratio", 0.0),
    "interruptions-cost": ("stop_cost_usd / 1e6", 0.0),
    "power-built": ("built_mw", 0.0),
    "power-households": ("households / 1e6", 0.0),
    "robots-payback": ("100.0 * efficiency_needed", 0.0),
}
# How far a median, and a 5 or 95 % point, may lie from its chapter's, as a share of it. Ends may
# lie further: where one case in ten costs a hundred times the others they scatter from run to run.
MIDDLE, ENDS = 0.1, 0.3
TABLES = ("surface_inputs", "surface_terms", "surface_checks", "derived_inputs", "carried_claims")


def graph() -> Graph:
    """Inputs, steps, outputs and claims of the factory. Raises the errors of `data.table`."""
    carried = data.table("factory/carried_claims")
    found = surfaces()
    nodes = [*shared.NODES, *(node for part in PARTS for node in part.nodes(found))]
    inputs = list(NAMED)
    needed = {name for node in nodes for name in formula.names(node.formula)}
    for name in found:
        if f"error_{name}" in needed:  # the months' surfaces only share a year out: no error
            inputs.append(_error(name))
    for row in carried.itertuples():
        chance, claim = _carried(row.claim_id, row.part, row.edition, row.probability)
        inputs.append(chance)
        nodes.append(claim)
    return Graph(tuple(inputs), tuple(nodes))


def _error(name: str) -> Input:
    """What a surface misses, in its own unit or, where it is one of logarithms, as a share."""
    what = f"Error of the surface {name}"
    return Input(f"error_{name}", f"error.{name}", (), "dimensionless", what)


def _carried(
    claim_id: str, part: object, edition: object, probability: float
) -> tuple[Input, Node]:
    """A claim that rests on nothing the graph holds: true as often as its chapter says."""
    stem = claim_id.replace("-", "_")
    chance = Input(f"luck_{stem}", f"luck.{claim_id}", (), "dimensionless", f"Chance of {claim_id}")
    node = Node(
        f"claim_{stem}",
        f"luck_{stem} < {probability!r}",
        "dimensionless",
        data.claim(claim_id).claim,
        claim_id.partition("-")[0],
        kind="claim",
        claim=claim_id,
        part=part if isinstance(part, str) else "",
        edition=edition if isinstance(edition, str) else "",
    )
    return chance, node


def surfaces() -> dict[str, Surface]:
    """Fitted surfaces by name, from data/factory/."""
    inputs, terms = data.table("factory/surface_inputs"), data.table("factory/surface_terms")
    found = {}
    for name, rows in inputs.groupby("surface", sort=False):
        own = terms[terms["surface"] == name]
        powers = [() if t == CONSTANT else tuple(map(int, t.split("*"))) for t in own["term"]]
        found[str(name)] = Surface(
            tuple(rows["input"]),
            tuple(map(float, rows["low"])),
            tuple(map(float, rows["high"])),
            tuple(powers),
            tuple(map(float, own["coefficient"])),
            bool(rows["log"].iloc[0]),
        )
    return found


def distributions(given: Mapping[str, Distribution] | None = None) -> dict[str, Distribution]:
    """Distribution of every input by its name in formulas, held to its physical limits.

    `given` replaces some of them, by that name.
    """
    derived = data.table("factory/derived_inputs")
    quantiles = {
        str(name): (rows["probability"].to_numpy(float), rows["value"].to_numpy(float))
        for name, rows in derived.groupby("input", sort=False)
    }
    found = {}
    for one in graph().inputs:
        if given and one.name in given:
            base = given[one.name]
        elif one.figures:
            base = data.figure(one.figures[0]).distribution()
        else:
            base = uncertainty.tabulated(*quantiles[one.name])
        found[one.name] = uncertainty.held(base, one.least, one.most)
    return found


# --- learning it anew ----------------------------------------------------------------------------


def deciding(notebooks: Path = NOTEBOOKS) -> list[dict[str, object]]:
    """The part that decides each claim, by the executed notebooks: claim_id, part, edition, chance.

    Of a claim with two editions it is the newest's; claims that cannot be tested have none.
    """
    return [
        {
            "claim_id": row["claim_id"],
            "part": row["part"] or None,
            "edition": row["edition"] or None,
            "probability": float(row["probability"]),
        }
        for row in _deciding(notebooks)
    ]


def spans(values: Mapping[str, np.ndarray], notebooks: Path = NOTEBOOKS) -> pd.DataFrame:
    """Three points of each of `QUANTITIES`, in the graph and in its chapter, three rows a claim.

    `values` are draws (n,) of the graph's inputs and steps. Columns: claim, unit, point (0.05, 0.5
    or 0.95), graph, chapter, gap (a share of the chapter's number), within (of what is allowed).
    """
    rows = []
    for row in _deciding(notebooks):
        text, base = QUANTITIES.get(str(row["claim_id"]), ("", 0.0))
        if not text:
            continue
        draws = formula.evaluate(text, {k: values[k] for k in formula.names(text)})
        for point in (0.05, 0.5, 0.95):
            here, there = float(np.quantile(draws, point)), float(row[f"p{100 * point:02.0f}"])
            gap = (here - base) / (there - base) - 1
            rows.append(
                {
                    "claim": row["claim_id"], "unit": row["unit"], "point": point, "graph": here,
                    "chapter": there, "gap": gap,
                    "within": abs(gap) <= (MIDDLE if point == 0.5 else ENDS),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _deciding(notebooks: Path) -> list[dict[str, Any]]:
    """The verdicts themselves, each with its whole record; an edition's name or nothing."""
    found = []
    claims = data.all_claims()
    paths = {c.chapter: verdicts.chapter_path(c.chapter, notebooks) for c in claims}
    stored = {k: verdicts.by_claim(verdicts.read(p)) for k, p in paths.items() if p.is_file()}
    for claim in claims:
        editions = stored.get(claim.chapter, {}).get(claim.id, {})
        if not editions:
            continue
        edition = "newest" if "newest" in editions else next(iter(editions))
        row = verdicts.combine(editions[edition])
        if row["probability"] is not None:
            found.append(row | {"claim_id": claim.id, "edition": edition})
    return found


def learn(say: Callable[[str], None] = lambda line: None) -> dict[str, pd.DataFrame]:
    """The tables of data/factory/ that follow from the chapters: name -> frame, in file order.

    Runs the chapters' simulators at the surfaces' designs (minutes), and reads the verdicts.
    """
    from aifactory.fits import money as money_fits
    from aifactory.fits import network as network_fits
    from aifactory.fits import thermal as thermal_fits

    fitted: dict[str, Surface] = {}
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in TABLES}
    for part in (thermal_fits, network_fits, money_fits):
        say(f"{part.__name__.rpartition('.')[2]}: running the chapters' models")
        for name, (surface, (x, y)) in part.surfaces().items():
            fitted[name] = surface
            rows["surface_inputs"] += _input_rows(name, surface)
            rows["surface_terms"] += _term_rows(name, surface)
            rows["surface_checks"] += _check_rows(name, surface, x, y)
        for name, values in part.derived().items():
            rows["derived_inputs"] += _quantile_rows(name, QUANTILES, values)
    restated = {node.claim for part in PARTS for node in part.nodes(fitted) if node.claim}
    rows["carried_claims"] = [row for row in deciding() if row["claim_id"] not in restated]
    for row in rows["carried_claims"]:
        name = f"luck_{str(row['claim_id']).replace('-', '_')}"
        rows["derived_inputs"] += _quantile_rows(name, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    return {name: pd.DataFrame(found) for name, found in rows.items()}


def write(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Put tables into data/factory/ and lock them; returns what changed. Raises data.BrokenRow."""
    from aifactory import datacheck

    folder = data.folder() / "factory"
    folder.mkdir(exist_ok=True)
    for name, frame in tables.items():
        text = frame.to_csv(index=False, lineterminator="\n")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
    data.forget()
    return datacheck.lock()


def _input_rows(name: str, surface: Surface) -> list[dict[str, object]]:
    ends = zip(surface.names, surface.low, surface.high, strict=True)
    return [
        {"surface": name, "input": one, "low": float(low), "high": float(high), "log": surface.log}
        for one, low, high in ends
    ]


def _term_rows(name: str, surface: Surface) -> list[dict[str, object]]:
    terms = zip(surface.terms, surface.coefficients, strict=True)
    return [
        {"surface": name, "term": "*".join(map(str, term)) or CONSTANT, "coefficient": value}
        for term, value in terms
    ]


def _check_rows(name: str, surface: Surface, x: np.ndarray, y: np.ndarray) -> Iterator[dict]:
    for point, (inputs, model, guess) in enumerate(zip(x, y, surface(x), strict=True)):
        values = {**dict(zip(surface.names, inputs, strict=True)), "model": model, "surface": guess}
        for quantity, value in values.items():
            yield {"surface": name, "point": point, "quantity": quantity, "value": float(value)}


def _quantile_rows(name: str, levels: np.ndarray, values: np.ndarray) -> list[dict[str, object]]:
    pairs = zip(levels, values, strict=True)
    return [{"input": name, "probability": float(p), "value": float(v)} for p, v in pairs]
