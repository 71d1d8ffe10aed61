"""The last step of a build: a list of all files of the site with their hashes."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from aifactory import manifest
from aifactory.publish import html, pages


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or not html.is_site(app):
        return
    edition = pages.edition()
    manifest.write(Path(app.outdir), edition.version, edition.commit, pages.base(app))


def setup(app: Sphinx) -> None:
    """Write the manifest when all else is there, the record of the crate (900) among it."""
    app.connect("build-finished", _write, priority=999)
