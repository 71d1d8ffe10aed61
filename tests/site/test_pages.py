"""Pages of the built site at work: what-ifs, without script, on paper, single charts, links."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from urllib.parse import parse_qs, urldefrag, urlsplit

import pytest
from markup import READERS, fault, page
from visit import CHAPTERS, CHART_PAGES, FILES, PAGES, SITE, Visit, offenders, wait_until


def extreme_charts():
    """Of each chapter's pages of single charts, the largest and that of the widest table.

    All come from one template and differ in their table and picture. `make audit` opens every one;
    what their files hold and lead to is asked of all, without a browser, in test_policy, test_html
    and below.
    """
    texts = {path: (SITE / path).read_text(encoding="utf-8") for path in CHART_PAGES}
    heads = {p: max(map(len, re.findall("<thead>.*", t)), default=0) for p, t in texts.items()}
    for _, paths in itertools.groupby(CHART_PAGES, lambda path: path.split("-")[0]):
        several = list(paths)
        yield from {max(several, key=heads.get), max(several, key=lambda path: len(texts[path]))}


def test_pages_of_single_charts_hold_and_fit(browser, base):
    faults = []
    seen = sorted(extreme_charts())
    assert len(seen) >= len(CHAPTERS)
    with Visit(browser, base, 360) as visit:
        for path in seen:
            page = visit.go(path, settle=False)
            if visit.overflow() > 0:
                faults.append(f"{path} is too wide: {offenders(page)}")
        assert faults + visit.complaints + visit.foreign() == []


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
        figures = page.locator("figure.chart:has(.chart-controls)")
        for i in range(figures.count()):
            figure = figures.nth(i)
            figure.scroll_into_view_if_needed()
            figure.locator(".is-live").wait_for(state="attached", timeout=20_000)
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
            wait_until(page, "!location.search")
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
        if path == "notebooks/power.html":  # the most charts; test_paper prints a small book whole
            assert page.pdf().startswith(b"%PDF")
        assert visit.complaints == []


# -- links, without a browser ----------------------------------------------------------------------


def test_internal_links_resolve():
    links = [(path, link) for path in FILES for link in page(path).links]
    links += [found for reader in READERS for found in reader(SITE)]
    assert [f"{path}: {said}" for path, link in links if (said := fault(path, link))] == []


def test_the_ledger_links_to_every_verdict():
    ledger = page("book/claims.html").links
    for chapter in CHAPTERS:
        stem = Path(chapter).stem
        linked = {urldefrag(x)[1] for x in ledger if urldefrag(x)[0].endswith(f"{stem}.html")}
        sections = {i for i in page(chapter).ids if i.endswith("-verdict")}
        claims = {i.removesuffix("-verdict") for i in sections}
        missing = [c for c in sorted(claims) if not {c, f"{c}-verdict"} & linked]
        assert missing == [], f"the ledger leads to no verdict of {missing}"
