"""Where a Chromium is on this machine: the tests open pages with it, `make pdf` prints with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "AIFACTORY_BROWSER"
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
WAYS = (
    "Do one of these: `.venv/bin/python -m playwright install chromium`; "
    "`apt-get install chromium` as root; "
    f"install Google Chrome; or set {VARIABLE} to a browser's path."
)


class NoBrowser(Exception):
    """There is no browser, or the one that was asked for is none."""


def find() -> str | None:
    """Path of an installed Chrome or Chromium, or of the one that playwright brought."""
    asked = os.environ.get(VARIABLE)
    if asked:
        if not os.access(asked, os.X_OK):
            raise NoBrowser(f"{VARIABLE}={asked} is not a program")
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


def required() -> str:
    """Path of a browser; raises with what to do where there is none."""
    path = find()
    if not path:
        raise NoBrowser(f"No Chromium was found. {WAYS}")
    return path
