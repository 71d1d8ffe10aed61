"""The island's swing model against closed forms, and what must hold whatever the plant."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aifactory.models.power import stability as st

TYPICAL = {
    "r": 0.04, "kpgov": 10, "kigov": 2, "kturb": 1.5, "wfnl": 0.2, "tact": 0.5, "tb": 0.5,
    "tpelec": 1, "ropen": 0.1, "rclose": -0.1, "maxerr": 0.05, "vmin": 0.15, "vmax": 1,
    "ldref": 1, "kpload": 2, "kiload": 0.67, "tfload": 3, "tsa": 4, "tsb": 5, "ka": 10,
    "aset": 0.01, "ta": 0.1,
}  # fmt: skip
GGOV1 = st.Ggov1.typical(TYPICAL)
FREE = replace(GGOV1, ropen=99.0, rclose=-99.0)
GAST = st.Gast(r=0.04, t1=0.5, t2=0.5, t3=3, at=1, kt=3, vmax=1, vmin=0, dturb=0)
PLANT = st.Plant(rating_mw=1440.0, inertia_s=3.0)


def close(a, b, rel):
    np.testing.assert_allclose(a, b, rtol=rel)


def test_initial_slope_is_the_textbook_rocof():
    run = st.simulate(st.step_load(1200, 100, 0.0), PLANT, None, steps=20, dt_s=0.001, every=1)
    slope = (run.frequency_hz[-1] - run.frequency_hz[9]) / 0.010
    close(slope, -st.rocof_hz_per_s(100, 3.0, 1440), 1e-9)
    close(st.rocof_hz_per_s(100, 3.0, 1440), 60 * 100 / (2 * 3 * 1440), 1e-12)


@pytest.mark.parametrize("hz", [0.2, 1.0, 5.0, 20.0])
def test_sinusoid_under_inertia_alone(hz):
    load = st.sine_load(1000, 120, hz)
    run = st.simulate(load, PLANT, None, steps=2000, dt_s=1 / (200 * hz), every=1)
    swing = run.amplitude(np.array([hz]))
    close(swing, st.inertia_only_hz(120, hz, 3.0, 1440), 0.01)
    drift = replace(run, frequency_hz=run.frequency_hz + 0.1 * hz * run.time_s)
    close(drift.amplitude(np.array([hz])), swing, 1e-9)


@pytest.mark.parametrize("damping", [0.0, 1.5])
@pytest.mark.parametrize("change", [-60.0, 60.0])
def test_gast_settles_where_droop_and_damping_say(damping, change):
    plant = replace(PLANT, inertia_s=6.0, damping_pu=damping)
    run = st.simulate(st.step_load(1000, change), plant, GAST, steps=12000, every=100)
    close(run.frequency_hz[-1] - 60, st.steady_deviation_hz(change, 1440, 0.04, damping), 1e-3)


def test_ggov1_settles_on_its_droop():
    run = st.simulate(st.step_load(1000, -60), PLANT, FREE.tuned(3.0), steps=12000, every=100)
    close(run.frequency_hz[-1] - 60, st.steady_deviation_hz(-60, 1440, 0.04), 1e-3)


def test_ggov1_rings_at_its_ultimate_gain_and_not_below():
    """Routh: 2 H (Tact + Tb) / (Tact Tb Kturb); the power feedback is taken out by r = 0."""
    base = replace(FREE, r=0.0, kigov=0.0, aset=99.0)
    gain = float(base.ultimate_gain(3.0))
    assert gain == pytest.approx(2 * 3 * 1.0 / (0.25 * 1.5))
    kp = gain * np.array([0.5, 1.0, 1.2])
    run = st.simulate(
        st.step_load(1000, np.full(3, -2.0)), PLANT, replace(base, kpgov=kp), steps=30000,
        dt_s=0.002, every=50,
    )  # fmt: skip
    late = np.ptp(run.frequency_hz[-100:], axis=0)
    early = np.ptp(run.frequency_hz[100:200], axis=0)
    ratio = late / early
    assert ratio[0] < 0.01
    assert 0.7 < ratio[1] < 1.4
    assert ratio[2] > 5


def test_valve_moves_no_faster_than_its_limits():
    run = st.simulate(st.step_load(1200, -300), PLANT, GGOV1.tuned(3.0), steps=1500, every=1)
    fastest = np.abs(np.diff(run.turbine_mw, axis=0)).max() / 0.01 / 1440
    assert fastest <= 0.1 * 1.5 + 1e-9
    free = st.simulate(st.step_load(1200, -300), PLANT, FREE.tuned(3.0), steps=1500, every=1)
    assert np.abs(np.diff(free.turbine_mw, axis=0)).max() / 0.01 / 1440 > 0.15


def test_temperature_limit_holds_the_turbine_at_its_rating():
    plant = replace(PLANT, rating_mw=1250.0)
    run = st.simulate(st.step_load(1200, 150), plant, GGOV1.tuned(3.0), steps=6000, every=10)
    assert run.turbine_mw[-1] == pytest.approx(1250, rel=0.02)
    assert run.frequency_hz[-1] < 50


def test_energy_is_conserved():
    """Work of turbines and storage less load is the kinetic energy gained, 2 H S (w - 1)."""
    load, governor = st.square_load(1100, 200, 0.3, 0.4), FREE.tuned(3.0)
    run = st.simulate(load, PLANT, governor, st.Storage(200), steps=9000, dt_s=0.001, every=1)
    t, w = run.time_s[:, 0], run.frequency_hz[:, 0] / 60
    demand = np.array([load(x) for x in t - 0.001])
    before = np.vstack([[demand[0]], run.turbine_mw[:-1]])[:, 0]
    work = np.cumsum(before + run.storage_mw[:, 0] - demand) * 0.001
    # linear form: torque and power are one, and so is the energy of a small change of speed
    close(work[5000::1000], (2 * 3 * 1440 * (w - 1))[5000::1000], 1e-6)


def test_storage_energy_is_the_integral_of_its_power():
    run = st.simulate(
        st.step_load(1200, 100), PLANT, FREE.tuned(3.0), st.Storage(150), steps=3000, every=1
    )
    total = np.cumsum(run.storage_mw[:, 0]) * 0.01 / 3600
    close(run.storage_range_mwh[0], max(total.max(), 0) - min(total.min(), 0), 1e-9)


def test_storage_keeps_to_its_rating_and_pushes_both_ways():
    load = st.square_load(1100, 500, 0.5, 0.2)
    run = st.simulate(load, PLANT, FREE.tuned(3.0), st.Storage(100.0), steps=2000)
    assert run.storage_mw.max() == pytest.approx(100, rel=0.01)
    assert run.storage_mw.min() == pytest.approx(-100, rel=0.01)


def test_losing_a_unit_is_a_step_of_its_power():
    lost = 48 / 1440
    off = st.simulate(
        st.step_load(1000, 0), PLANT, None, steps=30, every=1, dt_s=0.001,
        online=lambda t: np.where(t >= 0.01, 1 - lost, 1.0),
    )  # fmt: skip
    slope = (off.frequency_hz[25] - off.frequency_hz[15]) / 0.010
    close(slope, -60 * (1000 * lost / 1440) / (2 * 3 * (1 - lost)), 1e-6)


def test_a_plant_too_small_for_its_load_is_refused():
    with pytest.raises(ValueError, match="exceeds the rating"):
        st.simulate(st.step_load(1500, 0), PLANT, None, steps=1)


def test_bounds_count_unbroken_time():
    t = np.arange(0, 10, 0.1)[:, None]
    dip = np.where((t > 1) & (t < 3.25), 57.8, 60.0)
    twice = np.where(((t > 1) & (t < 2.5)) | ((t > 4) & (t < 5.5)), 57.8, 60.0)
    f = np.hstack([dip, twice])
    run = st.Swing(t * np.ones(2), f, 0 * f, 0 * f, np.zeros(2))
    assert st.leaves(run, [st.Bound("low", 2.0, 58.0)]).tolist() == [True, False]
    assert st.leaves(run, [st.Bound("low", 0.0, 57.5)]).tolist() == [False, False]
    assert st.leaves(run, [st.Bound("high", 0.0, 59.9)]).tolist() == [True, True]


def test_passes_takes_any_quantity_and_a_limit_a_case():
    volts = np.ones((100, 3))
    volts[10:50, 0], volts[10:14, 1], volts[10:50, 2] = 0.75, 0.75, 0.85
    itic = [st.Bound("low", 0.02, 0.7), st.Bound("low", 0.5, np.array([0.8, 0.8, 0.8]))]
    assert st.passes(volts, 0.02, itic).tolist() == [True, False, False]
    assert st.passes(volts + 0.3, 0.02, [st.Bound("high", 0.9, 1.2)]).tolist() == [True] * 3


def test_longest_time_below_a_voltage():
    t = np.arange(0, 1, 0.01)
    v = np.where((t > 0.095) & (t < 0.245), 0.5, 1.0)
    assert st.longest_below_s(t, v, 0.7) == pytest.approx(0.15)


def test_bisection_finds_a_known_threshold():
    need = np.array([0.0, 123.0, 999.0])
    got = st.least_storage_mw(lambda p: p >= need, np.full(3, 500.0), rounds=12)
    assert got[0] == 0
    assert 123 <= got[1] <= 123 + 500 / 2**12
    assert np.isnan(got[2])


def test_least_storage_for_a_step_is_the_least():
    """A step that the plant stands needs none; a larger one needs just what a finer search says."""
    load = st.step_load(1200, np.array([-20.0, -400.0, -1100.0]), 0.5, 0.2)
    bounds = [st.Bound("high", 0, 61.0)]
    lag = np.full(3, 0.05)
    need = st.least_storage_for(
        load, PLANT, FREE.tuned(3.0), bounds, lag_s=lag, most_mw=300.0, rounds=8
    )
    assert need[0] == 0
    assert need[2] == 300
    around = np.array([0, need[1] - 2, 0])
    battery = st.Storage(around, lag_s=lag)
    run = st.simulate(load, PLANT, FREE.tuned(3.0), battery, steps=750, dt_s=0.02)
    assert st.leaves(run, bounds)[1]
    run = st.simulate(
        load, PLANT, FREE.tuned(3.0), replace(battery, power_mw=need), steps=750, dt_s=0.02
    )
    assert not st.leaves(run, bounds)[1]


def test_retained_voltage_is_the_divider():
    assert st.retained_voltage(0.3, 0.3) == pytest.approx(0.5)
    assert st.retained_voltage(0.0, 0.3, 0.8) == 0
    assert st.retained_voltage(0.3, 0.3, 0.5) == pytest.approx(0.5 + 0.5 * 0.15)
    assert st.retained_voltage(1e9, 0.3, 0.5) == pytest.approx(1.0)


def test_worst_window_finds_the_dip_and_not_the_start():
    t = np.arange(0, 300, 2.0)
    power = np.where(t < 20, 10.0, 100.0)
    power[(t > 200) & (t < 220)] = 40.0
    window = st.worst_window(t, power, cut_s=30, span_s=60, step_s=0.5)
    assert window.shape == (121,)
    assert window[0] == 1
    assert window.min() == pytest.approx(0.4)


def test_a_stop_is_read_from_the_last_moment_under_load():
    t = np.arange(0, 300, 0.5)
    power = np.clip(100 - 40 * (t - 200), 20, 100.0)
    power[(t < 30)] = 5.0
    stop = st.stop_window(t, power, cut_s=50, lead_s=5, clock=np.arange(0, 20, 0.5))
    assert stop[:11].tolist() == [1.0] * 11
    assert stop[12:15] == pytest.approx([0.6, 0.4, 0.2])
    assert stop[-1] == pytest.approx(0.2)
    assert st.largest_fall(stop, 2) == pytest.approx(0.4)
    assert st.largest_fall(1 - stop[:11], 2) == 0


def test_coherence_of_series_in_step_and_of_strangers():
    rng = np.random.default_rng(1)
    one = rng.standard_normal((4000, 1))
    assert st.coherence(np.hstack([one] * 8)) == pytest.approx((1.0, 1.0))
    mean, share = st.coherence(rng.standard_normal((4000, 16)))
    assert abs(mean) < 0.03
    assert share == pytest.approx(1 / 4, abs=0.03)


def test_band_share_of_two_tones():
    t = np.arange(0, 600, 0.1)
    power = 3 * np.sin(2 * np.pi * 0.05 * t) + np.sin(2 * np.pi * 1.0 * t)
    assert st.band_share(power, 0.1, 0.5, 2) == pytest.approx(0.1, abs=0.01)


def test_square_load_has_its_mean_swing_and_period():
    load = st.square_load(1000, 200, 0.5, 0.1)
    t = np.arange(0, 20, 0.001)
    power = load(t)
    assert power.mean() == pytest.approx(1000, abs=0.1)
    assert (power.min(), power.max()) == (pytest.approx(900), pytest.approx(1100))
    close(load(t + 2.0), power, 1e-9)
    assert load(np.zeros(1)) == pytest.approx(1000)


def test_trace_load_reads_between_samples():
    load = st.trace_load(np.array([0.0, 2.0, 4.0]), np.array([[10.0, 1], [20, 2], [20, 4]]))
    close(load(np.full(2, 1.0)), [15, 1.5], 1e-12)
    close(load(np.full(2, 9.0)), [20, 4], 1e-6)


plants = some.tuples(
    some.floats(1.0, 6.0),  # H
    some.floats(5, 40),  # swing in MW: small, so that no limit acts
    some.floats(0.01, 0.1),  # lag of storage
)


@settings(max_examples=25, deadline=None)
@given(plants, some.floats(0.1, 5.0))
def test_linear_swings_are_symmetric_and_scale(plant, hz):
    inertia, size, lag = plant
    swing = np.array([size, -size, 2 * size])
    governor = FREE.tuned(inertia)
    run = st.simulate(
        st.sine_load(1000, swing, hz), replace(PLANT, inertia_s=inertia),
        replace(governor, maxerr=1.0), st.Storage(400.0, lag_s=lag), steps=800,
    )  # fmt: skip
    d = run.frequency_hz - 60
    np.testing.assert_allclose(d[:, 1], -d[:, 0], atol=1e-9)
    np.testing.assert_allclose(d[:, 2], 2 * d[:, 0], atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(plants)
def test_more_storage_never_deepens_a_step(plant):
    inertia, size, lag = plant
    sizes = np.array([0.0, 100, 200, 400, 800])
    run = st.simulate(
        st.step_load(1200, np.full(5, -size), 0.5, 0.2), replace(PLANT, inertia_s=inertia),
        FREE.tuned(inertia), st.Storage(sizes, lag_s=lag), steps=1500,
    )  # fmt: skip
    assert (np.diff(run.peak()) <= 1e-9).all()


@settings(max_examples=25, deadline=None)
@given(some.floats(1.0, 5.0), some.floats(50, 300))
def test_a_heavier_plant_swings_less_under_inertia_alone(inertia, size):
    plant = replace(PLANT, inertia_s=np.array([inertia, 1.5 * inertia]))
    run = st.simulate(st.sine_load(1000, np.full(2, size), 1.0), plant, None, steps=400)
    light, heavy = run.peak()
    assert light == pytest.approx(1.5 * heavy, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(some.floats(0, 2), some.floats(0.05, 1), some.floats(0, 1), some.floats(0, 1))
def test_retained_voltage_grows_with_distance_and_storage(xf, xs, small, more):
    base = st.retained_voltage(xf, xs, small)
    assert 0 <= base <= 1
    assert st.retained_voltage(xf + 0.1, xs, small) >= base - 1e-12
    assert st.retained_voltage(xf, xs, small + more) >= base - 1e-12


def test_same_call_gives_the_same_bits():
    args = (st.square_load(1100, 300, 0.4, 0.4), PLANT, GGOV1.tuned(2.0), st.Storage(164.0))
    first, second = (st.simulate(*args, steps=1000) for _ in range(2))
    assert (first.frequency_hz == second.frequency_hz).all()
