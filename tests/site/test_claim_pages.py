"""Pages of single claims, their JSON and ClaimReview; the list of changes, its feed and the map."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import html.parser
import itertools
import json
import re
import types
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import jsonschema
import pytest
from schemaorg import faults
from visit import SITE

from aifactory import data, editions, verdicts
from aifactory.publish import (
    backlinks,
    changes,
    claimpages,
    claimrecords,
    directives,
    glosses,
    pages,
)

CLAIMS = [c.id for chapter in directives.chapters() for c in data.chapter_claims(chapter)]
SCHEMA = json.loads(claimrecords.SCHEMA.read_text(encoding="utf-8"))
HOSTILE = '</script><img src=x onerror=alert(1)>"'
STORED = verdicts.by_claim(editions.stored())


class Page(html.parser.HTMLParser):
    """Text, ids, links and JSON-LD of a page's article."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.words, self.head = [], [], [], []
        self.data, self.within, self.first = [], False, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.head += [given] if tag == "link" else []
        self.within = tag == "script" and given.get("type") == "application/ld+json"

    def handle_data(self, text):
        if self.within:
            self.data.append(json.loads(text))
        self.words.append(text)

    def handle_endtag(self, _):
        self.within = False

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@functools.cache
def page(claim_id):
    return Page((SITE / "claims" / f"{claim_id}.html").read_text(encoding="utf-8"))


@functools.cache
def twin(claim_id):
    return json.loads((SITE / "claims" / f"{claim_id}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def _built(site):
    assert site == SITE


# -- every claim -----------------------------------------------------------------------------------


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_the_page_has_the_claim_its_criterion_and_every_verdict_as_stored(claim_id):
    claim, found = data.claim(claim_id), page(claim_id)
    markup = (SITE / "claims" / f"{claim_id}.html").read_text(encoding="utf-8")
    assert re.findall(r"<h1>(.*?)</h1>", markup, re.S) == [
        claimpages.escape(glosses.standalone(claim))
    ]
    assert claim.criterion in found.text
    chapter = verdicts.chapter_path(claim.chapter, Path("../notebooks")).with_suffix(".html")
    assert f"{chapter}#{claim_id}-criterion" in found.links  # where the bar is set
    stored = [v for parts in STORED[claim_id].values() for v in parts]
    for v in stored:
        assert claimpages.boxes.anchor(v) in found.ids
        assert " ".join(v["reason"].split()) in found.text
        assert claimpages.boxes.short_span(v) in found.text
    assert len(found.ids) == len(set(found.ids)), "an id stands twice on the page"
    first = markup[: markup.index('id="criterion"')]
    for edition in STORED[claim_id].values():
        assert claimpages.boxes.chip(verdicts.combine(edition)["rating"]) in first
    for name in {name for v in stored for name in v["figures"]}:
        figure = data.figure(name, reference_only=True)
        assert figure.description in found.text
        assert claimpages.AT_SOURCE[figure.verification] in found.text


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_the_json_is_as_its_schema_says_and_holds_what_is_stored(claim_id):
    record = twin(claim_id)
    jsonschema.validate(record, SCHEMA, format_checker=jsonschema.FormatChecker())
    claim = data.claim(claim_id)
    assert (record["claim"], record["criterion"]) == (claim.claim, claim.criterion)
    stored = {claimpages.boxes.anchor(v): v for x in STORED[claim_id].values() for v in x}
    assert {v["id"] for v in record["verdicts"]} == set(stored)
    for v in record["verdicts"]:
        for key in set(v) - {"id", "beyond"}:
            assert v[key] == stored[v["id"]][key], key
    for one in record["combined"]:
        parts = STORED[claim_id][one["edition"] or ""]
        assert one["rating"] == verdicts.combine(parts)["rating"]
        assert stored[one["decided_by"]]["rating"] == one["rating"]
    assert [row for row in editions.load() if row["claim_id"] == claim_id] == record["history"]


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_the_claim_review_is_good_and_says_the_combined_rating_of_the_newest_edition(claim_id):
    (review,) = (x for x in page(claim_id).data if x["@type"] == "ClaimReview")
    assert faults(review) == []
    held = STORED[claim_id]
    v = verdicts.combine(held.get("newest") or held.get("") or held["post"])
    rating = review["reviewRating"]
    assert rating["alternateName"].lower() == v["rating"]
    assert rating["ratingExplanation"] == f"As of {v['as_of']}: {v['reason']}"
    if v["probability"] is None:
        assert not {"ratingValue", "bestRating", "worstRating"} & set(rating)
    else:
        low = sum(v["probability"] >= b for b in (0.01, 0.1, 0.33)) + 1
        high = sum(v["probability"] > b for b in (0.66, 0.9, 0.99))
        assert (rating["worstRating"], rating["ratingValue"], rating["bestRating"]) == (
            1, low + high, 7,
        )  # fmt: skip
    post = data.source("post")
    for at in ("appearance", "firstAppearance"):
        assert review["itemReviewed"][at]["datePublished"] == post.published
    assert review["claimReviewed"] == data.claim(claim_id).claim
    assert review["datePublished"] == pages.edition().released


def test_the_check_of_claim_reviews_can_fail():
    good = next(x for x in page("power-built").data if x["@type"] == "ClaimReview")
    spoilt = {
        "no such property": lambda r: r.update(claimRating=3),
        "is no type": lambda r: r["author"].update({"@type": "Organisation"}),
        "is expected": lambda r: r.update(author={"@type": "Rating"}),
        "is not Date": lambda r: r.update(datePublished="lately"),
        "is not Number": lambda r: r["reviewRating"].update(bestRating=[True]),
        "@context": lambda r: r.pop("@context"),
    }
    for said, change in spoilt.items():
        record = copy.deepcopy(good)
        change(record)
        assert any(said in fault for fault in faults(record)), said


def test_a_gloss_stands_in_the_claim_that_points_elsewhere_and_in_its_titles():
    for claim_id, (words, meant) in glosses.GLOSSES.items():
        claim = data.claim(claim_id)
        said = glosses.standalone(claim)
        assert said != claim.claim
        assert said.replace(f" [{meant}]", "") == claim.claim
        assert f"{words} [{meant}]" in said
        markup = (SITE / "claims" / f"{claim_id}.html").read_text(encoding="utf-8")
        told = claimpages.escape(said)
        assert f'<meta property="og:title" content="{told.rstrip(".")}"' in markup
        assert f"<title>{told}" in markup
    assert glosses.standalone(data.claim("power-built")) == data.claim("power-built").claim


def test_claims_lead_to_each_other_in_the_post_s_order():
    for before, after in itertools.pairwise(CLAIMS):
        assert f"{after}.html" in page(before).links
        assert f"{before}.html" in page(after).links
    listed = json.loads((SITE / "claims" / "index.json").read_text(encoding="utf-8"))["claims"]
    assert [row["id"] for row in listed] == CLAIMS
    for row in listed:
        assert row["rating"] == twin(row["id"])["combined"][0]["rating"]
        assert (SITE / "claims" / row["page"]).is_file()
        assert (SITE / "claims" / row["json"]).is_file()
    assert json.loads((SITE / "claims" / "schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_the_ledger_and_the_chapters_lead_to_the_claims_pages():
    ledger = Page((SITE / "book" / "claims.html").read_text(encoding="utf-8"))
    assert {f"../claims/{claim_id}.html" for claim_id in CLAIMS} <= set(ledger.links)
    chapter = (SITE / "notebooks" / "power.html").read_text(encoding="utf-8")
    assert 'href="../claims/power-built.html"' in chapter


def test_history_joins_versions_that_say_the_same():
    rows = [row for row in editions.load() if row["claim_id"] == "power-built"]
    found = claimpages.runs(reversed(rows))
    assert sorted(row["version"] for run in found for row in run) == sorted(
        row["version"] for row in rows
    )
    moved = [dict(rows[-1]), {**rows[-1], "version": "0.0.1", "probability": 0.2}]
    assert len(claimpages.runs(moved)) == 2
    markup = (SITE / "claims" / "power-built.html").read_text(encoding="utf-8")
    history = markup[markup.index('id="history"') : markup.index('id="backlinks"')]
    assert history.count("<tr><td>") == len(found)
    assert f"<td>{rows[0]['version']} to {rows[-1]['version']}<br>" in history


def test_what_would_change_it_points_to_the_charts_under_that_heading():
    found = {c["address"] for c in twin("power-households")["what_would_change_it"]}
    chapter = (SITE / "notebooks" / "power.html").read_text(encoding="utf-8")
    start = chapter.index('id="power-households-change"')
    section = chapter[start : chapter.index('id="power-households-verdict"')]
    shown = {f"../notebooks/power.html#{x}" for x in re.findall(r'id="(fig-[\w-]+)"', section)}
    assert found == shown != set()


# -- backlinks -------------------------------------------------------------------------------------


def test_backlinks_are_found_in_prose_outputs_and_registers_but_not_at_home(tmp_path):
    text = (
        "(power)=\n# Power\n\nFirst {glue:text}`power-built-share`.\n\n(power-built)=\n## Built\n\n"
        "power-built itself\n\n```python\npower-islanded\n```\n\n(power-stable)=\n## *Stable*\n\n"
        "(power-stable-data)=\n### Data\n\nAs [there](power-built-result); power-builtin, "
        "my-power-built.\n"
    )
    cells = [
        {"cell_type": "markdown", "source": text},
        {"cell_type": "code", "source": "power-households", "outputs": [
            {"data": {"text/plain": "a power-not-land b"}}]},
    ]  # fmt: skip
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book").mkdir()
    (tmp_path / "notebooks" / "power.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "book" / "notes.md").write_text("# Notes\n\n## Below\n\nSee pace-agi.\n")
    found = backlinks.find(tmp_path)

    def targets(claim_id):
        return [b.target for b in found.get(claim_id, ()) if b.kind == "section"]

    assert targets("power-built") == ["notebooks/power#power", "notebooks/power#power-stable-data"]
    assert found["power-built"][1].title == "Power: Stable: Data"
    assert targets("power-not-land") == ["notebooks/power#power-stable-data"]
    assert targets("pace-agi") == ["book/notes"]
    assert targets("power-islanded") == targets("power-households") == []
    assert "book/forecasts#forecast-colossus2-1500mw-2027q1" in {
        b.target for b in found["power-built"] if b.kind == "forecast"
    }


# -- made from strange words -----------------------------------------------------------------------


def strange(**changes):
    v = STORED["power-built"]["newest"][0] | {"reason": HOSTILE, "limits": HOSTILE} | changes
    claim = data.Claim("power-built", "power", "1;3", "fact", HOSTILE, HOSTILE)
    link = backlinks.Backlink("section", HOSTILE, "notebooks/power#power")
    return claimrecords.Dossier(
        claim, {"newest": [v]}, "notebooks/power", (), (link,),
        ({"name": "power-x", "finding": HOSTILE},),
    )  # fmt: skip


def test_words_from_data_cannot_leave_their_place():
    made = claimpages.page(strange(), None, None, pages.edition(), lambda uri: uri)
    assert "<img" not in made.body + made.head
    assert made.head.count("</script>") == 1
    record = json.loads(re.search(r'ld\+json">(.*?)</script>', made.head, re.S)[1])
    assert record["claimReviewed"] == HOSTILE
    assert faults(record) == []


def test_a_claim_that_is_not_tested_yet_has_a_page_without_rating():
    claim = data.claim("power-built")
    bare = claimrecords.Dossier(claim, {}, "notebooks/power")
    made = claimpages.page(bare, None, None, pages.edition(), lambda uri: uri)
    assert "Not yet tested" in made.body
    assert "ld+json" not in made.head
    assert "doc:notebooks" not in made.body
    record = claimrecords.record(bare, lambda uri: uri, pages.edition())
    jsonschema.validate(record, SCHEMA)
    assert not record["tested"]


# -- changes, feed and map -------------------------------------------------------------------------

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def app(base=""):
    builder = types.SimpleNamespace(get_target_uri=lambda doc: f"{doc}.html")
    config = types.SimpleNamespace(html_baseurl=base)
    return types.SimpleNamespace(builder=builder, config=config)


def sample():
    old = editions.load()[0]
    new = old | {"rating": "likely", "probability": 0.8}
    move = editions.Move("0.2.0", old["claim_id"], "a & b", None, old, new, HOSTILE)
    first = editions.Release("0.1.0", "2026-01-01", {"Added": ("One & `two`",)})
    second = editions.Release("0.2.0", "2026-02-02", {"Added": ("A <b>",), "Fixed": ("C",)})
    ahead = editions.Release("0.3.0", "", {"Added": ("Soon",)})
    return [
        changes.Version(ahead, ()),
        changes.Version(second, (move,)),
        changes.Version(first, ()),
    ]


def check_feed(root):
    """What RFC 4287 asks of a feed and its entries."""

    def one(node, tag):
        (found,) = node.findall(f"a:{tag}", ATOM)
        return found.text

    ids = [one(root, "id"), *(one(e, "id") for e in root.findall("a:entry", ATOM))]
    assert len(set(ids)) == len(ids)
    for name in ids:
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)
    assert root.find("a:author/a:name", ATOM).text
    relations = [link.get("rel") for link in root.findall("a:link", ATOM)]
    assert sorted(relations) == ["alternate", "self"]
    for node in [root, *root.findall("a:entry", ATOM)]:
        assert one(node, "title")
        moment = one(node, "updated")
        assert moment.endswith("Z")
        dt.datetime.fromisoformat(moment)
    for entry in root.findall("a:entry", ATOM):
        (link,) = entry.findall("a:link", ATOM)
        assert link.get("rel") == "alternate"
        assert entry.find("a:content", ATOM).get("type") == "html"


def test_the_feed_has_an_entry_a_version_and_one_a_verdict_that_moved(monkeypatch):
    monkeypatch.delenv(pages.ADDRESS, raising=False)
    root = ET.fromstring(changes.feed(app(), sample()))
    check_feed(root)
    titles = [e.find("a:title", ATOM).text for e in root.findall("a:entry", ATOM)]
    claim = glosses.standalone(data.claim(editions.load()[0]["claim_id"]))
    assert titles == ["Version 0.2.0", f"Rating moved: {claim} (a & b)", "Version 0.1.0"]
    content = [e.find("a:content", ATOM).text for e in root.findall("a:entry", ATOM)]
    assert "A &lt;b&gt;" in content[0]
    assert "<img" not in "".join(content)
    assert 'href="claims/power-built.html"' in content[1]
    hrefs = [x.get("href") for x in root.iter("{http://www.w3.org/2005/Atom}link")]
    assert all(not x.startswith(("http", "/", "doc:")) for x in hrefs)


def test_ids_of_the_feed_never_change_and_addresses_follow_the_site(monkeypatch):
    near, far = (changes.feed(app(base), sample()) for base in ("", "https://a.example/book"))
    assert re.findall("urn:uuid:[^<]*", near) == re.findall("urn:uuid:[^<]*", far)
    assert changes.identifier("version", "0.1.0") == PINNED
    root = ET.fromstring(far)
    check_feed(root)
    for link in root.iter("{http://www.w3.org/2005/Atom}link"):
        assert link.get("href").startswith("https://a.example/book/")


PINNED = "urn:uuid:7a89b463-7a19-52cd-8e10-7541979f4498"


def test_the_site_has_a_feed_that_its_pages_name_and_whose_places_are_there():
    root = ET.parse(SITE / "feed.xml").getroot()
    check_feed(root)
    told = [r for r in editions.changelog() if r.date]
    versions = [
        e for e in root.findall("a:entry", ATOM) if "Version" in e.find("a:title", ATOM).text
    ]
    assert len(versions) == len(told)
    marked = root.findall("a:entry/a:link", ATOM)
    for link in root.iter("{http://www.w3.org/2005/Atom}link"):
        path, place = urldefrag(link.get("href"))
        target = SITE / path
        assert target.is_file()
        assert ("#" in link.get("href")) == (path == "changes.html" and link in marked)
        assert not place or f'id="{place}"' in target.read_text(encoding="utf-8")
    for path in ("index.html", "notebooks/power.html", "claims/power-built.html", "changes.html"):
        head = Page((SITE / path).read_text(encoding="utf-8")).head
        (link,) = (x for x in head if x.get("type") == "application/atom+xml")
        assert link["rel"] == "alternate"
        assert (
            urljoin(f"x:/{path}", link["href"]) == "x:/feed.xml"
            or ((SITE / path).parent / link["href"]).resolve() == (SITE / "feed.xml").resolve()
        )


def test_the_map_lists_pages_by_their_full_addresses():
    text = changes.sitemap(app("https://a.example/b"), ["claims/x", "index"], "2026-02-02")
    space = {"s": changes.SITEMAP}
    urls = ET.fromstring(text).findall("s:url", space)
    assert [u.find("s:loc", space).text for u in urls] == [
        "https://a.example/b/claims/x.html", "https://a.example/b/",
    ]  # fmt: skip
    assert {u.find("s:lastmod", space).text for u in urls} == {"2026-02-02"}


def moved(claim_id="power-built", part=None, edition=None, why="", **numbers):
    old = editions.load()[0] | {"claim_id": claim_id, "part": part, "edition": edition}
    old |= {"rating": "likely", "probability": 0.8, "metric": "Power", "p50": 1.0, "p05": 0.5}
    old |= {"p95": 2.0, "unit": "GW", "beyond": ""}
    return editions.Move("0.2.0", claim_id, part, edition, old, old | numbers, why)


def text(markup):
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def test_a_reason_is_said_once_without_the_claim_s_id_and_a_word_that_stays_is_not_repeated():
    why = "`power-built`, power-stable: new data, see there."
    moves = (moved(part="one", why=why, rating="unlikely", probability=0.2),
             moved(part="two", why=why, probability=0.7),
             moved(part="three", why=why, p50=1.5),
             moved(part="four", why=why, p50=1.0000001))  # fmt: skip
    said = text(changes.moves_html(moves))
    assert said.count("New data, see there.") == 1
    assert "power-built" not in said
    assert "One: Likely probability 80 % to Unlikely probability 20 %" in said
    assert "Two: Likely probability 80 % to 70 %" in said
    assert "Three: Likely Power: 1 (0.5 to 2) GW to 1.5 (0.5 to 2) GW" in said
    assert "Four: Likely in digits that are not shown" in said
    assert changes.reason("not-a-claim: stays") == "Not-a-claim: stays"
    assert changes.reason("Words of its own: stay") == "Words of its own: stay"


def test_the_first_page_has_a_few_claims_whose_combined_rating_moved():
    release = editions.Release("0.2.0", "2026-02-02")
    ids = ["power-built", *(c for c in CLAIMS if c != "power-built")][:7]
    why = "power-built: likely to unlikely, at the post: the load is larger. More is said below."
    whole = [moved(i, why=why if i == "power-built" else "", rating="unlikely") for i in ids]
    whole.append(moved(ids[0], probability=0.7))
    said = changes.claims_html(changes.Version(release, tuple(whole), tuple(whole)))
    assert said.count("<li>") == changes.CLAIMS_SHOWN + 1 == 6
    assert "and 2 more" in said
    assert "The load is larger.</li>" in said
    none = changes.claims_html(changes.Version(release, tuple(whole), ()))
    assert "No claim's rating moved" in none


def test_what_stands_for_a_claim_is_its_least_probable_part():
    rows = [moved(part=p, probability=x).after for p, x in (("a", 0.8), ("b", 0.3), ("c", 0.5))]
    (one,) = changes.standing(rows)
    assert (one["probability"], one["part"]) == (0.3, None)


def test_the_first_page_of_the_site_is_short_on_what_is_new():
    markup = (SITE / "index.html").read_text(encoding="utf-8")
    new = markup[markup.index('class="newest-changes"') : markup.index('id="how-it-works"')]
    assert new.count("<li>") <= changes.SHOWN + changes.CLAIMS_SHOWN + 1
    assert 'href="changes.html#version-' in new


def test_the_page_of_changes_has_each_version_and_where_a_verdict_moved():
    made = changes.page(sample())
    found = Page(made.body)
    assert [x for x in found.ids if x.startswith("version-")] == [
        "version-0-3-0", "version-0-2-0", "version-0-1-0",
    ]  # fmt: skip
    assert "Not released yet" in found.text
    assert "doc:claims/power-built" in found.links
    assert "<img" not in made.body
    assert made.body.count("No verdict moved.") == 2
    assert Path(SITE / "changes.html").is_file()
