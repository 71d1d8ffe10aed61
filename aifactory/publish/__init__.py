"""The book on the web: a plain Sphinx extension, usable with jupyter-book and without it.

It brings a theme of its own (no font, script or style from another host), charts that are static
first and live when scrolled to, verdict boxes, the scoreboard and its relatives, the head of a
chapter, mathematics as MathML, and the bibliography made from data/sources.csv.
"""

from __future__ import annotations

import gc
import hashlib
import os
import time
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from aifactory.publish import (
    assets,
    attack,
    benchmarks,
    bibliography,
    cards,
    changes,
    citing,
    claimpages,
    crate,
    crosspage,
    datapages,
    directives,
    figures,
    front,
    heads,
    html,
    links,
    manifests,
    maths,
    pages,
    policy,
    reading,
    redirects,
    search,
    slim,
    volume,
)

HERE = Path(__file__).parent


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    gc.set_threshold(100_000, 50, 50)  # a build keeps most of what it makes
    _same_everywhere(app)
    app.add_html_theme("aifactory", str(HERE / "theme"))
    # jupyter-book sets this whether or not the extension that knows it is loaded.
    if "comments_config" not in app.config:
        app.add_config_value("comments_config", {}, "")
    html.setup(app)
    policy.setup(app)
    figures.setup(app)
    directives.setup(app)
    crosspage.setup(app)
    attack.setup(app)
    benchmarks.setup(app)
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
    links.setup(app)
    heads.setup(app)
    crate.setup(app)
    manifests.setup(app)
    return {
        "version": "1",
        "env_version": _sources_digest(),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _same_everywhere(app: Sphinx) -> None:
    """Build in universal time, for axes of time are drawn in local time, and keep the book's year.

    Where SOURCE_DATE_EPOCH is set, Sphinx puts its year in place of this year's in the copyright:
    then the same commit gave other pages in another year.
    """
    os.environ["TZ"] = "UTC"
    if hasattr(time, "tzset"):
        time.tzset()
    said: list[str] = []
    app.connect("config-inited", lambda app, config: said.append(config.copyright), priority=1)
    app.connect(
        "config-inited", lambda app, config: setattr(config, "copyright", said[0]), priority=999
    )


def _sources_digest() -> int:
    """A number that changes with the code of this extension, so that no page stays as it was."""
    read = [*sorted(HERE.glob("*.py")), pages.ROOT / "CITATION.cff"]  # every head says the version
    code = b"".join(path.read_bytes() for path in read)
    return int(hashlib.sha256(code).hexdigest()[:12], 16)
