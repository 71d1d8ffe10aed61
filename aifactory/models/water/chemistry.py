"""What is in the water: from sewage-plant effluent to a cooling tower's basin.

A membrane bioreactor (MBR) turns ammonia into nitrate, eats what rots and holds back what floats.
It leaves dissolved salts where they are. In a tower they stay behind when water evaporates, so that
the basin holds C times what the make-up held, C being the cycles of concentration; the ion that
first reaches its limit sets the largest C. This module has the steps of that argument: statistics
of results below a detection limit, the stoichiometry of nitrification, denitrification and
phosphorus precipitation, dissolved solids by electroneutrality, cycles ion by ion, saturation with
PHREEQC, blowdown, and what reverse osmosis would have to take out.

Concentrations are in mg/L and arrays of (draws,), or scalars, that broadcast. Nitrogen and
phosphorus are counted as the element, alkalinity and hardness as CaCO3. Nothing is read from files
and nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from scipy import optimize, stats

# Molar masses in g/mol (IUPAC 2021), and what follows from them.
N, P, NA, CA, MG, CL, S, O2 = 14.007, 30.974, 22.990, 40.078, 24.305, 35.45, 32.06, 31.998
CACO3 = 100.087
CACO3_EQ = CACO3 / 2  # g an equivalent
HCO3, SO4, NO3, PO4 = 61.016, 96.06, 62.004, 94.970
SULFATE_PER_SULFUR = SO4 / S
OXYGEN_PER_N_NITRIFIED = 2 * O2 / N  # NH4+ + 2 O2 -> NO3- + 2 H+ + H2O: 4.57
OXYGEN_PER_N_DENITRIFIED = 1.25 * O2 / N  # NO3- does the work of 5/4 O2: 2.86
ALKALINITY_PER_N_NITRIFIED = 2 * CACO3_EQ / N  # two H+ a nitrogen: 7.14 mg CaCO3 a mg N
ALKALINITY_PER_N = CACO3_EQ / N  # one H+ a nitrogen: ammonification, uptake, denitrification
PHOSPHATE_CHARGE = 1.5  # equivalents a mole near pH 7.2, where H2PO4- and HPO4-- are equal
RESIDUE_OF_HCO3 = 0.4917  # share of bicarbonate that is left, as carbonate, when water is dried


def _all_at_least(low: float, **given: np.ndarray) -> None:
    """Raise ValueError for the first array with a value below `low`, or one that is NaN."""
    for name, values in given.items():
        if not (np.asarray(values, dtype=float) >= low).all():
            raise ValueError(f"{name} must be at least {low:g} everywhere")


# --- results below a detection limit --------------------------------------------------------------


def kaplan_meier(values: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distribution function of results of which some are only known to lie below a limit.

    `values` (n,) holds the result, or the limit where `below` (n,) is true. Returns the detected
    values, ascending and distinct, (k,) and the share of all results at or below each, (k,). The
    product-limit estimator of Kaplan and Meier for left-censored data, worked from the largest
    value down (Helsel's flipping; McNair and others 2026, doi:10.3390/w18101135). Raises ValueError
    for shapes that differ and where nothing was detected: then only a bound is known.
    """
    x, less = np.asarray(values, dtype=float), np.asarray(below, dtype=bool)
    if x.shape != less.shape or x.ndim != 1:
        raise ValueError("values and below must be arrays of one shape (n,)")
    if less.all():
        raise ValueError("nothing was detected: only the largest limit is known, as a bound")
    support = np.unique(x[~less])
    # At each detected value v: d of them, among the n results that are v or less (or below v).
    at_risk = (x[None, :] <= support[:, None]).sum(axis=1)
    detected = ((x == support[:, None]) & ~less).sum(axis=1)
    keep = 1 - detected / at_risk
    # F(v) is the product of (1 - d/n) over all detected values above v.
    cdf = np.append(np.cumprod(keep[::-1])[::-1][1:], 1.0)
    return support, cdf


def kaplan_meier_quantile(values: np.ndarray, below: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Smallest detected value at which `kaplan_meier` reaches `q`, any shape; NaN below it.

    NaN marks a quantile that lies among the results below their limits: it is not known.
    """
    support, cdf = kaplan_meier(values, below)
    x, less, wanted = np.asarray(values), np.asarray(below), np.asarray(q, dtype=float)
    lowest = support[0]
    left = 1 - ((x == lowest) & ~less).sum() / (x <= lowest).sum()
    at = np.minimum(np.searchsorted(cdf, wanted - 1e-12), len(support) - 1)
    return np.where(wanted <= cdf[0] * left - 1e-12, np.nan, support[at])


def lognormal_censored(
    values: np.ndarray, below: np.ndarray, above: np.ndarray
) -> tuple[float, float]:
    """Median and geometric standard deviation of log-normal counts known partly as bounds.

    Maximum likelihood over exact results, results below a limit and results above one, as of
    bacteria in a dilution series. `values`, `below`, `above` are (n,). Raises ValueError where a
    value isn't positive or fewer than three are exact.
    """
    x = np.asarray(values, dtype=float)
    low, high = np.asarray(below, dtype=bool), np.asarray(above, dtype=bool)
    exact = ~low & ~high
    if not (x > 0).all() or exact.sum() < 3:
        raise ValueError("positive values, three of them exact, are needed for a fit")
    x = np.log(x)

    def loss(theta: np.ndarray) -> float:
        mu, sigma = theta[0], np.exp(theta[1])
        return -float(
            stats.norm.logpdf(x[exact], mu, sigma).sum()
            + stats.norm.logcdf(x[low], mu, sigma).sum()
            + stats.norm.logsf(x[high], mu, sigma).sum()
        )

    start = np.array([x[exact].mean(), np.log(x[exact].std() + 1e-3)])
    best = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-8})
    return float(np.exp(best.x[0])), float(np.exp(np.exp(best.x[1])))


# --- treatment ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effluent:
    """Water that comes to the bioreactor, mg/L, each (draws,) or scalar."""

    bod: np.ndarray
    tss: np.ndarray
    ammonia_n: np.ndarray
    organic_n: np.ndarray
    nitrate_n: np.ndarray
    phosphorus: np.ndarray
    alkalinity: np.ndarray  # as CaCO3
    calcium: np.ndarray
    magnesium: np.ndarray
    sulfate: np.ndarray
    chloride: np.ndarray
    silica: np.ndarray

    def __post_init__(self) -> None:
        _all_at_least(0, **{f.name: getattr(self, f.name) for f in fields(self)})

    @property
    def sodium(self) -> np.ndarray:
        """Sodium, with potassium counted as sodium, that makes the charges add up, mg/L.

        Every other ion is given, so electroneutrality leaves only this one; not below zero.
        """
        return np.maximum(-_charge_without_sodium(self), 0) * NA


def _charge_without_sodium(water: Effluent | Treated) -> np.ndarray:
    """Cations but sodium, less anions, meq/L."""
    cations = (
        2 * np.asarray(water.calcium) / CA
        + 2 * np.asarray(water.magnesium) / MG
        + np.asarray(water.ammonia_n) / N
    )
    anions = (
        np.asarray(water.alkalinity) / CACO3_EQ
        + 2 * np.asarray(water.sulfate) / SO4
        + np.asarray(water.chloride) / CL
        + np.asarray(water.nitrate_n) / N
        + PHOSPHATE_CHARGE * np.asarray(water.phosphorus) / P
    )
    return cations - anions


@dataclass(frozen=True)
class Biomass:
    """What bacteria are made of, per g of chemical oxygen demand (Henze and others 1999, ASM2d)."""

    growth: np.ndarray | float = 0.625  # g COD of cells a g COD eaten
    nitrogen: np.ndarray | float = 0.07  # g N a g COD of cells
    phosphorus: np.ndarray | float = 0.02  # g P a g COD of cells
    cod_per_solids: float = 1 / 0.90  # g COD a g of suspended solids


@dataclass(frozen=True)
class Design:
    """How the bioreactor is built and run; each (draws,) or scalar.

    `ammonia_out` and `phosphorus_out` are what it is built to leave (mg/L; infinite: no phosphorus
    step). `organic_share` is the part of organic nitrogen and of phosphorus in solids that is set
    free again (0 to 1); `denitrified_share` the part of the food for denitrification that is used
    (0 to 1); `carbon_n` nitrogen removed besides with bought carbon (mg/L). `metal_ratio` is moles
    of iron or aluminium a mole of phosphorus removed, `chloride_salt` the share dosed as chloride,
    the rest as sulfate. Alkali (NaOH) is added where less than `alkalinity_floor` would be left.
    """

    ammonia_out: np.ndarray | float
    phosphorus_out: np.ndarray | float = np.inf
    organic_share: np.ndarray | float = 0.5
    denitrified_share: np.ndarray | float = 0.0
    carbon_n: np.ndarray | float = 0.0
    metal_ratio: np.ndarray | float = 1.5
    chloride_salt: np.ndarray | float = 1.0
    alkalinity_floor: np.ndarray | float = 50.0


@dataclass(frozen=True)
class Treated:
    """Water after the bioreactor and what it took, mg/L of water treated, each (draws,)."""

    ammonia_n: np.ndarray
    nitrate_n: np.ndarray
    phosphorus: np.ndarray
    alkalinity: np.ndarray
    calcium: np.ndarray
    magnesium: np.ndarray
    sodium: np.ndarray
    sulfate: np.ndarray
    chloride: np.ndarray
    silica: np.ndarray
    nitrified_n: np.ndarray
    denitrified_n: np.ndarray
    alkalinity_before_dosing: np.ndarray
    alkali_added: np.ndarray  # as CaCO3
    oxygen: np.ndarray
    solids_made: np.ndarray  # cells grown, before any decay, and solids held back
    metal_mmol: np.ndarray

    @property
    def hardness(self) -> np.ndarray:
        """Calcium and magnesium as CaCO3."""
        return CACO3 * (np.asarray(self.calcium) / CA + np.asarray(self.magnesium) / MG)

    @property
    def dissolved_solids(self) -> np.ndarray:
        """Residue on drying, mg/L: the ions and silica, bicarbonate as the carbonate it leaves."""
        bicarbonate = np.asarray(self.alkalinity) / CACO3_EQ * HCO3
        return (
            np.asarray(self.calcium)
            + self.magnesium
            + self.sodium
            + RESIDUE_OF_HCO3 * bicarbonate
            + self.sulfate
            + self.chloride
            + np.asarray(self.nitrate_n) * NO3 / N
            + np.asarray(self.phosphorus) * PO4 / P
            + self.silica
        )

    @property
    def charge_gap(self) -> np.ndarray:
        """Cations less anions, meq/L: zero where the stoichiometry is consistent."""
        return _charge_without_sodium(self) + np.asarray(self.sodium) / NA


def food_for_denitrification(bod: np.ndarray, biomass: Biomass) -> np.ndarray:
    """Nitrate nitrogen (mg/L) that `bod` (mg/L) can reduce: 2.86/(1 - Y) of it a nitrogen."""
    return np.asarray(bod) * (1 - np.asarray(biomass.growth)) / OXYGEN_PER_N_DENITRIFIED


def treat(water: Effluent, design: Design, biomass: Biomass | None = None) -> Treated:
    """The steady mass balance of a bioreactor with membranes.

    Biodegradable demand (`bod`) is eaten; cells take up nitrogen and phosphorus; what ammonia is
    left above `ammonia_out` becomes nitrate; nitrate is reduced as far as food and bought carbon
    go; metal salt takes phosphorus to `phosphorus_out`. Each mole of nitrogen set free from organic
    matter or reduced gives one equivalent of alkalinity, each one taken up takes one, each one
    nitrified two; a metal takes three, less what the phosphate it binds brings. Salts pass. Oxygen
    is 1.0 a BOD + 4.57 a nitrogen nitrified - 2.86 a nitrogen denitrified. Metcalf and Eddy's
    method with ASM2d's composition of cells. Raises ValueError for shares outside 0 to 1.
    """
    cells = biomass or Biomass()
    for name in ("organic_share", "denitrified_share", "chloride_salt"):
        share = np.asarray(getattr(design, name), dtype=float)
        if not ((share >= 0) & (share <= 1)).all():
            raise ValueError(f"{name} must lie between 0 and 1")
    _all_at_least(0, ammonia_out=design.ammonia_out, carbon_n=design.carbon_n)
    bod = np.asarray(water.bod, dtype=float)
    grown = np.asarray(cells.growth) * bod
    freed = np.asarray(design.organic_share) * water.organic_n
    available = np.asarray(water.ammonia_n) + freed
    ammonia = np.minimum(design.ammonia_out, available)
    taken_up = np.minimum(np.asarray(cells.nitrogen) * grown, available - ammonia)
    nitrified = available - taken_up - ammonia
    pool = water.nitrate_n + nitrified
    food = np.asarray(design.denitrified_share) * food_for_denitrification(bod, cells)
    denitrified = np.minimum(food + design.carbon_n, pool)

    in_solids = np.asarray(cells.phosphorus) * cells.cod_per_solids * np.asarray(water.tss)
    held = (1 - np.asarray(design.organic_share)) * np.minimum(in_solids, water.phosphorus)
    dissolved_p = np.maximum(water.phosphorus - held - np.asarray(cells.phosphorus) * grown, 0)
    phosphorus = np.minimum(design.phosphorus_out, dissolved_p)
    bound = (dissolved_p - phosphorus) / P
    metal = np.asarray(design.metal_ratio) * bound  # mmol/L

    lost_p = PHOSPHATE_CHARGE * (np.asarray(water.phosphorus) - phosphorus) / P
    change = freed - taken_up - 2 * nitrified + denitrified  # mg/L of N, one charge each
    before = water.alkalinity + CACO3_EQ * (change / N - 3 * metal + lost_p)
    added = np.maximum(design.alkalinity_floor - before, 0)
    salt = np.asarray(design.chloride_salt)
    return Treated(
        ammonia_n=ammonia,
        nitrate_n=pool - denitrified,
        phosphorus=phosphorus,
        alkalinity=before + added,
        calcium=water.calcium,
        magnesium=water.magnesium,
        sodium=water.sodium + added / CACO3_EQ * NA,
        sulfate=water.sulfate + (1 - salt) * 1.5 * metal * SO4,
        chloride=water.chloride + salt * 3 * metal * CL,
        silica=water.silica,
        nitrified_n=nitrified,
        denitrified_n=denitrified,
        alkalinity_before_dosing=before,
        alkali_added=added,
        oxygen=bod + OXYGEN_PER_N_NITRIFIED * nitrified - OXYGEN_PER_N_DENITRIFIED * denitrified,
        solids_made=grown / cells.cod_per_solids + np.asarray(water.tss),
        metal_mmol=metal,
    )


# --- cycles of concentration ----------------------------------------------------------------------


def cycles_by_ion(
    make_up: Mapping[str, np.ndarray], limits: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Largest cycles of concentration each limited ion allows: limit over make-up concentration.

    Both map ions to mg/L (or one unit a name); ions without a limit are left out, and a limit of
    NaN gives NaN (no limit in that draw). Raises ValueError
    for limits that are not positive and for a limited ion that the make-up lacks.
    """
    missing = sorted(set(limits) - set(make_up))
    if missing:
        raise ValueError(f"the make-up has no concentration for {', '.join(missing)}")
    if any((np.asarray(v, dtype=float) <= 0).any() for v in limits.values()):
        raise ValueError("limits must be positive")
    with np.errstate(divide="ignore"):
        return {k: np.asarray(v) / np.asarray(make_up[k], dtype=float) for k, v in limits.items()}


def most_cycles(by_ion: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Least of `cycles_by_ion` in each draw, and the name of the ion that sets it; (draws,) each.

    Where an ion has no limit in a draw its value is NaN. Raises ValueError without any ion, or
    where a draw has no limit at all.
    """
    if not by_ion:
        raise ValueError("no ion has a limit")
    names = np.array(list(by_ion))
    stack = np.stack(np.broadcast_arrays(*(np.atleast_1d(v) for v in by_ion.values())))
    if np.isnan(stack).all(axis=0).any():
        raise ValueError("no ion has a limit in some draw")
    stack = np.where(np.isnan(stack), np.inf, stack)
    return stack.min(axis=0), names[stack.argmin(axis=0)]


@dataclass(frozen=True)
class Tower:
    """Where a tower's make-up goes, each in the unit of the make-up."""

    make_up: np.ndarray
    evaporation: np.ndarray
    drift: np.ndarray
    blowdown: np.ndarray


def split_make_up(
    make_up: np.ndarray, cycles: np.ndarray, drift: np.ndarray | float = 0.0
) -> Tower:
    """Evaporation and blowdown of a tower that gets `make_up` and holds `cycles`.

    Salt leaves with blowdown and drift alone: make-up = cycles (blowdown + drift), and make-up =
    evaporation + drift + blowdown. Raises ValueError for cycles not above 1, and where drift alone
    would carry more salt away than comes in.
    """
    m, c, d = (np.asarray(v, dtype=float) for v in (make_up, cycles, drift))
    if not (c > 1).all():
        raise ValueError("cycles of concentration must be above 1")
    blowdown = m / c - d
    if not (blowdown >= 0).all():
        raise ValueError("drift is larger than these cycles allow")
    return Tower(m, m - m / c, d + 0 * m, blowdown)


# --- reverse osmosis ------------------------------------------------------------------------------


def blend(share: np.ndarray, recovery: np.ndarray, passage: np.ndarray) -> np.ndarray:
    """Salt in the blend over salt in the feed, when `share` of the feed goes through membranes.

    `recovery` of that part becomes permeate, which keeps `passage` of the salt's concentration; the
    rest is concentrate and leaves. All are fractions. Raises ValueError outside 0 to 1.
    """
    f, r, p = (np.asarray(v, dtype=float) for v in (share, recovery, passage))
    for name, v in (("share", f), ("recovery", r), ("passage", p)):
        if not ((v >= 0) & (v <= 1)).all():
            raise ValueError(f"{name} must lie between 0 and 1")
    return ((1 - f) + f * r * p) / ((1 - f) + f * r)


def membrane_share(wanted: np.ndarray, recovery: np.ndarray, passage: np.ndarray) -> np.ndarray:
    """Share of the feed that must pass the membranes for the blend to hold `wanted` of its salt.

    The inverse of `blend` in its first argument: 0 where nothing has to be taken out, NaN where
    even all of it is not enough (`wanted` below `passage`).
    """
    w, r, p = (np.asarray(v, dtype=float) for v in (wanted, recovery, passage))
    share = (1 - w) / ((1 - r * p) - w * (1 - r))
    enough = w >= p - 1e-12  # but for rounding
    return np.where(w >= 1, 0.0, np.where(enough, np.minimum(share, 1.0), np.nan))


def energy_kwh_m3(
    share: np.ndarray,
    recovery: np.ndarray,
    bioreactor_kwh_m3: np.ndarray,
    osmosis_kwh_m3: np.ndarray,
) -> np.ndarray:
    """Electricity a m3 of make-up delivered, kWh.

    The bioreactor's is given a m3 of its water, the membranes' a m3 of permeate. As more of the
    feed passes the membranes, less of it arrives, and the bioreactor's part of the sum rises.
    """
    f, r = np.asarray(share, dtype=float), np.asarray(recovery, dtype=float)
    return (bioreactor_kwh_m3 + f * r * osmosis_kwh_m3) / (1 - f + f * r)


# --- saturation -----------------------------------------------------------------------------------


def langelier(
    ph: np.ndarray,
    temp_c: np.ndarray,
    calcium_hardness: np.ndarray,
    alkalinity: np.ndarray,
    dissolved_solids: np.ndarray,
) -> np.ndarray:
    """Langelier's saturation index: pH less the pH at which the water would be in balance.

    pHs = (9.3 + A + B) - (C + D), A = (log10 TDS - 1)/10, B = -13.12 log10(T + 273) + 34.55,
    C = log10 Ca - 0.4, D = log10 alkalinity, both as CaCO3. Raises ValueError for concentrations
    that are not positive.
    """
    ca, alk, tds = (np.asarray(v, dtype=float) for v in (calcium_hardness, alkalinity,
                                                         dissolved_solids))  # fmt: skip
    if not ((ca > 0) & (alk > 0) & (tds > 0)).all():
        raise ValueError("hardness, alkalinity and dissolved solids must be positive")
    b = -13.12 * np.log10(np.asarray(temp_c, dtype=float) + 273) + 34.55
    saturated = 9.3 + (np.log10(tds) - 1) / 10 + b - (np.log10(ca) - 0.4) - np.log10(alk)
    return np.asarray(ph) - saturated


MINERALS = {
    "calcite": "Calcite",
    "hydroxyapatite": "Hydroxyapatite",
    "gypsum": "Gypsum",
    "silica": "SiO2(a)",
}


def saturation(
    make_up: Mapping[str, float],
    cycles: Sequence[float],
    temp_c: float,
    co2_ppm: float,
) -> pd.DataFrame:
    """What PHREEQC says of a basin that holds the make-up `cycles` times.

    `make_up` needs calcium, magnesium, sodium, sulfate, chloride, silica, alkalinity (as CaCO3),
    nitrate_n and phosphorus in mg/L; sodium closes the charge. The water is brought to the air's
    `co2_ppm` at `temp_c`, as a tower does. Returns a frame with cycles, ph, conductivity_us_cm and
    one saturation index (log10 of ion product over solubility product) a mineral of MINERALS: above
    0 it can precipitate. No mineral is allowed to. PHREEQC's own database, through phreeqpython
    (Parkhurst and Appelo 2013). Raises ValueError for cycles below 1.
    """
    from phreeqpython import PhreeqPython  # loads a shared library: only when it is wanted

    if not (np.asarray(cycles, dtype=float) >= 1).all():
        raise ValueError("a basin holds its make-up at least once")
    model = PhreeqPython(database="phreeqc.dat")
    rows = []
    for c in cycles:
        water = {"temp": temp_c, "pH": 7.5, "units": "mg/l"}
        for key, element, form in (
            ("calcium", "Ca", ""), ("magnesium", "Mg", ""), ("sodium", "Na", " charge"),
            ("sulfate", "S(6)", ""), ("chloride", "Cl", ""), ("silica", "Si", " as SiO2"),
            ("alkalinity", "Alkalinity", " as CaCO3"), ("nitrate_n", "N(5)", " as N"),
            ("phosphorus", "P", " as P"),
        ):  # fmt: skip
            water[element] = f"{float(make_up[key]) * float(c):.6g}{form}"
        solution = model.add_solution(water)
        solution.equalize(["CO2(g)"], [np.log10(co2_ppm * 1e-6)])
        indices = {name: solution.si(phase) for name, phase in MINERALS.items()}
        about = {"cycles": float(c), "ph": solution.pH, "conductivity_us_cm": solution.sc}
        rows.append(about | indices)
        solution.forget()
    return pd.DataFrame(rows)
