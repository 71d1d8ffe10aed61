"""What chapters get from table, figure, source, claim and about."""

import math
import subprocess
import sys

import pandas as pd
import pytest

from aifactory import data


def test_a_table_has_the_types_of_its_schema(small):
    ships = data.table("sea/ships")
    assert dict(ships.dtypes.astype(str)) == {
        "ship": "str", "launched": "datetime64[us]", "crew": "Int64", "speed": "float64",
        "sunk": "boolean", "rig": "str", "source_id": "str",
    }  # fmt: skip
    assert ships["launched"][0] == pd.Timestamp("1801-05-02")
    assert ships["launched"].isna().tolist() == [False, False, True]
    assert ships["crew"].tolist() == [120, pd.NA, 3]
    assert ships.loc[0, "speed"] == 12.5
    assert bool(ships.loc[1, "sunk"]) is True


def test_a_table_carries_its_descriptor(small):
    entry = data.table("sea/ships").attrs["resource"]
    assert entry["title"] == "Sea/Ships"
    assert entry["sources"] == [
        {"id": "log", "title": "Ship's log", "path": "https://a.example/log"}
    ]


def test_what_one_caller_does_to_a_table_another_does_not_see(small):
    first = data.table("sea/ships")
    first.loc[0, "ship"] = "Changed"
    first["extra"] = 1
    again = data.table("sea/ships")
    assert again.loc[0, "ship"] == "Swift"
    assert "extra" not in again


def test_a_file_is_read_once_a_process(small):
    data.table("sea/ships")
    small.file("sea/ships").write_text("spoilt")
    assert len(data.table("sea/ships")) == 3


def test_a_figure_has_its_range_unit_and_source(small):
    speed = data.figure("top-speed")
    assert (speed.low, speed.central, speed.high, speed.value) == (10, 12, 15, 12)
    assert (speed.unit, speed.as_of, speed.source_id) == ("knot", "1805", "log")
    assert (speed.verification, speed.locator, speed.note) == ("seen", "p. 3", None)
    assert speed.quantity.to("km/hour").magnitude == pytest.approx(22.224)
    with pytest.raises(AttributeError):
        speed.low = 3


def test_a_figure_s_distribution_has_its_range_as_quantiles(small):
    found = data.figure("top-speed").distribution()
    assert [float(found.ppf(p)) for p in (0.05, 0.5, 0.95)] == pytest.approx([10, 12, 15])


def test_a_recalled_figure_can_be_shown_and_no_more(small):
    tale = data.figure("old-tale", reference_only=True)
    assert tale.central == 40
    assert math.isnan(tale.low)
    with pytest.raises(data.RecalledFigure):
        tale.distribution()


def test_claims_and_sources_come_as_records(small):
    claim = data.claim("sea-speed")
    assert (claim.id, claim.chapter) == ("sea-speed", "sea")
    assert claim.criterion == "True above 20 knots."
    assert [c.id for c in data.chapter_claims("sea")] == ["sea-speed"]
    assert data.claims("sea")["claim_id"].tolist() == ["sea-speed"]
    log = data.source("log")
    assert (log.id, log.author, log.published, log.note) == ("log", "A. Mate", "1805-10", None)


def test_used_tells_what_was_read_and_nothing_else(small):
    assert data.used() == {"tables": [], "figures": [], "claims": []}
    data.figure("top-speed")
    data.claim("sea-speed")
    data.chapter_claims("sea")
    data.source("log")
    data.fingerprint("tables", "sea/ships")
    assert data.used() == {"tables": [], "figures": ["top-speed"], "claims": ["sea-speed"]}
    data.table("sea/ships")
    data.about("claims")
    assert data.used()["tables"] == ["claims", "sea/ships"]


def test_a_figure_that_was_refused_is_not_used(small):
    with pytest.raises(data.RecalledFigure):
        data.figure("old-tale")
    assert data.used()["figures"] == []


@pytest.mark.parametrize(
    ("kind", "name", "table", "row", "column"),
    [
        ("figures", "top-speed", "figures", 0, "high"),
        ("figures", "top-speed", "figures", 0, "note"),
        ("figures", "top-speed", "sources", 0, "url"),
        ("claims", "sea-speed", "claims", 0, "criterion"),
        ("tables", "sea/ships", "sea/ships", 0, "speed"),
    ],
)
def test_a_fingerprint_moves_with_what_its_reader_depends_on(small, kind, name, table, row, column):
    before = data.fingerprint(kind, name)
    small.change(table, row, column, 16)
    assert data.fingerprint(kind, name) != before


def test_a_fingerprint_stays_while_other_rows_change(small):
    before = data.fingerprint("figures", "top-speed")
    small.change("figures", 1, "central", 41)
    assert data.fingerprint("figures", "top-speed") == before


def test_a_fingerprint_moves_with_a_table_s_description(small):
    before = data.fingerprint("tables", "sea/ships")
    small.edit("sea/ships", warnings=["Counted from a jetty."])
    assert data.fingerprint("tables", "sea/ships") != before


def test_about_says_what_a_reader_must_know(small):
    small.edit("sea/ships", warnings=["Counted from a jetty."], as_of="1805-10")
    assert data.about("sea/ships") == {
        "title": "Sea/Ships",
        "description": "A table",
        "path": "data/sea/ships.csv",
        "rows": 3,
        "columns": 7,
        "period": "1799-01-31 to 1801-05-02",
        "as_of": "1805-10",
        "licences": ["Creative Commons Zero 1.0"],
        "credits": ["Navy"],
        "source_ids": ["log"],
        "source_titles": ["Ship's log"],
        "warnings": ["Counted from a jetty."],
    }


def test_money_of_two_years_does_not_add_up():
    import pint

    assert data.ureg("3 USD_2024/kW * 2 kW").to("USD_2024").magnitude == 6
    with pytest.raises(pint.DimensionalityError):
        data.ureg.Quantity(1, "USD_2024") + data.ureg.Quantity(1, "USD_2019")
    with pytest.raises(pint.DimensionalityError):
        data.ureg.Quantity(1, "household").to("person")


def test_there_is_one_registry():
    assert data.ureg is data.ureg
    assert (data.ureg.Quantity(1, "MW") + data.ureg.Quantity(1, "MW")).magnitude == 2


def test_the_data_is_found_from_any_folder_and_importing_stays_light(tmp_path):
    code = (
        "import sys; from aifactory import data; print(len(data.claims()));"
        "print([m for m in ('pint', 'scipy', 'altair', 'frictionless') if m in sys.modules])"
    )
    root = str(data.folder().parent)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": root}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["30", "[]"]
