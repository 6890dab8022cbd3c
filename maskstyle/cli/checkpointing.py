"""Checkpoints on the command line: they lie beside the picture, and ``--resume`` goes on from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from maskstyle.cli.console import messages
from maskstyle.errors import CheckpointError

if TYPE_CHECKING:
    from maskstyle.synthesis.checkpoints import Checkpoints


def checkpoint_beside(output: Path) -> Path:
    """Return where the checkpoint of a picture lies.

    Examples
    --------
    >>> checkpoint_beside(Path("pictures/out.png")).name
    'out.png.checkpoint'
    """
    return output.with_name(f"{output.name}.checkpoint")


def wanted_checkpoints(output: Path, *, every: float, resume: bool, quiet: bool) -> Checkpoints | None:
    """Return the checkpoints of a run, or None where it neither writes nor needs any.

    Says what is gone on with, or what becomes of an earlier run's checkpoint.

    Parameters
    ----------
    output : Path
        The picture to write.
    every : float
        Least seconds between two checkpoints; 0 writes none.
    resume : bool
        Whether to go on from the one that is there.
    quiet : bool
        Say nothing.

    Raises
    ------
    CheckpointError
        Where there is nothing to go on from, or it is damaged. Whether it is of the same job is found later.
    """
    from maskstyle.synthesis.checkpoint_file import read_checkpoint
    from maskstyle.synthesis.checkpoints import Checkpoints

    path = checkpoint_beside(output)
    said = None
    if resume:
        if not path.exists():
            raise CheckpointError(f"--resume goes on from {path}, but there is no such file; leave --resume out")
        held = read_checkpoint(path)
        height, width = held.size
        said = f"resuming from {path}: {width}x{height}, after step {held.progress.evaluations}"
    elif path.exists():
        fate = "is left alone" if every == 0 else "is replaced by this run's"
        said = f"note: {path} of an earlier run {fate}; --resume would go on from it"
    if said is not None and not quiet:
        messages().print(escape(said))
    return Checkpoints(path, every=every, resume=resume, warn=_warn) if resume or every > 0 else None


def _warn(message: str) -> None:
    messages().print(f"[yellow]no checkpoint:[/] {escape(message)}")
