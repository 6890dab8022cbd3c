"""Fixtures of the command line's tests: tiny pictures, and the commands run in this process."""

from __future__ import annotations

import re
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from maskstyle.cli.app import app

CONTENT_SIZE = (32, 40)
STYLE_SIZE = (36, 28)


@pytest.fixture(autouse=True)
def _terminal(monkeypatch):
    """Give every test the same wide terminal, and put back what the commands change."""
    monkeypatch.setenv("COLUMNS", "400")
    for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "NO_COLOR", "PY_COLORS", "TERMINAL_WIDTH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _weights(monkeypatch, random_vgg19_weights):
    """Let the commands find VGG19 up to block 3."""
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))


@pytest.fixture
def no_weights(monkeypatch):
    """Let the commands find no weights but those that the package holds."""
    monkeypatch.delenv("MASKSTYLE_WEIGHTS_DIR")


def _painted(size, seed=0):
    """Return a smooth 8-bit picture with some edges."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    channels = [columns * 6 + 40 * seed, rows * 7, rows * columns // 2 + 90 * seed]
    return Image.fromarray((np.stack(channels, axis=-1) % 256).astype(np.uint8))


@pytest.fixture(scope="session")
def painted():
    """Return a function from a (height, width) and a seed to a picture."""
    return _painted


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Return the working folder, with content.png and style.jpg in it."""
    _lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _lay_out(folder):
    _painted(CONTENT_SIZE).save(folder / "content.png")
    _painted(STYLE_SIZE, seed=1).save(folder / "style.jpg")


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory):
    """Return a folder with content.png and style.jpg in it, for results that several tests look at."""
    folder = tmp_path_factory.mktemp("shared")
    _lay_out(folder)
    return folder


class Ran:
    """What a command did: its exit code and what it printed, without colors."""

    def __init__(self, result):
        self.code = result.exit_code
        self.data = result.stdout_bytes
        self.out = _plain(result.stdout)
        self.err = _plain(result.stderr)
        self.exception = None if isinstance(result.exception, SystemExit) else result.exception

    def succeeded(self):
        """Return this after checking that all went well."""
        assert self.code == 0, f"exit code {self.code}: {self.err or self.out} {self.exception!r}"
        return self

    @property
    def error(self):
        """The one line that explains a failure."""
        assert self.exception is None, repr(self.exception)
        assert self.out == ""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: ")
        return lines[0].removeprefix("error: ")


def _plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture
def without_tensorflow(monkeypatch):
    """Make any import of TensorFlow fail: every check of the inputs comes before."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)


@pytest.fixture
def run():
    """Return a function that runs a command in this process."""
    return _run


def _run(*arguments, piped=None):
    texts = [str(each) for each in arguments]
    return Ran(CliRunner().invoke(app, texts, prog_name="maskstyle", input=piped))


@pytest.fixture(scope="session")
def run_in(random_vgg19_weights):
    """Return a function that runs a command in a folder, without compiling, for a fixture of a whole module."""

    def run_in(folder, *arguments):
        import tensorflow as tf

        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv("COLUMNS", "400")
            patch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
            tf.config.run_functions_eagerly(True)
            try:
                return _run(*arguments)
            finally:
                tf.config.run_functions_eagerly(False)

    return run_in


CONTENT_LAYERS = ("--content-layers", "block1_conv2")

QUICK = ("--steps", "2", "--scales", "1", *CONTENT_LAYERS, "--style-layers", "block1_conv1")
"""Options that make a transfer of tiny images as fast as can be."""


@pytest.fixture(scope="session")
def quick():
    """Return options that make a transfer of tiny images as fast as can be."""
    return QUICK


@pytest.fixture(scope="session")
def two_halves():
    """Return a function that writes a map with two colors, left and right."""

    def two_halves(path, size, left, right):
        pixels = np.empty((*size, 3), np.uint8)
        pixels[:, : size[1] // 2] = left
        pixels[:, size[1] // 2 :] = right
        Image.fromarray(pixels).save(path)

    return two_halves


@pytest.fixture
def basic(desk, run, eagerly):
    """Return a function that runs a quick ``maskstyle basic`` with some more options."""

    def basic(*options, content="content.png", style="style.jpg", output="out.png"):
        return run("basic", content, style, "-o", output, *QUICK, *options)

    return basic


@pytest.fixture
def when():
    """Return a context manager that acts, between two lines of the main thread, once a file exists."""

    @contextmanager
    def when(path, act):
        def look(number, frame):
            if path.exists():
                signal.setitimer(signal.ITIMER_REAL, 0)
                act()

        before = signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    return when


@pytest.fixture
def interrupted(basic, when):
    """Return a function that runs a quick ``maskstyle basic`` and sends it signals after so many steps."""

    def interrupted(*options, after, numbers=(signal.SIGINT,)):
        with tempfile.TemporaryDirectory() as shots:
            snapshot = Path(shots) / f"out_1_40x32_{after:05}.png"
            with when(snapshot, lambda: [signal.raise_signal(number) for number in numbers]):
                return basic(*options, "--snapshot-every", after, "--snapshot-dir", shots)

    return interrupted


@pytest.fixture
def command_named():
    """Return a function from the names of a command and its groups to its parser."""

    def command_named(*names):
        command: Any = get_command(app)
        for name in names:
            command = command.get_command(None, name)
        return command

    return command_named


@pytest.fixture
def size_of():
    """Return a function from an image file to its (height, width)."""

    def size_of(path):
        with Image.open(path) as image:
            image.load()
            return image.height, image.width

    return size_of
