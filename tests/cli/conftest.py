"""A copy of the data and a folder of notebooks that the command line can be pointed at."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aifactory import data, verdicts
from aifactory.__main__ import app

ROOT = Path(__file__).resolve().parents[2]


def verdict(claim_id, **changes):
    """A verdict as a notebook stores it."""
    plain = {
        "claim_id": claim_id, "metric": "Households", "unit": "million", "probability": 0.05,
        "rating": "very unlikely", "reason": "At 0.7 million.", "criterion": "C",
        "as_of": "2026-01-15", "p05": 0.6, "p50": 0.7, "p95": 0.8, "part": None,
        "edition": "post", "evidence": [], "figures": ["post-power"], "tables": ["claims"],
        "sources": ["post"], "limits": "Some.",
    }  # fmt: skip
    return plain | changes


def notebook(*records, **kept):
    """An executed notebook that holds these verdicts, and used what `kept` lists."""
    outputs = [
        {"output_type": "display_data", "data": {verdicts.MIME: record}, "metadata": {}}
        for record in records
    ]
    cell = {"cell_type": "code", "source": "x", "outputs": outputs, "metadata": {}}
    cell |= {"execution_count": 1, "id": "a"}
    used = {kind: dict.fromkeys(names, "0") for kind, names in kept.items()}
    return {"cells": [cell], "metadata": {"aifactory": used}, "nbformat": 4, "nbformat_minor": 5}


class Line:
    """The command line over copies of the data and the notebooks."""

    def __init__(self, folder):
        self.data, self.notebooks = folder / "data", folder / "notebooks"
        shutil.copytree(data.folder(), self.data)
        self.notebooks.mkdir()
        self.env = {"AIFACTORY_DATA": str(self.data), "AIFACTORY_NOTEBOOKS": str(self.notebooks)}

    verdict = staticmethod(verdict)

    def store(self, chapter, *records, **kept):
        path = verdicts.chapter_path(chapter, self.notebooks)
        path.write_text(json.dumps(notebook(*records, **kept)), encoding="utf-8")
        return path

    def __call__(self, *arguments):
        """Run in this process."""
        data.forget()
        return CliRunner().invoke(app, list(arguments), env=self.env)

    def rows(self, *arguments):
        """What --json prints."""
        done = self(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def process(self, *arguments, **kwargs):
        """Run as a user does."""
        env = os.environ | self.env | {"PYTHONPATH": str(ROOT)} | kwargs.pop("env", {})
        command = [sys.executable, "-m", "aifactory", *arguments]
        kwargs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | kwargs
        return subprocess.Popen(command, env=env, cwd=self.data, **kwargs)

    def run(self, *arguments):
        """Exit code, standard output and standard error of a process."""
        done = self.process(*arguments, text=True)
        out, err = done.communicate(timeout=120)
        return done.returncode, out, err


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    """No colour or width of the machine gets into a test, and no copy of the data out of it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "AIFACTORY_DATA", "AIFACTORY_NOTEBOOKS"):
        monkeypatch.delenv(name, raising=False)
    yield
    data.forget()


@pytest.fixture
def line(tmp_path):
    return Line(tmp_path)


@pytest.fixture
def full(line):
    """With one chapter executed: two verdicts on a claim, one on another."""
    line.store(
        "power",
        verdict("power-built"),
        verdict("power-built", edition="newest", probability=0.95, rating="very likely"),
        verdict("power-households", edition=None, probability=None, rating="not testable",
                p05=None, p50=None, p95=None, reason="Two\nlines\tand a tab."),
        figures=["post-households"],
        tables=["power/queues"],
        claims=["power-built"],
    )  # fmt: skip
    return line
