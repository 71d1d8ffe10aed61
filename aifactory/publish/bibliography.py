"""book/references.bib, made from data/sources.csv, so that a citation is never typed twice.

Setting more than a thousand entries takes seconds: each is set once, and again when it changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pybtex.plugin
from pybtex.richtext import Text
from pybtex.style import FormattedEntry
from pybtex.style.formatting import plain
from sphinx.application import Sphinx
from sphinx.config import Config

from aifactory import data
from aifactory.publish import once

FILE = "book/references.bib"
STYLE = "aifactory"  # as bibtex_default_style names it
HEAD = "% Made from data/sources.csv when the book is built; edit that file, not this one.\n"
# What pybtex, the file's one reader, turns back into the sign itself. It has no escape for $ and ^,
# which it takes as they are, nor for braces, which BibTeX counts even behind a backslash.
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "{": "(", "}": ")"}
_SPECIAL |= {c: "\\" + c for c in "&%#_"}
_LATEX = str.maketrans(_SPECIAL)
_URL = str.maketrans(
    {c: f"%{ord(c):02X}" for c in "{}\\<>"}
)  # no address holds these signs as such


def latex(text: str) -> str:
    """Plain text as BibTeX reads it."""
    return " ".join(text.split()).translate(_LATEX)


def entry(source: data.Source) -> str:
    """One source as a @misc entry; its id is the citation key."""
    year = re.match(r"\d{4}", source.published or "")
    accessed = f"Read on {source.accessed}." if source.accessed else ""
    licence = f"Licence: {source.license}." if source.license else ""
    url = (source.url or "").translate(_URL)
    fields = {
        "title": f"{{{latex(source.title)}}}",
        # Braces keep the name of an organisation in one piece.
        "author": f"{{{latex(source.author or source.publisher or '')}}}",
        "howpublished": latex(source.publisher or "") if source.author else "",
        "year": year[0] if year else "",
        "url": url if url.startswith("http") else "",
        "note": latex(" ".join(x for x in (accessed, licence) if x)),
    }
    lines = [f"  {k} = {{{v}}}" for k, v in fields.items() if v and v != "{}"]
    return f"@misc{{{source.id},\n" + ",\n".join(lines) + "\n}\n"


def bibtex(sources: Iterable[data.Source]) -> str:
    """All sources as one .bib file, in order of their ids."""
    return HEAD + "".join("\n" + entry(s) for s in sorted(sources, key=lambda s: s.id))


def write(path: Path) -> bool:
    """Bring the .bib file up to date; True where it had to change."""
    text = bibtex(once.source(i) for i in data.sources()["source_id"])
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


class Style(plain.Style):
    """pybtex's plain style. An entry's text depends on the entry alone, and its label is beside."""

    set_already: ClassVar[dict[str, Text]] = {}

    def format_entry(self, label: str, entry: Any, bib_data: Any = None) -> FormattedEntry:
        """One entry, set before or now."""
        said = repr(entry)
        if said not in self.set_already:
            self.set_already[said] = super().format_entry(label, entry, bib_data).text
        return FormattedEntry(entry.key, self.set_already[said], label)


def _recall(app: Sphinx) -> None:
    """Take over the entries that the build before has set."""
    if getattr(app.config, "bibtex_default_style", "") == STYLE:
        for known in app.env.get_domain("cite").data["citations"]:
            Style.set_already[repr(known.entry)] = known.formatted_entry.text


def _refresh(app: Sphinx, config: Config) -> None:
    if FILE in getattr(config, "bibtex_bibfiles", ()):
        write(Path(app.srcdir) / FILE)


def setup(app: Sphinx) -> None:
    """Refresh the file before sphinxcontrib-bibtex reads it, and register the style."""
    pybtex.plugin.register_plugin("pybtex.style.formatting", STYLE, Style)
    app.connect("builder-inited", _recall)
    app.connect("config-inited", _refresh, priority=100)
