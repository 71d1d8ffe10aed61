"""The scripts and styles of the site: Vega from vl-convert, and our own without comments; and pages
without blanks that mean nothing."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import rcssmin
import rjsmin
import vl_convert
from sphinx.application import Sphinx

from aifactory import charts, files
from aifactory.publish.html import is_shown


def vega_script() -> str:
    """Vega, Vega-Lite and vega-embed as one classic script, from the vl-convert package.

    It is an immediately called function, not a module: browsers refuse modules from a disk. Its
    console passes errors alone: Vega-Lite warns of layouts that are meant.
    """
    hooks = "window.vegaEmbed = vegaEmbed;"
    swap = f"window.bookSwap = {json.dumps(charts.DARK)};"
    bundle = vl_convert.javascript_bundle(hooks, vl_version=charts.VEGA_LITE)
    quiet = "{ ...window.console, warn() {}, info() {}, log() {}, debug() {} }"
    return f"((console) => {{\n{bundle}\n}})({quiet});\n{swap}\n"


def _digest() -> str:
    """What the script depends on: vl-convert, the colours, and this file."""
    parts = [vl_convert.__version__, json.dumps(charts.DARK), Path(__file__).read_text()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _write_assets(app: Sphinx, error: Exception | None) -> None:
    if error or not is_shown(app):
        return
    static = Path(app.outdir) / "_static"
    target, stamp = static / "vega.js", static / ".vega-version"
    version = _digest()
    if not target.exists() or not stamp.exists() or stamp.read_text() != version:
        static.mkdir(parents=True, exist_ok=True)
        target.write_text(vega_script(), encoding="utf-8")
        stamp.write_text(version)


OWN = Path(__file__).parent / "theme" / "static"


def _shrink(app: Sphinx, error: Exception | None) -> None:
    """Publish our own scripts and styles without comments and blanks: each page loads them."""
    if error or not is_shown(app):
        return
    for kind, shorter in (("css", rcssmin.cssmin), ("js", rjsmin.jsmin)):
        for source in sorted(OWN.glob(f"*.{kind}")):
            text = shorter(source.read_text(encoding="utf-8"))
            files.write_text(Path(app.outdir) / "_static" / source.name, text + "\n")


KEPT = re.compile(r"(<(pre|script|style|textarea)\b.*?</\2>)", re.S)
INDENT = re.compile(r"^[ \t]+(?=<)", re.M)
ROWS = re.compile(r"(?<=>)\s+(?=</?(?:table|thead|tbody|tr|th|td)\b)")


def unindented(body: str) -> str:
    """HTML without blanks where they mean nothing: at a line's start, between cells of a table."""
    pieces = KEPT.split(body)  # text, what is kept, its tag, text …
    pieces[::3] = [ROWS.sub("", INDENT.sub("", text)) for text in pieces[::3]]
    del pieces[2::3]
    return "".join(pieces)


def _lighten(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    if is_shown(app) and "body" in context:
        context["body"] = unindented(context["body"])


def setup(app: Sphinx) -> None:
    """Write them when the pages are done."""
    app.connect("html-page-context", _lighten, priority=900)
    app.connect("build-finished", _write_assets)
    app.connect("build-finished", _shrink)
