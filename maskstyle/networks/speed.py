"""The speed of this machine, measured once and remembered, and the type of the convolutions that is faster on it."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from maskstyle.errors import ImageError
from maskstyle.images.writing import write_text
from maskstyle.settings import CHOICES, check_choice

GRID = 32
CHANNELS = 256
"""The measured convolution: a 3x3 kernel of the middle of VGG19, on a grid that all threads share."""

GIGA_OPERATIONS = 9 * (GRID * CHANNELS) ** 2 / 1e9
"""Its 10^9 multiply-adds, forward."""

BUDGET_SECONDS = 0.2
"""Time for the repeats, without the first of each type, which prepares the kernels."""

LEAST_REPEATS = 3

BUSY_SHARE = 0.5
"""Load for each thread above which a measurement is repeated by the next run: other programs may have slowed it."""

FILE_NAME = "speed.json"

CPU_DESCRIPTION = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Instructions for bfloat16 of x86 and, the last, of Arm."""


ONEDNN_FLAGS = frozenset({"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"})
"""Instructions with any of which TensorFlow uses oneDNN."""


@dataclass(frozen=True)
class Speed:
    """The measured speed of this machine."""

    # Time in float32 for each 10^9 multiply-adds of a convolution and its gradient, counted forward only.
    seconds_per_giga: float
    # Time in float32 divided by the time in bfloat16; None for processors without instructions for it.
    bfloat16_speedup: float | None = None
    busy: bool = False  # whether other programs were running, so that an idle machine may be faster


def machine_speed(*, measure: Callable[[], Speed] | None = None, again_if_busy: bool = False) -> Speed:
    """Return the remembered speed of this machine, or measure and remember it; by default, that loads TensorFlow.

    A remembered speedup never changes, so that the same command makes the same picture. With `again_if_busy`, measure
    again if the machine was busy at the time; the faster speed is kept.
    """
    known = remembered_speed()
    if known is not None and not (known.busy and again_if_busy):
        return known
    found = (measure or measure_speed)()
    if known is not None:
        found = replace(
            found,
            seconds_per_giga=min(found.seconds_per_giga, known.seconds_per_giga),
            bfloat16_speedup=known.bfloat16_speedup,
        )
    remember(found)
    return found


_of_this_process: dict[tuple[Path | None, str], Speed] = {}
"""Where the cache folder cannot be written, a process still measures only once."""


def remembered_speed() -> Speed | None:
    """Return the remembered speed of this machine, without loading TensorFlow; None if there is none."""
    file, key = cache_file(), machine_key()
    return _of_this_process.get((file, key)) or _checked(_entries(file).get(key))


def remember(speed: Speed) -> None:
    """Remember the speed of this machine, in this process at least: a folder that cannot be written is no failure."""
    file, key = cache_file(), machine_key()
    _of_this_process[file, key] = speed
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps({**_entries(file), key: asdict(speed)}, indent=1) + "\n")
    except (ImageError, OSError):
        return  # the next process measures again, which takes less than a second


def measure_speed() -> Speed:
    """Measure a convolution and its gradient in each type that this processor has instructions for."""
    types = ("float32", "bfloat16") if processor_has_bfloat16() else ("float32",)
    busy = _is_busy()
    seconds = fastest({kind: _convolution(kind) for kind in types})
    speedup = seconds["float32"] / seconds["bfloat16"] if "bfloat16" in seconds else None
    return Speed(seconds["float32"] / GIGA_OPERATIONS, speedup, busy)


def fastest(
    tasks: Mapping[str, Callable[[], object]], *, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Return the shortest time of each task, which other programs disturb the least.

    The tasks run in turns, so that a disturbance meets all of them. The first turn prepares and does not count.
    """
    for task in tasks.values():
        task()
    seconds = dict.fromkeys(tasks, math.inf)
    turns, end = 0, clock() + BUDGET_SECONDS
    while turns < LEAST_REPEATS or clock() < end:
        turns += 1
        for name, task in tasks.items():
            began = clock()
            task()
            seconds[name] = min(seconds[name], clock() - began)
    return seconds


def processor_has_bfloat16(description: Path = CPU_DESCRIPTION) -> bool:
    """Return whether the processor has bfloat16 instructions, from Linux' description of it; False elsewhere."""
    names = ("flags", "Features")
    return any(name in names and BFLOAT16_FLAGS & set(text.split()) for name, text in _described(description))


def uses_onednn(description: Path = CPU_DESCRIPTION) -> bool:
    """Return whether TensorFlow computes convolutions with oneDNN, which takes less memory, without loading it.

    By default it does on processors of x86 with instructions for networks; False where the system does not tell.
    """
    chosen = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "").strip().lower()
    if chosen:
        return chosen in ("1", "true")
    return any(name == "flags" and ONEDNN_FLAGS & set(text.split()) for name, text in _described(description))


def machine_key(description: Path = CPU_DESCRIPTION) -> str:
    """Return what the speed depends on: processor, threads and TensorFlow, without loading it."""
    first: dict[str, str] = {}
    for name, text in _described(description):
        first.setdefault(name, text)
    named = [first[name] for name in ("model name", "cpu family", "model", "stepping") if name in first]
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    processor = " ".join(named) or platform.processor() or "unknown"
    # Virtual machines give one model name to processors with different instructions.
    instructions = ", bfloat16" if processor_has_bfloat16(description) else ""
    chosen = "".join(f", {name}={os.environ[name]}" for name in _SWITCHES if name in os.environ)
    return f"{platform.machine()} {processor}{instructions}, {threads} threads, TensorFlow {_tensorflow()}{chosen}"


_SWITCHES = ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "TF_NUM_INTRAOP_THREADS", "CUDA_VISIBLE_DEVICES")
"""Environment variables that change TensorFlow's kernels, threads or devices."""


def cache_file() -> Path | None:
    """Return the file of remembered speeds, which need not exist; None if there is no home folder."""
    folder = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(folder):  # the specification demands that others are ignored
        return Path(folder, "maskstyle", FILE_NAME)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local", "maskstyle", FILE_NAME)
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "maskstyle" / FILE_NAME


def _convolution(kind: str) -> Callable[[], object]:
    """Return a function that computes the convolution and its gradient in a type."""
    from maskstyle.networks.tensorflow import tf

    shape = (1, GRID, GRID, CHANNELS)
    features = tf.cast(tf.random.stateless_uniform(shape, (0, 0)), kind)
    kernel = tf.cast(tf.random.stateless_uniform((3, 3, CHANNELS, CHANNELS), (0, 1), -0.02, 0.02), kind)

    def compute() -> object:
        result = tf.nn.conv2d(features, kernel, 1, "SAME")
        gradient = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=shape, filter=kernel, out_backprop=result, strides=[1, 1, 1, 1], padding="SAME"
        )
        return gradient[0, 0, 0, 0].numpy()  # waits for a device that computes in the background

    return compute


def _is_busy() -> bool:
    """Return whether other programs use a good part of the processor; False where the system does not tell."""
    try:
        return os.getloadavg()[0] > BUSY_SHARE * (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return False


def _described(description: Path) -> list[tuple[str, str]]:
    """Return the names and texts of Linux' description of the processor; none elsewhere."""
    try:
        lines = description.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    return [(name.strip(), text.strip()) for name, _, text in (line.partition(":") for line in lines)]


def _tensorflow() -> str:
    for name in ("tensorflow", "tensorflow-cpu", "tensorflow-macos"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def _entries(file: Path | None) -> dict[str, Any]:
    """Return the entries of a file; none if it is missing or damaged."""
    try:
        entries = None if file is None else json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _checked(entry: object) -> Speed | None:
    """Return the speed of an entry; None if it is missing or damaged."""
    try:
        speed = Speed(**entry)  # type: ignore[arg-type]
        numbers = [speed.seconds_per_giga, *([] if speed.bfloat16_speedup is None else [speed.bfloat16_speedup])]
        sound = isinstance(speed.busy, bool) and all(math.isfinite(each) and each > 0 for each in numbers)
    except TypeError:
        return None
    return speed if sound else None


COMPUTE_TYPES = CHOICES["compute_type"]

WORTH = 1.05
"""How many times faster bfloat16 must be to replace float32, which is exact."""


class ComputeType(NamedTuple):
    """A compute type, and why it was chosen."""

    name: str  # "float32", "bfloat16", or "auto" until it is measured
    reason: str = ""  # why; empty where the user chose, or there is no choice

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name


def choose_compute_type(compute_type: str, *, has_bfloat16: bool | None = None) -> ComputeType:
    """Return the compute type to use as far as it is known without a measurement.

    ``auto`` stays if the processor has bfloat16 instructions; see `measured_type`.

    >>> choose_compute_type("auto", has_bfloat16=False)
    ComputeType(name='float32', reason='')
    """
    check_choice("compute type", compute_type, COMPUTE_TYPES)
    fast = processor_has_bfloat16() if has_bfloat16 is None else has_bfloat16
    if compute_type == "auto":
        return ComputeType("auto" if fast else "float32")
    if compute_type == "bfloat16" and not fast:
        return ComputeType("bfloat16", "may be slow: no bfloat16 instructions found in this processor")
    return ComputeType(compute_type)


def measured_type(speed: Callable[[], Speed] = machine_speed) -> ComputeType:
    """Return the faster compute type of this machine; float32 if they are about equally fast.

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
