"""The registry knows the trade's units, and tells the nearest for those it does not."""

import pytest

from aifactory import units
from aifactory.data import BadUnit


@pytest.mark.parametrize(
    ("text", "value", "into"),
    [
        ("1 MMBtu", 293.071, "kWh"),
        ("1 MGD", 3785.41, "m**3/day"),
        ("50 percent", 0.5, "dimensionless"),
        ("1 pu", 1, "dimensionless"),
        ("2 million household", 2e6, "household"),
        ("5 USD_2024/MMBtu", 5, "USD_2024/MMBtu"),
        ("1 MVAr", 1, "MW"),
        ("8760 kWh/year", 0.999316, "kW"),  # a year in pint is 365.25 days
    ],
)
def test_trade_units(text, value, into):
    assert units.registry()(text).to(into).magnitude == pytest.approx(value, rel=1e-5)


def test_an_unknown_unit_gets_the_nearest():
    fault = units.fault("MWW", "data/figures.csv", "unit", 7)
    assert str(fault) == (
        "data/figures.csv, row 7, field `unit`: 'MWW' is not a unit that this project knows. "
        "Nearest: MW, MWh."
    )


@pytest.mark.parametrize("unit", ["households a year", "kW**", "USD_1850", "(", "2 * 3"])
def test_what_is_no_unit_is_refused(unit):
    with pytest.raises(BadUnit, match="is not a unit that this project knows"):
        units.parse(unit)


@pytest.mark.parametrize("unit", [*units.COUNTED, *units.CURRENCIES, "USD_2019", "USD_2026", "%"])
def test_every_unit_of_our_own_parses(unit):
    assert units.fault(unit, "f", "unit", None) is None
