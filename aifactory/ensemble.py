"""The factory graph over any number of draws: in this process, or on a Dask cluster.

Draws come in chunks, each with a random stream of its own, and a chunk leaves a summary behind:
whole numbers and exact sums, which add up to the same in any order. So the result is the same bit
for bit whatever the number of workers, and in whatever order they finish; memory does not grow with
the number of draws; and a run that was broken off goes on from the parts that are on disk.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import math
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from aifactory.errors import DataError
from aifactory.files import atomically, write_text
from aifactory.models.factory import program
from aifactory.models.factory.graph import CONSTANTS, Graph
from aifactory.sketch import ERROR, Sketch
from aifactory.uncertainty import Distribution, held

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
CONNECT_SECONDS = 10.0
CHUNKS_A_PART = 8  # what a worker does at a time, and what an interruption may lose
_PROBES = np.concatenate([[1e-9, 1e-6, 1e-4], np.arange(1, 256) / 256, [1 - 1e-4, 1 - 1e-6]])

Progress = Callable[[int, int], None]


class OtherPlan(DataError):
    """A folder that holds the results of another plan."""


class ClusterError(DataError):
    """A cluster that can't be reached, or whose workers can't do this work."""


@dataclass(frozen=True)
class Plan:
    """What to draw: inputs of a graph by their distributions, for the steps `wanted`.

    By default these are its outputs, which are summed up by moments and quantiles, and its claims,
    which are counted. Chunk number k draws from PCG64DXSM seeded by (seed, k). Limits of the
    inputs hold for all draws. Raises ValueError for numbers below 1, an unknown step or an input
    without a distribution.
    """

    graph: Graph
    distributions: Mapping[str, Distribution]
    draws: int
    seed: int = 1
    chunk: int = 131_072
    wanted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.draws < 1 or self.chunk < 1 or self.seed < 0:
            raise ValueError("an ensemble needs a draw or more, chunks of one or more, a seed >= 0")
        steps = {node.name: node for node in self.graph.nodes}
        names = self.wanted or tuple(n for n in steps if steps[n].kind in ("output", "claim"))
        unknown = [name for name in names if name not in steps]
        if unknown or not names:
            raise ValueError(f"the graph has no step {unknown[0]!r}" if unknown else "no outputs")
        object.__setattr__(self, "wanted", names)
        missing = [name for name in self.inputs if name not in self.distributions]
        if missing:
            raise ValueError(f"the input {missing[0]!r} has no distribution")

    @functools.cached_property
    def program(self) -> program.Program:
        """The graph, compiled."""
        return program.compiled(self.graph, self.wanted)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Inputs that the wanted steps need, in the order in which they are drawn."""
        return self.program.inputs

    @functools.cached_property
    def laws(self) -> dict[str, Distribution]:
        """Distributions of those inputs, held to their limits, in the same order."""
        limits = {i.name: (i.least, i.most) for i in self.graph.inputs}
        return {name: held(self.distributions[name], *limits[name]) for name in self.inputs}

    @functools.cached_property
    def outputs(self) -> tuple[str, ...]:
        """Wanted steps that are summed up."""
        return tuple(n for n in self.wanted if self.graph.node(n).kind != "claim")

    @functools.cached_property
    def claims(self) -> tuple[str, ...]:
        """Wanted steps that are counted."""
        return tuple(n for n in self.wanted if self.graph.node(n).kind == "claim")

    @property
    def parts(self) -> int:
        """Number of parts: what is done at a time, and kept in one file."""
        return -(-self.draws // (self.chunk * CHUNKS_A_PART))

    def chunks(self, part: int) -> range:
        """Chunks of a part."""
        last = -(-self.draws // self.chunk)
        return range(part * CHUNKS_A_PART, min((part + 1) * CHUNKS_A_PART, last))

    def size(self, chunk: int) -> int:
        """Draws in a chunk: the last may be smaller."""
        return min(self.chunk, self.draws - chunk * self.chunk)

    def share(self, part: int) -> int:
        """Draws in a part."""
        return sum(map(self.size, self.chunks(part)))

    @functools.cached_property
    def key(self) -> str:
        """Hash of all that the result depends on: formulas, laws, limits, draws, seed, numpy."""
        needed = self.graph.upstream(self.wanted)
        text = {
            "constants": {name: value for name, (value, _) in CONSTANTS.items()},
            "formulas": [(n.name, n.kind, n.formula) for n in self.graph.nodes if n.name in needed],
            "inputs": [
                (i.name, i.least, i.most, self.distributions[i.name].ppf(_PROBES).tolist())
                for i in self.graph.inputs
                if i.name in needed
            ],
            "numbers": [self.draws, self.seed, self.chunk, program.BLOCK, CHUNKS_A_PART],
            "wanted": self.wanted,
            "numpy": np.__version__,
        }
        return hashlib.sha256(json.dumps(text).encode()).hexdigest()


# --- one chunk -----------------------------------------------------------------------------------


@dataclass
class Summary:
    """What draws leave behind, in numbers that add up exactly.

    Sums, squares' sums, extremes and sketches by output; `together` (claims, claims) counts the
    draws in which both claims hold (each claim's own count in the diagonal), `how_many` (claims +
    1,) those in which that many hold.
    """

    draws: int
    sums: list[Fraction]
    squares: list[Fraction]
    least: np.ndarray
    most: np.ndarray
    sketches: list[Sketch]
    together: np.ndarray
    how_many: np.ndarray

    @classmethod
    def empty(cls, outputs: int, claims: int) -> Summary:
        """Before the first draw."""
        return cls(
            0,
            [Fraction()] * outputs,
            [Fraction()] * outputs,
            np.full(outputs, np.inf),
            np.full(outputs, -np.inf),
            [Sketch() for _ in range(outputs)],
            np.zeros((claims, claims), dtype=np.int64),
            np.zeros(claims + 1, dtype=np.int64),
        )

    def merge(self, other: Summary) -> None:
        """Add the draws of another summary."""
        self.draws += other.draws
        self.sums = [a + b for a, b in zip(self.sums, other.sums, strict=True)]
        self.squares = [a + b for a, b in zip(self.squares, other.squares, strict=True)]
        self.least = np.minimum(self.least, other.least)
        self.most = np.maximum(self.most, other.most)
        for own, more in zip(self.sketches, other.sketches, strict=True):
            own.merge(more)
        self.together = self.together + other.together
        self.how_many = self.how_many + other.how_many

    def fill(self, outputs: Mapping[str, np.ndarray], claims: list[np.ndarray]) -> None:
        """Add a block of draws. Raises ValueError for a result that is not finite."""
        for at, (name, x) in enumerate(outputs.items()):
            x = np.ascontiguousarray(x, dtype=float)
            with np.errstate(over="ignore", invalid="ignore"):
                total, square = float(x.sum()), float((x * x).sum())
            if not math.isfinite(square):
                raise ValueError(f"{name} is not finite in each draw")
            self.sums[at] += Fraction(total)
            self.squares[at] += Fraction(square)
            self.least[at] = min(self.least[at], x.min())
            self.most[at] = max(self.most[at], x.max())
            self.sketches[at].fill(x)
        if claims:
            held = np.stack([x if x.dtype == bool else x > 0.5 for x in claims])
            count = held.sum(axis=0, dtype=np.intp)
            self.how_many += np.bincount(count, minlength=len(claims) + 1)
            self.together += _pairs(held)

    def pack(self) -> dict[str, np.ndarray]:
        """The summary as arrays without objects."""
        items = [sketch.items() for sketch in self.sketches]
        return {
            "draws": np.array(self.draws),
            "sums": np.array([str(s) for s in self.sums], dtype=np.str_),
            "squares": np.array([str(s) for s in self.squares], dtype=np.str_),
            "least": self.least,
            "most": self.most,
            "together": self.together,
            "how_many": self.how_many,
            "sizes": np.array([len(bins) for bins, _ in items], dtype=np.int64),
            "bins": np.concatenate([np.zeros(0, np.int64), *(bins for bins, _ in items)]),
            "counts": np.concatenate([np.zeros(0, np.int64), *(counts for _, counts in items)]),
        }

    @classmethod
    def unpack(cls, arrays: Mapping[str, np.ndarray]) -> Summary:
        """The summary that `pack` gave. Raises KeyError or ValueError for what it didn't."""
        ends = np.cumsum(arrays["sizes"])[:-1]
        pairs = zip(np.split(arrays["bins"], ends), np.split(arrays["counts"], ends), strict=True)
        return cls(
            int(arrays["draws"]),
            [Fraction(str(s)) for s in arrays["sums"]],
            [Fraction(str(s)) for s in arrays["squares"]],
            arrays["least"],
            arrays["most"],
            [Sketch.of_items(*pair) for pair in pairs] if len(arrays["sizes"]) else [],
            arrays["together"],
            arrays["how_many"],
        )


def _pairs(held: np.ndarray) -> np.ndarray:
    """How often each two of some claims (claims, draws) hold together, counted 64 draws a time."""
    bits = np.packbits(held, axis=1)
    words = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)
    found = np.zeros((len(held), len(held)), dtype=np.int64)
    for at, row in enumerate(words):
        found[at, at:] = np.bitwise_count(words[at:] & row).sum(axis=1, dtype=np.int64)
    return found + np.triu(found, 1).T


def blocks(plan: Plan, chunk: int) -> Iterator[dict[str, np.ndarray]]:
    """The wanted steps of a chunk's draws, a block at a time; each holds until the next."""
    seed = np.random.SeedSequence(plan.seed, spawn_key=(chunk,))
    rng = np.random.Generator(np.random.PCG64DXSM(seed))
    buffers = plan.program.buffers()
    left = plan.size(chunk)
    while left:
        n = min(left, program.BLOCK)
        values = {name: law.draw(n, rng) for name, law in plan.laws.items()}
        yield plan.program(values, buffers)
        left -= n


def simulate(plan: Plan, part: int, keep: Path | None = None) -> Summary:
    """Draw a part's chunks and sum them up; their draws go to Parquet files in `keep`, if given.

    Raises ValueError for a result that is not finite.
    """
    found = Summary.empty(len(plan.outputs), len(plan.claims))
    for chunk in plan.chunks(part):
        kept: list[dict[str, np.ndarray]] = []
        for values in blocks(plan, chunk):
            found.fill({n: values[n] for n in plan.outputs}, [values[n] for n in plan.claims])
            if keep is not None:
                kept.append({n: np.array(values[n]) for n in plan.wanted})
        if keep is not None:
            columns = {n: np.concatenate([block[n] for block in kept]) for n in plan.wanted}
            _write_parquet(keep / f"{chunk:07d}.parquet", columns)
    found.draws = plan.share(part)
    return found


# --- all of them ---------------------------------------------------------------------------------


def run(
    plan: Plan,
    scheduler: str | None = None,
    folder: Path | None = None,
    keep_draws: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Draw all of a plan; `progress` is told how many of how many draws are done.

    `scheduler` is the address of a Dask scheduler whose workers hold this package ("tcp://…"). In
    `folder` each part's summary is kept as it is finished, and one that is there already is not
    worked out again; with `keep_draws` the draws are kept, too, where the workers must see the
    folder. Raises OtherPlan for a folder of another plan, ClusterError, and ValueError for a
    result that is not finite or draws to be kept without a folder.
    """
    if keep_draws and folder is None:
        raise ValueError("draws can only be kept in a folder")
    keep = None
    if folder is not None:
        folder = folder.absolute()
        _claim(folder, plan)
        keep = folder / "draws" if keep_draws else None
        if keep is not None:
            keep.mkdir(exist_ok=True)
    total = Summary.empty(len(plan.outputs), len(plan.claims))
    missing = []
    for part in range(plan.parts):
        found = _stored(folder, plan, part, keep) if folder is not None else None
        if found is None:
            missing.append(part)
        else:
            total.merge(found)
    work = _here(plan, missing, keep) if scheduler is None else _there(
        plan, missing, keep, scheduler
    )  # fmt: skip
    with contextlib.closing(work):
        for part, found in work:
            if folder is not None:
                _store(folder, part, found)
            total.merge(found)
            if progress is not None:
                progress(total.draws, plan.draws)
    return total


Work = Generator[tuple[int, Summary], None, None]


def _here(plan: Plan, parts: Iterable[int], keep: Path | None) -> Work:
    for part in parts:
        yield part, simulate(plan, part, keep)


def _there(plan: Plan, parts: Iterable[int], keep: Path | None, scheduler: str) -> Work:
    """Parts in the order in which a cluster finishes them, a few a thread on their way at a time.

    Dask gives a lost worker's parts to another.
    """
    from distributed import CancelledError, Client, KilledWorker, as_completed

    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler at {scheduler}: {error}") from None
    with client:
        # As a task, so that workers that come later, or again, can have it as well.
        shared = client.submit(_same, plan, key=f"plan-{plan.key}")
        waiting = iter(parts)

        def submit(part: int) -> Any:
            return client.submit(_numbered, shared, part, keep, pure=False, retries=3)

        running = as_completed(
            [submit(part) for part in itertools.islice(waiting, 4)], loop=client.loop
        )
        for future in running:
            try:
                part, found = future.result()
            except (ImportError, AttributeError) as error:
                raise ClusterError(
                    f"a worker can't do this work: {error}. Start the workers from this project."
                ) from None
            except (KilledWorker, CancelledError) as error:
                raise ClusterError(f"the cluster lost the work: {error}") from None
            future.release()
            if keep is not None and not _kept(keep, plan, part):
                raise ClusterError(f"the workers don't write to this machine's {keep}")
            yield part, found
            threads = sum(client.nthreads().values())
            room = max(2 * threads, 4) - running.count()
            for part in itertools.islice(waiting, max(room, 0)):
                running.add(submit(part))


def _same(plan: Plan) -> Plan:
    return plan


def _numbered(plan: Plan, part: int, keep: Path | None) -> tuple[int, Summary]:
    return part, simulate(plan, part, keep)


# --- on disk -------------------------------------------------------------------------------------


def _write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    atomically(path, lambda at: pq.write_table(pa.table(dict(columns)), at))


def _claim(folder: Path, plan: Plan) -> None:
    """Make a folder this plan's, or see that it is."""
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    path = folder / "plan.json"
    if path.is_file():
        try:
            other = json.loads(path.read_text(encoding="utf-8"))["key"]
        except (ValueError, KeyError, TypeError):
            other = None
        if other == plan.key:
            return
        raise OtherPlan(f"{folder} holds another plan's results; name another folder or delete it")
    if any((folder / "parts").iterdir()):
        raise OtherPlan(
            f"{folder} holds parts of an unknown plan; name another folder or delete it"
        )
    write_text(path, json.dumps(_described(plan) | {"key": plan.key}, indent=1) + "\n")


def _part_path(folder: Path, part: int) -> Path:
    return folder / "parts" / f"{part:07d}.npz"


def _store(folder: Path, part: int, summary: Summary) -> None:
    def write(at: Path) -> None:
        with at.open("wb") as file:
            np.savez_compressed(file, **summary.pack())

    atomically(_part_path(folder, part), write)


_BROKEN = (
    OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def _stored(folder: Path, plan: Plan, part: int, keep: Path | None) -> Summary | None:
    """A part's summary from disk; None where it is missing or broken, or its draws are."""
    try:
        with np.load(_part_path(folder, part), allow_pickle=False) as arrays:
            found = Summary.unpack({name: arrays[name] for name in arrays.files})
    except _BROKEN:
        return None
    whole = found.draws == plan.share(part) and (keep is None or _kept(keep, plan, part))
    return found if whole else None


def _kept(keep: Path, plan: Plan, part: int) -> bool:
    return all((keep / f"{chunk:07d}.parquet").is_file() for chunk in plan.chunks(part))


# --- what came out -------------------------------------------------------------------------------


def _described(plan: Plan) -> dict[str, Any]:
    return {
        "draws": plan.draws, "seed": plan.seed, "chunk": plan.chunk, "inputs": len(plan.inputs),
        "outputs": list(plan.outputs), "claims": list(plan.claims),
    }  # fmt: skip


def report(plan: Plan, summary: Summary) -> dict[str, Any]:
    """The summary as plain numbers: what summary.json holds.

    Quantiles are within a share `relative_error` of the exact ones; `sd` is that of a sample.
    """
    n = summary.draws
    outputs = {}
    for at, name in enumerate(plan.outputs):
        node = plan.graph.node(name)
        mean = summary.sums[at] / n
        spread = max(summary.squares[at] - n * mean**2, Fraction()) / max(n - 1, 1)
        held = np.clip(
            summary.sketches[at].quantile(np.array(QUANTILES)), summary.least[at], summary.most[at]
        )
        outputs[name] = {
            "what": node.what, "unit": node.unit, "mean": float(mean),
            "sd": math.sqrt(float(spread)), "min": float(summary.least[at]),
            "max": float(summary.most[at]),
            **{f"p{100 * q:02.0f}": float(x) for q, x in zip(QUANTILES, held, strict=True)},
        }  # fmt: skip
    held_in = np.diag(summary.together)
    claims = {}
    for name, count in zip(plan.claims, held_in, strict=True):
        node = plan.graph.node(name)
        claims[name] = {
            "claim": node.claim, "part": node.part, "edition": node.edition, "what": node.what,
            "draws": int(count), "probability": int(count) / n,
        }  # fmt: skip
    return {
        "plan": _described(plan) | {"key": plan.key},
        "relative_error": ERROR,
        "outputs": outputs,
        "claims": claims,
        "joint": {
            "all_hold": int(summary.how_many[-1]) / n if plan.claims else None,
            "how_many": summary.how_many.tolist(),
            "together": summary.together.tolist(),
        },
    }


def write(plan: Plan, summary: Summary, folder: Path) -> list[Path]:
    """Write summary.json and summary.parquet (quantiles, a row each) into a folder."""
    found = report(plan, summary)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "summary.json", folder / "summary.parquet"]
    write_text(paths[0], json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    rows = [
        (name, row["unit"], q, row[f"p{100 * q:02.0f}"], found["relative_error"])
        for name, row in found["outputs"].items()
        for q in QUANTILES
    ]
    columns = ("output", "unit", "probability", "value", "relative_error")
    _write_parquet(paths[1], {c: [row[at] for row in rows] for at, c in enumerate(columns)})
    return paths


# --- progress ------------------------------------------------------------------------------------


@dataclass
class Meter:
    """Progress on standard error once work has taken `after` seconds: a bar on a terminal, else
    a line for each tenth."""

    after: float = 2.0
    start: float = field(default_factory=time.monotonic)
    bar: Any = None
    shown: int = 0

    def __call__(self, done: int, total: int) -> None:
        took = time.monotonic() - self.start
        if took < self.after:
            return
        if sys.stderr.isatty():
            if self.bar is None:
                from tqdm import tqdm

                self.bar = tqdm(total=total, unit="draw", unit_scale=True, leave=False)
            self.bar.update(done - self.bar.n)
        elif done * 10 // total > self.shown:
            self.shown = done * 10 // total
            sys.stderr.write(f"{done:,} of {total:,} draws after {took:.0f} s\n")

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
