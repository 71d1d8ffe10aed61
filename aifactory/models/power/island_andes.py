"""The island in ANDES: machines with voltage, exciter and governor, loads of constant power.

A wrapper around ANDES 2.0 (Cui, Li and Tomsovic 2021, doi:10.1109/TPWRS.2020.3017019), which is
free software under GPL-3.0 and a dependency of this book; nothing of it is copied here. GENROU
generators with SEXS exciters and GAST or TGOV1 governors feed halls behind transformers, tied to
one bus. ANDES generates code on first use; `code_folder` keeps it beside the installed package.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

BASE_MVA = 100.0
F0_HZ = 60.0
MAIN, STORAGE = "M", "B"  # names of the plant's bus and of the storage on it
GENERATE = (
    "import sys; from andes.system import System;"
    "System(no_output=True, default_config=True, pycode_path=sys.argv[1])"
)


@cache
def code_folder() -> Path:
    """Folder of the code that ANDES generates from its models, made if missing (some seconds).

    It lies in the Python environment; where that cannot be written, in the user's cache, and else
    in a temporary folder of this process: one a version of ANDES and Python. A process of its own
    makes it under a passing name and renames it, so that two at once cannot see half of it. Raises
    RuntimeError where that fails.
    """
    name = f"andes-{version('andes')}-py{sys.version_info[0]}{sys.version_info[1]}"
    places = [Path(sys.prefix) / "share", Path.home() / ".cache"]
    share = next((p / "aifactory" for p in places if _writable(p / "aifactory")), None)
    share = share or Path(tempfile.mkdtemp(prefix="aifactory-"))
    target = share / name
    if (target / "__init__.py").is_file():
        return target
    passing = Path(tempfile.mkdtemp(prefix=name, dir=share))
    made = subprocess.run(
        [sys.executable, "-c", GENERATE, str(passing)], capture_output=True, text=True, check=False
    )
    if made.returncode or not (passing / "__init__.py").is_file():
        shutil.rmtree(passing, ignore_errors=True)
        raise RuntimeError(f"ANDES could not generate its code in {share}:\n{made.stderr[-800:]}")
    passing.chmod(0o755)  # made for its owner alone, but others may share the environment
    try:
        passing.rename(target)
    except OSError:  # another process was first: its folder is as good
        shutil.rmtree(passing, ignore_errors=True)
    return target


def _writable(folder: Path) -> bool:
    """Whether `folder` can be written, made first if missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


@dataclass(frozen=True)
class Machines:
    """Aggregated machines: `count` equal ones that make up `rating_mw`, and how they are modelled.

    `generator`, `exciter` and `governor_values` map IEC 61970-302 parameter names to typical
    values (GENROU, SEXS, and GAST or TGOV1); reactances are per unit of rating.
    """

    rating_mw: float
    inertia_s: float
    generator: dict[str, float]
    exciter: dict[str, float]
    governor_values: dict[str, float]
    governor: str = "GAST"
    count: int = 4
    transformer_pu: float = 0.1


@dataclass(frozen=True)
class Run:
    """What a run gives: `time_s` (samples,), mean `frequency_hz` (samples,), `hall_voltage_pu`
    (samples, halls) and `storage_mw` (samples,); `converged` is false where ANDES gave up."""

    time_s: np.ndarray
    frequency_hz: np.ndarray
    hall_voltage_pu: np.ndarray
    storage_mw: np.ndarray
    converged: bool


@dataclass(frozen=True)
class Support:
    """Storage as `stability.Storage`, plus reactive support of `reactive_gain` pu current a pu of
    voltage lost, within the rating. The lag holds for both."""

    power_mw: float
    droop_pu: float = 0.01
    virtual_inertia_s: float = 5.0
    lag_s: float = 0.05
    reactive_gain: float = 2.0


@dataclass
class _Drive:
    """Sets loads and storage once a step, before ANDES solves it."""

    load_mw: Callable[[float], float]
    support: Support | None
    rating_mw: float
    halls: list[str]  # loads to drive: none where they are fixed impedances
    last_t: float = 0.0
    last_speed: float = 1.0
    active: float = 0.0
    reactive: float = 0.0
    log: list[tuple[float, float]] = field(default_factory=list)

    def __call__(self, t: float, system: Any) -> None:
        t = float(t)  # ANDES hands over its own clock, which moves on under our feet
        speed = float(np.mean(system.GENROU.omega.v)) if t > 0 else 1.0
        dt = t - self.last_t
        if self.support is not None and dt > 1e-9:
            self._storage(speed, dt, float(system.Bus.get("v", MAIN, "v")))
        if dt > 1e-9:
            self.last_speed, self.last_t = speed, t
        self.log.append((t, self.active))
        for hall in self.halls:
            share = self.load_mw(t) / BASE_MVA / len(self.halls)
            system.PQ.set("Ppf", hall, share, attr="v")
        system.PQ.set("Ppf", STORAGE, -self.active / BASE_MVA, attr="v")
        system.PQ.set("Qpf", STORAGE, -self.reactive / BASE_MVA, attr="v")

    def _storage(self, speed: float, dt: float, voltage: float) -> None:
        s = self.support
        slope = (speed - self.last_speed) / dt
        want = -s.power_mw * ((speed - 1) / s.droop_pu + 2 * s.virtual_inertia_s * slope)
        want = min(max(want, -s.power_mw), s.power_mw)
        q = s.power_mw * voltage * min(max(s.reactive_gain * (1 - voltage), -1.0), 1.0)
        follow = 1 - np.exp(-dt / s.lag_s)
        self.active += follow * (want - self.active)
        self.reactive += follow * (q - self.reactive)


def run(
    machines: Machines,
    load_mw: Callable[[float], float],
    support: Support | None = None,
    *,
    until_s: float,
    step_s: float = 1 / 120,
    fault: tuple[float, float, float] | None = None,
    trip_s: float | None = None,
) -> Run:
    """Simulate the island from the load at time 0.

    `fault` is (start in s, end in s, reactance in pu of the plant's rating) for a three-phase fault
    at the first hall, and loads are then constant impedances: supplies cannot draw constant power
    from a bus at zero volts. `trip_s` disconnects the first machine. ANDES's own messages are
    silenced; a run that does not converge comes back with `converged` false and what there is.
    """
    import andes

    quiet = logging.getLogger("andes")
    quiet.handlers, quiet.propagate = [logging.NullHandler()], False
    with _silence():
        system = andes.System(no_output=True, default_config=True, pycode_path=str(code_folder()))
        halls = _build(system, machines, load_mw(0.0), fault, trip_s)
        system.setup()
        _constant_power(system)
        system.PFlow.run()
        drive = _Drive(load_mw, support, machines.rating_mw, halls)
        ok = _integrate(system, drive, until_s, step_s)
    return _collect(system, drive, machines.count, ok)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    void = io.StringIO()
    out, err = contextlib.redirect_stdout(void), contextlib.redirect_stderr(void)
    with out, err, np.errstate(all="ignore"):
        yield


def _build(system: Any, m: Machines, load: float, fault: Any, trip_s: float | None) -> list[str]:
    """Machines behind transformers on one bus, halls behind transformers on its other side."""
    unit = m.rating_mw / m.count
    scale = BASE_MVA / unit  # reactance on the base of the system per pu on that of a machine
    system.add("Area", {"idx": 1, "name": "island"})
    for bus in [MAIN, *(f"G{i}" for i in range(m.count)), *(f"H{i}" for i in range(m.count))]:
        system.add("Bus", {"idx": bus, "name": bus, "Vn": 13.8, "area": 1})
    for i in range(m.count):
        for name, bus in (("TG", f"G{i}"), ("TH", f"H{i}")):
            system.add("Line", {
                "idx": f"{name}{i}", "bus1": bus, "bus2": MAIN, "r": 0.0, "b": 0.0, "trans": 1,
                "x": m.transformer_pu * scale, "Vn1": 13.8, "Vn2": 13.8,
            })  # fmt: skip
        _hall(system, i, load / BASE_MVA / m.count, impedance=fault is not None)
        kind, extra = ("Slack", {"a0": 0.0}) if i == 0 else ("PV", {})
        system.add(kind, {"idx": f"S{i}", "bus": f"G{i}", "Vn": 13.8, "Sn": unit, "v0": 1.02,
                          "p0": load / BASE_MVA / m.count, **extra})  # fmt: skip
        _machine(system, m, i, unit)
    if fault is not None:
        start, end, reactance = fault
        xf = max(reactance, 1e-4) * BASE_MVA / m.rating_mw
        system.add("Fault", {"idx": "F", "bus": "H0", "tf": start, "tc": end, "xf": xf, "rf": 0.0})
    if trip_s is not None:
        system.add("Toggle", {"idx": "T", "model": "GENROU", "dev": "GEN0", "t": trip_s})
    system.add("PQ", {"idx": STORAGE, "bus": MAIN, "Vn": 13.8, "p0": 0.0, "q0": 0.0})
    return [] if fault is not None else [f"PQ{i}" for i in range(m.count)]


def _hall(system: Any, i: int, power_pu: float, impedance: bool) -> None:
    if impedance:
        system.add("Shunt", {"idx": f"SH{i}", "bus": f"H{i}", "Vn": 13.8, "g": power_pu, "b": 0.0})
    else:
        system.add("PQ", {"idx": f"PQ{i}", "bus": f"H{i}", "Vn": 13.8, "p0": power_pu, "q0": 0.0})


def _machine(system: Any, m: Machines, i: int, unit_mw: float) -> None:
    g, e = m.generator, m.exciter
    system.add("GENROU", {
        "idx": f"GEN{i}", "bus": f"G{i}", "gen": f"S{i}", "Sn": unit_mw, "Vn": 13.8, "fn": F0_HZ,
        "M": 2 * m.inertia_s, "D": 0.0, "ra": 0.0, "xl": g["statorLeakageReactance"],
        "xd": g["xDirectSync"], "xd1": g["xDirectTrans"], "xd2": g["xDirectSubtrans"],
        "xq": g["xQuadSync"], "xq1": g["xQuadTrans"], "xq2": g["xQuadSubtrans"],
        "Td10": g["tpdo"], "Td20": g["tppdo"], "Tq10": g["tpqo"], "Tq20": g["tppqo"],
    })  # fmt: skip
    system.add("SEXS", {
        "idx": f"EX{i}", "syn": f"GEN{i}", "TATB": e["tatb"], "TB": e["tb"], "K": e["k"],
        "TE": e["te"], "EMIN": e["efdmin"], "EMAX": e["efdmax"],
    })  # fmt: skip
    p = m.governor_values
    if m.governor == "GAST":
        system.add("GAST", {"idx": f"GV{i}", "syn": f"GEN{i}", "R": p["r"], "T1": p["t1"],
                            "T2": p["t2"], "T3": p["t3"], "AT": p["at"], "KT": p["kt"],
                            "VMAX": p["vmax"], "VMIN": p["vmin"], "Dt": p["dturb"]})  # fmt: skip
    else:
        system.add("TGOV1", {"idx": f"GV{i}", "syn": f"GEN{i}", "R": p["r"], "T1": p["t1"],
                             "T2": p["t2"], "T3": p["t3"], "VMAX": p["vmax"], "VMIN": p["vmin"],
                             "Dt": p["dt"]})  # fmt: skip


def _constant_power(system: Any) -> None:
    """ANDES's default turns loads into impedances, which would hide the problem."""
    c = system.PQ.config
    c.p2p, c.p2i, c.p2z, c.q2q, c.q2i, c.q2z = 1, 0, 0, 1, 0, 0


def _integrate(system: Any, drive: _Drive, until_s: float, step_s: float) -> bool:
    c = system.TDS.config
    c.fixt, c.tstep, c.tf, c.criteria, c.no_tqdm = 1, step_s, until_s, 0, 1
    system.TDS.init()
    system.TDS.callpert = drive
    return bool(system.TDS.run())


def _collect(system: Any, drive: _Drive, count: int, ok: bool) -> Run:
    ts = system.dae.ts
    time = np.array(ts.t)
    speeds = ts.x[:, system.GENROU.omega.a]
    volts = ts.y[:, system.Bus.v.a][:, -count:]
    logged = np.array(drive.log)
    return Run(
        time_s=time,
        frequency_hz=F0_HZ * speeds.mean(axis=1),
        hall_voltage_pu=volts,
        storage_mw=np.interp(time, logged[:, 0], logged[:, 1]),
        converged=ok,
    )
