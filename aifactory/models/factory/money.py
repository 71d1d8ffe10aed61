"""Power supply, money, carbon dioxide, labour and Taiwan's share: what the factory costs and emits.

The site makes its power with turbines of its own, batteries and a grid feed; how much of the load
they serve and at what heat rate are surfaces fitted to hourly years of the chapter on power. Money
is in dollars of 2025; dollars of other years are taken one for one, as the chapters take them.
"""

from __future__ import annotations

from collections.abc import Mapping

from aifactory.models.factory import emulator
from aifactory.models.factory.emulator import Surface
from aifactory.models.factory.graph import Input, Node
from aifactory.models.factory.shared import annuity_node

_ISLAND, _BILL, _PAYBACK = "power-islanded", "supply-bypass", "robots-payback"
_NUMBER = "dimensionless"

POWER_INPUTS = (
    Input("plant_ratio", "power.plant_ratio", (), _NUMBER,
          "Rating of the site's turbines over its peak load", least=0.1),
    Input("grid_feed_mw", "power.grid_feed_mw", (), "MW", "Power fed in by the grid", least=0.0),
    Input("called_h", "power.called_h", ("tva-called-hours",), "hour/year",
          "Hours a year in which the utility calls that power back", least=0.0, most=8760.0),
    Input("forced_outage", "power.forced_outage", ("ct-forced-outage",), _NUMBER,
          "Share of time for which a turbine is out by failure", least=0.0, most=0.5),
    Input("planned_outage", "power.planned_outage", ("ct-planned-outage",), _NUMBER,
          "Share of time for which a turbine is out for planned work", least=0.0, most=0.5),
    Input("derate", "power.derate", ("turbine-derate",), "1/delta_degC",
          "Output that a turbine loses for each degree above 15 °C", least=0.0),
    Input("hot_degrees", "power.hot_degrees", (), "delta_degC",
          "Air above 15 °C, mean of the year", least=0.0),
    Input("heat_small", "power.heat_small", (), "MMBtu/MWh", "Heat rate of turbines of 16.5 MW"),
    Input("heat_mid", "power.heat_mid", (), "MMBtu/MWh", "Heat rate of turbines of 35 MW"),
    Input("heat_large", "power.heat_large", (), "MMBtu/MWh", "Heat rate of turbines of 48 MW"),
    Input("co2_kg_mmbtu", "power.co2_kg_mmbtu", ("co2-gas",), "kg/MMBtu",
          "Carbon dioxide from natural gas"),
    Input("grid_co2_kg_mwh", "power.grid_co2_kg_mwh", ("tva-co2",), "kg/MWh",
          "Carbon dioxide of the grid's electricity"),
)  # fmt: skip

MONEY_INPUTS = (
    Input("gas_hub_usd_mmbtu", "money.gas_hub_usd_mmbtu", (), "USD_2024/MMBtu",
          "Price of gas at the Henry Hub, mean of a year"),
    Input("gas_delivery_usd_mmbtu", "money.gas_delivery_usd_mmbtu", ("gas-delivery",),
          "USD_2024/MMBtu", "Delivery of gas"),
    Input("turbine_usd_kw", "money.turbine_usd_kw", ("ct-capital", "spare-turbine-cost"),
          "USD_2025/kW", "Installed cost of turbines"),
    Input("turbine_fixed_usd_kw_year", "money.turbine_fixed_usd_kw_year", ("ct-fixed",),
          "USD_2023/kW/year", "Fixed upkeep of turbines"),
    Input("turbine_variable_usd_mwh", "money.turbine_variable_usd_mwh", ("ct-variable",),
          "USD_2023/MWh", "Upkeep of turbines by the energy they make"),
    Input("plant_rate", "money.plant_rate", ("cost-of-capital",), _NUMBER,
          "Cost of capital of plant, batteries and buildings", least=0.001),
    Input("plant_life_y", "money.plant_life_y", ("turbine-life",), "year",
          "Years over which plant and buildings are paid off", least=1.0),
    Input("battery_gusd", "money.battery_gusd", ("storage-capital",), "GUSD_2025",
          "Batteries bought for a site of the post's power", least=0.0),
    Input("battery_life_y", "money.battery_life_y", ("battery-life",), "year",
          "Years over which batteries are paid off", least=1.0),
    Input("site_gusd_gw", "money.site_gusd_gw", ("dc-capital-per-gw",), "GUSD_2025/GW",
          "Cost of a site with its computers"),
    Input("shell_share", "money.shell_share", (), _NUMBER,
          "Share of that for buildings, cooling and power distribution", least=0.0, most=1.0),
    Input("water_usd_kilogallon", "money.water_usd_kilogallon", ("colossus1-rate",),
          "USD_2026/kilogallon", "Price of city water"),
    Input("taiwan_computer_share", "supply.taiwan_computer_share", (), _NUMBER,
          "Share of the computers' cost that is made in Taiwan", least=0.0, most=1.0),
)  # fmt: skip

ROBOT_INPUTS = (
    Input("robot_usd", "robots.robot_usd", (), "USD_2026", "Price of a working humanoid"),
    Input("robot_efficiency", "robots.efficiency", ("post-robot-efficiency",), _NUMBER,
          "Output of a robot over a person's", least=0.01),
    Input("robot_integration", "robots.integration", ("robot-integration-share",), _NUMBER,
          "Integration over the robot's price", least=0.0),
    Input("robot_upkeep_year", "robots.upkeep", ("robot-maintenance-share",), "1/year",
          "Maintenance a year over the robot's price", least=0.0),
    Input("robots_per_keeper", "robots.robots_per_keeper", ("robot-robots-per-supervisor",),
          "robot/person", "Robots that one person looks after", least=0.1),
    Input("robot_up", "robots.availability", ("robot-availability",), _NUMBER,
          "Share of scheduled hours in which a robot runs", least=0.01, most=1.0),
    Input("robot_group", "robots.group", ("robot-group-size",), "robot",
          "Robots of one site that together free whole jobs", least=3.0, most=20.0),
    Input("robot_help", "robots.help", ("robot-help-share",), _NUMBER,
          "Time people spend on errors, per hour of running", least=0.0),
    Input("robot_kw", "robots.kw", ("robot-power",), "kW", "Power of a robot", least=0.0),
    Input("robot_usd_kwh", "robots.usd_kwh", ("us-electricity-industrial",), "USD_2024/kWh",
          "Price of electricity to industry in the country"),
    Input("robot_life_h", "robots.life_h", ("robot-life-hours",), "hour",
          "Hours that a robot runs in its life", least=1.0),
    Input("robot_life_cap_y", "robots.life_cap_y", ("robot-life-cap",), "year",
          "Years that it lasts at most", least=0.1),
    Input("robot_rate", "robots.rate", ("robot-wacc",), _NUMBER,
          "Cost of capital of who buys robots", least=0.001),
    Input("robot_hours_one", "robots.hours_one_shift", ("robot-hours-one-shift",), "hour/year",
          "Hours of a site on one shift", least=1.0, most=8760.0),
    Input("robot_hours_two", "robots.hours_two_shifts", ("robot-hours-two-shifts",), "hour/year",
          "Hours of a site on two shifts", least=1.0, most=8760.0),
    Input("robot_hours_clock", "robots.hours_round_the_clock", ("robot-hours-round-the-clock",),
          "hour/year", "Hours of a site round the clock", least=1.0, most=8760.0),
    Input("labour_load", "robots.labour_load", ("us-labour-load",), _NUMBER,
          "Labour cost over wages", least=1.0),
    Input("keeper_usd_h", "robots.keeper_usd_h", (), "USD_2026/hour/person",
          "Wage of those who look after robots"),
    Input("job_wage_usd_h", "robots.job_wage_usd_h", (), "USD_2026/hour",
          "Wage of a job in the four uses, drawn at random"),
    Input("luck_shifts", "luck.shifts", (), _NUMBER,
          "Shifts of a site: under 0.5 one, under 1.5 two, else round the clock"),
    Input("luck_reading", "luck.efficiency_reading", (), _NUMBER,
          "Whether efficiency counts stoppages: not under a half, else it does"),
)  # fmt: skip

CLAIM_INPUTS = (
    Input("kwh_home", "power.kwh_home", (), "kWh/household/year",
          "Electricity of a household in the United States", least=1.0),
    Input("tracker_ratio", "power.tracker_ratio", (), _NUMBER,
          "Later over earlier level of a site, in one tracker's editions", least=0.0),
    Input("newest_h100", "power.newest_h100", (), "GPU",
          "Chips at Colossus 2 by the newest edition, in H100"),
    Input("tracker_mw", "power.tracker_mw", (), "MW", "Power of Colossus 2 by the newest edition"),
    Input("h100_per_chip", "power.h100_per_chip", ("h100-equivalents-per-gb200",), _NUMBER,
          "Speed of a chip there, in H100", least=0.01),
    Input("luck_tracker", "luck.tracker", (), _NUMBER,
          "Which estimate of power counts: the tracker's under a half, else that from chips"),
    Input("spare_break_even", "power.spare_break_even", (), "kW*year/MWh",
          "Worth of a lost MWh over a spare kW-year from which two spare units pay", least=0.0),
    Input("spare_upkeep_usd_kw_year", "money.spare_upkeep_usd_kw_year", ("spare-turbine-upkeep",),
          "USD_2022/kW/year", "Fixed upkeep of a spare turbine"),
    Input("spare_charge_year", "money.spare_charge_year", ("capital-charge",), "1/year",
          "Yearly charge for capital in a spare turbine"),
)  # fmt: skip

INPUTS = (*POWER_INPUTS, *MONEY_INPUTS, *ROBOT_INPUTS, *CLAIM_INPUTS)


_STRAINED = (
    Node("plant_mw", "plant_ratio * facility_mw", "MW", "Rating of the site's turbines", _ISLAND,
         kind="output"),
    Node("grid_mean_mw",
         "minimum(grid_feed_mw, facility_mean_mw) * (1.0 - called_h / hours_per_year)", "MW",
         "Mean power from the grid", _ISLAND),
    Node("strain", "(facility_mean_mw - grid_mean_mw) / plant_mw", _NUMBER,
         "Mean load left to the turbines over their rating", _ISLAND),
    Node("firm_share", "(1.0 - forced_outage) * (1.0 - planned_outage)"
         " * (1.0 - derate * hot_degrees)", _NUMBER,
         "Mean output that the turbines could give over their rating", _ISLAND),
    Node("firm_strain", "strain / firm_share", _NUMBER,
         "Mean load left to the turbines over what they could give", _ISLAND),
)  # fmt: skip

_ENERGY = (
    Node("own_mwh", "strain * plant_mw * hours_per_year * one_year * minimum(own_served, 1.0)",
         "MWh", "Electricity made on the site in a year", _ISLAND, kind="output"),
    Node("grid_mwh", "grid_mean_mw * hours_per_year * one_year", "MWh",
         "Electricity from the grid in a year", _ISLAND),
    Node("served_mwh", "own_mwh + grid_mwh", "MWh", "Electricity served in a year", _ISLAND),
    Node("served_share", "served_mwh / energy_mwh", _NUMBER, "Share of the load that is served",
         _ISLAND, kind="output"),
    Node("gas_share", "own_mwh / served_mwh", _NUMBER, "Share of electricity from gas on the site",
         _ISLAND, kind="output"),
    Node("fuel_mmbtu", "own_mwh * heat_rate", "MMBtu", "Gas burnt in a year", _ISLAND),
    Node("co2_mt_year",
         "(fuel_mmbtu * co2_kg_mmbtu + grid_mwh * grid_co2_kg_mwh) / kg_per_megatonne / one_year",
         "megatonne/year", "Carbon dioxide of gas burnt and electricity bought, a year", _ISLAND,
         kind="output"),
)  # fmt: skip

_CAPITAL = (
    Node("computers_gusd", "gpus * gpu_capital_usd / usd_per_gusd", "GUSD_2025",
         "Capital in GPUs, servers and network", "interruptions-crash", kind="output"),
    Node("shell_gusd", "site_gusd_gw * facility_mw / mw_per_gw * shell_share", "GUSD_2025",
         "Capital in buildings, cooling and power distribution", _BILL, kind="output"),
    Node("plant_gusd", "plant_mw * kw_per_mw * turbine_usd_kw / usd_per_gusd", "GUSD_2025",
         "Capital in turbines", _ISLAND, kind="output"),
    Node("batteries_gusd", "battery_gusd * facility_mw / post_mw", "GUSD_2025",
         "Capital in batteries", _ISLAND, kind="output"),
    Node("capital_gusd", "computers_gusd + shell_gusd + plant_gusd + batteries_gusd", "GUSD_2025",
         "Capital of the whole site", "factory", kind="output"),
    Node("taiwan_share", "taiwan_computer_share * computers_gusd / capital_gusd", _NUMBER,
         "Share of the site's capital cost that is made in Taiwan", _BILL, kind="output"),
    annuity_node("plant_annuity", "plant_rate", "plant_life_y",
                  "Payment a year for one unit of capital in plant and buildings", _ISLAND),
    annuity_node("battery_annuity", "plant_rate", "battery_life_y",
                  "Payment a year for one unit of capital in batteries", _ISLAND),
    Node("power_capital_gusd_year",
         "plant_gusd * plant_annuity + batteries_gusd * battery_annuity", "GUSD_2025/year",
         "Capital cost of turbines and batteries, a year", _ISLAND),
    Node("capital_gusd_year",
         "computers_gusd * gpu_annuity + shell_gusd * plant_annuity + power_capital_gusd_year",
         "GUSD_2025/year", "Capital cost of the whole site, a year", "factory", kind="output"),
)  # fmt: skip

_RUNNING = (
    Node("fuel_gusd_year", "fuel_mmbtu * (gas_hub_usd_mmbtu + gas_delivery_usd_mmbtu)"
         " * usd_2025_per_usd_2024 / usd_per_gusd / one_year", "GUSD_2025/year", "Gas, a year",
         _ISLAND),
    Node("upkeep_gusd_year", "(plant_mw * kw_per_mw * turbine_fixed_usd_kw_year"
         " + own_mwh * turbine_variable_usd_mwh / one_year)"
         " * usd_2025_per_usd_2023 / usd_per_gusd", "GUSD_2025/year", "Upkeep of turbines, a year",
         _ISLAND),
    Node("grid_gusd_year",
         "grid_mwh * electricity_usd_mwh * usd_2025_per_usd_2023 / usd_per_gusd / one_year",
         "GUSD_2025/year", "Electricity from the grid, a year", _ISLAND),
    Node("electricity_gusd_year", "fuel_gusd_year + upkeep_gusd_year + grid_gusd_year",
         "GUSD_2025/year", "Gas, upkeep of turbines and grid electricity, a year", _ISLAND,
         kind="output"),
    Node("power_usd_mwh", "(electricity_gusd_year + power_capital_gusd_year) * one_year"
         " * usd_per_gusd / served_mwh", "USD_2025/MWh", "Cost of electricity, plant included",
         _ISLAND, kind="output"),
    Node("water_gusd_year", "water_m3_year / m3_per_kilogallon * water_usd_kilogallon / one_year"
         " * usd_2025_per_usd_2026 / usd_per_gusd", "GUSD_2025/year", "Water, a year",
         "water-bottleneck"),
    Node("running_gusd_year", "electricity_gusd_year + water_gusd_year", "GUSD_2025/year",
         "Running cost of the whole site, a year", "factory", kind="output"),
    Node("cost_gusd_year", "capital_gusd_year + running_gusd_year", "GUSD_2025/year",
         "Cost of the whole site, a year", "factory", kind="output"),
    Node("usd_per_effective_gpu_hour", "cost_gusd_year * usd_per_gusd"
         " / (working_gpus * hours_per_year * goodput)", "USD_2025/GPU/hour",
         "Cost of a GPU-hour whose work is kept", "factory", kind="output"),
    Node("usd_per_1e24_flop", "cost_gusd_year * one_year * usd_per_gusd * flop_per_yottaflop"
         " / flop_year", "USD_2025/yottaFLOP", "Cost of 10²⁴ useful operations", "factory",
         kind="output"),
)  # fmt: skip

_PB = "aifactory.models.robots.payback"
_UP = {"availability": "robot_running", "hours_per_year": "robot_hours"}
_WORK = _UP | {"efficiency": "robot_efficiency", "realised": "robot_realised_held"}
_COST = {
    "price_usd": "robot_usd", "maintenance_share": "robot_upkeep_year",
    "hours_per_year": "robot_hours", "supervisor_usd_per_h": "keeper_cost_usd_h",
    "robots_per_supervisor": "robots_per_keeper", "running_share": "robot_running",
    "power_kw": "robot_kw", "electricity_usd_per_kwh": "robot_usd_kwh",
}  # fmt: skip

_LABOUR = (
    Node("robot_hours", "where(luck_shifts < 0.5, robot_hours_one, where(luck_shifts < 1.5,"
         " robot_hours_two, robot_hours_clock))", "hour/year",
         "Hours a year of a site, shifts as worked", _PAYBACK),
    Node("robot_running", "where(luck_reading < 0.5, robot_up, 1.0)", _NUMBER,
         "Availability that still multiplies efficiency", _PAYBACK),
    Node("robot_run_h", "robot_running * robot_hours", "hour/year", "Hours a robot runs a year",
         _PAYBACK),
    Node("robot_life_y", "minimum(robot_life_h / robot_run_h, robot_life_cap_y)", "year",
         "Years that a robot lasts", _PAYBACK, model=f"{_PB}:life_years",
         arguments={"life_h": "robot_life_h", "running_h_per_year": "robot_run_h",
                    "cap_years": "robot_life_cap_y"}),
    Node("robot_installed_usd", "robot_usd * (1.0 + robot_integration)", "USD_2026",
         "Cost of a robot before it works", _PAYBACK, model=f"{_PB}:installed_cost",
         arguments={"price_usd": "robot_usd", "integration_share": "robot_integration"}),
    Node("keeper_cost_usd_h", "keeper_usd_h * labour_load", "USD_2026/hour/person",
         "Labour cost of those who look after robots", _PAYBACK),
    Node("robot_fixed_usd_year", "robot_upkeep_year * robot_usd"
         " + robot_hours * keeper_cost_usd_h / robots_per_keeper * one_robot"
         " + robot_kw * robot_running * robot_hours * robot_usd_kwh * usd_2026_per_usd_2024",
         "USD_2026/year", "Upkeep, people and energy of a robot, a year", _PAYBACK,
         model=f"{_PB}:annual_cost", arguments=_COST),
    annuity_node("robot_annuity", "robot_rate", "robot_life_y",
                  "Payment a year for one unit of capital in robots", _PAYBACK),
    Node("robot_annuity_y", "1.0 / robot_annuity", "year",
         "Years of equal savings that are worth a robot's life", _PAYBACK,
         model="aifactory.models.finance:annuity_factor",
         arguments={"rate": "robot_rate", "years": "robot_life_y"}),
    Node("robots_whole", "ceil(robot_group / one_robot - 0.5)", _NUMBER,
         "Robots that together free whole jobs, a whole number", _PAYBACK),
    Node("robot_jobs", "robot_efficiency * robot_running * robot_hours / job_hours", _NUMBER,
         "Jobs that a robot does", _PAYBACK),
    Node("robot_realised", "-ceil(-0.000000001 - robots_whole * robot_jobs)"
         " / (robots_whole * robot_jobs)", _NUMBER,
         "Share of its work that whole jobs realise", _PAYBACK,
         model=f"{_PB}:realised_share",
         arguments={"robots": "robots_whole", "jobs_per_robot": "robot_jobs"}),
    Node("robot_realised_held", "maximum(0.01, robot_realised)", _NUMBER,
         "The same, held above nought", _PAYBACK),
    Node("robot_help_held", "minimum(robot_help, 0.99 * robot_efficiency * robot_realised_held)",
         _NUMBER, "Time people spend on errors, held under what the robot saves", _PAYBACK),
    Node("break_even_usd_h", "(robot_installed_usd / robot_annuity_y + robot_fixed_usd_year)"
         " / (robot_running * robot_hours"
         " * (robot_efficiency * robot_realised_held - robot_help_held))",
         "USD_2026/hour", "Labour cost from which a robot pays over its life", _PAYBACK,
         kind="output", model=f"{_PB}:threshold_labour_cost",
         arguments=_WORK | {"target_years": "robot_annuity_y",
                            "installed_usd": "robot_installed_usd",
                            "fixed_usd_per_year": "robot_fixed_usd_year",
                            "help_share": "robot_help_held"}),
    Node("labour_hours_year", "cost_gusd_year * usd_per_gusd * usd_2026_per_usd_2025"
         " / break_even_usd_h", "hour/year",
         "Hours of work that cost as much as the site, where a robot just pays", _PAYBACK,
         kind="output"),
)  # fmt: skip

_ROBOT_CLAIM = (
    Node("job_usd_h", "job_wage_usd_h * labour_load", "USD_2026/hour", "Labour cost of a job",
         _PAYBACK),
    Node("robot_target_y", "minimum(3.0 * one_year, robot_life_y)", "year",
         "Three years, or the robot's life where that is shorter", _PAYBACK),
    Node("robot_cost_usd_year",
         "robot_fixed_usd_year + robot_help * robot_running * robot_hours * job_usd_h",
         "USD_2026/year", "Running cost of a robot, a year", _PAYBACK,
         model=f"{_PB}:annual_cost",
         arguments=_COST | {"help_share": "robot_help", "labour_usd_per_h": "job_usd_h"}),
    Node("robot_jobs_needed", "(robot_installed_usd / robot_target_y + robot_cost_usd_year)"
         " / (job_hours * job_usd_h)", _NUMBER, "Jobs that a robot has to free", _PAYBACK),
    Node("efficiency_needed", "ceil(robots_whole * robot_jobs_needed - 0.000000001)"
         " / robots_whole * job_hours / (robot_running * robot_hours)", _NUMBER,
         "Efficiency that gives payback in three years", _PAYBACK, kind="output",
         model=f"{_PB}:threshold_efficiency",
         arguments=_UP | {"target_years": "robot_target_y", "installed_usd": "robot_installed_usd",
                          "cost_usd_per_year": "robot_cost_usd_year",
                          "labour_usd_per_h": "job_usd_h", "robots": "robots_whole"}),
    Node("claim_robots_payback", "efficiency_needed <= robot_efficiency", _NUMBER,
         "At half of a person's efficiency a robot pays back in three years.", _PAYBACK,
         kind="claim", claim=_PAYBACK, part="US jobs, shifts as worked", edition="newest"),
)  # fmt: skip

_POWER_CLAIMS = (
    Node("households", "facility_mw * kw_per_mw * load_factor * hours_per_year / kwh_home",
         "household", "Households of the United States that use as much", "power-households",
         kind="output", model="aifactory.models.power.households:households",
         arguments={"power_mw": "facility_mw", "load_factor": "load_factor",
                    "kwh_per_household_year": "kwh_home"}),
    Node("claim_power_households",
         "(households >= 0.75 * post_households) & (households <= 1.25 * post_households)",
         _NUMBER, "The site equals two million households, within a quarter.",
         "power-households", kind="claim", claim="power-households", part="United States"),
    Node("newest_chips", "newest_h100 / h100_per_chip", "GPU", "Chips at Colossus 2",
         "power-built"),
    Node("chips_mw", "newest_chips * kw_per_gpu * network_overhead * peak_ratio / kw_per_mw", "MW",
         "Power of Colossus 2, from its chips", "power-built",
         model="aifactory.models.power.capacity:chip_power_mw",
         arguments={"chips": "newest_chips", "kw_per_chip": "kw_per_gpu",
                    "overhead": "network_overhead", "facility_factor": "peak_ratio"}),
    Node("built_mw", "tracker_ratio * where(luck_tracker < 0.5, tracker_mw, chips_mw)", "MW",
         "Power that ran at Colossus 2 at the newest date", "power-built", kind="output"),
    Node("claim_power_built", "built_mw >= post_mw", _NUMBER, "1.2 GW have been built.",
         "power-built", kind="claim", claim="power-built", edition="newest"),
    Node("lost_usd_mwh",
         "kw_per_mw * gpu_hour_usd / (kw_per_gpu * network_overhead * peak_ratio)", "USD_2026/MWh",
         "Computing lost with a megawatt-hour", "power-plant-grade", kind="output"),
    Node("spare_usd_kw_year", "(turbine_usd_kw * spare_charge_year + spare_upkeep_usd_kw_year"
         " * usd_2025_per_usd_2022) * usd_2026_per_usd_2025", "USD_2026/kW/year",
         "Yearly cost of a spare kilowatt", "power-plant-grade"),
    Node("claim_power_plant_grade", "lost_usd_mwh / spare_usd_kw_year > spare_break_even",
         _NUMBER, "A site of this size has to be made like a power station.",
         "power-plant-grade", kind="claim", claim="power-plant-grade"),
)  # fmt: skip


def nodes(surfaces: Mapping[str, Surface]) -> tuple[Node, ...]:
    """Steps of power supply, money, labour and Taiwan's share, and the claims that use them."""
    served = emulator.nodes(
        surfaces["own_served"], "own_served", _NUMBER,
        "Share of the load left to the turbines that they serve", _ISLAND,
    )  # fmt: skip
    heat = emulator.nodes(
        surfaces["heat_rate"], "heat_rate", "MMBtu/MWh", "Mean heat rate of the turbines", _ISLAND
    )
    return (
        *_STRAINED, *served, *heat, *_ENERGY, *_CAPITAL, *_RUNNING, *_LABOUR, *_ROBOT_CLAIM,
        *_POWER_CLAIMS,
    )  # fmt: skip
