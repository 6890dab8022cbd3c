"""Optical flow between two frames, where it can be trusted, and images warped by it.

The flow is OpenCV's DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016), which on known
motion is as accurate as TV-L1 in a tenth of its time (docs/how-to/video.md). Where it can be trusted follows
Ruder, Dosovitskiy and Brox, "Artistic Style Transfer for Videos", GCPR 2016, section 4.2.
"""

from __future__ import annotations

import importlib.util
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Image, Size, resize_image, size_of, size_within, to_uint8

LARGEST_SIDE = 640
"""Longer side in pixels at which flow is computed at most: a finer one moves no stroke otherwise."""

SMALLEST_SIDE = 16
"""Shorter side in pixels below which there is no flow: the patches that it matches have 8."""

CUT_SIDE = 160
"""Longer side in pixels of the frames in which cuts are looked for, so that they do not depend on ``--size``."""

LEAST_KNOWN = 0.15
"""Share of pixels that show the same point of the scene in two frames, below which there is a cut between them. Two
different pictures share at most 0.03, a pan by a quarter of the frame 0.45 (docs/how-to/video.md)."""

SAME_COLOR = 0.3
"""Largest difference of the colors of one point in two frames, in standard deviations of each frame, so that a flash
or a fade is no cut."""

SMOOTHNESS, REFINEMENTS = 60.0, 20
"""Weight of smooth flow, and rounds of refinement, in DIS: less than OpenCV's presets leave to noise."""


class Motion(NamedTuple):
    """Where each pixel of a frame was in the frame before."""

    flow: NDArray[np.float32]  # (H, W, 2): rows and columns to add to the place of a pixel
    # (H, W): where the flow leads to the same point of the scene: not where the point was hidden, or outside.
    trusted: NDArray[np.bool_]


def check_flow() -> None:
    """Raise SettingsError if OpenCV, which computes the flow, is not installed."""
    if importlib.util.find_spec("cv2") is None:
        raise SettingsError('frames need OpenCV and PyAV; install them with: pip install "maskstyle[video]"')


def motion_between(before: Image, now: Image) -> Motion:
    """Return the motion from the frame before, at the size of both."""
    size = size_of(now)
    if min(size) < SMALLEST_SIDE:
        return Motion(np.zeros((*size, 2), np.float32), np.ones(size, np.bool_))
    earlier, later = _gray(before), _gray(now)
    backward, forward = _flow(later, earlier), _flow(earlier, later)
    return Motion(backward, _trusted(backward, forward))


def motion_size(result: Size) -> Size:
    """Return the (height, width) at which motion is computed for results of a (height, width)."""
    return size_within(result, LARGEST_SIDE)


def is_cut(before: Image, now: Image) -> bool:
    """Return whether two frames show different scenes: the flow finds hardly any point of one in the other.

    They are reduced to `CUT_SIDE` pixels.
    """
    return known_share(before, now) < LEAST_KNOWN


def known_share(before: Image, now: Image) -> float:
    """Return the share of the pixels of a frame that show a point of the scene that the frame before shows, too."""
    small = size_within(size_of(now), CUT_SIDE)
    earlier, later = resize_image(before, small), resize_image(now, small)
    motion = motion_between(earlier, later)
    difference = np.abs(_normalized(warped(earlier, motion.flow)) - _normalized(later)).mean(axis=-1)
    return float((motion.trusted & (difference < SAME_COLOR)).mean())


def _normalized(image: Image) -> Image:
    spread = image.std(axis=(0, 1)) + np.float32(0.02)  # a flat frame differs by its noise alone
    normalized: Image = (image - image.mean(axis=(0, 1))) / spread
    return normalized


def warped(image: Image, flow: NDArray[np.float32]) -> Image:
    """Return an image moved along: each pixel is that of `image` where the flow leads; see `Motion`.

    It is interpolated by Lanczos: a softer kernel would blur strokes more with every frame.
    """
    import cv2

    places = np.indices(size_of(image), np.float32)
    rows, columns = places[0] + flow[..., 0], places[1] + flow[..., 1]
    moved: Any = cv2.remap(image, columns, rows, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(moved, 0.0, 1.0), np.float32)


def _gray(image: Image) -> NDArray[np.uint8]:
    import cv2

    gray: NDArray[np.uint8] = np.asarray(cv2.cvtColor(to_uint8(image), cv2.COLOR_RGB2GRAY))
    return gray


def _flow(of: NDArray[np.uint8], to: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the rows and columns from each pixel of a gray frame to the same point in another."""
    import cv2

    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    search.setVariationalRefinementAlpha(SMOOTHNESS)
    search.setVariationalRefinementIterations(REFINEMENTS)
    found: NDArray[np.float32] = np.asarray(search.calc(of, to, np.zeros((*of.shape, 2), np.float32)))
    return np.ascontiguousarray(found[..., ::-1])


def _trusted(backward: NDArray[np.float32], forward: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where going back and forth returns to the same pixel, away from the edges of moving things."""
    import cv2

    size = backward.shape[:2]
    places = np.indices(size, np.float32)
    rows, columns = places[0] + backward[..., 0], places[1] + backward[..., 1]
    inside = (rows > -0.5) & (rows < size[0] - 0.5) & (columns > -0.5) & (columns < size[1] - 0.5)
    back = np.asarray(cv2.remap(forward, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    lengths = np.sum(np.square(backward), axis=-1)
    apart = np.sum(np.square(backward + back), axis=-1)
    consistent = apart <= 0.01 * (lengths + np.sum(np.square(back), axis=-1)) + 0.5
    bends = np.sum([np.square(each) for each in np.gradient(backward, axis=(0, 1))], axis=(0, -1))
    trusted: NDArray[np.bool_] = inside & consistent & (bends <= 0.01 * lengths + 0.002)
    return trusted


def resized_motion(motion: Motion, size: Size) -> Motion:
    """Return a motion for frames of another (height, width)."""
    import cv2

    before = motion.trusted.shape
    if before == tuple(size):
        return motion
    flow = np.asarray(cv2.resize(motion.flow, size[::-1], interpolation=cv2.INTER_LINEAR))
    trusted = cv2.resize(motion.trusted.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)
    scale = np.array([size[0] / before[0], size[1] / before[1]], np.float32)
    return Motion(flow * scale, np.asarray(trusted) > 0)
