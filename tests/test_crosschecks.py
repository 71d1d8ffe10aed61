"""Key results by a second route: recomputed, and held to what the chapters print."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from aifactory import crosschecks, data, datacheck, files, verdicts
from aifactory.__main__ import app
from aifactory.publish import crosspage

ROOT = crosschecks.ROOT


@pytest.fixture(scope="module")
def afresh():
    """The rows as a process of its own makes them, and what of the package it has loaded."""
    code = (
        "import json, sys, aifactory.crosschecks as c; rows = c.rows();"
        "print(json.dumps([rows, [m for m in sys.modules if m.split('.')[0] == 'aifactory']]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def made(afresh):
    return afresh[0]


def test_both_routes_agree(made):
    apart = [f"{r['name']}: {r['book']}, {r['second']}" for r in made if r["agrees"] != "yes"]
    assert apart == []


def test_the_stored_table_is_what_comes_out(made):
    kept = crosschecks.TABLE.read_text(encoding="utf-8")
    wanted = datacheck.as_csv(crosschecks.COLUMNS, made)
    assert kept == wanted, "run: python -m aifactory cross-checks"


def test_every_chapter_has_one_and_no_tolerance_is_wide(made):
    assert {r["chapter"] for r in made} == {*data.claims()["chapter"], "factory"}
    assert len({r["name"] for r in made}) == len(made)
    for check in crosschecks.CHECKS:
        assert check.tolerance <= (0.03 if check.of_probability else 0.05), check.name


def test_every_rated_claim_is_decided_twice(made):
    assert {r["decides"] for r in made} - {""} == set(crosschecks.rated())


def test_what_decides_is_what_the_ratings_are_taken_from():
    for chapter in {check.chapter for check in crosschecks.CHECKS} - {"factory"}:
        found = verdicts.read(verdicts.chapter_path(chapter, ROOT / "notebooks"))
        rated = {
            f"{v['claim_id']}/{v['part'] or ''}/{v['edition'] or ''}": v["claim_id"]
            for editions in verdicts.by_claim(found).values()
            for parts in editions.values()
            if (v := verdicts.combine(parts))["probability"] is not None
        }
        assert crosschecks.deciding(found) == rated


def test_the_second_routes_use_none_of_the_models(afresh):
    """Nothing of the package is loaded but the routes themselves."""
    routes = [m for m in afresh[1] if m.startswith("aifactory.crosschecks.")]
    assert len(routes) > len(crosschecks.CHAPTERS)
    others = set(afresh[1]) - {*routes, "aifactory", "aifactory.crosschecks"}
    assert others == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "caught"),
    [
        ("networking/interruptions_by_cause.csv", "Faulty GPU,GPU,148", "Faulty GPU,GPU,184",
         "interruptions-crash-counts"),
        ("robots/ifr_service_robots.csv", ",102900,", ",109200,", "robots-niches-logistics"),
        ("power/turbine_fleet.csv", ",8,48.0,", ",9,48.0,", "plant-grade-nameplate"),
        ("power/site_capacity.csv", ",1276.", ",1176.", "verdict:power-built//newest#probability"),
        ("water/mbr_schedules.csv", "2008-05-02", "2018-05-02", "verdict:water-plant//newest"),
        ("robots/ifr_service_robots.csv", ",42000,", ",24000,",
         "verdict:robots-niches/deployments/newest#probability"),
        ("power/unit_classes.csv", "engine,18.7,", "engine,187,",
         "verdict:power-plant-grade#probability"),
    ],
)  # fmt: skip
def test_a_wrong_number_in_the_data_shows(tmp_path, monkeypatch, file, old, new, caught):
    one = tuple(check for check in crosschecks.CHECKS if check.name == caught)
    monkeypatch.setattr(crosschecks, "CHECKS", one)
    shutil.copytree(data.folder(), tmp_path / "data")
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    path = tmp_path / "data" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert [r["agrees"] for r in crosschecks.rows(tmp_path)] == ["no"]


def test_the_page_counts_claims_once():
    found = [{"agrees": "yes", "decides": "a"}, {"agrees": "no", "decides": "a"},
             {"agrees": "yes", "decides": ""}]  # fmt: skip
    assert crosspage.summary(found, 28) == (
        "2 of 3 agree. For 1 of the 28 rated claims the quantity that decides the rating is among"
        " them."
    )


def test_a_verdict_is_read_from_the_notebook_by_part_and_field():
    found = crosschecks.printed("pace", "verdict:pace-build-first//post#probability", ROOT)
    stored = verdicts.read(ROOT / "notebooks" / "pace.ipynb")
    assert float(found) in [v["probability"] for v in stored if v["edition"] == "post"]
    with pytest.raises(KeyError, match="has no verdict 'pace-build-first/none'"):
        crosschecks.printed("pace", "verdict:pace-build-first/none", ROOT)


def test_a_name_that_no_chapter_prints_is_told(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "power.ipynb").write_text(json.dumps({"cells": []}))
    with pytest.raises(KeyError, match=r"power.ipynb prints no 'nothing'"):
        crosschecks.printed("power", "nothing", tmp_path)


@pytest.mark.parametrize(
    ("text", "which", "wanted"),
    [("1,224 MW", 0, 1224), ("−0.2 (90 % interval −0.4 to 0)", 1, -0.4), ("0.28 million", 0, 0.28)],
)
def test_printed_numbers_are_read(text, which, wanted):
    assert crosschecks.number(text, which) == wanted


def test_the_command_lists_them_and_keeps_the_table(tmp_path, monkeypatch, made):
    monkeypatch.setattr(crosschecks, "TABLE", tmp_path / "crosschecks.csv")
    monkeypatch.setattr(crosschecks, "rows", lambda: made)
    done = CliRunner().invoke(app, ["cross-checks"])
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == len(made) + 1
    assert files.csv_rows(tmp_path / "crosschecks.csv") == made
    monkeypatch.setattr(crosschecks, "rows", lambda: [made[0] | {"agrees": "no"}])
    assert CliRunner().invoke(app, ["cross-checks", "--csv"]).exit_code == 1
