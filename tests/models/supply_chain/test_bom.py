"""Dies, yields, shares of a bill: worked examples, closed forms, bounds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.supply_chain import bom

SHARE = st.floats(0, 1)
MONEY = st.lists(st.floats(0.1, 100), min_size=2, max_size=5)


def test_accelerators_are_power_over_power():
    # 1,200 MW at the fence, 1.25 for cooling and losses, 1.6 kW each.
    assert bom.accelerators(1200, 1.25, 1.6) == pytest.approx(600_000)
    assert bom.accelerators(1200, 1.25, 1.6, 1.2) == pytest.approx(500_000)


def test_gross_dies_of_a_square_centimetre():
    # 300 mm wafer, 100 mm²: 706.86 less 66.64 at the rim.
    assert bom.gross_dies(100) == pytest.approx(706.858 - 66.643, abs=0.01)


def test_gross_dies_scale_with_the_wafer():
    # Doubling diameter and quadrupling the die's area leaves the count.
    assert bom.gross_dies(400, 600) == pytest.approx(bom.gross_dies(100, 300))


def test_a_die_as_large_as_the_wafer_is_refused():
    with pytest.raises(ValueError, match="no whole one"):
        bom.gross_dies(70_000)


@pytest.mark.parametrize("bad", [0, -1, np.array([1, 0])])
def test_sizes_are_above_zero(bad):
    for call in (
        lambda: bom.gross_dies(bad),
        lambda: bom.accelerators(bad, 1.3, 1.8),
        lambda: bom.accelerators(1200, bad, 1.8),
        lambda: bom.accelerators(1200, 1.3, bad),
        lambda: bom.accelerators(1200, 1.3, 1.8, bad),
        lambda: bom.yield_murphy(bad, 0.1),
        lambda: bom.yield_negative_binomial(100, 0.1, bad),
        lambda: bom.wafers_needed(bad, 2, 100, 0.5),
    ):
        with pytest.raises(ValueError, match="above zero"):
            call()


@pytest.mark.parametrize("model", [bom.yield_murphy, bom.yield_negative_binomial])
def test_a_density_below_zero_is_refused(model):
    extra = () if model is bom.yield_murphy else (2,)
    with pytest.raises(ValueError, match="not below zero"):
        model(100, -0.1, *extra)


def test_murphys_yield_is_that_of_the_formula():
    # A D = 1: (1 - 1/e)² = 0.3996; A D = 0.081: 92.3 % (legitlads yield console).
    assert bom.yield_murphy(100, 1) == pytest.approx((1 - np.exp(-1)) ** 2)
    assert bom.yield_murphy(81, 0.1) == pytest.approx(0.923, abs=5e-4)
    assert bom.yield_murphy(800, 0) == pytest.approx(1)


def test_clustered_yield_lies_between_seeds_and_poisson():
    # a = 1 is Seeds' 1 / (1 + A D); a large a is Poisson's.
    assert bom.yield_negative_binomial(800, 0.1, 1) == pytest.approx(1 / 1.8)
    assert bom.yield_negative_binomial(800, 0.1, 1e7) == pytest.approx(np.exp(-0.8), rel=1e-5)
    assert bom.yield_negative_binomial(81, 0.1, 3) == pytest.approx(0.923, abs=5e-4)


@given(st.floats(50, 858), st.floats(0.01, 1), st.floats(0.5, 50))
@settings(max_examples=50, deadline=None)
def test_clustering_never_costs_dies(area, density, clustering):
    poisson = np.exp(-area / 100 * density)
    assert bom.yield_negative_binomial(area, density, clustering) >= poisson - 1e-12
    assert poisson - 1e-12 <= bom.yield_murphy(area, density) <= 1


def test_wafers_of_a_worked_example():
    # 1,000 packages of 2 dies, 64 whole dies a wafer, half of them good.
    gross = bom.gross_dies(800)
    assert bom.wafers_needed(1000, 2, 800, 0.5) == pytest.approx(2000 / (gross * 0.5))


def test_a_yield_above_one_is_refused():
    with pytest.raises(ValueError, match="at most 1"):
        bom.wafers_needed(1000, 2, 800, 1.1)


def test_share_of_a_bill_is_the_weighted_mean():
    bill = pd.DataFrame({"chips": [30.0, 10.0], "rest": [10.0, 30.0]})
    share = pd.DataFrame({"chips": [1.0, 0.5]})
    assert bom.share_of_bill(bill, share) == pytest.approx([0.75, 0.125])


@given(MONEY, st.data())
@settings(max_examples=40, deadline=None)
def test_share_of_a_bill_stays_within_its_lines(money, data):
    shares = data.draw(st.lists(SHARE, min_size=len(money), max_size=len(money)))
    bill, part = pd.DataFrame([money]), pd.DataFrame([shares])
    found = bom.share_of_bill(bill, part)[0]
    assert min(shares) - 1e-9 <= found <= max(shares) + 1e-9


def test_a_strange_line_an_odd_share_and_an_empty_bill_are_refused():
    bill = pd.DataFrame({"chips": [1.0]})
    with pytest.raises(ValueError, match="no line 'racks'"):
        bom.share_of_bill(bill, pd.DataFrame({"racks": [0.5]}))
    with pytest.raises(ValueError, match="between 0 and 1"):
        bom.share_of_bill(bill, pd.DataFrame({"chips": [1.5]}))
    with pytest.raises(ValueError, match="needs value"):
        bom.share_of_bill(bill * 0, pd.DataFrame({"chips": [0.5]}))


@given(SHARE, SHARE)
@settings(max_examples=40, deadline=None)
def test_a_partition_sums_to_one(place, firms):
    there, abroad, rest = bom.partition(place, firms)
    assert there + abroad + rest == pytest.approx(1)
    assert there == place
    assert there + abroad == pytest.approx(max(place, firms))
    assert rest >= -1e-12


def test_a_partition_refuses_what_is_no_share():
    with pytest.raises(ValueError, match="between 0 and 1"):
        bom.partition(1.2, 0.5)


def test_bands_keep_their_height_and_meet_their_nodes():
    flows = pd.DataFrame([[6.0, 2.0], [1.0, 0.0]], index=["a", "b"], columns=["t", "n"])
    found = bom.bands(flows, gap=1.0, steps=4)
    assert len(found) == 3 * 5  # a flow of nothing has no band
    height = (found["high"] - found["low"]).round(9)
    assert sorted(height.unique()) == [1, 2, 6]
    ends = found[found["x"] == 0].set_index(["left", "right"])
    assert ends.loc[("a", "t"), "high"] == pytest.approx(10)  # 9 of money and one gap
    assert ends.loc[("a", "n"), "high"] == pytest.approx(ends.loc[("a", "t"), "low"])
    assert ends.loc[("a", "n"), "low"] - ends.loc[("b", "t"), "high"] == pytest.approx(1)
    far = found[found["x"] == 1].set_index(["left", "right"])
    assert far.loc[("b", "t"), "high"] == pytest.approx(far.loc[("a", "t"), "low"])
    assert far.loc[("a", "n"), "low"] == pytest.approx(0)


def test_bands_refuse_a_flow_below_zero():
    with pytest.raises(ValueError, match="not below zero"):
        bom.bands(pd.DataFrame([[-1.0, 2.0]]), gap=1)
