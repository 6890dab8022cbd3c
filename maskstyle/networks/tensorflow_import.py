"""Import TensorFlow without its start-up log, and without Keras."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STDERR_DESCRIPTOR = 2


def import_tensorflow() -> Any:
    """Import TensorFlow with standard error muted: it logs from C++ before its log level takes effect."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _muted_stderr(), _without_keras():
            import tensorflow
    except ImportError as error:
        if "failed to map" in str(error) or "allocate memory" in str(error):
            raise MemoryError("TensorFlow could not be loaded; ulimit -v may be too low") from error
        raise

    tensorflow.get_logger().setLevel("ERROR")  # it warns when a function is traced again for another size
    return tensorflow


@contextmanager
def _without_keras() -> Iterator[None]:
    """Keep TensorFlow from importing Keras inside the block; that takes a quarter of its time.

    TensorFlow does without where Keras cannot be imported. Adam imports Keras itself, as everyone can afterwards.
    """
    if "keras" in sys.modules:
        yield
        return
    sys.modules["keras.src"] = None  # type: ignore[assignment]  # as Python documents it: the import fails
    try:
        yield
    finally:
        del sys.modules["keras.src"]


@contextmanager
def _muted_stderr() -> Iterator[None]:
    """Redirect the standard error of the process to the null device inside the block."""
    if sys.stderr is None:  # closed by the parent process, or a windowed Python
        yield
        return
    sys.stderr.flush()
    kept = os.dup(STDERR_DESCRIPTOR)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, STDERR_DESCRIPTOR)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, STDERR_DESCRIPTOR)
        os.close(kept)
        os.close(nothing)
