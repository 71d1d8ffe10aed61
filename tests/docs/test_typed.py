"""What texts hold as typed: recorded a second time, and in step with what settles it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import typed

ROOT = typed.ROOT
DOCUMENTS = [p for pattern in typed.TEXTS[:-1] for p in sorted(ROOT.glob(pattern))]


def test_typed_numbers_and_citations_are_those_on_record():
    have = typed.RECORD.read_text(encoding="utf-8").splitlines()
    here = typed.record().splitlines()
    changed = [f"- {x}" for x in have if x not in here] + [f"+ {x}" for x in here if x not in have]
    assert have == here, f"{changed[:10]}: if that was meant, run {typed.COMMAND}"


def test_numbers_and_citations_are_found_in_their_order():
    text = "In 2026 {cite:p}`a-1999,b` said 1,200 MW, *45* %.\n- `--set x=0.5`, no more than 3."
    assert typed.found(text) == ["2026", "cite a-1999,b", "1,200", "45", "0.5", "3"]


def all_of(pattern):
    return {m for path in DOCUMENTS for m in re.findall(pattern, path.read_text(encoding="utf-8"))}


def test_the_python_that_texts_ask_for_is_the_project_s():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {f">={v}" for v in all_of(r"Python (\d[\d.]*\d)")} == {project["requires-python"]}


def test_the_address_of_make_serve_is_the_one_that_texts_name():
    port = re.search(r"^PORT \?= (\d+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1]
    assert all_of(r"http://(127\.[\d.]+:\d+)") == {f"127.0.0.1:{port}"}


def test_intervals_are_called_by_their_level():
    assert all_of(r"(\d+) % interval") == {"90"}


def test_the_table_of_scenarios_says_what_they_set():
    text = (ROOT / "book" / "rerun.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", text, re.M))
    held = {}
    for path in sorted((ROOT / "scenarios").glob("*.toml")):
        held[path.stem] = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(told) == set(held)
    assert told["warm-water"].casefold() == held["warm-water"]["title"].casefold()
    for name, words in told.items():
        title = held[name]["title"] + held[name]["description"]
        assert set(re.findall(r"\d+", words)) <= set(re.findall(r"\d+", title)), name
