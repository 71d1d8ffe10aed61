"""Swing dynamics of an islanded gas-turbine plant with storage, many cases at once.

One equivalent machine a case (all units swing together), a governor (GGOV1, GAST or none), a load
that draws constant power, and storage under a droop-and-derivative controller with a lag and a
limit in MW. Powers inside are per unit of the turbines' rating on line at the start, speeds per
unit of nominal. Methods: Kundur, "Power System Stability and Control" (1994), chapters 3 and 11;
Machowski et al., "Power System Dynamics" (3rd ed. 2020), chapter 9; GGOV1 and GAST after the block
diagrams and typical values of IEC 61970-302.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from scipy import signal

F0_HZ = 60.0
LIMITER_OFF = 99.0  # IEC 61970-302 writes 99 for "no limit"
SPEED_LIMIT_PU = 0.5  # the model stops here: a plant this far off has long tripped


class _Governor:
    """What the two governor models share: they are read from a table of typical values."""

    @classmethod
    def typical(cls, values: Mapping[str, float]) -> Self:
        """From a mapping of parameter names to values. Raises KeyError for a missing name."""
        return cls(**{f.name: float(values[f.name]) for f in fields(cls)})


@dataclass(frozen=True)
class Ggov1(_Governor):
    """Parameters of GGOV1, per unit of turbine rating and in seconds; arrays of shape (cases,)
    are allowed throughout.

    Names are those of IEC 61970-302 (GovCT1). Droop acts on electrical power; the supervisory
    megawatt controller (Kimw) is left out, since an island cannot hold a megawatt schedule.
    """

    r: Any
    kpgov: Any
    kigov: Any
    kturb: Any
    wfnl: Any
    tact: Any
    tb: Any
    tpelec: Any
    ropen: Any
    rclose: Any
    maxerr: Any
    vmin: Any
    vmax: Any
    ldref: Any
    kpload: Any
    kiload: Any
    tfload: Any
    tsa: Any
    tsb: Any
    ka: Any
    aset: Any
    ta: Any

    def ultimate_gain(self, inertia_s: Any) -> Any:
        """Proportional gain at which the speed loop starts to oscillate by itself.

        Routh's criterion for Kp Kturb / (2 H s (1 + s Tact)(1 + s Tb)), the integral term and the
        limits left out. `inertia_s` in seconds; the gain is dimensionless.
        """
        lag, product = self.tact + self.tb, self.tact * self.tb
        return 2 * np.asarray(inertia_s) * lag / (product * self.kturb)

    def tuned(self, inertia_s: Any, gain_margin: Any = 2.0) -> Ggov1:
        """The same governor set up for an island: gains cut, where need be, to a gain margin.

        Half the ultimate gain is Ziegler and Nichols's rule (1942). Proportional and integral gain
        keep their ratio and are never raised. The acceleration limiter, made for run-up and load
        rejection on a large grid, is off: on light machines it would take over the governor.
        """
        kp = np.minimum(self.kpgov, self.ultimate_gain(inertia_s) / gain_margin)
        return replace(self, kpgov=kp, kigov=self.kigov * kp / self.kpgov, aset=LIMITER_OFF)


@dataclass(frozen=True)
class Gast(_Governor):
    """Parameters of GAST, per unit of turbine rating and in seconds (IEC 61970-302, GovGAST)."""

    r: Any
    t1: Any
    t2: Any
    t3: Any
    at: Any
    kt: Any
    vmax: Any
    vmin: Any
    dturb: Any


@dataclass(frozen=True)
class Plant:
    """Turbines on line: rating in MW, inertia constant in s on that rating, load damping in pu."""

    rating_mw: Any
    inertia_s: Any
    damping_pu: Any = 0.0


@dataclass(frozen=True)
class Storage:
    """Storage beside the plant.

    `power_mw` limits it both ways. It gives its whole power at a speed deviation of `droop_pu`,
    and, on top, `virtual_inertia_s` seconds of inertia on its own rating; both act through a
    first-order lag of `lag_s` seconds (measurement and converter).
    """

    power_mw: Any
    droop_pu: Any = 0.01
    virtual_inertia_s: Any = 5.0
    lag_s: Any = 0.05


@dataclass(frozen=True)
class Swing:
    """What a run gives: `time_s`, `frequency_hz`, `storage_mw` and `turbine_mw`, all of shape
    (samples, cases), and `storage_range_mwh` (cases,), the energy between fullest and emptiest."""

    time_s: np.ndarray
    frequency_hz: np.ndarray
    storage_mw: np.ndarray
    turbine_mw: np.ndarray
    storage_range_mwh: np.ndarray

    def lowest(self) -> np.ndarray:
        """Lowest frequency of each case, Hz."""
        return self.frequency_hz.min(axis=0)

    def highest(self) -> np.ndarray:
        """Highest frequency of each case, Hz."""
        return self.frequency_hz.max(axis=0)

    def peak(self, settled: float = 0.0) -> np.ndarray:
        """Largest deviation from nominal either way, Hz, after the share `settled` of the run."""
        first = int(settled * len(self.frequency_hz))
        return np.abs(self.frequency_hz[first:] - F0_HZ).max(axis=0)

    def amplitude(self, swing_hz: np.ndarray) -> np.ndarray:
        """Amplitude of frequency at the end of the run under a swing at `swing_hz`, Hz.

        Each of the last samples is compared with the mean of those half a period before and after,
        which leaves twice a sinusoid of that frequency and takes out what drifts more slowly.
        `swing_hz` has shape (cases,); the run must be longer than two periods.
        """
        step = self.time_s[1] - self.time_s[0]
        half = np.round(0.5 / swing_hz / step).astype(int)
        columns = [self._second_difference(i, h) for i, h in enumerate(half)]
        return np.array([np.abs(c).max() / 2 for c in columns])

    def _second_difference(self, case: int, half: int) -> np.ndarray:
        x = self.frequency_hz[-4 * half :, case]
        return x[half:-half] - (x[: -2 * half] + x[2 * half :]) / 2


def rocof_hz_per_s(step_mw: Any, inertia_s: Any, rating_mw: Any) -> Any:
    """Initial rate of change of frequency after a load step: f0 dP / (2 H S), Hz/s."""
    return F0_HZ * np.asarray(step_mw) / (2 * np.asarray(inertia_s) * rating_mw)


def inertia_only_hz(amplitude_mw: Any, frequency_hz: Any, inertia_s: Any, rating_mw: Any) -> Any:
    """Amplitude of frequency under a sinusoidal load and inertia alone: f0 dP / (4 pi H f S)."""
    return F0_HZ * amplitude_mw / (4 * np.pi * np.asarray(inertia_s) * frequency_hz * rating_mw)


def steady_deviation_hz(step_mw: Any, rating_mw: Any, droop_pu: Any, damping_pu: Any = 0.0) -> Any:
    """Frequency left after a load step: -f0 (dP/S) / (1/R + D), Hz."""
    return -F0_HZ * np.asarray(step_mw) / rating_mw / (1 / np.asarray(droop_pu) + damping_pu)


def _held(values: np.ndarray, low: Any, high: Any) -> np.ndarray:
    """`np.clip`, at half its cost for the short arrays of a step."""
    out = np.maximum(values, low)
    return np.minimum(out, high, out=out)


def _follow(state: np.ndarray, goal: np.ndarray, pace: Any) -> None:
    """One step of a first-order lag, in place: `state` goes the share `pace` of its way."""
    way = goal - state
    way *= pace
    state += way


class _Ggov1Loop:
    """One step at a time of GGOV1, from a steady state at `power` (pu)."""

    def __init__(self, p: Ggov1, power: np.ndarray, dt: Any) -> None:
        self.p = p
        self.reference = p.r * power
        self.electrical = power.copy()
        self.valve = power / p.kturb + p.wfnl
        self.integral = self.valve.copy()
        self.request = self.valve.copy()
        self.heat = self.valve.copy()
        self.exhaust, self.hottest = self.valve.copy(), p.ldref / p.kturb + p.wfnl
        cooler = p.vmax - p.kpload * (self.hottest - self.exhaust)
        self.load_integral = np.maximum(cooler, self.valve)
        self.acceleration, self.limits_slope = np.zeros_like(power), np.any(p.aset != LIMITER_OFF)
        self.power = power.copy()
        self.rise, self.lead = p.ka * dt, p.tsa / p.tsb
        self.slowest, self.fastest = p.rclose * dt, p.ropen * dt
        self.by_error, self.by_gap = p.kigov * dt, p.kiload * dt
        self.k_elec, self.k_act, self.k_turb, self.k_exh, self.k_acc, self.k_heat = (
            1 - np.exp(-dt / t) for t in (p.tpelec, p.tact, p.tb, p.tfload, p.ta, p.tsb)
        )

    def step(self, speed: np.ndarray, slope: np.ndarray, electrical: np.ndarray) -> np.ndarray:
        p = self.p
        _follow(self.electrical, electrical, self.k_elec)
        error = _held(self.reference - speed - p.r * self.electrical, -p.maxerr, p.maxerr)
        gap = self.hottest - self.exhaust
        by_speed = p.kpgov * error + self.integral
        by_heat = p.kpload * gap + self.load_integral
        low = np.minimum(by_speed, by_heat)
        if self.limits_slope:
            _follow(self.acceleration, slope, self.k_acc)
            low = np.minimum(low, self.request + self.rise * (p.aset - self.acceleration))
        self.request = _held(low, p.vmin, p.vmax)
        # an integrator moves while its controller is selected, or towards being selected
        moves = (by_speed <= self.request) | (error < 0)
        self.integral += moves * (self.by_error * error)
        self.integral = _held(self.integral, p.vmin, p.vmax)
        heats = (by_heat <= self.request) | (gap < 0)
        self.load_integral += heats * (self.by_gap * gap)
        np.minimum(self.load_integral, p.vmax, out=self.load_integral)
        self.valve += _held(self.k_act * (self.request - self.valve), self.slowest, self.fastest)
        _follow(self.power, p.kturb * (self.valve - p.wfnl), self.k_turb)
        lead = self.heat + self.lead * (self.valve - self.heat)
        _follow(self.heat, self.valve, self.k_heat)
        _follow(self.exhaust, lead, self.k_exh)
        return self.power


class _GastLoop:
    """One step at a time of GAST, from a steady state at `power` (pu)."""

    def __init__(self, p: Gast, power: np.ndarray, dt: Any) -> None:
        self.p, self.reference = p, power.copy()
        self.valve, self.fuel, self.exhaust = power.copy(), power.copy(), power.copy()
        self.k1, self.k2, self.k3 = (1 - np.exp(-dt / t) for t in (p.t1, p.t2, p.t3))

    def step(self, speed: np.ndarray, slope: np.ndarray, electrical: np.ndarray) -> np.ndarray:
        p = self.p
        by_heat = p.at + p.kt * (p.at - self.exhaust)
        want = np.minimum(self.reference - speed / p.r, by_heat)
        self.valve = _held(self.valve + self.k1 * (want - self.valve), p.vmin, p.vmax)
        _follow(self.fuel, self.valve, self.k2)
        _follow(self.exhaust, self.fuel, self.k3)
        return self.fuel - p.dturb * speed


class _NoLoop:
    """Turbines that hold their power: inertia alone."""

    def __init__(self, power: np.ndarray) -> None:
        self.power = power.copy()

    def step(self, speed: np.ndarray, slope: np.ndarray, electrical: np.ndarray) -> np.ndarray:
        return self.power


class _StorageLoop:
    """One step at a time of storage, from rest; powers per unit of the turbines' rating."""

    def __init__(self, s: Storage, inertia: Any, rating: np.ndarray, dt: Any) -> None:
        self.s, self.inertia, self.dt = s, inertia, dt
        self.limit = np.asarray(s.power_mw) / rating
        self.least, self.by_speed = -self.limit, self.limit / -np.asarray(s.droop_pu)
        self.power = np.zeros(np.shape(rating))
        self.share, self.response = 1.0, self._response(1.0)

    def _response(self, share: Any) -> tuple[Any, Any, Any]:
        """Gain of virtual inertia over the machines', pace of a step, what the limit adds to it.

        Storage that is free lowers the slope it answers by its own power, and what it wants with
        it. That is solved within the step, or short lags would ring.
        """
        gain = 2 * self.s.virtual_inertia_s * self.limit / (self.inertia * share)
        at_limit = 1 - np.exp(-self.dt / np.asarray(self.s.lag_s))
        free = (1 - np.exp(-self.dt * (1 + gain) / self.s.lag_s)) / (1 + gain)
        return gain, free, at_limit - free

    def step(self, speed: np.ndarray, surplus: np.ndarray, share: Any) -> np.ndarray:
        if share is not self.share:  # most runs lose no unit: worked out once
            self.share, self.response = share, self._response(share)
        gain, free, more = self.response
        want = self.by_speed * speed - gain * (surplus + self.power)
        pace = free + (np.abs(want) >= self.limit) * more
        _follow(self.power, _held(want, self.least, self.limit), pace)
        return self.power


def _loop(governor: Ggov1 | Gast | None, power: np.ndarray, dt: np.ndarray) -> Any:
    if governor is None:
        return _NoLoop(power)
    if isinstance(governor, Ggov1):
        return _Ggov1Loop(governor, power, dt)
    return _GastLoop(governor, power, dt)


def simulate(
    load_mw: Callable[[np.ndarray], np.ndarray],
    plant: Plant,
    governor: Ggov1 | Gast | None,
    storage: Storage | None = None,
    *,
    steps: int,
    dt_s: Any = 0.01,
    every: int = 5,
    online: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Swing:
    """Integrate the swing equation of every case from balance at nominal frequency.

    `load_mw` maps times in s, shape (cases,), to loads in MW of the same shape; `online` likewise
    to the share of turbines still on line (1 at the start). `dt_s` may differ by case; every
    `every`-th step is kept. Speed is stepped first, lags by their exact response (semi-implicit
    Euler, first order). Raises ValueError where the plant cannot carry the load at the start.
    """
    shapes = [np.shape(v) for part in (plant, governor, storage) for v in _values(part)]
    start = np.asarray(load_mw(np.zeros(1)), dtype=float)
    size = np.broadcast_shapes(*shapes, np.shape(dt_s), start.shape)
    rating = np.broadcast_to(np.asarray(plant.rating_mw, dtype=float), size)
    power = np.broadcast_to(start, size) / rating
    if (power > 1 + 1e-9).any():
        raise ValueError("load exceeds the rating of the turbines on line at the start")
    dt, inertia = np.asarray(dt_s, dtype=float), 2 * np.asarray(plant.inertia_s)
    loop = _loop(governor, power, dt)
    battery_loop = None if storage is None else _StorageLoop(storage, inertia, rating, dt)
    speed, battery, energy = (np.zeros(size) for _ in range(3))
    most, least, mechanical = np.zeros(size), np.zeros(size), power.copy()
    share: Any = 1.0
    kept = np.empty((3, -(-steps // every), *size))
    for i in range(steps):
        time = i * dt
        demand, given = load_mw(time) / rating, mechanical
        if online is not None:
            share = online(time)
            given = share * mechanical
        surplus = given - demand
        surplus -= plant.damping_pu * speed
        if battery_loop is not None:
            battery = battery_loop.step(speed, surplus, share)
            energy += battery * dt
            np.maximum(most, energy, out=most)
            np.minimum(least, energy, out=least)
        slope = (surplus + battery) / (inertia * share)
        speed = _held(speed + slope * dt, -SPEED_LIMIT_PU, SPEED_LIMIT_PU)
        mechanical = loop.step(speed, slope, (demand - battery) / share)
        if i % every == 0:
            for row, values in zip(kept, (speed, battery, mechanical * share), strict=True):
                row[i // every] = values
    speeds, batteries, turbines = kept
    kept_time = (np.arange(0, steps, every) + 1)[:, *[None] * len(size)] * dt
    return Swing(
        time_s=np.broadcast_to(kept_time, speeds.shape),
        frequency_hz=F0_HZ * (1 + speeds),
        storage_mw=batteries * rating,
        turbine_mw=turbines * rating,
        storage_range_mwh=(most - least) * rating / 3600,
    )


def _values(part: Any) -> list[Any]:
    return [] if part is None else [getattr(part, f.name) for f in fields(part)]


# loads -------------------------------------------------------------------------------------------


def trace_load(times_s: np.ndarray, loads_mw: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A load read off traces on one even time grid, straight lines between samples.

    `times_s` has shape (samples,), `loads_mw` (samples, cases). All cases share the clock, so
    `dt_s` must be one number. The last sample holds for ever.
    """
    step = float(times_s[1] - times_s[0])
    last = len(times_s) - 1

    def load(time: np.ndarray) -> np.ndarray:
        place = min(float(np.max(time)) / step, last - 1e-9)
        i = int(place)
        return loads_mw[i] + (place - i) * (loads_mw[i + 1] - loads_mw[i])

    return load


def square_load(mean_mw: Any, swing_mw: Any, frequency_hz: Any, edge_s: Any = 0.0) -> Callable:
    """A load that jumps by `swing_mw` up and down about its mean, in ramps of `edge_s`.

    It starts at the mean, half-way down a ramp; edges longer than half a period make a triangle.
    """
    half = 0.5 / np.asarray(frequency_hz)
    edge = np.minimum(np.maximum(edge_s, 1e-9), half)

    def load(time: np.ndarray) -> np.ndarray:
        phase = np.mod(time + edge / 2, 2 * half)
        down = np.clip(phase / edge, 0, 1) - np.clip((phase - half) / edge, 0, 1)
        return mean_mw + np.asarray(swing_mw) * (0.5 - down)

    return load


def sine_load(mean_mw: Any, amplitude_mw: Any, frequency_hz: Any) -> Callable:
    """A sinusoid of given amplitude about a mean."""
    return lambda t: mean_mw + np.asarray(amplitude_mw) * np.sin(2 * np.pi * frequency_hz * t)


def step_load(before_mw: Any, change_mw: Any, at_s: Any = 1.0, ramp_s: Any = 0.0) -> Callable:
    """A load that changes by `change_mw` at `at_s`, over `ramp_s` seconds."""
    ramp = np.maximum(ramp_s, 1e-9)
    return lambda t: before_mw + np.asarray(change_mw) * np.clip((t - at_s) / ramp, 0, 1)


# limits ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bound:
    """A limit that must not be passed for longer than `after_s` on end; `side` low or high.

    `limit`, in Hz or per unit, may be an array of shape (cases,).
    """

    side: str
    after_s: float
    limit: Any


def passes(values: np.ndarray, step_s: Any, bounds: Sequence[Bound]) -> np.ndarray:
    """Whether each column of `values` (samples, cases) passes any bound for longer than it may.

    Samples are `step_s` seconds apart, a number or one a case. Time beyond a bound is counted
    without a break, as protection relays count it. Truth values of shape (cases,).
    """
    out = np.zeros(values.shape[1], dtype=bool)
    for bound in bounds:
        sign = 1 if bound.side == "high" else -1
        beyond = sign * (values - bound.limit) > 0
        if bound.after_s == 0:
            out |= beyond.any(axis=0)
            continue
        spell = np.zeros(out.shape)
        for row in beyond:
            spell = np.where(row, spell + step_s, 0.0)
            out |= spell > bound.after_s + 1e-9
    return out


def leaves(swing: Swing, bounds: Sequence[Bound]) -> np.ndarray:
    """Whether the frequency of each case, shape (cases,), passes any bound: see `passes`."""
    return passes(swing.frequency_hz, swing.time_s[1] - swing.time_s[0], bounds)


def longest_below_s(time_s: np.ndarray, values: np.ndarray, limit: float) -> float:
    """Longest unbroken time in s that `values` (samples,) spends below `limit`."""
    best = spell = 0.0
    for gap, below in zip(np.diff(time_s), values[1:] < limit, strict=True):
        spell = spell + gap if below else 0.0
        best = max(best, spell)
    return best


def least_storage_mw(
    stays: Callable[[np.ndarray], np.ndarray], most_mw: np.ndarray, rounds: int = 10
) -> np.ndarray:
    """Least storage power of each case for which `stays` is true, by bisection, MW.

    `stays` maps powers (cases,) to truth values (cases,) and must not turn false again as power
    grows. 0 where none is needed, NaN where `most_mw` is not enough. The answer is high by at most
    most_mw / 2**rounds.
    """
    low, high = np.zeros_like(most_mw), np.array(most_mw, dtype=float)
    without, with_most = stays(low), stays(high)
    for _ in range(rounds):
        middle = (low + high) / 2
        good = stays(middle)
        low, high = np.where(good, low, middle), np.where(good, middle, high)
    return np.where(without, 0.0, np.where(with_most, high, np.nan))


def least_storage_for(
    load_mw: Callable[[np.ndarray], np.ndarray],
    plant: Plant,
    governor: Ggov1 | Gast | None,
    bounds: Sequence[Bound],
    *,
    lag_s: np.ndarray,
    most_mw: float,
    rounds: int = 7,
    steps: int = 750,
    dt_s: float = 0.02,
) -> np.ndarray:
    """Least storage (cases,) in MW that keeps one load inside `bounds`; `most_mw` where none does.

    `lag_s` (cases,) is that of the storage; see `least_storage_mw` for how it is found.
    """

    def stays(power_mw: np.ndarray) -> np.ndarray:
        battery = Storage(power_mw, lag_s=lag_s)
        run = simulate(load_mw, plant, governor, battery, steps=steps, dt_s=dt_s)
        return ~leaves(run, bounds)

    found = least_storage_mw(stays, np.full(len(lag_s), float(most_mw)), rounds)
    return np.nan_to_num(found, nan=most_mw)


# voltage -----------------------------------------------------------------------------------------


def retained_voltage(
    fault_reactance: Any, source_reactance: Any, storage_pu: Any = 0.0, emf: float = 1.0
) -> Any:
    """Voltage left at the plant's bus during a three-phase fault, per unit.

    Reactances in per unit of the plant's rating: `fault_reactance` between bus and fault,
    `source_reactance` of the machines (subtransient). Storage feeds a reactive current of
    `storage_pu`, its rating over the plant's: an inverter cannot give more than about its rating.
    Divider with a current source (Kundur 1994, chapter 13); load currents are left out.
    """
    xf, xs = np.asarray(fault_reactance, dtype=float), np.asarray(source_reactance, dtype=float)
    return np.minimum((emf / xs + storage_pu) * xf * xs / (xf + xs), emf)


# traces ------------------------------------------------------------------------------------------


def worst_window(
    time_s: np.ndarray, power: np.ndarray, *, cut_s: float, span_s: float, step_s: float
) -> np.ndarray:
    """The stretch of a trace with the largest swing, relative to the trace's 95th percentile.

    `cut_s` seconds of start-up and shut-down are left out at both ends. Stretches of `span_s` that
    begin near full power (0.95 and more) are compared every 5 s; a trace shorter than that is taken
    from its start and holds its last value. Shape (span/step + 1,), capped at 1.
    """
    inside = (time_s >= cut_s) & (time_s <= time_s[-1] - cut_s)
    t, p = time_s[inside], power[inside]
    level = np.minimum(p / np.quantile(p, 0.95), 1.0)
    clock = np.arange(round(span_s / step_s) + 1) * step_s
    starts = np.arange(t[0], max(t[-1] - span_s, t[0]) + 1e-9, 5.0)
    windows = np.array([np.interp(s + clock, t, level) for s in starts])
    begins_full = windows[:, 0] >= 0.95
    return windows[np.argmax(np.where(begins_full, np.ptp(windows, axis=1), -1.0))]


def stop_window(
    time_s: np.ndarray, power: np.ndarray, *, cut_s: float, lead_s: float, clock: np.ndarray
) -> np.ndarray:
    """The end of a run as logged, relative to the 95th percentile of its power under load.

    `cut_s` seconds at both ends are left out of that percentile. The stretch, on the times `clock`
    in s, begins `lead_s` before the last moment at 0.95 and more, and is capped at 1.
    """
    inside = (time_s >= cut_s) & (time_s <= time_s[-1] - cut_s)
    level = np.minimum(power / np.quantile(power[inside], 0.95), 1.0)
    last = time_s[np.flatnonzero(level >= 0.95)[-1]]
    return np.interp(last - lead_s + clock, time_s, level)


def largest_fall(level: np.ndarray, samples: int) -> float:
    """Largest fall of a trace (samples,) from one sample to that `samples` later; 0 if none."""
    return float(max((level[:-samples] - level[samples:]).max(), 0.0))


def coherence(series: np.ndarray) -> tuple[float, float]:
    """How far series (samples, nodes) move as one.

    Returns the mean correlation between pairs, and the standard deviation of the sum over the sum
    of standard deviations: 1 for one job in step, 1/sqrt(n) for n unrelated nodes.
    """
    matrix = np.corrcoef(series.T)
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    return float(pairs.mean()), float(series.sum(axis=1).std() / series.std(axis=0).sum())


def band_share(
    power: np.ndarray, step_s: float, low_hz: float, high_hz: float, window_s: float = 102.4
) -> float:
    """Share of a trace's variance between two frequencies, by Welch's method (1967).

    `power` (samples,) is evenly sampled every `step_s` seconds; Hann windows of `window_s`, half
    overlapping, mean taken off. Variance slower than a window is not seen.
    """
    density_hz, density = signal.welch(power, fs=1 / step_s, nperseg=int(window_s / step_s))
    inside = (density_hz >= low_hz) & (density_hz <= high_hz)
    return float(density[inside].sum() / density.sum())
