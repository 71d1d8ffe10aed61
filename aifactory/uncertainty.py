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
_FINEST = 1e9  # steps of probability in one, on which tables of quantiles lie
_MOST_POINTS = 4000


@dataclass(frozen=True)
class Distribution:
    """One uncertain quantity, known by its quantile function.

    `ppf` maps probabilities in (0, 1), an array of any shape, to values in the quantity's own unit.
    Where it goes through the normal distribution, `of_normal` maps standard normal values instead:
    `ppf(u)` is `of_normal(z)` for z at probability u.
    """

    name: str
    ppf: Callable[[np.ndarray], np.ndarray]
    of_normal: Callable[[np.ndarray], np.ndarray] | None = None

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` independent draws, shape (n,), by inverting the quantile function."""
        return self.ppf(rng.random(n))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` independent draws, shape (n,), by the cheapest way: other draws, the same law."""
        if self.of_normal is not None:
            return self.of_normal(rng.standard_normal(n))
        return self.ppf(rng.random(n))


def _through_normal(name: str, of_normal: Callable[[np.ndarray], np.ndarray]) -> Distribution:
    return Distribution(name, lambda u: of_normal(stats.norm.ppf(u)), of_normal)


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

    def of_normal(z: np.ndarray) -> np.ndarray:
        x = m + z * np.where(z < 0, m - a, b - m) / Z95
        return np.exp(x) if positive else x

    kind = "split-lognormal" if positive else "split-normal"
    return _through_normal(f"{kind}({low:g}, {central:g}, {high:g})", of_normal)


def normal(p05: float, p95: float) -> Distribution:
    """Normal distribution with the given 5 and 95 % quantiles."""
    _check_order(p05, p95)
    mean, sd = (p05 + p95) / 2, (p95 - p05) / (2 * Z95)
    return _through_normal(f"normal({p05:g}, {p95:g})", lambda z: mean + sd * z)


def lognormal(p05: float, p95: float) -> Distribution:
    """Log-normal distribution with the given 5 and 95 % quantiles, both positive."""
    _check_order(p05, p95)
    if p05 <= 0:
        raise ValueError(f"a log-normal distribution needs positive quantiles, got {p05:g}")
    of_log = normal(np.log(p05), np.log(p95)).of_normal
    assert of_log is not None
    return _through_normal(f"lognormal({p05:g}, {p95:g})", lambda z: np.exp(of_log(z)))


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


def tabulated(probabilities: np.ndarray, values: np.ndarray) -> Distribution:
    """A distribution known by its quantiles, joined by straight lines; held at the outermost."""
    if not (np.diff(probabilities) > 0).all() or not (np.diff(values) >= 0).all():
        raise ValueError("quantiles need rising probabilities and values that never fall")
    p, v = np.asarray(probabilities, dtype=float), np.asarray(values, dtype=float)
    return Distribution(f"tabulated({p.size})", _even_table(p, v) or (lambda u: np.interp(u, p, v)))


def _even_table(p: np.ndarray, v: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
    """np.interp over the finest grid that the probabilities lie on: no search, 5 times as quick.

    None where they lie on none of a few thousand points.
    """
    whole = np.rint(p * _FINEST).astype(np.int64)
    step = int(np.gcd.reduce(np.diff(whole))) if p.size > 1 else 0
    on_grid = np.allclose(whole / _FINEST, p, rtol=0, atol=1e-15)
    if not step or not on_grid or (whole[-1] - whole[0]) // step > _MOST_POINTS:
        return None
    values = np.interp(np.arange(whole[0], whole[-1] + 1, step) / _FINEST, p, v)
    rise, first, scale = np.append(np.diff(values), 0.0), p[0], _FINEST / step

    def ppf(u: np.ndarray) -> np.ndarray:
        at = np.clip((np.asarray(u) - first) * scale, 0, values.size - 1)
        cell = at.astype(np.intp)
        return values.take(cell) + (at - cell) * rise.take(cell)

    return ppf


def held(distribution: Distribution, least: float, most: float) -> Distribution:
    """The same distribution with what lies beyond `least` or `most` put there."""
    if not np.isfinite([least, most]).any():
        return distribution
    name = f"held({distribution.name}, {least:g}, {most:g})"
    inner = distribution.of_normal
    return Distribution(
        name,
        lambda u: np.clip(distribution.ppf(u), least, most),
        inner and (lambda z: np.clip(inner(z), least, most)),
    )


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
    base = qmc.Sobol(2 * problem["num_vars"], seed=seed).random(n)
    a, b = np.split(base[:, None, :], 2, axis=2)
    groups = problem.get("groups") or problem["names"]
    of_b = [np.equal(groups, one) for one in dict.fromkeys(groups)]
    # a base row of A, then with each input or group from B, then B: SALib's, which takes seconds
    rows = np.where([np.zeros_like(of_b[0]), *of_b, np.ones_like(of_b[0])], b, a)
    return np.clip(rows.reshape(-1, problem["num_vars"]), 1e-9, 1 - 1e-9)


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
    return frame.sort_values("total", ascending=False, ignore_index=True, kind="stable")


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
    return frame.sort_values("swing", ascending=False, ignore_index=True, kind="stable")
