"""The interruption model: closed forms, a discrete-event reference, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from aifactory.models.networking import interruptions as model

JOB = model.Job(
    gpus=100_000, failures_per_gpu_h=2e-5, interval_h=0.5, write_h=0.02, detect_h=0.1, restart_h=0.2
)


def rng():
    return np.random.default_rng(20260115)


def test_mean_time_between_failures():
    # Llama 3: 419 unplanned interruptions in 54 days on 16,384 GPUs, one every 3.1 hours.
    rate = 419 / (54 * 24 * 16_384)
    assert model.mtbf_h(16_384, rate) == pytest.approx(54 * 24 / 419)


def test_young_1974():
    assert model.young_interval_h(0.02, 25.0) == pytest.approx(1.0)


def test_daly_2006_is_the_mean_of_a_hand_made_renewal():
    """One segment of t + d hours that fails before it ends is tried again after R hours."""
    m, t, d, r = 5.0, 2.0, 0.25, 0.5
    p = np.exp(-(t + d) / m)
    lost = integrate.quad(lambda x: x * np.exp(-x / m) / m, 0, t + d)[0] / (1 - p)
    # Restarts fail too: the expected time until one of R hours succeeds is M (e^(R/M) - 1).
    again = m * np.expm1(r / m)
    once = t + d + (1 - p) / p * (lost + again)
    exact = m * np.exp(r / m) * np.expm1((t + d) / m)
    assert model.daly_wall_h(t, t, d, r, m) == pytest.approx(exact)
    assert once == pytest.approx(exact)


def test_best_interval_is_where_the_wall_clock_is_least():
    for d, m in [(0.02, 5.0), (0.1, 0.5), (0.001, 100.0)]:
        found = optimize.minimize_scalar(
            lambda t, d=d, m=m: float(model.daly_wall_h(1.0, t, d, 0.3, m)),
            bounds=(1e-3, 10 * m), method="bounded", options={"xatol": 1e-9},
        ).x  # fmt: skip
        assert model.daly_interval_h(d, m) == pytest.approx(found, rel=1e-4)


def test_best_interval_is_youngs_where_failures_are_rare():
    assert model.daly_interval_h(1e-3, 1e4) == pytest.approx(
        model.young_interval_h(1e-3, 1e4), rel=1e-3
    )
    assert model.daly_interval_h(1e-3, 1e15) == pytest.approx(model.young_interval_h(1e-3, 1e15))


def test_small_loss_form_agrees_where_failures_are_rare_and_fails_elsewhere():
    rare = (0.5, 0.01, 0.2, 500.0)
    assert model.small_loss_goodput(*rare) == pytest.approx(model.daly_goodput(*rare), abs=1e-3)
    assert (
        model.small_loss_goodput(0.5, 0.01, 0.2, 0.1) < 0 < model.daly_goodput(0.5, 0.01, 0.2, 0.1)
    )


def test_small_loss_form_by_hand():
    # Half an hour of restart and one of work, once in 100 hours; 0.1 h of writing in each 2 h.
    assert model.small_loss_goodput(2, 0.1, 0.5, 100) == pytest.approx(0.985 / 1.05)


def test_a_block_event_is_not_shortened_by_failures_in_it():
    job = JOB.but(gpus=100_000, blocks_per_h=0.01, block_restart_h=5.0)
    runs = model.simulate(job, days=400, replications=4, rng=rng())
    plain = model.simulate(JOB, days=400, replications=4, rng=rng())
    # in the long run the site is up 100 of 105 hours, and the job goes on as before while it is
    assert runs.goodput.mean() == pytest.approx(plain.goodput.mean() * 100 / 105, rel=0.02)
    assert runs.lost_each_h.max() >= 5


def test_replicas():
    # 10 replicas, each failing once in 50 h on average and away for 1 h; the others never wait.
    assert model.replica_goodput(10, 1.0, 0.0, 5.0) == pytest.approx(50 / 51)
    # If all wait for half an hour, it is a job whose restarts lose no work.
    stalled = model.replica_goodput(1e12, 1.0, 0.5, 5.0)
    assert stalled == pytest.approx(model.daly_goodput(1e-6, 0.0, 0.5, 5.0), rel=1e-5)


def test_replicas_as_in_a_simulation_of_their_ups_and_downs():
    gen = rng()
    up, down = gen.exponential(50, 40_000).sum(), 40_000 * 1.0
    assert model.replica_goodput(10, 1.0, 0.0, 5.0) == pytest.approx(up / (up + down), abs=1e-3)


@pytest.mark.parametrize("gpus", [16_384, 100_000, 500_000])
def test_simulation_has_dalys_goodput(gpus):
    """In the long run, whatever the start: within four standard errors."""
    job = JOB.but(gpus=gpus)
    runs = model.simulate(job, days=120, replications=400, rng=rng())
    mean, se = runs.goodput.mean(), runs.goodput.std() / 20
    exact = model.daly_goodput(0.5, 0.02, 0.3, 1 / job.rate_per_h)
    assert mean == pytest.approx(exact, abs=4 * se + 0.6 / runs.wall_h)


def reference(job: model.Job, wall: float, gen: np.random.Generator) -> tuple[float, int]:
    """The same job told event by event: useful hours and interruptions."""
    env = simpy.Environment()
    state = {"useful": 0.0, "failures": 0, "block_over": 0.0}
    failed: list[float] = []

    def work():
        waiting = 0.0
        while True:
            try:
                if waiting:
                    yield env.timeout(waiting)
                    waiting = 0.0
                while True:
                    yield env.timeout(job.interval_h)
                    yield env.timeout(job.write_h)
                    state["useful"] += job.interval_h
            except simpy.Interrupt as stop:
                block = stop.cause
                restart = job.block_restart_h if block else job.restart_h
                restart *= np.exp(job.restart_sigma * gen.standard_normal())
                waiting = job.detect_h + restart
                if block:
                    state["block_over"] = max(state["block_over"], env.now + waiting)
                waiting = max(waiting, state["block_over"] - env.now)
                if job.spares is not None and len(failed) > job.spares:
                    back = failed[-1 - job.spares] + job.repair_h
                    waiting += max(0.0, back - env.now)

    def failures(process):
        scale = 1 / job.rate_per_h / stats.weibull_min.mean(job.shape)
        while True:
            yield env.timeout(scale * gen.weibull(job.shape))
            failed.append(env.now)
            state["failures"] += 1
            process.interrupt(gen.random() < job.blocks_per_h / job.rate_per_h)

    env.process(failures(env.process(work())))
    env.run(until=wall)
    return state["useful"], state["failures"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"restart_sigma": 0.8},
        {"shape": 0.7, "restart_sigma": 0.3},
        {"blocks_per_h": 0.05, "block_restart_h": 4.0},
        {"spares": 3, "repair_h": 2.0},
    ],
    ids=lambda c: ",".join(c) or "plain",
)
def test_simulation_has_the_distribution_of_a_discrete_event_model(changes):
    job, gen = JOB.but(**changes), rng()
    ours = model.simulate(job, days=4, replications=2_000, rng=rng())
    told = np.array([reference(job, 96.0, gen) for _ in range(300)])
    assert stats.ks_2samp(ours.useful_h, told[:, 0]).pvalue > 0.01
    assert stats.ks_2samp(ours.interruptions, told[:, 1]).pvalue > 0.01
    # and the means, which a Kolmogorov-Smirnov test of this size sees less sharply
    for mine, theirs in [(ours.useful_h, told[:, 0]), (ours.interruptions, told[:, 1])]:
        error = np.hypot(mine.std() / 2_000**0.5, theirs.std() / 300**0.5)
        assert mine.mean() == pytest.approx(theirs.mean(), abs=4 * error)


def test_lost_hours_of_one_interruption():
    """Detection and restart are always lost, and on average half a checkpoint's interval."""
    job = JOB.but(gpus=1_000)  # an interruption every 50 hours: restarts are not interrupted
    runs = model.simulate(job, days=3_000, replications=20, rng=rng())
    assert runs.lost_each_h.min() >= 0
    assert np.median(runs.lost_each_h) == pytest.approx(0.3 + 0.26, rel=0.05)


def test_lost_hours_of_a_stop_whose_restarts_fail_too():
    """Until one of R hours succeeds it takes M (e^(R/M) - 1) hours, here twice R."""
    job = JOB.but(gpus=500_000, write_h=0.0, interval_h=1e-4, detect_h=0.0, restart_h=0.1256)
    runs = model.simulate(job, days=90, replications=9, rng=rng())
    assert runs.lost_each_h.mean() == pytest.approx(0.1 * np.expm1(1.256), rel=0.01)
    assert runs.lost_each_h.min() >= 0.1256
    # each stop is followed by hours of running, M on average
    assert len(runs.lost_each_h) / 9 == pytest.approx(runs.useful_h.mean() / 0.1, rel=0.01)


def test_a_stop_in_the_making_at_the_end_is_left_out():
    stops = model._stops(
        repeated=np.array([[0.5, 0.0, 0.2, 0.0]]), down=np.array([[0.0, 1.0, 2.0, 0.7]]),
        running=np.array([[3.0, 0.0, 4.0, 0.0]]), seen=np.array([[True, True, True, False]]),
    )  # fmt: skip
    # the first stop has 0.5 h of work, a restart cut short after 1 h and a second one of 2 h
    assert stops.tolist() == [3.5]


jobs = st.builds(
    model.Job,
    gpus=st.floats(1e3, 5e5), failures_per_gpu_h=st.floats(1e-6, 1e-4),
    interval_h=st.floats(0.02, 2), write_h=st.floats(0, 0.1), detect_h=st.floats(0, 0.5),
    restart_h=st.floats(0, 2), restart_sigma=st.floats(0, 1), shape=st.sampled_from([0.6, 1, 1.5]),
    spares=st.sampled_from([None, 1, 20]), repair_h=st.floats(0, 48),
)  # fmt: skip


@given(jobs)
def test_hours_add_up(job):
    runs = model.simulate(job, days=2, replications=8, rng=rng())
    total = runs.useful_h + runs.repeated_h + runs.writing_h + runs.down_h + runs.open_h
    np.testing.assert_allclose(total, runs.wall_h, rtol=1e-9)
    assert (runs.goodput >= 0).all() and (runs.goodput <= 1).all()
    for part in (runs.useful_h, runs.repeated_h, runs.writing_h, runs.down_h, runs.open_h):
        assert (part >= -1e-9).all()


@given(st.floats(1e3, 5e5), st.floats(1.01, 5))
def test_goodput_falls_with_size_and_with_the_failure_rate(gpus, factor):
    def goodput(n, r):
        return float(model.daly_goodput(0.5, 0.02, 0.3, model.mtbf_h(n, r)))

    assert goodput(gpus * factor, 2e-5) < goodput(gpus, 2e-5)
    assert goodput(gpus, 2e-5 * factor) < goodput(gpus, 2e-5)


@given(st.integers(1, 6))
def test_more_frequent_checkpoints_never_lose_more_work(times):
    """An interval that divides the other keeps all that the other kept, failure for failure."""
    often = JOB.but(interval_h=0.5 / times, write_h=0.0)
    seldom = JOB.but(write_h=0.0)
    a = model.simulate(often, days=5, replications=20, rng=rng())
    b = model.simulate(seldom, days=5, replications=20, rng=rng())
    assert (a.repeated_h <= b.repeated_h + 1e-9).all()


@given(st.integers(1, 5), st.integers(1, 5))
def test_more_spares_never_cost_useful_hours(few, more):
    a = model.simulate(JOB.but(spares=few, repair_h=5.0), 5, 10, rng())
    b = model.simulate(JOB.but(spares=few + more, repair_h=5.0), 5, 10, rng())
    assert (b.useful_h >= a.useful_h - 1e-9).all()


def test_a_replication_longer_than_foreseen_is_drawn_on():
    """Three failures are drawn at a time, where 96 hours hold some 200."""
    *totals, failures, _ = model._some(JOB, 96.0, 5, 5, 3, rng())
    np.testing.assert_allclose(sum(totals), 96.0)
    assert (failures > 100).all()


def test_replications_are_worked_out_in_parts(monkeypatch):
    monkeypatch.setattr(model, "CHUNK", 1)
    runs = model.simulate(JOB.but(shape=0.5), days=3, replications=5, rng=rng())
    assert len(runs.useful_h) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gpus": 0}, "gpus must be positive"),
        ({"restart_h": -1.0}, "restart_h must be a finite number"),
        ({"interval_h": float("nan")}, "interval_h must be positive"),
        ({"spares": 0}, "spares=0 never starts again"),
        ({"failures_per_gpu_h": 0.0}, "never fails"),
    ],
)
def test_a_job_that_cannot_run_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        JOB.but(**change)


def test_other_refusals():
    with pytest.raises(ValueError, match="days must be positive"):
        model.simulate(JOB, days=0, replications=1, rng=rng())
    with pytest.raises(ValueError, match="Poisson failures alone"):
        model.simulate(JOB.but(shape=0.7, blocks_per_h=0.1), 1, 1, rng())
    with pytest.raises(ValueError, match="cannot be negative"):
        model.daly_wall_h(1, 1, -0.1, 0, 1)
    with pytest.raises(ValueError, match="stall_h cannot be negative"):
        model.replica_goodput(4, 1.0, -0.1, 5.0)
