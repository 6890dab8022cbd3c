"""The type of the convolutions: as asked for, or the faster one, measured on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from maskstyle.errors import SettingsError
from maskstyle.networks.speed import Speed, machine_speed, processor_has_bfloat16
from maskstyle.settings import CHOICES

COMPUTE_TYPES = CHOICES["compute_type"]

WORTH = 1.05
"""How many times faster bfloat16 must be to replace float32, which is exact."""


class ComputeType(NamedTuple):
    """A compute type, and why it was chosen.

    Parameters
    ----------
    name : {"float32", "bfloat16", "auto"}
        The type; ``auto`` until it is measured.
    reason : str
        Why; empty where the user chose, or there is no choice.
    """

    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name


def choose_compute_type(compute_type: str, *, has_bfloat16: bool | None = None) -> ComputeType:
    """Return the compute type to use as far as it is known without a measurement.

    Parameters
    ----------
    compute_type : {"auto", "float32", "bfloat16"}
        The setting. ``auto`` stays if the processor has bfloat16 instructions; see `measured_type`.
    has_bfloat16 : bool, optional
        Whether it has. By default detected by `processor_has_bfloat16`.

    Examples
    --------
    >>> choose_compute_type("auto", has_bfloat16=False)
    ComputeType(name='float32', reason='')
    """
    if compute_type not in COMPUTE_TYPES:
        raise SettingsError(f"compute type is {compute_type!r}; expected one of {', '.join(COMPUTE_TYPES)}")
    fast = processor_has_bfloat16() if has_bfloat16 is None else has_bfloat16
    if compute_type == "auto":
        return ComputeType("auto" if fast else "float32")
    if compute_type == "bfloat16" and not fast:
        return ComputeType("bfloat16", "may be slow: no bfloat16 instructions found in this processor")
    return ComputeType(compute_type)


def measured_type(speed: Callable[[], Speed] = machine_speed) -> ComputeType:
    """Return the faster compute type of this machine; float32 if they are about equally fast.

    Examples
    --------
    >>> print(measured_type(lambda: Speed(0.01, bfloat16_speedup=0.55)))
    float32 (measured 1.8 times faster than bfloat16)
    """
    times = speed().bfloat16_speedup
    if times is None:
        return ComputeType("float32")
    if times > WORTH:
        return ComputeType("bfloat16", f"measured {times:.2g} times faster than float32")
    if times > 1 / WORTH:
        return ComputeType("float32", "measured as fast as bfloat16")
    return ComputeType("float32", f"measured {1 / times:.2g} times faster than bfloat16")
