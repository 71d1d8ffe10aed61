"""`execute` and `new` on the command line; what they do is tested beside their modules."""

import pytest

from aifactory import execute, scaffold

TEXT = """---
kernelspec:
  name: python3
  display_name: Python 3
  language: python
---

# Small

```{code-cell} ipython3
from aifactory import book

book.setup("power")
```
"""


@pytest.fixture
def small(line):
    (line.notebooks / "power.md").write_text(TEXT, encoding="utf-8")
    return line


def test_execute_runs_a_chapter_once_and_says_what_it_did(small):
    code, out, err = small.run("execute", "power", "--jobs", "1")
    assert (code, out) == (0, "power: executed\n"), err
    assert "power: 1/1 cells" in err
    for arguments, said in ((["execute"], "power: up to date\n"), (["execute", "--check"], "")):
        done = small(*arguments)
        assert (done.exit_code, done.stdout, done.stderr) == (0, said, "")


def test_check_lists_stale_chapters_and_exits_with_1(small):
    done = small("execute", "--check")
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout == (
        "power: power.ipynb has not been executed; run: make execute CHAPTER=power\n"
    )


def test_a_failing_chapter_exits_with_1_without_our_traceback(small):
    path = small.notebooks / "power.md"
    path.write_text(TEXT.replace('book.setup("power")', "1 / 0"), encoding="utf-8")
    code, out, err = small.run("execute")
    assert (code, out) == (1, "")
    assert err.split("\n")[-1] == ""
    assert "error: power:" in err
    assert "ZeroDivisionError" in err
    assert "aifactory/__main__.py" not in err


def test_an_unknown_chapter_exits_with_2(small):
    done = small("execute", "powr")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "error: no chapter 'powr'; there is power\n"


def test_options_reach_the_runner(small, monkeypatch):
    asked = {}

    def fake(names, **options):
        asked.update(options, names=names)
        options["say"]("half way")
        return dict.fromkeys(names, "done")

    monkeypatch.setattr(execute, "execute", fake)
    done = small("execute", "--force", "-j", "3")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "power: done\n", "half way\n")
    assert (asked["names"], asked["jobs"], asked["force"]) == (["power"], 3, True)
    assert asked["notebooks"] == small.notebooks


def test_new_prints_what_the_scaffold_says(line, monkeypatch):
    monkeypatch.setattr(scaffold, "new", lambda chapter: [f"wrote {chapter}", "next: edit it"])
    done = line("new", "water")
    assert (done.exit_code, done.stdout) == (0, "wrote water\nnext: edit it\n")


@pytest.mark.parametrize(
    ("error", "code"), [(ValueError("it exists"), 2), (execute.ChapterError("it fails"), 1)]
)
def test_new_takes_one_line_to_refuse(line, monkeypatch, error, code):
    def refuse(chapter):
        raise error

    monkeypatch.setattr(scaffold, "new", refuse)
    done = line("new", "water")
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", f"error: {error}\n")
