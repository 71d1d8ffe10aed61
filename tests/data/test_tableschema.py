"""The column-wise check agrees with frictionless, which goes row by row, and reads exactly."""

import csv
import io
import math

import frictionless
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aifactory import tableschema
from aifactory.errors import BrokenRow

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(path, header, rows):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def schema(*fields, **rest):
    return {"fields": list(fields), "missingValues": [""], **rest}


def column(tmp_path, kind, cells, **constraints):
    """Read one column; a second one, filled, keeps an empty cell from being a blank line."""
    path = write(tmp_path / "t.csv", ["x", "n"], [[cell, "1"] for cell in cells])
    fields = schema({"name": "x", "type": kind, "constraints": constraints}, {"name": "n"})
    frame, faults = tableschema.read(path, fields, "t.csv")
    return frame["x"], faults


@QUICK
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_to_the_last_bit(tmp_path, values):
    found, faults = column(tmp_path, "number", [repr(v) for v in values])
    assert faults == []
    assert found.tolist() == values


@QUICK
@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_come_back_with_their_gaps(tmp_path, values):
    found, faults = column(tmp_path, "integer", ["" if v is None else str(v) for v in values])
    assert faults == []
    assert [None if pd.isna(v) else int(v) for v in found] == values


@QUICK
@given(st.lists(st.none() | st.dates(), min_size=1))
def test_dates_come_back(tmp_path, values):
    found, faults = column(tmp_path, "date", ["" if v is None else v.isoformat() for v in values])
    assert faults == []
    assert found.dtype.kind == "M"
    assert [None if pd.isna(v) else v.date() for v in found] == values


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1)


@QUICK
@given(st.lists(TEXT, min_size=1))
def test_text_comes_back_with_its_commas_quotes_and_line_ends(tmp_path, values):
    found, faults = column(tmp_path, "string", values)
    assert faults == []
    assert found.tolist() == values


CELLS = st.sampled_from(
    ["", "0", "1", "-3", "+7", "2.5", "1e3", "007", "x", "true", "FALSE", "nan", "2020", "2020-02",
     "2020-02-30", "2020-02-29", "1999-12-31", "2020-02-29T10:00:00Z"]
)  # fmt: skip
KINDS = ["string", "integer", "number", "boolean", "date", "datetime", "year"]
RULES = st.fixed_dictionaries(
    {},
    optional={
        "required": st.booleans(),
        "unique": st.booleans(),
        "enum": st.just(["0", "1", "2020", "x"]),
        "pattern": st.sampled_from([r"\d+", "[a-z0-9.]*", "x|0"]),
        "maxLength": st.just(4),
    },
)


@QUICK
@given(st.sampled_from(KINDS), st.lists(CELLS, min_size=1, max_size=6), RULES)
def test_it_faults_the_cells_that_frictionless_faults(tmp_path, kind, cells, rules):
    if kind != "string":
        rules = {key: rule for key, rule in rules.items() if key in ("required", "unique")}
    path = write(tmp_path / "t.csv", ["x", "n"], [[cell, "1"] for cell in cells])
    fields = schema({"name": "x", "type": kind, "constraints": rules}, {"name": "n"})
    report = frictionless.Resource(
        path="t.csv", basepath=str(tmp_path), schema=frictionless.Schema.from_descriptor(fields)
    ).validate()
    ours = {fault.row for fault in tableschema.read(path, fields, "t.csv")[1]}
    theirs = {row for (row,) in report.flatten(["rowNumber"])}
    not_a_number = {at for at, cell in enumerate(cells, 2) if kind == "number" and cell == "nan"}
    assert ours == theirs | not_a_number  # NaN is a hole in the data, so it must be left empty


@pytest.mark.parametrize(
    ("kind", "constraints", "good", "bad"),
    [
        ("number", {"minimum": 0}, "0", "-0.1"),
        ("number", {"maximum": 1.5}, "1.5", "1.6"),
        ("integer", {"exclusiveMinimum": 3}, "4", "3"),
        ("integer", {"exclusiveMaximum": 3}, "2", "3"),
        ("date", {"minimum": "2020-01-01"}, "2020-01-01", "2019-12-31"),
        ("yearmonth", {"maximum": "2020-01"}, "2020-01", "2020-02"),
        ("year", {"minimum": 1900}, "1900", "1899"),
        ("integer", {"enum": [1, 2]}, "2", "3"),
        ("string", {"minLength": 2}, "ab", "a"),
        ("string", {"maxLength": 2}, "ab", "abc"),
        ("string", {"pattern": "a+"}, "aa", "ab"),
        ("yearmonth", {}, "2020-12", "2020-13"),
        ("yearmonth", {}, "2020-02", "2020-2"),
        ("datetime", {}, "2020-02-29T10:00:00Z", "2020-02-29 10:00"),
        ("boolean", {}, "true", "yes"),
    ],
)
def test_each_rule_lets_the_good_pass_and_names_the_bad(tmp_path, kind, constraints, good, bad):
    assert column(tmp_path, kind, [good, ""], **constraints)[1] == []
    (fault,) = column(tmp_path, kind, [good, bad], **constraints)[1]
    assert (fault.row, fault.field, fault.value) == (3, "x", bad)


def test_times_are_utc_without_a_zone(tmp_path):
    found, faults = column(
        tmp_path, "datetime", ["2020-01-01T12:00:00+02:00", "2020-01-01T12:00:00Z"]
    )
    assert faults == []
    assert found.tolist() == [pd.Timestamp("2020-01-01T10:00"), pd.Timestamp("2020-01-01T12:00")]


def test_missing_values_are_those_of_the_schema(tmp_path):
    path = write(tmp_path / "t.csv", ["x"], [["3"], ["n/a"], ["NA"]])
    fields = schema({"name": "x", "type": "integer"}) | {"missingValues": ["n/a"]}
    frame, faults = tableschema.read(path, fields, "t.csv")
    assert frame["x"].isna().tolist() == [False, True, True]
    assert [(fault.row, fault.value) for fault in faults] == [(4, "NA")]


def test_a_key_of_two_columns(tmp_path):
    path = write(tmp_path / "t.csv", ["a", "b"], [["1", "x"], ["1", "y"], ["1", "x"], ["", "z"]])
    fields = schema({"name": "a"}, {"name": "b"}, primaryKey=["a", "b"])
    found = [(f.row, f.value, f.rule) for f in tableschema.read(path, fields, "t.csv")[1]]
    assert found == [
        (5, None, "the primary key is not complete"),
        (4, "1 | x", "appears twice, and is the primary key"),
    ]


PARQUET = pd.DataFrame(
    {
        "t": pd.date_range("2020-01-01", periods=3, freq="h", tz="UTC"),
        "i": np.array([1, 2, 3], dtype="int32"),
        "f": [0.5, math.nan, 2.0],
        "b": [True, False, True],
        "s": ["a", None, "c"],
    }
)
PARQUET_FIELDS = {"t": "datetime", "i": "integer", "f": "number", "b": "boolean", "s": "string"}


def parquet(tmp_path, **kinds):
    PARQUET.to_parquet(tmp_path / "t.parquet")
    described = PARQUET_FIELDS | kinds
    fields = schema(*({"name": name, "type": kind} for name, kind in described.items()))
    return tableschema.read(tmp_path / "t.parquet", fields, "t.parquet")


def test_parquet_is_read_into_the_same_types(tmp_path):
    frame, faults = parquet(tmp_path)
    assert faults == []
    kinds = {name: dtype.kind for name, dtype in frame.dtypes.items() if name != "s"}
    assert kinds == {"t": "M", "i": "i", "f": "f", "b": "b"}
    assert frame["t"][1] == pd.Timestamp("2020-01-01T01:00")
    assert frame["s"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("i", "boolean"), ("f", "integer"), ("b", "number"), ("t", "integer"), ("s", "date")],
)
def test_parquet_of_another_type_is_refused(tmp_path, name, kind):
    faults = parquet(tmp_path, **{name: kind})[1]
    assert faults
    assert {fault.field for fault in faults} == {name}


def test_a_file_that_is_no_parquet(tmp_path):
    (tmp_path / "t.parquet").write_text("ship")
    with pytest.raises(BrokenRow, match=r"t\.parquet: is not a Parquet table"):
        tableschema.read(tmp_path / "t.parquet", schema({"name": "ship"}), "t.parquet")
