"""``maskstyle frames``: tiny clips in folders, what is done before, maps of the first frame, and wrong inputs."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2")
pytest.importorskip("av")

from maskstyle import load_map, read_metadata, save_image
from maskstyle.batch.clip import STATE


@pytest.fixture
def shot(desk, painted):
    """Return a folder with three frames of a pan, and a map of the first: left and right."""
    folder = desk / "shot"
    folder.mkdir()
    wide = painted((32, 60), seed=2)
    for number in range(3):
        wide.crop((4 * number, 0, 4 * number + 40, 32)).save(folder / f"a{number + 8}.png")
    Image.fromarray(np.where(np.arange(40) < 24, 0, 255).astype(np.uint8) * np.ones((32, 1), np.uint8)).save(
        folder / "a8_map.png"
    )
    Image.new("RGB", (28, 36), "white").save(desk / "style_map.png")
    return folder


@pytest.fixture
def frames(run, eagerly, quick):
    """Return a function that runs a quick ``maskstyle frames basic``."""

    def frames(content, *options, technique="basic", output="out"):
        return run("frames", technique, content, "style.jpg", "-o", output, *quick, *options)

    return frames


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_what_comes_into_view_starts_in_the_colors_around_it(shot, frames, desk):
    frames(shot, "--frame-steps", "1").succeeded()
    first = desk / "out" / "a8.png"
    red = np.zeros((*pixels(first).shape[:2], 3), np.float32) + np.float32([0.9, 0.1, 0.1])
    save_image(first, red, metadata=read_metadata(first))
    (desk / "out" / "a9.png").unlink()
    frames(shot, "--frame-steps", "1").succeeded()  # one step changes nothing yet
    start = pixels(desk / "out" / "a9.png")
    assert start[..., 0].mean() > 200
    assert start[:, -4:, 0].mean() - start[:, -4:, 1].mean() > 150  # which the first frame does not show


def test_a_clip_is_steady_and_painted_once(shot, frames, run, quick, desk):
    ran = frames(shot, "--temporal-weight", "1e6").succeeded()
    assert ran.err.splitlines()[-1] == "out: 3 painted, of 3"
    assert sorted(path.name for path in (desk / "out").iterdir()) == ["a10.png", "a8.png", "a9.png"]
    assert np.abs(pixels("out/a9.png")[4:-4, 4:30] - pixels("out/a8.png")[4:-4, 8:34]).mean() < 6
    last = read_metadata("out/a10.png")
    assert last["frame"] == {"number": 3, "previous": "a9.png", "temporal_weight": 1e6}
    assert {"a9.png", "../shot/a10.png"} <= set(last["sha256"])
    refused = run("plan", "from", "out/a9.png", "-o", "again.toml")
    assert "is a frame of a clip" in refused.error
    assert "3 done before, of 3" in frames(shot, "--temporal-weight", "1e6").succeeded().err
    (desk / "out" / "a9.png").unlink()  # the one after it depends on it
    (desk / "out" / STATE.format(1)).touch()  # of a disk that was full: the result before serves instead
    assert "2 painted, 1 done before, of 3" in frames(shot, "--temporal-weight", "1e6").succeeded().err
    assert "2 painted, 1 done before, of 3" in frames(shot, "--temporal-weight", "5").succeeded().err


def test_an_interrupted_clip_goes_on_as_if_it_had_not_been(shot, frames, desk, monkeypatch):
    from maskstyle.batch.work import Outcome, Painter

    frames(shot, output="whole").succeeded()
    with monkeypatch.context() as patch:
        finish = Painter.finish

        def stopped(self, task, ready, **options):
            if task.output.name == "a9.png" and not (desk / "out" / "a9.png.seen").exists():
                (desk / "out" / "a9.png.seen").touch()
                raise KeyboardInterrupt
            if task.output.name == "a10.png":  # the last frame ends as one that a signal stops
                return Outcome(task.name, task.output, "interrupted"), None
            return finish(self, task, ready, **options)

        patch.setattr(Painter, "finish", stopped)
        assert frames(shot).code == 130
        assert "1 painted, 1 done before" in frames(shot).err
    assert (desk / "out" / STATE.format(1)).exists()
    assert "1 painted, 2 done before, of 3" in frames(shot).succeeded().err
    np.testing.assert_array_equal(pixels("out/a10.png"), pixels("whole/a10.png"))
    assert not (desk / "out" / STATE.format(1)).exists()


def test_a_map_of_the_first_frame_follows_and_a_corrected_one_stays(shot, frames, desk):
    options = ("--unmatched", "whole-style", "--regions", "white", "--dry-run")
    listed = frames(shot, *options, technique="region").succeeded().out
    assert "shot/a8_map.png" in listed
    assert "a9_map.png" not in listed
    frames(shot, *options[:-1], technique="region").succeeded()
    followed = load_map(desk / "out" / "maps" / "a10_map.png")
    white = followed.labels == followed.colors.index((255, 255, 255))
    assert abs(int(white[16].argmax()) - 16) <= 2  # 24 in the first frame, minus 8
    np.testing.assert_array_equal(pixels("out/a10.png")[:, :8], pixels(shot / "a10.png")[:, :8])  # not painted
    corrected = desk / "out" / "maps" / "a9_map.png"
    Image.new("RGB", (40, 32), "white").save(corrected)
    assert "2 painted, 1 done before" in frames(shot, *options[:-1], technique="region").succeeded().err
    assert (pixels(corrected) == 255).all()
    assert (pixels(desk / "out" / "maps" / "a10_map.png") == 255).all()


def test_workers_of_dask_paint_scenes_side_by_side_and_the_same(shot, frames, desk, monkeypatch, workers):
    from maskstyle.batch import remote
    from maskstyle.cli.console import Interrupt

    noise = np.random.default_rng(5).integers(0, 255, (32, 44, 3)).astype(np.uint8)
    for number in (11, 12):  # a second scene
        Image.fromarray(noise[:, 2 * (number - 11) :][:, :40]).save(shot / f"a{number}.png")
    frames(shot, output="here").succeeded()
    sent = remote._parcel
    order = []
    monkeypatch.setattr(remote, "_parcel", lambda task: order.append(task.output.stem) or sent(task))
    there = ("--scheduler", workers.scheduler_address)
    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "asked", lambda self: (desk / "there" / "a8.png").exists())
        stopped = frames(shot, *there, output="there")
    assert stopped.code == 130
    kept = len(list((desk / "there").glob("a*.png")))
    assert f"{kept} painted, of 5" in stopped.err
    going_on = frames(shot, *there, output="there").succeeded()
    assert f"{5 - kept} painted, {kept} done before, of 5" in going_on.err
    assert "5 done before, of 5" in frames(shot, *there, output="there").succeeded().err
    assert set(order[:2]) == {"a8", "a11"}
    assert sorted(path.name for path in (desk / "there").iterdir()) == [f"a{n}.png" for n in (10, 11, 12, 8, 9)]
    for path in (desk / "here").iterdir():
        np.testing.assert_array_equal(pixels(desk / "there" / path.name), pixels(path))
    assert "one scene" in frames(str(shot / "a[89].png"), "--scheduler", "local:2", "--dry-run").succeeded().err


def test_a_clip_without_any_style_is_its_frames(shot, frames):
    assert "3 painted, of 3" in frames(shot, "--strength", "0").succeeded().err
    assert np.array_equal(pixels("out/a10.png"), pixels(shot / "a10.png"))


def test_a_new_scene_needs_a_map_of_its_own(shot, frames, desk):
    noise = np.random.default_rng(5).integers(0, 255, (32, 40, 3)).astype(np.uint8)
    Image.fromarray(noise).save(shot / "a10.png")
    ran = frames(shot, "--unmatched", "whole-style", technique="region")
    assert ran.code == 2
    assert f"a10.png begins a new scene, and {shot / 'a8_map.png'} cannot follow it there" in ran.error
    assert not (desk / "out").exists()
    shutil.copy(shot / "a8_map.png", shot / "a10_map.png")
    listed = frames(shot, "--unmatched", "whole-style", "--dry-run", technique="region").succeeded().out
    assert "a8.png, a10.png" in listed
    assert "shot/a10_map.png" in listed


def test_wrong_clips(shot, frames, desk, painted):
    (shot / "a9.png").unlink()
    shutil.copy(shot / "a10.png", shot / "a11.png")
    assert "frame 9 is missing between a8.png and a10.png" in frames(shot).error
    painted((30, 40)).save(shot / "a9.png")
    assert "a9.png is 40x30, but" in frames(shot).error
    shutil.copy(shot / "a8.png", shot / "a8.bmp")
    assert "would have one name" in frames(shot).error
    (shot / "a8.bmp").unlink()
    assert "has one frame" in frames(str(shot / "a8.*")).error
    assert "none.mp4 does not exist" in frames("none.mp4").error
    (desk / "notes.txt").write_text("no video")
    assert "is not a video that can be read" in frames("notes.txt").error
    assert "has no effect on a folder" in frames(shot, "--rate", "24").error
    assert "expected a folder, or a video that ends in .mp4" in frames(shot, output="out.avi").error
    assert "expected frames per second" in frames(shot, "--rate", "fast", output="out.mp4").error
    assert "a folder of pictures to paint" in frames(shot, output="shot").error
    assert not (desk / "out").exists()


def test_a_video_becomes_a_video(shot, frames, desk):
    from maskstyle.batch.video import extract_frames

    ran = frames(shot, "--rate", "12", output="clip.mp4").succeeded()
    assert ran.err.splitlines()[-1] == "clip.mp4: 3 painted, of 3"
    before = set(desk.rglob("*"))
    listed = frames("clip.mp4", "--dry-run", output="again.mp4").succeeded().out
    assert all(each in listed for each in ("3, 0001.png to 0003.png", "40x32", "12 per second"))
    assert set(desk.rglob("*")) == before
    again = frames("clip.mp4", output="again.mp4").succeeded()
    assert "3 painted, of 3" in again.err
    files, timing = extract_frames(desk / "again.mp4", desk / "shown")
    assert len(files) == 3
    assert timing.rate == 12
    assert pixels(files[2]).shape == (32, 40, 3)
    assert np.abs(pixels(files[2]) - pixels(desk / "again.frames" / "0003.png")).mean() < 12


def test_a_video_that_must_not_be_replaced_is_said_before_painting(shot, frames, desk):
    (desk / "clip.mp4").write_bytes(b"mine")
    for options in ((), ("--dry-run",)):
        assert "is no video of maskstyle" in frames(shot, *options, output="clip.mp4").error
    assert "--output is clip.mp4, an input" in frames("clip.mp4", "--force", output="clip.mp4").error
    (desk / "folder.mp4").mkdir()
    assert "is a folder" in frames(shot, output="folder.mp4").error
    assert (desk / "clip.mp4").read_bytes() == b"mine"
    assert not list(desk.glob("*.frames"))
