"""What chapters say by name, read back."""

from __future__ import annotations

import json

import pytest

from aifactory import said


def test_stored_values_come_by_name(tmp_path):
    output = {"data": {"text/plain": "'2 kW'"}, "metadata": {"scrapbook": {"name": "a"}}}
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [{"outputs": [output, {"data": {}}]}, {}]}))
    assert said.stored(path) == {"a": "2 kW"}


def test_an_interval_is_read_low_middle_high():
    assert said.interval("1,200 kW (90 % interval −0.5 to 1,300.5)") == (-0.5, 1200, 1300.5)
    with pytest.raises(ValueError, match="not a number with its interval"):
        said.interval("2 kW")
