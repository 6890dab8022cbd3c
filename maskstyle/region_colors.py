"""The content's colours with painted lightness, after "Preserving Color in Neural Artistic Style Transfer" (2016)."""

from __future__ import annotations

import warnings

import numpy as np

from maskstyle.images import Image


def with_content_chroma(image: Image, content: Image) -> Image:
    """Return an image's lightness with the hue and chroma of the content.

    Parameters
    ----------
    image, content : (H, W, 3) float32 array
        RGB in [0, 1], of the same size.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1]. Colours of CIELAB that RGB lacks are clipped.

    Examples
    --------
    >>> red, grey = np.array([[[0.8, 0.2, 0.2]]], np.float32), np.array([[[0.4, 0.4, 0.4]]], np.float32)
    >>> np.allclose(with_content_chroma(grey, red), [0.76, 0.16, 0.17], atol=0.01)
    True
    """
    from skimage.color import lab2rgb, rgb2lab

    lab = rgb2lab(content)
    lab[..., 0] = rgb2lab(image)[..., 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about colours that RGB lacks
        recolored: Image = np.clip(lab2rgb(lab), 0, 1).astype(np.float32)
    return recolored
