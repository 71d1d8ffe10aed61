"""Run the chapters as `make execute` does, and with papermill one after another.

What is measured is wall-clock time, in copies of the notebooks. The book runs one chapter more at
the same time than there are processors, each in a kernel of its own, so that all of them take
shorter than their sum; each is also run alone.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import jupytext

from aifactory import execute
from aifactory.verdicts import chapter_path
from bench.rows import Found, Group, Row, growing, grown

COPIED = "pace"  # the cheapest chapter to run
COPIES = (1, 2, 4)
SERIES = "execution by chapters"

ALL = Row("All chapters executed", "s", "papermill, one after another", limit=120)
EACH = {
    c: Row(f"Chapter {c} executed", "s", "papermill, alone", limit=60) for c in execute.chapters()
}
GROWTH = growing(SERIES, f"Execution of {{}} × chapter {COPIED}", "s", COPIES)


def seconds(names: list[str], notebooks: Path) -> float:
    """Seconds for some chapters together, as `make execute` runs them."""
    start = time.perf_counter()
    execute.execute(names, notebooks=notebooks, force=True, say=lambda line: None)
    return time.perf_counter() - start


def papermill_seconds(chapter: str, notebooks: Path) -> float:
    """Seconds that papermill takes for a chapter, as it comes."""
    import papermill

    logging.getLogger("papermill").setLevel(logging.ERROR)
    path = chapter_path(chapter, notebooks)
    start = time.perf_counter()
    papermill.execute_notebook(
        jupytext.read(path.with_suffix(".md")), path.with_suffix(".out.ipynb"),
        kernel_name="python3", cwd=notebooks, progress_bar=False,
    )  # fmt: skip
    return time.perf_counter() - start


def copies(count: int, folder: Path) -> list[str]:
    """Put so many copies of one chapter into a folder; their names."""
    names = [f"{COPIED}-{n}" for n in range(1, count + 1)]
    for name in names:
        target = chapter_path(name, folder).with_suffix(".md")
        shutil.copy(chapter_path(COPIED, execute.NOTEBOOKS).with_suffix(".md"), target)
    return names


def measure(quick: bool) -> Iterator[Found]:
    """Each chapter and all of them; a quick run has one chapter alone."""
    names = [COPIED] if quick else execute.chapters()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(execute.NOTEBOOKS, folder, dirs_exist_ok=True)
        whole = 0.0 if quick else seconds(names, Path(folder))
        slow = {}
        for name in names:
            took = seconds([name], Path(folder))
            slow[name] = papermill_seconds(name, Path(folder))
            yield Found(EACH[name].what, [took], slow[name])
    if not quick:
        yield Found(ALL.what, [whole], sum(slow.values()))


def growth(quick: bool) -> Iterator[Found]:
    """One cheap chapter, copied."""

    def sized(sizes: Iterable[int]) -> Iterator[tuple[int, list[float]]]:
        for count in sizes:
            with tempfile.TemporaryDirectory() as folder:
                names = copies(count, Path(folder))
                yield count, [seconds(names, Path(folder))]

    yield from grown(GROWTH, sized(COPIES[:2] if quick else COPIES))


GROUPS = (
    Group("execution", (ALL, *EACH.values()), measure, 1500),
    Group("execution", GROWTH, growth, 600),
)
