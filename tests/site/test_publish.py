"""The Sphinx extension, built on a small book of its own with plain Sphinx."""

from __future__ import annotations

import json
import re
import shutil
from types import SimpleNamespace

import altair as alt
import nbformat
import pandas as pd
import pytest
from docutils import nodes
from samples import verdict
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from aifactory import charts, data, verdicts
from aifactory.publish import assets, bibliography, boxes, directives, figures, html, maths, once

HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)>'
CONF = """
extensions = ["myst_nb", "sphinxcontrib.bibtex", "aifactory.publish"]
project = html_title = "A book"
html_theme, html_math_renderer = "aifactory", "mathml"
bibtex_bibfiles, bibtex_cite_id = ["book/references.bib"], "source-{key}"
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath"]
exclude_patterns = ["_build"]
"""
# The tables, pages of claims and citations, and Vega are left out for time where nothing is asked
# of them; `built` below and `make reproduce` build all.
FEW = """
copyright = "2026, nobody"
def setup(app):
    left_out = tuple(f"aifactory.publish.{n}" for n in ("datapages", "assets", "crate"))
    for name, found in app.events.listeners.items():
        keep = lambda one: one.handler.__module__ not in left_out and name != "html-collect-pages"
        found[:] = filter(keep, found)
"""
TEXT = r"""
(power-households)=
## Households

(power-households-claim)=
### The claim

Inline $P_\mathrm{m}$, a number {glue:text}`sample-number`, {eq}`swing`, {ref}`fig-sample-dots`.

$$ \frac{\mathrm{d}f}{\mathrm{d}t} = 1 $$ (swing)

```python
x = "a" < 3  # <b>
```
"""


def chart(name="sample-dots", **texts):
    frame = pd.DataFrame({"place": ["=SUM(A1)", "<b>"], "homes": [0.7, 1.4]})
    picture = alt.Chart(frame).mark_circle().encode(x="homes:Q", y="place:N")
    words = {"finding": "F", "what": "W", "source_line": "S", "alt": "A"}
    return charts.finish(picture, name, **(words | texts))


def output(bundle, **metadata):
    return nbformat.v4.new_output("display_data", data=bundle, metadata=metadata)


def cell(source, *outputs, tags=()):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def as_bundle(record):
    return {verdicts.MIME: record, "text/html": "<b>not this</b>", "text/plain": "x"}


def notebook():
    glue = {"application/papermill.record/text/plain": "'640 MW'"}
    scrap = {"scrapbook": {"mime_prefix": "application/papermill.record/", "name": "sample-number"}}
    dated = [{"date": "2026-01-01", "what": HOSTILE}]
    knob = alt.param("knob", value=1, bind=alt.binding_range(min=0, max=2, name="Knob"))
    live = alt.Chart(pd.DataFrame({"a": [1]})).mark_text().encode(text="a:Q").add_params(knob)
    words = {"finding": "F", "what": "W", "source_line": "S", "alt": "A"}
    cells = [
        nbformat.v4.new_markdown_cell("# Power\n\n```{chapter-verdicts} power\n```\n"),
        cell("say()", output(glue, **scrap)),
        nbformat.v4.new_markdown_cell(TEXT),
        cell("show()", output(charts.bundle(chart(finding=HOSTILE, alt=HOSTILE)))),
        cell("show()", output(charts.bundle(charts.finish(live, "sample-knob", **words)))),
        cell("verdict()", output(as_bundle(verdict(reason=HOSTILE, limits=HOSTILE)))),
        cell("verdict()", output(as_bundle(verdict(
            claim_id="power-built", edition="post", evidence=dated, metric=HOSTILE)))),
        cell("verdict()", output(as_bundle(verdict(
            claim_id="power-built", edition="newest", probability=0.5,
            rating="about as likely as not")))),
    ]  # fmt: skip
    language = {"name": "python", "pygments_lexer": "ipython3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"language_info": language})


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The book's sources, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("a book")
    (folder / "notebooks").mkdir()
    (folder / "book").mkdir()
    (folder / "conf.py").write_text(CONF)
    toc = "book/claims\nbook/data\nbook/bibliography\nnotebooks/power\n"
    (folder / "index.md").write_text(
        f"# A book\n\n```{{scoreboard}}\n```\n\n```{{ratings}}\n```\n\n```{{toctree}}\n{toc}```\n"
    )
    pages = {"claims": "claim-ledger", "data": "data-tables", "bibliography": "bibliography"}
    for page, directive in pages.items():
        options = ":all:\n" if directive == "bibliography" else ""
        text = f"# {page}\n\n```{{{directive}}}\n{options}```\n"
        (folder / "book" / f"{page}.md").write_text(text)
    nbformat.write(notebook(), folder / "notebooks" / "power.ipynb")
    return folder


def build(folder):
    warnings = []

    class Log:
        def write(self, text):
            warnings.append(text)

    out = folder / "_build" / "html"
    with patch_docutils(folder), docutils_namespace():
        app = Sphinx(folder, folder, out, out / ".doctrees", "html", status=None, warning=Log())
        app.build()
    return out, "".join(warnings)


@pytest.fixture(scope="module")
def built(source):
    return build(source)


@pytest.fixture(scope="module")
def chapter(built):
    return (built[0] / "notebooks" / "power.html").read_text(encoding="utf-8")


def test_it_builds_under_plain_sphinx_without_a_warning(built):
    assert built[1] == ""


def test_nothing_comes_from_another_host(built):
    loads = r'<(?:script|img|source|iframe|link)[^>]*(?:src|href|srcset)="(?:https?:)?//'
    for page in built[0].rglob("*.html"):
        assert re.findall(loads, page.read_text(encoding="utf-8")) == []
    styles = (built[0] / "_static" / "book.css").read_text()
    assert "//" not in re.sub(r"/\*.*?\*/", "", styles, flags=re.S)
    assert "mathjax" not in (built[0] / "index.html").read_text().lower()


def test_hostile_text_stays_text(built, chapter):
    pages = [p.read_text(encoding="utf-8") for p in built[0].rglob("*.html")]
    assert not [p for p in pages if "<script>alert" in p or "<img src=x" in p]
    assert chapter.count("&lt;script&gt;alert") >= 5


def test_a_chart_is_a_labelled_picture_that_can_come_alive(built, chapter):
    assert '<figure class="chart" id="fig-sample-dots">' in chapter
    assert 'data-live="../charts/sample-dots.js"' in chapter
    assert re.search(r'<div class="chart-box" role="img" aria-label="&lt;script', chapter)
    picture = re.search(r'<img src="\.\./(charts/[^"]+)" width="\d+" height="\d+"', chapter)
    assert (built[0] / picture[1]).is_file()
    for suffix in ("-wide.svg", "-wide-dark.svg", "-phone.svg", "-phone-dark.svg", ".svg", ".js"):
        assert (built[0] / "charts" / f"sample-dots{suffix}").is_file()
    live = (built[0] / "charts" / "sample-dots.js").read_text(encoding="utf-8")
    name, content = json.loads(f"[{live.removeprefix('bookChart(').removesuffix(');' + chr(10))}]")
    assert name == "sample-dots"
    assert set(content["views"]) == {"wide", "phone"}
    assert content["datasets"]["sample-dots-data-1"][0]["homes"] == 0.7


def test_the_data_of_a_chart_is_one_click_away(built, chapter):
    assert 'href="../charts/sample-dots.html"' in chapter
    page = (built[0] / "charts" / "sample-dots.html").read_text(encoding="utf-8")
    assert 'href="sample-dots.csv" download' in page
    assert 'href="../notebooks/power.html#fig-sample-dots"' in page
    assert "<td>&lt;b&gt;</td>" in page
    rows = (built[0] / "charts" / "sample-dots.csv").read_text().splitlines()
    assert rows == ["homes,place", "0.7,'=SUM(A1)", "1.4,<b>"]


def test_controls_have_room_before_they_are_there(chapter):
    assert '<div class="chart-controls" style="--controls:1"></div>' in chapter
    assert chapter.count("chart-controls") == 1


def test_labels_are_the_anchors(chapter):
    assert '<section id="power-households-claim">' in chapter
    assert 'href="#power-households-claim"' in chapter
    assert 'id="the-claim"' not in chapter


def test_figures_in_prose_and_references_resolve(chapter):
    assert "a number 640 MW, " in chapter
    assert 'href="#equation-swing"' in chapter
    assert 'href="#fig-sample-dots"' in chapter


def test_code_is_plain_text(chapter):
    assert '<pre class="python">x = "a" &lt; 3  # &lt;b&gt;</pre>' in chapter


def test_verdict_boxes_say_it_in_words(chapter):
    box = re.search(
        r'<section class="verdict.*?id="verdict-power-built-newest".*?</section>', chapter
    )
    assert "About as likely as not" in box[0]
    assert "Probability 50 %" in box[0]
    assert "Homes: 0.7 (0.5 to 0.9) million" in box[0]
    assert 'href="../claims/power-built.html"' in box[0]
    assert "not this" not in chapter


def test_the_scoreboard_shows_both_editions_and_rates_nothing_untested(built):
    page = (built[0] / "index.html").read_text(encoding="utf-8")
    score = page[page.index('<ol class="scoreboard"') : page.index("</ol>")]
    assert len(re.findall('<li class="score"', score)) == 2
    assert "At the post, 2019" in score
    assert "Newest data, 2019" in score
    assert 'href="notebooks/power.html#power-households"' in score
    waiting = len(data.claims()) - 2
    assert f"<strong>Not yet tested:</strong> {waiting} claims" in page


def test_the_ledger_has_every_claim(built):
    page = (built[0] / "book" / "claims.html").read_text(encoding="utf-8")
    ids = set(re.findall(r'<dt id="([^"]+)"', page))
    assert ids == set(data.claims()["claim_id"])


def test_every_table_can_be_downloaded_as_it_is(built):
    page = (built[0] / "book" / "data.html").read_text(encoding="utf-8")
    pack = data.package()
    for name, entry in pack.resources.items():
        assert f'id="{boxes.table_anchor(name)}"' in page
        copied = built[0] / "data" / entry["path"]
        assert copied.read_bytes() == (pack.folder / entry["path"]).read_bytes()


def test_every_source_is_in_the_bibliography(built):
    page = (built[0] / "book" / "bibliography.html").read_text(encoding="utf-8")
    missing = [s for s in data.sources()["source_id"] if f'id="source-{s}"' not in page]
    assert missing == []


def test_a_second_build_draws_nothing_anew(source, built, monkeypatch):
    monkeypatch.setattr(charts, "svg", lambda *a, **k: pytest.fail("drawn again"))
    (source / "notebooks" / "power.ipynb").touch()
    (source / "conf.py").write_text(CONF + FEW)
    assert build(source)[1] == ""


def test_a_chapter_without_verdicts_says_what_to_run(source, tmp_path):
    folder = tmp_path / "book"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("_build"))
    (folder / "conf.py").write_text(CONF + FEW)
    for page in ("data", "bibliography"):
        (folder / "book" / f"{page}.md").write_text(f"# {page}\n")
    (folder / "notebooks" / "power.ipynb").unlink()
    (folder / "notebooks" / "power.md").write_text("# P\n\n```{chapter-verdicts} power\n```\n")
    assert "run `make execute CHAPTER=power`" in build(folder)[1]


def test_files_of_charts_no_longer_shown_are_removed(tmp_path):
    figures.draw(chart("gone"), tmp_path / "charts")
    figures.draw(chart("kept"), tmp_path / "charts")
    (tmp_path / "page.html").write_text('<div data-chart="kept">')
    figures.prune(tmp_path)
    left = {p.name for p in (tmp_path / "charts").iterdir()}
    assert {n for n in left if "gone" in n} == set()
    assert {"kept.svg", "kept.csv", ".kept.json"} <= left


# -- pieces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "wanted"),
    [
        (r"P_\mathrm{m}", "<mtext>m</mtext>"),
        (r"\mathrm{LOLE}", "<mtext>LOLE</mtext>"),
        (r"\mathbb{R}", "<mi>ℝ</mi>"),
        (r"\mathbf{x}", "<mi>𝐱</mi>"),
        (r"x \sim y", "<mo>∼</mo>"),
        (r"a\!b", 'width="-0.1667em"'),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", '<mtd columnalign="right">'),
        (r"a < b", "<mo>&#x0003C;</mo>"),
    ],
)
def test_tex_becomes_mathml(tex, wanted):
    assert wanted in maths.mathml(tex, False)


def test_display_formulas_carry_their_tex_escaped():
    out = maths.mathml("a < b", True)
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation>' in out
    assert out.startswith('<math display="block">')


@pytest.mark.parametrize("tex", [r"\undefinedthing x", r"\left( x"])
def test_tex_that_cannot_be_read_is_named(tex):
    with pytest.raises(ValueError, match="cannot read the formula"):
        maths.mathml(tex, False)


def test_addresses_are_relative_to_the_page():
    markup = '<a href="doc:book/data#t"></a><a href="doc:a/b#u"></a><img src="file:charts/x.svg">'
    assert html.resolve(markup, "a/b", lambda name: f"{name}.html") == (
        '<a href="../book/data.html#t"></a><a href="#u"></a><img src="../charts/x.svg">'
    )


def test_bibtex_escapes_what_latex_reads_as_commands():
    source = data.Source(
        "x-1", "50 % & {more} \\ $_#^~", "ACME, Inc. and Sons", None, "2024-05", "2026-01",
        "https://example.org/a{b}", "CC-BY-4.0", "web", None,
    )  # fmt: skip
    entry = bibliography.entry(source)
    assert r"title = {{50 \% \& (more) \textbackslash{} $\_\#^\textasciitilde{}}}" in entry
    assert "author = {{ACME, Inc. and Sons}}" in entry
    assert "year = {2024}" in entry
    assert "url = {https://example.org/a%7Bb%7D}" in entry


def test_the_bibliography_is_written_only_when_it_changes(tmp_path):
    path = tmp_path / "deep" / "references.bib"
    assert bibliography.write(path) is True
    assert bibliography.write(path) is False
    assert path.read_text().startswith("% Made from data/sources.csv")


def test_vega_is_one_classic_script():
    script = assets.vega_script()
    assert script.startswith("((console) =>")
    assert "window.vegaEmbed" in script
    assert not re.search(r"^(?:import|export) ", script, re.M)


@pytest.mark.parametrize(
    ("low", "high", "zero"), [(0.5, 2.0, True), (59.9, 60.1, False), (-3.0, 1.0, True)]
)
def test_intervals_are_drawn_from_zero_where_zero_is_near(low, high, zero):
    start, end = boxes._window(low, high)
    assert start <= low <= high <= end
    assert (start <= 0 <= end) is zero


def test_a_verdict_without_numbers_draws_nothing():
    bare = verdict(probability=None, p05=None, p50=None, p95=None, rating="not testable")
    assert boxes.numbers(bare) == ""
    assert "Not testable" in boxes.verdict(bare)


def test_a_renamed_part_keeps_its_address():
    for (claim, part), old in boxes.FORMER.items():
        v = {"claim_id": claim, "part": part, "edition": "newest"}
        assert boxes.anchor({**v, "part": old}) in boxes.former_anchor(v) != boxes.anchor(v)
        assert boxes.former_anchor({**v, "part": old}) == ""


def test_only_our_outputs_are_taken():
    class Output:
        mime_type, content = "text/html", "<b>"

    assert figures.Renderer.handle_mime(None, Output, False) is None
    Output.mime_type = verdicts.MIME
    assert figures.Renderer.handle_mime(None, Output, True) is None


def test_a_chart_without_alternative_text_is_refused():
    class Output:
        mime_type, content = charts.VEGA_MIME, {"usermeta": {"name": "x"}}

    with pytest.raises(ValueError, match="without alternative text"):
        figures.Renderer.handle_mime(None, Output, False)


def test_maps_have_no_table_of_shapes():
    shapes = {"type": "FeatureCollection", "features": []}
    rows = [{"a": 1, "b": None}, {"a": 0.123456}]
    spec = {"usermeta": {"name": "m"}, "datasets": {"m-data-1": shapes, "m-data-2": rows}}
    assert figures.tables(spec) == {"m.csv": rows}
    assert figures.as_csv(rows) == "a,b\n1,\n0.123456,\n"


def test_chapters_come_in_the_order_of_the_post():
    assert directives.chapters()[0] == "power"
    assert directives.words("supply-chain") == "supply chain"


def test_charts_drawn_ahead_are_the_same_files(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "_processors", lambda: 2)
    spec = chart()
    builder = SimpleNamespace(name="html", get_target_uri=lambda name: f"{name}.html")
    app = SimpleNamespace(builder=builder, parallel=1, outdir=tmp_path / "ahead")
    app.config = SimpleNamespace(html_title="A book")
    title = nodes.title("", "Power")
    app.env = SimpleNamespace(docname="notebooks/power", titles={"notebooks/power": title})
    doctree = nodes.document(None, None)
    doctree += html.block("", spec=spec)
    ahead = figures.Ahead()
    ahead.few = 1
    ahead.order(app, doctree)
    assert list(ahead.coming) == ["sample-dots"]
    ahead.fill(app, doctree, "notebooks/power")
    ahead.close(app, None)
    figures.draw(spec, tmp_path / "here")
    found, wanted = (
        {path.name: path.read_bytes() for path in (tmp_path / folder / part).iterdir()}
        for folder, part in (("ahead", "charts"), ("here", "."))
    )
    assert "Power" in found.pop("sample-dots.html").decode()
    assert found == wanted


def test_what_a_page_shows_of_another_is_written_again_and_nothing_else(tmp_path):
    few = FEW.replace('"crate"', '"crate", "changes", "search"')
    (tmp_path / "conf.py").write_text(CONF.replace('"sphinxcontrib.bibtex", ', "") + few)
    (tmp_path / "index.md").write_text("# A book\n\n```{toctree}\none\ntwo\n```\n")
    (tmp_path / "two.md").write_text("# Two\n")
    times = []
    for title, text in (("First", "a"), ("First", "b"), ("Second", "b")):
        (tmp_path / "one.md").write_text(f"# {title}\n\n{text}\n")
        two = build(tmp_path)[0] / "two.html"
        times.append(two.stat().st_mtime_ns)
        assert f">{title}</a>" in two.read_text(encoding="utf-8")
    assert times[0] == times[1] < times[2]


REPORT = "https://github.com/owner/repo/issues/new/choose"


@pytest.mark.parametrize(
    ("option", "links"),
    [("", 0), ("https://github.com/owner/repo", 2), ("https://example.org/repo", 0)],
)
def test_an_error_can_be_reported_where_the_repository_is_known(tmp_path, option, links):
    theme = f"html_theme_options = {{'repository_url': {option!r}}}\n"
    (tmp_path / "conf.py").write_text(CONF + FEW + theme)
    link = "{site}`` a `file` <file:a.csv> ``"
    text = f"# A book\n\nBefore.\n\n```{{report-error}}\n```\n\nSee {link}.\n"
    (tmp_path / "index.md").write_text(text)
    out, warnings = build(tmp_path)
    assert warnings == ""
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count(f'<a href="{REPORT}">Report an error</a>') == links
    assert ("please say so" in page) == (links > 0)
    assert "issues" not in page.replace(REPORT, "")
    assert '<a href="a.csv">a <code>file</code></a>' in page
    assert '<a href="changes.html">Changes</a>' in page


def test_a_link_of_the_site_without_an_address_is_told(tmp_path):
    (tmp_path / "conf.py").write_text(CONF + FEW)
    (tmp_path / "index.md").write_text("# A book\n\n{site}`nowhere`\n")
    assert "'nowhere' is not of the form" in build(tmp_path)[1]


def test_a_file_is_read_once_while_it_stays_as_it_is(tmp_path):
    path, read = tmp_path / "a.txt", []
    reader = once.kept(lambda at: read.append(at.read_text()) or read[-1])
    for text in ("one", "three"):
        path.write_text(text)
        assert [reader(path), reader(path)] == [text, text]
    assert read == ["one", "three"]


def test_blanks_go_where_they_mean_nothing():
    pre = "<pre>\n  <span>x</span>\n</pre>"
    text = f"  <p>a\n   b\n    <i>c</i></p>\n{pre}\n   <td>1</td>"
    assert assets.unindented(text) == f"<p>a\n   b\n<i>c</i></p>\n{pre}\n<td>1</td>"
