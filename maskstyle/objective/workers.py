"""Send tasks to the workers of Dask, and wait for their results."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from maskstyle.errors import MaskstyleError, WorkerError

if TYPE_CHECKING:
    from distributed import Client, Future

LARGEST_SENT = "1TB"
"""What is sent with a task without a warning of Dask, which else warns from 10 MB on: a tile is as large."""

PATIENCE = 20.0
"""Seconds of waiting after which there must be a worker."""


def submitted(client: Client, function: Callable[..., Any], *arguments: Any, retries: int = 0) -> Future[Any]:
    """Return the task of calling a function, of a module that the workers have; among its arguments may be tasks."""
    import dask

    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGEST_SENT}):
        return client.submit(function, *arguments, pure=False, retries=retries)


def result_of(client: Client, task: Future[Any]) -> Any:
    """Wait for the result of a task, as long as there are workers.

    Raises WorkerError if the scheduler or all workers are lost, or the task fails for a reason that is not of this
    package.
    """
    from distributed import wait
    from distributed.comm.core import CommClosedError

    lost = "the Dask scheduler is lost; start it again, and continue with `resume`"
    patience = PATIENCE
    while True:
        try:
            wait([task], timeout=PATIENCE)
            return task.result(timeout=patience)
        except (MaskstyleError, MemoryError):
            raise
        except (CancelledError, CommClosedError):
            raise WorkerError(lost) from None
        except Exception as error:  # whatever a worker raises
            if task.status == "error" or not isinstance(error, TimeoutError):
                why = " ".join(f"{type(error).__name__}: {error}".split())
                raise WorkerError(f"a worker of Dask failed: {why}") from error
        patience *= 2  # the network may be slow
        if not client.nthreads():
            raise WorkerError("no worker of Dask is left; start some, and continue with `resume`")
