"""Errors of the data layer. Each message says what is wrong, where, by which rule, and what to do.

All of them derive from :class:`DataError`, so that a caller can catch the family, and the
command line can print any of them as one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

PROGRAM = "python -m aifactory"
LOCK = f"{PROGRAM} data lock"


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like `name`, best first; also those that contain it."""
    names = sorted({str(item) for item in known})
    close = difflib.get_close_matches(str(name), names, n=count, cutoff=0.6)
    inside = [item for item in names if len(str(name)) > 3 and str(name) in item]
    return list(dict.fromkeys(close + inside))[:count]


@dataclass(frozen=True)
class Fault:
    """One broken rule in one file.

    `row` counts as a spreadsheet does: the header is row 1, so the first record is row 2.
    It is None where the fault belongs to a whole column or file.
    """

    file: str
    rule: str
    field: str | None = None
    row: int | None = None
    value: str | None = None
    remedy: str = ""

    def __str__(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.field is not None:
            place.append(f"field `{self.field}`")
        value = "" if self.value is None else f"{self.value!r} "
        text = f"{', '.join(place)}: {value}{self.rule}."
        return f"{text} {self.remedy}" if self.remedy else text


class DataError(Exception):
    """Base of every error that `aifactory.data` raises; `faults` lists what was found."""

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    def __reduce__(self):  # keeps `faults` when an error crosses a process boundary
        return type(self), (str(self), self.faults)


class UnknownName(DataError):
    """A table, figure, source or claim that the data package does not hold."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str], file: str) -> UnknownName:
        """Build the message, with the nearest known names as the remedy."""
        close = nearest(name, known)
        listing = "claims" if kind == "chapter" else f"{kind}s"
        advice = f"Did you mean {_either(close)}?" if close else f"See `{PROGRAM} {listing}`."
        return cls(f"{file} holds no {kind} named {name!r}. {advice}")


class BrokenPackage(DataError):
    """datapackage.json itself cannot be read, or describes something it cannot."""


class MissingFile(DataError):
    """A described file is not on disk."""


class ChangedBytes(DataError):
    """A file's bytes are not those that its descriptor vouches for."""


class BrokenRow(DataError):
    """Rows that break the schema of their table; `faults` holds each of them."""

    @classmethod
    def of(cls, faults: list[Fault]) -> BrokenRow:
        """Message: the first fault in full, and where the others are."""
        return cls(summary(faults), faults)


class BadUnit(DataError):
    """A unit that the project's one registry cannot parse."""


class BadRange(DataError):
    """A figure whose low, central and high are not in that order, or are missing."""


class UnknownSource(DataError):
    """A source_id that sources.csv does not hold."""


class RecalledFigure(DataError):
    """A figure nobody has seen at its source, used where only seen ones may be."""


def summary(faults: list[Fault], named: int = 5) -> str:
    """First fault in full, then the rows of the next few and the count of the rest."""
    if len(faults) == 1:
        return str(faults[0])
    rows = [str(fault.row) for fault in faults[1 : named + 1] if fault.row is not None]
    ellipsis = " …" if len(faults) - 1 > len(rows) else ""
    label = "row" if len(rows) == 1 else "rows"
    where = f" ({label} {', '.join(rows)}{ellipsis})" if rows else ""
    noun = "fault" if len(faults) == 2 else "faults"
    return f"{faults[0]} {len(faults) - 1} more {noun} in this file{where}."


def _either(names: list[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
