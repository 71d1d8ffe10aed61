"""What a plant's capacity is used for: bounds on shares where only some uses are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def share_let(let: ArrayLike, total: ArrayLike) -> np.ndarray:
    """Share of capacity that is let to others, 0 to 1.

    `let` and `total` in one unit (processors, megawatts, equivalents), broadcast. Raises
    ValueError where the total is not positive or more is let than there is.
    """
    a, b = np.asarray(let, dtype=float), np.asarray(total, dtype=float)
    if (b <= 0).any() or (a < 0).any() or (a > b).any():
        raise ValueError("what is let lies between nothing and the total, which is positive")
    return a / b


def share_of_kind(let: ArrayLike, training: ArrayLike, kind: ArrayLike) -> np.ndarray:
    """Share of all processor-hours that go into training runs of one kind.

    (1 - let) x training x kind: `let` is the share of capacity let to others, `training` the share
    of the owner's own hours that trains models rather than serves them, `kind` the share of those
    training hours in runs of that kind (all 0 to 1, broadcast). With training = kind = 1 it is the
    most that any use of the owner's own can reach. Raises ValueError outside 0 to 1.
    """
    parts = [np.asarray(x, dtype=float) for x in (let, training, kind)]
    if any(((x < 0) | (x > 1)).any() for x in parts):
        raise ValueError("shares lie within 0 to 1")
    return (1 - parts[0]) * parts[1] * parts[2]
