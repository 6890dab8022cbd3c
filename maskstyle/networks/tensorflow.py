"""TensorFlow, imported without its start-up log, and the type of its tensors; all modules import both from here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from maskstyle.errors import SettingsError
from maskstyle.networks.tensorflow_import import import_tensorflow

tf: Any = import_tensorflow()

Tensor: TypeAlias = Any
"""A ``tf.Tensor``; TensorFlow has no type annotations."""

_REFUSED = re.compile(
    r"could not create a (?:memory object|primitive)|out of memory|\bOOM\b|failed to allocate", re.IGNORECASE
)
"""What libraries of TensorFlow say where the system refuses memory."""

_threads: dict[str, bool] = {"begun": False, "lost": False}
"""Whether TensorFlow has threads, and whether this process was forked from one in which it had."""


def check_usable() -> None:
    """Note that TensorFlow begins to compute.

    Raises SettingsError if it cannot: it builds a graph, or would wait forever for threads that a forked process does
    not have.
    """
    if _threads["lost"]:
        raise SettingsError(
            "TensorFlow was in use before this process was forked, and would wait forever for its threads; start "
            'processes with multiprocessing.get_context("spawn")'
        )
    if not tf.executing_eagerly():
        raise SettingsError(
            "TensorFlow builds a graph here, as in tf.Graph().as_default() or a tf.function, but maskstyle needs "
            "eager execution; call it outside of the graph"
        )
    _threads["begun"] = True


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise MemoryError where TensorFlow gets no memory within the block."""
    try:
        yield
    except tf.errors.OpError as error:
        if isinstance(error, tf.errors.ResourceExhaustedError) or _REFUSED.search(str(error)):
            raise MemoryError("TensorFlow got none") from error
        raise


def _note_fork() -> None:
    _threads["lost"] = _threads["lost"] or _threads["begun"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
