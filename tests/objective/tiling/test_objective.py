"""Tiled evaluation equals evaluation of the whole image, for the guides of every technique."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import TINY19, he_weights, random_image, with_metrics

from maskstyle.errors import WorkerError
from maskstyle.guidance.cells import CellWeights, mask_cells
from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.guidance.seen_styles import seen_styles
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.objective.assemble import content_term, style_term, total_variation_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.guides import guides_at
from maskstyle.objective.objective import Objective
from maskstyle.objective.patch_targets import MapPair, patch_matches, patch_term
from maskstyle.objective.tiling.objective import TiledObjective
from maskstyle.settings import PatchSettings, Settings

pytestmark = pytest.mark.usefixtures("eagerly")

SIZE, STYLE_SIZE = (77, 101), (70, 83)
IMAGE, CONTENT, STYLE = random_image(1, *SIZE), random_image(2, *SIZE), random_image(3, *STYLE_SIZE)
LABELS = (np.indices(SIZE)[1] // 35).astype(np.int32)
STYLE_LABELS = (np.indices(STYLE_SIZE)[0] // 25).astype(np.int32)
COLORS = ((0, 0, 0), (255, 0, 0), (0, 255, 0))
BASE = Settings(
    content_layers=(("block2_conv2", 1.0), ("block3_conv2", 0.5)),
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 2.0), ("block3_conv1", 0.5)),
    style_weight=20.0,
    tv_exponent=1.25,
)
TOLERANCE = 1e-4
"""Largest relative difference of losses and of the gradient, in float32."""


def masks():
    rows, columns = np.indices(SIZE, np.float32) / np.float32(100)
    return [
        columns / 2,
        np.maximum(0, rows - np.float32(0.5)),
        np.ones(SIZE, np.float32),
        (columns > 0.5) * np.float32(1),
    ]


def guided(extractor, layout, settings, margin=0):
    """Return the style term of a layout's guides, with the style images at their own size."""
    guides = guides_at(extractor, layout, seen_styles(layout, None), SIZE, settings, margin=margin)
    return [style_term(extractor.network, guides, settings)]


def regions(labels, pairs):
    """Return a layout that takes each region of a map from a region of the style image, or from all of it."""
    source = StyleImage(STYLE, SemanticMap(STYLE_LABELS, COLORS))
    placements = (
        Placement(str(label), ((source, 1.0),), place, label, style_label=style_label)
        for place, (label, style_label) in enumerate(pairs)
    )
    return Layout(tuple(placements), SemanticMap(labels, COLORS))


def basic(extractor, settings):
    return guided(extractor, Layout((Placement("style", ((StyleImage(STYLE), 1.0),)),)), settings)


def region(extractor, settings, margin=0):
    return guided(extractor, regions(LABELS, [(0, 0), (1, 2), (2, None)]), settings, margin)


def mask(extractor, settings):
    first, second = StyleImage(STYLE), StyleImage(CONTENT)
    placements = (
        Placement(f"mask {place + 1}", ((source, 1.0),), place, mask=each, strength=strength)
        for place, (each, source, strength) in enumerate(
            zip(masks(), [first, first, second, second], [1.0, 2.0, 1.0, 0.5], strict=True)
        )
    )
    return guided(extractor, Layout(tuple(placements)), settings)


def patch(extractor, settings):
    maps = MapPair(LABELS, COLORS, STYLE_LABELS, COLORS)
    cut = PatchSettings(patch_size=16, patch_stride=8, feature_weight=0.5)
    matches = patch_matches(extractor, maps, STYLE, settings, cut, content=CONTENT)
    return [patch_term(extractor, matches, STYLE, SIZE, settings)]


def objective(extractor, settings, styles, free=None):
    terms = [
        content_term(extractor, CONTENT, settings),
        *styles(extractor, settings),
        total_variation_term(settings),
    ]
    return extractor.objective(SIZE, terms, free=free)


def both(network, settings, styles, *, tile_size, free=None):
    """Return the objective of whole images and the tiled one."""
    found = objective(Extractor(network, tile_size), settings, styles, free)
    assert isinstance(found, TiledObjective)
    assert found.tiles > 1
    return objective(Extractor(network), settings, styles, free), found


def assert_equal_results(whole, tiled, image=IMAGE):
    values, gradient = whole.value_and_gradient(image)
    tiled_values, tiled_gradient = tiled.value_and_gradient(image)
    assert tiled.names == whole.names
    assert_allclose(tiled_values, values, rtol=TOLERANCE)
    difference = np.linalg.norm(tiled_gradient - gradient.numpy())
    assert difference < TOLERANCE * np.linalg.norm(gradient)
    # Pixel by pixel too: an error at the edge of a tile would be large there only.
    assert np.abs(tiled_gradient - gradient.numpy()).max() < 10 * TOLERANCE * np.abs(gradient).max()


@pytest.fixture(scope="module")
def network(tiny_network):
    layers = [layer for layer, _ in BASE.content_layers + BASE.style_layers]
    return tiny_network(layers, padding="edge")


@pytest.mark.parametrize(
    ("styles", "tile_size"),
    [
        (basic, 97),
        (region, 75),
        (mask, 97),
        (patch, 75),
    ],
)
def test_tiles_change_nothing(network, styles, tile_size):
    assert_equal_results(*both(network, BASE, styles, tile_size=tile_size))


@pytest.mark.parametrize("propagation", ["inside", "all", "split"])
def test_every_propagation(network, propagation):
    assert_equal_results(*both(network, BASE.changed(propagation=propagation), region, tile_size=97))


@pytest.mark.parametrize(
    ("styles", "changes"),
    [
        (basic, {"gram_normalization": "none", "style_reduction": "gatys", "content_reduction": "half_sum"}),
        (mask, {"style_reduction": "chollet", "content_reduction": "sum", "tv_reduction": "sum"}),
        (mask, {"style_reduction": "mean", "content_reduction": "mean", "intensity": 1.5}),
    ],
)
def test_every_reduction(network, styles, changes):
    assert_equal_results(*both(network, BASE.changed(**changes), styles, tile_size=97))


def test_in_a_compiled_graph(network):
    import tensorflow as tf

    whole, tiled = both(network, BASE, mask, tile_size=97)
    found = whole.value_and_gradient(IMAGE)
    tf.config.run_functions_eagerly(False)
    assert_equal_results(SimpleNamespace(names=whole.names, value_and_gradient=lambda _: found), tiled)


def test_pixels_that_are_not_free_have_no_gradient(network):
    free = (LABELS != 1).astype(np.float32)
    whole, tiled = both(network, BASE, region, tile_size=97, free=free)
    assert_equal_results(whole, tiled)
    assert (tiled.value_and_gradient(IMAGE)[1][LABELS == 1] == 0).all()


def test_a_mirrored_margin(network):
    settings = BASE.changed(content_weight=0.0, propagation="split")
    whole, tiled = (
        each.objective(SIZE, [*region(each, settings, margin=16), total_variation_term(settings)], margin=16)
        for each in (Extractor(network), Extractor(network, 97))
    )
    assert isinstance(tiled, TiledObjective)
    assert_equal_results(whole, tiled)


def test_average_pooling_zero_padding_and_metrics(tiny_network):
    weights = with_metrics(he_weights(TINY19, TINY19.layers), lambda rng, own: rng.normal(size=(own + 1, own)))
    layers = [layer for layer, _ in BASE.content_layers + BASE.style_layers]
    network = tiny_network(layers, pooling="average", weights=weights)
    assert_equal_results(*both(network, BASE, region, tile_size=97))


def test_bfloat16_tiles_are_as_close_to_float32_as_the_whole_image(tiny_network, network):
    fast = tiny_network(network.layers, padding="edge", compute_type="bfloat16")
    values, gradient = objective(Extractor(network), BASE, mask).value_and_gradient(IMAGE)

    def errors(objective):
        fast_values, fast_gradient = objective.value_and_gradient(IMAGE)
        return [
            np.abs(fast_values / values - 1).max(),
            np.linalg.norm(fast_gradient - gradient) / np.linalg.norm(gradient),
        ]

    whole, tiled = map(errors, both(fast, BASE, mask, tile_size=97))
    assert whole[0] < 0.05
    assert tiled[0] < 1.5 * whole[0]
    assert whole[1] < 0.2
    assert tiled[1] < 1.5 * whole[1]


def test_soft_maps(network):
    shares = np.stack([masks()[0], 1 - masks()[0]]).astype(np.float32)
    style_shares = shares[:, : STYLE_SIZE[0], : STYLE_SIZE[1]]
    maps = [
        SemanticMap((each.argmax(axis=0)).astype(np.int32), COLORS[:2], shares=each)
        for each in (shares, style_shares)
    ]
    source = StyleImage(STYLE, maps[1])
    placements = [Placement(str(label), ((source, 1.0),), label, label, style_label=1 - label) for label in (0, 1)]

    def styles(extractor, settings):
        return guided(extractor, Layout(tuple(placements), maps[0]), settings)

    assert_equal_results(*both(network, BASE, styles, tile_size=97))


def test_terms_alone(network):
    for changes in ({"content_weight": 0.0, "tv_weight": 0.0}, {"style_weight": 0.0, "tv_weight": 0.0}):
        assert_equal_results(*both(network, BASE.changed(**changes), basic, tile_size=97))


def test_total_variation_in_strips(network):
    terms = [total_variation_term(BASE)]
    tiled = TiledObjective(network, terms, SIZE, 64, strip_values=7 * 3 * SIZE[1])
    assert_equal_results(Objective(network, terms), tiled)


def test_a_region_without_cells_in_most_tiles(network):
    labels = np.where((np.indices(SIZE) < 9).all(axis=0), 1, 0).astype(np.int32)

    def styles(extractor, settings):
        return guided(extractor, regions(labels, [(0, 0), (1, 1)]), settings)

    assert_equal_results(*both(network, BASE, styles, tile_size=64))


def test_gram_matrices_of_regions(network):
    cells = np.flatnonzero(LABELS == 0).astype(np.int32)
    weights = {"block1_conv1": [CellWeights(float(len(cells)), cells=cells)], "block3_conv1": []}
    whole, tiled = (Extractor(network, each).grams(IMAGE, weights) for each in (None, 64))
    assert list(tiled) == ["block1_conv1"]
    assert_allclose(tiled["block1_conv1"][0], whole["block1_conv1"][0], rtol=1e-5)


def test_progress_is_reported_before_each_tile(network):
    _, tiled = both(network, BASE, basic, tile_size=97)
    reports = []
    tiled.on_tile = lambda *report: reports.append(report)
    tiled.value_and_gradient(IMAGE)
    assert reports == [(done, 2 * tiled.tiles) for done in range(2 * tiled.tiles)]


def test_an_exception_at_a_tile_ends_the_evaluation(network):
    _, tiled = both(network, BASE, basic, tile_size=97)

    def stop(done, _):
        if done == 3:
            raise KeyboardInterrupt

    tiled.on_tile = stop
    with pytest.raises(KeyboardInterrupt):
        tiled.value_and_gradient(IMAGE)


def test_an_image_narrower_than_its_margin_is_evaluated_whole(network):
    found = Extractor(network, 64).objective((8, 200), [total_variation_term(BASE)], margin=16)
    assert isinstance(found, Objective)


def test_small_images_are_evaluated_whole(network):
    assert isinstance(objective(Extractor(network, max(SIZE)), BASE, basic), Objective)


def test_too_little_memory_is_an_error_with_the_size_of_the_tiles(network, monkeypatch):
    import tensorflow as tf

    _, tiled = both(network, BASE, basic, tile_size=64)

    def fail(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    monkeypatch.setattr(type(network), "__call__", fail)
    with pytest.raises(MemoryError, match=r"tiles of \d+x\d+ pixels need more memory"):
        tiled.value_and_gradient(IMAGE)


def test_gram_matrices_under_a_mask_over_the_style(network):
    mask = masks()[0][: STYLE_SIZE[0], : STYLE_SIZE[1]]
    layers = [layer for layer, _ in BASE.style_layers]
    cells = mask_cells(mask, Extractor(network).grids(STYLE_SIZE, layers), exponent=1.0)
    weights = {layer: list(parts.values()) for layer, parts in cells.items()}
    whole, tiled = (Extractor(network, tile_size).grams(STYLE, weights) for tile_size in (None, 64))
    for layer, grams in whole.items():
        assert_allclose(tiled[layer], grams, rtol=1e-4, atol=1e-6)


@pytest.fixture
def client(workers, eagerly):
    """Return a client of two workers."""
    from distributed import Client

    with Client(workers) as client:
        client.wait_for_workers(2)
        yield client


def on_workers(network, client, styles):
    """Return the tiled objective of this process, and that of workers."""
    return (objective(Extractor(network, 97, client=each), BASE, styles) for each in (None, client))


def assert_same(here, there):
    for found, expected in zip(there.value_and_gradient(IMAGE), here.value_and_gradient(IMAGE), strict=True):
        assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("styles", [region, patch])
def test_workers_compute_the_same(network, client, styles):
    here, there = on_workers(network, client, styles)
    assert_same(here, there)


def test_the_tiles_of_lost_workers_are_computed_again(network, client, workers, monkeypatch):
    here, there = on_workers(network, client, mask)
    assert_same(here, there)
    last = max(workers.workers)
    workers.sync(workers.workers[last].close)
    assert_same(here, there)
    workers.scale(0)
    with monkeypatch.context() as patch:
        patch.setattr("maskstyle.objective.workers.PATIENCE", 0.1)
        with pytest.raises(WorkerError, match="no worker of Dask is left"):
            there.value_and_gradient(IMAGE)
    workers.scale(2)
    client.wait_for_workers(2)
    assert_same(here, there)


def test_what_fails_on_a_worker_is_said(network, client, monkeypatch):
    _, there = on_workers(network, client, basic)
    monkeypatch.setattr(type(network), "__call__", None)
    with pytest.raises(WorkerError, match="a worker of Dask failed: TypeError: "):
        there.value_and_gradient(IMAGE)


def test_the_traffic_is_as_calculated(network, client, monkeypatch):
    from distributed.comm.tcp import TCP

    size, side = (400, 600), 256
    image = random_image(4, *size)
    term = content_term(Extractor(network, side), image, BASE)
    found = TiledObjective(network, [term, *basic(Extractor(network), BASE)], size, side, client=client)
    found.value_and_gradient(image)
    sent = []
    write = TCP.write

    async def counted(self, *arguments, **options):
        size = await write(self, *arguments, **options)
        sent[-1] += size
        return size

    monkeypatch.setattr(TCP, "write", counted)
    tiled = found._tiled
    tile = 2 * 12 * np.prod(tiled.tile_size)  # its pixels, and its gradient
    grams = 4 * sum(network.architecture.kernel_shape(layer)[-1] ** 2 for layer, _ in BASE.style_layers)
    content = 4 * sum(np.prod(tiled.grid(layer)) for layer, _ in BASE.content_layers)
    expected = 2 * (found.tiles * (tile + grams) + 2 * grams + content)  # to the scheduler, and from there
    for _ in range(20):  # a worker may take a tile over from a busy one, which sends it once more
        sent.append(0)
        found.value_and_gradient(image)
        if sent[-1] == pytest.approx(expected, rel=0.02):
            break
    assert min(sent) == pytest.approx(expected, rel=0.02)
