"""`lock` takes over deliberate edits and nothing broken; `check` finds each fault there can be."""

import json

import pytest

from aifactory import data, datacheck

SHIPS = [["Swift", "1801-05-02", 121, 12.5, "false", "brig", "log"]]


@pytest.fixture
def whole(small):
    """The small package, with nothing wrong with it before the test."""
    assert check(small) == []
    return small


def check(small):
    return datacheck.check(small.folder, pages=[])


def test_lock_does_nothing_to_a_package_that_is_up_to_date(small):
    before = (small.folder / "datapackage.json").read_bytes()
    assert datacheck.lock() == []
    assert (small.folder / "datapackage.json").read_bytes() == before


def test_lock_takes_over_an_edit_and_says_which(small):
    small.put("sea/ships", SHIPS)
    (line,) = datacheck.lock()
    assert line.startswith("data/sea/ships.csv: sha256 ")
    assert line.endswith(f"now {small.file('sea/ships').stat().st_size} bytes")
    assert data.table("sea/ships")["crew"].tolist() == [121]
    assert datacheck.lock() == []


def test_lock_refuses_a_file_that_breaks_its_schema_and_writes_nothing(small):
    before = (small.folder / "datapackage.json").read_bytes()
    small.put("claims", [["other-claim", "sea", "3", "fact", "C", "D"]])
    small.put("sea/ships", [["Swift", "soon", 121, 12.5, "false", "raft", "log"]])
    with pytest.raises(data.BrokenRow) as caught:
        datacheck.lock()
    assert [fault.field for fault in caught.value.faults] == ["launched", "rig"]
    assert (small.folder / "datapackage.json").read_bytes() == before


def test_lock_lists_the_sources_that_rows_name(small):
    small.put("sea/ships", [*SHIPS, ["Other", "", "", "", "", "", "tale"]])
    assert datacheck.lock()[1:] == [
        "data/datapackage.json, sea/ships: its list of sources is brought up to date"
    ]
    assert data.about("sea/ships")["source_ids"] == ["log", "tale"]


def test_lock_refuses_a_source_that_is_not_listed(small):
    small.put("sea/ships", [["Swift", "1801-05-02", 121, 12.5, "false", "brig", "logg"]])
    with pytest.raises(data.UnknownSource) as caught:
        datacheck.lock()
    assert str(caught.value) == (
        "data/sea/ships.csv, row 2: 'logg' is not a source of data/sources.csv. Nearest: log."
    )


def test_a_whole_package_has_no_fault(small):
    assert check(small) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: s.put("sea/ships", SHIPS), ["data/sea/ships.csv is not the file that"]),
        (lambda s: s.file("sea/ships").unlink(), ["data/sea/ships.csv is described in"]),
        (lambda s: s.change("sea/ships", 0, "crew", "x"),
         ["data/sea/ships.csv, row 2, field `crew`: 'x' is not a whole number"]),
        (lambda s: s.change("figures", 0, "unit", "knotts"),
         ["data/figures.csv, row 2, field `unit`: 'knotts' is not a unit"]),
        (lambda s: s.change("figures", 0, "low", "13"),
         ["data/figures.csv, row 2, field `low, central, high`: '13 | 12 | 15' is not in rising"]),
        (lambda s: s.change("figures", 0, "source_id", "logg"),
         ["data/figures.csv, row 2: 'logg' is not a source of data/sources.csv. Nearest: log."]),
        (lambda s: s.change("sea/ships", 0, "source_id", "tale"),
         ["data/datapackage.json, sea/ships: its list of sources is out of date."]),
        (lambda s: s.change("figures", 1, "source_id", "log"),
         ["data/datapackage.json, figures: its list of sources is out of date.",
          "data/sources.csv: no table, figure or page uses the source 'tale'."]),
        (lambda s: (s.folder / "sea/boats.csv").write_text("boat\n"),
         ["data/sea/boats.csv: datapackage.json does not describe this file."]),
        (lambda s: s.edit("sea/ships", licenses=[]),
         ["data/datapackage.json, sea/ships: lacks `licenses`. Add it."]),
        (lambda s: s.edit("sea/ships", title=""),
         ["data/datapackage.json, sea/ships: lacks `title`. Add it."]),
    ],
)  # fmt: skip
def test_each_fault_is_found(whole, spoil, said):
    spoil(whole)
    found = check(whole)
    assert len(found) == len(said), found
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True)), found


def test_a_field_needs_a_description_and_a_unit_that_parses(whole):
    entry = data.load(whole.folder).resources["sea/ships"]
    entry["schema"]["fields"][3] |= {"unit": "knotts", "description": ""}
    whole.edit("sea/ships", schema=entry["schema"])
    assert check(whole) == [
        "data/datapackage.json, sea/ships, field `speed`: lacks a description. Add it.",
        "data/datapackage.json, sea/ships, field `speed`: 'knotts' is not a unit that this project "
        "knows. Units are pint's, e.g. kWh/year.",
    ]


def test_a_page_s_citation_is_a_use(whole, tmp_path):
    whole.change("figures", 1, "source_id", "log")
    datacheck.lock()
    page = tmp_path / "page.md"
    page.write_text("As told {cite:p}`log,tale`.")
    assert datacheck.check(whole.folder, pages=[page]) == []


def test_several_sources_in_one_cell(whole):
    whole.put("sea/ships", [["Swift", "1801-05-02", 121, 12.5, "false", "brig", "log; tale"]])
    datacheck.lock()
    assert data.about("sea/ships")["source_ids"] == ["log", "tale"]
    assert check(whole) == []


def test_datapackage_json_keeps_its_layout(small):
    text = (small.folder / "datapackage.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
