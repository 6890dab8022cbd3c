"""What may be written: nothing that goes in, and no file twice."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from maskstyle.errors import ImageError


def check_distinct(outputs: Mapping[str, Path | None], inputs: Sequence[Path]) -> None:
    """Raise where something that is written would replace an input or another output.

    Parameters
    ----------
    outputs : mapping from str to Path or None
        The files to write, by their options; None where the option is not given.
    inputs : sequence of Path
        The files that are read.

    Raises
    ------
    ImageError
        Naming the options.
    """
    written = {flag: path for flag, path in outputs.items() if path is not None}
    for flag, path in written.items():
        if any(_same(path, source) for source in inputs):
            raise ImageError(f"{flag} is {path}, an input, which would be replaced; choose another name")
        for other, another in written.items():
            if flag < other and _same(path, another):
                raise ImageError(f"{flag} and {other} are both {path}; give each a name of its own")


def _same(path: Path, other: Path) -> bool:
    """Say whether two names mean one file, whether it is there or not."""
    if path.exists() and other.exists():
        return path.samefile(other)
    return os.path.normcase(os.path.realpath(path)) == os.path.normcase(os.path.realpath(other))
