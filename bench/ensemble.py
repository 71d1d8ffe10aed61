"""Measure the whole factory's ensemble: `python bench/ensemble.py [DRAWS]`, and in `make bench`.

Prints draws a second of one core, by the clock of the process, with the ratio to slower ways to the
same numbers, and the peak memory of a run of DRAWS draws (1e6 unless given; 1e8 take minutes).
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable, Mapping

import mlsysim
import numexpr
import numpy as np

from aifactory import ensemble as many
from aifactory import factory
from aifactory.models.factory import formula, program
from aifactory.models.factory.graph import CONSTANTS, Graph, Input, Node
from aifactory.uncertainty import from_range

PYTHON = {
    "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "ceil": math.ceil, "minimum": min,
    "maximum": max, "where": lambda test, yes, no: yes if test else no,
}  # fmt: skip

# What this graph and mlsysim both know: GPUs, failures, checkpoints and what is left of the peak.
SHARED = Graph(
    tuple(
        Input(name, name, (), "dimensionless", name)
        for name in "site_mw peak_ratio gpu_kw gpu_mtbf_h write_s peak_flop_s mfu".split()
    ),
    (
        Node("gpus", "site_mw / peak_ratio * kw_per_mw / gpu_kw", "GPU", "GPUs", ""),
        Node("mtbf_s", "gpu_mtbf_h / gpus * seconds_per_hour", "s", "Between failures", ""),
        Node("interval_s", "sqrt(2.0 * write_s * mtbf_s)", "s", "Young's interval", ""),
        Node("waste", "write_s / interval_s + interval_s / (2.0 * mtbf_s)", "", "Lost share", ""),
        Node("flop_s", "gpus * peak_flop_s * mfu * (1.0 - waste)", "FLOP/s", "What is left", "",
             kind="output"),
    ),
)  # fmt: skip
RANGES = {
    "site_mw": (1000, 1200, 1400), "peak_ratio": (1.2, 1.3, 1.4), "gpu_kw": (1.7, 1.9, 2.2),
    "gpu_mtbf_h": (20_000, 50_000, 90_000), "write_s": (1, 5, 10),
    "peak_flop_s": (2.2e15, 2.4e15, 2.5e15), "mfu": (0.3, 0.4, 0.5),
}  # fmt: skip


def rate(act: Callable[[], object], draws: int, seconds: float = 0.5) -> float:
    """Draws a second of one core: the best of several goes within `seconds`."""
    act()
    best, start = math.inf, time.process_time()
    while time.process_time() - start < seconds:
        before = time.process_time()
        act()
        best = min(best, time.process_time() - before)
    return draws / best


def say(what: str, speed: float, rival: str = "", slower: float = 0.0) -> None:
    """One line: what was measured, draws a second a core, and the ratio to a slower way."""
    ratio = f"  {speed / slower:7,.1f} times {rival}" if slower else ""
    print(f"{what:<44} {speed:13,.0f} draws/s{ratio}")


def python_loop(graph: Graph, wanted: tuple[str, ...]) -> Callable[[Mapping], list[tuple]]:
    """The same formulas as a Python function, called a draw at a time."""
    needed = graph.upstream(wanted)
    inputs = [i.name for i in graph.inputs if i.name in needed]
    lines = [f"def one({', '.join(inputs)}):"]
    lines += [f"    {n.name} = {n.formula}" for n in graph.nodes if n.name in needed]
    lines += [f"    return {', '.join(wanted)},"]
    space = PYTHON | {name: value for name, (value, _) in CONSTANTS.items()}
    exec("\n".join(lines), space)
    one = space["one"]
    return lambda values: [one(*row) for row in zip(*(values[i] for i in inputs), strict=True)]


def numpy_steps(graph: Graph, wanted: tuple[str, ...]) -> Callable[[Mapping], dict]:
    """The same formulas in plain numpy, a whole array a step."""
    needed = graph.upstream(wanted)
    steps = [n for n in graph.nodes if n.name in needed]
    constants = {name: value for name, (value, _) in CONSTANTS.items()}

    def act(values: Mapping[str, np.ndarray]) -> dict:
        known = {**constants, **values}
        for node in steps:
            known[node.name] = formula.walk(node.formula, known)
        return known

    return act


def mlsysim_loop(values: Mapping[str, np.ndarray]) -> list[float]:
    """The shared part by mlsysim's functions, a draw at a time; FLOP/s."""
    rows, found = zip(*(values[i.name].tolist() for i in SHARED.inputs), strict=True), []
    for site_mw, peak_ratio, gpu_kw, gpu_mtbf_h, write_s, peak, mfu in rows:
        gpus = site_mw / peak_ratio * 1000 / gpu_kw
        mtbf = mlsysim.calc_mtbf_cluster(gpu_mtbf_h, gpus)
        interval = mlsysim.calc_young_daly_interval(write_s, mtbf)
        waste = mlsysim.physics.reliability.calc_checkpoint_waste(write_s, interval, mtbf)
        total = mlsysim.Q_(gpus * peak, "flop/s")
        left = mlsysim.calc_effective_flops(total, mfu, 1.0, 1.0 - waste)
        found.append(left.m_as("flop/s"))
    return found


def drawn(plan: many.Plan, draws: int) -> dict[str, np.ndarray]:
    """Draws of a plan's inputs."""
    rng = np.random.default_rng(1)
    return {name: plan.distributions[name].draw(draws, rng) for name in plan.inputs}


def algebraic(plan: many.Plan) -> many.Plan:
    """The plan for those outputs and claims alone that rest on no fitted surface."""
    fitted = {node.name for node in plan.graph.nodes if node.empirical}
    names = tuple(n for n in plan.wanted if not fitted & plan.graph.upstream([n]))
    return many.Plan(plan.graph, plan.distributions, plan.draws, wanted=names)


def chain(what: str, plan: many.Plan) -> None:
    """The formulas alone, against other ways to work them out."""
    few, block, whole = drawn(plan, 200), drawn(plan, program.BLOCK), drawn(plan, plan.chunk)
    ready, buffers = plan.program, plan.program.buffers()
    speed = rate(lambda: ready(block, buffers), program.BLOCK)
    loop, walk = python_loop(plan.graph, plan.wanted), numpy_steps(plan.graph, plan.wanted)
    lists = {name: x.tolist() for name, x in few.items()}
    say(what, speed, "a loop in Python", rate(lambda: loop(lists), 200))
    steps = sum(node.name in plan.graph.upstream(plan.wanted) for node in plan.graph.nodes)
    print(f"  {steps} steps from {len(plan.inputs)} inputs, {len(ready.code)} array operations")
    print(f"{'':<67} {speed / rate(lambda: walk(whole), plan.chunk):9,.1f} times plain numpy")
    given = {**dict.fromkeys((i.name for i in plan.graph.inputs), np.ones(1)), **whole}
    numexpr.set_num_threads(1)
    by_formula = rate(lambda: plan.graph.evaluate(given, plan.wanted), plan.chunk)
    print(f"{'':<67} {speed / by_formula:9,.1f} times numexpr, a formula at a time")
    got = ready(few, buffers)
    columns = zip(plan.wanted, np.array(loop(lists), dtype=float).T, strict=True)
    apart = max(
        np.max(np.abs(got[name] - column) / np.abs(column).clip(1e-300))
        for name, column in columns
        if name in plan.outputs
    )
    print(f"{'  and differs from the loop by':<44} {apart:13.0e} relative at most")


def shared() -> None:
    """What mlsysim can do as well, against mlsysim."""
    laws = {name: from_range(*three) for name, three in RANGES.items()}
    plan = many.Plan(SHARED, laws, many.Plan.chunk)
    few, block = drawn(plan, 50), drawn(plan, program.BLOCK)
    buffers = plan.program.buffers()
    speed = rate(lambda: plan.program(block, buffers), program.BLOCK)
    say("GPUs, failures, checkpoints, FLOP", speed, "mlsysim", rate(lambda: mlsysim_loop(few), 50))
    got, other = plan.program(few, buffers)["flop_s"], np.array(mlsysim_loop(few))
    apart = np.max(np.abs(got / other - 1))
    print(f"{'  and differs from mlsysim by':<44} {apart:13.0e} relative at most")


def memory(draws: int, plan: many.Plan) -> None:
    """Peak memory of many draws, against that of a chunk."""
    many.run(many.Plan(plan.graph, plan.distributions, plan.chunk))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, clock = time.perf_counter(), time.process_time()
    meter = many.Meter()
    many.run(many.Plan(plan.graph, plan.distributions, draws), progress=meter)
    meter.close()
    wall, busy = time.perf_counter() - start, time.process_time() - clock
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{f'{draws:,} draws, one process':<44} {wall:9,.1f} s, of which {busy:,.1f} computing")
    print(f"{'  peak memory':<44} {after:9,.0f} MB, after one chunk {before:,.0f} MB")


def main(draws: int = 1_000_000) -> None:
    """Measure all of it."""
    plan = many.Plan(factory.graph(), factory.distributions(), many.Plan.chunk)
    memory(draws, plan)  # first, before others' arrays
    chain("chain without surfaces (limit 1,000,000)", algebraic(plan))
    chain("the whole chain", plan)
    say("drawing the inputs", rate(lambda: drawn(plan, program.BLOCK), program.BLOCK))
    say("drawing, chain, moments and sketches", rate(lambda: many.run(plan), plan.draws, 1.0))
    shared()


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000)
