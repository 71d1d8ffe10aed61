"""What a reader prints after reading: charts that came alive, and both themes on white paper."""

from __future__ import annotations

import pytest
from visit import Visit, wait_until

CHAPTER = "notebooks/pace.html"
LUMINANCE = """(selector) => [...document.querySelectorAll(selector)].map((e) => {
  const [r, g, b] = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
})"""
PICTURES = """() => [...document.querySelectorAll('figure.chart .chart-box')].map((box) => {
  const img = box.querySelector('img');
  return [box.dataset.chart, img.clientHeight, img.complete && img.naturalWidth > 0,
          img.currentSrc.split('/').pop()];
})"""


@pytest.fixture(scope="module", params=["light", "dark"])
def read(request, browser, base):
    """A chapter that was read to its end, on paper; its pictures as they stood before that."""
    with Visit(browser, base, 1280, request.param) as visit:
        page = visit.go(CHAPTER)
        assert visit.read_through() > 10
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.dataset.theme") == request.param
        visit.before = page.evaluate(PICTURES)
        page.emulate_media(media="print", color_scheme=request.param)
        yield visit


def test_every_chart_that_was_seen_is_on_paper(read):
    found = read.page.evaluate(PICTURES)
    assert [name for name, height, *_ in found if height < 50] == []
    assert [name for name, *_, file in found if "-dark" in file] == []


def test_the_light_picture_has_come_before_the_print_is_asked_for(read):
    assert [row for row in read.before if not row[2] or "-dark" in row[3]] == []


def test_chips_of_ratings_are_pale_on_paper(read):
    shades = read.page.evaluate(LUMINANCE, ".rating")
    assert len(shades) > 3
    assert min(shades) > 0.8


def test_the_first_page_prints_the_number_that_decides_each_claim(browser, base):
    with Visit(browser, base) as visit:
        page = visit.go("index.html")
        page.emulate_media(media="print")
        wait_until(page, "document.querySelectorAll('.score').length > 20")
        assert (
            page.locator(".score-why > summary:visible").count() == page.locator(".score").count()
        )
        assert page.locator(".score-why > p:visible").count() == 0
