"""Every error of the data layer, word for word: what, where, by which rule, and what to do."""

import hashlib
import pickle

import pytest

from aifactory import data
from aifactory.errors import Fault, nearest

FIX = "Correct the cell, then run `python -m aifactory data lock`"
OR_WIDEN = f"{FIX}; or widen the rule in datapackage.json."


def told(kind, call, *args, **kwargs):
    """The message of the error that a call raises, of exactly this class."""
    with pytest.raises(data.DataError) as caught:
        call(*args, **kwargs)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("call", "name", "message"),
    [
        (data.table, "sea/ship",
         "data/datapackage.json holds no table named 'sea/ship'. Did you mean 'sea/ships'?"),
        (data.table, "zzz",
         "data/datapackage.json holds no table named 'zzz'. See `python -m aifactory tables`."),
        (data.figure, "top-sped",
         "data/figures.csv holds no figure named 'top-sped'. Did you mean 'top-speed'?"),
        (data.figure, "zzz",
         "data/figures.csv holds no figure named 'zzz'. See `python -m aifactory figures`."),
        (data.source, "logs", "data/sources.csv holds no source named 'logs'. Did you mean 'log'?"),
        (data.claim, "speed",
         "data/claims.csv holds no claim named 'speed'. Did you mean 'sea-speed'?"),
        (data.chapter_claims, "see",
         "data/claims.csv holds no chapter named 'see'. Did you mean 'sea'?"),
        (data.claims, "zzz",
         "data/claims.csv holds no chapter named 'zzz'. See `python -m aifactory claims`."),
    ],
)  # fmt: skip
def test_unknown_names(small, call, name, message):
    assert told(data.UnknownName, call, name) == message


def test_missing_file(small):
    small.file("sea/ships").unlink()
    assert told(data.MissingFile, data.table, "sea/ships") == (
        "data/sea/ships.csv is described in datapackage.json but is not on disk. Restore it with "
        "`git checkout -- data/sea/ships.csv`, or take its entry out of datapackage.json."
    )


def test_missing_package(small):
    (small.folder / "datapackage.json").unlink()
    data.forget()
    assert told(data.MissingFile, data.table, "sea/ships") == (
        f"{small.folder / 'datapackage.json'} is missing: without it no table can be read. Restore "
        "it with `git checkout -- data/datapackage.json`, or unset AIFACTORY_DATA if it points "
        "elsewhere."
    )


def test_changed_bytes(small):
    before = small.file("sea/ships").read_bytes()
    small.put("sea/ships", [["Swift", "1801-05-02", 121, 12.5, "false", "brig", "log"]])
    after = small.file("sea/ships").read_bytes()
    shas = [hashlib.sha256(content).hexdigest()[:12] for content in (after, before)]
    assert told(data.ChangedBytes, data.table, "sea/ships") == (
        "data/sea/ships.csv is not the file that datapackage.json describes: sha256 "
        f"{shas[0]}… and {len(after)} bytes, where {shas[1]}… and {len(before)} bytes are "
        "expected. If the change is meant, run `python -m aifactory data lock`; if not, run "
        "`git checkout -- data/sea/ships.csv`."
    )


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (0, "crew", "12.5",
         f"row 2, field `crew`: '12.5' is not a whole number (type integer). {FIX}."),
        (1, "speed", "fast",
         f"row 3, field `speed`: 'fast' is not a finite number (type number). {FIX}."),
        (1, "speed", "inf",
         f"row 3, field `speed`: 'inf' is not a finite number (type number). {FIX}."),
        (2, "launched", "1801-13-01",
         f"row 4, field `launched`: '1801-13-01' is not a date written YYYY-MM-DD (type date). "
         f"{FIX}."),
        (2, "launched", "1801-1-1",
         f"row 4, field `launched`: '1801-1-1' is not a date written YYYY-MM-DD (type date). "
         f"{FIX}."),
        (0, "sunk", "perhaps",
         "row 2, field `sunk`: 'perhaps' is not one of true, True, TRUE, 1, false, False, FALSE, 0 "
         f"(type boolean). {FIX}."),
        (0, "rig", "raft", f"row 2, field `rig`: 'raft' is not one of brig, sloop. {OR_WIDEN}"),
        (0, "speed", -1, f"row 2, field `speed`: '-1' is below the minimum 0. {OR_WIDEN}"),
        (0, "speed", 61, f"row 2, field `speed`: '61' is above the maximum 60. {OR_WIDEN}"),
    ],
)  # fmt: skip
def test_broken_cells(small, row, column, value, message):
    small.change("sea/ships", row, column, value)
    assert told(data.BrokenRow, data.table, "sea/ships") == f"data/sea/ships.csv, {message}"


def test_a_missing_name_breaks_two_rules_and_the_message_says_so(small):
    small.change("sea/ships", 1, "ship", "")
    assert told(data.BrokenRow, data.table, "sea/ships") == (
        "data/sea/ships.csv, row 3, field `ship`: is missing a value, and one is required. "
        f"{OR_WIDEN} 1 more fault in this file (row 3)."
    )


def test_a_key_that_comes_twice(small):
    small.change("sea/ships", 2, "ship", "Swift")
    assert told(data.BrokenRow, data.table, "sea/ships") == (
        "data/sea/ships.csv, row 4, field `ship`: 'Swift' appears twice, and is the primary key. "
        "Correct the row, then run `python -m aifactory data lock`."
    )


def test_many_faults_come_as_the_first_and_a_count(small):
    small.put("sea/ships", [[f"S{i}", "", "x", "", "", "", "log"] for i in range(12)])
    small.accept("sea/ships")
    message = told(data.BrokenRow, data.table, "sea/ships")
    assert message.startswith("data/sea/ships.csv, row 2, field `crew`: 'x' is not a whole number")
    assert message.endswith("11 more faults in this file (rows 3, 4, 5, 6, 7 …).")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "data/sea/ships.csv: is empty. Restore it with `git checkout -- data/sea/ships.csv`, "
         "or write it anew."),
        ("ship,launched,crew,speed,sunk,rig\nA,,,,,\n",
         "data/sea/ships.csv, row 1: lacks the column 'source_id'. Make the header and "
         "`schema.fields` in datapackage.json agree."),
        ("ship,launched,crew,speed,sunk,rig,sauce\nA,,,,,,\n",
         "data/sea/ships.csv, row 1: lacks the column 'source_id' and has a column 'sauce' that "
         "its schema does not describe. Make the header and `schema.fields` in datapackage.json "
         "agree."),
        ("launched,ship,crew,speed,sunk,rig,source_id\n,A,,,,,\n",
         "data/sea/ships.csv, row 1: has its columns in another order than its schema (ship, "
         "launched, crew, speed, sunk, rig, source_id). Make the header and `schema.fields` in "
         "datapackage.json agree."),
        ("ship,launched,crew,speed,sunk,rig,source_id\nA,,,,,,log\nB,,\n",
         "data/sea/ships.csv, row 3: this row has 3 cells where the header has 7. Quote cells that "
         "hold a comma, and give every row all of its cells."),
    ],
)  # fmt: skip
def test_files_that_are_not_the_table(small, text, message):
    small.file("sea/ships").write_text(text)
    small.accept("sea/ships")
    assert told(data.BrokenRow, data.table, "sea/ships") == message


def test_a_file_in_another_encoding(small):
    small.file("sea/ships").write_bytes("ship,é\n".encode("latin-1"))
    small.accept("sea/ships")
    message = told(data.BrokenRow, data.table, "sea/ships")
    assert message.startswith("data/sea/ships.csv: is not a CSV table in UTF-8 (")
    assert message.endswith("`git checkout -- data/sea/ships.csv`, or write it anew.")


def test_recalled_figure(small):
    assert told(data.RecalledFigure, data.figure, "old-tale") == (
        "data/figures.csv: figure 'old-tale' is recalled, not seen at its source; it may only be "
        "shown: figure(…, reference_only=True). Find it at a source and set its verification to "
        "seen."
    )
    assert told(data.RecalledFigure, data.figure("old-tale", reference_only=True).distribution) == (
        "data/figures.csv: figure 'old-tale' is recalled, not seen at its source; it has no "
        "distribution, for no result may rest on it. Find it at a source and set its verification "
        "to seen."
    )


def test_unknown_source(small):
    small.change("figures", 0, "source_id", "logg")
    assert told(data.UnknownSource, data.figure, "top-speed") == (
        "data/figures.csv, row 2, field `source_id`: figure 'top-speed' names a source that is not "
        "there. data/sources.csv holds no source named 'logg'. Did you mean 'log'?"
    )


def test_bad_range(small):
    small.change("figures", 0, "low", 13)
    assert told(data.BadRange, data.figure, "top-speed") == (
        "data/figures.csv, row 2, field `low, central, high`: '13 | 12 | 15' is not in rising "
        "order. They are the 5 %, 50 % and 95 % points: put them in order."
    )


def test_incomplete_range(small):
    small.change("figures", 0, "high", "")
    assert told(data.BadRange, data.figure, "top-speed") == (
        "data/figures.csv, row 2, field `low, central, high`: '10 | 12 | ' leaves out part of the "
        "range. Give all three: where the source has one value, widen it and say how in `note`."
    )


def test_bad_unit(small):
    small.change("figures", 0, "unit", "knotts")
    assert told(data.BadUnit, lambda: data.figure("top-speed").quantity) == (
        "data/figures.csv, field `unit`: 'knotts' is not a unit that this project knows. Units are "
        "pint's, e.g. kWh/year. That is the unit of figure 'top-speed'."
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.edit("sea/ships", path="../ships.csv"),
         "data/datapackage.json: sea/ships has the path '../ships.csv', which leaves the data "
         "folder. Give a path inside it."),
        (lambda s: s.edit("sea/ships", path=""),
         "data/datapackage.json: sea/ships lacks `path`. Add it."),
        (lambda s: s.describe([*data.load(s.folder).resources.values()] * 2),
         "data/datapackage.json describes 'claims' twice. Keep one of the two."),
        (lambda s: s.edit("sea/ships", schema={"fields": [{"name": "ship", "type": "geopoint"}]}),
         "data/sea/ships.csv, field `ship`: type 'geopoint' is not one of string, integer, number, "
         "boolean, date, datetime, year, yearmonth."),
        (lambda s: s.edit("sea/ships", schema={"fields": [
            {"name": "ship", "constraints": {"jsonSchema": {}}}]}),
         "data/sea/ships.csv, field `ship`: constraint 'jsonSchema' is not one of required, "
         "unique, enum, pattern, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, "
         "maxLength."),
        (lambda s: s.edit("sea/ships", schema={"primaryKey": "x"}),
         "data/sea/ships.csv: its schema in datapackage.json lists no fields."),
    ],
)  # fmt: skip
def test_broken_package(small, spoil, message):
    spoil(small)
    assert told(data.BrokenPackage, data.table, "sea/ships") == message


def test_a_package_that_is_not_json(small):
    (small.folder / "datapackage.json").write_text("{")
    data.forget()
    message = told(data.BrokenPackage, data.table, "sea/ships")
    assert message.startswith("data/datapackage.json is not JSON: ")
    assert message.endswith(" Correct that place.")


def test_a_fault_survives_a_process_boundary():
    error = data.BrokenRow.of([Fault("f.csv", "is wrong", "a", 2, "x", "Mend it.")])
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == "f.csv, row 2, field `a`: 'x' is wrong. Mend it."
    assert again.faults == error.faults


def test_nearest_finds_a_part_and_a_misspelling():
    known = ["power/queues", "power/lead_times"]
    assert nearest("queues", known) == ["power/queues"]
    assert nearest("power/lead_time", known) == ["power/lead_times"]
    assert nearest("zzz", known) == []
