"""The HTML of every page: nothing in it that a browser must guess, or a reader would miss."""

from __future__ import annotations

import pytest
from markup import facts, page
from visit import FILES

GOOD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>T</title></head>'
    '<body><main id="m"><h1>T</h1>{}</main></body></html>'
)
BAD = {
    "<p><div>x</div></p>": "isn't closed",
    "<table><tbody><tr><td>x</td></tr><div>y</div></tbody></table>": "was moved",
    "<p><b><i>x</b></i></p>": "isn't closed",
    "<p>x</p></div>": "end tags without a beginning",
    "<table><tr><td>x</td></tr></table>": "missing or misplaced",
    '<p id="a">x</p><p id="a">y</p>': "id 'a' 2 times",
    '<p class="a" class="b">x</p>': "duplicate-attribute",
    "<p>a & b &nbsp c</p>": "missing-semicolon",
    "<h3>x</h3>": "follows level 1",
    "<h1>x</h1>": "2 <h1>",
    "<span><p>x</p></span>": "<p> inside <span>",
    "<ul><p>x</p></ul>": "child of <ul>",
    "<p><a href='#m'><a href='#m'>x</a></a></p>": "isn't closed",
    '<p><a href="#m"><span></span></a></p>': "without a name",
    '<p><img src="x.png"></p>': "without alt",
    '<p onclick="x()">x</p>': "a script in an attribute",
    '<p align="left">x</p>': "no such attribute",
    '<p aria-labelledby="none">x</p>': "no such id",
    "<table><thead><tr></tr></thead></table>": "without anything in it",
    '<form action=""></form>': "is empty",
    '<p><a href="https://example.org/a<b>">x</a></p>': "no address",
    "<div/>": "trailing-solidus",
}


def test_a_page_without_fault_has_none():
    text = '<ul><li><a href="#m">x</a><br></li></ul><svg viewBox="0 0 1 1"><path d="M0 0"/></svg>'
    assert facts(GOOD.format(text)).faults == []


@pytest.mark.parametrize("text", BAD)
def test_a_fault_is_found(text):
    assert any(BAD[text] in fault for fault in facts(GOOD.format(text)).faults)


def test_every_page_is_valid():
    faults = {path: page(path).faults for path in FILES}
    assert {path: found[:5] for path, found in faults.items() if found} == {}
