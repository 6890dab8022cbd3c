"""Region transfer with soft maps: what it equals, what it leaves alone, and what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.errors import SettingsError
from maskstyle.guidance.planned import PlannedRegion, PlannedStyle
from maskstyle.maps.io import SemanticMap
from maskstyle.settings import Settings
from maskstyle.techniques.planned import transfer_planned
from maskstyle.techniques.region import transfer_region

pytestmark = pytest.mark.usefixtures("eagerly")

RED, BLUE = (255, 0, 0), (0, 0, 255)
CONTENT, STYLE = random_image(1, 12, 16), random_image(2, 16, 10) ** 2
SETTINGS = Settings(
    content_layers=(("block2_conv1", 1.0),),
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
    compute_type="float32",
    scales=1,
    steps=3,
    tolerance=0.0,
    seed=3,
)
HARD = [
    SemanticMap((np.arange(16) >= 7).astype(np.int32)[np.newaxis].repeat(12, axis=0), (RED, BLUE)),
    SemanticMap((np.arange(16) >= 9).astype(np.int32)[:, np.newaxis].repeat(10, axis=1), (RED, BLUE)),
]


def softened(semantic_map, blend=()):
    """Return a map with shares; columns of {column: share of the second} are blended."""
    shares = np.stack([semantic_map.mask(0), semantic_map.mask(1)]).astype(np.float32)
    for column, share in dict(blend).items():
        shares[:, :, column] = np.array([1 - share, share])[:, np.newaxis]
    return dataclasses.replace(semantic_map, shares=shares)


PLAIN = [softened(each) for each in HARD]
SOFT = [softened(HARD[0], {5: 0.2, 6: 0.4, 7: 0.6, 8: 0.8}), PLAIN[1]]


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(("block1_conv1", "block2_conv1"))


@pytest.fixture
def transfer(network):
    def transfer(maps, **others):
        others = {"settings": SETTINGS, **others}
        return transfer_region(CONTENT, STYLE, content_map=maps[0], style_map=maps[1], network=network, **others)

    return transfer


@pytest.mark.parametrize("changes", [{}, {"scales": 2}, {"color": "match"}, {"init": "noise"}, {"size": 23}])
def test_without_blended_pixels_it_is_as_without_soft_maps(transfer, changes):
    options = {"regions": [BLUE], "feather": 2.0, "settings": SETTINGS.changed(**changes)}
    hard, soft = transfer(HARD, **options), transfer(PLAIN, **options)
    assert soft.losses == pytest.approx(hard.losses, rel=1e-4)
    assert_allclose(soft.image, hard.image, atol=1e-3)
    assert soft.remarks == (
        "the maps have no soft edges: each of their pixels is of one region, as without soft maps",
    )
    assert hard.remarks == ()


@pytest.mark.parametrize(
    "changes", [{}, {"init": "noise"}, {"init": "colors"}, {"color": "luminance"}, {"denoise": 0.3}, {"scales": 2}]
)
@pytest.mark.parametrize("options", [{}, {"feather": 3.0}, {"feather": 3.0, "feather_mode": "edges"}])
def test_pixels_without_any_share_stay_bit_for_bit(transfer, changes, options):
    result = transfer(SOFT, regions=[BLUE], settings=SETTINGS.changed(**changes), **options)
    assert_array_equal(result.image[:, :5], CONTENT[:, :5])
    assert (result.image[:, 5] != CONTENT[:, 5]).any()
    assert result.remarks == ()


def test_paint_covers_as_far_as_shares_say(transfer):
    options = {"regions": [BLUE], "settings": SETTINGS.changed(steps=1)}
    alone, flat = transfer(SOFT, transparent=True, **options), transfer(SOFT, **options)
    assert_array_equal(alone.alpha, SOFT[0].shares[1])
    assert_allclose(CONTENT + alone.alpha[..., np.newaxis] * (alone.image - CONTENT), flat.image, atol=1e-6)
    faded = transfer(SOFT, transparent=True, feather=8.0, **options).alpha
    assert (faded <= alone.alpha).all() and (faded < alone.alpha)[:, 8:12].all()


def test_a_plan_of_soft_maps_is_a_region_transfer(transfer, network):
    style = PlannedStyle(STYLE, SOFT[1])
    for settings in (SETTINGS, SETTINGS.changed(init="noise", color="match")):
        planned = transfer_planned(
            CONTENT,
            [PlannedRegion(BLUE, style=style)],
            content_map=SOFT[0],
            settings=settings,
            network=network,
        )
        region = transfer(SOFT, regions=[BLUE], settings=settings)
        assert_array_equal(planned.image, region.image)
        assert planned.losses == region.losses


def test_only_whole_pixels_are_kept_from_masks(network):
    planned = transfer_planned(
        CONTENT,
        [
            PlannedRegion(RED),
            PlannedRegion(mask=np.ones((12, 16), np.float32), style=PlannedStyle(STYLE)),
        ],
        content_map=SOFT[0],
        settings=SETTINGS,
        network=network,
    )
    assert_array_equal(planned.image[:, :5], CONTENT[:, :5])
    assert (planned.image[:, 5:] != CONTENT[:, 5:]).any(axis=(0, 2)).all()


def test_shares_leave_no_choice_of_cells(transfer):
    settings = SETTINGS.changed(propagation="inside")
    with pytest.raises(SettingsError, match="propagation is 'inside', but in soft maps"):
        transfer(SOFT, settings=settings)
    transfer(HARD, settings=settings)
