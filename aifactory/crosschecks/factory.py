"""Second routes of the chapter on the factory: closed forms and SQL."""

from __future__ import annotations

import numpy as np

from aifactory.crosschecks.base import DRAWS, FORM, SQL, Check, Database, drawn_once

N = 200_000


def home(db: Database) -> float:
    """Use of a household, kWh a year, at which the post's two numbers agree."""
    kwh = 1e3 * db.figure("post-power") * 8760 * db.figure("load-factor")
    return kwh / (1e6 * db.figure("post-households"))


@drawn_once
def thousand_gpus(db: Database) -> np.ndarray:
    """Draws of the GPUs that 1.2 GW feed, thousands, each with its part of network and storage."""
    rng = np.random.default_rng(61)
    each = db.drawn("gb-rack-kw-per-gpu", N, rng)
    each *= np.maximum(db.drawn("network-storage-overhead", N, rng), 1)
    each *= np.maximum(db.drawn("facility-to-it-peak", N, rng), 1)
    return np.asarray(db.drawn("post-power-rounding", N, rng) / each)


def fed(db: Database) -> float:
    """Median of them."""
    return float(np.median(thousand_gpus(db)))


def fed_upper_end(db: Database) -> float:
    """Share of draws that feed the post's larger number of GPUs, %."""
    return 100 * float((thousand_gpus(db) >= db.figure("post-gpus-high") / 1e3).mean())


def runs(db: Database) -> float:
    """Printed operations of a year over those of the largest run of the table."""
    largest = db.one('SELECT max(training_compute_flop) FROM "networking/epoch_training_runs"')
    return db.printed("factory", "factory-flop") * 1e27 / largest


CHECKS = (
    Check("factory", "factory-home-needed", "Use that makes the post's households right, kWh", FORM,
          "1.2 GW × 8,760 h × load factor over two million, from the figures", home, 0.01),
    Check("factory", "factory-gpus", "GPUs that 1.2 GW feed, thousands", DRAWS,
          "power over a rack's share, network and losses: four figures drawn", fed, 0.02),
    Check("factory", "factory-gpus-most", "Draws that feed the post's 500,000 GPUs, %", DRAWS,
          "the same draws, against the post's upper end", fed_upper_end, 0.04),
    Check("factory", "factory-grok", "Computing of a year over that of Grok 3", SQL,
          "the printed operations of a year over the largest run of the table", runs, 0.04),
)  # fmt: skip
