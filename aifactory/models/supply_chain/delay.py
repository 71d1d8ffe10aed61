"""How long a site waits when a link of its chain is lost.

Two questions, two models. *Everyone is cut alike*: an order waits in a queue that a link works off;
the link's output falls to what is left, and comes back after a time to recover (`queue_months`).
*One builder goes round*: named routes start on their dates, ramp up and give the builder a share of
their output until the site is full (`fill_months`). Time to survive and time to recover are those
of Simchi-Levi, Schmidt and Wei (2014) and Simchi-Levi et al. (2015, doi:10.1287/inte.2015.0804).

All times are in months from the loss; arrays hold one value a draw.
"""

from __future__ import annotations

import numpy as np

from aifactory.models.water.reuse_plants import predictive_months

Array = float | np.ndarray


def exposure_months(recover: Array, survive: Array) -> np.ndarray:
    """Months without supply: time to recover less time to survive, at least nothing.

    Raises ValueError for times below zero.
    """
    a, b = np.asarray(recover, dtype=float), np.asarray(survive, dtype=float)
    if not ((a >= 0).all() and (b >= 0).all()):
        raise ValueError("times are not below zero")
    return np.maximum(a - b, 0)


def _recovered(t: np.ndarray, lag: np.ndarray, ramp: np.ndarray) -> np.ndarray:
    """Integral from 0 to t of clip((t - lag) / ramp, 0, 1)."""
    after = np.maximum(t - lag, 0)
    return np.where(after <= ramp, after**2 / (2 * ramp), after - ramp / 2)


def queue_months(
    wait: Array, survive: Array, kept: Array, lag: Array, ramp: Array, ready: Array = 0.0
) -> np.ndarray:
    """When an order arrives that would have taken `wait` months, had the link not been lost.

    The queue is worked off at rate 1 for `survive` months (stock and goods under way), then at
    `kept` (share of the output that is not lost, above 0 up to 1), to which the lost part comes
    back in a straight line over `ramp` months from month `lag` on. `ready` months of work follow
    on the site in either case. Solves the integral of the rate up to T = `wait` for T, in closed
    form, and adds `ready`. Shapes are broadcast. Raises ValueError for times below zero, a ramp
    that is not above zero, or `kept` outside 0 to 1.
    """
    w, s, k, a, d, r = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (wait, survive, kept, lag, ramp, ready))
    )
    if not ((w >= 0) & (s >= 0) & (a >= 0) & (r >= 0)).all() or not (d > 0).all():
        raise ValueError("times are not below zero, and a ramp is above zero")
    if not ((k >= 0) & (k <= 1)).all():
        raise ValueError("kept is a share between 0 and 1")
    lost = 1 - k
    # Work done by month t after the stock is gone, up to a constant: k t + lost * recovered(t).
    target = w - s + k * s + lost * _recovered(s, a, d)
    at_end = k * (a + d) + lost * d / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = np.where(k > 0, target / np.where(k > 0, k, 1), np.inf)
        # lost x²/(2 d) + k x + k a - target = 0 with x = t - a
        c = k * a - target
        root = np.sqrt(np.maximum(k**2 - 2 * lost / d * c, 0))
        bent = a + np.where(root + k > 0, -2 * c / (root + k), 0)
    late = a + d + (target - at_end)
    after = np.where(target <= k * a, flat, np.where(target <= at_end, bent, late))
    return np.where(w <= s, w, after) + r


def made_by(t: Array, start: np.ndarray, ramp: np.ndarray, per_month: np.ndarray) -> np.ndarray:
    """What routes have made by month `t`, summed over them.

    `start`, `ramp` (months) and `per_month` (output a month at full rate) have shape (draws,
    routes), `t` shape (draws,). A start of infinity means a route that never comes.
    """
    return (per_month * _recovered(np.asarray(t, dtype=float)[:, None], start, ramp)).sum(axis=1)


def fill_months(
    need: Array,
    start: np.ndarray,
    ramp: np.ndarray,
    per_month: np.ndarray,
    horizon: float = 600.0,
) -> np.ndarray:
    """Month by which routes together have made `need`, shape (draws,).

    Infinity where they have not by `horizon`. Each route starts in month `start` and reaches
    `per_month` in a straight line over `ramp` months; all three have shape (draws, routes). Solved
    by bisection, to less than 0.001 months. Raises ValueError for shapes that differ, rates or
    needs below zero, or ramps that are not above zero.
    """
    a, d, c = (np.asarray(v, dtype=float) for v in (start, ramp, per_month))
    if a.ndim != 2 or a.shape != d.shape or a.shape != c.shape:
        raise ValueError("start, ramp and per_month need one shape (draws, routes)")
    n = np.broadcast_to(np.asarray(need, dtype=float), a.shape[:1])
    if not (n >= 0).all() or not (c >= 0).all() or not (d > 0).all():
        raise ValueError("needs and rates are not below zero, and ramps are above zero")
    low, high = np.zeros(len(n)), np.full(len(n), float(horizon))
    never = made_by(high, a, d, c) < n
    for _ in range(int(np.ceil(np.log2(horizon / 1e-3)))):
        mid = (low + high) / 2
        done = made_by(mid, a, d, c) >= n
        low, high = np.where(done, low, mid), np.where(done, mid, high)
    return np.where(never, np.inf, np.where(n > 0, high, 0))


def slipped_start(stated: Array, planned: Array, ratio: Array) -> np.ndarray:
    """Month in which a route starts that was stated in month `stated` for month `planned`.

    The interval between the two is stretched by `ratio` (1 = kept). Months count from today, so
    that `stated` is at most 0; a start in the past is 0. Raises ValueError for a plan before its
    statement or a ratio that is not above zero.
    """
    s, p, r = (np.asarray(v, dtype=float) for v in (stated, planned, ratio))
    if not (p >= s).all() or not (r > 0).all():
        raise ValueError("a plan follows its statement, and a ratio of slip is above zero")
    return np.maximum(s + r * (p - s), 0)


def left_out(record: np.ndarray, quantiles: tuple[float, ...] = (0.05, 0.5, 0.95)) -> np.ndarray:
    """Each value of a positive record foretold from all others, shape (values, quantiles).

    The forecast is the predictive distribution of one more log-normal value (Hahn and Meeker
    1991), as in `water.reuse_plants.predictive_months`. Raises ValueError for fewer than four
    values or one that is not above zero.
    """
    x = np.asarray(record, dtype=float)
    if x.size < 4:
        raise ValueError("leaving one out needs four values or more")
    u = np.array(quantiles)
    return np.array([predictive_months(np.delete(x, i), u) for i in range(x.size)])
