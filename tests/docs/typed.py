"""Numbers and citations that texts hold as typed, recorded so that none changes by a slip.

Results are put into texts by the run that computes them; what is typed (a year, a version, a page,
a reference) nothing computes. So each is held twice: in its text, and in typed.txt.

    .venv/bin/python tests/docs/typed.py     write typed.txt anew, after an edit that was meant
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ".venv/bin/python tests/docs/typed.py"
RECORD = Path(__file__).with_name("typed.txt")
TEXTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "index.md", "book/*.md", "notebooks/*.md")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
CITED = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
NUMBER = re.compile(r"[\w.,:/−-]*\d[\w.,:/-]*(?: ?%)?")


def found(text: str) -> list[str]:
    """Citations and words with a digit, in their order."""
    typed = [(m.start(), f"cite {m[1]}") for m in CITED.finditer(text)]
    rest = CITED.sub(lambda m: " " * len(m[0]), text)
    typed += [(m.start(), m[0].rstrip(".,:")) for m in NUMBER.finditer(rest)]
    return [what for _, what in sorted(typed)]


def record() -> str:
    """The record as it should be: a line a text and, below it, a line for each thing typed."""
    lines = []
    for path in sorted(p for pattern in TEXTS for p in ROOT.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        if path.parent.name == "notebooks":  # the code of a chapter is held to its outputs
            text = FENCE.sub("", text.partition("\n---\n")[2])
        lines += [path.relative_to(ROOT).as_posix(), *(f"  {what}" for what in found(text))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    RECORD.write_text(record(), encoding="utf-8")
