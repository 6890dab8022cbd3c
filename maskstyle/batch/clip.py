"""Paint the frames of a clip, each from the result of the frame before, moved along by the optical flow.

M. Ruder, A. Dosovitskiy and T. Brox, "Artistic Style Transfer for Videos", GCPR 2016: the warped result is what a
frame starts from, and what the temporal term holds it to, wherever the flow can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.batch.followed import FollowedFiles, Seen
from maskstyle.batch.work import Outcome, Painter, Prepared, Task
from maskstyle.images import load_image
from maskstyle.images.hashes import hash_now
from maskstyle.images.pixels import Image, Size, resize_image, resize_labels, size_of
from maskstyle.images.writing import remove_written, replacing, signature
from maskstyle.motion.flow import Motion, motion_size, resized_motion, warped
from maskstyle.motion.following import Labels, with_mirrored
from maskstyle.plans.records import recorded_path
from maskstyle.settings import FRAME_STEPS, TEMPORAL_WEIGHT
from maskstyle.synthesis.scene import Previous, Scene

if TYPE_CHECKING:
    from maskstyle.synthesis.scales import Step

STATE = "previous{}.npz"
"""File beside results, while a scene is painted, with the image that its next frame goes on from, and in its name the
number of the scene's first frame."""

NEARBY = 0.05
"""How far colors spread into what the frame before does not show, relative to the longer side."""


@dataclass(frozen=True)
class ClipSettings:
    """How the frames of a clip depend on each other."""

    temporal_weight: float = TEMPORAL_WEIGHT  # weight of the temporal term, at least 0
    frame_steps: int = FRAME_STEPS  # most steps of a frame that goes on from the one before


@dataclass(frozen=True)
class Clip:
    """What to paint."""

    # The frames, and the result of each.
    frames: tuple[Path, ...]
    outputs: tuple[Path, ...]
    files: FollowedFiles  # the plan of each frame
    scenes: Collection[int]  # places of the frames that begin a scene, from 0
    size: Size  # size of the results
    settings: ClipSettings = ClipSettings()  # how frames depend on each other


@dataclass(frozen=True)
class Frame:
    """What a frame takes from the one before it; can be sent to another machine."""

    number: int  # from 1
    settings: ClipSettings  # how frames depend on each other
    # The result before, as the record names it, and its hash; None for the first frame of a scene.
    last: tuple[str, str] | None = None
    motion: Motion | None = None  # the motion from the frame before
    regions: Labels | None = None  # (H, W): the regions of a doodle
    seen: Image | None = None  # the result before, as the network saw it

    def recorded(self, ready: Prepared) -> Prepared:
        """Return a picture with the settings of this frame, and its record, which names the result before."""
        frame: dict[str, Any] = {"number": self.number}
        record, scene = ready.record, ready.scene
        if self.last is not None:
            name, digest = self.last
            frame |= {"previous": name, "temporal_weight": self.settings.temporal_weight}
            record = {**record, "sha256": {**record["sha256"], name: digest}}
            steps = min(self.settings.frame_steps, scene.settings.steps)
            scene = replace(scene, settings=scene.settings.changed(scales=1, steps=steps, init="image"))
        return ready._replace(scene=scene, record={**record, "frame": frame})

    def continued(self, ready: Prepared) -> Prepared:
        """Return a recorded picture that starts from the last result and stays like it."""
        if self.motion is None or self.seen is None or not ready.scene.layout.placements:  # nothing is painted
            return ready
        from maskstyle.synthesis.initial_image import initial_image

        scene, weight = ready.scene, self.settings.temporal_weight
        size = scene.sizes[-1]
        motion = resized_motion(self.motion, size)
        moved = warped(resize_image(self.seen, size), motion.flow)
        anew = initial_image(replace(scene, settings=scene.settings.changed(init=_init_anew(scene))))
        if self.regions is None:
            start = np.where(
                motion.trusted[..., np.newaxis], moved, _in_colors_of(scene, moved, motion.trusted, anew)
            )
        else:
            start = with_mirrored(moved, motion.trusted, self.regions, anew)
        previous = Previous(moved, motion.trusted.astype(np.float32), weight)
        identity = {
            **scene.identity,
            "previous result": moved,
            "trusted": previous.trusted,
            "temporal weight": weight,
        }
        return ready._replace(scene=replace(scene, initial=start, previous=previous, identity=identity))


class Wanted(NamedTuple):
    """A frame to paint: its task, the recorded picture, and what it takes from the one before."""

    task: Task
    ready: Prepared
    frame: Frame


SceneFrames: TypeAlias = Generator[Wanted, tuple[Outcome, Image | None] | None, None]
"""Yields the frames of a scene that are not done; is sent what became of each, and what the next goes on from."""


def frames_of_scenes(
    clip: Clip,
    painter: Painter,
    *,
    force: bool,
    on_outcome: Callable[[Outcome], None],
    should_stop: Callable[[], bool],
) -> list[SceneFrames]:
    """Return the frames of each scene, which depend on those of the same scene alone; see `paint_clip`."""
    starts = sorted(clip.scenes)
    spans = [range(first, stop) for first, stop in zip(starts, [*starts[1:], len(clip.frames)], strict=True)]
    return [_frames_of(clip, painter, span, force, on_outcome, should_stop) for span in spans]


def _frames_of(
    clip: Clip,
    painter: Painter,
    places: range,
    force: bool,
    on_outcome: Callable[[Outcome], None],
    should_stop: Callable[[], bool],
) -> SceneFrames:
    state = clip.outputs[0].parent / STATE.format(places.start + 1)
    files = clip.files.of_scene()
    seen: Image | None = None
    before: Seen | None = None
    for place in places:
        if should_stop():
            return
        output, frame = clip.outputs[place], Frame(place + 1, clip.settings)
        now = files.seen(place, motion_size(clip.size))
        motion = None if before is None else before.motion_to(now)
        task = Task(files.plan_of(place, now.image, motion), output)
        if motion is not None:
            last = clip.outputs[place - 1]
            frame = replace(
                frame, last=(recorded_path(last, output), hash_now(last)), motion=motion, regions=now.regions
            )
        ready = frame.recorded(painter.prepared(task))
        before = now
        if not force and ready.is_of(output):
            on_outcome(Outcome(task.name, output, "done before"))
            seen = None
            continue
        if motion is not None:
            frame = replace(frame, seen=_seen(last, state) if seen is None else seen)
        answer = yield Wanted(task, ready, frame)
        assert answer is not None
        outcome, seen = answer
        if outcome.state == "painted":
            _save_seen(state, seen, output)
        on_outcome(outcome)
        if outcome.state != "painted":
            return
    remove_written(state, signature(state))


def next_frame(frames: SceneFrames, answer: tuple[Outcome, Image | None] | None) -> Wanted | None:
    """Send what became of a frame, None at first, and return the next; None where the scene ends."""
    try:
        return frames.send(answer)
    except StopIteration:
        return None


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
    """Paint the frames that are not done, or with `force` all.

    An error ends it, since later frames depend on the one that failed. A frame during which `should_stop` returned
    True is painted again next time.
    """
    for frames in frames_of_scenes(clip, painter, force=force, on_outcome=on_outcome, should_stop=should_stop):
        wanted = next_frame(frames, None)
        while wanted is not None:
            on_begin(wanted.task.name)
            ready = wanted.frame.continued(wanted.ready)
            outcome, result = painter.finish(wanted.task, ready, on_step=on_step, should_stop=should_stop)
            wanted = next_frame(frames, (outcome, result.seen if outcome.state == "painted" else None))


def _in_colors_of(scene: Scene, moved: Image, trusted: NDArray[np.bool_], anew: Image) -> Image:
    """Return the image that a still starts from in the colors that the result before has nearby, region by region.

    The few steps of a frame change the colors of a plain area less than those of a still did.
    """
    size, layout = size_of(anew), scene.layout
    known = trusted & layout.touched(size) if scene.composed_over_content else trusted
    content_map = layout.content_map
    regions = np.zeros(size, np.int32) if content_map is None else resize_labels(content_map.labels, size)
    nearby = NEARBY * max(size)
    colored = anew.copy()
    for label in np.unique(regions[~trusted]):
        own = regions == label
        weight = (known & own).astype(np.float32)[..., np.newaxis]
        change = _blurred((moved - anew) * weight, nearby) / np.maximum(_blurred(weight, nearby), 1e-3)
        colored[own] = np.clip(anew + change, 0, 1)[own]
    return colored


def _blurred(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return values (H, W, C) blurred by a Gaussian at a reduced size, as time grows with the cube of the side."""
    from scipy.ndimage import gaussian_filter, zoom

    (height, width, channels), step = values.shape, max(1, int(sigma / 4))
    padded = np.pad(values, ((0, -height % step), (0, -width % step), (0, 0)))
    blocks = padded.reshape(len(padded) // step, step, padded.shape[1] // step, step, channels).mean(axis=(1, 3))
    smooth = gaussian_filter(blocks, (sigma / step, sigma / step, 0))
    enlarged: NDArray[np.float32] = zoom(smooth, (step, step, 1), order=1, grid_mode=True, mode="nearest")
    return enlarged[:height, :width]


def _init_anew(scene: Scene) -> str:
    """Return the initial image of what no earlier frame shows."""
    return "colors" if scene.content is None else "recolored"


def _save_seen(state: Path, seen: Image | None, output: Path) -> None:
    assert seen is not None  # as the painter is one of a clip
    with replacing(state) as file:
        np.savez(file, seen=seen, of=np.array(hash_now(output)))


def _seen(last: Path, state: Path) -> Image:
    """Return what the frame before left to go on from: exactly, or, where that is lost, its result."""
    with suppress(Exception), np.load(state) as held:  # NumPy raises nearly anything on damaged data
        if str(held["of"]) == hash_now(last):
            seen: Image = held["seen"]
            return seen
    return load_image(last).pixels
