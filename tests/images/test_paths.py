"""Paths that lead nowhere: one sentence each, from the one function that opens files."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from maskstyle import read_plan
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images import paths, read_metadata
from maskstyle.images.paths import opened, problem, shown
from maskstyle.maps.annotations.reading import load_annotation

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("gone")
    return tmp_path


NOWHERE = {
    "nothing": "does not exist; check the path",
    "folder": "is a folder; name a file inside it",
    "file/inside": "does not exist, as file is not a folder",
    "loop": "is a link that leads back to itself; name the file itself",
    "loop/inside": "is a link that leads back to itself",
    "dangling": "does not exist",
    "a" * 300: "is too long a name; use a shorter one",
    "/".join(["a" * 200] * 30): "is too long a name; use a shorter one",
    "$HOME/a.png": "does not exist; write it in full, as the shell has not replaced $HOME",
    "%USERPROFILE%/a.png": "write it in full, as the shell has not replaced %USERPROFILE%",
    "*.png": "does not exist; name one file, as the shell has not replaced the pattern",
    "nothing ": "but 'nothing ' does not exist",
    "nul\0": "has a character that no file name can have",
    "/dev/zero": "is a device; name a plain file or a pipe",
    "/dev/full": "is a device",
}


@posix
@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("read", [opened, read_metadata, read_plan, load_annotation], ids=lambda each: each.__name__)
def test_every_reader_says_why(here, read, path):
    with pytest.raises((ImageError, SettingsError)) as failed:
        read(Path(path))
    message = str(failed.value)
    if read is load_annotation and path == "folder":
        assert "holds no images" in message
        return
    assert NOWHERE[path] in message
    assert len(message) < 400
    assert "\n" not in message


@posix
def test_a_folder_that_may_not_be_entered(here, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # root may enter any folder
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "folder")
    with pytest.raises(ImageError, match="is in folder, a folder that may not be entered"):
        opened(Path("folder/picture.png"))


@posix
def test_a_working_folder_that_is_gone(here, monkeypatch):
    monkeypatch.chdir(here / "folder")
    (here / "folder").rmdir()
    with pytest.raises(ImageError, match="is in the working folder, which no longer exists; change to another"):
        opened(Path("picture.png"))


@posix
def test_a_pipe_without_a_writer_does_not_hang(here, monkeypatch):
    monkeypatch.setattr(paths, "PATIENCE", 0.05)
    os.mkfifo("pipe")
    with pytest.raises(ImageError, match="nothing writes to the pipe pipe; start its program"):
        opened(Path("pipe"))


@posix
def test_a_pipe_whose_writer_takes_its_time(here, monkeypatch):
    monkeypatch.setattr(paths, "PATIENCE", 600)
    os.mkfifo("pipe")

    def write():
        with open("pipe", "wb") as pipe:
            for part in (b"one ", b"two"):
                pipe.write(part)
                pipe.flush()

    thread = threading.Thread(target=write)
    thread.start()
    assert opened(Path("pipe")).read() == b"one two"
    thread.join()


@posix
def test_a_pipe_without_a_reader_does_not_hang(here, monkeypatch):
    from maskstyle.images.writing import replacing

    monkeypatch.setattr(paths, "PATIENCE", 0.05)
    os.mkfifo("pipe.png")
    with pytest.raises(ImageError, match=r"pipe\.png could not be written"), replacing(Path("pipe.png")) as f:
        f.write(b"x")


@posix
def test_an_endless_pipe_has_an_end(here, monkeypatch):
    monkeypatch.setattr(paths, "LARGEST_PIPE", 100)
    reads, writes = os.pipe()
    os.write(writes, bytes(1000))
    with pytest.raises(ImageError, match="has more; save it as a file"):
        opened(Path(f"/dev/fd/{reads}"))
    os.close(reads)
    os.close(writes)


@posix
def test_a_socket(here):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(ImageError, match="is a socket; name a file"):
            opened(Path("socket"))


def test_what_is_wrong_without_opening(here):
    path = Path
    assert problem(path("file")) is None
    assert problem(path("folder")) == "is a folder"
    assert problem(path("loop")) == "is a link that leads back to itself"
    assert problem(path("nothing")) == "does not exist"


def test_a_long_path_is_shortened():
    assert shown("a/" * 80) == "a/" * 80
    assert shown("start" + "a" * 5000 + "end").startswith("start")
    assert shown("start" + "a" * 5000 + "end").endswith("end")
    assert len(shown("a" * 5000)) == 100
