"""The rating comes from the rule, and nothing else."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory import verdicts as v

FACTS = {"metric": "Homes", "unit": "million", "reason": "At {p50} million.", "as_of": "2026-01-15"}


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (1.0, "virtually certain"), (0.991, "virtually certain"), (0.99, "very likely"),
        (0.901, "very likely"), (0.90, "likely"), (0.661, "likely"),
        (0.66, "about as likely as not"), (0.5, "about as likely as not"),
        (0.33, "about as likely as not"), (0.329, "unlikely"), (0.10, "unlikely"),
        (0.099, "very unlikely"), (0.01, "very unlikely"), (0.009, "exceptionally unlikely"),
        (0.0, "exceptionally unlikely"),
    ],
)  # fmt: skip
def test_calibrated_words_at_their_bounds(probability, word):
    assert v.rate(probability) == word


@pytest.mark.parametrize("bad", [-0.01, 1.01, float("nan")])
def test_a_probability_outside_its_range_is_refused(bad):
    with pytest.raises(ValueError, match="between 0 and 1"):
        v.rate(bad)


@given(st.integers(-(10**4), 10**4), st.integers(-3, 6), st.integers(1, 5))
def test_a_tie_does_not_hang_on_the_last_bit(whole, places, digits):
    value = (whole + 0.5) / 10.0**places
    near = [v.significant(np.nextafter(value, side), digits) for side in (-np.inf, value, np.inf)]
    assert near[0] == near[1] == near[2]


def test_judge_counts_the_draws_for_which_the_criterion_holds():
    got = v.judge("c", "crit", samples=np.arange(101.0), holds=np.arange(101) < 25, **FACTS)
    assert got.probability == pytest.approx(25 / 101, abs=1e-4)
    assert got.rating == "unlikely"
    assert (got.p05, got.p50, got.p95) == (5, 50, 95)
    assert got.reason == "At 50.0 million."


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({}, "give either holds="),
        ({"holds": [True], "probability": 0.5}, "give either holds="),
        ({"probability": 0.5}, "to show for it"),
        ({"holds": [1, 0]}, "array of booleans"),
        ({"holds": np.array([], dtype=bool)}, "non-empty"),
        ({"holds": [True, False], "samples": [1.0]}, "one value a draw each"),
    ],
)
def test_a_verdict_without_grounds_is_refused(given_, message):
    with pytest.raises(ValueError, match=message):
        v.judge("c", "crit", **{**FACTS, "reason": "x"}, **given_)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_a_claim_is_as_likely_as_its_least_likely_part(probabilities):
    parts = [{"probability": p, "part": str(i)} for i, p in enumerate(probabilities)]
    untestable = {"probability": None, "part": "words"}
    assert v.combine([untestable, *parts])["probability"] == min(probabilities)
    assert v.combine([untestable]) == untestable
    stricter = {"probability": 0.0, "part": "stricter", "beyond": True}
    assert v.combine([stricter, *parts])["probability"] == min(probabilities)
    with pytest.raises(ValueError, match="no verdicts to combine"):
        v.combine([stricter])


def test_verdicts_are_read_from_a_notebook_and_nowhere_else(tmp_path):
    record = v.judge("c", "crit", probability=0.2, evidence=[{"what": "x"}],
                     **{**FACTS, "reason": "x"}).as_dict()  # fmt: skip
    cells = [{"outputs": [{"data": {v.MIME: record}}, {"text": "c: VERY LIKELY"}]}, {}]
    path = tmp_path / "c.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert v.read(path) == [json.loads(json.dumps(record))]
    for broken in ("not a notebook", "[1]", "{}"):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(ValueError, match="is not a notebook"):
            v.read(path)


def test_grouping_by_claim_and_edition():
    rows = [{"claim_id": "a", "edition": "post"}, {"claim_id": "a", "edition": "newest"},
            {"claim_id": "b", "edition": None}]  # fmt: skip
    got = v.by_claim(rows)
    assert {k: list(e) for k, e in got.items()} == {"a": ["post", "newest"], "b": [""]}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234567.0, "homes", "1,235,000 homes"), (0.5, "", "0.5"), (-2.5, "GW", "−2.5 GW"),
        (0.0, "", "0"), (12.3456, "MW", "12.35 MW"), (3.2e9, "", "3.2e+09"),
        (0.00012, "", "0.00012"),
    ],
)  # fmt: skip
def test_quantities_as_people_write_them(value, unit, text):
    assert v.quantity(value, unit) == text


def test_probabilities_do_not_claim_certainty():
    assert v.chance({"probability": 1.0}) == "probability above 99 %"
    assert v.chance({"probability": 0.0}) == "probability below 1 %"
    assert v.chance({"probability": 0.42}) == "probability 42 %"
    assert v.chance({"probability": None}) == ""


def test_html_escapes_what_it_is_given():
    record = v.judge("c", "crit", probability=0.2, evidence=[{"what": "x"}],
                     **{**FACTS, "reason": "<script>"}).as_dict()  # fmt: skip
    assert "<script>" not in v.as_html(record)
