"""The errors of maskstyle. Each message says what was expected, what was found and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, line separators, and marks that change the direction of writing."""


def visible(text: str) -> str:
    r"""Return a text with its control characters and line breaks as escapes, so that no name can forge a message.

    Examples
    --------
    >>> visible("a\x1b[31m.png\nerror: no")
    'a\\x1b[31m.png\\nerror: no'
    """
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class MaskstyleError(Exception):
    """Base class of all errors that maskstyle raises on purpose.

    Attributes
    ----------
    about : tuple of str or int
        The input at fault, from the outermost, such as ``("regions", 2, "mask")``; empty if none is. For a plan
        file it becomes a line number.
    line : int
        The line of the plan file at fault, from 1; 0 if there is none.
    """

    about: tuple[str | int, ...] = ()
    line: int = 0


class ImageError(MaskstyleError):
    """An image, map or mask cannot be read, written or used."""


class UnmatchedError(ImageError):
    """A region of one map has no matching region in the other."""


class SettingsError(MaskstyleError):
    """A setting, or a combination of settings, is invalid."""


class Mistakes(SettingsError):
    """Several mistakes, found at once.

    Parameters
    ----------
    *sentences : str
        What is wrong, one sentence for each mistake.

    Attributes
    ----------
    sentences : tuple of str
        The same; the message has one on each line.
    """

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class WeightsError(MaskstyleError):
    """The weights of a network are missing, incomplete or damaged."""


class OutputError(ImageError):
    """A file can no longer be written, although its path was writable at the start."""


class WorkerError(MaskstyleError):
    """The workers of a Dask scheduler, or the scheduler, failed during a run."""


class CheckpointError(MaskstyleError):
    """A checkpoint is missing, is damaged or belongs to a different run."""


class NumericalError(MaskstyleError):
    """The optimization produced a value that is not finite.

    Parameters
    ----------
    message : str
        What happened and what to do.
    image : (H, W, 3) float32 array or None
        The best image up to then, in [0, 1].
    """

    def __init__(self, message: str, image: NDArray[np.float32] | None = None) -> None:
        super().__init__(message)
        self.image = image


@contextmanager
def concerning(*about: str | int) -> Iterator[None]:
    """Add the input at fault to any error of the block.

    Examples
    --------
    >>> try:
    ...     with concerning("regions", 2), concerning("mask"):
    ...         raise SettingsError("the mask is empty")
    ... except SettingsError as error:
    ...     print(error.about)
    ('regions', 2, 'mask')
    """
    try:
        yield
    except MaskstyleError as error:
        error.about = (*about, *error.about)
        raise
