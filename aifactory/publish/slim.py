"""Markup without ballast: a chapter has some three hundred cells, and each counts.

Code goes into the page as plain text in one element; the page's script colours it without adding
elements (CSS Custom Highlights). The containers that myst-nb puts round cells, inputs and outputs
are unwrapped, and classes that no style uses are dropped. A heading with a label of its own is
known by that label alone: the ids that Sphinx makes up ("model", "id7") move when text is added.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

from aifactory.publish.html import escape, escape_code

PYTHON = ("python", "python3", "ipython", "ipython3", "py")
SHELL = ("sh", "bash", "shell", "console")


class Fold(SphinxPostTransform):
    """Fold the code of every cell: the page reads as an argument, its code one click away."""

    default_priority = 198  # just before myst-nb folds what is tagged
    formats: ClassVar[tuple[str, ...]] = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Tag every cell, and wrap the model code that chapters include."""
        for node in list(self.document.findall(nodes.container)):
            if node.get("nb_element") == "cell_code" and not node.get("hide_mode"):
                node["hide_mode"] = "input"
                node["prompt_show"] = node["prompt_hide"] = ""
        for node in list(self.document.findall(nodes.literal_block)):
            if "source" in node and not isinstance(node.parent, HideCodeCellNode):
                folded = HideCodeCellNode(prompt_show="", prompt_hide="")
                folded["summary"] = f"Show the model: {_subject(node.astext())}"
                node.replace_self(folded)
                folded.append(node)


def _subject(code: str) -> str:
    """The functions and classes that a piece of code defines."""
    return ", ".join(re.findall(r"^(?:def|class) (\w+)", code, re.MULTILINE)) or "code"


class Unwrap(SphinxPostTransform):
    """Take myst-nb's containers away, keep what they hold, and join code folded in a row."""

    default_priority = 300  # after myst-nb has chosen the outputs and folded the code
    formats: ClassVar[tuple[str, ...]] = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Unwrap every container that belongs to a notebook's cell."""
        for node in list(self.document.findall(nodes.container)):
            if node.get("nb_element") or node.get("mime_type"):
                node.replace_self(node.children)
        for node in self.document.findall(nodes.raw):
            if "cell_output" in node["classes"]:  # each would get an element of its own round it
                node["classes"] = []
        for node in list(self.document.findall(HideCodeCellNode)):
            before = node.parent[node.parent.index(node) - 1] if node.parent.index(node) else None
            if isinstance(before, HideCodeCellNode) and before.get("summary") == node.get(
                "summary"
            ):
                before.extend(node.children)
                node.parent.remove(node)


class OwnLabels(SphinxTransform):
    """Give labelled sections their label as their only id, before tables of contents are made."""

    default_priority = 700

    def apply(self, **kwargs: Any) -> None:
        """Drop made-up ids where there is an explicit one."""
        explicit = {
            self.document.nameids.get(name)
            for name, given in self.document.nametypes.items()
            if given
        }
        for section in self.document.findall(nodes.section):
            own = [i for i in section["ids"] if i in explicit]
            if own:
                section["ids"] = own


_BALLAST = (
    (re.compile(r'<span class="(?:pasted-text|std std-ref|std std-term|doc)">(.*?)</span>'), r"\1"),
    (re.compile(r' class="(?:reference internal|simple|tex2jax_ignore mathjax_ignore)"'), ""),
    (re.compile(r'<a class="reference external" '), "<a "),
    (re.compile(r'<math display="inline">'), "<math>"),
    (re.compile(r'<tr style="text-align: left;">'), "<tr>"),
    (re.compile(r'<table class="dataframe facts">'), '<table class="facts">'),
)


def _visit_code(self: Any, node: nodes.literal_block) -> None:
    if node.rawsource != node.astext():  # has markup of its own inside
        HTML5Translator.visit_literal_block(self, node)
        return
    language = node.get("language", "")
    kind = "python" if language in PYTHON else "shell" if language in SHELL else ""
    output = "output" in node.get("classes", [])
    label = f' class="{"output" if output else kind or "plain"}"'
    self.body.append(f"<pre{label}>{escape_code(node.rawsource.rstrip())}</pre>\n")
    raise nodes.SkipNode


def _depart_code(self: Any, node: nodes.literal_block) -> None:
    HTML5Translator.depart_literal_block(self, node)


def _visit_folded(self: Any, node: HideCodeCellNode) -> None:
    summary = escape(node.get("summary", "Show the code"))
    self.body.append(f'<details class="code"><summary>{summary}</summary>')


def _depart_folded(self: Any, node: HideCodeCellNode) -> None:
    self.body.append("</details>\n")


def _visit_citation(self: Any, node: nodes.citation) -> None:
    self.body.append(self.starttag(node, "div", classes=["citation"]))


def _depart_citation(self: Any, node: nodes.citation) -> None:
    self.body.append("</div>\n")


def slim_page(app: Sphinx, page: str, template: str, context: dict[str, Any], _: Any) -> None:
    """Drop classes and wrappers that no style uses."""
    for part in ("body", "toc"):
        for pattern, kept in _BALLAST:
            context[part] = pattern.sub(kept, context.get(part) or "")


def setup(app: Sphinx) -> None:
    """Register the transforms, the visitors and the last pass over a page."""
    app.add_transform(OwnLabels)
    app.connect("html-page-context", slim_page)
    app.add_post_transform(Fold)
    app.add_post_transform(Unwrap)
    app.add_node(nodes.literal_block, override=True, html=(_visit_code, _depart_code))
    app.add_node(nodes.citation, override=True, html=(_visit_citation, _depart_citation))
    app.add_node(HideCodeCellNode, override=True, html=(_visit_folded, _depart_folded))
