"""JSON-LD held to schemaorg.json, a part of schema.org's vocabulary.

`faults(record)` lists what breaks it: types and properties that aren't there, properties that a
type doesn't have, and values of another kind than the property expects.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("schemaorg.json")
TYPES: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))["types"]
CONTEXTS = ("https://schema.org", "https://schema.org/", "http://schema.org")
KEYWORDS = {"@context", "@type", "@id", "@graph"}
DAY = r"\d{4}(-\d{2}(-\d{2})?)?"
TIME = r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?"
PATTERNS = {"Date": DAY, "DateTime": rf"{DAY}(T{TIME})?", "Time": TIME, "Duration": r"P\w+"}
URL = r"[a-z][a-z0-9+.-]*:\S+|[^\s:]+"  # absolute or relative, without spaces


@functools.cache
def parents(name: str) -> frozenset[str]:
    """A type and all that it is a kind of."""
    above = TYPES[name]["parents"] if name in TYPES else []
    return frozenset({name}.union(*(parents(a) for a in above)))


@functools.cache
def properties(name: str) -> dict[str, list[str]]:
    """Properties of a type, its parents' among them: name -> kinds of value."""
    return {k: v for t in parents(name) if t in TYPES for k, v in TYPES[t]["properties"].items()}


def faults(record: Any) -> list[str]:
    """What is wrong with a JSON-LD record; an empty list where nothing is."""
    if not isinstance(record, dict):
        return ["the record is not an object"]
    found = []
    if record.get("@context") not in CONTEXTS:
        found.append(f"@context is {record.get('@context')!r}, not https://schema.org")
    if "@graph" in record:
        items = record["@graph"]
        return found + [f for i, one in enumerate(items) for f in _node(one, f"@graph[{i}]")]
    return found + list(_node(record, ""))


def _node(node: Any, place: str) -> Iterator[str]:
    here = place or "the record"
    if not isinstance(node, dict):
        yield f"{here} is not an object"
        return
    names = node.get("@type", [])
    names = [names] if isinstance(names, str) else names
    if not names:
        if set(node) != {"@id"}:
            yield f"{here} has no @type"
        return
    if unknown := [n for n in names if n not in TYPES]:
        yield f"{here}: {', '.join(unknown)} is no type of the vocabulary"
        return
    known = {k: v for n in names for k, v in properties(n).items()}
    for key, value in node.items():
        at = f"{place}.{key}".lstrip(".")
        if key in known:
            for one in value if isinstance(value, list) else [value]:
                yield from _value(one, known[key], at)
        elif key not in KEYWORDS:
            yield f"{at}: {' and '.join(names)} has no such property"


def _value(value: Any, kinds: list[str], at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _node(value, at)
        names = value.get("@type", [])
        names = [names] if isinstance(names, str) else names
        if names and not any(parents(n) & set(kinds) for n in names):
            yield f"{at}: {' and '.join(names)} where {' or '.join(kinds)} is expected"
    elif not any(_fits(value, kind) for kind in kinds):
        yield f"{at}: {value!r} is not {' or '.join(kinds)}"


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "Boolean"
    if isinstance(value, int):
        return kind in ("Integer", "Number")
    if isinstance(value, float):
        return kind in ("Float", "Number")
    if not isinstance(value, str) or not value.strip():
        return False
    if kind == "URL":
        return re.fullmatch(URL, value) is not None
    if kind in PATTERNS:
        return re.fullmatch(PATTERNS[kind], value) is not None
    if kind == "Text":
        return True
    # A thing may be named by its address, as members of schema.org's lists are.
    return kind not in ("Boolean", "Integer", "Float", "Number") and value.startswith("https://")
