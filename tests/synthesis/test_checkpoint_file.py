"""The file of a checkpoint: it comes back as it was, is whole whenever it is there, and is never believed blindly."""

from __future__ import annotations

import errno
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import random_image

from maskstyle.errors import CheckpointError
from maskstyle.synthesis import checkpoint_file
from maskstyle.synthesis.checkpoint_file import (
    Checkpoint,
    Progress,
    State,
    read_checkpoint,
    remove_leftovers,
    write_checkpoint,
)
from maskstyle.synthesis.result import ScaleReport, StepRecord

LOSSES = {"content": 0.1 + 0.2, "style": 1e-9}

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")


def make(height=7, width=5, *, variables=("image", "momentum", "velocity"), cut=3):
    """Return a checkpoint whose variables are held in two strips."""
    images = [random_image(number, height, width) for number in range(1 + len(variables))]
    steps = (StepRecord((3, 2), 1, 0.5, {"content": 2.0}), StepRecord((height, width), 1, 1.25, LOSSES))
    return Checkpoint(
        {"technique": "basic", "settings": {"steps": 40, "layers": [["a", 1.0]]}},
        Progress(2, steps, (ScaleReport((3, 2), 1, 0.0, "converged", "adam", 5, (1,)),), (4, 9), 12.5),
        State(
            images[0],
            LOSSES,
            (0.5, 0.25),
            "steps",
            {name: (image[:cut], image[cut:]) for name, image in zip(variables, images[1:], strict=True)},
        ),
    )


def assert_same(held, expected):
    assert (held.identity, held.progress) == (expected.identity, expected.progress)
    for name in ("losses", "best_totals", "finished"):
        assert getattr(held.state, name) == getattr(expected.state, name)
    assert_array_equal(held.state.best, expected.state.best)
    assert list(held.state.variables) == list(expected.state.variables)
    for name, strips in expected.state.variables.items():
        (whole,) = held.state.variables[name]
        assert_array_equal(whole, np.concatenate(strips))
        assert whole.dtype == np.float32 and whole.flags.writeable


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out [1].png.checkpoint"


@pytest.mark.parametrize("variables", [(), ("image", "momentum", "velocity")])
def test_comes_back_as_it_was(path, variables):
    checkpoint = make(variables=variables)
    write_checkpoint(path, checkpoint)
    held = read_checkpoint(path)
    assert_same(held, checkpoint)
    assert held.size == (7, 5)
    assert held.progress.evaluations == 1
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_is_an_npz_that_others_can_read(path):
    checkpoint = make()
    write_checkpoint(path, checkpoint)
    with np.load(path, allow_pickle=False) as held:
        assert_array_equal(held["best"], checkpoint.state.best)
        assert json.loads(held["header.json"])["format"] == "maskstyle checkpoint"
    with zipfile.ZipFile(path) as archive:
        assert all(each.compress_type == zipfile.ZIP_STORED for each in archive.infolist())


def test_replaces_the_one_before(path):
    write_checkpoint(path, make(9, 4))
    write_checkpoint(path, make())
    assert_same(read_checkpoint(path), make())


def test_strips_that_lie_apart_in_memory(path):
    checkpoint = make()
    apart = np.asfortranarray(random_image(9, 7, 5))
    checkpoint.state.variables["image"] = (apart,)
    write_checkpoint(path, checkpoint)
    assert_array_equal(read_checkpoint(path).state.variables["image"][0], apart)


def test_arrays_are_not_copied_on_their_way(path):
    import tracemalloc

    image = np.zeros((1000, 1000, 3), np.float32)  # 12 MB each
    checkpoint = make()
    large = State(image, LOSSES, (1.0,), None, {name: (image[:500], image[500:]) for name in ("image", "momentum")})
    tracemalloc.start()
    write_checkpoint(path, Checkpoint(checkpoint.identity, checkpoint.progress, large))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 3 * image.nbytes
    assert peak < image.nbytes / 8


# What is not a whole checkpoint


def test_any_changed_byte_is_noticed_or_changes_nothing(path):
    checkpoint = make(4, 3, cut=2)
    write_checkpoint(path, checkpoint)
    held = path.read_bytes()
    noticed = 0
    for position in range(0, len(held), 3):
        damaged = bytearray(held)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        try:
            assert_same(read_checkpoint(path), checkpoint)
        except CheckpointError as error:
            assert str(path) in str(error)
            noticed += 1
    assert noticed > len(held) / 3 / 2  # names and dates of members are there twice, or mean nothing


def test_a_cut_file_is_refused(path):
    write_checkpoint(path, make())
    held = path.read_bytes()
    for length in range(0, len(held), 37):
        path.write_bytes(held[:length])
        with pytest.raises(CheckpointError, match="damaged|empty|another kind of file") as caught:
            read_checkpoint(path)
        assert str(path) in str(caught.value) and "without resuming" in str(caught.value)


def with_header(path, **changes):
    """Write a checkpoint, and change its header."""
    write_checkpoint(path, make())
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    parts["header.json"] = json.dumps(json.loads(parts["header.json"]) | changes).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, held in parts.items():
            archive.writestr(name, held)


def test_another_version_is_refused_by_name(path):
    with_header(path, version=2)
    with pytest.raises(CheckpointError, match="has format 2, but this version of maskstyle reads 1; resume with"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": [7, 6]},
        {"size": [70000, 50000]},
        {"size": "7x5"},
        {"variables": ["image", "speed"]},
        {"progress": {}},
        {"best_totals": None},
    ],
    ids=str,
)
def test_a_header_that_does_not_fit_is_refused(path, changes):
    with_header(path, **changes)
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        read_checkpoint(path)


def test_other_files_are_refused(path, tmp_path):
    np.savez(tmp_path / "weights.npz", kernel=np.zeros(3))
    contents = [b"This is a text.", b"\x89PNG\r\n", (tmp_path / "weights.npz").read_bytes()]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(
            CheckpointError, match="another kind of file, not a checkpoint of maskstyle; move it away"
        ):
            read_checkpoint(path)


def test_nothing_is_unpickled(path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "sprung"),)

    with_header(path)
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (7, 5, 3), }".ljust(127) + b"\n"
    parts["best.npy"] = header + pickle.dumps(Trap())
    with zipfile.ZipFile(path, "w") as archive:
        for name, held in parts.items():
            archive.writestr(name, held)
    with pytest.raises(CheckpointError, match="type object"):
        read_checkpoint(path)
    assert not (path.parent / "sprung").exists()


def test_no_file_and_a_folder(path):
    with pytest.raises(CheckpointError, match="there is no checkpoint .* begin without resuming"):
        read_checkpoint(path)
    path.mkdir()
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(path)


# What cannot be written, and who is killed while writing


def test_a_full_disk_leaves_the_one_before_and_nothing_else(path, monkeypatch):
    write_checkpoint(path, make())

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(path, make(9, 9))
    assert_same(read_checkpoint(path), make())
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@posix
def test_a_limit_amid_the_arrays_leaves_the_one_before(path):
    program = PROGRAM + (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "write_checkpoint(path, numbered(1))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))\n"
        "try:\n"
        "    write_checkpoint(path, numbered(2))\n"
        "except OSError as error:\n"
        "    print('refused', error.errno)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["refused", str(errno.EFBIG)]
    assert number_of(path) == 1
    assert [each.name for each in path.parent.iterdir()] == [path.name]


PROGRAM = """
import itertools, os, signal, sys
from pathlib import Path
import numpy as np
from maskstyle import checkpoint_file
from maskstyle.checkpoint_file import *
from maskstyle.step_records import StepRecord

path = Path(sys.argv[1])

def numbered(number):
    image = np.full((60, 40, 3), number, np.float32)
    steps = (StepRecord((60, 40), number, float(number), {"loss": float(number)}),)
    state = State(image, {"loss": float(number)}, (float(number),), None, {"image": (image[:20], image[20:])})
    return Checkpoint({"job": "numbers"}, Progress(1, steps, (), (), float(number)), state)

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""A process of its own, which is ready in a moment, as it needs no TensorFlow."""


def number_of(path):
    """Return the number of a checkpoint in which everything must be of one number."""
    held = read_checkpoint(path)
    number = held.progress.evaluations
    assert (held.state.best == number).all() and (held.state.variables["image"][0] == number).all()
    assert held.state.losses == {"loss": number} and held.progress.seconds == number
    return number


@posix
@pytest.mark.parametrize(
    ("moment", "left"),
    [
        ("np.lib.format.write_array_header_1_0 = killed", 1),
        ("os.fsync = killed", 1),
        ("os.replace = killed", 1),
        ("checkpoint_file._sync_folder = killed", 2),
    ],
)
def test_killed_at_each_stage_of_a_write(path, moment, left):
    program = f"{PROGRAM}\nwrite_checkpoint(path, numbered(1))\n{moment}\nwrite_checkpoint(path, numbered(2))\n"
    ran = subprocess.run([sys.executable, "-c", program, path], check=False)
    assert ran.returncode == -signal.SIGKILL
    assert number_of(path) == left
    assert len(list(path.parent.iterdir())) == (2 if left == 1 else 1)
    remove_leftovers(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@posix
def test_killed_at_random_moments_of_endless_writing(path):
    program = PROGRAM + "for number in itertools.count(1):\n    write_checkpoint(path, numbered(number))\n"
    delays = np.random.default_rng(0).uniform(0, 0.05, 6)
    for delay in delays:
        path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", program, path])
        while not path.exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delay)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert number_of(path) >= 1


def test_only_leftovers_of_this_checkpoint_are_removed(path):
    others = [path.with_name(name) for name in ("a.part", ".other.png.checkpoint-1-2.part", f"{path.name}.part")]
    leftover = path.with_name(f".{path.name}-123-abc.part")
    for each in (*others, leftover):
        each.touch()
    remove_leftovers(path)
    assert sorted(path.parent.iterdir()) == sorted(others)


def test_the_program_needs_no_tensorflow():
    program = f"{PROGRAM}\nassert not {{'tensorflow', 'keras'}} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", program, "none"], check=True)
    assert checkpoint_file.VERSION == 1
