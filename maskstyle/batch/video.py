"""Video files, through PyAV: their frames as a folder, and frames as an MP4 with the sound of the video.

PyAV brings FFmpeg's libraries in its wheel, so no program needs to be installed.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.batch.frames import find_scenes
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images import load_image, save_image
from maskstyle.images.hashes import hash_now
from maskstyle.images.paths import opened
from maskstyle.images.pixels import Image, Size, size_of, to_uint8
from maskstyle.images.writing import make_folder, remove_written, replacing, signature, write_text
from maskstyle.schemas.values import Unfit, decoded

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg")
"""The ends of the names of videos, so that one is not taken for a folder to make."""

SOURCE = "source.json"
"""File beside the frames of a video, which says what they are of."""

QUALITY = "16"
"""Constant rate factor of H.264: strokes have more detail than the photographs for which 23 is usual."""

DEFAULT_RATE = 25
"""Frames per second of a folder."""

MARK = "maskstyle"
"""Begins the comment of a video written here, before what it was made from."""


@dataclass(frozen=True)
class Timing:
    """How the frames of a video are shown."""

    rate: Fraction  # frames per second, on average
    times: tuple[int, ...] = ()  # time of each frame, in units of `unit`; empty: at the rate
    unit: Fraction = Fraction(1)  # seconds
    # Time of the first frame in the source, in seconds: its sound may begin before or after.
    start: Fraction = Fraction(0)
    pixel_aspect: Fraction = Fraction(1)  # width of a pixel, relative to its height


def check_video() -> None:
    """Raise SettingsError if PyAV is not installed."""
    if importlib.util.find_spec("av") is None:
        raise SettingsError('video files need PyAV; install it with: pip install "maskstyle[video]"')


@contextmanager
def _open_video(path: Path) -> Iterator[Any]:
    """Open a video file for reading; what FFmpeg refuses is no video."""
    import av

    with opened(path, "a video"):  # which says in a sentence why a path leads nowhere
        pass
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ImageError(f"{path} has no pictures; expected a video, a folder of frames, or a quoted pattern")
            yield container
    except av.FFmpegError as error:
        raise ImageError(
            f"{path} is not a video that can be read ({error.strerror}); expected a video, a folder of frames, or a "
            "quoted pattern"
        ) from None


def extract_frames(video: Path, folder: Path) -> tuple[list[Path], Timing]:
    """Write the frames of a video into a folder as 0001.png and so on, and return when each is shown.

    What was written before from the same video is used again.
    """
    digest = hash_now(video, "a video")
    known = _extracted(folder, digest)
    if known is not None:
        return known
    with _decoding(video) as (pictures, held):
        make_folder(folder, parents=True)
        remove_written(folder / SOURCE, signature(folder / SOURCE))  # the frames of another video are replaced
        for number, picture in enumerate(pictures, 1):
            save_image(folder / f"{number:04}.png", picture)
    write_text(folder / SOURCE, json.dumps({"sha256": digest, **held}))
    return _files(folder, held), _timing(held)


def listed_frames(video: Path, folder: Path) -> tuple[list[Path], Timing, Size, list[int]]:
    """Return what `extract_frames` would write or has written, a frame's size, and the scenes; see `find_scenes`."""
    with _decoding(video) as (pictures, held):
        first = next(pictures)
        scenes = find_scenes(itertools.chain([first], pictures))
    return _files(folder, held), _timing(held), size_of(first), scenes


@contextmanager
def _decoding(video: Path) -> Iterator[tuple[Iterator[Image], dict[str, Any]]]:
    """Open a video; yield its frames, upright, and what is known about them, complete once all are decoded."""
    with _open_video(video) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        rate, aspect = _rate(stream), Fraction(stream.sample_aspect_ratio or 1)
        unit = Fraction(stream.time_base or 1 / rate)
        held: dict[str, Any] = {"frames": 0, "rate": str(rate), "unit": str(unit), "times": []}
        held["pixel_aspect"] = str(aspect)

        def pictures() -> Iterator[Image]:
            for frame in container.decode(stream):
                if not held["frames"] and frame.rotation % 180:
                    held["pixel_aspect"] = str(1 / aspect)
                held["frames"] += 1
                held["times"].append(frame.pts)
                pixels = np.rot90(frame.to_ndarray(format="rgb24"), k=(frame.rotation // 90) % 4)
                yield pixels.astype(np.float32) / np.float32(255)
            if not held["frames"]:
                raise ImageError(f"{video} has no frames that can be read; get the whole video")

        yield pictures(), held


def _files(folder: Path, held: dict[str, Any]) -> list[Path]:
    return [folder / f"{number:04}.png" for number in range(1, held["frames"] + 1)]


def _rate(stream: Any) -> Fraction:
    return Fraction(stream.average_rate or stream.guessed_rate or DEFAULT_RATE)


def _extracted(folder: Path, digest: str) -> tuple[list[Path], Timing] | None:
    """Return what was extracted before, if it is of the same video and whole."""
    with suppress(ImageError, OSError, ValueError, KeyError, Unfit), opened(folder / SOURCE) as file:
        held = decoded(file.read(), dict[str, Any])
        files = _files(folder, held)
        if held["sha256"] == digest and all(file.is_file() for file in files):
            return files, _timing(held)
    return None


def _timing(held: dict[str, Any]) -> Timing:
    """Return the timing of a video: of a regular one, whose container may have rounded times, the rate alone."""
    times, rate, unit = held["times"], Fraction(held["rate"]), Fraction(held["unit"])
    even = Timing(
        rate, start=(times[0] or 0) * unit if times else Fraction(0), pixel_aspect=Fraction(held["pixel_aspect"])
    )
    if None in times or any(after <= before for before, after in itertools.pairwise(times)):
        return even
    apart = [(time - times[0]) * unit - place / rate for place, time in enumerate(times)]
    regular = max(map(abs, apart)) <= unit
    return even if regular else replace(even, times=tuple(times), unit=unit)


def comment_of(video: Path) -> str | None:
    """Return what a video written here was made from; None if it is another file."""
    with suppress(ImageError), _open_video(video) as container:
        mark, _, comment = container.metadata.get("comment", "").partition(" ")
        return str(comment) if mark == MARK else None
    return None


def write_video(
    path: Path,
    frames: Sequence[Path],
    timing: Timing,
    *,
    lossless: bool = False,
    sound: Path | None = None,
    comment: str = "",
) -> list[str]:
    """Write frames of one size as an MP4, and return notes on an odd size and on sound that is left out.

    H.264 in RGB, `lossless`, keeps an odd size too, but few players show it; all show the default, with the colors of
    every second pixel. `sound` is a video to copy the sound of, `comment` what `comment_of` reads.
    """
    import av

    notes: list[str] = []
    with replacing(path) as file, av.open(file, "w", format="mp4") as output:
        output.metadata["comment"] = f"{MARK} {comment}"
        first = load_image(frames[0]).pixels
        stream = _picture_stream(output, first.shape[:2], timing, lossless=lossless)
        if (stream.height, stream.width) != first.shape[:2]:
            notes.append(
                f"{path.name} is {stream.width}x{stream.height}, as H.264 needs even sides: the last row or column "
                f"of {first.shape[1]}x{first.shape[0]} is repeated; `lossless` keeps the size"
            )
        with _sound(output, sound, timing, notes) as copy_until:
            for number, picture in enumerate(frames):
                frame = _frame(to_uint8(load_image(picture).pixels), stream)
                frame.pts = timing.times[number] - timing.times[0] if timing.times else number
                frame.time_base = timing.unit if timing.times else 1 / timing.rate
                output.mux(stream.encode(frame))
                copy_until(float(frame.pts * frame.time_base))
            output.mux(stream.encode(None))
            copy_until(float("inf"))
    return notes


def _picture_stream(output: Any, size: tuple[int, int], timing: Timing, *, lossless: bool) -> Any:
    options = {"crf": "0", "preset": "veryfast"} if lossless else {"crf": QUALITY, "preset": "medium"}
    stream = output.add_stream("libx264rgb" if lossless else "libx264", rate=timing.rate, options=options)
    height, width = size
    stream.height, stream.width = size if lossless else (height + height % 2, width + width % 2)
    stream.pix_fmt = "rgb24" if lossless else "yuv420p"
    context = stream.codec_context
    context.sample_aspect_ratio = timing.pixel_aspect
    context.time_base = timing.unit if timing.times else 1 / timing.rate
    if not lossless:
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
    return stream


BT709, LIMITED = 1, 1
"""FFmpeg's numbers of the colors of HD video, and of values from 16 to 235."""


def _frame(pixels: NDArray[np.uint8], stream: Any) -> Any:
    """Return a frame for a stream; an odd side gets its last row or column twice."""
    import av

    more = stream.height - pixels.shape[0], stream.width - pixels.shape[1]
    frame = av.VideoFrame.from_ndarray(np.pad(pixels, ((0, more[0]), (0, more[1]), (0, 0)), mode="edge"), "rgb24")
    if stream.pix_fmt == "rgb24":
        return frame
    return frame.reformat(format=stream.pix_fmt, dst_colorspace="ITU709", dst_color_range="MPEG")


def _sound_streams(output: Any, source: Any, name: str, notes: list[str]) -> dict[int, Any]:
    """Return a stream of the output for each of the sound of a source, by its number there."""
    import av

    copies = {}
    for stream in source.streams.audio:
        try:
            copies[stream.index] = output.add_stream_from_template(stream)
        except (av.FFmpegError, ValueError):
            notes.append(f"an MP4 cannot hold the sound of {name} ({stream.codec_context.name}); it is left out")
    return copies


def _text(rate: Fraction) -> str:
    return f"{float(rate):.6g}"


@contextmanager
def _sound(output: Any, source: Path | None, timing: Timing, notes: list[str]) -> Iterator[Any]:
    """Copy the sound of a video; yield a function that copies what begins before a time in seconds."""
    if source is None:
        yield lambda time: None
        return
    with _open_video(source) as container:
        copies = {}
        own = _rate(container.streams.video[0])
        if own == timing.rate:
            copies = _sound_streams(output, container, source.name, notes)
        elif container.streams.audio:
            notes.append(
                f"the sound of {source.name} is left out, as it would be out of step: the source has {_text(own)} "
                f"frames per second, the result {_text(timing.rate)}"
            )
        packets = (
            packet
            for packet in (container.demux(list(container.streams.audio)) if copies else ())
            if packet.dts is not None and packet.stream.index in copies
        )
        waiting: list[Any] = []

        def copy_until(time: float) -> None:
            while (packet := waiting.pop() if waiting else next(packets, None)) is not None:
                start = round(timing.start / packet.time_base)
                if float((packet.dts - start) * packet.time_base) > time:
                    waiting.append(packet)
                    return
                packet.dts -= start
                packet.pts = packet.dts if packet.pts is None else packet.pts - start
                packet.stream = copies[packet.stream.index]
                output.mux(packet)

        yield copy_until
