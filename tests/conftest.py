"""What all tests share: where things are, and a browser, found or installed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from aifactory import browser

# Speed is measured in bench/: a busy machine must not fail a property. Half of the usual examples,
# for there are hundreds of properties.
settings.register_profile("book", deadline=None, max_examples=50)
settings.load_profile("book")

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"

ADVICE = f"No Chromium was found and none could be installed. {browser.WAYS}"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site. `make test` builds it first."""
    assert (SITE / "index.html").is_file(), "the site is not built; run: make book"
    return SITE


def find_browser() -> str | None:
    """Path of a browser, as `make pdf` finds it; a wrong setting fails the test that asks."""
    try:
        return browser.find()
    except browser.NoBrowser as error:
        pytest.fail(str(error), pytrace=False)


def install_browser() -> None:
    """Try playwright's Chromium, then Debian's as root. What fails leaves nothing behind."""
    attempt([sys.executable, "-m", "playwright", "install", "chromium"])
    if find_browser() or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    if shutil.which("apt-get"):
        attempt(["apt-get", "update", "-qq"])
        attempt(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])


def attempt(command: list[str]) -> None:
    """Run a command that is allowed to fail, for ten minutes at most."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=600)


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold a lock across processes: parallel tests must not install the same thing twice."""
    with (Path(tempfile.gettempdir()) / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def provide_browser() -> str:
    """Path of a Chromium to test with: found, or installed, or it fails and says what to do."""
    with alone("aifactory-browser"):
        if not find_browser():
            install_browser()
        path = find_browser()
    if not path:
        pytest.fail(ADVICE, pytrace=False)
    return path


@pytest.fixture(scope="session")
def browser_path() -> str:
    return provide_browser()


def pytest_terminal_summary(terminalreporter):
    """Say what to do about a chapter whose fresh outputs differ from the stored ones."""
    failed = terminalreporter.stats.get("failed", [])
    paths = {Path(report.nodeid.split("::")[0]) for report in failed}
    for path in sorted(p for p in paths if p.suffix == ".ipynb"):
        chapter = path.stem.replace("_", "-")
        terminalreporter.write_line(
            f"{chapter}: a fresh run gives other outputs than {path.name} holds; "
            f"run: .venv/bin/python -m aifactory execute --force {chapter}",
            red=True,
        )


def pytest_collection_finish(session):
    """Keep coverage out of the chapters' kernels.

    nbval would start it there whenever pytest-cov runs. It would slow the models down several
    times, and lines that a chapter happens to run are not tested by that.
    """
    session.config.option.cov_source = []
