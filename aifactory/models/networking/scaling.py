"""How much faster a training job gets with more accelerators, and how far that can be foretold.

Strong scaling asks how long one fixed task takes on more accelerators; Amdahl's law (1967) and
Gunther's Universal Scalability Law (2007) describe it, with the number of accelerators counted in
multiples n of a reference system. Weak scaling asks what each accelerator still gets done when
the work grows with their number; Gustafson's law (1988), a constant loss a doubling, or a loss in
proportion to their number describe that. Errors of a law are learnt by fitting it to the smaller
systems and asking it for the larger ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize

LAWS = ("amdahl", "usl")


def _positive(name: str, *values: np.ndarray) -> None:
    for value in values:
        x = np.asarray(value, dtype=float)
        if x.size == 0 or not np.isfinite(x).all() or (x <= 0).any():
            raise ValueError(f"{name} must be positive and finite, and at least one value")


def _shares(a: np.ndarray, b: np.ndarray) -> None:
    if not (np.all(np.asarray(a) >= 0) and np.all(np.asarray(b) >= 0)):
        raise ValueError("the coefficients of contention and coherence must not be negative")


def _multiples(n: np.ndarray) -> np.ndarray:
    x = np.asarray(n, dtype=float)
    if not (np.isfinite(x).all() and (x >= 1).all()):
        raise ValueError("n counts reference systems: it must be finite and at least 1")
    return x


# --- laws ----------------------------------------------------------------------------------------


def efficiency(n0: float, t0: float, n: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Efficiency n0 t0 / (n t) of times `t` on `n` accelerators against `t0` on `n0`.

    Both in the same units; shape of `n` and `t`, no unit. Raises ValueError unless positive.
    """
    _positive("counts and times", np.array([n0, t0]), n, t)
    return n0 * t0 / (np.asarray(n, dtype=float) * np.asarray(t, dtype=float))


def usl_capacity(n: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Speed of n reference systems in multiples of one, by the Universal Scalability Law.

    C(n) = n / (1 + a (n - 1) + b n (n - 1)) with contention `a` and coherence `b`, both at least
    0 and without unit (Gunther 2007). b = 0 is Amdahl's law with serial share `a`. Shapes
    broadcast. Raises ValueError for n below 1 or negative coefficients.
    """
    x = _multiples(n)
    _shares(a, b)
    return x / (1 + np.asarray(a) * (x - 1) + np.asarray(b) * x * (x - 1))


def usl_efficiency(n: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """C(n) / n: what each of n reference systems still does. Raises as `usl_capacity`."""
    return usl_capacity(n, a, b) / _multiples(n)


def usl_marginal(n: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """dC/dn = (1 - a - b n^2) / (1 + a (n - 1) + b n (n - 1))^2: what one more system adds.

    In reference systems; negative beyond `usl_peak`. Raises as `usl_capacity`.
    """
    x = _multiples(n)
    _shares(a, b)
    below = 1 + np.asarray(a) * (x - 1) + np.asarray(b) * x * (x - 1)
    return (1 - np.asarray(a) - np.asarray(b) * x**2) / below**2


def usl_peak(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The n at which capacity is largest: sqrt((1 - a) / b), infinite for b = 0, at least 1."""
    _shares(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = np.sqrt(np.maximum(1 - np.asarray(a, dtype=float), 0) / np.asarray(b, dtype=float))
    return np.maximum(np.nan_to_num(peak, nan=1.0, posinf=np.inf), 1.0)


def gustafson_capacity(n: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Work done by n systems in the time of one, s + (1 - s) n (Gustafson 1988).

    `s` is the serial share of the time on n systems, between 0 and 1: ValueError outside.
    """
    share = np.asarray(s, dtype=float)
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError("a serial share lies between 0 and 1")
    return share + (1 - share) * _multiples(n)


def weak_efficiency(n: np.ndarray, loss: np.ndarray, law: str) -> np.ndarray:
    """Work per accelerator on n reference systems over that on one, at fixed work for each.

    `law` "doubling": n^log2(1 - loss), the share `loss` gone with each doubling. `law` "linear":
    1 / (1 + loss (n - 1)), a loss in proportion to size, as where something waits for each
    accelerator in turn. Shapes broadcast. Raises ValueError for an unknown law or a loss of 1 and
    more a doubling, or one that makes the linear law meaningless.
    """
    x, lost = _multiples(n), np.asarray(loss, dtype=float)
    if law == "doubling":
        if not (lost < 1).all():
            raise ValueError("the loss a doubling must be below 1")
        return x ** np.log2(1 - lost)
    if law == "linear":
        below = 1 + lost * (x - 1)
        if not (below > 0).all():
            raise ValueError("a gain in proportion to size ends where the law divides by nought")
        return 1 / below
    raise ValueError(f"law is doubling or linear, not {law!r}")


def paying_size(a: np.ndarray, b: np.ndarray, bar: np.ndarray, largest: float = 1e9) -> np.ndarray:
    """The largest n at which one more system still adds `bar` systems' worth of speed.

    Solves `usl_marginal` = bar by bisection in log n, since it falls with n; 1 where already the
    second adds less, `largest` where that is not reached. Shapes broadcast. Raises ValueError for
    a bar outside 0 to 1.
    """
    share, kappa, goal = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (a, b, bar)))
    if not ((goal >= 0) & (goal <= 1)).all():
        raise ValueError("the bar is a share of one system's speed: between 0 and 1")
    low, high = np.zeros(goal.shape), np.full(goal.shape, np.log(largest))
    for _ in range(60):
        mid = (low + high) / 2
        pays = usl_marginal(np.exp(mid), share, kappa) >= goal
        low, high = np.where(pays, mid, low), np.where(pays, high, mid)
    return np.exp(low)


def doubling_paying_size(loss: np.ndarray, bar: np.ndarray, largest: float = 1e9) -> np.ndarray:
    """The same for weak scaling with a constant `loss` a doubling, in closed form.

    Work n^(1 + s) with s = log2(1 - loss) grows by (1 + s) n^s, which is `bar` at
    ((1 + s) / bar)^(-1 / s). 1 where the second system already adds less, `largest` where nothing
    is lost. Raises ValueError for a bar outside 0 to 1 or a loss of 1 or more.
    """
    lost, goal = np.broadcast_arrays(np.asarray(loss, dtype=float), np.asarray(bar, dtype=float))
    if not ((goal >= 0) & (goal <= 1)).all() or not (lost < 1).all():
        raise ValueError("the bar lies between 0 and 1, the loss a doubling below 1")
    s = np.log2(1 - lost)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = (np.maximum(1 + s, 0) / goal) ** (-1 / s)
    return np.where(s >= 0, largest, np.clip(np.nan_to_num(size, nan=1.0), 1, largest))


# --- fits ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """Fitted laws: time `t0` of the reference (unit of the data), contention a, coherence b.

    All three have the shape of the times fitted, without their last axis.
    """

    t0: np.ndarray
    a: np.ndarray
    b: np.ndarray

    def time(self, n: np.ndarray) -> np.ndarray:
        """Time on n reference systems, in the unit of `t0`; shapes broadcast."""
        return self.t0 / usl_capacity(n, self.a, self.b)


def fit_law(n: np.ndarray, times: np.ndarray, law: str = "usl") -> Fit:
    """Fit Amdahl's law or the Universal Scalability Law to times on n reference systems.

    n t = t0 (1 + a (n - 1) + b n (n - 1)) is linear in t0, t0 a and t0 b: non-negative least
    squares (Lawson and Hanson 1974) of the relative errors, so that every size weighs the same.
    With three unknowns at most, the least of the feasible solutions over all sets of unknowns
    left at nought is exact, and many draws are fitted at once. `n` has shape (sizes,), `times`
    (..., sizes). Raises ValueError for bad numbers, unequal sizes or fewer than two of them.
    """
    x, t = _multiples(n), np.asarray(times, dtype=float)
    _positive("times", t)
    if x.ndim != 1 or t.shape[-1:] != x.shape:
        raise ValueError("n has shape (sizes,), times (..., sizes)")
    if len(np.unique(x)) < 2:
        raise ValueError("a law needs at least two sizes")
    if law not in LAWS:
        raise ValueError(f"law is one of {LAWS}, not {law!r}")
    terms = np.stack([np.ones_like(x), x - 1, x * (x - 1)][: 2 + (law == "usl")], axis=-1)
    rows = terms / (x * t)[..., None]
    scale = np.linalg.norm(rows, axis=-2, keepdims=True)
    rows = rows / scale
    best = np.zeros((*t.shape[:-1], 3))
    left = np.full(t.shape[:-1], np.inf)
    for kept in ([0], [0, 1], [0, 2], [0, 1, 2])[: 2 if law == "amdahl" else 4]:
        if len(kept) > len(np.unique(x)):
            continue
        part = rows[..., kept]
        found = (np.linalg.pinv(part) @ np.ones((len(x), 1)))[..., 0]
        lost = ((1 - (part * found[..., None, :]).sum(axis=-1)) ** 2).sum(axis=-1)
        better = (found >= 0).all(axis=-1) & (found[..., 0] > 0) & (lost < left)
        left = np.where(better, lost, left)
        whole = np.zeros_like(best)
        whole[..., kept] = found / scale[..., 0, :][..., kept]
        best = np.where(better[..., None], whole, best)
    return Fit(best[..., 0], best[..., 1] / best[..., 0], best[..., 2] / best[..., 0])


def olympic_mean(times: np.ndarray, drop: int = 1) -> np.ndarray:
    """MLPerf's score: the mean without the `drop` fastest and slowest runs, along the last axis.

    Raises ValueError where nothing would be left.
    """
    ordered = np.sort(np.asarray(times, dtype=float), axis=-1)
    if drop < 0 or ordered.shape[-1] <= 2 * drop:
        raise ValueError(f"{ordered.shape[-1]} runs are too few to drop {drop} at either end")
    return ordered[..., drop : ordered.shape[-1] - drop].mean(axis=-1)


def run_residuals(log_times: np.ndarray, system: np.ndarray) -> np.ndarray:
    """Deviations of log run times from their system's mean, widened by sqrt(m / (m - 1)).

    The widening undoes what the mean of m runs takes out of their spread. Systems of one run tell
    nothing and are left out. Shape (runs kept,).
    """
    frame = pd.DataFrame({"x": np.asarray(log_times, dtype=float), "system": system})
    by = frame.groupby("system")["x"]
    m = by.transform("size")
    kept = m > 1
    return ((frame["x"] - by.transform("mean")) * np.sqrt(m / (m - 1).where(kept)))[kept].to_numpy()


def resample_scores(
    scores: np.ndarray,
    runs: np.ndarray,
    residuals: np.ndarray,
    drop: int,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Scores that other runs of the same systems might have given, shape (draws, systems).

    A residual bootstrap: each of a system's `runs` gets a residual of the benchmark's pool (scores
    of three runs say too little on their own), and the draw's olympic mean moves the score by its
    distance from the pool's mean. Raises ValueError for too few runs or an empty pool.
    """
    _positive("scores", scores)
    pool = np.asarray(residuals, dtype=float)
    if pool.size == 0 or not np.isfinite(pool).all():
        raise ValueError("no residuals to draw from")
    moved = [
        olympic_mean(rng.choice(pool, size=(draws, int(m))), min(drop, (int(m) - 1) // 2))
        for m in runs
    ]
    return np.asarray(scores, dtype=float) * np.exp(np.column_stack(moved) - pool.mean())


# --- held back -----------------------------------------------------------------------------------


def cuts(sizes: np.ndarray, fewest: int = 3) -> list[tuple[int, int]]:
    """All ways to fit the k smallest sizes and foretell a larger one, as (k, index of it).

    `sizes` rise; at least `fewest` are fitted. Raises ValueError where they do not rise.
    """
    x = np.asarray(sizes, dtype=float)
    if (np.diff(x) <= 0).any():
        raise ValueError("sizes must rise")
    return [(k, at) for k in range(fewest, len(x)) for at in range(k, len(x))]


def held_back(
    sizes: np.ndarray, scores: np.ndarray, draws: np.ndarray, law: str, fewest: int = 3
) -> pd.DataFrame:
    """Foretell the larger systems of one group from its smaller ones.

    `sizes` (k,) are accelerators, `scores` (k,) times, `draws` (draws, k) resampled times. Returns
    a row for each cut: fitted (sizes fitted), largest (size fitted), size (foretold), distance
    (doublings between them), low, central, high (5, 50, 95 % of the foretold time from run-to-run
    spread alone), observed, error (log of foretold over observed time, so above 0 where the system
    was faster), and last (whether it is the group's largest, foretold from all others).
    """
    n = np.asarray(sizes, dtype=float) / np.min(sizes)
    found = []
    for k, at in cuts(sizes, fewest):
        told = fit_law(n[:k], np.asarray(draws)[:, :k], law).time(n[at])
        low, high = np.quantile(told, [0.05, 0.95])
        central = float(fit_law(n[:k], np.asarray(scores)[:k], law).time(n[at]))
        found.append(
            {
                "fitted": k,
                "largest": float(sizes[k - 1]),
                "size": float(sizes[at]),
                "distance": float(np.log2(n[at] / n[k - 1])),
                "low": float(low),
                "central": central,
                "high": float(high),
                "observed": float(scores[at]),
                "error": float(np.log(central / scores[at])),
                "last": k == len(sizes) - 1,
            }
        )
    return pd.DataFrame(found)


@dataclass(frozen=True)
class ErrorGrowth:
    """How errors of a foretold log efficiency grow with distance in doublings.

    The error at distance d has mean `bias` d and standard deviation sqrt(base^2 + (growth d)^2);
    `standard` holds the observed errors in those units, whose quantiles replace the normal's.
    """

    bias: float
    base: float
    growth: float
    standard: tuple[float, ...]

    def sd(self, distance: np.ndarray) -> np.ndarray:
        """Standard deviation of the log error at `distance` doublings."""
        return np.hypot(self.base, self.growth * np.asarray(distance, dtype=float))

    def at(self, distance: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Log error at `distance` doublings for standard errors `z`; nought at no distance."""
        d = np.maximum(np.asarray(distance, dtype=float), 0)
        return np.where(d > 0, self.bias * d + self.sd(d) * z, 0.0)

    def spread(self) -> ErrorGrowth:
        """The same without its bias: for laws of which nobody knows to which side they err."""
        return replace(self, bias=0.0)

    def draw(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Standard errors from the observed ones, (draws,), for `at`."""
        return rng.choice(np.asarray(self.standard), size=draws)

    def interval(self, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """5 and 95 % quantiles of the log error at `distance` doublings."""
        d = np.asarray(distance, dtype=float)
        low, high = np.quantile(self.standard, [0.05, 0.95])
        return self.bias * d + self.sd(d) * low, self.bias * d + self.sd(d) * high


def error_growth(
    distance: np.ndarray, error: np.ndarray, weight: np.ndarray | None = None
) -> ErrorGrowth:
    """Learn `ErrorGrowth` from held-back errors by maximum likelihood (normal, then quantiles).

    `distance` (cases,) in doublings, above 0; `error` (cases,) observed log errors; `weight`
    (cases,) lets the cuts of one group share one vote. Raises ValueError for fewer than five cases
    or bad numbers.
    """
    d, e = np.asarray(distance, dtype=float), np.asarray(error, dtype=float)
    _positive("distances", d)
    if d.shape != e.shape or d.size < 5 or not np.isfinite(e).all():
        raise ValueError("error growth needs five or more finite errors, one for each distance")
    w = np.ones_like(d) if weight is None else np.asarray(weight, dtype=float)

    def lost(p: np.ndarray) -> tuple[float, np.ndarray]:
        gap, near, far = e - p[0] * d, np.exp(2 * p[1]), np.exp(2 * p[2])
        variance = near + far * d**2
        per_variance = w * (1 - gap**2 / variance) / variance
        slopes = [-w @ (gap * d / variance), near * per_variance.sum(), far * per_variance @ d**2]
        return float(w @ (np.log(variance) + gap**2 / variance)), 2 * np.array(slopes)

    # to the last digits: a looser end hangs on the processor
    start = np.log(np.std(e) + 1e-6)
    best = optimize.minimize(
        lost, [0.0, start, start - 1.0], jac=True, method="L-BFGS-B",
        bounds=[(-2, 2), (-9, 2), (-9, 2)], options={"ftol": 1e-15, "gtol": 1e-10},
    )  # fmt: skip
    bias, base, growth = best.x[0], np.exp(best.x[1]), np.exp(best.x[2])
    z = (e - bias * d) / np.hypot(base, growth * d)
    copies = np.maximum(1, np.round(w / w.min()).astype(int))
    return ErrorGrowth(
        float(bias), float(base), float(growth), tuple(np.repeat(z, copies).tolist())
    )


def extrapolate(
    sizes: np.ndarray,
    draws: np.ndarray,
    targets: np.ndarray,
    law: str,
    growth: ErrorGrowth,
    rng: np.random.Generator,
) -> np.ndarray:
    """Efficiency at `targets` against the smallest of `sizes`, with calibrated error.

    The law is fitted to each row of `draws` (draws, sizes), times of one group with rising
    `sizes` in accelerators. Beyond the largest size the log efficiency gets the error that
    `growth` has at that distance, one standard error for each draw, but no more efficiency than
    the law has at the largest size. Returns (draws, targets).
    """
    n, goal = np.asarray(sizes, dtype=float), np.asarray(targets, dtype=float)
    fit = fit_law(n / n[0], draws, law)
    told = usl_efficiency(goal / n[0], fit.a[:, None], fit.b[:, None])
    z = growth.draw(len(told), rng)
    most = usl_efficiency(np.minimum(goal, n[-1]) / n[0], fit.a[:, None], fit.b[:, None])
    return carried_on(told, most, np.log2(goal / n[-1]), growth, z[:, None])


def carried_on(
    told: np.ndarray, most: np.ndarray, distance: np.ndarray, growth: ErrorGrowth, z: np.ndarray
) -> np.ndarray:
    """Efficiency of a record of growing work past its last size, with errors learnt elsewhere.

    `told` is what the record's own law foretells at `distance` doublings past its last size, and
    `most` what the law has there: efficiency may fall more slowly than the law, but not rise
    again. `z` are standard errors of `growth`. Shapes broadcast; up to the last size the law holds.
    """
    return np.minimum(np.asarray(told) * np.exp(growth.at(distance, z)), most)


def cross_coverage(
    distance: np.ndarray, error: np.ndarray, fold: Sequence[str], weight: np.ndarray | None = None
) -> np.ndarray:
    """Whether each error lies in the 90 % interval learnt from all *other* folds, (cases,) bool."""
    d, e, f = np.asarray(distance), np.asarray(error), np.asarray(fold)
    w = np.ones(len(d)) if weight is None else np.asarray(weight)
    inside = np.zeros(len(d), dtype=bool)
    for one in np.unique(f):
        out = f == one
        low, high = error_growth(d[~out], e[~out], w[~out]).interval(d[out])
        inside[out] = (e[out] >= low) & (e[out] <= high)
    return inside


# --- what is statistical -------------------------------------------------------------------------


def samples_needed(batch: np.ndarray, least: float, critical: float) -> np.ndarray:
    """Samples to reach a target at a batch: least (1 + batch / critical).

    The trade-off of McCandlish et al. (2018), (S/Smin - 1)(E/Emin - 1) = 1 with samples E =
    batch x steps S, solved for E; `critical` = Emin / Smin is the critical batch, in samples.
    Raises ValueError unless all are positive.
    """
    _positive("batches and coefficients", batch, np.array([least, critical]))
    return least * (1 + np.asarray(batch, dtype=float) / critical)


def fit_samples(batch: np.ndarray, samples: np.ndarray) -> tuple[float, float]:
    """(least, critical) of `samples_needed` by non-negative least squares of relative errors.

    `critical` is infinite where samples do not rise with the batch. Raises ValueError for bad
    numbers or fewer than two batches.
    """
    x, y = np.asarray(batch, dtype=float), np.asarray(samples, dtype=float)
    _positive("batches and samples", x, y)
    if x.shape != y.shape or len(np.unique(x)) < 2:
        raise ValueError("a critical batch needs samples at two batches or more")
    rows = np.column_stack([np.ones_like(x), x]) / y[:, None]
    scale = np.linalg.norm(rows, axis=0)
    least, slope = optimize.nnls(rows / scale, np.ones_like(x))[0] / scale
    return float(least), float(least / slope) if slope > 0 else float("inf")


# --- weak scaling --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slopes:
    """A mixed model's slope of log utilisation: mean, its error, and spread between models."""

    mean: float
    error: float
    spread: float
    residual: float

    def draw(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Slopes of a model that was not measured, (draws,)."""
        return self.mean + np.hypot(self.error, self.spread) * rng.standard_normal(draws)


def mixed_slopes(
    log_mfu: np.ndarray, x: np.ndarray, model: np.ndarray, series: np.ndarray
) -> Slopes:
    """Linear mixed model of log utilisation on `x` (doublings, or accelerators), by REML.

    log MFU = level of its series + (slope + slope of its model) x + error. A series is one model,
    precision, chip, release and work per accelerator, and has its own fixed level; slopes vary
    between models as a normal random effect (Laird and Ware 1982, statsmodels `MixedLM`). All
    arguments have shape (cells,). Raises ValueError for fewer than two models, or a series of one.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

    frame = pd.DataFrame({"y": log_mfu, "x": x, "model": model, "series": series})
    if frame[["y", "x"]].isna().any().any() or frame["model"].nunique() < 2:
        raise ValueError("a mixed model needs finite values of at least two models")
    by = frame.groupby("series")
    if by.size().min() < 2:
        raise ValueError("a series of one size has no slope")
    # Levels are fixed effects: taking out each series' mean leaves the slope and its spread.
    y, z = (frame[c] - by[c].transform("mean") for c in ("y", "x"))
    level, size = (float(np.sqrt(np.mean(v**2))) for v in (y, z))
    if level == 0 or size == 0:
        raise ValueError("a slope needs utilisation and sizes that differ within a series")
    design = (z / size).to_numpy()[:, None]
    mixed = MixedLM((y / level).to_numpy(), design, frame["model"], exog_re=design)
    best = None
    for share in (0.1, 1.0, 10.0):  # where to start: spread of slopes over the residual's
        start = MixedLMParams.from_components(np.zeros(1), np.array([[share]]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of starts that end on the boundary
            tried = mixed.fit(start_params=start, reml=True, method=["lbfgs"])
        error = float(tried.bse_fe[0])
        sound = np.isfinite(error) and 0 < error < 1e3
        if sound and (best is None or tried.llf > best.llf):
            best = tried
    if best is None:
        raise ValueError("the mixed model found no maximum of its likelihood")
    free = 1 / np.sqrt(1 - frame["series"].nunique() / len(frame))  # means were taken out
    unit = level / size
    return Slopes(
        float(best.fe_params[0]) * unit,
        float(best.bse_fe[0]) * unit,
        float(np.sqrt(max(np.asarray(best.cov_re)[0, 0], 0.0))) * unit,
        float(np.sqrt(best.scale) * level * free),
    )


# --- breaks --------------------------------------------------------------------------------------


def local_exponents(sizes: np.ndarray, times: np.ndarray) -> pd.DataFrame:
    """d log speed / d log accelerators between neighbouring sizes of one group.

    1 is perfect scaling; above 1, more machines are more than the sum of them. `sizes` (k,) rise,
    `times` (k,) in any unit. Returns size (geometric middle), width (doublings) and exponent.
    """
    n, t = np.asarray(sizes, dtype=float), np.asarray(times, dtype=float)
    _positive("sizes and times", n, t)
    if n.shape != t.shape or len(n) < 2 or (np.diff(n) <= 0).any():
        raise ValueError("neighbours need two or more rising sizes with one time each")
    step = np.diff(np.log2(n))
    return pd.DataFrame(
        {
            "size": np.sqrt(n[1:] * n[:-1]),
            "width": step,
            "exponent": -np.diff(np.log2(t)) / step,
        }
    )
