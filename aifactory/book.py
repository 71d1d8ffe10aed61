"""What a chapter calls: set-up, seeded randomness, figures in prose, tables, charts, verdicts.

Everything here writes into the notebook's outputs, where nbval verifies it and the site, the ledger
and the command line read it. Nothing depends on the clock, on addresses in memory or on the order
in which chapters run.
"""

from __future__ import annotations

import gc
import hashlib
import html
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display
from myst_nb import glue

from aifactory import charts, data, verdicts
from aifactory.uncertainty import Interval

_chapter: str | None = None


def setup(chapter: str) -> None:
    """Open a chapter. Raises data.UnknownName where no claim names it, unless it joins them all."""
    global _chapter
    if chapter != data.WHOLE:
        data.chapter_claims(chapter)
    _chapter = chapter
    gc.set_threshold(100_000, 50, 50)  # a chapter keeps most of what it makes


def _open_chapter() -> str:
    if _chapter is None:
        raise RuntimeError('call book.setup("chapter") in the first cell')
    return _chapter


def rng(name: str) -> np.random.Generator:
    """The random generator of one computation, seeded from the chapter's id and `name`.

    Each computation has its own stream, so that adding one does not move the draws of another.
    """
    seed = hashlib.sha256(f"{_open_chapter()}/{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(seed[:8], "big"))


def wording(
    value: float | str | Sequence[float] | Interval, unit: str = "", digits: int = 3
) -> str:
    """A number, an interval (p05, p50, p95) or a text as it stands in a sentence.

    Numbers are rounded to `digits` significant digits; intervals read "median (90 % interval low to
    high)". Text comes back as it is, but for a space before per cent signs.
    """
    if isinstance(value, str):
        return _spaced(value)
    if isinstance(value, Interval) or np.ndim(value) == 1:
        low, mid, high = (verdicts.significant(float(v), digits) for v in value)
        ends = f"90 % interval {verdicts.quantity(low)} to {verdicts.quantity(high)}"
        return f"{verdicts.quantity(mid, unit)} ({ends})"
    return verdicts.quantity(verdicts.significant(float(value), digits), unit)


def _spaced(text: str) -> str:
    """Text with a space before each per cent sign, which Python's own format leaves out."""
    return re.sub(r"(?<=\d)%", " %", text)


def say(
    name: str, value: float | str | Sequence[float] | Interval, unit: str = "", digits: int = 3
) -> None:
    """Keep a computed figure under `name`, for prose to cite with {glue:text}`name`."""
    glue(name, wording(value, unit, digits), display=False)


def show(
    chart: Any,
    *,
    name: str,
    finding: str,
    what: str,
    tables: Iterable[str] = (),
    alt: str = "",
) -> None:
    """Draw an Altair chart with its finding as title and its sources below.

    `name` is the chart's permanent id, `what` says quantity, unit and period, `alt` states the
    finding for those who cannot see it (default: finding and subtitle). Raises ValueError for a
    chart with neither tables nor an `alt` that says what is drawn.
    """
    _open_chapter()
    names = list(tables)
    credit = "; ".join(dict.fromkeys(s for n in names for s in data.about(n)["credits"]))
    spec = charts.finish(
        chart,
        name=name,
        finding=_spaced(finding),
        what=_spaced(what),
        source_line=f"Source: {credit}" if credit else "Model of this chapter",
        alt=_spaced(alt or f"{finding}. {what}."),
    )
    display(charts.bundle(spec), raw=True)


def frame(table: pd.DataFrame, *, name: str, caption: str) -> None:
    """Print a small table (25 rows at most) under a caption."""
    if len(table) > 25:
        raise ValueError(f"{name}: {len(table)} rows; a table on a page has 25 at most")
    body = table.map(lambda v: verdicts.quantity(v) if isinstance(v, float) else v)
    rows = body.to_html(index=False, border=0, na_rep="–", classes="facts", justify="left")
    head, rest = rows.split("\n", 1)
    caption = _spaced(caption)
    text = f"{caption}\n{body.to_string(index=False)}"
    markup = (
        f'<div class="facts-wrap" id="{html.escape(name)}" tabindex="0">{head}\n'
        f"<caption>{html.escape(caption)}</caption>\n{rest}\n</div>"
    )
    display({"text/html": markup, "text/plain": text}, raw=True)


def about(*names: str) -> None:
    """Print what a reader must know of the tables: extent, date, licence, sources, known flaws."""
    facts = {name: data.about(name) for name in names}
    display(
        {
            "text/html": '<div class="about-tables">'
            + "\n".join(_about_html(k, v) for k, v in facts.items())
            + "</div>",
            "text/plain": "\n\n".join(_about_text(k, v) for k, v in facts.items()),
        },
        raw=True,
    )


def _about_rows(fact: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("Extent", f"{fact['rows']:,} rows, {fact['columns']} columns"),
        ("As of", fact["as_of"]),
        ("Licence", ", ".join(fact["licences"])),
        ("Source", "; ".join(fact["credits"])),
        ("Known flaws", " ".join(fact["warnings"])),
    ]
    return [(k, v) for k, v in rows if v]


def _about_html(name: str, fact: dict[str, Any]) -> str:
    cells = "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in _about_rows(fact))
    title = html.escape(fact["title"])
    return (
        f'<details class="about-table"><summary>{title} <code>{html.escape(name)}</code></summary>'
        f"<dl>{cells}</dl></details>"
    )


def _about_text(name: str, fact: dict[str, Any]) -> str:
    lines = [f"{fact['title']} ({name})", *(f"  {k}: {v}" for k, v in _about_rows(fact))]
    return "\n".join(lines)


def verdict(claim_id: str, **given: Any) -> None:
    """Judge a claim (see `verdicts.judge`) and write the verdict into the cell's output.

    The criterion comes from data/claims.csv and the sources from the tables and figures named.
    Raises data.RecalledFigure where the verdict would rest on a figure that nobody has seen in its
    source.
    """
    _write_verdict(
        verdicts.judge(claim_id, data.claim(claim_id).criterion, **_grounds(given), **given)
    )


def not_testable(claim_id: str, *, reason: str, as_of: str, **given: Any) -> None:
    """Write down that open data cannot decide a claim, and why."""
    _write_verdict(
        verdicts.Verdict(
            claim_id=claim_id,
            metric=given.pop("metric", "Evidence"),
            unit="",
            probability=None,
            rating=verdicts.NOT_TESTABLE,
            reason=reason,
            criterion=data.claim(claim_id).criterion,
            as_of=as_of,
            **_grounds(given),
            **given,
        )
    )


def _grounds(given: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Take figures and tables out of a verdict's arguments, and work out their sources."""
    figure_ids = tuple(given.pop("figures", ()))
    table_names = tuple(given.pop("tables", ()))
    found = [data.figure(i).source_id for i in figure_ids]
    for name in table_names:
        found += data.about(name)["source_ids"]
    return {
        "figures": figure_ids,
        "tables": table_names,
        "sources": tuple(dict.fromkeys(found)),
    }


def _write_verdict(result: verdicts.Verdict) -> None:
    record = result.as_dict()
    record |= {k: _spaced(record[k]) for k in ("reason", "limits") if record.get(k)}
    display(
        {
            verdicts.MIME: record,
            "text/html": verdicts.as_html(record),
            "text/plain": verdicts.as_text(record),
        },
        raw=True,
    )


def provenance() -> dict[str, list[str]]:
    """What this process has used of the book: code files, tables, figures, claims (sorted)."""
    here = Path(__file__).parent
    loaded = (
        getattr(m, "__file__", None) for k, m in list(sys.modules.items()) if "aifactory" in k
    )
    files = {Path(f).resolve() for f in loaded if f}
    return {
        "modules": sorted(
            f.relative_to(here.parent).as_posix() for f in files if here in f.parents
        ),
        **data.used(),
    }
