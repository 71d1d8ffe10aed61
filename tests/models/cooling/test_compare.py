"""Reported against modelled PUE: closed forms, published points, and what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.models.cooling import compare as C


def test_a_year_keeps_the_hours_it_was_given():
    hours, temp = [0, 4335, 5766, 8354, 8760], [-19.0, 10, 15, 30, 37.8]
    year = C.year_from_quantiles(hours, temp)
    assert year.shape == (8760,)
    for h, t in zip(hours, temp, strict=True):
        assert (year <= t).sum() == pytest.approx(h, abs=1)
    assert (np.diff(year) > 0).all()
    # a straight line has its mean in the middle
    assert C.year_from_quantiles([0, 8760], [0, 30]).mean() == pytest.approx(15)


@pytest.mark.parametrize(
    ("hours", "temp"),
    [([0, 8000], [0, 1]), ([5, 8760], [0, 1]), ([0, 5000, 4000, 8760], [0, 1, 2, 3]),
     ([0, 8760], [1, 1]), ([0], [1]), ([0, 8760], [0, 1, 2])],
)  # fmt: skip
def test_broken_quantiles_raise(hours, temp):
    with pytest.raises(ValueError, match=r"must|needs"):
        C.year_from_quantiles(hours, temp)


def test_pressure_of_the_handbook():
    # ASHRAE Fundamentals 2017, chapter 1, table 1: kPa at 0, 500, 1000, 1500 and 2000 m
    table = [101.325, 95.461, 89.875, 84.556, 79.495]
    assert C.pressure_pa([0, 500, 1000, 1500, 2000]) / 1000 == pytest.approx(table, abs=2e-3)


def test_fit_by_hand():
    model = np.array([[1.0, 1.1, 1.2], [1.2, 1.2, 1.2], [1.3, 1.3, 1.4], [1.3, 1.3, 1.4]])
    got = C.fit([1.15, 1.2, 1.2, 1.4], model, ["a", "b", "c", "c"])
    # residuals 0.05, 0, and the mean of -0.1 and 0.1
    assert got.bias == pytest.approx(0.05 / 3)
    assert got.spread == pytest.approx(np.std([0.05, 0, 0], ddof=1))
    assert got.rmse == pytest.approx(0.05 / np.sqrt(3))
    assert (got.groups, got.sites, got.inside) == (3, 4, 2)
    assert got.coverage == pytest.approx(0.5)
    # variances of the model by group: 0.01, 0, and that of 1.3, 1.3, 1.4
    assert got.own == pytest.approx(np.sqrt((0.01 + 0.01 / 3) / 3))


def test_coverage_is_of_the_90_percent_interval():
    # 5 and 95 % of 1.0, 1.1, 1.2 are 1.01 and 1.19
    model = np.tile([1.0, 1.1, 1.2], (4, 1))
    assert C.fit([1.18, 1.02, 1.195, 1.005], model, range(4)).coverage == pytest.approx(0.5)


def test_the_term_is_the_predictive_t():
    # a model that knows its sites leaves all of the spread: t with 4 degrees of freedom, 95 %
    got = C.Fit(0.02, 0.03, 0.04, 0.0, 5, 9, 7)
    assert got.term(0.5) == pytest.approx(0.02)
    assert got.term(0.95) == pytest.approx(0.02 + 2.1318 * 0.03 * np.sqrt(1.2), abs=1e-5)


def test_the_excess_is_what_the_models_own_spread_leaves():
    got = C.Fit(0.02, 0.05, 0.06, 0.03, 5, 9, 7)
    assert got.excess == pytest.approx(0.04)  # 3, 4, 5
    wide = 2.1318 * np.hypot(0.04, 0.05 / np.sqrt(5))
    assert got.term(0.95) == pytest.approx(0.02 + wide, abs=1e-5)
    assert got.term(0.95, got.spread) > got.term(0.95)
    # not below zero, where only the mean's own uncertainty is left
    wide = C.Fit(0.02, 0.05, 0.06, 0.07, 5, 9, 9)
    assert wide.excess == 0
    assert wide.term(0.95) == pytest.approx(0.02 + 2.1318 * 0.05 / np.sqrt(5), abs=1e-5)
    with pytest.raises(ValueError, match="not negative"):
        wide.term(0.5, -0.1)


@pytest.mark.parametrize("missed", [0.0, 0.03, 0.08])
def test_the_excess_is_found_again(missed):
    """Sites with unknowns that the model draws, 0.04 wide, and with something that it misses."""
    rng = np.random.default_rng(7)
    sites, found = 400, []
    model = 1.2 + 0.04 * rng.standard_normal((sites, 500))
    for _ in range(20):
        truth = 1.2 + 0.04 * rng.standard_normal(sites) + missed * rng.standard_normal(sites)
        found.append(C.fit(truth - 0.03, model, np.arange(sites)))
    assert np.mean([f.bias for f in found]) == pytest.approx(-0.03, abs=0.003)
    assert np.median([f.excess for f in found]) == pytest.approx(missed, abs=0.01)


def test_a_model_that_is_right_covers_nine_in_ten():
    rng = np.random.default_rng(8)
    model = 1.2 + 0.04 * rng.standard_normal((2000, 200))
    got = C.fit(1.2 + 0.04 * rng.standard_normal(2000), model, np.arange(2000))
    assert got.coverage == pytest.approx(0.9, abs=0.02)


@given(st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=12), st.floats(-0.2, 0.2))
def test_shifting_the_reports_shifts_the_bias_alone(residuals, by):
    model = np.full((len(residuals), 3), 1.2)
    one = C.fit(1.2 + np.array(residuals), model, range(len(residuals)))
    two = C.fit(1.2 + np.array(residuals) + by, model, range(len(residuals)))
    assert two.bias - one.bias == pytest.approx(by, abs=1e-9)
    assert two.spread == pytest.approx(one.spread, abs=1e-9)
    assert one.rmse >= abs(one.bias) - 1e-12
    assert (np.diff(one.term([0.05, 0.5, 0.95])) >= 0).all()


def test_what_cannot_be_compared_raises():
    ok = np.full((3, 2), 1.1)
    for bad in ([1.1, 1.2], [1.1, 1.2, np.nan]):
        with pytest.raises(ValueError, match=r"needs|gaps"):
            C.fit(bad, ok, [1, 2, 3][: len(bad)])
    with pytest.raises(ValueError, match="two configs"):
        C.fit([1.1, 1.2, 1.1], ok[:, :1], [1, 2, 3])
    with pytest.raises(ValueError, match="three groups"):
        C.fit([1.1, 1.2, 1.1], ok, [1, 1, 2])
