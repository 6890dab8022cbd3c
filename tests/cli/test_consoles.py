"""Terminals and pipes as people have them: code pages, readers that leave, full disks, narrow windows."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper

import numpy as np
import pytest
from PIL import Image

from maskstyle import read_metadata
from maskstyle.cli.app import COMMANDS, app
from maskstyle.cli.console import prepare_streams

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


@pytest.fixture
def encoded(desk, monkeypatch):
    """Return a function that runs a command in this process, and returns its code and what its streams were sent."""
    monkeypatch.setenv("COLUMNS", "20")

    def encoded(*arguments, encoding):
        streams = [TextIOWrapper(BytesIO(), encoding=encoding) for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            with pytest.raises(SystemExit) as ended:
                app(list(arguments), prog_name="maskstyle")
        for stream in streams:
            stream.flush()
        return ended.value.code, *(stream.buffer.getvalue() for stream in streams)

    return encoded


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_any_encoding(encoded, encoding, desk, two_halves):
    two_halves(desk / "\u56fe_map.png", (32, 40), (200, 70, 50), (30, 80, 160))
    code, out, _ = encoded("maps", "check", "\u56fe_map.png", "\u56fe_map.png", encoding=encoding)
    assert (code, b"?_map.png" in b"".join(out.split())) == (0, True)
    assert b"##" in out
    code, _, err = encoded("basic", "\u56fe.png", "style.jpg", "-o", "out.png", "--dry-run", encoding=encoding)
    assert (code, b"\\u56fe.png does not exist" in err) == (2, True), err


def test_swatches_where_the_encoding_has_none(monkeypatch):
    streams = [TextIOWrapper(BytesIO(), encoding="ascii") for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    prepare_streams()
    for stream in streams:
        stream.write("\u56fe\u2588\u2588\u56fe \u2588")
        stream.flush()
    assert [stream.buffer.getvalue() for stream in streams] == [b"?##? #", rb"\u56fe##\u56fe #"]


def test_every_help_page_in_ascii(encoded):
    for name in COMMANDS:
        code, out, _ = encoded(name, "--help", encoding="ascii")
        assert (code, b"Usage" in out) == (0, True)


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_that_left(called, closed):
    reads, writes = os.pipe()
    os.close(reads)
    name = "caf\u00e9 \u56fe_map.png"
    prints = {"stdout": ("maps", "check", name, name), "stderr": ("basic", "nope.png", "style.jpg", "-o", "o.png")}
    ran = called(*prints[closed], encoding="ascii", **{closed: writes})
    os.close(writes)
    assert ran.returncode == (0 if closed == "stdout" else 2)
    assert not ran.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_under_the_messages_changes_no_exit_code(called):
    with open("/dev/full", "w") as full:
        assert called("basic", "nope.png", "style.jpg", "-o", "o.png", stderr=full).returncode == 2


def test_a_printed_plan_is_utf_8(desk, encoded, run, quick, eagerly):
    picture = desk / "caf\u00e9.png"
    Image.fromarray(np.full((32, 40, 3), 90, np.uint8)).save(picture)
    run("basic", picture, "style.jpg", "-o", "out.png", *quick).succeeded()
    _, out, _ = encoded("plan", "from", "out.png", encoding="cp1252")
    assert 'content = "caf\u00e9.png"'.encode() in out


def test_names_whose_bytes_python_escapes_in_a_locale_without_utf8(desk, run, quick, eagerly):
    escaped, made = "caf\udcc3\udca9.png", "out\udcc3\udca9.png"
    (desk / "content.png").rename(desk / "caf\u00e9.png")
    run("basic", escaped, "style.jpg", "-o", made, *quick).succeeded()
    recorded = read_metadata(desk / made)
    assert recorded["inputs"]["plan"]["content"] == "caf\u00e9.png"
    assert "caf\u00e9.png" in recorded["sha256"]
    plan = run("plan", "from", made).succeeded().out
    assert 'content = "caf\u00e9.png"' in plan
    assert 'output = "out\u00e9_again.png"' in plan


def test_a_table_that_is_too_wide_has_a_line_for_each_cell():
    from rich.table import Column

    from maskstyle.cli.terminal import SafeConsole, Table

    def printed(width):
        table = Table("", "color", Column("pixels", no_wrap=True), "note")
        table.add_row("1", "#ff0000 red", "12,345 of 99,999", "")
        table.add_row("2", "#0000ff blue", "1", "too small")
        file = io.StringIO()
        SafeConsole(file=file, width=width, highlight=False).print(table)
        return [line.rstrip() for line in file.getvalue().rstrip().splitlines()]

    assert printed(60)[1] == "1  #ff0000 red   12,345 of 99,999"
    lines = "1|color: #ff0000 red|pixels: 12,345 of 99,999||2|color: #0000ff blue|pixels: 1|note: too small"
    assert printed(25) == lines.split("|")
