"""Addresses that were published stay; those that are new are put on the list."""

from __future__ import annotations

import addresses
import markup
import pytest
from addresses import COMMAND, alive, built, listed
from sphinx.errors import ExtensionError

from aifactory.publish import redirects


def test_no_published_address_has_died():
    lost = [a for a in listed() if not alive(a)]
    assert lost == [], "put what moved into MOVED in aifactory/publish/redirects.py"


def test_every_address_is_on_the_list():
    new = sorted(set(built()) - set(listed()))
    assert new == [], f"{len(new)} new addresses; to publish them, run: {COMMAND}"


def test_the_list_is_sorted_and_holds_each_kind():
    known = listed()
    assert known == sorted(set(known))
    for start in ("book/glossary.html#term-", "notebooks/power.html#verdict-", "charts/",
                  "book/bibliography.html#source-", "book/data.html#table-",
                  "book/forecasts.html#forecast-", "notebooks/power.html#fig-",
                  "notebooks/power.html#power-households"):  # fmt: skip
        assert any(a.startswith(start) for a in known), f"no {start}…"
    assert not [a for a in known if a.endswith("#id1")]


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A small site, one page of which has moved into a folder."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "b.html").write_text('<!doctype html><title>b</title><p id="x">b</p>')
    redirects.write(tmp_path, {"old/a.html": "new/b.html", "c.html": "new/b.html#x"})
    for module in (addresses, markup):
        monkeypatch.setattr(module, "SITE", tmp_path)
    markup.page.cache_clear()
    yield tmp_path
    markup.page.cache_clear()


def test_a_page_that_moved_keeps_its_address(moved):
    assert markup.page("old/a.html").faults == []
    assert markup.page("old/a.html").moved == "../new/b.html"
    assert alive("old/a.html") and alive("old/a.html#x") and alive("c.html#gone")
    assert not alive("old/a.html#gone") and not alive("lost.html")
    redirects.write(moved, {"old/a.html": "new/b.html"})  # a second build


@pytest.mark.parametrize("table", [{"a.html": "lost.html"}, {"new/b.html": "new/b.html#x"}])
def test_no_stub_leads_nowhere_or_hides_a_page(moved, table):
    (moved / "new" / "d.html").write_text("d")
    with pytest.raises(ExtensionError, match="redirects.py"):
        redirects.write(moved, table | {"new/d.html": "new/b.html"})
