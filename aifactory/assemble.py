"""Put the editions of the site side by side, as they are published.

    python -m aifactory.assemble OUT SITE...

Each SITE is a built site, a folder or a `.tar.gz` of one. OUT gets `/0.5.0/` for each version,
`/latest/` with the newest, and `/editions.js`, a list that pages of an edition ask for, so that old
ones can say that there is a newer one without being changed, and `/404.html`, which static hosts
show for addresses that lead nowhere. At the top, where the site stood
before it had editions, pages lead on to `/latest/` (a browser keeps the anchor) and files are there
as they were. Needs nothing but Python itself.

Versions, not years, name the editions: a correction is a version, too, and may come the same day.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from aifactory import files, manifest
from aifactory.errors import DataError

LIST = "editions.js"
LATEST = "latest"
VERSION = re.compile(r"\d+\.\d+\.\d+")
INSIDE = ("_static", "charts", "og")  # parts of pages: nobody was sent to them

STUB = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<meta http-equiv="refresh" content="0; url={to}">
<link rel="canonical" href="{to}">
<title>{title}</title>
</head>
<body>
<p>The newest edition has this page at <a href="{to}">{to}</a>.</p>
</body>
</html>
"""


# Shown in place of any address, so its own links start at the host, or at the site's full address.
LOST = """<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src {source}; font-src {source}">
<meta name="robots" content="noindex">
<link rel="stylesheet" href="{newest}_static/book.css">
<title>Page not found</title>
</head>
<body>
<main class="text alone">
<h1>Page not found</h1>
<p>Nothing is at this address. It may be cut off or mistyped: those that the book has published are
meant to last.</p>
<ul>
<li><a href="{newest}index.html">The first page of the newest edition</a></li>
<li><a href="{newest}search.html">Search the book</a></li>
<li><a href="{newest}book/claims.html">All claims</a></li>
<li><a href="{newest}changes.html">What changed from edition to edition</a></li>
</ul>
<form class="find find-page" role="search" action="{newest}search.html" method="get">
<label for="q">Words to look for</label>
<input id="q" type="search" name="q" required>
<button type="submit">Search</button>
</form>
</main>
</body>
</html>
"""


class Unfit(DataError):
    """A site that can't be an edition."""


def order(version: str) -> tuple[int, ...]:
    """Versions by their numbers: 0.10.0 is after 0.9.0."""
    return tuple(map(int, version.split(".")))


def assemble(out: Path, sites: Iterable[Path]) -> list[str]:
    """Write the whole site to `out`, which must not be there yet; the versions, oldest first.

    Every edition is held to its own manifest. Raises Unfit, manifest.BadManifest; then nothing is
    left of `out`.
    """
    if out.exists():
        raise Unfit(f"{out} is there already: remove it, or name another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".editions-", dir=out.parent) as temporary:
        whole = Path(temporary) / "site"
        whole.mkdir()
        found = sorted((_take(site, whole, Path(temporary)) for site in sites), key=order)
        if not found:
            raise Unfit("no edition is named")
        shutil.copytree(whole / found[-1], whole / LATEST)
        _top(whole)
        files.write_text(whole / LIST, f"bookEditions({json.dumps(found)});\n")
        files.write_text(whole / "404.html", lost(whole / LATEST))
        files.write_text(whole / ".nojekyll", "")
        os.replace(whole, out)
    return found


def _take(site: Path, whole: Path, temporary: Path) -> str:
    """Put one edition into its folder, and return its version."""
    if site.is_file():
        unpacked = Path(tempfile.mkdtemp(dir=temporary))
        try:
            with tarfile.open(site) as archive:
                archive.extractall(unpacked, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            why = str(error).splitlines()[0]
            raise Unfit(f"{site} is no archive of a site: {why}") from None
        site, name = unpacked, str(site)
    else:
        name = str(site)
    reader = manifest.folder_reader(site)
    held = manifest.read(reader(manifest.FILE, manifest.LONGEST + 1), name)
    faults = manifest.check(held, reader) + manifest.unlisted(held, site)
    if faults:
        raise Unfit(f"{name} is not as it was built: {faults[0]} ({len(faults)} in all)")
    if not VERSION.fullmatch(held.version):
        raise Unfit(f"{name} is of version {held.version!r}, which is not of the form 1.2.3")
    if (whole / held.version).exists():
        raise Unfit(f"{name} is version {held.version}, and so is another one")
    shutil.copytree(site, whole / held.version, ignore=shutil.ignore_patterns(".*"))
    return held.version


def _top(whole: Path) -> None:
    """What stands at addresses without an edition: ways to the newest pages, and its files."""
    newest = whole / LATEST
    for name in manifest.listed(newest):
        if name.split("/")[0] in INSIDE:
            continue
        target = whole / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".html"):
            to = "../" * name.count("/") + f"{LATEST}/{name}"
            title = re.search(r"<title>(.*?)</title>", (newest / name).read_text("utf-8"), re.S)
            said = html.unescape(title[1]) if title else "Moved"
            text = STUB.format(to=html.escape(to), title=html.escape(said))
            files.write_text(target, text)
        else:
            shutil.copyfile(newest / name, target)


def lost(newest: Path) -> str:
    """The page for addresses that lead nowhere.

    A host shows it at any depth, so that relative links would miss. The newest edition's map of
    the site has its full address; where it has none, the site is taken to be all of its host.
    """
    sitemap = newest / "sitemap.xml"
    text = sitemap.read_text("utf-8") if sitemap.is_file() else ""
    known = re.search(r"<loc>(https?://[^<\s]+/)</loc>", text)
    place = html.unescape(known[1]) if known else f"/{LATEST}/"
    host = re.match(r"https?://[^/]+", place)
    return LOST.format(newest=html.escape(place), source=html.escape(host[0] if host else "'self'"))


def main(arguments: list[str]) -> int:
    """The command; its exit code."""
    if len(arguments) < 2:
        sys.stderr.write("usage: python -m aifactory.assemble OUT SITE...\n")
        return 2
    try:
        found = assemble(Path(arguments[0]), map(Path, arguments[1:]))
    except (DataError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{arguments[0]}: {', '.join(found)}; the newest is {found[-1]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
