"""Input-output analysis: who earns what in a chain, and what falls away with a supplier.

n industries (an industry is a sector of a region) deliver to each other and to m final users. The
arrays follow Miller and Blair (2009): `z` (n, n) deliveries from row to column, `f` (n, m) final
deliveries, `x` (n,) gross output, `a` (n, n) inputs per unit of the buyer's output. All money has
one unit. Nothing is read from files and nothing is drawn.
"""

from __future__ import annotations

import numpy as np


def gross_output(z: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Gross output x = row sums of `z` and `f`, (n,). Raises ValueError where shapes disagree."""
    deliveries, final = np.asarray(z, dtype=float), np.asarray(f, dtype=float)
    n = deliveries.shape[0]
    if deliveries.shape != (n, n) or final.ndim != 2 or final.shape[0] != n:
        raise ValueError("z is square, and f has a row for each of its industries")
    return deliveries.sum(axis=1) + final.sum(axis=1)


def coefficients(z: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Technical coefficients a_ij = z_ij / x_j, (n, n). Raises ValueError for an output of nil."""
    output = np.asarray(x, dtype=float)
    if not (output > 0).all():
        raise ValueError("every industry needs an output above zero")
    return np.asarray(z, dtype=float) / output


def value_added_shares(z: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Value added per unit of output, (n,): what is left of an output after bought inputs.

    Taxes on products and transport margins are in it where the table does not split them off.
    """
    return 1 - coefficients(z, x).sum(axis=0)


def output_for(a: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Outputs x = (I - A)^-1 y that meet final demand y, (n,) or (n, k) (Leontief 1936).

    Raises ValueError where the economy cannot reproduce itself (an eigenvalue of A of 1 or more).
    """
    coef = np.asarray(a, dtype=float)
    if np.abs(np.linalg.eigvals(coef)).max() >= 1:
        raise ValueError("the coefficients leave nothing over: no demand can be met")
    return np.linalg.solve(np.eye(coef.shape[0]) - coef, np.asarray(demand, dtype=float))


def value_added_content(a: np.ndarray, v: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Value added that each industry earns in meeting `demand` (n,): v_i [(I - A)^-1 y]_i, (n,).

    `v` (n,) is value added per unit of output. Where v_j = 1 - sum_i a_ij, the contents add up to
    the demand (Johnson and Noguera 2012; Timmer et al. 2014).
    """
    return np.asarray(v, dtype=float) * output_for(a, demand)


def after_extraction(
    a: np.ndarray, demand: np.ndarray, which: np.ndarray, share: float = 1.0
) -> np.ndarray:
    """Outputs (n,) when the share `share` of the industries `which` is taken out of the economy.

    Hypothetical extraction: their deliveries to others, their purchases from others and their final
    sales shrink by `share` (Dietzenbacher and Lahr 2013, who extend extractions to parts); buyers
    are served from outside the table. What vanishes are orders. Production that stops for want of a
    part that nobody else makes is not in it. `which` (n,) booleans. Raises ValueError for a share
    outside 0 to 1 and for a mask of another length.
    """
    coef, final = np.array(a, dtype=float), np.array(demand, dtype=float)
    out = np.asarray(which)
    if out.dtype != bool or out.shape != final.shape:
        raise ValueError("which= takes one boolean an industry")
    if not 0 <= share <= 1:
        raise ValueError("the share taken out lies between 0 and 1")
    coef[out] *= 1 - share
    coef[np.ix_(~out, out)] *= 1 - share
    final[out] *= 1 - share
    return output_for(coef, final)
