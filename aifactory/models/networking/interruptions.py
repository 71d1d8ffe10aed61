"""Interruptions of a synchronous training job: how much work survives, and what is lost.

Every GPU works on the same step, so one that fails stops all. The job then notices (detect), gets a
spare and starts again (restart), and repeats what it had done since its last checkpoint. Closed
forms are Young's (1974) and Daly's (2006); `simulate` is a renewal simulation of the same job with
random restarts, failures that are not Poisson, spares that run out and events that take a block.

Times are in hours, rates per hour. "Goodput" is useful hours over all hours, also called the
effective training time ratio (ETTR).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from aifactory.models.arguments import finite_positive

CHUNK = 400_000  # draws held in memory at once
STOPS = 200_000  # single stops kept


def mtbf_h(gpus: ArrayLike, failures_per_gpu_h: ArrayLike) -> np.ndarray:
    """Mean hours between failures of a job whose GPUs fail independently: 1 / (N r)."""
    finite_positive(gpus=gpus, failures_per_gpu_h=failures_per_gpu_h)
    return 1 / (np.asarray(gpus, dtype=float) * np.asarray(failures_per_gpu_h, dtype=float))


def young_interval_h(write_h: ArrayLike, mtbf: ArrayLike) -> np.ndarray:
    """Young's hours of work between checkpoints, sqrt(2 d M) :cite:`young-1974`."""
    finite_positive(write_h=write_h, mtbf=mtbf)
    return np.sqrt(2 * np.asarray(write_h, dtype=float) * np.asarray(mtbf, dtype=float))


def daly_wall_h(
    work_h: ArrayLike, interval_h: ArrayLike, write_h: ArrayLike, restart_h: ArrayLike,
    mtbf: ArrayLike,
) -> np.ndarray:  # fmt: skip
    """Daly's exact expected wall-clock hours for `work_h` of work :cite:`daly-2006`.

    M e^(R/M) (e^((t+d)/M) - 1) T/t, with M the mean time between Poisson failures, t the work
    between checkpoints, d their writing and R detection and restart, during which failures go on.
    """
    finite_positive(work_h=work_h, interval_h=interval_h, mtbf=mtbf)
    m, t = np.asarray(mtbf, dtype=float), np.asarray(interval_h, dtype=float)
    d, r = np.asarray(write_h, dtype=float), np.asarray(restart_h, dtype=float)
    if (d < 0).any() or (r < 0).any():
        raise ValueError("write_h and restart_h cannot be negative")
    with np.errstate(over="ignore"):
        return m * np.exp(r / m) * np.expm1((t + d) / m) * np.asarray(work_h, dtype=float) / t


def daly_goodput(
    interval_h: ArrayLike, write_h: ArrayLike, restart_h: ArrayLike, mtbf: ArrayLike
) -> np.ndarray:
    """Goodput by Daly's exact form: hours of work over its expected wall-clock hours."""
    return 1 / daly_wall_h(1.0, interval_h, write_h, restart_h, mtbf)


def daly_interval_h(write_h: ArrayLike, mtbf: ArrayLike) -> np.ndarray:
    """The hours of work between checkpoints that minimise Daly's exact wall-clock time.

    Setting the derivative to nought gives (1 - t/M) e^((t+d)/M) = 1, which the Lambert function
    solves: t = M (1 + W0(-e^(-1 - d/M))). It doesn't depend on the restart. Where d/M is below
    1e-10, floating-point numbers cannot tell it from Young's interval, which is returned.
    """
    finite_positive(write_h=write_h, mtbf=mtbf)
    m, d = np.asarray(mtbf, dtype=float), np.asarray(write_h, dtype=float)
    exact = m * (1 + special.lambertw(-np.exp(-1 - d / m)).real)
    return np.where(d / m < 1e-10, young_interval_h(d, m), exact)


def small_loss_goodput(
    interval_h: ArrayLike, write_h: ArrayLike, restart_h: ArrayLike, mtbf: ArrayLike
) -> np.ndarray:
    """E[ETTR] for rare failures, (1 - (R + t/2)/M) / (1 + w/t) :cite:`meta-rsc-reliability`.

    Negative where failures are not rare: use `daly_goodput` or `simulate` there.
    """
    finite_positive(interval_h=interval_h, mtbf=mtbf)
    t = np.asarray(interval_h, dtype=float)
    loss = (np.asarray(restart_h, dtype=float) + t / 2) / np.asarray(mtbf, dtype=float)
    return (1 - loss) / (1 + np.asarray(write_h, dtype=float) / t)


def replica_goodput(
    replicas: ArrayLike, down_h: ArrayLike, stall_h: ArrayLike, mtbf: ArrayLike
) -> np.ndarray:
    """Goodput where a failure stops one replica of `replicas` for long and all others briefly.

    Each replica fails once in `mtbf` x `replicas` hours on average and is back, with the weights of
    a neighbour and no work to repeat, after `down_h`: an alternating renewal process, availability
    up / (up + down) :cite:`barlow-proschan-1965`. Regrouping stalls the rest for `stall_h` after
    each failure, from the start again if another comes meanwhile: e^(-stall/mtbf) of the time is
    left, Daly's exact form for endless checkpoints that cost nothing.
    """
    finite_positive(replicas=replicas, mtbf=mtbf)
    m, stall = np.asarray(mtbf, dtype=float), np.asarray(stall_h, dtype=float)
    up, down = m * np.asarray(replicas, dtype=float), np.asarray(down_h, dtype=float)
    if (down < 0).any() or (stall < 0).any():
        raise ValueError("down_h and stall_h cannot be negative")
    return up / (up + down) * np.exp(-stall / m)


@dataclass(frozen=True)
class Job:
    """A synchronous job. Hours, and rates per hour; every field is one number.

    `restart_sigma` is the standard deviation of the logarithm of a restart around its median
    `restart_h`; `shape` is that of the Weibull time between failures (1: Poisson), its mean kept.
    Block events (`blocks_per_h`) are Poisson and take `block_restart_h` instead, which a failure of
    a GPU meanwhile doesn't shorten. A failed node is back after `repair_h`; with more than `spares`
    of them out, the job waits for the first.
    """

    gpus: float
    failures_per_gpu_h: float
    interval_h: float
    write_h: float
    detect_h: float
    restart_h: float
    restart_sigma: float = 0.0
    shape: float = 1.0
    blocks_per_h: float = 0.0
    block_restart_h: float = 0.0
    spares: int | None = None
    repair_h: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for a job that cannot run."""
        finite_positive(gpus=self.gpus, interval_h=self.interval_h, shape=self.shape)
        for f in fields(self):
            value = getattr(self, f.name)
            if value is not None and not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{f.name} must be a finite number that is not negative")
        if self.spares == 0:
            raise ValueError("spares=0 never starts again: give spares=None for no limit")
        if self.failures_per_gpu_h == self.blocks_per_h == 0:
            raise ValueError("a job that never fails needs no simulation: both rates are 0")

    @property
    def rate_per_h(self) -> float:
        """Interruptions per hour of wall-clock time, of both kinds."""
        return self.gpus * self.failures_per_gpu_h + self.blocks_per_h

    def but(self, **changes: float | int | None) -> Job:
        """The same job with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Runs:
    """What became of the hours of each replication, arrays of shape (replications,).

    `useful_h` was kept, `repeated_h` was work lost with a failure, `writing_h` went into kept
    checkpoints, `down_h` into detection, restart and waiting for spares. They add up to `wall_h`
    but for work under way at the end, which `open_h` holds. `interruptions` counts failures.
    `lost_each_h` are the hours, repeated and down, of single stops, of as many replications as give
    200,000 or so: from one failure until the job runs again, so that a failure that strikes a
    restart counts with the stop which it prolongs.
    """

    wall_h: float
    useful_h: np.ndarray
    repeated_h: np.ndarray
    writing_h: np.ndarray
    down_h: np.ndarray
    open_h: np.ndarray
    interruptions: np.ndarray
    lost_each_h: np.ndarray

    @property
    def goodput(self) -> np.ndarray:
        """Useful hours over all, shape (replications,), in 0 to 1."""
        return self.useful_h / self.wall_h


def simulate(job: Job, days: float, replications: int, rng: np.random.Generator) -> Runs:
    """Run a job for `days`, `replications` times over, from a start just after a restart.

    Failures come by the wall clock, as Daly has them: also while the job restarts or writes a
    checkpoint, which then begins anew. The hours between one failure and the next are therefore
    independent of how the job fared, and a stretch of X hours with a restart of R keeps
    floor((X - R)/(t + d)) checkpoints: no event loop is needed, and all stretches of all
    replications are worked out at once. Raises ValueError for no time or no replications.
    """
    finite_positive(days=days, replications=replications)
    wall = 24.0 * float(days)
    expected = job.rate_per_h * wall
    columns = int(expected + 8 * np.sqrt(expected * max(1.0, job.shape**-2)) + 20)
    rows = max(1, min(int(replications), CHUNK // columns))
    told = int(np.ceil(rows * min(1.0, STOPS / (expected * replications))))
    starts = range(0, int(replications), rows)
    parts = [_some(job, wall, min(rows, int(replications) - s), told, columns, rng) for s in starts]
    return Runs(wall, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def _some(
    job: Job, wall: float, rows: int, told: int, columns: int, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Totals of `rows` replications, of up to `columns` failures each at first try.

    Single stops are told of the first `told` of them.
    """
    gap, block = _gaps(job, rows, columns, rng)
    at = np.cumsum(gap, axis=1)
    while at[:, -1].min() < wall:  # a run of short gaps: draw on
        more, more_block = _gaps(job, rows, columns, rng)
        gap, block = np.hstack([gap, more]), np.hstack([block, more_block])
        at = np.cumsum(gap, axis=1)
    seen = at <= wall  # failures within the time watched, each ending a stretch
    first_open = np.minimum(at, wall) - (at - gap)
    stretch = np.where(at - gap < wall, first_open, 0.0)
    # The first stretch begins running; each other one with the restart its predecessor asked for.
    down = np.zeros_like(gap)
    down[:, 1:] = _down(job, at[:, :-1], block[:, :-1], rng)
    down = np.minimum(down, stretch)
    running = stretch - down
    cycles = np.floor(running / (job.interval_h + job.write_h))
    kept, written = cycles * job.interval_h, cycles * job.write_h
    left = running - kept - written
    repeated = np.where(seen, left, 0.0)
    lost = _stops(repeated[:told], down[:told], running[:told], seen[:told])
    return (
        kept.sum(axis=1), repeated.sum(axis=1), written.sum(axis=1), down.sum(axis=1),
        np.where(seen, 0.0, left).sum(axis=1), seen.sum(axis=1), lost,
    )  # fmt: skip


def _stops(
    repeated: np.ndarray, down: np.ndarray, running: np.ndarray, seen: np.ndarray
) -> np.ndarray:
    """Hours lost with each stop that is over by the end, from stretches (rows, columns)."""
    failed = seen[:, :-1]
    lost = (repeated[:, :-1] + down[:, 1:])[failed]
    # A stop begins with a failure that ends a stretch of running; one in a restart goes on with it.
    begins = running[:, :-1] > 0
    begins[:, 0] = True
    stop = np.cumsum(begins[failed]) - 1
    over = np.zeros(stop[-1] + 1 if stop.size else 0, dtype=bool)
    over[stop] = (running[:, 1:] > 0)[failed]  # the last failure of a stop has the last word
    return np.bincount(stop, weights=lost)[over] if stop.size else lost


def _gaps(
    job: Job, rows: int, columns: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hours between interruptions, and which of them take a block, both (rows, columns)."""
    size = (rows, columns)
    if job.shape == 1.0:
        gap = rng.exponential(1 / job.rate_per_h, size)
        share = job.blocks_per_h / job.rate_per_h
        return gap, rng.random(size) < share if share else np.zeros(size, dtype=bool)
    if job.blocks_per_h:
        raise ValueError("block events come with Poisson failures alone (shape=1)")
    scale = 1 / (job.rate_per_h * special.gamma(1 + 1 / job.shape))
    return scale * rng.weibull(job.shape, size), np.zeros(size, dtype=bool)


def _down(job: Job, at: np.ndarray, block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hours from each failure until the job runs again, if nothing else fails."""
    restart = np.where(block, job.block_restart_h, job.restart_h)
    if job.restart_sigma:
        restart = restart * np.exp(job.restart_sigma * rng.standard_normal(at.shape))
    down = job.detect_h + restart
    if job.blocks_per_h:  # the job stays down until the latest block event is over
        over = np.maximum.accumulate(np.where(block, at + down, 0.0), axis=1)
        down = np.maximum(down, over - at)
    if job.spares is not None and at.shape[1] > job.spares:
        # With repairs of one length, nodes come back in the order in which they failed: the k-th
        # failure finds a spare once the (k - spares)-th has been repaired.
        back = at[:, : -job.spares] + job.repair_h
        down[:, job.spares :] += np.maximum(0.0, back - at[:, job.spares :])
    return down
