"""Extract Gram matrices and features from whole images, in tiles if an image is large.

Only this module decides whether to evaluate an image at once or in tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.cells import CellWeights, Grids
from maskstyle.guidance.soft_masks import group_masks, soft_weights
from maskstyle.images.pixels import Image, Mask, Size, size_of
from maskstyle.networks.tensorflow import Tensor, check_usable, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.gram import MaskPlan, Partition, gram, observe_mask_grams, observe_region_grams, slices_of
from maskstyle.objective.objective import Objective
from maskstyle.objective.shared import LARGEST_SIDE, SharedGraphs, SharedObjective, can_share, fingerprint
from maskstyle.objective.terms import Term
from maskstyle.objective.tiling.content import stored_features
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.objective.tiling.forward import whole_features
from maskstyle.objective.tiling.grams import Selection
from maskstyle.objective.tiling.map import tiled_grams
from maskstyle.objective.tiling.objective import TiledObjective

Grams = dict[str, list[NDArray[np.float32]]]
"""Gram matrices (C, C) by layer, in the order of the requested weights."""


Features = Mapping[str, Tensor]
"""Features (H_l, W_l, C_l) by layer."""

Made = TypeVar("Made")

MOST_SHARED = 4
"""Times that a style image with shared graphs may be larger than the pictures, for large strokes."""


@dataclass(frozen=True)
class Extractor:
    """A loaded network, and the size of the tiles in which it sees larger images."""

    network: FeatureNetwork
    tile_size: int | None = None  # approximate side of a tile in pixels; None: every image is evaluated at once
    graphs: SharedGraphs | None = None  # compiled graphs to share among images, and with other runs
    # Layers whose features are kept of every image that is evaluated at once, so that they need no second pass.
    kept_layers: tuple[str, ...] = ()
    client: Any = None  # its workers evaluate the tiles of larger images
    _kept: dict[tuple[Any, ...], Features] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise SettingsError if TensorFlow cannot compute here."""
        check_usable()

    def keeping(self, layers: Sequence[str]) -> Extractor:
        """Return an extractor that keeps the features of layers as long as it lives."""
        return replace(self, kept_layers=tuple(layers), _kept={})

    def grids(self, size: Size, layers: Sequence[str], margin: int = 0) -> Grids:
        """Return the (height, width) of each layer's grid for an image of a size with a margin around it."""
        seen = (size[0] + 2 * margin, size[1] + 2 * margin)
        return {layer: self.network.architecture.grid(seen, layer) for layer in layers}

    def grams(self, image: Image, weights: Mapping[str, Sequence[CellWeights]]) -> Grams:
        """Return Gram matrices of an image by layer, in the space in which distances are measured.

        Layers without cells in `weights` are left out.
        """
        weights = {layer: found for layer, found in weights.items() if found}
        if not weights:
            return {}
        if self.graphs is None:
            return self._grams(image, weights)
        cells = tuple(
            (layer, *((each.divisor, fingerprint(each.cells), fingerprint(each.weights)) for each in found))
            for layer, found in weights.items()
        )
        grams: Grams = self.graphs.remembered(
            (self.network, fingerprint(image), cells), lambda: self._grams(image, weights)
        )
        return grams

    def _grams(self, image: Image, weights: Mapping[str, Sequence[CellWeights]]) -> Grams:
        if self._in_tiles(image):
            return self._tiled_grams(image, weights)
        if self._shared(image):
            features = self.features(image, list(weights))
            found = {layer: _grams_at(self.network, layer, features[layer], own) for layer, own in weights.items()}
            return {layer: _in_order(weights[layer], parts) for layer, parts in found.items()}

        network = self.network

        def grams_of(features: Features) -> dict[str, list[Tensor]]:
            return {
                layer: _grams_at(network, layer, features[layer], found, slices) for layer, found in weights.items()
            }

        whole = all(each.whole for own in weights.values() for each in own)
        slices = slices_of(size_of(image)) if whole else None
        found = self._seen(image, weights, grams_of, ("grams", slices) if whole else None)
        return {layer: _in_order(weights[layer], parts) for layer, parts in found.items()}

    def features(self, image: Image, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the features (H_l, W_l, C_l) of an image by layer."""
        if self._in_tiles(image):
            assert self.tile_size is not None
            return whole_features(self.network, image, layers, self.tile_size)
        if self.graphs is not None and self._shared(image):
            found = self.graphs.features(self.network, image)
            return {layer: found[layer] for layer in layers}
        return self._seen(image, layers, lambda features: {layer: features[layer] for layer in layers}, ("features",))

    def visible(self, alpha: Mask, layers: Sequence[str]) -> dict[str, Mask]:
        """Return how much of each cell (H_l, W_l) of an image with an alpha is visible, by layer."""
        grids = self.grids(size_of(alpha), layers)
        return {layer: soft_weights(alpha, grid)[0] for layer, grid in grids.items()}

    def measured_features(
        self, image: Image, layers: Sequence[str], visible: Mapping[str, Mask] | None = None
    ) -> Mapping[str, Any]:
        """Return features in the space in which distances are measured; those of a large image wait in a file."""
        if self._in_tiles(image):
            assert self.tile_size is not None
            return stored_features(self.network, image, list(layers), self.tile_size, visible)
        if self._shared(image):
            found = self.features(image, layers)
            return {layer: self.network.measured(layer, own) for layer, own in found.items()}
        network = self.network
        return self._seen(
            image,
            layers,
            lambda features: {layer: network.measured(layer, features[layer]) for layer in layers},
            ("measured",),
        )

    def objective(
        self, size: Size, terms: Sequence[Term], *, free: Mask | None = None, margin: int = 0
    ) -> Objective | TiledObjective | SharedObjective:
        """Return the objective of images of a size; for the parameters see `Objective`."""
        if self.tile_size is not None and needs_tiles(size, self.tile_size) and margin <= min(size):
            return TiledObjective(
                self.network, terms, size, self.tile_size, free=free, margin=margin, client=self.client
            )
        if self.graphs is not None and can_share(self.graphs, size, terms, margin):
            return SharedObjective(self.graphs, self.network, size, terms, free=free, margin=margin)
        return Objective(self.network, terms, free, margin=margin)

    def _seen(
        self,
        image: Image,
        layers: Iterable[str],
        make: Callable[[Features], Made],
        made_as: tuple[Any, ...] | None,
    ) -> Made:
        """Return what is made of the features of an image at layers; features that are not needed are freed.

        `made_as` tells the function from others where it is the same for all images; their graph is then shared. It
        outlives the extractor, whose features must not live as long: neither `see` nor `make` refers to it.
        """
        key = fingerprint(image if self.kept_layers else None)
        kept = self._kept.get(key)
        if kept is not None and set(layers) <= set(kept):
            return make(kept)

        network, kept_layers = self.network, self.kept_layers

        def see(pixels: Tensor) -> tuple[Made, Features]:
            features = network(pixels)
            return make(features), {layer: features[layer] for layer in kept_layers}

        made: Made
        if self.graphs is None or made_as is None:
            evaluate = tf.function(see, autograph=False)
        else:
            evaluate = self.graphs.of_images((network, kept_layers, tuple(layers), *made_as), see)
        made, self._kept[key] = evaluate(tf.constant(image))
        return made

    def _shared(self, image: Image) -> bool:
        wanted = self.graphs is not None and self.graphs.general != "never"
        return wanted and max(size_of(image)) <= MOST_SHARED * LARGEST_SIDE

    def _in_tiles(self, image: Image) -> bool:
        return self.tile_size is not None and needs_tiles(size_of(image), self.tile_size)

    def _tiled_grams(self, image: Image, weights: Mapping[str, Sequence[CellWeights]]) -> Grams:
        assert self.tile_size is not None
        selections = {
            layer: [Selection(each.cells, each.weights) for each in found] for layer, found in weights.items()
        }
        divisors = {layer: [each.divisor for each in found] for layer, found in weights.items()}
        grams = tiled_grams(self.network, image, selections, divisors, self.tile_size, self.client)
        return {layer: list(found) for layer, found in grams.items()}


def _grams_at(
    network: FeatureNetwork,
    layer: str,
    features: Tensor,
    weights: Sequence[CellWeights],
    slices: int | None = None,
) -> list[Tensor]:
    """Return the Gram matrices of one layer by kind, those of all cells computed once."""
    whole, gathered, weighed = _by_kind(weights)
    found = [tf.zeros((0,))] * 3
    if whole:
        found[0] = network.measured_gram(layer, gram(features, slices=slices))[tf.newaxis]
    if gathered:
        partition = Partition.of([each.cells for each in gathered if each.cells is not None])
        found[1] = network.measured_gram(layer, observe_region_grams(features, partition)[1])
    if weighed:
        masks = [each.weights for each in weighed if each.weights is not None]
        plan = MaskPlan(group_masks(masks), masks[0].size)
        grams = observe_mask_grams(features, plan, [each.divisor for each in weighed])[1]
        found[2] = network.measured_gram(layer, grams)
    return found


def _by_kind(weights: Sequence[CellWeights]) -> tuple[list[CellWeights], list[CellWeights], list[CellWeights]]:
    """Return the weights that take all cells, some cells, and all cells with weights."""
    whole = [each for each in weights if each.whole]
    gathered = [each for each in weights if each.cells is not None]
    weighed = [each for each in weights if each.cells is None and each.weights is not None]
    return whole, gathered, weighed


def _in_order(weights: Sequence[CellWeights], parts: Sequence[Tensor]) -> list[NDArray[np.float32]]:
    """Return Gram matrices in the order of their weights; those of all cells are one array."""
    whole, gathered, weighed = (list(part.numpy()) for part in parts)
    ordered = []
    for each in weights:
        if each.cells is not None:
            ordered.append(gathered.pop(0))
        elif each.weights is not None:
            ordered.append(weighed.pop(0))
        else:
            ordered.append(whole[0])
    return ordered
