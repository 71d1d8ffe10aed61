"""Measurements that go well or don't, apart from the tests so that a new process loads little."""

from __future__ import annotations

import time

from bench.rows import Found, Row

ROWS = (
    Row("one", "s", "a peer", limit=3.0),
    Row("other", "draws/s", "a peer", limit=5.0, higher_is_better=True),
)


def well(quick):
    yield Found("one", [1.0, 2.0, 4.0], 8.0)
    yield Found("other", [10.0], 4.0)


def fails(quick):
    yield Found("one", [1.0], 8.0)
    raise ValueError("no\nluck")


def hangs(quick):
    yield Found("one", [1.0], 8.0)
    time.sleep(60)


def dies(quick):
    yield Found("one", [1.0], 8.0)
    raise SystemExit
