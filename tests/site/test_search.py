"""The search: what the entries hold, what comes first, and how one moves about in it."""

from __future__ import annotations

import json
import re

import pytest
from markup import SITE
from visit import Visit, wait_until

from aifactory import data
from aifactory.publish import search

LIMIT = 400_000  # bytes of the entries
# Query -> how the first result's kind and title begin, as somebody who types it hopes.
FIRST = {
    "power-built": ("claim", "A 1.2 GW computing plant has already been built"),
    "households": ("claim", "Colossus 2's 1.2 GW target"),
    "1.2 GW": ("claim", "A 1.2 GW"),
    "water recycling": ("claim", "Recycling keeps"),
    "tsmc": ("claim", "The most advanced AI chips"),
    "PUE": ("term", "PUE"),
    "capacity factor": ("term", "capacity factor"),
    "h100": ("figure", ""),
    "turbine droop": ("figure", "Droop of a gas turbine"),
    "Henry Hub natural": ("table", "Henry Hub"),
    "power/governors": ("table", ""),
    "supply-chain": ("section", "Supply chain"),
    "power": ("section", "Power"),
    "N+1": ("source", "When N+1"),
}
# Query -> a place that it must find, wherever in the list.
FOUND = {
    "turbine": "notebooks/power.html#power-stable",
    "Musk": "claims/pace-build-first.html",
    "musk record": "notebooks/pace.html#pace-build-first",
    "xAI": "notebooks/pace.html#pace-build-first",
    "battery": "notebooks/power.html#power-stable",
    "permit": "notebooks/power.html#power-islanded",
    "Memphis": "notebooks/water.html#water-aquifer",
    "homes": "claims/power-households.html",
    "Foxconn": "claims/supply-odm.html",
    "hon hai": "claims/supply-odm.html",
    "pdf": "book/rerun.html#without-running-anything",
    "epub": "book/rerun.html#without-running-anything",
    "download": "book/data.html",
    "contact": "book/rerun.html#with-other-assumptions",
}
ALIKE = [("labor", "labour"), ("recycling center", "recycling centre"), ("license", "licence"),
         ("liter", "litre"), ("aluminum", "aluminium"), ("foxconn", "hon hai"), ("musk", "xai"),
         ("homes", "households")]  # fmt: skip


@pytest.fixture(scope="module")
def entries():
    text = (SITE / search.FILE).read_text(encoding="utf-8")
    assert len(text.encode()) <= LIMIT
    found = json.loads(text.strip().removeprefix("bookEntries(").removesuffix(");"))
    for entry in found["entries"]:
        entry[2] = entry[4] if entry[2] == 0 else entry[2]  # as find.js takes it
    return found


def test_every_thing_of_the_book_is_there(entries):
    names = [name for name, _ in entries["kinds"]]
    held = {name: [e for e in entries["entries"] if names[e[0]] == name] for name in names}
    assert names == list(search.KINDS)
    ids = {name: {e[2].split(" ")[0] for e in found} for name, found in held.items()}
    assert ids["claim"] == {c.id for c in data.all_claims()}
    assert ids["figure"] == set(data.figures()["figure_id"])
    assert ids["table"] == set(data.names())
    assert ids["source"] == set(data.sources()["source_id"])
    assert min(len(held[name]) for name in names) > 20
    assert {"capacity factor", "load factor"} <= {e[1] for e in held["term"]}
    assert not [e for e in held["claim"] if not e[5]], "a claim without its rating"


@pytest.fixture(scope="module")
def disk(browser):
    """The search page as it is opened from a disk, with what was asked for."""
    with Visit(browser, SITE.as_uri() + "/", 390) as visit:
        visit.go("search.html?q=PUE+%3Cimg+src%3Dx%3E", settle=False)
        wait_until(visit.page, "window.bookFind && bookFind('power').length > 0")
        yield visit


def test_what_is_looked_for_comes_first(disk):
    found = disk.page.evaluate("(asked) => asked.map((q) => bookFind(q)[0] ?? {})", [*FIRST])
    firsts = {q: (r.get("name"), r.get("title", "")) for q, r in zip(FIRST, found, strict=True)}
    wrong = {q: r for q, r in firsts.items()
             if r[0] != FIRST[q][0] or not r[1].startswith(FIRST[q][1])}  # fmt: skip
    assert wrong == {}


def test_a_claim_s_section_is_found_by_what_it_shows(disk):
    found = disk.page.evaluate("(asked) => asked.map((q) => bookFind(q))", [*FOUND])
    missing = {
        q: [r["address"] for r in rows][:9]
        for (q, place), rows in zip(FOUND.items(), found, strict=True)
        if not any(r["address"].endswith(place) for r in rows)
    }
    assert missing == {}


def test_a_claim_s_section_answers_with_its_opening_words(entries):
    place = entries["pages"].index("notebooks/power.html")
    (row,) = [e for e in entries["entries"] if e[3] == place and e[4] == "power-stable"]
    assert "batteries" in row[2].split() and "frequency" in row[2].split()
    assert 40 < len(row[5]) <= search.SHORT + 2
    assert "{" not in row[5] and "`" not in row[5]


def test_spellings_and_synonyms_find_the_same_either_way(disk):
    count = "(asked) => asked.map((q) => bookFind(q).map((r) => r.address).sort())"
    for pair in ALIKE:
        one, other = disk.page.evaluate(count, list(pair))
        assert one == other, pair
    assert disk.page.evaluate(count, ["labour"])[0]


def test_words_may_be_written_otherwise_but_all_must_match(disk):
    count = "(asked) => asked.map((q) => bookFind(q).length)"
    same = disk.page.evaluate(count, ["PUE", "pue", "Púe", " pue "])
    assert len(set(same)) == 1 and same[0] > 0
    assert disk.page.evaluate(count, ["", "  ", "pue zzzz", "ue", "<script>"]) == [0] * 5


def test_the_page_lists_results_with_their_kind_and_marks_words(disk):
    page = disk.page
    assert page.locator("#found .found-count").inner_text().startswith("Nothing there")
    disk.go("search.html?q=households", settle=False)
    page.locator("#found h3").first.wait_for()
    kinds = page.locator("#found h3").all_inner_texts()
    assert kinds[0].startswith("Claims (")
    assert page.locator("#found mark").first.inner_text().lower().startswith("household")
    assert page.locator("#found a").first.get_attribute("href").endswith("#power-households") or (
        page.locator("#found a")
        .first.get_attribute("href")
        .endswith("claims/power-households.html")
    )
    page.locator("#search-results li a").first.wait_for()
    assert page.locator("#search-results h2").inner_text() == "In the text"
    assert page.locator("img[src=x]").count() == 0
    assert disk.overflow() <= 0
    assert disk.complaints == []
    assert disk.foreign() == []


def test_the_field_in_the_header_suggests_and_is_worked_by_keys(browser, base):
    with Visit(browser, base) as visit:
        page = visit.go("book/how-to-read.html", settle=False)
        assert not [u for u in visit.requests if "find" in u or "search-entries" in u]
        page.keyboard.press("/")
        field = page.get_by_role("combobox", name="Search this book")
        field.wait_for()
        field.type("cap")
        options = page.get_by_role("option")
        options.first.wait_for()
        assert field.get_attribute("aria-expanded") == "true"
        assert 0 < options.count() <= 8
        page.keyboard.press("ArrowUp")
        assert options.last.get_attribute("aria-selected") == "true"
        page.keyboard.press("ArrowDown")
        assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
        page.keyboard.press("Escape")
        assert field.get_attribute("aria-expanded") == "false"
        assert page.get_by_role("option").count() == 0
        field.fill("capacity factor")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/book/glossary.html#term-capacity-factor")
        assert visit.complaints == []
        assert visit.foreign() == []


SNIPPETS = """() => [...document.querySelectorAll('#search-results li')].map((li) => [
  li.querySelector('a').href.replace(/.*?\\/\\/[^/]*\\//, ''),
  li.querySelector('.context')?.textContent ?? ''])"""


def test_results_in_the_text_are_prose_and_lead_to_headings(browser, base):
    with Visit(browser, base) as visit:
        page = visit.go("search.html?q=turbine", settle=False)
        wait_until(page, "/finished/.test(document.querySelector('.search-summary')?.textContent)")
        page.wait_for_load_state("networkidle")
        found = page.evaluate(SNIPPETS)
        assert len(found) > 3
        chapters = [(to, said) for to, said in found if to.startswith("notebooks/")]
        assert chapters
        for to, said in chapters:
            assert "#" in to, f"{to} leads to the top of its page"
            assert "On this page" not in said and "book.setup" not in said
            assert len(said) <= 250
        assert any("turbine" in said.lower() for _, said in chapters)
        page.goto(base + chapters[0][0])
        assert page.locator(":target").count() == 1


def test_code_is_not_in_the_index_of_the_text():
    text = (SITE / "searchindex.js").read_text(encoding="utf-8")
    terms = json.loads(re.search(r'"terms": (\{.*?\})', text)[1])
    assert "turbin" in terms
    assert not {"to_numpi", "groupbi", "to_numpy", "book.setup"} & set(terms)
