"""Features in a temporary file: stored values are returned, and a full disk raises an error of one sentence."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from maskstyle.errors import OutputError
from maskstyle.objective.tiling.content import StoredFeatures
from maskstyle.objective.tiling.cuts import CellSpan


def test_stored_features_are_returned():
    values = np.random.default_rng(1).random((5, 7, 3)).astype(np.float32)
    stored = StoredFeatures(values.shape, values.dtype)
    whole = CellSpan(0, 7, 0)
    stored.put(CellSpan(0, 2, 0), whole, values[:2])
    stored.put(CellSpan(2, 5, 2), whole, values[2:])
    np.testing.assert_array_equal(stored.get(CellSpan(1, 4, 0), CellSpan(2, 6, 0)), values[1:4, 2:6])
    assert stored.mean_square == pytest.approx(float(np.mean(np.square(values, dtype=np.float64))))


def test_a_full_disk_is_an_error_before_any_work(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    with pytest.raises(
        OutputError, match=r"need 400 MB of disk space in .* \(No space left on device\); free some space .*TMPDIR"
    ):
        StoredFeatures((1000, 1000, 100), np.float32)
