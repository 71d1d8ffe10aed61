"""How long an all-reduce takes: latency and bandwidth models, and their fit to measured tests.

An all-reduce adds up one array over all ranks and leaves the sum with each. In Hockney's model
(1994, doi:10.1016/S0167-8191(06)80021-9) a message of M bytes between two ranks takes a + M / B;
Thakur, Rabenseifner and Gropp (2005, doi:10.1177/1094342005051521) build collectives from it.
Bandwidths are in GB/s (1e9 bytes), times in seconds, messages in bytes. Functions take scalars or
arrays that broadcast. Nothing is read from files and nothing is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

GIGA = 1e9


def _positive(**values: np.ndarray | float) -> None:
    for name, value in values.items():
        found = np.asarray(value, dtype=float)
        if not np.isfinite(found).all() or (found <= 0).any():
            raise ValueError(f"{name} must be positive and finite, got {value}")


def _latency(**values: np.ndarray | float) -> None:
    for name, value in values.items():
        found = np.asarray(value, dtype=float)
        if not np.isfinite(found).all() or (found < 0).any():
            raise ValueError(f"{name} must be finite and not negative, got {value}")


def _counts(**values: np.ndarray | float) -> None:
    for name, value in values.items():
        if (np.asarray(value) < 1).any():
            raise ValueError(f"{name} must be at least 1, got {value}")


def ring_s(
    message_bytes: np.ndarray, ranks: np.ndarray, alpha_s: float, bandwidth_gb_s: float
) -> np.ndarray:
    """Seconds of a ring all-reduce: 2(n-1) a + 2(n-1)/n M/B (Thakur et al. 2005, section 4).

    `alpha_s` is the time to start one message, `bandwidth_gb_s` what one rank sends. One rank has
    nothing to reduce: 0. Raises ValueError for a message, bandwidth or count that is not positive.
    """
    _positive(message_bytes=message_bytes, bandwidth_gb_s=bandwidth_gb_s)
    _latency(alpha_s=alpha_s)
    _counts(ranks=ranks)
    n = np.asarray(ranks, dtype=float)
    sent = 2 * (n - 1) / n * np.asarray(message_bytes, dtype=float)
    return 2 * (n - 1) * alpha_s + sent / (bandwidth_gb_s * GIGA)


def tree_s(
    message_bytes: np.ndarray, ranks: np.ndarray, alpha_s: float, bandwidth_gb_s: float
) -> np.ndarray:
    """Seconds of a pipelined tree all-reduce: 2 log2(n) a + 2M/B (Sanders et al. 2009).

    Up the tree and down again; double binary trees keep every link busy
    (doi:10.1016/j.parco.2009.09.001). Arguments and errors as in `ring_s`.
    """
    _positive(message_bytes=message_bytes, bandwidth_gb_s=bandwidth_gb_s)
    _latency(alpha_s=alpha_s)
    _counts(ranks=ranks)
    n = np.asarray(ranks, dtype=float)
    sent = np.where(n > 1, 2.0, 0.0) * np.asarray(message_bytes, dtype=float)
    return 2 * np.log2(n) * alpha_s + sent / (bandwidth_gb_s * GIGA)


def hierarchical_s(
    message_bytes: np.ndarray,
    domains: np.ndarray,
    per_domain: np.ndarray,
    alpha_inside_s: float,
    bandwidth_inside_gb_s: float,
    alpha_between_s: float,
    bandwidth_between_gb_s: float,
    pipelined: bool = False,
) -> np.ndarray:
    """Seconds of an all-reduce in two levels: `domains` k of `per_domain` g ranks each.

    Reduce-scatter inside a domain (NVLink), ring all-reduce of M/g over the k domains by each
    rank's own network port, all-gather inside. `pipelined` lets both levels run at once on pieces
    of the message, so that the slower level's bandwidth counts instead of the sum. With equal links
    its traffic is that of a flat ring of kg ranks, and its latency never more. Errors as in
    `ring_s`.
    """
    inside = ring_s(message_bytes, per_domain, 0.0, bandwidth_inside_gb_s)
    share = np.asarray(message_bytes, dtype=float) / np.asarray(per_domain, dtype=float)
    between = ring_s(share, domains, 0.0, bandwidth_between_gb_s)
    _latency(alpha_inside_s=alpha_inside_s, alpha_between_s=alpha_between_s)
    start = 2 * (np.asarray(per_domain, dtype=float) - 1) * alpha_inside_s
    start = start + 2 * (np.asarray(domains, dtype=float) - 1) * alpha_between_s
    return start + (np.maximum(inside, between) if pipelined else inside + between)


def bus_bandwidth_gb_s(message_bytes: np.ndarray, time_s: np.ndarray, ranks: np.ndarray):
    """Bus bandwidth as NCCL's tests define it: M / t times 2(n-1)/n, GB/s.

    It makes sizes of job comparable; it is no wire speed, since reduction in switches or in a fast
    domain can carry more than one port does. Raises ValueError for times that are not positive.
    """
    _positive(message_bytes=message_bytes, time_s=time_s)
    _counts(ranks=ranks)
    n = np.asarray(ranks, dtype=float)
    return np.asarray(message_bytes, dtype=float) / np.asarray(time_s) / GIGA * 2 * (n - 1) / n


def port_use(
    message_bytes: np.ndarray,
    time_s: np.ndarray,
    domains: np.ndarray,
    per_domain: np.ndarray,
    port_gb_s: np.ndarray,
) -> np.ndarray:
    """Share of a network port's line rate that a two-level all-reduce has to have used.

    Each rank's port carries 2(k-1)/k of its share M/g in `time_s`. A lower bound on traffic: flat
    rings carry more. Zero for one domain. Errors as in `bus_bandwidth_gb_s`.
    """
    _positive(message_bytes=message_bytes, time_s=time_s, port_gb_s=port_gb_s)
    share = np.asarray(message_bytes, dtype=float) / np.asarray(per_domain, dtype=float)
    return ring_s(share, domains, 0.0, port_gb_s) / np.asarray(time_s, dtype=float)


@dataclass(frozen=True)
class AlphaBeta:
    """A fitted line t = start + M / B of one system: `start_s` in s, `bandwidth_gb_s` in GB/s.

    B here is the algorithm's bandwidth, M over the growth of time. `alpha_ring_s` and
    `alpha_tree_s` share `start_s` out over the steps of a ring or of a tree.
    """

    start_s: float
    bandwidth_gb_s: float

    def time_s(self, message_bytes: np.ndarray) -> np.ndarray:
        """Fitted seconds for messages of any shape."""
        return self.start_s + np.asarray(message_bytes, dtype=float) / (self.bandwidth_gb_s * GIGA)

    def bus_limit_gb_s(self, ranks: float) -> float:
        """Bus bandwidth of an endless message, GB/s."""
        return self.bandwidth_gb_s * 2 * (ranks - 1) / ranks

    def half_message_bytes(self) -> float:
        """Message at which half of the bandwidth is reached (Hockney's n-half), bytes."""
        return self.start_s * self.bandwidth_gb_s * GIGA

    def alpha_ring_s(self, ranks: float) -> float:
        """Start-up a step, were it a ring of `ranks`."""
        return self.start_s / (2 * (ranks - 1))

    def alpha_tree_s(self, ranks: float) -> float:
        """Start-up a step, were it a tree over `ranks`."""
        return self.start_s / (2 * float(np.log2(ranks)))


def fit(message_bytes: np.ndarray, time_s: np.ndarray) -> AlphaBeta:
    """Fit t = start + M / B by least squares of relative errors, both terms not negative.

    Times span four orders of magnitude and scatter in proportion, so each residual is divided by
    its time: a linear problem, solved by non-negative least squares (Lawson and Hanson 1974).
    Shapes (m,) each, m at least 3. Raises ValueError for fewer points, for one size of message only
    and for values that are not positive.
    """
    m, t = np.asarray(message_bytes, dtype=float), np.asarray(time_s, dtype=float)
    if m.shape != t.shape or m.size < 3 or np.unique(m).size < 2:
        raise ValueError("a fit needs at least three points and two sizes of message")
    _positive(message_bytes=m, time_s=t)
    unit = m.max()
    start, slope = nnls(np.column_stack([1 / t, m / unit / t]), np.ones_like(t))[0]
    if slope == 0:
        raise ValueError("times do not grow with the message: no bandwidth can be fitted")
    return AlphaBeta(float(start), float(unit / slope / GIGA))


def log_errors(fitted: AlphaBeta, message_bytes: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """ln(measured / fitted) of each point, shape (m,): 0.1 is about 10 % slower than the fit."""
    return np.log(np.asarray(time_s, dtype=float) / fitted.time_s(message_bytes))


def left_out_errors(message_bytes: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """ln(measured / predicted) of each point by a fit to all others (leave-one-out), shape (m,).

    Raises ValueError for fewer than four points.
    """
    m, t = np.asarray(message_bytes, dtype=float), np.asarray(time_s, dtype=float)
    if m.size < 4:
        raise ValueError("leave-one-out needs at least four points")
    keep = ~np.eye(m.size, dtype=bool)
    fits = [fit(m[k], t[k]) for k in keep]
    return np.array([log_errors(f, m[i], t[i]) for i, f in enumerate(fits)])


def summary(
    message_bytes: np.ndarray,
    time_s: np.ndarray,
    gpus: int,
    per_domain: int,
    port_gb_s: float,
) -> dict[str, float]:
    """What one system's log says: fit, error of points left out, and port use.

    Shapes (m,) each, m at least 4, messages ascending; `port_gb_s` may be NaN. Returns start_s,
    bus_limit_gb_s, alpha_ring_s, alpha_tree_s, left_out_rms (root mean square of
    `left_out_errors`) and port_use at the largest message, NaN for a single domain. Errors as in
    `left_out_errors` and `port_use`.
    """
    fitted = fit(message_bytes, time_s)
    domains = gpus // per_domain
    last = float(np.asarray(message_bytes)[-1]), float(np.asarray(time_s)[-1])
    used = port_use(*last, domains, per_domain, port_gb_s) if domains > 1 else np.nan
    return {
        "start_s": fitted.start_s,
        "bus_limit_gb_s": fitted.bus_limit_gb_s(gpus),
        "alpha_ring_s": fitted.alpha_ring_s(gpus),
        "alpha_tree_s": fitted.alpha_tree_s(gpus),
        "left_out_rms": float(np.sqrt(np.mean(left_out_errors(message_bytes, time_s) ** 2))),
        "port_use": float(used),
    }
