"""The addresses that the site has published: pages, and places on them. None may die.

tests/site/addresses.txt lists them. Ids that Sphinx makes up from titles are not among them, as
they change with the text; labels are, and ids that name a thing of the book. To add what is new:

    .venv/bin/python tests/site/addresses.py
"""

from __future__ import annotations

import csv
import functools
import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from markup import page
from sphinx.util.inventory import InventoryFile
from visit import FILES, ROOT, SITE

LIST = Path(__file__).with_suffix(".txt")
COMMAND = ".venv/bin/python tests/site/addresses.py"
NAMED = re.compile(r"(?:verdict|fig|table|forecast|term|source|chapter)-.")
MADE = ("claims/", "data/")  # pages made from data: the ids of what has a place of its own there
PLACES = {"article", "dt", "figure", "h1", "h2", "h3", "h4", "section", "tr"}
FILES_TOO = ("claims/*.json", "data/**/*.csv", "data/**/*.parquet", "data/**/*.json")


def listed() -> list[str]:
    """The published addresses."""
    return LIST.read_text(encoding="utf-8").splitlines() if LIST.exists() else []


def built() -> Iterator[str]:
    """The addresses of the built site that are to be published."""
    labels = _labels()
    for path in (f for f in FILES if not f.startswith("_static/")):
        if page(path).moved:
            continue
        yield path
        if not path.startswith("cite/"):
            yield from (f"{path}#{i}" for i in page(path).ids if _lasts(path, i, labels))
    for pattern in FILES_TOO:
        yield from (p.relative_to(SITE).as_posix() for p in SITE.glob(pattern))


def _lasts(path: str, place: str, labels: set[str]) -> bool:
    if f"{path}#{place}" in labels or NAMED.match(place) or place in _names():
        return True
    return path.startswith(MADE) and page(path).tags[place] in PLACES


@functools.cache
def _labels() -> set[str]:
    """Labels and terms, as the site's inventory has them."""
    with (SITE / "objects.inv").open("rb") as file:
        found = InventoryFile.load(file, "", posixpath.join)
    kinds = ("std:label", "std:term")
    return {entry[2].lstrip("/") for kind in kinds for entry in found.get(kind, {}).values()}


@functools.cache
def _names() -> set[str]:
    """The ids of claims and figures."""
    found = set()
    for file, key in (("claims", "claim_id"), ("figures", "figure_id")):
        with (ROOT / "data" / f"{file}.csv").open(encoding="utf-8", newline="") as rows:
            found |= {row[key] for row in csv.DictReader(rows)}
    return found


def alive(address: str) -> bool:
    """Whether an address leads to a place of the site, by way of a page that says where it went."""
    path, _, place = address.partition("#")
    if not (SITE / path).is_file():
        return False
    if not path.endswith(".html"):
        return True
    if to := page(path).moved:
        new = posixpath.normpath(posixpath.join(posixpath.dirname(path), to))
        return alive(new if "#" in new or not place else f"{new}#{place}")
    return not place or place in page(path).ids


if __name__ == "__main__":
    known = listed()
    new = sorted(set(built()) - set(known))
    LIST.write_text("".join(f"{a}\n" for a in sorted({*known, *new})), encoding="utf-8")
