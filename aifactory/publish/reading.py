"""What helps to read and to run a chapter: its head, files beside the page, glossary tooltips.

The head of a chapter says how long it takes to read, when its outputs were last verified, and how
to run it. Links to Binder, Colab, GitHub's editor and its form for errors appear only where the
theme's option `repository_url` names a repository there; without one nothing speaks of issues.
Definitions of the glossary go into one small script, which a page fetches when a reader first comes
to a link to a term.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from aifactory import files
from aifactory.publish import directives, pages
from aifactory.publish.html import block, escape, is_site, resolve

FOLDER = "notebooks"
WORDS_A_MINUTE = (
    238  # silent reading of English non-fiction: Brysbaert 2019, 10.1016/j.jml.2019.104047
)
_GITHUB = re.compile(r"https?://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def prose_words(doctree: nodes.document) -> int:
    """Words of headings and paragraphs: not of code, tables, equations, charts or verdict boxes."""
    found = doctree.findall(
        lambda n: (
            isinstance(n, (nodes.title, nodes.paragraph)) and not isinstance(n.parent, nodes.entry)
        )
    )
    return sum(len(node.astext().split()) for node in found)


def duration(words: int) -> str:
    """How long so many words take, to five minutes where it's more than ten."""
    minutes = max(1, round(words / WORDS_A_MINUTE))
    if minutes > 10:
        minutes = 5 * round(minutes / 5)
    return f"About {minutes} minute{'s' if minutes > 1 else ''} to read"


def day(iso: str) -> str:
    """An ISO date as people write it."""
    found = dt.date.fromisoformat(iso)
    return f"{found.day} {found:%B %Y}"


def repository(app: Sphinx) -> tuple[str, str]:
    """Owner and name of the repository at GitHub, and its branch; "" where none is configured."""
    options = app.config.html_theme_options or {}
    found = _GITHUB.fullmatch(str(options.get("repository_url") or ""))
    return (found[1] if found else "", str(options.get("repository_branch") or "main"))


def head(app: Sphinx, docname: str, doctree: nodes.document) -> str:
    """The lines below a chapter's title."""
    source = Path(app.srcdir)
    commit, on = pages.last_change(f"{docname}.ipynb", source)
    verified = ""
    if on:
        verified = (
            f'<span>Run and checked <time datetime="{on}">{day(on)}</time>, '
            f'commit <code title="{commit}">{commit[:7]}</code></span>'
        )
    links = [
        f'<a href="file:{docname}{end}" download>{end}</a>'
        for end in (".ipynb", ".md")
        if (source / f"{docname}{end}").exists()
    ]
    project, branch = repository(app)
    if project:
        links += [
            f'<a href="https://mybinder.org/v2/gh/{project}/{branch}?urlpath=lab%2Ftree%2F'
            f'{docname.replace("/", "%2F")}.ipynb">Binder</a>',
            f'<a href="https://colab.research.google.com/github/{project}/blob/{branch}/'
            f'{docname}.ipynb">Colab</a>',
        ]
    chapter = docname.rpartition("/")[2].replace("_", "-")
    time = duration(prose_words(doctree))
    return (
        f'<div class="chapter-head"><p><span>{time}</span>{verified}</p>'
        f'<p class="chapter-run"><span><a href="doc:book/rerun">Run this chapter</a>: '
        f"<code>make run CHAPTER={chapter}</code></span>{''.join(links)}</p></div>"
    )


def edit_url(app: Sphinx, docname: str) -> str:
    """Where the page's source can be edited, or nothing."""
    project, branch = repository(app)
    if not project:
        return ""
    file = Path(app.env.doc2path(docname, base=False)).with_suffix(".md").as_posix()
    return f"https://github.com/{project}/edit/{branch}/{file}"


def report_url(app: Sphinx) -> str:
    """Where an error can be reported, or nothing."""
    project, _ = repository(app)
    return f"https://github.com/{project}/issues/new/choose" if project else ""


class ReportError(directives.BookDirective):
    """`report-error`: how to say that something is wrong; nothing where no repository is known."""

    def run(self) -> list[nodes.Node]:
        url = report_url(self.env.app)
        if not url:
            return []
        said = (
            "If you think that a figure is wrong or a verdict unfair, please say so with a source"
        )
        return [block(f'<p>{said}: <a href="{escape(url)}">Report an error</a>.</p>', f"{said}.")]


def _add_head(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if not is_site(app):
        return
    context["report_url"] = report_url(app)
    if doctree is None:
        return
    context["edit_url"] = edit_url(app, page)
    if page.startswith(f"{FOLDER}/") and str(app.env.doc2path(page)).endswith(".ipynb"):
        lines = resolve(head(app, page, doctree), page, app.builder.get_target_uri)
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{lines}", 1)


# -- files of the site ----------------------------------------------------------------------------


def definitions(app: Sphinx) -> dict[str, str]:
    """Every term of the book's glossaries: the id of its place -> what it means."""
    terms = {
        label: docname
        for (kind, _), (docname, label) in app.env.get_domain("std").objects.items()
        if kind == "term"
    }
    found = {}
    for docname in sorted(set(terms.values())):
        for item in app.env.get_doctree(docname).findall(nodes.definition_list_item):
            text = " ".join(d.astext() for d in item.findall(nodes.definition))
            ids = [i for term in item.findall(nodes.term) for i in term["ids"]]
            found |= {i: " ".join(text.split()) for i in ids if i in terms}
    return dict(sorted(found.items()))


def _write_files(app: Sphinx, error: Exception | None) -> None:
    """The glossary's script, and each chapter's two files beside its page."""
    if error or not is_site(app):
        return
    out = Path(app.outdir)
    script = f"bookTerms({json.dumps(definitions(app), ensure_ascii=False)});\n"
    files.write_text(out / "_static" / "glossary.js", script)
    for docname in sorted(app.env.found_docs):
        if not docname.startswith(f"{FOLDER}/"):
            continue
        for source in (Path(app.srcdir) / f"{docname}{end}" for end in (".ipynb", ".md")):
            target = out / FOLDER / source.name
            if source.exists() and not _same(source, target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


def _same(source: Path, target: Path) -> bool:
    return target.exists() and target.read_bytes() == source.read_bytes()


def setup(app: Sphinx) -> None:
    """Register the head of chapters and the files."""
    app.add_directive("report-error", ReportError)
    app.connect("html-page-context", _add_head)
    app.connect("build-finished", _write_files)
