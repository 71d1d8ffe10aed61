"""Open every page of the built site and count what is wrong with it.

Each page is seen at a desk's and a phone's width, in both themes, with axe-core's rules for WCAG
2.2 A and AA and its best practices: every violation counts, of whatever impact. Beside that it
counts requests to other hosts, what the browser's console complains of, and pages wider than their
window. Ends with 1 where it finds anything.

    .venv/bin/python bench/audit.py                          everything (an hour on two cores)
    .venv/bin/python bench/audit.py --sample 3               three pages of each kind
    .venv/bin/python bench/audit.py notebooks/power.html book/
    .venv/bin/python bench/audit.py --vnu vnu.jar            and the Nu HTML checker, with Java
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "site")]

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from conftest import provide_browser  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from visit import ARGUMENTS, EMPTY_DRAWINGS, FILES, SITE, Quiet, Visit, offenders  # noqa: E402

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
WINDOWS = [(1280, "light"), (390, "dark")]  # each then also in the other theme
RESULTS = "search.html?q=turbine"  # the search page with something on it
COLUMNS = ("violations", "other hosts", "console", "too wide")


class Server(http.server.ThreadingHTTPServer):
    """A server that bears with pages left before all of them has been sent."""

    def handle_error(self, *_):
        pass


@dataclass
class Report:
    """What was found on one page."""

    path: str
    found: list[tuple[str, str]] = field(default_factory=list)  # column, what


def kind(path: str) -> str:
    """What sort of page an address is: its folder, or its name."""
    folder, _, name = path.partition("?")[0].partition("/")
    return folder if name else folder.removesuffix(".html")


def audit(pages: list[str]) -> list[Report]:
    """See some pages in every window and theme, with a browser and a server of their own."""
    handler = functools.partial(Quiet, directory=str(SITE))
    reports = {path: Report(path) for path in pages}
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}/"
        with sync_playwright() as play:
            chromium = play.chromium.launch(executable_path=provide_browser(), args=ARGUMENTS)
            for path in pages:
                for width, scheme in WINDOWS:
                    with Visit(chromium, base, width, scheme) as visit:
                        reports[path].found += look(visit, path, width)
            chromium.close()
        server.shutdown()
    return list(reports.values())


def look(visit: Visit, path: str, width: int) -> Iterator[tuple[str, str]]:
    """What is wrong with a page in one window: in one theme, then in the other."""
    try:
        page = visit.go(path, settle=path.startswith(("notebooks/", "search")))
        for turn in range(2):
            if turn and not page.locator(".mode:visible").count():
                break
            if turn:
                page.locator(".mode").click()
            visit.read_through()
            told = page.evaluate(EMPTY_DRAWINGS)
            yield from (("violations", f"mark of a live chart that is read out: {x}") for x in told)
            theme = page.evaluate("document.documentElement.dataset.theme ?? 'none'")
            for fault in Axe().run(page, options=AXE).response["violations"]:
                where = f"{width} px, {theme}"
                first = fault["nodes"][0]["html"][:160].replace("\n", " ")
                said = f"{fault['id']} ({fault['impact']}, {len(fault['nodes'])} times, {where})"
                yield "violations", f"{said}: {first}"
            if visit.overflow() > 0:
                yield "too wide", f"{width} px: {offenders(page)[:2]}"
    except Exception as error:
        yield "console", f"{type(error).__name__}: {str(error)[:300]}"
    yield from (("other hosts", url) for url in visit.foreign())
    yield from (("console", text) for text in visit.complaints)


def chosen(wanted: list[str], sample: int) -> list[str]:
    """The pages to see: those under the given names, and of each kind no more than `sample`."""
    pages = [f for f in FILES if not f.startswith("_static/")] + [RESULTS]
    pages = [f for f in pages if not wanted or any(f.startswith(w) for w in wanted)]
    by_kind: dict[str, list[str]] = defaultdict(list)
    for path in pages:
        by_kind[kind(path)].append(path)
    if not sample:
        return pages
    return [p for found in by_kind.values() for p in found[:: -(-len(found) // sample)]]


def table(reports: list[Report]) -> str:
    """Counts by kind of page."""
    pages = Counter(kind(r.path) for r in reports)
    counts = Counter((kind(r.path), column) for r in reports for column, _ in r.found)
    rows = [("kind", "pages", *COLUMNS)]
    rows += [(k, str(n), *(str(counts[k, c]) for c in COLUMNS)) for k, n in sorted(pages.items())]
    totals = [sum(counts[k, c] for k in pages) for c in COLUMNS]
    rows.append(("all", str(len(reports)), *map(str, totals)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        numbers = [text.rjust(w) for text, w in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *numbers]))
    return "\n".join(lines)


def nu(jar: str, pages: list[str]) -> list[str]:
    """Errors that the Nu HTML checker finds in pages and in the style sheets."""
    said = []
    styles = [p.relative_to(SITE).as_posix() for p in (SITE / "_static").glob("*.css")]
    own = [s for s in styles if Path(s).name in ("book.css", "find.css")]
    for files, option in ((pages, "--skip-non-html"), (own, "--css")):
        command = ["java", "-Xss4m", "-jar", jar, "--format", "json", "--errors-only", option]
        run = subprocess.run([*command, *files], cwd=SITE, capture_output=True, text=True)
        for message in json.loads(run.stderr)["messages"]:
            place = message.get("url", "").removeprefix(f"{SITE.as_uri().replace('///', '/')}/")
            said.append(f"{place}, line {message.get('lastLine')}: {message['message']}")
    return said


def main() -> int:
    """Audit, print, and say whether anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pages", nargs="*", help="addresses that pages begin with; all by default")
    parser.add_argument("--sample", type=int, default=0, help="pages of each kind")
    parser.add_argument("--jobs", type=int, default=2, help="browsers at the same time")
    parser.add_argument("--vnu", metavar="JAR", help="the Nu HTML checker, from npm's vnu-jar")
    given = parser.parse_args()
    pages = chosen(given.pages, given.sample)
    parts = [part for at in range(given.jobs * 8) if (part := pages[at :: given.jobs * 8])]
    with ProcessPoolExecutor(given.jobs) as pool:
        reports = sorted((r for rs in pool.map(audit, parts) for r in rs), key=lambda r: r.path)
    faults = nu(given.vnu, [p for p in pages if p != RESULTS]) if given.vnu else []
    for report in reports:
        for column, what in report.found:
            print(f"{report.path}: {column}: {what}")
    print("\n".join(faults))
    print(table(reports))
    return int(bool(faults) or any(r.found for r in reports))


if __name__ == "__main__":
    sys.exit(main())
