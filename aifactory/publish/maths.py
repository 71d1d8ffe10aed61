"""TeX in the text becomes MathML when the site is built: no script, and screen readers read it.

latex2mathml converts; here its input is prepared and its output put right for what browsers
implement (MathML Core): upright words, and spaces as lengths.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import latex2mathml.converter
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from aifactory.publish.html import escape

LOGGER = logging.getLogger(__name__)
# Words that TeX sets upright; latex2mathml would set their letters one by one, or in italics.
_UPRIGHT = re.compile(r"\\(?:mathrm|operatorname|mathsf)\*?\s*\{((?:[^{}\\]|\\[,; ])*)\}")
_ENTITY = re.compile(r"&#x([0-9A-Fa-f]+);")
_VARIANT = re.compile(r'<(m[ino]) mathvariant="([a-z-]+)"([^>]*)>([A-Za-z0-9])</\1>')
_SPACES = {
    "negativethinmathspace": "-0.1667em",
    "thinmathspace": "0.1667em",
    "mediummathspace": "0.2222em",
    "thickmathspace": "0.2778em",
}
# Where Unicode keeps each alphabet: A, a, 0. Its holes were filled before, elsewhere.
_ALPHABETS = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "italic": (0x1D434, 0x1D44E, None),
    "bold-italic": (0x1D468, 0x1D482, None),
    "script": (0x1D49C, 0x1D4B6, None),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8),
}
_HOLES = {
    0x1D455: "ℎ", 0x1D49D: "ℬ", 0x1D4A0: "ℰ", 0x1D4A1: "ℱ", 0x1D4A3: "ℋ", 0x1D4A4: "ℐ",
    0x1D4A7: "ℒ", 0x1D4A8: "ℳ", 0x1D4AD: "ℛ", 0x1D53A: "ℂ", 0x1D53F: "ℍ", 0x1D545: "ℕ",
    0x1D547: "ℙ", 0x1D548: "ℚ", 0x1D549: "ℝ", 0x1D551: "ℤ",
}  # fmt: skip


@cache
def mathml(tex: str, display: bool) -> str:
    """One formula as a <math> element; one on its own line carries its TeX, for copying.

    Raises ValueError where it isn't TeX that can be read.
    """
    try:
        out = latex2mathml.converter.convert(
            _prepared(tex), display="block" if display else "inline"
        )
    except Exception as error:
        raise ValueError(f"cannot read the formula {tex!r}: {error!r}") from error
    if unknown := re.search(r"\\[A-Za-z]+", out):
        raise ValueError(f"cannot read the formula {tex!r}: {unknown[0]} is not known")
    for name, length in _SPACES.items():
        out = out.replace(f'width="{name}"', f'width="{length}"')
    out = _ENTITY.sub(_literal, out)
    out = out.replace("<mi>~</mi>", "<mo>∼</mo>")
    out = _VARIANT.sub(_letter, out)
    out = out.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    if not display:
        return out
    note = f'<annotation encoding="application/x-tex">{escape(tex.strip())}</annotation>'
    found = re.match(r"(<math[^>]*>)(.*)</math>$", out, re.S)
    assert found, "latex2mathml returns one <math> element"
    return f"{found[1]}<semantics>{found[2]}{note}</semantics></math>"


def _prepared(tex: str) -> str:
    """TeX with what latex2mathml lacks put in terms of what it has."""
    tex = re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{split}", tex)
    tex = re.sub(r"\\(?:no)?limits\b", "", tex)
    return _UPRIGHT.sub(lambda m: r"\text{" + re.sub(r"\\[,; ]|~", " ", m[1]) + "}", tex)


def _letter(found: re.Match[str]) -> str:
    """A letter of another alphabet as its own character: browsers ignore most of mathvariant."""
    tag, variant, rest, letter = found.groups()
    if variant not in _ALPHABETS:
        return found[0]
    upper, lower, digit = _ALPHABETS[variant]
    if letter.isdigit():
        code = None if digit is None else digit + int(letter)
    else:
        code = (upper + ord(letter) - 65) if letter.isupper() else (lower + ord(letter) - 97)
    if code is None:
        return found[0]
    return f"<{tag}{rest}>{_HOLES.get(code, chr(code))}</{tag}>"


def _literal(found: re.Match[str]) -> str:
    """A numeric entity as the character, except those that mean something in markup."""
    character = chr(int(found[1], 16))
    return found[0] if character in "<>&\"'" else character


def _safe(tex: str, display: bool, node: nodes.Node) -> str:
    try:
        return mathml(tex, display)
    except ValueError as error:
        LOGGER.warning(str(error), location=node)
        return f"<code>{escape(tex)}</code>"


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(_safe(node.astext(), False, node))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    number = ""
    if node.get("number"):
        number = f'<span class="eqno">({get_node_equation_number(self, node)})</span>'
    ids = "".join(f' id="{escape(i)}"' for i in node.get("ids", [])[:1])
    formula = _safe(node.astext(), True, node)
    self.body.append(f'<div class="math-block"{ids}>{formula}{number}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the renderer; choose it with html_math_renderer = "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
