"""The index and its bounds: published examples, closed forms, every completion of the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.models.supply_chain import concentration as c

PARTS = st.lists(st.floats(0.5, 60), min_size=1, max_size=6)
FEW = settings(max_examples=60, deadline=None)


def scaled(parts, total):
    return np.asarray(parts) / sum(parts) * total


@pytest.mark.parametrize(
    ("shares", "index"),
    [
        ((30, 30, 20, 20), 2600),  # the US agencies' own example
        ((60, 30, 10), 4600),  # these three: econweb.com, industry concentration
        ((40, 30, 20, 10), 3000),
        ((25, 25, 25, 25), 2500),
        ((100,), 10_000),
    ],
)
def test_published_examples(shares, index):
    assert c.hhi(shares) == pytest.approx(index)
    low, high = c.hhi_bounds(shares)
    assert low == pytest.approx(index)
    assert high == pytest.approx(index)


def test_a_merger_adds_twice_the_product():
    # Shares of 5 and 10 %: an increase of 100 points (guidelines of 2010, section 5.3).
    assert c.hhi((15, 85)) - c.hhi((5, 10, 85)) == pytest.approx(100)


def test_an_index_of_markets_side_by_side():
    assert c.hhi([[50, 50], [90, 10]]) == pytest.approx([5000, 8200])
    low, high = c.hhi_bounds([[50, 30], [60, 15]])
    assert low == pytest.approx([3400, 3825])
    assert high == pytest.approx([3400 + 400, 3825 + 15**2 + 10**2])


@pytest.mark.parametrize("bad", [(-1, 50), (60, 60), (np.nan, 1), (np.inf,)])
def test_bad_shares_are_refused(bad):
    for call in (c.hhi, c.hhi_bounds):
        with pytest.raises(ValueError, match="shares"):
            call(bad)


def test_a_maker_without_a_share_is_refused():
    with pytest.raises(ValueError, match="without a share"):
        c.hhi_bounds((50, 0))


def test_the_effective_number_of_equal_makers_is_their_number():
    for n in (1, 4, 7):
        assert c.effective_number(c.hhi(np.full(n, 100 / n))) == pytest.approx(n)


@given(PARTS)
@FEW
def test_the_effective_number_is_one_over_the_index(parts):
    index = c.hhi(scaled(parts, 100))
    assert c.effective_number(index) == pytest.approx(1 / (index / 10_000))
    assert 1 - 1e-9 <= c.effective_number(index) <= len(parts) + 1e-9


@pytest.mark.parametrize("bad", [0, -3, 10_300])
def test_no_such_index(bad):
    with pytest.raises(ValueError, match="index"):
        c.effective_number(bad)


def test_the_rest_in_as_few_hands_as_may_be():
    # 35 % left and none above 10: three of 10 and one of 5; 30 %: three of 10, nothing left.
    assert c.largest_squares(35, 10) == pytest.approx(325)
    assert c.largest_squares(30, 10) == pytest.approx(300)
    assert c.largest_squares(7, 10) == pytest.approx(49)
    assert c.largest_squares(7, 0) == 0
    with pytest.raises(ValueError, match="below zero"):
        c.largest_squares(-1, 10)
    with pytest.raises(ValueError, match="below zero"):
        c.largest_squares(1, -10)


@given(PARTS, st.floats(20, 99), st.lists(st.floats(0, 1), min_size=1, max_size=40))
@FEW
def test_every_completion_lies_within_the_bounds(parts, known, cuts):
    shares = scaled(parts, known)
    low, high = c.hhi_bounds(shares)
    rest, others = 100 - known, []
    for cut in cuts:
        others.append(min(rest, cut * shares.min()))
        rest -= others[-1]
    crumbs = int(np.ceil(rest / shares.min())) + 1
    index = c.hhi([*shares, *others, *np.full(crumbs, rest / crumbs)])
    assert low - 1e-6 <= index <= high + 1e-6


@given(PARTS, st.integers(0, 5), st.integers(0, 5))
@FEW
def test_merging_never_lowers_the_index(parts, i, j):
    shares = list(scaled(parts, 100))
    before = c.hhi(shares)
    if i < len(shares) and j < len(shares) and i != j:
        one, two = shares[i], shares[j]
        kept = [s for k, s in enumerate(shares) if k not in (i, j)]
        merged = c.hhi([*kept, one + two])
        assert merged >= before
        assert merged - before == pytest.approx(2 * one * two, abs=1e-6)


def test_single_makers_as_groups_of_one():
    assert c.hhi_bounds((50, 30), (1, 1)) == pytest.approx(c.hhi_bounds((50, 30)))


def test_three_makers_printed_together():
    # 70 % in three hands: equal at least; at most one has it all and the rest are crumbs.
    low, high = c.hhi_bounds((70,), (3,))
    assert low == pytest.approx(70**2 / 3)
    assert high == pytest.approx(70**2)


def test_a_small_group_leaves_a_large_rest():
    # Two share 30 %: 15 each, and the rest in makers of 15: 2 x 225 + 4 x 225 + 100 beats 30².
    assert c.hhi_bounds((30,), (2,))[1] == pytest.approx(2 * 225 + 4 * 225 + 100)


def test_the_highest_index_may_lie_between_the_ends():
    # Two share 30 %, one has 10.5, 59.5 are left. At 10.5 each the squares are 1,201, with nothing
    # for the smaller of the two 1,010; six others of 59.5/6 beat both.
    m = 59.5 / 6
    high = c.hhi_bounds((30, 10.5), (2, 1))[1]
    assert high == pytest.approx(10.5**2 + (30 - m) ** 2 + m**2 + 6 * m**2)
    assert high > 10.5**2 + 19.5**2 + 10.5**2 + 5 * 10.5**2 + 7**2


def test_a_group_of_unknown_size():
    low, high = c.hhi_bounds((60, 8), (np.inf, 1))
    assert low == pytest.approx(64)
    assert high == pytest.approx(3600 + 64 + 4 * 64)


@given(st.floats(20, 95), st.integers(2, 5), st.lists(st.floats(0.05, 1), min_size=5, max_size=5))
@FEW
def test_every_split_of_a_group_lies_within_the_bounds(share, members, cuts):
    low, high = c.hhi_bounds((share,), (members,))
    inside = scaled(cuts[:members], share)
    for index in c.hhi_bounds(inside):
        assert low - 1e-6 <= index <= high + 1e-6


@pytest.mark.parametrize(("members", "why"), [((1,), "one number"), ((0.5, 1), "one firm")])
def test_bad_members_are_refused(members, why):
    with pytest.raises(ValueError, match=why):
        c.hhi_bounds((50, 20), members)


def test_the_precision_gives_the_width_asked_for():
    precision = c.dirichlet_precision(0.05)
    draws = c.dirichlet_shares((50, 30), precision, 4000, np.random.default_rng(1))
    assert draws.shape == (4000, 2)
    assert draws.mean(axis=0) == pytest.approx([50, 30], abs=0.3)
    assert np.quantile(draws[:, 0], [0.05, 0.95]) == pytest.approx([45, 55], abs=0.6)
    assert (draws.sum(axis=1) < 100).all()


def test_shares_that_cover_the_market_stay_whole():
    draws = c.dirichlet_shares((64, 21, 15), np.full(9, 100.0), 9, np.random.default_rng(1))
    assert draws.sum(axis=1) == pytest.approx(100)


@pytest.mark.parametrize(("width", "share"), [(0, 0.5), (0.05, 1), (0.99, 0.5), (c.Z95 / 2, 0.5)])
def test_no_such_precision(width, share):
    with pytest.raises(ValueError, match=r"half-width|that wide"):
        c.dirichlet_precision(width, share)


def test_a_precision_of_nothing_is_refused():
    with pytest.raises(ValueError, match="precision"):
        c.dirichlet_shares((50,), 0, 3, np.random.default_rng(1))


def test_leading_edge_of_a_worked_example():
    # 100 of revenue, 80 % wafers, 75 % of them fine: 60. Rivals 20 and 10, half of it: 15.
    assert c.leading_share(100, 0.75, 0.8, (20, 10), 0.5) == pytest.approx(80)
    assert c.leading_share(100, 0.75, 0.8, (20, 10), (1, 0)) == pytest.approx(75)


@given(st.floats(0, 1), st.floats(0, 1))
@FEW
def test_no_mix_of_the_rivals_lowers_the_bound(one, two):
    bound = c.leading_share(100, 0.7, 0.85, (20, 30), 1)
    assert c.leading_share(100, 0.7, 0.85, (20, 30), (one, two)) >= bound - 1e-9


@pytest.mark.parametrize("bad", [(0, 0.5, 0.5, (1,), 1), (1, 0.5, 0.5, (-1,), 1)])
def test_revenues_below_zero_are_refused(bad):
    with pytest.raises(ValueError, match="revenue"):
        c.leading_share(*bad)


@pytest.mark.parametrize("bad", [(1, 1.1, 0.5, (1,), 1), (1, 0.5, -1, (1,), 1), (1, 1, 1, (1,), 2)])
def test_fractions_are_fractions(bad):
    with pytest.raises(ValueError, match="fractions"):
        c.leading_share(*bad)


def test_entry_of_a_worked_example():
    # 90 % and 10 %; two entrants take 40: 50² + 2 x 20² + 10².
    assert c.hhi_after_entry(90, 100, 40, 2) == pytest.approx(3400)
    assert c.hhi_after_entry(90, 100, 0, 1) == pytest.approx(8200)
    with pytest.raises(ValueError, match="loses"):
        c.hhi_after_entry(50, 0, 51, 1)
    with pytest.raises(ValueError, match="entrant"):
        c.hhi_after_entry(50, 0, 5, 0)


@given(st.floats(50, 100), st.integers(1, 9))
@FEW
def test_the_loss_reaches_the_threshold_or_cannot(leader, entrants):
    others = (100 - leader) ** 2 / 3
    lost = c.loss_to_reach(2500, leader, others, entrants)
    best = leader**2 / (entrants + 1) + others
    if np.isnan(lost):
        assert best > 2500
    elif lost > 0:
        assert c.hhi_after_entry(leader, others, lost, entrants) == pytest.approx(2500)
        assert lost <= leader * entrants / (entrants + 1) + 1e-9


def test_a_threshold_reached_already_needs_no_loss():
    assert c.loss_to_reach(2500, 40, 200, 1) == 0
    assert np.isnan(c.loss_to_reach(2500, 90, 100, 1))
    assert c.loss_to_reach(2500, 100, 0, 3) == pytest.approx(75)  # four equal makers
