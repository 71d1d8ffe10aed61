"""Which inputs drive a result: Sobol indices of groups, and how surely one outranks another.

Groups may hold one input or many. Indices come from SALib; what is added here is the bootstrap
draws that a ranking's probability needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from aifactory.models.robots.payback import Case
from aifactory.uncertainty import Distribution, saltelli_design, saltelli_indices, uniform


@dataclass(frozen=True)
class GroupIndices:
    """Sobol indices of groups: estimates, shape (groups,), and bootstrap draws (draws, groups)."""

    groups: tuple[str, ...]
    first: np.ndarray
    total: np.ndarray
    first_draws: np.ndarray
    total_draws: np.ndarray

    def frame(self, level: float = 0.9) -> pd.DataFrame:
        """group, first and total with the ends of their bootstrap interval, largest total first."""
        ends = [50 - 50 * level, 50 + 50 * level]
        f, t = (np.percentile(d, ends, axis=0) for d in (self.first_draws, self.total_draws))
        columns = {
            "group": self.groups,
            "first": self.first, "first_low": f[0], "first_high": f[1],
            "total": self.total, "total_low": t[0], "total_high": t[1],
        }  # fmt: skip
        return pd.DataFrame(columns).sort_values(
            "total", ascending=False, ignore_index=True, kind="stable"
        )


@dataclass(frozen=True)
class Design:
    """One Saltelli design over groups of inputs, to be filled with any ranges of theirs.

    `unit` holds n (groups + 2) rows of probabilities, one column an input; `problem` is SALib's,
    `seed` the bootstrap's. Results of one design are judged over the same draws and resamples.
    """

    unit: np.ndarray
    problem: dict
    seed: int

    def draw(self, inputs: Mapping[str, Distribution]) -> pd.DataFrame:
        """Values of the inputs, one row a row of the design. Raises ValueError for other names."""
        names = self.problem["names"]
        if set(names) != set(inputs):
            raise ValueError(f"inputs and groups differ: {sorted(set(names) ^ set(inputs))}")
        return pd.DataFrame({k: inputs[k].ppf(self.unit[:, i]) for i, k in enumerate(names)})

    def analyse(self, values: np.ndarray, resamples: int = 200) -> GroupIndices:
        """First-order (Saltelli et al. 2010) and total (Jansen 1999) indices of `values`.

        `values` has one result a row of the design. Rows are resampled `resamples` times, the same
        way for every result of one design. Raises ValueError for a wrong number of values, values
        that are not finite, or a result that does not vary.
        """
        y = np.asarray(values, dtype=float)
        if y.shape != (len(self.unit),):
            raise ValueError(f"expected {len(self.unit)} values, one a row, got {y.shape}")
        if not np.isfinite(y).all():
            raise ValueError("every value must be finite: bound the result first")
        out = saltelli_indices(
            self.problem, y, self.seed, num_resamples=resamples, keep_resamples=True
        )
        names = tuple(dict.fromkeys(self.problem["groups"]))
        first, total = np.asarray(out["S1_conf_all"]), np.asarray(out["ST_conf_all"])
        return GroupIndices(names, np.asarray(out["S1"]), np.asarray(out["ST"]), first, total)


def design(groups: Mapping[str, str], n: int, rng: np.random.Generator) -> Design:
    """Saltelli's design for groups of independent inputs :cite:`saltelli-2010,jacques-2006`.

    `groups` maps each input's name to its group's; `n`, a power of two, is the number of base
    rows. Raises ValueError where there are fewer than two groups, or `n` is no power of two.
    """
    names = list(groups)
    if len(set(groups.values())) < 2:
        raise ValueError("a ranking needs two groups at least")
    if n < 2 or n & (n - 1):
        raise ValueError(f"n is a power of two, got {n}")
    seed = int(rng.integers(2**31))
    problem = {
        "num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names),
        "groups": list(groups.values()),
    }  # fmt: skip
    return Design(saltelli_design(problem, n, seed), problem, seed)


def margin(found: GroupIndices, leaders: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Least total index among `leaders` over the greatest among `others`: above 1, they outrank.

    One ratio a bootstrap draw, shape (draws,). Raises ValueError for an unknown or shared name, or
    where nothing among `others` matters.
    """
    at = {name: i for i, name in enumerate(found.groups)}
    unknown = [k for k in (*leaders, *others) if k not in at]
    if unknown or set(leaders) & set(others) or not leaders or not others:
        raise ValueError(f"leaders and others must be distinct groups of {list(at)}")
    least = found.total_draws[:, [at[k] for k in leaders]].min(axis=1)
    most = found.total_draws[:, [at[k] for k in others]].max(axis=1)
    if not (most > 0).all():
        raise ValueError("no group among others has an index above nought")
    return least / most


def narrowed(inputs: Mapping[str, Distribution], percent: float) -> dict[str, Distribution]:
    """The same inputs, each uniform within `percent` of its own median.

    Takes away that some ranges are wide and others narrow: what remains is how strongly the
    result reacts. Raises ValueError for a percentage that is not between 0 and 100.
    """
    if not 0 < percent < 100:
        raise ValueError("percent lies between 0 and 100")
    out = {}
    for name, known in inputs.items():
        middle = float(known.ppf(np.array([0.5]))[0])
        ends = sorted((middle * (1 - percent / 100), middle * (1 + percent / 100)))
        out[name] = uniform(*ends)
    return out


def weighted(values: ArrayLike, weights: ArrayLike) -> Distribution:
    """Observed values, each drawn as often as its weight says: a step function, nothing between.

    For wages of cells weighted by the people employed in them. Raises ValueError for no values,
    shapes that differ, values that are not finite, or weights that are not positive.
    """
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if x.ndim != 1 or x.shape != w.shape or x.size == 0:
        raise ValueError("weighted() needs one weight a value, and one value at least")
    if not (np.isfinite(x).all() and np.isfinite(w).all() and (w > 0).all()):
        raise ValueError("values must be finite and weights positive")
    order = np.argsort(x, kind="stable")
    ends = np.cumsum(w[order]) / w.sum()

    def ppf(u: np.ndarray) -> np.ndarray:
        return x[order][np.minimum(np.searchsorted(ends, u), x.size - 1)]

    return Distribution(f"weighted({x.size})", ppf)


FORMS = ("net return", "return", "within limit", "rank")
BEFORE_WEAR = {"net return": "return before wear", "rank": "rank before wear"}  # as first read
WORTHS = ("NPV", "NPV per dollar")


def forms(
    found: Case, limit_years: float = 3.0, shortest_years: float = 1.0
) -> dict[str, np.ndarray]:
    """Payback in forms that stay bounded where it never comes, and net present value in two.

    "net return": the accounting rate of return, yearly savings less running cost and straight-line
    wear, per dollar installed: 1 / T - 1 / L where payback T is finite, with L the life in years;
    kept within 1 / `shortest_years` on either side, so that a few very cheap robots do not make up
    all variance. "return": 1 / T with the same bound, and 0 where the outlay does not come back
    within the robot's life. "within limit": 1 where T is `limit_years` at most. "rank": place of
    the net return among all draws, from 0 to 1. "return before wear" and "rank before wear" leave
    1 / L out. "NPV" in USD and per dollar installed. Each has the shape of the case's draws. Raises
    ValueError for years that are not positive.
    """
    if not (limit_years > 0 and shortest_years > 0):
        raise ValueError("limit_years and shortest_years must be positive")
    years = found.payback_years()
    gross = found.net_usd_per_year() / found.installed_usd
    net = gross - 1 / found.life
    worth = found.npv_usd()
    bound = 1 / shortest_years
    return {
        "net return": np.clip(net, -bound, bound),
        "return": 1 / np.maximum(years, shortest_years),
        "within limit": (years <= limit_years).astype(float),
        "rank": (rankdata(net) - 0.5) / net.size,
        "return before wear": np.clip(gross, -bound, bound),
        "rank before wear": (rankdata(gross) - 0.5) / gross.size,
        "NPV": worth,
        "NPV per dollar": worth / found.installed_usd,
    }
