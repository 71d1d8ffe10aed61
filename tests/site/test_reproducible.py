"""The same sources give the same bytes, wherever and whenever the book is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import altair as alt
import nbformat
import pandas as pd
import pytest
from test_publish import CONF, FEW, cell, notebook, output

from aifactory import charts, manifest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import reproduce  # noqa: E402


def build(folder, **environment):
    """One build in a process of its own, since the seed of hashes is set when Python starts."""
    out = folder / "_build" / "html"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-d", str(folder / "trees"), str(folder), str(out)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The sample notebook with a chart over time, and hardly a page beside it."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "notebooks").mkdir()
    (folder / "conf.py").write_text(CONF.replace('"sphinxcontrib.bibtex", ', "") + FEW)
    (folder / "index.md").write_text("# A book\n\n```{toctree}\nnotebooks/power\n```\n")
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=40), "homes": range(40)})
    picture = alt.Chart(days).mark_line().encode(x="day:T", y="homes:Q")
    words = {"finding": "F", "what": "W", "source_line": "S", "alt": "A"}
    book = notebook()
    book.cells.append(
        cell("show()", output(charts.bundle(charts.finish(picture, "days", **words))))
    )
    nbformat.write(book, folder / "notebooks" / "power.ipynb")
    return folder


@pytest.fixture(scope="module")
def sites(source, tmp_path_factory):
    made = []
    for way in reproduce.WAYS:
        folder = tmp_path_factory.mktemp("twice") / way.folder
        shutil.copytree(source, folder)
        made.append(build(folder, **way.environment))
    return made


def test_two_builds_are_the_same_to_the_byte(sites):
    assert reproduce.differences(*sites) == []


def test_the_two_are_built_under_unlike_circumstances(sites):
    one, other = reproduce.WAYS
    assert " " in other.folder
    assert {k for k in one.environment if one.environment[k] != other.environment.get(k)} >= {
        "TZ", "LC_ALL", "PYTHONHASHSEED",
    }  # fmt: skip
    assert len(manifest.of(sites[0], "", "").files) > 40


def test_a_byte_or_a_file_more_is_told(sites, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(sites[0], changed)
    (changed / "more.txt").write_text("")
    page = (changed / "index.html").read_bytes()
    (changed / "index.html").write_bytes(page.replace(b"A book", b"A bock", 1))
    more, index = reproduce.differences(sites[0], changed)
    assert more.startswith("more.txt: only in ")
    assert index.startswith("index.html: ")
    assert "A bock" in index
