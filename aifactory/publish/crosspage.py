"""The table of cross-checks: key results beside what a second route gives."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from aifactory import crosschecks, files
from aifactory.publish import directives
from aifactory.publish.html import block, capital, escape, grouped

HEADS = ("Result", "The book", "Second route", "Within", "Agrees", "How it was worked out again")
DECIDES = "decides a rating"


class CrossChecks(directives.BookDirective):
    """All cross-checks as they are stored, by chapter."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir) / "book" / crosschecks.TABLE.name
        self.env.note_dependency(str(path))
        found = files.csv_rows(path)
        told = summary(found, len(crosschecks.rated(Path(self.env.srcdir))))
        groups = {
            f'<a href="doc:{self.page(chapter)}">'
            f"{escape(directives.words(chapter).capitalize())}</a>": "".join(map(_row, rows))
            for chapter, rows in groupby(found, key=lambda row: row["chapter"])
        }
        table = grouped("Cross-checks", HEADS, groups, "stacked")
        return [block(f"<p><strong>{told}</strong></p>\n{table}", told)]


def summary(rows: list[dict[str, str]], rated: int) -> str:
    """How many agree, and for how many of the rated claims what decides was worked out twice."""
    agree = sum(row["agrees"] == "yes" for row in rows)
    twice = len({row["decides"] for row in rows} - {""})
    return (
        f"{agree} of {len(rows)} agree. For {twice} of the {rated} rated claims the quantity that "
        "decides the rating is among them."
    )


def _row(row: dict[str, str]) -> str:
    """A result; the script folds the route where the screen is narrow, and the columns stack."""
    cells = (row["printed"], row["second"], row["tolerance"], row["agrees"].capitalize())
    mark = f"<br><small>{DECIDES}</small>" if row["decides"] else ""
    told = "".join(
        f'<td data-column="{name}">{escape(text)}</td>'
        for name, text in zip(HEADS[1:], cells, strict=False)
    )
    kind, route = escape(capital(row["kind"])), escape(row["route"])
    way = f"<details open><summary>{kind}</summary>{route}</details>"
    return (
        f'<tr><th scope="row">{escape(row["result"])}{mark}</th>{told}<td class="long">{way}</td>'
        "</tr>"
    )


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("cross-checks", CrossChecks)
