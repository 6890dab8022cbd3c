"""The errors that maskstyle raises: each says what was expected, what arrived and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MaskstyleError(Exception):
    """Base of every error that maskstyle raises on purpose.

    Attributes
    ----------
    about : tuple of str or int
        The input at fault, from the outermost: ``("regions", 2, "mask")``; empty where none is. Front ends turn it
        into a line of a plan file.
    """

    about: tuple[str | int, ...] = ()


class ImageError(MaskstyleError):
    """A picture cannot be read, written or used."""


class UnmatchedError(ImageError):
    """Regions of a map have no counterpart in another."""


class SettingsError(MaskstyleError):
    """A setting, or a combination of settings, cannot work."""


class WeightsError(MaskstyleError):
    """A network's weights are missing, incomplete or damaged."""


class OutputError(MaskstyleError):
    """A result cannot be written, though it could be when the work began."""


class CheckpointError(MaskstyleError):
    """A checkpoint is missing, damaged or of another job."""


class NumericalError(MaskstyleError):
    """The optimization met a value that is not finite.

    Parameters
    ----------
    message : str
        What happened and what to do.
    image : (H, W, 3) float32 array or None
        The best image before it happened, in [0, 1].
    """

    def __init__(self, message: str, image: NDArray[np.float32] | None = None) -> None:
        super().__init__(message)
        self.image = image


@contextmanager
def concerning(*about: str | int) -> Iterator[None]:
    """Say which input any error of the block is about.

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
