"""ANDES against the swing model: the same plant must swing the same way."""

import numpy as np
import pytest

from aifactory.data import table
from aifactory.models.power import island_andes as ia
from aifactory.models.power import stability as st


def typical(name):
    rows = table("power/governors")
    return rows[rows["cim_class"] == name].set_index("parameter")["typical_value"].to_dict()


@pytest.fixture(scope="module")
def machines():
    generator = typical("RotatingMachineDynamics") | typical(
        "SynchronousMachineTimeConstantReactance"
    )
    return ia.Machines(1440.0, 3.0, generator, typical("ExcSEXS"), typical("GovGAST"), count=2)


def stop(t):
    """A fifth of the load gone in 0.4 s."""
    return 1200.0 - 200.0 * np.clip((t - 1) / 0.4, 0, 1)


@pytest.fixture(scope="module")
def bare(machines):
    return ia.run(machines, stop, until_s=5)


@pytest.fixture(scope="module")
def held(machines):
    return ia.run(machines, stop, ia.Support(164.0), until_s=5)


def own(storage):
    return st.simulate(
        stop, st.Plant(1440.0, 3.0), st.Gast.typical(typical("GovGAST")), storage,
        steps=1000, dt_s=0.005, every=1,
    )  # fmt: skip


def apart(run, mine):
    same = np.interp(run.time_s, mine.time_s[:, 0], mine.frequency_hz[:, 0])
    return np.abs(same - run.frequency_hz)


def test_frequency_agrees_within_3_per_cent_of_the_swing(bare):
    mine = own(None)
    assert bare.converged
    assert apart(bare, mine).max() < 0.03 * mine.peak()[0]


def test_it_agrees_with_storage_too(held):
    mine = own(st.Storage(164.0))
    assert apart(held, mine).max() < 0.05 * mine.peak()[0]


def test_storage_shrinks_the_swing_and_absorbs(bare, held):
    assert np.abs(held.frequency_hz - 60).max() < 0.6 * np.abs(bare.frequency_hz - 60).max()
    assert held.storage_mw.min() < -50
    assert np.abs(held.storage_mw).max() <= 164


def test_storage_gives_as_well(machines):
    run = ia.run(machines, lambda t: 1100 + 200.0 * (t >= 0.5), ia.Support(164.0), until_s=1.5)
    assert run.storage_mw.max() > 50


def test_load_swings_hardly_move_the_voltage(bare):
    assert 0.9 < bare.hall_voltage_pu.min() <= bare.hall_voltage_pu.max() < 1.1


def test_a_fault_pulls_every_hall_down_and_lets_go(machines):
    run = ia.run(machines, lambda t: 1200.0, until_s=1.2, fault=(0.5, 0.65, 0.0))
    during = (run.time_s > 0.55) & (run.time_s < 0.64)
    assert run.hall_voltage_pu[during, 0].max() < 0.01
    assert 0.2 < run.hall_voltage_pu[during, 1].mean() < 0.7
    assert run.hall_voltage_pu[run.time_s > 0.8].min() > 0.9


def test_losing_a_machine_lowers_the_frequency(machines):
    run = ia.run(machines, lambda t: 500.0, until_s=1.5, trip_s=0.5)
    assert run.frequency_hz.min() < 59.9


def test_nothing_is_printed_and_reruns_repeat(machines, bare, capfd):
    again = ia.run(machines, stop, until_s=5)
    assert (again.frequency_hz == bare.frequency_hz).all()
    assert capfd.readouterr() == ("", "")


def test_code_is_generated_once_and_found_again(tmp_path, monkeypatch):
    monkeypatch.setattr(ia.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(ia, "GENERATE", "import sys; open(sys.argv[1] + '/__init__.py', 'w')")
    ia.code_folder.cache_clear()
    made = ia.code_folder()
    assert made.parent == tmp_path / "share" / "aifactory"
    ia.code_folder.cache_clear()
    monkeypatch.setattr(ia, "GENERATE", "raise SystemExit(1)")
    assert ia.code_folder() == made
    ia.code_folder.cache_clear()


def test_two_at_once_end_with_one_folder(tmp_path, monkeypatch):
    """The slower of two processes finds the other's folder in place, and takes it."""
    monkeypatch.setattr(ia.sys, "prefix", str(tmp_path))
    share = tmp_path / "share" / "aifactory"
    python = f"{ia.sys.version_info[0]}{ia.sys.version_info[1]}"
    first = share / f"andes-{ia.version('andes')}-py{python}"
    other = f"import os; os.mkdir({str(first)!r}); open({str(first / '__init__.py')!r}, 'w');"
    mine = "import sys; open(sys.argv[1] + '/__init__.py', 'w')"
    monkeypatch.setattr(ia, "GENERATE", other + mine)
    ia.code_folder.cache_clear()
    assert ia.code_folder() == first
    assert list(share.iterdir()) == [first]
    ia.code_folder.cache_clear()


def test_where_the_environment_is_read_only_the_cache_serves(tmp_path, monkeypatch):
    monkeypatch.setattr(ia.sys, "prefix", "/dev/null")
    monkeypatch.setattr(ia.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(ia, "GENERATE", "import sys; open(sys.argv[1] + '/__init__.py', 'w')")
    ia.code_folder.cache_clear()
    assert ia.code_folder().parent == tmp_path / ".cache" / "aifactory"
    ia.code_folder.cache_clear()


def test_a_failed_generation_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(ia.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(ia, "GENERATE", "raise SystemExit('no sympy')")
    ia.code_folder.cache_clear()
    with pytest.raises(RuntimeError, match="no sympy"):
        ia.code_folder()
    assert list((tmp_path / "share" / "aifactory").iterdir()) == []
    ia.code_folder.cache_clear()
