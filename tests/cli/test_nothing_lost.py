"""What commands never do: replace an input or a foreign file, lose a picture, or open what nobody named."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from maskstyle import read_metadata, read_plan
from maskstyle.images.streams import STANDARD

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files and signals")

ADAM = ("--optimizer", "adam", "--steps", "12", "--tolerance", "0")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def result(desk, shared_result):
    """Return a finished result on the desk, which was painted once."""
    shutil.copy(shared_result, desk / "out.png")
    return desk / "out.png"


@pytest.fixture(scope="module")
def shared_result(shared_desk, run_in, quick):
    run_in(shared_desk, "basic", "content.png", "style.jpg", "-o", "out.png", *quick, "--quiet").succeeded()
    return shared_desk / "out.png"


# Which files are replaced

WRITING = {
    "record": "basic content.png style.jpg -o out.png --json {}",
    "plot": "basic content.png style.jpg -o out.png --plot {}",
    "result": "basic content.png style.jpg -o {}",
    "sheet": "compare content.png style.jpg -o {}",
    "record of a sheet": "compare content.png style.jpg -o sheet.png --json {}",
    "plan": "plan new content.png style.jpg -o {}",
    "plan by force": "plan new content.png style.jpg -o {} --force",
    "plan of a result": "plan from out.png -o {} --force",
    "preview": "masks linear --like content.png -o mask.png --preview {}",
    "mask": "masks linear --like content.png -o {}",
    "preview of a map": "maps list map.png --preview {}",
    "preview of maps": "maps check map.png map.png --preview {}",
    "preview of a draft": "maps draft content.png -o draft.png --preview {}",
    "heatmap": "evaluate out.png --style style.jpg --heatmap {}",
    "record of an evaluation": "evaluate out.png --style style.jpg --json {}",
    "layers": "basic content.png style.jpg -o out.png --layers {}",
}
SUFFIXES = {"layers": ".ora", "mask": ".png"}


@pytest.mark.parametrize("option", WRITING)
def test_no_option_replaces_a_file_of_another_kind(result, desk, run, two_halves, without_tensorflow, option):
    two_halves(desk / "map.png", (32, 40), (200, 70, 50), (30, 80, 160))
    notes = desk / f"diary{SUFFIXES.get(option, '.png')}"
    notes.write_text("Dear diary, this is no picture.")
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    ran = run(*WRITING[option].format(notes.name).split())
    assert ran.code == 2, ran.err
    assert re.search(r"exists and is not a|already exists", ran.err), ran.err
    assert {path.name: path.read_bytes() for path in desk.iterdir()} == before


@pytest.mark.parametrize("option", WRITING)
def test_no_option_replaces_an_input(result, desk, run, two_halves, without_tensorflow, option):
    two_halves(desk / "map.png", (32, 40), (200, 70, 50), (30, 80, 160))
    command = WRITING[option].split(" -o")[0]
    read = next(word for word in ("out.png", "content.png", "map.png") if f" {word}" in command)
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    ran = run(*WRITING[option].format(read).split())
    assert ran.code == 2, ran.err
    assert "--preview is" in ran.err or "--preview" not in WRITING[option]
    assert {path.name: path.read_bytes() for path in desk.iterdir()} == before


def test_a_photo_is_no_record_and_no_plan(result, desk, run):
    photo = (desk / "style.jpg").read_bytes()
    (desk / "photo.jpg").write_bytes(photo)
    for arguments in (
        ("basic", "content.png", "style.jpg", "-o", "new.png", "--json", "photo.jpg"),
        ("plan", "from", "out.png", "-o", "photo.jpg"),
        ("plan", "from", "out.png", "-o", "photo.jpg", "--force"),
        ("plan", "new", "content.png", "style.jpg", "-o", "photo.jpg", "--force"),
    ):
        assert run(*arguments).code == 2
        assert (desk / "photo.jpg").read_bytes() == photo


def test_annotations_are_no_record(desk, run, without_tensorflow):
    for text in ('{"version": "5.0.1", "flags": {}, "shapes": []}', '{"images": [], "annotations": []}', "[1]"):
        (desk / "labels.json").write_text(text)
        ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--json", "labels.json")
        assert "--json is labels.json, which exists and is not a record of maskstyle" in ran.error
        assert (desk / "labels.json").read_text() == text


def test_a_record_replaces_a_record_and_a_picture_a_picture(basic, desk):
    for _ in range(2):
        basic("--json", "run.json", "--strength", "0", "--quiet").succeeded()
    assert json.loads((desk / "run.json").read_text())["stopped_because"] == "unpainted"


def test_a_foreign_picture_is_replaced_with_a_note(basic, desk):
    shutil.copy(desk / "content.png", desk / "out.png")
    ran = basic("--strength", "0").succeeded()
    assert "note: out.png, which maskstyle did not write, will be replaced" in ran.err
    assert "did not write" not in basic("--strength", "0").succeeded().err


@pytest.mark.parametrize("option", ["preview", "preview of a map", "preview of maps", "preview of a draft"])
def test_every_foreign_picture_is_replaced_with_a_note(desk, run, two_halves, without_tensorflow, option):
    two_halves(desk / "map.png", (32, 40), (200, 70, 50), (30, 80, 160))
    shutil.copy("style.jpg", "drawn.png")
    command = WRITING[option].format("drawn.png").split()
    note = "note: drawn.png, which maskstyle did not write, will be replaced"
    assert note in run(*command).err
    assert read_metadata("drawn.png")
    assert note not in run(*command, *(["--force"] if "draft" in option else ())).err


def test_plots_and_layers_are_noted_too(basic, desk):
    others = ("--plot", "losses.svg", "--layers", "layers.ora", "--no-metadata")
    (desk / "losses.svg").write_text("<svg/>")
    (desk / "layers.ora").write_bytes(b"PK  mimetypeimage/openraster, of another program")
    ran = basic(*others).succeeded()
    assert ran.err.count("which maskstyle did not write, will be replaced") == 2
    ran = basic(*others[:-1], "--dry-run").succeeded()
    assert "note: layers.ora, which maskstyle did not write" in ran.err  # not signed, as its picture
    assert "losses.svg" not in ran.err
    basic(*others[:-1], "--quiet").succeeded()
    assert "did not write" not in basic(*others[:-1], "--dry-run").succeeded().err


def test_an_evaluation_replaces_no_record_of_a_run(result, desk, run, without_tensorflow):
    (desk / "run.json").write_text('{\n "version": "0.5.0",\n "command": "basic"}')
    (desk / "measured.json").write_text('{\n "version": "0.5.0",\n "command": "evaluate"}')
    ran = run("evaluate", "out.png", "--style", "style.jpg", "--json", "run.json")
    assert ran.error.startswith("--json is run.json, which exists and is not an evaluation of maskstyle")
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--json", "measured.json")
    assert ran.error.startswith("--json is measured.json, which exists and is not a record of maskstyle")


def test_a_plan_that_someone_edited_stays(result, desk, run):
    run("plan", "from", "out.png", "-o", "plan.toml").succeeded()
    (desk / "plan.toml").write_text("# mine\n")
    ran = run("plan", "from", "out.png", "-o", "plan.toml")
    assert ran.error == "plan.toml already exists; choose another --output, or pass --force to replace it"
    assert (desk / "plan.toml").read_text() == "# mine\n"
    run("plan", "from", "out.png", "-o", "plan.toml", "--force").succeeded()
    assert read_plan("plan.toml").output == "out_again.png"


def test_normalized_masks_replace_no_mask_of_someone_else(desk, run):
    for name in ("a", "b"):
        Image.fromarray(np.full((8, 8), 99, np.uint8)).save(f"{name}.png")
    (desk / "masks").mkdir()
    shutil.copy("a.png", "masks/b.png")
    command = ("masks", "normalize", "a.png", "b.png", "--output-dir", "masks")
    ran = run(*command)
    assert "--output-dir would replace masks/b.png, which maskstyle did not write" in ran.error
    assert names(desk / "masks") == ["b.png"]
    os.remove("masks/b.png")
    for _ in range(2):  # its own it replaces
        run(*command).succeeded()


def test_layers_replace_no_picture_of_someone_else(basic, desk):
    (desk / "layers").mkdir()
    shutil.copy("content.png", "layers/00_mine.png")
    ran = basic("--layers", "layers", "--quiet")
    assert "--layers would replace layers/00_mine.png, which maskstyle did not write" in ran.error


def test_snapshots_replace_no_input(desk, run, quick, without_tensorflow):
    (desk / "out_snapshots").mkdir()
    shutil.copy("content.png", "out_snapshots/out_1_40x32_00001.png")
    ran = run(
        *("basic", "content.png", "style.jpg", "-o", "out.png", *quick, "--snapshot-every", "1"),
        *("--init", "out_snapshots/out_1_40x32_00001.png"),
    )
    assert "a snapshot could replace the input out_snapshots/out_1_40x32_00001.png" in ran.error


@posix
def test_links_lead_no_snapshot_or_layer_to_an_input(result, desk, run, without_tensorflow):
    (desk / "out_snapshots").mkdir()
    (desk / "layers").mkdir()
    for place in ("out_snapshots/out_1_40x32_00001.png", "layers/00_content.png"):
        shutil.copy("out.png", place)
        link = desk / f"{len(place)}.png"
        link.symlink_to(place)
        paint = ("basic", "content.png", "style.jpg", "-o", "out.png", "--init", link.name)
        assert run(*paint, "--snapshot-every", "1", "--layers", "layers").code == 2
    (desk / "layers/00_content.png").unlink()
    (desk / "layers/00_content.png").symlink_to("../out.png")
    ran = run("basic", "content.png", "style.jpg", "-o", "new.png", "--layers", "layers")
    assert "--layers would write through the link layers/00_content.png" in ran.error


def test_layers_replace_no_other_output(desk, run, without_tensorflow):
    (desk / "layers").mkdir()
    paint = ("basic", "content.png", "style.jpg", "--layers", "layers", "-o")
    assert (
        "--output is layers/00_content.png, which a layer could replace" in run(*paint, "layers/00_content.png").error
    )
    ran = run(*paint, "out.png", "--plot", "layers/01_losses.png")
    assert "--plot is layers/01_losses.png, which a layer could replace" in ran.error
    (desk / "layers/00_content.png").mkdir()
    assert "layers/00_content.png is a folder" in run(*paint, "out.png").error


@posix
def test_a_batch_replaces_no_input_and_no_result_of_its_own(desk, run, without_tensorflow):
    (desk / "results").mkdir()
    (desk / "results/content.png").symlink_to("../style.jpg")
    batch = ("batch", "basic", "content.png", "style.jpg", "--output-dir", "results")
    assert "the result is results/content.png, an input" in run(*batch, "--force").error
    ran = run(*batch, "--name", "new.png", "--json", "results/new.png")
    assert ran.error == "--json and the result are both results/new.png; give each its own name"


def test_a_picture_that_is_too_long_for_its_format(desk, run, quick, without_tensorflow):
    Image.new("RGB", (16_400, 17)).save("panorama.png")
    paint = ("panorama.png", "style.jpg", *quick[2:], "--steps", "1")
    for size in (("--size", "original"), ("--size", "1024x17", "--full-size")):
        ran = run("basic", *paint, "-o", "out.webp", *size)
        assert "out.webp would be 16400x17, but a WebP file has at most 16383 pixels a side" in ran.error


def test_a_format_that_is_refused_everywhere_is_rescued_as_png(desk):
    from maskstyle import save_image
    from maskstyle.cli.outputs import write_all
    from maskstyle.errors import OutputError

    long = np.zeros((2, 16_384, 3), np.float32)
    with pytest.raises(OutputError, match=r"it is in out\.rescued\.png"):
        write_all([(Path("out.webp"), lambda path: save_image(path, long))])
    assert names(desk) == ["content.png", "out.rescued.png", "style.jpg"]


def test_a_file_called_like_the_checkpoint_stays(basic, desk):
    (desk / "out.png.checkpoint").write_bytes(b"a novel")
    ran = basic("--quiet")
    assert "a checkpoint would replace out.png.checkpoint, which maskstyle did not write" in ran.error
    basic("--quiet", "--checkpoint-every", "0", "--strength", "0").succeeded()
    assert (desk / "out.png.checkpoint").read_bytes() == b"a novel"


def test_an_output_whose_checkpoint_has_too_long_a_name(desk, run, without_tensorflow):
    ran = run("basic", "content.png", "style.jpg", "-o", "a" * 248 + ".png")
    assert ran.error.endswith("is too long a name; use a shorter one")


# What is kept of the work


@posix
def test_an_interrupted_run_leaves_a_finished_picture(result, desk, interrupted):
    before = result.read_bytes()
    (desk / "run.json").write_text('{\n "version": "0.5",\n "command": "basic"}')
    ran = interrupted(*ADAM, "--json", "run.json", after=2)
    assert ran.code == 130
    assert ran.err.splitlines()[-1] == (
        "interrupted; the result so far (40x32) is in out.partial.png; out.png stays as it was; repeat the command "
        "with --resume to continue"
    )
    assert result.read_bytes() == before
    assert read_metadata("out.partial.png")["stopped_because"] == "interrupted"
    assert json.loads((desk / "run.partial.json").read_text())["stopped_because"] == "interrupted"


def test_a_run_that_fails_leaves_a_finished_picture_and_what_it_painted(result, basic, desk):
    before = result.read_bytes()
    ran = basic("--steps", "10", "--style-weight", "1e36", "--optimizer", "adam", "--checkpoint-every", "0")
    assert ran.code == 1
    assert "the last good image is in out.partial.png" in ran.err
    assert result.read_bytes() == before


@pytest.mark.parametrize("error", [MemoryError("no more"), ValueError("a mistake"), OSError(errno.EIO, "broken")])
def test_any_failure_after_a_step_keeps_the_picture(basic, desk, monkeypatch, size_of, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("maskstyle.synthesis.scene.Scene.finished", fail)
    ran = basic("--checkpoint-every", "0")
    assert ran.code == 1
    assert "the last good image is in out.png" in ran.err
    assert size_of("out.png") == (32, 40)
    assert read_metadata("out.png")["stopped_because"] == "failed"


@posix
def test_a_signal_during_the_last_write_ends_with_the_whole_picture(basic, desk, monkeypatch):
    import signal

    from maskstyle.images.io import save_image

    def save_slowly(*arguments, **options):
        signal.raise_signal(signal.SIGTERM)
        save_image(*arguments, **options)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("maskstyle.cli.session.save_image", save_slowly)
    ran = basic().succeeded()
    assert "so far" not in ran.err
    assert ran.err.splitlines()[-1].startswith("wrote out.png: 40x32, 2 steps")
    assert read_metadata("out.png")["stopped_because"] == "steps"


@posix
def test_a_signal_at_the_last_step_ends_with_the_whole_picture(interrupted, desk):
    ran = interrupted("--optimizer", "adam", "--tolerance", "0", after=2)
    assert ran.code in (0, 130)
    assert read_metadata("out.png")["stopped_because"] == ("steps" if ran.code == 0 else "interrupted")
    assert ("so far" in ran.err.splitlines()[-1]) == (ran.code == 130)


def test_a_picture_that_its_folder_refuses_goes_elsewhere(basic, desk, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    real = os.replace

    def full(source, target):
        if os.path.dirname(target) == str(desk):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    ran = basic("--json", "run.json", "--checkpoint-every", "0")
    assert ran.code == 1
    assert "out.png could not be written" in ran.err
    assert "run.json could not be written" in ran.err
    assert read_metadata(elsewhere / "out.rescued.png")["stopped_because"] == "steps"
    assert names(desk) == ["content.png", "style.jpg"]


@posix
@pytest.mark.parametrize("limits", [(), ("--memory", "3GB"), ("--tile-size", "256")], ids=str)
def test_a_limit_of_the_shell_on_memory_is_known_before_the_work(basic, monkeypatch, without_tensorflow, limits):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1_500_000_000, resource.RLIM_INFINITY))
    ran = basic(*limits)
    assert ran.code == 2
    assert "would need about 0." in ran.err
    assert "ulimit -v" in ran.err
    assert "raise it" in ran.err


def test_memory_that_tensorflow_does_not_get_is_one_sentence(basic, desk, monkeypatch):
    import tensorflow as tf

    def refused(*_):
        raise tf.errors.AbortedError(None, None, "Status: 1, message: could not create a memory object, in file x.cc")

    monkeypatch.setattr("maskstyle.synthesis.scene.Scene.finished", refused)
    ran = basic("--checkpoint-every", "0")
    assert ran.code == 1
    assert "the last good image is in out.png" in ran.err
    assert "not enough memory (TensorFlow got none); use a smaller --size, --memory or --tile-size" in ran.err


@contextmanager
def largest_file(size):
    """Let the system refuse larger files, as a full disk does, amid a write."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@posix
@pytest.mark.parametrize("option", ["plan", "preview", "mask", "preview of a map", "preview of maps"])
def test_what_the_disk_refuses_is_a_failure_and_leaves_nothing(
    result, desk, run, two_halves, without_tensorflow, option
):
    two_halves(desk / "map.png", (32, 40), (200, 70, 50), (30, 80, 160))
    Image.new("L", (40, 32)).save("mask.png")  # which a preview comes after
    before = names(desk)
    with largest_file(40):
        ran = run(*WRITING[option].format("new.png").split())
    assert ran.code == 1
    assert ran.err.endswith(
        "could not be written (File too large); check the free space and the permissions there, or "
        "write to another folder\n"
    )
    assert names(desk) == before


@posix
@pytest.mark.parametrize("name", ["out.png", "out.tif"])
def test_every_output_that_the_disk_refuses_is_named(basic, desk, capfd, name):
    others = ("--json", "run.json", "--plot", "losses.svg", "--layers", "layers.ora", "--snapshot-every", "1")
    with largest_file(40):
        ran = basic(*others, "--checkpoint-every", "1e-9", output=name)
    assert ran.code == 1
    refused = [name, "run.json", "layers.ora", "losses.svg"]
    assert re.findall(r"but (\S+) could not be written \(File too large\)", ran.err) == refused
    assert ran.err.count("no snapshot: ") == 2
    assert ran.err.count("no checkpoint: ") == 1
    assert names(desk) == ["content.png", "out_snapshots", "style.jpg"]
    assert "TIFF" not in capfd.readouterr().err


def test_a_reader_of_the_picture_that_left_costs_nothing(basic, desk, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def gone(path, data):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("maskstyle.images.writing.send", gone)
    ran = basic(output=STANDARD)
    assert ran.code == 1
    assert "it is in " in ran.err
    assert read_metadata(elsewhere / "picture.rescued.png")["stopped_because"] == "steps"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), BrokenPipeError(), OSError(errno.EIO, "hung up")])
def test_messages_that_fail_end_no_run(basic, desk, monkeypatch, error, size_of):
    from typer.testing import _NamedTextIOWrapper

    def fail(self, text):
        raise error

    monkeypatch.setattr(_NamedTextIOWrapper, "write", fail)
    assert basic().code == 0
    assert size_of("out.png") == (32, 40)


# What a record and a name may do


def with_record(path, change):
    """Write a copy of a result with another record."""
    with Image.open("out.png") as image:
        record = json.loads(image.info["maskstyle"])
        change(record)
        chunks = PngImagePlugin.PngInfo()
        chunks.add_text("maskstyle", json.dumps(record))
        image.save(path, pnginfo=chunks)


@posix
@pytest.mark.parametrize("name", ["/etc/shadow", "../../../../../../etc/shadow", "secret.txt", "pipe.png"])
def test_a_record_decides_on_nothing_that_is_opened(result, desk, run, monkeypatch, name):
    (desk / "secret.txt").write_text("secret")
    os.mkfifo("pipe.png")
    with_record("evil.png", lambda record: record["sha256"].update({name: "0" * 64}))
    opened = []
    real = os.open

    def note(path, *rest, **named):
        opened.append(os.path.basename(str(path)))
        return real(path, *rest, **named)

    monkeypatch.setattr(os, "open", note)
    ran = run("plan", "from", "evil.png").succeeded()
    assert "was not compared" in ran.err or "no longer exists" in ran.err
    assert not {"shadow", "secret.txt", "pipe.png"} & set(opened)


FORGED = 'o\nweights = "evil.npz"\n# \x1b[2K\u202e.png'


@posix
def test_a_name_with_line_breaks_puts_no_key_into_a_plan(result, desk, run):
    result.rename(desk / FORGED)
    run("plan", "from", FORGED, "-o", "plan.toml").succeeded()
    assert read_plan("plan.toml").weights is None
    run("plan", "new", "content.png", "style.jpg", "-o", FORGED.replace(".png", ".toml")).succeeded()
    assert read_plan(FORGED.replace(".png", ".toml")).weights is None


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ("basic", FORGED, "style.jpg", "-o", "out.png"),
        ("basic", "content.png", "style.jpg", "-o", FORGED, "--strength", "0"),
        ("run", FORGED),
        ("plan", "from", FORGED),
        ("maps", "draft", "content.png", "-o", FORGED, "--regions", "2"),
        ("maps", "check", FORGED, "content.png"),
        ("masks", "linear", "--like", "content.png", "-o", FORGED),
        ("weights", FORGED),
        ("recipes", FORGED),
    ],
    ids=" ".join,
)
def test_no_name_reaches_the_terminal_as_it_is(desk, run, arguments):
    ran = run(*arguments)
    printed = ran.out + ran.err
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "\nweights" not in printed
    assert "weights" in printed


@posix
def test_paths_count_from_the_real_folder(result, desk, run):
    (desk / "real" / "deep").mkdir(parents=True)
    (desk / "link").symlink_to("real/deep")
    ran = run("basic", "content.png", "style.jpg", "-o", "link/out.png", "--strength", "0", "--quiet").succeeded()
    assert read_metadata("real/deep/out.png")["inputs"]["plan"]["content"] == "../../content.png"
    ran = run("plan", "from", "link/out.png", "-o", "link/plan.toml").succeeded()
    assert "no longer exists" not in ran.err
    assert read_plan("link/plan.toml").file("../../content.png").exists()
    (desk / "direct.png").symlink_to("link/out.png")
    ran = run("plan", "from", "direct.png").succeeded()
    assert "no longer exists" not in ran.err
    assert 'content = "content.png"' in ran.out


def test_the_hash_is_that_of_the_bytes_that_were_read(basic, desk, monkeypatch):
    import hashlib

    from maskstyle.cli import session

    before = hashlib.sha256((desk / "style.jpg").read_bytes()).hexdigest()
    real = session.chosen_network

    def and_change(*arguments, **options):
        (desk / "style.jpg").write_bytes((desk / "content.png").read_bytes())
        return real(*arguments, **options)

    monkeypatch.setattr(session, "chosen_network", and_change)
    basic("--strength", "0", "--quiet").succeeded()
    assert read_metadata("out.png")["sha256"]["style.jpg"] == before


def test_a_file_that_changes_while_it_is_read_is_refused(basic, desk, monkeypatch):
    from maskstyle.images.headers import file_notes

    def change_first(path, **options):
        if path.name == "style.jpg":
            Image.new("RGB", (30, 30)).save("style.jpg")
        return file_notes(path, **options)

    monkeypatch.setattr("maskstyle.plans.load.file_notes", change_first)
    assert basic("--quiet").error == "style.jpg changed while it was read; run the command again when it is complete"


def test_an_input_that_is_removed_during_the_run_changes_nothing(basic, desk, monkeypatch, size_of):
    from maskstyle.synthesis import progress as progress

    real = progress.StepBar.update

    def remove(self, step):
        (desk / "content.png").unlink(missing_ok=True)
        (desk / "style.jpg").unlink(missing_ok=True)
        real(self, step)

    monkeypatch.setattr(progress.StepBar, "update", remove)
    basic().succeeded()
    assert size_of("out.png") == (32, 40)


def test_tiles_are_in_the_plan_of_a_result(basic, desk, run):
    basic("--tile-size", "256", "--quiet").succeeded()
    assert "tile_size = 256" in run("plan", "from", "out.png").succeeded().out


# Surroundings


def test_without_a_home_folder(desk, run, monkeypatch):
    from pathlib import Path

    def nowhere(cls=None):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("MASKSTYLE_WEIGHTS_DIR", raising=False)
    run("weights", "list").succeeded()
    run("basic", "content.png", "style.jpg", "-o", "out.png", "--dry-run").succeeded()


@posix
@pytest.mark.parametrize("command", ["basic a.png b.png -o out.png", "maps draft content.png", "run p.toml"])
def test_in_a_working_folder_that_is_gone(desk, run, monkeypatch, command):
    (desk / "gone").mkdir()
    monkeypatch.chdir(desk / "gone")
    (desk / "gone").rmdir()
    ran = run(*command.split())
    assert ran.code == 2
    assert "the working folder, which no longer exists; change to another folder" in ran.error


def test_without_a_temporary_folder(desk, run, quick, monkeypatch, without_tensorflow):
    def nowhere():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    command = ("basic", "content.png", "style.jpg", "-o", "out.png", *quick, "--size", "640", "--tile-size", "256")
    ran = run(*command)
    assert ran.code == 2
    assert "there is no folder for temporary files; set TMPDIR" in ran.err


@pytest.mark.parametrize("strength", ["1e-300", "1e-30", "101", "1e308"])
def test_denoising_strengths_that_mean_nothing(desk, run, without_tensorflow, strength):
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--denoise", strength)
    assert ran.code == 2
    assert f"--denoise is {float(strength)!r}; expected 0, or a number from" in ran.error


def test_a_clock_that_is_set_back_changes_nothing(basic, desk, monkeypatch):
    import itertools
    import time

    backwards = itertools.count(1e9, -1000.0)
    monkeypatch.setattr(time, "time", lambda: next(backwards))
    ran = basic("--checkpoint-every", "1e-9").succeeded()
    assert "wrote out.png: 40x32, 2 steps in 0 s" in ran.err or re.search(r"2 steps in \d s", ran.err)
    assert names(desk) == ["content.png", "out.png", "style.jpg"]


@pytest.mark.parametrize("year", [1970, 2110])
def test_a_clock_without_a_date_changes_nothing(basic, desk, monkeypatch, year):
    import time

    monkeypatch.setattr(time, "localtime", lambda *_: time.struct_time((year, 1, 1, 0, 0, 0, 3, 1, 0)))
    for name in ("content.png", "style.jpg"):
        os.utime(name, ((year - 1970) * 31_556_952,) * 2)
    basic("--checkpoint-every", "1e-9", "--layers", "layers.ora", "--quiet").succeeded()
    assert names(desk) == ["content.png", "layers.ora", "out.png", "style.jpg"]


@posix
@pytest.mark.parametrize("gone", ["the folder of the output", "the working folder"])
def test_a_folder_that_is_removed_during_the_run(basic, desk, when, monkeypatch, tmp_path_factory, gone):
    elsewhere, shots = tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("shots")
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    (desk / "deep").mkdir()
    removed, output = (desk / "deep", "deep/out.png") if "output" in gone else (desk, "out.png")
    with when(shots / "out_1_40x32_00001.png", lambda: shutil.rmtree(removed)):
        ran = basic(
            *ADAM, "--snapshot-every", "1", "--snapshot-dir", shots, "--checkpoint-every", "1e-9", output=output
        )
    monkeypatch.chdir(elsewhere)
    assert ran.code == 1
    assert "the work is done, but" in ran.err
    assert "no longer exists" in ran.err or "there is no folder deep" in ran.err
    assert read_metadata(elsewhere / "out.rescued.png")["stopped_because"] == "steps"


@posix
def test_a_reader_of_json_that_left(desk, two_halves):
    two_halves(desk / "map.png", (32, 40), (200, 70, 50), (30, 80, 160))
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "maskstyle", "maps", "list", "map.png", "--json", "--preview", "shown.png"]
    ran = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, check=False)
    os.close(writes)
    assert (ran.returncode, ran.stderr) == (0, b"wrote shown.png\n")
    assert (desk / "shown.png").exists()


CLOSED = """
import os
from maskstyle.cli.console import prepare_streams
prepare_streams()
with open("picture", "wb") as file:
    os.write(2, b"a log of TensorFlow")
    file.write(b"picture")
"""


@posix
def test_closed_streams_are_not_the_files_that_are_opened_next(desk):
    shell = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(CLOSED)} 0<&- 1>&- 2>&-"
    subprocess.run(["sh", "-c", shell], check=True)
    assert (desk / "picture").read_bytes() == b"picture"


def test_ctrl_c_while_options_are_read_is_one_sentence(run, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("typer.core.TyperGroup.make_context", interrupt)
    ran = run("recipes")
    assert (ran.code, ran.error) == (130, "interrupted")


@posix
def test_weights_that_lead_nowhere(desk, run, without_tensorflow):
    (desk / "loop.npz").symlink_to("loop.npz")
    os.mkfifo("pipe.npz")
    for path, what in (
        ("loop.npz", "is a link that leads back to itself"),
        ("content.png/w.npz", "does not exist, as content.png is not a folder"),
        ("a" * 300 + ".npz", "is too long a name"),
        ("pipe.npz", "is no plain file"),
    ):
        ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--weights", path)
        assert what in ran.error


@posix
def test_an_interrupted_sheet_leaves_a_finished_one(desk, run, quick, eagerly, when):
    import signal

    command = ("compare", "content.png", "style.jpg", "-o", "sheet.png", "--recipes", "default", "--size", "32")
    run(*command, "--networks", "lite", "--steps", "1", "--quiet").succeeded()
    before = (desk / "sheet.png").read_bytes()
    painted = []

    def interrupt(step):
        painted.append(step)
        signal.raise_signal(signal.SIGINT)

    from maskstyle.synthesis import progress

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress.StepBar, "update", lambda self, step: interrupt(step))
        ran = run(*command, "--networks", "lite", "--steps", "5")
    assert ran.code == 130
    assert painted
    assert "the results so far are in sheet.partial.png" in ran.err
    assert (desk / "sheet.png").read_bytes() == before
