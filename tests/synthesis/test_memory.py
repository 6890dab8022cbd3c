"""Within a limit: in one piece where that fits, in the largest tiles that do, else an error that says what fits."""

from __future__ import annotations

import re

import pytest

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import VGG19
from maskstyle.settings import Limits, Settings
from maskstyle.synthesis.estimate import Demand, expected_memory_mb
from maskstyle.synthesis.memory import TILE_SIZES, within_memory
from maskstyle.synthesis.schedule import settings_by_size


def run(side, **limits):
    return Demand(VGG19, "float32", [(side // 2, side // 2), (side, side)], Settings(), Limits(**limits))


def needed(side, tile_size=None, memory=None):
    return expected_memory_mb(run(side, tile_size=tile_size, memory=memory)) * 2**20 / 1e9


def test_what_fits_is_left_whole():
    assert within_memory(run(1024, memory=needed(1024) + 0.1)).tile_size is None


def test_what_does_not_fit_is_cut_into_the_largest_tiles_that_do():
    memory = needed(4096, 1024, memory=3.5) + 0.01
    chosen = within_memory(run(4096, memory=memory)).tile_size
    assert chosen in TILE_SIZES
    assert needed(4096, chosen, memory=memory) <= memory
    larger = TILE_SIZES[TILE_SIZES.index(chosen) - 1]
    assert needed(4096, larger, memory=memory) > memory


def test_tiles_that_were_asked_for_are_kept():
    assert within_memory(run(4096, tile_size=300)).tile_size == 300
    assert within_memory(run(4096, memory=8.0, tile_size=300)).tile_size == 300


def test_tiles_that_were_asked_for_do_not_exceed_a_limit():
    with pytest.raises(SettingsError, match=r"tiles of 2048 pixels would need about .* smaller `tile_size`"):
        within_memory(run(4096, memory=2.0, tile_size=2048))


def test_whatever_is_smaller_than_what_fits_fits_too():
    fitting = [_fits(run(side, memory=1.5)) for side in range(512, 4097, 512)]
    assert 0 < sum(fitting) < len(fitting)
    assert fitting == sorted(fitting, reverse=True)


def _fits(demand):
    try:
        within_memory(demand)
    except SettingsError:
        return False
    return True


def test_where_less_is_free_than_lbfgs_reckons_with_adam_is_taken(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 1.9)
    assert settings_by_size([(2000, 2000)], Settings())[0].optimizer == "lbfgs"
    chosen = within_memory(run(2000))
    assert chosen.memory == 1.9
    assert settings_by_size([(2000, 2000)], Settings(), memory=chosen.memory)[0].optimizer == "adam"


def test_what_cannot_fit_says_which_size_can():
    with pytest.raises(
        SettingsError, match=r"^8192x8192 pixels would need about \d.* but 2.0 GB is the limit"
    ) as error:
        within_memory(run(8192, memory=2.0))
    largest = int(re.search(r"`size` that fits is (\d+)$", str(error.value))[1])
    assert 512 < largest < 8192
    within_memory(run(largest, memory=2.0))
    with pytest.raises(SettingsError):
        within_memory(run(largest + 128, memory=2.0))


@pytest.mark.parametrize(
    ("usable", "limits", "said"),
    [
        (1.0, {"memory": 0.1}, r"0\.1 GB is the limit; no size fits; raise `memory`"),
        (0.03, {}, r"0\.0 GB is free; no size fits"),
        (0.0, {}, r"0\.0 GB is free; no size fits"),
    ],
)
def test_where_nothing_fits_that_is_said(monkeypatch, usable, limits, said):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: usable)
    with pytest.raises(SettingsError, match=said):
        within_memory(run(512, **limits))


def test_without_a_limit_a_run_is_modest(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 1000.0)
    assert needed(4096) > 4.0
    assert needed(4096, within_memory(run(4096)).tile_size) <= 4.0
    assert within_memory(run(512)).tile_size is None


def test_what_does_not_fit_into_the_usual_memory_takes_what_is_free(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 1000.0)
    assert needed(8192, TILE_SIZES[-1]) > 4.0
    chosen = within_memory(run(8192)).tile_size
    assert needed(8192, chosen) < 2 * needed(8192, TILE_SIZES[-1])


def test_no_more_than_is_free_is_taken(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: needed(4096, 256) + 0.01)
    assert within_memory(run(4096)).tile_size == 256
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: 0.1)
    with pytest.raises(SettingsError, match=r"0\.1 GB is free"):
        within_memory(run(4096))


def test_where_the_system_tells_nothing_4_gb_are_taken_for_granted(monkeypatch):
    monkeypatch.setattr("maskstyle.synthesis.memory.usable_memory", lambda: None)
    assert within_memory(run(512)).tile_size is None
    assert within_memory(run(4096)).tile_size is not None
