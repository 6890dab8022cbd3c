"""Write checkpoints at intervals, and load the checkpoint to resume from."""

from __future__ import annotations

import json
import math
import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from maskstyle.errors import CheckpointError, ImageError, SettingsError
from maskstyle.images.paths import opened, shown
from maskstyle.images.writing import remove_leftovers, remove_written, signature
from maskstyle.networks.load import NetworkChoice, resolve_compute_type
from maskstyle.schemas.arguments import converted
from maskstyle.settings import CHECKPOINT_SECONDS
from maskstyle.synthesis.checkpoint_file import (
    HEADER,
    Checkpoint,
    Progress,
    State,
    read_checkpoint,
    read_identity,
    write_checkpoint,
)
from maskstyle.synthesis.identity import differences, listed

Painted = TypeVar("Painted")

FIRST_BYTES = 64
"""A checkpoint begins with the name of its header."""

TYPE_IN_IDENTITY = "compute type"
"""Name of the compute type in the identity of a run."""


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=2)


class Checkpoints:
    """Make a run resumable: save its state to a file periodically.

    Pass it to `maskstyle.Run`. Each checkpoint replaces the previous one atomically. Call `remove` once the result is
    saved; it removes what this run has written or read, and nothing else.

    Parameters
    ----------
    path : Path or str
        The file, in an existing folder.
    every : float
        Minimum number of seconds between checkpoints, and before the first; 0 writes none.
    resume : bool
        Resume from the file, which must belong to the same run: the same images, settings and version of maskstyle.
        Otherwise an existing file stays until the first checkpoint replaces it.
    warn : callable, optional
        Called with a message the first time that a checkpoint cannot be written; the run continues. By default, a
        Python warning.
    clock : callable, optional
        Returns the time in seconds; must never decrease.

    Attributes
    ----------
    current : bool
        Whether the file at `path` belongs to this run: the run has read or written it.

    Raises
    ------
    SettingsError
        If `every` is negative or not finite.

    Examples
    --------
    >>> import maskstyle
    >>> checkpoints = maskstyle.Checkpoints("out.png.checkpoint", resume=True)
    >>> result = maskstyle.transfer_basic(  # doctest: +SKIP
    ...     content, style, run=maskstyle.Run(checkpoints=checkpoints)
    ... )
    >>> maskstyle.save_image("out.png", result.image)  # doctest: +SKIP
    >>> checkpoints.remove()  # doctest: +SKIP
    """

    def __init__(
        self,
        path: Path | str,
        *,
        every: float = CHECKPOINT_SECONDS,
        resume: bool = False,
        warn: Callable[[str], None] = _warn,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        every = converted(every, float, "every")
        if every < 0:
            raise SettingsError(f"`every` is {every:g}; expected 0 or more seconds")
        self.path = Path(converted(path, Path, "path"))
        self.every = every
        self.resume = resume
        self.current = False
        self._warn = warn
        self._clock = clock
        self._warned = False
        self._written: tuple[int, ...] | None = None
        self._identity: Callable[[], dict[str, Any]] = dict
        self._loaded: Checkpoint | None = None
        self._due = math.inf

    def begin(self, identity: Callable[[], Mapping[str, Any]]) -> None:
        """Begin a run: load the checkpoint to resume from, if any, and start the clock.

        Parameters
        ----------
        identity : callable
            Returns the description of the run, ready for JSON; see `maskstyle.synthesis.identity`. Called once a
            checkpoint is read or written, as it takes a while for large photos.

        Raises
        ------
        CheckpointError
            If the checkpoint to resume from is missing, damaged or belongs to a different run, or checkpoints would
            replace a file that is none.
        """
        self._identity = cache(lambda: json.loads(json.dumps(identity())))
        self.current, self._written = False, None
        if self.resume:
            self._written = signature(self.path)
            self._loaded = self._read()
            self.current = True
        elif self.every > 0:
            check_no_other_file(self.path)
        if self.every > 0:
            remove_leftovers(self.path.parent)
            self._due = self._clock() + self.every

    def found(self, identity: Mapping[str, Any]) -> Checkpoint:
        """Return the checkpoint that a run would resume from; it is not begun.

        Raises
        ------
        CheckpointError
            If it is missing, damaged or belongs to a different run.
        """
        self._identity = lambda: json.loads(json.dumps(identity))
        return self._read()

    def recorded(self, name: str) -> Any:
        """Return a part of the identity of the checkpoint to resume from; None without it, or if nothing is resumed.

        Raises
        ------
        CheckpointError
            If the checkpoint to resume from is missing or damaged.
        """
        return read_identity(self.path).get(name) if self.resume else None

    @property
    def progress(self) -> Progress | None:
        """Progress of the loaded checkpoint; None if there is none, or its state was taken."""
        return None if self._loaded is None else self._loaded.progress

    def take_state(self) -> State:
        """Return the state to resume from and drop the reference to it, as it may be large; call it once."""
        if self._loaded is None:
            raise AssertionError("there is no state to resume from, or it was taken")
        state, self._loaded = self._loaded.state, None
        return state

    def offer(self, progress: Callable[[], Progress], state: Callable[[], State], *, last: bool = False) -> None:
        """Write a checkpoint if it is time.

        Parameters
        ----------
        progress, state : callable
            Return the progress and the state of the run; called only if a checkpoint is written.
        last : bool
            Whether the run was interrupted and this is its last offer. The last checkpoint is written at once, unless
            it would replace the checkpoint of a different run, which may be worth more than the start of this one.
        """
        if self._clock() < self._due and not (last and self._may_write_early()):
            return
        try:
            check_no_other_file(self.path)  # which someone may have put there since
            write_checkpoint(self.path, Checkpoint(self._identity(), progress(), state()))
            self.current, self._written = True, signature(self.path)
        except (OSError, CheckpointError) as error:
            self.current = self.current and signature(self.path) == self._written
            self._warn_once(error)
        self._due = self._clock() + self.every

    def remove(self) -> None:
        """Remove the file, if this run has written or read it, and nobody has replaced it since."""
        if self.current:
            remove_written(self.path, self._written)

    def _read(self) -> Checkpoint:
        loaded = read_checkpoint(self.path)
        different = differences(loaded.identity, self._identity())
        if different:
            raise CheckpointError(
                f"the checkpoint {self.path} belongs to a different run: {listed(different)}; restore the settings "
                "or drop `resume`"
            )
        return loaded

    def _may_write_early(self) -> bool:
        return self.every > 0 and (self.current or not os.path.exists(self.path))

    def _warn_once(self, error: OSError | CheckpointError) -> None:
        if not self._warned:
            self._warned = True
            why = getattr(error, "strerror", None) or error
            self._warn(f"cannot write the checkpoint {self.path} ({why}); the run continues")


def painted_from(path: Path, every: float, paint: Callable[[Checkpoints], Painted]) -> tuple[Painted, Checkpoints]:
    """Paint from the checkpoint at `path`; without one, or with one of another run or a damaged one, begin anew.

    One that the run cannot go on from is removed, as it would keep the run from writing its own when it is
    interrupted. Checkpoints are written `every` so many seconds; 0 writes none. Return what `paint` returned, and the
    checkpoints that it painted with.
    """
    if path.exists():
        resumed = Checkpoints(path, every=every, resume=True, warn=lambda text: None)
        found = signature(path)
        try:
            return paint(resumed), resumed
        except CheckpointError:
            if every > 0:
                remove_written(path, found)
    anew = Checkpoints(path, every=every, warn=lambda text: None)
    return paint(anew), anew


def check_no_other_file(path: Path) -> None:
    """Raise CheckpointError if the file at `path`, which a checkpoint would replace, is none."""
    if not os.path.isfile(path):
        return
    try:
        with opened(path) as file:
            head = file.read(FIRST_BYTES)
    except (ImageError, OSError):
        return  # what cannot be read is said when the checkpoint is written
    if head and not (head.startswith(b"PK") and HEADER.encode() in head):
        raise CheckpointError(
            f"a checkpoint would replace {shown(path)}, which maskstyle did not write; move it away, or choose "
            "another output"
        )


def resolved_choice(choice: NetworkChoice, checkpoints: Checkpoints | None) -> NetworkChoice:
    """Return a choice with its compute type; a resumed run keeps that of its checkpoint."""
    begun_in = None if checkpoints is None else checkpoints.recorded(TYPE_IN_IDENTITY)
    if choice.compute_type == "auto" and begun_in in ("float32", "bfloat16"):
        return replace(choice, compute_type=begun_in, type_reason="as in the checkpoint")
    return resolve_compute_type(choice)
