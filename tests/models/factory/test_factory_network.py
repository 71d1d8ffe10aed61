"""The factory's network part against the chapter's models, closed forms and another package."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory import data
from aifactory.fits import QUANTILES
from aifactory.fits import network as fits
from aifactory.models.factory import emulator, formula, network, shared
from aifactory.models.factory.emulator import Surface
from aifactory.models.factory.graph import CONSTANTS, Graph, Input
from aifactory.models.networking import interruptions, loss, scaling
from aifactory.units import registry
from aifactory.verdicts import chapter_path, read

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"

RUNS = 128  # of a surface as the book's, at half of its cost


@pytest.fixture(scope="module")
def surface() -> Surface:
    """A surface of the book's kind, fitted to fewer runs."""
    x = fits.design(RUNS, 5)
    return emulator.fit(fits.NAMES, x, fits.simulated(x, np.random.default_rng(5)), 4)


@pytest.fixture(scope="module")
def graph(surface: Surface) -> Graph:
    """Shared steps and this part's own."""
    error = Input("error_stall_goodput", "error.stall_goodput", (), "dimensionless", "error")
    inputs = (*shared.INPUTS, *network.INPUTS, error)
    steps = (*shared.NODES, *network.nodes({"stall_goodput": surface}))
    used = {n for step in steps for n in formula.names(step.formula)}
    return Graph(tuple(i for i in inputs if i.name in used), steps)


@pytest.fixture(scope="module")
def middle(graph: Graph) -> dict[str, np.ndarray]:
    """Each input at a value of about its middle."""
    known = {
        "failures_per_gpu_h": 2e-5, "failure_shape": 1.0, "snapshot_h": 1 / 60,
        "mfu_published": 0.44, "mfu_gpus": 1e4, "loss_doubling": 0.08, "kw_per_h100": 1.34,
        "kw_per_gb200": 1.75, "kw_per_gb300": 1.89, "run_flop_grok_3": 4.64e26,
        "run_flop_llama_3": 3.8e25, "run_flop_gpt_4": 2.1e25, "brain_gpus": 4e5,
        "people_share": 0.008, "outages_per_h": 3e-4, "outage_h": 5.0, "luck_stop_kind": 0.5,
        "luck_stop_work": 0.5, "luck_stop_tries": 0.9, "error_stall_goodput": 0.0,
    }  # fmt: skip
    found = known | {i.name: data.figure(i.figures[0]).central for i in graph.inputs if i.figures}
    return {i.name: np.array([found[i.name]]) for i in graph.inputs}


def value(graph: Graph, inputs: dict, name: str, **changed: float) -> float:
    """One step, with some inputs changed."""
    new = inputs | {k: np.array([float(v)]) for k, v in changed.items()}
    return float(graph.evaluate(new, [name])[name][0])


def test_surface_meets_runs_it_has_not_seen(surface: Surface) -> None:
    x = fits.design(32, 77)
    error = np.abs(fits.simulated(x, np.random.default_rng(78)) - surface(x))
    assert np.quantile(error, 0.95) < 0.01
    assert np.median(error) < 0.004


@given(st.floats(0.1, 3.5), st.floats(0.02, 0.6))
@settings(max_examples=50, deadline=None)
def test_surface_meets_dalys_form_where_failures_are_independent(
    surface: Surface, stall: float, snapshot: float
) -> None:
    """Daly's e^(R/M) has its mean over stalls of log-normal length in place of one length."""
    z, weight = np.polynomial.hermite_e.hermegauss(40)
    length = stall * np.exp(fits.SPREAD * z - fits.SPREAD**2 / 2)
    each = interruptions.daly_goodput(snapshot, 0.0, length, 1.0)
    exact = float(weight @ each / weight.sum())
    assert float(surface(np.array([[stall, snapshot, 1.0]]))[0]) == pytest.approx(exact, abs=0.012)


def test_published_surface_keeps_its_error_within_a_point() -> None:
    rows = data.table("factory/surface_checks").query("surface == 'stall_goodput'")
    wide = rows.pivot(index="point", columns="quantity", values="value")
    assert (wide["model"] - wide["surface"]).abs().quantile(0.95) < 0.01


@given(st.floats(1.0, 3.0), st.sampled_from(["failures_per_gpu_h", "job_share", "stall_min"]))
@settings(max_examples=30, deadline=None)
def test_goodput_falls(graph: Graph, middle: dict, factor: float, name: str) -> None:
    low = float(middle[name][0]) / 3
    least = value(graph, middle, "goodput", **{name: low})
    assert value(graph, middle, "goodput", **{name: low * factor}) <= least + 1e-3
    assert value(graph, middle, "goodput", **{name: low * 3}) < least - 0.02


def test_units_hold(graph: Graph) -> None:
    ureg = registry()
    known = {name: ureg.Quantity(*pair) for name, pair in CONSTANTS.items()}
    known |= {i.name: ureg.Quantity(1.5, i.unit) for i in graph.inputs}
    known |= {i.name: ureg.Quantity(0.4, i.unit) for i in graph.inputs if i.most == 1}
    known |= {n: ureg.Quantity(0.4) for n in ("loss_doubling", "luck_stop_tries", "luck_stop_work")}
    plain = {name: q.magnitude for name, q in known.items()}
    for step in graph.nodes:
        number = float(formula.evaluate(step.formula, plain))
        known[step.name] = ureg.Quantity(number, step.unit)
        plain[step.name] = number
        if step.empirical or step.kind == "claim":
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = formula.walk(step.formula, known)
        found = found if isinstance(found, ureg.Quantity) else ureg.Quantity(found)
        assert found.to(step.unit).magnitude == pytest.approx(number), step.name


def test_steps_restate_the_chapters_models(graph: Graph, middle: dict) -> None:
    v = {k: float(x[0]) for k, x in (middle | graph.evaluate(middle)).items()}
    kept = scaling.weak_efficiency(v["job_gpus"] / v["mfu_gpus"], v["loss_doubling"], "doubling")
    assert v["scale_kept"] == pytest.approx(float(kept))
    whole = interruptions.replica_goodput(
        v["replicas"], v["restart_h"], v["stall_h"], v["job_mtbf_h"]
    )
    repeated = v["snapshot_h"] / v["job_mtbf_h"] / 2
    assert v["goodput"] == pytest.approx(float(whole) * (1 - repeated), abs=0.02)
    cost = loss.yearly_ratio(
        v["brain_goodput"], v["spare_share"], v["gpu_hour_usd"], v["gpu_charge"]
    )
    assert v["crash_ratio"] == pytest.approx(float(cost))
    every = interruptions.daly_interval_h(v["write_h"], v["newest_mtbf_h"])
    assert v["cycle_h"] - v["write_h"] == pytest.approx(float(every), rel=1e-3)
    assert v["effective_share"] * (1 + v["spare_share"]) == pytest.approx(v["mfu"] * v["goodput"])
    seconds = 8760 * 3600
    assert v["flop_year"] == pytest.approx(v["peak_flop_s"] * v["effective_share"] * seconds)


def test_network_and_storage_take_their_power_from_the_gpus(graph: Graph, middle: dict) -> None:
    bare = value(graph, middle, "gpus", network_overhead=1.0)
    assert value(graph, middle, "gpus", network_overhead=1.25) == pytest.approx(bare / 1.25)
    for chip in ("h100", "gb200", "gb300"):
        less = value(graph, middle, f"gpus_{chip}", network_overhead=1.25)
        assert less * 1.25 == pytest.approx(
            value(graph, middle, f"gpus_{chip}", network_overhead=1)
        )


@given(st.floats(1e-7, 1e-4), st.floats(1.0, 30.0))
@settings(max_examples=40, deadline=None)
def test_a_job_restarted_whole_keeps_what_dalys_best_interval_leaves(
    graph: Graph, middle: dict, rate: float, minutes: float
) -> None:
    changed = {"failures_per_gpu_h": rate, "restart_min": minutes}
    write, mtbf, found = (
        value(graph, middle, k, **changed) for k in ("write_h", "job_mtbf_h", "goodput_whole")
    )
    best = interruptions.daly_interval_h(write, mtbf)
    exact = interruptions.daly_goodput(best, write, minutes / 60, mtbf)
    assert found == pytest.approx(float(exact), rel=1e-3)
    assert 0 <= found <= 1


def test_records_of_utilisation_weigh_alike_and_make_the_pool() -> None:
    by_record = fits.losses()
    assert len(by_record) >= 2 and len({len(v) for v in by_record.values()}) == 1
    rows = data.table("factory/derived_inputs").query("input == 'loss_doubling'")
    pooled = np.quantile(np.concatenate(list(by_record.values())), QUANTILES)
    assert rows["value"].to_numpy(float) == pytest.approx(pooled, abs=1e-9)


def test_no_loss_within_published_sizes(graph: Graph, middle: dict) -> None:
    assert value(graph, middle, "mfu", job_share=0.01) == pytest.approx(middle["mfu_published"][0])


def test_stops_cost_as_the_chapters_draws_do(graph: Graph, middle: dict) -> None:
    rng, n = np.random.default_rng(9), 20_000
    lucks = {f"luck_stop_{k}": rng.random(n) for k in ("work", "tries")}
    inputs = {k: np.full(n, v[0]) for k, v in middle.items()} | lucks
    inputs |= {"restart_min": np.full(n, 20.0), "newest_job_gpus": np.full(n, 3e5)}
    steps = ["stop_h", "write_h", "cycle_h", "newest_mtbf_h", "restart_h"]
    found = graph.evaluate(inputs, steps)
    write, cycle, mtbf, restart = (float(found[k][0]) for k in steps[1:])
    exact = loss.work_lost_h(np.full(n, cycle - write), write, mtbf, rng)
    exact += loss.down_h(np.full(n, restart), mtbf, rng)
    assert found["stop_h"].mean() == pytest.approx(exact.mean(), rel=0.03)
    bar = np.quantile(exact, [0.25, 0.5, 0.75, 0.95])
    assert np.quantile(found["stop_h"], [0.25, 0.5, 0.75, 0.95]) == pytest.approx(bar, rel=0.12)


def test_kinds_of_stop(graph: Graph, middle: dict) -> None:
    outage, people = (value(graph, middle, "stop_h", luck_stop_kind=k) for k in (0.0, 1.0))
    work = value(graph, middle, "lost_work_h")
    assert outage == pytest.approx(work + middle["outage_h"][0])
    assert people == pytest.approx(work + middle["hand_h"][0])


def test_claims_keep_the_chapters_probabilities(graph: Graph) -> None:
    stored = data.table("factory/derived_inputs")
    levels = {k: v["value"].to_numpy(float) for k, v in stored.groupby("input")}
    rng, draws = np.random.default_rng(4), {}
    for one in graph.inputs:
        u = rng.random(40_000)
        figures = one.figures and data.figure(one.figures[0]).distribution().ppf(u)
        found = figures if one.figures else np.interp(u, QUANTILES, levels[one.name])
        draws[one.name] = np.clip(found, one.least, one.most)
    claims = graph.of_kind("claim")
    values = graph.evaluate(draws, [c.name for c in claims])
    chapter = read(chapter_path("networking", NOTEBOOKS))
    for claim in claims:
        same = [
            v["probability"]
            for v in chapter
            if v["claim_id"] == claim.claim
            and (v["part"] or "") == claim.part
            and (v["edition"] or "") == claim.edition
        ]
        assert values[claim.name].mean() == pytest.approx(same[0], abs=0.03), claim.name


# --- another package -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ml() -> ModuleType:
    """Imported before a property looks at its examples: that would trace a quarter of a minute."""
    return pytest.importorskip("mlsysim")


@given(st.floats(1e-6, 1e-4), st.integers(1000, 600_000), st.floats(1.0, 60.0))
@settings(max_examples=40, deadline=None)
def test_shared_part_agrees_with_mlsysim(
    ml: ModuleType, rate: float, gpus: int, write_s: float
) -> None:
    other = ml.calc_mtbf_cluster(1 / rate, gpus)
    mine = float(interruptions.mtbf_h(gpus, rate))
    assert other.m_as("hour") == pytest.approx(mine)
    if write_s / 3600 < mine / 10:
        every = ml.calc_young_daly_interval(write_s, 3600 * mine).m_as("hour")
        young = interruptions.young_interval_h(write_s / 3600, mine)
        assert every == pytest.approx(float(young))
        best = float(interruptions.daly_interval_h(write_s / 3600, mine))
        assert every >= best - 1e-9
        assert best == pytest.approx(every, rel=0.17)


def test_effective_rate_agrees_with_mlsysim(ml: ModuleType, graph: Graph, middle: dict) -> None:
    v = {k: float(x[0]) for k, x in (middle | graph.evaluate(middle)).items()}
    peak = ml.Q_(v["peak_flop_s"] / (1 + v["spare_share"]), "flop / second")
    found = ml.calc_effective_flops(peak, v["mfu_published"], v["scale_kept"], v["goodput"])
    assert found.m_as("flop / second") * 8760 * 3600 == pytest.approx(v["flop_year"])


def test_recorded_estimates_are_what_their_sources_give() -> None:
    pytest.importorskip("mlsysim")
    kept = data.table("factory/site_estimates")
    now = site_estimates()
    for column in ("estimate", "quantity", "unit"):
        assert kept[column].tolist() == now[column].tolist()
    for column in ("low", "central", "high"):
        numbers = now[column].to_numpy(float)
        assert kept[column].to_numpy(float) == pytest.approx(numbers, rel=1e-5, nan_ok=True)


def site_estimates() -> pd.DataFrame:
    """Rows of data/factory/site_estimates.csv: tracker, banks, and mlsysim run afresh."""
    rows = [*_tracker(), *_banks(), *_same_inputs(), *_own_data()]
    columns = ["estimate", "publisher", "quantity", "low", "central", "high", "unit", "as_of"]
    return pd.DataFrame(rows, columns=[*columns, "source_id", "note"])


def _tracker() -> list[tuple]:
    """Three dates of Colossus 2; low and high are the least and most of its editions."""
    power = data.table("power/site_capacity").query("site == 'Colossus 2'")
    quantities = {"facility power": ("facility_power_mw", "MW")}
    quantities |= {"computing power": ("it_power_mw", "MW")}
    quantities |= {"H100 equivalents": ("h100_equivalents", "dimensionless")}
    found = []
    for name, edition, day, source in (
        ("first-cluster", "2026-09-15", "2025-10-19", "epoch-fdc-2026-09"),
        ("newest-edition", "2026-09-15", "2026-06-15", "epoch-fdc-2026-09"),
        ("full-site", "2026-05-23", "2026-05-13", "epoch-fdc-2026-05"),
    ):
        head, same = (f"epoch-{name}", "Epoch AI"), power[power["date"] == day]
        row = same[same["edition_date"] == edition].iloc[0]
        for quantity, (column, unit) in quantities.items():
            ends = (same[column].min(), same[column].max()) if len(same) > 1 else (None, None)
            three = ends[0], row[column], ends[1]
            found.append((*head, quantity, *three, unit, day, source, row["claim_type"]))
        for quantity, number, unit in _inventory(day):
            tail = (None, number, None, unit, day, "epoch-xai-sites", "estimate")
            found.append((*head, quantity, *tail))
    return found


def _inventory(day: str) -> list[tuple[str, float, str]]:
    """Chips and capital of the tracker's own table on a day; nothing where it has no such day."""
    rows = data.table("networking/xai_sites").query("site == 'Colossus 2'")
    then = rows[(rows["record"] == "site timeline") & (rows["date"] == day)]
    if then.empty:
        return []
    chips = rows[(rows["record"] == "chips installed") & (rows["date"] <= day)]
    count = chips[chips["date"] == chips["date"].max()]["chips"].sum()
    row = then.iloc[0]
    return [
        ("GPUs", count, "GPU"),
        ("capital cost", row["capital_cost_gusd_2025"], "billion USD_2025"),
        ("capital cost of computers", row["compute_cost_gusd_2025"], "billion USD_2025"),
    ]


def _banks() -> list[tuple]:
    """Two banks' capital a GW, at the post's power."""
    mw = data.figure("post-power").central
    split = data.table("supply_chain/gw_capex_split")
    whole = split[(split["line"] == "total") & (split["source_id"] == "bernstein-gw")]
    lines = data.table("supply_chain/gw_capex_bofa")
    found: list[tuple] = []
    for estimate, bank, a_gw, source, note in (
        ("bernstein-total", "Bernstein", whole["central"].min(), "bernstein-gw", "35 a GW"),
        ("bofa-total", "Bank of America", lines["usd_bn_per_gw"].sum(), "fintastic-bofa",
         "sum of the lines, 51.6 a GW; a high-end estimate"),
    ):  # fmt: skip
        tail = ("2026-11-28", source)
        found.append((estimate, bank, "facility power", None, mw, None, "MW", *tail, "input"))
        cost = ("capital cost", None, a_gw * mw / 1000, None, "billion USD_2025")
        found.append((estimate, bank, *cost, *tail, note))
    return found


def _mlsysim(estimate: str, found: dict[str, tuple[float, str, str]]) -> list[tuple]:
    tail = ("2026-11-28", "mlsysim-0-3-0")
    return [
        (estimate, "mlsysim", quantity, None, number, None, unit, *tail, note)
        for quantity, (number, unit, note) in found.items()
    ]


def _centrals() -> dict[str, float]:
    ids = {"mw": "post-power", "ratio": "facility-to-it-peak", "kw": "gb-rack-kw-per-gpu"}
    ids |= {"load": "load-factor", "usd_mwh": "tn-industrial-price", "usd": "gpu-capital-gb200"}
    ids |= {"years": "gpu-life", "job": "job-gpus-newest", "overhead": "network-storage-overhead"}
    return {k: data.figure(i).central for k, i in ids.items()}


def _same_inputs() -> list[tuple]:
    """The package's formulas on this book's central figures."""
    import mlsysim as ml
    from mlsysim.engine.solvers.sustainability import FacilityPowerModel

    c, q = _centrals(), ml.Q_
    kw = c["kw"] * c["overhead"]  # with its part of network and storage
    one = FacilityPowerModel().solve(1, q(kw, "kW"), 1.0, c["ratio"]).facility_power
    gpus = float((q(c["mw"], "MW") / one).to("").magnitude)
    energy = ml.energy_from_power(q(c["mw"] * c["load"], "MW"), q(365, "day"))
    grid = ml.Infrastructure.Grids.US_Avg
    carbon = ml.carbon_from_energy(energy, grid.carbon_intensity)
    price = q(c["usd_mwh"] / 1000, "dollar / kilowatt_hour")
    drawn = q(1000 * kw * c["load"] * c["ratio"], "watt")
    money = [
        ml.calc_fleet_tco(q(c["usd"], "dollar"), drawn, gpus, years, price) / 1e9
        for years in (0.0, c["years"])
    ]
    spent = f"calc_fleet_tco over {c['years']:g} years, power at the fence; no interest, no plant"
    return _mlsysim(
        "mlsysim-same-inputs",
        {
            "facility power": (c["mw"], "MW", "input"),
            "GPUs": (gpus, "GPU", "FacilityPowerModel, turned round"),
            "electricity in a year": (energy.m_as("TWh"), "TWh", "energy_from_power"),
            "carbon dioxide in a year": (
                carbon.m_as("megatonne"), "million tonne",
                "carbon_from_energy with the package's grid of the United States",
            ),
            "capital cost of computers": (money[0], "billion USD_2025", "calc_fleet_tco, 0 years"),
            "cost over the GPUs' life": (money[1], "billion USD_2025", spent),
        },
    )  # fmt: skip


def _own_data() -> list[tuple]:
    """The package's own chips, cooling, grid, prices and failures, for the post's power."""
    import mlsysim as ml
    from mlsysim.infrastructure.types import Datacenter
    from mlsysim.solvers import EconomicsModel, ReliabilityModel
    from mlsysim.systems.types import Fleet, Node

    c, rack = _centrals(), ml.Hardware.Cloud.GB200_NVL72
    pue = float(ml.Infrastructure.FacilityCooling.LiquidCooled.pue)
    racks = int(c["mw"] / pue / rack.tdp.m_as("MW"))
    site = Datacenter(name="site", grid=ml.Infrastructure.Grids.US_Avg, pue_override=pue)
    node = Node(
        name="rack", accelerator=rack, accelerators_per_node=1,
        intra_node_bw=ml.Systems.Nodes.DGX_B200.intra_node_bw, nics_per_node=72,
    )  # fmt: skip
    fabric = ml.Systems.Fabrics.InfiniBand_XDR
    fleet = Fleet(name="site", node=node, count=racks, fabric=fabric)
    rows = data.table("networking/mfu_published").query("framework == 'Meta'")
    mfu = float(rows.loc[rows["accelerators"].idxmax(), "mfu_pct"]) / 100
    year = EconomicsModel().solve(fleet, 365, datacenter=site, mfu=mfu)
    job = Fleet(name="job", node=ml.Systems.Nodes.DGX_B200, count=int(c["job"] / 8), fabric=fabric)
    stops = ReliabilityModel().solve(job, 24.0)
    peak = racks * rack.compute.peak_flops.m_as("flop / second")
    told = f"{racks:,} racks of 120 kW at a PUE of {pue:g}"
    used = f"EconomicsModel at a utilisation of {mfu:.2f}"
    failing = f"ReliabilityModel, {c['job']:,.0f} B200 in servers of eight, whole-job restart"
    return _mlsysim(
        "mlsysim-own-data",
        {
            "facility power": (c["mw"], "MW", "input"),
            "GPUs": (float(racks * rack.accelerator_count), "GPU", told),
            "peak rate": (peak / 1e18, "exaFLOP/s", "BF16 without sparsity"),
            "electricity in a year": (year.total_energy_kwh.m_as("TWh"), "TWh", used),
            "carbon dioxide in a year": (
                _magnitude(year.carbon_footprint_kg) / 1e9, "million tonne", used
            ),
            "water in a year": (_magnitude(year.water_usage_liters) / 1e9, "million m**3", used),
            "capital cost of computers": (
                racks * rack.unit_cost.magnitude / 1e9, "billion USD", "price of a rack"
            ),
            "cost in a year": (
                year.tco_usd / 1e9, "billion USD",
                f"{used}; three years' straight line, 5 % upkeep, no plant",
            ),
            "time between failures": (stops.fleet_mtbf.m_as("hour"), "hour", failing),
            "goodput": (float(stops.goodput_ratio), "dimensionless", failing),
        },
    )  # fmt: skip


def _magnitude(value: object) -> float:
    return float(getattr(value, "magnitude", value))  # type: ignore[arg-type]
