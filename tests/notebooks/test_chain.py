"""From a changed number anywhere to a red test that names the chapter and the command.

In a copy of the project with a chapter of its own made by the scaffold, one number is changed at a
time: in a data file, a model, a stored output, the text, a figure. The chapters of the book take
part through their hashes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from chapter_text import ROOT, chapters

from aifactory import data

SAMPLE = "sample"
COPIED = ("aifactory", "data", "notebooks", "pyproject.toml", "_toc.yml")
CLAIMS = "sample-one,sample,1,quantity,A sample claim.,True if it is.\n"
MODEL = '''"""A model of the sample chapter."""


def double(x):
    """Twice x."""
    return 2.0 * x
'''
CELL = """
The next cell doubles the size of a household and counts rows of a table.

```{code-cell} ipython3
book.say("sample-double", growth.double(figure("FIGURE").central))
book.say("sample-rows", len(table("TABLE")))
print(growth.double(4))
```

They are {glue:text}`sample-double` and {glue:text}`sample-rows`.
"""


class Tree:
    """A copy of the project, to change one number in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("COV_", "PYTEST_"))},
            "PYTHONPATH": str(root),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:randomly",
            *arguments,
        )  # fmt: skip

    def in_step(self) -> subprocess.CompletedProcess[str]:
        """What `make test` asks first of every chapter."""
        return self.pytest("tests/notebooks/test_in_step.py", "-k", "come_from_what_is_here")

    def fresh(self, chapter: str) -> subprocess.CompletedProcess[str]:
        """A chapter run afresh against its stored outputs, as `make test` does."""
        stem = chapter.replace("-", "_")
        return self.pytest(
            "--nbval", "--nbval-current-env", f"notebooks/{stem}.ipynb", "tests/docs"
        )

    def kept(self, chapter: str) -> dict:
        path = self.root / "notebooks" / f"{chapter.replace('-', '_')}.ipynb"
        return json.loads(path.read_text(encoding="utf-8"))["metadata"]["aifactory"]


def bump(text: str, pattern: str) -> str:
    """Change the digit that ends the first match of a pattern to another."""
    match = re.search(pattern, text)
    assert match, f"nothing matches {pattern}"
    at = match.end() - 1
    return text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    root = tmp_path_factory.mktemp("a tree")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    skip = shutil.ignore_patterns("__pycache__", "test_chain.py", "test_scaffold.py")
    shutil.copytree(ROOT / "tests" / "notebooks", root / "tests" / "notebooks", ignore=skip)
    shutil.copy(ROOT / "tests" / "conftest.py", root / "tests")
    (root / "tests" / "docs").mkdir()
    made = Tree(root)
    with (root / "data" / "claims.csv").open("a", encoding="utf-8") as file:
        file.write(CLAIMS)
    for step in (["data", "lock"], ["new", SAMPLE]):
        done = made.run("-m", "aifactory", *step)
        assert done.returncode == 0, done.stderr
    return made


def some_figure() -> str:
    """A figure that was seen in its source."""
    figures = data.figures()
    return figures[figures["verification"] == "seen"]["figure_id"].iloc[0]


def some_table() -> str:
    """A small table of numbers, kept as text."""
    paths = {n: ROOT / "data" / f"{n}.csv" for n in data.names() if "/" in n}
    small = {n: p.stat().st_size for n, p in paths.items() if p.is_file()}
    return min(small, key=lambda n: small[n])


@pytest.fixture(scope="module")
def grown(tree) -> Tree:
    """The tree when its chapter uses a table, a figure and a model."""
    (tree.root / "aifactory" / "models" / SAMPLE / "growth.py").write_text(MODEL)
    path = tree.root / "notebooks" / f"{SAMPLE}.md"
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        "from aifactory.data import claim, source\n",
        "from aifactory.data import claim, figure, source, table\n"
        "from aifactory.models.sample import growth\n",
    )
    cell = CELL.replace("FIGURE", some_figure()).replace("TABLE", some_table())
    path.write_text(text.replace("There is no result yet.\n", cell.lstrip()), encoding="utf-8")
    done = tree.run("-m", "aifactory", "execute", SAMPLE)
    assert done.returncode == 0, done.stderr
    return tree


def test_a_new_chapter_passes_every_test(tree):
    done = tree.pytest("tests/notebooks", "-k", SAMPLE)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 20
    assert "notebooks/sample\n" in (tree.root / "_toc.yml").read_text()


def test_all_is_green_before_anything_changes(grown):
    done = grown.in_step()
    assert done.returncode == 0, done.stdout
    done = grown.fresh(SAMPLE)
    assert done.returncode == 0, done.stdout


def data_file(tree, chapter):
    """A digit of the first table that the chapter reads and that is kept as text."""
    descriptor = json.loads((tree.root / "data" / "datapackage.json").read_text())
    paths = {r["name"]: r["path"] for r in descriptor["resources"]}
    read = [paths[name] for name in tree.kept(chapter)["tables"]]
    path = next(p for p in read if p.endswith(".csv"))
    return tree.root / "data" / path, r"\n(?:.*\n)*?.*?,\d"


def model(tree, chapter):
    """A number in the first model of the chapter."""
    modules = tree.kept(chapter)["modules"]
    found = [m for m in modules if "/models/" in m and not m.endswith("__init__.py")]
    return tree.root / found[0], r"\b\d+(?:\.\d)?"


def stored_output(tree, chapter):
    """A digit that the notebook holds as printed or drawn."""
    path = tree.root / "notebooks" / f"{chapter.replace('-', '_')}.ipynb"
    return path, r'"(?:text|text/plain)": \[?\s*"[^"\n]*?\d'


def text_only(tree, chapter):
    """A year or line number in the text, in no cell of code."""
    return (
        tree.root / "notebooks" / f"{chapter.replace('-', '_')}.md",
        r"\n(?:Lines?|A plant of|If every GPU-hour trained, a plant of) \d",
    )


def figure(tree, chapter):
    """The central value of the first figure that the chapter reads."""
    name = next(iter(tree.kept(chapter)["figures"]))
    return tree.root / "data" / "figures.csv", rf'\n{name},(?:"[^"]*"|[^,]*),[\d.]*,\d'


# What is said of each, and which are tried at once: text is held to be the notebook's only where
# nothing else has changed.
SAID = {
    data_file: "table ", model: "module ", figure: "figure ", stored_output: "edited by hand",
    text_only: "its text and",
}  # fmt: skip
TOGETHER = [(data_file, model, figure, stored_output), (text_only,)]


@pytest.mark.parametrize("changes", TOGETHER, ids=lambda c: c[0].__name__)
def test_one_changed_number_is_told_with_chapter_and_command(grown, changes):
    everyone = [SAMPLE, *[c.id for c in chapters()]]
    places = dict(change(grown, chapter) for chapter in everyone for change in changes)
    before = {path: path.read_bytes() for path in places}
    try:
        for path, pattern in places.items():
            path.write_text(bump(before[path].decode(), pattern), encoding="utf-8")
        done = grown.in_step()
    finally:
        for path, content in before.items():
            path.write_bytes(content)
    assert done.returncode == 1, done.stdout
    for chapter in everyone:
        told = [line for line in done.stdout.splitlines() if line.startswith(f"{chapter}: ")]
        assert all(f"run: make execute CHAPTER={chapter}" in line for line in told)
        for change in changes:
            assert any(SAID[change] in line for line in told), (chapter, SAID[change], told)


def test_a_stored_output_that_a_fresh_run_does_not_give_is_told(grown):
    path = grown.root / "notebooks" / f"{SAMPLE}.ipynb"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace('"8.0\\n"', '"9.0\\n"'), encoding="utf-8")
    try:
        done = grown.fresh(SAMPLE)
    finally:
        path.write_text(before, encoding="utf-8")
    assert done.returncode == 1, done.stdout
    assert (
        "sample: a fresh run gives other outputs than sample.ipynb holds; "
        "run: .venv/bin/python -m aifactory execute --force sample" in done.stdout
    )
