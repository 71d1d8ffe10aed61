"""The whole book as one file, of a small book: an EPUB and a PDF, held to the rules of both."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from pathlib import PurePosixPath
from xml.etree import ElementTree

import pikepdf
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils
from test_publish import source  # noqa: F401 - the fixture with the sample notebook

from aifactory import data
from aifactory.publish import epub, pages, paper, volume, xhtml

XML = "application/xhtml+xml"
OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"


@pytest.fixture(scope="module")
def folder(source, tmp_path_factory):  # noqa: F811
    """The pages of the small book; few sources and claims, for time."""
    (source / "book" / "data.md").write_text("# data\n\n```{downloads}\n```\n")
    (source / "book" / "bibliography.md").write_text("# bibliography\n\nNone is cited.\n")
    out = tmp_path_factory.mktemp("pages") / "epub"
    with patch_docutils(source), docutils_namespace():
        app = Sphinx(source, source, out, out / ".doctrees", "epub", status=None, warning=None)
        app.build()
    return out


@pytest.fixture(scope="module")
def packed(folder, source, tmp_path_factory):  # noqa: F811
    target = tmp_path_factory.mktemp("epub") / "book.epub"
    epub.write(volume.load(folder), folder, source / "notebooks", target)
    return target


@pytest.fixture(scope="module")
def files(packed):
    with zipfile.ZipFile(packed) as book:
        return {name: book.read(name) for name in book.namelist()}


@pytest.fixture(scope="module")
def documents(files):
    """Each XHTML document as a tree: that it parses says that it is well formed."""
    names = [n for n in files if n.endswith(".xhtml")]
    return {n.removeprefix("EPUB/"): ElementTree.fromstring(files[n]) for n in names}


@pytest.fixture(scope="module")
def package(files):
    return ElementTree.fromstring(files["EPUB/package.opf"])


def test_the_zip_starts_with_its_type_and_names_its_package(packed, files):
    with zipfile.ZipFile(packed) as book:
        first = book.infolist()[0]
        assert {i.date_time[3:] for i in book.infolist()} == {(0, 0, 0)}
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", 0, b"")
    assert files["mimetype"] == b"application/epub+zip"
    assert b'full-path="EPUB/package.opf"' in files["META-INF/container.xml"]


def test_the_package_says_what_the_book_is(package):
    said = {e.tag: e.text for e in package.find(f"{OPF}metadata") if e.tag.startswith(DC)}
    assert said[f"{DC}title"] == "A book"
    assert said[f"{DC}language"] == "en"
    assert said[f"{DC}identifier"].startswith("urn:uuid:")
    metas = {m.get("property"): m.text for m in package.iter(f"{OPF}meta")}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", metas["dcterms:modified"])


def test_the_manifest_is_what_is_there(package, files):
    items = list(package.iter(f"{OPF}item"))
    listed = {f"EPUB/{i.get('href')}" for i in items}
    assert listed == set(files) - {"mimetype", "META-INF/container.xml", "EPUB/package.opf"}
    for item in items:
        assert item.get("media-type") == epub.TYPES[PurePosixPath(item.get("href")).suffix]
    ids = [i.get("id") for i in items]
    assert len(ids) == len(set(ids))
    spine = [i.get("idref") for i in package.iter(f"{OPF}itemref")]
    assert spine
    assert set(spine) <= set(ids)
    properties = Counter(i.get("properties") for i in items)
    assert properties["nav"] == properties["cover-image"] == 1


def test_properties_tell_of_formulas_and_drawings(package, documents):
    for item in package.iter(f"{OPF}item"):
        if item.get("media-type") == XML:
            tags = {e.tag for e in documents[item.get("href")].iter()}
            said = (item.get("properties") or "").split()
            assert ("mathml" in said) is (xhtml.MATHML + "math" in tags)
            assert ("svg" in said) is (xhtml.SVG + "svg" in tags)


def test_every_link_and_image_of_the_epub_has_its_target(documents, files):
    places = {name: {e.get("id") for e in tree.iter()} for name, tree in documents.items()}
    inner = 0
    for name, tree in documents.items():
        for element in tree.iter():
            if src := element.get("src"):
                assert f"EPUB/{src}" in files
                assert element.get("alt")
            href = element.get("href") if element.tag.endswith("}a") else None
            if href and not re.match("https?:|mailto:", href):
                page, _, place = href.partition("#")
                assert page in documents, f"{name}: {href}"
                assert not place or place in places[page], f"{name}: {href}"
                inner += 1
    assert inner > 15


def test_ids_are_unique_and_nothing_acts(documents):
    for name, tree in documents.items():
        ids = [e.get("id") for e in tree.iter() if e.get("id")]
        assert len(ids) == len(set(ids)), name
        tags = {e.tag.rpartition("}")[2] for e in tree.iter()}
        assert tags.isdisjoint({"script", "button", "input", "details", "iframe"}), name
        assert not [k for e in tree.iter() for k in e.attrib if k.startswith(("on", "data-"))]


def test_the_contents_list_chapters_and_sections(documents):
    links = [a.get("href") for a in documents["nav.xhtml"].iter(xhtml.XHTML + "a")]
    assert "notebooks-power.xhtml" in links
    assert "notebooks-power.xhtml#power-households" in links


def test_code_is_left_out_and_controls_are_told_of(documents):
    words = xhtml.text(documents["notebooks-power.xhtml"])
    assert "show()" not in words
    assert "has controls that recompute it" in words
    assert 'alert("x")' in words  # hostile text stays text


@pytest.fixture(scope="module")
def printed(folder, source, tmp_path_factory, browser_path):  # noqa: F811
    """Two prints of the book."""
    out = tmp_path_factory.mktemp("pdf")
    for name in ("one.pdf", "two.pdf"):
        paper.write(volume.load(folder), folder, source / "notebooks", out / name)
    return out / "one.pdf", out / "two.pdf"


@pytest.fixture(scope="module")
def pdf(printed):
    with pikepdf.open(printed[0]) as book:
        yield book


def test_two_prints_are_the_same(printed):
    assert printed[0].read_bytes() == printed[1].read_bytes()


def test_the_print_says_what_it_is_and_can_be_read_aloud(pdf):
    assert str(pdf.docinfo.Title) == "A book"
    assert str(pdf.Root.Lang) == "en"
    assert pdf.Root.MarkInfo.Marked
    day = pages.edition().released.replace("-", "")
    assert str(pdf.docinfo.CreationDate).startswith(f"D:{day}000000")
    with pdf.open_outline() as outline:
        titles = [item.title for item in outline.root]
    assert "Power" in titles


def test_links_within_the_print_have_their_page(pdf):
    places = pdf.Root.Dests
    notes = [n for page in pdf.pages for n in page.get("/Annots", ())]
    inner = [str(n.Dest) for n in notes if "/Dest" in n]
    assert len(inner) > 15
    assert [n for n in inner if n not in places] == []
    addresses = [str(n.A.URI) for n in notes if "/A" in n]
    assert [a for a in addresses if not a.startswith(("http", "mailto"))] == []


def test_the_same_anchor_of_two_pages_stays_two_places(pdf):
    assert {"/book-claims--power-built", "/notebooks-power--power-households"} <= set(
        map(str, pdf.Root.Dests)
    )


def test_the_contents_give_the_page(folder, printed):
    numbers = paper.page_numbers(printed[0])
    assert numbers["index"] < numbers["book-claims"] < numbers["notebooks-power"]
    book = volume.load(folder)
    for page in book.pages:
        paper._own_ids(page)
    shown = paper.document(book, numbers)
    at = numbers["notebooks-power"]
    assert re.search(rf'href="#notebooks-power">.*?<span class="page">{at}</span>', shown)


def test_charts_are_drawn_not_rasterised(pdf):
    images = [i for page in pdf.pages for i in page.get_images()]
    assert images == []


def test_every_claim_is_in_the_book(documents):
    ids = {e.get("id") for e in documents["book-claims.xhtml"].iter()}
    assert set(data.claims()["claim_id"]) <= ids
