"""README, CONTRIBUTING, CHANGELOG, CITATION and licences say what is true."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
# Commands that only print, or only check.
CHEAP = ("verdicts", "claims", "figures", "sources", "tables", "check")
AIFACTORY = r"(?:\.venv/bin/)?python -m aifactory"
BOOK = ["book/rerun.md", "book/data.md", "book/how-to-read.md"]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name):
    """Every command in the fenced blocks and code spans of a document, without its comment."""
    blocks = re.findall(r"^\s*```sh\n(.*?)^\s*```", text(name), re.M | re.S)
    prose = re.sub(r"^\s*(?:\d+\. )?```.*?^\s*```", "", text(name), flags=re.M | re.S)
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [s for s in spans if re.match(rf"make |{AIFACTORY}|aifactory |\.venv/", s)]
    return [re.sub(r"\s+#.*", "", line).strip() for line in lines if line.strip()]


ALL = sorted({(d, c) for d in [*DOCUMENTS, *BOOK] for c in commands(d)})


def test_commands_were_found():
    assert len([c for d, c in ALL if d == "README.md"]) >= 8
    assert len([c for d, c in ALL if d == "CONTRIBUTING.md"]) >= 12


@pytest.mark.parametrize(("document", "command"), ALL)
def test_command_exists(document, command):
    for part in re.split(r"\s*(?:&&|;)\s*", command):
        words = shlex.split(part)
        if words[0] == "make":
            asked = [w for w in words[1:] if "=" not in w]
            assert asked, f"{document}: {command!r} names no target"
            assert set(asked) <= TARGETS, f"{document}: the Makefile has no {asked}"
        elif re.match(AIFACTORY, part) or words[0] == "aifactory":
            rest = part.split("aifactory", 1)[1].split()
            name = [w for w in rest[:2] if re.fullmatch("[a-z]+(-[a-z]+)*", w)]
            done = aifactory(*name[: 2 if name and name[0] == "data" else 1], "--help")
            assert done.returncode == 0, f"{document}: {command!r}: {done.stderr}"
            for option in (w for w in rest if w.startswith("--")):
                assert option in done.stdout, f"{document}: {command!r} has no {option}"
        elif words[0].startswith(".venv/bin/"):
            if words[1:] and words[1].endswith(".py"):
                assert (ROOT / words[1]).is_file(), f"{document}: there is no {words[1]}"
                continue
            tool = words[2] if words[1:2] == ["-m"] else Path(words[0]).name
            assert (ROOT / "requirements.in").read_text().count(f"\n{tool}"), tool
        else:
            assert words[0] in ("git", "apt-get"), f"{document}: {command!r}"


def aifactory(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "aifactory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
        timeout=120,
    )


RUNNABLE = sorted(
    {c for _, c in ALL if re.match(AIFACTORY, c) and any(f" {w}" in c for w in CHEAP)}
)


@pytest.mark.parametrize("command", RUNNABLE)
def test_cheap_command_runs(command):
    done = aifactory(*shlex.split(command.split("aifactory", 1)[1]))
    assert done.returncode == 0, done.stderr
    assert done.stdout or "whole" in done.stderr


def test_cheap_commands_were_found():
    assert len(RUNNABLE) >= 5


def test_every_make_target_is_described_and_the_readme_names_the_main_ones():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    assert all(f"make {target} " in listed for target in TARGETS)
    assert {"make book", "make test", "make serve"} <= set(commands("README.md"))


def test_continuous_integration_runs_what_the_readme_says():
    script = [x for x in text(".ci/run").splitlines() if x and not x.startswith("#")]
    assert script == ["set -e", 'cd "$(dirname "$0")/.."', "make test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    workflow = yaml.safe_load(text(".github/workflows/book.yml"))
    steps = [s.get("run") for s in workflow["jobs"]["test"]["steps"]]
    assert [s for s in steps if s] == [".ci/run"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_resolve(document):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text(document))
    lost = [x for x in links if "://" not in x and not (ROOT / x).exists()]
    assert lost == []


def test_paths_that_contributors_are_sent_to_exist():
    spans = re.findall(
        r"`([a-z_]+/[\w/.-]*|[\w-]+\.(?:md|toml|cff|in|txt))`", text("CONTRIBUTING.md")
    )
    there = [s for s in spans if "storage" not in s]  # the chapter of the example
    assert len(there) >= 12
    assert [s for s in there if not any((ROOT / p / s).exists() for p in (".", "aifactory"))] == []


def test_changelog_opens_with_this_version_and_a_date():
    versions = re.findall(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$", text("CHANGELOG.md"), re.M)
    assert versions[0][0] == VERSION
    assert versions == sorted(versions, key=lambda v: v[1], reverse=True)
    ahead = text("CHANGELOG.md").count("\n## Unreleased")
    assert text("CHANGELOG.md").count("### Verdicts that changed") == len(versions) + ahead


def test_citation_is_valid_and_of_this_version():
    cff = yaml.safe_load(text("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(cff)
    assert cff["cff-version"] == "1.2.0"
    assert cff["version"] == VERSION
    assert cff["title"] == "The AI Factory, Checked"
    assert cff["type"] in ("software", "dataset")
    assert all("name" in a or "family-names" in a for a in cff["authors"])
    assert re.search(rf"^## {VERSION} \({cff['date-released']}\)$", text("CHANGELOG.md"), re.M)


def test_licences_are_named_alike_everywhere():
    assert text("LICENSE").startswith("BSD 3-Clause License")
    assert "Attribution 4.0 International" in text("LICENSE-text")
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert project["license"] == yaml.safe_load(text("CITATION.cff"))["license"] == "BSD-3-Clause"


@pytest.mark.parametrize("name", ["wrong-figure", "unfair-verdict", "better-source"])
def test_issue_forms_are_forms(name):
    form = yaml.safe_load(text(f".github/ISSUE_TEMPLATE/{name}.yml"))
    assert {"name", "description", "body"} <= set(form)
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids)) >= 3
    assert any(f.get("validations", {}).get("required") for f in form["body"])
