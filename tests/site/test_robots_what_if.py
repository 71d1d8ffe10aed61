"""The what-if of robots-payback: what the page works out is what the model works out."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import sync_playwright
from visit import chart_content

from aifactory import data
from aifactory.models.robots import inputs, payback

NAME = "robots-payback-what-if"
CASES = 240
AT = (10, 100, 190)  # of 201 sorted draws: the 5, 50 and 95 % points
ENDS = ("low", "mid", "high")

# Draw the chart off the page, set each case's signals, and hand back its single row of results.
RUN = """async (cases) => {
  const { views, datasets } = window.content;
  const { view } = await vegaEmbed(document.createElement("div"),
    { ...views.wide.spec, datasets }, { ast: true, mode: "vega-lite", renderer: "none" });
  const named = Object.keys(view.getState({ data: () => true, signals: () => false }).data);
  const found = named.find((n) => view.data(n)[0]?.line1 !== undefined);
  const rows = [];
  for (const one of cases) {
    for (const [name, value] of Object.entries(one)) view.signal(name, value);
    await view.runAsync();
    const row = Object.entries(view.data(found)[0]).map(([k, v]) => [k, String(v)]);
    rows.push(Object.fromEntries(row));
  }
  return rows;
}"""


@pytest.fixture(scope="module")
def content(site):
    """The chart's specifications and data, as the page fetches them."""
    return chart_content(site, NAME)


@pytest.fixture(scope="module")
def tables(content):
    """Draws by column, and wages by job and place, as they are in the page."""
    sets = sorted(content["datasets"].values(), key=len)
    draws = {k: np.array([r[k] for r in sets[1]]) for k in sets[1][0]}
    return draws, {r["job"]: {k: v for k, v in r.items() if k != "job"} for r in sets[0]}


@pytest.fixture(scope="module")
def cases(content, tables):
    """Settings of the controls: the first ones, then a walk that changes some of them at a time."""
    rng = np.random.default_rng(7)
    knobs = {p["name"]: p for p in content["views"]["wide"]["spec"]["params"]}
    out = [{k: p["value"] for k, p in knobs.items()}]
    while len(out) < CASES:
        one = dict(out[-1])
        for key in rng.choice(list(knobs), 1 if len(out) % 2 else len(knobs), replace=False):
            bind = knobs[key]["bind"]
            if bind["input"] == "select":
                one[str(key)] = bind["options"][rng.integers(len(bind["options"]))]
            else:  # small prices are where it pays
                share = rng.random() ** (3 if key == "price_usd" else 1)
                one[str(key)] = float(bind["min"] + (bind["max"] - bind["min"]) * share)
        out.append(one)
    return out


@pytest.fixture(scope="module")
def answers(site, browser_path, cases):
    """What the page says for each case."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = chromium.new_page()
        page.add_script_tag(path=site / "_static" / "vega.js")
        page.evaluate("window.bookChart = (name, content) => { window.content = content; }; true")
        page.add_script_tag(path=site / "charts" / f"{NAME}.js")
        rows = page.evaluate(RUN, cases)
        chromium.close()
    return rows


def model(one, draws, wage):
    """A case worked out by the model: name of a result -> its three points."""
    care = data.table("robots/oews_state").query("state == 'US' and use == 'robot support'")
    load = draws["load"]
    robot = payback.Robot(
        price_usd=one["price_usd"],
        integration_share=draws["install"],
        maintenance_share=draws["upkeep"],
        robots_per_supervisor=one["robots_per_supervisor"],
        supervisor_usd_per_h=np.average(care["hourly_mean_usd"], weights=care["employment"]) * load,
        availability=draws["up"],
        robots_together=draws["group"],
        help_share=draws["help"],
        power_kw=draws["power"],
        electricity_usd_per_kwh=1.0,
        life_h=draws["life_h"],
        cap_years=draws["cap"],
        rate=draws["rate"],
    )
    hours = draws[f"h{list(inputs.HOURS_IDS).index(one['shift']) + 1}"]
    found = payback.case(robot, wage * load, hours, one["efficiency"], one["reading"])
    target = data.figure("post-robot-payback").high
    results = {
        "payback": found.payback_years(),
        "person": wage * load,
        "robot": found.cost_per_human_hour(),
        "needed": found.threshold(target),
    }
    points = {k: np.sort(v)[list(AT)] for k, v in results.items()}
    return points, float((results["payback"] <= target).mean())


def test_the_page_and_the_model_agree(cases, tables, answers):
    draws, wages = tables
    assert len(draws["load"]) == 201
    compared = never = 0
    for one, row in zip(cases, answers, strict=True):
        wage = wages[one["job"]].get(one["state"])
        if wage is None:
            continue
        points, share = model(one, draws, wage)
        for name, wanted in points.items():
            shown = [float(row[f"{name}_{k}"].replace("Infinity", "inf")) for k in ENDS]
            np.testing.assert_allclose(shown, wanted, rtol=1e-6, err_msg=f"{name}: {one}")
        assert float(row["share"]) == pytest.approx(share, abs=1e-9)
        assert row["line1"].startswith("Pays back") == np.isfinite(points["payback"][1]), one
        compared += 1
        never += np.isinf(points["payback"][1])
    assert compared >= 200
    assert compared / 10 < never < compared * 9 / 10, "the cases lie on one side"


def test_what_is_not_released_is_said(cases, tables, answers):
    wages = tables[1]
    dark = [
        row
        for one, row in zip(cases, answers, strict=True)
        if one["state"] not in wages[one["job"]]
    ]
    assert dark, "no case without a wage was drawn"
    for row in dark:
        assert row["line1"] == "No wage is released for this job in this state."
        assert [row["line2"], row["line3"], row["line4"]] == [""] * 3


def test_wages_are_those_of_the_statistics(tables):
    wages = tables[1]
    cells = data.table("robots/oews_state").replace({"area_name": {"National": "United States"}})
    cells = cells[cells["use"] != "robot support"]
    found = 0
    for job, places in wages.items():
        title = job.split(": ", 1)[-1]
        rows = cells[cells["occupation"].str.split(", Except").str[0] == title]
        assert ", all jobs" in job or set(rows["area_name"]) == set(places)
        for row in rows.itertuples():
            assert places[row.area_name] == pytest.approx(row.hourly_mean_usd, abs=0.005)
            found += 1
    assert found == len(cells)
