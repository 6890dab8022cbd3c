"""The file of a checkpoint: where a job stands, written all or nothing, and read without trusting it.

It is an uncompressed .npz, with what is not an array as JSON beside the arrays. Nothing in it is ever unpickled.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import CheckpointError
from maskstyle.synthesis.result import ScaleReport, StepRecord

if TYPE_CHECKING:
    from maskstyle.images.pixels import Image, Size

FORMAT = "maskstyle checkpoint"

VERSION = 1
"""Version of the file's format."""

HEADER = "header.json"

BEST = "best"
"""Name of the best image among the arrays."""

CHUNK = 2**24
"""Bytes that are read at a time."""

Strips: TypeAlias = tuple[NDArray[np.float32], ...]
"""An (H, W, 3) array as its row strips from top to bottom, as optimizers hold it; one strip is the whole."""


@dataclass(frozen=True)
class State:
    """Where a minimization stands after an evaluation.

    Parameters
    ----------
    best : (H, W, 3) float32 array
        The image of the lowest loss so far, in [0, 1].
    losses : dict of str to float
        Its weighted losses by term.
    best_totals : tuple of float
        The lowest total loss up to each evaluation so far.
    finished : {"steps", "converged"} or None
        Why the minimization needs no further evaluation, if so.
    variables : mapping of str to Strips
        What the optimizer goes on from, each of the image's shape; empty where it begins anew at the best image.
    """

    best: Image
    losses: dict[str, float]
    best_totals: tuple[float, ...]
    finished: str | None
    variables: Mapping[str, Strips]


@dataclass(frozen=True)
class Progress:
    """Where a synthesis stands, apart from the minimization at its size.

    Parameters
    ----------
    scale : int
        Number of the size at hand, from 1.
    steps : tuple of StepRecord
        Every step so far, the last one at the size at hand.
    scales : tuple of ScaleReport
        One for each size that is done.
    resumed_after : tuple of int
        Numbers of the evaluations after which the size at hand was gone on with from a checkpoint.
    seconds : float
        Wall time so far.
    """

    scale: int
    steps: tuple[StepRecord, ...]
    scales: tuple[ScaleReport, ...]
    resumed_after: tuple[int, ...]
    seconds: float

    @property
    def evaluations(self) -> int:
        """Number of evaluations at the size at hand."""
        return self.steps[-1].step


@dataclass(frozen=True)
class Checkpoint:
    """All that it takes to go on with a job.

    Parameters
    ----------
    identity : dict
        What must agree for a job to be the same, as JSON: see `maskstyle.synthesis.identity`.
    progress : Progress
        Where its synthesis stands.
    state : State
        Where the minimization at the size at hand stands.
    """

    identity: dict[str, Any]
    progress: Progress
    state: State

    @property
    def size(self) -> Size:
        """(height, width) at hand."""
        height, width = self.state.best.shape[:2]
        return height, width


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint all or nothing: whatever happens, `path` has the one before or this one, whole.

    Parameters
    ----------
    path : Path
        The file to make or replace.
    checkpoint : Checkpoint
        Its arrays go to the file from where they are, without another copy in memory.

    Raises
    ------
    OSError
        Where it cannot be written; the file before stays.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            _write(file, checkpoint)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, each array in one strip.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    CheckpointError
        Where there is no such file, or it is no whole checkpoint that this version reads.
    """
    try:
        with open(path, "rb") as file:
            _check_kind(file.read(4), path)
            return _read(file, path)
    except (CheckpointError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint {path} to go on from; begin without resuming") from error
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint {path} cannot be read ({error.strerror or error}); check the path and its permissions"
        ) from error
    except Exception as error:  # on damaged data zipfile, NumPy and JSON raise nearly anything
        raise CheckpointError(
            f"the checkpoint {path} is truncated or damaged ({error}); remove it, and begin without resuming"
        ) from error


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left of checkpoints that they were writing to `path`."""
    for leftover in path.parent.glob(f".{escape(path.name)}-*.part"):
        with suppress(OSError):
            leftover.unlink()


def _write(file: IO[bytes], checkpoint: Checkpoint) -> None:
    state = checkpoint.state
    header = {
        "format": FORMAT,
        "version": VERSION,
        "identity": checkpoint.identity,
        "size": checkpoint.size,
        "progress": dataclasses.asdict(checkpoint.progress),
        "losses": state.losses,
        "best_totals": state.best_totals,
        "finished": state.finished,
        "variables": list(state.variables),
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(HEADER, json.dumps(header, allow_nan=False))
        for name, strips in {BEST: (state.best,), **state.variables}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                shape = (*checkpoint.size, 3)
                np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": shape})
                for strip in strips:
                    member.write(np.ascontiguousarray(strip, "<f4").data)


def _read(file: IO[bytes], path: Path) -> Checkpoint:
    with zipfile.ZipFile(file) as archive:
        if HEADER not in archive.namelist():
            raise _foreign(path)
        header = json.loads(archive.read(HEADER))
        if header.get("format") != FORMAT:
            raise _foreign(path)
        if header["version"] != VERSION:
            raise CheckpointError(
                f"the checkpoint {path} has format {header['version']}, but this version of maskstyle reads "
                f"{VERSION}; resume with the version that wrote it, or begin without resuming"
            )
        arrays = {
            name: _read_array(archive, f"{name}.npy", (*header["size"], 3)) for name in [BEST, *header["variables"]]
        }
    return Checkpoint(
        header["identity"],
        _progress(header["progress"]),
        State(
            arrays.pop(BEST),
            header["losses"],
            tuple(header["best_totals"]),
            header["finished"],
            {name: (array,) for name, array in arrays.items()},
        ),
    )


def _read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Read an array whose shape is known, so that a damaged one asks for no memory that there is not."""
    with archive.open(name) as member:
        np.lib.format.read_magic(member)
        stated = np.lib.format.read_array_header_1_0(member)
        if stated != (shape, False, np.dtype("<f4")):
            raise ValueError(f"{name} is of shape {stated[0]} and type {stated[2]}")
        array = np.empty(shape, np.float32)
        left = array.reshape(-1).view(np.uint8)
        while left.size:
            chunk = member.read(min(CHUNK, left.size))
            if not chunk:
                raise ValueError(f"{name} ends too early")
            left[: len(chunk)] = np.frombuffer(chunk, np.uint8)
            left = left[len(chunk) :]
        if member.read(1):  # where it ends zipfile compares its checksum
            raise ValueError(f"{name} is too long")
    return array


def _progress(held: Mapping[str, Any]) -> Progress:
    def sized(parts: Mapping[str, Any]) -> dict[str, Any]:
        height, width = parts["size"]
        return {**parts, "size": (height, width)}

    return Progress(
        held["scale"],
        tuple(StepRecord(**sized(each)) for each in held["steps"]),
        tuple(
            ScaleReport(**{**sized(each), "resumed_after": tuple(each["resumed_after"])}) for each in held["scales"]
        ),
        tuple(held["resumed_after"]),
        held["seconds"],
    )


def _check_kind(start: bytes, path: Path) -> None:
    if not start:
        raise CheckpointError(f"the checkpoint {path} is empty; remove it, and begin without resuming")
    if not start.startswith(b"PK"):
        raise _foreign(path)


def _foreign(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path} is another kind of file, not a checkpoint of maskstyle; move it away, and begin without resuming"
    )


def _sync_folder(folder: Path) -> None:
    """Let a rename last through a power cut, where the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some file systems cannot; the rename was all or nothing all the same
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
