"""ro-crate-metadata.json: the whole site described as one research object (RO-Crate 1.1).

Root, its files (pages of the chapters, notebooks, data, whatever can be downloaded), the software,
the authors and the licences. CITATION.cff is put beside it. Written last: it lists what is there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sphinx.application import Sphinx

from aifactory import data
from aifactory.files import write_text
from aifactory.publish import citation, heads, pages
from aifactory.publish.html import is_site, slug

FILE = "ro-crate-metadata.json"
SPEC = "https://w3id.org/ro/crate/1.1"
CODE_LICENCE = "https://spdx.org/licenses/BSD-3-Clause"
SOFTWARE, AUTHORS = "#aifactory", "#authors"
# Files of the site that are there once their makers have made them.
DOWNLOADS = {
    "data.zip": ("All data and its description", "application/zip"),
    "data.sqlite": ("All data as an SQLite database", "application/vnd.sqlite3"),
    "ai-factory-checked.pdf": ("The book as PDF", "application/pdf"),
    "ai-factory-checked.epub": ("The book as EPUB", "application/epub+zip"),
    "CITATION.cff": ("How to cite the book", "text/yaml"),
}


def entity(ident: str, kind: str | list[str], /, **properties: Any) -> dict[str, Any]:
    """An entity with the properties that have a value; "_id" refers to other entities."""
    kept = {k: v for k, v in properties.items() if v not in ("", None, [])}
    return {"@id": ident, "@type": kind} | kept


def to(*names: str) -> Any:
    """A reference to one entity, or to several."""
    found = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found


def file(
    site: Path, path: str, name: str, kind: str, *licences: str, **more: Any
) -> dict[str, Any]:
    """A file of the site."""
    content = (site / path).read_bytes()
    return entity(
        quote(path),
        "File",
        name=name,
        encodingFormat=kind,
        contentSize=str(len(content)),
        sha256=hashlib.sha256(content).hexdigest(),
        license=to(*licences),
        **more,
    )


def tables(site: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The data files, and the licences that they are under, as given with each table."""
    found, licences = [], {}
    for entry in data.package().resources.values():
        given = {f"#licence-{slug(x['title'])}": x for x in entry["licenses"]}
        for name, x in given.items():
            url = x.get("path", "")
            licences[name] = entity(name, "CreativeWork", name=x["title"], url=url)
        kind = entry.get("mediatype", "text/csv")
        about = {"description": entry.get("description", "")}
        found.append(file(site, f"data/{entry['path']}", entry["title"], kind, *given, **about))
    return found, [licences[name] for name in sorted(licences)]


def chapters(app: Sphinx, site: Path) -> list[dict[str, Any]]:
    """The chapters' pages, and beside them the notebooks where they can be downloaded."""
    kinds = {"html": "text/html", "ipynb": "application/x-ipynb+json", "md": "text/markdown"}
    return [
        file(site, f"{name}.{ending}", f"{title} ({ending})", kind, citation.TEXT_LICENCE)
        for name, title in heads.chapters(app).items()
        for ending, kind in kinds.items()
        if (site / f"{name}.{ending}").exists()
    ]


def crate(app: Sphinx, site: Path) -> dict[str, Any]:
    """The record of the whole site."""
    book = app.citer.book
    held, licences = tables(site)
    files = [file(site, "index.html", book.title, "text/html", citation.TEXT_LICENCE)]
    files += chapters(app, site) + held
    for path, (name, kind) in DOWNLOADS.items():
        if (site / path).exists():
            files.append(file(site, path, name, kind, citation.TEXT_LICENCE))
    own = {
        citation.TEXT_LICENCE: "Creative Commons Attribution 4.0 International",
        CODE_LICENCE: "BSD 3-Clause License",
    }
    root = entity(
        "./",
        "Dataset",
        name=book.title,
        description=book.abstract,
        datePublished=book.released.isoformat(),
        version=book.version,
        inLanguage=citation.LANGUAGE,
        license=to(citation.TEXT_LICENCE),
        author=to(AUTHORS),
        keywords=", ".join(book.keywords),
        identifier=f"https://doi.org/{book.doi}" if book.doi else "",
        url=pages.base(app),
        hasPart=[to(f["@id"]) for f in files],
        mentions=to(SOFTWARE),
    )
    software = entity(
        SOFTWARE,
        "SoftwareSourceCode",
        name="aifactory",
        description="The models, and what makes the book of them.",
        version=book.version,
        programmingLanguage="Python",
        license=to(CODE_LICENCE),
        author=to(AUTHORS),
    )
    about = entity(FILE, "CreativeWork", conformsTo=to(SPEC), about=to("./"))
    people = entity(AUTHORS, "Organization", name=book.by)
    terms = [entity(address, "CreativeWork", name=name) for address, name in own.items()]
    return {
        "@context": [f"{SPEC}/context", {"sha256": "https://schema.org/sha256"}],
        "@graph": [about, root, *files, software, people, *terms, *licences],
    }


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or not is_site(app):
        return
    site = Path(app.outdir)
    shutil.copyfile(pages.ROOT / citation.FILE, site / citation.FILE)
    record = json.dumps(crate(app, site), ensure_ascii=False, indent=1)
    write_text(site / FILE, record + "\n")


def setup(app: Sphinx) -> None:
    """Write the record when all else is there."""
    app.connect("build-finished", _write, priority=900)
