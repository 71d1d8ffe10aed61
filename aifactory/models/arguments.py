"""Arguments of models, checked in one way: as float arrays, or an error that names the argument."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike


def checked(
    holds: Callable[[np.ndarray], np.ndarray], rule: str, /, **given: ArrayLike
) -> list[np.ndarray]:
    """The arguments as float arrays, in order.

    Raises ValueError, "NAME RULE", for the first with a value for which `holds` is false.
    """
    out = []
    for name, value in given.items():
        array = np.asarray(value, dtype=float)
        if not np.all(holds(array)):
            raise ValueError(f"{name} {rule}")
        out.append(array)
    return out


def positive(**given: ArrayLike) -> list[np.ndarray]:
    """Arguments as float arrays. Raises ValueError for one that is not above zero."""
    return checked(lambda x: x > 0, "must be above zero, a positive number", **given)


def finite_positive(**given: ArrayLike) -> list[np.ndarray]:
    """Arguments as float arrays. Raises ValueError for one that is not finite and above zero."""
    return checked(lambda x: np.isfinite(x) & (x > 0), "must be positive and finite", **given)


def not_negative(**given: ArrayLike) -> list[np.ndarray]:
    """Arguments as float arrays. Raises ValueError for one that is negative or not a number."""
    return checked(lambda x: x >= 0, "must not be negative or missing", **given)


def finite_not_negative(**given: ArrayLike) -> list[np.ndarray]:
    """Arguments as float arrays. Raises ValueError for one that is not finite, or negative."""
    rule = "must be finite and not negative, at least 0"
    return checked(lambda x: np.isfinite(x) & (x >= 0), rule, **given)


def shares(**given: ArrayLike) -> list[np.ndarray]:
    """Arguments as float arrays. Raises ValueError for one outside 0 to 1."""
    rule = "is a share and must lie between 0 and 1"
    return checked(lambda x: (x >= 0) & (x <= 1), rule, **given)
