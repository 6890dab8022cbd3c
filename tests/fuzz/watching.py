"""For every file that is read: a value or one error, in 5 s of processor time and 1 GB; no other file is touched."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from maskstyle.errors import MaskstyleError

SECONDS = 5
"""Of processor time: on a busy machine, the clock says nothing about the program."""

MOST_SECONDS = 60
"""By the clock, for what waits instead of computing."""

GIGABYTE = 2**30

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.symlink", "os.link"}

_touched: list[str] | None = None


def _note(event, arguments):
    """Note every path that is written, moved or deleted while someone watches."""
    if _touched is None:
        return
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, int):  # a file that is open already
            return
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITING):
            _touched.append(str(path))
    elif event in CHANGES:
        _touched.extend(str(each) for each in arguments if isinstance(each, str | bytes | Path))


sys.addaudithook(_note)


def peak_bytes():
    """Return the peak resident memory of this process; 0 where the system hides it."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _hangs(number, frame):
    raise AssertionError(f"took more than {MOST_SECONDS} s")


class _Reading:
    """What came of reading a file."""

    error = ""
    failed = False


@contextmanager
def read_safely(*outputs):
    """Check that a block ends soon with an error of maskstyle or none, and writes nothing but some outputs."""
    global _touched
    reading = _Reading()
    before, began, _touched = peak_bytes(), time.process_time(), []
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _hangs)
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        yield reading
    except MaskstyleError as error:
        reading.error, reading.failed = str(error), True
        assert reading.error
        assert "Traceback" not in reading.error
    finally:
        touched, _touched = _touched, None
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
    assert time.process_time() - began < SECONDS
    assert peak_bytes() - before < GIGABYTE
    own = {str(output) for output in outputs}
    others = [path for path in touched if path not in own and not _is_temporary(path, outputs)]
    assert not others, others


def _is_temporary(path, outputs):
    """Return whether a path is a hidden neighbor of an output, which is renamed to it."""
    return any(Path(path).parent == output.parent and Path(path).name.startswith(".") for output in outputs)
