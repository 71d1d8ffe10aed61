"""Tries faults, one a child process, from a parent that has imported what takes long.

Reads jobs as lines of JSON on standard input, answers with lines of JSON. Started in the scratch
copy, whose files the caller has changed. Two sorts: `texts` has the package loaded, as no fault of
its jobs is in code; `code` hasn't, so that each child loads what is there.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from . import checks

COMMON = (
    "numpy", "pandas", "scipy.stats", "scipy.optimize", "pyarrow.parquet", "hypothesis",
    "hypothesis.extra.numpy", "pytest", "pint", "networkx",
)  # fmt: skip
CODE = (
    "psychrolib", "fluids", "ht", "CoolProp.CoolProp", "phreeqpython", "SALib", "statsmodels.api",
    "numpy_financial", "simpy", "numexpr", "highspy", "pypsa", "scipy.integrate", "scipy.sparse",
    "scipy.interpolate", "scipy.signal", "jupytext", "nbformat",
)  # fmt: skip
TEXTS = (
    "jupytext", "nbformat", "nbval.plugin", "frictionless", "pybtex.database", "yaml", "IPython",
    "altair", "vl_convert", "sphinx.application", "myst_nb", "sphinxcontrib.bibtex", "jsonschema",
    "nbclient", "typer.testing",
)  # fmt: skip


def remember(module: Any) -> None:
    """Let `tableschema.read` keep what it found of a file: the same content gives the same."""
    import hashlib

    read, kept = module.read, {}

    def remembered(path: Path, schema: Any, file: str) -> Any:
        try:
            content = Path(path).read_bytes()
        except OSError:
            return read(path, schema, file)
        told = json.dumps(schema, sort_keys=True) + file + Path(path).name
        key = hashlib.sha256(content + told.encode()).hexdigest()
        if key not in kept:
            kept[key] = read(path, schema, file)
        frame, faults = kept[key]
        return frame.copy(deep=False), list(faults)

    module.read = remembered


def warm(sort: str, briefly: bool) -> None:
    """Load what jobs of a sort need; `briefly` for a few of them, that will load it themselves."""
    for name in () if briefly else (*COMMON, *(CODE if sort == "code" else TEXTS)):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if sort == "texts":
        from aifactory import datacheck, execute, tableschema, units  # noqa: F401

        remember(tableschema)
        if not briefly:
            datacheck.check()
            units.registry()


def work(job: dict[str, Any]) -> dict[str, Any]:
    """What one job finds; runs in the child."""
    if job["level"] == "prepare":
        return prepare(job)
    start = time.perf_counter()
    if job["level"] == "laundered":
        refused = "" if job.get("code") else checks.launder(job["file"], job["chapters"])
        if refused:
            return {"caught": refused, "seconds": time.perf_counter() - start, "tried": []}
    caught, tried = checks.first_red(checks.planned(job))
    return {"caught": checks.plain(caught), "seconds": time.perf_counter() - start, "tried": tried}


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """What faults are compared with: a chapter's fresh run, Sphinx's doctrees, hashes in step."""
    if job["what"] == "baseline":
        shown = checks.run_afresh(job["chapter"])
        part = Path(f"{job['to']}.{os.getpid()}")
        part.write_text(json.dumps(shown), encoding="utf-8")
        part.replace(job["to"])
        return {"errors": sum(s.startswith("error: ") for cell in shown for s in cell)}
    if job["what"] == "doctrees":
        return {"warned": checks.unbuildable(Path("/nonexistent"), Path(job["to"]))}
    if job["what"] == "rerun":
        return {"differs": checks.differs(job["chapter"], Path(job["baseline"]))}
    if job["what"] == "red":
        return {"red": checks.pytest_red(*job["tests"])}
    refused = checks.launder("", job["chapters"])
    return {"refused": refused, "stale": checks.stale(job["chapters"])}


def child(job: dict[str, Any], pipe: int) -> None:
    os.setpgid(0, 0)
    sys.dont_write_bytecode = job["level"] != "prepare"
    checks.silence()
    try:
        found = work(job)
    except BaseException as error:  # a check that falls over has not caught anything
        found = {"caught": "", "seconds": 0.0, "tried": [], "error": repr(error)[:300]}
    os.write(pipe, json.dumps(found).encode())
    os._exit(0)


def run(job: dict[str, Any]) -> dict[str, Any]:
    """One job in a child, ended after its time."""
    start = time.perf_counter()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        child(job, writing)
    os.close(writing)
    found, end = b"", start + job["limit"]
    while (left := end - time.perf_counter()) > 0:
        ready, _, _ = select.select([reading], [], [], left)
        if not ready:
            break
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        found += piece
    os.close(reading)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if found:
        return json.loads(found)
    why = "time limit" if left <= 0 else "crash"
    return {"caught": why, "seconds": time.perf_counter() - start, "tried": []}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")  # nothing else may write there
    os.dup2(2, 1)
    warm(sys.argv[1], briefly=sys.argv[2:] == ["briefly"])
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
