"""The first page and the head of chapters: what they say follows from what is stored."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections import Counter
from types import SimpleNamespace

import pytest
from docutils import nodes
from samples import verdict
from visit import ROOT

from aifactory import data, verdicts
from aifactory.publish import directives, front, pages, reading
from aifactory.said import stored

HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)>'
OLD_ANCHORS = [
    "the-ai-factory-checked",
    "what-holds-and-what-does-not",
    "how-it-works",
    "picture-title",
]


CLAIM = SimpleNamespace(id="power-households", claim="Two million homes.", criterion="Within 25%.")


def plain(markup):
    """What a reader sees of some HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


@pytest.fixture(scope="module")
def index(site):
    return (site / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ratings():
    """Every claim's newest rating, straight from the notebooks."""
    found = {}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for claim, editions in verdicts.by_claim(verdicts.read(path)).items():
            parts = editions.get("newest") or editions.get("") or editions["post"]
            found[claim] = verdicts.combine(parts)["rating"]
    return found


# -- groups and rows ------------------------------------------------------------------------------


def test_every_rating_has_its_group():
    groups = {word: front.group(word) for _, word in verdicts.RATINGS}
    assert list(groups.values()) == ["holds"] * 3 + ["even"] + ["fails"] * 3
    assert groups["likely"] == "holds"
    assert front.group(verdicts.NOT_TESTABLE) == "untestable"
    with pytest.raises(ValueError, match="maybe"):
        front.group("maybe")


def test_subjects_stand_in_the_order_of_the_post():
    wanted = ["power", "cooling", "water", "networking", "robots", "supply-chain", "pace"]
    assert directives.chapters() == wanted


def test_a_row_says_where_a_claim_stood_and_stands():
    then = verdict(edition="post", probability=0.02, reason="Not yet.", as_of="2018")
    now = verdict(edition="newest", probability=0.5, rating="about as likely as not")
    row = front.row(CLAIM, {"post": [then], "newest": [now]}, "doc:claims/x", "notebooks/power#x")
    said = plain(row)
    assert "Probability 50\N{NO-BREAK SPACE}%; at the post 2\N{NO-BREAK SPACE}%" in html.unescape(
        row
    )
    assert "About as likely as not Probability 50 %; at the post 2 %, very unlikely" in said
    assert "Homes: 0.7 (0.5 to 0.9) million" in said
    assert "At the post, 2018 Very unlikely Not yet." in said
    assert 'data-group="even"' in row
    assert 'class="draw-was" cx="4.8"' in row
    assert 'class="draw-dot" cx="120.0"' in row


def test_a_row_without_change_or_number_says_so():
    same = front.row(CLAIM, {e: [verdict(edition=e)] for e in ("post", "newest")}, "#")
    assert "Probability 5 %, as at the post" in plain(same)
    nothing = dict.fromkeys(("probability", "p05", "p50", "p95"))
    blank = front.row(CLAIM, {"": [verdict(rating="not testable", **nothing)]}, "#")
    assert "No probability can be given" in plain(blank)
    assert "<svg" not in blank


def test_a_row_takes_no_markup_from_data():
    claim = SimpleNamespace(id="x", claim=HOSTILE)
    parts = [verdict(reason=HOSTILE, metric=HOSTILE, unit=HOSTILE, as_of=HOSTILE, part=HOSTILE)] * 2
    row = front.row(claim, {"": parts}, "#")
    example = front.example(claim, {"": parts}, "notebooks/power")
    for markup in (row, example):
        assert "<script" not in markup
        assert "<img" not in markup


def test_the_answer_is_a_count():
    counts = Counter(holds=1, fails=2, untestable=1)
    said = front.sentence(counts)
    assert said.startswith(
        "Of the post's 4 claims, 3 can be tested. By the newest data 1 come out likely or better"
    )
    assert "0 about even and 2 unlikely or worse; 1 cannot be tested" in said
    assert front.strip(counts).count('<i class="is-fails"') == 3  # two cells and the key


def test_counts_that_stay_name_the_claims_that_crossed():
    def held(**ratings):
        return {e: [verdict(edition=e, rating=r, probability=0.5)] for e, r in ratings.items()}

    power, chapter = [c.id for c in data.chapter_claims("power")[:3]], "power"
    found = front.crossed({chapter: {
        power[0]: held(post="likely", newest="unlikely"),
        power[1]: held(post="unlikely", newest="very likely"),
        power[2]: held(post="likely", newest="very likely"),
    }})  # fmt: skip
    assert len(found) == 2
    counts = Counter(holds=1, fails=1)
    said = plain(front.earlier(counts, counts, found))
    assert "the counts are the same, but claims have crossed since: “" in said
    assert "(from likely or better to unlikely or worse) and “" in said
    assert "(from unlikely or worse to likely or better)" in said
    assert front.earlier(counts, counts).endswith("the counts are the same.")
    other = front.earlier(counts, Counter(holds=2), found)
    assert "they were 2 likely or better, 0 about even, 0 unlikely or worse; since then:" in other


def test_the_first_page_names_the_claims_that_crossed(index):
    held = {c: verdicts.by_claim(verdicts.read(verdicts.chapter_path(c, ROOT / "notebooks")))
            for c in directives.chapters()}  # fmt: skip
    for told in front.crossed(held):
        assert plain(told) in plain(index)


def test_a_row_leads_to_the_bar_that_the_chapter_sets(index):
    for claim in data.all_claims():
        assert f"#{claim.id}-criterion" in index
    assert "the quantity that decides" not in index


def test_the_first_page_leads_to_the_sliders_and_says_where_the_post_is(index, site):
    assert 'href="notebooks/factory.html#fig-factory-story-what-if"' in index
    for path in ("index.html", "book/claims.html", "book/bibliography.html"):
        text = plain((site / path).read_text(encoding="utf-8"))
        assert re.search(r"address.{0,40} known to us", text), path


# -- the page -------------------------------------------------------------------------------------


def test_the_first_page_answers_from_what_is_stored(index, ratings):
    counts = front.tally(ratings.values())
    assert counts.total() == len(data.claims())
    assert front.sentence(counts) in plain(index)
    cells = re.search(r'<div class="counts".*?</div>', index)[0]
    assert {g: cells.count(f"is-{g}") for g in front.GROUPS} == dict(counts)
    pattern = r'data-group="(\w+)"><p class="score-claim"><a href="claims/([\w-]+)\.html"'
    rows = {claim: group for group, claim in re.findall(pattern, index)}
    assert rows == {claim: front.group(rating) for claim, rating in ratings.items()}


def test_the_line_on_all_claims_comes_from_the_factory(index):
    said = stored(ROOT / "notebooks" / "factory.ipynb")
    assert "in one run of the model with all inputs varied together, " in plain(index)
    assert f"{said['factory-held']} of the {said['factory-claims']} hold, and all" in plain(index)
    assert front.together({}) == ""


def test_citing_links_to_what_it_names_and_pages_to_the_changes(site):
    page = (site / "book" / "citing.html").read_text(encoding="utf-8")
    for file in ("CITATION.cff", "ro-crate-metadata.json", "changes.html"):
        assert f'href="../{file}"' in page
        assert (site / file).is_file()
    chapter = (site / "notebooks" / "power.html").read_text(encoding="utf-8")
    assert '<a href="../changes.html">Changes</a>' in chapter
    assert "Report an error" not in chapter  # no repository is configured
    assert "issues" not in (site / "book" / "rerun.html").read_text(encoding="utf-8")


def test_old_anchors_of_the_first_page_stay(index):
    assert [a for a in OLD_ANCHORS if f'id="{a}"' not in index] == []


# -- chapters -------------------------------------------------------------------------------------


def test_a_chapter_says_how_long_when_verified_and_gives_its_files(site):
    page = (site / "notebooks" / "supply_chain.html").read_text(encoding="utf-8")
    head = re.search(r'</h1>\n<div class="chapter-head">.*?</div>', page)[0]
    assert re.search(r"About \d+ minutes to read", plain(head))
    assert "make run CHAPTER=supply-chain" in plain(head)
    for end in (".ipynb", ".md"):
        assert f'href="supply_chain{end}" download' in head
        kept = (site / "notebooks" / f"supply_chain{end}").read_bytes()
        assert kept == (ROOT / "notebooks" / f"supply_chain{end}").read_bytes()
    assert "mybinder" not in page  # no repository is configured


def test_reading_time_counts_prose_alone():
    doctree = nodes.document(None, None)
    doctree += nodes.paragraph("", "one two three")
    doctree += nodes.literal_block("", "x = 1  # not prose at all")
    cell = nodes.entry("", nodes.paragraph("", "a cell"))
    doctree += nodes.table("", nodes.tgroup("", nodes.tbody("", nodes.row("", cell))))
    assert reading.prose_words(doctree) == 3
    assert reading.duration(3) == "About 1 minute to read"
    assert reading.duration(238 * 8) == "About 8 minutes to read"
    assert reading.duration(238 * 58) == "About 60 minutes to read"


def app_with(options, srcdir):
    config = SimpleNamespace(html_theme_options=options)
    env = SimpleNamespace(
        doc2path=lambda name, base=True: srcdir / f"{name}.ipynb" if base else f"{name}.ipynb"
    )
    return SimpleNamespace(config=config, srcdir=str(srcdir), env=env)


@pytest.mark.parametrize(
    ("url", "project"),
    [
        ("https://github.com/owner/re.po.git", "owner/re.po"),
        ("https://github.com/owner/repo/", "owner/repo"),
        ("https://example.org/owner/repo", ""),
        ("https://github.com/owner/repo/<b>", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_links_to_services_need_a_repository_of_theirs(tmp_path, url, project):
    app = app_with({"repository_url": url, "repository_branch": "next"}, tmp_path)
    found = reading.head(app, "notebooks/power", nodes.document(None, None))
    links = re.findall(r'href="(https:[^"]+)"', found)
    edit = reading.edit_url(app, "notebooks/power")
    if not project:
        assert links == []
        assert edit == ""
        return
    assert links == [
        f"https://mybinder.org/v2/gh/{project}/next?urlpath=lab%2Ftree%2Fnotebooks%2Fpower.ipynb",
        f"https://colab.research.google.com/github/{project}/blob/next/notebooks/power.ipynb",
    ]
    assert edit == f"https://github.com/{project}/edit/next/notebooks/power.md"


def test_last_verified_is_the_notebooks_last_commit_and_nothing_without_git(tmp_path):
    app = app_with({}, tmp_path)
    assert "checked" not in reading.head(app, "notebooks/power", nodes.document(None, None))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "water.ipynb").write_text("{}")
    commit = ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x"]
    for command in (["init", "-q"], ["add", "."], [*commit, "--date=2025-01-02T12:00:00"]):
        environment = {"GIT_COMMITTER_DATE": "2026-03-04T12:00:00Z", "PATH": "/usr/bin:/bin"}
        subprocess.run(["git", *command], cwd=tmp_path, check=True, env=environment)
    said = plain(reading.head(app, "notebooks/water", nodes.document(None, None)))
    assert "Run and checked 4 March 2026" in said
    assert re.search(r"2026 , commit [0-9a-f]{7}\b", said)


def test_every_term_has_a_definition_for_its_tooltip(site):
    script = (site / "_static" / "glossary.js").read_text(encoding="utf-8")
    terms = json.loads(script.removeprefix("bookTerms(").removesuffix(");\n"))
    page = (site / "book" / "glossary.html").read_text(encoding="utf-8")
    assert set(terms) == set(re.findall(r'<dt id="(term-[^"]+)"', page))
    assert terms["term-approach"].startswith("How close a cooler’s water gets")
    assert list(terms) == sorted(terms)


def test_binder_installs_the_hashed_lock():
    script = (ROOT / ".binder" / "postBuild").read_text()
    assert "--require-hashes -r requirements.txt" in script
    assert (ROOT / ".binder" / "postBuild").stat().st_mode & 0o111
    version = (ROOT / ".binder" / "runtime.txt").read_text().strip()
    assert re.fullmatch(r"python-3\.\d+", version)


def test_made_pages_can_name_their_neighbours():
    collected = []
    builder = SimpleNamespace(
        format="html", name="html", get_target_uri=lambda name: f"{name}.html"
    )
    app = SimpleNamespace(builder=builder, connect=lambda event, call: collected.append(call))
    page = pages.Page("claims/b", "B", "<h1>B</h1>", prev=("claims/a", "A & <A>"))
    pages.add(app, lambda app: [page])
    _, context, _ = next(iter(collected[0](app)))
    assert context["prev"] == {"link": "a.html", "title": "A &amp; &lt;A&gt;"}
    assert "next" not in context
