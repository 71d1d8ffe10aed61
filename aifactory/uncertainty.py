"""Distributions from (low, central, high), sampling, intervals and sensitivity indices.

Throughout the book `low` and `high` are the 5 % and 95 % quantiles of a quantity and `central` is
its median. Samples are frames of shape (draws, inputs); models take them and return one value a
draw.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats import qmc

Z95 = float(stats.norm.ppf(0.95))


@dataclass(frozen=True)
class Distribution:
    """One uncertain quantity, known by its quantile function.

    `ppf` maps probabilities in (0, 1), an array of any shape, to values in the quantity's own unit.
    """

    name: str
    ppf: Callable[[np.ndarray], np.ndarray]

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` independent draws, shape (n,), by inverting the quantile function."""
        return self.ppf(rng.random(n))


def _check_order(*values: float) -> None:
    if not all(np.isfinite(v) for v in values):
        raise ValueError(f"a distribution needs finite numbers, got {values}")
    if list(values) != sorted(values):
        raise ValueError(f"a distribution needs low <= central <= high, got {values}")


def constant(value: float) -> Distribution:
    """The same value in every draw."""
    _check_order(value)
    return Distribution(f"constant({value:g})", lambda u: np.full(np.shape(u), float(value)))


def from_range(low: float, central: float, high: float) -> Distribution:
    """Two-piece distribution with 5, 50 and 95 % quantiles at low, central and high.

    Each half is half a normal distribution of its own width, in logarithms where `low` is positive
    (so that no draw is negative) and on the plain scale elsewhere: the split-normal distribution of
    Wallis (2014, doi:10.1214/13-STS417), matched at the quantiles rather than at the mode. Raises
    ValueError where the three are not finite or not in order.
    """
    _check_order(low, central, high)
    if low == high:
        return constant(central)
    positive = low > 0
    a, m, b = np.log([low, central, high]) if positive else (low, central, high)

    def ppf(u: np.ndarray) -> np.ndarray:
        z = stats.norm.ppf(u)
        x = m + z * np.where(z < 0, m - a, b - m) / Z95
        return np.exp(x) if positive else x

    kind = "split-lognormal" if positive else "split-normal"
    return Distribution(f"{kind}({low:g}, {central:g}, {high:g})", ppf)


def normal(p05: float, p95: float) -> Distribution:
    """Normal distribution with the given 5 and 95 % quantiles."""
    _check_order(p05, p95)
    mean, sd = (p05 + p95) / 2, (p95 - p05) / (2 * Z95)
    return Distribution(f"normal({p05:g}, {p95:g})", lambda u: mean + sd * stats.norm.ppf(u))


def lognormal(p05: float, p95: float) -> Distribution:
    """Log-normal distribution with the given 5 and 95 % quantiles, both positive."""
    _check_order(p05, p95)
    if p05 <= 0:
        raise ValueError(f"a log-normal distribution needs positive quantiles, got {p05:g}")
    inner = normal(np.log(p05), np.log(p95))
    return Distribution(f"lognormal({p05:g}, {p95:g})", lambda u: np.exp(inner.ppf(u)))


def uniform(low: float, high: float) -> Distribution:
    """Uniform between the bounds."""
    _check_order(low, high)
    return Distribution(f"uniform({low:g}, {high:g})", lambda u: low + (high - low) * np.asarray(u))


def triangular(low: float, mode: float, high: float) -> Distribution:
    """Triangular between the bounds with its peak at `mode`."""
    _check_order(low, mode, high)
    if low == high:
        return constant(mode)
    frozen = stats.triang((mode - low) / (high - low), loc=low, scale=high - low)
    return Distribution(f"triangular({low:g}, {mode:g}, {high:g})", frozen.ppf)


def pert(low: float, mode: float, high: float) -> Distribution:
    """Beta-PERT between the bounds (Malcolm et al. 1959, shape 4): mean (low + 4 mode + high)/6."""
    _check_order(low, mode, high)
    if low == high:
        return constant(mode)
    a = 1 + 4 * (mode - low) / (high - low)
    b = 1 + 4 * (high - mode) / (high - low)
    frozen = stats.beta(a, b, loc=low, scale=high - low)
    return Distribution(f"pert({low:g}, {mode:g}, {high:g})", frozen.ppf)


def empirical(values: np.ndarray) -> Distribution:
    """The observed values themselves, joined by straight lines between their order statistics."""
    ordered = np.sort(np.asarray(values, dtype=float).ravel())
    if ordered.size == 0 or not np.isfinite(ordered).all():
        raise ValueError("an empirical distribution needs at least one finite value and no gaps")
    return Distribution(f"empirical({ordered.size})", lambda u: np.quantile(ordered, u))


def sample(
    inputs: Mapping[str, Distribution],
    n: int,
    rng: np.random.Generator,
    method: str = "lhs",
) -> pd.DataFrame:
    """Draw `n` independent joint values of the inputs.

    `method` is `lhs` (Latin hypercube, McKay et al. 1979), `sobol` (scrambled Sobol sequence, `n`
    a power of two) or `random`. Returns a frame of shape (n, inputs). Raises ValueError for an
    unknown method or an empty set of inputs.
    """
    if not inputs:
        raise ValueError("sample() needs at least one input")
    samplers = {
        "lhs": lambda: qmc.LatinHypercube(len(inputs), rng=rng).random(n),
        "sobol": lambda: qmc.Sobol(len(inputs), rng=rng).random(n),
        "random": lambda: rng.random((n, len(inputs))),
    }
    if method not in samplers:
        raise ValueError(f"unknown sampling method {method!r}; use one of {sorted(samplers)}")
    u = np.clip(samplers[method](), 1e-12, 1 - 1e-12)
    return pd.DataFrame({k: d.ppf(u[:, i]) for i, (k, d) in enumerate(inputs.items())})


@dataclass(frozen=True)
class Interval:
    """Median and central 90 % interval of a sample, in the sample's unit."""

    p05: float
    p50: float
    p95: float

    def __iter__(self):
        return iter((self.p05, self.p50, self.p95))


def interval(samples: np.ndarray) -> Interval:
    """5, 50 and 95 % quantiles. Raises ValueError on an empty sample or one that holds NaN."""
    x = np.asarray(samples, dtype=float).ravel()
    if x.size == 0 or np.isnan(x).any():
        raise ValueError("an interval needs at least one draw and no NaN")
    return Interval(*(float(q) for q in np.quantile(x, [0.05, 0.5, 0.95], method="linear")))


def saltelli_design(problem: dict, n: int, seed: int) -> np.ndarray:
    """Saltelli's design in probabilities: a row a run, a column an input of SALib's `problem`.

    `n`, a power of two, is the number of base rows. Nothing lies at 0 or 1, where quantile
    functions may be infinite.
    """
    from SALib.sample import sobol

    return np.clip(sobol.sample(problem, n, calc_second_order=False, seed=seed), 1e-9, 1 - 1e-9)


def saltelli_indices(problem: dict, values: np.ndarray, seed: int, **options: Any) -> Any:
    """SALib's Sobol indices of one value a row of `saltelli_design`; `options` are SALib's.

    A result that doesn't vary has no indices: ValueError.
    """
    from SALib.analyze import sobol

    if np.ptp(values) == 0:
        raise ValueError("the output does not vary over the sampled inputs: no Sobol indices")
    with contextlib.redirect_stdout(io.StringIO()):
        return sobol.analyze(problem, values, calc_second_order=False, seed=seed, **options)


def sobol_indices(
    func: Callable[[pd.DataFrame], np.ndarray],
    inputs: Mapping[str, Distribution],
    n: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """First-order and total Sobol indices of `func` over independent inputs.

    Saltelli's design and estimators through SALib (Saltelli et al. 2010,
    doi:10.1016/j.cpc.2009.09.018), `n` a power of two; `func` gets a frame of n (inputs + 2) rows.
    Returns a frame with input, first, first_conf, total, total_conf (half-widths of 95 %
    intervals), sorted by total. A function that doesn't vary has no indices: ValueError.
    """
    names = list(inputs)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    seed = int(rng.integers(2**31))
    u = saltelli_design(problem, n, seed)
    values = np.asarray(
        func(pd.DataFrame({k: inputs[k].ppf(u[:, i]) for i, k in enumerate(names)})), dtype=float
    )
    out = saltelli_indices(problem, values, seed)
    frame = pd.DataFrame(
        {
            "input": names,
            "first": out["S1"],
            "first_conf": out["S1_conf"],
            "total": out["ST"],
            "total_conf": out["ST_conf"],
        }
    )
    return frame.sort_values("total", ascending=False, ignore_index=True)


def tornado(
    func: Callable[[pd.DataFrame], np.ndarray], inputs: Mapping[str, Distribution]
) -> pd.DataFrame:
    """Move one input at a time from its 5 to its 95 % quantile, all others at their medians.

    Returns a frame with input, low_value, high_value, at_low, at_high and swing (absolute
    difference of the outputs), sorted by swing.
    """
    middle = {k: float(d.ppf(np.array([0.5]))[0]) for k, d in inputs.items()}
    ends = {k: d.ppf(np.array([0.05, 0.95])) for k, d in inputs.items()}
    rows = [{**middle, k: v} for k in inputs for v in ends[k]]
    out = np.asarray(func(pd.DataFrame(rows)), dtype=float).reshape(-1, 2)
    frame = pd.DataFrame(
        {
            "input": list(inputs),
            "low_value": [e[0] for e in ends.values()],
            "high_value": [e[1] for e in ends.values()],
            "at_low": out[:, 0],
            "at_high": out[:, 1],
            "swing": np.abs(out[:, 1] - out[:, 0]),
        }
    )
    return frame.sort_values("swing", ascending=False, ignore_index=True)
