"""Formulas written once: worked out by numexpr, checked by pint, and exported to the page as Vega.

A formula is an arithmetic expression in Python's syntax over names, numbers, + - * / **, the
comparisons, `&`, `|` and the functions of `FUNCTIONS`. A comparison counts 1 where it holds and 0
where it doesn't.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Mapping
from typing import Any

import numexpr
import numpy as np

# name -> (numexpr, Vega, numpy): {0}, {1}, {2} are the arguments
FUNCTIONS: dict[str, tuple[str, str, Any]] = {
    "exp": ("exp({0})", "exp({0})", np.exp),
    "log": ("log({0})", "log({0})", np.log),
    "sqrt": ("sqrt({0})", "sqrt({0})", np.sqrt),
    "ceil": ("ceil({0})", "ceil({0})", np.ceil),
    "minimum": ("where({0} < {1}, {0}, {1})", "min({0}, {1})", np.minimum),
    "maximum": ("where({0} > {1}, {0}, {1})", "max({0}, {1})", np.maximum),
    "where": ("where({0}, {1}, {2})", "({0} ? {1} : {2})", np.where),
}
_OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.USub: "-", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=",
}  # fmt: skip
_STEPS: dict[type, Any] = {  # Python's own, which quantities of pint take, temperatures included
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip


@functools.cache
def tree(text: str) -> ast.expr:
    """The formula taken apart, checked for what formulas may hold. Raises ValueError."""
    try:
        found = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no formula: {error.msg}") from None
    _check(found, text)
    return found


def _check(node: Any, text: str) -> None:
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
        arity = known and FUNCTIONS[ast.unparse(node.func)][1].count("{") == len(node.args)
        if not known or not arity or node.keywords:
            raise ValueError(f"{text!r} calls {ast.unparse(node.func)}, not one of {[*FUNCTIONS]}")
        inner: list[ast.AST] = list(node.args)
    elif isinstance(node, ast.BinOp | ast.UnaryOp) and type(node.op) in _OPERATORS:
        inner = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.operand]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPERATORS:
        inner = [node.left, *node.comparators]
    elif isinstance(node, ast.Name) or (
        isinstance(node, ast.Constant) and type(node.value) in (int, float)
    ):
        inner = []
    else:
        raise ValueError(f"{text!r} holds {ast.unparse(node)!r}, which no formula may")
    for one in inner:
        _check(one, text)


@functools.cache
def names(text: str) -> tuple[str, ...]:
    """Names that a formula needs, in the order of their first use. Raises ValueError."""
    found = [n for n in ast.walk(tree(text)) if isinstance(n, ast.Name)]
    return tuple(dict.fromkeys(n.id for n in found if n.id not in FUNCTIONS))


def _write(node: Any, dialect: int, prefix: str = "") -> str:
    """A formula in numexpr's syntax (dialect 0) or Vega's (1), every step in brackets."""

    def write(part: Any) -> str:
        return _write(part, dialect, prefix)

    if isinstance(node, ast.Constant):
        return repr(float(node.value)) if dialect == 0 else repr(node.value)
    if isinstance(node, ast.Name):
        return prefix + node.id
    if isinstance(node, ast.Call):
        arguments = [write(a) for a in node.args]
        return FUNCTIONS[ast.unparse(node.func)][dialect].format(*arguments)
    if isinstance(node, ast.UnaryOp):
        return f"(-{write(node.operand)})"
    if isinstance(node, ast.Compare):
        sides = write(node.left), write(node.comparators[0])
        return f"({sides[0]} {_OPERATORS[type(node.ops[0])]} {sides[1]})"
    left, right = write(node.left), write(node.right)
    sign = _OPERATORS[type(node.op)]
    if dialect == 1 and sign == "**":
        return f"pow({left}, {right})"
    if dialect == 1 and sign in "&|":
        return f"({left} {sign * 2} {right})"
    return f"({left} {sign} {right})"


@functools.cache
def for_numexpr(text: str) -> str:
    """The formula as numexpr reads it. Raises ValueError."""
    return _write(tree(text), 0)


@functools.cache
def for_vega(text: str, prefix: str = "datum.") -> str:
    """The formula as Vega's expression language reads it, each name after `prefix`."""
    return _write(tree(text), 1, prefix)


def evaluate(text: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The formula over arrays of one shape (or single numbers), by numexpr, as float64."""
    found = numexpr.evaluate(for_numexpr(text), dict(values), {}, casting="unsafe")
    return found.astype(float) if found.dtype != float else found


def walk(text: str, values: Mapping[str, Any]) -> Any:
    """The formula step by step in Python, for quantities with a unit: what pint checks."""

    def step(node: Any) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.Call):
            return FUNCTIONS[ast.unparse(node.func)][2](*map(step, node.args))
        if isinstance(node, ast.UnaryOp):
            return -step(node.operand)
        if isinstance(node, ast.Compare):
            return _STEPS[type(node.ops[0])](step(node.left), step(node.comparators[0]))
        return _STEPS[type(node.op)](step(node.left), step(node.right))

    return step(tree(text))
