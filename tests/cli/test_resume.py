"""``--resume`` and ``--checkpoint-every``: what is left where a run does not end, and that it can be gone on with."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from maskstyle import load_image, read_metadata
from maskstyle.objective.objective import Objective
from maskstyle.synthesis.checkpoint_file import read_checkpoint, write_checkpoint

posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")

SLOW = ("--optimizer", "adam", "--steps", "12", "--tolerance", "0", "--compute-type", "float32")
"""Options of a run that resumes to the bit."""

CHECKPOINT = "out.png.checkpoint"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def interrupting(monkeypatch):
    """Return a function that lets the next run be interrupted after so many evaluations."""

    def interrupt_after(evaluations):
        class Interrupted(Objective):
            calls = 0

            def value_and_gradient(self, image):
                self.calls += 1
                if self.calls == evaluations:
                    signal.raise_signal(signal.SIGINT)
                return super().value_and_gradient(image)

        monkeypatch.setattr("maskstyle.objective.objective.Objective", Interrupted)

    yield interrupt_after


@pytest.fixture
def undisturbed(monkeypatch):
    """Return a function that lets the next run end."""
    return lambda: monkeypatch.setattr("maskstyle.objective.objective.Objective", Objective)


@posix_signals
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(basic, desk, interrupting, undisturbed):
    basic(*SLOW, output="whole.png").succeeded()
    interrupting(4)
    ran = basic(*SLOW)
    assert ran.code == 130
    assert ran.err.splitlines()[-1] == (
        "interrupted; the picture so far (40x32) is in out.png; the same command with --resume goes on"
    )
    assert read_checkpoint(desk / CHECKPOINT).progress.evaluations == 4
    assert load_image(desk / "out.png").pixels.shape == (32, 40, 3)

    undisturbed()
    ran = basic(*SLOW, "--resume", "--json", "run.json").succeeded()
    assert "resuming from out.png.checkpoint: 40x32, after step 4\n" in ran.err
    assert "wrote out.png: 40x32, 12 steps" in ran.err
    np.testing.assert_array_equal(load_image(desk / "out.png").pixels, load_image(desk / "whole.png").pixels)
    assert read_metadata(desk / "out.png")["losses"] == read_metadata(desk / "whole.png")["losses"]
    assert names(desk) == ["content.png", "out.png", "run.json", "style.jpg", "whole.png"]


@posix_signals
def test_interrupted_again_while_resuming(basic, desk, interrupting, undisturbed):
    interrupting(3)
    assert basic(*SLOW).code == 130
    assert basic(*SLOW, "--resume", "--quiet").code == 130
    assert read_checkpoint(desk / CHECKPOINT).progress.evaluations == 6
    undisturbed()
    assert basic(*SLOW, "--resume", "--quiet").succeeded().err == ""


@posix_signals
def test_other_options_are_refused_and_the_checkpoint_stays(basic, desk, interrupting):
    interrupting(3)
    basic(*SLOW)
    before = (desk / CHECKPOINT).read_bytes()
    ran = basic(*SLOW, "--style-weight", "7", "--resume", "--quiet")
    assert ran.code == 2
    assert ran.error.startswith(
        "the checkpoint out.png.checkpoint belongs to a different run: style_weight was 20.0 and is 7.0; restore the"
    )
    assert (desk / CHECKPOINT).read_bytes() == before


@posix_signals
def test_a_new_run_says_what_becomes_of_an_earlier_checkpoint(basic, desk, interrupting, undisturbed):
    interrupting(3)
    basic(*SLOW)
    before = (desk / CHECKPOINT).read_bytes()
    # Soon after it began nothing is worth more than what an earlier run had come to.
    ran = basic(*SLOW, "--seed", "5")
    assert "note: out.png.checkpoint of an earlier run is replaced by this run's; --resume would go on from it" in (
        ran.err
    )
    assert ran.err.splitlines()[-1] == "interrupted; the picture so far (40x32) is in out.png"
    assert (desk / CHECKPOINT).read_bytes() == before

    undisturbed()
    ran = basic("--checkpoint-every", "0").succeeded()
    assert "note: out.png.checkpoint of an earlier run is left alone; --resume would go on from it" in ran.err
    assert (desk / CHECKPOINT).read_bytes() == before
    assert basic("--quiet").succeeded().err == ""
    assert CHECKPOINT not in names(desk)


@posix_signals
def test_a_new_run_replaces_an_earlier_checkpoint_when_it_is_time(basic, desk, interrupting):
    (desk / CHECKPOINT).write_bytes(b"of an earlier run")
    interrupting(5)
    basic(*SLOW, "--checkpoint-every", "1e-9")
    assert read_checkpoint(desk / CHECKPOINT).progress.evaluations == 5


@posix_signals
def test_never_is_never(basic, desk, interrupting, undisturbed):
    interrupting(3)
    ran = basic(*SLOW, "--checkpoint-every", "0")
    assert ran.err.splitlines()[-1] == "interrupted; the picture so far (40x32) is in out.png"
    assert CHECKPOINT not in names(desk)
    basic(*SLOW)
    before = (desk / CHECKPOINT).read_bytes()
    ran = basic(*SLOW, "--resume", "--checkpoint-every", "0")
    assert ran.err.splitlines()[-1].endswith("; the same command with --resume goes on")
    assert (desk / CHECKPOINT).read_bytes() == before
    undisturbed()
    basic(*SLOW, "--resume", "--checkpoint-every", "0").succeeded()
    assert CHECKPOINT not in names(desk)


def test_a_full_disk_is_said_once_and_does_not_end_the_work(basic, desk, size_of, monkeypatch):
    tries = []

    def full(path, checkpoint):
        tries.append(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("maskstyle.synthesis.checkpoints.write_checkpoint", full)
    ran = basic("--steps", "3", "--checkpoint-every", "1e-9").succeeded()
    assert len(tries) == 3
    assert [line for line in ran.err.splitlines() if "checkpoint" in line] == [
        "no checkpoint: cannot write the checkpoint out.png.checkpoint (No space left on device); the run continues"
    ]
    assert size_of(desk / "out.png") == (32, 40)


def test_a_picture_that_cannot_be_written_leaves_the_checkpoint_of_the_finished_work(basic, desk, monkeypatch):
    original = maskstyle_save(monkeypatch, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert basic(*SLOW, "--checkpoint-every", "1e-9").code == 1
    held = read_checkpoint(desk / CHECKPOINT)
    assert (held.progress.evaluations, held.state.finished) == (12, "steps")
    maskstyle_save(monkeypatch, original)
    ran = basic(*SLOW, "--resume").succeeded()
    assert "resuming from out.png.checkpoint: 40x32, after step 12" in ran.err
    assert names(desk) == ["content.png", "out.png", "style.jpg"]


def maskstyle_save(monkeypatch, save):
    from maskstyle.cli import render

    original = render.save_image
    monkeypatch.setattr(render, "save_image", save)
    return original


def test_a_checkpoint_lies_beside_the_picture_and_nowhere_else(basic, desk, monkeypatch):
    written = []

    def spy(path, checkpoint):
        write_checkpoint(path, checkpoint)
        written.append((path, names(desk / "sub")))

    (desk / "sub").mkdir()
    monkeypatch.setattr("maskstyle.synthesis.checkpoints.write_checkpoint", spy)
    basic("--checkpoint-every", "1e-9", output="sub/out.png").succeeded()
    assert [(path.as_posix(), held) for path, held in written] == [("sub/out.png.checkpoint", [CHECKPOINT])] * 2
    assert names(desk / "sub") == ["out.png"]


@posix_signals
def test_killed_with_9_and_resumed_to_the_bit(basic, desk):
    options = ("--optimizer", "adam", "--tolerance", "0", "--compute-type", "float32", "--steps", "200")
    layers = ("--content-layers", "block1_conv2", "--style-layers", "block1_conv1", "--scales", "1")
    command = ("-m", "maskstyle", "basic", "content.png", "style.jpg", "-o", "out.png", *layers, *options)
    process = subprocess.Popen(
        [sys.executable, *command, "--checkpoint-every", "1e-9", "--quiet"],
        cwd=desk,
    )
    deadline = time.monotonic() + 180
    while not (desk / CHECKPOINT).exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(np.random.default_rng(0).uniform(0, 0.3))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert "out.png" not in names(desk)
    assert 0 < read_checkpoint(desk / CHECKPOINT).progress.evaluations < 200

    basic(*options, "--resume").succeeded()
    basic(*options, output="whole.png").succeeded()
    np.testing.assert_array_equal(load_image(desk / "out.png").pixels, load_image(desk / "whole.png").pixels)
    assert names(desk) == ["content.png", "out.png", "style.jpg", "whole.png"]
