"""Files that are written whole or not at all, and read back as they were."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a file beside `path`, which then takes its place.

    Of a write that fails nothing is left.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    try:
        write(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Replace a text file (UTF-8, line feeds) whole, or not at all."""
    atomically(path, lambda at: at.write_text(text, encoding="utf-8", newline="\n"))


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file (UTF-8) that the project has written, as text. Raises OSError."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
