"""The bench: what cannot be measured says so, the table is whole, and the page shows all of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import turbohtml
from bench_acts import ROWS, dies, fails, hangs, well

from aifactory.publish import benchmarks
from aifactory.publish.directives import stored_rows
from bench import rows
from bench.__main__ import PARTS, groups
from bench.rows import Group


def test_the_median_stands_with_its_spread_and_ratio():
    one, other = Group("models", ROWS, well, 60).run(True)
    assert (one.value, one.runs, one.spread, one.ratio) == (2.0, 3, 1.5, 0.25)
    assert (other.value, other.runs, other.spread, other.ratio) == (10.0, 1, None, 2.5)
    assert not one.missed and not other.missed
    assert replace(one, value=4.0).missed and replace(other, value=4.0).missed


@pytest.mark.parametrize(
    ("act", "fault"),
    [(fails, "failed: ValueError: no luck"), (hangs, "timed out after 2 s"),
     (dies, "failed: SystemExit")],
)  # fmt: skip
def test_a_row_without_a_value_says_why(act, fault):
    one, other = Group("models", ROWS, act, 2).run(True)
    assert one.value == 1.0
    assert (other.value, other.ratio, other.fault) == (None, None, fault)
    assert other.missed
    assert fault in rows.table([one, other])


def test_growth_is_held_against_proportion():
    series = rows.growing("time by size", "{} things", "s", (1, 2, 4))
    found = {f.what: f for f in rows.grown(series, iter([(1, [3.0]), (2, [12.0]), (4, [48.0])]))}
    assert found["4 things"].peer_value == 12.0
    assert found["time by size: exponent of growth"].values == [pytest.approx(2.0)]


@pytest.fixture(scope="module")
def stored():
    return stored_rows(rows.RESULTS)


def test_the_stored_table_is_whole(stored):
    wanted = [(part, row.what) for part in PARTS for g in groups(part) for row in g.rows]
    assert [(row["part"], row["what"]) for row in stored] == wanted, "run: make bench"
    assert len(set(wanted)) == len(wanted)
    assert set(PARTS) == set(benchmarks.PARTS)
    for row in stored:
        assert bool(row["value"]) != bool(row["fault"]), row


def test_a_ratio_is_the_value_over_its_peers(stored):
    compared = [row for row in stored if row["ratio"]]
    assert len(compared) > 20
    for row in compared:
        wanted = float(row["value"]) / float(row["peer_value"])
        assert float(row["ratio"]) == pytest.approx(wanted, rel=1e-5), row


def test_the_page_shows_every_row(site, stored):
    page = turbohtml.parse((site / "book" / "bench.html").read_text(encoding="utf-8"))
    lines = [" ".join(tr.text.split()) for tr in page.find_all("tr")]
    for row in stored:
        shown = benchmarks.quantity(row["value"], row["unit"]) or benchmarks.capital(row["fault"])
        found = [line for line in lines if line.startswith(row["what"]) and shown in line]
        assert found, row


def test_better_and_worse_are_told_by_what_is_measured():
    row = {"ratio": "2", "higher_is_better": ""}
    assert benchmarks.comparison(row) == "worse"
    assert benchmarks.comparison(row | {"higher_is_better": "yes"}) == "better"
    assert benchmarks.comparison(row | {"ratio": "1.02"}) == "alike"
    assert benchmarks.comparison(row | {"ratio": ""}) == ""


def test_a_missed_limit_and_a_fault_are_in_the_lead():
    blank = dict.fromkeys(rows.COLUMNS, "")
    slow = blank | {"what": "Slow", "value": "9", "limit": "3", "ratio": "2"}
    gone = blank | {"what": "Gone", "fault": "timed out", "limit": "3"}
    text = benchmarks.lead([slow, gone, blank | {"value": "1", "limit": "2"}])
    assert "In 0 of 1 comparisons" in text and "1 worse" in text
    assert "keeps 1 of 2 limits; it misses: Slow. Rows without a value: 1." in text
