"""Text from elsewhere, made fit to stand in a message, on a terminal or in a spreadsheet."""

from __future__ import annotations

from typing import Any

# What starts a formula: spreadsheets take the wide signs of East Asian keyboards, too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
SHORT = 80  # characters of a value that a message repeats
MOST = 1500  # characters of a message


def harmless(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, behind an apostrophe; numbers stay."""
    if not isinstance(value, str) or not value.startswith(FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def short(text: str) -> str:
    """The first characters of a text that somebody gave."""
    return text if len(text) <= SHORT else f"{text[:SHORT]} …"


def line(text: object) -> str:
    """A text in one line, without what a terminal would take for a command."""
    words = " ".join(str(text).split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def message(text: object) -> str:
    """A message in one line; of a very long one the beginning and the end."""
    told = line(text)
    return told if len(told) <= MOST else f"{told[: MOST - 300]} … {told[-290:]}"
