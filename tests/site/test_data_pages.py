"""Pages, files and bundles of the data: complete, true to the tables, harmless, and repeatable."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frictionless import Package
from visit import SITE

from aifactory import data, tableschema
from aifactory.publish import boxes, bundles, datapages, html, twins

HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)>'
FORMULAS = ["=SUM(A1)", "+1+cmd", "-2+3", "@x", "\tx", "\r=x"]
SCHEMA = {
    "fields": [
        {"name": "text", "type": "string", "description": "Words"},
        {"name": "count", "type": "integer"},
        {"name": "share", "type": "number", "unit": "percent"},
        {"name": "yes", "type": "boolean"},
        {"name": "day", "type": "date"},
        {"name": "month", "type": "yearmonth"},
        {"name": "year", "type": "year"},
        {"name": "at", "type": "datetime"},
    ],
    "missingValues": [""],
}
ROWS = """text,count,share,yes,day,month,year,at
"a, ""b"" é",1,0.1,true,2026-01-02,2026-01,2026,2026-01-02T03:04:05
c,9007199254740993,-1e-09,false,1969-12-31,1969-12,1969,1969-12-31T23:59:59
,,,,,,,
"""
TYPES = [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.date32(), pa.int16(),
         pa.timestamp("us")]  # fmt: skip


@pytest.fixture
def frame(tmp_path):
    path = tmp_path / "original.csv"
    path.write_text(ROWS, encoding="utf-8")
    found, faults = tableschema.read(path, SCHEMA, "original.csv")
    assert faults == []
    return found


@pytest.fixture(scope="module")
def base(site):
    with sqlite3.connect(f"file:{site / bundles.SQLITE}?mode=ro", uri=True) as connection:
        yield connection


def page(site, name):
    return (site / "data" / f"{name}.html").read_text(encoding="utf-8")


# -- twins ----------------------------------------------------------------------------------------


def test_a_csv_twin_reads_back_as_the_table(frame, tmp_path):
    twins.write_csv(tmp_path / "twin.csv", frame, SCHEMA)
    again, faults = tableschema.read(tmp_path / "twin.csv", SCHEMA, "twin.csv")
    assert faults == []
    pd.testing.assert_frame_equal(again, frame)


def test_a_parquet_twin_has_types_units_and_the_same_values(frame, tmp_path):
    path = tmp_path / "twin.parquet"
    twins.write_parquet(path, frame, SCHEMA)
    table = pq.read_table(path)
    assert table.schema.types == TYPES
    assert table.schema.field("share").metadata[b"unit"] == b"percent"
    assert table.schema.field("text").metadata[b"description"] == b"Words"
    for name in frame.columns:
        stored = table[name].to_pandas(integer_object_nulls=True).astype(frame[name].dtype)
        pd.testing.assert_series_equal(stored, frame[name], check_names=False)
    first = path.read_bytes()
    twins.write_parquet(path, frame, SCHEMA)
    assert path.read_bytes() == first


def test_formulas_are_text_and_numbers_stay_numbers(tmp_path):
    schema = {"fields": [{"name": "text", "type": "string"}, {"name": "n", "type": "number"}]}
    count = len(FORMULAS) + 1
    frame = pd.DataFrame({"text": [*FORMULAS, "-5.2"], "n": [-1.5] * count})
    twins.write_csv(tmp_path / "twin.csv", frame, schema)
    again = pd.read_csv(tmp_path / "twin.csv", dtype={"text": str}, lineterminator="\n")
    assert list(again["text"]) == [f"'{x}" for x in FORMULAS] + ["-5.2"]
    assert list(again["n"]) == [-1.5] * count


def test_originals_are_the_repository_s_files(site):
    pack = data.package()
    for entry in pack.resources.values():
        original = pack.folder / entry["path"]
        assert (site / "data" / entry["path"]).read_bytes() == original.read_bytes(), entry["path"]


def test_every_twin_has_the_rows_of_its_table(site):
    for name, entry in data.package().resources.items():
        path = site / "data" / entry["path"]
        if path.suffix == ".csv":
            stored = pq.read_schema(path.with_suffix(".parquet")).names
            count = pq.read_metadata(path.with_suffix(".parquet")).num_rows
        else:
            twin = pd.read_csv(path.with_suffix(".csv"), low_memory=False)
            stored, count = list(twin.columns), len(twin)
        assert stored == [f["name"] for f in entry["schema"]["fields"]], name
        assert count == datapages_rows(site, name), name


def datapages_rows(site, name):
    """Rows as the table's page gives them."""
    return int(re.search(r"<dt>Rows</dt><dd>([\d,]+),", page(site, name))[1].replace(",", ""))


# -- pages ----------------------------------------------------------------------------------------


def test_every_table_has_a_whole_page(site):
    for name, entry in data.package().resources.items():
        text = page(site, name)
        for item in entry["licenses"]:
            assert boxes.escape(item.get("title") or item["name"]) in text, name
        for flaw in entry.get("warnings", []):
            assert html.coded(flaw) in text, (name, flaw)
        for field in entry["schema"]["fields"]:
            assert f"<td><code>{field['name']}</code></td>" in text, name
            assert f"<td>{html.coded(field.get('description', ''))}</td>" in text, name
        if name not in data.BUILT_IN:
            for source in entry["sources"]:
                assert f'bibliography.html#source-{source["id"]}"' in text, name
        for kind in ("csv", "parquet", "json"):
            file = (site / "data" / entry["path"]).with_suffix(f".{kind}")
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            found = re.search(rf'<a href="{file.name}" download>.*?"digest">(\w+)<', text)
            assert found and found[1] == digest, (name, kind)
        assert f'href="{"../" * (name.count("/") + 1)}book/data.html#table-' in text


def test_a_page_says_who_uses_the_table(site):
    text = page(site, "power/site_capacity")
    assert 'href="../../notebooks/power.html">Power</a>' in text
    assert 'href="../../claims/power-built.html"' in text
    assert 'href="../../book/forecasts.html#forecast-colossus2-1500mw-2027q1"' in text


def test_a_page_describes_its_table_to_machines(site):
    text = page(site, "power/plants_world")
    record = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text)[1])
    assert record["@type"] == "Dataset"
    assert record["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert {d["contentUrl"] for d in record["distribution"]} >= {"plants_world.csv"}
    units = {v["name"]: v.get("unitText") for v in record["variableMeasured"]}
    assert units["capacity_mw"] == "MW"


def test_hostile_cells_are_shown_as_text():
    name = "power/plants_world"
    entry = {"schema": {"fields": [{"name": HOSTILE, "unit": HOSTILE, "type": "string"}]}}
    shown = datapages._preview(name, entry, {"preview": [[HOSTILE]], "about": {"rows": 1}})
    row = dict.fromkeys(("low", "high", "central"), 1.0)
    row |= dict.fromkeys(("figure_id", "description", "unit", "as_of", "locator", "note"), HOSTILE)
    row |= {"source_id": HOSTILE, "verification": "seen"}
    shown += datapages._figure(row, datapages.Uses(claims=[HOSTILE]))
    assert "<script" not in shown and "<img" not in shown
    assert shown.count("&lt;script&gt;") >= 9


def test_numbers_are_given_plainly():
    assert [datapages.cell(x) for x in (15700000.0, 0.1, -3, float("nan"), "a")] == [
        "15700000", "0.1", "-3", "", "a",
    ]  # fmt: skip
    assert datapages.number(-15700000.0) == "\N{MINUS SIGN}15,700,000"


def test_every_figure_has_its_anchor_once(site):
    text = page(site, "figures")
    ids = re.findall(r'<dt id="([^"]+)"', text)
    assert sorted(ids) == sorted(data.figures()["figure_id"])
    every = re.findall(r' id="([^"]+)"', text)
    assert len(every) == len(set(every))
    assert len(text.encode()) <= 600_000


def test_the_index_keeps_its_anchors_and_leads_to_each_page(site):
    text = (site / "book" / "data.html").read_text(encoding="utf-8")
    for name in data.names():
        line = re.search(rf'<li id="{boxes.table_anchor(name)}".*?</li>', text, re.S)
        assert line and f'href="../data/{name}.html"' in line[0], name
    for file in (bundles.ZIP, bundles.SQLITE, bundles.METADATA):
        digest = hashlib.sha256((site / file).read_bytes()).hexdigest()
        assert f'href="../{file}"' in text and digest in text, file


# -- bundles --------------------------------------------------------------------------------------


def test_the_zip_is_the_data_package(site, tmp_path):
    with zipfile.ZipFile(site / bundles.ZIP) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
        assert [i.filename for i in infos] == sorted(i.filename for i in infos)
        assert {i.date_time for i in infos} == {bundles.EPOCH}
        assert {i.external_attr for i in infos} == {0o100644 << 16}
        archive.extractall(tmp_path)
    folder = tmp_path / data.package().descriptor["name"]
    package = Package(folder / "datapackage.json")
    assert package.resource_names == data.names()
    assert package.get_resource("claims").validate().valid
    for entry in data.package().resources.values():
        digest, _ = data.digest(folder / entry["path"], entry["path"])
        assert digest == entry["hash"]
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    assert all(entry["path"] in readme for entry in data.package().resources.values())


def test_bundles_are_the_same_bytes_each_time(tmp_path, monkeypatch):
    names = ["sources", "claims", "power/storage_specs"]
    monkeypatch.setattr(data, "names", lambda: names)
    facts = {name: {"about": data.about(name)} for name in names}
    verdict = {"claim_id": "power-built", "rating": "likely", "p50": 1.5, "figures": ["x", "x"]}
    for at in ("a", "b"):
        bundles.write_zip(tmp_path / f"{at}.zip", facts)
        bundles.write_sqlite(tmp_path / f"{at}.sqlite", facts, [verdict])
    for kind in ("zip", "sqlite"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_the_database_holds_every_table(site, base):
    assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []
    catalogue = dict(base.execute("SELECT sqlite_table, rows FROM _tables"))
    assert len(catalogue) == len(data.names())
    for table, rows in catalogue.items():
        assert base.execute(f"SELECT count(*) FROM [{table}]").fetchone() == (rows,), table


def test_the_database_does_not_show_which_library_wrote_it(tmp_path):
    """Deleted rows leave their text in a page; it goes, and the rows that stay are as before."""
    path = tmp_path / "base.sqlite"
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA secure_delete = OFF")
        base.execute("CREATE TABLE t (x)")
        base.executemany("INSERT INTO t VALUES (?)", [(f"word {n}",) for n in range(9)])
        base.execute("DELETE FROM t WHERE rowid > 5")
    base.close()
    wrote = path.read_bytes()
    assert b"word 8" in wrote and wrote[96:100] != bytes(4)
    path.write_bytes(bundles.without_traces(wrote))
    assert b"word 8" not in path.read_bytes() and path.read_bytes()[96:100] == bytes(4)
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert base.execute("SELECT x FROM t").fetchall() == [(f"word {n}",) for n in range(5)]
    base.close()


@pytest.mark.parametrize("name", ["figures", "power/plants_world", "networking/titan_gpu_events"])
def test_the_database_has_the_values_of_the_table(base, name):
    schema = data.package().resources[name]["schema"]
    wanted = twins.plain(data.table(name), schema).astype(object)
    wanted = wanted.where(wanted.notna(), None)
    found = base.execute(f"SELECT * FROM [{bundles.table_name(name)}]").fetchall()
    assert found == list(wanted.itertuples(index=False, name=None))


def test_the_database_knows_keys_and_verdicts(base):
    keys = base.execute("PRAGMA foreign_key_list(figures)").fetchall()
    assert [(k[2], k[3], k[4]) for k in keys] == [("sources", "source_id", "source_id")]
    columns = {c[1]: (c[2], c[5]) for c in base.execute("PRAGMA table_info(power_plants_world)")}
    assert columns["plant"] == ("INTEGER", 1) and columns["capacity_mw"] == ("REAL", 0)
    query = "SELECT rating, probability, unit FROM verdicts WHERE claim = ? AND edition = ?"
    found = base.execute(query, ("power-built", "post")).fetchall()
    stored = [
        v
        for v in datapages.grounds(data.folder().parent / "notebooks").verdicts
        if (v["claim_id"], v["edition"]) == ("power-built", "post")
    ]
    assert found == [(v["rating"], v["probability"], v["unit"]) for v in stored] != []


def test_the_book_s_own_query_works(root, site, monkeypatch):
    """The Python of book/data.md, run beside the database as a reader would."""
    text = (root / "book" / "data.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.S)[1]
    monkeypatch.chdir(site)
    told: dict = {}
    exec(code, told)
    told["base"].close()
    assert len(told["rows"]) >= 5 and all(len(row) == 4 for row in told["rows"])
    assert not (site / f"{bundles.SQLITE}-journal").exists()


def test_datasette_knows_licence_and_source_of_each(site):
    record = json.loads((site / bundles.METADATA).read_text(encoding="utf-8"))
    tables = record["databases"]["data"]["tables"]
    assert set(tables) == {bundles.table_name(n) for n in data.names()}
    assert all(t["license"] for t in tables.values())
    assert "[MW]" in tables["power_plants_world"]["columns"]["capacity_mw"]


def test_no_page_of_data_prints_a_backtick():
    shown = re.compile(r"<(script|pre|code)\b.*?</\1>", re.S)
    pages = [SITE / "book" / "data.html", *(SITE / "data").rglob("*.html")]
    texts = {p: re.sub(r"<[^>]*>", "", shown.sub("", p.read_text(encoding="utf-8"))) for p in pages}
    assert [p.name for p, text in texts.items() if "`" in text] == []
    assert "in <code>unit</code>" in (SITE / "data" / "figures.html").read_text(encoding="utf-8")
