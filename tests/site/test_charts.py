"""Charts: the same bytes for the same chart, nothing lost, nothing that clashes on a page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory import charts

TEXTS = {
    "finding": "Tennessee needs a good half of a gigawatt more than the post says it does",
    "what": "Households served by 1.2 GW, million, 2019",
    "source_line": "Source: US Census Bureau; EIA",
    "alt": "Dots: Tennessee at 0.7 million, far below two million.",
}
FRAME = pd.DataFrame(
    {"place": ["Tennessee", "Hawaii"], "homes": [0.7123456, 1.41], "year": [2019, 2019]}
)


def dots(frame=FRAME):
    return alt.Chart(frame).mark_circle(clip=True).encode(x="homes:Q", y="place:N")


def finish(chart=None, name="power-dots", **texts):
    return charts.finish(dots() if chart is None else chart, name, **(TEXTS | texts))


# -- bytes ----------------------------------------------------------------------------------------

SCRIPT = """
import json, sys
sys.path.insert(0, "tests/site")
import altair as alt
import numpy as np
import test_charts
for _ in range(int(sys.argv[1])):  # move Altair's and vl-convert's counters on
    alt.param(value=1)
    test_charts.charts.svg(test_charts.finish(name="power-other"))
knob = alt.param(value=1, bind=alt.binding_range(min=0, max=2))
bundle = test_charts.charts.bundle(test_charts.finish(test_charts.dots().add_params(knob)))
sys.stdout.write(json.dumps(bundle, sort_keys=True))
"""


def test_a_bundle_is_the_same_in_any_process_and_order(root):
    outs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(count)],
            capture_output=True, text=True, check=True, cwd=root,
        ).stdout
        for count in (1, 3)
    ]  # fmt: skip
    assert outs[0] == outs[1]
    assert len(outs[0]) > 2000


def test_drawing_twice_gives_the_same_bytes():
    spec = finish()
    assert [charts.bundle(spec), charts.svg(spec, 340, dark=True)] == [
        charts.bundle(spec),
        charts.svg(spec, 340, dark=True),
    ]


@pytest.mark.parametrize("stepless", [False, True])
def test_a_dark_drawing_made_of_the_light_one_is_what_would_be_drawn(stepless, monkeypatch):
    colour = alt.Color("homes:Q" if stepless else "place:N")
    spec = finish(dots().encode(color=colour))
    light, made = (charts.svg(spec, 340, dark=dark, title=False) for dark in (False, True))
    assert ("rgb(" in light) == stepless
    monkeypatch.setattr(charts, "_darkened", lambda _: None)
    assert made == charts.svg(spec, 340, dark=True, title=False)
    assert made != light


def test_drawing_leaves_the_fonts_of_other_programs_alone(monkeypatch):
    monkeypatch.setenv("FONTCONFIG_FILE", "mine")
    charts._forget_installed_fonts.cache_clear()
    charts._drawn_once.cache_clear()
    charts.svg(finish())
    assert os.environ["FONTCONFIG_FILE"] == "mine"


def test_two_charts_on_a_page_share_no_id():
    found = []
    for name in ("power-one", "power-two"):
        drawn = charts.svg(finish(name=name))
        ids = re.findall(r'\bid="([^"]+)"', drawn)
        assert ids, "a clipped chart has ids"
        assert all(i.startswith(name) for i in ids)
        assert set(re.findall(r"url\(#([^)]+)\)", drawn)) <= set(ids)
        found += ids
    assert len(found) == len(set(found))


def test_names_of_data_come_from_the_chart():
    spec = finish()
    assert list(spec["datasets"]) == ["power-dots-data-1"]
    assert spec["data"] == {"name": "power-dots-data-1"}


# -- numbers ---------------------------------------------------------------------------------------


def test_floats_keep_four_digits_and_whole_numbers_stay():
    rows = finish()["datasets"]["power-dots-data-1"]
    assert rows[0] == {"place": "Tennessee", "homes": 0.7123, "year": 2019}


def test_a_narrow_spread_is_not_rounded_away():
    hertz = [59.98765, 60.00012, 60.01234]
    chart = dots(pd.DataFrame({"place": list("abc"), "homes": hertz}))
    kept = [r["homes"] for r in finish(chart)["datasets"]["power-dots-data-1"]]
    assert kept == pytest.approx(hertz, abs=1e-5)
    assert len(set(kept)) == 3


@given(st.integers(-(10**5), 10**5), st.integers(0, 6))
def test_a_tie_does_not_hang_on_the_last_bit(thousandths, places):
    value = (thousandths + 0.5) / 10**places
    near = [np.nextafter(value, side) for side in (-np.inf, value, np.inf)]
    rows = [charts._round_rows([{"x": float(v)}], 4) for v in near]
    assert rows[0] == rows[1] == rows[2]


def test_no_line_breaks_between_a_number_and_its_per_cent():
    text = "It binds first in 55 % of draws, returned salt in 35 %, and both (4 %) seldom"
    for width in range(40, 400, 10):
        lines = charts.wrap(text, 12, width)
        assert " ".join(lines) == text
        assert not [line for line in lines if line.startswith("%")]
    assert charts.wrap(" ", 12, 100) == []


def test_missing_numbers_become_null():
    chart = dots(pd.DataFrame({"place": ["a", "b"], "homes": [1.5, float("nan")]}))
    spec = finish(chart)
    assert spec["datasets"]["power-dots-data-1"][1]["homes"] is None
    json.dumps(spec, allow_nan=False)


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["finding", "what", "source_line", "alt"])
def test_every_text_is_required(missing):
    with pytest.raises(ValueError, match=f"chart power-dots: {missing}= is empty"):
        finish(**{missing: "  "})


@pytest.mark.parametrize("name", ["Power", "power_dots", "", "power dots", '"><b>'])
def test_names_are_kebab_case(name):
    with pytest.raises(ValueError, match="use kebab-case"):
        finish(name=name)


def test_own_titles_and_configs_are_refused():
    with pytest.raises(ValueError, match="sets title itself; drop it"):
        finish(dots().properties(title="mine"))
    with pytest.raises(ValueError, match="sets config itself; drop it"):
        finish(dots().configure_axis(grid=False))


def test_data_from_elsewhere_is_refused():
    chart = alt.Chart("https://example.org/a.csv").mark_point().encode(x="a:Q")
    with pytest.raises(ValueError, match="must carry its own data"):
        finish(chart)


def test_too_many_rows_are_refused():
    frame = pd.DataFrame({"place": "a", "homes": range(charts.MAX_ROWS + 1)})
    with pytest.raises(ValueError, match="2,001 rows, more than 2,000; aggregate"):
        finish(dots(frame))


def test_reserved_names_of_parameters_are_refused():
    chart = dots().add_params(alt.param("case", value=1))
    with pytest.raises(ValueError, match="cannot be called 'case'; rename it"):
        finish(chart)


# -- drawings --------------------------------------------------------------------------------------


def texts_of(drawn):
    """Lines of text in a drawing."""
    tags = [e for e in ElementTree.fromstring(drawn).iter() if e.tag.endswith(("text", "tspan"))]
    return [e.text for e in tags if e.text]


@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
def test_long_titles_wrap_and_stay_inside(width):
    finding = "A finding of more words than fit on one line of a telephone held upright, sadly"
    drawn = charts.svg(finish(finding=finding), width)
    assert charts.size(drawn)[0] <= width + 1
    lines = charts.wrap(finding, 16, width - 12)
    assert " ".join(lines) == finding
    assert finding in " ".join(texts_of(drawn))
    assert all(len(line) < width / 6 for line in texts_of(drawn))


def test_the_page_sets_the_words_itself():
    drawn = charts.svg(finish(), title=False)
    assert TEXTS["finding"].split()[0] + " needs" not in drawn.split(">", 1)[1]
    assert "Census" not in drawn
    assert "Census" in charts.svg(finish())


def test_a_drawing_has_one_label_and_one_font():
    drawn = charts.svg(finish(alt='Says "no" & <so>'))
    top = ElementTree.fromstring(drawn)
    assert top.get("aria-label") == 'Says "no" & <so>'
    assert top.get("role") == "img"
    assert len(re.findall("aria-label=", drawn)) == 1
    assert re.findall('font-family="([^"]+)"', drawn) == [charts.FONTS]


def test_dark_drawings_swap_every_colour():
    drawn = charts.svg(finish(), dark=True)
    assert charts.DARK[charts.BLUE] in drawn
    assert not [c for c in charts.DARK if c in drawn]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", charts.COLOURS)
def test_colours_stand_out_in_both_themes(colour):
    assert contrast(colour, "#ffffff") >= 3
    assert contrast(charts.DARK[colour], "#12161b") >= 4.5


def test_rows_take_the_width_and_columns_stack_on_a_phone():
    frame = pd.DataFrame({"x": [1, 2, 1, 2], "y": [1.5, 2, 3, 4], "g": ["a", "a", "b", "b"]})
    base = alt.Chart(frame).mark_line().encode(x="x:Q", y="y:Q").properties(height=60)
    rows = finish(base.encode(row="g:N"))
    for width in (charts.WIDE, charts.NARROW):
        assert abs(charts.size(charts.svg(rows, width))[0] - width) <= 4
    beside = finish(alt.hconcat(base.properties(width=250), base.properties(width=250)))
    assert "hconcat" in charts.fitted(beside, charts.WIDE)
    stacked = charts.fitted(beside, charts.NARROW)
    assert len(stacked["vconcat"]) == 2
    assert charts.size(charts.svg(beside, charts.NARROW))[0] <= charts.NARROW + 4


def test_columns_worked_out_at_once_are_those_worked_out_one_by_one():
    columns = {"more": "2 * datum.homes", "most": "datum.more + 1"}
    one_by_one = dots().transform_filter("datum.homes > 0")
    at_once = charts.calculated(one_by_one, columns)
    for name, text in columns.items():
        one_by_one = one_by_one.transform_calculate(**{name: text})
    assert at_once.to_dict() == one_by_one.to_dict()


def test_single_charts_are_responsive_and_compound_ones_are_not():
    assert finish()["width"] == "container"
    assert "width" not in finish(alt.hconcat(dots(), dots()))


def test_the_bundle_has_three_forms():
    bundle = charts.bundle(finish())
    assert set(bundle) == {charts.VEGA_MIME, "image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == TEXTS["alt"]
    assert bundle[charts.VEGA_MIME]["usermeta"]["finding"] == TEXTS["finding"]
