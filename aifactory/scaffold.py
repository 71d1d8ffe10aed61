"""Start a chapter: a text with every heading that the contract asks for, which passes the tests.

The new chapter says of each of its claims, taken from data/claims.csv, that it has not been
analysed yet. Everything in it is true as it stands, so that it can be published while it grows.
"""

from __future__ import annotations

import re
from pathlib import Path

from aifactory import data
from aifactory.execute import ROOT, execute
from aifactory.verdicts import chapter_path

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SECTIONS = ("claim", "criterion", "data", "model", "result", "change", "verdict", "limits")

HEAD = """---
jupytext:
  formats: ipynb,md:myst
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

({chapter})=
# {title}

This chapter has been opened, and its analysis is still to be written.

```{{chapter-verdicts}} {chapter}
```

The next cell loads what the chapter needs.

```{{code-cell}} ipython3
:tags: [hide-input]

from aifactory import book
from aifactory.data import claim, source

book.setup("{chapter}")
```
"""

CLAIM = """
({id})=
## {title}

({id}-claim)=
### The claim

{lines}: {claim}

({id}-criterion)=
### What would make it true

The criterion is that of the list of claims.

```{{code-cell}} ipython3
book.say("{id}-criterion", claim("{id}").criterion)
```

{{glue:text}}`{id}-criterion`

({id}-data)=
### Data

No table has been brought in yet.

({id}-model)=
### Model

No model has been written yet.

({id}-result)=
### Result

There is no result yet.

({id}-change)=
### What would change the answer

Evidence that meets the criterion above, or fails it.

({id}-verdict)=
### Verdict

Until the analysis is written, the claim counts as not tested.

```{{code-cell}} ipython3
book.not_testable("{id}", reason="No analysis yet.", as_of=source("post").published)
```

({id}-limits)=
### Limits

Nothing has been tested, so nothing follows for or against the claim.
"""


def new(chapter: str, root: Path = ROOT, run: bool = True) -> list[str]:
    """Write a chapter's text and model package, list it in _toc.yml and run it.

    Returns lines that say what was made and what comes next. Raises ValueError for an id that is
    not lower-case words joined by hyphens or a chapter that exists, and data.UnknownName for one
    that no claim names. Nothing is ever overwritten.
    """
    if not ID.fullmatch(chapter):
        raise ValueError(
            f"{chapter!r} is no chapter id: lower-case words joined by hyphens, like supply-chain"
        )
    claims = data.chapter_claims(chapter)
    text = chapter_path(chapter, root / "notebooks").with_suffix(".md")
    package = root / "aifactory" / "models" / text.stem / "__init__.py"
    for path in (text, text.with_suffix(".ipynb")):
        if path.exists():
            raise ValueError(f"{path.relative_to(root)} exists already; nothing was written")
    contents = _listed((root / "_toc.yml").read_text(encoding="utf-8"), chapter)
    text.parent.mkdir(exist_ok=True)
    text.write_text(HEAD.format(chapter=chapter, title=_title(chapter)), encoding="utf-8")
    with text.open("a", encoding="utf-8") as out:
        out.writelines(_section(c, chapter) for c in claims)
    made = [str(text.relative_to(root)), "_toc.yml"]
    if not package.exists():
        package.parent.mkdir(parents=True, exist_ok=True)
        package.write_text(f'"""Models behind the chapter {chapter}."""\n', encoding="utf-8")
        made.append(str(package.relative_to(root)))
    (root / "_toc.yml").write_text(contents, encoding="utf-8")
    if run:
        execute([chapter], notebooks=text.parent)
        made.append(str(text.with_suffix(".ipynb").relative_to(root)))
    return [f"wrote {path}" for path in made] + _next_steps(chapter, text.stem)


def _title(words: str) -> str:
    return words.replace("-", " ").capitalize()


def _section(claim: data.Claim, chapter: str) -> str:
    first, _, rest = claim.id.partition("-")
    title = _title(rest if chapter.startswith(first) else claim.id)
    return CLAIM.format(id=claim.id, title=title, claim=claim.claim, lines=_lines(claim.post_lines))


def _lines(post_lines: str) -> str:
    """Line numbers in words: "1;3" is "Lines 1 and 3", "9-10" is "Lines 9–10"."""
    parts = post_lines.replace("-", "\N{EN DASH}").split(";")
    return f"Line{'' if post_lines.isdigit() else 's'} {' and '.join(parts)}"


def _listed(contents: str, chapter: str) -> str:
    """The table of contents with the chapter in its place, which is the order of the claims.

    Raises ValueError where it lists the chapter already, or no chapter to stand next to.
    """
    order = list(dict.fromkeys(data.claims()["chapter"]))
    lines = contents.splitlines(keepends=True)
    entry = re.compile(r"(\s*- file: notebooks/)(\w+)\s*$")
    found = [(i, m) for i, m in enumerate(map(entry.match, lines)) if m]
    stem = chapter.replace("-", "_")
    if not found:
        raise ValueError("_toc.yml lists no chapter: add one line `- file: notebooks/…` by hand")
    if any(m[2] == stem for _, m in found):
        raise ValueError(f"_toc.yml lists notebooks/{stem} already; nothing was written")
    before = [i for i, m in found if _rank(m[2], order) < order.index(chapter)]
    at = before[-1] + 1 if before else found[0][0]
    lines.insert(at, f"{found[0][1][1]}{stem}\n")
    return "".join(lines)


def _rank(stem: str, order: list[str]) -> int:
    chapter = stem.replace("_", "-")
    return order.index(chapter) if chapter in order else len(order)


def _next_steps(chapter: str, stem: str) -> list[str]:
    return [
        "",
        "Next:",
        f"  1. Put tidy tables into data/{stem}/, describe them in data/datapackage.json.",
        f"  2. Write models into aifactory/models/{stem}/, tests into tests/models/{stem}/.",
        f"  3. Argue in notebooks/{stem}.md, then: make execute CHAPTER={chapter}",
        "  4. make test",
        "CONTRIBUTING.md has all ten steps.",
    ]
