"""The style term of patch matching: a Gram matrix for each patch, after Champandard (2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maskstyle.guidance.regions import NO_REGION
from maskstyle.images.pixels import Size, resize_labels, size_of
from maskstyle.images.transparency import HALF_VISIBLE
from maskstyle.maps.assignment import Assignment
from maskstyle.settings import PatchSettings
from maskstyle.synthesis.scene import Scene, StyleAtSize

if TYPE_CHECKING:
    from maskstyle.objective.extract import Extractor


@dataclass(frozen=True, eq=False)
class PatchStyle:
    """Each patch of the picture takes the style of the patch of the style image with the most similar map."""

    assignment: Assignment  # the two maps, and the colors that regions which match have in common
    patches: PatchSettings  # how the images are cut into patches, and how patches are matched

    def __call__(self, scene: Scene, extractor: Extractor, size: Size) -> StyleAtSize:
        """Return the style term of a size, with the map of the matches."""
        from maskstyle.objective.patch_targets import (  # which loads TensorFlow
            MapPair,
            drawn_matches,
            patch_matches,
            patch_notes,
            patch_term,
        )

        (seen,) = scene.styles_at(size)
        content_map, style_map = self.assignment.content_map, self.assignment.style_map
        style_labels = resize_labels(style_map.labels, size_of(seen.image))
        style_alpha = seen.source.visible_at(size_of(seen.image))
        if style_alpha is not None:  # patches that are visible match better
            style_labels = np.where(style_alpha < HALF_VISIBLE, np.int32(NO_REGION), style_labels)
        maps = MapPair(
            resize_labels(content_map.labels, size),
            self.assignment.agreed_colors(),
            style_labels,
            style_map.colors,
        )
        matches = patch_matches(
            extractor,
            maps,
            seen.image,
            scene.settings,
            self.patches,
            scale=max(size) / max(scene.sizes[-1]),
            content=None if scene.content is None else scene.seen_at(size),
            alpha=scene.layout.visible_at(size),
        )
        return StyleAtSize(
            patch_term(extractor, matches, seen.image, size, scene.settings),
            patch_notes(extractor.network, maps, scene.settings),
            drawn_matches(matches, seen.image, size),
        )
