"""Checking two maps: what is found, what is refused, and what the preview shows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from map_pictures import BLUE, GREEN, RED, WHITE, YELLOW
from PIL import Image as PillowImage

from maskstyle.errors import SettingsError
from maskstyle.evaluation.map_check import check_maps
from maskstyle.evaluation.map_preview import SIDE, draw_preview
from maskstyle.images.pixels import to_uint8
from maskstyle.maps.io import Absorbed, SemanticMap
from maskstyle.settings import Settings


def blocks(*colors, size=(64, 96), absorbed=()):
    """Return a map with one upright block of each color."""
    labels = (np.arange(size[1]) * len(colors) // size[1]).astype(np.int32)[np.newaxis].repeat(size[0], axis=0)
    return SemanticMap(labels, colors, absorbed)


def told(report):
    return [
        tuple(None if region is None else (region.color, region.count) for region in pair) for pair in report.pairs
    ]


def test_maps_that_go_together():
    report = check_maps(blocks(RED, BLUE), blocks(BLUE, RED, size=(40, 60)))
    assert report.refusal is None
    assert told(report) == [((RED, 3072), (RED, 1200)), ((BLUE, 3072), (BLUE, 1200))]
    assert report.remarks == report.suggestions == ()
    assert report.pairs[0][0].share == 0.5


def test_regions_without_a_counterpart():
    report = check_maps(blocks(RED, GREEN), blocks(RED, YELLOW), names=("a.png", "b.png"))
    assert told(report) == [((RED, 3072), (RED, 3072)), ((GREEN, 3072), None), (None, (YELLOW, 3072))]
    assert "b.png lacks #00ff00 (green, 3,072 pixels" in report.refusal
    assert report.suggestions[0].startswith("--map '#00ff00=#ffff00'")
    assert "--unmatched keep" in report.suggestions[1]
    assert check_maps(blocks(RED, GREEN), blocks(RED, YELLOW), unmatched="keep").refusal is None
    paired = check_maps(blocks(RED, GREEN), blocks(RED, YELLOW), mapping=[(GREEN, YELLOW)])
    assert paired.refusal is None and told(paired)[1] == ((GREEN, 3072), (YELLOW, 3072))


def test_what_only_the_style_has():
    report = check_maps(blocks(RED), blocks(RED, YELLOW))
    assert "lacks #ffff00" in report.refusal
    assert report.suggestions == ("--regions '#ff0000' paints these, whatever else the style has",)
    assert check_maps(blocks(RED), blocks(RED, YELLOW), regions=[RED]).refusal is None


def test_a_map_of_another_size_is_resized_or_refused():
    report = check_maps(blocks(RED), blocks(RED), content_size=(128, 192), style_image_size=(64, 64))
    assert "the style map is 64x96" in report.refusal and "crop" in report.refusal
    assert told(report) == [((RED, 128 * 192), (RED, 64 * 96))]
    assert "the content map is 64x96 (height x width), and is resized to its image's 128x192" in report.remarks


def test_a_region_that_vanishes_on_a_layer():
    labels = np.zeros((256, 256), np.int32)
    labels[9:12, 9:12] = 1
    small = SemanticMap(labels, (RED, BLUE))
    report = check_maps(
        small, blocks(RED, BLUE), settings=Settings(style_layers=(("block1_conv1", 1), ("block4_conv1", 1)))
    )
    assert report.pairs[1][0].vanishes == ("block4_conv1",)
    assert "#0000ff (blue) of the content map is too small for block4_conv1; it has no say there" in report.remarks
    assert any("--propagation all" in suggestion for suggestion in report.suggestions)
    larger = check_maps(small, blocks(RED, BLUE), settings=Settings(size=2048, style_layers=(("block4_conv1", 1),)))
    assert larger.pairs[1][0].vanishes == ()
    assert any("is tiny (0.014 %)" in remark for remark in larger.remarks)


def test_one_region_transparency_and_small_patches():
    holed = blocks(RED, absorbed=(Absorbed(BLUE, 7, (RED,)),))
    holed.labels[:16] = -1
    report = check_maps(holed, blocks(RED))
    assert report.remarks == (
        "25 % of the content map is transparent, and in no region",
        "the content map is one region, #ff0000 (red)",
        "the content map has 7 pixels of #0000ff (blue), too few for a region (0.15 %); merged into #ff0000 (red)",
        "the style map is one region, #ff0000 (red)",
    )
    assert report.suggestions == ("--least-region 7 makes regions of all small patches",)
    record = json.loads(json.dumps(report.record()))
    assert record["accepted"] is True and record["remarks"] == list(report.remarks)
    assert record["content_map"]["absorbed"] == [{"color": "#0000ff", "pixels": 7, "into": ["#ff0000"]}]
    assert record["regions"][0]["content"]["pixels"] == 48 * 96


def test_a_mapping_of_what_is_not_there_is_refused_and_the_rest_is_told():
    report = check_maps(blocks(RED), blocks(RED), mapping=[(GREEN, RED)])
    assert "got #00ff00 (green)" in report.refusal
    assert told(report) == [((RED, 6144), (RED, 6144))]


def test_options_that_contradict_one_another():
    with pytest.raises(SettingsError, match="is mapped, but is not among the regions"):
        check_maps(blocks(RED, BLUE), blocks(RED, BLUE), mapping=[(BLUE, RED)], regions=[RED])


# The preview


def close(pixel, color, most=3):
    return np.abs(np.asarray(pixel, int) - color).max() <= most


def test_the_preview_shows_both_maps_over_their_images():
    content, style = blocks(RED, BLUE, size=(240, 480)), blocks(BLUE, RED, size=(240, 480))
    images = (np.full((240, 480, 3), 1.0, np.float32), None)
    preview = to_uint8(draw_preview(check_maps(content, style), images))
    top, left, right = 32 + 20, 12 + 20, SIDE + 24 + 20
    assert close(preview[top, left], (255, 128, 128))
    assert close(preview[top, left + 300], (128, 128, 255))
    assert close(preview[top, right], BLUE) and close(preview[top, right + 300], RED)
    assert PillowImage.fromarray(preview).size == (2 * SIDE + 36, 32 + 240 + 12 + 2 * 20 + 12)


def test_the_preview_shows_what_is_in_no_region_and_what_has_no_counterpart():
    content, style = blocks(RED, WHITE), blocks(RED, size=(30, 400))
    content.labels[:20] = -1
    preview = to_uint8(draw_preview(check_maps(content, style)))
    shades = {tuple(color) for color in preview[34:100, 12:200].reshape(-1, 3)}
    assert {(204, 204, 204), (242, 242, 242)} <= shades
    reddish = (preview[..., 0] > 170) & (preview[..., 1] < 60) & (preview[..., 2] < 40)
    assert (
        reddish[-32:, 50:SIDE].any() and not reddish[-32:, SIDE + 24 :].any()
    )  # "no counterpart", beside what has none


# What to try


def test_suggested_pairs_are_plausible_and_one_to_one():
    content = blocks(RED, BLUE, YELLOW, WHITE)
    style = blocks((200, 70, 50), (230, 60, 50), (120, 180, 230), (30, 80, 160), (0, 0, 0))
    report = check_maps(content, style, names=("a.png", "b.png"))
    alike, placed, draft, whole = report.suggestions
    assert alike == "--map '#ff0000=#e63c32' --map '#0000ff=#1e50a0' pairs regions whose colors look alike"
    assert placed.startswith("--map '#ffff00=#78b4e6' --map '#ffffff=#000000' pairs regions of like place and size")
    assert draft.startswith("maskstyle maps draft PHOTO --like b.png PAINTING -o MAP.png")
    assert whole.startswith("--unmatched whole-style")
    assert "no color is in both: there are #ff0000 (red), " in report.refusal and "color_map_like" in report.refusal
    assert report.unmatched


def test_a_map_of_another_shape_is_no_matter_of_counterparts():
    report = check_maps(blocks(RED), blocks(BLUE), content_size=(64, 64))
    assert not report.unmatched and report.suggestions == ()
