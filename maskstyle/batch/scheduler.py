"""Connect to a scheduler of Dask, or start one with processes of this machine."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from maskstyle.errors import SettingsError
from maskstyle.objective.workers import dask_settings

if TYPE_CHECKING:
    from distributed import Client

WAIT_FOR_WORKERS = 20
"""Seconds to wait for the first worker of a scheduler."""

FOR_PAINTING = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}
"""Settings of Dask for local workers.

Its profiler and its monitors, which nobody looks at here, take 4 % of each core. With Dask's own threshold, memory
goes back to the system after each operation, and a picture takes a sixth more processor time to get it again.
"""

_LOCAL = re.compile(r"local:([1-9][0-9]{0,3})")
_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://.+:[0-9]+")


def check_scheduler(scheduler: str) -> None:
    """Raise SettingsError if Dask is not installed, or a scheduler is neither ``local:N`` nor an address."""
    if _LOCAL.fullmatch(scheduler) is None and _ADDRESS.fullmatch(scheduler) is None:
        raise SettingsError(f"--scheduler is {scheduler!r}; expected local:N, or an address such as tcp://host:8786")
    if importlib.util.find_spec("distributed") is None:
        raise SettingsError('--scheduler needs Dask; install it with: pip install "maskstyle[dask]"')


@contextmanager
def client_of(scheduler: str) -> Iterator[Client]:
    """Connect to a scheduler, which must have workers, or start one with processes of this machine."""
    from distributed.utils import silence_logging_cmgr

    local = _LOCAL.fullmatch(scheduler)
    with ExitStack() as stack:
        for logger in ("distributed", "distributed.client"):  # what goes wrong is said in one sentence
            stack.enter_context(silence_logging_cmgr(logging.CRITICAL, logger))
        yield stack.enter_context(_connected(scheduler) if local is None else _local(int(local[1])))


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler that has workers."""
    from distributed import Client
    from distributed import TimeoutError as DaskTimeoutError

    try:
        client = Client(address, timeout=10)
    except OSError as error:
        raise SettingsError(f"no Dask scheduler answers at {address}; start one with: dask scheduler") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS)
        except DaskTimeoutError as error:
            raise SettingsError(f"no worker is connected to {address}; start dask worker {address}") from error
        yield client


@contextmanager
def _local(count: int) -> Iterator[Client]:
    """Start a scheduler with processes of this machine, which share its cores."""
    from distributed import Client, LocalCluster

    threads = str(max(1, (os.cpu_count() or 1) // count))
    variables = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), threads)
    # Workers take over the settings of this process, not their own variables.
    with _ignoring_interrupts(), dask_settings(FOR_PAINTING):
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # a free port, seen from this machine only
            silence_logs="ERROR",
            env={name: os.environ.get(name, value) for name, value in variables.items()},
        )
    with cluster, Client(cluster) as client:
        yield client


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C in the block, as the processes that it starts then do: the terminal sends it to all of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
