"""Response surfaces in place of simulators, with the error that they are known to make.

A surface is a polynomial in scaled inputs, fitted by least squares to runs of the full model at a
space-filling design, and judged at runs that the fit has not seen (Sacks et al. 1989,
doi:10.1214/ss/1177012413). Beyond the design's box inputs are held at its edge.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aifactory.models.factory.graph import Node


@dataclass(frozen=True)
class Surface:
    """A fitted polynomial of `degree` in inputs scaled to -1..1 over `low`..`high`, (inputs,) each.

    `terms` are tuples of input positions, () for the constant; `coefficients` belong to them. With
    `log` the polynomial gives the logarithm of the result.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    terms: tuple[tuple[int, ...], ...]
    coefficients: tuple[float, ...]
    log: bool

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The surface at points (n, inputs), in the result's unit; (n,)."""
        found = _basis(self.scaled(x), self.terms) @ np.array(self.coefficients)
        return np.exp(found) if self.log else found

    def scaled(self, x: np.ndarray) -> np.ndarray:
        """Points (n, inputs) held to the box and scaled to -1..1."""
        low, high = np.array(self.low), np.array(self.high)
        return 2 * (np.clip(x, low, high) - low) / (high - low) - 1

    def residuals(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Full model less surface at points (n, inputs), in logarithms where `log`; (n,)."""
        return np.log(y / self(x)) if self.log else y - self(x)


def _basis(t: np.ndarray, terms: tuple[tuple[int, ...], ...]) -> np.ndarray:
    return np.column_stack([np.prod(t[:, list(term)], axis=1) for term in terms])


def all_terms(inputs: int, degree: int) -> tuple[tuple[int, ...], ...]:
    """Every product of up to `degree` of `inputs` inputs, the constant first."""
    return tuple(
        term
        for power in range(degree + 1)
        for term in itertools.combinations_with_replacement(range(inputs), power)
    )


def fit(
    names: tuple[str, ...], x: np.ndarray, y: np.ndarray, degree: int = 2, log: bool = True
) -> Surface:
    """Fit a surface to runs `y` (n,) of a model at points `x` (n, inputs).

    Raises ValueError for fewer runs than twice the terms, or results that `log` cannot take.
    """
    terms = all_terms(len(names), degree)
    if len(y) < 2 * len(terms):
        raise ValueError(f"{len(terms)} terms need {2 * len(terms)} runs or more, got {len(y)}")
    if log and not (y > 0).all():
        raise ValueError("a surface in logarithms needs positive results")
    low, high = x.min(axis=0), x.max(axis=0)
    blank = Surface(names, tuple(low), tuple(high), terms, (0.0,) * len(terms), log)
    target = np.log(y) if log else y
    found = np.linalg.lstsq(_basis(blank.scaled(x), terms), target, rcond=None)[0]
    return Surface(names, blank.low, blank.high, terms, tuple(map(float, found)), log)


def nodes(
    surface: Surface, name: str, unit: str, what: str, source: str, error: bool = True
) -> tuple[Node, ...]:
    """The surface as steps of the graph: scaled inputs, then `name`, with `error_NAME` added.

    `error_NAME` is a derived input: the residuals at runs that the fit has not seen. Without
    `error` it is left out.
    """
    scaled = tuple(
        Node(
            f"{name}_x{at}",
            f"2.0 * (minimum(maximum({one}, {low!r}), {high!r}) - {low!r}) / {high - low!r} - 1.0",
            "dimensionless",
            f"{one}, scaled for {name}",
            source,
            empirical=True,
        )
        for at, (one, low, high) in enumerate(
            zip(surface.names, map(float, surface.low), map(float, surface.high), strict=True)
        )
    )
    terms = dict(zip(surface.terms, surface.coefficients, strict=True))
    total = _nested(terms, name) + (f" + error_{name}" if error else "")
    text = f"exp({total})" if surface.log else total
    return (*scaled, Node(name, text, unit, what, source, empirical=True))


def _nested(terms: Mapping[tuple[int, ...], float], name: str) -> str:
    """A polynomial as a formula in Horner's way: one product a term, whatever its degree."""
    inner: dict[int, dict[tuple[int, ...], float]] = {}
    for term, value in terms.items():
        if term:
            inner.setdefault(term[0], {})[term[1:]] = value
    parts = [repr(float(terms[()]))] if () in terms else []
    for at, rest in inner.items():
        text = _nested(rest, name)
        parts.append(f"{name}_x{at} * " + (text if [*rest] == [()] else f"({text})"))
    return " + ".join(parts)
