"""``--resume`` and ``--checkpoint-every``: what an interrupted run leaves, and how it continues."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest

from maskstyle import load_image, read_metadata
from maskstyle.synthesis.checkpoint_file import read_checkpoint

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")

SLOW = ("--optimizer", "adam", "--steps", "12", "--tolerance", "0", "--compute-type", "float32")
"""Options of a run that can be interrupted, and resumes to the bit."""

CHECKPOINT = "out.png.checkpoint"

RESUMABLE = "interrupted; the result so far (40x32) is in out.png; repeat the command with --resume to continue"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def steps_of(checkpoint):
    return read_checkpoint(checkpoint).progress.evaluations


def test_an_interrupted_run_continues_as_if_it_had_not_been_interrupted(basic, desk, interrupted):
    basic(*SLOW, output="whole.png").succeeded()
    ran = interrupted(*SLOW, after=4)
    assert ran.code == 130
    assert ran.err.splitlines()[-1] == RESUMABLE
    first = steps_of(desk / CHECKPOINT)
    assert 4 <= first < 12
    assert load_image(desk / "out.png").pixels.shape == (32, 40, 3)

    ran = interrupted(*SLOW, "--resume", after=first + 2)
    assert ran.code == 130
    assert f"resuming from out.png.checkpoint: 40x32, after step {first}\n" in ran.err
    second = steps_of(desk / CHECKPOINT)
    assert first + 2 <= second < 12

    ran = basic(*SLOW, "--resume", "--json", "run.json").succeeded()
    assert f"resuming from out.png.checkpoint: 40x32, after step {second}\n" in ran.err
    assert "wrote out.png: 40x32, 12 steps" in ran.err
    np.testing.assert_array_equal(load_image(desk / "out.png").pixels, load_image(desk / "whole.png").pixels)
    assert read_metadata(desk / "out.png")["losses"] == read_metadata(desk / "whole.png")["losses"]
    assert names(desk) == ["content.png", "out.png", "run.json", "style.jpg", "whole.png"]


def test_a_checkpoint_of_other_options_is_refused_and_stays(basic, desk, interrupted):
    interrupted(*SLOW, after=3)
    before = (desk / CHECKPOINT).read_bytes()
    ran = basic(*SLOW, "--style-weight", "7", "--resume", "--quiet")
    assert ran.code == 2
    assert ran.error.startswith(
        "the checkpoint out.png.checkpoint belongs to a different run: style_weight was None and is 7.0, init was "
        "recolored and is content; restore the"
    )
    assert (desk / CHECKPOINT).read_bytes() == before


def test_a_new_run_says_what_happens_to_an_earlier_checkpoint(basic, desk, interrupted):
    interrupted(*SLOW, after=3)
    before = (desk / CHECKPOINT).read_bytes()
    # A run that has just begun is worth less than the earlier one.
    ran = interrupted(*SLOW, "--seed", "5", after=3)
    assert (
        "note: out.png.checkpoint from an earlier run will be replaced; to continue that run, pass --resume"
        in ran.err
    )
    assert ran.err.splitlines()[-1] == "interrupted; the result so far (40x32) is in out.png"
    assert (desk / CHECKPOINT).read_bytes() == before

    ran = basic("--checkpoint-every", "0").succeeded()
    assert "note: out.png.checkpoint from an earlier run is kept; to continue that run, pass --resume" in ran.err
    assert (desk / CHECKPOINT).read_bytes() == before
    assert basic("--quiet").succeeded().err == ""
    assert (desk / CHECKPOINT).read_bytes() == before  # it belongs to the earlier run


def test_a_new_run_replaces_an_earlier_checkpoint_when_it_is_time(desk, interrupted):
    (desk / CHECKPOINT).write_bytes(b"PK\x03\x04" + bytes(26) + b"header.json, of an earlier run")
    interrupted(*SLOW, "--checkpoint-every", "1e-9", after=5)
    assert steps_of(desk / CHECKPOINT) >= 5


def test_every_0_seconds_writes_no_checkpoint_but_resumes_from_one(basic, desk, interrupted):
    ran = interrupted(*SLOW, "--checkpoint-every", "0", after=3)
    assert ran.err.splitlines()[-1] == "interrupted; the result so far (40x32) is in out.png"
    assert CHECKPOINT not in names(desk)
    interrupted(*SLOW, after=3)
    before = (desk / CHECKPOINT).read_bytes()
    ran = interrupted(*SLOW, "--resume", "--checkpoint-every", "0", after=steps_of(desk / CHECKPOINT) + 2)
    assert ran.err.splitlines()[-1] == RESUMABLE
    assert (desk / CHECKPOINT).read_bytes() == before
    basic(*SLOW, "--resume", "--checkpoint-every", "0").succeeded()
    assert CHECKPOINT not in names(desk)


def test_a_checkpoint_that_cannot_be_written_is_noted_once_and_does_not_end_the_work(basic, desk, size_of):
    (desk / CHECKPOINT).mkdir()
    ran = basic("--steps", "3", "--checkpoint-every", "1e-9").succeeded()
    (line,) = [line for line in ran.err.splitlines() if line.startswith("no checkpoint: ")]
    assert line.startswith("no checkpoint: cannot write the checkpoint out.png.checkpoint (")
    assert line.endswith("; the run continues")
    assert size_of(desk / "out.png") == (32, 40)


def test_a_result_that_cannot_be_written_leaves_the_checkpoint_of_the_finished_work(basic, desk, when):
    with when(desk / "shots", lambda: (desk / "out.png").mkdir()):
        ran = basic(*SLOW, "--checkpoint-every", "1e-9", "--snapshot-every", "6", "--snapshot-dir", "shots")
    assert ran.code == 1
    assert "error: the work is done, but out.png could not be written" in ran.err
    held = read_checkpoint(desk / CHECKPOINT)
    assert (held.progress.evaluations, held.state.finished) == (12, "steps")
    (desk / "out.png").rmdir()
    ran = basic(*SLOW, "--resume").succeeded()
    assert "resuming from out.png.checkpoint: 40x32, after step 12" in ran.err
    assert names(desk) == ["content.png", "out.png", "shots", "style.jpg"]


def test_a_checkpoint_lies_beside_the_result(desk, interrupted):
    (desk / "sub").mkdir()
    ran = interrupted(*SLOW, "--checkpoint-every", "1e-9", "-o", "sub/out.png", after=3)
    assert ran.code == 130
    assert names(desk / "sub") == ["out.png", CHECKPOINT]
    assert names(desk) == ["content.png", "style.jpg", "sub"]


KILLED = """
import os, signal, sys
import tensorflow
from maskstyle.cli.app import app

tensorflow.config.run_functions_eagerly(True)  # compiling would take longer than a few steps

def look(number, frame):
    if os.path.exists("out.png.checkpoint"):
        os.kill(os.getpid(), signal.SIGKILL)

signal.signal(signal.SIGALRM, look)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
app(sys.argv[1:])
"""
"""A program that kills itself at some line after the first checkpoint; another process might look too late."""


def test_killed_with_9_and_resumed_to_the_bit(run, desk, eagerly, quick):
    options = ("--optimizer", "adam", "--tolerance", "0", "--compute-type", "float32", "--steps", "12", "--quiet")
    command = ("basic", "content.png", "style.jpg", *quick, *options)
    killed = [sys.executable, "-c", KILLED, *command, "-o", "out.png", "--checkpoint-every", "1e-9"]
    assert subprocess.run(killed, cwd=desk, check=False, timeout=180).returncode == -signal.SIGKILL
    assert "out.png" not in names(desk)
    assert 0 < steps_of(desk / CHECKPOINT) < 12

    run(*command, "-o", "out.png", "--resume").succeeded()
    run(*command, "-o", "whole.png").succeeded()
    np.testing.assert_array_equal(load_image(desk / "out.png").pixels, load_image(desk / "whole.png").pixels)
    assert names(desk) == ["content.png", "out.png", "style.jpg", "whole.png"]
