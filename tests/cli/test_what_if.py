"""`what-if`: small chapters run under a scenario, and what they said before and say after."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from aifactory import data, factory, uncertainty, whatif
from aifactory.models.factory.graph import Graph, Input, Node
from aifactory.scenario import assemble

ROOT = Path(__file__).resolve().parents[2]
TEXT = """---
kernelspec:
  name: python3
  display_name: Python 3
  language: python
---

# Small

```{code-cell} ipython3
from aifactory import book
from aifactory.data import figure

book.setup("CHAPTER")
```

```{code-cell} ipython3
found = figure("load-factor").distribution().sample(1000, book.rng("draws"))
assert found.mean() < MOST, "too much for this chapter"
book.verdict("CLAIM", metric="Load", unit="share", reason="At {p50}.", as_of="2026-01-15",
             samples=found, holds=found > 0.7, figures=["load-factor"])
book.verdict("CLAIM", metric="Sun", unit="", reason="Rises.", as_of="2026-01-15", part="other",
             probability=1.0, evidence=[{"what": "it rose"}])
```
"""


def put(line, chapter, claim, most):
    text = TEXT.replace("CHAPTER", chapter).replace("CLAIM", claim).replace("MOST", str(most))
    (line.notebooks / f"{chapter}.md").write_text(text, encoding="utf-8")


def record(claim="c", part=None, probability=0.5, rating="r", p50=1.0):
    """As much of a verdict as is compared."""
    ends = dict.fromkeys(("p05", "p95"), p50)
    return {"claim_id": claim, "part": part, "edition": None, "unit": "MW", "rating": rating,
            "probability": probability, "p50": p50} | ends  # fmt: skip


@pytest.fixture
def two(line):
    """Two chapters that read the load factor; water breaks where it is above 0.9."""
    for chapter, claim, most in (("power", "power-built", 2), ("water", "water-plant", 0.9)):
        put(line, chapter, claim, most)
        path = line.store(
            chapter,
            record(claim, None, 0.9, "likely", 0.8),
            record(claim, "other", 1.0, "virtually certain", None),
            figures=["load-factor"], tables=[], claims=[claim], modules=["aifactory/book.py"],
        )  # fmt: skip
        stored = json.loads(path.read_text(encoding="utf-8"))
        stored["metadata"]["aifactory"] |= {"code": "0", "outputs": "0"}
        path.write_text(json.dumps(stored), encoding="utf-8")
    return line


def contents(*folders):
    files = [p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()]
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_chapters_run_beside_the_stored_ones_and_once(two, monkeypatch):
    monkeypatch.setattr(whatif, "from_graph", lambda asked: ([], []))
    before = contents(two.data, two.notebooks)
    done = two("what-if", "--set", "power.load_factor=95 %", "--json")
    assert done.exit_code == 1
    rows = {(r["chapter"], r["part"]): r for r in json.loads(done.stdout)}
    main, other, broken = (
        rows[at] for at in (("power", None), ("power", "other"), ("water", None))
    )
    assert (main["before"], main["before_p50"]) == ("likely", 0.8)
    assert (main["after"], main["after_p50"]) == ("virtually certain", 0.95)
    assert (main["moved"], other["moved"]) == ("rating", "")
    assert (broken["before"], broken["after"], broken["moved"]) == ("likely", None, "failed")
    (error,) = [text for text in done.stderr.splitlines() if text.startswith("error: ")]
    assert error.startswith("error: water fails under set-")
    assert "code cell 2, at `assert found.mean() < 0.9" in error
    assert error.endswith("AssertionError: too much for this chapter")
    assert "of 4 verdicts 1 change their rating" in done.stderr
    assert contents(two.data, two.notebooks) == before
    (folder,) = (two.notebooks.parent / "_build" / "runs").glob("set-*")
    cells = json.loads((folder / "power.ipynb").read_text(encoding="utf-8"))["cells"]
    assert f'SCENARIO = "{folder.name}"' in "".join(cells[0]["source"])
    monkeypatch.setattr(whatif, "_papermill", lambda *given: pytest.fail("it ran again"))
    again = two("what-if", "--set", "power.load_factor=0.95", "--chapter", "power", "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (0, [main, other])
    assert "power: already run under this scenario" in again.stderr


def test_chapters_that_read_nothing_of_it_stay(two, monkeypatch):
    monkeypatch.setattr(whatif, "_execute", lambda *a: pytest.fail("nothing is to run"))
    done = two("what-if", "--set", "pads-share=0.4", "--chapter", "power", "--csv")
    assert done.exit_code == 0
    assert "no chapter asked for reads a figure that it sets" in done.stderr


def test_other_text_data_or_values_need_another_run(two, monkeypatch):
    monkeypatch.setenv("AIFACTORY_DATA", str(two.data))
    asked = [assemble([f"load-factor={x}"], None, ()) for x in (0.5, 0.6)]
    keys = {whatif._key(one, "power", two.notebooks) for one in asked}
    text = (two.notebooks / "power.md").read_text(encoding="utf-8")
    try:
        put(two, "power", "power-built", 3)
        keys.add(whatif._key(asked[0], "power", two.notebooks))
    finally:
        (two.notebooks / "power.md").write_text(text, encoding="utf-8")
    figures = two.data / "figures.csv"
    content = figures.read_bytes()
    try:
        figures.write_bytes(content.replace(b"load-factor,Mean", b"load-factor,The mean"))
        data.forget()
        keys.add(whatif._key(asked[0], "power", two.notebooks))
    finally:
        figures.write_bytes(content)
    assert len(keys) == 4


def test_the_copy_differs_in_the_figures_alone_and_is_locked(line, monkeypatch, tmp_path):
    monkeypatch.setenv("AIFACTORY_DATA", str(line.data))
    data.forget()
    asked = assemble(["load-factor=0.2,0.3,0.4"], None, ())
    made = whatif.copy_data(asked, tmp_path / "run")
    old, new = contents(line.data), contents(made)
    moved = {p.name for p in new if new[p] != old[line.data / p.relative_to(made)]}
    assert (moved, len(old)) == ({"figures.csv", "datapackage.json"}, len(new))
    monkeypatch.setenv("AIFACTORY_DATA", str(made))
    data.forget()
    found = data.figure("load-factor")
    assert (found.low, found.central, found.high) == (0.2, 0.3, 0.4)
    assert (found.note, found.verification) == (f"scenario {asked.name}", "seen")
    assert data.figure("pads-share") is not None


def test_before_and_after_are_matched_by_claim_part_and_edition():
    old = [record(), record(part="a"), record(part="b"), record(part="gone")]
    new = [record(part="new"), record(part="b", p50=3.0), record(part="a", rating="s"), record()]
    rows = whatif.compare("power", old, new)
    assert {row["part"]: row["moved"] for row in rows} == {
        None: "", "a": "rating", "b": "number", "gone": "gone", "new": "new",
    }  # fmt: skip
    assert {row["moved"] for row in whatif.compare("power", old, None)} == {"failed"}


@pytest.fixture
def graph(monkeypatch):
    """A plant of one input and one chance, in place of the whole factory."""
    power = Input("facility_mw", "power.facility_mw", ("post-power-rounding",), "MW", "P", 1.0)
    chance = Input("luck_x", "luck.x", (), "dimensionless", "Chance")
    nodes = (
        Node("double_mw", "2 * facility_mw", "MW", "Twice", "power", kind="output"),
        Node("claim_a", "facility_mw > 1100", "dimensionless", "", "power", kind="claim",
             claim="power-built", edition="newest"),
        Node("claim_b", "luck_x < 0.5", "dimensionless", "", "pace", kind="claim", claim="x"),
    )  # fmt: skip
    base = {"facility_mw": uncertainty.from_range(1155, 1200, 1245),
            "luck_x": uncertainty.uniform(0, 1)}  # fmt: skip
    surface = type("S", (), {"names": ("facility_mw",), "low": (600,), "high": (1500,)})()
    monkeypatch.setattr(factory, "graph", lambda: Graph((power, chance), nodes))
    monkeypatch.setattr(factory, "distributions", lambda given: base | dict(given))
    monkeypatch.setattr(factory, "surfaces", lambda: {"pue": surface})


def test_the_graph_alone_answers_at_once(line, graph):
    done = line("what-if", "--set", "power.facility_mw=0.3 GW", "--outputs-only", "--json")
    assert done.exit_code == 0, done.stderr
    output, claim = json.loads(done.stdout)  # what rests on chance alone is left out
    assert [output[f"before_{k}"] for k in ("p05", "p50", "p95")] == pytest.approx(
        [2310, 2400, 2490], rel=1e-3
    )
    assert [output[f"after_{k}"] for k in ("p05", "p50", "p95")] == [600, 600, 600]
    assert (claim["name"], claim["before"], claim["after"]) == (
        "power-built", "virtually certain", "exceptionally unlikely",
    )  # fmt: skip
    assert "300 is beyond 600 to 1500, where pue was fitted" in done.stderr
    assert not (line.notebooks.parent / "_build").exists()


def test_nothing_moves_but_by_the_scenario(line, graph):
    done = line("what-if", "--set", "pads-share=0.4", "--outputs-only", "--json")
    assert [row["moved"] for row in json.loads(done.stdout)] == ["", ""]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "power.facilty_mw=3"], "Nearest: power.facility_mw"),
        (["--set", "power.facility_mw=3 degC"], "Give it in MW."),
        (["--set", "load-factor=1.5"], "out of bounds"),
        (["--scenario", "colosus-1"], "there is colossus-1"),
        (["--scenario", "../x.toml"], "is not there"),
        ([], "nothing is set"),
        (["--set", "load-factor=0.5", "--chapter", "powr"], "Did you mean 'power'?"),
    ],
)
def test_a_wrong_call_takes_one_line_and_exits_with_2(line, arguments, message):
    done = line("what-if", *arguments)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: ")
    assert message in done.stderr


def test_names_that_can_be_set_are_listed(line):
    rows = {row["name"]: row for row in line.rows("what-if", "--list")}
    assert rows["power.facility_mw"]["figures"] == ["post-power-rounding", "post-power"]
    assert rows["colossus-1"]["kind"] == "scenario"
    assert not [name for name in rows if name.startswith(("luck.", "error."))]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_runs_a_scenario_beside_the_stored_outputs():
    def plan(*given):
        done = subprocess.run(["make", "-n", "run", *given], cwd=ROOT, capture_output=True,
                              text=True)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    with_one = plan("CHAPTER=power", "SCENARIO=colossus-1")
    assert 'what-if --scenario "colossus-1" --chapter "power"' in with_one
    assert "aifactory execute" not in with_one
    assert "aifactory execute power" in plan("CHAPTER=power")


def test_a_failure_without_a_cell_is_told_in_a_line():
    assert whatif.describe(RuntimeError("the\nkernel died")) == "RuntimeError: the kernel died"
