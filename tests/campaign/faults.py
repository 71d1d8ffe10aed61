"""The list of faults: single changes of single files, drawn from a seed, the same every time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import mutants

SEED = 20260115
LARGEST = 200_000  # tables above it aren't changed: they are slow to take apart
PAGES = ("index.md", "README.md", "book/*.md", "notebooks/*.md")
DATE = re.compile(r"(?:19|20)\d\d-\d\d(?:-\d\d)?")
CELL = re.compile(r'("(?:[^"]|"")*"|[^,\n]*)(,|\n|\Z)')
Fields = list[tuple[int, int]]


@dataclass(frozen=True)
class Fault:
    """One change: `file` from `start` to `stop` becomes `new`; `before` and `after` tell it."""

    kind: str
    file: str
    place: str
    start: int
    stop: int
    new: str
    before: str
    after: str

    @cached_property
    def id(self) -> str:
        """A name that is the same as long as the fault is."""
        parts = (self.kind, self.file, self.place, self.before, self.after)
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:10]

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.stop :]


class Tree:
    """Files of a checkout as texts, read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.texts: dict[str, str] = {}

    def text(self, file: str) -> str:
        if file not in self.texts:
            # Line ends as they are: offsets must be those of the file.
            self.texts[file] = (self.root / file).read_bytes().decode()
        return self.texts[file]

    def find(self, *patterns: str) -> list[str]:
        found = (p for pattern in patterns for p in self.root.glob(pattern) if p.is_file())
        return sorted(p.relative_to(self.root).as_posix() for p in found)

    @cached_property
    def tables(self) -> list[str]:
        """Tables of observations and the figures, as far as they are small and texts."""
        files = [*self.find("data/*/**/*.csv"), "data/figures.csv"]
        return [f for f in files if (self.root / f).stat().st_size <= LARGEST]

    @cached_property
    def mutants(self) -> list[tuple[str, mutants.Mutant]]:
        """Every mutant of the models, with its file."""
        files = self.find("aifactory/models/**/*.py")
        return [(f, m) for f in files for m in mutants.find(self.text(f))]


Maker = Callable[[Tree, random.Random], Fault | None]
KINDS: dict[str, tuple[int, Maker]] = {}


def kind(name: str, count: int) -> Callable[[Maker], Maker]:
    """Register a maker of single faults of one kind, and how many there are to be."""

    def register(maker: Maker) -> Maker:
        KINDS[name] = (count, maker)
        return maker

    return register


def make(root: Path, seed: int = SEED) -> list[Fault]:
    """All faults, kind by kind."""
    tree = Tree(root)
    return [fault for name in KINDS for fault in of_kind(tree, name, seed)]


def of_kind(tree: Tree, name: str, seed: int = SEED) -> Iterator[Fault]:
    """The faults of one kind: as many different ones as asked for, or as there are."""
    count, maker = KINDS[name]
    rng, known, idle = random.Random(f"{seed}:{name}"), set(), 0
    while len(known) < count and idle < 400:
        fault = maker(tree, rng)
        if fault is None or fault.id in known or fault.before == fault.after:
            idle += 1
            continue
        idle = 0
        known.add(fault.id)
        yield fault


def mixed(found: list[Fault]) -> list[Fault]:
    """The kinds in turn, so that any beginning of the list is a sample of all."""
    by: dict[str, list[Fault]] = {}
    for fault in found:
        by.setdefault(fault.kind, []).append(fault)
    turns = max(map(len, by.values()), default=0)
    ranks = [(at / len(group), f) for group in by.values() for at, f in enumerate(group)]
    return [f for _, f in sorted(ranks, key=lambda pair: (pair[0], pair[1].kind))] if turns else []


# --- helpers -------------------------------------------------------------------------------------


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _shown(text: str) -> str:
    """A piece of text as results.csv has it: one line, not too long."""
    text = " ".join(text.split())
    return text if len(text) <= 100 else text[:99] + "…"


def _fault(
    name: str,
    file: str,
    text: str,
    start: int,
    stop: int,
    new: str,
    place: str = "",
    around: int = 0,
) -> Fault:
    """A fault told by what stands there, with some of the line around it."""
    low = max(text.rfind("\n", 0, start) + 1, start - around)
    end = text.find("\n", stop)
    high = min(len(text) if end < 0 else end, stop + around)
    before, after = text[low:high], text[low:start] + new + text[stop:high]
    where = place or f"line {_line(text, start)}"
    return Fault(name, file, where, start, stop, new, _shown(before), _shown(after))


def _digit(rng: random.Random, text: str, start: int, stop: int) -> tuple[int, str] | None:
    """A digit between two places, and another one for it."""
    places = [at for at in range(start, stop) if text[at] in "0123456789"]
    if not places:
        return None
    at = rng.choice(places)
    first = not text[at - 1].isdigit() and text[at - 1] != "."  # no number starts with 0
    return at, rng.choice([d for d in "0123456789"[first:] if d != text[at]])


def _matches(rng: random.Random, pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return rng.choice(found) if found else None


# --- tables --------------------------------------------------------------------------------------


def _rows(text: str) -> list[Fields]:
    """Where each cell of each row of a CSV file stands."""
    rows: list[Fields] = []
    row: Fields = []
    for cell in CELL.finditer(text):
        if cell.start() == len(text) and not row:
            break
        row.append(cell.span(1))
        if cell[2] != ",":
            rows.append(row)
            row = []
    return rows


def _cell(
    tree: Tree, rng: random.Random, files: list[str], fits: Callable[[str, str], bool]
) -> tuple[str, str, str, int, int] | None:
    """A cell that fits: file, text, place, and where it stands. `fits` sees column and content."""
    file = rng.choice(files)
    text = tree.text(file)
    head, *body = _rows(text)
    names = [text[a:b] for a, b in head]
    for _ in range(60):
        at = rng.randrange(len(body)) if body else 0
        if not body:
            return None
        row = body[at]
        column = rng.randrange(min(len(names), len(row)))
        start, stop = row[column]
        if fits(names[column], text[start:stop]):
            key = text[slice(*row[0])]
            return file, text, f"row {at + 2} ({key[:40]}), {names[column]}", start, stop
    return None


def _number(name: str, cell: str) -> bool:
    return bool(re.fullmatch(r"-?\d[\d.]*(?:[eE][+-]?\d+)?", cell))


@kind("a digit in a table", 60)
def digit_in_a_table(tree: Tree, rng: random.Random) -> Fault | None:
    found = _cell(tree, rng, tree.tables, _number)
    if not found:
        return None
    file, text, place, start, stop = found
    at, new = _digit(rng, text, start, stop) or (start, text[start])
    changed = text[start:at] + new + text[at + 1 : stop]
    return Fault("a digit in a table", file, place, at, at + 1, new, text[start:stop], changed)


@kind("two columns swapped", 30)
def columns_swapped(tree: Tree, rng: random.Random) -> Fault | None:
    """The contents of two columns change places, alike in kind where there are such."""
    file = rng.choice(tree.tables)
    table = list(csv.reader(io.StringIO(tree.text(file))))
    head, body = table[0], table[1:]

    def numeric(column: int) -> bool:
        cells = [row[column] for row in body if row[column]]
        return bool(cells) and all(_number("", c) for c in cells)

    alike = [i for i in range(len(head)) if numeric(i)]
    pool = alike if len(alike) > 1 else list(range(len(head)))
    if len(pool) < 2:
        return None
    a, b = sorted(rng.sample(pool, 2))
    if all(row[a] == row[b] for row in body):
        return None
    for row in body:
        row[a], row[b] = row[b], row[a]
    return Fault("two columns swapped", file, f"columns {head[a]}, {head[b]}", 0,
                 len(tree.text(file)), _csv(table), f"{head[a]}, {head[b]}",
                 f"{head[b]}, {head[a]}")  # fmt: skip


def _csv(table: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


UNITS = {"MW": "GW", "GW": "MW", "kW": "MW", "kWh": "MWh", "MWh": "GWh", "percent": "1",
         "USD": "kUSD", "hour": "day", "day": "hour", "year": "month", "month": "year"}  # fmt: skip


@kind("a unit", 40)
def unit(tree: Tree, rng: random.Random) -> Fault | None:
    """Of a field in datapackage.json, or of a figure."""
    name = "a unit"
    if rng.random() < 0.5:
        file, text = "data/datapackage.json", tree.text("data/datapackage.json")
        found = _matches(rng, re.compile(r'"unit": "([^"]+)"'), text)
        if not found:
            return None
        start, stop = found.span(1)
        place = f"line {_line(text, start)}"
    else:
        cell = _cell(tree, rng, ["data/figures.csv"], lambda n, c: n == "unit" and bool(c))
        if not cell:
            return None
        file, text, place, start, stop = cell
    others = sorted(set(UNITS) - {text[start:stop]})
    new = UNITS.get(text[start:stop]) or rng.choice(others)
    return Fault(name, file, place, start, stop, new, text[start:stop], new)


def _row(tree: Tree, rng: random.Random, name: str, times: int) -> Fault | None:
    """A row that is there so many times."""
    file = rng.choice(tree.tables)
    text = tree.text(file)
    body = _rows(text)[1:]
    if len(body) < 2:
        return None
    at = rng.randrange(len(body))
    start, stop = body[at][0][0], min(body[at][-1][1] + 1, len(text))
    told = _shown(text[start:stop])
    after = f"{told} (twice)" if times else ""
    return Fault(name, file, f"row {at + 2}", start, stop, times * text[start:stop], told, after)


@kind("a dropped row", 35)
def dropped_row(tree: Tree, rng: random.Random) -> Fault | None:
    return _row(tree, rng, "a dropped row", 0)


@kind("a row twice", 35)
def row_twice(tree: Tree, rng: random.Random) -> Fault | None:
    return _row(tree, rng, "a row twice", 2)


@kind("a wrong date", 40)
def wrong_date(tree: Tree, rng: random.Random) -> Fault | None:
    """Another month, or the year before."""
    files = [*tree.tables, "data/sources.csv"]
    found = _cell(tree, rng, files, lambda n, c: bool(DATE.fullmatch(c)))
    if not found:
        return None
    file, text, place, start, stop = found
    was = text[start:stop]
    year, month = int(was[:4]), int(was[5:7])
    new = f"{year - 1}{was[4:]}" if rng.random() < 0.5 else f"{year}-{month % 12 + 1:02d}{was[7:]}"
    return Fault("a wrong date", file, place, start, stop, new, was, new)


@kind("a source id", 45)
def source_id(tree: Tree, rng: random.Random) -> Fault | None:
    """Another source that exists, or a slip of the pen."""
    found = _cell(tree, rng, tree.tables, lambda n, c: n.endswith("source_id") and bool(c))
    if not found:
        return None
    file, text, place, start, stop = found
    was = text[start:stop]
    if rng.random() < 0.6:
        rows = list(csv.DictReader(io.StringIO(tree.text("data/sources.csv"))))
        new = rng.choice([r["source_id"] for r in rows if r["source_id"] != was])
    else:
        at = rng.randrange(len(was))
        new = was[:at] + was[at + 1 :]
    return Fault("a source id", file, place, start, stop, new, was, new)


CRITERION_WORDS = {
    "half": "a third", "least": "most", "below": "above", "above": "below", "largest": "smallest",
    "exceeds": "misses", "longest": "shortest", "lower": "higher", "more": "less", "most": "some",
    "within": "outside", "every": "some", "under": "over", "large": "small", "million": "thousand",
}  # fmt: skip


@kind("a criterion or threshold", 40)
def criterion(tree: Tree, rng: random.Random) -> Fault | None:
    """A digit, or a word that turns a criterion round."""
    found = _cell(tree, rng, ["data/claims.csv"], lambda n, c: n == "criterion")
    if not found:
        return None
    file, text, place, start, stop = found
    digits = re.compile(r"\d")
    words = re.compile(rf"\b({'|'.join(CRITERION_WORDS)})\b")
    spots = list(digits.finditer(text, start, stop)) + list(words.finditer(text, start, stop))
    if not spots:
        return None
    spot = rng.choice(spots)
    new = CRITERION_WORDS.get(spot[0]) or rng.choice([d for d in "123456789" if d != spot[0]])
    return _fault("a criterion or threshold", file, text, *spot.span(), new, place, around=20)


@kind("a published edition's row", 40)
def edition(tree: Tree, rng: random.Random) -> Fault | None:
    """A number or a rating of a version that is out."""
    fits = lambda n, c: _number(n, c) or n == "rating"  # noqa: E731
    found = _cell(tree, rng, ["data/editions.csv"], fits)
    if not found:
        return None
    file, text, place, start, stop = found
    was = text[start:stop]
    if _number("", was):
        at, digit = _digit(rng, text, start, stop) or (start, "1")
        new = text[start:at] + digit + text[at + 1 : stop]
    else:
        new = rng.choice([r for r in RATINGS if r != was])
    version = text[text.rfind("\n", 0, start) + 1 :].split(",", 3)
    place = f"{place}, {version[2]}"
    return Fault("a published edition's row", file, place, start, stop, new, was, new)


@kind("a sealed forecast", 40)
def forecast(tree: Tree, rng: random.Random) -> Fault | None:
    """A digit or a word of what was registered, or of its seal."""
    found = _cell(tree, rng, ["data/forecasts.csv"], lambda n, c: len(c) > 1)
    if not found:
        return None
    file, text, place, start, stop = found
    spot = _digit(rng, text, start, stop)
    if spot is None:
        at = rng.choice([i for i in range(start, stop) if text[i].isalpha()] or [start])
        spot = at, "x" if text[at] != "x" else "y"
    at, new = spot
    return _fault("a sealed forecast", file, text, at, at + 1, new, place, around=15)


# --- notebooks -----------------------------------------------------------------------------------

RATINGS = (
    "virtually certain", "very likely", "likely", "about as likely as not", "unlikely",
    "very unlikely", "exceptionally unlikely",
)  # fmt: skip
OUTPUT = re.compile(
    r'^ *"(application/papermill\.record/text/plain|text/plain|text/html|p05|p50|p95|probability'
    r'|reason|as_of)": (.*\d.*)$',
    re.M,
)
GLUED = re.compile(r'"application/papermill\.record/text/plain": (".*")')


@kind("an edited or stale output", 60)
def output(tree: Tree, rng: random.Random) -> Fault | None:
    """A digit of what a chapter holds as computed, or another value of its in that place."""
    name, file = "an edited or stale output", rng.choice(tree.find("notebooks/*.ipynb"))
    text = tree.text(file)
    if rng.random() < 0.3:
        one, other = _matches(rng, GLUED, text), _matches(rng, GLUED, text)
        if not one or not other:
            return None
        return _fault(name, file, text, *one.span(1), other[1])
    found = _matches(rng, OUTPUT, text)
    spot = _digit(rng, text, *found.span(2)) if found else None
    return _fault(name, file, text, spot[0], spot[0] + 1, spot[1], around=30) if spot else None


@kind("a rating word", 45)
def rating(tree: Tree, rng: random.Random) -> Fault | None:
    """Of a stored verdict, or a bound or word of the rule itself."""
    name = "a rating word"
    if rng.random() < 0.3:
        file = "aifactory/verdicts.py"
        text = tree.text(file)
        start = text.index("RATINGS")
        stop = text.index("\n)", start)
        spot = rng.choice(list(re.compile(r'\d|(?<=")[a-z ]+(?=")').finditer(text, start, stop)))
        others = [r for r in (RATINGS if len(spot[0]) > 1 else "0123456789") if r != spot[0]]
        return _fault(name, file, text, *spot.span(), rng.choice(others), around=30)
    file = rng.choice(tree.find("notebooks/*.ipynb"))
    text = tree.text(file)
    found = _matches(rng, re.compile(r'"rating": "([^"]+)"'), text)
    if not found:
        return None
    new = rng.choice([r for r in RATINGS if r != found[1]])
    return _fault(name, file, text, *found.span(1), new)


@kind("a chart's field or encoding", 50)
def chart(tree: Tree, rng: random.Random) -> Fault | None:
    """In a stored chart, or in the cell that draws it."""
    name = "a chart's field or encoding"
    if rng.random() < 0.6:
        file = rng.choice(tree.find("notebooks/*.ipynb"))
        text = tree.text(file)
        sort = rng.choice(["field", "type", "stack", "zero", "aggregate"])
        found = _matches(rng, re.compile(rf'^ *"{sort}": (".*"|true|false)', re.M), text)
        if not found:
            return None
        near = text[max(0, found.start() - 20_000) : found.start() + 20_000]
        others = sorted(set(re.findall(rf'"{sort}": (".*"|true|false)', near)) - {found[1]})
        if not others:
            return None
        return _fault(name, file, text, *found.span(1), rng.choice(others))
    file = rng.choice(tree.find("notebooks/*.md"))
    text = tree.text(file)
    found = _matches(rng, re.compile(r'"\w+:([QNOT])"'), text)
    if not found:
        return None
    new = rng.choice([c for c in "QNO" if c != found[1]])
    return _fault(name, file, text, *found.span(1), new, around=25)


@kind("a what-if coefficient", 45)
def what_if(tree: Tree, rng: random.Random) -> Fault | None:
    """A number in a formula that the page works out, stored or in the cell that writes it."""
    name = "a what-if coefficient"
    stored = rng.random() < 0.7
    file = rng.choice(tree.find("notebooks/*.ipynb" if stored else "notebooks/*.md"))
    text = tree.text(file)
    pattern = (
        r'^ *"calculate": "(.*\d.*)"' if stored else r'transform_calculate\(.*?"([^"\n]*\d[^"\n]*)"'
    )
    found = _matches(rng, re.compile(pattern, re.M), text)
    spots = list(re.finditer(r"(?<![\w.])\d[\d.]*", found[1])) if found else []
    if not found or not spots:
        return None
    spot = rng.choice(spots)
    start = found.start(1) + spot.start()
    stop = found.start(1) + spot.end()
    chosen = _digit(rng, text, start, stop)
    assert chosen
    return _fault(name, file, text, chosen[0], chosen[0] + 1, chosen[1], around=30)


# --- texts ---------------------------------------------------------------------------------------


def _prose(text: str) -> list[tuple[int, int]]:
    """Where prose stands: lines outside fences, headings and labels."""
    spans, fenced, at = [], False, 0
    for line in text.splitlines(keepends=True):
        if re.match(r"\s*(```|~~~|\$\$)", line):
            fenced = not fenced if line.count("$$") != 2 else fenced
        elif not fenced and line.strip() and not re.match(r"\(|---|%", line):
            spans.append((at, at + len(line)))
        at += len(line)
    return spans


@kind("a figure in prose", 60)
def prose(tree: Tree, rng: random.Random) -> Fault | None:
    """A computed figure typed over, or a digit of what stands there."""
    name, file = "a figure in prose", rng.choice(tree.find(*PAGES))
    text = tree.text(file)
    typed = rng.random() < 0.5
    pattern = re.compile(r"\{glue:text\}`[^`]+`" if typed else r"\d")
    found = [m for a, b in _prose(text) for m in pattern.finditer(text, a, b)]
    if not found:
        return None
    spot = rng.choice(found)
    new = (
        f"{rng.randrange(2, 900)} MW"
        if typed
        else rng.choice([d for d in "123456789" if d != spot[0]])
    )
    return _fault(name, file, text, *spot.span(), new, around=40)


@kind("a label or reference", 30)
def label(tree: Tree, rng: random.Random) -> Fault | None:
    """A label renamed, or a reference that leads nowhere."""
    name, file = "a label or reference", rng.choice(tree.find(*PAGES))
    text = tree.text(file)
    patterns = (
        r"^\(([\w-]+)\)=", r"\{ref\}`(?:[^`<]*<)?([\w-]+)>?`", r"\]\(([\w./#-]+)\)",
        r"\{glue:text\}`([\w-]+)`", r"\{doc\}`(?:[^`<]*<)?([\w/-]+)>?`", r"\{term\}`([\w -]+)`",
    )  # fmt: skip
    found = _matches(rng, re.compile(rng.choice(patterns), re.M), text)
    if not found:
        return None
    start, stop = found.span(1)
    at = rng.choice([i for i in range(start, stop) if text[i].isalpha()] or [start])
    new = rng.choice([c for c in "abcdefgh" if c != text[at]])
    return _fault(name, file, text, at, at + 1, new, around=40)


@kind("a removed citation", 40)
def citation(tree: Tree, rng: random.Random) -> Fault | None:
    name, file = "a removed citation", rng.choice(tree.find(*PAGES))
    text = tree.text(file)
    found = _matches(rng, re.compile(r" ?\{cite(?::\w+)?\}`[^`]+`"), text)
    return _fault(name, file, text, *found.span(), "", around=30) if found else None


# --- code and locks ------------------------------------------------------------------------------


@kind("a lock's hash", 40)
def lock(tree: Tree, rng: random.Random) -> Fault | None:
    """A digit of a hash, a hash taken out, or another version."""
    name, file = "a lock's hash", rng.choice(["requirements.txt", "requirements-book.txt"])
    text, sort = tree.text(file), rng.random()
    if sort < 0.15:
        found = _matches(rng, re.compile(r"^[\w.-]+==\d+\.\d*(\d)", re.M), text)
        assert found
        return _fault(name, file, text, *found.span(1), str((int(found[1]) + 1) % 10), around=40)
    found = _matches(rng, re.compile(r"--hash=sha256:([0-9a-f]{64})( \\\n)?"), text)
    assert found
    owner = re.findall(r"^([\w.-]+)==", text[: found.start()], re.M)[-1]
    place = f"line {_line(text, found.start())}, {owner}"
    if sort < 0.3 and found[2]:
        start = text.rfind("\n", 0, found.start()) + 1
        return Fault(name, file, place, start, found.end(), "", _shown(found[0]), "")
    at = rng.randrange(*found.span(1))
    new = rng.choice([c for c in "0123456789abcdef" if c != text[at]])
    return _fault(name, file, text, at, at + 1, new, place, around=12)


@kind("an operator or constant in a model", 260)
def model(tree: Tree, rng: random.Random) -> Fault | None:
    """One mutant; modules are drawn by the number of places in them."""
    name = "an operator or constant in a model"
    file, found = rng.choice(tree.mutants)
    place = f"{found.place}, line {found.line}: {found.sort}"
    return _fault(name, file, tree.text(file), found.start, found.stop, found.new, place, around=40)


def uses(root: Path) -> dict[str, dict[str, dict[str, str]]]:
    """What each stored chapter read, by its stem: modules, tables, figures and claims."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["metadata"]["aifactory"]
        for path in sorted(root.glob("notebooks/*.ipynb"))
    }
