"""Input-output: the two-sector example of Miller and Blair, accounting identities, extraction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.supply_chain import input_output as io

# Miller and Blair (2009), section 2.3: agriculture and manufacturing.
Z = np.array([[150.0, 500.0], [200.0, 100.0]])
F = np.array([[350.0], [1700.0]])


def table(seed: int, n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """A random table in which every industry has value added."""
    rng = np.random.default_rng(seed)
    z = rng.uniform(0, 1, (n, n))
    return z, (z.sum(axis=0) * 1.5)[:, None] * rng.uniform(1, 2, (n, 2))


def test_the_textbooks_outputs_and_coefficients():
    x = io.gross_output(Z, F)
    assert x == pytest.approx([1000, 2000])
    assert io.coefficients(Z, x) == pytest.approx(np.array([[0.15, 0.25], [0.20, 0.05]]))


def test_the_textbooks_inverse_and_new_demand():
    a = io.coefficients(Z, io.gross_output(Z, F))
    assert io.output_for(a, np.eye(2)) == pytest.approx(
        np.array([[1.2541, 0.3300], [0.2640, 1.1221]]), abs=5e-5
    )
    assert io.output_for(a, np.array([600, 1500])) == pytest.approx([1247.5, 1841.6], abs=0.05)


def test_extraction_of_one_of_two_sectors_leaves_the_other_alone():
    # Without manufacturing, agriculture meets its own demand: 350 / (1 - 0.15).
    a = io.coefficients(Z, io.gross_output(Z, F))
    found = io.after_extraction(a, F[:, 0], np.array([False, True]))
    assert found == pytest.approx([350 / 0.85, 0])


def test_half_an_extraction_by_hand():
    # a12, a21 and a22 halved, final demand of the second halved.
    a = io.coefficients(Z, io.gross_output(Z, F))
    found = io.after_extraction(a, F[:, 0], np.array([False, True]), 0.5)
    hand = np.linalg.solve(np.eye(2) - [[0.15, 0.125], [0.10, 0.025]], [350, 850])
    assert found == pytest.approx(hand)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_accounts_close(seed):
    z, f = table(seed)
    x = io.gross_output(z, f)
    a, v = io.coefficients(z, x), io.value_added_shares(z, x)
    assert io.output_for(a, f.sum(axis=1)) == pytest.approx(x)
    # World value added is world final demand, and each user's demand is somebody's value added.
    assert (v * x).sum() == pytest.approx(f.sum())
    assert io.value_added_content(a, v, f[:, 0]).sum() == pytest.approx(f[:, 0].sum())


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_more_taken_out_leaves_less(seed, one, two):
    z, f = table(seed)
    x = io.gross_output(z, f)
    a, out = io.coefficients(z, x), np.arange(x.size) < 2
    low, high = sorted((one, two))
    less = io.after_extraction(a, f.sum(axis=1), out, high)
    more = io.after_extraction(a, f.sum(axis=1), out, low)
    assert (less <= more + 1e-9).all()
    assert io.after_extraction(a, f.sum(axis=1), out, 0.0) == pytest.approx(x)


def test_extraction_leaves_the_table_as_it_was():
    a = io.coefficients(Z, io.gross_output(Z, F))
    before = a.copy()
    io.after_extraction(a, F[:, 0], np.array([True, False]))
    assert (a == before).all()


def test_bad_input_is_refused():
    a = np.array([[0.15, 0.25], [0.2, 0.05]])
    for call, words in (
        (lambda: io.gross_output(np.ones((2, 3)), F), "square"),
        (lambda: io.gross_output(Z, np.ones((3, 1))), "square"),
        (lambda: io.coefficients(Z, np.array([0.0, 1.0])), "above zero"),
        (lambda: io.output_for(np.eye(2), np.ones(2)), "nothing over"),
        (lambda: io.after_extraction(a, np.ones(2), np.array([True])), "boolean"),
        (lambda: io.after_extraction(a, np.ones(2), np.array([0, 1])), "boolean"),
        (lambda: io.after_extraction(a, np.ones(2), np.array([True, False]), 1.2), "between 0"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
