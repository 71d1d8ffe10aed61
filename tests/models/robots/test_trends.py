"""Earlier trends and what exceeds them: textbook formulas, closed forms, invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aifactory.models.robots import trends

RATIOS = st.lists(st.floats(0.2, 5), min_size=4, max_size=8, unique=True)


def test_growth_is_the_compound_rate():
    assert trends.growth_per_year(100, 121, 2) == pytest.approx(0.1)
    assert trends.growth_per_year([1, 8], [2, 1], [1, 3]) == pytest.approx([1, -0.5])


def test_a_drift_from_yearly_growth_is_the_textbook_prediction_of_one_more_value():
    # Hahn and Meeker (1991): mean, and s sqrt(1 + 1/n) t for a single future observation
    logs = np.array([0.04, 0.109, 0.223, 0.615, 0.344, 0.392, 0.262])
    found = trends.fit_drift(np.exp(logs), np.ones(7))
    assert found.rate == pytest.approx(logs.mean())
    assert found.sd == pytest.approx(logs.std(ddof=1))
    high = logs.mean() + stats.t.ppf(0.95, 6) * logs.std(ddof=1) * np.sqrt(8 / 7)
    assert np.log(found.predict(1, 0.95)) == pytest.approx(high)


def test_a_drift_weights_spans_by_their_length():
    # by hand: ln 8 over 3 years, ln 2 over 1, ln 1 over 1; g = 4 ln 2 / 5
    found = trends.fit_drift([8, 2, 1], [3, 1, 1])
    two = np.log(2)
    assert found.rate == pytest.approx(0.8 * two)
    assert found.sd**2 == pytest.approx(((0.6**2) / 3 + 0.2**2 + 0.8**2) * two**2 / 2)
    assert found.error(2) == pytest.approx(found.sd * np.sqrt(2 + 4 / 5))


def test_a_drift_is_learnt_back_from_a_simulated_walk():
    rng = np.random.default_rng(3)
    spans = rng.integers(1, 5, 4000)
    logs = rng.normal(0.2 * spans, 0.5 * np.sqrt(spans))
    found = trends.fit_drift(np.exp(logs), spans)
    assert found.rate == pytest.approx(0.2, abs=0.02)
    assert found.sd == pytest.approx(0.5, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(RATIOS, st.floats(0.3, 4), st.floats(0.05, 20))
def test_prediction_and_exceedance_are_inverse(ratios, span, ratio):
    found = trends.fit_drift(ratios, np.ones(len(ratios)))
    chance = float(found.exceeded(ratio, span))
    if 1e-6 < chance < 1 - 1e-6:
        assert found.predict(span, chance) == pytest.approx(ratio, rel=1e-6)
    assert found.exceeded(2 * ratio, span, factor=2) == pytest.approx(chance)
    assert found.exceeded(ratio, span, factor=2) <= chance


def test_a_total_of_one_year_is_the_plain_prediction():
    found = trends.fit_drift([8, 2, 1, 3], [3, 1, 1, 2])
    draws = found.after_total(1, 60_000, np.random.default_rng(5))
    for q in (0.1, 0.5, 0.9):
        assert np.quantile(draws, q) == pytest.approx(float(found.predict(1, q)), rel=0.04)


def test_a_steady_series_after_its_total_is_a_geometric_sum():
    steady = trends.Drift(np.log(1.5), 1e-9, 1e9, 50)
    draws = steady.after_total(3, 10, np.random.default_rng(1))
    assert draws == pytest.approx(np.full(10, 1.5**3 / (1 + 1.5 + 1.5**2)), rel=1e-6)


YEARS = np.array([2011.0, 2014, 2015, 2017, 2018])
VALUES = np.array([0.155, 0.273, 0.587, 0.9, 0.8])


def test_one_series_is_the_plain_regression_with_its_prediction_interval():
    found = trends.fit_panel(["a"] * 5, YEARS, VALUES)
    line = stats.linregress(YEARS, np.log(VALUES))
    assert found.rate == pytest.approx(line.slope)
    middle = line.intercept + line.slope * 2021
    rest = np.log(VALUES) - line.intercept - line.slope * YEARS
    s = np.sqrt((rest**2).sum() / 3)
    sxx = ((YEARS - YEARS.mean()) ** 2).sum()
    wide = s * np.sqrt(1 + 1 / 5 + (2021 - YEARS.mean()) ** 2 / sxx)
    high = middle + stats.t.ppf(0.975, 3) * wide
    assert np.log(found.predict("a", 2021, 0.975)) == pytest.approx(high)
    assert np.log(found.predict("a", 2021, 0.5)) == pytest.approx(middle)


def test_the_common_slope_is_the_within_estimator():
    series = ["a", "a", "a", "b", "b", "c"]
    year = np.array([1.0, 2, 4, 2, 3, 9])
    value = np.array([1.0, 3, 4, 20, 50, 7])
    found = trends.fit_panel(series, year, value)
    top = bottom = 0.0
    for k in "abc":
        m = np.array(series) == k
        t, y = year[m] - year[m].mean(), np.log(value[m]) - np.log(value[m]).mean()
        top, bottom = top + (t * y).sum(), bottom + (t**2).sum()
    assert found.rate == pytest.approx(top / bottom)
    assert found.df == 2
    # a series of one value passes through it, and predicts that year with twice the variance
    assert found.predict("c", 9, 0.5) == pytest.approx(7)
    high = np.log(found.predict("c", 9, 0.9) / 7)
    assert high == pytest.approx(found.sd * np.sqrt(2) * stats.t.ppf(0.9, 2))


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 100), st.floats(0.1, 50))
def test_units_of_a_series_do_not_matter(unit, later):
    series = ["a"] * 5 + ["b"] * 3
    year = np.concatenate([YEARS, [2019, 2020, 2022]])
    value = np.concatenate([VALUES, [3.0, 2.0, 5.0]])
    scaled = value * np.where(np.array(series) == "b", unit, 1.0)
    one, two = (trends.fit_panel(series, year, v) for v in (value, scaled))
    assert one.rate == pytest.approx(two.rate)
    p = float(one.exceeded("b", 2025, later))
    assert two.exceeded("b", 2025, later * unit) == pytest.approx(p, abs=1e-9)
    assert one.exceeded("b", 2025, later, factor=2) <= p
    assert one.exceeded("b", 2025, 2 * later, factor=2) == pytest.approx(p, abs=1e-9)
    if 1e-6 < p < 1 - 1e-6:
        assert one.predict("b", 2025, p) == pytest.approx(later, rel=1e-6)


def test_a_break_is_chows_f():
    year = np.arange(2010.0, 2020)
    value = np.exp(0.2 * (year - 2010) + 0.01 * np.cos(3 * year))
    f, p = trends.chow_break(year, value, 2015)
    assert p > 0.05
    # Chow (1960): ((S - S1 - S2) / 2) / ((S1 + S2) / (n - 4))
    broken = np.where(year >= 2015, value * np.exp(-0.2 * (year - 2015)), value)
    rest = []
    for m in (year > 0, year < 2015, year >= 2015):
        line = stats.linregress(year[m], np.log(broken[m]))
        rest.append(((np.log(broken[m]) - line.intercept - line.slope * year[m]) ** 2).sum())
    expected = (rest[0] - rest[1] - rest[2]) / 2 / ((rest[1] + rest[2]) / 6)
    f, p = trends.chow_break(year, broken, 2015)
    assert f == pytest.approx(expected, rel=1e-6)
    assert p == pytest.approx(stats.f.sf(expected, 2, 6), rel=1e-6)
    assert p < 1e-6


def test_counting_firms_differ_as_draws_of_one_distribution():
    counts = [13318, 16000]
    logs = np.log(counts)
    assert trends.between_counters(counts, 0.5) == pytest.approx(np.sqrt(13318 * 16000))
    wide = logs.std(ddof=1) * np.sqrt(1.5) * stats.t.ppf(0.95, 1)
    assert np.log(trends.between_counters(counts, 0.95)) == pytest.approx(logs.mean() + wide)


def test_a_part_of_a_year_bounds_the_whole():
    assert trends.whole_year(6, 6, [0, 0.5, 1]) == pytest.approx([6, 9, 12])
    assert trends.whole_year(5, 12, [0, 1]) == pytest.approx([5, 5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trends.growth_per_year(0, 1, 1), "first"),
        (lambda: trends.growth_per_year(1, 2, 0), "years"),
        (lambda: trends.fit_drift([1, 2], [1, 1]), "at least three"),
        (lambda: trends.fit_drift([1, 2, 3], [1, 1]), "as many"),
        (lambda: trends.fit_drift([2, 2, 2], [1, 1, 1]), "never differs"),
        (lambda: trends.fit_drift([1, -2, 3], [1, 1, 1]), "ratio"),
        (lambda: trends.fit_drift([1, 2, 3], [1, 1, 1]).error(0), "years"),
        (
            lambda: trends.fit_drift([1, 2, 4], [1, 2, 1]).after_total(0, 5, None),
            "at least one year",
        ),
        (lambda: trends.fit_panel(["a", "b"], [1, 2], [1, 2]), "degree"),
        (lambda: trends.fit_panel(["a", "a"], [1], [1, 2]), "one entry"),
        (lambda: trends.fit_panel(["a"] * 4, [1, 1, 1, 1], [1, 2, 3, 4]), "different years"),
        (lambda: trends.fit_panel(["a"] * 3, [1, 2, 3], [1, 0, 2]), "value"),
        (lambda: trends.fit_panel("aaa", [1, 2, 3], [1, 3, 2]).predict("b", 4, 0.5), "no series"),
        (lambda: trends.chow_break([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 4), "three values"),
        (lambda: trends.between_counters([5], 0.5), "one counting firm"),
        (lambda: trends.whole_year(1, 13, 0.5), "twelve"),
    ],
)  # fmt: skip
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_three_years_before_a_break_and_three_after_are_enough():
    value = [1.0, 2.2, 3.9, 9.0, 15.0, 33.0]
    f, p = trends.chow_break(range(2010, 2016), value, 2013)
    assert f > 0
    assert 0 < p < 1
