"""One page a table, with its files beside it, and the index of all tables on the data page.

What a page says of a table is read from data once and kept beside the doctrees: a table is read
again only when its file, its description or this code changes. Files and bundles are written before
the pages, which give their sizes and checksums.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
from docutils import nodes
from sphinx.application import Sphinx

from aifactory import data, forecasts, tableschema, verdicts
from aifactory.files import write_text
from aifactory.publish import boxes, bundles, citation, directives, once, pages, registry, twins
from aifactory.publish.html import BookHtml, block, coded, escape, is_shown, scrolling, slug

CACHE = "data-pages.json"  # in the folder of doctrees
SHOWN = 20  # rows of a preview
FIGURES, SOURCES = "figures", "sources"
NUMBERS = ("number", "integer")
FOLDERS = {"": "Shared by all chapters"}

Facts = dict[str, dict[str, Any]]


# -- what is known of the tables ------------------------------------------------------------------


def names() -> list[str]:
    """All tables: the shared ones, then those of each chapter in the order of the post."""
    order = ["", *(c.replace("-", "_") for c in directives.chapters())]
    folders = {n: n.rpartition("/")[0] for n in data.names()}
    order += sorted(set(folders.values()) - set(order))
    return sorted(folders, key=lambda n: order.index(folders[n]))


def catalogue(app: Sphinx) -> Facts:
    """For each table what `data.about` says, and its first rows as text."""
    kept = _kept(app)["tables"]
    found = {}
    for name in names():
        key = _key(name)
        held = kept.get(name, {})
        if held.get("key") != key:
            held = {"key": key, "about": data.about(name), "preview": preview(name)}
        found[name] = held
    return found


@cache
def _code() -> str:
    """What pages and files depend on beside data: this code, and pyarrow's."""
    files = [__file__, twins.__file__, bundles.__file__, data.__file__, tableschema.__file__]
    code = b"".join(Path(f).read_bytes() for f in files)
    return hashlib.sha256(code).hexdigest() + pyarrow.__version__


def _key(name: str) -> str:
    """A digest of all that the facts and files of a table depend on."""
    pack = data.package()
    entry = pack.resources[name]
    cited = [once.source(s["id"]) for s in entry.get("sources", []) if "id" in s]
    made = [[s.title, s.author, s.publisher] for s in cited]
    content = [data.digest(pack.path(name), pack.file(name)), entry, made, _code()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _kept(app: Sphinx) -> dict[str, Any]:
    path = Path(app.doctreedir) / CACHE
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"tables": {}, "bundles": {}} | kept


def preview(name: str) -> list[list[str]]:
    """The first rows of a table as text."""
    schema = data.package().resources[name]["schema"]
    shown = twins.plain(data.table(name).head(SHOWN), schema)
    columns = [[cell(v) for v in shown[f["name"]]] for f in schema["fields"]]
    return [list(row) for row in zip(*columns, strict=True)]


def cell(value: Any) -> str:
    """A value as a file has it, but without a decimal point where nothing follows."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(float(value))
    return str(value)


@dataclass
class Uses:
    """Who uses a table or a figure."""

    claims: list[str] = field(default_factory=list)
    chapters: list[str] = field(default_factory=list)
    forecasts: list[forecasts.Forecast] = field(default_factory=list)


@dataclass
class Grounds:
    """Stored verdicts, and what chapters, claims and forecasts use."""

    verdicts: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, Uses] = field(default_factory=dict)
    figures: dict[str, Uses] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)  # in words, by id


def grounds(notebooks: Path) -> Grounds:
    """Read what the executed notebooks and the registry of forecasts say they use."""
    found = Grounds(claims={c.id: c.claim for c in data.all_claims()})
    for chapter, path in executed(notebooks).items():
        held = once.notebook(path)["metadata"].get("aifactory", {})
        found.verdicts += [v | {"chapter": chapter} for v in once.verdicts(path)]
        for uses, kind in ((found.tables, "tables"), (found.figures, "figures")):
            for name in held.get(kind, ()):
                uses.setdefault(name, Uses()).chapters.append(chapter)
    for v in found.verdicts:
        for uses, kind in ((found.tables, "tables"), (found.figures, "figures")):
            for name in v[kind]:
                claims = uses.setdefault(name, Uses()).claims
                if v["claim_id"] not in claims:
                    claims.append(v["claim_id"])
    for one in forecasts.load():
        for name in one.tables:
            found.tables.setdefault(name, Uses()).forecasts.append(one)
    return found


def executed(notebooks: Path) -> dict[str, Path]:
    """Executed notebooks by chapter, in the order of the post; what joins them comes last."""
    there = {p.stem.replace("_", "-"): p for p in sorted(notebooks.glob("*.ipynb"))}
    order = [c for c in directives.chapters() if c in there]
    return {c: there[c] for c in [*order, *(c for c in there if c not in order)]}


# -- the files ------------------------------------------------------------------------------------


def publish(app: Sphinx) -> dict[str, Any]:
    """Write what is not there yet: files of tables, and bundles; `tables` and `bundles` of all."""
    site, kept = Path(app.outdir), _kept(app)
    found = catalogue(app)
    for name, held in found.items():
        if not _there(held.get("files", {}), site):
            held["files"] = twins.write(name, site)
    content = (data.folder() / "datapackage.json").read_bytes()
    target = site / "data" / "datapackage.json"
    if not target.exists() or target.read_bytes() != content:
        shutil.copyfile(data.folder() / "datapackage.json", target)
    stored = grounds(_notebooks(app)).verdicts
    made = _bundles(found, stored, kept["bundles"], site)
    now = {"tables": found, "bundles": made}
    if now != kept:
        Path(app.doctreedir).mkdir(parents=True, exist_ok=True)
        write_text(Path(app.doctreedir) / CACHE, json.dumps(now, ensure_ascii=False))
    return now


def _there(files: dict[str, Any], site: Path) -> bool:
    """Whether files are on disk, by size."""
    paths = {site / f["file"]: f["bytes"] for f in files.values()}
    return bool(paths) and all(p.is_file() and p.stat().st_size == n for p, n in paths.items())


def _bundles(
    facts: Facts, stored: list[dict[str, Any]], kept: dict[str, Any], site: Path
) -> dict[str, Any]:
    """The bundles, written anew where something that goes into them changed."""
    text = [
        data.package().descriptor.get("title"),
        pages.edition().version,
        pages.edition().released,
    ]
    all_data = [*text, *(held["key"] for held in facts.values())]
    writers = {
        bundles.ZIP: (all_data, lambda at: bundles.write_zip(at, facts)),
        bundles.SQLITE: ([*all_data, stored], lambda at: bundles.write_sqlite(at, facts, stored)),
        bundles.METADATA: (all_data, lambda at: bundles.write_metadata(at, facts)),
    }
    made = {}
    for file, (content, write) in writers.items():
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        held = kept.get(file, {})
        if held.get("key") != key or not _there({file: held}, site):
            write(site / file)
            held = {"key": key} | twins.described(site / file, site)
        made[file] = held
    return made


def _notebooks(app: Sphinx) -> Path:
    return Path(app.srcdir) / directives.NOTEBOOKS


# -- the page of a table --------------------------------------------------------------------------


def docname(name: str) -> str:
    """The page of a table."""
    return f"data/{name}"


def make(app: Sphinx) -> Iterator[pages.Page]:
    """The pages of all tables."""
    facts = _kept(app)["tables"]  # as `_publish` has left them
    used = grounds(_notebooks(app))
    order = list(facts)
    for at, name in enumerate(order):
        steps = {
            "prev": order[at - 1] if at else None,
            "next": order[at + 1] if at + 1 < len(order) else None,
        }
        yield page(app, name, facts, used, steps)


def page(
    app: Sphinx, name: str, facts: Facts, used: Grounds, steps: dict[str, str | None]
) -> pages.Page:
    """The page of one table."""
    entry, held = data.package().resources[name], facts[name]
    about = held["about"]
    all_figures = _figures(used) if name == FIGURES else ""
    body = (
        f'<p><a href="doc:{boxes.DATA_PAGE}#{boxes.table_anchor(name)}">All tables</a></p>\n'
        f"<h1>{escape(about['title'])} <small><code>{escape(name)}</code></small></h1>\n"
        f"<p>{coded(about['description'])}</p>\n"
        f'<div class="data-table"><dl>{_facts(entry, about)}</dl></div>\n'
        f'<h2 id="files">Files</h2>\n{_files(name, entry, held["files"])}'
        f'<h2 id="use">Read it</h2>\n{_code_to_read(name, entry)}'
        f'<h2 id="fields">Fields</h2>\n{_fields(name, entry)}'
        f"{all_figures or _preview(name, entry, held)}"
        f'<h2 id="used">Used by</h2>\n{_used(used.tables.get(name, Uses()), used.claims)}'
        f'<h2 id="sources">Sources</h2>\n{_sources(name, about)}'
        f"{_steps(steps, facts)}"
    )
    head = pages.linked_data(linked(app, name, entry, held))
    return pages.Page(docname(name), about["title"], body, _short(about), head)


def _short(about: dict[str, Any]) -> str:
    words = ", ".join(x for x in (f"{about['rows']:,} rows", about["period"]) if x)
    return f"{about['title']}: {words}. {about['description']}".strip()[:300]


def _facts(entry: dict[str, Any], about: dict[str, Any]) -> str:
    flaws = "".join(f"<li>{coded(w)}</li>" for w in about["warnings"])
    rows = {
        "Rows": f"{about['rows']:,}, of {about['columns']} fields",
        "Period": escape(about["period"]),
        "As of": escape(about["as_of"]),
        "Licence": ", ".join(_licence(x) for x in entry.get("licenses", [])),
        "Made by": escape("; ".join(about["credits"])),
        "Known flaws": f"<ul>{flaws}</ul>" if flaws else "",
        "Cite it": f'<a href="doc:book/citing">How to cite</a>; <a href="doc:{docname(SOURCES)}">'
        "the sources</a> have authors and dates",
    }
    return "".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in rows.items() if v)


def _licence(entry: dict[str, Any]) -> str:
    title = escape(entry.get("title") or entry.get("name", ""))
    path = entry.get("path", "")
    return f'<a href="{escape(path)}">{title}</a>' if path.startswith("http") else title


def _head(text: str, kind: str = "") -> str:
    return f'<th scope="col"{kind}>{text}</th>'


FORMATS = {"csv": "CSV", "parquet": "Parquet", "json": "Schema (JSON)"}


def _files(name: str, entry: dict[str, Any], files: dict[str, Any]) -> str:
    """Downloads with size and checksum."""
    original = Path(entry["path"]).suffix.removeprefix(".")
    rows = [
        f'<tr><td><a href="file:{escape(file["file"])}" download>{FORMATS[kind]}</a>'
        f"{' (original)' if kind == original else ''}</td>"
        f"<td{NUMERIC}>{size(file['bytes'])}</td>"
        f'<td><code class="digest">{file["sha256"]}</code></td></tr>'
        for kind, file in files.items()
    ]
    heads = [_head("File"), _head("Size", NUMERIC), _head("sha256")]
    return scrolling(f"Files of {name}", "".join(heads), "".join(rows)) + (
        "<p>In CSV made from Parquet, text that a spreadsheet would run as a formula is behind an "
        "apostrophe.</p>\n"
        if original == "parquet"
        else ""
    )


NUMERIC = ' class="n"'


def size(count: int) -> str:
    """A file's size in words."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"


def _code_to_read(name: str, entry: dict[str, Any]) -> str:
    stem = Path(entry["path"]).stem
    dated = [
        f["name"]
        for f in entry["schema"]["fields"]
        if f.get("type") in ("date", "datetime", "yearmonth")
    ]
    dates = f", parse_dates={json.dumps(dated)}" if dated else ""
    code = (
        "import pandas as pd\n\n"
        f'frame = pd.read_csv("{stem}.csv"{dates})\n'
        f'frame = pd.read_parquet("{stem}.parquet")  # the same, with its types\n'
    )
    own = f'from aifactory import data\n\nframe = data.table("{name}")  # checked as it is read'
    return (
        f'<pre class="python">{escape(code.rstrip())}</pre>\n'
        "<p>In a copy of the repository:</p>\n"
        f'<pre class="python">{escape(own)}</pre>\n'
        f'<p>In <a href="file:{bundles.SQLITE}" download>{bundles.SQLITE}</a> it is the table '
        f"<code>{escape(bundles.table_name(name))}</code>.</p>\n"
    )


def _fields(name: str, entry: dict[str, Any]) -> str:
    """The schema: fields with type, unit, meaning and what holds for every value."""
    key = entry["schema"].get("primaryKey") or []
    key = [key] if isinstance(key, str) else key
    rows = [
        f"<tr><td><code>{escape(f['name'])}</code></td><td>{escape(f.get('type', ''))}</td>"
        f"<td>{escape(f.get('unit') or '')}</td><td>{coded(f.get('description', ''))}</td>"
        f"<td>{escape(_rules(f, f['name'] in key))}</td></tr>"
        for f in entry["schema"]["fields"]
    ]
    heads = map(_head, ("Field", "Type", "Unit", "Meaning", "Rules"))
    return scrolling(f"Fields of {name}", "".join(heads), "".join(rows))


_RULES = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "above {}",
    "exclusiveMaximum": "below {}",
    "pattern": "matches {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
}


def _rules(item: dict[str, Any], in_key: bool) -> str:
    """Constraints of a field in words."""
    said = ["part of the key"] if in_key else []
    for rule, limit in item.get("constraints", {}).items():
        if rule in ("required", "unique"):
            said += [rule] if limit else []
        elif rule == "enum":
            said.append("one of " + ", ".join(map(str, limit)))
        else:
            said.append(_RULES[rule].format(limit))
    return "; ".join(said)


def _preview(name: str, entry: dict[str, Any], held: dict[str, Any]) -> str:
    fields, rows = entry["schema"]["fields"], held["preview"]
    kinds = [NUMERIC if f.get("type") in NUMBERS else "" for f in fields]
    units = [f" <small>{escape(f['unit'])}</small>" if f.get("unit") else "" for f in fields]
    heads = [
        _head(escape(f["name"]) + unit, kind)
        for f, unit, kind in zip(fields, units, kinds, strict=True)
    ]
    body = [
        f"<tr>{''.join(f'<td{k}>{escape(v)}</td>' for k, v in zip(kinds, row, strict=True))}</tr>\n"
        for row in rows
    ]
    part = len(rows) < held["about"]["rows"]
    title = f"First {len(rows)} rows" if part else "All rows"
    shown = scrolling(f"{title} of {name}", "".join(heads), "".join(body), "preview")
    return f'<h2 id="rows">{title}</h2>\n{shown}'


def _chapter(chapter: str) -> str:
    page = verdicts.chapter_path(chapter, Path(directives.NOTEBOOKS)).with_suffix("")
    return f'<a href="doc:{page.as_posix()}">{escape(directives.words(chapter).capitalize())}</a>'


def _used(uses: Uses, known: dict[str, str]) -> str:
    """Claims, chapters and forecasts that use a table."""
    claims = [f'<a href="doc:claims/{i}">{escape(known.get(i, i))}</a>' for i in uses.claims]
    told = [
        f'<a href="doc:book/forecasts#{registry.anchor(f.id)}">{escape(f.question)}</a>'
        for f in uses.forecasts
    ]
    kinds = {"Chapters": [*map(_chapter, uses.chapters)], "Claims": claims, "Forecasts": told}
    rows = "".join(
        f"<dt>{kind}</dt><dd><ul>{''.join(f'<li>{x}</li>' for x in items)}</ul></dd>"
        for kind, items in kinds.items()
        if items
    )
    if not rows:
        return "<p>No chapter, claim or forecast reads this table by itself.</p>\n"
    return f'<div class="data-table"><dl>{rows}</dl></div>\n'


def _sources(name: str, about: dict[str, Any]) -> str:
    count = len(about["source_ids"])
    if name in data.BUILT_IN or not count:
        return (
            f"<p>Each row names its own, if it has one; all are in the "
            f'<a href="doc:{boxes.BIBLIOGRAPHY}">bibliography</a>.</p>\n'
        )
    return f"<ul>{''.join(f'<li>{boxes.source_link(i)}</li>' for i in about['source_ids'])}</ul>\n"


def _steps(steps: dict[str, str | None], facts: Facts) -> str:
    """Links to the tables before and after this one."""
    links = "".join(
        f'<a rel="{rel}" href="doc:{docname(name)}"><small>{word}</small>'
        f"{escape(facts[name]['about']['title'])}</a>"
        for (rel, name), word in zip(steps.items(), ("Previous", "Next"), strict=True)
        if name
    )
    return f'<nav class="step" aria-label="Previous and next table">{links}</nav>\n'


# -- all figures ----------------------------------------------------------------------------------


def _figures(used: Grounds) -> str:
    """Every figure under an anchor of its own, by the chapter that reads it first."""
    groups: dict[str, list[str]] = {}
    for row in data.figures().astype(object).where(lambda f: f.notna(), None).to_dict("records"):
        uses = used.figures.get(row["figure_id"], Uses())
        groups.setdefault(next(iter(uses.chapters), ""), []).append(_figure(row, uses))
    order = [c for c in [*directives.chapters(), *sorted(groups)] if c in groups]
    sections = ""
    for chapter in dict.fromkeys(c for c in [*order, ""] if c in groups):
        title = directives.words(chapter).capitalize() or "Read by no chapter yet"
        sections += (
            f'<section class="ledger"><h3 id="rows-{slug(chapter) or "other"}">{escape(title)}</h3>'
            f"<dl>{''.join(groups[chapter])}</dl></section>\n"
        )
    return (
        '<h2 id="rows">All figures</h2>\n<p>Each stands under the first chapter that reads it. A '
        "range runs from the 5 % to the 95 % point.</p>\n" + sections
    )


def _figure(row: dict[str, Any], uses: Uses) -> str:
    name = escape(row["figure_id"])
    ends = (
        ""
        if None in (row["low"], row["high"]) or row["low"] == row["high"]
        else f" ({number(row['low'])} to {number(row['high'])})"
    )
    claims = ", ".join(f'<a href="doc:claims/{i}">{i}</a>' for i in map(escape, uses.claims))
    read = ", ".join(map(_chapter, uses.chapters))
    seen = "seen at the source" if row["verification"] == "seen" else "recalled, not seen"
    at = f", {escape(row['locator'])}" if row["locator"] else ""
    unit = boxes.unit_words(row["unit"], row["central"])
    lines = [
        f"<strong>{number(row['central'])}</strong>{ends} {escape(unit)}; as of "
        f"{escape(row['as_of'])}; {seen}",
        f"{boxes.source_link(row['source_id'])}{at}",
        escape(row["note"] or ""),
        f"Read by {read}" if read else "",
        f"Claims: {claims}" if claims else "",
    ]
    return (
        f'<dt id="{name}">{escape(row["description"])} <small><a href="#{name}"><code>{name}</code>'
        f"</a></small></dt><dd>{''.join(f'<p>{x}</p>' for x in lines if x)}</dd>\n"
    )


def number(value: float | None) -> str:
    """A number in full, thousands parted by commas."""
    return "" if value is None else f"{value:,.12g}".replace("-", "\N{MINUS SIGN}")


# -- for machines ---------------------------------------------------------------------------------

MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def linked(app: Sphinx, name: str, entry: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    """The table as schema.org describes a data set."""
    about, here = held["about"], docname(name)
    own = pages.address(app, f"{here}.html", here)
    book = {"@type": "Organization", "name": citation.book().by}
    words, link = bundles.licence(entry)
    cited = [] if name in data.BUILT_IN else entry.get("sources", [])
    based = [
        {"@type": "CreativeWork", "name": s["title"]} | ({"url": s["path"]} if "path" in s else {})
        for s in cited
    ]
    record = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": own or "#",
        "url": own or "#",
        "identifier": name,
        "name": about["title"],
        "description": about["description"],
        "version": pages.edition().version,
        "license": link or words,
        "creator": book,
        "creditText": "; ".join(about["credits"]),
        "isAccessibleForFree": True,
        "temporalCoverage": (about["period"] or about["as_of"]).replace(" to ", "/"),
        "isBasedOn": based,
        "variableMeasured": [_variable(f) for f in entry["schema"]["fields"]],
        "distribution": [
            {
                "@type": "DataDownload",
                "encodingFormat": MEDIA[kind],
                "contentUrl": pages.address(app, file["file"], here),
                "contentSize": f"{file['bytes']} B",
                "sha256": file["sha256"],
            }
            for kind, file in held["files"].items()
            if kind in MEDIA
        ],
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": data.package().descriptor.get("title", ""),
            "url": pages.address(app, f"{boxes.DATA_PAGE}.html", here),
        },
    }
    return {k: v for k, v in record.items() if v}


def _variable(item: dict[str, Any]) -> dict[str, str]:
    told = {
        "@type": "PropertyValue",
        "name": item["name"],
        "description": item.get("description"),
        "unitText": item.get("unit"),
    }
    return {k: v for k, v in told.items() if v}


# -- the index ------------------------------------------------------------------------------------


class DataTables(directives.BookDirective):
    """The index of all tables by chapter, with all of them in one file on top."""

    def run(self) -> list[nodes.Node]:
        pack = data.package()
        self.note_data(*(entry["path"] for entry in pack.resources.values()))
        facts = catalogue(self.env.app)
        for name in facts:
            self.label(boxes.table_anchor(name), pack.resources[name].get("title", name))
        return [block("", bundles=True), block(index(facts))]


def index(facts: Facts) -> str:
    """Tables as one line each, grouped by chapter; the script adds the search."""
    groups: dict[str, list[str]] = {}
    for name, held in facts.items():
        groups.setdefault(name.rpartition("/")[0], []).append(_line(name, held["about"]))
    sections = "".join(
        f'<section class="tables"><h2 id="tables-{slug(folder) or "shared"}">'
        f"{escape(FOLDERS.get(folder) or folder.replace('_', ' ').capitalize())}</h2>"
        f"<ul>{''.join(lines)}</ul></section>\n"
        for folder, lines in groups.items()
    )
    find = (
        '<div class="find-page" id="find-tables" hidden><label>Find a table <input type="search" '
        'autocomplete="off"></label><span role="status"></span></div>\n'
    )
    return f'{find}{sections}<script defer src="file:_static/tables.js"></script>\n'


def _line(name: str, about: dict[str, Any]) -> str:
    entry = data.package().resources[name]
    searched = " ".join([about["description"], *(f["name"] for f in entry["schema"]["fields"])])
    told = [
        f"{about['rows']:,} rows",
        _brief(entry),
        f"as of {about['as_of']}" * bool(about["as_of"]),
    ]
    return (
        f'<li id="{boxes.table_anchor(name)}" data-words="{escape(searched)}">'
        f'<a href="doc:{docname(name)}">{escape(about["title"])}</a> <code>{escape(name)}</code>'
        f"<small>{escape(' · '.join(x for x in told if x))}</small></li>\n"
    )


def _brief(entry: dict[str, Any]) -> str:
    """A licence by its identifier where it has one, else in words."""
    given = entry.get("licenses", [])
    return ", ".join(
        x["name"] if any(c.isdigit() for c in x["name"]) or x["name"] == "MIT" else x["title"]
        for x in given
    )


def bundle_links(made: dict[str, Any]) -> str:
    """The bundles with size and checksum."""
    what = {
        bundles.ZIP: "the data package: every table with its description and licences",
        bundles.SQLITE: "every table, the figures, sources and verdicts as one SQLite database",
        bundles.METADATA: "titles, licences and sources for Datasette",
    }
    rows = [
        f'<tr><td><a href="file:{file}" download>{file}</a></td><td>{what[file]}<br>'
        f'<code class="digest">sha256 {held["sha256"]}</code></td>'
        f"<td{NUMERIC}>{size(held['bytes'])}</td></tr>"
        for file, held in made.items()
    ]
    heads = [_head("File"), _head("Holds"), _head("Size", NUMERIC)]
    return scrolling("All tables at once", "".join(heads), "".join(rows))


def _publish(app: Sphinx, env: Any) -> list[str]:
    """Before pages are written: make all files; the data page shows what the bundles became."""
    if not is_shown(app):
        return []
    before = _kept(app)["bundles"]
    changed = publish(app)["bundles"] != before
    return [boxes.DATA_PAGE] if changed and boxes.DATA_PAGE in env.all_docs else []


def _fill_bundles(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if docname != boxes.DATA_PAGE or not is_shown(app):
        return
    for node in doctree.findall(BookHtml):
        if node.get("bundles"):
            node["html"] = bundle_links(_kept(app)["bundles"])


def setup(app: Sphinx) -> None:
    """Register the directive, the files and the pages."""
    app.add_directive("data-tables", DataTables)
    app.connect("env-updated", _publish)
    app.connect("doctree-resolved", _fill_bundles)
    pages.add(app, make)
