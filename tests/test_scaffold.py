"""`make new CHAPTER=…`: a chapter that is true as it stands. That it passes, test_chain proves."""

import pytest

from aifactory import data, scaffold

CONTENTS = """root: index
parts:
  - caption: Chapters
    chapters:
      - file: notebooks/power
      - file: notebooks/water
  - caption: Behind the book
    chapters:
      - file: book/methods
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "_toc.yml").write_text(CONTENTS, encoding="utf-8")
    return tmp_path


def test_what_is_written_and_what_is_said(root):
    said = scaffold.new("supply-chain", root, run=False)
    text = (root / "notebooks" / "supply_chain.md").read_text(encoding="utf-8")
    assert 'book.setup("supply-chain")' in text
    for claim in data.chapter_claims("supply-chain"):
        assert claim.claim in text
        assert [f"({claim.id}-{s})=" in text for s in scaffold.SECTIONS] == [True] * 8
        assert f'book.not_testable("{claim.id}"' in text
    package = root / "aifactory" / "models" / "supply_chain" / "__init__.py"
    assert package.read_text() == '"""Models behind the chapter supply-chain."""\n'
    assert said[:3] == [
        "wrote notebooks/supply_chain.md",
        "wrote _toc.yml",
        "wrote aifactory/models/supply_chain/__init__.py",
    ]
    assert "make execute CHAPTER=supply-chain" in "\n".join(said)


@pytest.mark.parametrize(
    ("chapter", "order"),
    [
        ("cooling", ["power", "cooling", "water"]),
        ("pace", ["power", "water", "pace"]),
    ],
)
def test_chapters_are_listed_in_the_order_of_the_claims(root, chapter, order):
    scaffold.new(chapter, root, run=False)
    contents = (root / "_toc.yml").read_text(encoding="utf-8")
    lines = [x.strip() for x in contents.splitlines() if "notebooks/" in x]
    assert lines == [f"- file: notebooks/{name}" for name in order]
    assert contents.replace(f"      - file: notebooks/{chapter}\n", "") == CONTENTS


def test_the_first_chapter_of_all_goes_to_the_top(root):
    (root / "_toc.yml").write_text(CONTENTS.replace("notebooks/power\n", "notebooks/pace\n"))
    scaffold.new("power", root, run=False)
    assert (root / "_toc.yml").read_text().index("notebooks/power") < CONTENTS.index("power") + 1


def test_a_model_package_that_is_there_is_kept(root):
    package = root / "aifactory" / "models" / "cooling" / "__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text("# kept\n")
    assert not any("models" in x for x in scaffold.new("cooling", root, run=False)[:3])
    assert package.read_text() == "# kept\n"


@pytest.mark.parametrize("suffix", ["md", "ipynb"])
def test_nothing_is_overwritten(root, suffix):
    path = root / "notebooks" / f"cooling.{suffix}"
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(ValueError, match=f"cooling.{suffix} exists already; nothing was written"):
        scaffold.new("cooling", root, run=False)
    assert path.read_text() == "mine"
    assert (root / "_toc.yml").read_text() == CONTENTS


@pytest.mark.parametrize(
    "name", ["", "Cooling", "cool ing", "../x", "-a", "a-", "1a", "a_b", "a/b"]
)
def test_a_bad_id_is_refused(root, name):
    with pytest.raises(ValueError, match="is no chapter id: lower-case words"):
        scaffold.new(name, root, run=False)
    assert sorted(p.name for p in root.iterdir()) == ["_toc.yml"]


def test_a_chapter_without_claims_is_refused(root):
    with pytest.raises(data.UnknownName, match="coolin"):
        scaffold.new("coolin", root, run=False)
    assert sorted(p.name for p in root.iterdir()) == ["_toc.yml"]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (
            CONTENTS.replace("notebooks/water", "notebooks/cooling"),
            "lists notebooks/cooling already",
        ),
        ("root: index\n", "lists no chapter"),
    ],
)
def test_a_table_of_contents_that_does_not_fit_is_told(root, contents, message):
    (root / "_toc.yml").write_text(contents)
    with pytest.raises(ValueError, match=message):
        scaffold.new("cooling", root, run=False)
    assert sorted(p.name for p in root.iterdir()) == ["_toc.yml"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("8", "Line 8"),
        ("1;3", "Lines 1 and 3"),
        ("9-10", "Lines 9–10"),
        ("4-7;52-54", "Lines 4–7 and 52–54"),
    ],
)
def test_line_numbers_read_well(lines, words):
    assert scaffold._lines(lines) == words


@pytest.mark.parametrize(
    ("claim", "chapter", "title"),
    [
        ("cooling-cold-plates", "cooling", "## Cold plates"),
        ("supply-one-scarcity", "supply-chain", "## One scarcity"),
        ("interruptions-crash", "networking", "## Interruptions crash"),
    ],
)
def test_sections_have_titles(claim, chapter, title):
    assert title in scaffold._section(data.claim(claim), chapter)
