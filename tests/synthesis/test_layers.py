"""The layers of a picture."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from maskstyle.images import save_layers
from maskstyle.images.layers import Layer
from maskstyle.synthesis.result import picture_layers
from maskstyle.techniques import MaskInputs


def test_overlapping_masks_make_the_result(tmp_path) -> None:
    random = np.random.default_rng(0)
    content, style, image = (random.random((32, 32, 3), np.float32) for _ in range(3))
    masks = [random.random((32, 32), np.float32) for _ in range(3)]
    masks[0][:8] = 0
    masks[1][:4] = 0
    masks[2][:4] = 0
    for alpha in (None, random.random((32, 32), np.float32)):
        for transparent in (False, True):
            scene = MaskInputs(content, [style] * 3, masks=masks, transparent=transparent, alpha=alpha).scene()
            expected, opacity = scene.finished(image)
            layers = picture_layers(scene, image)
            assert len(layers) == 4 - transparent
            color, covered = np.zeros_like(content), np.zeros((32, 32), np.float32)
            for layer in layers:
                own = np.ones_like(covered) if layer.alpha is None else layer.alpha
                clipped = own * covered if alpha is not None and not transparent and layer.name != "content" else own
                total = clipped + covered * (1 - own)
                part = np.divide(clipped, total, out=np.zeros_like(total), where=total > 0)[..., np.newaxis]
                color, covered = part * layer.image + (1 - part) * color, total
            assert_allclose(covered, 1 if opacity is None else opacity, atol=1e-5)
            visible = covered > 0
            assert_allclose(color[visible], expected[visible], atol=1e-4)
    save_layers(tmp_path / "layers", layers, Layer("merged", expected, opacity))
    assert len(list((tmp_path / "layers").iterdir())) == 3
