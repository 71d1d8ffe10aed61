"""A stock Jupyter Book of the same content: jupyter-book with its own theme and no extension.

Its charts are Altair's usual HTML: a script beside each that calls vega-embed as the page loads. A
stock page would fetch MathJax, vega, vega-lite and vega-embed from elsewhere; here the latter come
as one file from the same server. Directives that only this book knows are left out of its pages.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import vl_convert
import yaml

from aifactory import charts
from bench.rows import ROOT

JUPYTER_BOOK = str(ROOT / ".venv" / "bin" / "jupyter-book")
BUILD = [JUPYTER_BOOK, "build", ".", "-q"]
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
DIRECTIVE = re.compile(r"^```\{(?!glossary).*?^```$", re.M | re.S)


def chart(spec: dict[str, Any]) -> dict[str, str]:
    """What Altair's HTML renderer stores of a chart, with vega-embed already on the page."""
    mark = f"altair-{spec['usermeta']['name']}"
    call = f'vegaEmbed("#{mark}", {json.dumps(spec)}, {{mode: "vega-lite"}})'
    return {"text/html": f'<div id="{mark}"></div><script>{call}</script>', "text/plain": "Chart"}


def write(folder: Path, files: list[Path]) -> None:
    """The sources of a stock book: a first page, then notebooks and texts in order."""
    (folder / "own").mkdir(parents=True)
    (folder / "index.md").write_text("# A stock book\n")
    for path in files:
        if path.suffix == ".ipynb":
            notebook = nbformat.read(path, as_version=4)
            for cell in notebook.cells:
                for output in cell.get("outputs", []):
                    if spec := output.get("data", {}).get(charts.VEGA_MIME):
                        output["data"] = chart(spec)
            nbformat.write(notebook, folder / path.name)
        else:
            (folder / path.name).write_text(DIRECTIVE.sub("", path.read_text(encoding="utf-8")))
    contents = {"format": "jb-book", "root": "index", "chapters": [{"file": p.stem} for p in files]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents))
    (folder / "_config.yml").write_text(CONFIG)
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version="6.4")
    (folder / "own" / "vega.js").write_text(f"(() => {{\n{script}\n}})();\n")
