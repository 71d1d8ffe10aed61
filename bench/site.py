"""Measure the published pages in a browser, against a stock Jupyter Book page of the same chapter.

The stock page is built here from the same notebook by jupyter-book with its own theme. Its charts
are Altair's usual HTML: a script beside each that calls vega-embed as the page loads. A stock page
would fetch MathJax, vega, vega-lite and vega-embed from elsewhere; here the latter come as one file
from the same server, and what asks for another host fails at once, which favours the stock page.

Chromium runs with a processor slowed down to a quarter. LCP and CLS are those of the browser; bytes
are bodies as they are stored, not compressed, before anybody scrolls. Medians of some runs.
"""

from __future__ import annotations

import functools
import http.server
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import vl_convert
from playwright.sync_api import Browser, sync_playwright

from aifactory import charts

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "site")]

CHAPTERS = ("power", "robots")
LIMITS = {"LCP, s": 1.2, "CLS": 0.05, "requests": 25, "kB": 600, "other hosts": 0}
SLOWER, RUNS, SETTLE = 4, 3, 3000  # times, runs, milliseconds of silence before bytes are counted

OBSERVE = """
window.seen = {lcp: 0, shifts: []};
new PerformanceObserver((list) => list.getEntries().forEach((e) => { seen.lcp = e.startTime; }))
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((e) => {
  if (!e.hadRecentInput) seen.shifts.push([e.startTime, e.value]);
})).observe({type: "layout-shift", buffered: true});
"""
SCROLL = """
async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo({top: y, behavior: "instant"});
    await new Promise((done) => setTimeout(done, 150));
  }
}
"""
CONFIG = """
title: A stock book
execute: {execute_notebooks: "off"}
only_build_toc_files: true
parse: {myst_enable_extensions: [amsmath, attrs_block, attrs_inline, colon_fence, deflist, dollarmath, fieldlist]}
html: {extra_footer: ""}
sphinx:
  config:
    html_js_files: [vega.js]
    html_static_path: [own]
    suppress_warnings: ["*"]
"""  # noqa: E501


# -- the stock page -------------------------------------------------------------------------------


def stock_output(spec: dict[str, Any]) -> dict[str, str]:
    """What Altair's HTML renderer stores of a chart, with vega-embed already on the page."""
    mark = f"altair-{spec['usermeta']['name']}"
    call = f'vegaEmbed("#{mark}", {json.dumps(spec)}, {{mode: "vega-lite"}})'
    return {"text/html": f'<div id="{mark}"></div><script>{call}</script>', "text/plain": "Chart"}


def stock_book(chapter: str, folder: Path) -> Path:
    """Build one chapter with jupyter-book as it comes; the folder of its site."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if spec := output.get("data", {}).get(charts.VEGA_MIME):
                output["data"] = stock_output(spec)
    (folder / "own").mkdir(parents=True)
    nbformat.write(notebook, folder / f"{chapter}.ipynb")
    (folder / "index.md").write_text("# A stock book\n")
    (folder / "_toc.yml").write_text(
        f"format: jb-book\nroot: index\nchapters:\n- file: {chapter}\n"
    )
    (folder / "_config.yml").write_text(CONFIG)
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version="6.4")
    (folder / "own" / "vega.js").write_text(f"(() => {{\n{script}\n}})();\n")
    command = [str(ROOT / ".venv" / "bin" / "jupyter-book"), "build", ".", "-q"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    site = folder / "_build" / "html"
    if not (site / f"{chapter}.html").exists():
        raise RuntimeError(f"jupyter-book built no page of {chapter}:\n{done.stderr[-2000:]}")
    return site


# -- measuring ------------------------------------------------------------------------------------


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine."""
    from visit import Quiet

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def cls(shifts: list[tuple[float, float]]) -> float:
    """The largest sum of shifts less than 1 s apart, within 5 s: the metric's session window."""
    worst = total = 0.0
    began = last = -1e9
    for at, value in shifts:
        if at - last > 1000 or at - began > 5000:
            began, total = at, 0.0
        total, last = total + value, at
        worst = max(worst, total)
    return worst


def visit(browser: Browser, base: str, page: str) -> dict[str, float]:
    """One cold visit on a desk's screen: what loads, then a scroll to the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    tab = context.new_page()
    session = context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    asked: list[str] = []
    sizes: list[int] = []
    tab.on("request", lambda r: asked.append(r.url))
    tab.on("response", lambda r: sizes.append(int(r.headers.get("content-length", 0))))
    host = urlsplit(base).netloc
    tab.route(lambda url: urlsplit(url).netloc not in ("", host), lambda route: route.abort())
    tab.add_init_script(OBSERVE)
    tab.goto(base + page, wait_until="load", timeout=180_000)
    tab.wait_for_timeout(SETTLE)
    own = [u for u in asked if urlsplit(u).scheme in ("http", "https")]
    found = {
        "LCP, s": tab.evaluate("seen.lcp") / 1000,
        "requests": len(own),
        "kB": sum(sizes) / 1000,
        "elements": tab.evaluate("document.querySelectorAll('*').length"),
    }
    tab.evaluate(SCROLL)
    tab.wait_for_timeout(SETTLE)
    found["CLS"] = cls(tab.evaluate("seen.shifts"))
    found["other hosts"] = sum(urlsplit(u).netloc not in ("", host) for u in asked)
    context.close()
    return found


def measured(browser: Browser, folder: Path, page: str, runs: int = RUNS) -> dict[str, float]:
    """Medians over some visits of a page."""
    with served(folder) as base:
        visits = [visit(browser, base, page) for _ in range(runs)]
    return {key: statistics.median(v[key] for v in visits) for key in visits[0]}


COLUMNS = ("LCP, s", "CLS", "requests", "kB", "elements", "other hosts")


def line(what: str, values: dict[str, float], form: str = "{:>12,.2f}") -> str:
    """One row of the table."""
    return f"{what:<28}" + "".join(form.format(values[c]) for c in COLUMNS)


def main(runs: int = RUNS) -> int:
    """Print one table; 1 if a limit is missed."""
    from conftest import provide_browser
    from visit import ARGUMENTS

    missed = []
    print(f"Pages, processor {SLOWER}x slower, medians of {runs} runs")
    print(f"{'':<28}" + "".join(f"{c:>12}" for c in COLUMNS))
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(executable_path=provide_browser(), args=ARGUMENTS)
        pages = {"index": "index.html"} | {c: f"notebooks/{c}.html" for c in CHAPTERS}
        for name, page in pages.items():
            ours = measured(browser, SITE, page, runs)
            print(line(name, ours))
            missed += [f"{name}: {k} above {v}" for k, v in LIMITS.items() if ours[k] > v]
            if name in CHAPTERS:
                stock = stock_book(name, Path(folder) / name)
                theirs = measured(browser, stock, f"{name}.html", runs)
                ratios = {c: ours[c] / theirs[c] if theirs[c] else float("nan") for c in COLUMNS}
                print(line("  stock Jupyter Book", theirs))
                print(line("  ours to stock", ratios))
        browser.close()
    print(f"{'limit':<28}" + "".join(f"{LIMITS.get(c, ''):>12}" for c in COLUMNS))
    print("\n".join(missed) if missed else "All limits are kept.")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
