"""How much memory a run may take where no limit is given."""

from __future__ import annotations

import os
from pathlib import Path

SHARE = 0.8
"""Share of the free memory that a run takes by itself: other programs, and the system's own copies of files, need
some too."""

MEMORY_FILE = Path("/proc/meminfo")
PROCESS_FILE = Path("/proc/self/statm")
GROUP = Path("/sys/fs/cgroup")


def usable_memory() -> float | None:
    """Return the GB (10^9 bytes) that this process may take in all, with what it has already; None if unknown."""
    free = _free_bytes()
    return None if free is None else (SHARE * free + _own_bytes()) / 1e9


def _free_bytes() -> float | None:
    amounts = [each for each in (_available(), _left_in_group()) if each is not None]
    return min(amounts) if amounts else _half_of_all()


def _available() -> float | None:
    """Return what Linux says is available."""
    try:
        for line in MEMORY_FILE.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    except (OSError, ValueError):
        pass
    return None


def _left_in_group() -> float | None:
    """Return what is left of a container's limit; files that are merely cached do not count as used."""
    try:
        most = int((GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((GROUP / "memory.current").read_text(encoding="ascii"))
        rows = (line.split() for line in (GROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        cached = sum(int(value) for name, value in rows if name in ("active_file", "inactive_file"))
    except (OSError, ValueError):  # no limit is "max", which is no number
        return None
    return float(max(0, most - used + cached))


def _half_of_all() -> float | None:
    """Return half of the machine's memory, where the system tells no more."""
    try:
        return 0.5 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _own_bytes() -> float:
    """Return what this process has."""
    try:
        pages = int(PROCESS_FILE.read_text(encoding="ascii").split()[1])
        return float(os.sysconf("SC_PAGE_SIZE") * pages)
    except (OSError, ValueError, AttributeError):
        return 0.0
