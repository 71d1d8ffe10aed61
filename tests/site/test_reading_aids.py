"""Reading aids by keyboard alone: filter, shortcuts, tooltips; one light page and the first."""

from __future__ import annotations

import re

import pytest
from visit import Visit, wait_until

PAGE = "notebooks/factory.html"  # a chapter that isn't heavy
TERMS = "book/methods.html"  # links to the glossary


@pytest.fixture(scope="module")
def first(browser, base):
    with Visit(browser, base) as visit:
        visit.go("index.html")
        yield visit


@pytest.fixture
def chapter(browser, base):
    with Visit(browser, base) as visit:
        visit.go(PAGE, settle=False)
        yield visit
        assert visit.complaints == []


@pytest.fixture
def terms(browser, base):
    with Visit(browser, base) as visit:
        visit.go(TERMS, settle=False)
        visit.link = visit.page.locator('article a[href*="glossary.html#term-"]').first
        yield visit
        assert visit.complaints == []


def shown(page):
    return page.locator(".argument .score:visible").count()


def tab_to(page, selector, most=60):
    """Press Tab until the element is reached, as a reader would."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by {most} tabs")


# -- the filter -----------------------------------------------------------------------------------


def test_the_filter_works_by_keyboard_is_said_and_kept_in_the_address(first, browser, base):
    page = first.page
    said = page.locator(".filter output")
    whole = shown(page)
    assert said.get_attribute("aria-live") == "polite"
    tab_to(page, '.filter select[name="subject"]')
    page.keyboard.press("w")  # typing in a list chooses from it, and is no shortcut
    assert page.locator(".filter select").input_value() == "water"
    assert 0 < shown(page) < whole
    assert said.inner_text() == f"{shown(page)} of {whole} claims shown"
    assert page.locator(".argument .subject:visible").count() == 1
    tab_to(page, '.filter [value="fails"]')
    page.keyboard.press("Space")
    groups = page.locator(".argument .score:visible").evaluate_all(
        "l => l.map(e => e.dataset.group)"
    )
    assert set(groups) == {"fails"}
    tab_to(page, '.filter [name="why"]')
    page.keyboard.press("Space")
    assert page.locator(".argument .score:visible .score-why[open]").count() == shown(page)
    count = shown(page)
    page.wait_for_url("**subject=water&rating=fails&why=1")
    with Visit(browser, base) as other:
        other.go(page.url.removeprefix(base), settle=False)
        wait_until(other.page, "document.querySelector('.filter').elements.subject.value")
        assert shown(other.page) == count
        assert other.page.locator(".filter [value=fails]").is_checked()
    tab_to(page, ".filter button")
    page.keyboard.press("Enter")
    wait_until(page, "!location.search")
    assert shown(page) == whole
    assert first.complaints == []


def test_a_filter_that_is_no_choice_changes_nothing(browser, base):
    with Visit(browser, base) as visit:
        page = visit.go("index.html?subject=<b>&rating=grand&why=2")
        assert page.locator(".argument .score:not(:visible)").count() == 0
        assert page.locator(".score-why[open]").count() == 0


def test_without_script_all_is_shown_and_no_filter(browser, base):
    with Visit(browser, base, 360, script=False) as visit:
        page = visit.go("index.html?rating=holds")
        assert page.locator(".filter").is_hidden()
        assert page.locator(".keys button").is_hidden()
        assert page.locator(".argument .score:not(:visible)").count() == 0
        page.locator(".score-why summary").first.press("Enter")
        assert page.locator(".score-why[open] p:visible").count() > 1


@pytest.mark.parametrize("path", ["index.html", PAGE])
def test_nothing_is_lost_at_twice_the_size(browser, base, path):
    with Visit(browser, base) as visit:
        page = visit.go(path, settle=False)
        page.set_viewport_size({"width": 640, "height": 450})
        assert visit.overflow() <= 0
        cut = page.evaluate(
            """[...document.querySelectorAll(':is(.score, .chapter-head, .steps) *')].filter(
            (e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !e.closest('.unseen'))
            .map((e) => e.outerHTML.slice(0, 100))"""
        )
        assert cut == []


# -- shortcuts ------------------------------------------------------------------------------------


def test_keys_search_turn_pages_and_change_the_theme(chapter):
    page = chapter.page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("nptc?/")  # words to look for, not shortcuts
    assert page.locator(".top .find input").input_value() == "nptc?/"
    assert page.url.endswith(PAGE)
    page.locator(".top .find input").blur()
    before = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("Control+t")
    assert page.evaluate("document.documentElement.dataset.theme") == before
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") != before
    page.keyboard.press("n")
    page.wait_for_url("**/book/methods.html")
    page.keyboard.press("p")
    page.wait_for_url(f"**/{PAGE}")


def test_c_cites_the_section_in_view(chapter):
    page = chapter.page
    heading = page.locator("article h2").nth(2)
    for scroll, cited in ((lambda: None, page.locator("article h1")), (
        lambda: heading.evaluate("e => e.scrollIntoView({behavior: 'instant'})"), heading
    )):  # fmt: skip
        scroll()
        page.keyboard.press("c")
        dialog = page.locator("dialog.citing[open]")
        dialog.wait_for()
        name = cited.evaluate("e => e.firstChild.textContent.trim()")
        assert name in dialog.locator("h2").inner_text()
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")


def test_the_list_of_shortcuts_opens_closes_and_turns_them_off(chapter):
    page = chapter.page
    page.locator("article a").first.focus()
    start = page.evaluate("document.activeElement.outerHTML")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.wait_for()
    assert dialog.locator("kbd").all_text_contents() == ["/", "n", "p", "t", "c", "?"]
    page.keyboard.press("n")
    assert page.url.endswith(PAGE)
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.outerHTML") == start
    page.keyboard.press("?")
    dialog.wait_for()
    switch = page.get_by_role("checkbox", name="Single keys work as shortcuts")
    assert switch.is_checked()
    switch.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    page.reload()
    before = page.evaluate("document.documentElement.dataset.theme")
    for key in ("t", "n", "?", "/"):
        page.keyboard.press(key)
    assert page.url.endswith(PAGE)
    assert page.evaluate("document.documentElement.dataset.theme") == before
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    page.locator(".keys button").focus()
    page.keyboard.press("Enter")
    dialog.wait_for()
    assert not switch.is_checked()


# -- tooltips -------------------------------------------------------------------------------------


def test_a_term_is_explained_on_focus_until_escape(terms):
    page, link = terms.page, terms.link
    assert not any("aids." in url or "glossary.js" in url for url in terms.requests)
    link.focus()
    tip = page.get_by_role("tooltip")
    tip.wait_for()
    assert link.get_attribute("aria-describedby") == tip.get_attribute("id")
    words = tip.inner_text()
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    assert link.get_attribute("aria-describedby") is None
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    tip.wait_for()
    assert tip.inner_text() == words
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    assert re.search(r"\w{3}", words)
    page.keyboard.press("Tab")
    tip.wait_for(state="hidden")


def test_a_tooltip_can_be_pointed_at_and_stays(terms):
    page, link = terms.page, terms.link
    link.hover()
    tip = page.get_by_role("tooltip")
    tip.wait_for()
    tip.hover()
    page.wait_for_timeout(500)
    assert tip.is_visible()
    page.mouse.move(2, 2)
    tip.wait_for(state="hidden")


def test_nothing_moves_for_readers_who_want_it_still(chapter):
    page = chapter.page
    moving = """[...document.querySelectorAll("*")].filter((e) => {
      const s = getComputedStyle(e);
      const still = !parseFloat(s.transitionDuration) && s.animationName === "none";
      return s.scrollBehavior === "smooth" || !still;
    }).map((e) => e.tagName)"""
    page.locator("article a").first.focus()
    assert page.evaluate(moving) == ["HTML"]
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == []


def test_code_is_left_out_on_paper_and_charts_are_not(chapter):
    page = chapter.page
    page.emulate_media(media="print")
    assert page.locator("details.code:visible").count() == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")  # pictures not yet scrolled to
    wait_until(page, "[...document.images].every((i) => i.complete && i.naturalWidth)")
    pictures = page.locator("figure.chart picture:visible")
    assert pictures.count() == page.locator("figure.chart").count() > 0
    for gone in (".keys button", ".chapter-run", ".step"):
        assert page.locator(gone).is_hidden()
