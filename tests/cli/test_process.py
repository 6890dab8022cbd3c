"""The command as a process of its own, and what Ctrl-C, SIGTERM and broken numbers leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from maskstyle import load_image, read_metadata
from maskstyle.cli.console import Interrupt, interruptible
from maskstyle.objective.objective import Objective

posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")

CHEAP = ("--content-layers", "block1_conv1", "--style-layers", "block1_conv1", "--scales", "1")

PATIENCE = 180
"""Seconds after which a process that says nothing has failed; a busy machine may take a minute to begin."""


@pytest.fixture
def environment():
    """Return an environment in which nothing silences TensorFlow but maskstyle itself."""
    silencers = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS")
    return {name: value for name, value in os.environ.items() if name not in silencers}


def command(*arguments):
    return [sys.executable, "-m", "maskstyle", "basic", "content.png", "style.jpg", "-o", "out.png", *arguments]


def test_a_run_is_free_of_tensorflows_remarks(desk, environment, size_of):
    # Five sizes and two optimizers' worth of tracing, which TensorFlow likes to warn about.
    options = ("--steps", "3", "--scales", "5", "--content-layers", "block1_conv1", "--style-layers", "block1_conv1")
    ran = subprocess.run(
        command(*options), cwd=desk, env=environment, capture_output=True, encoding="utf-8", timeout=PATIENCE
    )
    assert ran.returncode == 0, ran.stderr
    assert size_of(desk / "out.png") == (32, 40)
    assert ran.stdout == ""
    lines = ran.stderr.splitlines()
    assert [line.split()[0] for line in lines] == ["network:", "expected:", "40x32", "wrote"], ran.stderr


@posix_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_during_a_long_run_keeps_the_picture(desk, environment, number):
    options = ("--steps", "100000", "--tolerance", "0", "--optimizer", "adam", "--json", "run.json")
    shots = ("--snapshot-every", "1", "--snapshot-dir", "shots")
    process = subprocess.Popen(
        command(*CHEAP, *options, *shots), cwd=desk, env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        _wait_for(lambda: any((desk / "shots").glob("out_*.png")), process)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    assert "stopping after this step" in said
    assert said.splitlines()[-1] == (
        "interrupted; the picture so far (40x32) is in out.png; the same command with --resume goes on"
    )
    assert (desk / "out.png.checkpoint").is_file()
    assert load_image(desk / "out.png").pixels.shape == (32, 40, 3)
    assert read_metadata(desk / "out.png")["stopped_because"] == "interrupted"
    assert (desk / "run.json").is_file()
    assert not list(desk.glob(".maskstyle-*"))


def _wait_for(happened, process):
    began = time.monotonic()
    while not happened():
        if process.poll() is not None:
            pytest.fail(f"ended with {process.returncode} before the signal: {process.stderr.read()}")
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.05)


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
def test_a_signal_that_gets_lost_in_someones_except_still_stops_after_the_first_step(basic, desk, monkeypatch):
    def swallow():
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException:
            pass

    monkeypatch.setattr("maskstyle.networks.tensorflow_import.import_tensorflow", swallow)
    ran = basic("--steps", "1000", "--tolerance", "0")
    assert ran.code == 130
    assert read_metadata(desk / "out.png")["stopped_because"] == "interrupted"


@posix_signals
def test_a_second_signal_does_not_wait(basic, desk, monkeypatch):
    class Impatient(Objective):
        calls = 0

        def value_and_gradient(self, image):
            self.calls += 1
            if self.calls > 1:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            return super().value_and_gradient(image)

    monkeypatch.setattr("maskstyle.objective.objective.Objective", Impatient)
    ran = basic("--steps", "100")
    assert ran.code == 130
    assert ran.err.splitlines()[-1] == "error: interrupted twice; stopped without saving the image"
    assert not (desk / "out.png").exists()


def test_before_the_first_step_a_signal_stops_at_once():
    interrupt = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        interrupt.handle(signal.SIGINT, None)
    assert interrupt.asked()


def test_after_the_first_step_a_signal_asks_and_the_second_stops(capsys):
    interrupt = Interrupt()
    interrupt.began = True
    interrupt.handle(signal.SIGTERM, None)
    assert interrupt.asked()
    assert capsys.readouterr().err == "stopping after this step; the image so far will be saved\n"
    with pytest.raises(KeyboardInterrupt, match="twice"):
        interrupt.handle(signal.SIGTERM, None)


def test_two_signals_of_different_kinds_are_one_wish(capsys):
    interrupt = Interrupt()
    interrupt.began = True
    interrupt.handle(signal.SIGINT, None)
    interrupt.handle(signal.SIGTERM, None)
    assert interrupt.asked()
    assert capsys.readouterr().err.count("stopping after this step") == 1


def test_nothing_breaks_off_the_writing_of_the_picture():
    interrupt = Interrupt()
    interrupt.began = interrupt.finishing = True
    interrupt.handle(signal.SIGINT, None)
    interrupt.handle(signal.SIGINT, None)
    assert interrupt.asked()


def test_a_record_that_cannot_be_written_after_all_is_a_failure(basic, desk, size_of, monkeypatch):
    def full(path, record):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("maskstyle.cli.render.write_json", full)
    ran = basic("--steps", "2", "--json", "out.json")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith(
        "error: the work is done, but out.json could not be written ([Errno 28]"
    )
    assert size_of(desk / "out.png") == (32, 40)


def test_a_snapshot_that_cannot_be_written_does_not_end_the_work(basic, desk, size_of, monkeypatch):
    def refuse(folder, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    ran = basic("--steps", "2", "--snapshot-every", "1")
    assert ran.code == 0
    assert "no snapshot: " in ran.err
    assert size_of(desk / "out.png") == (32, 40)


def test_the_handlers_are_put_back_after_an_error():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), interruptible() as interrupt:
        assert signal.getsignal(signal.SIGINT) == interrupt.handle
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def overflowing(good_steps):
    """Return an Objective whose losses are NaN after so many good steps."""

    class Overflowing(Objective):
        calls = 0

        def value_and_gradient(self, image):
            self.calls += 1
            values, gradient = super().value_and_gradient(image)
            return (values if self.calls <= good_steps else values * float("nan")), gradient

    return Overflowing


def test_losses_that_overflow_leave_the_last_good_picture(basic, desk, size_of, monkeypatch):
    monkeypatch.setattr("maskstyle.objective.objective.Objective", overflowing(3))
    ran = basic("--steps", "10")
    assert ran.code == 1
    *_, kept, error = ran.err.splitlines()
    assert kept == "the last good picture is in out.png"
    assert error.startswith("error: the loss is not finite after 3 good steps (content nan, ")
    assert "lower the weights" in error
    assert size_of(desk / "out.png") == (32, 40)


def test_losses_that_overflow_at_once_leave_an_older_picture_alone(basic, desk, monkeypatch):
    monkeypatch.setattr("maskstyle.objective.objective.Objective", overflowing(0))
    (desk / "out.png").write_bytes(b"an older picture")
    ran = basic("--quiet")
    assert ran.code == 1
    assert "not finite after 0 good steps" in ran.error
    assert (desk / "out.png").read_bytes() == b"an older picture"


def test_losses_that_overflow_in_compare_leave_the_pictures_before(desk, run, size_of, monkeypatch):
    class SecondVariant(Objective):
        objects = 0

        def value_and_gradient(self, image):
            values, gradient = super().value_and_gradient(image)
            return (values if self.number == 1 else values * float("nan")), gradient

        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            type(self).objects += 1
            self.number = type(self).objects

    monkeypatch.setattr("maskstyle.objective.objective.Objective", SecondVariant)
    monkeypatch.setitem(_recipes(), "default", _single_scale("default"))
    ran = run("compare", "content.png", "style.jpg", "-o", "sheet.png", "--networks", "vgg19,auto", "--steps", "2")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("error: default, auto: the loss is not finite")
    assert size_of(desk / "sheet.png")[0] > 384
    assert list(read_metadata(desk / "sheet.png")) == ["default, vgg19"]


def _recipes():
    from maskstyle.recipes import RECIPES

    return RECIPES


def _single_scale(name):
    import dataclasses

    recipe = _recipes()[name]
    return dataclasses.replace(recipe, settings=recipe.settings.changed(scales=1))
