"""What interruptions cost: of one stop, and of a year beside the GPUs' own capital.

Money is in the dollars of its inputs, hours are of the whole job, and a GPU-hour has a price.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aifactory.models.finance import capital_recovery_factor

HOURS_A_YEAR = 8760.0
FEW_FAILED = 32  # failed restarts of one stop that are drawn one by one
MOST_FAILED = 1e15  # failed restarts counted: by then centuries have gone by


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


def work_lost_h(
    interval_h: ArrayLike, write_h: ArrayLike, mtbf: ArrayLike, rng: np.random.Generator
) -> np.ndarray:
    """Hours of work that single failures of a synchronous job destroy, one draw each.

    Failures are Poisson, so that the time since the last checkpoint is exponential, cut off at the
    length of a cycle. Inputs broadcast to the shape returned. Raises ValueError for a negative
    `write_h`, or a cycle or `mtbf` of nought.
    """
    given = (np.asarray(x, dtype=float) for x in (interval_h, write_h, mtbf))
    t, d, m = np.broadcast_arrays(*given)
    if not ((t > 0).all() and (m > 0).all() and (d >= 0).all()):
        raise ValueError("interval_h and mtbf must be positive, write_h not negative")
    return _cut_exponential(m, _struck(t + d, m), rng)


def down_h(restart_h: ArrayLike, mtbf: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Hours from a failure until a synchronous job runs again, one draw each.

    A restart of `restart_h` succeeds where the next failure comes later, else it is tried again, as
    in `interruptions.simulate`. The number of failed ones is drawn from its geometric law, up to
    10^15. Their hours are exponential, cut off at `restart_h`: drawn one by one up to 32 of them,
    beyond as a gamma variate of the sum's mean and variance. Nobody steps in, however long it
    takes. The mean is M (e^(R/M) - 1). Inputs broadcast to the shape returned. Raises ValueError
    for a negative `restart_h` or an `mtbf` that is not positive.
    """
    r, m = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (restart_h, mtbf)))
    if not ((m > 0).all() and (r >= 0).all()):
        raise ValueError("mtbf must be positive, restart_h not negative")
    shape, r, m = r.shape, r.ravel(), m.ravel()
    with np.errstate(divide="ignore", over="ignore"):  # no time never fails, a long one always
        failed = np.log(1 - rng.random(r.size)) / np.log1p(-np.exp(-r / m))
    failed = np.minimum(np.floor(failed), MOST_FAILED)
    down, struck = r.copy(), _struck(r, m)
    few = np.flatnonzero((failed > 0) & (failed <= FEW_FAILED))
    while few.size:
        down[few] += _cut_exponential(m[few], struck[few], rng)
        failed[few] -= 1
        few = few[failed[few] > 0]
    many = np.flatnonzero(failed > FEW_FAILED)
    k, r, m, odds = failed[many], r[many], m[many], 1 / struck[many] - 1
    mean, variance = m - r * odds, m**2 - r**2 * odds * (1 + odds)
    down[many] += rng.gamma(k * mean**2 / variance, variance / mean)
    return down.reshape(shape)


def _struck(hours: np.ndarray, mtbf: np.ndarray) -> np.ndarray:
    """Probability that a failure strikes within some hours."""
    return -np.expm1(-hours / mtbf)


def _cut_exponential(mean: np.ndarray, below: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exponential draws, given that they lie among the share `below` of the smallest."""
    return -mean * np.log1p(rng.random(mean.shape) * -below)
