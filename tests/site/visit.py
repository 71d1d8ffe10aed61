"""How the tests see the built site: its pages, a server, a browser, and a visit to one page."""

from __future__ import annotations

import gzip
import http.server
import json
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HEIGHTS = {1280: 900, 390: 844, 360: 740}
MODES = [(1280, "light"), (390, "dark")]
WIRE_TYPES = ("text/", "javascript", "json", "svg")  # what web servers compress

# Of pages made from one template, a few stand for all in tests that open pages.
SAMPLES = {
    "cite/": ("cite/notebooks/pace.html",),
    "claims/": ("claims/power-built.html", "claims/supply-odm.html", "claims/pace-agi.html"),
    "data/": ("data/figures.html", "data/power/plants_world.html", "data/corrections.html"),
}


def sampled(file):
    """Whether browser tests open a page."""
    made = next((s for s in SAMPLES if file.startswith(s)), None)
    return made is None or file in SAMPLES[made]


FILES = sorted(p.relative_to(SITE).as_posix() for p in SITE.rglob("*.html"))
PAGES = [f for f in FILES if not f.startswith(("charts/", "_static/")) and sampled(f)]
CHART_PAGES = [f for f in FILES if f.startswith("charts/")]
CHAPTERS = [f for f in PAGES if f.startswith("notebooks/")]

# Marks of a live chart that screen readers would meet one by one, instead of its one label; where
# there are none, the drawing is emptied: thousands of hidden marks tell the checker nothing.
EMPTY_DRAWINGS = """() => {
  const drawings = [...document.querySelectorAll('.chart-live svg')];
  const told = drawings.flatMap((svg) =>
    [...svg.querySelectorAll('[role], [aria-label], [tabindex]')].filter(
      (e) => !e.parentElement.closest('[aria-hidden="true"]') && e.ariaHidden !== 'true'));
  if (!told.length) drawings.forEach((svg) => svg.replaceChildren());
  return told.slice(0, 5).map((e) => e.outerHTML.slice(0, 120));
}"""


def chart_content(site, name):
    """A live chart's specifications and data, as the page fetches them."""
    text = (site / "charts" / f"{name}.js").read_text(encoding="utf-8")
    named, content = json.loads(f"[{text.strip().removeprefix('bookChart(').removesuffix(');')}]")
    assert named == name
    return content


def wait_until(page, expression, seconds=20):
    """Wait until a page's expression holds.

    Asked from here again and again: playwright's own wait_for_function would ask from a timer of
    the page, where the page's policy forbids to evaluate text, so it works only if the first
    answer is yes.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, f"after {seconds} s this does not hold: {expression}"
        page.wait_for_timeout(20)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """The site over HTTP without a line in the log for each request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


class Visit:
    """A page, and everything it asked for and complained about."""

    def __init__(self, browser, base, width=1280, scheme="light", script=True):
        self.base = base
        self.requests, self.complaints, self.responses = [], [], []
        self.context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            color_scheme=scheme,
            java_script_enabled=script,
        )
        self.page = self.context.new_page()
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("response", lambda r: self.responses.append(r))
        self.page.on("pageerror", lambda e: self.complaints.append(f"error: {e}"))
        self.page.on("requestfailed", self.miss)
        self.page.on("console", self.hear)

    def hear(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def miss(self, request):
        if request.failure != "net::ERR_ABORTED":  # the icon of a page that was left for the next
            self.complaints.append(f"failed: {request.url}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def go(self, path, settle=True):
        """Open a page; `settle` waits until half a second has passed without a request."""
        self.page.goto(self.base + path, wait_until="load")
        if settle:
            self.page.wait_for_load_state("networkidle")
        return self.page

    def foreign(self):
        """Addresses outside the site."""
        local = (self.base, "data:", "blob:")
        return sorted({u for u in self.requests if not u.startswith(local)})

    def read_through(self):
        """Scroll from top to bottom, so that every chart comes alive; returns how many did."""
        boxes = self.page.locator(".chart-box[data-live]")
        for i in range(boxes.count()):
            boxes.nth(i).scroll_into_view_if_needed()
            live = self.page.locator(".chart-box[data-live]").nth(i)
            live.and_(self.page.locator(".is-live")).wait_for(state="attached", timeout=20_000)
        return boxes.count()

    def overflow(self):
        """How many pixels the page is wider than its window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )


def offenders(page):
    """What sticks out of the window, for the message of a failed test."""
    return page.evaluate(
        """[...document.querySelectorAll('body *')]
        .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""
    )


def weight(visit):
    """Bytes of all that was fetched: as stored, and compressed as web servers send it.

    Read from the site's own files: a browser may have dropped a body by the time it is asked.
    """
    plain = wire = 0
    for response, path in fetched(visit):
        body = path.read_bytes()
        kind = response.headers.get("content-type", "")
        plain += len(body)
        wire += len(gzip.compress(body, 6)) if any(t in kind for t in WIRE_TYPES) else len(body)
    return plain, wire


def fetched(visit):
    """Each response so far that the site gave, and the file that it was made from."""
    for response in visit.responses:
        if response.status == 200 and response.url.startswith(visit.base):
            path = unquote(urlsplit(response.url.removeprefix(visit.base)).path)
            yield response, SITE / (f"{path}index.html" if path.endswith("/") or not path else path)
