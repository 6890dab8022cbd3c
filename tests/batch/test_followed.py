"""The files of maps and masks that follow the first frame's."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ExifTags, Image

pytest.importorskip("cv2")

from maskstyle import load_mask
from maskstyle.batch.followed import FollowedFiles
from maskstyle.motion.flow import Motion
from maskstyle.plans.read import read_plan

SIZE = (24, 40)
STILL = Motion(np.zeros((*SIZE, 2), np.float32), np.ones(SIZE, np.bool_))
NOW = np.random.default_rng(1).random((*SIZE, 3), np.float32)


@pytest.fixture
def followed(tmp_path, monkeypatch):
    """Return a function from the text of a plan to the plan of the second frame of a still clip."""
    monkeypatch.chdir(tmp_path)

    def followed(text):
        (tmp_path / "plan.toml").write_text(text)
        files = FollowedFiles(read_plan("plan.toml"), [tmp_path / "f1.jpg", tmp_path / "f2.jpg"], tmp_path / "maps")
        files.plan_of(0, NOW, None)
        return files.plan_of(1, NOW, STILL)

    return followed


@pytest.fixture
def frames(tmp_path):
    """Write two frames that EXIF rotates, and a style."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for name in ("f1", "f2"):
        Image.new("RGB", SIZE, "gray").save(tmp_path / f"{name}.jpg", exif=exif)
    Image.new("RGB", (30, 30), "gray").save(tmp_path / "style.jpg")


def test_masks_of_one_name_stay_apart(frames, followed, tmp_path):
    for place, name in enumerate(("sky", "water")):
        (tmp_path / name).mkdir()
        mask = np.zeros(SIZE, np.uint8)
        mask[:, 20 * place : 20 * place + 20] = 255
        Image.fromarray(mask).save(tmp_path / name / "f1.png")
    plan = followed(
        'technique = "plan"\ncontent = "f1.jpg"\n[styles.a]\nimage = "style.jpg"\n'
        + "".join(f'[[region]]\nmask = "{name}/f1.png"\nstyle = "a"\n' for name in ("sky", "water"))
    )
    masks = [load_mask(plan.file(region.mask)) for region in plan.regions]
    assert (masks[0][:, :14] == 1).all()
    assert (masks[1][:, 26:] == 1).all()
    assert not (masks[0] * masks[1])[:, [*range(14), *range(26, 40)]].any()


@pytest.mark.parametrize("own", [False, True])
def test_maps_for_rotated_frames_stay_as_they_are(frames, followed, tmp_path, own):
    shown = np.zeros((*SIZE, 3), np.uint8)
    shown[:, 30:] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6 if own else 1
    Image.fromarray(np.rot90(shown).copy()).save(tmp_path / "f1_map.png", exif=exif)
    plan = followed(
        'technique = "plan"\ncontent = "f1.jpg"\ncontent_map = "f1_map.png"\nmap_orientation = "stored"\n'
        '[styles.a]\nimage = "style.jpg"\n[[region]]\nregion = "white"\nstyle = "a"\nstyle_region = "whole"\n'
    )
    found = plan.reading.read(plan.file(plan.values["content_map"]), tmp_path / "f2.jpg")
    white = found.labels == found.colors.index((255, 255, 255))
    assert not white[:, :24].any()
    assert white[:, 36:].all()
