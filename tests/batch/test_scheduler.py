"""Schedulers of Dask: processes of this machine, and Dask's settings."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("distributed")

import dask.config

from maskstyle.batch.scheduler import client_of
from maskstyle.objective.workers import dask_settings

PROFILE = "distributed.worker.profile.enabled"
LARGE = "distributed.admin.large-graph-warning-threshold"


@pytest.fixture
def configured(monkeypatch):
    """Return a function that sets variables as before Dask starts."""

    def configured(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        dask.config.refresh()

    yield configured
    monkeypatch.undo()
    dask.config.refresh()


def test_local_workers_keep_their_memory_and_spend_no_time_on_profiles(monkeypatch):
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with client_of("local:1") as client:
        client.wait_for_workers(1, timeout=60)
        [callbacks] = client.run(lambda dask_worker: list(dask_worker.periodic_callbacks)).values()
        [threshold] = client.run(os.environ.get, "MALLOC_TRIM_THRESHOLD_").values()
    assert callbacks
    assert not [name for name in callbacks if name.startswith("profile")]
    assert threshold is None


def test_settings_of_dask_that_nobody_has_set_change_in_the_block(configured):
    configured()
    before = dask.config.get(PROFILE), dask.config.get(LARGE)
    with dask_settings({PROFILE: False, LARGE: "1TB"}):
        assert (dask.config.get(PROFILE), dask.config.get(LARGE)) == (False, "1TB")
    assert (dask.config.get(PROFILE), dask.config.get(LARGE)) == before


def test_settings_of_dask_that_a_person_has_set_stay(configured):
    configured(DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED="True")  # as by default, but said
    with dask.config.set({LARGE: "20MB"}), dask_settings({PROFILE: False, LARGE: "1TB"}):
        assert (dask.config.get(PROFILE), dask.config.get(LARGE)) == (True, "20MB")
