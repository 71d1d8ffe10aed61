"""Single changes of a module's code: comparison, arithmetic, boolean, constant, condition, return.

mutmut puts a trampoline around every function, which changes what a module says of itself:
chapters keep its hash and print it, and the factory reads formulas from source. cosmic-ray starts
Python anew for each mutant, which takes longer here than the tests. Both also keep their own books.
So this is the part of them that is needed: where an operator stands, and what takes its place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="),
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.Pow: ("**", "*"), ast.Mod: ("%", "//"), ast.FloorDiv: ("//", "/"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
}  # fmt: skip
BOOLEANS = {ast.And: ("and", "or"), ast.Or: ("or", "and")}


@dataclass(frozen=True)
class Mutant:
    """A piece of source, from `start` to `stop`, and what it becomes; `sort` names the change."""

    sort: str
    start: int
    stop: int
    new: str
    line: int
    place: str  # the function it is in


class _Source:
    """Offsets in a text from the rows and byte columns of its syntax tree."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def at(self, row: int, column: int) -> int:
        line = self.lines[row - 1]
        return self.starts[row - 1] + len(line.encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        start = self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def between(self, left: ast.AST, right: ast.AST, token: str) -> tuple[int, int] | None:
        """Where a token stands between two nodes, comments and brackets aside."""
        start, stop = self.span(left)[1], self.span(right)[0]
        found = re.search(rf"(?<![=!<>*/]){re.escape(token)}(?![=*/])", self.text[start:stop])
        return (start + found.start(), start + found.end()) if found else None


def find(text: str) -> list[Mutant]:
    """Every mutant of a module's code, in the order of its source."""
    source = _Source(text)
    return sorted(_walk(ast.parse(text), source, "module"), key=lambda m: (m.start, m.new))


def _walk(node: ast.AST, source: _Source, place: str) -> Iterator[Mutant]:
    for child in _children(node):
        named = isinstance(child, ast.FunctionDef | ast.ClassDef)
        inside = child.name if named else place  # type: ignore[attr-defined]
        for sort, span, new in _changes(child, source):
            yield Mutant(sort, *span, new, child.lineno, inside)  # type: ignore[attr-defined]
        yield from _walk(child, source, inside)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Children that are worked out: no annotations, decorators, docstrings, and no texts."""
    skipped = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    skipped += getattr(node, "decorator_list", [])
    for child in ast.iter_child_nodes(node):
        text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not text and not isinstance(child, ast.JoinedStr) and child not in skipped:
            yield child


def _changes(node: ast.AST, source: _Source) -> Iterator[tuple[str, tuple[int, int], str]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from _operator(
            "comparison", COMPARISONS, node.ops[0], node.left, node.comparators[0], source
        )
    elif isinstance(node, ast.BinOp):
        yield from _operator("arithmetic", ARITHMETIC, node.op, node.left, node.right, source)
    elif isinstance(node, ast.BoolOp):
        yield from _operator("boolean", BOOLEANS, node.op, *node.values[:2], source)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        yield "constant", source.span(node), _other(node.value)
    elif isinstance(node, ast.Return) and node.value and not _none(node.value):
        yield "return", source.span(node.value), "None"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        start, _ = source.span(node)
        yield "sign or not", (start, start + (1 if isinstance(node.op, ast.USub) else 3)), ""
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        start, stop = source.span(node.test)
        yield "condition", (start, stop), f"(not ({source.text[start:stop]}))"


def _operator(
    sort: str, table: dict, op: ast.AST, left: ast.AST, right: ast.AST, source: _Source
) -> Iterator[tuple[str, tuple[int, int], str]]:
    if type(op) in table:
        old, new = table[type(op)]
        span = source.between(left, right, old)
        if span:
            yield sort, span, new


def _other(value: float) -> str:
    """Another number: the next whole one, a tenth more of a fraction."""
    if isinstance(value, bool):
        return repr(not value)
    return repr(value + 1) if isinstance(value, int) or value == 0 else repr(value * 1.1)


def _none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
