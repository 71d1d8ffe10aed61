"""Interruptions, utilisation and useful computing: what of the GPUs' peak becomes trained models.

The site runs one synchronous job on the share `job_share` of the GPUs that are not spares. Its
utilisation is that of published jobs, less a loss with each doubling beyond their size; its goodput
is that of the best recovery in published use, in which a failure stops one replica for long and all
others briefly. The rest of the site is taken to do as well, so that yearly figures are of a site
whose every GPU-hour trains.
"""

from __future__ import annotations

from collections.abc import Mapping

from aifactory.models.factory import emulator
from aifactory.models.factory.emulator import Surface
from aifactory.models.factory.graph import Input, Node
from aifactory.models.factory.shared import annuity_node, gpus_node

INPUTS = (
    Input("failures_per_gpu_h", "networking.failures_per_gpu_h", (), "1/GPU/hour",
          "Failures that stop a job, per GPU-hour", least=0.0),
    Input("failure_shape", "networking.failure_shape", (), "dimensionless",
          "Weibull shape of times between failures; below 1 they cluster", least=0.1),
    Input("stall_min", "networking.stall_min", ("replica-stall",), "minute",
          "Stall of all replicas after a failure", least=0.0),
    Input("snapshot_h", "networking.snapshot_h", (), "hour",
          "Work between copies of the state in neighbours' memory", least=0.0),
    Input("restart_min", "networking.restart_min", ("restart-automatic",), "minute",
          "Time until software has what failed running again", least=0.0),
    Input("replica_gpus", "networking.replica_gpus", ("replica-gpus",), "GPU",
          "GPUs in one replica of a model", least=1.0),
    Input("job_share", "networking.job_share", ("job-share",), "dimensionless",
          "Share of the working GPUs in one synchronous job", least=0.0, most=1.0),
    Input("spare_share", "networking.spare_share", ("spare-gpus",), "dimensionless",
          "Spare GPUs for each one at work", least=0.0),
    Input("mfu_published", "networking.mfu_published", (), "dimensionless",
          "Utilisation of a further job of the largest published sizes", least=0.0, most=1.0),
    Input("mfu_gpus", "networking.mfu_gpus", (), "GPU",
          "GPUs of the jobs that published it, geometric mean", least=1.0),
    Input("loss_doubling", "networking.loss_doubling", (), "dimensionless",
          "Utilisation lost with each doubling of a job beyond that size", least=0.0, most=0.99),
    Input("bf16_tflop_s", "chips.bf16_tflops", ("gb200-bf16-dense",), "teraFLOP/second/GPU",
          "Peak rate of a GPU, BF16 without sparsity", least=0.0),
    Input("h100_tflop_s", "chips.h100_bf16_tflops", ("h100-bf16-dense",), "teraFLOP/second/GPU",
          "Peak rate of an H100, BF16 without sparsity", least=0.0),
    Input("kw_per_h100", "chips.kw_per_h100", (), "kW/GPU", "Power of a server of H100, a GPU"),
    Input("kw_per_gb200", "chips.kw_per_gb200", (), "kW/GPU", "Power of a GB200 rack, a GPU"),
    Input("kw_per_gb300", "chips.kw_per_gb300", (), "kW/GPU", "Power of a GB300 rack, a GPU"),
    Input("run_flop_grok_3", "networking.run_flop_grok_3", (), "FLOP",
          "Computing of the largest known run, Grok-3"),
    Input("run_flop_llama_3", "networking.run_flop_llama_3", (), "FLOP",
          "Computing of the Llama 3.1 405B run"),
    Input("run_flop_gpt_4", "networking.run_flop_gpt_4", (), "FLOP", "Computing of the GPT-4 run"),
    Input("gpu_life_years", "money.gpu_life_years", ("gpu-life",), "year",
          "Years over which a GPU is paid off", least=0.5),
    Input("gpu_interest", "money.gpu_interest", ("gpu-cost-of-capital",),
          "dimensionless",
          "Interest on capital for GPUs", least=0.001),
    Input("rented_gpu_usd", "networking.rented_gpu_usd", ("gpu-capital",), "USD_2025/GPU",
          "Capital cost of a GPU of the generations whose rent is known"),
    Input("brain_gpus", "networking.brain_gpus", (), "GPU",
          "GPUs of the post's single brain", least=1.0),
    Input("newest_job_gpus", "networking.newest_job_gpus", ("job-gpus-newest",), "GPU",
          "GPUs in the largest synchronous job at the newest date", least=1.0),
    Input("checkpoint_tb", "networking.checkpoint_tb", ("checkpoint-size",), "terabyte",
          "Checkpoint of a large model"),
    Input("checkpoint_tb_s", "networking.checkpoint_tb_s", ("checkpoint-rate",),
          "terabyte/second", "Rate at which it is written"),
    Input("hand_h", "networking.hand_h", ("restart-by-hand",), "hour",
          "Hours until people have a job running again", least=0.0),
    Input("people_share", "networking.people_share", (), "dimensionless",
          "Share of stops that people mend", least=0.0, most=1.0),
    Input("outages_per_h", "networking.outages_per_h", (), "1/hour",
          "Outages of the site's power or cooling", least=0.0),
    Input("outage_h", "networking.outage_h", (), "hour", "Length of such an outage", least=0.0),
    Input("luck_stop_kind", "luck.stop_kind", (), "dimensionless", "Which kind of stop it is"),
    Input("luck_stop_work", "luck.stop_work", (), "dimensionless", "How much work it loses"),
    Input("luck_stop_tries", "luck.stop_tries", (), "dimensionless", "How many restarts it takes"),
)  # fmt: skip

_INTERRUPTIONS = "aifactory.models.networking.interruptions"
_LOSS = "aifactory.models.networking.loss"
_CRASH = "interruptions-crash"
_COST = "interruptions-cost"
_BRAIN = "networking-single-brain"


def nodes(surfaces: Mapping[str, Surface]) -> tuple[Node, ...]:
    """Steps, outputs and claims of this part; `surfaces` holds "stall_goodput".

    Raises KeyError without it.
    """
    stalls = emulator.nodes(
        surfaces["stall_goodput"],
        "stall_goodput",
        "dimensionless",
        "Share of time that stalls of the whole job and repeated steps leave",
        _CRASH,
    )
    return (*_JOB, *stalls, *_WHOLE, *_USEFUL, *_GENERATIONS, *_CRASH_CLAIM, *_COST_CLAIM)


def _mtbf(name: str, gpus: str, what: str, source: str, kind: str = "step") -> Node:
    """Hours between failures of a job of `gpus`, which fail independently."""
    return Node(name, f"1.0 / ({gpus} * failures_per_gpu_h)", "hour", what, source, kind=kind,
                model=f"{_INTERRUPTIONS}:mtbf_h",
                arguments={"gpus": gpus, "failures_per_gpu_h": "failures_per_gpu_h"})  # fmt: skip


_JOB = (
    Node("working_gpus", "gpus / (1.0 + spare_share)", "GPU", "GPUs that are not spares", _CRASH),
    Node("job_gpus", "working_gpus * job_share", "GPU", "GPUs in one synchronous job", _COST,
         kind="output"),
    _mtbf("job_mtbf_h", "job_gpus", "Hours between failures of that job", _CRASH, kind="output"),
    Node("stall_h", "stall_min / minutes_per_hour", "hour", "Stall after a failure", _CRASH),
    Node("restart_h", "restart_min / minutes_per_hour", "hour", "Restart by software", _CRASH),
    Node("stall_ratio", "stall_h / job_mtbf_h", "dimensionless",
         "Stall over the time between failures", _CRASH),
    Node("snapshot_ratio", "snapshot_h / job_mtbf_h", "dimensionless",
         "Work between copies over the time between failures", _CRASH),
)  # fmt: skip


def _interval(ratio: str, mtbf: str) -> str:
    """Hours of work between checkpoints at the best interval, by Daly's series (2006, eq. 37)."""
    series = f"(1.0 + {ratio} / 3.0 + {ratio} ** 2 / 9.0)"
    return f"{mtbf} * minimum(2.0 * {ratio} * {series} - 2.0 * {ratio} ** 2, 1.0)"


# What restarting the whole job after each failure would leave.
_WHOLE = (
    Node("write_h", "checkpoint_tb / checkpoint_tb_s / seconds_per_hour", "hour",
         "Hours to write a checkpoint", _COST),
    Node("job_write_ratio", "sqrt(minimum(write_h / job_mtbf_h, 2.0) / 2.0)", "dimensionless",
         "Root of that over twice the time between failures of the site's job", _CRASH),
    Node("job_interval_h", _interval("job_write_ratio", "job_mtbf_h"), "hour",
         "Work between checkpoints of the site's job at the best interval", _CRASH),
    Node("goodput_whole",
         "job_interval_h / (job_mtbf_h * exp(restart_h / job_mtbf_h)"
         " * (exp((job_interval_h + write_h) / job_mtbf_h) - 1.0))",
         "dimensionless", "Goodput if every failure restarted the whole job, by software", _CRASH,
         kind="output", model=f"{_INTERRUPTIONS}:daly_goodput",
         arguments={"interval_h": "job_interval_h", "write_h": "write_h", "restart_h": "restart_h",
                    "mtbf": "job_mtbf_h"}),
)  # fmt: skip

_USEFUL = (
    Node("replicas", "maximum(job_gpus / replica_gpus, 1.0)", "dimensionless",
         "Replicas of the model in the job", _CRASH),
    Node("replicas_up", "job_mtbf_h * replicas / (job_mtbf_h * replicas + restart_h)",
         "dimensionless", "Share of replicas that are not away after a failure", _CRASH,
         model=f"{_INTERRUPTIONS}:replica_goodput",
         arguments={"replicas": "replicas", "down_h": "restart_h", "stall_h": 0.0,
                    "mtbf": "job_mtbf_h"}),
    Node("goodput", "minimum(stall_goodput, 1.0) * replicas_up", "dimensionless",
         "Share of time in which the job does work that is kept", _CRASH, kind="output"),
    Node("scale_kept", "maximum(job_gpus / mfu_gpus, 1.0) ** (log(1.0 - loss_doubling) / log(2.0))",
         "dimensionless", "Utilisation over that of published sizes", _BRAIN),
    Node("mfu", "mfu_published * scale_kept", "dimensionless",
         "Share of the GPUs' peak that goes into the model while the job runs", _BRAIN,
         kind="output"),
    Node("effective_share", "mfu * goodput / (1.0 + spare_share)", "dimensionless",
         "Share of all GPUs' peak that becomes useful, spares counted", _BRAIN, kind="output"),
    Node("peak_flop_s", "gpus * bf16_tflop_s * flop_per_tflop", "FLOP/second",
         "Peak rate of the site, BF16", _BRAIN, kind="output"),
    Node("flop_year",
         "peak_flop_s * effective_share * hours_per_year * one_year * seconds_per_hour", "FLOP",
         "Useful computing in a year if every GPU-hour trains", _BRAIN, kind="output"),
    *(
        Node(f"runs_year_{size}", f"flop_year / run_flop_{size}", "dimensionless",
             f"Runs of the size of {what} in a year", _BRAIN, kind="output")
        for size, what in (
            ("grok_3", "Grok-3"), ("llama_3", "Llama 3.1 405B"), ("gpt_4", "GPT-4"),
        )
    ),
)  # fmt: skip

_GENERATIONS = (
    *(
        gpus_node(f"gpus_{chip}", f"kw_per_{chip}", f"{chip.upper()} that the site can feed")
        for chip in ("h100", "gb200", "gb300")
    ),
    *(
        Node(f"{chip}_flop_s", f"gpus_{chip} * {rate} * flop_per_tflop * effective_share",
             "FLOP/second", f"Useful rate of the site if it held {chip.upper()}", _BRAIN,
             kind="output")
        for chip, rate in (("h100", "h100_tflop_s"), ("gb200", "bf16_tflop_s"))
    ),
)  # fmt: skip

_CRASH_CLAIM = (
    _mtbf("brain_mtbf_h", "brain_gpus", "Hours between failures of the single brain", _CRASH),
    Node("brain_replicas", "maximum(brain_gpus / replica_gpus, 1.0)", "dimensionless",
         "Replicas of the model in the single brain", _CRASH),
    Node("brain_goodput",
         "brain_mtbf_h * brain_replicas / (brain_mtbf_h * brain_replicas + restart_h)"
         " * exp(-stall_h / brain_mtbf_h)",
         "dimensionless", "Goodput of the single brain, failures independent", _CRASH,
         kind="output", model=f"{_INTERRUPTIONS}:replica_goodput",
         arguments={"replicas": "brain_replicas", "down_h": "restart_h", "stall_h": "stall_h",
                    "mtbf": "brain_mtbf_h"}),
    annuity_node("gpu_annuity", "gpu_interest", "gpu_life_years",
                 "Payment a year for one unit of capital in GPUs", _CRASH,
                 f"{_LOSS}:capital_recovery", ("interest", "years")),
    Node("gpu_charge", "rented_gpu_usd * gpu_annuity * usd_2026_per_usd_2025",
         "USD_2026/year/GPU", "Yearly capital cost of a GPU for rent", _CRASH),
    Node("crash_ratio",
         "hours_per_year * gpu_hour_usd * (1.0 - brain_goodput + spare_share) / gpu_charge",
         "dimensionless", "Yearly cost of the single brain's interruptions over its capital",
         _CRASH, kind="output", model=f"{_LOSS}:yearly_ratio",
         arguments={"goodput": "brain_goodput", "spares": "spare_share", "price": "gpu_hour_usd",
                    "charge": "gpu_charge"}),
    # P tolerance 0.03: the chapter draws rent and capital together, the graph apart.
    Node("claim_interruptions_crash", "crash_ratio > 1.0", "dimensionless",
         "At this scale a crash is feared more than the price of the GPUs.", _CRASH, kind="claim",
         claim=_CRASH, part="with mitigations"),
)  # fmt: skip

# One stop taken at random. Work since the last checkpoint is exponential, cut off at a cycle; each
# failed restart costs its mean.
_COST_CLAIM = (
    _mtbf("newest_mtbf_h", "newest_job_gpus", "Hours between failures of the largest job", _COST),
    Node("write_ratio", "sqrt(minimum(write_h / newest_mtbf_h, 2.0) / 2.0)", "dimensionless",
         "Root of that over twice the time between failures", _COST),
    Node("cycle_h", "write_h + " + _interval("write_ratio", "newest_mtbf_h"), "hour",
         "Work between checkpoints at the best interval, and writing one", _COST),
    Node("lost_work_h",
         "-newest_mtbf_h * log(1.0 - luck_stop_work * (1.0 - exp(-cycle_h / newest_mtbf_h)))",
         "hour", "Work since the last checkpoint", _COST),
    Node("struck", "minimum(maximum(1.0 - exp(-restart_h / newest_mtbf_h), 1e-9), 0.999999)",
         "dimensionless", "Chance that a failure strikes a restart", _COST),
    Node("failed_restarts", "ceil(log(luck_stop_tries) / log(struck)) - 1.0", "dimensionless",
         "Restarts that failed", _COST),
    Node("failed_restart_h", "newest_mtbf_h - restart_h * (1.0 - struck) / struck", "hour",
         "Mean hours of a restart that failed", _COST),
    Node("software_h", "restart_h + failed_restarts * failed_restart_h", "hour",
         "Hours until software has the job running again", _COST),
    Node("outage_share", "outages_per_h / (outages_per_h + 1.0 / newest_mtbf_h)", "dimensionless",
         "Share of stops that are outages of the site", _COST),
    Node("stop_h", "lost_work_h + where(luck_stop_kind < outage_share, outage_h,"
         " where(luck_stop_kind > 1.0 - people_share, hand_h, software_h))", "hour",
         "Hours lost with one stop", _COST),
    Node("stop_cost_usd", "newest_job_gpus * gpu_hour_usd * stop_h", "USD_2026",
         "Cost of one stop of the largest job", _COST, kind="output"),
    Node("claim_interruptions_cost", "stop_cost_usd > million_usd_2026", "dimensionless",
         "One training interruption can waste millions of dollars.", _COST, kind="claim",
         claim=_COST, edition="newest"),
)  # fmt: skip
