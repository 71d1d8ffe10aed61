"""Critical paths and pooled lead times, against closed forms, hand-worked networks and networkx."""

import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory import uncertainty
from aifactory.models.power import critical_path as cp

N = 200_000
FORK = {"a": (), "b": (), "done": ("a", "b")}


def draws(name: str) -> np.random.Generator:
    return np.random.default_rng(abs(hash_of(name)))


def hash_of(name: str) -> int:
    return int.from_bytes(name.encode()[:8].ljust(8, b"_"), "big")


# -- forward pass ---------------------------------------------------------------------------------


def test_a_network_worked_by_hand():
    # Starts: a 0, b 0; c after a (3), d after a and b (4), e after c and d: 4 + 5 = 9, then 2.
    graph = cp.network(
        {"a": (), "b": (), "c": ("a",), "d": ("a", "b"), "e": ("c", "d"), "done": ("e",)}
    )
    months = {"a": 3, "b": 4, "c": 5, "d": 5, "e": 2}
    ends = {k: float(v) for k, v in cp.finish_times(graph, months).items()}
    assert ends == {"a": 3, "b": 4, "c": 8, "d": 9, "e": 11, "done": 11}
    on = cp.critical(graph, months)
    assert {a for a, v in on.items() if v} == {"b", "d", "e", "done"}


def test_max_of_two_exponentials():
    rng = draws("exponentials")
    ends = cp.finish_times(
        cp.network(FORK), {"a": rng.exponential(1, N), "b": rng.exponential(1, N)}
    )
    assert ends["done"].mean() == pytest.approx(1.5, abs=0.01)  # 1 + 1/2
    assert ends["done"].var() == pytest.approx(1.25, abs=0.03)  # 1 + 1/4


def test_max_of_two_triangulars():
    # Symmetric on (0, 2): P(max <= 1) = 1/4 and E[max] = 1 + the integral of F(1 - F) = 1 + 7/30.
    rng = draws("triangulars")
    tri = uncertainty.triangular(0, 1, 2)
    done = cp.finish_times(cp.network(FORK), {k: tri.sample(N, rng) for k in "ab"})["done"]
    assert (done <= 1).mean() == pytest.approx(0.25, abs=0.004)
    assert done.mean() == pytest.approx(1 + 7 / 30, abs=0.003)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_max_of_two_normals_has_clarks_moments(rho):
    # Clark (1961): E[max] = m1 Phi(k) + m2 Phi(-k) + s phi(k), s^2 = s1^2 + s2^2 - 2 rho s1 s2.
    from scipy.stats import norm

    rng = draws("clark")
    scores = pd.DataFrame(rng.standard_normal((N, 3)), columns=["a", "b", "market"])
    z = cp.correlate(scores, ["a", "b"], rho)
    assert np.corrcoef(z["a"], z["b"])[0, 1] == pytest.approx(rho, abs=0.01)
    done = cp.finish_times(cp.network(FORK), {"a": 60 + 5 * z["a"], "b": 58 + 8 * z["b"]})["done"]
    s = math.sqrt(25 + 64 - 2 * rho * 40)
    k = 2 / s
    mean = 60 * norm.cdf(k) + 58 * norm.cdf(-k) + s * norm.pdf(k)
    assert done.mean() == pytest.approx(mean, abs=0.06)


def test_beta_pert_moments_add_along_a_path():
    # PERT (Malcolm et al. 1959): mean (a + 4m + b)/6; along one path means and variances add.
    rng = draws("pert")
    ranges = [(2, 4, 12), (1, 5, 6), (10, 10, 16)]
    graph = cp.network({"a": (), "b": ("a",), "c": ("b",), "done": ("c",)})
    months = {k: uncertainty.pert(*r).sample(N, rng) for k, r in zip("abc", ranges, strict=True)}
    means = [(a + 4 * m + b) / 6 for a, m, b in ranges]
    variances = [(mu - a) * (b - mu) / 7 for mu, (a, m, b) in zip(means, ranges, strict=True)]
    done = cp.finish_times(graph, months)["done"]
    assert done.mean() == pytest.approx(sum(means), abs=0.02)
    assert done.var() == pytest.approx(sum(variances), rel=0.02)


def test_a_circle_and_a_negative_time_are_refused():
    with pytest.raises(ValueError, match="wait for each other"):
        cp.network({"a": ("b",), "b": ("a",)})
    with pytest.raises(ValueError, match="a takes a negative time"):
        cp.finish_times(cp.network(FORK), {"a": -1.0})


# -- invariants on random networks ----------------------------------------------------------------


@st.composite
def projects(draw):
    size = draw(st.integers(2, 7))
    names = [f"t{i}" for i in range(size)]
    after = {n: tuple(p for p in names[:i] if draw(st.booleans())) for i, n in enumerate(names)}
    months = {
        n: np.array(draw(st.lists(st.integers(0, 60), min_size=3, max_size=3)), float)
        for n in names
    }
    return {**after, "done": tuple(names)}, months


@settings(max_examples=60, deadline=None)
@given(projects())
def test_the_longest_path_agrees_with_networkx_and_with_the_list_of_paths(project):
    after, months = project
    graph = cp.network(after)
    done = cp.finish_times(graph, months)["done"]
    for i in range(3):
        weighted = nx.DiGraph()
        weighted.add_nodes_from(graph)
        weighted.add_edges_from((a, b, {"w": months[a][i]}) for a, b in graph.edges)
        assert done[i] == nx.dag_longest_path_length(weighted, weight="w")
    sums = [sum(months.get(a, 0.0) for a in p) for p in cp.paths(graph)]
    assert np.array_equal(np.max(sums, axis=0), done)


@settings(max_examples=60, deadline=None)
@given(projects(), st.integers(0, 6), st.integers(0, 40))
def test_lengthening_an_activity_never_shortens_the_project(project, which, longer):
    after, months = project
    name = list(months)[which % len(months)]
    graph = cp.network(after)
    before = cp.finish_times(graph, months)["done"]
    now = cp.finish_times(graph, {**months, name: months[name] + longer})["done"]
    assert (now >= before).all()
    assert (now <= before + longer).all()


@settings(max_examples=60, deadline=None)
@given(projects(), st.integers(0, 6))
def test_what_freeing_an_activity_saves(project, which):
    after, months = project
    name = list(months)[which % len(months)]
    graph = cp.network(after)
    saved = cp.gain(graph, months, [name])
    assert ((saved >= 0) & (saved <= months[name])).all()
    # What is off the critical path saves nothing.
    assert (saved[~cp.critical(graph, months)[name]] == 0).all()


@settings(max_examples=60, deadline=None)
@given(projects())
def test_the_critical_path_holds_the_whole_project(project):
    after, months = project
    graph = cp.network(after)
    held = cp.longest_pole(graph, months, {n: n for n in months})
    done = cp.finish_times(graph, months)["done"]
    # Equal where the path is unique; ties put more on it, never less.
    assert (held.sum(axis=1).to_numpy() >= done - 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(projects(), st.floats(0.1, 10))
def test_another_unit_of_time_changes_nothing_else(project, scale):
    after, months = project
    graph = cp.network(after)
    done = cp.finish_times(graph, months)["done"]
    scaled = cp.finish_times(graph, {k: v * scale for k, v in months.items()})["done"]
    assert scaled == pytest.approx(done * scale)


# -- pooled lead times ----------------------------------------------------------------------------


def rows(groups, kind="quoted", item="x"):
    return pd.DataFrame(
        [
            {"item": item, "kind": kind, "origin": f"o{g}", "central": math.exp(v)}
            for g, values in enumerate(groups)
            for v in values
        ]
    ).assign(low=np.nan, high=np.nan)


def test_balanced_groups_give_the_variances_of_the_analysis_of_variance():
    # One-way random effects, balanced: the restricted likelihood has the closed form
    # within = MSW, between = (MSB - MSW) / n.
    groups = [[2.0, 2.2, 2.1], [3.0, 3.3, 3.1], [2.5, 2.4, 2.9], [3.6, 3.4, 3.5]]
    array = np.array(groups)
    msw = array.var(axis=1, ddof=1).mean()
    msb = 3 * array.mean(axis=1).var(ddof=1)
    found = cp.pool(rows(groups))
    assert found.row_sd**2 == pytest.approx(msw, rel=1e-3)
    assert found.origin_sd**2 == pytest.approx((msb - msw) / 3, rel=1e-3)
    spread = found.items.loc["x", "spread"]
    assert spread**2 == pytest.approx((msb - msw) / 3 + msw, rel=1e-3)
    assert found.items.loc["x", "log_mean"] == pytest.approx(array.mean())
    assert found.items.loc["x", "se"] == pytest.approx(math.sqrt(msb / 12), rel=1e-3)


def test_one_row_an_origin_gives_mean_and_standard_error():
    values = [2.0, 2.5, 3.0, 3.5]
    found = cp.pool(rows([[v] for v in values]))
    total = found.origin_sd**2 + found.row_sd**2
    assert total == pytest.approx(np.var(values, ddof=1), rel=1e-3)
    assert found.items.loc["x", "se"] == pytest.approx(np.std(values, ddof=1) / 2, rel=1e-3)


def test_a_kind_that_always_says_half_is_seen_and_does_not_move_the_item():
    honest = rows([[2.0], [2.2], [2.4]]), rows([[3.0], [3.2], [3.4]], item="y")
    sellers = [h.assign(kind="seller", central=h["central"] / 2) for h in honest]
    found = cp.pool(pd.concat([*honest, *sellers], ignore_index=True))
    assert math.exp(found.kinds.loc["seller", "effect"]) == pytest.approx(0.5, rel=1e-6)
    # Read at the average over the two kinds: the middle between them in logarithms.
    assert found.items.loc["x", "log_mean"] == pytest.approx(2.2 - math.log(2) / 2)
    assert found.items.loc["y", "log_mean"] - found.items.loc["x", "log_mean"] == pytest.approx(1)


def test_a_stated_range_widens_the_spread():
    plain = rows([[2.0], [2.5], [3.0]])
    ranged = plain.assign(low=plain["central"] / 2, high=plain["central"] * 2)
    wide = cp.pool(ranged).items.loc["x", "spread"]
    narrow = cp.pool(plain).items.loc["x", "spread"]
    inside = 2 * math.log(2) / (2 * uncertainty.Z95)
    assert wide**2 - narrow**2 == pytest.approx(inside**2, rel=1e-6)


def test_scores_become_the_quantiles():
    found = cp.pool(rows([[2.0], [2.5], [3.0]]))
    ends = found.months(pd.DataFrame({"x": [-uncertainty.Z95, 0.0, uncertainty.Z95]}))["x"]
    assert ends.to_numpy() == pytest.approx(found.quantiles().loc["x"].to_numpy())


def test_pooling_refuses_nothing_and_waits_of_zero():
    with pytest.raises(ValueError, match="waits above zero"):
        cp.pool(rows([[2.0]]).assign(central=0.0))
    with pytest.raises(ValueError, match="at least one row"):
        cp.pool(rows([[2.0]]).iloc[:0])


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1))
def test_correlation_leaves_each_wait_alone(rho):
    rng = draws("marginals")
    scores = pd.DataFrame(rng.standard_normal((4000, 3)), columns=["a", "b", "market"])
    out = cp.correlate(scores, ["a"], rho)
    assert out["a"].std() == pytest.approx(1, abs=0.06)
    assert out["b"].equals(scores["b"])


@pytest.mark.parametrize("rho", [-0.1, 1.1])
def test_no_correlation_outside_zero_to_one(rho):
    with pytest.raises(ValueError, match="between 0 and 1"):
        cp.correlate(pd.DataFrame({"a": [0.0], "market": [0.0]}), ["a"], rho)


# -- the routes -----------------------------------------------------------------------------------

MONTHS = {
    "land_purchase": 4.0,
    "zoning": 10.0,
    "building": 20.0,
    "step_up": 30.0,
    "breaker": 25.0,
    "switchgear": 12.0,
    "substation": 5.0,
    "grid": 40.0,
    "grid_partial": 13.0,
    "turbine_heavy": 50.0,
    "erection_heavy": 12.0,
    "turbine_small": 20.0,
    "erection_small": 5.0,
    "turbine_mobile": 2.0,
    "ramp": 11.0,
    "gas_lateral": 9.0,
    "air_permit": 8.0,
}
SINGLE = ("erection_heavy", "erection_small", "substation", "ramp")
BY_HAND = {  # land, building, power, done, power alone
    "Grid only": (14, 34, 44, 44, 40),  # land 4 + grid 40
    "Own large plant": (14, 34, 62, 62, 62),  # turbine 50 + erection 12
    "Hybrid": (14, 34, 35, 35, 35),  # step-up transformer 30 + substation 5
    "Mobile turbines": (14, 34, 24, 34, 20),  # land 4 + gas 9 + ramp 11; the building is later
}


@pytest.mark.parametrize("route", cp.ROUTES)
def test_each_route_worked_by_hand(route):
    found = cp.readiness(cp.network(cp.ROUTES[route]), MONTHS).iloc[0]
    assert tuple(found[["land", "building", "power", "done", "power_alone"]]) == BY_HAND[route]
    assert found["margin"] == BY_HAND[route][4] - BY_HAND[route][0]


@pytest.mark.parametrize("route", cp.ROUTES)
def test_slower_land_lowers_the_margin_month_by_month(route):
    graph = cp.network(cp.ROUTES[route])
    slow = cp.readiness(graph, MONTHS | {"zoning": 40.0})["margin"][0]
    assert slow == cp.readiness(graph, MONTHS)["margin"][0] - 30


def test_every_activity_has_a_chain_and_a_time():
    used = {a for net in cp.ROUTES.values() for a in net} - {"power", "done"}
    assert used == set(cp.CHAIN_OF) == set(MONTHS)


def test_the_pole_of_each_route_by_hand():
    found = cp.poles(MONTHS)
    assert found.groupby("route")["share"].sum().eq(1).all()
    poles = found[found["share"] == 1].set_index("route")["chain"]
    assert poles.to_dict() == {
        "Grid only": "grid",
        "Own large plant": "turbines",
        "Hybrid": "transformers",
        "Mobile turbines": "building",
    }


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 4), st.floats(0.1, 4), st.floats(0.1, 4))
def test_the_table_for_the_page_gives_the_same_project(turbine, grid, land):
    sliders = {
        "turbine": ("turbine_heavy", "turbine_small", "turbine_mobile", "ramp"),
        "grid": ("grid", "grid_partial"),
        "land": ("land_purchase", "zoning"),
    }
    graphs = {r: cp.network(net) for r, net in cp.ROUTES.items()}
    table = cp.path_table(graphs, MONTHS, sliders)
    factor = {"turbine": turbine, "grid": grid, "land": land}
    table["total"] = table["fixed"] + sum(factor[s] * table[s] for s in sliders)
    months = dict(MONTHS)
    for s, activities in sliders.items():
        months |= {a: MONTHS[a] * factor[s] for a in activities}
    for route, graph in graphs.items():
        ends = cp.finish_times(graph, months)
        own = table[table["route"] == route]
        assert own["total"].max() == pytest.approx(ends["done"])
        through = own[own["to_power"]]
        assert through["total"].max() == pytest.approx(ends["power"])
        alone = (through["total"] - land * through["land"]).max()
        assert alone == pytest.approx(cp.readiness(graph, months)["power_alone"][0])


def test_what_each_chain_would_save_by_hand():
    groups = {
        "electricity": cp.ELECTRICITY,
        "land": ("land_purchase", "zoning"),
        "building": ("building",),
    }
    found = cp.gains(MONTHS, groups).T.to_dict()
    assert found["Grid only"] == {"electricity": 10, "land": 4, "building": 0}
    assert found["Own large plant"] == {"electricity": 28, "land": 0, "building": 0}
    assert found["Mobile turbines"] == {"electricity": 0, "land": 14, "building": 10}


def test_scaling_electrical_waits():
    found = cp.scaled_chances(MONTHS, [0.2, 1.0], 6).set_index(["route", "scale"])
    assert found.loc[("Grid only", 0.2), "margin"] == 40 * 0.2 - 14
    assert found.loc[("Grid only", 0.2), "chance"] == 0
    assert found.loc[("Grid only", 1.0), "chance"] == 1
    assert cp.chances(MONTHS, 6).to_dict() == {
        "Grid only": 1.0,
        "Own large plant": 1.0,
        "Hybrid": 1.0,
        "Mobile turbines": 1.0,  # 20 - 14, just
    }


def test_durations_at_the_median_are_the_pooled_medians():
    items = [a for a in MONTHS if a not in SINGLE] + ["grid_us", "transformer"]
    pooled = cp.pool(pd.concat([rows([[2.0]], item=i) for i in items], ignore_index=True))
    zero = pd.DataFrame(0.0, index=[0], columns=[*items, "market"])
    months = cp.durations(pooled, zero, {k: np.array([3.0]) for k in SINGLE}, 0.5)
    assert months["grid"][0] == pytest.approx(math.exp(2.0))
    assert months["ramp"][0] == 3.0
    assert cp.ready(months)["Grid only"]["margin"][0] == pytest.approx(
        math.exp(2.0) + 3 - 2 * math.exp(2.0)
    )
