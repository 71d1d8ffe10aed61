"""Text, notebook, models and data of every chapter belong together."""

from __future__ import annotations

import json

import jupytext
import pytest
from chapter_text import chapters

from aifactory import execute

every_chapter = pytest.mark.parametrize("chapter", chapters(), ids=str)


@every_chapter
def test_stored_outputs_come_from_what_is_here(chapter):
    stale = execute.check(chapter.id)
    if stale:
        pytest.fail("\n".join(stale), pytrace=False)


@every_chapter
def test_text_and_notebook_are_a_pair(chapter):
    text = [(c.cell_type, c.source.rstrip()) for c in jupytext.read(chapter.path).cells]
    stored = [(c["cell_type"], "".join(c["source"]).rstrip()) for c in chapter.notebook["cells"]]
    for number, (here, there) in enumerate(zip(text, stored, strict=False)):
        assert here == there, f"cell {number}; {execute.remedy(chapter.id)}"
    assert len(text) == len(stored), execute.remedy(chapter.id)


@every_chapter
def test_stored_notebook_holds_no_error_and_no_warning(chapter):
    for number, cell in enumerate(chapter.notebook["cells"]):
        for output in cell.get("outputs", []):
            told = json.dumps(output)[:300]
            assert output["output_type"] != "error", f"cell {number}: {told}"
            assert output.get("name") != "stderr", f"cell {number}: {told}"


@every_chapter
def test_stored_notebook_holds_nothing_of_one_machine_alone(chapter):
    notebook = chapter.notebook
    assert set(notebook["metadata"]) == {"aifactory", "jupytext", "kernelspec", "language_info"}
    assert "version" not in notebook["metadata"]["language_info"]
    text = json.dumps([c.get("outputs", []) for c in notebook["cells"]])
    for trace in ("/home/", "/Users/", "/root/", "/tmp/", "site-packages", " at 0x"):
        assert trace not in text, f"an output holds {trace!r}"


@every_chapter
def test_every_cell_ran_once_in_order(chapter):
    counts = [c["execution_count"] for c in chapter.notebook["cells"] if c["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
