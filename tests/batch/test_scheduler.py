"""Schedulers of Dask: processes of this machine."""

from __future__ import annotations

import pytest

from maskstyle.batch.scheduler import client_of


def test_local_workers_spend_no_time_on_profiles():
    pytest.importorskip("distributed")
    with client_of("local:1") as client:
        client.wait_for_workers(1, timeout=60)
        [callbacks] = client.run(lambda dask_worker: list(dask_worker.periodic_callbacks)).values()
    assert callbacks
    assert not [name for name in callbacks if name.startswith("profile")]
