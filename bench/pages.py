"""The published pages in a browser, against pages of a stock Jupyter Book of the same chapters.

Chromium runs with a processor slowed down to a quarter. LCP and layout shift (CLS) are those of the
browser; bytes are bodies as they are stored, not compressed, before anybody scrolls. What asks for
another host fails at once, which favours the stock page. The stock book's first page is a title
and nothing more.
"""

from __future__ import annotations

import functools
import http.server
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from bench import stock
from bench.rows import ROOT, Found, Group, Row

SITE = ROOT / "_build" / "html"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "site")]

SLOWER, RUNS, SETTLE = 4, 3, 3000  # times, runs, milliseconds of silence before bytes are counted
CHAPTERS = ("power", "robots")
# Name -> address in the site, and in the stock book
PAGES = {"First page": ("index.html", "index.html")} | {
    f"Page {c}": (f"notebooks/{c}.html", f"{c}.html") for c in CHAPTERS
}
COLUMNS = {  # what -> unit and limit
    "LCP": ("s", 1.2),
    "layout shift": ("", 0.05),
    "requests": ("", 25),
    "weight": ("kB", 600),
    "elements": ("", None),
    "requests to other hosts": ("", 0),
}
ROWS = {
    name: {
        column: Row(f"{name}: {column}", unit, "stock Jupyter Book", limit=limit)
        for column, (unit, limit) in COLUMNS.items()
    }
    for name in PAGES
}

OBSERVE = """
window.seen = {lcp: 0, shifts: []};
new PerformanceObserver((list) => list.getEntries().forEach((e) => { seen.lcp = e.startTime; }))
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((e) => {
  if (!e.hadRecentInput) seen.shifts.push([e.startTime, e.value]);
})).observe({type: "layout-shift", buffered: true});
"""
SCROLL = """
async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo({top: y, behavior: "instant"});
    await new Promise((done) => setTimeout(done, 150));
  }
}
"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine."""
    from visit import Quiet

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def cls(shifts: list[tuple[float, float]]) -> float:
    """The largest sum of shifts less than 1 s apart, within 5 s: the metric's session window."""
    worst = total = 0.0
    began = last = -1e9
    for at, value in shifts:
        if at - last > 1000 or at - began > 5000:
            began, total = at, 0.0
        total, last = total + value, at
        worst = max(worst, total)
    return worst


def visit(browser: Browser, base: str, page: str) -> dict[str, float]:
    """One cold visit on a desk's screen: what loads, then a scroll to the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    tab = context.new_page()
    session = context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    asked: list[str] = []
    sizes: list[int] = []
    tab.on("request", lambda r: asked.append(r.url))
    tab.on("response", lambda r: sizes.append(int(r.headers.get("content-length", 0))))
    host = urlsplit(base).netloc
    tab.route(lambda url: urlsplit(url).netloc not in ("", host), lambda route: route.abort())
    tab.add_init_script(OBSERVE)
    tab.goto(base + page, wait_until="load", timeout=180_000)
    tab.wait_for_timeout(SETTLE)
    own = [u for u in asked if urlsplit(u).scheme in ("http", "https")]
    found = {
        "LCP": tab.evaluate("seen.lcp") / 1000,
        "requests": len(own),
        "weight": sum(sizes) / 1000,
        "elements": tab.evaluate("document.querySelectorAll('*').length"),
    }
    tab.evaluate(SCROLL)
    tab.wait_for_timeout(SETTLE)
    found["layout shift"] = cls(tab.evaluate("seen.shifts"))
    found["requests to other hosts"] = sum(urlsplit(u).netloc not in ("", host) for u in asked)
    context.close()
    return found


def visits(browser: Browser, folder: Path, page: str, runs: int) -> list[dict[str, float]]:
    """Some visits of a page."""
    with served(folder) as base:
        return [visit(browser, base, page) for _ in range(runs)]


def measure(quick: bool) -> Iterator[Found]:
    """Landing page and two chapters beside their stock pages; the first page beside both."""
    from conftest import provide_browser
    from visit import ARGUMENTS

    runs = 1 if quick else RUNS
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(executable_path=provide_browser(), args=ARGUMENTS)
        plain = Path(folder)
        stock.write(plain / "book", [ROOT / "notebooks" / f"{c}.ipynb" for c in CHAPTERS])
        subprocess.run(stock.BUILD, cwd=plain / "book", check=True, capture_output=True)
        site = plain / "book" / "_build" / "html"
        for name, (page, other) in PAGES.items():
            ours = visits(browser, SITE, page, runs)
            theirs = visits(browser, site, other, 1)
            for column, row in ROWS[name].items():
                peer = statistics.median(v[column] for v in theirs)
                yield Found(row.what, [v[column] for v in ours], peer)
        browser.close()


GROUPS = (Group("pages", tuple(r for rows in ROWS.values() for r in rows.values()), measure, 900),)
