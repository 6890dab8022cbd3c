"""Terminals and pipes as people have them: code pages, readers that leave, full disks, narrow windows."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from maskstyle import read_metadata

MAIN = (sys.executable, "-m", "maskstyle")


@pytest.fixture
def called(desk, two_halves):
    """Return a function that starts a command in a process of its own, with streams of an encoding."""
    two_halves(desk / "content_map.png", (32, 40), (200, 70, 50), (30, 80, 160))
    (desk / "content.png").rename(desk / "caf\u00e9 \u56fe.png")
    (desk / "content_map.png").rename(desk / "caf\u00e9 \u56fe_map.png")

    def called(*arguments, encoding="utf-8", **streams):
        environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "20", "KERAS_BACKEND": "tensorflow"}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.run([*MAIN, *arguments], check=False, env=environment, **streams)

    return called


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("basic", "--help"), 0),
        (("maps", "check", "caf\u00e9 \u56fe_map.png", "caf\u00e9 \u56fe_map.png"), 0),
        (("basic", "\u56fe.png", "style.jpg", "-o", "out.png", "--dry-run"), 2),
    ],
)
def test_any_encoding(called, encoding, arguments, code):
    ran = called(*arguments, encoding=encoding)
    assert (ran.returncode, b"Traceback" in ran.stderr) == (code, False), ran.stderr.decode("ascii", "replace")
    assert ran.stdout or b"error: " in ran.stderr


def test_every_help_page_in_ascii(run, command_named, monkeypatch):
    from io import BytesIO, TextIOWrapper

    from maskstyle.cli.app import COMMANDS, app

    monkeypatch.setenv("COLUMNS", "20")
    for name in COMMANDS:
        stream = TextIOWrapper(BytesIO(), encoding="ascii")
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as ended:
            app([name, "--help"], prog_name="maskstyle")
        assert ended.value.code == 0
        stream.flush()
        assert b"Usage" in stream.buffer.getvalue()


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_that_left(called, closed):
    reads, writes = os.pipe()
    os.close(reads)
    name = "caf\u00e9 \u56fe_map.png"
    prints = {"stdout": ("maps", "check", name, name), "stderr": ("basic", "nope.png", "style.jpg", "-o", "o.png")}
    ran = called(*prints[closed], **{closed: writes})
    os.close(writes)
    assert ran.returncode == (0 if closed == "stdout" else 2)
    assert not ran.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_under_the_messages_changes_no_exit_code(called):
    with open("/dev/full", "w") as full:
        assert called("basic", "nope.png", "style.jpg", "-o", "o.png", stderr=full).returncode == 2


def test_a_printed_plan_is_utf_8(desk, called, run, quick, eagerly):
    picture = desk / "caf\u00e9.png"
    Image.fromarray(np.full((32, 40, 3), 90, np.uint8)).save(picture)
    run("basic", picture, "style.jpg", "-o", "out.png", *quick).succeeded()
    assert 'content = "caf\u00e9.png"'.encode() in called("plan", "from", "out.png", encoding="cp1252").stdout


def test_names_whose_bytes_python_escapes_in_a_locale_without_utf8(desk, run, quick, eagerly):
    escaped = "caf\udcc3\udca9.png"
    (desk / "content.png").rename(desk / "caf\u00e9.png")
    run("basic", escaped, "style.jpg", "-o", "out.png", *quick).succeeded()
    recorded = read_metadata(desk / "out.png")
    assert recorded["inputs"]["plan"]["content"] == "caf\u00e9.png"
    assert "caf\u00e9.png" in recorded["sha256"]
    assert 'content = "caf\u00e9.png"' in run("plan", "from", "out.png").succeeded().out
