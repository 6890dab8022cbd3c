"""Videos in and out: count, rate, size, colors and sound."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av")

import av

from maskstyle.batch.video import Timing, comment_of, extract_frames, write_video
from maskstyle.errors import ImageError

SIZE = (33, 41)


@pytest.fixture
def pictures(tmp_path):
    """Return four image files of an odd size."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    files = []
    for number in range(4):
        pixels = np.stack([rows * 6, columns * 5, np.full(SIZE, 60 * number)], axis=-1)
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels.astype(np.uint8)).save(files[-1])
    return files


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def test_an_odd_size_is_made_even_and_said(pictures, tmp_path):
    rate = Fraction(30000, 1001)
    (note,) = write_video(tmp_path / "out.mp4", pictures, Timing(rate), comment="made of these")
    assert "out.mp4 is 42x34" in note
    assert comment_of(tmp_path / "out.mp4") == "made of these"
    files, timing = extract_frames(tmp_path / "out.mp4", tmp_path / "frames")
    assert len(files) == 4
    assert timing == Timing(rate)
    shown = pixels(files[3])
    assert shown.shape == (34, 42, 3)
    assert np.abs(shown[:33, :41] - pixels(pictures[3])).mean() < 6
    np.testing.assert_allclose(shown[33], shown[32], atol=8)


def test_lossless_keeps_every_pixel_and_irregular_times(pictures, tmp_path):
    times = Timing(Fraction(10), (0, 1, 4, 6), Fraction(1, 20))
    assert write_video(tmp_path / "out.mp4", pictures, times, lossless=True) == []
    files, timing = extract_frames(tmp_path / "out.mp4", tmp_path / "frames")
    np.testing.assert_array_equal(pixels(files[2]), pixels(pictures[2]))
    seconds = [float(time * timing.unit) for time in timing.times]
    np.testing.assert_allclose(seconds, [0, 0.05, 0.2, 0.3], atol=1e-3)


def test_sound_is_copied(pictures, tmp_path):
    source = tmp_path / "source.mkv"
    with av.open(str(source), "w") as output:
        video, audio = output.add_stream("libx264", rate=8), output.add_stream("aac", rate=44100)
        video.width, video.height, video.pix_fmt = 40, 32, "yuv420p"
        for _ in range(4):
            output.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 40, 3), np.uint8), "rgb24")))
        wave = np.sin(np.arange(22050, dtype=np.float32) / 20)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, 0
        for stream, last in ((audio, frame), (audio, None), (video, None)):
            output.mux(stream.encode(last))
    _, timing = extract_frames(source, tmp_path / "frames")
    assert timing == Timing(Fraction(8))
    write_video(tmp_path / "out.mp4", pictures, timing, sound=source)
    with av.open(str(source)) as before, av.open(str(tmp_path / "out.mp4")) as after:
        packets = [[bytes(each) for each in each.demux(audio=0) if each.size] for each in (before, after)]
    assert len(packets[0]) > 10
    assert packets[0] == packets[1]


def test_what_is_no_video(tmp_path, pictures):
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(ImageError, match=r"notes\.mp4 is not a video that can be read"):
        extract_frames(tmp_path / "notes.mp4", tmp_path / "frames")
    with pytest.raises(ImageError, match=r"missing\.mp4"):
        extract_frames(tmp_path / "missing.mp4", tmp_path / "frames")
    assert comment_of(pictures[0]) is None
