"""What interruptions cost: of one stop, and of a year beside the GPUs' own capital.

Money is in the dollars of its inputs, hours are of the whole job, and a GPU-hour has a price.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aifactory.models.finance import capital_recovery_factor

HOURS_A_YEAR = 8760.0
TRIES = 1_000  # restarts that one stop may take before it counts as it stands


def capital_recovery(interest: ArrayLike, years: ArrayLike) -> np.ndarray:
    """Yearly payment for one unit of capital, i / (1 - (1 + i)^-n), per year.

    `interest` is a share a year, `years` the time over which capital is paid off. Raises ValueError
    where either is not positive.
    """
    i, n = np.asarray(interest, dtype=float), np.asarray(years, dtype=float)
    if not ((i > 0).all() and (n > 0).all()):
        raise ValueError("interest and years must be positive")
    return capital_recovery_factor(i, n)


def yearly_ratio(
    goodput: ArrayLike, spares: ArrayLike, price: ArrayLike, charge: ArrayLike
) -> np.ndarray:
    """Yearly cost of interruptions over the yearly capital cost of the GPUs, both of one GPU.

    Interruptions cost the useful hours that `goodput` (0 to 1) falls short of, and `spares` idle
    GPUs for each one in use, at `price` a GPU-hour; `charge` is the yearly capital cost of a GPU.
    The number of GPUs cancels, but for what it does to goodput. Raises ValueError for a goodput
    outside 0 to 1.
    """
    g = np.asarray(goodput, dtype=float)
    if not ((g >= 0) & (g <= 1)).all():
        raise ValueError("goodput lies between 0 and 1")
    lost = 1 - g + np.asarray(spares, dtype=float)
    return HOURS_A_YEAR * np.asarray(price, dtype=float) * lost / np.asarray(charge, dtype=float)


def stop_h(
    interval_h: ArrayLike, write_h: ArrayLike, restart_h: ArrayLike, mtbf: ArrayLike,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Hours lost with single stops of a synchronous job, one draw for each element.

    A stop lasts from a failure until the job runs again. Failures are Poisson, so that the work
    since the last checkpoint is exponential, cut off at the length of a cycle; and a restart of
    `restart_h` succeeds where the next failure comes later, else it is tried again. Inputs
    broadcast to the shape returned; it has the distribution of `interruptions.simulate`. Raises
    ValueError for times that are negative, or a cycle or `mtbf` of nought.
    """
    t, d, r, m = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (interval_h, write_h, restart_h, mtbf))
    )
    if not ((t > 0).all() and (m > 0).all() and (d >= 0).all() and (r >= 0).all()):
        raise ValueError("interval_h and mtbf must be positive, write_h and restart_h not negative")
    lost = _cut_exponential(m, _struck(t + d, m), rng).ravel()
    r_flat, m_flat = r.ravel(), m.ravel()
    struck = _struck(r_flat, m_flat)
    going = np.flatnonzero(rng.random(lost.size) < struck)
    so_far, mean, chance = lost[going], m_flat[going], struck[going]
    for _ in range(TRIES):
        if not going.size:
            break
        so_far += _cut_exponential(mean, chance, rng)
        again = rng.random(going.size) < chance
        lost[going[~again]] = so_far[~again]
        going, so_far, mean, chance = (x[again] for x in (going, so_far, mean, chance))
    lost[going] = so_far
    return lost.reshape(r.shape) + r


def _struck(hours: np.ndarray, mtbf: np.ndarray) -> np.ndarray:
    """Probability that a failure strikes within some hours."""
    return -np.expm1(-hours / mtbf)


def _cut_exponential(mean: np.ndarray, below: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exponential draws, given that they lie among the share `below` of the smallest."""
    return -mean * np.log1p(rng.random(mean.shape) * -below)
