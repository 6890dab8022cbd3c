"""Find the frames of a clip: a numbered folder, or a pattern; and the scenes that they are of."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from maskstyle.batch.pictures import find_pictures
from maskstyle.errors import ImageError
from maskstyle.images.headers import read_size
from maskstyle.images.io import Picture
from maskstyle.images.paths import opened
from maskstyle.images.pixels import Image, size_text
from maskstyle.motion.flow import CUT_SIDE, is_cut

_NUMBER = re.compile(r"(\d+)")


def find_frames(text: str, note: Callable[[str], None] = lambda text: None, *, maps: bool = False) -> list[Path]:
    """Return the frames of a folder or a pattern, in the order of their numbers; see `find_pictures`.

    There are at least two, of one size; no number is missing or there twice.
    """
    frames = sorted(find_pictures([text], note, maps=maps), key=_order)
    check_frames(frames, text)
    return frames


def check_frames(frames: Sequence[Path], name: str) -> None:
    """Raise ImageError unless there are several frames of one size, without a gap in their numbers."""
    with opened(frames[0], "a video, a folder of frames or a quoted pattern"):  # a missing file counts as one frame
        first = read_size(frames[0])
    check_several(frames, name)
    _check_names(frames)
    _check_numbers(frames)
    for frame in frames:
        size = read_size(frame)
        if size != first:
            raise ImageError(
                f"{frame} is {size_text(size)}, but {frames[0]} is {size_text(first)}; make all frames of one size"
            )


def check_several(frames: Sequence[Path], name: str) -> None:
    """Raise ImageError if there is only one frame."""
    if len(frames) < 2:
        raise ImageError(
            f"{name} has one frame; expected at least two; paint a single picture without frames, such as with "
            "maskstyle basic"
        )


def _order(path: Path) -> tuple[str, list[str | int], str]:
    """Return the folder, the texts and numbers of the name in turn, and the name, by which frames are sorted."""
    parts = _NUMBER.split(path.stem)
    return str(path.parent), [int(part) if place % 2 else part for place, part in enumerate(parts)], path.stem


def _check_names(frames: Sequence[Path]) -> None:
    """Raise ImageError if two frames would have one result."""
    seen: dict[str, Path] = {}
    for frame in frames:
        if frame.stem in seen:
            raise ImageError(
                f"the results of {seen[frame.stem]} and {frame} would have one name; rename one, or leave it out"
            )
        seen[frame.stem] = frame


def _check_numbers(frames: Sequence[Path]) -> None:
    """Raise ImageError if frames whose names differ in a number alone lack one of a series, or have it twice."""
    orders = [_order(frame)[:2] for frame in frames]
    for place, (before, after) in enumerate(itertools.pairwise(orders)):
        if before == after:
            raise ImageError(
                f"{frames[place]} and {frames[place + 1].name} have the same number; leave one out, or number the "
                "frames anew"
            )
    numbers = _numbers([parts for _, parts in orders])
    if numbers is None or len({folder for folder, _ in orders}) > 1:
        return
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    for place, step in enumerate(steps):
        if step > min(steps):
            missing = numbers[place] + min(steps)
            raise ImageError(
                f"frame {missing} is missing between {frames[place].name} and {frames[place + 1].name}; add it, or "
                "number the frames anew"
            )


def _numbers(names: Sequence[Sequence[str | int]]) -> list[int] | None:
    """Return the one number in which names differ, of each; None if they differ in more."""
    if len({len(name) for name in names}) > 1:
        return None
    varying = [part for part in zip(*names, strict=True) if len(set(part)) > 1]
    numbers = [part for part in varying[0] if isinstance(part, int)] if len(varying) == 1 else []
    return numbers or None


def find_scenes(frames: Iterable[Image]) -> list[int]:
    """Return the places of the frames (H, W, 3) that begin a scene, from 0: the first, and those after a cut."""
    scenes, before = [0], None
    for place, pixels in enumerate(frames):
        now = Picture(pixels, None).within(CUT_SIDE).pixels
        if before is not None and is_cut(before, now):
            scenes.append(place)
        before = now
    return scenes
