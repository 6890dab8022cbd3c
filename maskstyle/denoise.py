"""Denoising of results by non-local means (Buades, Coll and Morel 2005), through scikit-image."""

from __future__ import annotations

import numpy as np

from maskstyle.images import Image

PATCH_SIZE = 5
"""Side in pixels of the patches that are compared; small, so that fine brush strokes count as structure."""

PATCH_DISTANCE = 6
"""How far in pixels similar patches are looked for."""


def denoise_image(image: Image, strength: float) -> Image:
    """Return a denoised copy.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    strength : float
        Cut-off distance h in [0, 1]: patches that differ by much less count as the same, by much more as
        different. 0 returns the image as it is.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].
    """
    if strength == 0:
        return image
    from skimage.restoration import denoise_nl_means

    smooth = denoise_nl_means(
        image,
        patch_size=PATCH_SIZE,
        patch_distance=PATCH_DISTANCE,
        h=strength,
        fast_mode=True,
        channel_axis=-1,
    )
    # scikit-image drops the axis of an image one pixel wide or high.
    return np.asarray(np.clip(smooth, 0.0, 1.0), dtype=np.float32).reshape(image.shape)
