"""Videos in and out: count, rate, size, colors and sound."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av")

import av

from maskstyle.batch import video
from maskstyle.batch.video import Timing, comment_of, extract_frames, listed_frames, write_video
from maskstyle.errors import ImageError
from maskstyle.images import save_image

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


@pytest.fixture
def sounding(tmp_path):
    """Return a function that writes a video that begins after a number of frames."""

    def sounding(later=0):
        path = tmp_path / "source.mkv"
        with av.open(str(path), "w") as output:
            video, audio = output.add_stream("libx264", rate=8), output.add_stream("aac", rate=44100)
            video.width, video.height, video.pix_fmt = 40, 32, "yuv420p"
            video.codec_context.sample_aspect_ratio = Fraction(4, 3)
            for number in range(4):
                picture = av.VideoFrame.from_ndarray(np.zeros((32, 40, 3), np.uint8), "rgb24")
                picture.pts, picture.time_base = number + later, Fraction(1, 8)
                output.mux(video.encode(picture))
            wave = np.sin(np.arange(22050, dtype=np.float32) / 20)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 44100, later * 44100 // 8, Fraction(1, 44100)
            for stream, last in ((audio, frame), (audio, None), (video, None)):
                output.mux(stream.encode(last))
        return path

    return sounding


def packets(path):
    with av.open(str(path)) as file:
        found = [each for each in file.demux(audio=0) if each.size]
        return [bytes(each) for each in found], float(found[0].pts * found[0].time_base)


def test_sound_is_copied(pictures, tmp_path, sounding):
    source = sounding()
    _, timing = extract_frames(source, tmp_path / "frames")
    assert timing == Timing(Fraction(8), pixel_aspect=Fraction(4, 3))
    write_video(tmp_path / "out.mp4", pictures, timing, sound=source)
    assert len(packets(source)[0]) > 10
    assert packets(source)[0] == packets(tmp_path / "out.mp4")[0]
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_sound_stays_in_step(pictures, tmp_path, sounding):
    source = sounding(later=5)
    _, timing = extract_frames(source, tmp_path / "frames")
    assert timing.start == Fraction(5, 8)
    write_video(tmp_path / "out.mp4", pictures, timing, sound=source)
    sound, begin = packets(tmp_path / "out.mp4")
    assert sound == packets(source)[0]
    assert abs(begin) < 0.05  # with the pictures, but for the silence that AAC begins with
    notes = write_video(tmp_path / "fast.mp4", pictures, Timing(Fraction(12)), sound=source)
    assert "the sound of source.mkv is left out" in notes[-1]
    assert "the source has 8 frames per second, the result 12" in notes[-1]
    with av.open(str(tmp_path / "fast.mp4")) as file:
        assert not file.streams.audio


def test_frames_of_another_video_are_not_taken_for_those_of_the_first(pictures, tmp_path, monkeypatch):
    first, other, folder = tmp_path / "first.mp4", tmp_path / "other.mp4", tmp_path / "frames"
    write_video(first, pictures, Timing(Fraction(8)), lossless=True)
    write_video(other, pictures[::-1], Timing(Fraction(8)), lossless=True)
    extract_frames(first, folder)
    with monkeypatch.context() as patch:

        def interrupted(path, image):
            save_image(path, image)
            raise KeyboardInterrupt

        patch.setattr(video, "save_image", interrupted)
        with pytest.raises(KeyboardInterrupt):
            extract_frames(other, folder)
    files, _ = extract_frames(first, folder)
    np.testing.assert_array_equal(pixels(files[0]), pixels(pictures[0]))


def test_what_is_no_video(tmp_path, pictures):
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(ImageError, match=r"notes\.mp4 is not a video that can be read"):
        extract_frames(tmp_path / "notes.mp4", tmp_path / "frames")
    with pytest.raises(ImageError, match=r"missing\.mp4"):
        extract_frames(tmp_path / "missing.mp4", tmp_path / "frames")
    assert comment_of(pictures[0]) is None


def test_a_video_that_was_cut_short(tmp_path, pictures):
    with av.open(tmp_path / "whole.mp4", "w", options={"movflags": "faststart"}) as output:
        stream = output.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        for packets in (stream.encode(av.VideoFrame(16, 16, "yuv420p")), stream.encode(None)):
            output.mux(packets)
    whole = (tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: whole.index(b"mdat") + 4])
    for read in (extract_frames, listed_frames):
        with pytest.raises(ImageError, match=r"cut\.mp4 has no frames that can be read; get the whole video"):
            read(cut, tmp_path / "frames")
