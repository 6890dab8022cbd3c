"""The maps and masks of the frames of a clip: drawn for key frames, and following the motion between them."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from maskstyle.errors import ImageError
from maskstyle.images.decoding import turned_back, upright
from maskstyle.images.files import open_image
from maskstyle.images.hashes import hash_now
from maskstyle.images.io import load_image, load_samples, save_mask, save_samples_like
from maskstyle.images.paths import opened
from maskstyle.images.pixels import Image, Mask, Size, resize_image, resize_mask
from maskstyle.images.streams import is_stream
from maskstyle.images.writing import make_folder, write_text
from maskstyle.maps import load_map, save_map
from maskstyle.masks.io import read_mask
from maskstyle.motion.flow import Motion, motion_between
from maskstyle.motion.following import (
    Follower,
    Labels,
    edge_labels,
    followed_mask,
    followed_values,
    key_places,
    region_motion,
)
from maskstyle.plans import Plan
from maskstyle.plans.load import with_renamed_files
from maskstyle.schemas.values import Unfit, decoded
from maskstyle.techniques.inputs import declared_inputs

WRITTEN = "written.json"
"""File beside followed maps with the hash of each: one that has another was drawn or corrected by a person."""


class Seen(NamedTuple):
    """What a frame shows: its pixels (H, W, 3), and, of a doodle, its regions (H, W), numbered by their colors."""

    image: Image
    regions: Labels | None = None

    def motion_to(self, now: Seen) -> Motion:
        """Return the motion from this frame to the next."""
        if self.regions is None or now.regions is None:
            return motion_between(self.image, now.image)
        return region_motion(self.regions, now.regions)


class FollowedFiles:
    """The plan of each frame, with maps and masks that follow the motion.

    The maps and masks of the content image in `plan` are those of the first frame; `folder` gets the followed ones.
    """

    def __init__(self, plan: Plan, frames: Sequence[Path], folder: Path) -> None:
        self.first, self._frames = plan, frames
        maps, masks = _own_files(plan)
        written = _Written(folder)
        endings = _endings({file: plan.file(file) for file in (*maps, *masks)}, frames[0])
        self._files = {
            file: _File(plan, file, frames, written, ending, is_map=file in maps) for file, ending in endings.items()
        }

    def of_scene(self) -> FollowedFiles:
        """Return the same files, to follow the frames of one scene while others follow theirs."""
        own = copy(self)
        own._files = {file: copy(each) for file, each in self._files.items()}
        return own

    @property
    def any(self) -> bool:
        """Whether there is any map or mask to follow."""
        return bool(self._files)

    def drawn(self) -> list[Path]:
        """Return the maps and masks that a person drew, which nothing replaces."""
        return [key for each in self._files.values() for key in map(each.key, range(len(self._frames))) if key]

    def check(self, scenes: Collection[int]) -> None:
        """Raise ImageError if the first frame of a scene has no map or mask of its own."""
        for each in self._files.values():
            if not (is_stream(each.first) or each.first.exists()):
                raise ImageError(f"{each.first} does not exist; draw what the plan needs for {self._frames[0]} there")
        for number in sorted(scenes):
            for each in self._files.values():
                if each.key(number) is None:
                    raise ImageError(
                        f"{self._frames[number]} begins a new scene, and {each.first} cannot follow it there; draw "
                        f"one for this frame, as {each.wanted(number)}"
                    )

    def seen(self, number: int, size: Size) -> Seen:
        """Return what a frame shows, at a (height, width)."""
        frame = self._frames[number]
        image = resize_image(load_image(frame).pixels, size)
        if self.first.inputs.main == "content":
            return Seen(image)
        found = self.first.reading.read(frame, frame)
        colors = np.array([(red << 16) + (green << 8) + blue for red, green, blue in found.colors] + [-1], np.int32)
        return Seen(image, followed_values(colors[found.labels], key_places(size)))

    def plan_of(self, number: int, now: Image, motion: Motion | None) -> Plan:
        """Return the plan of a frame, whose maps and masks are written; frames come in order, numbered from 0.

        `now` is the frame at the size at which motion is computed; the first frame of a scene has no motion.
        """
        found = {file: each.at(number, now, motion) for file, each in self._files.items()}
        main = self.first.main

        def renamed(file: str) -> str:
            if file == main:
                return str(self._frames[number].absolute())
            return str((found[file] if file in found else self.first.file(file)).absolute())

        plan = replace(with_renamed_files(self.first, renamed), output=None)
        if number > 0 and plan.initial is not None:  # the initial image is one of the first frame
            plan = replace(plan, initial=None, settings=plan.settings.changed(init="auto"))
        return plan


def _own_files(plan: Plan) -> tuple[list[str], list[str]]:
    """Return the maps and the masks of the content image, as the plan names them."""
    declared = declared_inputs(plan.inputs)
    maps = [
        str(plan.values[name])
        for name, each in declared.items()
        if each.kind == "map" and each.of == plan.inputs.main and plan.values.get(name) is not None
    ]
    masks = [entry.mask for entry in plan.regions if entry.mask is not None]
    return list(dict.fromkeys(maps)), list(dict.fromkeys(masks))


def _endings(files: Mapping[str, Path], frame: Path) -> dict[str, str]:
    """Return what follows a frame's name in the name of the file that follows each map or mask of the first frame.

    No two are the same: files of one name are told apart by the names of their folders, or else by numbers.
    """
    own = {file: path.stem.removeprefix(frame.stem) for file, path in files.items()}
    own = {file: ending if ending.startswith("_") else f"_{ending}" for file, ending in own.items()}
    number = Counter(ending.casefold() for ending in own.values())
    endings: dict[str, str] = {}
    for file, ending in own.items():
        alone = number[ending.casefold()] == 1
        wanted = ending if alone else f"_{files[file].absolute().parent.name}{ending.rstrip('_')}"
        taken = {each.casefold() for each in endings.values()}
        names = itertools.chain([wanted], (f"{wanted}_{count}" for count in itertools.count(2)))
        endings[file] = next(name for name in names if name.casefold() not in taken)
    return endings


class _Written:
    """The folder of followed maps and masks, and which of the files there were written as such."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._list = folder / WRITTEN
        self._hashes: dict[str, Any] = {}
        with suppress(ImageError, OSError, Unfit), opened(self._list) as file:
            self._hashes = decoded(file.read(), dict[str, Any])

    def has(self, path: Path) -> bool:
        """Return whether a file is as it was written."""
        return self._hashes.get(path.name) == hash_now(path)

    def add(self, path: Path) -> None:
        """Take a file that was just written."""
        self._hashes[path.name] = hash_now(path)
        write_text(self._list, json.dumps(self._hashes, indent=0))


class _File:
    """A map or mask: its key frames, and what follows them."""

    def __init__(
        self, plan: Plan, file: str, frames: Sequence[Path], written: _Written, ending: str, *, is_map: bool
    ) -> None:
        self.first = plan.file(file)
        self._plan, self._frames, self._written, self._is_map = plan, frames, written, is_map
        self._ending = ending
        self._key, self._turn, self._follower = self.first, 1, Follower(None, (1, 1))

    def wanted(self, number: int) -> Path:
        """Return the name that a map of a frame would have: that of the first frame's, with the other's name."""
        first, own = self._frames[0].stem, self._frames[number].stem
        if not self.first.stem.startswith(first):
            return self._output(number)
        return self.first.with_name(own + self.first.stem.removeprefix(first) + self.first.suffix)

    def key(self, number: int) -> Path | None:
        """Return the map that a person drew, or corrected, for a frame."""
        if number == 0:
            return self.first
        candidates = (self.wanted(number), self._output(number))
        return next((each for each in candidates if each.is_file() and not self._written.has(each)), None)

    def at(self, number: int, now: Image, motion: Motion | None) -> Path:
        """Return the file of a frame, written unless it is a key."""
        key, size = self.key(number), now.shape[:2]
        if key is not None:
            self._key, self._turn = key, self._plan.reading.turn(key, self._frames[number])
            self._follower = self._begun(size, self._frames[number])
            return key
        assert motion is not None  # as `check` found a key for each scene
        self._follower.follow(motion, now)
        output = self._output(number)
        make_folder(output.parent, parents=True)
        self._write(output, self._frames[number])
        self._written.add(output)
        return output

    def _begun(self, size: Size, frame: Path) -> Follower:
        if self._is_map:
            return Follower(self._plan.reading.read(self._key, frame).labels, size)
        return Follower(edge_labels(resize_mask(self._mask(), size)), size)

    def _mask(self) -> Mask:
        return np.ascontiguousarray(upright(read_mask(self._key).mask, self._turn))

    def _write(self, output: Path, frame: Path) -> None:
        places = self._follower.places
        back = turned_back(self._plan.reading.turn(None, frame))  # as the plan turns what is read for the frame
        if not self._is_map:
            save_mask(output, upright(np.clip(followed_mask(self._mask(), places), 0.0, 1.0), back))
            return
        with open_image(self._key) as image:
            lossy = image.format in ("JPEG", "MPO", "WEBP", "AVIF", "HEIF")
        if lossy:  # its noise would be colors of regions in a PNG
            found = load_map(self._key, orientation=self._turn)
            labels = upright(followed_values(found.labels, places), back)
            save_map(output, replace(found, labels=np.ascontiguousarray(labels)))
            return
        samples = followed_values(upright(load_samples(self._key), self._turn), places)
        save_samples_like(output, self._key, upright(samples, back))

    def _output(self, number: int) -> Path:
        return self._written.folder / f"{self._frames[number].stem}{self._ending}.png"
