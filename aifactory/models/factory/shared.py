"""What all parts of the factory share: its power, its load, its machines, prices, annuities."""

from __future__ import annotations

from aifactory.models.factory.graph import Input, Node

INPUTS = (
    Input("facility_mw", "power.facility_mw", ("post-power-rounding", "post-power"), "MW",
          "Power of the site at its fence, at peak", least=1.0),
    Input("peak_ratio", "power.peak_ratio", ("facility-to-it-peak",), "dimensionless",
          "Site power over computing power, at peak", least=1.0),
    Input("load_factor", "power.load_factor", ("load-factor",), "dimensionless",
          "Mean load of the site over its peak", least=0.0, most=1.0),
    Input("kw_per_gpu", "chips.kw_per_gpu", ("gb-rack-kw-per-gpu",), "kW/GPU",
          "Power of a rack, shared over its GPUs"),
    Input("network_overhead", "cooling.network_overhead", ("network-storage-overhead",),
          "dimensionless", "Computing power over that of the accelerators' racks", least=1.0),
    Input("electricity_usd_mwh", "money.electricity_usd_mwh", ("tn-industrial-price",),
          "USD_2023/MWh", "Price of electricity from the grid"),
    Input("gpu_capital_usd", "money.gpu_capital_usd", ("gpu-capital-gb200",), "USD_2025/GPU",
          "Capital cost of a GPU of the site, with its share of server, network and storage"),
    Input("gpu_hour_usd", "money.gpu_hour_usd", ("gpu-hour-value",), "USD_2026/hour/GPU",
          "Market price of a GPU-hour"),
)  # fmt: skip


def gpus_node(name: str, kw_per_gpu: str, what: str) -> Node:
    """GPUs that computing power at peak feeds, each with its part of network and storage."""
    return Node(name, f"it_peak_mw * kw_per_mw / ({kw_per_gpu} * network_overhead)", "GPU", what,
                "supply-chain", kind="output",
                model="aifactory.models.supply_chain.bom:accelerators",
                arguments={"site_mw": "facility_mw", "facility_over_it": "peak_ratio",
                           "kw_per_accelerator": kw_per_gpu,
                           "overhead": "network_overhead"})  # fmt: skip


NODES = (
    Node("it_peak_mw", "facility_mw / peak_ratio", "MW", "Computing power at peak", "power"),
    gpus_node("gpus", "kw_per_gpu", "GPUs that the site can feed"),
)  # fmt: skip


def annuity_node(
    name: str,
    rate: str,
    years: str,
    what: str,
    source: str,
    model: str = "aifactory.models.finance:capital_recovery_factor",
    arguments: tuple[str, str] = ("rate", "years"),
) -> Node:
    """The capital recovery factor (1/year) of an input `rate` over `years`, as a step.

    `model` is the chapter's function that it restates, `arguments` its names for the two.
    """
    text = f"{rate} / (1.0 - (1.0 + {rate}) ** (-{years} / one_year)) / one_year"
    given = dict(zip(arguments, (rate, years), strict=True))
    return Node(name, text, "1/year", what, source, model=model, arguments=given)
