"""The book's forecasts as HTML: what is open by date, what is scored, and how well that went."""

from __future__ import annotations

from typing import Any

from aifactory import forecasts, verdicts
from aifactory.publish import boxes
from aifactory.publish.html import capital, escape, scrolling, slug


def anchor(forecast_id: str) -> str:
    """The permanent id of a forecast on its page."""
    return f"forecast-{slug(forecast_id)}"


def page(found: list[forecasts.Forecast]) -> str:
    """All forecasts: open ones by the day on which they are read, then scored and void ones."""
    waiting = [f for f in found if f.outcome is None and not f.void]
    resolved = [f for f in found if f.outcome is not None]
    kinds = {
        "Open, by the day on which the outcome is read": sorted(
            waiting, key=lambda f: f.resolves_on
        ),
        "Scored, the latest first": sorted(resolved, key=lambda f: f.resolved_on, reverse=True),
        "Void: the rule could not be applied": [f for f in found if f.void],
    }
    lists = "".join(
        f'<p class="scoreboard-chapter">{title}</p>\n{"".join(map(entry, rows))}'
        for title, rows in kinds.items()
        if rows
    )
    return f"{_record(found)}{lists}{_head(found)}"


def entry(forecast: forecasts.Forecast) -> str:
    """One forecast with its grounds, its rule and, where there is one, its outcome."""
    tag = anchor(forecast.id)
    said = {
        "Outcome": _outcome(forecast),
        "Because": escape(forecast.basis),
        "Read": f"on {forecast.resolves_on} at the latest",
    }
    judged = {
        "Where": escape(forecast.resolution_source),
        "Rule": escape(forecast.resolution_rule),
        "Rests on": ", ".join(
            [*map(boxes.table_link, forecast.tables), *map(boxes.source_link, forecast.source_ids)]
        ),
        "Made": f"on {forecast.made_on}, from data to {escape(forecast.data_to)}",
    }
    return (
        f'<section class="data-table" id="{tag}"><h2>{escape(forecast.question)}</h2>'
        f'<div class="verdict-numbers"><div>{_drawing(forecast)}'
        f"<strong>{escape(capital(forecasts.odds(forecast)))}</strong></div></div>"
        f"{_facts(said)}<details><summary>How it is judged, and what it rests on</summary>"
        f'{_facts(judged)}</details><p class="verdict-links"><a href="#{tag}">Link to this forecast'
        f'</a> <a href="doc:{boxes.LEDGER}#{slug(forecast.claim_id)}">The claim that it bears on'
        "</a></p></section>\n"
    )


def _facts(rows: dict[str, str]) -> str:
    listed = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in rows.items() if text)
    return f"<dl>{listed}</dl>"


def _drawing(forecast: forecasts.Forecast) -> str:
    if forecast.probability is not None:
        return boxes.probability_svg(forecast.probability)
    return boxes.interval_svg(dict(zip(boxes.QUANTILES, forecast.quantiles, strict=True)))


def _outcome(forecast: forecasts.Forecast) -> str:
    """What came, where it was read, and what the forecast earned."""
    if forecast.outcome is None and not forecast.void:
        return ""
    if forecast.void:
        text = "void"
    elif forecast.quantiles:
        text = f"{verdicts.quantity(forecast.outcome)} {escape(forecast.unit)}"
    else:
        text = "it happened" if forecast.outcome else "it did not happen"
    links = ", ".join(boxes.source_link(i) for i in forecast.outcome_source_ids)
    note = f"; {escape(forecast.outcome_note)}" if forecast.outcome_note else ""
    scores = "".join(f"; {SCORES[k]} {v:.3g}" for k, v in forecast.scores().items())
    return f"{text}, read on {forecast.resolved_on} at {links}{note}{scores}"


SCORES = {
    "brier": "Brier score",
    "log": "log score",
    "wis": "interval score, in its unit,",
    "relative_wis": "in logarithms",
}


def _record(found: list[forecasts.Forecast]) -> str:
    """How the registry does: counts, mean scores and, with enough outcomes, calibration."""
    total = forecasts.summary(found)
    told = total["events_resolved"] + total["quantities_resolved"]
    text = f"<strong>{total['forecasts']} forecasts, {told} of them scored.</strong>"
    if total["brier"] is not None:
        text += (
            f" Mean Brier score of events {total['brier']:.3f}, mean log score {total['log']:.3f}."
        )
    if total["expected_brier"] is not None:
        text += (
            " If the probabilities are right, the mean Brier score of all events will come out "
            f"near {total['expected_brier']:.3f}; an even chance for each would earn 0.25."
        )
    if total["relative_wis"] is not None:
        text += f" Mean interval score of quantities, in logarithms, {total['relative_wis']:.3f}."
    return f"<p>{text}</p>\n{_calibration(total)}"


def _calibration(total: dict[str, Any]) -> str:
    rows = [
        (boxes.chip(r["rating"]), f"{r['mean_probability']:.0%}", f"{r['happened']} of "
         f"{r['forecasts']}", f"{r['share']:.0%} ({r['low']:.0%} to {r['high']:.0%})")
        for r in total["calibration"]
    ]  # fmt: skip
    rows += [
        (f"Outcome at or below the {r['level']:.0%} point", f"{r['level']:.0%}", "",
         f"{r['share_below']:.0%} ({r['low']:.0%} to {r['high']:.0%})")
        for r in total["coverage"]
    ]  # fmt: skip
    if not rows:
        return ""
    titles = ("Said", "Mean probability", "Happened", "Share, with 90 % interval")
    head = "".join(f'<th scope="col">{t}</th>' for t in titles)
    body = "".join("<tr>" + "".join(f"<td>{x}</td>" for x in row) + "</tr>" for row in rows)
    return scrolling("Calibration", head, body)


def _head(found: list[forecasts.Forecast]) -> str:
    """The newest seal, which stands for all of them."""
    if not found:
        return ""
    digest = f'<code class="digest">{found[-1].sha256}</code>'
    rows = {"Newest seal": f"{digest}, of {found[-1].made_on}, over all rows of the registry"}
    return f'<div class="data-table">{_facts(rows)}</div>\n'
