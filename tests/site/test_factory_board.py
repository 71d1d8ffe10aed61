"""The scoreboard with sliders: what the page works out is what the graph works out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright
from visit import chart_content

from aifactory import board, book, charts, data, factory, story, verdicts
from aifactory.models.factory import emulator, shared
from aifactory.models.factory.graph import Graph, Input, Node
from aifactory.uncertainty import from_range, normal, uniform

ROOT = Path(__file__).resolve().parents[2]

# -- a small factory -------------------------------------------------------------------------------

N = 256
SPREAD = {
    "facility_mw": from_range(1150, 1200, 1250),
    "peak_ratio": from_range(1.1, 1.2, 1.35),
    "load_factor": from_range(0.6, 0.8, 0.95),
    "kw_per_gpu": from_range(1.5, 1.9, 2.3),
    "network_overhead": from_range(1.0, 1.04, 1.19),
    "electricity_usd_mwh": from_range(40, 60, 90),
    "gpu_capital_usd": from_range(3e4, 4e4, 6e4),
    "gpu_hour_usd": from_range(1.5, 2.5, 4),
    "supply_c": uniform(15, 45),
    "drift_k": normal(-2, 2),
    "life_years": from_range(3, 5, 7),
    "error_pue": normal(-0.005, 0.005),
    "error_goodput": normal(-0.02, 0.02),
    "households": from_range(1.9e6, 2e6, 2.1e6),
}
OWN = (
    Input("supply_c", "cooling.supply_c", (), "degC", "Water to the racks", most=40.0),
    Input("drift_k", "cooling.drift_k", (), "delta_degC", "How far the loop drifts"),
    Input("life_years", "money.life_years", (), "year", "Life of a GPU", least=1.0),
    Input("error_pue", "fit.pue", (), "dimensionless", "Error of the surface"),
    Input("error_goodput", "fit.goodput", (), "dimensionless", "Error of the surface"),
    Input("households", "power.households", (), "dimensionless", "Households"),
)


def surface(names, function, degree):
    low, high = (np.array([SPREAD[n].ppf(np.array([p]))[0] for n in names]) for p in (0.02, 0.98))
    x = low + (high - low) * np.random.default_rng(3).random((400, len(names)))
    return emulator.fit(names, x, function(*x.T), degree)


def small_graph():
    pue = surface(
        ("supply_c", "load_factor"), lambda t, u: 1.1 + 0.3 * np.exp(-t / 20) + 0.02 / u, 3
    )
    goodput = surface(
        ("facility_mw", "kw_per_gpu", "load_factor"), lambda p, k, u: np.exp(-p / k / 9e3) * u, 4
    )
    usd = "(gpus * gpu_capital_usd / life_years + energy_mwh * pue * electricity_usd_mwh)"
    nodes = (
        *shared.NODES,
        *emulator.nodes(pue, "pue", "dimensionless", "PUE", "cooling"),
        *emulator.nodes(goodput, "goodput", "dimensionless", "Goodput", "networking"),
        Node("energy_mwh", "facility_mw * load_factor * hours_per_year", "MWh", "Energy", "power"),
        Node("loop_c", "supply_c + drift_k", "degC", "Loop", "cooling"),
        Node("gpu_hours", "gpus * goodput * hours_per_year", "hour", "GPU-hours", "networking"),
        Node("hour_usd", f"{usd} / gpu_hours", "USD/hour", "Cost", "money", kind="output"),
        Node("claim_cheap", "hour_usd < gpu_hour_usd", "", "", "", kind="claim"),
        Node("claim_warm", "(loop_c > 28.0) & (pue <= 1.25)", "", "", "", kind="claim"),
        Node("claim_big", "maximum(gpus, 5e5) > 6.2e5", "", "", "", kind="claim"),
        Node("claim_homes", "households > 1.98e6", "", "", "", kind="claim"),
    )
    return Graph((*shared.INPUTS, *OWN), nodes)


GRAPH = small_graph()
SLIDERS = (
    board.Slider("facility_mw", "Site, MW", 100, 2000),
    board.Slider("supply_c", "Water to the racks, °C"),
    board.Slider("drift_k", "Drift of the loop, K", -10, 10),
    board.Slider("load_factor", "Mean load over peak"),
    board.Slider("electricity_usd_mwh", "Electricity, USD/MWh"),
    board.Slider("gpu_capital_usd", "Capital a GPU, USD"),
    board.Slider("life_years", "Life of a GPU, years"),
)
CLAIMS = (
    board.Score("Cheaper than the market", 0.93, "claim_cheap"),
    board.Score("Warm water is enough", 0.4, "claim_warm"),
    board.Score("GPUs by the post's count", 0.5, "claim_big"),
    board.Score("Two million households", 0.64, "claim_homes"),
    board.Score("A model that nobody has", 0.02),
)
RESULTS = (
    board.Result("gpus", "GPUs"),
    board.Result("pue", "PUE", format=".3f"),
    board.Result("energy_mwh", "Electricity a year, TWh", per=1e6, format=".2f"),
    board.Result("hour_usd", "Cost a GPU-hour, USD", format=".2f"),
)


@pytest.fixture(scope="module")
def small():
    return board.prepare(GRAPH, SPREAD, SLIDERS, CLAIMS, RESULTS, N, np.random.default_rng(11))


def finish(chart):
    texts = {"finding": "What if?", "what": "Chances", "source_line": "Model", "alt": "Bars"}
    return charts.finish(chart, story.NAME, **texts)


# -- in the browser --------------------------------------------------------------------------------

# Keep the chart's own data and steps but not its summary, and hand back every row of them.
ALL_ROWS = """async (cases) => {
  const { views, datasets } = window.content;
  const { vconcat, ...spec } = views.wide.spec;
  const end = spec.transform.findIndex((t) => t.window);
  Object.assign(spec, { transform: spec.transform.slice(0, end), mark: "point", encoding: {
    x: { field: "n_held", type: "quantitative" }, y: { field: "n_held", type: "quantitative" } } });
  const { view } = await vegaEmbed(document.createElement("div"), { ...spec, datasets },
    { ast: true, mode: "vega-lite", renderer: "none" });
  const named = Object.keys(view.getState({ data: () => true, signals: () => false }).data);
  const out = [];
  for (const one of cases) {
    for (const [name, value] of Object.entries(one)) view.signal(name, value);
    await view.runAsync();
    const rows = named.map((n) => view.data(n)).find((r) => r[0]?.n_held !== undefined);
    const keys = Object.keys(rows[0]);
    out.push(Object.fromEntries(keys.map((k) => [k, rows.map((r) => Number(r[k]))])));
  }
  return out;
}"""
# The whole chart as the page draws it: its sentences, and what stands behind its bars.
SHOWN = """async (cases) => {
  const { views, datasets } = window.content;
  const holder = document.body.appendChild(document.createElement("div"));
  const { view } = await vegaEmbed(holder, { ...views.wide.spec, datasets },
    { ast: true, mode: "vega-lite", renderer: "svg", actions: false });
  const named = Object.keys(view.getState({ data: () => true, signals: () => false }).data);
  const out = [];
  for (const one of cases) {
    for (const [name, value] of Object.entries(one)) view.signal(name, value);
    const start = performance.now();
    await view.runAsync();
    const took = performance.now() - start;
    const shown = (r) => (r.title ?? r.s_all) !== undefined;
    const rows = named.flatMap((n) => view.data(n)).filter(shown);
    const plain = (r) => Object.fromEntries(Object.entries(r).filter(([, v]) => Object(v) !== v));
    const found = rows.map(plain);
    const texts = [...holder.querySelectorAll("svg text")].map((t) => t.textContent);
    out.push({ found, texts, took });
  }
  return out;
}"""


def from_small(small):
    """The small factory's chart, in the form that the site gives charts."""
    spec = finish(board.chart(small))
    datasets = spec.pop("datasets")
    return small, {"views": {"wide": {"spec": spec}}, "datasets": datasets}


def from_site(site):
    """The whole factory's chart as the site holds it, and its board with the page's own draws."""
    content = chart_content(site, story.NAME)
    chances = {row["claim_id"]: row["probability"] for row in factory.deciding()}
    book.setup(data.WHOLE)
    whole = story.scoreboard(
        factory.graph(), factory.distributions(), chances, book.rng(story.NAME)
    )
    raw = next(rows[0] for rows in content["datasets"].values() if "n_still" in rows[0])
    draws = {n: np.array(raw[board.column(whole, n)]) * u for n, u in whole.units.items()}
    still = np.array(raw["n_still"], dtype=float)
    return dataclasses.replace(whole, draws=pd.DataFrame(draws), still=still), content


CHAPTER = ROOT / "notebooks" / "factory.md"
CHARTS = ["small"]
if CHAPTER.exists() and "story.scoreboard(" in CHAPTER.read_text(encoding="utf-8"):
    CHARTS.append("story")


@pytest.fixture(scope="module", params=CHARTS)
def charted(request, site, small):
    """A board, and its chart as a page fetches it."""
    return from_small(small) if request.param == "small" else from_site(site)


@pytest.fixture(scope="module")
def cases(charted):
    """The sliders at their start, each at both ends, and at random places."""
    shown = charted[0]
    rng = np.random.default_rng(5)
    out = [shown.first]
    for knob in shown.knobs:
        out += [shown.first | {knob.input.name: end} for end in (knob.low, knob.high)]
    for _ in range(5):
        out.append({k.input.name: float(rng.uniform(k.low, k.high)) for k in shown.knobs})
    return out


@pytest.fixture(scope="module")
def pages(site, charted, cases, browser_path):
    """Rows of all steps, and what is shown, for each case."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = chromium.new_page()
        page.add_script_tag(path=site / "_static" / "vega.js")
        page.evaluate("(content) => { window.content = content; }", charted[1])
        found = page.evaluate(ALL_ROWS, cases[-5:]), page.evaluate(SHOWN, cases)
        chromium.close()
    return found


def test_every_step_on_the_page_is_that_of_the_graph(charted, cases, pages):
    shown = charted[0]
    compared = 0
    for one, page in zip(cases[-5:], pages[0], strict=True):
        wanted = board.evaluate(shown, one)
        for name in (*shown.first, *(n.name for n in shown.graph.nodes)):
            found = np.array(page[shown.short[name]], dtype=float)
            np.testing.assert_allclose(found, wanted[name], rtol=1e-6, atol=1e-12, err_msg=name)
        compared += len(found)
    assert compared >= 1000


def test_chances_results_and_words_are_those_of_python(charted, cases, pages):
    shown = charted[0]
    for one, page in zip(cases, pages[1], strict=True):
        wanted = board.rows(shown, one)
        said = {r["title"]: r for r in page["found"] if "title" in r}
        for claim in shown.claims:
            p = wanted["claims"][claim.title]
            assert said[claim.title]["p"] == p, (claim, one)
            assert said[claim.title]["said"].endswith(f", {verdicts.rate(p)}")
        total = next(r for r in page["found"] if "s_all" in r)
        found = [total[f"s_{k}"] / len(shown.draws) for k in ("all", "half")]
        assert found == [wanted["all"], wanted["half"]]
        assert [total[f"n_held_{e}"] for e in board.POINTS] == wanted["held"]
        for name, ends in wanted["results"].items():
            found = [total[f"{name}_{e}"] for e in board.POINTS]
            np.testing.assert_allclose(found, ends, rtol=1e-6, err_msg=name)
        middle = f"{wanted['held'][1]:.0f} of {shown.judged} claims hold at once"
        assert any(t.startswith(middle) for t in page["texts"])


def test_sliders_move_chances(charted, cases):
    shown = charted[0]
    found = [board.rows(shown, one)["claims"] for one in cases]
    for claim in shown.live:
        assert len({f[claim.title] for f in found}) > 1, claim


# -- what is on the page, in Python ----------------------------------------------------------------


def test_the_cut_graph_is_the_whole_one():
    """What the page's steps give, from the same values of what sliders leave alone."""
    rng = np.random.default_rng(2)
    values = {k: d.sample(1000, rng) for k, d in SPREAD.items()}
    wanted = GRAPH.evaluate(values)
    cut = board.prepare(GRAPH, SPREAD, SLIDERS, CLAIMS, RESULTS, 2, rng).graph
    known = values | wanted
    found = cut.evaluate({i.name: known[i.name] for i in cut.inputs})
    assert set(found) < set(wanted)
    assert "goodput_x1" in {i.name for i in cut.inputs}, "what no slider moves came as a step"
    for name, value in found.items():
        np.testing.assert_array_equal(value, wanted[name], err_msg=name)


def test_sliders_start_at_medians_on_their_own_steps(small):
    for knob in small.knobs:
        middle = SPREAD[knob.input.name].ppf(np.array([0.5]))[0]
        assert abs(knob.start - middle) <= knob.step / 2 * (1 + 1e-9)
        for value in (knob.start, knob.high):
            count = (value - knob.low) / knob.step
            assert count == pytest.approx(round(count), abs=1e-6)
        draws = small.draws[knob.input.name].to_numpy()
        np.testing.assert_array_equal(knob.moved(draws, knob.start), draws)


def test_a_moved_input_keeps_its_spread_and_its_limits(small):
    knobs = {k.input.name: k for k in small.knobs}
    draws = small.draws["facility_mw"].to_numpy()
    there = knobs["facility_mw"].moved(draws, 300.0)
    assert np.median(there) == pytest.approx(np.median(draws) * 300 / 1200)
    assert np.ptp(there) / 300 == pytest.approx(np.ptp(draws) / 1200)
    shifted = knobs["drift_k"].moved(small.draws["drift_k"].to_numpy(), 5.0)
    assert np.ptp(shifted) == pytest.approx(np.ptp(small.draws["drift_k"]))
    assert knobs["load_factor"].moved(np.array([0.9]), 0.97)[0] == 1.0
    assert knobs["supply_c"].moved(np.array([44.0]), 45.0)[0] == 40.0


def test_a_slider_that_moves_nothing_is_refused():
    idle = board.Slider("households", "Households")
    with pytest.raises(ValueError, match="'households' moves nothing"):
        board.prepare(GRAPH, SPREAD, [idle], CLAIMS[:3], RESULTS, 2, np.random.default_rng(1))
