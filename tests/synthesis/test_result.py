"""Results: what travels with the picture, and its layers."""

from __future__ import annotations

import dataclasses
import io
import json
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image as PillowImage
from reference import random_image

import maskstyle
from maskstyle.images import save_layers
from maskstyle.images.layers import Layer
from maskstyle.images.pixels import to_uint8
from maskstyle.settings import Limits, PatchSettings, Settings
from maskstyle.synthesis.result import Result, ScaleReport, StepRecord, peak_memory_mb, picture_layers
from maskstyle.techniques import MaskInputs


@pytest.fixture
def result():
    losses = {"content": 1.5, "style": 2.25}
    return Result(
        image=random_image(0, 4, 6),
        alpha=None,
        technique="basic",
        settings=Settings(seed=17, steps=2),
        network="vgg19",
        compute_type="float32",
        weights="w.npz",
        limits=Limits(tile_size=512),
        losses=losses,
        steps=(
            StepRecord((2, 3), 1, 0.5, {"content": 4.0, "style": 8.0}),
            StepRecord((4, 6), 1, 1.5, {"content": 2.0, "style": 3.0}),
            StepRecord((4, 6), 2, 2.0, losses),
        ),
        scales=(
            ScaleReport((2, 3), 1, 0.0, "interrupted", "lbfgs", 5),
            ScaleReport((4, 6), 2, 0.5, "steps", "adam", 5),
        ),
        seconds=2.25,
        notes=("mask 1 is too small",),
    )


def test_record(result):
    record = result.record()
    expected = {
        "version": maskstyle.__version__,
        "command": "basic",
        "network": "vgg19",
        "compute_type": "float32",
        "settings": dataclasses.asdict(result.settings),
        "run": {"memory": None, "tile_size": 512},
        "seed": 17,
        "notes": ["mask 1 is too small"],
        "optimizers": ["lbfgs", "adam"],
        "histories": [5, None],
        "resumed_after": [[], []],
        "final_losses": {"content": 1.5, "style": 2.25},
        "sizes": [[2, 3], [4, 6]],
        "evaluations": 3,
        "seconds_total": 2.25,
        "seconds_per_evaluation": [0.0, 0.5],
        "losses": [
            {"size": [2, 3], "step": 1, "seconds": 0.5, "content": 4.0, "style": 8.0},
            {"size": [4, 6], "step": 1, "seconds": 1.5, "content": 2.0, "style": 3.0},
            {"size": [4, 6], "step": 2, "seconds": 2.0, "content": 1.5, "style": 2.25},
        ],
        "stopped_because": "steps",
    }
    assert {key: record[key] for key in expected} == expected
    assert record["peak_memory_mb"] is None or record["peak_memory_mb"] > 1


def test_record_is_json_and_comes_back(result):
    record = result.record()
    assert json.loads(json.dumps(record, allow_nan=False)) == json.loads(json.dumps(record))
    settings = json.loads(json.dumps(record))["settings"]
    for name in ("content_layers", "style_layers"):
        settings[name] = tuple((layer, weight) for layer, weight in settings[name])
    assert Settings(**settings) == result.settings


def test_metadata_is_what_the_picture_needs(result):
    metadata = result.metadata()
    assert metadata.items() <= (result.record() | {"losses": result.losses}).items()
    assert {"version", "command", "network", "compute_type", "settings", "seed", "losses", "stopped_because"} <= set(
        metadata
    )


def test_patches_are_recorded_by_techniques_that_match_them(result):
    assert "patches" not in result.metadata()
    matched = dataclasses.replace(result, patches=PatchSettings(patch_size=6, patch_offset=(1, 0)))
    assert matched.metadata()["patches"] == matched.record()["patches"] == dataclasses.asdict(matched.patches)


def test_stopped_because_is_the_last_sizes(result):
    assert result.stopped_because == "steps"


def test_shows_itself_as_a_png(result):
    with PillowImage.open(io.BytesIO(result._repr_png_())) as shown:
        assert shown.format == "PNG"
        assert_array_equal(np.asarray(shown.convert("RGB")), to_uint8(result.image))


def test_peak_memory_where_the_system_does_not_tell(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory_mb() is None


def test_overlapping_masks_make_the_result(tmp_path) -> None:
    random = np.random.default_rng(0)
    content, style, image = (random.random((32, 32, 3), np.float32) for _ in range(3))
    masks = [random.random((32, 32), np.float32) for _ in range(3)]
    masks[0][:8] = 0
    masks[1][:4] = 0
    masks[2][:4] = 0
    for alpha in (None, random.random((32, 32), np.float32)):
        for transparent in (False, True):
            scene = MaskInputs(content, [style] * 3, masks=masks, transparent=transparent, alpha=alpha).scene()
            expected, opacity = scene.finished(image)
            layers = picture_layers(scene, image)
            assert len(layers) == 4 - transparent
            color, covered = np.zeros_like(content), np.zeros((32, 32), np.float32)
            for layer in layers:
                own = np.ones_like(covered) if layer.alpha is None else layer.alpha
                clipped = own * covered if alpha is not None and not transparent and layer.name != "content" else own
                total = clipped + covered * (1 - own)
                part = np.divide(clipped, total, out=np.zeros_like(total), where=total > 0)[..., np.newaxis]
                color, covered = part * layer.image + (1 - part) * color, total
            assert_allclose(covered, 1 if opacity is None else opacity, atol=1e-5)
            visible = covered > 0
            assert_allclose(color[visible], expected[visible], atol=1e-4)
    save_layers(tmp_path / "layers", layers, Layer("merged", expected, opacity))
    assert len(list((tmp_path / "layers").iterdir())) == 3
