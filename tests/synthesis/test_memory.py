"""Memory: what the system reports as free; tiles that let a run fit; else an error that says what fits."""

from __future__ import annotations

import os
import re

import pytest

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import VGG19
from maskstyle.settings import Limits, Settings
from maskstyle.synthesis import memory
from maskstyle.synthesis.estimate import Demand, expected_memory_mb
from maskstyle.synthesis.memory import SHARE, TILE_SIZES, usable_memory, within_memory
from maskstyle.synthesis.schedule import settings_by_size


def run(side, **limits):
    return Demand(VGG19, "float32", [(side // 2, side // 2), (side, side)], Settings(), Limits(**limits))


def needed(side, tile_size=None, memory=None):
    return expected_memory_mb(run(side, tile_size=tile_size, memory=memory)) * 2**20 / 1e9


def test_what_fits_is_left_whole():
    assert within_memory(run(1024, memory=needed(1024) + 0.1)).tile_size is None


def test_what_does_not_fit_is_cut_into_the_largest_tiles_that_do():
    memory = needed(4096, 1024, memory=3.5) + 0.01
    chosen = within_memory(run(4096, memory=memory)).tile_size
    assert chosen in TILE_SIZES
    assert needed(4096, chosen, memory=memory) <= memory
    larger = TILE_SIZES[TILE_SIZES.index(chosen) - 1]
    assert needed(4096, larger, memory=memory) > memory


def test_tiles_that_were_asked_for_are_kept():
    assert within_memory(run(4096, tile_size=300)).tile_size == 300
    assert within_memory(run(4096, memory=8.0, tile_size=300)).tile_size == 300


def test_tiles_that_were_asked_for_do_not_exceed_a_limit():
    with pytest.raises(SettingsError, match=r"tiles of 2048 pixels would need about .* smaller `tile_size`"):
        within_memory(run(4096, memory=2.0, tile_size=2048))


def test_whatever_is_smaller_than_what_fits_fits_too():
    fitting = [_fits(run(side, memory=1.5)) for side in range(512, 4097, 512)]
    assert 0 < sum(fitting) < len(fitting)
    assert fitting == sorted(fitting, reverse=True)


def _fits(demand):
    try:
        within_memory(demand)
    except SettingsError:
        return False
    return True


def test_where_less_is_free_than_lbfgs_reckons_with_adam_is_taken(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 1.9)
    assert settings_by_size([(2000, 2000)], Settings())[0].optimizer == "lbfgs"
    chosen = within_memory(run(2000))
    assert chosen.memory == 1.9
    assert settings_by_size([(2000, 2000)], Settings(), memory=chosen.memory)[0].optimizer == "adam"


def test_what_cannot_fit_says_which_size_can():
    with pytest.raises(
        SettingsError, match=r"^8192x8192 pixels would need about \d.* but 2.0 GB is the limit"
    ) as error:
        within_memory(run(8192, memory=2.0))
    largest = int(re.search(r"`size` that fits is (\d+)$", str(error.value))[1])
    assert 512 < largest < 8192
    within_memory(run(largest, memory=2.0))
    with pytest.raises(SettingsError):
        within_memory(run(largest + 128, memory=2.0))


@pytest.mark.parametrize(
    ("usable", "limits", "said"),
    [
        (1.0, {"memory": 0.1}, r"0\.1 GB is the limit; no size fits; raise `memory`"),
        (0.03, {}, r"0\.0 GB is free; no size fits"),
        (0.0, {}, r"0\.0 GB is free; no size fits"),
    ],
)
def test_where_nothing_fits_that_is_said(monkeypatch, usable, limits, said):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: usable)
    with pytest.raises(SettingsError, match=said):
        within_memory(run(512, **limits))


def test_without_a_limit_a_run_is_modest(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 1000.0)
    assert needed(4096) > 4.0
    assert needed(4096, within_memory(run(4096)).tile_size) <= 4.0
    assert within_memory(run(512)).tile_size is None


def test_what_does_not_fit_into_the_usual_memory_takes_what_is_free(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 1000.0)
    assert needed(8192, TILE_SIZES[-1]) > 4.0
    chosen = within_memory(run(8192)).tile_size
    assert needed(8192, chosen) < 2 * needed(8192, TILE_SIZES[-1])


def test_no_more_than_is_free_is_taken(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: needed(4096, 256) + 0.01)
    assert within_memory(run(4096)).tile_size == 256
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 0.1)
    with pytest.raises(SettingsError, match=r"0\.1 GB is free"):
        within_memory(run(4096))


def test_where_the_system_tells_nothing_4_gb_are_taken_for_granted(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: None)
    assert within_memory(run(512)).tile_size is None
    assert within_memory(run(4096)).tile_size is not None


@pytest.fixture
def system(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "MEMORY_FILE", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "PROCESS_FILE", tmp_path / "statm")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    return tmp_path


def test_counts_what_is_available_and_what_the_process_has(system):
    (system / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable: 4000000 kB\n")
    (system / "statm").write_text("500 100 20 5 0 60 0\n")
    own = 100 * os.sysconf("SC_PAGE_SIZE")
    assert usable_memory() == pytest.approx((SHARE * 4_096_000_000 + own) / 1e9)


def test_a_container_may_have_less(system):
    (system / "meminfo").write_text("MemAvailable: 4000000 kB\n")
    (system / "memory.max").write_text("2000000000\n")
    (system / "memory.current").write_text("1500000000\n")
    (system / "memory.stat").write_text("anon 500000000\nactive_file 300000000\ninactive_file 200000000\nslab 5\n")
    assert usable_memory() == pytest.approx(SHARE * 1.0)
    (system / "memory.max").write_text("max\n")
    assert usable_memory() == pytest.approx(SHARE * 4.096)


def test_a_limit_of_the_shell_leaves_what_is_not_reserved(system, monkeypatch):
    resource = pytest.importorskip("resource")
    (system / "meminfo").write_text("MemAvailable: 4000000 kB\n")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (2_000_000_000, resource.RLIM_INFINITY))
    assert usable_memory() == pytest.approx(0.65)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1_000_000_000, resource.RLIM_INFINITY))
    assert usable_memory() == 0


def test_other_systems_take_half_of_all(system, monkeypatch):
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1_000_000}.__getitem__, raising=False)
    assert usable_memory() == pytest.approx(SHARE * 2.048)


def test_unknown_if_the_system_reports_nothing(system, monkeypatch):
    def refuse(_):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", refuse, raising=False)
    assert usable_memory() is None
