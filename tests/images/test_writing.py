"""Files are written whole or not at all, keep their modes, and leave nothing behind."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from maskstyle.errors import ImageError, OutputError
from maskstyle.images import writing
from maskstyle.images.writing import check_replaceable, make_folder, remove_leftovers, replacing, write_text

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX files")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "run.json", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o640


FAULTS = {
    "no space": errno.ENOSPC,
    "quota": errno.EDQUOT,
    "input and output": errno.EIO,
    "read-only": errno.EROFS,
    "too large": errno.EFBIG,
    "stale handle": errno.ESTALE,
}


@pytest.mark.parametrize("number", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("function", ["open", "fsync", "replace"])
def test_a_fault_at_any_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, function, number):
    path = tmp_path / "out.txt"
    path.write_text("old")
    real = getattr(os, function)

    def fail(first, *rest, **named):
        if function == "open" and not (rest[0] & os.O_CREAT):
            return real(first, *rest, **named)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        with pytest.raises(ImageError, match=r"out\.txt could not be written \("):
            write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.txt"]


def test_a_file_system_without_fsync(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fail)
    write_text(tmp_path / "out.txt", "new")
    assert (tmp_path / "out.txt").read_text() == "new"


KILLED = """
import os, signal, sys
from pathlib import Path
from maskstyle.images.writing import replacing
with replacing(Path("out.png")) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_leaves_is_removed_by_the_next_write(tmp_path):
    ran = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False)
    assert ran.returncode == -9
    (left,) = names(tmp_path)
    assert left.startswith(".maskstyle-")
    write_text(tmp_path / "run.json", "new")
    assert names(tmp_path) == ["run.json"]


def test_what_another_process_writes_is_left_alone(tmp_path):
    with replacing(tmp_path / "one.txt") as file:
        file.write(b"one")
        write_text(tmp_path / "two.txt", "two")
        remove_leftovers(tmp_path)
    assert (tmp_path / "one.txt").read_text() == "one"
    assert names(tmp_path) == ["one.txt", "two.txt"]


def test_only_leftovers_are_removed(tmp_path):
    kept = [
        ".maskstyle-notes.txt",
        ".maskstyle-12-xyz.png",
        "maskstyle-1-0123abcd.png",
        ".maskstyle-1-0123abcd.tar.gz",
    ]
    for name in (*kept, ".maskstyle-1-0123abcd.png"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".maskstyle-2-0123abcd.png").symlink_to(kept[0])
    (tmp_path / ".maskstyle-3-0123abcd").mkdir()
    remove_leftovers(tmp_path)
    links = [".maskstyle-2-0123abcd.png", ".maskstyle-3-0123abcd"]
    assert names(tmp_path) == sorted([*kept, *links])
    remove_leftovers(tmp_path / "nowhere")


def test_a_link_into_a_missing_folder_names_that_folder(tmp_path):
    (tmp_path / "out.png").symlink_to("gone/out.png")
    with pytest.raises(ImageError, match=r"there is no folder .*gone; create it"):
        check_replaceable(tmp_path / "out.png")


def test_a_sticky_folder_lets_only_owners_replace(tmp_path, monkeypatch):
    path = tmp_path / "out.png"
    path.write_text("of someone else")
    tmp_path.chmod(0o1777)
    check_replaceable(path)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ImageError, match=r"out\.png, but in the folder .* only its owner may; choose another name"):
        check_replaceable(path)
    check_replaceable(tmp_path / "new.png")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a" * 300, "is too long a name; use a shorter one"),
        ("loop", "is a link that leads back to itself"),
        ("/dev/zero", "is a device; name a plain file"),
        ("file/out.png", "but file is a file; write to another folder"),
        ("nowhere/out.png", "there is no folder nowhere; create it"),
        ("$OUT/out.png", "there is no folder $OUT; write it in full, as the shell has not replaced $OUT"),
        ("https://example.com/out.png", "example.com/out.png is a web address; write to a file"),
        ("nul\0", "has a character that no file name can have"),
    ],
)
def test_where_nothing_can_be_written(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    Path("loop").symlink_to("loop")
    for check in (check_replaceable, lambda path: write_text(path, "text")):
        with pytest.raises(ImageError) as failed:
            check(Path(path))
        assert message in str(failed.value)
    assert names(tmp_path) == ["file", "loop"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ImageError, match="could not be made"):
        make_folder(tmp_path / "file" / "folder")
    make_folder(tmp_path / "folder")
    make_folder(tmp_path / "folder")
    assert (tmp_path / "folder").is_dir()


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="Linux")
def test_a_folder_that_takes_no_files_even_from_root_is_found_before_the_work():
    with pytest.raises(ImageError, match="no permission to write to the folder /sys/kernel"):
        check_replaceable(Path("/sys/kernel/picture.png"))


def test_a_file_that_another_program_has_open_is_replaced_once_it_is_closed(tmp_path, monkeypatch):
    target, replace, tries = tmp_path / "map.png", os.replace, []

    def busy(source, path):
        tries.append(source)
        if len(tries) % 4:
            raise PermissionError(13, "used by another process")
        replace(source, path)

    monkeypatch.setattr(writing, "LOCKS", False)  # as on Windows
    monkeypatch.setattr(writing, "WAITS", (0.0,) * 5)
    monkeypatch.setattr("os.replace", busy)
    writing.write_text(target, "one")
    writing.write_text(target, "two")
    assert (target.read_text(), len(tries)) == ("two", 8)

    monkeypatch.setattr(writing, "WAITS", (0.0,) * 2)
    with pytest.raises(OutputError, match="used by another process"):
        writing.write_text(target, "three")
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
    assert target.read_text() == "two"
