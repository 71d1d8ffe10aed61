"""A permanent page a claim: the answer first, then all that it rests on, with a JSON twin.

Everything is read from stored outputs, the data package and data/editions.csv. `claimrecords` has
the same as data; `backlinks` finds what refers to a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from sphinx.application import Sphinx

from aifactory import charts, data, editions, files, verdicts
from aifactory.publish import (
    backlinks,
    boxes,
    citation,
    claimrecords,
    directives,
    glosses,
    once,
    pages,
)
from aifactory.publish.claimrecords import Dossier
from aifactory.publish.html import escape, scrolling

HOW = "book/how-to-read#claims-with-several-parts"
STYLE = '<link rel="stylesheet" href="file:_static/claims.css">\n'
AT_SOURCE = {"seen": "read", "recalled": "not read"}  # a figure's verification, in words
SEVERAL = 4  # verdicts that stand openly
FEW = 6  # items that are listed openly; longer lists fold


# -- what is known --------------------------------------------------------------------------------


def dossiers(source: Path) -> list[Dossier]:
    """All claims in the post's order, with what the book in `source` holds on them."""
    links = backlinks.find(source)
    history: dict[str, list[editions.Row]] = {}
    for row in editions.load() if editions.NAME in data.names() else []:
        history.setdefault(row["claim_id"], []).append(row)
    out = []
    for chapter in directives.chapters():
        path = verdicts.chapter_path(chapter, source / directives.NOTEBOOKS)
        held = verdicts.by_claim(once.verdicts(path)) if path.is_file() else {}
        drawn = _charts(path) if held else {}
        out += [
            Dossier(
                claim,
                held.get(claim.id, {}),
                f"{directives.NOTEBOOKS}/{path.stem}",
                tuple(history.get(claim.id, ())),
                tuple(links.get(claim.id, ())),
                tuple(drawn.get(f"{claim.id}-change", ())),
            )
            for claim in data.chapter_claims(chapter)
        ]
    return out


def _charts(path: Path) -> dict[str, list[dict[str, str]]]:
    """Charts of an executed chapter by the label of the section that they stand in."""
    found: dict[str, list[dict[str, str]]] = {}
    label = ""
    for cell in once.notebook(path)["cells"]:
        if cell["cell_type"] == "markdown":
            labels = [x for x, _, _ in backlinks.headings("".join(cell["source"])) if x]
            label = labels[-1] if labels else label
        for output in cell.get("outputs", []):
            if charts.VEGA_MIME in output.get("data", {}):
                meta = output["data"][charts.VEGA_MIME]["usermeta"]
                item = {"name": meta["name"], "finding": meta["finding"]}
                found.setdefault(label, []).append(item)
    return found


# -- the page -------------------------------------------------------------------------------------


def page(dossier: Dossier, before: Dossier | None, after: Dossier | None, edition: pages.Edition,
         place: Callable[[str], str]) -> pages.Page:  # fmt: skip
    """The page of one claim; `place` makes addresses for its structured data."""
    claim = dossier.claim
    parts = [
        _head(dossier),
        _answer(dossier),
        _section("criterion", "What would make it true", _criterion(dossier)),
        _section("verdicts", "The verdicts in full", _boxes(dossier)),
        _section("change", "What would change it", _change(dossier)),
        _section("grounds", "What it rests on", _grounds(dossier)),
        _section("history", "Its value by version of the book", _history(dossier)),
        _section("backlinks", "What refers to it", _backlinks(dossier.backlinks)),
        _section("cite", "How to cite it", _cite(dossier, edition)),
    ]
    newest = dossier.newest
    told = f"{newest['rating'].capitalize()}. {newest['reason']}" if newest else "Not yet tested."
    review = claimrecords.review(dossier, place, edition)
    name = boxes.claim_page(claim.id)
    twin = f'<link rel="alternate" type="application/json" href="{escape(claim.id)}.json">\n'
    head = STYLE + twin + (pages.linked_data(review) if review else "")
    told = f"{glosses.standalone(claim)} {told}"
    return pages.Page(
        name,
        glosses.standalone(claim),
        "".join(parts),
        told,
        head,
        prev=_step(before),
        next=_step(after),
    )


def _section(tag: str, title: str, content: str) -> str:
    if not content:
        return ""
    return (
        f'<section id="{tag}"><h2>{title}<a class="headerlink" href="#{tag}"'
        f' title="Link to this heading">#</a></h2>{content}</section>\n'
    )


def _head(dossier: Dossier) -> str:
    claim = dossier.claim
    kind = directives.CLAIM_KINDS.get(claim.kind, claim.kind).capitalize()
    lines = claim.post_lines.replace(";", ", ")
    chapter = escape(directives.words(claim.chapter).capitalize())
    subject = f'<a href="doc:{dossier.doc}">{chapter}</a>' if dossier.held else chapter
    noun = "line" if lines.isdigit() else "lines"
    words = f'<a href="doc:{dossier.doc}#{escape(claim.id)}-claim">in its words</a>'
    quoted = f" ({words})" if dossier.held else ""
    return (
        f'<p class="claim-where"><a href="doc:{boxes.LEDGER}#{escape(claim.id)}">Claims</a> '
        f'<span aria-hidden="true">›</span> {subject}</p>'
        f"<h1>{escape(glosses.standalone(claim))}</h1>"
        f'<p class="claim-where">{escape(kind)}, {noun} {escape(lines)} of the post{quoted}, '
        f"<code>{escape(claim.id)}</code></p>\n"
    )


def _answer(dossier: Dossier) -> str:
    """What stands for the claim, in one screen, and the ways on from here."""
    if not dossier.held:
        return '<p><span class="rating">Not yet tested</span></p>\n'
    beside = dossier.found
    standing = "".join(boxes.standing(dossier.held[e], beside) for e in dossier.order)
    rule = ""
    if any(len(dossier.held[e]) > 1 for e in dossier.order):
        how = f'<a href="doc:{HOW}">How ratings combine</a>'
        rule = f'<p class="claim-rule">{escape(claimrecords.RULE)} {how}.</p>'
    return (
        f'<div class="claim-answer score-verdicts">{standing}</div>{rule}'
        f'<p class="claim-ways">{" ".join(_ways(dossier))}</p>\n'
    )


def _ways(dossier: Dossier) -> Iterator[str]:
    claim = escape(dossier.claim.id)
    test = f"doc:{dossier.doc}#{claim}"
    yield f'<a href="{test}">Read the test</a>'
    yield f'<a href="{test}-model">The model</a>'
    yield f'<a href="{test}-change">What would change it</a>'
    yield f'<a href="doc:cite/{boxes.claim_page(claim)}">Cite</a>'
    yield f'<a href="file:{boxes.claim_page(claim)}.json">JSON</a>'
    yield f'<a href="doc:{boxes.LEDGER}#{claim}">In the ledger</a>'


def _criterion(dossier: Dossier) -> str:
    claim = dossier.claim
    told = f'<blockquote class="criterion"><p>{escape(claim.criterion)}</p></blockquote>'
    if not dossier.held:
        return told
    return f"{told}<p>{boxes.bar_link(f'doc:{dossier.doc}#{escape(claim.id)}')}.</p>"


def _boxes(dossier: Dossier) -> str:
    """Every verdict; those that don't decide fold where there are many."""
    deciding, rest = "", ""
    decided = [verdicts.combine(dossier.held[e]) for e in dossier.order]
    keys = {(v["edition"], v["reason"]) for v in decided}
    for v in dossier.found:
        box = boxes.verdict(v, home=True, beside=dossier.found)
        if (v["edition"], v["reason"]) in keys or len(dossier.found) <= SEVERAL:
            deciding += box
        else:
            rest += box
    count = rest.count('<section class="verdict ')
    noun = "verdict" if count == 1 else "verdicts"
    more = f"<details><summary>{count} {noun} on other parts</summary>{rest}</details>"
    return deciding + (more if rest else "")


def _change(dossier: Dossier) -> str:
    """The section of the chapter, and the charts that stand there."""
    if not dossier.held:
        return ""
    place = f"doc:{dossier.doc}#{escape(dossier.claim.id)}-change"
    text = f'<p><a href="{place}">The section on it</a> says what moves the answer'
    if not dossier.charts:
        return f"{text}.</p>"
    items = [
        f'<a href="doc:{dossier.doc}#fig-{escape(c["name"])}">{escape(c["finding"])}</a>'
        for c in dossier.charts
    ]
    noun = "chart" if len(items) == 1 else "charts"
    return f"{text}, with {'its' if len(items) == 1 else 'these'} {noun}:</p>{_list(items)}"


def _grounds(dossier: Dossier) -> str:
    """Tables, figures with their ranges, and sources; the long lists fold."""
    tables = [boxes.table_link(t) for t in dossier.union("tables")]
    sources = [boxes.source_link(s) for s in dossier.union("sources")]
    listed = f"<h3>Tables</h3>{_list(tables)}" if tables else ""
    listed += _figures(dossier.union("figures"))
    return listed + (f"<h3>Sources</h3>{_fold(sources, 'sources')}" if sources else "")


def _figures(names: list[str]) -> str:
    if not names:
        return ""
    found = [data.figure(name, reference_only=True) for name in names]
    rows = "".join(_figure(figure) for figure in found)
    table = _table("Figures", ("Figure", "Value (range)", "As of", "At its source", "Source"), rows)
    count = f"{len(found)} figure{'s' if len(found) > 1 else ''}"
    opened = " open" if len(found) <= FEW else ""
    return f"<h3>Figures</h3><details{opened}><summary>{count}</summary>{table}</details>"


def _figure(figure: data.Figure) -> str:
    low, mid, high = (
        "–" if value != value else verdicts.quantity(value)
        for value in (figure.low, figure.central, figure.high)
    )
    span = mid if low == high else f"{mid} ({low} to {high})"
    unit = boxes.unit_words(figure.unit, figure.central)
    cells = (
        f"{escape(figure.description)} <small><code>{escape(figure.id)}</code></small>",
        escape(f"{span} {unit}".rstrip()),
        escape(figure.as_of),
        AT_SOURCE[figure.verification],
        boxes.source_link(figure.source_id),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _history(dossier: Dossier) -> str:
    """One row a value, with the versions that had it, the newest first."""
    rows = "".join(_past(run) for run in runs(dossier.combined_history()))
    if not rows:
        return "<p>No published version has a verdict on it yet.</p>"
    titles = ("Version", "Rating", "Probability", "Value")
    table = _table("Value by version", titles, rows)
    return (
        f"{table}<p>Where a claim has parts, the row is the part that decided it. "
        f'<a href="file:{boxes.claim_page(escape(dossier.claim.id))}.json">All parts are in the '
        'JSON</a>; <a href="doc:changes">the list of changes</a> says why a verdict moved.</p>'
    )


_SAME = ("edition", "part", "rating", "probability", "p05", "p50", "p95", "unit")


def runs(history: Iterable[editions.Row]) -> list[list[editions.Row]]:
    """Rows of versions in a row that say the same, edition by edition."""
    by_edition: dict[str, list[editions.Row]] = {}
    for row in history:
        by_edition.setdefault(row["edition"] or "", []).append(row)
    found: list[list[editions.Row]] = []
    for rows in by_edition.values():
        for _, same in groupby(rows, key=lambda row: [row[name] for name in _SAME]):
            found.append(list(same))
    return found


def _past(run: list[editions.Row]) -> str:
    row = run[0]
    when = verdicts.EDITIONS.get(row["edition"] or "", "")
    about = ", ".join(x for x in (row["part"], when) if x)
    note = f"<br><small>{escape(about)}</small>" if about else ""
    chance = verdicts.chance(row).removeprefix("probability ")
    drawn = f'<div class="claim-past">{boxes.probability_svg(row["probability"])}</div>'
    first = f"{run[-1]['version']} to " if len(run) > 1 else ""
    since = f"{run[-1]['released']} to " if run[-1]["released"] != row["released"] else ""
    version = f"{first}{row['version']}<br><small>{since}{row['released']}</small>"
    span = escape(boxes.short_span(row))
    return (
        f"<tr><td>{version}</td><td>{boxes.chip(row['rating'])}{note}</td>"
        f"<td>{drawn if chance else ''}{escape(chance) or '–'}</td><td>{span or '–'}</td></tr>"
    )


_KINDS = {
    "section": "Sections of chapters and pages",
    "forecast": "Forecasts that bear on it",
    "figure": "Figures taken from its criterion",
    "table": "Tables that carry its verdict",
}


def _backlinks(links: Iterable[backlinks.Backlink]) -> str:
    out = ""
    for kind, title in _KINDS.items():
        items = [
            f'<a href="doc:{escape(b.target)}">{escape(b.title)}</a>'
            for b in links
            if b.kind == kind
        ]
        out += f"<h3>{title}</h3>{_list(items)}" if items else ""
    return out


def _cite(dossier: Dossier, edition: pages.Edition) -> str:
    page = boxes.claim_page(escape(dossier.claim.id))
    newest, book = dossier.newest, citation.book()
    rated = f" Rated {newest['rating']}, as of {newest['as_of']}." if newest else ""
    line = (
        f"{book.by} ({edition.released[:4]}). “{dossier.claim.claim}” "
        f"{book.title}, version {edition.version}, claim {dossier.claim.id}.{rated}"
    )
    return (
        f'<p class="claim-line">{escape(line)}</p><p class="claim-ways"><a href="doc:cite/{page}">'
        f'Other styles and formats</a> <a href="file:{page}.json">JSON</a> '
        '<a href="file:claims/index.json">All claims as JSON</a></p>'
    )


def _step(one: Dossier | None) -> tuple[str, str] | None:
    return (boxes.claim_page(one.claim.id), glosses.standalone(one.claim)) if one else None


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _fold(items: list[str], noun: str) -> str:
    if len(items) <= FEW:
        return _list(items)
    return f"<details><summary>{len(items)} {noun}</summary>{_list(items)}</details>"


def _table(label: str, titles: Iterable[str], rows: str) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return scrolling(label, head, rows, "claim-table")


# -- into the site --------------------------------------------------------------------------------


def placer(app: Sphinx, here: str) -> Callable[[str], str]:
    """Addresses of the site's places, absolute or seen from the page `here`."""
    own = app.builder.get_target_uri(here)

    def place(uri: str) -> str:
        # A page seen from itself would have an empty address.
        return pages.address(app, uri, here) or Path(own).name

    return place


def _make(app: Sphinx) -> Iterator[pages.Page]:
    """The pages of all claims; their twins are written beside them."""
    found = dossiers(Path(app.srcdir))
    edition = pages.edition()
    folder = Path(app.outdir) / boxes.CLAIMS
    folder.mkdir(exist_ok=True)
    for before, one, after in zip([None, *found], found, [*found[1:], None], strict=False):
        place = placer(app, boxes.claim_page(one.claim.id))
        record = claimrecords.record(one, place, edition)
        files.write_text(folder / f"{one.claim.id}.json", claimrecords.as_json(record))
        yield page(one, before, after, edition, place)
    listed = claimrecords.index(found, placer(app, f"{boxes.CLAIMS}/index"), edition)
    files.write_text(folder / "index.json", claimrecords.as_json(listed))
    schema = claimrecords.SCHEMA.read_text(encoding="utf-8")
    files.write_text(folder / "schema.json", schema)


def setup(app: Sphinx) -> None:
    """Have the pages made."""
    pages.add(app, _make)
