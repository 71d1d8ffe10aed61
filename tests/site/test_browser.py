"""Every page of the built site as it is opened: desk and phone, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from visit import (
    CHAPTERS,
    EMPTY_DRAWINGS,
    HEIGHTS,
    MODES,
    PAGES,
    ROOT,
    Visit,
    fetched,
    offenders,
    weight,
)

# What passes isn't written out: faster. What hangs on looks is asked apart, below.
VIOLATIONS = {"resultTypes": ["violations"]}
BY_LOOK = ["color-contrast", "link-in-text-block"]  # links differ from the text around them
ALL_BUT_LOOK = VIOLATIONS | {"rules": {rule: {"enabled": False} for rule in BY_LOOK}}
LOOK = VIOLATIONS | {"runOnly": BY_LOOK}
# The contrast of each element takes the checker nine tenths of its time on a long page. It follows
# from how text looks, so of all text of one colour, size, weight and ground, eight places from the
# first to the last stand for all. `make audit` asks it of every element.
LOOKS = """() => {
  const looks = new Map(), grounds = new Map();
  const ground = (e) => {
    if (!e) return "";
    if (!grounds.has(e)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(e);
      const own = [backgroundColor, backgroundImage, opacity].join();
      const beneath = ground(e.parentElement);
      grounds.set(e, own === "rgba(0, 0, 0, 0),none,1" ? beneath : `${own}; ${beneath}`);
    }
    return grounds.get(e);
  };
  const speaks = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  for (const e of document.body.querySelectorAll("*")) {
    if (!speaks(e) || !e.checkVisibility()) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(e);
    const look = [color, fontSize, fontWeight, ground(e)].join();
    looks.set(look, [...(looks.get(look) ?? []), e]);
  }
  const some = (all) => [0, 1, 2, 3, 4, 5, 6, 7].map(
    (i) => all[Math.round(i * (all.length - 1) / 7)]);
  return [...new Set([...looks.values()].flatMap(some))];
}"""
WEIGHT_LIMIT = 600_000  # bytes, before scrolling
SAMPLE = ["index.html", "notebooks/power.html"]


@pytest.fixture(scope="module")
def seen(request, browser, base):
    """One page in one window and theme, read through; the tests of it follow one another."""
    path, width, scheme = request.param
    with Visit(browser, base, width, scheme) as visit:
        visit.go(path)
        visit.width, visit.scheme, visit.bytes = width, scheme, weight(visit)
        visit.files = sorted((path.stat().st_size, path.name) for _, path in fetched(visit))
        visit.before = list(visit.requests)
        visit.live = visit.read_through()
        yield visit


def seen_first(paths):
    """Run a test on pages, each in the window and theme in which it is opened.

    By turns that is a desk in light and a phone in dark; what all pages are made of is opened in
    both. Later tests change to the other theme, and from the desk to the narrowest phone or from
    the phone to the desk, so that each page is seen wide and narrow, light and dark. `make audit`
    sees all in every combination.
    """
    cases = [
        (path, *mode)
        for path in paths
        for mode in (MODES if path in SAMPLE else [MODES[PAGES.index(path) % 2]])
    ]
    names = [f"{path}-{width}-{scheme}" for path, width, scheme in cases]
    return pytest.mark.parametrize("seen", cases, indirect=True, ids=names)


def test_there_are_pages_and_chapters(site):
    assert {"index.html", "book/how-to-read.html", "search.html"} <= set(PAGES)
    stems = {p.stem for p in (ROOT / "notebooks").glob("*.md")}
    assert {Path(c).stem for c in CHAPTERS} == stems


@seen_first(CHAPTERS)
def test_chapter_is_light_before_scrolling(seen):
    plain, wire = seen.bytes
    told = f"{plain:,} bytes ({wire:,} sent); largest: {seen.files[-5:]}"
    assert wire <= plain <= WEIGHT_LIMIT, told


@seen_first(CHAPTERS)
def test_charts_come_alive_when_scrolled_to(seen):
    drawn = [u for u in seen.before if "/charts/" in u and u.endswith(".js")]
    assert len(drawn) <= 2, "charts were fetched before anybody scrolled to them"
    assert seen.page.locator(".chart-box.is-live svg").count() >= seen.live
    assert seen.complaints == []


@seen_first(PAGES)
def test_page_is_self_contained_quiet_and_fits(seen):
    assert seen.page.evaluate("document.documentElement.dataset.theme") == seen.scheme
    assert seen.overflow() <= 0, offenders(seen.page)
    assert seen.foreign() == []
    assert seen.complaints == []


@seen_first(PAGES)
def test_page_holds_in_the_other_window_and_theme(seen):
    page, width = seen.page, 360 if seen.width > 400 else 1280
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.locator(".mode").click()  # charts are drawn again
    assert page.evaluate("document.documentElement.dataset.theme") != seen.scheme
    seen.read_through()
    assert seen.overflow() <= 0, offenders(page)
    page.wait_for_load_state("networkidle")
    assert seen.foreign() == []
    assert seen.complaints == []


# It comes after the test above, so in the other window and theme.
@seen_first(PAGES)
def test_page_is_accessible(seen):
    page = seen.page
    assert page.evaluate(EMPTY_DRAWINGS) == []
    found = Axe().run(page, options=ALL_BUT_LOOK).response["violations"]
    ask = f"(options) => axe.run({{ include: ({LOOKS})() }}, options)"
    found += page.evaluate(ask, LOOK)["violations"]
    grave = [
        f"{v['id']} ({v['impact']}): {v['help']}: {v['nodes'][0]['html'][:200]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert grave == []
