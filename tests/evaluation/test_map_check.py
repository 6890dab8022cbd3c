"""Map checks: matches, refusals, notes, suggestions and the preview."""

from __future__ import annotations

import json

import numpy as np
import pytest
from map_pictures import BLUE, GREEN, RED, WHITE, YELLOW
from PIL import Image as PillowImage

from maskstyle.errors import SettingsError
from maskstyle.evaluation import check_maps, draw_preview
from maskstyle.evaluation.map_preview import SIDE
from maskstyle.images.pixels import to_uint8
from maskstyle.maps.semantic_map import Absorbed, SemanticMap
from maskstyle.settings import Settings


def blocks(*colors, size=(64, 96), absorbed=()):
    """Return a map with one upright block of each color."""
    labels = (np.arange(size[1]) * len(colors) // size[1]).astype(np.int32)[np.newaxis].repeat(size[0], axis=0)
    return SemanticMap(labels, colors, absorbed)


def pairs_of(report):
    return [
        tuple(None if region is None else (region.color, region.count) for region in pair) for pair in report.pairs
    ]


def test_matching_maps():
    report = check_maps(blocks(RED, BLUE), blocks(BLUE, RED, size=(40, 60)))
    assert report.refusal is None
    assert pairs_of(report) == [((RED, 3072), (RED, 1200)), ((BLUE, 3072), (BLUE, 1200))]
    assert report.notes == report.suggestions == ()
    assert report.pairs[0][0].share == 0.5


def test_unmatched_regions():
    report = check_maps(blocks(RED, GREEN), blocks(RED, YELLOW), names=("a.png", "b.png"))
    assert pairs_of(report) == [((RED, 3072), (RED, 3072)), ((GREEN, 3072), None), (None, (YELLOW, 3072))]
    assert "b.png lacks #00ff00 (green, 3,072 pixels" in report.refusal
    assert report.suggestions[0].startswith("--map '#00ff00=#ffff00'")
    assert "--unmatched keep" in report.suggestions[1]
    assert check_maps(blocks(RED, GREEN), blocks(RED, YELLOW), unmatched="keep").refusal is None
    paired = check_maps(blocks(RED, GREEN), blocks(RED, YELLOW), mapping=[(GREEN, YELLOW)])
    assert paired.refusal is None
    assert pairs_of(paired)[1] == ((GREEN, 3072), (YELLOW, 3072))


def test_a_region_that_only_the_style_map_has_is_no_problem():
    report = check_maps(blocks(RED), blocks(RED, YELLOW))
    assert report.refusal is None
    assert report.pairs[1][0] is None
    assert report.pairs[1][1].color == YELLOW
    assert report.suggestions == ()


def test_a_map_of_another_size_is_resized_or_refused():
    report = check_maps(blocks(RED), blocks(RED), content_size=(128, 192), style_image_size=(64, 64))
    assert "the style map is 96x64" in report.refusal
    assert "crop" in report.refusal
    assert pairs_of(report) == [((RED, 128 * 192), (RED, 64 * 96))]
    assert "the content map is 96x64 and is resized to its image, 192x128" in report.notes


def test_a_region_too_small_for_a_layer():
    labels = np.zeros((256, 256), np.int32)
    labels[9:12, 9:12] = 1
    small = SemanticMap(labels, (RED, BLUE))
    report = check_maps(
        small, blocks(RED, BLUE), settings=Settings(style_layers=(("block1_conv1", 1), ("block4_conv1", 1)))
    )
    assert report.pairs[1][0].missing_layers == ("block4_conv1",)
    assert "#0000ff (blue) of the content map is too small for block4_conv1 and has no effect there" in report.notes
    assert any("--propagation all" in suggestion for suggestion in report.suggestions)
    larger = check_maps(small, blocks(RED, BLUE), settings=Settings(size=2048, style_layers=(("block4_conv1", 1),)))
    assert larger.pairs[1][0].missing_layers == ()
    assert any("is tiny (0.014 %)" in note for note in larger.notes)


def test_one_region_transparency_and_small_patches():
    holed = blocks(RED, absorbed=(Absorbed(BLUE, 7, (RED,)),))
    holed.labels[:16] = -1
    report = check_maps(holed, blocks(RED))
    assert report.notes == (
        "25 % of the content map is transparent and belongs to no region",
        "the content map has only one region, #ff0000 (red)",
        "the content map has 7 pixels of #0000ff (blue), too few for a region (0.15 %); merged into #ff0000 (red)",
        "the style map has only one region, #ff0000 (red)",
    )
    assert report.suggestions == ("--least-region 7 turns all small patches into regions",)
    record = json.loads(json.dumps(report.record()))
    assert record["accepted"] is True
    assert record["notes"] == list(report.notes)
    assert record["content_map"]["absorbed"] == [{"color": "#0000ff", "pixels": 7, "into": ["#ff0000"]}]
    assert record["regions"][0]["content"]["pixels"] == 48 * 96


def test_a_mapping_of_unknown_colors_is_refused_and_the_rest_is_reported():
    report = check_maps(blocks(RED), blocks(RED), mapping=[(GREEN, RED)])
    assert "got #00ff00 (green)" in report.refusal
    assert pairs_of(report) == [((RED, 6144), (RED, 6144))]


def test_contradictory_options():
    with pytest.raises(SettingsError, match="is mapped, but is not among the `regions` to paint"):
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
    assert close(preview[top, right], BLUE)
    assert close(preview[top, right + 300], RED)
    assert PillowImage.fromarray(preview).size == (2 * SIDE + 36, 32 + 240 + 12 + 2 * 20 + 12)


def test_the_preview_shows_transparency_and_unmatched_regions():
    content, style = blocks(RED, WHITE), blocks(RED, size=(30, 400))
    content.labels[:20] = -1
    preview = to_uint8(draw_preview(check_maps(content, style)))
    shades = {tuple(color) for color in preview[34:100, 12:200].reshape(-1, 3)}
    assert {(204, 204, 204), (242, 242, 242)} <= shades
    reddish = (preview[..., 0] > 170) & (preview[..., 1] < 60) & (preview[..., 2] < 40)
    assert reddish[-32:, 50:SIDE].any()
    assert not reddish[-32:, SIDE + 24 :].any()


# What to try


def test_suggested_pairs_are_plausible_and_one_to_one():
    content = blocks(RED, BLUE, YELLOW, WHITE)
    style = blocks((200, 70, 50), (230, 60, 50), (120, 180, 230), (30, 80, 160), (0, 0, 0))
    report = check_maps(content, style, names=("a.png", "b.png"))
    alike, placed, draft, whole = report.suggestions
    assert alike == "--map '#ff0000=#e63c32' --map '#0000ff=#1e50a0' matches regions of similar color"
    assert placed.startswith(
        "--map '#ffff00=#78b4e6' --map '#ffffff=#000000' matches regions of similar place and size"
    )
    assert draft.startswith("maskstyle maps draft CONTENT --like b.png STYLE -o MAP.png")
    assert whole.startswith("--unmatched whole-style")
    assert "the maps share no color: #ff0000 (red), " in report.refusal
    assert "color_map_like" in report.refusal
    assert report.unmatched


def test_a_wrong_aspect_ratio_is_not_an_unmatched_region():
    report = check_maps(blocks(RED), blocks(BLUE), content_size=(64, 64))
    assert not report.unmatched
    assert report.suggestions == ()
