"""Pictures that stand for a page where its address is shared: og/CHAPTER.png and og/index.png.

A card has the book's title, the chapter's, and one chart with its finding, 1200 by 630 px as
OpenGraph's readers want it. As with charts, a digest decides whether it is drawn anew.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
from sphinx.application import Sphinx

from aifactory import charts
from aifactory.files import atomically
from aifactory.publish import citing
from aifactory.publish.contents import Place
from aifactory.publish.html import escape, is_site

FOLDER = "og"
SIZE = (1200, 630)
INDEX = "index"
# The chart for a page whose first result chart isn't the one to show; the book's is the factory's.
CHOSEN = {
    "index": "factory-count",
    "cooling": "cooling-chillers-dates",
    "factory": "factory-count",
    "networking": "networking-single-brain-weak",
    "robots": "robots-payback-cost",
}
_INK, _QUIET, _ACCENT, _LINE = "#1d2329", "#5a636d", "#0072b2", "#dfe3e8"
_COLUMN, _BOX = 372, (474, 40, 686, 530)  # width of the words; x, y, width, height of the chart


def file(name: str) -> str:
    """The card of a page, as a file of the site."""
    is_chapter = name.startswith(citing.CHAPTERS)
    return f"{FOLDER}/{name.removeprefix(citing.CHAPTERS) if is_chapter else INDEX}.png"


def chart(app: Sphinx, name: str) -> Place | None:
    """The chart that stands for a page: the one chosen, or the first under a result.

    The whole factory's stands for the book. None where there is no chart.
    """
    page = f"{citing.CHAPTERS}factory" if name == INDEX else name
    found = app.citer.places(page) if page in app.env.found_docs else []
    wanted = CHOSEN.get(name.removeprefix(citing.CHAPTERS))
    if wanted:
        return next((p for p in found if p.label == f"fig-{wanted}"), None)
    result = next((i for i, p in enumerate(found) if p.label.endswith("-result")), 0)
    return next((p for p in found[result:] if p.spec), None)


def compose(spec: dict[str, Any], title: str, heading: str) -> str:
    """A card as SVG: the book's title, a heading, the finding, the chart."""
    x, y, wide, high = _BOX
    drawn = charts.svg(spec, 500, title=False)
    width, height = charts.size(drawn)
    scale = min(wide / width, high / height)
    left, top = x + (wide - width * scale) / 2, y + (high - height * scale) / 2
    inner = re.sub(
        r'<svg ([^>]*?) width="[^"]*" height="[^"]*"',
        rf'<svg \1 x="{left:.1f}" y="{top:.1f}" width="{width * scale:.1f}"'
        rf' height="{height * scale:.1f}"',
        drawn,
        count=1,
    )
    words = _lines(heading, 54, 96, _INK, "bold")
    finding = _lines(spec["usermeta"]["finding"], 31, words[1] + 34, _INK, "normal")
    source = _lines(title if title != heading else "", 22, 584, _QUIET, "normal", up=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE[0]}" height="{SIZE[1]}"'
        f' viewBox="0 0 {SIZE[0]} {SIZE[1]}" font-family="{charts.FONTS}">'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<rect width="14" height="100%" fill="{_ACCENT}"/>'
        f'<path d="M446 40v550" stroke="{_LINE}" stroke-width="2"/>'
        f"{words[0]}{finding[0]}{source[0]}{inner}</svg>"
    )


def _lines(
    text: str, size: int, y: float, colour: str, weight: str, up: bool = False
) -> tuple[str, float]:
    """Words wrapped to the column, and where the next may stand; `up` sets the last line at y."""
    lines = charts.wrap(text, size * (1.08 if weight == "bold" else 1), _COLUMN)
    step = size * 1.22
    start = y - step * (len(lines) - 1) if up else y
    rows = "".join(
        f'<text x="50" y="{start + i * step:.1f}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    group = f'<g font-size="{size}" font-weight="{weight}" fill="{colour}">{rows}</g>'
    return group, start + step * len(lines)


@cache
def _engine() -> str:
    code = Path(charts.__file__).read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(code).hexdigest() + vl_convert.__version__


def packed(png: bytes) -> bytes:
    """The same picture in some 40 % of the bytes: vl-convert packs for speed."""
    chunks, at, pixels = [], 8, b""
    while at < len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            pixels += png[at + 8 : end - 4]
        else:
            chunks.append(png[at:end])
        at = end
    body = b"IDAT" + zlib.compress(zlib.decompress(pixels), 9)
    length, check = len(body) - 4, zlib.crc32(body)
    chunks.insert(-1, length.to_bytes(4) + body + check.to_bytes(4))
    return png[:8] + b"".join(chunks)


def draw(target: Path, spec: dict[str, Any], title: str, heading: str) -> bool:
    """Write a card unless it is there as it should be; says whether it was drawn."""
    text = json.dumps([spec, title, heading], sort_keys=True) + _engine()
    key = hashlib.sha256(text.encode()).hexdigest()
    note = target.with_name(f".{target.stem}.digest")
    if target.exists() and note.exists() and note.read_text() == key:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = packed(vl_convert.svg_to_png(compose(spec, title, heading), scale=1))
    atomically(target, lambda at: at.write_bytes(picture))
    note.write_text(key)
    return True


def names(app: Sphinx) -> list[str]:
    """The pages that have a card: the chapters, and the first page for all others."""
    return [INDEX, *sorted(n for n in app.env.found_docs if n.startswith(citing.CHAPTERS))]


def _draw_all(app: Sphinx, error: Exception | None) -> None:
    if error or not is_site(app):
        return
    book = app.citer.book
    for name in names(app):
        heading = app.citer.places(name)[0].short
        if place := chart(app, name):
            spec = json.loads(place.spec)
            draw(Path(app.outdir) / file(name), spec, book.title, heading)


def setup(app: Sphinx) -> None:
    """Draw the cards when the pages are done."""
    app.connect("build-finished", _draw_all)
