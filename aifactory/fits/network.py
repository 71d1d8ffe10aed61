"""What the network part of the factory learns from the chapter on networking.

One surface stands for the chapter's renewal simulation of a job that stalls as a whole after each
failure. Everything else is read from the chapter's tables as the chapter reads them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats import qmc

from aifactory import data
from aifactory.fits import QUANTILES, Checks
from aifactory.models.factory import emulator
from aifactory.models.factory.emulator import Surface
from aifactory.models.networking import failures, interruptions, scaling
from aifactory.uncertainty import from_range

NAMES = ("stall_ratio", "snapshot_ratio", "failure_shape")
LOW, HIGH = (0.0, 0.002, 0.53), (4.0, 0.7, 1.0)
RUNS, HELD_BACK = 256, 64
SPREAD = 0.5  # standard deviation of a stall's logarithm, as in the chapter's simulation
# Stretches between failures in one run: a year of a job that fails every 7.5 minutes, about the
# median job here. Runs of that length scatter as such a year would.
STRETCHES = 70_080
SNAPSHOT_H = 1 / 60  # the chapter's interval between copies in neighbours' memory
RECIPE_SIZES, RECIPE_SPAN = 3, 4  # sizes of a series, and its largest over its smallest
LEAST_GAPS = 200  # times between failures from which a shape is fitted
RUN_SIZES = {"grok_3": "Grok-3", "llama_3": "Llama 3.1-405B", "gpt_4": "GPT-4"}
_FINE = (np.arange(2000) + 0.5) / 2000


def surfaces() -> dict[str, tuple[Surface, Checks]]:
    """The surface "stall_goodput" with held-back points (n, 3) and simulated results (n,)."""
    rng = np.random.default_rng(17)
    x, held = design(RUNS, 1), design(HELD_BACK, 2)
    surface = emulator.fit(NAMES, x, simulated(x, rng), degree=4, log=True)
    return {"stall_goodput": (surface, (held, simulated(held, rng)))}


def design(n: int, seed: int) -> np.ndarray:
    """`n` points of a scrambled Sobol sequence in the surface's box, shape (n, 3).

    The two ratios are drawn more densely towards nought, where most jobs lie.
    """
    u = qmc.Sobol(len(NAMES), rng=np.random.default_rng(seed)).random(n)
    u[:, :2] **= 2
    return np.array(LOW) + (np.array(HIGH) - np.array(LOW)) * u


def simulated(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Goodput of the chapter's simulator at points (n, 3) in the order of `NAMES`; (n,).

    Time is in mean times between failures, since nothing else has a length. A stall's mean is its
    ratio; it scatters log-normally around it.
    """
    return np.array([_one(row, rng) for row in x])


def _one(point: np.ndarray, rng: np.random.Generator) -> float:
    stall, snapshot, shape = map(float, point)
    median = stall / np.exp(SPREAD**2 / 2)
    job = interruptions.Job(1.0, 1.0, snapshot, 0.0, 0.0, median, SPREAD, shape)
    return float(interruptions.simulate(job, STRETCHES / 24, 1, rng).goodput[0])


def derived(
    fitted: dict[str, tuple[Surface, Checks]] | None = None,
) -> dict[str, np.ndarray]:
    """Values at `QUANTILES` of each derived input of the network part, (201,) each.

    `fitted` is what `surfaces` returned; without it they are fitted here.
    """
    surface, (x, y) = (fitted or surfaces())["stall_goodput"]
    found = {"error_stall_goodput": np.quantile(surface.residuals(x, y), QUANTILES)}
    found["failures_per_gpu_h"] = np.exp(_failure_pool().predict(QUANTILES))
    found["failure_shape"] = np.minimum(np.quantile(_shapes(), QUANTILES), 1.0)
    found["snapshot_h"] = _same(SNAPSHOT_H)
    found["mfu_published"], found["mfu_gpus"] = _utilisation()
    found["loss_doubling"] = _losses()
    runs = data.table("networking/epoch_training_runs").set_index("model")["training_compute_flop"]
    found |= {f"run_flop_{k}": _same(float(runs[name])) for k, name in RUN_SIZES.items()}
    found |= {f"kw_per_{k}": from_range(*v).ppf(QUANTILES) for k, v in _rack_power().items()}
    low, high = (data.figure(f"post-gpus-{end}").central for end in ("low", "high"))
    found["brain_gpus"] = low + (high - low) * QUANTILES
    return found | _stops() | {f"luck_stop_{k}": QUANTILES for k in ("kind", "work", "tries")}


def _same(value: float) -> np.ndarray:
    return np.full(QUANTILES.shape, value)


def _failure_pool() -> failures.Pool:
    """The chapter's pool of published failure rates, logarithms of failures per GPU-hour."""
    points = data.table("networking/reliability_points").query("pooled")
    days = points["accelerators"] * points["period_days"].astype(float)
    counted = points["failures_per_1000_node_days"] / 1000 * days / 8
    events = points["events"].astype(float).fillna(counted)
    return failures.pool(np.log(events / (24 * days)), 1 / events)


def _shapes() -> np.ndarray:
    """Weibull shapes of times between failures at Los Alamos, one a system with enough of them."""
    found = []
    for _, rows in data.table("networking/lanl_node_failures").groupby("system"):
        minutes = rows["start"].to_numpy().astype("datetime64[m]").astype(float)
        gaps = failures.gaps(minutes)
        if len(gaps) >= LEAST_GAPS:
            found.append(failures.weibull(gaps).shape)
    return np.array(found)


def _utilisation() -> tuple[np.ndarray, np.ndarray]:
    """Utilisation of a further job and the size it holds at, from the largest job of each series.

    Logarithms scatter as Student's t with one degree fewer than series. Published utilisation is of
    steps that run, so that goodput is not in it; shares of a smaller job on the same machine,
    which have none of their own, are left out.
    """
    rows = data.table("networking/mfu_published").dropna(subset=["mfu_pct"])
    rows = rows.loc[rows.groupby(["model", "framework"])["accelerators"].idxmax()]
    logs, n = np.log(rows["mfu_pct"].to_numpy(float) / 100), len(rows)
    spread = logs.std(ddof=1) * np.sqrt(1 + 1 / n)
    found = np.exp(logs.mean() + spread * stats.t.ppf(QUANTILES, n - 1))
    size = float(np.exp(np.log(rows["accelerators"].to_numpy(float)).mean()))
    return np.minimum(found, 1.0), _same(size)


def _recipes() -> pd.DataFrame:
    """Makers' recipes in series at fixed work a GPU, chosen as the chapter chooses them."""
    rows = data.table("networking/throughput_scaling")
    faulty = rows["model"].str.startswith("Llama 4") & (rows["mfu_pct"] < 20)
    same = ["model", "precision", "gpu", "gpus", "step_time_s", "mfu_pct"]
    work = ["tokens_per_gpu_step", "seq_len", "grad_accum"]
    rows = rows[~faulty].sort_values(["release", "row_id"]).drop_duplicates(same + work)
    kind = rows["model"] + rows["precision"] + rows["gpu"]
    load = rows[work].fillna(0).astype(str).agg("-".join, axis=1)
    rows = rows.assign(kind=kind, series=kind + rows["release"] + load)
    by = rows.groupby("series")["gpus"]
    wide = by.transform("max") >= RECIPE_SPAN * by.transform("min")
    return rows[(by.transform("nunique") >= RECIPE_SIZES) & wide]


def _losses() -> np.ndarray:
    """Loss of utilisation a doubling at `QUANTILES`: the records' draws as one pool."""
    return np.quantile(np.concatenate(list(losses().values())), QUANTILES)


def losses() -> dict[str, np.ndarray]:
    """Draws of the loss of utilisation a doubling by record, as many of each: they weigh alike.

    Recipes give the chapter's mixed model, Megatron-Core's record none, as gains are not carried
    on. Frontier's lies evenly between its own loss in the doubling next after the published sizes
    and what its linear law loses a doubling from there to the post's 300,000 GPUs. All get the
    spread of extrapolation errors, which grows in proportion to doublings: an error of the slope.
    """
    rows = _recipes()
    kind, series = (rows[c].to_numpy() for c in ("kind", "series"))
    doublings, logs = (np.log2(rows["gpus"].to_numpy(float)), np.log(rows["mfu_pct"].to_numpy()))
    mixed = scaling.mixed_slopes(logs, doublings, kind, series)
    recipes = mixed.mean + np.hypot(mixed.error, mixed.spread) * stats.norm.ppf(_FINE)
    low, high = _frontier_losses()
    slopes = np.stack([
        np.minimum(recipes, 0), np.zeros_like(_FINE), np.log1p(-(low + (high - low) * _FINE))
    ])  # fmt: skip
    growth = _extrapolation_errors()
    off = growth.growth * np.quantile(growth.standard, _FINE)
    off = np.random.default_rng(19).permutation(off)  # independent of the slopes
    names = ("recipes", "Megatron-Core", "Frontier")
    return dict(zip(names, np.maximum(-np.expm1(slopes + off), 0), strict=True))


def _extrapolation_errors() -> scaling.ErrorGrowth:
    """How Amdahl's law errs on larger systems of one fixed task, as the chapter learns it."""
    key, size = ["round", "accelerator_family", "benchmark"], "accelerators"
    scores = data.table("networking/mlperf_scores").query("republished == 0")
    scores = scores.sort_values([*key, size, "score_scaled_min", "system_key"])
    found = []
    for _, group in scores.drop_duplicates([*key, size]).groupby(key):
        n, times = group[size].to_numpy(), group["score_scaled_min"].to_numpy()
        held = scaling.held_back(n, times, times[None], "amdahl")
        found.append(held.assign(vote=1 / max(len(held), 1)))
    cases = pd.concat([h for h in found if len(h)])
    return scaling.error_growth(*(cases[c].to_numpy() for c in ("distance", "error", "vote")))


def _frontier_losses() -> tuple[float, float]:
    rows = data.table("networking/mfu_published").query("kind == 'fixed work each'")
    rows = rows.sort_values("accelerators", kind="stable")
    n, kept = (rows[c].to_numpy(float) for c in ("accelerators", "relative_efficiency"))
    law = scaling.fit_law(n / n[0], 1 / (n * kept), "amdahl")
    ends = np.array([_utilisation()[1][0], data.figure("post-gpus-low").central])
    told = scaling.weak_efficiency(ends / n[0], float(law.a), "linear")
    far = 1 - (told[1] / told[0]) ** (1 / np.log2(ends[1] / ends[0]))
    at = int(np.searchsorted(n, ends[0]))
    near = 1 - (kept[at] / kept[at - 1]) ** (1 / np.log2(n[at] / n[at - 1]))
    return float(near), float(far)


def _rack_power() -> dict[str, tuple[float, float, float]]:
    """Low, central and high kW a GPU of three generations, over the published racks or servers."""
    rows = data.table("cooling/rack_heat").dropna(subset=["power_kw", "accelerators"])
    rows = rows[rows["unit"].isin(["rack", "server"])]
    found = {}
    for name, text in (("h100", "HGX H100"), ("gb200", "GB200 NVL72"), ("gb300", "GB300 NVL72")):
        some = rows[rows["system"].str.contains(text)]
        each = some["accelerators"].astype(float)
        low, high = (some["power_kw_low"] / each).min(), (some["power_kw_high"] / each).max()
        found[name] = (float(low), float((some["power_kw"] / each).median()), float(high))
    return found


def _stops() -> dict[str, np.ndarray]:
    """Shares, rates and lengths of stops that software doesn't mend, as the chapter draws them."""
    by_hand = data.figure("llama3-manual").central
    stops = int(data.table("networking/interruptions_by_cause")["interruptions"].sum())
    site = data.table("networking/lanl_node_failures").query("cause == 'facilities'")
    hours = site.groupby(["system", "start"])["downtime_min"].max().to_numpy(float) / 60
    span = data.table("networking/lanl_systems")
    years = (span["last_failure"] - span["first_failure"]).dt.days.sum() / 365.25
    rate = stats.gamma.ppf(QUANTILES, len(hours) + 0.5, scale=1 / years) / 8760
    return {
        "people_share": stats.beta.ppf(QUANTILES, by_hand + 0.5, stops - by_hand + 0.5),
        "outages_per_h": rate,
        "outage_h": np.quantile(hours, QUANTILES),
    }
