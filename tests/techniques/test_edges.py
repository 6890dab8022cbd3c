"""How paint ends at its edges, and which regions are denoised: what passes, and what does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_scenes import BLUE, CONTENT, GREEN, RED, SETTINGS, STYLE, side_by_side, stacked

from maskstyle import PlanRegion, StyleImage
from maskstyle.errors import MaskstyleError, SettingsError
from maskstyle.techniques import PlanInputs, RegionInputs
from maskstyle.techniques.edges import check_fading

RAMP = np.tile(np.linspace(0, 1, 16, dtype=np.float32), (12, 1))


@pytest.mark.parametrize(("feather", "mode"), [(0.0, "distance"), (3.5, "distance"), (1.0, "edges"), (8.0, "edges")])
def test_fading(feather, mode):
    check_fading(feather, mode)


@pytest.mark.parametrize(
    ("feather", "mode", "says", "about"),
    [
        (-1.0, "distance", "feather is -1; expected a number of pixels of at least 0", "feather"),
        (np.inf, "distance", "feather is inf", "feather"),
        (2.0, "color", "feather_mode is 'color'; expected one of distance, edges", "feather_mode"),
        (0.5, "edges", "feather is 0.5, but `feather_mode` edges .* expected 1 to", "feather_mode"),
        (1e9, "edges", "expected 1 to", "feather_mode"),
    ],
)
def test_fading_that_cannot_work(feather, mode, says, about):
    with pytest.raises(SettingsError, match=says) as caught:
        check_fading(feather, mode)
    assert caught.value.about == (about,)


def by_region(content=CONTENT, **others):
    given = {"content_map": side_by_side((12, 16)), "style_map": stacked((16, 10)), **others}
    return RegionInputs(content, STYLE, **{"settings": SETTINGS.changed(denoise=0.1), **given}).scene()


def by_mask(**others):
    regions = [PlanRegion(mask=RAMP, style=StyleImage(STYLE))]
    return PlanInputs(CONTENT, regions, **{"settings": SETTINGS.changed(denoise=0.1), **others}).scene()


def test_scenes_take_the_edges_of_their_inputs():
    scene = by_region(feather=3.0, feather_mode="edges", transparent=True, denoise_regions=[BLUE])
    assert (scene.feather, scene.feather_mode, scene.transparent, scene.denoised) == (3.0, "edges", True, (1,))
    scene = by_mask(transparent=True)
    assert (scene.feather, scene.feather_mode, scene.transparent, scene.denoised) == (0.0, "distance", True, None)


@pytest.mark.parametrize(
    ("scene_of", "others", "says", "about"),
    [
        (by_region, {"denoise_regions": [RED], "settings": SETTINGS}, "no effect where `denoise` is 0", None),
        (by_region, {"denoise_regions": [RED], "regions": [BLUE]}, "denoise_regions lists #ff0000 .red., which", 0),
        (by_region, {"denoise_regions": [BLUE, GREEN]}, "but got #00ff00", 1),
        (by_mask, {"denoise_regions": [RED]}, "denoise_regions has no effect where no region is painted", None),
        (
            by_mask,
            {"denoise_regions": [RED], "content_map": side_by_side((12, 16))},
            "denoise_regions has no effect where no region is painted",
            None,
        ),
    ],
)
def test_regions_to_denoise_that_cannot_work(scene_of, others, says, about):
    with pytest.raises(MaskstyleError, match=says) as caught:
        scene_of(**others)
    assert caught.value.about == (("denoise_regions",) if about is None else ("denoise_regions", about))


def test_masks_alone_do_not_fade_in():
    with pytest.raises(SettingsError, match="feather has no effect where masks alone paint") as caught:
        by_mask(feather=3.0)
    assert caught.value.about == ("feather",)


def test_regions_that_touch_fade_into_each_other_and_nothing_else():
    scene = by_region(feather=4.0)
    red, blue = (scene.layout.share(each, (12, 16)) for each in scene.layout.placements)
    np.testing.assert_allclose(red[0, 5:11], [1, 0.875, 0.625, 0.375, 0.125, 0], atol=1e-6)
    np.testing.assert_allclose(red + blue, 1, atol=1e-6)
    assert (scene.layout.coverage((12, 16), np.ones((12, 16), np.float32)) == 1).all()
    assert by_region(feather=4.0, regions=[RED]).layout.content_map.shares is None


def test_a_region_of_strength_0_takes_no_paint_from_the_one_beside_it():
    layout = by_region(feather=4.0, strengths=[(BLUE, 0.0)]).layout
    assert not layout.painted_share((12, 16))[:, 8:].any()


def test_regions_that_touch_fade_along_edges_of_the_content():
    content = CONTENT * 0.1
    content[:, 6:] += np.float32(0.5)  # two columns before the edge of the map
    shares = by_region(content=content, feather=4.0, feather_mode="edges").layout.content_map.shares
    assert np.allclose(shares.sum(axis=0), 1)
    assert shares[0, 6, 5] - shares[0, 6, 6] > 0.3
    assert shares[0, 6, 0] == shares[1, 6, -1] == 1


def test_soft_edges_between_painted_regions_become_softer():
    soft = side_by_side((12, 16))
    blue = np.tile(np.clip((np.arange(16, dtype=np.float32) - 5) / 5, 0, 1), (12, 1))
    blue[-2:] *= np.float32(0.5)  # what is left belongs to neither
    soft = replace(soft, shares=np.stack([np.where(np.arange(12)[:, np.newaxis] < 10, 1 - blue, 0), blue]))
    faded = by_region(content_map=soft, feather=6.0).layout.content_map.shares
    assert np.allclose(faded.sum(axis=0), soft.shares.sum(axis=0), atol=1e-6)
    assert (np.diff(faded[1, 5]) >= 0).all()
    assert ((faded[1, 5] > 0) & (faded[1, 5] < 1)).sum() > ((blue[5] > 0) & (blue[5] < 1)).sum()
