"""Hold BLAS at one thread while SciPy solves small systems of equations, which threads slow down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_limited = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS at one thread inside the block.

    The number belongs to the process, and OpenBLAS lets only the thread that lowered it raise it again. So one thread
    at a time lowers and restores it; blocks of other threads that overlap with that leave it alone, and are at most
    slower.
    """
    if not _limited.acquire(blocking=False):
        yield
        return
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        _limited.release()
