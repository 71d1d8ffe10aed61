"""Second routes of the chapter on the factory: closed forms and SQL."""

from __future__ import annotations

from aifactory.crosschecks.base import FORM, SQL, Check, Database


def home(db: Database) -> float:
    """Use of a household, kWh a year, at which the post's two numbers agree."""
    kwh = 1e3 * db.figure("post-power") * 8760 * db.figure("load-factor")
    return kwh / (1e6 * db.figure("post-households"))


def runs(db: Database) -> float:
    """Printed operations of a year over those of the largest run of the table."""
    largest = db.one('SELECT max(training_compute_flop) FROM "networking/epoch_training_runs"')
    return db.printed("factory", "factory-flop") * 1e27 / largest


CHECKS = (
    Check("factory", "factory-home-needed", "Use that makes the post's households right, kWh", FORM,
          "1.2 GW × 8,760 h × load factor over two million, from the figures", home, 0.01),
    Check("factory", "factory-grok", "Computing of a year over that of Grok 3", SQL,
          "the printed operations of a year over the largest run of the table", runs, 0.04),
)  # fmt: skip
