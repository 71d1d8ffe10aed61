"""Pages show what others say: the book's contents, neighbours, the titles that links are made of.

Sphinx writes the pages that it has read, and those that list them. Here all are written anew when
anything has changed that any page may show of another.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sphinx import addnodes
from sphinx.application import Sphinx

from aifactory import files
from aifactory.publish.html import is_shown

NOTE = ".shown"  # in the site's folder: what its pages were written with


def shown(env: Any) -> str:
    """A digest of titles, labels, terms, equations, sources and the order of pages."""
    std, cited = env.get_domain("std"), env.domains.get("cite")
    contents = env.get_doctree(env.config.root_doc).findall(addnodes.toctree)
    found = [
        [node.pformat() for node in contents],
        sorted(env.toctree_includes.items()),
        sorted((name, title.pformat()) for name, title in env.titles.items()),
        sorted(std.labels.items()),
        sorted(std.anonlabels.items()),
        sorted(std.objects.items()),
        sorted(env.get_domain("math").equations.items()),
        [(c.key, c.formatted_entry.label, c.entry) for c in cited.citations] if cited else [],
    ]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _outdated(app: Sphinx, env: Any) -> list[str]:
    """All pages, where what they show of each other isn't what they were written with."""
    if not is_shown(app):
        return []
    app.aifactory_shown = shown(env)
    note = Path(app.outdir) / NOTE
    same = note.is_file() and note.read_text(encoding="utf-8") == app.aifactory_shown
    return [] if same else sorted(env.found_docs)


def _note(app: Sphinx, error: Exception | None) -> None:
    if error is None and is_shown(app):
        files.write_text(Path(app.outdir) / NOTE, app.aifactory_shown)


def setup(app: Sphinx) -> None:
    """Look when all pages are read and sources are in order (500); note it when all are written."""
    app.connect("env-updated", _outdated, priority=900)
    app.connect("build-finished", _note)
