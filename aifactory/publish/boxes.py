"""Verdicts as HTML: the box in a chapter, and the parts of which a claim's row is made.

Everything a verdict says is text first; colour and the two small drawings (how probable, and which
interval) repeat it. Strings from data are escaped here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from aifactory import verdicts
from aifactory.publish.html import capital, columns, escape, scrolling, slug

BIBLIOGRAPHY = "book/bibliography"
DATA_PAGE = "book/data"
LEDGER = "book/claims"
CLAIMS = "claims"  # folder of the claims' own pages
QUANTILES = ("p05", "p50", "p95")
_WIDTH = 240  # of the drawings, in their own units


# Parts that were renamed, and the name by which their published addresses call them.
FORMER = {
    ("pace-build-first", "from first works, a shell against mostly bare land"): (
        "builds faster than other frontier sites"
    ),
}


def anchor(verdict: dict[str, Any]) -> str:
    """The permanent id of a verdict: verdict-CLAIM[-PART][-EDITION]."""
    parts = ("verdict", verdict["claim_id"], verdict["part"], verdict["edition"])
    return "-".join(slug(p) for p in parts if p)


def former_anchor(verdict: dict[str, Any]) -> str:
    """A place for the id that a renamed part had before; empty for all others."""
    old = FORMER.get((verdict["claim_id"], verdict["part"]))
    return f'<span id="{anchor({**verdict, "part": old})}"></span>' if old else ""


def claim_page(claim_id: str) -> str:
    """The docname of a claim's own page."""
    return f"{CLAIMS}/{claim_id}"


def bar_link(test: str) -> str:
    """The way from a claim to how its criterion is read; `test` is its section in the chapter."""
    return f'<a href="{test}-criterion">How the chapter reads it, and the bar it sets</a>'


def table_anchor(name: str) -> str:
    """The id of a table on the data page."""
    return f"table-{slug(name)}"


def scope(verdict: dict[str, Any]) -> str:
    """Which edition and part a verdict is of, in words; empty for a whole, undated claim."""
    edition = verdicts.EDITIONS.get(verdict["edition"] or "", "")
    return ", ".join(x for x in (verdicts.part_name(verdict), edition) if x)


def chip(rating: str) -> str:
    """A rating as a coloured word."""
    return f'<span class="rating rating-{slug(rating)}">{escape(rating.capitalize())}</span>'


def _title(kind: str, name: str) -> str:
    """The title of a source or figure; its id where the data package lacks it."""
    from aifactory import data
    from aifactory.publish import once

    try:
        if kind == "source":
            return once.source(name).title
        return data.figure(name, reference_only=True).description
    except data.DataError:
        return name


# -- drawings -------------------------------------------------------------------------------------


def probability_svg(probability: float | None, before: float | None = None) -> str:
    """The probability on a line from 0 to 1 with the bounds of the ratings; decorative.

    `before` is where it stood in the edition before: a ring, from which a line leads here.
    """
    if probability is None:
        return ""
    bounds = [b for b, _ in verdicts.RATINGS if 0 < b < 1]
    ticks = "".join(f"M{b * _WIDTH:g} 3v10" for b in bounds)
    x = probability * _WIDTH
    was = ""
    if before is not None:
        old = before * _WIDTH
        was = (
            f'<path class="draw-way" d="M{old:.1f} 8H{x:.1f}"/>'
            f'<circle class="draw-was" cx="{old:.1f}" cy="8" r="4.5"/>'
        )
    return (
        f'<svg class="draw draw-probability" viewBox="-8 0 {_WIDTH + 16} 16" aria-hidden="true">'
        f'<path class="draw-track" d="M0 8H{_WIDTH}{ticks}"/>{was}'
        f'<circle class="draw-dot" cx="{x:.1f}" cy="8" r="6"/></svg>'
    )


def interval_svg(verdict: dict[str, Any], beside: Iterable[dict[str, Any]] = ()) -> str:
    """The 90 % interval as a bar with its median, from zero where zero is near; decorative.

    Verdicts `beside` it on the same quantity share one scale.
    """
    low, mid, high = (verdict[k] for k in QUANTILES)
    if mid is None:
        return ""
    alike = [v for v in beside if v["p50"] is not None and _quantity(v) == _quantity(verdict)]
    start, end = _window(
        min([low, *(v["p05"] for v in alike)]), max([high, *(v["p95"] for v in alike)])
    )

    def x(value: float) -> float:
        return (value - start) / (end - start) * _WIDTH

    width = max(x(high) - x(low), 2)
    zero = f"M{x(0):.1f} 1v14" if start <= 0 <= end else ""
    return (
        f'<svg class="draw draw-interval" viewBox="-8 0 {_WIDTH + 16} 16" aria-hidden="true">'
        f'<path class="draw-track" d="M0 8H{_WIDTH}{zero}"/>'
        f'<rect class="draw-bar" x="{x(low):.1f}" y="4" width="{width:.1f}" height="8" rx="2"/>'
        f'<circle class="draw-dot" cx="{x(mid):.1f}" cy="8" r="5"/></svg>'
    )


def _quantity(v: dict[str, Any]) -> tuple[str, str]:
    return v.get("metric", ""), v.get("unit", "")


def _window(low: float, high: float) -> tuple[float, float]:
    """The range to draw: with zero, unless the interval is narrow and far from it."""
    room = (high - low) * 0.15 or abs(high) * 0.1 or 1.0
    start, end = low - room, high + room
    if low > 0 and low / high < 0.8:
        start = 0.0
    if high < 0 and high / low < 0.8:
        end = 0.0
    return start, end


# -- the box in a chapter -------------------------------------------------------------------------


def verdict(v: dict[str, Any], home: bool = False, beside: Iterable[dict[str, Any]] = ()) -> str:
    """The box of one verdict; `home` for the claim's own page, which lists the rest itself.

    `beside` are the verdicts that stand near it.
    """
    tag = anchor(v)
    about = scope(v)
    label = f"Verdict on {v['claim_id']}" + (f", {about}" if about else "")
    page = claim_page(slug(v["claim_id"]))
    more = "" if home else f' <a href="doc:{page}">All on this claim</a>'
    return (
        f'<section class="verdict rated-{slug(v["rating"])}" id="{tag}"'
        f' aria-label="{escape(label)}">'
        f'<p class="verdict-head">{former_anchor(v)}{chip(v["rating"])}'
        f'<span class="verdict-scope">{escape(about)}</span>'
        f'<span class="verdict-date">as of {escape(v["as_of"])}</span></p>'
        f'<p class="verdict-reason">{escape(v["reason"])}</p>'
        f'<div class="verdict-numbers">{numbers(v, beside)}</div>'
        f"{_evidence(v['evidence'], label)}"
        f'<dl class="verdict-facts">{_facts(v, home)}</dl>'
        f'<p class="verdict-links"><a class="cite" href="cite:{tag}"'
        f' aria-label="Cite {escape(label)}">Cite</a>{more}</p>'
        "</section>\n"
    )


def numbers(v: dict[str, Any], beside: Iterable[dict[str, Any]] = ()) -> str:
    """Probability and interval, each in words with its drawing."""
    out = ""
    if v["probability"] is not None:
        words = verdicts.chance(v).capitalize()
        out += f"<div>{probability_svg(v['probability'])}<span>{escape(words)}</span></div>"
    if v["p50"] is not None:
        words = short_span(v)
        out += f"<div>{interval_svg(v, beside)}<span>{escape(words)}</span></div>"
    return out


def _evidence(rows: list[dict[str, str]], label: str) -> str:
    """Dated evidence as a table: the date first, what happened and its source last."""
    if not rows:
        return ""
    names = sorted(dict.fromkeys(k for row in rows for k in row), key=_column_place)
    titles = ["Source" if n == "source_id" else n.replace("_", " ") for n in names]
    head = columns(map(capital, titles))
    body = "".join(
        "<tr>" + "".join(_evidence_cell(n, row.get(n, "")) for n in names) + "</tr>" for row in rows
    )
    return (
        '<details class="verdict-evidence" open><summary>Dated evidence</summary>'
        f"{scrolling(f'{label}: dated evidence', head, body)}</details>"
    )


_LONG = ("what", "statement")  # columns that hold sentences


def _column_place(name: str) -> int:
    """Notebooks keep columns in alphabetical order, readers want another one."""
    places = {"date": 0, **dict.fromkeys(_LONG, 2), "source_id": 3}
    return places.get(name.lower(), 1)


def _evidence_cell(name: str, text: str) -> str:
    if name == "source_id" and text:
        links = [_source_in_short(k) for k in re.split(r"[;,]\s*", text)]
        return f"<td>{', '.join(links)}</td>"
    kind = ' class="long"' if name.lower() in _LONG else ""
    return f"<td{kind}>{escape(text)}</td>"


def _source_in_short(source_id: str) -> str:
    """A source by the start of its title: evidence tables are narrow."""
    title = _title("source", source_id)
    short = title if len(title) <= 40 else title[:40].rsplit(" ", 1)[0] + " …"
    return f'<a href="doc:{BIBLIOGRAPHY}#source-{escape(source_id)}">{escape(short)}</a>'


def _facts(v: dict[str, Any], home: bool) -> str:
    """Criterion, tables and limits; figures and sources are counted, the claim's page has them."""
    counts = [(len(v["figures"]), "figure"), (len(v["sources"]), "source")]
    listed = " and ".join(f"{n} {noun}{'s' if n > 1 else ''}" for n, noun in counts if n)
    place = "#grounds" if home else f"doc:{claim_page(slug(v['claim_id']))}#grounds"
    more = [f'<a href="{place}">{listed}</a>'] if listed else []
    rows = [
        ("Criterion", "" if home else escape(v["criterion"])),
        ("Limits", escape(v["limits"])),
        ("Rests on", ", ".join([*map(table_link, v["tables"]), *more])),
    ]
    return "".join(f"<dt>{k}</dt><dd>{text}</dd>" for k, text in rows if text)


def table_link(name: str) -> str:
    """A table by its name, linked to its page."""
    return f'<a href="doc:data/{escape(name)}"><code>{escape(name)}</code></a>'


def figure_link(figure_id: str) -> str:
    """A figure by what it measures, linked to its row."""
    title = escape(_title("figure", figure_id))
    return f'<a href="doc:data/figures#{escape(figure_id)}">{title}</a>'


def source_link(source_id: str) -> str:
    """A source by its title, linked to the bibliography."""
    title = escape(_title("source", source_id))
    return f'<a href="doc:{BIBLIOGRAPHY}#source-{escape(source_id)}">{title}</a>'


def grounds(found: list[dict[str, Any]]) -> str:
    """All tables, figures and sources that a claim's verdicts rest on, for the ledger."""

    def union(key: str) -> list[str]:
        return list(dict.fromkeys(item for v in found for item in v[key]))

    figures = [figure_link(f) for f in union("figures")]
    sources = [source_link(s) for s in union("sources")]
    kinds = {"table": [table_link(t) for t in union("tables")]}
    kinds |= {"figure": figures, "source": sources}
    return "".join(
        f"<details><summary>{len(items)} {noun}{'s' if len(items) > 1 else ''}</summary>"
        f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul></details>"
        for noun, items in kinds.items()
        if items
    )


# -- in one line -----------------------------------------------------------------------------------


def standing(parts: list[dict[str, Any]], beside: Iterable[dict[str, Any]] = ()) -> str:
    """The verdict that stands for one edition of a claim, and what its parts were."""
    v = verdicts.combine(parts)
    when = {"post": "At the post", "newest": "Newest data"}.get(v["edition"] or "", "")
    scope_text = f"{when}, {v['as_of']}" if when else v["as_of"]
    split = parts_line(parts)
    return (
        f'<div class="score-verdict"><p class="score-head">{chip(v["rating"])}'
        f'<span class="score-when">{escape(scope_text)}</span></p>'
        f'<p class="score-reason">{escape(v["reason"])}</p>'
        f'<div class="score-draw">{probability_svg(v["probability"])}'
        f"<span>{escape(verdicts.chance(v).capitalize())}</span></div>"
        f'<div class="score-draw">{interval_svg(v, beside)}'
        f"<span>{escape(short_span(v))}</span></div>"
        f"{split}</div>"
    )


def parts_line(parts: list[dict[str, Any]]) -> str:
    """The ratings of a claim's parts in one line; those beyond the criterion are only counted."""
    if len(parts) == 1:
        return ""
    counted = [p for p in parts if not p.get("beyond")]
    each = "; ".join(f"{verdicts.part_name(p) or 'as a whole'}: {p['rating']}" for p in counted)
    rest = len(parts) - len(counted)
    more = f"; beside the criterion, {rest} more" if rest else ""
    return f'<p class="score-parts">{escape(each + more)}</p>'


def short_span(v: dict[str, Any]) -> str:
    """Metric, median and interval in one line, to three digits."""
    if v["p50"] is None:
        return ""
    low, mid, high = (verdicts.quantity(verdicts.significant(v[k], 3)) for k in QUANTILES)
    ends = f" ({low} to {high})" if low != high else ""
    return f"{v['metric']}: {mid}{ends} {v['unit']}".rstrip()


_UNIT_WORDS = {
    "dimensionless": "", "fraction": "", "delta_degC": "K", "degC": "°C", "kelvin": "K",
    "GUSD": "billion USD", "MCNY": "million CNY", "kCNY": "thousand CNY", "terabyte": "TB",
    "microsiemens": "µS", "teraFLOP": "TFLOP", "us": "µs", "short_ton": "short tons",
}  # fmt: skip
_PLURAL = ("hour", "day", "month", "year", "minute", "second", "mile", "household", "robot",
           "chiller", "gallon")  # fmt: skip


def unit_words(unit: str, value: float = 2.0) -> str:
    """A unit of the data as readers write it: "USD_2025/kW" as "USD/kW (2025)"."""
    year = re.search(r"_(20\d\d)", unit)
    text = re.sub(r"_20\d\d", "", unit).replace(" * ", " ").replace(" / ", "/")
    text = re.sub(r"(?:\*\*|\^)([23])", lambda m: "²³"[int(m[1]) - 2], text)
    text = re.sub(r"[A-Za-z_]+", lambda m: _UNIT_WORDS.get(m[0], m[0]), text)
    head, slash, rest = text.partition("/")
    if value != 1 and head.split(" ")[-1] in _PLURAL:
        head += "s"
    if head in ("1", "unit"):
        head, slash = "", "per " if slash else ""
    elif not head and slash:
        slash = "per "
    return (head + slash + rest + (f" ({year[1]})" if year else "")).strip()


def untested(claims: Iterable[Any], chapter_words: Callable[[str], str]) -> str:
    """Claims of chapters that don't exist yet, as one compact line a chapter."""
    by_chapter: dict[str, list[str]] = {}
    for claim in claims:
        by_chapter.setdefault(claim.chapter, []).append(claim.claim)
    if not by_chapter:
        return ""
    items = "; ".join(f"{chapter_words(c)} ({len(found)})" for c, found in by_chapter.items())
    total = sum(len(found) for found in by_chapter.values())
    listed = f'<a href="doc:{LEDGER}">listed in the ledger</a>'
    return (
        f'<p class="untested"><strong>Not yet tested:</strong> {total} claims on {escape(items)}. '
        f"They are {listed} with the criterion each will be held to.</p>\n"
    )
