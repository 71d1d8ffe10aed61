"""The cover: every tested claim of the post as a dot, from failing to holding."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import vl_convert

from aifactory import charts, verdicts
from aifactory.publish import directives, once, pages
from aifactory.publish.html import escape

WIDTH, HEIGHT = 1200, 1800
_LEFT, _RIGHT, _TOP = 450, 1110, 780
_COLOURS = ((2 / 3, "#00664b"), (1 / 3, "#8a94a0"), (0.0, "#a32c14"))
_ENDS = ("fails", "even", "holds")


def rows(notebooks: Path) -> Iterator[tuple[str, list[float]]]:
    """Each executed chapter and the probabilities of its claims, from its newest verdicts."""
    for chapter in directives.chapters():
        path = verdicts.chapter_path(chapter, notebooks)
        if path.exists():
            claims = verdicts.by_claim(once.verdicts(path))
            found = [_newest(editions) for editions in claims.values()]
            yield chapter, [p for p in found if p is not None]


def _newest(editions: dict[str, list[dict[str, Any]]]) -> float | None:
    parts = editions.get("newest") or editions.get("") or next(iter(editions.values()))
    return verdicts.combine(parts)["probability"]


def svg(title: str, author: str, found: Iterable[tuple[str, list[float]]]) -> str:
    """The cover as one SVG document."""
    edition = pages.edition()
    name = "".join(
        f'<text x="90" y="{240 + 130 * i}" font-size="116" font-weight="700">{escape(line)}</text>'
        for i, line in enumerate(textwrap.wrap(title, 16))
    )
    found = [(chapter, ps) for chapter, ps in found if ps]
    step = min(100, 800 / max(len(found), 1))
    bottom = _TOP + step * len(found)
    lines = "".join(_row(*row, _TOP + step * (i + 0.5)) for i, row in enumerate(found))
    axis = "".join(
        f'<path d="M{x} {_TOP}V{bottom}" stroke="#d9dfe5" stroke-width="2"/>'
        f'<text x="{x}" y="{_TOP - 24}" font-size="32" text-anchor="middle" fill="#55606b">'
        f"{w}</text>"
        for x, w in zip((_LEFT, (_LEFT + _RIGHT) / 2, _RIGHT), _ENDS, strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{escape(charts.FONTS)}" fill="#1d2329">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<rect width="{WIDTH}" height="28" fill="#0072b2"/>{name}'
        '<text x="92" y="560" font-size="38" fill="#55606b">Every claim of a post about AI '
        'factories,</text><text x="92" y="610" font-size="38" fill="#55606b">tested with open data '
        f"and models that run</text>{axis}{lines}"
        f'<text x="92" y="1690" font-size="34">{escape(author)}</text>'
        f'<text x="92" y="1738" font-size="34" fill="#55606b">Version {escape(edition.version)}, '
        f"{escape(edition.released)}</text></svg>\n"
    )


def _row(chapter: str, probabilities: list[float], y: float) -> str:
    label = escape(directives.words(chapter).capitalize())
    dots = "".join(
        f'<circle cx="{_LEFT + p * (_RIGHT - _LEFT):.1f}" cy="{y:.1f}" r="17" fill="{_colour(p)}"'
        ' fill-opacity=".8" stroke="#fff" stroke-width="3"/>'
        for p in probabilities
    )
    return f'<text x="92" y="{y + 12:.1f}" font-size="36">{label}</text>{dots}'


def _colour(probability: float) -> str:
    return next(colour for bound, colour in _COLOURS if probability >= bound)


def png(drawn: str) -> bytes:
    """The cover as a picture, for readers that show no SVG."""
    return vl_convert.svg_to_png(drawn, scale=1)
