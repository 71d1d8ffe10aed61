"""The campaign of planted faults: a small sample of it, and its table is whole and explained."""

from __future__ import annotations

import pytest
from campaign import faults, mutants
from campaign.__main__ import COLUMNS, Campaign

from aifactory.publish import attack

SEED = 5
# One fault of each of these kinds, and a check that must be the one to see it as planted.
STEP = "test_stored_outputs_come_from_what_is_here"
SAMPLED = {
    "a digit in a table": "test_hash_and_size",
    "two columns swapped": "test_hash_and_size",
    "a dropped row": "test_hash_and_size",
    "a row twice": "test_hash_and_size",
    "a wrong date": "test_hash_and_size",
    "a source id": "test_hash_and_size",
    "a criterion or threshold": "test_hash_and_size",
    "a published edition's row": "test_hash_and_size",
    "a sealed forecast": "test_hash_and_size",
    "an edited or stale output": STEP,
    "a what-if coefficient": STEP,
    "an operator or constant in a model": STEP,
}


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    made = Campaign(root, tmp_path_factory.mktemp("campaign"), expensive=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def tree(root):
    return faults.Tree(root)


@pytest.mark.parametrize("kind", SAMPLED)
def test_a_fault_of_each_kind_is_caught_as_planted(kind, run, tree):
    fault = next(faults.of_kind(tree, kind, SEED))
    assert SAMPLED[kind] in run.attack(fault, levels=("planted",))["planted_by"], fault


def test_the_copy_is_whole_again_after_each_fault(run, root):
    run.scratch.plant("pyproject.toml", "gone")
    run.scratch.restore()
    assert (run.copy / "pyproject.toml").read_bytes() == (root / "pyproject.toml").read_bytes()


def test_the_list_is_long_mixed_and_the_same_each_time(tree):
    some = [list(faults.of_kind(tree, kind, SEED))[:3] for kind in ("a unit", "a wrong date")]
    again = [list(faults.of_kind(tree, kind, SEED))[:3] for kind in ("a unit", "a wrong date")]
    assert some == again
    assert sum(count for count, _ in faults.KINDS.values()) >= 1000
    assert len(faults.KINDS) >= 12


def test_mutants_are_single_changes_that_can_be_read_as_code():
    source = 'def f(x: int = 3) -> bool:\n    "1 < 2"\n    return not (x < -2) and x**2 > 0.5\n'
    found = {source[: m.start] + m.new + source[m.stop :] for m in mutants.find(source)}
    wanted = [("= 3", "= 4"), ("x <", "x <="), ("-2", "2"), ("-2", "-3"), ("**", "*"),
              (" >", " >="), ("0.5", "0.55"), ("and", "or"), ("not", "")]  # fmt: skip
    for old, new in wanted:
        assert source.replace(old, new, 1) in found, (old, new)
    for text in found:
        compile(text, "mutant", "exec")


def test_the_run_is_on_record_and_every_survivor_has_a_reason(root):
    rows = attack.results(root)
    assert len(rows) >= 1000
    assert len({row["kind"] for row in rows}) >= 12
    assert tuple(rows[0]) == COLUMNS
    known = attack.reasons(root)
    bare = [row for _, row in attack.survivors(rows) if not attack.why(row, known)]
    assert bare == [], "say why in tests/campaign/reasons.csv, or add a check"
