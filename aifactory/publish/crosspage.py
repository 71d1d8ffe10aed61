"""The table of cross-checks: key results beside what a second route gives."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from aifactory import crosschecks, files
from aifactory.publish import directives
from aifactory.publish.html import block, escape, grouped

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
        table = grouped("Cross-checks", HEADS, groups)
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
    cells = (row["printed"], row["second"], row["tolerance"], row["agrees"].capitalize())
    mark = f"<br><small>{DECIDES}</small>" if row["decides"] else ""
    way = f"{row['kind'].capitalize() if row['kind'] != 'SQL' else 'SQL'}: {row['route']}"
    return (
        f'<tr><th scope="row">{escape(row["result"])}{mark}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in (*cells, way))
        + "</tr>"
    )


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("cross-checks", CrossChecks)
