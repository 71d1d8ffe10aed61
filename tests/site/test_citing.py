"""Citations read back by others' parsers, heads, crate and cards; the dialog by keyboard."""

from __future__ import annotations

import copy
import hashlib
import html
import html.parser
import json
import re
import struct
import tomllib
from urllib.parse import unquote

import pytest
import yaml
from docutils import nodes
from pybtex.database import parse_string
from pybtex.richtext import Text
from visit import Visit

from aifactory.publish import cards, citation, citing, contents, heads, pages
from aifactory.publish.html import block

PAGE = "notebooks/power"
HOSTILE = 'A & B_c: 50 % of $5 #1 ^ ~ "q" <b>é</b> {x}\r\nER  - \nTY  - BOOK \\end'
DIGEST = "0" * 64
BOOK = citation.from_record(
    yaml.safe_load((pages.ROOT / citation.FILE).read_text(encoding="utf-8"))
    | {"doi": "10.5281/zenodo.1234567"}
)


def read(site, path):
    return (site / path).read_bytes().decode()


@pytest.fixture(scope="module")
def power(site):
    return read(site, f"{PAGE}.html")


@pytest.fixture(scope="module")
def listed(site):
    """What the dialog gets of one page."""
    name, content = json.loads(
        f"[{read(site, f'cite/{PAGE}.js').strip().removeprefix('bookCitations(')[:-2]}]"
    )
    assert name == PAGE
    return content


# -- the formats ----------------------------------------------------------------------------------


def read_ris(text):
    """Records of a RIS file, read strictly: tag, two spaces, hyphen, space; CR LF; TY … ER."""
    records, current = [], None
    assert text.endswith("\r\n")
    for line in text.removesuffix("\r\n").split("\r\n"):
        match = re.fullmatch(r"([A-Z][A-Z0-9])  - ([^\r\n]*)", line)
        assert match, f"no RIS line: {line!r}"
        tag, value = match.groups()
        assert (current is None) == (tag == "TY"), line
        if tag == "ER":
            records.append(current)
            current = None
        elif tag == "TY":
            current = {"TY": [value]}
        else:
            current.setdefault(tag, []).append(value)
    assert current is None, "a record without an end"
    return records


CSL_TYPES = ("book", "chapter")  # of the schema's, those that are used here
CSL_TEXT = ("title", "container-title", "version", "URL", "DOI", "note", "language")


def check_csl(record):
    """The parts of the CSL-JSON schema that a record of ours touches; it allows no other field."""
    assert {"type", "id"} <= set(record) <= {*CSL_TEXT, "type", "id", "author", "issued"}
    assert record["type"] in CSL_TYPES
    assert isinstance(record["id"], str)
    assert all(isinstance(record[k], str) and record[k] for k in CSL_TEXT if k in record)
    assert all(set(a) == {"literal"} for a in record["author"])
    ((year, month, day),) = record["issued"]["date-parts"]
    assert all(isinstance(part, int) for part in (year, month, day))


def plain(latex):
    return str(Text.from_latex(latex)).replace(r"\$", "$").replace("\\textasciicircum ", "^")


def test_formats_read_back_as_they_were_meant():
    work = citation.Work(HOSTILE, "https://book.example/notebooks/power.html#a_b", DIGEST)
    title = " ".join(HOSTILE.split())

    (record,) = read_ris(citation.ris(work, BOOK))
    assert record["TI"] == [title]
    assert record["T2"] == [BOOK.title]
    assert (record["UR"], record["DO"]) == ([work.address], [BOOK.doi])

    (loaded,) = json.loads(citation.csl_text([work], BOOK))
    check_csl(loaded)
    assert (loaded["title"], loaded["DOI"]) == (title, BOOK.doi)

    ((key, entry),) = parse_string(citation.bibtex(work, BOOK), "bibtex").entries.items()
    assert key == "aifactory-power-a-b"
    assert plain(entry.fields["title"]) == title.replace("{", "(").replace("}", ")")
    assert entry.fields["url"] == work.address
    assert entry.fields["doi"] == BOOK.doi
    assert [str(p) for p in entry.persons["author"]] == [f"{{{a}}}" for a in BOOK.authors]
    raw = entry.fields["title"].replace(r"\$", "").replace(r"\textasciicircum", "")
    assert not re.search(r"(?<!\\)[&%#_$^~]", raw), raw

    said = citation.apa(work, BOOK)
    assert said.startswith(f"{BOOK.authors[0]}. ({BOOK.released:%Y, %B} {BOOK.released.day}). ")
    assert f"https://doi.org/{BOOK.doi} {work.address}" in said


def test_the_book_is_cited_as_a_book():
    work = citation.Work(BOOK.title, "https://book.example/index.html", DIGEST, whole=True)
    assert read_ris(citation.ris(work, BOOK))[0]["TY"] == ["BOOK"]
    assert citation.csl(work, BOOK)["type"] == "book"
    assert f". {BOOK.title} (Version {BOOK.version}). https" in citation.apa(work, BOOK)


@pytest.mark.parametrize("name", ["index", PAGE, "claims/power-built"])
def test_files_for_import_hold_every_place_once(site, name):
    csl = json.loads(read(site, f"cite/{name}.json"))
    for record in csl:
        check_csl(record)
    titles = [record["title"] for record in csl]
    entries = parse_string(read(site, f"cite/{name}.bib"), "bibtex").entries
    assert [plain(e.fields["title"]).strip("{}") for e in entries.values()] == titles
    assert list(entries) == [record["id"] for record in csl], "keys repeat"
    assert [r["TI"][0] for r in read_ris(read(site, f"cite/{name}.ris"))] == titles
    shown = read(site, f"cite/{name}.html")
    assert all(html.escape(t, quote=False) in shown.replace("&quot;", '"') for t in titles)


# -- the hash -------------------------------------------------------------------------------------

VERDICT = {"claim_id": "a", "part": None, "edition": None, "reason": "So.", "probability": 0.5}
SPEC = {"usermeta": {"name": "c", "finding": "F"}, "datasets": {"d": [{"x": 1}]}, "mark": "bar"}


def document(words="One  word.", spec=SPEC, form="text/plain"):
    """A page with a section that has a text, an output in two forms, a verdict and a chart."""
    found = nodes.document("", "")
    page, part = nodes.section(ids=["page"]), nodes.section(ids=["page-part"])
    outputs = nodes.container(nb_element="mime_bundle")
    for mime, said in (("image/png", "drawn"), (form, "printed")):
        outputs += nodes.container("", nodes.paragraph("", said), mime_type=mime)
    part += [nodes.title("", "Part"), nodes.paragraph("", words), outputs]
    part += [
        block('<section class="verdict rated-x" id="verdict-a" aria-label="V">x</section>'),
        block("", spec=spec),
    ]
    page += [nodes.title("", "Page"), part]
    found += page
    return found


def hashes(stored=VERDICT, **changes):
    places = contents.places(
        document(**changes), {"page", "page-part"}, {"verdict-a": stored} if stored else {}
    )
    return {p.label: p.digest for p in places}


def test_the_hash_goes_by_content_and_is_as_described():
    first = hashes()
    assert list(first) == ["page", "page-part", "verdict-a", "fig-c"]
    assert hashes(words="One\nword.") == first
    assert hashes(spec=SPEC | {"mark": "line"}) == first
    lines = [
        "Part",
        "One word.",
        "printed",
        json.dumps(VERDICT, sort_keys=True, separators=(",", ":")),
        '{"data":{"d":[{"x":1}]},"words":{"finding":"F","name":"c"}}',
    ]
    by_hand = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    assert first["page-part"] == by_hand
    other = copy.deepcopy(SPEC)
    other["datasets"]["d"][0]["x"] = 2
    moved = {
        "words": {"page", "page-part"},
        "spec": {"page", "page-part", "fig-c"},
        "stored": {"page", "page-part", "verdict-a"},
    }
    changes = {"words": "Two.", "spec": other, "stored": VERDICT | {"probability": 0.6}}
    for name, value in changes.items():
        now = hashes(**{name: value})
        assert {k for k in first if first[k] != now[k]} == moved[name], name


# -- the controls ---------------------------------------------------------------------------------


class Controls(html.parser.HTMLParser):
    """Cite links of a page, and the sections, charts and verdicts that should have one."""

    def __init__(self, text):
        super().__init__()
        self.links, self.wanted, self.bytes = {}, set(), []
        self.feed(text)

    def handle_starttag(self, tag, found):
        a = dict(found)
        if a.get("class") == "cite":
            self.links[a["href"].partition("#")[2]] = a
            self.bytes.append(len(self.get_starttag_text()) + len("Cite</a>"))
        kind = a.get("class") or ""
        if tag == "section" and a.get("id", "").startswith(("power-", "verdict-")):
            self.wanted.add(a["id"])
        if tag == "figure" and kind == "chart":
            self.wanted.add(a["id"])


def test_everything_that_can_be_cited_has_a_named_link_to_its_citations(site, power, listed):
    page = Controls(power)
    assert len(page.wanted) > 80
    assert page.wanted | {"power"} <= set(page.links)
    assert set(page.links) == set(listed["items"])
    target = read(site, f"cite/{PAGE}.html")
    for label, link in page.links.items():
        assert link["href"] == f"../cite/{PAGE}.html#{label}"
        assert len(link["aria-label"]) > len("Cite "), label
        assert f' id="{label}"' in target
        place = listed["items"][label]["place"]
        assert label == "power" or place.endswith(f"{PAGE}.html#{label}")
    # Each takes the place of a link to the same place, which the script sets back.
    shapes = ('<a class="headerlink" href="#{}" title="Link to this heading">#</a>',
              '<a href="#{}">Link to this verdict</a>')  # fmt: skip
    spared = [len(shapes[i.startswith(("fig-", "verdict-"))].format(i)) for i in page.links]
    assert (sum(page.bytes) - sum(spared)) / len(page.links) <= 70


def test_formats_without_citing_pages_get_no_link():
    place = contents.Place("a", "The <claim>", "P: The <claim>", DIGEST, "section")
    markup = citing.link("x.html#a", place)
    assert "<claim>" not in markup
    assert citing._LINK.sub("", f"<p>a {markup}</p>") == "<p>a</p>"


# -- heads ----------------------------------------------------------------------------------------


def metas(text):
    """Names and properties of meta elements with their contents."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', text)
    return [(name, html.unescape(content)) for name, content in found]


def zotero(text):
    """Type and fields that Zotero's Embedded Metadata takes from a head, by its rules of 2015-24.

    Highwire's tags go before Dublin Core's and OpenGraph's; citation_book_title makes a book
    section, og:type "book" a book.
    """
    found = dict(metas(text))
    section = "bookSection" if "citation_book_title" in found else None
    og = {"book": "book", "website": "webpage"}.get(found.get("og:type"))
    names = {"title": "citation_title", "date": "citation_publication_date"}
    names |= {"bookTitle": "citation_book_title", "author": "citation_author"}
    names |= {"language": "citation_language", "rights": "DC.rights", "url": "citation_public_url"}
    return {"type": section or og or "webpage"} | {k: found.get(v) for k, v in names.items()}


def test_heads_say_what_reference_managers_read(site, power):
    book = citation.book()
    item = zotero(power)
    assert (item["type"], item["title"], item["bookTitle"]) == ("bookSection", "Power", book.title)
    assert (item["author"], item["date"]) == (book.by, f"{book.released:%Y/%m/%d}")
    first = zotero(read(site, "index.html"))
    assert (first["type"], first["title"], first["bookTitle"]) == ("book", book.title, None)
    names = [name for name, _ in metas(power)]
    assert len(names) == len(set(names))
    dublin = {"title", "creator", "date", "identifier", "rights", "language", "type"}
    assert {n.removeprefix("DC.") for n in names if n.startswith("DC.")} == dublin


def test_heads_know_the_address_and_the_doi_where_there_are_any():
    where = "https://book.example/notebooks/power.html"
    found = dict(metas(heads.bibliographic('A "<b>', BOOK, where, ["a", "b"], True)))
    assert found["citation_title"] == 'A "<b>'
    assert found["citation_public_url"] == found["citation_fulltext_html_url"] == where
    assert (found["citation_doi"], found["DC.identifier"]) == (BOOK.doi, f"doi:{BOOK.doi}")
    assert 'rel="canonical"' in heads.bibliographic("A", BOOK, where, [], True)
    bare = heads.bibliographic("A", citation.book(), "notebooks/power.html", [], True)
    assert "canonical" not in bare and "_url" not in bare


def linked(text):
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    return {record["@type"]: record for record in map(json.loads, blocks)}


def test_book_and_chapters_are_described_to_search_engines(site, power):
    book = linked(read(site, "index.html"))["Book"]
    assert [part["position"] for part in book["hasPart"]] == list(range(1, 9))
    assert book["hasPart"][0]["url"].endswith(f"{PAGE}.html")
    found = linked(power)
    chapter = found["Chapter"]
    assert (chapter["name"], chapter["position"]) == ("Power", 1)
    assert chapter["isPartOf"]["name"] == book["name"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", chapter.get("dateModified", "2000-01-01"))
    steps = found["BreadcrumbList"]["itemListElement"]
    assert [step["name"] for step in steps] == [book["name"], "Power"]
    assert [step["item"].rpartition("/")[2] for step in steps] == ["index.html", "power.html"]


# -- cards ----------------------------------------------------------------------------------------


def test_every_chapter_has_a_card_of_the_right_size(site):
    chapters = sorted((site / "notebooks").glob("*.html"))
    for page in [site / "index.html", *chapters]:
        picture = (site / "og" / f"{page.stem}.png").read_bytes()
        assert picture[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", picture[16:24]) == cards.SIZE
        assert len(picture) <= 150_000, page.stem
        found = dict(metas(page.read_text(encoding="utf-8")))
        assert found["og:image"].endswith(f"og/{page.stem}.png")
        assert found["og:image:alt"] and found["og:title"] and found["og:description"]


def test_a_card_is_drawn_again_only_when_it_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "compose", lambda *_: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')  # fmt: skip # noqa: E501
    target = tmp_path / "og" / "x.png"
    assert cards.draw(target, SPEC, "Book", "Chapter")
    assert not cards.draw(target, SPEC, "Book", "Chapter")
    assert cards.draw(target, SPEC, "Book", "Another")


# -- the whole ------------------------------------------------------------------------------------


def test_the_crate_keeps_the_rules_of_ro_crate(site):
    record = json.loads(read(site, "ro-crate-metadata.json"))
    assert record["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    graph = record["@graph"]
    by_id = {entity["@id"]: entity for entity in graph}
    assert len(by_id) == len(graph), "an @id stands twice"
    about = by_id["ro-crate-metadata.json"]
    assert about["@type"] == "CreativeWork" and about["about"] == {"@id": "./"}
    assert about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = by_id["./"]
    assert root["@type"] == "Dataset"
    assert all(root[k] for k in ("name", "description", "datePublished", "license", "author"))

    def references(value, inside=False):
        if isinstance(value, list):
            return [r for v in value for r in references(v, inside)]
        if isinstance(value, dict):
            assert set(value) == {"@id"}, f"not flat: {value}"
            return [value["@id"]]
        return []

    for entity in graph:
        assert entity["@type"], entity["@id"]
        for key, value in entity.items():
            missing = [r for r in references(value) if r not in by_id]
            assert not missing or key == "conformsTo", f"{entity['@id']}: {key}: {missing}"
    files = [e for e in graph if e["@type"] == "File"]
    assert {f["@id"] for f in files} == {p["@id"] for p in root["hasPart"]}
    for entity in files:
        content = (site / unquote(entity["@id"])).read_bytes()
        assert entity["contentSize"] == str(len(content)), entity["@id"]
        assert entity["sha256"] == hashlib.sha256(content).hexdigest(), entity["@id"]
        assert entity["name"] and entity["encodingFormat"] and entity["license"]
    package = json.loads((pages.ROOT / "data" / "datapackage.json").read_text())
    data = {f"data/{r['path']}" for r in package["resources"]}
    assert data <= {unquote(f["@id"]) for f in files}


def test_citation_file_zenodo_and_package_agree(site, root):
    text = (root / "CITATION.cff").read_text(encoding="utf-8")
    assert read(site, "CITATION.cff") == text
    cff = yaml.safe_load(text)
    required = {"cff-version", "message", "title", "authors", "type", "version", "date-released"}
    assert required <= set(cff)
    assert cff["cff-version"] == "1.2.0" and cff["type"] in ("software", "dataset")
    cited = cff["preferred-citation"]
    for key in ("title", "authors", "version", "date-released"):
        assert cited[key] == cff[key], key
    assert cited["year"] == int(cff["date-released"][:4])
    assert re.fullmatch(r"10\.\d{4,9}/\S+", cff.get("doi", "10.5281/zenodo.1"))
    zenodo = json.loads((root / ".zenodo.json").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert zenodo["version"] == cff["version"] == project["version"]
    assert zenodo["title"] == cff["title"]
    assert zenodo["license"] == cff["license"] == project["license"]
    assert zenodo["keywords"] == cff["keywords"]
    assert zenodo["description"] == citation.book().abstract
    assert [c["name"] for c in zenodo["creators"]] == list(citation.book().authors)


# -- the dialog -----------------------------------------------------------------------------------


def test_the_dialog_by_keyboard(browser, base, listed):
    with Visit(browser, base) as visit:
        page = visit.go("book/how-to-read.html")
        assert not [r for r in visit.requests if "cite" in r], "fetched before it is asked for"
        link = page.locator("h1 a.cite")
        link.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name=re.compile("^Cite: How to read"))
        dialog.wait_for()
        text = dialog.locator("pre")
        assert f"{base}book/how-to-read.html" in text.inner_text()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        assert text.inner_text().startswith("@incollection{")
        assert f"url = {{{base}book/how-to-read.html}}" in text.inner_text()
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert link.evaluate("e => e === document.activeElement")
        page.goto(link.get_attribute("href") and f"{base}cite/book/how-to-read.html")
        assert f"{base}book/how-to-read.html" in page.locator(".citing-apa").first.inner_text()
        assert visit.complaints == [] and visit.foreign() == []
