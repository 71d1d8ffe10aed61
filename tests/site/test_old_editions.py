"""Editions beside each other: assembled from their builds, and what a reader of an old one sees."""

from __future__ import annotations

import functools
import http.server
import json
import re
import tarfile
import threading
from pathlib import Path

import pytest
from visit import Quiet

from aifactory import assemble, manifest

ROOT = Path(__file__).resolve().parents[2]
THEME = ROOT / "aifactory" / "publish" / "theme" / "static"
PAGE = """<!doctype html><html lang="en" data-content_root="{root}"><head>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{root}_static/book.css">
<title>Power & {version}</title><script defer src="{root}_static/book.js"></script></head>
<body><header class="top">The book</header><main><h1 id="top">{version}</h1></main></body></html>
"""


def edition(folder, version):
    """A site of one version with the real script and styles."""
    for name, root in (("index.html", "./"), ("notebooks/power.html", "../")):
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(PAGE.format(root=root, version=version))
    (folder / "_static").mkdir()
    for name in ("book.js", "book.css"):
        (folder / "_static" / name).write_bytes((THEME / name).read_bytes())
    (folder / "data.csv").write_text(f"version\n{version}\n")
    manifest.write(folder, version, "")
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Three editions, one of them packed as a release keeps it."""
    folder = tmp_path_factory.mktemp("editions")
    sites = [edition(folder / v, v) for v in ("0.10.0", "0.9.0", "0.5.0")]
    packed = folder / "site.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(sites[2], ".")
    assert assemble.main([str(folder / "out"), *map(str, sites[:2]), str(packed)]) == 0
    return folder / "out"


def test_every_edition_is_kept_to_the_byte_and_the_newest_is_latest(whole):
    assert (whole / "editions.js").read_text() == 'bookEditions(["0.5.0", "0.9.0", "0.10.0"]);\n'
    for version in ("0.5.0", "0.9.0", "0.10.0", "latest"):
        held = manifest.read((whole / version / manifest.FILE).read_bytes(), version)
        assert manifest.check(held, manifest.folder_reader(whole / version)) == []
        assert held.version == version.replace("latest", "0.10.0")


def test_addresses_without_an_edition_lead_to_the_newest(whole):
    page = (whole / "notebooks" / "power.html").read_text()
    assert 'content="0; url=../latest/notebooks/power.html"' in page
    assert "<title>Power &amp; 0.10.0</title>" in page
    assert 'Content-Security-Policy" content="default-src \'none\'"' in page
    assert 'url=latest/index.html"' in (whole / "index.html").read_text()
    assert (whole / "data.csv").read_text() == "version\n0.10.0\n"
    assert not (whole / "_static").exists()


def test_an_address_that_leads_nowhere_gets_a_page_with_ways_on_from_any_depth(whole, tmp_path):
    text = (whole / "404.html").read_text()
    assert "Page not found" in text
    links = re.findall(r'(?:href|action)="([^"]+)"', text)
    assert {"/latest/index.html", "/latest/search.html", "/latest/_static/book.css"} <= set(links)
    assert all(x.startswith("/latest/") for x in links)
    known = edition(tmp_path / "a", "1.0.0")
    (known / manifest.FILE).unlink()
    place = "https://a.example/book/latest/"
    (known / "sitemap.xml").write_text(f"<urlset><url><loc>{place}x.html</loc></url>"
                                       f"<url><loc>{place}</loc></url></urlset>")  # fmt: skip
    manifest.write(known, "1.0.0", "")
    assert assemble.main([str(tmp_path / "out"), str(known)]) == 0
    text = (tmp_path / "out" / "404.html").read_text()
    links = re.findall(r'(?:href|action)="([^"]+)"', text)
    assert f"{place}search.html" in links
    assert all(x.startswith(place) for x in links)
    assert 'style-src https://a.example; font-src https://a.example"' in text


def test_the_page_for_lost_addresses_works_where_it_is_shown(page, whole):
    class Host(Quiet):
        def send_error(self, code, *_):
            body = (whole / "404.html").read_bytes()
            self.send_response(code)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    host = functools.partial(Host, directory=str(whole))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), host) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/0.5.0/no/such/page.html")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.styleSheets.length") == 1
        page.wait_for_load_state("networkidle")
        assert not [text for text in page.said if "Policy" in text]
        page.get_by_role("link", name="The first page").click()
        page.wait_for_url("**/latest/index.html")
        server.shutdown()


@pytest.fixture(scope="module")
def address(whole):
    handler = functools.partial(Quiet, directory=str(whole.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/out/"
        server.shutdown()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 360, "height": 640})
    page = context.new_page()
    page.asked, page.said = [], []
    page.on("request", lambda r: page.asked.append(r.url))
    page.on("console", lambda m: page.said.append(m.text))
    page.on("pageerror", lambda e: page.said.append(str(e)))
    yield page
    context.close()


def test_an_old_page_says_so_and_leads_to_the_same_place_of_the_newest(page, address):
    page.goto(f"{address}0.5.0/notebooks/power.html#top")
    note = page.locator(".old-edition")
    note.wait_for()
    assert note.inner_text() == "You read edition 0.5.0; the newest is 0.10.0."
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert note.locator("a").bounding_box()["height"] >= 24
    page.get_by_role("link", name="the newest is 0.10.0").click()
    page.wait_for_url(f"{address}latest/notebooks/power.html#top")
    assert page.said == []


@pytest.mark.parametrize("path", ["0.10.0/notebooks/power.html", "latest/index.html"])
def test_the_newest_has_no_banner(page, address, path):
    page.goto(address + path)
    page.wait_for_load_state("networkidle")
    assert page.locator(".old-edition").count() == 0
    assert any("editions.js" in url for url in page.asked) is path.startswith("0.")
    assert page.said == []


def test_a_page_on_a_disk_asks_for_no_list(page, whole):
    page.goto((whole / "0.5.0" / "index.html").as_uri())
    assert page.locator(".old-edition").count() == 0
    assert not [url for url in page.asked if "editions.js" in url]


# -- what is refused -------------------------------------------------------------------------------


def refuse(capsys, *arguments):
    assert assemble.main(list(map(str, arguments))) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    assert not Path(arguments[0]).exists()
    return said


def test_an_altered_site_is_no_edition(tmp_path, capsys):
    site = edition(tmp_path / "site", "1.0.0")
    (site / "data.csv").write_text("altered")
    assert "is not as it was built: data.csv" in refuse(capsys, tmp_path / "out", site)


def test_one_version_twice_a_strange_one_and_a_broken_archive(tmp_path, capsys):
    one, same = edition(tmp_path / "a", "1.0.0"), edition(tmp_path / "b", "1.0.0")
    assert "and so is another one" in refuse(capsys, tmp_path / "out", one, same)
    strange = edition(tmp_path / "c", "../..")
    assert "not of the form 1.2.3" in refuse(capsys, tmp_path / "out", strange)
    (tmp_path / "x.tar.gz").write_bytes(b"no archive")
    assert "is no archive" in refuse(capsys, tmp_path / "out", tmp_path / "x.tar.gz")


def test_an_archive_that_leaves_its_folder_is_refused(tmp_path, capsys):
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("../escaped")
        archive.addfile(member)
    assert "is no archive" in refuse(capsys, tmp_path / "out", tmp_path / "x.tar.gz")
    assert not (tmp_path / "escaped").exists()


def test_what_is_there_is_not_written_over(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    assert assemble.main([str(tmp_path / "out"), str(edition(tmp_path / "a", "1.0.0"))]) == 2
    assert "is there already" in capsys.readouterr().err


def test_the_list_is_data_for_one_function(whole):
    text = (whole / "editions.js").read_text()
    assert json.loads(text.removeprefix("bookEditions(").removesuffix(");\n"))
