"""How concentrated a link of the chain is: the Herfindahl-Hirschman index and its hard bounds.

Shares are in percent of a market and the index in points: the sum of squared shares, 10,000 for a
single maker. Printed shares seldom cover a market; the bounds hold whatever the rest looks like, as
long as no maker that is not printed is larger than the smallest that is. Nothing is read from files
and nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aifactory.uncertainty import Z95

Array = float | Sequence[float] | np.ndarray
FULL = 100.0  # percent
_ROUNDING = 1.0  # printed shares of a market may exceed 100 % by this much


def _shares(shares: Array) -> np.ndarray:
    found = np.atleast_1d(np.asarray(shares, dtype=float))
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise ValueError("shares are finite and not below zero")
    if (found.sum(axis=-1) > FULL + _ROUNDING).any():
        raise ValueError("shares of one market add to 100 % at most")
    return found


def hhi(shares_pct: Array) -> np.ndarray:
    """Herfindahl-Hirschman index (points, 0 to 10,000) of makers' shares.

    `shares_pct` has shape (…, makers), in percent; the index has shape (…). Shares that are not in
    it count nothing, so that this is the lower bound where they are incomplete. Raises ValueError
    for shares below zero or that add to more than 100 % (one point is allowed for rounding).
    """
    return (_shares(shares_pct) ** 2).sum(axis=-1)


def effective_number(index: Array) -> np.ndarray:
    """Number of equal makers that would have this index: 10,000 over it (no unit).

    Raises ValueError for an index outside 0 (excluded) to 10,000.
    """
    found = np.asarray(index, dtype=float)
    if not ((found > 0) & (found <= (FULL + _ROUNDING) ** 2)).all():
        raise ValueError("an index lies above 0 and at 10,000 at most")
    return FULL**2 / found


def largest_squares(rest_pct: Array, cap_pct: Array) -> np.ndarray:
    """Largest sum of squares (points) of makers that hold `rest_pct`, none above `cap_pct`.

    As many makers as fit have the cap, one has what is left: floor(R/m) m² + (R - floor(R/m) m)².
    Both arguments are in percent and broadcast. Raises ValueError for values below zero. A cap of
    zero means countless makers, and gives zero.
    """
    rest, cap = np.broadcast_arrays(np.asarray(rest_pct, float), np.asarray(cap_pct, float))
    if not ((rest >= 0).all() and (cap >= 0).all()):
        raise ValueError("a rest and a cap are not below zero")
    safe = np.where(cap > 0, cap, 1.0)
    whole = np.floor(rest / safe + 1e-12)
    left = np.maximum(rest - whole * safe, 0)
    return np.where(cap > 0, whole * safe**2 + left**2, 0.0)


def hhi_bounds(
    shares_pct: Array, members: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest index (points) that agree with shares that are printed in part.

    `shares_pct` has shape (…, makers); what is missing from 100 % is held by makers that are not
    larger than the smallest printed one (Naldi and Flamini 2018). The lower bound takes the rest as
    countless small makers, the upper one as few as possible.

    `members`, for shares of shape (makers,) only, says of how many firms each share is the sum: 1
    for a single maker, inf where the number is not printed. The split within such a group is free
    too, as in the bounds of an index by a concentration ratio (Kvålseth 2018): its lowest square is
    share²/members, and the highest is searched over the size m of the smallest printed maker. Given
    m, one member takes all that the others, at m, leave, and the rest is `largest_squares`. Between
    the sizes R/j this is convex in m, so that those and the ends are all that has to be looked at.

    Returns (low, high). Raises ValueError as `hhi` does, for shares of zero, for members below one
    and where their number differs from that of the shares.
    """
    shares = _shares(shares_pct)
    if not (shares > 0).all():
        raise ValueError("leave out makers without a share")
    rest = np.maximum(FULL - shares.sum(axis=-1), 0)
    if members is None:
        low = hhi(shares)
        return low, low + largest_squares(rest, shares.min(axis=-1))
    count = np.asarray(members, dtype=float)
    if shares.ndim != 1 or count.shape != shares.shape:
        raise ValueError("members= needs one number a share, of one market")
    if not (count >= 1).all():
        raise ValueError("a share is held by one firm at least")
    low = (shares**2 / count).sum()
    firms = np.where(np.isinf(count), 1, count)  # a group of unknown size may be one firm
    top = (shares / firms).min()
    sizes = rest / np.arange(1, 400) if rest > 0 else np.array([0.0])
    sizes = np.unique(np.concatenate([[0.0, top], sizes[sizes <= top]]))
    one = shares - np.outer(sizes, firms - 1)
    squares = one**2 + np.outer(sizes**2, firms - 1)
    return np.asarray(low), (squares.sum(axis=1) + largest_squares(rest, sizes)).max()


def dirichlet_precision(half_width: float, share: float = 0.5) -> float:
    """Precision of a Dirichlet distribution whose draws of `share` lie within `half_width`.

    Both are fractions of the market; nine draws in ten of a share of that size then lie within
    about that distance: the standard deviation is sqrt(s (1 - s) / (precision + 1)). Raises
    ValueError for values outside 0 to 1 and for a width too large for any precision.
    """
    if not (0 < half_width < 1 and 0 < share < 1):
        raise ValueError("a share and its half-width lie between 0 and 1")
    precision = share * (1 - share) / (half_width / Z95) ** 2 - 1
    if precision <= 0:
        raise ValueError("no Dirichlet distribution is that wide")
    return float(precision)


def dirichlet_shares(
    shares_pct: Array, precision: Array, n: int, rng: np.random.Generator
) -> np.ndarray:
    """`n` draws (n, makers) of a market's shares in percent about the printed ones.

    What is missing from 100 % is drawn with them, as one more part, and left out of the result. The
    mean of the draws is the printed share. `precision` is one number or one a draw. Raises
    ValueError as `hhi` does, and for a precision that is not above zero.
    """
    shares = _shares(shares_pct)
    exact = np.broadcast_to(np.asarray(precision, dtype=float), (n,))
    if not (exact > 0).all():
        raise ValueError("a precision is above zero")
    parts = np.append(shares, max(FULL - shares.sum(), 0))
    alpha = exact[:, None] * parts / parts.sum()
    gamma = np.where(alpha > 0, rng.standard_gamma(np.maximum(alpha, 1e-12)), 0.0)
    return FULL * gamma[:, :-1] / gamma.sum(axis=1, keepdims=True)


def leading_share(
    revenue: Array, fine: Array, wafer_part: Array, rivals: Array, rivals_fine: Array
) -> np.ndarray:
    """The leader's share (percent) of leading-edge wafers' revenue.

    `revenue` is the leader's, of which `wafer_part` is wafers and `fine` of those leading edge
    (fractions); `rivals` are the others' revenues in the same unit, shape (…, rivals), of which
    `rivals_fine` is leading edge. With `rivals_fine` at 1 it is a bound that no fact about the
    rivals' mix can lower. Raises ValueError for revenues below zero and fractions outside 0 to 1.
    """
    for fraction in (fine, wafer_part, rivals_fine):
        if not ((np.asarray(fraction) >= 0) & (np.asarray(fraction) <= 1)).all():
            raise ValueError("fractions lie between 0 and 1")
    if not ((np.asarray(revenue) > 0).all() and (np.asarray(rivals) >= 0).all()):
        raise ValueError("the leader's revenue is above zero, the rivals' not below")
    own = np.asarray(revenue) * np.asarray(fine) * np.asarray(wafer_part)
    return FULL * own / (own + (np.asarray(rivals) * np.asarray(rivals_fine)).sum(axis=-1))


def hhi_after_entry(
    leader_pct: Array, others_hhi: Array, lost_pct: Array, entrants: Array
) -> np.ndarray:
    """Index (points) after equal entrants have taken `lost_pct` of the market from the leader.

    (s - e)² + e²/k + the squares of the others, which keep their shares (Naldi and Flamini 2018
    study such entries). All in percent and points; arguments broadcast. Raises ValueError where
    more is lost than held, and for less than one entrant.
    """
    lost = np.asarray(lost_pct, dtype=float)
    if not ((lost >= 0) & (lost <= np.asarray(leader_pct))).all():
        raise ValueError("a leader loses between nothing and all it has")
    if not (np.asarray(entrants) >= 1).all():
        raise ValueError("entry takes one entrant at least")
    return (np.asarray(leader_pct) - lost) ** 2 + lost**2 / entrants + np.asarray(others_hhi)


def loss_to_reach(threshold: float, leader_pct: float, others_hhi: float, entrants: int) -> float:
    """Smallest loss (percent of the market) that brings the index down to `threshold`.

    The smaller root of `hhi_after_entry` = threshold; nan where even the best split, which leaves
    leader and entrants equal, does not reach it. Zero where it is reached already. Raises
    ValueError as `hhi_after_entry` does.
    """
    if hhi_after_entry(leader_pct, others_hhi, 0, entrants) <= threshold:
        return 0.0
    a, b = 1 + 1 / entrants, -2 * leader_pct
    c = leader_pct**2 + others_hhi - threshold
    inner = b**2 - 4 * a * c
    return float((-b - np.sqrt(inner)) / (2 * a)) if inner >= 0 else float("nan")
