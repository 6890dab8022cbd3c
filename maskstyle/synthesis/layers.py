"""The layers of a painted picture: the content image, and each region, mask or style with its coverage as alpha."""

from __future__ import annotations

import numpy as np

from maskstyle.images.layers import Layer
from maskstyle.images.pixels import Image, size_of
from maskstyle.synthesis.scene import Scene


def picture_layers(scene: Scene, image: Image) -> tuple[Layer, ...]:
    """Return the layers of the picture that ``scene.finished`` makes, from the bottom to the top.

    Parameters
    ----------
    scene : Scene
        The scene.
    image : (H, W, 3) float32 array
        The painted image.

    Notes
    -----
    Where regions or masks overlap, a pixel that they cover by c1, c2, ... has the alpha c1 in the first layer,
    c2 / (1 - c1) in the second, and so on: laid over each other, the layers then cover it by the sum.
    """
    finished = scene.laid_over(image)
    size = size_of(finished.painted)
    covered = np.ones(size, np.float32) if finished.coverage is None else finished.coverage
    layers = []
    if scene.transparent:
        covered = covered if finished.alpha is None else covered * finished.alpha
    elif scene.content is not None:
        layers.append(Layer("content", finished.beneath, finished.alpha))
    total = np.zeros(size, np.float32)
    for placement in scene.layout.placements:
        total += scene.layout.share(placement, size)
    left = np.ones(size, np.float32)
    for placement in scene.layout.placements:
        share = covered * scene.layout.share(placement, size) / np.where(total > 0, total, 1)
        alpha = np.divide(share, left, out=np.zeros(size, np.float32), where=left > 1e-6)
        layers.append(Layer(placement.name, finished.painted, np.clip(alpha, 0, 1)))
        left = np.maximum(left - share, 0)
    return tuple(layers)
