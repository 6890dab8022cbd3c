"""Send tasks to the workers of Dask, and wait for their results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from maskstyle.errors import MaskstyleError, WorkerError

if TYPE_CHECKING:
    from distributed import Client, Future

LARGEST_SENT = "1TB"
"""What is sent with a task without a warning of Dask, which else warns from 10 MB on: a tile is as large."""

PATIENCE = 20.0
"""Seconds of waiting after which there must be a worker."""


@contextmanager
def dask_settings(settings: Mapping[str, Any]) -> Iterator[None]:
    """Change settings of Dask in the block, except those that the person has set.

    One counts as set where a file or variable of Dask has it, or where it differs from Dask's own default.
    """
    import dask.config

    variables = tuple(sorted(each for each in os.environ.items() if each[0].startswith("DASK_")))
    given, defaults = _given_and_usual(variables, len(dask.config.defaults))
    missing = object()

    def is_set(name: str) -> bool:
        now, usual = (dask.config.get(name, missing, config) for config in (dask.config.config, defaults))
        return dask.config.get(name, missing, given) is not missing or now != usual

    with dask.config.set({name: value for name, value in settings.items() if not is_set(name)}):
        yield


@lru_cache(maxsize=1)
def _given_and_usual(variables: tuple[tuple[str, str], ...], parts: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings that files and `variables` of Dask have, and its own, of so many parts.

    Reading them takes longer than to send a task.
    """
    import dask.config

    return dask.config.collect(env=dict(variables)), dask.config.merge(*dask.config.defaults)


def submitted(client: Client, function: Callable[..., Any], *arguments: Any, retries: int = 0) -> Future[Any]:
    """Return the task of calling a function, of a module that the workers have; among its arguments may be tasks."""
    with dask_settings({"distributed.admin.large-graph-warning-threshold": LARGEST_SENT}):
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
