"""Stroke sizes: the scale of a style, and that of a region."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from maskstyle.errors import SettingsError
from maskstyle.plans.load import load_plan
from maskstyle.plans.read import read_plan
from maskstyle.plans.write import resolved_table

PLAN = """content = "photo.png"
content_map = "photo_map.png"
[settings]
network = "lite"
[styles.wave]
image = "photo.png"
scale = 2
[[region]]
region = "red"
style = "wave"
scale = 0.75
[[region]]
region = "blue"
style = "wave"
"""


@pytest.fixture
def scene_of(tmp_path):
    """Return a function from the text of a plan to the plan, loaded, and its scene."""
    colors = np.array([(255, 0, 0), (0, 0, 255)], np.uint8)
    Image.fromarray(colors[np.tile(np.arange(64) // 32, (64, 1))]).save(tmp_path / "photo_map.png")
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(tmp_path / "photo.png")

    def scene_of(text):
        (tmp_path / "plan.toml").write_text(text)
        loaded = load_plan(read_plan(tmp_path / "plan.toml"))
        return loaded, loaded.scene()

    return scene_of


def test_each_region_sees_its_style_at_its_own_scale(scene_of):
    _, scene = scene_of(PLAN)
    seen = {each.placements[0].name: each.image.shape[:2] for each in scene.styles_at((64, 64))}
    assert seen == {"#ff0000 (red)": (96, 96), "#0000ff (blue)": (128, 128)}


def test_a_style_larger_than_itself_is_noted(scene_of):
    _, scene = scene_of(PLAN)
    assert any("enlarged from 64x64 to 128x128" in note for note in scene.notes)


def test_scales_are_part_of_the_identity_and_of_the_record(scene_of):
    loaded, scene = scene_of(PLAN)
    table = resolved_table(loaded, scene, str)
    assert table["styles"]["wave"]["scale"] == 2
    assert [each.get("scale") for each in table["region"]] == [0.75, None]
    _, other = scene_of(PLAN.replace("0.75", "0.5"))
    from maskstyle.synthesis.identity import plain

    assert plain(scene.identity) != plain(other.identity)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PLAN.replace("scale = 2", "scale = 0"), "line 7: scale is 0; expected a number above 0"),
        (PLAN.partition("[[")[0].replace('content_map = "photo_map.png"\n', ""), "scale has no effect in technique"),
    ],
)
def test_what_is_refused(scene_of, text, says):
    with pytest.raises(SettingsError, match=says):
        scene_of(text)
