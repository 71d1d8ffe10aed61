"""Whatever comes in, the answer is one line and exit code 2, or a documented result."""

from __future__ import annotations

import copy
import csv
import io
import json
from datetime import date

import pytest
import turbohtml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aifactory import data, plain, scenario, verdicts, whatif
from aifactory.__main__ import run
from aifactory.publish import boxes, figures, pages, search
from aifactory.publish.citation import Book, Work, bibtex, csl_text, ris

ROOT = pages.ROOT
EVIL = (
    "</title></script><script>x()</script><img src=x onerror=x()>\"'&{{1}}${2}\u2028\u2029\x1b[31m"
)
HEAD = 'name = "x"\ntitle = "X"\n[set]\n'
TEXTS = ["", "../../etc/passwd", "a\nb\x1b[31m", "x" * 9000, "\udcff", "nan", "1e999", "--"]


@pytest.fixture
def refused(capsys, monkeypatch):
    """Run the command line; the one line in which it refuses."""
    monkeypatch.setenv("AIFACTORY_TRACEBACK", "1")  # what nobody foresaw fails the test

    def call(*arguments, code=2):
        assert run(list(arguments)) == code
        out, err = capsys.readouterr()
        lines = err.splitlines()
        assert out == "" or code == 0
        assert code == 0 or (len(lines) == 1 and lines[0].startswith("error: "))
        assert len(err) < 2000
        assert all(c.isprintable() or c in "\n\t" for c in out + err)
        return err

    return call


# --- command line --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_command_line_values_are_refused_in_one_line(refused, text, tmp_path):
    for command in ("verdicts", "claims", "figures", "sources"):
        refused(command, f"--chapter={text}")
    refused("verdicts", f"--claim={text}")
    refused("sources", f"--kind={text}")
    refused("execute", "--check", "--", text)
    refused("execute", f"--jobs={text}")
    refused("new", "--", text)
    refused("refresh", "--list", "--", text)
    refused("forecasts", "resolve", "--on=2026-01-01", "--source=post", "--", text, "1")
    refused("forecasts", "resolve", "x", "1", f"--on={text}", "--source=post")
    refused("what-if", "--outputs-only", f"--scenario={text}")
    refused("what-if", "--outputs-only", f"--set={text}")
    refused("what-if", "--outputs-only", f"--set=load-factor={text}")
    refused("ensemble", f"--draws={text}", f"--out={tmp_path}")
    refused("ensemble", "--draws=1e13")
    assert list(tmp_path.iterdir()) == []


def test_results_go_nowhere_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "x", tmp_path / ("x" * 300)):
        refused("ensemble", "--draws=64", f"--out={out}")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["x"]


# --- scenarios -----------------------------------------------------------------------------------

FILES = {
    "empty": b"",
    "byte order mark": b"\xef\xbb\xbf" + HEAD.encode(),
    "UTF-16": HEAD.encode("utf-16"),
    "Latin-1": HEAD.encode() + "# é".encode("latin-1"),
    "NUL": HEAD.encode() + b"load-factor = 0.5\0",
    "deep": HEAD.encode() + b"a = " + b"[" * 20_000,
    "deep names": HEAD.encode() + b"a." * 3000 + b"b = 1",
    "digits": HEAD.encode() + b"load-factor = " + b"9" * 5000,
    "hexadecimal": HEAD.encode() + b"load-factor = 0x" + b"f" * 5000,
    "infinite": HEAD.encode() + b"load-factor = inf",
    "not a number": HEAD.encode() + b"load-factor = nan",
    "beyond doubles": HEAD.encode() + b"load-factor = 1e400",
    "beyond doubles by its unit": HEAD.encode() + b'"power.facility_mw" = "1e308 TW"',
    "below what models take": HEAD.encode() + b"load-factor = 1e-320",
    "a power of a power": HEAD.encode() + b'load-factor = "1 m**9**9**9"',
    "a power of a number": HEAD.encode() + b'load-factor = "1 9**999999999"',
    "a written power": HEAD.encode() + '"power.facility_mw" = "1 9⁹⁹⁹⁹⁹⁹⁹⁹"'.encode(),
    "brackets": HEAD.encode() + b'load-factor = "1 ' + b"(" * 9000 + b'"',
    "code": HEAD.encode() + b"load-factor = \"1 __import__('os')\"",
    "a long name": HEAD.encode() + b"x" * 50_000 + b" = 1",
    "terminal": HEAD.encode() + b'"\\u001b[31mx" = 1',
    "twice": HEAD.encode() + b"load-factor = 0.5\nload-factor = 0.5",
    "a path": HEAD.replace('"x"', '"../../x"').encode() + b"load-factor = 0.5",
    "too large": b"#" * 200_000,
}


@pytest.mark.parametrize("kind", FILES)
def test_a_scenario_file_is_refused_in_one_line(refused, tmp_path, kind):
    path = tmp_path / "x.toml"
    path.write_bytes(FILES[kind])
    refused("what-if", "--outputs-only", f"--scenario={path}")


def test_lines_that_end_otherwise_are_read(tmp_path):
    path = tmp_path / "x.toml"
    for end in ("\r\n", "\r"):
        path.write_bytes((HEAD + "load-factor = 0.5\n").replace("\n", end).encode())
        assert scenario.read(path).set["load-factor"].central == 0.5


@pytest.fixture(scope="module")
def knob():
    return scenario.knobs(whatif.inputs())["power.facility_mw"]


@settings(max_examples=40)
@given(st.text(max_size=40), st.sampled_from(["", "1 ", "0.5", "1,2,3 ", "1e-5 "]))
@example("m^2²", "1 ")
@example("kW" + "**9" * 20, "1 ")
def test_any_value_is_taken_or_refused(knob, text, number):
    try:
        value = scenario.read_value(number + text, "x")
        found = scenario.settle(knob, value)
    except data.DataError:
        return
    assert all(abs(x) <= scenario.MOST for x in found.range)


def test_units_of_the_book_are_taken():
    units = {*data.figures()["unit"]}
    assert all(scenario._convert((1, 1, 1), unit, unit, "x") for unit in units)
    assert scenario._convert((1.0, 1.0, 1.0), "m²", "cm^2", "x") == (10_000,) * 3
    assert scenario._convert((1.0, 1.0, 1.0), "kJ/s", "kW", "x") == (1,) * 3


# --- notebooks -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def executed():
    """A small notebook with one verdict of the book."""
    record = verdicts.read(ROOT / "notebooks" / "pace.ipynb")[0]
    output = {"output_type": "display_data", "data": {verdicts.MIME: record}, "metadata": {}}
    cell = {"cell_type": "code", "source": "", "outputs": [output], "metadata": {}, "id": "a"}
    cell["execution_count"] = 1
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


RAW = {"empty": b"", "list": b"[]", "null": b"null", "deep": b"[" * 100_000, "bytes": b"\xff\xfe",
       "cells": b"{\"cells\": 1}",
       "cell": b'{"cells": [1]}', "output": b'{"cells":[{"outputs":[1]}]}',
       "byte order mark": b"\xef\xbb\xbf{}"}  # fmt: skip


@pytest.mark.parametrize("kind", RAW)
def test_what_is_no_notebook_is_refused(refused, tmp_path, kind):
    (tmp_path / "pace.ipynb").write_bytes(RAW[kind])
    refused("verdicts", "--chapter=pace", f"--notebooks={tmp_path}")
    refused("figures", "--chapter=pace", f"--notebooks={tmp_path}")


def test_verdicts_that_are_none_are_refused(refused, tmp_path, executed):
    record = executed["cells"][0]["outputs"][0]["data"][verdicts.MIME]
    wrong = [None, [], "x", {}]
    wrong += [{k: v for k, v in record.items() if k != lost} for lost in ("part", "p50", "reason")]
    wrong += [record | {"figures": None}, record | {"probability": "high"}, record | {"unit": {}}]
    for content in wrong:
        notebook = copy.deepcopy(executed)
        notebook["cells"][0]["outputs"][0]["data"] = {verdicts.MIME: content}
        (tmp_path / "pace.ipynb").write_text(json.dumps(notebook))
        refused("verdicts", "--chapter=pace", f"--notebooks={tmp_path}")


def test_a_verdict_of_hostile_text_and_numbers_is_listed(tmp_path, executed, capsys, monkeypatch):
    notebook = copy.deepcopy(executed)
    record = notebook["cells"][0]["outputs"][0]["data"][verdicts.MIME]
    record |= {"reason": "=cmd|' /C calc'!A0\x1b[2J", "p95": float("inf"), "p05": float("nan")}
    (tmp_path / "pace.ipynb").write_text(json.dumps(notebook))
    monkeypatch.setenv("AIFACTORY_TRACEBACK", "1")
    call = ["verdicts", "--chapter=pace", f"--notebooks={tmp_path}"]
    assert run([*call, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert shown[0]["p05"] is shown[0]["p95"] is None
    assert run([*call, "--csv"]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert row["reason"] == r"'=cmd|' /C calc'!A0\x1b[2J"


@pytest.mark.parametrize("kept", [None, [], 1, {"tables": 1}, {"code": ""}])
def test_what_a_notebook_says_of_itself_is_not_trusted(refused, tmp_path, executed, kept):
    notebook = executed | {"metadata": {"aifactory": kept}}
    (tmp_path / "pace.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "pace.md").write_text("# Pace\n")
    assert run(["execute", "--check", "pace", f"--notebooks={tmp_path}"]) == 1


# --- text on pages -------------------------------------------------------------------------------


def plants(markup: str) -> list[str]:
    """Elements and attributes in HTML that no page may hold."""
    elements = list(turbohtml.parse(f"<!doctype html><body>{markup}").iter_elements())
    found = [e.tag for e in elements if e.tag in ("script", "title", "iframe")]
    found += [e.tag for e in elements if e.tag == "img" and e.attrs.get("src") == "x"]
    return found + [n for e in elements for n in e.attrs if n.startswith("on")]


def test_plants_are_found():
    assert plants(EVIL)


def hostile(value):
    """A record with hostile text at the end of each of its texts."""
    if isinstance(value, str):
        return value + EVIL
    if isinstance(value, list):
        return [hostile(item) for item in value]
    if isinstance(value, dict):
        return {key: hostile(item) for key, item in value.items()}
    return value


def test_no_text_of_a_verdict_becomes_html(executed):
    record = executed["cells"][0]["outputs"][0]["data"][verdicts.MIME]
    evidence = [{"what": "a", "date": "2026-01-01", "source": "post"}, {"href": "javascript:x()"}]
    bad = hostile(record | {"part": "p", "edition": "newest", "evidence": evidence})
    for markup in (boxes.verdict(bad), boxes.verdict(bad, home=True), verdicts.as_html(bad)):
        assert "x()" in markup
        assert plants(markup) == []


SPEC = {
    "usermeta": {"name": "a-b", "alt": "A", "finding": "F", "what": "W", "source": "S"},
    "datasets": {"d": [{"field": "text", "number": 1.5}, {"field": None, "number": float("nan")}]},
}


def test_no_text_of_a_chart_becomes_html_or_a_formula():
    sizes = dict.fromkeys(figures.VARIANTS, (10, 10))
    bad = hostile(SPEC)
    bad["usermeta"]["name"] = "a-b"
    bad["datasets"] = {"d": [{EVIL: EVIL, "=1+1": "@SUM(A1)", "n": float("inf")}]}
    assert plants(figures.markup(bad, sizes)) == []
    own = figures.page(bad, sizes, f"../notebooks/x.html#{EVIL}", (EVIL, EVIL))
    head, _, body = own.partition("</head>")
    assert plants(body) == []
    assert head.count("<script") == 2  # the theme's, and the site's own
    [table] = figures.tables(bad).values()
    assert "'=1+1" in figures.as_csv(table)
    assert "'@SUM(A1)" in figures.as_csv(table)


@pytest.mark.parametrize("name", ["", "../x", "/etc/x", "a/b", "A", "a b", "a\n", 'a"', None])
def test_the_name_of_a_chart_is_no_path(name):
    spec = SPEC | {"usermeta": SPEC["usermeta"] | {"name": name}}
    with pytest.raises(ValueError, match="no name of a chart"):
        figures._chart_node(spec, None)


@settings(max_examples=40)
@given(st.text(max_size=60))
@example(EVIL)
def test_text_stays_text_in_records_and_citations(text):
    linked = pages.linked_data({"name": text})
    assert linked.count("<") == 2
    content = linked.partition(">")[2].rpartition("</")[0]
    assert json.loads(content) == {"name": text}
    [line, *_] = search.script([("claim", text, text, "a.html", text)]).splitlines() or [""]
    assert line.startswith("bookEntries({")
    of = Book("Book", ("A",), "1", date(2026, 1, 1), "", (), "")
    work = Work(text or "x", "https://example.org/x.html", "0" * 64)
    entry = bibtex(work, of)
    assert entry.count("\n@") == 0
    assert entry.count("{") == entry.count("}")
    assert len(entry.splitlines()) == len(
        bibtex(Work("x", work.address, work.digest), of).splitlines()
    )
    assert json.loads(csl_text([work], of))
    tags = [row[:6] for row in ris(work, of).split("\r\n")]
    assert tags == [row[:6] for row in ris(Work("x", work.address, work.digest), of).split("\r\n")]


# --- spreadsheets --------------------------------------------------------------------------------


@given(st.text(max_size=20))
@example("=1+1")
@example("-1+cmd")
@example("\uff1d1+1")
@example("\t=1")
def test_no_cell_starts_a_formula(text):
    made = plain.harmless(text)
    if made.startswith(plain.FORMULA):
        float(made)  # a number, which no spreadsheet runs
    assert made.removeprefix("'") == text.removeprefix("'")


def test_the_tables_of_the_book_hold_no_formula():
    """They are published as they are."""
    found = []
    for path in sorted((ROOT / "data").rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                found += [(path.name, cell) for cell in row if plain.harmless(cell) != cell]
    assert found == []


@given(st.text(max_size=60))
def test_messages_are_one_printable_line(text):
    assert plain.message(text).isprintable()
    assert len(plain.message(text * 100)) <= plain.MOST
