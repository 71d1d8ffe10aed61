"""Distributions hit their quantiles; indices match the closed forms of test functions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.sample import sobol
from scipy import stats

from aifactory import uncertainty as unc

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(FINITE, min_size=3, max_size=3).map(sorted))
def test_from_range_hits_its_three_quantiles(values):
    low, central, high = values
    dist = unc.from_range(low, central, high)
    got = dist.ppf(np.array([0.05, 0.5, 0.95]))
    np.testing.assert_allclose(got, values, rtol=1e-6, atol=1e-6)


@given(
    st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=3).map(sorted),
    st.lists(st.floats(1e-9, 1 - 1e-9), min_size=2, max_size=20).map(sorted),
)
def test_quantile_functions_rise_and_stay_positive(values, u):
    got = unc.from_range(*values).ppf(np.array(u))
    assert (np.diff(got) >= 0).all()
    assert (got > 0).all()


def test_two_parameter_families_hit_their_quantiles():
    u = np.array([0.05, 0.95])
    np.testing.assert_allclose(unc.normal(-3, 5).ppf(u), [-3, 5])
    np.testing.assert_allclose(unc.lognormal(2, 50).ppf(u), [2, 50])
    np.testing.assert_allclose(unc.uniform(0, 10).ppf(u), [0.5, 9.5])


def test_pert_and_triangular_have_their_textbook_means():
    u = (np.arange(200_000) + 0.5) / 200_000
    assert unc.pert(2, 5, 14).ppf(u).mean() == pytest.approx((2 + 4 * 5 + 14) / 6, rel=1e-4)
    assert unc.triangular(2, 5, 14).ppf(u).mean() == pytest.approx((2 + 5 + 14) / 3, rel=1e-4)


def test_empirical_gives_back_its_order_statistics():
    dist = unc.empirical(np.array([3.0, 1.0, 2.0]))
    np.testing.assert_allclose(dist.ppf(np.array([0, 0.5, 1])), [1, 2, 3])


@pytest.mark.parametrize("values", [(3, 2, 1), (1, float("nan"), 2), (0, 1, float("inf"))])
def test_values_out_of_order_or_not_finite_are_refused(values):
    with pytest.raises(ValueError, match="needs"):
        unc.from_range(*values)


@pytest.mark.parametrize("method", ["lhs", "sobol", "random"])
def test_samples_are_joint_uniform_and_repeatable(method):
    inputs = {"a": unc.uniform(0, 1), "b": unc.normal(-1, 1)}
    one = unc.sample(inputs, 256, np.random.default_rng(7), method)
    two = unc.sample(inputs, 256, np.random.default_rng(7), method)
    assert one.equals(two)
    assert one.shape == (256, 2)
    assert one["a"].mean() == pytest.approx(0.5, abs=0.06)
    assert abs(one.corr().loc["a", "b"]) < 0.2


def test_latin_hypercube_puts_one_draw_in_each_stratum():
    draws = unc.sample({"a": unc.uniform(0, 1)}, 100, np.random.default_rng(1))["a"]
    assert sorted(np.floor(draws * 100)) == list(range(100))


def test_unknown_method_and_no_inputs_are_refused():
    with pytest.raises(ValueError, match="unknown sampling method 'grid'; use one of"):
        unc.sample({"a": unc.constant(1)}, 4, np.random.default_rng(1), "grid")
    with pytest.raises(ValueError, match="at least one input"):
        unc.sample({}, 4, np.random.default_rng(1))


def test_interval_of_known_sample():
    assert tuple(unc.interval(np.arange(101))) == (5, 50, 95)
    for bad in ([], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="no NaN"):
            unc.interval(bad)


def test_sobol_indices_of_the_ishigami_function():
    """Closed forms for a = 7, b = 0.1 (Ishigami and Homma 1990): 0.314, 0.442, 0; ST3 = 0.244."""
    inputs = {k: unc.uniform(-np.pi, np.pi) for k in ("x1", "x2", "x3")}

    def ishigami(x):
        return np.sin(x["x1"]) + 7 * np.sin(x["x2"]) ** 2 + 0.1 * x["x3"] ** 4 * np.sin(x["x1"])

    got = unc.sobol_indices(ishigami, inputs, 4096, np.random.default_rng(3)).set_index("input")
    np.testing.assert_allclose(got.loc[["x1", "x2", "x3"], "first"], [0.314, 0.442, 0], atol=0.03)
    np.testing.assert_allclose(
        got.loc[["x1", "x2", "x3"], "total"], [0.558, 0.442, 0.244], atol=0.03
    )


@pytest.mark.parametrize("groups", [None, ["x", "y", "x", "z"]])
def test_the_design_is_salibs(groups):
    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[0.0, 1.0]] * 4}
    problem |= {"groups": groups} if groups else {}
    got = unc.saltelli_design(problem, 16, seed=5)
    want = sobol.sample(problem, 16, calc_second_order=False, seed=5)
    np.testing.assert_array_equal(got, np.clip(want, 1e-9, 1 - 1e-9))


def test_sobol_indices_need_an_output_that_varies():
    with pytest.raises(ValueError, match="does not vary"):
        unc.sobol_indices(
            lambda x: np.ones(len(x)), {"a": unc.uniform(0, 1)}, 8, np.random.default_rng(1)
        )


def test_tornado_orders_inputs_by_swing():
    inputs = {"small": unc.normal(-1, 1), "large": unc.normal(-1, 1)}
    got = unc.tornado(lambda x: x["small"] + 10 * x["large"], inputs)
    assert list(got["input"]) == ["large", "small"]
    np.testing.assert_allclose(got["swing"], [20, 2])
    np.testing.assert_allclose(got.loc[0, ["at_low", "at_high"]].astype(float), [-10, 10])


LEVELS = np.linspace(0.0005, 0.9995, 201)
QUICK = {
    "split-lognormal": unc.from_range(1, 2, 7),
    "split-normal": unc.from_range(-3, 1, 2),
    "normal": unc.normal(-1, 4),
    "lognormal": unc.lognormal(2, 50),
    "held": unc.held(unc.from_range(0.5, 0.9, 1.3), 0.6, 1.0),
}


@pytest.mark.parametrize("law", QUICK)
def test_the_way_through_normal_values_is_the_quantile_function(law):
    z = np.random.default_rng(1).standard_normal(2000)
    dist = QUICK[law]
    np.testing.assert_allclose(dist.of_normal(z), dist.ppf(stats.norm.cdf(z)), rtol=1e-12)


@pytest.mark.parametrize("law", [*QUICK, "table", "uniform"])
def test_quick_draws_have_the_same_law_as_inverted_ones(law):
    more = {"table": unc.tabulated(LEVELS, LEVELS**3), "uniform": unc.uniform(2, 3)}
    dist = (QUICK | more)[law]
    one, two = (
        way(20_000, np.random.default_rng(n)) for n, way in ((1, dist.draw), (2, dist.sample))
    )
    assert stats.ks_2samp(one, two).pvalue > 1e-3


CLIPPED = np.clip(np.linspace(0, 1, 201), 0.0005, 0.9995)


@given(
    st.sampled_from([CLIPPED, np.linspace(0, 1, 2), np.linspace(0.1, 0.9, 17), np.sqrt(LEVELS)]),
    st.integers(0, 9),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_a_table_is_linear_interpolation(levels, seed, u):
    values = np.sort(np.random.default_rng(seed).standard_normal(len(levels)))
    got = unc.tabulated(levels, values).ppf(np.array([*u, *levels, 0, 1]))
    wanted = np.interp([*u, *levels, 0, 1], levels, values)
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


def test_a_table_out_of_order_is_refused():
    for levels, values in (([0, 0.5, 0.5], [1, 2, 3]), ([0, 0.5, 1], [1, 3, 2])):
        with pytest.raises(ValueError, match="rising"):
            unc.tabulated(np.array(levels), np.array(values))
