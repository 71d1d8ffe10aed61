"""The list of a site's files: what the build writes, and what checking against it finds."""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import shutil
import threading
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from aifactory import manifest, verify
from aifactory.__main__ import app
from aifactory.publish import manifests

COMMIT = "0123456789abcdef" * 2 + "01234567"
SHA = "0" * 64


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "a site"
    (folder / "book").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>A book</h1>")
    (folder / "book" / "data é.csv").write_text("a,b\n1,2\n")
    (folder / "empty.txt").write_text("")
    (folder / ".buildinfo").write_text("a note of Sphinx")
    manifest.write(folder, "1.2.3", COMMIT)
    return folder


def command(*arguments):
    done = CliRunner().invoke(app, ["verify", *map(str, arguments)])
    return done.exit_code, done.stdout.splitlines(), done.stderr


def test_a_site_as_it_was_built_has_no_fault(site):
    code, faults, said = command(site)
    assert (code, faults) == (0, [])
    assert said.startswith("3 files, 0 faults: version 1.2.3, commit 0123456789ab, digest ")


def test_the_manifest_is_the_last_step_of_a_build(site, monkeypatch):
    (site / "added.html").write_text("by a later step")
    steps = []
    monkeypatch.setenv("BOOK_URL", "https://book.example/latest")
    manifests.setup(SimpleNamespace(connect=lambda *a, **k: steps.append((a, k))))
    (((event, write), options),) = steps
    assert (event, options["priority"] > 900) == ("build-finished", True)
    builder = SimpleNamespace(name="html")
    build = SimpleNamespace(builder=builder, outdir=site, config=SimpleNamespace(html_baseurl=""))
    write(build, None)
    assert command(site)[:2] == (0, [])
    said = json.loads((site / manifest.FILE).read_text())
    assert "added.html" in said["files"]
    assert said["address"] == "https://book.example/latest/"


def test_each_fault_takes_a_line(site):
    (site / "index.html").write_text("<h1>A bock</h1>")
    (site / "empty.txt").write_text("longer")
    (site / "book" / "data é.csv").unlink()
    (site / "book" / "new\x1b[2J.html").write_text("")
    code, faults, _ = command(site)
    assert code == 1
    assert faults == [
        "book/data é.csv: missing",
        "empty.txt: altered (longer than 0 bytes)",
        "index.html: altered (15 bytes, should be 15)",
        "book/new\\x1b[2J.html: not in the manifest",
    ]


def test_a_build_of_the_same_commit_is_compared_file_by_file(site, tmp_path):
    built = tmp_path / "built"
    shutil.copytree(site, built)
    (built / "index.html").write_text("<h1>Another</h1>")
    (built / "more.html").write_text("")
    (built / "empty.txt").unlink()
    manifest.write(built, "1.2.3", COMMIT)
    code, faults, _ = command(site, "--build", built)
    assert code == 1
    assert faults == [
        "more.html: not published",
        "empty.txt: published, not in the build",
        "index.html: differs from the build",
    ]
    (built / "index.html").write_bytes((site / "index.html").read_bytes())  # after its manifest
    assert command(site, "--build", built)[1] == faults[:2]


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"commit": "f" * 40}, "check that commit out"),
        ({"address": "https://book.example/"}, "BOOK_URL="),
    ],
)
def test_a_build_that_cannot_be_the_same_is_refused(site, tmp_path, changed, wanted):
    built = tmp_path / "built"
    shutil.copytree(site, built)
    manifest.write(built, **({"version": "1.2.3", "commit": COMMIT} | changed))
    code, faults, said = command(site, "--build", built)
    assert (code, faults) == (2, [])
    assert wanted in said


# -- manifests that somebody made ------------------------------------------------------------------


def listing(**changes):
    """A manifest that would be right, with one thing changed."""
    files = changes.pop("files", {"index.html": {"sha256": SHA, "bytes": 1}})
    sums = {p: (str(e.get("sha256")), e.get("bytes")) for p, e in files.items()}
    digest = manifest.Manifest("1", "", sums).digest()
    return json.dumps({"version": "1", "commit": "", "digest": digest, "files": files} | changes)


def one(path="index.html", **entry):
    return listing(files={path: {"sha256": SHA, "bytes": 1} | entry})


HOSTILE = {
    "nothing": "",
    "a web page": "<!doctype html><h1>Not found</h1>",
    "not UTF-8": b"\xff\xfe\x00",
    "a list": "[]",
    "no files": listing(files={}).replace('"files"', '"filez"'),
    "a wrong digest": listing(digest=SHA),
    "a version that is a number": listing(version=1),
    "a line that steers a terminal": listing(commit="\x1b[2J"),
    "a path out of the site": one("../../etc/passwd"),
    "a path out of its folder": one("book/../index.html"),
    "an absolute path": one("/etc/passwd"),
    "a path of Windows": one("book\\..\\x"),
    "a drive": one("c:/x"),
    "an address": one("https://evil.example/x"),
    "a query": one("index.html?x=1"),
    "a path that is unpacked twice": one("%2e%2e/x"),
    "a new line in a path": one(f"a\n{SHA}  b"),
    "an empty path": one(""),
    "a hash that is none": one(sha256="x" * 64),
    "a hash in capitals": one(sha256="A" * 64),
    "a huge size": one(bytes=10**15),
    "a size below nothing": one(bytes=-1),
    "a size that is a fraction": one(bytes=1.5),
    "a size that is true": one(bytes=True),
    "a number too long to read": one(bytes=1).replace('"bytes": 1', '"bytes": ' + "9" * 5000),
    "one more field": one(url="https://evil.example/"),
    "a file twice": one().replace('{"index.html": ', '{"index.html": {}, "index.html": '),
    "files twice": listing().replace('"version"', '"files": {}, "version"'),
    "a deep nest": "[" * 200_000,
    "too many files": listing(files={f"{i}": {"sha256": SHA, "bytes": 0} for i in range(50_001)}),
    "too long": " " * (manifest.LONGEST + 2),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bad_manifest_is_one_line_and_exit_code_2(kind, tmp_path):
    content = HOSTILE[kind]
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / manifest.FILE).write_bytes(content)
    code, faults, said = command(tmp_path)
    assert (code, faults) == (2, [])
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    assert len(said) < 500
    assert "\x1b" not in said


def test_what_the_hostile_ones_are_made_from_is_fine(tmp_path):
    assert list(manifest.read(one().encode(), "here").files) == ["index.html"]


def test_a_link_out_of_the_site_is_not_followed(site, tmp_path):
    (tmp_path / "secret").write_text("x")
    (site / "index.html").unlink()
    (site / "index.html").symlink_to(tmp_path / "secret")
    assert command(site)[1] == ["index.html: missing"]


def test_a_folder_without_a_manifest_says_what_to_do(tmp_path):
    code, _, said = command(tmp_path)
    assert code == 2
    assert "has no manifest.json" in said
    assert "make book" in said


# -- on the web ------------------------------------------------------------------------------------


class Server(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, or what `answers` says: path -> (status, headers, body)."""

    answers: dict = {}  # noqa: RUF012 - each test sets its own

    def do_GET(self):
        path = self.path.removeprefix("/")
        if path not in self.answers:
            return super().do_GET()
        status, headers, body = self.answers[path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def served(site, monkeypatch):
    """The address of the site, and what to set for other answers."""
    monkeypatch.setattr(Server, "answers", {})
    monkeypatch.setattr(verify.time, "sleep", lambda s: None)
    handler = functools.partial(Server, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", Server.answers
        server.shutdown()


def test_a_published_site_is_checked_from_its_address(served, site):
    assert command(served[0])[:2] == (0, [])
    (site / "index.html").write_text("<h1>A bock</h1>")
    (site / "empty.txt").unlink()
    code, faults, _ = command(served[0])
    assert code == 1
    assert faults == ["empty.txt: missing", "index.html: altered (15 bytes, should be 15)"]


def test_an_endless_file_is_left_at_the_size_it_should_have(served, site, monkeypatch):
    served[1]["index.html"] = (200, {}, b"x" * 5_000_000)
    assert command(served[0])[1] == ["index.html: altered (longer than 15 bytes)"]


PAGE = b"<h1>A book</h1>"


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ((302, {"Location": "https://evil.example/"}, b""), "name that address"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(PAGE)), "comes packed"),
        ((503, {}, b""), "answers 503 (tried 3 times)"),
        ((200, {"Content-Length": "999"}, PAGE), "(tried 3 times)"),
    ],
)
def test_a_server_that_gives_no_whole_file_is_told_in_one_line(served, answer, wanted):
    served[1]["index.html"] = answer
    code, faults, said = command(served[0])
    assert (code, faults) == (2, [])
    assert wanted in said
    assert len(said.splitlines()) == 1


def test_an_address_without_a_manifest_or_without_a_server(served):
    served[1][manifest.FILE] = (404, {}, b"")
    assert command(served[0])[0] == 2
    assert command("http://127.0.0.1:1/")[0] == 2
    assert command("http://[::1")[0] == 2
