"""What a scenario may set, and the one line that says why it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory import data, scenario, whatif
from aifactory.models.factory.graph import Input
from aifactory.scenario import ScenarioError

POWER = Input("facility_mw", "power.facility_mw", ("post-power-rounding", "post-power"), "MW",
              "Power of the site", least=1.0)  # fmt: skip
LOAD = Input("load_factor", "power.load_factor", ("load-factor",), "dimensionless", "Load",
             least=0.0, most=1.0)  # fmt: skip
FIT = Input("error_pue", "error.pue", (), "dimensionless", "Error of a fit")
DERIVED = Input("pump_kpa", "cooling.pump_kpa", (), "kPa", "Pressure of the pumps", least=0.0)
INPUTS = (POWER, LOAD, FIT, DERIVED)

FILE = """
name = "my-site"
title = "A site"
[set]
power.facility_mw = { low = 0.2, central = 0.3, high = 0.4, unit = "GW", source = "post" }
load-factor = 0.5
"""


def assemble(*sets, which=None):
    return scenario.assemble(sets, which, INPUTS)


@pytest.fixture
def write(tmp_path):
    def put(text, name="my-site.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return put


def test_an_input_sets_all_its_figures_and_the_graph():
    made = assemble("power.facility_mw=0.3 GW")
    assert {k: v for k, (v, _) in made.figures.items()} == {
        "post-power-rounding": (300, 300, 300),
        "post-power": (300, 300, 300),
    }
    assert made.inputs == {"facility_mw": (300, 300, 300)}


def test_a_figure_sets_the_graph_only_where_it_holds_the_input():
    assert assemble("post-power-rounding=300").inputs == {"facility_mw": (300, 300, 300)}
    other = assemble("post-power=300")
    assert (list(other.figures), other.inputs) == (["post-power"], {})
    derived = assemble("cooling.pump_kpa=2 bar")
    assert (derived.figures, derived.inputs) == ({}, {"pump_kpa": (200, 200, 200)})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("300", (300, 300, 300)),
        (" 2.5e2,300 , 0.35e3 ", (250, 300, 350)),
        ("250, 300, 350 MW", (250, 300, 350)),
        ("0.25,.3,0.35GW", (250, 300, 350)),
        ("+300000 kW", (300, 300, 300)),
    ],
)
def test_values_as_people_write_them(text, values):
    (setting,) = assemble(f"power.facility_mw={text}").settings
    assert setting.range == pytest.approx(values, rel=1e-12)


def test_temperatures_and_shares_convert():
    assert assemble("warm-loop-supply=113 degF").settings[0].range == (45, 45, 45)
    assert assemble("load-factor=50 %").settings[0].range == (0.5, 0.5, 0.5)
    assert assemble("warm-loop-supply=-5").settings[0].range == (-5, -5, -5)


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(1, 1e6))
def test_what_is_taken_is_in_order_and_what_is_not_is_not(low, central, high):
    value = scenario.read_value(f"{low!r},{central!r},{high!r}", "x")
    knob = scenario.Knob("x", "MW", "Power")
    if low <= central <= high:
        assert scenario.settle(knob, value).range == (low, central, high)
    else:
        with pytest.raises(ScenarioError, match="out of order"):
            scenario.settle(knob, value)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ((), "nothing is set"),
        (("load-factor",), "'load-factor' sets nothing. Write NAME=VALUE"),
        (("=3",), "sets nothing"),
        (("power.facilty_mw=3",), "no input or figure is named 'power.facilty_mw'. Nearest: "
                                  "power.facility_mw"),
        (("load-facto=3",), "Nearest: load-factor"),
        (("error.pue=0",), "no input or figure is named 'error.pue'"),
        (("load-factor=0.5", "load-factor=0.5"), "load-factor is set twice"),
        (("power.facility_mw=3", "post-power=3"), "power.facility_mw and post-power both set"),
        (("power.load_factor=0.5", "load-factor=0.5"), "both set load-factor"),
        (("power.facility_mw=1,200",), "thousands are not parted by commas"),
        (("load-factor=nan",), "'nan' is no value"),
        (("load-factor=-inf",), "'-inf' is no value"),
        (("power.facility_mw=1e999",), "too large"),
        (("power.facility_mw=",), "'' is no value"),
        (("power.facility_mw=30 degC",), "degC is no unit of what this measures. Give it in MW."),
        (("power.facility_mw=3 parrots",), "'parrots' is not a unit.* Give it in MW."),
        (("power.facility_mw=300,200,400",), "out of order"),
        (("load-factor=1.2",), "load-factor: 1.2 is out of bounds: .* at most 1"),
        (("power.load_factor=0.5,0.9,1.2",), "out of bounds: .* at most 1"),
        (("pads-share=1.01",), "at most 1"),
        (("post-power=0.5",), "post-power: 0.5 is out of bounds: .* at least 1 MW"),
        (("gb-rack-kw-per-gpu=0",), "must be above 0 kW/GPU"),
        (("gb-rack-kw-per-gpu=-1",), "must be above 0 kW/GPU"),
        (("gb300-peak-cut=-0.1",), "must be at least 0"),
        (("warm-loop-supply=-300",), "at least -273.15 degC"),
    ],
)  # fmt: skip
def test_what_cannot_be_set(sets, message):
    with pytest.raises(ScenarioError, match=message) as caught:
        assemble(*sets)
    assert "\n" not in str(caught.value)


def test_no_result_may_rest_on_a_recalled_figure():
    with pytest.raises(data.RecalledFigure, match="fibre-delay"):
        assemble("fibre-delay=3")


def test_a_file_is_read_whole(write):
    made = assemble(which=write(FILE))
    assert (made.name, made.title) == ("my-site", "A site")
    assert made.inputs == {"facility_mw": (200, 300, 400), "load_factor": (0.5, 0.5, 0.5)}
    assert made.figures["post-power"][1].source == "post"


def test_set_replaces_a_value_of_the_file_and_names_another_run(write):
    path = write(FILE)
    first, second = (assemble(f"load-factor={x}", which=path) for x in (0.6, 0.7))
    assert first.inputs == {"facility_mw": (200, 300, 400), "load_factor": (0.6, 0.6, 0.6)}
    assert first.name.startswith("my-site-")
    assert len({first.name, second.name, "my-site"}) == 3
    assert assemble("load-factor=0.6", which=path).name == first.name


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("title =", "titel =", "`titel` is no key of a scenario. Nearest: title"),
        ("central = 0.3", "centre = 0.3", "Nearest: central"),
        ("low = 0.2, ", "", "give `low` and `high` together"),
        ("central = 0.3, ", "", "`set.power.facility_mw.central` is missing"),
        ("load-factor = 0.5", "load-factor = true", "`set.load-factor`: input should be"),
        ("load-factor = 0.5", "load-factor = nan", "input should be a finite number"),
        ("load-factor = 0.5", "load-factor = 'half'", "load-factor: 'half' is no value"),
        ("load-factor = 0.5", "load-factor = {}", "`set.load-factor.central` is missing"),
        ("load-factor = 0.5", "load-factr = 0.5", "Nearest: load-factor"),
        ("load-factor = 0.5", "load-factor = 0.5\nload-factor = 0.6", "is not TOML"),
        ('"my-site"', '"../my-site"', "`name`: string should match"),
        ('"my-site"', "3", "`name`: input should be a valid string"),
        ("[set]", "[sets]", "`sets` is no key of a scenario. Nearest: set"),
        ('source = "post"', 'source = "pots"', "no source named 'pots'"),
        (FILE, "", "`name` is missing"),
        (FILE, "name = 'a'\ntitle = 'b'\nset = 3", "`set`: input should be a valid dictionary"),
        (FILE, "a = " + "[" * 20000, "nested too deeply|is not TOML"),
    ],
)
def test_what_no_file_may_hold(write, before, after, message):
    assert before in FILE
    with pytest.raises(data.DataError, match=message) as caught:
        assemble(which=write(FILE.replace(before, after)))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(write):
    with pytest.raises(ScenarioError, match="my-site.toml is not text in UTF-8"):
        assemble(which=write(FILE.encode("utf-16")))
    with pytest.raises(ScenarioError, match="100001 bytes; a scenario has 100000 at most"):
        assemble(which=write(b"#" * 100_001))


@pytest.mark.parametrize(
    "which", ["../scenarios/colossus-1", "/etc/passwd", "no.toml", "", "colossus", ".toml"]
)
def test_only_names_of_the_folder_and_files_in_toml_are_found(which):
    with pytest.raises(ScenarioError, match="no scenario is named|is not there") as caught:
        scenario.find(which)
    if which == "colossus":
        assert "colossus-1" in str(caught.value)


@pytest.mark.parametrize("name", scenario.names())
def test_scenarios_of_the_book_say_where_each_value_comes_from(name):
    made = scenario.assemble((), name, whatif.inputs())
    assert (made.name, bool(made.description)) == (name, True)
    assert all(one.source and one.note for one in made.settings)
    assert made.inputs or made.figures


def test_there_are_scenarios():
    assert {"colossus-1", "stargate-abilene"} <= set(scenario.names())
