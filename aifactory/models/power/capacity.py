"""How many megawatts ran at a site on a date, and how sure one can be.

A tracker that publishes editions rewrites its own history. For the same site and the same date two
editions give two numbers; their ratio is a sample of the tracker's error. The functions here read a
tracker's milestones as step functions, collect those ratios over all sites, and turn an edition's
number into draws. Nothing is read from files and nothing is drawn.

A frame of milestones has the columns site, edition_date, date (both datetime64) and
facility_power_mw; an edition's power on a day is that of the last milestone on or before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

DAY = np.timedelta64(1, "D")


def step_value(dates: np.ndarray, values: np.ndarray, when: np.ndarray) -> np.ndarray:
    """The step function through (dates, values) at `when`; zero before the first date.

    `dates` (n,) ascending, `values` (n,), `when` any shape; returns the shape of `when` in the unit
    of `values`. A date that occurs twice counts with its last value. Raises ValueError where dates
    are out of order or lengths differ.
    """
    dates = np.asarray(dates)
    if len(dates) != len(values):
        raise ValueError(f"{len(dates)} dates for {len(values)} values")
    if (np.diff(dates) < np.timedelta64(0)).any():
        raise ValueError("milestones must be in order of date")
    padded = np.concatenate([[0.0], np.asarray(values, dtype=float)])
    return padded[np.searchsorted(dates, when, side="right")]


def edition(milestones: pd.DataFrame, site: str, edition_date: str) -> pd.DataFrame:
    """The milestones of one site in one edition, in order. Raises KeyError where there are none."""
    when = pd.Timestamp(edition_date)
    rows = milestones[(milestones["site"] == site) & (milestones["edition_date"] == when)]
    if rows.empty:
        raise KeyError(f"no milestones of {site!r} in the edition of {edition_date}")
    return rows.sort_values("date", kind="stable").reset_index(drop=True)


def _steps(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return rows["date"].to_numpy(), rows["facility_power_mw"].to_numpy(dtype=float)


def power_at(
    milestones: pd.DataFrame, site: str, edition_date: str, days: Sequence[str]
) -> np.ndarray:
    """Facility power (MW) of `site` on each of `days` as one edition tells it; shape (days,)."""
    rows = edition(milestones, site, edition_date)
    when = pd.DatetimeIndex(days).to_numpy()
    return step_value(*_steps(rows), when)


def standing_days(dates: np.ndarray, values: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Days for which the level at `when` has stood, by the milestones (dates, values).

    Arguments as in `step_value`; milestones that repeat a level do not restart the count. Days
    before the first milestone give infinity.
    """
    values = np.asarray(values, dtype=float)
    new = np.append(True, np.diff(values) != 0)
    begun = np.asarray(dates).astype("datetime64[D]")[new]
    i = np.searchsorted(begun, np.asarray(when).astype("datetime64[D]"), side="right")
    gap = (np.asarray(when).astype("datetime64[D]") - begun[np.maximum(i - 1, 0)]) / DAY
    return np.where(i > 0, gap, np.inf)


def revisions(milestones: pd.DataFrame, horizons_days: Sequence[int] = (0,)) -> pd.DataFrame:
    """What the newest edition says against what each earlier one said, for the same site and day.

    The day is the earlier edition's own date plus each horizon (negative: looking back; positive:
    its forecast). Days after the newest edition, and pairs where the earlier edition has no power,
    are left out. Returns site, edition_date, horizon_days, standing_days (how long the earlier
    edition's level had stood on that day), foretold (whether the earlier edition had that level as
    a projection; False without a column claim_type), earlier_mw, later_mw and ratio (later/earlier,
    dimensionless, 0 where the later edition has taken all power back).
    """
    out: list[tuple] = []
    for site, rows in milestones.groupby("site", sort=True):
        newest = rows["edition_date"].max()
        later = _steps(edition(rows, site, newest))
        for issued in sorted(set(rows["edition_date"]) - {newest}):
            days = [issued + pd.Timedelta(days=h) for h in horizons_days]
            kept = [(h, d) for h, d in zip(horizons_days, days, strict=True) if d <= newest]
            when = pd.DatetimeIndex([d for _, d in kept]).to_numpy()
            told = edition(rows, site, issued)
            earlier, kinds = _steps(told), told.get("claim_type", pd.Series("", told.index))
            foretold = step_value(earlier[0], (kinds == "projection").to_numpy(), when) > 0
            out += zip(
                [site] * len(kept),
                [issued] * len(kept),
                [h for h, _ in kept],
                standing_days(*earlier, when),
                foretold,
                step_value(*earlier, when),
                step_value(*later, when),
                strict=True,
            )
    columns = ["site", "edition_date", "horizon_days", "standing_days", "foretold"]
    columns += ["earlier_mw", "later_mw"]
    frame = pd.DataFrame(out, columns=columns)
    frame = frame[frame["earlier_mw"] > 0].reset_index(drop=True)
    return frame.assign(ratio=frame["later_mw"] / frame["earlier_mw"])


def carried_share(
    load_mw: np.ndarray, supply_mw: np.ndarray, threshold_mw: float
) -> tuple[float, float]:
    """What a bound on supply says of a load: chance that it is met, and of the threshold if so.

    `load_mw` and `supply_mw` (n,) are independent draws. Returns the share of draws whose load the
    supply carries, and among these the share at or above `threshold_mw`: rejection sampling, the
    load's law conditioned on the bound. Raises ValueError where no draw is carried.
    """
    carried = np.asarray(load_mw) <= np.asarray(supply_mw)
    if not carried.any():
        raise ValueError("the supply carries none of the loads drawn")
    kept = np.asarray(load_mw)[carried]
    return float(carried.mean()), float((kept >= threshold_mw).mean())


def draw_ratios(pairs: pd.DataFrame, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` ratios: a site at random, then one of its pairs at random (shape (n,)).

    Editions of one site repeat each other, so the site is the unit that is drawn: a cluster
    bootstrap (Cameron, Gelbach and Miller 2008, doi:10.1162/rest.90.3.414). Raises ValueError for
    an empty frame.
    """
    if pairs.empty:
        raise ValueError("no pairs of editions to draw from")
    groups = [g.to_numpy() for _, g in pairs.groupby("site", sort=True)["ratio"]]
    padded = np.full((len(groups), max(map(len, groups))), np.nan)
    for i, g in enumerate(groups):
        padded[i, : len(g)] = g
    pick = rng.integers(len(groups), size=n)
    sizes = np.array([len(g) for g in groups])[pick]
    return padded[pick, (rng.random(n) * sizes).astype(int)]


def early_share(milestones: pd.DataFrame, lead_days: int, rise: float = 1.2) -> tuple[float, int]:
    """How often a step that an edition forecast had been taken `lead_days` before its date.

    A step counts where it lies after the edition, lifts power by a factor of `rise` or more, and
    its date less the lead is no later than the newest edition, which decides: taken early if it
    shows nine tenths of the step's level by then. Returns (successes, sites), each site counting
    once with the mean over its steps.
    """
    by_site: dict[str, list[bool]] = {}
    for site, rows in milestones.groupby("site", sort=True):
        newest = rows["edition_date"].max()
        for issued in sorted(set(rows["edition_date"]) - {newest}):
            told = edition(rows, site, issued)
            level = told["facility_power_mw"].to_numpy()
            grew = level[1:] >= rise * np.maximum(level[:-1], 1.0)
            dates = told["date"].to_numpy()[1:][grew] - lead_days * DAY
            open_ = (dates >= issued.to_datetime64()) & (dates <= newest.to_datetime64())
            reached = power_at(rows, site, newest, dates[open_]) >= 0.9 * level[1:][grew][open_]
            by_site.setdefault(site, []).extend(reached.tolist())
    means = [float(np.mean(v)) for v in by_site.values() if v]
    return float(sum(means)), len(means)


def jeffreys(successes: float, trials: int) -> float:
    """Posterior mean of a share under Jeffreys' prior: (k + 1/2)/(n + 1); never 0 or 1."""
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    return (successes + 0.5) / (trials + 1)


def early_or_not(
    now_mw: float, next_mw: float, probability: float, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Power in `n` draws where a foretold step has come early with the given probability (n,)."""
    return np.where(rng.random(n) < probability, next_mw, now_mw)


def chip_power_mw(
    chips: np.ndarray, kw_per_chip: np.ndarray, overhead: np.ndarray, facility_factor: np.ndarray
) -> np.ndarray:
    """Facility power (MW) built up from chips; all arguments broadcast.

    `kw_per_chip` is a rack's peak power shared over its chips, `overhead` what network and storage
    add to it (ratio), `facility_factor` facility over IT power at peak (ratio, not an annual PUE).
    """
    return np.asarray(chips) * kw_per_chip * overhead * facility_factor / 1000.0


def linear_pool(
    estimates: Sequence[np.ndarray], weights: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Draw by draw one of several estimates, in the given shares: a linear opinion pool.

    Stone (1961, doi:10.1214/aoms/1177704873). Estimates are arrays of the same shape (n,). Raises
    ValueError where weights are negative, do not add up to one, or lengths differ.
    """
    w = np.asarray(weights, dtype=float)
    if len(w) != len(estimates) or (w < 0).any() or not np.isclose(w.sum(), 1):
        raise ValueError(f"weights {list(weights)} for {len(estimates)} estimates must add up to 1")
    stacked = np.stack([np.asarray(e, dtype=float) for e in estimates])
    which = np.searchsorted(np.cumsum(w), rng.random(stacked.shape[1]), side="right")
    return stacked[np.minimum(which, len(w) - 1), np.arange(stacked.shape[1])]


def pooled_power_mw(
    tracker_mw: np.ndarray,
    chips_mw: np.ndarray,
    ratio: np.ndarray,
    share: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """A tracker's level and a build-up from its chips, both revised by `ratio`, pooled (n,).

    All in MW, broadcast to the shape of `ratio`; `share` of the draws take the tracker's level.
    """
    return linear_pool([ratio * tracker_mw, ratio * chips_mw], [share, 1 - share], rng)


def estimate_mw(
    level_mw: np.ndarray,
    h100_equivalents: np.ndarray,
    inputs: pd.DataFrame,
    ratio: np.ndarray,
    share: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draws of a site's power from a tracker's level and from its count of chips (n,), in MW.

    `inputs` (n rows) has kw (peak per chip), overhead and factor (as in `chip_power_mw`) and h100
    (H100 equivalents a chip). Both estimates are revised by `ratio` (n,); `share` of the draws
    take the tracker's level, the others the chips (see `linear_pool`).
    """
    chips = h100_equivalents / inputs["h100"].to_numpy()
    parts = (inputs[k].to_numpy() for k in ("kw", "overhead", "factor"))
    return pooled_power_mw(level_mw, chip_power_mw(chips, *parts), ratio, share, rng)


def crossing_day(
    dates: np.ndarray, power_mw: np.ndarray, threshold_mw: float, ratio: np.ndarray, u: np.ndarray
) -> np.ndarray:
    """Day on which a site first reaches the threshold, draw by draw.

    The path `power_mw` (milestones,) is scaled by each `ratio` (n,). A milestone is the day on
    which power was seen, so it came on between the milestone before and this one: the day is
    placed in that gap by `u` in [0, 1) (n,), as for interval-censored data (Turnbull 1976).
    Returns days since 1970-01-01 (n,), infinite where the path never gets there.
    """
    days = np.asarray(dates).astype("datetime64[D]").astype(float)
    peak = np.maximum.accumulate(np.asarray(power_mw, dtype=float))
    with np.errstate(divide="ignore"):
        needed = threshold_mw / np.asarray(ratio, dtype=float)
    i = np.searchsorted(peak, needed, side="left")
    seen = np.append(days, np.inf)[i]
    before = np.where(i < len(days), days[np.clip(i - 1, 0, len(days) - 1)], np.inf)
    with np.errstate(invalid="ignore"):
        inside = before + (seen - before) * u
    return np.where(i < len(days), inside, np.inf)


def site_crossing(
    milestones: pd.DataFrame,
    site: str,
    edition_date: str,
    threshold_mw: float,
    ratio: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """`crossing_day` of one site by one edition: its past milestones that are no projections.

    `milestones` also needs claim_type. Returns days since 1970-01-01, one a ratio (n,).
    """
    rows = edition(milestones, site, edition_date)
    past = (rows["date"] <= pd.Timestamp(edition_date)) & (rows["claim_type"] != "projection")
    return crossing_day(*_steps(rows[past]), threshold_mw, ratio, rng.random(len(ratio)))


def first_past(crossings: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Who is first: the share of draws in which each site's day comes before all others'.

    Takes site -> days (n,), infinite for never. Returns site, first (probability; a tie is shared),
    reached (probability of getting there at all), p05, p50, p95 of the day among draws that do
    (NaN where none does), sorted by first. The chance that nobody gets there is what is missing
    from the sum of `first`.
    """
    days = np.stack([np.asarray(v, dtype=float) for v in crossings.values()])
    best = days.min(axis=0)
    wins = (days == best) & np.isfinite(best)
    share = wins / np.maximum(wins.sum(axis=0), 1)
    rows = []
    for name, d, s in zip(crossings, days, share, strict=True):
        got = d[np.isfinite(d)]
        q = np.quantile(got, [0.05, 0.5, 0.95]) if got.size else np.full(3, np.nan)
        rows.append((name, float(s.mean()), float(np.isfinite(d).mean()), *q))
    frame = pd.DataFrame(rows, columns=["site", "first", "reached", "p05", "p50", "p95"])
    return frame.sort_values("first", ascending=False, kind="stable", ignore_index=True)
