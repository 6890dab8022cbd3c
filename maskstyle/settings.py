"""Every setting of a style transfer and its default: the only home of defaults."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from maskstyle.errors import SettingsError

LayerMix: TypeAlias = tuple[tuple[str, float], ...]
"""Layer names with their relative weights."""

DEFAULT_LONGER_SIDE = 512
"""Longer side, in pixels, of a result whose size is not asked for; a smaller content keeps its size."""

SMALLEST_TILE = 64
"""Side of the smallest tiles: what smaller ones see would mostly be their neighbors'."""

CHECKPOINT_SECONDS = 60.0
"""Seconds between the checkpoints of a long run, and before the first."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "network": ("auto", "lite", "vgg16", "vgg19"),
    "compute_type": ("auto", "float32", "bfloat16"),
    "pooling": ("max", "average"),
    "padding": ("edge", "zero"),
    "content_reduction": ("relative", "mean", "sum", "half_sum"),
    "gram_normalization": ("weights", "none"),
    "style_reduction": ("relative", "mean", "gatys", "chollet"),
    "tv_reduction": ("mean", "sum"),
    "style_fit": ("keep", "stretch"),
    "propagation": ("simple", "inside", "all", "split"),
    "optimizer": ("auto", "lbfgs", "adam"),
    "init": ("auto", "content", "style", "noise", "colors", "image"),
    "color": ("style", "content", "luminance", "match"),
    "denoise_method": ("nlm", "tv", "bilateral"),
}
"""The values that each choice among names may take."""


def active(mix: LayerMix) -> LayerMix:
    """Return the layers of a mix whose weight is above 0."""
    return tuple((layer, weight) for layer, weight in mix if weight > 0)


@dataclass(frozen=True)
class Settings:
    """What a style transfer does, apart from its pictures.

    The defaults are the project's own recipe: it was chosen by measurement and by looking, with the layers
    of blocks 1 to 3, as ``docs/choosing-the-defaults.md`` shows.

    Parameters
    ----------
    network : {"auto", "lite", "vgg16", "vgg19"}
        Feature network; ``auto`` is vgg19 where its weights are on the machine, else lite.
    compute_type : {"auto", "float32", "bfloat16"}
        Type of the convolutions; ``auto`` is bfloat16 where the processor has instructions for it.
    pooling : {"max", "average"}
        Pooling between blocks.
    padding : {"edge", "zero"}
        What surrounds the image at the first convolution: its own edge pixels, which avoids a line along the
        edges of the result, or zeros as in the literature.
    content_layers, style_layers : tuple of (str, float)
        Layers with their relative weights, each at least 0.
    content_weight, style_weight, tv_weight : float
        Weights of the three terms, each at least 0.
    content_reduction : {"relative", "mean", "sum", "half_sum"}
        The content term at one layer, with D the difference of features to the content's F: ``mean(D^2) /
        mean(F^2)``, ``mean(D^2)``, ``sum(D^2)`` or ``sum(D^2) / 2``.
    gram_normalization : {"weights", "none"}
        Divide a Gram matrix by the sum of its pixel weights, or leave it as a sum.
    style_reduction : {"relative", "mean", "gatys", "chollet"}
        The style term at one layer, with E the difference of the Gram to its target T, over C channels and
        M pixels (or sum of weights): ``sum(E^2) / sum(T^2)``, ``mean(E^2)``, ``sum(E^2) / (4 C^2 M^2)`` or
        ``sum(E^2) / (4 3^2 P^2)`` where P is the number of the image's pixels.
    tv_exponent : float
        Exponent e, at least 1, of the total variation ``(dx^2 + dy^2)^e``.
    tv_reduction : {"mean", "sum"}
        How the total variation is reduced over pixels and colors.
    pixel_range : float
        Greatest pixel value in whose units total variation, `learning_rate` and `epsilon` are stated: 1 or 255.
    mask_exponent : float
        Power to which soft masks are raised before they weigh pixels: 1, or 2 as where features are multiplied
        by the mask; the Gram is divided by the sum of the mask itself.
    propagation : {"simple", "inside", "all", "split"}
        How semantic regions pass to deeper layers: see `maskstyle.guidance.regions.region_cells`; ``split`` gives
        what lies inside a region and what lies along its border a Gram matrix each at small sizes: see
        `maskstyle.objective.guides.region_guides`.
    intensity : float
        Factor above 0 on the target Gram matrices: above 1 asks for a stronger style, below 1 for a fainter one.
    size : int or None
        Longer side of the result in pixels; None: the content's, at most 512.
    scales : int
        Number of sizes from coarse to fine, each twice the one before, for a result of 512 pixels; a larger result
        has one more for each time that it is twice as large. 1 is a single scale.
    style_fit : {"keep", "stretch"}
        Keep the style image's aspect with its longer side as long as the result's, or stretch it to the
        result's shape.
    style_scale : float
        Factor above 0 on the size of the style image: above 1 makes its strokes larger.
    optimizer : {"auto", "lbfgs", "adam"}
        The optimizer; ``auto`` is L-BFGS, with as long a `history` as about half of `memory` (or of 4 GB) holds, and
        Adam at sizes where that would be too short, with an eighth of the `learning_rate` after a coarser size.
    steps : int
        Greatest number of evaluations of loss and gradient at each size.
    step_decay : float
        Sizes longer than 512 pixels take fewer steps, by the factor (512 / longer side) to this power, at least 0.
    tolerance : float
        Stop at a size once the best loss has fallen by less than this share over ten steps; 0 never stops.
    history : int
        Pairs of vectors that L-BFGS remembers.
    learning_rate, beta_1, beta_2, epsilon : float
        Adam's settings. Relative losses, spread over a million pixels, have gradients down to 1e-7, which
        Keras' own epsilon of 1e-7 would drown.
    init : {"auto", "content", "style", "noise", "colors", "image"}
        What the first image is; an image of one's own is given beside the settings. ``colors`` draws each region
        from the colors of its region of the style image; ``auto`` is the content, or colors where there is none.
    noise_contrast : float
        Contrast of the noise, above 0 and at most 1: it is uniform around mid gray, and 1 fills [0, 1]. Strong noise
        leaves its dots in flat areas.
    seed : int
        Seed of the noise, and of the colors drawn.
    snapshot_every : int
        The command line keeps a snapshot every so many steps; 0 keeps none.
    denoise : float
        Strength of the denoising of the result, 0 leaves it out: see `maskstyle.images.denoise.denoise_image`.
    denoise_method : {"nlm", "tv", "bilateral"}
        Non-local means, total variation or a bilateral filter.
    color : {"style", "content", "luminance", "match"}
        Whose colors the result has. ``style``: the style's. ``content``: in the end hue and chroma are the
        content's. ``luminance``: so they are, and the network sees both images in gray, the style with the
        content's contrast. ``match``: the style is recolored before, to the content's mean and covariance.
    tile_size : int or None
        Images that are longer than so many pixels are evaluated in tiles of about that side, which takes less memory
        and more time and changes nothing else. None: as large as fits into `memory`.
    memory : float or None
        GB (10^9 bytes) that the whole run may take; None: 4, where tiles let it fit into that, else what is free.
    """

    network: str = "auto"
    compute_type: str = "auto"
    pooling: str = "max"
    padding: str = "edge"
    content_layers: LayerMix = (("block3_conv3", 1.0),)
    style_layers: LayerMix = (
        ("block1_conv1", 1.0),
        ("block2_conv1", 1.0),
        ("block2_conv2", 1.0),
        ("block3_conv1", 1.0),
        ("block3_conv3", 1.0),
    )
    content_weight: float = 1.0
    style_weight: float = 20.0
    tv_weight: float = 1.0
    content_reduction: str = "relative"
    gram_normalization: str = "weights"
    style_reduction: str = "relative"
    tv_exponent: float = 1.0
    tv_reduction: str = "mean"
    pixel_range: float = 1.0
    mask_exponent: float = 1.0
    propagation: str = "simple"
    intensity: float = 1.0
    size: int | None = None
    scales: int = 3
    style_fit: str = "keep"
    style_scale: float = 1.0
    optimizer: str = "auto"
    steps: int = 40
    step_decay: float = 0.5
    tolerance: float = 0.005
    history: int = 5
    learning_rate: float = 0.02
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-12
    init: str = "auto"
    noise_contrast: float = 0.25
    seed: int = 0
    snapshot_every: int = 0
    denoise: float = 0.0
    denoise_method: str = "nlm"
    color: str = "style"
    tile_size: int | None = None
    memory: float | None = None

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingsError(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(choices)}")
        for name, (lowest, inclusive) in _LOWEST.items():
            _check_number(name, getattr(self, name), lowest, inclusive)
        if self.size is not None:
            _check_number("size", self.size, 1, inclusive=True)
        if self.tile_size is not None:
            _check_number("tile_size", self.tile_size, SMALLEST_TILE, inclusive=True)
        if self.memory is not None:
            _check_number("memory", self.memory, 0, inclusive=False)
        for name in _WHOLE:
            if not isinstance(getattr(self, name), int | None):
                raise SettingsError(f"{name} is {getattr(self, name)!r}; expected a whole number")
        for name in ("beta_1", "beta_2"):
            if not getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}; expected a number below 1")
        if self.noise_contrast > 1:
            raise SettingsError(f"noise_contrast is {self.noise_contrast}; expected a number of at most 1")
        for term in ("content", "style"):
            _check_mix(f"{term}_layers", getattr(self, f"{term}_layers"), getattr(self, f"{term}_weight"))

    def changed(self, **changes: Any) -> Settings:
        """Return these settings with some of them changed; unknown names raise SettingsError."""
        known = {field.name for field in dataclasses.fields(self)}
        for name in changes:
            if name not in known:
                raise SettingsError(f"there is no setting {name!r}; the settings are {', '.join(sorted(known))}")
        return dataclasses.replace(self, **changes)


SIMILARITIES = ("cosine", "ncc")
"""How patches of maps may be compared."""


@dataclass(frozen=True)
class PatchSettings:
    """How images are cut into patches, and how these are matched; see ``docs/patches.md``.

    Parameters
    ----------
    patch_size : int
        Side of a patch, in pixels of the result; at the coarser sizes of a run it is smaller by as much as the image
        is. It stays as it is where ``Settings.size`` asks for a smaller or a larger result: strokes do, too, as
        network and layers see as many pixels as ever. A result of half the size has a quarter as many patches; for
        the same patches give half the side. On a layer's grid it is at least one cell.
    patch_stride : int or None
        Pixels from one patch to the next, at most `patch_size`; None is `patch_size`, so that patches do not overlap.
    patch_offset : (int, int)
        How many pixels the patches are moved down and to the right, each at least 0.
    similarity : {"cosine", "ncc"}
        How patches of maps are compared: by the cosine of their colors, or with the zero-mean normalized
        cross-correlation, which sees where borders run, as the other half; see `maskstyle.guidance.patch_matching`.
    repetition : float
        What each earlier use of a style patch counts against it, at least 0; 0 lets all take the same one. It only
        chooses among patches that the maps make about equally good.
    position_weight, feature_weight : float
        How much, beside the similarity of the maps, similar positions and similar network features count among
        those patches, each at least 0.
    """

    patch_size: int = 32
    patch_stride: int | None = None
    patch_offset: tuple[int, int] = (0, 0)
    similarity: str = "cosine"
    repetition: float = 0.02
    position_weight: float = 0.1
    feature_weight: float = 0.0

    def __post_init__(self) -> None:
        if self.similarity not in SIMILARITIES:
            raise SettingsError(f"similarity is {self.similarity!r}; expected one of {', '.join(SIMILARITIES)}")
        _check_whole("patch_size", self.patch_size, 1)
        if self.patch_stride is not None:
            _check_whole("patch_stride", self.patch_stride, 1)
            if self.patch_stride > self.patch_size:
                raise SettingsError(
                    f"patch_stride is {self.patch_stride}, but patch_size is {self.patch_size}; expected at most as "
                    "much, or there would be gaps between patches"
                )
        if not isinstance(self.patch_offset, tuple) or len(self.patch_offset) != 2:
            raise SettingsError(f"patch_offset is {self.patch_offset!r}; expected a pair of whole numbers")
        for shift in self.patch_offset:
            _check_whole("patch_offset", shift, 0)
        for name in ("repetition", "position_weight", "feature_weight"):
            _check_number(name, getattr(self, name), 0, inclusive=True)

    @property
    def cover(self) -> float:
        """How many patches each cell is in, about."""
        return (self.patch_size / self.stride) ** 2

    @property
    def stride(self) -> int:
        """Pixels from one patch to the next."""
        return self.patch_size if self.patch_stride is None else self.patch_stride


_LOWEST: Mapping[str, tuple[float, bool]] = {
    "content_weight": (0, True),
    "style_weight": (0, True),
    "tv_weight": (0, True),
    "tv_exponent": (1, True),
    "pixel_range": (0, False),
    "mask_exponent": (0, False),
    "intensity": (0, False),
    "scales": (1, True),
    "style_scale": (0, False),
    "steps": (1, True),
    "step_decay": (0, True),
    "tolerance": (0, True),
    "history": (1, True),
    "learning_rate": (0, False),
    "beta_1": (0, True),
    "beta_2": (0, True),
    "epsilon": (0, False),
    "noise_contrast": (0, False),
    "seed": (0, True),
    "snapshot_every": (0, True),
    "denoise": (0, True),
}
"""The lowest value of each number, and whether it may be taken."""


_WHOLE = ("size", "tile_size", "scales", "steps", "history", "seed", "snapshot_every")
"""Those that are counts."""


def _check_number(name: str, value: float, lowest: float, inclusive: bool) -> None:
    fits = isinstance(value, int | float) and math.isfinite(value)
    if not fits or value < lowest or (value == lowest and not inclusive):
        kind = "finite number" if value == math.inf else "number"
        bound = "of at least" if inclusive else "above"
        raise SettingsError(f"{name} is {value!r}; expected a {kind} {bound} {lowest}")


def _check_whole(name: str, value: int, lowest: int) -> None:
    _check_number(name, value, lowest, inclusive=True)
    if not isinstance(value, int):
        raise SettingsError(f"{name} is {value!r}; expected a whole number")


def _check_mix(name: str, mix: LayerMix, term_weight: float) -> None:
    try:
        pairs = [(layer, weight) for layer, weight in mix]
    except (TypeError, ValueError):
        raise SettingsError(f"{name} is {mix!r}; expected pairs of a layer's name and its weight") from None
    names = [layer for layer, _ in pairs]
    for layer, weight in pairs:
        _check_number(f"the weight of {layer} in {name}", weight, 0, inclusive=True)
        if names.count(layer) > 1:
            raise SettingsError(f"{name} names {layer} twice; name each layer once")
    if term_weight > 0 and not any(weight for _, weight in pairs):
        raise SettingsError(
            f"{name} gives no layer a weight above 0; name one, or set {name.replace('layers', 'weight')} to 0"
        )


JUDGING = Settings(compute_type="float32", style_layers=(("block2_conv1", 1.0), ("block3_conv1", 1.0)))
"""How results are evaluated: in float32, by a layer that sees fine strokes and one that sees larger ones."""
DOODLE_SETTINGS = Settings(
    content_weight=0.0,
    propagation="split",
    scales=4,
    steps=60,
    tolerance=0.002,
)
"""The defaults of doodles, which have no content: docs/doodles.md says what each of them is for."""


PATCH_TRANSFER_SETTINGS = Settings(style_weight=3.0)
"""The defaults of `maskstyle.transfer_patch`: a patch asks for more than a picture does, colors at a place among it,
and at the weight of the others little of the content would be left."""


def without_content(settings: Settings) -> Settings:
    """Return settings, such as a recipe's, for a picture that has no content to keep or to start from."""
    return settings.changed(content_weight=0.0, init="auto" if settings.init == "content" else settings.init)
