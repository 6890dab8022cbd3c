"""Checkpoint files: the state of a run, written atomically and checked on reading.

A checkpoint is an uncompressed .npz of arrays and a JSON header. It is read without unpickling. `Header` declares the
header's values; the arrays are read only where their own headers agree with it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from maskstyle.errors import CheckpointError
from maskstyle.images.paths import opened
from maskstyle.images.writing import archive_entry, replacing_file
from maskstyle.schemas.values import AtLeastZero, Count, Losses, Number, Size, Text, Unfit, decoded, stored_in_archive
from maskstyle.synthesis.result import ScaleReport, StepRecord

if TYPE_CHECKING:
    from maskstyle.images.pixels import Image

FORMAT = "maskstyle checkpoint"

VERSION = 2
"""Version of the file's format."""

HEADER = "header.json"

BEST = "best"
"""Name of the best image among the arrays."""

LARGEST_HEADER = 2**25
"""Bytes of a header, more than that of a run of 100,000 steps."""

ADAM = ("image", "momentum", "velocity")
"""The variables that Adam resumes from."""

LBFGS, LBFGS_NUMBERS = ("image", "gradient"), {"loss", "first_total", "length", "tries"}
"""The variables that L-BFGS resumes from, before its pairs of vectors, and its numbers."""

T = TypeVar("T")

Finished: TypeAlias = Annotated[str, Meta(pattern=r"\A(steps|converged)\Z")]
"""Why a minimization is complete."""

Strips: TypeAlias = tuple[NDArray[np.float32], ...]
"""An (H, W, 3) array cut into strips of rows from top to bottom, as optimizers hold it."""


@dataclass(frozen=True)
class State:
    """State of a minimization after an evaluation."""

    best: Image  # the image of the lowest loss so far, in [0, 1]
    losses: dict[str, float]  # its weighted losses by term
    best_totals: tuple[float, ...]  # the lowest total loss up to and including each evaluation
    finished: str | None  # why the minimization is complete: "steps" or "converged"; None if it is not
    variables: Mapping[str, Strips]  # the optimizer's variables, each of the image's shape
    numbers: Mapping[str, float] = field(default_factory=dict)  # the optimizer's numbers; Adam has none


@dataclass(frozen=True)
class Progress:
    """Progress of a run through its sizes."""

    scale: Count  # number of the current size, from 1
    steps: tuple[StepRecord, ...]  # every step so far; the last one belongs to the current size
    scales: tuple[ScaleReport, ...]  # one for each completed size
    # Numbers of the evaluations after which the current size was resumed from a checkpoint.
    resumed_after: tuple[Count, ...]
    seconds: AtLeastZero  # wall time so far

    @property
    def evaluations(self) -> int:
        """Number of evaluations at the current size."""
        return self.steps[-1].step


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to resume a run."""

    # Description of the run as JSON; only the same run may resume. See `maskstyle.synthesis.identity`.
    identity: dict[str, Any]
    progress: Progress  # progress through the sizes
    state: State  # state of the minimization at the current size

    @property
    def size(self) -> Size:
        """Current size, (height, width)."""
        height, width = self.state.best.shape[:2]
        return height, width


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically: at any moment `path` holds the previous checkpoint or the new one, complete.

    Its arrays are written without another copy in memory.
    """
    with replacing_file(Path(os.path.realpath(path))) as file:
        _write(file, checkpoint)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, with each array in one strip."""
    return _opened(path, _read)


def read_identity(path: Path) -> dict[str, Any]:
    """Read the description of the run that a checkpoint belongs to, without its arrays."""
    return _opened(path, _read_identity)


def _opened(path: Path, read: Callable[[IO[bytes], Path], T]) -> T:
    """Return what a function reads from a checkpoint; every failure is a CheckpointError."""
    if not os.path.lexists(path):
        raise CheckpointError(f"there is no checkpoint {path} to resume from; drop `resume`")
    try:
        with opened(path, "a checkpoint", CheckpointError) as file:
            _check_kind(file.read(4), path)
            return read(file, path)
    except (CheckpointError, MemoryError):
        raise
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint {path} cannot be read ({error.strerror or error}); check the path and its permissions"
        ) from error
    except Exception as error:  # zipfile raises nearly anything on damaged data
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"the checkpoint {path} is truncated or damaged ({reason}); delete it and drop `resume`"
        ) from error


def _write(file: IO[bytes], checkpoint: Checkpoint) -> None:
    shape = (*checkpoint.size, 3)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(
            archive_entry(HEADER), json.dumps(dataclasses.asdict(Header.of(checkpoint)), allow_nan=False)
        )
        for name, strips in {BEST: (checkpoint.state.best,), **checkpoint.state.variables}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": shape})
                for strip in strips:
                    member.write(np.ascontiguousarray(strip, "<f4").data)


@dataclass(frozen=True)
class Header:
    """The header of a checkpoint file: everything but its arrays."""

    format: Text
    version: Count
    # See `Checkpoint` and `State`.
    identity: dict[str, Any]
    size: Size  # of each array
    progress: Progress
    losses: Losses
    best_totals: tuple[Number, ...]
    finished: Finished | None
    variables: tuple[Text, ...]  # the names of the arrays beside the best image
    numbers: dict[Text, Number]  # the optimizer's numbers

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Header:
        """Return the header of a checkpoint."""
        state = checkpoint.state
        return cls(
            FORMAT,
            VERSION,
            checkpoint.identity,
            checkpoint.size,
            checkpoint.progress,
            state.losses,
            state.best_totals,
            state.finished,
            tuple(state.variables),
            dict(state.numbers),
        )

    def check(self) -> None:
        """Raise Unfit if values do not fit each other."""
        progress = self.progress
        if self.variables != ADAM and self.variables != lbfgs_variables((len(self.variables) - 2) // 2):
            raise Unfit(f"variables: expected {', '.join(ADAM)}; or {', '.join(lbfgs_variables(1))} and so on")
        if set(self.numbers) != (set() if self.variables == ADAM else LBFGS_NUMBERS):
            raise Unfit(f"numbers: expected {', '.join(sorted(LBFGS_NUMBERS))} with L-BFGS, and none with Adam")
        if progress.scale != len(progress.scales) + 1:
            raise Unfit(f"progress.scale is {progress.scale}, after {len(progress.scales)} finished sizes")
        last = progress.steps[-1] if progress.steps else None
        if last is None or (last.size, last.step) != (self.size, len(self.best_totals)):
            raise Unfit("the last of progress.steps is not the one that the arrays belong to")
        sizes = [*(each.size for each in progress.scales), self.size]
        if [tuple(each) for each in self.identity.get("sizes", sizes)][: progress.scale] != sizes:
            raise Unfit("progress.scales has other sizes than the run")


def lbfgs_variables(pairs: int) -> tuple[str, ...]:
    """Return the names of the variables of L-BFGS with a number of pairs.

    >>> lbfgs_variables(1)
    ('image', 'gradient', 'step_1', 'change_1')
    """
    return LBFGS + tuple(f"{name}_{number}" for number in range(1, pairs + 1) for name in ("step", "change"))


@dataclass(frozen=True)
class _Kind:
    """The part of a header that says who wrote it, so that another version's header is not called damaged."""

    format: Any = None
    version: Any = None


def _read(file: IO[bytes], path: Path) -> Checkpoint:
    with zipfile.ZipFile(file) as archive:
        header = _read_header(archive, path)
        shape = (*header.size, 3)
        arrays = {name: _read_array(archive, f"{name}.npy", shape) for name in (BEST, *header.variables)}
    best = arrays.pop(BEST)
    if not (best.min() >= 0 and best.max() <= 1):
        raise Unfit(f"{BEST} has values outside [0, 1]")
    variables = {name: (array,) for name, array in arrays.items()}
    state = State(best, header.losses, header.best_totals, header.finished, variables, header.numbers)
    return Checkpoint(header.identity, header.progress, state)


def _read_identity(file: IO[bytes], path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        return _read_header(archive, path).identity


def _read_header(archive: zipfile.ZipFile, path: Path) -> Header:
    if HEADER not in archive.namelist():
        raise _not_a_checkpoint(path)
    with archive.open(HEADER) as member:
        text = member.read(LARGEST_HEADER + 1)
    if len(text) > LARGEST_HEADER:
        raise Unfit(f"{HEADER} has more than {LARGEST_HEADER} bytes")
    kind = decoded(text, _Kind)
    if kind.format != FORMAT:
        raise _not_a_checkpoint(path)
    if kind.version != VERSION:
        raise CheckpointError(
            f"the checkpoint {path} has format {kind.version}, but this version of maskstyle reads format "
            f"{VERSION}; resume with the version that wrote it, or drop `resume`"
        )
    header = decoded(text, Header)
    header.check()
    return header


def _read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    array = stored_in_archive(archive, name).checked(shape, [np.float32])
    if not np.isfinite(array).all():
        raise Unfit(f"{name} has values that are not finite")
    return array


def _check_kind(start: bytes, path: Path) -> None:
    if not start:
        raise CheckpointError(f"the checkpoint {path} is empty; delete it and drop `resume`")
    if not start.startswith(b"PK"):
        raise _not_a_checkpoint(path)


def _not_a_checkpoint(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is not a maskstyle checkpoint; move it away and drop `resume`")
