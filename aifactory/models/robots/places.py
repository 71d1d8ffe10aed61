"""What an hour of work costs an employer, country by country, in dollars at market rates.

Robots are traded goods, so labour abroad is counted at market exchange rates and not at purchasing
power. National accounts give the cost of all labour, earnings surveys the ratio of an occupation's
pay to it, later benchmarks and exchange rates carry both to the present. All functions are pure and
broadcast over arrays, countries x draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aifactory.models.arguments import positive


def labour_cost_usd_per_hour(
    labour_share: ArrayLike,
    gdp_ppp_million_usd: ArrayLike,
    price_level: ArrayLike,
    persons_million: ArrayLike,
    hours_per_person_year: ArrayLike,
) -> np.ndarray:
    """Labour compensation per hour worked (USD/h at market rates): s Y p / (L h).

    National accounts of the Penn World Table (Feenstra, Inklaar & Timmer 2015): labour share s,
    GDP at purchasing power Y (million USD a year), price level of GDP p (1 = that of the base),
    persons engaged L (million), hours a person h (a year). Raises ValueError for values that are
    not positive, or a share above 1.
    """
    s, y, p, n, h = positive(
        labour_share=labour_share,
        gdp_ppp_million_usd=gdp_ppp_million_usd,
        price_level=price_level,
        persons_million=persons_million,
        hours_per_person_year=hours_per_person_year,
    )
    if (s > 1).any():
        raise ValueError("labour_share must not exceed 1")
    return s * y * p / (n * h)


def fences(values: ArrayLike, reach: float = 1.5) -> tuple[float, float]:
    """Bounds of what is plausible among positive values: Tukey's (1977) fences in logarithms.

    Quartiles of the logarithms, moved outwards by `reach` times their distance. Raises ValueError
    for fewer than four values, values that are not positive, or a negative reach.
    """
    (x,) = positive(values=values)
    if x.size < 4 or reach < 0:
        raise ValueError("fences need four values or more, and a reach that is not negative")
    q1, q3 = np.quantile(np.log(x), [0.25, 0.75])
    return float(np.exp(q1 - reach * (q3 - q1))), float(np.exp(q3 + reach * (q3 - q1)))


def plausible(values: ArrayLike, groups: ArrayLike, reach: float = 1.5) -> np.ndarray:
    """Which values lie within the fences of their group: booleans, shape (values,).

    Raises ValueError as `fences` does, or where there is not one group a value.
    """
    x, g = np.asarray(values, dtype=float), np.asarray(groups)
    if x.shape != g.shape:
        raise ValueError("values and groups must have one shape")
    within = np.zeros(x.shape, dtype=bool)
    for name in np.unique(g):
        low, high = fences(x[g == name], reach)
        within[g == name] = (x[g == name] >= low) & (x[g == name] <= high)
    return within


def carried_forward(
    level_usd: ArrayLike, growth: ArrayLike, rate_then: ArrayLike, rate_now: ArrayLike
) -> np.ndarray:
    """A labour cost in dollars brought to a later year (USD): w g x0 / x1.

    `growth` is that of the cost in its own currency, the rates are units of that currency per
    dollar in the two years. Raises ValueError for values that are not positive.
    """
    w, g, x0, x1 = positive(
        level_usd=level_usd, growth=growth, rate_then=rate_then, rate_now=rate_now
    )
    return w * g * x0 / x1


def pay_usd_per_hour(
    pay_per_year: ArrayLike, load: ArrayLike, hours_per_year: ArrayLike, rate: ArrayLike
) -> np.ndarray:
    """Labour cost an hour (USD/h) from yearly pay in another currency: pay x load / (hours x rate).

    `load` is labour cost over pay, `rate` units of the currency per dollar. Raises ValueError for
    values that are not positive.
    """
    p, c, h, x = positive(
        pay_per_year=pay_per_year, load=load, hours_per_year=hours_per_year, rate=rate
    )
    return p * c / (h * x)


def log_error(estimates: ArrayLike, references: ArrayLike) -> tuple[float, float]:
    """Mean and standard deviation of ln(estimate / reference): bias and spread of a method.

    Raises ValueError for fewer than two pairs, unequal shapes or values that are not positive.
    """
    a, b = positive(estimates=estimates, references=references)
    if a.shape != b.shape or a.size < 2:
        raise ValueError("estimates and references must be two pairs or more")
    gap = np.log(a / b)
    return float(gap.mean()), float(gap.std(ddof=1))


def localised(
    cost: ArrayLike, local_share: ArrayLike, labour_there: ArrayLike, labour_here: ArrayLike
) -> np.ndarray:
    """A cost known here, at a place where labour has another price: c (1 - l + l w' / w).

    `local_share` l is the part of the cost that is local labour. Raises ValueError for a negative
    cost, a share outside 0 to 1, or labour that costs nothing.
    """
    there, here = positive(labour_there=labour_there, labour_here=labour_here)
    c, share = np.asarray(cost, dtype=float), np.asarray(local_share, dtype=float)
    if not (c >= 0).all() or not ((share >= 0) & (share <= 1)).all():
        raise ValueError("cost must not be negative, and local_share must lie between 0 and 1")
    return c * (1 - share + share * there / here)


def weighted_share(holds: ArrayLike, weights: ArrayLike) -> np.ndarray:
    """Share of the total weight for which something holds, one a draw.

    `holds` is (places, draws) or (places,), `weights` (places,). Raises ValueError for unequal
    numbers of places, negative weights, or none.
    """
    h, w = np.asarray(holds, dtype=float), np.asarray(weights, dtype=float)
    if w.ndim != 1 or h.shape[:1] != w.shape:
        raise ValueError("holds and weights must have one entry a place")
    if not (w >= 0).all() or w.sum() == 0:
        raise ValueError("weights must not be negative, and not all zero")
    return np.tensordot(w / w.sum(), h, axes=1)
