"""Fit a run into its memory: choose the largest tiles that fit, or suggest a size that fits."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Size, fit_size
from maskstyle.settings import Limits
from maskstyle.synthesis.estimate import Demand, expected_memory_mb
from maskstyle.synthesis.schedule import USUAL_MEMORY

TILE_SIZES = (2048, 1536, 1024, 768, 512, 384, 256)
"""Sides of tiles to try, from the one that computes the least twice where tiles overlap."""

STEP = 1.5
"""Factor by which the limit grows, up to what is free, where a run does not fit into the usual memory."""

CLOSE = 16
"""Accuracy in pixels of the largest size that fits."""


def within_memory(demand: Demand) -> Limits:
    """Return the limits of a run with the tiles that let it fit into its memory.

    A ``tile_size`` that is asked for is kept. Raises SettingsError if not even the smallest tiles fit.
    """
    limits = demand.limits
    if limits.tile_size is not None:
        return _checked(demand)
    usable = usable_memory()
    free = USUAL_MEMORY if usable is None else usable
    for memory in [_allowed(limits.memory)] if limits.memory else _steps(free):
        chosen = _fitting(demand, memory)
        if chosen is not None:
            return chosen
    if not limits.memory and demand.settings.optimizer == "auto" and (rounded := round(free, 1)) > 0:
        # L-BFGS plans with the usual memory, which is more than there is.
        frugal = dataclasses.replace(demand, limits=Limits(memory=rounded))
        chosen = _fitting(frugal, free)
        if chosen is not None:
            return chosen
    raise SettingsError(_too_large(demand, free))


def _too_large(demand: Demand, free: float) -> str:
    """Return what does not fit, and the largest size that does."""
    needed = _gigabytes(_with_tiles(demand, TILE_SIZES[-1]))
    height, width = demand.sizes[-1]
    memory, whose = (_allowed(demand.limits.memory), "the limit") if demand.limits.memory else (free, "free")
    raised = "; raise `memory`" if demand.limits.memory else ""
    if memory == _left_of_addresses():
        whose, raised = "left by ulimit -v, which also limits what is only reserved", "; raise it"
    largest = _largest(demand, memory)
    way_out = f"the largest `size` that fits is {largest}" if largest else f"no size fits{raised}"
    other = "" if demand.settings.optimizer in ("auto", "adam") else "; `optimizer` auto needs less memory"
    return (
        f"{width}x{height} pixels would need about {needed:.1f} GB even in small tiles, but {memory:.1f} GB is "
        f"{whose}{other}; {way_out}"
    )


def _checked(demand: Demand) -> Limits:
    """Return limits with a requested tile size; raise SettingsError if they do not fit into the memory."""
    limits, needed = demand.limits, _gigabytes(demand)
    if limits.memory and needed > limits.memory:
        raise SettingsError(
            f"tiles of {limits.tile_size} pixels would need about {needed:.1f} GB, but {limits.memory:.1f} GB is "
            "the limit; use a smaller `tile_size`, or leave it out"
        )
    if needed > _allowed(needed):
        raise SettingsError(
            f"tiles of {limits.tile_size} pixels would need about {needed:.1f} GB, but ulimit -v leaves "
            f"{_allowed(needed):.1f} GB; raise it, or use a smaller `tile_size`"
        )
    return limits


def _steps(free: float) -> list[float]:
    """Return amounts to try one after the other: a run that can takes the usual, however much is free."""
    amounts = [USUAL_MEMORY]
    while amounts[-1] < free:
        amounts.append(STEP * amounts[-1])
    return [min(amount, free) for amount in amounts]


def _fitting(demand: Demand, memory: float) -> Limits | None:
    """Return limits that fit: in one piece, or in the largest tiles that do."""
    for tile_size in (None, *TILE_SIZES):
        tried = _with_tiles(demand, tile_size)
        if _gigabytes(tried) <= memory:
            return tried.limits
    return None


def _largest(demand: Demand, memory: float) -> int | None:
    """Return the longer side of the largest result that fits; step by step, as more does not always need more."""
    longest = max(demand.sizes[-1])
    for longer in range(longest // CLOSE * CLOSE, 0, -max(CLOSE, longest // 100 // CLOSE * CLOSE)):
        if _gigabytes(_with_tiles(_at(demand, longer), TILE_SIZES[-1])) <= memory:
            return longer
    return None


def _at(demand: Demand, longer: int) -> Demand:
    sizes: list[Size] = [
        fit_size(size, max(1, round(max(size) * longer / max(demand.sizes[-1])))) for size in demand.sizes
    ]
    return dataclasses.replace(demand, sizes=sizes)


def _with_tiles(demand: Demand, tile_size: int | None) -> Demand:
    return dataclasses.replace(demand, limits=dataclasses.replace(demand.limits, tile_size=tile_size))


def _gigabytes(demand: Demand) -> float:
    return expected_memory_mb(demand) * 2**20 / 1e9


SHARE = 0.8
"""Fraction of the free memory that a run uses by default: other programs and the file cache need some too."""

MEMORY_FILE = Path("/proc/meminfo")
PROCESS_FILE = Path("/proc/self/statm")
GROUP = Path("/sys/fs/cgroup")


RESERVED_GB, RESERVED_PER_CORE_GB = 1.2, 0.075
"""Address space that a run reserves and does not use: the libraries, and the stack and arena of each thread."""


def usable_memory() -> float | None:
    """Return the GB (10^9 bytes) that this process may use in total, what it holds included; None if unknown."""
    free = _free_bytes()
    return None if free is None else _allowed((SHARE * free + _own_bytes()) / 1e9)


def _allowed(memory: float) -> float:
    """Return the part of some GB that the shell lets a process have."""
    left = _left_of_addresses()
    return memory if left is None else min(memory, left)


def _left_of_addresses() -> float | None:
    """Return the GB that ``ulimit -v`` leaves beside what TensorFlow reserves; None without such a limit.

    Where an allocation fails, TensorFlow may end the process.
    """
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, AttributeError, OSError, ValueError):  # Windows has none
        return None
    if limit in (resource.RLIM_INFINITY, -1) or limit >= 1 << 60:
        return None
    return max(0.0, limit / 1e9 - RESERVED_GB - RESERVED_PER_CORE_GB * (os.cpu_count() or 1))


def _free_bytes() -> float | None:
    amounts = [each for each in (_available(), _left_in_group()) if each is not None]
    return min(amounts) if amounts else _half_of_all()


def _available() -> float | None:
    """Return the available memory that Linux reports."""
    try:
        for line in MEMORY_FILE.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    except (OSError, ValueError):
        pass
    return None


def _left_in_group() -> float | None:
    """Return what is left of a container's limit; cached files do not count as used."""
    try:
        most = int((GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((GROUP / "memory.current").read_text(encoding="ascii"))
        rows = (line.split() for line in (GROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        cached = sum(int(value) for name, value in rows if name in ("active_file", "inactive_file"))
    except (OSError, ValueError):  # no limit is "max", which is no number
        return None
    return float(max(0, most - used + cached))


def _half_of_all() -> float | None:
    """Return half of the machine's memory, where the system reports no more."""
    try:
        return 0.5 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _own_bytes() -> float:
    """Return the resident memory of this process."""
    try:
        pages = int(PROCESS_FILE.read_text(encoding="ascii").split()[1])
        return float(os.sysconf("SC_PAGE_SIZE") * pages)
    except (OSError, ValueError, AttributeError):
        return 0.0
