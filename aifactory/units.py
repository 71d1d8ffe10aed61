"""The project's one pint registry: SI and US units, plus money by price year and things counted.

Money of two price years, or of two countries, does not convert: each is a dimension of its
own, so adding 2019 dollars to 2024 dollars raises instead of passing for a sum. Things that
are counted (households, GPUs, persons) are dimensions too, so kWh per household cannot be
mistaken for kWh per customer.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import TYPE_CHECKING

from .errors import BadUnit, Fault, nearest

if TYPE_CHECKING:
    import pint

PRICE_YEARS = range(2015, 2027)
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "CNY", "TWD", "KRW", "CAD", "AUD", "INR")
PRICED = ("USD", "EUR", "GBP")  # currencies that come with a price year, as USD_2024
COUNTED = (
    "household", "person", "customer", "account", "GPU", "chip", "server", "rack", "node",
    "unit", "site", "job", "plant", "event", "robot", "worker", "vehicle", "chiller",
)  # fmt: skip

_DEFINITIONS = (
    "fraction = 1 = _ = share",
    "per_unit = 1 = _ = pu",
    "thousand = 1e3",
    "million = 1e6",
    "billion = 1e9",
    "MMBtu = 1e6 * Btu",
    "MGD = 1e6 * gallon / day",
    "VAr = volt * ampere = var",
    "MVAr = 1e6 * VAr",
    "FLOP = [computation] = flop",
)

_COMMON = (
    "MW", "kW", "GW", "W", "MWh", "kWh", "GWh", "TWh", "kWh/year", "MW/s", "kW/s", "Hz", "Hz/s",
    "s", "ms", "minute", "hour", "day", "month", "year", "percent", "dimensionless", "1/year",
    "hour/year", "day/year", "acre", "hectare", "m**2", "MMBtu", "MMBtu/MWh", "Btu/kWh",
    "lb/MMBtu", "kg/MMBtu", "kg/MWh", "g/kWh", "short_ton", "short_ton/year", "tonne", "MVA",
    "MVAr", "V", "kV", "degC", "USD_2024/kW", "USD_2024/MWh", "USD_2024/MMBtu", "MGD", "gallon",
    *COUNTED, *CURRENCIES,
)  # fmt: skip


@functools.cache
def registry() -> pint.UnitRegistry:
    """The registry, built once a process on first use (under a second)."""
    import pint

    ureg: pint.UnitRegistry = pint.UnitRegistry(on_redefinition="ignore")
    for name in COUNTED:
        ureg.define(f"{name} = [{name}] = _ = {name}s")
    for code in CURRENCIES:
        ureg.define(f"{code} = [{code}]")
    for code, year in itertools.product(PRICED, PRICE_YEARS):
        ureg.define(f"{code}_{year} = [{code}_{year}]")
    for line in _DEFINITIONS:
        ureg.define(line)
    return ureg


@functools.cache
def parse(unit: str) -> pint.Unit:
    """Unit by name; raises :class:`BadUnit` without a place (see `check` for one with it)."""
    ureg = registry()
    plain = re.sub(r"^(thousand|million|billion)\s+", "", re.sub(r"\s+per\s+", "/", unit))
    if re.search(r"[\w)]\s+[\w(]", plain):
        # pint takes a space for a product, and the `a` of "households a year" for a year
        raise BadUnit(f"{unit!r} is not a unit that this project knows.")
    try:
        return ureg.parse_units(unit.replace("%", "percent"))
    except Exception as error:  # pint raises a dozen types, tokenizer errors among them
        raise BadUnit(f"{unit!r} is not a unit that this project knows.") from error


def fault(
    unit: str, file: str, field: str, row: int | None, known: tuple[str, ...] = ()
) -> Fault | None:
    """A fault that names the place and the nearest units, or None if `unit` parses."""
    try:
        parse(unit)
    except BadUnit:
        close = nearest(unit, (*_COMMON, *known))
        hint = f"Nearest: {', '.join(close)}." if close else "Units are pint's, e.g. kWh/year."
        return Fault(file, "is not a unit that this project knows", field, row, unit, hint)
    return None
