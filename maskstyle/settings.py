"""All settings of a style transfer: defaults, allowed values and help. No other module defines defaults.

`Settings` combines several small classes by subject. Code takes only the part that it needs; users see a flat class.
"""

from __future__ import annotations

import dataclasses
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from maskstyle.errors import SettingsError

LayerMix: TypeAlias = tuple[tuple[str, float], ...]
"""Layer names with their relative weights."""

DEFAULT_LONGER_SIDE = 512
"""Default longer side of the result in pixels; a smaller content image keeps its size."""

ORIGINAL = "original"
"""The size of the content image, as a size of the result."""

LARGEST_PIXELS = 400_000_000
"""Maximum number of pixels of an image. It catches typing errors: few machines have memory for so many."""

LARGEST_WHOLE = 2**63 - 1
"""The highest whole number that is read back, as in TOML."""

MOST_SCALES = 20
"""Number of sizes, more than an image of the most pixels can be halved."""

MOST_HISTORY = 1000
"""Vector pairs of L-BFGS, far more than are of any use."""

SMALLEST_TILE = 64
"""Minimum side of a tile in pixels: a smaller tile would consist mostly of its halo."""

CHECKPOINT_SECONDS = 60.0
"""Seconds between the checkpoints of a long run, and before the first."""

TEMPORAL_WEIGHT = 300.0
"""Weight of the temporal term in frames of a clip (docs/how-to/video.md)."""

FRAME_STEPS = 10
"""Most steps of a frame that goes on from the one before."""

STYLE, WHERE, COLOR, SPEED, OUTPUT, NETWORK = PANELS = (
    "Style",
    "Where",
    "Color and edges",
    "Size and speed",
    "Output",
    "Network and losses",
)
"""The help panels, by task, in the order of the help."""


@dataclass(frozen=True)
class Bounds:
    """The numbers that a field accepts.

    Parameters
    ----------
    least : float
        The lowest number.
    inclusive : bool
        Whether the lowest number itself is allowed.
    whole : bool
        Whether only whole numbers are allowed.
    most : float
        The highest number.
    or_zero : bool
        Whether 0 is allowed, too.
    """

    least: float
    inclusive: bool = True
    whole: bool = False
    most: float = math.inf
    or_zero: bool = False

    def check(self, name: str, value: Any) -> None:
        """Raise SettingsError if a value, other than None, is out of bounds."""
        if self.or_zero and value == 0 and not isinstance(value, bool):
            return
        fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        if not fits or not self.least <= value <= self.most or (value == self.least and not self.inclusive):
            kind = "finite number" if value == math.inf else "number"
            bound = f"{'of at least' if self.inclusive else 'above'} {self.least}"
            if self.most < math.inf:
                bound = f"from {self.least} to {self.most:g}"
            zero = "0, or " if self.or_zero else ""
            raise SettingsError(f"{name} is {value!r}; expected {zero}a {kind} {bound}")
        if self.whole and not isinstance(value, int):
            raise SettingsError(f"{name} is {value!r}; expected a whole number")
        if self.whole and value > LARGEST_WHOLE:
            raise SettingsError(f"{name} is larger than {LARGEST_WHOLE}; expected a smaller number")


ABOVE_ZERO = Bounds(0, inclusive=False)
AT_LEAST_ZERO = Bounds(0)
COUNT = Bounds(1, whole=True)
STRENGTH = Bounds(0, most=1)
DENOISING = Bounds(0.0001, most=100, or_zero=True)
"""Weaker filters change no color of 8 bits, and end in NaN; stronger ones are all the same, and overflow."""

DEFAULT_STRENGTH = 0.5
"""Strength of a style where neither a strength nor a raw weight is given."""


def setting(
    default: Any,
    help: str,
    panel: str = NETWORK,
    *,
    choices: tuple[str, ...] = (),
    bounds: Bounds | None = None,
    unset: str = "",
) -> Any:
    """Declare a field of settings.

    Parameters
    ----------
    default
        The default.
    help : str
        A noun phrase or an imperative for the command line.
    panel : str
        One of `PANELS`.
    choices : tuple of str
        The allowed values of a choice.
    bounds : Bounds, optional
        The allowed values of a number.
    unset : str
        What None means, in words.
    """
    metadata = {"help": help, "panel": panel, "choices": choices, "bounds": bounds, "unset": unset}
    return field(default=default, metadata=metadata)


def as_plain(value: Any) -> Any:
    """Return a number, boolean or text of NumPy as Python's; anything else unchanged."""
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    return value.item() if is_scalar and hasattr(value, "item") else value


def check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    """Raise SettingsError if a value is none of the choices."""
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}; expected one of {', '.join(choices)}")


def check_fields(settings: Any) -> None:
    """Raise SettingsError if a declared field has a value that is not allowed; NumPy's numbers become Python's."""
    for each in dataclasses.fields(settings):
        value = as_plain(getattr(settings, each.name))
        object.__setattr__(settings, each.name, value)
        check_field(each, value)


def check_field(field: dataclasses.Field[Any], value: Any) -> None:
    """Raise SettingsError if a value is not allowed in a declared field."""
    choices, bounds = field.metadata["choices"], field.metadata["bounds"]
    if choices and not (isinstance(value, str) and value in choices):
        raise SettingsError(f"{field.name} is {value!r}; expected one of {', '.join(choices)}")
    if field.name == "size":
        check_size(value)
    if field.type == "bool" and not isinstance(value, bool):
        raise SettingsError(f"{field.name} is {value!r}; expected true or false")
    if bounds is not None and not (value is None and field.default is None):
        bounds.check(field.name, value)


@dataclass(frozen=True)
class NetworkSettings:
    """The feature network and how to evaluate it.

    Parameters
    ----------
    network : {"auto", "lite", "vgg16", "vgg19"}
        Feature network; ``auto`` is vgg19, with the weights found on the machine, else those in the package.
    compute_type : {"auto", "float32", "bfloat16"}
        Type of the convolutions; ``auto`` is the faster one, measured once on this machine.
    pooling : {"max", "average"}
        Pooling between blocks.
    padding : {"edge", "zero"}
        What surrounds the image at the first convolution: its own edge pixels, which avoids a line along the edges
        of the result, or zeros as in the literature.
    underpainting : {"auto", "lite", "none"}
        The network that paints all sizes but the last, which `network` paints: lite, several times faster, or
        none. ``auto`` is lite where the network is vgg19.
    """

    network: str = setting(
        "auto",
        "Feature network; auto: vgg19. For drafts: lite.",
        choices=("auto", "lite", "vgg16", "vgg19"),
    )
    compute_type: str = setting(
        "auto",
        "Precision of the convolutions; auto: the faster one, measured once.",
        SPEED,
        choices=("auto", "float32", "bfloat16"),
    )
    pooling: str = setting("max", "Pooling between the network's blocks.", choices=("max", "average"))
    padding: str = setting("edge", "Padding of the image at the first convolution.", choices=("edge", "zero"))
    underpainting: str = setting(
        "auto",
        "Faster network for all sizes but the last; auto: lite for vgg19.",
        SPEED,
        choices=("auto", "lite", "none"),
    )

    @property
    def underpainted(self) -> bool:
        """Whether lite paints all sizes but the last."""
        if self.underpainting == "auto":
            return self.network in ("auto", "vgg19")
        return self.underpainting == "lite" and self.network != "lite"


@dataclass(frozen=True)
class ObjectiveSettings:
    """The objective: layers, weights, reductions and guides.

    Parameters
    ----------
    content_layers, style_layers : tuple of (str, float)
        Layers with their relative weights, each at least 0.
    strength : float or None
        How much of the style, in [0, 1]: 0 is the content image, 1 the whole style. It limits the distance to the
        content image's features; see `maskstyle.objective.assemble.content_limit`. None: 0.5, unless
        `style_weight` is given.
    content_weight, tv_weight : float
        Weights of these terms, each at least 0.
    style_weight : float or None
        Raw weight of the style term, at least 0, in place of a strength: the terms are then only added.
    content_reduction : {"relative", "mean", "sum", "half_sum"}
        The content term at one layer, with D the difference to the content's features F: ``mean(D^2) /
        mean(F^2)``, ``mean(D^2)``, ``sum(D^2)`` or ``sum(D^2) / 2``.
    gram_normalization : {"weights", "none"}
        Divide a Gram matrix by the sum of its pixel weights, or leave it as a sum.
    style_reduction : {"relative", "mean", "gatys", "chollet"}
        The style term at one layer, with E the difference of the Gram matrix to its target T, C channels and M
        pixels (or the sum of the weights): ``sum(E^2) / sum(T^2)``, ``mean(E^2)``, ``sum(E^2) / (4 C^2 M^2)`` or
        ``sum(E^2) / (4 3^2 P^2)``, where P is the number of pixels of the image.
    tv_exponent : float
        Exponent e of the total variation ``(dx^2 + dy^2)^e``, at least 1.
    tv_reduction : {"mean", "sum"}
        Reduction of the total variation over pixels and colors.
    pixel_range : float
        Maximum pixel value, 1 or 255, that `tv_weight`, `learning_rate` and `epsilon` refer to.
    mask_exponent : float
        Exponent that turns a mask into pixel weights: 1, or 2 to match methods that multiply features by the mask.
        The Gram matrix is divided by the sum of the mask itself.
    propagation : {"simple", "inside", "all", "split"}
        How regions propagate to deeper layers: see `maskstyle.guidance.regions.region_cells`. ``split`` gives the
        inside and the border of a region separate Gram matrices at small sizes: see `maskstyle.objective.guides`.
    intensity : float
        Factor on the target Gram matrices, above 0: more than 1 exaggerates the style.
    """

    content_layers: LayerMix = setting((("block4_conv2", 1.0),), "Content layers, as NAME[:WEIGHT],...")
    style_layers: LayerMix = setting(
        (
            ("block1_conv1", 0.2),
            ("block2_conv1", 0.2),
            ("block3_conv1", 0.2),
            ("block4_conv1", 0.2),
            ("block5_conv1", 0.2),
        ),
        "Style layers, as NAME[:WEIGHT],...",
    )
    strength: float | None = setting(
        None,
        "How much of the style: 0 is the content image, 1 the whole style.",
        STYLE,
        bounds=STRENGTH,
        unset="0.5, unless a style weight is given",
    )
    content_weight: float = setting(
        1.0, "Weight of the content term, used with a style weight.", STYLE, bounds=AT_LEAST_ZERO
    )
    style_weight: float | None = setting(
        None,
        "Raw weight of the style term, in place of a strength.",
        STYLE,
        bounds=AT_LEAST_ZERO,
        unset="set by the strength",
    )
    tv_weight: float = setting(1.0, "Weight of total variation: higher is smoother.", COLOR, bounds=AT_LEAST_ZERO)
    content_reduction: str = setting(
        "relative", "Scaling of the content term.", choices=("relative", "mean", "sum", "half_sum")
    )
    gram_normalization: str = setting(
        "weights", "Divide Gram matrices by the sum of pixel weights, or not.", choices=("weights", "none")
    )
    style_reduction: str = setting(
        "relative", "Scaling of the style term.", choices=("relative", "mean", "gatys", "chollet")
    )
    tv_exponent: float = setting(1.0, "Exponent of total variation.", bounds=Bounds(1))
    tv_reduction: str = setting("mean", "Reduction of total variation.", choices=("mean", "sum"))
    pixel_range: float = setting(
        1.0, "Pixel maximum for tv-weight, learning-rate and epsilon: 1 or 255.", bounds=ABOVE_ZERO
    )
    mask_exponent: float = setting(1.0, "Exponent that turns mask values into pixel weights.", bounds=ABOVE_ZERO)
    propagation: str = setting(
        "simple", "How to propagate regions to deeper layers.", choices=("simple", "inside", "all", "split")
    )
    intensity: float = setting(
        1.0, "Factor on the target Gram matrices: above 1 exaggerates the style.", bounds=ABOVE_ZERO
    )

    @property
    def chosen_strength(self) -> float | None:
        """The strength; None where raw weights balance style and content, or nothing keeps the content."""
        if self.style_weight is not None or self.content_weight == 0:
            return None
        return DEFAULT_STRENGTH if self.strength is None else self.strength

    @property
    def style_factor(self) -> float:
        """The weight of the style term."""
        return 1.0 if self.style_weight is None else self.style_weight


@dataclass(frozen=True)
class SizeSettings:
    """The size of the result, the coarser sizes before it, and the size of the style image.

    Parameters
    ----------
    size : int, str or None
        Size of the result in pixels: the longer side, ``"WIDTHxHEIGHT"``, or ``"original"`` for that of the content
        image; None: the content image's, at most 512. Where the aspect of the content image differs from
        ``"WIDTHxHEIGHT"`` by more than a pixel, the result is the largest one that fits inside.
    scales : int or None
        Number of sizes from coarse to fine for a result of 512 pixels, each twice the previous one; each doubling of
        the result adds a size. 1: paint at the final size only. None: begin at 192 to 383 pixels, or, without a
        content image, at 91 to 181, and at half the size of a smaller result.
    style_fit : {"keep", "stretch"}
        ``keep``: keep the aspect ratio of the style image and match its longer side to the result's. ``stretch``:
        stretch it to the size of the result.
    style_scale : float
        Scale factor of the style image, above 0; values above 1 make larger strokes.

    Notes
    -----
    With ``keep``, a style image is never enlarged by more than a quarter before `style_scale` applies: strokes that
    are enlarged more lose their texture.
    """

    size: int | str | None = setting(
        None,
        "Longer side of the result in pixels, WIDTHxHEIGHT, or original.",
        SPEED,
        unset="the {input}'s, at most 512",
    )
    scales: int | None = setting(
        None,
        "Number of sizes, coarse to fine, for a 512-pixel result.",
        SPEED,
        bounds=Bounds(1, whole=True, most=MOST_SCALES),
        unset="begin at {coarsest}",
    )
    style_fit: str = setting(
        "keep",
        "Keep the style image's aspect ratio, or stretch it.",
        STYLE,
        choices=("keep", "stretch"),
    )
    style_scale: float = setting(
        1.0, "Scale factor of the style image: above 1 makes larger strokes.", STYLE, bounds=ABOVE_ZERO
    )


@dataclass(frozen=True)
class OptimizerSettings:
    """The optimizer and its stopping rule at each size.

    Parameters
    ----------
    optimizer : {"auto", "lbfgs", "adam"}
        ``auto`` is L-BFGS with the longest `history` that fits into half of the memory, or Adam at sizes where that
        history would be too short. After a coarser size, Adam starts with an eighth of the `learning_rate`.
    steps : int
        Maximum number of evaluations of loss and gradient at the first size, and at others of up to 256 pixels.
    step_decay : float
        Reduce `steps` at later sizes above 256 pixels by the factor (256 / longer side) to this power, at least 0.
    tolerance : float
        Stop a size when ten steps lower the best loss by less than this fraction; 0 never stops early.
    history : int
        Number of vector pairs that L-BFGS keeps.
    learning_rate, beta_1, beta_2, epsilon : float
        Adam's settings. Relative losses over a million pixels have gradients down to 1e-7, which Keras' own epsilon
        of 1e-7 would drown.
    """

    optimizer: str = setting(
        "auto",
        "Optimizer; auto: L-BFGS, or Adam if memory is short.",
        SPEED,
        choices=("auto", "lbfgs", "adam"),
    )
    steps: int = setting(
        40,
        "Maximum steps at the first size; twice that for underpainting.",
        SPEED,
        bounds=COUNT,
    )
    step_decay: float = setting(
        0.85,
        "At later sizes above 256 pixels, multiply steps by (256 / longer side)^VALUE.",
        SPEED,
        bounds=AT_LEAST_ZERO,
    )
    tolerance: float = setting(
        0.005, "Stop when ten steps lower the loss by less than this fraction.", SPEED, bounds=AT_LEAST_ZERO
    )
    history: int = setting(
        5, "Number of vector pairs that L-BFGS keeps.", bounds=Bounds(1, whole=True, most=MOST_HISTORY)
    )
    learning_rate: float = setting(0.02, "Adam's learning rate.", bounds=ABOVE_ZERO)
    beta_1: float = setting(0.9, "Adam's decay rate for the mean.", bounds=AT_LEAST_ZERO)
    beta_2: float = setting(0.999, "Adam's decay rate for the variance.", bounds=AT_LEAST_ZERO)
    epsilon: float = setting(1e-12, "Adam's epsilon.", bounds=ABOVE_ZERO)


@dataclass(frozen=True)
class StartSettings:
    """The image that the first size starts from.

    Parameters
    ----------
    init : {"auto", "content", "recolored", "style", "noise", "colors", "image"}
        ``recolored`` is the content image in the mean and covariance of the styles' colors (a black-and-white photo:
        in their colors from dark to light), as far as the strength goes; ``colors`` draws the colors of each region
        from its region of the style image; ``image`` is the image passed as `initial`. ``auto`` is recolored, the
        content image with a raw `style_weight`, or colors if there is no content image.
    noise_contrast : float
        Contrast of the noise, above 0 and at most 1: it is uniform around mid gray, and 1 fills [0, 1]. Strong noise
        leaves dots in flat areas.
    seed : int
        Random seed for the initial noise or colors.
    """

    init: str = setting(
        "auto",
        "Initial image: auto, content, recolored, style, noise, colors, or FILE.",
        STYLE,
        choices=("auto", "content", "recolored", "style", "noise", "colors", "image"),
    )
    noise_contrast: float = setting(
        0.25, "Contrast of the initial noise, above 0 and at most 1.", STYLE, bounds=ABOVE_ZERO
    )
    seed: int = setting(0, "Random seed for the initial noise or colors.", STYLE, bounds=Bounds(0, whole=True))


@dataclass(frozen=True)
class FinishSettings:
    """The colors and the denoising of the result.

    Parameters
    ----------
    denoise : float
        Strength of denoising, 0 for none: see `maskstyle.images.denoise.denoise_image`.
    denoise_method : {"nlm", "tv", "bilateral"}
        Non-local means, total variation or a bilateral filter.
    color : {"style", "content", "luminance", "match"}
        Colors of the result. ``style``: those of the style image. ``content``: hue and chroma of the content image,
        restored at the end. ``luminance``: like ``content``, but the network also sees both images in gray, the style
        image with the contrast of the content image. ``match``: the style image is first recolored to the mean and
        covariance of the content image's colors.
    full_size : bool
        Return the content image at its own size, with the change that was painted at `size` upsampled along its
        edges: see `maskstyle.images.upsampling.with_change`. Unpainted pixels stay those of the content image.
    """

    full_size: bool = setting(False, "Paint at --size, and lay the change over the content at its own size.", SPEED)
    denoise: float = setting(0.0, "Denoising strength, such as 0.05; 0 turns it off.", COLOR, bounds=DENOISING)
    denoise_method: str = setting(
        "nlm",
        "Non-local means, total variation or a bilateral filter.",
        COLOR,
        choices=("nlm", "tv", "bilateral"),
    )
    color: str = setting(
        "style",
        "Colors of the result: the style's, or the content's in three ways.",
        COLOR,
        choices=("style", "content", "luminance", "match"),
    )


@dataclass(frozen=True)
class Settings(FinishSettings, StartSettings, OptimizerSettings, SizeSettings, ObjectiveSettings, NetworkSettings):
    """All settings of a style transfer. Pass the fields by keyword.

    The defaults were chosen by measurement and by eye; see
    ``docs/background/choosing-the-defaults.md``. The fields are those of `NetworkSettings`, `ObjectiveSettings`,
    `SizeSettings`, `OptimizerSettings`, `StartSettings` and `FinishSettings`.

    Raises
    ------
    SettingsError
        If a value is out of bounds or not one of the choices.

    Examples
    --------
    >>> Settings(style_weight=5.0).changed(size=256).size
    256
    """

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("beta_1", "beta_2"):
            if not getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}; expected a number below 1")
        if self.noise_contrast > 1:
            raise SettingsError(f"noise_contrast is {self.noise_contrast}; expected a number of at most 1")
        _check_mix("content_layers", self.content_layers, self.content_weight)
        _check_mix("style_layers", self.style_layers, self.style_factor)
        self._check_strength()

    def _check_strength(self) -> None:
        if self.strength is not None and self.style_weight is not None:
            raise SettingsError(
                f"strength is {self.strength:g}, but style_weight is {self.style_weight:g} (given, or set by the "
                "recipe); leave one out, as a raw weight replaces a strength"
            )
        if self.strength is not None and self.content_weight == 0:
            raise SettingsError("strength has no effect where content_weight is 0; leave one out")
        if self.chosen_strength is not None and self.content_weight != 1:
            raise SettingsError(
                f"content_weight is {self.content_weight:g}, which has no effect with a strength; "
                "give a style_weight, or leave it out"
            )
        if self.chosen_strength is not None and self.content_reduction != "relative":
            raise SettingsError(
                f"content_reduction is {self.content_reduction!r}, which has no effect with a strength; give a "
                "style_weight, or leave it out"
            )

    def changed(self, **changes: Any) -> Settings:
        """Return a copy with some fields changed; unknown names raise SettingsError."""
        known = {each.name for each in dataclasses.fields(self)}
        for name in changes:
            if name not in known:
                raise SettingsError(f"there is no setting {name!r}; the settings are {', '.join(sorted(known))}")
        return dataclasses.replace(self, **changes)

    def draft(self) -> Settings:
        """Return a copy for a fast draft: the network lite, few pixels and few steps, as with ``--draft``.

        Examples
        --------
        >>> draft = Settings(style_weight=5.0).draft()
        >>> draft.network, draft.size, draft.steps, draft.style_weight
        ('lite', 256, 30, 5.0)
        """
        return self.changed(**DRAFT)


DRAFT: Mapping[str, Any] = {"network": "lite", "size": 256, "steps": 30}
"""The settings of a draft. More steps change little at this size; fewer hardly save time beside the start-up."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    each.name: each.metadata["choices"] for each in dataclasses.fields(Settings) if each.metadata["choices"]
}
"""The allowed values of each setting that is a choice."""

FROM_CONTENT = ("content", "recolored")
"""The initial images that need a content image."""

FROM_STYLES = ("colors", "recolored", "style")
"""The initial images that need a style image."""

NAMED_INITS = tuple(name for name in CHOICES["init"] if name != "image")
"""The named initial images. On the command line and in plans, any other ``init`` is a file."""


@dataclass(frozen=True)
class Limits:
    """The memory limit and tile size of a run. Tiles change how an image is computed, not the image.

    Parameters
    ----------
    memory : float or None
        Memory limit in GB (10^9 bytes). None: 4 GB if that is enough with tiles, else the free memory. At sizes where
        L-BFGS would need more, ``optimizer="auto"`` shortens its history or uses Adam.
    tile_size : int or None
        Side in pixels of the tiles that larger images are divided into. Smaller tiles need less memory and more time,
        with the same result. None: as large as the memory allows.
    """

    memory: float | None = setting(
        None,
        "Memory limit in GB; images that need more are processed in tiles.",
        SPEED,
        bounds=ABOVE_ZERO,
        unset="4, or what is free",
    )
    tile_size: int | None = setting(
        None,
        "Side of the tiles of large images, in pixels.",
        SPEED,
        bounds=Bounds(SMALLEST_TILE, whole=True),
        unset="as large as fits",
    )

    def __post_init__(self) -> None:
        check_fields(self)


SIMILARITIES = ("cosine", "ncc")
"""The measures of similarity between patches of maps."""


@dataclass(frozen=True)
class PatchSettings:
    """How to cut images into patches and match them; see ``docs/how-to/patches.md``.

    Parameters
    ----------
    patch_size : int
        Side of a patch in pixels of the result; coarser sizes scale it down. Like strokes, patches do not scale with
        ``Settings.size``: a result of half the size has a quarter as many patches. To get the same patches, halve
        `patch_size` too. On a layer's grid a patch is at least one cell.
    patch_stride : int or None
        Pixels from one patch to the next, at most `patch_size`; None is `patch_size`, so that patches do not overlap.
    patch_offset : (int, int)
        Offset of the patches (down, right) in pixels, each at least 0.
    similarity : {"cosine", "ncc"}
        How patches of maps are compared: by the cosine of their colors, or by the mean of that and the zero-mean
        normalized cross-correlation, which also compares borders; see `maskstyle.guidance.patch_matching`.
    repetition : float
        Penalty for each earlier use of a style patch, at least 0; 0 lets all patches take the same one. It decides
        only among style patches with about equally similar maps.
    position_weight, feature_weight : float
        Weight of similar positions and of similar network features among those patches, each at least 0.
    """

    patch_size: int = setting(32, "Patch size, in pixels of the result.", WHERE, bounds=COUNT)
    patch_stride: int | None = setting(
        None,
        "Pixels between patch starts; below the patch size, patches overlap.",
        WHERE,
        bounds=COUNT,
        unset="the patch size",
    )
    patch_offset: tuple[int, int] = setting((0, 0), "Offset of the patches in pixels, as DOWN,RIGHT.", WHERE)
    similarity: str = setting(
        "cosine", "Compare map patches by color, or also by borders (ncc).", WHERE, choices=SIMILARITIES
    )
    repetition: float = setting(0.02, "Penalty for each earlier use of a style patch.", WHERE, bounds=AT_LEAST_ZERO)
    position_weight: float = setting(
        0.1, "Weight of similar position among patches with similar maps.", WHERE, bounds=AT_LEAST_ZERO
    )
    feature_weight: float = setting(
        0.0, "Weight of similar features among patches with similar maps.", WHERE, bounds=AT_LEAST_ZERO
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if self.patch_stride is not None and self.patch_stride > self.patch_size:
            raise SettingsError(
                f"patch_stride is {self.patch_stride}, but patch_size is {self.patch_size}; expected at most "
                "patch_size, as larger strides leave gaps"
            )
        if not isinstance(self.patch_offset, tuple | list) or len(self.patch_offset) != 2:
            raise SettingsError(f"patch_offset is {self.patch_offset!r}; expected a pair of whole numbers")
        object.__setattr__(self, "patch_offset", tuple(map(as_plain, self.patch_offset)))
        for shift in self.patch_offset:
            Bounds(0, whole=True).check("patch_offset", shift)

    @property
    def cover(self) -> float:
        """Approximate number of patches that contain a cell."""
        return (self.patch_size / self.stride) ** 2

    @property
    def stride(self) -> int:
        """Pixels from one patch to the next."""
        return self.patch_size if self.patch_stride is None else self.patch_stride


def active(mix: LayerMix) -> LayerMix:
    """Return the layers of a mix whose weight is above 0."""
    return tuple((layer, weight) for layer, weight in mix if weight > 0)


def wanted_layers(settings: ObjectiveSettings) -> tuple[str, ...]:
    """Return the layers of the terms whose weight is above 0."""
    mixes = [(settings.content_weight, settings.content_layers), (settings.style_factor, settings.style_layers)]
    return tuple(dict.fromkeys(layer for weight, mix in mixes if weight > 0 for layer, _ in active(mix)))


def _check_mix(name: str, mix: LayerMix, term_weight: float) -> None:
    try:
        pairs = [(layer, weight) for layer, weight in mix]
        named = all(isinstance(layer, str) for layer, _ in pairs)
    except (TypeError, ValueError):
        pairs, named = [], False
    if not named:
        raise SettingsError(f"{name} is {mix!r}; expected pairs of a layer's name and its weight")
    names = [layer for layer, _ in pairs]
    for layer, weight in pairs:
        AT_LEAST_ZERO.check(f"the weight of {layer} in {name}", weight)
        if names.count(layer) > 1:
            raise SettingsError(f"{name} names {layer} twice; name each layer once")
    if term_weight > 0 and not any(weight for _, weight in pairs):
        raise SettingsError(
            f"{name} gives no layer a weight above 0; name one, or set {name.replace('layers', 'weight')} to 0"
        )


def check_size(size: int | str | None) -> None:
    """Raise SettingsError if a size of the result is neither a number, nor WIDTHxHEIGHT, nor "original"."""
    if isinstance(size, str):
        if size != ORIGINAL:
            box_of(size)
    elif size is not None:
        if isinstance(size, Sequence):
            raise SettingsError(f"size is {size!r}; expected the longer side in pixels, or a text such as '800x600'")
        COUNT.check("size", size)


def box_of(size: str) -> tuple[int, int]:
    """Return the (height, width) of WIDTHxHEIGHT.

    Examples
    --------
    >>> box_of("800x600")
    (600, 800)
    """
    found = re.fullmatch(r"\s*(\d{1,9})\s*(?:px)?\s*[xX*\u00d7]\s*(\d{1,9})\s*(?:px)?\s*", size)
    if found is None or 0 in (int(found[1]), int(found[2])):
        raise SettingsError(
            f"size is {size!r}; expected the longer side in pixels, WIDTHxHEIGHT such as 800x600, or {ORIGINAL}"
        )
    return int(found[2]), int(found[1])


def size_from_text(text: str) -> int | str:
    """Return a size as `Settings` takes it: numbers as such.

    Examples
    --------
    >>> size_from_text("512"), size_from_text("512 px"), size_from_text("800x600")
    (512, 512, '800x600')
    """
    number = re.fullmatch(r"\s*([+-]?\d{1,18})\s*(?:px|pixels)?\s*", text, re.IGNORECASE)
    plain = text.strip()
    return int(number[1]) if number else plain.lower() if plain.lower() == ORIGINAL else plain


DOODLE_SETTINGS = Settings(
    content_weight=0.0,
    style_weight=1.0,
    tv_weight=0.01,
    propagation="split",
    steps=60,
    tolerance=0.002,
)
"""The defaults of doodles, which have no content image; docs/how-to/doodles.md gives the reason for each."""

JUDGING = Settings(compute_type="float32", style_layers=(("block2_conv1", 1.0), ("block3_conv1", 1.0)))
"""The settings of evaluations: float32, one layer for fine strokes and one for larger ones."""


def without_content(settings: Settings) -> Settings:
    """Return settings, such as those of a recipe, adapted to a picture without a content image."""
    return settings.changed(
        strength=None, content_weight=0.0, init="auto" if settings.init in FROM_CONTENT else settings.init
    )
