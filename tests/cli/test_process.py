"""The command as a process of its own, and what Ctrl-C, SIGTERM and broken numbers leave behind."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from reference import write_npz

from maskstyle import load_image, read_metadata
from maskstyle.cli.console import Interrupt, interruptible, prepare_streams, tables
from maskstyle.networks.architectures import VGG19
from maskstyle.networks.tensorflow_import import import_tensorflow
from maskstyle.networks.weights import LayerWeights

PATIENCE = 600
"""Seconds after which a process has failed; a busy machine may take a minute to begin."""


posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")


@pytest.fixture
def environment():
    """Return an environment in which nothing silences TensorFlow but maskstyle itself."""
    silencers = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS")
    return {name: value for name, value in os.environ.items() if name not in silencers}


def test_a_table_goes_into_a_pipe_of_any_encoding(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    prepare_streams()
    tables().print("\u2588 red")
    assert written.getvalue().split() == [b"#", b"red"]


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from maskstyle.__main__ import main

def look(number, frame):
    if Path("shots/out_5_40x32_00001.png").exists():
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGALRM, look)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
main()
"""
"""A process that gets Ctrl-C at some line after the first step of the last size; a test might look too late."""


@posix_signals
def test_ctrl_c_keeps_the_image_and_tensorflow_prints_nothing(desk, environment):
    # Each size is traced anew, which TensorFlow likes to warn about.
    layers = ("--content-layers", "block1_conv1", "--style-layers", "block1_conv1")
    options = ("--steps", "6", "--scales", "5", "--optimizer", "adam", "--json", "run.json")
    shots = ("--snapshot-every", "1", "--snapshot-dir", "shots")
    command = ("basic", "content.png", "style.jpg", "-o", "out.png", *layers, *options, *shots)
    ran = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *command],
        cwd=desk,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    assert ran.returncode == 130, ran.stderr
    assert ran.stdout == ""
    lines = ran.stderr.splitlines()
    began = ["network:", "expected:", "stopping", "40x32", "interrupted;"]
    assert [line.split()[0] for line in lines] == began, ran.stderr
    assert lines[-1] == (
        "interrupted; the result so far (40x32) is in out.png; repeat the command with --resume to continue"
    )
    assert (desk / "out.png.checkpoint").is_file()
    assert load_image(desk / "out.png").pixels.shape == (32, 40, 3)
    assert read_metadata(desk / "out.png")["stopped_because"] == "interrupted"
    assert (desk / "run.json").is_file()
    assert not list(desk.glob(".maskstyle-*"))


LONG = ("--steps", "1000", "--tolerance", "0", "--optimizer", "adam")


@posix_signals
def test_sigterm_keeps_the_image_too(interrupted, desk):
    ran = interrupted(*LONG, after=2, numbers=[signal.SIGTERM])
    assert ran.code == 130
    assert "stopping after this step; the image so far will be saved" in ran.err
    assert read_metadata(desk / "out.png")["stopped_because"] == "interrupted"


@posix_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_two_signals_in_a_row_are_one_request(interrupted, desk, number):
    before = signal.signal(number, signal.default_int_handler)  # nohup ignores SIGHUP, and maskstyle leaves it so
    try:
        ran = interrupted(*LONG, after=2, numbers=[number, number])
    finally:
        signal.signal(number, before)
    assert ran.code == 130
    assert ran.err.splitlines()[-1].startswith("interrupted; the result so far (40x32) is in out.png")
    assert read_metadata(desk / "out.png")["stopped_because"] == "interrupted"


@pytest.fixture
def late(monkeypatch):
    """Return a function that lets time pass for an Interrupt, whose end is then an exception."""
    clock = [0.0]

    def end(code):
        raise SystemExit(code)

    monkeypatch.setattr("maskstyle.cli.console.time", Mock(monotonic=lambda: clock[0]))
    monkeypatch.setattr("os._exit", end)
    return lambda seconds: clock.__setitem__(0, clock[0] + seconds)


@pytest.mark.parametrize("finishing", [False, True])
def test_a_signal_that_is_repeated_later_ends_the_process(late, capsys, finishing):
    interrupt = Interrupt()
    interrupt.began = True
    interrupt.finishing = finishing
    interrupt.handle(signal.SIGINT, None)
    late(1)
    interrupt.handle(signal.SIGINT, None)
    late(1)
    with pytest.raises(SystemExit) as ended:
        interrupt.handle(signal.SIGINT, None)
    assert ended.value.code == 130
    assert capsys.readouterr().err.endswith("error: interrupted twice; stopped without saving the image\n")


@posix_signals
def test_ignored_signals_stay_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with interruptible() as interrupt:
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == interrupt.handle
        assert not interrupt.asked()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_thread_has_no_signals():
    asked = []

    def run():
        with interruptible() as interrupt:
            asked.append(interrupt.asked())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert asked == [False]


@posix_signals
def test_ctrl_c_while_the_command_loads_is_one_sentence(desk):
    program = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'maskstyle.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from maskstyle.__main__ import main\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (130, "error: interrupted\n")


@posix_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_while_tensorflow_loads_writes_nothing(basic, desk, monkeypatch, number):
    monkeypatch.setattr("maskstyle.networks.tensorflow_import.import_tensorflow", lambda: signal.raise_signal(number))
    before = signal.getsignal(number)
    ran = basic("--quiet", "--json", "run.json")
    assert ran.code == 130
    assert ran.error == "interrupted before the first step; nothing was written"
    assert sorted(path.name for path in desk.iterdir()) == ["content.png", "style.jpg"]
    assert signal.getsignal(number) is before


@posix_signals
def test_a_signal_that_an_import_swallows_still_stops_after_the_first_step(basic, desk, monkeypatch):
    def swallow(load=import_tensorflow):
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGINT)
        return load()

    monkeypatch.setattr("maskstyle.networks.tensorflow_import.import_tensorflow", swallow)
    ran = basic(*LONG)
    assert ran.code == 130
    assert read_metadata(desk / "out.png")["stopped_because"] == "interrupted"


def test_before_the_first_step_a_signal_stops_at_once():
    interrupt = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        interrupt.handle(signal.SIGINT, None)
    assert interrupt.asked()


def test_two_signals_of_different_kinds_ask_once(capsys):
    interrupt = Interrupt()
    interrupt.began = True
    interrupt.handle(signal.SIGINT, None)
    interrupt.handle(signal.SIGTERM, None)
    assert interrupt.asked()
    assert capsys.readouterr().err == "stopping after this step; the image so far will be saved\n"


@posix_signals
@pytest.mark.parametrize("name", ["SIGXCPU", "SIGUSR1", "SIGUSR2"])
def test_schedulers_of_clusters_ask_too(monkeypatch, capsys, name):
    monkeypatch.setattr("maskstyle.cli.console.AGAIN", 0.0 if name == "SIGXCPU" else 60.0)
    with interruptible() as interrupt:
        interrupt.began = True
        for _ in range(3):
            signal.raise_signal(getattr(signal, name))
    assert interrupt.asked()
    assert capsys.readouterr().err == "stopping after this step; the image so far will be saved\n"


def test_no_signal_stops_the_writing_of_the_result():
    interrupt = Interrupt()
    interrupt.began = interrupt.finishing = True
    interrupt.handle(signal.SIGINT, None)
    interrupt.handle(signal.SIGINT, None)
    assert interrupt.asked()


def test_the_handlers_are_put_back_after_an_error():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), interruptible() as interrupt:  # noqa: PT012
        assert signal.getsignal(signal.SIGINT) == interrupt.handle
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@posix_signals
def test_a_record_that_cannot_be_written_after_all_is_a_failure(basic, desk, size_of, when):
    with when(desk / "shots", lambda: (desk / "run.json").mkdir()):
        shots = ("--snapshot-every", "1", "--snapshot-dir", "shots")
        ran = basic("--optimizer", "adam", "--tolerance", "0", "--steps", "6", "--json", "run.json", *shots)
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("error: the work is done, but run.json could not be written (")
    assert size_of(desk / "out.png") == (32, 40)


@posix_signals
def test_a_snapshot_that_cannot_be_written_does_not_end_the_work(basic, desk, size_of, when):
    def block():
        for step in (6, 8, 10):
            (desk / "shots" / f"out_1_40x32_{step:05}.png").mkdir()

    shots = ("--snapshot-every", "2", "--snapshot-dir", "shots")
    with when(desk / "shots" / "out_1_40x32_00002.png", block):
        ran = basic("--optimizer", "adam", "--tolerance", "0", "--steps", "10", *shots).succeeded()
    assert "no snapshot: " in ran.err
    assert size_of(desk / "out.png") == (32, 40)


def test_losses_that_overflow_leave_the_last_good_image(basic, desk, size_of):
    ran = basic("--steps", "10", "--style-weight", "1e36", "--optimizer", "adam")
    assert ran.code == 1
    *_, kept, error = ran.err.splitlines()
    assert kept == "the last good image is in out.png"
    assert error.startswith("error: the loss is not finite after ")
    assert not error.startswith("error: the loss is not finite after 0")
    assert "lower the weights" in error
    assert size_of(desk / "out.png") == (32, 40)
    assert read_metadata(desk / "out.png")["stopped_because"] == "not finite"


def test_losses_that_overflow_at_once_leave_an_older_image_alone(basic, desk):
    older = (desk / "content.png").read_bytes()
    (desk / "out.png").write_bytes(older)
    ran = basic("--quiet", "--style-weight", "1e39")
    assert ran.code == 1
    assert "not finite after 0 good steps" in ran.error
    assert (desk / "out.png").read_bytes() == older


def test_losses_that_overflow_in_compare_leave_the_results_before(desk, run, eagerly, monkeypatch, size_of):
    (desk / "weights").mkdir()
    huge = {}
    for layer in VGG19.up_to_deepest(["block5_conv1"]):
        shape = VGG19.kernel_shape(layer)
        huge[layer] = LayerWeights(np.full(shape, 1e20, np.float32), np.zeros(shape[-1], np.float32))
    write_npz(desk / "weights" / "vgg19_huge.npz", huge)
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(desk / "weights"))
    ran = run("compare", "content.png", "style.jpg", "-o", "sheet.png", "--networks", "lite,vgg19", "--steps", "1")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("error: default, vgg19: the loss is not finite")
    assert size_of(desk / "sheet.png")[0] > 384
    assert list(read_metadata(desk / "sheet.png")) == ["default, lite"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_space_for_what_is_printed_is_a_failure():
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "maskstyle", "recipes"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr == "error: no space is left to write the output; free some, or write elsewhere\n"
