"""Run the campaign: `python -m tests.campaign`, or `make attack`.

The whole run writes results.csv and reports to standard error. A run that was stopped goes on where
it stopped; `--shard 1/2` takes every second fault, and the shard that finds all the others' rows
done writes the table. `--sample` and `--kind` run a part, print it and write nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from . import checks, faults
from .scratch import Scratch

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results.csv")
COLUMNS = (
    "fault", "kind", "file", "place", "before", "after", "planted_by", "planted_seconds",
    "laundered_by", "laundered_seconds", "fresh_run", "commit",
)  # fmt: skip
FRESH = 12  # every twelfth laundered fault of a chapter that no quick check sees is run afresh
LIMIT = 240  # seconds that a fault's checks may take
MODELS = "aifactory/models/"


class Worker:
    """A warm process that tries faults in the scratch copy."""

    def __init__(self, sort: str, folder: Path, *more: str) -> None:
        quiet = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        environment = {**os.environ, **quiet, "PYTHONPATH": str(folder)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.worker", sort, *more], cwd=folder,
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self._line() != "ready":
            raise RuntimeError(f"the worker for {sort} did not start")

    def _line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the worker has ended")
        return line.strip()

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin
        print(json.dumps(job), file=self.process.stdin, flush=True)
        return json.loads(self._line())

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.process.communicate()


class Campaign:
    """The scratch copy with its workers, and what is prepared in it once."""

    def __init__(
        self, root: Path, folder: Path, expensive: bool = True, kept: Path | None = None
    ) -> None:
        self.scratch = Scratch(root, folder / "copy")
        self.folder, self.copy, self.expensive = folder, folder / "copy", expensive
        self.kept = kept or folder  # chapters' outputs without a fault, for other shards too
        self.scratch.make()
        shutil.copytree(self.copy / "notebooks", folder / "notebooks")
        self.workers: dict[str, Worker] = {}
        self.prepared: dict[str, Any] = {}
        self.models = checks.tests_of_models(self.copy)
        self.uses = faults.uses(self.copy)

    def worker(self, sort: str) -> Worker:
        if sort not in self.workers:
            more = [] if self.expensive else ["briefly"]
            self.workers[sort] = Worker(sort, self.copy, *more)
        return self.workers[sort]

    def prepare(self, what: str, **job: Any) -> Any:
        """Something that the copy needs once, for instance a chapter's outputs without a fault."""
        key = json.dumps([what, job], sort_keys=True)
        if key not in self.prepared:
            sort = "code" if what in ("red", "rerun") else "texts"
            asked = {"level": "prepare", "what": what, "limit": 1800, **job}
            self.prepared[key] = self.worker(sort).ask(asked)
            if "error" in self.prepared[key]:
                raise RuntimeError(f"{what} can't be prepared: {self.prepared[key]['error']}")
        return self.prepared[key]

    def in_step(self) -> None:
        """Chapters that were behind their hashes already are brought up to them in the copy."""
        found = self.prepare("hashes", chapters=sorted(self.uses))
        if found.get("refused", True) or found["stale"]:
            raise RuntimeError(f"the chapters can't be brought into step: {found}")
        self.scratch.settle()
        self.uses = faults.uses(self.copy)

    def chapters(self, fault: faults.Fault) -> list[str]:
        """Stems of the chapters that a fault touches."""
        path = Path(fault.file)
        if fault.file.startswith("notebooks/"):
            return [path.stem]
        table = path.with_suffix("").as_posix().removeprefix("data/")
        row = fault.place.partition("(")[2].partition(")")[0]
        wanted = {"modules": fault.file, "tables": table, "claims": row, "figures": row}
        if path.name in ("datapackage.json", "sources.csv") or (not row and path.stem == "figures"):
            return sorted(self.uses)
        return [s for s, used in self.uses.items()
                if any(name in used[kind] for kind, name in wanted.items() if name)]  # fmt: skip

    def job(self, fault: faults.Fault, level: str) -> dict[str, Any]:
        """What the worker is told of a fault."""
        found: dict[str, Any] = {
            "level": level, "file": fault.file, "kind": fault.kind, "limit": LIMIT,
            "chapters": self.chapters(fault), "code": fault.file.endswith((".py", ".txt")),
            "sphinx": self.sphinx(fault),
            "original": str(self.folder / fault.file), "out": str(self.folder / "sphinx"),
            "doctrees": str(self.folder / "doctrees"), "baselines": str(self.kept),
        }  # fmt: skip
        if fault.file in self.models:
            found["tests"] = self.models[fault.file]
        return found

    def sphinx(self, fault: faults.Fault) -> bool:
        """Whether Sphinx can see a fault: it follows references, and reads no numbers."""
        role = fault.kind == "a figure in prose" and re.search(r"\{\w", fault.before)
        return self.expensive and (fault.kind == "a label or reference" or bool(role))

    def fresh(self, fault: faults.Fault) -> bool:
        """Whether chapters are run with this fault too: each mutant that tests let pass, and some
        others."""
        return self.expensive and (fault.file.startswith(MODELS) or int(fault.id, 16) % FRESH == 0)

    def hashed(self, fault: faults.Fault) -> bool:
        """Whether some hash tells of the file, so that laundering makes a difference."""
        return fault.file.startswith("data/") or bool(self.chapters(fault))

    def attack(
        self, fault: faults.Fault, levels: tuple[str, ...] = ("planted", "laundered")
    ) -> dict[str, Any]:
        """One fault at both levels."""
        sort = "code" if fault.file.endswith(".py") else "texts"
        text = (self.copy / fault.file).read_bytes().decode()
        row = {"fault": fault.id, "fresh_run": ""}
        row |= {k: getattr(fault, k) for k in ("kind", "file", "place", "before", "after")}
        to = str(self.folder / "doctrees")
        if self.sphinx(fault) and self.prepare("doctrees", to=to)["warned"]:
            raise RuntimeError("Sphinx warns of the book as it is")
        for level in levels:
            if level == "laundered" and not self.hashed(fault):
                row |= {"laundered_by": row["planted_by"], "laundered_seconds": ""}
                continue
            job = self.job(fault, level)
            if level == "laundered" and self.fresh(fault):
                # The whole factory reads most things: another chapter knows them better.
                job["fresh"] = sorted(job["chapters"], key=lambda s: s == "factory")[:1]
                if not fault.file.endswith(".ipynb"):  # of stored outputs nbval is asked
                    for stem in job["fresh"]:
                        self.baseline(stem)
            self.scratch.plant(fault.file, fault.apply(text))
            found = self.worker(sort).ask(job)
            self.scratch.restore()
            if "error" in found:
                raise RuntimeError(f"a check of {fault} fell over: {found['error']}")
            row |= {f"{level}_by": found["caught"], f"{level}_seconds": f"{found['seconds']:.2f}"}
            if job.get("fresh") and not found["caught"]:
                row["fresh_run"] = "same" if job["chapters"] else ""
            elif level == "laundered" and not found["caught"]:
                row["fresh_run"] = "not tried" if job["chapters"] else ""
        return row

    def baseline(self, stem: str) -> Path:
        """What a chapter shows without a fault."""
        path = self.kept / f"{stem}.json"
        if not path.is_file():
            self.prepare("baseline", chapter=stem, to=str(path))
        return path

    def false_alarms(self, rows: list[dict[str, str]]) -> str:
        """The first of the tests and fresh runs that caught a fault to be red without one."""
        names = {row[f"{level}_by"] for row in rows for level in ("planted", "laundered")}
        tests = sorted(n for n in names if "::" in n)
        told = self.prepare("red", tests=tests)["red"] if tests else ""
        for stem in sorted(n.split()[-1] for n in names if n.startswith(checks.AFRESH)):
            if self.prepare("rerun", chapter=stem, baseline=str(self.baseline(stem)))["differs"]:
                told = told or f"{checks.AFRESH} {stem}"
        return told

    def begin_again(self) -> None:
        """After a fault that could not be tried: a whole copy, and new workers."""
        self.close()
        self.workers = {}
        self.scratch.restore()

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()


# --- the command ---------------------------------------------------------------------------------


def commit(root: Path) -> str:
    """The commit that is attacked, marked where files differ from it."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True).stdout

    changed = "+" if git("status", "--porcelain", "--untracked-files=no").strip() else ""
    return git("rev-parse", "--short=12", "HEAD").strip() + changed


def read(path: Path) -> dict[str, dict[str, str]]:
    """Rows of finished faults from the notes of a run, by fault; a cut line is left out."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found[row["fault"]] = row
    return found


def write(rows: list[dict[str, str]], path: Path = RESULTS) -> None:
    """The table, whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    part.replace(path)


def say(row: dict[str, Any], done: int, of: int) -> None:
    by = [row[f"{level}_by"] or "SURVIVES" for level in ("planted", "laundered")]
    told = f"{row['kind']}, {row['file']}, {row['place']}: {row['before']} -> {row['after']}"
    print(f"{done}/{of} {row['fault']} {told}\n    {by[0]} | {by[1]} {row['fresh_run']}",
          file=sys.stderr, flush=True)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--sample", type=int, help="only so many faults, of all kinds in turn")
    parser.add_argument("--kind", help="only faults of this kind, or one that starts like it")
    parser.add_argument("--seed", type=int, default=faults.SEED)
    parser.add_argument("--shard", default="1/1", help="the k-th of n parts, such as 1/2")
    parser.add_argument("--notes", type=Path, help="folder of the notes of an unfinished run")
    parser.add_argument("--fault", action="append", help="only the fault of this name")
    parser.add_argument("--cheap", action="store_true", help="leave out Sphinx and fresh runs")
    parser.add_argument("--list", action="store_true", help="list the faults and stop")
    asked = parser.parse_args()
    listed = faults.mixed(faults.make(ROOT, asked.seed))
    chosen = [f for f in listed if not asked.kind or asked.kind in f.kind]
    chosen = [f for f in chosen if not asked.fault or f.id in asked.fault][: asked.sample]
    if asked.list:
        for f in chosen:
            print("\t".join((f.id, f.kind, f.file, f.place, f.before, f.after)))
        return 0
    if not chosen:
        print(f"no such faults; the kinds are: {', '.join(faults.KINDS)}", file=sys.stderr)
        return 2
    entire = len(chosen) == len(listed)
    return campaign(asked, chosen, entire)


def campaign(asked: argparse.Namespace, chosen: list[faults.Fault], entire: bool) -> int:
    """Try the chosen faults, but those that the notes of a run of this commit hold already."""
    share, of = (int(x) for x in asked.shard.split("/"))
    here = commit(ROOT)
    key = hashlib.sha256(f"{here}{asked.seed}".encode()).hexdigest()[:8]
    notes = asked.notes or Path(tempfile.gettempdir()) / f"campaign-{key}"
    notes.mkdir(parents=True, exist_ok=True)
    mine = chosen[share - 1 :: of]
    held = {k: v for p in notes.glob("*.jsonl") for k, v in read(p).items()}
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        run = Campaign(ROOT, Path(folder), expensive=not asked.cheap, kept=notes)
        try:
            run.in_step()
            with (notes / f"{share}-of-{of}.jsonl").open("a", encoding="utf-8") as file:
                for at, fault in enumerate(mine, 1):
                    if entire and fault.id in held:
                        continue
                    try:
                        held[fault.id] = run.attack(fault) | {"commit": here}
                    except (RuntimeError, OSError) as error:  # tried again by the next run
                        print(f"{fault.id} not tried: {error}", file=sys.stderr, flush=True)
                        run.begin_again()
                        continue
                    say(held[fault.id], at, len(mine))
                    if entire:
                        print(json.dumps(held[fault.id]), file=file, flush=True)
            done = _all(notes, held, chosen) if entire else []
            alarm = run.false_alarms(done)
        finally:
            run.close()
    report([held[f.id] for f in mine if f.id in held])
    if alarm:
        print(f"red without any fault: {alarm}; nothing written", file=sys.stderr)
        return 1
    if done:
        write(done)
        print(f"written: {RESULTS.relative_to(ROOT)}", file=sys.stderr)
    return 0


def _all(
    notes: Path, held: dict[str, dict[str, str]], chosen: list[faults.Fault]
) -> list[dict[str, str]]:
    """The rows of all faults, those of other shards among them, once the last is done."""
    held = held | {k: v for p in notes.glob("*.jsonl") for k, v in read(p).items()}
    return [held[f.id] for f in chosen] if all(f.id in held for f in chosen) else []


def report(rows: list[dict[str, str]]) -> None:
    """How many of each kind were caught."""
    for kind in faults.KINDS:
        own = [r for r in rows if r["kind"] == kind]
        if own:
            a, b = (sum(bool(r[f"{level}_by"]) for r in own) for level in ("planted", "laundered"))
            print(f"{kind}: {len(own)} faults, {a} caught as planted, {b} laundered")
    print(f"{len(rows)} faults; survivors: {dict(Counter(survival(r) for r in rows))}")


def survival(row: dict[str, str]) -> str:
    """caught, or the level at which a fault survives."""
    if not row["planted_by"]:
        return "as planted"
    return "caught" if row["laundered_by"] else f"laundered, fresh run {row['fresh_run'] or 'none'}"


if __name__ == "__main__":
    sys.exit(main())
