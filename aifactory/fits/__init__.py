"""Runs of the chapters' models that the factory's surfaces and derived inputs are learnt from.

Each module gives `surfaces()`, name -> (surface, held-back points and results), and `derived()`,
name -> values at the probabilities `QUANTILES`. `aifactory.factory.learn` makes the tables of
data/factory/ of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
QUANTILES = np.clip(np.linspace(0, 1, 201), 0.0005, 0.9995)
Checks = tuple[np.ndarray, np.ndarray]  # points (n, inputs) and the full model's results (n,)
SEED = 20260115


def rng(name: str) -> np.random.Generator:
    """The generator of one computation, by its name, so that none moves another's draws."""
    return np.random.default_rng([SEED, *name.encode()])
