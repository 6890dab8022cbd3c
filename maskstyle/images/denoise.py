"""Denoise results by non-local means, total variation or a bilateral filter, using scikit-image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image
from maskstyle.settings import AT_LEAST_ZERO, check_choice

PATCH_SIZE = 5
"""Side in pixels of the compared patches; small, so that fine brush strokes count as structure."""

PATCH_DISTANCE = 6
"""Search radius for similar patches in pixels."""

BILATERAL_REACH = 2.0
"""Spatial standard deviation of the bilateral filter in pixels; doubling it takes four times as long."""


def denoise_image(image: Image, strength: float, method: str = "nlm") -> Image:
    """Denoise an image.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    strength : float
        Strength, with a scale that depends on the method; 0 returns the image unchanged.
    method : {"nlm", "tv", "bilateral"}
        ``nlm``: non-local means; the strength is the cut-off distance h, below which patches count as equal.
        ``tv``: total variation, by Chambolle's projection; the strength is the weight. ``bilateral``: the weighted
        mean of neighbors of similar color; the strength is the standard deviation in color.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].

    Raises
    ------
    SettingsError
        If the method is unknown, or the strength is negative or not finite.

    References
    ----------
    Buades, Coll and Morel, "A Non-Local Algorithm for Image Denoising", CVPR 2005. Chambolle, "An Algorithm for Total
    Variation Minimization and Applications", 2004. Tomasi and Manduchi, "Bilateral Filtering for Gray and Color
    Images", ICCV 1998.
    """
    check_choice("method", method, _METHODS)
    AT_LEAST_ZERO.check("strength", strength)
    if strength == 0:
        return image
    smooth = _METHODS[method](image, strength)
    # scikit-image drops an axis of length 1.
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

    writable = np.require(image, requirements="W")  # scikit-image takes no others, such as those of TensorFlow
    smooth: NDArray[np.floating] = denoise_bilateral(
        writable, sigma_color=strength, sigma_spatial=BILATERAL_REACH, mode="edge", channel_axis=-1
    )
    return smooth


_METHODS = {"nlm": _by_nlm, "tv": _by_tv, "bilateral": _by_bilateral}
