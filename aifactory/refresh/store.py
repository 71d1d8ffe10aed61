"""Files of data/ replaced together or not at all, also when the power goes in between.

Old contents are copied aside first, with a list that says whose they are. A write that fails puts
them back at once; one that was killed is undone by the next refresh. Removing the list is what
makes a change final.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

from aifactory import files

LIST = "undo.json"


@contextlib.contextmanager
def alone(work: Path) -> Iterator[bool]:
    """Hold the lock of the work folder; False, without waiting, if another process has it."""
    work.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(work / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def replace(folder: Path, contents: dict[str, bytes], work: Path) -> None:
    """Write `contents`, by path inside `folder`: all of them, or none.

    Every file must be there already. Raises OSError, and then the old ones are back.
    """
    undo = work / "undo"
    shutil.rmtree(undo, ignore_errors=True)
    undo.mkdir(parents=True)
    for at, name in enumerate(contents):
        shutil.copyfile(folder / name, undo / str(at))
    files.write_text(undo / LIST, json.dumps(list(contents)))
    try:
        _nested([(folder / name, content) for name, content in contents.items()])
    except BaseException:
        restore(folder, work)
        raise
    (undo / LIST).unlink()
    shutil.rmtree(undo, ignore_errors=True)


def _nested(todo: list[tuple[Path, bytes]]) -> None:
    """Write each file beside its place before the first one takes it: a full disk shows in time."""
    if not todo:
        return
    (path, content), *rest = todo

    def write(at: Path) -> None:
        at.write_bytes(content)
        _nested(rest)

    files.atomically(path, write)


def restore(folder: Path, work: Path) -> bool:
    """Put back what a replacement that did not end had changed; whether there was one."""
    undo = work / "undo"
    if not (undo / LIST).is_file():
        return False
    for at, name in enumerate(json.loads((undo / LIST).read_text(encoding="utf-8"))):
        path, old = folder / name, undo / str(at)
        for part in path.parent.glob(f".*{path.suffix}"):  # left by a process that was killed
            part.unlink()
        if old.is_file() and old.read_bytes() != path.read_bytes():
            os.chmod(old, 0o644)
            os.replace(old, path)  # a rename needs no space
    (undo / LIST).unlink()
    shutil.rmtree(undo, ignore_errors=True)
    return True
