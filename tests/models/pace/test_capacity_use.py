"""Shares of a plant's capacity: arithmetic, bounds, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.pace.capacity_use import share_let, share_of_kind

share = st.floats(0, 1)


def test_a_third_let_leaves_two_thirds():
    assert share_let([100, 150], 300) == pytest.approx([1 / 3, 0.5])
    assert share_let([0, 300], 300).tolist() == [0, 1]
    assert share_of_kind(1 / 3, 1, 1) == pytest.approx(2 / 3)
    assert share_of_kind(0.5, 0.5, 0.2) == pytest.approx(0.05)


@settings(max_examples=40)
@given(share, share, share)
def test_no_kind_exceeds_what_is_not_let(let, training, kind):
    found = float(share_of_kind(let, training, kind))
    assert 0 <= found <= 1 - let + 1e-12
    assert found <= float(share_of_kind(let, 1, 1)) + 1e-12


@pytest.mark.parametrize(("let", "total"), [(2, 1), (-1, 1), (0, 0)])
def test_more_let_than_there_is_is_refused(let, total):
    with pytest.raises(ValueError, match="between nothing"):
        share_let(let, total)


def test_shares_outside_bounds_are_refused():
    with pytest.raises(ValueError, match="within 0 to 1"):
        share_of_kind(0.5, np.array([0.5, 1.2]), 0.5)
