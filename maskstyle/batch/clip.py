"""Paint the frames of a clip, each from the result of the frame before, moved along by the optical flow.

M. Ruder, A. Dosovitskiy and T. Brox, "Artistic Style Transfer for Videos", GCPR 2016: the warped result is what a
frame starts from, and what the temporal term holds it to, wherever the flow can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskstyle.batch.followed import FollowedFiles, Seen
from maskstyle.batch.work import Outcome, Painter, Prepared, Task
from maskstyle.images import load_image
from maskstyle.images.hashes import digest_of
from maskstyle.images.paths import opened
from maskstyle.images.pixels import Image, Size, resize_image
from maskstyle.images.writing import remove_written, replacing, signature
from maskstyle.motion.flow import Motion, motion_size, resized_motion, warped
from maskstyle.motion.regions import with_mirrored
from maskstyle.plans.recording import recorded_path
from maskstyle.settings import FRAME_STEPS, TEMPORAL_WEIGHT
from maskstyle.synthesis.scene import Previous, Scene

if TYPE_CHECKING:
    from maskstyle.synthesis.scales import Step

STATE = "previous.npz"
"""File beside results, while they are painted, with the image that the next frame goes on from."""


@dataclass(frozen=True)
class ClipSettings:
    """How the frames of a clip depend on each other.

    Parameters
    ----------
    temporal_weight : float
        Weight of the temporal term, at least 0.
    frame_steps : int
        Most steps of a frame that goes on from the one before.
    """

    temporal_weight: float = TEMPORAL_WEIGHT
    frame_steps: int = FRAME_STEPS


@dataclass(frozen=True)
class Clip:
    """What to paint.

    Parameters
    ----------
    frames, outputs : tuple of Path
        The frames, and the result of each.
    files : FollowedFiles
        The plan of each frame.
    scenes : frozenset of int
        Places of the frames that begin a scene, from 0.
    size : (height, width)
        Size of the results.
    settings : ClipSettings
        How frames depend on each other.
    """

    frames: tuple[Path, ...]
    outputs: tuple[Path, ...]
    files: FollowedFiles
    scenes: Collection[int]
    size: Size
    settings: ClipSettings = ClipSettings()


def paint_clip(
    clip: Clip,
    painter: Painter,
    *,
    force: bool,
    on_begin: Callable[[str], None],
    on_step: Callable[[Step], None],
    on_outcome: Callable[[Outcome], None],
    should_stop: Callable[[], bool],
) -> None:
    """Paint the frames that are not done.

    Parameters
    ----------
    clip : Clip
        What to paint.
    painter : Painter
        Paints each frame; made with ``of_clip``.
    force : bool
        Paint again what is done.
    on_begin, on_step, on_outcome : callable
        Called with the name of each frame, after each evaluation, and with what became of the frame.
    should_stop : callable
        Called after each evaluation; return True to stop. The frame is painted again next time.

    Raises
    ------
    MaskstyleError
        If a frame cannot be painted, since the ones after it depend on it.
    """
    state = clip.outputs[0].parent / STATE
    seen: Image | None = None
    before: Seen | None = None
    for number, (frame, output) in enumerate(zip(clip.frames, clip.outputs, strict=True)):
        if should_stop():
            return
        on_begin(str(frame))
        now = clip.files.seen(number, motion_size(clip.size))
        motion = None if number in clip.scenes or before is None else before.motion_to(now)
        task = Task(clip.files.plan_of(number, now.image, motion), output)
        ready = painter.prepared(task)
        last = None if motion is None else clip.outputs[number - 1]
        ready = _recorded(ready, number, output, last, clip.settings)
        before = now
        if not force and ready.is_of(output):
            on_outcome(Outcome(task.name, output, "done before"))
            seen = None
            continue
        if motion is not None and last is not None:
            seen = _seen(last, state) if seen is None else seen
            ready = ready._replace(scene=_continued(ready, seen, motion, now, clip.settings.temporal_weight))
        outcome, result = painter.finish(task, ready, on_step=on_step, should_stop=should_stop)
        if outcome.state == "painted":
            seen = result.seen
            _save_seen(state, seen, output)
        on_outcome(outcome)
        if outcome.state == "interrupted":
            return
    remove_written(state, signature(state))


def _recorded(ready: Prepared, number: int, output: Path, last: Path | None, settings: ClipSettings) -> Prepared:
    """Return a frame with the settings of one that goes on from `last`, and its record, which names that result."""
    frame: dict[str, Any] = {"number": number + 1}
    record, scene = ready.record, ready.scene
    if last is not None:
        name = recorded_path(last, output)
        frame |= {"previous": name, "temporal_weight": settings.temporal_weight}
        record = {**record, "sha256": {**record["sha256"], name: _hash(last)}}
        steps = min(settings.frame_steps, scene.settings.steps)
        scene = replace(scene, settings=scene.settings.changed(scales=1, steps=steps, init="image"))
    return ready._replace(scene=scene, record={**record, "frame": frame})


def _continued(ready: Prepared, seen: Image, motion: Motion, now: Seen, weight: float) -> Scene:
    """Return the scene of a frame that starts from the last result, as the network saw it, and stays like it."""
    from maskstyle.synthesis.initial_image import initial_image

    scene = ready.scene
    size = scene.sizes[-1]
    motion = resized_motion(motion, size)
    moved = warped(resize_image(seen, size), motion.flow)
    anew = initial_image(replace(scene, settings=scene.settings.changed(init=_init_anew(scene))))
    if now.regions is None:
        start = np.where(motion.trusted[..., np.newaxis], moved, anew)
    else:
        start = with_mirrored(moved, motion.trusted, now.regions, anew)
    previous = Previous(moved, motion.trusted.astype(np.float32), weight)
    identity = {**scene.identity, "previous result": moved, "trusted": previous.trusted, "temporal weight": weight}
    return replace(scene, initial=start, previous=previous, identity=identity)


def _init_anew(scene: Scene) -> str:
    """Return the initial image of what no earlier frame shows."""
    return "colors" if scene.content is None else "recolored"


def _save_seen(state: Path, seen: Image | None, output: Path) -> None:
    assert seen is not None  # as the painter is one of a clip
    with replacing(state) as file:
        np.savez(file, seen=seen, of=np.array(_hash(output)))


def _seen(last: Path, state: Path) -> Image:
    """Return what the frame before left to go on from: exactly, or, where that is lost, its result."""
    with suppress(OSError, ValueError, KeyError), np.load(state) as held:
        if str(held["of"]) == _hash(last):
            seen: Image = held["seen"]
            return seen
    return load_image(last).pixels


def _hash(path: Path) -> str:
    """Return the SHA-256 of a file as it is now, not as it was first read."""
    with opened(path) as file:
        return digest_of(file)
