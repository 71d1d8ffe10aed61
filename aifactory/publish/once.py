"""What is read from files that many pages ask for: each file once, while it stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

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
