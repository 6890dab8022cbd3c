"""What a network extracts from whole images, at once and in tiles."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, forward, he_weights, measured, random_image, with_metrics

from maskstyle.guidance.cells import CellWeights
from maskstyle.objective.extract import Extractor
from maskstyle.objective.objective import Objective
from maskstyle.objective.terms import TotalVariationTerm
from maskstyle.objective.tiling.objective import TiledObjective

pytestmark = pytest.mark.usefixtures("eagerly")

LAYERS = ("block1_conv1", "block2_conv1")
IMAGE = random_image(1, 80, 96)
WEIGHTS = with_metrics(
    he_weights(TINY19, ("block1_conv1", "block1_conv2", "block2_conv1")),
    lambda rng, channels: rng.normal(size=(channels + 1, channels)),
)
TOTAL_VARIATION = TotalVariationTerm(1.0, 1.0, "mean", 1.0)


@pytest.fixture(scope="module", params=[None, 64], ids=["at once", "in tiles"])
def extractor(request, tiny_network):
    return Extractor(tiny_network(LAYERS, padding="edge", weights=WEIGHTS), request.param)


def weights_of(grid):
    """Return weights of each kind for one grid, in mixed order, with the float64 weights that they mean."""
    cells = np.flatnonzero(np.random.default_rng(2).random(grid) < 0.3).astype(np.int32)
    some = np.zeros(grid)
    some.flat[cells] = 1
    ramp = np.tile(np.linspace(0, 1, grid[1], dtype=np.float32), (grid[0], 1))
    number = float(grid[0] * grid[1])
    return [
        (CellWeights(float(ramp.sum()), weights=ramp), ramp),
        (CellWeights(number), np.ones(grid)),
        (CellWeights(float(len(cells)), cells=cells), some),
        (CellWeights(number), np.ones(grid)),
        (CellWeights(float(ramp.sum()), weights=ramp[:, ::-1].copy()), ramp[:, ::-1]),
        (CellWeights(2.0, cells=cells[:2]), np.isin(np.arange(some.size), cells[:2]).reshape(grid)),
    ]


def test_gram_matrices_come_in_the_order_of_their_weights(extractor):
    grids = extractor.grids(IMAGE.shape[:2], LAYERS)
    assert grids == {"block1_conv1": (80, 96), "block2_conv1": (40, 48)}
    asked = {layer: weights_of(grid) for layer, grid in grids.items()}
    found = extractor.grams(IMAGE, {layer: [own for own, _ in each] for layer, each in asked.items()})
    features = forward(IMAGE, WEIGHTS, padding="edge")
    for layer in LAYERS:
        rows = measured(features[layer], WEIGHTS[layer])
        for matrix, (own, weights) in zip(found[layer], asked[layer], strict=True):
            expected = np.einsum("hw,hwc,hwd->cd", weights, rows, rows) / own.divisor
            assert_allclose(matrix, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_layers_without_weights_are_left_out(extractor):
    assert extractor.grams(IMAGE, {}) == {}
    found = extractor.grams(IMAGE, {"block1_conv1": [], "block2_conv1": [CellWeights(1920.0)]})
    assert set(found) == {"block2_conv1"}


def test_features(extractor):
    expected = forward(IMAGE, WEIGHTS, padding="edge")
    found, seen = (each(IMAGE, LAYERS) for each in (extractor.features, extractor.measured_features))
    for layer in LAYERS:
        scale = np.abs(expected[layer]).max()
        assert_allclose(np.asarray(found[layer]), expected[layer], rtol=1e-3, atol=1e-4 * scale)
    if extractor.tile_size is None:  # those of a large image wait in a file, and are read tile by tile
        for layer in LAYERS:
            rows = measured(expected[layer], WEIGHTS[layer])
            assert_allclose(np.asarray(seen[layer]), rows, rtol=1e-3, atol=1e-4 * np.abs(rows).max())


def test_a_margin_makes_grids_larger(extractor):
    assert extractor.grids((80, 96), LAYERS, 16) == {"block1_conv1": (112, 128), "block2_conv1": (56, 64)}


def test_only_large_images_are_evaluated_in_tiles(tiny_network):
    extractor = Extractor(tiny_network(LAYERS), 64)
    small, large = (extractor.objective(size, [TOTAL_VARIATION]) for size in ((64, 48), (80, 96)))
    assert isinstance(small, Objective)
    assert isinstance(large, TiledObjective)
    assert isinstance(Extractor(tiny_network(LAYERS)).objective((80, 96), [TOTAL_VARIATION]), Objective)
    assert isinstance(extractor.objective((8, 96), [TOTAL_VARIATION], margin=16), Objective)  # too narrow to mirror


def test_nothing_changes_where_pixels_are_not_free(extractor):
    free = np.zeros((80, 96), np.float32)
    free[:, 48:] = 1
    objective = extractor.objective((80, 96), [TOTAL_VARIATION], free=free)
    _, gradient = objective.value_and_gradient(IMAGE)
    assert_array_equal(np.asarray(gradient)[:, :48], 0)
    assert np.asarray(gradient)[:, 48:].any()
