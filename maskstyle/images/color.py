"""Whose colors a result has: styles recolored before a transfer, and chroma put back after it.

Colors of the content, from Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style
Transfer", 2016. Lightness and chroma are those of CIELAB, through scikit-image.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Image, Mask

LEAST_SPREAD = 0.01
"""Standard deviation, on [0, 1], that a style is taken to have at least when it is matched: less is noise, such as
that of compression, which matching would blow up to the content's contrast."""

RECOLORED = ("luminance", "match")
"""The modes in which the network sees a style in the colors of what is painted in it."""

_BLACK_TO_WHITE = 100.0  # of CIELAB's lightness
_HALVINGS = 12  # after which the share of the chroma that a screen can show is known to 1/4096
_SLACK = 0.01  # units of CIELAB by which a color may miss what a screen shows; float32 itself misses by 0.0002


def seen_content(content: Image, mode: str) -> Image:
    """Return the content as the network sees it in a color mode, one of ``CHOICES["color"]``.

    Parameters
    ----------
    content : (H, W, 3) float32 array
        In [0, 1].
    mode : str
        The color mode.
    """
    return lightness_only(content) if mode == "luminance" else content


def seen_style(
    style: Image,
    content: Image,
    mode: str,
    *,
    style_weights: Mask | None = None,
    content_weights: Mask | None = None,
) -> Image:
    """Return a style image as the network sees it in a color mode, one of ``CHOICES["color"]``.

    Parameters
    ----------
    style, content, style_weights, content_weights
        See `match_colors`.
    mode : str
        The color mode.
    """
    if mode == "match":
        return match_colors(style, content, style_weights=style_weights, content_weights=content_weights)
    if mode == "luminance":
        return match_lightness(style, content, style_weights=style_weights, content_weights=content_weights)
    return style


def visible_weights(weights: Mask, alpha: Mask | None) -> Mask:
    """Return weights of a content's colors without what is transparent, unless all that they weigh is.

    Parameters
    ----------
    weights, alpha : (H, W) float32 array
        In [0, 1]; no alpha is opaque.
    """
    if alpha is None:
        return weights
    visible = weights * alpha
    return visible if visible.any() else weights


def finished_colors(image: Image, content: Image, mode: str) -> Image:
    """Return a finished picture in the colors that a mode, one of ``CHOICES["color"]``, gives it.

    Parameters
    ----------
    image, content : (H, W, 3) float32 array
        The picture, and what it was made from at its size, in [0, 1].
    mode : str
        The color mode.
    """
    return with_content_chroma(image, content) if mode in ("content", "luminance") else image


def match_colors(
    style: Image,
    content: Image,
    *,
    style_weights: Mask | None = None,
    content_weights: Mask | None = None,
) -> Image:
    """Recolor a style image so that its mean color and the covariance of its colors are the content's.

    Parameters
    ----------
    style : (h, w, 3) float32 array
        In [0, 1].
    content : (H, W, 3) float32 array
        In [0, 1].
    style_weights : (h, w) float array, optional
        How much each pixel counts, at least 0, for instance 1 in a region; equally where they are left out. All
        pixels are recolored.
    content_weights : (H, W) float array, optional
        The same for the content.

    Returns
    -------
    (h, w, 3) float32 array
        In [0, 1]; colors that matching moves out of it are clipped.

    Raises
    ------
    ImageError
        If weights have another shape than their image, or no weight is above 0.

    Notes
    -----
    With S and C the covariances of style and content, the map between the two means is ``S^-1/2 (S^1/2 C S^1/2)^1/2
    S^-1/2``: of all linear maps with that property the one that moves colors least (Monge and Kantorovich), which
    neither of those of Gatys et al. is. A style that hardly varies is taken to vary by `LEAST_SPREAD`.

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
    style_mean, style_covariance = color_moments(style, style_weights, "style")
    content_mean, content_covariance = color_moments(content, content_weights, "content")
    spread, axes = np.linalg.eigh(style_covariance)
    root = np.sqrt(np.maximum(spread, LEAST_SPREAD**2))
    half, inverse_half = (axes * root) @ axes.T, (axes / root) @ axes.T
    matrix = inverse_half @ _root(half @ content_covariance @ half) @ inverse_half
    matched: Image = np.clip((style - style_mean) @ matrix.T + content_mean, 0.0, 1.0).astype(np.float32)
    return matched


def match_lightness(
    style: Image,
    content: Image,
    *,
    style_weights: Mask | None = None,
    content_weights: Mask | None = None,
) -> Image:
    """Return a style image in gray, with the mean and the standard deviation of the content's lightness.

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
    lightness = _lab(style)[..., 0]
    mean, deviation = _spread(lightness, style_weights, "style")
    wanted_mean, wanted = _spread(_lab(content)[..., 0], content_weights, "content")
    gain = wanted / max(deviation, LEAST_SPREAD * _BLACK_TO_WHITE)
    return _gray((lightness - mean) * gain + wanted_mean)


def lightness_only(image: Image) -> Image:
    """Return an image in gray of the same lightness.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1], its channels equal.

    Examples
    --------
    >>> lightness_only(np.array([[[1, 0, 0], [0, 0, 1]]], np.float32))[0, :, 0].round(2)
    array([0.5, 0.3], dtype=float32)
    """
    return _gray(_lab(image)[..., 0])


def with_content_chroma(image: Image, content: Image) -> Image:
    """Return an image's lightness with the hue and chroma of the content.

    Parameters
    ----------
    image, content : (H, W, 3) float32 array
        In [0, 1], of the same size.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1]. Where there is no such color on a screen, it has as much of the chroma as there is at this
        lightness: neither lightness nor hue change.

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
    lab = np.concatenate([_lab(image)[..., :1], _lab(content)[..., 1:]], axis=-1)
    outside = ~_can_be_shown(lab)
    lab[outside] = _less_chroma(lab[outside])
    return _rgb(lab)


def color_moments(
    image: Image, weights: Mask | None = None, name: str = "image"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean color of an image, (3,), and the covariance of its colors, (3, 3).

    Parameters
    ----------
    image : (H, W, 3) float array
        The image.
    weights : (H, W) float array, optional
        How much each pixel counts, at least 0; equally where they are left out.
    name : str
        What messages call it.

    Raises
    ------
    ImageError
        If the weights have another shape than the image, or none is above 0.
    """
    pixels = image.reshape(-1, image.shape[-1]).astype(np.float64)
    shares = _shares(weights, image, name)
    mean = shares @ pixels
    centered = pixels - mean
    return mean, (centered * shares[:, np.newaxis]).T @ centered


def _shares(weights: Mask | None, image: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Return the share of each pixel, which sum to 1."""
    size = image.shape[:2]
    if weights is None:
        return np.full(size[0] * size[1], 1 / (size[0] * size[1]))
    if weights.shape != size:
        raise ImageError(f"the weights of the {name} have shape {weights.shape}; expected {size}, that of its pixels")
    flat = weights.reshape(-1).astype(np.float64)
    if not (flat.min() >= 0 and flat.sum() > 0):
        raise ImageError(f"the weights of the {name} are not all at least 0, or all are 0; give some pixel a weight")
    shares: NDArray[np.float64] = flat / flat.sum()
    return shares


def _spread(lightness: NDArray[np.float32], weights: Mask | None, name: str) -> tuple[float, float]:
    mean, variance = color_moments(lightness[..., np.newaxis], weights, name)
    return float(mean[0]), float(np.sqrt(variance[0, 0]))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the symmetric square root of a symmetric matrix without negative eigenvalues."""
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    root: NDArray[np.float64] = (axes * np.sqrt(np.maximum(values, 0.0))) @ axes.T
    return root


def _less_chroma(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 3) colors that cannot be shown with as much of their chroma as can be, found by halving."""
    shown, beyond = np.zeros(len(colors), np.float32), np.ones(len(colors), np.float32)
    for _ in range(_HALVINGS):
        middle = ((shown + beyond) / 2).astype(np.float32)
        fits = _can_be_shown(_faded(colors, middle))
        shown, beyond = np.where(fits, middle, shown), np.where(fits, beyond, middle)
    return _faded(colors, shown)


def _faded(colors: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 3) colors of CIELAB with a share of their chroma."""
    return np.concatenate([colors[:, :1], colors[:, 1:] * share[:, np.newaxis]], axis=1)


def _can_be_shown(lab: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which colors of CIELAB come back from sRGB as they were, but for rounding."""
    shown: NDArray[np.bool_] = (np.abs(_lab(_rgb(lab)) - lab) < _SLACK).all(axis=-1)
    return shown


def _gray(lightness: NDArray[np.floating]) -> Image:
    lab = np.zeros((*lightness.shape, 3), np.float32)
    lab[..., 0] = np.clip(lightness, 0.0, _BLACK_TO_WHITE)
    gray: Image = np.repeat(_rgb(lab)[..., :1], 3, axis=-1)
    return gray


def _lab(image: Image) -> NDArray[np.float32]:
    from skimage.color import rgb2lab

    lab: NDArray[np.float32] = rgb2lab(image)
    return lab


def _rgb(lab: NDArray[np.float32]) -> Image:
    from skimage.color import lab2rgb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about colors that no screen shows, of which we know
        rgb: Image = lab2rgb(lab)
    return rgb
