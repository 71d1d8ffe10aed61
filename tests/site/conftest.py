"""A server of the built site and a browser, for all tests that open its pages."""

from __future__ import annotations

import functools
import http.server
import threading

import pytest
from playwright.sync_api import sync_playwright
from visit import ARGUMENTS, Quiet


@pytest.fixture(scope="module")
def base(site):
    """The address of the site, served on loopback."""
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(browser_path):
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        yield chromium
        chromium.close()
