"""Sample records that tests of the site share."""

from __future__ import annotations


def verdict(**changes):
    return {
        "claim_id": "power-households", "metric": "Homes", "unit": "million",
        "probability": 0.05, "rating": "very unlikely", "reason": "About 0.7 million.",
        "criterion": "Within 25%.", "as_of": "2019", "p05": 0.5, "p50": 0.7, "p95": 0.9,
        "part": None, "edition": None, "evidence": [], "figures": [], "tables": [],
        "sources": [], "limits": "",
    } | changes  # fmt: skip
