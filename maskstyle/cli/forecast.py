"""The lines to print before a run: its sizes, network, time and memory."""

from __future__ import annotations

from collections.abc import Sequence

from maskstyle.images.pixels import Size
from maskstyle.networks.load import NetworkChoice
from maskstyle.networks.speed import Speed
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.settings import Limits, Settings
from maskstyle.synthesis.estimate import Demand, Expected, expected
from maskstyle.synthesis.schedule import settings_by_size


def forecast(demand: Demand, choice: NetworkChoice, speed: Speed) -> list[tuple[str, str]]:
    """Return the lines to print before a run, as names and texts.

    Parameters
    ----------
    demand : Demand
        The run, with its tiles among its limits.
    choice : NetworkChoice
        Its network.
    speed : Speed
        The measured speed of this machine.
    """
    settings, sizes = demand.settings, demand.sizes
    steps = [each.steps for each in settings_by_size(sizes, settings)]
    lines = [
        ("sizes", ", ".join(f"{width}x{height}" for height, width in sizes)),
        ("steps", f"at most {', '.join(map(str, steps))}"),
        ("network", str(choice)),
        ("expected", describe_estimate(expected(demand, speed), busy=speed.busy)),
    ]
    return lines + large_lines(settings, demand.limits, sizes)


def large_lines(settings: Settings, limits: Limits, sizes: Sequence[Size]) -> list[tuple[str, str]]:
    """Return the lines about tiles and optimizers of large sizes; none for small ones."""
    lines = []
    if limits.tile_size is not None and needs_tiles(sizes[-1], limits.tile_size):
        lines.append(("tiles", f"of about {limits.tile_size} pixels at larger sizes, to save memory"))
    by_size = settings_by_size(sizes, settings, memory=limits.memory)
    for size, chosen in zip(sizes, by_size, strict=True) if settings.optimizer == "auto" else ():
        if chosen.optimizer == "adam":
            lines.append(("optimizer", f"Adam from {size[1]}x{size[0]} on, as L-BFGS would need too much memory"))
            break
        if chosen.history < settings.history:
            text = f"L-BFGS with a history of {chosen.history} at {size[1]}x{size[0]}, to save memory"
            lines.append(("optimizer", text))
    return lines


def describe_estimate(estimate: Expected, *, busy: bool = False) -> str:
    """Return the expected time and memory in words; `busy` if the speed was measured while other programs ran.

    Examples
    --------
    >>> describe_estimate(Expected((0.1, 0.4), 130.0, 1234.0))
    'at most about 2 min, 1.3 GB of memory (forecast for this machine when idle; most runs end sooner)'
    """
    seconds = estimate.seconds
    time = f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
    if seconds > 2.5 * 3600:
        time = f"{round(seconds / 3600)} h"
    memory = f"{estimate.memory_mb * 2**20 / 1e9:.1f} GB of memory"
    if estimate.disk_mb:
        memory += f" and {estimate.disk_mb * 2**20 / 1e9:.2g} GB of temporary files"
    measured = ", measured while it was busy" if busy else " when idle"
    return f"at most about {time}, {memory} (forecast for this machine{measured}; most runs end sooner)"
