"""Scenes: what their time and memory depend on, their margins, and which pixels they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_scenes import CONTENT, LAYERS, OTHER, RED, SETTINGS, STYLE, side_by_side, softened, stacked

from maskstyle import Limits, PatchSettings, PlanRegion, StyleImage
from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import VGG19
from maskstyle.objective.extract import Extractor
from maskstyle.settings import without_content
from maskstyle.synthesis.estimate import IMAGE_READING_BYTES, MAP_READING_BYTES, MASK_READING_BYTES
from maskstyle.techniques import BasicInputs, DoodleInputs, MaskInputs, PatchInputs, PlanInputs, RegionInputs

SIZE = CONTENT.shape[:2]
MAPS = {"content_map": side_by_side(SIZE), "style_map": stacked(STYLE.shape[:2])}
RAMP = np.tile(np.linspace(0, 1, 16, dtype=np.float32), (12, 1))

SCENES = {
    "basic": lambda: BasicInputs(CONTENT, STYLE, settings=SETTINGS),
    "blend": lambda: BasicInputs(CONTENT, [STYLE, OTHER], settings=SETTINGS),
    "region": lambda: RegionInputs(CONTENT, STYLE, **MAPS, settings=SETTINGS),
    "soft": lambda: RegionInputs(
        CONTENT, STYLE, **{name: softened(each) for name, each in MAPS.items()}, settings=SETTINGS
    ),
    "mask": lambda: MaskInputs(CONTENT, [STYLE, STYLE], masks=[RAMP, 1 - RAMP], settings=SETTINGS),
    "patch": lambda: PatchInputs(CONTENT, STYLE, **MAPS, settings=SETTINGS),
    "doodle": lambda: DoodleInputs(
        STYLE, doodle=MAPS["content_map"], style_map=MAPS["style_map"], settings=without_content(SETTINGS)
    ),
    "plan": lambda: PlanInputs(
        CONTENT,
        [PlanRegion(RED, style=StyleImage(STYLE)), PlanRegion(mask=RAMP, style=StyleImage(OTHER))],
        content_map=MAPS["content_map"],
        settings=SETTINGS,
    ),
}


@pytest.mark.parametrize(
    ("name", "regions", "masks", "styles", "patches"),
    [
        ("basic", False, 0, 1, None),
        ("blend", False, 0, 2, None),
        ("region", True, 0, 1, None),
        ("soft", True, 2, 1, None),
        ("mask", False, 2, 1, None),
        ("patch", True, 0, 1, PatchSettings()),
        ("doodle", True, 0, 1, None),
        ("plan", True, 1, 2, None),
    ],
)
def test_demand(name, regions, masks, styles, patches):
    scene, limits = SCENES[name]().scene(), Limits(memory=3.0)
    demand = scene.demand(VGG19, "float32", limits)
    assert (demand.network, demand.compute_type, demand.limits) == (VGG19, "float32", limits)
    assert (demand.regions, demand.masks, demand.styles, demand.patches) == (regions, masks, styles, patches)
    assert demand.guides == len(scene.layout.placements)
    assert demand.sizes == scene.sizes == [SIZE]
    each = MAP_READING_BYTES if regions else MASK_READING_BYTES if masks else IMAGE_READING_BYTES
    assert (demand.input_size, demand.reading_bytes) == ((12, 16), each * 12 * 16)
    images = 12 * (16 * 10 + (styles - 1) * 10 * 10 + (12 * 16 if name != "doodle" else 0))
    assert demand.input_bytes >= images + 4 * 12 * 16 * (masks + regions)


def test_limits_are_fitted_once_whatever_is_free_later(monkeypatch):
    """So that a forecast and the run that follows agree."""
    scene = SCENES["basic"]().scene()
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 8.0)
    fitted = scene.limits(VGG19, "float32", Limits())
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 0.1)
    assert scene.limits(VGG19, "float32", Limits()) == scene.limits(VGG19, "float32", fitted) == fitted
    with pytest.raises(SettingsError, match="GB is free"):
        SCENES["basic"]().scene().limits(VGG19, "float32", Limits())


@pytest.mark.parametrize(("padding", "expected"), [("edge", [16, 0]), ("zero", [0, 0])])
def test_doodles_have_a_margin_at_all_sizes_but_the_finest(tiny_network, padding, expected):
    settings = without_content(SETTINGS.changed(scales=2))
    maps = {"doodle": MAPS["content_map"], "style_map": MAPS["style_map"]}
    scene = DoodleInputs(STYLE, **maps, settings=settings).scene()
    extractor = Extractor(tiny_network(LAYERS, padding=padding))
    assert [scene.margin_at(size, extractor) for size in scene.sizes] == expected
    by_patch = DoodleInputs(STYLE, **maps, matching="patch", settings=settings).scene()
    assert [by_patch.margin_at(size, extractor) for size in by_patch.sizes] == [0, 0]


def test_pixels_may_change_where_something_is_painted():
    assert SCENES["basic"]().scene().free_at(SIZE) is None
    assert SCENES["doodle"]().scene().free_at(SIZE) is None
    scene = SCENES["plan"]().scene()
    expected = (MAPS["content_map"].labels == 0) | (RAMP > 0)
    assert_array_equal(scene.free_at(SIZE), expected)
    assert_array_equal(scene.with_kept_pixels(np.zeros_like(CONTENT))[~expected], CONTENT[~expected])
