"""Every chapter keeps the contract: headings, cells, prose, listings."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest
from chapter_text import NOTEBOOKS, Block, chapters, tree

from aifactory import data

PACKAGE = Path(data.__file__).parent
SECTIONS = ("claim", "criterion", "data", "model", "result", "change", "verdict", "limits")
TITLES = {
    "claim": "The claim",
    "criterion": "What would make it true",
    "data": "Data",
    "model": "Model",
    "result": "Result",
    "change": "What would change the answer",
    "verdict": "Verdict",
    "limits": "Limits",
}
LONGEST = 25  # lines of code in a cell: the page folds code, so a cell may answer a whole question
FORBIDDEN_MODULES = {
    "random", "secrets", "uuid", "time", "requests", "httpx", "urllib", "urllib3", "http", "socket",
    "aiohttp", "ftplib", "subprocess",
}  # fmt: skip
FORBIDDEN_CALLS = re.compile(
    r"^(np|numpy)\.random\.|^(random|requests|urllib|os|subprocess|time)\.|^pd\.read_"
    r"|(^|\.)(now|today|utcnow)$|^(open|eval|exec|__import__|input)$"
)

every_chapter = pytest.mark.parametrize("chapter", chapters(), ids=str)


def test_there_are_chapters():
    assert chapters()


@every_chapter
def test_chapter_is_of_a_name_that_claims_have(chapter):
    known = chapter.claims or chapter.id == data.WHOLE
    assert known, f"no claim of data/claims.csv names the chapter {chapter.id}"


@every_chapter
def test_each_claim_has_every_section_in_order(chapter):
    blocks = [b for b in chapter.blocks if b.kind in ("label", "heading")]
    found = []
    for label, heading in pairwise(blocks):
        if label.kind == "label" and heading.kind == "heading":
            found.append((label.text, heading.text))
    wanted = []
    for claim in chapter.claims:
        name = claim["claim_id"]
        own = [title for label, title in found if label == name and title.startswith("## ")]
        assert own, f"{chapter.path.name}: no heading `## …` under the label ({name})="
        wanted.append((name, own[0]))
        wanted += [(f"{name}-{s}", f"### {TITLES[s]}") for s in SECTIONS]
    names = {c["claim_id"] for c in chapter.claims}
    kept = [f for f in found if f[0] in names or f[0].rpartition("-")[0] in names]
    kept = [f for f in kept if f in wanted or f[0].rpartition("-")[2] in SECTIONS or f[0] in names]
    assert kept == wanted


@every_chapter
def test_labels_are_unique(chapter):
    labels = [b.text for b in chapter.blocks if b.kind == "label"]
    assert sorted({x for x in labels if labels.count(x) > 1}) == []


@every_chapter
def test_first_cell_imports_and_sets_up_and_no_other_does(chapter):
    first, *rest = chapter.code
    *imports, call = tree(first).body
    assert all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in imports)
    assert ast.unparse(call) == f"book.setup('{chapter.id}')"
    late = [
        b.line
        for b in rest
        if any(isinstance(n, (ast.Import, ast.ImportFrom)) for n in ast.walk(tree(b)))
    ]
    assert late == [], f"imports belong into the first cell; also in the cells at lines {late}"


@every_chapter
def test_cells_are_short(chapter):
    too_long = [(b.line, b.length) for b in chapter.code if b.length > LONGEST]
    assert too_long == [], f"(line, lines of code) of cells above {LONGEST}: {too_long}"


def introduced(before: Block | None) -> bool:
    """Whether a block is a sentence that leads to what follows."""
    return before is not None and before.kind == "prose" and before.text.rstrip()[-1:] in ".:;!?)*`"


@every_chapter
def test_a_sentence_leads_to_each_cell(chapter):
    blocks = [b for b in chapter.blocks if b.kind != "label"]
    bare = [
        here.line
        for before, here in pairwise([None, *blocks])
        if here.kind == "code" and not here.hidden and not introduced(before)
    ]
    assert bare == [], f"no sentence before the cells at lines {bare} of {chapter.path.name}"


@every_chapter
def test_chart_cells_follow_prose_or_the_cell_that_feeds_them(chapter):
    blocks = [b for b in chapter.blocks if b.kind != "label"]
    bare = [
        here.line
        for before, here in pairwise(blocks)
        if here.hidden and here.kind == "code" and before.kind not in ("prose", "code")
    ]
    assert bare == [], f"no sentence before the charts at lines {bare} of {chapter.path.name}"


@every_chapter
def test_only_charts_and_what_feeds_them_are_folded(chapter):
    cells = chapter.code[1:]
    folded = [
        here.line
        for here, after in pairwise([*cells, None])
        if here.hidden and not draws(here) and not (after and after.hidden and draws(after))
    ]
    assert folded == [], f"folded, but no chart: cells at lines {folded}"


def draws(block: Block) -> bool:
    return bool(re.search(r"\balt\.|\bcharts\.|book\.(show|frame)\(|\bdef \w+", block.text))


def dotted(node: ast.AST) -> str:
    """The name that a call or attribute goes by, such as "np.random.rand"."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@every_chapter
def test_no_clock_no_network_no_unseeded_chance(chapter):
    found = []
    for block in chapter.code:
        for node in ast.walk(tree(block)):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [
                f"line {block.line}: import {m}"
                for m in modules
                if m.split(".")[0] in FORBIDDEN_MODULES
            ]
            if isinstance(node, ast.Call) and FORBIDDEN_CALLS.search(dotted(node.func)):
                found.append(f"line {block.line}: {dotted(node.func)}()")
    assert found == [], "data comes from aifactory.data, chance from book.rng"


def unstable(node: ast.AST) -> bool:
    """Whether rows that tie may come in any order: another processor sorts in other steps.

    Sorts by several columns keep the order of ties by themselves.
    """
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    several = bool(node.args) and isinstance(node.args[0], ast.List)
    said = any(k.arg == "kind" for k in node.keywords)
    return node.func.attr in ("sort_values", "argsort") and not several and not said


@every_chapter
def test_ties_keep_their_order_on_every_processor(chapter):
    code = [(block.line, node) for block in chapter.code for node in ast.walk(tree(block))]
    found = [f"line {line}: {ast.unparse(node)[:80]}" for line, node in code if unstable(node)]
    assert found == [], 'add kind="stable"'


def test_ties_keep_their_order_in_the_package_too():
    code = [(p, ast.parse(p.read_text(encoding="utf-8"))) for p in PACKAGE.rglob("*.py")]
    found = [f"{p.name}:{n.lineno}" for p, all_of in code for n in ast.walk(all_of) if unstable(n)]
    assert found == [], 'add kind="stable"'


@every_chapter
def test_every_generator_is_drawn_by_one_name_only(chapter):
    code = "\n".join(b.text for b in chapter.code)
    names = re.findall(r"""book\.rng\(\s*["']([^"']+)["']""", code)
    twice = sorted({n for n in names if names.count(n) > 1})
    assert twice == [], "two computations would share one stream of chance"


@every_chapter
def test_listings_show_code_that_exists(chapter):
    for block in chapter.blocks:
        if block.name != "literalinclude":
            continue
        where = f"{chapter.path.name}, line {block.line}"
        path = (NOTEBOOKS / block.argument).resolve()
        assert path.is_file(), f"{where}: {block.argument} is no file"
        assert "lines" not in block.options, f"{where}: name a :pyobject:, line numbers move"
        if wanted := block.options.get("pyobject"):
            assert wanted in objects(path.read_text(encoding="utf-8")), f"{where}: no {wanted}"


def objects(source: str) -> set[str]:
    """Functions, classes and methods of a module, by dotted name."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, kinds):
            found.add(node.name)
            inner = [n for n in getattr(node, "body", []) if isinstance(n, kinds)]
            found |= {f"{node.name}.{n.name}" for n in inner}
    return found


@every_chapter
def test_every_figure_that_prose_cites_is_computed_and_cited_once_said(chapter):
    prose = "\n".join(b.text for b in chapter.blocks if b.kind != "code")
    cited = set(re.findall(r"\{glue:\w+\}`([^`:]+)(?::[^`]*)?`", prose))
    code = "\n".join(b.text for b in chapter.code)
    said = set(re.findall(r"""book\.say\(\s*["']([^"']+)["']""", code))
    computed = re.findall(r"""book\.say\(\s*f["']([^"']+)["']""", code)  # names made in a loop
    loops = [re.sub(r"\\\{[^{}]*\\\}", ".*", re.escape(name)) for name in computed]
    unsaid = {c for c in cited - said if not any(re.fullmatch(p, c) for p in loops)}
    assert unsaid == set(), "cited in prose, but no book.say makes it"
    assert said - cited == set(), "book.say makes it, but prose does not cite it"
