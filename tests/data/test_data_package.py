"""The data package of the book is whole: by frictionless, and by what the book asks beyond it."""

import csv
import hashlib
import json

import frictionless
import pytest

from aifactory import data, datacheck, units

FOLDER = data.folder()
DESCRIPTOR = json.loads((FOLDER / "datapackage.json").read_text(encoding="utf-8"))
RESOURCES = {entry["name"]: entry for entry in DESCRIPTOR["resources"]}


def rows(name):
    """A shared table as plain dictionaries, read without the module under test."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def package():
    """The package as frictionless reads it: once, as that takes longer than most tables."""
    return frictionless.Package(str(FOLDER / "datapackage.json"))


@pytest.mark.parametrize("name", RESOURCES)
def test_frictionless_finds_no_fault(name, package):
    # The book's own check below reads the large tables to their ends, far faster.
    rows_read = 5_000 if RESOURCES[name]["format"] == "parquet" else None
    report = package.get_resource(name).validate(limit_rows=rows_read)
    assert report.flatten(["rowNumber", "fieldName", "message"]) == []


def test_the_descriptor_is_a_data_package_of_version_2():
    assert DESCRIPTOR["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert list(frictionless.Package.metadata_validate(DESCRIPTOR)) == []


def test_the_book_s_own_check_finds_no_fault():
    assert datacheck.check() == []


@pytest.mark.parametrize("name", RESOURCES)
def test_hash_and_size_are_those_of_the_file(name):
    entry = RESOURCES[name]
    content = (FOLDER / entry["path"]).read_bytes()
    assert entry["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    if entry["format"] == "csv":
        assert entry["bytes"] == len(content)
        assert len(content) <= 2_000_000, "above 2 MB a table is kept as Parquet"


def test_every_table_on_disk_is_described_and_the_other_way_round():
    on_disk = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*")
        if path.is_file() and path.name != "datapackage.json"
    }
    assert on_disk == {entry["path"] for entry in RESOURCES.values()}


@pytest.mark.parametrize("name", RESOURCES)
def test_a_table_says_what_it_is_under_which_licence_from_whom_and_what_each_field_means(name):
    entry = RESOURCES[name]
    assert entry["title"]
    assert entry["description"]
    assert all(lic.get("name") or lic.get("path") for lic in entry["licenses"])
    assert entry["licenses"]
    assert entry["sources"]
    if name not in data.BUILT_IN:
        assert entry["as_of"]
    for field in entry["schema"]["fields"]:
        assert field["type"] in ("string", "integer", "number", "boolean", "date", "datetime",
                                 "year", "yearmonth")  # fmt: skip
        assert field["description"]


def test_every_unit_is_one_that_the_registry_knows():
    """All the bad ones come in one failure."""
    bad = []
    for name, entry in RESOURCES.items():
        for field in entry["schema"]["fields"]:
            if "unit" in field:
                bad.append(units.fault(field["unit"], name, field["name"], None))
    for at, row in enumerate(rows("figures"), 2):
        bad.append(units.fault(row["unit"], "figures", "unit", at))
    assert [str(fault) for fault in bad if fault] == []


def test_numbers_that_carry_a_unit_in_their_name_say_the_same_in_the_schema():
    """A column called …_mw is in MW; two columns of one name have one unit."""
    ends = {"_mw": "MW", "_kwh": "kWh", "_gwh": "GWh", "_mwh": "MWh", "_hz": "Hz", "_kw": "kW"}
    bad = []
    for name, entry in RESOURCES.items():
        for field in entry["schema"]["fields"]:
            end = next((end for end in ends if field["name"].endswith(end)), None)
            told = field["name"].count("_per_") == 0
            if end and told and field["type"] in ("number", "integer"):
                quantity = units.parse(field["unit"])
                if quantity.dimensionality != units.parse(ends[end]).dimensionality:
                    bad.append(f"{name}.{field['name']}: {field['unit']}")
    assert bad == []


def test_sources_that_are_named_exist_and_those_that_exist_are_named():
    known = {row["source_id"] for row in rows("sources")}
    named = {item["id"] for entry in RESOURCES.values() for item in entry["sources"]}
    for table in ("figures", "corrections"):
        named |= {row["source_id"] for row in rows(table)} - {""}
    cited = datacheck.cited_in_pages(datacheck.project_pages(FOLDER.parent))
    assert named - known == set()
    assert known - named - cited == set()


def test_a_source_s_title_and_address_are_the_same_wherever_it_is_cited():
    known = {row["source_id"]: row for row in rows("sources")}
    for name, entry in RESOURCES.items():
        for item in entry["sources"]:
            row = known[item["id"]]
            assert (item["title"], item.get("path", "")) == (row["title"], row["url"]), name


def test_every_claim_has_its_place_in_the_post_and_a_criterion():
    claims = data.claims()
    assert len(claims) == 30
    assert claims["claim_id"].is_unique
    assert claims["criterion"].str.len().min() > 30


def test_figures_are_in_order_and_say_how_a_range_was_set():
    for row in rows("figures"):
        if row["verification"] == "seen":
            low, central, high = (float(row[key]) for key in ("low", "central", "high"))
            assert low <= central <= high, row["figure_id"]
            if low < high:
                assert row["note"], f"{row['figure_id']} does not say how its range was set"


def test_corrections_speak_of_tables_that_are_there():
    assert {row["table"] for row in rows("corrections")} <= set(RESOURCES)


def test_texts_in_the_data_speak_of_their_subject_alone():
    """No local paths, and no word of how a copy came to hand."""
    words = (
        "/work",
        "/home/",
        "/tmp/",
        "evidence folder",
        "scratch",
        "fetched repo",
        "search page",
    )
    text = (FOLDER / "datapackage.json").read_text(encoding="utf-8")
    for path in FOLDER.rglob("*.csv"):
        text += path.read_text(encoding="utf-8")
    assert [word for word in words if word in text] == []
