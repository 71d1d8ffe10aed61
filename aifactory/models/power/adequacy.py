"""Generation adequacy: how often a set of generating units cannot carry a load, and how many do.

Two-state units (available or out) are combined by the recursive convolution of Billinton and Allan
(1996, "Reliability Evaluation of Power Systems", 2nd ed., section 2.2) into a capacity outage
probability table, from which come the three indices that utilities plan with: loss-of-load
expectation (LOLE, days a year, from daily peaks), loss-of-load hours (LOLH, hours a year) and
expected energy not served (EENS, MWh a year). For identical units under a flat load the table is a
binomial distribution, which takes whole arrays of sampled inputs at once. Energy-limited batteries
need chronology and go through a sequential Monte Carlo. Powers are in MW, energies in MWh, times in
hours, outage rates shares of time. Nothing here reads files or draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

HOURS_A_YEAR = 8_760
ROUNDING = 1e-9  # a unit count of 23.0000000001 is 23


@dataclass(frozen=True)
class Weather:
    """A year in temperature bins, coldest first: mean temperature and hours of each, (bins,)."""

    temperature_c: np.ndarray
    hours: np.ndarray

    def stress(self, curve_c: np.ndarray, curve_share: np.ndarray) -> np.ndarray:
        """Forced outage rate of each bin over its yearly mean, from a curve by temperature.

        Only the shape of the curve is kept, so that a yearly rate is not counted twice. Ends are
        held beyond the curve. Shape (bins,), with an hour-weighted mean of 1.
        """
        share = np.interp(self.temperature_c, curve_c, curve_share)
        return share / np.average(share, weights=self.hours)

    def derate(self, loss_per_kelvin: np.ndarray, rated_c: float = 15.0) -> np.ndarray:
        """Output over nameplate in each bin, shape loss.shape + (bins,).

        Linear above the ISO rating point of 15 degC and capped at nameplate below it, where the
        permit's rating binds rather than the machine.
        """
        warm = np.clip(self.temperature_c - rated_c, 0, None)
        return np.clip(1 - np.asarray(loss_per_kelvin, dtype=float)[..., None] * warm, 0, 1)

    def cut_at_extremes(self, curtailed_h: np.ndarray) -> np.ndarray:
        """Share of each bin in which a tie is called off, shape curtailed.shape + (bins,).

        Half of the hours fall on the coldest and half on the hottest hours of the year.
        """
        half = np.asarray(curtailed_h, dtype=float)[..., None] / 2
        up = np.cumsum(self.hours)
        down = np.cumsum(self.hours[::-1])[::-1]
        cold = np.clip(half - (up - self.hours), 0, self.hours)
        hot = np.clip(half - (down - self.hours), 0, self.hours)
        return np.minimum((cold + hot) / self.hours, 1)


def weather_bins(temperature_c: np.ndarray, width_c: float = 2.0) -> Weather:
    """Group hourly temperatures, shape (hours,), into bins of `width_c`, empty ones left out."""
    t = np.asarray(temperature_c, dtype=float)
    bins, place = np.unique(np.floor(t / width_c), return_inverse=True)
    hours = np.bincount(place, minlength=len(bins)).astype(float)
    return Weather(np.bincount(place, weights=t) / hours, hours)


@dataclass(frozen=True)
class OutageTable:
    """Probability of each amount of capacity on outage.

    `probability[i]` is that of exactly i `step_mw` MW being out of `installed_mw`.
    """

    step_mw: float
    installed_mw: float
    probability: np.ndarray


def outage_table(
    capacity_mw: np.ndarray, outage_rate: np.ndarray, step_mw: float = 1.0
) -> OutageTable:
    """Capacity outage probability table of independent two-state units, by recursion.

    Adding a unit of C MW that is out for a share q of time: P(X) = (1 - q) P'(X) + q P'(X - C)
    (Billinton and Allan 1996, eq. 2.9). `capacity_mw` and `outage_rate` have shape (units,), or the
    rate is one number; every capacity is a multiple of `step_mw`. Raises ValueError otherwise, for
    rates outside 0 to 1 and for capacities that aren't positive.
    """
    capacity = np.atleast_1d(np.asarray(capacity_mw, dtype=float))
    rate = np.broadcast_to(np.asarray(outage_rate, dtype=float), capacity.shape)
    steps = np.rint(capacity / step_mw).astype(int)
    if (capacity <= 0).any() or not np.allclose(steps * step_mw, capacity):
        raise ValueError(f"capacities must be positive multiples of {step_mw} MW: {capacity}")
    if not ((rate >= 0) & (rate <= 1)).all():
        raise ValueError(f"outage rates are shares of time between 0 and 1: {rate}")
    probability = np.zeros(steps.sum() + 1)
    probability[0] = 1.0
    for size, q in zip(steps, rate, strict=True):
        moved = np.zeros_like(probability)
        moved[size:] = probability[: len(probability) - size]
        probability = (1 - q) * probability + q * moved
    return OutageTable(step_mw, float(steps.sum() * step_mw), probability)


@dataclass(frozen=True)
class Indices:
    """The three planning indices over the load series that was given."""

    lole_days: float
    lolh: float
    eens_mwh: float


def loss_of_load(table: OutageTable, load_mw: np.ndarray) -> Indices:
    """LOLE, LOLH and EENS of a fleet over an hourly load, shape (24 days,).

    LOLH sums P(available < load) over hours, LOLE over the highest hour of each day, EENS sums
    E[max(load - available, 0)] (Billinton and Allan 1996, sections 2.5 and 2.6). The indices are
    those of the period given; published ones of the IEEE test systems are of 364 days. Raises
    ValueError where the load isn't whole days.
    """
    load = np.asarray(load_mw, dtype=float)
    if load.ndim != 1 or len(load) == 0 or len(load) % 24:
        raise ValueError(f"the load must be an hourly series of whole days, got shape {load.shape}")
    available = np.arange(len(table.probability)) * table.step_mw
    weight = table.probability[::-1]
    below = np.concatenate([[0.0], np.cumsum(weight)])
    below_mw = np.concatenate([[0.0], np.cumsum(weight * available)])
    states = np.searchsorted(available, load - ROUNDING)  # how many states fall short of each load
    lolp = below[states]
    unserved = load * lolp - below_mw[states]
    daily_peak = load.reshape(-1, 24).argmax(axis=1) + 24 * np.arange(len(load) // 24)
    return Indices(float(lolp[daily_peak].sum()), float(lolp.sum()), float(unserved.sum()))


def firm_load(table: OutageTable, lolh: float) -> float:
    """Largest flat load in MW that a fleet carries with at most `lolh` hours of shortage a year."""
    weight = table.probability[::-1]
    states = int(np.searchsorted(np.cumsum(weight), lolh / HOURS_A_YEAR, side="right"))
    return float(min(states * table.step_mw, table.installed_mw))


def binomial_below(needed: np.ndarray, units: np.ndarray, availability: np.ndarray) -> np.ndarray:
    """P(fewer than `needed` of `units` are available), elementwise over arrays of any shape."""
    needed, units, availability = np.broadcast_arrays(needed, units, availability)
    n = np.maximum(units, 1).astype(int)
    k = np.maximum(needed - 1, 0)
    inside = special.bdtr(np.minimum(k, n), n, availability)
    return np.where(needed <= 0, 0.0, np.where(needed > units, 1.0, inside))


def fleet_lolh(
    units: np.ndarray,
    unit_mw: np.ndarray,
    load_mw: np.ndarray,
    forced: np.ndarray,
    planned: ArrayLike = 0.0,
    hours: ArrayLike = (HOURS_A_YEAR,),
    derate: ArrayLike = 1.0,
    stress: ArrayLike = 1.0,
    common: ArrayLike = 0.0,
    tie_mw: ArrayLike = 0.0,
    tie_out: ArrayLike = 0.0,
) -> np.ndarray:
    """Hours a year in which `units` identical units fall short of a flat load, shape (draws,).

    The first five have shape (draws,) or are scalars. The year is split into weather bins: `hours`
    in each, shape (bins,), with `derate` (output over nameplate) and `stress` (forced outage rate
    over its yearly mean) of shape (bins,) or (draws, bins). `planned` is the share of units on
    scheduled work, levelled over the year because a flat load has no off-peak season: of n units,
    planned x n are away, the fraction by mixing the whole numbers on either side. `common` is a
    share of time in which every unit is out at once. A grid tie of `tie_mw` is one more source,
    cut off for the share `tie_out` of time. Units needed follow from load and derated output;
    available units are binomial.
    """
    n, size, load, q, work, shared, tie, cut = (
        np.atleast_1d(np.asarray(v, dtype=float))[:, None]
        for v in (units, unit_mw, load_mw, forced, planned, common, tie_mw, tie_out)
    )
    output = size * np.asarray(derate, dtype=float)
    available = 1 - np.clip(q * np.asarray(stress, dtype=float), 0, 1)
    away = work * n
    whole = np.floor(away + ROUNDING)
    part = np.clip(away - whole, 0, 1)

    def short(mw: np.ndarray) -> np.ndarray:
        needed = np.ceil(mw / output - ROUNDING)
        near = binomial_below(needed, n - whole, available)
        lolp = near + part * (binomial_below(needed, n - whole - 1, available) - near)
        return shared + (1 - shared) * lolp

    lolp = short(load - tie)
    if (cut > 0).any():
        lolp = lolp + cut * (short(load) - lolp)
    return (lolp * np.asarray(hours, dtype=float)).sum(axis=1)


def units_needed(
    target_lolh: np.ndarray, unit_mw: np.ndarray, load_mw: np.ndarray, most: int = 512, **fleet
) -> np.ndarray:
    """Fewest identical units that keep LOLH at or below the target, shape (draws,).

    Bisection over the count, which LOLH falls with; further arguments go to `fleet_lolh`. NaN where
    not even `most` units are enough, as with a common cause that is out for longer than the target.
    """
    one_a_draw = [v for k, v in fleet.items() if k not in ("hours", "derate", "stress")]
    shape = np.broadcast_shapes(
        *(np.atleast_1d(v).shape for v in (target_lolh, unit_mw, load_mw, *one_a_draw))
    )
    low, high = np.zeros(shape), np.full(shape, float(most))
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = fleet_lolh(middle, unit_mw, load_mw, **fleet) <= target_lolh
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    reached = fleet_lolh(high, unit_mw, load_mw, **fleet) <= target_lolh
    return np.where(reached, high, np.nan)


def group_availability(count: int, forced: np.ndarray, planned: ArrayLike = 0.0) -> np.ndarray:
    """P(k of `count` units available), shape forced.shape + (count + 1,).

    `forced` and `planned` are outage shares that broadcast against each other; planned work as in
    `fleet_lolh`: a levelled number of units away, whole numbers mixed.
    """
    q, work = np.broadcast_arrays(np.asarray(forced, dtype=float), np.asarray(planned, dtype=float))
    k = np.arange(count + 1)
    away = work[..., None] * count
    whole = np.floor(away + ROUNDING)
    part = np.clip(away - whole, 0, 1)
    near = stats.binom.pmf(k, count - whole, 1 - q[..., None])
    far = stats.binom.pmf(k, np.maximum(count - whole - 1, 0), 1 - q[..., None])
    return (1 - part) * near + part * far


def mixed_fleet(
    groups: list[tuple[np.ndarray, np.ndarray]], hours: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Available MW and the hours a year it holds, of a fleet with several unit sizes.

    Each group is (output of one unit in MW, `group_availability` of its units), with shapes (bins,)
    or scalar and (bins, count + 1) or (count + 1,); `hours` in each weather bin has shape (bins,).
    Groups fail independently within a bin. A grid tie is a group of one. Returns two flat arrays of
    equal length, the second of which sums to the hours of the year.
    """
    hours = np.asarray(hours, dtype=float)
    bins = len(hours)
    mw, weight = np.zeros((bins, 1)), hours[:, None]
    for size, share in groups:
        output = np.broadcast_to(np.asarray(size, dtype=float), (bins,))[:, None, None]
        share = np.broadcast_to(share, (bins, np.shape(share)[-1]))
        mw = (mw[:, :, None] + output * np.arange(share.shape[1])).reshape(bins, -1)
        weight = (weight[:, :, None] * share[:, None, :]).reshape(bins, -1)
    return mw.ravel(), weight.ravel()


def firm_from_states(mw: np.ndarray, hours: np.ndarray, lolh: float) -> float:
    """Largest flat load, to 1 MW, that `mixed_fleet` carries within `lolh` hours short a year."""
    level = np.floor(np.asarray(mw) + ROUNDING).astype(int)
    spent = np.cumsum(np.bincount(level, weights=hours))
    return float(np.searchsorted(spent, lolh, side="right"))


def firm_loads(
    units: np.ndarray,
    unit_mw: np.ndarray,
    lolh: float,
    forced: np.ndarray,
    planned: np.ndarray,
    hours: np.ndarray,
    derate: np.ndarray,
    tie_mw: float = 0.0,
    tie_cut: ArrayLike = 0.0,
) -> np.ndarray:
    """Firm load in MW of one fleet of several models for each draw of its outages, shape (draws,).

    `units` and `unit_mw` have shape (models,); `forced` and `derate` (draws, bins), `planned`
    (draws,), `hours` (bins,). A grid tie of `tie_mw` is off for the share `tie_cut`, scalar or
    (draws, bins), of each weather bin.
    """
    forced = np.asarray(forced, dtype=float)
    work = np.asarray(planned, dtype=float)[:, None]
    shares = [group_availability(int(n), forced, work) for n in units]
    cut = np.broadcast_to(np.asarray(tie_cut, dtype=float), forced.shape)
    found = np.empty(len(forced))
    for i, output in enumerate(np.broadcast_to(derate, forced.shape)):
        groups = [(mw * output, share[i]) for mw, share in zip(unit_mw, shares, strict=True)]
        if tie_mw:
            groups.append((tie_mw, np.stack([cut[i], 1 - cut[i]], axis=-1)))
        found[i] = firm_from_states(*mixed_fleet(groups, hours), lolh)
    return found


def failure_frequency(
    units: np.ndarray, needed: np.ndarray, forced: np.ndarray, repair_h: np.ndarray
) -> np.ndarray:
    """Shortages a year of identical units, none on planned work.

    A shortage starts when exactly `needed` units run and one of them fails: f = P(needed available)
    x needed x failure rate (frequency and duration method, Billinton and Allan 1996, chapter 3),
    with a failure rate of q / ((1 - q) repair time) an hour of operation.
    """
    q = np.asarray(forced, dtype=float)
    rate = q / ((1 - q) * np.asarray(repair_h, dtype=float))
    return stats.binom.pmf(needed, units, 1 - q) * needed * rate * HOURS_A_YEAR


def least_cost_spares(
    unit_mw: np.ndarray,
    load_mw: np.ndarray,
    forced: np.ndarray,
    repair_h: np.ndarray,
    spare_usd_kw_year: np.ndarray,
    lost_usd_mwh: np.ndarray,
    restart_h: np.ndarray,
    most: int = 40,
) -> pd.DataFrame:
    """Spare units that minimise yearly cost of reserve plus cost of lost computing.

    Every argument has shape (draws,). A shortage sheds load down to what runs (EENS), and each
    shortage also costs the whole load `restart_h` hours of work, as when a synchronous job falls
    back on its last checkpoint. Returns a frame with spares, lolh and cost_usd_year, one row a
    draw. With cheap computing the answer is none, with dear computing it approaches the utilities'
    standard: at the optimum LOLH is about the yearly cost of a kilowatt over the value of a
    kilowatt-hour (Telson 1975, doi:10.2307/3003250).
    """
    size, load, q, mttr, reserve, value, restart = (
        np.asarray(v, dtype=float)[:, None]
        for v in (unit_mw, load_mw, forced, repair_h, spare_usd_kw_year, lost_usd_mwh, restart_h)
    )
    needed = np.ceil(load / size - ROUNDING)
    spares = np.arange(most + 1)
    n = needed + spares
    lolp = binomial_below(needed, n, 1 - q)
    # E[max(load - available, 0)] = load P(X < m) - size E[X; X < m], E[X; X < m] = n a P(Y < m - 1)
    running = n * (1 - q) * binomial_below(needed - 1, n - 1, 1 - q)
    eens = np.maximum(load * lolp - size * running, 0) * HOURS_A_YEAR
    events = failure_frequency(n, needed, q, mttr)
    cost = spares * size * 1e3 * reserve + value * (eens + events * restart * load)
    best = cost.argmin(axis=1)
    rows = np.arange(len(best))
    return pd.DataFrame(
        {
            "spares": best,
            "lolh": lolp[rows, best] * HOURS_A_YEAR,
            "cost_usd_year": cost[rows, best],
        }
    )


def available_paths(
    capacity_mw: np.ndarray,
    forced: np.ndarray,
    repair_h: np.ndarray,
    years: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Hourly available MW of a fleet in `years` independent years, shape (years, 8760).

    Sequential Monte Carlo: each unit alternates between exponential times to failure and to repair
    (Billinton and Li 1994, chapter 3), from a stationary start, sampled at the start of each hour.
    All inputs but the last two have shape (units,) or are scalars.
    """
    capacity = np.atleast_1d(np.asarray(capacity_mw, dtype=float))
    q = np.broadcast_to(np.asarray(forced, dtype=float), capacity.shape)
    mttr = np.broadcast_to(np.asarray(repair_h, dtype=float), capacity.shape)
    change = np.zeros((years, HOURS_A_YEAR + 1))
    for size, rate, repair in zip(capacity, q, mttr, strict=True):
        if rate == 0:
            change[:, 0] += size
            continue
        mttf = repair * (1 - rate) / rate
        cycles = int(HOURS_A_YEAR / (mttf + repair) * 2 + 20)
        down = rng.random(years) < rate
        # memoryless: the time left in the first state is exponential too
        spells = rng.exponential(1.0, (years, 2 * cycles))
        first_down = np.where(down[:, None], repair, mttf)
        then = np.where(down[:, None], mttf, repair)
        spells[:, 0::2] *= first_down
        spells[:, 1::2] *= then
        edge = np.minimum(np.ceil(np.cumsum(spells, axis=1)).astype(int), HOURS_A_YEAR)
        change[:, 0] += np.where(down, 0.0, size)
        sign = np.where(down, 1.0, -1.0)[:, None] * np.where(np.arange(2 * cycles) % 2, -1.0, 1.0)
        np.add.at(change, (np.arange(years)[:, None], edge), size * sign)
    return np.cumsum(change[:, :HOURS_A_YEAR], axis=1)


@dataclass(frozen=True)
class Shortages:
    """What a sequential simulation finds, means over years: one value a load level."""

    lolh: np.ndarray
    events: np.ndarray
    eens_mwh: np.ndarray
    lolh_error: np.ndarray  # standard error of lolh


def ride_through(
    available_mw: np.ndarray,
    load_mw: np.ndarray,
    battery_mw: float = 0.0,
    battery_mwh: float = 0.0,
    efficiency: float = 1.0,
) -> Shortages:
    """Shortages of a fleet with a battery, hour by hour; available MW has shape (years, hours).

    The battery discharges into every shortage and recharges from any surplus, both within its
    power, with all losses on charging; it starts full. `load_mw` has shape (levels,) and each level
    is simulated on the same paths. An hour counts as lost when any load is unserved in it.
    """
    loads = np.atleast_1d(np.asarray(load_mw, dtype=float))
    years, hours = available_mw.shape
    stored = np.full((years, len(loads)), float(battery_mwh))
    lost, events, unserved = np.zeros((3, years, len(loads)))
    before = np.zeros((years, len(loads)), dtype=bool)
    for hour in range(hours):
        margin = available_mw[:, hour, None] - loads
        give = np.minimum(np.minimum(-margin, battery_mw), stored).clip(min=0)
        take = np.minimum(np.minimum(margin, battery_mw) * efficiency, battery_mwh - stored)
        stored += np.where(margin < 0, -give, take)
        gap = np.maximum(-margin - give, 0)
        short = gap > ROUNDING
        lost += short
        events += short & ~before
        unserved += gap
        before = short
    error = lost.std(axis=0, ddof=1) / np.sqrt(years) if years > 1 else np.full(len(loads), np.nan)
    return Shortages(lost.mean(axis=0), events.mean(axis=0), unserved.mean(axis=0), error)


def size_rank(capacity_mw: np.ndarray, at_mw: float) -> tuple[float, float]:
    """Share of plants, and share of capacity, in plants of `at_mw` and more."""
    capacity = np.asarray(capacity_mw, dtype=float)
    large = capacity >= at_mw
    return float(large.mean()), float(capacity[large].sum() / capacity.sum())


@dataclass(frozen=True)
class Tail:
    """Power law and log-normal fitted to the same upper tail."""

    start_mw: float
    plants: int
    exponent: float
    exponent_error: float
    distance: float  # Kolmogorov-Smirnov, power law
    log_mean: float
    log_sd: float
    ratio: float  # Vuong's statistic, positive where the power law is the better
    p_value: float

    def power_law_above(self, mw: np.ndarray) -> np.ndarray:
        """Share of the tail at `mw` and more under the power law."""
        return (np.asarray(mw) / self.start_mw) ** (1 - self.exponent)

    def log_normal_above(self, mw: np.ndarray) -> np.ndarray:
        """Share of the tail at `mw` and more under the truncated log-normal."""
        z = (np.log([self.start_mw]) - self.log_mean) / self.log_sd
        x = (np.log(mw) - self.log_mean) / self.log_sd
        return stats.norm.sf(x) / stats.norm.sf(z)


def _power_law(tail: np.ndarray, start: float) -> tuple[float, float]:
    """Maximum-likelihood exponent and Kolmogorov-Smirnov distance of a continuous power law."""
    exponent = 1 + len(tail) / np.log(tail / start).sum()
    model = 1 - (tail / start) ** (1 - exponent)
    steps = np.arange(len(tail) + 1) / len(tail)
    return exponent, max(np.abs(steps[1:] - model).max(), np.abs(steps[:-1] - model).max())


def fit_tail(capacity_mw: np.ndarray, starts_mw: np.ndarray) -> Tail:
    """Fit a power law and a log-normal to the upper tail of sizes.

    Clauset, Shalizi and Newman (2009, doi:10.1137/070710111): exponent by maximum likelihood for
    each candidate start, the start with the smallest Kolmogorov-Smirnov distance kept; then a
    log-normal truncated at the same start, and Vuong's normalised log-likelihood ratio with its
    two-sided p-value. Raises ValueError where fewer than 50 sizes lie above every start.
    """
    sizes = np.sort(np.asarray(capacity_mw, dtype=float))
    fits = {
        float(s): _power_law(sizes[sizes >= s], s)
        for s in starts_mw
        if (sizes >= s).sum() >= 50 and sizes[-1] > s
    }
    if not fits:
        raise ValueError("a tail needs at least 50 sizes above one of the starts")
    start = min(fits, key=lambda s: fits[s][1])
    exponent, distance = fits[start]
    tail = sizes[sizes >= start]
    log = np.log(tail)

    def log_normal(p: np.ndarray) -> np.ndarray:
        z = (log - p[0]) / np.exp(p[1])
        cut = (np.log(start) - p[0]) / np.exp(p[1])
        return stats.norm.logpdf(z) - p[1] - log - stats.norm.logsf(cut)

    guess = [log.mean(), np.log(log.std())]
    best = optimize.minimize(lambda p: -log_normal(p).sum(), guess, method="Nelder-Mead")
    power = np.log((exponent - 1) / start) - exponent * (log - np.log(start))
    gap = power - log_normal(best.x)
    ratio = float(gap.sum() / (gap.std() * np.sqrt(len(gap))))
    return Tail(
        start_mw=start,
        plants=len(tail),
        exponent=float(exponent),
        exponent_error=float((exponent - 1) / np.sqrt(len(tail))),
        distance=float(distance),
        log_mean=float(best.x[0]),
        log_sd=float(np.exp(best.x[1])),
        ratio=ratio,
        p_value=float(2 * stats.norm.sf(abs(ratio))),
    )
