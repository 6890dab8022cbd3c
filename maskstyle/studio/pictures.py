"""The images of a project: taken in, decoded once, and encoded for the page."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from maskstyle.drafting import find_segments
from maskstyle.errors import ImageError
from maskstyle.images import Picture, encode_image, file_notes, load_image, read_size, usual_suffix
from maskstyle.images.pixels import size_within
from maskstyle.images.streams import described
from maskstyle.studio.folder import Folder, new_id
from maskstyle.studio.models import StoredImage

LONGEST_SHOWN = 2000
"""Longer side in pixels at which the page shows an image, and at which its map is painted."""

LEAST_SHOWN = 4
"""Fewest pixels of the shorter side then: those that a map is drafted of."""

LONGEST_THUMBNAIL = 240

MOST_PIXELS = 120_000_000
"""Most pixels of an uploaded image. Larger ones need gigabytes to decode; the command line takes them."""

MOST_KEPT = 96 * 2**20
"""Bytes of encoded images that are remembered."""

_T = TypeVar("_T")


class Kept:
    """What was made from the images, remembered up to a number of bytes; the least recently used goes first."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._values: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._lock, self._making = threading.Lock(), threading.Lock()

    def get(self, key: Any, make: Callable[[], _T], size: Callable[[_T], int]) -> _T:
        """Return a value, made now if it is not remembered; one is made at a time, as images take memory."""
        found = self._found(key)
        if found is None:
            with self._making:
                found = self._found(key)
                if found is None:
                    found = make()
                    self._put(key, found, size(found))
        return found  # type: ignore[no-any-return]

    def _found(self, key: Any) -> Any:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def _put(self, key: Any, value: Any, size: int) -> None:
        with self._lock:
            self._values[key] = value, size
            self._size += size
            while self._size > self._most and len(self._values) > 1:
                _, (_, gone) = self._values.popitem(last=False)
                self._size -= gone


class Pictures:
    """The images of a project as the page sees them."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._encoded = Kept(MOST_KEPT)
        self._decoded = Kept(128 * 2**20)

    def receive(self, stream: BinaryIO, name: str) -> StoredImage:
        """Take an uploaded image in: its bytes unchanged, under an id of the server's own.

        It must be one that the command line would read, of at most `MOST_PIXELS` pixels.
        """
        temporary = self._folder.temporary(".part")
        try:
            with temporary.open("xb") as file:
                while chunk := stream.read(2**20):
                    file.write(chunk)
            return self._taken_in(temporary, name)
        finally:
            temporary.unlink(missing_ok=True)

    def _taken_in(self, temporary: Path, name: str) -> StoredImage:
        shown_name, written = _display_name(name), described(temporary)  # messages shorten a long path
        try:
            height, width = read_size(temporary)
            if height * width > MOST_PIXELS:
                raise ImageError(
                    f"expected an image of at most {MOST_PIXELS // 10**6} megapixels, but {shown_name} has "
                    f"{width}x{height} pixels; scale it down first"
                )
            suffix = usual_suffix(temporary)
            size = load_image(temporary).pixels.shape  # damage shows only when the pixels are decoded
            notes = [note.replace(written, shown_name) for note in file_notes(temporary)]
        except ImageError as error:
            raise ImageError(str(error).replace(written, shown_name)) from None
        shown = size_within((size[0], size[1]), LONGEST_SHOWN)
        if min(shown) < LEAST_SHOWN:
            raise ImageError(
                f"expected an image of at least {LEAST_SHOWN} pixels each way where the longer side has at most "
                f"{LONGEST_SHOWN}, but {shown_name} has {size[1]}x{size[0]}; choose a larger one, or crop it"
            )
        key = new_id()
        self._folder.put(temporary, self._folder.image(key, suffix))
        return StoredImage(
            id=key,
            name=shown_name,
            suffix=suffix,
            width=size[1],
            height=size[0],
            shown=(shown[1], shown[0]),
            notes=notes,
        )

    def shown(self, image: StoredImage) -> tuple[bytes, str]:
        """Return an image as the page shows it, and its type."""
        return self._as_bytes(image, (image.shown[1], image.shown[0]))

    def thumbnail(self, image: StoredImage) -> tuple[bytes, str]:
        """Return a small image, and its type."""
        return self._as_bytes(image, size_within((image.shown[1], image.shown[0]), LONGEST_THUMBNAIL))

    def pixels(self, image: StoredImage) -> Picture:
        """Return the pixels of an image as it is shown, to draft and to divide it."""

        def make() -> Picture:
            return load_image(self._folder.image(image.id, image.suffix)).resized((image.shown[1], image.shown[0]))

        return self._decoded.get(image.id, make, lambda made: 2 * made.pixels.nbytes)

    def segments(self, image: StoredImage, side: int) -> bytes:
        """Return the superpixels of an image, at most about `side` pixels wide, as a PNG of numbers in RGB."""

        def make() -> bytes:
            picture = self.pixels(image)
            return encode_image(find_segments(picture.pixels, side, alpha=picture.alpha).as_colors())

        return self._encoded.get((image.id, "segments", side), make, len)

    def small_file(self, path: Path) -> bytes:
        """Return a small image of a file that is none of the project's, as a JPEG."""

        def make() -> bytes:
            return encode_image(load_image(path).within(LONGEST_THUMBNAIL).pixels, kind="JPEG")

        return self._encoded.get(path, make, len)

    def _as_bytes(self, image: StoredImage, size: tuple[int, int]) -> tuple[bytes, str]:
        def make() -> tuple[bytes, str]:
            picture = self.pixels(image).resized(size)
            if picture.alpha is None:
                return encode_image(picture.pixels, kind="JPEG"), "image/jpeg"
            return encode_image(picture.pixels, picture.alpha, kind="WebP"), "image/webp"

        return self._encoded.get((image.id, size), make, lambda made: len(made[0]))


def _display_name(name: str) -> str:
    """Return the name of a file without folders and end, for people: it is no part of any path."""
    stem = re.split(r"[\\/]", name)[-1].rpartition(".")
    text = "".join(each for each in (stem[0] or stem[2]) if each.isprintable()).strip()
    return text[:80] or "image"
