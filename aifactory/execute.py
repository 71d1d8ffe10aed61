"""Run chapters, keep the pair CHAPTER.md / CHAPTER.ipynb in step, and tell when it is not.

A chapter is edited as MyST text and published from its executed notebook. The notebook remembers,
as content hashes in its metadata, what its outputs came from: its code cells, the package's modules
that were loaded, and the tables, figures and claims that were read. `check` compares them with what
is there now. File times play no part, as a checkout resets them.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from aifactory import data, files
from aifactory.verdicts import chapter_path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
CELL_TIMEOUT_S = 300
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PROVENANCE = (
    "from aifactory import book as _b; import json as _j; print(_j.dumps(_b.provenance()))"
)


class ChapterError(Exception):
    """A chapter that can't be run or isn't in step; the message names it and the remedy."""


def chapters(notebooks: Path = NOTEBOOKS) -> list[str]:
    """Ids of all chapters, from the texts in `notebooks/`."""
    return sorted(p.stem.replace("_", "-") for p in notebooks.glob("*.md"))


def remedy(chapter: str) -> str:
    """The command that brings a chapter up to date."""
    return f"run: make execute CHAPTER={chapter}"


def digest(*parts: str | bytes) -> str:
    """A short hash of texts, in order."""
    h = hashlib.sha256()
    for part in parts:
        h.update(part.encode() if isinstance(part, str) else part)
        h.update(b"\0")
    return h.hexdigest()[:16]


def code_of(nb: NotebookNode) -> list[str]:
    return [c.source for c in nb.cells if c.cell_type == "code"]


def read_text(chapter: str, notebooks: Path) -> NotebookNode:
    """The chapter's text as a notebook without outputs. Raises ChapterError if there is none."""
    path = chapter_path(chapter, notebooks).with_suffix(".md")
    if not path.is_file():
        known = ", ".join(chapters(notebooks)) or "none"
        raise ChapterError(f"{path.name}: no such chapter; there are: {known}")
    return jupytext.read(path)


def _read_stored(chapter: str, notebooks: Path) -> NotebookNode | None:
    path = chapter_path(chapter, notebooks)
    if not path.is_file():
        return None
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        raise ChapterError(f"{path.name} is not a notebook ({error}); {remedy(chapter)}") from error


def hashes(code: Iterable[str], used: dict[str, list[str]], root: Path = ROOT) -> dict[str, Any]:
    """Content hashes of all that a chapter's outputs came from; "missing" where it is gone."""

    def module(name: str) -> str:
        path = root / name
        return digest(path.read_bytes()) if path.is_file() else "missing"

    def datum(kind: str, name: str) -> str:
        try:
            return data.fingerprint(kind, name)[:16]
        except data.UnknownName:
            return "missing"
        except data.DataError as error:  # changed under its own hash: `data check` says more
            return f"broken: {type(error).__name__}"

    found: dict[str, Any] = {"code": digest(*code)}
    found["modules"] = {m: module(m) for m in used["modules"]}
    for kind in ("tables", "figures", "claims"):
        found[kind] = {n: datum(kind, n) for n in used[kind]}
    return found


def _outputs_digest(nb: NotebookNode) -> str:
    outputs = [c.outputs for c in nb.cells if c.cell_type == "code"]
    return digest(json.dumps(outputs, sort_keys=True, ensure_ascii=False))


def _prose(nb: NotebookNode) -> list[tuple[str, str]]:
    return [(c.cell_type, c.source.rstrip()) for c in nb.cells]


def check(chapter: str, notebooks: Path = NOTEBOOKS) -> list[str]:
    """What has changed since a chapter was executed: messages with chapter and remedy, or none."""
    stored, text = _read_stored(chapter, notebooks), read_text(chapter, notebooks)
    name, fix = chapter_path(chapter, notebooks).name, remedy(chapter)
    if stored is None or "aifactory" not in stored.metadata:
        return [f"{chapter}: {name} has not been executed; {fix}"]
    kept = stored.metadata["aifactory"]
    kinds = ("modules", "tables", "figures", "claims")
    if not {"code", "outputs", *kinds} <= set(kept if isinstance(kept, dict) else ()) or not all(
        isinstance(kept[k], dict) for k in kinds
    ):
        return [f"{chapter}: {name} does not say what its outputs came from; {fix}"]
    used = {k: list(kept[k]) for k in kinds}
    now = hashes(code_of(text), used)
    changed = ["its code"] if now["code"] != kept["code"] else []
    for kind in used:
        changed += [f"{kind[:-1]} {n}" for n, h in kept[kind].items() if now[kind][n] != h]
    messages = [f"{chapter}: {c} changed after {name} was executed; {fix}" for c in changed]
    if not changed and _prose(text) != _prose(stored):
        messages.append(f"{chapter}: its text and {name} differ; {fix}")
    if _outputs_digest(stored) != kept["outputs"]:
        messages.append(f"{chapter}: an output in {name} was edited by hand; {fix}")
    return messages


def _faults(nb: NotebookNode) -> list[str]:
    """Outputs that no published chapter may hold: errors, and anything on stderr."""
    found = []
    for i, cell in enumerate(nb.cells):
        for out in cell.get("outputs", []):
            if out.output_type == "error":
                found.append(f"cell {i}: {out.ename}: {out.evalue}")
            elif out.output_type == "stream" and out.name == "stderr":
                found.append(f"cell {i} wrote to stderr: {out.text.strip()[:300]}")
    return found


async def _run(
    nb: NotebookNode, folder: Path, tick: Callable[[int, int], None]
) -> dict[str, list[str]]:
    """Execute `nb` in place in a fresh kernel; returns what the kernel used of the book."""
    from nbclient import NotebookClient

    total = len(code_of(nb))
    client = NotebookClient(
        nb,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        shutdown_kernel="immediate",  # taking a chapter apart object by object takes a second
        resources={"metadata": {"path": str(folder)}},
    )
    async with client.async_setup_kernel():
        done = 0
        for index, cell in enumerate(nb.cells):
            if cell.cell_type == "code":
                await client.async_execute_cell(cell, index)
                done += 1
                tick(done, total)
        probe = nbformat.v4.new_code_cell(_PROVENANCE)
        nb.cells.append(probe)
        await client.async_execute_cell(probe, len(nb.cells) - 1)
        nb.cells.pop()
    return json.loads("".join(o.text for o in probe.outputs if o.output_type == "stream"))


def _tidy(nb: NotebookNode, kept: dict[str, Any]) -> NotebookNode:
    """Only what is the same on every machine stays in the notebook."""
    for i, cell in enumerate(nb.cells):
        cell["id"] = f"cell-{i:03d}"
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "jupytext": {"formats": "ipynb,md:myst"},
            "aifactory": kept,
        }
    )
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nb


def _write(path: Path, nb: NotebookNode) -> None:
    """Replace the notebook whole, or not at all."""
    nbformat.validate(nb)
    text = json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    files.write_text(path, text)


def _sync(text: NotebookNode, stored: NotebookNode) -> NotebookNode:
    """New prose around the stored outputs: the code cells are the same and in the same order."""
    outputs = iter([c for c in stored.cells if c.cell_type == "code"])
    for cell in text.cells:
        if cell.cell_type == "code":
            old = next(outputs)
            cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return _tidy(text, stored.metadata["aifactory"])


def _stored_bytes(chapter: str, notebooks: Path) -> int:
    """Size of the chapter's notebook: what has most to show takes longest, or nearly so."""
    path = chapter_path(chapter, notebooks)
    return path.stat().st_size if path.is_file() else 0


async def _bring_up(chapter: str, notebooks: Path, force: bool, say: Callable[[str], None]) -> str:
    text, stored = read_text(chapter, notebooks), _read_stored(chapter, notebooks)
    path = chapter_path(chapter, notebooks)
    problems = check(chapter, notebooks)
    if not problems and not force:
        return "up to date"
    if stored is not None and not force and all("its text and" in p for p in problems):
        _write(path, _sync(text, stored))
        return "prose synced, outputs kept"

    def tick(done: int, total: int) -> None:
        if done == total or done % 10 == 0:
            say(f"{chapter}: {done}/{total} cells")

    tick(0, len(code_of(text)))
    try:
        used = await _run(text, notebooks, tick)
    except Exception as error:  # whatever the kernel or the cell raises, told without its colours
        raise ChapterError(f"{chapter}: {_ANSI.sub('', str(error)).strip()}") from error
    if faults := _faults(text):
        raise ChapterError(f"{chapter}: not stored, as " + "; ".join(faults))
    kept = hashes(code_of(text), used)
    _write(path, _tidy(text, {**kept, "outputs": _outputs_digest(text)}))
    return "executed"


def execute(
    names: Iterable[str] = (),
    *,
    notebooks: Path = NOTEBOOKS,
    jobs: int | None = None,
    force: bool = False,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr),
) -> dict[str, str]:
    """Bring chapters up to date, in parallel; returns what was done to each.

    Runs only what changed, unless `force`, longest first: `jobs` at a time, without it one more
    than there are processors, as kernels wait for their next cell now and then. All chapters are
    tried before a ChapterError that names each failed one is raised; a failed chapter's stored
    notebook stays as it was.
    """
    wanted = list(names) or chapters(notebooks)
    todo = sorted(wanted, key=lambda name: -_stored_bytes(name, notebooks))
    gate = asyncio.Semaphore(jobs or (os.cpu_count() or 1) + 1)

    async def one(name: str) -> str:
        async with gate:
            return await _bring_up(name, notebooks, force, say)

    async def everything() -> list[str | BaseException]:
        return await asyncio.gather(*(one(n) for n in todo), return_exceptions=True)

    results = asyncio.run(everything())
    failed = [r for r in results if isinstance(r, BaseException)]
    for result in failed:
        if not isinstance(result, ChapterError):
            raise result
    if failed:
        raise ChapterError("\n".join(str(r) for r in failed))
    done = dict(zip(todo, results, strict=True))
    return {name: str(done[name]) for name in wanted}
