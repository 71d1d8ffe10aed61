"""`planted-faults`: what came of the campaign of planted faults, from its table of results.

tests/campaign/results.csv has a row a fault; tests/campaign/reasons.csv says why those that no
check catches are left. Nothing on the page is typed: all counts are taken here.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from aifactory.publish.directives import BookDirective, stored_rows
from aifactory.publish.html import block, capital, columns, escape, scrolling, slug

FOLDER, MODELS = "tests/campaign", "aifactory/"
RESULTS, REASONS = "results.csv", "reasons.csv"
LEVELS = {"planted": "as planted", "laundered": "with hashes made to agree"}
SAME = "same"
CAUGHT, LEFT, HONEST, SURVIVES = "caught", "left to a fresh run", "honest edit", "survives"


@dataclass(frozen=True)
class Reason:
    """Why faults that fit are left: by name, or by kind and a pattern over what was changed."""

    fault: str
    kind: str
    match: str
    reason: str

    def fits(self, row: dict[str, str]) -> bool:
        if self.fault:
            return self.fault == row["fault"]
        told = " | ".join(row[k] for k in ("file", "place", "before", "after"))
        return self.kind == row["kind"] and bool(re.search(self.match, told))


def results(root: Path) -> list[dict[str, str]]:
    """The rows of the whole run; none where there has been none."""
    return stored_rows(root / FOLDER / RESULTS)


def reasons(root: Path) -> list[Reason]:
    """Why survivors are left, the most particular first."""
    return [Reason(**row) for row in stored_rows(root / FOLDER / REASONS)]


def outcome(row: dict[str, str], level: str) -> str:
    """What came of a fault at one level.

    Data that were changed and had their hashes renewed are told by a fresh run of the chapters that
    read them. Not all were run: those are left to it. Where it shows no difference, no published
    number moves: the edit is one that anybody may make, and shows in the history of its file.
    Nobody means to change a model so: what its tests and a fresh run let pass needs a reason.
    """
    if row[f"{level}_by"]:
        return CAUGHT
    if level == "laundered" and row["fresh_run"] and not row["file"].startswith(MODELS):
        return HONEST if row["fresh_run"] == SAME else LEFT
    return SURVIVES


def survivors(rows: list[dict[str, str]]) -> list[tuple[str, dict[str, str]]]:
    """Faults that no check catches, each with the level: once, at the plainer one."""
    found = []
    for row in rows:
        level = next((x for x in LEVELS if outcome(row, x) == SURVIVES), None)
        if level:
            found.append((level, row))
    return found


def why(row: dict[str, str], known: list[Reason]) -> str:
    """The reason that is given for a survivor, or an empty string."""
    return next((r.reason for r in known if r.fits(row)), "")


# --- the page ------------------------------------------------------------------------------------


class PlantedFaults(BookDirective):
    """`planted-faults summary|checks|survivors`: counts by kind, by check, and what is left."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        for name in (RESULTS, REASONS):
            self.env.note_dependency(str(root / FOLDER / name))
        rows = results(root)
        if not rows:
            return [block("<p>The campaign has not been run yet.</p>", "Not run yet.")]
        views = {"summary": summary, "checks": by_check}
        if self.arguments[0] in views:
            return [block(views[self.arguments[0]](rows))]
        return [block(left(rows, reasons(root)))]


def summary(rows: list[dict[str, str]]) -> str:
    """How many faults of each kind were planted and caught, and how long that took."""
    kinds = list(dict.fromkeys(sorted(row["kind"] for row in rows)))
    body = "".join(_kind(kind, [r for r in rows if r["kind"] == kind]) for kind in kinds)
    body += _kind("all kinds", rows)
    heads = ["Kind of fault", "Faults", "Caught as planted", "Median, s", "Caught with hashes made"
             " to agree", "Median, s", "Left to a fresh run", "Moves no result"]  # fmt: skip
    commits = sorted({row["commit"] for row in rows})
    note = f"Commit {', '.join(commits)}."
    return f"<p>{escape(lead(rows))} {escape(note)}</p>" + _table("Faults by kind", heads, body)


def lead(rows: list[dict[str, str]]) -> str:
    """The outcome in two sentences."""
    planted = sum(outcome(r, "planted") == CAUGHT for r in rows)
    laundered = Counter(outcome(r, "laundered") for r in rows)
    return (
        f"{len(rows):,} faults of {len({r['kind'] for r in rows})} kinds: {planted:,} were caught "
        f"as planted. With hashes made to agree {laundered[CAUGHT]:,} were caught; "
        f"{laundered[LEFT]:,} are left to a fresh run of their chapters, {laundered[HONEST]:,} "
        f"move no result in such a run, and {laundered[SURVIVES]:,} survive."
    )


def _kind(kind: str, rows: list[dict[str, str]]) -> str:
    laundered = Counter(outcome(r, "laundered") for r in rows)
    cells = [str(len(rows)), _share(rows, "planted"), _median(rows, "planted"),
             _share(rows, "laundered"), _median(rows, "laundered"), str(laundered[LEFT] or ""),
             str(laundered[HONEST] or "")]  # fmt: skip
    return (
        f'<tr><th scope="row">{escape(capital(kind))}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _share(rows: list[dict[str, str]], level: str) -> str:
    caught = sum(outcome(row, level) == CAUGHT for row in rows)
    return f"{caught} ({100 * caught / len(rows):.0f} %)"


def _median(rows: list[dict[str, str]], level: str) -> str:
    known = [float(r[f"{level}_seconds"]) for r in rows
             if outcome(r, level) == CAUGHT and r[f"{level}_seconds"]]  # fmt: skip
    return f"{statistics.median(known):.1f}" if known else ""


def by_check(rows: list[dict[str, str]]) -> str:
    """Which checks were the first to catch how many faults of which kind."""
    body = ""
    for level, words in LEVELS.items():
        found = Counter((_check(r[f"{level}_by"]), r["kind"]) for r in rows if r[f"{level}_by"])
        checks = Counter(check for check, _ in found.elements())
        for check, count in checks.most_common():
            kinds = sorted((k for c, k in found if c == check), key=lambda k: -found[check, k])
            told = "; ".join(f"{k}, {found[check, k]}" for k in kinds)
            body += (f"<tr><td><code>{escape(check)}</code></td><td>{words}</td><td>{count}</td>"
                     f'<td class="long">{escape(told)}</td></tr>')  # fmt: skip
    return _table("Faults by check", ["Check", "Faults", "Caught first", "Of which kinds"], body)


def _check(name: str) -> str:
    """A check as the table groups them: tests of models and runs of chapters stand together."""
    if name.startswith("tests/models/"):
        return "/".join(name.split("/")[:3]) + "/"
    return re.sub(r"(pytest --nbval.*) \S+$", r"\1", name).removesuffix(", of")


def left(rows: list[dict[str, str]], known: list[Reason]) -> str:
    """Every survivor with its reason, by reason."""
    grouped: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for level, row in survivors(rows):
        grouped.setdefault(why(row, known) or "Not explained yet.", []).append((level, row))
    out = ""
    for reason, found in sorted(grouped.items(), key=lambda pair: -len(pair[1])):
        body = "".join(_survivor(level, row) for level, row in found)
        heads = ["Kind", "Where", "Change", "Tried"]
        out += (f"<details><summary>{len(found)}: {escape(reason)}</summary>"
                f"{_table(reason, heads, body)}</details>")  # fmt: skip
    return out or "<p>None.</p>"


def _survivor(level: str, row: dict[str, str]) -> str:
    change = f"<code>{escape(row['before'])}</code> to <code>{escape(row['after'])}</code>"
    where = f"<code>{escape(row['file'])}</code>, {escape(row['place'])}"
    return (f'<tr id="fault-{slug(row["fault"])}"><td>{escape(row["kind"])}</td><td>{where}</td>'
            f'<td class="long">{change}</td><td>{LEVELS[level]}</td></tr>')  # fmt: skip


def _table(label: str, heads: list[str], body: str) -> str:
    return scrolling(label, columns(heads), body)


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("planted-faults", PlantedFaults)
