"""Runs behind the factory's power plant, money and labour, with the chapters' own inputs.

The hourly year of aifactory.models.power.dispatch is run for the permitted plant, over how hard it
is driven, and gives two surfaces: the share of the load that is served, and the mean heat rate of
what the turbines make. What the chapters draw from tables becomes derived inputs.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from aifactory.data import figure, table
from aifactory.fits import QUANTILES, Checks
from aifactory.fits import rng as _rng
from aifactory.models.factory.emulator import Surface, fit
from aifactory.models.power import adequacy, capacity, dispatch, households
from aifactory.models.robots import inputs as robots
from aifactory.models.supply_chain import bom
from aifactory.uncertainty import empirical, from_range, sample, triangular, uniform

RUNS, CHECKED = 200, 60  # years that are fitted, and years that are held back
DRAWS, SPARE_DRAWS = 20_000, 100  # of what is drawn from tables, and of each class of unit
STRAIN = (0.42, 1.12)  # mean load left to the turbines over their rating
SITE_MW = 1200.0  # the claim's own number, at which the chapter on power runs its plant
NEWEST = "2026-06-17"  # last day of the chapter's supply and load
HOMES = ("security", "guidance", "logistics", "handling")  # the four uses of the claim on payback
COMPUTERS = ("accelerators", "other server parts", "networking", "storage")
HEAT = ("heat_small", "heat_mid", "heat_large")


# -- the plant's year ------------------------------------------------------------------------------


def heat_rates() -> dict[str, tuple[float, float, float]]:
    """Heat rates by size of turbine (MMBtu/MWh): 5, 50 and 75 % points of those that ran."""
    rows = table("power/gas_turbine_classes").query("hours_at_least == 2000")
    columns = [f"heat_rate_p{q}_mmbtu_per_mwh" for q in ("05", "50", "75")]
    found = rows.sort_values("size_class", kind="stable")[columns].to_numpy(float).tolist()
    return {name: (low, mid, high) for name, (low, mid, high) in zip(HEAT, found, strict=True)}


def permitted() -> pd.DataFrame:
    """Turbines of the permanent permit at Southaven, smallest first."""
    rows = (
        table("power/turbine_fleet")
        .query("site == 'Southaven'")
        .sort_values("unit_mw", kind="stable")
    )
    return rows[rows["status"] == "permitted, permanent"]


def _design() -> pd.DataFrame:
    """Runs of the plant: how hard it is driven, its failures, heat rates, feed and batteries."""
    ends = {
        name: from_range(*row).ppf(np.array([0.01, 0.99])) for name, row in heat_rates().items()
    }
    boxes = {"strain": uniform(*STRAIN)}
    for name, figure_id in (
        ("forced_outage_1", "ct-forced-outage"),
        ("derate_per_c", "turbine-derate"),
    ):
        low, high = figure(figure_id).distribution().ppf(np.array([0.005, 0.995]))
        boxes[name] = uniform(float(low), float(high))
    boxes |= {name: uniform(*map(float, row)) for name, row in ends.items()}
    for name, figure_id in (("repair_h", "ct-repair-time"), ("called_h", "tva-called-hours")):
        boxes[name] = figure(figure_id).distribution()
    packs = {
        "packs": "megapacks-newest",
        "pack_mw": "megapack-power",
        "pack_mwh": "megapack-energy",
    }
    boxes |= {name: figure(figure_id).distribution() for name, figure_id in packs.items()}
    boxes["grid_mw"] = triangular(*_step("grid feed of Colossus 2"))
    return sample(boxes, RUNS + CHECKED, _rng("design"))


def _utility_years() -> np.ndarray:
    """TVA's demand, MW, (8760 hours, years since 2016), in the chapter's local time."""
    demand = table("power/tva_demand_hourly").rename(columns={"tva_demand_mw": "mw"})
    demand["local"] = demand["datetime_utc"] - pd.Timedelta(hours=6)
    return dispatch.hours_by_year(demand[demand["local"].dt.year >= 2016]).to_numpy()


def _step(what: str) -> tuple[float, float, float]:
    return dispatch.latest_step(table("power/island_supply_steps"), what, NEWEST)


@functools.cache
def plant_years() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The design, the share of the load served, and the turbines' mean heat rate, a run each."""
    x, rows = _design(), permitted()
    units = rows["units"].to_numpy()
    mw = np.tile(rows["unit_mw"].to_numpy(float), (len(x), 1))
    fleet = dispatch.Fleet(tuple(rows["turbine_model"]), units, mw, x[list(HEAT)].to_numpy())
    warm = table("cooling/weather_memphis")["dry_bulb_c"].to_numpy()
    curve = table("power/outage_by_temperature").query("unit_class == 'CT'")
    out = np.interp(warm, curve["temperature_c"], curve["unavailable_share"])
    air = x, figure("ct-planned-outage").value, warm, out / out.mean()
    own = dispatch.fleet_capacity(fleet, *air, _rng("fleet"))
    demand = _utility_years()
    years = _rng("years").integers(demand.shape[1], size=len(x))
    called = dispatch.called_hours(demand[:, years], x["called_h"].to_numpy())
    grid = x["grid_mw"].to_numpy()
    load = x["strain"].to_numpy() * fleet.rated_mw + grid
    packs = x["packs"].to_numpy()
    store = packs * x["pack_mw"].to_numpy(), packs * x["pack_mwh"].to_numpy()
    site = dispatch.Site(fleet, load, grid, *store)
    year = dispatch.site_year(site, own, called, 1.0, figure("megapack-round-trip").value)
    bought, made = year.energy_mwh[:, 0], year.energy_mwh[:, 1:]
    left = year.load_mwh - bought
    strain = left / dispatch.HOURS_PER_YEAR / fleet.rated_mw
    heat = (made * fleet.heat_rate).sum(axis=1) / made.sum(axis=1)
    firm = (1 - x["forced_outage_1"]) * (1 - figure("ct-planned-outage").value)
    firm *= 1 - x["derate_per_c"] * hot_degrees()
    x = x.assign(strain=strain, firm_strain=strain / firm)
    return x, (year.served_mwh - bought) / left, heat


def hot_degrees() -> float:
    """Mean of air temperature above 15 °C in the typical year of Memphis (°C)."""
    warm = table("cooling/weather_memphis")["dry_bulb_c"].to_numpy()
    return float(np.maximum(warm - dispatch.ISO_TEMPERATURE_C, 0).mean())


# name -> inputs, and the degree that a single kink (output cannot pass the load) asks for
SURFACES = {
    "own_served": (("firm_strain",), 6),
    "heat_rate": (("strain", *HEAT), 2),
}


@functools.cache
def surfaces() -> dict[str, tuple[Surface, Checks]]:
    """Share of their load that the turbines serve, and their heat rate (MMBtu/MWh)."""
    x, *results = plant_years()
    found = {}
    for (name, (inputs, degree)), y in zip(SURFACES.items(), results, strict=True):
        points = x[list(inputs)].to_numpy()
        surface = fit(inputs, points[:RUNS], y[:RUNS], degree)
        found[name] = surface, (points[RUNS:], y[RUNS:])
    return found


# -- what the chapters draw from tables ------------------------------------------------------------


def shell_shares() -> np.ndarray:
    """Share of a site's cost for buildings, cooling and power inside the fence, draws.

    Half follow the bank that gives shares (generators taken out), half the one that gives a bill
    by line, whose power equipment is taken whole.
    """
    split = table("supply_chain/gw_capex_split").query("unit == 'pct_of_capex'")
    lines = {r.line: from_range(r.low, r.central, r.high) for r in split.itertuples()}
    rng = _rng("shell")
    wanted = ("power, cooling, electrical", "(part) generators", "building and site")
    works, made, site = (lines[k].sample(DRAWS, rng) for k in wanted)
    bill = table("supply_chain/gw_capex_bofa").set_index("line")["usd_bn_per_gw"]
    other = bill[["building and site", "power equipment", "cooling"]].sum() / bill.sum()
    return np.concatenate([(works - made + site) / 100, np.full(DRAWS, other)])


def taiwan_computer_shares() -> np.ndarray:
    """Share of the computers' cost that is made in Taiwan, draws, half by each of two bills."""
    bounds = table("supply_chain/bom_taiwan_bounds").set_index(["link", "basis"])
    links = {"accelerators": "advanced packaging (CoWoS)", "other server parts": "server assembly"}
    rng = _rng("taiwan")
    shares = pd.DataFrame(
        {
            line: uniform(*bounds.loc[(link, "place"), ["low_pct", "high_pct"]] / 100).sample(
                DRAWS, rng
            )
            for line, link in links.items()
        }
    )
    split = table("supply_chain/gw_capex_split").query("unit == 'pct_of_capex'")
    bofa = table("supply_chain/gw_capex_bofa")
    bills = (
        split.set_index("line")["central"],
        bofa.set_index("line")["usd_bn_per_gw"],
    )
    found = []
    for bill in bills:
        values = pd.DataFrame(np.tile(bill[list(COMPUTERS)], (DRAWS, 1)), columns=list(COMPUTERS))
        found.append(bom.share_of_bill(values, shares))
    return np.concatenate(found)


def jobs() -> tuple[np.ndarray, np.ndarray]:
    """Wages (USD/h) and shift patterns (0 one shift, 1 two, 2 round the clock) of random jobs."""
    state = table("robots/oews_state")
    cells = state[(state["state"] != "US") & state["use"].isin(HOMES)]
    rng = _rng("jobs")
    weights = cells["employment"] / cells["employment"].sum()
    at = rng.choice(len(cells), DRAWS, p=weights)
    drawn = cells.iloc[at]
    error = 1 + drawn["mean_wage_rse_pct"].to_numpy() / 100 * rng.standard_normal(DRAWS)
    kind = [figure(f"us-shift-{k}").central for k in ("evening", "night", "rotating")]
    off = dict.fromkeys(("handling", "logistics"), "production-transport")
    off |= {"security": "protective", "guidance": "all"}
    mix = {
        use: np.cumsum(robots.shift_mix(figure(f"us-shift-work-{off[use]}").central, *kind))
        for use in HOMES
    }
    steps = np.array([mix[use] for use in drawn["use"]])
    pattern = (rng.random(DRAWS)[:, None] > steps[:, :2]).sum(axis=1)
    return drawn["hourly_mean_usd"].to_numpy() * error, pattern.astype(float)


def keeper_wage() -> float:
    """Mean wage of those who look after robots in the United States (USD/h)."""
    care = table("robots/oews_state").query("state == 'US' and use == 'robot support'")
    return float(np.average(care["hourly_mean_usd"], weights=care["employment"]))


def homes_kwh() -> np.ndarray:
    """Electricity of a household in the United States (kWh a year), draws."""
    rows = table("power/households_us_state").query("2010 <= year <= 2019")
    use = households.trend_level(rows, "state_name", "year", "kwh_per_account_year")
    one = use.loc[["United States"]]
    rng = _rng("homes")
    factor = figure("accounts-per-household").distribution().sample(DRAWS, rng)
    return households.draw_use(one["level"], one["spread"], factor, rng)[:, 0]


def tracker_ratios() -> np.ndarray:
    """Later over earlier level, of pairs of editions whose level had stood for 60 days, draws."""
    pairs = capacity.revisions(table("power/site_capacity"), [0])
    return capacity.draw_ratios(pairs[pairs["standing_days"] >= 60], DRAWS, _rng("tracker"))


def newest_site() -> tuple[float, float]:
    """Power (MW) and chips (in H100) of Colossus 2 at the newest edition's date."""
    sites = table("power/site_capacity")
    path = capacity.edition(sites, "Colossus 2", "2026-09-15")
    row = path[path["date"] <= sites["edition_date"].max()].iloc[-1]
    return float(row["facility_power_mw"]), float(row["h100_equivalents"])


def spare_break_evens(load_mw: float = SITE_MW) -> np.ndarray:
    """Worth of a lost MWh over a spare kW's yearly cost from which two spare units pay, draws.

    Over classes of unit with equal weights, for a flat load of `load_mw`; kW years a MWh.
    """
    classes = table("power/unit_classes").sort_values("unit_mw", kind="stable")
    x = classes.loc[classes.index.repeat(SPARE_DRAWS)].reset_index(drop=True)
    names = ("forced", "repair", "restart")
    u = sample({k: uniform(0, 1) for k in names}, len(x), _rng("spares"))
    for name, figures in (("forced", "forced-outage"), ("repair", "repair")):
        by = {m: figure(f"{figures}-{m}").distribution().ppf(u[name]) for m in set(x.prime_mover)}
        x[name] = np.select([x.prime_mover == m for m in by], list(by.values()))
    x["restart"] = figure("restart-loss").distribution().ppf(u["restart"])
    fixed = x["unit_mw"], np.full(len(x), load_mw), x["forced"], x["repair"], np.ones(len(x))
    low, high = np.full(len(x), -12.0), np.full(len(x), 12.0)  # logarithms of the worth
    for _ in range(40):
        middle = (low + high) / 2
        pays = adequacy.least_cost_spares(*fixed, np.exp(middle), x["restart"])["spares"] > 1
        low, high = np.where(pays, low, middle), np.where(pays, middle, high)
    return np.exp(high)


def derived() -> dict[str, np.ndarray]:
    """Derived inputs of aifactory.models.factory.money: name -> values at QUANTILES."""
    hub = table("power/henry_hub_monthly")["henry_hub_usd_per_mmbtu"].rolling(12).mean().tail(120)
    prices = robots.worker_prices(table("robots/robot_prices"))
    wages, patterns = jobs()
    tracker_mw, newest_h100 = newest_site()
    rows = permitted()
    spread = {
        "grid_feed_mw": triangular(*_step("grid feed of Colossus 2")),
        "gas_hub_usd_mmbtu": empirical(hub.to_numpy()),
        "robot_usd": robots.price_distribution(prices.to_numpy()),
        "luck_reading": uniform(0, 1),
        "luck_tracker": uniform(0, 1),
        **{name: from_range(*row) for name, row in heat_rates().items()},
    }
    drawn = {
        "shell_share": shell_shares(),
        "taiwan_computer_share": taiwan_computer_shares(),
        "job_wage_usd_h": wages,
        "luck_shifts": patterns,
        "kwh_home": homes_kwh(),
        "tracker_ratio": tracker_ratios(),
        "spare_break_even": spare_break_evens(),
        **{f"error_{k}": s.residuals(*checks) for k, (s, checks) in surfaces().items()},
    }
    single = {
        "plant_ratio": float((rows["units"] * rows["unit_mw"]).sum()) / SITE_MW,
        "hot_degrees": hot_degrees(),
        "keeper_usd_h": keeper_wage(),
        "tracker_mw": tracker_mw,
        "newest_h100": newest_h100,
    }
    return (
        {name: one.ppf(QUANTILES) for name, one in spread.items()}
        | {name: np.quantile(values, QUANTILES) for name, values in drawn.items()}
        | {name: np.full(len(QUANTILES), value) for name, value in single.items()}
    )
