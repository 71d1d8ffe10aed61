"""Editions: what was recorded stays, the newest is what the notebooks hold, moves are found."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from aifactory import data, datacheck, editions
from aifactory.errors import BrokenRow, DataError

# sha256 over the lines of each released version: they never change. A release adds a line here.
RECORDED = {
    "0.1.0": "2b8aef1f63daeb6e",
    "0.2.0": "dcdddc61b6ea663e",
    "0.3.0": "2b38916b3218645c",
    "0.4.0": "2c71fd5a93bd0778",
    "0.5.0": "80005aa65bff07e1",
    "0.6.0": "cc8fa245d757a8b4",
    "0.6.1": "ffc4afee18c293aa",
}


def lines():
    return (data.folder() / "editions.csv").read_text(encoding="utf-8").splitlines()[1:]


def digest(version):
    own = [line for line in lines() if line.startswith(f"{version},")]
    return hashlib.sha256("\n".join(own).encode()).hexdigest()[:16]


def test_released_rows_are_those_that_were_recorded_and_in_order():
    rows = editions.load()
    assert {v: digest(v) for v in editions.versions(rows)} == RECORDED
    assert [line.split(",")[0] for line in lines()] == [row["version"] for row in rows]
    keys = [(row["version"], *editions.key(row)) for row in rows]
    assert len(set(keys)) == len(keys)


def test_the_newest_version_is_what_the_notebooks_hold():
    """Until a new version is begun: then ratings that moved are named in the list of changes."""
    rows, newest = editions.load(), editions.changelog()[0]
    version = editions.versions(rows)[-1]
    held = [row for row in rows if row["version"] == version]
    now = editions.stored()
    if newest.date:
        assert newest.version == version, "a version is out and not recorded: run `edition`"
        wanted = editions.rows_of(now, version, newest.date)
        assert datacheck.as_csv(editions.COLUMNS, wanted).splitlines()[1:] == [
            line for line in lines() if line.startswith(f"{version},")
        ]
    silent = [m.as_text() for m in editions.moved(held, now, newest) if m.rating and not m.why]
    assert silent == [], f"name them under {editions.VERDICTS!r} in {editions.CHANGES}"


def test_versions_and_dates_are_those_of_the_list_of_changes():
    told = {r.version: r.date for r in editions.changelog() if r.date}
    found = {row["version"]: row["released"] for row in editions.load()}
    assert found == dict(reversed(told.items()))


# -- a small book ----------------------------------------------------------------------------------

HEAD = ",".join(editions.COLUMNS)
CHANGES = """# Changes

## Unreleased (0.3.0)

### Added

- Soon.

## 0.2.0 (2026-02-02)

### Added

- A thing; and
  more of it.
- `other: thing`

### Verdicts that changed

- sea-speed: likely to unlikely, for the log was misread.

## 0.1.0 (2026-01-01)

### Verdicts that changed

None: these are the first.
"""


def verdict(**changes):
    return {
        "claim_id": "power-built", "part": None, "edition": "post", "metric": "Power",
        "unit": "MW", "p05": 1.0, "p50": 2.5, "p95": 1e-7, "probability": 0.7, "rating": "likely",
        "as_of": "2026-01", "beyond": False,
    } | changes  # fmt: skip


@pytest.fixture
def book(tmp_path):
    """A project with one chapter of one verdict, and the real package's claims and schema."""
    folder = tmp_path / "data"
    folder.mkdir()
    kept = ("claims", "sources", "editions")
    pack = data.package()
    for name in kept:
        shutil.copy(pack.path(name), folder)
    (folder / "editions.csv").write_text(f"{HEAD}\n")
    entries = [dict(pack.resources[name]) for name in kept]
    entries[2] |= dict(
        zip(("hash", "bytes"), data.digest(folder / "editions.csv", ""), strict=True)
    )
    (folder / "datapackage.json").write_text(json.dumps({"resources": entries}))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)

    def release(version, *found):
        from aifactory.verdicts import MIME

        cells = [{"cell_type": "code", "outputs": [{"data": {MIME: v}} for v in found]}]
        path = tmp_path / "notebooks" / "power.ipynb"
        path.write_text(json.dumps({"cells": cells}))
        (tmp_path / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
        return editions.record(tmp_path, folder)

    release.table = folder / "editions.csv"
    release.pack = lambda: data.load(folder)
    yield release
    data.forget()


def test_a_release_adds_rows_and_leaves_the_others(book):
    version, new, moves = book("0.1.0", verdict())
    assert (version, len(new), moves) == ("0.1.0", 1, [])
    assert (new[0]["p50"], new[0]["p95"], new[0]["part"], new[0]["beyond"]) == (
        2.5,
        1e-7,
        None,
        False,
    )
    first = book.table.read_text()
    row = "0.1.0,2026-01-01,power-built,,post,false,Power,MW,1.0,2.5,1e-07,0.7,likely,2026-01"
    assert first == f"{HEAD}\n{row}\n"
    _, new, moves = book("0.2.0", verdict(p50=3.0), verdict(part="a, b", probability=None))
    assert len(new) == 2
    assert [(m.rating, m.before["p50"], m.after["p50"]) for m in moves] == [(False, 2.5, 3.0)]
    assert book.table.read_text().startswith(first)
    entry = book.pack().resources["editions"]
    assert entry["hash"] == data.digest(book.table, "")[0]
    assert entry["as_of"] == "2026-02-02"


def test_a_draft_lists_what_moved_with_a_gap_for_each_reason_that_is_missing(book, tmp_path):
    book("0.1.0", verdict())
    notebook = tmp_path / "notebooks" / "power.ipynb"
    where = book.table.parent
    assert editions.draft(tmp_path, where) == ["None."]
    notebook.write_text(notebook.read_text().replace('"likely"', '"unlikely"'))
    (line,) = editions.draft(tmp_path, where)
    assert line.startswith("- power-built, at the post's date: likely;")
    assert line.endswith(", because …")
    told = CHANGES.replace(
        "- Soon.", "- Soon.\n\n### Verdicts that changed\n\n- power-built: misread."
    )
    (tmp_path / "CHANGELOG.md").write_text(told)
    editions.changelog.cache_clear()
    (line,) = editions.draft(tmp_path, where)
    assert line.endswith("(power-built: misread.)")


def test_the_same_release_again_writes_nothing(book):
    book("0.1.0", verdict())
    before = book.table.read_bytes()
    assert book("0.1.0", verdict())[1] == []
    assert book.table.read_bytes() == before


@pytest.mark.parametrize(
    "found", [[verdict(p50=2.6)], [], [verdict(), verdict(part="new")], [verdict(as_of="2027")]]
)
def test_rows_of_a_released_version_never_change(book, found):
    book("0.1.0", verdict())
    before = book.table.read_bytes()
    with pytest.raises(BrokenRow, match=r"editions.csv.*version 0.1.0 is released.*next version"):
        book("0.1.0", *found)
    assert book.table.read_bytes() == before


@pytest.mark.parametrize("version", ["0.3.0", "0.9.0"])
def test_a_version_without_a_date_is_not_recorded(book, version):
    with pytest.raises(DataError, match=r"CHANGELOG.md does not date version"):
        book(version, verdict())


def test_an_older_version_is_not_recorded_after_a_newer_one(book):
    book("0.2.0", verdict())
    with pytest.raises(DataError, match=r"0.2.0 already, which is newer than 0.1.0"):
        book("0.1.0", verdict())


def test_the_list_of_changes_is_read_by_version_and_heading(tmp_path):
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    found = editions.changelog(tmp_path)
    assert [(r.version, r.date) for r in found] == [
        ("0.3.0", ""), ("0.2.0", "2026-02-02"), ("0.1.0", "2026-01-01"),
    ]  # fmt: skip
    assert found[1].sections["Added"] == ("A thing; and more of it.", "`other: thing`")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "CHANGELOG.md").write_text("## Next\n")
    with pytest.raises(DataError, match=r"'## Next' names no version"):
        editions.changelog(tmp_path / "other")


def test_moves_say_from_to_and_why():
    release = editions.Release("0.2.0", "2026-02-02", {
        editions.VERDICTS: ("power-built-more: no.", "`power-built`: the log was misread.")
    })  # fmt: skip
    old = [verdict(), verdict(edition="newest"), verdict(part="gone")]
    new = [
        verdict(probability=0.2, rating="unlikely"),
        verdict(edition="newest"),
        verdict(part="new"),
    ]
    (move,) = editions.moved(old, new, release)
    assert move.rating
    assert move.why == "`power-built`: the log was misread."
    text = move.as_text()
    assert text.startswith("power-built, at the post's date: likely; probability 70 %;")
    assert "to unlikely; probability 20 %" in text
