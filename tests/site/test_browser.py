"""Every page of the built site in a real browser: desk and phone, light and dark, paper."""

from __future__ import annotations

import functools
import gzip
import html.parser
import http.server
import threading
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

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
AXE = {"resultTypes": ["violations"]}  # what passes isn't written out: faster
WEIGHT_LIMIT = 600_000  # bytes, before scrolling
WIRE_TYPES = ("text/", "javascript", "json", "svg")  # what web servers compress

FILES = sorted(p.relative_to(SITE).as_posix() for p in SITE.rglob("*.html"))
PAGES = [f for f in FILES if not f.startswith(("charts/", "_static/"))]
CHART_PAGES = [f for f in FILES if f.startswith("charts/")]
CHAPTERS = [f for f in PAGES if f.startswith("notebooks/")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """The site over HTTP without a line in the log for each request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def base(site):
    """The address of the site, served on loopback."""
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(browser_path):
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        yield chromium
        chromium.close()


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

    def go(self, path):
        self.page.goto(self.base + path, wait_until="load")
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


def test_there_are_pages_and_chapters(site):
    assert {"index.html", "book/how-to-read.html", "search.html"} <= set(PAGES)
    stems = {p.stem for p in (ROOT / "notebooks").glob("*.md")}
    assert {Path(c).stem for c in CHAPTERS} == stems


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), MODES)
def test_page_is_self_contained_quiet_and_fits(browser, base, path, width, scheme):
    with Visit(browser, base, width, scheme) as visit:
        page = visit.go(path)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        visit.read_through()
        assert visit.overflow() <= 0, offenders(page)
        page.locator(".mode").click()  # the other theme at this width: charts are drawn again
        assert page.evaluate("document.documentElement.dataset.theme") != scheme
        visit.read_through()
        page.wait_for_load_state("networkidle")
        assert visit.foreign() == []
        assert visit.complaints == []
        assert visit.overflow() <= 0, offenders(page)
        if width < 400:  # and on the narrowest phone
            page.set_viewport_size({"width": 360, "height": HEIGHTS[360]})
            visit.read_through()
            assert visit.overflow() <= 0, offenders(page)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), MODES)
def test_page_is_accessible(browser, base, path, width, scheme):
    with Visit(browser, base, width, scheme) as visit:
        page = visit.go(path)
        visit.read_through()
        found = Axe().run(page, options=AXE).response["violations"]
        grave = [
            f"{v['id']} ({v['impact']}): {v['help']}: {v['nodes'][0]['html'][:200]}"
            for v in found
            if v["impact"] in ("serious", "critical")
        ]
        assert grave == []


def test_pages_of_single_charts_hold_and_fit(browser, base):
    faults = []
    with Visit(browser, base, 360) as visit:
        for path in CHART_PAGES:
            page = visit.go(path)
            if visit.overflow() > 0:
                faults.append(f"{path} is too wide: {offenders(page)}")
        assert faults + visit.complaints + visit.foreign() == []


def weight(visit):
    """Bytes of all that was fetched: as stored, and compressed as web servers send it."""
    plain = wire = 0
    for response in visit.responses:
        body = response.body()
        kind = response.headers.get("content-type", "")
        plain += len(body)
        wire += len(gzip.compress(body, 6)) if any(t in kind for t in WIRE_TYPES) else len(body)
    return plain, wire


@pytest.mark.parametrize("path", CHAPTERS)
@pytest.mark.parametrize("width", [1280, 390])
def test_chapter_is_light_before_scrolling(browser, base, path, width):
    with Visit(browser, base, width) as visit:
        visit.go(path)
        plain, wire = weight(visit)
        files = sorted((len(r.body()), r.url.split("/")[-1]) for r in visit.responses)[-5:]
        assert wire <= plain <= WEIGHT_LIMIT, f"{plain:,} bytes ({wire:,} sent); largest: {files}"


@pytest.mark.parametrize("path", CHAPTERS)
def test_charts_come_alive_when_scrolled_to(browser, base, path):
    with Visit(browser, base, 390) as visit:
        page = visit.go(path)
        boxes = page.locator(".chart-box[data-live]")
        fetched = [u for u in visit.requests if "/charts/" in u and u.endswith(".js")]
        assert len(fetched) <= 2, "charts were fetched before anybody scrolled to them"
        visit.read_through()
        assert page.locator(".chart-box.is-live svg").count() >= boxes.count()
        assert visit.complaints == []


def set_control(control):
    """Move a control to its other end or to its next choice."""
    control.evaluate(
        """e => {
          if (e.tagName === 'SELECT') e.selectedIndex = (e.selectedIndex + 1) % e.options.length;
          else if (e.type === 'checkbox') e.checked = !e.checked;
          else if (e.type === 'radio') e.checked = true;
          else e.value = +e.value === +e.max ? e.min : e.max;
          e.dispatchEvent(new Event('input', {bubbles: true}));
          e.dispatchEvent(new Event('change', {bubbles: true}));
        }"""
    )


@pytest.mark.parametrize("path", CHAPTERS)
def test_what_if_controls_recompute_what_is_said(browser, base, path):
    with Visit(browser, base) as visit:
        page = visit.go(path)
        visit.read_through()
        figures = page.locator("figure.chart:has(.chart-controls)")
        for i in range(figures.count()):
            figure = figures.nth(i)
            name = figure.get_attribute("id")
            texts = figure.locator(".chart-live svg text")
            controls = figure.locator(".chart-controls :is(input, select)")
            assert controls.count() > 0, f"{name}: no control appeared"
            first = texts.all_text_contents()
            for j in range(controls.count()):
                set_control(controls.nth(j))
            page.wait_for_timeout(400)
            assert texts.all_text_contents() != first, f"{name}: its words did not change"
            kept = parse_qs(urlsplit(page.url).query)
            of_chart = [k for k in kept if k.startswith(f"{name.removeprefix('fig-')}.")]
            assert len(of_chart) == controls.count(), f"{name}: the address keeps {of_chart}"
            figure.get_by_role("button", name="Reset").click()
            page.wait_for_function("!location.search")
            back = sorted(texts.all_text_contents())  # marks may come in another order
            assert back == sorted(first), f"{name}: Reset leaves other words"
        assert visit.complaints == []


def unloaded(page):
    """Addresses of pictures shown without a drawing in them."""
    return page.evaluate(
        """[...document.images].filter(i => i.checkVisibility() && !i.naturalWidth)
        .map(i => i.currentSrc || i.src)"""
    )


@pytest.mark.parametrize("path", PAGES)
def test_page_works_without_script(browser, base, path):
    with Visit(browser, base, script=False) as visit:
        page = visit.go(path)
        page.wait_for_timeout(100)
        assert visit.foreign() == []
        assert unloaded(page) == []
        figures = page.locator("figure.chart")
        pictures = page.locator("figure.chart picture:visible img")
        assert pictures.count() == figures.count(), "a chart shows nothing without script"
        assert len(page.locator("main").inner_text()) > 30


@pytest.mark.parametrize("path", ["index.html", *CHAPTERS])
def test_page_prints_dark_on_white_without_menus(browser, base, path):
    with Visit(browser, base, 1280, "dark") as visit:
        page = visit.go(path)
        page.emulate_media(media="print", color_scheme="dark")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
        assert page.locator("nav:visible").count() == 0
        assert page.locator("button:visible").count() == 0
        assert page.pdf().startswith(b"%PDF")
        assert visit.complaints == []


# -- links, without a browser ----------------------------------------------------------------------


class Links(html.parser.HTMLParser):
    """Ids and local addresses of one page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given[k] for k in ("id", "name") if given.get(k)}
        self.links += [given[k] for k in ("href", "src", "data-live") if given.get(k)]
        self.links += [s.split()[0] for s in (given.get("srcset") or "").split(",") if s.strip()]


@functools.cache
def links(path):
    return Links((SITE / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES)
def test_internal_links_resolve(path):
    lost = []
    for link in links(path).links:
        address, fragment = urldefrag(urljoin(f"http://site/{path}", link))
        parts = urlsplit(address)
        if parts.netloc != "site" or parts.scheme != "http":
            continue
        target = unquote(parts.path).lstrip("/") or "index.html"
        target += "index.html" if target.endswith("/") else ""
        if not (SITE / target).is_file():
            lost.append(f"{link}: no such file")
        elif fragment and target.endswith(".html") and unquote(fragment) not in links(target).ids:
            lost.append(f"{link}: no such place on the page")
    assert lost == []


def test_the_ledger_links_to_every_verdict():
    ledger = links("book/claims.html").links
    for chapter in CHAPTERS:
        stem = Path(chapter).stem
        linked = {urldefrag(x)[1] for x in ledger if urldefrag(x)[0].endswith(f"{stem}.html")}
        sections = {i for i in links(chapter).ids if i.endswith("-verdict")}
        claims = {i.removesuffix("-verdict") for i in sections}
        missing = [c for c in sorted(claims) if not {c, f"{c}-verdict"} & linked]
        assert missing == [], f"the ledger leads to no verdict of {missing}"
