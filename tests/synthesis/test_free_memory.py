"""usable_memory() reads what Linux and containers report."""

from __future__ import annotations

import os

import pytest

from maskstyle.synthesis import memory
from maskstyle.synthesis.memory import SHARE, usable_memory


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
