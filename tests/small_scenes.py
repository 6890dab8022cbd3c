"""Small images, maps and settings that the tests of the techniques share."""

from __future__ import annotations

import dataclasses

import numpy as np
from reference import random_image

from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.guidance.seen_styles import SeenStyle
from maskstyle.maps import SemanticMap
from maskstyle.settings import Settings

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)

CONTENT, STYLE, OTHER = random_image(1, 12, 16), random_image(2, 16, 10) ** 2, random_image(3, 10, 10) ** 0.5

LAYERS = ("block1_conv1", "block2_conv1")

SETTINGS = Settings(
    content_layers=(("block2_conv1", 1.0),),
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
    compute_type="float32",
    scales=1,
    steps=2,
)
"""Two steps at one size, on the tiny network."""


def side_by_side(size, colors=(RED, BLUE)):
    """Return a map with its first color in the left half and its second in the right half."""
    return SemanticMap((np.indices(size)[1] >= size[1] // 2).astype(np.int32), tuple(colors))


def stacked(size, colors=(RED, BLUE)):
    """Return a map with its first color in the upper half and its second in the lower half."""
    return SemanticMap((np.indices(size)[0] >= size[0] // 2).astype(np.int32), tuple(colors))


def whole(size, color=RED):
    """Return a map with one region everywhere."""
    return SemanticMap(np.zeros(size, np.int32), (color,))


def softened(semantic_map, blend=()):
    """Return a map of two regions with shares; columns are blended as {column: share of the second region} says."""
    shares = np.stack([semantic_map.mask(0), semantic_map.mask(1)]).astype(np.float32)
    for column, share in dict(blend).items():
        shares[:, :, column] = np.array([1 - share, share])[:, np.newaxis]
    return dataclasses.replace(semantic_map, shares=shares)


def whole_style_guide(network, styles, shares, settings):
    """Return the guide of a blend of whole style images, each at its own size, everywhere in a picture."""
    from maskstyle.objective.extract import Extractor
    from maskstyle.objective.guides import guides_at

    sources = [StyleImage(image) for image in styles]
    blend = Placement("style", tuple(zip(sources, shares, strict=True)))
    seen = [SeenStyle(source.image, source, (blend,)) for source in sources]
    (guide,) = guides_at(Extractor(network), Layout((blend,)), seen, styles[0].shape[:2], settings)
    return guide
