"""What-if cases in the page's address: one page with one chart, opened from a disk."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import altair as alt
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright
from visit import wait_until

from aifactory import charts
from aifactory.publish import figures

HOSTILE = "<img src=x onerror=alert(1)>"
NAME = "sample-case"
WORDS = {"finding": "F", "what": "W", "source_line": "S", "alt": "A"}
STATIC = Path(figures.__file__).parent / "theme" / "static"
PAGE = """<!doctype html>
<html lang="en" data-content_root="" data-theme="light" class="js"><meta charset="utf-8">
<title>Cases</title><link rel="stylesheet" href="_static/book.css">
<script defer src="_static/book.js"></script>
<main><article><h1>Cases</h1><div style="height: 3000px"></div>
<section id="here"><div style="height: 900px"></div>{figure}</section>
<section id="there" style="height: 2000px">There</section></article></main></html>
"""


def chart():
    """A drawing of what its three controls say."""
    knobs = [
        alt.param("price", value=12.3, bind=alt.binding_range(min=0, max=50, step=5, name="Price")),
        alt.param("place", value="Utah", bind=alt.binding_select(options=["Utah", "New York"])),
        alt.param("shifts", value=1, bind=alt.binding_select(options=[1, 2, 3], name="Shifts")),
    ]
    words = alt.Chart(pd.DataFrame({"a": [1]})).transform_calculate(
        said="place + ' at ' + price + ' in ' + shifts"
    )
    return charts.finish(words.mark_text().encode(text="said:N").add_params(*knobs), NAME, **WORDS)


@pytest.fixture(scope="module")
def address(site, tmp_path_factory):
    """A page with the chart, and what it needs, in a folder."""
    folder = tmp_path_factory.mktemp("a page")
    (folder / "_static").mkdir()
    for file in (STATIC / "book.js", STATIC / "book.css", site / "_static" / "vega.js"):
        shutil.copy(file, folder / "_static")
    spec = chart()
    figure = figures.markup(spec, figures.draw(spec, folder / "charts"))
    text = PAGE.format(figure=figure.replace("file:charts/", "charts/"))
    (folder / "page.html").write_text(text, encoding="utf-8")
    return (folder / "page.html").as_uri()


@pytest.fixture(scope="module")
def page(browser_path):
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        yield chromium.new_page()
        chromium.close()


def go(page, address, query="", place=""):
    """Open the page with a case, and wait for the chart; an empty page lies between."""
    page.goto("about:blank")
    page.goto(f"{address}?{query}{place}")
    if f"{NAME}." not in query:
        page.locator("figure").scroll_into_view_if_needed()
    page.locator(".chart-case button").first.wait_for()
    wait_until(page, "document.querySelector('.chart-box').view")
    page.wait_for_timeout(50)


def state(page):
    return page.evaluate(
        """(() => { const view = document.querySelector(".chart-box").view;
        return ["price", "place", "shifts"].map((name) => view.signal(name)); })()"""
    )


def note(page):
    return page.locator("output.case-note").inner_text()


def case(address):
    """The query of an address as a dictionary."""
    return {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}


def press(page, name):
    page.get_by_role("button", name=name).press("Enter")


def test_an_address_sets_the_case_shows_it_and_brings_it_into_view(page, address):
    go(
        page,
        address,
        "sample-case.price=35&sample-case.place=New+York&sample-case.shifts=3",
        "#here",
    )
    assert state(page) == [35, "New York", 3]
    controls = page.locator(".chart-controls")
    assert controls.locator("input").input_value() == "35"
    assert controls.locator("select").first.input_value() == "New York"
    assert page.locator(".chart-live svg text").all_text_contents() == ["New York at 35 in 3"]
    assert note(page) == ""
    wait_until(page, "scrollY > 3500")
    top = page.evaluate("document.querySelector('figure').getBoundingClientRect().top")
    assert 0 <= top < 200
    page.wait_for_timeout(300)
    assert "New York at 35 in 3" in page.locator("output.unseen").inner_text()
    assert page.locator(".chart-case").count() == 1


BAD = [
    {"price": "51", "place": HOSTILE, "shifts": "4", "speed": "1"},
    {"price": "alert(1)", "place": "constructor", "shifts": ""},
    {"price": "", "place": "Nevada", "shifts": "1.0"},
    {"price": "-0.1"},
]


@pytest.mark.parametrize("asked", BAD)
def test_what_is_no_choice_is_ignored_and_said(page, address, asked):
    go(page, address, urlencode({f"{NAME}.{k}": v for k, v in asked.items()}))
    assert state(page) == [12.3, "Utah", 1]
    said = [
        f"{k}={v} ({'no such control' if k == 'speed' else 'not a choice here'})"
        for k, v in asked.items()
    ]
    assert note(page) == f"Ignored in the address: {', '.join(said)}."
    assert page.locator("article img[src=x]").count() == 0


def test_sliders_keep_their_steps_and_their_first_value(page, address):
    go(page, address, "sample-case.price=33.4&sample-case.shifts=x", "#there")
    assert state(page) == [35, "Utah", 1]
    wanted = "Ignored in the address: shifts=x (not a choice here). Rounded: price=33.4 to 35."
    assert note(page) == wanted
    assert page.evaluate("document.querySelector('#there').getBoundingClientRect().top") < 200
    go(page, address, "sample-case.price=12.3&sample-case.shifts=2")
    assert state(page) == [12.3, "Utah", 2]


def test_a_chart_that_is_not_there_is_said_on_top(page, address):
    go(page, address, f"lost-{'x' * 60}.price=20&utm_source=a&sample-case.shifts=2")
    top = page.locator("article > p.case-note").inner_text()
    assert top.startswith("Ignored in the address: lost-xxx")
    assert "xxx… (no chart" in top
    assert "sample-case" not in top
    assert "utm" not in top


def test_changes_go_into_the_address_and_the_link_opens_them_again(page, address):
    go(page, address, "sample-two.price=20&other=1", "#there")
    page.locator("select").first.select_option("New York")
    page.wait_for_url("**place=New+York*")
    wanted = {
        "sample-case.price": "12.3",
        "sample-case.place": "New York",
        "sample-case.shifts": "1",
    }
    assert case(page.url) == wanted | {"sample-two.price": "20", "other": "1"}
    assert page.url.endswith("#there")
    page.evaluate("navigator.clipboard.writeText = async (t) => { window.copied = t; }; true")
    press(page, "Copy link to this case")
    link = page.evaluate("window.copied")
    assert case(link) == wanted
    assert link.endswith("#fig-sample-case")
    assert note(page) == "Link copied."
    go(page, address, urlsplit(link).query, "#fig-sample-case")
    assert state(page) == [12.3, "New York", 1]
    press(page, "Reset")
    wait_until(page, "!location.search")
    assert state(page) == [12.3, "Utah", 1]
    assert note(page) == "Back to the first values."
    page.wait_for_timeout(300)
    assert urlsplit(page.url).query == ""
    assert page.locator(".chart-live svg text").all_text_contents() == ["Utah at 12.3 in 1"]


def test_the_link_is_shown_where_the_browser_refuses(page, address):
    complaints = []
    page.on("pageerror", lambda e: complaints.append(str(e)))
    go(page, address)
    page.evaluate(
        """history.replaceState = () => { throw new Error("no"); };
        navigator.clipboard.writeText = async () => { throw new Error("no"); };
        true;"""
    )
    page.locator("select").last.select_option("3")
    page.wait_for_timeout(300)
    press(page, "Copy link to this case")
    link = page.locator("output.case-note a")
    assert case(link.get_attribute("href"))["sample-case.shifts"] == "3"
    assert link.inner_text() == link.get_attribute("href")
    assert complaints == []


def test_a_case_outlives_a_new_drawing_and_stays_off_paper(page, address):
    go(page, address, "sample-case.price=40&sample-case.shifts=9")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(400)
    assert state(page) == [40, "Utah", 1]
    assert "shifts=9" in note(page)
    assert page.locator(".chart-case").count() == 1
    page.emulate_media(media="print")
    assert page.locator("button:visible").count() == 0
