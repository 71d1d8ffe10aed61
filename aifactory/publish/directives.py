"""Directives that show what executed notebooks and the data package hold.

`criterion CLAIM`, `claim-ledger`, `forecasts` and `ratings`, and the role `site`, for links to what
the site has beside its documents; those that show claims as rows are in
`aifactory.publish.front`, that of the tables in `aifactory.publish.datapages`. All read stored
outputs: nothing but the scores of forecasts is worked out while the site is built, and a claim
whose chapter hasn't been executed is never shown as rated. Pages note the files they read, so that
Sphinx rebuilds them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from aifactory import data, files, forecasts, verdicts
from aifactory.publish import boxes, once, registry
from aifactory.publish.html import block, coded, escape, slug

NOTEBOOKS = "notebooks"
CLAIM_KINDS = {
    "fact": "dated fact",
    "quantity": "quantity",
    "mechanism": "mechanism",
    "forecast": "forecast",
    "opinion": "opinion",
}


def chapters() -> list[str]:
    """Chapter ids in the order in which the post is done with them: by the last line on each."""

    def last(chapter: str) -> int:
        claims = data.chapter_claims(chapter)
        return max(int(n) for c in claims for n in re.findall(r"\d+", c.post_lines))

    return sorted(dict.fromkeys(data.claims()["chapter"]), key=last)


def words(chapter: str) -> str:
    """A chapter's id as words."""
    return chapter.replace("-", " ")


def stored_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; none where there is no file."""
    return files.csv_rows(path) if path.is_file() else []


class BookDirective(SphinxDirective):
    """A directive that reads stored verdicts and data."""

    has_content = False

    def notebook(self, chapter: str) -> Path:
        """Where a chapter's executed notebook is, whether or not it exists."""
        return verdicts.chapter_path(chapter, Path(self.env.srcdir) / NOTEBOOKS)

    def page(self, chapter: str) -> str:
        """The docname of a chapter."""
        return f"{NOTEBOOKS}/{self.notebook(chapter).stem}"

    def verdicts(self, chapter: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Stored verdicts of a chapter by claim and edition; empty where it isn't executed."""
        path = self.notebook(chapter)
        self.env.note_dependency(str(path))
        return verdicts.by_claim(once.verdicts(path)) if path.exists() else {}

    def note_data(self, *files: str) -> None:
        """Rebuild this page when these files of the data folder change."""
        for file in ("datapackage.json", *files):
            self.env.note_dependency(str(data.folder() / file))

    def label(self, anchor: str, title: str) -> None:
        """Let {ref}`anchor` find a place on this page that only ready-made HTML has."""
        domain = self.env.get_domain("std")
        domain.anonlabels[anchor] = (self.env.docname, anchor)
        domain.labels[anchor] = (self.env.docname, anchor, title)


class Criterion(BookDirective):
    """The criterion of a claim, word for word as data/claims.csv has it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.note_data("claims.csv")
        text = data.claim(self.arguments[0]).criterion
        return [block(f'<blockquote class="criterion"><p>{escape(text)}</p></blockquote>', text)]


class ClaimLedger(BookDirective):
    """Every claim of the post with its criterion and, where tested, its rating."""

    def run(self) -> list[nodes.Node]:
        self.note_data("claims.csv")
        return [block(self.chapter(chapter)) for chapter in chapters()]

    def chapter(self, chapter: str) -> str:
        """The claims of one chapter."""
        held = self.verdicts(chapter)
        entries = "".join(
            self.entry(claim, held.get(claim.id, {})) for claim in data.chapter_claims(chapter)
        )
        return (
            f'<section class="ledger"><h2 id="chapter-{slug(chapter)}">'
            f"{escape(words(chapter).capitalize())}</h2><dl>{entries}</dl></section>\n"
        )

    def entry(self, claim: data.Claim, editions: dict[str, list[dict[str, Any]]]) -> str:
        """One claim."""
        found = [v for parts in editions.values() for v in parts]
        lines = claim.post_lines.replace(";", ", ")
        meta = f"{CLAIM_KINDS.get(claim.kind, claim.kind)} · post, line {lines}"
        chips = " ".join(
            boxes.chip(verdicts.combine(parts)["rating"])
            + (f" <small>{escape(verdicts.EDITIONS[edition])}</small>" if edition else "")
            for edition, parts in editions.items()
        )
        link = f'<a href="doc:{self.page(claim.chapter)}#{escape(claim.id)}">Read the test</a>'
        state = f"{chips} {link}" if editions else '<span class="rating">Not yet tested</span>'
        return (
            f'<dt id="{escape(claim.id)}">'
            f'<a href="doc:{boxes.claim_page(escape(claim.id))}">{escape(claim.claim)}</a> '
            f"<small><code>{escape(claim.id)}</code>, {escape(meta)}</small></dt>"
            f"<dd><p>{escape(claim.criterion)}</p><p>{state}</p>{boxes.grounds(found)}</dd>"
        )


class Ratings(BookDirective):
    """The table of ratings, from the rule itself."""

    def run(self) -> list[nodes.Node]:
        rows = ""
        upper = None
        for bound, rating in verdicts.RATINGS:
            low = max(bound, 0.0)
            text = f"above {low:g}" if upper is None else f"{low:g} to {upper:g}"
            if low == 0:
                text = f"below {upper:g}"
            rows += f"<tr><td>{boxes.chip(rating)}</td><td>{text}</td></tr>"
            upper = bound
        rows += f"<tr><td>{boxes.chip(verdicts.NOT_TESTABLE)}</td><td>none can be given</td></tr>"
        titles = ("Rating", "Probability that the claim holds")
        head = "<tr>" + "".join(f'<th scope="col">{t}</th>' for t in titles) + "</tr>"
        return [block(f'<table class="facts"><thead>{head}</thead><tbody>{rows}</tbody></table>')]


class Forecasts(BookDirective):
    """Every forecast of the registry, open ones first, with scores where there are outcomes."""

    def run(self) -> list[nodes.Node]:
        self.note_data("forecasts.csv", "sources.csv")
        found = forecasts.load()
        for item in found:
            self.label(registry.anchor(item.id), item.question)
        return [block(registry.page(found))]


def site_link(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, *_: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """The role `site`: "words <file:CITATION.cff>" and "words <doc:changes>", as a link."""
    found = re.fullmatch(r"(.+?)\s*<((?:file|doc):[^<>]+)>", text.strip(), re.S)
    if not found:
        told = f"{text!r} is not of the form: words <file:NAME> or words <doc:NAME>"
        return [], [inliner.reporter.error(told, line=lineno)]
    said, target = found[1], found[2]
    return [block(f'<a href="{escape(target)}">{coded(said)}</a>', said)], []


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("criterion", Criterion)
    app.add_directive("claim-ledger", ClaimLedger)
    app.add_directive("ratings", Ratings)
    app.add_directive("forecasts", Forecasts)
    app.add_role("site", site_link)
