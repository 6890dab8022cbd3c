"""What was measured on: cores, memory, instructions, versions; nothing that names the machine or its owner."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
"""Instructions that the speed of convolutions depends on, as Linux calls them."""

PACKAGES = ("tensorflow", "numpy", "scipy", "torch", "pystiche", "neural-style")


def describe_machine() -> dict[str, object]:
    """Return what figures depend on, ready for JSON."""
    import maskstyle

    versions = {"python": platform.python_version(), "maskstyle": maskstyle.__version__}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cores": usable_cores(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "processor": platform.machine(),
        "instructions": [flag for flag in FLAGS if flag in _flags()],
        "system": platform.system(),
        "versions": versions,
    }


def usable_cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> float:
    """Return how many bytes Linux has available."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))


def _flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
