"""Wide tables and long panels of controls on narrow screens, and what is read aloud of them."""

from __future__ import annotations

import pytest
from visit import Visit, wait_until

BOARD = '.chart-box[data-chart="factory-story-what-if"]'
SPOKEN = f"document.querySelector('{BOARD}').closest('figure').querySelector('output.unseen')"
LEFT_OUT = """() => [...document.querySelectorAll('main .facts-wrap')]
  .filter((e) => e.scrollWidth > e.clientWidth + 1 && (innerWidth > 500 || e.matches('.stacked')))
  .map((e) => [e.ariaLabel, e.scrollWidth, e.clientWidth])"""


@pytest.mark.parametrize("path", ["book/attack.html", "book/bench.html", "book/crosschecks.html"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_column_of_a_table_is_cut_off(browser, base, path, width):
    """On a phone that is asked of tables that stack; the others scroll there."""
    with Visit(browser, base, width) as visit:
        page = visit.go(path)
        assert page.locator("main .facts-wrap").count() > 0
        assert page.evaluate(LEFT_OUT) == []


def test_a_stacked_row_names_its_columns_and_folds_its_route(browser, base):
    with Visit(browser, base, 390) as visit:
        page = visit.go("book/crosschecks.html")
        row = page.locator(".stacked tr:has(td)").first
        assert row.bounding_box()["height"] < 320
        named = "getComputedStyle(document.querySelector('.stacked td'), '::before').content"
        assert page.evaluate(named) == '"The book: "'
        route = row.locator("details")
        assert route.get_attribute("open") is None
        route.locator("summary").click()
        assert route.get_attribute("open") is not None
    with Visit(browser, base, 1280) as visit:
        page = visit.go("book/crosschecks.html")
        assert page.locator(".stacked details:not([open])").count() == 0


@pytest.fixture(scope="module")
def board(browser, base):
    """The sliders of the whole factory on a phone."""
    with Visit(browser, base, 390) as visit:
        page = visit.go("notebooks/factory.html")
        page.locator(BOARD).scroll_into_view_if_needed()
        wait_until(page, f"document.querySelector('{BOARD}').matches('.is-live')")
        wait_until(page, "document.querySelectorAll('.vega-bind').length > 4")
        yield visit


def slide(page, name, value):
    page.evaluate(
        """([board, name, value]) => {
          const figure = document.querySelector(board).closest('figure');
          const input = figure.querySelector(`.chart-controls input[name="${name}"]`);
          input.value = value;
          for (const kind of ['input', 'change'])
            input.dispatchEvent(new Event(kind, { bubbles: true }));
        }""",
        [BOARD, name, value],
    )


def test_the_headline_is_in_sight_beside_every_slider(board):
    page = board.page
    head = page.locator(".case-head")
    wait_until(page, "document.querySelector('.case-head').textContent.includes('claims hold')")
    before = head.inner_text()
    for at in (0, -1):
        slider = page.locator(".chart-controls input[type=range]").nth(at)
        slider.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
        box = head.bounding_box()
        assert 0 <= box["y"] < slider.bounding_box()["y"] < 844
    slide(page, "facility_mw", 100)
    wait_until(page, f"document.querySelector('.case-head').textContent !== {before!r}")
    drawn = page.locator(f"{BOARD} .mark-text.role-mark text").first.text_content()
    assert head.inner_text() == drawn
    assert head.get_attribute("aria-hidden") == "true"  # it is spoken once, below
    slide(page, "facility_mw", 1200)
    wait_until(page, f"document.querySelector('.case-head').textContent === {before!r}")


def test_what_is_spoken_is_the_headline_and_the_ratings_that_moved(board):
    page = board.page
    page.wait_for_timeout(400)
    slide(page, "chiller_kw", page.locator('input[name="chiller_kw"]').get_attribute("min"))
    wait_until(page, f"/chillers/.test({SPOKEN}.textContent)")
    said = page.evaluate(f"{SPOKEN}.textContent")
    assert "claims hold at once" in said
    assert len(said) < 500
    assert ".." not in said
    assert board.complaints == []
    assert "1.2 GW are built" not in said, "a claim that did not move was read aloud"


def test_a_desk_has_the_result_in_sight_without_a_headline(browser, base):
    with Visit(browser, base) as visit:
        page = visit.go("notebooks/factory.html")
        page.locator(BOARD).scroll_into_view_if_needed()
        wait_until(page, "document.querySelectorAll('.vega-bind').length > 4")
        assert page.locator(".case-head").is_hidden()
