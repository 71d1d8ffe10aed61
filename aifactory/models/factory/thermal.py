"""Cooling and water: PUE, what is left for computing, chillers, and the site's water.

Heat of the warm and the cool loop is the chapter on cooling's balance, as formulas; what a loop's
plant draws per heat over a year is a surface for each kind of plant. Of the kinds, weighted alike,
`plant_kind_u` picks one. Water is that of the cooling on record, pads on a share of the coolers and
a closed loop beside them: `padded_share` sets how much, whichever kind of plant PUE is worked out
for, since the record names wetted coolers for part of the heat and the two chapters weigh that
record differently. Both share supply temperature, approach, pads and weather.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from aifactory.models.factory import emulator
from aifactory.models.factory.emulator import Surface
from aifactory.models.factory.graph import Input, Node

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
KINDS = ("chillers", "coils", "dry", "wetted")
LOOP_SURFACES = (*(f"warm_{k}" for k in KINDS), "cool_chillers", "cool_coils")
MONTHS = tuple(f"m{m:02d}" for m in range(1, 13))
SURFACES = (*LOOP_SURFACES, "pads", *(f"pads_{m}" for m in MONTHS), "pads_day", "pads_hot_day")
WITH_ERROR = (
    *LOOP_SURFACES,
    "pads",
    "pads_day",
    "pads_hot_day",
)  # months carry none: they sum to 1

INPUTS = (
    Input("plant_kind_u", "cooling.plant_kind", (), "dimensionless",
          "Kind of plant: below 0.25 chillers, 0.5 chillers with free-cooling coils, 0.75 dry "
          "coolers before chillers, else wetted coolers before chillers", least=0.0, most=1.0),
    Input("supply_c", "cooling.supply_c", ("supply-temperature", "cooler-supply"), "degC",
          "Water to the coolant units"),
    Input("hall_water_c", "cooling.hall_water_c", ("hall-water",), "degC", "Water to the halls"),
    Input("chiller_eir", "cooling.chiller_input_factor", ("chiller-input-factor",),
          "dimensionless", "Electric input of chillers over the measured curves'", least=0.1),
    Input("part_load_gain", "cooling.part_load_gain", (), "dimensionless",
          "Share of the gain that spare chillers at part load could bring", least=0.0, most=1.0),
    Input("weather_shift_k", "cooling.weather_shift_k", ("weather-year-shift",), "delta_degC",
          "Air of the year above the typical year's"),
    Input("cooler_approach_k", "cooling.cooler_approach_k", ("cooler-approach", "dry-approach"),
          "delta_degC", "Water leaving dry coolers above the air, at full speed", least=0.5),
    Input("pad_effectiveness", "cooling.pad_effectiveness", ("pad-effectiveness", "pad-effect"),
          "dimensionless", "Effectiveness of wetted pads", least=0.0, most=1.0),
    Input("loop_rise_k", "cooling.loop_rise_k", ("facility-rise",), "delta_degC",
          "Rise of the warm loop's water", least=1.0),
    Input("pump_kpa", "cooling.pump_kpa", (), "kPa",
          "Head of a facility pump over its efficiency", least=0.0),
    Input("liquid_share", "cooling.liquid_share", ("liquid-share-gb200", "liquid-share-gb300"),
          "dimensionless", "Heat of a rack that leaves through cold plates", least=0.0, most=0.99),
    Input("plated_share", "cooling.plated_share", (), "dimensionless",
          "Power of racks with plates over that of all racks", least=0.0, most=1.0),
    Input("cdu_power", "cooling.cdu_power", ("cdu-power-measured",), "dimensionless",
          "Power of coolant units over computing power", least=0.0),
    Input("ups_loss", "cooling.ups_loss", ("ups-loss",), "dimensionless",
          "Loss of power supplies over their throughput", least=0.0, most=0.5),
    Input("pdu_loss", "cooling.pdu_loss", ("pdu-loss",), "dimensionless",
          "Loss of distribution over its throughput", least=0.0, most=0.5),
    Input("hall_fans", "cooling.hall_fans", ("hall-fan-power",), "dimensionless",
          "Power of fans in the halls over the heat they move", least=0.0, most=0.5),
    Input("peer_pue", "cooling.peer_pue", (), "dimensionless",
          "Middle PUE of reporting large sites", least=1.0),
    Input("peer_term", "cooling.peer_term", (), "dimensionless",
          "What reporting sites have beyond the model, in half of the draws; nil in the others"),
    Input("chiller_kw", "cooling.chiller_kw", (), "kW/chiller",
          "Capacity of one chiller on the design day", least=1.0),
    Input("chillers_per_block", "cooling.chillers_per_block", ("chillers-per-block",), "chiller",
          "Chillers that share spares", least=2.0, most=40.0),
    Input("spares_per_block", "cooling.spares_per_block", ("spares-per-block",), "chiller",
          "Spares of a block", least=1.0, most=2.0),
    Input("padded_share", "water.padded_share", ("pads-share",), "dimensionless",
          "Share of the heat that goes to coolers with pads", least=0.0, most=1.0),
    Input("pads_staging", "water.pads_staging", ("pad-staging",), "dimensionless",
          "0 wets as many pads as the hour asks for, 1 all at once", least=0.0, most=1.0),
    Input("pad_air_rise_k", "water.pad_air_rise_k", ("cooler-air-rise",), "delta_degC",
          "Rise of the air through dry coolers", least=1.0),
    Input("pad_cycles", "water.pad_cycles", ("pad-cycles",), "dimensionless",
          "Cycles of concentration of pads", least=1.05),
    Input("water_cycles", "water.salt_cycles", (), "dimensionless",
          "Cycles of concentration that salts of the recycled water allow", least=0.1),
    Input("pad_heat", "water.pad_heat", ("pads-heat",), "kWh/kWh",
          "Heat at the coolers over computing energy", least=0.0),
    Input("closed_l_kwh", "water.closed_l_kwh", (), "L/kWh",
          "Make-up of a closed loop and humidification", least=0.0),
    Input("c1_mgd", "water.colossus1_mgd", (), "MGD",
          "Water of Colossus 1's towers on the worst day", least=0.0),
    Input("c1_hot_ratio", "water.colossus1_hot_ratio", (), "dimensionless",
          "The same in a hot year over that in a typical one", least=0.0),
    Input("tower_cycles", "water.tower_cycles", ("tower-cycles",), "dimensionless",
          "Cycles of concentration of towers", least=1.05),
    Input("allen_mgd", "water.allen_mgd", ("allen-water",), "MGD",
          "Mean water of the power plant Allen", least=0.0),
    Input("allen_shape", "water.allen_shape", (), "dimensionless",
          "Allen's water on the worst day over its mean", least=0.0),
    Input("allen_first_u", "water.allen_first", (), "dimensionless",
          "Order of service: below 0.5 Allen comes before the site", least=0.0, most=1.0),
    Input("hot_year_weight", "water.hot_year_weight", (), "dimensionless",
          "Summer of the hot year over that of the two hottest on record", least=0.0),
    Input("recycled_capacity_mgd", "water.recycled_capacity_mgd", ("wrp-capacity",), "MGD",
          "What the recycling plant would give", least=0.0),
    Input("recycled_intake_mgd", "water.recycled_intake_mgd", ("wrp-intake",), "MGD",
          "What the recycling plant would take in", least=0.1),
    Input("trains", "water.trains", (), "dimensionless", "Trains of the recycling plant",
          least=1.0),
    Input("effluent_mgd", "water.effluent_mgd", (), "MGD",
          "Effluent of the lowest week on record", least=0.0),
    Input("effluent_dry_year", "water.effluent_dry_year", ("effluent-dry-year",), "dimensionless",
          "The same week in a dry year over that on record", least=0.0, most=1.0),
)  # fmt: skip

_COOLING = (
    Node("liquid_it", "liquid_share * plated_share / network_overhead", "dimensionless",
         "Share of computing's heat that leaves in liquid at a plate", "cooling", kind="output",
         model="aifactory.models.cooling.loop:site_share",
         arguments={"rack_share": "liquid_share", "plated_racks": "plated_share",
                    "overhead": "network_overhead"}),
    Node("pdu_it", "pdu_loss / (1 - pdu_loss)", "dimensionless",
         "Loss of distribution over computing power", "cooling"),
    Node("ups_it", "(1 + pdu_it + cdu_power) * ups_loss / (1 - ups_loss)", "dimensionless",
         "Loss of power supplies over computing power", "cooling"),
    Node("plates_it", "liquid_it + cdu_power", "dimensionless",
         "Heat of plates and coolant units over computing power", "cooling"),
    Node("hall_it", "(1 - liquid_it + pdu_it + ups_it) / (1 - hall_fans)", "dimensionless",
         "Heat of the halls' air over computing power, their fans included", "cooling"),
    Node("warm_pumps", "pump_kpa / (water_heat_kj * loop_rise_k)", "dimensionless",
         "Power of the warm loop's pumps over the heat they move", "cooling"),
    Node("cool_pumps", "pump_kpa / (water_heat_kj * hall_rise_k)", "dimensionless",
         "Power of the cool loop's pumps over the heat they move", "cooling"),
)  # fmt: skip
_PUE = (
    Node("warm_plant",
         "where(plant_kind_u < 0.25, warm_chillers, where(plant_kind_u < 0.5, warm_coils, "
         "where(plant_kind_u < 0.75, warm_dry, warm_wetted)))", "dimensionless",
         "Electricity of the plant over the warm loop's heat", "cooling"),
    Node("cool_plant", "where(plant_kind_u < 0.25, cool_chillers, cool_coils)", "dimensionless",
         "Electricity of the plant over the cool loop's heat", "cooling"),
    Node("pue",
         "1 + cdu_power + pdu_it + ups_it + hall_fans * hall_it + plates_it * warm_pumps"
         " + hall_it * cool_pumps + plates_it * (1 + warm_pumps) * warm_plant"
         " + hall_it * (1 + cool_pumps) * cool_plant", "dimensionless",
         "Power of the site over computing power, mean of a year at full load", "cooling",
         kind="output"),
    # Load factor, PUE and the ratio at peak come from different sources: computers never draw more
    # in the mean than at peak.
    Node("it_mean_mw", "minimum(facility_mw * load_factor / pue, it_peak_mw)", "MW",
         "Mean computing power", "cooling", kind="output"),
    Node("facility_mean_mw", "it_mean_mw * pue", "MW", "Mean power of the site", "power"),
    Node("energy_mwh", "facility_mean_mw * hours_per_year * one_year", "MWh",
         "Electricity in a year", "power", kind="output"),
    Node("hall_gains", "minimum(cdu_power + pdu_loss + ups_loss, peak_ratio - 1)",
         "dimensionless", "Losses in the halls over computing power, as peak leaves room for",
         "cooling"),
    Node("hall_heat_kw", "it_peak_mw * kw_per_mw * (1 + hall_gains)", "kW",
         "Heat out of the halls at peak", "cooling"),
    Node("chillers_duty", "ceil(hall_heat_kw / chiller_kw)", "chiller",
         "Chillers on duty on the design day, all heat through them", "cooling"),
    Node("chiller_blocks", "ceil(chillers_duty / (one_chiller * "
         "ceil(chillers_per_block / one_chiller - 0.5)))", "dimensionless", "Blocks of chillers",
         "cooling"),
    Node("chillers", "chillers_duty + chiller_blocks * one_chiller"
         " * ceil(spares_per_block / one_chiller - 0.5)", "chiller",
         "Chillers that the site would need, all heat through them", "cooling", kind="output"),
)  # fmt: skip


def _months(surfaces: Mapping[str, Surface]) -> tuple[Node, ...]:
    """Each month's mean of the pads' water over the year's, held so that the year is kept."""
    raw = [
        node
        for m in MONTHS
        for node in emulator.nodes(
            surfaces[f"pads_{m}"], f"pads_{m}", "dimensionless",
            f"Pads' water over the year's mean, month {m[1:]}", "water", error=False,
        )
    ]  # fmt: skip
    days = zip(MONTH_DAYS.tolist(), MONTHS, strict=True)
    total = " + ".join(f"{d / 365!r} * maximum(pads_{m}, 0.0)" for d, m in days)
    whole = Node("pads_months", total, "dimensionless", "Mean of the twelve, one but for the fit",
                 "water")  # fmt: skip
    flows = [
        Node(f"water_mgd_{m}",
             f"water_mgd * (pads_l_kwh * maximum(pads_{m}, 0.0) / pads_months + closed_l_kwh)"
             " / water_l_kwh", "MGD", f"Make-up of the site, mean of month {m[1:]}", "water")
        for m in MONTHS
    ]  # fmt: skip
    return (*raw, whole, *flows)


_COOLERS = (
    Node("supply_then_c", "supply_c - weather_shift_k", "degC",
         "Water to the coolant units that air of the typical year would meet alike", "cooling"),
    Node("coolers_from_c", "supply_c - cooler_approach_k", "degC",
         "Air up to which coolers do without wetting", "water"),
    Node("pads_from_c", "coolers_from_c - weather_shift_k", "degC",
         "The same, as air of the typical year", "water"),
)  # fmt: skip
_YEAR = (
    Node("pads_blowdown", "pad_cycles / (pad_cycles - 1)", "dimensionless",
         "Make-up of pads over what evaporates", "water"),
    Node("pads_l_kwh", "padded_share * pad_heat * pads / pad_air_rise_k * pads_blowdown", "L/kWh",
         "Make-up of pads for computing energy", "water"),
    Node("water_l_kwh", "pads_l_kwh + closed_l_kwh", "L/kWh",
         "Make-up of the site for computing energy", "water", kind="output"),
    Node("water_mgd", "it_mean_mw * kw_per_mw * water_l_kwh * hours_per_day / l_per_mg", "MGD",
         "Make-up of the site, mean of a year", "water", kind="output"),
    Node("water_m3_year", "it_mean_mw * kw_per_mw * water_l_kwh * hours_per_year * one_year"
         " / l_per_m3", "m**3", "Make-up of the site in a year", "water", kind="output"),
)  # fmt: skip


def _day(name: str, surface: str, what: str) -> Node:
    return Node(
        name,
        "it_peak_mw * kw_per_mw * padded_share * pad_heat"
        f" * maximum({surface}, 0.0 * {surface}) / pad_air_rise_k * recycled_blowdown"
        " * hours_per_day / l_per_mg",
        "MGD",
        what,
        "water",
    )


_BOTTLENECK = (
    Node("recycled_cycles", "minimum(pad_cycles, maximum(water_cycles, least_cycles))",
         "dimensionless", "Cycles of pads on recycled water", "water"),
    Node("recycled_blowdown", "recycled_cycles / (recycled_cycles - 1)", "dimensionless",
         "Make-up of pads over what evaporates, on recycled water", "water"),
    _day("need_day_mgd", "pads_day", "Make-up of pads on the worst day, typical year"),
    _day("need_hottest_mgd", "pads_hot_day", "The same, mean of the two hottest summers"),
    Node("need_hot_mgd",
         "need_day_mgd + hot_year_weight * (need_hottest_mgd - need_day_mgd)", "MGD",
         "Make-up of pads on the worst day of the hot year", "water", kind="output"),
    Node("allen_day_mgd", "allen_mgd * allen_shape", "MGD", "Allen's water on the worst day",
         "water"),
    Node("allen_before_mgd", "where(allen_first_u < 0.5, 1.0, 0.0) * allen_day_mgd", "MGD",
         "What of it is served before the site", "water"),
    Node("recovery", "recycled_capacity_mgd / recycled_intake_mgd", "dimensionless",
         "Water that the recycling plant gives over what it takes in", "water"),
    Node("recycled_mgd", "minimum(recycled_capacity_mgd, effluent_mgd * recovery)", "MGD",
         "What the recycling plant could give in the lowest week", "water"),
    Node("recycled_dry_mgd",
         "minimum(recycled_capacity_mgd, effluent_mgd * effluent_dry_year * recovery)", "MGD",
         "The same in a dry year", "water"),
    Node("recycled_firm_mgd", "recycled_capacity_mgd * (trains - 1) / trains", "MGD",
         "What it would give with a train out", "water",
         model="aifactory.models.water.limits:firm_capacity_mgd",
         arguments={"capacity_mgd": "recycled_capacity_mgd", "trains": "trains", "out": 1}),
    Node("recycled_use", "(c1_mgd + allen_day_mgd + need_day_mgd) / recycled_capacity_mgd",
         "dimensionless", "Worst day's need of all three users over what the plant would give",
         "water", kind="output"),
    Node("effluent_holds",
         "(c1_mgd + allen_before_mgd + need_day_mgd"
         " <= minimum(recycled_firm_mgd, recycled_dry_mgd))"
         " & (c1_mgd * c1_hot_ratio + allen_before_mgd + need_hot_mgd <= recycled_mgd)",
         "dimensionless", "Recycled water suffices with a train out, in a dry and in a hot year",
         "water"),
    Node("evaporable",
         "maximum(1 - least_cycles / minimum(pad_cycles, water_cycles), 0.0)", "dimensionless",
         "Share of the effluent that may evaporate before salt leaves too few cycles", "water"),
    Node("others_evaporate",
         "1 - 1 / minimum(tower_cycles, maximum(water_cycles, least_cycles))", "dimensionless",
         "Share of others' water that evaporates", "water"),
    Node("discharge_holds",
         "(minimum(pad_cycles, water_cycles) < least_cycles)"
         " | (others_evaporate * (c1_mgd + allen_day_mgd) + need_day_mgd / recycled_blowdown"
         " <= evaporable * effluent_mgd * effluent_dry_year)"
         " & (others_evaporate * (c1_mgd * c1_hot_ratio + allen_day_mgd)"
         " + need_hot_mgd / recycled_blowdown <= evaporable * effluent_mgd)",
         "dimensionless",
         "Salt returned leaves useful cycles, in a dry and in a hot year, or takes none away",
         "water"),
)  # fmt: skip

_CLAIMS = (
    Node("claim_cooling_cold_plates", "liquid_it > 0.5", "dimensionless",
         "Cold plates take most of the computing heat", "cooling", kind="claim",
         claim="cooling-cold-plates", edition="newest"),
    Node("claim_cooling_chillers",
         "(chillers >= chillers_fewest) & (chillers <= chillers_most)",
         "dimensionless", "Chillers needed for the site are hundreds", "cooling", kind="claim",
         claim="cooling-chillers", part="needed on the design day", edition="newest"),
    Node("claim_cooling_industrial", "pue + peer_term <= peer_pue", "dimensionless",
         "Energy of cooling is no worse than the middle of large sites", "cooling", kind="claim",
         claim="cooling-industrial", part="energy no worse than the middle of large sites"),
    # The aquifer cannot bind before the recycling plant that it stands behind, and energy for
    # treatment binds in no draw: effluent and discharge decide.
    Node("claim_water_bottleneck", "effluent_holds * discharge_holds", "dimensionless",
         "None of the four limits of water binds", "water", kind="claim",
         claim="water-bottleneck", part="none of the four binds, as designed"),
)  # fmt: skip


def nodes(surfaces: Mapping[str, Surface]) -> tuple[Node, ...]:
    """Steps of cooling and water, in order. Raises KeyError for a surface that is missing."""

    def grown(name: str, what: str, source: str, unit: str = "dimensionless") -> tuple[Node, ...]:
        return emulator.nodes(surfaces[name], name, unit, what, source)

    loops = [
        node
        for name in LOOP_SURFACES
        for node in grown(name, f"Electricity over heat of a year, {name.replace('_', ' loop, ')}",
                          "cooling")
    ]  # fmt: skip
    water = "L*delta_degC/kWh"
    year = grown("pads", "Water that pads evaporate, over heat, times the air's rise", "water",
                 water)  # fmt: skip
    days = [
        *grown("pads_day", "The same on the worst day of a typical year", "water", water),
        *grown("pads_hot_day", "The same in the mean of the two hottest summers", "water", water),
    ]
    return (
        *_COOLING, *_COOLERS, *loops, *_PUE, *year, *_YEAR, *_months(surfaces), *days,
        *_BOTTLENECK, *_CLAIMS,
    )  # fmt: skip


def by_month_and_hour(
    values: np.ndarray, month: np.ndarray, hour: np.ndarray, probabilities: np.ndarray
) -> np.ndarray:
    """Quantiles over draws of means by calendar month and hour of the day.

    `values` (hours, draws), `month` 1 to 12 and `hour` 1 to 24 (hours,); the result, in the unit of
    `values`, is (probabilities, 12, 24). Raises ValueError for lengths that differ.
    """
    if not len(values) == len(month) == len(hour):
        raise ValueError("values, months and hours need one length")
    means = [
        values[(month == m) & (hour == h)].mean(axis=0) for m in range(1, 13) for h in range(1, 25)
    ]
    found = np.quantile(np.array(means), probabilities, axis=1)
    return found.reshape(len(np.atleast_1d(probabilities)), 12, 24)
