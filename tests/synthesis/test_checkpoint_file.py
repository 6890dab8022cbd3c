"""A checkpoint file returns what was written, is complete whenever it exists, and is checked on reading."""

from __future__ import annotations

import errno
import json
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import random_image

from maskstyle.errors import CheckpointError
from maskstyle.synthesis.checkpoint_file import (
    Checkpoint,
    Progress,
    State,
    read_checkpoint,
    write_checkpoint,
)
from maskstyle.synthesis.result import ScaleReport, StepRecord

LOSSES = {"content": 0.1 + 0.2, "style": 1e-9}
ADAM = ("image", "momentum", "velocity")
LBFGS = ("image", "gradient", "step_1", "change_1")
NUMBERS = {"loss": 0.1 + 0.2, "first_total": 1e-30, "length": 1.0, "tries": 0}

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no file size limit")


def make(height=7, width=5, *, variables=ADAM, cut=3):
    """Return a checkpoint with variables in two strips."""
    images = [random_image(number, height, width) for number in range(1 + len(variables))]
    steps = (StepRecord((3, 2), 1, 0.5, {"content": 2.0}), StepRecord((height, width), 1, 1.25, LOSSES))
    return Checkpoint(
        {"technique": "basic", "settings": {"steps": 40, "layers": [["a", 1.0]]}},
        Progress(2, steps, (ScaleReport((3, 2), 1, 0.0, "converged", "adam", 5, (1,)),), (4, 9), 12.5),
        State(
            images[0],
            LOSSES,
            (0.25,),
            "steps",
            {name: (image[:cut], image[cut:]) for name, image in zip(variables, images[1:], strict=True)},
            {} if variables == ADAM else NUMBERS,
        ),
    )


def assert_same(read, expected):
    assert (read.identity, read.progress) == (expected.identity, expected.progress)
    for name in ("losses", "best_totals", "finished", "numbers"):
        assert getattr(read.state, name) == getattr(expected.state, name)
    assert_array_equal(read.state.best, expected.state.best)
    assert list(read.state.variables) == list(expected.state.variables)
    for name, strips in expected.state.variables.items():
        (whole,) = read.state.variables[name]
        assert_array_equal(whole, np.concatenate(strips))
        assert whole.dtype == np.float32
        assert whole.flags.writeable


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out [1].png.checkpoint"


@pytest.mark.parametrize("variables", [LBFGS[:2], LBFGS, ADAM])
def test_returns_what_was_written(path, variables):
    checkpoint = make(variables=variables)
    write_checkpoint(path, checkpoint)
    read = read_checkpoint(path)
    assert_same(read, checkpoint)
    assert read.size == (7, 5)
    assert read.progress.evaluations == 1
    assert list(path.parent.iterdir()) == [path]


def test_is_an_uncompressed_npz(path):
    checkpoint = make()
    write_checkpoint(path, checkpoint)
    with np.load(path, allow_pickle=False) as arrays:
        assert_array_equal(arrays["best"], checkpoint.state.best)
        assert json.loads(arrays["header.json"])["format"] == "maskstyle checkpoint"
    with zipfile.ZipFile(path) as archive:
        assert all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())


def test_replaces_the_previous_one(path):
    write_checkpoint(path, make(9, 4))
    write_checkpoint(path, make())
    assert_same(read_checkpoint(path), make())


def test_takes_strips_in_any_memory_order(path):
    checkpoint = make()
    by_column = np.asfortranarray(random_image(9, 7, 5))
    checkpoint.state.variables["image"] = (by_column,)
    write_checkpoint(path, checkpoint)
    assert_array_equal(read_checkpoint(path).state.variables["image"][0], by_column)


def test_writes_arrays_without_copying_them(path):
    image = np.zeros((1000, 1000, 3), np.float32)  # 12 MB each
    small = make()
    large = State(image, LOSSES, (1.0,), None, {name: (image[:500], image[500:]) for name in ("image", "momentum")})
    tracemalloc.start()
    write_checkpoint(path, Checkpoint(small.identity, small.progress, large))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 3 * image.nbytes
    assert peak < image.nbytes / 8


# Damaged and foreign files


def test_a_changed_byte_is_noticed_or_changes_nothing(path):
    checkpoint = make(4, 3, cut=2)
    write_checkpoint(path, checkpoint)
    content = path.read_bytes()
    positions = range(0, len(content), 7)
    noticed = 0
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        try:
            read = read_checkpoint(path)
        except CheckpointError as error:
            noticed += str(path) in str(error)
        else:
            assert_same(read, checkpoint)
    assert noticed > len(positions) / 2  # the archive repeats members' names, and their dates mean nothing


def test_a_truncated_file_is_refused(path):
    write_checkpoint(path, make())
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=r"damaged|empty|not a maskstyle checkpoint") as caught:
            read_checkpoint(path)
        assert str(path) in str(caught.value)
        assert "drop `resume`" in str(caught.value)


def replace_members(path, **replaced):
    """Write a checkpoint, and replace members of its archive."""
    write_checkpoint(path, make())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            stem = name.partition(".")[0]
            archive.writestr(name, replaced[stem](content) if stem in replaced else content)


def change_header(path, **changes):
    """Write a checkpoint, and change its header."""
    replace_members(path, header=lambda content: json.dumps(json.loads(content) | changes))


def test_another_version_is_refused(path):
    change_header(path, version=1)
    with pytest.raises(CheckpointError, match="has format 1, but this version of maskstyle reads format 2; resume"):
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
    change_header(path, **changes)
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scale": -1}, r"progress\.scale: expected a whole number of at least 1"),
        ({"scale": 99}, r"progress\.scale is 99, after 1 finished sizes"),
        ({"scale": "x"}, r"progress\.scale: expected a whole number, got text"),
        ({"steps": []}, r"the last of progress\.steps"),
        ({"seconds": -1.0}, r"progress\.seconds: expected a number of at least 0"),
        ({"scales": [{"size": [3, 2]}]}, r"progress\.scales\[0\]: object missing required field"),
        ({"resumed_after": [0]}, r"progress\.resumed_after\[0\]: expected a whole number of at least 1"),
    ],
    ids=str,
)
def test_progress_that_does_not_fit_is_refused(path, changes, said):
    replace_members(
        path,
        header=lambda content: json.dumps((held := json.loads(content)) | {"progress": held["progress"] | changes}),
    )
    with pytest.raises(CheckpointError, match=said):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"finished": "perhaps"}, "finished: expected one of steps|converged"),
        ({"best_totals": [float("nan")]}, "best_totals"),
        ({"best_totals": [10**400]}, "best_totals"),
        ({"losses": {"style": "1"}}, "losses"),
        ({"identity": {"sizes": [[9, 9], [7, 5]]}}, "other sizes than the run"),
        ({"identity": []}, "identity: expected a table, got a list"),
        ({"variables": ["image"]}, "variables: expected image, momentum, velocity; or image, gradient, step_1"),
        ({"variables": ["../image", "momentum", "velocity"]}, "variables: expected image"),
        ({"variables": ["image", "gradient", "step_2", "change_2"]}, "variables: expected image"),
        ({"variables": ["image", "gradient"]}, "numbers: expected first_total, length, loss, tries with L-BFGS"),
        ({"numbers": {"loss": 1.0}}, "numbers: expected .* and none with Adam"),
    ],
    ids=str,
)
def test_the_message_says_what_does_not_fit(path, changes, said):
    change_header(path, **changes)
    with pytest.raises(CheckpointError, match=said):
        read_checkpoint(path)


def test_a_header_of_thousands_of_brackets_or_digits_is_refused(path):
    for text in ("[" * 100_000, '{"format": ' + "9" * 5000 + "}"):
        replace_members(path, header=lambda content, text=text: text)
        with pytest.raises(CheckpointError, match="it is not JSON"):
            read_checkpoint(path)


def test_a_best_image_outside_the_range_is_refused(path):
    for value in (2.0, float("nan")):
        checkpoint = make()
        checkpoint.state.best[0, 0, 0] = value
        write_checkpoint(path, checkpoint)
        with pytest.raises(CheckpointError, match=r"outside \[0, 1\]|not finite"):
            read_checkpoint(path)


def test_nothing_is_unpacked_that_is_larger_than_it_should_be(path):
    write_checkpoint(path, make())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content + bytes(50_000_000) * (name == "best.npy"))
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=r"best\.npy is too long"):
        read_checkpoint(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_other_files_are_refused(path, tmp_path):
    np.savez(tmp_path / "weights.npz", kernel=np.zeros(3))
    for content in (b"This is a text.", b"\x89PNG\r\n", (tmp_path / "weights.npz").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="is not a maskstyle checkpoint; move it away"):
            read_checkpoint(path)


def test_nothing_is_unpickled(path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "sprung"),)

    header = b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (7, 5, 3), }".ljust(127) + b"\n"
    replace_members(path, best=lambda _: header + pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match="type object"):
        read_checkpoint(path)
    assert not (path.parent / "sprung").exists()


def test_no_file_and_a_folder(path):
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .* to resume from; drop `resume`"):
        read_checkpoint(path)
    path.mkdir()
    with pytest.raises(CheckpointError, match="is a folder"):
        read_checkpoint(path)


# Full disks and killed processes


def test_a_full_disk_leaves_the_previous_one_and_nothing_else(path, monkeypatch):
    write_checkpoint(path, make())

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(path, make(9, 9))
    assert_same(read_checkpoint(path), make())
    assert list(path.parent.iterdir()) == [path]


PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
import numpy as np
from maskstyle.images.writing import remove_leftovers
from maskstyle.synthesis.checkpoint_file import *
from maskstyle.synthesis.result import StepRecord

path = Path(sys.argv[1])

def write(number):
    image = np.full((60, 40, 3), number / 4, np.float32)
    steps = (StepRecord((60, 40), number, float(number), {"loss": float(number)}),)
    variables = dict.fromkeys(ADAM, (image[:20], image[20:]))
    state = State(image, {"loss": float(number)}, (float(number),) * number, None, variables)
    write_checkpoint(path, Checkpoint({"run": "numbers"}, Progress(1, steps, (), (), float(number)), state))

def read():
    checkpoint = read_checkpoint(path)
    number = checkpoint.progress.evaluations
    for array in (checkpoint.state.best, *checkpoint.state.variables["image"]):
        assert (array == number / 4).all()
    assert checkpoint.state.losses == {"loss": number} and checkpoint.progress.seconds == number
    return number

write(1)
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
"""Begins a process of its own, which is ready in a moment, as checkpoints need no TensorFlow."""

TOO_LARGE = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))
try:
    write(2)
except OSError as error:
    print(error.errno, read())
"""

KILLED_AT_EACH_LINE = """
def kill_at(line):
    def trace(frame, event, argument):
        nonlocal line
        if not frame.f_code.co_filename.endswith(("checkpoint_file.py", "writing.py")):
            return None
        line -= 1
        if line == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)

def survives(line):
    child = os.fork()
    if child == 0:
        kill_at(line)
        write(2)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0

line = 1
while not survives(line):
    print(read())
    if read() == 2:
        write(1)
    remove_leftovers(path.parent)
    assert list(path.parent.iterdir()) == [path]
    line += 1
"""


def output_of(program, path):
    ran = subprocess.run([sys.executable, "-c", PROGRAM + program, path], capture_output=True, text=True, check=True)
    return ran.stdout


@posix
def test_a_size_limit_amid_the_arrays_leaves_the_previous_one(path):
    assert output_of(TOO_LARGE, path).split() == [str(errno.EFBIG), "1"]
    assert list(path.parent.iterdir()) == [path]


@posix
def test_a_process_killed_at_any_line_leaves_a_complete_checkpoint(path):
    numbers = list(map(int, output_of(KILLED_AT_EACH_LINE, path).split()))
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2}
    assert len(numbers) > 20
