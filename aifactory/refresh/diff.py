"""What would change between two versions of a table: rows by key, and the largest changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

SHOWN = 5


@dataclass(frozen=True)
class Change:
    """One cell: where, what it was, what it would be, and by how much of itself it moves.

    `size` is |new - old| over the larger of the two; 1 for text, and for a value that comes or
    goes.
    """

    key: tuple[Any, ...]
    column: str
    old: Any
    new: Any
    size: float


@dataclass(frozen=True)
class Diff:
    """Keys of rows that come and go, and every changed cell, the largest change first.

    `rows` counts the rows that stay and hold a changed cell.
    """

    added: list[tuple[Any, ...]] = field(default_factory=list)
    removed: list[tuple[Any, ...]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows that are on both sides and differ."""
        return len({change.key for change in self.changes})

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changes)


def compare(old: pd.DataFrame, new: pd.DataFrame, key: Sequence[str]) -> Diff:
    """The difference of two tables of the same columns.

    Rows are matched by `key`; where several have the same, in their order. The order of rows is
    no difference, nor is the column of a running number, which is not given.
    """
    key = list(key)
    before, after = (_by_key(frame, key) for frame in _touched(old, new, key))
    added = [one for one in after if one not in before]
    removed = [one for one in before if one not in after]
    rest = [name for name in old.columns if name in new.columns and name not in key]
    changes = []
    for one, there in before.items():
        if one not in after:
            continue
        for name in rest:
            was, now = there[name], after[one][name]
            if not _same(was, now):
                changes.append(Change(one[:-1], name, was, now, _size(was, now)))
    changes.sort(key=lambda change: -change.size)  # stable: the table's order among equals
    return Diff([one[:-1] for one in added], [one[:-1] for one in removed], changes)


def _touched(
    old: pd.DataFrame, new: pd.DataFrame, key: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables without the rows of keys that hold the same on both sides, by hash."""
    names = [name for name in old.columns if name in new.columns]
    marks, sides = [], []
    for frame in (old, new):
        mark = pd.util.hash_pandas_object(frame[key], index=False)
        row = pd.util.hash_pandas_object(frame[names], index=False)
        at = mark.groupby(mark).cumcount()
        marks.append(mark.to_numpy())
        sides.append(pd.Series(row.to_numpy(), pd.MultiIndex.from_arrays([mark, at])))
    both = sides[0].index.intersection(sides[1].index)
    same = both[(sides[0].loc[both] == sides[1].loc[both]).to_numpy()]
    odd = [side.index.difference(same).get_level_values(0) for side in sides]
    wanted = odd[0].union(odd[1])
    left, right = (pd.Series(mark).isin(wanted).to_numpy() for mark in marks)
    return old[left], new[right]


def _by_key(frame: pd.DataFrame, key: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows by key and count: the last part numbers rows of the same key."""
    plain = frame.astype(object).where(frame.notna(), None)
    seen: dict[tuple[Any, ...], int] = {}
    rows = {}
    for row in plain.to_dict("records"):
        name = tuple(row[part] for part in key)
        seen[name] = seen.get(name, 0) + 1
        rows[*name, seen[name]] = row
    return rows


def _same(was: Any, now: Any) -> bool:
    return (was is None and now is None) or (was is not None and now is not None and was == now)


def _size(was: Any, now: Any) -> float:
    if isinstance(was, int | float) and isinstance(now, int | float):
        return abs(float(now) - float(was)) / max(abs(float(was)), abs(float(now)))
    return 1.0


def lines(found: Diff, shown: int = SHOWN) -> list[str]:
    """The difference in words: counts, then the first of each kind."""
    counts = f"{len(found.added)} rows added, {len(found.removed)} removed, {found.rows} changed"
    out = [counts]
    for sign, keys in (("+", found.added), ("-", found.removed)):
        out += [f"{sign} {_key(one)}" for one in keys[:shown]]
        if len(keys) > shown:
            out.append(f"{sign} … and {len(keys) - shown} more")
    out += [
        f"~ {_key(one.key)}: {one.column} {_value(one.old)} to {_value(one.new)}{_percent(one)}"
        for one in found.changes[:shown]
    ]
    if len(found.changes) > shown:
        out.append(f"~ … and {len(found.changes) - shown} more cells")
    return out


def _key(key: tuple[Any, ...]) -> str:
    return " | ".join(_value(part) for part in key)


def _value(value: Any) -> str:
    if value is None:
        return "(empty)"
    if isinstance(value, pd.Timestamp):
        return value.isoformat().removesuffix("T00:00:00")
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _percent(change: Change) -> str:
    if not isinstance(change.old, int | float) or not isinstance(change.new, int | float):
        return ""
    if change.old == 0:
        return ""
    return f" ({(change.new - change.old) / abs(change.old):+.1%})"
