"""What each page lets a browser run and fetch: its Content-Security-Policy, and its one script.

Scripts come from the site's own files, and one stands in the page: it sets light or dark before
anything is drawn, and is known by its hash. Nothing else in a page runs, whatever text gets into
it, nothing is evaluated (Vega runs on its interpreter, `ast: true`), and no other host is asked.
Attributes of style are allowed: Vega and the pages' own bars set widths with them.

`file:` stands beside 'self' for readers who open the pages from a disk: there Firefox takes 'self'
for nothing at all. On a web page it allows nothing, as browsers load no local file into one.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from sphinx.application import Sphinx

SCRIPT = (
    "(()=>{const root=document.documentElement;let kept;"
    'try{kept=localStorage.getItem("theme")}catch{}'  # storage can be off
    'root.dataset.theme=kept||(matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light");'
    'root.classList.add("js")})()'
)
OWN = "'self' file:"


def digest(script: str) -> str:
    """A script's source expression: its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def policy(script: str = SCRIPT) -> str:
    """The directives, for pages that hold one script."""
    allowed = {
        "default-src": "'none'",
        "script-src": f"{OWN} {digest(script)}",
        "style-src": f"{OWN} 'unsafe-inline'",
        "img-src": f"{OWN} data:",
        "font-src": OWN,
        "connect-src": OWN,
        "form-action": OWN,
        "base-uri": "'none'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


def meta() -> str:
    """The policy as an element that stands before every script and style of a head."""
    return f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'


def guard() -> str:
    """The policy and the script, as they stand in the head of each page."""
    return f"{meta()}\n<script>{SCRIPT}</script>"


def _guard(app: Sphinx, name: str, template: str, context: dict[str, Any], _: Any) -> None:
    context["guard"] = guard()


def setup(app: Sphinx) -> None:
    """Give the layout what it puts into heads."""
    app.connect("html-page-context", _guard)
