"""When checkpoints are written, and whether a job goes on from one."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from maskstyle.errors import CheckpointError, SettingsError
from maskstyle.settings import CHECKPOINT_SECONDS
from maskstyle.synthesis.checkpoint_file import (
    Checkpoint,
    Progress,
    State,
    read_checkpoint,
    remove_leftovers,
    write_checkpoint,
)
from maskstyle.synthesis.identity import differences, listed


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=2)


class Checkpoints:
    """The checkpoint of one job, such as a `maskstyle.transfer_basic`: what to go on from where it was killed.

    It lies in a file that is replaced now and then, all or nothing. Once the result is saved, `remove` it.

    Parameters
    ----------
    path : Path or str
        The file, in a folder that is there.
    every : float
        Least seconds from one writing to the next, and before the first; 0 writes none.
    resume : bool
        Whether to go on from the file, which must be there and of the same job: the same images, settings and
        version of maskstyle. Otherwise a file that is there is left alone until the first writing replaces it.
    warn : callable, optional
        Told once, in a sentence, where a checkpoint cannot be written; the work goes on. A Python warning where it is
        left out.

    Attributes
    ----------
    current : bool
        Whether the file at `path` is this job's, as it was begun from it or has written it.

    Raises
    ------
    SettingsError
        Where `every` cannot be a number of seconds.

    Examples
    --------
    >>> import maskstyle
    >>> checkpoints = maskstyle.Checkpoints("out.png.checkpoint", resume=True)
    >>> result = maskstyle.transfer_basic(content, style, checkpoints=checkpoints)  # doctest: +SKIP
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
    ) -> None:
        if not (math.isfinite(every) and every >= 0):
            raise SettingsError(f"every is {every:g}; expected a number of seconds of at least 0")
        self.path = Path(path)
        self.every = every
        self.resume = resume
        self.current = False
        self._warn = warn
        self._warned = False
        self._identity: dict[str, Any] = {}
        self._held: Checkpoint | None = None
        self._due = math.inf

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Begin a job: from here on the clock runs, and what it goes on from is at hand.

        Parameters
        ----------
        identity : mapping
            What must agree for a job to be the same, ready for JSON: see `maskstyle.synthesis.identity`.

        Raises
        ------
        CheckpointError
            Where there is nothing to resume from, or it is damaged or of another job.
        """
        self._identity = json.loads(json.dumps(identity))
        self.current = False
        if self.resume:
            self._held = read_checkpoint(self.path)
            different = differences(self._held.identity, self._identity)
            if different:
                raise CheckpointError(
                    f"the checkpoint {self.path} is of another job: {listed(different)}; do everything as it was "
                    "begun, or begin without resuming"
                )
            self.current = True
        if self.every > 0:
            remove_leftovers(self.path)
            self._due = time.monotonic() + self.every

    @property
    def progress(self) -> Progress | None:
        """Where the job that is gone on with stands; None where it begins anew."""
        return None if self._held is None else self._held.progress

    def take_state(self) -> State:
        """Return the state to go on from, once: it may be large, and nothing here holds it any longer."""
        if self._held is None:
            raise AssertionError("there is no state to go on from, or it was taken")
        state, self._held = self._held.state, None
        return state

    def offer(self, progress: Callable[[], Progress], state: Callable[[], State], *, last: bool = False) -> None:
        """Write a checkpoint where it is time; what it holds is asked for only then.

        Parameters
        ----------
        progress, state : callable
            Return where the job stands.
        last : bool
            Whether nothing will be offered any more, as the job was interrupted. Then it need not be time, unless
            that would replace the checkpoint of another job, which may be worth more than the beginning of this one.
        """
        if time.monotonic() < self._due and not (last and self._may_write_early()):
            return
        try:
            write_checkpoint(self.path, Checkpoint(self._identity, progress(), state()))
            self.current = True
        except OSError as error:
            self._complain(error)
        self._due = time.monotonic() + self.every

    def remove(self) -> None:
        """Remove the file, and what killed processes left of it; nothing happens where there is none."""
        remove_leftovers(self.path)
        self.path.unlink(missing_ok=True)

    def _may_write_early(self) -> bool:
        return self.every > 0 and (self.current or not self.path.exists())

    def _complain(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            self._warn(
                f"the checkpoint {self.path} could not be written ({error.strerror or error}); the work goes on"
            )
