"""What a site is made of, in money and in wafers, and how much of it passes through Taiwan.

Everything takes and returns NumPy arrays of draws (or single numbers); money is in thousand million
US dollars of the year of the bill, areas in mm² or cm² as the names say. Nothing is read from files
and nothing is drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from aifactory.models.arguments import positive

Array = float | np.ndarray


# -- chips and wafers -----------------------------------------------------------------------------


def accelerators(
    site_mw: Array, facility_over_it: Array, kw_per_accelerator: Array, overhead: Array = 1.0
) -> np.ndarray:
    """Accelerators that a site of `site_mw` (MW at the fence) holds.

    `facility_over_it` is facility power over that of the computers (no unit), `kw_per_accelerator`
    a rack's power shared over its accelerators (kW), and `overhead` the computers' power over that
    of those racks (no unit): above 1 where network and storage draw some of it. Raises ValueError
    for values that are not above zero.
    """
    positive(
        site_mw=site_mw, facility_over_it=facility_over_it, kw_per_accelerator=kw_per_accelerator,
        overhead=overhead,
    )  # fmt: skip
    kw = np.asarray(site_mw, dtype=float) * 1000 / np.asarray(facility_over_it)
    return kw / (np.asarray(kw_per_accelerator) * np.asarray(overhead))


def gross_dies(die_mm2: Array, wafer_mm: float = 300.0) -> np.ndarray:
    """Whole dies on a round wafer: pi (d/2)² / S - pi d / sqrt(2 S).

    The first term is the area, the second what the rim costs (de Vries 2005,
    doi:10.1109/TSM.2004.836656, compares such formulas). `die_mm2` is S in mm², `wafer_mm` the
    diameter d. Raises ValueError where a die is not above zero or leaves no whole one.
    """
    positive(die_mm2=die_mm2, wafer_mm=wafer_mm)
    area = np.asarray(die_mm2, dtype=float)
    found = np.pi * (wafer_mm / 2) ** 2 / area - np.pi * wafer_mm / np.sqrt(2 * area)
    if not (found >= 1).all():
        raise ValueError("a die this large leaves no whole one on the wafer")
    return found


def yield_murphy(die_mm2: Array, defects_per_cm2: Array) -> np.ndarray:
    """Share of dies without a defect by Murphy (1964): ((1 - exp(-A D)) / (A D))².

    A is the die's area (cm²) and D the density of defects (per cm²). Raises ValueError for a
    die that is not above zero or a density below zero.
    """
    positive(die_mm2=die_mm2)
    if not (np.asarray(defects_per_cm2, dtype=float) >= 0).all():
        raise ValueError("a density of defects is not below zero")
    ad = np.maximum(np.asarray(die_mm2) / 100 * np.asarray(defects_per_cm2), 1e-12)
    return (-np.expm1(-ad) / ad) ** 2


def yield_negative_binomial(
    die_mm2: Array, defects_per_cm2: Array, clustering: Array
) -> np.ndarray:
    """Share of dies without a defect where defects cluster: (1 + A D / a)^-a.

    Stapper's model (Stapper, Armstrong and Saji 1983); `clustering` is a: large values give
    Poisson's exp(-A D). Raises ValueError for values that are not above zero.
    """
    positive(die_mm2=die_mm2, clustering=clustering)
    if not (np.asarray(defects_per_cm2, dtype=float) >= 0).all():
        raise ValueError("a density of defects is not below zero")
    ad = np.asarray(die_mm2) / 100 * np.asarray(defects_per_cm2)
    return (1 + ad / np.asarray(clustering)) ** -np.asarray(clustering, dtype=float)


def wafers_needed(packages: Array, dies_each: float, die_mm2: Array, good: Array) -> np.ndarray:
    """Wafers for `packages` of `dies_each` dies, of which the share `good` works.

    Raises ValueError where a share lies outside 0 to 1 or a count is not above zero.
    """
    positive(packages=packages, dies_each=dies_each, good=good)
    if not (np.asarray(good) <= 1).all():
        raise ValueError("a yield is a share, at most 1")
    return np.asarray(packages) * dies_each / (gross_dies(die_mm2) * np.asarray(good))


# -- shares of the bill ---------------------------------------------------------------------------


def share_of_bill(values: pd.DataFrame, shares: pd.DataFrame) -> np.ndarray:
    """Share of a bill's value that passes through a country, one a draw.

    `values` (draws, lines) is money by line and `shares` (draws, lines) the share of each line;
    a line that `shares` lacks has none. Raises ValueError for a share outside 0 to 1, for a line
    of `shares` that the bill lacks, and for a bill without value.
    """
    strange = sorted(set(shares.columns) - set(values.columns))
    if strange:
        raise ValueError(f"the bill has no line {strange[0]!r}")
    part = shares.to_numpy(float)
    if part.size and not ((part >= 0) & (part <= 1)).all():
        raise ValueError("a share lies between 0 and 1")
    total = values.to_numpy(float).sum(axis=1)
    if not (total > 0).all():
        raise ValueError("a bill needs value")
    return (values[shares.columns].to_numpy(float) * part).sum(axis=1) / total


def partition(made_there: Array, by_firms: Array) -> np.ndarray:
    """Split a line into made there, made elsewhere by firms from there, and neither.

    Returns shares (3, …) that sum to 1: the second is what firms' share exceeds the place's by.
    Raises ValueError for a share outside 0 to 1.
    """
    place, firms = np.broadcast_arrays(
        np.asarray(made_there, dtype=float), np.asarray(by_firms, dtype=float)
    )
    if not ((place >= 0) & (place <= 1) & (firms >= 0) & (firms <= 1)).all():
        raise ValueError("a share lies between 0 and 1")
    abroad = np.maximum(firms - place, 0)
    return np.stack([place, abroad, 1 - place - abroad])


def bands(flows: pd.DataFrame, gap: float, steps: int = 12) -> pd.DataFrame:
    """Outlines of a two-column alluvial picture.

    `flows` (left, right) holds the money from each row to each column, stacked in their order from
    the top with `gap` between nodes. Returns a frame with left, right, x (0 to 1), low and high,
    `steps` + 1 rows a band: its edges follow a smooth step, so that a band keeps its height. Raises
    ValueError for flows below zero.
    """
    money = flows.to_numpy(float)
    if not (money >= 0).all():
        raise ValueError("a flow is not below zero")
    tall = money.sum() + gap * (max(money.shape) - 1)

    def tops(sizes: np.ndarray) -> np.ndarray:
        spare = (tall - sizes.sum()) / max(len(sizes) - 1, 1)
        return tall - np.concatenate([[0], np.cumsum(sizes[:-1] + spare)])

    left = tops(money.sum(axis=1))[:, None] - (np.cumsum(money, axis=1) - money)
    right = tops(money.sum(axis=0))[None, :] - (np.cumsum(money, axis=0) - money)
    x = np.linspace(0, 1, steps + 1)
    ease = x * x * (3 - 2 * x)
    rows = []
    for i, a in enumerate(flows.index):
        for j, b in enumerate(flows.columns):
            if money[i, j] > 0:
                high = left[i, j] + (right[i, j] - left[i, j]) * ease
                rows.append(
                    pd.DataFrame(
                        {"left": a, "right": b, "x": x, "low": high - money[i, j], "high": high}
                    )
                )
    return pd.concat(rows, ignore_index=True)
