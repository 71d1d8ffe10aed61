"""Money over time: what a level yearly payment is worth, and what payment returns an outlay."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aifactory.models.arguments import not_negative


def annuity_factor(rate: ArrayLike, years: ArrayLike) -> np.ndarray:
    """Present value of 1 at the end of each year: (1 - (1 + k)^-n) / k, and n at k = 0.

    `rate` lies above -1; `years` may be a fraction. Raises ValueError outside.
    """
    k = np.asarray(rate, dtype=float)
    (n,) = not_negative(years=years)
    if not (k > -1).all():
        raise ValueError("rate must lie above -1")
    k, n = np.broadcast_arrays(k, n)
    small = np.abs(k) < 1e-9
    safe = np.where(small, 1.0, k)
    with np.errstate(over="ignore"):
        return np.where(small, n, -np.expm1(-n * np.log1p(safe)) / safe)


def capital_recovery_factor(rate: ArrayLike, years: ArrayLike) -> np.ndarray:
    """Yearly payment that returns 1 with interest over `years`: k / (1 - (1 + k)^-n).

    Raises ValueError for no years or a rate at or below -1.
    """
    (n,) = not_negative(years=years)
    if (n == 0).any():
        raise ValueError("years must be positive")
    return 1 / annuity_factor(rate, n)
