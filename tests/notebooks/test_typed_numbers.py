"""No figure in prose is typed, and the test that says so can tell."""

from __future__ import annotations

import pytest
from chapter_text import all_claims, chapters, parse, sentences
from typed_numbers import find

CLAIM = {
    "claim": "Colossus 2's 1.2 GW target is close to the use of two million households.",
    "criterion": "True within 25% of two million.",
}

TYPED = [
    ("It takes 640 MW.", "640 MW"),
    ("It takes forty megawatts.", "forty megawatts"),
    ("Some three hundred thousand times as much.", "three hundred thousand times"),
    ("A share of 12 % of it", "12"),
    ("About $3.50 a unit.", "$3.50 a"),
    ("It uses 2000 MW.", "2000 MW"),
    ("From 1,234 homes", "1,234 homes"),
    ("In 1.5 of the cases", "1.5 of"),
    ("(7 of them)", "(7 of"),
    ("a link [to 41 things](x.md)", "41 things"),
    ("within 35% of it", "35% of"),
    ("> 99 of 100", "99 of"),
]
ALLOWED = [
    "Line 8 says 1.2 GW, 1,200 MW that is, and two million households.",
    "within 25 % of two million; lines 9–10 and lines 1, 3 and 5",
    "On 15 January 2026, in March 2025, from 2019 to 2024 and 2015–2019; 2026-01-15; the 1970s",
    "RTS-79, GGOV1, N-1, CO2, H100, EIA-860, ISO 8601, IEEE Std 762, Colossus 1",
    "one day in ten years",
    "its 5–95 % range, a 90 % interval, from its 5 to its 95 % value",
    "$N = 8760\\,h$ and $$\nx = 3.5\n$$ and `x = 4` and {ref}`a-7 <b>` and {glue:text}`x-12`",
    "[text](https://example.org/2024/345.html#p7) https://example.org/9/9 doi:10.1093/giad113",
    "1. The first reading\n2. The second",
    "At a load factor of 1 nothing is left; 0 where it is not.",
    "Two readings, four units, a two-hour battery, twenty-five plants",
    "<!-- 42 -->",
    "% 42 in a comment",
]


@pytest.mark.parametrize(("text", "wanted"), TYPED)
def test_a_typed_number_is_found(text, wanted):
    assert wanted in [w for _, w in find(text, [CLAIM])]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_is_no_result_may_be_typed(text):
    assert find(text, [CLAIM]) == []


def test_lines_are_counted_as_editors_do():
    text = "Fine.\n\n$$\nx = 1\n$$\n\n```{note}\n:class: x\n\nIt is 17 MW.\n```\n\nAnd 18 MW.\n"
    found = [f for b in parse(text) if b.kind == "prose" for f in find(b.text, [], b.line)]
    assert found == [(10, "17 MW"), (13, "18 MW")]


def test_strings_that_readers_meet_are_read():
    code = "x = f'In all of {n} cases there 17 MW'"
    cell = f"```{{code-cell}} ipython3\n:tags: [hide-input]\n\n{code}\n```"
    (block,) = parse(cell)
    assert [(line, find(text, [])) for line, text in sentences(block)] == [(4, [(1, "17 MW")])]


@pytest.mark.parametrize("chapter", chapters(), ids=str)
def test_no_figure_in_prose_is_typed(chapter):
    found, claims = [], chapter.claims or all_claims()  # the whole speaks of them all
    for block in chapter.blocks:
        if block.kind in ("prose", "heading"):
            found += find(block.text, claims, block.line)
        elif block.kind == "code":
            for line, text in sentences(block):
                found += [(line, what) for _, what in find(text, claims)]
    listed = "\n".join(f"  {chapter.path.name}:{line}: {what}" for line, what in found)
    assert not found, (
        "typed figures: compute each with book.say and cite it with {glue:text}, or fill the text "
        f"from computed values; names go to NAMES in tests/notebooks/typed_numbers.py\n{listed}"
    )
