"""Lists: what they print, in which form, and how they end."""

import csv
import io
import json

import pytest

from aifactory.__main__ import VERDICT_COLUMNS


def names(rows, key):
    return [row[key] for row in rows]


def test_verdicts_are_those_of_the_notebooks_in_reading_order(full):
    rows = full.rows("verdicts")
    found = [(r["chapter"], r["claim_id"], r["edition"], r["rating"]) for r in rows]
    assert found == [
        ("power", "power-built", "post", "very unlikely"),
        ("power", "power-built", "newest", "very likely"),
        ("power", "power-households", None, "not testable"),
    ]
    assert set(VERDICT_COLUMNS) <= set(rows[0])
    assert (rows[0]["p05"], rows[0]["p50"], rows[0]["p95"]) == (0.6, 0.7, 0.8)


def test_verdicts_of_one_claim_and_of_one_chapter(full):
    full.store("water")
    assert names(full.rows("verdicts", "--claim", "power-households"), "claim_id") == [
        "power-households"
    ]
    assert len(full.rows("verdicts", "--chapter", "power")) == 3
    assert full.rows("verdicts", "-c", "water") == []


def test_chapters_come_in_the_order_of_the_post(full):
    for chapter in ("pace", "cooling", "supply-chain", "extra"):
        full.store(chapter, full.verdict(chapter))
    chapters = list(dict.fromkeys(names(full.rows("verdicts"), "chapter")))
    assert chapters == ["power", "cooling", "supply-chain", "pace", "extra"]


def test_no_verdicts_is_an_empty_list_and_a_word_of_why(line):
    code, out, err = line.run("verdicts", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert err == "no verdicts: no chapter has been executed\n"


def test_a_pipe_gets_one_line_a_row_whatever_a_cell_holds(full):
    code, out, err = full.run("verdicts")
    lines = out.split("\n")
    assert (code, err, len(lines)) == (0, "", 5)
    assert lines[0].split("\t") == list(VERDICT_COLUMNS)
    assert all(len(row.split("\t")) == len(VERDICT_COLUMNS) for row in lines[:4])
    assert "Two lines and a tab." in lines[3]
    assert "\x1b" not in out


def test_csv_can_be_read_back(full):
    (first, *_) = csv.DictReader(io.StringIO(full("verdicts", "--csv").stdout))
    assert (first["claim_id"], first["p50"], first["sources"]) == ("power-built", "0.7", "post")
    claims = list(csv.DictReader(io.StringIO(full("claims", "--csv").stdout)))
    original = (full.data / "claims.csv").read_text(encoding="utf-8")
    assert claims == list(csv.DictReader(io.StringIO(original)))


def test_claims_by_chapter_and_text(line):
    assert len(line.rows("claims")) == 30
    assert set(names(line.rows("claims", "-c", "power"), "chapter")) == {"power"}
    assert len(line.rows("claims", "-c", "power")) == 6
    assert names(line.rows("claims", "--search", "TWO MILLION"), "claim_id") == ["power-households"]


def test_figures_of_a_chapter_are_those_that_it_read(full):
    assert names(full.rows("figures", "-c", "power"), "figure_id") == ["post-households"]
    assert len(full.rows("figures")) > 50
    assert {row["verification"] for row in full.rows("figures", "--recalled")} <= {"recalled"}


def test_sources_of_a_chapter_are_those_of_what_it_read_and_cites(full):
    before = set(names(full.rows("sources", "-c", "power"), "source_id"))
    package = json.loads((full.data / "datapackage.json").read_text(encoding="utf-8"))
    queues = next(r for r in package["resources"] if r["name"] == "power/queues")
    (figure,) = full.rows("figures", "-c", "power")
    assert before == {item["id"] for item in queues["sources"]} | {figure["source_id"]}
    other = next(r["source_id"] for r in full.rows("sources") if r["source_id"] not in before)
    (full.notebooks / "power.md").write_text(f"See {{cite:p}}`{other}`.")
    assert set(names(full.rows("sources", "-c", "power"), "source_id")) == before | {other}


def test_sources_by_kind(line):
    assert {row["kind"] for row in line.rows("sources", "--kind", "dataset")} == {"dataset"}
    done = line("sources", "--kind", "rumour")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: no source is of kind 'rumour'; there are: ")
    assert ", dataset," in done.stderr


def test_tables_have_licence_and_sources(line):
    rows = {row["name"]: row for row in line.rows("tables")}
    assert rows["claims"]["licences"] == ["CC-BY-4.0"]
    assert rows["claims"]["path"] == "data/claims.csv"
    assert all(row["sources"] for row in rows.values())


@pytest.mark.parametrize("command", ["verdicts", "claims", "figures", "sources", "tables"])
def test_every_list_prints_json_without_nan(full, command):
    text = full(command, "--json").stdout
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["claims", "-c", "powr"], 2,
         "data/claims.csv holds no chapter named 'powr'. Did you mean 'power'?"),
        (["verdicts", "-c", "powr"], 2,
         "data/claims.csv holds no chapter named 'powr'. Did you mean 'power'?"),
        (["verdicts", "-c", "water"], 1,
         "chapter 'water' has no executed notebook; run python -m aifactory execute"),
        (["verdicts", "--claim", "power-bilt"], 2,
         "data/claims.csv holds no claim named 'power-bilt'. Did you mean 'power-built', "
         "'power-islanded' or 'power-stable'?"),
        (["claims", "--json", "--csv"], 2, "--json and --csv exclude each other"),
        (["verdicts", "--notebooks", "nowhere"], 2,
         "nowhere is not a folder; give that of the notebooks with --notebooks"),
    ],
)  # fmt: skip
def test_a_wrong_call_takes_one_line(full, arguments, code, message):
    done = full(*arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", f"error: {message}\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"metadata": {}}', '{"cells": []}x'])
@pytest.mark.parametrize("command", ["verdicts", "figures"])
def test_a_file_that_is_no_notebook_takes_one_line(line, command, text):
    path = line.store("power")
    path.write_text(text)
    done = line(command, "-c", "power")
    if command == "figures" and text == '{"metadata": {}}':
        assert done.exit_code == 0
        return
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {path} is not a notebook")
    assert done.stderr.count("\n") == 1
