"""``--resume`` and ``--checkpoint-every``: what an interrupted run leaves, and how it continues."""

from __future__ import annotations

import shutil
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

    ran = basic(*SLOW, "--resume", "--dry-run").succeeded()
    assert ran.out.splitlines()[-1] == f"resumes: from out.png.checkpoint: 40x32, after step {first}"
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
    for way in ("--quiet", "--dry-run"):
        ran = basic(*SLOW, "--style-weight", "7", "--resume", way)
        assert ran.code == 2
        assert ran.error.startswith(
            "the checkpoint out.png.checkpoint belongs to a different run: style_weight was None and is 7.0, init "
            "was recolored and is content; restore the"
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
    kept = "interrupted; the result so far (40x32) is in out.partial.png; out.png stays as it was"
    assert ran.err.splitlines()[-1] == kept
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


def test_a_checkpoint_that_cannot_be_written_is_noted_once_and_does_not_end_the_work(basic, desk, size_of, when):
    shots = ("--snapshot-every", "1", "--snapshot-dir", "shots")
    with when(desk / "shots", (desk / CHECKPOINT).mkdir):
        ran = basic(*SLOW, "--checkpoint-every", "0.05", *shots).succeeded()
    (line,) = [line for line in ran.err.splitlines() if line.startswith("no checkpoint: ")]
    assert line.startswith("no checkpoint: cannot write the checkpoint out.png.checkpoint (")
    assert line.endswith("; the run continues")
    assert size_of(desk / "out.png") == (32, 40)


def test_a_result_that_cannot_be_written_is_saved_elsewhere_and_leaves_its_checkpoint(basic, desk, when, size_of):
    with when(desk / "shots", lambda: (desk / "out.png").mkdir()):
        ran = basic(*SLOW, "--checkpoint-every", "1e-9", "--snapshot-every", "6", "--snapshot-dir", "shots")
    assert ran.code == 1
    assert "error: the work is done, but out.png could not be written" in ran.err
    assert "; it is in out.rescued.png\n" in ran.err
    assert size_of(desk / "out.rescued.png") == (32, 40)
    held = read_checkpoint(desk / CHECKPOINT)
    assert (held.progress.evaluations, held.state.finished) == (12, "steps")
    (desk / "out.png").rmdir()
    ran = basic(*SLOW, "--resume").succeeded()
    assert "resuming from out.png.checkpoint: 40x32, after step 12" in ran.err
    assert names(desk) == ["content.png", "out.png", "out.rescued.png", "shots", "style.jpg"]


def test_a_checkpoint_lies_beside_the_result(desk, interrupted):
    (desk / "sub").mkdir()
    ran = interrupted(*SLOW, "--checkpoint-every", "1e-9", "-o", "sub/out.png", after=3)
    assert ran.code == 130
    assert names(desk / "sub") == ["out.png", CHECKPOINT]
    assert names(desk) == ["content.png", "style.jpg", "sub"]


def test_what_a_killed_run_leaves_is_resumed_to_the_bit(basic, desk, when, monkeypatch, tmp_path_factory):
    left = tmp_path_factory.mktemp("killed") / "desk"  # as the files are at some line after the first checkpoint
    with when(desk / CHECKPOINT, lambda: shutil.copytree(desk, left)):
        basic(*SLOW, "--checkpoint-every", "1e-9", output="out.png").succeeded()
    monkeypatch.chdir(left)
    assert "out.png" not in names(left)
    assert 0 < steps_of(left / CHECKPOINT) < 12

    basic(*SLOW, "--resume").succeeded()
    np.testing.assert_array_equal(load_image(left / "out.png").pixels, load_image(desk / "out.png").pixels)
    assert names(left) == ["content.png", "out.png", "style.jpg"]
