"""Setting up: locks, the Makefile's messages, the reader's smaller lock, finding a browser."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aifactory import browser

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)(?: ; [^\\]+)? \\$")


def pins(name):
    """Package -> versions of a lock."""
    found = {}
    for line in (ROOT / name).read_text().splitlines():
        if line and line[0] not in "# ":
            match = PIN.match(line)
            assert match, f"{name}: {line!r} is not pinned and hashed"
            found.setdefault(match[1], set()).add(match[2])
    return found


def wanted(name):
    lines = (ROOT / name).read_text().splitlines()
    return {re.split(r"[<>=!~ #\[]", x)[0].lower() for x in lines if x and not x.startswith("#")}


def test_locks_hold_what_is_asked_for_and_agree():
    full, book = pins("requirements.txt"), pins("requirements-book.txt")
    assert wanted("requirements.in") <= set(full)
    assert wanted("requirements-book.in") <= set(book)
    assert wanted("requirements-book.in") <= wanted("requirements.in")
    assert {k: v for k, v in book.items() if full.get(k) != v} == {}
    assert "setuptools" in book, "the project is installed without fetching a build tool"


def test_locks_are_those_that_were_locked():
    """An edit by hand of a lock, or of one hash in it, shows; `make lock` writes both."""
    lines = (ROOT / "requirements.sha256").read_text(encoding="utf-8").splitlines()
    told = {line.split()[1]: line.split()[0] for line in lines}
    locks = sorted(ROOT.glob("requirements*.txt"))
    assert told == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in locks}


def test_both_locks_hold_the_same_hashes_of_what_both_install():
    """An edited hash of one is told by the other; an installer tells the rest."""

    def hashes(name):
        blocks = re.split(r"^(?=[\w.-]+(?:\[.*\])?==)", (ROOT / name).read_text(), flags=re.M)[1:]
        return {re.match(r"\S+", b)[0]: set(re.findall(r"sha256:(\w+)", b)) for b in blocks}

    full, book = hashes("requirements.txt"), hashes("requirements-book.txt")
    assert {name for name, found in book.items() if full[name] != found} == set()
    assert all(len(h) == 64 for found in full.values() for h in found)


def test_the_site_needs_no_package_outside_the_readers_lock():
    absent = sorted(set(pins("requirements.txt")) - set(pins("requirements-book.txt")))
    code = f"""
import importlib.metadata as m, sys
absent = {absent!r}
names = {{n for n, ds in m.packages_distributions().items()
         if ds and all(d.lower().replace('_', '-') in absent for d in ds)}}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in names: raise ModuleNotFoundError('not in the lock: ' + name)
sys.meta_path.insert(0, Absent())
import aifactory.publish
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]


@pytest.fixture
def bare(tmp_path):
    """The Makefile alone, in a folder with a space, and a PATH to put things on."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("make", "sh", "env"):
        (tools / name).symlink_to(shutil.which(name))
    return folder, tools


def make(folder, tools, *arguments):
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("target", ["book", "test"])
def test_a_missing_python_takes_one_line(bare, target):
    done = make(*bare, target)
    first, *rest = done.stderr.strip().splitlines()
    assert first.startswith("python3 is missing: install Python 3.11 or later")
    assert all(line.startswith("make") for line in rest)
    assert done.returncode == 2


def test_an_old_python_takes_one_line(bare):
    program(bare[1] / "python3", 'test "$1" = -V && echo Python 3.9.2 && exit 0; exit 1')
    first = make(*bare, "book").stderr.splitlines()[0]
    assert first.startswith("python3 is too old, Python 3.9.2: install Python 3.11 or later")


def test_a_python_without_venv_takes_one_line(bare):
    script = 'case "$2" in *version_info*) exit 0;; *) exit 1;; esac'
    program(bare[1] / "python3", script)
    first = make(*bare, "book").stderr.splitlines()[0]
    assert first.startswith("python3 cannot make virtual environments: install its venv module")
    assert not (bare[0] / ".venv").exists()


@pytest.mark.parametrize("target", ["run", "new"])
def test_a_target_that_needs_a_chapter_asks_for_it(target):
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert f"Say which chapter: make {target} CHAPTER=" in done.stdout


def test_nothing_is_installed_twice(tmp_path):
    """The copies of the locks decide, not file times."""
    for name in ("Makefile", "requirements.txt", "requirements-book.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    done = tmp_path / ".venv" / ".installed"
    done.mkdir(parents=True)
    (tmp_path / ".venv" / "bin").mkdir()
    log = tmp_path / "log"
    program(tmp_path / ".venv" / "bin" / "python", f'echo "$@" >> "{log}"')

    def calls(target):
        log.write_text("")
        subprocess.run(["make", target], cwd=tmp_path, check=True, capture_output=True)
        return [x for x in log.read_text().splitlines() if "-m uv" in x]

    assert len(calls("deps-book")) == 2
    assert calls("deps-book") == []
    for moment in (0, 4_000_000_000):  # long ago, and long after
        for path in (p for p in tmp_path.iterdir() if p.is_file()):
            os.utime(path, (moment, moment))
        assert calls("deps-book") == []
    assert len(calls("deps-full")) == 1
    assert calls("deps-full") == calls("deps-book") == []
    with (tmp_path / "requirements.txt").open("a") as lock:
        lock.write("# changed\n")
    assert len(calls("deps-full")) == 1


@pytest.fixture
def provisioning(request):
    """tests/conftest.py as a module."""
    return request.config.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))


@pytest.fixture
def no_browser(provisioning, monkeypatch, tmp_path):
    """A machine on which no browser is to be found; returns the commands that are tried."""
    tried = []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    monkeypatch.setattr(browser, "APPLICATIONS", ())
    monkeypatch.setattr(browser, "playwright_browser", lambda: None)
    monkeypatch.setattr(provisioning, "attempt", tried.append)
    return tried


def test_an_installed_browser_is_used(provisioning, no_browser, tmp_path):
    program(tmp_path / "google-chrome", "exit 0")
    assert provisioning.find_browser() == str(tmp_path / "google-chrome")
    assert no_browser == []


def test_browsers_are_tried_in_turn(provisioning, no_browser, tmp_path, monkeypatch):
    program(tmp_path / "apt-get", "exit 0")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    provisioning.install_browser()
    said = [" ".join(c) for c in no_browser]
    assert said[0].endswith("-m playwright install chromium")
    assert said[1:] == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends chromium",
    ]


def test_without_root_only_playwright_is_tried(provisioning, no_browser, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    provisioning.install_browser()
    assert len(no_browser) == 1


def test_no_browser_at_all_says_what_to_do(provisioning, no_browser, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(pytest.fail.Exception, match="Do one of these: .*playwright install"):
        provisioning.provide_browser()


def test_a_browser_that_is_named_but_is_none_is_told(provisioning, no_browser, monkeypatch):
    monkeypatch.setenv(browser.VARIABLE, "/no/such/browser")
    with pytest.raises(pytest.fail.Exception, match="/no/such/browser is not a program"):
        provisioning.find_browser()
