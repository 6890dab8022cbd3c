"""A scene: the resolved inputs of a run. Techniques build scenes; the engine paints them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError
from maskstyle.guidance.layout import Layout
from maskstyle.guidance.seen_styles import SeenStyle
from maskstyle.images.color import gray_channel, is_gray, lightness_only, with_content_chroma
from maskstyle.images.compositing import faded_in, faded_in_at_edges, mixed
from maskstyle.images.denoise import denoise_image
from maskstyle.images.pixels import Image, Mask, Size, resize_image, size_of, size_text
from maskstyle.images.transparency import extended
from maskstyle.images.upsampling import with_change
from maskstyle.networks.architectures import Architecture
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.settings import SMALLEST_TILE, Limits, PatchSettings, Settings
from maskstyle.synthesis.estimate import IMAGE_READING_BYTES, MAP_READING_BYTES, MASK_READING_BYTES, Demand
from maskstyle.synthesis.memory import within_memory
from maskstyle.synthesis.schedule import style_size, transfer_sizes

if TYPE_CHECKING:
    from maskstyle.objective.extract import Extractor
    from maskstyle.objective.terms import Term

FOR_CONTENT_COLORS = ("content", "luminance")
"""The color modes that put the content image's hue and chroma back."""


class StyleAtSize(NamedTuple):
    """What a scene asks of the style at one size."""

    term: Term
    notes: tuple[str, ...] = ()  # what a person should know, such as a region too small for some layers
    # Where patches are matched: the picture put together from the matched style patches.
    match_map: Image | None = None


class Previous(NamedTuple):
    """The result of the frame before in a clip, moved along with the content."""

    image: Image  # the result as the network saw it, warped onto this frame, in [0, 1]
    trusted: Mask  # 1 where it shows the same point of the scene, 0 elsewhere
    weight: float  # weight of the temporal term


class Finished(NamedTuple):
    """The painted image and what it is laid over, at the size of the result."""

    painted: Image  # the painted image in its final colors, in [0, 1]
    beneath: Image  # the content image; without one, the painted image
    alpha: Mask | None = None  # opacity of the content image
    coverage: Mask | None = None  # how far the painted image covers the content image, in [0, 1]; None: everywhere


def guided_style(scene: Scene, extractor: Extractor, size: Size) -> StyleAtSize:
    """Return the style term of the guides of a scene's layout."""
    from maskstyle.objective.assemble import style_term
    from maskstyle.objective.guides import guides_at, vanished

    styles = scene.styles_at(size)
    guides = guides_at(extractor, scene.layout, styles, size, scene.settings, margin=scene.margin_at(size, extractor))
    term = style_term(extractor.network, guides, scene.settings)
    return StyleAtSize(term, vanished(guides, scene.layout, scene.settings))


StyleAt: TypeAlias = "Callable[[Scene, Extractor, Size], StyleAtSize]"
"""A function that makes the style term of a scene at a size, from its guides or otherwise."""


@dataclass(frozen=True, eq=False)
class Scene:
    """The inputs of a run, resolved and checked."""

    technique: str  # name of the technique
    settings: Settings  # with ``init`` resolved
    size: Size  # size of the content image, or of the doodle
    layout: Layout  # the placements of styles, which determine the painted pixels
    styles: tuple[SeenStyle, ...]  # the style images as the network sees them
    content: Image | None = None  # the content image; None if there is none
    initial: Image | None = None  # the initial image, for ``settings.init == "image"``
    style_at: StyleAt = guided_style  # makes the style term at a size; by default, from the guides of the layout
    # For these three see `maskstyle.transfer_region`.
    feather: float = 0.0
    feather_mode: str = "distance"
    transparent: bool = False
    denoised: tuple[int, ...] | None = None  # labels of the regions to denoise; None: all painted pixels
    patches: PatchSettings | None = None  # how to match patches; None for scenes without patches
    margin: int = 0  # mirrored pixels around the image at all sizes except the finest
    # For a frame of a clip: the result of the frame before, which this one stays like.
    previous: Previous | None = None
    held_bytes: int = 0  # bytes of the arrays that the caller holds beside those of the scene
    notes: tuple[str, ...] = ()  # notes for the user about the inputs
    # All inputs by readable names; a checkpoint must match them.
    identity: Mapping[str, Any] = field(default_factory=dict)
    _limits: dict[tuple[str, str, Limits], Limits] = field(default_factory=dict, init=False, repr=False)
    _resized: dict[Size, Image] = field(default_factory=dict, init=False, repr=False)

    @property
    def alpha(self) -> Mask | None:
        """Opacity of the result, (H, W) in [0, 1]; None: opaque."""
        return self.layout.visible

    @cached_property
    def sizes(self) -> list[Size]:
        """The (height, width) of each scale, from coarse to fine."""
        styles = self.layout.styles()
        return transfer_sizes(
            self.size,
            self.settings,
            styles=[style.size for style in styles],
            style_scales=[style.scale for style in styles],
        )

    def demand(self, network: Architecture, compute_type: str, limits: Limits) -> Demand:
        """Return what the time and memory of painting the scene depend on."""
        styles = self.layout.styles()
        return Demand(
            network,
            compute_type,
            self.sizes,
            self.settings,
            limits,
            regions=self.layout.content_map is not None,
            masks=self.layout.soft_weightings(),
            guides=len(self.layout.placements),
            patches=self.patches,
            styles=len(styles),
            style_scale=max((style.scale for style in styles), default=1.0),
            input_bytes=self.held_bytes + sum(each.nbytes for each in self._input_arrays()),
            input_size=self.size,
            reading_bytes=self._reading_bytes(),
        )

    def _reading_bytes(self) -> int:
        """Return what reading the largest image, map or mask takes beside the array that it becomes."""
        layout, styles = self.layout, self.layout.styles()
        images = [self.size, *(style.size for style in styles)]
        maps = [
            each.size for each in (layout.content_map, *(style.style_map for style in styles)) if each is not None
        ]
        masks = [size_of(each.mask) for each in layout.placements if each.mask is not None]
        kinds = ((images, IMAGE_READING_BYTES), (maps, MAP_READING_BYTES), (masks, MASK_READING_BYTES))
        return max(each * height * width for sizes, each in kinds for height, width in sizes)

    def _input_arrays(self) -> list[NDArray[Any]]:
        """Return the images, maps and masks that a run holds at their own sizes, each once."""
        layout, styles = self.layout, self.layout.styles()
        maps = [layout.content_map, *(style.style_map for style in styles)]
        arrays: list[NDArray[Any] | None] = [
            self.content,
            self.initial,
            layout.visible,
            *(seen.image for seen in self.styles),
        ]
        arrays += [each for style in styles for each in (style.image, style.alpha)]
        arrays += [each for found in maps if found is not None for each in (found.labels, found.shares)]
        arrays += [each for placement in layout.placements for each in (placement.mask, placement.style_mask)]
        return list({id(each): each for each in arrays if each is not None}.values())

    def limits(self, network: Architecture, compute_type: str, asked: Limits) -> Limits:
        """Return limits with the tiles that let the scene fit into its memory.

        Raises SettingsError if not even the smallest do. They are computed once, so that a forecast and the run that
        follows agree whatever is free by then. Those that are asked for stay where nothing is painted.
        """
        if not self.layout.placements:
            return asked
        key = (network.name, compute_type, asked)
        if key not in self._limits:
            fitted = within_memory(self.demand(network, compute_type, asked))
            self._limits[key] = self._limits[network.name, compute_type, fitted] = fitted
        return self._limits[key]

    def check_tiles(self, limits: Limits) -> None:
        """Raise SettingsError if nothing is painted, or all in one piece, which workers cannot share."""
        longer = max(self.sizes[-1])
        if not self.layout.placements:
            raise SettingsError("nothing is painted, as the strength is 0; paint without workers")
        if not needs_tiles(self.sizes[-1], limits.tile_size):
            smaller = f"choose a `tile_size` below {longer}, or " if longer > SMALLEST_TILE else ""
            raise SettingsError(
                f"{size_text(self.sizes[-1])} pixels are painted in one piece, which workers cannot share; {smaller}"
                "paint without workers"
            )

    def margin_at(self, size: Size, extractor: Extractor) -> int:
        """Return the mirrored pixels around the image at a size.

        The finest size has no margin, as the edges would differ from the rest. Zero padding excludes a margin.
        """
        return self.margin if extractor.network.padding == "edge" and size != self.sizes[-1] else 0

    def styles_at(self, size: Size) -> list[SeenStyle]:
        """Return the style images, resized for a result of a size; arrays stay shared."""
        scaled = {}
        for seen in self.styles:
            key = id(seen.image), seen.source.scale
            if key not in scaled:
                used = style_size(size_of(seen.image), size, self.settings, seen.source.scale)
                scaled[key] = resize_image(seen.image, used)
        return [seen._replace(image=scaled[id(seen.image), seen.source.scale]) for seen in self.styles]

    @property
    def composed_over_content(self) -> bool:
        """Whether some pixels are kept from the content image."""
        return self.content is not None and not self.layout.everywhere

    def _content_at(self, size: Size) -> Image:
        """Return the content image at a size, which is kept: a photo takes long to reduce, and several ask for it."""
        assert self.content is not None
        if size_of(self.content) == size:
            return self.content
        if size not in self._resized:
            self._resized[size] = resize_image(self.content, size)
            self._resized[size].setflags(write=False)
        return self._resized[size]

    def seen_at(self, size: Size) -> Image:
        """Return the content image as the network sees it: in gray where only luminance is painted."""
        image = self._content_at(size)
        if not self._is_gray("any"):
            return image
        gray = resize_image(self._gray_content, size)
        return self._with_gray(image, np.repeat(gray[..., np.newaxis], 3, axis=-1), size)

    def in_seen_colors(self, image: Image, *, size: Size) -> Image:
        """Return an image in gray where the color mode is ``luminance``."""
        return self._with_gray(image, lightness_only(image), size) if self._is_gray("any") else image

    def _with_gray(self, image: Image, gray: Image, size: Size) -> Image:
        if self._is_gray("all"):
            return gray
        # Unpainted pixels follow the color mode of the settings.
        elsewhere = self.settings.color == "luminance"
        return mixed(image, gray, self.layout.share_in(("luminance",), size, elsewhere=elsewhere))

    def with_kept_pixels(self, image: Image) -> Image:
        """Return an image with the content image's pixels, as the network sees them, wherever nothing is painted."""
        if not self.composed_over_content:
            return image
        size = size_of(image)
        return np.where(self.layout.touched(size)[..., np.newaxis], image, self.seen_at(size))

    def free_at(self, size: Size) -> Mask | None:
        """Return 1 where pixels may change, (height, width); None: everywhere."""
        return self.layout.touched(size).astype(np.float32) if self.composed_over_content else None

    def finished(self, image: Image) -> tuple[Image, Mask | None]:
        """Return the painted image denoised, in its colors and laid over the content image, and its alpha.

        Pixels that are transparent in the content image have an extension of the visible colors.
        """
        finished = self.laid_over(image)
        if self.transparent and finished.coverage is not None and (finished.coverage < 1).any():
            own = finished.coverage if finished.alpha is None else finished.coverage * finished.alpha
            return mixed(finished.beneath, finished.painted, np.ceil(finished.coverage)), own
        if finished.coverage is None:
            return finished.painted, finished.alpha
        return mixed(finished.beneath, finished.painted, finished.coverage), finished.alpha

    def laid_over(self, image: Image) -> Finished:
        """Return the painted image denoised and in its colors, and how far it covers the content image."""
        painted, size = self._colored(image), size_of(image)
        if self.content is not None and self.settings.full_size and self.is_reduced(size):
            painted, size = self._at_full_size(painted), self.size
        alpha = None if self.alpha is None else resize_image(self.alpha, size)
        if self.content is None:
            return Finished(painted, painted, alpha)
        beneath = self._content_at(size)
        coverage = self._coverage(size, beneath) if self.composed_over_content else None
        return Finished(painted, beneath, alpha, coverage)

    @property
    def result_size(self) -> Size:
        """The (height, width) of the result."""
        full = self.settings.full_size and self.content is not None and self.is_reduced(self.sizes[-1])
        return self.size if full else self.sizes[-1]

    def is_reduced(self, size: Size) -> bool:
        """Return whether a size is smaller than that of the content image."""
        return size[0] * size[1] < self.size[0] * self.size[1]

    def _at_full_size(self, painted: Image) -> Image:
        """Return the content image at its own size with the change of the painted image, wherever that is painted."""
        assert self.content is not None
        size = size_of(painted)
        changed = self.layout.touched(size).astype(np.float32) if self.composed_over_content else None
        return with_change(self.content, self._content_at(size), painted, changed)

    def _colored(self, image: Image) -> Image:
        """Return the painted image denoised and in its colors, at its size."""
        size = size_of(image)
        smooth = denoise_image(image, self.settings.denoise, self.settings.denoise_method)
        if self.denoised is not None:
            smooth = np.where(self.layout.among(self.denoised, size)[..., np.newaxis], smooth, image)
        if self.in_gray:
            smooth = lightness_only(smooth)
        smooth = extended(smooth, None if self.alpha is None else resize_image(self.alpha, size))
        if self.content is None or self.in_gray:
            return smooth
        return self._in_final_colors(smooth, size)

    def _in_final_colors(self, image: Image, size: Size) -> Image:
        modes = {placement.color for placement in self.layout.placements}
        if not modes & set(FOR_CONTENT_COLORS):
            return image
        colored = with_content_chroma(image, self._content_at(size))
        if modes <= set(FOR_CONTENT_COLORS):
            return colored
        return mixed(image, colored, self.layout.share_in(FOR_CONTENT_COLORS, size))

    def _coverage(self, size: Size, beneath: Image) -> Mask:
        """Return the coverage of the painted image over the content image, with any fade-in."""
        inside = self.layout.painted_share(size) > 0
        if self.feather_mode == "edges":
            return self.layout.coverage(size, faded_in_at_edges(inside, self.feather, beneath))
        return self.layout.coverage(size, faded_in(inside, self.feather))

    @cached_property
    def in_gray(self) -> bool:
        """Whether the content image and all styles, as the network sees them, are gray, and so is the result."""
        if self.content is not None and not is_gray(self.content, self.alpha):
            return False
        return bool(self.styles) and all(is_gray(seen.image, seen.source.alpha) for seen in self.styles)

    @cached_property
    def _gray_content(self) -> Mask:
        """One channel of the content image in gray, at its own size."""
        assert self.content is not None
        return gray_channel(self.content)

    def _is_gray(self, how_many: str) -> bool:
        """Return whether the network sees any, or all, of the picture in gray."""
        modes = [placement.color == "luminance" for placement in self.layout.placements]
        if not self.layout.everywhere:
            modes.append(self.settings.color == "luminance")
        return any(modes) if how_many == "any" else all(modes)
