"""Color modes: recolor a style image before a transfer, or restore the chroma of the content after it.

After Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer", 2016. Lightness
and chroma are those of CIELAB, computed by scikit-image.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Image, Mask, by_strips, row_strips

LEAST_SPREAD = 0.01
"""Lower bound for the standard deviation of a style's colors, in [0, 1], when they are matched. Less is noise, for
instance from compression, which matching would amplify to the contrast of the content."""

ONE_HUE_SPREAD = 0.03
"""Largest standard deviation across the main direction of the colors of an image that has one hue, such as a
black-and-white or sepia photo."""

LEAST_CONTRAST = 0.1
"""Least standard deviation along it: the tones of anything flatter are noise."""

TONES = 256

TONE_BLUR = 12.0
"""Standard deviation, in tones, with which the colors of neighboring tones mix: without it, the noise of a plain
background would become specks of different colors."""

GRAY_SPREAD = 20 / 255
"""Difference between the channels of a pixel that compression alone may cause."""

GRAY_MEAN_SPREAD = 3 / 255
"""Largest mean of this difference in a gray image; sepia exceeds it."""

GRAY_COLORED = 0.001
"""Largest share of pixels beyond `GRAY_SPREAD` in a gray image."""

RECOLORED = ("luminance", "match")
"""The modes that recolor a style image with the colors of the content painted in that style."""

_WHITE = 100.0  # the lightness of white in CIELAB
_BISECTIONS = 12  # find the largest chroma inside the sRGB gamut to 1/4096
_GAMUT_TOLERANCE = 0.01  # in CIELAB units; float32 rounding is about 0.0002


def seen_style(
    style: Image,
    content: Image,
    mode: str,
    *,
    style_weights: Mask | None = None,
    content_weights: Mask | None = None,
) -> Image:
    """Return the style image that the network receives in a mode of ``CHOICES["color"]``; see `match_colors`."""
    if mode == "match":
        return match_colors(style, content, style_weights=style_weights, content_weights=content_weights)
    if mode == "luminance":
        return match_lightness(style, content, style_weights=style_weights, content_weights=content_weights)
    return style


def visible_weights(weights: Mask, alpha: Mask | None) -> Mask:
    """Multiply pixel weights by alpha, unless that would leave no weight above 0."""
    if alpha is None:
        return weights
    visible = weights * alpha
    return visible if visible.any() else weights


def is_gray(image: Image, alpha: Mask | None = None) -> bool:
    """Return whether what is visible of an image is gray, up to the noise of compression.

    >>> is_gray(np.full((2, 2, 3), 0.5, np.float32)), is_gray(np.array([[[1, 0.9, 0.8]]], np.float32))
    (True, False)
    """
    total = float(image.shape[0] * image.shape[1] if alpha is None else alpha.sum(dtype=np.float64))
    spread = colored = 0.0
    for rows in row_strips(image.shape):
        red, green, blue = np.moveaxis(image[rows], 2, 0)
        own = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
        weights = np.ones_like(own) if alpha is None else alpha[rows]
        spread += float((weights * own).sum(dtype=np.float64))
        colored += float(weights[own > GRAY_SPREAD].sum(dtype=np.float64))
        if spread > GRAY_MEAN_SPREAD * total or colored > GRAY_COLORED * total:
            return False
    return True


def match_colors(
    style: Image,
    content: Image,
    *,
    style_weights: Mask | None = None,
    content_weights: Mask | None = None,
) -> Image:
    """Recolor a style image to the mean color and the color covariance of the content.

    Parameters
    ----------
    style : (h, w, 3) float32 array
        In [0, 1].
    content : (H, W, 3) float32 array
        In [0, 1].
    style_weights : (h, w) float array, optional
        Weight of each pixel in the mean and the covariance, at least 0, for instance 1 inside a region. Equal by
        default. All pixels are recolored.
    content_weights : (H, W) float array, optional
        The same for the content.

    Returns
    -------
    (h, w, 3) float32 array
        In [0, 1]; colors outside are clipped.

    Raises
    ------
    ImageError
        If weights differ in shape from their image, any weight is negative, or none is above 0.

    Notes
    -----
    With the covariances S of the style and C of the content, centered style colors are multiplied by ``S^-1/2 (S^1/2
    C S^1/2)^1/2 S^-1/2`` and shifted to the mean of the content. Of all linear maps that match mean and covariance,
    this one (Monge-Kantorovich) moves colors the least; neither map of Gatys et al. does. The standard deviation of
    the style counts as at least `LEAST_SPREAD`.

    References
    ----------
    Pitie and Kokaram, "The Linear Monge-Kantorovitch Linear Color Mapping for Example-Based Color Transfer", 2007.

    Examples
    --------
    >>> style, content = np.zeros((1, 2, 3), np.float32), np.full((1, 2, 3), 0.5, np.float32)
    >>> style[0, 1] = 1
    >>> match_colors(style, content).tolist()
    [[[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]]
    """
    matrix, offset = color_map(style, content, style_weights, content_weights)
    return by_strips(lambda rows: np.clip(rows @ matrix.T + offset, 0.0, 1.0).astype(np.float32), style)


def color_map(
    style: Image, content: Image, style_weights: Mask | None = None, content_weights: Mask | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix (3, 3) and the offset (3,) of the map of colors that `match_colors` applies."""
    style_mean, style_covariance = color_moments(style, style_weights, "style")
    content_mean, content_covariance = color_moments(content, content_weights, "content")
    spread, axes = np.linalg.eigh(style_covariance)
    root = np.sqrt(np.maximum(spread, LEAST_SPREAD**2))
    half, inverse_half = (axes * root) @ axes.T, (axes / root) @ axes.T
    matrix = inverse_half @ _square_root(half @ content_covariance @ half) @ inverse_half
    return matrix, content_mean - matrix @ style_mean


def recoloring(
    image: Image, style: Image, weights: Mask | None = None, style_weights: Mask | None = None
) -> Callable[[Image], Image]:
    """Return a function that gives an image, at any size, the colors of a style.

    It is the linear map of `match_colors`. That of an image of one hue, such as a black-and-white photo, would have
    one hue again. Where the style has several, each tone therefore gets the mean color of the style's pixels of the
    same rank, from dark to light.
    """
    one_hue = _has_one_hue(image) and _has_one_hue(image, weights, LEAST_CONTRAST)
    if one_hue and not _has_one_hue(style, style_weights):
        colors = _colors_of_tones(image, style, weights, style_weights)
        tones = np.linspace(0.0, 1.0, TONES)

        def toned(rows: Image) -> Image:
            gray = _gray(_lab(rows)[..., 0])[..., 0]
            return np.stack([np.interp(gray, tones, channel) for channel in colors.T], axis=-1).astype(np.float32)

        return lambda image: by_strips(toned, image)
    matrix, offset = color_map(image, style, weights, style_weights)
    linear, shift = matrix.T.astype(np.float32), offset.astype(np.float32)
    return lambda image: np.clip(image @ linear + shift, 0.0, 1.0)


def _has_one_hue(image: Image, weights: Mask | None = None, least_contrast: float = 0.0) -> bool:
    """Return whether the colors of an image lie near a line, along which they differ enough."""
    _, covariance = color_moments(image, weights)
    _, across, along = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0.0))
    return bool(across <= ONE_HUE_SPREAD and along >= least_contrast)


def _colors_of_tones(
    image: Image, style: Image, weights: Mask | None, style_weights: Mask | None
) -> NDArray[np.float64]:
    """Return the color (TONES, 3) in [0, 1] that each tone of an image gets from a style."""
    ranks, _ = _ranks_of_tones(image, weights)
    style_ranks, style_colors = _ranks_of_tones(style, style_weights)
    used = ~np.isnan(style_colors[:, 0])
    colors = [np.interp(ranks, style_ranks[used], channel[used]) for channel in style_colors.T]
    stacked = np.stack(colors, axis=-1)
    blurred: NDArray[np.float64] = scipy.ndimage.gaussian_filter1d(stacked, TONE_BLUR, axis=0, mode="nearest")
    return blurred


def _ranks_of_tones(image: Image, weights: Mask | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rank of each tone of an image, in [0, 1], and the mean color of its pixels: NaN if it has none."""
    total, sums = np.zeros(TONES), np.zeros((TONES, 3))
    for rows in row_strips(image.shape):
        tones = np.rint(_gray(_lab(image[rows])[..., 0])[..., 0].ravel() * (TONES - 1)).astype(np.intp)
        of_rows = np.ones(tones.shape) if weights is None else weights[rows].ravel().astype(np.float64)
        total += np.bincount(tones, of_rows, TONES)
        for channel, colors in enumerate(image[rows].reshape(-1, 3).T):
            sums[:, channel] += np.bincount(tones, of_rows * colors, TONES)
    ranks = (np.cumsum(total) - total / 2) / total.sum()
    with np.errstate(invalid="ignore"):
        return ranks, sums / np.where(total > 0, total, np.nan)[:, np.newaxis]


def match_lightness(
    style: Image,
    content: Image,
    *,
    style_weights: Mask | None = None,
    content_weights: Mask | None = None,
) -> Image:
    """Return a style image in gray with the lightness mean and standard deviation of the content.

    Parameters
    ----------
    style, content, style_weights, content_weights
        See `match_colors`.

    Returns
    -------
    (h, w, 3) float32 array
        Gray, in [0, 1].

    Raises
    ------
    ImageError
        See `match_colors`.
    """
    lightness = _lightness(style)
    mean, deviation = _mean_and_deviation(lightness, style_weights, "style")
    wanted_mean, wanted = _mean_and_deviation(_lightness(content), content_weights, "content")
    gain = wanted / max(deviation, LEAST_SPREAD * _WHITE)
    return by_strips(lambda rows: _gray((rows - mean) * gain + wanted_mean), lightness)


def lightness_only(image: Image) -> Image:
    """Return an image in gray with the same lightness.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1], with equal channels.

    Examples
    --------
    >>> lightness_only(np.array([[[1, 0, 0], [0, 0, 1]]], np.float32))[0, :, 0].round(2)
    array([0.5, 0.3], dtype=float32)
    """
    return by_strips(lambda rows: _gray(_lab(rows)[..., 0]), image)


def gray_channel(image: Image) -> Mask:
    """Return one of the equal channels of `lightness_only`, (H, W)."""
    return by_strips(lambda rows: _gray(_lab(rows)[..., 0])[..., 0], image)


def _lightness(image: Image) -> NDArray[np.float32]:
    return by_strips(lambda rows: _lab(rows)[..., 0], image)


def with_content_chroma(image: Image, content: Image) -> Image:
    """Combine the lightness of an image with the hue and chroma of the content.

    Parameters
    ----------
    image, content : (H, W, 3) float32 array
        In [0, 1], of the same size.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1]. Where sRGB has no such color, the chroma is reduced to the largest that sRGB has; lightness and hue
        stay the same.

    Raises
    ------
    ImageError
        If the sizes differ.

    Examples
    --------
    >>> red, gray = np.array([[[0.8, 0.2, 0.2]]], np.float32), np.array([[[0.5, 0.5, 0.5]]], np.float32)
    >>> with_content_chroma(gray, red).astype(float).round(1).tolist()
    [[[0.9, 0.3, 0.3]]]
    """
    if image.shape != content.shape:
        raise ImageError(f"the image has shape {image.shape}, but the content {content.shape}; resize one of them")
    return by_strips(_chroma_restored, image, content)


def _chroma_restored(image: Image, content: Image) -> Image:
    lab = np.concatenate([_lab(image)[..., :1], _lab(content)[..., 1:]], axis=-1)
    outside = ~_in_gamut(lab)
    lab[outside] = _reduce_chroma(lab[outside])
    return _rgb(lab)


def color_moments(
    image: Image, weights: Mask | None = None, name: str = "image"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean, (3,), and the covariance, (3, 3), of the colors of an image.

    Messages call the image by `name`.
    """
    total = _total_weight(weights, image, name)
    channels = image.shape[-1]
    mean, covariance = np.zeros(channels), np.zeros((channels, channels))
    for rows in row_strips(image.shape):
        mean += _shares(image, weights, rows, total) @ _colors(image[rows])
    for rows in row_strips(image.shape):
        centered = _colors(image[rows]) - mean
        covariance += (centered * _shares(image, weights, rows, total)[:, np.newaxis]).T @ centered
    return mean, covariance


def _colors(image: Image) -> NDArray[np.float64]:
    return image.reshape(-1, image.shape[-1]).astype(np.float64)


def _shares(image: Image, weights: Mask | None, rows: slice, total: float) -> NDArray[np.float64]:
    """Return the flat weights of some rows, as shares of the total."""
    own = np.ones(image[rows].shape[:2]) if weights is None else weights[rows].astype(np.float64)
    shares: NDArray[np.float64] = own.reshape(-1) / total
    return shares


def _total_weight(weights: Mask | None, image: NDArray[Any], name: str) -> float:
    """Return the sum of pixel weights, checked."""
    size = image.shape[:2]
    if weights is None:
        return float(size[0] * size[1])
    if weights.shape != size:
        raise ImageError(
            f"the weights of the {name} have shape {weights.shape}; expected {size}, the size of the image"
        )
    total = float(weights.sum(dtype=np.float64))
    if not (weights.min() >= 0 and total > 0):
        raise ImageError(
            f"the weights of the {name} include negative values or are all 0; expected values of at least 0, "
            "some of them above 0"
        )
    return total


def _mean_and_deviation(lightness: NDArray[np.float32], weights: Mask | None, name: str) -> tuple[float, float]:
    mean, variance = color_moments(lightness[..., np.newaxis], weights, name)
    return float(mean[0]), float(np.sqrt(variance[0, 0]))


def _square_root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the symmetric square root of a positive semidefinite matrix."""
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    root: NDArray[np.float64] = (axes * np.sqrt(np.maximum(values, 0.0))) @ axes.T
    return root


def _reduce_chroma(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the chroma of (N, 3) CIELAB colors down into the sRGB gamut, by bisection."""
    inside, outside = np.zeros(len(colors), np.float32), np.ones(len(colors), np.float32)
    for _ in range(_BISECTIONS):
        middle = ((inside + outside) / 2).astype(np.float32)
        fits = _in_gamut(_scale_chroma(colors, middle))
        inside, outside = np.where(fits, middle, inside), np.where(fits, outside, middle)
    return _scale_chroma(colors, inside)


def _scale_chroma(colors: NDArray[np.float32], factor: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([colors[:, :1], colors[:, 1:] * factor[:, np.newaxis]], axis=1)


def _in_gamut(lab: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which CIELAB colors survive a round trip through sRGB."""
    inside: NDArray[np.bool_] = (np.abs(_lab(_rgb(lab)) - lab) < _GAMUT_TOLERANCE).all(axis=-1)
    return inside


def _gray(lightness: NDArray[np.floating]) -> Image:
    lab = np.zeros((*lightness.shape, 3), np.float32)
    lab[..., 0] = np.clip(lightness, 0.0, _WHITE)
    gray: Image = np.repeat(_rgb(lab)[..., :1], 3, axis=-1)
    return gray


def _lab(image: Image) -> NDArray[np.float32]:
    from skimage.color import rgb2lab

    lab: NDArray[np.float32] = rgb2lab(image)
    return lab


def _rgb(lab: NDArray[np.float32]) -> Image:
    from skimage.color import lab2rgb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about colors outside the gamut, which are expected here
        rgb: Image = lab2rgb(lab)
    return rgb
