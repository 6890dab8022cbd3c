"""One check for all techniques: three steps on a tiny network lower the loss, from the API's own front door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference import random_image

import maskstyle
from maskstyle.guidance.planned import PlannedRegion, PlannedStyle
from maskstyle.maps import SemanticMap
from maskstyle.settings import PatchSettings, Settings
from maskstyle.techniques.basic import transfer_basic
from maskstyle.techniques.doodle import transfer_doodle
from maskstyle.techniques.gradient_mask import transfer_gradient_mask
from maskstyle.techniques.patch import transfer_patch
from maskstyle.techniques.plan import wanted_layers
from maskstyle.techniques.planned import transfer_planned
from maskstyle.techniques.region import transfer_region

CONTENT, STYLE = random_image(1, 20, 24), random_image(2, 18, 24) ** 2

MAPS = {
    "content_map": SemanticMap(np.indices((20, 24))[1].astype(np.int32) // 12, ((255, 0, 0), (0, 0, 255))),
    "style_map": SemanticMap(np.indices((18, 24))[0].astype(np.int32) // 9, ((0, 0, 255), (255, 0, 0))),
}

RAMP = np.tile(np.linspace(0, 1, 24, dtype=np.float32), (20, 1))

SETTINGS = Settings(
    content_layers=(("block2_conv1", 1.0),),
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
    init="content",
    scales=1,
    steps=3,
    tolerance=0.0,
    learning_rate=0.02,
    seed=3,
)

TECHNIQUES = {
    "basic": lambda **others: transfer_basic(CONTENT, STYLE, **others),
    "gradient_mask": lambda **others: transfer_gradient_mask(CONTENT, [STYLE], masks=[RAMP], **others),
    "doodle": lambda settings, **others: transfer_doodle(
        STYLE,
        style_map=MAPS["style_map"],
        doodle=MAPS["content_map"],
        settings=settings.changed(content_weight=0.0, init="colors" if settings.init == "content" else settings.init),
        **others,
    ),
    "patch": lambda **others: transfer_patch(CONTENT, STYLE, patches=PatchSettings(patch_size=8), **MAPS, **others),
    "planned": lambda **others: transfer_planned(
        CONTENT, [PlannedRegion((255, 0, 0), style=PlannedStyle(STYLE))], content_map=MAPS["content_map"], **others
    ),
    "region": lambda **others: transfer_region(CONTENT, STYLE, **MAPS, **others),
}
"""Each technique by its file's name, on small inputs of its own; a new technique adds its line here."""


def test_every_technique_is_in_the_table():
    folder = Path(maskstyle.__file__).parent / "techniques"
    assert set(TECHNIQUES) == {path.stem for path in folder.glob("*.py")} - {"__init__", "plan", "setup"}


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("name", TECHNIQUES)
def test_three_steps_lower_the_loss(tiny_choice, name, optimizer):
    steps = []
    settings = SETTINGS.changed(optimizer=optimizer)
    result = TECHNIQUES[name](settings=settings, network=tiny_choice(wanted_layers(settings)), on_step=steps.append)

    assert [step.step for step in steps] == [1, 2, 3]
    assert sum(result.losses.values()) == min(step.total for step in steps) < steps[0].total
    assert result.image.dtype == np.float32
    assert result.image.shape == CONTENT.shape
    assert result.image.min() >= 0 and result.image.max() <= 1
    assert result.technique == name
    if name == "doodle":  # which has no content
        settings = settings.changed(content_weight=0.0, init="colors")
    assert result.settings == settings
    assert (result.network, result.compute_type) == ("tiny19", "float32")
    assert [report.evaluations for report in result.scales] == [3]
    assert len(result.steps) == 3


@pytest.mark.parametrize("name", TECHNIQUES)
def test_same_seed_same_picture(tiny_choice, name):
    settings = SETTINGS.changed(init="noise")
    choice = tiny_choice(wanted_layers(settings))
    first, second = (TECHNIQUES[name](settings=settings, network=choice).image for _ in range(2))
    np.testing.assert_array_equal(first, second)
