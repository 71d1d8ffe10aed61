"""The whole factory's ensemble against slower ways to the same numbers, and how it grows.

Speeds are draws a second of one core by the clock of the process, the best of several goes.
"""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

import mlsysim
import numpy as np

from aifactory import ensemble as many
from aifactory import factory
from aifactory.models.factory import formula, program
from aifactory.models.factory.graph import CONSTANTS, Graph, Input, Node
from aifactory.uncertainty import from_range
from bench.rows import Found, Group, Row, growing, grown, peak_mb

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


DRAWS = 800_000
SIZES = (200_000, 400_000, 800_000)


def speed(what: str, peer: str, limit: float | None = None) -> Row:
    """A row of draws a second."""
    return Row(what, "draws/s", peer, limit=limit, higher_is_better=True)


ALGEBRAIC = speed("Chain without fitted surfaces", "a loop in Python", 1e6)
ALGEBRAIC_NUMPY = speed("Chain without fitted surfaces (as above)", "plain numpy")
WHOLE = speed("Whole chain", "a loop in Python")
WHOLE_NUMPY = speed("Whole chain (as above)", "plain numpy")
SHARED_PART = speed("GPUs, failures, checkpoints, FLOP/s alone", "mlsysim, a draw at a time")
ALL = speed("Drawing, whole chain, moments and quantiles", "plain numpy, formulas alone")
MEMORY = Row(f"Ensemble of {DRAWS:,} draws: peak memory", "MB", "plain numpy, all draws at once")
TIMES = growing("ensemble time by draws", "Ensemble of {} draws", "s", SIZES)
PEAKS = growing("ensemble memory by draws", "Ensemble of {} draws, memory", "MB", SIZES)


def rate(act: Callable[[], object], draws: int, seconds: float = 0.5) -> float:
    """Draws a second of one core: the best of several goes within `seconds`."""
    act()
    best, start = math.inf, time.process_time()
    while time.process_time() - start < seconds:
        before = time.process_time()
        act()
        best = min(best, time.process_time() - before)
    return draws / best


def rates(act: Callable[[], object], draws: int, quick: bool) -> list[float]:
    """Three such rates, or one."""
    return [rate(act, draws) for _ in range(1 if quick else 3)]


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


def fresh_plan(draws: int = many.Plan.chunk) -> many.Plan:
    """The whole factory, as readers draw it."""
    return many.Plan(factory.graph(), factory.distributions(), draws)


def chain(plan: many.Plan, rows: tuple[Row, Row], quick: bool) -> Iterator[Found]:
    """The formulas alone, against a loop a draw at a time and a whole array a step.

    Raises ArithmeticError if the loop comes to other numbers.
    """
    few, block, whole = drawn(plan, 200), drawn(plan, program.BLOCK), drawn(plan, plan.chunk)
    ready, buffers = plan.program, plan.program.buffers()
    loop, walk = python_loop(plan.graph, plan.wanted), numpy_steps(plan.graph, plan.wanted)
    lists = {name: x.tolist() for name, x in few.items()}
    got = ready(few, buffers)
    columns = zip(plan.wanted, np.array(loop(lists), dtype=float).T, strict=True)
    for name, column in columns:
        if name in plan.outputs and not np.allclose(got[name], column, rtol=1e-9, atol=1e-300):
            raise ArithmeticError(f"{name} differs from the loop in Python")
    ours = rates(lambda: ready(block, buffers), program.BLOCK, quick)
    yield Found(rows[0].what, ours, rate(lambda: loop(lists), 200))
    yield Found(rows[1].what, ours, rate(lambda: walk(whole), plan.chunk))


def speeds(quick: bool) -> Iterator[Found]:
    """Draws a second."""
    plan = fresh_plan()
    yield from chain(algebraic(plan), (ALGEBRAIC, ALGEBRAIC_NUMPY), quick)
    yield from chain(plan, (WHOLE, WHOLE_NUMPY), quick)
    yield from shared(quick)
    block, walk = drawn(plan, plan.chunk), numpy_steps(plan.graph, plan.wanted)
    peer = rate(lambda: walk(block), plan.chunk)
    yield Found(ALL.what, rates(lambda: many.run(plan), plan.draws, quick), peer)


def shared(quick: bool) -> Iterator[Found]:
    """What mlsysim can do as well, against mlsysim; both must come to the same."""
    laws = {name: from_range(*three) for name, three in RANGES.items()}
    plan = many.Plan(SHARED, laws, many.Plan.chunk)
    few, block = drawn(plan, 50), drawn(plan, program.BLOCK)
    buffers = plan.program.buffers()
    if not np.allclose(plan.program(few, buffers)["flop_s"], mlsysim_loop(few), rtol=1e-6):
        raise ArithmeticError("mlsysim comes to other numbers")
    ours = rates(lambda: plan.program(block, buffers), program.BLOCK, quick)
    yield Found(SHARED_PART.what, ours, rate(lambda: mlsysim_loop(few), 50))


# --- memory and growth, each in a fresh process --------------------------------------------------


def apart(act: Callable[[int], tuple[float, float]], draws: int) -> tuple[float, float]:
    """Seconds and peak memory of an act in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(act, draws).result()


def book_draws(draws: int) -> tuple[float, float]:
    """Seconds, and this process's peak memory in MB, of the book's ensemble."""
    plan = fresh_plan(draws)
    start = time.perf_counter()
    many.run(plan)
    return time.perf_counter() - start, peak_mb()


def numpy_draws(draws: int) -> tuple[float, float]:
    """The same of plain numpy: all draws at once, and every step kept."""
    plan = fresh_plan(draws)
    values = drawn(plan, draws)
    start = time.perf_counter()
    numpy_steps(plan.graph, plan.wanted)(values)
    return time.perf_counter() - start, peak_mb()


def growth(quick: bool) -> Iterator[Found]:
    """Time and peak memory by draws, three runs each."""
    sizes, runs = (SIZES[:2], 1) if quick else (SIZES, 3)
    found = {n: [apart(book_draws, n) for _ in range(runs)] for n in sizes}
    yield from grown(TIMES, ((n, [s for s, _ in took]) for n, took in found.items()))
    yield from grown(PEAKS, ((n, [mb for _, mb in took]) for n, took in found.items()))
    if DRAWS in found:
        yield Found(MEMORY.what, [mb for _, mb in found[DRAWS]], apart(numpy_draws, DRAWS)[1])


GROUPS = (
    Group("ensemble", (ALGEBRAIC, ALGEBRAIC_NUMPY, WHOLE, WHOLE_NUMPY, SHARED_PART, ALL), speeds,
          300),
    Group("ensemble", (MEMORY, *TIMES, *PEAKS), growth, 300),
)  # fmt: skip
