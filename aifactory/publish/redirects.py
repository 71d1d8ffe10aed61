"""Old addresses that lead to new ones: a page that moved leaves a stub behind.

`MOVED` is the one place for them. A stub is a plain page that sends the reader on, with a link for
browsers that don't follow. Browsers keep the anchor that a reader came with: a page whose anchors
stay the same needs one line.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.osutil import relative_uri

from aifactory.files import write_text
from aifactory.publish import policy
from aifactory.publish.html import escape, is_site

# Old page -> new address, both from the site's root: "book/old.html": "book/new.html#place".
MOVED: dict[str, str] = {}

STUB = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{policy}
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url={to}">
<link rel="canonical" href="{to}">
<title>Moved</title>
</head>
<body>
<main>
<h1>Moved</h1>
<p>This page is now at <a href="{to}">{name}</a>.</p>
</main>
</body>
</html>
"""


def stub(old: str, new: str) -> str:
    """The page that stands at an old address."""
    page, mark, place = new.partition("#")
    to = relative_uri(old, page) + mark + place
    return STUB.format(policy=policy.meta(), to=escape(to), name=escape(new))


def write(site: Path, moved: dict[str, str]) -> None:
    """Put a stub at each old address; refuse to write over a page, or to lead nowhere."""
    for old, new in sorted(moved.items()):
        target = site / new.partition("#")[0]
        if not target.is_file() or new.partition("#")[0] in moved:
            raise ExtensionError(
                f"aifactory/publish/redirects.py: {old} leads to {new}, which is no page of the "
                "site; name the page that has its content now"
            )
        page = site / old
        text = stub(old, new)
        if page.is_file() and "<title>Moved</title>" not in page.read_text(encoding="utf-8"):
            raise ExtensionError(
                f"aifactory/publish/redirects.py: {old} is a page of the site; take it out of MOVED"
            )
        page.parent.mkdir(parents=True, exist_ok=True)
        write_text(page, text)


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is None and is_site(app):
        write(Path(app.outdir), MOVED)


def setup(app: Sphinx) -> None:
    """Write the stubs when all pages are there."""
    app.connect("build-finished", _write)
