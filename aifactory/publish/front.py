"""The first page: the answer in a sentence, and the post's argument as a line of claims.

`answer`, `scoreboard`, `worked-example CLAIM` and, at the top of each chapter, `chapter-verdicts
CHAPTER`. All is worked out from verdicts stored in executed notebooks; a claim whose chapter hasn't
been executed is never shown as rated. Without the script everything is shown, and nothing to
filter it with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from aifactory import data, verdicts
from aifactory.publish import boxes, glosses, once
from aifactory.publish.directives import BookDirective, chapters, words
from aifactory.publish.html import block, escape, slug, tied
from aifactory.said import said_in

EVEN = "about as likely as not"
# Ratings in four groups, for counting and filtering: the group's id and what it is called.
GROUPS = {
    "holds": "likely or better",
    "even": "about even",
    "fails": "unlikely or worse",
    "untestable": "not testable",
}
Editions = dict[str, list[dict[str, Any]]]


def group(rating: str) -> str:
    """The group that a rating belongs to."""
    if rating == verdicts.NOT_TESTABLE:
        return "untestable"
    scale = [word for _, word in verdicts.RATINGS]
    place, middle = scale.index(rating), scale.index(EVEN)
    return "holds" if place < middle else "fails" if place > middle else "even"


def standing(editions: Editions, edition: str = "newest") -> dict[str, Any]:
    """The verdict that a claim stands at: that of the edition asked for, or its only one."""
    return verdicts.combine(editions.get(edition) or next(iter(editions.values())))


# -- one claim as a row ---------------------------------------------------------------------------


def row(claim: Any, editions: Editions, link: str, test: str = "") -> str:
    """A claim in words, its rating and probability drawn, its interval; the reason is folded.

    `link` is where the claim's words lead, `test` the place in its chapter, where that is another.
    """
    now = standing(editions)
    then = verdicts.combine(editions["post"]) if len(editions) > 1 else None
    p, before = now["probability"], then["probability"] if then else None
    drawn = boxes.probability_svg(p, before)
    why = "".join(_why(editions[e]) for e in ("newest", "post", "") if e in editions)
    bar = f"<p>Criterion: {escape(claim.criterion)}</p>" if test else ""
    ways = f'<a href="doc:{test}">Read the test</a>. {boxes.bar_link(f"doc:{test}")}.'
    more = f"<p>{ways}</p>" if test else ""
    return (
        f'<li class="score" data-group="{group(now["rating"])}">'
        f'<p class="score-claim"><a href="{link}">{escape(claim.claim)}</a></p>'
        f'<div class="score-result">{boxes.chip(now["rating"])}{drawn}'
        f'<p class="score-when">{escape(_chances(now, then))}</p></div>'
        f'<details class="score-why"><summary>{escape(_deciding(now))}</summary>{bar}{why}{more}'
        "</details></li>"
    )


def _deciding(v: dict[str, Any]) -> str:
    return tied(boxes.short_span(v)) or f"{v['metric']}: no number decides this"


def _chances(now: dict[str, Any], then: dict[str, Any] | None) -> str:
    """The probability in words, and where it stood when the post was written."""
    said = tied(verdicts.chance(now).capitalize() or "No probability can be given")
    if then is None or then["probability"] is None:
        return said
    earlier = tied(verdicts.chance(then).removeprefix("probability "))
    if then["rating"] != now["rating"]:
        return f"{said}; at the post {earlier}, {then['rating']}"
    return f"{said}, as at the post" if said.endswith(earlier) else f"{said}; at the post {earlier}"


def _why(parts: list[dict[str, Any]]) -> str:
    """The reason of one edition of a claim, and what its parts were."""
    v = verdicts.combine(parts)
    when = {"post": "At the post,", "newest": "Newest data,"}.get(v["edition"] or "", "As of")
    split = boxes.parts_line(parts)
    span = f" {boxes.short_span(v)}." if v["edition"] == "post" and v["p50"] is not None else ""
    return (
        f"<p><b>{when} {escape(v['as_of'])}</b> {boxes.chip(v['rating'])}</p>"
        f"<p>{escape(v['reason'] + span)}</p>{split}"
    )


def rows(items: Iterable[str], label: str) -> str:
    """Rows as one list."""
    return f'<ol class="scoreboard" aria-label="{escape(label)}">{"".join(items)}</ol>\n'


# -- counts ---------------------------------------------------------------------------------------


def tally(ratings: Iterable[str]) -> Counter[str]:
    """How many ratings there are in each group."""
    return Counter(group(r) for r in ratings)


def sentence(counts: Counter[str]) -> str:
    """The answer of the book in one sentence."""
    testable = counts.total() - counts["untestable"]
    said = (
        f"Of the post's {counts.total()} claims, {testable} can be tested. By the newest data "
        f"{counts['holds']} come out likely or better, {counts['even']} about even and "
        f"{counts['fails']} unlikely or worse"
    )
    rest = counts["untestable"]
    return f"{said}; {rest} cannot be tested with open data." if rest else f"{said}."


def earlier(now: Counter[str], then: Counter[str], moved: Iterable[str] = ()) -> str:
    """How the counts stood by what was known when the post was written, as HTML.

    `moved` are the claims that are in another group since, as `crossed` gives them.
    """
    known = "By what was known when it was written,"
    since = list(moved)
    if now == then:
        if not since:
            return f"{known} the counts are the same."
        return f"{known} the counts are the same, but claims have crossed since: {_and(since)}."
    told = f"{then['holds']} likely or better, {then['even']} about even, {then['fails']} unlikely"
    return f"{known} they were {told} or worse" + (
        f"; since then: {_and(since)}." if since else "."
    )


def crossed(held: dict[str, dict[str, Editions]]) -> list[str]:
    """The claims whose rating is in another group than at the post's date, as HTML."""
    found = []
    for chapter, editions in held.items():
        for claim in data.chapter_claims(chapter):
            if claim.id not in editions:
                continue
            then, now = (
                group(standing(editions[claim.id], edition)["rating"])
                for edition in ("post", "newest")
            )
            if then != now:
                words = escape(glosses.standalone(claim).removesuffix("."))
                link = f'<a href="doc:claims/{escape(claim.id)}">{words}</a>'
                found.append(f"“{link}” (from {GROUPS[then]} to {GROUPS[now]})")
    return found


def _and(items: list[str]) -> str:
    return " and ".join(x for x in (", ".join(items[:-1]), items[-1]) if x)


def held_list(held: dict[str, dict[str, Editions]]) -> str:
    """The claims that come out likely or better, by name."""
    found = [
        (claim, now)
        for chapter, editions in held.items()
        for claim in data.chapter_claims(chapter)
        if claim.id in editions
        and group((now := standing(editions[claim.id]))["rating"]) == "holds"
    ]
    items = "".join(
        f'<li><a href="doc:claims/{escape(c.id)}">{escape(glosses.standalone(c))}</a> '
        f"{boxes.chip(v['rating'])}</li>"
        for c, v in found
    )
    return (
        f'<p>What comes out {GROUPS["holds"]}:</p><ul class="held">{items}</ul>\n' if items else ""
    )


def strip(counts: Counter[str]) -> str:
    """A cell for each claim, from the likely to the untestable, with the counts in words below."""
    cells = "".join(f'<i class="is-{g}"></i>' * counts[g] for g in GROUPS)
    keys = "".join(
        f'<li><i class="is-{g}" aria-hidden="true"></i>{counts[g]} {name}</li>'
        for g, name in GROUPS.items()
        if counts[g]
    )
    return (
        f'<div class="counts" aria-hidden="true">{cells}</div>'
        f'<ul class="counts-key" aria-label="Claims by rating">{keys}</ul>\n'
    )


def chain(subjects: dict[str, list[str]]) -> str:
    """The subjects of the post, one leading to the next: a mark for each claim's rating."""
    links = ""
    for chapter, ratings in subjects.items():
        marks = "".join(f'<i class="is-{group(r)}"></i>' for r in ratings)
        links += (
            f'<li><a href="#subject-{slug(chapter)}">{escape(words(chapter).capitalize())}'
            f'<span class="marks" aria-hidden="true">{marks}</span>'
            f'<span class="unseen">: {escape(_held(ratings))}</span></a></li>'
        )
    return f'<ol class="chain" aria-label="The post\'s argument, subject by subject">{links}</ol>\n'


def _held(ratings: list[str]) -> str:
    counts = tally(ratings)
    testable = counts.total() - counts["untestable"]
    if not testable:
        return "not testable"
    return f"{counts['holds'] or 'none'} of {testable} likely or better"


def filters(subjects: Iterable[str], counts: Counter[str]) -> str:
    """The form that narrows the line of claims down; of use, and shown, only with the script."""
    options = "".join(
        f'<option value="{slug(c)}">{escape(words(c).capitalize())}</option>' for c in subjects
    )
    boxed = "".join(
        f'<label><input type="checkbox" name="rating" value="{g}">'
        f"<span>{name.capitalize()} ({counts[g]})</span></label>"
        for g, name in GROUPS.items()
        if counts[g]
    )
    return (
        '<form class="filter" aria-label="Filter the claims">'
        '<label class="filter-subject">Subject <select name="subject">'
        f'<option value="">All</option>{options}</select></label>'
        f"<fieldset><legend>Rating</legend>{boxed}</fieldset>"
        '<label><input type="checkbox" name="why" value="1"><span>Show reasons</span></label>'
        '<button type="reset">Show all</button>'
        f'<output aria-live="polite">{counts.total()} of {counts.total()} claims shown</output>'
        "</form>\n"
    )


# -- directives -----------------------------------------------------------------------------------


class FrontDirective(BookDirective):
    """A directive that reads the verdicts of every chapter."""

    def held(self) -> dict[str, dict[str, Editions]]:
        """Chapter -> claim -> edition -> parts, in the post's order, of what is executed."""
        self.note_data("claims.csv")
        found = {c: self.verdicts(c) for c in chapters()}
        return {c: held for c, held in found.items() if held}

    def subjects(self, edition: str = "newest") -> dict[str, list[str]]:
        """The rating at which each claim stands in an edition, by chapter."""
        return {
            chapter: [
                standing(held[c.id], edition)["rating"]
                for c in data.chapter_claims(chapter)
                if c.id in held
            ]
            for chapter, held in self.held().items()
        }


class Answer(FrontDirective):
    """What the book finds, in one sentence, a strip, and a line on all claims at once."""

    def run(self) -> list[nodes.Node]:
        subjects = self.subjects()
        counts = tally(r for found in subjects.values() for r in found)
        said = sentence(counts)
        then = tally(r for found in self.subjects("post").values() for r in found)
        path = Path(self.env.srcdir) / "notebooks" / "factory.ipynb"
        self.env.note_dependency(str(path))
        whole = together(said_in(once.notebook(path))) if path.exists() else ""
        held = self.held()
        before = earlier(counts, then, crossed(held))
        return [
            block(
                f'<p class="answer">{escape(said)}</p>{strip(counts)}<p>{before}</p>'
                f"{held_list(held)}{whole}",
                said,
            ),
            block(chain(subjects)),
        ]


def together(said: dict[str, str]) -> str:
    """How many claims hold in one and the same world, as the factory's chapter found it."""
    names = ("factory-claims", "factory-held", "factory-all")
    if not all(n in said for n in names):
        return ""
    claims, held, every = (escape(said[n]) for n in names)
    return (
        "<p>Unlikely claims hold now and then: in one run of the model with all inputs varied "
        f"together, {held} of the {claims} hold, and all of them in "
        f'{every} of <a href="doc:notebooks/factory">the whole factory</a>.</p>\n'
    )


class Scoreboard(FrontDirective):
    """The post's claims in its own order, a row each; chapters that don't exist yet as a line."""

    def run(self) -> list[nodes.Node]:
        held, subjects = self.held(), self.subjects()
        counts = tally(r for found in subjects.values() for r in found)
        parts = [self.subject(c, held[c], subjects[c]) for c in held]
        waiting = [
            c
            for chapter in chapters()
            for c in data.chapter_claims(chapter)
            if c.id not in held.get(chapter, {})
        ]
        line = f'<div class="argument">{"".join(parts)}</div>\n' if parts else ""
        form = filters(held, counts) if parts else ""
        return [block(form + line + boxes.untested(waiting, words))]

    def subject(self, chapter: str, held: dict[str, Editions], ratings: list[str]) -> str:
        """One link of the chain: the subject, and a row for each of its claims."""
        page = self.page(chapter)
        title = escape(words(chapter).capitalize())
        listed = [
            row(c, held[c.id], f"doc:claims/{escape(c.id)}", f"{page}#{escape(c.id)}")
            for c in data.chapter_claims(chapter)
            if c.id in held
        ]
        return (
            f'<section class="subject" data-subject="{slug(chapter)}">'
            f'<h3 id="subject-{slug(chapter)}"><a href="doc:{page}">{title}</a> '
            f"<small>{escape(_held(ratings))}</small></h3>"
            f"{rows(listed, f'Verdicts: {title}')}</section>\n"
        )


class ChapterVerdicts(BookDirective):
    """The verdicts of one chapter, at its top."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        chapter = self.arguments[0]
        held = self.verdicts(chapter)
        listed = [
            row(c, held[c.id], f"doc:{self.page(chapter)}#{escape(c.id)}")
            for c in data.chapter_claims(chapter)
            if c.id in held
        ]
        if not listed:
            command = f"make execute CHAPTER={chapter}"
            raise self.error(f"chapter {chapter} holds no verdicts; run `{command}`")
        return [block(rows(listed, "Verdicts of this chapter"))]


class WorkedExample(BookDirective):
    """The picture that explains the book: one claim on its way to a verdict and back."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.note_data("claims.csv")
        claim = data.claim(self.arguments[0])
        held = self.verdicts(claim.chapter).get(claim.id)
        if not held:
            command = f"make execute CHAPTER={claim.chapter}"
            raise self.error(f"claim {claim.id} has no verdict; run `{command}`")
        return [block(example(claim, held, self.page(claim.chapter)))]


def example(claim: Any, editions: Editions, page: str) -> str:
    """One claim in five steps."""
    v = standing(editions)
    every = [p for parts in editions.values() for p in parts]
    figures, sources, tables = (
        _counted(len({x for p in every for x in p[f"{noun}s"]}), noun)
        for noun in ("figure", "source", "table")
    )
    steps = {
        "Claim": f"{escape(claim.claim)} A written criterion says what would make it true.",
        "Data": f"{figures} and {tables} from {sources}, each with its date and, where it has "
        "one, its range.",
        "Model": f"It runs and is tested. {escape(_deciding(v))}.",
        "Verdict": f"{boxes.chip(v['rating'])} {escape(_chances(v, None))}: a rule gives the word.",
        "Page": f'It shows <a href="doc:{page}#{escape(claim.id)}">what was run</a>, and every '
        "section can be cited.",
    }
    listed = "".join(f"<li><b>{name}</b><p>{text}</p></li>" for name, text in steps.items())
    return (
        '<figure class="steps" aria-labelledby="picture-title">'
        f"<ol>{listed}</ol>"
        '<figcaption id="picture-title">One claim on its way. Anyone can change a figure, run it '
        "again, and see which verdicts move.</figcaption></figure>\n"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _style(app: Sphinx, page: str, template: str, context: dict[str, Any], _: Any) -> None:
    """The first page has a style sheet of its own, so that no chapter carries it."""
    if page == app.config.root_doc:
        sheet = context["pathto"]("_static/front.css", 1)
        context["metatags"] = (
            context.get("metatags", "") + f'<link rel="stylesheet" href="{sheet}">\n'
        )


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("answer", Answer)
    app.add_directive("scoreboard", Scoreboard)
    app.add_directive("chapter-verdicts", ChapterVerdicts)
    app.add_directive("worked-example", WorkedExample)
    app.connect("html-page-context", _style)
