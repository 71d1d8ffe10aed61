"""What can catch a fault: the project's own checks, called as `make test` calls them.

Each is a name, as pytest has it, and a function that says whether it is red. Where a test is a thin
wrapper around a function of the package, the function is called. They are tried from the cheapest
up, and the first that is red counts. Runs in a child of the worker, in the scratch copy.
"""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

HASH = "tests/data/test_data_package.py::test_hash_and_size_are_those_of_the_file"
WHOLE = "tests/data/test_data_package.py::test_the_book_s_own_check_finds_no_fault"
FRICTIONLESS = "tests/data/test_data_package.py::test_frictionless_finds_no_fault"
IN_STEP = "tests/notebooks/test_in_step.py::test_stored_outputs_come_from_what_is_here"
LOCK = "python -m aifactory data lock"
NBVAL = "pytest --nbval"
AFRESH = "a fresh run, as pytest --nbval makes, of"  # in this process, without a kernel
UNCHANGED = "the outputs of an unchanged run, as pytest --nbval compares them, of"
SITE = "make site (Sphinx, warnings are errors)"
SLOW = "mlsysim"  # a test that installs another project to compare with: a minute a fault
NOTEBOOKS = [
    f"tests/notebooks/test_{name}.py" for name in ("structure", "results", "typed_numbers")
]
Red = Callable[[], "str | bool"]
Check = tuple[str, Red]


# --- running pytest ------------------------------------------------------------------------------


class First:
    """A pytest plugin: stops at the first failure and keeps its name; no shrinking, no memory."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_sessionstart(self) -> None:
        from hypothesis import Phase, settings

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile(
            "attack", settings.get_profile("book"), phases=phases, database=None
        )
        settings.load_profile("attack")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid.split("[")[0]

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid.split("[")[0]


def pytest_red(*arguments: str) -> str:
    """The first red test of a run in this process, or an empty string."""
    import pytest

    first = First()
    options = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist",
               "-p", "no:cov", "--hypothesis-seed=0"]  # fmt: skip
    code = pytest.main([*options, *arguments], plugins=[first])
    if code in (0, 5):
        return ""
    return first.name or f"pytest ends with {code}"


def tests(*arguments: str) -> Check:
    return arguments[0], partial(pytest_red, *arguments)


# --- the package's own checks --------------------------------------------------------------------


def changed_bytes(file: str) -> bool:
    """Whether a file of the data package isn't what datapackage.json says."""
    from aifactory import data, errors

    data.forget()
    try:
        pack = data.package()
        for name, entry in pack.resources.items():
            if f"data/{entry['path']}" == file:
                data.check_bytes(pack, name)
    except errors.DataError:
        return True
    return False


def whole() -> bool:
    from aifactory import data, datacheck

    data.forget()
    return bool(datacheck.check())


def ill_formed(name: str) -> bool:
    """Whether frictionless finds a fault in a table."""
    from frictionless import Package

    from aifactory import data

    data.forget()
    pack = Package(str(data.folder() / "datapackage.json"))
    return not pack.get_resource(name).validate().valid


def stale(chapters: list[str]) -> bool:
    """Whether a chapter isn't in step with what it came from."""
    from aifactory import data, execute

    data.forget()
    return any(execute.check(stem.replace("_", "-")) for stem in chapters)


def launder(file: str, chapters: list[str]) -> str:
    """Make all hashes agree with a fault by the editor's own tools; what refuses, if one does.

    `data lock` for data, then each chapter's metadata and pair as `execute` would write them, but
    without running anything.
    """
    from aifactory import data, datacheck, execute
    from aifactory.errors import DataError

    data.forget()
    if file.startswith("data/"):
        try:
            datacheck.lock()
        except DataError:
            return LOCK
        data.forget()
    for stem in chapters:
        try:
            rehash(execute, stem.replace("_", "-"))
        except Exception as error:
            return f"python -m aifactory execute ({type(error).__name__})"
    return ""


def rehash(execute: Any, chapter: str) -> None:
    """A chapter's notebook as after a run that gave the stored outputs."""
    text = execute.read_text(chapter, execute.NOTEBOOKS)
    stored = execute._read_stored(chapter, execute.NOTEBOOKS)
    kept = stored.metadata["aifactory"]
    used = {k: list(kept[k]) for k in ("modules", "tables", "figures", "claims")}
    now = execute.hashes(execute.code_of(text), used)
    stored.metadata["aifactory"] = {**now, "outputs": execute._outputs_digest(stored)}
    path = execute.chapter_path(chapter, execute.NOTEBOOKS)
    execute._write(path, execute._sync(text, stored))


def other_outputs(file: str, original: Path) -> bool:
    """Whether nbval, given the outputs of an unchanged run, finds that the stored ones differ.

    Only for edits of outputs: code and data are as they were, so a fresh run gives what it gave.
    """
    here, fresh = (json.loads(path.read_text(encoding="utf-8")) for path in (Path(file), original))
    return [_compared(c) for c in here["cells"]] != [_compared(c) for c in fresh["cells"]]


def nbval_red(file: str) -> bool:
    """Whether pytest with nbval, as `make test` calls it, is red for a chapter: a minute or so."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--nbval",
               "--nbval-current-env", file]  # fmt: skip
    code = subprocess.run(command, capture_output=True).returncode
    if code not in (0, 1):
        raise RuntimeError(f"pytest --nbval {file} ends with {code}")
    return code == 1


def _compared(cell: dict[str, Any]) -> list[Any]:
    """Of a cell's outputs, what nbval compares: all that is shown, by type."""
    return [[o.get("data"), o.get("text")] for o in cell.get("outputs", [])]


# --- a fresh run ---------------------------------------------------------------------------------


def run_afresh(stem: str) -> list[list[str]]:
    """What each code cell of a chapter shows when it runs now, in this process."""
    return list(cells_afresh(stem))


def cells_afresh(stem: str) -> Iterator[list[str]]:
    import jupytext
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance(display_pub_class=CapturingDisplayPublisher)
    shell.display_pub = CapturingDisplayPublisher(parent=shell)
    os.chdir("notebooks")
    book = jupytext.read(f"{stem}.md")
    for cell in (c for c in book.cells if c.cell_type == "code"):
        shell.display_pub.outputs.clear()
        done = shell.run_cell(cell.source, silent=True)
        shown = [json.dumps(o["data"], sort_keys=True, default=str)
                 for o in shell.display_pub.outputs]  # fmt: skip
        if not done.success:
            shown.append(f"error: {done.error_before_exec or done.error_in_exec!r}"[:200])
        yield shown


def differs(stem: str, baseline: Path) -> bool:
    """Whether a fresh run shows anything else than without the fault; stops where it does."""
    was = json.loads(baseline.read_text(encoding="utf-8"))
    now = cells_afresh(stem)
    try:
        return any(a != b for a, b in zip(was, now, strict=True))
    except ValueError:
        return True


# --- the site ------------------------------------------------------------------------------------


def unbuildable(doctrees: Path, out: Path) -> bool:
    """Whether Sphinx warns, with the book's own settings; texts that didn't change aren't read."""
    import shutil

    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    told: list[str] = []

    class Log:
        def write(self, text: str) -> None:
            told.append(text)

        def flush(self) -> None: ...

    if doctrees.is_dir():
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(doctrees, out)
    here = str(Path.cwd())
    if not Path("conf.py").exists():  # the book's settings, as jupyter-book passes them to Sphinx
        run = "from jupyter_book.cli.main import main; main()"
        command = [sys.executable, "-c", run, "config", "sphinx", here]
        subprocess.run(command, check=True, capture_output=True)
    with patch_docutils(here), docutils_namespace():
        app = Sphinx(here, here, str(out / "out"), str(out), "dummy", status=None,
                     warning=Log(), confoverrides={"nitpicky": True})  # fmt: skip
        texts_only(app)
        app.builder.read()
        if doctrees.is_dir():
            for name in sorted(app.env.found_docs):
                app.env.get_and_resolve_doctree(name, app.builder)
        else:
            with (out / "environment.pickle").open("wb") as file:
                pickle.dump(app.env, file, pickle.HIGHEST_PROTOCOL)
    lines = [x for x in "".join(told).splitlines() if "WARNING" in x or "ERROR" in x]
    if os.environ.get("ATTACK_DEBUG"):
        sys.stderr.write("\n".join(lines[:5]) + "\n")
    return bool(lines)


def texts_only(app: Any) -> None:
    """Leave out what draws charts and writes files: no fault of a text shows there."""
    for event in ("env-updated", "build-finished", "doctree-read", "doctree-resolved"):
        kept = [
            x
            for x in app.events.listeners[event]
            if not str(getattr(x.handler, "__module__", "")).startswith("aifactory.publish")
        ]
        app.events.listeners[event] = kept  # fmt: skip


# --- which checks a fault meets ------------------------------------------------------------------


def planned(job: dict[str, Any]) -> list[Check]:
    """The checks that a fault meets at one level, cheapest first."""
    file, kind, chapters = job["file"], job["kind"], job["chapters"]
    laundered = job["level"] == "laundered"
    if file.startswith("requirements"):
        return [tests("tests/docs/test_setup.py", "-k", "locks")]
    if file.startswith("aifactory/models/"):
        own = [tests(name, "-k", f"not {SLOW}") for name in job["tests"]]
        own += run_anew(job)
        return own if laundered else [(IN_STEP, partial(stale, chapters)), *own]
    if file.startswith("aifactory/"):
        own = [tests("tests/test_verdicts.py"), tests("tests/notebooks/test_results.py")]
        return own if laundered else [(IN_STEP, partial(stale, chapters[:1])), *own]
    return (laundered_text if laundered else planted_text)(file, kind, chapters, job)


def planted_text(file: str, kind: str, chapters: list[str], job: dict[str, Any]) -> list[Check]:
    """Checks for a fault in data, notebook or text whose hashes tell."""
    found: list[Check] = []
    if file.startswith("data/"):
        found.append((HASH, partial(changed_bytes, file)))
    if chapters:
        found.append((IN_STEP, partial(stale, chapters)))
    return found + laundered_text(file, kind, chapters, job)


def laundered_text(file: str, kind: str, chapters: list[str], job: dict[str, Any]) -> list[Check]:
    """Checks for a fault in data, notebook or text that no hash tells of."""
    found: list[Check] = []
    some = ["-k", " or ".join(chapters)] if chapters else []
    if file.startswith("data/"):
        found += data_checks(file, job)
    if file.endswith(".ipynb"):
        found.append(tests("tests/notebooks/test_results.py", *some))
        found.append(tests("tests/test_editions.py", "-k", "newest or released or versions"))
        found.append(
            (f"{NBVAL} {file}", partial(nbval_red, file))
            if job.get("fresh")
            else (f"{UNCHANGED} {file}", partial(other_outputs, file, Path(job["original"])))
        )
    elif file.startswith("notebooks/"):
        found += [tests(name, *some) for name in NOTEBOOKS]
    in_code = kind in ("a chart's field or encoding", "a what-if coefficient")
    if file.endswith(".md") and not in_code:
        found.append((WHOLE, whole))
        found.append(tests("tests/docs", "-k", "not test_command_exists and not runs and not make"
                           " and not twice and not package_outside and not bare"))  # fmt: skip
    if job["sphinx"]:
        found.append((SITE, partial(unbuildable, Path(job["doctrees"]), Path(job["out"]))))
    if not file.endswith(".ipynb"):
        found += run_anew(job)
    return found


def run_anew(job: dict[str, Any]) -> list[Check]:
    """A fresh run of the chapter that a fault touches first, where the job asks for it."""
    return [
        (f"{AFRESH} {stem}", partial(differs, stem, Path(job["baselines"]) / f"{stem}.json"))
        for stem in job.get("fresh", [])
    ]


def data_checks(file: str, job: dict[str, Any]) -> list[Check]:
    """Checks of the data package, with those of the registers for their tables.

    Of a plain table the package's own check and frictionless are asked, and not the whole module
    of tests, which would take most of the campaign's time: what only those see counts as missed.
    """
    some = ["-k", " or ".join(job["chapters"])] if job["chapters"] else []
    own = {
        "data/editions.csv": "tests/test_editions.py",
        "data/forecasts.csv": "tests/test_forecasts.py",
    }
    found: list[Check] = []
    if file in own:
        picked = "released or newest or versions or registry or sealed_anew or judged or agree"
        found.append(tests(own[file], "-k", picked))
    if file == "data/claims.csv":
        found.append(tests("tests/notebooks/test_results.py", *some))
    found.append((WHOLE, whole))
    name = Path(file).with_suffix("").as_posix().removeprefix("data/")
    if name in ("figures", "claims", "sources", "datapackage"):
        found.append(
            tests(
                "tests/data/test_data_package.py",
                "-k",
                f"not frictionless and not own_check or frictionless and {name}",
            )
        )
        found.append(tests("tests/notebooks/test_results.py", *some))
        found.append(tests("tests/data/test_rival_figures.py", "tests/test_scenario.py"))
    else:
        found.append((FRICTIONLESS, partial(ill_formed, name)))
    if name.startswith("factory/"):
        found.append(tests("tests/test_factory.py"))
    return found


# --- tests of a model ----------------------------------------------------------------------------


def tests_of_models(root: Path) -> dict[str, list[str]]:
    """For each module of aifactory/models, the tests that import it, or run it where none does."""
    modules = sorted(p for p in root.glob("aifactory/models/**/*.py") if p.stat().st_size)
    names = {".".join(p.relative_to(root).with_suffix("").parts): p for p in modules}
    reach = {name: _imports(path) & set(names) for name, path in names.items()}
    for _ in range(6):  # what is imported by what is imported
        reach = {n: found.union(*(reach[m] for m in found)) for n, found in reach.items()}
    out: dict[str, list[str]] = {}
    paths = sorted([*root.glob("tests/models/**/test_*.py"), *root.glob("tests/test_*.py")])
    direct = {p: _imports(p) & set(names) for p in paths}
    for name, path in names.items():
        own = [p for p in paths if name in direct[p]]
        own.sort(key=lambda p: (path.stem not in p.stem, p.name))
        if not own:
            own = [p for p in paths if any(name in reach[m] for m in direct[p])]
        file = path.relative_to(root).as_posix()
        out[file] = [p.relative_to(root).as_posix() for p in own]
    return out


def _imports(path: Path) -> set[str]:
    """Names that a file imports, as modules and as members of modules."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
    return found


def first_red(checks: list[Check]) -> tuple[str, list[str]]:
    """The name of the first check that is red, and those that were tried before it."""
    tried = []
    for name, red in checks:
        told = red()
        if told:
            return (told if isinstance(told, str) else name), tried
        tried.append(name)
    return "", tried


def silence() -> None:
    """Whatever checks print goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        if number == 2 and os.environ.get("ATTACK_DEBUG"):
            continue
        os.dup2(null, number)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115


def plain(name: str) -> str:
    """A check's name without what differs from machine to machine."""
    return re.sub(r"\s+", " ", name.replace(f"{Path.cwd()}/", ""))
