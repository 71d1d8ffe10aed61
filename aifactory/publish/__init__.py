"""The book on the web: a plain Sphinx extension, usable with jupyter-book and without it.

It brings a theme of its own (no font, script or style from another host), charts that are static
first and live when scrolled to, verdict boxes, the scoreboard and its relatives, the head of a
chapter, mathematics as MathML, and the bibliography made from data/sources.csv.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from aifactory.publish import (
    assets,
    attack,
    bibliography,
    cards,
    changes,
    citing,
    claimpages,
    crate,
    datapages,
    directives,
    figures,
    front,
    heads,
    html,
    maths,
    pages,
    reading,
    redirects,
    search,
    slim,
    volume,
)

HERE = Path(__file__).parent


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_html_theme("aifactory", str(HERE / "theme"))
    # jupyter-book sets this whether or not the extension that knows it is loaded.
    if "comments_config" not in app.config:
        app.add_config_value("comments_config", {}, "")
    html.setup(app)
    figures.setup(app)
    directives.setup(app)
    attack.setup(app)
    front.setup(app)
    reading.setup(app)
    datapages.setup(app)
    maths.setup(app)
    slim.setup(app)
    bibliography.setup(app)
    assets.setup(app)
    claimpages.setup(app)
    changes.setup(app)
    search.setup(app)
    redirects.setup(app)
    volume.setup(app)
    citing.setup(app)
    cards.setup(app)
    heads.setup(app)
    crate.setup(app)
    return {
        "version": "1",
        "env_version": _sources_digest(),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _sources_digest() -> int:
    """A number that changes with the code of this extension, so that no page stays as it was."""
    read = [*sorted(HERE.glob("*.py")), pages.ROOT / "CITATION.cff"]  # every head says the version
    code = b"".join(path.read_bytes() for path in read)
    return int(hashlib.sha256(code).hexdigest()[:12], 16)
