"""Semantic maps: from the pixels of a painted map to labels, fitted to an image and matched with another map."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor
from scipy import ndimage, spatial
from skimage.color import rgb2lab

from maskstyle.errors import ImageError, SettingsError
from maskstyle.image_files import FORMAT_OF_SUFFIX
from maskstyle.images import Size, load_image, to_uint8

Color: TypeAlias = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""

LabelMap: TypeAlias = NDArray[np.int32]
"""(H, W), indices into a map's colours; -1 where there is no region."""

MAX_REGIONS = 64
"""How many regions a map may have: the labels around a pixel are remembered as the bits of one number."""

LEAST_SHARE = 0.0005
"""The least share of a map that is a region: 0.05 % is 130 pixels of 512x512, the two eyes of a portrait."""

_T = TypeVar("_T", bound=np.generic)
_Colors: TypeAlias = NDArray[np.int32]  # (N, 3), each row a colour
_Bools: TypeAlias = NDArray[np.bool_]

_OUTSIDE = 1 << 24  # the packed colour of a pixel in no region

# All distances between colours are Euclidean, in RGB of 0 to 255. What follows was measured on 12 maps of 4 to 6
# regions, each as painted, resized (0.37, 2.5) and compressed (JPEG at quality 15 to 95, WebP at 30 and 75).

# Pixels wobble that have no region's colour though the 3x3 around them vary by no more than _CALM: 0.000 times as
# many as there are at edges in maps as painted, 0.09 to 2.9 times in compressed ones.
_CALM = 12
_NOISE_PER_EDGE = 0.08
_LEAST_NOISE = 0.001

# Noise makes several colours of one: up to 7.1 apart at JPEG quality 30 and above, 14.3 at 15; those more than 4.2
# apart cover 0.7 % of the map at most. So beyond the first bound, larger areas are regions of their own.
_SMALL_DRIFT = 4.5
_DRIFT = 16
_MOST_DRIFTED = 0.02

# Of those maps, 0.31 to 1 lay in 3x3 squares of equal pixels; of 539 photographs and paintings, in all but three less
# than this.
_LEAST_FLAT = 0.25

# How far a noisy pixel is from its region's colour or, at an edge, from a blend of the regions beside it: where it is
# calm, in 95 of 100 pixels at JPEG quality 60, and at all.
_CALM_NEAR = 24
_NEAR = 32
_FOREIGN = 48

# How far from the line between two regions' colours a blend of them is, as a share of their distance: well rounded,
# or in a palette of few colours.
_FINE = 1 / 24
_ROUGH = 1 / 8
_LEAST_STEP = 3  # colours closer than this in every channel have no blends: they are numbers of classes
_OVERSHOOT = 0.2  # how far sharp resampling goes beyond the colours of an edge
_GAMMA = 2.2
_FEW = 16  # colours that a map may hold besides its regions' and still count as neither blended nor noisy
_LISTED = 64  # how far a painted colour may be from the one that the palette means by it

_LEAST_ASPECT = 0.01  # by how much aspect ratios may differ, see `fit_map`
_CLASS_NUMBERS = 64  # several greys below this, with nothing else but perhaps white, are numbers of classes
_SHORT = 8  # how many colours a message lists

SAME_COLOR = 24.0
"""How far apart (Euclidean, in RGB) two maps' colours may be and still be the same: see `match_regions`."""

_BASIC_COLORS: dict[str, tuple[Color, ...]] = {
    "black": ((0, 0, 0),),
    "grey": ((128, 128, 128), (64, 64, 64), (192, 192, 192)),
    "white": ((255, 255, 255),),
    "red": ((255, 0, 0), (160, 0, 0)),
    "orange": ((255, 140, 0),),
    "brown": ((139, 69, 19), (90, 60, 30)),
    "yellow": ((255, 255, 0), (250, 215, 80)),
    "green": ((0, 255, 0), (0, 128, 0), (110, 140, 60)),
    "cyan": ((0, 255, 255), (0, 150, 150)),
    "blue": ((0, 0, 255), (30, 80, 160), (120, 180, 230)),
    "purple": ((128, 0, 128), (100, 60, 180)),
    "magenta": ((255, 0, 255),),
    "pink": ((255, 160, 180),),
}
"""What people call the colours of maps, by examples; the first of a name is what `parse_color` makes of it."""


def _square(radius: int) -> list[tuple[int, int]]:
    steps = range(-radius, radius + 1)
    return [(down, right) for down in steps for right in steps if (down, right) != (0, 0)]


def _circle(radius: int) -> list[tuple[int, int]]:
    turns = [math.pi * turn / 8 for turn in range(16)]
    return [(round(radius * math.sin(turn)), round(radius * math.cos(turn))) for turn in turns]


# Where a pixel looks for regions, as (down, right): all of its surroundings, then ever wider rings.
_RINGS = (_square(2), _circle(3) + _circle(4), _circle(6) + _circle(8), _circle(12) + _circle(16))
_WIDE = [offset for ring in _RINGS[1:] for offset in ring]
_REACH = 16
_SAMPLE = 500  # how many pixels speak for a colour, where it is looked up what is around
_MANY = 300_000  # and how many for all that are unlike every region


@dataclass(frozen=True, eq=False)
class SemanticMap:
    """Which region each pixel belongs to.

    Attributes
    ----------
    labels : (H, W) int32 array
        For each pixel the index of its region in `colors`, or -1 where there is no region.
    colors : tuple of Color
        The colour of each region in the map, by falling number of pixels as `parse_map` returns them; `fit_map`
        keeps the order, and keeps a region that it leaves without a pixel.
    """

    labels: LabelMap
    colors: tuple[Color, ...]

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        height, width = self.labels.shape
        return height, width

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """The number of pixels of each region, in the order of `colors`."""
        counted = np.bincount(self.labels[self.labels >= 0], minlength=len(self.colors))
        return tuple(int(count) for count in counted)

    def count(self, index: int) -> int:
        """Return the number of pixels of region `index`."""
        return self.counts[index]

    def mask(self, index: int) -> NDArray[np.bool_]:
        """Return the (H, W) mask of region `index`."""
        mask: NDArray[np.bool_] = self.labels == index
        return mask


@dataclass(frozen=True)
class RegionMatch:
    """Which region of a style map each region of a content map takes its style from.

    Attributes
    ----------
    pairs : tuple of (content index, style index)
        By rising content index; a content index occurs once at most, a style index may occur several times.
    unmatched_content, unmatched_style : tuple of int
        The regions in no pair, by rising index.
    """

    pairs: tuple[tuple[int, int], ...]
    unmatched_content: tuple[int, ...]
    unmatched_style: tuple[int, ...]


def parse_color(text: str) -> Color:
    """Read a colour as people write it.

    Parameters
    ----------
    text : str
        "#0000ff", "#00f", "0,0,255", one of the names that `color_name` gives or any other CSS name, in any case.
        "green" is the pure green (0, 255, 0) of paint programs and maps; CSS calls that one lime.

    Returns
    -------
    Color

    Raises
    ------
    SettingsError
        If `text` is no colour, or has an alpha.

    Examples
    --------
    >>> parse_color("blue"), parse_color("#0000FF"), parse_color("0, 0, 255")
    ((0, 0, 255), (0, 0, 255), (0, 0, 255))
    """
    plain = text.strip().lower()
    if plain in _BASIC_COLORS:
        return _BASIC_COLORS[plain][0]
    numbers = re.fullmatch(r"\(?\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)?", plain)
    channels: tuple[int, ...] = ()
    if numbers:
        channels = tuple(int(number) for number in numbers.groups())
    elif not plain.endswith(")"):  # Pillow's rgb(...), hsl(...) and their like are more than we promise
        try:
            channels = ImageColor.getrgb(plain)
        except ValueError:
            channels = ()
    if len(channels) != 3 or max(channels) > 255:
        raise SettingsError(
            f"expected a colour such as red, #ff0000 or 255,0,0 (each number at most 255), but got {text!r}; "
            "write it in one of these ways"
        )
    return channels[0], channels[1], channels[2]


def format_color(color: Color) -> str:
    """Write a colour as "#rrggbb".

    Examples
    --------
    >>> format_color((0, 0, 255))
    '#0000ff'
    """
    return "#{:02x}{:02x}{:02x}".format(*color)


def color_name(color: Color) -> str:
    """Name the basic colour that looks most like `color` (nearest in CIELAB), for messages.

    Examples
    --------
    >>> color_name((0, 0, 254)), color_name((200, 70, 50))
    ('blue', 'red')
    """
    names = [name for name, examples in _BASIC_COLORS.items() for _ in examples]
    examples = [example for several in _BASIC_COLORS.values() for example in several]
    looks = rgb2lab(np.array([color, *examples], np.float64) / 255)
    return names[int(np.argmin(np.linalg.norm(looks[1:] - looks[0], axis=1)))]


def load_map(path: str | Path, *, palette: Sequence[Color] | None = None) -> SemanticMap:
    """Read a semantic map from an image file.

    Parameters
    ----------
    path : str or Path
        A file that `maskstyle.images.load_image` reads: RGB, RGBA, palette, greyscale, 1 to 16 bits, JPEG.
    palette : sequence of Color, optional
        The regions' colours; found where not given. See `parse_map`.

    Returns
    -------
    SemanticMap

    Raises
    ------
    ImageError
        If the file cannot be read or is no map (see `parse_map`), or if it holds 16-bit labels of which several
        become one colour in 8 bits.

    Notes
    -----
    Colours are 8 bits deep. A 16-bit file whose samples are all 255 or less holds labels, not darkness: its samples
    are taken as they are. An embedded colour profile is converted to sRGB, so that a map's colours are those that
    its painter saw.
    """
    picture = load_image(path)
    alpha = None if picture.alpha is None else to_uint8(picture.alpha)
    return parse_map(_in_8_bits(picture.pixels, str(path)), alpha, palette=palette, name=str(path))


def parse_map(
    pixels: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None = None,
    *,
    palette: Sequence[Color] | None = None,
    name: str = "the map",
) -> SemanticMap:
    """Turn the pixels of a painted map into regions.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 array
        The map.
    alpha : (H, W) uint8 array, optional
        Opacity. Where it is below 128 there is no region, except in a flat patch of one colour and one opacity
        above 0, which somebody painted so.
    palette : sequence of Color, optional
        The regions' colours, at most `MAX_REGIONS`; every flat area of the map must be within 64 (Euclidean, in RGB)
        of one of them. Colours that the map does not hold are left out of the result.
    name : str
        What messages call the map, such as its path.

    Returns
    -------
    SemanticMap
        Each pixel in exactly one region, or in none where it is transparent.

    Raises
    ------
    ImageError
        If the arrays are of another shape or type, if every pixel is transparent, if the map is a photograph, a
        gradient or of more than `MAX_REGIONS` colours, or has a flat area in no colour of `palette`.
    SettingsError
        If `palette` is empty or too long.

    Notes
    -----
    Without `palette`, the regions' colours are those that cover at least `LEAST_SHARE` of the map (half of it without
    their blended borders) and form patches, in which 3x3 pixels are equal, or lines that are no blend of the colours
    beside them. In a map that was never blended, smaller patches count as well. However close two colours are, they
    are two regions; unless the map shows the marks of lossy compression or resampling: then the pixels of a patch
    need only be alike, lines are edges, and colours that drifted apart are one.

    A pixel of any other colour, or one that blends to a region's colour by chance, goes to the nearest colour among
    the regions within two pixels. Where it sees only one of them, and not that whose colour is nearest of all, it
    looks farther, up to 16 pixels.

    Several greys below 64, with nothing else but perhaps white, are numbers of classes and never blends.

    Examples
    --------
    >>> red, edge, blue = (255, 0, 0), (128, 0, 127), (0, 0, 255)
    >>> parsed = parse_map(np.array([[red] * 4 + [edge] + [blue] * 5] * 4, np.uint8))
    >>> parsed.colors, parsed.labels[0]
    (((0, 0, 255), (255, 0, 0)), array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=int32))
    """
    _require_map_arrays(pixels, alpha, name)
    paint = _analysed(pixels, _inside(pixels, alpha))
    if not len(paint.colors):
        raise ImageError(f"expected regions, but {name} is transparent everywhere; paint them in opaque colours")
    found = _find_palette(paint, _contrast(pixels), name)
    if palette is None:
        labels = _snap(paint, found)
        _refuse_gradient(labels, found, name)
        return _ordered(labels, [_color(each) for each in found.colors])
    listed = _require_palette(palette)
    colors, owner = _with_listed(paint, found, listed, name)
    labels = _snap(paint, _Palette(colors, found.noisy))
    return _ordered(np.append(owner, -1)[labels], listed)


def fit_map(semantic_map: SemanticMap, size: Size, *, name: str, image_name: str) -> SemanticMap:
    """Resize a map to the size of its image, each pixel from its nearest one.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    size : (height, width)
        The image's size, each at least 1.
    name, image_name : str
        What the message calls the map and the image.

    Returns
    -------
    SemanticMap
        Of `size`, with the same colours in the same order; the map itself if it fits already. A region of a few
        pixels may be left without any.

    Raises
    ------
    ImageError
        If the aspect ratios differ by more than 1 %, or by more than one pixel of the map's shorter side makes.

    Notes
    -----
    Whoever resizes an image rounds both sides to whole pixels, which alters the aspect by up to one part in the
    shorter side; 1 % moves no border by more than a hundredth of the picture. More is another crop, and
    stretching would put the regions in the wrong places without a word.
    """
    height, width = semantic_map.size
    if (height, width) == tuple(size):
        return semantic_map
    if not _same_aspect(semantic_map.size, size):
        turned = _same_aspect((width, height), size) and height != width
        advice = "turn it by 90 degrees" if turned else "crop or repaint it to the image's shape"
        raise ImageError(
            f"expected a map with the aspect of {image_name}, which is {size[0]}x{size[1]} (height x width), but "
            f"{name} is {height}x{width}; {advice}"
        )
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.intp)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.intp)
    return SemanticMap(semantic_map.labels[np.ix_(rows, columns)], semantic_map.colors)


def find_map_beside(image_path: str | Path) -> Path | None:
    """Find the map that is named after an image: photo_map.png or photo_sem.png beside photo.jpg.

    Parameters
    ----------
    image_path : str or Path
        The image; it need not exist.

    Returns
    -------
    Path or None
        The one file beside it with the image's name, "_map" or "_sem", and the extension of an image that
        maskstyle reads; None if there is none.

    Raises
    ------
    ImageError
        If there are several.
    """
    image_path = Path(image_path)
    stems = (f"{image_path.stem}_map", f"{image_path.stem}_sem")
    try:
        beside = sorted(image_path.parent.iterdir())
    except OSError:  # whoever opens the image will say so better
        return None
    maps = [
        path for path in beside if path.stem in stems and path.suffix.lower() in FORMAT_OF_SUFFIX and path.is_file()
    ]
    if len(maps) > 1:
        raise ImageError(
            f"expected one map beside {image_path}, but found {_shortlist([path.name for path in maps])}; "
            "name the one to use, or remove the others"
        )
    return maps[0] if maps else None


def match_regions(
    content: SemanticMap,
    style: SemanticMap,
    *,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    tolerance: float = SAME_COLOR,
) -> RegionMatch:
    """Pair the regions of two maps by colour.

    Parameters
    ----------
    content, style : SemanticMap
        The two maps.
    mapping : sequence of (content colour, style colour), optional
        Pairs that hold whatever the colours are; several content regions may share a style region. The content
        regions that it does not name are paired by colour.
    tolerance : float
        How far apart (Euclidean, in RGB) two colours may be and still be the same. The default is well above what
        JPEG at quality 15 does to a flat colour (14) and well below what people paint as different.

    Returns
    -------
    RegionMatch

    Raises
    ------
    ImageError
        If `mapping` names a colour that its map does not have within `tolerance`, or one content region twice.

    Notes
    -----
    Equal colours pair first. Of the others, two pair if each is the nearest one left to the other, and if they are
    less than half as far apart as each is from any other colour of its own map: so two regions never become one,
    and no region takes the place of a missing neighbour in colour. The numbers of classes, which are several greys
    below 64 with nothing else but perhaps white, are either equal or different.

    Examples
    --------
    >>> content = SemanticMap(np.array([[0, 1]], np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> style = SemanticMap(np.array([[0, 1]], np.int32), ((1, 0, 252), (0, 255, 0)))
    >>> match_regions(content, style)
    RegionMatch(pairs=((1, 0),), unmatched_content=(0,), unmatched_style=(1,))
    """
    pairs = _mapped_pairs(content, style, mapping or (), tolerance)
    left = [index for index in range(len(content.colors)) if index not in pairs]
    pairs |= _pairs_by_color(content.colors, style.colors, left, tolerance)
    used = set(pairs.values())
    return RegionMatch(
        tuple(sorted(pairs.items())),
        tuple(index for index in range(len(content.colors)) if index not in pairs),
        tuple(index for index in range(len(style.colors)) if index not in used),
    )


def describe_unmatched(
    match: RegionMatch,
    content: SemanticMap,
    style: SemanticMap,
    *,
    content_name: str = "the content map",
    style_name: str = "the style map",
    advice: str = "repaint them in the same colours, or say which region goes with which",
) -> str:
    """Say in one sentence which regions have no counterpart.

    Parameters
    ----------
    match : RegionMatch
        What `match_regions` made of the two maps.
    content, style : SemanticMap
        The two maps.
    content_name, style_name : str
        What the sentence calls them.
    advice : str
        What to do; it ends the sentence.

    Returns
    -------
    str
        Each unmatched region with its colour, name, number and share of pixels, and the nearest colour of the other
        map; empty if every region has its counterpart.
    """
    missing = [
        _describe_missing(match.unmatched_content, content, style, content_name, style_name),
        _describe_missing(match.unmatched_style, style, content, style_name, content_name),
    ]
    if not any(missing):
        return ""
    both = "; and ".join(each for each in missing if each)
    return f"expected the same regions in {content_name} and {style_name}, but {both}; {advice}"


# What the pixels hold


@dataclass(frozen=True, eq=False)
class _Paint:
    """The distinct colours of a map.

    Attributes
    ----------
    ids : (H, W) int32 array
        Each pixel's index into `colors`; outside the regions the number of colours.
    colors : (N, 3) int32 array
        The distinct colours of the pixels inside.
    totals : (N,) int array
        How many pixels have each.
    """

    ids: NDArray[np.int32]
    colors: _Colors
    totals: NDArray[np.intp]

    @property
    def inside(self) -> _Bools:
        return self.ids < len(self.colors)

    @property
    def area(self) -> int:
        return int(self.totals.sum())

    def per_pixel(self, of_color: NDArray[_T], outside: int) -> NDArray[_T]:
        """Return (H, W): what a table, (N,), says of each pixel's colour."""
        table: NDArray[_T] = np.append(of_color, np.array(outside, of_color.dtype))
        return table[self.ids]


@dataclass(frozen=True, eq=False)
class _Palette:
    """The colours of a map's regions, and whether its pixels are noisy, as after lossy compression."""

    colors: _Colors
    noisy: bool


def _in_8_bits(pixels: NDArray[np.float32], name: str) -> NDArray[np.uint8]:
    """Return what a file's samples, scaled to [0, 1], are in 8 bits: the colour, or the label in a 16-bit file."""
    samples = pixels * np.float32(255)
    if np.all(np.abs(samples - np.rint(samples)) < 0.002):  # 16-bit samples are 1/257 apart
        return to_uint8(pixels)
    deep: NDArray[np.int64] = np.rint(pixels * np.float32(65535)).astype(np.int64)
    if deep.max() <= 255:
        return deep.astype(np.uint8)
    shallow = to_uint8(pixels)
    labels = np.unique(deep @ np.array([1 << 32, 1 << 16, 1]))
    if len(labels) <= 256 and len(np.unique(_packed(shallow))) < len(labels):
        raise ImageError(
            f"expected colours that 8 bits tell apart, but {name} holds {len(labels)} 16-bit colours of which some "
            "become one; number the labels from 0 to 255 and save them with 8 bits"
        )
    return shallow


def _require_map_arrays(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, name: str) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ImageError(
            f"expected {name} as a uint8 array of shape (H, W, 3), but got {pixels.dtype} of shape {pixels.shape}; "
            "convert it"
        )
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != pixels.shape[:2]):
        raise ImageError(
            f"expected the alpha of {name} as a uint8 array of shape {pixels.shape[:2]}, but got {alpha.dtype} of "
            f"shape {alpha.shape}; convert it"
        )


def _require_palette(palette: Sequence[Color]) -> list[Color]:
    listed = list(dict.fromkeys(palette))
    if not 1 <= len(listed) <= MAX_REGIONS:
        raise SettingsError(
            f"expected a palette of 1 to {MAX_REGIONS} colours, but got {len(listed)}; list the regions' colours"
        )
    return listed


def _inside(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> _Bools:
    """Return where there are regions: where a pixel is rather opaque, or is in a patch of one faint colour."""
    if alpha is None:
        return np.ones(pixels.shape[:2], np.bool_)
    inside = alpha >= 128
    faint = (alpha > 0) & ~inside
    if faint.any():
        inside |= _grown(_constant(_packed(np.dstack([alpha, pixels]))) & faint)
    return inside


def _analysed(pixels: NDArray[np.uint8], inside: _Bools) -> _Paint:
    packed = _packed(pixels)
    packed[~inside] = _OUTSIDE
    held = np.zeros(_OUTSIDE + 1, np.bool_)  # a table of every colour there is: far faster than to sort the pixels
    held[packed] = True
    values = np.flatnonzero(held[:_OUTSIDE])
    index = np.full(_OUTSIDE + 1, len(values), np.int32)
    index[values] = np.arange(len(values), dtype=np.int32)
    ids = index[packed]
    totals = np.bincount(ids.ravel(), minlength=len(values) + 1)[: len(values)]
    return _Paint(ids, np.stack([values >> 16, values >> 8 & 255, values & 255], axis=-1).astype(np.int32), totals)


def _packed(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return each pixel's channels, at most four, as one number."""
    packed = pixels[..., 0].astype(np.int32)
    for channel in range(1, pixels.shape[-1]):
        packed <<= 8
        packed |= pixels[..., channel]
    return packed


def _constant(values: NDArray[np.generic]) -> _Bools:
    """Return where the 3x3 window, cut at the border, holds one value."""
    run = np.ones(values.shape, np.bool_)
    same = values[:, 1:] == values[:, :-1]
    run[:, 1:] &= same
    run[:, :-1] &= same
    window = run.copy()
    same = values[1:] == values[:-1]
    window[1:] &= same & run[:-1]
    window[:-1] &= same & run[1:]
    return window


def _grown(mask: _Bools) -> _Bools:
    """Return where the 3x3 window holds a True."""
    wide = mask.copy()
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    grown = wide.copy()
    grown[1:] |= wide[:-1]
    grown[:-1] |= wide[1:]
    return grown


def _contrast(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the range of the 3x3 window in the channel where it is greatest."""
    contrast = np.zeros(pixels.shape[:2], np.uint8)
    for index in range(3):
        channel = np.ascontiguousarray(pixels[..., index])
        high, low = (_extreme(channel, extreme) for extreme in (np.maximum, np.minimum))
        np.maximum(contrast, high - low, out=contrast)
    return contrast


def _extreme(channel: NDArray[np.uint8], extreme: np.ufunc) -> NDArray[np.uint8]:
    """Return the extreme of the 3x3 window, cut at the border."""
    wide: NDArray[np.uint8] = channel.copy()
    extreme(wide[:, 1:], channel[:, :-1], out=wide[:, 1:])
    extreme(wide[:, :-1], channel[:, 1:], out=wide[:, :-1])
    window = wide.copy()
    extreme(window[1:], wide[:-1], out=window[1:])
    extreme(window[:-1], wide[1:], out=window[:-1])
    return window


# Which colours are regions


def _find_palette(paint: _Paint, contrast: NDArray[np.uint8], name: str) -> _Palette:
    """Find the colours of the regions, at most `MAX_REGIONS`, or refuse the map."""
    least = math.ceil(LEAST_SHARE * paint.area)
    solid_totals = np.bincount(paint.ids[_grown(_constant(paint.ids) & paint.inside)], minlength=len(paint.colors))
    # A colour with patches; or with enough pixels, if a good part of them is in patches: a small region of the colour
    # of a blend has few patches beside all the edges that look like it, but a blend alone has none.
    pure = least / 2  # of a region that small, half is its blended border
    is_patch = (solid_totals >= pure) | ((paint.totals >= pure) & (4 * solid_totals >= paint.totals))
    patches = np.flatnonzero(is_patch)
    patches = patches[np.argsort(-solid_totals[patches], kind="stable")]
    noisy = _is_noisy(paint, is_patch, contrast)
    lines = np.empty(0, np.intp) if noisy else _find_lines(paint, patches, solid_totals, least)
    flat = (solid_totals[patches].sum() + paint.totals[lines].sum()) / paint.area
    if flat < _LEAST_FLAT:
        raise ImageError(
            f"expected regions of one flat colour each, but {name} looks like a photograph or a gradient: only "
            f"{flat:.0%} of it is flat; paint the regions in plain colours and save them as PNG"
        )
    colors = paint.colors[np.concatenate([patches, lines])]
    if noisy:
        colors = _without_drift(colors, solid_totals[patches] / paint.area)
        colors = _with_foreign_patches(paint, colors, least, contrast <= _CALM, _CALM_NEAR)
        colors = _with_foreign_patches(paint, colors, least, paint.inside, _FOREIGN)
    if len(colors) > MAX_REGIONS:
        raise ImageError(
            f"expected at most {MAX_REGIONS} regions of one flat colour each, but {name} has more colours than that, "
            "like a photograph or a gradient; paint the regions in fewer colours"
        )
    return _Palette(colors, noisy)


def _is_noisy(paint: _Paint, is_patch: _Bools, contrast: NDArray[np.uint8]) -> bool:
    """Return whether colours wobble away from edges, as after lossy compression or resampling."""
    if np.count_nonzero(~is_patch) <= _FEW:
        return False
    patch_ids = paint.per_pixel(np.where(is_patch, np.arange(len(is_patch), dtype=np.int32), -1), -1)
    odd = paint.inside & (patch_ids < 0)
    calm = odd & (contrast <= _CALM)
    edges = np.count_nonzero(odd) - np.count_nonzero(calm)
    wobble = np.count_nonzero(calm) - _count_between_patches(patch_ids, calm)
    return bool(wobble > max(_NOISE_PER_EDGE * edges, _LEAST_NOISE * paint.area))


def _count_between_patches(patch_ids: NDArray[np.int32], where: _Bools) -> int:
    """Count the pixels with patches of two colours on opposite sides, both within two pixels: faint edges."""
    around = np.pad(patch_ids, 2, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at = _in_padded(np.flatnonzero(where), patch_ids.shape[1], 2)
    between = np.zeros(len(at), np.bool_)
    for step in (1, width, width + 1, width - 1):
        for before, after in ((1, 1), (1, 2), (2, 1), (2, 2)):
            one, other = flat[at - before * step], flat[at + after * step]
            between |= (one >= 0) & (other >= 0) & (one != other)
    return int(np.count_nonzero(between))


def _without_drift(colors: _Colors, shares: NDArray[np.float64]) -> _Colors:
    """Return the colours, which come by falling share of the map, less those that drifted from an earlier one."""
    kept: list[int] = []
    for index, color in enumerate(colors):
        drift = _SMALL_DRIFT if shares[index] > _MOST_DRIFTED else _DRIFT
        if np.all(_distance(colors[kept], color) > drift):
            kept.append(index)
    return colors[kept]


def _with_foreign_patches(paint: _Paint, colors: _Colors, least: int, where: _Bools, tolerance: float) -> _Colors:
    """Add the colours of noisy patches: three pixels wide, unlike the regions around them and no blend of these.

    Only pixels in `where` are asked, and `tolerance` is how far a noisy pixel may be from what it is.
    """
    nearest, distance = _nearest(colors, paint.colors)
    for _ in range(MAX_REGIONS):
        far = where & ~_grown(~paint.per_pixel(distance > tolerance, False))
        near = paint.per_pixel(np.where(distance <= _NEAR, nearest, -1).astype(np.int8), -1)
        at = np.flatnonzero(far)
        at = at[:: 1 + len(at) // _MANY]
        ids = paint.ids.ravel()[at]
        foreign = _is_no_blend(paint, ids, _labels_seen(near, at, [*_RINGS[0], *_WIDE]), colors, tolerance)
        foreign &= ~_are_on_slopes(paint, at, (8,), _DRIFT)
        weights = np.bincount(ids[foreign], minlength=len(paint.colors))
        if len(colors) > MAX_REGIONS or not weights.any():
            break
        color = _densest(paint.colors, weights)
        alike = _distance(paint.colors, color) <= tolerance
        patch = far & paint.per_pixel(alike, False)
        if np.count_nonzero(_grown(patch)) * np.mean(foreign[alike[ids]]) < least:
            break
        heart = paint.ids[~_grown(~patch)]
        if len(heart) >= 9:  # clear of the blends with what is around
            color = np.rint(paint.colors[heart].mean(axis=0)).astype(np.int32)
        apart = _distance(paint.colors, color)
        if _is_patch(paint, apart, least):
            nearest[apart < distance] = len(colors)
            distance = np.minimum(distance, apart)
            colors = np.concatenate([colors, color[np.newaxis]])
        else:  # it shall not be found again
            distance[alike] = np.minimum(distance[alike], tolerance)
    return colors


def _is_patch(paint: _Paint, apart: NDArray[np.float64], least: int) -> bool:
    """Return whether a colour, from which others are `apart`, fills a 3x3 square or, cleanly, some of 2x2 pixels.

    The ripples of compression do neither.
    """
    if not _grown(paint.per_pixel(apart > _NEAR, True)).all():
        return True
    clean = paint.per_pixel(apart <= _DRIFT, False)
    corner = np.pad(clean[1:, 1:] & clean[1:, :-1] & clean[:-1, 1:] & clean[:-1, :-1], 1)
    squares = corner[1:, 1:] | corner[1:, :-1] | corner[:-1, 1:] | corner[:-1, :-1]
    return bool(2 * np.count_nonzero(squares) >= least)


def _is_no_blend(
    paint: _Paint, ids: NDArray[np.int32], seen: NDArray[np.uint64], colors: _Colors, tolerance: float
) -> _Bools:
    """Return which pixels, given by colour and by the labels around them, are far from what these blend to."""
    foreign = np.empty(len(ids), np.bool_)
    for around in np.unique(seen):
        here = seen == around
        ends = colors[[index for index in range(len(colors)) if int(around) >> index & 1]]
        distinct, back = np.unique(ids[here], return_inverse=True)
        foreign[here] = (_off_blends(paint.colors[distinct], ends).min(axis=1, initial=np.inf) > tolerance)[back]
    return foreign


def _densest(colors: _Colors, weights: NDArray[np.intp]) -> _Colors:
    """Return the middle of the densest cloud of colours, (3,)."""
    cells = (colors >> 4) @ np.array([256, 16, 1])
    fullest = cells == np.bincount(cells, weights).argmax()
    middle = np.average(colors[fullest], axis=0, weights=weights[fullest])
    cloud = (_distance(colors, middle) <= _NEAR) & (weights > 0)
    return np.rint(np.average(colors[cloud], axis=0, weights=weights[cloud])).astype(np.int32)


def _find_lines(
    paint: _Paint, patches: NDArray[np.intp], solid_totals: NDArray[np.intp], least: int
) -> NDArray[np.intp]:
    """Return the colours of thin lines that are no blends and, in a map that was never blended, of small patches."""
    rest = np.setdiff1d(np.arange(len(paint.colors)), patches)
    thin = rest[paint.totals[rest] >= least]
    if _are_class_numbers(paint.colors):
        return thin
    lines = thin[~_are_rims(paint, thin, patches)]
    rest = np.setdiff1d(rest, lines)
    if len(rest) <= _FEW:
        lines = np.concatenate([lines, rest[2 * solid_totals[rest] >= paint.totals[rest]]])
    return lines


def _are_rims(paint: _Paint, candidates: NDArray[np.intp], ends: NDArray[np.intp]) -> _Bools:
    """Return which colours mostly blend from the pixels on both sides, or from two of the `ends` that are near.

    Of ends within two pixels a rough blend will do, as in a palette of few colours.
    """
    rims = np.zeros(len(candidates), np.bool_)
    if not len(candidates) or len(ends) > MAX_REGIONS:
        return rims
    labels = np.full(len(paint.colors), -1, np.int8)
    labels[ends] = np.arange(len(ends))
    image = paint.per_pixel(labels, -1)
    samples = _samples(paint, candidates)
    at = np.concatenate(samples)
    on_slope = _are_on_slopes(paint, at, (1, 2), _LEAST_STEP)
    close = _labels_seen(image, at, _RINGS[0])
    seen = close | _labels_seen(image, at, _WIDE)
    stop = 0
    for number, (index, sample) in enumerate(zip(candidates, samples, strict=True)):
        own = slice(stop, stop := stop + len(sample))
        color, palette = paint.colors[index], paint.colors[ends]
        beside = _sees_a_pair(close[own], _pairs_that_blend_to(color, palette, _ROUGH))
        beside |= _sees_a_pair(seen[own], _pairs_that_blend_to(color, palette, _FINE)) | on_slope[own]
        rims[number] = 2 * np.count_nonzero(beside) > len(sample)
    return rims


def _are_on_slopes(paint: _Paint, at: NDArray[np.intp], reaches: Sequence[int], least: float) -> _Bools:
    """Return which pixels, by flat index, are between the colours at one of the `reaches` on opposite sides.

    Those two differ by `least` or more in some channel.
    """
    outside = len(paint.colors)
    around = np.pad(paint.ids, _REACH, constant_values=outside)
    width, flat = around.shape[1], around.ravel()
    colors = np.concatenate([paint.colors, paint.colors[:1]]).astype(np.float64)  # the last is never used
    at = _in_padded(at, paint.ids.shape[1], _REACH)
    own = colors[flat[at]]
    between = np.zeros(len(at), np.bool_)
    for step in (1, width, width + 1, width - 1):
        for reach in reaches:
            one, other = flat[at - reach * step], flat[at + reach * step]
            along = colors[other] - colors[one]
            square = np.maximum((along**2).sum(axis=1), 1)
            share = ((own - colors[one]) * along).sum(axis=1) / square
            off = np.linalg.norm(colors[one] + share[:, np.newaxis] * along - own, axis=1)
            blends = (np.abs(share - 0.5) < 0.4) & (off <= 2 + _FINE * np.sqrt(square))
            blends &= np.abs(along).max(axis=1, initial=0) >= least
            between |= blends & (one < outside) & (other < outside)
    return between


def _samples(paint: _Paint, indices: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return, for each colour, the flat indices of some of its pixels, evenly from all over the map."""
    wanted = np.zeros(len(paint.colors), np.bool_)
    wanted[indices] = True
    at = np.flatnonzero(paint.per_pixel(wanted, False))
    ids = paint.ids.ravel()[at]
    order = np.argsort(ids, kind="stable")
    at, ids = at[order], ids[order]
    starts, stops = (np.searchsorted(ids, indices, side) for side in ("left", "right"))
    picks = [
        np.linspace(start, stop - 1, min(stop - start, _SAMPLE)).astype(np.intp)
        for start, stop in zip(starts, stops, strict=True)
    ]
    return [at[pick] for pick in picks]


def _pairs_that_blend_to(color: _Colors, palette: _Colors, tolerance: float) -> NDArray[np.intp]:
    """Return (P, 2): the pairs of palette colours that blend to a colour, (3,), but for a share of their distance."""
    one, other = np.triu_indices(len(palette), 1)
    along = palette[one] - palette[other]
    slack = 2 + tolerance * np.linalg.norm(along, axis=1)
    blend = (_off_blends(color[np.newaxis], palette)[0] <= slack) & (
        np.abs(along).max(axis=1, initial=0) >= _LEAST_STEP
    )
    return np.stack([one[blend], other[blend]], axis=-1)


def _off_blends(colors: _Colors, palette: _Colors) -> NDArray[np.float64]:
    """Return (N, P): how far each colour is from the blends of each pair of palette colours.

    Editors blend either sRGB values or linear light.
    """
    one, other = np.triu_indices(len(palette), 1)
    first, second = palette[one].astype(np.float64), palette[other].astype(np.float64)
    along = second - first
    share = (colors @ along.T - (first * along).sum(axis=1)) / np.maximum((along**2).sum(axis=1), 1)
    share = np.clip(share, -_OVERSHOOT, 1 + _OVERSHOOT)
    apart = np.zeros(share.shape)
    for channel in range(3):
        apart += (first[:, channel] + share * along[:, channel] - colors[:, channel, np.newaxis]) ** 2
    apart = np.sqrt(apart)
    for lit in np.linspace(0, 1, 17)[1:-1]:
        mixed = ((1 - lit) * first**_GAMMA + lit * second**_GAMMA) ** (1 / _GAMMA)
        if len(mixed):
            apart = np.minimum(apart, spatial.distance.cdist(colors, mixed))
    return apart


def _refuse_gradient(labels: NDArray[np.int8], palette: _Palette, name: str) -> None:
    """Refuse a map of many regions if nearly all borders are between neighbouring shades."""
    many, step = (8, 40) if palette.noisy else (16, 7)  # noise made one region of each run of shades
    if len(palette.colors) <= many:
        return
    apart = spatial.distance.cdist(palette.colors, palette.colors)
    steps = []
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        border = (one != other) & (one >= 0) & (other >= 0)
        steps.append(apart[one[border], other[border]])
    if np.mean(np.concatenate(steps) <= step) > 0.9:
        raise ImageError(
            f"expected regions of one flat colour each, but {name} shades from one colour into the next "
            f"({len(palette.colors)} of them); paint the regions in plain colours, or use it as a soft mask"
        )


def _with_listed(paint: _Paint, found: _Palette, listed: list[Color], name: str) -> tuple[_Colors, NDArray[np.intp]]:
    """Return the colours to snap to, (C, 3), and for each the index of the listed colour that it stands for."""
    wanted = np.array(listed, np.int32)
    slack = _DRIFT if found.noisy else 0
    owner, distance = _nearest(wanted, found.colors)
    if np.any(distance > _LISTED):
        stray = found.colors[distance > _LISTED]
        areas = [int(paint.totals[_distance(paint.colors, color) <= slack].sum()) for color in stray]
        described = [_described(_color(color), area) for color, area in zip(stray, areas, strict=True)]
        raise ImageError(
            f"expected {name} in the colours of the palette, {_shortlist([_described(each) for each in listed])}, "
            f"but it has flat areas of {_shortlist(described)}; add these to the palette, or repaint them"
        )
    held = (_nearest(paint.colors, wanted)[1] <= slack) & (_nearest(found.colors, wanted)[1] > slack)
    more = np.flatnonzero(held)[: MAX_REGIONS - len(owner)]
    return np.concatenate([found.colors, wanted[more]]), np.concatenate([owner, more])


# Which pixel belongs where


def _snap(paint: _Paint, palette: _Palette) -> NDArray[np.int8]:
    """Return (H, W): each pixel's index into the palette, -1 outside."""
    nearest, distance = _nearest(palette.colors, paint.colors)
    wish = nearest.astype(np.int8)
    near = distance <= (_NEAR if palette.noisy else 0)
    guess = paint.per_pixel(np.where(near, wish, np.int8(-1)), -1)
    solid = _grown(_constant(guess) & (guess >= 0))
    sure = guess >= 0
    if palette.noisy:  # a lone pixel is near a colour by chance, except where that is all there is of the colour
        small = np.setdiff1d(wish, guess[solid])
        sure &= solid | np.isin(guess, small)
    labels = np.where(sure, guess, np.int8(-1))
    if np.any(distance > 0) and not _are_class_numbers(paint.colors):  # else nothing is blended
        labels[_rims(guess, sure, solid, palette)] = -1
    _settle(paint, labels, wish, palette.colors)
    return labels


def _rims(guess: NDArray[np.int8], sure: _Bools, solid: _Bools, palette: _Palette) -> _Bools:
    """Return where a pixel has the colour of a region by chance: it is a blend of two others beside it."""
    rims = np.zeros(guess.shape, np.bool_)
    pairs_of: dict[int, NDArray[np.intp]] = {}
    for index, color in enumerate(palette.colors):
        pairs = _pairs_that_blend_to(color, palette.colors, _FINE)
        pairs = pairs[np.all(pairs != index, axis=1)]
        if len(pairs):
            pairs_of[index] = pairs
    suspect = sure & np.isin(guess, list(pairs_of))
    if palette.noisy:  # such an edge is wider, but not so wide that both its regions are out of sight
        core = _constant(guess)
        suspect &= _grown(_grown(~core))
    else:
        suspect &= ~solid
    known = np.where(sure & (solid | ~suspect), guess, np.int8(-1))
    seen = _labels_seen(known, np.flatnonzero(suspect), _square(3 if palette.noisy else 2))
    suspected = guess[suspect]
    by_chance = np.zeros(len(suspected), np.bool_)
    for index, pairs in pairs_of.items():
        by_chance |= (suspected == index) & _sees_a_pair(seen, pairs)
    rims[suspect] = by_chance
    return rims


def _settle(paint: _Paint, labels: NDArray[np.int8], wish: NDArray[np.int8], colors: _Colors) -> None:
    """Give each pixel inside that has no label the nearest in colour of those around it, in place.

    A pixel settles as soon as it sees two labels, or the one whose colour is the nearest of all.
    """
    pending = paint.inside & (labels < 0)
    around = np.pad(labels, _REACH, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at, ids = _in_padded(np.flatnonzero(pending), labels.shape[1], _REACH), paint.ids[pending]
    result = np.full(len(at), -1, np.int8)
    left = np.arange(len(at))
    best = np.full(len(at), -1, np.int8)
    least = np.full(len(at), np.iinfo(np.int32).max, np.int32)
    several = np.zeros(len(at), np.bool_)
    for ring in _RINGS:
        own = paint.colors[ids]
        for down, right in ring:
            label = flat[at + down * width + right]
            apart = ((colors[label] - own) ** 2).sum(axis=1)
            several |= (label >= 0) & (best >= 0) & (label != best)
            better = (label >= 0) & (apart < least)
            best[better] = label[better]
            least[better] = apart[better]
        result[left] = best
        more = ~several & (best != wish[ids])
        left, at, ids, best, least, several = (each[more] for each in (left, at, ids, best, least, several))
    labels[pending] = result
    far = pending & (labels < 0)
    if far.any():
        nearest = ndimage.distance_transform_edt(labels < 0, return_distances=False, return_indices=True)
        labels[far] = labels[tuple(nearest[:, far])]


def _labels_seen(
    labels: NDArray[np.int8], at: NDArray[np.intp], offsets: Sequence[tuple[int, int]]
) -> NDArray[np.uint64]:
    """Return, for each flat index into (H, W) labels, the labels at the offsets from there, as bits."""
    bits = np.append(np.uint64(1) << np.arange(MAX_REGIONS, dtype=np.uint64), np.uint64(0))  # the last is for -1
    around = np.pad(labels, _REACH, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at = _in_padded(at, labels.shape[1], _REACH)
    seen = np.zeros(len(at), np.uint64)
    for down, right in offsets:
        seen |= bits[flat[at + down * width + right]]
    return seen


def _sees_a_pair(seen: NDArray[np.uint64], pairs: NDArray[np.intp]) -> _Bools:
    sees = np.zeros(len(seen), np.bool_)
    for one, other in pairs:
        both = np.uint64(1 << int(one) | 1 << int(other))
        sees |= seen & both == both
    return sees


def _in_padded(at: NDArray[np.intp], width: int, margin: int) -> NDArray[np.intp]:
    """Return flat indices into an array of that width as those into the array with a margin on all sides."""
    padded: NDArray[np.intp] = (at // width + margin) * (width + 2 * margin) + at % width + margin
    return padded


def _nearest(palette: _Colors, colors: _Colors) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the index of the palette colour nearest to each colour, and its distance."""
    distance, index = spatial.cKDTree(palette).query(colors)
    return index, distance


def _are_class_numbers(colors: NDArray[np.integer]) -> bool:
    """Return whether a map's colours are several numbers of classes, perhaps with white for what has none."""
    dark = colors[:, 0] < _CLASS_NUMBERS
    grey = np.all(colors == colors[:, :1])
    return bool(grey and 2 <= np.count_nonzero(dark) <= MAX_REGIONS and np.all(dark | (colors[:, 0] == 255)))


def _distance(colors: _Colors, color: NDArray[np.int32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each colour is from one."""
    distance: NDArray[np.float64] = np.linalg.norm(colors - color, axis=1)
    return distance


def _ordered(labels: NDArray[np.int8] | NDArray[np.intp], colors: list[Color]) -> SemanticMap:
    """Return the map with its regions by falling number of pixels, less those that have none."""
    counts = np.bincount(labels[labels >= 0], minlength=len(colors))
    order = sorted(np.flatnonzero(counts), key=lambda index: (-counts[index], colors[index]))
    rank = np.full(len(colors) + 1, -1, np.int32)  # the last is for -1
    rank[order] = np.arange(len(order))
    return SemanticMap(rank[labels], tuple(colors[index] for index in order))


# Which region goes with which


def _same_aspect(size: Size, other: Size) -> bool:
    stretch = size[0] * other[1] / (size[1] * other[0])
    return max(stretch, 1 / stretch) <= 1 + max(_LEAST_ASPECT, 1 / min(size))


def _mapped_pairs(
    content: SemanticMap, style: SemanticMap, mapping: Sequence[tuple[Color, Color]], tolerance: float
) -> dict[int, int]:
    pairs: dict[int, int] = {}
    for content_color, style_color in mapping:
        index = find_region(content_color, content, name="the content map", tolerance=tolerance)
        partner = find_region(style_color, style, name="the style map", tolerance=tolerance)
        if pairs.setdefault(index, partner) != partner:
            raise ImageError(
                f"expected one style region for each content region, but the mapping gives "
                f"{_described(content.colors[index])} two, {_described(style.colors[pairs[index]])} and "
                f"{_described(style.colors[partner])}; remove one of them"
            )
    return pairs


def find_region(color: Color, semantic_map: SemanticMap, *, name: str, tolerance: float = SAME_COLOR) -> int:
    """Return the index of the region of a colour, or of the nearest one that may pass for it.

    Parameters
    ----------
    color : Color
        As a person gave it.
    semantic_map : SemanticMap
        The map.
    name : str
        What messages call the map.
    tolerance : float
        See `match_regions`; class numbers must be equal.

    Raises
    ------
    ImageError
        Where no region has the colour.
    SettingsError
        Where `color` is no colour.
    """
    if len(tuple(color)) != 3 or not all(isinstance(part, int | np.integer) for part in color):
        raise SettingsError(f"expected a colour as (red, green, blue) in 0..255, but got {color!r}; see parse_color")
    colors = np.array(semantic_map.colors, np.int32).reshape(-1, 3)
    apart = _distance(colors, np.array(color))
    if not apart.size or apart.min() > (0 if _are_class_numbers(colors) else tolerance):
        held = _shortlist([_described(each) for each in semantic_map.colors]) if apart.size else "no region"
        raise ImageError(f"expected colours of {name}, {held}, but got {_described(color)}; use one of these")
    return int(np.argmin(apart))


def _pairs_by_color(
    content: tuple[Color, ...], style: tuple[Color, ...], left: list[int], tolerance: float
) -> dict[int, int]:
    """Return the pairs, as {content index: style index}, of the content regions `left`."""
    pairs = {index: style.index(content[index]) for index in left if content[index] in style}
    left = [index for index in left if index not in pairs]
    free = [index for index in range(len(style)) if index not in pairs.values()]
    if not left or not free:
        return pairs
    one, other = np.array(content, np.float64), np.array(style, np.float64)
    apart = spatial.distance.cdist(one[left], other[free])
    if any(_are_class_numbers(np.array(colors)) for colors in (content, style)):
        return pairs
    alone, free_alone = _separation(one)[left], _separation(other)[free]
    for row, column in enumerate(apart.argmin(axis=1)):
        # nearer than half the way to any other: so this is the nearest of both maps, whichever is asked
        if apart[row, column] <= tolerance and 2 * apart[row, column] < min(alone[row], free_alone[column]):
            pairs[left[row]] = free[column]
    return pairs


def _separation(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each colour is from the nearest other one."""
    apart = spatial.distance.cdist(colors, colors)
    np.fill_diagonal(apart, np.inf)
    separation: NDArray[np.float64] = apart.min(axis=1)
    return separation


def _describe_missing(
    missing: tuple[int, ...], here: SemanticMap, there: SemanticMap, here_name: str, there_name: str
) -> str:
    if not missing:
        return ""
    area = max(1, sum(here.counts))
    others = np.array(there.colors, np.int32).reshape(-1, 3)
    regions = []
    for index in missing:
        apart = _distance(others, np.array(here.colors[index]))
        region = f"{_described(here.colors[index], here.count(index))[:-1]}, {_percent(here.count(index) / area)}"
        if len(others):
            nearest = there.colors[int(np.argmin(apart))]
            region += f"; nearest there: {format_color(nearest)}, {color_name(nearest)}"
        regions.append(region + ")")
    return f"{there_name} lacks {_shortlist(regions)} of {here_name}"


# Words


def _color(values: _Colors) -> Color:
    red, green, blue = (int(value) for value in values)
    return red, green, blue


def _described(color: Color, count: int | None = None) -> str:
    name = f"{format_color(color)} ({color_name(color)}"
    return f"{name})" if count is None else f"{name}, {count:,} {'pixel' if count == 1 else 'pixels'})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _shortlist(words: list[str]) -> str:
    """Return "a, b and c", and no more than eight."""
    if len(words) > _SHORT:
        words = [*words[: _SHORT - 1], f"{len(words) - _SHORT + 1} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
