"""The pair of text and notebook stays in step, and says so when it does not."""

import json

import nbformat
import pytest

from aifactory import data, execute

TEXT = """---
jupytext:
  formats: ipynb,md:myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
# A sample

Some prose.

```{code-cell} ipython3
from aifactory import book
from aifactory.data import figure

book.setup("power")
```

One figure is read, and one claim.

```{code-cell} ipython3
book.not_testable("power-built", reason="a sample", as_of="2026-01-15", figures=[FIGURE])
```
"""


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """A folder with one executed chapter; tests that change it put it back."""
    folder = tmp_path_factory.mktemp("notebooks")
    seen = data.figures().query("verification == 'seen'")["figure_id"].iloc[0]
    (folder / "power.md").write_text(TEXT.replace("FIGURE", repr(seen)), encoding="utf-8")
    assert execute.execute(["power"], notebooks=folder, say=lambda _: None) == {"power": "executed"}
    return folder


@pytest.fixture
def text(notebooks):
    path = notebooks / "power.md"
    before = path.read_text(encoding="utf-8")
    yield path
    path.write_text(before, encoding="utf-8")


@pytest.fixture
def stored(notebooks):
    path = notebooks / "power.ipynb"
    before = path.read_text(encoding="utf-8")
    yield path
    path.write_text(before, encoding="utf-8")


def edit_metadata(path, kind, change):
    nb = json.loads(path.read_text(encoding="utf-8"))
    kept = nb["metadata"]["aifactory"]
    kept[kind] = change(kept[kind])
    path.write_text(json.dumps(nb), encoding="utf-8")


def test_an_executed_chapter_is_in_step(notebooks):
    assert execute.check("power", notebooks) == []
    assert execute.execute(["power"], notebooks=notebooks) == {"power": "up to date"}


def test_the_notebook_remembers_what_it_came_from(notebooks):
    kept = nbformat.read(notebooks / "power.ipynb", 4).metadata["aifactory"]
    assert "aifactory/book.py" in kept["modules"]
    assert "aifactory/execute.py" not in kept["modules"]
    assert list(kept["claims"]) == ["power-built"]
    assert len(kept["figures"]) == 1


@pytest.mark.parametrize("kind", ["modules", "figures", "claims"])
def test_other_content_than_at_execution_is_noticed(notebooks, stored, kind):
    edit_metadata(stored, kind, lambda kept: {**kept, next(iter(kept)): "0" * 16})
    (message,) = execute.check("power", notebooks)
    assert message.startswith(f"power: {kind[:-1]} ")
    assert message.endswith(
        "changed after power.ipynb was executed; run: make execute CHAPTER=power"
    )


def test_what_no_longer_exists_is_noticed(notebooks, stored):
    edit_metadata(stored, "modules", lambda kept: {**kept, "aifactory/gone.py": "0" * 16})
    (message,) = execute.check("power", notebooks)
    assert "module aifactory/gone.py changed" in message


def test_edited_code_is_noticed(notebooks, text):
    text.write_text(text.read_text().replace('a sample"', 'another"'), encoding="utf-8")
    assert execute.check("power", notebooks) == [
        "power: its code changed after power.ipynb was executed; run: make execute CHAPTER=power"
    ]


def test_edited_prose_is_noticed_and_synced_without_a_run(notebooks, text, stored):
    text.write_text(text.read_text().replace("Some prose.", "Other prose."), encoding="utf-8")
    assert execute.check("power", notebooks) == [
        "power: its text and power.ipynb differ; run: make execute CHAPTER=power"
    ]
    done = execute.execute(["power"], notebooks=notebooks)
    assert done == {"power": "prose synced, outputs kept"}
    assert execute.check("power", notebooks) == []
    assert "Other prose." in stored.read_text(encoding="utf-8")


def test_an_edited_output_is_noticed(notebooks, stored):
    changed = stored.read_text(encoding="utf-8").replace("a sample", "a fine sample", 1)
    stored.write_text(changed, encoding="utf-8")
    assert any("an output in power.ipynb was edited by hand" in m
               for m in execute.check("power", notebooks))  # fmt: skip


def test_a_chapter_that_was_never_run_is_noticed(tmp_path):
    (tmp_path / "power.md").write_text(TEXT, encoding="utf-8")
    assert execute.check("power", tmp_path) == [
        "power: power.ipynb has not been executed; run: make execute CHAPTER=power"
    ]


def test_an_unknown_chapter_and_a_broken_notebook_name_the_remedy(notebooks, stored):
    with pytest.raises(execute.ChapterError, match="pover.md: no such chapter; there are: power"):
        execute.check("pover", notebooks)
    stored.write_text("{", encoding="utf-8")
    with pytest.raises(execute.ChapterError, match="is not a notebook.*make execute CHAPTER=power"):
        execute.check("power", notebooks)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "division by zero"),
        ("import sys; print('oh', file=sys.stderr)", "wrote to stderr: oh"),
    ],
)
def test_a_failing_chapter_keeps_the_stored_notebook(notebooks, text, stored, code, message):
    before = stored.read_bytes()
    text.write_text(text.read_text() + f"\n```{{code-cell}} ipython3\n{code}\n```\n")
    with pytest.raises(execute.ChapterError, match=message) as caught:
        execute.execute(["power"], notebooks=notebooks, say=lambda _: None)
    assert str(caught.value).startswith("power: ")
    assert "\x1b" not in str(caught.value)
    assert stored.read_bytes() == before
    assert sorted(p.name for p in notebooks.iterdir()) == ["power.ipynb", "power.md"]


def test_running_again_gives_the_same_bytes(notebooks, stored):
    before = stored.read_bytes()
    execute.execute(["power"], notebooks=notebooks, force=True, say=lambda _: None)
    assert stored.read_bytes() == before
