"""When a plant under way will operate, and whether what is said of its size fits together.

Times are months; durations of a plant are drawn from those of built ones. The functions take arrays
of draws and return arrays of draws. Nothing is read from files and nothing is drawn.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from aifactory.models.water.need import M3_PER_MG

DAYS_PER_MONTH = 365.25 / 12


def months_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Mean months from `start` to `end` (datetime64, shapes broadcast), negative backwards."""
    days = np.asarray(end, dtype="datetime64[D]") - np.asarray(start, dtype="datetime64[D]")
    return days / np.timedelta64(1, "D") / DAYS_PER_MONTH


def predictive_months(record: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Duration of one more plant at probabilities `u`, learnt from a short `record` (n,) of months.

    Durations are log-normal with unknown mean and spread; the predictive distribution is
    exp(m + s sqrt(1 + 1/n) t), t Student's with n - 1 degrees of freedom (Hahn and Meeker 1991),
    whose ends widen as the record gets shorter. Returns the shape of `u`. Raises ValueError below
    three plants and for durations that are not positive.
    """
    x = np.asarray(record, dtype=float)
    if x.size < 3 or not (x > 0).all():
        raise ValueError("a record takes three or more positive durations")
    logs = np.log(x)
    scale = logs.std(ddof=1) * np.sqrt(1 + 1 / x.size)
    with np.errstate(over="ignore"):
        return np.exp(logs.mean() + scale * stats.t.ppf(u, df=x.size - 1))


def pooled(
    first: np.ndarray, second: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Draws from `first` with probability `share`, else from `second`: a linear opinion pool.

    Both (draws,) and paired; returns (draws,). Raises ValueError outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, got {share}")
    return np.where(rng.random(np.shape(first)) < share, first, second)


def kept_chance(kept: int, due: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draws (n,) of the chance that a promise is kept, from `kept` of `due` so far (Jeffreys)."""
    if not 0 <= kept <= due:
        raise ValueError(f"{kept} promises kept of {due}")
    return rng.beta(kept + 0.5, due - kept + 0.5, n)


def months_left(work: np.ndarray, done: np.ndarray, credit: np.ndarray) -> np.ndarray:
    """Months of work that remain of `work` after `done`, of which the share `credit` still counts.

    Shapes broadcast; never negative. Raises ValueError where credit leaves 0 to 1.
    """
    part = np.asarray(credit, dtype=float)
    if (part < 0).any() or (part > 1).any():
        raise ValueError("credit lies between 0 and 1")
    return np.maximum(np.asarray(work, dtype=float) - part * done, 0.0)


def restart_months(
    promised: float, chance: np.ndarray, lateness: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Months until work restarts: some moment before `promised` if the promise is kept, else late.

    `chance` (draws,) that it is kept, `lateness` (draws,) months beyond `promised` if it is not.
    A kept promise falls in its last quarter (three months), evenly. Returns (draws,).
    """
    kept = rng.random(np.shape(chance)) < chance
    early = np.maximum(promised - 3 * rng.random(np.shape(chance)), 0.0)
    return np.where(kept, early, promised + lateness)


def operating_share(
    months_to_operation: np.ndarray, given_up: np.ndarray, at: np.ndarray
) -> np.ndarray:
    """Probability that the plant operates `at` months from now (times,).

    `months_to_operation` (draws,) if it goes on, `given_up` (draws,) the chance that it never does.
    """
    reached = np.sort(np.asarray(months_to_operation, dtype=float))
    goes_on = 1 - float(np.mean(given_up))
    return goes_on * np.searchsorted(reached, np.asarray(at), side="right") / reached.size


def flux_l_m2_h(flow_ml_per_day: np.ndarray, area_m2: np.ndarray) -> np.ndarray:
    """Mean flux through membranes, litres an hour and square metre.

    `flow_ml_per_day` in megalitres a day; shapes broadcast. Raises ValueError for an area that is
    not positive.
    """
    area = np.asarray(area_m2, dtype=float)
    if not (area > 0).all():
        raise ValueError("membrane area must be positive")
    return np.asarray(flow_ml_per_day, dtype=float) * 1e6 / 24 / area


def ml_per_day(flow_mgd: np.ndarray) -> np.ndarray:
    """Megalitres a day of a flow in million US gallons a day."""
    return np.asarray(flow_mgd, dtype=float) * M3_PER_MG / 1000


def rank_among(value: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Place of each `value` (draws,) from the top among `others` (n,): 1 where none is larger."""
    ordered = np.sort(np.asarray(others, dtype=float))
    return 1 + ordered.size - np.searchsorted(ordered, np.asarray(value), side="right")
