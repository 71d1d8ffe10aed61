"""The factory's cooling and water against the chapters' full models, limits and verdicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aifactory import data
from aifactory.fits import QUANTILES
from aifactory.fits import thermal as fits
from aifactory.models.cooling import plant, units
from aifactory.models.factory import formula, shared, thermal
from aifactory.models.factory.emulator import Surface
from aifactory.models.factory.graph import CONSTANTS, Graph, Input
from aifactory.models.water import limits, need
from aifactory.uncertainty import Distribution, held, sample, tabulated
from aifactory.units import registry
from aifactory.verdicts import chapter_path, read

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
ERRORS = {f"error_{name}": 0.0 for name in thermal.WITH_ERROR}


@pytest.fixture(scope="module")
def surfaces() -> dict[str, Surface]:
    """The book's surfaces, as they stand in data/factory/."""
    from aifactory import factory

    found = factory.surfaces()
    return {k: found[k] for k in thermal.SURFACES}


@pytest.fixture(scope="module")
def graph(surfaces: dict[str, Surface]) -> Graph:
    """Shared steps and this part's own."""
    errors = [Input(n, f"error.{n}", (), "dimensionless", "error") for n in ERRORS]
    steps = (*shared.NODES, *thermal.nodes(surfaces))
    used = {n for step in steps for n in formula.names(step.formula)}
    inputs = (*shared.INPUTS, *thermal.INPUTS, *errors)
    return Graph(tuple(i for i in inputs if i.name in used), steps)


@pytest.fixture(scope="module")
def distributions(graph: Graph) -> dict[str, Distribution]:
    stored = data.table("factory/derived_inputs").groupby("input")["value"]
    known = {str(name): tabulated(QUANTILES, v.to_numpy(float)) for name, v in stored
             if len(v) == len(QUANTILES)}  # fmt: skip
    return {
        i.name: held(data.figure(i.figures[0]).distribution() if i.figures else known[i.name],
                     i.least, i.most)
        for i in graph.inputs
    }  # fmt: skip


@pytest.fixture(scope="module")
def middle(distributions: dict[str, Distribution]) -> dict[str, np.ndarray]:
    found = {k: d.ppf(np.array([0.5])) for k, d in distributions.items()}
    return found | {k: np.zeros(1) for k in ERRORS}


def value(graph: Graph, inputs: dict, name: str, **changed: float) -> float:
    """One step, with some inputs changed."""
    new = inputs | {k: np.array([float(v)]) for k, v in changed.items()}
    return float(graph.evaluate(new, [name])[name][0])


# -- PUE


def of_draws(graph: Graph, middle: dict, drawn: pd.DataFrame, name: str) -> np.ndarray:
    """A step at draws of the site, all else in the middle and surfaces without their errors."""
    new = {k: np.full(len(drawn), v[0]) for k, v in middle.items()}
    new |= {k: drawn[k].to_numpy() for k in drawn if k in new}
    return graph.evaluate(new, [name])[name]


def test_pue_meets_the_hourly_plant_at_points_not_seen(graph: Graph, middle: dict) -> None:
    """All inputs at once, four kinds of plant, among them those that no surface is fitted in."""
    drawn = fits.site_draws(48, "a test")
    miss = np.abs(of_draws(graph, middle, drawn, "pue") / fits.site_pue(drawn) - 1)
    assert set(np.floor(4 * drawn["plant_kind_u"])) == {0, 1, 2, 3}
    assert np.median(miss) < 0.0015
    assert np.quantile(miss, 0.95) < 0.01


@pytest.mark.parametrize("name", ["warm_chillers", "warm_dry", "warm_wetted", "cool_coils"])
def test_a_loops_surface_meets_its_plant_afresh(surfaces: dict, name: str) -> None:
    """Mostly far closer; the bound is what 400 points reach at worst, on water below 20 °C."""
    of = fits.LOOPS[name]
    drawn = fits.drawn_of(of, f"{name}, a test", 6, spread=False)
    miss = np.abs(surfaces[name](drawn[list(of.names)].to_numpy()) - fits.per_heat(of, drawn))
    assert np.median(miss) < 0.004
    assert miss.max() < 0.03


def test_held_back_residuals_are_the_errors_on_record(surfaces: dict) -> None:
    rows = data.table("factory/derived_inputs").set_index("input")["value"]
    x, y = fits.loop_surface("cool_coils", fits.LOOPS["cool_coils"])[1]
    found = np.quantile(surfaces["cool_coils"].residuals(x, y), QUANTILES)
    assert rows["error_cool_coils"].to_numpy() == pytest.approx(found, abs=1e-9)


def test_heat_of_both_loops_is_the_plants_balance(graph: Graph, middle: dict) -> None:
    drawn = fits.site_draws(20, "loads")
    q = plant.loads(fits.site_design(drawn))
    heat = {"warm": ("plates_it", "warm_pumps"), "cool": ("hall_it", "cool_pumps")}
    for side, (carried, pumps) in heat.items():
        whole = of_draws(graph, middle, drawn, carried) * (
            1 + of_draws(graph, middle, drawn, pumps)
        )
        assert whole == pytest.approx(getattr(q, side), rel=1e-12)


def test_pue_is_the_sum_of_the_plants_parts(graph: Graph, middle: dict) -> None:
    """The steady loads of the full model, and each loop's heat times what its plant draws."""
    drawn = fits.site_draws(20, "parts")
    q = plant.loads(fits.site_design(drawn))
    steady = q.it + q.electrical_loss + q.cdu + q.hall_air + q.warm_pump + q.cool_pump
    warm, cool = (of_draws(graph, middle, drawn, f"{side}_plant") for side in ("warm", "cool"))
    found = of_draws(graph, middle, drawn, "pue")
    assert found == pytest.approx(steady + q.warm * warm + q.cool * cool, rel=1e-12)


def wide(middle: dict, n: int, seed: int, **boxes: tuple[float, float]) -> dict:
    """Some inputs anywhere in a box, far beyond what the figures have; the others in the middle."""
    rng = np.random.default_rng(seed)
    new = {k: np.full(n, v[0]) for k, v in middle.items()}
    return new | {k: rng.uniform(*ends, n) for k, ends in boxes.items()}


def test_a_site_draws_more_than_its_computing(graph: Graph, middle: dict) -> None:
    given = wide(middle, 2000, 5, plant_kind_u=(0, 1), supply_c=(5, 70), weather_shift_k=(-2, 4),
                 plated_share=(0, 1))  # fmt: skip
    found = graph.evaluate(given, ["pue", "it_mean_mw", "facility_mean_mw"])
    assert 1 < found["pue"].min() < found["pue"].max() < 1.6
    assert found["it_mean_mw"] * found["pue"] == pytest.approx(found["facility_mean_mw"])


def test_the_mean_is_the_load_factors_but_never_above_the_peak(graph: Graph, middle: dict) -> None:
    given = wide(middle, 2000, 6, load_factor=(0.3, 1), peak_ratio=(1.1, 1.5), supply_c=(5, 70))
    found = graph.evaluate(given, ["pue", "it_mean_mw", "it_peak_mw", "facility_mean_mw"])
    free = found["it_mean_mw"] < found["it_peak_mw"] * (1 - 1e-12)
    load = given["facility_mw"] * given["load_factor"]
    assert 0.1 < free.mean() < 0.95
    assert found["facility_mean_mw"][free] == pytest.approx(load[free])
    assert (found["it_mean_mw"] <= found["it_peak_mw"]).all()
    assert (found["facility_mean_mw"] <= load * (1 + 1e-12)).all()


@pytest.mark.parametrize("kind", [0.1, 0.3, 0.6, 0.9])
def test_warmer_water_saves_and_losses_cost(graph: Graph, middle: dict, kind: float) -> None:
    at = [value(graph, middle, "pue", plant_kind_u=kind, supply_c=t) for t in (15, 20, 25, 30)]
    assert np.diff(at).max() < 0
    more = value(graph, middle, "pue", plant_kind_u=kind, supply_c=15, ups_loss=0.06)
    assert more > at[0] + 0.02


def test_hours_by_month_are_means_and_quantiles() -> None:
    month, hour = np.repeat([1, 7], 48), np.tile(np.arange(1, 25), 4)
    month = np.concatenate([month, np.repeat(np.setdiff1d(np.arange(1, 13), [1, 7]), 24)])
    hour = np.concatenate([hour, np.tile(np.arange(1, 25), 10)])
    draws = np.outer(100 * month + hour, [1.0, 2.0, 3.0])
    found = thermal.by_month_and_hour(draws, month, hour, np.array([0.0, 0.5, 1.0]))
    assert found.shape == (3, 12, 24)
    assert found[:, 6, 14].tolist() == [715, 1430, 2145]
    with pytest.raises(ValueError, match="one length"):
        thermal.by_month_and_hour(draws, month[1:], hour, np.array([0.5]))


# -- chillers


def test_chillers_are_counted_as_the_chapter_counts_them(graph: Graph, distributions: dict) -> None:
    d = sample(distributions, 400, np.random.default_rng(4))
    found = graph.evaluate({k: d[k].to_numpy() for k in d}, ["chillers", "hall_heat_kw"])
    gains = np.minimum(d["cdu_power"] + d["pdu_loss"] + d["ups_loss"], d["peak_ratio"] - 1)
    heat = units.hall_heat_kw(1000 * d["facility_mw"], d["peak_ratio"], gains)
    assert found["hall_heat_kw"] == pytest.approx(heat)
    block, spares = (d[f"{k}_per_block"].round() for k in ("chillers", "spares"))
    counted = units.units_needed(heat, d["chiller_kw"], block, spares)
    assert found["chillers"].tolist() == counted.tolist()


def test_bars_are_the_figures() -> None:
    bars = {"chillers_fewest": "chillers-fewest", "chillers_most": "chillers-most"}
    for name, figure in bars.items():
        assert CONSTANTS[name][0] == data.figure(figure).central
    assert CONSTANTS["least_cycles"][0] == data.figure("tower-coc-common").low


# -- water


def test_water_meets_the_hour_by_hour_balance(graph: Graph, middle: dict) -> None:
    """The chapter's mixed design, in a warmer year, month by month; within 4 % of the largest."""
    x = {"supply_c": 28.0, "cooler_approach_k": 7.0, "air_rise_k": 9.0, "effectiveness": 0.75,
         "pad_cycles": 3.0, "staging": 0.3, "padded_share": 0.5, "pad_heat_per_it": 1.04,
         "closed_l_per_kwh": 0.04}  # fmt: skip
    towers = {"heat_per_it": 1.1, "approach_k": 5.0, "range_k": 5.56, "set_point_c": 21.0}
    towers |= {"cycles": 4.0, "drift": 1e-5}
    year = need.shifted(fits.typical_air(), 0.4)
    hourly = need.by_design(year, x | towers)["dry and pads"].makeup[:, 0]
    same = {"supply_c": 28, "cooler_approach_k": 7, "weather_shift_k": 0.4, "pad_air_rise_k": 9}
    same |= {"pad_effectiveness": 0.75, "pad_cycles": 3, "pads_staging": 0.3, "pad_heat": 1.04}
    same |= {"padded_share": 0.5, "closed_l_kwh": 0.04}
    assert value(graph, middle, "water_l_kwh", **same) == pytest.approx(hourly.mean(), rel=0.04)
    mw = value(graph, middle, "it_mean_mw", **same)
    month = need.mgd(1000 * mw * need.monthly_mean(hourly, fits.months()))
    given = middle | {k: np.array([float(v)]) for k, v in same.items()}
    by_name = graph.evaluate(given, [f"water_mgd_{m}" for m in thermal.MONTHS])
    found = [float(v[0]) for v in by_name.values()]
    assert found == pytest.approx(month, abs=0.06 * month.max())


def test_months_make_up_the_year(graph: Graph, middle: dict) -> None:
    boxes = {"supply_c": (14, 60), "pads_staging": (0, 1), "padded_share": (0, 1)}
    given = wide(middle, 2000, 6, **boxes)
    names = [f"water_mgd_{m}" for m in thermal.MONTHS]
    found = graph.evaluate(given, [*names, "water_mgd", "water_m3_year"])
    months = np.array([found[n] for n in names])
    assert months.min() >= 0
    mean = np.average(months, axis=0, weights=thermal.MONTH_DAYS)
    assert mean == pytest.approx(found["water_mgd"], rel=1e-9)
    assert 1000 * found["water_m3_year"] / (365 * 3_785_411.784) == pytest.approx(mean, rel=1e-9)


def test_water_rises_with_computing_and_pads(graph: Graph, middle: dict) -> None:
    base = value(graph, middle, "water_m3_year")
    twice = value(graph, middle, "water_m3_year", facility_mw=2 * middle["facility_mw"][0])
    assert twice == pytest.approx(2 * base)
    assert value(graph, middle, "water_m3_year", padded_share=0.9) > 1.3 * base
    assert value(graph, middle, "water_m3_year", supply_c=22) > 1.3 * base
    dry = value(graph, middle, "water_l_kwh", padded_share=0)
    assert dry == pytest.approx(middle["closed_l_kwh"][0])


def test_limits_of_water_are_the_chapters(graph: Graph, distributions: dict) -> None:
    """Holding is that the limit binds at a site no smaller than the draw's, by limits.py."""
    d = sample(distributions, 2000, np.random.default_rng(8))
    values = {k: d[k].to_numpy() for k in d}
    names = ["need_day_mgd", "need_hot_mgd", "allen_before_mgd", "effluent_holds",
             "discharge_holds", "it_peak_mw", "allen_day_mgd"]  # fmt: skip
    v = graph.evaluate(values, names)
    mw, recovery = v["it_peak_mw"], values["recycled_capacity_mgd"] / values["recycled_intake_mgd"]
    firm = limits.firm_capacity_mgd(values["recycled_capacity_mgd"], values["trains"])
    low = values["effluent_mgd"]
    dry = low * values["effluent_dry_year"]
    whole = np.minimum(values["recycled_capacity_mgd"], low * recovery)
    cases = [(firm, 1.0, "day"), (np.minimum(whole, dry * recovery), 1.0, "day"),
             (whole, values["c1_hot_ratio"], "hot")]  # fmt: skip
    at = [limits.binding_mw(limit, values["c1_mgd"] * hot + v["allen_before_mgd"],
                            v[f"need_{day}_mgd"] / mw) for limit, hot, day in cases]  # fmt: skip
    assert (v["effluent_holds"] == (np.min(at, axis=0) >= mw)).all()
    salt = np.maximum(values["water_cycles"], 2.0)
    gone, left = (1 - 1 / np.minimum(values[f"{k}_cycles"], salt) for k in ("tower", "pad"))
    most = np.minimum(values["pad_cycles"], values["water_cycles"])
    at = [limits.discharge_mw(
        flow, gone * (values["c1_mgd"] * hot + v["allen_day_mgd"]),
        v[f"need_{day}_mgd"] * left / mw, most, 2.0)
        for flow, hot, day in ((dry, 1.0, "day"), (low, values["c1_hot_ratio"], "hot"))
    ]  # fmt: skip
    assert (v["discharge_holds"] == (np.min(at, axis=0) >= mw)).all()


# -- units and claims


def test_units_follow_by_pint(graph: Graph, middle: dict) -> None:
    ureg = registry()
    known = {k: ureg.Quantity(v, unit) for k, (v, unit) in CONSTANTS.items()}
    known |= {i.name: ureg.Quantity(float(middle[i.name][0]), i.unit) for i in graph.inputs}
    plain = graph.evaluate(middle)
    for node in graph.nodes:
        there = float(plain[node.name][0])
        if not node.empirical:
            found = formula.walk(node.formula, known)
            found = found if hasattr(found, "to") else ureg.Quantity(float(found), "")
            assert float(found.to(node.unit).magnitude) == pytest.approx(there), node.name
        known[node.name] = ureg.Quantity(there, node.unit)


def test_claims_hold_as_often_as_their_chapters_say(graph: Graph, distributions: dict) -> None:
    d = sample(distributions, 20_000, np.random.default_rng(11))
    claims = graph.of_kind("claim")
    found = graph.evaluate({k: d[k].to_numpy() for k in d}, [n.name for n in claims])
    stored = {
        (v["claim_id"], v["part"] or "", v["edition"] or ""): v["probability"]
        for chapter in ("cooling", "water")
        for v in read(chapter_path(chapter, NOTEBOOKS))
    }
    for node in claims:
        chance = stored[node.claim, node.part, node.edition]
        assert found[node.name].mean() == pytest.approx(chance, abs=0.03), node.claim
