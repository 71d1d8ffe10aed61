"""What an executed chapter says by name (`book.say`), read from the outputs of its notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any


def stored(path: Path) -> dict[str, str]:
    """Text by name, from the stored outputs of a notebook's file."""
    return said_in(json.loads(path.read_text(encoding="utf-8")))


def said_in(notebook: dict[str, Any]) -> dict[str, str]:
    """Text by name, from the outputs of a notebook that has been read."""
    outputs = [
        o
        for cell in notebook["cells"]
        for o in cell.get("outputs", [])
        if "scrapbook" in o.get("metadata", {})
    ]
    return {
        o["metadata"]["scrapbook"]["name"]: next(iter(o["data"].values())).strip("'")
        for o in outputs
    }


def interval(text: str) -> tuple[float, float, float]:
    """Low, middle and high of "2 kW (90 % interval 1 to 3)". Raises ValueError for another text."""
    found = re.findall(r"[−-]?\d[\d,]*\.?\d*", text.replace("90 % interval", ""))
    if len(found) != 3:
        raise ValueError(f"{text!r} is not a number with its interval")
    middle, low, high = (float(n.replace(",", "").replace("−", "-")) for n in found)
    return low, middle, high
