"""Verdicts: a claim's criterion, an interval, a probability, and a rating that a rule gives.

Nobody types a rating. `rate` maps a probability to the calibrated words of the IPCC (Mastrandrea
et al. 2010, "Guidance note for lead authors"), and `combine` works a claim's rating out from its
parts. A verdict is written into the output of the notebook cell that computed it, and everything
that shows verdicts reads it from there.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

MIME = "application/vnd.aifactory.verdict+json"

# Lower bounds of probability, from the top: the first one that the probability exceeds names it.
RATINGS = (
    (0.99, "virtually certain"),
    (0.90, "very likely"),
    (0.66, "likely"),
    (0.33, "about as likely as not"),
    (0.10, "unlikely"),
    (0.01, "very unlikely"),
    (-math.inf, "exceptionally unlikely"),
)
NOT_TESTABLE = "not testable"
EDITIONS = {"post": "at the post's date", "newest": "at the newest date in the data"}


def rate(probability: float) -> str:
    """The calibrated word for the probability that a claim's criterion holds.

    The bounds are exclusive above one half and inclusive below, so that 0.66 is still "about as
    likely as not" and 0.33 too; 0.10 is "unlikely", 0.01 "very unlikely". Raises ValueError outside
    0 to 1.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability lies between 0 and 1, got {probability}")
    for bound, word in RATINGS:
        inclusive = bound < 0.5
        if probability > bound or (inclusive and probability == bound):
            return word
    raise AssertionError("RATINGS covers every probability")


@dataclass(frozen=True)
class Verdict:
    """One claim, or one part or edition of it, judged.

    `p05`, `p50`, `p95` are of `metric` in `unit` (None where the evidence is a list of dated
    facts). `probability` is that of the criterion holding; `rating` follows from it.
    """

    claim_id: str
    metric: str
    unit: str
    probability: float | None
    rating: str
    reason: str
    criterion: str
    as_of: str
    p05: float | None = None
    p50: float | None = None
    p95: float | None = None
    part: str | None = None
    edition: str | None = None
    evidence: tuple[dict[str, str], ...] = ()
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    limits: str = ""
    beyond: bool = False  # a word of the claim that its criterion doesn't test: shown, not counted

    def as_dict(self) -> dict[str, Any]:
        """Plain values in a fixed order, ready for JSON."""
        out = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in out.items()}


def significant(value: float, digits: int = 4) -> float:
    """`value` rounded to `digits` significant digits; zero and non-finite values come back.

    By way of twelve digits, so that no tie hangs on the last bit, which processors differ in.
    """
    if value == 0 or not math.isfinite(value):
        return float(value)
    return float(f"{float(f'{value:.12g}'):.{digits}g}")


def judge(
    claim_id: str,
    criterion: str,
    *,
    metric: str,
    unit: str,
    reason: str,
    as_of: str,
    samples: Sequence[float] | np.ndarray | None = None,
    holds: Sequence[bool] | np.ndarray | None = None,
    probability: float | None = None,
    evidence: Iterable[dict[str, Any]] = (),
    **rest: Any,
) -> Verdict:
    """Work a verdict out from draws, or from a probability with its dated evidence.

    `samples` (draws,) are of the metric; `holds` (draws,) says for each whether the criterion
    holds. `reason` may name {p05}, {p50}, {p95} and {probability}. Raises ValueError where neither
    `holds` nor `probability` is given, both are, shapes differ, or a probability comes without
    samples or evidence to show for it.
    """
    from aifactory.uncertainty import interval  # SciPy is slow to load, and readers don't need it

    evidence = tuple({k: str(v) for k, v in row.items()} for row in evidence)
    if (holds is None) == (probability is None):
        raise ValueError(f"{claim_id}: give either holds= (a yes or no a draw) or probability=")
    if holds is not None:
        hits = np.asarray(holds)
        if hits.dtype != bool or hits.size == 0:
            raise ValueError(f"{claim_id}: holds= takes a non-empty array of booleans")
        if samples is not None and np.size(samples) != hits.size:
            raise ValueError(f"{claim_id}: samples= and holds= must have one value a draw each")
        probability = float(hits.mean())
    elif samples is None and not evidence:
        raise ValueError(f"{claim_id}: a probability needs samples= or evidence= to show for it")
    assert probability is not None
    quantiles: dict[str, float] = {}
    if samples is not None:
        found = interval(np.asarray(samples, dtype=float))
        quantiles = {k: significant(getattr(found, k)) for k in ("p05", "p50", "p95")}
    probability = round(probability, 4)
    return Verdict(
        claim_id=claim_id,
        metric=metric,
        unit=unit,
        probability=probability,
        rating=rate(probability),
        reason=reason.format(probability=probability, **quantiles),
        criterion=criterion,
        as_of=as_of,
        evidence=evidence,
        **quantiles,
        **rest,
    )


def combine(verdicts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The verdict that stands for a claim with several parts: its least probable part.

    A bundle of statements is at most as likely as its least likely member (Fréchet's upper bound),
    so the claim gets that member's rating: never harsher than the data demand. Takes verdicts of
    one claim and one edition as dictionaries. Parts beyond the criterion don't count: the list of
    claims sets what does. Untestable parts are passed over unless all are.
    """
    counted = [v for v in verdicts if not v.get("beyond")]
    if not counted:
        raise ValueError("no verdicts to combine")
    rated = [v for v in counted if v["probability"] is not None]
    return min(rated, key=lambda v: v["probability"]) if rated else counted[0]


def part_name(verdict: dict[str, Any]) -> str:
    """The part of its claim that a verdict is of, in words; empty for a whole claim."""
    note = " (beyond the criterion)" if verdict.get("beyond") else ""
    return f"{verdict['part'] or ''}{note}".strip()


def chapter_path(chapter: str, notebooks: Path) -> Path:
    """The executed notebook of a chapter; chapter ids use hyphens, file names underscores."""
    return notebooks / f"{chapter.replace('-', '_')}.ipynb"


def read(path: Path) -> list[dict[str, Any]]:
    """All verdicts held in the outputs of one executed notebook, in reading order.

    Raises FileNotFoundError where there is no such notebook and ValueError where it isn't one.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a notebook: {error}") from error
    outputs = [o for cell in cells for o in cell.get("outputs", [])]
    return [o["data"][MIME] for o in outputs if MIME in o.get("data", {})]


def by_claim(verdicts: Iterable[dict[str, Any]]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Group verdicts as claim id -> edition ("" where there is one only) -> parts."""
    grouped: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for v in verdicts:
        grouped.setdefault(v["claim_id"], {}).setdefault(v["edition"] or "", []).append(v)
    return grouped


def quantity(value: float, unit: str = "") -> str:
    """A number as people write it: up to four significant digits, thousands parted by commas."""
    rounded = significant(value)
    if rounded != 0 and (abs(rounded) >= 1e7 or abs(rounded) < 1e-3):
        text = f"{rounded:.3g}"
    else:
        text = f"{rounded:,.10g}" if abs(rounded) < 1000 else f"{rounded:,.0f}"
    text = text.replace("-", "\N{MINUS SIGN}")
    return f"{text} {unit}".rstrip()


def span(verdict: dict[str, Any]) -> str:
    """Median and interval in words, or an empty string where the verdict has none."""
    if verdict["p50"] is None:
        return ""
    low, mid, high = (quantity(verdict[k]) for k in ("p05", "p50", "p95"))
    unit = verdict["unit"]
    return f"{mid} {unit} (90 % interval {low} to {high})" if low != high else f"{mid} {unit}"


def chance(verdict: dict[str, Any]) -> str:
    """The probability in words, without claiming more certainty than draws can give."""
    p = verdict["probability"]
    if p is None:
        return ""
    if p > 0.99:
        return "probability above 99 %"
    if p < 0.01:
        return "probability below 1 %"
    return f"probability {100 * p:.0f} %"


def as_text(verdict: dict[str, Any]) -> str:
    """A verdict in three lines of plain text, for terminals and for readers without the site."""
    marks = [EDITIONS.get(verdict["edition"] or ""), part_name(verdict)]
    scope = "".join(f" [{m}]" for m in marks if m)
    facts = "; ".join(x for x in (chance(verdict), span(verdict)) if x)
    head = f"{verdict['claim_id']}{scope}: {verdict['rating'].upper()}"
    return f"{head}\n{verdict['metric']}: {facts}\n{verdict['reason']}"


def as_html(verdict: dict[str, Any]) -> str:
    """A verdict as a small block of HTML, for notebooks opened outside the site."""
    head, facts, reason = (html.escape(line) for line in as_text(verdict).split("\n"))
    return f"<div><strong>{head}</strong><br>{facts}<br>{reason}</div>"
