"""What is read from files that many pages ask for: each file once, while it stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from aifactory import data
from aifactory import verdicts as stored

Found = TypeVar("Found")


def kept(read: Callable[[Path], Found]) -> Callable[[Path], Found]:
    """A reader whose results are shared, and therefore not to be changed by those who ask."""
    held: dict[Path, tuple[tuple[int, int], Found]] = {}

    @wraps(read)
    def again(path: Path) -> Found:
        at = path.stat()
        state = (at.st_mtime_ns, at.st_size)
        if path not in held or held[path][0] != state:
            held[path] = (state, read(path))
        return held[path][1]

    return again


verdicts = kept(stored.read)


@kept
def notebook(path: Path) -> dict[str, Any]:
    """An executed notebook as it is stored."""
    return json.loads(path.read_text(encoding="utf-8"))


@kept
def _sources(path: Path) -> dict[str, data.Source]:
    return {name: data.source(name) for name in data.sources()["source_id"]}


def source(name: str) -> data.Source:
    """A source, as `data.source` gives it; that works out anew each time where data are."""
    path = data.folder() / "sources.csv"
    found = _sources(path) if path.is_file() else {}
    return found[name] if name in found else data.source(name)
