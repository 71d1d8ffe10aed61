"""What the stored notebooks say: verdicts, and charts whose titles agree with them."""

from __future__ import annotations

import re

import pytest
from chapter_text import all_claims, chapters

from aifactory import charts, data, verdicts

every_chapter = pytest.mark.parametrize("chapter", chapters(), ids=str)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
CLOSE = 0.05  # a title may round what a verdict states


def numbers(text: str) -> set[float]:
    """The numbers in a text, without years and those that are part of a name."""
    found = {n for n in NUMBER.findall(text) if not re.fullmatch(r"(19|20)\d\d", n)}
    return {float(n.replace(",", "").rstrip(",")) for n in found}


@every_chapter
def test_every_claim_has_a_verdict_and_nothing_else_has(chapter):
    judged = {v["claim_id"] for v in chapter.outputs(verdicts.MIME)}
    assert judged == {c["claim_id"] for c in chapter.claims}


@every_chapter
def test_verdicts_follow_the_rule_and_the_criterion_on_record(chapter):
    for v in chapter.outputs(verdicts.MIME):
        rule = verdicts.rate(v["probability"]) if v["probability"] is not None else "not testable"
        assert v["rating"] == rule
        assert v["criterion"] == data.claim(v["claim_id"]).criterion
        assert re.fullmatch(r"(19|20)\d\d(-\d\d){0,2}", v["as_of"]), v["as_of"]
        assert "{" not in v["reason"], f"a placeholder was not filled in: {v['reason']}"


@every_chapter
def test_no_verdict_rests_on_a_recalled_figure(chapter):
    seen = data.figures().set_index("figure_id")["verification"]
    for v in chapter.outputs(verdicts.MIME):
        recalled = [f for f in v["figures"] if seen[f] != "seen"]
        assert recalled == [], f"{v['claim_id']} rests on {recalled}"


@every_chapter
def test_a_rated_verdict_names_what_it_rests_on(chapter):
    for v in chapter.outputs(verdicts.MIME):
        if v["rating"] != verdicts.NOT_TESTABLE:
            assert v["tables"] or v["figures"], v["claim_id"]
            assert v["sources"], v["claim_id"]


@every_chapter
def test_charts_have_a_finding_and_a_text_that_states_it(chapter):
    for spec in chapter.outputs(charts.VEGA_MIME):
        meta = spec["usermeta"]
        words = [w for w in meta["finding"].split() if w != "%"]
        assert 4 <= len(words) <= 18, meta["finding"]
        assert len(meta["alt"].split()) >= 8, f"{meta['name']}: {meta['alt']!r} says too little"
        assert meta["name"] not in meta["alt"]


@every_chapter
def test_chart_names_are_unique(chapter):
    names = [s["usermeta"]["name"] for s in chapter.outputs(charts.VEGA_MIME)]
    assert sorted({n for n in names if names.count(n) > 1}) == []


@every_chapter
def test_numbers_in_titles_stand_in_the_alternative_text_or_the_verdicts(chapter):
    said = set()
    for v in chapter.outputs(verdicts.MIME):
        known = [v[k] for k in ("p05", "p50", "p95") if v[k] is not None]
        known += [100 * v["probability"]] if v["probability"] is not None else []
        said |= set(known) | numbers(v["reason"])
    for claim in chapter.claims or all_claims():  # the whole speaks of them all
        text = f"{claim['claim']} {claim['criterion']}"
        said |= numbers(text) | {
            1000 * n for n in numbers(" ".join(re.findall(r"[\d.]+ GW", text)))
        }
    lost = []
    for spec in chapter.outputs(charts.VEGA_MIME):
        meta = spec["usermeta"]
        there = said | numbers(meta["alt"])
        for n in numbers(meta["finding"]):
            if not any(abs(n - k) <= CLOSE * abs(k) for k in there):
                lost.append(f"{meta['name']}: {n:g} in {meta['finding']!r}")
    assert not lost, "neither in the alternative text nor in a verdict:\n" + "\n".join(lost)
