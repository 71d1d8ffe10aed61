"""What a slower network, or a slower rank, does to the time of one training step.

A synchronous step is computation, communication that nothing hides, and waiting. All shares are of
the step before the change, so that a result of 1.2 means a step 20 % longer and a throughput of
1/1.2. Functions take scalars or arrays that broadcast; nothing is read from files or drawn.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, ndtri
from scipy.stats import norm

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


def _inside(low: float, high: float, **values: np.ndarray | float) -> None:
    for name, value in values.items():
        found = np.asarray(value, dtype=float)
        if not (np.isfinite(found).all() and (found >= low).all() and (found <= high).all()):
            raise ValueError(f"{name} must lie between {low:g} and {high:g}, got {value}")


def efficiency(exposed_share: np.ndarray, slowdown: np.ndarray) -> np.ndarray:
    """Throughput left when communication takes `slowdown` r times as long: 1 / (1 + c(r - 1)).

    `exposed_share` c is the part of the step that waits for communication before the change.
    Amdahl's law (1967) read backwards. Raises ValueError for a share outside 0 to 1 or r below 1.
    """
    _inside(0, 1, exposed_share=exposed_share)
    _inside(1, np.inf, slowdown=np.minimum(slowdown, 1e300))
    return 1 / (1 + np.asarray(exposed_share) * (np.asarray(slowdown) - 1))


def slowdown_for(efficiency_left: np.ndarray, exposed_share: np.ndarray) -> np.ndarray:
    """The slow-down r that leaves `efficiency_left`: 1 + (1/e - 1) / c; 1 + 1/c for a half.

    Infinite where nothing is exposed. Raises ValueError outside (0, 1] and [0, 1].
    """
    _inside(np.finfo(float).tiny, 1, efficiency_left=efficiency_left)
    _inside(0, 1, exposed_share=exposed_share)
    longer = 1 / np.asarray(efficiency_left, dtype=float) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        extra = longer / np.asarray(exposed_share, dtype=float)
    return 1 + np.where(longer == 0, 0.0, extra)


def exposed(comm: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Communication that computation cannot hide: max(0, comm - window), in the unit given.

    Raises ValueError for negative times.
    """
    _inside(0, np.inf, comm=comm, window=window)
    return np.maximum(0.0, np.asarray(comm, dtype=float) - np.asarray(window, dtype=float))


def step_ratio(
    blocking_share: np.ndarray,
    hidden_share: np.ndarray,
    window_share: np.ndarray,
    slowdown: np.ndarray,
    straggler_excess: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Length of a step over its length before, when all communication takes `slowdown` as long.

    `blocking_share` is communication that nothing hides, `hidden_share` what runs behind
    computation that could hide up to `window_share`. What outgrows the window is exposed:

        1 + (r - 1) b + max(0, r h - w) + x

    with x the `straggler_excess`, waiting for the slowest rank. Raises ValueError for shares
    outside 0 to 1, h above w, r below 1, negative x, or more than a whole step of computation and
    blocking.
    """
    _inside(0, 1, blocking_share=blocking_share, hidden_share=hidden_share)
    _inside(0, 1, window_share=window_share)
    _inside(1, np.inf, slowdown=slowdown)
    _inside(0, np.inf, straggler_excess=straggler_excess)
    b, h, w, r = (np.asarray(v, dtype=float) for v in (
        blocking_share, hidden_share, window_share, slowdown))  # fmt: skip
    if (h > w + 1e-12).any():
        raise ValueError("hidden communication cannot exceed the window that hides it")
    if (b + w > 1 + 1e-12).any():
        raise ValueError("blocking communication and the window must fit into one step")
    return 1 + (r - 1) * b + exposed(r * h, w) + np.asarray(straggler_excess)


def slowdown_for_step(
    ratio: np.ndarray,
    blocking_share: np.ndarray,
    hidden_share: np.ndarray,
    window_share: np.ndarray,
) -> np.ndarray:
    """The slow-down r at which `step_ratio` reaches `ratio`; infinite without communication.

    The step is the larger of two straight lines in r, one for hidden communication inside its
    window and one for it beyond, so that the first of them to get there decides:

        r = min(1 + (q - 1) / b, (q - 1 + b + w) / (b + h))

    Raises ValueError for a ratio below 1 or shares that `step_ratio` refuses.
    """
    _inside(1, np.inf, ratio=ratio)
    step_ratio(blocking_share, hidden_share, window_share, 1.0)
    q, b, h, w = (np.asarray(v, dtype=float) for v in (
        ratio, blocking_share, hidden_share, window_share))  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(b > 0, 1 + (q - 1) / b, np.inf)
        beyond = np.where(b + h > 0, (q - 1 + b + w) / (b + h), np.inf)
    return np.where(q == 1, 1.0, np.minimum(inside, beyond))


def split_communication(
    total_share: np.ndarray, blocking_share: np.ndarray, room: np.ndarray, most: float = 2 / 3
) -> tuple[np.ndarray, np.ndarray]:
    """Hidden share and window from all communication, its blocking part and unused room (0 to 1).

    Communication can hide behind `most` of the computation at best: two thirds, since of three
    parts of work, one forward and two backward, gradients are exchanged in the backward ones.
    `room` 0 says the window is just filled, 1 that all of it is open. Returns (hidden, window),
    both shares of the step. Raises ValueError for shares outside 0 to 1.
    """
    _inside(0, 1, total_share=total_share, blocking_share=blocking_share, room=room, most=most)
    b = np.asarray(blocking_share, dtype=float)
    widest = most * (1 - b)
    hidden = np.clip(np.asarray(total_share, dtype=float) - b, 0, widest)
    return hidden, hidden + np.asarray(room) * (widest - hidden)


def bubble_share(stages: np.ndarray, microbatches: np.ndarray, chunks: np.ndarray | int = 1):
    """Share of a step that pipeline stages idle: (p - 1) / (v m + p - 1).

    p `stages`, m `microbatches` a step, v model `chunks` a stage in the interleaved schedule
    (Narayanan et al. 2021, doi:10.1145/3458817.3476209). Raises ValueError below 1.
    """
    _inside(1, np.inf, stages=stages, microbatches=microbatches, chunks=chunks)
    p = np.asarray(stages, dtype=float) - 1
    return p / (np.asarray(chunks) * np.asarray(microbatches) + p)


def with_bubble(share: np.ndarray, bubble: np.ndarray) -> np.ndarray:
    """A share of the busy step as a share of the whole, in which `bubble` of the time is idle."""
    _inside(0, 1, share=share, bubble=bubble)
    return np.asarray(share) * (1 - np.asarray(bubble))


def pick_range(u: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Draws from published ranges, each range as likely as any other and even within itself.

    `u` uniform in 0 to 1, any shape; `low` and `high` (k,). The first digit of u in base k takes
    the range, what is left of u the place in it; ranges are taken in order of their middles, so
    that larger u mean larger values on the whole. Raises ValueError for no ranges or a low above
    its high.
    """
    _inside(0, 1, u=u)
    a, b = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if a.size == 0 or a.shape != b.shape or not (a <= b).all():
        raise ValueError("ranges need a low each, not above its high")
    order = np.argsort(a + b, kind="stable")
    place = np.asarray(u, dtype=float) * a.size
    row = np.minimum(place.astype(int), a.size - 1)
    return a[order][row] + (place - row) * (b - a)[order][row]


# --- stragglers ----------------------------------------------------------------------------------


def normal_maximum(ranks: np.ndarray | float) -> np.ndarray:
    """Mean of the largest of `ranks` standard normal values, by quadrature.

    The integral of x n phi(x) Phi(x)^(n-1) over the line, where almost all of it lies within -9 to
    sqrt(2 ln n) + 9. Good to 1e-6 from 1 to 1e7 ranks. Raises ValueError below 1.
    """
    _inside(1, 1e9, ranks=ranks)
    n = np.asarray(ranks, dtype=float)[..., None]
    low, high = -9.0, np.sqrt(2 * np.log(n)) + 9
    x = low + (high - low) * (_NODES + 1) / 2
    density = np.exp(np.log(n) + norm.logpdf(x) + (n - 1) * log_ndtr(x))
    return ((high - low) / 2 * _WEIGHTS * x * density).sum(axis=-1)


def leading_maximum(ranks: np.ndarray | float) -> np.ndarray:
    """First term of the same for many ranks, sqrt(2 ln n) (Fisher and Tippett 1928)."""
    _inside(1, np.inf, ranks=ranks)
    return np.sqrt(2 * np.log(np.asarray(ranks, dtype=float)))


def jitter_ratio(variation: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Step time over a rank's mean time when ranks vary independently by `variation` (sd / mean).

    The step waits for the slowest: 1 + cv E[max of n]. Raises ValueError for negative variation.
    """
    _inside(0, np.inf, variation=variation)
    return 1 + np.asarray(variation) * normal_maximum(ranks)


def slow_rank_ratio(speed: np.ndarray, compute_share: np.ndarray | float = 1.0) -> np.ndarray:
    """Step time when one rank computes at `speed` (1 = as the others): all others wait for it.

    `compute_share` of the step is computation. Half the speed makes a step of computation alone
    twice as long, however many ranks there are. Raises ValueError outside (0, 1] and [0, 1].
    """
    _inside(np.finfo(float).tiny, 1, speed=speed)
    _inside(0, 1, compute_share=compute_share)
    return 1 + np.asarray(compute_share) * (1 / np.asarray(speed, dtype=float) - 1)


def excess_law(
    share_over: float, threshold: float, mean: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """The log-normal law of excess step time with a published P(x > threshold) and mean.

    Returns (median, sigma of the logarithm), each of the shape of `mean`. With z the normal
    quantile of 1 - share_over, sigma solves threshold exp(-z s + s^2 / 2) = mean; of two roots the
    larger is taken, the one that has a tail. Raises ValueError where no log-normal law has both.
    """
    _inside(1e-9, 1 - 1e-9, share_over=share_over)
    _inside(1e-12, np.inf, threshold=threshold, mean=mean)
    z = float(ndtri(1 - share_over))
    inner = z**2 + 2 * np.log(np.asarray(mean, dtype=float) / threshold)
    sigma = z + np.sqrt(np.maximum(inner, 0))
    if (inner < 0).any() or (sigma <= 0).any():
        raise ValueError(
            f"no log-normal law has mean {np.min(mean):g} and {share_over:g} over {threshold:g}"
        )
    return threshold * np.exp(-z * sigma), sigma


def draw_excess(
    u: np.ndarray, share_over: float, threshold: float, mean: np.ndarray, over_only: bool
) -> np.ndarray:
    """Draws of excess step time from `excess_law`, for uniform `u` and `mean` of one shape.

    `over_only` draws from jobs above the threshold alone. Errors as in `excess_law`.
    """
    _inside(0, 1, u=u)
    median, sigma = excess_law(share_over, threshold, mean)
    p = 1 - share_over * (1 - np.asarray(u)) if over_only else np.asarray(u)
    return median * np.exp(sigma * ndtri(np.clip(p, 1e-12, 1 - 1e-12)))


# --- two sites -----------------------------------------------------------------------------------


def two_site_s(
    fibre_km: np.ndarray,
    delay_us_per_km: float,
    exchanges: np.ndarray,
    message_bytes: np.ndarray,
    link_gb_s: np.ndarray,
) -> np.ndarray:
    """Seconds that a step spends on exchanging a sum between two sites, nothing hidden.

    Each of `exchanges` in a row waits for light to go and come back over `fibre_km`; the message of
    `message_bytes` crosses once each way over a link of `link_gb_s`. Raises ValueError for negative
    arguments or no link.
    """
    _inside(0, np.inf, fibre_km=fibre_km, delay_us_per_km=delay_us_per_km, exchanges=exchanges)
    _inside(0, np.inf, message_bytes=message_bytes)
    _inside(1e-12, np.inf, link_gb_s=link_gb_s)
    light = 2 * np.asarray(fibre_km) * delay_us_per_km * 1e-6 * np.asarray(exchanges)
    return light + np.asarray(message_bytes) / (np.asarray(link_gb_s) * 1e9)


# --- a run in days and dollars -------------------------------------------------------------------


def extra_cost(
    ratio: np.ndarray, days: float, gpus: float, usd_per_gpu_hour: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Days and dollars that a step `ratio` times as long adds to a run of fixed work.

    Raises ValueError for a ratio below 1 or a run or price that is negative.
    """
    _inside(1, np.inf, ratio=ratio)
    _inside(0, np.inf, days=days, gpus=gpus, usd_per_gpu_hour=usd_per_gpu_hour)
    extra = (np.asarray(ratio, dtype=float) - 1) * days
    return extra, extra * 24 * gpus * np.asarray(usd_per_gpu_hour)
