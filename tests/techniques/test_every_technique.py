"""One check for all techniques: three steps on a tiny network lower the loss, from the API's own front door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference import TINY19, he_weights, random_image

import maskstyle
from maskstyle.errors import CheckpointError
from maskstyle.guidance.planned import PlannedRegion, PlannedStyle
from maskstyle.maps.io import SemanticMap
from maskstyle.settings import PatchSettings, Settings
from maskstyle.synthesis.checkpoints import Checkpoints
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


@pytest.mark.parametrize("name", TECHNIQUES)
def test_goes_on_from_a_checkpoint_as_if_nothing_had_been(tiny_choice, eagerly, name, tmp_path):
    settings = SETTINGS.changed(optimizer="adam", scales=2, size=24)
    choice = tiny_choice(wanted_layers(settings))
    path = tmp_path / "checkpoint"
    whole = TECHNIQUES[name](settings=settings, network=choice)

    asked = []
    TECHNIQUES[name](
        settings=settings,
        network=choice,
        should_stop=lambda: (asked.append(0), len(asked) == 4)[1],
        checkpoints=Checkpoints(path),
    )
    checkpoints = Checkpoints(path, resume=True)
    resumed = TECHNIQUES[name](settings=settings, network=choice, checkpoints=checkpoints)

    np.testing.assert_array_equal(resumed.image, whole.image)
    assert resumed.losses == whole.losses
    assert [scale.resumed_after for scale in resumed.scales] == [(), (1,)]
    assert resumed.record()["resumed_after"] == [[], [1]]
    assert resumed.remarks == whole.remarks
    checkpoints.remove()
    assert not path.exists()


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_checkpoint_of_another_job_is_refused(tiny_choice, eagerly, name, tmp_path):
    choice = tiny_choice(wanted_layers(SETTINGS))

    def begun(path, *, resume=False, **changes):
        changes = {"steps": 2, **changes}
        settings = SETTINGS.changed(**changes)
        checkpoints = Checkpoints(path, resume=resume)
        TECHNIQUES[name](settings=settings, network=choice, should_stop=lambda: True, checkpoints=checkpoints)

    begun(tmp_path / "own")
    with pytest.raises(CheckpointError, match="of another job: style_weight was 20.0 and is 3.0; do everything"):
        begun(tmp_path / "own", resume=True, style_weight=3.0)
    begun(tmp_path / "own", resume=True, snapshot_every=5)  # which has no bearing

    other = "region" if name != "region" else "basic"
    TECHNIQUES[other](
        settings=SETTINGS, network=choice, should_stop=lambda: True, checkpoints=Checkpoints(tmp_path / "other")
    )
    with pytest.raises(CheckpointError, match=f"technique was {other} and is {name}, "):
        begun(tmp_path / "other", resume=True)


FLIPPED = SemanticMap(MAPS["content_map"].labels[:, ::-1], MAPS["content_map"].colors)

INPUTS = {
    "content image": ("basic", lambda: {"content": CONTENT**2}),
    "style images": ("basic", lambda: {"style": [STYLE, CONTENT]}),
    "alpha": ("basic", lambda: {"alpha": np.ones((20, 24), np.float32)}),
    "initial image": ("basic", lambda: {"initial": STYLE}),
    "masks": ("gradient_mask", lambda: {"masks": [1 - RAMP]}),
    "strengths of the masks": ("gradient_mask", lambda: {"strengths": [2.0]}),
    "content map": ("region", lambda: {"content_map": FLIPPED}),
    "mapping": ("region", lambda: {"mapping": [((255, 0, 0), (0, 0, 255)), ((0, 0, 255), (255, 0, 0))]}),
    "feather was 0.0 and is 3.0": ("region", lambda: {"feather": 3.0}),
    "patch_size was 8 and is 6": ("patch", lambda: {"patches": PatchSettings(patch_size=6)}),
    "doodle": ("doodle", lambda: {"doodle": FLIPPED}),
    "matching was region and is patch": ("doodle", lambda: {"matching": "patch"}),
}
"""Inputs that a job depends on, by what is said where they differ."""


@pytest.mark.parametrize("says", INPUTS)
def test_other_inputs_are_another_job(tiny_choice, eagerly, says, tmp_path):
    name, others = INPUTS[says]
    given = {
        "basic": {"content": CONTENT, "style": STYLE},
        "gradient_mask": {"content": CONTENT, "styles": [STYLE], "masks": [RAMP]},
        "region": {"content": CONTENT, "style": STYLE, **MAPS},
        "patch": {"content": CONTENT, "style": STYLE, **MAPS, "patches": PatchSettings(patch_size=8)},
        "doodle": {"style": STYLE, "style_map": MAPS["style_map"], "doodle": MAPS["content_map"]},
    }[name]
    settings = SETTINGS.changed(content_weight=0.0, init="colors") if name == "doodle" else SETTINGS
    choice = tiny_choice(wanted_layers(settings))
    path = tmp_path / "checkpoint"

    def run(given, resume):
        getattr(maskstyle, f"transfer_{name}")(
            **given,
            settings=settings,
            network=choice,
            should_stop=lambda: True,
            checkpoints=Checkpoints(path, resume=resume),
        )

    run(given, False)
    run(given, True)
    with pytest.raises(CheckpointError, match=says if " was " in says else f"not the same {says}"):
        run(given | others(), True)


def test_another_network_is_another_job(tiny_choice, tiny_network, eagerly, tmp_path):
    def run(resume, **others):
        TECHNIQUES["basic"](
            settings=SETTINGS,
            should_stop=lambda: True,
            checkpoints=Checkpoints(tmp_path / "own", resume=resume),
            **others,
        )

    layers = wanted_layers(SETTINGS)
    run(False, network=tiny_choice(layers))
    run(True, network=tiny_network(layers, padding=SETTINGS.padding))  # the same, given loaded
    with pytest.raises(CheckpointError, match="padding was edge and is zero"):
        run(True, network=tiny_network(layers, padding="zero"))
    with pytest.raises(CheckpointError, match="compute type was float32 and is bfloat16"):
        run(True, network=tiny_choice(layers, "bfloat16"))
    weights = he_weights(TINY19, TINY19.layers, seed=1)
    with pytest.raises(CheckpointError, match="another job: not the same weights of the network"):
        run(True, network=tiny_network(layers, padding=SETTINGS.padding, weights=weights))
