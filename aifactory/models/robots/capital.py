"""What capital needs back, and what waiting is worth: required profit, robots sold, real options.

Money is in one price year throughout (USD), rates are a year. Arguments broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aifactory.models.arguments import finite_not_negative
from aifactory.models.finance import annuity_factor, capital_recovery_factor
from aifactory.models.robots.payback import over


def required_profit(
    capital: ArrayLike, rate: ArrayLike, wait_years: ArrayLike, profit_years: ArrayLike
) -> np.ndarray:
    """Yearly profit that returns capital at `rate`, in the unit of capital a year.

    Capital grows at the rate for `wait_years` and is then paid back by equal profits at the end of
    each of `profit_years`: K (1 + k)^W CRF(k, n). Raises ValueError for negative input or no years
    of profit.
    """
    k0, k, w = finite_not_negative(capital=capital, rate=rate, wait_years=wait_years)
    return k0 * (1 + k) ** w * capital_recovery_factor(k, profit_years)


def robots_to_sell(
    profit_per_year: ArrayLike, price: ArrayLike, gross_margin: ArrayLike
) -> np.ndarray:
    """Robots to sell a year so that gross profit on them is `profit_per_year`.

    Infinite where a robot brings nothing. Raises ValueError for negative input or margins above 1.
    """
    g, p, m = finite_not_negative(
        profit_per_year=profit_per_year, price=price, gross_margin=gross_margin
    )
    if (m > 1).any():
        raise ValueError("gross_margin must be at most 1")
    return over(g, p * m)


@dataclass(frozen=True)
class Option:
    """Investing now or in a year: net present values today, and what the right to wait is worth."""

    now: np.ndarray
    wait: np.ndarray

    @property
    def value(self) -> np.ndarray:
        """Worth of the opportunity less worth of one that is now or never, at least 0."""
        return np.maximum(self.now, self.wait) - np.maximum(self.now, 0.0)  # wait is never below 0


def wait_a_year(
    cost_now: ArrayLike,
    cost_next: ArrayLike,
    income_now: ArrayLike,
    income_up: ArrayLike,
    income_down: ArrayLike,
    chance_up: ArrayLike,
    rate: ArrayLike,
    years: ArrayLike = np.inf,
) -> Option:
    """Dixit and Pindyck's (1994, chapter 2) widget factory: invest now, or wait and see.

    Now: the cost, `income_now` at once, and from next year on `income_up` or `income_down` a year.
    Waiting: next year the better of nothing and paying `cost_next` for the income then known.
    Income comes `years` times from the start (infinite in the book). Raises ValueError for chances
    outside 0 to 1, negative costs, no positive rate or fewer years than one.
    """
    c0, c1, q = finite_not_negative(cost_now=cost_now, cost_next=cost_next, chance_up=chance_up)
    n, k = np.asarray(years, dtype=float), np.asarray(rate, dtype=float)
    if not (k > 0).all() or (q > 1).any() or not (n >= 1).all():
        raise ValueError("need a positive rate, a chance from 0 to 1 and at least one year")
    first, up, down = (np.asarray(x, dtype=float) for x in (income_now, income_up, income_down))
    due = 1 + annuity_factor(k, n - 1)  # a year's income at once and n - 1 times after
    later = q * up + (1 - q) * down
    now = -c0 + first + later * annuity_factor(k, n - 1)
    good = np.maximum(up * due - c1, 0.0)
    bad = np.maximum(down * due - c1, 0.0)
    return Option(now, (q * good + (1 - q) * bad) / (1 + k))


def waiting_threshold(
    payback_years: ArrayLike, rate: ArrayLike, life_years: ArrayLike
) -> np.ndarray:
    """Yearly fall of price above which waiting one more year beats buying now (share a year).

    Buying now costs P and brings N a year for a life; buying in a year costs P (1 - d) and brings
    the same, a year later. With T = P / N, waiting wins where
    d > k (a / T - 1), a the annuity factor of the life; 0 where buying now does not pay at all.
    Raises ValueError for paybacks or lives that are not positive, or negative rates.
    """
    t, k, n = finite_not_negative(payback_years=payback_years, rate=rate, life_years=life_years)
    if not ((t > 0) & (n > 0)).all():
        raise ValueError("payback_years and life_years must be positive")
    return np.maximum(k * (annuity_factor(k, n) / t - 1), 0.0)
