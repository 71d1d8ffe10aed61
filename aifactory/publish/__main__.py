"""`python -m aifactory.publish epub` or `pdf`: the whole book as one file in _build/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from aifactory.browser import NoBrowser
from aifactory.publish import epub, volume
from aifactory.publish.pages import ROOT

KINDS = ("epub", "pdf")


def pages() -> tuple[Path, volume.Book]:
    """Write the pages that are out of date, and read all."""
    folder = ROOT / "_build" / "epub"
    configured = subprocess.run(
        [str(Path(sys.executable).with_name("jupyter-book")), "config", "sphinx", str(ROOT)],
        capture_output=True,
        text=True,
    )
    if configured.returncode:
        raise SystemExit(configured.stderr)
    trees = str(folder / ".doctrees")
    if build_main(["-b", "epub", "-d", trees, str(ROOT), str(folder), "-W", "--keep-going", "-nq"]):
        raise SystemExit(1)
    return folder, volume.load(folder)


def main(kind: str) -> Path:
    """Make one file, and return where it is."""
    folder, book = pages()
    target = ROOT / "_build" / f"{volume.NAME}.{kind}"
    if kind == "epub":
        epub.write(book, folder, ROOT / "notebooks", target)
        return target
    from aifactory.publish import paper  # playwright and pikepdf are not in the reader's lock

    paper.write(book, folder, ROOT / "notebooks", target)
    return target


if __name__ == "__main__":
    if sys.argv[1:] not in [[k] for k in KINDS]:
        sys.exit(f"usage: python -m aifactory.publish {'|'.join(KINDS)}")
    try:
        made = main(sys.argv[1])
    except NoBrowser as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"{made.relative_to(ROOT)}, {made.stat().st_size / 1e6:.1f} MB\n")
