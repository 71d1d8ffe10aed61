"""Scores of probabilities against what happened. Nothing here needs SciPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def brier_score(probability: ArrayLike, outcome: ArrayLike) -> np.ndarray:
    """Squared distance of a probability from what happened (0 or 1), elementwise.

    Half of what :cite:`brier-1950` sums over both classes: 0 is perfect, 0.25 what an even chance
    earns whatever happens, 1 the worst. Raises ValueError outside 0 to 1.
    """
    p, o = checked_events(probability, outcome)
    return (p - o) ** 2


def log_score(probability: ArrayLike, outcome: ArrayLike) -> np.ndarray:
    """Negative natural logarithm of the probability given to what happened, elementwise.

    0 is perfect, ln 2 what an even chance earns, and a certainty that failed costs without bound
    :cite:`gneiting-raftery-2007`. Raises ValueError outside 0 to 1.
    """
    p, o = checked_events(probability, outcome)
    with np.errstate(divide="ignore"):
        return 0.0 - np.log(np.where(o == 1, p, 1 - p))


def checked_events(probability: ArrayLike, outcome: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as float arrays. Raises ValueError outside 0 to 1, or outcomes other than 0 and 1."""
    p, o = np.asarray(probability, dtype=float), np.asarray(outcome, dtype=float)
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(o, (0, 1)).all():
        raise ValueError("probabilities lie between 0 and 1, outcomes of events are within {0, 1}")
    return p, o
