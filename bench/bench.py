"""Measure what readers and contributors wait for: `make bench`.

Prints one line a measurement, with the limit that it is held to.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from aifactory import execute

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
BUILD = [ROOT / ".venv" / "bin" / "jupyter-book", "build", ".", "-W", "--keep-going", "-n", "-q"]


def report(what: str, value: float, unit: str, limit: float) -> None:
    """One line: what was measured, the value, and its share of the limit."""
    print(f"{what:<44} {value:9,.1f} {unit:<3} limit {limit:6,.0f}  {value / limit:6.0%}")


def timed(command: list) -> float:
    """Wall-clock seconds that a command takes in the project's folder."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def chapter_seconds(chapter: str) -> float:
    """Seconds for a fresh run of a chapter, in a copy of the notebooks."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(execute.NOTEBOOKS, folder, dirs_exist_ok=True)
        start = time.perf_counter()
        execute.execute([chapter], notebooks=Path(folder), force=True, say=lambda _: None)
        return time.perf_counter() - start


def rebuild_seconds(page: Path) -> float:
    """Seconds to rebuild the site after one more line of prose on a page."""
    before = page.read_bytes()
    try:
        page.write_bytes(before + b"\nOne more line.\n")
        return timed(BUILD)
    finally:
        page.write_bytes(before)


def page_kilobytes(page: Path) -> tuple[float, float]:
    """Size of a page with its own styles and scripts: as stored, and compressed."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"<(?:link|script)[^>]*(?:href|src)=\"([^\"#?]+)", text)
    files = {(page.parent / link).resolve() for link in links if "://" not in link}
    own = [p for p in files if p.suffix in (".css", ".js") and p.is_file()]
    sizes = [p.read_bytes() for p in [page, *sorted(own)]]
    return sum(map(len, sizes)) / 1000, sum(len(gzip.compress(b)) for b in sizes) / 1000


def main() -> int:
    """Measure everything."""
    print(f"Python {sys.version.split()[0]}, {len(execute.chapters())} chapters\n")
    for chapter in execute.chapters():
        report(f"fresh run of {chapter}", chapter_seconds(chapter), "s", 60)
    report("build of the whole site", timed([*BUILD, "--all"]), "s", 120)
    report(
        "rebuild after one line of prose", rebuild_seconds(ROOT / "book" / "methods.md"), "s", 15
    )
    for chapter in execute.chapters():
        page = HTML / "notebooks" / f"{chapter.replace('-', '_')}.html"
        plain, wire = page_kilobytes(page)
        report(f"{page.stem}: page, styles, scripts", plain, "kB", 600)
        report(f"{page.stem}: the same, compressed", wire, "kB", 600)
    timed(BUILD)
    return 0


if __name__ == "__main__":
    sys.exit(main())
