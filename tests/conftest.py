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

# Speed is measured in bench/: a busy machine must not fail a property. Half of the usual examples,
# for there are hundreds of properties.
settings.register_profile("book", deadline=None, max_examples=50)
settings.load_profile("book")

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"

BROWSER = "AIFACTORY_BROWSER"
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
ADVICE = (
    "No Chromium was found and none could be installed. Do one of these: "
    "`.venv/bin/python -m playwright install chromium`; `apt-get install chromium` as root; "
    f"install Google Chrome; or set {BROWSER} to a browser's path."
)


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
    """Path of an installed Chrome or Chromium, or of the one that playwright brought."""
    asked = os.environ.get(BROWSER)
    if asked:
        if not os.access(asked, os.X_OK):
            pytest.fail(f"{BROWSER}={asked} is not a program", pytrace=False)
        return asked
    for name in NAMES:
        if path := shutil.which(name):
            return path
    installed = [str(p) for p in APPLICATIONS if p.is_file()]
    return installed[0] if installed else playwright_browser()


def playwright_browser() -> str | None:
    """Path of playwright's own Chromium, if it is there."""
    code = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    path = asked.stdout.strip()
    return path if path and Path(path).is_file() else None


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
