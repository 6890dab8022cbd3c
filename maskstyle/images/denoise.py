"""Denoising of results by non-local means, total variation or a bilateral filter, through scikit-image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image

PATCH_SIZE = 5
"""Side in pixels of the patches that are compared; small, so that fine brush strokes count as structure."""

PATCH_DISTANCE = 6
"""How far in pixels similar patches are looked for."""

BILATERAL_REACH = 2.0
"""Standard deviation in pixels of the bilateral filter's distances; twice as far takes four times as long."""


def denoise_image(image: Image, strength: float, method: str = "nlm") -> Image:
    """Return a denoised copy.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    strength : float
        How strongly; 0 returns the image as it is. What it means depends on the method.
    method : {"nlm", "tv", "bilateral"}
        ``nlm``: non-local means, with the strength as its cut-off distance h: patches that differ by much less
        count as the same. ``tv``: the image of least total variation nearby, by Chambolle's projection, with the
        strength as its weight. ``bilateral``: the mean of neighbors of like color, with the strength as the
        standard deviation of colors.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].

    References
    ----------
    Buades, Coll and Morel, "A Non-Local Algorithm for Image Denoising", CVPR 2005. Chambolle, "An Algorithm for Total
    Variation Minimization and Applications", 2004. Tomasi and Manduchi, "Bilateral Filtering for Gray and Color
    Images", ICCV 1998.
    """
    if strength == 0:
        return image
    smooth = _METHODS[method](image, strength)
    # scikit-image drops the axis of an image one pixel wide or high.
    return np.asarray(np.clip(smooth, 0.0, 1.0), dtype=np.float32).reshape(image.shape)


def _by_nlm(image: Image, strength: float) -> NDArray[np.floating]:
    from skimage.restoration import denoise_nl_means

    smooth: NDArray[np.floating] = denoise_nl_means(
        image,
        patch_size=PATCH_SIZE,
        patch_distance=PATCH_DISTANCE,
        h=strength,
        fast_mode=True,
        channel_axis=-1,
    )
    return smooth


def _by_tv(image: Image, strength: float) -> NDArray[np.floating]:
    from skimage.restoration import denoise_tv_chambolle

    return denoise_tv_chambolle(image, weight=strength, channel_axis=-1)  # type: ignore[no-any-return, no-untyped-call]


def _by_bilateral(image: Image, strength: float) -> NDArray[np.floating]:
    from skimage.restoration import denoise_bilateral

    smooth: NDArray[np.floating] = denoise_bilateral(
        image, sigma_color=strength, sigma_spatial=BILATERAL_REACH, mode="edge", channel_axis=-1
    )
    return smooth


_METHODS = {"nlm": _by_nlm, "tv": _by_tv, "bilateral": _by_bilateral}
