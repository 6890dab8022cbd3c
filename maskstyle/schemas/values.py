"""The types of values and arrays that are read back, and the checks of a value or an array file against a type.

Plans, records of results and headers of checkpoints declare their values with these types. `msgspec` checks them
strictly: no text is read as a number, and every number is finite. The shape and type of an array are known, and can
be refused, before any of its values is read.
"""

from __future__ import annotations

import json
import math
import re
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Annotated, Any, TypeAlias, TypeVar

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import DTypeLike, NDArray

from maskstyle.settings import LARGEST_PIXELS, LARGEST_WHOLE

Text: TypeAlias = Annotated[str, Meta(pattern=r"\A(?=[\s\S]*\S)[^\0\ud800-\udfff]*\Z")]
"""Text that is not blank, and that a file of UTF-8 and a file's name can hold."""

Sha256: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]

Count: TypeAlias = Annotated[int, Meta(ge=1, le=LARGEST_WHOLE)]
Whole: TypeAlias = Annotated[int, Meta(ge=0, le=LARGEST_WHOLE)]
Number: TypeAlias = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
AtLeastZero: TypeAlias = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
AboveZero: TypeAlias = Annotated[float, Meta(gt=0, le=sys.float_info.max)]

Side: TypeAlias = Annotated[int, Meta(ge=1, le=LARGEST_PIXELS)]
Size: TypeAlias = tuple[Side, Side]
"""(height, width) in pixels."""

Losses: TypeAlias = dict[str, Number]
"""Weighted losses by term."""

LayerPairs: TypeAlias = tuple[tuple[Text, Number], ...]
"""Layers with their weights, as records have them."""

T = TypeVar("T")

_EXPECTED = {
    r"`str` matching regex '\\\\A\(\?=.*'": "text without NUL that is not blank",
    r"`str` matching regex '\\\\A\((.*)\)\\\\Z'": r"one of \1",
    r"`int` >= (\S+)": r"a whole number of at least \1",
    r"`int` <= (\S+)": r"a whole number of at most \1",
    r"`float` > (\S+)": r"a number above \1",
    r"`float` >= -1\.79\S+": "a finite number",
    r"`float` <= 1\.79\S+": "a finite number",
    r"`float` >= (\S+)": r"a number of at least \1",
}
"""Words for what msgspec expects."""

_TYPES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
"""Words for msgspec's types."""


class Unfit(ValueError):
    """A value does not fit its type; the message says where and why."""


def fitting(value: Any, of: type[T], name: str = "") -> T:
    """Return a plain value as its type has it: lists as tuples, whole numbers as floats, tables as their dataclasses.

    The type is any that `msgspec.convert` takes. Raises Unfit, with the name, if a value anywhere inside has another
    type or is out of its range.

    >>> fitting([32, 40], Size)
    (32, 40)
    >>> fitting([32, 0], Size, "size")
    Traceback (most recent call last):
    maskstyle.schemas.values.Unfit: size[1]: expected a whole number of at least 1
    """
    try:
        return msgspec.convert(value, of)
    except msgspec.ValidationError as error:
        raise Unfit(_sentence(str(error), name)) from None
    except (UnicodeEncodeError, RecursionError) as error:  # lone surrogates; thousands of tables inside each other
        raise Unfit(f"{name or 'a value'}: {error}") from None


def fits(value: Any, of: Any) -> bool:
    """Return whether a value fits a type; see `fitting`."""
    try:
        fitting(value, of)
    except Unfit:
        return False
    return True


def decoded(text: str | bytes, of: type[T]) -> T:
    """Return a JSON text as its type has it; see `fitting`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # also: numbers of thousands of digits, thousands of brackets
        raise Unfit(f"it is not JSON ({error})") from None
    return fitting(value, of)


def _sentence(message: str, name: str) -> str:
    """Return a message of msgspec in the words of maskstyle, with the place first."""
    found = re.fullmatch(r"(?s)(.*?)(?: - at `(?:key` in `)?\$\.?(.*)`)?", message)
    assert found is not None  # the pattern fits every text
    said, place = found[1], f"{name}{found[2] or ''}"
    for words, ours in _EXPECTED.items():
        said = re.sub(words, ours, said, count=1, flags=re.DOTALL)
    said = re.sub(r"`(\w+(?: \| \w+)*)`", lambda types: _listed(types[1]), said)
    said = said[:1].lower() + said[1:]
    return f"{place}: {said}" if place else said


def _listed(types: str) -> str:
    """Return types that msgspec separates by bars in words; any other name is a key."""
    return " or ".join(_TYPES.get(each, each) for each in types.split(" | "))


CHUNK_BYTES = 2**24
"""Bytes to read at a time."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The compressions that NumPy writes; others may take gigabytes for a few bytes."""

FLOATS = (np.float16, np.float32, np.float64)


@dataclass(frozen=True)
class StoredArray:
    """An array of a file, with its values still in the file."""

    name: str  # its name in messages
    shape: tuple[int, ...]  # as the file declares it
    dtype: np.dtype[Any]  # as the file declares it
    read: Callable[[], NDArray[Any]]

    def checked(self, shape: tuple[int, ...], dtypes: Sequence[DTypeLike] = FLOATS) -> NDArray[Any]:
        """Return the values of an array of a shape and one of some types, in any byte order.

        Raises Unfit, before anything is read, if the array has another shape or type.
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

    Raises Unfit if the member is not an array in version 1.0 of NumPy's format, or is compressed in a way that NumPy
    never is.
    """
    information = archive.getinfo(name)
    if information.compress_type not in METHODS:
        raise Unfit(f"{name} is compressed in an unknown way")
    with archive.open(information) as member:
        shape, by_column, dtype = _header(member, name)
    return StoredArray(name, shape, dtype, partial(_read_member, archive, name, shape, by_column, dtype))


def stored_in_hdf5(dataset: Any) -> StoredArray:
    """Return the array of a data set of an HDF5 file, which reads no other file."""
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
