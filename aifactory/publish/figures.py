"""Charts and verdicts of executed notebooks, as they stand on the page.

A chart's drawings are made when the site is built, from the verified specification that the
notebook holds: light and dark, desk and phone, each a file of its own that the browser fetches
only as it comes near. A digest of specification, theme and vl-convert decides whether a drawing
is made anew. A script swaps in the live chart when a reader scrolls to it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import multiprocessing
import os
import re
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import vl_convert
from docutils import nodes
from myst_nb.core import render
from sphinx.application import Sphinx
from sphinx.util import logging

from aifactory import charts, verdicts
from aifactory.plain import harmless
from aifactory.publish import boxes, policy
from aifactory.publish.html import HTML_BUILDERS, BookHtml, block, escape, is_shown, scrolling, tied

LOGGER = logging.getLogger(__name__)
FOLDER = "charts"  # of the site: drawings, data and specifications by the chart's name
NAME = "[a-z0-9]+(-[a-z0-9]+)*"  # of a chart


class Renderer:
    """myst-nb's plug-in for the mime types of `aifactory.charts` and `aifactory.verdicts`."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = [
        (builder, mime, 1)
        for builder in (*HTML_BUILDERS, "epub")
        for mime in (charts.VEGA_MIME, verdicts.MIME)
    ]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """The node for one output, or None for mime types that are not ours."""
        if inline or data.mime_type not in (charts.VEGA_MIME, verdicts.MIME):
            return None
        content = _plain(data.content)
        if data.mime_type == verdicts.MIME:
            return [block(boxes.verdict(content), verdicts.as_text(content))]
        return [_chart_node(content, renderer)]


def _plain(content: Any) -> dict[str, Any]:
    """A mime bundle's JSON as plain dictionaries: notebook nodes don't pickle well."""
    return json.loads(content if isinstance(content, str) else json.dumps(content))


def _chart_node(spec: dict[str, Any], renderer: Any) -> BookHtml:
    meta = spec.get("usermeta", {})
    if not meta.get("alt"):
        raise ValueError("a chart without alternative text: draw it with book.show(…)")
    if not re.fullmatch(NAME, str(meta.get("name"))):  # it names files, and stands in addresses
        raise ValueError(f"{meta.get('name')!r} is no name of a chart: small letters, digits, -")
    node = block("", meta["alt"], spec=spec)
    _label(renderer, f"fig-{meta['name']}", meta["finding"])
    return node


def _label(renderer: Any, label: str, title: str) -> None:
    """Let {ref}`fig-name` find the chart."""
    env = getattr(getattr(renderer, "renderer", None), "sphinx_env", None)
    if env is None:
        return
    domain = env.get_domain("std")
    domain.anonlabels[label] = (env.docname, label)
    domain.labels[label] = (env.docname, label, title)


# -- the drawings ---------------------------------------------------------------------------------


@cache
def _engine() -> str:
    """What drawings depend on beside the specification."""
    code = Path(charts.__file__).read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(code).hexdigest() + vl_convert.__version__


def key(spec: dict[str, Any]) -> str:
    """What a chart's drawings depend on, as a hash."""
    text = json.dumps(spec, sort_keys=True)
    return hashlib.sha256((text + _engine()).encode()).hexdigest()


VARIANTS = {
    "wide": (charts.WIDE, False),
    "wide-dark": (charts.WIDE, True),
    "phone": (charts.NARROW, False),
    "phone-dark": (charts.NARROW, True),
}


def draw(spec: dict[str, Any], folder: Path) -> dict[str, tuple[int, int]]:
    """Write a chart's files into `folder`, unless they are there; variant -> (width, height).

    The files are NAME-VARIANT.svg on a transparent ground, NAME.svg with its texts, NAME.js with
    what the live chart needs, and a CSV for each table in its data.
    """
    if kept := _drawn_before(spec, folder):
        return kept
    name = spec["usermeta"]["name"]
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for variant, (width, dark) in VARIANTS.items():
        drawn = charts.svg(spec, width, dark, title=False)
        (folder / f"{name}-{variant}.svg").write_text(drawn, encoding="utf-8")
        wide, high = charts.size(drawn)
        sizes[variant] = (round(wide), round(high))
    (folder / f"{name}.svg").write_text(charts.svg(spec), encoding="utf-8")
    (folder / f"{name}.js").write_text(_live(spec, sizes), encoding="utf-8")
    for file, rows in tables(spec).items():
        (folder / file).write_text(as_csv(rows), encoding="utf-8")
    files = [f"{name}-{v}.svg" for v in VARIANTS] + [f"{name}.{e}" for e in ("svg", "js", "html")]
    files += tables(spec)
    note = {"key": key(spec), "sizes": sizes, "files": files}
    (folder / f".{name}.json").write_text(json.dumps(note))
    return sizes


def _drawn_before(spec: dict[str, Any], folder: Path) -> dict[str, tuple[int, int]]:
    """The sizes of a chart whose files are up to date; empty where they are not."""
    note = folder / f".{spec['usermeta']['name']}.json"
    if not note.exists() or (kept := json.loads(note.read_text()))["key"] != key(spec):
        return {}
    return {k: (v[0], v[1]) for k, v in kept["sizes"].items()}


class Ahead:
    """Draws the charts of a page in other processes from the moment that it is read.

    What is to be drawn when the page is written waits for them, or draws for itself: pages with
    few charts, a single processor and systems without process pools go without.
    """

    few = 6  # charts that are not worth the start of a process

    def __init__(self) -> None:
        self.pool: ProcessPoolExecutor | None = None
        self.coming: dict[str, Future[dict[str, tuple[int, int]]]] = {}

    def order(self, app: Sphinx, doctree: nodes.document) -> None:
        """Begin with a page's charts."""
        if not is_shown(app) or app.parallel > 1 or _processors() < 2:
            return
        folder = Path(app.outdir) / FOLDER
        specs = [node["spec"] for node in _charts(doctree)]
        new = [spec for spec in specs if not _drawn_before(spec, folder)]
        if len(new) < self.few:
            return
        try:
            self.pool = self.pool or ProcessPoolExecutor(
                min(_processors(), 4), multiprocessing.get_context("spawn")
            )
            for spec in new:
                self.coming[spec["usermeta"]["name"]] = self.pool.submit(draw, spec, folder)
        except (OSError, ImportError, NotImplementedError, BrokenProcessPool):
            self.coming.clear()

    def fill(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Give the charts of a page that is about to be written their markup."""
        if not is_shown(app):
            return
        folder = Path(app.outdir) / FOLDER
        trail = (app.config.html_title, app.env.titles[docname].astext())
        for node in _charts(doctree):
            spec = node["spec"]
            name = spec["usermeta"]["name"]
            if coming := self.coming.pop(name, None):
                try:
                    coming.result()
                except BrokenProcessPool:
                    LOGGER.info("charts are drawn one by one: no other process can be started")
            sizes = draw(spec, folder)
            back = f"../{app.builder.get_target_uri(docname)}#fig-{name}"
            own = page(spec, sizes, back, trail)
            (folder / f"{name}.html").write_text(own, encoding="utf-8")
            node["html"] = markup(spec, sizes)
            node["spec"] = None

    def close(self, app: Sphinx, error: Exception | None) -> None:
        """Let the processes go."""
        self.coming.clear()
        if self.pool:
            self.pool.shutdown(cancel_futures=True)
            self.pool = None


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _charts(doctree: nodes.document) -> list[BookHtml]:
    """The nodes of a page's charts."""
    return [node for node in doctree.findall(BookHtml) if node.get("spec")]


def prune(site: Path) -> None:
    """Remove the files of charts that no page shows any more."""
    pages = (p for p in site.rglob("*.html") if p.parent.name != FOLDER)
    shown = {
        n
        for p in pages
        for n in re.findall(r'data-chart="([a-z0-9-]+)"', p.read_text(encoding="utf-8"))
    }
    for note in (site / FOLDER).glob(".*.json"):
        if note.stem.removeprefix(".") not in shown:
            for file in json.loads(note.read_text()).get("files", []):
                (site / FOLDER / file).unlink(missing_ok=True)
            note.unlink()


def _live(spec: dict[str, Any], sizes: dict[str, tuple[int, int]]) -> str:
    """The script file of one live chart: both layouts, and the data once."""
    views = {}
    for variant, width in (("wide", charts.WIDE), ("phone", charts.NARROW)):
        view = charts.fitted(spec, width, title=False)
        del view["datasets"], view["usermeta"]
        views[variant] = {
            "spec": view,
            "inner": charts.inner_width(view),
            "width": sizes[variant][0],
        }
    name = spec["usermeta"]["name"]
    content = {"views": views, "datasets": spec["datasets"]}
    return f"bookChart({json.dumps(name)}, {json.dumps(content, ensure_ascii=False)});\n"


def tables(spec: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """A chart's data as tables: file name -> rows. Shapes of a map are no table."""
    name = spec["usermeta"]["name"]
    found = [
        rows
        for rows in spec["datasets"].values()
        if isinstance(rows, list) and rows and all(_flat(r) for r in rows)
    ]
    if len(found) == 1:
        return {f"{name}.csv": found[0]}
    named = {f"{name}-{i}.csv": rows for i, rows in enumerate(found, start=1)}
    return {file: rows for file, rows in named.items() if not _is_line(rows)}


def _is_line(rows: list[dict[str, Any]]) -> bool:
    """Whether a data set is the one number that a line across the chart stands at."""
    return len(rows) == 1 and len(rows[0]) == 1


def _flat(row: Any) -> bool:
    return isinstance(row, dict) and not any(isinstance(v, (dict, list)) for v in row.values())


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV with a header; cells that a spreadsheet would run as formulas are quoted."""
    out = io.StringIO()
    names = _columns(rows)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(name) for name in names])
    writer.writerows([harmless(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


# -- the markup -----------------------------------------------------------------------------------


def controls(spec: dict[str, Any]) -> int:
    """How many input controls a chart has."""
    return sum(isinstance(p.get("bind"), dict) for p in charts.parameters(spec))


def _picture(name: str, sizes: dict[str, tuple[int, int]], base: str) -> str:
    """The static drawing: the browser takes the wide or the phone one; the script the dark ones.

    Without the script the site is always light. The box around the picture carries its label.
    """
    wide, phone = sizes["wide"], sizes["phone"]
    narrower = f' style="max-width:{wide[0]}px"' if wide[0] < charts.WIDE else ""
    return (
        f'<picture{narrower}><source media="(max-width: 40rem)" srcset="{base}{name}-phone.svg"'
        f' width="{phone[0]}" height="{phone[1]}"><img src="{base}{name}-wide.svg"'
        f' width="{wide[0]}" height="{wide[1]}" alt="" loading="lazy"></picture>'
    )


def markup(spec: dict[str, Any], sizes: dict[str, tuple[int, int]]) -> str:
    """The figure of one chart. Drawings are addressed as file:charts/…"""
    meta = spec["usermeta"]
    name = meta["name"]
    count = controls(spec)
    panel = f'<div class="chart-controls" style="--controls:{count}"></div>' if count else ""
    live = ' data-eager="1"' if count else ""
    picture = _picture(name, sizes, f"file:{FOLDER}/")
    return (
        f'<figure class="chart" id="fig-{name}">'
        f'<div class="chart-head"><p class="chart-finding">{escape(tied(meta["finding"]))}</p>'
        f'<p class="chart-what">{escape(meta["what"])}</p></div>{panel}'
        f'<div class="chart-box" role="img" aria-label="{escape(meta["alt"])}" data-chart="{name}"'
        f' data-live="file:{FOLDER}/{name}.js"{live}>{picture}</div>'
        f"<figcaption>{_caption(spec)}</figcaption></figure>\n"
    )


def _caption(spec: dict[str, Any]) -> str:
    meta = spec["usermeta"]
    name = meta["name"]
    links = [
        f'<a href="file:{FOLDER}/{name}.html">Data and downloads</a>',
        f'<a class="cite" href="cite:fig-{name}" aria-label="Cite the chart {name}">Cite</a>',
    ]
    return (
        f'<p class="chart-source">{escape(meta["source"])}</p>'
        f'<p class="chart-links">{" ".join(links)}</p>'
    )


def _downloads(spec: dict[str, Any]) -> list[str]:
    """Links to a chart's CSV files and to its drawing."""
    found = tables(spec)
    labels = [f"CSV {i}" if len(found) > 1 else "CSV" for i in range(1, len(found) + 1)]
    files = dict(zip(labels, found, strict=True)) | {"SVG": f"{spec['usermeta']['name']}.svg"}
    return [f'<a href="{file}" download>{label}</a>' for label, file in files.items()]


def page(
    spec: dict[str, Any],
    sizes: dict[str, tuple[int, int]],
    back: str,
    trail: tuple[str, str],
) -> str:
    """A chart's own page: the drawing, what it shows in words, all its data, its files.

    `back` is the address of the chart in its chapter, seen from the page; `trail` the titles of the
    book and of that chapter.
    """
    meta = spec["usermeta"]
    finding = escape(meta["finding"])
    picture = _picture(meta["name"], sizes, "")
    shown = "".join(_table(file, rows) for file, rows in tables(spec).items() if _columns(rows))
    return PAGE.format(
        guard=policy.guard(),
        finding=finding,
        what=escape(meta["what"]),
        picture=picture,
        alt=escape(meta["alt"]),
        source=escape(meta["source"]),
        links=" ".join(_downloads(spec)),
        tables=shown,
        back=escape(back),
        book=escape(trail[0]),
        chapter=escape(trail[1]),
    )


PAGE = """<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{finding} · {book}</title>
<meta name="color-scheme" content="light dark">
{guard}
<link rel="stylesheet" href="../_static/book.css">
<link rel="icon" type="image/svg+xml" href="../_static/logo.svg">
<link rel="search" href="../search.html">
<script defer src="../_static/book.js"></script>
<meta name="description" content="{alt}">
</head>
<body>
<a class="skip" href="#main">Skip to the chart</a>
<header class="top">
  <a class="brand" href="../index.html">
    <img src="../_static/logo.svg" width="28" height="28" alt="">
    <span>{book}</span>
  </a>
  <form class="find" role="search" action="../search.html" method="get">
    <input type="search" name="q" placeholder="Search" aria-label="Search this book" required>
  </form>
  <button class="mode" type="button" aria-label="Dark mode" aria-pressed="false">
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
    <circle cx="12" cy="12" r="8.5" fill="none" stroke="currentColor" stroke-width="2"/>
    <path d="M12 4v16a8 8 0 0 0 0-16z" fill="currentColor"/></svg>
  </button>
</header>
<main id="main" class="text alone" tabindex="-1">
<p><a href="{back}">Back to the chart in {chapter}</a></p>
<h1>{finding}</h1>
<p>{what}</p>
<div class="chart-box" role="img" aria-label="{alt}">{picture}</div>
<p>{alt}</p>
<p class="chart-source">{source}</p>
<p class="chart-links">{links}</p>
{tables}
</main>
<footer class="bottom">
<p><a href="../index.html">Home</a> · <a href="{back}">{chapter}</a> ·
<a href="../search.html">Search</a></p>
</footer>
</body>
</html>
"""


def _table(file: str, rows: list[dict[str, Any]]) -> str:
    names = _columns(rows)
    head = "".join(f'<th scope="col">{escape(n)}</th>' for n in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(n))}</td>" for n in names) + "</tr>\n" for row in rows
    )
    count = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    caption = f"<caption>{escape(file)}, {count}</caption>"
    return scrolling(file, head, body, caption=caption)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return escape(verdicts.quantity(value) if isinstance(value, float) else value)


def _prune(app: Sphinx, error: Exception | None) -> None:
    if error is None and is_shown(app):
        prune(Path(app.outdir))


def register() -> None:
    """Add the plug-in to myst-nb's, as an installed entry point would."""
    plugins = render.load_mime_renders()
    if Renderer not in plugins:
        plugins.append(Renderer)  # type: ignore[arg-type]


def setup(app: Sphinx) -> None:
    """Register the plug-in and the drawing step."""
    register()
    ahead = Ahead()
    app.connect("doctree-read", ahead.order)
    app.connect("doctree-resolved", ahead.fill)
    app.connect("build-finished", ahead.close)
    app.connect("build-finished", _prune)
