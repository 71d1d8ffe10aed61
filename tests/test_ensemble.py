"""Ensembles: right against closed forms, the same however they are run, and never done twice."""

import json
import math
import os
import signal
import tracemalloc

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory import ensemble, factory
from aifactory.__main__ import run as command
from aifactory.models.factory import program
from aifactory.models.factory.graph import Graph, Input, Node
from aifactory.sketch import ERROR, Sketch
from aifactory.uncertainty import Z95, lognormal, tabulated, uniform

LEVELS = np.linspace(0.0005, 0.9995, 201)
LAWS = {
    "a": lognormal(1, 4),
    "b": lognormal(2, 3),
    "u": uniform(0, 1),
    "t": tabulated(LEVELS, LEVELS**2),
}


def _input(name, **limits):
    return Input(name, f"x.{name}", (), "dimensionless", name, **limits)


def _node(name, formula, kind="output", claim=""):
    return Node(name, formula, "dimensionless", name, "power", kind=kind, claim=claim)


GRAPH = Graph(
    (_input("a"), _input("b"), _input("u", most=0.75), _input("t")),
    (
        _node("double", "2.0 * b", "step"),
        _node("total", "a + double", "output"),
        _node("left", "a - double"),
        _node("none", "0.0 * t"),
        _node("claim_low", "u < 0.5", "claim", "power-low"),
        _node("claim_lower", "u < 0.25", "claim", "power-lower"),
        _node("claim_small", "where(t < 0.25, 1.0, 0.0)", "claim", "power-small"),
    ),
)


def _plan(draws=20_000, chunk=1000, **more):
    return ensemble.Plan(GRAPH, LAWS, draws, **({"seed": 3, "chunk": chunk} | more))


def _lognormal_moments(p05, p95):
    mu, s = math.log(p05 * p95) / 2, math.log(p95 / p05) / (2 * Z95)
    mean = math.exp(mu + s * s / 2)
    return mean, math.expm1(s * s) * mean**2


def _same(one, two):
    first, second = one.pack(), two.pack()
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


# --- what comes out ------------------------------------------------------------------------------


def test_moments_and_shares_are_those_of_the_closed_forms():
    plan = _plan(400_000, 131_072)
    found = ensemble.report(plan, ensemble.run(plan))
    (mean_a, var_a), (mean_b, var_b) = _lognormal_moments(1, 4), _lognormal_moments(2, 3)
    for name, sign in (("total", 1), ("left", -1)):
        got, sd = found["outputs"][name], math.sqrt(var_a + 4 * var_b)
        assert got["mean"] == pytest.approx(mean_a + sign * 2 * mean_b, abs=5 * sd / math.sqrt(4e5))
        assert got["sd"] == pytest.approx(sd, rel=0.01)
    chances = [
        found["claims"][f"claim_{name}"]["probability"] for name in ("low", "lower", "small")
    ]
    assert chances == pytest.approx([0.5, 0.25, 0.5], abs=0.004)
    joint = found["joint"]
    # low holds where lower does; small is independent of both.
    assert np.array(joint["how_many"]) / 4e5 == pytest.approx([0.25, 0.375, 0.25, 0.125], abs=0.004)
    assert joint["all_hold"] == joint["how_many"][3] / 4e5
    together = np.array(joint["together"])
    assert (together == together.T).all()
    assert together[0, 1] == together[1, 1]
    assert (together[0] / 4e5).tolist() == pytest.approx([0.5, 0.25, 0.25], abs=0.004)
    assert sum(joint["how_many"]) == found["plan"]["draws"] == 400_000


def test_summaries_are_those_of_the_draws_that_are_kept(tmp_path):
    plan = _plan(20_500, 3000)
    found = ensemble.report(plan, ensemble.run(plan, folder=tmp_path, keep_draws=True))
    files = sorted((tmp_path / "draws").iterdir())
    assert len(files) == 7
    table = pq.read_table(files).to_pandas()
    assert len(table) == 20_500
    for name, got in found["outputs"].items():
        x = table[name]
        assert (got["min"], got["max"]) == (x.min(), x.max())
        assert got["mean"] == pytest.approx(x.mean(), rel=1e-12)
        assert got["sd"] == pytest.approx(x.std(), rel=1e-9)
        exact = np.quantile(x, ensemble.QUANTILES, method="lower")
        quantiles = [got[p] for p in ("p05", "p25", "p50", "p75", "p95")]
        np.testing.assert_allclose(quantiles, exact, rtol=ERROR * (1 + 1e-9))
    held = table[list(plan.claims)].to_numpy().astype(int)
    assert found["joint"]["together"] == (held.T @ held).tolist()
    assert found["joint"]["how_many"] == np.bincount(held.sum(axis=1), minlength=4).tolist()


def test_each_chunk_has_draws_of_its_own_that_come_again():
    first, again, second = (
        np.concatenate([np.array(block["total"]) for block in ensemble.blocks(_plan(), chunk)])
        for chunk in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert len(first) == 1000
    assert not np.intersect1d(first, second).size


def test_limits_hold_draws():
    plan = ensemble.Plan(
        Graph((_input("u", least=0.2, most=0.7),), (_node("v", "u * 1.0"),)), LAWS, 9999
    )
    got = ensemble.report(plan, ensemble.run(plan))["outputs"]["v"]
    assert (got["min"], got["max"]) == (0.2, 0.7)


def test_a_result_that_is_not_finite_is_an_error_that_names_it():
    graph = Graph((_input("u"),), (_node("bad", "log(u - 0.5)"),))
    with pytest.raises(ValueError, match="bad is not finite"):
        ensemble.run(ensemble.Plan(graph, LAWS, 1000))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"draws": 0}, "a draw or more"),
        ({"wanted": ("totl",)}, "no step 'totl'"),
        ({"distributions": {}}, "'a' has no distribution"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        ensemble.Plan(**({"graph": GRAPH, "distributions": LAWS, "draws": 10} | change))


def test_two_runs_are_written_byte_for_byte_alike(tmp_path):
    texts = []
    for name in ("one", "two"):
        plan = _plan()
        paths = ensemble.write(plan, ensemble.run(plan), tmp_path / name)
        texts.append([path.read_bytes() for path in paths])
    assert texts[0] == texts[1]
    assert json.loads(texts[0][0])["relative_error"] <= 0.001
    table = pq.read_table(tmp_path / "one" / "summary.parquet").to_pylist()
    assert len(table) == 3 * 5
    assert table[2]["value"] == json.loads(texts[0][0])["outputs"]["total"]["p50"]
    other = _plan(seed=4)
    assert (
        ensemble.report(other, ensemble.run(other))["outputs"] != json.loads(texts[0][0])["outputs"]
    )


# --- the sketch ----------------------------------------------------------------------------------

NUMBERS = st.floats(-1e300, 1e300).filter(lambda x: x == 0 or abs(x) > 1e-300)


@settings(max_examples=50)
@given(st.lists(NUMBERS, min_size=1, max_size=300), st.lists(st.floats(0, 1), min_size=1))
def test_quantiles_are_within_the_stated_error(values, levels):
    sketch = Sketch()
    sketch.fill(np.array(values))
    exact = np.quantile(values, levels, method="lower")
    np.testing.assert_allclose(sketch.quantile(np.array(levels)), exact, rtol=ERROR * (1 + 1e-9))


@settings(max_examples=20)
@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1), min_size=1, max_size=5), st.randoms())
def test_sketches_merge_in_any_order_to_that_of_all_values(groups, random):
    whole, merged = Sketch(), Sketch()
    whole.fill(np.concatenate(groups))
    random.shuffle(groups)
    for group in groups:
        part = Sketch()
        part.fill(np.array(group))
        merged.merge(Sketch.of_items(*part.items()))
    for got, wanted in zip(merged.items(), whole.items(), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_sketch_of_nothing_has_no_quantiles():
    with pytest.raises(ValueError, match="without values"):
        Sketch().quantile(np.array([0.5]))


# --- the compiled graph --------------------------------------------------------------------------

LEAVES = st.sampled_from(["a", "b", "u", "0.5", "2.0", "hours_per_year"])
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["minimum", "maximum"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"where({t[0]} < {t[1]}, {t[2]}, {t[1]})"),
        st.tuples(inner, st.sampled_from([0.5, 1, 2, 3, 5, 7, 1.7])).map(
            lambda t: f"(1.0 + {t[0]} * {t[0]}) ** {t[1]}"
        ),
        st.tuples(inner, inner).map(lambda t: f"(-{t[0]} * exp(-{t[1]} * {t[1]}))"),
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(st.lists(FORMULAS, min_size=1, max_size=4), st.integers(1, 50))
def test_the_compiled_graph_gives_what_the_graph_gives(formulas, draws):
    nodes = [_node("used", "a + b * u")]
    nodes += [_node(f"n{at}", f"{text} + 0.5 * used") for at, text in enumerate(formulas)]
    nodes += [_node("test", "(n0 < used) & (a < b)", "claim"), _node("count", "test + (u <= a)")]
    graph = Graph(tuple(map(_input, "abu")), tuple(nodes))
    rng = np.random.default_rng(draws)
    values = {name: rng.uniform(0.1, 3, draws) for name in "abu"}
    ready = program.compiled(graph)
    with np.errstate(all="ignore"):
        wanted = graph.evaluate(values)
    got = ready(values, ready.buffers())
    for name, x in wanted.items():
        np.testing.assert_allclose(got[name].astype(float), x, rtol=1e-9, err_msg=name)


def test_shared_steps_are_done_once_and_buffers_used_again():
    long = " + ".join(["(a * b + 1.0)"] * 30)
    ready = program.compiled(Graph((_input("a"), _input("b")), (_node("sum", long),)))
    assert len(ready.code) == 2 + 29
    assert ready.floats == 2


# --- on disk -------------------------------------------------------------------------------------


class Stopped(Exception):
    pass


def _stop_at(draws):
    def progress(done, total):
        if done >= draws:
            raise Stopped

    return progress


def test_a_broken_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    plan = _plan(40_000)
    with pytest.raises(Stopped):
        ensemble.run(plan, folder=tmp_path, progress=_stop_at(24_000))
    done, act = [], ensemble.simulate
    monkeypatch.setattr(
        ensemble, "simulate", lambda p, part, keep: done.append(part) or act(p, part, keep)
    )
    _same(ensemble.run(_plan(40_000), folder=tmp_path), ensemble.run(plan))
    assert done == [3, 4, 0, 1, 2, 3, 4]  # two that were missing, then all of the unbroken run


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "swapped"])
def test_a_damaged_part_is_done_again(tmp_path, damage):
    plan = _plan(20_000)
    whole = ensemble.run(plan, folder=tmp_path)
    first, _, last = sorted((tmp_path / "parts").iterdir())
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 0xFF
    broken = {"cut": first.read_bytes()[:200], "flipped": bytes(data), "empty": b""}
    first.write_bytes(last.read_bytes() if damage == "swapped" else broken[damage])
    told = []
    _same(ensemble.run(plan, folder=tmp_path, progress=lambda *at: told.append(at)), whole)
    assert told == [(20_000, 20_000)]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"draws": 20_001},
        {"chunk": 999},
        {"distributions": LAWS | {"a": lognormal(1, 5)}},
    ],
)
def test_a_folder_of_another_plan_is_refused(tmp_path, change):
    ensemble.run(_plan(2000), folder=tmp_path)
    other = {
        "graph": GRAPH,
        "distributions": LAWS,
        "draws": 2000,
        "seed": 3,
        "chunk": 1000,
    } | change
    with pytest.raises(ensemble.OtherPlan, match="name another folder or delete it"):
        ensemble.run(ensemble.Plan(**other), folder=tmp_path)


def test_another_formula_is_another_plan():
    nodes = (*GRAPH.nodes[:1], _node("total", "a + 1.5 * double"), *GRAPH.nodes[2:])
    assert (
        ensemble.Plan(Graph(GRAPH.inputs, nodes), LAWS, 10).key
        != ensemble.Plan(GRAPH, LAWS, 10).key
    )


def test_draws_without_a_folder_cannot_be_kept():
    with pytest.raises(ValueError, match="folder"):
        ensemble.run(_plan(10), keep_draws=True)


def test_memory_does_not_grow_with_the_number_of_draws():
    peaks = []
    for draws in (100_000, 400_000):
        plan = _plan(draws, 5000)
        ensemble.run(_plan(5000, 5000))
        tracemalloc.start()
        ensemble.run(plan)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


# --- on a cluster --------------------------------------------------------------------------------


def test_a_cluster_that_loses_a_worker_gives_the_same_bit_for_bit(tmp_path):
    distributed = pytest.importorskip("distributed")
    plan = _plan(500_000, 5_000)
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:

        def kill(done, total):
            if not killed and done < total:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        found = ensemble.run(plan, cluster.scheduler_address, tmp_path, progress=kill)
    assert killed
    _same(found, ensemble.run(plan))
    assert len(list((tmp_path / "parts").iterdir())) == plan.parts == 13


def test_no_cluster_is_one_line(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(ensemble, "CONNECT_SECONDS", 0.3)
    with pytest.raises(ensemble.ClusterError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        ensemble.run(_plan(10), "tcp://127.0.0.1:9")


# --- progress ------------------------------------------------------------------------------------


def test_progress_is_silent_for_short_work_and_a_line_a_tenth_for_long(capsys):
    ensemble.run(_plan(), progress=ensemble.Meter())
    assert capsys.readouterr() == ("", "")
    ensemble.run(_plan(40_000), progress=ensemble.Meter(after=0))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" of ")[0] for line in lines] == [
        "8,000",
        "16,000",
        "24,000",
        "32,000",
        "40,000",
    ]


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(factory, "graph", lambda: GRAPH)
    monkeypatch.setattr(factory, "distributions", lambda: LAWS)


def test_the_command_prints_outputs_and_claims_and_writes_the_summary(small, tmp_path, capsys):
    asked = ["ensemble", "--draws", "2e4", "--seed", "3", "--out", str(tmp_path), "--json"]
    assert command(asked) == 0
    out, err = capsys.readouterr()
    rows = {row["name"]: row for row in json.loads(out)}
    stored = json.loads((tmp_path / "summary.json").read_text())
    assert [*rows] == [node.name for node in GRAPH.nodes if node.kind != "step"]
    assert rows["total"]["p50"] == stored["outputs"]["total"]["p50"]
    assert rows["claim_low"]["probability"] == stored["claims"]["claim_low"]["probability"]
    assert "all 3 claims hold in" in err
    assert command([*asked[:5], "--csv"]) == 0
    assert capsys.readouterr().out.startswith("name,kind,unit,mean,sd,min,p05,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--draws", "10.5"], "whole number"),
        (["--draws", "0"], "--draws"),
        (["--keep-draws"], "--out"),
        (["--draws", "99", "--out", "FOLDER"], "another plan's results"),
        (["--draws", "99", "--scheduler", "nowhere"], "no Dask scheduler at nowhere"),
    ],
)
def test_a_wrong_call_takes_one_line(small, tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.setattr(ensemble, "CONNECT_SECONDS", 0.3)
    ensemble.run(_plan(10), folder=tmp_path)
    assert command(["ensemble", *(str(tmp_path) if a == "FOLDER" else a for a in arguments)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
