"""Sobol indices of groups against functions whose indices are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aifactory.models.robots import drivers as model
from aifactory.models.robots import payback
from aifactory.uncertainty import constant, lognormal, uniform

UNIT = {name: uniform(0, 1) for name in "abcd"}
OWN = {name: name for name in UNIT}


def rng():
    return np.random.default_rng(7)


def g_function(u, a):
    """Saltelli and Sobol (1995)."""
    return np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)


def test_g_function():
    """Analytic first and total indices of the product function."""
    a = np.array([0.0, 1.0, 4.5, 9.0])
    v = 1 / (3 * (1 + a) ** 2)
    whole = np.prod(1 + v) - 1
    drawn = model.design(OWN, 4096, rng())
    found = drawn.analyse(g_function(drawn.draw(UNIT).to_numpy(), a))
    assert found.groups == tuple("abcd")
    assert found.first == pytest.approx(v / whole, abs=0.02)
    assert found.total == pytest.approx(v * np.prod(1 + v) / (1 + v) / whole, abs=0.02)
    assert found.first_draws.mean(axis=0) == pytest.approx(found.first, abs=0.01)
    assert found.total_draws.mean(axis=0) == pytest.approx(found.total, abs=0.01)


def test_a_group_of_a_sum_has_the_sum_of_the_shares():
    """y = 3 a + 2 b + 2 c + d: variances 9, 4, 4, 1 of 18; b and c together 8."""
    groups = {"a": "a", "b": "both", "c": "both", "d": "d"}
    drawn = model.design(groups, 2048, rng())
    found = drawn.analyse(drawn.draw(UNIT).to_numpy() @ [3, 2, 2, 1])
    assert found.groups == ("a", "both", "d")
    assert found.total == pytest.approx([9 / 18, 8 / 18, 1 / 18], abs=0.01)
    assert found.first == pytest.approx(found.total, abs=0.02)


def test_grouping_counts_interaction_inside_as_the_groups_own():
    """y = (a - 1/2)(b - 1/2) has no first-order index but as a group."""
    values = lambda x: (x["a"] - 0.5) * (x["b"] - 0.5)  # noqa: E731
    apart = model.design(OWN, 2048, rng())
    assert apart.analyse(values(apart.draw(UNIT))).first == pytest.approx(0, abs=0.06)
    joint = model.design({"a": "p", "b": "p", "c": "q", "d": "q"}, 2048, rng())
    found = joint.analyse(values(joint.draw(UNIT)))
    assert found.first == pytest.approx([1, 0], abs=0.06)
    assert found.total == pytest.approx([1, 0], abs=0.06)


def test_draws_surround_the_estimate_and_the_frame_is_ranked():
    drawn = model.design(OWN, 512, rng())
    found = drawn.analyse(drawn.draw(UNIT).to_numpy() @ [1, 2, 3, 4], resamples=150)
    assert found.total_draws.shape == found.first_draws.shape == (150, 4)
    table = found.frame()
    assert table["group"].tolist() == list("dcba")
    assert (table["total_low"] < table["total"]).all()
    assert (table["total"] < table["total_high"]).all()
    at = found.groups.index("d")
    ends = np.quantile(found.total_draws[:, at], [0.05, 0.95])
    assert table.loc[0, ["total_low", "total_high"]].tolist() == pytest.approx(ends.tolist())
    wide = found.frame(level=0.99)
    assert (wide["first_low"] <= table["first_low"]).all()
    assert (wide["total_high"] >= table["total_high"]).all()
    assert found.total_draws.mean(axis=0) == pytest.approx(found.total, abs=0.02)


def test_inputs_follow_their_distributions():
    given = {"x": lognormal(1, 4), "y": constant(3.0)}
    found = model.design({"x": "x", "y": "y"}, 1024, rng()).draw(given)
    assert len(found) == 1024 * 4
    assert np.quantile(found["x"], [0.05, 0.95]) == pytest.approx([1, 4], rel=0.02)
    assert (found["y"] == 3).all()


def test_margin():
    total = np.array([[6, 4, 2], [6, 2, 4], [1, 4, 2]], dtype=float)
    found = model.GroupIndices(("a", "b", "c"), total[0], total[0], total, total)
    assert model.margin(found, ["a", "b"], ["c"]).tolist() == [2, 0.5, 0.5]
    assert model.margin(found, ["b"], ["a", "c"]).tolist() == [4 / 6, 2 / 6, 2]


def test_narrowed_keeps_the_median_and_the_same_width():
    found = model.narrowed({"x": lognormal(1, 4), "k": uniform(-3, -1)}, 25)
    assert found["x"].ppf(np.array([0.0, 0.5, 1.0])) == pytest.approx([1.5, 2.0, 2.5])
    assert found["k"].ppf(np.array([0.0, 0.5, 1.0])) == pytest.approx([-2.5, -2.0, -1.5])


def test_with_equal_ranges_equal_factors_tie():
    """In y = a b each factor has the same index, and the product of unequal ranges has not."""
    wide = {"a": lognormal(1, 10), "b": lognormal(1, 2)}
    own = {"a": "a", "b": "b"}
    for inputs, ratio in ((wide, 11.0), (model.narrowed(wide, 20), 1.0)):
        drawn = model.design(own, 4096, rng())
        x = drawn.draw(inputs)
        total = drawn.analyse(np.log(x["a"] * x["b"]).to_numpy()).total
        assert total[0] / total[1] == pytest.approx(ratio, rel=0.1)


def test_weighted_draws_each_value_as_often_as_it_weighs():
    found = model.weighted([30.0, 10.0, 20.0], [1, 6, 3])
    u = (np.arange(1000) + 0.5) / 1000
    values, counts = np.unique(found.ppf(u), return_counts=True)
    assert values.tolist() == [10, 20, 30]
    assert counts.tolist() == [600, 300, 100]
    assert found.ppf(np.array([0.0, 1.0])).tolist() == [10, 30]


def test_forms_of_payback():
    """Outlay 100, worn out in 5 years: 50 a year pays in 2, 25 in 4, 10 too late, -20 never."""
    net = np.array([50.0, 25.0, 10.0, -20.0])
    ones = np.ones(4)
    case = payback.Case(
        100 * ones, net + 30, 30 * ones, 5 * ones, 0 * ones, ones, ones, ones, ones, ones
    )
    found = model.forms(case)
    assert set(found) == {*model.FORMS, *model.WORTHS, *model.BEFORE_WEAR.values()}
    assert found["net return"] == pytest.approx([0.3, 0.05, -0.1, -0.4])
    assert found["return before wear"].tolist() == [0.5, 0.25, 0.1, -0.2]
    assert found["return"].tolist() == [0.5, 0.25, 0, 0]
    assert found["within limit"].tolist() == [1, 0, 0, 0]
    assert model.forms(case, 4)["within limit"].tolist() == [1, 1, 0, 0]
    assert found["rank"].tolist() == [0.875, 0.625, 0.375, 0.125]
    assert found["rank before wear"].tolist() == [0.875, 0.625, 0.375, 0.125]
    lasting = model.forms(dataclasses.replace(case, life=np.array([2.0, 10, 5, 5])))
    assert lasting["net return"] == pytest.approx([0, 0.15, -0.1, -0.4])
    assert lasting["rank"].tolist() == [0.625, 0.875, 0.375, 0.125]
    assert lasting["rank before wear"].tolist() == found["rank"].tolist()
    assert found["NPV"].tolist() == [150, 25, -50, -200]
    assert found["NPV per dollar"].tolist() == [1.5, 0.25, -0.5, -2]
    bounded = model.forms(case, 3, shortest_years=8)
    assert bounded["net return"] == pytest.approx([0.125, 0.05, -0.1, -0.125])
    assert bounded["return before wear"].tolist() == [0.125, 0.125, 0.1, -0.125]
    assert bounded["return"].tolist() == [0.125, 0.125, 0, 0]
    for years in ((0, 1), (3, 0)):
        with pytest.raises(ValueError, match="positive"):
            model.forms(case, *years)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: model.weighted([1.0], [1.0, 2.0]), "one weight"),
        (lambda: model.weighted([1.0, np.inf], [1.0, 2.0]), "finite"),
        (lambda: model.weighted([1.0, 2.0], [1.0, 0.0]), "positive"),
        (lambda: model.design(OWN, 8, rng()).draw({"a": UNIT["a"]}), "differ"),
        (lambda: model.design(dict.fromkeys(UNIT, "x"), 8, rng()), "two groups"),
        (lambda: model.design(OWN, 12, rng()), "power of two"),
        (lambda: model.design(OWN, 8, rng()).analyse(np.ones(3)), "one a row"),
        (lambda: model.design(OWN, 8, rng()).analyse(np.ones(48)), "does not vary"),
        (lambda: model.design(OWN, 8, rng()).analyse(np.full(48, np.inf)), "finite"),
        (lambda: model.narrowed(UNIT, 100), "percent"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_ranking_of_unknown_or_shared_groups_is_refused():
    ones = np.ones((2, 2))
    found = model.GroupIndices(("a", "b"), ones[0], ones[0], ones, ones)
    for leaders, others in ((["a"], ["z"]), (["a"], ["a"]), ([], ["a"]), (["a"], [])):
        with pytest.raises(ValueError, match="distinct groups"):
            model.margin(found, leaders, others)
    nought = np.zeros((2, 2))
    with pytest.raises(ValueError, match="above nought"):
        model.margin(model.GroupIndices(("a", "b"), nought[0], nought[0], ones, nought), "a", "b")
