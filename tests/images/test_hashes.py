"""Hashes of files: read once while a file stays as it is, and anew after any change."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

import maskstyle
from maskstyle.images.hashes import hash_now

COUNTER = Path("/proc/self/io")


def bytes_read():
    """Return the number of bytes that this process has read so far."""
    return int(COUNTER.read_text().splitlines()[0].split()[1])


@pytest.mark.skipif(not COUNTER.exists(), reason="the system counts no bytes")
def test_a_file_is_read_once():
    weights = Path(maskstyle.__file__).parent / "networks" / "lite.npz"
    first, before = hash_now(weights), bytes_read()
    assert hash_now(weights) == first == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert bytes_read() - before < 1.5 * weights.stat().st_size


def write(file, content):
    """Write a file with an old time of modification."""
    file.write_bytes(content)
    os.utime(file, (1e9, 1e9))


def test_a_change_that_keeps_the_size_and_the_time_of_a_file_counts(tmp_path, monkeypatch):
    file = tmp_path / "style.png"
    for content in (b"one", b"two"):  # within a tick of the file system's clock
        write(file, content)
        assert hash_now(file) == hash_now(file) == hashlib.sha256(content).hexdigest()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 10)
    before = hash_now(file), file.stat().st_ctime_ns
    while file.stat().st_ctime_ns == before[1]:
        write(file, b"six")
    assert hash_now(file) != before[0]
