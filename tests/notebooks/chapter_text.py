"""Chapters as the tests read them: blocks of prose, code cells and directives, by line."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})\s*\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)$")
OPTION = re.compile(r"^:(?P<key>[\w-]+):\s*(?P<value>.*)$")
# Directives whose content is prose; that of all others is not read as such.
PROSE_DIRECTIVES = {
    "note", "warning", "tip", "important", "caution", "attention", "hint", "seealso", "admonition",
    "dropdown", "margin", "sidebar", "epigraph", "list-table", "table", "topic",
}  # fmt: skip


@dataclass
class Block:
    """A piece of a chapter. `line` is where its first line stands in the file, from 1."""

    kind: str  # "prose", "heading", "label", "code" or "directive"
    line: int
    lines: list[str]
    name: str = ""  # of a directive
    argument: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def hidden(self) -> bool:
        """Whether a code cell is folded on the page, as chart code is."""
        return "hide-input" in self.options.get("tags", "")

    @property
    def length(self) -> int:
        """Lines of code that aren't blank."""
        return sum(bool(line.strip()) for line in self.lines)


@dataclass
class Chapter:
    """A chapter's text and its stored notebook."""

    stem: str

    def __str__(self) -> str:
        return self.stem

    @property
    def id(self) -> str:
        return self.stem.replace("_", "-")

    @property
    def path(self) -> Path:
        return NOTEBOOKS / f"{self.stem}.md"

    @property
    def blocks(self) -> list[Block]:
        return parse(self.path.read_text(encoding="utf-8"))

    @property
    def code(self) -> list[Block]:
        return [b for b in self.blocks if b.kind == "code"]

    @property
    def claims(self) -> list[dict[str, str]]:
        return [c for c in all_claims() if c["chapter"] == self.id]

    @property
    def notebook(self) -> dict[str, Any]:
        return json.loads(self.path.with_suffix(".ipynb").read_text(encoding="utf-8"))

    def outputs(self, mime: str) -> list[Any]:
        """What the stored notebook holds of one mime type, in order."""
        found = [o for c in self.notebook["cells"] for o in c.get("outputs", [])]
        return [o["data"][mime] for o in found if mime in o.get("data", {})]


def chapters() -> list[Chapter]:
    """Every chapter there is."""
    return [Chapter(p.stem) for p in sorted(NOTEBOOKS.glob("*.md"))]


@cache
def all_claims() -> list[dict[str, str]]:
    with (ROOT / "data" / "claims.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parse(text: str, first: int = 1) -> list[Block]:
    """The blocks of a text whose first line is line `first` of its file."""
    lines = text.split("\n")
    at = _front_matter(lines)
    blocks: list[Block] = []
    paragraph: list[str] = []

    def close() -> None:
        if paragraph:
            blocks.append(Block("prose", first + at - len(paragraph), list(paragraph)))
            paragraph.clear()

    while at < len(lines):
        line = lines[at]
        if match := FENCE.match(line):
            close()
            end = _end(lines, at, match["fence"])
            blocks += _fenced(match, lines[at + 1 : end], first + at)
            at = end
        elif re.match(r"^#{1,6} ", line):
            close()
            blocks.append(Block("heading", first + at, [line]))
        elif re.match(r"^\([\w.:-]+\)=\s*$", line):
            close()
            blocks.append(Block("label", first + at, [line.strip()[1:-2]]))
        elif line.strip():
            paragraph.append(line)
        else:
            close()
        at += 1
    close()
    return blocks


def _front_matter(lines: list[str]) -> int:
    if lines and lines[0] == "---" and "---" in lines[1:]:
        return lines.index("---", 1) + 1
    return 0


def _end(lines: list[str], at: int, fence: str) -> int:
    close = re.compile(rf"^{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    return next((i for i in range(at + 1, len(lines)) if close.match(lines[i])), len(lines))


def _fenced(match: re.Match[str], inside: list[str], line: int) -> list[Block]:
    options, skip = _options(inside)
    kind = "code" if match["name"] == "code-cell" else "directive"
    block = Block(kind, line, inside[skip:], match["name"], match["argument"].strip(), options)
    if match["name"] in PROSE_DIRECTIVES:
        return [block, *parse("\n".join(inside[skip:]), line + 1 + skip)]
    return [block]


def _options(inside: list[str]) -> tuple[dict[str, str], int]:
    if inside and inside[0] == "---" and "---" in inside[1:]:
        end = inside.index("---", 1)
        pairs = [line.partition(":") for line in inside[1:end]]
        return {k.strip(): v.strip() for k, _, v in pairs}, end + 1
    options, skip = {}, 0
    while skip < len(inside) and (match := OPTION.match(inside[skip])):
        options[match["key"]] = match["value"]
        skip += 1
    return options, skip


def tree(block: Block) -> ast.Module:
    """The syntax tree of a code cell."""
    return ast.parse(block.text)


PLACEHOLDER = "\N{SECTION SIGN}"  # stands for what is computed


def sentences(block: Block) -> Iterator[tuple[int, str]]:
    """Texts in a code cell that a reader will meet: strings of five words or more, by line.

    Of f-strings, what is typed; placeholders of `str.format` are taken out. Docstrings, queries and
    Vega expressions are code.
    """
    module = tree(block)
    skip = {id(v) for n in ast.walk(module) if isinstance(n, ast.JoinedStr) for v in n.values}
    skip |= {id(n.value) for n in ast.walk(module) if isinstance(n, ast.Expr)}
    offset = block.line + len(block.options) + 1
    for node in ast.walk(module):
        text = _typed(node)
        if text is None or id(node) in skip or re.search(r"==|\bdatum\b|format\(", text):
            continue
        if len(re.findall(r"(?<![\w.=])[A-Za-z]{2,}(?![\w.(=])", text)) >= 5:
            yield offset + node.lineno - 1, text


def _typed(node: ast.AST) -> str | None:
    """What was typed of a string or f-string; None for other nodes."""
    if isinstance(node, ast.JoinedStr):
        values = [v.value if isinstance(v, ast.Constant) else PLACEHOLDER for v in node.values]
        text = "".join(str(v) for v in values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    else:
        return None
    return re.sub(r"\{[^{}]*\}", PLACEHOLDER, text)
