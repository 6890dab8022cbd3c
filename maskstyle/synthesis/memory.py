"""What a run does to stay within its memory: the largest tiles that fit, or a refusal that says what would."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Size, fit_size
from maskstyle.settings import Settings
from maskstyle.synthesis.estimate import Demand, expected
from maskstyle.synthesis.schedule import USUAL_MEMORY

TILE_SIZES = (2048, 1536, 1024, 768, 512, 384, 256)
"""Sides of tiles that are tried, from the one that wastes least on what tiles see of their neighbors."""

STEP = 1.5
"""Factor by which the limit grows, up to what is free, where a run does not fit into the usual memory."""

CLOSE = 16
"""Pixels to which the largest size that fits is found."""


def within_memory(demand: Demand) -> Settings:
    """Return a run's settings with tiles that let it fit into its memory, where it does not without.

    Parameters
    ----------
    demand : Demand
        The run. A ``tile_size`` that its settings have is kept.

    Raises
    ------
    SettingsError
        Where not even the smallest tiles fit.
    """
    settings = demand.settings
    if settings.tile_size is not None:
        return _checked(demand)
    free = usable_memory() or USUAL_MEMORY
    for limit in [settings.memory] if settings.memory else _limits(free):
        chosen = _fitting(demand, limit)
        if chosen is not None:
            return chosen
    if not settings.memory and settings.optimizer == "auto":
        # L-BFGS reckons with the usual memory, which is more than there is.
        frugal = dataclasses.replace(demand, settings=settings.changed(memory=round(free, 1)))
        chosen = _fitting(frugal, free)
        if chosen is not None:
            return chosen
    needed = _gigabytes(_with_tiles(demand, TILE_SIZES[-1]))
    height, width = demand.sizes[-1]
    limit, whose = (settings.memory, "the limit") if settings.memory else (free, "free")
    largest = _largest(demand, limit)
    way_out = f"the largest size that fits is --size {largest}" if largest else "no size fits"
    other = "" if settings.optimizer in ("auto", "adam") else "; --optimizer auto takes less"
    raise SettingsError(
        f"{width}x{height} pixels would need about {needed:.1f} GB even in small tiles, but {limit:.1f} GB is "
        f"{whose}{other}; {way_out}"
    )


def _checked(demand: Demand) -> Settings:
    """Return settings whose tiles were asked for; raise SettingsError where they do not fit into a limit."""
    settings = demand.settings
    needed = _gigabytes(demand)
    if settings.memory and needed > settings.memory:
        raise SettingsError(
            f"tiles of {settings.tile_size} pixels would need about {needed:.1f} GB, but {settings.memory:.1f} GB is "
            "the limit; use a smaller --tile-size, or leave it out"
        )
    return settings


def _limits(free: float) -> list[float]:
    """Return limits to try one after the other: a run that can takes the usual, however much is free."""
    limits = [USUAL_MEMORY]
    while limits[-1] < free:
        limits.append(STEP * limits[-1])
    return [min(limit, free) for limit in limits]


def _fitting(demand: Demand, limit: float) -> Settings | None:
    """Return settings that fit: in one piece, or in the largest tiles that do."""
    for tile_size in (None, *TILE_SIZES):
        tried = _with_tiles(demand, tile_size)
        if _gigabytes(tried) <= limit:
            return tried.settings
    return None


def _largest(demand: Demand, limit: float) -> int | None:
    """Return the longer side of the largest result that fits; step by step, as more does not always need more."""
    longest = max(demand.sizes[-1])
    for longer in range(longest // CLOSE * CLOSE, 0, -max(CLOSE, longest // 100 // CLOSE * CLOSE)):
        if _gigabytes(_with_tiles(_at(demand, longer), TILE_SIZES[-1])) <= limit:
            return longer
    return None


def _at(demand: Demand, longer: int) -> Demand:
    sizes: list[Size] = [
        fit_size(size, max(1, round(max(size) * longer / max(demand.sizes[-1])))) for size in demand.sizes
    ]
    return dataclasses.replace(demand, sizes=sizes)


def _with_tiles(demand: Demand, tile_size: int | None) -> Demand:
    return dataclasses.replace(demand, settings=demand.settings.changed(tile_size=tile_size))


def _gigabytes(demand: Demand) -> float:
    return expected(demand).memory_mb * 2**20 / 1e9


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
