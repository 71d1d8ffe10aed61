"""What chapters call writes exactly what the site reads."""

import numpy as np
import pandas as pd
import pytest

from aifactory import book, data, verdicts
from aifactory.uncertainty import Interval


@pytest.fixture
def shown(monkeypatch):
    """Open a chapter and catch what it displays."""
    bundles = []
    monkeypatch.setattr(book, "_chapter", None)
    monkeypatch.setattr(book, "display", lambda bundle, raw: bundles.append(bundle))
    book.setup("power")
    return bundles


def test_set_up_knows_its_chapters(shown):
    with pytest.raises(data.UnknownName, match="pover"):
        book.setup("pover")


def test_nothing_works_before_set_up(monkeypatch):
    monkeypatch.setattr(book, "_chapter", None)
    with pytest.raises(RuntimeError, match="book.setup"):
        book.rng("x")


def test_each_computation_has_its_own_repeatable_stream(shown):
    same = book.rng("one").random(3), book.rng("one").random(3)
    assert (same[0] == same[1]).all()
    assert (book.rng("two").random(3) != same[0]).all()
    book.setup("cooling")
    assert (book.rng("one").random(3) != same[0]).all()


@pytest.mark.parametrize(
    ("value", "unit", "digits", "text"),
    [
        (1234.5, "MW", 3, "1,230 MW"),
        (0.71828, "million", 2, "0.72 million"),
        ((100.4, 200.4, 300.4), "MW", 2, "200 MW (90 % interval 100 to 300)"),
        (Interval(1, 2, 3), "", 3, "2 (90 % interval 1 to 3)"),
        (np.array([1.0, 2.0, 3.0]), "h", 3, "2 h (90 % interval 1 to 3)"),
        ("Utah and Ohio", "", 3, "Utah and Ohio"),
    ],
)
def test_wording(value, unit, digits, text):
    assert book.wording(value, unit, digits) == text


def test_a_verdict_carries_criterion_and_sources_from_the_data(shown):
    book.verdict("power-households", metric="Homes", unit="million", samples=[1.0, 2.0],
                 holds=[True, False], as_of="2026-01-15", reason="At {p50:.1f}.",
                 tables=["power/households_us_state"])  # fmt: skip
    record = shown[0][verdicts.MIME]
    assert record["criterion"] == data.claim("power-households").criterion
    assert record["sources"] == data.about("power/households_us_state")["source_ids"]
    assert record["rating"] == "about as likely as not"
    assert record["rating"].upper() in shown[0]["text/plain"]


def test_a_verdict_on_a_recalled_figure_is_refused(shown):
    recalled = data.figures().query("verification == 'recalled'")["figure_id"]
    if recalled.empty:
        pytest.fail("the data holds no recalled figure to test with")
    with pytest.raises(data.RecalledFigure):
        book.verdict("power-built", metric="x", unit="", samples=[1.0], holds=[True],
                     as_of="2026-01-15", reason="x", figures=[recalled.iloc[0]])  # fmt: skip
    assert shown == []


def test_an_untestable_claim_is_said_to_be_so(shown):
    book.not_testable("pace-agi", reason="It lies ahead.", as_of="2026-01-15")
    record = shown[0][verdicts.MIME]
    assert (record["rating"], record["probability"]) == ("not testable", None)


def test_small_tables_are_escaped_and_bounded(shown):
    book.frame(pd.DataFrame({"<b>": ["<script>"], "n": [1234.5678]}), name="t", caption="<i>")
    markup = shown[0]["text/html"]
    assert "<script>" not in markup and "<i>" not in markup and "<b>" not in markup
    assert "1,235" in markup
    with pytest.raises(ValueError, match="25 at most"):
        book.frame(pd.DataFrame({"a": range(26)}), name="t", caption="c")


def test_about_shows_licence_source_and_flaws(shown):
    book.about("power/households_us_state")
    fact = data.about("power/households_us_state")
    for text in (fact["title"], *fact["licences"], *fact["credits"]):
        assert text in shown[0]["text/plain"]


def test_provenance_lists_the_package_only(shown):
    got = book.provenance()
    assert "aifactory/book.py" in got["modules"]
    assert all(m.startswith("aifactory/") for m in got["modules"])
