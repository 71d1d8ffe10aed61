"""Build the site from nothing, again after a line of prose, and with ever more chapters.

Everything happens in a clone of the last commit, so that the files here stay as they are and no
drawing is there before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from aifactory import charts
from bench import reproduce, stock
from bench.chapters import COPIED, COPIES
from bench.rows import LONG, ROOT, Found, Group, Row, growing, grown

BOOK = [stock.JUPYTER_BOOK, "build", ".", "-W", "--keep-going", "-n", "-q"]
SPHINX = [sys.executable, "-m", "sphinx", "-q", ".", "_build/html"]
PROSE = "book/methods.md"

FULL = Row("Site built from nothing", "s", "stock Jupyter Book", limit=120)
MEMORY = Row("Site built from nothing: peak memory of a process", "MB", "stock Jupyter Book")
AGAIN = Row("Site rebuilt after one line of prose", "s", "built from nothing", limit=15)
GROWTH = growing("build by chapters", f"Build of a small book with {{}} × chapter {COPIED}", "s",
                 COPIES)  # fmt: skip

CONF = """
extensions = ["myst_nb", "aifactory.publish"]
project = html_title = "A small book"
copyright = "2026, nobody"
html_theme, html_math_renderer = "aifactory", "mathml"
nb_execution_mode = "off"
myst_enable_extensions = ["amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist",
                          "dollarmath", "fieldlist"]
exclude_patterns = ["_build"]
suppress_warnings = ["*"]
def setup(app):
    left_out = tuple(f"aifactory.publish.{n}" for n in ("datapages", "crate", "bibliography"))
    for name, found in app.events.listeners.items():
        keep = lambda one: one.handler.__module__ not in left_out and name != "html-collect-pages"
        found[:] = filter(keep, found)
"""


def build(folder: Path, command: list[str]) -> tuple[float, float]:
    """Build a book: seconds, and the peak memory in MB of the largest process.

    Raises RuntimeError, with the end of what it said, if the build fails.
    """
    where = str(folder if (folder / "aifactory").is_dir() else ROOT)
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": where},
            stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if process.returncode or not (folder / "_build" / "html" / "index.html").is_file():
            raise RuntimeError(said.read()[-150:])
    return took, used.ru_maxrss * 1024 / 1e6


def measure(quick: bool) -> Iterator[Found]:
    """The whole book, with every process at the first build; then one line more."""
    with tempfile.TemporaryDirectory() as temporary:
        book, plain = Path(temporary) / "book", Path(temporary) / "stock"
        stock.write(plain, contents())
        peer, peer_memory = build(plain, stock.BUILD)
        reproduce.clone(book, "HEAD")
        full, memory = build(book, BOOK)
        yield Found(FULL.what, [full], peer)
        yield Found(MEMORY.what, [memory], peer_memory)
        took: list[float] = []
        while not took or (not quick and len(took) < 3 and took[0] < LONG):
            with (book / PROSE).open("a", encoding="utf-8") as page:
                page.write("\nOne more line.\n")
            took.append(build(book, BOOK)[0])
        yield Found(AGAIN.what, took, full)


def contents() -> list[Path]:
    """Every page that people write, in the book's order."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    files = [ROOT / chapter["file"] for part in parts for chapter in part["chapters"]]
    both = [f.with_suffix(kind) for f in files for kind in (".ipynb", ".md")]
    found = [path for path in both if path.is_file()]
    return [p for p in found if p.suffix == ".ipynb" or not p.with_suffix(".ipynb").exists()]


# --- more chapters -------------------------------------------------------------------------------


def renamed(text: str, number: int) -> str:
    """A notebook's text with other names for its charts, which name files."""
    outputs = [out for cell in json.loads(text)["cells"] for out in cell.get("outputs", [])]
    specs = [out["data"].get(charts.VEGA_MIME) for out in outputs if "data" in out]
    names = "|".join(re.escape(spec["usermeta"]["name"]) for spec in specs if spec)
    return re.sub(rf"(?<![\w-])(fig-)?({names})(?![\w-])", rf"\g<0>-{number}", text)


def small_book(folder: Path, count: int) -> None:
    """The sources of a book with one chapter, and copies of it, for its chapters."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "copies").mkdir()
    text = (ROOT / "notebooks" / f"{COPIED}.ipynb").read_text(encoding="utf-8")
    names = [f"notebooks/{COPIED}"]
    (folder / f"{names[0]}.ipynb").write_text(text, encoding="utf-8")
    for number in range(2, count + 1):  # apart: what lies in notebooks/ is known by its name
        names.append(f"copies/{COPIED}_{number}")
        (folder / f"{names[-1]}.ipynb").write_text(renamed(text, number), encoding="utf-8")
    listed = "\n".join(names)
    (folder / "index.md").write_text(f"# A small book\n\n```{{toctree}}\n{listed}\n```\n")
    (folder / "conf.py").write_text(CONF)


def growth(quick: bool) -> Iterator[Found]:
    """Builds from nothing of a book with one chapter, two, four, and drawings for all of them.

    Pages of tables, claims and citations are left out: they cost the same in each.
    """

    def sized(sizes: Iterable[int]) -> Iterator[tuple[int, list[float]]]:
        for count in sizes:
            with tempfile.TemporaryDirectory() as temporary:
                small_book(Path(temporary), count)
                yield count, [build(Path(temporary), SPHINX)[0]]

    yield from grown(GROWTH, sized(COPIES[:2] if quick else COPIES))


GROUPS = (
    Group("builds", (FULL, MEMORY, AGAIN), measure, 900),
    Group("builds", GROWTH, growth, 600),
)
