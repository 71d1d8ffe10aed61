"""Pages that no source file stands for: one a claim, one a table, and whatever else data makes.

A maker is a function of the Sphinx application that yields `Page`s; `add(app, maker)` registers it.
Their HTML may use `doc:` and `file:` addresses (see `aifactory.publish.html`), and a page made here
is addressed as `doc:` like any other. `address` makes an address absolute where the site knows its
own, and `edition` says which version of the book is being built.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

from aifactory.editions import ROOT
from aifactory.publish import citation
from aifactory.publish.html import escape, is_site, resolve

ADDRESS = "BOOK_URL"  # environment variable: where the site will stand, for absolute addresses


@dataclass(frozen=True)
class Page:
    """A page to be made: its docname, title, body and, where there are any, head and description.

    `body` is the HTML of the article with its h1; `head` goes into the page's head.
    `prev` and `next` are the docname and title of the pages before and after it.
    """

    name: str
    title: str
    body: str
    description: str = ""
    head: str = ""
    prev: tuple[str, str] | None = None
    next: tuple[str, str] | None = None


Maker = Callable[[Sphinx], Iterable[Page]]


def add(app: Sphinx, maker: Maker) -> None:
    """Have the pages of a maker written with the theme's layout, once all documents are."""

    def collect(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
        if not is_site(app):
            return
        uri, navigation = app.builder.get_target_uri, _navigation(app)
        for page in maker(app):
            body = resolve(page.body, page.name, uri)
            about = described(page.description) + resolve(page.head, page.name, uri)
            context = {"title": page.title, "body": body, "metatags": about, "made": True}
            context["toctree"] = partial(navigation, page.name)
            context |= {
                side: {"link": relative_uri(uri(page.name), uri(to[0])), "title": escape(to[1])}
                for side, to in (("prev", page.prev), ("next", page.next))
                if to
            }
            yield page.name, context, "page.html"

    app.connect("html-collect-pages", collect)


def _navigation(app: Sphinx) -> Callable[..., str]:
    """The book's contents as a page that is made shows them: the same throughout a folder."""
    held: dict[tuple[Any, ...], str] = {}

    def contents(name: str, **asked: Any) -> str:
        folder = app.builder.get_target_uri(name).rpartition("/")[0]
        key = (folder, *sorted(asked.items()))
        if key not in held:
            held[key] = app.builder._get_local_toctree(name, **asked)
        return held[key]

    return contents


def described(text: str) -> str:
    """The description of a page, for its head."""
    return f'<meta name="description" content="{escape(text)}">\n' if text else ""


def linked_data(record: dict[str, Any]) -> str:
    """A JSON-LD record for a page's head; no text in it can end the element."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return f'<script type="application/ld+json">{text.replace("<", chr(92) + "u003c")}</script>\n'


# -- where the site stands, and which edition it is -----------------------------------------------


def base(app: Sphinx) -> str:
    """The site's own address with a slash at its end, or nothing where it isn't known."""
    known = os.environ.get(ADDRESS) or app.config.html_baseurl or ""
    return known.rstrip("/") + "/" if known else ""


def address(app: Sphinx, uri: str, here: str = "index") -> str:
    """A place of the site ("claims/power-built.html#x"), absolute or seen from the page `here`."""
    if known := base(app):
        return urljoin(known, uri)
    place, mark, fragment = uri.partition("#")  # relative_uri drops what follows the mark
    return f"{relative_uri(app.builder.get_target_uri(here), place)}{mark}{fragment}"


@dataclass(frozen=True)
class Edition:
    """Version, day of its release, and the commit it is built from ("" outside a repository)."""

    version: str
    released: str
    commit: str


@cache
def edition(root: Path = ROOT) -> Edition:
    """The edition that is being built, from CITATION.cff and git."""
    book = citation.book(root)
    return Edition(book.version, book.released.isoformat(), _git(root, "rev-parse", "HEAD"))


@cache
def last_change(file: str, root: Path = ROOT) -> tuple[str, str]:
    """Commit and day of the last change to a file of the repository; "" outside of one."""
    commit, _, day = _git(root, "log", "-1", "--format=%H %cs", "--", file).partition(" ")
    return commit, day


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
