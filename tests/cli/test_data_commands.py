"""`data lock` and `data check`, as a contributor meets them."""

import json

import pytest


@pytest.fixture
def line(line):
    """With the tables that belong to no chapter, and those that forecasts rest on.

    tests/data/test_data_package.py checks all.
    """
    named = (line.data / "forecasts.csv").read_text(encoding="utf-8")
    path = line.data / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    package["resources"] = [
        r for r in package["resources"] if "/" not in r["name"] or r["name"] in named
    ]
    path.write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    kept = {line.data / r["path"] for r in package["resources"]}
    for file in set(line.data.glob("*/*")) - kept:
        file.unlink()
    return line


def edit(line, before, after):
    """Change one word of the figures."""
    path = line.data / "figures.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_a_whole_package_passes_the_check(line):
    (line.notebooks.parent / "book").mkdir()
    cited = [row["source_id"] for row in line.rows("sources")]
    page = line.notebooks.parent / "book" / "sources.md"
    page.write_text(f"{{cite:p}}`{','.join(cited)}`")
    assert line.run("data", "check") == (0, "", "the data package is whole\n")


def test_the_check_lists_every_fault_one_a_line(line):
    edit(line, ",seen,", ",sen,")
    (line.data / "extra.csv").write_text("x\n1\n")
    code, out, err = line.run("data", "check")
    lines = out.splitlines()
    assert code == 1
    assert any(text.startswith("data/figures.csv is not the file that") for text in lines)
    assert any("'sen' is not one of seen, recalled" in text for text in lines)
    assert any(text.startswith("data/extra.csv: datapackage.json does not") for text in lines)
    assert err == f"error: {len(lines)} faults in the data package\n"


def test_lock_after_an_edit(line):
    before = json.loads((line.data / "datapackage.json").read_text(encoding="utf-8"))
    assert line.run("data", "lock") == (0, "", "nothing to lock: every file is as described\n")
    edit(line, ",seen,", ",recalled,")
    code, out, err = line.run("data", "lock")
    assert (code, err) == (0, "locked\n")
    assert out.startswith("data/figures.csv: sha256 ")
    after = json.loads((line.data / "datapackage.json").read_text(encoding="utf-8"))
    changed = [
        r["name"] for r, s in zip(before["resources"], after["resources"], strict=True) if r != s
    ]
    assert changed == ["figures"]
    assert line("figures").exit_code == 0


def test_lock_refuses_what_breaks_a_schema(line):
    before = (line.data / "datapackage.json").read_bytes()
    edit(line, ",seen,", ",sen,")
    code, out, err = line.run("data", "lock")
    assert code == 1
    assert "field `verification`: 'sen' is not one of seen, recalled." in out
    assert err == "error: datapackage.json is unchanged: correct these first\n"
    assert (line.data / "datapackage.json").read_bytes() == before


def test_a_package_that_is_gone_takes_one_line(line):
    (line.data / "datapackage.json").unlink()
    for command in ("check", "lock"):
        code, out, err = line.run("data", command)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "datapackage.json is missing" in err
