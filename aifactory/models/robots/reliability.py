"""How steady a robot's work is, and how sure a demonstration can make us of it.

A robot repeats cycles. Each succeeds with probability `success`; one that fails produces nothing
and holds the robot up until it is put right. Counts, times and shares are arrays that broadcast
against each other; times are in the unit that the name ends with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from aifactory.models.arguments import finite_not_negative, finite_positive, shares

SECONDS_PER_HOUR = 3600.0


def _positive(name: str, value: ArrayLike) -> np.ndarray:
    return finite_positive(**{name: value})[0]


def _not_negative(name: str, value: ArrayLike) -> np.ndarray:
    return finite_not_negative(**{name: value})[0]


def _share(name: str, value: ArrayLike) -> np.ndarray:
    return shares(**{name: value})[0]


def _level(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError("level lies between 0 and 1, both excluded")
    return value


# -- what a count can prove -----------------------------------------------------------------------


def rate_upper_bound(events: ArrayLike, exposure_h: ArrayLike, level: float = 0.95) -> np.ndarray:
    """Highest failure rate (1/h) that `events` failures in `exposure_h` hours leave open.

    The exact one-sided bound of a Poisson count :cite:`garwood-1936`. Without any event it is
    -ln(1 - level) / exposure_h, at 95 % about 3 / exposure_h: the rule of three
    :cite:`hanley-lippman-hand-1983`. Raises ValueError for a negative count, no exposure, or a
    level outside 0 to 1.
    """
    k, t = _not_negative("events", events), _positive("exposure_h", exposure_h)
    return stats.gamma.ppf(_level(level), k + 1) / t


def exposure_needed_h(rate_per_h: ArrayLike, level: float = 0.95) -> np.ndarray:
    """Hours without any failure that it takes to show a rate of at most `rate_per_h`.

    The inverse of `rate_upper_bound` at no event. Raises ValueError for a rate that is not
    positive or a level outside 0 to 1.
    """
    return -np.log1p(-_level(level)) / _positive("rate_per_h", rate_per_h)


def success_interval(successes: ArrayLike, trials: ArrayLike, level: float = 0.9) -> np.ndarray:
    """Exact two-sided interval of a share of successes :cite:`clopper-pearson-1934`.

    Returns an array of shape (..., 3): lower end, successes over trials, upper end. Raises
    ValueError for no trials, more successes than trials, or a level outside 0 to 1.
    """
    k, n = np.broadcast_arrays(_not_negative("successes", successes), _positive("trials", trials))
    if (k > n).any():
        raise ValueError("successes cannot exceed trials")
    tail = (1 - _level(level)) / 2
    low = np.where(k > 0, stats.beta.ppf(tail, np.maximum(k, 1e-9), n - k + 1), 0.0)
    high = np.where(k < n, stats.beta.ppf(1 - tail, k + 1, np.maximum(n - k, 1e-9)), 1.0)
    return np.stack([low, k / n, high], axis=-1)


# -- chains of steps ------------------------------------------------------------------------------


def chain_success(success: ArrayLike, steps: ArrayLike) -> np.ndarray:
    """Probability that `steps` independent steps all succeed: success ** steps.

    Raises ValueError for a share outside 0 to 1 or a negative number of steps.
    """
    return _share("success", success) ** _not_negative("steps", steps)


def step_success_needed(target: ArrayLike, steps: ArrayLike) -> np.ndarray:
    """Success a step at which `steps` steps in a row succeed with probability `target`.

    Raises ValueError for a share outside 0 to 1 or a number of steps that is not positive.
    """
    return _share("target", target) ** (1 / _positive("steps", steps))


def joint_success(left: ArrayLike, right: ArrayLike) -> np.ndarray:
    """Probability that two hands both succeed: (..., 3) of lowest, independent and highest.

    The ends are Fréchet's bounds, which hold whatever the dependence. Raises ValueError for a
    share outside 0 to 1.
    """
    a, b = np.broadcast_arrays(_share("left", left), _share("right", right))
    return np.stack([np.maximum(a + b - 1, 0), a * b, np.minimum(a, b)], axis=-1)


def failures_per_shift(success: ArrayLike, cycle_s: ArrayLike, shift_h: ArrayLike) -> np.ndarray:
    """Failed cycles to expect in a shift during which the robot cycles without a pause.

    Raises ValueError for a share outside 0 to 1 or times that are not positive.
    """
    cycles = _positive("shift_h", shift_h) * SECONDS_PER_HOUR / _positive("cycle_s", cycle_s)
    return cycles * (1 - _share("success", success))


# -- availability and effective efficiency --------------------------------------------------------


def availability(mtbf_h: ArrayLike, mttr_h: ArrayLike) -> np.ndarray:
    """Share of the time that a repairable system works: MTBF / (MTBF + MTTR).

    The limit of an alternating renewal process, whatever the two distributions
    :cite:`barlow-proschan-1965`. `mtbf_h` is the mean time of work between failures, `mttr_h` the
    mean time to repair. Raises ValueError for an MTBF that is not positive or a negative MTTR.
    """
    up, down = _positive("mtbf_h", mtbf_h), _not_negative("mttr_h", mttr_h)
    return up / (up + down)


def repair_time_h(availability: ArrayLike, mtbf_h: ArrayLike) -> np.ndarray:
    """Mean time to repair (h) that belongs to an availability and a mean time between failures.

    Raises ValueError for an availability of nought or outside 0 to 1, or an MTBF that is not
    positive.
    """
    a = _positive("availability", _share("availability", availability))
    return _positive("mtbf_h", mtbf_h) * (1 - a) / a


def effective_efficiency(
    success: ArrayLike, cycle_s: ArrayLike, repair_s: ArrayLike, human_cycle_s: ArrayLike
) -> np.ndarray:
    """Good cycles an hour of the calendar, over those of a person.

    A renewal-reward argument: an attempt takes `cycle_s`, and with probability 1 - `success`
    another `repair_s` until the robot is put right; `success` good cycles come of it. The person
    makes a good cycle every `human_cycle_s`. It equals availability x performance x quality, with
    cycle_s / (cycle_s + (1 - success) repair_s), human_cycle_s / cycle_s and `success`, the
    factors of overall equipment effectiveness :cite:`iso-22400-2-2014`. Raises ValueError for a
    share outside 0 to 1, cycles that are not positive or a negative repair time.
    """
    p, cycle = _share("success", success), _positive("cycle_s", cycle_s)
    repair = _not_negative("repair_s", repair_s)
    return p * _positive("human_cycle_s", human_cycle_s) / (cycle + (1 - p) * repair)


def success_needed(
    efficiency: ArrayLike, cycle_s: ArrayLike, repair_s: ArrayLike, human_cycle_s: ArrayLike
) -> np.ndarray:
    """Success a cycle at which `effective_efficiency` is `efficiency`; NaN where none suffices.

    Raises ValueError for an efficiency or a repair time below nought, or cycles that are not
    positive.
    """
    e, cycle = _not_negative("efficiency", efficiency), _positive("cycle_s", cycle_s)
    repair = _not_negative("repair_s", repair_s)
    p = e * (cycle + repair) / (_positive("human_cycle_s", human_cycle_s) + e * repair)
    return np.where(p <= 1, p, np.nan)


# -- what a demonstration implies -----------------------------------------------------------------


def paced_share(cycles: ArrayLike, cycle_s: ArrayLike, run_h: ArrayLike) -> np.ndarray:
    """Share of the hours run that so many cycles would fill at the pace required.

    Below one, the robot ran slower than the pace or waited; above one it ran faster. Raises
    ValueError for a negative count or times that are not positive.
    """
    busy_h = _not_negative("cycles", cycles) * _positive("cycle_s", cycle_s) / SECONDS_PER_HOUR
    return busy_h / _positive("run_h", run_h)


def per_robot_owned(
    output: ArrayLike, station_h: ArrayLike, robots: ArrayLike, human_per_h: ArrayLike
) -> np.ndarray:
    """Output an hour and robot owned, over a person's: the efficiency that the buyer pays for.

    `output` pieces came off one station in `station_h` hours, for which `robots` were owned, most
    of them charging or spare at any time. Raises ValueError for a negative output or numbers that
    are not positive.
    """
    rate = _not_negative("output", output) / _positive("station_h", station_h)
    return rate / _positive("robots", robots) / _positive("human_per_h", human_per_h)


def robots_per_station(
    runtime_h: ArrayLike, recharge_h: ArrayLike, station_h_per_day: ArrayLike = 24.0
) -> np.ndarray:
    """Fewest robots that keep one station manned, given battery runtime and time to recharge.

    Robots work `runtime_h` and then charge `recharge_h`. A station that stops for the night may
    charge there, but needs no fewer than its hours over one runtime allow: the count is the
    smaller of the rotation's and of fresh robots for each spell of the day. Whole numbers; a
    battery that is swapped has a `recharge_h` of the swap. Raises ValueError for a runtime or
    hours that are not positive, more than 24 h a day, or a negative recharge.
    """
    run, charge = _positive("runtime_h", runtime_h), _not_negative("recharge_h", recharge_h)
    day = _positive("station_h_per_day", station_h_per_day)
    if (day > 24).any():
        raise ValueError("station_h_per_day is 24 at most")
    rotation = np.ceil((run + charge) / run - 1e-9)
    return np.minimum(rotation, np.ceil(day / run - 1e-9))
