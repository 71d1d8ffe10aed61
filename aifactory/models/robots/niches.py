"""Which uses of robots lead: shares, ranks with their uncertainty, and one group against another.

Counts of robots come from samples that change from edition to edition, and their classes are not
those of the question. The functions here turn revisions between editions into an error of levels,
let a class belong to a use in part, and rank uses in every draw, so that ranks have intervals
(Goldstein and Spiegelhalter 1996). Arrays in, arrays out; nothing is read and nothing is drawn.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from aifactory.models.arguments import not_negative
from aifactory.models.robots import payback


def revision_ratio(units: ArrayLike, growth: ArrayLike, units_before: ArrayLike) -> np.ndarray:
    """What a later edition implies for the year before, over what the earlier one had counted.

    `units` of a year and their `growth` over the year before stand in the later edition,
    `units_before` in the earlier: u / (1 + g) / u_before (no unit). Raises ValueError for values
    that are not positive, or a growth of -1 or less.
    """
    u, before = not_negative(units=units, units_before=units_before)
    g = np.asarray(growth, dtype=float)
    if not ((u > 0).all() and (before > 0).all() and (g > -1).all()):
        raise ValueError("units must be positive and growth above -1")
    return u / (1 + g) / before


def level_error(ratios: ArrayLike, u: ArrayLike) -> np.ndarray:
    """Factor by which a published count may be off, at probabilities `u` (any shape).

    The logarithms of `ratios` (n,) are taken for draws of a normal distribution around zero with
    unknown variance; the next one is then s t_n, with s their root mean square and t_n Student's t
    with n degrees of freedom (Hahn and Meeker 1991; the mean is known, so that no degree is lost).
    Raises ValueError for fewer than two ratios, or ratios that are not positive.
    """
    r = np.asarray(ratios, dtype=float).ravel()
    if r.size < 2 or not (r > 0).all():
        raise ValueError("an error of levels needs at least two ratios, all positive")
    scale = np.sqrt(np.mean(np.log(r) ** 2))
    return np.exp(scale * stats.t.ppf(np.asarray(u, dtype=float), r.size))


def share_of_uses(units: ArrayLike, belongs: ArrayLike) -> np.ndarray:
    """Share of all robots that serve the uses in question: sum(b u) / sum(u) over the last axis.

    `units` and `belongs` broadcast to (..., classes); `belongs` is the part of a class, 0 to 1,
    that serves them. Raises ValueError outside, or where there are no robots.
    """
    n, b = np.broadcast_arrays(*not_negative(units=units, belongs=belongs))
    if (b > 1).any():
        raise ValueError("belongs must lie between 0 and 1")
    total = n.sum(axis=-1)
    if (total == 0).any():
        raise ValueError("there must be at least one robot")
    return (n * b).sum(axis=-1) / total


def share_bounds(yes: float, no: float, unknown: float) -> tuple[float, float]:
    """Least and largest share of `yes` where `unknown` may be either (Horowitz and Manski 1995).

    All three in one unit. Raises ValueError for negative input or where all are zero.
    """
    not_negative(yes=yes, no=no, unknown=unknown)
    total = yes + no + unknown
    if total == 0:
        raise ValueError("nothing to share")
    return yes / total, (yes + unknown) / total


def ranks(values: ArrayLike, largest_first: bool = True) -> np.ndarray:
    """Rank of every item in each draw, 1 for the first; `values` (draws, items).

    Ties share the better rank. Raises ValueError for missing values or an array that has not two
    axes.
    """
    v = np.asarray(values, dtype=float)
    if v.ndim != 2 or np.isnan(v).any():
        raise ValueError("ranks need an array (draws, items) without missing values")
    return stats.rankdata(-v if largest_first else v, method="min", axis=1).astype(int)


def rank_shares(rank: ArrayLike) -> np.ndarray:
    """Share of draws in which an item has each rank: (draws, items) to (items, ranks)."""
    r = np.asarray(rank, dtype=int)
    return np.stack([(r == k).mean(axis=0) for k in range(1, r.shape[1] + 1)], axis=1)


def all_lead(rank: ArrayLike, members: ArrayLike) -> np.ndarray:
    """Whether every member ranks before every other item, a draw: booleans (draws,).

    `members` (items,) says which items belong together. Raises ValueError where all or none do.
    """
    r, m = np.asarray(rank), np.asarray(members, dtype=bool)
    if m.all() or not m.any():
        raise ValueError("some items must belong to the group, and some must not")
    return r[:, m].max(axis=1) < r[:, ~m].min(axis=1)


def superiority(
    values: ArrayLike, weights: ArrayLike, members: ArrayLike, smaller_is_better: bool = True
) -> np.ndarray:
    """Probability that a member drawn at random is better than another item drawn at random.

    `values` (draws, items), `weights` and `members` (items,); an item is drawn in proportion to its
    weight and a tie counts one half: Mann and Whitney's (1947) U over the product of the weights.
    Returns (draws,). Infinite values are allowed and tie with each other. Raises ValueError for
    missing values, negative weights, or a side without weight.
    """
    v = np.asarray(values, dtype=float)
    (w,) = not_negative(weights=weights)
    m = np.asarray(members, dtype=bool)
    if v.ndim != 2 or np.isnan(v).any():
        raise ValueError("superiority needs an array (draws, items) without missing values")
    inside, outside = np.where(m, w, 0.0), np.where(m, 0.0, w)
    if inside.sum() == 0 or outside.sum() == 0:
        raise ValueError("both sides need weight")
    v = v if smaller_is_better else -v
    out = np.empty(len(v))
    for i, row in enumerate(v):
        _, place = np.unique(row, return_inverse=True)
        ours, theirs = np.bincount(place, inside), np.bincount(place, outside)
        worse = theirs.sum() - np.cumsum(theirs)
        out[i] = (ours * (worse + theirs / 2)).sum()
    return out / (inside.sum() * outside.sum())


def kendall_tau(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Kendall's tau-b between two rows of items, a draw: (..., items) to (...,).

    1 where both have the same order, -1 where one is the other's reverse; ties as Kendall (1938,
    1945) corrects for them. Raises ValueError where a row has no order at all.
    """
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    i, j = np.triu_indices(x.shape[-1], 1)
    a, b = np.sign(x[..., i] - x[..., j]), np.sign(y[..., i] - y[..., j])
    pairs = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    if (pairs == 0).any():
        raise ValueError("a row of equal values has no order")
    return (a * b).sum(axis=-1) / pairs


def rented_threshold(
    fee_usd_per_h: ArrayLike,
    own_cost_usd_per_h: ArrayLike,
    availability: ArrayLike,
    hours_per_year: ArrayLike,
    labour_usd_per_h: ArrayLike,
    robots: ArrayLike = np.inf,
) -> np.ndarray:
    """Least efficiency with which a robot rented by the hour saves what it costs.

    `fee_usd_per_h` f and `own_cost_usd_per_h` o (supervision, help) a scheduled hour, w the loaded
    cost of the person's hour and A availability (no unit): (f + o) / (A w) where every hour counts,
    more in a group of `robots` that frees whole jobs. Infinite where there is nothing to save.
    Raises ValueError for negative input.
    """
    f, o, h = not_negative(
        fee_usd_per_h=fee_usd_per_h,
        own_cost_usd_per_h=own_cost_usd_per_h,
        hours_per_year=hours_per_year,
    )
    # a year's rent is running cost; nothing is bought that has to come back
    return payback.threshold_efficiency(
        np.inf, 0.0, (f + o) * h, availability, h, labour_usd_per_h, robots
    )


def offered_threshold(
    robot: payback.Robot,
    price_usd: ArrayLike,
    per: ArrayLike,
    hours_per_year: ArrayLike,
    labour_usd_per_h: ArrayLike,
    target_years: float = 3.0,
) -> np.ndarray:
    """Efficiency that an offer needs: to pay back in `target_years` if bought, to save if rented.

    `price_usd` (draws,) is a price where `per` (draws,) is "robot" and a fee where it is "month" or
    "hour" (of the site's schedule, `hours_per_year`); `robot` brings everything else, `price_usd`
    apart. Rent covers maintenance; supervision, help and energy are the renter's. Jobs come as a
    column of `labour_usd_per_h` (jobs, 1) or (jobs, draws); returns (jobs, draws). Raises
    ValueError for another unit, or as the functions of `payback` do.
    """
    price, hours = not_negative(price_usd=price_usd, hours_per_year=hours_per_year)
    unit = np.broadcast_to(np.asarray(per), price.shape)
    if not np.isin(unit, ("robot", "month", "hour")).all():
        raise ValueError("an offer is per robot, month or hour")
    bought = payback.case(replace(robot, price_usd=price), labour_usd_per_h, hours)
    own = payback.annual_cost(
        0.0,
        0.0,
        hours,
        robot.supervisor_usd_per_h,
        robot.robots_per_supervisor,
        robot.availability,
        robot.power_kw,
        robot.electricity_usd_per_kwh,
        robot.help_share,
        labour_usd_per_h,
    )
    fee = np.where(unit == "month", price * 12 / hours, price)
    rented = rented_threshold(
        fee, own / hours, robot.availability, hours, labour_usd_per_h, robot.robots_together
    )
    return np.where(unit == "robot", bought.threshold(target_years), rented)


def weighted_median(values: ArrayLike, weights: ArrayLike) -> np.ndarray:
    """Median over the last axis in which items count by weight: the first value at half of it.

    `values` (..., items), `weights` (items,). Raises ValueError without weight or for missing
    values.
    """
    v = np.asarray(values, dtype=float)
    (w,) = not_negative(weights=weights)
    if np.isnan(v).any() or w.sum() == 0:
        raise ValueError("a weighted median needs weight and no missing values")
    order = np.argsort(v, axis=-1, kind="stable")
    reached = np.cumsum(w[order], axis=-1) >= w.sum() / 2 - 1e-12 * w.sum()
    first = np.argmax(reached, axis=-1)[..., None]
    return np.take_along_axis(np.take_along_axis(v, order, -1), first, -1)[..., 0]
