"""references.bib is BibTeX whatever a source's words hold, and says what sources.csv says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string
from pybtex.richtext import Text

from aifactory import data
from aifactory.publish import bibliography


def made(**changes):
    plain = dict.fromkeys(
        ("author", "publisher", "published", "accessed", "url", "license", "note")
    )
    return data.Source(**(plain | {"id": "a-1", "title": "T", "kind": "report"} | changes))


def parsed(*sources):
    return parse_string(bibliography.bibtex(sources), "bibtex").entries


def words(latex):
    return str(Text.from_latex(latex))


def test_every_source_of_the_book_becomes_an_entry():
    frame = data.sources()
    entries = parsed(*(data.source(source_id) for source_id in frame["source_id"]))
    assert set(entries) == set(frame["source_id"])
    for row in frame.itertuples():
        assert words(entries[row.source_id].fields["title"]) == " ".join(row.title.split())


@pytest.mark.parametrize(
    "title",
    ["Q&A: 50% of $1 #1", "under_score", "a ~ b ^ c", "$1 & $2", "back\\\\slash", "é ü 台灣",
     'quoted "words"', "an @article, with = signs"],
)  # fmt: skip
def test_marks_that_mean_something_in_latex_come_out_as_themselves(title):
    (entry,) = parsed(made(title=title)).values()
    assert words(entry.fields["title"]) == title


def test_braces_which_bibtex_cannot_escape_become_round():
    (entry,) = parsed(made(title="a {b} c}")).values()
    assert words(entry.fields["title"]) == "a (b) c)"


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1))
def test_no_title_breaks_the_file(title):
    (first, second) = parsed(made(title=title), made(id="b-2", title="After")).values()
    assert words(first.fields["title"]) == title.translate({ord("{"): "(", ord("}"): ")"})
    assert second.fields["title"] == "{After}"


def test_an_organisation_stays_one_name():
    (entry,) = parsed(made(author="Fire and Rescue, Ministry of")).values()
    assert len(entry.persons["author"]) == 1


def test_address_and_year_are_kept():
    (entry,) = parsed(made(url="https://a.example/x_y?z=1&w=%20", published="2021-04")).values()
    assert (entry.fields["year"], entry.fields["url"]) == (
        "2021",
        "https://a.example/x_y?z=1&w=%20",
    )


def test_the_file_is_in_order_and_says_what_it_is_made_from():
    text = bibliography.bibtex([made(id="b"), made(id="a")])
    assert text.startswith("% Made from data/sources.csv")
    assert text.index("@misc{a,") < text.index("@misc{b,")
    assert text == bibliography.bibtex([made(id="a"), made(id="b")])


def test_an_entry_is_set_once_until_it_changes(monkeypatch):
    monkeypatch.setattr(bibliography.Style, "set_already", {})
    style = bibliography.Style()
    for title in ("One", "Another"):
        (entry,) = parsed(made(title=title)).values()
        first, second = (style.format_entry(label, entry) for label in "12")
        assert title in str(first.text) and first.text is second.text
        assert (first.label, second.label) == ("1", "2")
