"""The registry of forecasts: the real one, its chain, its rules, its scores, its page."""

import csv
import datetime as dt
import io
import json
import math
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from aifactory import data, datacheck, forecasts
from aifactory.__main__ import app
from aifactory.publish import html, registry

# What was published: number of rows -> seal of the last of them. Add a line with each seal; a line
# that is here never changes, so that nobody can seal the whole file anew.
SEALS = {
    29: "6326d5be4fbdf0be2ec6057d5f37dd860e89e23dc7403b0cdeee6463f01f6a66",
}
TODAY = dt.date(2026, 12, 1)
HOSTILE = '<script>alert("x")</script> & more'


# -- the real registry -----------------------------------------------------------------------------


def test_the_registry_is_whole_and_wide_enough():
    found = forecasts.load()
    assert len(found) >= 12
    assert sum(f.probability is not None for f in found) >= 8
    assert sum(bool(f.quantiles) for f in found) >= 4
    assert len({f.claim_id for f in found}) >= 8
    assert len({f.question for f in found}) == len(found)


def test_nothing_published_was_sealed_anew():
    found = forecasts.load()
    for count, seal in SEALS.items():
        assert found[count - 1].sha256 == seal, f"the first {count} forecasts are not as published"
    assert max(SEALS) == len(found), (
        f'new forecasts: add `{len(found)}: "{found[-1].sha256}",` to SEALS'
    )


def test_every_forecast_can_be_judged_by_somebody_else():
    for row in forecasts.load():
        for text in (row.basis, row.resolution_source, row.resolution_rule):
            assert len(text) >= 20, row.id
        assert row.resolves_on > row.made_on
        assert row.source_ids
        assert "recalled" not in " ".join(row.source_ids)


def test_forecasts_of_one_site_agree_with_each_other():
    """A mark passed by an earlier date is passed by a later one, and a higher mark is harder."""
    by_id = {f.id: f for f in forecasts.load()}
    low, high = (by_id[f"colossus2-{x}"].probability for x in ("1500mw-2027q1", "2000mw-2027h1"))
    assert high < low
    size = by_id["colossus2-mw-2027-06"].quantiles
    below = np.interp(1500, size, forecasts.LEVELS), np.interp(2000, size, forecasts.LEVELS)
    assert 1 - below[0] >= low - 0.02, "by June it is at least as likely as by March"
    assert 1 - below[1] == pytest.approx(high, abs=0.2)  # the step lies between the two points
    assert by_id["recycling-operating-2027"].probability < min(
        by_id["recycling-works-2027q1"].probability, by_id["recycling-operating-2028"].probability
    )


# -- a small registry ------------------------------------------------------------------------------

EVENT = {
    "forecast_id": "rain", "claim_id": "water-plant", "question": "Will it rain, this month?",
    "made_on": "2026-12-01", "data_to": "2026-11", "resolves_on": "2027-01-05",
    "probability": "0.7", "basis": "It rained in seven of ten Decembers on record; no adjustment.",
    "resolution_source": "The gauge on the roof of the school", "source_id": "log",
    "resolution_rule": "Yes if it shows a millimetre or more.",
}  # fmt: skip
SIZE = EVENT | {
    "forecast_id": "snow", "question": "How much snow will lie?", "probability": "", "unit": "MW",
    "q05": "10", "q50": "20", "q95": "40", "resolves_on": "2027-01-01",
}  # fmt: skip
FOGGY = SIZE | {"forecast_id": "fog"}
LATER = EVENT | {"forecast_id": "hail", "question": "Will it hail?", "probability": "0.1"}


class Small:
    """A data package with claims, two sources and a registry, and ways to change it."""

    def __init__(self, folder):
        self.folder = folder

    @classmethod
    def new(cls, folder):
        """With the real registry's schema, and no forecast yet."""
        real = json.loads((data.folder() / "datapackage.json").read_text(encoding="utf-8"))
        wanted = ("claims", "sources", "forecasts")
        entries = [e | {"sources": []} for e in real["resources"] if e["name"] in wanted]
        folder.mkdir()
        (folder / "claims.csv").write_bytes((data.folder() / "claims.csv").read_bytes())
        (folder / "sources.csv").write_text(
            "source_id,title,author,publisher,published,accessed,url,license,kind,note\n"
            "log,The log,,School,2026,2026-12-01,https://a.example/log,CC0-1.0,dataset,\n"
            "press,A paper,,Press,2027,2026-12-01,https://a.example/p,CC0-1.0,press,\n"
        )
        datacheck.write(folder, {"name": "small", "resources": entries})
        made = cls(folder)
        made.put([])
        return made

    @property
    def file(self):
        return self.folder / "forecasts.csv"

    def rows(self):
        return list(csv.DictReader(io.StringIO(self.file.read_text(encoding="utf-8"))))

    def put(self, rows):
        """Write the registry, and take its hash over, whatever it holds."""
        full = [dict.fromkeys(forecasts.COLUMNS, "") | row for row in rows]
        self.file.write_text(datacheck.as_csv(forecasts.COLUMNS, full), encoding="utf-8")
        pack = data.load(self.folder)
        for name, entry in pack.resources.items():
            entry["hash"], entry["bytes"] = data.digest(pack.path(name), name)
        datacheck.write(self.folder, {"name": "small", "resources": list(pack.resources.values())})
        data.forget()

    def seal(self, *rows):
        self.put([*self.rows(), *rows])
        return forecasts.seal()

    def faults(self):
        return forecasts.faults(data.load(self.folder))

    def bytes(self):
        names = ("forecasts.csv", "datapackage.json")
        return [(self.folder / name).read_bytes() for name in names]

    def command(self, *arguments):
        data.forget()
        return CliRunner().invoke(app, ["forecasts", *arguments])


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """An empty registry and one with three sealed forecasts, to be copied."""
    empty = Small.new(tmp_path_factory.mktemp("empty") / "data")
    full = tmp_path_factory.mktemp("full") / "data"
    shutil.copytree(empty.folder, full)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(data.ENVIRONMENT, str(full))
        patch.setattr(forecasts, "today", lambda: TODAY)
        Small(full).seal(EVENT, SIZE, LATER)
    data.forget()
    return {"empty": empty.folder, "full": full}


@pytest.fixture
def open_package(packages, tmp_path, monkeypatch):
    """Copy one of them, and make it the data of this test; the day is 1 December 2026."""

    def copy(kind):
        folder = shutil.copytree(packages[kind], tmp_path / "data")
        monkeypatch.setenv(data.ENVIRONMENT, str(folder))
        monkeypatch.setattr(forecasts, "today", lambda: TODAY)
        data.forget()
        return Small(folder)

    yield copy
    monkeypatch.undo()
    data.forget()


@pytest.fixture
def small(open_package):
    return open_package("empty")


@pytest.fixture
def sealed(open_package):
    return open_package("full")


def later(monkeypatch, day=dt.date(2027, 1, 10)):
    monkeypatch.setattr(forecasts, "today", lambda: day)


# -- the chain -------------------------------------------------------------------------------------

EDITS = {
    "forecast_id": "rains", "claim_id": "water-pure", "question": "Will it rain much?",
    "made_on": "2026-11-30", "data_to": "2026-10", "resolves_on": "2027-01-06",
    "probability": "0.71", "unit": "GW", "q05": "11", "q50": "21", "q95": "41",
    "basis": "It rained in eight of ten Decembers on record; no adjustment.",
    "resolution_source": "The gauge of the church nearby",
    "resolution_rule": "Yes if it shows ten millimetres or more.",
}  # fmt: skip


def test_every_fixed_field_has_an_edit_here():
    assert tuple(EDITS) == forecasts.FIXED


@pytest.mark.parametrize("field", forecasts.FIXED)
def test_an_edit_of_a_sealed_field_is_refused_by_name(sealed, field):
    at = 1 if field in ("unit", *forecasts.QUANTILES) else 0
    rows = sealed.rows()
    rows[at][field] = EDITS[field]
    sealed.put(rows)
    (fault,) = sealed.faults()
    assert (fault.row, fault.field, fault.value) == (at + 2, field, EDITS[field])
    assert "is not what was sealed on" in str(fault)
    assert "restore the row with `git checkout`" in str(fault)


def test_nothing_goes_on_over_an_edit(sealed):
    rows = sealed.rows()
    rows[0]["probability"] = "0.9"
    sealed.put(rows)
    for call in (forecasts.load, forecasts.seal, datacheck.lock):
        with pytest.raises(data.BrokenRow, match="'0.9' is not what was sealed on 2026-12-01"):
            call()
    assert str(sealed.faults()[0]) in datacheck.check(pages=[])


def test_even_a_space_or_a_zero_counts(sealed):
    rows = sealed.rows()
    rows[0]["probability"], rows[2]["question"] = "0.70", "Will it hail? "
    sealed.put(rows)
    assert [(f.row, f.field) for f in sealed.faults()] == [(2, "probability"), (4, "question")]


def test_links_to_the_grounds_may_follow_a_table_that_moves(sealed):
    rows = sealed.rows()
    rows[0] |= {"tables": "claims", "source_id": "log;press"}
    sealed.put(rows)
    assert sealed.faults() == []


@pytest.mark.parametrize(
    ("change", "row", "field"),
    [
        (lambda rows: rows[:1] + rows[2:], 3, "previous_sha256"),
        (lambda rows: rows[1:], 2, "previous_sha256"),
        (lambda rows: [rows[1], rows[0], rows[2]], 2, "previous_sha256"),
        (lambda rows: [rows[0], rows[0] | {"forecast_id": "new", "sha256": ""}, *rows[1:]], 3,
         "sha256"),
        (lambda rows: [rows[0] | {"sha256": "0" * 64}, *rows[1:]], 2, "sha256"),
        (lambda rows: [rows[0] | {"fields_sha256": ""}, *rows[1:]], 2, "forecast_id"),
    ],
    ids=["taken out", "first taken out", "moved", "put in", "other seal", "no digests"],
)  # fmt: skip
def test_a_row_taken_out_put_in_or_moved_shows(sealed, change, row, field):
    sealed.put(change(sealed.rows()))
    assert (row, field) in [(f.row, f.field) for f in sealed.faults()]


def test_an_edit_with_its_field_digest_made_anew_shows(sealed):
    rows = sealed.rows()
    rows[0]["probability"] = "0.9"
    rows[0]["fields_sha256"] = forecasts.field_digests(rows[0])
    sealed.put(rows)
    (fault,) = sealed.faults()
    assert (fault.row, fault.field) == (2, "sha256")


def test_an_edit_with_its_own_seal_made_anew_breaks_the_next_link(sealed):
    rows = sealed.rows()
    rows[0]["probability"] = "0.9"
    rows[0]["fields_sha256"] = forecasts.field_digests(rows[0])
    rows[0]["sha256"] = forecasts.digest(rows[0], "")
    sealed.put(rows)
    assert [(f.row, f.field) for f in sealed.faults()] == [(3, "previous_sha256")]


def test_a_file_sealed_anew_has_another_last_seal(sealed):
    before = sealed.rows()[-1]["sha256"]
    rows = [row | dict.fromkeys(forecasts.CHAIN, "") for row in sealed.rows()]
    rows[0]["probability"] = "0.9"
    sealed.put(rows)
    forecasts.seal()
    assert sealed.faults() == []
    assert sealed.rows()[-1]["sha256"] != before  # which is why SEALS above is kept


def test_a_digest_is_sha256_of_the_rows_text_and_the_digest_before():
    """Recomputed here without the module: anybody can check the file."""
    import hashlib

    row = dict.fromkeys(forecasts.COLUMNS, "") | EVENT
    text = json.dumps(["abc", *(row[key] for key in forecasts.FIXED)], ensure_ascii=False)
    assert forecasts.digest(row, "abc") == hashlib.sha256(text.encode()).hexdigest()


# -- sealing ---------------------------------------------------------------------------------------


def test_seal_writes_a_chain_and_takes_the_new_file_over(small):
    assert small.seal(EVENT, SIZE) == ["rain", "snow"]
    assert small.seal(LATER) == ["hail"]
    rows = small.rows()
    assert [row["previous_sha256"] for row in rows] == ["", *(r["sha256"] for r in rows[:-1])]
    assert forecasts.seal() == []
    assert datacheck.lock() == []
    assert [f.id for f in forecasts.load()] == ["rain", "snow", "hail"]
    assert data.about("forecasts")["source_ids"] == ["log"]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"made_on": "2026-11-30"}, "made_on", "is not today"),
        ({"probability": "1"}, "probability", "is not between 0 and 1"),
        ({"probability": "0"}, "probability", "is not between 0 and 1"),
        ({"probability": ""}, "probability", "comes with quantiles, or without either"),
        ({"unit": "MW"}, "probability", "comes with quantiles, or without either"),
        ({"resolves_on": "2026-12-01"}, "resolves_on", "is not after made_on"),
        ({"data_to": "2026-12-02"}, "data_to", "is after made_on"),
        ({"claim_id": "water-plan"}, "claim_id", "is not a claim"),
        ({"tables": "sea/ships"}, "tables", "is not a table of the package"),
        ({"question": "It will rain."}, "question", "does not match the pattern"),
        ({"forecast_id": "rain"}, "forecast_id", "appears more than once"),
        ({"basis": "Gut feeling."}, "basis", "is shorter than 40 characters"),
        (FOGGY | {"q05": "20"}, "q05", "does not start a rising row"),
        (FOGGY | {"q95": ""}, "q05", "does not start a rising row"),
        (FOGGY | {"q05": "0"}, "q05", "does not start a rising row"),
        (FOGGY | {"unit": ""}, "q05", "does not start a rising row"),
        (FOGGY | {"unit": "megawats"}, "unit", "is not a unit"),
        ({"outcome": "1"}, "outcome", "must be given together"),
    ],
)
def test_a_new_row_that_breaks_a_rule_is_not_sealed(sealed, change, field, said):
    sealed.put([*sealed.rows(), EVENT | {"forecast_id": "fog"} | change])
    before = sealed.bytes()
    with pytest.raises(data.BrokenRow) as caught:
        forecasts.seal()
    assert caught.value.faults[0].field == field
    assert said in str(caught.value)
    assert sealed.bytes() == before


def test_a_source_that_is_not_listed_is_refused(small):
    small.put([EVENT | {"source_id": "logg"}])
    with pytest.raises(data.UnknownSource, match=r"'logg' is not a source"):
        forecasts.seal()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace("q05", "q5", 1), "has other columns than a registry"),
        (lambda text: text + "one,two\n", "has more or fewer cells than the header"),
    ],
)
def test_a_file_that_is_no_registry_is_named(sealed, spoil, said):
    sealed.file.write_text(spoil(sealed.file.read_text()))
    for call in (forecasts.seal, sealed.faults):
        with pytest.raises(data.BrokenRow, match=said):
            call()


# -- resolving -------------------------------------------------------------------------------------


def resolve(*arguments, on="2027-01-06", source_id="press", **rest):
    return forecasts.resolve(*arguments, on=dt.date.fromisoformat(on), source_id=source_id, **rest)


def test_an_event_is_resolved_and_scored(sealed, monkeypatch):
    later(monkeypatch)
    done = resolve("rain", "1", note="Two\nmillimetres")
    assert done.scores() == {"brier": pytest.approx(0.09), "log": pytest.approx(-math.log(0.7))}
    rain, snow, hail = forecasts.load()
    assert (rain.outcome, rain.outcome_note) == (1, "Two millimetres")
    assert rain.outcome_source_ids == ("press",)
    assert [f.state(forecasts.today()) for f in (rain, snow, hail)] == ["resolved", "due", "due"]
    assert datacheck.lock() == []
    assert data.about("forecasts")["source_ids"] == ["log", "press"]
    assert data.about("forecasts")["as_of"] == "2027-01-06"
    assert sealed.faults() == [], "an outcome does not touch the chain"


def test_a_quantity_is_resolved_in_its_unit(sealed, monkeypatch):
    later(monkeypatch)
    scores = resolve("snow", "25").scores()
    # (0.05 (25-10) + 0.5 (25-20) + 0.05 (40-25)) 2/3
    assert scores["wis"] == pytest.approx(2 * (0.75 + 2.5 + 0.75) / 3)
    assert 0 < scores["relative_wis"] < 1


def test_what_cannot_be_judged_is_void_and_not_scored(sealed, monkeypatch):
    later(monkeypatch)
    done = resolve("rain", "void", note="The gauge is gone.")
    assert done.void
    assert done.scores() == {}
    assert forecasts.summary(forecasts.load())["forecasts"] == 2
    assert done.state(forecasts.today()) == "void"


@pytest.mark.parametrize(
    ("arguments", "rest", "error", "said"),
    [
        (("rian", "1"), {}, data.UnknownName, "Did you mean 'rain'"),
        (("rain", "2"), {}, data.BrokenRow, "is not 0 or 1"),
        (("rain", "0.5"), {}, data.BrokenRow, "is not 0 or 1"),
        (("rain", "yes"), {}, data.BrokenRow, "is not 0 or 1"),
        (("snow", "0"), {}, data.BrokenRow, "is not a quantity above 0"),
        (("snow", "-3"), {}, data.BrokenRow, "is not a quantity above 0"),
        (("rain", "void"), {}, data.BrokenRow, "has no note on why"),
        (("rain", "1"), {"on": "2026-12-01"}, data.BrokenRow, "is not after made_on"),
        (("rain", "1"), {"on": "2027-01-11"}, data.DataError, "that day is still ahead"),
        (("rain", "1"), {"source_id": "pres"}, data.UnknownSource, "'pres' is not a source"),
        (("rain", "1"), {"source_id": ""}, data.BrokenRow, "must be given together"),
        (("hail", "1"), {}, data.DataError, "has the outcome '0' already"),
    ],
)
def test_a_wrong_outcome_leaves_the_old_files_whole(
    sealed, monkeypatch, arguments, rest, error, said
):
    later(monkeypatch)
    resolve("hail", "0")
    before = sealed.bytes()
    with pytest.raises(error, match=said):
        resolve(*arguments, **rest)
    assert sealed.bytes() == before
    assert not list(sealed.folder.glob("*.part"))


@pytest.mark.parametrize("broken", ["write", "listing"])
def test_a_crash_while_writing_leaves_the_old_files_whole(sealed, monkeypatch, broken):
    later(monkeypatch)
    before = sealed.bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(datacheck, broken, fail)
    with pytest.raises(OSError, match="disk full"):
        resolve("rain", "1")
    assert sealed.bytes() == before
    assert not list(sealed.folder.glob("*.part"))
    assert [f.outcome for f in forecasts.load()] == [None, None, None]


def test_nothing_is_resolved_over_a_broken_chain(sealed, monkeypatch):
    later(monkeypatch)
    rows = sealed.rows()
    rows[2]["probability"] = "0.9"
    sealed.put(rows)
    with pytest.raises(data.BrokenRow, match="is not what was sealed"):
        resolve("rain", "1")


# -- scores ----------------------------------------------------------------------------------------


def test_brier_s_own_example():
    """Ten forecasts of rain in Brier (1950), table 1: P = 0.19, which counts both classes."""
    rain = [0.7, 0.9, 0.8, 0.4, 0.2, 0, 0, 0, 0, 0.1]
    fell = [0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert 2 * forecasts.brier_score(rain, fell).mean() == pytest.approx(0.19)
    # and the climate's share, 0.3, each time: P = 2 x 0.3 x 0.7
    assert 2 * forecasts.brier_score([0.3] * 10, fell).mean() == pytest.approx(0.42)


@pytest.mark.parametrize(
    ("p", "outcome", "brier", "log"),
    [(1, 1, 0, 0), (0.7, 1, 0.09, -math.log(0.7)), (0.3, 1, 0.49, -math.log(0.3)),
     (0.5, 0, 0.25, math.log(2)), (0.5, 1, 0.25, math.log(2)), (1, 0, 1, math.inf),
     (0.2, 0, 0.04, -math.log(0.8))],
)  # fmt: skip
def test_scores_of_an_event_in_closed_form(p, outcome, brier, log):
    assert forecasts.brier_score(p, outcome) == pytest.approx(brier)
    assert forecasts.log_score(p, outcome) == pytest.approx(log)


@pytest.mark.parametrize("score", [forecasts.brier_score, forecasts.log_score])
@pytest.mark.parametrize(("p", "outcome"), [(1.1, 1), (-0.1, 0), (0.5, 0.5), (math.nan, 1)])
def test_scores_refuse_what_is_no_event(score, p, outcome):
    with pytest.raises(ValueError, match="between 0 and 1"):
        score(p, outcome)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_scores_are_proper(truth, said):
    """What one believes earns the least in expectation."""
    for score in (forecasts.brier_score, forecasts.log_score):
        expected = [truth * score(p, 1) + (1 - truth) * score(p, 0) for p in (truth, said)]
        assert expected[0] <= expected[1] + 1e-12


def test_weighted_interval_score_of_yardstick_s_example():
    """Quantiles at 0.2, 0.4, 0.6, 0.8; the tests of the R package yardstick have 1.275."""
    quantiles, came = [[1, 2, 3, 4], [8, 9, 10, 11]], [3.3, 7.1]
    levels = (0.2, 0.4, 0.6, 0.8)
    scores = forecasts.weighted_interval_score(quantiles, came, levels)
    assert scores == pytest.approx([0.65, 1.9])
    assert scores.mean() == pytest.approx(1.275)


@given(st.lists(st.floats(0.1, 100), min_size=4, max_size=4))
def test_weighted_interval_score_is_bracher_s(values):
    """(|y - median| / 2 + alpha / 2 IS) / 1.5, with the interval score of the 90 % interval."""
    *quantiles, y = values
    low, mid, high = sorted(quantiles)
    alpha = 0.1
    interval = high - low + 2 / alpha * (max(low - y, 0) + max(y - high, 0))
    wanted = (abs(y - mid) / 2 + alpha / 2 * interval) / 1.5
    assert forecasts.weighted_interval_score((low, mid, high), y) == pytest.approx(wanted)


def test_weighted_interval_score_tends_to_crps():
    """CRPS of a standard normal at 0 is (sqrt 2 - 1) / sqrt pi."""
    levels = (np.arange(2000) + 0.5) / 2000
    score = forecasts.weighted_interval_score(stats.norm.ppf(levels), 0.0, levels)
    assert score == pytest.approx((math.sqrt(2) - 1) / math.sqrt(math.pi), rel=1e-3)


@pytest.mark.parametrize(
    ("quantiles", "levels"), [((1, 2), forecasts.LEVELS), ((3, 2, 1), forecasts.LEVELS),
                              ((1, 2, 3), (0, 0.5, 0.9))],
)  # fmt: skip
def test_weighted_interval_score_refuses_what_are_no_quantiles(quantiles, levels):
    with pytest.raises(ValueError, match="quantile"):
        forecasts.weighted_interval_score(quantiles, 2.0, levels)


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (1, 3), (5, 16), (30, 40), (400, 1000)])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_jeffreys_interval_is_that_of_the_beta_distribution(hits, of, level):
    low, high = forecasts.jeffreys_interval(hits, of, level)
    tail = (1 - level) / 2
    exact = stats.beta(hits + 0.5, of - hits + 0.5).ppf([tail, 1 - tail])
    assert low == pytest.approx(exact[0] if hits else 0, abs=2e-6)
    assert high == pytest.approx(exact[1] if hits < of else 1, abs=2e-6)


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_jeffreys_interval_refuses_impossible_counts(hits, of):
    with pytest.raises(ValueError, match="can be hits"):
        forecasts.jeffreys_interval(hits, of)


def test_calibration_counts_by_the_word_for_a_probability():
    p = [0.05, 0.08, 0.2, 0.5, 0.7, 0.8, 0.75, 0.95]
    rows = forecasts.calibration(p, [0, 1, 0, 1, 1, 1, 0, 1])
    assert [(r["rating"], r["forecasts"], r["happened"]) for r in rows] == [
        ("very unlikely", 2, 1), ("unlikely", 1, 0), ("about as likely as not", 1, 1),
        ("likely", 3, 2), ("very likely", 1, 1),
    ]  # fmt: skip
    likely = rows[3]
    assert likely["mean_probability"] == pytest.approx(0.75)
    assert likely["share"] == pytest.approx(2 / 3)
    assert (likely["low"], likely["high"]) == forecasts.jeffreys_interval(2, 3)


def many(count=12, told=12):
    """Events with probabilities 0.3, of which the first `told` have outcomes, and a quantity."""
    rows = []
    for at in range(count):
        row = dict.fromkeys(forecasts.COLUMNS, "") | EVENT
        row |= {"forecast_id": f"rain-{at}", "probability": "0.3"}
        if at < told:
            outcome = str(int(at % 4 == 0))
            row |= {"outcome": outcome, "resolved_on": "2027-01-06", "outcome_source_id": "log"}
        rows.append(row)
    size = dict.fromkeys(forecasts.COLUMNS, "") | SIZE
    size |= {"outcome": "50", "resolved_on": "2027-01-07", "outcome_source_id": "log"}
    return [forecasts._forecast(row) for row in [*rows, size]]


def test_summary_says_what_was_earned():
    found = forecasts.summary(many())
    assert (found["events_resolved"], found["quantities_resolved"]) == (12, 1)
    assert found["brier"] == pytest.approx((3 * 0.49 + 9 * 0.09) / 12)
    assert found["log"] == pytest.approx(-(3 * math.log(0.3) + 9 * math.log(0.7)) / 12)
    assert found["expected_brier"] == pytest.approx(0.21)
    (row,) = found["calibration"]
    assert (row["happened"], row["forecasts"]) == (3, 12)
    assert [r["share_below"] for r in found["coverage"]] == [0, 0, 0], "50 lies above all three"


def test_calibration_waits_for_ten_outcomes():
    assert forecasts.summary(many(told=9))["calibration"] == []
    assert forecasts.summary(many(told=10))["calibration"] != []
    empty = forecasts.summary([])
    assert (empty["brier"], empty["expected_brier"], empty["coverage"]) == (None, None, [])


# -- the command line ------------------------------------------------------------------------------


def test_the_list_is_json_when_asked(sealed):
    rows = json.loads(sealed.command("--json").stdout)
    assert [row["forecast_id"] for row in rows] == ["rain", "snow", "hail"]
    assert (rows[0]["probability"], rows[0]["q05"], rows[1]["q05"]) == (0.7, None, 10)
    assert rows[1]["odds"] == "20 (10 to 40) MW"
    assert json.loads(sealed.command("--search", "HAIL", "--json").stdout)[0]["odds"] == (
        "probability 10 %"
    )
    assert sealed.command("--csv").stdout.startswith("forecast_id,claim_id,state,")


def test_what_is_past_its_date_is_told(sealed, monkeypatch):
    assert sealed.command("check").stdout == ""
    later(monkeypatch, dt.date(2027, 1, 2))
    done = sealed.command("check")
    assert (done.exit_code, done.stdout) == (
        0, "due since 2027-01-01: snow: The gauge on the roof of the school\n",
    )  # fmt: skip
    assert "the chain of 3 forecasts is whole; the newest seal is " in done.stderr
    assert [r["forecast_id"] for r in json.loads(sealed.command("--due", "--json").stdout)] == [
        "snow"
    ]


def test_check_exits_with_1_where_the_chain_is_broken(sealed):
    rows = sealed.rows()
    rows[0]["probability"] = "0.9"
    sealed.put(rows)
    done = sealed.command("check")
    assert (done.exit_code, done.stderr) == (1, "error: 1 fault in the registry of forecasts\n")
    assert done.stdout.startswith(
        "data/forecasts.csv, row 2, field `probability`: '0.9' is not what was sealed on"
    )
    assert sealed.command("seal").exit_code == 1
    assert sealed.command().exit_code == 2


def test_seal_resolve_and_score_as_a_contributor_does(small, monkeypatch):
    small.put([EVENT, SIZE])
    done = small.command("seal")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "rain\nsnow\n", "sealed\n")
    assert small.command("seal").stderr == "nothing to seal: every forecast has its seal\n"
    later(monkeypatch)
    told = ("--on", "2027-01-06", "--source", "press")
    done = small.command("resolve", "rain", "1", *told)
    assert (done.exit_code, done.stdout) == (0, "rain: 1, brier 0.09, log 0.3567\n")
    done = small.command("resolve", "snow", "25", *told)
    assert done.stdout.startswith("snow: 25, wis 2.667, ")
    assert "brier\t0.09\n" in small.command("score").stdout
    assert json.loads(small.command("score", "--json").stdout)["events_resolved"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resolve", "rian", "1", "--on", "2027-01-06", "--source", "log"],
         "data/forecasts.csv holds no forecast named 'rian'. Did you mean 'rain'?"),
        (["resolve", "rain", "1", "--on", "soon", "--source", "log"],
         "'soon' is not a date written YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_wrong_call_takes_one_line(sealed, arguments, message):
    done = sealed.command(*arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"error: {message}\n")


def test_readers_need_no_scipy():
    code = (
        "import sys; from aifactory import forecasts; forecasts.jeffreys_interval(1, 3);"
        "print([m for m in ('scipy', 'altair', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout == "[]\n"


# -- the page --------------------------------------------------------------------------------------


def titles(page):
    return re.findall(r'id="forecast-([^"]+)"', page)


def test_the_page_shows_every_forecast_with_a_permanent_anchor():
    found = forecasts.load()
    page = registry.page(found)
    assert sorted(titles(page)) == sorted(f.id for f in found)
    waiting = [f for f in found if f.outcome is None and not f.void]
    by_date = sorted(waiting, key=lambda f: f.resolves_on)
    assert titles(page)[: len(by_date)] == [f.id for f in by_date]
    for f in found:
        for text in (f.question, f.basis, f.resolution_source, f.resolution_rule):
            assert html.escape(text) in page
        assert f'href="#forecast-{f.id}"' in page
        assert f'href="doc:book/claims#{f.claim_id}"' in page
    assert f"<strong>{len(found)} forecasts, " in page
    assert found[-1].sha256 in page


def test_the_page_puts_what_is_scored_after_what_is_open(sealed, monkeypatch):
    later(monkeypatch)
    resolve("rain", "1")
    page = registry.page(forecasts.load())
    assert titles(page) == ["snow", "hail", "rain"]
    assert "it happened, read on 2027-01-06 at " in page
    assert "Brier score 0.09; log score 0.357" in page
    assert "Mean Brier score of events 0.090" in page
    resolve("snow", "25")
    resolve("hail", "void", note="No roof left.")
    page = registry.page(forecasts.load())
    assert "25 MW, read on 2027-01-06" in page
    assert "interval score, in its unit, 2.67" in page
    assert "Void: the rule could not be applied" in page
    assert "No roof left." in page


def test_the_page_shows_calibration_once_there_are_ten_outcomes():
    page = registry.page(many())
    low, high = forecasts.jeffreys_interval(3, 12)
    assert "<td>3 of 12</td>" in page
    assert f"25% ({low:.0%} to {high:.0%})" in page
    assert "Calibration" not in registry.page([f for f in many(told=9) if not f.quantiles])


def test_hostile_text_stays_text(small):
    small.seal(EVENT | {"question": f"{HOSTILE}?", "basis": HOSTILE * 2})
    page = registry.page(forecasts.load())
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 3
