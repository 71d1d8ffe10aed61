"""What the book knows of a claim, as data: the JSON beside its page, and its ClaimReview.

`claim.schema.json` describes the JSON. A ClaimReview (schema.org) is of the combined rating at the
newest edition; its value is the rating's place on the seven words of `verdicts.RATINGS`, from 1
for "exceptionally unlikely" to 7 for "virtually certain".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aifactory import data, editions, verdicts
from aifactory.publish import boxes, citation, once, pages
from aifactory.publish.backlinks import Backlink

SCHEMA = Path(__file__).with_name("claim.schema.json")
POST = "post"  # the source that makes the claims
SCALE = [word for _, word in reversed(verdicts.RATINGS)]
LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": citation.TEXT_LICENCE,
}
RULE = (
    "A claim takes the rating of its least likely part. Parts beyond the criterion don't count, "
    "nor do untestable ones unless all are."
)

Held = dict[str, list[dict[str, Any]]]  # a claim's verdicts by edition


@dataclass(frozen=True)
class Dossier:
    """A claim with all that the book holds on it. `doc` is the docname of its chapter."""

    claim: data.Claim
    held: Held
    doc: str
    history: tuple[editions.Row, ...] = ()
    backlinks: tuple[Backlink, ...] = ()
    charts: tuple[dict[str, str], ...] = field(default=())  # under "what would change it"

    @property
    def found(self) -> list[dict[str, Any]]:
        """All verdicts, the newest edition first."""
        return [v for edition in self.order for v in self.held[edition]]

    @property
    def order(self) -> list[str]:
        """Its editions, the newest first."""
        return [e for e in ("newest", "", "post") if e in self.held]

    @property
    def newest(self) -> dict[str, Any] | None:
        """The verdict that stands for it at the newest edition; None while it isn't tested."""
        return verdicts.combine(self.held[self.order[0]]) if self.order else None

    def union(self, key: str) -> list[str]:
        """Tables, figures or sources that any of its verdicts rests on."""
        return list(dict.fromkeys(item for v in self.found for item in v[key]))

    def combined_history(self) -> list[editions.Row]:
        """One row a version and edition: the one that stood for the claim; newest first."""
        groups: dict[tuple[str, str], list[editions.Row]] = {}
        for row in self.history:
            groups.setdefault((row["version"], row["edition"] or ""), []).append(row)
        return [verdicts.combine(rows) for rows in reversed(groups.values())]


Placed = Callable[[str], str]  # a place of the site, as seen from the claim's page


def record(dossier: Dossier, place: Placed, edition: pages.Edition) -> dict[str, Any]:
    """The machine-readable twin of a claim's page, in a fixed order."""
    claim = dossier.claim
    standing = [_combined(dossier.held[e]) for e in dossier.order]
    return {
        "$schema": "schema.json",
        "id": claim.id,
        "chapter": claim.chapter,
        "kind": claim.kind,
        "post_lines": claim.post_lines,
        "claim": claim.claim,
        "criterion": claim.criterion,
        "tested": bool(standing),
        "rating_rule": RULE,
        "combined": standing,
        "verdicts": [_verdict(v) for v in dossier.found],
        "tables": [_table(name) for name in dossier.union("tables")],
        "figures": [_figure(name) for name in dossier.union("figures")],
        "sources": [_source(name) for name in dossier.union("sources")],
        "what_would_change_it": [
            {"finding": c["finding"], "address": place(f"{dossier.doc}.html#fig-{c['name']}")}
            for c in dossier.charts
        ],
        "history": [dict(row) for row in dossier.history],
        "backlinks": [
            {"kind": b.kind, "title": b.title, "address": place(_uri(b.target))}
            for b in dossier.backlinks
        ],
        "addresses": {k: place(v) for k, v in addresses(dossier).items()},
        "book": citation.book().title,
        "version": edition.version,
        "released": edition.released,
        "licence": LICENCE,
    }


def addresses(dossier: Dossier) -> dict[str, str]:
    """Where things on a claim are, as places of the site."""
    claim, page = dossier.claim, boxes.claim_page(dossier.claim.id)
    out = {"page": f"{page}.html", "json": f"{page}.json", "cite": f"cite/{page}.html"}
    out["ledger"] = f"{boxes.LEDGER}.html#{claim.id}"
    if dossier.held:
        chapter = f"{dossier.doc}.html#{claim.id}"
        out |= {"test": chapter, "model": f"{chapter}-model", "change": f"{chapter}-change"}
    return out


def _uri(target: str) -> str:
    """A doc address as a place of the site."""
    doc, _, anchor = target.partition("#")
    return f"{doc}.html" + (f"#{anchor}" if anchor else "")


_SHOWN = (
    "edition", "part", "metric", "unit", "p05", "p50", "p95", "probability", "rating", "reason",
    "limits", "as_of", "evidence", "tables", "figures", "sources",
)  # fmt: skip


def _verdict(v: dict[str, Any]) -> dict[str, Any]:
    out = {"id": boxes.anchor(v), "beyond": bool(v.get("beyond"))}
    return out | {key: v[key] for key in _SHOWN}


def _combined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """What stands for one edition, and the verdict that decided it."""
    v = verdicts.combine(parts)
    return {k: v[k] for k in ("edition", "rating", "probability", "as_of")} | {
        "decided_by": boxes.anchor(v)
    }


def _table(name: str) -> dict[str, Any]:
    entry = data.package().resources.get(name, {})
    return {"name": name, "title": entry.get("title", name)}


def _figure(name: str) -> dict[str, Any]:
    figure = data.figure(name, reference_only=True)
    return {"id": figure.id} | {
        key: _number(getattr(figure, key))
        for key in ("description", "low", "central", "high", "unit", "as_of", "source_id",
                    "verification")
    }  # fmt: skip


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


def _source(name: str) -> dict[str, Any]:
    source = once.source(name)
    keys = ("title", "author", "publisher", "published", "accessed", "url", "license")
    return {"id": source.id} | {key: getattr(source, key) for key in keys}


def index(dossiers: Iterable[Dossier], place: Placed, edition: pages.Edition) -> dict[str, Any]:
    """All claims in short: what each says, how it is rated, and where its own record is."""
    rows = []
    for one in dossiers:
        v = one.newest
        rows.append(
            {
                "id": one.claim.id,
                "chapter": one.claim.chapter,
                "claim": one.claim.claim,
                "rating": v["rating"] if v else None,
                "probability": v["probability"] if v else None,
                "as_of": v["as_of"] if v else None,
                "page": place(addresses(one)["page"]),
                "json": place(addresses(one)["json"]),
            }
        )
    head = {"book": citation.book().title, "version": edition.version}
    head |= {"released": edition.released}
    return head | {"licence": LICENCE, "rating_rule": RULE, "claims": rows}


def as_json(content: dict[str, Any]) -> str:
    """A record as the file that is published."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


# -- schema.org -----------------------------------------------------------------------------------


def review(dossier: Dossier, place: Placed, edition: pages.Edition) -> dict[str, Any] | None:
    """The ClaimReview of a claim's combined rating at its newest edition; None if untested."""
    v = dossier.newest
    if v is None:
        return None
    where = addresses(dossier)
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "url": place(where["page"]),
        "claimReviewed": dossier.claim.claim,
        "itemReviewed": _claim(dossier.claim),
        "reviewRating": _rating(v),
        "author": {"@type": "Organization", "name": citation.book().by},
        "datePublished": edition.released,
        "version": edition.version,
        "inLanguage": "en",
        "license": LICENCE["path"],
        "isBasedOn": place(where["test"]),
        "isPartOf": {"@type": "Book", "name": citation.book().title, "url": place("index.html")},
    }


def _rating(v: dict[str, Any]) -> dict[str, Any]:
    word = v["rating"]
    out = {"@type": "Rating", "alternateName": word.capitalize()}
    if word in SCALE:
        value = SCALE.index(word) + 1
        out |= {"ratingValue": value, "bestRating": len(SCALE), "worstRating": 1}
    return out | {"ratingExplanation": f"As of {v['as_of']}: {v['reason']}"}


def _claim(claim: data.Claim) -> dict[str, Any]:
    post = once.source(POST)
    posting = {
        "@type": "SocialMediaPosting",
        "name": post.title,
        "datePublished": post.published,
        "publisher": {"@type": "Organization", "name": post.publisher},
    }
    return {
        "@type": "Claim",
        "name": claim.claim,
        "identifier": claim.id,
        "datePublished": post.published,
        "appearance": posting,
        "firstAppearance": posting,
    }
