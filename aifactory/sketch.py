"""Quantiles of a stream of numbers with a guaranteed relative error, in counts that simply add up.

DDSketch (Masson et al. 2019, doi:10.14778/3352063.3352135) counts values in bins that are each a
fixed share of their value wide. The bins here are the ones its authors call fast: each power of
two is cut into 512 equal parts, so that the exponent and the first nine bits of the mantissa of a
number are its bin, without a logarithm. As counts are whole numbers, sketches merge in any order to
the same result, on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_PARTS = 512  # of each power of two
_SHIFT = 52 - 9  # mantissa bits less those that count
ERROR = 1 / (2 * _PARTS + 1)  # of a value between a bin's ends, taken where both are as far off
_TINY = float(np.finfo(float).tiny)  # below, numbers are held for zero


@dataclass
class _Bins:
    """Counts of bins `first`, `first` + 1, … of one sign."""

    first: int = 0
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def add(self, first: int, counts: np.ndarray) -> None:
        """Count more, growing to both sides as needed."""
        if not len(counts):
            return
        low, high = first, first + len(counts)
        if len(self.counts):
            low, high = min(low, self.first), max(high, self.first + len(self.counts))
        if (low, high - low) != (self.first, len(self.counts)):
            wider = np.zeros(high - low, dtype=np.int64)
            wider[self.first - low :][: len(self.counts)] = self.counts
            self.first, self.counts = low, wider
        self.counts[first - low :][: len(counts)] += counts

    def fill(self, x: np.ndarray, least: float, most: float) -> None:
        """Count positive values between `least` and `most`."""
        low = int(np.float64(least).view(np.int64)) >> _SHIFT
        high = int(np.float64(most).view(np.int64)) >> _SHIFT
        bins = (x.view(np.int64) >> _SHIFT) - low
        self.add(low, np.bincount(bins, minlength=high - low + 1))


@dataclass
class Sketch:
    """Counts of numbers by size, from which `quantile` is within a share `ERROR` of the exact one.

    Its size depends on how many powers of two the numbers span, never on how many there are.
    """

    above: _Bins = field(default_factory=_Bins)
    below: _Bins = field(default_factory=_Bins)
    zero: int = 0

    def fill(self, x: np.ndarray) -> None:
        """Count finite values (n,)."""
        least, most = float(x.min()), float(x.max())
        if least >= _TINY:
            self.above.fill(x, least, most)
            return
        for bins, part in ((self.above, x[x >= _TINY]), (self.below, -x[x <= -_TINY])):
            if part.size:
                bins.fill(part, part.min(), part.max())
        self.zero += int(np.count_nonzero(np.abs(x) < _TINY))

    def merge(self, other: Sketch) -> None:
        """Count what another has counted."""
        self.above.add(other.above.first, other.above.counts)
        self.below.add(other.below.first, other.below.counts)
        self.zero += other.zero

    def items(self) -> tuple[np.ndarray, np.ndarray]:
        """Bins that hold something, from the least value up, and their counts, (bins,) each.

        A bin of negative values has its number's negative, zero is 0.
        """
        up = np.flatnonzero(self.above.counts)
        down = np.flatnonzero(self.below.counts)[::-1]
        zero = [0] if self.zero else []
        bins = [-(down + self.below.first), np.array(zero, dtype=np.int64), up + self.above.first]
        counts = [self.below.counts[down], np.array(zero) + self.zero, self.above.counts[up]]
        return np.concatenate(bins), np.concatenate(counts).astype(np.int64)

    @classmethod
    def of_items(cls, bins: np.ndarray, counts: np.ndarray) -> Sketch:
        """The sketch that `items` came from."""
        found = cls(zero=int(counts[bins == 0].sum()))
        for side, sign in ((found.above, 1), (found.below, -1)):
            own = bins * sign > 0
            at = bins[own] * sign
            if at.size:
                dense = np.zeros(at.max() - at.min() + 1, dtype=np.int64)
                dense[at - at.min()] = counts[own]
                side.add(int(at.min()), dense)
        return found

    def quantile(self, q: np.ndarray) -> np.ndarray:
        """Values at probabilities `q`, (k,): the lower of the two order statistics around each.

        Raises ValueError where nothing has been counted.
        """
        bins, counts = self.items()
        if not len(bins):
            raise ValueError("a sketch without values has no quantiles")
        upto = np.cumsum(counts)
        rank = np.floor(np.asarray(q) * (upto[-1] - 1)).astype(np.int64)
        found = bins[np.searchsorted(upto, rank, side="right")]
        low = (np.abs(found) << _SHIFT).view(np.float64)
        high = ((np.abs(found) + 1) << _SHIFT).view(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            middle = low * (2 * high / (low + high))
        return np.where(found == 0, 0.0, np.sign(found) * np.where(np.isfinite(high), middle, low))
