"""Arrays of files that are read back: shape and type are known, and can be refused, before any value is read.

A few bytes of an archive can promise gigabytes. What is read here never takes more memory than its declared shape.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from maskstyle.schemas.values import Unfit

CHUNK_BYTES = 2**24
"""Bytes to read at a time."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The compressions that NumPy writes; others may take gigabytes for a few bytes."""

FLOATS = (np.float16, np.float32, np.float64)


@dataclass(frozen=True)
class StoredArray:
    """An array of a file, with its values still in the file.

    Parameters
    ----------
    name : str
        Its name in messages.
    shape : tuple of int
        Its shape, as the file declares it.
    dtype : numpy.dtype
        Its type, as the file declares it.
    read : callable
        Reads the values.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]

    def checked(self, shape: tuple[int, ...], dtypes: Sequence[DTypeLike] = FLOATS) -> NDArray[Any]:
        """Return the values of an array of a shape and one of some types, in any byte order.

        Raises
        ------
        Unfit
            If the array has another shape or type; nothing is read then.
        """
        self.check_type(dtypes)
        if self.shape != shape:
            raise Unfit(f"{self.name} has shape {self.shape}; expected {shape}")
        return self.read()

    def check_type(self, dtypes: Sequence[DTypeLike] = FLOATS) -> None:
        """Raise Unfit if the array has none of some types."""
        if self.dtype.newbyteorder("=") not in [np.dtype(each) for each in dtypes]:
            expected = " or ".join(np.dtype(each).name for each in dtypes)
            raise Unfit(f"{self.name} has type {self.dtype}; expected {expected}")


def stored_in_archive(archive: zipfile.ZipFile, name: str) -> StoredArray:
    """Return the array of a ``.npy`` member of an archive, from its header.

    Raises
    ------
    Unfit
        If the member is not an array in version 1.0 of NumPy's format, or is compressed in a way that NumPy never is.
    """
    information = archive.getinfo(name)
    if information.compress_type not in METHODS:
        raise Unfit(f"{name} is compressed in an unknown way")
    with archive.open(information) as member:
        shape, by_column, dtype = _header(member, name)
    return StoredArray(name, shape, dtype, partial(_read_member, archive, name, shape, by_column, dtype))


def stored_in_hdf5(dataset: Any) -> StoredArray:
    """Return the array of a data set of an HDF5 file, which reads no other file.

    Raises
    ------
    Unfit
        If the data set takes its values from another file.
    """
    if dataset.external or dataset.is_virtual:
        raise Unfit(f"{dataset.name} takes its values from another file")
    return StoredArray(dataset.name, tuple(dataset.shape or ()), dataset.dtype, lambda: np.asarray(dataset[()]))


def _header(member: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, order and type of a ``.npy`` file."""
    if np.lib.format.read_magic(member) != (1, 0):
        raise Unfit(f"{name} has an unknown version of NumPy's format")
    try:
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(member)
    except Exception as error:  # NumPy parses the header as Python, which raises nearly anything
        raise Unfit(f"{name} has a damaged header ({error})") from None
    if dtype.hasobject:
        raise Unfit(f"{name} has type object; expected numbers")
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise Unfit(f"{name} has shape {shape}")
    return shape, by_column, dtype


def _read_member(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], by_column: bool, dtype: np.dtype[Any]
) -> NDArray[Any]:
    nbytes = math.prod(shape) * dtype.itemsize
    if archive.getinfo(name).file_size < nbytes:
        raise Unfit(f"{name} ends too early")
    array: NDArray[Any] = np.empty(math.prod(shape), dtype)
    with archive.open(name) as member:
        _header(member, name)
        _fill(array.view(np.uint8), member, name)
        if member.read(1):  # reading to the end makes zipfile compare the checksum
            raise Unfit(f"{name} is too long")
    return array.reshape(shape, order="F" if by_column else "C")


def _fill(unfilled: NDArray[np.uint8], member: IO[bytes], name: str) -> None:
    while unfilled.size:
        chunk = member.read(min(CHUNK_BYTES, unfilled.size))
        if not chunk:
            raise Unfit(f"{name} ends too early")
        unfilled[: len(chunk)] = np.frombuffer(chunk, np.uint8)
        unfilled = unfilled[len(chunk) :]
