"""The sizes of a run from coarse to fine, with the steps, optimizer and style images of each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Size, fit_inside, fit_size, size_text, size_within
from maskstyle.networks.architectures import smallest_side
from maskstyle.settings import (
    DEFAULT_LONGER_SIDE,
    LARGEST_PIXELS,
    ORIGINAL,
    OptimizerSettings,
    Settings,
    SizeSettings,
    box_of,
    wanted_layers,
)

COARSEST_SIDE = 192
"""Least longer side of the coarsest size in pixels, unless the settings count the sizes. In a smaller picture a face
would be too small to keep (docs/background/choosing-the-defaults.md)."""

COARSEST_DOODLE = 91
"""The same without a content image: there is no face to keep, and large structure forms at coarse sizes."""

SMALLEST_STYLE = 112
"""Longer side in pixels to which every style image may be enlarged."""

FULL_STEPS_SIDE = 256
"""Longer side in pixels up to which each size takes all steps, as the first size does."""

LEAST_STEPS = 5
"""Minimum steps of a large size, unless the settings have fewer."""

UNDERPAINTING = 2
"""How many times as many steps lite takes where it paints before VGG19: they cost little, and lines get longer
(docs/background/choosing-the-defaults.md)."""

TIMES_FASTER = 4.5
"""How many times faster a step of lite is than one of VGG19, the optimizer included; an evaluation is six times."""

PROGRESS_WINDOW = 10
"""Number of evaluations over which the stopping rule measures progress."""

USUAL_MEMORY = 4.0
"""GB that L-BFGS reckons with where no limit is given. What happens to be free does not count here: the picture would
depend on it."""

OTHER_MEMORY = 1.2
"""GB that TensorFlow, VGG19 and small tiles take before any image of the run."""

LBFGS_SHARE = 0.55
"""Share of the rest of the memory that L-BFGS's vectors may take; images and tiles fit into what is left."""

REFINING_RATE = 0.125
"""Share of Adam's rate where it goes on from what L-BFGS made at a coarser size: its first steps move every pixel by
the whole rate, which would spoil that (docs/background/choosing-the-defaults.md)."""

LEAST_HISTORY = 2
"""Pairs of vectors below which L-BFGS is not worth its memory: with two it is nearly as good as with five, and better
than Adam (docs/background/choosing-the-defaults.md)."""


MOST_ENLARGED = 1.25
"""How much a style image is enlarged at most: its strokes lose their texture, and large ones come out dimpled."""

NOTED_SHARE = 0.8
"""Share of the result's longer side below which a style image that is not enlarged is noted."""


def transfer_sizes(
    content: Size, settings: Settings, *, styles: Sequence[Size] = (), style_scales: Sequence[float] = ()
) -> list[Size]:
    """Return the sizes of a run from coarse to fine, from the size of the content image or the doodle.

    `style_scales` are the own scales of style images, beside ``settings.style_scale``. Raises SettingsError if every
    weight is 0, if an image would be unreasonably large, or if the coarsest size or a style image would be too small
    for the layers.
    """
    if settings.content_weight == settings.style_factor == settings.tv_weight == 0:
        raise SettingsError(
            "content_weight, style_weight and tv_weight are all 0, so there is nothing to do; make one larger"
        )
    finest = result_size(content, settings)
    factors = style_scales or [1.0] * len(styles)
    scaled = list(zip(styles, factors, strict=True))
    for used in (finest, *(style_size(style, finest, settings, scale) for style, scale in scaled)):
        if used[0] * used[1] > LARGEST_PIXELS:
            raise SettingsError(
                f"an image would be {size_text(used)}, more than the {LARGEST_PIXELS // 10**6} "
                "megapixels that are allowed; choose a smaller size or style_scale"
            )
    needed = smallest_side(wanted_layers(settings))
    least = COARSEST_SIDE if settings.content_weight > 0 else COARSEST_DOODLE
    count = scales_at(finest, settings.scales, least=least)
    if settings.scales is None and settings.content_weight == 0:
        count = max(count, 2)  # at one size, the dots of the colors that it starts from would stay

    def narrowest(scales: int) -> int:
        coarsest = _size_before(finest, scales - 1)
        used = [style_size(style, coarsest, settings, scale) for style, scale in scaled]
        sides: list[int] = [min(each) for each in (coarsest, *(used if settings.style_factor > 0 else ()))]
        return min(sides)

    while settings.scales is None and count > 1 and narrowest(count) < needed:  # panoramas and borders
        count -= 1
    sizes = pyramid_sizes(finest, count, smallest_side=needed)
    for style, scale in scaled if settings.style_factor > 0 else ():
        used = style_size(style, sizes[0], settings, scale)
        if min(used) < needed:
            raise SettingsError(
                f"the style image of {size_text(style)} would be used at {size_text(used)}, "
                f"but the layers need at least {needed} pixels; use a less narrow style image, a larger size or "
                "style_scale, or fewer scales"
            )
    return sizes


def result_size(content: Size, settings: SizeSettings) -> Size:
    """Return the (height, width) of the result for a content image of a size."""
    if settings.size is None:
        return size_within(content, DEFAULT_LONGER_SIDE)
    if isinstance(settings.size, int):
        return fit_size(content, settings.size)
    return content if settings.size == ORIGINAL else fit_inside(content, box_of(settings.size))


def size_notes(content: Size, settings: Settings, name: str) -> list[str]:
    """Return notes on a result that is smaller than the content image, or has another size than was asked for."""
    result = result_size(content, settings)
    became = f"{result[1]}x{result[0]}"
    if settings.size is None and result != content and not settings.full_size:
        return [
            f"{name} is {content[1]}x{content[0]}, reduced to {became}; `size` {max(content)} or `size` {ORIGINAL} "
            "keeps it"
        ]
    if isinstance(settings.size, str) and settings.size != ORIGINAL and result != box_of(settings.size):
        return [f"{name} has another aspect than {settings.size}; the result is {became}"]
    return []


def small_style_note(style: Size, result: Size, settings: SizeSettings, name: str) -> str | None:
    """Return a note on a style image that is used smaller than the result, as it has too few pixels."""
    if settings.style_fit == "stretch" or _largest_side(style) >= NOTED_SHARE * max(result):
        return None
    return (
        f"{name} is {style[1]}x{style[0]}, much smaller than the result of {result[1]}x{result[0]}: it is not "
        "enlarged to that, so its strokes stay small; use a larger one, or set `style_scale` above 1"
    )


def style_size(style: Size, result: Size, settings: SizeSettings, scale: float = 1.0) -> Size:
    """Return the (height, width) at which a style image with a scale of its own is used for a result of a size."""
    base = result if settings.style_fit == "stretch" else fit_size(style, min(max(result), _largest_side(style)))
    return fit_size(base, max(1, round(scale * settings.style_scale * max(base))))


def _largest_side(style: Size) -> int:
    """Return the longer side that a style image may be enlarged to before any scale."""
    return max(SMALLEST_STYLE, round(MOST_ENLARGED * max(style)))


def scales_at(size: Size, scales: int | None, *, least: int = COARSEST_SIDE) -> int:
    """Return the number of sizes from coarse to fine for a result of a size, with ``scales`` of `maskstyle.Settings`.

    Where that is None, the coarsest size has a longer side of at least `least`.

    >>> [scales_at((side, side), None) for side in (100, 256, 384, 512, 1024)]
    [1, 1, 2, 2, 3]
    >>> [scales_at((side, side), 3) for side in (256, 512, 1024, 4096)], scales_at((4096, 4096), 1)
    ([3, 3, 4, 6], 1)
    """
    if scales is None:
        return max(1, 1 + math.floor(math.log2(max(size) / least)))
    if scales == 1:
        return 1
    return scales + max(0, round(math.log2(max(size) / DEFAULT_LONGER_SIDE)))


def settings_by_size(sizes: Sequence[Size], settings: Settings, *, memory: float | None = None) -> list[Settings]:
    """Return the settings of each size: its steps, its network, and its optimizer where that is ``auto``.

    Sizes are from coarse to fine. The memory limit is in GB, by default `USUAL_MEMORY`.

    >>> sizes = [(side, side) for side in (256, 512, 1024, 2048)]
    >>> [(each.network, each.steps) for each in settings_by_size(sizes, Settings(steps=40, step_decay=0.85))]
    [('lite', 80), ('lite', 44), ('lite', 24), ('auto', 7)]
    """
    chosen = []
    for number, size in enumerate(sizes):
        own = settings.changed(steps=_refining_steps(size, settings) if number else settings.steps)
        if settings.underpainted and number < len(sizes) - 1:
            own = own.changed(network="lite", steps=UNDERPAINTING * own.steps)
        if own.optimizer == "auto":
            own = own.changed(**_optimizer_at(size, own, memory or USUAL_MEMORY, first=not number))
        chosen.append(own)
    return chosen


def is_underpainting(chosen: Settings, settings: Settings) -> bool:
    """Return whether lite paints a size before the network of the run, given the settings of the size and the run.

    The settings may name lite while the network of the run is another: that then paints every size.
    """
    return settings.underpainted and chosen.network == "lite"


def work_by_size(sizes: Sequence[Size], settings: Settings) -> list[float]:
    """Return the work of each size that takes all its steps: pixels times steps, less where lite paints.

    >>> work_by_size([(256, 256), (512, 512)], Settings(network="lite", steps=40, step_decay=1.0))
    [2621440.0, 5242880.0]
    """
    works = []
    for (height, width), each in zip(sizes, settings_by_size(sizes, settings), strict=True):
        share = 1 / TIMES_FASTER if is_underpainting(each, settings) else 1.0
        works.append(height * width * each.steps * share)
    return works


def _refining_steps(size: Size, settings: OptimizerSettings) -> int:
    """Return the most steps that a size takes after a coarser one."""
    share: float = min(1.0, FULL_STEPS_SIDE / max(size)) ** settings.step_decay
    return max(round(settings.steps * share), min(settings.steps, LEAST_STEPS))


def _optimizer_at(size: Size, settings: OptimizerSettings, memory: float, *, first: bool) -> dict[str, object]:
    limit = LBFGS_SHARE * (memory - OTHER_MEMORY) * 1e9
    fitting = [
        history for history in range(settings.history, 0, -1) if optimizer_bytes(size, "lbfgs", history) <= limit
    ]
    if fitting and fitting[0] >= min(LEAST_HISTORY, settings.history):
        return {"optimizer": "lbfgs", "history": fitting[0]}
    return {"optimizer": "adam", "learning_rate": settings.learning_rate * (1.0 if first else REFINING_RATE)}


def optimizer_bytes(size: Size, optimizer: str, history: int) -> int:
    """Return the memory, in bytes, that an optimizer takes for images of a (height, width).

    L-BFGS has ``2 m`` vectors for a history of m, and its point, the one that it tries, each with a gradient, the
    direction between them and the products of an update; Adam has two moments. Both come with the image, its
    gradient and the best image so far. All are float32.
    """
    values = 3 * size[0] * size[1]
    return values * 4 * (2 * history + 10 if optimizer == "lbfgs" else 6)


FACTOR = 2
"""Ratio of neighboring sizes."""


def _size_before(size: Size, count: int) -> Size:
    """Return the size that comes `count` sizes before another."""
    return fit_size(size, max(1, round(max(size) / FACTOR**count)))


def pyramid_sizes(size: Size, scales: int, *, smallest_side: int = 1) -> list[Size]:
    """Return `scales` sizes that end in `size`, each twice the one before.

    Raises SettingsError if the shorter side of the coarsest size would be below `smallest_side`.

    >>> pyramid_sizes((300, 400), 3)
    [(75, 100), (150, 200), (300, 400)]
    """
    sizes = [_size_before(size, step) for step in reversed(range(scales))]
    if min(sizes[0]) < smallest_side:
        what, fewer = (f"the coarsest of {scales} scales", "fewer scales, ") if scales > 1 else ("the result", "")
        raise SettingsError(
            f"{what} would be {size_text(sizes[0])}, but the layers need at least "
            f"{smallest_side} pixels; use {fewer}a larger `size` or shallower `style_layers`"
        )
    return sizes
