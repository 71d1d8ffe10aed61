"""What told shares, order books and monthly revenues say of who holds a link.

Shares are numbers between 0 and 1, money carries its currency in the name. Arrays hold one value a
draw, a source or a month as each function says. Nothing is read from files and nothing is drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from aifactory.models.arguments import positive, shares

Array = float | np.ndarray


# -- shares ---------------------------------------------------------------------------------------


def predictive_share(told: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Share at probabilities `u`, as uncertain as one more source would be.

    `told` (n,) are the shares that n sources give, strictly between 0 and 1. Their logits are taken
    as draws from one normal distribution; the result is its predictive distribution, Student's t
    with n - 1 degrees of freedom and the scale s sqrt(1 + 1/n) (Hahn and Meeker 1991), turned back
    into shares. Sources copy each other, so that the mean's own, narrower interval would claim too
    much. Returns the shape of `u`. Raises ValueError below two sources and for shares of 0 or 1.
    """
    x = np.asarray(told, dtype=float)
    if x.size < 2 or not ((x > 0) & (x < 1)).all():
        raise ValueError("two or more shares, each strictly between 0 and 1, are needed")
    logit = np.log(x / (1 - x))
    scale = logit.std(ddof=1) * np.sqrt(1 + 1 / x.size)
    z = logit.mean() + scale * stats.t.ppf(u, df=x.size - 1)
    return 1 / (1 + np.exp(-z))


def stick_share(u: np.ndarray, makers: int, left: Array = 1.0) -> np.ndarray:
    """Share of one of `makers` among whom the part `left` of a market falls at random.

    Every division is as likely as any other (a stick broken at random places, MacArthur 1957), so
    that one maker's part of the stick has the distribution 1 - (1 - s)^(makers - 1). Takes
    probabilities `u`, returns shares of the whole market. Raises ValueError below two makers and
    for a `left` outside 0 to 1.
    """
    if makers < 2:
        raise ValueError("a stick is broken among two makers or more")
    shares(left=left)
    return np.asarray(left) * (1 - (1 - np.asarray(u, dtype=float)) ** (1 / (makers - 1)))


def share_by_sales(revenue_twd: Array, twd_per_usd: Array, market_usd: Array) -> np.ndarray:
    """A maker's sales over those of the market it sells in.

    `revenue_twd` and `market_usd` in the same multiple (say thousand million) of their currency.
    Raises ValueError for an exchange rate or a market that is not above zero, or a revenue below.
    """
    positive(twd_per_usd=twd_per_usd, market_usd=market_usd)
    revenue = np.asarray(revenue_twd, dtype=float)
    if not (revenue >= 0).all():
        raise ValueError("a revenue is not below zero")
    return revenue / np.asarray(twd_per_usd) / np.asarray(market_usd)


def is_large(first: Array, second: Array, alone: float, together: float) -> np.ndarray:
    """Whether one of two makers holds `alone` or more, or both hold `together` or more.

    Shapes broadcast; returns booleans. Raises ValueError for shares outside 0 to 1.
    """
    shares(alone=alone, together=together)
    a, b = np.broadcast_arrays(np.asarray(first, dtype=float), np.asarray(second, dtype=float))
    shares(first=a, second=b)
    return (a >= alone) | (b >= alone) | (a + b >= together)


def racks_paid_for(growth_twd_bn: Array, price_usd_m: Array, twd_per_usd: Array) -> np.ndarray:
    """Racks that a rise in revenue would pay for, if it came from nothing else.

    `growth_twd_bn` in thousand million TWD, `price_usd_m` in million USD a rack: an upper bound on
    racks sold beyond those of the year before. A fall pays for none. Raises ValueError for prices
    that are not above zero.
    """
    positive(price_usd_m=price_usd_m, twd_per_usd=twd_per_usd)
    growth = np.maximum(np.asarray(growth_twd_bn, dtype=float), 0)
    return growth * 1000 / np.asarray(twd_per_usd) / np.asarray(price_usd_m)


# -- monthly revenues -----------------------------------------------------------------------------


def seasonally_adjusted(values: np.ndarray, period: int = 12) -> np.ndarray:
    """A monthly series without its seasonal swing.

    Logarithms are split into trend, season and rest by locally weighted regression (STL, Cleveland
    et al. 1990; robust, the season the same each year); the season is taken out. `values` (n,)
    above zero, two full periods or more. Returns (n,) in the same unit. Raises ValueError
    otherwise.
    """
    from statsmodels.tsa.seasonal import STL  # slow to load, and only this function needs it

    x = np.asarray(values, dtype=float)
    positive(values=x)
    if x.size < 2 * period:
        raise ValueError(f"{x.size} values: a season of {period} takes at least {2 * period}")
    season = 2 * (10 * x.size // 2) + 1  # a window far longer than the series: a fixed season
    found = STL(np.log(x), period=period, seasonal=season, seasonal_deg=0, robust=True).fit()
    return x / np.exp(found.seasonal)


def yearly_sums(values: np.ndarray, period: int = 12) -> np.ndarray:
    """Sums over the last `period` values, (n - period + 1,): a year's revenue at each month's end.

    Raises ValueError where the series is shorter than a period.
    """
    x = np.asarray(values, dtype=float)
    if x.size < period:
        raise ValueError(f"{x.size} values are fewer than a period of {period}")
    total = np.concatenate([[0.0], np.cumsum(x)])
    return total[period:] - total[:-period]


def granger_p(cause: np.ndarray, effect: np.ndarray, lags: int) -> float:
    """Probability of so good a fit if the past of `cause` told nothing of `effect` (Granger 1969).

    F test of two regressions of `effect` on its own `lags` past values, without and with those of
    `cause`. Both series (n,), made stationary by the caller. A small value means that one series
    foretells the other and nothing about why. Raises ValueError for unequal or too short series.
    """
    from statsmodels.regression.linear_model import OLS

    a, b = np.asarray(cause, dtype=float), np.asarray(effect, dtype=float)
    if a.size != b.size or lags < 1 or a.size < 4 * lags + 3:
        raise ValueError(
            "two series of equal length, several times as long as the lags, are needed"
        )
    past = [pd.Series(s).shift(k) for s in (b, a) for k in range(1, lags + 1)]
    x = np.column_stack([np.ones(a.size), *past])[lags:]
    whole = OLS(b[lags:], x).fit()
    own = OLS(b[lags:], x[:, : lags + 1]).fit()
    return float(whole.compare_f_test(own)[1])
