"""Standard input and output, pipes, and what is kept or noted of image files."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import threading

import numpy as np
import pytest
from PIL import Image

from maskstyle.errors import ImageError
from maskstyle.images import load_image, read_dpi, read_metadata


def piped(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_from_standard_input_to_standard_output(desk, run, quick, eagerly):
    content = (desk / "content.png").read_bytes()
    through = run("basic", "-", "style.jpg", "-o", "-", *quick, piped=content).succeeded()
    assert through.data.startswith(b"\x89PNG")
    assert through.data.endswith(b"IEND\xaeB`\x82")
    assert "wrote standard output: 40x32" in through.err
    run("basic", "content.png", "style.jpg", "-o", "out.png", *quick).succeeded()
    (desk / "through.png").write_bytes(through.data)
    np.testing.assert_array_equal(piped("through.png"), piped("out.png"))
    assert sorted(path.name for path in desk.iterdir()) == ["content.png", "out.png", "style.jpg", "through.png"]
    metadata = read_metadata("through.png")
    assert metadata["sha256"]["-"] == hashlib.sha256(content).hexdigest()

    plan = run("plan", "from", "through.png").succeeded()
    assert 'content = "-"' in plan.out
    assert "through.png was made from standard input; replace - in the plan by its file" in plan.err
    (desk / "plan.toml").write_text(plan.out)
    run("run", "plan.toml", "-o", "again.png", "--set", "network=vgg19", piped=content).succeeded()
    np.testing.assert_array_equal(piped("again.png"), piped("out.png"))


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="the system has no paths of descriptors")
@pytest.mark.parametrize("command", ["basic {} style.jpg -o out.png", "maps from {} -o map.png", "run {}"])
def test_a_pipe_that_is_no_image_and_never_ends(desk, run, without_tensorflow, command):
    reads, writes = os.pipe()

    def say_yes():
        with contextlib.suppress(BrokenPipeError):
            while True:
                os.write(writes, b"y\n" * 1000)

    thread = threading.Thread(target=say_yes, daemon=True)
    thread.start()
    error = run(*command.format(f"/dev/fd/{reads}").split()).error
    os.close(reads)
    thread.join(timeout=600)
    os.close(writes)
    assert re.search("is not an image in a known format|is neither|at most 1 MB", error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_named_pipes(desk, run, quick, eagerly):
    for name in ("in.fifo", "out"):
        os.mkfifo(desk / name)
    received = []
    threads = [
        threading.Thread(
            daemon=True, target=lambda: (desk / "in.fifo").write_bytes((desk / "content.png").read_bytes())
        ),
        threading.Thread(daemon=True, target=lambda: received.append((desk / "out").read_bytes())),
    ]
    for thread in threads:
        thread.start()
    run("basic", "in.fifo", "style.jpg", "-o", "out", *quick).succeeded()
    for thread in threads:
        thread.join(timeout=600)
    assert Image.open(io.BytesIO(received[0])).size == (40, 32)


def test_one_standard_input(desk, run):
    failed = run("basic", "-", "-", "-o", "out.png", "--dry-run", piped=b"")
    assert failed.code == 2
    assert failed.error == "two inputs are -, but there is one standard input; save the other as a file"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("basic - style.jpg -o out.png", "expected an image, but standard input is empty (0 bytes)"),
        ("basic content.png style.jpg -o - --resume", "--resume needs a file, but --output is a stream"),
        ("region - style.jpg -o out.png", "there is no map beside standard input; pass --content-map FILE"),
    ],
)
def test_streams_that_cannot_do(command, message, desk, run, without_tensorflow):
    failed = run(*command.split(), piped=b"")
    assert failed.code == 2
    assert message in failed.error


def test_a_descriptor_is_an_input(desk, run, without_tensorflow):
    descriptor = os.open(desk / "content.png", os.O_RDONLY)
    try:
        checked = run("basic", f"/dev/fd/{descriptor}", "style.jpg", "-o", "out.png", "--dry-run")
    finally:
        os.close(descriptor)
    assert "sizes: 40x32" in checked.succeeded().out


@pytest.mark.parametrize(
    ("name", "kind"),
    [("anim.gif", "frames"), ("anim.webp", "frames"), ("anim.png", "frames"), ("scan.tif", "pages")],
)
def test_frames_are_noted_by_every_command(name, kind, desk, run, painted):
    frames = [painted((32, 40), seed) for seed in range(3)]
    frames[0].save(name, save_all=True, append_images=frames[1:])
    note = f"note: {name} has 3 {kind}; the first is used"
    dry = run("basic", name, "style.jpg", "-o", "out.png", "--dry-run").succeeded()
    assert note in dry.err
    assert note in run("maps", "draft", name, "-o", "map.png", "--regions", "2").succeeded().err


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_pixels_per_inch_are_kept(suffix, tmp_path, painted):
    from maskstyle.images import load_image, save_image

    painted((8, 8)).save(tmp_path / "in.png", dpi=(300, 150))
    dpi = read_dpi(tmp_path / "in.png")
    save_image(tmp_path / f"out{suffix}", load_image(tmp_path / "in.png").pixels, metadata={"a": 1}, dpi=dpi)
    assert read_dpi(tmp_path / f"out{suffix}") == pytest.approx((300, 150), abs=0.1)


def test_pixels_per_inch_go_from_the_content_to_the_result(desk, run, quick, eagerly, painted):
    exif = Image.Exif()
    exif[0x0112] = 6
    painted((40, 32)).save("turned.jpg", dpi=(300, 150), exif=exif)
    run("basic", "turned.jpg", "style.jpg", "-o", "out.tif", *quick).succeeded()
    assert read_dpi("out.tif") == pytest.approx((150, 300))
    assert read_dpi("content.png") is None


def test_an_unreadable_standard_input_is_an_error_in_words(tmp_path, monkeypatch):
    with (tmp_path / "log.txt").open("w") as for_writing_only:  # as by a shell's 0> log.txt
        monkeypatch.setattr("sys.stdin", for_writing_only)
        with pytest.raises(ImageError, match="standard input, but it cannot be read"):
            load_image("-")
